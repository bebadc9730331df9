"""Random workloads under pressure (pressure.py): does somebody get killed, and who?

    python -m tests.fuzz.kills run --count N [--seed N] [--runs 5] [--kernel 6.12] --out FILE.json
    python -m tests.fuzz.kills make DIR --count N [--seed N]     the scenarios alone
    python -m tests.fuzz.kills record ANSWERS... --out FILE.json a kernel's runs of them, in short
    python -m tests.fuzz.kills score FILE.json [-v] [--every N]  the twin beside it

`run` and `record` add to a FILE.json of the same kernel and machine.
What counts is whether a kill happens at all, then who is killed. A kernel in real time does not
always agree with itself: only where all of its runs do can the twin be wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmtwin.scenario import golden, language
from mmtwin.scenario.golden import Record
from mmtwin.scenario.interpreter import run
from mmtwin.scenario.program import machine
from mmtwin.scenario.score import kernel_of
from tests.fuzz.pressure import NAME, scenario

KILLED = re.compile(r"KILLED 9|signal 9")
ROOT = Path(__file__).parents[2]

Victims = tuple[str, ...]


def victims(record: Record) -> Victims | None:
    """Who was killed for want of memory, in order; None for a run that did not come to its end.

    The workload's own `kill` commands come after the wait, and answer `signal 9` as well: they
    are told apart by their verb being reported for a task that an earlier reap found alive.
    """
    if not record["done"] or any("TIMEOUT" in str(op[3]) for op in record["ops"]):
        return None
    found, alive = [], set()
    for op in record["ops"]:
        task, result = str(op[1]), str(op[3])
        if result == "alive":
            alive.add(task)
        elif KILLED.fullmatch(result) and task not in alive and task != "z":
            found.append(task)
    return tuple(sorted(found))


def in_short(records: Iterable[Record]) -> dict[str, list[list[str] | None]]:
    """For each workload, who was killed in each of its runs."""
    found: dict[str, list[list[str] | None]] = {}
    for record in records:
        told = victims(record)
        runs = found.setdefault(record["scenario"], [])
        runs.append(None if told is None else list(told))
    return found


@dataclass
class Score:
    """How often the twin is right."""

    workloads: int = 0
    agreed: int = 0  # the kernel with itself, on whether a kill happens
    kills: int = 0  # of those, with a kill
    wrong: list[str] = field(default_factory=list)
    agreed_victims: int = 0
    wrong_victims: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def add(self, name: str, runs: list[list[str] | None], made: Record) -> None:
        """One workload."""
        self.workloads += 1
        if any(told is None for told in runs) or len({bool(told) for told in runs}) > 1:
            return
        if made["not_modelled"]:
            stop = made["not_modelled"]
            self.unanswered.append(f"{name}:{stop['line']}: {stop['command']}: {stop['reason']}")
            return
        ours, first = list(victims(made) or ()), runs[0] or []
        self.agreed += 1
        self.kills += bool(first)
        text = f"{name}: killed here {ours}, there {first}"
        if bool(ours) != bool(first):
            self.wrong.append(text)
        if all(told == first for told in runs):
            self.agreed_victims += 1
            if ours != first:
                self.wrong_victims.append(text)

    def __str__(self) -> str:
        text = f"{self.workloads} workloads; the kernel agrees with itself on whether a kill "
        text += f"happens in {self.agreed} (in {self.kills} one does), the twin is wrong in "
        text += f"{len(self.wrong)}; on who is killed in {self.agreed_victims}, the twin is wrong "
        return text + f"in {len(self.wrong_victims)}; {len(self.unanswered)} not modelled"


def run_twin(number: int, config: str, kernel: str, engine: str | None = None) -> Record:
    """The twin's answers to a workload."""
    return run(language.parse(scenario(number)), machine(config, kernel, engine), config)


def score(saved: dict[str, Any], engine: str | None = None, every: int = 1) -> Score:
    """The twin beside a saved file; of its workloads every N-th."""
    total = Score()
    for name in sorted(saved["runs"])[::every]:
        made = run_twin(int(name.rsplit("_", 1)[1]), saved["config"], saved["profile"], engine)
        total.add(name, saved["runs"][name], made)
    return total


def write_scenarios(folder: Path, seed: int, count: int) -> list[Path]:
    """One file a workload."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{NAME.format(number)}.mms" for number in range(seed, seed + count)]
    for number, path in enumerate(paths, seed):
        path.write_text(scenario(number))
    return paths


def _make(args: argparse.Namespace) -> int:
    write_scenarios(args.folder, args.seed, args.count)
    return 0


def _run(args: argparse.Namespace) -> int:
    """Each run is a boot of its own, so that no two begin alike."""
    with tempfile.TemporaryDirectory() as directory:
        paths = write_scenarios(Path(directory), args.seed, args.count)
        args.answers = [Path(directory) / f"{run}.jsonl.gz" for run in range(args.runs)]
        for answers in args.answers:
            oracle = [ROOT / "scripts/oracle", "--kernel", args.kernel, "--smp", "1"]
            # 1: a scenario did not come to its end, which its record says
            if subprocess.run([*oracle, "--out", answers, *paths]).returncode > 1:
                return 2
        _record(args)
    args.saved = args.out
    return _score(args)


def _record(args: argparse.Namespace) -> int:
    records = [record for path in args.answers for record in golden.read(path)]
    saved = {
        "kernel": records[0]["kernel"], "profile": kernel_of(records[0]),
        "config": records[0]["config"], "runs": in_short(records),
    }  # fmt: skip
    if args.out.exists():
        add_earlier(saved, json.loads(args.out.read_text()))
    args.out.write_text(json.dumps(saved, separators=(",", ":")).replace('"kills_', '\n"kills_'))
    return 0


def add_earlier(saved: dict[str, Any], earlier: dict[str, Any]) -> None:
    """Workloads that were recorded before stay, unless they were run again."""
    for key in "kernel", "config":
        if saved[key] != earlier[key]:
            raise SystemExit(f"not added: recorded with {earlier[key]!r}, now with {saved[key]!r}")
    saved["runs"] = dict(sorted({**earlier["runs"], **saved["runs"]}.items()))


def _score(args: argparse.Namespace) -> int:
    total = score(json.loads(args.saved.read_text()), args.engine, args.every)
    if args.verbose:
        print("\n".join([*total.unanswered, *total.wrong_victims, "", *total.wrong]))
    print(total)
    return 1 if total.wrong else 0


def main() -> int:
    as_it_is = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.kills", description=__doc__, formatter_class=as_it_is
    )
    commands = parser.add_subparsers(required=True)
    make, ran = commands.add_parser("make"), commands.add_parser("run")
    make.add_argument("folder", type=Path)
    make.set_defaults(call=_make)
    for command in (make, ran):
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--count", type=int, default=500)
    ran.add_argument("--runs", type=int, default=5)
    ran.add_argument("--kernel", default="6.12")
    ran.add_argument("--out", type=Path, required=True)
    ran.set_defaults(call=_run)
    record = commands.add_parser("record")
    record.add_argument("answers", type=Path, nargs="+")
    record.add_argument("--out", type=Path, required=True)
    record.set_defaults(call=_record)
    scored = commands.add_parser("score")
    scored.add_argument("saved", type=Path)
    scored.set_defaults(call=_score)
    for command in (scored, ran):
        command.add_argument("--engine")
        command.add_argument("--every", type=int, default=1, metavar="N", help="every N-th")
        command.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    return int(args.call(args))


if __name__ == "__main__":
    sys.exit(main())
