"""The counters of a run under their kernel names: the cgroup's, the machine's, the disks'.

memory.current  memory.stat.file  memory.events.oom_kill     of the cgroup that the program ran in
vmstat.pgpgin                                                of /proc/vmstat
read_bytes  write_bytes                                      of all disks together
"""

from __future__ import annotations

from typing import Any

from mmtwin import cgroups
from mmtwin.config import RUN_CGROUP
from mmtwin.errors import NotModelledError
from mmtwin.mm.vmstat_items import PGPGIN, PGPGOUT

SINGLE_V2 = ("memory.current", "memory.peak", "memory.max", "memory.high", "memory.swap.current",
             "memory.swap.peak", "memory.swap.max")  # fmt: skip
TABLES_V2 = ("memory.stat", "memory.events", "memory.swap.events")
SINGLE_V1 = ("memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.limit_in_bytes",
             "memory.failcnt", "memory.kmem.usage_in_bytes")  # fmt: skip
TABLES_V1 = ("memory.stat", "memory.oom_control")
SECTOR = 512


def of(machine: Any) -> dict[str, Any]:
    """All of them; what a kernel does not have is not there."""
    return {**_cgroup(machine), **_vmstat(machine), **_disks(machine)}


def _cgroup(machine: Any) -> dict[str, Any]:
    if not cgroups.exists_group(machine, RUN_CGROUP):
        return {}
    memcg = cgroups.find(machine, RUN_CGROUP)
    machine.memcg_stat.do_flush_stats(memcg)
    first = machine.config.cgroup_version == 1
    found: dict[str, Any] = {}
    for name in SINGLE_V1 if first else SINGLE_V2:
        if text := _read(machine, name):
            found[name] = int(text) if text.strip().isdigit() else text.strip()
    for name in TABLES_V1 if first else TABLES_V2:
        for key, value in _pairs(_read(machine, name)):
            found[f"{name}.{key}"] = value
    return found


def _read(machine: Any, name: str) -> str:
    try:
        return str(machine.read(f"{cgroups.ROOT}/{RUN_CGROUP}/{name}"))
    except (FileNotFoundError, NotModelledError):
        return ""


def _pairs(text: str) -> list[tuple[str, int]]:
    rows = [line.split() for line in text.splitlines()]
    return [(row[0], int(row[1])) for row in rows if len(row) == 2]


def _vmstat(machine: Any) -> dict[str, int]:
    return {f"vmstat.{key}": value for key, value in _pairs(machine.read("/proc/vmstat"))}


def _disks(machine: Any) -> dict[str, int]:
    """Bytes moved, as pgpgin and pgpgout count them (in sectors)."""
    moved = {"read_bytes": PGPGIN, "write_bytes": PGPGOUT}
    return {k: int(machine.vmstat.vm_event(v)) * SECTOR for k, v in moved.items()}
