"""The schema on disk: written whole or not at all, read back equal, foreign files refused."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.trace import TraceError, open_trace
from mmtwin.trace.events import (
    SCHEMA,
    Event,
    Host,
    batch_of_events,
    events_of_batch,
    open_parquet,
    write_parquet,
)

EVENTS = [
    Event(0, 1, 10, 10, "mmap", 0, 8192, 3, 0x22, -1, "", 0, 0, 0x7F0000000000),
    Event(5, 2, 10, 11, "open", fd=3, file="/etc/ä", flags=0x80000, result=3),
    Event(9, 3, 10, 10, "store", addr=(1 << 47) - 8, length=8),
    Event(9, 4, 10, 10, "mmap", addr=(1 << 64) - 4096, result=-12),
]


def write(path: Path, events: list[Event] = EVENTS) -> Path:
    write_parquet(path, [batch_of_events(events)], Host(recorder="hand", kernel="6.12", cpus=2))
    return path


def test_a_trace_reads_back_as_it_was_written(tmp_path: Path) -> None:
    host, rows, batches = open_parquet(write(tmp_path / "t.mmt"))
    assert [e for b in batches for e in events_of_batch(b)] == EVENTS
    assert (rows, host.recorder, host.kernel, host.cpus) == (4, "hand", "6.12", 2)


def test_pandas_polars_and_duckdb_read_it_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet")
    assert pd.read_parquet(path)["op"].tolist() == [e.op for e in EVENTS]
    assert pl.read_parquet(path)["result"].to_list() == [e.result for e in EVENTS]
    rows = duckdb.sql(f"select op, max(addr) from '{path}' group by op order by op").fetchall()
    assert rows == [("mmap", (1 << 64) - 4096), ("open", 0), ("store", (1 << 47) - 8)]


def test_a_trace_that_pandas_wrote_is_read(tmp_path: Path) -> None:
    frame = pd.read_parquet(write(tmp_path / "t.mmt")).astype({"op": str, "file": str})
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata(Host().metadata())
    pq.write_table(table, tmp_path / "p.mmt")
    _, _, batches = open_parquet(tmp_path / "p.mmt")
    assert [e for b in batches for e in events_of_batch(b)] == EVENTS


def test_nothing_is_left_when_the_reading_fails_in_the_middle(tmp_path: Path) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield batch_of_events(EVENTS)
        raise TraceError("x", 7, "broken")

    with pytest.raises(TraceError):
        write_parquet(tmp_path / "t.mmt", broken(), Host())
    assert list(tmp_path.iterdir()) == []


def change(path: Path, column: str, values: pa.Array | None, **metadata: str) -> Path:
    table = pq.read_table(path)
    at = table.schema.get_field_index(column)
    table = table.remove_column(at) if values is None else table.set_column(at, column, values)
    changed = {k.encode(): v.encode() for k, v in metadata.items()}
    pq.write_table(table.replace_schema_metadata({**Host().metadata(), **changed}), path)
    return path


@pytest.mark.parametrize(
    ("column", "values", "metadata", "message"),
    [
        ("addr", None, {}, "no column 'addr'"),
        ("op", pa.array(["mmap", "open", "frob", "mmap"]), {}, r":3: unknown op 'frob'"),
        ("addr", pa.array(["a", "b", "c", "d"]), {}, "column 'addr'"),
        ("fd", pa.array([1, None, 2, 3], pa.int32()), {}, "nulls in 'fd'"),
        ("line", pa.array([1, 2, 3, 4]), {"mmtwin.schema_version": "99"}, "version 99"),
        ("line", pa.array([1, 2, 3, 4]), {"mmtwin.host": "{"}, "host metadata"),
    ],
)
def test_what_is_no_trace_of_ours_is_refused(
    tmp_path: Path, column: str, values: pa.Array | None, metadata: dict[str, str], message: str
) -> None:
    path = change(write(tmp_path / "t.mmt"), column, values, **metadata)
    with pytest.raises(TraceError, match=message):
        for _ in open_trace(path).batches:
            pass


def test_a_parquet_file_of_something_else_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(TraceError, match="something else"):
        open_trace(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "no recording"),
        (b"hello\nworld\n", "no recording"),
        (b"PAR1junk", "no whole Parquet"),
        (gzip.compress(b"1 brk(NULL) = 0x1\n" * 50, mtime=0)[:-20], "cut short"),
        (b"\x1f\x8bjunk", "damaged"),
    ],
)
def test_foreign_files_are_told_by_their_content(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(data)
    with pytest.raises(TraceError, match=message):
        for _ in open_trace(path).batches:
            pass


def test_missing_files_and_directories_are_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="No such file"):
        open_trace(tmp_path / "nothing")
    with pytest.raises(TraceError, match="is a directory"):
        open_trace(tmp_path)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_parquet_file_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = tmp_path_factory.getbasetemp()
    good = write(base / "good.mmt").read_bytes()
    bad = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if bad:
            bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    (base / "bad.mmt").write_bytes(bytes(bad))
    try:
        for _ in open_trace(base / "bad.mmt").batches:
            pass
    except TraceError as e:
        assert "\n" not in str(e)


def test_the_schema_is_flat() -> None:
    for field in SCHEMA:
        assert not pa.types.is_nested(field.type)
