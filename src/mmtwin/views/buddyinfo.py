"""/proc/buddyinfo and /proc/pagetypeinfo: what the buddy allocator has free.

Models mm/vmstat.c: frag_show_print(), pagetypeinfo_showfree_print(),
pagetypeinfo_showblockcount_print().
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin.mm.gfp import NR_PAGE_ORDERS, PAGEBLOCK_NR_PAGES, PAGEBLOCK_ORDER
from mmtwin.views import counters

if TYPE_CHECKING:
    from mmtwin.machine import Machine

MIGRATETYPE_NAMES = ("Unmovable", "Movable", "Reclaimable", "HighAtomic", "Isolate")
OVERFLOW = 100_000  # pagetypeinfo stops counting a list here, to hold the zone's lock briefly


def show(machine: Machine) -> str:
    """Free blocks of each order, a line for each zone."""
    text = []
    for node, zone, name in counters.populated_zones(machine):
        free = "".join(f"{int(blocks):6} " for blocks in machine.buddy.free_blocks(zone))
        text.append(f"Node {node}, zone {name:>8} {free}\n")
    return "".join(text)


def show_pagetypes(machine: Machine) -> str:
    """The same by migrate type, then how many pageblocks each type has."""
    return "".join(
        [
            f"Page block order: {PAGEBLOCK_ORDER}\n",
            f"Pages per block:  {PAGEBLOCK_NR_PAGES}\n\n",
            _free_lists(machine),
            "\n",
            _pageblocks(machine),
        ]
    )


def _free_lists(machine: Machine) -> str:
    orders = "".join(f"{order:6} " for order in range(NR_PAGE_ORDERS))
    text = [f"{'Free pages count per migrate type at order':43} {orders}\n"]
    for node, zone, name in counters.populated_zones(machine):
        for mt, kind in enumerate(MIGRATETYPE_NAMES):
            counts = "".join(
                _counted(int(machine.buddy.nr_free(zone, order, mt)))
                for order in range(NR_PAGE_ORDERS)
            )
            text.append(f"Node {node:4}, zone {name:>8}, type {kind:>12} {counts}\n")
    return "".join(text)


def _counted(blocks: int) -> str:
    return f">{OVERFLOW:6} " if blocks >= OVERFLOW else f"{blocks:6} "


def _pageblocks(machine: Machine) -> str:
    kinds = "".join(f"{kind:>12} " for kind in MIGRATETYPE_NAMES)
    text = [f"{'Number of blocks type ':23}{kinds}\n"]
    for node, zone, name in counters.populated_zones(machine):
        counts = machine.buddy.pageblock_counts(zone)
        blocks = "".join(f"{int(n):12} " for n in counts)
        text.append(f"Node {node}, zone {name:>8} {blocks}\n")
    return "".join(text)
