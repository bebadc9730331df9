"""What each recorded system call means: strace's arguments to one row of the schema.

Also keeps the tables of file descriptors, for offsets and for recordings made without -y.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mmtwin.trace.events import Event
from mmtwin.trace.open_files import O_APPEND, O_TRUNC, FdTable, FileSizes, OpenFile
from mmtwin.trace.strace_syntax import descriptor, number, split_arguments, string

CLONE_VM, CLONE_FILES, CLONE_THREAD, CLONE_VFORK = 0x100, 0x400, 0x10000, 0x4000
F_DUPFD, F_DUPFD_CLOEXEC = 0, 1030
O_CLOEXEC = 0x80000
SEEK_END = 2
MASK64 = (1 << 64) - 1

_CLONE_FLAGS = re.compile(r"flags=([^,}]+)")
_CLONE_STACK = re.compile(r"(?:child_stack|stack)=(NULL|0x[0-9a-f]+)")
_POINTED = re.compile(r"\[(\d+)\]")
_ST_SIZE = re.compile(r"\bstx?_size=(\d+)")
_RLIM = re.compile(r"rlim_cur=([^,}]+)")


_DUPFD = re.compile(r"^[^,]*(?:>|\d), (?:F_DUPFD\w*|0x406|1030|0x0|0)\b")


def is_lock(call: Call) -> bool:
    """An fcntl that makes no descriptor: databases lock by the ten thousand."""
    return call.name == "fcntl" and not _DUPFD.match(call.arguments)


@dataclass
class Call:
    """One system call of a recording, its two halves put together."""

    line: int
    time_ns: int
    tid: int
    name: str
    arguments: str
    result: int = 0
    unknown_result: bool = False
    result_path: str = ""
    pending: bool = False


class Interpreter:
    """Turns calls, in order of effect, into events."""

    def __init__(self) -> None:
        self._pid: dict[int, int] = {}  # thread -> process
        self._files: dict[int, FdTable] = {}  # by thread; shared objects after CLONE_FILES
        self._cwd: dict[int, str] = {}
        self.sizes = FileSizes()

    def interpret(self, call: Call) -> Iterator[Event]:
        """The events of a call; none for what changes nothing."""
        handler = CALLS[call.name]
        arguments = split_arguments(call.arguments)
        found = handler(self, call, arguments)
        if isinstance(found, Event):
            yield found
        elif found is not None:
            yield from found

    def pid(self, tid: int) -> int:
        """The process that a thread belongs to."""
        return self._pid.setdefault(tid, tid)

    def files(self, tid: int) -> FdTable:
        """The thread's descriptors."""
        return self._files.setdefault(tid, FdTable())

    def event(self, call: Call, op: str = "", **columns: object) -> Event:
        """A row for the call."""
        return Event(
            call.time_ns, call.line, self.pid(call.tid), call.tid, op or call.name,
            result=call.result, **columns,  # type: ignore[arg-type]
        )  # fmt: skip

    def file(self, call: Call, text: str) -> tuple[int, str]:
        """(fd, path) of a descriptor argument: by -y, else by the table."""
        fd, path = descriptor(text)
        if path is None:
            path = self.files(call.tid).path(fd) if fd >= 0 else ""
        return fd, path

    def path(self, call: Call, directory: str, text: str) -> str | None:
        """An absolute path from a path argument and its directory descriptor."""
        name = string(text)
        if name is None:
            return None
        base = ""
        if directory:
            fd, base_path = descriptor(directory)
            base = base_path or ("" if fd < 0 else self.files(call.tid).path(fd))
            if fd == -100 and base_path:
                self._cwd[self.pid(call.tid)] = base_path
        base = base or self._cwd.get(self.pid(call.tid), "")
        if name.startswith("/") or not base:
            return posixpath.normpath(name) if name.startswith("/") else name
        return posixpath.normpath(posixpath.join(base, name))

    # -- address space

    def mmap(self, call: Call, a: list[str]) -> Event | None:
        if call.unknown_result:
            return None
        fd, path = self.file(call, a[4])
        flags = number(a[3])
        if flags & 0x20:  # MAP_ANONYMOUS: the descriptor is not looked at
            path = ""
        elif not path:
            path = f"?fd{fd}"
        return self.event(
            call, addr=number(a[0]), length=number(a[1]), prot=number(a[2]), flags=flags,
            fd=fd, file=path, offset=number(a[5]) & MASK64,
        )  # fmt: skip

    def range(self, call: Call, a: list[str]) -> Event:
        """munmap, mlock, munlock: an address and a length."""
        return self.event(call, addr=number(a[0]), length=number(a[1]))

    def mprotect(self, call: Call, a: list[str]) -> Event:
        return self.event(call, addr=number(a[0]), length=number(a[1]), prot=number(a[2]))

    def flagged_range(self, call: Call, a: list[str]) -> Event:
        """madvise, mlock2, msync: an address, a length and one more number."""
        return self.event(call, addr=number(a[0]), length=number(a[1]), flags=number(a[2]))

    def mremap(self, call: Call, a: list[str]) -> Event | None:
        if call.unknown_result:
            return None
        addr2 = number(a[4]) if len(a) > 4 else 0
        return self.event(
            call, addr=number(a[0]), length=number(a[1]), offset=number(a[2]),
            flags=number(a[3]), addr2=addr2,
        )  # fmt: skip

    def brk(self, call: Call, a: list[str]) -> Event | None:
        return None if call.unknown_result else self.event(call, addr=number(a[0]))

    def mlockall(self, call: Call, a: list[str]) -> Event:
        return self.event(call, flags=number(a[0]) if a else 0)

    def prctl(self, call: Call, a: list[str]) -> Event | None:
        option = a[0]
        if "PR_SET_VMA" in option or option == "0x53564d41":
            name = string(a[4]) if len(a) > 4 else None
            return self.event(
                call, flags=0x53564D41, addr=number(a[2]), length=number(a[3]), file=name or ""
            )
        if "PR_SET_THP_DISABLE" in option or option in ("41", "0x29"):
            return self.event(call, flags=41, addr=number(a[1]))
        return None

    def rlimit(self, call: Call, a: list[str]) -> Event | None:
        """prlimit64(0, RLIMIT_STACK, {rlim_cur=...}, ...) and setrlimit: a new soft limit."""
        at = 1 if call.name == "prlimit64" else 0
        own = at == 0 or number(a[0]) in (0, self.pid(call.tid))
        found = _RLIM.search(a[at + 1]) if len(a) > at + 1 else None
        if not own or found is None:
            return None
        return self.event(call, op="prlimit64", flags=number(a[at]), length=number(found[1]))

    def shmget(self, call: Call, a: list[str]) -> Event:
        return self.event(call, addr=number(a[0]) & MASK64, length=number(a[1]), flags=number(a[2]))

    def shmat(self, call: Call, a: list[str]) -> Event | None:
        if call.unknown_result:
            return None
        return self.event(call, fd=number(a[0]), addr=number(a[1]), flags=number(a[2]))

    def shmdt(self, call: Call, a: list[str]) -> Event:
        return self.event(call, addr=number(a[0]))

    def shmctl(self, call: Call, a: list[str]) -> Event:
        return self.event(call, fd=number(a[0]), flags=number(a[1]) & 0xFF)

    # -- tasks

    def clone(self, call: Call, a: list[str]) -> Event | None:
        """fork, vfork, clone, clone3: the child's descriptors and its process."""
        flags = _CLONE_FLAGS.search(call.arguments)
        bits = {"fork": 0, "vfork": CLONE_VM | CLONE_VFORK}.get(call.name)
        if bits is None:
            bits = number(flags[1].strip()) if flags else 0
        stack = _CLONE_STACK.search(call.arguments)
        child = call.result
        if child <= 0:
            return None if call.unknown_result or not child else self.event(call, flags=bits)
        self._pid[child] = self.pid(call.tid) if bits & CLONE_THREAD else child
        parent = self.files(call.tid)
        self._files[child] = parent if bits & CLONE_FILES else parent.copy()
        if self.pid(call.tid) in self._cwd:
            self._cwd[child] = self._cwd[self.pid(call.tid)]
        address = number(stack[1]) if stack else 0
        return self.event(call, flags=bits, addr=address)

    def execve(self, call: Call, a: list[str]) -> Event | None:
        directory, name = (a[0], a[1]) if call.name == "execveat" else ("", a[0])
        path = self.path(call, directory, name)
        if call.result < 0 or call.unknown_result:
            return None
        self._files[call.tid] = self.files(call.tid).copy()
        self._files[call.tid].exec()
        return self.event(call, op="execve", file=path or "")

    def exit(self, call: Call, a: list[str]) -> Event:
        """exit, exit_group."""
        return self.event(call, flags=number(a[0]) & MASK64 if a else 0)

    def ended(self, call: Call, a: list[str]) -> Event:
        """`+++ exited with 0 +++`, `+++ killed by SIGKILL +++`."""
        return self.event(call)

    def wait4(self, call: Call, a: list[str]) -> Event | None:
        return self.event(call, op="wait4") if call.result > 0 else None

    # -- descriptors

    def open(self, call: Call, a: list[str]) -> Event | None:
        """open, openat, openat2, creat."""
        if call.result < 0 or call.unknown_result:
            return None
        at = call.name.startswith("openat")
        path = self.path(call, a[0] if at else "", a[1 if at else 0])
        rest = a[2 if at else 1 :]
        if call.name == "openat2":
            found = _CLONE_FLAGS.search(rest[0])
            flags = number(found[1]) if found else 0
        else:
            flags = 0x241 if call.name == "creat" else number(rest[0])
        if call.result_path:
            path = descriptor(str(call.result) + call.result_path)[1]
        opened = OpenFile(path or "", bool(flags & O_APPEND))
        self.files(call.tid).set(call.result, opened, bool(flags & O_CLOEXEC))
        if flags & O_TRUNC:
            self.sizes.cut(opened.path, 0)
        return self.event(call, op="open", fd=call.result, file=path or "", flags=flags)

    def memfd_create(self, call: Call, a: list[str]) -> Event | None:
        if call.result < 0 or call.unknown_result:
            return None
        path = f"/memfd:{string(a[0]) or ''} (deleted)"
        flags = number(a[1])
        self.files(call.tid).set(call.result, OpenFile(path), bool(flags & 1))
        return self.event(call, fd=call.result, file=path, flags=flags)

    def close(self, call: Call, a: list[str]) -> Event | None:
        fd, path = self.file(call, a[0])
        if call.result == 0:
            self.files(call.tid).open.pop(fd, None)
            return self.event(call, fd=fd, file=path)
        return None

    def close_range(self, call: Call, a: list[str]) -> Event | None:
        table, first, last = self.files(call.tid), number(a[0]), number(a[1])
        fds = [fd for fd in table.open if first <= fd <= last]
        if number(a[2]) & 4:  # CLOSE_RANGE_CLOEXEC
            table.cloexec.update(fds)
            return None
        for fd in fds:
            del table.open[fd]
        return self.event(call, fd=first, length=last) if fds else None

    def dup(self, call: Call, a: list[str]) -> Event | None:
        """dup, dup2, dup3: another descriptor for the same open file."""
        cloexec = call.name == "dup3" and bool(number(a[2]) & O_CLOEXEC)
        return self._duplicate(call, a[0], cloexec)

    def fcntl(self, call: Call, a: list[str]) -> Event | None:
        """F_DUPFD and F_DUPFD_CLOEXEC."""
        if is_lock(call):
            return None
        return self._duplicate(call, a[0], number(a[1]) == F_DUPFD_CLOEXEC)

    def _duplicate(self, call: Call, text: str, cloexec: bool) -> Event | None:
        if call.result < 0 or call.unknown_result:
            return None
        fd, path = self.file(call, text)
        if not path or fd == call.result:
            return None
        self.files(call.tid).set(call.result, self.open_file(call, text), cloexec)
        flags = O_CLOEXEC if cloexec else 0
        return self.event(call, op="dup", fd=fd, file=path, flags=flags)

    def open_file(self, call: Call, text: str) -> OpenFile:
        """The open file of a descriptor argument; one that was inherited or passed begins here."""
        fd, path = self.file(call, text)
        table = self.files(call.tid)
        found = table.open.get(fd)
        if found is None or (path and found.path != path.removesuffix(" (deleted)")):
            found = OpenFile(path)
            if fd >= 0:
                table.set(fd, found, fd in table.cloexec)
        return found

    def chdir(self, call: Call, a: list[str]) -> None:
        path = self.path(call, "", a[0]) if call.result == 0 else None
        if path and path.startswith("/"):
            self._cwd[self.pid(call.tid)] = path

    def fchdir(self, call: Call, a: list[str]) -> None:
        path = self.file(call, a[0])[1]
        if call.result == 0 and path.startswith("/"):
            self._cwd[self.pid(call.tid)] = path

    # -- files

    def transfer(self, call: Call, a: list[str]) -> Event | None:
        """read, pread64, readv, write, ...: bytes asked for, where in the file, bytes done."""
        if call.unknown_result:
            return None
        fd, _ = self.file(call, a[0])
        file = self.open_file(call, a[0])
        vector = "v" in call.name
        length = max(call.result, 0) if vector else number(a[2])
        at = number(a[3]) & MASK64 if call.name.startswith("p") else None
        offset = self._moved(file, call.result, "write" in call.name, at)
        return self.event(call, fd=fd, file=file.path, length=length, offset=offset)

    def _moved(self, file: OpenFile, done: int, write: bool, at: int | None) -> int:
        """Where bytes went to or came from; `at` is None for the file's position, which moves."""
        offset = file.pos if at is None else at
        if write and file.append:
            offset = self.sizes.now.get(file.path, 0)
        if done > 0:
            (self.sizes.written if write else self.sizes.shown)(file.path, offset + done)
            if at is None:
                file.pos = offset + done
        return offset

    def sendfile(self, call: Call, a: list[str]) -> Iterator[Event]:
        """sendfile(out, in, offset, count): a read and a write."""
        return self._from_to(call, a[1], a[2], a[0], "NULL")

    def copy_file_range(self, call: Call, a: list[str]) -> Iterator[Event]:
        """copy_file_range, splice (in, its offset, out, its offset, length)."""
        return self._from_to(call, a[0], a[1], a[2], a[3])

    def _from_to(
        self, call: Call, source: str, source_at: str, target: str, target_at: str
    ) -> Iterator[Event]:
        if call.unknown_result or call.result <= 0:
            return
        for text, at, op in ((source, source_at, "pread64"), (target, target_at, "pwrite64")):
            file = self.open_file(call, text)
            offset = self._moved(file, call.result, op == "pwrite64", _pointed_at(at))
            fd = self.file(call, text)[0]
            yield self.event(call, op=op, fd=fd, file=file.path, length=call.result, offset=offset)

    def stat(self, call: Call, a: list[str]) -> Event | None:
        """fstat, stat, newfstatat, statx: how long a regular file is."""
        found = _ST_SIZE.search(call.arguments)
        if call.result or call.unknown_result or found is None or "S_IFREG" not in call.arguments:
            return None
        at = call.name in ("newfstatat", "statx")
        if call.name == "fstat" or (at and a[1] == '""'):
            path: str | None = self.file(call, a[0])[1]
        else:
            path = self.path(call, a[0] if at else "", a[1 if at else 0])
        if path:
            self.sizes.shown(path, int(found[1]))
        return self.event(call, op="stat", file=path, length=int(found[1])) if path else None

    def ftruncate(self, call: Call, a: list[str]) -> Event:
        fd, path = self.file(call, a[0])
        return self._truncated(call, fd, path, number(a[1]))

    def truncate(self, call: Call, a: list[str]) -> Event:
        return self._truncated(call, -1, self.path(call, "", a[0]) or "", number(a[1]))

    def _truncated(self, call: Call, fd: int, path: str, length: int) -> Event:
        if call.result == 0:
            self.sizes.cut(path, length)
        return self.event(call, fd=fd, file=path, length=length)

    def fallocate(self, call: Call, a: list[str]) -> Event:
        fd, path = self.file(call, a[0])
        mode, offset, length = number(a[1]), number(a[2]), number(a[3])
        if call.result == 0 and not mode:
            self.sizes.written(path, offset + length)
        return self.event(call, fd=fd, file=path, flags=mode, offset=offset, length=length)

    def readahead(self, call: Call, a: list[str]) -> Event:
        fd, path = self.file(call, a[0])
        return self.event(call, fd=fd, file=path, offset=number(a[1]), length=number(a[2]))

    def lseek(self, call: Call, a: list[str]) -> Event:
        fd, path = self.file(call, a[0])
        whence = number(a[2])
        if call.result >= 0 and not call.unknown_result:
            self.open_file(call, a[0]).pos = call.result
            if whence == SEEK_END and path:
                self.sizes.shown(path, max(call.result - number(a[1]), 0))
        return self.event(call, fd=fd, file=path, offset=number(a[1]) & MASK64, flags=whence)

    def on_file(self, call: Call, a: list[str]) -> Event:
        """fsync, fdatasync."""
        fd, path = self.file(call, a[0])
        return self.event(call, fd=fd, file=path)

    def fadvise64(self, call: Call, a: list[str]) -> Event:
        fd, path = self.file(call, a[0])
        advice = _FADVISE.get(a[3].rpartition("/* ")[2].removesuffix(" */"))
        flags = number(a[3]) if advice is None else advice
        return self.event(
            call, fd=fd, file=path, offset=number(a[1]), length=number(a[2]), flags=flags
        )

    def unlink(self, call: Call, a: list[str]) -> Event | None:
        at = call.name == "unlinkat"
        path = self.path(call, a[0] if at else "", a[1 if at else 0])
        if call.result or path is None or (at and number(a[2]) & 0x200):  # AT_REMOVEDIR
            return None
        self.sizes.cut(path, 0)
        return self.event(call, op="unlink", file=path)

    def rename(self, call: Call, a: list[str]) -> Event | None:
        """One row, both names in `file` with a newline between."""
        if call.name == "rename":
            old, new = self.path(call, "", a[0]), self.path(call, "", a[1])
        else:
            old, new = self.path(call, a[0], a[1]), self.path(call, a[2], a[3])
        if call.result or old is None or new is None:
            return None
        self.sizes.renamed(old, new)
        for table in self._files.values():
            for opened in table.open.values():
                if opened.path == old:
                    opened.path = new
        return self.event(call, op="rename", file=f"{old}\n{new}")


def _pointed_at(text: str) -> int | None:
    """The offset behind a pointer, `[4096]` or `[4096] => [8192]`; None for NULL."""
    found = _POINTED.match(text)
    return int(found[1]) if found else None


_FADVISE = {
    f"POSIX_FADV_{name}": i
    for i, name in enumerate(("NORMAL", "RANDOM", "SEQUENTIAL", "WILLNEED", "DONTNEED", "NOREUSE"))
}

Handler = Callable[[Interpreter, Call, list[str]], Event | Iterator[Event] | None]
CALLS: dict[str, Handler] = {
    "mmap": Interpreter.mmap,
    "munmap": Interpreter.range,
    "mlock": Interpreter.range,
    "munlock": Interpreter.range,
    "mprotect": Interpreter.mprotect,
    "pkey_mprotect": Interpreter.mprotect,
    "madvise": Interpreter.flagged_range,
    "mlock2": Interpreter.flagged_range,
    "msync": Interpreter.flagged_range,
    "mremap": Interpreter.mremap,
    "brk": Interpreter.brk,
    "mlockall": Interpreter.mlockall,
    "munlockall": Interpreter.mlockall,
    "prctl": Interpreter.prctl,
    "prlimit64": Interpreter.rlimit,
    "setrlimit": Interpreter.rlimit,
    "shmget": Interpreter.shmget,
    "shmat": Interpreter.shmat,
    "shmdt": Interpreter.shmdt,
    "shmctl": Interpreter.shmctl,
    "fork": Interpreter.clone,
    "vfork": Interpreter.clone,
    "clone": Interpreter.clone,
    "clone3": Interpreter.clone,
    "execve": Interpreter.execve,
    "execveat": Interpreter.execve,
    "exit": Interpreter.exit,
    "exit_group": Interpreter.exit,
    "exited": Interpreter.ended,
    "killed": Interpreter.ended,
    "wait4": Interpreter.wait4,
    "open": Interpreter.open,
    "openat": Interpreter.open,
    "openat2": Interpreter.open,
    "creat": Interpreter.open,
    "memfd_create": Interpreter.memfd_create,
    "close": Interpreter.close,
    "close_range": Interpreter.close_range,
    "dup": Interpreter.dup,
    "dup2": Interpreter.dup,
    "dup3": Interpreter.dup,
    "fcntl": Interpreter.fcntl,
    "chdir": Interpreter.chdir,
    "fchdir": Interpreter.fchdir,
    "read": Interpreter.transfer,
    "pread64": Interpreter.transfer,
    "readv": Interpreter.transfer,
    "preadv": Interpreter.transfer,
    "write": Interpreter.transfer,
    "pwrite64": Interpreter.transfer,
    "writev": Interpreter.transfer,
    "pwritev": Interpreter.transfer,
    "ftruncate": Interpreter.ftruncate,
    "truncate": Interpreter.truncate,
    "lseek": Interpreter.lseek,
    "sendfile": Interpreter.sendfile,
    "sendfile64": Interpreter.sendfile,
    "copy_file_range": Interpreter.copy_file_range,
    "splice": Interpreter.copy_file_range,
    "fallocate": Interpreter.fallocate,
    "readahead": Interpreter.readahead,
    "stat": Interpreter.stat,
    "lstat": Interpreter.stat,
    "fstat": Interpreter.stat,
    "newfstatat": Interpreter.stat,
    "statx": Interpreter.stat,
    "fsync": Interpreter.on_file,
    "fdatasync": Interpreter.on_file,
    "fadvise64": Interpreter.fadvise64,
    "unlink": Interpreter.unlink,
    "unlinkat": Interpreter.unlink,
    "rename": Interpreter.rename,
    "renameat": Interpreter.rename,
    "renameat2": Interpreter.rename,
}
