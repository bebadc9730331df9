"""Buffered writes: page by page, each found or made, changed, and dirty.

    write_begin    cached?  else a new page; what the write leaves of an old block is read first
    (copy)
    write_end      up to date and dirty; the file grows as far as it is written
    then           balance_dirty_pages_ratelimited(): may write others back, or wait

No bytes are moved. A page that is overwritten whole, or lies past the end of the file, is not read.

Models mm/filemap.c: generic_perform_write(); fs/ext4/inode.c: ext4_da_write_begin(),
ext4_da_write_end(); fs/buffer.c: the partial-block read of block_write_begin().
Not modelled: the journal's own pages, stable pages.

Invariant: what write_end() leaves is up to date and dirty, and lies within i_size.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_WRITE_PAGE, Clock
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE, GFP_WRITE_BIT
    from mmtwin.mm.page_flags import PG_idle, PG_locked, PG_uptodate
    from mmtwin.mm.page_writeback import PageWriteback
    from mmtwin.mm.pgtable_types import PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.readahead import Readahead
    from mmtwin.mm.types import Files, Inodes, Pages, Sysctls, i64, u32, u64
    from mmtwin.mm.uapi import EINTR, ENOMEM, ENOSPC


@cython.final
@cython.cclass
class FilemapWrite:
    """write(2) of files on devices."""

    pages: Pages
    inodes: Inodes
    files: Files
    sysctl: Sysctls
    page_cache: PageCache
    readahead: Readahead
    writeback: PageWriteback
    clock: Clock
    ext4 = cython.declare("Ext4")
    buffers = cython.declare("Buffers")
    lru = cython.declare("Lru")
    oom_kill = cython.declare("OomKill")
    failed: cython.int  # why write_begin() gave no page

    def __init__(self, arena, config):
        self.pages, self.inodes, self.files = arena.pages, arena.inodes, arena.files
        self.sysctl = arena.sysctl
        self.failed = 0

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock = m.clock
        self.page_cache, self.readahead, self.writeback = (
            m.page_cache,
            m.readahead,
            m.page_writeback,
        )
        self.lru, self.ext4, self.buffers = m.lru, m.ext4, m.buffers
        self.oom_kill = m.oom_kill

    @cython.ccall
    @cython.nogil
    def generic_file_write(self, file: u32, pos: u64, length: u64) -> i64:
        """Write through an open file, which grows if need be: bytes, or -errno if it failed before
        the first. The file position, limits and O_SYNC are the caller's."""
        inode: u32 = self.files[file].f_inode
        start: u64 = pos
        end: u64 = pos + length
        if length:
            self.buffers.mark_inode_dirty(inode)  # file_update_time()
        balance_first: cython.bint = self.sysctl[0].kernel >= 611
        while pos < end:
            if self.oom_kill.fatal_signal_pending():
                self.failed = -EINTR
                break
            if balance_first:
                self.writeback.balance_dirty_pages_ratelimited(inode, 1)
            stop: u64 = ((pos >> PAGE_SHIFT) + 1) << PAGE_SHIFT
            if stop > end:
                stop = end
            pfn: u64 = self.write_begin(file, pos, stop)
            if pfn == 0:
                break
            self.write_end(inode, pfn, stop)
            self.clock.charge_bytes(COST_WRITE_PAGE, stop - pos)
            self.clock.charge_distance(self.pages[pfn].node)
            self.clock.cond_resched()
            pos = stop
            if not balance_first:
                self.writeback.balance_dirty_pages_ratelimited(inode, 1)
        if pos == start and length:
            return self.failed
        return cython.cast(i64, pos - start)

    @cython.cfunc
    @cython.nogil
    def write_begin(self, file: u32, pos: u64, stop: u64) -> u64:
        """The page that [pos, stop) lies in, with what will be left of it up to date, and a
        reference; 0 if that failed."""
        index: u64 = pos >> PAGE_SHIFT
        inode: u32 = self.files[file].f_inode
        is_hole: cython.bint = self.ext4.map_blocks(inode, index, 1) < 0
        if is_hole and self.ext4.get_block(inode, index):
            self.failed = -ENOSPC
            return 0
        pfn: u64 = self.page_cache.find_get_page(inode, index)
        if pfn:
            self.pages[pfn].refcount += 1
            self.page_cache.folio_wait_locked(pfn)
            self.pages[pfn].flags &= ~PG_idle
        else:
            pfn = self.page_cache.filemap_alloc_and_add(
                inode, index, GFP_HIGHUSER_MOVABLE | GFP_WRITE_BIT
            )
            if pfn == 0:
                self.failed = -ENOMEM
                return 0
            self.pages[pfn].refcount += 1
            self.pages[pfn].flags &= ~PG_locked
        self.buffers.create_empty_buffers(pfn)
        if self.pages[pfn].flags & PG_uptodate or stop - pos == PAGE_SIZE:
            return pfn
        if is_hole or index >= self.page_cache.inode_pages(inode):
            return pfn  # a new block: the rest of it is zero
        self.failed = self.readahead.filemap_read_folio(file, pfn)
        if self.failed == 0:
            return pfn
        self.lru.put_page(pfn)
        return 0

    @cython.cfunc
    @cython.nogil
    def write_end(self, inode: u32, pfn: u64, stop: u64) -> cython.int:
        """The page was written to, up to byte `stop` of the file."""
        self.pages[pfn].flags |= PG_uptodate
        if stop > self.inodes[inode].i_size:
            self.inodes[inode].i_size = stop
            self.page_cache.folio_mark_dirty(pfn)
            self.buffers.mark_inode_dirty(inode)
            return self.lru.put_page(pfn)
        self.page_cache.folio_mark_dirty(pfn)
        return self.lru.put_page(pfn)
