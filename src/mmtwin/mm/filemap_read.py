"""Buffered reads: the pages of a file, batch by batch.

    read(pos, length)
      |  batch: cached pages from pos on, up to 31 (to 6.8: 15), until one is not up to date or is
      |         marked for readahead; none: readahead, then again; still none: one page, read alone
      |  its last page marked?  the next window is asked for
      |  its last page not up to date?  wait; it comes with the next batch, unless it is alone
      |  mark the pages as accessed (the first one not, if the last read ended on it)
      +--and on, to the end of the request or of the file

No bytes are moved. What a batch holds is referenced, so that reclaim leaves it alone.

Models mm/filemap.c: generic_file_read_iter(), filemap_read(), filemap_get_pages(),
filemap_get_read_batch(), filemap_create_folio(), filemap_readahead(), filemap_update_page(),
filemap_read_folio().
Not modelled: IOCB_NOWAIT and io_uring, the copy to the user's buffer (it neither faults nor fails).

Invariant: outside of a call the batch holds no references.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_READ_PAGE, Clock
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE
    from mmtwin.mm.page_flags import PG_locked, PG_reclaim, PG_uptodate
    from mmtwin.mm.pgtable_types import PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.readahead import Readahead
    from mmtwin.mm.types import Files, Inodes, Pages, Sysctls, U64s, i64, u32, u64
    from mmtwin.mm.uapi import EINTR, EINVAL, ENOMEM
    from mmtwin.mm.xarray import XA_VALUE, XArray

READ_BATCH = cython.declare(cython.const[cython.int], 31)  # PAGEVEC_SIZE of 6.9 and later
MAX_FILE_BYTES = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFFFFFFFFF)


@cython.final
@cython.cclass
class FilemapRead:
    """read(2) of files on devices."""

    pages: Pages
    inodes: Inodes
    files: Files
    sysctl: Sysctls
    batch: U64s  # pfns, each with a reference
    batch_size: cython.int
    xarray: XArray
    readahead: Readahead
    page_cache: PageCache
    clock: Clock
    lru = cython.declare("Lru")
    oom_kill = cython.declare("OomKill")

    def __init__(self, arena, config):
        self.pages, self.inodes, self.files = arena.pages, arena.inodes, arena.files
        self.sysctl = arena.sysctl
        self.batch = arena.array("filemap_read_batch", "u64", READ_BATCH)
        self.batch_size = 15 if config.kernel < 609 else READ_BATCH

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.xarray, self.readahead, self.page_cache = m.xarray, m.readahead, m.page_cache
        self.lru, self.clock, self.oom_kill = m.lru, m.clock, m.oom_kill

    @cython.ccall
    @cython.nogil
    def generic_file_read(self, file: u32, pos: u64, length: u64) -> i64:
        """Read through an open file: bytes (0 at its end), or -errno if it failed before the first.

        The file position is the caller's. filemap_read().
        """
        if pos > MAX_FILE_BYTES:
            return -EINVAL
        if length > MAX_FILE_BYTES - pos:
            length = MAX_FILE_BYTES - pos
        inode: u32 = self.files[file].f_inode
        start: u64 = pos
        end: u64 = pos + length
        last_pos: i64 = self.files[file].ra_prev_pos
        copied: i64 = cython.cast(i64, pos)
        nr: cython.int = 0
        while pos < end and pos < self.inodes[inode].i_size:
            nr = self.filemap_get_pages(file, pos, end - pos)
            if nr < 0:
                break
            stop: u64 = min(end, self.inodes[inode].i_size)
            if pos < stop:
                pos = self.read_batch(nr, pos, stop, last_pos)
                self.clock.charge_bytes(COST_READ_PAGE, pos - cython.cast(u64, copied))
                self.clock.cond_resched()
                copied = cython.cast(i64, pos)
                last_pos = copied
            self.put_batch(nr)
            if self.sysctl[0].kernel < 606:  # later ones tell of a read when it is over
                self.files[file].ra_prev_pos = last_pos
        self.files[file].ra_prev_pos = last_pos
        if pos == start and nr < 0:
            return nr
        return cython.cast(i64, pos - start)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def read_batch(self, nr: cython.int, pos: u64, stop: u64, last_pos: i64) -> u64:
        """Copy [pos, stop) as far as the batch goes: the new position. A page that the last read
        ended on is not accessed again."""
        i: cython.int
        if pos >> PAGE_SHIFT != cython.cast(u64, last_pos - 1) >> PAGE_SHIFT or last_pos <= 0:
            self.lru.mark_page_accessed(self.batch[0])
        self.clock.charge_distance(self.pages[self.batch[0]].node)
        index: u64 = pos >> PAGE_SHIFT
        for i in range(1, nr):
            if (index + i) << PAGE_SHIFT > stop:
                break
            self.lru.mark_page_accessed(self.batch[i])
            self.clock.charge_distance(self.pages[self.batch[i]].node)
        end: u64 = (index + nr) << PAGE_SHIFT
        return end if end < stop else stop

    @cython.cfunc
    @cython.nogil
    def filemap_get_pages(self, file: u32, pos: u64, count: u64) -> cython.int:
        """Fill the batch with pages from pos on that can be copied from: how many, or -errno."""
        if self.oom_kill.fatal_signal_pending():
            return -EINTR
        index: u64 = pos >> PAGE_SHIFT
        last_index: u64 = (pos + count + PAGE_SIZE - 1) >> PAGE_SHIFT  # the one behind the read
        inode: u32 = self.files[file].f_inode
        nr: cython.int
        error: cython.int
        while True:
            nr = self.filemap_get_read_batch(inode, index, last_index)
            if nr == 0:
                self.readahead.page_cache_sync_ra(file, index, last_index - index)
                nr = self.filemap_get_read_batch(inode, index, last_index)
            if nr == 0:
                error = self.filemap_create_folio(file, index)
                return 1 if error == 0 else error
            last: u64 = self.batch[nr - 1]
            if self.pages[last].flags & PG_reclaim:
                self.readahead.page_cache_async_ra(file, last, last_index - self.pages[last].index)
            if self.pages[last].flags & PG_uptodate:
                return nr
            error = self.filemap_update_page(file, last)
            if error == 0:
                return nr
            self.lru.put_page(last)
            if nr > 1:
                return nr - 1
            if error < 0:
                return error

    @cython.cfunc
    @cython.nogil
    def filemap_get_read_batch(self, inode: u32, index: u64, end: u64) -> cython.int:
        """Cached pages from index on without a gap, each with a reference; one that is not up to
        date or is marked for readahead is the last. How many."""
        nr: cython.int = 0
        flags: u64
        while index < end and nr < self.batch_size:
            pfn: u64 = self.xarray.xa_load(inode, index)
            if pfn == 0 or pfn & XA_VALUE:
                break
            self.pages[pfn].refcount += 1
            self.batch[nr] = pfn
            nr += 1
            index += 1
            flags = self.pages[pfn].flags
            if flags & PG_reclaim or not flags & PG_uptodate:
                break
        return nr

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def put_batch(self, nr: cython.int) -> cython.int:
        """Drop the batch's references."""
        i: cython.int
        for i in range(nr):
            self.lru.put_page(self.batch[i])
        return 0

    @cython.cfunc
    @cython.nogil
    def filemap_create_folio(self, file: u32, index: u64) -> cython.int:
        """The one page of a batch that readahead did not bring, read alone: 0 or -errno."""
        inode: u32 = self.files[file].f_inode
        pfn: u64 = self.page_cache.filemap_alloc_and_add(inode, index, GFP_HIGHUSER_MOVABLE)
        if pfn == 0:
            return -ENOMEM
        self.pages[pfn].refcount += 1
        self.batch[0] = pfn
        error: cython.int = self.readahead.filemap_read_folio(file, pfn)
        if error:
            self.lru.put_page(pfn)
        return error

    @cython.cfunc
    @cython.nogil
    def filemap_update_page(self, file: u32, pfn: u64) -> cython.int:
        """Make a page up to date: 0; 1 if it was waited for (AOP_TRUNCATED_PAGE: it has to be
        looked up again); -EIO if it could not be read, after which the window shrinks."""
        if self.pages[pfn].flags & PG_locked:
            self.page_cache.folio_wait_locked(pfn)
            return 1
        return self.readahead.filemap_read_folio(file, pfn)
