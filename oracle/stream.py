"""What the runner sends, taken apart: lines, and frames of a stated length.

K RELEASE VERSION        the kernel             R        ready for work
S NAME                   a scenario begins      E UPTIME it is done
O LINE TASK COMMAND ...  an answer, by tabs     W TEXT   a warning
F LENGTH LABEL|TASK|KIND a kernel file          T LENGTH a piece of the event stream
Q                        all work is done
"""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Answers:
    """One scenario's answers as they came."""

    name: str
    ops: list[list[str]] = field(default_factory=list)
    frames: list[tuple[str, str]] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    uptime: float | None = None  # None: it did not come to its end


def _records(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Each record's letter, the rest of its line, and its frame's text."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        if end < 0:
            return
        line = data[at:end].decode(errors="replace")
        at = end + 1
        letter, _, rest = line.partition(" ")
        body = ""
        if letter in ("F", "T"):
            length = int(rest.split(" ", 1)[0])
            if at + length > len(data):
                return
            body = data[at : at + length].decode(errors="replace")
            at += length + 1
        yield letter, rest, body


def parse(data: bytes) -> tuple[str, list[Answers]]:
    """The kernel's release and the scenarios; what was cut off at the end is left out."""
    release = ""
    scenarios: list[Answers] = []
    for letter, rest, body in _records(data):
        if letter == "K":
            release = rest.split(" ", 1)[0]
        elif letter == "S":
            scenarios.append(Answers(rest))
        elif scenarios:
            _add(scenarios[-1], letter, rest, body)
    return release, scenarios


def _add(answers: Answers, letter: str, rest: str, body: str) -> None:
    if letter == "O":
        answers.ops.append(rest.split("\t"))
    elif letter == "F":
        answers.frames.append((rest.split(" ", 1)[1], body))
    elif letter == "T":
        answers.trace.append(body)
    elif letter == "W":
        answers.warnings.append(rest)
    elif letter == "E":
        answers.uptime = float(rest)
