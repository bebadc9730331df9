"""Four- or five-level page tables, in pages of the machine.

Models arch/x86/mm/pgtable.c, mm/memory.c: __pte_alloc() and its like, free_pgtables().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class PageTables:
    """Tables of 512 entries: flat array `ptes`, entry i of table slot s at s * 512 + i. A table page's slot is Page.private; an upper entry holds the child's pfn."""

    arena: object

    def __init__(self, arena, config):
        self.arena = arena

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""

    def boot(self):
        """Bring freshly zeroed arrays into the state of a booted machine."""

    def check(self):
        """Assert the invariants from scratch."""

    @cython.ccall
    @cython.nogil
    def pgd_alloc(self, mm: u32) -> cython.int:
        """Top-level table of a new mm: 0 or -ENOMEM."""
        return 0

    @cython.ccall
    @cython.nogil
    def pgd_free(self, mm: u32) -> cython.int:
        """Free it; all others must be gone."""
        return 0

    @cython.ccall
    @cython.nogil
    def pte_offset(self, mm: u32, address: u64) -> u64:
        """Index into `ptes` of the pte for address, or 0 where a table is missing (or a huge pmd stands)."""
        return 0

    @cython.ccall
    @cython.nogil
    def pmd_offset(self, mm: u32, address: u64) -> u64:
        """Index into `ptes` of the pmd entry, or 0."""
        return 0

    @cython.ccall
    @cython.nogil
    def pte_alloc(self, mm: u32, address: u64) -> u64:
        """As pte_offset(), making the missing tables; 0 when out of memory."""
        return 0

    @cython.ccall
    @cython.nogil
    def free_pgtables(self, mm: u32, start: u64, end: u64, floor: u64, ceiling: u64) -> cython.int:
        """Free tables that only [start, end) used: free_pgd_range() with floor and ceiling."""
        return 0
