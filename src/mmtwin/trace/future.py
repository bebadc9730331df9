"""What a trace will use when: for policies that need to know (OPT).

The trace is read once before the replay. Every page that a row uses (reads and writes by offset,
loads and stores through the mappings that the trace makes) goes into one sorted table; a question
is a binary search for the next row that uses a page.

    use  = (file or anonymous memory, page) , row        8 + 8 bytes a use
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.mm.policy import POLICY_INDEX_BITS
from mmtwin.trace.events import ACCESS_OPS, OP_CODE, events_of_batch, op_codes
from mmtwin.trace.flow import FLOWS
from mmtwin.trace.open import Trace

if TYPE_CHECKING:
    from mmtwin.trace.replay import Replay

NEVER = 1 << 62
PAGE_SHIFT = 12
ANONYMOUS = 0  # number of all memory without a file; its page is the address's
MAP_ANONYMOUS = 0x20
Ints = np.ndarray[Any, Any]


class Future:
    """`next_use(key)` for the policy, `at(row)` from the replay."""

    def __init__(self, trace: Trace) -> None:
        self._numbers: dict[str, int] = {}  # files from 1 on, by path
        self._maps: list[tuple[int, int, int, int]] = []  # start, end, file, first page; by start
        self._inodes: dict[int, int] = {}
        self._replay: Replay | None = None
        self._base, self._source = 0, np.zeros(1, np.int64)
        uses, rows, row = [], [], 0
        for batch in trace.batches:
            use, at = self._uses(batch)
            uses.append(use)
            rows.append(at + row)
            row += batch.num_rows
        use = np.concatenate(uses) if uses else np.empty(0, np.uint64)
        at = np.concatenate(rows) if rows else np.empty(0, np.int64)
        order = np.lexsort((at, use))
        self._use, self._row = use[order], at[order]

    # -- reading

    def _uses(self, batch: pa.RecordBatch) -> tuple[Ints, Ints]:
        """(page, row) of everything that a batch uses."""
        codes = op_codes(batch)
        for i in np.flatnonzero(codes == OP_CODE["mmap"]).tolist():
            self._map(next(events_of_batch(batch.slice(i, 1))))
        access = codes < len(ACCESS_OPS)
        moves = FLOWS[codes] & ~access & (batch.column("result").to_numpy() > 0)
        found = [self._accessed(batch, np.flatnonzero(access))]
        found.append(self._moved(batch, np.flatnonzero(moves)))
        return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])

    def _map(self, e: Any) -> None:
        file = 0 if e.flags & MAP_ANONYMOUS else self._number(e.file)
        page = e.result >> PAGE_SHIFT if not file else e.offset >> PAGE_SHIFT
        bisect.insort(self._maps, (e.result, e.result + e.length, file, page))

    def _number(self, path: str) -> int:
        return self._numbers.setdefault(path, len(self._numbers) + 1)

    def _accessed(self, batch: pa.RecordBatch, rows: Ints) -> tuple[Ints, Ints]:
        address = batch.column("addr").to_numpy()[rows].astype(np.uint64)
        maps = np.array(self._maps or [(0, 0, 0, 0)], np.uint64)
        at = np.maximum(np.searchsorted(maps[:, 0], address, "right") - 1, 0)
        page = maps[at, 3] + ((address - maps[at, 0]) >> np.uint64(PAGE_SHIFT))
        return (maps[at, 2] << np.uint64(POLICY_INDEX_BITS)) | page, rows

    def _moved(self, batch: pa.RecordBatch, rows: Ints) -> tuple[Ints, Ints]:
        column = batch.column("file")
        names = column.dictionary.to_pylist()
        code = column.indices.to_numpy()[rows]
        numbers = np.zeros(len(names), np.uint64)
        for used in np.unique(code).tolist():
            numbers[used] = self._number(names[used])
        file = numbers[code]
        offset = batch.column("offset").to_numpy()[rows].astype(np.uint64)
        end = offset + batch.column("result").to_numpy()[rows].astype(np.uint64)
        first = offset >> np.uint64(PAGE_SHIFT)
        pages = (((end - np.uint64(1)) >> np.uint64(PAGE_SHIFT)) - first + np.uint64(1)).astype(int)
        nth = np.arange(pages.sum()) - np.repeat(np.cumsum(pages) - pages, pages)
        page = np.repeat(first, pages) + nth.astype(np.uint64)
        use = (np.repeat(file, pages) << np.uint64(POLICY_INDEX_BITS)) | page
        return use, np.repeat(rows, pages)

    # -- the replay

    def follow(self, replay: Replay) -> None:
        """This is the run whose present the questions mean."""
        self._replay = replay

    def at(self, base: int, source: Ints) -> None:
        """The engine is about to run these rows of the trace."""
        self._base, self._source = base, source

    def next_use(self, key: int) -> int:
        """The row that uses the page of a policy's key next, NEVER if none does."""
        if self._replay is None:
            return NEVER
        now = self._base + int(self._source[int(self._replay.machine.replay_batch.row)])
        mapping, page = key >> POLICY_INDEX_BITS, key & ((1 << POLICY_INDEX_BITS) - 1)
        file = ANONYMOUS if mapping & 1 else self._file(mapping >> 1)
        use = np.uint64((file << POLICY_INDEX_BITS) | page)
        low = int(np.searchsorted(self._use, use, "left"))
        high = int(np.searchsorted(self._use, use, "right"))
        at = low + int(np.searchsorted(self._row[low:high], now, "right"))
        return int(self._row[at]) if at < high else NEVER

    def _file(self, inode: int) -> int:
        """The number of the path that has an inode."""
        if inode not in self._inodes and self._replay is not None:
            for path, number in self._numbers.items():
                self._inodes[self._replay.files.known(path)] = number
        return self._inodes.get(inode, (1 << 20))
