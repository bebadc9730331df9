"""Direct I/O: sectors that go past the page cache, which must then not be older than the device.

    read     write back what is dirty in the range, wait, read the sectors, wait
    write    write back, wait; drop the range's pages; write the sectors, wait; drop again
             pages that cannot be dropped (dirtied again, or in use): written through the cache

Models fs/iomap/direct-io.c: __iomap_dio_rw(); fs/ext4/file.c: ext4_dio_read_iter(),
ext4_dio_write_iter(), ext4_buffered_write_iter() as the way out; mm/filemap.c:
kiocb_write_and_wait(), kiocb_invalidate_pages(), kiocb_invalidate_post_direct_write().
Not modelled: asynchronous I/O (every call waits), IOCB_NOWAIT, the caller's buffer and its
alignment.

Invariant: after a direct write no page of its range is in the cache, unless it was dirtied since.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.block import REQ_OP_READ, REQ_OP_WRITE, Block
    from mmtwin.mm.ext4 import Ext4
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.page_writeback import PageWriteback
    from mmtwin.mm.pgtable_types import PAGE_SHIFT
    from mmtwin.mm.truncate import Truncate
    from mmtwin.mm.types import Files, Inodes, i64, u32, u64
    from mmtwin.mm.uapi import EINVAL, EIO

SECTOR_SIZE = cython.declare(cython.const[cython.int], 512)
SECTOR_SHIFT = cython.declare(cython.const[cython.int], 9)


@cython.final
@cython.cclass
class DirectIo:
    """read(2) and write(2) of files opened with O_DIRECT."""

    files: Files
    inodes: Inodes
    page_cache: PageCache
    truncate: Truncate
    ext4: Ext4
    block: Block
    writeback: PageWriteback

    def __init__(self, arena, config):
        self.files, self.inodes = arena.files, arena.inodes

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_cache, self.truncate, self.ext4 = m.page_cache, m.truncate, m.ext4
        self.block, self.writeback = m.block, m.page_writeback

    @cython.ccall
    @cython.nogil
    def direct_read(self, file: u32, pos: u64, length: u64) -> i64:
        """Read past the cache: bytes, 0 at the end of the file, -EINVAL for what is no whole number
        of sectors, or the device's error."""
        inode: u32 = self.files[file].f_inode
        if (pos | length) & (SECTOR_SIZE - 1):
            return -EINVAL
        if pos >= self.inodes[inode].i_size:
            return 0
        last: u64 = (pos + length - 1) >> PAGE_SHIFT
        error: cython.int = self.write_and_wait(inode, pos >> PAGE_SHIFT, last)
        if error:
            return error
        done: u64 = self.inodes[inode].i_size - pos
        if done > length:
            done = length
        error = self.transfer(inode, pos, done, REQ_OP_READ)
        return error if error else cython.cast(i64, done)

    @cython.ccall
    @cython.nogil
    def direct_write(self, file: u32, pos: u64, length: u64) -> i64:
        """Write past the cache: bytes or -errno. The file grows if need be."""
        inode: u32 = self.files[file].f_inode
        if (pos | length) & (SECTOR_SIZE - 1):
            return -EINVAL
        first: u64 = pos >> PAGE_SHIFT
        last: u64 = (pos + length - 1) >> PAGE_SHIFT
        error: cython.int = self.write_and_wait(inode, first, last)
        if error:
            return error
        if self.truncate.invalidate_inode_pages2_range(inode, first, last):
            return self.write_buffered(file, pos, length)
        index: u64
        for index in range(first, last + 1):
            error = self.ext4.get_block(inode, index)
            if error:
                return error
        error = self.transfer(inode, pos, length, REQ_OP_WRITE)
        if error:
            return error
        if pos + length > self.inodes[inode].i_size:
            self.inodes[inode].i_size = pos + length
        self.truncate.invalidate_inode_pages2_range(inode, first, last)
        return cython.cast(i64, length)

    @cython.cfunc
    @cython.nogil
    def write_buffered(self, file: u32, pos: u64, length: u64) -> i64:
        """What could not be written directly, through the cache and then out of it."""
        inode: u32 = self.files[file].f_inode
        done: i64 = self.page_cache.generic_file_write(file, pos, length)
        if done <= 0:
            return done
        first: u64 = pos >> PAGE_SHIFT
        last: u64 = (pos + cython.cast(u64, done) - 1) >> PAGE_SHIFT
        error: cython.int = self.write_and_wait(inode, first, last)
        if error:
            return error
        self.truncate.invalidate_mapping_pages(inode, first, last)
        return done

    @cython.cfunc
    @cython.nogil
    def write_and_wait(self, inode: u32, first: u64, last: u64) -> cython.int:
        """filemap_write_and_wait_range(): 0 or -errno."""
        if self.inodes[inode].nrpages == 0:
            return 0
        errors: u32 = self.inodes[inode].wb_err
        self.writeback.filemap_fdatawrite_range(inode, first, last)
        self.writeback.filemap_fdatawait_range(inode, first, last)
        return 0 if self.inodes[inode].wb_err == errors else -EIO

    @cython.cfunc
    @cython.nogil
    def transfer(self, inode: u32, pos: u64, length: u64, op: u32) -> cython.int:
        """Move the sectors that are on the device, and wait for the last of them: 0 or -errno."""
        device: u32 = self.inodes[inode].i_bdev
        index: u64 = pos >> PAGE_SHIFT
        end: u64 = (pos + length - 1) >> PAGE_SHIFT
        done_ns: u64 = 0
        while index <= end:
            run: i64 = self.ext4.map_blocks(inode, index, end + 1 - index)
            pages: u64 = cython.cast(u64, run if run > 0 else -run)
            if run > 0:
                error: cython.int = self.block.error_of(
                    device, inode, index, cython.cast(u32, pages), op
                )
                start: u64 = index << PAGE_SHIFT
                stop: u64 = (index + pages) << PAGE_SHIFT
                start = start if start > pos else pos
                stop = stop if stop < pos + length else pos + length
                sectors: u32 = cython.cast(u32, (stop - start + SECTOR_SIZE - 1) >> SECTOR_SHIFT)
                ns: u64 = self.block.submit_raw(device, inode, index, sectors, op)
                done_ns = ns if ns > done_ns else done_ns
                if error:
                    self.block.io_schedule_until(done_ns)
                    return error
            index += pages
        return self.block.io_schedule_until(done_ns) if done_ns else 0
