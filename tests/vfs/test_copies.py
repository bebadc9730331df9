"""Vectors, sendfile, copy_file_range, pipes and splice."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_WRONLY
from mmtwin.task import Task

PAGE = 4096
SIZE = 40 * PAGE + 100


def opened(engine: str) -> tuple[Task, int, int]:
    t = Machine(ram="64M", cpus=1, engine=engine).spawn()
    t.machine.namespace.create_on_disk("/in", SIZE)
    return t, t.open("/in"), t.open("/out", O_CREAT | O_RDWR)


def pages(t: Task, fd: int) -> int:
    return int(t.machine.arena.inodes[int(t.machine.arena.files[t.fd_file(fd)].f_inode)].nrpages)


def test_parts_of_a_vector_are_one_read(engine: str) -> None:
    t, source, out = opened(engine)
    assert t.readv(source, [100, PAGE, 50]) == PAGE + 150
    assert t.lseek(source, 0, 1) == PAGE + 150
    assert t.preadv(source, [PAGE] * 3, SIZE - 10) == 10
    assert t.writev(out, [10, 20]) == 30
    assert t.pwritev(out, [10, 20], 100) == 30
    assert t.stat("/out") == 130


def test_sendfile_copies_up_to_the_end_and_moves_both(engine: str) -> None:
    t, source, out = opened(engine)
    t.lseek(source, 10)
    assert t.sendfile(out, source, 1 << 30) == SIZE - 10
    assert (t.lseek(source, 0, 1), t.lseek(out, 0, 1)) == (SIZE, SIZE - 10)
    assert pages(t, source) == pages(t, out) == 41
    assert t.sendfile(out, source, PAGE, offset=0) == PAGE
    assert t.lseek(source, 0, 1) == SIZE
    t.machine.check()


def test_copy_file_range_of_offsets_leaves_positions_alone(engine: str) -> None:
    t, source, out = opened(engine)
    assert t.copy_file_range(source, out, 2 * PAGE, 0, 5 * PAGE) == 2 * PAGE
    assert (t.lseek(source, 0, 1), t.lseek(out, 0, 1)) == (0, 0)
    assert t.stat("/out") == 7 * PAGE
    assert t.copy_file_range(source, out, PAGE) == PAGE
    assert (t.lseek(source, 0, 1), t.lseek(out, 0, 1)) == (PAGE, PAGE)
    assert t.copy_file_range(out, out, PAGE, 0, 3 * PAGE) == PAGE


def test_splice_goes_through_a_pipe_that_holds_16_pages(engine: str) -> None:
    t, source, out = opened(engine)
    r, w = t.pipe()
    assert t.splice(source, w, 1 << 20) == 16 * PAGE
    with pytest.raises(BlockingIOError):
        t.splice(source, w, 1)
    assert t.splice(r, out, PAGE, out_offset=PAGE) == PAGE
    assert t.splice(r, out, 1 << 20) == 15 * PAGE
    with pytest.raises(BlockingIOError):
        t.sys_read(r, 1)
    assert t.sys_write(w, 100) == 100
    assert t.sys_read(r, 1000) == 100
    assert t.lseek(source, 0, 1) == 16 * PAGE
    t.machine.check()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda t: t.sendfile(1, 99, 1), errno.EBADF),
        (lambda t: t.sendfile(0, 1, 1), errno.EBADF),
        (lambda t: t.sendfile(2, 0, 1), errno.EINVAL),
        (lambda t: t.copy_file_range(0, 2, 1), errno.EBADF),
        (lambda t: t.copy_file_range(3, 1, 1), errno.EISDIR),
        (lambda t: t.copy_file_range(0, 4, 1), errno.EXDEV),
        (lambda t: t.copy_file_range(5, 1, 1), errno.EINVAL),
        (lambda t: t.copy_file_range(1, 1, 2 * PAGE, 0, PAGE), errno.EINVAL),
        (lambda t: t.splice(0, 1, 1), errno.EINVAL),
        (lambda t: t.splice(6, 1, 1), errno.EBADF),
    ],
)
def test_what_copies_refuse(engine: str, call: Callable[[Task], object], code: int) -> None:
    t, source, out = opened(engine)
    assert (source, out) == (0, 1)
    others = [t.open("/out", O_WRONLY | O_APPEND), t.open("/"), t.open("/tmp/f", O_CREAT | O_RDWR)]
    assert others == [2, 3, 4]
    assert t.pipe() == (5, 6)
    with pytest.raises(OSError) as error:
        call(t)
    assert error.value.errno == code
    assert O_RDONLY == 0
