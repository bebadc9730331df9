"""/proc/swaps: models mm/swapfile.c: swap_show()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin import swapon
from mmtwin.units import PAGE_SHIFT

if TYPE_CHECKING:
    from mmtwin.machine import Machine

HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
NAME_WIDTH = 40
WIDE_KB = 10000000  # from here on a number needs one tab less


def show(machine: Machine) -> str:
    """The areas in use, sizes in kB."""
    return HEADER + "".join(_row(area) for area in swapon.areas(machine))


def _row(area: swapon.Area) -> str:
    kind = "partition" if area.partition else "file\t"
    pad = " " * max(1, NAME_WIDTH - len(area.path))
    return f"{area.path}{pad}{kind}\t{_kb(area.pages)}\t{_kb(area.inuse_pages)}\t{area.prio}\n"


def _kb(pages: int) -> str:
    kb = pages << (PAGE_SHIFT - 10)
    return f"{kb}" if kb >= WIDE_KB else f"{kb}\t"
