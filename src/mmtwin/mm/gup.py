"""Faulting pages in for somebody who is not the CPU: mlock, MAP_POPULATE, MADV_POPULATE_*.

Models mm/gup.c: __mm_populate(), populate_vma_page_range(), faultin_page_range(), faultin_page(),
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
    from mmtwin.mm.types import Currents, Pages, U64s, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import EFAULT, EINTR, ENOMEM
    from mmtwin.mm.vm_fault import FAULT_FLAG_ALLOW_RETRY, VM_FAULT_ERROR, VM_FAULT_OOM
    from mmtwin.mm.vm_flags import VM_IO, VM_LOCKONFAULT, VM_PFNMAP, VM_SHARED, VM_WRITE
    from mmtwin.mm.vma_prot import vma_is_accessible


@cython.final
@cython.cclass
class Gup:
    """get_user_pages(), as far as it only faults in."""

    current: Currents
    pages: Pages
    ptes: U64s
    vmas: Vmas
    memory: Memory
    page_tables: PageTables
    lru = cython.declare("Lru")
    page_cache = cython.declare("PageCache")
    vma_tree = cython.declare("VmaTree")
    oom_kill = cython.declare("OomKill")

    def __init__(self, arena, config):
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas
        self.current = arena.current

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.memory, self.page_tables = m.memory, m.page_tables
        self.lru, self.page_cache, self.vma_tree = m.lru, m.page_cache, m.vma_tree
        self.oom_kill = m.oom_kill

    @cython.ccall
    @cython.nogil
    def mm_populate(self, start: u64, end: u64, ignore_errors: cython.bint) -> cython.int:
        """Fault in what is mapped of [start, end) of the current mm: 0, -EFAULT or -ENOMEM."""
        mm: u32 = self.current[0].mm
        vma: u32 = self.vma_tree.find_vma(mm, start)
        while vma and self.vmas[vma].vm_start < end:
            low: u64 = max(start, self.vmas[vma].vm_start)
            high: u64 = min(end, self.vmas[vma].vm_end)
            error: cython.int = self.populate_vma_page_range(vma, low, high)
            if error and not ignore_errors:
                return error
            vma = self.vmas[vma].vm_next
        return 0

    @cython.ccall
    @cython.nogil
    def populate_vma_page_range(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Fault in a part of one vma, for writing where that makes the private copies."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        if vm_flags & (VM_IO | VM_PFNMAP | VM_LOCKONFAULT):
            return 0
        write: cython.int = 1 if vm_flags & (VM_WRITE | VM_SHARED) == VM_WRITE else 0
        while start < end:
            done: i64 = self.populate_range(vma, start, end, write)
            if done < 0:
                return cython.cast(cython.int, done)
            start += cython.cast(u64, done) << PAGE_SHIFT
        return 0

    @cython.ccall
    @cython.nogil
    def populate_range(self, vma: u32, start: u64, end: u64, write: cython.int) -> i64:
        """Fault in [start, end) of one vma: pages done, or -EFAULT, -ENOMEM for the first, -EINTR
        for a task that has been killed."""
        error: cython.int = self.check_vma_flags(vma, write)
        done: i64 = 0
        while start < end and error == 0:
            if self.oom_kill.fatal_signal_pending():
                error = -EINTR
            else:
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
        """Until the page can be followed, fault: 0, -ENOMEM or -EFAULT. A retry starts anew, so
        that what had to be read counts as a minor fault."""
        while not self.follow_page(vma, address, write):
            fault: cython.int = self.memory.handle_mm_fault_once(
                vma, address, write, FAULT_FLAG_ALLOW_RETRY
            )
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
