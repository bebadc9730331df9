"""Golden lines: one JSON record a scenario, as SCENARIOS.md describes them."""

import gzip
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmtwin.scenario.golden import Checkpoints, Record, line
from mmtwin.scenario.kernel_files import View, view
from oracle.stream import Answers


def record(
    answers: Answers, kernel: str, config: str, repetition: int = 1, options: str = ""
) -> Record:
    """One scenario's golden record. `done` is false where it did not come to its end.

    `config` is the machine, `options` how the kernel was built.
    """
    made: Record = {
        "scenario": answers.name,
        "rep": repetition,
        "ops": [operation(fields) for fields in answers.ops],
        "ck": checkpoints(answers.frames),
        "done": answers.uptime is not None,
        "t": answers.uptime,
        "kernel": kernel,
        "config": config,
    }
    if options:
        made["options"] = options
    if answers.warnings:
        made["warnings"] = answers.warnings
    return made


def operation(fields: list[str]) -> list[Any]:
    """[line, task, command, result, minor faults, major faults], as far as it goes."""
    line, task, command, result, *faults = fields
    return [int(line), task, command, result, *(int(count) for count in faults)]


def checkpoints(frames: Iterable[tuple[str, str]]) -> dict[str, View]:
    shown = Checkpoints()
    for name, text in frames:
        label, task, kind = name.split("|", 2)
        shown.add(label, task, kind, view(kind, text))
    return shown.found


def write(path: Path, records: Iterable[Record]) -> None:
    """All or nothing; gzipped without a time where the name ends in .gz."""
    data = "".join(line(made) for made in records).encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.rename(path)


# -- event streams ---------------------------------------------------------------------------

EVENT = re.compile(r"^\s*(.+?)-\d+\s+\[\d+\]\s+\S+\s+[\d.]+: (.*)$")


def event_lines(trace: str) -> list[str]:
    """`TASK event: arguments`, without process numbers, CPUs and times."""
    return [f"{m[1]} {m[2]}" for row in trace.splitlines() if (m := EVENT.match(row))]


def write_traces(path: Path, traces: Iterable[tuple[str, str, str]]) -> None:
    """Scenario, events asked for and raw trace of each."""
    parts = []
    for name, events, trace in traces:
        parts += [f"TRACE {name} {events.replace(',', ' ')}", *event_lines(trace), "#ENDTRACE"]
    path.write_bytes(gzip.compress(("\n".join(parts) + "\n").encode(), mtime=0))
