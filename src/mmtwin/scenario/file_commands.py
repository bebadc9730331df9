"""Commands on files. Data goes through a buffer of the task's own, one chunk a system call."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable

from mmtwin.mm.uapi import O_CREAT, O_TRUNC, O_WRONLY
from mmtwin.scenario.memory_commands import Answer, Call
from mmtwin.scenario.touch_commands import xorshift
from mmtwin.units import PAGE_SIZE

CHUNK = 65536
BUFFER_SIZE = 480 << 10  # of the control area; a longer chunk is refused


def open_(call: Call) -> Answer:
    """open(2)."""
    return call.task.open(call.words[0], call[0])


def close(call: Call) -> Answer:
    """close(2)."""
    call.task.close(call[0])
    return 0


def pread(call: Call) -> Answer:
    """pread(2), chunk by chunk up to the end of the file."""
    fd, offset = call[0], call[1]
    read = call.task.pread
    return transfer(lambda n, done: read(fd, n, offset + done), call[2], call.get(3, CHUNK))


def pwrite(call: Call) -> Answer:
    """pwrite(2)."""
    fd, offset = call[0], call[1]
    write = call.task.pwrite
    return transfer(lambda n, done: write(fd, n, offset + done), call[2], call.get(3, CHUNK))


def read(call: Call) -> Answer:
    """read(2)."""
    fd, sys_read = call[0], call.task.sys_read
    return transfer(lambda n, done: sys_read(fd, n), call[1], call.get(2, CHUNK))


def write(call: Call) -> Answer:
    """write(2)."""
    fd, sys_write = call[0], call.task.sys_write
    return transfer(lambda n, done: sys_write(fd, n), call[1], call.get(2, CHUNK))


def transfer(move: Callable[[int, int], int], length: int, chunk: int) -> int:
    """Until `length` bytes, the end of the file, or an error, which counts if nothing was moved."""
    if not 0 < chunk <= BUFFER_SIZE:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    done = 0
    while done < length:
        try:
            moved = move(min(chunk, length - done), done)
        except OSError:
            if not done:
                raise
            return done
        if not moved:
            break
        done += moved
    return done


def random_reads(call: Call) -> Answer:
    """COUNT random pages of the first LEN bytes."""
    pages = call[1] // PAGE_SIZE
    if not pages:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    numbers = xorshift(call[3])
    for _ in range(call[2]):
        call.task.pread(call[0], PAGE_SIZE, next(numbers) % pages * PAGE_SIZE)
    return call[2]


def lseek(call: Call) -> Answer:
    """lseek(2) from the start of the file."""
    return call.task.lseek(call[0], call[1])


def done(act: Callable[..., object]) -> Answer:
    """A call without a result of its own."""
    act()
    return 0


def many(call: Call, act: Callable[[str], None]) -> Answer:
    """Something on each file of a directory: DIR/f0, DIR/f1, ..."""
    for number in range(call[0]):
        act(f"{call.words[0]}/f{number}")
    return call[0]


def make_files(call: Call) -> Answer:
    """Files of so many bytes, written in one go."""

    def make(path: str) -> None:
        fd = call.task.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        transfer(lambda n, done: call.task.sys_write(fd, n), call.get(1), CHUNK)
        call.task.close(fd)

    return many(call, make)


def stat_files(call: Call) -> Answer:
    """stat(2) of each, also of those that are not there."""

    def stat(path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            call.task.stat(path)

    return many(call, stat)


SEGMENT_COMMANDS: dict[str, Callable[[Call], Answer]] = {
    "shmget": lambda call: call.task.shmget(*call.arguments),
    "shmat": lambda call: call.task.shmat(call[0], call[1], call.get(2)),
    "shmdt": lambda call: done(lambda: call.task.shmdt(call[0])),
    "shmrm": lambda call: done(lambda: call.task.shm_rmid(call[0])),
    "memfd": lambda call: call.task.memfd_create(call.words[0], call.get(0)),
    "secret": lambda call: call.task.memfd_secret(),
    "fallocate": lambda call: done(
        lambda: call.task.fallocate(call[0], call.get(3), call[1], call[2])
    ),
}

FILE_COMMANDS: dict[str, Callable[[Call], Answer]] = {
    "open": open_, "close": close, "pread": pread, "pwrite": pwrite, "read": read, "write": write,
    "frnd": random_reads, "lseek": lseek,
    "fsync": lambda call: done(lambda: call.task.fsync(call[0])),
    "fdatasync": lambda call: done(lambda: call.task.fdatasync(call[0])),
    "sync": lambda call: done(call.task.sync),
    "fadvise": lambda call: done(lambda: call.task.fadvise(*call.arguments)),
    "readahead": lambda call: done(lambda: call.task.readahead(*call.arguments)),
    "ftruncate": lambda call: done(lambda: call.task.ftruncate(call[0], call[1])),
    "unlink": lambda call: done(lambda: call.task.unlink(call.words[0])),
    "mkdir": lambda call: done(lambda: call.task.mkdir(call.words[0])),
    "mkfiles": make_files, "statfiles": stat_files,
    "rmfiles": lambda call: many(call, call.task.unlink), **SEGMENT_COMMANDS,
}  # fmt: skip
