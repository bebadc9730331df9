"""mremap(): ptes move to another address, whole tables at a time where both ends are aligned.

    1 GiB aligned   the pud entry moves: nothing below it is looked at
    2 MiB aligned   the pmd entry moves
    otherwise       pte by pte, into a table of the new place; the old table stays, empty

Models mm/mremap.c: move_page_tables(), move_ptes(), move_normal_pmd(), move_normal_pud(),
try_realign_addr().
Not modelled: the retries where a table vanishes under the walk.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_SHIFT, PAGE_SOFT_DIRTY, PMD_MASK, PMD_SIZE, PUD_SIZE,
    )  # fmt: skip
    from mmtwin.mm.swap_entry import PTE_SWP_SOFT_DIRTY, is_swap_pte
    from mmtwin.mm.tlb import Tlb
    from mmtwin.mm.types import Mms, Sysctls, U64s, Vmas, u32, u64

KERNEL_MREMAP_REALIGN = cython.declare(cython.const[cython.int], 607)


@cython.final
@cython.cclass
class MremapPte:
    """The walk that moves ptes."""

    ptes: U64s
    vmas: Vmas
    mms: Mms
    sysctl: Sysctls
    page_tables: PageTables
    tlb: Tlb
    vma_tree = cython.declare("VmaTree")

    def __init__(self, arena, config):
        self.ptes, self.vmas, self.mms, self.sysctl = (
            arena.ptes,
            arena.vmas,
            arena.mms,
            arena.sysctl,
        )

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.tlb, self.vma_tree = m.page_tables, m.tlb, m.vma_tree

    @cython.ccall
    @cython.nogil
    def move_page_tables(
        self, vma: u32, old_addr: u64, new_vma: u32, new_addr: u64, length: u64
    ) -> u64:
        """Move the ptes of `length` bytes; bytes done (fewer when out of memory)."""
        mm: u32 = self.vmas[vma].vm_mm
        old_end: u64 = old_addr + length
        first: u64 = old_addr
        back: u64 = self.realign(mm, vma, old_addr, new_vma, new_addr, length)
        old: u64 = old_addr - back
        new: u64 = new_addr - back
        while old < old_end:
            extent: u64 = self.move_one(mm, old, new, old_end)
            if extent == 0:
                break
            old += extent
            new += extent
        self.tlb.flush_tlb_range(mm, first - back, old_end)
        return old - first if old > first else 0

    @cython.cfunc
    @cython.nogil
    def realign(
        self, mm: u32, vma: u32, old_addr: u64, new_vma: u32, new_addr: u64, length: u64
    ) -> u64:
        """From 6.7: bytes by which both ends may begin earlier, at a pmd boundary, because nothing
        else is mapped there: try_realign_addr()."""
        back: u64 = old_addr & (PMD_SIZE - 1)
        if self.sysctl[0].kernel < KERNEL_MREMAP_REALIGN or back == 0:
            return 0
        if new_addr & (PMD_SIZE - 1) != back or length + back < PMD_SIZE:
            return 0
        if not self.can_align_down(mm, vma, old_addr) or not self.can_align_down(
            mm, new_vma, new_addr
        ):
            return 0
        return back

    @cython.cfunc
    @cython.nogil
    def can_align_down(self, mm: u32, vma: u32, address: u64) -> cython.bint:
        """The vma starts at address, and nothing stands between it and the boundary below."""
        if self.vmas[vma].vm_start != address:
            return False
        below: u32 = self.vma_tree.find_vma(mm, address & PMD_MASK)
        return below == vma

    @cython.cfunc
    @cython.nogil
    def move_one(self, mm: u32, old: u64, new: u64, old_end: u64) -> u64:
        """Move the largest piece that begins at old: its bytes, or 0 when out of memory."""
        extent: u64 = self.get_extent(PUD_SIZE, old, old_end, new)
        old_pud: u64 = self.page_tables.pud_offset(mm, old)
        if old_pud == 0 or self.ptes[old_pud] == 0:
            return extent
        new_pud: u64 = self.page_tables.pud_alloc(mm, new)
        if new_pud == 0:
            return 0
        if extent == PUD_SIZE and self.move_entry(old_pud, new_pud):
            return extent
        extent = self.get_extent(PMD_SIZE, old, old_end, new)
        old_pmd: u64 = self.page_tables.pmd_offset(mm, old)
        if self.ptes[old_pmd] == 0:
            return extent
        new_pmd: u64 = self.page_tables.pmd_alloc(mm, new)
        if new_pmd == 0:
            return 0
        if extent == PMD_SIZE and self.move_entry(old_pmd, new_pmd):
            return extent
        to: u64 = self.page_tables.pte_alloc(mm, new)
        if to == 0:
            return 0
        self.move_ptes(self.page_tables.pte_offset(mm, old), to, extent >> PAGE_SHIFT)
        return extent

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def get_extent(self, size: u64, old: u64, old_end: u64, new: u64) -> u64:
        """Bytes up to the next boundary of `size` at either place."""
        extent: u64 = size - (old & (size - 1))
        if extent > old_end - old:
            extent = old_end - old
        if extent > size - (new & (size - 1)):
            extent = size - (new & (size - 1))
        return extent

    @cython.cfunc
    @cython.nogil
    def move_entry(self, old: u64, new: u64) -> cython.bint:
        """Move a whole table, if there is none at the new place."""
        if self.ptes[new]:
            return False
        self.ptes[new] = self.ptes[old]
        self.ptes[old] = 0
        return True

    @cython.cfunc
    @cython.nogil
    def move_ptes(self, old: u64, new: u64, n: u64) -> cython.int:
        """Move n ptes; they count as soft-dirty at the new place."""
        for i in range(n):
            pte: u64 = self.ptes[old + i]
            if pte:
                self.ptes[old + i] = 0
                self.ptes[new + i] = pte | (
                    PTE_SWP_SOFT_DIRTY if is_swap_pte(pte) else PAGE_SOFT_DIRTY
                )
        return 0
