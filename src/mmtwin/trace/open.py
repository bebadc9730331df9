"""Opens any recording as one stream of record batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.trace import csv_trace, oracle_general
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
from mmtwin.trace.page_events import PageEventReader, known_of_unlimited_run
from mmtwin.trace.source import chunks, detect, head_of, line_blocks
from mmtwin.trace.spool import with_sizes
from mmtwin.trace.strace import StraceReader

FORMATS = ("auto", "strace", "lackey", "parquet", "csv", "msr", "oracleGeneral", "ev")


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


def open_trace(
    path: str | Path,
    format: str = "auto",
    elfs: ElfSet | None = None,
    columns: str = "",
    known: Mapping[int, int] | None = None,
) -> Trace:
    """Open a recording of any format in FORMATS, plain, gzipped or zstd. Raises TraceError.

    `elfs` are the layouts of the programs that the recording executes; a Parquet trace may
    carry them itself. `columns` says which column of a CSV file is what (csv_trace.py).
    `known` are pages of anonymous and of kernel memory, for page events that lack them
    (page_events.py); by default those of the unlimited run that real_NAME.json beside it tells.
    """
    path = Path(path)
    if path.is_dir():
        raise TraceError(path, None, "is a directory, give one recording")
    if format == "auto":
        format = detect(path)
    if columns and format != "csv":
        raise TraceError(path, None, f"--columns is for CSV, this is {format}")
    if format == "csv":
        return _open_csv(path, csv_trace.layout_of(path, head_of(path), columns))
    if known and format != "ev":
        raise TraceError(
            path, None, f"--anon and --kernel-memory are for page events, not {format}"
        )
    if format == "ev":
        return _open_page_events(path, known)
    opener = {
        "parquet": _open_parquet, "strace": _open_strace, "lackey": _open_lackey,
        "msr": _open_msr, "oracleGeneral": _open_oracle_general,
    }[format]  # fmt: skip
    return opener(path, elfs or ElfSet())


def _open_parquet(path: Path, elfs: ElfSet) -> Trace:
    host, rows, batches = open_parquet(path)
    stored = ElfSet.from_json(host.elf, path) if host.elf else ElfSet()
    merged = ElfSet({**stored.known, **elfs.known}, elfs.use_host)
    with_layouts = _with_layouts(batches, merged)
    return Trace(
        path, "parquet", host, with_layouts, merged, rows, lambda: [NO_HITS] * below_the_cache(host)
    )


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

    batches = with_sizes(batches_of_events(events()), lambda: reader.initial_sizes)
    return Trace(path, "strace", host, batches, elfs, notes=notes)


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


BLOCK = "block"  # Host.options of a trace taken below the page cache
NO_HITS = (
    "which accesses hit the page cache: a block trace is recorded below it and has only the "
    "misses, so it cannot tell how the machine that made it would do with more or less memory"
)


def below_the_cache(host: Host) -> bool:
    """Whether it is a block trace."""
    return host.options == BLOCK


def _open_csv(path: Path, layout: csv_trace.Layout, format: str = "csv") -> Trace:
    reader = csv_trace.CsvReader(path, layout, lambda: line_blocks(path))
    notes = [NO_HITS] if reader.is_block else ["what surrounds the objects: they are page by page"]
    host = Host(recorder=format, options=BLOCK if reader.is_block else "key")
    return Trace(path, format, host, reader.batches(), ElfSet(), notes=lambda: notes)


def _open_msr(path: Path, elfs: ElfSet) -> Trace:
    return _open_csv(path, csv_trace.MSR, "msr")


def _open_oracle_general(path: Path, elfs: ElfSet) -> Trace:
    batches = oracle_general.batches(path, csv_trace.stem(path), lambda size: chunks(path, size))
    note = "whether the requests were seen above or below a page cache: a block trace has no hits"
    host = Host(recorder="oracleGeneral", options="key")
    return Trace(path, "oracleGeneral", host, batches, elfs, notes=lambda: [note])


def _open_page_events(path: Path, given: Mapping[int, int] | None) -> Trace:
    known = {**known_of_unlimited_run(path), **(given or {})}
    reader = PageEventReader(path, lambda size: chunks(path, size), known)
    host = Host(recorder="page events")
    return Trace(path, "ev", host, reader.batches(), ElfSet(), notes=reader.notes)
