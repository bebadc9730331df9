"""/proc/PID/limits: models fs/proc/base.c: proc_pid_limits()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin.mm.uapi import RLIM_INFINITY, RLIM_NLIMITS

if TYPE_CHECKING:
    from mmtwin.machine import Machine

# By number: what it limits, and in which unit
NAMES = (
    ("Max cpu time", "seconds"),
    ("Max file size", "bytes"),
    ("Max data size", "bytes"),
    ("Max stack size", "bytes"),
    ("Max core file size", "bytes"),
    ("Max resident set", "bytes"),
    ("Max processes", "processes"),
    ("Max open files", "files"),
    ("Max locked memory", "bytes"),
    ("Max address space", "bytes"),
    ("Max file locks", "locks"),
    ("Max pending signals", "signals"),
    ("Max msgqueue size", "bytes"),
    ("Max nice priority", ""),
    ("Max realtime priority", ""),
    ("Max realtime timeout", "us"),
)


def show(machine: Machine, task: int) -> str:
    """Soft and hard limit of each resource."""
    text = [line("Limit", "Soft Limit", "Hard Limit", "Units")]
    for number, (name, unit) in enumerate(NAMES):
        soft, hard = limit(machine, task, number)
        text.append(line(name, _spelt(soft), _spelt(hard), unit))
    return "".join(text)


def line(name: str, soft: str, hard: str, unit: str) -> str:
    """One line; without a unit it ends after the second number's column."""
    return f"{name:25} {soft:20} {hard:20} " + (f"{unit:10}\n" if unit else "\n")


def limit(machine: Machine, task: int, number: int) -> tuple[int, int]:
    """Soft and hard value of one RLIMIT_*."""
    at = (task * RLIM_NLIMITS + number) * 2
    rlimits = machine.arena.rlimits
    return int(rlimits[at]), int(rlimits[at + 1])


def _spelt(value: int) -> str:
    return "unlimited" if value == RLIM_INFINITY else str(value)
