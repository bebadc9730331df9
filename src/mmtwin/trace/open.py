"""Opens any recording as one stream of record batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.trace.elf import ElfSet
from mmtwin.trace.errors import TraceError
from mmtwin.trace.events import (
    Event,
    Host,
    batches_of_events,
    events_of_batch,
    open_parquet,
)
from mmtwin.trace.exec_layout import with_layouts
from mmtwin.trace.lackey import LackeyReader
from mmtwin.trace.source import detect
from mmtwin.trace.strace import StraceReader

FORMATS = ("auto", "strace", "lackey", "parquet")


@dataclass
class Trace:
    """An opened recording. `batches` can be run through once; `host` is complete afterwards."""

    path: Path
    format: str
    host: Host
    batches: Iterator[pa.RecordBatch]
    elfs: ElfSet
    rows: int = 0  # if known beforehand
    notes: Callable[[], list[str]] = list  # what the recording leaves unknown, after the reading


def open_trace(path: str | Path, format: str = "auto", elfs: ElfSet | None = None) -> Trace:
    """Open a Parquet trace, strace text or lackey text, gzipped or not. Raises TraceError.

    `elfs` are the layouts of the programs that the recording executes; a Parquet trace may
    carry them itself.
    """
    path = Path(path)
    if path.is_dir():
        raise TraceError(path, None, "is a directory, give one recording")
    if format == "auto":
        format = detect(path)
    opener = {"parquet": _open_parquet, "strace": _open_strace, "lackey": _open_lackey}[format]
    return opener(path, elfs or ElfSet())


def _open_parquet(path: Path, elfs: ElfSet) -> Trace:
    host, rows, batches = open_parquet(path)
    stored = ElfSet.from_json(host.elf, path) if host.elf else ElfSet()
    merged = ElfSet({**stored.known, **elfs.known}, elfs.use_host)
    return Trace(path, "parquet", host, _with_layouts(batches, merged), merged, rows)


def _with_layouts(batches: Iterator[pa.RecordBatch], elfs: ElfSet) -> Iterator[pa.RecordBatch]:
    """Put exec_layout rows where a trace that another tool made has none."""
    for batch in batches:
        ops = batch.column("op")
        names = ops.dictionary.take(ops.indices.unique()).to_pylist()
        if "execve" in names and "exec_layout" not in names:
            yield from batches_of_events(with_layouts(events_of_batch(batch), elfs))
        else:
            yield batch


def _open_strace(path: Path, elfs: ElfSet) -> Trace:
    reader = StraceReader(path)
    host = Host(recorder="strace")

    def events() -> Iterator[Event]:
        for e in with_layouts(reader.events(), elfs):
            if not host.command and e.op == "execve":
                host.command = e.file
            yield e
        host.start_time_ns = reader.start_time_ns

    def notes() -> list[str]:
        found = []
        if reader.statistics.unended:
            found.append(f"{reader.statistics.unended} calls had not returned where it ends")
        return found

    return Trace(path, "strace", host, batches_of_events(events()), elfs, notes=notes)


def _open_lackey(path: Path, elfs: ElfSet) -> Trace:
    reader = LackeyReader(path)
    host = Host(recorder="lackey", options="--trace-mem=yes")

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader.batches():
            host.command = reader.command
            yield batch

    return Trace(
        path, "lackey", host, batches(), elfs,
        notes=lambda: ["lackey has no mappings: they were made from the touched pages"],
    )  # fmt: skip
