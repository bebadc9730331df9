"""Compares a rebuilt /proc/PID/maps with the true one."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mmtwin.machine import Machine
from mmtwin.trace import open_trace
from mmtwin.trace.elf import ElfSet
from mmtwin.trace.replay import Replay

# what is not in strace
EXCEPTED = ("[stack]", "[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]")
PAGE = 4096


class Area(NamedTuple):
    """A VMA as maps shows it, without device and inode."""

    start: int
    end: int
    rights: str
    offset: int
    name: str


@dataclass
class Score:
    """Over all processes of a recording."""

    pages: int = 0
    pages_right: int = 0
    areas: int = 0
    areas_right: int = 0
    wrong: list[str] = field(default_factory=list)


def parse(maps: str) -> list[Area]:
    areas = []
    for line in maps.splitlines():
        words = line.split(None, 5)
        name = words[5] if len(words) > 5 else ""
        if name not in EXCEPTED:
            start, end = (int(a, 16) for a in words[0].split("-"))
            areas.append(Area(start, end, words[1], int(words[2], 16), name))
    return areas


def pages(areas: list[Area]) -> dict[int, tuple[str, int, str]]:
    return {
        at: (a.rights, a.offset + (at - a.start if a.name and a.name[0] != "[" else 0), a.name)
        for a in areas
        for at in range(a.start, a.end, PAGE)
    }


def compare(score: Score, pid: str, ours: list[Area], true: list[Area]) -> None:
    our_pages, true_pages = pages(ours), pages(true)
    score.pages += len(our_pages.keys() | true_pages.keys())
    score.pages_right += len(our_pages.items() & true_pages.items())
    score.areas += len(true)
    score.areas_right += len(set(ours) & set(true))
    for mark, areas in (("-", set(true) - set(ours)), ("+", set(ours) - set(true))):
        score.wrong += [f"{mark} {pid} {a.start:x}-{a.end:x} {a[2:]}" for a in sorted(areas)]


def replay(recording: Path, elf: Path, **machine: object) -> tuple[Replay, dict[int, str]]:
    """The finished replay, and the maps of each process as it exited."""
    at_exit: dict[int, str] = {}
    twin = Machine(**machine)  # type: ignore[arg-type]

    def keep(process: object) -> None:
        pid = process.pid  # type: ignore[attr-defined]
        at_exit[pid] = twin.read(f"/proc/{pid}/maps")

    run = Replay(twin, open_trace(recording, elfs=ElfSet.load(elf)), keep)
    run.run()
    return run, at_exit


def score(recording: Path, elf: Path, truth: Path, **machine: object) -> tuple[Replay, Score]:
    run, at_exit = replay(recording, elf, **machine)
    result = Score()
    for name, text in json.loads(gzip.decompress(truth.read_bytes())).items():
        kind, pid = name.split(".")
        if kind == "maps":
            compare(result, pid, parse(at_exit.get(int(pid), "")), parse(text))
    return run, result
