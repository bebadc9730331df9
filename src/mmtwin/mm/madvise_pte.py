"""The page-table side of MADV_FREE and MADV_COLD.

MADV_FREE makes private anonymous pages clean and moves them to the inactive file list, without
PG_swapbacked: reclaim may drop them until they are dirtied again. (Dirtying does not set
PG_swapbacked again.) MADV_COLD moves pages to the inactive lists.

Models mm/madvise.c: madvise_free_pte_range(), madvise_cold_or_pageout_pte_range().
Not modelled: MADV_PAGEOUT (it needs reclaim).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.page_flags import PG_dirty, PG_referenced
    from mmtwin.mm.pgtable import ALL_ONES, PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_DIRTY, PAGE_PRESENT, PAGE_SHIFT, PAGE_SIZE, PAGE_SPECIAL, PMD_MASK,
        PMD_SIZE, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.rss_stat import RssStat
    from mmtwin.mm.types import Pages, U64s, Vmas, u32, u64
    from mmtwin.mm.uapi import EINVAL, MADV_COLD, MADV_FREE


@cython.final
@cython.cclass
class MadvisePte:
    """Walks that judge pages again."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    page_tables: PageTables
    rss: RssStat
    zap = cython.declare("Zap")
    lru = cython.declare("Lru")

    def __init__(self, arena, config):
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.zap, self.lru, self.rss = m.page_tables, m.zap, m.lru, m.rss_stat

    @cython.ccall
    @cython.nogil
    def madvise_ptes(self, vma: u32, start: u64, end: u64, advice: cython.int) -> cython.int:
        """Apply MADV_FREE or MADV_COLD to [start, end) of one vma: 0, or -EINVAL for others."""
        if advice != MADV_FREE and advice != MADV_COLD:
            return -EINVAL
        mm: u32 = self.vmas[vma].vm_mm
        self.lru.lru_add_drain()
        if advice == MADV_FREE:
            self.rss.update_hiwater_rss(mm)
        self.zap.tlb_gather_mmu(mm)
        while start < end:
            start = self.page_tables.next_pmd(mm, start, end)
            if start >= end:
                break
            stop: u64 = (start & PMD_MASK) + PMD_SIZE
            if stop > end:
                stop = end
            at: u64 = self.page_tables.pte_offset(mm, start)
            if at:
                self.advise_pte_range(start, at, at + ((stop - start) >> PAGE_SHIFT), advice)
            start = stop
        return self.zap.tlb_finish_mmu()

    @cython.cfunc
    @cython.nogil
    def advise_pte_range(self, address: u64, at: u64, end: u64, advice: cython.int) -> cython.int:
        """The ptes at..end of one table."""
        while at < end:
            pte: u64 = self.ptes[at]
            if pte & PAGE_PRESENT and not pte & PAGE_SPECIAL:
                if advice == MADV_FREE:
                    self.free_one(address, at, (pte & PTE_PFN_MASK) >> PAGE_SHIFT)
                else:
                    self.cool_one(address, at, (pte & PTE_PFN_MASK) >> PAGE_SHIFT)
            at += 1
            address += PAGE_SIZE
        return 0

    @cython.cfunc
    @cython.nogil
    def free_one(self, address: u64, at: u64, pfn: u64) -> cython.int:
        """MADV_FREE of one page."""
        if self.pages[pfn].flags & PG_dirty:
            if self.pages[pfn].mapcount != 1:
                return 0
            self.pages[pfn].flags &= ~PG_dirty & ALL_ONES
        if self.ptes[at] & (PAGE_ACCESSED | PAGE_DIRTY):
            self.ptes[at] &= ~(PAGE_ACCESSED | PAGE_DIRTY) & ALL_ONES
            self.zap.note_flush(address)
        return self.lru.folio_mark_lazyfree(pfn)

    @cython.cfunc
    @cython.nogil
    def cool_one(self, address: u64, at: u64, pfn: u64) -> cython.int:
        """MADV_COLD of one page; shared ones are left alone."""
        if self.pages[pfn].mapcount != 1:
            return 0
        if self.ptes[at] & PAGE_ACCESSED:
            self.ptes[at] &= ~PAGE_ACCESSED & ALL_ONES
            self.zap.note_flush(address)
        self.pages[pfn].flags &= ~PG_referenced & ALL_ONES
        return self.lru.folio_deactivate(pfn)
