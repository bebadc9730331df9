"""A process of the recording and the twin's task of the same pid."""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mmtwin import binfmt_elf, cgroups
from mmtwin.binfmt_elf import Bases
from mmtwin.config import RUN_CGROUP
from mmtwin.elf_image import ET_DYN, ElfImage
from mmtwin.mm import uapi
from mmtwin.mm.pgtable_types import TASK_SIZE_MAX
from mmtwin.mm.vm_flags import VM_SHARED, VM_WRITE
from mmtwin.task import Task
from mmtwin.trace.files import Files
from mmtwin.trace.samples import rss_pages

PAGE_SHIFT = 12
TASK_COMM_LEN = 15
# Out of the way of all recorded mappings: below the stack's rlimit, above any mmap_base.
VDSO_ASIDE = TASK_SIZE_MAX - (64 << 20)


class Process(Task):
    """A task with what the recording says of it."""

    def __init__(self, machine: Any, index: int, pid: int) -> None:
        super().__init__(machine, index, pid)
        self.threads = {pid}
        self.guessed = False  # execve's addresses are not the recorded ones
        self.started_ns = self.ended_ns = 0
        self.how, self.code = "", 0
        self.remembered: dict[str, Any] = {}

    @classmethod
    def spawn(cls, machine: Any, pid: int, cpu: int) -> Process:
        """A task without a parent and with an empty address space."""
        index = int(machine.processes.kernel_clone_init(pid, cpu))
        if not index:
            raise OSError(errno.ENOMEM, "no memory for a task")
        if RUN_CGROUP in machine.config.cgroups:
            cgroups.attach(machine, cgroups.find(machine, RUN_CGROUP), index)
        return cls(machine, index, pid)

    @property
    def record(self) -> Any:
        return self.machine.arena.tasks[self.index]

    @property
    def ppid(self) -> int:
        return int(self.record.ppid)

    def mechanism(self, name: str, function: str) -> Callable[..., int]:
        """An engine function (NotModelledError where there is none yet)."""
        return self._mechanism(name, function)

    def switch_to(self) -> None:
        """Run: accesses are this task's."""
        self.machine.processes.switch_to(self.index, int(self.record.cpu))

    def set_brk(self, end: int) -> None:
        """A brk(2) that the recording was granted."""
        if self.brk(end) != end:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    def shmdt(self, addr: int) -> None:
        """Unmap what one shmat() mapped: the areas from there on with the same file."""
        areas = [v for v in self.vmas() if v.end > addr]
        if not areas or areas[0].start != addr or not areas[0].file:
            raise OSError(errno.EINVAL, "nothing is attached there")
        end = addr
        for vma in areas:
            if vma.start != end or vma.file != areas[0].file:
                break
            end = vma.end
        self.munmap(addr, end - addr)

    def set_soft_limit(self, resource: int, soft: int) -> None:
        """setrlimit(2); the hard limit follows where it has to."""
        if 0 <= resource < uapi.RLIM_NLIMITS:
            self.setrlimit(resource, soft, max(soft, self.getrlimit(resource)[1]))

    # -- life and death

    def child(self, flags: int, pid: int, cpu: int) -> Process:
        """fork, vfork or clone of a process of its own."""
        task = self.clone(flags, pid)
        child = Process(self.machine, task.index, pid)
        child.record.cpu = cpu
        child.guessed = self.guessed
        return child

    def new_thread(self, flags: int, tid: int) -> None:
        """clone(CLONE_THREAD)."""
        self.clone(flags, tid)
        self.threads.add(tid)

    def thread_exits(self, tid: int) -> None:
        """One thread less."""
        if tid in self.threads:
            self.threads.remove(tid)
            self.record.nr_threads -= 1

    def prepare_anon_vmas(self) -> None:
        """Give private writable areas the anon_vma that their first write gave them.

        A recording of system calls has no writes. The areas of a child whose parent had written
        there do not merge with new ones (list_is_singular() of is_mergeable_anon_vma()), so this
        shows in maps. Memory that stays untouched until a fork is the exception.
        """
        index = int(self.mm.mmap)
        while index:
            vma = self.machine.arena.vmas[index]
            following = int(vma.vm_next)
            private = int(vma.vm_flags) & (VM_WRITE | VM_SHARED) == VM_WRITE
            if private and not int(vma.anon_vma) and self.machine.rmap.anon_vma_prepare(index):
                raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
            index = following

    def exec_name(self, path: str) -> None:
        """comm, as execve sets it."""
        names = self.machine.arena.names
        name = posixpath.basename(path).encode("utf-8", "surrogateescape")[:TASK_COMM_LEN]
        names.setdefault("comm", {})[self.index] = name.decode("utf-8", "replace")
        names.setdefault("cmdline", {})[self.index] = [path]
        self.threads = {self.pid}

    def exec_recorded(
        self,
        files: Files,
        program: ElfImage | None,
        interp: ElfImage | None,
        bases: Bases,
        room: int,
    ) -> None:
        """The new address space; without a layout, an empty one with a heap.

        `room` is what the recorded kernel left free below the interpreter, 0 if not known.
        """
        if program is None:
            self.exec_mmap()
            self.mm.start_brk = self.mm.brk = bases.start_brk
            self.guessed = True
            return
        needs = [(program, bases.program), *([(interp, bases.interp)] if interp else [])]
        self.guessed = any(image.type == ET_DYN and not base for image, base in needs)
        if 0 < room < binfmt_elf.vdso_size(self.machine):
            bases = replace(bases, vdso=VDSO_ASIDE)
        opened = [open_image(files, image) for image, _ in needs]
        try:
            self.exec(
                program, interp, bases,
                program_file=opened[0], interp_file=opened[-1] if interp else 0,
            )  # fmt: skip
        finally:
            for file in opened:
                files.page_cache.fput(file)

    def end(self) -> None:
        """The memory goes; the pid stays until the parent waits."""
        if self.how == "killed":
            self.kill(self.code)
        else:
            self.exit(self.code)

    def waited_for(self, parent: Process | None) -> None:
        """The parent, or init, has waited."""
        self.reap(parent)
        self.machine.arena.names.get("cmdline", {}).pop(self.index, None)

    def remember(self) -> dict[str, Any]:
        """The figures of a summary, taken while the process still has its memory."""
        task, mm = self.record, self.mm
        rss = rss_pages(self.machine, self.mm_index)
        self.remembered = {
            "pid": self.pid,
            "ppid": int(task.ppid),
            "name": self.name,
            "started_ns": self.started_ns,
            "ended_ns": self.ended_ns,
            "how": self.how,
            "code": self.code,
            "min_flt": int(task.min_flt),
            "maj_flt": int(task.maj_flt),
            "vm_size_kb": int(mm.total_vm) << 2,
            "vm_peak_kb": max(int(mm.hiwater_vm), int(mm.total_vm)) << 2,
            "vm_rss_kb": rss << 2,
            "vm_hwm_kb": max(int(mm.hiwater_rss), rss) << 2,
            "vm_pte_kb": int(mm.pgtables_bytes) >> 10,
            "vmas": int(mm.map_count),
        }
        return self.remembered


def open_image(files: Files, image: ElfImage) -> int:
    """The struct file of a program, as long as the recording or its segments say."""
    end = max((s.offset + s.filesz for s in image.loads()), default=0)
    return files.open(image.path, uapi.O_RDONLY, image.size or end)
