"""/proc/PID/cmdline: models fs/proc/base.c: proc_pid_cmdline_read()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin.views import tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine


def show(machine: Machine, task: int) -> str:
    """The arguments, each ended by a zero byte; the name alone where they are not known.

    Empty for a zombie.
    """
    if tasks.mm_of(machine, task) is None:
        return ""
    arguments = machine.arena.names.get("cmdline", {}).get(task)
    if arguments is None:
        arguments = [tasks.comm(machine, task)]
    return "".join(f"{argument}\0" for argument in arguments)
