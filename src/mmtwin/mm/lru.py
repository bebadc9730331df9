"""LRU lists and their per-CPU folio batches; the last reference.

Models mm/swap.c.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class Lru:
    """Where pages wait to be judged."""

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
    def folio_add_lru(self, pfn: u64) -> cython.int:
        """Queue a new page for its list on the current CPU: folio_add_lru()."""
        return 0

    @cython.ccall
    def put_page(self, pfn: u64) -> cython.int:
        """Drop a reference; the last one takes the page off its lists and frees it: put_page(), __folio_put()."""
        return 0

    @cython.ccall
    def mark_page_accessed(self, pfn: u64) -> cython.int:
        """folio_mark_accessed()."""
        return 0

    @cython.ccall
    def lru_add_drain(self) -> cython.int:
        """Empty the batches of the current CPU."""
        return 0
