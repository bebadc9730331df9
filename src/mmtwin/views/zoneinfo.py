"""/proc/zoneinfo: models mm/vmstat.c: zoneinfo_show_print()."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mmtwin.mm import vmstat_items as items
from mmtwin.mm.gfp import MAX_NR_ZONES
from mmtwin.views import counters

if TYPE_CHECKING:
    from mmtwin.machine import Machine

DEVICE = "Device"  # the zone of device memory: printed, always empty
PROMO_SINCE = 602
HIGH_MIN_SINCE = 613
PCP_FIELDS = ("count", "high", "batch", "high_min", "high_max")


def show(machine: Machine) -> str:
    """A paragraph for each zone of each node, empty ones too."""
    text = []
    for node in range(len(machine.config.nodes)):
        first = True
        for zone, name in zip(counters.zones_of(node), counters.ZONE_NAMES, strict=True):
            populated = counters.populated(machine, zone)
            text.append(f"Node {node}, zone {name:>8}")
            text += _node_stats(machine, node) if populated and first else []
            first = first and not populated
            text += _pages(machine, zone)
            text += _details(machine, zone) if populated else []
            text.append("\n")
        text += [f"Node {node}, zone {DEVICE:>8}", *_device(machine), "\n"]
    return "".join(text)


def _node_stats(machine: Machine, node: int) -> Iterator[str]:
    yield "\n  per-node stats"
    for name, _, item in counters.lines(machine, ("node",)):
        yield f"\n      {name:12} {counters.node_page_state(machine, node, item)}"


def _pages(machine: Machine, zone: int) -> Iterator[str]:
    record = machine.arena.zones[zone]
    rows = [
        *((name, int(pages)) for name, pages in machine.zones.watermarks(zone).items()),
        ("spanned", int(record.spanned_pages)),
        ("present", int(record.present_pages)),
        ("managed", int(record.managed_pages)),
        ("cma", 0),
    ]
    protection = [int(pages) for pages in machine.zones.protection(zone)]
    free = counters.zone_page_state(machine, zone, items.NR_FREE_PAGES)
    # Device memory, an empty zone above the others, is protected from as Movable is
    yield from _page_rows(machine, free, rows, [*protection, protection[-1]])


def _page_rows(
    machine: Machine, free: int, rows: list[tuple[str, int]], protection: list[int]
) -> Iterator[str]:
    yield f"\n  pages free     {free}"
    for name, value in rows:
        if name != "promo" or machine.config.kernel >= PROMO_SINCE:
            yield f"\n        {name:8} {value}"
    yield f"\n        protection: ({', '.join(map(str, protection))})"


def _device(machine: Machine) -> Iterator[str]:
    names = ("boost", "min", "low", "high", "promo", "spanned", "present", "managed", "cma")
    zeros = [0] * (MAX_NR_ZONES + 1)
    return _page_rows(machine, 0, [(name, 0) for name in names], zeros)


def _details(machine: Machine, zone: int) -> Iterator[str]:
    """What only a zone with memory shows."""
    for name, _, item in counters.lines(machine, ("zone",)):
        yield f"\n      {name:12} {counters.zone_page_state(machine, zone, item)}"
    for name, _, item in counters.lines(machine, ("numa",)):
        yield f"\n      {name:12} {int(machine.vmstat.zone_numa_event_state(zone, item))}"
    yield "\n  pagesets"
    for cpu in range(machine.config.cpus):
        yield from _pageset(machine, zone, cpu)
    yield f"\n  node_unreclaimable:  {0}"
    yield f"\n  start_pfn:           {int(machine.arena.zones[zone].zone_start_pfn)}"


def _pageset(machine: Machine, zone: int, cpu: int) -> Iterator[str]:
    pageset = machine.pcp.pageset(zone, cpu)
    yield f"\n    cpu: {cpu}"
    tuned = machine.config.kernel >= HIGH_MIN_SINCE
    width = 10 if tuned else 7
    for field in PCP_FIELDS if tuned else PCP_FIELDS[:3]:
        yield f"\n              {field + ':':{width}}{int(pageset[field])}"
    yield f"\n  vm stats threshold: {int(machine.arena.zone_stat_threshold[zone])}"
