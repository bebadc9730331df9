"""A saved run: the machine as it stood at the end, with the summary and what was kept at exits.

They are stored in the machine's own file, under `arena.names["run"]`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmtwin.machine import Machine

RUN = "run"


def save(machine: Machine, path: Path, summary: dict[str, Any], at_exit: dict[str, str]) -> None:
    """Write machine, summary and the files of processes that have exited."""
    machine.arena.names[RUN] = {"summary": json.dumps(summary), "at_exit": dict(at_exit)}
    try:
        machine.save(path)
    finally:
        del machine.arena.names[RUN]


def load(path: Path) -> tuple[Machine, dict[str, Any], dict[str, str]]:
    """(machine, summary, path -> text at exit). SavedMachineError for anything else."""
    machine = Machine.load(path)
    stored = machine.arena.names.pop(RUN, {"summary": "{}", "at_exit": {}})
    return machine, json.loads(stored["summary"]), dict(stored["at_exit"])
