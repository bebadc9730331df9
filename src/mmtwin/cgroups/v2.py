"""The files of a version 2 group, each read and written as the kernel's.

Models mm/memcontrol.c: memory_files[], swap_files[], zswap_files[]; kernel/cgroup/cgroup.c:
cgroup_base_files[].
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING

from mmtwin.cgroups import numbers, stat, tree
from mmtwin.mm.memcg_layout import MEMCG_ZSWAP_B
from mmtwin.mm.memcg_tree import (
    MEMCG_HIGH,
    MEMCG_LOW,
    MEMCG_MAX,
    MEMCG_OOM,
    MEMCG_OOM_GROUP,
    MEMCG_OOM_GROUP_KILL,
    MEMCG_OOM_KILL,
    MEMCG_SUBTREE_CONTROL,
    MEMCG_SWAP_FAIL,
    MEMCG_SWAP_HIGH,
    MEMCG_SWAP_MAX,
    MEMCG_ZSWAP_WRITEBACK_OFF,
    NR_MEMCG_EVENTS,
)
from mmtwin.sysctl import number
from mmtwin.views import pressure
from mmtwin.views import tasks as views_tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine

Read = Callable[["Machine", int], str]
Write = Callable[["Machine", int, str], None]
EVENTS = {
    "low": MEMCG_LOW, "high": MEMCG_HIGH, "max": MEMCG_MAX, "oom": MEMCG_OOM,
    "oom_kill": MEMCG_OOM_KILL, "oom_group_kill": MEMCG_OOM_GROUP_KILL,
}  # fmt: skip
SWAP_EVENTS = {"high": MEMCG_SWAP_HIGH, "max": MEMCG_SWAP_MAX, "fail": MEMCG_SWAP_FAIL}


def counter(machine: Machine, memcg: int, swap: bool = False) -> int:
    """The number of its page counter."""
    return 1 + memcg * 4 + int(swap)


def usage(swap: bool = False) -> Read:
    """memory.current, memory.swap.current."""
    return lambda m, g: f"{int(m.arena.page_counters[counter(m, g, swap)].usage) << 12}\n"


def peak(swap: bool = False) -> Read:
    """memory.peak, memory.swap.peak."""
    return lambda m, g: f"{int(m.arena.page_counters[counter(m, g, swap)].watermark) << 12}\n"


def setting(field: str, swap: bool = False) -> Read:
    """A limit or a protection."""

    def read(machine: Machine, memcg: int) -> str:
        record = machine.arena.page_counters[counter(machine, memcg, swap)]
        return numbers.limit(int(record[field]))

    return read


def events(names: dict[str, int], local: bool = False) -> Read:
    """memory.events and its kin."""

    def read(machine: Machine, memcg: int) -> str:
        arena = machine.arena
        counted = arena.memcg_events_local if local else arena.memcg_events
        base = memcg * NR_MEMCG_EVENTS
        return "".join(f"{name} {int(counted[base + i])}\n" for name, i in names.items())

    return read


def write_min(machine: Machine, memcg: int, text: str) -> None:
    """memory.min"""
    pages = numbers.pages("memory.min", text)
    machine.page_counters.page_counter_set_min(counter(machine, memcg), pages)


def write_low(machine: Machine, memcg: int, text: str) -> None:
    """memory.low"""
    pages = numbers.pages("memory.low", text)
    machine.page_counters.page_counter_set_low(counter(machine, memcg), pages)


def write_high(machine: Machine, memcg: int, text: str) -> None:
    """memory.high: reclaims at once what is above it."""
    machine.memcg_limits.memory_high_write(memcg, numbers.pages("memory.high", text))


def write_max(machine: Machine, memcg: int, text: str) -> None:
    """memory.max: reclaims what is above it, or kills."""
    machine.memcg_limits.memory_max_write(memcg, numbers.pages("memory.max", text))


def write_swap(field: str) -> Write:
    """memory.swap.max, memory.swap.high: nothing happens at once."""

    def write(machine: Machine, memcg: int, text: str) -> None:
        pages = numbers.pages(f"memory.swap.{field}", text)
        machine.arena.page_counters[counter(machine, memcg, True)][field] = pages

    return write


def write_reclaim(machine: Machine, memcg: int, text: str) -> None:
    """memory.reclaim: `AMOUNT [swappiness=N]` (OSError EAGAIN if less can be had)."""
    amount, *options = text.split() or [""]
    wanted = numbers.pages("memory.reclaim", amount, unlimited="")
    swappiness = -1
    for option in options:
        key, _, value = option.partition("=")
        if key != "swappiness" or machine.config.kernel < 611:
            raise OSError(errno.EINVAL, f"{option!r} is no option", "memory.reclaim")
        swappiness = number("memory.reclaim", value)
        if not 0 <= swappiness <= 200:
            raise OSError(errno.EINVAL, "swappiness is 0 to 200", "memory.reclaim")
    error = int(machine.memcg_limits.memory_reclaim(memcg, wanted, swappiness))
    if error:
        raise OSError(-error, "less could be reclaimed", "memory.reclaim")


def reset_peak(machine: Machine, memcg: int, text: str) -> None:
    """A write to memory.peak resets what this reader sees; the file itself keeps the maximum, for
    the watermark is a file descriptor's own (6.12)."""
    if machine.config.kernel < 612:
        raise PermissionError(errno.EACCES, "read-only", "memory.peak")
    record = machine.arena.page_counters[counter(machine, memcg)]
    record["local_watermark"] = int(record["usage"])


def flag(mask: int, inverted: bool = False) -> Read:
    """0 or 1 of a flag."""

    def read(machine: Machine, memcg: int) -> str:
        on = bool(int(machine.arena.memcgs[memcg]["flags"]) & mask)
        return f"{int(on != inverted)}\n"

    return read


def write_flag(name: str, mask: int, inverted: bool = False) -> Write:
    """Set or clear it."""

    def write(machine: Machine, memcg: int, text: str) -> None:
        value = number(name, text)
        if value not in (0, 1):
            raise OSError(errno.EINVAL, f"{value} is out of range; it is 0 or 1", name)
        set_flag(machine, memcg, mask, bool(value) != inverted)

    return write


def set_flag(machine: Machine, memcg: int, mask: int, on: bool) -> None:
    """One bit of MemCgroup.flags."""
    record = machine.arena.memcgs[memcg]
    others = int(record["flags"]) & ~mask
    record["flags"] = others | mask if on else others


def show_zswap(machine: Machine, memcg: int) -> str:
    """memory.zswap.current; until 6.4 reading it flushes all statistics, whatever has changed."""
    if machine.config.kernel < 605:
        machine.memcg_stat.do_flush_stats(memcg)
    else:
        machine.memcg_stat.mem_cgroup_flush_stats(memcg)
    return f"{int(machine.memcg_stat.memcg_page_state(memcg, MEMCG_ZSWAP_B))}\n"


def show_zswap_max(machine: Machine, memcg: int) -> str:
    """memory.zswap.max"""
    return numbers.limit(int(machine.arena.memcgs[memcg].zswap_max))


def write_zswap_max(machine: Machine, memcg: int, text: str) -> None:
    """memory.zswap.max"""
    machine.arena.memcgs[memcg].zswap_max = numbers.pages("memory.zswap.max", text)


# -- cgroup.*


def show_procs(machine: Machine, memcg: int) -> str:
    """cgroup.procs: a pid a line."""
    tasks = machine.arena.tasks
    return "".join(f"{int(tasks[t].pid)}\n" for t in tree.tasks_of(machine, memcg))


def write_procs(machine: Machine, memcg: int, text: str) -> None:
    """Move a process here (0: the writer)."""
    pid = number("cgroup.procs", text)
    if pid == 0:
        task = int(machine.arena.current[0].task)
    else:
        try:
            task = views_tasks.find(machine, str(pid), "cgroup.procs")
        except FileNotFoundError:
            raise ProcessLookupError(errno.ESRCH, "no such process", "cgroup.procs") from None
    if not task or not int(machine.arena.tasks[task].mm):
        raise ProcessLookupError(errno.ESRCH, "no such process", "cgroup.procs")
    tree.attach(machine, memcg, task)


def show_controllers(machine: Machine, memcg: int) -> str:
    """cgroup.controllers: the one that is modelled, where it is on."""
    return "memory\n"


def show_subtree_control(machine: Machine, memcg: int) -> str:
    """cgroup.subtree_control"""
    return "memory\n" if tree.delegates(machine, memcg) else "\n"


def write_subtree_control(machine: Machine, memcg: int, text: str) -> None:
    """+memory or -memory (EBUSY while it has tasks of its own, or children)."""
    for word in text.split():
        if word not in ("+memory", "-memory"):
            raise OSError(errno.EINVAL, f"{word!r}: only memory is modelled", "subtree_control")
        if word == "+memory" and memcg and int(machine.arena.memcgs[memcg].nr_tasks):
            raise OSError(errno.EBUSY, "it has tasks of its own", "cgroup.subtree_control")
        if word == "-memory" and tree.children(machine, memcg):
            raise OSError(errno.EBUSY, "it has children", "cgroup.subtree_control")
        if memcg:
            set_flag(machine, memcg, MEMCG_SUBTREE_CONTROL, word[0] == "+")


def show_events(machine: Machine, memcg: int) -> str:
    """cgroup.events"""
    return f"populated {int(tree.populated(machine, memcg))}\nfrozen 0\n"


def show_stat(machine: Machine, memcg: int) -> str:
    """cgroup.stat"""
    below = machine.memcg_tree.subtree(memcg)[1:]
    online = sum(1 for m in below if machine.memcontrol.mem_cgroup_online(m))
    return f"nr_descendants {online}\nnr_dying_descendants {len(below) - online}\n"


def write_kill(machine: Machine, memcg: int, text: str) -> None:
    """cgroup.kill: SIGKILL for all of it."""
    if number("cgroup.kill", text) != 1:
        raise OSError(errno.ERANGE, "only 1 can be written", "cgroup.kill")
    for group in machine.memcg_tree.subtree(memcg):
        for task in tree.tasks_of(machine, group):
            machine.tasks[int(machine.arena.tasks[task].pid)].kill()


READS: dict[str, Read] = {
    "cgroup.controllers": show_controllers, "cgroup.events": show_events,
    "cgroup.procs": show_procs, "cgroup.stat": show_stat,
    "cgroup.subtree_control": show_subtree_control, "cgroup.threads": show_procs,
    "cgroup.type": lambda machine, memcg: "domain\n",
    "memory.current": usage(), "memory.peak": peak(),
    "memory.min": setting("min"), "memory.low": setting("low"), "memory.high": setting("high"),
    "memory.max": setting("max"), "memory.events": events(EVENTS),
    "memory.events.local": events(EVENTS, local=True), "memory.stat": stat.show,
    "memory.numa_stat": stat.show_numa, "memory.oom.group": flag(MEMCG_OOM_GROUP),
    "memory.swap.current": usage(True), "memory.swap.peak": peak(True),
    "memory.swap.max": setting("max", True), "memory.swap.high": setting("high", True),
    "memory.swap.events": events(SWAP_EVENTS), "memory.zswap.current": show_zswap,
    "memory.zswap.max": show_zswap_max, "memory.pressure": pressure.show,
    "memory.zswap.writeback": flag(MEMCG_ZSWAP_WRITEBACK_OFF, inverted=True),
}  # fmt: skip
WRITES: dict[str, Write] = {
    "cgroup.kill": write_kill, "cgroup.procs": write_procs, "cgroup.threads": write_procs,
    "cgroup.subtree_control": write_subtree_control, "memory.min": write_min,
    "memory.low": write_low, "memory.high": write_high, "memory.max": write_max,
    "memory.oom.group": write_flag("memory.oom.group", MEMCG_OOM_GROUP),
    "memory.peak": reset_peak, "memory.reclaim": write_reclaim,
    "memory.swap.max": write_swap("max"), "memory.swap.high": write_swap("high"),
    "memory.zswap.max": write_zswap_max,
    "memory.zswap.writeback": write_flag(
        "memory.zswap.writeback", MEMCG_ZSWAP_WRITEBACK_OFF, inverted=True
    ),
}  # fmt: skip
# What the root has; it has no limits.
OF_ROOT = frozenset(
    """cgroup.controllers cgroup.procs cgroup.stat cgroup.subtree_control cgroup.threads
    memory.stat memory.numa_stat memory.reclaim memory.zswap.writeback""".split()  # noqa: SIM905
)
SINCE = {"memory.swap.peak": 605, "memory.zswap.writeback": 608}


def exists(name: str, machine: Machine, memcg: int) -> bool:
    """Whether the machine's kernel has such a file in such a group."""
    if name not in READS and name not in WRITES:
        return False
    if name.startswith("memory.zswap") and not machine.config.zswap:
        return False
    if machine.config.kernel < SINCE.get(name, 0):
        return False
    return name in OF_ROOT if memcg == 0 else True
