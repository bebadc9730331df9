"""Paths to inodes, and the mounts that they lie on.

Models fs/namei.c: path_lookupat(), vfs_create(), vfs_mkdir(), vfs_unlink(), vfs_rmdir(),
vfs_rename(); fs/namespace.c: do_new_mount().
Not modelled: symbolic and hard links, permissions (every caller is root), working directories (a
path without a leading slash begins at the root).

`arena.names["dentry"]` maps every path to its inode, "mount" every mount point to its super block.
"""

from __future__ import annotations

import errno
import os
import posixpath
from typing import TYPE_CHECKING

from mmtwin.mm.ext4 import EXTENT_WRITTEN
from mmtwin.mm.memcg_slab import SLAB_DENTRY
from mmtwin.mm.page_flags import (
    FS_EXT4,
    FS_TMPFS,
    INODE_DIRECTORY,
    INODE_REGULAR,
    S_SWAPFILE,
)
from mmtwin.mm.vm_flags import VM_NORESERVE
from mmtwin.units import PAGE_SIZE
from mmtwin.vfs.dcache import DentryCache

if TYPE_CHECKING:
    from mmtwin.machine import Machine

FS_TYPES = {"ext4": FS_EXT4, "tmpfs": FS_TMPFS}
FIRST_INO = {FS_EXT4: 12, FS_TMPFS: 2}  # of the first file in a new file system
ROOT_INO = {FS_EXT4: 2, FS_TMPFS: 1}
NAME_MAX = 255
FIRST_ANON_DEV = 20  # minor numbers of file systems without a device (major 0)


def error(number: int, path: str) -> OSError:
    """The kernel's error about a path."""
    return OSError(number, os.strerror(number), path)


class Namespace:
    """The machine's one tree of names."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.dcache = DentryCache(machine)

    @property
    def dentries(self) -> dict[str, int]:
        """Every path and its inode."""
        found: dict[str, int] = self.machine.arena.names.setdefault("dentry", {})
        return found

    @property
    def mounts(self) -> dict[str, int]:
        """Every mount point and its super block."""
        found: dict[str, int] = self.machine.arena.names.setdefault("mount", {})
        return found

    def boot(self) -> None:
        """What every machine has: a root on its first disk (whose super block is read when it is
        first used), and memory for what is temporary."""
        self._mount("/", "ext4", device=1)
        for path in ("/tmp", "/dev/shm"):
            self.make_directories(path)
            self.mount(path, "tmpfs")

    def make_directories(self, path: str) -> None:
        """A directory and what is missing above it, as if they had always been there."""
        if path not in self.dentries:
            self.make_directories(posixpath.dirname(path))
            self.dentries[path] = self._new_inode(INODE_DIRECTORY, self.super_block(path))
            self.dcache.forget(self.dentries[path])

    def mount(
        self, path: str, fs_type: str, *, device: int = 0, size: int = 0, nr_inodes: int = 0
    ) -> int:
        """Mount a new, empty file system: its super block. `device` is a block device's index,
        `size` (bytes) and `nr_inodes` are limits, 0 for none."""
        number = self._mount(path, fs_type, device, size, nr_inodes)
        self.dcache.fill_super(number)
        return number

    def _mount(
        self, path: str, fs_type: str, device: int = 0, size: int = 0, nr_inodes: int = 0
    ) -> int:
        path = normal(path)
        if fs_type not in FS_TYPES:
            raise error(errno.ENODEV, fs_type)
        number = len(self.mounts) + 1
        record = self.machine.arena.super_blocks[number]
        record.s_type = kind = FS_TYPES[fs_type]
        record.s_bdev = device
        disk = self.machine.arena.block_devices[device]
        record.s_dev = int(disk.dev) if device else FIRST_ANON_DEV + number
        record.next_ino = FIRST_INO[kind]
        record.max_blocks, record.max_inodes = size >> 12, nr_inodes
        if device and not size:
            record.max_blocks = int(disk.capacity) >> 12
        self.mounts[path] = number
        self.dentries[path] = self._new_inode(INODE_DIRECTORY, number, ROOT_INO[kind])
        return number

    def super_block(self, path: str) -> int:
        """The file system that a path lies on."""
        mounts = self.mounts
        while path not in mounts:
            if path == "/":
                raise error(errno.ENOENT, path)
            path = posixpath.dirname(path)
        return mounts[path]

    def lookup(self, path: str) -> int:
        """The inode of a path (ENOENT, ENOTDIR, ENAMETOOLONG)."""
        path = normal(path)
        self.dcache.lookup(path)
        inode = self.dentries.get(path, 0)
        if not inode:
            self.parent(path)
            raise error(errno.ENOENT, path)
        return inode

    def parent(self, path: str) -> str:
        """The directory that a name is or would be in (ENOENT, ENOTDIR)."""
        above, name = posixpath.split(path)
        if len(name.encode()) > NAME_MAX:
            raise error(errno.ENAMETOOLONG, path)
        inode = self.dentries.get(above, 0)
        if not inode and above != "/":
            self.parent(above)
        if not inode:
            raise error(errno.ENOENT, path)
        if not self.is_directory(inode):
            raise error(errno.ENOTDIR, path)
        return above

    def is_directory(self, inode: int) -> bool:
        """Whether an inode is one."""
        return bool(int(self.machine.arena.inodes[inode].i_kind) == INODE_DIRECTORY)

    def create(self, path: str) -> int:
        """A new, empty regular file: its inode."""
        path = self._free_name(path)
        inode = self._new_file(path)
        self.dcache.made(path)
        return inode

    def create_on_disk(self, path: str, size: int) -> int:
        """A file of `size` bytes that has been there before: all of its blocks are on the device,
        nothing of it is in memory. Its inode."""
        path = normal(path)
        self.parent(path)
        inode = self._new_file(path)
        self.machine.arena.inodes[inode].i_size = size
        number = int(self.machine.ext4.set_status(inode, 0, -(-size // PAGE_SIZE), EXTENT_WRITTEN))
        if number < 0:
            self.unlink(path)
            raise error(-number, path)
        self.dcache.forget(inode)
        return inode

    def _new_file(self, path: str) -> int:
        super_block = self.super_block(path)
        if int(self.machine.arena.super_blocks[super_block].s_type) == FS_TMPFS:
            inode = int(self.machine.shmem.shmem_get_inode(super_block, VM_NORESERVE))
            if not inode:
                raise error(errno.ENOSPC, path)
        else:
            inode = self._new_inode(INODE_REGULAR, super_block)
        self.machine.page_cache.iput(inode)  # its name keeps it
        self.machine.memcg_slab.charge(SLAB_DENTRY, inode)
        self.dentries[path] = inode
        return inode

    def mkdir(self, path: str) -> int:
        """mkdir(2): the directory's inode."""
        path = self._free_name(path)
        inode = self._new_inode(INODE_DIRECTORY, self.super_block(path))
        self.machine.memcg_slab.charge(SLAB_DENTRY, inode)
        self.dentries[path] = inode
        self.dcache.made(path)
        return inode

    def _free_name(self, path: str) -> str:
        path = normal(path)
        self.dcache.lookup(path)
        if path in self.dentries:
            raise error(errno.EEXIST, path)
        self.parent(path)
        return path

    def _new_inode(self, kind: int, super_block: int, number: int = 0) -> int:
        record = self.machine.arena.super_blocks[super_block]
        if int(record.max_inodes) and int(record.used_inodes) >= int(record.max_inodes):
            raise error(errno.ENOSPC, "")
        if not number:
            number = int(record.next_ino)
            record.next_ino += 1
        inode = int(self.machine.page_cache.new_inode(kind, 0, number, int(record.s_dev)))
        if not inode:
            raise error(errno.ENOMEM, "")
        record.used_inodes += 1
        self.machine.arena.inodes[inode].i_sb = super_block
        self.machine.arena.inodes[inode].i_bdev = int(record.s_bdev)
        return inode

    def unlink(self, path: str) -> None:
        """unlink(2): the inode lives on while it is open or mapped."""
        path = normal(path)
        inode = self.lookup(path)
        if self.is_directory(inode):
            raise error(errno.EISDIR, path)
        self._may_delete(inode, path)
        del self.dentries[path]
        self.dcache.gone(path)
        self.machine.page_cache.unlink_inode(inode)

    def _may_delete(self, inode: int, path: str) -> None:
        """A file that is swapped to keeps its name: may_delete()."""
        if int(self.machine.arena.inodes[inode].i_state) & S_SWAPFILE:
            raise error(errno.EPERM, path)

    def rmdir(self, path: str) -> None:
        """rmdir(2) of an empty directory."""
        path = normal(path)
        inode = self.lookup(path)
        if not self.is_directory(inode):
            raise error(errno.ENOTDIR, path)
        if path in self.mounts:
            raise error(errno.EBUSY, path)
        if any(posixpath.dirname(name) == path for name in self.dentries if name != "/"):
            raise error(errno.ENOTEMPTY, path)
        del self.dentries[path]
        self.dcache.gone(path)
        self.machine.page_cache.unlink_inode(inode)
        self.machine.page_cache.iput(inode)

    def rename(self, old: str, new: str) -> None:
        """rename(2) of a file, over what had the new name."""
        old, new = normal(old), normal(new)
        inode = self.lookup(old)
        self.parent(new)
        if self.super_block(old) != self.super_block(new):
            raise error(errno.EXDEV, new)
        self._may_delete(inode, old)
        if old == new:
            return
        if self.is_directory(inode):
            self._rename_tree(old, new)
            return
        if new in self.dentries:
            self.unlink(new)
        self.dentries[new] = self.dentries.pop(old)
        self.dcache.gone(old)
        self.dcache.names[new] = 1

    def _rename_tree(self, old: str, new: str) -> None:
        if new in self.dentries:
            self.rmdir(new)
        below = [name for name in self.dentries if name == old or name.startswith(f"{old}/")]
        for name in below:
            self.dentries[new + name[len(old) :]] = self.dentries.pop(name)
            self.dcache.names[new + name[len(old) :]] = self.dcache.names.pop(name, 1)


def normal(path: str) -> str:
    """An absolute path without dots and doubled slashes (ENOENT for an empty one)."""
    if not path:
        raise error(errno.ENOENT, path)
    return "/" + posixpath.normpath("/" + path).lstrip("/")
