"""Unmapping a page everywhere, so that it can be taken away.

    pte of a file page                  cleared; dirty and used go to the page
    pte of a lazily freed page          cleared, unless the page was written again
    pte of any other anonymous page     replaced by its swap entry

The TLBs are flushed once for many pages (try_to_unmap_flush()), before any is written or freed.

Models mm/rmap.c: try_to_unmap(), try_to_unmap_one(), set_tlb_ubc_flush_pending(),
try_to_unmap_flush(); arch/x86: arch_tlbbatch_flush().
Not modelled: huge mappings.

Invariant: no flush is pending outside of reclaim.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.page_flags import (
        PAGE_MAPPING_ANON, PG_anon_exclusive, PG_dirty, PG_swapbacked, PG_swapcache,
    )  # fmt: skip
    from mmtwin.mm.pgtable_types import PAGE_DIRTY, PAGE_SOFT_DIRTY
    from mmtwin.mm.rss_stat import MM_ANONPAGES, MM_SWAPENTS
    from mmtwin.mm.swap_entry import PTE_SWP_EXCLUSIVE, PTE_SWP_SOFT_DIRTY, swp_entry_to_pte
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import Mms, Pages, U32s, U64s, Vmas, u32, u64
    from mmtwin.mm.vm_flags import VM_DROPPABLE, VM_LOCKED


@cython.final
@cython.cclass
class RmapUnmap:
    """Replaces a page's ptes by swap entries, or clears them."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    mms: Mms
    tlb_ubc: U32s  # one cell: CPUs whose TLB has to be flushed
    swapfile: SwapFile
    rmap = cython.declare("Rmap")
    rss = cython.declare("RssStat")
    tlb = cython.declare("Tlb")
    lru = cython.declare("Lru")
    memory = cython.declare("Memory")
    page_cache = cython.declare("PageCache")
    mlock_batch = cython.declare("MlockBatch")

    def __init__(self, arena, config):
        self.pages, self.vmas, self.mms = arena.pages, arena.vmas, arena.mms
        self.tlb_ubc = arena.array("tlb_ubc", "u32", 1)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.ptes = m.arena.ptes
        self.swapfile = m.swapfile
        self.rmap, self.rss, self.tlb, self.lru = m.rmap, m.rss_stat, m.tlb, m.lru
        self.memory, self.page_cache, self.mlock_batch = m.memory, m.page_cache, m.mlock_batch

    @cython.ccall
    @cython.nogil
    def try_to_unmap(self, pfn: u64, ignore_mlock: cython.bint) -> cython.bint:
        """Unmap a locked page everywhere: whether no pte maps it any more."""
        link: u32
        vma: u32
        at: u64
        if self.pages[pfn].mapcount == 0:
            return True
        link = self.rmap.rmap_walk_first(pfn)
        while link and self.pages[pfn].mapcount:
            vma = self.rmap.rmap_walk_vma(pfn, link)
            at = self.rmap.page_vma_mapped_walk(pfn, vma)
            if at:
                if not ignore_mlock and self.vmas[vma].vm_flags & VM_LOCKED:
                    self.mlock_batch.mlock_folio(pfn)  # it was missed when it was locked
                    return False
                if not self.try_to_unmap_one(pfn, vma, at):
                    return False
            link = self.rmap.rmap_walk_next(pfn, link)
        return self.pages[pfn].mapcount == 0

    @cython.cfunc
    @cython.nogil
    def try_to_unmap_one(self, pfn: u64, vma: u32, at: u64) -> cython.bint:
        """Clear one pte, `ptes[at]`; False if the page has to stay."""
        mm: u32 = self.vmas[vma].vm_mm
        pte: u64 = self.ptes[at]
        file: cython.bint = not self.pages[pfn].mapping & PAGE_MAPPING_ANON
        self.set_tlb_ubc_flush_pending(mm)
        if pte & PAGE_DIRTY:
            if file:
                self.page_cache.folio_mark_dirty(pfn)
            else:
                self.pages[pfn].flags |= PG_dirty
        self.rss.update_hiwater_rss(mm)
        if file:
            self.ptes[at] = 0
            self.rss.add_mm_counter(mm, self.memory.mm_counter_file(pfn), -1)
        elif not self.pages[pfn].flags & PG_swapbacked:
            if not self.discard_lazyfree(pfn, vma, at):
                return False
        elif not self.swap_out_pte(pfn, vma, at):
            return False
        self.rmap.remove_rmap(pfn)
        self.lru.put_page(pfn)
        return True

    @cython.cfunc
    @cython.nogil
    def discard_lazyfree(self, pfn: u64, vma: u32, at: u64) -> cython.bint:
        """A page of MADV_FREE goes, unless somebody holds it or has written to it since: then it is
        an ordinary page again."""
        droppable: u64 = self.vmas[vma].vm_flags & VM_DROPPABLE
        if self.pages[pfn].refcount == 1 + self.pages[pfn].mapcount:
            if droppable or not self.pages[pfn].flags & PG_dirty:
                self.ptes[at] = 0
                self.rss.add_mm_counter(self.vmas[vma].vm_mm, MM_ANONPAGES, -1)
                return True
        if not droppable:
            self.pages[pfn].flags |= PG_swapbacked
        return False

    @cython.cfunc
    @cython.nogil
    def swap_out_pte(self, pfn: u64, vma: u32, at: u64) -> cython.bint:
        """Put the page's swap entry in the place of its pte, which keeps soft-dirty and whether it
        was exclusive; False if its slot's count cannot be raised."""
        entry: u64 = self.pages[pfn].private
        mm: u32 = self.vmas[vma].vm_mm
        assert self.pages[pfn].flags & PG_swapcache
        if self.swapfile.swap_duplicate(entry):
            return False
        new: u64 = swp_entry_to_pte(entry)
        if self.pages[pfn].flags & PG_anon_exclusive:
            self.pages[pfn].flags ^= PG_anon_exclusive  # folio_try_share_anon_rmap_pte()
            new |= PTE_SWP_EXCLUSIVE
        if self.ptes[at] & PAGE_SOFT_DIRTY:
            new |= PTE_SWP_SOFT_DIRTY
        self.ptes[at] = new
        self.rss.add_mm_counter(mm, MM_ANONPAGES, -1)
        self.rss.add_mm_counter(mm, MM_SWAPENTS, 1)
        return True

    # -- TLBs

    @cython.cfunc
    @cython.nogil
    def set_tlb_ubc_flush_pending(self, mm: u32) -> cython.int:
        """CPUs that may hold translations of this mm are to be flushed."""
        self.tlb_ubc[0] |= self.mms[mm].cpu_mask
        self.mms[mm].tlb_gen += 1
        return 0

    @cython.ccall
    @cython.nogil
    def try_to_unmap_flush(self) -> cython.int:
        """Flush those CPUs, wholly."""
        if self.tlb_ubc[0]:
            self.tlb.arch_tlbbatch_flush(self.tlb_ubc[0])
            self.tlb_ubc[0] = 0
        return 0

    def check(self):
        """No flush is pending."""
        assert self.tlb_ubc[0] == 0
