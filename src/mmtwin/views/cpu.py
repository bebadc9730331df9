"""/proc/stat and /proc/cpuinfo, as far as tools need them to count CPUs.

Models fs/proc/stat.c: show_stat() without its interrupt counts. CPU time is no part of the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin.views import loadavg, tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine

BOOT_TIME = 0  # seconds since 1970: virtual time begins there
_COLUMNS = 10  # user nice system idle iowait irq softirq steal guest guest_nice


def show_stat(machine: Machine) -> str:
    """CPU times (idle only), boot time, processes. Interrupts are left out."""
    idle = loadavg.now_ns(machine) // 10_000_000
    cpus = machine.config.cpus
    lines = [_times("cpu ", idle * cpus), *(_times(f"cpu{n}", idle) for n in range(cpus))]
    count = len(tasks.indices(machine))
    lines += [f"btime {BOOT_TIME}", f"processes {count}"]
    lines += [f"procs_running {1 if int(machine.arena.current[0].task) else 0}", "procs_blocked 0"]
    return "\n".join(lines) + "\n"


def _times(name: str, idle: int) -> str:
    columns = [0] * _COLUMNS
    columns[3] = idle
    return " ".join([name, *map(str, columns)])


def show_cpuinfo(machine: Machine) -> str:
    """One paragraph a CPU: its number and what the model knows of its addresses."""
    bits = 57 if machine.config.la57 else 48
    text = [
        f"processor\t: {n}\naddress sizes\t: 46 bits physical, {bits} bits virtual\n\n"
        for n in range(machine.config.cpus)
    ]
    return "".join(text)
