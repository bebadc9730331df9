"""Swap areas, the swap cache, faults and readahead: pages swapped out by hand and touched again."""

from __future__ import annotations

import random

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import MADV_FREE, MADV_WILLNEED, MAP_ANONYMOUS, MAP_PRIVATE
from tests.mm.paging import PAGE, Task, boot
from tests.mm.swapping import (
    DISK,
    ROTATING,
    drop_swap_cache,
    events,
    machine_with_swap,
    pfn_of,
    pte,
    swap_out,
)

KERNELS = ("6.1", "6.12", "6.18")
NR = 64


def filled(task: Task, nr: int = NR) -> int:
    address = task.mmap(nr * PAGE)
    task.w(address, nr * PAGE)
    return address


def majors(task: Task) -> int:
    return int(task.record.maj_flt)


def test_an_area_is_listed_and_counted(engine: str) -> None:
    machine = machine_with_swap(engine).machine
    lines = machine.read("/proc/swaps").splitlines()
    assert lines[1].split() == ["/dev/vda", "partition", "65532", "0", "-2"]
    meminfo = machine.read("/proc/meminfo")
    assert "SwapTotal:         65532 kB\nSwapFree:          65532 kB" in meminfo
    machine.swapoff("/dev/vda")
    assert machine.read("/proc/swaps").count("\n") == 1
    assert "SwapTotal:             0 kB" in machine.read("/proc/meminfo")


def test_swapon_refuses_what_has_no_header_or_is_in_use(engine: str) -> None:
    machine = boot(engine, disk=[DISK]).machine
    with pytest.raises(OSError, match="header"):
        machine.swapon("/dev/vda")
    machine.mkswap("/dev/vda")
    machine.swapon("/dev/vda")
    with pytest.raises(OSError, match="busy"):
        machine.swapon("/dev/vda")
    with pytest.raises(FileNotFoundError):
        machine.swapon("/dev/vdx")
    with pytest.raises(FileNotFoundError):
        machine.swapoff("/dev/vdx")
    machine.swapoff("/dev/vda")
    with pytest.raises(OSError, match="not in use"):
        machine.swapoff("/dev/vda")


@pytest.mark.parametrize("kernel", KERNELS)
def test_swapped_pages_leave_the_resident_set_and_come_back(engine: str, kernel: str) -> None:
    task = machine_with_swap(engine, kernel=kernel)
    address = filled(task)
    assert swap_out(task, address, NR * PAGE) == NR
    task.machine.rss_stat.sync_mm_rss(task.mm)
    assert task.counter(2) == NR and task.counter(1) == 0
    assert task.smap(address)["swap"] == task.smap(address)["pss_swap"] == NR * 4
    assert task.pm(address, NR * PAGE) == [f"0+{NR}:-d"]
    task.machine.check()
    task.r(address, NR * PAGE)
    task.machine.rss_stat.sync_mm_rss(task.mm)
    assert task.counter(2) == 0 and task.counter(1) == NR
    task.machine.check()


def test_majors_of_a_sequential_swap_in_are_an_eighth(engine: str) -> None:
    task = machine_with_swap(engine)
    address = filled(task, 512)
    swap_out(task, address, 512 * PAGE)
    task.r(address + 8 * PAGE, 485 * PAGE)
    faults = majors(task)
    assert faults == 1 + 480 // 8  # the first window lies around its fault: [-3, +5)
    counts = events(task.machine)
    assert counts["swap_ra"] == 3 + 485 - faults and counts["swap_ra_hit"] == 485 - faults
    assert counts["pswpin"] == counts["swap_ra"] + faults
    task.machine.check()


def test_without_page_cluster_each_page_is_a_major_fault(engine: str) -> None:
    task = machine_with_swap(engine)
    task.machine.write("/proc/sys/vm/page-cluster", "0")
    address = filled(task)
    swap_out(task, address, NR * PAGE)
    task.r(address, NR * PAGE)
    assert majors(task) == NR and events(task.machine)["swap_ra"] == 0


def test_a_rotating_disk_is_read_ahead_by_slots(engine: str) -> None:
    task = machine_with_swap(engine, ROTATING)
    address = filled(task)
    swap_out(task, address, NR * PAGE)
    task.r(address + 32 * PAGE, PAGE)
    assert majors(task) == 1
    assert events(task.machine)["pswpin"] == 8  # an aligned group of slots
    task.machine.check()


def test_a_load_from_swap_maps_it_writable_from_6_12_on(engine: str) -> None:
    for kernel, faults in (("6.1", NR), ("6.12", 0), ("6.18", 0)):
        task = machine_with_swap(engine, kernel=kernel)
        address = filled(task)
        swap_out(task, address, NR * PAGE)
        task.r(address, NR * PAGE)
        before = task.min_flt
        task.w(address, NR * PAGE)
        assert task.min_flt - before == faults, kernel


def test_a_store_to_a_page_from_swap_gives_its_slot_back(engine: str) -> None:
    task = machine_with_swap(engine, kernel="6.18")
    task.machine.write("/proc/sys/vm/page-cluster", "0")
    address = filled(task)
    swap_out(task, address, NR * PAGE)
    task.r(address, NR // 2 * PAGE)
    assert used_kb(task) == NR * 4  # still in the swap cache
    task.w(address + NR // 2 * PAGE, NR // 2 * PAGE)
    assert used_kb(task) == NR // 2 * 4
    task.machine.check()


def used_kb(task: Task) -> int:
    return int(task.machine.read("/proc/swaps").splitlines()[1].split()[3])


def test_up_to_6_12_a_cpu_keeps_64_freed_slots(engine: str) -> None:
    for kernel, kept in (("6.1", 64), ("6.12", 64), ("6.18", 0)):
        task = machine_with_swap(engine, kernel=kernel)
        task.machine.write("/proc/sys/vm/page-cluster", "0")
        address = filled(task, 128)
        swap_out(task, address, 128 * PAGE)
        assert used_kb(task) == 128 * 4
        task.w(address, 128 * PAGE)
        assert used_kb(task) == kept * 4, kernel
        task.machine.check()


def test_areas_of_equal_priority_take_turns_and_higher_ones_come_first(engine: str) -> None:
    disks = [{**DISK, "name": name} for name in ("vda", "vdb", "vdc")]
    task = boot(engine, disk=disks, ram="64M")
    for name, priority in (("vda", 5), ("vdb", 5), ("vdc", 7)):
        task.machine.mkswap(f"/dev/{name}")
        task.machine.swapon(f"/dev/{name}", priority)
    address = filled(task, 256)
    swap_out(task, address, 128 * PAGE)
    assert [used(task, n) for n in range(3)] == [0, 0, 128 * 4]
    task.machine.swapoff("/dev/vdc")
    swap_out(task, address, 128 * PAGE)
    assert [used(task, n) for n in range(2)] == [64 * 4, 64 * 4]
    task.machine.check()


def used(task: Task, n: int) -> int:
    return int(task.machine.read("/proc/swaps").splitlines()[1 + n].split()[3])


def test_fork_shares_slots_and_the_last_one_frees_them(engine: str) -> None:
    task = machine_with_swap(engine, kernel="6.18")
    address = filled(task)
    swap_out(task, address, NR * PAGE)
    child = task.fork()
    task.machine.check()
    assert child.smap(address)["pss_swap"] == NR * 2
    child.run()
    child.exit()
    task.machine.check()
    assert used_kb(task) == NR * 4
    task.run()
    task.exit()
    task.machine.check()
    assert used_kb(task) == 0


def test_a_page_shared_through_swap_is_copied_by_the_first_store(engine: str) -> None:
    task = machine_with_swap(engine)
    address = filled(task)
    swap_out(task, address, NR * PAGE)
    child = task.fork()
    task.run()
    task.r(address, NR * PAGE)
    child.run()
    child.w(address, NR * PAGE)
    assert all(
        pfn_of(task, address + i * PAGE) != pfn_of(child, address + i * PAGE) for i in range(NR)
    )
    task.machine.check()


def test_swapoff_brings_everything_back(engine: str) -> None:
    task = machine_with_swap(engine)
    address = filled(task)
    swap_out(task, address, NR * PAGE)
    child = task.fork()
    task.machine.swapoff("/dev/vda")
    task.machine.check()
    for one in (task, child):
        assert one.counter(2) == 0 and all(pfn_of(one, address + i * PAGE) for i in range(NR))
    assert task.machine.swapfile.get_nr_swap_pages() == 0


def test_a_count_beyond_62_takes_a_continuation_page(engine: str) -> None:
    task = machine_with_swap(engine)
    address = filled(task, 1)
    swap_out(task, address, PAGE)
    children = [task.fork() for _ in range(70)]
    task.machine.check()
    for child in children:
        child.run()
        child.exit()
    task.run()
    task.machine.check()
    task.machine.swapoff("/dev/vda")
    task.machine.check()


def test_lazily_freed_pages_are_dropped_unless_written_again(engine: str) -> None:
    task = machine_with_swap(engine)
    address = filled(task)
    task.machine.lru.lru_add_drain()
    assert task.run().madvise.do_madvise(address, NR * PAGE, MADV_FREE) == 0
    task.machine.lru.lru_add_drain()
    task.w(address, PAGE)
    pfns = [pfn_of(task, address + i * PAGE) for i in range(NR)]
    for pfn in pfns:
        assert task.machine.lru.folio_isolate_lru(pfn)
        task.machine.rmap_unmap.try_to_unmap(pfn, False)
        task.machine.rmap_unmap.try_to_unmap_flush()
        task.machine.lru.folio_putback_lru(pfn)
    assert pfn_of(task, address) == pfns[0]
    assert [pte(task, address + i * PAGE) for i in range(1, NR)] == [0] * (NR - 1)
    task.machine.lru.lru_add_drain()
    task.machine.check()


def test_advice_about_swapped_out_pages(engine: str) -> None:
    task = machine_with_swap(engine, kernel="6.18")
    address = filled(task)
    swap_out(task, address, NR * PAGE)
    machine = task.run()
    assert machine.madvise.do_madvise(address, NR // 2 * PAGE, MADV_WILLNEED) == 0
    machine.clock.sleep_until(machine.clock.now() + 10**9)
    assert majors(task) == 0
    task.r(address, NR // 2 * PAGE)
    assert majors(task) == 0
    assert machine.madvise.do_madvise(address + NR // 2 * PAGE, NR // 2 * PAGE, MADV_FREE) == 0
    assert used_kb(task) == NR // 2 * 4
    machine.check()


def test_shmem_goes_to_swap_and_comes_back(engine: str) -> None:
    task = machine_with_swap(engine, kernel="6.18")
    machine = task.machine
    address = task.mmap(NR * PAGE, flags="shared,anon")
    task.w(address, NR * PAGE)
    pfns = [pfn_of(task, address + i * PAGE) for i in range(NR)]
    machine.lru.lru_add_drain()
    for pfn in pfns:
        assert machine.lru.folio_isolate_lru(pfn)
        assert machine.rmap_unmap.try_to_unmap(pfn, False)
        machine.rmap_unmap.try_to_unmap_flush()
        assert machine.swap_state.shmem_writepage(pfn) == 0
        machine.lru.folio_putback_lru(pfn)
    machine.clock.sleep_until(machine.clock.now() + 10**9)
    machine.lru.lru_add_drain()
    drop_swap_cache(machine)
    machine.check()
    assert task.smap(address)["swap"] == NR * 4
    task.r(address, NR * PAGE)
    assert majors(task) == NR // 8
    machine.check()
    assert used_kb(task) == 0
    task.munmap(address, NR * PAGE)
    machine.check()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("disk", [DISK, ROTATING])
def test_whatever_is_swapped_out_and_in_every_count_holds(
    engine: str, kernel: str, disk: dict[str, object]
) -> None:
    """Random touches, swap-outs, forks, exits and swapoffs."""
    for seed in range(2):
        rng = random.Random(seed)
        task = machine_with_swap(engine, disk, kernel=kernel)
        path = f"/dev/{disk['name']}"
        address = filled(task)
        tasks = [task]
        for _ in range(40):
            one = rng.choice(tasks)
            one.run()
            at = address + rng.randrange(NR) * PAGE
            what = rng.randrange(9)
            if what < 2:
                swap_out(one, at, min(address + NR * PAGE - at, rng.randrange(1, 32) * PAGE))
            elif what < 5:
                one.touch(at, rng.randrange(1, 16) * PAGE, PAGE, rng.randrange(2))
            elif what == 5 and len(tasks) < 5:
                tasks.append(one.fork())
            elif what == 6 and len(tasks) > 1:
                tasks.remove(one)
                one.exit()
                tasks[0].run()
            elif what == 7:
                one.zap(at, min(4 * PAGE, address + NR * PAGE - at))
            elif what == 8 and rng.randrange(3) == 0:
                one.machine.swapoff(path)
                one.machine.mkswap(path)
                one.machine.swapon(path)
            task.machine.check()
        for one in tasks:
            one.run()
            one.exit()
        task.machine.check()
        task.machine.swapoff(path)
        task.machine.check()


def test_shadow_entries_of_the_swap_cache_are_counted_leaf_by_leaf(engine: str) -> None:
    machine = Machine(ram="64M", cpus=1, engine=engine, disk=[DISK], **{"memory.max": "2M"})
    machine.mkswap("/dev/vda")
    machine.swapon("/dev/vda")
    task = machine.spawn("t")
    size = 1536 * PAGE
    task.write(task.mmap(0, size, 3, MAP_PRIVATE | MAP_ANONYMOUS), size)
    assert machine.swap_state.shadow_nodes() > 0
    machine.check()
