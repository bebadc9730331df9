"""/proc/PID/stat: models fs/proc/array.c: do_task_stat().

CPU times, signals, the scheduler and the terminal are no part of the model: their columns show a
process that has used no measurable time, handles no signal and has no terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmtwin.mm.uapi import RLIM_INFINITY, TASK_ZOMBIE
from mmtwin.units import PAGE_SHIFT
from mmtwin.views import tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine

NS_PER_TICK = 10_000_000  # USER_HZ is 100
NO_TERMINAL = -1
DEFAULT_PRIORITY = 20
SIGCHLD = 17
_PLACES = ("start_data", "end_data", "start_brk", "arg_start", "arg_end", "env_start", "env_end")


def show(machine: Machine, task: int) -> str:
    """The one line, 52 columns."""
    t, mm = machine.arena.tasks[task], tasks.mm_of(machine, task)
    leader = tasks.leader(machine, task)
    columns = [
        *(int(t.pid), f"({tasks.comm(machine, task)})", state(machine, task)),
        *(int(t.ppid), leader, leader),
        *(0, NO_TERMINAL, 0),  # tty_nr, tpgid, flags
        *(int(t.min_flt), int(t.cmin_flt), int(t.maj_flt), int(t.cmaj_flt)),
        *(0, 0, 0, 0),  # utime, stime, cutime, cstime
        *(DEFAULT_PRIORITY, 0, int(t.nr_threads), 0),  # priority, nice, threads, itrealvalue
        int(t.start_time_ns) // NS_PER_TICK,
        *_memory(machine, task, mm),
        *(0, 0),  # kstkesp, kstkeip: only of a process that is dumping core
        *(0, 0, 0, 0),  # pending, blocked, ignored and caught signals
        *(_waits(machine, task), 0, 0),  # wchan, nswap, cnswap
        *(SIGCHLD, int(t.cpu), 0, 0),  # exit_signal, processor, rt_priority, policy
        *(0, 0, 0),  # delayacct_blkio_ticks, guest_time, cguest_time
        *_places(mm),
        int(t.exit_code),
    ]
    return " ".join(map(str, columns)) + "\n"


def state(machine: Machine, task: int) -> str:
    """One letter: R runs now, Z is a zombie; any other process sleeps."""
    if int(machine.arena.tasks[task].state) == TASK_ZOMBIE:
        return "Z"
    return "R" if int(machine.arena.current[0].task) == task else "S"


def _waits(machine: Machine, task: int) -> int:
    """The wchan column: 1 for a single thread that is not running."""
    alone = int(machine.arena.tasks[task].nr_threads) < 2
    return int(alone and state(machine, task) != "R")


def _memory(machine: Machine, task: int, mm: Any | None) -> list[int]:
    """vsize in bytes, rss in pages, rsslim, startcode, endcode, startstack."""
    if mm is None:
        return [0, 0, RLIM_INFINITY, 0, 0, 0]
    return [
        int(mm.total_vm) << PAGE_SHIFT,
        int(machine.rss_stat.get_mm_rss(int(machine.arena.tasks[task].mm))),
        RLIM_INFINITY,
        *(int(mm.start_code), int(mm.end_code), int(mm.start_stack)),
    ]


def _places(mm: Any | None) -> list[int]:
    """start_data to env_end."""
    return [int(getattr(mm, name)) if mm is not None else 0 for name in _PLACES]
