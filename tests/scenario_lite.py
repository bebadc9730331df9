"""Runs the address-space commands of a golden scenario and compares answers and maps.

Only what the tests of mmap, brk, stacks and overcommit need; the scenario runner proper reads
the whole language.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from mmtwin.errors import NotModelledError
from mmtwin.machine import Machine
from mmtwin.mm import uapi
from mmtwin.task import SignalError, Task

MMAP_FLAGS = {
    "priv": uapi.MAP_PRIVATE,
    "shared": uapi.MAP_SHARED,
    "anon": uapi.MAP_ANONYMOUS,
    "fixed": uapi.MAP_FIXED,
    "noreplace": uapi.MAP_FIXED_NOREPLACE,
    "populate": uapi.MAP_POPULATE,
    "noreserve": uapi.MAP_NORESERVE,
    "growsdown": uapi.MAP_GROWSDOWN,
    "locked": uapi.MAP_LOCKED,
    "stack": uapi.MAP_STACK,
    "32bit": uapi.MAP_32BIT,
}
MREMAP_FLAGS = {"maymove": 1, "mfixed": 2, "dontunmap": 4}
MLOCKALL_FLAGS = {"current": 1, "future": 2, "onfault": 4}
RESOURCES = {"data": uapi.RLIMIT_DATA, "stack": uapi.RLIMIT_STACK, "as": uapi.RLIMIT_AS}
PROT = {"r": uapi.PROT_READ, "w": uapi.PROT_WRITE, "x": uapi.PROT_EXEC, "-": 0}
UNITS = {"p": 4096, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
OWN_END = 0x10080000  # the runner's own mappings lie below, and are left out of the answers
START_BRK = 0x40D000  # where its heap begins


class Unsupported(Exception):
    """A command that this interpreter, or the machine as it is, does not know."""


class Lite:
    """One scenario on one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.tasks: dict[str, Task] = {}
        self.registers: dict[str, int] = {}

    def run(self, command: str, actor: str) -> str:
        """The answer as the golden runner prints it."""
        verb, *words = command.split()
        handler = getattr(self, f"do_{verb}", None)
        if handler is None:
            raise Unsupported(verb)
        try:
            answer = handler(actor, words)
        except NotModelledError as error:
            raise Unsupported(str(error)) from None
        except SignalError as error:
            return f"SIG {error.signal} code {error.code} after {error.done}"
        except OSError as error:
            if verb in ("mmap", "mremap"):
                self.registers[words[0]] = -int(error.errno or 0)
            return f"E {error.errno}"
        return answer if isinstance(answer, str) else str(answer)

    def value(self, text: str) -> int:
        total = 0
        for sign, term in re.findall(r"([+-]?)([^+-]+)", text):
            total += (-1 if sign == "-" else 1) * self._term(term)
        return total

    def _term(self, term: str) -> int:
        if term in self.registers:
            return self.registers[term]
        if term[-1] in UNITS and not term.startswith("0x"):
            return int(term[:-1]) * UNITS[term[-1]]
        return int(term, 0)

    def do_spawn(self, actor: str, words: list[str]) -> int:
        task = self.machine.spawn(actor)
        fixed = uapi.MAP_FIXED | uapi.MAP_ANONYMOUS
        for start, end, prot in ((0x400000, 0x408000, 5), (0x408000, 0x40B000, 1)):
            task.mmap(start, end - start, prot, fixed | uapi.MAP_PRIVATE)
        task.mmap(0x40B000, 0x2000, 3, fixed | uapi.MAP_PRIVATE)
        task.mmap(0x10000000, 0x80000, 3, fixed | uapi.MAP_SHARED)
        task.mm.start_brk = task.mm.brk = START_BRK
        self.tasks[actor] = task
        return 0

    def do_fork(self, actor: str, words: list[str]) -> int:
        self.tasks[words[0]] = self.tasks[actor].fork()
        return 0

    def do_mmap(self, actor: str, words: list[str]) -> str:
        register, addr, length, prot, flags = words[:5]
        bits = sum(MMAP_FLAGS[f] for f in flags.split(","))
        bits_of = sum(PROT[letter] for letter in prot)
        task = self.tasks[actor]
        self.registers[register] = task.mmap(self.value(addr), self.value(length), bits_of, bits)
        return hex(self.registers[register])

    def do_munmap(self, actor: str, words: list[str]) -> int:
        return self.tasks[actor].munmap(self.value(words[0]), self.value(words[1]))

    def do_mprotect(self, actor: str, words: list[str]) -> int:
        prot = sum(PROT[letter] for letter in words[2])
        return self.tasks[actor].mprotect(self.value(words[0]), self.value(words[1]), prot)

    def do_mremap(self, actor: str, words: list[str]) -> str:
        addr, old, new = (self.value(w) for w in words[1:4])
        flags = sum(MREMAP_FLAGS[f] for f in words[4].split(",")) if len(words) > 4 else 0
        to = self.value(words[5]) if len(words) > 5 else 0
        self.registers[words[0]] = self.tasks[actor].mremap(addr, old, new, flags, to)
        return hex(self.registers[words[0]])

    def do_madvise(self, actor: str, words: list[str]) -> int:
        name = f"MADV_{words[2].upper()}"
        advice = int(words[2]) if words[2].isdigit() else int(getattr(uapi, name))
        return self.tasks[actor].madvise(self.value(words[0]), self.value(words[1]), advice)

    def do_mlock(self, actor: str, words: list[str]) -> int:
        return self.tasks[actor].mlock(self.value(words[0]), self.value(words[1]))

    def do_munlock(self, actor: str, words: list[str]) -> int:
        return self.tasks[actor].munlock(self.value(words[0]), self.value(words[1]))

    def do_mlockall(self, actor: str, words: list[str]) -> int:
        return self.tasks[actor].mlockall(sum(MLOCKALL_FLAGS[f] for f in words[0].split(",")))

    def do_mincore(self, actor: str, words: list[str]) -> str:
        self.tasks[actor].mincore(self.value(words[0]), self.value(words[1]))
        raise Unsupported("mincore's answer")

    def do_brk(self, actor: str, words: list[str]) -> int:
        task = self.tasks[actor]
        wanted = task.brk(0) + self.value(words[1])
        if task.brk(wanted) != wanted:
            raise OSError(12, "brk")
        self.registers[words[0]] = wanted
        return wanted

    def do_w(self, actor: str, words: list[str]) -> int:
        stride = self.value(words[2]) if len(words) > 2 else 4096
        return self.tasks[actor].write(self.value(words[0]), self.value(words[1]), stride)

    def do_r(self, actor: str, words: list[str]) -> int:
        stride = self.value(words[2]) if len(words) > 2 else 4096
        return self.tasks[actor].read(self.value(words[0]), self.value(words[1]), stride)

    def do_sp(self, actor: str, words: list[str]) -> str:
        self.registers[words[0]] = self.tasks[actor].mm.task_size - 4096
        return hex(self.registers[words[0]])

    def do_rlimit(self, actor: str, words: list[str]) -> int:
        soft, hard = (self.value(w) for w in words[1:3])
        self.tasks[actor].setrlimit(RESOURCES[words[0]], soft, hard)
        return 0

    def do_vmas(self, actor: str, words: list[str]) -> int:
        addr, count = self.value(words[0]), self.value(words[1])
        for i in range(count):
            flags = MMAP_FLAGS["priv"] | MMAP_FLAGS["anon"] | MMAP_FLAGS["fixed"]
            self.tasks[actor].mmap(addr + i * 8192, 4096, 3, flags)
        return count

    def do_sys(self, actor: str, words: list[str]) -> int:
        self.machine.write(words[0], " ".join(words[1:]))
        return 0

    def maps(self, name: str) -> list[list[Any]]:
        """/proc/PID/maps in the form of the golden files."""
        rows = []
        for line in self.machine.read(f"/proc/{self.tasks[name].pid}/maps").splitlines():
            span, rights, offset, _, _, *path = line.split(maxsplit=5)
            start, end = (int(x, 16) for x in span.split("-"))
            shown = path[0] if path else ""
            own = end <= START_BRK or (start < OWN_END and shown != "[heap]")
            if not own and shown not in ("[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]"):
                rows.append([f"{start:08x}", f"{end:08x}", rights, int(offset, 16), shown])
        return rows


def golden(folder: Path, kind: str, scenario: str) -> dict[str, Any]:
    """The record of one scenario."""
    with gzip.open(folder / "golden" / f"{kind}.jsonl.gz", "rt") as file:
        for line in file:
            if f'"{scenario}' in line[:200]:
                record: dict[str, Any] = json.loads(line)
                if record["scenario"].startswith(scenario):
                    return record
    raise LookupError(f"{kind} has no {scenario}")


def compare(
    folder: Path, record: dict[str, Any], machine: Machine, faults: bool = True
) -> tuple[int, list[str], list[str]]:
    """Run a scenario: how many answers agree, those that differ, and what was not supported."""
    lite = Lite(machine)
    equal, differing, unsupported = 0, [], []
    answers = [(op[1], op[2], op[3], op[4:6]) for op in record["ops"]]
    steps = _with_checkpoints(folder, record["scenario"], answers)
    for actor, command, expected, flt in steps:
        if command.startswith("ck "):
            for name, rows in _expected_maps(record, command.split()[1]):
                found = lite.maps(name)
                equal += found == rows
                if found != rows:
                    differing.append(f"{command} {name}: {found}, kernel {rows}")
            continue
        before = lite.tasks[actor].min_flt if actor in lite.tasks else 0
        try:
            got = lite.run(command, actor)
        except Unsupported as error:
            unsupported.append(f"{command}: {error}")
            continue
        took = lite.tasks[actor].min_flt - before if flt and faults else 0
        same = got == expected and (not (flt and faults) or took == flt[0])
        equal += same
        if not same:
            differing.append(f"{command}: {got} ({took} faults), kernel {expected} {flt}")
    return equal, differing, unsupported


def _expected_maps(record: dict[str, Any], label: str) -> list[tuple[str, list[list[Any]]]]:
    found = []
    for key, value in record["ck"].items():
        ck, task, kind = key.split("|")
        if ck == label and kind == "maps":
            found.append((task, value["maps"]))
    return found


def _with_checkpoints(
    folder: Path, scenario: str, answers: list[tuple[str, str, str, list[int]]]
) -> list[tuple[str, str, str, list[int]]]:
    """The recorded operations in order, with the scenario file's `ck` lines among them."""
    (path,) = (folder / "scenarios").glob(f"{scenario}*")
    steps, rest = [], list(answers)
    for line in path.read_text().splitlines():
        text = line.split("#")[0].strip()
        if text.startswith("ck "):
            steps.append(("", text, "", []))
        elif text and not text.startswith("scenario") and rest:
            steps.append(rest.pop(0))
    return steps


def assert_as_real_kernel(folder: Path, kind: str, scenario: str) -> None:
    """Every answer, fault count and map of a scenario is that of the real kernel."""
    kernel = {"612": "6.12", "61_": "6.1", "618": "6.18"}[kind[:3]]
    machine = Machine(ram="1536M" if "exact" in kind else "1G", cpus=1, kernel=kernel)
    equal, differing, unsupported = compare(folder, golden(folder, kind, scenario), machine)
    machine.check()
    if unsupported:
        pytest.skip(f"not there yet: {unsupported[0]}")
    assert equal and not differing, "\n".join(differing)
