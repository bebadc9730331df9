"""Dirty pages: how many there may be, and who writes them when.

Stands in until writeback is modelled: what is dirty stays so.

Models mm/page-writeback.c: balance_dirty_pages(), write_cache_pages(); fs/fs-writeback.c:
wb_workfn(), wakeup_flusher_threads().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Pages, u32, u64


# enum wb_reason: why the flushers are woken
WB_REASON_VMSCAN = cython.declare(cython.const[cython.uint], 1)


@cython.final
@cython.cclass
class PageWriteback:
    """Throttling of writers, and the flusher threads."""

    pages: Pages

    def __init__(self, arena, config):
        self.pages = arena.pages

    @cython.ccall
    @cython.nogil
    def balance_dirty_pages_ratelimited(self, inode: u32, nr_dirtied: u32) -> cython.int:
        """The current task dirtied pages of a file: write or wait if there are too many."""
        return 0

    @cython.ccall
    @cython.nogil
    def wb_workfn(self, device: u32) -> u64:
        """One turn of a device's flusher: when it wants to run again, or 0."""
        return 0

    @cython.ccall
    @cython.nogil
    def wakeup_flusher_threads(self, reason: u32) -> cython.int:
        """Let every flusher write what it can (reclaim found dirty pages)."""
        return 0

    @cython.ccall
    @cython.nogil
    def pageout(self, pfn: u64) -> cython.int:
        """Reclaim wants a dirty, unmapped page of a file written: 0 if writing began, -errno."""
        return -1

    @cython.ccall
    @cython.nogil
    def end_page_writeback(self, pfn: u64, error: cython.int) -> cython.int:
        """A page's write is done, or failed with -errno: folio_end_writeback()."""
        return 0
