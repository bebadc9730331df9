"""System calls of a task that take or give a descriptor.

read(2) and write(2) are `sys_read` and `sys_write`: `task.read()` is a load from memory.
No data is moved: lengths go in, lengths come out.
"""

from __future__ import annotations

import errno

from mmtwin.errors import NotModelledError
from mmtwin.mm.page_flags import INODE_DIRECTORY, INODE_REGULAR, INODE_SHMEM, INODE_SPECIAL
from mmtwin.mm.pgtable_types import PAGE_SHIFT, PAGE_SIZE
from mmtwin.mm.uapi import (
    FMODE_WRITE,
    MAP_ANONYMOUS,
    O_CLOEXEC,
    O_RDONLY,
    SEEK_SET,
)
from mmtwin.task_handle import TaskHandle, checked, os_error, system_call, unsigned
from mmtwin.vfs.open_file import filp_open
from mmtwin.vfs.paths import path_of

TO_THE_END = (1 << 63) - 1


class FileCalls(TaskHandle):
    """Open files, read, written and mapped."""

    # Descriptors

    @system_call
    def open(self, path: str, flags: int = O_RDONLY) -> int:
        """open(2): a descriptor."""
        return self.fd_install(filp_open(self._call(), path, flags), flags & O_CLOEXEC)

    def fd_install(self, file: int, cloexec: int = 0) -> int:
        """A descriptor for an open file, whose reference the caller gives away."""
        fd = int(self._call().file_table.fd_install(self.index, file, 0, cloexec))
        if fd < 0:
            self.machine.page_cache.fput(file)
        return checked(fd)

    def close(self, fd: int) -> None:
        """close(2)."""
        checked(self._call().file_table.close_fd(self.index, as_fd(fd)))

    def dup(self, fd: int, start: int = 0) -> int:
        """dup(2), or fcntl(F_DUPFD) from `start` on."""
        return checked(self._call().file_table.ksys_dup(self.index, as_fd(fd), start, 0))

    def dup2(self, fd: int, wanted: int) -> int:
        """dup2(2)."""
        dup2 = self._call().file_table.ksys_dup2
        return checked(dup2(self.index, as_fd(fd), as_fd(wanted), 0))

    def fd_file(self, fd: int) -> int:
        """The open file of a descriptor, an index into `files` (EBADF)."""
        file = int(self.machine.file_table.fget(self.index, as_fd(fd)))
        if not file:
            raise os_error(errno.EBADF)
        return file

    def fd_path(self, fd: int) -> str:
        """What /proc/PID/fd shows, less ` (deleted)`."""
        return path_of(self.machine, self.fd_file(fd))

    @property
    def fds(self) -> dict[int, int]:
        """Every descriptor and its open file."""
        found: dict[int, int] = self.machine.file_table.descriptors(self.index)
        return found

    # Data

    @system_call
    def sys_read(self, fd: int, length: int) -> int:
        """read(2): bytes, 0 at the end."""
        return checked(self._call().read_write.ksys_read(as_fd(fd), *unsigned(length)))

    @system_call
    def sys_write(self, fd: int, length: int) -> int:
        """write(2): bytes."""
        return checked(self._call().read_write.ksys_write(as_fd(fd), *unsigned(length)))

    @system_call
    def pread(self, fd: int, length: int, offset: int) -> int:
        """pread(2)."""
        return checked(self._call().read_write.ksys_pread64(as_fd(fd), *unsigned(length), offset))

    @system_call
    def pwrite(self, fd: int, length: int, offset: int) -> int:
        """pwrite(2)."""
        return checked(self._call().read_write.ksys_pwrite64(as_fd(fd), *unsigned(length), offset))

    def lseek(self, fd: int, offset: int, whence: int = SEEK_SET) -> int:
        """lseek(2): the new position."""
        return checked(self._call().read_write.ksys_lseek(as_fd(fd), offset, whence))

    @system_call
    def ftruncate(self, fd: int, length: int) -> None:
        """ftruncate(2)."""
        self._call()
        if length < 0:
            raise os_error(errno.EINVAL)
        record = self.machine.arena.files[self.fd_file(fd)]
        kind = int(self.machine.arena.inodes[int(record.f_inode)].i_kind)
        if not int(record.f_mode) & FMODE_WRITE or kind not in (INODE_REGULAR, INODE_SHMEM):
            raise os_error(errno.EINVAL)
        checked(self.machine.truncate.do_truncate(int(record.f_inode), length))

    @system_call
    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> None:
        """fallocate(2)."""
        checked(self._call().truncate.ksys_fallocate(as_fd(fd), mode, offset, length))

    # Advice

    @system_call
    def fadvise(self, fd: int, offset: int, length: int, advice: int) -> None:
        """posix_fadvise(2)."""
        call = self._mechanism("fadvise", "generic_fadvise")
        checked(call(self.fd_file(fd), offset, length, advice))

    @system_call
    def readahead(self, fd: int, offset: int, length: int) -> None:
        """readahead(2)."""
        call = self._mechanism("fadvise", "ksys_readahead")
        checked(call(self.fd_file(fd), offset, length))

    # Writing back

    @system_call
    def fsync(self, fd: int) -> None:
        """fsync(2)."""
        self._fsync(fd, 0)

    @system_call
    def fdatasync(self, fd: int) -> None:
        """fdatasync(2)."""
        self._fsync(fd, 1)

    def _fsync(self, fd: int, datasync: int) -> None:
        self._call()
        file = self.fd_file(fd)
        inode = int(self.machine.arena.files[file].f_inode)
        if int(self.machine.arena.inodes[inode].i_kind) == INODE_REGULAR:
            call = self._mechanism("page_writeback", "vfs_fsync_range")
            checked(call(file, 0, TO_THE_END, datasync))

    @system_call
    def sync_file_range(self, fd: int, offset: int, length: int, flags: int) -> None:
        """sync_file_range(2); a length of 0 is to the end."""
        if offset < 0 or length < 0 or flags & ~7:
            raise os_error(errno.EINVAL)
        call = self._mechanism("page_writeback", "sync_file_range")
        last = (offset + length - 1) >> PAGE_SHIFT if length else TO_THE_END >> PAGE_SHIFT
        if int(self.machine.arena.inodes[self._inode(fd)].i_kind) == INODE_REGULAR:
            checked(call(self.fd_file(fd), offset >> PAGE_SHIFT, last, flags))

    def _inode(self, fd: int) -> int:
        return int(self.machine.arena.files[self.fd_file(fd)].f_inode)

    @system_call
    def sync(self) -> None:
        """sync(2)."""
        checked(self._mechanism("page_writeback", "ksys_sync")())

    # Mapping

    @system_call
    def mmap_fd(
        self, addr: int, length: int, prot: int, flags: int, fd: int = -1, offset: int = 0
    ) -> int:
        """mmap(2) as the system call: of a descriptor, or with MAP_ANONYMOUS of none."""
        if offset % PAGE_SIZE:
            raise os_error(errno.EINVAL, "mmap")
        self._call()
        file = 0 if flags & MAP_ANONYMOUS else self.fd_file(fd)
        if file:
            inode = self.machine.arena.inodes[int(self.machine.arena.files[file].f_inode)]
            if int(inode.i_kind) == INODE_SPECIAL:
                raise NotModelledError(self.fd_path(fd), "maps of devices are not modelled yet")
            if int(inode.i_kind) == INODE_DIRECTORY:
                raise os_error(errno.ENODEV, "mmap")
        do_mmap = self.machine.mmap.do_mmap
        return checked(do_mmap(*unsigned(addr, length, prot, flags), file, offset >> PAGE_SHIFT))


def as_fd(fd: int) -> int:
    """A descriptor as the kernel takes it: an unsigned int."""
    return fd & 0xFFFFFFFF
