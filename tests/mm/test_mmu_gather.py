"""The gather: what unmaps allocates pages for its list, and frees what it took at its end."""

from __future__ import annotations

import random

import pytest

from mmtwin.mm.page_flags import PG_lru
from mmtwin.mm.vmstat_items import PGALLOC_DMA32, PGFREE

from .paging import PAGE, Task, boot


def events(p: Task, item: int) -> int:
    return int(p.machine.vmstat.vm_event(item))


def change(p: Task, start: int, length: int) -> tuple[int, int]:
    """Pages allocated and freed by an munmap()."""
    before = events(p, PGALLOC_DMA32), events(p, PGFREE)
    p.munmap(start, length)
    return events(p, PGALLOC_DMA32) - before[0], events(p, PGFREE) - before[1]


# Measured: munmap of 2048 pages and its 4 tables allocates 5 pages on 6.1 and on 6.12. The pages'
# neighbour keeps the table.
@pytest.mark.parametrize(("pages", "batches"), [(7, 0), (8, 1), (300, 1)])
def test_eight_pages_and_more_need_a_list_of_their_own(
    engine: str, pages: int, batches: int
) -> None:
    p = boot(engine)
    a = p.mmap((pages + 1) * PAGE, addr=0x40000000)
    p.w(a, (pages + 1) * PAGE)
    allocated, freed = change(p, a, pages * PAGE)
    assert (allocated, freed) == (batches, pages + batches)
    p.machine.check()


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_2048_pages_and_four_tables_need_five_lists(engine: str, kernel: str) -> None:
    p = boot(engine, kernel=kernel)
    a = p.mmap(2048 * PAGE, addr=0x40000000)
    p.w(a, 2048 * PAGE)
    assert change(p, a, 2048 * PAGE)[0] == 5
    p.machine.check()


@pytest.mark.parametrize(("kernel", "drains"), [("6.1", True), ("6.12", True), ("6.18", False)])
def test_munmap_empties_the_lru_batches_before_it_frees_up_to_6_13(
    engine: str, kernel: str, drains: bool
) -> None:
    p = boot(engine, kernel=kernel)
    a = p.mmap(3 * PAGE, addr=0x40000000)
    p.w(a, 2 * PAGE)
    kept = p.mmap(PAGE, addr=0x50000000)
    p.w(kept, PAGE)
    pfn = int(p.machine.task_mmu.pagemap_entry(p.mm, kept)) & (1 << 55) - 1
    assert not int(p.machine.arena.pages[pfn]["flags"]) & PG_lru
    p.munmap(a, 3 * PAGE)
    assert bool(int(p.machine.arena.pages[pfn]["flags"]) & PG_lru) == drains
    p.machine.check()


def test_random_unmaps_give_everything_back(engine: str) -> None:
    rng = random.Random(7)
    p = boot(engine)
    for _ in range(12):
        pages = rng.choice([3, 8, 40, 530, 600])
        a = p.mmap(pages * PAGE, addr=0x40000000, flags=rng.choice(["priv,anon", "shared,anon"]))
        p.w(a, pages * PAGE)
        while pages:
            part = rng.randint(1, pages)
            p.munmap(a, part * PAGE)
            a, pages = a + part * PAGE, pages - part
            p.machine.check()
