"""Inodes, open files and the pages cached for them.

Models mm/filemap.c, mm/shmem.c, fs/inode.c.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class PageCache:
    """The page cache."""

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
    def new_inode(self, kind: u32, i_size: u64, i_ino: u64, i_rdev: u32) -> u32:
        """A new inode with i_count 1, or 0."""
        return 0

    @cython.ccall
    def iget(self, inode: u32) -> cython.int:
        """Take a reference."""
        return 0

    @cython.ccall
    def iput(self, inode: u32) -> cython.int:
        """Drop one; the last of an unlinked or shmem inode frees its pages."""
        return 0

    @cython.ccall
    def open_file(self, inode: u32, f_flags: u32, f_mode: u32) -> u32:
        """A new struct file with f_count 1 (takes an inode reference), or 0: alloc_file()."""
        return 0

    @cython.ccall
    def get_file(self, file: u32) -> cython.int:
        """Take a reference."""
        return 0

    @cython.ccall
    def fput(self, file: u32) -> cython.int:
        """Drop one."""
        return 0

    @cython.ccall
    def shmem_file_setup(self, size: u64, vm_flags: u64) -> u32:
        """A file on a new shmem inode, accounted unless VM_NORESERVE, or 0; behind MAP_SHARED|MAP_ANONYMOUS: shmem_zero_setup()."""
        return 0

    @cython.ccall
    def find_get_page(self, inode: u32, index: u64) -> u64:
        """Cached pfn (no reference taken), or 0."""
        return 0

    @cython.ccall
    def filemap_get_or_read(self, inode: u32, index: u64) -> u64:
        """pfn of the page, read from its device or (shmem) zeroed if absent; 0 when out of memory. Sets `major` if it had to be read."""
        return 0

    @cython.ccall
    def truncate_inode_pages(self, inode: u32, first: u64, last: u64) -> cython.int:
        """Unmap and drop the pages first..last."""
        return 0
