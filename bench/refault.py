"""Reclaim under a limit: a Zipf trace on a mapped file in a cgroup of 100,000 pages, beside
libCacheSim's LRU with room for as many objects."""

from __future__ import annotations

import numpy as np
from access import ACCESSES, OBJECTS, peer_rate
from figures import BASE, PAGE, Figure, median_seconds, zipf_trace

from mmtwin.config import describe, with_run_cgroup, with_settings
from mmtwin.machine import Machine
from mmtwin.mm.page_flags import INODE_REGULAR
from mmtwin.mm.uapi import MADV_RANDOM, MAP_FIXED, MAP_SHARED, PROT_READ

LIMIT_PAGES = 100_000
REFAULTS = "workingset_refault_file"


def limited_machine(pages: int = LIMIT_PAGES) -> Machine:
    """A task with a mapping of the objects' file, read without readahead."""
    settings = [f"memory.max={pages * PAGE}"]
    machine = Machine(with_run_cgroup(with_settings(describe(ram="16G", cpus=1), settings)))
    task = machine.spawn()
    inode = machine.page_cache.new_inode(INODE_REGULAR, OBJECTS * PAGE, 5, 0)
    file = machine.page_cache.open_file(inode, 0, 1)
    task.mmap(BASE, OBJECTS * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file)
    task.madvise(BASE, OBJECTS * PAGE, MADV_RANDOM)
    machine.write("/sys/kernel/debug/fault_around_bytes", str(PAGE))
    return machine


def figures(repeat: int) -> list[Figure]:
    trace = zipf_trace(OBJECTS, ACCESSES)
    batch = trace.astype(np.uint64) * np.uint64(PAGE) + np.uint64(BASE)
    machine = limited_machine()
    machine.access.access_batch(batch)  # warm up
    before = counter(machine)
    seconds = median_seconds(lambda: machine.access.access_batch(batch), repeat, int)
    refaults = (counter(machine) - before) / repeat
    rate, peer = ACCESSES / seconds / 1e6, peer_rate(trace, LIMIT_PAGES, repeat)
    return [
        Figure("Zipf in a cgroup of 100,000 pages", rate, "M/s"),
        Figure("libCacheSim LRU, same trace, 100,000 objects", peer, "M/s"),
        Figure("Zipf, limited: mmtwin / libCacheSim", rate / peer, "x", 1, at_least=True),
        Figure("a page reclaimed and refaulted, hits included", seconds / refaults * 1e6, "us", 1),
    ]


def counter(machine: Machine, name: str = REFAULTS) -> int:
    """Refaults so far, or another item of vmstat."""
    rows = machine.read("/proc/vmstat").splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith(name + " "))
