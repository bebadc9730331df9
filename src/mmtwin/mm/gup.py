"""Faulting pages in for somebody who is not the CPU: mlock, MAP_POPULATE, MADV_POPULATE_*.

Models mm/gup.c: populate_vma_page_range(), faultin_page_range(), faultin_page(),
check_vma_flags(), follow_page_pte() with FOLL_TOUCH.
Not modelled: pinning.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.memory import Memory
    from mmtwin.mm.page_flags import PAGE_MAPPING_ANON, PG_dirty
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_DIRTY, PAGE_PRESENT, PAGE_RW, PAGE_SHIFT, PAGE_SIZE, PAGE_SPECIAL, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.types import Pages, U64s, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import EFAULT, ENOMEM
    from mmtwin.mm.vm_fault import VM_FAULT_ERROR, VM_FAULT_OOM
    from mmtwin.mm.vm_flags import VM_IO, VM_PFNMAP, VM_WRITE
    from mmtwin.mm.vma_prot import vma_is_accessible


@cython.final
@cython.cclass
class Gup:
    """get_user_pages(), as far as it only faults in."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    memory: Memory
    page_tables: PageTables
    lru = cython.declare("Lru")
    page_cache = cython.declare("PageCache")

    def __init__(self, arena, config):
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.memory, self.page_tables = m.memory, m.page_tables
        self.lru, self.page_cache = m.lru, m.page_cache

    @cython.ccall
    @cython.nogil
    def populate_range(self, vma: u32, start: u64, end: u64, write: cython.int) -> i64:
        """Fault in [start, end) of one vma: pages done, or -EFAULT, -ENOMEM for the first."""
        error: cython.int = self.check_vma_flags(vma, write)
        done: i64 = 0
        while start < end and error == 0:
            error = self.faultin_page(vma, start, write)
            if error == 0:
                done += 1
                start += PAGE_SIZE
        self.lru.lru_add_drain()  # populate_vma_page_range(), faultin_page_range()
        return done if done or error == 0 else error

    @cython.cfunc
    @cython.nogil
    def check_vma_flags(self, vma: u32, write: cython.int) -> cython.int:
        """-EFAULT for what gup cannot reach."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        if vm_flags & (VM_IO | VM_PFNMAP) or not vma_is_accessible(vm_flags):
            return -EFAULT
        if write and not vm_flags & VM_WRITE:
            return -EFAULT
        return 0

    @cython.cfunc
    @cython.nogil
    def faultin_page(self, vma: u32, address: u64, write: cython.int) -> cython.int:
        """Until the page can be followed, fault: 0, -ENOMEM or -EFAULT."""
        while not self.follow_page(vma, address, write):
            fault: cython.int = self.memory.handle_mm_fault(vma, address, write)
            if fault & VM_FAULT_OOM:
                return -ENOMEM
            if fault & VM_FAULT_ERROR:
                return -EFAULT
        return 0

    @cython.cfunc
    @cython.nogil
    def follow_page(self, vma: u32, address: u64, write: cython.int) -> cython.bint:
        """Whether a pte gives the access; if so its page is marked accessed."""
        at: u64 = self.page_tables.pte_offset(self.vmas[vma].vm_mm, address)
        if at == 0:
            return False
        pte: u64 = self.ptes[at]
        if not pte & PAGE_PRESENT or (write and not pte & PAGE_RW):
            return False
        if pte & PAGE_SPECIAL:
            return True
        pfn: u64 = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
        if write and not pte & PAGE_DIRTY:
            if self.pages[pfn].mapping & PAGE_MAPPING_ANON:
                self.pages[pfn].flags |= PG_dirty
            else:
                self.page_cache.folio_mark_dirty(pfn)
        self.lru.mark_page_accessed(pfn)
        return True
