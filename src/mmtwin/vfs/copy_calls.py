"""System calls of a task that move data in several parts, or from file to file."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from mmtwin.mm.page_flags import INODE_FIFO
from mmtwin.mm.uapi import O_RDONLY, O_WRONLY
from mmtwin.task_handle import checked, os_error, system_call, unsigned
from mmtwin.vfs.file_calls import FileCalls, as_fd
from mmtwin.vfs.open_file import open_inode


class CopyCalls(FileCalls):
    """Vectors, pipes and splicing."""

    @system_call
    def readv(self, fd: int, lengths: Sequence[int]) -> int:
        """readv(2): one read of all parts together."""
        return self.sys_read(fd, sum(lengths))

    @system_call
    def writev(self, fd: int, lengths: Sequence[int]) -> int:
        """writev(2)."""
        return self.sys_write(fd, sum(lengths))

    @system_call
    def preadv(self, fd: int, lengths: Sequence[int], offset: int) -> int:
        """preadv(2)."""
        return self.pread(fd, sum(lengths), offset)

    @system_call
    def pwritev(self, fd: int, lengths: Sequence[int], offset: int) -> int:
        """pwritev(2)."""
        return self.pwrite(fd, sum(lengths), offset)

    @system_call
    def sendfile(self, out_fd: int, in_fd: int, count: int, offset: int = -1) -> int:
        """sendfile(2), from `offset` or from where the file is."""
        call = self._call().splice.do_sendfile
        return checked(call(as_fd(out_fd), as_fd(in_fd), offset, *unsigned(count)))

    @system_call
    def copy_file_range(
        self, in_fd: int, out_fd: int, count: int, in_offset: int = -1, out_offset: int = -1
    ) -> int:
        """copy_file_range(2); an offset that is left out is the file's own."""
        call = self._call().splice.copy_file_range
        return checked(call(as_fd(in_fd), in_offset, as_fd(out_fd), out_offset, *unsigned(count)))

    def pipe(self) -> tuple[int, int]:
        """pipe(2): its reading and its writing end. An empty or full one is EAGAIN."""
        machine = self._call()
        inode = int(machine.page_cache.new_inode(INODE_FIFO, 0, 0, 0))
        if not inode:
            raise os_error(errno.ENFILE, "pipe")
        machine.arena.inodes[inode].i_nlink = 0
        ends = [open_inode(machine, inode, "pipe:", flags) for flags in (O_RDONLY, O_WRONLY)]
        machine.page_cache.iput(inode)
        return self.fd_install(ends[0]), self.fd_install(ends[1])

    @system_call
    def splice(
        self, in_fd: int, out_fd: int, count: int, in_offset: int = -1, out_offset: int = -1
    ) -> int:
        """splice(2): one of the two is a pipe."""
        call = self._call().splice.do_splice
        return checked(call(as_fd(in_fd), in_offset, as_fd(out_fd), out_offset, *unsigned(count)))
