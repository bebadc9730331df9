"""Accesses in batches do what single ones do, and stop at a signal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.mm.uapi import SIGSEGV

from ..conftest import built_engines
from .paging import KIB, MIB, PAGE, Task, addresses, boot


def test_a_batch_stops_at_the_first_signal(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(16 * PAGE, addr=0x10000000)
    batch = addresses(a, [0, 1, 2, 99, 3])
    assert p.run().access.access_batch(batch) == 3
    assert p.machine.access.signal == SIGSEGV
    assert p.machine.access.access_batch(batch[:3], np.ones(3, dtype=np.uint8)) == 3
    assert p.machine.access.signal == 0


def test_loads_and_stores_are_told_apart(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(4 * PAGE)
    writes = np.array([0, 1, 0, 1], dtype=np.uint8)
    assert p.run().access.access_batch(addresses(a, [0, 1, 2, 3]), writes) == 4
    assert p.rss_kb == 8
    p.machine.check()


def test_lengths_must_agree_and_an_empty_batch_is_fine(engine: str) -> None:
    access = boot(engine).machine.access
    assert access.access_batch(np.zeros(0, dtype=np.uint64)) == 0
    with pytest.raises(ValueError, match="2 addresses but 1 writes"):
        access.access_batch(np.zeros(2, dtype=np.uint64), np.zeros(1, dtype=np.uint8))
    with pytest.raises(ValueError, match="stride"):
        access.touch_range(0, 1, 0, 0)


STEP = st.tuples(
    st.sampled_from(["r", "w", "map", "unmap", "zap", "fork", "exit", "shared"]),
    st.integers(0, 2),
    st.integers(0, 15),
    st.integers(1, 8),
)
BASE = 0x10000000


def play(engine: str, steps: list[tuple[str, int, int, int]]) -> str:
    """Run random steps on up to three tasks, end them all; the state at the end."""
    p = boot(engine, cpus=2)
    tasks = [p]
    for kind, who, slot, length in steps:
        if not tasks:
            break
        task = tasks[who % len(tasks)]
        step(tasks, task, kind, BASE + slot * 16 * KIB, length * 8 * KIB)
        p.machine.check()
    for task in tasks:
        task.exit()
    p.machine.check()
    assert int(p.machine.arena.pages[0].mapcount) == 0
    return str(p.machine.arena.digest())


def step(tasks: list[Task], task: Task, kind: str, addr: int, length: int) -> None:
    if kind in "rw":
        task.touch(addr, length, PAGE, int(kind == "w"))
    elif kind in ("map", "shared"):
        task.mmap(length, addr=addr, flags="shared,anon" if kind == "shared" else "priv,anon")
    elif kind == "unmap":
        task.munmap(addr, length)
    elif kind == "zap":
        vma = task.vma(addr)
        if vma and int(task.machine.arena.vmas[vma].vm_start) <= addr:
            end = min(addr + length, int(task.machine.arena.vmas[vma].vm_end))
            task.zap(addr, end - addr)
    elif kind == "fork" and len(tasks) < 3:
        tasks.append(task.fork())
    elif kind == "exit" and len(tasks) > 1:
        tasks.remove(task)
        task.exit()


@settings(max_examples=12, deadline=None)
@given(st.lists(STEP, max_size=14))
def test_any_sequence_is_consistent_and_the_same_in_every_engine(
    steps: list[tuple[str, int, int, int]],
) -> None:
    mapped = [("map", 0, 0, 8), ("w", 0, 0, 3), *steps]
    assert len({play(engine, mapped) for engine in built_engines()}) == 1


def test_touch_range_counts_strides(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(MIB)
    assert p.touch(a, MIB, 64 * KIB) == 16
    assert p.touch(a, MIB, 2 * MIB) == 1
