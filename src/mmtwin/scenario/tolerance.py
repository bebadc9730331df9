"""What may be asked of a model: each observable's class, and the real kernel's own spread.

    T0  equal: results, errno, faults, maps, smaps, page classes, page tables
    T1  equal once batches are drained and statistics flushed: counters of the whole machine
    T2  how much work reclaim had: counters that a real kernel repeats in exact mode, but otherwise
        only within some per cent. They are asked for as T1 is, and their error is told beside
    T3  invariants only: which frames; never compared

An observable that differed between boots of the real kernel has its values in a variance file: the
twin is within tolerance inside of their range. Where the kernel has no spread, no tolerance is
given: T1 sizes and page counts may be off by one page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmtwin.scenario import golden
from mmtwin.scenario.golden import Observable, Record

T1 = frozenset([*golden.BY_CHANGES, "cg", "lru_gen"])
T3 = frozenset(["segs"])
# Counters that are shown in kB; the others of T1 are pages.
IN_KB = frozenset(["meminfo", "n0mem"])
PAGE_KB = 4

_RECLAIM = re.compile(
    r"(pgscan|pgsteal|pgrefill|pgactivate|pgdeactivate|pgskip|pgrotated|pglazyfreed|workingset_"
    r"|pswp(in|out)|swp(in|out)|zswp|swap_ra|nr_vmscan_|allocstall|pageoutrun|kswapd_|slabs_scanned)"
    r"\w*$"
)

Spread = dict[tuple[str, str], list[Any]]  # (scenario, observable) -> values of repeated boots


def tier(kind: str) -> str:
    """T0, T1 or T3."""
    return "T3" if kind in T3 else "T1" if kind in T1 else "T0"


def is_reclaim_counter(observable: golden.Observable) -> bool:
    """Whether it is of T2: pages scanned, reclaimed, refaulted, swapped, in vmstat or a cgroup."""
    name = re.split(r"[. |]", observable.name)[-1]
    return observable.kind in T1 and _RECLAIM.match(name) is not None


def slack(kind: str) -> int:
    """What a value without spread may be off by."""
    return (PAGE_KB if kind in IN_KB else 1) if kind in T1 else 0


def read_variance(path: Path) -> Spread:
    """A variance file: for each key that differed between boots, its values."""
    rows: Iterable[Record] = golden.read_lines(path, ("scenario", "class", "key", "values"))
    return {(row["scenario"], _name(row["class"], row["key"])): row["values"] for row in rows}


def _name(kind: str, key: str) -> str:
    """The observable that a variance row is about, as golden.observables() names it."""
    if kind.startswith("ops."):
        number, _, command = key.partition("#")
        suffix = {"ops.minflt": " minflt", "ops.majflt": " majflt"}.get(kind, "")
        return f"{number}#{command}{suffix}"
    if kind.startswith("pagemap"):
        return re.sub(r"(runs|segs)$", r".\1", key)
    parts = key.split("|")
    if len(parts) == 2:
        parts = [parts[0], "-", kind, parts[1]]
    elif len(parts) == 3:
        parts = [parts[0], parts[1], kind, parts[2]]
        if parts[1].startswith("cg:"):
            parts = [parts[0], "-", parts[1], parts[3]]
    return "|".join(parts[:3]) + "." + "|".join(parts[3:])


def spread_of(spread: Spread, scenario: str, observable: Observable) -> list[Any] | None:
    """The values that real kernels gave, where they differed."""
    name = re.sub(r"\[\d+\]$", "", observable.name)
    name = re.sub(r"^(\d+) \w+: ", r"\1#", name)
    return spread.get((scenario, name))


def within(kind: str, ours: Any, theirs: Any, values: list[Any] | None) -> bool:
    """Inside of the real kernel's range, or off by no more than a page where it has none."""
    numbers = [ours, theirs, *(values or [])]
    if values and ours in values:
        return True
    if not all(isinstance(n, int) for n in numbers):
        return False
    if values:
        return bool(min(numbers[1:]) <= ours <= max(numbers[1:]))
    return bool(abs(ours - theirs) <= slack(kind))
