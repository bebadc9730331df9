"""Which processes there are, as the directories of /proc list them."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmtwin.machine import Machine

TASK_COMM_LEN = 15  # without the closing zero


def indices(machine: Machine) -> list[int]:
    """Indices into `tasks` of every process, zombies too, in order of pid."""
    tasks = machine.arena.tasks
    return sorted(machine.arena.where("tasks", "state"), key=lambda i: int(tasks[i].pid))


def find(machine: Machine, pid: str, path: str) -> int:
    """The index of a process (FileNotFoundError where there is none of that pid)."""
    if pid == "self":
        index = int(machine.arena.current[0].task)
        if index:
            return index
    else:
        for index in indices(machine):
            if int(machine.arena.tasks[index].pid) == int(pid):
                return index
    raise FileNotFoundError(errno.ENOENT, "no such process", path)


def mm_of(machine: Machine, task: int) -> Any | None:
    """The task's Mm record, or None for a zombie."""
    mm = int(machine.arena.tasks[task].mm)
    return machine.arena.mms[mm] if mm else None


def comm(machine: Machine, task: int) -> str:
    """The task's name, cut to TASK_COMM_LEN bytes as the kernel does."""
    name = str(machine.arena.names.get("comm", {}).get(task, ""))
    return name.encode()[:TASK_COMM_LEN].decode(errors="replace")


def show_comm(machine: Machine, task: int) -> str:
    """/proc/PID/comm."""
    return comm(machine, task) + "\n"


def leader(machine: Machine, task: int) -> int:
    """pid of the oldest modelled ancestor: it stands for the process group and the session."""
    tasks = machine.arena.tasks
    by_pid = {int(tasks[i].pid): i for i in indices(machine)}
    seen = {task}
    parent = by_pid.get(int(tasks[task].ppid))
    while parent is not None and parent not in seen:
        seen.add(parent)
        task, parent = parent, by_pid.get(int(tasks[parent].ppid))
    return int(tasks[task].pid)
