"""What a benchmark measures: a figure with its target, and the machine that most of them run on."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmtwin.machine import Machine

PAGE = 4096
BASE = 0x10_0000_0000
PROT_RW, MAP_ANON_FIXED = 3, 0x4032  # private, anonymous, fixed, noreserve


@dataclass(frozen=True)
class Figure:
    """One line of the table. `at_least` tells on which side of the target is good."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False

    @property
    def passed(self) -> bool:
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target


def median_seconds(run: Callable[[], object], repeat: int, reset: Callable[[], object]) -> float:
    """Median CPU time of `run` (other processes on the core do not count); `reset` goes before
    each, untimed."""
    times = []
    for _ in range(repeat):
        reset()
        gc.collect()
        start = time.thread_time()
        run()
        times.append(time.thread_time() - start)
    return statistics.median(times)


def machine_with_mapping(pages: int, ram: str = "16G") -> Machine:
    """A machine whose task has `pages` of anonymous memory mapped at BASE, none of it touched."""
    machine = Machine(ram=ram, cpus=1, engine="compiled")
    if not machine.processes.kernel_clone_init(1, 0):
        raise MemoryError("no task")
    address = machine.mmap.do_mmap(BASE, pages * PAGE, PROT_RW, MAP_ANON_FIXED, 0, 0)
    if address != BASE:
        raise OSError(-address, "mmap")
    return machine


def zipf_trace(objects: int, accesses: int, alpha: float = 1.0) -> npt.NDArray[np.int64]:
    """Object numbers, drawn with probability 1 / rank ** alpha; ranks are scattered."""
    rng = np.random.default_rng(7)
    weights = 1.0 / np.arange(1, objects + 1) ** alpha
    cumulated = np.cumsum(weights)
    ranks = np.searchsorted(cumulated, rng.random(accesses) * cumulated[-1])
    scattered: npt.NDArray[np.int64] = rng.permutation(objects)[ranks]
    return scattered
