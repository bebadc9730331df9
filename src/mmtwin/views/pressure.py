"""/proc/pressure/memory and memory.pressure: models kernel/sched/psi.c: psi_show(), psi_write()."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmtwin.machine import Machine

KINDS = ("some", "full")
MIN_WINDOW_US, MAX_WINDOW_US = 500_000, 10_000_000


def show(machine: Machine, group: int = 0) -> str:
    """The averages in per cent, and the totals in microseconds."""
    machine.psi.psi_show_update(group)
    lines = []
    for i, kind in enumerate(KINDS):
        figure = machine.arena.psi_figures[2 * group + i]
        averages = " ".join(
            f"{name}={_percent(int(figure[name]))}" for name in ("avg10", "avg60", "avg300")
        )
        lines.append(f"{kind} {averages} total={int(figure.total) // 1000}\n")
    return "".join(lines)


def _percent(load: int) -> str:
    """LOAD_INT() and LOAD_FRAC() of a fixed-point number."""
    return f"{load >> 11}.{((load & 2047) * 100) >> 11:02}"


class Trigger:
    """What an open descriptor of a pressure file gets after `some 150000 1000000` was written to
    it: poll(2) tells of `events`. close() it when done."""

    def __init__(self, machine: Machine, text: str, group: int = 0) -> None:
        words = text.split()
        if len(words) != 3 or words[0] not in KINDS:
            raise OSError(errno.EINVAL, "`some` or `full`, microseconds of stall, of a window")
        try:
            threshold, window = int(words[1]), int(words[2])
        except ValueError:
            raise OSError(errno.EINVAL, "microseconds are wanted") from None
        if not MIN_WINDOW_US <= window <= MAX_WINDOW_US or not 0 < threshold <= window:
            raise OSError(errno.EINVAL, "a window is 500000 to 10000000, the stall up to that")
        self.machine, full = machine, KINDS.index(words[0])
        self.number = int(
            machine.psi.psi_trigger_create(group, full, threshold * 1000, window * 1000)
        )
        if not self.number:
            raise OSError(errno.ENOMEM, "too many triggers")

    @property
    def events(self) -> int:
        """How often it has fired."""
        return int(self.machine.arena.psi_triggers[self.number - 1].events)

    def close(self) -> None:
        """No more."""
        self.machine.psi.psi_trigger_destroy(self.number)
