"""Reader of block and key traces in CSV: each row reads or writes pages of a file.

    timestamp,op,offset,size            with a header: columns are told by their names
    128166372003061629,hm,0,Read,383496192,32768,413      MSR Cambridge: no header, known layout
    1.5,R,17,8                          neither: `--columns time=1,op=2,offset=3*512,length=4*512`

A block trace has an offset, a key trace a key (any text) whose object gets pages of its own
(objects.py). Without an op column each row is a read. Times are seconds unless their column's
name or `--columns time=1ms` says ms, us, ns or 100ns.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.trace.errors import TraceError
from mmtwin.trace.objects import PAGE_SHIFT, PAGE_SIZE, Objects, pages_of
from mmtwin.trace.oracle_general import fadvise_random
from mmtwin.trace.page_rows import MAX_OFFSET, PUNCH, READ, WRITE, batch_of_page_rows

ROLES = ("time", "op", "offset", "length", "key", "file")
NAMES = {
    "time": ("time", "timestamp", "ts", "time_s", "time_ms", "time_us", "time_ns", "clock_time"),
    "op": ("op", "type", "operation", "opcode", "io_type", "rw", "action", "cmd"),
    "offset": ("offset", "offset_bytes", "pos", "lba", "sector", "lbn", "block", "blkno", "page"),
    "length": ("length", "size", "bytes", "len", "io_size", "size_bytes", "sectors", "nsectors",
               "object_size", "obj_size"),
    "key": ("key", "obj_id", "object_id", "object", "obj", "id", "cache_key"),
    "file": ("file", "path", "device", "device_id", "dev", "volume", "disk", "diskno", "lun"),
}  # fmt: skip
SECTOR = 512
DECIMAL = pa.decimal128(27, 9)  # its low half holds 9 digits before the point
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1, "100ns": 100}
NAMED_SCALE = {"lba": SECTOR, "sector": SECTOR, "lbn": SECTOR, "blkno": SECTOR, "sectors": SECTOR,
               "nsectors": SECTOR, "page": PAGE_SIZE, "block": PAGE_SIZE}  # fmt: skip
READS = ("r", "read", "rs", "get", "gets", "g", "load", "fetch")
WRITES = (
    "w", "write", "ws", "put", "set", "add", "replace", "cas", "append", "prepend", "incr", "decr",
    "store", "update", "insert",
)  # fmt: skip
PUNCHES = ("d", "discard", "trim", "delete", "del", "remove", "evict")
_OPS = {
    **dict.fromkeys(READS, READ),
    **dict.fromkeys(WRITES, WRITE),
    **dict.fromkeys(PUNCHES, PUNCH),
}
_COLUMN = re.compile(r"(?P<which>[^*=,]+?)(?:\*(?P<factor>\d+))?$")
_UNIT = re.compile(r"^(?P<which>\d+)(?P<unit>s|ms|us|ns|100ns)$")
_MSR = re.compile(rb"^\d{17,19},[^,\n]+,\d+,(?:Read|Write),\d+,\d+,\d+\r?$", re.M)
_BAD_VALUE = re.compile(r"Row #(\d+): .*invalid value '(.*)'")
_BAD_COUNT = re.compile(r"Row #(\d+): (Expected \d+ columns, got \d+)")
Ints = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Layout:
    """Which column is what; columns count from 0."""

    columns: int  # in a row
    header: bool
    role: dict[str, int]
    scale: dict[str, int]  # bytes of an offset's or a length's unit, ns of a time's
    disk: int = -1  # a second column that belongs to the file's name (MSR)
    separator: str = ","


MSR = Layout(7, False, {"time": 0, "file": 1, "op": 3, "offset": 4, "length": 5}, {"time": 100}, 2)


def is_msr(head: bytes) -> bool:
    """Timestamp, Hostname, DiskNumber, Type, Offset, Size, ResponseTime."""
    return _MSR.match(head) is not None


def has_known_header(head: bytes) -> bool:
    """Whether the first line names an offset or a key column of a CSV file."""
    if b"\0" in head:
        return False
    words = _words(head.decode("utf-8", "replace"))
    found = _roles_of(words)
    return len(words) > 1 and ("offset" in found or "key" in found)


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def _words(text: str) -> list[str]:
    line = text.split("\n", 1)[0].rstrip("\r").lstrip("\ufeff")
    return [w.strip().strip('"') for w in line.split(_separator(line))] if line else []


def _roles_of(words: list[str]) -> dict[str, int]:
    lower = [re.sub(r"[^a-z0-9]+", "_", w.lower()).strip("_") for w in words]
    found: dict[str, int] = {}
    for role, names in NAMES.items():
        at = next((lower.index(n) for n in names if n in lower), None)
        if at is not None and at not in found.values():
            found[role] = at
    return found


def layout_of(path: Path, head: bytes, columns: str = "") -> Layout:
    """From the header, or from `--columns`. Raises TraceError."""
    text = head.decode("utf-8", "replace")
    words = _words(text)
    numeric = any(re.fullmatch(r"-?\d+(\.\d+)?", w) for w in words)
    layout = Layout(len(words), not numeric, {}, {}, separator=_separator(text.split("\n", 1)[0]))
    if columns:
        return _given(path, layout, words, columns)
    if numeric:
        raise TraceError(
            path, 1,
            "has no header: say which column is which, with --columns time=1,op=2,offset=3,length=4"
            " (or key=2 for objects)",
        )  # fmt: skip
    role = _roles_of(words)
    scale = {r: NAMED_SCALE.get(words[i].lower(), 1) for r, i in role.items()}
    if "time" in role:
        scale["time"] = UNITS.get(words[role["time"]].lower().rpartition("_")[2], UNITS["s"])
    return _checked(path, replace(layout, role=role, scale=scale))


def _given(path: Path, layout: Layout, words: list[str], columns: str) -> Layout:
    role, scale = {}, {"time": UNITS["s"]}
    for item in columns.split(","):
        name, _, value = item.partition("=")
        name = name.strip()
        if name not in ROLES:
            raise TraceError(path, None, f"--columns {item}: not one of {', '.join(ROLES)}")
        if name == "time" and (m := _UNIT.match(value)):
            value, scale["time"] = m["which"], UNITS[m["unit"]]
        m = _COLUMN.match(value.strip())
        which = m["which"].strip() if m else ""
        if which.isdigit() and 1 <= int(which) <= layout.columns:
            role[name] = int(which) - 1
        elif which in words and layout.header:
            role[name] = words.index(which)
        else:
            raise TraceError(
                path, 1, f"--columns {item}: there is no such column among {layout.columns}"
            )
        if m and m["factor"]:
            scale[name] = int(m["factor"])
    return _checked(path, replace(layout, role=role, scale=scale))


def _checked(path: Path, layout: Layout) -> Layout:
    if "offset" not in layout.role and "key" not in layout.role:
        raise TraceError(path, 1, "no column is an offset or a key: name one with --columns")
    if "offset" in layout.role and "length" not in layout.role:
        raise TraceError(path, 1, "no column is a length in bytes: name one with --columns")
    return layout


class CsvReader:
    """Batches of one CSV file; memory grows with distinct keys and file names only."""

    def __init__(self, path: Path, layout: Layout, blocks: Callable[[], Iterator[bytes]]) -> None:
        self.path, self.layout, self.blocks = path, layout, blocks
        self.is_block = "offset" in layout.role
        self._objects = Objects()
        self._files: dict[str, int] = {}
        self._default = stem(path)
        self._start: int | None = None
        self._lines = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Raises TraceError with the line of what cannot be read."""
        if not self.is_block:
            yield fadvise_random(self._default)
        for block in self.blocks():
            skip = self.layout.header and self._lines == 0
            if skip:
                end = block.find(b"\n") + 1
                self._lines, block = 1, block[end:] if end else b""
            if block.strip():
                table = self._parse(block)
                if table.num_rows:
                    yield self._rows(table, self._line_numbers(block, table.num_rows))
            self._lines += block.count(b"\n")

    def _parse(self, block: bytes) -> pa.Table:
        import pyarrow.csv as pcsv  # type: ignore[import-untyped]

        names = [str(i) for i in range(self.layout.columns)]
        wanted = {i: self._type(role) for role, i in self.layout.role.items()}
        if self.layout.disk >= 0:
            wanted[self.layout.disk] = pa.string()
        try:
            return pcsv.read_csv(
                io.BytesIO(block),
                pcsv.ReadOptions(column_names=names, use_threads=False, block_size=len(block) + 1),
                pcsv.ParseOptions(delimiter=self.layout.separator),
                pcsv.ConvertOptions(
                    column_types={str(i): t for i, t in wanted.items()},
                    include_columns=[str(i) for i in wanted],
                    null_values=[], strings_can_be_null=False,
                ),
            )  # fmt: skip
        except pa.ArrowException as e:
            raise self._refusal(block, str(e)) from e

    def _line_numbers(self, block: bytes, rows: int) -> Ints:
        """The line of each row; blank lines are none."""
        lines = [i for i, text in enumerate(block.split(b"\n")) if text.strip(b"\r")]
        if len(lines) != rows:
            raise TraceError(
                self.path, self._lines + 1,
                "rows that go over line ends (quoted, or bare carriage returns): one row a line",
            )  # fmt: skip
        return np.array(lines) + (self._lines + 1)

    @staticmethod
    def _type(role: str) -> pa.DataType:
        return pa.uint64() if role in ("offset", "length") else pa.string()

    def _refusal(self, block: bytes, reason: str) -> TraceError:
        for pattern, text in (
            (_BAD_VALUE, "{!r} is no number of 0 or more where one has to stand"),
            (_BAD_COUNT, "{}: a broken row, or one cut short"),
        ):
            if m := pattern.search(reason):
                rows = [i for i, line in enumerate(block.split(b"\n")) if line.strip()]
                row = rows[min(int(m[1]), len(rows)) - 1]
                return TraceError(self.path, self._lines + row + 1, text.format(m[2]))
        return TraceError(self.path, self._lines + 1, f"is no CSV from here on ({reason})")

    def _rows(self, table: pa.Table, line: Ints) -> pa.RecordBatch:
        role, scale = self.layout.role, self.layout.scale
        length = np.zeros(len(line), np.uint64)
        if "length" in role:
            length = self._scaled(table, "length", line)
        op = self._op(table, line) if "op" in role else np.full(len(line), READ)
        if self.is_block:
            offset = self._scaled(table, "offset", line)
            length = np.maximum(length, 1)
        else:
            keys = _hashes(table.column(str(role["key"])))
            offset = self._objects.first_pages(keys, length) << np.uint64(PAGE_SHIFT)
            length = pages_of(length) << np.uint64(PAGE_SHIFT)
        beyond = (offset > MAX_OFFSET) | (length > MAX_OFFSET)
        if beyond.any():
            at = int(np.argmax(beyond))
            raise TraceError(self.path, int(line[at]), "lies beyond 16 TiB, ext4's longest file")
        file, names = self._names(table, len(line))
        time = np.zeros(len(line), np.int64)
        if "time" in role:
            time = self._times(table, line, scale["time"])
        return batch_of_page_rows(op, file, names, offset, length, line, time)

    def _scaled(self, table: pa.Table, role: str, line: Ints) -> Ints:
        values: Ints = table.column(str(self.layout.role[role])).to_numpy()
        scale = self.layout.scale.get(role, 1)
        beyond = values > (1 << 62) // scale
        if beyond.any():
            at = int(np.argmax(beyond))
            raise TraceError(self.path, int(line[at]), f"{values[at]}: too large for a {role}")
        scaled: Ints = values * np.uint64(scale)
        return scaled

    def _op(self, table: pa.Table, line: Ints) -> Ints:
        column = table.column(str(self.layout.role["op"])).combine_chunks().dictionary_encode()
        words = [w.strip().lower() for w in column.dictionary.to_pylist()]
        codes: Ints = np.array([_OPS.get(w, -1) for w in words])[column.indices.to_numpy()]
        if (codes < 0).any():
            at = int(np.argmax(codes < 0))
            raise TraceError(
                self.path, int(line[at]),
                f"{column[at].as_py()!r} is no operation (read, write, discard, get, set, ...)",
            )  # fmt: skip
        return codes

    def _names(self, table: pa.Table, rows: int) -> tuple[Ints, list[str]]:
        if "file" not in self.layout.role:
            return np.zeros(rows, np.int32), [self._default]
        column = table.column(str(self.layout.role["file"]))
        if self.layout.disk >= 0:
            import pyarrow.compute as pc  # type: ignore[import-untyped]

            column = pc.binary_join_element_wise(column, table.column(str(self.layout.disk)), ".")
        encoded = column.combine_chunks().dictionary_encode()
        names = [n.strip() or self._default for n in encoded.dictionary.to_pylist()]
        return encoded.indices.to_numpy(), names

    def _times(self, table: pa.Table, line: Ints, unit: int) -> Ints:
        column = table.column(str(self.layout.role["time"]))
        time: Ints
        try:
            time = column.cast(pa.int64()).to_numpy() * unit
            start = int(time[0])
        except pa.ArrowException:
            time, start = self._decimal_times(column, line, unit)
        if self._start is None:
            self._start = start
        since: Ints = np.maximum(time - self._start, 0)
        return since

    def _decimal_times(self, column: Any, line: Ints, unit: int) -> tuple[Ints, int]:
        """Seconds with a fraction, or dates."""
        try:
            exact = column.cast(DECIMAL).combine_chunks()
            low = np.frombuffer(exact.buffers()[1], np.int64)[::2]  # of 128 bits
            time: Ints = low[exact.offset : exact.offset + len(exact)] // (UNITS["s"] // unit)
            return time, int(time[0])
        except pa.ArrowException:
            pass
        try:
            time = column.cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy()
            return time, int(time[0])
        except pa.ArrowException:
            pass
        bad = next((i for i, v in enumerate(column.to_pylist()) if not _is_time(v)), 0)
        raise TraceError(self.path, int(line[bad]), f"{column[bad].as_py()!r} is no time")


def _is_time(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def stem(path: Path) -> str:
    """What the one file of a trace is called."""
    return path.name.split(".")[0] or "trace"


def _hashes(column: Any) -> Ints:
    """Keys as 64-bit numbers: numbers as they are, others by a hash of their text."""
    try:
        numbers: Ints = column.cast(pa.uint64()).to_numpy()
        return numbers
    except pa.ArrowException:
        encoded = column.combine_chunks().dictionary_encode()
        values = np.array([_fnv1a(k) for k in encoded.dictionary.to_pylist()], np.uint64)
        hashed: Ints = values[encoded.indices.to_numpy()]
        return hashed


def _fnv1a(text: str) -> int:
    """The same number in every run, unlike hash(). A number is itself, as in other blocks."""
    if text.isdigit() and int(text) < 1 << 64:
        return int(text)
    value = 0xCBF29CE484222325
    for byte in text.encode("utf-8", "surrogateescape"):
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value
