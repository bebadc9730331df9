"""Plugs, the throttling of writes to swap, and devices that lie in memory."""

from __future__ import annotations

from typing import Any

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.clock import JIFFY_NS
from tests.mm.swapping import DISK
from tests.mm.test_memcg_swap import M, task_in

IN_MEMORY = {**DISK, "memory_backed": 1, "write_bandwidth": 200_000_000}


def machine(engine: str, disk: dict[str, Any], kernel: str = "6.12") -> Any:
    m: Any = Machine(ram="256M", cpus=1, engine=engine, disk=[disk], kernel=kernel)
    m.mkswap("/dev/vda")
    m.swapon("/dev/vda")
    return m


def vmstat(m: Any, name: str) -> int:
    found = dict(line.split() for line in m.read("/proc/vmstat").splitlines())
    return int(found[name])


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_a_round_of_reclaim_writes_its_pages_in_few_requests(engine: str, kernel: str) -> None:
    m = machine(engine, DISK, kernel)
    task, address = task_in(m, "a", memory__max="4M")
    task.write(address, 8 * M)
    written, disk = vmstat(m, "pswpout"), m.arena.block_devices[1]
    assert written > 900
    assert int(disk.writes) + int(disk.writes_merged) >= written - 64
    assert int(disk.writes) < written // 4
    m.check()


def test_pages_written_to_swap_are_rotated_when_the_plug_is_flushed(engine: str) -> None:
    m = machine(engine, IN_MEMORY)
    task, address = task_in(m, "a", memory__max="4M")
    task.write(address, 8 * M)
    assert vmstat(m, "pgrotated") > vmstat(m, "pswpout") * 3 // 4
    m.check()


def test_the_limit_of_writes_under_way_rises_while_they_go_on(engine: str) -> None:
    m = machine(engine, IN_MEMORY)
    disk = m.arena.block_devices[1]
    task, address = task_in(m, "a", memory__max="8M")
    task.write(address, 10 * M)
    assert int(disk.wbt_step) == 0 and int(disk.wbt_window_ns) > 0
    for _ in range(3):
        m.clock.sleep_until(m.clock.now() + 120_000_000)
        task.write(address, 12 * M)
    assert int(disk.wbt_step) == 2
    m.clock.sleep_until(m.clock.now() + 3 * 10**9)
    task.write(address, 12 * M)
    assert int(disk.wbt_step) == 0
    m.check()


def test_a_disk_in_memory_takes_a_page_for_each_that_is_written_first(engine: str) -> None:
    m = machine(engine, IN_MEMORY)
    task, address = task_in(m, "a", memory__max="4M")
    task.write(address, 8 * M)
    m.clock.sleep_until(m.clock.now() + 10**9)
    backing = len(m.arena.where_set("memory_backing"))
    assert 0 < backing <= vmstat(m, "pswpout")
    before = backing
    task.read(address, 8 * M)
    task.exit()
    m.check()
    assert len(m.arena.where_set("memory_backing")) >= before  # nothing is discarded


def test_a_disk_of_its_own_takes_no_memory(engine: str) -> None:
    m = machine(engine, DISK)
    task, address = task_in(m, "a", memory__max="4M")
    task.write(address, 8 * M)
    assert not m.arena.where_set("memory_backing")
    m.check()


def test_a_window_of_throttling_ends_on_a_tick(engine: str) -> None:
    m = machine(engine, IN_MEMORY)
    task, address = task_in(m, "a", memory__max="4M")
    task.write(address, 6 * M)
    end = int(m.arena.block_devices[1].wbt_window_ns)
    assert end % JIFFY_NS == 0
    assert end - int(m.clock.now()) + 25 * JIFFY_NS > 100_000_000


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_ends_of_writes_take_the_time_of_whoever_they_interrupt(engine: str, kernel: str) -> None:
    took = []
    for cost in 0, 1000:
        m: Any = Machine(
            ram="256M", cpus=1, engine=engine, disk=[IN_MEMORY], kernel=kernel,
            cost={"swap_end_page_ns": cost},
        )  # fmt: skip
        m.mkswap("/dev/vda")
        m.swapon("/dev/vda")
        task, address = task_in(m, "a", memory__max="4M")
        task.write(address, 12 * M)
        took.append(int(m.clock.now()))
    assert took[1] - took[0] > vmstat(m, "pswpout") * 500
    m.check()
