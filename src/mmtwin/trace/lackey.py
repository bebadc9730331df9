"""Reader of `valgrind --tool=lackey --trace-mem=yes` text: tens of millions of lines in seconds.

    ==123== Command: ./prog       noise, but the pid and the command are taken from it
    I  04001b50,3                 instruction fetch: address (hex), size
     L 1ffefff7e8,8               load
     S 1ffefff7e0,8               store
     M 0421d7cc,4                 modify: load, then store

The format says nothing about mappings, so the reader makes them: touched pages at most
`CLUSTER_GAP` apart become one private anonymous read-write mapping (executable where code was
fetched from it), all mapped before the first access.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.trace.errors import TraceError
from mmtwin.trace.events import ACCESS_OPS, Event, batch_of_accesses, batch_of_events
from mmtwin.trace.page_rows import PID
from mmtwin.trace.source import line_blocks

CLUSTER_GAP = 1 << 20  # bytes
PAGE_SHIFT = 12
FETCH = ACCESS_OPS.index("fetch")
TASK_SIZE = 1 << 47
PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
MAP_PRIVATE_FIXED_ANON = 0x32

_NEWLINE, _COMMA, _SPACE = 10, 44, 32
_NOISE = tuple(b"=-*")  # what valgrind's own lines begin with
_COMMAND = re.compile(rb"^==(\d+)== Command: (.*)$", re.M)
_PID = re.compile(rb"^==(\d+)==", re.M)

_KIND = np.full(256, -1, np.int8)
for _letter, _op in (("L", "load"), ("S", "store"), ("M", "modify")):
    _KIND[ord(_letter)] = ACCESS_OPS.index(_op)
_HEX = np.full(256, 255, np.uint8)
for _i, _c in enumerate(b"0123456789abcdef"):
    _HEX[_c] = _i
for _i, _c in enumerate(b"ABCDEF"):
    _HEX[_c] = 10 + _i

Ints = np.ndarray[Any, Any]


class LackeyReader:
    """Batches of one lackey file; memory grows with the touched pages, not with the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pid, self.command = PID, ""
        self.lines = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """First the mappings, then all accesses. Reads the file twice. Raises TraceError."""
        yield batch_of_events(self.mappings())
        for op, addr, length, line in self._accesses():
            yield batch_of_accesses(addr, length, op, line, self.pid)

    def mappings(self) -> list[Event]:
        """One mmap a cluster of touched pages."""
        touched: Ints = np.empty(0, np.uint64)
        fetched: Ints = np.empty(0, np.uint64)
        for op, addr, length, _ in self._accesses():
            first, last = (
                addr >> np.uint64(PAGE_SHIFT),
                (addr + length - 1) >> np.uint64(PAGE_SHIFT),
            )
            pages = np.concatenate([np.unique(first), np.unique(last)])
            touched = np.union1d(touched, pages)
            fetched = np.union1d(fetched, np.unique(first[op == FETCH]))
        return [self._mmap(*region) for region in clusters(touched, fetched)]

    def _mmap(self, start: int, end: int, executable: bool) -> Event:
        prot = PROT_READ | PROT_WRITE | (PROT_EXEC if executable else 0)
        return Event(
            0, 0, self.pid, self.pid, "mmap", addr=start, length=end - start, prot=prot,
            flags=MAP_PRIVATE_FIXED_ANON, result=start,
        )  # fmt: skip

    def _accesses(self) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
        """(op, address, length, line number) arrays, block by block."""
        line = 0
        for block in line_blocks(self.path):
            if not line:
                self._identify(block)
            if not block.endswith(b"\n"):
                self._refuse_cut_line(block, line)
                block += b"\n"
            yield self._parse(block, line)
            line += block.count(b"\n")
        self.lines = line

    def _identify(self, block: bytes) -> None:
        if found := _COMMAND.search(block):
            self.pid, self.command = int(found[1]), found[2].decode(errors="replace")
        elif found := _PID.search(block):
            self.pid = int(found[1])

    def _refuse_cut_line(self, block: bytes, line: int) -> None:
        last = block[block.rfind(b"\n") + 1 :]
        if not re.fullmatch(rb"(I | [LSM]) [0-9a-fA-F]+,\d+|[=\-*].*", last):
            number = line + block.count(b"\n") + 1
            raise TraceError(
                self.path, number, "the last line is cut short: remove it, or record again"
            )

    def _parse(self, block: bytes, line: int) -> tuple[Ints, Ints, Ints, Ints]:
        text = np.frombuffer(block + b"\0\0\0", np.uint8)
        ends = np.flatnonzero(text[:-3] == _NEWLINE)
        starts = np.concatenate([[0], ends[:-1] + 1])
        kind = _KIND[text[starts + 1]]
        kind[text[starts] != _SPACE] = -1
        kind[(text[starts] == ord("I")) & (text[starts + 1] == _SPACE)] = FETCH
        is_access = (kind >= 0) & (text[starts + 2] == _SPACE) & (ends > starts + 3)
        others = ~is_access & (ends > starts)
        if others.any():
            self._refuse_foreign(text, starts, ends, others, line)
        rows = np.flatnonzero(is_access)
        starts, ends = starts[rows] + 3, ends[rows]
        commas = np.flatnonzero(text == _COMMA)
        at = np.searchsorted(commas, starts)
        middle = np.append(commas, len(text))[at]
        addr, bad = _digits(text, starts, middle, 16)
        length, bad_length = _digits(text, middle + 1, ends, 10)
        bad |= bad_length | (length == 0) | (addr + length > TASK_SIZE) | (middle >= ends)
        if bad.any():
            first = int(np.argmax(bad))
            what = bytes(text[starts[first] - 3 : ends[first]]).decode(errors="replace")[:60]
            raise TraceError(
                self.path, line + int(rows[first]) + 1,
                f"{what!r} is no access to user memory (47-bit address, size)",
            )  # fmt: skip
        return kind[rows], addr, length, (rows + (line + 1)).astype(np.int64)

    def _refuse_foreign(
        self, text: Ints, starts: Ints, ends: Ints, others: Ints, line: int
    ) -> None:
        foreign = others & ~np.isin(text[starts], _NOISE)
        if foreign.any():
            at = int(np.argmax(foreign))
            what = bytes(text[starts[at] : ends[at]]).decode(errors="replace")[:60]
            raise TraceError(
                self.path, line + at + 1,
                f"not a line of lackey: {what!r} (keep the program's own output out of the file: "
                "valgrind --log-file)",
            )  # fmt: skip


def _digits(text: Ints, starts: Ints, ends: Ints, base: int) -> tuple[Ints, Ints]:
    """Numbers written at starts..ends, and which of them are none."""
    width = ends - starts
    bad = (width < 1) | (width > 16)
    value = np.zeros(len(starts), np.uint64)
    for i in range(int(min(16, width.max(initial=0)))):
        inside = i < width
        digit = _HEX[text[np.minimum(starts + i, len(text) - 1)]]
        bad |= inside & (digit >= base)
        value = np.where(inside, value * np.uint64(base) + digit, value)
    return value, bad


def clusters(touched: Ints, fetched: Ints) -> list[tuple[int, int, bool]]:
    """(start, end, executable) of the regions that sorted page numbers form."""
    if not len(touched):
        return []
    gap = CLUSTER_GAP >> PAGE_SHIFT
    breaks = np.flatnonzero(np.diff(touched) > gap) + 1
    firsts, lasts = touched[np.append(0, breaks)], touched[np.append(breaks - 1, len(touched) - 1)]
    code = np.searchsorted(fetched, lasts, "right") > np.searchsorted(fetched, firsts)
    return [
        (int(a) << PAGE_SHIFT, int(b) + 1 << PAGE_SHIFT, bool(x))
        for a, b, x in zip(firsts, lasts, code, strict=True)
    ]
