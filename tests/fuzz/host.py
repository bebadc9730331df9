"""Runs a sequence on the kernel of this machine, in the small program of child.c."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.fuzz.ops import NR, Answer, Op

ADDR_NO_RANDOMIZE = 0x0040000
TASKS = 8
COMMAND = struct.Struct("<8Q")
ANSWER = struct.Struct("<q5Q")
SYSCALL, READ, WRITE, FORK, EXIT, REAP, START = range(7)
KINDS = {"read": READ, "write": WRITE, "fork": FORK, "exit": EXIT, "reap": REAP}
FLAGS = [
    "-O1", "-static", "-nostdlib", "-ffreestanding", "-fno-pic", "-no-pie", "-mgeneral-regs-only",
    "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-Wl,-e,entry,--build-id=none",
]  # fmt: skip


class HostError(Exception):
    """This host cannot run the program."""


def build(directory: Path) -> Path:
    """Compile child.c (HostError where there is no C compiler)."""
    program = directory / "child"
    source = Path(__file__).with_name("child.c")
    try:
        subprocess.run(["gcc", *FLAGS, "-o", str(program), str(source)], check=True)
    except (OSError, subprocess.CalledProcessError) as e:
        raise HostError(f"child.c does not compile: {e}") from e
    return program


def limits() -> list[str]:
    """What this machine cannot answer, by name: not tried, or not compared."""
    text = Path("/proc/self/smaps").read_text()
    found = []
    if not re.search(r"^VmFlags:.* sd\b", text, re.M):
        found.append("soft-dirty")
    if re.search(r"^flags.*\bospke\b", Path("/proc/cpuinfo").read_text(), re.M):
        found.append("readable PROT_EXEC")  # protection keys make it execute-only
    return found


class Host:
    """One run of the program: task 0 and the tasks that it forks."""

    def __init__(self, program: Path) -> None:
        self.pipes = [(*os.pipe(), *os.pipe()) for _ in range(TASKS)]
        pid = os.fork()
        if pid == 0:
            self._exec(program)
        self.pids = {0: pid}
        for command_r, _, _, answer_w in self.pipes:
            os.close(command_r)
            os.close(answer_w)
        self._read(0)

    def _exec(self, program: Path) -> None:
        """In the child: descriptors in place, no ASLR, then the program."""
        try:
            pairs = [(command_r, answer_w) for command_r, _, _, answer_w in self.pipes]
            high = [(os.dup2(r, 100 + 2 * k), os.dup2(w, 101 + 2 * k))
                    for k, (r, w) in enumerate(pairs)]  # fmt: skip
            for k, (r, w) in enumerate(high):
                os.dup2(r, 10 + 2 * k)
                os.dup2(w, 11 + 2 * k)
            os.closerange(10 + 2 * TASKS, 400)
            ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)
            os.execve(program, [str(program)], {})
        finally:
            os._exit(127)

    def _read(self, k: int) -> Answer:
        data = os.read(self.pipes[k][2], ANSWER.size)
        if len(data) != ANSWER.size:
            raise HostError(f"task {k} is gone: {len(data)} bytes of its answer")
        return Answer(*ANSWER.unpack(data))

    def run(self, op: Op) -> Answer:
        """Carry out one command."""
        kind = KINDS.get(op.name, SYSCALL)
        args = list(op.args)
        if op.name == "reap":
            args = [self.pids[op.args[0]]]
        elif kind == SYSCALL:
            args = self._syscall(op)
        words = [a & 0xFFFFFFFFFFFFFFFF for a in args]
        os.write(self.pipes[op.task][1], COMMAND.pack(kind, *words, *[0] * (7 - len(words))))
        if op.name == "exit":
            return Answer()
        answer = self._read(op.task)
        if op.name == "reap" and answer.result >= 0:
            del self.pids[op.args[0]]  # the number may soon be somebody else's
        if op.name == "fork":
            if answer.result > 0:
                self.pids[op.args[0]] = answer.result
                self._read(op.args[0])
            return Answer(result=min(answer.result, 0))
        return answer

    def _syscall(self, op: Op) -> list[int]:
        args = list(op.args)
        slot = 0x10000000 + op.task * 0x10000
        if op.name == "brk":
            args = [max(0, self._brk(op.task) + args[0])]
        elif op.name == "mmap":
            args += [0xFFFFFFFFFFFFFFFF, 0]
        elif op.name == "mincore":
            args.append(slot + 0x1000)
        elif op.name == "mlock2":
            args.append(1)
        return [NR[op.name], *args]

    def _brk(self, k: int) -> int:
        """The program break of a task."""
        os.write(self.pipes[k][1], COMMAND.pack(SYSCALL, NR["brk"], *[0] * 6))
        return self._read(k).result

    def smaps(self, k: int) -> str:
        """/proc/PID/smaps of a task."""
        return Path(f"/proc/{self.pids[k]}/smaps").read_text()

    def status(self, k: int) -> str:
        """/proc/PID/status of a task."""
        return Path(f"/proc/{self.pids[k]}/status").read_text()

    def close(self) -> None:
        """End every task of this run."""
        for k, pid in reversed(self.pids.items()):
            if k:
                _kill(pid)
        _kill(self.pids[0])
        os.waitpid(self.pids[0], 0)
        for _, command_w, answer_r, _ in self.pipes:
            os.close(command_w)
            os.close(answer_r)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
