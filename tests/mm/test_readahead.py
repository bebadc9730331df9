"""What a read brings besides what it asked for. The answers are a real kernel's (6.1 and 6.12)."""

from __future__ import annotations

import pytest

from mmtwin.machine import Machine

from .reading import K, M, ReadFile


def machine(engine: str, kernel: str = "6.12") -> Machine:
    return Machine(ram="128M", kernel=kernel, engine=engine)


SEQUENTIAL = [  # (offset, bytes), and the pages of a 16 MiB file that are cached then
    (0, 4 * K, "+4 -4092"),
    (4 * K, 4 * K, "+12 -4084"),
    (8 * K, 4 * K, "+12 -4084"),
    (12 * K, 4 * K, "+12 -4084"),
    (16 * K, 48 * K, "+60 -4036"),
    (64 * K, 64 * K, "+92 -4004"),
    (128 * K, 128 * K, "+124 -3972"),
    (256 * K, 256 * K, "+188 -3908"),
    (512 * K, 512 * K, "+316 -3780"),
    (1 * M, 15 * M, "+4096"),
]


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_a_sequential_reader_opens_its_window_step_by_step(engine: str, kernel: str) -> None:
    f = ReadFile(machine(engine, kernel))
    for offset, length, cached in SEQUENTIAL:
        assert f.pread(offset, length) == length
        assert f.resident() == cached
    f.m.check()


LARGE_FOLIOS = ["+4", "+12", "+12", "+12", "+24", "+48", "+96", "+160", "+288", "+4096"]


def test_6_18_ends_its_windows_on_the_boundaries_of_ever_larger_folios(engine: str) -> None:
    f = ReadFile(machine(engine, "6.18"))
    for (offset, length, _), cached in zip(SEQUENTIAL, LARGE_FOLIOS, strict=True):
        f.pread(offset, length)
        assert f.resident().split()[0] == cached
    f.m.check()


def test_6_18_follows_a_marker_from_any_page_of_its_folio(engine: str) -> None:
    f = ReadFile(machine(engine, "6.18"))
    f.pread(0, 4 * K)
    f.pread(4 * K, 4 * K)  # the marker is a folio of four: pages 4 to 7
    f.pread(24 * K, 4 * K)
    assert f.resident(0, 32) == "+16 -16"


def test_the_marker_stands_where_the_next_window_is_asked_for(engine: str) -> None:
    f = ReadFile(machine(engine))
    f.pread(0, 4 * K)  # 0 [1 2 3]
    assert f.markers() == [1]
    f.pread(4 * K, 4 * K)  # page 1 was the marker: [4 ... 11]
    assert f.markers() == [4]
    f.pread(16 * K, 4 * K)  # [12 ... 27]
    assert f.markers() == [12]
    f.pread(40 * K, 12 * K)  # [28 ... 59]: the window is as large as it gets
    assert f.markers() == [28]
    assert f.resident(0, 64) == "+60 -4"


def test_a_random_read_brings_exactly_what_was_asked_for(engine: str) -> None:
    f = ReadFile(machine(engine))
    f.pread(8 * M, 4 * K)
    f.pread(4 * M + 5000, 8000)
    assert f.resident() == "-1025 +3 -1020 +1 -2047"
    assert f.markers() == []


def test_pages_before_a_miss_that_are_cached_make_it_a_stream(engine: str) -> None:
    f = ReadFile(machine(engine))
    other = int(f.m.page_cache.open_file(f.inode, 0, 1))
    f.pread(100 * 4 * K, 3 * 4 * K)  # 100 101 102, by one that looks no further
    f.pread(103 * 4 * K, 4 * K, file=other)  # 3 pages before it are more than the 1 it wants
    assert f.resident(100, 110) == "+7 -3"
    assert f.markers() == [106]


def test_a_foreign_marker_is_followed_behind_what_is_cached(engine: str) -> None:
    f = ReadFile(machine(engine))
    f.pread(0, 4 * K)  # +4, the marker on page 1
    other = int(f.m.page_cache.open_file(f.inode, 0, 1))
    f.pread(4 * K, 4 * K, file=other)  # 3 pages ahead and 1 wanted: 4, doubled
    assert f.resident(0, 16) == "+12 -4"
    assert f.markers() == [4]
    f.m.check()


@pytest.mark.parametrize(("kernel", "cached"), [("6.1", "+65 -35"), ("6.12", "+35 -65")])
def test_a_foreign_marker_with_a_whole_window_behind_it(
    engine: str, kernel: str, cached: str
) -> None:
    """6.1 takes the last page that it looked at for one that is missing, and reads from there."""
    f = ReadFile(machine(engine, kernel), pages=100)
    f.pread(0, 4 * K)  # the marker on page 1
    other = int(f.m.page_cache.open_file(f.inode, 0, 1))
    f.pread(4 * 4 * K, 31 * 4 * K, 31 * 4 * K, file=other)
    assert f.resident() == "+35 -65"
    third = int(f.m.page_cache.open_file(f.inode, 0, 1))
    f.pread(4 * K, 4 * K, file=third)
    assert f.resident() == cached


def test_a_large_request_keeps_its_window_where_ra_pages_is_smaller(engine: str) -> None:
    """As with read_ahead_kb 4: a request may be as long as the device's largest."""
    for kernel, cached in (("6.1", "+15 -17"), ("6.12", "+20 -12")):
        f = ReadFile(machine(engine, kernel), pages=32)
        f.m.arena.files[f.file].ra_pages = 1
        for i in range(4):
            f.pread(i * 12677, 12677)
        assert f.resident() == cached


def test_readahead_ends_with_the_file(engine: str) -> None:
    f = ReadFile(machine(engine), pages=6, size=5 * 4 * K + 100)
    assert f.pread(0, 1 * M) == 5 * 4 * K + 100
    assert f.resident() == "+6"
    assert f.markers() == []
    assert f.pread(5 * 4 * K + 100, 4 * K) == 0
    assert f.pread(1 * M, 4 * K) == 0
