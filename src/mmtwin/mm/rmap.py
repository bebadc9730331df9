"""Reverse maps: from a page to the ptes that map it.

Models mm/rmap.c: anon_vma_prepare(), anon_vma_clone(), anon_vma_fork(), folio_add_new_anon_rmap(), ....
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class Rmap:
    """anon_vmas with their chains, and the i_mmap lists of inodes."""

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
    def anon_vma_prepare(self, vma: u32) -> cython.int:
        """Give vma an anon_vma (a neighbour's if mergeable): 0 or -ENOMEM."""
        return 0

    @cython.ccall
    def anon_vma_clone(self, dst: u32, src: u32) -> cython.int:
        """Attach dst to all anon_vmas of src."""
        return 0

    @cython.ccall
    def anon_vma_fork(self, vma: u32, pvma: u32) -> cython.int:
        """For a child's vma: clone, then one of its own."""
        return 0

    @cython.ccall
    def unlink_anon_vmas(self, vma: u32) -> cython.int:
        """Detach; empty anon_vmas are freed."""
        return 0

    @cython.ccall
    def vma_link_file(self, vma: u32) -> cython.int:
        """Put a file vma on its inode's i_mmap list."""
        return 0

    @cython.ccall
    def unlink_file_vma(self, vma: u32) -> cython.int:
        """Take it off."""
        return 0

    @cython.ccall
    def add_new_anon_rmap(self, pfn: u64, vma: u32, address: u64) -> cython.int:
        """Map a fresh anonymous page: mapping, index, mapcount 1, PG_swapbacked, NR_ANON_MAPPED."""
        return 0

    @cython.ccall
    def add_anon_rmap(self, pfn: u64) -> cython.int:
        """Another pte maps an anonymous page (fork)."""
        return 0

    @cython.ccall
    def add_file_rmap(self, pfn: u64) -> cython.int:
        """A pte maps a file or shmem page; the first one counts NR_FILE_MAPPED."""
        return 0

    @cython.ccall
    def remove_rmap(self, pfn: u64) -> cython.int:
        """A pte no longer maps it."""
        return 0
