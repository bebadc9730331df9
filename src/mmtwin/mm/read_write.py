"""read(2) and write(2) and their kin: what a descriptor allows, then the file's own way.

    fd -> file --+-- a file on a device   page_cache.generic_file_read(), generic_file_write()
                 +-- memory alone         shmem.shmem_file_read(), shmem_file_write()
                 +-- a device             read as zeros, written to nowhere

No bytes are moved, only pages touched: the caller's buffer is not looked at.

Models fs/read_write.c: ksys_read(), ksys_write(), ksys_pread64(), ksys_pwrite64(), vfs_read(),
vfs_write(), generic_write_checks(), vfs_llseek(); mm/filemap.c: the dispatch of
generic_file_read_iter(), __generic_file_write_iter(); fs/sync.c: generic_write_sync().
Not modelled: the user's buffer (it is neither touched nor can it fault), locks on ranges, SIGXFSZ.

Invariant: a call that gives n > 0 has moved f_pos by n if it uses the position at all.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_SYSCALL, Clock
    from mmtwin.mm.file_table import FileTable
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.page_flags import (
        INODE_DIRECTORY, INODE_FIFO, INODE_REGULAR, INODE_SHMEM, S_SWAPFILE,
    )  # fmt: skip
    from mmtwin.mm.page_writeback import PageWriteback
    from mmtwin.mm.pgtable_types import PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.shmem import Shmem
    from mmtwin.mm.types import Currents, Files, Inodes, U64s, i64, u32, u64
    from mmtwin.mm.uapi import (
        EAGAIN, EBADF, EFBIG, EINVAL, EISDIR, ENXIO, ETXTBSY, FMODE_READ, FMODE_WRITE, O_APPEND,
        O_DIRECT, O_DSYNC, RLIMIT_FSIZE, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET,
    )  # fmt: skip
    from mmtwin.mm.xarray import XArray

SYNC_BIT = cython.declare(cython.const[cython.int], 1048576)  # of O_SYNC, besides O_DSYNC
PIPE_CAPACITY = cython.declare(cython.const[cython.int], 65536)
MAX_RW_COUNT = cython.declare(cython.const[cython.ulonglong], 0x7FFFF000)
MAX_LFS_FILESIZE = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFFFFFFFFF)


@cython.final
@cython.cclass
class ReadWrite:
    """Reads and writes of the current task."""

    current: Currents
    files: Files
    inodes: Inodes
    rlimits: U64s
    clock: Clock
    file_table: FileTable
    page_cache: PageCache
    shmem: Shmem
    xarray: XArray
    writeback: PageWriteback
    ext4 = cython.declare("Ext4")
    direct_io = cython.declare("DirectIo")

    def __init__(self, arena, config):
        self.current, self.files, self.inodes = arena.current, arena.files, arena.inodes
        self.rlimits = arena.rlimits

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.file_table = m.clock, m.file_table
        self.page_cache, self.shmem = m.page_cache, m.shmem
        self.xarray, self.ext4 = m.xarray, m.ext4
        self.direct_io, self.writeback = m.direct_io, m.page_writeback

    @cython.ccall
    @cython.nogil
    def fd_file(self, fd: u32) -> u32:
        """The current task's open file of a descriptor, or 0."""
        return self.file_table.fget(self.current[0].task, fd)

    @cython.ccall
    @cython.nogil
    def ksys_read(self, fd: u32, count: u64) -> i64:
        """read(2): bytes, 0 at the end of the file, or -errno."""
        file: u32 = self.fd_file(fd)
        if file == 0:
            return -EBADF
        done: i64 = self.vfs_read(file, self.files[file].f_pos, count)
        if done > 0:
            self.files[file].f_pos += done
        return done

    @cython.ccall
    @cython.nogil
    def ksys_pread64(self, fd: u32, count: u64, pos: i64) -> i64:
        """pread(2)."""
        if pos < 0:
            return -EINVAL
        file: u32 = self.fd_file(fd)
        if file == 0:
            return -EBADF
        return self.vfs_read(file, pos, count)

    @cython.ccall
    @cython.nogil
    def ksys_write(self, fd: u32, count: u64) -> i64:
        """write(2): bytes or -errno."""
        file: u32 = self.fd_file(fd)
        if file == 0:
            return -EBADF
        pos: u64 = self.write_pos(file, self.files[file].f_pos)
        done: i64 = self.vfs_write(file, pos, count)
        if done > 0:
            self.files[file].f_pos = pos + done
        return done

    @cython.ccall
    @cython.nogil
    def ksys_pwrite64(self, fd: u32, count: u64, pos: i64) -> i64:
        """pwrite(2); a file opened with O_APPEND is appended to all the same."""
        if pos < 0:
            return -EINVAL
        file: u32 = self.fd_file(fd)
        if file == 0:
            return -EBADF
        return self.vfs_write(file, self.write_pos(file, pos), count)

    @cython.ccall
    @cython.nogil
    def vfs_read(self, file: u32, pos: u64, count: u64) -> i64:
        """Read `count` bytes at `pos` through an open file: bytes or -errno."""
        self.clock.cond_resched()
        self.clock.charge(COST_SYSCALL, 1)
        if not self.files[file].f_mode & FMODE_READ:
            return -EBADF
        if count > MAX_RW_COUNT:
            count = MAX_RW_COUNT
        kind: u32 = self.inodes[self.files[file].f_inode].i_kind
        if kind == INODE_DIRECTORY:
            return -EISDIR
        if count == 0:
            return 0
        if kind == INODE_REGULAR:
            if self.files[file].f_flags & O_DIRECT:
                return self.direct_io.direct_read(file, pos, count)
            return self.page_cache.generic_file_read(file, pos, count)
        if kind == INODE_SHMEM:
            return self.shmem.shmem_file_read(file, pos, count)
        if kind == INODE_FIFO:
            return self.pipe_read(self.files[file].f_inode, count)
        return count

    @cython.ccall
    @cython.nogil
    def vfs_write(self, file: u32, pos: u64, count: u64) -> i64:
        """Write `count` bytes at `pos` through an open file: bytes or -errno."""
        self.clock.cond_resched()
        self.clock.charge(COST_SYSCALL, 1)
        if not self.files[file].f_mode & FMODE_WRITE:
            return -EBADF
        if count > MAX_RW_COUNT:
            count = MAX_RW_COUNT
        kind: u32 = self.inodes[self.files[file].f_inode].i_kind
        if self.inodes[self.files[file].f_inode].i_state & S_SWAPFILE:
            return -ETXTBSY
        if kind == INODE_REGULAR or kind == INODE_SHMEM:
            room: u64 = self.room_below_limit(pos)
            if count and not room:
                return -EFBIG
            count = room if count > room else count
        if count == 0:
            return 0
        if kind == INODE_REGULAR:
            return self.write_file(file, pos, count)
        if kind == INODE_SHMEM:
            return self.shmem.shmem_file_write(file, pos, count)
        if kind == INODE_FIFO:
            return self.pipe_write(self.files[file].f_inode, count)
        return count

    @cython.cfunc
    @cython.nogil
    def write_file(self, file: u32, pos: u64, count: u64) -> i64:
        """A write to a file on a device, and what waits for it with O_DSYNC: generic_write_sync()
        of ext4_file_write_iter()."""
        done: i64
        if self.files[file].f_flags & O_DIRECT:
            done = self.direct_io.direct_write(file, pos, count)
        else:
            done = self.page_cache.generic_file_write(file, pos, count)
        if done > 0 and self.files[file].f_flags & O_DSYNC:
            end: u64 = pos + cython.cast(u64, done) - 1
            datasync: cython.int = 0 if self.files[file].f_flags & SYNC_BIT else 1
            error: cython.int = self.writeback.vfs_fsync_range(file, pos, end, datasync)
            if error:
                return error
        return done

    @cython.cfunc
    @cython.nogil
    def pipe_read(self, inode: u32, count: u64) -> i64:
        """What a pipe has, up to `count` bytes: bytes, or -EAGAIN from an empty one."""
        if count > self.inodes[inode].i_size:
            count = self.inodes[inode].i_size
        self.inodes[inode].i_size -= count
        return cython.cast(i64, count) if count else -EAGAIN

    @cython.cfunc
    @cython.nogil
    def pipe_write(self, inode: u32, count: u64) -> i64:
        """Fill a pipe, as far as there is room: bytes, or -EAGAIN for a full one."""
        room: u64 = PIPE_CAPACITY - self.inodes[inode].i_size
        if count > room:
            count = room
        self.inodes[inode].i_size += count
        return cython.cast(i64, count) if count else -EAGAIN

    @cython.cfunc
    @cython.nogil
    def write_pos(self, file: u32, pos: u64) -> u64:
        """Where a write begins: O_APPEND means the end of the file."""
        if self.files[file].f_flags & O_APPEND:
            return self.inodes[self.files[file].f_inode].i_size
        return pos

    @cython.cfunc
    @cython.nogil
    def room_below_limit(self, pos: u64) -> u64:
        """Bytes that may be written from pos on: generic_write_check_limits()."""
        limit: u64 = self.rlimits[cython.cast(u64, self.current[0].task) * 32 + 2 * RLIMIT_FSIZE]
        if self.current[0].task == 0 or limit > MAX_LFS_FILESIZE:
            limit = MAX_LFS_FILESIZE
        return limit - pos if pos < limit else 0

    @cython.ccall
    @cython.nogil
    def ksys_lseek(self, fd: u32, offset: i64, whence: cython.int) -> i64:
        """lseek(2): the new position or -errno."""
        file: u32 = self.fd_file(fd)
        if file == 0:
            return -EBADF
        size: i64 = cython.cast(i64, self.inodes[self.files[file].f_inode].i_size)
        if whence == SEEK_CUR:
            offset += cython.cast(i64, self.files[file].f_pos)
        elif whence == SEEK_END:
            offset += size
        elif whence == SEEK_DATA or whence == SEEK_HOLE:
            if offset < 0 or offset >= size:
                return -ENXIO
            offset = self.seek_hole_data(
                self.files[file].f_inode, cython.cast(u64, offset), whence == SEEK_DATA
            )
            if offset < 0:
                return offset
        elif whence != SEEK_SET:
            return -EINVAL
        if offset < 0:
            return -EINVAL
        self.files[file].f_pos = cython.cast(u64, offset)
        return offset

    @cython.cfunc
    @cython.nogil
    def seek_hole_data(self, inode: u32, pos: u64, data: cython.bint) -> i64:
        """The first byte from pos on that is data, or in a hole (the end is one): or -ENXIO. Of
        memory, pages are data: mapping_seek_hole_data(); of a file on ext4, written blocks."""
        size: u64 = self.inodes[inode].i_size
        while pos < size:
            run: i64 = self.run_at(inode, pos >> PAGE_SHIFT, (size + PAGE_SIZE - 1) >> PAGE_SHIFT)
            if (run > 0) == data:
                return cython.cast(i64, pos)
            pages: u64 = cython.cast(u64, run if run > 0 else -run)
            pos = ((pos >> PAGE_SHIFT) + pages) << PAGE_SHIFT
        return -ENXIO if data else cython.cast(i64, size)

    @cython.cfunc
    @cython.nogil
    def run_at(self, inode: u32, index: u64, end: u64) -> i64:
        """How many pages from index on are data, or, below 0, none."""
        if self.inodes[inode].i_kind == INODE_REGULAR:
            return self.ext4.map_blocks(inode, index, end - index)
        if self.xarray.xa_load(inode, index):
            return 1
        return -cython.cast(i64, self.xarray.xa_find(inode, index, end - 1) - index)
