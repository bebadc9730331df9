"""Swap of cgroups: slots charged, limits, what is left when a group goes."""

from __future__ import annotations

from typing import Any

import pytest

from mmtwin import cgroups
from mmtwin.machine import Machine
from mmtwin.mm.memcg_stat import FLUSH_LAST_TIME
from mmtwin.mm.uapi import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE
from mmtwin.task import Killed, Task
from tests.mm.swapping import DISK

RW, ANON = PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
M = 1 << 20


def machine(engine: str) -> Any:
    m: Any = Machine(ram="64M", cpus=1, engine=engine, disk=[DISK])
    m.mkswap("/dev/vda")
    m.swapon("/dev/vda")
    return m


def task_in(m: Any, group: str, **limits: str) -> tuple[Task, int]:
    cgroups.mkdir(m, group)
    for name, text in limits.items():
        m.write(f"{cgroups.ROOT}/{group}/{name.replace('__', '.')}", text)
    task: Task = m.spawn(group)
    cgroups.attach(m, cgroups.find(m, group), task.index)
    return task, task.mmap(0, 32 * M, RW, ANON)


def number(m: Any, path: str) -> int:
    return int(m.read(f"{cgroups.ROOT}/{path}"))


def events(m: Any, path: str) -> dict[str, int]:
    lines = m.read(f"{cgroups.ROOT}/{path}").splitlines()
    return {name: int(count) for name, count in (line.split() for line in lines)}


def test_what_does_not_fit_is_swapped_and_charged_to_the_group(engine: str) -> None:
    m = machine(engine)
    task, address = task_in(m, "a", memory__max="4M")
    task.write(address, 8 * M)
    assert number(m, "a/memory.current") <= 4 * M
    assert number(m, "a/memory.swap.current") >= 4 * M - 64 * 4096
    assert events(m, "a/memory.events")["oom_kill"] == 0
    m.check()
    task.read(address, 8 * M)
    assert number(m, "a/memory.current") <= 4 * M
    m.check()
    task.exit()
    assert number(m, "a/memory.swap.current") <= 64 * 4096  # slots that this CPU keeps for reuse
    m.check()


def test_swap_max_ends_it_and_is_counted(engine: str) -> None:
    m = machine(engine)
    task, address = task_in(m, "a", memory__max="4M", memory__swap__max="1000K")
    with pytest.raises(Killed):
        task.write(address, 8 * M)
    assert events(m, "a/memory.swap.events")["max"] > 0
    assert events(m, "a/memory.swap.events")["fail"] > 0
    assert events(m, "a/memory.events")["oom_kill"] == 1
    m.check()


def test_slots_of_a_removed_group_are_read_into_the_group_of_the_task(engine: str) -> None:
    m = machine(engine)
    task, address = task_in(m, "a", memory__max="4M")
    task.write(address, 8 * M)
    memcg = cgroups.find(m, "a")
    cgroups.mkdir(m, "b")
    cgroups.attach(m, cgroups.find(m, "b"), task.index)
    cgroups.rmdir(m, "a")
    assert int(m.arena.memcgs[memcg].refs) > 1000
    task.read(address, 8 * M)
    assert number(m, "b/memory.current") > 3 * M
    m.check()
    task.exit()
    m.lru.lru_add_drain_all()
    m.check()


V1 = f"{cgroups.ROOT}/memory"


def v1_machine(engine: str) -> Any:
    m: Any = Machine(ram="64M", cpus=1, engine=engine, disk=[DISK], cgroup={"version": 1})
    m.mkswap("/dev/vda")
    m.swapon("/dev/vda")
    return m


def v1_task(m: Any, group: str) -> tuple[Task, int]:
    cgroups.mkdir(m, group)
    task: Task = m.spawn(group)
    cgroups.attach(m, cgroups.find(m, group), task.index)
    return task, task.mmap(0, 32 * M, RW, ANON)


def both(m: Any, name: str = "memory.memsw.usage_in_bytes") -> int:
    return int(m.read(f"{V1}/a/{name}"))


def swapped(m: Any) -> int:
    m.memcg_stat.do_flush_stats(cgroups.find(m, "a"))
    rows = dict(line.split() for line in m.read(f"{V1}/a/memory.stat").splitlines())
    return int(rows["swap"])


def test_in_version_1_swap_stays_charged_to_memory_and_swap(engine: str) -> None:
    m = v1_machine(engine)
    task, address = v1_task(m, "a")
    m.write(f"{V1}/a/memory.limit_in_bytes", "4M")
    task.write(address, 10 * M)
    m.check()
    assert both(m) == both(m, "memory.usage_in_bytes") + swapped(m)  # as on a real 6.18
    assert both(m, "memory.usage_in_bytes") <= 4 * M and 10 * M <= both(m) < 11 * M
    task.read(address, 10 * M)
    assert both(m) == both(m, "memory.usage_in_bytes") + swapped(m)
    assert 10 * M <= both(m) < 11 * M
    m.check()
    task.exit()
    m.lru.lru_add_drain_all()
    m.check()


def test_in_version_1_the_limit_of_both_is_not_met_by_swapping(engine: str) -> None:
    m = v1_machine(engine)
    task, address = v1_task(m, "a")
    m.write(f"{V1}/a/memory.limit_in_bytes", "4M")
    m.write(f"{V1}/a/memory.memsw.limit_in_bytes", "6M")
    with pytest.raises(Killed):
        task.write(address, 10 * M)
    assert both(m, "memory.memsw.max_usage_in_bytes") <= 6 * M
    assert both(m, "memory.memsw.failcnt") > 0
    m.check()


def test_in_version_1_a_removed_groups_slots_are_given_up(engine: str) -> None:
    m = v1_machine(engine)
    task, address = v1_task(m, "a")
    m.write(f"{V1}/a/memory.limit_in_bytes", "4M")
    task.write(address, 10 * M)
    child = task.fork()
    cgroups.attach(m, 0, child.index)
    task.exit()
    cgroups.rmdir(m, "a")
    m.check()
    child.read(address, 10 * M)
    child.exit()
    m.lru.lru_add_drain_all()
    m.check()


def test_what_zswap_is_charged_in_the_middle_of_reclaim_starts_no_reclaim(engine: str) -> None:
    m = machine(engine)
    m.write("/sys/module/zswap/parameters/enabled", "Y")
    task, address = task_in(m, "a", memory__max="4M")
    task.fill(address, 12 * M, "partly", 7, 30)
    task.read(address, 12 * M)
    assert number(m, "a/memory.zswap.current") > 0
    assert events(m, "a/memory.events")["oom_kill"] == 0
    m.check()  # nobody is in the middle of reclaim, and usage is what is charged


@pytest.mark.parametrize(("kernel", "flushes"), [("6.1", True), ("6.12", False)])
def test_reclaim_flushes_changed_statistics_until_6_12(
    engine: str, kernel: str, flushes: bool
) -> None:
    m: Any = Machine(ram="64M", cpus=1, engine=engine, disk=[DISK], kernel=kernel)
    m.mkswap("/dev/vda")
    m.swapon("/dev/vda")
    task, address = task_in(m, "a", memory__max="4M")
    task.write(address, 2 * M)
    before = int(m.arena.memcg_flush[FLUSH_LAST_TIME])
    task.write(address, 8 * M)
    assert (int(m.arena.memcg_flush[FLUSH_LAST_TIME]) > before) is flushes
    m.check()
