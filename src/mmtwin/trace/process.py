"""A process of the recording and the twin's task of the same pid."""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Iterator
from typing import Any

from mmtwin import binfmt_elf
from mmtwin.elf_image import ET_DYN, ElfImage
from mmtwin.mm import uapi
from mmtwin.mm.pgtable_types import TASK_SIZE_MAX
from mmtwin.mm.vm_flags import VM_SHARED, VM_WRITE
from mmtwin.trace.files import Files
from mmtwin.trace.samples import rss_pages

PAGE_SHIFT = 12
TASK_COMM_LEN = 15
# Out of the way of all recorded mappings: below the stack's rlimit, above any mmap_base.
VDSO_ASIDE = TASK_SIZE_MAX - (64 << 20)


class Process:
    """System calls of one task, by their kernel names. Each raises OSError with the errno."""

    def __init__(self, machine: Any, pid: int, index: int, cpu: int) -> None:
        self.machine, self.pid, self.index, self.cpu = machine, pid, index, cpu
        self.threads = {pid}
        self.reaped = False
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
        return cls(machine, pid, index, cpu)

    @property
    def task(self) -> Any:
        return self.machine.arena.tasks[self.index]

    @property
    def mm_index(self) -> int:
        return int(self.task.mm)

    @property
    def name(self) -> str:
        return str(self.machine.arena.names.get("comm", {}).get(self.index, ""))

    def switch_to(self) -> None:
        """Run: what follows is done by this task."""
        self.machine.processes.switch_to(self.index, self.cpu)

    # -- memory

    def mmap(self, addr: int, length: int, prot: int, flags: int, file: int, pgoff: int) -> int:
        """`file` is an index into `files`, 0 for anonymous memory; `pgoff` in pages."""
        return _check(self.machine.mmap.do_mmap(addr, length, prot, flags, file, pgoff))

    def munmap(self, addr: int, length: int) -> None:
        _check(self.machine.mmap.do_munmap(addr, length))

    def mprotect(self, addr: int, length: int, prot: int) -> None:
        _check(self.machine.mprotect.do_mprotect(addr, length, prot))

    def mremap(self, addr: int, old: int, new: int, flags: int, new_addr: int) -> int:
        return _check(self.machine.mremap.do_mremap(addr, old, new, flags, new_addr))

    def madvise(self, addr: int, length: int, advice: int) -> None:
        _check(self.machine.madvise.do_madvise(addr, length, advice))

    def brk(self, end: int) -> None:
        if int(self.machine.brk.do_brk(end)) != end:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    def mlock(self, addr: int, length: int, flags: int) -> None:
        _check(self.machine.mlock.do_mlock(addr, length, flags))

    def munlock(self, addr: int, length: int) -> None:
        _check(self.machine.mlock.do_munlock(addr, length))

    def mlockall(self, flags: int) -> None:
        _check(self.machine.mlock.do_mlockall(flags))

    def munlockall(self) -> None:
        _check(self.machine.mlock.do_munlockall())

    def shmdt(self, addr: int) -> None:
        """Unmap what one shmat() mapped: the areas from there on with the same file."""
        areas = [v for v in self.vmas() if int(v.vm_end) > addr]
        if not areas or int(areas[0].vm_start) != addr or not int(areas[0].vm_file):
            raise OSError(errno.EINVAL, "nothing is attached there")
        end = addr
        for vma in areas:
            if int(vma.vm_start) != end or int(vma.vm_file) != int(areas[0].vm_file):
                break
            end = int(vma.vm_end)
        self.munmap(addr, end - addr)

    def set_rlimit(self, resource: int, soft: int) -> None:
        """The soft limit; the hard one follows where it has to."""
        if 0 <= resource < uapi.RLIM_NLIMITS:
            at = (self.index * uapi.RLIM_NLIMITS + resource) * 2
            limits = self.machine.arena.rlimits
            limits[at] = soft
            limits[at + 1] = max(int(limits[at + 1]), soft)

    def vmas(self) -> Iterator[Any]:
        """The areas, ascending."""
        index = int(self.machine.arena.mms[self.mm_index].mmap)
        while index:
            vma = self.machine.arena.vmas[index]
            yield vma
            index = int(vma.vm_next)

    # -- life and death

    def fork(self, flags: int, pid: int, cpu: int) -> Process:
        """fork, vfork or clone of a process of its own."""
        index = _check(self.machine.processes.copy_process(flags, pid))
        child = Process(self.machine, pid, index, cpu)
        child.guessed = self.guessed
        names = self.machine.arena.names.setdefault("comm", {})
        names[index] = names.get(self.index, "")
        return child

    def new_thread(self, flags: int, tid: int) -> None:
        """clone(CLONE_THREAD)."""
        _check(self.machine.processes.copy_process(flags, tid))
        self.threads.add(tid)

    def thread_exits(self, tid: int) -> None:
        """One thread less."""
        if tid in self.threads:
            self.threads.remove(tid)
            self.task.nr_threads -= 1

    def prepare_anon_vmas(self) -> None:
        """Give private writable areas the anon_vma that their first write gave them.

        A recording of system calls has no writes. The areas of a child whose parent had written
        there do not merge with new ones (list_is_singular() of is_mergeable_anon_vma()), so this
        shows in maps. Memory that stays untouched until a fork is the exception.
        """
        index = int(self.machine.arena.mms[self.mm_index].mmap)
        while index:
            vma = self.machine.arena.vmas[index]
            following = int(vma.vm_next)
            if int(vma.vm_flags) & (VM_WRITE | VM_SHARED) == VM_WRITE and not int(vma.anon_vma):
                _check(self.machine.rmap.anon_vma_prepare(index))
            index = following

    def exec_name(self, path: str) -> None:
        """comm, as execve sets it."""
        names = self.machine.arena.names
        name = posixpath.basename(path).encode("utf-8", "surrogateescape")[:TASK_COMM_LEN]
        names.setdefault("comm", {})[self.index] = name.decode("utf-8", "replace")
        names.setdefault("cmdline", {})[self.index] = [path]
        self.threads = {self.pid}

    def exec(
        self,
        files: Files,
        program: ElfImage | None,
        interp: ElfImage | None,
        bases: binfmt_elf.Bases,
        room: int,
    ) -> None:
        """The new address space; without a layout, an empty one with a heap.

        `room` is what the recorded kernel left free below the interpreter, 0 if not known.
        """
        if program is None:
            self.exec_mmap()
            mm = self.machine.arena.mms[self.mm_index]
            mm.start_brk = mm.brk = bases.start_brk
            self.guessed = True
            return
        needs = [(program, bases.program), *([(interp, bases.interp)] if interp else [])]
        self.guessed = any(image.type == ET_DYN and not base for image, base in needs)
        if 0 < room < vdso_size(self.machine):
            bases = binfmt_elf.Bases(
                bases.program, bases.interp, bases.start_brk, bases.stack_top, VDSO_ASIDE
            )
        opened = [open_image(files, image) for image, _ in needs]
        try:
            binfmt_elf.exec_layout(
                self, program, interp, bases,
                program_file=opened[0], interp_file=opened[-1] if interp else 0,
            )  # fmt: skip
        finally:
            for file in opened:
                files.page_cache.fput(file)

    def exec_mmap(self) -> None:
        """What binfmt_elf asks of a task: a fresh mm."""
        _check(self.machine.processes.exec_mmap())

    def exit(self, code: int) -> None:
        """The memory goes; the pid stays until the parent waits."""
        self.switch_to()
        status = code if self.how == "killed" else code << 8
        self.machine.processes.do_exit(status)

    def reap(self, parent: int) -> None:
        """The parent (an index into `tasks`, 0 for init) has waited."""
        self.machine.processes.release_task(self.index, parent)
        self.reaped = True
        for names in ("comm", "cmdline"):
            self.machine.arena.names.get(names, {}).pop(self.index, None)

    def remember(self) -> dict[str, Any]:
        """The figures of a summary, taken while the process still has its memory."""
        task, mm = self.task, self.machine.arena.mms[self.mm_index]
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


def vdso_size(machine: Any) -> int:
    """Bytes of vvar and vdso of the machine's kernel."""
    newer = machine.config.kernel >= 613
    parts = binfmt_elf.VDSO_618 if newer else binfmt_elf.VDSO_601
    return sum(pages for _, pages, _ in parts) << PAGE_SHIFT


def _check(result: Any) -> int:
    """A kernel function's result, or OSError."""
    value = int(result)
    if value < 0:
        raise OSError(-value, os.strerror(-value))
    return value
