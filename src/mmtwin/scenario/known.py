"""Differences from real kernels that are understood, each with its reason.

A row names what it is about as narrowly as it can: a difference that no row names is reported as
not explained, and that is how a new one is noticed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mmtwin.scenario.score import Difference

NOT_EXPLAINED = "Not explained yet."
GIVEN = r"golden/"  # answers of another making than scripts/oracle's


class Known(NamedTuple):
    """Where a difference shows (patterns), and why."""

    answers: str
    scenario: str
    observable: str  # of "kind name"
    reason: str


KNOWN = (
    Known(
        GIVEN,
        r"b0[12]_|c0_thp_never",
        r"pm .*\.runs",
        "The runner that took these answers kept a log in tmpfs: its pages enter the CPU's LRU "
        "batch between a task's commands, and so it is off by them which of the task's newest "
        "pages have KPF_LRU. scripts/oracle's runner has no log, and there the twin is exact.",
    ),
    Known(
        GIVEN,
        r"c0_thp_never",
        r"vmstat .*\.(nr_shmem|nr_file_pages|numa_hit|numa_local|pgalloc_dma32|pgfault|pgreuse|"
        r"pgactivate|nr_(zone_)?(in)?active_anon)",
        "The pages of that log, and the runner's faults, count machine-wide too.",
    ),
    Known(
        r"",
        r"a08_",
        r"meminfo .*\.(MemFree|MemAvailable)",
        "Memory that the real kernel's other work (RCU, slabs, dead tasks' stacks) gives back "
        "meanwhile; it differs between boots as well.",
    ),
    Known(
        r"",
        r"a08_",
        r"meminfo .*\.CommitLimit",
        "A share of MemTotal, which is smaller here by 0.02 % (0.2 % of the full 6.18's): what the "
        "kernel's own image and its tables take at boot is modelled by a rule, not measured.",
    ),
    Known(
        r".*/6.*18",
        r"a08_|c0_thp_never",
        r"(meminfo|vmstat) .*\.(PageTables|nr_page_table_pages|pgfree)",
        "Since 6.14 page tables are freed by RCU, those of the address space that execve replaced "
        "some time after it; the twin frees them at once.",
    ),
    Known(
        r"",
        r"c0_thp_never",
        r"vmstat .*\.(nr_free_pages(_blocks)?|nr_dirty_(background_)?threshold)",
        "Free pages went from the CPU's own list to the buddy (pgalloc and pgfree stood still): "
        "the decay of that list by the vmstat worker, once a second, which is not modelled. (The "
        "thresholds of dirty memory are shares of what is free.)",
    ),
    Known(
        r".*/6.*18",
        r"c0_thp_never",
        r"vmstat .*\.(nr_(zone_)?(in)?active_(anon|file)|numa_hit|numa_local)",
        "Pages of the kernel's other tasks that were in the CPU's LRU batch, which nothing empties "
        "between tasks since 6.14.",
    ),
)


def reason(difference: Difference) -> str:
    """Why a difference is there, or that it is not known."""
    text = f"{difference.observable.kind} {difference.observable.name}"
    for known in KNOWN:
        if (
            re.match(known.answers, difference.answers)
            and re.match(known.scenario, difference.scenario)
            and re.match(known.observable, text)
        ):
            return known.reason
    return NOT_EXPLAINED
