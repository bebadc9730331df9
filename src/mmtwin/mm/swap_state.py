"""The swap cache: pages that have a place in swap, by their entry.

Stands in until swap is modelled: nothing can be added.

Models mm/swap_state.c: add_to_swap(), delete_from_swap_cache(), swapin_readahead().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Pages, u32, u64


@cython.final
@cython.cclass
class SwapState:
    """The swap cache and swap-in."""

    pages: Pages

    def __init__(self, arena, config):
        self.pages = arena.pages

    @cython.ccall
    @cython.nogil
    def add_to_swap(self, pfn: u64) -> cython.bint:
        """Give an anonymous (or shmem) page a slot and put it into the swap cache, dirty."""
        return False

    @cython.ccall
    @cython.nogil
    def do_swap_page(self, vma: u32, address: u64, at: u64, write: cython.int) -> cython.int:
        """A fault on a swapped-out pte (`ptes[at]`): VM_FAULT_* bits."""
        return 0

    @cython.ccall
    @cython.nogil
    def swap_writepage(self, pfn: u64) -> cython.int:
        """Start writing a locked page of the swap cache to its slot (zswap first): 0, or -errno."""
        return 0

    @cython.ccall
    @cython.nogil
    def end_swap_bio(self, entry: u64, nr_pages: u32, op: u32, error: cython.int) -> cython.int:
        """A request to a swap device is done (REQ_OP_READ or REQ_OP_WRITE), or failed with
        -errno: end_swap_bio_read(), end_swap_bio_write()."""
        return 0
