"""Random workloads that need more memory than there is, as scenarios (kills.py runs them).

A workload has one to three tasks in a few cgroups, or in none, with limits, swap or no swap, and
a dozen steps: they write and read anonymous memory, shared memory, files and tmpfs, fork, lock,
take advice, unmap; limits are moved meanwhile.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

NAME = "kills_{:04d}"
MIB = 256  # pages
BASE = 0x4000000000  # where each task has its anonymous memory
TASKS = "pqr"
PATIENCE_MS = 20000
FREE_OF_MACHINE = (200, 700)  # MiB that tasks of a workload without limits want together


@dataclass
class Workload:
    """The lines of one, and what is known of its machine."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)  # MiB
    tasks: dict[str, int] = field(default_factory=dict)  # pages of the task's anonymous memory
    locks: bool = False
    swap: str = ""

    def say(self, *words: object) -> None:
        """One command."""
        self.lines.append(" ".join(map(str, words)))

    def sys(self, path: str, what: object) -> None:
        """A kernel file."""
        self.say("sys", path, what)

    def pick(self) -> str:
        """Who acts."""
        return self.rng.choice(sorted(self.tasks))

    def part(self, pages: int) -> tuple[int, int]:
        """A place and a length in that many pages."""
        length = max(1, int(pages * self.rng.choice([0.1, 0.2, 0.3, 0.5, 0.8, 1])))
        return self.rng.randrange(pages - length + 1), length

    def stretch(self) -> tuple[str, int, int]:
        """Who acts, and on what part of its anonymous memory."""
        name = self.pick()
        return name, *self.part(self.tasks[name])

    def size(self) -> int:
        """Pages for one step: a part of the smallest limit, or of the machine."""
        limit = min(self.limits.values(), default=300)
        return max(1, int(limit * MIB * self.rng.uniform(0.05, 0.6)))


# What the machine is like


def settings(load: Workload, swap: bool) -> None:
    """Lists, swap, sysctls."""
    rng = load.rng
    load.sys("/sys/kernel/mm/transparent_hugepage/enabled", "never")
    load.sys("/sys/kernel/mm/lru_gen/enabled", rng.choice([0, 7]))
    load.sys("/proc/sys/vm/swappiness", rng.choice([60, 60, 60, 0, 10, 100, 180]))
    if swap and rng.random() < 0.5:
        load.swap = "/dev/vda"
        load.say("swapon /dev/vda")
        if rng.random() < 0.2:
            load.sys("/sys/module/zswap/parameters/enabled", 1)
    load.say("drop")


def groups(load: Workload) -> None:
    """One, two beside each other, or a parent with one or two."""
    rng = load.rng
    shape = rng.choice([("a",), ("a",), ("a", "b"), ("a", "a/x"), ("a", "a/x", "a/y")])
    for name in shape:
        load.say("cg", name)
        if name == "a" and len(shape) > 1 and shape[1].startswith("a/"):
            load.say("cgsub a")
    inner = [name for name in shape if not any(other.startswith(f"{name}/") for other in shape)]
    load.groups = inner
    for name in shape:
        if name == shape[0] or rng.random() < 0.6:
            limit(load, name)
        if rng.random() < 0.05:
            load.sys(f"/cg/{name}/memory.high", f"{rng.randrange(6, 40)}M")
        if rng.random() < 0.15:
            load.sys(f"/cg/{name}/memory.low", f"{rng.randrange(2, 30)}M")
        if rng.random() < 0.2:
            load.sys(f"/cg/{name}/memory.oom.group", 1)
        if load.swap and rng.random() < 0.6:
            load.sys(f"/cg/{name}/memory.swap.max", rng.choice([0, "1M", "4M", "10M", "24M"]))


def limit(load: Workload, name: str) -> None:
    """memory.max, anew or for the first time."""
    load.limits[name] = load.rng.randrange(5, 33)
    load.sys(f"/cg/{name}/memory.max", f"{load.limits[name]}M")


def tasks(load: Workload) -> None:
    """Each with its anonymous memory."""
    rng = load.rng
    for name in TASKS[: rng.choice([1, 2, 2, 3])]:
        group = rng.choice(load.groups) if load.groups else ""
        load.say("spawn", name, *([group] if group else []))
        total = load.size() * 4 if load.groups else rng.randrange(*FREE_OF_MACHINE) * MIB
        load.tasks[name] = total
        load.say(f"{name}: mmap {name.upper()} {BASE:#x} {total}p rw priv,anon,noreserve")
        if rng.random() < 0.25:
            load.say("oomadj", name, rng.choice([-999, -500, -100, 100, 300, 800, 1000]))


# Steps


def anonymous(load: Workload) -> None:
    """Write a stretch of it."""
    name, at, length = load.stretch()
    if load.groups:
        length = min(length, load.size())
    load.say(f"{name}: w {name.upper()}+{at}p {length}p")


def filled(load: Workload) -> None:
    """Whole pages, that compress or do not."""
    name, at, length = load.stretch()
    length = min(length, load.size())
    kind = load.rng.choice(["0", "1 7", "2 5", "3 9 100"])
    load.say(f"{name}: fill {name.upper()}+{at}p {length}p {kind}")


def anywhere(load: Workload) -> None:
    """Random pages of it."""
    name = load.pick()
    pages = load.tasks[name]
    count = load.rng.randrange(1, min(pages, load.size()) + 1)
    load.say(f"{name}: rnd {name.upper()} {pages}p {count} {load.rng.randrange(99)} 1")


def read(load: Workload) -> None:
    """Read a stretch."""
    name, at, length = load.stretch()
    load.say(f"{name}: r {name.upper()}+{at}p {min(length, load.size())}p")


def advised(load: Workload) -> None:
    """Advice about a stretch."""
    name, at, length = load.stretch()
    advice = load.rng.choice(["dontneed", "dontneed", "free", "cold", "pageout"])
    load.say(f"{name}: madvise {name.upper()}+{at}p {length}p {advice}")


def file_read(load: Workload) -> None:
    """Page cache."""
    name, fd = load.pick(), f"F{len(load.lines)}"
    load.say(f"{name}: open {fd} /mnt/{load.rng.choice(['f16m', 'f64m'])} rdonly")
    load.say(f"{name}: pread {fd} {load.rng.randrange(4) * MIB}p {min(load.size(), 12 * MIB)}p")


def file_map(load: Workload) -> None:
    """Mapped page cache."""
    name, fd = load.pick(), f"F{len(load.lines)}"
    pages = min(load.size(), 16 * MIB)
    load.say(f"{name}: open {fd} /mnt/f16m rdonly")
    load.say(f"{name}: mmap {fd}M 0 {pages}p r shared {fd} 0")
    load.say(f"{name}: r {fd}M {pages}p")


def file_write(load: Workload) -> None:
    """Dirty page cache."""
    name, fd = load.pick(), f"F{len(load.lines)}"
    load.say(f"{name}: open {fd} /mnt/w{len(load.lines)} rdwr,creat,trunc 0644")
    load.say(f"{name}: pwrite {fd} 0 {min(load.size(), 12 * MIB)}p")


def tmpfs(load: Workload) -> None:
    """Memory that nobody's death gives back."""
    name, fd = load.pick(), f"F{len(load.lines)}"
    load.say(f"{name}: open {fd} /tmp/t{len(load.lines)} rdwr,creat,trunc 0644")
    load.say(f"{name}: pwrite {fd} 0 {load.size()}p")


def shared(load: Workload) -> None:
    """Shared anonymous memory."""
    name, address = load.pick(), f"S{len(load.lines)}"
    pages = load.size()
    load.say(f"{name}: mmap {address} 0 {pages}p rw shared,anon")
    load.say(f"{name}: w {address} {pages}p")


def populated(load: Workload) -> None:
    """Populated by mmap itself."""
    load.say(f"{load.pick()}: mmap X{len(load.lines)} 0 {load.size()}p rw priv,anon,populate")


def locked(load: Workload) -> None:
    """mlock."""
    name, at, length = load.stretch()
    load.say(f"{name}: mlock {name.upper()}+{at}p {min(length, load.size())}p")


def unmapped(load: Workload) -> None:
    """munmap, and mapped again at once."""
    name, at, length = load.stretch()
    place = f"{name.upper()}+{at}p"
    load.say(f"{name}: munmap {place} {length}p")
    load.say(f"{name}: mmap Y {place} {length}p rw priv,anon,fixed,noreserve")


def forked(load: Workload) -> None:
    """A child, that writes what its parent has."""
    name, child = load.pick(), f"c{len(load.lines)}"
    if len(load.tasks) < 5:
        load.say(f"{name}: fork {child}")
        at, length = load.part(load.tasks[name])
        load.say(f"{child}: w {name.upper()}+{at}p {min(length, load.size())}p")


def moved_limit(load: Workload) -> None:
    """memory.max, up or down."""
    if load.limits:
        limit(load, load.rng.choice(sorted(load.limits)))


def reclaimed(load: Workload) -> None:
    """memory.reclaim."""
    if load.limits:
        name = load.rng.choice(sorted(load.limits))
        load.sys(f"/cg/{name}/memory.reclaim", f"{load.rng.randrange(1, 8)}M")


def left(load: Workload) -> None:
    """A task ends by itself."""
    if len(load.tasks) > 1:
        name = load.pick()
        load.say(f"{name}: exit 0")
        load.say("reap", name)
        del load.tasks[name]


STEPS = {
    anonymous: 10, filled: 3, anywhere: 3, read: 2, advised: 3, file_read: 3, file_map: 2,
    file_write: 2, tmpfs: 2, shared: 2, populated: 1, locked: 1, unmapped: 1, forked: 1,
    moved_limit: 1, reclaimed: 1, left: 1,
}  # fmt: skip
STEPS_ON_MACHINE = {anonymous: 5, anywhere: 1, file_read: 1, advised: 1, forked: 1, left: 1}


def scenario(number: int) -> str:
    """One workload, and everything put back."""
    load = Workload(random.Random(number))
    rng = load.rng
    load.say("scenario", NAME.format(number))
    load.say("tmo", PATIENCE_MS)
    on_machine = rng.random() < 0.04
    settings(load, swap=not on_machine)
    if not on_machine:
        groups(load)
    tasks(load)
    everybody = set(load.tasks)
    steps = STEPS_ON_MACHINE if on_machine else STEPS
    for step in rng.choices(list(steps), list(steps.values()), k=rng.randrange(4, 14)):
        step(load)
        everybody |= set(load.tasks)
    load.say("wait 20")
    everybody |= {line.split()[-1] for line in load.lines if " fork " in line}
    load.lines += [f"reap {name}" for name in sorted(everybody)]
    load.lines += [f"kill {name}" for name in sorted(everybody)]
    names = [line.split()[1] for line in load.lines if line.startswith("cg ")]
    load.lines += [f"show /cg/{name}/memory.events" for name in names]
    load.lines += [f"cgrm {name}" for name in reversed(names)]
    tidy(load)
    return "\n".join(load.lines) + "\n"


def tidy(load: Workload) -> None:
    """What the workload has left behind."""
    made = [line.split()[3] for line in load.lines if re.search(r" open \S+ /(tmp/t|mnt/w)", line)]
    if made:
        load.say("spawn z")
        load.lines += [f"z: unlink {path}" for path in made]
        load.say("kill z")
    if load.swap:
        load.sys("/sys/module/zswap/parameters/enabled", 0)
        load.say("swapoff", load.swap)
    load.sys("/proc/sys/vm/swappiness", 60)
    load.sys("/sys/kernel/mm/lru_gen/enabled", 0)
