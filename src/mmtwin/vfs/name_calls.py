"""System calls of a task that take a path."""

from __future__ import annotations

import errno

from mmtwin.task_handle import TaskHandle, checked, os_error, system_call


class NameCalls(TaskHandle):
    """Names, made and removed."""

    @system_call
    def mkdir(self, path: str) -> None:
        """mkdir(2)."""
        self._call().namespace.mkdir(path)

    def rmdir(self, path: str) -> None:
        """rmdir(2)."""
        self._call().namespace.rmdir(path)

    @system_call
    def unlink(self, path: str) -> None:
        """unlink(2)."""
        self._call().namespace.unlink(path)

    def rename(self, old: str, new: str) -> None:
        """rename(2)."""
        self._call().namespace.rename(old, new)

    @system_call
    def truncate(self, path: str, length: int) -> None:
        """truncate(2)."""
        inode = self._call().namespace.lookup(path)
        if self.machine.namespace.is_directory(inode):
            raise os_error(errno.EISDIR, path)
        if length < 0:
            raise os_error(errno.EINVAL, path)
        checked(self.machine.truncate.do_truncate(inode, length))

    def stat(self, path: str) -> int:
        """stat(2), as far as it makes the inode known: the file's size in bytes."""
        inode = self._call().namespace.lookup(path)
        return int(self.machine.arena.inodes[inode].i_size)
