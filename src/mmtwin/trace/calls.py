"""How each op of a trace is made again on the twin: op -> function(replay, event)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from mmtwin.binfmt_elf import Bases
from mmtwin.mm import uapi
from mmtwin.mm.fork import CLONE_THREAD
from mmtwin.mm.vm_flags import VM_NORESERVE
from mmtwin.trace.events import Event
from mmtwin.trace.files import is_special
from mmtwin.vfs.paths import set_path

if TYPE_CHECKING:
    from mmtwin.trace.process import Process
    from mmtwin.trace.replay import Replay

PLACED = uapi.MAP_FIXED | uapi.MAP_FIXED_NOREPLACE
MADV_OF_OTHERS = frozenset({100, 101})  # HWPOISON, SOFT_OFFLINE: the machine's memory, not a range
SHM_NORESERVE, SHM_RDONLY, SHM_EXEC = 0o10000, 0o10000, 0o100000  # shmget, shmat, shmat
IPC_RMID = 0
PR_SET_VMA = 0x53564D41
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE = 1, 2
PAGE_SIZE = 4096


def mmap(replay: Replay, e: Event) -> None:
    """At the recorded address: what was placed by the kernel replaces nothing."""
    process = replay.process(e)
    flags = e.flags if e.flags & PLACED else e.flags | uapi.MAP_FIXED_NOREPLACE
    if e.file == "/dev/zero" and e.flags & uapi.MAP_SHARED:  # mmap_zero(): shmem_zero_setup()
        flags |= uapi.MAP_ANONYMOUS
    file = 0
    if not flags & uapi.MAP_ANONYMOUS:
        file = replay.files.mapped(process, e.fd, e.file, e.offset + e.length)
    process.mmap(e.result, e.length, e.prot, flags, file, e.offset)


def munmap(replay: Replay, e: Event) -> None:
    replay.process(e).munmap(e.addr, e.length)


def mprotect(replay: Replay, e: Event) -> None:
    replay.process(e).mprotect(e.addr, e.length, e.prot)


def mremap(replay: Replay, e: Event) -> None:
    """In place where it stayed, to the recorded address where it moved."""
    moved = e.result != e.addr
    flags = e.flags & uapi.MREMAP_DONTUNMAP
    if moved:
        flags |= uapi.MREMAP_MAYMOVE | uapi.MREMAP_FIXED
    replay.process(e).mremap(e.addr, e.length, e.offset, flags, e.result if moved else 0)


def madvise(replay: Replay, e: Event) -> None:
    if e.flags not in MADV_OF_OTHERS:
        replay.process(e).madvise(e.addr, e.length, e.flags)


def brk(replay: Replay, e: Event) -> None:
    """brk(NULL) asks; one that failed gives the old break and changes nothing."""
    if e.addr and e.addr == e.result:
        replay.process(e).set_brk(e.addr)


def mlock(replay: Replay, e: Event) -> None:
    replay.process(e).mlock(e.addr, e.length)


def mlock2(replay: Replay, e: Event) -> None:
    replay.process(e).mlock2(e.addr, e.length, e.flags)


def munlock(replay: Replay, e: Event) -> None:
    replay.process(e).munlock(e.addr, e.length)


def mlockall(replay: Replay, e: Event) -> None:
    replay.process(e).mlockall(e.flags)


def munlockall(replay: Replay, e: Event) -> None:
    replay.process(e).munlockall()


def prctl(replay: Replay, e: Event) -> None:
    """Names of anonymous memory are not modelled."""
    if e.flags == PR_SET_VMA:
        raise OSError(errno.EOPNOTSUPP, "PR_SET_VMA_ANON_NAME is not modelled")


def prlimit64(replay: Replay, e: Event) -> None:
    replay.process(e).set_soft_limit(e.flags, e.length)


def shmget(replay: Replay, e: Event) -> None:
    """The segment: its name and its size; accounted when it is made."""
    path = f"/SYSV{e.addr & 0xFFFFFFFF:08x}#{e.result} (deleted)"
    if e.result not in replay.shared_memory:
        replay.shared_memory[e.result] = (path, e.length)
        replay.files.inode(path, e.length, VM_NORESERVE if e.flags & SHM_NORESERVE else 0)


def shmat(replay: Replay, e: Event) -> None:
    """Each attach is a struct file of its own."""
    if e.fd not in replay.shared_memory:
        raise OSError(errno.EINVAL, f"segment {e.fd} was made before the recording")
    path, size = replay.shared_memory[e.fd]
    prot = uapi.PROT_READ | (0 if e.flags & SHM_RDONLY else uapi.PROT_WRITE)
    prot |= uapi.PROT_EXEC if e.flags & SHM_EXEC else 0
    flags = uapi.MAP_SHARED | uapi.MAP_FIXED_NOREPLACE
    mode = uapi.O_RDONLY if e.flags & SHM_RDONLY else uapi.O_RDWR
    file = replay.files.open(path, mode, size)
    set_path(replay.machine, file, path.partition("#")[0])
    try:
        replay.process(e).mmap(e.result, size, prot, flags, file, 0)
    finally:
        replay.files.page_cache.fput(file)


def shmdt(replay: Replay, e: Event) -> None:
    replay.process(e).shmdt(e.addr)


def shmctl(replay: Replay, e: Event) -> None:
    """IPC_RMID: the segment lives as long as it is attached."""
    if e.flags == IPC_RMID and e.fd in replay.shared_memory:
        replay.files.forget(replay.shared_memory[e.fd][0])


def clone(replay: Replay, e: Event) -> None:
    """A thread joins its process, anything else becomes one."""
    if e.result <= 0:
        return
    if e.flags & CLONE_THREAD:
        replay.process(e).new_thread(e.flags, e.result)
    else:
        replay.fork(e)


def execve(replay: Replay, e: Event) -> None:
    """The new address space is made at exec_layout, which follows."""
    replay.process(e).exec_name(e.file)


def exec_layout(replay: Replay, e: Event) -> None:
    process = replay.process(e)
    program = replay.trace.elfs.find(e.file)
    if program is None:
        replay.unknown_programs.setdefault(e.file or "?", e.line)
    interp = replay.trace.elfs.find(program.interp) if program and program.interp else None
    if program and program.interp and interp is None:
        replay.unknown_programs.setdefault(program.interp, e.line)
    process.exec_recorded(replay.files, program, interp, Bases(e.addr, e.addr2, e.offset), e.length)


def exit_group(replay: Replay, e: Event) -> None:
    replay.end(e, "exited", e.flags & 0xFF)


def exit(replay: Replay, e: Event) -> None:
    """A thread ends; the last one ends the process."""
    process = replay.processes.get(e.pid)
    if process is not None:
        process.thread_exits(e.tid)
        if not process.threads:
            replay.end(e, "exited", e.result & 0xFF if e.op == "exited" else e.flags & 0xFF)


def killed(replay: Replay, e: Event) -> None:
    """A deadly signal takes the whole process."""
    replay.end(e, "killed", e.result)


def wait4(replay: Replay, e: Event) -> None:
    """The parent learns of the end: the zombie goes."""
    child = replay.zombies.get(e.result)
    if child is not None:
        replay.reap(child, replay.process(e))


def open_(replay: Replay, e: Event) -> None:
    if e.file:
        replay.files.opened(replay.process(e), e.result, e.file, e.flags)


def memfd_create(replay: Replay, e: Event) -> None:
    replay.files.opened(replay.process(e), e.result, e.file, uapi.O_RDWR)


def close(replay: Replay, e: Event) -> None:
    replay.files.closed(replay.process(e), e.fd)


def close_range(replay: Replay, e: Event) -> None:
    """Descriptors fd .. length; CLOSE_RANGE_CLOEXEC has closed them at execve."""
    process = replay.process(e)
    for fd in [fd for fd in process.fds if e.fd <= fd <= e.length]:
        replay.files.closed(process, fd)


def dup(replay: Replay, e: Event) -> None:
    """dup, dup2, dup3, fcntl(F_DUPFD)."""
    if e.file and e.fd != e.result:
        replay.files.duplicated(replay.process(e), e.fd, e.result, e.file, e.flags)


def stat(replay: Replay, e: Event) -> None:
    """How long a file is."""
    if e.file and not is_special(e.file):
        replay.files.sized(e.file, e.length)


def _on_file(replay: Replay, e: Event) -> tuple[Process, int] | None:
    """The process and the open file of a call on a regular file."""
    process = replay.process(e)
    if not e.file or is_special(e.file):
        return None
    if e.fd < 0:
        return process, replay.files.kept_open(e.file)
    return process, replay.files.of_fd(process, e.fd, e.file)


def fadvise64(replay: Replay, e: Event) -> None:
    if found := _on_file(replay, e):
        call = found[0].mechanism("fadvise", "generic_fadvise")
        _checked(call(found[1], e.offset, e.length, e.flags))


def readahead(replay: Replay, e: Event) -> None:
    if found := _on_file(replay, e):
        call = found[0].mechanism("readahead", "ksys_readahead")
        _checked(call(found[1], e.offset, e.length))


def fsync(replay: Replay, e: Event) -> None:
    """fsync, fdatasync."""
    if found := _on_file(replay, e):
        data_only = int(e.op == "fdatasync")
        call = found[0].mechanism("page_writeback", "vfs_fsync_range")
        _checked(call(found[1], 0, (1 << 63) - 1, data_only))


def fallocate(replay: Replay, e: Event) -> None:
    """A hole drops the pages in it; room is given without one."""
    if found := _on_file(replay, e):
        inode = int(replay.machine.arena.files[found[1]].f_inode)
        if e.flags & FALLOC_FL_PUNCH_HOLE:
            first = -(-e.offset // PAGE_SIZE)
            last = (e.offset + e.length) // PAGE_SIZE - 1
            if first <= last:
                replay.machine.page_cache.truncate_inode_pages(inode, first, last)
        elif not e.flags & FALLOC_FL_KEEP_SIZE:
            replay.files.grow(inode, e.offset + e.length)


def kernel_memory(replay: Replay, e: Event) -> None:
    """So much memory is the kernel's own on the program's behalf, and charged to its cgroup."""
    replay.process(e)
    replay.kernel_memory.resize(-(-e.length // PAGE_SIZE))


def _checked(result: int) -> None:
    if result < 0:
        raise OSError(-result, os.strerror(-result))


def unlink(replay: Replay, e: Event) -> None:
    replay.files.unlinked(e.file)


def rename(replay: Replay, e: Event) -> None:
    old, _, new = e.file.partition("\n")
    replay.files.renamed(old, new)


def truncate(replay: Replay, e: Event) -> None:
    replay.files.truncated(e.file, e.length)


CALLS: dict[str, Callable[[Replay, Event], None]] = {
    "mmap": mmap, "munmap": munmap, "mprotect": mprotect, "pkey_mprotect": mprotect,
    "mremap": mremap, "madvise": madvise, "brk": brk, "mlock": mlock, "mlock2": mlock2,
    "munlock": munlock, "mlockall": mlockall, "munlockall": munlockall, "prctl": prctl,
    "prlimit64": prlimit64, "setrlimit": prlimit64, "shmget": shmget, "shmat": shmat,
    "shmdt": shmdt, "shmctl": shmctl,
    "fork": clone, "vfork": clone, "clone": clone, "clone3": clone,
    "execve": execve, "execveat": execve, "exec_layout": exec_layout, "exit": exit,
    "exited": exit, "exit_group": exit_group, "killed": killed, "wait4": wait4, "open": open_,
    "memfd_create": memfd_create, "close": close, "unlink": unlink, "rename": rename,
    "truncate": truncate, "ftruncate": truncate, "dup": dup, "close_range": close_range,
    "stat": stat, "fadvise64": fadvise64, "readahead": readahead, "fsync": fsync,
    "fdatasync": fsync, "fallocate": fallocate,
    "kernel_memory": kernel_memory,
}  # fmt: skip
