"""open(2) up to the struct file: models fs/namei.c: do_filp_open(), may_open(), do_open()."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mmtwin.mm.page_flags import INODE_DIRECTORY
from mmtwin.mm.uapi import (
    FMODE_READ,
    FMODE_WRITE,
    O_ACCMODE,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_RDONLY,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
)
from mmtwin.vfs.namespace import error, normal
from mmtwin.vfs.paths import set_path

if TYPE_CHECKING:
    from mmtwin.machine import Machine

FMODES = {O_RDONLY: FMODE_READ, O_WRONLY: FMODE_WRITE, O_RDWR: FMODE_READ | FMODE_WRITE}


def filp_open(machine: Machine, path: str, flags: int) -> int:
    """A new open file, which the caller holds (OSError)."""
    path = normal(path)
    inode = _find_or_create(machine, path, flags)
    _may_open(machine, inode, path, flags)
    if flags & O_TRUNC:
        number = int(machine.truncate.do_truncate(inode, 0))
        if number < 0:
            raise error(-number, path)
    return open_inode(machine, inode, path, flags)


def open_inode(machine: Machine, inode: int, path: str, flags: int) -> int:
    """A new open file of an inode, shown as `path`."""
    mode = FMODES.get(flags & O_ACCMODE, 0)
    file = int(machine.page_cache.open_file(inode, flags, mode))
    if not file:
        raise error(errno.ENFILE, path)
    set_path(machine, file, path)
    return file


def _find_or_create(machine: Machine, path: str, flags: int) -> int:
    namespace = machine.namespace
    if path not in namespace.dentries and flags & O_CREAT:
        return namespace.create(path)
    inode = namespace.lookup(path)
    if flags & O_CREAT and flags & O_EXCL:
        raise error(errno.EEXIST, path)
    return inode


def _may_open(machine: Machine, inode: int, path: str, flags: int) -> None:
    if int(machine.arena.inodes[inode].i_kind) == INODE_DIRECTORY:
        if flags & (O_CREAT | O_ACCMODE | O_TRUNC):
            raise error(errno.EISDIR, path)
    elif flags & O_DIRECTORY:
        raise error(errno.ENOTDIR, path)
