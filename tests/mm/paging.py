"""A machine with one task, and short words for what tests of paging do with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtwin.machine import Machine
from mmtwin.mm.uapi import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_NORESERVE,
    MAP_POPULATE,
    MAP_PRIVATE,
    MAP_SHARED,
)

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PAGE = 4096
FLAGS = {
    "priv": MAP_PRIVATE,
    "shared": MAP_SHARED,
    "anon": MAP_ANONYMOUS,
    "fixed": MAP_FIXED,
    "noreserve": MAP_NORESERVE,
    "populate": MAP_POPULATE,
}


class Task:
    """One task of a machine; every call makes it current first."""

    def __init__(self, machine: Machine, task: int) -> None:
        self.machine, self.task = machine, task

    @property
    def record(self) -> Any:
        return self.machine.arena.tasks[self.task]

    @property
    def mm(self) -> int:
        return int(self.record.mm)

    def run(self) -> Machine:
        self.machine.processes.switch_to(self.task, self.record.cpu)
        return self.machine

    def mmap(self, length: int, prot: str = "rw", flags: str = "priv,anon", addr: int = 0) -> int:
        bits = ("r" in prot) | ("w" in prot) << 1 | ("x" in prot) << 2
        mask = 0
        for name in flags.split(","):
            mask |= FLAGS[name]
        if addr:
            mask |= MAP_FIXED
        return int(self.run().mmap.do_mmap(addr, length, bits, mask, 0, 0))

    def munmap(self, addr: int, length: int) -> int:
        return int(self.run().munmap.do_munmap(addr, length))

    def touch(self, addr: int, length: int, stride: int = PAGE, write: int = 0) -> int:
        """Bytes touched; the signal, if any, is in machine.access.signal."""
        return int(self.run().access.touch_range(addr, length, stride, write))

    def r(self, addr: int, length: int, stride: int = PAGE) -> int:
        """Minor faults of loads over a range."""
        before = self.min_flt
        assert self.touch(addr, length, stride) == -(-length // stride)
        return self.min_flt - before

    def w(self, addr: int, length: int, stride: int = PAGE) -> int:
        """Minor faults of stores over a range."""
        before = self.min_flt
        assert self.touch(addr, length, stride, 1) == -(-length // stride)
        return self.min_flt - before

    def zap(self, addr: int, length: int) -> None:
        """MADV_DONTNEED inside one vma."""
        vma = self.run().vma_tree.find_vma(self.mm, addr)
        self.machine.memory.zap_page_range(vma, addr, addr + length)

    def fork(self) -> Task:
        child = self.run().processes.copy_process(0, self.record.pid + 100)
        assert child > 0
        return Task(self.machine, int(child))

    def exit(self) -> None:
        self.run().processes.do_exit(0)

    @property
    def min_flt(self) -> int:
        return int(self.record.min_flt)

    @property
    def rss_kb(self) -> int:
        return sum(self.counter(i) for i in (0, 1, 3)) * 4

    def counter(self, member: int) -> int:
        return int(self.machine.rss_stat.get_mm_counter_sum(self.mm, member))

    @property
    def vm_pte_kb(self) -> int:
        return int(self.machine.arena.mms[self.mm].pgtables_bytes) // 1024

    def vma(self, addr: int) -> int:
        return int(self.machine.vma_tree.find_vma(self.mm, addr))

    def smap(self, addr: int) -> dict[str, int]:
        """smaps fields of the vma at addr, in kB."""
        return {k: v // 1024 for k, v in self.machine.task_mmu.smap(self.vma(addr)).items() if v}

    def pm(self, addr: int, length: int) -> list[str]:
        """Runs of pagemap as the golden files have them: start+len:KIND:kpageflags:mapcount."""
        runs: list[list[Any]] = []
        for page in range(length // PAGE):
            entry = int(self.machine.task_mmu.pagemap_entry(self.mm, addr + page * PAGE))
            kind = self._kind(entry)
            if runs and runs[-1][2] == kind:
                runs[-1][1] += 1
            else:
                runs.append([page, 1, kind])
        return [f"{start}+{length}:{kind}" for start, length, kind in runs]

    def _kind(self, entry: int) -> str:
        letters = "P" if entry >> 63 & 1 else "-"
        letters += "f" if entry >> 61 & 1 else ""
        letters += "x" if entry >> 56 & 1 else ""
        letters += "d" if entry >> 55 & 1 else ""
        if not entry >> 63 & 1:
            return letters
        pfn = entry & (1 << 55) - 1
        mmu = self.machine.task_mmu
        return f"{letters}:{mmu.kpageflags(pfn):x}:{mmu.kpagecount(pfn)}"


def boot(engine: str, **keywords: Any) -> Task:
    """A machine with one CPU unless told otherwise, and its first task."""
    machine = Machine(engine=engine, **{"ram": "256M", "cpus": 1, **keywords})
    task = machine.processes.kernel_clone_init(1, 0)
    assert task
    return Task(machine, int(task))


def addresses(first: int, pages: list[int]) -> np.ndarray[Any, Any]:
    """Byte addresses of pages numbered from `first`."""
    return np.array([first + page * PAGE for page in pages], dtype=np.uint64)
