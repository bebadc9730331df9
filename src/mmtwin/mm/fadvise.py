"""posix_fadvise(2) and readahead(2): what a program says about its reads to come.

    NORMAL, SEQUENTIAL, RANDOM   how large the file's window may grow, whether there is one
    WILLNEED                     read now, as much as one request or window may have
    DONTNEED                     drop whole pages that are clean and unused; others become the
                                 first to be reclaimed
    NOREUSE                      reads do not make pages young (MGLRU; from 6.3)

Models mm/fadvise.c: generic_fadvise(); mm/readahead.c: ksys_readahead(); mm/truncate.c:
mapping_try_invalidate(), mapping_evict_folio().
Not modelled: WB_SYNC_NONE's skipping of congested devices.

Invariant: advice changes no contents: what is dirty stays cached until it is written.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.lru import Lru
    from mmtwin.mm.page_flags import INODE_REGULAR, INODE_SHMEM, PG_locked, PG_writeback
    from mmtwin.mm.page_writeback import PageWriteback
    from mmtwin.mm.pgtable_types import PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.readahead import Readahead
    from mmtwin.mm.types import Files, Inodes, Pages, Sysctls, i64, u32, u64
    from mmtwin.mm.uapi import (
        EBADF, EINVAL, FADV_DONTNEED, FADV_NOREUSE, FADV_NORMAL, FADV_RANDOM, FADV_SEQUENTIAL,
        FADV_WILLNEED, FMODE_NOREUSE, FMODE_RANDOM, FMODE_READ,
    )  # fmt: skip
    from mmtwin.mm.xarray import XA_VALUE, XArray

LAST_BYTE = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFFFFFFFFF)


@cython.final
@cython.cclass
class Fadvise:
    """Advice about open files."""

    pages: Pages
    inodes: Inodes
    files: Files
    sysctl: Sysctls
    xarray: XArray
    page_cache: PageCache
    readahead: Readahead
    writeback: PageWriteback
    lru: Lru

    def __init__(self, arena, config):
        self.pages, self.inodes, self.files = arena.pages, arena.inodes, arena.files
        self.sysctl = arena.sysctl

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.xarray, self.page_cache, self.lru = m.xarray, m.page_cache, m.lru
        self.readahead, self.writeback = m.readahead, m.page_writeback

    @cython.ccall
    @cython.nogil
    def ksys_readahead(self, file: u32, offset: i64, count: u64) -> cython.int:
        """readahead(2): 0, -EBADF or -EINVAL."""
        if not self.files[file].f_mode & FMODE_READ:
            return -EBADF
        if self.inodes[self.files[file].f_inode].i_kind != INODE_REGULAR or count > LAST_BYTE:
            return -EINVAL
        return self.generic_fadvise(file, offset, cython.cast(i64, count), FADV_WILLNEED)

    @cython.ccall
    @cython.nogil
    def generic_fadvise(
        self, file: u32, offset: i64, length: i64, advice: cython.int
    ) -> cython.int:
        """posix_fadvise(2): 0 or -EINVAL. A length of 0 means up to the end."""
        if length < 0 or not FADV_NORMAL <= advice <= FADV_NOREUSE:
            return -EINVAL
        if self.inodes[self.files[file].f_inode].i_kind != INODE_REGULAR:
            return 0  # memory alone: there is nothing to read from
        start: u64 = cython.cast(u64, offset)
        end: u64 = LAST_BYTE
        if length and cython.cast(u64, length) <= LAST_BYTE - start:
            end = start + cython.cast(u64, length) - 1
        if advice == FADV_WILLNEED:
            first: u64 = start >> PAGE_SHIFT
            return self.readahead.force_page_cache_ra(file, first, (end >> PAGE_SHIFT) - first + 1)
        if advice == FADV_DONTNEED:
            return self.dontneed(self.files[file].f_inode, start, end)
        return self.set_mode(file, advice)

    @cython.cfunc
    @cython.nogil
    def set_mode(self, file: u32, advice: cython.int) -> cython.int:
        """Advice that the open file remembers."""
        size: u32 = self.readahead.bdi_ra_pages(self.files[file].f_inode)
        if advice == FADV_RANDOM:
            self.files[file].f_mode |= FMODE_RANDOM
        elif advice == FADV_SEQUENTIAL:
            self.files[file].ra_pages = size * 2
            self.files[file].f_mode &= ~FMODE_RANDOM
        elif advice == FADV_NORMAL:
            self.files[file].ra_pages = size
            self.files[file].f_mode &= ~(FMODE_RANDOM | FMODE_NOREUSE)
        elif self.sysctl[0].kernel >= 603:
            self.files[file].f_mode |= FMODE_NOREUSE
        return 0

    @cython.cfunc
    @cython.nogil
    def dontneed(self, inode: u32, start: u64, end: u64) -> cython.int:
        """POSIX_FADV_DONTNEED of bytes start..end: what is dirty begins to be written. A page that
        is covered in part stays, but the file's last one goes if the range reaches its end."""
        first: u64 = (start + PAGE_SIZE - 1) >> PAGE_SHIFT
        last: u64 = end >> PAGE_SHIFT
        self.writeback.filemap_fdatawrite_range(inode, start >> PAGE_SHIFT, last)
        is_cut: cython.bint = (end & (PAGE_SIZE - 1)) != PAGE_SIZE - 1
        if is_cut and end + 1 != self.inodes[inode].i_size:
            if last == 0:
                return 0
            last -= 1
        if last < first:
            return 0
        self.lru.lru_add_drain()
        if self.mapping_try_invalidate(inode, first, last):
            self.lru.lru_add_drain_all()  # pages may wait in other CPUs' batches
            self.mapping_try_invalidate(inode, first, last)
        return 0

    @cython.ccall
    @cython.nogil
    def mapping_try_invalidate(self, inode: u32, first: u64, last: u64) -> u64:
        """Drop the clean pages first..last that nobody uses, and shadow entries; a page that has to
        stay is queued for the end of its list. How many stayed; those being read or written are
        passed over. Putting the first batch of folios empties this CPU's LRU batches."""
        stayed: u64 = 0
        seen: u32 = 0
        is_shmem: cython.bint = self.inodes[inode].i_kind == INODE_SHMEM
        index: u64 = self.xarray.xa_find(inode, first, last)
        while index <= last:
            entry: u64 = self.xarray.xa_load(inode, index)
            if entry & XA_VALUE and is_shmem:
                pass  # in swap
            elif entry & XA_VALUE:
                self.xarray.xa_erase(inode, index)
            elif self.page_cache.mapping_evictable(entry):
                self.page_cache.filemap_remove_folio(entry)
            elif not self.pages[entry].flags & (PG_locked | PG_writeback):
                self.lru.deactivate_file_folio(entry)
                stayed += 1
            index = self.xarray.xa_find(inode, index + 1, last)
            seen += 1
            if seen == self.lru.fbatch_size or (seen < self.lru.fbatch_size and index > last):
                self.lru.lru_add_drain()
        return stayed
