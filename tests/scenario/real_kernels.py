"""Scenarios scored against answers of real kernels: the project's own, and those in ../shared.

A set of answers is named as its kernel (`6.12`: golden/basic, made by scripts/oracle) or as its
file in ../shared/golden (`612_exact`). Tests of the latter are skipped where that is missing.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from mmtwin.scenario import golden, language
from mmtwin.scenario.golden import Record
from mmtwin.scenario.score import EXACT, NOT_MODELLED, OUTSIDE, Result, score
from mmtwin.scenario.tolerance import Spread, read_variance
from tests.conftest import ROOT, SHARED

GOLDEN = ROOT / "golden"
BASIC = GOLDEN / "basic"
EXPECTATIONS = GOLDEN / "expectations.json"
OWN = ("6.1", "6.12", "6.18")
GIVEN = ("61_exact", "612_exact", "618_exact")
ADDRESS_SPACE = ("results", "faults", "mincore", "maps")


@cache
def records(path: Path) -> dict[str, Record]:
    """A golden file, by scenario."""
    return {record["scenario"]: record for record in golden.read(path)}


def answers(kind: str) -> tuple[Path, dict[str, Record], Spread]:
    """The folder of scenarios, the records of a set, and how far they vary between boots."""
    if kind in OWN:
        return BASIC, records(BASIC / f"{kind}.jsonl.gz"), {}
    if not SHARED.is_dir():
        pytest.skip("../shared is not there: its golden answers cannot be compared")
    given = SHARED / "golden"
    spread = read_variance(given / f"variance_{kind}.jsonl.gz")
    return SHARED / "scenarios", records(given / f"{kind}.jsonl.gz"), spread


def score_recorded(kind: str, start: str, engine: str | None = None) -> Result:
    """The score of the scenario that begins with `start` against a set of answers."""
    folder, found, spread = answers(kind)
    (path,) = folder.glob(f"{start}*.mms")
    scenario = language.load(path)
    return score(scenario, found[scenario.name], spread, engine)


def assert_as_real_kernel(kind: str, start: str, kinds: tuple[str, ...] = ADDRESS_SPACE) -> None:
    """Everything of these kinds is exact, and something is compared."""
    result = score_recorded(kind, start)
    wrong = [str(d) for d in result.differences if d.observable.kind in kinds]
    assert not wrong, "\n".join(wrong)
    assert not any(result.counts[k, v] for k in kinds for v in (OUTSIDE, NOT_MODELLED))
    assert any(result.counts[k, EXACT] for k in kinds)
