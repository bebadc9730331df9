"""lackey's text becomes mappings and accesses."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.trace.errors import TraceError
from mmtwin.trace.events import ACCESS_OPS, Event, events_of_batch
from mmtwin.trace.lackey import CLUSTER_GAP, LackeyReader, clusters

TEXT = (
    "==31549== Lackey, an example Valgrind tool\n"
    "==31549== Command: ./p -x\n"
    "==31549== \n"
    "I  0401ab70,3\n"
    " S 1fff000778,8\n"
    " L 1fff000ffc,8\n"
    " M 0421d7cc,4\n"
    "==31549== Exit code:       0\n"
)


def read(tmp_path: Path, text: str) -> tuple[LackeyReader, list[Event]]:
    path = tmp_path / "lk.txt"
    path.write_text(text)
    reader = LackeyReader(path)
    return reader, [e for batch in reader.batches() for e in events_of_batch(batch)]


def test_accesses_keep_address_size_kind_and_line(tmp_path: Path) -> None:
    reader, events = read(tmp_path, TEXT)
    accesses = [(e.op, e.addr, e.length, e.line) for e in events if e.op in ACCESS_OPS]
    assert accesses == [
        ("fetch", 0x401AB70, 3, 4), ("store", 0x1FFF000778, 8, 5), ("load", 0x1FFF000FFC, 8, 6),
        ("modify", 0x421D7CC, 4, 7),
    ]  # fmt: skip
    assert {e.pid for e in events} == {31549}
    assert reader.command == "./p -x"


def test_mappings_cover_every_touched_page_and_come_first(tmp_path: Path) -> None:
    _, events = read(tmp_path, TEXT)
    mappings = [e for e in events if e.op == "mmap"]
    assert events[: len(mappings)] == mappings
    assert [(e.addr, e.length, e.prot) for e in mappings] == [
        (0x401A000, 0x1000, 7), (0x421D000, 0x1000, 3),
        (0x1FFF000000, 0x2000, 3),  # the load at the page's end reaches into the next one
    ]  # fmt: skip


def test_pages_up_to_the_gap_apart_share_a_mapping() -> None:
    gap = CLUSTER_GAP >> 12
    pages = np.array([10, 10 + gap, 10 + 2 * gap + 1], np.uint64)
    none = np.empty(0, np.uint64)
    assert clusters(pages, none) == [
        (10 << 12, 11 + gap << 12, False), (11 + 2 * gap << 12, 12 + 2 * gap << 12, False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("hello world", "not a line of lackey"),
        (" X 0401ab70,3", "not a line of lackey"),
        (" S 0401abzz,3", "is no access"),
        (" S 0401ab70", "is no access"),
        (" S 0401ab70,", "is no access"),
        (" S ffffffff81000000,8", "is no access"),
        (" S 0401ab70,0", "is no access"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, what: str) -> None:
    with pytest.raises(TraceError, match=what) as caught:
        read(tmp_path, TEXT + line + "\n L 0401ab70,3\n")
    assert caught.value.line == 9


def test_a_last_line_that_is_cut_short_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"lk\.txt:9: .*cut short"):
        read(tmp_path, TEXT + " S 0401a")


def slow(text: str) -> list[tuple[str, int, int]]:
    ops = {"I": "fetch", "L": "load", "S": "store", "M": "modify"}
    found = re.findall(r"^(?:I | ([LSM])) ([0-9a-f]+),(\d+)$", text, re.M)
    return [(ops[k or "I"], int(a, 16), int(n)) for k, a, n in found]


ACCESS = st.tuples(
    st.sampled_from(["I ", " L", " S", " M"]), st.integers(0, (1 << 47) - 1000), st.integers(1, 999)
)


@given(st.lists(ACCESS, min_size=1, max_size=50))
@settings(max_examples=100, deadline=None)
def test_the_fast_parser_agrees_with_a_regular_expression(
    tmp_path_factory: pytest.TempPathFactory, accesses: list[tuple[str, int, int]]
) -> None:
    text = "".join(f"{kind} {addr:08x},{size}\n" for kind, addr, size in accesses)
    _, events = read(tmp_path_factory.getbasetemp(), text)
    got = [(e.op, e.addr, e.length) for e in events if e.op in ACCESS_OPS]
    assert got == slow(text)


@given(
    st.lists(st.tuples(st.integers(0, len(TEXT) - 1), st.integers(0, 255)), max_size=4),
    st.integers(0, len(TEXT)),
)
@settings(max_examples=200, deadline=None)
def test_a_damaged_recording_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(TEXT.encode())
    for at, value in flips:
        data[at] = value
    path = tmp_path_factory.getbasetemp() / "fuzzed.lackey"
    path.write_bytes(bytes(data[:cut]))
    try:
        list(LackeyReader(path).batches())
    except TraceError as e:
        assert "\n" not in str(e)
