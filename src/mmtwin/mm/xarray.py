"""The page index of an inode: a radix tree of 64-slot nodes.

Models lib/xarray.c.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class XArray:
    """Maps (inode, page offset) to an entry; the root is Inode.i_pages."""

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
    def xa_load(self, inode: u32, index: u64) -> u64:
        """The entry at index, or 0."""
        return 0

    @cython.ccall
    def xa_store(self, inode: u32, index: u64, entry: u64) -> cython.int:
        """Put an entry (not 0); 0 or -ENOMEM."""
        return 0

    @cython.ccall
    def xa_erase(self, inode: u32, index: u64) -> u64:
        """Remove and give the entry, or 0."""
        return 0

    @cython.ccall
    def xa_find(self, inode: u32, index: u64, last: u64) -> u64:
        """Index of the first entry in index..last, or last + 1."""
        return 0
