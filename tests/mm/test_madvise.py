"""madvise(): flags, pages, faults, and holes."""

import pytest

from mmtwin.errors import NotModelledError
from mmtwin.mm import uapi
from mmtwin.mm.uapi import (
    EACCES,
    EAGAIN,
    EINVAL,
    ENOMEM,
    MADV_COLD,
    MADV_COLLAPSE,
    MADV_DODUMP,
    MADV_DOFORK,
    MADV_DONTDUMP,
    MADV_DONTFORK,
    MADV_DONTNEED,
    MADV_DONTNEED_LOCKED,
    MADV_FREE,
    MADV_HUGEPAGE,
    MADV_KEEPONFORK,
    MADV_NOHUGEPAGE,
    MADV_NORMAL,
    MADV_PAGEOUT,
    MADV_POPULATE_READ,
    MADV_POPULATE_WRITE,
    MADV_RANDOM,
    MADV_REMOVE,
    MADV_SEQUENTIAL,
    MADV_WILLNEED,
    MADV_WIPEONFORK,
    PROT_NONE,
    PROT_READ,
)
from mmtwin.mm.vm_flags import (
    VM_DONTCOPY,
    VM_DONTDUMP,
    VM_HUGEPAGE,
    VM_MAYWRITE,
    VM_NOHUGEPAGE,
    VM_RAND_READ,
    VM_SEQ_READ,
    VM_WIPEONFORK,
)
from mmtwin.task import Task
from tests.mm.space import PAGE, Space


@pytest.mark.parametrize(
    ("advice", "flag", "undo"),
    [
        (MADV_RANDOM, VM_RAND_READ, MADV_NORMAL),
        (MADV_SEQUENTIAL, VM_SEQ_READ, MADV_NORMAL),
        (MADV_RANDOM, VM_RAND_READ, MADV_SEQUENTIAL),
        (MADV_DONTFORK, VM_DONTCOPY, MADV_DOFORK),
        (MADV_WIPEONFORK, VM_WIPEONFORK, MADV_KEEPONFORK),
        (MADV_DONTDUMP, VM_DONTDUMP, MADV_DODUMP),
        (MADV_HUGEPAGE, VM_HUGEPAGE, MADV_NOHUGEPAGE),
        (MADV_NOHUGEPAGE, VM_NOHUGEPAGE, MADV_HUGEPAGE),
    ],
)
def test_advice_that_is_a_flag_splits_and_merges(engine, advice, flag, undo):
    space = Space(engine).map(0, 8)
    assert space.advise(2, 3, advice) == 0
    assert space.picture(8) == "ww|www|www"
    assert [bool(space.flags(page) & flag) for page in (1, 2, 4, 5)] == [False, True, True, False]
    assert space.advise(0, 8, undo) == 0
    assert not space.flags(2) & flag and space.picture(8) == "wwwwwwww"
    space.machine.check()


def test_holes_are_reported_after_the_rest_was_done(engine):
    space = Space(engine).map(0, 2).map(4, 2)
    space.write(0, 2)
    space.write(4, 2)
    assert space.advise(0, 6, MADV_DONTNEED) == -ENOMEM
    assert space.status("RssAnon") == 0
    assert space.advise(0, 9, MADV_DONTFORK) == -ENOMEM
    assert space.flags(4) & VM_DONTCOPY


@pytest.mark.parametrize(
    ("page", "pages", "advice", "error"),
    [
        (0.5, 1, MADV_DONTNEED, -EINVAL),  # not aligned
        (0, 1, 99, -EINVAL),
        (0, 0, MADV_DONTNEED, 0),
        (0, 0, 99, -EINVAL),
        (2, 1, MADV_WILLNEED, -ENOMEM),
        (0, 1, MADV_REMOVE, -EINVAL),  # no file
        (4, 1, MADV_FREE, -EINVAL),  # not anonymous
        (4, 1, MADV_WIPEONFORK, -EINVAL),
        (6, 1, MADV_REMOVE, -EINVAL),
        (0, 1, MADV_PAGEOUT, 0),
        (0, 1, MADV_COLLAPSE, -EINVAL),
    ],
)
def test_errors(engine, page, pages, advice, error):
    space = Space(engine).map(0, 2).share(4, 2).map(6, 2, PROT_READ)
    addr = space.at(0) + int(page * PAGE)
    assert space.machine.madvise.do_madvise(addr, pages * PAGE, advice) == error


def test_dontneed_gives_the_pages_back_and_zeroes_follow(engine):
    space = Space(engine).map(0, 8)
    space.write(0, 8)
    assert space.advise(2, 4, MADV_DONTNEED) == 0
    assert space.status("RssAnon") == 4
    faults = space.faults()
    space.read(2, 4)
    assert space.faults() == faults + 4 and space.status("RssAnon") == 4
    space.machine.check()


def test_locked_memory_takes_only_dontneed_locked(engine):
    space = Space(engine).map(0, 4)
    space.lock(0, 4)
    for advice in (MADV_DONTNEED, MADV_FREE, MADV_COLD):
        assert space.advise(0, 4, advice) == -EINVAL
    assert space.advise(0, 4, MADV_DONTNEED_LOCKED) == 0
    assert space.status("RssAnon") == 0
    space.machine.check()


@pytest.mark.parametrize(
    ("advice", "prot", "error", "resident"),
    [
        (MADV_POPULATE_WRITE, 3, 0, 4),
        (MADV_POPULATE_READ, 3, 0, 0),  # the zero page is in no resident set
        (MADV_POPULATE_WRITE, PROT_READ, -EINVAL, 0),
        (MADV_POPULATE_READ, PROT_NONE, -EINVAL, 0),
        (MADV_POPULATE_READ, uapi.PROT_EXEC, -EINVAL, 0),
    ],
)
def test_populate(engine, advice, prot, error, resident):
    space = Space(engine).map(0, 4, prot)
    faults = space.faults()
    assert space.advise(0, 4, advice) == error
    assert space.status("RssAnon") == resident
    assert space.faults() == faults + (0 if error else 4)


def test_populate_stops_at_a_hole(engine):
    space = Space(engine).map(0, 2).map(4, 2)
    assert space.advise(0, 6, MADV_POPULATE_WRITE) == -ENOMEM
    assert space.status("RssAnon") == 2


def test_remove_punches_a_hole_into_shared_memory(engine):
    space = Space(engine).share(0, 4)
    space.write(0, 4)
    assert space.advise(1, 2, MADV_REMOVE) == 0
    assert space.status("RssShmem") == 2
    space.machine.check()


def test_remove_needs_a_shared_mapping_that_may_be_written(engine):
    space = Space(engine).share(0, 4, PROT_READ)
    vma = int(space.mm.mmap)
    space.machine.arena.vmas[vma].vm_flags &= ~VM_MAYWRITE & 0xFFFFFFFFFFFFFFFF
    assert space.advise(0, 4, MADV_REMOVE) == -EACCES


def test_too_many_maps_is_try_again(engine):
    space = Space(engine).map(0, 8)
    space.machine.arena.sysctl[0].max_map_count = 1
    assert space.advise(2, 2, MADV_DONTFORK) == -EAGAIN


@pytest.mark.parametrize("advice", [MADV_COLLAPSE, uapi.MADV_MERGEABLE])
def test_a_task_is_told_what_is_not_modelled(engine, advice):
    """A kernel would do something that could be seen: better no answer than a wrong one."""
    machine = Space(engine).machine
    with pytest.raises(NotModelledError, match="MADV_"):
        Task(machine, 1, 1).madvise(0, PAGE, advice)


TABLE = 512  # pages that one page table maps


@pytest.mark.parametrize(
    ("kernel", "page", "pages", "freed"),
    [
        ("6.12", 0, TABLE, 0),
        ("6.18", 0, TABLE, 1),
        ("6.18", 0, TABLE - 1, 0),  # the table's last page may still be there
        ("6.18", 1, 2 * TABLE - 1, 1),
        ("6.18", 0, 3 * TABLE, 3),
    ],
)
def test_dontneed_frees_the_page_tables_that_it_covers(engine, kernel, page, pages, freed):
    space = Space(engine, kernel).map(0, 3 * TABLE)
    for table in range(3):
        space.write(table * TABLE, 2)
    before = space.status("VmPTE")
    assert space.advise(page, pages, MADV_DONTNEED) == 0
    assert before - space.status("VmPTE") == freed
    space.machine.check()
    assert space.write(0) == 0
    assert space.unmap(0, 3 * TABLE) == 0
    space.machine.check()
