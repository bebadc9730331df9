"""Swapping out by hand, page by page, as reclaim does it to pages that it has chosen."""

from __future__ import annotations

from typing import Any

from mmtwin.machine import Machine
from mmtwin.mm.page_flags import PG_dirty, PG_swapcache, PG_writeback
from mmtwin.mm.pgtable_types import PTE_PFN_MASK
from tests.mm.paging import PAGE, Task, boot

DISK = {"name": "vda", "profile": "null_blk", "size": "64M"}
ROTATING = {"name": "sda", "profile": "hdd", "size": "64M"}
SECOND = 10**9  # ns


def machine_with_swap(engine: str, disk: dict[str, Any] | None = None, **keywords: Any) -> Task:
    """A task on a machine that swaps to one disk."""
    disk = disk or DISK
    task = boot(engine, disk=[disk], **{"ram": "64M", **keywords})
    task.machine.mkswap(f"/dev/{disk['name']}")
    task.machine.swapon(f"/dev/{disk['name']}")
    return task


def pte(task: Task, address: int) -> int:
    at = int(task.machine.page_tables.pte_offset(task.mm, address))
    return int(task.machine.arena.ptes[at]) if at else 0


def pfn_of(task: Task, address: int) -> int:
    """The frame that an address is mapped to, or 0."""
    entry = pte(task, address)
    return (entry & PTE_PFN_MASK) >> 12 if entry & 1 else 0


def flags_of(machine: Machine, pfn: int) -> int:
    return field(machine, pfn, "flags")


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
    gone = machine.rmap_unmap.try_to_unmap(pfn, False)
    machine.rmap_unmap.try_to_unmap_flush()
    if not gone:
        return False
    if flags_of(machine, pfn) & PG_dirty:
        set_flags(machine, pfn, flags_of(machine, pfn) & ~PG_dirty)
        if state.swap_writepage(pfn) or flags_of(machine, pfn) & (PG_writeback | PG_dirty):
            return False
    state.remove_mapping(pfn, 0)
    return True


def swap_out(task: Task, address: int, length: int) -> int:
    """Swap a range out, waiting for the disk: how many pages went."""
    machine = task.run()
    machine.lru.lru_add_drain()
    pfns = [pfn_of(task, at) for at in range(address, address + length, PAGE)]
    gone = sum(swap_out_page(machine, pfn) for pfn in pfns if pfn)
    machine.clock.sleep_until(machine.clock.now() + SECOND)
    machine.lru.lru_add_drain()
    return gone + drop_swap_cache(machine)


def drop_swap_cache(machine: Machine) -> int:
    """What reclaim does to the cached pages that nobody maps: how many went."""
    slots = machine.arena.swap_slots
    gone = 0
    for at in machine.arena.where("swap_slots", "cache"):
        pfn = int(slots[at]["cache"] if machine.arena.compiled else slots[at].cache)
        if not pfn >> 63 and not mapcount(machine, pfn):
            gone += swap_out_page(machine, pfn)
    return gone


def mapcount(machine: Machine, pfn: int) -> int:
    return field(machine, pfn, "mapcount")


def field(machine: Machine, pfn: int, name: str) -> int:
    record = machine.arena.pages[pfn]
    return int(record[name] if machine.arena.compiled else getattr(record, name))


def events(machine: Machine) -> dict[str, int]:
    """/proc/vmstat, made exact."""
    machine.write("/proc/sys/vm/stat_refresh", "1")
    lines = machine.read("/proc/vmstat").splitlines()
    return {name: int(value) for name, value in (line.split() for line in lines)}
