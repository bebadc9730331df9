"""The memory files of a version 1 group that people still read.

Models mm/memcontrol-v1.c: mem_cgroup_legacy_files[], memsw_files[].
Not modelled: soft limits, moving of charges, tcp limits, event descriptors, use_hierarchy = 0
(6.x refuses it as well).
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mmtwin.cgroups import numbers, stat, v2
from mmtwin.cgroups.v2 import Read, Write
from mmtwin.mm.memcg_layout import MEMCG_SWAP
from mmtwin.mm.memcg_tree import MEMCG_OOM_KILL, MEMCG_OOM_KILL_DISABLE, NR_MEMCG_EVENTS
from mmtwin.mm.page_counter import PAGE_COUNTER_MAX
from mmtwin.mm.vmstat_items import (
    EVENT_NAMES,
    NR_ACTIVE_ANON,
    NR_ANON_MAPPED,
    NR_ANON_THPS,
    NR_FILE_DIRTY,
    NR_FILE_MAPPED,
    NR_FILE_PAGES,
    NR_SHMEM,
    NR_WRITEBACK,
    WORKINGSET_REFAULT_ANON,
    WORKINGSET_REFAULT_FILE,
)
from mmtwin.sysctl import number

if TYPE_CHECKING:
    from mmtwin.machine import Machine

LISTS = ("inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable")
ITEMS = (
    ("cache", NR_FILE_PAGES, 4096), ("rss", NR_ANON_MAPPED, 4096),
    ("rss_huge", NR_ANON_THPS, 4096), ("shmem", NR_SHMEM, 4096),
    ("mapped_file", NR_FILE_MAPPED, 4096), ("dirty", NR_FILE_DIRTY, 4096),
    ("writeback", NR_WRITEBACK, 4096), ("workingset_refault_anon", WORKINGSET_REFAULT_ANON, 1),
    ("workingset_refault_file", WORKINGSET_REFAULT_FILE, 1),
)  # fmt: skip
ONE_FAILCNT = 613  # page_counter.track_failcnt
EVENTS = ("pgpgin", "pgpgout", "pgfault", "pgmajfault")


def field(name: str, kind: int) -> Read:
    """A counter's field, in bytes (failcnt: a number, from 6.13 on of memory alone)."""

    def read(machine: Machine, memcg: int) -> str:
        if name == "failcnt" and kind and machine.config.kernel >= ONE_FAILCNT:
            return "0\n"
        value = int(machine.arena.page_counters[1 + memcg * 4 + kind][name])
        return f"{value if name == 'failcnt' else value << 12}\n"

    return read


def write_limit(memsw: bool) -> Write:
    """limit_in_bytes: reclaims, EBUSY if that does not suffice, EINVAL if memsw would be lower."""

    def write(machine: Machine, memcg: int, text: str) -> None:
        limit = numbers.pages("limit_in_bytes", text, unlimited="-1")
        error = int(machine.memcg_limits.mem_cgroup_resize_max(memcg, limit, memsw))
        if error:
            raise OSError(-error, "the limit cannot be set", "limit_in_bytes")

    return write


def reset(name: str, kind: int) -> Write:
    """max_usage_in_bytes becomes the usage, failcnt becomes 0."""

    def write(machine: Machine, memcg: int, text: str) -> None:
        record = machine.arena.page_counters[1 + memcg * 4 + kind]
        if name == "failcnt":
            record["failcnt"] = 0
        else:
            record["watermark"] = record["local_watermark"] = int(record["usage"])

    return write


def show_stat(machine: Machine, memcg: int) -> str:
    """memory.stat: own figures, limits, then those with the children's: memcg1_stat_format()."""
    stat_of = machine.memcg_stat
    stat_of.mem_cgroup_flush_stats(memcg)
    own = [*_items(machine, memcg, "own"), *_limits(machine, memcg)]
    return "".join(f"{k} {v}\n" for k, v in [*own, *_items(machine, memcg, "total")])


def _items(machine: Machine, memcg: int, which: str) -> list[tuple[str, int]]:
    prefix = "total_" if which == "total" else ""
    nodes = range(len(machine.config.nodes))
    control = machine.memcontrol
    state = control.lruvec_page_state if prefix else control.lruvec_page_state_local
    rows = [(f"{prefix}{n}", sum(int(state(memcg, i, item)) for i in nodes) * unit)
            for n, item, unit in ITEMS]  # fmt: skip
    swap = int(machine.memcg_stat.memcg_page_state(memcg, MEMCG_SWAP))
    rows.insert(7, (f"{prefix}swap", swap << 12))
    for name in EVENTS:
        rows.append((f"{prefix}{name}", stat.event(machine, memcg, name)))
    assert EVENT_NAMES
    for i, name in enumerate(LISTS):
        total = sum(int(state(memcg, node, NR_ACTIVE_ANON - 1 + i)) for node in nodes)
        rows.append((f"{prefix}{name}", total << 12))
    return rows


def _limits(machine: Machine, memcg: int) -> list[tuple[str, int]]:
    memory = memsw = int(PAGE_COUNTER_MAX)
    group = memcg
    while group:
        memory = min(memory, int(machine.arena.page_counters[1 + group * 4]["max"]))
        memsw = min(memsw, int(machine.arena.page_counters[2 + group * 4]["max"]))
        group = int(machine.arena.memcgs[group].parent)
    return [("hierarchical_memory_limit", memory << 12), ("hierarchical_memsw_limit", memsw << 12)]


def show_oom_control(machine: Machine, memcg: int) -> str:
    """memory.oom_control"""
    disabled = bool(int(machine.arena.memcgs[memcg]["flags"]) & MEMCG_OOM_KILL_DISABLE)
    kills = int(machine.arena.memcg_events_local[memcg * NR_MEMCG_EVENTS + MEMCG_OOM_KILL])
    return f"oom_kill_disable {int(disabled)}\nunder_oom 0\noom_kill {kills}\n"


def write_oom_control(machine: Machine, memcg: int, text: str) -> None:
    """oom_kill_disable: 1 lets tasks fail instead of killing one."""
    value = number("memory.oom_control", text)
    if value not in (0, 1) or not memcg:
        raise OSError(errno.EINVAL, "0 or 1, and not of the root", "memory.oom_control")
    v2.set_flag(machine, memcg, MEMCG_OOM_KILL_DISABLE, bool(value))


def show_swappiness(machine: Machine, memcg: int) -> str:
    """memory.swappiness; the root's is vm.swappiness."""
    return f"{int(machine.memcontrol.mem_cgroup_swappiness(memcg))}\n"


def write_swappiness(machine: Machine, memcg: int, text: str) -> None:
    """memory.swappiness, 0 to 200."""
    value = number("memory.swappiness", text)
    if not 0 <= value <= 200:
        raise OSError(errno.EINVAL, "swappiness is 0 to 200", "memory.swappiness")
    if memcg:
        machine.arena.memcgs[memcg].swappiness = value
    else:
        machine.arena.sysctl[0].swappiness = value


def force_empty(machine: Machine, memcg: int, text: str) -> None:
    """memory.force_empty"""
    machine.memcg_limits.mem_cgroup_force_empty(memcg)


READS: dict[str, Read] = {
    "cgroup.procs": v2.show_procs, "tasks": v2.show_procs,
    "memory.usage_in_bytes": field("usage", 0), "memory.max_usage_in_bytes": field("watermark", 0),
    "memory.limit_in_bytes": field("max", 0), "memory.failcnt": field("failcnt", 0),
    "memory.memsw.usage_in_bytes": field("usage", 1),
    "memory.memsw.max_usage_in_bytes": field("watermark", 1),
    "memory.memsw.limit_in_bytes": field("max", 1), "memory.memsw.failcnt": field("failcnt", 1),
    "memory.kmem.usage_in_bytes": field("usage", 2), "memory.kmem.failcnt": field("failcnt", 2),
    "memory.kmem.max_usage_in_bytes": field("watermark", 2),
    "memory.stat": show_stat, "memory.oom_control": show_oom_control,
    "memory.swappiness": show_swappiness, "memory.use_hierarchy": lambda machine, memcg: "1\n",
}  # fmt: skip
WRITES: dict[str, Write] = {
    "cgroup.procs": v2.write_procs, "tasks": v2.write_procs,
    "memory.limit_in_bytes": write_limit(False), "memory.memsw.limit_in_bytes": write_limit(True),
    "memory.max_usage_in_bytes": reset("watermark", 0), "memory.failcnt": reset("failcnt", 0),
    "memory.memsw.max_usage_in_bytes": reset("watermark", 1),
    "memory.memsw.failcnt": reset("failcnt", 1), "memory.oom_control": write_oom_control,
    "memory.swappiness": write_swappiness, "memory.force_empty": force_empty,
}  # fmt: skip


def exists(name: str, machine: Machine, memcg: int) -> bool:
    """Whether a group has such a file."""
    return name in READS or name in WRITES
