"""struct page for every frame of the machine: the `pages` array, indexed by pfn.

Models include/linux/mm_types.h: struct page; mm/internal.h: page references.
Not modelled: the memory that mem_map itself takes (it is charged at boot, see mmzone.py).

Invariants: a page with refcount 0 is on a free list, on a per-CPU list, or was never touched;
`mapcount` <= `refcount`; frames outside of every zone stay all zero.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Pages, u64


@cython.final
@cython.cclass
class MemMap:
    """The page records."""

    pages: Pages

    def __init__(self, arena, config):
        self.pages = arena.array("pages", "Page", config.nr_pfns)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def get_page(self, pfn: u64) -> cython.void:
        """Take a reference: get_page()."""
        self.pages[pfn].refcount += 1
