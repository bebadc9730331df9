"""The disks of a machine's description: profiles, and figures that override them.

A profile holds round figures of its kind of device, from data sheets; a measured device
(`mmtwin calibrate`) overrides them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmtwin.errors import ConfigError, did_you_mean
from mmtwin.units import parse_size

MAX_DISKS = 32
MIB, GIB = 1 << 20, 1 << 30
US = 1000
# major number of a driver, minors of a disk, by how its disks are called
_DRIVERS = (
    (r"sd([a-z])", 8, 16),
    (r"vd([a-z])", 254, 16),
    (r"nvme([0-9]+)n1", 259, 1),
    (r"nullb([0-9]+)", 251, 1),
    (r"nbd([0-9]+)", 43, 16),
)
_NAME = re.compile(r"[a-z][a-z0-9]*")


@dataclass(frozen=True)
class DiskConfig:
    """One block device. Bandwidths in bytes a second, 0 for no limit."""

    name: str = "nvme0n1"
    profile: str = "nvme"
    read_latency_ns: int = 80 * US  # of a request, before its bytes move
    write_latency_ns: int = 20 * US
    read_bandwidth: int = 3_500_000_000
    write_bandwidth: int = 3_000_000_000
    seek_ns: int = 0  # instead of the latency, of a request that does not follow the last; 0: none
    channels: int = 32  # requests whose latencies overlap
    nr_requests: int = 1023  # that may be under way
    max_sectors_kb: int = 1280  # largest request
    read_ahead_kb: int = 128
    rotational: int = 0
    memory_backed: int = 0  # null_blk: the submitting CPU copies from and to the machine's memory
    size: int = 1 << 40

    @property
    def read_ps(self) -> int:
        """Picoseconds a byte."""
        return round(1e12 / self.read_bandwidth) if self.read_bandwidth else 0

    @property
    def write_ps(self) -> int:
        return round(1e12 / self.write_bandwidth) if self.write_bandwidth else 0

    @property
    def dev(self) -> int:
        """Its number, major << 20 | minor."""
        for pattern, major, minors in _DRIVERS:
            if match := re.fullmatch(pattern, self.name):
                unit = ord(match[1]) - ord("a") if match[1].isalpha() else int(match[1])
                return major << 20 | (unit * minors & 0xFFFFF)
        return 240 << 20 | sum(self.name.encode()) & 0xFFFFF  # a major for local use


PROFILES: dict[str, dict[str, int]] = {
    "nvme": {},
    "ssd": {  # SATA: 6 Gbit/s, 32 commands
        "read_latency_ns": 100 * US,
        "write_latency_ns": 60 * US,
        "read_bandwidth": 550_000_000,
        "write_bandwidth": 520_000_000,
        "nr_requests": 64,
    },
    "hdd": {  # 7200 rpm: a mean seek and half a turn
        "read_latency_ns": 0,
        "write_latency_ns": 0,
        "read_bandwidth": 180_000_000,
        "write_bandwidth": 180_000_000,
        "seek_ns": 12_700 * US,
        "channels": 1,
        "nr_requests": 64,
        "rotational": 1,
    },
    "network": {  # a volume behind 10 Gbit/s Ethernet
        "read_latency_ns": 500 * US,
        "write_latency_ns": 500 * US,
        "read_bandwidth": 1_100_000_000,
        "write_bandwidth": 1_100_000_000,
        "nr_requests": 128,
    },
    "null_blk": {  # irqmode=2 completion_nsec=20000: a timer for each request
        "read_latency_ns": 20 * US,
        "write_latency_ns": 20 * US,
        "read_bandwidth": 0,
        "write_bandwidth": 0,
        "channels": 64,
        "nr_requests": 64,
        "max_sectors_kb": 127,  # BLK_SAFE_MAX_SECTORS: 255
    },
}
# key -> largest value; the smallest is 0, or 1 of what a disk cannot be without
BOUNDS = {
    "read_latency_ns": 10**12,
    "write_latency_ns": 10**12,
    "seek_ns": 10**12,
    "read_bandwidth": 10**12,
    "write_bandwidth": 10**12,
    "channels": 64,
    "nr_requests": 2048,
    "max_sectors_kb": 1 << 20,
    "read_ahead_kb": 1 << 22,
    "rotational": 1,
    "memory_backed": 1,
    "size": 1 << 60,
}
_AT_LEAST = {"channels": 1, "nr_requests": 2, "max_sectors_kb": 4, "size": MIB}
_SIZES = ("read_bandwidth", "write_bandwidth", "size")


def disks(value: Any) -> tuple[DiskConfig, ...]:
    """The `[[disk]]` tables of a description."""
    if not isinstance(value, (list, tuple)) or len(value) > MAX_DISKS:
        raise ConfigError(f"disk: at most {MAX_DISKS} tables are wanted")
    found: list[DiskConfig] = []
    for number, table in enumerate(value):
        if not isinstance(table, Mapping):
            raise ConfigError(f"disk[{number}]: a table is wanted, not {table!r}")
        if "name" not in table:
            raise ConfigError(f"disk[{number}].name: missing")
        disk = _disk(f"disk[{number}]", table)
        if disk.name in [other.name for other in found]:
            raise ConfigError(f"disk[{number}].name: {disk.name} is there already")
        found.append(disk)
    return tuple(found)


def changed(
    before: tuple[DiskConfig, ...], name: str, values: Mapping[str, Any]
) -> tuple[DiskConfig, ...]:
    """`disk.NAME.KEY=VALUE`: one disk changed; one of a new name is added."""
    known = {disk.name: disk for disk in before}
    given = {"name": name, **values}
    if name not in known or "profile" in values:
        known[name] = _disk(f"disk.{name}", given)
    else:
        known[name] = _figures(f"disk.{name}", known[name], values)
    if len(known) > MAX_DISKS:
        raise ConfigError(f"disk.{name}: at most {MAX_DISKS} disks")
    return tuple(known.values())


def _disk(key: str, table: Mapping[str, Any]) -> DiskConfig:
    name, profile = str(table["name"]), str(table.get("profile", "nvme"))
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{key}.name: {name!r} is no name of a disk")
    if profile not in PROFILES:
        raise ConfigError(
            f"{key}.profile: {profile!r} is none of {', '.join(PROFILES)}"
            f"{did_you_mean(profile, PROFILES)}"
        )
    disk = DiskConfig(name, profile, **PROFILES[profile])
    rest = {k: v for k, v in table.items() if k not in ("name", "profile")}
    return _figures(key, disk, rest)


def _figures(key: str, disk: DiskConfig, values: Mapping[str, Any]) -> DiskConfig:
    given = {name: _figure(f"{key}.{name}", name, value) for name, value in values.items()}
    return dataclasses.replace(disk, **given)  # type: ignore[arg-type]


def _figure(key: str, name: str, value: Any) -> int:
    if name not in BOUNDS:
        known = ["name", "profile", *BOUNDS]
        raise ConfigError(f"{key}: no such key{did_you_mean(name, known)}")
    try:
        number = int(parse_size(value)) if name in _SIZES else int(value)
        if isinstance(value, (bool, float)):
            raise ValueError
    except (TypeError, ValueError):
        raise ConfigError(f"{key}: {value!r} is no number") from None
    low = _AT_LEAST.get(name, 0)
    if not low <= number <= BOUNDS[name]:
        raise ConfigError(f"{key}: {number} is out of range; it is {low} to {BOUNDS[name]}")
    return number
