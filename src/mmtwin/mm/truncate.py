"""A file becomes shorter or longer, or gets a hole: what happens to its pages.

    new size      |<------ stays ------>|.zeroed.|<------ goes ------>|
    pages         [      ][      ][      .       ][      ][      ]
                                         the page that is cut stays, written to

Mappings of what goes are zapped first. A truncation takes private copies along, a punched hole does
not. Behind the new end a touch is a SIGBUS, up to the end of the page that is cut it reads zeros.

Models mm/truncate.c: truncate_setsize(), truncate_inode_pages_range(), invalidate_mapping_pages(),
invalidate_inode_pages2_range(); mm/shmem.c: shmem_setattr(), shmem_truncate_range(),
shmem_fallocate(); fs/ext4/inode.c: ext4_setattr(), ext4_block_truncate_page(),
ext4_punch_hole(); fs/open.c: do_truncate(), vfs_fallocate().
Not modelled: large folios that are split by it; the journal.

Invariant: no page lies behind the end of its file once a truncation is over.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.ext4 import EXTENT_WRITTEN, Ext4
    from mmtwin.mm.file_table import FileTable
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE
    from mmtwin.mm.page_flags import (
        INODE_REGULAR, INODE_SHMEM, PG_dirty, PG_reclaim, PG_writeback,
        S_SWAPFILE,
    )  # fmt: skip
    from mmtwin.mm.pgtable_types import PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.readahead import Readahead
    from mmtwin.mm.shmem import Shmem
    from mmtwin.mm.types import Currents, Files, Inodes, Pages, SuperBlocks, i64, u32, u64
    from mmtwin.mm.uapi import (
        EBADF, EBUSY, EFBIG, EINVAL, EISDIR, ENODEV, ENOMEM, EOPNOTSUPP, ETXTBSY,
        FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_KEEP_SIZE,
        FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE, FMODE_WRITE,
    )  # fmt: skip
    from mmtwin.mm.xarray import XA_VALUE, XArray

LAST_PAGE_INDEX = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFFFFFFFFE)
MAX_FILE_SIZE = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFFFFFFFFF)


@cython.final
@cython.cclass
class Truncate:
    """Sizes, holes, and pages that are dropped on request."""

    pages: Pages
    inodes: Inodes
    files: Files
    super_blocks: SuperBlocks
    current: Currents
    xarray: XArray
    page_cache: PageCache
    shmem: Shmem
    ext4: Ext4
    readahead: Readahead
    file_table: FileTable
    lru = cython.declare("Lru")

    def __init__(self, arena, config):
        self.pages, self.inodes, self.files = arena.pages, arena.inodes, arena.files
        self.super_blocks, self.current = arena.super_blocks, arena.current

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.xarray, self.page_cache, self.shmem = m.xarray, m.page_cache, m.shmem
        self.file_table, self.lru, self.ext4 = m.file_table, m.lru, m.ext4
        self.readahead = m.readahead

    @cython.ccall
    @cython.nogil
    def do_truncate(self, inode: u32, i_size: u64) -> cython.int:
        """truncate(2): a new size in bytes: 0 or -errno."""
        if i_size > MAX_FILE_SIZE:
            return -EFBIG
        old: u64 = self.inodes[inode].i_size
        if i_size <= old and self.inodes[inode].i_state & S_SWAPFILE:
            return -ETXTBSY
        if self.inodes[inode].i_kind == INODE_SHMEM:
            error: cython.int = self.shmem.shmem_setattr_size(inode, i_size)
            if error:
                return error
        self.inodes[inode].i_size = i_size
        if i_size < old:
            first: u64 = self.page_cache.inode_pages(inode)
            self.page_cache.truncate_inode_pages(inode, first, LAST_PAGE_INDEX)
            self.ext4.remove_blocks(inode, first, LAST_PAGE_INDEX - first)
            if i_size & (PAGE_SIZE - 1):
                self.zero_partial(inode, i_size >> PAGE_SHIFT)
        return 0

    @cython.cfunc
    @cython.nogil
    def zero_partial(self, inode: u32, index: u64) -> cython.int:
        """Part of a page is zeroed, which counts as a write: of memory if there is such a page, of
        a file if it has such a block, whose page is read first, and accessed (FGP_ACCESSED):
        shmem_get_partial_folio(), ext4_block_zero_page_range()."""
        pfn: u64 = self.page_cache.find_get_page(inode, index)
        if self.inodes[inode].i_kind != INODE_SHMEM:
            if self.ext4.status_of(inode, index) != EXTENT_WRITTEN:
                return 0
            if not pfn:
                pfn = self.page_cache.filemap_alloc_and_add(inode, index, GFP_HIGHUSER_MOVABLE)
                if not pfn:
                    return -ENOMEM
                self.readahead.read_pages(inode, index, 1)
            error: cython.int = self.page_cache.folio_wait_locked(pfn)
            if error:
                return error
            self.page_cache.buffers.create_empty_buffers(pfn)
            self.lru.mark_page_accessed(pfn)
        return self.page_cache.folio_mark_dirty(pfn) if pfn else 0

    @cython.ccall
    @cython.nogil
    def punch_hole(self, inode: u32, offset: u64, length: u64) -> cython.int:
        """The bytes are zeros from now on: whole pages of them go, the others are written to."""
        end: u64 = offset + length
        first: u64 = (offset + PAGE_SIZE - 1) >> PAGE_SHIFT
        last: u64 = end >> PAGE_SHIFT  # the first page that stays
        if last > first:
            self.page_cache.truncate_pagecache_range(inode, first, last - 1)
            self.ext4.remove_blocks(inode, first, last - first)
        if offset & (PAGE_SIZE - 1):
            self.zero_partial(inode, offset >> PAGE_SHIFT)
        if end & (PAGE_SIZE - 1) and (end >> PAGE_SHIFT != offset >> PAGE_SHIFT):
            self.zero_partial(inode, end >> PAGE_SHIFT)
        elif end & (PAGE_SIZE - 1) and not offset & (PAGE_SIZE - 1):
            self.zero_partial(inode, end >> PAGE_SHIFT)
        return 0

    # fallocate(2)

    @cython.ccall
    @cython.nogil
    def ksys_fallocate(self, fd: u32, mode: cython.int, offset: i64, length: i64) -> cython.int:
        """fallocate(2): 0 or -errno: vfs_fallocate()."""
        file: u32 = self.file_table.fget(self.current[0].task, fd)
        if file == 0:
            return -EBADF
        if offset < 0 or length <= 0:
            return -EINVAL
        error: cython.int = self.fallocate_mode(mode)
        if error:
            return error
        if not self.files[file].f_mode & FMODE_WRITE:
            return -EBADF
        inode: u32 = self.files[file].f_inode
        if self.inodes[inode].i_state & S_SWAPFILE:
            return -ETXTBSY
        kind: u32 = self.inodes[inode].i_kind
        if kind != INODE_SHMEM and kind != INODE_REGULAR:
            return -ENODEV if kind < 4 else -EISDIR
        if cython.cast(u64, offset) + cython.cast(u64, length) > MAX_FILE_SIZE:
            return -EFBIG
        if kind == INODE_SHMEM:
            return self.shmem_fallocate(inode, mode, offset, length)
        return self.ext4_fallocate(inode, mode, offset, length)

    @cython.cfunc
    @cython.nogil
    def fallocate_mode(self, mode: cython.int) -> cython.int:
        """Which bits may go together: 0, -EINVAL or -EOPNOTSUPP."""
        known: cython.int = (
            FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE
            | FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE
        )  # fmt: skip
        if mode & ~known:
            return -EOPNOTSUPP
        if mode & FALLOC_FL_PUNCH_HOLE and mode & FALLOC_FL_ZERO_RANGE:
            return -EOPNOTSUPP
        if mode & FALLOC_FL_PUNCH_HOLE and not mode & FALLOC_FL_KEEP_SIZE:
            return -EOPNOTSUPP
        if mode & FALLOC_FL_COLLAPSE_RANGE and mode != FALLOC_FL_COLLAPSE_RANGE:
            return -EINVAL
        if mode & FALLOC_FL_INSERT_RANGE and mode != FALLOC_FL_INSERT_RANGE:
            return -EINVAL
        return 0

    @cython.cfunc
    @cython.nogil
    def shmem_fallocate(self, inode: u32, mode: cython.int, offset: u64, length: u64) -> cython.int:
        """Of memory: a hole, or pages for what has none, all or nothing."""
        if mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE):
            return -EOPNOTSUPP
        if mode & FALLOC_FL_PUNCH_HOLE:
            error: cython.int = self.shmem.may_write(inode)
            return error if error else self.punch_hole(inode, offset, length)
        error = self.shmem.may_grow(inode, offset + length, mode & FALLOC_FL_KEEP_SIZE)
        if error:
            return error
        index: u64 = offset >> PAGE_SHIFT
        while index < (offset + length + PAGE_SIZE - 1) >> PAGE_SHIFT:
            if not self.page_cache.find_get_page(inode, index):
                pfn: u64 = self.shmem.shmem_alloc_and_add(inode, index)
                if not pfn:
                    self.undo_fallocate(inode, offset >> PAGE_SHIFT, index)
                    return self.shmem.failed
                self.page_cache.folio_mark_dirty(pfn)
                self.pages[pfn].flags |= PG_reclaim  # made by this call: undo_fallocate() finds it
            index += 1
        self.end_fallocate(inode, offset >> PAGE_SHIFT, index)
        if not mode & FALLOC_FL_KEEP_SIZE and offset + length > self.inodes[inode].i_size:
            self.inodes[inode].i_size = offset + length
        return 0

    @cython.cfunc
    @cython.nogil
    def end_fallocate(self, inode: u32, first: u64, end: u64) -> cython.int:
        """Take the marks off what fallocate() made."""
        while first < end:
            pfn: u64 = self.page_cache.find_get_page(inode, first)
            if pfn:
                self.pages[pfn].flags &= ~PG_reclaim
            first += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def undo_fallocate(self, inode: u32, first: u64, end: u64) -> cython.int:
        """Give back what a call made that then failed: shmem_undo_range(unfalloc)."""
        while first < end:
            pfn: u64 = self.page_cache.find_get_page(inode, first)
            if pfn and self.pages[pfn].flags & PG_reclaim:
                self.pages[pfn].flags &= ~PG_reclaim
                self.page_cache.filemap_remove_folio(pfn)
            first += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def ext4_fallocate(self, inode: u32, mode: cython.int, offset: u64, length: u64) -> cython.int:
        """Of a file on a device: blocks are not pages, so only holes and zeros concern memory."""
        if mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE):
            return self.shift_range(inode, mode, offset, length)
        if mode & FALLOC_FL_PUNCH_HOLE:
            size: u64 = self.inodes[inode].i_size
            if offset >= size:
                return 0
            if offset + length > size:  # no further than the page that the file ends in
                length = size + PAGE_SIZE - (size & (PAGE_SIZE - 1)) - offset
            return self.punch_hole(inode, offset, length)
        if mode & FALLOC_FL_ZERO_RANGE:
            self.punch_hole(inode, offset, length)
        first: u64 = offset >> PAGE_SHIFT
        end: u64 = (offset + length + PAGE_SIZE - 1) >> PAGE_SHIFT
        error: cython.int = self.ext4.fallocate(inode, first, end - first)
        if error:
            return error
        if not mode & FALLOC_FL_KEEP_SIZE and offset + length > self.inodes[inode].i_size:
            self.inodes[inode].i_size = offset + length
        return 0

    @cython.cfunc
    @cython.nogil
    def shift_range(self, inode: u32, mode: cython.int, offset: u64, length: u64) -> cython.int:
        """Blocks are cut out or put in: everything behind moves, so all of it leaves the cache."""
        size: u64 = self.inodes[inode].i_size
        if (offset | length) & (PAGE_SIZE - 1):
            return -EINVAL
        collapse: cython.bint = mode & FALLOC_FL_COLLAPSE_RANGE != 0
        if (collapse and offset + length >= size) or offset >= size:
            return -EINVAL
        if not collapse and size + length > MAX_FILE_SIZE:
            return -EFBIG
        first: u64 = offset >> PAGE_SHIFT
        by: i64 = cython.cast(i64, length >> PAGE_SHIFT)
        self.page_cache.truncate_inode_pages(inode, first, LAST_PAGE_INDEX)
        if collapse:
            self.ext4.remove_blocks(inode, first, length >> PAGE_SHIFT)
        self.ext4.shift_blocks(inode, first, -by if collapse else by)
        self.inodes[inode].i_size = size - length if collapse else size + length
        return 0

    # Dropping pages without changing the file

    @cython.ccall
    @cython.nogil
    def invalidate_mapping_pages(self, inode: u32, first: u64, last: u64) -> i64:
        """Drop the clean pages first..last that nobody uses: how many."""
        dropped: i64 = 0
        index: u64 = self.xarray.xa_find(inode, first, last)
        while index <= last:
            entry: u64 = self.xarray.xa_load(inode, index)
            if self.page_cache.mapping_evictable(entry):
                self.page_cache.filemap_remove_folio(entry)
                dropped += 1
            index = self.xarray.xa_find(inode, index + 1, last)
        return dropped

    @cython.ccall
    @cython.nogil
    def invalidate_inode_pages2_range(self, inode: u32, first: u64, last: u64) -> cython.int:
        """Drop the pages first..last even where they are mapped, for the device has newer ones: 0,
        or -EBUSY if one that is dirty or in use had to stay."""
        error: cython.int = 0
        if self.inodes[inode].nrpages == 0:
            return 0
        index: u64 = self.xarray.xa_find(inode, first, last)
        while index <= last:
            entry: u64 = self.xarray.xa_load(inode, index)
            if entry & XA_VALUE:
                self.xarray.xa_erase(inode, index)
            elif self.invalidate_folio(inode, index, entry):
                error = -EBUSY
            index = self.xarray.xa_find(inode, index + 1, last)
        return error

    @cython.cfunc
    @cython.nogil
    def invalidate_folio(self, inode: u32, index: u64, pfn: u64) -> cython.int:
        """One page of invalidate_inode_pages2_range(): invalidate_complete_folio2()."""
        if self.pages[pfn].mapcount:
            self.page_cache.unmap_mapping_pages(inode, index, index, False)
        if self.pages[pfn].refcount > 1:  # a batch of the LRU holds it
            self.lru.lru_add_drain()
        if self.pages[pfn].flags & (PG_dirty | PG_writeback) or self.pages[pfn].refcount > 1:
            return -EBUSY
        self.page_cache.filemap_remove_folio(pfn)
        return 0
