"""swapon(2), swapoff(2) and mkswap(8) of a machine.

    machine.mkswap("/dev/vda")          first: a block device or file gets a header
    machine.swapon("/dev/vda", 10)      priority -1: behind all that have been given one so far
    machine.swapoff("/dev/vda")         everything comes back into memory first

A file must have all of its blocks (fallocate will do) and cannot be written, shortened, renamed or
removed while it is swapped to. Where its blocks lie is not modelled: it is read and written as if
they were in a row. Partitions are those of the description's `[[swap]]` tables.

Models mm/swapfile.c: SYSCALL_DEFINE2(swapon), SYSCALL_DEFINE1(swapoff), claim_swapfile(),
read_swap_header(), _enable_swap_info(), swap_discardable(); fs/iomap/swapfile.c:
iomap_swapfile_activate().
Not modelled: bad pages, labels; discarding (refused where a device could do it); that a mounted
disk is busy.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mmtwin import swap_areas, zram_files
from mmtwin.errors import ConfigError, NotModelledError
from mmtwin.mm.ext4 import EXTENT_HOLE
from mmtwin.mm.page_flags import FS_EXT4, INODE_REGULAR, S_SWAPFILE
from mmtwin.mm.swap_entry import MAX_SWAPFILES
from mmtwin.mm.swap_types import (
    NR_SWAP_SLOTS,
    SWP_BLKDEV,
    SWP_SOLIDSTATE,
    SWP_STABLE_WRITES,
    SWP_SYNCHRONOUS_IO,
    SWP_WRITEOK,
)
from mmtwin.mm.uapi import O_RDWR
from mmtwin.mm.zram import NR_ZRAMS
from mmtwin.units import PAGE_SHIFT, PAGE_SIZE
from mmtwin.vfs.namespace import normal
from mmtwin.vfs.open_file import filp_open

if TYPE_CHECKING:
    from mmtwin.machine import Machine

MIN_PAGES = 10  # what mkswap accepts
NO_DISCARD = ("hdd", "null_blk")  # profiles of disks that cannot


@dataclass(frozen=True)
class Area:
    """One line of /proc/swaps."""

    path: str
    type: int
    partition: bool
    pages: int
    inuse_pages: int
    prio: int


@dataclass(frozen=True)
class Backing:
    """What is under a path that can be swapped to."""

    pages: int
    bdev: int = 0  # index into `block_devices`
    rotational: bool = False
    zram: int = 0  # zram device number + 1
    inode: int = 0  # of a file
    can_discard: bool = True


def _error(number: int, path: str, why: str = "") -> OSError:
    return OSError(number, why or os.strerror(number), path)


def _state(machine: Machine) -> dict[str, Any]:
    """Names: headers that mkswap wrote, and which path is which area."""
    state: dict[str, Any] = machine.arena.names.setdefault("swap", {})
    return state


def areas(machine: Machine) -> list[Area]:
    """The areas in use, by number."""
    found = []
    paths = {type_: path for path, type_ in _state(machine).get("areas", {}).items()}
    for type_ in range(MAX_SWAPFILES):
        si = machine.arena.swap_info[type_]
        if int(si["flags"]) & SWP_WRITEOK:
            found.append(
                Area(
                    paths[type_],
                    type_,
                    bool(int(si["flags"]) & SWP_BLKDEV),
                    int(si.pages),
                    int(si.inuse_pages),
                    int(si.prio),
                )
            )
    return found


def backing(machine: Machine, path: str) -> Backing:
    """The device, partition or file of a path (ENOENT, EISDIR, EINVAL)."""
    disk = _disk(machine, path)
    if disk is not None:
        return disk
    name = swap_areas.disk_of(path)
    partitions = _state(machine).get("partitions", {})
    if name and path in partitions:
        whole = _disk(machine, f"/dev/{name}")
        assert whole
        return replace(whole, pages=partitions[path])
    if match := re.fullmatch(r"/dev/zram([0-9]+)", path):
        number = int(match[1])
        if number < NR_ZRAMS:
            size = int(zram_files.device(machine, number).disksize)
            return Backing(size >> PAGE_SHIFT, zram=number + 1)
    return _file(machine, path)


def _file(machine: Machine, path: str) -> Backing:
    """A file that can be swapped to: of a file system that tells where its blocks are."""
    inode = machine.namespace.lookup(path)
    record = machine.arena.inodes[inode]
    if machine.namespace.is_directory(inode):
        raise _error(errno.EISDIR, path)
    ext4 = int(machine.arena.super_blocks[int(record.i_sb)].s_type) == FS_EXT4
    if int(record.i_kind) != INODE_REGULAR or not ext4:
        raise _error(errno.EINVAL, path, "its file system has no swap files")
    disk = machine.config.disks[int(record.i_bdev) - 1]
    return Backing(
        int(record.i_size) >> PAGE_SHIFT,
        int(record.i_bdev),
        bool(disk.rotational),
        inode=inode,
        can_discard=disk.profile not in NO_DISCARD,
    )


def _has_holes(machine: Machine, inode: int) -> bool:
    """Whether a block of a file is missing anywhere; those never written are there."""
    pages, at = int(machine.arena.inodes[inode].i_size) >> PAGE_SHIFT, 0
    while at < pages:
        if int(machine.ext4.status_of(inode, at)) == EXTENT_HOLE:
            return True
        at += abs(int(machine.ext4.map_blocks(inode, at, pages - at)))
    return False


def _disk(machine: Machine, path: str) -> Backing | None:
    for number, disk in enumerate(getattr(machine.config, "disks", ()), 1):
        if path == f"/dev/{disk.name}":
            return Backing(
                disk.size >> PAGE_SHIFT,
                number,
                bool(disk.rotational),
                can_discard=disk.profile not in NO_DISCARD,
            )
    return None


def mkswap(machine: Machine, path: str) -> int:
    """Write a header to a device or file: its bytes (a page), as mkswap(8) writes."""
    path = normal(path)
    found = backing(machine, path)
    if path in _state(machine).get("areas", {}):
        raise _error(errno.EBUSY, path)
    if found.pages < MIN_PAGES:
        raise _error(errno.EINVAL, path, "too small for swap")
    if found.inode:
        _write_header(machine, path)
    header = f"inode {found.inode}" if found.inode else path
    _state(machine).setdefault("headers", {})[header] = found.pages
    if found.zram:
        header = machine.content.swap_header(found.pages - 1)
        error = int(machine.zram.zram_write_page(found.zram - 1, 0, header))
        if error:
            raise _error(-error, path)
    return PAGE_SIZE


def _write_header(machine: Machine, path: str) -> None:
    """A file's first page is written, through the page cache and to the disk: not by a task."""
    file = filp_open(machine, path, O_RDWR)
    try:
        done = int(machine.read_write.vfs_write(file, 0, PAGE_SIZE))
        if done >= 0:
            done = int(machine.page_writeback.vfs_fsync_range(file, 0, (1 << 63) - 1, 0))
        if done < 0:
            raise _error(-done, path)
    finally:
        machine.page_cache.fput(file)


def swapon(machine: Machine, path: str, priority: int = -1, discard: str = "") -> int:
    """Take an area into use: its number."""
    path = normal(path)
    found = backing(machine, path)
    state = _state(machine)
    if path in state.get("areas", {}):
        raise _error(errno.EBUSY, path)
    if found.inode:
        error = int(machine.swapoff_walk.read_swap_header(found.inode))
        if error:
            raise _error(-error, path)
    header = f"inode {found.inode}" if found.inode else path
    pages = state.get("headers", {}).get(header, 0)
    if pages < MIN_PAGES:
        raise _error(errno.EINVAL, path, "no swap header: mkswap it first")
    if pages > found.pages:
        raise _error(errno.EINVAL, path, "it is shorter than its swap header says")
    if found.inode and _has_holes(machine, found.inode):
        raise _error(errno.EINVAL, path, "the file has holes: fallocate it first")
    if discard and found.can_discard:  # what cannot discard takes no notice: swap_discardable()
        raise NotModelledError(path, "discarding of swap is not modelled; swap there without it")
    if pages > NR_SWAP_SLOTS:
        raise _error(errno.EINVAL, path, "areas of more than 128 GiB are not modelled")
    if not -1 <= priority <= swap_areas.MAX_PRIORITY:
        raise _error(errno.EINVAL, path, f"priority {priority} is out of range")
    type_ = _free_type(machine, path)
    flags = SWP_BLKDEV if not found.inode else 0
    if not found.rotational:
        flags |= SWP_SOLIDSTATE
    if found.zram:
        flags |= SWP_SYNCHRONOUS_IO | SWP_STABLE_WRITES
    record = machine.arena.swap_info[type_]
    record.bdev, record.zram, record.inode = found.bdev, found.zram, found.inode
    if found.zram:
        machine.arena.zrams[found.zram - 1].claimed = 1
    if found.inode:
        machine.arena.inodes[found.inode].i_count += 1
        machine.arena.inodes[found.inode].i_state |= S_SWAPFILE
    machine.swapoff_walk.enable(type_, pages, flags, priority)
    state.setdefault("areas", {})[path] = type_
    return type_


def _free_type(machine: Machine, path: str) -> int:
    for type_ in range(MAX_SWAPFILES):
        if not int(machine.arena.swap_info[type_]["flags"]):
            return type_
    raise _error(errno.EPERM, path, f"{MAX_SWAPFILES} areas are in use")


def swapoff(machine: Machine, path: str) -> None:
    """Bring everything back and give the area up (EINVAL: not in use; ENOMEM: no room)."""
    state, path = _state(machine), normal(path)
    if path not in state.get("areas", {}):
        backing(machine, path)  # ENOENT
        raise _error(errno.EINVAL, path, "not in use")
    type_ = state["areas"][path]
    zram = int(machine.arena.swap_info[type_].zram)
    inode = int(machine.arena.swap_info[type_].inode)
    error = int(machine.swapoff_walk.swapoff(type_))
    if error:
        raise _error(-error, path)
    if zram:
        machine.arena.zrams[zram - 1].claimed = 0
    if inode:
        record = machine.arena.inodes[inode]
        record.i_state = int(record.i_state) & ~S_SWAPFILE & 0xFFFFFFFF
        machine.page_cache.iput(inode)
    del state["areas"][path]


# At boot


def boot(machine: Machine) -> None:
    """The areas of the description, ready made and in use (ConfigError)."""
    for number, area in enumerate(machine.config.swap):
        try:
            _make(machine, area)
            swapon(machine, area.path, area.priority, area.discard)
        except OSError as error:
            raise ConfigError(f"swap[{number}]: {area.path}: {error.strerror}") from None


def _make(machine: Machine, area: swap_areas.SwapConfig) -> None:
    """What `path` names gets its size and a header, as if it had always had them."""
    path, pages = normal(area.path), area.size >> PAGE_SHIFT
    name = swap_areas.disk_of(path)
    state = _state(machine)
    if path.startswith("/dev/zram"):
        machine.write(f"/sys/block/{path.removeprefix('/dev/')}/disksize", str(area.size))
    elif name:
        partitions = state.setdefault("partitions", {})
        partitions[path] = pages
        whole = _disk(machine, f"/dev/{name}")
        used = sum(n for other, n in partitions.items() if swap_areas.disk_of(other) == name)
        if not whole or used > whole.pages:
            raise _error(errno.ENOSPC, path, f"{name} is too small for its partitions")
    elif area.size:
        inode = machine.namespace.create_on_disk(path, area.size)
        state.setdefault("headers", {})[f"inode {inode}"] = pages
        return
    mkswap(machine, path)
