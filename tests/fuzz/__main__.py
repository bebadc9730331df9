"""scripts/fuzz: random address-space calls on this kernel and on the twin must agree."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mmtwin.elf_image import ElfImage
from tests.fuzz import host, twin
from tests.fuzz.campaign import Tally, campaign
from tests.fuzz.compare import Difference, first_difference
from tests.fuzz.files import SCENARIO
from tests.fuzz.generate import Abilities
from tests.fuzz.ops import Op


def main() -> int:
    args = _arguments()
    skip = host.skipped_flags()
    for flag in skip:
        print(f"this kernel is built without the flag {flag}: not compared")
    with tempfile.TemporaryDirectory() as directory:
        try:
            program = host.build(Path(directory))
            host.check(program)
        except host.HostError as e:
            print(f"fuzz: {e}", file=sys.stderr)
            return 2
        abilities = host.abilities(program.parent)
        if not abilities.exec_only:
            print("PROT_EXEC alone is not readable here (protection keys): not tried")
        if not abilities.regular_files:
            print(f"{directory} is in memory, or forbids PROT_EXEC: no regular files are mapped")
        return _fuzz(args, program, skip, abilities)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first sequence")
    parser.add_argument("--count", type=int, default=200, help="sequences")
    parser.add_argument("--ops", type=int, default=50, help="commands a sequence")
    parser.add_argument("--kernel", default=host.nearest_kernel(), help="the twin's (this host's)")
    parser.add_argument("--engine", default=None)
    parser.add_argument("--save", type=Path, default=Path("fuzz-found"), metavar="DIR",
                        help="where disagreements are written as scenarios")  # fmt: skip
    parser.add_argument("--stop-after", type=int, default=10, metavar="N", help="disagreements")
    return parser.parse_args()


def _fuzz(args: argparse.Namespace, program: Path, skip: list[str], abilities: Abilities) -> int:
    booted = twin.Booted(ElfImage.from_file(program), args.kernel, args.engine)
    booted.as_on(host.limits(), host.locks_freely())
    tally, began = Tally(), time.monotonic()

    def run(ops: Sequence[Op]) -> Difference | None:
        return first_difference(ops, lambda: host.Host(program), booted.start, skip)

    seeds = range(args.seed, args.seed + args.count)
    try:
        for seed, ops, difference in campaign(run, seeds, args.ops, abilities, tally):
            _report(args, seed, ops, difference)
            if len(tally.found) >= args.stop_after:
                break
    except KeyboardInterrupt:
        print("interrupted")
    for death in tally.deaths:
        print(death)
    print(f"{tally}; {args.ops} commands each, {platform.release()} against the twin's "
          f"{args.kernel} ({time.monotonic() - began:.0f} s)")  # fmt: skip
    return 0 if tally.complete else 1


def _report(args: argparse.Namespace, seed: int, ops: list[Op], d: Difference) -> None:
    lines = [f"scenario fuzz_{seed}", f"# {d.what}", f"# kernel {d.kernel}", f"# twin   {d.twin}"]
    files = sorted({op.args[4] for op in ops if op.name == "mmap" and len(op.args) > 4})
    made = [row for file in files for row in SCENARIO[file]]
    text = "\n".join([*lines, "spawn p", *made, *map(Op.scenario, ops), "ck end maps"]) + "\n"
    args.save.mkdir(parents=True, exist_ok=True)
    (args.save / f"fuzz_{seed}.mms").write_text(text)
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
