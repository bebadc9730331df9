"""`mmtwin scenario run|score`: scenarios on the twin, and how it compares with real kernels."""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatch
from pathlib import Path

import click

from mmtwin.config import KERNELS
from mmtwin.scenario import expectations, fidelity, golden, interpreter, language, program
from mmtwin.scenario.errors import ScenarioError
from mmtwin.scenario.language import Scenario
from mmtwin.scenario.score import NOT_MODELLED, VERDICTS, Result, kernel_of, score, totals
from mmtwin.scenario.tolerance import Spread, read_variance

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
EXIT_REGRESSION = 1


@click.group(short_help="scenarios, checked against real kernels")
def scenario() -> None:
    """Run scenario files (.mms) on the twin, or score it against a real kernel's answers."""


@scenario.command()
@FILES
@click.option("--kernel", type=click.Choice(list(KERNELS)), default="6.12", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="golden records, one JSON line a scenario")
def run(files: tuple[Path, ...], kernel: str, as_json: bool) -> None:
    """Run FILES and print what each operation and checkpoint gave.

    The machine is the exact mode's: 1.5 GiB in two nodes, one CPU.
    """
    for one in [language.load(path) for path in files]:
        made = interpreter.run(one, program.machine(program.EXACT_MODE, kernel))
        click.echo(golden.line(made) if as_json else as_text(made), nl=False)


def as_text(made: golden.Record) -> str:
    """A record for people: operations, then what the checkpoints show."""
    lines = [f"{made['scenario']} on {made['kernel']}"]
    for _, task, command, result, *faults in made["ops"]:
        shown = f"  ({faults[0]} minor, {faults[1]} major)" if any(faults) else ""
        lines.append(f"  {task}: {command} = {result}{shown}")
    for name, view in made["ck"].items():
        lines.append(f"  {name} {json.dumps(view)}")
    if stop := made["not_modelled"]:
        lines.append(f"  line {stop['line']}, {stop['command']}: {stop['reason']}")
    lines += [f"  {key}: {why}" for key, why in made["missing"].items()]
    return "\n".join(lines) + "\n"


@scenario.command("score")
@FILES
@click.option("--golden", "answers", multiple=True, required=True, type=click.Path(path_type=Path),
              help="answers of a real kernel (repeatable)")  # fmt: skip
@click.option("--variance", "variances", multiple=True, type=click.Path(path_type=Path),
              help="the spread of the golden file of the same place (repeatable)")  # fmt: skip
@click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="scenarios to take from the golden file of the same place; !PATTERN: all others",
)
@click.option("--kernel", type=click.Choice(list(KERNELS)), help="only answers of this kernel")
@click.option("--expectations", "expected", type=click.Path(path_type=Path),
              help="what is known to be exact: fail where it no longer is")  # fmt: skip
@click.option("--update", is_flag=True, help="write --expectations anew instead")
@click.option("-v", "--verbose", is_flag=True, help="list each difference")
@click.option("--json", "as_json", is_flag=True, help="print data, not text")
@click.option("--markdown", is_flag=True, help="print a page, as docs/fidelity.md is")
def score_files(
    files: tuple[Path, ...],
    answers: tuple[Path, ...],
    variances: tuple[Path, ...],
    only: tuple[str, ...],
    kernel: str | None,
    expected: Path | None,
    update: bool,
    verbose: bool,
    as_json: bool,
    markdown: bool,
) -> None:
    """Compare the twin with real kernels' answers to FILES, observable by observable."""
    scenarios = [language.load(path) for path in files]
    results: list[Result] = []
    spreads: dict[str, Spread] = {}
    for place, path in enumerate(answers):
        spread = read_variance(variances[place]) if place < len(variances) else {}
        wanted = only[place] if place < len(only) else "*"
        scored = score_one([s for s in scenarios if chosen(s.name, wanted)], path, spread, kernel)
        results += scored
        for result in scored:
            spreads.setdefault(result.kernel, {}).update(spread)
    if not results:
        raise ScenarioError("no golden record is about any of these scenarios")
    if markdown:
        click.echo(fidelity.page(results, spreads), nl=False)
    else:
        click.echo(json.dumps(as_data(results), indent=1) if as_json else table(results))
    if verbose:
        for result in results:
            for difference in result.differences:
                click.echo(str(difference))
    if expected is not None:
        check_expectations(expected, results, update)


def chosen(name: str, pattern: str) -> bool:
    """Whether a pattern, or with ! its opposite, takes a scenario."""
    return fnmatch(name, pattern.removeprefix("!")) != pattern.startswith("!")


def score_one(
    scenarios: list[Scenario], path: Path, spread: Spread, kernel: str | None
) -> list[Result]:
    """The scenarios that a golden file has answers to."""
    records = {record["scenario"]: record for record in golden.read(path)}
    answers = f"{path.absolute().parent.name}/{path.name.partition('.jsonl')[0]}"
    return [
        score(one, records[one.name], spread, answers=answers)
        for one in scenarios
        if one.name in records and kernel in (None, kernel_of(records[one.name]))
    ]


def check_expectations(path: Path, results: list[Result], update: bool) -> None:
    """Exit with 1 where something that was exact no longer is."""
    if update:
        expectations.save(path, expectations.of(results))
        return
    lost = expectations.regressions(expectations.load(path), results)
    for text in lost:
        print(f"mmtwin: {text}", file=sys.stderr)
    if lost:
        sys.exit(EXIT_REGRESSION)


def table(results: list[Result]) -> str:
    """A line a scenario, then totals."""
    head = f"{'scenario':28} {'kernel':7}" + "".join(f"{v:>14}" for v in VERDICTS) + "   exact"
    lines = [head, *(_row(r.scenario, r.kernel, r) for r in results), ""]
    lines.append(f"{'mechanism':28} {'kernel':7}" + "".join(f"{v:>14}" for v in VERDICTS))
    for (mechanism, kernel), counts in sorted(totals(results).items()):
        lines.append(f"{mechanism:28} {kernel:7}" + "".join(f"{counts[v]:14}" for v in VERDICTS))
    return "\n".join(lines)


def _row(name: str, kernel: str, result: Result) -> str:
    counts = "".join(f"{result.total(verdict):14}" for verdict in VERDICTS)
    share = f"{100 * result.total('exact') / result.compared:7.2f} %" if result.compared else "-"
    return f"{name:28} {kernel:7}{counts} {share}"


def as_data(results: list[Result]) -> list[dict[str, object]]:
    """The same for programs."""
    return [
        {
            "scenario": r.scenario,
            "kernel": r.kernel,
            **{verdict.replace(" ", "_"): r.total(verdict) for verdict in VERDICTS},
            "kinds": {
                kind: {v: r.counts[kind, v] for v in VERDICTS if r.counts[kind, v]}
                for kind in sorted({kind for kind, _ in r.counts})
            },
            "not_modelled_because": r.reasons if r.total(NOT_MODELLED) else [],
            "differences": [str(d) for d in r.differences],
        }
        for r in results
    ]
