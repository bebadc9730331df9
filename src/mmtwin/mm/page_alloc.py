"""The zoned buddy allocator and its per-CPU lists.

Models mm/page_alloc.c.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class PageAlloc:
    """The page allocator."""

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
    def alloc_pages(self, gfp: u32, order: cython.int, nid: cython.int) -> u64:
        """First pfn of 2**order pages with refcount 1 on the head, or 0. nid -1 is the local node (numa_node_id())."""
        return 0

    @cython.ccall
    def free_pages(self, pfn: u64, order: cython.int) -> cython.int:
        """Give back a block whose refcount is 0: free_unref_page(), free_one_page()."""
        return 0
