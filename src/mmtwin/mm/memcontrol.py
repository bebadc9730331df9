"""Memory cgroups.

Stands in until cgroups are modelled: everything belongs to the root, nothing is charged.

Models mm/memcontrol.c: the entry points.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Mms, Pages, i64, u32, u64


@cython.final
@cython.cclass
class MemControl:
    """The hierarchy of memory cgroups; number 0 is the root."""

    pages: Pages
    mms: Mms
    current: Currents

    def __init__(self, arena, config):
        self.pages, self.mms, self.current = arena.pages, arena.mms, arena.current

    @cython.ccall
    @cython.nogil
    def mem_cgroup_charge(self, pfn: u64, mm: u32, gfp: u32) -> cython.int:
        """Charge a new folio to an mm's cgroup (mm 0: the current task's): 0 or -ENOMEM."""
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_uncharge(self, pfn: u64) -> cython.int:
        """A charged folio (Page.memcg is not 0) is about to be freed."""
        return 0

    @cython.ccall
    @cython.nogil
    def mod_memcg_lruvec_state(
        self, memcg: u32, node: u32, item: cython.int, delta: i64
    ) -> cython.int:
        """A node item of a cgroup that is not the root."""
        return 0

    @cython.ccall
    @cython.nogil
    def count_memcg_events(self, memcg: u32, item: cython.int, delta: i64) -> cython.int:
        """A vm event of a cgroup; the root's are the machine's."""
        return 0

    @cython.ccall
    @cython.nogil
    def flush_memcg_stats_dwork(self) -> u64:
        """Every two seconds: when next, or 0."""
        return 0
