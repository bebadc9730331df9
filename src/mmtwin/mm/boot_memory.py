"""Which frames each zone gets, and what the kernel keeps for itself before the allocator starts.

Plain Python, not part of the engine: it runs once, from the description of a machine.

      pfn 0      0x9f     0x100         0x1000                                    end of node
       | | BIOS   | hole   | free (DMA)  | kernel image | free ...        | mem_map, node data |
         reserved (low 1M) |             |<---------- DMA32, Normal, Movable ----------------->|

Models arch/x86/kernel/e820.c and setup.c: trim_bios_range(), reserve_real_mode(); mm/mm_init.c:
free_area_init(), find_zone_movable_pfns_for_nodes(), calculate_node_totalpages(); mm/memblock.c:
top-down allocation; mm/page_alloc.c: find_next_best_node().
Not modelled: hash tables that grow with the machine (dentries, inodes), which a real kernel also
takes before it counts managed pages: 0.2 % of a large machine's memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from mmtwin.config import LOCAL_DISTANCE, REMOTE_DISTANCE, MachineConfig
from mmtwin.errors import ConfigError
from mmtwin.mm.gfp import MAX_NR_ZONES, MAX_ORDER_NR_PAGES, ZONE_MOVABLE

Range = tuple[int, int]  # first pfn, last pfn + 1

ZONE_ENDS = (1 << 12, 1 << 20, 1 << 52)  # DMA ends at 16 MiB, DMA32 at 4 GiB
LOW_MEMORY_END = 0x100  # the first MiB: reserve_real_mode() keeps what RAM there is
BIOS_HOLE = (0x9F, 0x100)  # EBDA, video memory and ROMs: no RAM
KERNEL_START = 0x1000  # where x86 links its image: 16 MiB

# Pages of Debian's kernels that never come back: text, data, bss, page tables and the hash tables
# of a small machine.
KERNEL_PAGES = {601: 11304, 612: 9595, 618: 9907}
INIT_PAGES = 1700  # init sections and initramfs: managed only once watermarks are computed
NODE_PAGES = 58  # pgdat, memory sections
CPU_PAGES = 65  # the first chunk of per-CPU memory
SECTION_PAGES = 1 << 15  # mem_map is allocated by sections of 128 MiB
STRUCT_PAGE_BYTES = 64
PAGE_BYTES = 4096


@dataclass
class ZoneSpan:
    """One zone as it stands when the allocator takes over."""

    node: int
    zone_type: int
    present: list[Range]
    free: list[Range] = field(default_factory=list)

    @property
    def start(self) -> int:
        return self.present[0][0]

    @property
    def spanned_pages(self) -> int:
        return self.present[-1][1] - self.start

    @property
    def present_pages(self) -> int:
        return sum(end - start for start, end in self.present)

    @property
    def managed_pages(self) -> int:
        return sum(end - start for start, end in self.free)


def zone_spans(config: MachineConfig) -> list[ZoneSpan]:
    """The populated zones, by node and type (ConfigError where the kernel would not fit)."""
    spans = []
    for node in range(len(config.nodes)):
        reserved = reserved_ranges(config, node)
        for zone_type, present in _zones_of(config, node):
            free = list(without(present, reserved))
            spans.append(ZoneSpan(node, zone_type, present, free))
    return spans


def nodes_by_distance(config: MachineConfig) -> list[list[int]]:
    """For each node all nodes, nearest first: find_next_best_node() over and over.

    Nodes with CPUs come a little later, lower numbers after higher ones; nodes of equal distance
    take turns in being first.
    """
    load = [0] * len(config.nodes)

    def cost(node: int, other: int) -> tuple[int, int, int]:
        near = node_distance(config, node, other) + (other < node) + (other in config.cpu_node)
        return near, load[other], other

    orders = []
    for node in range(len(config.nodes)):
        order, rest = [node], set(range(len(config.nodes))) - {node}
        while rest:
            best = min(rest, key=partial(cost, node))
            if node_distance(config, node, best) != node_distance(config, node, order[-1]):
                load[best] += 1
            order.append(best)
            rest.remove(best)
        orders.append(order)
    return orders


def node_distance(config: MachineConfig, node: int, other: int) -> int:
    """SLIT distance: 10 for itself, by default 20 for any other."""
    if config.distances:
        return config.distances[node][other]
    return LOCAL_DISTANCE if node == other else REMOTE_DISTANCE


def present_ranges(config: MachineConfig, node: int) -> list[Range]:
    """RAM of a node less page 0 and the BIOS hole."""
    ranges = config.nodes[node].ranges
    for start, end in ranges:
        if start % MAX_ORDER_NR_PAGES:
            raise ConfigError(f"node {node}: RAM at pfn {start:#x} is not on a 4 MiB boundary")
        if start >= end:
            raise ConfigError(f"node {node}: RAM from pfn {start:#x} to {end:#x} is empty")
    return list(without(list(ranges), [(0, 1), BIOS_HOLE]))


def reserved_ranges(config: MachineConfig, node: int) -> list[Range]:
    """What the kernel holds of a node for good: low memory, its image, mem_map."""
    present = present_ranges(config, node)
    reserved = [(1, LOW_MEMORY_END)]
    if any(start <= KERNEL_START < end for start, end in config.nodes[node].ranges):
        reserved.append((KERNEL_START, KERNEL_START + KERNEL_PAGES[config.kernel]))
    want = mem_map_pages(config, node) + NODE_PAGES + CPU_PAGES * config.cpu_node.count(node)
    for start, end in reversed(list(without(present, reserved))):
        part = min(want, end - start)
        reserved.append((end - part, end))
        want -= part
        if not want:
            break
    if want or KERNEL_START + KERNEL_PAGES[config.kernel] > config.nr_pfns:
        raise ConfigError(
            f"node {node}: {config.nodes[node].nr_pages * PAGE_BYTES >> 20} MiB of RAM do not hold "
            f"a {config.kernel // 100}.{config.kernel % 100} kernel and its mem_map"
        )
    return sorted(reserved)


def mem_map_pages(config: MachineConfig, node: int) -> int:
    """Pages of struct page for a node, by whole sections."""
    sections, last = 0, -1
    for start, end in config.nodes[node].ranges:
        first = max(start // SECTION_PAGES, last + 1)
        last = (end - 1) // SECTION_PAGES
        sections += last + 1 - first
    return sections * SECTION_PAGES * STRUCT_PAGE_BYTES // PAGE_BYTES


def _zones_of(config: MachineConfig, node: int) -> Iterator[tuple[int, list[Range]]]:
    present = present_ranges(config, node)
    movable = _movable_start(config, node, present)
    start = 0
    for zone_type, end in enumerate(ZONE_ENDS):
        inside = list(clipped(present, start, min(end, movable)))
        if inside:
            yield zone_type, inside
        start = end
    inside = list(clipped(present, movable, ZONE_ENDS[-1]))
    if inside:
        assert ZONE_MOVABLE < MAX_NR_ZONES
        yield ZONE_MOVABLE, inside


def _movable_start(config: MachineConfig, node: int, present: list[Range]) -> int:
    """First pfn of the node's ZONE_MOVABLE: its even share of movablecore or kernelcore, cut from
    the top of the highest zone: find_zone_movable_pfns_for_nodes()."""
    total = sum(n.nr_pages for n in config.nodes)
    movable = config.movablecore
    kernelcore = config.kernelcore
    if kernelcore:
        movable = min(movable or total, max(0, total - kernelcore))
    left = movable // len(config.nodes)
    highest = max(z for z, end in enumerate((0, *ZONE_ENDS[:-1])) if present[-1][1] > end)
    floor = (0, *ZONE_ENDS)[highest]
    at = ZONE_ENDS[-1]
    for start, end in reversed(present):
        start = max(start, floor)
        if left <= 0 or end <= start:
            break
        at = max(start, end - left)
        left -= end - at
    return -(-at // MAX_ORDER_NR_PAGES) * MAX_ORDER_NR_PAGES


def clipped(ranges: list[Range], low: int, high: int) -> Iterator[Range]:
    """The parts of ranges inside [low, high)."""
    for start, end in ranges:
        if max(start, low) < min(end, high):
            yield max(start, low), min(end, high)


def without(ranges: list[Range], holes: list[Range]) -> Iterator[Range]:
    """Ranges less holes, ascending."""
    for start, end in ranges:
        for low, high in sorted(holes):
            if low < end and high > start:
                if start < low:
                    yield start, low
                start = max(start, high)
        if start < end:
            yield start, end
