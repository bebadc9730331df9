"""/proc/vmstat: models mm/vmstat.c: vmstat_show()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin.mm.boot_memory import mem_map_pages
from mmtwin.views import counters

if TYPE_CHECKING:
    from mmtwin.machine import Machine

KINDS = ("zone", "numa", "node", "global", "event", "zero")


def show(machine: Machine) -> str:
    """`name value` a line, in the order of the machine's kernel."""
    return "".join(
        f"{name} {_value(machine, name, kind, item)}\n"
        for name, kind, item in counters.lines(machine, KINDS)
    )


def _value(machine: Machine, name: str, kind: str, item: int) -> int:
    stat = machine.vmstat
    if kind == "zone":
        return int(stat.global_zone_page_state(item))
    if kind == "numa":
        return int(stat.global_numa_event_state(item))
    if kind == "node":
        return counters.global_node_page_state(machine, item)
    if name in ("pgpgin", "pgpgout"):  # counted in sectors, shown in KiB
        return int(stat.vm_event(item)) // 2
    if name == "direct_map_level2_splits":
        return counters.BOOT_DIRECT_MAP_SPLITS
    if kind == "event":
        return int(stat.vm_event(item))
    if name == "nr_dirty_threshold":
        return int(machine.dirty_throttle.threshold())
    if name == "nr_dirty_background_threshold":
        return int(machine.dirty_throttle.background_threshold())
    if name == "nr_memmap_boot_pages":
        nodes = range(len(machine.config.nodes))
        return sum(mem_map_pages(machine.config, node) for node in nodes)
    return 0  # nr_memmap_pages counts hot-added memory, nr_unstable nothing any more


def show_node(machine: Machine, node: int) -> str:
    """/sys/devices/system/node/nodeN/vmstat: models drivers/base/node.c: node_read_vmstat()."""
    text = []
    for name, kind, item in counters.lines(machine, ("zone", "numa", "node")):
        if kind == "zone":
            value = counters.sum_zone_node_page_state(machine, node, item)
        elif kind == "numa":
            value = counters.sum_zone_numa_event_state(machine, node, item)
        else:
            value = counters.node_page_state(machine, node, item)
        text.append(f"{name} {value}\n")
    return "".join(text)


def show_numastat(machine: Machine, node: int) -> str:
    """/sys/devices/system/node/nodeN/numastat: models node_read_numastat()."""
    names = ("numa_hit", "numa_miss", "numa_foreign", "interleave_hit", "local_node", "other_node")
    return "".join(
        f"{name} {counters.sum_zone_numa_event_state(machine, node, item)}\n"
        for item, name in enumerate(names)
    )
