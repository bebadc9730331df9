"""How far two golden files agree, class by class: `python3 -m oracle.compare A B [-v]`.

Operations are matched by order (a file disk prepared otherwise may have a `mkswap` more),
counters of the whole machine by what has changed since a scenario's first look at them,
since what boot left there is not the scenario's.
"""

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from mmtwin.scenario.golden import Record, observables, read


def compare(mine: Record, other: Record) -> dict[str, list[tuple[str, Any, Any]]]:
    """For each class, every observable of either with both values (None: not there)."""
    a, b = observables(mine), observables(other)
    found: dict[str, list[tuple[str, Any, Any]]] = defaultdict(list)
    for key in a | b:
        found[key.kind].append((key.name, a.get(key), b.get(key)))
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
