"""Files of a device that become shorter or longer, holes, and O_APPEND."""

from __future__ import annotations

import errno

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.page_flags import PG_dirty
from mmtwin.mm.uapi import (
    MAP_PRIVATE,
    MAP_SHARED,
    O_APPEND,
    O_CREAT,
    O_RDWR,
    PROT_READ,
    PROT_WRITE,
    RLIMIT_FSIZE,
)
from mmtwin.task import BusError, Task

PAGE = 4096
RW = PROT_READ | PROT_WRITE


def opened(engine: str, pages: int = 0, flags: int = 0) -> tuple[Task, int]:
    t = Machine(ram="64M", cpus=1, engine=engine).spawn()
    fd = t.open("/f", O_CREAT | O_RDWR | flags)
    if pages:
        t.pwrite(fd, pages * PAGE, 0)
    return t, fd


def inode_of(t: Task, fd: int) -> int:
    return int(t.machine.arena.files[t.fd_file(fd)].f_inode)


def test_a_truncation_takes_private_copies_along(engine: str) -> None:
    t, fd = opened(engine, 8)
    shared = t.mmap_fd(0, 8 * PAGE, RW, MAP_SHARED, fd)
    private = t.mmap_fd(0, 8 * PAGE, RW, MAP_PRIVATE, fd)
    t.write(shared, 8 * PAGE)
    t.write(private, 8 * PAGE)
    t.ftruncate(fd, 3 * PAGE + 1)
    assert t.mincore(private, 8 * PAGE) == bytes([1] * 4 + [0] * 4)
    assert t.read(shared + 3 * PAGE) == 1
    for address in (shared, private):
        with pytest.raises(BusError):
            t.read(address + 4 * PAGE)
    t.machine.check()


def test_the_page_that_is_cut_is_written_to(engine: str) -> None:
    t, fd = opened(engine, 4)
    inode, arena = inode_of(t, fd), t.machine.arena
    pages = [int(t.machine.page_cache.find_get_page(inode, n)) for n in range(4)]
    for pfn in pages:
        arena.pages[pfn]["flags"] = int(arena.pages[pfn]["flags"])
    t.ftruncate(fd, 2 * PAGE + 5)
    assert arena.inodes[inode].nrpages == 3
    assert int(arena.pages[pages[2]]["flags"]) & PG_dirty
    t.machine.check()


def test_appending_ignores_the_offset(engine: str) -> None:
    t, fd = opened(engine, 2, O_APPEND)
    t.pwrite(fd, 10, 0)
    t.lseek(fd, 0)
    t.sys_write(fd, 10)
    assert t.stat("/f") == t.lseek(fd, 0, 1) == 2 * PAGE + 20


def test_no_file_grows_over_rlimit_fsize(engine: str) -> None:
    t, fd = opened(engine)
    t.setrlimit(RLIMIT_FSIZE, 10_000, 10_000)
    assert t.pwrite(fd, 20_000, 5_000) == 5_000
    with pytest.raises(OSError) as error:
        t.pwrite(fd, 1, 10_000)
    assert error.value.errno == errno.EFBIG


def test_a_range_is_cut_out_in_whole_blocks_within_the_file(engine: str) -> None:
    t, fd = opened(engine, 8)
    for offset, length in ((1, PAGE), (0, PAGE + 1), (4 * PAGE, 4 * PAGE)):
        with pytest.raises(OSError) as error:
            t.fallocate(fd, 8, offset, length)
        assert error.value.errno == errno.EINVAL
    t.fallocate(fd, 8, 2 * PAGE, 2 * PAGE)
    assert t.stat("/f") == 6 * PAGE
    assert t.machine.arena.inodes[inode_of(t, fd)].nrpages == 2
    t.fallocate(fd, 32, PAGE, 3 * PAGE)
    assert t.stat("/f") == 9 * PAGE
    t.machine.check()


def test_lseek_knows_ends_and_refuses_what_is_before_the_start(engine: str) -> None:
    t, fd = opened(engine, 2)
    assert t.lseek(fd, -PAGE, 2) == PAGE
    assert t.lseek(fd, PAGE, 1) == 2 * PAGE
    for offset, whence, code in ((-1, 0, errno.EINVAL), (2 * PAGE, 3, errno.ENXIO),
                                 (0, 9, errno.EINVAL)):  # fmt: skip
        with pytest.raises(OSError) as error:
            t.lseek(fd, offset, whence)
        assert error.value.errno == code


def test_invalidation_for_direct_io_unmaps_clean_pages_and_fails_on_dirty_ones(engine: str) -> None:
    t, fd = opened(engine, 4)
    machine, inode = t.machine, inode_of(t, fd)
    invalidate = machine.truncate.invalidate_inode_pages2_range
    assert invalidate(inode, 0, 9) == -errno.EBUSY
    address = t.mmap_fd(0, 8 * PAGE, PROT_READ, MAP_SHARED, t.open("/big", O_CREAT | O_RDWR))
    big = machine.namespace.lookup("/big")
    machine.arena.inodes[big].i_size = 8 * PAGE
    t.read(address, 8 * PAGE)
    assert invalidate(big, 2, 5) == 0
    assert t.mincore(address, 8 * PAGE) == bytes([1, 1, 0, 0, 0, 0, 1, 1])
    machine.check()
