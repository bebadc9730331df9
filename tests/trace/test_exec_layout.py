"""Load addresses and heap starts are found from what programs do after execve."""

from __future__ import annotations

from dataclasses import replace

from mmtwin.elf_image import ElfImage, Segment
from mmtwin.trace.elf import ElfSet
from mmtwin.trace.events import Event
from mmtwin.trace.exec_layout import ELF_ET_DYN_BASE, with_layouts


def program(path: str, kind: str, relro: tuple[int, int] | None, interp: str = "") -> ElfImage:
    segments = [
        Segment("PT_LOAD", 5, 0, 0x400000 if kind == "ET_EXEC" else 0, 0x5000, 0x5000, 4096)
    ]
    if relro:
        segments.append(Segment("PT_GNU_RELRO", 4, relro[0], relro[0], relro[1], relro[1], 1))
    return ElfImage(path, kind, 0, tuple(segments), interp)


ELFS = ElfSet(
    {
        "/p": program("/p", "ET_DYN", (0x3D90, 0x270), "/ld"),
        "/x": program("/x", "ET_EXEC", (0x403D90, 0x270), "/ld"),
        "/twin": program("/twin", "ET_DYN", (0x2900, 0x1700), "/ld"),
        "/bare": program("/bare", "ET_DYN", None),
        "/ld": program("/ld", "ET_DYN", (0x2900, 0x1700)),
    }
)
HEAP, PROGRAM, LOADER = 0x55FA5F686000, 0x55FA26457000, 0x7F441C849000


def e(op: str, addr: int = 0, length: int = 0, pid: int = 1, **columns: int) -> Event:
    return Event(0, 0, pid, pid, op, addr, length, **columns)


def execve(path: str, pid: int = 1) -> Event:
    return Event(0, pid, pid, pid, "execve", file=path)


def layouts(events: list[Event]) -> list[tuple[int, int, int]]:
    found = list(with_layouts(events, ELFS))
    assert [x for x in found if x.op != "exec_layout"] == events, "the others stay in order"
    for i, x in enumerate(found):
        if x.op == "exec_layout":
            assert found[i - 1].op == "execve"
    return [(x.addr, x.addr2, x.offset) for x in found if x.op == "exec_layout"]


BRK = e("brk", result=HEAP)
RELRO_P = e("mprotect", PROGRAM + 0x3000, 0x1000, prot=1)
RELRO_LD = e("mprotect", LOADER + 0x2000, 0x2000, prot=1)


def test_both_are_found_by_their_relro() -> None:
    assert layouts([execve("/p"), BRK, RELRO_P, RELRO_LD]) == [(PROGRAM, LOADER, HEAP)]


def test_the_relro_of_a_library_lies_in_memory_that_mmap_gave() -> None:
    library = e("mmap", length=0x9000, result=0x7F0000000000)
    relro = e("mprotect", 0x7F0000003000, 0x1000, prot=1)
    assert layouts([execve("/p"), BRK, library, relro, RELRO_P, RELRO_LD]) == [
        (PROGRAM, LOADER, HEAP)
    ]


def test_program_and_loader_of_equal_relro_are_told_by_the_heap_between_them() -> None:
    relro = e("mprotect", PROGRAM + 0x2000, 0x2000, prot=1)
    for order in ([relro, RELRO_LD], [RELRO_LD, relro]):
        assert layouts([execve("/twin"), BRK, *order]) == [(PROGRAM, LOADER, HEAP)]


def test_a_fixed_program_needs_only_its_loader() -> None:
    own = e("mprotect", 0x403000, 0x1000, prot=1)
    assert layouts([execve("/x"), BRK, own, RELRO_LD]) == [(0, LOADER, HEAP)]


def test_without_aslr_the_heap_follows_the_program() -> None:
    heap = e("brk", result=ELF_ET_DYN_BASE + 0x5000)
    assert layouts([execve("/bare"), heap, e("exit_group")]) == [
        (ELF_ET_DYN_BASE, 0, ELF_ET_DYN_BASE + 0x5000)
    ]


def test_what_does_not_show_stays_unknown() -> None:
    assert layouts([execve("/p"), e("exit_group")]) == [(0, 0, 0)]
    assert layouts([execve("/never/heard/of"), BRK]) == [(0, 0, HEAP)]


def test_processes_that_start_at_once_are_kept_apart() -> None:
    other = [execve("/p", 2), e("brk", pid=2, result=HEAP + 4096)]
    more = [e("mprotect", PROGRAM + 0x7000, 0x1000, pid=2, prot=1),
            e("mprotect", LOADER + 0x6000, 0x2000, pid=2, prot=1)]  # fmt: skip
    events = [execve("/p"), *other, BRK, *more, RELRO_P, RELRO_LD]
    assert layouts(events) == [
        (PROGRAM, LOADER, HEAP), (PROGRAM + 0x4000, LOADER + 0x4000, HEAP + 4096)
    ]  # fmt: skip


def test_a_second_execve_is_searched_anew() -> None:
    moved = [replace_at(x, 0x10000) for x in (RELRO_P, RELRO_LD)]
    events = [execve("/p"), BRK, RELRO_P, RELRO_LD, execve("/p"), BRK, *moved]
    assert layouts(events) == [(PROGRAM, LOADER, HEAP), (PROGRAM + 0x10000, LOADER + 0x10000, HEAP)]


def replace_at(event: Event, delta: int) -> Event:
    return event._replace(addr=event.addr + delta)


def test_a_relative_path_matches_the_one_program_that_ends_so() -> None:
    elfs = ElfSet({"/srv/a/t": replace(ELFS["/p"], path="/srv/a/t")})
    assert elfs.find("./t") is elfs["/srv/a/t"]
    assert elfs.find("b/t") is None
