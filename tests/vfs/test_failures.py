"""Devices that fail: who is told, once, and what becomes of pages. Direct and synchronous I/O."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.block import REQ_OP_READ, REQ_OP_WRITE
from mmtwin.mm.page_flags import PG_dirty, PG_uptodate, PG_writeback
from mmtwin.mm.uapi import (
    MAP_SHARED,
    O_CREAT,
    O_DIRECT,
    O_DSYNC,
    O_RDWR,
    O_SYNC,
    PROT_READ,
    PROT_WRITE,
)
from mmtwin.mm.vmstat_items import PGPGIN, PGPGOUT
from mmtwin.task import BusError, Task

PAGE = 4096
READS, WRITES = 1 << REQ_OP_READ, 1 << REQ_OP_WRITE
ALWAYS = -1
RW = PROT_READ | PROT_WRITE
LAST = (1 << 62) - 1


def opened(engine: str, flags: int = 0, pages: int = 64) -> tuple[Task, int]:
    machine = Machine(ram="64M", cpus=1, engine=engine)
    machine.namespace.create_on_disk("/f", pages * PAGE)
    t = machine.spawn()
    return t, t.open("/f", O_RDWR | flags)


def inode_of(t: Task, fd: int) -> int:
    return int(t.machine.arena.files[t.fd_file(fd)].f_inode)


def fail(t: Task, fd: int, ops: int, times: int = ALWAYS, error: int = errno.EIO,
         first: int = 0, last: int = LAST) -> None:  # fmt: skip
    inode = inode_of(t, fd)
    device = int(t.machine.arena.inodes[inode].i_bdev)
    t.machine.block.inject(device, inode, first, last, ops, -error, times)


def fails(code: int, call: Callable[[], object]) -> None:
    with pytest.raises(OSError) as error:
        call()
    assert error.value.errno == code


def sectors(t: Task, item: int) -> int:
    return int(t.machine.arena.vm_event_states[item])


def pfn_of(t: Task, fd: int, index: int) -> int:
    return int(t.machine.page_cache.find_get_page(inode_of(t, fd), index))


def test_a_read_that_fails_is_eio_and_a_later_one_tries_again(engine: str) -> None:
    t, fd = opened(engine)
    fail(t, fd, READS)
    fails(errno.EIO, lambda: t.pread(fd, PAGE, 0))
    t.machine.block.clear_errors()
    assert t.pread(fd, PAGE, 0) == PAGE
    t.machine.check()


def test_what_was_read_before_the_bad_page_is_returned(engine: str) -> None:
    t, fd = opened(engine)
    fail(t, fd, READS, first=5, last=5)
    assert t.pread(fd, 9 * PAGE, 0) == 5 * PAGE
    fails(errno.EIO, lambda: t.pread(fd, PAGE, 5 * PAGE))
    assert t.pread(fd, PAGE, 6 * PAGE) == PAGE


def test_a_load_of_a_page_that_cannot_be_read_is_a_bus_error(engine: str) -> None:
    t, fd = opened(engine)
    address = t.mmap_fd(0, 64 * PAGE, PROT_READ, MAP_SHARED, fd)
    fail(t, fd, READS)
    with pytest.raises(BusError):
        t.read(address)
    pfn = pfn_of(t, fd, 0)
    assert not pfn or not int(t.machine.arena.pages[pfn]["flags"]) & PG_uptodate
    t.machine.block.clear_errors()
    assert t.read(address) == 1
    t.machine.check()


def test_a_write_to_part_of_a_page_that_cannot_be_read_is_eio(engine: str) -> None:
    t, fd = opened(engine)
    fail(t, fd, READS)
    fails(errno.EIO, lambda: t.pwrite(fd, 10, 0))
    assert t.pwrite(fd, PAGE, 0) == PAGE  # a whole page needs no reading


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_each_open_file_is_told_once_of_a_failed_writeback(engine: str, code: int) -> None:
    t, fd = opened(engine)
    other = t.open("/f", O_RDWR)
    t.pwrite(fd, 4 * PAGE, 0)
    fail(t, fd, WRITES, error=code)
    fails(code, lambda: t.fsync(fd))
    flags = int(t.machine.arena.pages[pfn_of(t, fd, 0)]["flags"])
    assert not flags & (PG_dirty | PG_writeback)  # the data is lost, as ext4 loses it
    t.machine.block.clear_errors()
    t.fsync(fd)
    fails(code, lambda: t.fdatasync(other))
    t.fsync(other)
    t.fsync(t.open("/f", O_RDWR))  # opened after it was told
    t.machine.check()


def test_an_error_that_nobody_was_told_of_meets_who_opens_next(engine: str) -> None:
    t, fd = opened(engine)
    t.pwrite(fd, PAGE, 0)
    fail(t, fd, WRITES)
    t.close(fd)
    t.sync()
    fails(errno.EIO, lambda: t.fsync(t.open("/f", O_RDWR)))


def test_msync_tells_of_it_too(engine: str) -> None:
    t, fd = opened(engine)
    address = t.mmap_fd(0, 4 * PAGE, RW, MAP_SHARED, fd)
    t.write(address, 4 * PAGE)
    fail(t, fd, WRITES)
    fails(errno.EIO, lambda: t.msync(address, 4 * PAGE))
    t.machine.block.clear_errors()
    t.msync(address, 4 * PAGE)


@pytest.mark.parametrize("flags", [O_DSYNC, O_SYNC])
def test_synchronous_writes_are_on_the_device_when_they_return(engine: str, flags: int) -> None:
    t, fd = opened(engine, flags)
    before = sectors(t, PGPGOUT)
    t.pwrite(fd, 4 * PAGE, 0)
    assert sectors(t, PGPGOUT) == before + 32
    assert not int(t.machine.arena.pages[pfn_of(t, fd, 0)]["flags"]) & (PG_dirty | PG_writeback)
    fail(t, fd, WRITES)
    fails(errno.EIO, lambda: t.pwrite(fd, PAGE, 0))


def test_direct_reads_leave_no_pages_and_see_what_was_written(engine: str) -> None:
    t, fd = opened(engine, O_DIRECT)
    buffered = t.open("/f", O_RDWR)
    t.pwrite(buffered, 2 * PAGE, 0)
    reads, writes = sectors(t, PGPGIN), sectors(t, PGPGOUT)
    assert t.pread(fd, 8 * PAGE, 0) == 8 * PAGE
    assert sectors(t, PGPGIN) == reads + 64
    assert sectors(t, PGPGOUT) == writes + 16
    assert t.machine.arena.inodes[inode_of(t, fd)].nrpages == 2
    assert t.pread(fd, 8 * PAGE, 62 * PAGE) == 2 * PAGE
    assert t.pread(fd, PAGE, 64 * PAGE) == 0
    fails(errno.EINVAL, lambda: t.pread(fd, 100, 0))
    t.machine.check()


def test_direct_writes_drop_the_pages_that_they_make_old(engine: str) -> None:
    t, fd = opened(engine, O_DIRECT)
    buffered = t.open("/f", O_RDWR)
    address = t.mmap_fd(0, 8 * PAGE, PROT_READ, MAP_SHARED, buffered)
    t.read(address, 8 * PAGE)
    assert t.pwrite(fd, 3 * PAGE, 2 * PAGE) == 3 * PAGE
    assert t.mincore(address, 8 * PAGE) == bytes([1, 1, 0, 0, 0, 1, 1, 1])
    assert t.pwrite(fd, 4 * PAGE, 64 * PAGE) == 4 * PAGE
    assert t.stat("/f") == 68 * PAGE
    fails(errno.EINVAL, lambda: t.pwrite(fd, 100, 0))
    t.machine.check()


def test_direct_io_that_fails_is_told_at_once(engine: str) -> None:
    t, fd = opened(engine, O_DIRECT)
    fail(t, fd, READS | WRITES)
    fails(errno.EIO, lambda: t.pread(fd, PAGE, 0))
    fails(errno.EIO, lambda: t.pwrite(fd, PAGE, 0))
    t.machine.block.clear_errors()
    assert t.pwrite(fd, PAGE, 0) == PAGE


def test_sync_file_range_writes_what_it_is_told_to(engine: str) -> None:
    t, fd = opened(engine)
    t.pwrite(fd, 16 * PAGE, 0)
    before = sectors(t, PGPGOUT)
    t.sync_file_range(fd, 4 * PAGE, 4 * PAGE, 7)
    assert sectors(t, PGPGOUT) == before + 32
    fails(errno.EINVAL, lambda: t.sync_file_range(fd, 0, 0, 8))
    t.open("/g", O_CREAT | O_RDWR)
