"""Descriptors: the lowest free number, one open file behind several, copies at fork."""

from __future__ import annotations

import errno
import random

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import O_CLOEXEC, O_CREAT, O_RDWR, RLIMIT_NOFILE
from mmtwin.task import Task

PAGE = 4096


def task(engine: str) -> Task:
    return Machine(ram="64M", cpus=1, engine=engine).spawn()


def test_the_lowest_free_descriptor_is_taken(engine: str) -> None:
    t = task(engine)
    assert [t.open("/tmp/f", O_CREAT) for _ in range(130)] == list(range(130))
    for fd in (3, 70, 129):
        t.close(fd)
    assert [t.open("/tmp/f") for _ in range(4)] == [3, 70, 129, 130]
    t.machine.check()


def test_a_closed_descriptor_is_ebadf(engine: str) -> None:
    t = task(engine)
    fd = t.open("/tmp/f", O_CREAT)
    t.close(fd)
    for call in (lambda: t.close(fd), lambda: t.pread(fd, 1, 0), lambda: t.dup(fd)):
        with pytest.raises(OSError) as error:
            call()
        assert error.value.errno == errno.EBADF


def test_no_more_descriptors_than_rlimit_nofile(engine: str) -> None:
    t = task(engine)
    t.setrlimit(RLIMIT_NOFILE, 2, 2)
    t.open("/tmp/f", O_CREAT)
    t.open("/tmp/f")
    for call in (lambda: t.open("/tmp/f"), lambda: t.dup(0)):
        with pytest.raises(OSError) as error:
            call()
        assert error.value.errno == errno.EMFILE
    t.machine.check()


def test_duplicates_share_the_position_and_files_opened_twice_do_not(engine: str) -> None:
    t = task(engine)
    first = t.open("/tmp/f", O_CREAT | O_RDWR)
    t.sys_write(first, 10 * PAGE)
    t.lseek(first, 0)
    second, third = t.dup(first), t.open("/tmp/f")
    t.sys_read(first, PAGE)
    assert t.lseek(second, 0, 1) == PAGE
    assert t.lseek(third, 0, 1) == 0
    assert t.dup2(third, first) == first
    assert t.lseek(first, 0, 1) == 0
    t.machine.check()


def test_a_child_shares_its_parents_open_files(engine: str) -> None:
    t = task(engine)
    fd = t.open("/tmp/f", O_CREAT | O_RDWR)
    t.sys_write(fd, 5 * PAGE)
    t.lseek(fd, 0)
    child = t.fork()
    assert child.sys_read(fd, 2 * PAGE) == 2 * PAGE
    assert t.lseek(fd, 0, 1) == 2 * PAGE
    t.close(fd)
    assert child.sys_read(fd, 9 * PAGE) == 3 * PAGE
    child.exit()
    t.machine.check()
    assert not t.machine.arena.where("fd_chunks", "open_fds")


def test_exec_closes_what_is_marked_so(engine: str) -> None:
    t = task(engine)
    kept, closed = t.open("/tmp/f", O_CREAT), t.open("/tmp/f", O_CLOEXEC)
    t.exec_mmap("other")
    assert t.fd_path(kept) == "/tmp/f"
    with pytest.raises(OSError):
        t.close(closed)


def test_what_is_unlinked_while_open_goes_with_its_last_descriptor(engine: str) -> None:
    t = task(engine)
    fd = t.open("/tmp/f", O_CREAT | O_RDWR)
    other = t.dup(fd)
    t.pwrite(fd, 4 * PAGE, 0)
    inode = int(t.machine.arena.files[t.fd_file(fd)].f_inode)
    t.unlink("/tmp/f")
    t.close(fd)
    assert t.machine.arena.inodes[inode].nrpages == 4
    t.close(other)
    assert t.machine.arena.inodes[inode].nrpages == 0
    assert t.machine.arena.inodes[inode].i_kind == 0


def test_descriptors_survive_copying_a_machine(engine: str) -> None:
    t = task(engine)
    t.open("/tmp/f", O_CREAT)
    copy = t.machine.fork()
    twin = copy.tasks[t.pid]
    assert twin.fd_path(0) == "/tmp/f"
    twin.close(0)
    assert t.fd_path(0) == "/tmp/f"
    copy.check()


@pytest.mark.parametrize("seed", range(3))
def test_random_tables_are_those_of_a_dictionary(engine: str, seed: int) -> None:
    t, rng = task(engine), random.Random(seed)
    known: dict[int, int] = {}
    t.close(t.open("/tmp/f", O_CREAT))
    for _ in range(300):
        if known and rng.random() < 0.4:
            fd = rng.choice(list(known))
            t.close(fd)
            del known[fd]
        elif known and rng.random() < 0.3:
            fd, wanted = rng.choice(list(known)), rng.randrange(200)
            t.dup2(fd, wanted)
            known[wanted] = known[fd]
        else:
            fd = t.open("/tmp/f")
            assert fd == min(set(range(len(known) + 1)) - set(known))
            known[fd] = t.fd_file(fd)
    assert t.fds == known
    t.machine.check()
