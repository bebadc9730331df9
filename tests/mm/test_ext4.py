"""Holes and blocks: which pages are on the device, and what a full device does."""

from __future__ import annotations

import errno
import random

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.ext4 import EXTENT_HOLE, EXTENT_UNWRITTEN, EXTENT_WRITTEN
from mmtwin.mm.uapi import MAP_SHARED, O_CREAT, O_RDWR, PROT_READ, PROT_WRITE
from mmtwin.mm.vmstat_items import PGPGIN
from mmtwin.task import BusError, Task

PAGE = 4096
RW = PROT_READ | PROT_WRITE


def task(engine: str, size: int = 0) -> Task:
    machine = Machine(ram="64M", cpus=1, engine=engine)
    machine.namespace.make_directories("/d")
    machine.namespace.mount("/d", "ext4", device=1, size=size)
    return machine.spawn()


def inode_of(t: Task, fd: int) -> int:
    return int(t.machine.arena.files[t.fd_file(fd)].f_inode)


def read_sectors(t: Task) -> int:
    t.machine.clock.sleep_until(t.machine.clock.now() + 10**9)
    return int(t.machine.arena.vm_event_states[PGPGIN])


@pytest.mark.parametrize("seed", range(5))
def test_extents_are_those_of_a_list_of_pages(engine: str, seed: int) -> None:
    t, rng = task(engine), random.Random(seed)
    ext4, inode = t.machine.ext4, t.machine.namespace.create("/d/f")
    pages = [EXTENT_HOLE] * 60
    for _ in range(200):
        first = rng.randrange(60)
        length = rng.randrange(1, 61 - first)
        status = rng.choice([EXTENT_HOLE, EXTENT_UNWRITTEN, EXTENT_WRITTEN])
        assert ext4.set_status(inode, first, length, status) == 0
        pages[first : first + length] = [status] * length
        assert [ext4.status_of(inode, n) for n in range(60)] == pages
        at = rng.randrange(60)
        run = (
            next(
                (
                    n
                    for n in range(at, 60)
                    if (pages[n] == EXTENT_WRITTEN) != (pages[at] == EXTENT_WRITTEN)
                ),
                60,
            )
            - at
        )
        mapped = int(ext4.map_blocks(inode, at, 60 - at))
        assert abs(mapped) <= run
        assert (mapped > 0) == (pages[at] == EXTENT_WRITTEN)
    ext4.check()
    t.machine.namespace.unlink("/d/f")
    t.machine.check()


def test_nothing_is_read_of_a_hole(engine: str) -> None:
    t = task(engine)
    fd = t.open("/d/f", O_CREAT | O_RDWR)
    t.ftruncate(fd, 64 * PAGE)
    before = read_sectors(t)
    assert t.pread(fd, 64 * PAGE, 0) == 64 * PAGE
    assert read_sectors(t) == before
    address = t.mmap_fd(0, 64 * PAGE, PROT_READ, MAP_SHARED, fd)
    assert t.mincore(address, 64 * PAGE) == bytes([1] * 64)


def test_what_was_there_before_is_read(engine: str) -> None:
    t = task(engine)
    t.machine.namespace.create_on_disk("/d/f", 16 * PAGE)
    fd = t.open("/d/f")
    before = read_sectors(t)
    t.pread(fd, 16 * PAGE, 0)
    assert read_sectors(t) == before + 16 * 8


def test_part_of_a_page_of_a_hole_is_written_without_reading(engine: str) -> None:
    t = task(engine)
    t.machine.namespace.create_on_disk("/d/old", 16 * PAGE)
    new, old = t.open("/d/new", O_CREAT | O_RDWR), t.open("/d/old", O_RDWR)
    t.ftruncate(new, 16 * PAGE)
    before = read_sectors(t)
    t.pwrite(new, 10, 5 * PAGE)
    assert read_sectors(t) == before
    t.pwrite(old, 10, 5 * PAGE)
    assert read_sectors(t) == before + 8


def test_fallocated_pages_are_not_read_but_have_room(engine: str) -> None:
    t = task(engine, size=8 * PAGE)
    fd, other = (t.open(f"/d/{n}", O_CREAT | O_RDWR) for n in "ab")
    t.fallocate(fd, 0, 0, 6 * PAGE)
    with pytest.raises(OSError) as error:
        t.fallocate(other, 0, 0, 3 * PAGE)
    assert error.value.errno == errno.ENOSPC
    assert t.stat("/d/b") == 0
    before = read_sectors(t)
    assert t.pread(fd, 9 * PAGE, 0) == 6 * PAGE
    assert read_sectors(t) == before
    assert t.pwrite(fd, 6 * PAGE, 0) == 6 * PAGE
    t.machine.check()


def test_a_full_device_takes_what_fits(engine: str) -> None:
    t = task(engine, size=8 * PAGE)
    fd = t.open("/d/f", O_CREAT | O_RDWR)
    assert t.pwrite(fd, 10 * PAGE, PAGE) == 8 * PAGE
    with pytest.raises(OSError) as error:
        t.pwrite(fd, 1, 20 * PAGE)
    assert error.value.errno == errno.ENOSPC
    assert t.pwrite(fd, PAGE, PAGE) == PAGE
    t.ftruncate(fd, 4 * PAGE)
    assert t.pwrite(fd, 9 * PAGE, 4 * PAGE) == 5 * PAGE
    t.unlink("/d/f")
    t.close(fd)
    fd = t.open("/d/f", O_CREAT | O_RDWR)
    assert t.pwrite(fd, 8 * PAGE, 0) == 8 * PAGE
    t.machine.check()


def test_a_store_to_a_hole_of_a_full_device_is_a_bus_error(engine: str) -> None:
    t = task(engine, size=4 * PAGE)
    fd = t.open("/d/f", O_CREAT | O_RDWR)
    t.ftruncate(fd, 8 * PAGE)
    address = t.mmap_fd(0, 8 * PAGE, RW, MAP_SHARED, fd)
    t.read(address, 8 * PAGE)
    with pytest.raises(BusError) as error:
        t.write(address, 8 * PAGE)
    assert error.value.done == 4
    t.machine.check()


def test_a_range_that_is_cut_out_moves_the_blocks_behind_it(engine: str) -> None:
    t = task(engine)
    fd = t.open("/d/f", O_CREAT | O_RDWR)
    t.pwrite(fd, 4 * PAGE, 0)
    t.pwrite(fd, 4 * PAGE, 10 * PAGE)
    inode = inode_of(t, fd)
    t.fallocate(fd, 8, 2 * PAGE, 8 * PAGE)
    assert t.machine.ext4.extents_of(inode) == [(0, 6, EXTENT_WRITTEN)]
    t.fallocate(fd, 32, PAGE, 2 * PAGE)
    assert t.machine.ext4.extents_of(inode) == [(0, 1, EXTENT_WRITTEN), (3, 5, EXTENT_WRITTEN)]
    t.machine.check()


def test_the_page_in_which_a_file_is_cut_is_read_if_it_has_a_block(engine: str) -> None:
    t = task(engine)
    t.machine.namespace.create_on_disk("/d/f", 16 * PAGE)
    fd = t.open("/d/f", O_RDWR)
    before = read_sectors(t)
    t.ftruncate(fd, 7 * PAGE + 9)
    assert read_sectors(t) == before + 8
    assert t.machine.arena.inodes[inode_of(t, fd)].nrpages == 1
    t.ftruncate(fd, 32 * PAGE)
    t.ftruncate(fd, 20 * PAGE + 9)
    assert t.machine.arena.inodes[inode_of(t, fd)].nrpages == 1
    t.machine.check()


@pytest.mark.parametrize("directory", ["/d", "/tmp"])
def test_lseek_finds_holes_and_data(engine: str, directory: str) -> None:
    t = task(engine)
    fd = t.open(f"{directory}/f", O_CREAT | O_RDWR)
    t.pwrite(fd, 2 * PAGE, 4 * PAGE)
    t.ftruncate(fd, 10 * PAGE)
    data, hole = 3, 4
    assert t.lseek(fd, 5, data) == 4 * PAGE
    assert t.lseek(fd, 4 * PAGE + 5, data) == 4 * PAGE + 5
    assert t.lseek(fd, 4 * PAGE + 5, hole) == 6 * PAGE
    assert t.lseek(fd, 7, hole) == 7
    with pytest.raises(OSError) as error:
        t.lseek(fd, 6 * PAGE, data)
    assert error.value.errno == errno.ENXIO
