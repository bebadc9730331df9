"""The tree of vmas against a sorted list, and holes against a search by hand."""

from __future__ import annotations

import random

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import ENOMEM
from mmtwin.mm.vm_flags import VM_GROWSDOWN
from mmtwin.task import Task

PAGE = 4096
GUARD = 256 * PAGE


def empty_task(engine: str) -> Task:
    machine = Machine(ram="256M", cpus=1, engine=engine)
    task = machine.spawn("t")
    task.exec_mmap()
    return task


def insert(task: Task, start: int, end: int, flags: int = 0) -> int:
    return int(task.machine.special_mapping.insert_vm_struct(task.mm_index, start, end, flags))


Spans = list[tuple[int, int, int]]  # (start, end, flags), ascending


def raw_holes(spans: Spans, low: int, high: int) -> list[tuple[int, int, tuple[int, int, int]]]:
    """(start, end, the span above) of what is free in [low, high)."""
    holes, below = [], 0
    for span in [*spans, (1 << 47, 0, 0)]:
        holes.append((max(below, low), min(span[0], high), span))
        below = span[1]
    return holes


def claimed(span: tuple[int, int, int]) -> int:
    """Where the room of a span begins, its guard gap included."""
    return span[0] - (GUARD if span[2] & VM_GROWSDOWN else 0)


def highest_hole(spans: Spans, size: int, low: int, high: int) -> int:
    """By looking at every hole; one in a guard gap sends the search below that gap."""
    while True:
        fitting = [hole for hole in raw_holes(spans, low, high) if hole[1] - hole[0] >= size]
        if not fitting:
            return -ENOMEM
        _, end, above = fitting[-1]
        if end <= claimed(above):
            return end - size
        high = claimed(above)


def lowest_hole(spans: Spans, size: int, low: int, high: int) -> int:
    """By looking at every hole that leaves the guard gaps free."""
    for start, end, above in raw_holes(spans, low, high):
        if end - start >= size and start + size <= claimed(above):
            return start
    return -ENOMEM


def random_spans(rng: random.Random, count: int) -> list[tuple[int, int, int]]:
    spans, at = [], 1 << 30
    for _ in range(count):
        at += rng.choice([0, 1, 2, 5, 300, 600]) * PAGE
        end = at + rng.randint(1, 8) * PAGE
        spans.append((at, end, VM_GROWSDOWN if rng.random() < 0.1 else 0))
        at = end
    return spans


@pytest.mark.parametrize("seed", range(3))
def test_lookups_agree_with_a_sorted_list(engine: str, seed: int) -> None:
    rng, task = random.Random(seed), empty_task(engine)
    tree, mm = task.machine.vma_tree, task.mm_index
    spans = random_spans(rng, 60)
    index = {}
    for span in rng.sample(spans, len(spans)):
        index[span] = insert(task, *span)
    task.machine.check()
    for span in rng.sample(spans, 20):
        spans.remove(span)
        task.munmap(span[0], span[1] - span[0])
        task.machine.check()
    for _ in range(200):
        addr = rng.randint((1 << 30) // PAGE - 5, spans[-1][1] // PAGE + 5) * PAGE
        above = [index[s] for s in spans if s[1] > addr]
        below = [index[s] for s in spans if s[0] < addr]
        assert tree.find_vma(mm, addr) == (above[0] if above else 0)
        assert tree.find_vma_prev_of(mm, addr) == (below[-1] if below else 0)


@pytest.mark.parametrize("seed", range(3))
def test_holes_agree_with_a_search_by_hand(engine: str, seed: int) -> None:
    rng, task = random.Random(seed), empty_task(engine)
    tree, mm = task.machine.vma_tree, task.mm_index
    spans = random_spans(rng, 50)
    for span in rng.sample(spans, len(spans)):
        insert(task, *span)
    for _ in range(200):
        size = rng.choice([1, 2, 3, 6, 40, 300, 301, 5000]) * PAGE
        low = rng.choice([PAGE, 1 << 30, rng.choice(spans)[0]])
        high = rng.choice([1 << 46, rng.choice(spans)[0], rng.choice(spans)[1]])
        down = tree.unmapped_area_topdown(mm, size, low, high, 0, 0)
        up = tree.unmapped_area(mm, size, low, high, 0, 0)
        assert down == highest_hole(spans, size, low, high), (size, low, high)
        assert up == lowest_hole(spans, size, low, high), (size, low, high)


def test_an_aligned_hole_leaves_room_for_the_worst_alignment(engine: str) -> None:
    task = empty_task(engine)
    mask = (2 << 20) - 1
    insert(task, 0x40000000 + (3 << 20), 0x40000000 + (3 << 20) + PAGE)
    place = task.machine.vma_tree.unmapped_area_topdown
    base = 0x40000000
    # 3 MiB of room: 1 MiB at 2 MiB alignment needs 3 MiB less a byte, 1 MiB and a page too much
    assert place(task.mm_index, 1 << 20, base, base + (3 << 20), mask, 0) == base + (2 << 20)
    assert place(task.mm_index, (1 << 20) + PAGE, base, base + (3 << 20), mask, 0) == -ENOMEM
