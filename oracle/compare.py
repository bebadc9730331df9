"""How far two golden files agree, class by class: `python3 -m oracle.compare A B [-v]`.

Operations are matched by order (a file disk prepared otherwise may have a `mkswap` more),
counters of the whole machine by what has changed since a scenario's first look at them,
since what boot left there is not the scenario's.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oracle.golden import Record, read
from oracle.views import BY_CHANGES

Key = tuple[str, str]  # class, name within the scenario


def _result_class(command: str) -> str:
    return "mincore" if command.startswith("mincore") else "results"


def operations(made: Record) -> Iterator[tuple[Key, Any]]:
    number = 0
    for _, task, command, result, *faults in made["ops"]:
        if command == "mkswap":
            continue
        number += 1
        name = f"{number} {task}: {command}"
        yield (_result_class(command), name), result
        if faults:
            yield ("faults", name), faults


def kind_class(kind: str) -> str:
    return kind.split(":")[0] if not kind.startswith("/") else "shown files"


def _full(kind: str, view: dict[str, Any], last: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if view.get("_d"):
        view = {**last.get(kind, {}), **{k: v for k, v in view.items() if k != "_d"}}
    last[kind] = view
    return view


def _leaves(view: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in view.items():
        if key in ("maps", "runs", "segs"):
            yield from ((f"{key}[{i}]", item) for i, item in enumerate(value))
        else:
            yield key, value


def checkpoints(made: Record) -> Iterator[tuple[Key, Any]]:
    last: dict[str, dict[str, Any]] = {}
    first: dict[str, dict[str, Any]] = {}
    for name, shown in made["ck"].items():
        kind = name.split("|", 2)[2]
        full = _full(kind, shown, last)
        counters = kind in BY_CHANGES or (kind.startswith("/") and "text" not in full)
        base = first.setdefault(kind, full) if counters else {}
        for key, value in _leaves(full):
            place = "segs" if key.startswith("segs") else kind_class(kind)
            if isinstance(value, int) and isinstance(base.get(key), int):
                value -= base[key]
            yield (place, f"{name}.{key}"), value


def observables(made: Record) -> dict[Key, Any]:
    return dict([*operations(made), *checkpoints(made)])


def compare(mine: Record, other: Record) -> dict[str, list[tuple[str, Any, Any]]]:
    """For each class, every observable of either with both values (None: not there)."""
    a, b = observables(mine), observables(other)
    found: dict[str, list[tuple[str, Any, Any]]] = defaultdict(list)
    for key in a | b:
        found[key[0]].append((key[1], a.get(key), b.get(key)))
    return found


def main() -> int:
    p = argparse.ArgumentParser(prog="python3 -m oracle.compare")
    p.add_argument("mine", type=Path)
    p.add_argument("other", type=Path)
    p.add_argument("-v", "--verbose", metavar="CLASS", nargs="?", const="", help="list differences")
    p.add_argument("--only", default="", metavar="PATTERN", help="scenarios by name")
    options = p.parse_args()
    others = {made["scenario"]: made for made in read(options.other)}
    same: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for made in read(options.mine):
        name = made["scenario"]
        if name not in others or not re.match(options.only, name):
            continue
        for place, rows in compare(made, others[name]).items():
            total[place] += len(rows)
            same[place] += sum(a == b for _, a, b in rows)
            if options.verbose is not None and options.verbose in ("", place):
                for key, a, b in rows:
                    if a != b:
                        print(f"{name} {place} {key}: {a} / {b}")
    same["all"], total["all"] = sum(same.values()), sum(total.values())
    for place, count in sorted(total.items()):
        print(f"{place:14} {same[place]:7} of {count:7}  {100 * same[place] / (count or 1):6.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
