"""How much of a node may be dirty: where pages that will be written to are taken from.

    page for write(2)   --->  the node of the CPU, while less of it is dirty than its limit
                        `-->  the next node, and so on; all beyond their limits: the slow path, in
                              which nobody asks again

A node's limit is dirty_ratio of its own dirtyable memory (free pages, less its reserve, and its
file lists), so that reclaim of a node does not meet dirty pages only. With dirty_bytes it is the
node's part of those.

Models mm/page-writeback.c: node_dirtyable_memory(), node_dirty_limit(), node_dirty_ok().
Not modelled: the quarter more that real-time tasks and PF_LOCAL_THROTTLE may have.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import MAX_NR_ZONES
    from mmtwin.mm.mmzone import Zones
    from mmtwin.mm.pgtable_types import PAGE_SIZE
    from mmtwin.mm.types import Sysctls, i64, u32
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_ACTIVE_FILE, NR_FILE_DIRTY, NR_FREE_PAGES, NR_INACTIVE_FILE, NR_WRITEBACK,
    )  # fmt: skip


@cython.final
@cython.cclass
class NodeDirty:
    """The limits."""

    sysctl: Sysctls
    zones: Zones
    vmstat: VmStat
    throttle = cython.declare("DirtyThrottle")

    def __init__(self, arena, config):
        self.sysctl = arena.sysctl

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.zones, self.vmstat, self.throttle = m.zones, m.vmstat, m.dirty_throttle

    @cython.ccall
    @cython.nogil
    def node_dirtyable_memory(self, node: u32) -> i64:
        """Pages of a node that may be dirty at all."""
        first: u32 = 1 + node * MAX_NR_ZONES
        free: i64 = 0
        zone: u32
        for zone in range(first, first + MAX_NR_ZONES):
            free += self.vmstat.zone_page_state(zone, NR_FREE_PAGES)
        reserve: i64 = self.zones.totalreserve[1 + node]
        free -= reserve if reserve < free else free
        free += self.vmstat.node_page_state(node, NR_INACTIVE_FILE)
        return free + self.vmstat.node_page_state(node, NR_ACTIVE_FILE)

    @cython.ccall
    @cython.nogil
    def node_dirty_limit(self, node: u32) -> i64:
        """Pages of a node that may be dirty before new ones are looked for elsewhere."""
        memory: i64 = self.node_dirtyable_memory(node)
        if self.sysctl[0].dirty_bytes:
            pages: i64 = (self.sysctl[0].dirty_bytes + PAGE_SIZE - 1) // PAGE_SIZE
            return pages * memory // self.throttle.global_dirtyable_memory()
        return cython.cast(i64, self.sysctl[0].dirty_ratio) * memory // 100

    @cython.ccall
    @cython.nogil
    def node_dirty_ok(self, node: u32) -> cython.bint:
        """Whether the node may have more pages that will be dirty."""
        dirty: i64 = self.vmstat.node_page_state(node, NR_FILE_DIRTY)
        dirty += self.vmstat.node_page_state(node, NR_WRITEBACK)
        return dirty <= self.node_dirty_limit(node)
