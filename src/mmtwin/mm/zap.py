"""Unmapping: ptes of a range cleared, their pages given up, translations flushed.

Each page loses a mapcount, a page of rss and a reference; dirty and accessed bits of file pages
move to the page first. The flush covers the first to the last present pte, and the pages are freed
behind it, once an operation: callers that zap several vmas open a gather around them, as the kernel
does for munmap and exit.

Models mm/memory.c: unmap_vmas(), zap_page_range_single(), zap_pte_range().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_FREE_PAGE, Clock
    from mmtwin.mm.mmu_gather import NO_DRAIN_IN_UNMAP, MmuGather
    from mmtwin.mm.page_flags import PAGE_MAPPING_ANON
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_DIRTY, PAGE_PRESENT, PAGE_PROTNONE, PAGE_SHIFT, PAGE_SIZE,
        PAGE_SPECIAL, PMD_MASK, PMD_SIZE, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.rss_stat import MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES, MM_SWAPENTS, RssStat
    from mmtwin.mm.swap_entry import PTE_SWP_NEXT, pte_to_swp_entry
    from mmtwin.mm.types import Pages, Sysctls, U64s, Vmas, i32, i64, u32, u64
    from mmtwin.mm.vm_flags import VM_RAND_READ, VM_SEQ_READ

SWAP_PTE_BATCH = cython.declare(cython.const[cython.int], 609)  # runs of slots freed together
PT_RECLAIM = cython.declare(cython.const[cython.int], 614)  # CONFIG_PT_RECLAIM, on by default
# Pages taken out of one page table, by kind.
RssVec = cython.struct(file=i64, anon=i64, shmem=i64)

if cython.compiled:
    RssVecs = cython.typedef(RssVec[::1])
else:
    RssVecs = object


@cython.final
@cython.cclass
class Zap:
    """Walks that clear ptes."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    sysctl: Sysctls
    keep_cows: U64s  # one cell: what zap_details says of private copies
    mmu_gather: MmuGather
    page_tables: PageTables
    rss: RssStat
    clock: Clock
    lru = cython.declare("Lru")
    rmap = cython.declare("Rmap")
    page_cache = cython.declare("PageCache")
    memory = cython.declare("Memory")
    swapfile = cython.declare("SwapFile")

    def __init__(self, arena, config):
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas
        self.sysctl = arena.sysctl
        self.keep_cows = arena.array("zap_details", "u64", 1)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock = m.clock
        self.page_tables, self.mmu_gather, self.rss = m.page_tables, m.mmu_gather, m.rss_stat
        self.lru, self.rmap, self.page_cache = m.lru, m.rmap, m.page_cache
        self.memory, self.swapfile = m.memory, m.swapfile

    @cython.ccall
    @cython.nogil
    def zap_page_range(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Unmap the pages of [start, end) inside one vma; the tables stay."""
        mm: u32 = self.vmas[vma].vm_mm
        self.drain_before()
        self.rss.update_hiwater_rss(mm)
        self.mmu_gather.tlb_gather_mmu(mm)
        self.unmap_page_range(vma, start, end)
        return self.mmu_gather.tlb_finish_mmu()

    @cython.ccall
    @cython.nogil
    def drain_before(self) -> cython.int:
        """What unmaps begins with, in older kernels."""
        if self.sysctl[0].kernel < NO_DRAIN_IN_UNMAP:
            self.lru.lru_add_drain()
        return 0

    @cython.ccall
    @cython.nogil
    def unmap_page_range(self, vma: u32, start: u64, end: u64) -> cython.int:
        """The walk, within a gather."""
        mm: u32 = self.vmas[vma].vm_mm
        while start < end:
            start = self.page_tables.next_pmd(mm, start, end)
            if start >= end:
                break
            stop: u64 = self.page_tables.pmd_addr_end(start, end)
            at: u64 = self.page_tables.pte_offset(mm, start)
            if at:
                self.zap_pte_range(vma, start, at, at + ((stop - start) >> PAGE_SHIFT))
            start = stop
        return 0

    @cython.ccall
    @cython.nogil
    def zap_cached_pages(self, vma: u32, start: u64, end: u64) -> cython.int:
        """zap_page_range() of what is in the file only, its private copies stay (no even_cows)."""
        self.keep_cows[0] = 1
        self.zap_page_range(vma, start, end)
        self.keep_cows[0] = 0
        return 0

    @cython.ccall
    @cython.nogil
    def zap_and_reclaim(self, vma: u32, start: u64, end: u64) -> cython.int:
        """zap_page_range() for MADV_DONTNEED, which since 6.14 also frees the page tables that it
        emptied: those of which all 2 MiB lie in the range (try_get_and_clear_pmd())."""
        self.zap_page_range(vma, start, end)
        if self.sysctl[0].kernel < PT_RECLAIM:
            return 0
        mm: u32 = self.vmas[vma].vm_mm
        start = (start + PMD_SIZE - 1) & PMD_MASK
        while start < end and end - start >= PMD_SIZE:
            start = self.page_tables.next_pmd(mm, start, end)
            if start >= end or end - start < PMD_SIZE:
                break
            if not start & (PMD_SIZE - 1) and self.page_tables.pte_offset(mm, start):
                self.page_tables.pte_free(mm, start)
            start = (start & PMD_MASK) + PMD_SIZE
        return 0

    @cython.cfunc
    @cython.nogil
    def zap_pte_range(self, vma: u32, address: u64, at: u64, end: u64) -> cython.int:
        """Clear the ptes at..end of one table, the first of which maps `address`."""
        file: cython.int = 0
        anon: cython.int = 0
        shmem: cython.int = 0
        recency: cython.bint = not self.vmas[vma].vm_flags & (VM_SEQ_READ | VM_RAND_READ)
        while at < end:
            pte: u64 = self.ptes[at]
            if pte & (PAGE_PRESENT | PAGE_PROTNONE):
                pfn: u64 = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
                if self.keep_cows[0] and self.pages[pfn].mapping & PAGE_MAPPING_ANON:
                    at += 1
                    address += PAGE_SIZE
                    continue
                self.ptes[at] = 0
                self.mmu_gather.note_flush(address)
                if pte & PAGE_SPECIAL:
                    pass
                elif self.pages[pfn].mapping & PAGE_MAPPING_ANON:
                    anon += 1
                    self.remove_page(pfn)
                else:
                    shmem += self.memory.mm_counter_file(pfn) == MM_SHMEMPAGES
                    file += self.memory.mm_counter_file(pfn) == MM_FILEPAGES
                    self.zap_file_page(pfn, pte, recency)
            elif pte:
                nr: u64 = self.zap_swap_ptes(vma, at, end)
                at += nr
                address += nr << PAGE_SHIFT
                continue
            at += 1
            address += PAGE_SIZE
        self.clock.charge(COST_FREE_PAGE, cython.cast(u64, file + anon + shmem))
        self.add_mm_rss_vec(self.vmas[vma].vm_mm, -file, -anon, -shmem)
        return self.mmu_gather.flush_if_forced()

    @cython.cfunc
    @cython.nogil
    def zap_swap_ptes(self, vma: u32, at: u64, end: u64) -> u64:
        """Forget a run of swapped-out pages, which begins at `at`: how many. From 6.9, slots in a
        row go together: swap_pte_batch()."""
        pte: u64 = self.ptes[at]
        nr: u64 = 1
        if self.sysctl[0].kernel >= SWAP_PTE_BATCH:
            while at + nr < end and self.ptes[at + nr] == pte + nr * PTE_SWP_NEXT:
                nr += 1
        for i in range(nr):
            self.ptes[at + i] = 0
        self.rss.sync_current(self.vmas[vma].vm_mm)
        self.rss.add_mm_counter(self.vmas[vma].vm_mm, MM_SWAPENTS, -cython.cast(i32, nr))
        self.swapfile.free_swap_and_cache_nr(pte_to_swp_entry(pte), nr)
        return nr

    @cython.cfunc
    @cython.nogil
    def zap_file_page(self, pfn: u64, pte: u64, recency: cython.bint) -> cython.int:
        """What the pte knows of a cached page goes to the page."""
        if pte & PAGE_DIRTY:
            self.page_cache.folio_mark_dirty(pfn)
            self.mmu_gather.met_dirty_page()
        if pte & PAGE_ACCESSED and recency:
            self.lru.mark_page_accessed(pfn)
        return self.remove_page(pfn)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def remove_page(self, pfn: u64) -> cython.int:
        """One mapping and its reference."""
        self.rmap.remove_rmap(pfn)
        if self.mmu_gather.tlb_remove_page(pfn):
            return self.mmu_gather.tlb_flush_mmu()
        return 0

    @cython.cfunc
    @cython.nogil
    def add_mm_rss_vec(
        self, mm: u32, file: cython.int, anon: cython.int, shmem: cython.int
    ) -> cython.int:
        """The resident set changes once a table."""
        self.rss.sync_current(mm)
        if file:
            self.rss.add_mm_counter(mm, MM_FILEPAGES, file)
        if anon:
            self.rss.add_mm_counter(mm, MM_ANONPAGES, anon)
        if shmem:
            self.rss.add_mm_counter(mm, MM_SHMEMPAGES, shmem)
        return 0
