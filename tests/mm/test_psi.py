"""Pressure stall information: totals, running averages, triggers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mmtwin import cgroups
from mmtwin.machine import Machine
from mmtwin.mm.uapi import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE
from mmtwin.task import Task
from mmtwin.views.pressure import Trigger

SECOND, MS = 1_000_000_000, 1_000_000


def machine(engine: str) -> Any:
    return Machine(ram="64M", cpus=1, engine=engine)


def figures(m: Any, path: str = "/proc/pressure/memory") -> dict[str, dict[str, float]]:
    found = {}
    for line in m.read(path).splitlines():
        kind, *values = line.split()
        found[kind] = {k: float(v) for k, v in (value.split("=") for value in values)}
    return found


def stall(m: Any, ns: int) -> None:
    """The current task waits for memory."""
    since = m.psi.psi_memstall_enter()
    m.clock.sleep_until(int(m.clock.now()) + ns)
    m.psi.psi_memstall_leave(since)


def wait(m: Any, ns: int) -> None:
    m.clock.sleep_until(int(m.clock.now()) + ns)


def task_in(m: Any, path: str) -> Task:
    cgroups.mkdir(m, path)
    task: Task = m.spawn()
    cgroups.attach(m, cgroups.find(m, path), task.index)
    return task


def test_a_stall_is_counted_in_the_cgroup_in_those_above_and_in_the_machine(engine: str) -> None:
    m = machine(engine)
    cgroups.mkdir(m, "a")
    m.write(f"{cgroups.ROOT}/a/cgroup.subtree_control", "+memory")
    task_in(m, "a/x")
    cgroups.mkdir(m, "b")
    stall(m, 300 * MS)
    for path in ("/proc/pressure/memory", f"{cgroups.ROOT}/a/memory.pressure"):
        assert figures(m, path)["some"]["total"] == 300_000, path
    assert figures(m, f"{cgroups.ROOT}/a/x/memory.pressure")["full"]["total"] == 300_000
    assert figures(m, f"{cgroups.ROOT}/b/memory.pressure")["some"]["total"] == 0
    m.check()


def test_stalls_within_a_stall_are_counted_once(engine: str) -> None:
    m = machine(engine)
    task_in(m, "a")
    outer = m.psi.psi_memstall_enter()
    stall(m, 100 * MS)
    m.psi.psi_memstall_leave(outer)
    assert figures(m)["some"]["total"] == 100_000
    m.check()


def test_averages_follow_the_share_of_time_and_decay(engine: str) -> None:
    m = machine(engine)
    task_in(m, "a")
    for _ in range(10):  # half of the time, for 20 seconds
        stall(m, SECOND)
        wait(m, SECOND)
    some = figures(m)["some"]
    assert some["avg10"] == pytest.approx(43, abs=4)  # 50 * (1 - exp(-2))
    assert some["avg60"] == pytest.approx(14, abs=3)
    assert some["avg300"] == pytest.approx(3.2, abs=1)
    wait(m, 30 * SECOND)
    later = figures(m)["some"]
    assert later["avg10"] < 4 and later["avg60"] == pytest.approx(some["avg60"] * 0.6, abs=2)
    assert later["total"] == some["total"]
    m.check()


@pytest.mark.parametrize(
    ("missed", "load", "expected"), [(0, 2048, 1677), (1, 2048, 1373), (5, 204800, 61717)]
)
def test_periods_without_a_stall_decay_as_fixed_point_numbers_do(
    engine: str, missed: int, load: int, expected: int
) -> None:
    m = machine(engine)
    m.arena.psi_figures[0].avg10 = load
    wait(m, int(2_004_000_000 * (missed + 1.5)))
    m.read("/proc/pressure/memory")
    assert int(m.arena.psi_figures[0].avg10) == pytest.approx(expected, rel=2e-3)


def test_a_trigger_fires_once_a_window_when_its_threshold_is_passed(engine: str) -> None:
    m = machine(engine)
    task_in(m, "a")
    trigger = Trigger(m, "some 150000 1000000", cgroups.find(m, "a"))
    stall(m, 50 * MS)
    wait(m, 2 * SECOND)
    assert trigger.events == 0
    stall(m, 160 * MS)
    wait(m, 500 * MS)
    assert trigger.events == 1
    wait(m, 5 * SECOND)
    assert trigger.events == 1
    trigger.close()
    with pytest.raises(OSError, match="window"):
        Trigger(m, "some 150000 100")
    m.check()


def test_being_over_memory_high_stalls(engine: str) -> None:
    m = machine(engine)
    task = task_in(m, "a")
    m.write(f"{cgroups.ROOT}/a/memory.high", "1M")
    address = task.mmap(0, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
    task.write(address, 4 << 20)
    assert figures(m, f"{cgroups.ROOT}/a/memory.pressure")["some"]["total"] > 1_000_000
    events = m.read(f"{cgroups.ROOT}/a/memory.events")
    assert int(re.findall(r"high (\d+)", events)[0]) > 10
    m.check()
