"""/proc/PID/oom_score_adj: models fs/proc/base.c: oom_score_adj_read(), oom_score_adj_write()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin.sysctl import invalid, number

if TYPE_CHECKING:
    from mmtwin.machine import Machine

OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX = -1000, 1000


def show(machine: Machine, task: int) -> str:
    """The adjustment, -1000 to 1000."""
    return f"{int(machine.arena.tasks[task].oom_score_adj)}\n"


def write(machine: Machine, task: int, text: str) -> None:
    """Set it (EINVAL outside of the bounds)."""
    path = f"/proc/{int(machine.arena.tasks[task].pid)}/oom_score_adj"
    value = number(path, text)
    if not OOM_SCORE_ADJ_MIN <= value <= OOM_SCORE_ADJ_MAX:
        bounds = f"{OOM_SCORE_ADJ_MIN} to {OOM_SCORE_ADJ_MAX}"
        raise invalid(path, f"{value} is out of range; it is {bounds}")
    machine.arena.tasks[task].oom_score_adj = value
