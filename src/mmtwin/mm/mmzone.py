"""Nodes, zones, zonelists, and the watermarks that decide when a zone is too empty.

    free pages of a zone
    |-- 0 ---- min ---- low ---- high ---------------------- managed
         |      |        |         `- kswapd stops here
         |      |        `- allocations wake kswapd below this
         |      `- ordinary allocations must reclaim below this
         `- the reserve of GFP_ATOMIC and OOM victims

A zone's index is 1 + node * MAX_NR_ZONES + type, so that 0 in Page.zone means "not known yet".
An allocation that could also use a higher zone must leave lowmem_reserve pages more in a lower
one. NR_FREE_PAGES is compared as the zone's counter stands: what CPUs hold back is not seen.

Models include/linux/mmzone.h, mm/mm_init.c, mm/page_alloc.c: build_zonelists(),
__zone_watermark_ok(), zone_watermark_fast(), setup_per_zone_wmarks(),
setup_per_zone_lowmem_reserve(), calculate_totalreserve_pages(), nr_free_zone_pages();
mm/khugepaged.c: set_recommended_min_free_kbytes().
Not modelled: memory hotplug, CMA (off in Debian): both would add types that stay empty here.

Invariants: min <= low <= high <= promo; a zone's pages are one node's; present >= managed.
"""

import math

import cython

from mmtwin.mm.boot_memory import (
    INIT_PAGES,
    KERNEL_START,
    node_distance,
    nodes_by_distance,
    zone_spans,
)

if not cython.compiled:
    from mmtwin.mm.gfp import (
        ALLOC_HIGHATOMIC,
        ALLOC_MIN_RESERVE,
        ALLOC_NON_BLOCK,
        ALLOC_OOM,
        ALLOC_RESERVES,
        ALLOC_WMARK_MASK,
        ALLOC_WMARK_MIN,
        MAX_NR_ZONES,
        MIGRATE_HIGHATOMIC,
        MIGRATE_MOVABLE,
        MIGRATE_RECLAIMABLE,
        MIGRATE_UNMOVABLE,
        NR_PAGE_ORDERS,
        PAGEBLOCK_NR_PAGES,
        ZONE_MOVABLE,
        ZONE_NORMAL,
    )
    from mmtwin.mm.mem_map import MemMap
    from mmtwin.mm.types import I64s, Pages, Sysctls, U32s, i64, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_ACTIVE_FILE,
        NR_FREE_PAGES,
        NR_INACTIVE_FILE,
        NR_KERNEL_MISC_RECLAIMABLE,
        NR_SLAB_RECLAIMABLE_B,
        NR_VM_ZONE_STAT_ITEMS,
    )

# struct zone: 128 bytes. Lists and counters stand in arrays of their own (buddy.py, vmstat.py).
Zone = cython.struct(
    zone_start_pfn=u64,
    spanned_pages=u64,
    present_pages=u64,
    managed_pages=u64,
    watermark_min=u64,  # pages, without the boost
    watermark_low=u64,
    watermark_high=u64,
    watermark_promo=u64,
    watermark_boost=u64,  # added to all four while fragmentation is being fought
    nr_reserved_highatomic=u64,  # pages of pageblocks kept for high-order atomic allocations
    nr_free_highatomic=u64,
    nr_pageblocks=u64,  # those that it spans
    node=u32,
    zone_type=u32,  # ZONE_*
    flags=u32,  # ZONE_BELOW_HIGH ...
    deferred=u32,  # first record of its never touched memory (buddy.py), 0 if none is left
    kswapd_wakeups=u64,
)

if cython.compiled:
    ZoneRecords = cython.typedef(Zone[::1])
else:
    ZoneRecords = object

# Zone.flags
ZONE_BOOSTED_WATERMARK = cython.declare(cython.const[cython.uint], 1)  # kswapd is to be woken
ZONE_RECLAIM_ACTIVE = cython.declare(cython.const[cython.uint], 2)  # kswapd works on it
ZONE_BELOW_HIGH = cython.declare(cython.const[cython.uint], 4)  # from 6.7: seen below high

SWAP_CLUSTER_MAX = cython.declare(cython.const[cython.int], 32)
MIN_FREE_KBYTES_MIN = cython.declare(cython.const[cython.int], 128)
MIN_FREE_KBYTES_MAX = cython.declare(cython.const[cython.int], 262144)
MIGRATE_PCPTYPES_SQUARED = cython.declare(cython.const[cython.int], 9)
THP_MIN_PAGES = cython.declare(cython.const[cython.int], 131072)  # 512 MiB: less boots with THP off
DEFAULT_LOWMEM_RESERVE_RATIO = (256, 256, 32, 0)


@cython.final
@cython.cclass
class Zones:
    """The zones of the machine."""

    zones: ZoneRecords
    zonelists: U32s  # node * zonelist_length: zone indices, nearest first, 0 at the end
    preferred: U32s  # node * MAX_NR_ZONES + type: position of the first zone of at most that type
    lowmem_reserve: I64s  # zone * MAX_NR_ZONES + type of the allocation
    lowmem_reserve_ratio: I64s  # type
    totalreserve: I64s  # totalreserve_pages: the machine's, then those of node 0, 1 ...
    pages: Pages
    sysctl: Sysctls
    vmstat: VmStat
    mem_map: MemMap
    nr_nodes: u32
    nr_zones: u32  # one more than the highest zone index
    zonelist_length: u32
    config = cython.declare(object)
    pcp: object

    def __init__(self, arena, config):
        self.config = config
        self.nr_nodes = len(config.nodes)
        self.nr_zones = 1 + MAX_NR_ZONES * self.nr_nodes
        self.zonelist_length = self.nr_zones
        self.zones = arena.array("zones", "mmzone.Zone", self.nr_zones)
        self.zonelists = arena.array("zonelists", "u32", self.nr_nodes * self.zonelist_length)
        self.preferred = arena.array("preferred_zones", "u32", self.nr_nodes * MAX_NR_ZONES)
        self.lowmem_reserve = arena.array("lowmem_reserve", "i64", self.nr_zones * MAX_NR_ZONES)
        self.lowmem_reserve_ratio = arena.array("lowmem_reserve_ratio", "i64", MAX_NR_ZONES)
        self.totalreserve = arena.array("totalreserve_pages", "i64", 1 + self.nr_nodes)
        self.pages = arena.pages
        self.sysctl = arena.sysctl

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.vmstat = m.vmstat
        self.mem_map = m.mem_map
        self.pcp = m.pcp

    def boot(self):
        """Lay out the zones; watermarks follow once the allocator has the memory."""
        for zone in range(1, self.nr_zones):
            self.zones[zone].node = (zone - 1) // MAX_NR_ZONES
            self.zones[zone].zone_type = (zone - 1) % MAX_NR_ZONES
        for span in zone_spans(self.config):
            zone = self.zone_index(span.node, span.zone_type)
            self.zones[zone].zone_start_pfn = span.start
            self.zones[zone].spanned_pages = span.spanned_pages
            self.zones[zone].present_pages = span.present_pages
            self.zones[zone].managed_pages = span.managed_pages
            self.zones[zone].nr_pageblocks = -(-span.spanned_pages // PAGEBLOCK_NR_PAGES)
        for zone_type, ratio in enumerate(DEFAULT_LOWMEM_RESERVE_RATIO):
            self.lowmem_reserve_ratio[zone_type] = ratio
        self.build_all_zonelists()

    # -- where a frame belongs

    @cython.ccall
    @cython.nogil
    def zone_of(self, pfn: u64) -> u32:
        """Index into `zones` of the zone that holds pfn, 0 for a hole: page_zone()."""
        zone: u32 = self.pages[pfn].zone
        if zone:
            return zone
        for zone in range(1, self.nr_zones):
            if self.zones[zone].zone_start_pfn <= pfn:
                if pfn < self.zones[zone].zone_start_pfn + self.zones[zone].spanned_pages:
                    return zone
        return 0

    @cython.ccall
    @cython.nogil
    def nid_of(self, pfn: u64) -> u32:
        """Node of a frame: page_to_nid()."""
        return self.zones[self.zone_of(pfn)].node

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def zone_index(self, node: u32, zone_type: u32) -> u32:
        """Index into `zones`: NODE_DATA(node)->node_zones[zone_type]."""
        return 1 + node * MAX_NR_ZONES + zone_type

    # -- the order in which zones are asked

    def build_all_zonelists(self):
        """For each node: all populated zones, near nodes first, high zones first in a node."""
        for node, order in enumerate(nodes_by_distance(self.config)):
            at = node * self.zonelist_length
            for other in order:
                for zone_type in range(MAX_NR_ZONES - 1, -1, -1):
                    zone = self.zone_index(other, zone_type)
                    if self.zones[zone].managed_pages:
                        self.zonelists[at] = zone
                        at += 1
            self.zonelists[at] = 0
            for zone_type in range(MAX_NR_ZONES):
                self.preferred[node * MAX_NR_ZONES + zone_type] = self._first_of(node, zone_type)

    def _first_of(self, node, zone_type):
        at = node * self.zonelist_length
        while self.zonelists[at]:
            if self.zones[self.zonelists[at]].zone_type <= zone_type:
                break
            at += 1
        return at

    def node_distance(self, node, other):
        """SLIT distance: 10 for itself, by default 20 for any other."""
        return node_distance(self.config, node, other)

    # -- is there enough?

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def wmark_pages(self, zone: u32, alloc_flags: u32) -> i64:
        """The watermark that the flags name, boost included: wmark_pages()."""
        mark: u64 = self.zones[zone].watermark_boost
        which: u32 = alloc_flags & ALLOC_WMARK_MASK
        if which == 0:
            mark += self.zones[zone].watermark_min
        elif which == 1:
            mark += self.zones[zone].watermark_low
        else:
            mark += self.zones[zone].watermark_high
        return mark

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def high_wmark_pages(self, zone: u32) -> i64:
        """The high watermark with its boost."""
        return self.zones[zone].watermark_high + self.zones[zone].watermark_boost

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def is_plentiful(self, zone: u32, zone_type: u32) -> cython.bint:
        """A single page can be had without a second thought: the zone is not marked for kswapd,
        and above its high watermark even for those who may not touch any reserve."""
        free: i64 = self.vmstat.zone_stat[zone * NR_VM_ZONE_STAT_ITEMS]
        mark: u64 = self.zones[zone].watermark_high + self.zones[zone].watermark_boost
        mark += self.zones[zone].nr_reserved_highatomic
        free -= cython.cast(i64, mark)
        if self.zones[zone].flags:
            return False
        return free > self.lowmem_reserve[zone * MAX_NR_ZONES + zone_type]

    @cython.cfunc
    @cython.nogil
    def zone_watermark_fast(
        self, zone: u32, order: cython.int, mark: i64, zone_type: u32, alloc_flags: u32
    ) -> cython.bint:
        """zone_watermark_ok() with a short way for single pages: zone_watermark_fast().

        `zone_type` is the highest that the allocation could use (highest_zoneidx).
        """
        free: i64 = self.vmstat.zone_page_state(zone, NR_FREE_PAGES)
        usable: i64 = free
        if order == 0:
            if not alloc_flags & ALLOC_RESERVES:
                usable -= self.unusable_highatomic(zone)
            if usable > mark + self.lowmem_reserve[zone * MAX_NR_ZONES + zone_type]:
                return True
        if self.watermark_ok(zone, order, mark, zone_type, alloc_flags, free):
            return True
        if order == 0 and alloc_flags & ALLOC_MIN_RESERVE and self.zones[zone].watermark_boost:
            if (alloc_flags & ALLOC_WMARK_MASK) == ALLOC_WMARK_MIN:
                mark = self.zones[zone].watermark_min  # no boost against __GFP_HIGH
                return self.watermark_ok(zone, 0, mark, zone_type, alloc_flags, free)
        return False

    @cython.cfunc
    @cython.nogil
    def zone_watermark_ok(
        self, zone: u32, order: cython.int, mark: i64, zone_type: u32, alloc_flags: u32
    ) -> cython.bint:
        """Whether a block of that order may be taken: zone_watermark_ok()."""
        free: i64 = self.vmstat.zone_page_state(zone, NR_FREE_PAGES)
        return self.watermark_ok(zone, order, mark, zone_type, alloc_flags, free)

    @cython.cfunc
    @cython.nogil
    def watermark_ok(
        self,
        zone: u32,
        order: cython.int,
        mark: i64,
        zone_type: u32,
        alloc_flags: u32,
        free: i64,
    ) -> cython.bint:
        """__zone_watermark_ok(): free pages above the mark, and a block that is large enough."""
        free -= (1 << order) - 1
        if not alloc_flags & ALLOC_RESERVES:
            free -= self.unusable_highatomic(zone)
        if alloc_flags & ALLOC_MIN_RESERVE:
            mark -= mark // 2
            if alloc_flags & ALLOC_NON_BLOCK:
                mark -= mark // 4
        if alloc_flags & ALLOC_OOM:
            mark -= mark // 2
        if free <= mark + self.lowmem_reserve[zone * MAX_NR_ZONES + zone_type]:
            return False
        return order == 0 or self.has_block(zone, order, alloc_flags)

    @cython.cfunc
    @cython.nogil
    def has_block(self, zone: u32, order: cython.int, alloc_flags: u32) -> cython.bint:
        """Whether a free block of at least that order is on a list that the flags may use."""
        o: cython.int
        for o in range(order, NR_PAGE_ORDERS):
            if self.mem_map.nr_blocks(zone, o, MIGRATE_UNMOVABLE):
                return True
            if self.mem_map.nr_blocks(zone, o, MIGRATE_MOVABLE):
                return True
            if self.mem_map.nr_blocks(zone, o, MIGRATE_RECLAIMABLE):
                return True
            if alloc_flags & (ALLOC_HIGHATOMIC | ALLOC_OOM):
                if self.mem_map.nr_blocks(zone, o, MIGRATE_HIGHATOMIC):
                    return True
        return False

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def unusable_highatomic(self, zone: u32) -> i64:
        """What is kept from ordinary allocations: from 6.12 only what is free of the reserve."""
        if self.sysctl[0].kernel >= 612:
            return self.zones[zone].nr_free_highatomic
        return self.zones[zone].nr_reserved_highatomic

    # -- computing the watermarks

    def boot_watermarks(self):
        """What the kernel computes while it boots: init_per_zone_wmark_min(), hugepage_init().

        Thresholds and lowmem reserves stay as they were before the init sections were freed.
        """
        zone: u32
        pages: u64
        unfreed = self._init_memory()
        for zone, pages in unfreed.items():
            self.zones[zone].managed_pages -= pages
        if self.sysctl[0].min_free_kbytes <= 0:
            self.calculate_min_free_kbytes()
        self.setup_per_zone_wmarks()
        for zone in range(1, self.nr_zones):
            self.vmstat.set_zone_threshold(zone, self.zones[zone].managed_pages)
        self.setup_per_zone_lowmem_reserve()
        for zone, pages in unfreed.items():
            self.zones[zone].managed_pages += pages
        if self.totalram_pages() < THP_MIN_PAGES:
            self.sysctl[0].thp_enabled = 0
        self.set_recommended_min_free_kbytes()

    def _init_memory(self):
        """{zone: pages} of init sections and initramfs, which the zone of the kernel's image holds;
        what a small machine has no room for there lies in the zones below."""
        left, found = INIT_PAGES, {}
        for zone in range(self.zone_of(KERNEL_START), 0, -1):
            found[zone] = min(left, self.zones[zone].managed_pages)
            left -= found[zone]
        return found

    def calculate_min_free_kbytes(self):
        """Set min_free_kbytes from the size of low memory: calculate_min_free_kbytes()."""
        lowmem_kbytes = self.nr_free_buffer_pages() * 4
        value = math.isqrt(lowmem_kbytes * 16)
        value = min(max(value, MIN_FREE_KBYTES_MIN), MIN_FREE_KBYTES_MAX)
        self.sysctl[0].min_free_kbytes = value

    def set_recommended_min_free_kbytes(self):
        """khugepaged's raise of min_free_kbytes while huge pages are on, else its own formula.

        To be called after transparent_hugepage/enabled changes. Recomputes the watermarks.
        """
        if not self.sysctl[0].thp_enabled:
            self.calculate_min_free_kbytes()
        else:
            populated = [
                zone
                for zone in range(1, self.nr_zones)
                if self.zones[zone].present_pages and self.zones[zone].zone_type <= ZONE_NORMAL
            ]
            pages = PAGEBLOCK_NR_PAGES * len(populated) * (2 + MIGRATE_PCPTYPES_SQUARED)
            pages = min(pages, self.nr_free_buffer_pages() // 20)
            self.sysctl[0].min_free_kbytes = max(self.sysctl[0].min_free_kbytes, pages * 4)
        self.setup_per_zone_wmarks()

    def setup_per_zone_wmarks(self):
        """Spread min_free_kbytes over the zones; to be called after it or
        watermark_scale_factor changes."""
        pages_min = self.sysctl[0].min_free_kbytes >> 2
        lowmem = sum(
            self.zones[zone].managed_pages
            for zone in range(1, self.nr_zones)
            if self.zones[zone].zone_type != ZONE_MOVABLE
        )
        for zone in range(1, self.nr_zones):
            managed = self.zones[zone].managed_pages
            share = pages_min * managed // lowmem
            low = share
            if self.zones[zone].zone_type == ZONE_MOVABLE:
                low = min(max(managed // 1024, SWAP_CLUSTER_MAX), 128)
            gap = max(share >> 2, managed * self.sysctl[0].watermark_scale_factor // 10000)
            self.zones[zone].watermark_boost = 0
            self.zones[zone].watermark_min = low
            self.zones[zone].watermark_low = low + gap
            self.zones[zone].watermark_high = low + 2 * gap
            self.zones[zone].watermark_promo = low + 3 * gap
        self.pcp.set_batches()
        self.calculate_totalreserve_pages()

    def setup_per_zone_lowmem_reserve(self):
        """Pages of each zone kept from allocations that a higher zone could serve; to be called
        after lowmem_reserve_ratio changes."""
        for zone in range(1, self.nr_zones):
            ratio = self.lowmem_reserve_ratio[self.zones[zone].zone_type]
            above = 0
            for zone_type in range(self.zones[zone].zone_type + 1, MAX_NR_ZONES):
                above += self.zones[self.zone_index(self.zones[zone].node, zone_type)].managed_pages
                off = ratio < 1 or not self.zones[zone].managed_pages
                self.lowmem_reserve[zone * MAX_NR_ZONES + zone_type] = 0 if off else above // ratio
        self.calculate_totalreserve_pages()

    def calculate_totalreserve_pages(self):
        """What of free memory user space cannot have: calculate_totalreserve_pages()."""
        for cell in range(1 + self.nr_nodes):
            self.totalreserve[cell] = 0
        for zone in range(1, self.nr_zones):
            managed = self.zones[zone].managed_pages
            reserve = min(max(self.protection(zone)) + self.high_wmark_pages(zone), managed)
            self.totalreserve[0] += reserve
            self.totalreserve[1 + self.zones[zone].node] += reserve

    # -- figures for the views

    def protection(self, zone):
        """lowmem_reserve of a zone, by the type of the allocation (ZONE_DMA first)."""
        return [self.lowmem_reserve[zone * MAX_NR_ZONES + t] for t in range(MAX_NR_ZONES)]

    def watermarks(self, zone):
        """{"boost", "min", "low", "high", "promo"} in pages as zoneinfo shows them, each of the
        latter four with the boost."""
        boost = self.zones[zone].watermark_boost
        return {
            "boost": boost,
            "min": self.zones[zone].watermark_min + boost,
            "low": self.zones[zone].watermark_low + boost,
            "high": self.zones[zone].watermark_high + boost,
            "promo": self.zones[zone].watermark_promo + boost,
        }

    def totalram_pages(self):
        """Managed pages of all zones: MemTotal."""
        return sum(self.zones[zone].managed_pages for zone in range(1, self.nr_zones))

    def totalreserve_pages(self):
        """totalreserve_pages as last computed."""
        return self.totalreserve[0]

    def nr_free_buffer_pages(self):
        """Managed pages above the high watermark that GFP_USER reaches: nr_free_buffer_pages()."""
        return sum(
            max(0, self.zones[zone].managed_pages - self.high_wmark_pages(zone))
            for zone in range(1, self.nr_zones)
            if self.zones[zone].zone_type <= ZONE_NORMAL
        )

    def si_mem_available(self):
        """MemAvailable in pages: si_mem_available()."""
        wmark_low = sum(self.watermarks(zone)["low"] for zone in range(1, self.nr_zones))
        node_state = self.vmstat.global_node_page_state
        pagecache = node_state(NR_ACTIVE_FILE) + node_state(NR_INACTIVE_FILE)
        reclaimable = node_state(NR_SLAB_RECLAIMABLE_B) + node_state(NR_KERNEL_MISC_RECLAIMABLE)
        available = self.vmstat.global_zone_page_state(NR_FREE_PAGES) - self.totalreserve_pages()
        available += pagecache - min(pagecache // 2, wmark_low)
        available += reclaimable - min(reclaimable // 2, wmark_low)
        return max(0, available)

    def check(self):
        """Layout and watermarks are in order."""
        for zone in range(1, self.nr_zones):
            present = self.zones[zone].present_pages
            assert self.zones[zone].managed_pages <= present <= self.zones[zone].spanned_pages
            marks = list(self.watermarks(zone).values())[1:]
            assert marks == sorted(marks)
            node, zone_type = self.zones[zone].node, self.zones[zone].zone_type
            assert zone == self.zone_index(node, zone_type)
