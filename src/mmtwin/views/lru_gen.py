"""/sys/kernel/debug/lru_gen: the generations of each cgroup and node, and commands to it.

Models mm/vmscan.c: lru_gen_seq_show(), lru_gen_seq_write().
Not modelled: lru_gen_full.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mmtwin import cgroups

if TYPE_CHECKING:
    from mmtwin.machine import Machine

PATH = "/sys/kernel/debug/lru_gen"
MEMCG_NONE = 0xFFFFFFFF
NS_PER_MS = 1_000_000


def memcgs(machine: Machine) -> list[int]:
    """Every cgroup, the root first, in the order of the hierarchy."""
    found = []
    memcg = int(machine.memcontrol.mem_cgroup_iter(0, MEMCG_NONE, 0, False))
    while memcg != MEMCG_NONE:
        found.append(memcg)
        memcg = int(machine.memcontrol.mem_cgroup_iter(0, memcg, 0, False))
    return found


def show(machine: Machine) -> str:
    """Age in ms and pages of both types of each generation, oldest first."""
    lines = []
    nodes = len(machine.config.nodes)
    for memcg in memcgs(machine):
        lines.append(f"memcg {memcg + 1:5} {cgroups.path_of(machine, memcg)}")
        for node in range(nodes):
            lines.append(f" node {node:5}")
            for seq, age, sizes in machine.mglru.generations(memcg * nodes + node):
                pages = "".join(f" {size:10} " for size in sizes)
                lines.append(f" {seq:10} {age // NS_PER_MS:10}{pages}")
    return "\n".join(lines) + "\n"


def write(machine: Machine, text: str) -> None:
    """Commands, separated by commas, semicolons or lines: `+ memcg node seq [can_swap [force]]`
    ages, `- memcg node seq [swappiness [pages]]` evicts."""
    for command in text.replace(",", "\n").replace(";", "\n").splitlines():
        if command.strip():
            _run(machine, command.split())


def _run(machine: Machine, words: list[str]) -> None:
    try:
        kind, memcg, node, seq, *more = words[0], *(int(word) for word in words[1:])
    except ValueError:
        raise OSError(errno.EINVAL, f"{' '.join(words)!r} is no command", PATH) from None
    found = machine.arena.sysctl[0].lru_gen_enabled & 1
    if not found or kind not in "+-" or memcg - 1 not in memcgs(machine):
        raise OSError(errno.EINVAL, "no such command, cgroup or MGLRU is off", PATH)
    if not 0 <= node < len(machine.config.nodes):
        raise OSError(errno.EINVAL, f"node {node} is not there", PATH)
    swappiness = more[0] if more else int(machine.arena.sysctl[0].swappiness)
    if kind == "+":
        force = bool(more[1]) if len(more) > 1 else False
        error = machine.mglru_shrink.run_aging(memcg - 1, node, seq, swappiness > 0, force)
    else:
        pages = more[1] if len(more) > 1 else 1 << 62
        error = machine.mglru_shrink.run_eviction(memcg - 1, node, seq, swappiness, pages)
    if error:
        raise OSError(-error, "no such generation", PATH)
