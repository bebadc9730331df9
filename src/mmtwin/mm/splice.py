"""Data that goes from file to file without passing through a program: sendfile and its kin.

    in --read, up to 16 pages--> pipe --write--> out, and again

Models fs/read_write.c: do_sendfile(), vfs_copy_file_range(); fs/splice.c: do_splice(),
splice_direct_to_actor(); fs/pipe.c: pipe_read(), pipe_write(), as far as lengths go.
Not modelled: the pages that a pipe holds (their number, and that pages of the cache are in it
without being copied, which leaves them not accessed from 6.5), tee(), vmsplice(), reflinks.
An empty or full pipe is -EAGAIN: nobody waits.

Invariant: a pipe holds at most PIPE_CAPACITY bytes, its i_size.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.page_flags import (
        INODE_DIRECTORY, INODE_FIFO, INODE_REGULAR, INODE_SHMEM, S_SWAPFILE,
    )  # fmt: skip
    from mmtwin.mm.pgtable_types import PAGE_SIZE
    from mmtwin.mm.read_write import MAX_RW_COUNT, PIPE_CAPACITY, ReadWrite
    from mmtwin.mm.types import Files, Inodes, i64, u32, u64
    from mmtwin.mm.uapi import (
        EAGAIN, EBADF, EINVAL, EISDIR, ETXTBSY, EXDEV, FMODE_READ, FMODE_WRITE, O_APPEND,
    )  # fmt: skip

AT_POSITION = cython.declare(cython.const[cython.longlong], -1)  # in place of an offset: f_pos


@cython.final
@cython.cclass
class Splice:
    """Transfers between open files of the current task."""

    arena: object
    files: Files
    inodes: Inodes
    read_write: ReadWrite

    def __init__(self, arena, config):
        self.arena = arena
        self.files, self.inodes = arena.files, arena.inodes

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.read_write = m.read_write

    @cython.ccall
    @cython.nogil
    def do_sendfile(self, out_fd: u32, in_fd: u32, offset: i64, count: u64) -> i64:
        """sendfile(2), from an offset or (AT_POSITION) from where the file is: bytes or -errno."""
        source: u32 = self.read_write.fd_file(in_fd)
        out: u32 = self.read_write.fd_file(out_fd)
        error: cython.int = self.may_copy(source, out)
        if error:
            return error
        if self.files[out].f_flags & O_APPEND or offset < AT_POSITION:
            return -EINVAL
        pos: u64 = self.files[source].f_pos if offset == AT_POSITION else cython.cast(u64, offset)
        done: i64 = self.do_splice_direct(source, pos, out, self.files[out].f_pos, count)
        if done > 0:
            self.files[out].f_pos += done
            if offset == AT_POSITION:
                self.files[source].f_pos += done
        return done

    @cython.ccall
    @cython.nogil
    def copy_file_range(
        self, in_fd: u32, in_offset: i64, out_fd: u32, out_offset: i64, count: u64
    ) -> i64:
        """copy_file_range(2); an offset of AT_POSITION means the file's own, which moves."""
        source: u32 = self.read_write.fd_file(in_fd)
        out: u32 = self.read_write.fd_file(out_fd)
        error: cython.int = self.may_copy(source, out)
        if error == 0:
            error = self.may_copy_range(source, out)
        if error:
            return error
        pos: u64 = self.files[source].f_pos
        to: u64 = self.files[out].f_pos
        if in_offset != AT_POSITION:
            pos = cython.cast(u64, in_offset)
        if out_offset != AT_POSITION:
            to = cython.cast(u64, out_offset)
        same: cython.bint = self.files[source].f_inode == self.files[out].f_inode
        if same and pos < to + count and to < pos + count:
            return -EINVAL
        done: i64 = self.do_splice_direct(source, pos, out, to, count)
        if done > 0:
            if in_offset == AT_POSITION:
                self.files[source].f_pos += done
            if out_offset == AT_POSITION:
                self.files[out].f_pos += done
        return done

    @cython.cfunc
    @cython.nogil
    def may_copy(self, source: u32, out: u32) -> cython.int:
        """Whether both are open the right way: 0 or -EBADF."""
        if source == 0 or out == 0:
            return -EBADF
        if not self.files[source].f_mode & FMODE_READ or not self.files[out].f_mode & FMODE_WRITE:
            return -EBADF
        return 0

    @cython.cfunc
    @cython.nogil
    def may_copy_range(self, source: u32, out: u32) -> cython.int:
        """generic_copy_file_checks(): regular files of file systems of one type."""
        if self.files[out].f_flags & O_APPEND:
            return -EBADF
        if (
            self.inodes[self.files[source].f_inode].i_state & S_SWAPFILE
            or self.inodes[self.files[out].f_inode].i_state & S_SWAPFILE
        ):
            return -ETXTBSY
        a: u32 = self.inodes[self.files[source].f_inode].i_kind
        b: u32 = self.inodes[self.files[out].f_inode].i_kind
        if a == INODE_DIRECTORY or b == INODE_DIRECTORY:
            return -EISDIR
        if (a != INODE_REGULAR and a != INODE_SHMEM) or (b != INODE_REGULAR and b != INODE_SHMEM):
            return -EINVAL
        return -EXDEV if a != b else 0

    @cython.cfunc
    @cython.nogil
    def do_splice_direct(self, source: u32, pos: u64, out: u32, to: u64, count: u64) -> i64:
        """Read and write in turn, as much as a pipe holds: bytes, or -errno before the first."""
        done: u64 = 0
        if count > MAX_RW_COUNT:
            count = MAX_RW_COUNT
        while done < count:
            most: u64 = PIPE_CAPACITY - ((pos + done) & (PAGE_SIZE - 1))
            if most > count - done:
                most = count - done
            got: i64 = self.read_write.vfs_read(source, pos + done, most)
            if got > 0:
                got = self.read_write.vfs_write(out, to + done, cython.cast(u64, got))
            if got <= 0:
                return cython.cast(i64, done) if done else got
            done += cython.cast(u64, got)
        return cython.cast(i64, done)

    @cython.ccall
    @cython.nogil
    def do_splice(
        self, in_fd: u32, in_offset: i64, out_fd: u32, out_offset: i64, count: u64
    ) -> i64:
        """splice(2): between a pipe and a file, or two pipes: bytes or -errno."""
        source: u32 = self.read_write.fd_file(in_fd)
        out: u32 = self.read_write.fd_file(out_fd)
        error: cython.int = self.may_copy(source, out)
        if error:
            return error
        from_pipe: cython.bint = self.is_pipe(source)
        to_pipe: cython.bint = self.is_pipe(out)
        if not from_pipe and not to_pipe:
            return -EINVAL
        if to_pipe:
            room: u64 = PIPE_CAPACITY - self.inodes[self.files[out].f_inode].i_size
            if room == 0:
                return -EAGAIN
            count = room if count > room else count
        if from_pipe and self.inodes[self.files[source].f_inode].i_size < count:
            count = self.inodes[self.files[source].f_inode].i_size
            if count == 0:
                return -EAGAIN
        done: i64 = self.move_in(source, in_offset, count)
        return self.move_out(out, out_offset, cython.cast(u64, done)) if done > 0 else done

    @cython.cfunc
    @cython.nogil
    def move_in(self, file: u32, offset: i64, count: u64) -> i64:
        """The reading half of a splice."""
        pos: u64 = self.files[file].f_pos if offset == AT_POSITION else cython.cast(u64, offset)
        done: i64 = self.read_write.vfs_read(file, pos, count)
        if done > 0 and offset == AT_POSITION and not self.is_pipe(file):
            self.files[file].f_pos += done
        return done

    @cython.cfunc
    @cython.nogil
    def move_out(self, file: u32, offset: i64, count: u64) -> i64:
        """The writing half."""
        pos: u64 = self.files[file].f_pos if offset == AT_POSITION else cython.cast(u64, offset)
        done: i64 = self.read_write.vfs_write(file, pos, count)
        if done > 0 and offset == AT_POSITION and not self.is_pipe(file):
            self.files[file].f_pos += done
        return done

    @cython.cfunc
    @cython.nogil
    def is_pipe(self, file: u32) -> cython.bint:
        """Whether a file is an end of a pipe."""
        return self.inodes[self.files[file].f_inode].i_kind == INODE_FIFO

    def check(self):
        """No pipe holds more than it can."""
        for inode in self.arena.where("inodes", "i_kind"):
            if self.inodes[inode].i_kind == INODE_FIFO:
                assert self.inodes[inode].i_size <= PIPE_CAPACITY
