"""Traces of pages and objects: CSV, MSR Cambridge, oracleGeneral, page events."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.trace import TraceError, open_trace, page_events
from mmtwin.trace.events import Event, events_of_batch, write_parquet
from mmtwin.trace.objects import Objects
from mmtwin.trace.oracle_general import RECORD

BLOCK = b"time,op,offset,size\n1.5,R,8192,4096\n2.000000001,Write,0,512\n3,D,4096,4096\n"
KEYS = b"timestamp,key,size,op\n10,apple,100,get\n11,pear,5000,set\n12,apple,100,get\n"
MSR = (
    b"128166372003061629,hm,0,Read,383496192,32768,413\n"
    b"128166372016382155,hm,1,Write,2822144,4096,1153\n"
)


def read(tmp_path: Path, data: bytes, format: str = "auto", columns: str = "") -> list[Event]:
    path = tmp_path / "t.bin"
    path.write_bytes(data)
    trace = open_trace(path, format, columns=columns)
    return [e for batch in trace.batches for e in events_of_batch(batch)]


def rows(events: list[Event]) -> list[tuple[str, str, int, int]]:
    return [(e.op, e.file, e.offset, e.length) for e in events]


def oracle(*records: tuple[int, int, int, int]) -> bytes:
    return np.array(list(records), RECORD).tobytes()


def ev(*records: tuple[int, int, int, int]) -> bytes:
    return np.array(list(records), page_events.RECORD).tobytes()


# -- CSV


def test_a_block_trace_is_told_by_its_header(tmp_path: Path) -> None:
    events = read(tmp_path, BLOCK)
    assert rows(events) == [
        ("pread64", "t", 8192, 4096), ("pwrite64", "t", 0, 512), ("fallocate", "t", 4096, 4096)
    ]  # fmt: skip
    assert [e.time_ns for e in events] == [0, 500_000_001, 1_500_000_000]
    assert [e.line for e in events] == [2, 3, 4]
    assert {e.fd for e in events} == {-1}


def test_a_block_trace_says_that_it_lacks_the_hits_converted_or_not(tmp_path: Path) -> None:
    path, out = tmp_path / "b.csv", tmp_path / "b.mmt"
    path.write_bytes(BLOCK)
    trace = open_trace(path)
    assert "has only the misses" in trace.notes()[0]
    write_parquet(out, trace.batches, trace.host)
    again = open_trace(out)
    assert "has only the misses" in again.notes()[0]


def test_columns_are_named_by_the_user_where_there_is_no_header(tmp_path: Path) -> None:
    data = b"17;R;3;8\n19;W;5;1\n"
    events = read(tmp_path, data, "csv", "time=1ms,op=2,offset=3*512,length=4*512")
    assert rows(events) == [("pread64", "t", 1536, 4096), ("pwrite64", "t", 2560, 512)]
    assert [e.time_ns for e in events] == [0, 2_000_000]


def test_the_objects_of_a_key_trace_have_pages_of_their_own_and_no_readahead(
    tmp_path: Path,
) -> None:
    events = read(tmp_path, KEYS)
    assert (events[0].op, events[0].flags) == ("fadvise64", 1)
    assert rows(events[1:]) == [
        ("pread64", "t", 0, 4096), ("pwrite64", "t", 4096, 8192), ("pread64", "t", 0, 4096)
    ]  # fmt: skip


def test_msr_has_a_file_for_each_disk_and_times_of_100_ns(tmp_path: Path) -> None:
    events = read(tmp_path, MSR)
    assert rows(events) == [
        ("pread64", "hm.0", 383496192, 32768), ("pwrite64", "hm.1", 2822144, 4096)
    ]  # fmt: skip
    assert events[1].time_ns == (128166372016382155 - 128166372003061629) * 100


@pytest.mark.parametrize(
    ("data", "format", "columns", "what"),
    [
        (BLOCK + b"4,R,x,4096\n", "auto", "", r":5: 'x' is no number"),
        (BLOCK + b"\n4,R,-1,4096\n", "auto", "", r":6: '-1' is no number"),
        (BLOCK + b"4,R,1\n", "auto", "", r":5: Expected 4 columns, got 3: a broken row"),
        (BLOCK + b"4,Z,1,1\n", "auto", "", r":5: 'Z' is no operation"),
        (BLOCK + b"then,R,1,1\n", "auto", "", r":5: 'then' is no time"),
        (BLOCK + b"4,R,99999999999999999,1\n", "auto", "", r":5: lies beyond 16 TiB"),
        (b"1,2,3,4\n", "csv", "", r":1: has no header: .*--columns"),
        (b"1,2,3,4\n", "csv", "time=1,op=9", "no such column"),
        (b"1,2,3,4\n", "csv", "time=1,frob=2", "not one of"),
        (b"1,2,3,4\n", "csv", "time=1,op=2", "no column is an offset or a key"),
        (b"1,2,3,4\n", "csv", "offset=2", "no column is a length"),
        (MSR + b"128166372016382155,hm,1,Wri", "auto", "", r":3: Expected 7 columns"),
        (MSR + b"128166372016382155,hm,1,Erase,1,1,1\n", "auto", "", r":3: 'Erase'"),
    ],
)
def test_a_bad_row_is_named(
    tmp_path: Path, data: bytes, format: str, columns: str, what: str
) -> None:
    with pytest.raises(TraceError, match=what):
        read(tmp_path, data, format, columns)


def test_columns_are_for_csv_only(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="--columns is for CSV"):
        read(tmp_path, MSR, "auto", "time=1")


# -- oracleGeneral


def test_oracle_general_objects_are_read_plain_gzipped_and_zstd(tmp_path: Path) -> None:
    data = oracle((5, 77, 100, 3), (5, 88, 9000, -1), (7, 77, 100, -1))
    for packed in (data, gzip.compress(data), pa.compress(data, "zstd", asbytes=True)):
        events = read(tmp_path, packed)
        assert events[0].op == "fadvise64"
        assert rows(events[1:]) == [
            ("pread64", "t", 0, 4096), ("pread64", "t", 4096, 12288), ("pread64", "t", 0, 4096)
        ]  # fmt: skip
        assert [e.time_ns for e in events[1:]] == [0, 0, 2 * 10**9]


def test_a_cut_oracle_general_trace_names_the_record(tmp_path: Path) -> None:
    data = oracle((5, 77, 100, 2), (5, 77, 100, -1))
    with pytest.raises(TraceError, match=r":2: the last record has 20 of 24 bytes"):
        read(tmp_path, data[:-4])
    packed = pa.compress(data * 500, "zstd", asbytes=True)
    with pytest.raises(TraceError, match="cut short"):
        read(tmp_path, packed[:-5], "oracleGeneral")


@given(st.lists(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20000))), max_size=6))
@settings(max_examples=50, deadline=None)
def test_objects_never_share_pages_and_stay_where_they_are(
    batches: list[list[tuple[int, int]]],
) -> None:
    objects, model, top = Objects(), {}, 0
    for batch in batches:
        keys = np.array([k for k, _ in batch], np.uint64)
        sizes = np.array([s for _, s in batch], np.uint64)
        got = objects.first_pages(keys, sizes).tolist() if batch else []
        for (key, size), page in zip(batch, got, strict=True):
            if key not in model:
                model[key] = top
                top += max(1, -(-size // 4096))
            assert page == model[key]
    assert (objects.pages, len(objects)) == (top, len(model))


# -- page events


def test_page_events_become_calls_and_accesses(tmp_path: Path) -> None:
    data = ev(
        (5, 0, 0, 10), (0, 0, 3, 2), (2, 0, 0, 2), (1, 0, 1, 4), (3, 1, 1, 7), (2, 0, 0, 1),
        (4, 0, 0, 5), (6, 0, 0, 30),
    )  # fmt: skip
    events = read(tmp_path, data)
    area, anon = page_events.FILE_AREA, page_events.ANON_AREA
    assert [(e.op, e.file or e.addr, e.offset, e.length) for e in events] == [
        ("stat", "file:0", 0, 40960),
        ("mmap", anon, 0, 8192),
        ("mmap", "file:0", 0, 40960),
        ("pread64", "file:0", 8192, 12288),
        ("store", anon, 0, 1), ("store", anon + 4096, 0, 1),
        ("load", "file:0", 0, 1), ("pwrite64", "file:1", 28672, 4096),
        ("madvise", anon + 4096, 0, 4096),
        ("truncate", "file:0", 0, 20480),
        ("kernel_memory", 0, 0, 122880),
    ]  # fmt: skip
    load = next(e for e in events if e.op == "load")
    assert load.addr == area + 4 * 4096
    assert [e.line for e in events if e.op in ("store", "load", "pwrite64")] == [3, 3, 4, 5]


def test_memory_that_grows_and_shrinks_is_stored_to_once_each_time(tmp_path: Path) -> None:
    many = page_events.BATCH + 3  # at once: goes by itself, in pieces
    data = ev((2, 0, 0, 3), (2, 0, 0, 3), (2, 0, 0, 5), (2, 0, 0, 2), (2, 0, 0, 4), (2, 0, 0, many))
    events = read(tmp_path, data)
    first = page_events.ANON_AREA
    stored = [(e.addr - first) >> 12 for e in events if e.op == "store"]
    assert stored == [0, 1, 2, 3, 4, 2, 3, *range(4, many)]
    dropped = [((e.addr - first) >> 12, e.length >> 12) for e in events if e.op == "madvise"]
    assert dropped == [(2, 3)]
    mapped = [((e.addr - first) >> 12, e.length >> 12) for e in events if e.op == "mmap"]
    assert mapped == [(0, 5), (5, many - 5)]


def test_a_mapping_grows_with_the_touches(tmp_path: Path) -> None:
    events = read(tmp_path, ev((1, 3, 1, 4), (6, 0, 0, 1), (1, 3, 1, 9)))
    maps = [(e.addr, e.length, e.offset) for e in events if e.op == "mmap"]
    base = 4 * page_events.FILE_AREA
    assert maps == [(base, 5 * 4096, 0), (base + 5 * 4096, 5 * 4096, 5 * 4096)]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (ev((5, 0, 0, 9), (7, 0, 0, 1)), r":2: kind 7 with count 0 is no page event"),
        (ev((5, 0, 0, 9), (0, 0, 0, 1)), r":2: kind 0 with count 0 is no page event"),
        (ev((5, 0, 0, 9), (1, 0, 1, 1))[:-3], r":2: the last record has 5 of 8 bytes"),
        (ev((1, 0, 1, 1 << 27)), r":1: touches page 134217728 .* at most 256 GiB"),
    ],
)
def test_bad_page_events_are_named(tmp_path: Path, data: bytes, what: str) -> None:
    with pytest.raises(TraceError, match=what):
        read(tmp_path, data, "ev")


def test_recorded_page_events_are_told_by_their_content(shared: Path) -> None:
    # np's anonymous memory, and kernel memory, are those of the unlimited run: real_np.json
    for name, events in (("np", 251_074 + 2 + 19_328), ("sq", 176_168 + 1)):
        trace = open_trace(shared / "recordings" / "limits" / f"{name}.ev.gz")
        assert trace.format == "ev"
        assert sum(b.num_rows for b in trace.batches) == events


# -- all


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_damaged_traces_end_in_one_line_or_are_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    good = data.draw(
        st.sampled_from([
            (BLOCK, "csv"), (KEYS, "csv"), (MSR, "msr"),
            (oracle((5, 77, 100, 3), (5, 88, 9000, -1)), "oracleGeneral"),
            (ev((5, 0, 0, 10), (0, 0, 3, 2), (2, 0, 0, 2), (1, 0, 1, 4)), "ev"),
        ])
    )  # fmt: skip
    bad = bytearray(good[0][: data.draw(st.integers(0, len(good[0])))])
    for _ in range(data.draw(st.integers(0, 3))):
        if bad:
            bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "t"
    path.write_bytes(bytes(bad))
    try:
        for batch in open_trace(path, good[1]).batches:
            batch.validate(full=True)
    except TraceError as e:
        assert "\n" not in str(e)


def test_memory_does_not_grow_with_a_long_trace(tmp_path: Path) -> None:
    """A batch never holds more than a block of the file."""
    rng = random.Random(3)
    lines = [b"1,R,%d,4096\n" % (rng.randrange(1 << 30) << 12) for _ in range(200_000)]
    path = tmp_path / "long.csv"
    path.write_bytes(b"time,op,offset,size\n" + b"".join(lines))
    sizes = [b.num_rows for b in open_trace(path).batches]
    assert sum(sizes) == 200_000 and max(sizes) < 100_000
