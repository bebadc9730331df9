"""The files of a recording on the twin's own tree of names and in its descriptor tables.

A path is made with its directories at its first use, on the machine's first disk (a recording does
not say what was mounted where), /dev/shm in memory. Descriptors are the twin's own: fork copies
them, exec and exit close them. What stands in no tree (memfd, System V memory, devices, pipes) has
an inode of its own here.

What a recording does not tell (device, inode number) is not invented. A file is as long as the
recording shows: by stat, by reads, by the furthest mapping.
"""

from __future__ import annotations

import errno
import os
import posixpath
from typing import TYPE_CHECKING, Any

from mmtwin.mm.ext4 import EXTENT_WRITTEN
from mmtwin.mm.page_flags import INODE_SPECIAL
from mmtwin.mm.pgtable_types import PAGE_SIZE
from mmtwin.mm.uapi import O_CLOEXEC, O_RDWR, O_TRUNC, RLIMIT_NOFILE
from mmtwin.mm.vm_flags import VM_NORESERVE
from mmtwin.vfs.namespace import normal
from mmtwin.vfs.open_file import open_inode
from mmtwin.vfs.paths import path_of, set_path

if TYPE_CHECKING:
    from mmtwin.trace.process import Process

DELETED = " (deleted)"
NAMELESS_MEMORY = ("/memfd:", "/SYSV", "/dev/zero", "/anon_hugepage", "/i915")


def is_special(path: str) -> bool:
    """A device, a pipe, a socket: nothing that memory keeps pages of."""
    if path.startswith("/dev/"):
        return not path.startswith(("/dev/shm/", "/dev/zero"))
    return ":[" in path or path.startswith(("/proc/", "/sys/", "anon_inode:"))


class Files:
    """Inodes by path, open files by process and descriptor."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.page_cache = machine.page_cache
        self._nameless: dict[str, int] = {}  # inodes that are in no tree, by what they are called
        self._kept: dict[str, int] = {}  # struct files of paths that rows name without descriptor
        self._numbers = 0
        if int(machine.namespace.super_block("/tmp")) != int(machine.namespace.super_block("/")):
            del machine.namespace.mounts["/tmp"]

    # -- inodes

    def inode(self, path: str, size: int = 0, vm_flags: int = VM_NORESERVE) -> int:
        """The inode of a path, made at its first use and at least `size` bytes long.

        `vm_flags` is for shared memory: tmpfs and memfd account page by page, System V at once.
        """
        index = self.known(path)
        if not index:
            index = self._new_inode(path, size, vm_flags)
        self.grow(index, size)
        return index

    def known(self, path: str) -> int:
        """The inode of a path that was used already, or 0."""
        found = self._nameless.get(path) or self.machine.namespace.dentries.get(normal(path))
        return int(found or 0)

    def _new_inode(self, path: str, size: int, vm_flags: int) -> int:
        if path.startswith(NAMELESS_MEMORY):
            index = self._new_shmem(path, size, vm_flags)
        elif is_special(path) or path.endswith(DELETED):
            index = self._new_nameless(path, size)
        else:
            self._make_directories(posixpath.dirname(normal(path)))
            return int(self.machine.namespace.create(path))
        self._nameless[path] = index
        return index

    def _make_directories(self, path: str) -> None:
        """What has a name below it was a directory, whatever an open() let it look like."""
        namespace = self.machine.namespace
        inode = namespace.dentries.get(path, 0)
        if inode and namespace.is_directory(inode):
            return
        if inode:
            namespace.unlink(path)
        self._make_directories(posixpath.dirname(path))
        namespace.mkdir(path)

    def _new_nameless(self, path: str, size: int) -> int:
        self._numbers += 1
        if is_special(path):
            index = int(self.page_cache.new_inode(INODE_SPECIAL, size, self._numbers, 0))
        else:
            name = f"/.deleted.{self._numbers}"
            index = int(self.machine.namespace.create(name))
            self.page_cache.iget(index)
            self.machine.namespace.unlink(name)
        if not index:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), path)
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
        """At least `size` bytes, and what is new was on the device all along."""
        before = int(self.machine.arena.inodes[index].i_size)
        if size <= before:
            return
        self._set_size(index, size)
        if self.machine.ext4.has_extents(index):
            first, end = -(-before // PAGE_SIZE), -(-size // PAGE_SIZE)
            set_status = self.machine.ext4.set_status
            number = (
                int(set_status(index, first, end - first, EXTENT_WRITTEN)) if end > first else 0
            )
            if number < 0:
                raise OSError(-number, os.strerror(-number))

    def grow_file(self, file: int, size: int) -> None:
        """The same, by an open file."""
        self.grow(int(self.machine.arena.files[file].f_inode), size)

    def _set_size(self, index: int, size: int) -> None:
        number = int(self.page_cache.truncate_setsize(index, size))
        if number < 0:
            raise OSError(-number, os.strerror(-number))

    def forget(self, path: str) -> None:
        """The last name of memory without a file name is gone: shmctl(IPC_RMID)."""
        index = self._nameless.pop(path, 0)
        if index:
            self.page_cache.iput(index)

    # -- open files

    def open(self, path: str, flags: int = O_RDWR, size: int = 0) -> int:
        """A new struct file, which the caller holds."""
        inode = self.inode(path, size)
        if flags & O_TRUNC:
            self._set_size(inode, 0)
        return int(open_inode(self.machine, inode, path.removesuffix(DELETED), flags))

    def kept_open(self, path: str) -> int:
        """The struct file of rows that name a path only."""
        if path not in self._kept:
            self._kept[path] = self.open(path)
        return self._kept[path]

    def opened(self, process: Process, fd: int, path: str, flags: int) -> int:
        """open(2): what the descriptor refers to from now on."""
        file = self.open(path, flags)
        self._install(process, fd, file, flags & O_CLOEXEC)
        return file

    def _install(self, process: Process, fd: int, file: int, cloexec: int) -> None:
        """At this very descriptor; the recording was granted it, so its limit allowed it."""
        if fd >= process.getrlimit(RLIMIT_NOFILE)[0]:
            process.set_soft_limit(RLIMIT_NOFILE, fd + 1)
        number = int(
            self.machine.file_table.replace_fd(process.index, fd, file, int(bool(cloexec)))
        )
        if number < 0:
            self.page_cache.fput(file)
            raise OSError(-number, os.strerror(-number))

    def duplicated(self, process: Process, fd: int, new: int, path: str, cloexec: int) -> None:
        """dup(2) and its kin: both share the open file."""
        file = self.of_fd(process, fd, path)
        self.page_cache.get_file(file)
        self._install(process, new, file, cloexec)

    def closed(self, process: Process, fd: int) -> None:
        """close(2)."""
        self.machine.file_table.close_fd(process.index, fd)

    def of_fd(self, process: Process, fd: int, path: str) -> int:
        """The open file of a descriptor; one that the recording does not show being opened (it was
        inherited or passed) is opened now."""
        file = int(self.machine.file_table.fget(process.index, fd))
        if not file or (path and path_of(self.machine, file) != path.removesuffix(DELETED)):
            file = self.opened(process, fd, path, O_RDWR)
        return file

    def mapped(self, process: Process, fd: int, path: str, end: int) -> int:
        """The struct file behind a mapping, up to byte `end` of the file."""
        file = self.kept_open(path) if fd < 0 else self.of_fd(process, fd, path)
        self.grow_file(file, end)
        return file

    # -- names

    def unlinked(self, path: str) -> None:
        """The name is gone; mappings of it show ` (deleted)`."""
        kept = self._kept.pop(path, 0)
        if kept:
            self.page_cache.fput(kept)
        if normal(path) in self.machine.namespace.dentries:
            self.machine.namespace.unlink(path)

    def renamed(self, old: str, new: str) -> None:
        """The file has another name now; one that had that name is gone."""
        index = self.known(old)
        if old == new or not index or old in self._nameless:
            return
        if normal(new) in self.machine.namespace.dentries:
            self.unlinked(new)
        self._make_directories(posixpath.dirname(normal(new)))
        self.machine.namespace.rename(old, new)
        files = self.machine.arena.files
        for file in self.machine.arena.where("files", "f_inode"):
            if int(files[file].f_inode) == index and path_of(self.machine, file) == old:
                set_path(self.machine, file, new)

    def truncated(self, path: str, size: int) -> None:
        """truncate(2), ftruncate(2) of a file that is known here."""
        index = self.known(path)
        if index:
            self._set_size(index, size)

    def sized(self, path: str, size: int) -> None:
        """stat(2) says how long a file is."""
        self.grow(self.inode(path), size)
