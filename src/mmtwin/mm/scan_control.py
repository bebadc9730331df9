"""What one reclaim is about: struct scan_control, and what its rounds counted.

    try_to_free_pages() / balance_pgdat() / ...   begin() .. end()
            |
            `- shrink_node() -> shrink_lruvec() -> shrink_list()   all take its number `sc`

A reclaim may sleep (for a device, or throttled), and kswapd then reclaims in between: it has the
next record. They nest, for whoever sleeps goes on last, so a stack of records is enough.
Each record has lists of its own, for pages that are taken off the LRU while they are judged.

Whoever reclaims has PF_MEMALLOC: what it allocates or charges meanwhile is had without reclaim,
from the reserves and beyond limits, or reclaim would begin in the middle of itself.

Models mm/vmscan.c: struct scan_control; include/linux/vmstat.h: struct reclaim_stat;
include/linux/sched/mm.h: memalloc_noreclaim_save(), memalloc_noreclaim_restore().

Invariant: outside of reclaim nobody has PF_MEMALLOC.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.mem_map import NR_SCAN_CONTROLS
    from mmtwin.mm.types import Currents, Tasks, U32s, i32, u32, u64
    from mmtwin.mm.uapi import PF_MEMALLOC

ScanControl = cython.struct(
    nr_to_reclaim=u64,
    nr_scanned=u64,  # pages that the rounds at this priority looked at
    nr_reclaimed=u64,
    anon_cost=u64,
    file_cost=u64,
    nr_dirty=u64,  # sc->nr: what shrink_node() saw in all its lruvecs
    nr_unqueued_dirty=u64,
    nr_congested=u64,
    nr_writeback=u64,
    nr_immediate=u64,
    nr_taken=u64,
    nr_file_taken=u64,
    stat_dirty=u64,  # struct reclaim_stat: what one shrink_folio_list() saw
    stat_unqueued_dirty=u64,
    stat_congested=u64,
    stat_writeback=u64,
    stat_immediate=u64,
    stat_pageout=u64,
    stat_activate_anon=u64,
    stat_activate_file=u64,
    stat_ref_keep=u64,
    stat_unmap_fail=u64,
    stat_lazyfree_fail=u64,
    target_mem_cgroup=u32,  # 0: the root
    node=u32,
    gfp_mask=u32,
    reclaim_idx=u32,  # highest zone type that helps
    order=i32,
    priority=i32,  # each list is scanned in parts of 1 / 2**priority
    swappiness=i32,  # of memory.reclaim; -1: vm.swappiness
    reclaimer=u32,  # RECLAIMER_*
    cgroup_reclaim=u32,  # flags from here on
    may_deactivate=u32,  # DEACTIVATE_ANON | DEACTIVATE_FILE
    force_deactivate=u32,
    skipped_deactivate=u32,
    may_writepage=u32,
    may_unmap=u32,
    may_swap=u32,
    no_cache_trim_mode=u32,
    cache_trim_mode_failed=u32,
    proactive=u32,
    memcg_low_reclaim=u32,
    memcg_low_skipped=u32,
    memcg_full_walk=u32,
    compaction_ready=u32,
    cache_trim_mode=u32,
    file_is_tiny=u32,
    noreclaim_flag=u32,  # PF_MEMALLOC, where who reclaims had it before
    pad=u32,
)

if cython.compiled:
    ScanControls = cython.typedef(ScanControl[::1])
else:
    ScanControls = object

DEF_PRIORITY = cython.declare(cython.const[cython.int], 12)
DEACTIVATE_ANON = cython.declare(cython.const[cython.uint], 1)
DEACTIVATE_FILE = cython.declare(cython.const[cython.uint], 2)

# Who reclaims: the distance from PGSTEAL_KSWAPD and PGSCAN_KSWAPD, reclaimer_offset()
RECLAIMER_KSWAPD = cython.declare(cython.const[cython.uint], 0)
RECLAIMER_DIRECT = cython.declare(cython.const[cython.uint], 1)
RECLAIMER_KHUGEPAGED = cython.declare(cython.const[cython.uint], 2)
RECLAIMER_PROACTIVE = cython.declare(cython.const[cython.uint], 3)

# reclaim_options of try_to_free_mem_cgroup_pages()
MEMCG_RECLAIM_MAY_SWAP = cython.declare(cython.const[cython.uint], 2)
MEMCG_RECLAIM_PROACTIVE = cython.declare(cython.const[cython.uint], 4)

# Private lists of a scan control
LIST_TAKEN = cython.declare(cython.const[cython.uint], 0)  # off the LRU, to be judged
LIST_RET = cython.declare(cython.const[cython.uint], 1)  # judged, to go back
LIST_SKIPPED = cython.declare(cython.const[cython.uint], 2)  # of zones that do not help
LIST_ACTIVE = cython.declare(cython.const[cython.uint], 3)
LIST_FREE = cython.declare(cython.const[cython.uint], 4)  # reclaimed, to be freed
LIST_CLEAN = cython.declare(cython.const[cython.uint], 5)  # to be judged once more


@cython.final
@cython.cclass
class ScanStack:
    """The scan controls in use."""

    arena: object
    scs: ScanControls
    depth: U32s  # one cell: records 1 .. depth are in use
    tasks: Tasks
    current: Currents

    def __init__(self, arena, config):
        self.arena, self.tasks, self.current = arena, arena.tasks, arena.current
        self.scs = arena.array("scan_controls", "scan_control.ScanControl", NR_SCAN_CONTROLS)
        self.depth = arena.array("scan_control_depth", "u32", 1)

    @cython.cfunc
    @cython.nogil
    def begin(self) -> u32:
        """A fresh scan control: its number."""
        sc: u32 = self.depth[0] + 1
        assert sc < cython.cast(u32, NR_SCAN_CONTROLS)
        self.depth[0] = sc
        self.reset_nr(sc)
        self.reset_stat(sc)
        self.scs[sc].nr_to_reclaim = 0
        self.scs[sc].nr_scanned = 0
        self.scs[sc].nr_reclaimed = 0
        self.scs[sc].anon_cost = 0
        self.scs[sc].file_cost = 0
        self.scs[sc].target_mem_cgroup = 0
        self.scs[sc].cgroup_reclaim = 0
        self.scs[sc].node = 0
        self.scs[sc].gfp_mask = 0
        self.scs[sc].reclaim_idx = 0
        self.scs[sc].order = 0
        self.scs[sc].priority = DEF_PRIORITY
        self.scs[sc].swappiness = -1
        self.scs[sc].reclaimer = RECLAIMER_DIRECT
        self.clear_flags(sc)
        self.scs[sc].noreclaim_flag = self.tasks[self.current[0].task].flags & PF_MEMALLOC
        self.tasks[self.current[0].task].flags |= PF_MEMALLOC
        return sc

    @cython.cfunc
    @cython.nogil
    def clear_flags(self, sc: u32) -> cython.int:
        """All that a new scan control has not set."""
        self.scs[sc].may_deactivate = 0
        self.scs[sc].force_deactivate = 0
        self.scs[sc].skipped_deactivate = 0
        self.scs[sc].may_writepage = 0
        self.scs[sc].may_unmap = 1
        self.scs[sc].may_swap = 0
        self.scs[sc].no_cache_trim_mode = 0
        self.scs[sc].cache_trim_mode_failed = 0
        self.scs[sc].proactive = 0
        self.scs[sc].memcg_low_reclaim = 0
        self.scs[sc].memcg_low_skipped = 0
        self.scs[sc].memcg_full_walk = 0
        self.scs[sc].compaction_ready = 0
        self.scs[sc].cache_trim_mode = 0
        self.scs[sc].file_is_tiny = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def end(self, sc: u32) -> u64:
        """Done with it: how many pages it reclaimed."""
        assert sc == self.depth[0]
        self.depth[0] = sc - 1
        if not self.scs[sc].noreclaim_flag:
            self.tasks[self.current[0].task].flags &= ~PF_MEMALLOC
        return self.scs[sc].nr_reclaimed

    @cython.cfunc
    @cython.nogil
    def reset_nr(self, sc: u32) -> cython.int:
        """Nothing seen yet on this node."""
        self.scs[sc].nr_dirty = 0
        self.scs[sc].nr_unqueued_dirty = 0
        self.scs[sc].nr_congested = 0
        self.scs[sc].nr_writeback = 0
        self.scs[sc].nr_immediate = 0
        self.scs[sc].nr_taken = 0
        self.scs[sc].nr_file_taken = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def reset_stat(self, sc: u32) -> cython.int:
        """Nothing seen yet in this batch."""
        self.scs[sc].stat_dirty = 0
        self.scs[sc].stat_unqueued_dirty = 0
        self.scs[sc].stat_congested = 0
        self.scs[sc].stat_writeback = 0
        self.scs[sc].stat_immediate = 0
        self.scs[sc].stat_pageout = 0
        self.scs[sc].stat_activate_anon = 0
        self.scs[sc].stat_activate_file = 0
        self.scs[sc].stat_ref_keep = 0
        self.scs[sc].stat_unmap_fail = 0
        self.scs[sc].stat_lazyfree_fail = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def root_reclaim(self, sc: u32) -> cython.bint:
        """Reclaim of the whole machine, or of a cgroup that is the root: root_reclaim()."""
        return self.scs[sc].target_mem_cgroup == 0

    def check(self):
        """Nobody is in the middle of reclaim."""
        assert self.depth[0] == 0
        for task in self.arena.where("tasks", "flags"):
            assert not int(self.tasks[task].flags) & PF_MEMALLOC, task
