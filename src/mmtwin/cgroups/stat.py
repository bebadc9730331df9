"""memory.stat and memory.numa_stat: models memory_stat_format(), memory_numa_stat_show()."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmtwin.mm import memcg_layout
from mmtwin.mm.vmstat_items import (
    EVENT_NAMES,
    NR_SLAB_RECLAIMABLE_B,
    NR_SLAB_UNRECLAIMABLE_B,
    NR_VM_NODE_STAT_ITEMS,
)

if TYPE_CHECKING:
    from mmtwin.machine import Machine

LAYOUT: Any = memcg_layout


def show(machine: Machine, memcg: int) -> str:
    """memory.stat, flushed first if enough has changed."""
    machine.memcg_stat.mem_cgroup_flush_stats(memcg)
    lines = []
    kernel, zswap = machine.config.kernel, machine.config.zswap
    for name, kind, item, unit in LAYOUT.memory_stats(kernel, zswap):
        lines.append(f"{name} {_item(machine, memcg, kind, item) * unit}")
        if name == "slab_unreclaimable":
            lines.append(f"slab {_slab(machine, memcg)}")
    names = LAYOUT.stat_event_names(kernel, zswap)
    for verb in ("pgscan", "pgsteal"):
        parts = [name for name in names if name.startswith(f"{verb}_")]
        lines.append(f"{verb} {sum(event(machine, memcg, name) for name in parts)}")
    lines += [f"{name} {event(machine, memcg, name)}" for name in names]
    return "\n".join(lines) + "\n"


def _item(machine: Machine, memcg: int, kind: str, item: int) -> int:
    if kind == "memcg":
        return int(machine.memcg_stat.memcg_page_state(memcg, item)) if memcg else 0
    if memcg == 0:
        return int(machine.vmstat.global_node_page_state(item))
    return int(machine.memcg_stat.memcg_node_state(memcg, item))


def _slab(machine: Machine, memcg: int) -> int:
    items = (NR_SLAB_RECLAIMABLE_B, NR_SLAB_UNRECLAIMABLE_B)
    return sum(_item(machine, memcg, "node", item) for item in items)


def event(machine: Machine, memcg: int, name: str) -> int:
    event = EVENT_NAMES.index(name)
    if memcg == 0:
        return int(machine.vmstat.vm_event(event))
    return int(machine.memcg_stat.memcg_events(memcg, event))


def show_numa(machine: Machine, memcg: int) -> str:
    """memory.numa_stat: each item of each node."""
    machine.memcg_stat.mem_cgroup_flush_stats(memcg)
    nodes = range(len(machine.config.nodes))
    lines = []
    kernel, zswap = machine.config.kernel, machine.config.zswap
    for name, _, item, unit in LAYOUT.numa_stats(kernel, zswap):
        values = (_of_node(machine, memcg, node, item) * unit for node in nodes)
        lines.append(" ".join([name, *(f"N{i}={v}" for i, v in enumerate(values))]))
    return "\n".join(lines) + "\n"


def _of_node(machine: Machine, memcg: int, node: int, item: int) -> int:
    assert item < NR_VM_NODE_STAT_ITEMS
    return int(machine.memcontrol.lruvec_page_state(memcg, node, item))
