"""/proc/diskstats, and a disk's files in /sys/block: models block/genhd.c: diskstats_show(),
part_stat_show(); block/blk-sysfs.c.

Discards, which the model never sends, are truly 0. Times are those of the model's clock."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmtwin.machine import Machine

SECTOR = 512
MS = 1_000_000


def find(machine: Machine, name: str) -> int:
    """Index into block_devices of a disk by name; 0 if there is none."""
    names = [disk.name for disk in machine.config.disks]
    return names.index(name) + 1 if name in names else 0


def show_diskstats(machine: Machine) -> str:
    """A line a disk: major, minor, name and the statistics."""
    return "".join(
        f"{disk.dev >> 20:4} {disk.dev & 0xFFFFF:7} {disk.name} "
        f"{' '.join(map(str, _stats(machine, device)))}\n"
        for device, disk in enumerate(machine.config.disks, 1)
    )


def show_stat(machine: Machine, device: int) -> str:
    return " ".join(f"{value:8}" for value in _stats(machine, device)) + "\n"


def _stats(machine: Machine, device: int) -> list[int]:
    disk = machine.arena.block_devices[device]
    busy = int(disk.io_ns)
    if int(disk.nr_inflight):
        busy += int(machine.clock.now()) - int(disk.busy_since_ns)
    queued = int(disk.read_ns) + int(disk.write_ns) + int(disk.flush_ns)
    return [
        *(int(disk.reads), int(disk.reads_merged), int(disk.read_sectors), int(disk.read_ns) // MS),
        *(int(disk.writes), int(disk.writes_merged)),
        *(int(disk.write_sectors), int(disk.write_ns) // MS),
        *(int(disk.nr_inflight), busy // MS, queued // MS),
        *(0, 0, 0, 0),  # discards
        *(int(disk.flushes), int(disk.flush_ns) // MS),
    ]


def show_size(machine: Machine, device: int) -> str:
    return f"{int(machine.arena.block_devices[device].capacity) // SECTOR}\n"


def show_dev(machine: Machine, device: int) -> str:
    dev = int(machine.arena.block_devices[device].dev)
    return f"{dev >> 20}:{dev & 0xFFFFF}\n"


def show_inflight(machine: Machine, device: int) -> str:
    disk = machine.arena.block_devices[device]
    writes = int(disk.nr_inflight_write)
    return f"{int(disk.nr_inflight) - writes:8} {writes:8}\n"


def _field(name: str) -> Callable[[Machine, int], str]:
    def show(machine: Machine, device: int) -> str:
        return f"{int(getattr(machine.arena.block_devices[device], name))}\n"

    return show


def _store(name: str, low: int, high: int, step: int = 1) -> Callable[[Machine, int, str], None]:
    def write(machine: Machine, device: int, text: str) -> None:
        if not text.strip().isdecimal() or not low <= int(text) <= high:
            raise OSError(errno.EINVAL, f"{text.strip()!r} is not {low} to {high}", name)
        setattr(machine.arena.block_devices[device], name, int(text) // step * step)

    return write


FILES: dict[str, Callable[[Machine, int], str]] = {
    "stat": show_stat,
    "size": show_size,
    "dev": show_dev,
    "inflight": show_inflight,
    "queue/read_ahead_kb": _field("read_ahead_kb"),
    "queue/max_sectors_kb": _field("max_sectors_kb"),
    "queue/nr_requests": _field("nr_requests"),
    "queue/rotational": _field("rotational"),
}
WRITES: dict[str, Callable[[Machine, int, str], None]] = {
    "queue/read_ahead_kb": _store("read_ahead_kb", 0, 1 << 22, 4),
    "queue/max_sectors_kb": _store("max_sectors_kb", 4, 1 << 20, 4),
    "queue/nr_requests": _store("nr_requests", 4, 2048),
}
