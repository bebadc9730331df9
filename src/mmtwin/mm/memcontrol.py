"""Memory cgroups.

Stands in until cgroups are modelled: everything belongs to the root, nothing is charged.

Models mm/memcontrol.c: the entry points.
"""

import cython

# No cgroup, where 0 (the root) would be one: before the first and after the last of a walk.
MEMCG_NONE = cython.declare(cython.const[cython.uint], 0xFFFFFFFF)

if not cython.compiled:
    from mmtwin.mm.types import Currents, Mms, Pages, Sysctls, i64, u32, u64


@cython.final
@cython.cclass
class MemControl:
    """The hierarchy of memory cgroups; number 0 is the root."""

    pages: Pages
    mms: Mms
    current: Currents
    sysctl: Sysctls
    vmstat = cython.declare("VmStat")
    swapfile = cython.declare("SwapFile")

    def __init__(self, arena, config):
        self.pages, self.mms, self.current = arena.pages, arena.mms, arena.current
        self.sysctl = arena.sysctl

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.vmstat, self.swapfile = m.vmstat, m.swapfile

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

    # -- what reclaim asks

    @cython.ccall
    @cython.nogil
    def parent_mem_cgroup(self, memcg: u32) -> u32:
        """The cgroup above, or MEMCG_NONE for the root."""
        return MEMCG_NONE

    @cython.ccall
    @cython.nogil
    def mem_cgroup_is_descendant(self, memcg: u32, root: u32) -> cython.bint:
        """Whether `memcg` is `root` or below it."""
        return root == 0 or memcg == root

    @cython.ccall
    @cython.nogil
    def mem_cgroup_iter(self, root: u32, prev: u32, node: u32, partial: cython.bint) -> u32:
        """The next cgroup at or below `root` after `prev` in pre-order (MEMCG_NONE: before the
        first, after the last). A partial walk goes on where the last one on this node stopped."""
        return root if prev == MEMCG_NONE else MEMCG_NONE

    @cython.ccall
    @cython.nogil
    def mem_cgroup_iter_break(self, root: u32, prev: u32) -> cython.int:
        """A walk ends early, at `prev`."""
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_online(self, memcg: u32) -> cython.bint:
        """Not removed yet."""
        return True

    @cython.ccall
    @cython.nogil
    def mem_cgroup_from_id(self, memcgid: u32) -> u32:
        """The cgroup that a shadow entry names, or MEMCG_NONE if it is gone."""
        return memcgid

    @cython.ccall
    @cython.nogil
    def mem_cgroup_flush_stats_ratelimited(self, memcg: u32) -> cython.int:
        """Flush statistics if the periodic flush is late."""
        return 0

    @cython.ccall
    @cython.nogil
    def lruvec_page_state(self, memcg: u32, node: u32, item: cython.int) -> i64:
        """A node item of a cgroup and all below it, as of the last flush."""
        return self.vmstat.node_page_state(node, item)

    @cython.ccall
    @cython.nogil
    def lruvec_page_state_local(self, memcg: u32, node: u32, item: cython.int) -> i64:
        """A node item of a cgroup alone, as of the last flush."""
        return self.vmstat.node_page_state(node, item)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_swappiness(self, memcg: u32) -> i64:
        """vm.swappiness (v2), or the v1 cgroup's own."""
        return self.sysctl[0].swappiness

    @cython.ccall
    @cython.nogil
    def mem_cgroup_get_nr_swap_pages(self, memcg: u32) -> i64:
        """Free swap that the cgroup may still use, in pages."""
        return self.swapfile.get_nr_swap_pages()

    @cython.ccall
    @cython.nogil
    def mem_cgroup_size(self, memcg: u32) -> u64:
        """Pages charged."""
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_calculate_protection(self, root: u32, memcg: u32) -> cython.int:
        """Effective memory.min and memory.low of `memcg` for reclaim from `root`."""
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_below_min(self, target: u32, memcg: u32) -> cython.bint:
        """Protected from reclaim whatever happens."""
        return False

    @cython.ccall
    @cython.nogil
    def mem_cgroup_below_low(self, target: u32, memcg: u32) -> cython.bint:
        """Protected unless nothing else is left."""
        return False

    @cython.ccall
    @cython.nogil
    def mem_cgroup_protection_min(self, root: u32, memcg: u32) -> u64:
        """Pages of memory.min that count for reclaim from `root`: mem_cgroup_protection()."""
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_protection_low(self, root: u32, memcg: u32) -> u64:
        """Pages of memory.low that count for reclaim from `root`: mem_cgroup_protection()."""
        return 0

    @cython.ccall
    @cython.nogil
    def memcg_memory_event_low(self, memcg: u32) -> cython.int:
        """Reclaimed in spite of memory.low: MEMCG_LOW."""
        return 0
