"""/proc/PID/oom_score, oom_adj and cgroup: models fs/proc/base.c: proc_oom_score(), oom_adj_read();
kernel/cgroup/cgroup.c: proc_cgroup_show()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin import cgroups
from mmtwin.mm.oom_kill import LONG_MIN
from mmtwin.sysctl import invalid, number

if TYPE_CHECKING:
    from mmtwin.machine import Machine

OOM_DISABLE, OOM_ADJUST_MAX, OOM_SCORE_ADJ_MAX = -17, 15, 1000


def show(machine: Machine, task: int) -> str:
    """How near it is to be killed: 666 with nothing, 2000 at most, 0 if it may not be."""
    totalpages = int(machine.oom_kill.totalpages())
    badness = int(machine.oom_kill.oom_badness(task, totalpages))
    if badness == LONG_MIN:
        return "0\n"
    share = abs(badness * 1000) // totalpages * (1 if badness >= 0 else -1)  # as C divides
    points = (1000 + share) * 2
    return f"{abs(points) // 3 * (1 if points >= 0 else -1)}\n"


def show_adj(machine: Machine, task: int) -> str:
    """oom_adj, the old scale of -17 to 15."""
    adj = int(machine.arena.tasks[task].oom_score_adj)
    if adj == OOM_SCORE_ADJ_MAX:
        return f"{OOM_ADJUST_MAX}\n"
    scaled = abs(adj) * -OOM_DISABLE // OOM_SCORE_ADJ_MAX
    return f"{scaled if adj >= 0 else -scaled}\n"


def write_adj(machine: Machine, task: int, text: str) -> None:
    """Set oom_score_adj by the old scale (EINVAL outside of it)."""
    path = f"/proc/{int(machine.arena.tasks[task].pid)}/oom_adj"
    value = number(path, text)
    if not -16 <= value <= OOM_ADJUST_MAX and value != OOM_DISABLE:
        raise invalid(path, f"{value} is out of range; it is -17 to 15")
    if value == OOM_ADJUST_MAX:
        scaled = OOM_SCORE_ADJ_MAX
    else:
        scaled = abs(value) * OOM_SCORE_ADJ_MAX // -OOM_DISABLE * (1 if value >= 0 else -1)
    machine.arena.tasks[task].oom_score_adj = scaled


def show_cgroup(machine: Machine, task: int) -> str:
    """`0::/a/x`, or version 1's line of the memory hierarchy."""
    path = cgroups.path_of(machine, int(machine.arena.tasks[task].memcg))
    return f"1:memory:{path}\n" if machine.config.cgroup_version == 1 else f"0::{path}\n"
