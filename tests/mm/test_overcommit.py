"""Committed memory in the three modes."""

from __future__ import annotations

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED
from mmtwin.task import Task
from tests.scenario.real_kernels import GIVEN, OWN, assert_as_real_kernel

MIB = 1 << 20
ANON, SHARED = MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS


def spawn(engine: str, mode: int = 0, cpus: int = 1) -> Task:
    machine = Machine(ram="1G", cpus=cpus, engine=engine)
    machine.write("/proc/sys/vm/overcommit_memory", str(mode))
    return machine.spawn("t")


def grants(task: Task, size: int, prot: int = 3, flags: int = ANON) -> bool:
    try:
        task.mmap(0, size, prot, flags)
    except OSError as error:
        assert error.errno == 12
        return False
    return True


def committed(task: Task) -> int:
    return int(task.machine.overcommit.vm_memory_committed())


def test_mode_0_judges_each_request_alone(engine: str) -> None:
    task = spawn(engine)
    assert [grants(task, n * MIB) for n in (900, 1100, 800, 800)] == [True, False, True, True]
    task.machine.check()


def test_mode_1_grants_everything(engine: str) -> None:
    assert grants(spawn(engine, 1), 100 << 30)


def test_mode_2_keeps_the_sum_below_the_limit(engine: str) -> None:
    task = spawn(engine, 2)
    assert [grants(task, 200 * MIB) for _ in range(3)] == [True, True, False]
    assert grants(task, 200 * MIB, 1) and not grants(task, 200 * MIB, 3, SHARED)
    with pytest.raises(OSError, match="Cannot allocate memory"):
        task.fork()
    task.machine.check()


def test_mode_2_takes_no_notice_of_noreserve(engine: str) -> None:
    task = spawn(engine, 2)
    assert not grants(task, 4 << 30, 3, ANON | MAP_NORESERVE)
    assert grants(spawn(engine, 0), 4 << 30, 3, ANON | MAP_NORESERVE)


@pytest.mark.parametrize(
    "prot, flags, pages",
    [
        (3, ANON, 256),
        (1, ANON, 0),
        (3, ANON | MAP_NORESERVE, 0),
        (3, SHARED, 256),
        (1, SHARED, 256),
        (3, SHARED | MAP_NORESERVE, 0),
    ],
)
def test_what_is_accounted(engine: str, prot: int, flags: int, pages: int) -> None:
    task = spawn(engine)
    before = committed(task)
    at = task.mmap(0, MIB, prot, flags)
    assert committed(task) - before == pages
    task.munmap(at, MIB)
    assert committed(task) == before


def test_the_limit_follows_ratio_and_kbytes(engine: str) -> None:
    task = spawn(engine)
    over = task.machine.overcommit
    assert over.vm_commit_limit() == over.totalram_pages() * 50 // 100
    task.machine.write("/proc/sys/vm/overcommit_kbytes", "100000")
    assert over.vm_commit_limit() == 25000


def test_in_mode_2_a_cpus_part_may_lag_behind_by_a_batch(engine: str) -> None:
    task = spawn(engine, 2)
    over = task.machine.overcommit
    central = int(task.machine.arena.committed[0])
    batch = over.totalram_pages() // 256
    task.mmap(0, (batch - 100) * 4096, 3, ANON)
    assert int(task.machine.arena.committed[0]) == central
    task.mmap(0, 100 * 4096, 3, ANON)
    assert int(task.machine.arena.committed[0]) > central


@pytest.mark.parametrize("kind", ["612_smp2", *OWN, *GIVEN])
def test_answers_are_those_of_real_kernels(kind: str) -> None:
    assert_as_real_kernel(kind, "a08")
