"""Unmapping a page everywhere, so that it can be taken away.

Models mm/rmap.c: try_to_unmap(), try_to_unmap_one().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Pages, u64


@cython.final
@cython.cclass
class RmapUnmap:
    """Replaces a page's ptes by swap entries, or clears them."""

    pages: Pages

    def __init__(self, arena, config):
        self.pages = arena.pages

    @cython.ccall
    @cython.nogil
    def try_to_unmap(self, pfn: u64, ignore_mlock: cython.bint) -> cython.bint:
        """Unmap a locked page everywhere: whether no pte maps it any more. Stands in: never."""
        return False
