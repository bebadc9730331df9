"""Refault distances: shadow entries that remember when a page was evicted.

Stands in until reclaim is modelled.

Models mm/workingset.c: workingset_eviction(), workingset_refault(), workingset_activation().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Pages, u32, u64


@cython.final
@cython.cclass
class Workingset:
    """Shadow entries, made and judged."""

    pages: Pages

    def __init__(self, arena, config):
        self.pages = arena.pages

    @cython.ccall
    @cython.nogil
    def workingset_eviction(self, pfn: u64, target_memcg: u32) -> u64:
        """The shadow entry (an XA_VALUE) for a page that reclaim takes out of its cache."""
        return 0

    @cython.ccall
    @cython.nogil
    def workingset_refault(self, pfn: u64, shadow: u64) -> cython.int:
        """A page comes back where a shadow entry was: count it, activate it if it was missed
        early."""
        return 0

    @cython.ccall
    @cython.nogil
    def workingset_activation(self, pfn: u64) -> cython.int:
        """A page is activated by its second access."""
        return 0
