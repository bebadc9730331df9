"""The page allocator: which zone serves a request, and what happens when none can.

    alloc_pages() -> get_page_from_freelist(): zone by zone, above the low watermark
        |               `- per-CPU set (orders 0..3, 9) or buddy lists, with fallback
        `- slow path: wake kswapd, go down to min and into reserves as the flags allow,
           reclaim, drain the per-CPU sets, OOM

Models mm/page_alloc.c: __alloc_pages(), get_page_from_freelist(), rmqueue(),
__alloc_pages_slowpath(), alloc_flags_nofragment(), prep_new_page(), free_unref_page(),
__free_pages_ok(), zone_statistics().
Not modelled: cpusets and memory policies (a caller's node is asked first); direct compaction.
What reclaim and the OOM killer do stands in vmscan.py and oom_kill.py.

Invariants: a page is free, on a per-CPU set, or has references; managed pages are the sum of the
three.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import KTHREAD_VMSTAT, NSEC_PER_SEC, Clock
    from mmtwin.mm.buddy import Buddy
    from mmtwin.mm.fallback import Fallback
    from mmtwin.mm.gfp import (
        ALLOC_HIGHATOMIC,
        ALLOC_KSWAPD,
        ALLOC_NO_WATERMARKS,
        ALLOC_NOFRAGMENT,
        ALLOC_NON_BLOCK,
        ALLOC_OOM,
        ALLOC_SPREAD_DIRTY,
        ALLOC_WMARK_LOW,
        ALLOC_WMARK_MIN,
        GFP_COMP_BIT,
        GFP_DIRECT_RECLAIM_BIT,
        GFP_KSWAPD_RECLAIM_BIT,
        GFP_MEMALLOC_BIT,
        GFP_NOFAIL_BIT,
        GFP_NOMEMALLOC_BIT,
        GFP_NORETRY_BIT,
        GFP_RETRY_MAYFAIL_BIT,
        GFP_THISNODE_BIT,
        GFP_WRITE_BIT,
        MAX_NR_ZONES,
        MAX_PAGE_ORDER,
        MIGRATE_HIGHATOMIC,
        MIGRATE_ISOLATE,
        MIGRATE_MOVABLE,
        MIGRATE_PCPTYPES,
        PAGE_ALLOC_COSTLY_ORDER,
        PAGEBLOCK_ORDER,
        ZONE_NORMAL,
        gfp_migratetype,
        gfp_to_alloc_flags,
        gfp_zone,
    )
    from mmtwin.mm.mmzone import ZONE_BELOW_HIGH, ZONE_BOOSTED_WATERMARK, ZoneRecords, Zones
    from mmtwin.mm.page_flags import PG_buddy, PG_head, PG_lru, PG_mlocked, PG_pcp
    from mmtwin.mm.pcp import PerCpuPages
    from mmtwin.mm.types import Currents, Pages, Sysctls, Tasks, U32s, i64, u8, u32, u64
    from mmtwin.mm.uapi import PF_MEMALLOC
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_FREE_PAGES,
        NR_MLOCK,
        NR_VM_NUMA_EVENT_ITEMS,
        NUMA_FOREIGN,
        NUMA_HIT,
        NUMA_LOCAL,
        NUMA_MISS,
        NUMA_OTHER,
        PGALLOC_DMA,
        PGFREE,
        UNEVICTABLE_PGCLEARED,
    )

MAX_RECLAIM_RETRIES = cython.declare(cython.const[cython.int], 16)


@cython.final
@cython.cclass
class PageAlloc:
    """The page allocator."""

    pages: Pages
    records: ZoneRecords
    zonelists: U32s
    preferred: U32s
    current: Currents
    tasks: Tasks
    sysctl: Sysctls
    zones: Zones
    buddy: Buddy
    fallback: Fallback
    pcp: PerCpuPages
    vmstat: VmStat
    clock: Clock
    vmscan = cython.declare("Vmscan")
    oom_kill = cython.declare("OomKill")
    node_dirty = cython.declare("NodeDirty")
    cpu_node: U32s
    nr_nodes: u32
    watch_high: cython.bint  # 6.7 and later: remember which zones are below high

    def __init__(self, arena, config):
        self.nr_nodes = len(config.nodes)
        self.watch_high = config.kernel >= 607
        self.pages = arena.pages
        self.records = arena.zones
        self.zonelists = arena.zonelists
        self.preferred = arena.preferred_zones
        self.current, self.tasks = arena.current, arena.tasks
        self.sysctl = arena.sysctl
        self.cpu_node = arena.array("cpu_to_node", "u32", config.cpus)
        self.config_cpu_node = config.cpu_node

    config_cpu_node = cython.declare(object)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.zones = m.zones
        self.buddy = m.buddy
        self.fallback = m.fallback
        self.pcp = m.pcp
        self.vmstat = m.vmstat
        self.vmscan = m.vmscan
        self.oom_kill = m.oom_kill
        self.clock = m.clock
        self.node_dirty = m.node_dirty

    def boot(self):
        """All memory is with the buddy lists by now: compute watermarks and batches."""
        for cpu, node in enumerate(self.config_cpu_node):
            self.cpu_node[cpu] = node
        self.zones.boot_watermarks()
        for cpu in range(len(self.config_cpu_node)):
            number = self.clock.new_kthread(KTHREAD_VMSTAT, cpu)
            self.clock.wake_kthread(number, NSEC_PER_SEC)

    # -- allocation

    @cython.ccall
    @cython.nogil
    def alloc_pages(self, gfp: u32, order: cython.int, nid: cython.int) -> u64:
        """First pfn of 2**order pages with refcount 1 on the head, or 0.

        nid -1 is the local node (numa_node_id()). With __GFP_COMP the block is one compound page;
        without, the caller must free it with the same order.
        """
        zone_type: u32 = gfp_zone(gfp)
        node: u32 = self.cpu_node[self.current[0].cpu]
        zone: u32
        at: u32
        pfn: u64 = 0
        assert 0 <= order <= MAX_PAGE_ORDER
        if nid >= 0:
            node = nid
        at = self.preferred[node * MAX_NR_ZONES + zone_type]
        zone = self.zonelists[at]
        if order == 0 and self.zones.is_plentiful(zone, zone_type) and self.may_dirty(gfp, zone):
            pfn = self.pcp.take_page(zone, gfp_migratetype(gfp))
            if pfn:
                self.count_allocation(zone, zone, 1)
                self.prep_new_page(pfn, 0, gfp)
                return pfn
        return self.alloc_from_zonelist(gfp, order, at, zone_type)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def may_dirty(self, gfp: u32, zone: u32) -> cython.bint:
        """Not to be written to, or its node has room for dirty pages."""
        if not gfp & GFP_WRITE_BIT:
            return True
        return self.node_dirty.node_dirty_ok(self.records[zone].node)

    @cython.cfunc
    @cython.nogil
    def alloc_from_zonelist(self, gfp: u32, order: cython.int, at: u32, zone_type: u32) -> u64:
        """The long way of alloc_pages(): every zone from position `at` of the zonelists on."""
        alloc_flags: u32 = ALLOC_WMARK_LOW | self.alloc_flags_nofragment(self.zonelists[at], gfp)
        if gfp & GFP_WRITE_BIT:
            alloc_flags |= ALLOC_SPREAD_DIRTY
        pfn: u64 = self.get_page_from_freelist(gfp, order, at, zone_type, alloc_flags)
        if pfn == 0:
            pfn = self.alloc_pages_slowpath(gfp, order, at, zone_type)
        return pfn

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def alloc_flags_nofragment(self, zone: u32, gfp: u32) -> u32:
        """Where a lower zone can help out, Normal is not fragmented at first."""
        flags: u32 = gfp & GFP_KSWAPD_RECLAIM_BIT  # the same bit as ALLOC_KSWAPD
        if zone == 0 or self.records[zone].zone_type != ZONE_NORMAL:
            return flags
        if self.nr_nodes > 1 and self.records[zone - 1].present_pages == 0:
            return flags
        return flags | ALLOC_NOFRAGMENT

    @cython.cfunc
    @cython.nogil
    def get_page_from_freelist(
        self, gfp: u32, order: cython.int, preferred: u32, zone_type: u32, alloc_flags: u32
    ) -> u64:
        """Try the zones from position `preferred` of the zonelists on: a prepared page, or 0."""
        at: u32 = preferred
        zone: u32 = self.zonelists[at]
        first: u32 = zone
        node: u32
        pfn: u64
        while zone:
            pfn = 0
            node = self.records[zone].node
            if alloc_flags & ALLOC_SPREAD_DIRTY and not self.node_dirty.node_dirty_ok(node):
                pass
            elif alloc_flags & ALLOC_NOFRAGMENT and node != self.records[first].node:
                alloc_flags ^= ALLOC_NOFRAGMENT  # local and mixed is better than remote
                at = preferred
                zone = first
                continue
            elif self.records[zone].zone_type <= zone_type:
                if self.may_take(zone, order, zone_type, alloc_flags):
                    pfn = self.rmqueue(zone, first, order, gfp, alloc_flags)
            if pfn:
                self.prep_new_page(pfn, order, gfp)
                if alloc_flags & ALLOC_HIGHATOMIC:
                    self.fallback.reserve_highatomic_pageblock(pfn, zone)
                return pfn
            at += 1
            zone = self.zonelists[at]
            if gfp & GFP_THISNODE_BIT and self.records[zone].node != self.records[first].node:
                zone = 0
            if zone == 0 and alloc_flags & ALLOC_NOFRAGMENT:
                alloc_flags ^= ALLOC_NOFRAGMENT
                at = preferred
                zone = first
        return 0

    @cython.cfunc
    @cython.nogil
    def may_take(
        self, zone: u32, order: cython.int, zone_type: u32, alloc_flags: u32
    ) -> cython.bint:
        """The zone is far enough above the watermark that applies."""
        if self.watch_high and not self.records[zone].flags & ZONE_BELOW_HIGH:
            if self.zones.zone_watermark_fast(
                zone, order, self.zones.high_wmark_pages(zone), zone_type, alloc_flags
            ):
                return True
            self.records[zone].flags |= ZONE_BELOW_HIGH
        if alloc_flags & ALLOC_NO_WATERMARKS:
            return True
        return self.zones.zone_watermark_fast(
            zone, order, self.zones.wmark_pages(zone, alloc_flags), zone_type, alloc_flags
        )

    @cython.cfunc
    @cython.nogil
    def rmqueue(
        self, zone: u32, preferred: u32, order: cython.int, gfp: u32, alloc_flags: u32
    ) -> u64:
        """A block of this zone, from the CPU's set or the buddy lists, with its statistics."""
        migratetype: cython.int = gfp_migratetype(gfp)
        pfn: u64 = 0
        if order <= PAGE_ALLOC_COSTLY_ORDER or order == PAGEBLOCK_ORDER:
            pfn = self.pcp.rmqueue_pcplist(zone, order, migratetype, alloc_flags)
        if pfn == 0:
            pfn = self.rmqueue_buddy(zone, order, migratetype, alloc_flags)
            if pfn == 0:
                return 0
        self.count_allocation(zone, preferred, cython.cast(u64, 1) << order)
        if self.records[zone].flags & ZONE_BOOSTED_WATERMARK and alloc_flags & ALLOC_KSWAPD:
            self.records[zone].flags ^= ZONE_BOOSTED_WATERMARK
            self.vmscan.wakeup_kswapd(zone, 0, 0, self.records[zone].zone_type)
        return pfn

    @cython.cfunc
    @cython.nogil
    def rmqueue_buddy(
        self, zone: u32, order: cython.int, migratetype: cython.int, alloc_flags: u32
    ) -> u64:
        """Straight from the buddy lists; the high-order reserve for those who may, and at last
        for anyone who cannot wait."""
        pfn: u64 = 0
        if alloc_flags & ALLOC_HIGHATOMIC:
            pfn = self.buddy.rmqueue_smallest(zone, order, MIGRATE_HIGHATOMIC)
        if pfn == 0:
            pfn = self.fallback.rmqueue(zone, order, migratetype, alloc_flags)
        if pfn == 0 and alloc_flags & (ALLOC_OOM | ALLOC_NON_BLOCK):
            pfn = self.buddy.rmqueue_smallest(zone, order, MIGRATE_HIGHATOMIC)
        if pfn and self.sysctl[0].kernel < 610:
            self.vmstat.mod_zone_page_state(zone, NR_FREE_PAGES, -(cython.cast(i64, 1) << order))
        return pfn

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def count_allocation(self, zone: u32, preferred: u32, nr: u64) -> cython.int:
        """PGALLOC_*, and the NUMA counters: zone_statistics()."""
        at: u32 = zone * NR_VM_NUMA_EVENT_ITEMS
        self.vmstat.event[PGALLOC_DMA + self.records[zone].zone_type] += nr
        if self.records[zone].node == self.records[preferred].node:
            self.vmstat.numa_event[at + NUMA_HIT] += 1
        else:
            self.vmstat.numa_event[at + NUMA_MISS] += 1
            self.vmstat.count_numa_events(preferred, NUMA_FOREIGN, 1)
        if self.records[zone].node == self.cpu_node[self.current[0].cpu]:
            self.vmstat.numa_event[at + NUMA_LOCAL] += 1
        else:
            self.vmstat.numa_event[at + NUMA_OTHER] += 1
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def prep_new_page(self, pfn: u64, order: cython.int, gfp: u32) -> cython.int:
        """Hand-over: one reference, clean fields."""
        assert self.pages[pfn].refcount == 0 and self.pages[pfn].mapcount == 0
        self.pages[pfn].flags = 0
        self.pages[pfn].order = 0
        self.pages[pfn].refcount = 1
        if order > 0 and gfp & GFP_COMP_BIT:
            self.prep_compound_page(pfn, order)
        return 0

    @cython.cfunc
    @cython.nogil
    def prep_compound_page(self, pfn: u64, order: cython.int) -> cython.int:
        """A compound page's tails know their head."""
        tail: u64
        self.pages[pfn].flags = PG_head
        self.pages[pfn].order = cython.cast(u8, order)
        for tail in range(pfn + 1, pfn + (cython.cast(u64, 1) << order)):
            self.pages[tail].compound_head = cython.cast(u32, pfn)
        return 0

    # -- when no zone is above its low watermark

    @cython.cfunc
    @cython.nogil
    def alloc_pages_slowpath(
        self, gfp: u32, order: cython.int, preferred: u32, zone_type: u32
    ) -> u64:
        """Down to min and below as the flags allow; then reclaim, until there is no progress."""
        alloc_flags: u32 = gfp_to_alloc_flags(gfp, order)
        retries: cython.int = 0
        progress: u64
        pfn: u64
        if alloc_flags & ALLOC_KSWAPD:
            self.wake_all_kswapds(gfp, order, preferred, zone_type)
        pfn = self.get_page_from_freelist(gfp, order, preferred, zone_type, alloc_flags)
        if pfn == 0 and self.pfmemalloc_allowed(gfp):
            alloc_flags = ALLOC_NO_WATERMARKS | (alloc_flags & ALLOC_KSWAPD)
            pfn = self.get_page_from_freelist(gfp, order, preferred, zone_type, alloc_flags)
        while pfn == 0 and gfp & GFP_DIRECT_RECLAIM_BIT and not self.reclaims():
            progress = self.vmscan.try_to_free_pages(gfp, order, preferred, zone_type)
            if progress:
                pfn = self.after_reclaim(gfp, order, preferred, zone_type, alloc_flags)
            if pfn or self.gives_up(gfp, order):
                break
            retries = 0 if progress and order <= PAGE_ALLOC_COSTLY_ORDER else retries + 1
            if self.should_reclaim_retry(gfp, order, preferred, zone_type, alloc_flags, retries):
                pfn = self.get_page_from_freelist(gfp, order, preferred, zone_type, alloc_flags)
                continue
            if not self.may_oom(gfp, order) or self.oom_kill.out_of_memory(gfp, order) == 0:
                break
            if self.oom_kill.is_oom_victim():
                if alloc_flags & ALLOC_OOM or gfp & GFP_NOMEMALLOC_BIT:
                    break
                alloc_flags = ALLOC_OOM | (alloc_flags & ALLOC_KSWAPD)
            pfn = self.get_page_from_freelist(gfp, order, preferred, zone_type, alloc_flags)
            retries = 0
        if pfn == 0 and gfp & GFP_NOFAIL_BIT:
            alloc_flags |= ALLOC_NO_WATERMARKS
            pfn = self.get_page_from_freelist(gfp, order, preferred, zone_type, alloc_flags)
        return pfn

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def reclaims(self) -> cython.bint:
        """Whether the current task is in the middle of reclaim, and must not begin it again."""
        return self.tasks[self.current[0].task].flags & PF_MEMALLOC != 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def pfmemalloc_allowed(self, gfp: u32) -> cython.bint:
        """Whether the request may have the reserves whole: __gfp_pfmemalloc_flags()."""
        if gfp & GFP_NOMEMALLOC_BIT:
            return False
        return gfp & GFP_MEMALLOC_BIT != 0 or self.reclaims()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def may_oom(self, gfp: u32, order: cython.int) -> cython.bint:
        """Whether somebody may be killed for this request: __alloc_pages_may_oom()."""
        if order > PAGE_ALLOC_COSTLY_ORDER:
            return False
        return gfp & (GFP_RETRY_MAYFAIL_BIT | GFP_THISNODE_BIT) == 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def gives_up(self, gfp: u32, order: cython.int) -> cython.bint:
        """Whether the caller prefers failure to another round of reclaim."""
        if gfp & GFP_NORETRY_BIT:
            return True
        return order > PAGE_ALLOC_COSTLY_ORDER and not gfp & GFP_RETRY_MAYFAIL_BIT

    @cython.cfunc
    @cython.nogil
    def after_reclaim(
        self, gfp: u32, order: cython.int, preferred: u32, zone_type: u32, alloc_flags: u32
    ) -> u64:
        """Try again; if others or the per-CPU sets have what was freed, drain those and try once
        more: __alloc_pages_direct_reclaim()."""
        pfn: u64 = self.get_page_from_freelist(gfp, order, preferred, zone_type, alloc_flags)
        if pfn == 0:
            self.unreserve_highatomic(preferred, gfp, False)
            self.pcp.drain_all_pages()
            pfn = self.get_page_from_freelist(gfp, order, preferred, zone_type, alloc_flags)
        return pfn

    @cython.cfunc
    @cython.nogil
    def should_reclaim_retry(
        self,
        gfp: u32,
        order: cython.int,
        preferred: u32,
        zone_type: u32,
        alloc_flags: u32,
        retries: cython.int,
    ) -> cython.bint:
        """Whether reclaim is worth another round: for so long, while a zone would be above min if
        everything that can be reclaimed were. Before somebody is killed the high-order reserve
        goes; pages on per-CPU sets stay there."""
        at: u32 = preferred
        zone: u32 = self.zonelists[at]
        mark: i64
        available: i64
        while zone and retries <= MAX_RECLAIM_RETRIES:
            mark = self.zones.wmark_pages(zone, ALLOC_WMARK_MIN)
            available = self.vmscan.zone_reclaimable_pages(zone)
            available += self.vmstat.zone_page_state(zone, NR_FREE_PAGES)
            if self.zones.watermark_ok(zone, order, mark, zone_type, alloc_flags, available):
                return True
            at += 1
            zone = self.zonelists[at]
        return self.unreserve_highatomic(preferred, gfp, True) != 0

    @cython.cfunc
    @cython.nogil
    def unreserve_highatomic(self, preferred: u32, gfp: u32, force: cython.bint) -> cython.int:
        """Give back one reserved pageblock of the first zone that has one to spare."""
        at: u32 = preferred
        while self.zonelists[at]:
            if self.records[self.zonelists[at]].nr_reserved_highatomic:
                if self.fallback.unreserve_highatomic_pageblock(
                    self.zonelists[at], gfp_migratetype(gfp), force
                ):
                    return 1
            at += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def wake_all_kswapds(
        self, gfp: u32, order: cython.int, preferred: u32, zone_type: u32
    ) -> cython.int:
        """Wake the kswapd of every node that the request could use."""
        at: u32 = preferred
        zone: u32 = self.zonelists[at]
        last: u32 = 0
        while zone:
            if self.records[zone].zone_type <= zone_type:
                if last == 0 or self.records[last].node != self.records[zone].node:
                    self.vmscan.wakeup_kswapd(zone, gfp, order, zone_type)
                last = zone
            at += 1
            zone = self.zonelists[at]
        return 0

    # -- giving back

    @cython.ccall
    @cython.nogil
    def free_pages(self, pfn: u64, order: cython.int) -> cython.int:
        """Give back a block whose refcount is 0: free_unref_page(), __free_pages_ok()."""
        zone: u32 = self.pages[pfn].zone
        migratetype: cython.int = self.buddy.get_pageblock_migratetype(pfn)
        self.free_pages_prepare(pfn, order)
        self.vmstat.event[PGFREE] += cython.cast(u64, 1) << order
        if order > PAGE_ALLOC_COSTLY_ORDER and order != PAGEBLOCK_ORDER:
            return self.buddy.free_one_page(pfn, zone, order, False)
        if migratetype >= MIGRATE_PCPTYPES:
            if migratetype == MIGRATE_ISOLATE:
                return self.buddy.free_one_page(pfn, zone, order, False)
            migratetype = MIGRATE_MOVABLE
        return self.pcp.free_unref_page_commit(pfn, zone, order, migratetype)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def free_pages_prepare(self, pfn: u64, order: cython.int) -> cython.int:
        """Asserts that nobody uses the page, and wipes what belonged to its last owner."""
        assert self.pages[pfn].refcount == 0 and self.pages[pfn].mapcount == 0
        assert not self.pages[pfn].flags & (PG_buddy | PG_pcp | PG_lru)
        if self.pages[pfn].flags & (PG_head | PG_mlocked):
            self.free_special(pfn, order)
        self.pages[pfn].mapping = 0
        self.pages[pfn].index = 0
        self.pages[pfn].private = 0
        self.pages[pfn].memcg = 0
        self.pages[pfn].content = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def free_special(self, pfn: u64, order: cython.int) -> cython.int:
        """A compound page comes apart; a page freed while locked counts as cleared."""
        nr: i64 = cython.cast(i64, 1) << order
        tail: u64
        if self.pages[pfn].flags & PG_mlocked:
            self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_MLOCK, -nr)
            self.vmstat.count_vm_events(UNEVICTABLE_PGCLEARED, nr)
        if self.pages[pfn].flags & PG_head:
            assert self.pages[pfn].order == order
            for tail in range(pfn + 1, pfn + (cython.cast(u64, 1) << order)):
                self.pages[tail].compound_head = 0
        return 0

    # -- periodic work, and figures

    @cython.ccall
    @cython.nogil
    def refresh_cpu(self, cpu: u32) -> cython.int:
        """One CPU's vmstat_update(), every stat_interval: fold counters, let page sets decay."""
        zone: u32
        self.vmstat.refresh_cpu_vm_stats(cpu)
        if self.watch_high:
            for zone in range(1, self.zones.nr_zones):
                if self.records[zone].managed_pages:
                    self.pcp.decay_pcp_high(zone, cpu)
        return 0

    @cython.ccall
    @cython.nogil
    def vmstat_update(self, cpu: u32) -> u64:
        """Every stat_interval: refresh_cpu(), if the CPU holds anything back, for which
        vmstat_shepherd() looks as often. When to look again."""
        if self.vmstat.need_update(cpu):
            self.refresh_cpu(cpu)
        seconds: u64 = cython.cast(u64, max(self.sysctl[0].stat_interval, 1))
        return self.clock.now() + seconds * NSEC_PER_SEC

    def stat_refresh(self):
        """A write to vm/stat_refresh: vmstat_refresh()."""
        for cpu in range(len(self.config_cpu_node)):
            self.refresh_cpu(cpu)

    def nr_allocated(self, zone):
        """Pages of a zone that somebody holds."""
        free = self.vmstat.zone_page_state_snapshot(zone, NR_FREE_PAGES)
        return self.records[zone].managed_pages - free - self.pcp.nr_pcp_pages(zone)

    def check(self):
        """Managed memory is free, on per-CPU sets, or in use: no page is in two places."""
        for zone in range(1, self.zones.nr_zones):
            assert self.nr_allocated(zone) >= 0, zone
