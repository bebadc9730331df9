"""Reclaim: where memory comes from once free pages run out.

    allocation below min --> try_to_free_pages()             (direct reclaim: the caller waits)
    cgroup at its limit  --> try_to_free_mem_cgroup_pages()
    zone below low       --> kswapd (kswapd.py)
                               |
          for priority 12 .. 0, until enough: shrink_zones() -> shrink_node() for each node
                               |
          shrink_node_memcgs(): each cgroup's lruvec of the node (vmscan_lruvec.py)

If nothing could be reclaimed, it is tried again: with a whole walk of the cgroups, then
deactivating whatever is active, then from what memory.low protects.

Models mm/vmscan.c: try_to_free_pages(), try_to_free_mem_cgroup_pages(), do_try_to_free_pages(),
shrink_zones(), shrink_node(), shrink_node_memcgs(), prepare_scan_control(),
should_continue_reclaim(), reclaim_throttle(), consider_reclaim_throttle(),
throttle_direct_reclaim(), allow_direct_reclaim(), zone_reclaimable_pages(), node_reclaim(),
reclaim_pages().
Not modelled: what vmpressure tells (its worker's time is charged); soft limits of v1; slab caches
other than shadow nodes; waiting for isolated pages (nobody isolates at the same time).

Invariant: what was isolated is back on a list, or free, when a function returns.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_VMPRESSURE, JIFFY_NS, Clock
    from mmtwin.mm.gfp import (
        GFP_FS_BIT, GFP_HIGHUSER_MOVABLE, GFP_KERNEL, MAX_NR_ZONES, PAGE_ALLOC_COSTLY_ORDER,
        ZONE_NORMAL,
    )  # fmt: skip
    from mmtwin.mm.lruvec import (
        LRUVEC_CGROUP_CONGESTED, LRUVEC_NODE_CONGESTED, SWAP_CLUSTER, Lruvecs,
    )  # fmt: skip
    from mmtwin.mm.mem_map import MemMap
    from mmtwin.mm.memcontrol import MEMCG_NONE, MemControl
    from mmtwin.mm.mmzone import ZoneRecords, Zones
    from mmtwin.mm.pgdat import PGDAT_DIRTY, PGDAT_WRITEBACK, PgdatArray
    from mmtwin.mm.psi import Psi
    from mmtwin.mm.scan_control import (
        DEACTIVATE_ANON, DEACTIVATE_FILE, DEF_PRIORITY, LIST_RET, LIST_SKIPPED, LIST_TAKEN,
        MEMCG_RECLAIM_MAY_SWAP, MEMCG_RECLAIM_PROACTIVE, RECLAIMER_KSWAPD,
        RECLAIMER_PROACTIVE, ScanControls, ScanStack,
    )  # fmt: skip
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import Currents, Pages, Sysctls, U32s, U64s, i32, i64, u32, u64
    from mmtwin.mm.vmscan_folio import ShrinkFolios
    from mmtwin.mm.vmscan_lruvec import ShrinkLruvec
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        ALLOCSTALL_DMA, NR_ACTIVE_FILE, NR_FREE_PAGES, NR_INACTIVE_ANON, NR_INACTIVE_FILE,
        NR_THROTTLED_WRITTEN, NR_ZONE_INACTIVE_ANON, NR_ZONE_WRITE_PENDING,
        PGSCAN_DIRECT_THROTTLE, WORKINGSET_ACTIVATE_ANON, WORKINGSET_ACTIVATE_FILE,
    )  # fmt: skip
    from mmtwin.mm.workingset import Workingset
    from mmtwin.mm.zswap_lru import ZswapLru

# Flags that the caller of a cgroup's reclaim decides on; the others are those of a user page
GFP_RECLAIM_MASK = cython.declare(cython.const[cython.uint], 0xBECE0)
PROACTIVE_COUNTED = cython.declare(cython.const[cython.int], 615)  # pgscan_proactive
PARTIAL_WALKS = cython.declare(cython.const[cython.int], 610)  # direct reclaim stops in mid-walk
TRIM_MODE_FAILS = cython.declare(cython.const[cython.int], 610)
MAX_KSWAPD_FAILURES = cython.declare(cython.const[cython.uint], 16)  # MAX_RECLAIM_RETRIES
# From 6.9 what is reclaimed by MADV_PAGEOUT may have been used
IGNORES_REFERENCES = cython.declare(cython.const[cython.int], 609)

VMPRESSURE_WIN = cython.declare(cython.const[cython.ulonglong], 512)
VMPRESSURE_CRITICAL_PRIO = cython.declare(cython.const[cython.int], 3)

# enum vmscan_throttle_state
VMSCAN_THROTTLE_WRITEBACK = cython.declare(cython.const[cython.int], 0)
VMSCAN_THROTTLE_ISOLATED = cython.declare(cython.const[cython.int], 1)
VMSCAN_THROTTLE_NOPROGRESS = cython.declare(cython.const[cython.int], 2)
VMSCAN_THROTTLE_CONGESTED = cython.declare(cython.const[cython.int], 3)


@cython.final
@cython.cclass
class Vmscan:
    """Direct reclaim, and what it shares with kswapd."""

    pages: Pages
    records: ZoneRecords
    zonelists: U32s
    preferred: U32s
    current: Currents
    sysctl: Sysctls
    scs: ScanControls
    pgdats: PgdatArray
    mem_map: MemMap
    zones: Zones
    vmstat: VmStat
    clock: Clock
    psi: Psi
    lruvecs: Lruvecs
    memcontrol: MemControl
    swapfile: SwapFile
    stack: ScanStack
    workingset: Workingset
    zswap_lru: ZswapLru
    folios: ShrinkFolios
    shrink: ShrinkLruvec
    kswapds = cython.declare("Kswapd")
    lru = cython.declare("Lru")
    mglru_shrink = cython.declare("MglruShrink")
    tree_scanned: U64s  # pages of each cgroup's subtree since its worker ran
    nr_nodes: u32

    def __init__(self, arena, config):
        self.nr_nodes = len(config.nodes)
        self.pages, self.records, self.zonelists = arena.pages, arena.zones, arena.zonelists
        self.preferred, self.current, self.sysctl = (
            arena.preferred_zones, arena.current, arena.sysctl,
        )  # fmt: skip
        self.scs = arena.scan_controls
        self.pgdats = arena.pgdats
        self.tree_scanned = arena.array("vmpressure_scanned", "u64", len(arena.memcgs))

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.mem_map, self.zones, self.vmstat, self.clock = m.mem_map, m.zones, m.vmstat, m.clock
        self.psi, self.lruvecs, self.memcontrol = m.psi, m.lruvecs, m.memcontrol
        self.swapfile, self.stack, self.workingset = m.swapfile, m.scan_stack, m.workingset
        self.zswap_lru = m.zswap_lru
        self.mglru_shrink = m.mglru_shrink
        self.folios, self.shrink, self.kswapds, self.lru = m.folios, m.shrink, m.kswapds, m.lru

    # -- entries

    @cython.ccall
    @cython.nogil
    def try_to_free_pages(self, gfp: u32, order: cython.int, preferred: u32, zone_type: u32) -> u64:
        """Direct reclaim for an allocation from position `preferred` of the zonelists on, up to
        zone_type: pages freed."""
        sc: u32
        since: u64 = self.psi.psi_memstall_enter()
        if self.throttle_direct_reclaim(gfp, preferred):
            self.psi.psi_memstall_leave(since)
            return 1
        sc = self.stack.begin()
        self.scs[sc].nr_to_reclaim = SWAP_CLUSTER
        self.scs[sc].gfp_mask = gfp
        self.scs[sc].reclaim_idx = zone_type
        self.scs[sc].order = order
        self.scs[sc].may_writepage = not self.sysctl[0].laptop_mode
        self.scs[sc].may_swap = 1
        self.do_try_to_free_pages(sc, preferred)
        self.psi.psi_memstall_leave(since)
        return self.freed(sc)

    @cython.ccall
    @cython.nogil
    def try_to_free_mem_cgroup_pages(
        self, memcg: u32, nr_pages: u64, gfp: u32, reclaim_options: u32
    ) -> u64:
        """Reclaim from a cgroup and its children: pages freed."""
        return self.reclaim_mem_cgroup(memcg, nr_pages, gfp, reclaim_options, -1)

    @cython.ccall
    @cython.nogil
    def reclaim_mem_cgroup(
        self, memcg: u32, nr_pages: u64, gfp: u32, reclaim_options: u32, swappiness: i32
    ) -> u64:
        """try_to_free_mem_cgroup_pages() with a swappiness of its own (-1: the usual one)."""
        node: u32 = self.current[0].node
        sc: u32 = self.stack.begin()
        self.scs[sc].nr_to_reclaim = nr_pages if nr_pages > SWAP_CLUSTER else SWAP_CLUSTER
        self.scs[sc].swappiness = swappiness
        self.scs[sc].gfp_mask = (gfp & GFP_RECLAIM_MASK) | (
            GFP_HIGHUSER_MOVABLE & ~GFP_RECLAIM_MASK
        )
        self.scs[sc].reclaim_idx = MAX_NR_ZONES - 1
        self.scs[sc].target_mem_cgroup = memcg
        self.scs[sc].cgroup_reclaim = memcg != 0
        self.scs[sc].may_writepage = not self.sysctl[0].laptop_mode
        if reclaim_options & MEMCG_RECLAIM_MAY_SWAP:
            self.scs[sc].may_swap = 1
        if reclaim_options & MEMCG_RECLAIM_PROACTIVE:
            self.scs[sc].proactive = 1
            if self.sysctl[0].kernel >= PROACTIVE_COUNTED:
                self.scs[sc].reclaimer = RECLAIMER_PROACTIVE
        self.do_try_to_free_pages(sc, self.preferred[node * MAX_NR_ZONES + MAX_NR_ZONES - 1])
        return self.freed(sc)

    @cython.cfunc
    @cython.nogil
    def freed(self, sc: u32) -> u64:
        """End a reclaim: pages freed, or 1 if compaction has better prospects."""
        if self.scs[sc].nr_reclaimed == 0 and self.scs[sc].compaction_ready:
            self.scs[sc].nr_reclaimed = 1
        return self.stack.end(sc)

    @cython.ccall
    @cython.nogil
    def reclaim_pages(self) -> u64:
        """Reclaim what the caller isolated to reclaim_pages_list(), node by node, used or not
        (MADV_PAGEOUT): pages freed."""
        taken: u32 = self.reclaim_pages_list()
        reclaimed: u64 = 0
        sc: u32
        while self.mem_map.lists[taken].nr:
            sc = self.stack.begin()
            self.scs[sc].gfp_mask = GFP_KERNEL
            self.scs[sc].may_writepage = 1
            self.scs[sc].may_swap = 1
            self.scs[sc].reclaim_idx = MAX_NR_ZONES - 1
            reclaimed += self.reclaim_folio_list(sc)
            self.stack.end(sc)
        return reclaimed

    @cython.cfunc
    @cython.nogil
    def reclaim_folio_list(self, sc: u32) -> u64:
        """The pages of one node, that of the list's first; the others stay on it. What was not
        reclaimed goes back to the LRU."""
        taken: u32 = self.mem_map.private_list(sc, LIST_TAKEN)
        others: u32 = self.mem_map.private_list(sc, LIST_SKIPPED)
        ret: u32 = self.mem_map.private_list(sc, LIST_RET)
        node: u32 = self.pages[self.mem_map.lists[taken].last].node
        reclaimed: u64
        pfn: u64 = self.mem_map.lists[taken].last
        before: u64
        while pfn:
            before = self.pages[pfn].lru_prev
            if self.pages[pfn].node != node:
                self.mem_map.list_del(taken, pfn)
                self.mem_map.list_add(others, pfn)
            pfn = before
        reclaimed = self.folios.shrink_folio_list(sc, self.sysctl[0].kernel >= IGNORES_REFERENCES)
        while self.mem_map.lists[ret].nr:
            pfn = self.mem_map.lists[ret].last
            self.mem_map.list_del(ret, pfn)
            self.lru.folio_putback_lru(pfn)
        while self.mem_map.lists[others].nr:
            pfn = self.mem_map.lists[others].last
            self.mem_map.list_del(others, pfn)
            self.mem_map.list_add(taken, pfn)
        return reclaimed

    @cython.ccall
    @cython.nogil
    def reclaim_pages_list(self) -> u32:
        """Index of the list to which pages are isolated for reclaim_pages()."""
        return self.mem_map.private_list(self.stack.depth[0] + 1, LIST_TAKEN)

    # -- rounds

    @cython.cfunc
    @cython.nogil
    def do_try_to_free_pages(self, sc: u32, preferred: u32) -> cython.int:
        """Priority after priority; then again with fewer scruples, while nothing was found."""
        while True:
            if not self.scs[sc].cgroup_reclaim:
                self.vmstat.count_vm_events(ALLOCSTALL_DMA + self.scs[sc].reclaim_idx, 1)
            self.priorities(sc, preferred)
            self.after_round(sc, preferred)
            if self.scs[sc].nr_reclaimed or self.scs[sc].compaction_ready:
                return 0
            if not self.fewer_scruples(sc):
                return 0
            self.scs[sc].priority = DEF_PRIORITY

    @cython.cfunc
    @cython.nogil
    def priorities(self, sc: u32, preferred: u32) -> cython.int:
        """Scan ever larger parts of the lists until enough is reclaimed."""
        while self.scs[sc].priority >= 0:
            self.scs[sc].nr_scanned = 0
            if self.scs[sc].priority <= VMPRESSURE_CRITICAL_PRIO:
                self.clock.charge(COST_VMPRESSURE, 1)
            self.shrink_zones(sc, preferred)
            if self.scs[sc].nr_reclaimed >= self.scs[sc].nr_to_reclaim:
                break
            if self.scs[sc].compaction_ready:
                break
            if self.scs[sc].priority < DEF_PRIORITY - 2:
                self.scs[sc].may_writepage = 1
            self.scs[sc].priority -= 1
        return 0

    @cython.cfunc
    @cython.nogil
    def fewer_scruples(self, sc: u32) -> cython.bint:
        """What else can be tried: a whole walk of the cgroups, forced deactivation, memory.low."""
        if self.sysctl[0].kernel >= PARTIAL_WALKS and not self.scs[sc].memcg_full_walk:
            self.scs[sc].memcg_full_walk = 1
            return True
        if self.scs[sc].skipped_deactivate:
            self.scs[sc].force_deactivate = 1
            self.scs[sc].skipped_deactivate = 0
            return True
        if self.scs[sc].memcg_low_skipped:
            self.scs[sc].force_deactivate = 0
            self.scs[sc].memcg_low_reclaim = 1
            self.scs[sc].memcg_low_skipped = 0
            return True
        return False

    @cython.cfunc
    @cython.nogil
    def shrink_zones(self, sc: u32, preferred: u32) -> cython.int:
        """Each node that has a zone of the zonelist, once."""
        at: u32 = preferred
        zone: u32 = self.zonelists[at]
        last: u32 = MEMCG_NONE
        first: u32 = MEMCG_NONE
        while zone:
            if self.records[zone].zone_type <= self.scs[sc].reclaim_idx:
                if self.compaction_ready(sc, zone):
                    self.scs[sc].compaction_ready = 1
                elif self.records[zone].node != last:
                    last = self.records[zone].node
                    if first == MEMCG_NONE:
                        first = last
                    self.shrink_node(sc, last)
            at += 1
            zone = self.zonelists[at]
        if first != MEMCG_NONE:
            self.consider_reclaim_throttle(sc, first)
        return 0

    @cython.cfunc
    @cython.nogil
    def compaction_ready(self, sc: u32, zone: u32) -> cython.bint:
        """A costly order, and the zone has enough free pages for compaction to make a block."""
        order: cython.int = self.scs[sc].order
        mark: i64
        if self.scs[sc].cgroup_reclaim or order <= PAGE_ALLOC_COSTLY_ORDER:
            return False
        mark = self.zones.high_wmark_pages(zone) + (2 << order)
        return self.zones.zone_watermark_ok(zone, 0, mark, self.scs[sc].reclaim_idx, 0)

    @cython.cfunc
    @cython.nogil
    def after_round(self, sc: u32, preferred: u32) -> cython.int:
        """Remember the refaults of each node, to notice further ones."""
        at: u32 = preferred
        zone: u32 = self.zonelists[at]
        last: u32 = MEMCG_NONE
        lruvec: u32
        while zone:
            if self.records[zone].zone_type <= self.scs[sc].reclaim_idx:
                if self.records[zone].node != last:
                    last = self.records[zone].node
                    lruvec = self.scs[sc].target_mem_cgroup * self.nr_nodes + last
                    self.lruvecs.snapshot_refaults(lruvec)
                    if self.scs[sc].cgroup_reclaim:
                        self.clear_lruvec_flag(lruvec, LRUVEC_CGROUP_CONGESTED)
            at += 1
            zone = self.zonelists[at]
        return 0

    @cython.cfunc
    @cython.nogil
    def clear_lruvec_flag(self, lruvec: u32, flag: u32) -> cython.int:
        """clear_bit()."""
        if self.lruvecs.lruvecs[lruvec].flags & flag:
            self.lruvecs.lruvecs[lruvec].flags ^= flag
        return 0

    # -- a node

    @cython.ccall
    @cython.nogil
    def shrink_node(self, sc: u32, node: u32) -> cython.int:
        """Reclaim from a node at the current priority, repeatedly if compaction needs more."""
        before: u64
        reclaimed: u64
        scanned: u64
        reclaimable: cython.bint = False
        if self.sysctl[0].lru_gen_enabled & 1 and self.stack.root_reclaim(sc):
            self.stack.reset_nr(sc)
            return self.mglru_shrink.lru_gen_shrink_node(sc, node)
        while True:
            self.stack.reset_nr(sc)
            before = self.scs[sc].nr_reclaimed
            scanned = self.scs[sc].nr_scanned
            self.prepare_scan_control(sc, node)
            self.shrink_node_memcgs(sc, node)
            reclaimed = self.scs[sc].nr_reclaimed - before
            if reclaimed:
                reclaimable = True
            self.vmpressure(sc, scanned)
            self.judge_devices(sc, node)
            if not self.should_continue_reclaim(sc, node, reclaimed):
                break
        if reclaimable:
            self.pgdats[node].kswapd_failures = 0
        elif self.scs[sc].cache_trim_mode:
            self.scs[sc].cache_trim_mode_failed = 1
        return 0

    @cython.cfunc
    @cython.nogil
    def vmpressure(self, sc: u32, before: u64) -> cython.int:
        """Whenever 512 pages of a cgroup's subtree were scanned, a worker runs."""
        memcg: u32 = self.scs[sc].target_mem_cgroup
        if memcg == 0 or self.scs[sc].nr_scanned <= before:
            return 0
        self.tree_scanned[memcg] += self.scs[sc].nr_scanned - before
        if self.tree_scanned[memcg] >= VMPRESSURE_WIN:
            self.tree_scanned[memcg] = 0
            self.clock.charge(COST_VMPRESSURE, 1)
            self.clock.interrupts()
        return 0

    @cython.cfunc
    @cython.nogil
    def prepare_scan_control(self, sc: u32, node: u32) -> cython.int:
        """Which active lists may shrink, and whether plenty of unused cache, or hardly any, decides
        what to reclaim."""
        memcg: u32 = self.scs[sc].target_mem_cgroup
        lruvec: u32 = memcg * self.nr_nodes + node
        file: u64
        self.memcontrol.flush_stats_before_scan(memcg)
        self.scs[sc].anon_cost = self.lruvecs.lruvecs[lruvec].anon_cost
        self.scs[sc].file_cost = self.lruvecs.lruvecs[lruvec].file_cost
        self.scs[sc].may_deactivate = DEACTIVATE_ANON | DEACTIVATE_FILE
        if not self.scs[sc].force_deactivate:
            self.scs[sc].may_deactivate = self.deactivation_due(lruvec)
        file = cython.cast(u64, self.lruvecs.lruvec_page_state(lruvec, NR_INACTIVE_FILE))
        self.scs[sc].cache_trim_mode = (
            file >> self.scs[sc].priority != 0
            and not self.scs[sc].may_deactivate & DEACTIVATE_FILE
            and not self.scs[sc].no_cache_trim_mode
        )
        if not self.scs[sc].cgroup_reclaim:
            self.scs[sc].file_is_tiny = self.file_is_tiny(sc, node)
        return 0

    @cython.cfunc
    @cython.nogil
    def deactivation_due(self, lruvec: u32) -> u32:
        """Lists whose refaults were activated since the last reclaim, or whose inactive part is
        too short."""
        due: u32 = 0
        refaults: i64 = self.lruvecs.lruvec_page_state(lruvec, WORKINGSET_ACTIVATE_ANON)
        if refaults != self.lruvecs.lruvecs[lruvec].refaults_anon:
            due = DEACTIVATE_ANON
        elif self.lruvecs.inactive_is_low(lruvec, False):
            due = DEACTIVATE_ANON
        refaults = self.lruvecs.lruvec_page_state(lruvec, WORKINGSET_ACTIVATE_FILE)
        if refaults != self.lruvecs.lruvecs[lruvec].refaults_file:
            due |= DEACTIVATE_FILE
        elif self.lruvecs.inactive_is_low(lruvec, True):
            due |= DEACTIVATE_FILE
        return due

    @cython.cfunc
    @cython.nogil
    def file_is_tiny(self, sc: u32, node: u32) -> cython.bint:
        """Free memory and page cache together do not reach the high watermarks, and there is
        anonymous memory to take: the cache would thrash."""
        free: i64 = 0
        high: i64 = 0
        zone: u32
        zone_type: u32
        file: i64
        anon: u64
        for zone_type in range(MAX_NR_ZONES):
            zone = self.zones.zone_index(node, zone_type)
            free += self.vmstat.zone_page_state(zone, NR_FREE_PAGES)
            if self.records[zone].managed_pages:
                high += self.zones.high_wmark_pages(zone)
        file = self.vmstat.node_page_state(node, NR_ACTIVE_FILE)
        file += self.vmstat.node_page_state(node, NR_INACTIVE_FILE)
        anon = cython.cast(u64, self.vmstat.node_page_state(node, NR_INACTIVE_ANON))
        return (
            file + free <= high
            and not self.scs[sc].may_deactivate & DEACTIVATE_ANON
            and anon >> self.scs[sc].priority != 0
        )

    @cython.cfunc
    @cython.nogil
    def shrink_node_memcgs(self, sc: u32, node: u32) -> cython.int:
        """Each cgroup's lruvec of the node; direct reclaim goes on where the last one stopped, and
        stops when it has enough (from 6.10)."""
        target: u32 = self.scs[sc].target_mem_cgroup
        partial: cython.bint = (
            self.sysctl[0].kernel >= PARTIAL_WALKS
            and self.scs[sc].reclaimer != RECLAIMER_KSWAPD
            and not self.scs[sc].memcg_full_walk
        )
        memcg: u32 = self.memcontrol.mem_cgroup_iter(target, MEMCG_NONE, node, partial)
        while memcg != MEMCG_NONE:
            self.clock.cond_resched()
            if self.may_shrink_memcg(sc, memcg):
                self.shrink.shrink_lruvec(sc, memcg * self.nr_nodes + node)
                self.shrink_slab(sc, memcg, node)
                if partial and self.scs[sc].nr_reclaimed >= self.scs[sc].nr_to_reclaim:
                    self.memcontrol.mem_cgroup_iter_break(target, memcg)
                    break
            memcg = self.memcontrol.mem_cgroup_iter(target, memcg, node, partial)
        return 0

    @cython.cfunc
    @cython.nogil
    def may_shrink_memcg(self, sc: u32, memcg: u32) -> cython.bint:
        """Not if memory.min protects all of it, nor, at first, if memory.low does."""
        target: u32 = self.scs[sc].target_mem_cgroup
        self.memcontrol.mem_cgroup_calculate_protection(target, memcg)
        if self.memcontrol.mem_cgroup_below_min(target, memcg):
            return False
        if self.memcontrol.mem_cgroup_below_low(target, memcg):
            if not self.scs[sc].memcg_low_reclaim:
                self.scs[sc].memcg_low_skipped = 1
                return False
            self.memcontrol.memcg_memory_event_low(memcg)
        return True

    @cython.cfunc
    @cython.nogil
    def shrink_slab(self, sc: u32, memcg: u32, node: u32) -> u64:
        """Kernel caches of the cgroup on the node, of which shadow nodes and zswap are modelled."""
        priority: cython.int = self.scs[sc].priority
        freed: u64 = self.workingset.shrink_shadow_nodes(memcg * self.nr_nodes + node, priority)
        return freed + self.zswap_lru.shrink_slab(memcg, node, priority, self.scs[sc].gfp_mask)

    @cython.cfunc
    @cython.nogil
    def judge_devices(self, sc: u32, node: u32) -> cython.int:
        """Dirty pages and writeback that reclaim keeps meeting slow it down."""
        lruvec: u32 = self.scs[sc].target_mem_cgroup * self.nr_nodes + node
        if self.scs[sc].reclaimer == RECLAIMER_KSWAPD:
            if self.scs[sc].nr_writeback and self.scs[sc].nr_writeback == self.scs[sc].nr_taken:
                self.pgdats[node].flags |= PGDAT_WRITEBACK
            if self.scs[sc].nr_unqueued_dirty == self.scs[sc].nr_file_taken:
                self.pgdats[node].flags |= PGDAT_DIRTY
            if self.scs[sc].nr_immediate:
                self.reclaim_throttle(sc, node, VMSCAN_THROTTLE_WRITEBACK)
        if self.scs[sc].nr_dirty and self.scs[sc].nr_dirty == self.scs[sc].nr_congested:
            if self.scs[sc].cgroup_reclaim:
                self.lruvecs.lruvecs[lruvec].flags |= LRUVEC_CGROUP_CONGESTED
            if self.scs[sc].reclaimer == RECLAIMER_KSWAPD:
                self.lruvecs.lruvecs[lruvec].flags |= LRUVEC_NODE_CONGESTED
        if self.scs[sc].reclaimer != RECLAIMER_KSWAPD:
            if self.lruvecs.lruvecs[lruvec].flags & (
                LRUVEC_CGROUP_CONGESTED | LRUVEC_NODE_CONGESTED
            ):
                self.reclaim_throttle(sc, node, VMSCAN_THROTTLE_CONGESTED)
        return 0

    @cython.cfunc
    @cython.nogil
    def should_continue_reclaim(self, sc: u32, node: u32, reclaimed: u64) -> cython.bint:
        """For a block of pages: until compaction could make one, or there is little left."""
        order: cython.int = self.scs[sc].order
        zone: u32
        zone_type: u32
        pages: i64
        if order == 0 or reclaimed == 0:
            return False
        if order <= PAGE_ALLOC_COSTLY_ORDER and self.scs[sc].priority >= DEF_PRIORITY - 2:
            return False
        for zone_type in range(self.scs[sc].reclaim_idx + 1):
            zone = self.zones.zone_index(node, zone_type)
            if self.records[zone].managed_pages and self.suits_compaction(sc, zone):
                return False
        pages = self.vmstat.node_page_state(node, NR_INACTIVE_FILE)
        if self.shrink.can_reclaim_anon_pages(0):
            pages += self.vmstat.node_page_state(node, NR_INACTIVE_ANON)
        return pages > 2 << order

    @cython.cfunc
    @cython.nogil
    def suits_compaction(self, sc: u32, zone: u32) -> cython.bint:
        """There is a block already, or compaction_suitable()."""
        order: cython.int = self.scs[sc].order
        mark: i64 = self.zones.wmark_pages(zone, 0)
        if self.zones.zone_watermark_ok(zone, order, mark, self.scs[sc].reclaim_idx, 0):
            return True
        if order > PAGE_ALLOC_COSTLY_ORDER:
            mark = self.zones.wmark_pages(zone, 1)
        mark += 2 << order
        return self.zones.zone_watermark_ok(zone, 0, mark, self.scs[sc].reclaim_idx, 0)

    # -- waiting

    @cython.cfunc
    @cython.nogil
    def consider_reclaim_throttle(self, sc: u32, node: u32) -> cython.int:
        """A direct reclaim that found nothing at the last but one priority waits a little."""
        if self.scs[sc].nr_reclaimed > self.scs[sc].nr_scanned >> 3:
            return 0
        if self.scs[sc].reclaimer == RECLAIMER_KSWAPD or self.scs[sc].cgroup_reclaim:
            return 0
        if self.scs[sc].priority == 1 and self.scs[sc].nr_reclaimed == 0:
            return self.reclaim_throttle(sc, node, VMSCAN_THROTTLE_NOPROGRESS)
        return 0

    @cython.cfunc
    @cython.nogil
    def reclaim_throttle(self, sc: u32, node: u32, reason: cython.int) -> cython.int:
        """Sleep for the reason's time, or until enough was written."""
        jiffies: u64 = 1
        if self.clock.in_kthread() and self.scs[sc].reclaimer != RECLAIMER_KSWAPD:
            return 0
        if reason == VMSCAN_THROTTLE_WRITEBACK:
            return self.throttle_writeback(node)
        if reason == VMSCAN_THROTTLE_ISOLATED:
            jiffies = 5
        elif self.skip_throttle_noprogress(node):
            return self.clock.cond_resched()
        return self.clock.sleep_until(self.clock.now() + jiffies * JIFFY_NS)

    @cython.cfunc
    @cython.nogil
    def throttle_writeback(self, node: u32) -> cython.int:
        """A tenth of a second, or until 32 pages a throttled task were written."""
        end: u64 = self.clock.now() + 25 * JIFFY_NS
        written: i64
        if self.pgdats[node].nr_writeback_throttled == 0:
            self.pgdats[node].nr_reclaim_start = self.vmstat.node_page_state(
                node, NR_THROTTLED_WRITTEN
            )
        self.pgdats[node].nr_writeback_throttled += 1
        while self.clock.now() < end:
            self.clock.sleep_until(self.clock.now() + JIFFY_NS)
            written = self.vmstat.node_page_state(node, NR_THROTTLED_WRITTEN)
            written -= self.pgdats[node].nr_reclaim_start
            if written > cython.cast(i64, self.pgdats[node].nr_writeback_throttled * SWAP_CLUSTER):
                break
        self.pgdats[node].nr_writeback_throttled -= 1
        return 0

    @cython.cfunc
    @cython.nogil
    def skip_throttle_noprogress(self, node: u32) -> cython.bint:
        """Waiting would not help: the node is hopeless, or most of it is not being written."""
        reclaimable: i64 = 0
        pending: i64 = 0
        zone: u32
        zone_type: u32
        if self.pgdats[node].kswapd_failures >= MAX_KSWAPD_FAILURES:
            return True
        for zone_type in range(MAX_NR_ZONES):
            zone = self.zones.zone_index(node, zone_type)
            if self.records[zone].managed_pages:
                reclaimable += self.zone_reclaimable_pages(zone)
                pending += self.vmstat.zone_page_state_snapshot(zone, NR_ZONE_WRITE_PENDING)
        return 2 * pending <= reclaimable

    @cython.ccall
    @cython.nogil
    def zone_reclaimable_pages(self, zone: u32) -> i64:
        """File pages, and anonymous ones if there is swap."""
        nr: i64 = self.vmstat.zone_page_state_snapshot(zone, NR_ZONE_INACTIVE_ANON + 2)
        nr += self.vmstat.zone_page_state_snapshot(zone, NR_ZONE_INACTIVE_ANON + 3)
        if self.shrink.can_reclaim_anon_pages(0):
            nr += self.vmstat.zone_page_state_snapshot(zone, NR_ZONE_INACTIVE_ANON)
            nr += self.vmstat.zone_page_state_snapshot(zone, NR_ZONE_INACTIVE_ANON + 1)
        return nr

    @cython.cfunc
    @cython.nogil
    def throttle_direct_reclaim(self, gfp: u32, preferred: u32) -> cython.bint:
        """With less than half of the min watermarks free, wait for kswapd; True if the task was
        killed meanwhile (never here)."""
        at: u32 = preferred
        zone: u32
        node: u32
        end: u64 = self.clock.now() + 250 * JIFFY_NS
        if self.clock.in_kthread():
            return False
        while self.zonelists[at] and self.records[self.zonelists[at]].zone_type > ZONE_NORMAL:
            at += 1
        zone = self.zonelists[at]
        if zone == 0:
            return False
        node = self.records[zone].node
        if self.allow_direct_reclaim(node):
            return False
        self.vmstat.count_vm_events(PGSCAN_DIRECT_THROTTLE, 1)
        while not self.allow_direct_reclaim(node):
            self.clock.sleep_until(self.clock.now() + JIFFY_NS)
            if not gfp & GFP_FS_BIT and self.clock.now() >= end:
                break
        return False

    @cython.ccall
    @cython.nogil
    def allow_direct_reclaim(self, node: u32) -> cython.bint:
        """Whether more than half of the node's min watermarks is free; if not, kswapd is woken."""
        reserve: i64 = 0
        free: i64 = 0
        zone: u32
        zone_type: u32
        if self.pgdats[node].kswapd_failures >= MAX_KSWAPD_FAILURES:
            return True
        for zone_type in range(ZONE_NORMAL + 1):
            zone = self.zones.zone_index(node, zone_type)
            if self.records[zone].managed_pages and self.zone_reclaimable_pages(zone):
                reserve += self.zones.wmark_pages(zone, 0)
                free += self.vmstat.zone_page_state_snapshot(zone, NR_FREE_PAGES)
        if reserve == 0 or free > reserve // 2:
            return True
        self.kswapds.wake_for_reserves(node)
        return False

    # -- kswapd

    @cython.ccall
    @cython.nogil
    def can_age_anon_pages(self) -> cython.bint:
        """There is any swap at all: can_age_anon_pages()."""
        return self.swapfile.get_total_swap_pages() > 0

    @cython.ccall
    @cython.nogil
    def kswapd(self, node: u32) -> u64:
        """One turn of a node's kswapd: when it wants to run again, or 0 for when it is woken."""
        return self.kswapds.kswapd(node)

    @cython.ccall
    @cython.nogil
    def wakeup_kswapd(self, zone: u32, gfp: u32, order: cython.int, zone_type: u32) -> cython.int:
        """An allocation of that order, up to that zone type, found a zone below its low mark."""
        return self.kswapds.wakeup_kswapd(zone, gfp, order, zone_type)
