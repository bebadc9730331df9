"""The files of a recording: a path is an inode of the twin, an open descriptor a struct file.

Which mappings merge depends on the struct file, so descriptors keep theirs from open to close,
over fork. What a recording does not tell (size, device, inode number) is not invented: a file
is as long as the furthest mapping of it, its numbers are those of a nameless device 00:00.
"""

from __future__ import annotations

import errno
import os
import posixpath
from typing import Any

from mmtwin.mm.page_flags import INODE_REGULAR, INODE_SHMEM, INODE_SPECIAL
from mmtwin.mm.uapi import FMODE_READ, FMODE_WRITE, O_ACCMODE, O_RDONLY, O_RDWR, O_WRONLY
from mmtwin.mm.vm_flags import VM_NORESERVE
from mmtwin.vfs.paths import path_of, set_path

DELETED = " (deleted)"
SHMEM_PREFIXES = ("/memfd:", "/dev/shm/", "/SYSV", "/dev/zero", "/anon_hugepage", "/i915")
_FMODE = {
    O_RDONLY: FMODE_READ,
    O_WRONLY: FMODE_WRITE,
    O_RDWR: FMODE_READ | FMODE_WRITE,
}


def kind_of(path: str) -> int:
    """INODE_*: memory-backed, a device, or an ordinary file."""
    if path.startswith(SHMEM_PREFIXES):
        return int(INODE_SHMEM)
    return int(INODE_SPECIAL if path.startswith("/dev/") or ":[" in path else INODE_REGULAR)


class Files:
    """Inodes by path and open files by (process, descriptor)."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.page_cache = machine.page_cache
        self._inodes: dict[str, int] = {}
        self._open: dict[int, dict[int, int]] = {}  # pid -> descriptor -> index into `files`
        self._numbers = 0

    def inode(self, path: str, size: int = 0, vm_flags: int = VM_NORESERVE) -> int:
        """The inode of a path, made at its first use and at least `size` bytes long.

        `vm_flags` is for shared memory: tmpfs and memfd account page by page, System V at once.
        """
        index = self._inodes.get(path)
        if index is None:
            index = self._inodes[path] = self._new_inode(path, size, vm_flags)
        self.grow(index, size)
        return index

    def _new_inode(self, path: str, size: int, vm_flags: int) -> int:
        kind = kind_of(path)
        if kind == INODE_SHMEM:
            return self._new_shmem(path, size, vm_flags)
        self._numbers += 1
        index = int(self.page_cache.new_inode(kind, size, self._numbers, 0))
        if not index:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), path)
        if path.endswith(DELETED):
            self.page_cache.unlink_inode(index)
        return index

    def _new_shmem(self, path: str, size: int, vm_flags: int) -> int:
        file = int(self.machine.shmem.shmem_file_setup(size, vm_flags))
        if not file:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), path)
        index = int(self.machine.arena.files[file].f_inode)
        self.page_cache.iget(index)
        self.page_cache.fput(file)
        if not path.endswith(DELETED):
            self.machine.arena.inodes[index].i_nlink = 1
        return index

    def grow(self, index: int, size: int) -> None:
        """At least `size` bytes."""
        grows = size > int(self.machine.arena.inodes[index].i_size)
        if grows and int(self.page_cache.truncate_setsize(index, size)) < 0:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    def forget(self, path: str) -> None:
        """The last name of memory without a file name is gone: shmctl(IPC_RMID)."""
        index = self._inodes.pop(path, 0)
        if index:
            self.page_cache.iput(index)

    def open(self, path: str, flags: int = O_RDWR, size: int = 0) -> int:
        """A new struct file."""
        mode = _FMODE.get(flags & O_ACCMODE, FMODE_READ)
        file = int(self.page_cache.open_file(self.inode(path, size), flags, mode))
        if not file:
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE), path)
        set_path(self.machine, file, path.removesuffix(DELETED))
        return file

    def opened(self, pid: int, fd: int, path: str, flags: int) -> None:
        """open(2): what the descriptor refers to from now on."""
        self.closed(pid, fd)
        self._open.setdefault(pid, {})[fd] = self.open(path, flags)

    def closed(self, pid: int, fd: int) -> None:
        """close(2), or the descriptor being replaced."""
        file = self._open.get(pid, {}).pop(fd, 0)
        if file:
            self.page_cache.fput(file)

    def mapped(self, pid: int, fd: int, path: str, end: int) -> int:
        """The struct file behind a mapping of `path` through `fd`, up to byte `end` of the file."""
        file = self._open.get(pid, {}).get(fd, 0)
        if not file or path_of(self.machine, file) != path.removesuffix(DELETED):
            # A descriptor that the recording does not show being opened: dup, inherited, passed.
            self.opened(pid, fd, path, O_RDWR)
            file = self._open[pid][fd]
        self.grow(int(self.machine.arena.files[file].f_inode), end)
        return file

    def forked(self, parent: int, child: int) -> None:
        """The child's descriptors refer to the same open files."""
        table = dict(self._open.get(parent, {}))
        for file in table.values():
            self.page_cache.get_file(file)
        self._open[child] = table

    def exited(self, pid: int) -> None:
        """All descriptors of a process are closed."""
        for fd in list(self._open.get(pid, {})):
            self.closed(pid, fd)
        self._open.pop(pid, None)

    def unlinked(self, path: str) -> None:
        """The name is gone; mappings of it show ` (deleted)`."""
        index = self._inodes.pop(path, 0)
        if index:
            self.page_cache.unlink_inode(index)
            self.page_cache.iput(index)

    def renamed(self, old: str, new: str) -> None:
        """The file has another name now; one that had that name is gone."""
        if old == new or old not in self._inodes:
            return
        self.unlinked(new)
        index = self._inodes[new] = self._inodes.pop(old)
        files = self.machine.arena.files
        for file in self.machine.arena.where("files", "f_inode"):
            if int(files[file].f_inode) == index and path_of(self.machine, file) == old:
                set_path(self.machine, file, new)

    def truncated(self, path: str, size: int) -> None:
        """ftruncate(2) of a file that is known here."""
        index = self._inodes.get(posixpath.normpath(path), 0)
        if index:
            self.page_cache.truncate_setsize(index, size)
