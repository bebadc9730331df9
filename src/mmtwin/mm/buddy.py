"""The buddy allocator: free blocks of 2**order pages by zone, order and mobility.

A block of order n is aligned to 2**n pages; two neighbours ("buddies") whose pfns differ only in
bit n make a block of order n + 1. Taking a small block splits a large one, lowest part first, so
that single pages come out in ascending order; giving back merges as far as it goes.

    order 3 at 8:  [8 9 10 11 12 13 14 15]   take one page:  8 | 9 | [10 11] | [12 13 14 15]

Every pageblock (2 MiB) has a mobility; a block is on the free list of its pageblock's.
Memory never yet touched is kept as ranges of whole 4 MiB blocks. They count as free and stand
behind all listed blocks of the largest movable list, ascending: where memblock_free_all() would
have put them. So a machine boots in a time that does not depend on its size.

Models mm/page_alloc.c: __free_one_page(), expand(), __rmqueue_smallest(), move_freepages_block(),
account_freepages(), set_pageblock_migratetype(), memblock_free_all().
Not modelled: compaction's capture, page shuffling (off unless asked for), guard pages.

Invariants: a free block is aligned, inside one zone, on the list of its order and type; it has no
free buddy of its order that it could have merged with; NR_FREE_PAGES with what CPUs hold back is
the sum of all blocks outside of isolated pageblocks.
"""

import cython

from mmtwin.mm.boot_memory import zone_spans

if not cython.compiled:
    from mmtwin.mm.gfp import (
        MAX_ORDER_NR_PAGES,
        MAX_PAGE_ORDER,
        MIGRATE_HIGHATOMIC,
        MIGRATE_ISOLATE,
        MIGRATE_MOVABLE,
        MIGRATE_PCPTYPES,
        MIGRATE_TYPES,
        NR_PAGE_ORDERS,
        PAGEBLOCK_NR_PAGES,
        PAGEBLOCK_ORDER,
    )
    from mmtwin.mm.mem_map import MemMap
    from mmtwin.mm.mmzone import ZoneRecords, Zones
    from mmtwin.mm.page_flags import PG_buddy, PG_lru, PG_pcp
    from mmtwin.mm.types import Pages, Sysctls, U8s, i64, u8, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_FREE_PAGES, NR_FREE_PAGES_BLOCKS

# Memory that was never touched: whole blocks of the largest order.
DeferredRange = cython.struct(
    start=u64,  # pfn, moves up as blocks are taken
    end=u64,
    next=u32,  # the zone's next range, 0 at the last
    pad=u32,
)

if cython.compiled:
    DeferredRanges = cython.typedef(DeferredRange[::1])
else:
    DeferredRanges = object

MAX_DEFERRED_RANGES = cython.declare(cython.const[cython.int], 4096)


@cython.final
@cython.cclass
class Buddy:
    """Free lists and pageblocks."""

    pages: Pages
    pageblocks: U8s  # migratetype ^ MIGRATE_MOVABLE, by pfn >> PAGEBLOCK_ORDER: 0 is movable
    deferred: DeferredRanges
    records: ZoneRecords
    sysctl: Sysctls
    mem_map: MemMap
    zones: Zones
    vmstat: VmStat
    nr_pfns: u64
    config = cython.declare(object)

    def __init__(self, arena, config):
        self.config = config
        self.nr_pfns = config.nr_pfns
        self.pages = arena.pages
        self.records = arena.zones
        self.sysctl = arena.sysctl
        blocks = (config.nr_pfns >> PAGEBLOCK_ORDER) + 1
        self.pageblocks = arena.array("pageblock_flags", "u8", blocks)
        self.deferred = arena.array("deferred_ranges", "buddy.DeferredRange", MAX_DEFERRED_RANGES)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.mem_map = m.mem_map
        self.zones = m.zones
        self.vmstat = m.vmstat

    # -- boot

    def boot(self):
        """Take over all memory that the kernel does not hold itself: memblock_free_all()."""
        used = 0
        for span in zone_spans(self.config):
            zone = self.zones.zone_index(span.node, span.zone_type)
            last = 0
            for start, end in span.free:
                first = -(-start // MAX_ORDER_NR_PAGES) * MAX_ORDER_NR_PAGES
                stop = max(first, end // MAX_ORDER_NR_PAGES * MAX_ORDER_NR_PAGES)
                self._free_pages_memory(zone, start, min(first, end))
                if first < stop:
                    used += 1
                    self._defer(zone, used, last, first, stop)
                    last = used
                self._free_pages_memory(zone, max(start, min(stop, end)), end)
        self.vmstat.refresh()

    def _free_pages_memory(self, zone, start, end):
        """Free [start, end) in the largest aligned blocks, ascending."""
        while start < end:
            order = MAX_PAGE_ORDER if not start else (start & -start).bit_length() - 1
            order = min(order, MAX_PAGE_ORDER, (end - start).bit_length() - 1)
            self.free_one_page(start, zone, order, True)
            start += 1 << order

    def _defer(self, zone: u32, index: u32, last: u32, start: u64, end: u64):
        self.deferred[index].start = start
        self.deferred[index].end = end
        if last:
            self.deferred[last].next = index
        else:
            self.records[zone].deferred = index
        at = self.mem_map.free_list(zone, MAX_PAGE_ORDER, MIGRATE_MOVABLE)
        blocks: i64 = (end - start) // MAX_ORDER_NR_PAGES  # typed: `+=` with an object is not sound
        self.mem_map.lists[at].nr += blocks
        self.account_freepages(zone, end - start, MIGRATE_MOVABLE)
        if self.sysctl[0].kernel >= 618:
            self.vmstat.mod_zone_page_state(zone, NR_FREE_PAGES_BLOCKS, end - start)

    # -- pageblocks

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def get_pageblock_migratetype(self, pfn: u64) -> cython.int:
        """Mobility of the pageblock around a frame."""
        return self.pageblocks[pfn >> PAGEBLOCK_ORDER] ^ MIGRATE_MOVABLE

    @cython.ccall
    @cython.nogil
    def set_pageblock_migratetype(self, pfn: u64, migratetype: cython.int) -> cython.int:
        """Change it; free blocks in it are for the caller to move."""
        self.pageblocks[pfn >> PAGEBLOCK_ORDER] = cython.cast(u8, migratetype ^ MIGRATE_MOVABLE)
        return 0

    # -- giving back

    @cython.ccall
    @cython.nogil
    def free_one_page(
        self, pfn: u64, zone: u32, order: cython.int, to_tail: cython.bint
    ) -> cython.int:
        """A block goes back to the free lists, merged with its buddies: free_one_page().

        A block larger than a pageblock goes back by pageblocks: split_large_buddy().
        """
        piece: cython.int = order
        end: u64 = pfn + (cython.cast(u64, 1) << order)
        if order > PAGEBLOCK_ORDER:
            piece = PAGEBLOCK_ORDER
        while pfn < end:
            self.merge_and_list(pfn, zone, piece, self.get_pageblock_migratetype(pfn), to_tail)
            pfn += cython.cast(u64, 1) << piece
        return 0

    @cython.cfunc
    @cython.nogil
    def merge_and_list(
        self,
        pfn: u64,
        zone: u32,
        order: cython.int,
        migratetype: cython.int,
        to_tail: cython.bint,
    ) -> cython.int:
        """__free_one_page()."""
        buddy: u64 = 0
        buddy_type: cython.int
        self.account_freepages(zone, cython.cast(i64, 1) << order, migratetype)
        while order < MAX_PAGE_ORDER:
            buddy = pfn ^ (cython.cast(u64, 1) << order)
            if not self.is_free_buddy(buddy, zone, order):
                break
            buddy_type = self.pages[buddy].migratetype
            if order >= PAGEBLOCK_ORDER and buddy_type != migratetype:
                if buddy_type >= MIGRATE_PCPTYPES or migratetype >= MIGRATE_PCPTYPES:
                    break  # reserved and isolated pageblocks keep to themselves
                self.set_pageblock_migratetype(buddy, migratetype)
            self.del_page_from_free_list(buddy, zone, order, buddy_type)
            pfn &= buddy
            order += 1
        if to_tail or self.buddy_merge_likely(pfn, zone, order):
            self.add_to_free_list_tail(pfn, zone, order, migratetype)
        else:
            self.add_to_free_list(pfn, zone, order, migratetype)
        return 0

    @cython.cfunc
    @cython.nogil
    def is_free_buddy(self, buddy: u64, zone: u32, order: cython.int) -> cython.bint:
        """page_is_buddy(): free, of the same order, in the same zone."""
        if buddy >= self.nr_pfns or not self.pages[buddy].flags & PG_buddy:
            return False
        return self.pages[buddy].order == order and self.pages[buddy].zone == zone

    @cython.cfunc
    @cython.nogil
    def buddy_merge_likely(self, pfn: u64, zone: u32, order: cython.int) -> cython.bint:
        """Whether the buddy, once free, would let the pair merge on: then it is used last."""
        if order >= MAX_PAGE_ORDER - 1:
            return False
        pair: u64 = pfn & (pfn ^ (cython.cast(u64, 1) << order))
        return self.is_free_buddy(pair ^ (cython.cast(u64, 1) << (order + 1)), zone, order + 1)

    # -- taking

    @cython.cfunc
    @cython.nogil
    def rmqueue_smallest(self, zone: u32, order: cython.int, migratetype: cython.int) -> u64:
        """The first block of the smallest sufficient order, split to size: or 0."""
        o: cython.int
        pfn: u64
        for o in range(order, NR_PAGE_ORDERS):
            pfn = self.get_page_from_free_area(zone, o, migratetype)
            if pfn:
                self.page_del_and_expand(pfn, zone, order, o, migratetype)
                return pfn
        return 0

    @cython.cfunc
    @cython.nogil
    def get_page_from_free_area(self, zone: u32, order: cython.int, migratetype: cython.int) -> u64:
        """First block of a free list, still on it: or 0."""
        at: u32 = self.mem_map.free_list(zone, order, migratetype)
        pfn: u64 = self.mem_map.lists[at].first
        if pfn == 0 and self.mem_map.lists[at].nr > 0:
            pfn = self.materialise(zone, at)
        return pfn

    @cython.cfunc
    @cython.nogil
    def materialise(self, zone: u32, at: u32) -> u64:
        """List the lowest block of the zone's deferred ranges; counts do not change."""
        index: u32 = self.records[zone].deferred
        pfn: u64 = self.deferred[index].start
        self.deferred[index].start += MAX_ORDER_NR_PAGES
        if self.deferred[index].start >= self.deferred[index].end:
            self.records[zone].deferred = self.deferred[index].next
        self.mem_map.list_add(at, pfn)
        self.mem_map.lists[at].nr -= 1
        self.set_buddy(pfn, zone, MAX_PAGE_ORDER, MIGRATE_MOVABLE)
        return pfn

    @cython.cfunc
    @cython.nogil
    def page_del_and_expand(
        self, pfn: u64, zone: u32, low: cython.int, high: cython.int, migratetype: cython.int
    ) -> cython.int:
        """Take a listed block and put back all but its first 2**low pages."""
        nr_pages: i64 = cython.cast(i64, 1) << high
        self.del_page_from_free_list(pfn, zone, high, migratetype)
        nr_pages -= self.expand(pfn, zone, low, high, migratetype)
        self.account_taken(zone, nr_pages, migratetype)
        return 0

    @cython.cfunc
    @cython.nogil
    def expand(
        self, pfn: u64, zone: u32, low: cython.int, high: cython.int, migratetype: cython.int
    ) -> i64:
        """Split a block of order `high`; pages put back, not yet accounted."""
        added: i64 = 0
        while high > low:
            high -= 1
            self.add_to_free_list(pfn + (cython.cast(u64, 1) << high), zone, high, migratetype)
            added += cython.cast(i64, 1) << high
        return added

    @cython.cfunc
    @cython.nogil
    def take_pages(
        self, zone: u32, migratetype: cython.int, want: cython.int, where: u32
    ) -> cython.int:
        """Move up to `want` single pages of the smallest block to the per-CPU list `where`: how
        many, 0 if the type has none. rmqueue_bulk() comes to the same, splitting page by page."""
        order: cython.int = 0
        pfn: u64 = 0
        while order < NR_PAGE_ORDERS:
            pfn = self.get_page_from_free_area(zone, order, migratetype)
            if pfn:
                break
            order += 1
        if pfn == 0:
            return 0
        self.del_page_from_free_list(pfn, zone, order, migratetype)
        taken: cython.int = min(want, 1 << order)
        self.list_pages(pfn, taken, zone, migratetype, where)
        self.put_back(pfn + taken, pfn + (cython.cast(u64, 1) << order), zone, migratetype)
        return taken

    @cython.cfunc
    @cython.nogil
    def list_pages(
        self, pfn: u64, nr: cython.int, zone: u32, migratetype: cython.int, where: u32
    ) -> cython.int:
        """Single pages, ascending, to the end of a per-CPU list."""
        node: u8 = cython.cast(u8, self.records[zone].node)
        at: u64
        for at in range(pfn, pfn + nr):
            self.pages[at].flags = PG_pcp
            self.pages[at].order = 0
            self.pages[at].migratetype = cython.cast(u8, migratetype)
            self.pages[at].zone = cython.cast(u8, zone)
            self.pages[at].node = node
            self.mem_map.list_add_tail(where, at)
            self.account_taken(zone, 1, migratetype)
        return 0

    @cython.cfunc
    @cython.nogil
    def put_back(self, start: u64, end: u64, zone: u32, migratetype: cython.int) -> cython.int:
        """The rest of a block that ends at `end`, in the largest aligned blocks."""
        order: cython.int = 0
        while start < end:
            while not (start >> order) & 1:
                order += 1
            self.add_to_free_list(start, zone, order, migratetype)
            start += cython.cast(u64, 1) << order
        return 0

    # -- moving between mobilities

    @cython.cfunc
    @cython.nogil
    def move_freepages_block(
        self, pfn: u64, zone: u32, old_type: cython.int, new_type: cython.int
    ) -> i64:
        """Move the free blocks of a pageblock to another type's lists: pages moved.

        Sets the pageblock's type from 6.10 on (__move_freepages_block()); before, that was the
        caller's decision.
        """
        start: u64 = pfn & ~cython.cast(u64, PAGEBLOCK_NR_PAGES - 1)
        end: u64 = start + PAGEBLOCK_NR_PAGES
        at: u64 = start
        moved: i64 = 0
        order: cython.int
        listed: cython.int
        while at < end:
            if not self.pages[at].flags & PG_buddy:
                at += 1
                continue
            order = self.pages[at].order
            listed = self.pages[at].migratetype
            self.del_page_from_free_list(at, zone, order, listed)
            self.add_to_free_list_tail(at, zone, order, new_type)
            at += cython.cast(u64, 1) << order
            moved += cython.cast(i64, 1) << order
        if self.sysctl[0].kernel >= 610:
            self.set_pageblock_migratetype(start, new_type)
        self.account_freepages(zone, -moved, old_type)
        self.account_freepages(zone, moved, new_type)
        return moved

    @cython.cfunc
    @cython.nogil
    def prep_move_freepages_block(self, pfn: u64, zone: u32, count: cython.int) -> i64:
        """Pages of a pageblock that are free (count 0) or movable, on an LRU (count 1); -1 if
        the pageblock is not all of this zone."""
        start: u64 = pfn & ~cython.cast(u64, PAGEBLOCK_NR_PAGES - 1)
        end: u64 = start + PAGEBLOCK_NR_PAGES
        at: u64 = start
        free: i64 = 0
        movable: i64 = 0
        if start < self.records[zone].zone_start_pfn:
            return -1
        if end > self.records[zone].zone_start_pfn + self.records[zone].spanned_pages:
            return -1
        while at < end:
            if self.pages[at].flags & PG_buddy:
                free += cython.cast(i64, 1) << self.pages[at].order
                at += cython.cast(u64, 1) << self.pages[at].order
                continue
            if self.pages[at].flags & PG_lru:
                movable += 1
            at += 1
        if count:
            return movable
        return free

    # -- one block on or off its list

    @cython.cfunc
    @cython.nogil
    def add_to_free_list(
        self, pfn: u64, zone: u32, order: cython.int, migratetype: cython.int
    ) -> cython.int:
        """To the front: it is handed out next."""
        self.set_buddy(pfn, zone, order, migratetype)
        self.count_block(zone, order, migratetype, 1)
        return self.mem_map.list_add(self.mem_map.free_list(zone, order, migratetype), pfn)

    @cython.cfunc
    @cython.nogil
    def add_to_free_list_tail(
        self, pfn: u64, zone: u32, order: cython.int, migratetype: cython.int
    ) -> cython.int:
        """To the end; never touched memory stands behind it no longer."""
        at: u32 = self.mem_map.free_list(zone, order, migratetype)
        self.set_buddy(pfn, zone, order, migratetype)
        self.count_block(zone, order, migratetype, 1)
        return self.mem_map.list_add_tail(at, pfn)

    @cython.cfunc
    @cython.nogil
    def set_buddy(
        self, pfn: u64, zone: u32, order: cython.int, migratetype: cython.int
    ) -> cython.int:
        self.pages[pfn].flags = PG_buddy
        self.pages[pfn].order = cython.cast(u8, order)
        self.pages[pfn].migratetype = cython.cast(u8, migratetype)
        self.pages[pfn].zone = cython.cast(u8, zone)
        self.pages[pfn].node = cython.cast(u8, self.records[zone].node)
        return 0

    @cython.cfunc
    @cython.nogil
    def del_page_from_free_list(
        self, pfn: u64, zone: u32, order: cython.int, migratetype: cython.int
    ) -> cython.int:
        """Off its list; accounting is the caller's."""
        assert self.pages[pfn].flags & PG_buddy and self.pages[pfn].order == order
        assert self.pages[pfn].migratetype == migratetype
        self.mem_map.list_del(self.mem_map.free_list(zone, order, migratetype), pfn)
        self.count_block(zone, order, migratetype, -1)
        self.pages[pfn].flags = 0
        self.pages[pfn].order = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def count_block(
        self, zone: u32, order: cython.int, migratetype: cython.int, sign: cython.int
    ) -> cython.int:
        """6.18 also counts the free pages that form whole pageblocks."""
        if order >= PAGEBLOCK_ORDER and migratetype != MIGRATE_ISOLATE:
            if self.sysctl[0].kernel >= 618:
                self.vmstat.mod_zone_page_state(
                    zone, NR_FREE_PAGES_BLOCKS, sign * (cython.cast(i64, 1) << order)
                )
        return 0

    # -- accounting

    @cython.cfunc
    @cython.nogil
    def account_freepages(self, zone: u32, nr_pages: i64, migratetype: cython.int) -> cython.int:
        """NR_FREE_PAGES and the reserve's share of it: account_freepages()."""
        if migratetype == MIGRATE_ISOLATE:
            return 0
        self.vmstat.mod_zone_page_state(zone, NR_FREE_PAGES, nr_pages)
        if migratetype == MIGRATE_HIGHATOMIC:
            self.records[zone].nr_free_highatomic += nr_pages
        return 0

    @cython.cfunc
    @cython.nogil
    def account_taken(self, zone: u32, nr_pages: i64, migratetype: cython.int) -> cython.int:
        """Pages leave the lists: at once from 6.10 on; before, rmqueue() and rmqueue_bulk()
        accounted for all that they took together."""
        if self.sysctl[0].kernel >= 610:
            return self.account_freepages(zone, -nr_pages, migratetype)
        return 0

    # -- figures for the views

    def nr_free(self, zone, order, migratetype):
        """Free blocks of an order and migratetype, never touched memory included."""
        return self.mem_map.nr_blocks(zone, order, migratetype)

    def free_blocks(self, zone):
        """Free blocks by order, over all migratetypes: a line of /proc/buddyinfo."""
        blocks = [0] * NR_PAGE_ORDERS
        for order in range(NR_PAGE_ORDERS):
            for migratetype in range(MIGRATE_TYPES):
                blocks[order] += self.nr_free(zone, order, migratetype)
        return blocks

    def pageblock_counts(self, zone):
        """Pageblocks by migratetype: "Number of blocks type" of /proc/pagetypeinfo."""
        counts = [0] * MIGRATE_TYPES
        counts[MIGRATE_MOVABLE] = self.records[zone].nr_pageblocks
        first = self.records[zone].zone_start_pfn >> PAGEBLOCK_ORDER
        last = self.records[zone].zone_start_pfn + self.records[zone].spanned_pages - 1
        for block in self._touched_pageblocks(first, last >> PAGEBLOCK_ORDER):
            counts[self.pageblocks[block] ^ MIGRATE_MOVABLE] += 1
            counts[MIGRATE_MOVABLE] -= 1
        return counts

    def _touched_pageblocks(self, first, last):
        """Pageblocks first..last that are not movable."""
        if isinstance(self.pageblocks, dict):
            return sorted(b for b, v in self.pageblocks.items() if v and first <= b <= last)
        import numpy

        return (first + numpy.nonzero(numpy.asarray(self.pageblocks)[first : last + 1])[0]).tolist()

    # -- invariants

    def check(self):
        """Recount every free list."""
        for zone in range(1, self.zones.nr_zones):
            free = 0
            for order in range(NR_PAGE_ORDERS):
                for migratetype in range(MIGRATE_TYPES):
                    free += self._check_list(zone, order, migratetype)
            assert free == self.vmstat.zone_page_state_snapshot(zone, NR_FREE_PAGES), zone
            assert free <= self.records[zone].managed_pages

    def _check_list(self, zone, order, migratetype):
        """Pages on a free list, with the assertions for each of its blocks."""
        at = self.mem_map.free_list(zone, order, migratetype)
        blocks = self.mem_map.members(at)
        deferred = self._deferred_blocks(zone) if order == MAX_PAGE_ORDER else 0
        if migratetype != MIGRATE_MOVABLE:
            deferred = 0
        assert len(blocks) + deferred == self.mem_map.lists[at].nr, (zone, order, migratetype)
        for pfn in blocks:
            self._check_block(pfn, zone, order, migratetype)
        if migratetype == MIGRATE_ISOLATE:
            return 0
        return (len(blocks) + deferred) << order

    def _deferred_blocks(self, zone):
        blocks, index = 0, self.records[zone].deferred
        while index:
            assert self.deferred[index].start < self.deferred[index].end
            blocks += (self.deferred[index].end - self.deferred[index].start) // MAX_ORDER_NR_PAGES
            index = self.deferred[index].next
        return blocks

    def _check_block(self, pfn, zone, order, migratetype):
        assert pfn % (1 << order) == 0 and self.pages[pfn].refcount == 0
        assert self.pages[pfn].flags == PG_buddy and self.pages[pfn].order == order
        assert self.pages[pfn].migratetype == migratetype and self.pages[pfn].zone == zone
        start = self.records[zone].zone_start_pfn
        assert start <= pfn and pfn + (1 << order) <= start + self.records[zone].spanned_pages
        if self.sysctl[0].kernel >= 610:
            assert self.get_pageblock_migratetype(pfn) == migratetype
        buddy = pfn ^ (1 << order)
        if order < MAX_PAGE_ORDER and self.is_free_buddy(buddy, zone, order):
            types = {migratetype, self.pages[buddy].migratetype}
            assert len(types) > 1 and max(types) >= MIGRATE_PCPTYPES, (pfn, order)
