"""Whether a page was used since somebody last asked.

Models mm/rmap.c: folio_referenced(), folio_referenced_one().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Pages, u32, u64


@cython.final
@cython.cclass
class RmapReferenced:
    """Reads and clears accessed bits through the reverse map."""

    pages: Pages

    def __init__(self, arena, config):
        self.pages = arena.pages

    @cython.ccall
    @cython.nogil
    def folio_referenced(self, pfn: u64, memcg: u32) -> cython.int:
        """How many ptes had used the page; their accessed bits are cleared. Stands in: none."""
        return 0
