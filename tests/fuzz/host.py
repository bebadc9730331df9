"""Runs a sequence on the kernel of this machine, in the small program of child.c."""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import re
import resource
import signal
import struct
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from mmtwin.config import KERNELS
from tests.fuzz import files
from tests.fuzz.generate import Abilities
from tests.fuzz.ops import LIMITS, NR, PAGE, Answer, Op

ADDR_NO_RANDOMIZE = 0x0040000
TASKS = 8
FIRST_PIPE = files.FIRST_FD - 2 * TASKS
STACK_TOP = 0x7FFFFFFFF000
RLIMIT_STACK = 8 << 20  # the mmap area begins below it
COMMAND = struct.Struct("<8Q")
ANSWER = struct.Struct("<q5Q")
SYSCALL, READ, WRITE, FORK, EXIT, REAP, RLIMIT, MINCORE = range(8)
KINDS = {"read": READ, "write": WRITE, "fork": FORK, "exit": EXIT, "reap": REAP,
         "rlimit": RLIMIT, "mincore": MINCORE}  # fmt: skip
# Capabilities: to change one's user, to lock more than the limit, to look at other users' tasks.
SETUID, IPC_LOCK, SYS_PTRACE = 7, 14, 19
FLAGS = [
    "-O1", "-static", "-nostdlib", "-ffreestanding", "-fno-pic", "-no-pie", "-mgeneral-regs-only",
    "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-Wl,-e,entry,--build-id=none",
]  # fmt: skip


class HostError(Exception):
    """This host cannot run the program."""


class LayoutError(HostError):
    """This host does not let the layout of an address space be controlled."""


def build(directory: Path) -> Path:
    """Compile child.c (HostError where there is no C compiler)."""
    program = directory / "child"
    source = Path(__file__).with_name("child.c")
    try:
        subprocess.run(["gcc", *FLAGS, "-o", str(program), str(source)], check=True)
    except (OSError, subprocess.CalledProcessError) as e:
        raise HostError(f"child.c does not compile: {e}") from e
    return program


def skipped_flags() -> list[str]:
    """VmFlags that this kernel is built without: left out of the comparison."""
    text = Path("/proc/self/smaps").read_text()
    return [] if re.search(r"^VmFlags:.* sd\b", text, re.M) else ["sd"]


def has_exec_only() -> bool:
    """Whether PROT_EXEC alone can be read, as on the twin (protection keys forbid it)."""
    return not re.search(r"^flags.*\bospke\b", Path("/proc/cpuinfo").read_text(), re.M)


def capable(*wanted: int) -> bool:
    """Whether tasks here have these capabilities."""
    row = re.search(r"^CapEff:\s*(\w+)", Path("/proc/self/status").read_text(), re.M)
    has = int(row[1], 16) if row else 0
    return all(has >> bit & 1 for bit in wanted)


def abilities(directory: Path) -> Abilities:
    """What can be tried here, with files in this directory."""
    noexec = os.statvfs(directory).f_flag & os.ST_NOEXEC
    regular = not noexec and not files.is_on_memory(directory)
    return Abilities(has_exec_only(), capable(SETUID, IPC_LOCK, SYS_PTRACE), regular)


def locks_freely() -> bool:
    """Whether RLIMIT_MEMLOCK does not bind tasks here: what root is on the twin."""
    return capable(IPC_LOCK)


def limits() -> dict[int, tuple[int, int]]:
    """Soft and hard limits that the program starts with."""
    found = {number: resource.getrlimit(number) for number in LIMITS.values()}
    found[resource.RLIMIT_STACK] = RLIMIT_STACK, found[resource.RLIMIT_STACK][1]
    return found


def kernel() -> int:
    """This host's version as the twin writes them: 6.18 is 618."""
    major, minor = (int(n) for n in re.findall(r"\d+", platform.release())[:2])
    return major * 100 + minor


def nearest_kernel() -> str:
    """The modelled kernel nearest to this host's, an older one where there is one."""
    older = [k for k in KERNELS if KERNELS[k] <= kernel()]
    return max(older, key=lambda k: KERNELS[k], default=min(KERNELS, key=lambda k: KERNELS[k]))


def check(program: Path) -> None:
    """LayoutError where the layout cannot be controlled (a sandbox that forbids personality(2))."""
    host = Host(program)
    try:
        if f"{STACK_TOP:x} " not in host.smaps(0):
            raise LayoutError("this host places the stack at random, and does not let that be")
    finally:
        host.close()


class Host:
    """One run of the program: task 0 and the tasks that it forks."""

    def __init__(self, program: Path) -> None:
        self.pipes = [(*os.pipe(), *os.pipe()) for _ in range(TASKS)]
        opened = files.open_all(program.parent)
        pid = os.fork()
        if pid == 0:
            self._exec(program, opened)
        for fd in opened:
            os.close(fd)
        self.pids = {0: pid}
        for command_r, _, _, answer_w in self.pipes:
            os.close(command_r)
            os.close(answer_w)
        self._read(0)

    def _exec(self, program: Path, opened: list[int]) -> None:
        """In the child: descriptors in place, no ASLR, then the program."""
        try:
            wanted = [end for pipe in self.pipes for end in (pipe[0], pipe[3])] + opened
            # first out of the way, to numbers that are free: a pipe may have one of those wanted
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in wanted]
            for number, fd in enumerate(high, FIRST_PIPE):
                os.dup2(fd, number)
            os.closerange(FIRST_PIPE + len(high), os.sysconf("SC_OPEN_MAX"))
            cpus = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {cpus[os.getpid() % len(cpus)]})
            _, hard = resource.getrlimit(resource.RLIMIT_STACK)
            resource.setrlimit(resource.RLIMIT_STACK, (RLIMIT_STACK, hard))
            ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)
            os.execve(program, [str(program)], {})
        finally:
            os._exit(127)

    def _read(self, k: int) -> Answer:
        data = os.read(self.pipes[k][2], ANSWER.size)
        if len(data) != ANSWER.size:
            raise HostError(f"task {k} is gone, {len(data)} bytes of its answer; {self._ends()}")
        return Answer(*ANSWER.unpack(data))

    def _ends(self) -> str:
        """What became of task 0, with which all others end."""
        time.sleep(0.1)  # its pipes close before it can be waited for
        info = os.waitid(os.P_PID, self.pids[0], os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if info is None:
            return "task 0 lives"
        killed = info.si_code in (os.CLD_KILLED, os.CLD_DUMPED)
        return f"task 0 {'killed by signal' if killed else 'exited with'} {info.si_status}"

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
        if op.name == "brk":
            args = [max(0, self._brk(op.task) + args[0])]
        elif op.name == "mmap":
            file, offset = args[4:] or (0, 0)
            fd = files.FIRST_FD + file - 1 if file else 0xFFFFFFFFFFFFFFFF
            args[4:] = [fd, offset * PAGE]
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
