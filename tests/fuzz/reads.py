"""Random ways to read files, written as scenarios for the oracle and the twin.

    python -m tests.fuzz.reads make DIR [--seed N] [--count N]     scenarios of 20 sequences each
    python -m tests.fuzz.reads score DIR --golden FILE.jsonl.gz    the twin beside a kernel

Every sequence opens one file with a cold cache, reads it in one or two manners (from one end to
the other, in strides, backwards, in two streams, at random, by odd sizes, with advice, through a
mapping), and then shows which pages of the file are resident, and the counters of I/O before and
after. What is mapped only to ask mincore is mapped after the reads, and touches nothing.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmtwin.scenario import golden, language
from mmtwin.scenario.golden import Record
from mmtwin.scenario.interpreter import run
from mmtwin.scenario.program import machine
from mmtwin.scenario.score import kernel_of

KIB, MIB, PAGE = 1 << 10, 1 << 20, 4096
SEQUENCES = 20  # a scenario
READ_AHEAD = "/sys/block/nullb1/queue/read_ahead_kb"
DEFAULT_KB = 128
WINDOWS_KB = (0, 4, 16, 32, 64, 96, 256, 512, 1024, 4096)
GIVEN_FILES = {"/mnt/f16m": 16 * MIB, "/mnt/f64m": 64 * MIB}
ADVICE = ("normal", "sequential", "random", "willneed", "dontneed", "noreuse")
MAP_ADVICE = ("normal", "sequential", "random", "willneed")
NAME = "reads_{:03d}"


@dataclass
class Plan:
    """The lines of one sequence, and what it is about."""

    rng: random.Random
    size: int
    lines: list[str] = field(default_factory=list)
    mapped: bool = False

    def say(self, *words: object) -> None:
        """One command."""
        self.lines.append(" ".join(map(str, words)))

    def offset(self) -> int:
        """Somewhere in the file: at a page mostly, at any byte else."""
        at = self.rng.randrange(self.size)
        return at // PAGE * PAGE if self.rng.random() < 0.8 else at

    def length(self) -> int:
        """Of one read: small mostly, whole pages mostly."""
        rng = self.rng
        pages = rng.choice([1, 1, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 33, 48, 64, 100])
        return pages * PAGE if rng.random() < 0.75 else rng.randrange(1, pages * PAGE + 1)

    def pread(self, at: int, length: int, fd: str = "F") -> None:
        """One read that begins inside of the file, by a single call or by the default's chunks."""
        if 0 <= at < self.size:
            chunk = self.rng.choice([(), (), ("256K",), ("4K",), (12345,)])
            self.say("pread", fd, at, length, *chunk)


def forwards(plan: Plan) -> None:
    """From some place on, each read where the last one ended."""
    at, length = plan.rng.choice([0, plan.offset()]), plan.length()
    for _ in range(plan.rng.randrange(2, 14)):
        plan.pread(at, length)
        at += length
        if plan.rng.random() < 0.2:
            length = plan.length()


def by_position(plan: Plan) -> None:
    """read() at the descriptor's own position."""
    if plan.rng.random() < 0.6:
        plan.say("lseek F", plan.offset())
    length = plan.length()
    for _ in range(plan.rng.randrange(2, 12)):
        plan.say("read F", length)


def strided(plan: Plan) -> None:
    """The same length at the same distance."""
    at, length = plan.offset() // 2, plan.length()
    stride = length + plan.rng.choice([1, 2, 4, 8, 16, 31, 32, 33, 64]) * PAGE
    for _ in range(plan.rng.randrange(3, 12)):
        plan.pread(at, length)
        at += stride


def backwards(plan: Plan) -> None:
    """Each read before the last one."""
    length = plan.length()
    at = plan.size - length
    for _ in range(plan.rng.randrange(3, 12)):
        plan.pread(at, length)
        at -= length


def interleaved(plan: Plan) -> None:
    """Two streams through one descriptor, or through two."""
    plan.say("open G", plan.lines[0].split()[2], "rdonly")
    fds = plan.rng.choice([("F", "F"), ("F", "G")])
    at, length = [plan.offset(), plan.offset()], plan.length()
    for _ in range(plan.rng.randrange(3, 10)):
        for stream, fd in enumerate(fds):
            plan.pread(at[stream], length, fd)
            at[stream] += length
    plan.say("close G")


def at_random(plan: Plan) -> None:
    """Reads anywhere."""
    for _ in range(plan.rng.randrange(1, 10)):
        plan.pread(plan.offset(), plan.length())


def random_pages(plan: Plan) -> None:
    """Single pages by the language's own generator."""
    if plan.size >= 4 * PAGE:
        plan.say(
            "frnd F", plan.size // PAGE * PAGE, plan.rng.randrange(1, 40), plan.rng.randrange(99)
        )


def advised(plan: Plan) -> None:
    """Advice, and reads that it is about or not."""
    for _ in range(plan.rng.randrange(1, 4)):
        whole = plan.rng.random() < 0.5
        span = (0, 0) if whole else (plan.offset(), plan.rng.choice([1, 3, 16, 40, 200]) * PAGE)
        plan.say("fadvise F", *span, plan.rng.choice(ADVICE))
        at, length = plan.offset(), plan.length()
        for _ in range(plan.rng.randrange(4)):
            plan.pread(at, length)
            at += length


def read_ahead(plan: Plan) -> None:
    """readahead(2), then reads."""
    plan.say("readahead F", plan.offset(), plan.rng.choice([1, 8, 32, 100, 512]) * PAGE)
    at_random(plan)


def through_a_mapping(plan: Plan) -> None:
    """Loads, ascending, in strides or anywhere, sometimes with advice."""
    rng = plan.rng
    if not plan.mapped:
        plan.say("mmap A 0", plan.size, "r", rng.choice(["shared", "priv"]), "F 0")
        plan.mapped = True
    pages = -(-plan.size // PAGE)
    if rng.random() < 0.4:
        plan.say("madvise A", f"{pages}p", rng.choice(MAP_ADVICE))
    for _ in range(rng.randrange(1, 6)):
        first = rng.randrange(pages)
        count = min(rng.choice([1, 1, 1, 2, 8, 17, 40]), pages - first)
        stride = () if rng.random() < 0.7 else (f"{rng.choice([2, 3, 8, 16, 17, 40])}p",)
        plan.say("r", f"A+{first}p", f"{count}p", *stride)
        if rng.random() < 0.3:
            plan.pread(plan.offset(), plan.length())


MANNERS = {
    forwards: 5, by_position: 3, strided: 3, backwards: 2, interleaved: 3, at_random: 3,
    random_pages: 1, advised: 3, read_ahead: 1, through_a_mapping: 4,
}  # fmt: skip


def sequence(rng: random.Random, path: str, size: int) -> list[str]:
    """One file, read from a cold cache."""
    plan = Plan(rng, size)
    plan.say("open F", path, "rdonly")
    window = rng.choice(WINDOWS_KB) if rng.random() < 0.2 else DEFAULT_KB
    manners = rng.choices(list(MANNERS), list(MANNERS.values()), k=rng.choice([1, 1, 2]))
    while len(plan.lines) == 1:  # a plan of which every read would begin behind the end
        for manner in manners:
            manner(plan)
    # an open file keeps the window that the device had when it was opened
    lines = ["drop", f"sys {READ_AHEAD} {window}", plan.lines[0], "ck before vmstat"]
    lines += [*plan.lines[1:], "wait 200", "ck after vmstat"]
    if not plan.mapped:
        lines.append(f"mmap A 0 {size} r shared F 0")
    return [*lines, f"mincore A {size}", f"munmap A {size}", "close F"]


def scenario(number: int) -> str:
    """SEQUENCES of them, on the disk's files and on some of other sizes."""
    rng = random.Random(number)
    lines = [f"scenario {NAME.format(number)}", "spawn p"]
    files = dict(GIVEN_FILES)
    for index in range(5):
        size = int(PAGE * 2 ** rng.uniform(0, 9.5)) + rng.choice([0, 0, rng.randrange(PAGE)])
        files[f"/mnt/r{index}"] = size
        lines += [f"open W /mnt/r{index} rdwr,creat,trunc 0644", f"pwrite W 0 {size}", "fsync W",
                  "close W"]  # fmt: skip
    for _ in range(SEQUENCES):
        lines += sequence(rng, *rng.choice(list(files.items())))
    return "\n".join([*lines, f"sys {READ_AHEAD} {DEFAULT_KB}"]) + "\n"


@dataclass
class Score:
    """Sequences whose resident pages are alike, and what was read in all."""

    sequences: int = 0
    identical: int = 0
    unanswered: int = 0
    ours_kb: int = 0
    theirs_kb: int = 0
    different: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        share = 100 * self.identical / (self.sequences or 1)
        volume = 100 * (self.ours_kb / (self.theirs_kb or 1) - 1)
        text = f"{self.identical} of {self.sequences} sequences have the same resident pages "
        text += f"({share:.1f} %); {self.ours_kb} kB read, {self.theirs_kb} on the kernel "
        return text + f"({volume:+.2f} %); {self.unanswered} not answered"


def outcomes(made: Record) -> Iterator[tuple[int, str, int]]:
    """Each sequence's line, resident pages and kB read, in their order."""
    resident = [(op[0], op[3]) for op in made["ops"] if op[2].startswith("mincore")]
    shown = {name: n for (kind, name), n in golden.observables(made).items() if kind == "vmstat"}
    for index, (line, pages) in enumerate(resident, 1):
        mark = "" if index == 1 else f"#{index}"
        read = [shown.get(f"{label}{mark}|-|vmstat.pgpgin", 0) for label in ("before", "after")]
        yield line, pages, int(read[1]) - int(read[0])


def compare(made: Record, record: Record, score: Score) -> None:
    """Add one scenario."""
    ours, theirs = list(outcomes(made)), list(outcomes(record))
    score.unanswered += len(theirs) - len(ours)
    for (line, pages, kb), (_, real_pages, real_kb) in zip(ours, theirs, strict=False):
        score.sequences += 1
        score.ours_kb += kb
        score.theirs_kb += real_kb
        score.identical += pages == real_pages
        if pages != real_pages or kb != real_kb:
            score.different.append(
                f"{record['scenario']}:{line}: {kb} kB {pages} here, {real_kb} {real_pages} there"
            )


def run_recorded(folder: Path, record: Record, engine: str | None = None) -> Record:
    """The twin's answers to the scenario of a golden record."""
    scenario = language.load(folder / f"{record['scenario']}.mms")
    config = str(record["config"])
    return run(scenario, machine(config, kernel_of(record), engine), config)


def _make(args: argparse.Namespace) -> int:
    args.folder.mkdir(parents=True, exist_ok=True)
    for number in range(args.seed, args.seed + args.count):
        (args.folder / f"{NAME.format(number)}.mms").write_text(scenario(number))
    return 0


def _score(args: argparse.Namespace) -> int:
    total = Score()
    for record in golden.read(args.golden):
        made = run_recorded(args.folder, record, args.engine)
        if stop := made["not_modelled"]:
            print(f"{made['scenario']}:{stop['line']}: {stop['command']}: {stop['reason']}")
        compare(made, record, total)
    if args.verbose:
        print("\n".join(total.different))
    print(total)
    return 0


def main() -> int:
    as_it_is = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.reads", description=__doc__, formatter_class=as_it_is
    )
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("make")
    make.add_argument("folder", type=Path)
    make.add_argument("--seed", type=int, default=1)
    make.add_argument("--count", type=int, default=25)
    make.set_defaults(call=_make)
    scored = commands.add_parser("score")
    scored.add_argument("folder", type=Path)
    scored.add_argument("--golden", type=Path, required=True)
    scored.add_argument("--engine")
    scored.add_argument("-v", "--verbose", action="store_true")
    scored.set_defaults(call=_score)
    args = parser.parse_args()
    return int(args.call(args))


if __name__ == "__main__":
    sys.exit(main())
