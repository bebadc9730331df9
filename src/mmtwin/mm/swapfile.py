"""Swap areas and their slots.

Stands in until swap is modelled: there is no area.

Models mm/swapfile.c: the entry points. A swap entry is `type << 50 | offset`, offset >= 1 in an
area, so 0 is none; in a pte it stands as swp_entry_to_pte() says (pgtable.py).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import i64, u64


@cython.final
@cython.cclass
class SwapFile:
    """The areas: swapon, swapoff, slots and their use counts."""

    def __init__(self, arena, config):
        pass

    @cython.ccall
    @cython.nogil
    def get_nr_swap_pages(self) -> i64:
        """Free slots of all areas."""
        return 0

    @cython.ccall
    @cython.nogil
    def get_total_swap_pages(self) -> i64:
        """Slots of all areas: total_swap_pages."""
        return 0

    @cython.ccall
    @cython.nogil
    def swap_duplicate(self, entry: u64) -> cython.int:
        """One more pte names the entry (fork, unmapping): 0 or -ENOMEM."""
        return 0

    @cython.ccall
    @cython.nogil
    def free_swap_and_cache(self, entry: u64) -> cython.int:
        """A pte that named the entry is gone: drop its count, and its cached page if that was the
        last."""
        return 0
