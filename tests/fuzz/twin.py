"""Runs a sequence on the twin: the same program, executed there, and the same calls."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from mmtwin.binfmt_elf import exec_layout
from mmtwin.elf_image import ElfImage
from mmtwin.machine import Machine
from mmtwin.mm import uapi
from mmtwin.task import Task
from tests.fuzz import files
from tests.fuzz.ops import PAGE, Answer, Op

AREA, AREA_SIZE = 0x10000000, 8 * 0x10000
DRAIN = AREA + AREA_SIZE  # a page that is never touched
STACK_TOP, STACK_SIZE = 0x7FFFFFFFF000, 132 << 10
ORDINARY_USER = 1000


class Twin:
    """The fuzzed program on a machine of its own: a copy of one that has just executed it."""

    def __init__(self, machine: Machine, task: int, opened: dict[int, int]) -> None:
        self.machine, self.files = machine, opened
        self.tasks = {0: task}
        self.pids = {0: int(machine.arena.tasks[task].pid)}
        self._current(0)

    def _current(self, k: int) -> None:
        self.machine.processes.switch_to(self.tasks[k], 0)

    def run(self, op: Op) -> Answer:
        """Carry out one command."""
        self._current(op.task)
        record = self.machine.arena.tasks[self.tasks[op.task]]
        before = int(record.min_flt), int(record.maj_flt)
        answer = getattr(self, f"_{op.name}")(*op.args)
        if not isinstance(answer, Answer):
            answer = Answer(result=int(answer))
        if op.name not in ("fork", "exit", "reap"):
            answer.minflt = int(record.min_flt) - before[0]
            answer.majflt = int(record.maj_flt) - before[1]
        if op.name != "exit":
            self._drain()
        return answer

    def _drain(self) -> None:
        """As child.c after each command: the batches of this CPU go to the LRU lists."""
        self.machine.mlock.do_munlock(DRAIN, PAGE)
        self.machine.madvise.do_madvise(DRAIN, PAGE, uapi.MADV_COLD)

    def _mmap(
        self, addr: int, length: int, prot: int, flags: int, file: int = 0, offset: int = 0
    ) -> int:
        opened = self.files.get(file, 0)
        return self.machine.mmap.do_mmap(addr, length, prot, flags, opened, offset)

    def _munmap(self, addr: int, length: int) -> int:
        return self.machine.munmap.do_munmap(addr, length)

    def _brk(self, increment: int) -> int:
        return self.machine.mmap.do_brk(max(0, int(self.machine.mmap.do_brk(0)) + increment))

    def _mprotect(self, addr: int, length: int, prot: int) -> int:
        return self.machine.mprotect.do_mprotect(addr, length, prot)

    def _mremap(self, addr: int, old: int, new: int, flags: int, new_addr: int) -> int:
        return self.machine.mremap.do_mremap(addr, old, new, flags, new_addr)

    def _madvise(self, addr: int, length: int, advice: int) -> int:
        return self.machine.madvise.do_madvise(addr, length, advice)

    def _mlock(self, addr: int, length: int) -> int:
        return self.machine.mlock.do_mlock(addr, length, 0)

    def _mlock2(self, addr: int, length: int) -> int:
        return self.machine.mlock.do_mlock(addr, length, 1)

    def _munlock(self, addr: int, length: int) -> int:
        return self.machine.mlock.do_munlock(addr, length)

    def _mlockall(self, flags: int) -> int:
        return self.machine.mlock.do_mlockall(flags)

    def _munlockall(self) -> int:
        return self.machine.mlock.do_munlockall()

    def _msync(self, addr: int, length: int, flags: int) -> int:
        return self.machine.msync.do_msync(addr, length, flags)

    def _mincore(self, addr: int, length: int) -> Answer:
        vec = np.zeros(max(1, -(-length // PAGE)), np.uint8)
        result = int(self.machine.mincore.do_mincore(addr, length, vec))
        there = sum(i * int(one & 1) for i, one in enumerate(vec, 1))
        return Answer(result=result, touched=0 if result else there)

    def _rlimit(self, resource: int, soft: int) -> int:
        task = Task(self.machine, int(self.machine.arena.current[0].task), 0)
        task.setrlimit(resource, min(soft, task.getrlimit(resource)[1]))
        return 0

    def _setuid(self, uid: int) -> int:
        self.machine.arena.tasks[self.machine.arena.current[0].task].uid = uid
        return 0

    def _read(self, addr: int, length: int, stride: int) -> Answer:
        return self._touch(addr, length, stride, 0)

    def _write(self, addr: int, length: int, stride: int) -> Answer:
        return self._touch(addr, length, stride, 1)

    def _touch(self, addr: int, length: int, stride: int, write: int) -> Answer:
        answer = Answer()
        for at in range(addr, addr + length, stride):
            signal = int(self.machine.access.access(at, write))
            if signal:
                info = self.machine.arena.siginfo[0]
                answer.signal, answer.code = signal, int(info.si_code)
                break
            answer.touched += 1
        return answer

    def _fork(self, child: int) -> int:
        pid = 1000 + child
        parent = int(self.machine.arena.current[0].task)
        task = self.machine.processes.copy_process(0, pid)
        if task < 0:
            return int(task)
        self.tasks[child], self.pids[child] = int(task), pid
        self._current(child)
        touch_own_pages(self.machine)
        self._drain()
        self.machine.processes.switch_to(parent, 0)
        touch_own_pages(self.machine)
        return 0

    def _exit(self, code: int) -> int:
        self.machine.processes.do_exit(code << 8)
        return 0

    def _reap(self, child: int) -> int:
        reaper = self.machine.arena.current[0].task
        return self.machine.processes.release_task(self.tasks[child], reaper)

    def smaps(self, k: int) -> str:
        """/proc/PID/smaps of a task."""
        return self.machine.read(f"/proc/{self.pids[k]}/smaps")

    def status(self, k: int) -> str:
        """/proc/PID/status of a task."""
        return self.machine.read(f"/proc/{self.pids[k]}/status")

    def close(self) -> None:
        """Let every task exit."""
        for k, task in reversed(self.tasks.items()):
            if self.machine.arena.tasks[task].mm:
                self._current(k)
                self.machine.processes.do_exit(9)
            if self.machine.arena.tasks[task].pid == self.pids[k]:
                self.machine.processes.release_task(task, 0)


def touch_own_pages(machine: Machine) -> None:
    """As child.c: every page of its own is present, and writable where it is private."""
    access = machine.access.access
    for at in range(0x400000, 0x402000, PAGE):
        access(at, 0)
    for at in range(AREA, AREA + AREA_SIZE, PAGE):
        access(at, 1)
    for at in range(STACK_TOP - STACK_SIZE, STACK_TOP, PAGE):
        access(at, 1)


class Booted:
    """A machine on which the program was executed once; each sequence gets a copy."""

    def __init__(self, image: ElfImage, kernel: str, engine: str | None) -> None:
        self.image = image
        self.machine = Machine(ram="256M", cpus=1, kernel=kernel, engine=engine)
        self.files = files.make_all(self.machine)
        self.task = self._exec(image)

    def as_on(self, limits: dict[int, tuple[int, int]], locks_freely: bool) -> Booted:
        """Give the program the limits that it has on a host, and root's right to lock or not."""
        task = Task(self.machine, self.task, 0)
        for resource, (soft, hard) in limits.items():
            task.setrlimit(resource, soft, hard)
        if not locks_freely:
            self.machine.arena.tasks[self.task].uid = ORDINARY_USER
        return self

    def _exec(self, image: ElfImage) -> int:
        m = self.machine
        index = int(m.processes.kernel_clone_init(1, 0))
        exec_layout(SimpleNamespace(machine=m, index=index), image)
        flags = uapi.MAP_SHARED | uapi.MAP_ANONYMOUS | uapi.MAP_FIXED
        m.mmap.do_mmap(AREA, AREA_SIZE, uapi.PROT_READ | uapi.PROT_WRITE, flags, 0, 0)
        flags = uapi.MAP_PRIVATE | uapi.MAP_ANONYMOUS | uapi.MAP_FIXED
        m.mmap.do_mmap(DRAIN, PAGE, 0, flags, 0, 0)
        touch_own_pages(m)
        return index

    def start(self) -> Twin:
        """A fresh run."""
        return Twin(self.machine.fork(), self.task, self.files)
