"""mprotect(): existing ptes get the rights of their vma's new flags.

A writable private vma does not give PAGE_RW at once to every pte, for the write fault decides about
copies; ptes that need no such decision (an exclusive anonymous page; a dirty page of a shared
mapping) get it here and spare the fault.

Models mm/mprotect.c: change_protection(), change_pte_range(), can_change_pte_writable(); arch/x86:
pte_modify(), pte_needs_flush().
Not modelled: NUMA hinting and userfaultfd changes.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.page_flags import PAGE_MAPPING_ANON, PG_anon_exclusive
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_DIRTY, PAGE_PRESENT, PAGE_PROTNONE, PAGE_RW, PAGE_SHIFT,
        PAGE_SIZE, PAGE_SOFT_DIRTY, PAGE_SPECIAL, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.types import Pages, U64s, Vmas, u32, u64
    from mmtwin.mm.vm_flags import VM_SHARED, VM_SOFTDIRTY, VM_WRITE
    from mmtwin.mm.vma_prot import vm_page_prot, vma_wants_writenotify

# Bits that a change of protection leaves alone: _PAGE_CHG_MASK
PAGE_CHG_MASK = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFE60)
PAGE_PROT_BITS = cython.declare(
    cython.const[cython.ulonglong], 0x8000000000000107
)  # P, RW, US, PROTNONE, NX


@cython.final
@cython.cclass
class MprotectPte:
    """Walks that change the protection of ptes."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    page_tables: PageTables
    mmu_gather = cython.declare("MmuGather")

    def __init__(self, arena, config):
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.mmu_gather = m.page_tables, m.mmu_gather

    @cython.ccall
    @cython.nogil
    def change_protection(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Bring the ptes of [start, end) in line with the vma's flags."""
        mm: u32 = self.vmas[vma].vm_mm
        self.mmu_gather.tlb_gather_mmu(mm)
        while start < end:
            start = self.page_tables.next_pmd(mm, start, end)
            if start >= end:
                break
            stop: u64 = self.page_tables.pmd_addr_end(start, end)
            at: u64 = self.page_tables.pte_offset(mm, start)
            if at:
                self.change_pte_range(vma, start, at, at + ((stop - start) >> PAGE_SHIFT))
            start = stop
        return self.mmu_gather.tlb_finish_mmu()

    @cython.cfunc
    @cython.nogil
    def change_pte_range(self, vma: u32, address: u64, at: u64, end: u64) -> cython.int:
        """The ptes at..end of one table, the first of which maps `address`."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        prot: u64 = vm_page_prot(vm_flags, self.vmas[vma].vm_ops)
        upgrade: cython.bint = (vm_flags & VM_WRITE) != 0
        if vm_flags & VM_SHARED:
            upgrade = vma_wants_writenotify(vm_flags, self.vmas[vma].vm_ops)
        while at < end:
            pte: u64 = self.ptes[at]
            if pte & (PAGE_PRESENT | PAGE_PROTNONE):
                new: u64 = (pte & PAGE_CHG_MASK) | (prot & PAGE_PROT_BITS)
                if upgrade and self.can_change_pte_writable(vm_flags, new):
                    new |= PAGE_RW
                self.ptes[at] = new
                if pte & PAGE_PRESENT and (pte ^ new) & PAGE_PROT_BITS:
                    self.mmu_gather.note_flush(address)
            at += 1
            address += PAGE_SIZE
        return 0

    @cython.cfunc
    @cython.nogil
    def can_change_pte_writable(self, vm_flags: u64, pte: u64) -> cython.bint:
        """Whether a write fault would do nothing but set PAGE_RW."""
        if pte & PAGE_PROTNONE:
            return False
        if not vm_flags & VM_SOFTDIRTY and not pte & PAGE_SOFT_DIRTY:
            return False
        if vm_flags & VM_SHARED:
            return (pte & PAGE_DIRTY) != 0
        if pte & PAGE_SPECIAL:
            return False
        pfn: u64 = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
        exclusive: u64 = self.pages[pfn].flags & PG_anon_exclusive
        return self.pages[pfn].mapping & PAGE_MAPPING_ANON and exclusive != 0
