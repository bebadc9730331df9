"""A range of a task's pages as runs that look alike: START+LENGTH:KIND:FLAGS:MAPCOUNT.

Read from the same three kernel files as on a real machine: pagemap, kpageflags, kpagecount.
"""

from __future__ import annotations

import struct
from itertools import groupby, pairwise

from mmtwin.machine import Machine
from mmtwin.task import Task
from mmtwin.units import PAGE_SHIFT

PRESENT, SWAPPED, FILE_OR_SHARED, EXCLUSIVE, SOFT_DIRTY = (1 << n for n in (63, 62, 61, 56, 55))
FRAME = (1 << 55) - 1
LETTERS = ((FILE_OR_SHARED, "f"), (EXCLUSIVE, "x"), (SOFT_DIRTY, "d"))


def runs(machine: Machine, task: Task, start: int, length: int) -> str:
    """The runs, a line each; last `segs` and in how many pieces of memory each run lies."""
    pages = length >> PAGE_SHIFT
    raw = machine.read_bytes(f"/proc/{task.pid}/pagemap", (start >> PAGE_SHIFT) * 8, pages * 8)
    entries = struct.unpack(f"<{len(raw) // 8}Q", raw)
    looks = [(_look(machine, entry), index) for index, entry in enumerate(entries)]
    lines, pieces = [], []
    for look, group in groupby(looks, key=lambda pair: pair[0]):
        indices = [index for _, index in group]
        lines.append(f"{indices[0]}+{len(indices)}:{look}\n")
        pieces.append(_pieces([entries[i] & FRAME for i in indices]) if look[0] == "P" else 0)
    return "".join(lines) + "segs" + "".join(f" {n}" for n in pieces) + "\n"


def _look(machine: Machine, entry: int) -> str:
    kind = "P" if entry & PRESENT else "S" if entry & SWAPPED else "-"
    kind += "".join(letter for bit, letter in LETTERS if entry & bit)
    if not entry & PRESENT:
        return kind
    offset = (entry & FRAME) * 8
    flags, count = (
        int.from_bytes(machine.read_bytes(path, offset, 8), "little")
        for path in ("/proc/kpageflags", "/proc/kpagecount")
    )
    return f"{kind}:{flags:x}:{count}"


def _pieces(frames: list[int]) -> int:
    return 1 + sum(b != a + 1 for a, b in pairwise(frames))
