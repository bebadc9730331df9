"""mprotect(): splits, merges, accounting, errors."""

import pytest

from mmtwin.mm.uapi import (
    EACCES,
    EINVAL,
    ENOMEM,
    MAP_GROWSDOWN,
    MAP_NORESERVE,
    MAP_PRIVATE,
    PROT_EXEC,
    PROT_GROWSDOWN,
    PROT_GROWSUP,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
    RLIMIT_DATA,
    SIGSEGV,
)
from mmtwin.mm.vm_flags import VM_ACCOUNT, VM_MAYWRITE
from tests.mm.space import PAGE, RW, Space


@pytest.mark.parametrize(
    ("page", "pages", "prot", "picture"),
    [
        (0, 8, PROT_READ, "rrrrrrrr"),
        (0, 3, PROT_READ, "rrr|wwwww"),
        (5, 3, PROT_READ, "wwwww|rrr"),
        (3, 2, PROT_NONE, "www|--|www"),
        (3, 2, RW | PROT_EXEC, "www|ww|www"),
        (3, 0, PROT_NONE, "wwwwwwww"),
    ],
)
def test_a_part_of_an_area_gets_an_area_of_its_own(engine, page, pages, prot, picture):
    space = Space(engine).map(0, 8)
    assert space.protect(page, pages, prot) == 0
    assert space.picture(8) == picture
    space.machine.check()


def test_parts_of_equal_rights_grow_together_again(engine):
    space = Space(engine).map(0, 8)
    space.protect(2, 4, PROT_READ)
    space.protect(3, 2, RW)
    assert space.picture(8) == "ww|r|ww|r|ww"
    space.protect(2, 4, RW)
    assert space.picture(8) == "wwwwwwww"


def test_what_lies_before_a_hole_is_changed(engine):
    space = Space(engine).map(0, 2).map(4, 2)
    assert space.protect(0, 6, PROT_READ) == -ENOMEM
    assert space.picture(6) == "rr..ww"


@pytest.mark.parametrize(
    ("addr", "length", "prot", "error"),
    [
        (1, PAGE, PROT_READ, -EINVAL),
        (0, PAGE, 0x40, -EINVAL),
        (0, PAGE, PROT_GROWSDOWN | PROT_GROWSUP, -EINVAL),
        (0, PAGE, PROT_READ | PROT_GROWSDOWN, -EINVAL),  # not a stack
        (0, (1 << 64) - PAGE, PROT_READ, -ENOMEM),
        (8 * PAGE, PAGE, PROT_READ, -ENOMEM),
        (-1 * PAGE, 2 * PAGE, PROT_READ, -ENOMEM),
    ],
)
def test_bad_arguments_change_nothing(engine, addr, length, prot, error):
    space = Space(engine).map(0, 2)
    assert space.machine.mprotect.do_mprotect(space.at(0) + addr, length, prot) == error
    assert space.picture(2) == "ww"


def test_growsdown_reaches_to_the_start_of_the_stack(engine):
    space = Space(engine).map(4, 4, RW, MAP_PRIVATE | MAP_GROWSDOWN)
    assert space.protect(6, 1, PROT_READ | PROT_GROWSDOWN) == 0
    assert space.picture(8) == "....rrr|w"


def test_what_may_never_be_written_stays_so(engine):
    space = Space(engine).map(0, 4, PROT_READ)
    vma = int(space.mm.mmap)
    space.machine.arena.vmas[vma].vm_flags &= ~VM_MAYWRITE & 0xFFFFFFFFFFFFFFFF
    assert space.protect(0, 4, RW) == -EACCES


def test_memory_is_charged_when_it_becomes_writable(engine):
    """And, since 6.5, given back if it becomes read-only before anything was written."""
    space = Space(engine).map(0, 4, PROT_READ)
    committed = space.machine.overcommit.vm_memory_committed
    before = committed()
    space.protect(0, 4, RW)
    assert committed() == before + 4 and space.flags(0) & VM_ACCOUNT
    space.protect(0, 2, PROT_READ)
    assert committed() == before + 2 and not space.flags(0) & VM_ACCOUNT
    space.write(2)
    space.protect(2, 2, PROT_READ)
    assert committed() == before + 2 and space.flags(2) & VM_ACCOUNT


def test_noreserve_memory_is_never_charged(engine):
    space = Space(engine).map(0, 4, PROT_READ, MAP_PRIVATE | MAP_NORESERVE)
    before = space.machine.overcommit.vm_memory_committed()
    space.protect(0, 4, RW)
    assert space.machine.overcommit.vm_memory_committed() == before


def test_rlimit_data_is_judged_when_memory_becomes_data(engine):
    space = Space(engine).map(0, 8, PROT_READ)
    space.rlimit(RLIMIT_DATA, 4 * PAGE)
    assert space.protect(0, 8, RW) == -ENOMEM
    assert space.protect(0, 4, RW) == 0
    assert space.protect(0, 4, RW | PROT_EXEC) == 0  # no more data than before


def test_rights_hold_for_pages_already_there(engine):
    space = Space(engine).map(0, 2)
    space.write(0, 2)
    space.protect(0, 1, PROT_READ)
    assert (space.write(0), space.read(0), space.write(1)) == (SIGSEGV, 0, 0)
    space.protect(0, 1, PROT_NONE)
    assert space.read(0) == SIGSEGV
    space.protect(0, 1, PROT_READ | PROT_WRITE)
    faults = space.faults()
    assert space.write(0) == 0
    assert space.faults() == faults  # the page was ours alone: writable at once


def test_no_split_beyond_the_limit_of_maps(engine):
    space = Space(engine).map(0, 8)
    space.machine.arena.sysctl[0].max_map_count = 1
    assert space.protect(2, 2, PROT_READ) == -ENOMEM
    assert space.picture(8) == "wwwwwwww"
    space.machine.check()
