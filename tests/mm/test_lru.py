"""LRU lists: batches, activation, lazy freeing, locking, the last reference."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmtwin.mm.page_flags import (
    PAGE_MAPPING_ANON,
    PG_active,
    PG_lru,
    PG_mlocked,
    PG_referenced,
    PG_swapbacked,
    PG_unevictable,
)
from mmtwin.mm.vm_flags import VM_LOCKED
from mmtwin.mm.vmstat_items import (
    NR_ACTIVE_FILE,
    NR_INACTIVE_ANON,
    NR_INACTIVE_FILE,
    NR_MLOCK,
    NR_UNEVICTABLE,
    PGACTIVATE,
    PGLAZYFREE,
    PGROTATED,
    UNEVICTABLE_PGCLEARED,
    UNEVICTABLE_PGCULLED,
    UNEVICTABLE_PGMUNLOCKED,
    UNEVICTABLE_PGRESCUED,
)

from .physical import DMA32_0, GFP_USER_PAGE, drained, flags, set_flags, small_machine


def new_page(machine, with_flags=0):
    """A page of the page cache, or with PG_swapbacked an anonymous one; not on the LRU yet."""
    pfn = machine.page_alloc.alloc_pages(GFP_USER_PAGE, 0, -1)
    set_flags(machine, pfn, with_flags)
    machine.arena.pages[pfn].mapping = PAGE_MAPPING_ANON if with_flags & PG_swapbacked else 2
    return pfn


def on_lists(machine, item):
    """A node counter, exact."""
    return machine.vmstat.node_page_state_snapshot(0, item)


@pytest.mark.parametrize(("kernel", "size"), [(601, 15), (612, 31), (618, 31)])
def test_new_pages_wait_for_a_full_batch(kernel, size, engine):
    machine = small_machine(engine, kernel)
    for _ in range(size - 1):
        machine.lru.folio_add_lru(new_page(machine, PG_swapbacked))
    assert on_lists(machine, NR_INACTIVE_ANON) == 0
    machine.lru.folio_add_lru(new_page(machine, PG_swapbacked))
    assert on_lists(machine, NR_INACTIVE_ANON) == size
    machine.check()


@pytest.mark.parametrize("active", [0, PG_active])
def test_a_page_that_was_written_goes_to_the_inactive_list(engine, active):
    machine = small_machine(engine)
    pages = [new_page(machine, PG_swapbacked | active) for _ in range(3)]
    for pfn in pages:
        machine.lru.folio_add_lru(pfn)
    machine.lru.lru_add_drain()
    machine.lru.folio_rotate_reclaimable(pages[2])
    machine.lru.lru_add_drain()
    assert not flags(machine, pages[2]) & PG_active
    assert on_lists(machine, NR_INACTIVE_ANON) == (1 if active else 3)
    assert machine.vmstat.vm_event(PGROTATED) == 1
    machine.check()


def test_the_second_access_activates_through_a_batch(engine):
    machine = small_machine(engine)
    pfn = new_page(machine)
    machine.lru.folio_add_lru(pfn)
    machine.lru.lru_add_drain()
    machine.lru.mark_page_accessed(pfn)
    assert flags(machine, pfn) & PG_referenced
    machine.lru.mark_page_accessed(pfn)
    assert on_lists(machine, NR_ACTIVE_FILE) == 0
    machine.lru.lru_add_drain()
    assert on_lists(machine, NR_ACTIVE_FILE) == 1 and on_lists(machine, NR_INACTIVE_FILE) == 0
    assert machine.vmstat.vm_event(PGACTIVATE) == 1
    machine.check()


def test_a_page_still_in_the_add_batch_is_activated_in_place(engine):
    machine = small_machine(engine)
    pfn = new_page(machine)
    machine.lru.folio_add_lru(pfn)
    machine.lru.mark_page_accessed(pfn)
    machine.lru.mark_page_accessed(pfn)
    assert flags(machine, pfn) & PG_active
    machine.lru.lru_add_drain()
    assert on_lists(machine, NR_ACTIVE_FILE) == 1
    assert machine.vmstat.vm_event(PGACTIVATE) == 0


def test_lazily_freed_pages_go_to_the_file_list(engine):
    machine = small_machine(engine)
    pfn = new_page(machine, PG_swapbacked)
    machine.lru.folio_add_lru(pfn)
    machine.lru.lru_add_drain()
    machine.lru.folio_mark_lazyfree(pfn)
    assert on_lists(machine, NR_INACTIVE_FILE) == 0
    machine.lru.lru_add_drain()
    assert on_lists(machine, NR_INACTIVE_FILE) == 1 and on_lists(machine, NR_INACTIVE_ANON) == 0
    assert not flags(machine, pfn) & PG_swapbacked
    assert machine.vmstat.vm_event(PGLAZYFREE) == 1
    machine.check()


def test_the_last_reference_frees_the_page_from_its_list(engine):
    machine = small_machine(engine)
    at_boot = drained(machine)
    pfn = new_page(machine, PG_swapbacked)
    machine.lru.folio_add_lru(pfn)
    machine.lru.put_page(pfn)  # the batch still holds it
    assert machine.arena.pages[pfn].refcount == 1
    machine.lru.lru_add_drain()
    assert machine.arena.pages[pfn].refcount == 0
    assert on_lists(machine, NR_INACTIVE_ANON) == 0
    assert drained(machine) == at_boot
    machine.check()


def test_a_locked_page_is_unevictable_until_the_last_vma_unlocks_it(engine):
    machine = small_machine(engine)
    pfn = new_page(machine, PG_swapbacked)
    machine.lru.folio_add_lru_vma(pfn, VM_LOCKED)
    assert machine.vmstat.zone_page_state_snapshot(DMA32_0, NR_MLOCK) == 1
    machine.lru.lru_add_drain()
    assert on_lists(machine, NR_UNEVICTABLE) == 1
    machine.mlock_batch.mlock_folio(pfn)  # a second vma
    machine.mlock_batch.munlock_folio(pfn)
    machine.lru.lru_add_drain()
    assert flags(machine, pfn) & PG_unevictable
    machine.mlock_batch.munlock_folio(pfn)
    machine.lru.lru_add_drain()
    assert not flags(machine, pfn) & (PG_unevictable | PG_mlocked)
    assert on_lists(machine, NR_UNEVICTABLE) == 0 and on_lists(machine, NR_INACTIVE_ANON) == 1
    events = [UNEVICTABLE_PGCULLED, UNEVICTABLE_PGMUNLOCKED, UNEVICTABLE_PGRESCUED]
    assert [machine.vmstat.vm_event(e) for e in events] == [1, 1, 1]
    machine.check()


def test_a_page_freed_while_locked_counts_as_cleared(engine):
    machine = small_machine(engine)
    pfn = new_page(machine, PG_swapbacked)
    machine.lru.folio_add_lru_vma(pfn, VM_LOCKED)
    machine.lru.lru_add_drain()
    machine.lru.put_page(pfn)
    assert machine.vmstat.vm_event(UNEVICTABLE_PGCLEARED) == 1
    assert machine.vmstat.zone_page_state_snapshot(DMA32_0, NR_MLOCK) == 0
    machine.check()


OPERATIONS = ("new", "anon", "locked", "access", "deactivate", "lazyfree", "file", "lock", "unlock",
              "rotate", "isolate", "put", "drain")  # fmt: skip


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 99), st.integers(0, 1)), max_size=120
    )
)
def test_lists_and_counters_agree_after_anything(steps, engine):
    machine = small_machine(engine)
    at_boot = drained(machine)
    lru, mlock = machine.lru, machine.mlock_batch
    act = {
        "access": lru.mark_page_accessed,
        "deactivate": lru.folio_deactivate,
        "lazyfree": lru.folio_mark_lazyfree,
        "file": lru.deactivate_file_folio,
        "lock": mlock.mlock_folio,
        "unlock": mlock.munlock_folio,
        "rotate": lru.folio_rotate_reclaimable,
    }
    held: list[int] = []
    for operation, which, cpu in steps:
        machine.arena.current[0].cpu = cpu
        if operation in ("new", "anon", "locked"):
            held.append(new_page(machine, 0 if operation == "new" else PG_swapbacked))
            lru.folio_add_lru_vma(held[-1], VM_LOCKED if operation == "locked" else 0)
        elif operation == "drain":
            lru.lru_add_drain()
        elif held and operation == "put":
            lru.put_page(held.pop(which % len(held)))
        elif held and operation == "isolate":
            pfn = held[which % len(held)]
            if lru.folio_isolate_lru(pfn):
                assert not flags(machine, pfn) & PG_lru
                lru.folio_putback_lru(pfn)
        elif held:
            act[operation](held[which % len(held)])
        machine.lru.check()
    for pfn in held:
        lru.put_page(pfn)
    assert drained(machine) == at_boot
    for item in range(NR_INACTIVE_ANON, NR_UNEVICTABLE + 1):
        assert machine.vmstat.node_page_state(0, item) == 0
    machine.check()
