"""Golden records: one scenario's answers as JSON, and the observables in them.

An observable is one value that a kernel showed: the result of an operation, its faults, one key
of a kernel file. Operations are named by their order, since files that were made on machines
with other disks have a `mkswap` more. Counters of the whole machine count by what has changed
since the scenario's first look at them: what boot left there is not the scenario's.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mmtwin.scenario.errors import ScenarioError
from mmtwin.scenario.kernel_files import View

Record = dict[str, Any]
# Counters of the whole machine: shown in full once, and then by what has changed.
BY_CHANGES = (
    "meminfo", "vmstat", "buddyinfo", "zoneinfo", "slabinfo", "pagetypeinfo", "node0", "node1",
    "n0mem", "vmallocinfo",
)  # fmt: skip


class Observable(NamedTuple):
    """A value's class (`results`, `faults`, `maps`, ...) and its name within the scenario."""

    kind: str
    name: str


def line(made: Record) -> str:
    """A record as it stands in a file."""
    return json.dumps(made, separators=(",", ":")) + "\n"


def read(path: Path) -> list[Record]:
    """The records of a golden file, gzipped or not (ScenarioError with the line, OSError)."""
    return read_lines(path, ("scenario", "ops", "ck"))


def read_lines(path: Path, keys: tuple[str, ...]) -> list[Record]:
    """JSON objects, one a line, each with these keys."""
    data = path.read_bytes()
    try:
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (EOFError, OSError) as error:
        raise ScenarioError(f"{path}: damaged gzip file: {error}") from None
    records = []
    for number, row in enumerate(text.splitlines(), 1):
        if row.strip():
            records.append(_record(row, f"{path}:{number}", keys))
    return records


def _record(row: bytes, place: str, keys: tuple[str, ...]) -> Record:
    try:
        made: Record = json.loads(row)
    except ValueError:
        raise ScenarioError(f"{place}: not JSON") from None
    missing = [key for key in keys if not isinstance(made, dict) or key not in made]
    if missing:
        raise ScenarioError(f"{place}: no golden record: it has no `{missing[0]}`")
    return made


def is_counters(kind: str, shown: View) -> bool:
    """Shown by changes."""
    return kind in BY_CHANGES or (kind.startswith("/") and "text" not in shown)


class Checkpoints:
    """Kernel files as they are shown, in order: `label|task|kind` -> what is new."""

    def __init__(self) -> None:
        self.found: dict[str, View] = {}
        self._last: dict[str, View] = {}

    def add(self, label: str, task: str, kind: str, now: View) -> None:
        """One more file."""
        shown = now
        if is_counters(kind, now) and kind in self._last:
            shown = changes(self._last[kind], now)
        self._last[kind] = now
        self.found[self._free_key(label, task, kind)] = shown

    def _free_key(self, label: str, task: str, kind: str) -> str:
        key, number = f"{label}|{task}|{kind}", 1
        while key in self.found:
            number += 1
            key = f"{label}#{number}|{task}|{kind}"
        return key


def changes(before: View, now: View) -> View:
    """The keys that are not as they were; None for one that is gone."""
    gone = {key: None for key in before if key not in now}
    return {k: v for k, v in now.items() if before.get(k) != v} | gone | {"_d": 1}


def observables(made: Record) -> dict[Observable, Any]:
    """Every value of a record."""
    return dict([*operations(made), *shown_files(made)])


def operations(made: Record) -> Iterator[tuple[Observable, Any]]:
    """Results and faults; [minor, major] are two observables."""
    number = 0
    for _, task, command, result, *faults in made["ops"]:
        if command == "mkswap":
            continue
        number += 1
        name = f"{number} {task}: {command}"
        kind = "mincore" if command.startswith("mincore") else "results"
        yield Observable(kind, name), result
        for count, which in zip(faults, ("minflt", "majflt"), strict=False):
            yield Observable("faults", f"{name} {which}"), count


def shown_files(made: Record) -> Iterator[tuple[Observable, Any]]:
    """Every key of every checkpoint."""
    last: dict[str, View] = {}
    first: dict[str, View] = {}
    for name, shown in made["ck"].items():
        kind = name.split("|", 2)[2]
        full = _full(kind, shown, last)
        base = first.setdefault(kind, full) if is_counters(kind, full) else {}
        for key, found in _leaves(full):
            if isinstance(found, int) and isinstance(base.get(key), int):
                found -= base[key]
            yield Observable(kind_class(kind, key), f"{name}.{key}"), found


def kind_class(kind: str, key: str) -> str:
    """What an observable of a file counts under."""
    if key.startswith("segs"):
        return "segs"
    return kind.split(":")[0] if not kind.startswith("/") else "shown files"


def _full(kind: str, view: View, last: dict[str, View]) -> View:
    if view.get("_d"):
        changed = {k: v for k, v in view.items() if k != "_d"}
        view = {k: v for k, v in {**last.get(kind, {}), **changed}.items() if v is not None}
    last[kind] = view
    return view


def _leaves(view: View) -> Iterator[tuple[str, Any]]:
    for key, found in view.items():
        if key in ("maps", "runs", "segs"):
            yield from ((f"{key}[{i}]", item) for i, item in enumerate(found))
        else:
            yield key, found
