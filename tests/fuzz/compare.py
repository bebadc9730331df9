"""What of two runs must agree, and where they first do not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.fuzz.host import HostError
from tests.fuzz.ops import Answer, Op

HEADER = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \d+ *(.*)$")
# Rows of smaps that are compared; Referenced is the hardware's, Swap and huge pages are not there.
ROWS = ("Rss", "Pss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty",
        "Anonymous", "LazyFree", "Locked", "VmFlags")  # fmt: skip
STATUS_ROWS = ("VmPTE", "VmLck", "VmData", "VmStk", "VmExe", "VmSize")
OWN = ("[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]", "[stack]")
OWN_END = 0x402000  # the program's text, then its heap
AREA, AREA_END = 0x10000000, 0x10081000


class Runner(Protocol):
    """The kernel or the twin."""

    def run(self, op: Op) -> Answer: ...

    def smaps(self, k: int) -> str: ...

    def status(self, k: int) -> str: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Difference:
    """The first disagreement of a sequence."""

    index: int  # of the op
    what: str
    kernel: str
    twin: str

    @property
    def kind(self) -> str:
        """For shrinking: what may not change while ops are dropped."""
        return re.sub(r"[0-9a-f]{6,}(-[0-9a-f]+)?", "", self.what)


def areas(smaps: str, skip: Sequence[str]) -> dict[str, str]:
    """{"start-end row": value} of the areas that the commands made."""
    found: dict[str, str] = {}
    key = ""
    for line in smaps.splitlines():
        header = HEADER.match(line)
        if header:
            start, end, rights, offset, name = header.groups()
            own = int(start, 16) < OWN_END or AREA <= int(start, 16) < AREA_END
            key = "" if own or name in OWN[:-1] else f"{start}-{end}"
            if key:
                found[key] = f"{rights} {offset} {name.rpartition('/')[2]}".strip()
                if name == "[stack]":
                    key = ""
        elif key:
            row, _, value = line.partition(":")
            if row in ROWS:
                words = [w for w in value.split() if w not in skip]
                found[f"{key} {row}"] = " ".join(words)
    return found


def status_rows(text: str) -> dict[str, str]:
    """The rows of status that count areas."""
    rows = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {row: rows[row].strip() for row in STATUS_ROWS if row in rows}


def first_difference(
    ops: Sequence[Op],
    start_kernel: Callable[[], Runner],
    start_twin: Callable[[], Runner],
    skip: Sequence[str] = (),
) -> Difference | None:
    """Run both; compare every answer and, after each op, the areas of its task."""
    kernel, twin = start_kernel(), start_twin()
    try:
        alive, exited = {0}, set[int]()
        for i, op in enumerate(ops):
            if op.task not in alive or (op.name == "reap" and op.args[0] not in exited):
                continue  # shrinking dropped the fork or the exit that it needs
            difference = _step(i, op, kernel, twin, skip, alive)
            if op.name == "exit":
                exited.add(op.task)
            if difference:
                return difference
        return None
    finally:
        kernel.close()
        twin.close()


def _step(
    i: int, op: Op, kernel: Runner, twin: Runner, skip: Sequence[str], alive: set[int]
) -> Difference | None:
    try:
        theirs = kernel.run(op)
    except HostError as e:
        return Difference(i, "death", str(e), "")
    ours = twin.run(op)
    for row in ("result", "signal", "code", "touched", "minflt", "majflt"):
        if getattr(theirs, row) != getattr(ours, row):
            return Difference(i, row, str(theirs), str(ours))
    if op.name == "fork" and theirs.result >= 0:
        alive.add(op.args[0])
    if op.name == "exit":
        alive.discard(op.task)
        return None
    for k in sorted(alive) if op.name == "fork" else [op.task]:
        a = areas(kernel.smaps(k), skip) | status_rows(kernel.status(k))
        b = areas(twin.smaps(k), skip) | status_rows(twin.status(k))
        if a != b:
            return _state_difference(i, a, b)
    return None


def _state_difference(i: int, a: dict[str, str], b: dict[str, str]) -> Difference:
    keys = [k for k in [*a, *b] if a.get(k) != b.get(k)]
    ranges = [k for k in keys if " " not in k] or keys
    what = ranges[0] if " " in ranges[0] or ranges[0] in STATUS_ROWS else "maps"
    rows = dict.fromkeys(ranges)
    return Difference(i, what, "; ".join(f"{k} {a.get(k, '-')}" for k in rows),
                      "; ".join(f"{k} {b.get(k, '-')}" for k in rows))  # fmt: skip


def shrink(
    ops: Sequence[Op], difference: Difference, again: Callable[[Sequence[Op]], Difference | None]
) -> tuple[list[Op], Difference]:
    """Drop ops, largest blocks first, as long as the same kind of disagreement remains."""
    best, found = list(ops[: difference.index + 1]), difference
    size = max(1, len(best) // 2)
    while True:
        at = 0
        while at < len(best):
            candidate = best[:at] + best[at + size :]
            seen = again(candidate) if candidate else None
            if seen is not None and seen.kind == difference.kind:
                best, found = candidate[: seen.index + 1], seen
            else:
                at += size
        if size == 1:
            return best, found
        size //= 2
