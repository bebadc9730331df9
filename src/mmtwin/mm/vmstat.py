"""Counters: zone, node and event items.

Models mm/vmstat.c.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class VmStat:
    """Every counter of /proc/vmstat, by its enum name."""

    arena: object

    def __init__(self, arena, config):
        self.arena = arena

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""

    def boot(self):
        """Bring freshly zeroed arrays into the state of a booted machine."""

    def check(self):
        """Assert the invariants from scratch."""

    @cython.ccall
    def mod_zone_page_state(self, zone: u32, item: cython.int, delta: i64) -> cython.int:
        """Add to a zone_stat_item of zones[zone]."""
        return 0

    @cython.ccall
    def mod_node_page_state(self, node: u32, item: cython.int, delta: i64) -> cython.int:
        """Add to a node_stat_item, through the per-CPU difference."""
        return 0

    @cython.ccall
    def count_vm_events(self, item: cython.int, delta: i64) -> cython.int:
        """Add to a vm_event_item."""
        return 0
