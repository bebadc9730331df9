"""Differences from real kernels that are understood, each with its reason."""

from __future__ import annotations

import re
from typing import NamedTuple

from mmtwin.scenario.score import Difference


class Known(NamedTuple):
    """Where a difference shows (patterns), and why."""

    scenario: str
    observable: str  # of "kind name"
    reason: str


KNOWN = (
    Known(
        r"b0[12]_|c0_|e09",
        r"pm .*\.runs",
        "Pages of the real kernel's runner (its log, in tmpfs) enter the CPU's LRU batch between a "
        "task's commands: where a batch ended, and so which of the task's newest pages have "
        "KPF_LRU, is off by that many. These scenarios do not `drain`, so that T1 does not ask it.",
    ),
    Known(
        r"a08_",
        r"meminfo .*\.(MemFree|MemAvailable)",
        "Memory that the real kernel's other work (RCU, slabs, dead tasks' stacks) gives back "
        "meanwhile; it differs between boots as well.",
    ),
    Known(
        r"a08_",
        r"meminfo .*\.CommitLimit",
        "A share of MemTotal, which is smaller here by 0.02 %: what the kernel's own image and its "
        "tables take at boot is modelled by a rule, not measured.",
    ),
    Known(
        r"",
        r"(meminfo|vmstat|zoneinfo|node0|n0mem) .*",
        "Memory of the real kernel's runner and its other tasks, which count machine-wide too.",
    ),
)


def reason(difference: Difference) -> str:
    """Why a difference is there, or that it is not known."""
    text = f"{difference.observable.kind} {difference.observable.name}"
    for known in KNOWN:
        if re.match(known.scenario, difference.scenario) and re.match(known.observable, text):
            return known.reason
    return "Not explained yet."
