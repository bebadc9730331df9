"""What a reclaim policy costs: a Zipf trace under a limit, as plain Python and compiled, beside the
kernel's own lists."""

from __future__ import annotations

import time

import numpy as np
from access import OBJECTS
from figures import BASE, PAGE, Figure, zipf_trace
from refault import counter, limited_machine

from mmtwin import policy
from mmtwin.policy import PolicyError

ACCESSES = 300_000
LIMIT = 20_000  # pages
SHIPPED = ("fifo", "lru", "clock", "s3-fifo", "lhd")


def figures(repeat: int) -> list[Figure]:
    batch = zipf_trace(OBJECTS, ACCESSES).astype(np.uint64) * np.uint64(PAGE) + np.uint64(BASE)
    rows = [Figure("reclaimed and refaulted: the kernel's lists", cost(batch, "", False), "us")]
    for name in SHIPPED:
        for compiled in (False, True):
            try:
                us = cost(batch, name, compiled)
            except PolicyError:  # not annotated
                continue
            how = "compiled" if compiled else "plain Python"
            rows.append(Figure(f"  {name}, {how}", us, "us"))
    return rows


def cost(batch: np.ndarray, name: str, compiled: bool) -> float:
    """CPU time in us for each page reclaimed and read again, hits included.

    Major faults are counted: so few pages leave no room for all shadow entries, without which there
    is no refault."""
    machine = limited_machine(LIMIT)
    if name:
        policy.use(machine, name, compiled=compiled)
    machine.access.access_batch(batch)  # until the limit is reached
    before, start = counter(machine, "pgmajfault"), time.process_time()
    machine.access.access_batch(batch)
    seconds = time.process_time() - start
    return seconds / (counter(machine, "pgmajfault") - before) * 1e6
