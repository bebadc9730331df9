"""The score: every observable of a golden record exact, within tolerance, outside or not modelled.

A mechanism is what a scenario's first letters and numbers say (`a04`); kinds are the classes of
golden.observables().
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mmtwin.scenario import golden, program, tolerance
from mmtwin.scenario.errors import ScenarioError
from mmtwin.scenario.golden import Observable, Record
from mmtwin.scenario.interpreter import run
from mmtwin.scenario.language import Scenario
from mmtwin.scenario.tolerance import Spread, spread_of, within

EXACT, WITHIN, OUTSIDE, NOT_MODELLED = VERDICTS = ("exact", "within", "outside", "not modelled")
KERNELS = ("6.1", "6.12", "6.18")


@dataclass(frozen=True)
class Difference:
    """One observable that is not exact."""

    scenario: str
    observable: Observable
    verdict: str
    ours: Any
    theirs: Any
    answers: str = ""  # the golden file: folder and name

    def __str__(self) -> str:
        return (
            f"{self.scenario} {self.observable.kind} {self.observable.name}: "
            f"{self.ours} here, {self.theirs} on the kernel ({self.verdict})"
        )


@dataclass(frozen=True)
class ReclaimCounter:
    """One counter of T2, as the twin and the kernel show it."""

    verdict: str
    ours: int
    theirs: int

    @property
    def error(self) -> float:
        """Part of the kernel's value; 0 inside of the real kernel's own range."""
        if self.verdict != OUTSIDE:
            return 0.0
        return abs(self.ours - self.theirs) / max(abs(self.theirs), 1)


@dataclass
class Result:
    """How one scenario fared on one kernel. `counts`: (kind, verdict) -> observables.

    `answers` is the golden file that it was compared with: folder and name, without endings.
    """

    scenario: str
    kernel: str
    answers: str = ""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    reclaim: list[ReclaimCounter] = field(default_factory=list)

    @property
    def mechanism(self) -> str:
        """`a04` of `a04_stack`."""
        return self.scenario.split("_")[0]

    def total(self, verdict: str) -> int:
        """Observables of T0 and T1 with a verdict."""
        return sum(n for (kind, v), n in self.counts.items() if v == verdict and _asked(kind))

    @property
    def compared(self) -> int:
        """Those that the model says something about."""
        return sum(self.total(verdict) for verdict in (EXACT, WITHIN, OUTSIDE))

    def exact_kinds(self) -> list[str]:
        """Kinds of which everything compared is exact."""
        kinds = {kind for kind, verdict in self.counts if verdict == EXACT and _asked(kind)}
        failed = {kind for kind, verdict in self.counts if verdict in (WITHIN, OUTSIDE)}
        return sorted(kinds - failed)


def _asked(kind: str) -> bool:
    return tolerance.tier(kind) != "T3"


def kernel_of(record: Record) -> str:
    """ "6.12" of a release (ScenarioError for one that is not modelled)."""
    release = str(record.get("kernel", ""))
    name = ".".join(release.split("-")[0].split(".")[:2])
    if name not in KERNELS:
        raise ScenarioError(f"kernel {release!r} is not modelled, only {', '.join(KERNELS)}")
    return name


def score(
    scenario: Scenario,
    record: Record,
    spread: Spread | None = None,
    engine: str | None = None,
    answers: str = "",
) -> Result:
    """Run a scenario on the machine of a golden record and compare every observable of it.

    `answers` is the name of the record's file.
    """
    kernel = kernel_of(record)
    config = str(record.get("config", ""))
    made = run(
        scenario, program.machine(config, kernel, engine, "cloud" not in record["kernel"]), config
    )
    return compare(made, record, spread or {}, kernel, answers)


def compare(made: Record, record: Record, spread: Spread, kernel: str, answers: str = "") -> Result:
    """Judge a record of the twin against a golden one."""
    result = Result(record["scenario"], kernel, answers)
    ours = golden.observables(made)
    answered = len(made["ops"])
    shown = set(made["ck"])
    files = {key.split("|", 2)[2] for key in made["ck"]}
    for observable, theirs in golden.observables(record).items():
        value = ours.get(observable)
        values = spread_of(spread, record["scenario"], observable)
        if observable not in ours and _missing(observable, made, answered, shown, files):
            verdict = NOT_MODELLED
        elif value == theirs:
            verdict = EXACT
        else:
            verdict = WITHIN if within(observable.kind, value, theirs, values) else OUTSIDE
            difference = Difference(record["scenario"], observable, verdict, value, theirs, answers)
            result.differences.append(difference)
        result.counts[observable.kind, verdict] += 1
        if verdict != NOT_MODELLED and tolerance.is_reclaim_counter(observable):
            result.reclaim.append(ReclaimCounter(verdict, _number(value), _number(theirs)))
    result.counts.update(_too_many(ours, record, made))
    result.reasons = _reasons(made)
    return result


def _number(value: Any) -> int:
    """A counter that is not shown is 0: some files leave those out."""
    return value if isinstance(value, int) else 0


def _missing(
    observable: Observable, made: Record, answered: int, shown: set[str], files: set[str]
) -> bool:
    """Whether the model says nothing about it, instead of something else."""
    if "|" not in observable.name.split(": ")[0]:
        return bool(made["not_modelled"]) and int(observable.name.split()[0]) > answered
    key, _, rest = observable.name.rpartition("|")
    kind = rest.split(".")[0]
    if not any(observable.name.startswith(f"{name}.") for name in shown):
        return True
    # a counter that the view leaves out, since nothing counts it
    return observable.kind in tolerance.T1 or (not key and kind not in files)


def _too_many(
    ours: dict[Observable, Any], record: Record, made: Record
) -> Iterator[tuple[str, str]]:
    """What the twin shows and the kernel does not, of files that both show."""
    theirs = golden.observables(record)
    shown = tuple(f"{name}." for name in record["ck"])
    for observable in ours:
        of_file = observable.name.startswith(shown)
        if observable not in theirs and of_file and observable.kind not in tolerance.T1:
            yield observable.kind, OUTSIDE


def _reasons(made: Record) -> list[str]:
    found = [f"{key}: {why}" for key, why in made["missing"].items()]
    if stop := made["not_modelled"]:
        found.append(f"from line {stop['line']} (`{stop['command']}`) on: {stop['reason']}")
    return found


def totals(results: Iterable[Result]) -> dict[tuple[str, str], Counter[str]]:
    """(mechanism, kernel) -> observables by verdict."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for result in results:
        counts = found.setdefault((result.mechanism, result.kernel), Counter())
        for verdict in VERDICTS:
            counts[verdict] += result.total(verdict)
    return found
