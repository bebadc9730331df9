"""/proc/PID/clear_refs, only to be written: models fs/proc/task_mmu.c: clear_refs_write()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin.sysctl import invalid, number

if TYPE_CHECKING:
    from mmtwin.machine import Machine

KINDS = range(1, 6)


def write(machine: Machine, task: int, text: str) -> None:
    """1: all pages are unreferenced, 2: anonymous, 3: mapped files', 4: soft-dirty, 5: VmHWM."""
    path = f"/proc/{int(machine.arena.tasks[task].pid)}/clear_refs"
    kind = number(path, text)
    if kind not in KINDS:
        raise invalid(path, f"{kind} is out of range; it is {KINDS[0]} to {KINDS[-1]}")
    if mm := int(machine.arena.tasks[task].mm):
        machine.task_mmu.clear_refs(mm, kind)
