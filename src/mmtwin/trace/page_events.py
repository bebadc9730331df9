"""Reader of page-event recordings (`.ev`): what one program did to pages, plain, gzip or zstd.

Records of 8 bytes, little-endian: kind u8, file u8, count u16, page u32.

    0 read  1 touch through a mapping  2 anonymous memory is now `page` pages  3 write
    4 drop the file's pages from `page` on  5 the file has `page` pages
    6 kernel memory charged is now `page` pages

Reads and writes become pread64 and pwrite64 of `file:N`. A touch becomes a load in a shared
mapping of the file, which is made with the file's first touch and grows with the file. Anonymous
memory is one mapping: what it grows by is stored to, page by page, what it shrinks by is dropped
from its end (MADV_DONTNEED).

    FILE_AREA * (N + 1)   the mapping of file N       ANON_AREA   the anonymous memory
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.mm.uapi import (
    MADV_DONTNEED,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_NORESERVE,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
)
from mmtwin.trace.errors import TraceError
from mmtwin.trace.events import OP_CODE, Event, batch_of_events, batch_of_rows
from mmtwin.trace.page_rows import PID

RECORD = np.dtype([("kind", "u1"), ("file", "u1"), ("count", "<u2"), ("page", "<u4")])
BATCH = 1 << 12  # records; between two, kernel memory is settled
READ, TOUCH, ANON, WRITE, DROP, SIZE, KERNEL = range(7)
PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
FILE_AREA = 1 << 38  # bytes of address space for each of 256 files
ANON_AREA = 257 * FILE_AREA
MAX_MAPPED = FILE_AREA >> PAGE_SHIFT
_OPS = np.zeros(7, np.int64)
_OPS[READ], _OPS[TOUCH], _OPS[WRITE] = OP_CODE["pread64"], OP_CODE["load"], OP_CODE["pwrite64"]
_OPS[ANON] = OP_CODE["store"]
Ints = np.ndarray[Any, Any]


def looks_like(head: bytes) -> bool:
    """Whether the first bytes are such records; there is no magic number to go by."""
    records = np.frombuffer(head[: len(head) // RECORD.itemsize * RECORD.itemsize], RECORD)
    if not len(records) or _first_wrong(records) >= 0:
        return False
    return bool((records["kind"] > 0).any() or (records["page"] > 0).any())


def _first_wrong(records: Ints) -> int:
    """Index of the first record that cannot be, or -1."""
    transfer = (records["kind"] == READ) | (records["kind"] == WRITE)
    wrong = (records["kind"] > KERNEL) | (transfer & (records["count"] == 0))
    return int(np.argmax(wrong)) if wrong.any() else -1


def _grown(pages: Ints, before: int) -> Ints:
    """By how many pages anonymous memory grows (or, below 0, shrinks) at each ANON record."""
    grown: Ints = np.diff(pages.astype(np.int64), prepend=before)
    return grown


def known_of_unlimited_run(path: Path) -> dict[int, int]:
    """Pages of ANON and KERNEL that a run without a limit had, from real_NAME.json beside
    NAME.ev: rows of `limit`, `peak_rss`, `kmem` in bytes. Nothing where there is no such file."""
    beside = path.with_name(f"real_{path.name.split('.')[0]}.json")
    try:
        rows = json.loads(beside.read_bytes()) if beside.is_file() else []
        free = [row for row in rows if not row["limit"]]
        if not free:
            return {}
        row = free[0]
        return {ANON: -(-row["peak_rss"] // PAGE_SIZE), KERNEL: -(-row["kmem"] // PAGE_SIZE)}
    except (OSError, ValueError, TypeError, KeyError) as e:
        raise TraceError(beside, None, f"says nothing of an unlimited run ({e!r})") from e


class PageEventReader:
    """Batches of one recording; memory does not grow with it."""

    def __init__(
        self,
        path: Path,
        chunks: Callable[[int], Iterator[bytes]],
        known: Mapping[int, int] | None = None,
    ) -> None:
        self.path, self.chunks = path, chunks
        self.known = known or {}  # pages of ANON or KERNEL, used where the recording has none
        self.kinds: set[int] = set()  # met so far
        self._sizes: dict[int, int] = {}  # pages, by file
        self._mapped: dict[int, int] = {}
        self._anon = self._anon_mapped = 0
        self._names = [*(f"file:{n}" for n in range(256)), ""]
        self._line = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Raises TraceError for a record that cannot be, naming its number."""
        yield from self._what_is_known()
        rest = b""
        for data in self.chunks(BATCH * RECORD.itemsize):
            data = rest + data
            whole = len(data) // RECORD.itemsize * RECORD.itemsize
            rest = data[whole:]
            yield from self._records(np.frombuffer(data[:whole], RECORD))
        if rest:
            raise TraceError(
                self.path, self._line + 1,
                f"the last record has {len(rest)} of 8 bytes: the file was cut short, "
                "copy it again",
            )  # fmt: skip

    def _what_is_known(self) -> Iterator[pa.RecordBatch]:
        """From the start on, what the recording says nothing of."""
        recorded: set[int] = set()
        if self.known:
            for data in self.chunks(BATCH * RECORD.itemsize):
                kinds = np.frombuffer(data, np.uint8)[:: RECORD.itemsize]
                recorded.update(np.unique(kinds).tolist())
        for kind, pages in self.known.items():
            if kind not in recorded and pages:
                self.kinds.add(kind)
                yield from self._change(np.array((kind, 0, 0, pages), RECORD))

    def _records(self, records: Ints) -> Iterator[pa.RecordBatch]:
        wrong = _first_wrong(records)
        if wrong >= 0:
            r = records[wrong]
            raise TraceError(
                self.path, self._line + wrong + 1,
                f"kind {r['kind']} with count {r['count']} is no page event (kinds 0 to 6, "
                "at least one page read or written): the file is damaged, record it again",
            )  # fmt: skip
        self.kinds.update(np.unique(records["kind"]).tolist())
        first_line, done = self._line, 0
        for at in [*np.flatnonzero(self._alone(records)).tolist(), len(records)]:
            if at > done:
                yield from self._stretch(records[done:at], first_line + done)
            if at < len(records):
                self._line = first_line + at + 1
                yield from self._change(records[at])
            done = at + 1
        self._line = first_line + len(records)

    def _alone(self, records: Ints) -> Ints:
        """What changes sizes stands alone; what lies between goes as arrays: reads, writes,
        touches, and anonymous memory that grows, unless by very much at once."""
        kind = records["kind"]
        anon = np.flatnonzero(kind == ANON)
        grown = _grown(records["page"][anon], self._anon)
        alone: Ints = (kind != READ) & (kind != WRITE) & (kind != TOUCH)
        alone[anon] = (grown < 0) | (grown > BATCH)
        return alone

    def _stretch(self, records: Ints, line: int) -> Iterator[pa.RecordBatch]:
        """Reads, writes, touches, growing memory; what is touched is mapped before."""
        kind = records["kind"]
        self._line = line + 1
        grown = np.ones(len(records), np.int64)
        before = np.zeros(len(records), np.int64)
        if (anon := np.flatnonzero(kind == ANON)).size:
            pages = records["page"][anon]
            grown[anon] = _grown(pages, self._anon)
            before[anon] = pages - grown[anon]
            self._anon = int(pages[-1])
            yield from self._map_anonymous(self._anon)
        for file in np.unique(records["file"][kind == TOUCH]).tolist():
            touched = records["page"][(kind == TOUCH) & (records["file"] == file)]
            yield from self._map(file, max(int(touched.max()) + 1, self._sizes.get(file, 0)))
        row = np.repeat(np.arange(len(records)), grown)  # a page of memory that grows is a row
        nth = np.arange(len(row)) - np.repeat(np.cumsum(grown) - grown, grown)
        kind, file, count = kind[row], records["file"][row], records["count"][row]
        store, touch = kind == ANON, (kind == TOUCH) | (kind == ANON)
        page = np.where(store, before[row] + nth, records["page"][row]).astype(np.uint64)
        start = page << np.uint64(PAGE_SHIFT)
        area = (file.astype(np.uint64) + np.uint64(1)) * np.uint64(FILE_AREA)
        area = np.where(store, np.uint64(ANON_AREA), area)
        length = np.where(touch, 1, count.astype(np.uint64) << np.uint64(PAGE_SHIFT))
        yield batch_of_rows(
            _OPS[kind], PID, self._names,
            addr=np.where(touch, area + start, 0),
            offset=np.where(touch, 0, start),
            length=length,
            file=np.where(store, 256, file.astype(np.int32)),
            line=line + 1 + row,
            result=np.where(touch, 0, length).astype(np.int64),
        )  # fmt: skip

    # -- one at a time

    def _change(self, record: Ints) -> Iterator[pa.RecordBatch]:
        kind, file, page = int(record["kind"]), int(record["file"]), int(record["page"])
        if kind == ANON:
            yield from self._anonymous(page)
        elif kind == DROP:
            yield self._call("truncate", file=self._names[file], length=page << PAGE_SHIFT)
        elif kind == SIZE:
            yield from self._size(file, page)
        else:
            yield self._call("kernel_memory", length=page << PAGE_SHIFT)

    def _call(self, op: str, **columns: Any) -> pa.RecordBatch:
        return batch_of_events([Event(0, self._line, PID, PID, op, **columns)])

    def _size(self, file: int, pages: int) -> Iterator[pa.RecordBatch]:
        self._sizes[file] = pages
        yield self._call("stat", file=self._names[file], length=pages << PAGE_SHIFT)
        if file in self._mapped:
            yield from self._map(file, pages)

    def _map(self, file: int, pages: int) -> Iterator[pa.RecordBatch]:
        """Map the file up to that page; what was mapped before stays."""
        done = self._mapped.get(file, 0)
        if pages <= done:
            return
        if pages > MAX_MAPPED:
            raise TraceError(
                self.path, self._line,
                f"touches page {pages - 1} of file {file}: mappings are at most 256 GiB here",
            )  # fmt: skip
        self._mapped[file] = pages
        base = (file + 1) * FILE_AREA + (done << PAGE_SHIFT)
        yield self._call(
            "mmap", addr=base, length=pages - done << PAGE_SHIFT, prot=PROT_READ | PROT_WRITE,
            flags=MAP_SHARED | MAP_FIXED, file=self._names[file], offset=done << PAGE_SHIFT,
            result=base,
        )  # fmt: skip

    def _anonymous(self, pages: int) -> Iterator[pa.RecordBatch]:
        """Shrink from the end, or grow by very much at once: in pieces."""
        before = self._anon
        if pages < before:
            addr = ANON_AREA + (pages << PAGE_SHIFT)
            length = before - pages << PAGE_SHIFT
            yield self._call("madvise", addr=addr, length=length, flags=MADV_DONTNEED)
            self._anon = pages
            return
        yield from self._map_anonymous(pages)
        for level in [*range(before + BATCH, pages, BATCH), pages]:
            yield from self._stretch(np.array([(ANON, 0, 0, level)], RECORD), self._line - 1)

    def _map_anonymous(self, pages: int) -> Iterator[pa.RecordBatch]:
        """Map that area up to so many pages."""
        done = self._anon_mapped
        if pages <= done:
            return
        addr = ANON_AREA + (done << PAGE_SHIFT)
        yield self._call(
            "mmap", addr=addr, length=pages - done << PAGE_SHIFT,
            prot=PROT_READ | PROT_WRITE, result=addr,
            flags=MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
        )  # fmt: skip
        self._anon_mapped = pages

    def notes(self) -> list[str]:
        """What such a recording leaves unknown."""
        missing = [
            text
            for kind, text in ((ANON, "anonymous memory"), (KERNEL, "kernel memory"))
            if kind not in self.kinds
        ]
        found = [f"{' and '.join(missing)}: this recording has none"] if missing else []
        if TOUCH in self.kinds:
            found.append("which touches were stores: they count as loads")
        return found
