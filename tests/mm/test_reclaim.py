"""Reclaim of the classic lists: who is reclaimed, who stays, what is remembered and counted."""

from __future__ import annotations

import random

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.page_flags import PG_active, PG_workingset
from mmtwin.mm.uapi import MADV_PAGEOUT

from .space import PAGE, Space

SMALL = "64M"


@pytest.fixture
def machine(engine):
    return Machine(ram=SMALL, engine=engine)


def new_file(machine, pages):
    return machine.page_cache.new_inode(1, pages * PAGE, 7, 0x800001)


def touch(machine, inode, indices):
    """Have pages of a file in the cache, as reading them once does."""
    for index in indices:
        assert machine.page_cache.filemap_get_or_read(inode, index)
        machine.clock.run_until(machine.clock.now())


def counters(machine, *names):
    """Lines of /proc/vmstat, exact."""
    machine.vmstat.refresh()
    lines = dict(line.split() for line in machine.read("/proc/vmstat").splitlines())
    found = [int(lines[name]) for name in names]
    return found[0] if len(found) == 1 else found


def finish(machine):
    machine.lru.lru_add_drain_all()
    machine.check()


def cached(machine, inode, indices):
    return [i for i in indices if machine.page_cache.find_get_page(inode, i)]


def test_a_file_larger_than_memory_streams_through_it(machine):
    inode = new_file(machine, 9000)
    touch(machine, inode, range(9000))
    stolen, scanned = counters(machine, "pgsteal_file", "pgscan_file")
    assert stolen == scanned > 3000  # clean and unused: each page looked at goes
    assert cached(machine, inode, range(9000)) == list(range(stolen, 9000))  # oldest first
    assert counters(machine, "nr_free_pages") > 0
    finish(machine)


def test_pages_used_twice_outlive_a_stream(machine):
    hot, stream = new_file(machine, 1000), new_file(machine, 9000)
    touch(machine, hot, range(1000))
    for index in range(1000):
        for _ in range(2):
            machine.lru.mark_page_accessed(machine.page_cache.find_get_page(hot, index))
    touch(machine, stream, range(9000))
    assert cached(machine, hot, range(1000)) == list(range(1000))
    finish(machine)


def test_a_page_that_comes_back_soon_is_activated(machine):
    inode = new_file(machine, 9000)
    touch(machine, inode, range(2000))
    for index in range(2000):
        for _ in range(2):
            machine.lru.mark_page_accessed(machine.page_cache.find_get_page(inode, index))
    touch(machine, inode, range(2000, 7000))
    gone = cached(machine, inode, range(2000, 7000))[0] - 1
    pfn = machine.page_cache.filemap_get_or_read(inode, gone)
    assert machine.arena.pages[pfn]["flags"] & PG_active
    assert counters(machine, "workingset_refault_file", "workingset_activate_file") == [1, 1]
    finish(machine)


def test_what_is_remembered_does_not_grow_with_the_file(engine):
    machine = Machine(ram=SMALL, engine=engine)
    inode = new_file(machine, 1 << 30)
    touch(machine, inode, range(0, 7500 * 64, 64))  # one page of each index node
    nodes = counters(machine, "workingset_nodes")
    pages = counters(machine, "nr_inactive_file")
    assert counters(machine, "workingset_nodereclaim") > 0
    assert 0 < nodes < pages // 8 + 300
    finish(machine)


def test_pageout_drops_the_clean_pages_of_a_mapping(engine):
    space = Space(engine).map(0, 8)
    inode = new_file(space.machine, 8)
    touch(space.machine, inode, range(8))
    space.machine.lru.lru_add_drain_all()
    assert space.advise(0, 8, MADV_PAGEOUT) == 0
    assert cached(space.machine, inode, range(8)) == list(range(8))  # others' pages stay
    finish(space.machine)


def test_deactivated_pages_are_marked_workingset(machine):
    inode = new_file(machine, 6000)
    touch(machine, inode, range(5000))
    for index in range(4500):
        for _ in range(2):
            machine.lru.mark_page_accessed(machine.page_cache.find_get_page(inode, index))
    machine.lru.lru_add_drain_all()
    touch(machine, new_file(machine, 4000), range(4000))
    assert counters(machine, "pgdeactivate") == counters(machine, "pgrefill") > 0
    left = [machine.page_cache.find_get_page(inode, i) for i in range(4500)]
    assert any(machine.arena.pages[p]["flags"] & PG_workingset for p in left if p)
    finish(machine)


def test_reclaim_of_the_root_cgroup_counts_as_the_machines(machine):
    inode = new_file(machine, 2000)
    touch(machine, inode, range(2000))
    machine.lru.lru_add_drain_all()
    before = counters(machine, "pgsteal_direct")
    assert machine.vmscan.try_to_free_mem_cgroup_pages(0, 100, 0xCC0, 2) >= 100
    assert counters(machine, "pgsteal_direct") > before
    finish(machine)


@pytest.mark.parametrize("seed", range(3))
def test_any_mix_of_reads_and_reclaim_leaves_every_count_right(engine, seed):
    machine = Machine(ram=SMALL, engine=engine)
    rng = random.Random(seed)
    files = [new_file(machine, 4000) for _ in range(4)]
    for _ in range(120):
        inode = rng.choice(files)
        start = rng.randrange(3900)
        action = rng.randrange(10)
        if action < 6:
            touch(machine, inode, range(start, start + rng.randrange(1, 100)))
        elif action < 8:
            for index in cached(machine, inode, range(start, start + 100)):
                machine.lru.mark_page_accessed(machine.page_cache.find_get_page(inode, index))
        elif action == 8:
            machine.vmscan.try_to_free_mem_cgroup_pages(0, rng.randrange(1, 300), 0xCC0, 2)
        else:
            machine.page_cache.drop_pagecache(inode)
    finish(machine)


LRU_GEN = "/sys/kernel/mm/lru_gen/enabled"


def test_switching_to_generations_and_back_keeps_every_page(machine):
    inode = new_file(machine, 2000)
    touch(machine, inode, range(2000))
    machine.lru.lru_add_drain_all()
    before = counters(machine, "nr_inactive_file", "nr_active_file")
    machine.write(LRU_GEN, "7")
    machine.check()
    assert machine.read(LRU_GEN) == "0x0007\n"
    assert sum(counters(machine, "nr_inactive_file", "nr_active_file")) == sum(before)
    machine.write(LRU_GEN, "0")
    assert counters(machine, "nr_inactive_file", "nr_active_file") == before
    finish(machine)


def test_generations_evict_the_oldest_and_protect_what_was_read_often(machine):
    machine.write(LRU_GEN, "y")
    inode = new_file(machine, 9000)
    touch(machine, inode, range(500))
    for index in range(500):
        for _ in range(6):
            machine.lru.mark_page_accessed(machine.page_cache.find_get_page(inode, index))
    touch(machine, inode, range(500, 9000))
    left = cached(machine, inode, range(9000))
    assert left[:500] == list(range(500))  # accessed four times and more
    assert left[500] > 1500  # the others went first
    finish(machine)


@pytest.mark.parametrize("seed", range(2))
def test_any_mix_with_generations_leaves_every_count_right(engine, seed):
    space = Space(engine).map(0, 600)
    machine, rng = space.machine, random.Random(seed)
    machine.write(LRU_GEN, "7")
    inode = new_file(machine, 4000)
    for _ in range(80):
        start, action = rng.randrange(500), rng.randrange(8)
        if action < 3:
            touch(machine, inode, range(start, start + rng.randrange(1, 100)))
        elif action < 5:
            space.write(start, rng.randrange(1, 100))
        elif action == 5:
            machine.vmscan.try_to_free_mem_cgroup_pages(0, rng.randrange(1, 300), 0xCC0, 2)
        elif action == 6:
            seq = int(machine.arena.lru_gens[0].max_seq)
            machine.write("/sys/kernel/debug/lru_gen", f"+ 1 0 {max(seq, 3)} 1 1")
        else:
            machine.write(LRU_GEN, str(rng.choice([0, 1, 7])))
            machine.write(LRU_GEN, "7")
    finish(machine)
