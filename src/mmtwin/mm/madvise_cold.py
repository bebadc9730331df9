"""MADV_COLD and MADV_PAGEOUT: pages that a task says it will not need soon.

    COLD      its uses are forgotten, and it goes to the inactive list
    PAGEOUT   it is reclaimed at once: isolated, a page table's worth at a time, and judged with
              its references ignored (from 6.9; before, its uses are forgotten first)

Only pages that this pte alone maps, and that are on the LRU (per-CPU batches are emptied first).

Models mm/madvise.c: madvise_cold(), madvise_pageout(), madvise_cold_or_pageout_pte_range();
mm/vmscan.c: reclaim_pages(), reclaim_folio_list().
Not modelled: huge pages; files that the caller may not write (every caller is root).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.mem_map import MemMap
    from mmtwin.mm.page_flags import (
        PG_active, PG_lru, PG_referenced, PG_unevictable, PG_workingset, PG_young,
    )  # fmt: skip
    from mmtwin.mm.pgtable import ALL_ONES, PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_PRESENT, PAGE_SHIFT, PAGE_SIZE, PAGE_SPECIAL, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.types import Pages, Sysctls, U64s, Vmas, u32, u64
    from mmtwin.mm.vmscan import IGNORES_REFERENCES, Vmscan


@cython.final
@cython.cclass
class MadviseCold:
    """Walks that give pages up."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    sysctl: Sysctls
    mem_map: MemMap
    page_tables: PageTables
    vmscan: Vmscan
    mmu_gather = cython.declare("MmuGather")
    lru = cython.declare("Lru")

    def __init__(self, arena, config):
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas
        self.sysctl = arena.sysctl

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.mem_map, self.page_tables, self.vmscan = m.mem_map, m.page_tables, m.vmscan
        self.mmu_gather, self.lru = m.mmu_gather, m.lru

    @cython.ccall
    @cython.nogil
    def cold_or_pageout(self, vma: u32, start: u64, end: u64, pageout: cython.bint) -> cython.int:
        """Apply either to [start, end) of one vma."""
        mm: u32 = self.vmas[vma].vm_mm
        stop: u64
        at: u64
        self.lru.lru_add_drain()
        self.mmu_gather.tlb_gather_mmu(mm)
        while start < end:
            start = self.page_tables.next_pmd(mm, start, end)
            if start >= end:
                break
            stop = self.page_tables.pmd_addr_end(start, end)
            at = self.page_tables.pte_offset(mm, start)
            if at:
                self.pte_range(start, at, at + ((stop - start) >> PAGE_SHIFT), pageout)
            start = stop
        return self.mmu_gather.tlb_finish_mmu()

    @cython.cfunc
    @cython.nogil
    def pte_range(self, address: u64, at: u64, end: u64, pageout: cython.bint) -> cython.int:
        """The ptes at..end of one table."""
        pte: u64
        pfn: u64
        while at < end:
            pte = self.ptes[at]
            pfn = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
            if pte & PAGE_PRESENT and not pte & PAGE_SPECIAL:
                if self.pages[pfn].mapcount == 1 and self.pages[pfn].flags & PG_lru:
                    self.give_up(address, at, pfn, pageout)
            at += 1
            address += PAGE_SIZE
        if pageout:
            self.vmscan.reclaim_pages()
        return 0

    @cython.cfunc
    @cython.nogil
    def give_up(self, address: u64, at: u64, pfn: u64, pageout: cython.bint) -> cython.int:
        """One page."""
        forget: cython.bint = not pageout or self.sysctl[0].kernel < IGNORES_REFERENCES
        if forget and self.ptes[at] & PAGE_ACCESSED:
            self.ptes[at] &= ~PAGE_ACCESSED & ALL_ONES
            self.mmu_gather.note_flush(address)
        self.pages[pfn].flags &= ~(PG_referenced | PG_young) & ALL_ONES
        if self.pages[pfn].flags & PG_active:
            self.pages[pfn].flags |= PG_workingset
        if not pageout:
            return self.lru.folio_deactivate(pfn)
        if self.pages[pfn].flags & PG_unevictable or not self.lru.folio_isolate_lru(pfn):
            return 0
        return self.mem_map.list_add(self.vmscan.reclaim_pages_list(), pfn)
