"""Runs every benchmark on one core and prints a table: figure, target, pass or miss.

Exit status 0, or with --strict 1 if a target was missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import access
import boot
import fault
import file_read
import fork
import policies
import refault
from figures import Figure

TOPICS = {
    "boot": boot, "fault": fault, "fork": fork, "access": access, "file_read": file_read,
    "refault": refault, "policies": policies,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topic", nargs="*", choices=[[], *TOPICS], help="default: all")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each, the median counts")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a target is missed")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    missed = 0
    for topic in options.topic or TOPICS:
        for figure in TOPICS[topic].figures(options.repeat):
            print(line(figure), flush=True)
            missed += not figure.passed
    return 1 if missed and options.strict else 0


def line(figure: Figure) -> str:
    """One row of the table."""
    row = f"{figure.name:<46}{figure.value:>10.1f} {figure.unit:<4}"
    if figure.target is None:
        return row.rstrip()
    word = "at least" if figure.at_least else "at most"
    return f"{row} {word} {figure.target:<5g} {'pass' if figure.passed else 'MISS'}"


if __name__ == "__main__":
    sys.exit(main())
