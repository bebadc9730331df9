"""scripts/fuzz: random address-space calls on this kernel and on the twin must agree."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from mmtwin.config import KERNELS
from tests.fuzz import host, twin
from tests.fuzz.compare import Difference, first_difference, shrink
from tests.fuzz.generate import Generator
from tests.fuzz.ops import Op

SKIPPED_FLAGS = {"soft-dirty": ("sd",)}


def main() -> int:
    args = _arguments()
    limits = host.limits()
    skip = [flag for limit in limits for flag in SKIPPED_FLAGS.get(limit, ())]
    for limit in limits:
        print(f"this machine has no {limit}: left out")
    with tempfile.TemporaryDirectory() as directory:
        try:
            program = host.build(Path(directory))
        except host.HostError as e:
            print(f"fuzz: {e}", file=sys.stderr)
            return 2
        return _fuzz(args, program, skip, exec_only="readable PROT_EXEC" not in limits)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first sequence")
    parser.add_argument("--count", type=int, default=200, help="sequences")
    parser.add_argument("--ops", type=int, default=50, help="commands a sequence")
    parser.add_argument("--kernel", default=_kernel(), help="the twin's (this host's)")
    parser.add_argument("--engine", default=None)
    parser.add_argument("--save", type=Path, default=Path("fuzz-found"), metavar="DIR",
                        help="where disagreements are written as scenarios")  # fmt: skip
    parser.add_argument("--stop-after", type=int, default=10, metavar="N", help="disagreements")
    return parser.parse_args()


def _kernel() -> str:
    """The modelled kernel nearest to this host's."""
    major, minor = (int(n) for n in platform.release().split(".")[:2])
    here = major * 100 + minor
    return max((k for k in KERNELS if KERNELS[k] <= here), key=lambda k: KERNELS[k], default="6.1")


def _fuzz(args: argparse.Namespace, program: Path, skip: list[str], exec_only: bool) -> int:
    booted = twin.Booted(program, args.kernel, args.engine)
    found: Counter[str] = Counter()
    agreed, began = 0, time.monotonic()

    def run(ops: list[Op]) -> Difference | None:
        return first_difference(ops, lambda: host.Host(program), booted.start, skip)

    try:
        for seed in range(args.seed, args.seed + args.count):
            ops = Generator(seed, exec_only).sequence(args.ops)
            difference = run(ops)
            if difference is not None and difference.what == "death":
                difference = run(ops)  # this machine's doing, and no answer: once more
            if difference is None:
                agreed += 1
                continue
            ops, difference = shrink(ops, difference, lambda o: run(list(o)))
            found[difference.kind] += 1
            _report(args, seed, ops, difference)
            if sum(found.values()) >= args.stop_after:
                break
    except KeyboardInterrupt:
        print("interrupted")
    tried = agreed + sum(found.values())
    seconds = time.monotonic() - began
    print(f"{agreed} of {tried} sequences of {args.ops} commands agree with "
          f"{platform.release()} ({seconds:.0f} s)")  # fmt: skip
    return 0 if not found else 1


def _report(args: argparse.Namespace, seed: int, ops: list[Op], d: Difference) -> None:
    lines = [f"scenario fuzz_{seed}", f"# {d.what}", f"# kernel {d.kernel}", f"# twin   {d.twin}"]
    text = "\n".join([*lines, "spawn p", *(op.scenario() for op in ops), "ck end maps"]) + "\n"
    args.save.mkdir(parents=True, exist_ok=True)
    (args.save / f"fuzz_{seed}.mms").write_text(text)
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
