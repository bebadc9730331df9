"""struct pglist_data, as far as reclaim needs it: one record a node.

Models include/linux/mmzone.h: pg_data_t, enum pgdat_flags.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import i64, u32, u64

Pgdat = cython.struct(
    kswapd_kthread=u32,  # its number (clock.py)
    kswapd_state=u32,  # KSWAPD_*
    kswapd_order=u32,
    kswapd_highest_zoneidx=u32,  # MAX_NR_ZONES: nobody asked
    kswapd_failures=u32,  # runs in a row that reclaimed nothing
    flags=u32,  # PGDAT_*
    sleep_order=u32,  # with which it went to sleep
    sleep_zoneidx=u32,
    sleep_alloc_order=u32,
    nr_writeback_throttled=u32,
    nr_reclaim_start=i64,
    nap_ends=u64,  # ns; when the nap that precedes its sleep is over
)

if cython.compiled:
    PgdatArray = cython.typedef(Pgdat[::1])
else:
    PgdatArray = object

PGDAT_DIRTY = cython.declare(cython.const[cython.uint], 1)  # reclaim meets many dirty file pages
PGDAT_WRITEBACK = cython.declare(cython.const[cython.uint], 2)  # ... and pages under writeback


@cython.final
@cython.cclass
class Pgdats:
    """The nodes."""

    pgdats: PgdatArray

    def __init__(self, arena, config):
        self.pgdats = arena.array("pgdats", "pgdat.Pgdat", len(config.nodes))
