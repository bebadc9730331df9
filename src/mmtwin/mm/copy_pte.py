"""fork(): a child's page tables from its parent's.

Private pages are shared read-only from now on; the next store to one copies it. A vma whose pages
can all be faulted in again (shared, or a file mapping without private copies) is skipped: the
child faults them itself.

Models mm/memory.c: vma_needs_copy(), copy_page_range(), copy_pte_range(), copy_present_ptes().
Not modelled: pages pinned by get_user_pages(), which fork copies at once.

Invariant: a page that fork has shared is PG_anon_exclusive in neither address space.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.page_flags import PAGE_MAPPING_ANON
    from mmtwin.mm.pgtable import ALL_ONES, PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_DIRTY, PAGE_PRESENT, PAGE_PROTNONE, PAGE_RW, PAGE_SHIFT, PAGE_SPECIAL,
        PTE_PFN_MASK, PAGE_UFFD_WP,
    )  # fmt: skip
    from mmtwin.mm.rss_stat import MM_SHMEMPAGES, MM_SWAPENTS
    from mmtwin.mm.swap_entry import PTE_SWP_EXCLUSIVE, pte_to_swp_entry
    from mmtwin.mm.types import Pages, U64s, Vmas, u32, u64
    from mmtwin.mm.uapi import ENOMEM
    from mmtwin.mm.vm_flags import VM_MIXEDMAP, VM_PFNMAP, VM_SHARED
    from mmtwin.mm.vma_prot import is_cow_mapping


@cython.final
@cython.cclass
class CopyPte:
    """Walks that copy ptes to another address space."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    page_tables: PageTables
    rmap = cython.declare("Rmap")
    memory = cython.declare("Memory")
    zap = cython.declare("Zap")
    rss = cython.declare("RssStat")
    swapfile = cython.declare("SwapFile")

    def __init__(self, arena, config):
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.rmap, self.memory, self.zap = m.page_tables, m.rmap, m.memory, m.zap
        self.rss, self.swapfile = m.rss_stat, m.swapfile

    @cython.ccall
    @cython.nogil
    def copy_page_range(self, dst_vma: u32, src_vma: u32) -> cython.int:
        """Share the pages of one vma: 0 or -ENOMEM. The caller flushes the parent's TLB."""
        if not self.vma_needs_copy(src_vma):
            return 0
        dst_mm: u32 = self.vmas[dst_vma].vm_mm
        src_mm: u32 = self.vmas[src_vma].vm_mm
        start: u64 = self.vmas[src_vma].vm_start
        end: u64 = self.vmas[src_vma].vm_end
        while start < end:
            start = self.page_tables.next_pmd(src_mm, start, end)
            if start >= end:
                break
            # the kernel makes the upper tables before it looks whether the lower ones are there
            if self.page_tables.pmd_alloc(dst_mm, start) == 0:
                return -ENOMEM
            stop: u64 = self.page_tables.pmd_addr_end(start, end)
            src: u64 = self.page_tables.pte_offset(src_mm, start)
            if src:
                dst: u64 = self.page_tables.pte_alloc(dst_mm, start)
                if dst == 0:
                    return -ENOMEM
                if self.copy_pte_range(dst_vma, src_vma, dst, src, (stop - start) >> PAGE_SHIFT):
                    return -ENOMEM
            start = stop
        return 0

    @cython.cfunc
    @cython.nogil
    def vma_needs_copy(self, src_vma: u32) -> cython.bint:
        """Whether the child could not fault all of it in again."""
        if self.vmas[src_vma].vm_flags & (VM_PFNMAP | VM_MIXEDMAP):
            return True
        return self.vmas[src_vma].anon_vma != 0

    @cython.cfunc
    @cython.nogil
    def copy_pte_range(self, dst_vma: u32, src_vma: u32, dst: u64, src: u64, n: u64) -> cython.int:
        """Copy n ptes of one table: 0 or -ENOMEM."""
        vm_flags: u64 = self.vmas[src_vma].vm_flags
        cow: cython.bint = is_cow_mapping(vm_flags)
        drop: u64 = PAGE_ACCESSED | PAGE_UFFD_WP
        if vm_flags & VM_SHARED:
            drop |= PAGE_DIRTY
        if cow:
            drop |= PAGE_RW
        keep: u64 = ~drop & ALL_ONES
        file: cython.int = 0
        anon: cython.int = 0
        shmem: cython.int = 0
        for i in range(n):
            pte: u64 = self.ptes[src + i]
            if not pte & (PAGE_PRESENT | PAGE_PROTNONE):
                if pte and self.copy_swap_pte(dst_vma, dst + i, src + i):
                    self.zap.add_mm_rss_vec(self.vmas[dst_vma].vm_mm, file, anon, shmem)
                    return -ENOMEM
                continue
            if not pte & PAGE_SPECIAL:
                pfn: u64 = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
                self.pages[pfn].refcount += 1
                if self.pages[pfn].mapping & PAGE_MAPPING_ANON:
                    self.rmap.add_anon_rmap(pfn)
                    anon += 1
                else:
                    self.rmap.add_file_rmap(pfn)
                    if self.memory.mm_counter_file(pfn) == MM_SHMEMPAGES:
                        shmem += 1
                    else:
                        file += 1
            if cow and pte & PAGE_RW:
                self.ptes[src + i] = pte & ~PAGE_RW & ALL_ONES
            self.ptes[dst + i] = pte & keep
        return self.zap.add_mm_rss_vec(self.vmas[dst_vma].vm_mm, file, anon, shmem)

    @cython.cfunc
    @cython.nogil
    def copy_swap_pte(self, dst_vma: u32, dst: u64, src: u64) -> cython.int:
        """The child names the slot too, which nobody has for himself any more: 0 or -ENOMEM.
        copy_nonpresent_pte()."""
        pte: u64 = self.ptes[src]
        if self.swapfile.swap_duplicate(pte_to_swp_entry(pte)):
            return -ENOMEM
        if pte & PTE_SWP_EXCLUSIVE:
            pte ^= PTE_SWP_EXCLUSIVE
            self.ptes[src] = pte
        self.ptes[dst] = pte
        return self.rss.add_mm_counter(self.vmas[dst_vma].vm_mm, MM_SWAPENTS, 1)
