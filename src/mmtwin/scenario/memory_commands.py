"""Commands that are one system call on the address space, or nearly."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from mmtwin.errors import NotModelledError
from mmtwin.machine import Machine
from mmtwin.scenario.program import STACK_TOP
from mmtwin.task import Task
from mmtwin.units import PAGE_SIZE


@dataclass
class Call:
    """A command's task, its numbers, registers put in, and its paths and names."""

    machine: Machine
    task: Task
    arguments: list[int]
    words: list[str] = field(default_factory=list)

    def __getitem__(self, place: int) -> int:
        return self.arguments[place]

    def get(self, place: int, default: int = 0) -> int:
        """An argument that may be left out."""
        return self.arguments[place] if place < len(self.arguments) else default


Answer = int | str  # a number, or what is printed


def mmap(call: Call) -> Answer:
    """mmap(2)."""
    addr, length, prot, flags = call.arguments[:4]
    return call.task.mmap_fd(addr, length, prot, flags, call.get(4, -1), call.get(5))


def munmap(call: Call) -> Answer:
    """munmap(2)."""
    return call.task.munmap(call[0], call.get(1))


def mprotect(call: Call) -> Answer:
    """mprotect(2)."""
    return call.task.mprotect(*call.arguments)


def mremap(call: Call) -> Answer:
    """mremap(2)."""
    return call.task.mremap(*call.arguments)


def madvise(call: Call) -> Answer:
    """madvise(2)."""
    return call.task.madvise(*call.arguments)


def mincore(call: Call) -> Answer:
    """mincore(2): the vector as runs of pages in (+) and out (-)."""
    vector = call.task.mincore(*call.arguments)
    runs = [(bit, len(list(group))) for bit, group in groupby(vector)]
    return "0 runs" + "".join(f" {'+' if bit & 1 else '-'}{n}" for bit, n in runs)


def brk(call: Call) -> Answer:
    """The break moved by so many bytes: the new one, or ENOMEM."""
    wanted = call.task.brk(0) + call[0]
    if call.task.brk(wanted) != wanted:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), "brk")
    return wanted


def setuid(call: Call) -> Answer:
    """setuid(2) by root: all capabilities are gone."""
    call.machine.arena.tasks[call.task.index].uid = call[0]
    return 0


def rlimit(call: Call) -> Answer:
    """setrlimit(2)."""
    call.task.setrlimit(*call.arguments)
    return 0


def affin(call: Call) -> Answer:
    """sched_setaffinity(2) to one CPU."""
    if call[0] != int(call.machine.arena.tasks[call.task.index].cpu):
        raise NotModelledError("affin", "moving between CPUs is not modelled yet")
    return 0


def sp(call: Call) -> Answer:
    """The page of the stack pointer."""
    return STACK_TOP - PAGE_SIZE


MEMORY_COMMANDS: dict[str, Callable[[Call], Answer]] = {
    "mmap": mmap, "munmap": munmap, "mprotect": mprotect, "mremap": mremap, "madvise": madvise,
    "mlock": lambda call: call.task.mlock(*call.arguments),
    "munlock": lambda call: call.task.munlock(*call.arguments),
    "mlock2": lambda call: call.task.mlock2(*call.arguments),
    "mlockall": lambda call: call.task.mlockall(*call.arguments),
    "munlockall": lambda call: call.task.munlockall(),
    "msync": lambda call: call.task.msync(*call.arguments),
    "brk": brk, "mincore": mincore, "setuid": setuid, "rlimit": rlimit, "affin": affin, "sp": sp,
}  # fmt: skip
