"""Zones, watermarks and zonelists, against the zoneinfo of real kernels."""

from __future__ import annotations

import pytest

from mmtwin.config import MachineConfig, NodeConfig, describe
from mmtwin.machine import Machine
from mmtwin.mm.boot_memory import nodes_by_distance, zone_spans

from .physical import DMA0, DMA32_0, DMA32_1, exact_machine, smp_machine

# zone: spanned, present, managed of golden g5_global_reclaim (6.12, exact and two CPUs)
EXACT = {DMA0: (4095, 3998, 3840), DMA32_0: (192512, 192512, 179722),
         DMA32_1: (196570, 196570, 193440)}  # fmt: skip
SMP = {DMA0: (4095, 3998, 3840), DMA32_0: (126976, 126976, 115210),
       DMA32_1: (131034, 131034, 128863)}  # fmt: skip


@pytest.mark.parametrize(("make", "expected"), [(exact_machine, EXACT), (smp_machine, SMP)])
def test_zones_are_as_large_as_on_the_real_machine(make, expected, engine):
    machine = make(engine)
    zones = machine.arena.zones
    for zone, sizes in expected.items():
        found = (zones[zone].spanned_pages, zones[zone].present_pages, zones[zone].managed_pages)
        assert found == sizes
    machine.check()


def test_the_exact_machine_has_the_real_one_s_memtotal(engine):
    assert exact_machine(engine).zones.totalram_pages() * 4 == 1508008


def test_watermarks_are_those_of_zoneinfo_once_huge_pages_are_off(engine):
    machine = exact_machine(engine)
    assert machine.arena.sysctl[0].min_free_kbytes == 67584  # khugepaged's raise
    machine.arena.sysctl[0].thp_enabled = 0
    machine.zones.set_recommended_min_free_kbytes()
    marks = {zone: list(machine.zones.watermarks(zone).values()) for zone in EXACT}
    assert marks[DMA0] == [0, 12, 15, 18, 21]
    assert marks[DMA32_0] == [0, 565, 744, 923, 1102]
    assert marks[DMA32_1] == [0, 608, 801, 994, 1187]
    assert list(machine.zones.watermarks(4).values()) == [0, 32, 32, 32, 32]  # empty Movable


def test_available_memory_leaves_out_what_the_real_kernel_reserves(engine):
    """MemFree 1230424 kB and MemAvailable 1127128 kB in a08_overcommit; of file pages and slab,
    3 and 209 pages count as available there."""
    machine = exact_machine(engine)
    assert machine.zones.totalreserve_pages() - 3 - 209 == (1230424 - 1127128) // 4
    assert machine.zones.protection(DMA0) == [0, 695, 695, 695]


def test_writing_min_free_kbytes_moves_all_marks(engine):
    machine = exact_machine(engine)
    machine.arena.sysctl[0].min_free_kbytes = 10000
    machine.zones.setup_per_zone_wmarks()
    total = sum(machine.zones.watermarks(zone)["min"] for zone in EXACT)
    assert 2500 - 3 <= total <= 2500
    machine.check()


@pytest.mark.parametrize("ram", ["128M", "512M", "3G", "4G", "64G", "1T"])
def test_every_size_boots_and_accounts_for_all_of_its_memory(ram, engine):
    machine = Machine(describe(ram=ram, cpus=2), engine=engine)
    machine.check()
    managed = machine.zones.totalram_pages()
    assert 0 < managed < machine.config.ram_pages
    free = sum(
        machine.buddy.free_blocks(zone)[order] << order
        for zone in range(1, len(machine.arena.zones))
        for order in range(11)
    )
    assert free == managed


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "6.18"])
def test_init_memory_that_the_kernel_s_zone_has_no_room_for_lies_below(kernel, engine):
    """Of 64 MiB, 6.1 leaves 349 pages above 16 MiB: fewer than its initramfs takes."""
    machine = Machine(ram="64M", cpus=1, kernel=kernel, engine=engine)
    for zone in (1, 2):
        marks = machine.zones.watermarks(zone)
        assert 0 < marks["min"] < marks["high"] < machine.arena.zones[zone].managed_pages // 8
        assert 0 < machine.pcp.pageset(zone, 0)["high_min"] <= 200
    machine.check()


def test_a_machine_that_cannot_hold_a_kernel_is_refused():
    with pytest.raises(ValueError, match="do not hold"):
        zone_spans(MachineConfig((NodeConfig(((0, 8192),)),), 1, (0,)))


def test_movablecore_is_cut_from_the_top_of_each_node(engine):
    nodes = (NodeConfig(((0, 1 << 17),)), NodeConfig(((1 << 17, 1 << 18),)))
    config = MachineConfig(nodes, 1, (0,), distances=(), movablecore=1 << 16)
    machine = Machine(config, engine=engine)
    for movable, end in ((4, 1 << 17), (8, 1 << 18)):
        assert machine.arena.zones[movable].zone_start_pfn == end - (1 << 15)
    assert machine.zones.watermarks(4)["min"] == 32
    machine.check()


@pytest.mark.parametrize(
    ("distances", "orders"),
    [
        ((), [[0, 1, 2], [1, 2, 0], [2, 0, 1]]),
        (((10, 30, 20), (30, 10, 20), (20, 20, 10)), [[0, 2, 1], [1, 2, 0], [2, 0, 1]]),
    ],
)
def test_zonelists_go_by_distance_and_then_round(distances, orders):
    nodes = tuple(NodeConfig(((n << 16, (n + 1) << 16),)) for n in range(3))
    assert nodes_by_distance(MachineConfig(nodes, 3, (0, 1, 2), distances=distances)) == orders


def test_the_local_node_s_lower_zone_comes_before_the_other_node(engine):
    machine = exact_machine(engine)
    assert list(machine.arena.zonelists[i] for i in range(4)) == [DMA32_0, DMA0, DMA32_1, 0]
