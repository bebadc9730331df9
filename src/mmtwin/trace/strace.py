"""Reader of `strace -f` text: lines to calls, calls to events in their order of effect.

Any of -o, -t/-tt/-ttt/-r, -T, -y/-yy, -X raw/abbrev/verbose, -s N, -i, --seccomp-bpf may have
been used, and pids may stand as `PID `, `[pid PID] ` or not at all.

    calls as printed                          order of effect
    1 munmap(A <unfinished ...>               munmap(A)    1   at its start
    2 mmap(NULL <unfinished ...>              brk          2
    2 <... mmap resumed>) = A                 mmap = A     2   at its end
    1 <... munmap resumed>) = 0

munmap drops its range, and fork copies the parent, before the call returns: another thread's
line in between already sees that. mmap, brk, mprotect, execve count where they end. A call that
takes effect at its start holds back what follows until its own end tells the result.
"""

from __future__ import annotations

import errno
import re
import signal
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmtwin.trace.errors import TraceError
from mmtwin.trace.events import Event
from mmtwin.trace.page_rows import PID
from mmtwin.trace.source import line_blocks
from mmtwin.trace.strace_calls import CALLS, Call, Interpreter, is_lock

START_OF_CALL = frozenset({"munmap", "clone", "clone3", "fork", "vfork"})

SECOND = 10**9
DAY = 86400 * SECOND
RELATIVE_BELOW = 10**6  # seconds: a time below is -r's, since the line before

_LINE = re.compile(
    r"^(?:\[pid +(?P<bracket>\d+)\] +|(?P<pid>\d+) +)? *"
    r"(?:(?P<clock>\d\d:\d\d:\d\d(?:\.\d+)?)|(?P<time>\d+\.\d+))? *"
    r"(?:\(\+ *[\d.]+\) +)?(?:\[[0-9a-f ?]+\] +)*"
    r"(?P<rest>.*)$"
)
_COMPLETE = re.compile(r"^(\w+)\((.*)\)\s+= (.+)$")
_UNFINISHED = re.compile(r"^(\w+)\((.*?),? *<unfinished \.\.\.>\)?(?:\s+= \?)?$")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed> ?,? ?(.*)\)\s+= (.+)$")
_RESUMED_CUT = re.compile(r"^<\.\.\. (\w+) resumed>(.*?) *<unfinished \.\.\.>(?:\)?\s+= \?)?$")
_ENDED = re.compile(r"^\+\+\+ (exited with|killed by|superseded by execve in pid) (\w+)")
_NOISE = re.compile(
    r"^(?:--- .* ---|<detached \.\.\.>|strace: .*|\+\+\+ .* \+\+\+|> .*|\[ Process .*)?$"
)
_RESULT = re.compile(
    r"^(?P<value>-?\d+|0x[0-9a-f]+|\?)"
    r"(?P<path><(?:[^<>]|->|<[^<>]*>)*>(?:\(deleted\))?)?"
    r"(?: (?P<errno>E[A-Z0-9]+))?(?: .*)?$"
)
_ROOT_PID = re.compile(rb"(?:set_tid_address\([^)]*\)|\bgetpid\(\))\s+= (\d+)")


@dataclass
class Statistics:
    """What a reader met that is not in the events."""

    lines: int = 0
    ignored: Counter[str] = field(default_factory=Counter)  # calls that say nothing about memory
    unended: int = 0  # calls that had started where the recording stops


@dataclass
class _Started:
    """A call between its start and its end."""

    call: Call
    slot: Call | None  # the same call, if it already stands in the queue


class StraceReader:
    """Events of one strace file, streamed: memory does not grow with the recording."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.statistics = Statistics()
        self.start_time_ns = 0
        self._queue: deque[Call] = deque()
        self._started: dict[int, _Started] = {}
        self._interpreter = Interpreter()
        self._clock_ns = 0  # time of the last line, for recordings without absolute times
        self._days = 0
        self._root = 0

    @property
    def initial_sizes(self) -> dict[str, int]:
        """Lengths that files had before the recording changed them, once all was read."""
        return self._interpreter.sizes.initial

    def events(self) -> Iterator[Event]:
        """Raises TraceError for a line that is not strace's, or cut short."""
        number = 0
        for block in line_blocks(self.path):
            if not number:
                found = _ROOT_PID.search(block)
                self._root = int(found.group(1)) if found else PID
            text = block.decode("utf-8", "backslashreplace")
            whole = text.endswith("\n")
            lines = text.split("\n")
            if whole:
                lines.pop()
            for i, line in enumerate(lines):
                number += 1
                cut = not whole and i == len(lines) - 1
                try:
                    self._line(number, line, cut)
                    yield from self._take_effect()
                except ValueError as e:
                    raise TraceError(self.path, number, f"{e}, is this strace's output?") from e
        self.statistics.lines = number
        yield from self._finish()

    def _line(self, number: int, line: str, cut: bool) -> None:
        m = _LINE.match(line)
        if m is None:
            raise ValueError(f"not a line of strace: {line[:60]!r}")
        tid = int(m["bracket"] or m["pid"] or self._root)
        time_ns = self._time(m)
        rest: str = m["rest"]
        if done := _COMPLETE.match(rest):
            self._complete(Call(number, time_ns, tid, done[1], done[2]), done[3], cut)
        elif begun := _UNFINISHED.match(rest):
            self._begin(Call(number, time_ns, tid, begun[1], begun[2]))
        elif resumed := _RESUMED.match(rest):
            self._resume(number, time_ns, tid, resumed[2], resumed[3])
        elif ended := _ENDED.match(rest):
            self._ended(number, time_ns, tid, ended[1], ended[2])
        elif _RESUMED_CUT.match(rest):
            self._started.pop(tid, None)
        elif not _NOISE.match(rest):
            if cut:
                raise TraceError(
                    self.path, number, "the last line is cut short: remove it, or record again"
                )
            raise ValueError(f"not a line of strace: {line[:60]!r}")

    def _time(self, m: re.Match[str]) -> int:
        """Nanoseconds since the first line that has a time."""
        if m["time"]:
            whole, fraction = m["time"].split(".")
            value = int(whole) * SECOND + int(fraction[:9].ljust(9, "0"))
            if int(whole) < RELATIVE_BELOW:
                self._clock_ns += value
                return self._clock_ns
        elif m["clock"]:
            hours, minutes, seconds = m["clock"].split(":")
            second, _, fraction = seconds.partition(".")
            value = (int(hours) * 3600 + int(minutes) * 60 + int(second)) * SECOND
            value += int(fraction[:9].ljust(9, "0")) + self._days
            if self.start_time_ns and value < self.start_time_ns + self._clock_ns - DAY // 2:
                self._days += DAY  # past midnight
                value += DAY
        else:
            return self._clock_ns
        self.start_time_ns = self.start_time_ns or value
        self._clock_ns = value - self.start_time_ns
        return self._clock_ns

    def _complete(self, call: Call, result: str, cut: bool) -> None:
        if call.name not in CALLS or is_lock(call):
            self.statistics.ignored[call.name] += 1
            return
        if cut and not re.search(r"[\d?)>]$", result):
            raise TraceError(
                self.path, call.line, "the last line is cut short: remove it, or record again"
            )
        _set_result(call, result)
        self._queue.append(call)

    def _begin(self, call: Call) -> None:
        """A first half; what takes effect now gets its place in the queue now."""
        slot = None
        if call.name in START_OF_CALL:
            slot = call
            call.pending = True
            self._queue.append(call)
        self._started[call.tid] = _Started(call, slot)

    def _resume(self, number: int, time_ns: int, tid: int, more: str, result: str) -> None:
        started = self._started.pop(tid, None)
        if started is None:
            return  # began before the recording did
        call = started.call
        # Output arguments are printed when the call returns; the comma was eaten by the match.
        glue = "" if not more or more.startswith(("}", "=", " =")) else ", "
        call.arguments = f"{call.arguments}{glue}{more}" if call.arguments else more
        if call.name not in CALLS:
            self.statistics.ignored[call.name] += 1
            return
        _set_result(call, result)
        if started.slot is None:
            call.line, call.time_ns = number, time_ns
            self._queue.append(call)
        call.pending = False

    def _ended(self, number: int, time_ns: int, tid: int, how: str, what: str) -> None:
        if how.startswith("superseded"):
            # execve by a thread that is not the leader: it goes on under the leader's pid.
            begun = self._started.pop(int(what), None)
            if begun:
                begun.call.tid = tid
                self._started[tid] = begun
            return
        begun = self._started.pop(tid, None)
        if begun and begun.slot:
            begun.slot.pending = False  # it died in the call: a munmap has happened
            begun.slot.result = 0
        call = Call(number, time_ns, tid, "exited" if how.startswith("exit") else "killed", "")
        call.result = int(what) if what.isdigit() else _signal_number(what)
        self._queue.append(call)

    def _take_effect(self) -> Iterator[Event]:
        while self._queue and not self._queue[0].pending:
            call = self._queue.popleft()
            try:
                yield from self._interpreter.interpret(call)
            except (ValueError, IndexError, OverflowError) as e:
                what = f"{call.name}({call.arguments[:60]}): {e}"
                raise TraceError(self.path, call.line, f"cannot be understood: {what}") from e

    def _finish(self) -> Iterator[Event]:
        """The recording stops: what was pending has no result, but munmap has happened."""
        self.statistics.unended = len(self._started)
        for call in self._queue:
            if call.pending:
                call.pending, call.result = False, 0
        yield from self._take_effect()


def _set_result(call: Call, text: str) -> None:
    m = _RESULT.match(text)
    if m is None:
        raise ValueError(f"{call.name} has the result {text[:40]!r}")
    value = m["value"]
    call.unknown_result = value == "?"
    if value != "?":
        call.result = int(value, 0)
    if m["errno"] and value in ("-1", "?"):
        call.result = -getattr(errno, m["errno"], 512)
        call.unknown_result = False
    call.result_path = m["path"] or ""


def _signal_number(name: str) -> int:
    try:
        return int(signal.Signals[name])
    except KeyError:
        return 0
