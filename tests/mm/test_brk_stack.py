"""The heap and the stack: how they grow, and what stops them."""

from __future__ import annotations

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.rss_stat import MM_ANONPAGES
from mmtwin.mm.uapi import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_GROWSDOWN,
    MAP_PRIVATE,
    RLIMIT_AS,
    RLIMIT_DATA,
    RLIMIT_STACK,
    SIGSEGV,
)
from mmtwin.mm.vm_flags import VM_LOCKED
from mmtwin.task import SegmentationFault, Task
from tests.scenario.real_kernels import GIVEN, OWN, assert_as_real_kernel

PAGE, KIB, MIB = 4096, 1 << 10, 1 << 20
HEAP = 0x600000
TOP = 0x7FFFFFFFF000
FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED


def spawn(engine: str) -> Task:
    task = Machine(ram="256M", cpus=1, engine=engine).spawn("t")
    task.mm.start_brk = task.mm.brk = HEAP
    return task


def heap(task: Task) -> list[tuple[int, int]]:
    """(start, end) of its vmas, in pages from start_brk."""
    return [
        ((v.start - HEAP) // PAGE, (v.end - HEAP) // PAGE)
        for v in task.vmas()
        if HEAP <= v.start < HEAP + 64 * MIB
    ]


def resident(task: Task) -> int:
    """Anonymous pages of the task, exactly."""
    return int(task.machine.rss_stat.exact(task.mm_index, MM_ANONPAGES))


def stack_pages(task: Task) -> int:
    last = task.vmas()[-1]
    assert last.end == TOP
    return (last.end - last.start) // PAGE


def test_the_heap_ends_at_the_page_above_the_break(engine: str) -> None:
    task = spawn(engine)
    assert task.brk(HEAP + 100) == HEAP + 100
    assert heap(task) == [(0, 1)]
    assert task.brk(HEAP + PAGE) == HEAP + PAGE
    assert heap(task) == [(0, 1)]
    assert task.brk(HEAP + 5 * PAGE + 1) == HEAP + 5 * PAGE + 1
    assert heap(task) == [(0, 6)] and task.mm.data_vm == 6
    assert task.brk(HEAP + PAGE) == HEAP + PAGE
    assert heap(task) == [(0, 1)] and task.mm.data_vm == 1
    task.machine.check()


def test_a_refused_break_is_the_old_one(engine: str) -> None:
    task = spawn(engine)
    task.brk(HEAP + PAGE)
    assert task.brk(HEAP - 1) == HEAP + PAGE
    task.setrlimit(RLIMIT_DATA, MIB)
    assert task.brk(HEAP + MIB + 1) == HEAP + PAGE
    assert task.brk(HEAP + MIB) == HEAP + MIB


@pytest.mark.parametrize("pages, granted", [(3, True), (4, False), (5, False)])
def test_a_page_stays_free_between_the_heap_and_what_is_above(
    engine: str, pages: int, granted: bool
) -> None:
    task = spawn(engine)
    task.mmap(HEAP + 4 * PAGE, PAGE, 3, FIXED)
    assert (task.brk(HEAP + pages * PAGE) == HEAP + pages * PAGE) is granted


def test_the_heap_never_joins_a_mapping_below_start_brk(engine: str) -> None:
    task = spawn(engine)
    task.mmap(HEAP - PAGE, PAGE, 3, FIXED)
    task.brk(HEAP + PAGE)
    assert heap(task) == [(0, 1)]


def test_locked_for_the_future_the_heap_continues_as_a_vma_of_its_own(engine: str) -> None:
    task = spawn(engine)
    task.brk(HEAP + 2 * PAGE)
    task.mm.def_flags = VM_LOCKED
    task.brk(HEAP + 6 * PAGE)
    assert heap(task) == [(0, 2), (2, 6)]
    assert task.mm.locked_vm == 4 and task.min_flt == 4 and resident(task) == 4
    task.machine.check()


def test_a_write_below_the_stack_grows_it_at_once(engine: str) -> None:
    task = spawn(engine)
    assert stack_pages(task) == 33
    task.write(TOP - MIB)
    assert stack_pages(task) == 256 and task.mm.stack_vm == 256
    assert task.vmas()[-1].pgoff == (TOP - MIB) >> 12
    task.machine.check()


@pytest.mark.parametrize(
    "resource, limit, distance, grows",
    [
        (RLIMIT_STACK, 2 * MIB, 2 * MIB, True),
        (RLIMIT_STACK, 2 * MIB, 2 * MIB + PAGE, False),
        (RLIMIT_AS, 2 * MIB, 2 * MIB + PAGE, False),
    ],
)
def test_limits_stop_the_stack(
    engine: str, resource: int, limit: int, distance: int, grows: bool
) -> None:
    task = spawn(engine)
    task.setrlimit(resource, limit)
    if grows:
        task.write(TOP - distance)
        return
    with pytest.raises(SegmentationFault) as caught:
        task.write(TOP - distance)
    assert (caught.value.signal, caught.value.code) == (SIGSEGV, 1)
    assert caught.value.address == TOP - distance and stack_pages(task) == 33


@pytest.mark.parametrize(
    "pages, prot, grows",
    [(256, 3, True), (255, 3, False), (255, 0, True)],  # PROT_NONE needs no guard
)
def test_the_guard_gap_stays_free(engine: str, pages: int, prot: int, grows: bool) -> None:
    task = spawn(engine)
    task.mmap(TOP - 3 * MIB, PAGE, prot, FIXED)
    address = TOP - 3 * MIB + (1 + pages) * PAGE
    if grows:
        task.write(address)
    else:
        with pytest.raises(SegmentationFault):
            task.write(address)
    task.machine.check()


def test_a_growsdown_mapping_claims_its_gap_from_hints(engine: str) -> None:
    task = spawn(engine)
    at = task.mmap(0x400000000, 16 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN)
    assert task.mmap(at - 16 * PAGE, 16 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS) != at - 16 * PAGE
    below = at - (256 + 16) * PAGE
    assert task.mmap(below, 16 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS) == below


@pytest.mark.parametrize("kind", [*OWN, *GIVEN])
@pytest.mark.parametrize("scenario", ["a04", "a05"])
def test_answers_and_maps_are_those_of_real_kernels(kind: str, scenario: str) -> None:
    assert_as_real_kernel(kind, scenario)


def test_initialised_data_counts_against_rlimit_data(engine: str) -> None:
    task = spawn(engine)
    task.mm.start_data, task.mm.end_data = HEAP - 2 * MIB, HEAP - MIB
    task.setrlimit(RLIMIT_DATA, 2 * MIB)
    assert task.brk(HEAP + MIB + 1) == HEAP
    assert task.brk(HEAP + MIB) == HEAP + MIB
