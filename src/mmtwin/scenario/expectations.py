"""What is known to be exact, so that a loss of it is noticed: per kernel, scenario and kind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from mmtwin.scenario.errors import ScenarioError
from mmtwin.scenario.score import Result

Expectations = dict[str, dict[str, list[str]]]  # kernel -> scenario -> kinds


def load(path: Path) -> Expectations:
    """Read an expectations file (ScenarioError, OSError)."""
    try:
        found: Expectations = json.loads(path.read_text())
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
        raise ScenarioError(f"{path}: kernels with scenarios with lists of kinds are wanted")
    return found


def regressions(expected: Expectations, results: Iterable[Result]) -> list[str]:
    """Each kind that should be exact and is not, in words."""
    found = []
    for result in results:
        exact = set(result.exact_kinds())
        for kind in expected.get(result.kernel, {}).get(result.scenario, []):
            if kind not in exact:
                found.append(f"{result.scenario} on {result.kernel}: {kind} is no longer exact")
    return found


def of(results: Iterable[Result]) -> Expectations:
    """The expectations that hold now."""
    found: Expectations = {}
    for result in results:
        found.setdefault(result.kernel, {})[result.scenario] = result.exact_kinds()
    return found


def save(path: Path, expected: Expectations) -> None:
    """Write them, stable and readable."""
    path.write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
