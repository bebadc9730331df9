"""Machines and shorthands that the tests of physical memory share."""

from __future__ import annotations

from typing import Any

from mmtwin.config import MachineConfig, NodeConfig
from mmtwin.machine import Machine

DMA0, DMA32_0, DMA32_1 = 1, 2, 6  # indices of the zones of the machines below
GFP_USER_PAGE = 0x100CCA  # GFP_HIGHUSER_MOVABLE
GFP_KERNEL = 0xCC0
GFP_ATOMIC = 0x820


def exact_machine(engine: str, kernel: int = 612, thp: int = 2) -> Any:
    """QEMU's 1.5 GiB PC in two nodes, one CPU: the machine of the exact golden answers. ACPI
    tables take the last 38 pages; Debian's kernels boot with huge pages on."""
    nodes = (NodeConfig(((0, 0x30000),)), NodeConfig(((0x30000, 0x60000 - 38),)))
    distances = ((10, 20), (20, 10))
    config = MachineConfig(nodes, 1, (0,), kernel, distances=distances)
    machine: Any = Machine(config, engine=engine)
    machine.arena.sysctl[0].thp_enabled = thp
    machine.zones.set_recommended_min_free_kbytes()
    return machine


def smp_machine(engine: str) -> Any:
    """The 1 GiB PC of the other golden answers: two nodes, one CPU each."""
    nodes = (NodeConfig(((0, 0x20000),)), NodeConfig(((0x20000, 0x40000 - 38),)))
    config = MachineConfig(nodes, 2, (0, 1), 612, distances=((10, 20), (20, 10)))
    return Machine(config, engine=engine)


def small_machine(engine: str, kernel: int = 612, cpus: int = 2) -> Any:
    """One node of 128 MiB."""
    return Machine(
        MachineConfig((NodeConfig(((0, 1 << 15),)),), cpus, (0,) * cpus, kernel), engine=engine
    )


def give_back(machine: Any, pfn: int, order: int = 0) -> None:
    """Drop the only reference of a block that is no folio."""
    machine.arena.pages[pfn].refcount = 0
    machine.page_alloc.free_pages(pfn, order)


def drained(machine: Any) -> list[list[int]]:
    """Free blocks by zone and order, with nothing held back by any CPU."""
    machine.lru.lru_add_drain_all()
    machine.pcp.drain_all_pages()
    machine.vmstat.refresh()
    return [machine.buddy.free_blocks(zone) for zone in range(1, len(machine.arena.zones))]


def flags(machine: Any, pfn: int) -> int:
    """PG_* of a page (`record.flags` of a NumPy record is something else)."""
    record = machine.arena.pages[pfn]
    return int(record["flags"]) if machine.arena.compiled else int(record.flags)


def set_flags(machine: Any, pfn: int, value: int) -> None:
    """Replace PG_* of a page."""
    if machine.arena.compiled:
        machine.arena.pages[pfn]["flags"] = value
    else:
        machine.arena.pages[pfn].flags = value
