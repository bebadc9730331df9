"""Which names and inodes are in memory, so that looking them up reads nothing.

A name that is not is looked for in its directory's block, and its inode read from the inode table:
two pages of Buffers on a disk. Who asks pays for them, for the dentry and for the inode; what is
in use when `drop_caches` (bit 1) forgets the rest stays theirs.

Models fs/dcache.c: d_lookup(), shrink_dcache_sb(); fs/inode.c: prune_icache_sb();
fs/namei.c: lookup_slow(), as far as they read.
Not modelled: that reclaim shrinks them; the memory of negative entries, which are never too many.

`arena.names["dcache"]` maps each cached path to 1, or to 0 for one that is known not to exist.
"""

from __future__ import annotations

import errno
import os
import posixpath
from typing import TYPE_CHECKING

from mmtwin.mm.memcg_slab import SLAB_DENTRY, SLAB_INODE_EXT4
from mmtwin.mm.page_flags import FS_EXT4, INODE_BDEV, INODE_DIRECTORY

if TYPE_CHECKING:
    from mmtwin.machine import Machine


class DentryCache:
    """The dentries and inodes that are cached."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    @property
    def names(self) -> dict[str, int]:
        """Every cached path."""
        found: dict[str, int] = self.machine.arena.names.setdefault("dcache", {})
        return found

    def lookup(self, path: str) -> None:
        """Read what it takes to know whether there is such a name, and its inode."""
        cached = self.names
        if path in cached or path in self.machine.namespace.mounts:
            return
        above = posixpath.dirname(path)
        dentries = self.machine.namespace.dentries
        if above not in dentries:
            return
        self.lookup(above)
        directory = self.machine.arena.inodes[dentries[above]]
        inode = dentries.get(path, 0)
        self._charge(SLAB_DENTRY, inode)
        if int(directory.i_kind) == INODE_DIRECTORY:
            self._read("read_directory", int(directory.i_sb), int(directory.i_ino))
        if inode:
            record = self.machine.arena.inodes[inode]
            self._charge(SLAB_INODE_EXT4, inode)
            self._read("read_inode", int(record.i_sb), int(record.i_ino))
        cached[path] = 1 if inode else 0

    def _charge(self, kind: int, inode: int) -> None:
        """An inode on a disk, or its dentry, comes to memory."""
        record = self.machine.arena.super_blocks[int(self.machine.arena.inodes[inode].i_sb)]
        on_disk = inode and int(record.s_type) == FS_EXT4
        if on_disk and int(self.machine.memcg_slab.charge(kind, inode)):
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    def listed(self, path: str) -> None:
        """A directory's names were read: its inode's block and its own."""
        record = self.machine.arena.inodes[self.machine.namespace.dentries[path]]
        self._read("read_inode", int(record.i_sb), int(record.i_ino))
        self._read("read_directory", int(record.i_sb), int(record.i_ino))

    def made(self, path: str) -> None:
        """A new name: a bitmap, and the block that its inode shares with others; then the entry in
        the directory's block, and both inodes once more: ext4_add_nondir()."""
        dentries, inodes = self.machine.namespace.dentries, self.machine.arena.inodes
        record, above = inodes[dentries[path]], inodes[dentries[posixpath.dirname(path)]]
        self._read("new_inode", int(record.i_sb), int(record.i_ino))
        self._read("write_directory", int(above.i_sb), int(above.i_ino))
        self._read("write_inode", int(above.i_sb), int(above.i_ino))
        self._read("write_inode", int(record.i_sb), int(record.i_ino))
        self.names[path] = 1

    def gone(self, path: str) -> None:
        """A name was removed: known not to exist."""
        self.names[path] = 0

    def _read(self, what: str, super_block: int, number: int) -> None:
        if int(self.machine.arena.super_blocks[super_block].s_type) != FS_EXT4:
            return
        self.fill_super(super_block)
        result = int(getattr(self.machine.buffers, what)(super_block, number))
        if result < 0:
            raise OSError(-result, os.strerror(-result))

    def fill_super(self, super_block: int) -> None:
        """The blocks that a mounted disk keeps in memory, read once; whoever uses it first did not
        mount it, and does not pay."""
        record = self.machine.arena.super_blocks[super_block]
        if int(record.s_type) != FS_EXT4 or int(record.s_bd_inode):
            return
        inode = int(self.machine.page_cache.new_inode(INODE_BDEV, 0, 1, int(record.s_dev)))
        if not inode:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        bdev = self.machine.arena.inodes[inode]
        bdev.i_bdev = int(record.s_bdev)
        bdev.i_size = int(self.machine.arena.block_devices[int(record.s_bdev)].capacity)
        record.s_bd_inode = inode
        task = self.machine.arena.tasks[int(self.machine.arena.current[0].task)]
        memcg, task.memcg = int(task.memcg), 0
        self.machine.buffers.fill_super(super_block)
        task.memcg = memcg

    def shrink(self) -> None:
        """Forget every name and inode that is not in use: drop_slab()."""
        namespace = self.machine.namespace
        inodes = self.machine.arena.inodes
        kept: dict[str, int] = {}
        for path, exists in self.names.items():
            record = inodes[namespace.dentries.get(path, 0) if exists else 0]
            if int(record.i_kind) != INODE_DIRECTORY and int(record.i_count):
                while path not in kept and path not in namespace.mounts:
                    kept[path] = 1
                    path = posixpath.dirname(path)
        for path in self.names.keys() - kept.keys():
            self.forget(namespace.dentries.get(path, 0))
        self.machine.arena.names["dcache"] = kept

    def forget(self, inode: int) -> None:
        """A dentry and its inode are freed; those of tmpfs are their only copy, and stay."""
        record = self.machine.arena.super_blocks[int(self.machine.arena.inodes[inode].i_sb)]
        if inode and int(record.s_type) == FS_EXT4:
            for kind in SLAB_DENTRY, SLAB_INODE_EXT4:
                self.machine.memcg_slab.give_back(kind, inode)
