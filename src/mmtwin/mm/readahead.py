"""Readahead: what is read besides what was asked for.

Stands in until readahead is modelled: nothing.

Models mm/readahead.c: page_cache_sync_ra(), page_cache_async_ra(), force_page_cache_ra().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Files, Inodes, Pages, u32, u64


@cython.final
@cython.cclass
class Readahead:
    """The on-demand windows of open files."""

    pages: Pages
    inodes: Inodes
    files: Files

    def __init__(self, arena, config):
        self.pages, self.inodes, self.files = arena.pages, arena.inodes, arena.files

    @cython.ccall
    @cython.nogil
    def page_cache_sync_ra(self, file: u32, index: u64, req_count: u64) -> cython.int:
        """The page at index is not cached, and `req_count` pages from there are wanted."""
        return 0

    @cython.ccall
    @cython.nogil
    def page_cache_async_ra(self, file: u32, pfn: u64, req_count: u64) -> cython.int:
        """A page marked PG_readahead (PG_reclaim on a clean page) is used: read the next window."""
        return 0
