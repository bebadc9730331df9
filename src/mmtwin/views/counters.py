"""The counters of mm/vmstat.c as several files print them, and those that are left out.

A counter stands in a file if the model counts it, or if it counts something that the machine
truly has none of. Counters of what a real machine always has and the model does not are left out
of every file, so that no reader takes a 0 for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from mmtwin.mm import vmstat_items
from mmtwin.mm.gfp import MAX_NR_ZONES
from mmtwin.mm.uapi import TASK_ZOMBIE
from mmtwin.views import tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine

THREAD_SIZE_KB = 16
ZONE_NAMES = ("DMA", "DMA32", "Normal", "Movable")
LAYOUT: Callable[[int, bool], list[tuple[str, str, int]]] = vmstat_items.vmstat_layout
LEFT_OUT = frozenset(
    [
        "nr_slab_reclaimable",  # kernel objects: slub comes with a later issue
        "nr_slab_unreclaimable",
    ]
)
# The kernel's own mapping of memory is in pages of 2 MiB and more. Boot splits those that the
# sections of the kernel's image begin and end in (text, rodata, data: measured on 6.1, 6.12 and
# 6.18); later only secret memory, modules and BPF would, which the machine has none of.
BOOT_DIRECT_MAP_SPLITS = 4


def zones_of(node: int) -> range:
    """Indices into `zones` of a node's zones, by type."""
    first = 1 + node * MAX_NR_ZONES
    return range(first, first + MAX_NR_ZONES)


def populated(machine: Machine, zone: int) -> bool:
    """populated_zone()."""
    return int(machine.arena.zones[zone].present_pages) > 0


def populated_zones(machine: Machine) -> Iterator[tuple[int, int, str]]:
    """(node, zone, name) of the zones that have memory, in order."""
    for node in range(len(machine.config.nodes)):
        for zone, name in zip(zones_of(node), ZONE_NAMES, strict=True):
            if populated(machine, zone):
                yield node, zone, name


def lines(machine: Machine, kinds: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """(name, kind, item) of what this kernel prints of these kinds and the model can tell."""
    for name, kind, item in LAYOUT(machine.config.kernel, machine.config.zswap):
        if kind in kinds and name not in LEFT_OUT:
            yield name, kind, item


def node_page_state(machine: Machine, node: int, item: int) -> int:
    """A node's counter."""
    if item == vmstat_items.NR_KERNEL_STACK_KB:
        return kernel_stack_kb(machine, (node,))
    return int(machine.vmstat.node_page_state(node, item))


def global_node_page_state(machine: Machine, item: int) -> int:
    """The sum of a counter over all nodes."""
    if item == vmstat_items.NR_KERNEL_STACK_KB:
        return kernel_stack_kb(machine, range(len(machine.config.nodes)))
    return int(machine.vmstat.global_node_page_state(item))


def kernel_stack_kb(machine: Machine, nodes: Collection[int]) -> int:
    """Stacks of the threads that last ran on a CPU of these nodes: what they are, not what was
    allocated for them, and without the kernel's own threads."""
    records = (machine.arena.tasks[i] for i in tasks.indices(machine))
    return sum(
        THREAD_SIZE_KB * int(task.nr_threads)
        for task in records
        if int(task.state) != TASK_ZOMBIE and machine.config.cpu_node[int(task.cpu)] in nodes
    )


def zone_page_state(machine: Machine, zone: int, item: int) -> int:
    return int(machine.vmstat.zone_page_state(zone, item))


def sum_zone_node_page_state(machine: Machine, node: int, item: int) -> int:
    """A zone item summed over a node's zones."""
    return sum(zone_page_state(machine, zone, item) for zone in zones_of(node))


def sum_zone_numa_event_state(machine: Machine, node: int, item: int) -> int:
    return sum(int(machine.vmstat.zone_numa_event_state(zone, item)) for zone in zones_of(node))


Count = Callable[[int], int]  # a counter by its item
