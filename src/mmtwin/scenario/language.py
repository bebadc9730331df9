"""The scenario language: files to commands, and the values in them.

A command line is taken apart and checked when the file is read, so that a bad one is named by its
place before anything has run; what stands in registers is known only then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmtwin.errors import did_you_mean
from mmtwin.scenario.errors import ScenarioError
from mmtwin.scenario.names import PROTECTION, TABLES

UNITS = {"K": 10, "p": 12, "M": 20, "G": 30, "T": 40}
TERM = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+[KpMGT]?|[A-Za-z_][A-Za-z0-9_]*")
SUM = re.compile(rf"-?(?:{TERM.pattern})(?:[+-](?:{TERM.pattern}))*")

# A task's commands. Letters of the arguments: R register that takes the result, v value, o octal,
# s path or name, p protection, others a table of names.TABLES; those after ? may be left out.
TASK_COMMANDS = {
    "mmap": "Rvvpf?vv", "munmap": "v?v", "mprotect": "v?vp", "mremap": "Rvvvr?v",
    "madvise": "vvA", "mlock": "vv", "munlock": "vv", "mlockall": "l", "munlockall": "",
    "mlock2": "vvl", "brk": "Rv", "mincore": "vv", "mbind": "vvPv?b", "setpol": "P?v",
    "getpol": "v", "movepages": "vvv", "migrate": "vv", "msync": "vvv", "memfd": "Rs?M",
    "secret": "R", "shmget": "RvvS", "shmat": "Rvv?S", "shmdt": "v", "shmrm": "v", "sp": "R",
    "r": "vv?v", "w": "vv?v", "rnd": "vvvv?v", "fill": "vvv?vv", "hash": "vv", "vmas": "vv",
    "mmapn": "vv?v", "punch": "vvv", "open": "RsO?o", "close": "v", "pread": "vvv?v",
    "pwrite": "vvv?v", "read": "vv?v", "write": "vv?v", "lseek": "vv", "frnd": "vvvv",
    "fsync": "v", "fdatasync": "v", "sync": "", "fadvise": "vvvD", "readahead": "vvv",
    "ftruncate": "vv", "fallocate": "vvv?F", "unlink": "s", "mkdir": "s", "mkfiles": "sv?v",
    "statfiles": "sv?v", "rmfiles": "sv", "affin": "v", "setuid": "v", "rlimit": "Lvv",
    "prctl": "v?vvvv", "sleep": "v", "exit": "v", "fork": "s",
}  # fmt: skip
# Commands of the runner itself: how many words follow, at least and at most.
RUNNER_COMMANDS = {
    "spawn": (1, 2), "reap": (1, 1), "kill": (1, 1), "clearrefs": (2, 2), "oomadj": (2, 2),
    "sys": (2, 99), "show": (1, 1), "cg": (1, 1), "cgsub": (1, 1), "cgrm": (1, 1),
    "cgflush": (1, 1), "mkswap": (1, 1), "swapon": (1, 2), "swapoff": (1, 1), "drop": (0, 0),
    "drain": (0, 0), "wait": (1, 1), "tmo": (1, 1), "set": (2, 2), "ck": (2, 99),
}  # fmt: skip


@dataclass(frozen=True)
class Command:
    """One line: who acts, what is done."""

    line: int
    task: str
    text: str  # as written, without the task's name
    verb: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Scenario:
    """A file of commands. `name` is what its first line says, else the file's name."""

    name: str
    path: str
    commands: tuple[Command, ...]


def load(path: Path) -> Scenario:
    """Read and check a scenario file (ScenarioError naming the line, OSError)."""
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: not a text file") from None
    return parse(text, str(path))


def parse(text: str, path: str = "scenario") -> Scenario:
    """The scenario of a text."""
    name = Path(path).stem
    commands = []
    for command in _lines(text):
        if command.verb == "scenario":
            if len(command.words) != 1:
                raise ScenarioError(f"{path}:{command.line}: `scenario` wants one name")
            name = command.words[0]
        else:
            commands.append(command)
    if not commands:
        raise ScenarioError(f"{path}: no commands")
    _check_all(commands, path)
    return Scenario(name, path, tuple(commands))


def _lines(text: str) -> Iterator[Command]:
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        task = "p"
        first = line.split(maxsplit=1)[0] if line else ""
        if ":" in first:
            task, _, line = line.partition(":")
            line = line.strip()
        words = line.split()
        if words or task != "p":
            yield Command(number, task, line, words[0] if words else "", tuple(words[1:]))


def _check_all(commands: list[Command], path: str) -> None:
    registers: set[str] = set()
    for command in commands:
        try:
            _check(command, registers)
        except ValueError as error:
            raise ScenarioError(f"{path}:{command.line}: {error}") from None


def _check(command: Command, registers: set[str]) -> None:
    """Refuse a line that no machine could run; note the register that it sets."""
    verb, words = command.verb, command.words
    if verb in RUNNER_COMMANDS:
        least, most = RUNNER_COMMANDS[verb]
        if not least <= len(words) <= most:
            raise ValueError(f"{verb}: {len(words)} arguments")
        if verb == "set":
            check_value(words[1], registers)
            registers.add(words[0])
    elif verb in TASK_COMMANDS:
        _check_arguments(verb, words, registers)
    else:
        known = [*RUNNER_COMMANDS, *TASK_COMMANDS]
        raise ValueError(f"{verb!r} is no command{did_you_mean(verb, known)}")


def _check_arguments(verb: str, words: tuple[str, ...], registers: set[str]) -> None:
    needed, _, optional = TASK_COMMANDS[verb].partition("?")
    if not len(needed) <= len(words) <= len(needed) + len(optional):
        raise ValueError(f"{verb}: {len(words)} arguments")
    into = ""
    for kind, word in zip(needed + optional, words, strict=False):
        if kind == "R":
            into = word
        elif kind == "v":
            check_value(word, registers)
        elif kind != "s":
            argument(kind, word, {})
    registers.add(into)


def check_value(text: str, registers: set[str]) -> None:
    """ValueError for what is no sum, or names a register that no earlier line sets."""
    if not SUM.fullmatch(text):
        raise ValueError(f"{text!r} is no value")
    for term in TERM.findall(text):
        if not term[0].isdigit() and term not in registers:
            raise ValueError(f"{text!r}: no earlier line sets {term}")


def value(text: str, registers: Mapping[str, int]) -> int:
    """The number that a sum stands for, in bytes where it is a size; may be negative."""
    total = 0
    for sign, term in re.findall(rf"([+-]?)({TERM.pattern})", text):
        total += (-1 if sign == "-" else 1) * _term(term, registers)
    return total


def _term(term: str, registers: Mapping[str, int]) -> int:
    if not term[0].isdigit():
        return registers[term]
    if term[:2] in ("0x", "0X"):
        return int(term, 16)
    shift = UNITS.get(term[-1])
    return int(term) if shift is None else int(term[:-1]) << shift


def argument(kind: str, word: str, registers: Mapping[str, int]) -> int:
    """One argument of a kind of TASK_COMMANDS as a number."""
    if kind == "v":
        return value(word, registers)
    if kind == "o":
        return int(word, 8)
    if kind == "p":
        return sum(_named(PROTECTION, letter) for letter in set(word))
    bits = 0
    for name in word.split(","):
        bits |= (
            int(name, 0)
            if re.fullmatch(r"0[xX][0-9a-fA-F]+|[0-9]+", name)
            else _named(TABLES[kind], name)
        )
    return bits


def _named(table: Mapping[str, int], name: str) -> int:
    if name not in table:
        raise ValueError(f"{name!r} is none of {', '.join(table)}{did_you_mean(name, table)}")
    return table[name]
