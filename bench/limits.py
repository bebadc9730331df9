"""How real programs fare in less memory: the twin from one unlimited recording, beside real runs.

    bench/limits.py ../shared/recordings/limits [--markdown] [NAME ...]

For each real_NAME.json row (`limit` bytes, `inblock` 512-byte blocks read, `refault`, `majflt`, or
`oom`) NAME.ev.gz is replayed in a cgroup with `memory.max` at that limit on a machine like the
recording one (24 GB, 2 CPUs, read_ahead_kb 128). Rows of the same limit are one, at their mean.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COUNTERS = ("read_bytes", "refaults", "majflt")
TARGET_BELOW, TARGET_ABOVE = 5.0, 20.0  # per cent, at limits up to 0.9 of the peak and above
# The recording host; its disk, for a window of 128 KiB: wall time grew by 0.262 ms a major fault.
MACHINE = (
    "ram=24G", "cpus=2", "kernel=6.18",
    "disk.nvme0n1.read_latency_ns=200000", "disk.nvme0n1.read_bandwidth=2000000000",
)  # fmt: skip
# The recordings' host: a difference of so many events is two runs' own.
NOISE = {"read_bytes": 1 << 20, "refaults": 100, "majflt": 10}


@dataclass
class Row:
    """One limit of one program."""

    name: str
    limit: int
    frac: float
    real: dict[str, float]
    twin: dict[str, float]
    real_killed: bool
    twin_killed: bool
    real_seconds: float
    seconds: float

    def off(self, counter: str) -> float:
        """Per cent; inside of the noise it is 0."""
        real, twin = self.real[counter], self.twin[counter]
        if abs(twin - real) <= NOISE[counter]:
            return 0.0
        return 100.0 * (twin - real) / real if real else 100.0

    @property
    def passed(self) -> bool:
        if self.real_killed or self.twin_killed:
            return self.real_killed == self.twin_killed
        target = TARGET_BELOW if 0 < self.frac <= 0.9 else TARGET_ABOVE
        return all(abs(self.off(c)) <= target for c in COUNTERS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("name", nargs="*")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    options = parser.parse_args()
    names = options.name or sorted(
        p.name.removeprefix("real_").removesuffix(".json")
        for p in options.data.glob("real_*.json")
    )  # fmt: skip
    rows = [row for name in names for row in rows_of(options.data, name, options.settings)]
    print(markdown(rows) if options.markdown else text(rows))
    return 0


def rows_of(data: Path, name: str, settings: list[str]) -> list[Row]:
    real = json.loads((data / f"real_{name}.json").read_text())
    before = unlimited_refaults(real)  # of files that earlier runs evicted
    for row in real:
        row["refault"] = max(0.0, row["refault"] - before)
    limits = dict.fromkeys(r["limit"] for r in real)
    return [
        row_of(data / f"{name}.ev.gz", name, limit, [r for r in real if r["limit"] == limit],
               settings)
        for limit in limits
    ]  # fmt: skip


def unlimited_refaults(real: list[dict[str, Any]]) -> float:
    """The mean of rows without a limit (0 where there are none)."""
    rows = [float(r["refault"]) for r in real if not r["limit"]]
    return sum(rows) / len(rows) if rows else 0.0


def row_of(
    trace: Path, name: str, limit: int, real: list[dict[str, Any]], settings: list[str]
) -> Row:
    start = time.monotonic()
    result = run(trace, limit, settings)
    seconds = time.monotonic() - start

    def mean(key: str) -> float:
        return sum(float(r[key]) for r in real) / len(real)

    return Row(
        name, limit, real[0]["frac"],
        {"read_bytes": mean("inblock") * 512, "refaults": mean("refault"),
         "majflt": mean("majflt")},
        {"read_bytes": result["read_bytes"],
         "refaults": result["memory.stat.workingset_refault_file"],
         "majflt": result["faults"]["major"]},
        any(int(r["oom"]) for r in real), result["memory.events.oom_kill"] > 0,
        mean("time"), seconds,
    )  # fmt: skip


def run(
    trace: Path, limit: int, settings: list[str], options: tuple[str, ...] = ()
) -> dict[str, Any]:
    """`mmtwin run TRACE OPTIONS --set memory.max=LIMIT --json`; limit 0 is none."""
    sets = [*MACHINE, *settings, *([f"memory.max={limit}"] if limit else [])]
    command = [sys.executable, "-m", "mmtwin", "run", str(trace), "--json", "--quiet", *options]
    for item in sets:
        command += ["--set", item]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def text(rows: list[Row]) -> str:
    lines = [
        f"{'':<6}{'limit':>6} {'MB read':>9} {'twin':>9} {'':>7} "
        f"{'refaults':>9} {'twin':>9} {'':>7} "
        f"{'majflt':>7} {'twin':>7} {'':>7} {'real s':>7} {'s':>6}"
    ]
    for r in rows:
        cells = []
        for c, width, unit in (("read_bytes", 9, 1e6), ("refaults", 9, 1), ("majflt", 7, 1)):
            real, twin = r.real[c] / unit, r.twin[c] / unit
            cells.append(f"{real:>{width}.0f} {twin:>{width}.0f} {r.off(c):>+6.1f}%")
        where = f"{r.frac:.2f}" if r.limit else "none"
        lines.append(
            f"{r.name:<6}{where:>6} {' '.join(cells)} {r.real_seconds:>7.1f} {r.seconds:>6.1f} "
            f"{'pass' if r.passed else 'MISS'}"
        )
    return "\n".join(lines)


def markdown(rows: list[Row]) -> str:
    lines = [
        "",
        "## Real programs in less memory",
        "",
        "Real runs of recorded programs in a memory cgroup, and the twin's from the one recording"
        " without a limit (`bench/limits.py`). Asked for: within 5 % at 0.9 of the peak and below,"
        " within 20 % above.",
        "",
        "| program | limit / peak | MB read, real | twin | off | refaults, real | twin | off |"
        " major faults, real | twin | off | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for r in rows:
        cells = []
        for c, unit in (("read_bytes", 1e6), ("refaults", 1), ("majflt", 1)):
            cells += [f"{r.real[c] / unit:.0f}", f"{r.twin[c] / unit:.0f}", f"{r.off(c):+.1f} %"]
        where = f"{r.frac:.2f}" if r.limit else "none"
        verdict = "pass" if r.passed else "miss"
        lines.append(f"| {r.name} | {where} | {' | '.join(cells)} | {verdict} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
