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

    @cython.ccall
    @cython.nogil
    def shmem_writepage(self, pfn: u64) -> cython.int:
        """Reclaim wants a page of shmem in swap: move it to the swap cache and start writing: 0, or
        -errno if there is no swap for it."""
        return -1

    @cython.ccall
    @cython.nogil
    def free_swap_of_activated(self, pfn: u64) -> cython.int:
        """Reclaim leaves a page of the swap cache in use: give up its slot if swap is more than
        half full, or the page is locked."""
        return 0

    @cython.ccall
    @cython.nogil
    def remove_mapping(self, pfn: u64, shadow: u64) -> cython.int:
        """Reclaim takes a page that nobody maps out of the swap cache, leaving `shadow`, and drops
        the cache's reference: __remove_mapping()."""
        return 0
