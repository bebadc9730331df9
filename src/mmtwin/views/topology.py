"""Which nodes and CPUs there are: /sys/devices/system/node and cpu.

Models drivers/base/node.c: node_read_distance(), cpulist_show(); drivers/base/cpu.c.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmtwin.machine import Machine


def show_nodes(machine: Machine) -> str:
    """online, possible, has_memory: every node that the machine describes."""
    return bitlist(range(len(machine.config.nodes))) + "\n"


def show_nodes_with_cpus(machine: Machine) -> str:
    """has_cpu."""
    return bitlist(set(machine.config.cpu_node)) + "\n"


def show_cpus(machine: Machine) -> str:
    """online, possible, present."""
    return bitlist(range(machine.config.cpus)) + "\n"


def show_cpulist(machine: Machine, node: int) -> str:
    """A node's CPUs as ranges."""
    return bitlist(_cpus_of(machine, node)) + "\n"


def show_cpumap(machine: Machine, node: int) -> str:
    """A node's CPUs as a bitmap."""
    mask = sum(1 << cpu for cpu in _cpus_of(machine, node))
    return bitmap(mask, machine.config.cpus) + "\n"


def show_distance(machine: Machine, node: int) -> str:
    """Distances from a node to each."""
    return " ".join(map(str, machine.config.distances[node])) + "\n"


def _cpus_of(machine: Machine, node: int) -> list[int]:
    return [cpu for cpu, owner in enumerate(machine.config.cpu_node) if owner == node]


def bitmap(mask: int, bits: int) -> str:
    """`%*pb`: hexadecimal, in groups of 32 bits from the left."""
    digits = f"{mask:0{-(-bits // 4)}x}"
    first = len(digits) % 8
    groups = [digits[:first]] if first else []
    return ",".join(groups + [digits[i : i + 8] for i in range(first, len(digits), 8)])


def bitlist(bits: Iterable[int]) -> str:
    """`%*pbl`: runs of set bits, `0-2,5`."""
    runs: list[list[int]] = []
    for bit in sorted(bits):
        if runs and runs[-1][1] == bit - 1:
            runs[-1][1] = bit
        else:
            runs.append([bit, bit])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
