"""When a mobility has no free block left: take from another, if possible with its pageblock.

Mixing mobilities in a pageblock is what fragments memory, so a fallback takes the largest block
there is and, if enough of the pageblock is free or alike, claims the whole pageblock. Each time it
must mix, the watermarks are boosted a little, so that kswapd frees more.

Models mm/page_alloc.c: __rmqueue(), __rmqueue_fallback(), find_suitable_fallback(),
steal_suitable_fallback(), boost_watermark(), reserve_highatomic_pageblock(),
unreserve_highatomic_pageblock(); from 6.15 on __rmqueue_claim() and __rmqueue_steal().
Not modelled: the search modes that 6.18's rmqueue_bulk() remembers within one batch (they save
time, not choices); defrag_mode (6.15, off by default).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.buddy import Buddy
    from mmtwin.mm.gfp import (
        ALLOC_KSWAPD,
        ALLOC_NOFRAGMENT,
        MAX_PAGE_ORDER,
        MIGRATE_HIGHATOMIC,
        MIGRATE_MOVABLE,
        MIGRATE_PCPTYPES,
        MIGRATE_RECLAIMABLE,
        MIGRATE_UNMOVABLE,
        NR_PAGE_ORDERS,
        PAGEBLOCK_NR_PAGES,
        PAGEBLOCK_ORDER,
    )
    from mmtwin.mm.mem_map import MemMap
    from mmtwin.mm.mmzone import ZONE_BOOSTED_WATERMARK, ZoneRecords, Zones
    from mmtwin.mm.types import Pages, Sysctls, i64, u32, u64


@cython.final
@cython.cclass
class Fallback:
    """Allocation from the buddy lists with fallback to other mobilities."""

    pages: Pages
    records: ZoneRecords
    sysctl: Sysctls
    mem_map: MemMap
    zones: Zones
    buddy: Buddy

    def __init__(self, arena, config):
        self.pages = arena.pages
        self.records = arena.zones
        self.sysctl = arena.sysctl

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.mem_map = m.mem_map
        self.zones = m.zones
        self.buddy = m.buddy

    @cython.cfunc
    @cython.nogil
    def rmqueue(
        self, zone: u32, order: cython.int, migratetype: cython.int, alloc_flags: u32
    ) -> u64:
        """A free block of that mobility, or from another one's: __rmqueue(), or 0."""
        pfn: u64 = self.buddy.rmqueue_smallest(zone, order, migratetype)
        if pfn:
            return pfn
        if self.sysctl[0].kernel >= 615:
            return self.claim_or_steal(zone, order, migratetype, alloc_flags)
        return self.rmqueue_fallback(zone, order, migratetype, alloc_flags)

    # -- up to 6.14

    @cython.cfunc
    @cython.nogil
    def rmqueue_fallback(
        self, zone: u32, order: cython.int, start_type: cython.int, alloc_flags: u32
    ) -> u64:
        """From the largest block of another type; a movable request that may not claim its
        pageblock takes the smallest instead."""
        current: cython.int = MAX_PAGE_ORDER
        lowest: cython.int = self.lowest_order(order, alloc_flags)
        while current >= lowest:
            if self.find_suitable_fallback(zone, current, start_type) >= 0:
                break
            current -= 1
        if current < lowest:
            return 0
        if start_type == MIGRATE_MOVABLE and current > order:
            if not self.can_steal(current, start_type):
                current = order
                while self.find_suitable_fallback(zone, current, start_type) < 0:
                    current += 1
        return self.steal_suitable_fallback(zone, current, order, start_type, alloc_flags)

    @cython.cfunc
    @cython.nogil
    def steal_suitable_fallback(
        self,
        zone: u32,
        current: cython.int,
        order: cython.int,
        start_type: cython.int,
        alloc_flags: u32,
    ) -> u64:
        """Take a block of order `current`, claiming its pageblock where the rules allow."""
        from_type: cython.int = self.find_suitable_fallback(zone, current, start_type)
        pfn: u64 = self.buddy.get_page_from_free_area(zone, current, from_type)
        claimed: u64
        if current < PAGEBLOCK_ORDER:
            self.boost_watermark(zone, alloc_flags)
        if self.can_steal(current, start_type):
            claimed = self.try_to_claim_block(pfn, zone, current, order, start_type, from_type)
            if claimed:
                return claimed
        return self.take_single(pfn, zone, current, order, start_type, from_type)

    @cython.cfunc
    @cython.nogil
    def take_single(
        self,
        pfn: u64,
        zone: u32,
        current: cython.int,
        order: cython.int,
        start_type: cython.int,
        from_type: cython.int,
    ) -> u64:
        """Only this block, whose rest stays with its pageblock's type (before 6.10: goes to the
        taker's lists)."""
        if self.sysctl[0].kernel < 610:
            self.buddy.del_page_from_free_list(pfn, zone, current, from_type)
            self.buddy.expand(pfn, zone, order, current, start_type)
            return pfn
        self.buddy.page_del_and_expand(pfn, zone, order, current, from_type)
        return pfn

    # -- from 6.15

    @cython.cfunc
    @cython.nogil
    def claim_or_steal(
        self, zone: u32, order: cython.int, start_type: cython.int, alloc_flags: u32
    ) -> u64:
        """First look, largest first, for a pageblock to claim; then take the smallest block."""
        current: cython.int = MAX_PAGE_ORDER
        lowest: cython.int = self.lowest_order(order, alloc_flags)
        from_type: cython.int
        pfn: u64
        while current >= lowest and self.can_steal(current, start_type):
            from_type = self.find_suitable_fallback(zone, current, start_type)
            if from_type >= 0:
                pfn = self.buddy.get_page_from_free_area(zone, current, from_type)
                if current < PAGEBLOCK_ORDER:
                    self.boost_watermark(zone, alloc_flags)
                pfn = self.try_to_claim_block(pfn, zone, current, order, start_type, from_type)
                if pfn:
                    return pfn
            current -= 1
        if alloc_flags & ALLOC_NOFRAGMENT:
            return 0
        return self.steal_smallest(zone, order, start_type)

    @cython.cfunc
    @cython.nogil
    def steal_smallest(self, zone: u32, order: cython.int, start_type: cython.int) -> u64:
        """__rmqueue_steal()."""
        current: cython.int
        from_type: cython.int
        pfn: u64
        for current in range(order, NR_PAGE_ORDERS):
            from_type = self.find_suitable_fallback(zone, current, start_type)
            if from_type >= 0:
                pfn = self.buddy.get_page_from_free_area(zone, current, from_type)
                self.buddy.page_del_and_expand(pfn, zone, order, current, from_type)
                return pfn
        return 0

    # -- the rules

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def lowest_order(self, order: cython.int, alloc_flags: u32) -> cython.int:
        """Without the right to fragment, only whole pageblocks change their type."""
        if order < PAGEBLOCK_ORDER and alloc_flags & ALLOC_NOFRAGMENT:
            return PAGEBLOCK_ORDER
        return order

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def find_suitable_fallback(
        self, zone: u32, order: cython.int, start_type: cython.int
    ) -> cython.int:
        """The first other type, in the kernel's table, that has a block of that order; or -1."""
        first: cython.int = MIGRATE_RECLAIMABLE
        second: cython.int = MIGRATE_MOVABLE
        if start_type == MIGRATE_MOVABLE:
            second = MIGRATE_UNMOVABLE
        elif start_type == MIGRATE_RECLAIMABLE:
            first = MIGRATE_UNMOVABLE
        if self.mem_map.nr_blocks(zone, order, first) > 0:
            return first
        if self.mem_map.nr_blocks(zone, order, second) > 0:
            return second
        return -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def can_steal(self, order: cython.int, start_type: cython.int) -> cython.bint:
        """Whether a whole pageblock may be claimed: can_steal_fallback()."""
        return order >= PAGEBLOCK_ORDER // 2 or start_type != MIGRATE_MOVABLE

    @cython.cfunc
    @cython.nogil
    def try_to_claim_block(
        self,
        pfn: u64,
        zone: u32,
        current: cython.int,
        order: cython.int,
        start_type: cython.int,
        from_type: cython.int,
    ) -> u64:
        """Turn the pageblock to `start_type` if half of it is free or alike: the block to use,
        or 0. Whole pageblocks always turn."""
        free: i64
        block_type: cython.int = self.buddy.get_pageblock_migratetype(pfn)
        if current >= PAGEBLOCK_ORDER:
            return self.claim_whole(pfn, zone, current, order, start_type, from_type)
        free = self.buddy.prep_move_freepages_block(pfn, zone, 0)
        if block_type == MIGRATE_HIGHATOMIC or free < 0:
            return 0
        free += self.alike_pages(pfn, zone, free, start_type, block_type)
        if self.sysctl[0].kernel < 610:
            self.buddy.move_freepages_block(pfn, zone, block_type, start_type)
            if free >= PAGEBLOCK_NR_PAGES // 2:
                self.buddy.set_pageblock_migratetype(pfn, start_type)
            return self.buddy.rmqueue_smallest(zone, order, start_type)
        if free < PAGEBLOCK_NR_PAGES // 2:
            return 0
        self.buddy.move_freepages_block(pfn, zone, block_type, start_type)
        return self.buddy.rmqueue_smallest(zone, order, start_type)

    @cython.cfunc
    @cython.nogil
    def claim_whole(
        self,
        pfn: u64,
        zone: u32,
        current: cython.int,
        order: cython.int,
        start_type: cython.int,
        from_type: cython.int,
    ) -> u64:
        """A free block of one or two pageblocks changes its type."""
        added: i64
        self.buddy.del_page_from_free_list(pfn, zone, current, from_type)
        self.buddy.account_taken(zone, cython.cast(i64, 1) << current, from_type)
        self.buddy.set_pageblock_migratetype(pfn, start_type)
        if current > PAGEBLOCK_ORDER:
            self.buddy.set_pageblock_migratetype(pfn + PAGEBLOCK_NR_PAGES, start_type)
        added = self.buddy.expand(pfn, zone, order, current, start_type)
        self.buddy.account_taken(zone, -added, start_type)
        return pfn

    @cython.cfunc
    @cython.nogil
    def alike_pages(
        self, pfn: u64, zone: u32, free: i64, start_type: cython.int, block_type: cython.int
    ) -> i64:
        """Used pages of a pageblock that suit the taker as well as can be told."""
        movable: i64 = self.buddy.prep_move_freepages_block(pfn, zone, 1)
        if start_type == MIGRATE_MOVABLE:
            return movable
        if block_type == MIGRATE_MOVABLE:
            return PAGEBLOCK_NR_PAGES - (free + movable)
        return 0

    @cython.cfunc
    @cython.nogil
    def boost_watermark(self, zone: u32, alloc_flags: u32) -> cython.int:
        """Raise the zone's watermarks by a pageblock, up to watermark_boost_factor of high."""
        limit: u64 = self.records[zone].watermark_high * self.sysctl[0].watermark_boost_factor
        limit = limit // 10000
        boost: u64 = self.records[zone].watermark_boost + PAGEBLOCK_NR_PAGES
        if limit == 0 or self.records[zone].managed_pages < PAGEBLOCK_NR_PAGES * 4:
            return 0
        if limit < PAGEBLOCK_NR_PAGES:
            limit = PAGEBLOCK_NR_PAGES
        if boost > limit:
            boost = limit
        self.records[zone].watermark_boost = boost
        if alloc_flags & ALLOC_KSWAPD:
            self.records[zone].flags |= ZONE_BOOSTED_WATERMARK
        return 0

    # -- the reserve for high-order atomic allocations

    @cython.cfunc
    @cython.nogil
    def reserve_highatomic_pageblock(self, pfn: u64, zone: u32) -> cython.int:
        """Keep the pageblock of a block just taken for more of its kind, up to 1 % of a zone."""
        limit: u64 = self.records[zone].managed_pages // 100
        block_type: cython.int = self.buddy.get_pageblock_migratetype(pfn)
        if self.sysctl[0].kernel >= 608 and limit < PAGEBLOCK_NR_PAGES:
            return 0
        limit = (limit + PAGEBLOCK_NR_PAGES - 1) // PAGEBLOCK_NR_PAGES * PAGEBLOCK_NR_PAGES
        if self.sysctl[0].kernel < 608:
            limit = self.records[zone].managed_pages // 100 + PAGEBLOCK_NR_PAGES
        if self.records[zone].nr_reserved_highatomic >= limit or block_type >= MIGRATE_PCPTYPES:
            return 0
        self.buddy.move_freepages_block(pfn, zone, block_type, MIGRATE_HIGHATOMIC)
        self.buddy.set_pageblock_migratetype(pfn, MIGRATE_HIGHATOMIC)
        self.records[zone].nr_reserved_highatomic += PAGEBLOCK_NR_PAGES
        return 0

    @cython.cfunc
    @cython.nogil
    def unreserve_highatomic_pageblock(
        self, zone: u32, migratetype: cython.int, force: cython.bint
    ) -> cython.bint:
        """Give one reserved pageblock that has free pages to an ordinary type; before the last
        resort (force) one pageblock stays."""
        order: cython.int
        pfn: u64
        if not force and self.records[zone].nr_reserved_highatomic <= PAGEBLOCK_NR_PAGES:
            return False
        for order in range(NR_PAGE_ORDERS):
            pfn = self.buddy.get_page_from_free_area(zone, order, MIGRATE_HIGHATOMIC)
            if pfn:
                self.records[zone].nr_reserved_highatomic -= PAGEBLOCK_NR_PAGES
                self.buddy.move_freepages_block(pfn, zone, MIGRATE_HIGHATOMIC, migratetype)
                self.buddy.set_pageblock_migratetype(pfn, migratetype)
                return True
        return False
