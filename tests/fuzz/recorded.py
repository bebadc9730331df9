"""Answers of a real kernel, kept: sequences that can be compared where that kernel does not run.

`python -m tests.fuzz.recorded` makes the file anew on a host of that version: what the twin is
compared with, no more (the rows of smaps and status that compare.py names). Some sequences are
random, some are written for a mechanism that random ones seldom reach.
"""

from __future__ import annotations

import dataclasses
import json
import lzma
import platform
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from mmtwin.elf_image import ElfImage
from mmtwin.mm import uapi
from tests.fuzz import host, twin
from tests.fuzz.compare import HEADER, ROWS, STATUS_ROWS, Runner, first_difference
from tests.fuzz.generate import FIXED, Abilities, Generator
from tests.fuzz.ops import PAGE, Answer, Op

FILE = Path(__file__).with_name("recorded_6.18.json.xz")
SEEDS = range(1, 7)
RW, TABLE = uapi.PROT_READ | uapi.PROT_WRITE, 512 * PAGE
PRIVATE = uapi.MAP_PRIVATE | uapi.MAP_ANONYMOUS | uapi.MAP_FIXED


def guard_gap() -> list[Op]:
    """A stack grows towards a mapping, to 257 pages above it and no nearer."""
    floor, stack = FIXED, FIXED + 300 * PAGE
    ops = [
        Op(0, "mmap", (floor, PAGE, RW, PRIVATE)),
        Op(0, "mmap", (stack, 2 * PAGE, RW, PRIVATE | uapi.MAP_GROWSDOWN)),
    ]
    distances = (299, 270, 258, 257, 256, 255, 100, 1)
    return ops + [Op(0, "write", (floor + d * PAGE, PAGE, PAGE)) for d in distances]


def page_tables() -> list[Op]:
    """Pages far apart, and the tables for them taken and given back."""
    return [
        Op(0, "mmap", (FIXED, 6 * TABLE, RW, PRIVATE)),
        Op(0, "write", (FIXED, 6 * TABLE, TABLE)),
        Op(0, "read", (FIXED + PAGE, 6 * TABLE, TABLE)),
        Op(0, "madvise", (FIXED, 2 * TABLE, uapi.MADV_DONTNEED)),
        Op(0, "madvise", (FIXED + 2 * TABLE, TABLE - PAGE, uapi.MADV_DONTNEED)),
        Op(0, "munmap", (FIXED + 3 * TABLE + PAGE, 2 * TABLE)),
        Op(0, "munmap", (FIXED, 4 * TABLE)),
        Op(0, "munmap", (FIXED, 6 * TABLE)),
    ]


def merging() -> list[Op]:
    """Neighbours join if they are alike in all that counts."""
    noreserve = PRIVATE | uapi.MAP_NORESERVE
    return [
        Op(0, "mmap", (FIXED, 2 * PAGE, RW, PRIVATE)),
        Op(0, "mmap", (FIXED + 2 * PAGE, 2 * PAGE, RW, PRIVATE)),
        Op(0, "mmap", (FIXED + 4 * PAGE, 2 * PAGE, RW, noreserve)),
        Op(0, "mmap", (FIXED + 6 * PAGE, 2 * PAGE, RW, noreserve)),
        Op(0, "mprotect", (FIXED + PAGE, PAGE, uapi.PROT_READ)),
        Op(0, "mprotect", (FIXED + PAGE, PAGE, RW)),
    ]


def copy_on_write() -> list[Op]:
    """Parent and child write to what they share, and to pages that were only read."""
    return [
        Op(0, "mmap", (FIXED, 8 * PAGE, RW, PRIVATE)),
        Op(0, "write", (FIXED, 4 * PAGE, PAGE)),
        Op(0, "read", (FIXED + 4 * PAGE, 4 * PAGE, PAGE)),
        Op(0, "fork", (1,)),
        Op(1, "write", (FIXED + PAGE, 2 * PAGE, PAGE)),
        Op(0, "write", (FIXED + 2 * PAGE, 4 * PAGE, PAGE)),
        Op(1, "write", (FIXED, 8 * PAGE, PAGE)),
        Op(1, "exit", (0,)),
        Op(0, "reap", (1,)),
        Op(0, "write", (FIXED, 8 * PAGE, PAGE)),
    ]


DIRECTED = {f.__name__: f for f in (guard_gap, page_tables, merging, copy_on_write)}


@dataclass
class Tape:
    """What a run of one sequence answered, call after call."""

    name: str
    ops: list[Op]
    answers: list[Answer]
    smaps: list[str]
    status: list[str]


class Recorder:
    """A runner that writes down what another one answers."""

    def __init__(self, runner: Runner, tape: Tape) -> None:
        self.runner, self.tape = runner, tape
        self.close = runner.close

    def run(self, op: Op) -> Answer:
        self.tape.answers.append(self.runner.run(op))
        return self.tape.answers[-1]

    def smaps(self, k: int) -> str:
        lines = self.runner.smaps(k).splitlines()
        kept = [x for x in lines if HEADER.match(x) or x.partition(":")[0] in ROWS]
        self.tape.smaps.append("\n".join(kept))
        return self.tape.smaps[-1]

    def status(self, k: int) -> str:
        lines = self.runner.status(k).splitlines()
        kept = [x for x in lines if x.partition(":")[0] in STATUS_ROWS]
        self.tape.status.append("\n".join(kept))
        return self.tape.status[-1]


class Player:
    """A runner that repeats what was written down."""

    def __init__(self, tape: Tape) -> None:
        self.answers, self.maps = iter(tape.answers), iter(tape.smaps)
        self.rows = iter(tape.status)

    def run(self, op: Op) -> Answer:
        return next(self.answers)

    def smaps(self, k: int) -> str:
        return next(self.maps)

    def status(self, k: int) -> str:
        return next(self.rows)

    def close(self) -> None:
        """Nothing runs."""


@dataclass
class Recording:
    """The file: which kernel answered, for which program, and what."""

    release: str
    skip: list[str]
    image: ElfImage
    limits: dict[int, tuple[int, int]]
    locks_freely: bool
    tapes: list[Tape]

    def booted(self, engine: str | None) -> twin.Booted:
        """The twin's machine, about to run these sequences."""
        return twin.Booted(self.image, "6.18", engine).as_on(self.limits, self.locks_freely)

    def score(self, booted: twin.Booted) -> list[str]:
        """The names of the sequences in which the twin answers as the kernel did."""
        return [
            tape.name for tape in self.tapes
            if first_difference(tape.ops, partial(Player, tape), booted.start, self.skip) is None
        ]  # fmt: skip


def load(path: Path = FILE) -> Recording:
    """Read the file."""
    body: dict[str, Any] = json.loads(lzma.decompress(path.read_bytes()))
    tapes = [
        Tape(
            t["name"], [Op(k, name, tuple(args)) for k, name, args in t["ops"]],
            [Answer(*a) for a in t["answers"]], t["smaps"], t["status"],
        )
        for t in body["sequences"]
    ]  # fmt: skip
    limits = {int(resource): (soft, hard) for resource, (soft, hard) in body["limits"].items()}
    image = ElfImage.from_json(body["elf"])
    return Recording(body["release"], body["skip"], image, limits, body["locks_freely"], tapes)


def sequences(abilities: Abilities) -> Iterator[tuple[str, list[Op]]]:
    """What is recorded."""
    for seed in SEEDS:
        yield f"seed {seed}", Generator(seed, abilities).sequence(50)
    for name, make in DIRECTED.items():
        yield name, make()


def _recorder(program: Path, tape: Tape) -> Recorder:
    return Recorder(host.Host(program), tape)


def record(program: Path, booted: twin.Booted, skip: Sequence[str]) -> dict[str, Any]:
    """Run every sequence here; what the twin is not agreed on is not worth keeping."""
    tapes = []
    abilities = replace(host.abilities(program.parent), exec_only=False)
    for name, ops in sequences(abilities):
        tape = Tape(name, ops, [], [], [])
        kernel = partial(_recorder, program, tape)
        difference = first_difference(ops, kernel, booted.start, skip)
        if difference:
            raise SystemExit(f"{name}: {difference}")
        tapes.append(tape)
    image = booted.image
    segments = [[s.type, s.flags, s.offset, s.vaddr, s.filesz, s.memsz, s.align]
                for s in image.segments]  # fmt: skip
    elf = {"realpath": "/child", "type": image.type, "entry": image.entry, "segments": segments,
           "size": image.size}  # fmt: skip
    return {
        "release": platform.release(), "skip": list(skip), "elf": elf,
        "limits": host.limits(), "locks_freely": host.locks_freely(),
        "sequences": [
            {"name": t.name, "ops": [[o.task, o.name, o.args] for o in t.ops],
             "answers": [dataclasses.astuple(a)[:6] for a in t.answers],
             "smaps": t.smaps, "status": t.status}
            for t in tapes
        ],
    }  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        program = host.build(Path(directory))
        booted = twin.Booted(ElfImage.from_file(program), "6.18", None)
        booted.as_on(host.limits(), host.locks_freely())
        body = record(program, booted, host.skipped_flags())
    FILE.write_bytes(lzma.compress(json.dumps(body, separators=(",", ":")).encode()))
    print(f"{FILE}: {len(body['sequences'])} sequences, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
