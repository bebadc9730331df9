"""posix_fadvise(), readahead() and MADV_WILLNEED. The figures are a real kernel's answers."""

from __future__ import annotations

import pytest

from mmtwin.mm.uapi import (
    EBADF,
    EINVAL,
    FADV_DONTNEED,
    FADV_NORMAL,
    FADV_RANDOM,
    FADV_SEQUENTIAL,
    FADV_WILLNEED,
    FMODE_RANDOM,
    MADV_WILLNEED,
)

from .reading import PAGE, K, M
from .test_mmap_readahead import PRIVATE, Mapped


def advise(f: Mapped, offset: int, length: int, advice: int) -> int:
    return int(f.task.run().fadvise.generic_fadvise(f.file, offset, length, advice))


def arrive(f: Mapped) -> None:
    """Let what is under way come in."""
    f.m.clock.sleep_until(f.m.clock.now() + 10**9)


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_advice_as_a_real_kernel_takes_it(engine: str, kernel: str) -> None:
    f = Mapped(engine, kernel)
    assert advise(f, 0, M, FADV_WILLNEED) == 0  # no more than one window or request
    arrive(f)
    assert f.resident() == "+32 -4064"
    assert f.m.fadvise.ksys_readahead(f.file, 2 * M, 512 * K) == 0
    arrive(f)
    assert f.resident() == "+32 -480 +32 -3552"
    advise(f, 0, 512 * K, FADV_DONTNEED)
    assert f.resident() == "-512 +32 -3552"
    advise(f, 600 * K, 10 * K, FADV_DONTNEED)
    advise(f, 0, 0, FADV_SEQUENTIAL)
    f.pread(4 * M, 4 * K)
    assert f.resident() == "-512 +32 -480 +1 -3071"
    f.pread(4100 * K, 4 * K)
    assert f.resident() == "-512 +32 -480 +5 -3067"
    advise(f, 0, 0, FADV_RANDOM)
    f.pread(8 * M, 4 * K)
    f.pread(8196 * K, 4 * K)
    f.pread(8200 * K, 64 * K)
    assert f.resident() == "-512 +32 -480 +5 -1019 +18 -2030"
    advise(f, 0, 0, FADV_NORMAL)
    f.pread(0, 2 * M, 128 * K)
    assert f.resident() == "+544 -480 +5 -1019 +18 -2030"
    f.m.check()


def test_a_page_that_is_dropped_in_part_stays_but_the_files_last(engine: str) -> None:
    f = Mapped(engine, pages=4)
    f.m.arena.inodes[f.inode].i_size = 3 * PAGE + 100
    f.pread(0, 4 * PAGE)
    advise(f, 1, 2 * PAGE, FADV_DONTNEED)
    assert f.resident() == "+1 -1 +2"
    advise(f, 2 * PAGE, PAGE + 99, FADV_DONTNEED)
    assert f.resident() == "+1 -2 +1"
    advise(f, 2 * PAGE, PAGE + 100, FADV_DONTNEED)
    assert f.resident() == "+1 -3"
    advise(f, 0, PAGE - 1, FADV_DONTNEED)
    assert f.resident() == "+1 -3"


def test_dropping_leaves_what_is_mapped_dirty_or_being_read(engine: str) -> None:
    f = Mapped(engine)
    a = f.mmap(16 * M, "r", PRIVATE)
    f.touch(a, PAGE)
    advise(f, 0, 0, FADV_DONTNEED)
    assert f.resident() == "+16 -4080"  # fault-around mapped them
    f.pwrite(100 * PAGE, PAGE)
    advise(f, 0, 0, FADV_DONTNEED)
    assert f.resident() == "+16 -84 +1 -3995"
    advise(f, 200 * PAGE, PAGE, FADV_WILLNEED)
    assert f.locked() == "-200 +1 -3895"
    advise(f, 200 * PAGE, PAGE, FADV_DONTNEED)
    assert f.resident(200, 202) == "+1 -1"
    arrive(f)
    advise(f, 200 * PAGE, PAGE, FADV_DONTNEED)
    assert f.resident(200, 202) == "-2"
    f.m.check()


def test_madvise_willneed_reads_the_file_behind_the_mapping(engine: str) -> None:
    f = Mapped(engine)
    a = f.mmap(4 * M, "r", PRIVATE, offset=M)
    assert f.task.run().madvise.do_madvise(a + 64 * K, 32 * K, MADV_WILLNEED) == 0
    assert f.resident() == "-272 +8 -3816"
    assert f.touch(a + 64 * K, PAGE) == (1, 0)  # found while it is read


def test_errors_and_what_the_file_remembers(engine: str) -> None:
    f = Mapped(engine)
    assert advise(f, 0, -1, FADV_NORMAL) == -EINVAL
    assert advise(f, 0, 0, 6) == -EINVAL
    record = f.m.arena.files[f.file]
    advise(f, 0, 0, FADV_RANDOM)
    assert int(record.f_mode) & FMODE_RANDOM
    advise(f, 0, 0, FADV_SEQUENTIAL)
    assert (int(record.f_mode) & FMODE_RANDOM, int(record.ra_pages)) == (0, 64)
    advise(f, 0, 0, FADV_NORMAL)
    assert int(record.ra_pages) == 32
    write_only = int(f.m.page_cache.open_file(f.inode, 1, 2))
    assert f.m.fadvise.ksys_readahead(write_only, 0, PAGE) == -EBADF
