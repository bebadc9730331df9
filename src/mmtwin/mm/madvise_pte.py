"""The page-table side of MADV_FREE.

MADV_FREE makes private anonymous pages clean and moves them to the inactive file list, without
PG_swapbacked: reclaim may drop them until they are dirtied again. (Dirtying does not set
PG_swapbacked again.)

Models mm/madvise.c: madvise_free_pte_range().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.madvise_cold import MadviseCold
    from mmtwin.mm.page_flags import PG_dirty
    from mmtwin.mm.pgtable import ALL_ONES, PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_DIRTY, PAGE_PRESENT, PAGE_SHIFT, PAGE_SIZE, PAGE_SPECIAL, PMD_MASK,
        PMD_SIZE, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.rss_stat import RssStat
    from mmtwin.mm.types import Pages, U64s, Vmas, u32, u64
    from mmtwin.mm.uapi import EINVAL, MADV_COLD, MADV_FREE, MADV_PAGEOUT


@cython.final
@cython.cclass
class MadvisePte:
    """Walks that judge pages again."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    page_tables: PageTables
    rss: RssStat
    cold: MadviseCold
    zap = cython.declare("Zap")
    lru = cython.declare("Lru")

    def __init__(self, arena, config):
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.cold = m.madvise_cold
        self.page_tables, self.zap, self.lru, self.rss = m.page_tables, m.zap, m.lru, m.rss_stat

    @cython.ccall
    @cython.nogil
    def madvise_ptes(self, vma: u32, start: u64, end: u64, advice: cython.int) -> cython.int:
        """Apply MADV_FREE, MADV_COLD or MADV_PAGEOUT to [start, end) of one vma: 0, or -EINVAL
        for others."""
        if advice == MADV_COLD or advice == MADV_PAGEOUT:
            return self.cold.cold_or_pageout(vma, start, end, advice == MADV_PAGEOUT)
        if advice != MADV_FREE:
            return -EINVAL
        mm: u32 = self.vmas[vma].vm_mm
        self.lru.lru_add_drain()
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
                self.free_pte_range(start, at, at + ((stop - start) >> PAGE_SHIFT))
            start = stop
        return self.zap.tlb_finish_mmu()

    @cython.cfunc
    @cython.nogil
    def free_pte_range(self, address: u64, at: u64, end: u64) -> cython.int:
        """The ptes at..end of one table."""
        while at < end:
            pte: u64 = self.ptes[at]
            if pte & PAGE_PRESENT and not pte & PAGE_SPECIAL:
                self.free_one(address, at, (pte & PTE_PFN_MASK) >> PAGE_SHIFT)
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
