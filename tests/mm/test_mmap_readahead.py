"""Faults on files: what they read, how they count. The figures are real kernels' answers."""

from __future__ import annotations

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MAP_FIXED

from .paging import Task
from .reading import PAGE, K, M, ReadFile

PRIVATE, SHARED = 2, 1
AT = 0x10000000


class Mapped(ReadFile):
    """A file on a disk with 20 us a request, and a task that maps it."""

    def __init__(self, engine: str, kernel: str = "6.12", pages: int = 4096) -> None:
        disk = [{"name": "nullb1", "profile": "null_blk", "size": "1G"}]
        m = Machine(ram="128M", kernel=kernel, disk=disk, engine=engine)
        super().__init__(m, pages)
        m.arena.inodes[self.inode].i_bdev = 1
        self.task = Task(m, m.spawn().index)

    def mmap(self, length: int, prot: str, kind: int, offset: int = 0, at: int = AT) -> int:
        bits = ("r" in prot) | ("w" in prot) << 1 | ("x" in prot) << 2
        m = self.task.run()
        return int(m.mmap.do_mmap(at, length, bits, kind | MAP_FIXED, self.file, offset >> 12))

    def touch(self, address: int, length: int, write: int = 0) -> tuple[int, int]:
        """Minor and major faults of touching every page."""
        record = self.task.record
        minor, major = int(record.min_flt), int(record.maj_flt)
        assert self.task.touch(address, length, write=write) == length // PAGE
        return int(record.min_flt) - minor, int(record.maj_flt) - major

    def misses(self) -> int:
        return int(self.m.arena.files[self.file].ra_mmap_miss)


@pytest.mark.parametrize(
    ("kernel", "all_of_it", "store", "store_again"),
    [("6.1", (31, 32), (15, 1), (1, 1)), ("6.12", (63, 0), (16, 0), (2, 0))],
)
def test_a_task_reads_a_map(
    engine: str,
    kernel: str,
    all_of_it: tuple[int, int],
    store: tuple[int, int],
    store_again: tuple[int, int],
) -> None:
    f = Mapped(engine, kernel)
    a = f.mmap(4 * M, "r", PRIVATE)
    assert f.touch(a, PAGE) == (0, 1)
    assert f.resident(0, 1024) == "+32 -992"
    assert f.touch(a + 64 * K, PAGE) == (1, 0)
    assert f.touch(a + M, PAGE) == (0, 1)
    assert f.resident(0, 1024) == "+32 -208 +32 -752"
    assert f.touch(a, 4 * M) == all_of_it
    b = f.mmap(4 * M, "rw", PRIVATE, 4 * M, AT + 16 * M)
    assert f.touch(b, 64 * K, write=1) == store
    assert f.touch(b + M, PAGE, write=1) == (0, 1)
    assert f.resident(1024, 2048) == "+64 -176 +32 -752"
    assert f.touch(b + M, 64 * K) == store_again
    c = f.mmap(1 * M, "rw", SHARED, 8 * M, AT + 32 * M)
    assert f.touch(c, PAGE) == (0, 1)
    assert f.touch(c, 64 * K, write=1) == store
    f.m.check()


def test_the_fault_after_a_read_maps_around_itself_but_for_the_marker(engine: str) -> None:
    f = Mapped(engine)
    a = f.mmap(16 * M, "r", PRIVATE)
    f.touch(a + 10 * M, PAGE)
    f.m.page_cache.drop_caches()  # what is mapped stays
    assert f.resident() == "-2560 +8 -1 +7 -1520"


def test_madvise_says_how_a_fault_reads(engine: str) -> None:
    f = Mapped(engine)
    a = f.mmap(16 * M, "r", PRIVATE)
    f.task.run().madvise.do_madvise(a, 16 * M, MADV_RANDOM)
    assert f.touch(a + 12 * M, PAGE) == (0, 1)
    assert f.resident() == "-3072 +1 -1023"
    f.task.run().madvise.do_madvise(a, 16 * M, MADV_SEQUENTIAL)
    assert f.touch(a + 14 * M, PAGE) == (0, 1)
    assert f.resident() == "-3072 +1 -511 +32 -480"
    f.task.run().madvise.do_madvise(a, 16 * M, MADV_NORMAL)
    assert f.touch(a + 10 * M, PAGE) == (0, 1)
    assert f.resident() == "-2544 +32 -496 +1 -511 +32 -480"


def test_a_file_that_is_missed_too_often_is_read_page_by_page(engine: str) -> None:
    f = Mapped(engine, pages=16000)
    a = f.mmap(16000 * PAGE, "rw", PRIVATE)
    for i in range(101):  # stores to private maps: no fault-around that would count hits
        assert f.misses() == i
        f.touch(a + (i * 150 + 100) * PAGE, PAGE, write=1)
    assert f.resident(99 * 150, 99 * 150 + 150) == "-84 +32 -34"
    assert f.resident(100 * 150, 100 * 150 + 150) == "-100 +1 -49"
    f.touch(a + (99 * 150 + 101) * PAGE, PAGE, write=1)  # a hit
    f.touch(a + 101 * 150 * PAGE, PAGE)
    assert f.misses() == 100  # its fault-around is a hit again
    f.m.check()
