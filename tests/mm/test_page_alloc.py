"""The allocator: where pages come from, and that every one of them comes back."""

from __future__ import annotations

import itertools
import resource
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmtwin.config import describe
from mmtwin.machine import Machine
from mmtwin.mm.vmstat_items import (
    ALLOCSTALL_DMA,
    NR_FREE_PAGES,
    NUMA_FOREIGN,
    NUMA_HIT,
    NUMA_MISS,
    PGALLOC_DMA,
    PGFREE,
)

from ..conftest import built_engines
from .physical import (
    DMA32_0,
    DMA32_1,
    GFP_ATOMIC,
    GFP_KERNEL,
    GFP_USER_PAGE,
    drained,
    exact_machine,
    give_back,
    small_machine,
)

GFP_COMP, GFP_THISNODE, GFP_RECLAIMABLE = 0x40000, 0x200000, 0x10


def test_single_pages_of_a_fresh_machine_are_contiguous_and_ascending(engine):
    """Once the fragments around reserved memory are used up, as memblock_free_all() left them."""
    machine = small_machine(engine)
    pfns = [machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1) for _ in range(4000)]
    steps = [b - a for a, b in itertools.pairwise(pfns)]
    assert steps.count(1) > 3980
    assert pfns[-512:] == list(range(pfns[-512], pfns[-512] + 512))
    machine.check()


def test_a_compound_page_knows_its_tails(engine):
    machine = small_machine(engine)
    pfn = machine.page_alloc.alloc_pages(GFP_USER_PAGE | GFP_COMP, 9, -1)
    pages = machine.arena.pages
    assert pfn % 512 == 0 and pages[pfn].refcount == 1 and pages[pfn].order == 9
    assert {pages[pfn + i].compound_head for i in range(1, 512)} == {pfn}
    machine.lru.put_page(pfn + 7)
    assert pages[pfn + 7].compound_head == 0
    machine.check()


def test_huge_pages_leave_the_buddy_lists_in_pairs(engine):
    machine = exact_machine(engine)
    before = machine.vmstat.zone_page_state_snapshot(DMA32_0, NR_FREE_PAGES)
    machine.page_alloc.alloc_pages(GFP_USER_PAGE | GFP_COMP, 9, -1)
    assert machine.vmstat.zone_page_state_snapshot(DMA32_0, NR_FREE_PAGES) == before - 1024


def test_an_allocation_is_counted_by_zone_and_by_numa_outcome(engine):
    machine = exact_machine(engine)
    event = machine.vmstat.vm_event
    pfn = machine.page_alloc.alloc_pages(GFP_USER_PAGE, 3, -1)
    give_back(machine, pfn, 3)
    assert event(PGALLOC_DMA + 1) == 8 and event(PGFREE) == 8
    assert machine.vmstat.zone_numa_event_state(DMA32_0, NUMA_HIT) == 1


def test_a_full_node_spills_to_its_lower_zone_and_then_to_the_other_node(engine):
    machine = exact_machine(engine)
    zones_seen = []
    for _ in range(179722 // 1024 + 10):
        pfn = machine.page_alloc.alloc_pages(GFP_USER_PAGE, 10, 0)
        zones_seen.append(machine.arena.pages[pfn].zone)
    assert zones_seen == sorted(zones_seen, key=[DMA32_0, 1, DMA32_1].index)
    assert zones_seen[-1] == DMA32_1
    misses = machine.vmstat.zone_numa_event_state(DMA32_1, NUMA_MISS)
    assert misses == zones_seen.count(DMA32_1)
    assert machine.vmstat.zone_numa_event_state(DMA32_0, NUMA_FOREIGN) == misses
    while pfn := machine.page_alloc.alloc_pages(GFP_USER_PAGE | GFP_THISNODE, 10, 0):
        assert machine.arena.pages[pfn].node == 0
    machine.check()


def test_ordinary_requests_stop_at_min_and_atomic_ones_go_below(engine):
    machine = small_machine(engine)
    mark = machine.zones.watermarks(DMA32_0)["min"]
    for order in (10, 5, 0):
        while machine.page_alloc.alloc_pages(GFP_USER_PAGE, order, -1):
            pass
    drained(machine)
    free = machine.vmstat.zone_page_state(DMA32_0, NR_FREE_PAGES)
    assert mark - 1 <= free <= mark + 64
    assert machine.vmstat.vm_event(ALLOCSTALL_DMA + 3) > 0
    atomic = 0
    while machine.page_alloc.alloc_pages(GFP_ATOMIC, 0, -1):
        atomic += 1
    drained(machine)
    assert (
        machine.vmstat.zone_page_state(DMA32_0, NR_FREE_PAGES) < mark * 3 // 4
    )  # the last batch was drained
    assert atomic > 0
    machine.check()


def test_a_fallback_claims_a_movable_pageblock_and_boosts_only_when_it_must_mix(engine):
    machine = small_machine(engine)
    before = machine.buddy.pageblock_counts(DMA32_0)
    machine.page_alloc.alloc_pages(GFP_KERNEL, 0, -1)
    after = machine.buddy.pageblock_counts(DMA32_0)
    assert after[0] == 2 and after[1] == before[1] - 2  # one free block of order 10
    assert machine.arena.zones[DMA32_0].watermark_boost == 0
    machine.check()


def test_high_order_atomic_requests_reserve_their_pageblock(engine):
    machine = exact_machine(engine)
    atomic = GFP_ATOMIC | GFP_THISNODE
    for order in (10, 4):
        while machine.page_alloc.alloc_pages(GFP_USER_PAGE | GFP_THISNODE, order, 0):
            pass
    assert machine.arena.zones[DMA32_0].nr_reserved_highatomic == 0
    machine.page_alloc.alloc_pages(atomic, 4, 0)
    assert machine.arena.zones[DMA32_0].nr_reserved_highatomic == 512
    assert machine.buddy.pageblock_counts(DMA32_0)[3] == 1
    machine.check()


def test_a_machine_of_1_tib_boots_at_once_and_stays_small(engine):
    """Its arrays span 17 GB of struct page alone; neither boot nor check() may touch them all."""
    config, spent = describe(ram="1T", cpus=2), []
    before = resident_bytes()
    for _ in range(3):
        start = time.process_time()
        machine = Machine(config, engine=engine)
        spent.append(time.process_time() - start)
    machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1)
    machine.check()
    assert resident_bytes() - before < 100 << 20
    assert min(spent) < 0.1, "seconds of CPU time"


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


STEP = st.tuples(
    st.integers(0, 10),  # order
    st.sampled_from([GFP_USER_PAGE, GFP_KERNEL, GFP_KERNEL | GFP_RECLAIMABLE, GFP_ATOMIC]),
    st.integers(0, 1),  # CPU
    st.integers(-1, 60),  # which block to free, -1: allocate
)


@pytest.mark.parametrize("kernel", [601, 612, 618])
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, max_size=60))
def test_whatever_is_allocated_and_freed_no_page_is_lost(steps, kernel, engine):
    machine = small_machine(engine, kernel)
    at_boot = drained(machine)
    held: list[tuple[int, int]] = []
    for order, gfp, cpu, which in steps:
        machine.arena.current[0].cpu = cpu
        if 0 <= which < len(held):
            give_back(machine, *held.pop(which))
            continue
        for _ in range(1 + (which + order) % 40):
            pfn = machine.page_alloc.alloc_pages(gfp, order, -1)
            if pfn:
                held.append((pfn, order))
    machine.check()
    frames = {pfn + i for pfn, order in held for i in range(1 << order)}
    assert len(frames) == sum(1 << order for _, order in held), "two blocks overlap"
    for pfn, order in held:
        give_back(machine, pfn, order)
    assert drained(machine) == at_boot
    machine.check()


def test_every_engine_makes_the_same_choices():
    """Bit for bit: the arrays after a mixed run."""
    digests = {}
    for kind in built_engines():
        machine = exact_machine(kind)
        held = [machine.page_alloc.alloc_pages(GFP_USER_PAGE, i % 4, i % 2) for i in range(900)]
        held += [machine.page_alloc.alloc_pages(GFP_KERNEL, 0, -1) for _ in range(300)]
        for i in range(0, 900, 3):
            give_back(machine, held[i], i % 4)
        for pfn in held[900:]:
            machine.lru.folio_add_lru(pfn)
            machine.lru.mark_page_accessed(pfn)
        digests[kind] = machine.arena.digest()
    assert len(set(digests.values())) == 1, digests
