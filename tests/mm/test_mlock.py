"""mlock() and its relatives; msync() and mincore()."""

import numpy as np
import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import (
    EAGAIN,
    EBUSY,
    EINVAL,
    ENOMEM,
    EPERM,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    MCL_CURRENT,
    MCL_FUTURE,
    MCL_ONFAULT,
    MLOCK_ONFAULT,
    MS_ASYNC,
    MS_INVALIDATE,
    MS_SYNC,
    PROT_NONE,
    PROT_READ,
    RLIMIT_MEMLOCK,
)
from mmtwin.mm.vm_flags import VM_LOCKED, VM_LOCKONFAULT
from tests.mm.space import BASE, PAGE, RW, Space


def unprivileged(space, limit):
    """A task of user 1 with this RLIMIT_MEMLOCK, in pages."""
    space.machine.arena.tasks[space.task].uid = 1
    space.rlimit(RLIMIT_MEMLOCK, limit * PAGE)
    return space


def test_locking_makes_resident(engine):
    space = Space(engine, "6.18").map(0, 8)
    assert space.lock(2, 4) == 0
    assert space.picture(8) == "ww|wwww|ww"
    assert (space.status("VmLck"), space.status("RssAnon")) == (4, 4)
    assert space.unlock(0, 8) == 0
    assert (space.status("VmLck"), space.status("RssAnon")) == (0, 4)
    assert space.picture(8) == "wwwwwwww"
    space.machine.check()


def test_onfault_waits_for_the_first_touch(engine):
    space = Space(engine).map(0, 4)
    assert space.lock(0, 4, MLOCK_ONFAULT) == 0
    assert space.flags(0) & (VM_LOCKED | VM_LOCKONFAULT) == VM_LOCKED | VM_LOCKONFAULT
    assert (space.status("VmLck"), space.status("RssAnon")) == (4, 0)
    space.write(1)
    assert space.status("RssAnon") == 1
    assert space.lock(0, 4, 2) == -EINVAL
    space.machine.check()


def test_what_is_locked_before_a_hole_stays_locked(engine):
    space = Space(engine).map(0, 2).map(4, 2)
    assert space.lock(0, 6) == -ENOMEM
    assert space.status("VmLck") == 2 and space.status("RssAnon") == 0


def test_memory_without_rights_is_locked_but_cannot_be_had(engine):
    space = Space(engine).map(0, 2, PROT_NONE)
    assert space.lock(0, 2) == -ENOMEM
    assert space.status("VmLck") == 2


@pytest.mark.parametrize(
    ("limit", "first", "second", "error"),
    [
        (4, (0, 4), (4, 1), -ENOMEM),
        (4, (0, 4), (0, 4), 0),  # what is locked already counts once
        (4, (0, 3), (2, 3), -ENOMEM),
        (4, (0, 2), (1, 3), 0),
        (0, (0, 0), (0, 1), -EPERM),
    ],
)
def test_rlimit_memlock(engine, limit, first, second, error):
    space = unprivileged(Space(engine).map(0, 8), limit)
    if limit:
        assert space.lock(*first) == 0
    assert space.lock(*second) == error


def test_a_mapping_beyond_rlimit_memlock_is_try_again(engine):
    space = unprivileged(Space(engine).map(0, 4), 6)
    assert space.machine.mlock.do_mlockall(MCL_FUTURE) == 0
    flags = 0x32  # private, anonymous, fixed
    assert space.machine.mmap.do_mmap(BASE + 8 * PAGE, 7 * PAGE, RW, flags, 0, 0) == -EAGAIN
    assert space.machine.mmap.do_mmap(BASE + 8 * PAGE, 6 * PAGE, RW, flags, 0, 0) > 0
    assert (space.status("VmLck"), space.status("RssAnon")) == (6, 6)


@pytest.mark.parametrize("flags", [0, 8, MCL_ONFAULT])
def test_mlockall_refuses(engine, flags):
    assert Space(engine).machine.mlock.do_mlockall(flags) == -EINVAL


def test_mlockall_locks_all_and_munlockall_forgets_the_future(engine):
    space = Space(engine).map(0, 2).map(4, 2, PROT_READ)
    assert space.machine.mlock.do_mlockall(MCL_CURRENT | MCL_FUTURE) == 0
    assert space.status("VmLck") == 4 and space.status("RssAnon") == 2
    space.map(8, 2)
    assert space.status("VmLck") == 6 and space.status("RssAnon") == 4
    assert space.machine.mlock.do_munlockall() == 0
    space.map(12, 2)
    assert space.status("VmLck") == 0
    space.machine.check()


def test_mlockall_current_judges_all_that_is_mapped(engine):
    space = unprivileged(Space(engine).map(0, 8), 7)
    assert space.machine.mlock.do_mlockall(MCL_CURRENT) == -ENOMEM


def test_a_locked_private_mapping_that_becomes_writable_is_copied_at_once(engine):
    space = Space(engine).map(0, 4, PROT_READ)
    space.lock(0, 4)
    assert space.status("RssAnon") == 0  # the zero page
    space.protect(0, 4, RW)
    assert space.status("RssAnon") == 4
    space.machine.check()


@pytest.mark.parametrize(
    ("page", "pages", "flags", "error"),
    [
        (0, 4, MS_SYNC, 0),
        (0, 8, MS_SYNC, -ENOMEM),
        (0, 4, MS_SYNC | MS_ASYNC, -EINVAL),
        (0, 4, 8, -EINVAL),
        (0, 4, MS_INVALIDATE, -EBUSY),  # locked
        (6, 1, MS_ASYNC, -ENOMEM),
        (6, 0, MS_ASYNC, 0),
    ],
)
def test_msync(engine, page, pages, flags, error):
    space = Space(engine).map(0, 4)
    space.lock(1, 1)
    assert space.machine.msync.do_msync(space.at(page), pages * PAGE, flags) == error


def test_mincore_tells_what_is_in_memory(engine):
    space = Space(engine).map(0, 4).share(4, 4)
    space.write(1, 2)
    space.write(6)
    vec = np.zeros(8, np.uint8)
    assert space.machine.mincore.do_mincore(space.at(0), 8 * PAGE, vec) == 0
    assert vec.tolist() == [0, 1, 1, 0, 0, 0, 1, 0]
    assert space.machine.mincore.do_mincore(space.at(6), 4 * PAGE, vec) == -ENOMEM
    assert space.machine.mincore.do_mincore(space.at(0) + 1, PAGE, vec) == -EINVAL


def test_a_child_does_not_inherit_mlockall(engine):
    task = Machine(ram="64M", cpus=1, engine=engine).spawn("t")
    task.mlockall(MCL_FUTURE)
    for each, locked in ((task, VM_LOCKED), (task.fork(), 0)):
        each.mmap(BASE, PAGE, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS)
        area = next(v for v in each.vmas() if v.start == BASE)
        assert area.flags & VM_LOCKED == locked
        each.munmap(BASE, PAGE)
