"""Checkpoints: which kernel files a `ck` line reads.

What is read is the machine's own files, taken apart as a real kernel's are (kernel_files.py).
"""

from __future__ import annotations

import errno

from mmtwin import cgroups, zswap_files
from mmtwin.errors import NotModelledError
from mmtwin.machine import Machine
from mmtwin.scenario import pagemap
from mmtwin.task import Task

NODES = "/sys/devices/system/node"
MACHINE_FILES = {
    "meminfo": "/proc/meminfo", "vmstat": "/proc/vmstat", "buddyinfo": "/proc/buddyinfo",
    "zoneinfo": "/proc/zoneinfo", "pagetypeinfo": "/proc/pagetypeinfo",
    "node0": f"{NODES}/node0/numastat", "node1": f"{NODES}/node1/numastat",
    "n0mem": f"{NODES}/node0/meminfo", "slabinfo": "/proc/slabinfo", "swaps": "/proc/swaps",
    "vmallocinfo": "/proc/vmallocinfo", "psi": "/proc/pressure/memory",
    "lru_gen": "/sys/kernel/debug/lru_gen",
    "zram": "/sys/block/zram0/mm_stat", "zswap": zswap_files.DEBUGFS,
}  # fmt: skip
# Kinds without a file of their own in the model, and what they wait for.
WAITING = {
    "ksm": "KSM",
    "hugetlb": "hugetlb", "extfrag": "extfrag",
}  # fmt: skip
CGROUP_FILES = (
    "memory.current", "memory.peak", "memory.swap.current", "memory.zswap.current",
    "memory.events", "memory.swap.events", "memory.stat", "memory.numa_stat",
)  # fmt: skip
ZSWAP_FILES = (
    "pool_total_size", "stored_pages", "same_filled_pages", "written_back_pages",
    "reject_reclaim_fail", "reject_alloc_fail", "reject_compress_poor", "pool_limit_hit",
    "duplicate_entry", "stored_incompressible_pages",
)  # fmt: skip
CPU_STAT_FLUSHES = 612  # last kernel whose cpu.stat does
STAT_REFRESH = "/proc/sys/vm/stat_refresh"


def split_task(kind: str) -> tuple[str, str]:
    """The task that a kind of file is wanted of, and the kind: `q.maps`, `maps`, `meminfo`."""
    name, dot, rest = kind.partition(".")
    if is_of_machine(kind):
        return "-", kind
    return (name, rest) if dot and ":" not in name else ("p", kind)


def is_of_machine(kind: str) -> bool:
    """Not one task's."""
    return kind in MACHINE_FILES or kind.split(":")[0] in (*WAITING, "cg")


def machine_file(machine: Machine, kind: str) -> str:
    """A file of the whole machine, its counters first made exact (NotModelledError)."""
    if kind not in MACHINE_FILES:
        raise NotModelledError(kind, f"{WAITING[kind.split(':')[0]]}: not modelled yet")
    machine.write(STAT_REFRESH, "1")
    if kind == "zswap":
        return "".join(
            f"== {name}\n{machine.read(zswap_files.DEBUGFS + name)}"
            for name in ZSWAP_FILES
            if zswap_files.has(machine, zswap_files.DEBUGFS + name)
        )
    return machine.read(MACHINE_FILES[kind])


def cgroup(machine: Machine, name: str, flush: bool) -> str:
    """A cgroup's files one after another, as the real kernel's runner reads them; `E 2` for a group
    that is not there. `flush`: it reads cpu.stat first, which flushes all statistics up to 6.12."""
    try:
        memcg = cgroups.find(machine, name)
    except FileNotFoundError:
        return f"E {errno.ENOENT}"
    if flush and machine.config.kernel <= CPU_STAT_FLUSHES:
        machine.memcg_stat.do_flush_stats(memcg)
    parts = []
    for file in CGROUP_FILES:
        if cgroups.exists(machine, memcg, file):
            parts.append(f"== {file}\n{machine.read(f'{cgroups.ROOT}/{name}/{file}')}")
    return "".join(parts)


def task_file(machine: Machine, task: Task | None, kind: str, span: tuple[int, int]) -> str:
    """A file of a task, `E 3` for one that is gone; `span` is start and length of a `pm:`."""
    if task is None:
        return f"E {errno.ESRCH}"
    if kind.startswith("pm:"):
        return pagemap.runs(machine, task, *span)
    try:
        return machine.read(f"/proc/{task.pid}/{kind}")
    except NotModelledError:
        raise
    except OSError as error:
        return f"E {error.errno}"
