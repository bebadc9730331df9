"""Which ranges become one vma. A letter is a page by its rights, `.` a hole, `|` a cut."""

from __future__ import annotations

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import MAP_ANONYMOUS, MAP_FIXED, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED
from mmtwin.mm.vm_flags import VM_DONTDUMP, VM_READ, VM_WRITE
from mmtwin.task import Task

PAGE = 4096
BASE = 0x500000000
ANON = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS
KINDS = {"w": (3, ANON), "r": (1, ANON), "n": (3, ANON | MAP_NORESERVE), "x": (5, ANON)}


def spawn(engine: str, kernel: str = "6.12") -> Task:
    return Machine(ram="256M", cpus=1, kernel=kernel, engine=engine).spawn("t")


def draw(task: Task) -> str:
    """The pages from BASE on, a `|` between two vmas that touch."""
    text, at = "", BASE
    for v in task.vmas():
        if v.start < BASE or v.start > BASE + 64 * PAGE:
            continue
        kind = "w" if v.flags & VM_WRITE else "r" if v.flags & VM_READ else "-"
        text += "." * ((v.start - at) // PAGE) + ("|" if text and v.start == at else "")
        text += kind * ((v.end - v.start) // PAGE)
        at = v.end
    return text


def map_pages(task: Task, at: int, kinds: str) -> None:
    for i, kind in enumerate(kinds):
        prot, flags = KINDS[kind]
        task.mmap(BASE + (at + i) * PAGE, PAGE, prot, flags)


def anon_vma(task: Task, page: int) -> int:
    """Give the vma of a page an anon_vma, as its first write fault does."""
    vma = task.machine.vma_tree.find_vma(task.mm_index, BASE + page * PAGE)
    task.machine.rmap.anon_vma_prepare(vma)
    return int(task.machine.arena.vmas[vma].anon_vma)


@pytest.mark.parametrize(
    "steps, drawing",
    [
        ([(0, "ww")], "ww"),
        ([(0, "w"), (2, "w")], "w.w"),
        ([(0, "w"), (2, "w"), (1, "w")], "www"),
        ([(2, "w"), (1, "w"), (0, "w")], "www"),
        ([(0, "w"), (1, "r"), (2, "w")], "w|r|w"),
        ([(0, "www"), (1, "r")], "w|r|w"),
        ([(0, "www"), (1, "r"), (1, "w")], "www"),
        ([(0, "w"), (1, "n"), (2, "w")], "w|w|w"),  # NORESERVE never joins an accounted one
        ([(0, "nn"), (2, "n")], "www"),
    ],
)
def test_equal_neighbours_become_one(
    engine: str, steps: list[tuple[int, str]], drawing: str
) -> None:
    task = spawn(engine)
    for at, kinds in steps:
        map_pages(task, at, kinds)
    assert draw(task) == drawing
    task.machine.check()


@pytest.mark.parametrize("kernel, drawing", [("6.1", "w|ww"), ("6.12", "ww|w"), ("6.18", "ww|w")])
def test_between_two_anon_vmas_6_1_joins_the_upper_and_6_12_the_lower(
    engine: str, kernel: str, drawing: str
) -> None:
    task = spawn(engine, kernel)
    map_pages(task, 0, "w")
    map_pages(task, 2, "w")
    assert anon_vma(task, 0) != anon_vma(task, 2)
    map_pages(task, 1, "w")
    assert draw(task) == drawing
    task.machine.check()


def test_a_shared_anonymous_mapping_is_a_file_of_its_own(engine: str) -> None:
    task = spawn(engine)
    for page in range(2):
        task.mmap(BASE + page * PAGE, PAGE, 3, MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS)
    assert draw(task) == "w|w"


def test_munmap_in_the_middle_keeps_offsets(engine: str) -> None:
    task = spawn(engine)
    map_pages(task, 0, "wwww")
    task.munmap(BASE + PAGE, 2 * PAGE)
    assert draw(task) == "w..w"
    assert [v.pgoff for v in task.vmas() if v.start >= BASE][:2] == [BASE >> 12, (BASE >> 12) + 3]
    task.machine.check()


@pytest.mark.parametrize(
    "first, last, other, drawing, touched",
    [
        (1, 2, "keep", "www", "w|w|w"),  # a flag that nobody else has: cut out
        (0, 1, "keep", "www", "w|ww"),
        (2, 3, "keep", "www", "ww|w"),
    ],
)
def test_modified_flags_cut_a_vma_and_join_it_again(
    engine: str, first: int, last: int, other: str, drawing: str, touched: str
) -> None:
    task = spawn(engine)
    map_pages(task, 0, "www")
    modify(task, first, last, VM_DONTDUMP, 0)
    assert draw(task) == touched
    modify(task, first, last, 0, VM_DONTDUMP)
    assert draw(task) == drawing
    task.machine.check()


def modify(task: Task, first: int, last: int, add: int, drop: int) -> None:
    """What madvise() does to the flags of pages first .. last - 1."""
    start, end = BASE + first * PAGE, BASE + last * PAGE
    m = task.machine
    vma = m.vma_tree.find_vma(task.mm_index, start)
    flags = (int(m.arena.vmas[vma].vm_flags) | add) & ~drop
    result = m.vma.vma_modify_flags(vma, start, end, flags)
    assert result > 0
    m.arena.vmas[result].vm_flags = flags


@pytest.mark.parametrize("kernel, drawing", [("6.12", "w|w"), ("6.18", "ww")])
def test_a_faulted_vma_joins_an_unfaulted_one_from_6_16_on(
    engine: str, kernel: str, drawing: str
) -> None:
    task = spawn(engine, kernel)
    map_pages(task, 0, "ww")
    modify(task, 1, 2, VM_DONTDUMP, 0)
    anon_vma(task, 1)
    modify(task, 1, 2, 0, VM_DONTDUMP)
    assert draw(task) == drawing
    task.machine.check()


def test_the_vdso_cannot_be_split(engine: str) -> None:
    task = spawn(engine)
    vdso = task.vmas()[1]
    with pytest.raises(OSError, match="Invalid argument"):
        task.munmap(vdso.start, PAGE)
    task.munmap(vdso.start, vdso.end - vdso.start)
    task.machine.check()


def test_what_fork_inherited_does_not_grow(engine: str) -> None:
    """A child's area has its parent's anon_vma as well as its own; the parent's has one only."""
    task = spawn(engine)
    map_pages(task, 0, "ww")
    anon_vma(task, 0)
    child = task.fork()
    for each, drawing in ((task, "www"), (child, "ww|w")):
        map_pages(each, 2, "w")
        assert draw(each) == drawing
    task.machine.check()
