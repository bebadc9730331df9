"""The machine's description: nodes, memory, CPUs, and sysctls as the kernel spells them."""

from __future__ import annotations

from dataclasses import dataclass, field

GIB = 1 << 30
PAGE_SHIFT = 12


@dataclass(frozen=True)
class NodeConfig:
    """One NUMA node: `ranges` are its (first pfn, last pfn + 1) of RAM, ascending."""

    ranges: tuple[tuple[int, int], ...]

    @property
    def nr_pages(self) -> int:
        return sum(end - start for start, end in self.ranges)


@dataclass(frozen=True)
class MachineConfig:
    """Everything that is decided before boot. Immutable; sysctls may change afterwards."""

    nodes: tuple[NodeConfig, ...]
    cpus: int = 2
    cpu_node: tuple[int, ...] = (0, 0)
    kernel: int = 612  # 601, 612 or 618
    la57: bool = False  # five-level page tables
    sysctl: dict[str, int] = field(default_factory=dict)  # boot values that differ from defaults

    @property
    def nr_pfns(self) -> int:
        """One more than the highest pfn: the length of mem_map."""
        return max(end for node in self.nodes for _, end in node.ranges)


def describe(ram: int = 4 * GIB, cpus: int = 2, kernel: int = 612) -> MachineConfig:
    """A machine of one node; RAM above 3 GiB continues at 4 GiB, as on a PC."""
    low_pages = min(ram, 3 * GIB) >> PAGE_SHIFT
    ranges = [(0, low_pages)]
    if ram > 3 * GIB:
        first = (4 * GIB) >> PAGE_SHIFT
        ranges.append((first, first + ((ram - 3 * GIB) >> PAGE_SHIFT)))
    return MachineConfig((NodeConfig(tuple(ranges)),), cpus, (0,) * cpus, kernel)
