"""Records made by hand, for tests of mechanisms without an address space around them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from mmtwin.config import describe
from mmtwin.machine import Machine
from mmtwin.mm.idpool import POOL_USED
from mmtwin.mm.vm_flags import VM_READ, VM_WRITE
from mmtwin.mm.vmstat_items import NR_VM_NODE_STAT_ITEMS

PAGE = 4096
RW = VM_READ | VM_WRITE


def machine(engine: str) -> Machine:
    """A small machine with one CPU."""
    return Machine(describe(ram="64M", cpus=1), engine=engine)


def node_count(m: Machine, item: int) -> int:
    """A node counter with what the CPU holds back."""
    at = int(item)
    assert at < NR_VM_NODE_STAT_ITEMS
    return int(m.arena.vm_node_stat[at]) + int(m.arena.vm_node_stat_diff[at])


class Vmas:
    """Vma records that no mm owns."""

    def __init__(self, engine: str) -> None:
        self.m = machine(engine)
        self.next = 1

    def __getitem__(self, vma: int) -> Any:
        return self.m.arena.vmas[vma]

    def new(self, first: int, last: int, flags: int = RW, file: int = 0) -> int:
        """A vma of pages first..last - 1."""
        vma, self.next = self.next, self.next + 1
        record = self[vma]
        record.vm_start, record.vm_end, record.vm_pgoff = first * PAGE, last * PAGE, first
        record.vm_flags, record.vm_file, record.vm_mm = flags, file, 1
        return vma

    def chain(self, *vmas: int) -> None:
        """Make the vmas neighbours in address order."""
        for low, high in pairwise(vmas):
            self[low].vm_next, self[high].vm_prev = high, low

    def fault(self, vma: int) -> int:
        assert self.m.rmap.anon_vma_prepare(vma) == 0
        return int(self[vma].anon_vma)

    def fork(self, parent: int) -> int:
        record = self[parent]
        child = self.new(int(record.vm_start) // PAGE, int(record.vm_end) // PAGE)
        self[child].anon_vma = record.anon_vma  # as copied with the record
        assert self.m.rmap.anon_vma_fork(child, parent) == 0
        return child

    def split(self, vma: int) -> int:
        """A second vma that shares all anon_vmas, as __split_vma() makes it."""
        record = self[vma]
        half = self.new(int(record.vm_start) // PAGE, int(record.vm_end) // PAGE)
        self[half].anon_vma = record.anon_vma
        assert self.m.rmap.anon_vma_clone(half, vma) == 0
        return half

    def close(self, vma: int) -> None:
        self.m.rmap.unlink_anon_vmas(vma)

    def used(self) -> tuple[int, int]:
        """(anon_vmas, links) in use; the bookkeeping is checked."""
        self.m.rmap.check()
        arena = self.m.arena
        return int(arena.anon_vma_pool[POOL_USED]), int(arena.anon_vma_chain_pool[POOL_USED])
