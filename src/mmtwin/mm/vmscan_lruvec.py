"""One lruvec under reclaim: how much of which list is scanned, and the scanning.

    get_scan_count()  nr[inactive anon, active anon, inactive file, active file]
          |
    shrink_lruvec()   in turns of 32 pages a list, until enough is reclaimed
          |-- shrink_inactive_list()   isolate from the tail, judge (vmscan_folio.py), put back
          `-- shrink_active_list()     isolate from the tail, move to the inactive list

Models mm/vmscan.c: get_scan_count(), shrink_lruvec(), shrink_list(), isolate_lru_folios(),
shrink_inactive_list(), shrink_active_list(), too_many_isolated().
Not modelled: buffer heads; CMA.

Invariant: what is isolated goes back or is freed before a function returns.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.blk_plug import BlkPlug
    from mmtwin.mm.clock import COST_RECLAIM_ROUND
    from mmtwin.mm.gfp import MAX_NR_ZONES
    from mmtwin.mm.lruvec import SWAP_CLUSTER, Lruvecs
    from mmtwin.mm.mem_map import MemMap
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.mmzone import Zones
    from mmtwin.mm.page_flags import (
        PG_active, PG_locked, PG_lru, PG_mlocked, PG_swapbacked, PG_workingset, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.page_writeback import WB_REASON_VMSCAN, PageWriteback
    from mmtwin.mm.pgtable import ALL_ONES
    from mmtwin.mm.rmap_referenced import RmapReferenced
    from mmtwin.mm.scan_control import (
        DEACTIVATE_ANON, DEACTIVATE_FILE, DEF_PRIORITY, LIST_ACTIVE, LIST_RET, LIST_SKIPPED,
        LIST_TAKEN, RECLAIMER_KSWAPD, ScanControls, ScanStack,
    )  # fmt: skip
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import I64s, Pages, Sysctls, U64s, i64, u32, u64
    from mmtwin.mm.vm_flags import VM_EXEC
    from mmtwin.mm.vmscan_folio import ShrinkFolios
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_INACTIVE_ANON, NR_ISOLATED_ANON, NR_ZONE_INACTIVE_ANON, PGDEACTIVATE, PGREFILL,
        PGSCAN_ANON, PGSCAN_KSWAPD, PGSKIP_DMA, PGSTEAL_ANON, PGSTEAL_KSWAPD,
    )  # fmt: skip

# enum scan_balance
SCAN_EQUAL = cython.declare(cython.const[cython.int], 0)
SCAN_FRACT = cython.declare(cython.const[cython.int], 1)
SCAN_ANON = cython.declare(cython.const[cython.int], 2)
SCAN_FILE = cython.declare(cython.const[cython.int], 3)

MAX_SWAPPINESS = cython.declare(cython.const[cython.ulonglong], 200)
SWAPPINESS_ANON_ONLY = cython.declare(cython.const[cython.int], 201)  # "max", from 6.16
NR_EVICTABLE = cython.declare(cython.const[cython.uint], 4)  # the lists before LRU_UNEVICTABLE

# Scratch of one isolation: pages by zone type
ZONE_TAKEN = cython.declare(cython.const[cython.uint], 0)
ZONE_SKIPPED = cython.declare(cython.const[cython.uint], 4)
ZONE_CELLS = cython.declare(cython.const[cython.uint], 8)


@cython.final
@cython.cclass
class ShrinkLruvec:
    """Scans lruvecs."""

    pages: Pages
    scs: ScanControls
    mem_map: MemMap
    vmstat: VmStat
    zones: Zones
    lruvecs: Lruvecs
    memcontrol: MemControl
    swapfile: SwapFile
    stack: ScanStack
    folios: ShrinkFolios
    rmap_referenced: RmapReferenced
    page_writeback: PageWriteback
    zone_nr: I64s  # ZONE_TAKEN and ZONE_SKIPPED by zone type, all 0 between isolations
    nr: U64s  # (sc * 2 + 0) * 4 + lru: still to scan; (sc * 2 + 1) * 4 + lru: at first
    lru = cython.declare("Lru")
    vmscan = cython.declare("Vmscan")
    policy = cython.declare("ReclaimPolicy")
    clock = cython.declare("Clock")
    mglru_shrink = cython.declare("MglruShrink")
    plug: BlkPlug
    prefetch = cython.declare("Prefetch")
    sysctl: Sysctls
    nr_nodes: u32

    def __init__(self, arena, config):
        self.nr_nodes = len(config.nodes)
        self.pages, self.scs = arena.pages, arena.scan_controls
        self.sysctl = arena.sysctl
        self.zone_nr = arena.array("reclaim_zone_nr", "i64", ZONE_CELLS)
        self.nr = arena.array("reclaim_nr", "u64", len(self.scs) * 2 * NR_EVICTABLE)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.mem_map, self.vmstat, self.zones = m.mem_map, m.vmstat, m.zones
        self.lruvecs, self.memcontrol, self.swapfile = m.lruvecs, m.memcontrol, m.swapfile
        self.stack, self.folios, self.rmap_referenced = m.scan_stack, m.folios, m.rmap_referenced
        self.page_writeback, self.lru, self.vmscan = m.page_writeback, m.lru, m.vmscan
        self.clock, self.policy, self.mglru_shrink = m.clock, m.policy, m.mglru_shrink
        self.plug, self.prefetch = m.blk_plug, m.prefetch

    # -- how much

    @cython.cfunc
    @cython.nogil
    def can_reclaim_anon_pages(self, memcg: u32) -> cython.bint:
        """There is swap to take them: can_reclaim_anon_pages()."""
        if memcg == 0:
            return self.swapfile.get_nr_swap_pages() > 0
        return self.memcontrol.mem_cgroup_get_nr_swap_pages(memcg) > 0

    @cython.cfunc
    @cython.nogil
    def sc_swappiness(self, sc: u32, memcg: u32) -> i64:
        """Of this reclaim, or the cgroup's."""
        if self.scs[sc].swappiness >= 0:
            return self.scs[sc].swappiness
        return self.memcontrol.mem_cgroup_swappiness(memcg)

    @cython.cfunc
    @cython.nogil
    def scan_balance(self, sc: u32, memcg: u32) -> cython.int:
        """Anon or file, or by which rule both: the first half of get_scan_count()."""
        swappiness: i64 = self.sc_swappiness(sc, memcg)
        if not self.scs[sc].may_swap or not self.can_reclaim_anon_pages(memcg):
            return SCAN_FILE
        if self.scs[sc].cgroup_reclaim and swappiness == 0:
            return SCAN_FILE
        if swappiness == SWAPPINESS_ANON_ONLY:
            return SCAN_ANON
        if self.scs[sc].priority == 0 and swappiness:
            return SCAN_EQUAL
        if self.scs[sc].file_is_tiny:
            return SCAN_ANON
        if self.scs[sc].cache_trim_mode:
            return SCAN_FILE
        return SCAN_FRACT

    @cython.cfunc
    @cython.nogil
    def get_scan_count(self, sc: u32, lruvec: u32) -> cython.int:
        """Fill nr: for each list its size, less what is protected, >> priority, shared out."""
        memcg: u32 = lruvec // self.nr_nodes
        balance: cython.int = self.scan_balance(sc, memcg)
        swappiness: u64 = cython.cast(u64, self.sc_swappiness(sc, memcg))
        total: u64 = self.scs[sc].anon_cost + self.scs[sc].file_cost
        anon_cost: u64 = total + self.scs[sc].anon_cost
        file_cost: u64 = total + self.scs[sc].file_cost
        ap: u64 = 0
        fp: u64 = 0
        lru: u32
        scan: u64
        fraction: u64
        if balance == SCAN_FRACT:
            total = anon_cost + file_cost
            ap = swappiness * (total + 1) // (anon_cost + 1)
            fp = (MAX_SWAPPINESS - swappiness) * (total + 1) // (file_cost + 1)
        for lru in range(NR_EVICTABLE):
            scan = self.scan_share(
                sc, memcg, self.lruvecs.lruvec_lru_size(lruvec, lru, self.scs[sc].reclaim_idx)
            )
            fraction = fp if lru >= 2 else ap
            if balance == SCAN_FRACT:
                scan *= fraction
                if not self.memcontrol.mem_cgroup_online(memcg):
                    scan += ap + fp - 1
                scan //= ap + fp
            elif balance != SCAN_EQUAL and (balance == SCAN_FILE) != (lru >= 2):
                scan = 0
            self.nr[sc * 2 * NR_EVICTABLE + lru] = scan
            self.nr[(sc * 2 + 1) * NR_EVICTABLE + lru] = scan
        return 0

    @cython.cfunc
    @cython.nogil
    def scan_share(self, sc: u32, memcg: u32, size: u64) -> u64:
        """Pages of a list of that size to scan at this priority; of a protected cgroup less, in
        proportion to what exceeds its protection, but not less than 32 before the shift."""
        target: u32 = self.scs[sc].target_mem_cgroup
        low_limit: u64 = self.memcontrol.mem_cgroup_protection_low(target, memcg)
        protection: u64 = self.memcontrol.mem_cgroup_protection_min(target, memcg)
        scan: u64 = size
        cgroup_size: u64
        if protection or low_limit:
            cgroup_size = self.memcontrol.mem_cgroup_size(memcg)
            if not self.scs[sc].memcg_low_reclaim and low_limit > protection:
                protection = low_limit
                self.scs[sc].memcg_low_skipped = 1
            if cgroup_size < protection:
                cgroup_size = protection
            scan = size - size * protection // (cgroup_size + 1)
            if scan < SWAP_CLUSTER:
                scan = SWAP_CLUSTER
        scan >>= self.scs[sc].priority
        if scan == 0 and not self.memcontrol.mem_cgroup_online(memcg):
            scan = size if size < SWAP_CLUSTER else SWAP_CLUSTER
        return scan

    # -- the turns

    @cython.ccall
    @cython.nogil
    def shrink_lruvec(self, sc: u32, lruvec: u32) -> cython.int:
        """Scan a lruvec's lists as get_scan_count() says."""
        if self.policy.active:
            return self.shrink_by_policy(sc, lruvec)
        first: u32 = sc * 2 * NR_EVICTABLE
        goal: u64 = self.scs[sc].nr_to_reclaim
        reclaimed: u64 = 0
        proportional: cython.bint = (
            not self.scs[sc].cgroup_reclaim
            and self.scs[sc].reclaimer != RECLAIMER_KSWAPD
            and self.scs[sc].priority == DEF_PRIORITY
        )
        if self.sysctl[0].lru_gen_enabled & 1 and not self.stack.root_reclaim(sc):
            return self.mglru_shrink.lru_gen_shrink_lruvec(sc, lruvec)
        self.get_scan_count(sc, lruvec)
        self.plug.blk_start_plug()
        while self.nr[first] or self.nr[first + 2] or self.nr[first + 3]:
            reclaimed += self.scan_round(sc, lruvec)
            self.clock.cond_resched()
            if reclaimed >= goal and not proportional:
                if not self.adjust(first):
                    break
        self.plug.blk_finish_plug()
        self.clock.charge(COST_RECLAIM_ROUND, 1)
        self.scs[sc].nr_reclaimed += reclaimed
        if self.vmscan.can_age_anon_pages() and self.lruvecs.inactive_is_low(lruvec, False):
            self.shrink_active_list(sc, lruvec, 1, SWAP_CLUSTER)
        return 0

    @cython.cfunc
    @cython.nogil
    def shrink_by_policy(self, sc: u32, lruvec: u32) -> cython.int:
        """A policy of the user's own says which pages, in batches as large as the kernel's."""
        goal: u64 = self.scs[sc].nr_to_reclaim
        total: u64 = 0
        reclaimed: u64 = 1
        self.lru.lru_add_drain()
        while total < goal and reclaimed:
            reclaimed = 0
            if self.take_by_policy(sc, lruvec):
                self.stack.reset_stat(sc)
                reclaimed = self.folios.shrink_folio_list(sc, True)
                self.folios.move_folios_to_lru(self.mem_map.private_list(sc, LIST_RET))
                self.count_policy(sc, lruvec, PGSTEAL_KSWAPD, PGSTEAL_ANON, reclaimed)
                total += self.add_up(sc, 1, self.isolated, reclaimed)
        self.scs[sc].nr_reclaimed += total
        return 0

    @cython.cfunc
    @cython.nogil
    def take_by_policy(self, sc: u32, lruvec: u32) -> u64:
        """Isolate the pages that the policy names, up to 32 that are not under I/O: how many."""
        taken: u32 = self.mem_map.private_list(sc, LIST_TAKEN)
        pfn: u64 = 1
        busy: u64 = 0
        self.isolated = 0
        while pfn and self.isolated < SWAP_CLUSTER + busy:
            pfn = self.policy.isolate(lruvec, lruvec // self.nr_nodes)
            if pfn:
                self.mem_map.list_add(taken, pfn)
                self.isolated += cython.cast(u64, self.lru.folio_nr_pages(pfn))
                if self.pages[pfn].flags & (PG_locked | PG_writeback):
                    busy += 1
        self.count_policy(sc, lruvec, PGSCAN_KSWAPD, PGSCAN_ANON, self.isolated)
        return self.isolated

    @cython.cfunc
    @cython.nogil
    def count_policy(
        self, sc: u32, lruvec: u32, by_whom: cython.int, by_kind: cython.int, nr: u64
    ) -> cython.int:
        """pgscan, pgsteal; a policy's pages count as file pages."""
        offset: cython.int = cython.cast(cython.int, self.scs[sc].reclaimer)
        self.count_reclaim(sc, lruvec // self.nr_nodes, by_whom + offset, nr)
        self.vmstat.count_vm_events(by_kind + 1, cython.cast(i64, nr))
        return 0

    @cython.cfunc
    @cython.nogil
    def scan_round(self, sc: u32, lruvec: u32) -> u64:
        """Up to 32 pages of each list: pages reclaimed."""
        at: u32
        lru: u32
        scan: u64
        reclaimed: u64 = 0
        for lru in range(NR_EVICTABLE):
            at = sc * 2 * NR_EVICTABLE + lru
            scan = self.nr[at]
            if scan:
                if scan > SWAP_CLUSTER:
                    scan = SWAP_CLUSTER
                self.nr[at] -= scan
                reclaimed += self.shrink_list(sc, lruvec, lru, scan)
        return reclaimed

    @cython.cfunc
    @cython.nogil
    def shrink_list(self, sc: u32, lruvec: u32, lru: u32, nr: u64) -> u64:
        """Active lists only where deactivation was found to be due."""
        due: u32 = DEACTIVATE_FILE if lru >= 2 else DEACTIVATE_ANON
        if lru & 1:
            if self.scs[sc].may_deactivate & due:
                self.shrink_active_list(sc, lruvec, lru, nr)
            else:
                self.scs[sc].skipped_deactivate = 1
            return 0
        return self.shrink_inactive_list(sc, lruvec, lru, nr)

    @cython.cfunc
    @cython.nogil
    def adjust(self, first: u32) -> cython.bint:
        """Enough is reclaimed: give up the kind of which less is left, and scan the other to the
        same part of its target; False if only one kind is left."""
        targets: u32 = first + NR_EVICTABLE
        anon: u64 = self.nr[first] + self.nr[first + 1]
        file: u64 = self.nr[first + 2] + self.nr[first + 3]
        stopped: u32 = 2
        left: u64 = file
        other: u32
        percentage: u64
        if anon == 0 or file == 0:
            return False
        if file > anon:
            stopped = 0
            left = anon
        percentage = left * 100 // (self.nr[targets + stopped] + self.nr[targets + stopped + 1] + 1)
        self.nr[first + stopped] = 0
        self.nr[first + stopped + 1] = 0
        other = 2 - stopped
        self.rescale(first + other, percentage)
        self.rescale(first + other + 1, percentage)
        return True

    @cython.cfunc
    @cython.nogil
    def rescale(self, at: u32, percentage: u64) -> cython.int:
        """What is left of a list whose other kind was left at `percentage`."""
        target: u64 = self.nr[at + NR_EVICTABLE]
        scanned: u64 = target - self.nr[at]
        left: u64 = target * (100 - percentage) // 100
        self.nr[at] = left - scanned if left > scanned else 0
        return 0

    # -- taking pages off a list

    @cython.ccall
    @cython.nogil
    def isolate_lru_folios(self, sc: u32, lruvec: u32, lru: u32, nr_to_scan: u64) -> u64:
        """Move pages from the tail of a list to the list "taken", newest in front; `isolated` is
        how many were taken. Pages looked at, those of zones that do not help included."""
        src: u32 = self.mem_map.lru_list(lruvec, lru)
        taken: u32 = self.mem_map.private_list(sc, LIST_TAKEN)
        skipped: u32 = self.mem_map.private_list(sc, LIST_SKIPPED)
        scan: u64 = 0
        total: u64 = 0
        nr: u64
        pfn: u64
        zone_type: u32
        self.isolated = 0
        while scan < nr_to_scan and self.mem_map.lists[src].nr:
            pfn = self.mem_map.lists[src].last
            nr = cython.cast(u64, self.lru.folio_nr_pages(pfn))
            total += nr
            zone_type = (self.pages[pfn].zone - 1) % MAX_NR_ZONES
            self.mem_map.list_del(src, pfn)
            if zone_type > self.scs[sc].reclaim_idx:
                self.zone_nr[ZONE_SKIPPED + zone_type] += cython.cast(i64, nr)
                self.mem_map.list_add(skipped, pfn)
                continue
            scan += nr
            if not self.scs[sc].may_unmap and self.pages[pfn].mapcount:
                self.mem_map.list_add(src, pfn)
                continue
            self.pages[pfn].refcount += 1
            self.pages[pfn].flags &= ~PG_lru & ALL_ONES
            self.mem_map.list_add(taken, pfn)
            self.isolated += nr
            self.zone_nr[zone_type] += cython.cast(i64, nr)
            if not lru & 1:
                self.prefetch.folio(pfn)
        self.prefetch.scout = self.mem_map.lists[src].last
        self.update_lru_sizes(lruvec, lru)
        if self.mem_map.lists[skipped].nr:
            self.put_back_skipped(src, skipped)
        return total

    isolated = cython.declare(u64, visibility="readonly")

    @cython.cfunc
    @cython.nogil
    def put_back_skipped(self, src: u32, skipped: u32) -> cython.int:
        """Skipped pages go to the front of their list, in their order there."""
        pfn: u64
        zone_type: u32
        while self.mem_map.lists[skipped].nr:
            pfn = self.mem_map.lists[skipped].last
            self.mem_map.list_del(skipped, pfn)
            self.mem_map.list_add(src, pfn)
        for zone_type in range(MAX_NR_ZONES):
            self.vmstat.count_vm_events(
                PGSKIP_DMA + zone_type, self.zone_nr[ZONE_SKIPPED + zone_type]
            )
            self.zone_nr[ZONE_SKIPPED + zone_type] = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def update_lru_sizes(self, lruvec: u32, lru: u32) -> cython.int:
        """The counters of what was taken, zone by zone."""
        memcg: u32 = lruvec // self.nr_nodes
        node: u32 = lruvec % self.nr_nodes
        zone_type: u32
        nr: i64
        for zone_type in range(MAX_NR_ZONES):
            nr = -self.zone_nr[zone_type]
            self.zone_nr[zone_type] = 0
            if nr == 0:
                continue
            self.mod_lruvec_state(memcg, node, NR_INACTIVE_ANON + lru, nr)
            self.vmstat.mod_zone_page_state(
                self.zones.zone_index(node, zone_type), NR_ZONE_INACTIVE_ANON + lru, nr
            )
            self.lruvecs.add_zone_size(lruvec, zone_type, lru, nr)
        return 0

    @cython.cfunc
    @cython.nogil
    def mod_lruvec_state(self, memcg: u32, node: u32, item: cython.int, nr: i64) -> cython.int:
        """A node item and the cgroup's: __mod_lruvec_state()."""
        if memcg:
            self.memcontrol.mod_memcg_lruvec_state(memcg, node, item, nr)
        return self.vmstat.mod_node_page_state(node, item, nr)

    @cython.cfunc
    @cython.nogil
    def count_reclaim(self, sc: u32, memcg: u32, item: cython.int, nr: u64) -> cython.int:
        """pgscan_* and pgsteal_*: the machine's count only reclaim of the whole machine."""
        if not self.scs[sc].cgroup_reclaim:
            self.vmstat.count_vm_events(item, cython.cast(i64, nr))
        if memcg:
            self.memcontrol.count_memcg_events(memcg, item, cython.cast(i64, nr))
        return 0

    # -- the two kinds of lists

    @cython.cfunc
    @cython.nogil
    def shrink_inactive_list(self, sc: u32, lruvec: u32, lru: u32, nr_to_scan: u64) -> u64:
        """Pages reclaimed from the tail of an inactive list."""
        file: cython.int = 1 if lru >= 2 else 0
        memcg: u32 = lruvec // self.nr_nodes
        node: u32 = lruvec % self.nr_nodes
        offset: cython.int = cython.cast(cython.int, self.scs[sc].reclaimer)
        scanned: u64
        taken: u64
        reclaimed: u64
        self.clock.interrupts()
        self.lru.lru_add_drain()
        scanned = self.isolate_lru_folios(sc, lruvec, lru, nr_to_scan)
        taken = self.isolated
        self.clock.charge(COST_RECLAIM_ROUND, 1)  # taking pages off, putting them back
        self.vmstat.mod_node_page_state(node, NR_ISOLATED_ANON + file, cython.cast(i64, taken))
        self.count_reclaim(sc, memcg, PGSCAN_KSWAPD + offset, scanned)
        self.vmstat.count_vm_events(PGSCAN_ANON + file, cython.cast(i64, scanned))
        if taken == 0:
            return 0
        self.stack.reset_stat(sc)
        reclaimed = self.folios.shrink_folio_list(sc, False)
        self.folios.move_folios_to_lru(self.mem_map.private_list(sc, LIST_RET))
        self.vmstat.mod_node_page_state(node, NR_ISOLATED_ANON + file, -cython.cast(i64, taken))
        self.count_reclaim(sc, memcg, PGSTEAL_KSWAPD + offset, reclaimed)
        self.vmstat.count_vm_events(PGSTEAL_ANON + file, cython.cast(i64, reclaimed))
        self.lruvecs.lru_note_cost(
            lruvec, file != 0, self.scs[sc].stat_pageout, scanned - reclaimed
        )
        if self.scs[sc].stat_unqueued_dirty == taken:
            self.page_writeback.wakeup_flusher_threads(WB_REASON_VMSCAN)
        return self.add_up(sc, file, taken, reclaimed)

    @cython.cfunc
    @cython.nogil
    def add_up(self, sc: u32, file: cython.int, taken: u64, reclaimed: u64) -> u64:
        """What this batch showed goes to what the node showed."""
        self.scs[sc].nr_dirty += self.scs[sc].stat_dirty
        self.scs[sc].nr_congested += self.scs[sc].stat_congested
        self.scs[sc].nr_unqueued_dirty += self.scs[sc].stat_unqueued_dirty
        self.scs[sc].nr_writeback += self.scs[sc].stat_writeback
        self.scs[sc].nr_immediate += self.scs[sc].stat_immediate
        self.scs[sc].nr_taken += taken
        if file:
            self.scs[sc].nr_file_taken += taken
        return reclaimed

    @cython.ccall
    @cython.nogil
    def shrink_active_list(self, sc: u32, lruvec: u32, lru: u32, nr_to_scan: u64) -> cython.int:
        """Move pages from the tail of an active list to the inactive one, clearing their
        references; executable file pages that were used stay."""
        file: cython.int = 1 if lru >= 2 else 0
        memcg: u32 = lruvec // self.nr_nodes
        node: u32 = lruvec % self.nr_nodes
        scanned: u64
        taken: u64
        rotated: u64
        moved: u64
        self.lru.lru_add_drain()
        scanned = self.isolate_lru_folios(sc, lruvec, lru, nr_to_scan)
        taken = self.isolated
        self.vmstat.mod_node_page_state(node, NR_ISOLATED_ANON + file, cython.cast(i64, taken))
        self.count_reclaim(sc, memcg, PGREFILL, scanned)
        rotated = self.deactivate_taken(sc)
        self.folios.move_folios_to_lru(self.mem_map.private_list(sc, LIST_ACTIVE))
        moved = self.folios.move_folios_to_lru(self.mem_map.private_list(sc, LIST_RET))
        self.vmstat.count_vm_events(PGDEACTIVATE, cython.cast(i64, moved))
        if memcg:
            self.memcontrol.count_memcg_events(memcg, PGDEACTIVATE, cython.cast(i64, moved))
        self.vmstat.mod_node_page_state(node, NR_ISOLATED_ANON + file, -cython.cast(i64, taken))
        return self.lruvecs.lru_note_cost(lruvec, file != 0, 0, rotated)

    @cython.cfunc
    @cython.nogil
    def deactivate_taken(self, sc: u32) -> u64:
        """Sort isolated active pages into "active" and "ret": pages that stay active."""
        taken: u32 = self.mem_map.private_list(sc, LIST_TAKEN)
        rotated: u64 = 0
        pfn: u64
        while self.mem_map.lists[taken].nr:
            pfn = self.mem_map.lists[taken].last
            self.mem_map.list_del(taken, pfn)
            if self.pages[pfn].flags & PG_mlocked:
                self.lru.folio_putback_lru(pfn)
                continue
            if self.is_used_text(sc, pfn):
                rotated += cython.cast(u64, self.lru.folio_nr_pages(pfn))
                self.mem_map.list_add(self.mem_map.private_list(sc, LIST_ACTIVE), pfn)
                continue
            self.pages[pfn].flags = (self.pages[pfn].flags & ~PG_active & ALL_ONES) | PG_workingset
            self.mem_map.list_add(self.mem_map.private_list(sc, LIST_RET), pfn)
        return rotated

    @cython.cfunc
    @cython.nogil
    def is_used_text(self, sc: u32, pfn: u64) -> cython.bint:
        """A file page used through an executable mapping; clears what says so."""
        if not self.pages[pfn].mapcount:
            return False
        if not self.rmap_referenced.folio_referenced(pfn, self.scs[sc].target_mem_cgroup):
            return False
        if self.pages[pfn].flags & PG_swapbacked:
            return False
        return self.rmap_referenced.vm_flags & VM_EXEC != 0

    def check(self):
        """Nothing is left of an isolation."""
        assert not any(self.zone_nr[i] for i in range(ZONE_CELLS))
