"""The trace schema: one row an event, in the order in which the events take effect.

A trace is one flat table, in memory as a stream of pyarrow record batches and on disk as
Parquet. Columns that an op does not use are 0 (or ""). docs/traces.md describes each op.
The recording host's configuration is in the file's key-value metadata (`Host`).
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.trace.errors import TraceError

SCHEMA_VERSION = 1
BATCH_ROWS = 1 << 16
VERSION_KEY = b"mmtwin.schema_version"
HOST_KEY = b"mmtwin.host"

ACCESS_OPS = ("load", "store", "modify", "fetch")  # of `length` bytes at `addr`
CALL_OPS = (
    # address space
    "mmap", "munmap", "mprotect", "pkey_mprotect", "mremap", "madvise", "brk", "msync",
    "mlock", "mlock2", "munlock", "mlockall", "munlockall", "mincore", "remap_file_pages",
    "shmget", "shmat", "shmdt", "shmctl", "memfd_create", "prctl", "prlimit64", "setrlimit",
    # tasks
    "fork", "vfork", "clone", "clone3", "execve", "execveat", "exit", "exit_group", "wait4",
    "exited", "killed", "exec_layout",
    # files
    "open", "close", "ftruncate", "truncate", "unlink", "rename",
    "read", "pread64", "readv", "preadv", "write", "pwrite64", "writev", "pwritev",
    "lseek", "fsync", "fdatasync", "fadvise64", "sendfile", "copy_file_range", "splice",
    "sync_file_range", "fallocate", "readahead", "stat", "dup", "close_range",
    # what no call shows: kernel memory that was charged
    "kernel_memory",
)  # fmt: skip
OPS = ACCESS_OPS + CALL_OPS

SCHEMA = pa.schema(
    [
        ("time_ns", pa.int64()),  # since Host.start_time_ns; 0 where the recorder gives none
        ("line", pa.int64()),  # of the text recording, 0 if there was none
        ("pid", pa.int32()),  # process (thread group)
        ("tid", pa.int32()),  # thread
        ("op", pa.dictionary(pa.int8(), pa.string())),
        ("addr", pa.uint64()),  # bytes, as are the other addresses and lengths
        ("length", pa.uint64()),
        ("prot", pa.uint32()),  # PROT_*, or the call's other small argument
        ("flags", pa.uint64()),
        ("fd", pa.int32()),  # -1: none
        ("file", pa.dictionary(pa.int32(), pa.string())),  # path
        ("offset", pa.uint64()),
        ("addr2", pa.uint64()),  # mremap: new address asked for; exec_layout: see docs
        ("result", pa.int64()),  # return value, or -errno
    ]
)
COLUMNS = tuple(SCHEMA.names)


class Event(NamedTuple):
    """One row."""

    time_ns: int
    line: int
    pid: int
    tid: int
    op: str
    addr: int = 0
    length: int = 0
    prot: int = 0
    flags: int = 0
    fd: int = -1
    file: str = ""
    offset: int = 0
    addr2: int = 0
    result: int = 0


@dataclass
class Host:
    """The machine that a trace was recorded on; what is not known stays empty or 0."""

    recorder: str = ""  # "strace", "lackey", ...
    options: str = ""
    command: str = ""
    kernel: str = ""  # uname -r
    page_size: int = 4096
    cpus: int = 0
    mem_total_kb: int = 0
    elf: str = ""  # layouts of the executed programs, as --elf takes them
    start_time_ns: int = 0  # wall clock of time_ns 0

    def metadata(self) -> dict[bytes, bytes]:
        """The key-value pairs of the Parquet file."""
        return {
            VERSION_KEY: str(SCHEMA_VERSION).encode(),
            HOST_KEY: json.dumps(dataclasses.asdict(self)).encode(),
        }

    @classmethod
    def from_metadata(cls, metadata: dict[bytes, bytes]) -> Host:
        known = {f.name for f in dataclasses.fields(cls)}
        stored = json.loads(metadata.get(HOST_KEY, b"{}"))
        return cls(**{k: v for k, v in stored.items() if k in known})


_OP_VALUES = pa.array(OPS, pa.string())
OP_CODE = {op: i for i, op in enumerate(OPS)}


def batch_of_events(rows: Sequence[Event]) -> pa.RecordBatch:
    """A record batch of rows."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    arrays: list[Any] = []
    for field, values in zip(SCHEMA, columns, strict=True):
        if field.name == "op":
            codes = pa.array([OP_CODE[v] for v in values], pa.int8())
            arrays.append(pa.DictionaryArray.from_arrays(codes, _OP_VALUES))
        elif field.name == "file":
            names = list(dict.fromkeys(values))
            code = {name: i for i, name in enumerate(names)}
            codes = pa.array([code[v] for v in values], pa.int32())
            arrays.append(pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string())))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.record_batch(arrays, schema=SCHEMA)


def batch_of_accesses(
    addr: np.ndarray[Any, Any],
    length: np.ndarray[Any, Any],
    op_code: np.ndarray[Any, Any],
    line: np.ndarray[Any, Any],
    pid: int,
) -> pa.RecordBatch:
    """A record batch of memory accesses; `op_code` indexes ACCESS_OPS."""
    return batch_of_rows(op_code, pid, [""], addr=addr, length=length, line=line)


def batch_of_rows(
    op_code: np.ndarray[Any, Any], pid: int, names: Sequence[str], **columns: np.ndarray[Any, Any]
) -> pa.RecordBatch:
    """A record batch of arrays: `op_code` indexes OPS, a column `file` indexes `names`; columns
    that are not given are 0 (`fd`: -1)."""
    n = len(op_code)
    fills = {"pid": pid, "tid": pid, "fd": -1}
    arrays: list[Any] = []
    for field in SCHEMA:
        if field.name == "op":
            codes = pa.array(op_code.astype(np.int8))
            arrays.append(pa.DictionaryArray.from_arrays(codes, _OP_VALUES))
        elif field.name == "file":
            codes = pa.array(columns.get("file", np.zeros(n)).astype(np.int32))
            arrays.append(pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string())))
        else:
            dtype = field.type.to_pandas_dtype()
            values = columns.get(field.name)
            if values is None:
                values = np.full(n, fills.get(field.name, 0), dtype)
            arrays.append(pa.array(values.astype(dtype, copy=False)))
    return pa.record_batch(arrays, schema=SCHEMA)


def batches_of_events(events: Iterable[Event], size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Cut a stream of rows into batches."""
    rows: list[Event] = []
    for event in events:
        rows.append(event)
        if len(rows) >= size:
            yield batch_of_events(rows)
            rows = []
    if rows:
        yield batch_of_events(rows)


def write_parquet(
    path: Path,
    batches: Iterable[pa.RecordBatch],
    host: Host,
    elfs: Callable[[], str] = str,
) -> int:
    """Write a trace beside `path`, then rename it into place: the number of rows.

    `host` and the ELF layouts (JSON, `elfs()`) are asked for when all events have been read.
    """
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    rows = 0
    try:
        schema = SCHEMA.with_metadata(host.metadata())
        with pq.ParquetWriter(beside, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
            host.elf = elfs()
            writer.add_key_value_metadata(host.metadata())
        os.replace(beside, path)
    except OSError as e:
        raise TraceError(path, None, f"cannot be written: {e.strerror or e}") from e
    finally:
        beside.unlink(missing_ok=True)
    return rows


def open_parquet(path: Path) -> tuple[Host, int, Iterator[pa.RecordBatch]]:
    """The host, the number of rows, and the batches of a Parquet trace. Raises TraceError."""
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        metadata = file.metadata.metadata or {}
    except (OSError, pa.ArrowException) as e:
        raise TraceError(path, None, f"is no whole Parquet file ({e}), convert it again") from e
    version = metadata.get(VERSION_KEY, b"").decode(errors="replace")
    if version != str(SCHEMA_VERSION):
        known = f"schema version {version}" if version else "a Parquet file of something else"
        raise TraceError(path, None, f"is {known}, this mmtwin reads version {SCHEMA_VERSION}")
    missing = [name for name in COLUMNS if name not in file.schema_arrow.names]
    if missing:
        raise TraceError(path, None, f"has no column {missing[0]!r}, convert the recording again")
    try:
        host = Host.from_metadata(metadata)
    except (ValueError, TypeError) as e:
        raise TraceError(path, None, f"has unreadable host metadata ({e})") from e
    return host, file.metadata.num_rows, _parquet_batches(path, file)


def _parquet_batches(path: Path, file: Any) -> Iterator[pa.RecordBatch]:
    row = 0
    try:
        for batch in file.iter_batches(BATCH_ROWS, columns=list(COLUMNS)):
            yield _as_schema(path, batch, row)
            row += batch.num_rows
    except (OSError, pa.ArrowException) as e:
        raise TraceError(path, None, f"is damaged after row {row} ({e}), convert it again") from e


def _as_schema(path: Path, batch: pa.RecordBatch, row: int) -> pa.RecordBatch:
    """Columns of other integer or string types (another tool wrote them) become ours."""
    arrays = []
    for field in SCHEMA:
        column = batch.column(field.name)
        if column.null_count:
            raise TraceError(path, None, f"has nulls in {field.name!r} after row {row}")
        if field.name == "op":
            column = _op_codes(path, column, row)
        elif column.type != field.type:
            try:
                column = column.cast(field.type)
            except pa.ArrowException as e:
                raise TraceError(path, None, f"column {field.name!r}: {e}") from e
        arrays.append(column)
    return pa.record_batch(arrays, schema=SCHEMA)


def _op_codes(path: Path, column: Any, row: int) -> pa.DictionaryArray:
    """The op column in the order of OPS. Refuses an op that is not ours."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    names = column.dictionary.to_pylist()
    translate = np.array([OP_CODE.get(n, -1) for n in names] or [0], np.int8)
    indices = column.indices.to_numpy(zero_copy_only=False)
    codes = translate[indices]
    if len(codes) and codes.min() < 0:
        at = int(np.argmin(codes))
        raise TraceError(path, row + at + 1, f"unknown op {names[indices[at]]!r}")
    return pa.DictionaryArray.from_arrays(pa.array(codes), _OP_VALUES)


def op_codes(batch: pa.RecordBatch) -> np.ndarray[Any, Any]:
    """Indices into OPS, one a row."""
    codes: np.ndarray[Any, Any] = batch.column("op").indices.to_numpy()
    return codes


def events_of_batch(batch: pa.RecordBatch) -> Iterator[Event]:
    """The rows of a batch as Event."""
    columns = [batch.column(name).to_pylist() for name in COLUMNS]
    return (Event(*row) for row in zip(*columns, strict=True))
