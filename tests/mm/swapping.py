"""Swapping out by hand, page by page, as reclaim does it to pages that it has chosen."""

from __future__ import annotations

from typing import Any

from mmtwin.machine import Machine
from mmtwin.mm.page_flags import PG_dirty, PG_swapcache, PG_writeback
from mmtwin.mm.pgtable_types import PTE_PFN_MASK
from tests.mm.paging import PAGE, Task, boot

DISK = "/dev/vda"


def machine_with_swap(engine: str, **keywords: Any) -> Task:
    """A task on a machine whose disk is swapped to."""
    task = boot(engine, **keywords)
    task.machine.mkswap(DISK)
    task.machine.swapon(DISK)
    return task


def pte(task: Task, address: int) -> int:
    at = int(task.machine.page_tables.pte_offset(task.mm, address))
    return int(task.machine.arena.ptes[at]) if at else 0


def pfn_of(task: Task, address: int) -> int:
    """The frame that an address is mapped to, or 0."""
    entry = pte(task, address)
    return (entry & PTE_PFN_MASK) >> 12 if entry & 1 else 0


def flags_of(machine: Machine, pfn: int) -> int:
    record = machine.arena.pages[pfn]
    return int(record["flags"] if machine.arena.compiled else record.flags)


def set_flags(machine: Machine, pfn: int, flags: int) -> None:
    record = machine.arena.pages[pfn]
    if machine.arena.compiled:
        record["flags"] = flags
    else:
        record.flags = flags


def swap_out_page(machine: Machine, pfn: int) -> bool:
    """Isolate, unmap, write and drop an anonymous page: whether it is gone. The references are
    those that reclaim counts on: its own and the swap cache's."""
    if not machine.lru.folio_isolate_lru(pfn):
        return False
    gone = shrink(machine, pfn)
    if gone:
        machine.lru.put_page(pfn)
    else:
        machine.lru.folio_putback_lru(pfn)
    return gone


def shrink(machine: Machine, pfn: int) -> bool:
    state = machine.swap_state
    if not flags_of(machine, pfn) & PG_swapcache and not state.add_to_swap(pfn):
        return False
    if not machine.rmap_unmap.try_to_unmap(pfn, False):
        return False
    if flags_of(machine, pfn) & PG_dirty:
        set_flags(machine, pfn, flags_of(machine, pfn) & ~PG_dirty)
        if state.swap_writepage(pfn) or flags_of(machine, pfn) & (PG_writeback | PG_dirty):
            return False
    state.remove_mapping(pfn, 0)
    return True


def swap_out(task: Task, address: int, length: int) -> int:
    """Swap a range out: how many pages went."""
    machine = task.run()
    machine.lru.lru_add_drain()
    gone = 0
    for at in range(address, address + length, PAGE):
        pfn = pfn_of(task, at)
        if pfn:
            gone += swap_out_page(machine, pfn)
    return gone
