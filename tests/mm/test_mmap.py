"""mmap and munmap: placement, refusals in the kernel's order, limits and totals."""

from __future__ import annotations

import contextlib
import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.errors import NotModelledError
from mmtwin.machine import Machine
from mmtwin.mm import uapi
from mmtwin.mm.page_flags import INODE_REGULAR
from mmtwin.mm.vm_flags import (
    VM_LOCKED,
    VM_MAYSHARE,
    VM_MAYWRITE,
    VM_NOHUGEPAGE,
    VM_SHARED,
    VM_SOFTDIRTY,
)
from mmtwin.task import SignalError, Task
from tests.conftest import built_engines
from tests.mm.test_fork import pages_in_use
from tests.scenario.real_kernels import GIVEN, OWN, assert_as_real_kernel

PAGE, MIB = 4096, 1 << 20
RW = uapi.PROT_READ | uapi.PROT_WRITE
PRIVATE = uapi.MAP_PRIVATE | uapi.MAP_ANONYMOUS
FIXED = PRIVATE | uapi.MAP_FIXED
TOP = 0x7FFFF7FF9000  # below vvar and vdso


def spawn(engine: str, kernel: str = "6.12", **keywords: object) -> Task:
    return Machine(ram="256M", cpus=1, kernel=kernel, engine=engine, **keywords).spawn("t")


def file(task: Task, mode: int, size: int = MIB) -> int:
    cache = task.machine.page_cache
    inode = cache.new_inode(INODE_REGULAR, size, 7, 0x800)
    return int(cache.open_file(inode, 0, mode))


def refused(task: Task, number: int, *arguments: int) -> None:
    with pytest.raises(OSError) as caught:
        task.mmap(*arguments)
    assert errno.errorcode[caught.value.errno or 0] == errno.errorcode[number]


@pytest.mark.parametrize(
    "kernel, size, place",
    [
        ("6.12", 64 << 10, TOP - (64 << 10)),
        ("6.12", 2 * MIB, 0x7FFFF7C00000),  # whole huge pages, aligned since 6.7
        ("6.12", 3 * MIB, TOP - 3 * MIB),
        ("6.1", 2 * MIB, TOP - 2 * MIB),
        ("6.18", 64 << 10, TOP - 0x2000 - (64 << 10)),  # its vvar is two pages larger
    ],
)
def test_anonymous_memory_is_placed_top_down(
    engine: str, kernel: str, size: int, place: int
) -> None:
    assert spawn(engine, kernel).mmap(0, size, RW, PRIVATE) == place


@pytest.mark.parametrize(
    "hint, flags, place",
    [
        (0x1000, 0, 0x10000),  # mmap_min_addr
        (0x300000123, 0, 0x300000000),
        (0x7FFFFFFFF000, 0, TOP - PAGE),
        (0x7FFFFFFFD000, 0, TOP - PAGE),  # taken by the stack
        (0x7FFFFFFDD000 - 255 * PAGE, 0, TOP - PAGE),  # in its guard gap
        (0, uapi.MAP_32BIT, 0x40000000),
        (0x500000, uapi.MAP_32BIT, 0x500000),
    ],
)
def test_hints_are_taken_where_they_are_free(
    engine: str, hint: int, flags: int, place: int
) -> None:
    assert spawn(engine).mmap(hint, PAGE, RW, PRIVATE | flags) == place


def test_the_legacy_layout_grows_upwards_from_a_third(engine: str) -> None:
    machine = Machine(ram="256M", cpus=1, engine=engine)
    machine.write("/proc/sys/vm/legacy_va_layout", "1")
    task = machine.spawn("t")
    assert task.vmas()[0].start == 0x2AAAAAAAB000


def test_five_levels_open_the_high_part_to_high_hints_only(engine: str) -> None:
    task = spawn(engine, la57=True)
    assert task.mmap(0, PAGE, RW, PRIVATE) < 1 << 47
    assert task.mmap(1 << 50, PAGE, RW, PRIVATE) == 1 << 50


def test_without_room_below_mmap_base_placement_falls_back_upwards(engine: str) -> None:
    task = spawn(engine)
    task.mmap(0x10000, 0x7FFFF7FF9000 - 0x10000, uapi.PROT_NONE, FIXED)
    assert task.mmap(0, PAGE, RW, PRIVATE) == 0x7FFFF7FFF000


@pytest.mark.parametrize(
    "number, arguments",
    [
        (errno.EINVAL, (0, 0, RW, PRIVATE)),
        (errno.ENOMEM, (0, (1 << 64) - 1, RW, PRIVATE)),
        (errno.ENOMEM, (0, 1 << 47, RW, PRIVATE)),
        (errno.EINVAL, (0x300000123, PAGE, RW, FIXED)),
        (errno.ENOMEM, (0x7FFFFFFFF000, PAGE, RW, FIXED)),
        (errno.EEXIST, (TOP, PAGE, RW, FIXED | uapi.MAP_FIXED_NOREPLACE)),
        (errno.EBADF, (0, PAGE, RW, uapi.MAP_PRIVATE)),
        (errno.EINVAL, (0, PAGE, RW, uapi.MAP_ANONYMOUS)),
        (errno.EINVAL, (0, PAGE, RW, uapi.MAP_ANONYMOUS | uapi.MAP_SHARED_VALIDATE)),
        (
            errno.EINVAL,
            (0, PAGE, RW, uapi.MAP_ANONYMOUS | uapi.MAP_SHARED | uapi.MAP_GROWSDOWN),
        ),
    ],
)
def test_bad_requests_get_the_kernels_errno(
    engine: str, number: int, arguments: tuple[int, ...]
) -> None:
    task = spawn(engine)
    before = task.vmas()
    refused(task, number, *arguments)
    assert task.vmas() == before


def test_huge_page_mappings_are_refused_clearly(engine: str) -> None:
    with pytest.raises(NotModelledError, match="MAP_HUGETLB"):
        spawn(engine).mmap(0, 2 * MIB, RW, PRIVATE | uapi.MAP_HUGETLB)


@pytest.mark.parametrize(
    "mode, prot, kind, number",
    [
        (uapi.FMODE_READ, RW, uapi.MAP_PRIVATE, 0),
        (uapi.FMODE_READ, RW, uapi.MAP_SHARED, errno.EACCES),
        (uapi.FMODE_WRITE, uapi.PROT_WRITE, uapi.MAP_SHARED, errno.EACCES),
        (uapi.FMODE_READ | uapi.FMODE_WRITE, RW, uapi.MAP_SHARED, 0),
        (uapi.FMODE_READ, 1, uapi.MAP_SHARED_VALIDATE | uapi.MAP_SYNC, errno.EOPNOTSUPP),
        (uapi.FMODE_READ, 1, uapi.MAP_PRIVATE | uapi.MAP_GROWSDOWN, errno.EINVAL),
    ],
)
def test_a_file_is_mapped_as_its_open_mode_allows(
    engine: str, mode: int, prot: int, kind: int, number: int
) -> None:
    task = spawn(engine)
    if number:
        refused(task, number, 0, PAGE, prot, kind, file(task, mode))
    else:
        task.mmap(0, PAGE, prot, kind, file(task, mode))
    task.machine.check()


def test_a_shared_mapping_of_a_read_only_file_can_never_be_written(engine: str) -> None:
    task = spawn(engine)
    at = task.mmap(0, PAGE, 1, uapi.MAP_SHARED, file(task, uapi.FMODE_READ))
    (flags,) = (v.flags for v in task.vmas() if v.start == at)
    assert flags & VM_MAYSHARE and not flags & (VM_SHARED | VM_MAYWRITE)


def test_files_join_at_consecutive_offsets_only(engine: str) -> None:
    task = spawn(engine)
    f = file(task, uapi.FMODE_READ)
    fixed = uapi.MAP_PRIVATE | uapi.MAP_FIXED
    for at, offset in ((0, 0), (1, 1), (2, 3)):
        task.mmap(0x500000000 + at * PAGE, PAGE, 1, fixed, f, offset * PAGE)
    spans = [(v.end - v.start) // PAGE for v in task.vmas() if v.start >> 32 == 5]
    assert spans == [2, 1]
    assert int(task.machine.arena.files[f].f_count) == 3
    task.exit()
    assert int(task.machine.arena.files[f].f_count) == 1
    task.machine.check()


def test_new_mappings_are_soft_dirty_and_stacks_not_huge(engine: str) -> None:
    task = spawn(engine)
    at = task.mmap(0, PAGE, RW, PRIVATE | uapi.MAP_STACK)
    (flags,) = (v.flags for v in task.vmas() if v.start == at)
    assert flags & VM_SOFTDIRTY and flags & VM_NOHUGEPAGE


def test_a_locked_mapping_is_counted(engine: str) -> None:
    task = spawn(engine)
    at = task.mmap(0, 3 * PAGE, RW, PRIVATE | uapi.MAP_LOCKED)
    assert task.mm.locked_vm == 3
    assert [v.flags & VM_LOCKED for v in task.vmas() if v.start == at] == [VM_LOCKED]
    task.munmap(at + PAGE, PAGE)
    assert task.mm.locked_vm == 2
    task.machine.check()


def test_the_map_count_allows_one_above_its_limit(engine: str) -> None:
    task = spawn(engine)
    task.machine.write("/proc/sys/vm/max_map_count", "6")
    for i in range(4):  # three are there already
        task.mmap(0x500000000 + i * 2 * PAGE, PAGE, RW, FIXED)
    refused(task, errno.ENOMEM, 0x600000000, PAGE, RW, FIXED)
    task.munmap(0x500000000, 3 * PAGE)
    task.mmap(0x500000000, 3 * PAGE, RW, FIXED)
    with pytest.raises(OSError, match="Cannot allocate memory"):
        task.munmap(0x500000000 + PAGE, PAGE)
    task.machine.check()


@pytest.mark.parametrize(
    "resource, prot, flags, number",
    [
        (uapi.RLIMIT_AS, 1, PRIVATE, errno.ENOMEM),
        (uapi.RLIMIT_DATA, RW, PRIVATE, errno.ENOMEM),
        (uapi.RLIMIT_DATA, 1, PRIVATE, 0),
        (uapi.RLIMIT_DATA, RW, uapi.MAP_SHARED | uapi.MAP_ANONYMOUS, 0),
    ],
)
def test_limits_of_size_count_what_the_kernel_counts(
    engine: str, resource: int, prot: int, flags: int, number: int
) -> None:
    task = spawn(engine)
    task.setrlimit(resource, 2 * MIB)
    if number:
        refused(task, number, 0, 3 * MIB, prot, flags)
    else:
        task.mmap(0, 3 * MIB, prot, flags)


@pytest.mark.parametrize("kernel, left", [("6.1", False), ("6.12", True)])
def test_a_refused_mmap_leaves_a_hole_on_6_1_only(engine: str, kernel: str, left: bool) -> None:
    task = spawn(engine, kernel)
    at = task.mmap(0x500000000, PAGE, 1, FIXED)
    refused(task, errno.ENOMEM, at, 1 << 40, RW, FIXED)  # more than all of memory
    assert any(v.start == at for v in task.vmas()) is left
    task.machine.check()


CALLS = st.lists(
    st.tuples(
        st.sampled_from(
            ["map", "unmap", "shared", "fixed", "brk", "write", "read", "fork", "exit"]
        ),
        st.integers(0, 40),
        st.integers(1, 12),
        st.sampled_from([0, 1, 3, 5]),
        st.sampled_from([0, uapi.MAP_NORESERVE, uapi.MAP_LOCKED, uapi.MAP_POPULATE]),
    ),
    max_size=30,
)


@pytest.mark.parametrize("kind", [e for e in built_engines() if e != "compiled"])
@given(calls=CALLS)
@settings(max_examples=12, deadline=None)
def test_any_calls_leave_a_sound_machine_that_empties(kind: str, calls: list[tuple]) -> None:
    machine = Machine(ram="64M", cpus=1, engine=kind)

    before = pages_in_use(machine)
    tasks = [machine.spawn("t")]
    for number, (call, page, pages, prot, flags) in enumerate(calls):
        task, at = tasks[number % len(tasks)], 0x500000000 + page * PAGE
        with contextlib.suppress(OSError, SignalError):
            step(tasks, task, call, at, pages * PAGE, prot, flags)
        machine.check()
    for task in tasks:
        task.exit()
        task.reap()
    machine.check()
    assert pages_in_use(machine) == before
    assert machine.overcommit.vm_memory_committed() == 0


def step(
    tasks: list[Task], task: Task, call: str, at: int, size: int, prot: int, flags: int
) -> None:
    if call == "map":
        task.mmap(0, size, prot, PRIVATE | flags)
    elif call == "unmap":
        task.munmap(at, size)
    elif call == "shared":
        task.mmap(at, size, prot, uapi.MAP_SHARED | uapi.MAP_ANONYMOUS | flags)
    elif call == "fixed":
        task.mmap(at, size, prot, FIXED | flags)
    elif call == "write":
        task.write(at, size)
    elif call == "read":
        task.read(at, size)
    elif call == "brk":
        task.brk(int(task.mm.brk) + size)
    elif call == "fork" and len(tasks) < 4:
        tasks.append(task.fork())
    elif call == "exit" and len(tasks) > 1:
        tasks.remove(task)
        task.exit()
        task.reap()


@pytest.mark.parametrize("kind", [*OWN, *GIVEN])
@pytest.mark.parametrize("scenario", ["a01", "a03", "a07"])
def test_answers_and_maps_are_those_of_real_kernels(kind: str, scenario: str) -> None:
    assert_as_real_kernel(kind, scenario)
