"""Mappings across the end of their file, holes punched into a file, stacks above what grows."""

from __future__ import annotations

import os

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.page_flags import INODE_REGULAR
from mmtwin.mm.uapi import (
    FMODE_READ,
    FMODE_WRITE,
    MADV_REMOVE,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_GROWSDOWN,
    MAP_PRIVATE,
    MAP_SHARED,
)
from mmtwin.mm.vm_flags import VM_NORESERVE
from mmtwin.task import BusError, Task

PAGE = 4096
PLACE = 0x300000000
RW = 3


def new_machine(engine: str, kernel: str = "6.12") -> tuple[Machine, Task]:
    machine = Machine(ram="256M", cpus=1, kernel=kernel, engine=engine)
    return machine, machine.spawn("p")


def regular(machine: Machine, pages: int) -> int:
    """A file, all in the cache."""
    cache = machine.page_cache
    inode = int(cache.new_inode(INODE_REGULAR, pages * PAGE, 12, 1))
    for index in range(pages):
        cache.filemap_get_or_read(inode, index)
    return int(cache.open_file(inode, os.O_RDWR, FMODE_READ | FMODE_WRITE))


def tables(task: Task) -> int:
    return int(task.mm.pgtables_bytes) // PAGE


# As real kernels answered: tables made and pages resident by a read behind the file's end.
BEHIND_THE_END = [
    ("6.1", 10, (2, 1)),
    ("6.12", 10, (1, 0)),  # only the last page is near, and there is no table yet
    ("6.18", 10, (1, 0)),
    ("6.12", 9, (2, 2)),
    ("6.18", 9, (2, 2)),
]


@pytest.mark.parametrize(("kernel", "offset", "made"), BEHIND_THE_END)
def test_a_read_behind_the_end_maps_what_is_before_it(
    engine: str, kernel: str, offset: int, made: tuple[int, int]
) -> None:
    machine, task = new_machine(engine, kernel)
    file = regular(machine, 11)
    task.mmap(0x200000000, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
    task.write(0x200000000)
    before = tables(task)
    task.mmap(PLACE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, file, offset * PAGE)
    with pytest.raises(BusError):
        task.read(PLACE + (11 - offset) * PAGE)
    assert (tables(task) - before, int(machine.rss_stat.exact(task.mm_index, 0))) == made
    machine.check()
    task.exit()
    machine.check()


def test_tmpfs_has_no_such_last_page(engine: str) -> None:
    machine, task = new_machine(engine)
    file = int(machine.shmem.shmem_file_setup(PAGE, VM_NORESERVE))
    task.mmap(PLACE, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, file)
    other = task.mmap(0x200000000, PAGE, RW, MAP_SHARED | MAP_FIXED, file)
    task.write(other)
    before = tables(task)
    with pytest.raises(BusError):
        task.read(PLACE + PAGE)
    assert tables(task) - before == 2
    machine.check()


def test_a_hole_leaves_private_copies_and_a_shorter_file_does_not(engine: str) -> None:
    machine, task = new_machine(engine)
    file = int(machine.shmem.shmem_file_setup(8 * PAGE, VM_NORESERVE))
    shared = task.mmap(0, 8 * PAGE, RW, MAP_SHARED, file)
    private = task.mmap(0, 8 * PAGE, RW, MAP_PRIVATE, file)
    task.write(shared, 8 * PAGE)
    task.write(private, 4 * PAGE)
    task.read(private, 8 * PAGE)
    task.madvise(shared, 8 * PAGE, MADV_REMOVE)
    assert [task.mincore(private, 8 * PAGE), task.mincore(shared, PAGE)] == [
        b"\1\1\1\1\0\0\0\0",
        b"\0",
    ]
    machine.check()
    machine.page_cache.truncate_setsize(int(machine.arena.files[file].f_inode), 2 * PAGE)
    assert task.mincore(private, 8 * PAGE) == b"\1\1\0\0\0\0\0\0"
    machine.check()


def test_a_mapping_grows_right_up_to_a_stack(engine: str) -> None:
    _, task = new_machine(engine)
    flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    task.mmap(PLACE, 2 * PAGE, RW, flags)
    task.mmap(PLACE + 4 * PAGE, 2 * PAGE, RW, flags | MAP_GROWSDOWN)
    assert task.mremap(PLACE, 2 * PAGE, 4 * PAGE, 0) == PLACE
    with pytest.raises(OSError):
        task.mremap(PLACE, 4 * PAGE, 5 * PAGE, 0)
