"""/proc/loadavg and /proc/uptime: models fs/proc/loadavg.c, fs/proc/uptime.c.

The machine does not simulate the scheduler: its load is 0, and its CPUs have been idle since it
booted. The clock is that of the latest task (virtual time comes with a later issue).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin.views import tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine


def show(machine: Machine) -> str:
    """Three averages, runnable/all threads, last pid."""
    live = [machine.arena.tasks[i] for i in tasks.indices(machine)]
    running = 1 if int(machine.arena.current[0].task) else 0
    threads = sum(int(t.nr_threads) for t in live)
    last = max((int(t.pid) for t in live), default=0)
    return f"0.00 0.00 0.00 {running}/{threads} {last}\n"


def show_uptime(machine: Machine) -> str:
    """Seconds since boot, and those of all CPUs together spent idle."""
    seconds = now_ns(machine) / 1e9
    return f"{seconds:.2f} {seconds * machine.config.cpus:.2f}\n"


def now_ns(machine: Machine) -> int:
    """Virtual time: the start of the youngest task."""
    starts = [int(machine.arena.tasks[i].start_time_ns) for i in tasks.indices(machine)]
    return max(starts, default=0)
