"""The vmas of an address space, in address order.

Models mm/mmap.c (the kernel: a maple tree since 6.1; here a treap with the largest gap of each subtree).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class VmaTree:
    """Finds vmas and gaps in O(log n)."""

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
    def find_vma(self, mm: u32, addr: u64) -> u32:
        """First vma with vm_end > addr, or 0."""
        return 0

    @cython.ccall
    def find_vma_prev_of(self, mm: u32, addr: u64) -> u32:
        """Last vma with vm_start < addr (or vm_end <= addr), or 0."""
        return 0

    @cython.ccall
    def vma_link(self, mm: u32, vma: u32) -> cython.int:
        """Insert; it overlaps none."""
        return 0

    @cython.ccall
    def vma_unlink(self, mm: u32, vma: u32) -> cython.int:
        """Remove."""
        return 0

    @cython.ccall
    def gap_changed(self, vma: u32) -> cython.int:
        """vm_start or the end below it changed: recompute gaps up to the root."""
        return 0
