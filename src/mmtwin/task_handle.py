"""What every part of a Task needs: whose it is, and how a call reaches the engine."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from mmtwin.errors import NotModelledError
from mmtwin.mm.uapi import SIGKILL
from mmtwin.signals import Killed

if TYPE_CHECKING:
    from mmtwin.machine import Machine

ADDRESS_MASK = (1 << 64) - 1

Handle = TypeVar("Handle", bound="TaskHandle")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class TaskHandle:
    """A handle on one task; `index` is its record in `tasks`. Two handles of one task are equal."""

    def __init__(self, machine: Machine, index: int, pid: int) -> None:
        self.machine, self.index, self.pid = machine, index, pid

    def __repr__(self) -> str:
        return f"Task(pid={self.pid}, index={self.index})"

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, TaskHandle) and other.machine is self.machine
        return same and (other.index, other.pid) == (self.index, self.pid)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((id(self.machine), self.index, self.pid))

    @property
    def alive(self) -> bool:
        """Not exited."""
        return self.mm_index != 0

    @property
    def mm_index(self) -> int:
        """Index into `mms`; 0 once exited."""
        return int(self._record.mm)

    @property
    def _record(self) -> Any:
        return self.machine.arena.tasks[self.index]

    def _call(self) -> Machine:
        """Make this task current: ProcessLookupError where it has exited."""
        if int(self._record.pid) != self.pid or not self.alive:
            raise os_error(errno.ESRCH, f"pid {self.pid} has exited")
        self.machine.processes.switch_to(self.index, int(self._record.cpu))
        return self.machine

    def _exit_to_user_mode(self) -> None:
        """A system call returns; but a task that was killed in it ends."""
        processes = self.machine.processes
        if processes.exit_to_user_mode():
            processes.do_exit(SIGKILL)
            raise Killed(SIGKILL, 0, 0, 0)

    def _mechanism(self, name: str, function: str) -> Callable[..., int]:
        """An engine function, for this task (NotModelledError where there is none yet)."""
        found = getattr(getattr(self._call(), name, None), function, None)
        if found is None:
            raise NotModelledError(name, f"{function}() is not modelled yet")
        called: Callable[..., int] = found
        return called

    def _do(self, name: str, function: str, *arguments: int) -> int:
        return checked(self._mechanism(name, function)(*unsigned(*arguments)))


def unsigned(*values: int) -> tuple[int, ...]:
    """Values as the kernel's unsigned long has them."""
    return tuple(value & ADDRESS_MASK for value in values)


def checked(result: int) -> int:
    """A kernel's result, or OSError."""
    if result < 0:
        raise os_error(-int(result))
    return int(result)


def os_error(number: int, what: str | None = None) -> OSError:
    """The kernel's error, with what it is about."""
    text = os.strerror(number)
    return OSError(number, f"{what}: {text}" if what else text)


def system_call(
    function: Callable[Concatenate[Handle, Arguments], Result],
) -> Callable[Concatenate[Handle, Arguments], Result]:
    """A method that is a system call: as it returns, with a result or an error, a task that was
    killed meanwhile ends (Killed), and what was charged over memory.high is reclaimed."""

    @functools.wraps(function)
    def call(task: Handle, /, *args: Arguments.args, **keywords: Arguments.kwargs) -> Result:
        try:
            return function(task, *args, **keywords)
        finally:
            task._exit_to_user_mode()

    return call
