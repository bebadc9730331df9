"""zswap: what is stored, what is refused, and who leaves for the device."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mmtwin import cgroups, zswap_files
from mmtwin.machine import Machine
from mmtwin.task import Task
from tests.mm.swapping import events

PAGE, MIB = 4096, 1 << 20
RW, ANON, PAGEOUT, DONTNEED = 3, 0x22, 21, 4
SECOND = 10**9
KERNELS = ["6.1", "6.12", "6.18"]


def machine(engine: str, kernel: str = "6.12", **parameters: str) -> Any:
    """64 MiB with 128 MiB of swap, zswap in front of it; zstd's sizes come from a table."""
    m = Machine(
        engine=engine,
        ram="64M",
        cpus=1,
        kernel=kernel,
        disk=[{"name": "vda", "profile": "null_blk", "size": "128M"}],
    )
    m.mkswap("/dev/vda")
    m.swapon("/dev/vda")
    for name, text in {"compressor": "zstd", "enabled": "Y", **parameters}.items():
        m.write(zswap_files.PARAMETERS + name, text)
    return m


def counters(m: Any) -> dict[str, int]:
    """debugfs."""
    names = zswap_files.names(m, zswap_files.DEBUGFS)
    return {name: int(m.read(zswap_files.DEBUGFS + name)) for name in names}


def task_in(m: Any, group: str, **limits: str) -> Task:
    cgroups.mkdir(m, group)
    for name, text in limits.items():
        m.write(f"{cgroups.ROOT}/{group}/{name.replace('__', '.')}", text)
    task: Task = m.spawn(group)
    cgroups.attach(m, cgroups.find(m, group), task.index)
    return task


def out(task: Task, nr: int, kind: str = "partly", *args: int) -> int:
    """Fill pages and page them out: their address."""
    address = task.mmap(0, nr * PAGE, RW, ANON)
    task.fill(address, nr * PAGE, kind, *(args or (7, 256)))
    task.madvise(address, nr * PAGE, PAGEOUT)
    clock = task.machine.clock
    clock.sleep_until(clock.now() + SECOND)
    return address


@pytest.mark.parametrize("kernel", KERNELS)
def test_pages_are_kept_compressed_and_come_back(engine: str, kernel: str) -> None:
    m = machine(engine, kernel)
    task = m.spawn()
    address = out(task, 100)
    found = counters(m)
    assert found["stored_pages"] == 100 and 0 < found["pool_total_size"] < 101 * PAGE
    assert m.read("/proc/meminfo").split("Zswapped:")[1].split()[0] == "400"
    before = events(m)
    task.read(address, 100 * PAGE)
    after = events(m)
    assert after["zswpin"] - before["zswpin"] == 100 and after["pswpin"] == before["pswpin"]
    # 6.1 keeps what was loaded; later kernels have it in one place only
    assert counters(m)["stored_pages"] == (100 if kernel == "6.1" else 0)
    m.check()


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_what_does_not_get_smaller_goes_to_the_device(engine: str, kernel: str) -> None:
    m = machine(engine, kernel)
    before = events(m)
    out(m.spawn(), 50, "stream", 9)
    assert counters(m)["stored_pages"] == 0
    assert events(m)["pswpout"] - before["pswpout"] == 50
    if kernel == "6.12":
        assert counters(m)["reject_compress_fail"] == 50


def test_from_6_18_on_it_is_kept_as_it_is_where_it_may_be_written_back(engine: str) -> None:
    m = machine(engine, "6.18")
    out(task_in(m, "a"), 50, "stream", 9)
    found = counters(m)
    assert found["stored_incompressible_pages"] == found["stored_pages"] == 50
    assert found["pool_total_size"] == 50 * PAGE
    out(task_in(m, "b", memory__zswap__writeback="0"), 50, "stream", 9)
    assert counters(m)["stored_pages"] == 50 and counters(m)["reject_compress_fail"] == 50
    m.check()


def test_zeros_are_no_entries_but_on_6_1(engine: str) -> None:
    for kernel, stored, same in (("6.1", 20, 20), ("6.12", 0, None)):
        m = machine(engine, kernel)
        out(m.spawn(), 20, "zero")
        assert counters(m)["stored_pages"] == stored
        assert counters(m).get("same_filled_pages") == same


def test_a_full_pool_takes_nothing_until_it_is_below_the_threshold(engine: str) -> None:
    m = machine(engine, max_pool_percent="1", accept_threshold_percent="50")
    task = m.spawn()
    a = out(task, 64, "partly", 7, 256)
    limit = int(m.overcommit.totalram_pages()) // 100
    b = out(task, 1000, "partly", 8, 256)
    found = counters(m)
    assert found["pool_limit_hit"] > 0 and found["written_back_pages"] > 0
    assert found["pool_total_size"] <= limit * PAGE
    for address, nr in ((a, 64), (b, 1000)):
        task.madvise(address, nr * PAGE, DONTNEED)
    left = counters(m)["stored_pages"]  # of slots that the CPU has not given back yet
    out(task, 10)
    assert counters(m)["stored_pages"] == left + 10  # below the threshold: taken again
    m.check()


def test_an_entry_has_a_second_chance_and_the_oldest_goes_first(engine: str) -> None:
    m = machine(engine)
    task = m.spawn()
    out(task, 3)
    lists = m.zswap_lru
    first = int(m.arena.zswap_lruvecs[0].first)
    assert int(lists.shrink_memcg(0)) == -11  # EAGAIN: only its mark went
    assert int(m.arena.zswap_lruvecs[0].last) == first
    assert [int(lists.shrink_memcg(0)) for _ in range(2)] == [-11, -11]
    assert int(lists.shrink_memcg(0)) == 0
    assert counters(m)["written_back_pages"] == 1 and counters(m)["stored_pages"] == 2
    assert int(m.arena.zswap_entries[first].state) == 0
    m.check()


def test_6_1_evicts_a_page_of_zbud_each_time_the_pool_is_full(engine: str) -> None:
    """As a real 6.1: two hits, two pages written, and full from then on."""
    m = machine(engine, "6.1", max_pool_percent="1")
    out(m.spawn(), 1000)
    found = counters(m)
    assert (found["pool_limit_hit"], found["written_back_pages"]) == (2, 2)
    m.check()


def test_the_shrinker_gives_entries_up_when_memory_is_short(engine: str) -> None:
    written = {}
    for on in "NY":
        m = machine(engine, shrinker_enabled=on)
        task = task_in(m, "a", memory__max="4M")
        address = task.mmap(0, 8 * MIB, RW, ANON)
        task.fill(address, 8 * MIB, "partly", 7, 128)
        written[on] = counters(m)["written_back_pages"]
        assert events(m)["zswpwb"] == written[on]
        m.check()
    assert written["N"] == 0 < written["Y"]


def test_as_many_entries_are_spared_as_pages_came_from_the_device(engine: str) -> None:
    m = machine(engine, shrinker_enabled="Y")
    task = task_in(m, "a")
    out(task, 40)
    memcg = cgroups.find(m, "a")
    m.memcg_stat.do_flush_stats(memcg)
    record = m.arena.zswap_lruvecs[memcg]
    count = int(record.nr)
    record.nr_disk_swapins = 25
    assert count == 40
    m.zswap_lru.shrink_slab(memcg, 0, 12, 0xCC0)
    assert int(m.arena.zswap_lruvecs[memcg].nr_disk_swapins) == 0
    assert counters(m)["written_back_pages"] == 0


def test_without_writeback_nothing_of_the_group_reaches_the_device(engine: str) -> None:
    """memory.zswap.writeback of a parent counts too; switched off, zswap is no obstacle."""
    m = machine(engine)
    cgroups.mkdir(m, "a")
    m.write(f"{cgroups.ROOT}/a/cgroup.subtree_control", "+memory")
    m.write(f"{cgroups.ROOT}/a/memory.zswap.writeback", "0")
    task = task_in(m, "a/b")
    before = events(m)["pswpout"]
    out(task, 50, "stream", 9)
    assert m.read(f"{cgroups.ROOT}/a/b/memory.zswap.writeback") == "1\n"
    assert events(m)["pswpout"] == before and counters(m)["stored_pages"] == 0
    out(task, 50)
    assert int(m.zswap_lru.shrink_memcg(cgroups.find(m, "a/b"))) == -2  # ENOENT
    m.write(zswap_files.PARAMETERS + "enabled", "N")
    out(task, 50, "stream", 10)
    assert events(m)["pswpout"] - before == 50
    m.check()


def test_a_group_at_its_limit_writes_an_old_entry_for_a_new_one(engine: str) -> None:
    m = machine(engine)
    task = task_in(m, "a", memory__zswap__max="64K")
    out(task, 300)
    m.memcg_stat.do_flush_stats(cgroups.find(m, "a"))
    current = int(m.read(f"{cgroups.ROOT}/a/memory.zswap.current"))
    assert 0 < current < 160 * 1024  # statistics are late
    assert counters(m)["stored_pages"] < 100
    m.check()


def test_the_entries_of_a_removed_group_are_its_parents(engine: str) -> None:
    m = machine(engine)
    task = task_in(m, "a")
    address = out(task, 30)
    child, memcg = task.fork(), cgroups.find(m, "a")
    cgroups.attach(m, 0, child.index)
    task.exit()
    cgroups.rmdir(m, "a")
    assert int(m.arena.zswap_lruvecs[0].nr) == 30 and not int(m.arena.zswap_lruvecs[memcg].nr)
    m.check()
    child.read(address, 30 * PAGE)
    m.check()


def test_a_cloud_flavour_has_no_zswap(engine: str) -> None:
    m = Machine(engine=engine, ram="64M", kernel="6.18", zswap=False)
    with pytest.raises(OSError, match="no such file"):
        m.read(zswap_files.PARAMETERS + "enabled")
    assert "Zswap" not in m.read("/proc/meminfo") and "zswpin" not in m.read("/proc/vmstat")


@pytest.mark.parametrize("kernel", KERNELS)
def test_whatever_is_stored_loaded_and_dropped_every_count_holds(engine: str, kernel: str) -> None:
    kinds = [("partly", 1, 256), ("partly", 2, 64), ("stream", 3), ("zero",), ("text",),
             ("value", 5)]  # fmt: skip
    rng = random.Random(0)
    m = machine(engine, kernel, max_pool_percent="1")
    tasks = [task_in(m, name) for name in "ab"]
    areas = [(t, t.mmap(0, MIB, RW, ANON)) for t in tasks]
    for step in range(40):
        task, address = rng.choice(areas)
        at = address + rng.randrange(200) * PAGE
        what = rng.randrange(8)
        if what < 2:
            kind, *args = rng.choice(kinds)
            task.fill(at, 40 * PAGE, kind, *args)
        elif what < 5:
            task.madvise(at, 40 * PAGE, PAGEOUT)
        elif what == 5:
            task.madvise(at, 20 * PAGE, DONTNEED)
        elif what == 6:
            task.read(at, 30 * PAGE)
        else:
            word = rng.choice("YN") if kernel != "6.1" else "Y"
            name = rng.choice(["enabled", "shrinker_enabled"]) if kernel != "6.1" else "enabled"
            m.write(zswap_files.PARAMETERS + name, word)
        if step % 4 == 3:
            m.check()
    m.swapoff("/dev/vda")
    assert counters(m)["stored_pages"] == 0 == counters(m)["pool_total_size"]
    m.check()
