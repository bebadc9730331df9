"""swapon(2), swapoff(2) and mkswap(8) of a machine.

    machine.mkswap("/dev/vda")          first: a block device or file gets a header
    machine.swapon("/dev/vda", 10)      priority -1: behind all that have been given one so far
    machine.swapoff("/dev/vda")         everything comes back into memory first

Models mm/swapfile.c: SYSCALL_DEFINE2(swapon), SYSCALL_DEFINE1(swapoff), _enable_swap_info().
Not modelled: swap files on a file system with holes, bad pages, labels.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmtwin import zram_files
from mmtwin.errors import NotModelledError
from mmtwin.mm.swap_entry import MAX_SWAPFILES
from mmtwin.mm.swap_types import (
    NR_SWAP_SLOTS,
    SWP_BLKDEV,
    SWP_SOLIDSTATE,
    SWP_STABLE_WRITES,
    SWP_SYNCHRONOUS_IO,
    SWP_WRITEOK,
)
from mmtwin.mm.zram import NR_ZRAMS
from mmtwin.units import PAGE_SHIFT, PAGE_SIZE

if TYPE_CHECKING:
    from mmtwin.machine import Machine

MIN_PAGES = 10  # what mkswap accepts
MAX_PRIORITY = 32767


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
    """The device or file of a path (ENOENT, EINVAL)."""
    disk = _disk(machine, path)
    if disk is not None:
        return disk
    if match := re.fullmatch(r"/dev/zram([0-9]+)", path):
        number = int(match[1])
        if number < NR_ZRAMS:
            size = int(zram_files.device(machine, number).disksize)
            return Backing(size >> PAGE_SHIFT, zram=number + 1)
    raise _error(errno.ENOENT, path)


def _disk(machine: Machine, path: str) -> Backing | None:
    for number, disk in enumerate(getattr(machine.config, "disks", ()), 1):
        if path == f"/dev/{disk.name}":
            return Backing(disk.size >> PAGE_SHIFT, number, bool(disk.rotational))
    return None


def mkswap(machine: Machine, path: str) -> int:
    """Write a header to a device or file: its bytes (a page), as mkswap(8) writes."""
    found = backing(machine, path)
    if path in _state(machine).get("areas", {}):
        raise _error(errno.EBUSY, path)
    if found.pages < MIN_PAGES:
        raise _error(errno.EINVAL, path, "too small for swap")
    _state(machine).setdefault("headers", {})[path] = found.pages
    if found.zram:
        header = machine.content.swap_header(found.pages - 1)
        error = int(machine.zram.zram_write_page(found.zram - 1, 0, header))
        if error:
            raise _error(-error, path)
    return PAGE_SIZE


def swapon(machine: Machine, path: str, priority: int = -1) -> int:
    """Take an area into use: its number (NotModelledError with version 1 cgroups)."""
    if machine.config.cgroup_version == 1:
        raise NotModelledError(path, "swap with version 1 cgroups is not modelled yet")
    found = backing(machine, path)
    state = _state(machine)
    if path in state.get("areas", {}):
        raise _error(errno.EBUSY, path)
    pages = min(state.get("headers", {}).get(path, 0), found.pages)
    if pages < MIN_PAGES:
        raise _error(errno.EINVAL, path, "no swap header: mkswap it first")
    if pages > NR_SWAP_SLOTS:
        raise _error(errno.EINVAL, path, "areas of more than 128 GiB are not modelled")
    if not -1 <= priority <= MAX_PRIORITY:
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
    state = _state(machine)
    if path not in state.get("areas", {}):
        raise _error(errno.EINVAL, path, "not in use")
    type_ = state["areas"][path]
    zram = int(machine.arena.swap_info[type_].zram)
    error = int(machine.swapoff_walk.swapoff(type_))
    if error:
        raise _error(-error, path)
    if zram:
        machine.arena.zrams[zram - 1].claimed = 0
    del state["areas"][path]
