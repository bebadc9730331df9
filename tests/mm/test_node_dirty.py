"""Pages that will be written to come from a node that is not full of dirty ones."""

from __future__ import annotations

from collections import Counter

import pytest

from mmtwin.machine import Machine

from .writing import WrittenFile

MIB = 256  # pages


def machine(engine: str, **more: object) -> Machine:
    """Two nodes with a CPU each; the task runs on the first; the disk is slow."""
    table = {"name": "sda", "profile": "ssd", "write_bandwidth": 1_000_000}
    m = Machine(ram="256M", nodes=2, cpus=2, disk=[table], engine=engine, **more)
    m.processes.switch_to(m.spawn().index, 0)
    m.write("/proc/sys/vm/dirty_writeback_centisecs", "0")
    m.write("/proc/sys/vm/dirty_background_ratio", "90")
    return m


def nodes(m: Machine, file: WrittenFile, first: int, last: int) -> Counter[int]:
    """How many of the file's pages lie on each node."""
    pages = m.arena.pages
    found = (int(m.page_cache.find_get_page(file.inode, i)) for i in range(first, last))
    return Counter(int(pages[pfn]["node"]) for pfn in found)


def node_of_new_page(m: Machine, gfp: int) -> int:
    """Where the allocator takes one from; it is given back."""
    pfn = int(m.page_alloc.alloc_pages(gfp, 0, -1))
    node = int(m.arena.pages[pfn]["node"])
    m.lru.put_page(pfn)
    return node


def test_a_writer_goes_to_the_next_node_when_its_own_has_enough_dirty_pages(engine: str) -> None:
    m = machine(engine)
    m.write("/proc/sys/vm/dirty_ratio", "40")
    limit = int(m.node_dirty.node_dirty_limit(0))
    file = WrittenFile(m)
    file.write(0, limit + 20 * MIB)
    assert nodes(m, file, 0, limit - 2 * MIB) == {0: limit - 2 * MIB}
    assert nodes(m, file, limit + 2 * MIB, limit + 20 * MIB) == {1: 18 * MIB}
    assert not m.node_dirty.node_dirty_ok(0) and m.node_dirty.node_dirty_ok(1)
    m.check()


def test_pages_that_are_not_written_to_stay_on_a_node_full_of_dirty_ones(engine: str) -> None:
    m = machine(engine)
    m.write("/proc/sys/vm/dirty_ratio", "20")
    file = WrittenFile(m)
    file.write(0, int(m.node_dirty.node_dirty_limit(0)) + 4 * MIB)
    assert not m.node_dirty.node_dirty_ok(0)
    assert node_of_new_page(m, 0x100CCA) == 0
    m.check()


def test_when_no_node_has_room_for_dirty_pages_the_own_one_serves(engine: str) -> None:
    m = machine(engine)
    m.write("/proc/sys/vm/dirty_ratio", "40")
    file = WrittenFile(m)
    file.write(0, int(m.node_dirty.node_dirty_limit(0)) + 20 * MIB)
    m.write("/proc/sys/vm/dirty_ratio", "5")
    assert not m.node_dirty.node_dirty_ok(0) and not m.node_dirty.node_dirty_ok(1)
    assert node_of_new_page(m, 0x101CCA) == 0  # with __GFP_WRITE
    m.check()


def test_the_nodes_reserves_make_up_the_machines(engine: str) -> None:
    m = machine(engine)
    cells = [int(m.arena.totalreserve_pages[i]) for i in range(3)]
    assert cells[0] == cells[1] + cells[2] > 0


def test_the_limit_in_bytes_is_shared_out_by_dirtyable_memory(engine: str) -> None:
    m = machine(engine)
    m.write("/proc/sys/vm/dirty_bytes", str(64 << 20))
    limits = [int(m.node_dirty.node_dirty_limit(node)) for node in (0, 1)]
    assert sum(limits) == pytest.approx(64 * MIB, abs=2)
    memory = [int(m.node_dirty.node_dirtyable_memory(node)) for node in (0, 1)]
    assert limits[0] / limits[1] == pytest.approx(memory[0] / memory[1], rel=0.01)


def test_another_nodes_memory_costs_more_to_copy(engine: str) -> None:
    m = machine(engine, cost={"remote_page_ns": 1000})
    file = WrittenFile(m)
    file.write(0, 100)
    assert nodes(m, file, 0, 100) == {0: 100}
    took = []
    for cpu in (0, 1):
        m.processes.switch_to(m.spawn().index, cpu)
        handle = file.open()
        start = int(m.clock.now())
        assert m.page_cache.generic_file_read(handle, 0, 100 * 4096) == 100 * 4096
        took.append(int(m.clock.now()) - start)
    assert took[1] - took[0] == 100 * 1000


def test_rewriting_pages_of_another_node_costs_more(engine: str) -> None:
    m = machine(engine, cost={"remote_page_ns": 1000})
    file = WrittenFile(m)
    file.write(0, 50)
    took = []
    for cpu in (0, 1):
        m.processes.switch_to(m.spawn().index, cpu)
        start = int(m.clock.now())
        file.write(0, 50)
        took.append(int(m.clock.now()) - start)
    assert took[1] - took[0] == 50 * 1000


def test_a_first_touch_costs_more_when_its_page_is_another_nodes(engine: str) -> None:
    took = []
    for full in (False, True):
        m = machine(engine, cost={"remote_page_ns": 1000})
        while full and m.page_alloc.alloc_pages(0x300CCA, 0, 0):  # __GFP_THISNODE
            pass
        task = m.spawn()
        m.processes.switch_to(task.index, 0)
        area = int(task.mmap(0, 40 * 4096, 3, 0x22))
        task.write(area, 4096)
        start = int(m.clock.now())
        task.write(area + 4096, 10 * 4096)
        took.append(int(m.clock.now()) - start)
    assert took[1] - took[0] == 10 * 1000
