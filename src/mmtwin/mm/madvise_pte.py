"""The page-table side of MADV_FREE and MADV_WILLNEED.

MADV_FREE makes private anonymous pages clean and moves them to the inactive file list, without
PG_swapbacked: reclaim may drop them until they are dirtied again. (Dirtying does not set
PG_swapbacked again.) MADV_WILLNEED begins to read swapped-out pages.

Models mm/madvise.c: madvise_free_pte_range(), swapin_walk_pmd_entry(), shmem_swapin_range().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.madvise_cold import MadviseCold
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE
    from mmtwin.mm.page_flags import PG_dirty, PG_locked, PG_swapcache
    from mmtwin.mm.pgtable import ALL_ONES, PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_DIRTY, PAGE_PRESENT, PAGE_SHIFT, PAGE_SIZE, PAGE_SPECIAL, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.rss_stat import MM_SWAPENTS, RssStat
    from mmtwin.mm.swap_entry import PTE_SWP_NEXT, is_swap_pte, pte_to_swp_entry
    from mmtwin.mm.swap_readahead import SwapReadahead
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import Currents, Pages, Sysctls, U64s, Vmas, i32, u32, u64
    from mmtwin.mm.uapi import EINVAL, MADV_COLD, MADV_FREE, MADV_PAGEOUT
    from mmtwin.mm.xarray import XA_VALUE, XArray
    from mmtwin.mm.zap import SWAP_PTE_BATCH


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
    mmu_gather = cython.declare("MmuGather")
    lru = cython.declare("Lru")
    sysctl: Sysctls
    current: Currents
    swapfile: SwapFile
    swap_state: SwapState
    readahead: SwapReadahead
    xarray: XArray

    def __init__(self, arena, config):
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas
        self.sysctl, self.current = arena.sysctl, arena.current

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.cold = m.madvise_cold
        self.page_tables, self.mmu_gather = m.page_tables, m.mmu_gather
        self.lru, self.rss = m.lru, m.rss_stat
        self.swapfile, self.swap_state = m.swapfile, m.swap_state
        self.readahead, self.xarray = m.swap_readahead, m.xarray

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
        self.mmu_gather.tlb_gather_mmu(mm)
        while start < end:
            start = self.page_tables.next_pmd(mm, start, end)
            if start >= end:
                break
            stop: u64 = self.page_tables.pmd_addr_end(start, end)
            at: u64 = self.page_tables.pte_offset(mm, start)
            if at:
                self.free_pte_range(mm, start, at, at + ((stop - start) >> PAGE_SHIFT))
            start = stop
        return self.mmu_gather.tlb_finish_mmu()

    @cython.cfunc
    @cython.nogil
    def free_pte_range(self, mm: u32, address: u64, at: u64, end: u64) -> cython.int:
        """The ptes at..end of one table."""
        while at < end:
            pte: u64 = self.ptes[at]
            if pte & PAGE_PRESENT and not pte & PAGE_SPECIAL:
                self.free_one(address, at, (pte & PTE_PFN_MASK) >> PAGE_SHIFT)
            elif is_swap_pte(pte):
                nr: u64 = self.free_swap(mm, at, end)
                at += nr
                address += nr << PAGE_SHIFT
                continue
            at += 1
            address += PAGE_SIZE
        return 0

    @cython.cfunc
    @cython.nogil
    def free_one(self, address: u64, at: u64, pfn: u64) -> cython.int:
        """MADV_FREE of one page."""
        if self.pages[pfn].flags & (PG_dirty | PG_swapcache):
            if self.pages[pfn].mapcount != 1 or self.pages[pfn].flags & PG_locked:
                return 0
            if self.pages[pfn].flags & PG_swapcache:
                if not self.swap_state.folio_free_swap(pfn):
                    return 0
            self.pages[pfn].flags &= ~PG_dirty & ALL_ONES
        if self.ptes[at] & (PAGE_ACCESSED | PAGE_DIRTY):
            self.ptes[at] &= ~(PAGE_ACCESSED | PAGE_DIRTY) & ALL_ONES
            self.mmu_gather.note_flush(address)
        return self.lru.folio_mark_lazyfree(pfn)

    @cython.cfunc
    @cython.nogil
    def free_swap(self, mm: u32, at: u64, end: u64) -> u64:
        """MADV_FREE of a run of swapped-out pages: how many."""
        pte: u64 = self.ptes[at]
        nr: u64 = 1
        if self.sysctl[0].kernel >= SWAP_PTE_BATCH:
            while at + nr < end and self.ptes[at + nr] == pte + nr * PTE_SWP_NEXT:
                nr += 1
        for i in range(nr):
            self.ptes[at + i] = 0
        self.swapfile.free_swap_and_cache_nr(pte_to_swp_entry(pte), nr)
        self.rss.sync_current(mm)
        self.rss.add_mm_counter(mm, MM_SWAPENTS, -cython.cast(i32, nr))
        return nr

    @cython.ccall
    @cython.nogil
    def swapin_range(self, vma: u32, start: u64, end: u64) -> cython.int:
        """MADV_WILLNEED of anonymous memory: begin to read what is swapped out. Not what a private
        mapping's file has: swapin_walk_pmd_entry()."""
        mm: u32 = self.vmas[vma].vm_mm
        while start < end:
            start = self.page_tables.next_pmd(mm, start, end)
            if start >= end:
                break
            stop: u64 = self.page_tables.pmd_addr_end(start, end)
            at: u64 = self.page_tables.pte_offset(mm, start)
            while at and start < stop:
                if is_swap_pte(self.ptes[at]):
                    self.readahead.read_swap_cache_async(
                        pte_to_swp_entry(self.ptes[at]), GFP_HIGHUSER_MOVABLE, mm
                    )
                at += 1
                start += PAGE_SIZE
            start = stop
        return self.lru.lru_add_drain()

    @cython.ccall
    @cython.nogil
    def shmem_swapin_range(self, inode: u32, first: u64, last: u64) -> cython.int:
        """The same for pages first..last of a shmem file."""
        index: u64 = self.xarray.xa_find(inode, first, last)
        while index <= last:
            entry: u64 = self.xarray.xa_load(inode, index)
            if entry & XA_VALUE:
                self.readahead.read_swap_cache_async(
                    entry ^ XA_VALUE, GFP_HIGHUSER_MOVABLE, self.current[0].mm
                )
            index = self.xarray.xa_find(inode, index + 1, last)
        return self.lru.lru_add_drain()
