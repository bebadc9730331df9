"""Per-CPU page sets against zoneinfo of real kernels."""

from __future__ import annotations

import pytest

from mmtwin.mm.vmstat_items import NR_FREE_PAGES

from .physical import (
    DMA0,
    DMA32_0,
    DMA32_1,
    GFP_USER_PAGE,
    drained,
    exact_machine,
    give_back,
    small_machine,
    smp_machine,
)


@pytest.mark.parametrize(
    ("kernel", "zone", "expected"),
    [
        (601, DMA0, {"batch": 1, "high": 15}),
        (601, DMA32_1, {"batch": 63, "high": 802}),
        (612, DMA0, {"batch": 1, "high_min": 15, "high_max": 480}),
        (612, DMA32_0, {"batch": 63, "high_min": 744, "high_max": 179722 // 8}),
        (618, DMA32_0, {"batch": 63, "high_min": 743, "high_max": 22426}),
        (618, DMA32_1, {"batch": 63, "high_min": 801, "high_max": 24180}),
    ],
)
def test_batch_and_high_are_those_of_zoneinfo(kernel, zone, expected, engine):
    machine = exact_machine(engine, kernel)
    machine.arena.sysctl[0].thp_enabled = 0
    machine.zones.set_recommended_min_free_kbytes()
    found = machine.pcp.pageset(zone, 0)
    assert {name: found[name] for name in expected} == expected


def test_smaller_zones_have_the_smaller_batch(engine):
    machine = smp_machine(engine)
    assert [machine.pcp.pageset(DMA32_0, cpu)["batch"] for cpu in (0, 1)] == [31, 31]


def test_refills_double_while_nothing_is_freed(engine):
    machine = exact_machine(engine)
    taken = []
    free = machine.vmstat.zone_page_state_snapshot(DMA32_0, NR_FREE_PAGES)
    for _ in range(2000):
        machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1)
        now = machine.vmstat.zone_page_state_snapshot(DMA32_0, NR_FREE_PAGES)
        if now != free:
            taken.append(free - now)
            free = now
    assert taken[:5] == [63, 126, 252, 504, 1008]


def test_6_1_takes_one_batch_at_a_time(engine):
    machine = exact_machine(engine, 601)
    free = machine.vmstat.zone_page_state_snapshot(DMA32_0, NR_FREE_PAGES)
    for _ in range(64):
        machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1)
    now = machine.vmstat.zone_page_state_snapshot(DMA32_0, NR_FREE_PAGES)
    assert free - now == 126


def test_pages_freed_stay_with_the_cpu_and_come_back_last_in_first_out(engine):
    machine = small_machine(engine)
    pfns = [machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1) for _ in range(8)]
    for pfn in pfns:
        give_back(machine, pfn)
    again = [machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1) for _ in range(8)]
    assert again == pfns[::-1]
    machine.check()


def test_a_set_that_is_too_full_gives_back_what_was_freed_first(engine):
    machine = exact_machine(engine, 601)  # whose sets do not grow
    machine.arena.sysctl[0].thp_enabled = 0
    machine.zones.set_recommended_min_free_kbytes()
    pfns = [machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1) for _ in range(2000)]
    for pfn in pfns:
        give_back(machine, pfn)
    kept = machine.pcp.pageset(DMA32_0, 0)["count"]
    assert 0 < kept < 2000
    again = [machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1) for _ in range(kept)]
    assert again == pfns[: -kept - 1 : -1]


def test_an_idle_set_decays_to_its_low_mark(engine):
    machine = exact_machine(engine)
    at_boot = drained(machine)
    pfns = [machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1) for _ in range(6000)]
    for pfn in pfns:
        give_back(machine, pfn)
    grown = machine.pcp.pageset(DMA32_0, 0)
    assert grown["high"] > grown["high_min"] and grown["count"] <= grown["high"]
    for _ in range(60):
        machine.page_alloc.refresh_cpu(0)
    settled = machine.pcp.pageset(DMA32_0, 0)
    assert settled["high"] == settled["high_min"] and settled["count"] <= settled["high"]
    machine.check()
    assert drained(machine) == at_boot
