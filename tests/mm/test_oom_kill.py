"""The OOM killer: who dies, what is counted, what the log says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from mmtwin import cgroups
from mmtwin.machine import Machine
from mmtwin.mm.uapi import (
    MAP_ANONYMOUS,
    MAP_NORESERVE,
    MAP_POPULATE,
    MAP_PRIVATE,
    PROT_READ,
    PROT_WRITE,
)
from mmtwin.task import Killed, Livelock, Task

RW, ANON = PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
M = 1 << 20


def machine(engine: str) -> Any:
    return Machine(ram="64M", cpus=1, engine=engine)


def group(m: Any, path: str, **files: str) -> None:
    cgroups.mkdir(m, path)
    for name, text in files.items():
        m.write(f"{cgroups.ROOT}/{path}/{name.replace('__', '.')}", text)


def task_in(m: Any, path: str, name: str, size: int = 0, adj: int = 0) -> tuple[Task, int]:
    """A task of a cgroup with so many bytes touched, of 16 MiB mapped."""
    task: Task = m.spawn(name)
    if path:
        cgroups.attach(m, cgroups.find(m, path), task.index)
    address = task.mmap(0, 16 * M, RW, ANON)
    if adj:
        m.write(f"/proc/{task.pid}/oom_score_adj", str(adj))
    if size:
        task.write(address, size)
    return task, address


def events(m: Any, path: str) -> dict[str, int]:
    lines = m.read(f"{cgroups.ROOT}/{path}/memory.events").splitlines()
    return {name: int(count) for name, count in (line.split() for line in lines)}


def on_cpu_lists(m: Any) -> int:
    return sum(int(n) for n in re.findall(r"^ +count: +(\d+)", m.read("/proc/zoneinfo"), re.M))


def test_pages_on_per_cpu_lists_are_not_taken_back_before_somebody_is_killed(engine: str) -> None:
    m = machine(engine)
    seen: list[int] = []
    m.oom_report.listeners.append(lambda task: seen.append(on_cpu_lists(m)))
    big = m.spawn("big")
    other = m.spawn("other")
    kept = other.mmap(0, 2 * M, RW, ANON)
    other.write(kept, 2 * M)
    other.munmap(kept, 2 * M)  # its pages go to the CPU's lists
    with pytest.raises(Killed):
        big.write(big.mmap(0, 128 * M, RW, ANON | MAP_NORESERVE), 128 * M)
    assert seen and seen[0] > 0
    stalls = re.search(r"^allocstall_movable (\d+)$", m.read("/proc/vmstat"), re.M)
    assert stalls is not None and 0 < int(stalls[1]) < 40  # no more than two requests' tries
    m.check()


def test_the_biggest_task_of_the_group_dies_not_the_one_that_asks(engine: str) -> None:
    m = machine(engine)
    group(m, "a", memory__max="8M")
    big, _ = task_in(m, "a", "big", 5 * M)
    small, address = task_in(m, "a", "small", 2 * M)
    bystander, _ = task_in(m, "", "bystander", 6 * M)
    small.write(address + 2 * M, 2 * M)
    assert (big.alive, small.alive, bystander.alive) == (False, True, True)
    assert big.reap() == 9
    assert (events(m, "a")["oom"], events(m, "a")["oom_kill"]) == (1, 1)
    assert int(m.read("/proc/vmstat").split("oom_kill ")[1].split()[0]) == 1
    m.check()


def test_the_task_that_asks_dies_in_its_fault_if_it_is_the_biggest(engine: str) -> None:
    m = machine(engine)
    group(m, "a", memory__max="4M")
    task, address = task_in(m, "a", "p")
    with pytest.raises(Killed):
        task.write(address, 8 * M)
    assert not task.alive
    assert int(m.read(f"{cgroups.ROOT}/a/memory.current")) <= 64 * 4096
    m.check()


def populates(task: Task, address: int) -> None:
    task.mmap(0, 8 * M, RW, ANON | MAP_POPULATE)


def locks(task: Task, address: int) -> None:
    task.mlock(address, 8 * M)


def writes_to_tmpfs(task: Task, address: int) -> None:
    task.pwrite(task.memfd_create("big"), 8 * M, 0)


@pytest.mark.parametrize("call", [populates, locks, writes_to_tmpfs])
def test_a_task_that_is_killed_in_a_system_call_ends_as_it_returns(
    engine: str, call: Callable[[Task, int], None]
) -> None:
    m = machine(engine)
    group(m, "a", memory__max="4M")
    task, address = task_in(m, "a", "p", M)
    with pytest.raises(Killed):
        call(task, address)
    assert not task.alive and task.reap() == 9
    assert (events(m, "a")["oom"], events(m, "a")["oom_kill"]) == (1, 1)
    m.check()


def test_oom_score_adj_moves_a_task_up_and_down_and_1000_less_saves_it(engine: str) -> None:
    m = machine(engine)
    group(m, "a", memory__max="8M")
    saved, _ = task_in(m, "a", "saved", 4 * M, adj=-1000)
    raised, _ = task_in(m, "a", "raised", M, adj=900)
    small, address = task_in(m, "a", "small", 2 * M)
    assert m.read(f"/proc/{saved.pid}/oom_score") == "0\n"
    small.write(address + 2 * M, 3 * M // 2)
    assert (saved.alive, raised.alive, small.alive) == (True, False, True)
    m.check()


def test_a_lone_task_that_may_not_be_killed_gets_no_further(engine: str) -> None:
    m = machine(engine)
    group(m, "a", memory__max="4M")
    task, address = task_in(m, "a", "p", adj=-1000)
    with pytest.raises(Livelock):
        task.write(address, 8 * M)
    assert task.alive and events(m, "a")["oom_kill"] == 0
    assert "no killable processes" in m.dmesg()
    m.check()


def test_a_group_dies_as_one_and_its_first_victim_is_counted_twice(engine: str) -> None:
    m = machine(engine)
    group(m, "a", memory__max="8M", memory__oom__group="1")
    first, _ = task_in(m, "a", "first", 5 * M)
    second, address = task_in(m, "a", "second", 2 * M)
    with pytest.raises(Killed):
        second.write(address + 2 * M, 4 * M)
    assert not first.alive and not second.alive
    assert (events(m, "a")["oom_kill"], events(m, "a")["oom_group_kill"]) == (3, 1)
    assert "killed due to memory.oom.group set" in m.dmesg()
    m.check()


def test_the_limit_of_a_parent_kills_among_all_below_it(engine: str) -> None:
    m = machine(engine)
    group(m, "a", memory__max="8M")
    m.write(f"{cgroups.ROOT}/a/cgroup.subtree_control", "+memory")
    group(m, "a/x")
    group(m, "a/y")
    big, _ = task_in(m, "a/x", "big", 5 * M)
    small, address = task_in(m, "a/y", "small", 2 * M)
    small.write(address + 2 * M, 2 * M)
    assert (big.alive, small.alive) == (False, True)
    assert (events(m, "a")["oom"], events(m, "a")["oom_kill"]) == (1, 1)
    assert (events(m, "a/x")["oom_kill"], events(m, "a/y")["oom_kill"]) == (1, 0)
    m.check()


def test_of_two_tasks_of_equal_size_the_later_one_dies(engine: str) -> None:
    m = machine(engine)
    group(m, "a", memory__max="8M")
    first, _ = task_in(m, "a", "first", 3 * M)
    second, _ = task_in(m, "a", "second", 3 * M)
    third, address = task_in(m, "a", "third", M)
    third.write(address + M, M)
    assert (first.alive, second.alive, third.alive) == (True, False, True)
    m.check()


def test_tasks_that_share_the_victims_memory_die_with_it(engine: str) -> None:
    m = machine(engine)
    group(m, "a", memory__max="8M")
    victim, _ = task_in(m, "a", "victim", 5 * M)
    sharer = victim.clone(0x100)  # CLONE_VM
    small, address = task_in(m, "a", "small", 2 * M)
    small.write(address + 2 * M, 2 * M)
    assert (victim.alive, sharer.alive, small.alive) == (False, False, True)
    assert events(m, "a")["oom_kill"] == 1
    m.check()


def test_the_whole_machine_kills_its_biggest_task_and_goes_on(engine: str) -> None:
    m = machine(engine)
    big, _ = task_in(m, "", "big", 12 * M)
    hog, address = task_in(m, "", "hog", 6 * M)
    hog.write(address, 14 * M)
    assert (big.alive, hog.alive) == (False, True)
    log = m.dmesg()
    assert re.search(r"hog invoked oom-killer: gfp_mask=0x\w+\(GFP_HIGHUSER_MOVABLE", log)
    assert re.search(r"oom-kill:constraint=CONSTRAINT_NONE,.*global_oom,.*task=big,pid=\d+", log)
    assert re.search(r"Out of memory: Killed process \d+ \(big\) total-vm:\d+kB, anon-rss:", log)
    m.check()


def test_a_machine_without_anybody_to_kill_panics(engine: str) -> None:
    m = machine(engine)
    task, _ = task_in(m, "", "p", adj=-1000)
    address = task.mmap(0, 128 * M, RW, ANON | MAP_NORESERVE)
    with pytest.raises(Killed):
        task.write(address, 128 * M)
    assert "Kernel panic - not syncing: System is deadlocked on memory" in m.dmesg()
    m.check()


def test_the_allocating_task_is_killed_where_the_setting_says_so(engine: str) -> None:
    m = machine(engine)
    m.write("/proc/sys/vm/oom_kill_allocating_task", "1")
    big, _ = task_in(m, "", "big", 12 * M)
    hog, address = task_in(m, "", "hog", 6 * M)
    with pytest.raises(Killed):
        hog.write(address, 16 * M)
    assert (big.alive, hog.alive) == (True, False)
    m.check()


def test_memory_max_below_the_usage_kills_until_it_fits(engine: str) -> None:
    m = machine(engine)
    group(m, "a")
    big, _ = task_in(m, "a", "big", 5 * M)
    small, _ = task_in(m, "a", "small", M)
    m.write(f"{cgroups.ROOT}/a/memory.max", "3M")
    assert (big.alive, small.alive) == (False, True)
    assert int(m.read(f"{cgroups.ROOT}/a/memory.current")) <= 3 * M
    m.check()


def test_the_task_table_and_mem_info_have_the_lines_that_parsers_look_for(engine: str) -> None:
    m = machine(engine)
    _, _ = task_in(m, "", "big", 12 * M)
    hog, address = task_in(m, "", "hog", 6 * M)
    hog.write(address, 14 * M)
    log = m.dmesg()
    assert "Mem-Info:" in log
    for pattern in (
        r"Node 0 active_anon:\d+kB inactive_anon:\d+kB",
        r"Node 0 DMA32 free:\d+kB boost:\d+kB min:\d+kB low:\d+kB high:\d+kB",
        r"lowmem_reserve\[\]: (\d+ ?)+",
        r"Node 0 DMA: \d+\*4kB .* = \d+kB",
        r"\d+ pages RAM",
        r"\[  pid  \]   uid  tgid total_vm      rss rss_anon",
        r"\[ +\d+\] +0 +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +0 big",
    ):
        assert re.search(pattern, log), pattern


# Seen on 6.1 and 6.12: kernel memory of a killed task that goes two seconds after it.
def test_a_victims_mm_remains_until_the_reaper_lets_it_go(engine: str) -> None:
    m = machine(engine)
    group(m, "a", memory__max="8M")
    memcg = cgroups.find(m, "a")
    big = m.spawn("big")
    cgroups.attach(m, memcg, big.index)
    big.exec_mmap()
    big.write(big.mmap(0, 16 * M, RW, ANON), 5 * M)
    small, address = task_in(m, "a", "small", 1 * M)
    small.write(address + M, 2 * M)
    assert events(m, "a")["oom_kill"] == 1
    killed = int(m.arena.memcgs[memcg].object_bytes)
    m.check()
    m.clock.sleep_until(int(m.clock.now()) + 2_100_000_000)
    mm_struct, counters, credentials = 1408 + 8, 16 + 4 * 8, 200 + 24
    freed = killed - int(m.arena.memcgs[memcg].object_bytes)
    assert freed == mm_struct + counters + credentials
    m.check()
