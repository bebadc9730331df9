"""A task of the machine, as a program in it would use it: system calls, loads and stores.

Each call makes the task current first, and returns what the kernel returns or raises OSError
with the kernel's errno. Addresses and lengths are bytes.
"""

from __future__ import annotations

import errno
from typing import Any, NamedTuple

from mmtwin.errors import NotModelledError
from mmtwin.mm.content import (
    FILL_DATABASE,
    FILL_HEAP,
    FILL_PARTLY,
    FILL_STREAM,
    FILL_TEXT,
    FILL_TOUCHED,
    FILL_VALUE,
    FILL_ZERO,
)
from mmtwin.mm.fork import CLONE_THREAD
from mmtwin.mm.pgtable_types import PAGE_SHIFT, PAGE_SIZE
from mmtwin.mm.uapi import (
    MADV_COLLAPSE,
    MADV_GUARD_INSTALL,
    MADV_GUARD_REMOVE,
    MADV_HWPOISON,
    MADV_MERGEABLE,
    MADV_SOFT_OFFLINE,
    MADV_UNMERGEABLE,
    MAP_HUGETLB,
    MREMAP_MAYMOVE,
    MS_SYNC,
    RLIM_INFINITY,
    SIG_LIVELOCK,
    SIGBUS,
    SIGKILL,
    SIGSEGV,
    TASK_ZOMBIE,
)
from mmtwin.mm.vm_flags import VM_STACK_FLAGS
from mmtwin.signals import BusError, Killed, Livelock, SegmentationFault, SignalError
from mmtwin.task_handle import ADDRESS_MASK, checked, os_error, system_call, unsigned
from mmtwin.vfs.name_calls import NameCalls
from mmtwin.vfs.shm_calls import ShmCalls

__all__ = [
    "BusError", "Killed", "Livelock", "SegmentationFault", "SignalError", "Task", "VmaView",
]  # fmt: skip

ADVICE_NOT_MODELLED = {
    MADV_MERGEABLE: "MADV_MERGEABLE",
    MADV_UNMERGEABLE: "MADV_UNMERGEABLE",
    MADV_COLLAPSE: "MADV_COLLAPSE",
    MADV_HWPOISON: "MADV_HWPOISON",
    MADV_SOFT_OFFLINE: "MADV_SOFT_OFFLINE",
    MADV_GUARD_INSTALL: "MADV_GUARD_INSTALL",
    MADV_GUARD_REMOVE: "MADV_GUARD_REMOVE",
}
FILL_KINDS = {
    "zero": FILL_ZERO, "value": FILL_VALUE, "stream": FILL_STREAM, "partly": FILL_PARTLY,
    "touched": FILL_TOUCHED, "text": FILL_TEXT, "heap": FILL_HEAP, "database": FILL_DATABASE,
}  # fmt: skip
STACK_PAGES = 33  # of a new program: the page of its arguments and 128 KiB


class VmaView(NamedTuple):
    """One mapping, as /proc/PID/maps shows it, with its vm_flags."""

    start: int
    end: int
    flags: int
    pgoff: int
    file: int


class Task(NameCalls, ShmCalls):
    """A task: its memory, its life. Its files are in vfs/file_calls.py and vfs/name_calls.py."""

    # Mappings

    @system_call
    def mmap(
        self, addr: int, length: int, prot: int, flags: int, file: int = 0, offset: int = 0
    ) -> int:
        """mmap(2); `file` is an index into `files`, 0 for MAP_ANONYMOUS. The address."""
        if offset % PAGE_SIZE:
            raise os_error(errno.EINVAL, "mmap")
        if flags & MAP_HUGETLB:
            raise NotModelledError("mmap", "MAP_HUGETLB is not modelled yet")
        do_mmap = self._call().mmap.do_mmap
        return checked(do_mmap(*unsigned(addr, length, prot, flags), file, offset >> PAGE_SHIFT))

    @system_call
    def munmap(self, addr: int, length: int) -> int:
        """munmap(2)."""
        return checked(self._call().munmap.do_munmap(*unsigned(addr, length)))

    @system_call
    def brk(self, addr: int) -> int:
        """brk(2) as the system call: the break that is now in force, in bytes."""
        return int(self._call().mmap.do_brk(addr & ADDRESS_MASK))

    @system_call
    def mprotect(self, addr: int, length: int, prot: int) -> int:
        """mprotect(2)."""
        return self._do("mprotect", "do_mprotect", addr, length, prot)

    @system_call
    def mremap(
        self,
        addr: int,
        old_length: int,
        new_length: int,
        flags: int = MREMAP_MAYMOVE,
        new_addr: int = 0,
    ) -> int:
        """mremap(2): the address."""
        return self._do("mremap", "do_mremap", addr, old_length, new_length, flags, new_addr)

    @system_call
    def madvise(self, addr: int, length: int, advice: int) -> int:
        """madvise(2) (NotModelledError for advice that needs a mechanism not there yet)."""
        if advice in ADVICE_NOT_MODELLED:
            raise NotModelledError("madvise", f"{ADVICE_NOT_MODELLED[advice]} is not modelled yet")
        return self._do("madvise", "do_madvise", addr, length, advice)

    @system_call
    def msync(self, addr: int, length: int, flags: int = MS_SYNC) -> int:
        """msync(2)."""
        return self._do("msync", "do_msync", addr, length, flags)

    @system_call
    def mlock(self, addr: int, length: int) -> int:
        """mlock(2)."""
        return self._do("mlock", "do_mlock", addr, length, 0)

    @system_call
    def mlock2(self, addr: int, length: int, flags: int) -> int:
        """mlock2(2)."""
        if flags & ~1:
            raise os_error(errno.EINVAL, "mlock2")
        return self._do("mlock", "do_mlock", addr, length, flags)

    def munlock(self, addr: int, length: int) -> int:
        """munlock(2)."""
        return self._do("mlock", "do_munlock", addr, length)

    @system_call
    def mlockall(self, flags: int) -> int:
        """mlockall(2)."""
        return self._do("mlock", "do_mlockall", flags)

    def munlockall(self) -> int:
        """munlockall(2)."""
        return self._do("mlock", "do_munlockall")

    def mincore(self, addr: int, length: int) -> bytes:
        """mincore(2): one byte a page, 1 where it is in memory."""
        import numpy as np

        function = self._mechanism("mincore", "do_mincore")
        pages = -(-length // PAGE_SIZE)
        vec = np.zeros(max(1, pages), np.uint8)
        checked(function(*unsigned(addr, length), vec))
        return vec[:pages].tobytes()

    # Loads and stores

    def read(self, addr: int, length: int = 1, stride: int = PAGE_SIZE) -> int:
        """Load one byte every `stride` bytes, ascending: how many (or SignalError)."""
        return self._touch(addr, length, stride, 0)

    def write(self, addr: int, length: int = 1, stride: int = PAGE_SIZE) -> int:
        """Store one byte every `stride` bytes, ascending: how many (SignalError as in read())."""
        return self._touch(addr, length, stride, 1)

    def fill(self, addr: int, length: int, kind: str, seed: int = 0, words: int = 0) -> int:
        """Write whole pages, ascending: how many (SignalError as in read()).

        `kind` is what they hold, as far as compression can tell: "zero", "value" (64-bit `seed` in
        every word), "stream" (a generator's words from `seed` on), "partly" (`words` of them a
        page, then zeros), "touched" (one byte of a page of zeros), or a class that was measured:
        "text", "heap", "database".
        """
        if kind not in FILL_KINDS:
            raise ValueError(f"{kind!r} is none of {', '.join(FILL_KINDS)}")
        machine = self._call()
        done = int(
            machine.content.fill(
                addr & ADDRESS_MASK, length, FILL_KINDS[kind], seed & ADDRESS_MASK, words
            )
        )
        if done * PAGE_SIZE < length:
            self._raise_signal(done)
        return done

    def _touch(self, addr: int, length: int, stride: int, write: int) -> int:
        access = self._call().access
        done = int(access.touch_range(addr & ADDRESS_MASK, length, stride, write))
        if done * stride < length:
            self._raise_signal(done)
        return done

    def _raise_signal(self, done: int) -> None:
        info = self.machine.arena.siginfo[0]
        signal = int(info.si_signo)
        kinds = {SIGSEGV: SegmentationFault, SIGBUS: BusError, SIG_LIVELOCK: Livelock}
        kind = kinds.get(signal, Killed)
        if kind is Killed and self.alive:
            self.machine.processes.do_exit(SIGKILL)
        raise kind(signal, int(info.si_code), int(info.si_addr), done)

    # Life

    def fork(self, pid: int | None = None) -> Task:
        """fork(2): the child."""
        return self.clone(0, pid)

    @system_call
    def clone(self, flags: int, pid: int | None = None) -> Task:
        """clone(2): the child; with CLONE_THREAD this task, which has one thread more."""
        number = int(self.machine.processes.alloc_pid()) if pid is None else pid
        index = checked(self._call().processes.copy_process(flags, number))
        if flags & CLONE_THREAD:
            return self
        names = self.machine.arena.names.setdefault("comm", {})
        names[index] = names.get(self.index, "")
        return Task(self.machine, index, number)

    def exec_mmap(self, name: str | None = None) -> None:
        """A fresh, empty address space: what execve(2) does first."""
        checked(self._call().processes.exec_mmap())
        checked(self.machine.processes.prepare_bprm_creds())
        if name is not None:
            self.machine.arena.names.setdefault("comm", {})[self.index] = name

    @system_call
    def exec(self, *arguments: Any, **keywords: Any) -> Any:
        """execve(2) of an ELF program: the arguments of `mmtwin.binfmt_elf.exec_layout()`."""
        from mmtwin import binfmt_elf

        self._call()
        return binfmt_elf.exec_layout(self, *arguments, **keywords)

    def map_stack_and_vdso(self) -> None:
        """What even an empty program has, where a kernel without ASLR puts it."""
        from mmtwin import binfmt_elf

        machine = self._call()
        mm, special = self.mm_index, machine.special_mapping
        top = int(self.mm.task_size)
        start = top - STACK_PAGES * PAGE_SIZE
        checked(special.insert_vm_struct(mm, start, top, VM_STACK_FLAGS))
        self.mm.start_stack = top - PAGE_SIZE
        binfmt_elf.map_vdso(machine, mm)

    def exit(self, code: int = 0) -> None:
        """exit_group(2): a zombie from now on, until it is reaped."""
        self._call().processes.do_exit((code & 0xFF) << 8)

    def kill(self, signal: int = SIGKILL) -> None:
        """The end by a signal that is not caught."""
        self._call().processes.do_exit(signal & 0x7F)

    def wait(self, child: Task) -> int:
        """waitpid(2) for a child that has exited: its status (code << 8 | signal).

        Its faults are counted into cmin_flt and cmaj_flt. BlockingIOError while it runs.
        """
        return child.reap(self)

    def reap(self, parent: Task | None = None) -> int:
        """Release the record of an exited task: its status (BlockingIOError while it runs)."""
        if int(self._record.state) != TASK_ZOMBIE:
            raise os_error(errno.EAGAIN, f"pid {self.pid} has not exited")
        status = self.machine.processes.release_task(self.index, parent.index if parent else 0)
        self.machine.arena.names.get("comm", {}).pop(self.index, None)
        return int(status)

    def setrlimit(self, resource: int, soft: int, hard: int | None = None) -> None:
        """setrlimit(2) (RLIMIT_*), in bytes or what the resource counts; -1 is no limit.

        Only root raises the hard limit (EPERM).
        """
        limits, at = self.machine.arena.rlimits, self.index * 32 + 2 * resource
        soft &= RLIM_INFINITY
        hard = int(limits[at + 1]) if hard is None else hard & RLIM_INFINITY
        if soft > hard:
            raise os_error(errno.EINVAL, "setrlimit")
        if hard > int(limits[at + 1]) and int(self._record.uid):
            raise os_error(errno.EPERM, "setrlimit")
        limits[at], limits[at + 1] = soft, hard

    def getrlimit(self, resource: int) -> tuple[int, int]:
        """getrlimit(2): soft and hard."""
        limits, at = self.machine.arena.rlimits, self.index * 32 + 2 * resource
        return int(limits[at]), int(limits[at + 1])

    # Looking

    @property
    def name(self) -> str:
        """comm."""
        return str(self.machine.arena.names.get("comm", {}).get(self.index, ""))

    @property
    def min_flt(self) -> int:
        """Minor faults so far."""
        return int(self._record.min_flt)

    @property
    def maj_flt(self) -> int:
        """Major faults so far."""
        return int(self._record.maj_flt)

    @property
    def mm(self) -> Any:
        """The Mm record: `task.mm.total_vm`. ProcessLookupError once exited."""
        if not self.alive:
            raise os_error(errno.ESRCH, f"pid {self.pid} has no address space")
        return self.machine.arena.mms[self.mm_index]

    def vmas(self) -> list[VmaView]:
        """All mappings, in address order."""
        records, found = self.machine.arena.vmas, []
        index = int(self.mm.mmap)
        while index:
            v = records[index]
            found.append(
                VmaView(*map(int, (v.vm_start, v.vm_end, v.vm_flags, v.vm_pgoff, v.vm_file)))
            )
            index = int(v.vm_next)
        return found
