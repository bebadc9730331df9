"""mremap(): shrink, grow, move."""

import pytest

from mmtwin.mm.uapi import (
    EAGAIN,
    EFAULT,
    EINVAL,
    ENOMEM,
    MREMAP_DONTUNMAP,
    MREMAP_FIXED,
    MREMAP_MAYMOVE,
    PROT_READ,
    RLIMIT_MEMLOCK,
)
from mmtwin.mm.vm_flags import VM_ACCOUNT, VM_LOCKED
from tests.mm.space import PAGE, Space

MOVE, FIXED = MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED
KERNELS = ["6.1", "6.12", "6.18"]


@pytest.mark.parametrize(
    ("call", "result", "picture"),
    [
        ((0, 4, 4), 0, "wwww....|rr"),
        ((0, 4, 2), 0, "ww......|rr"),
        ((1, 3, 1), 1, "ww......|rr"),
        ((0, 4, 8), 0, "wwwwwwww|rr"),
        ((0, 4, 9), -ENOMEM, "wwww....|rr"),  # no room, and may not move
        ((0, 2, 3), -ENOMEM, "wwww....|rr"),  # not the end of its area
        ((0, 10, 2), 0, "ww........"),  # shrinking looks at no areas
        ((0, 10, 12), -EFAULT, "wwww....|rr"),
        ((4, 1, 2), -EFAULT, "wwww....|rr"),
        ((0, 4, 0), -EINVAL, "wwww....|rr"),
        ((0, 0, 4), -EINVAL, "wwww....|rr"),  # only shared memory is duplicated
    ],
)
def test_in_place(engine, call, result, picture):
    space = Space(engine).map(0, 4).map(8, 2, PROT_READ)
    assert space.remap(*call) == result
    assert space.picture(10) == picture.replace(".|", ".")
    space.machine.check()


def test_a_moved_page_keeps_its_frame(engine):
    space = Space(engine).map(0, 4)
    space.write(0, 2)
    faults = space.faults()
    assert space.remap(0, 4, 4, FIXED, to=16) == 16
    assert space.picture(20) == "." * 16 + "wwww"
    space.write(16, 2)
    assert space.faults() == faults
    space.write(18)
    assert space.faults() == faults + 1
    space.machine.check()


def test_the_middle_of_an_area_moves_out_of_it(engine):
    space = Space(engine).map(0, 8)
    before = space.machine.overcommit.vm_memory_committed()
    assert space.remap(2, 3, 3, FIXED, to=16) == 16
    assert space.picture(20) == "ww...www........www."
    assert all(flags & VM_ACCOUNT for _, _, flags in space.areas())
    assert space.machine.overcommit.vm_memory_committed() == before
    space.machine.check()


def test_a_move_over_another_mapping_replaces_it(engine):
    space = Space(engine).map(0, 4).map(16, 4, PROT_READ)
    assert space.remap(0, 2, 2, FIXED, to=17) == 17
    assert space.picture(20) == "..ww............r|ww|r"


def test_growing_finds_another_place_if_it_may(engine):
    space = Space(engine).map(0, 4).map(4, 1, PROT_READ)
    moved = space.remap(0, 4, 8, MOVE)
    assert moved > 8
    assert space.picture(5) == "....r"
    assert (moved, 8) in [(first, n) for first, n, _ in space.areas()]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("flags", "old", "new", "to", "error"),
    [
        (8, 4, 4, 0, EINVAL),
        (MREMAP_FIXED, 4, 4, 16, EINVAL),  # without MAYMOVE
        (FIXED, 4, 4, 2, EINVAL),  # overlaps
        (MREMAP_DONTUNMAP | MOVE, 4, 5, 0, EINVAL),
        (FIXED, 9, 10, 32, EFAULT),
    ],
)
def test_arguments_are_refused(engine, kernel, flags, old, new, to, error):
    space = Space(engine, kernel).map(0, 8)
    assert space.remap(0, old, new, flags, to) == -error
    assert space.picture(8) == "wwwwwwww"


@pytest.mark.parametrize(("kernel", "result"), [("6.1", -EFAULT), ("6.12", -EFAULT), ("6.18", 16)])
def test_several_areas_move_at_once_since_6_17(engine, kernel, result):
    space = Space(engine, kernel).map(0, 2).map(4, 2, PROT_READ)
    space.write(0, 2)
    assert space.remap(0, 6, 6, FIXED, to=16) == result
    if result > 0:
        assert space.picture(22) == "." * 16 + "ww..rr"
    space.machine.check()


def test_old_length_0_duplicates_a_shared_mapping(engine):
    space = Space(engine).share(0, 4)
    space.write(0, 4)
    assert space.remap(0, 0, 4, FIXED, to=16) == 16
    assert space.picture(20) == "ssss............ssss"
    before = space.status("RssShmem")
    space.read(16, 4)
    assert space.status("RssShmem") == before + 4
    space.machine.check()


def test_dontunmap_leaves_an_empty_mapping(engine):
    space = Space(engine).map(0, 4)
    space.write(0, 4)
    before = space.machine.overcommit.vm_memory_committed()
    moved = space.remap(0, 4, 4, MREMAP_DONTUNMAP | MOVE)
    assert moved > 4 and space.picture(4) == "wwww"
    assert space.machine.overcommit.vm_memory_committed() == before + 4
    assert space.status("RssAnon") == 4
    space.write(0, 4)
    assert space.status("RssAnon") == 8
    space.machine.check()


def test_a_locked_mapping_is_resident_as_far_as_it_grows(engine):
    space = Space(engine).map(0, 4)
    space.lock(0, 4)
    assert space.remap(0, 4, 6) == 0
    assert (int(space.mm.locked_vm), space.status("RssAnon")) == (6, 6)
    assert space.remap(0, 6, 6, FIXED, to=16) == 16
    assert int(space.mm.locked_vm) == 6 and space.flags(16) & VM_LOCKED
    space.machine.check()


def test_rlimit_memlock_bounds_growth(engine):
    space = Space(engine).map(0, 4)
    space.lock(0, 4)
    space.machine.arena.tasks[space.task].uid = 1
    space.rlimit(RLIMIT_MEMLOCK, 5 * PAGE)
    assert space.remap(0, 4, 6) == -EAGAIN
    assert space.remap(0, 4, 5) == 0


def test_three_maps_are_kept_free(engine):
    space = Space(engine).map(0, 4)
    space.machine.arena.sysctl[0].max_map_count = 6
    assert space.remap(0, 4, 4, FIXED, to=16) == -ENOMEM
    space.machine.arena.sysctl[0].max_map_count = 7
    assert space.remap(0, 4, 4, FIXED, to=16) == 16


def test_what_moves_next_to_its_like_merges(engine):
    space = Space(engine).map(0, 4).map(8, 4)
    space.write(0, 4)
    assert space.remap(8, 4, 4, FIXED, to=4) == 4
    assert space.picture(12) == "wwwwwwww...."
    space.machine.check()
