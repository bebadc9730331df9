"""Scenarios scored against the answers of real kernels in ../shared."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from mmtwin.scenario import golden, language
from mmtwin.scenario.golden import Record
from mmtwin.scenario.score import EXACT, NOT_MODELLED, OUTSIDE, Result, score
from mmtwin.scenario.tolerance import read_variance

ADDRESS_SPACE = ("results", "faults", "mincore", "maps")


@cache
def records(path: Path) -> dict[str, Record]:
    """A golden file, by scenario."""
    return {record["scenario"]: record for record in golden.read(path)}


def score_shared(shared: Path, kind: str, start: str, engine: str | None = None) -> Result:
    """The score of the scenario that begins with `start` against `golden/KIND.jsonl.gz`."""
    (path,) = (shared / "scenarios").glob(f"{start}*.mms")
    scenario = language.load(path)
    spread = read_variance(shared / "golden" / f"variance_{kind}.jsonl.gz")
    record = records(shared / "golden" / f"{kind}.jsonl.gz")[scenario.name]
    return score(scenario, record, spread, engine)


def assert_as_real_kernel(
    shared: Path, kind: str, start: str, kinds: tuple[str, ...] = ADDRESS_SPACE
) -> None:
    """Everything of these kinds is exact, and something is compared."""
    result = score_shared(shared, kind, start)
    wrong = [str(d) for d in result.differences if d.observable.kind in kinds]
    assert not wrong, "\n".join(wrong)
    assert not any(result.counts[k, v] for k in kinds for v in (OUTSIDE, NOT_MODELLED))
    assert any(result.counts[k, EXACT] for k in kinds)
