"""What execve maps: against areas of real processes, and the rules one by one."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmtwin.binfmt_elf import Bases, ExecLayout, exec_layout
from mmtwin.elf_image import ElfImage, page_align
from mmtwin.machine import Machine
from mmtwin.mm.uapi import PROT_READ

PAGE = 4096
LINE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ \d+ *(.*)$")
Area = tuple[int, int, str, int, str]

LOADER = {
    "type": "ET_DYN", "entry": 109424, "realpath": "/usr/lib/ld-linux-x86-64.so.2",
    "segments": [
        ["PT_LOAD", 4, 0, 0, 3416, 3416, 4096],
        ["PT_LOAD", 5, 4096, 4096, 151825, 151825, 4096],
        ["PT_LOAD", 4, 159744, 159744, 40060, 40060, 4096],
        ["PT_LOAD", 6, 203008, 203008, 10256, 10712, 4096],
        ["PT_GNU_STACK", 6, 0, 0, 0, 0, 16],
    ],
}  # fmt: skip
PROGRAM = {
    "type": "ET_DYN", "entry": 4304, "realpath": "/bin/t", "interp": LOADER["realpath"],
    "segments": [
        ["PT_LOAD", 4, 0, 0, 1736, 1736, 4096],
        ["PT_LOAD", 5, 4096, 4096, 453, 453, 4096],
        ["PT_LOAD", 4, 8192, 8192, 220, 220, 4096],
        ["PT_LOAD", 6, 11728, 15824, 608, 616, 4096],
        ["PT_GNU_STACK", 6, 0, 0, 0, 0, 16],
    ],
}  # fmt: skip


def start(engine: str, kernel: str = "6.12") -> SimpleNamespace:
    """A task that has not executed anything yet."""
    machine = Machine(ram="64M", cpus=1, kernel=kernel, engine=engine)
    return SimpleNamespace(machine=machine, index=int(machine.processes.kernel_clone_init(1, 0)))


def areas(task: SimpleNamespace) -> list[Area]:
    """Start, end, rights, offset and name of each area, from /proc/1/maps."""
    return parse(task.machine.read("/proc/1/maps"))


def parse(text: str) -> list[Area]:
    found = [LINE.match(line) for line in text.splitlines()]
    return [
        (int(m[1], 16), int(m[2], 16), m[3], int(m[4], 16), m[5])
        for m in found
        if m and m[5] != "[vsyscall]"
    ]


def execute(task: SimpleNamespace, program: Any, interp: Any = None, **bases: int) -> ExecLayout:
    image = ElfImage.from_json(interp) if interp else None
    return exec_layout(task, ElfImage.from_json(program), image, Bases(**bases))


# (6.1 and 6.12: six pages of vvar and vdso; 6.18: eight), below the loader
@pytest.mark.parametrize(
    ("kernel", "vdso"),
    [("6.1", 0x7FFFF7FC4000), ("6.12", 0x7FFFF7FC4000), ("6.18", 0x7FFFF7FC2000)],
)
def test_without_aslr_everything_has_its_place(engine: str, kernel: str, vdso: int) -> None:
    task = start(engine, kernel)
    layout = execute(task, PROGRAM, LOADER)
    assert layout == ExecLayout(
        load_bias=0x555555554000, interp_bias=0x7FFFF7FCA000, start_brk=0x555555559000,
        stack_top=0x7FFFFFFFF000, vdso=vdso,
    )  # fmt: skip
    assert areas(task)[-1] == (0x7FFFFFFDE000, 0x7FFFFFFFF000, "rw-p", 0, "[stack]")
    task.machine.check()


def test_an_exec_lays_out_text_data_heap_loader_vdso_and_stack(engine: str) -> None:
    task = start(engine, "6.18")
    execute(task, PROGRAM, LOADER)
    ld = LOADER["realpath"]
    assert areas(task) == [
        (0x555555554000, 0x555555555000, "r--p", 0, "/bin/t"),
        (0x555555555000, 0x555555556000, "r-xp", 0x1000, "/bin/t"),
        (0x555555556000, 0x555555557000, "r--p", 0x2000, "/bin/t"),
        (0x555555557000, 0x555555559000, "rw-p", 0x2000, "/bin/t"),
        (0x7FFFF7FC2000, 0x7FFFF7FC6000, "r--p", 0, "[vvar]"),
        (0x7FFFF7FC6000, 0x7FFFF7FC8000, "r--p", 0, "[vvar_vclock]"),
        (0x7FFFF7FC8000, 0x7FFFF7FCA000, "r-xp", 0, "[vdso]"),
        (0x7FFFF7FCA000, 0x7FFFF7FCB000, "r--p", 0, ld),
        (0x7FFFF7FCB000, 0x7FFFF7FF1000, "r-xp", 0x1000, ld),
        (0x7FFFF7FF1000, 0x7FFFF7FFB000, "r--p", 0x27000, ld),
        (0x7FFFF7FFB000, 0x7FFFF7FFF000, "rw-p", 0x31000, ld),
        (0x7FFFFFFDE000, 0x7FFFFFFFF000, "rw-p", 0, "[stack]"),
    ]


def static(kind: str, vaddr: int) -> dict[str, Any]:
    """A static program with five pages of bss behind three of data."""
    return {
        "type": kind, "entry": vaddr, "realpath": "/bin/s", "segments": [
            ["PT_LOAD", 5, 0, vaddr, 0x518, 0x518, 4096],
            ["PT_LOAD", 6, 0xA06D8, vaddr + 0xA06D8, 0x5B98, 0xB3C8, 4096],
        ],
    }  # fmt: skip


def test_bss_is_anonymous_and_the_heap_begins_behind_it(engine: str) -> None:
    task = start(engine, "6.18")
    layout = execute(task, static("ET_EXEC", 0x400000))
    assert areas(task)[:3] == [
        (0x400000, 0x401000, "r-xp", 0, "/bin/s"),
        (0x4A0000, 0x4A7000, "rw-p", 0xA0000, "/bin/s"),
        (0x4A7000, 0x4AC000, "rw-p", 0, ""),
    ]
    assert layout.start_brk == 0x4AC000


@pytest.mark.parametrize(
    ("kernel", "start_brk"), [("6.12", 0x7FFFF7FFF000), ("6.18", 0x555555555000)]
)
def test_a_static_pie_lies_in_the_mmap_area(engine: str, kernel: str, start_brk: int) -> None:
    """Without randomisation its heap went there too until 6.16 moved it away."""
    task = start(engine, kernel)
    layout = execute(task, static("ET_DYN", 0))
    assert layout.load_bias == 0x7FFFF7FFF000 - 0xAC000
    assert layout.start_brk == start_brk


def test_a_second_exec_leaves_nothing_of_the_first(engine: str) -> None:
    task = start(engine)
    execute(task, PROGRAM, LOADER)
    before = areas(task)
    execute(task, static("ET_EXEC", 0x400000))
    execute(task, PROGRAM, LOADER)
    assert areas(task) == before
    task.machine.check()


@pytest.mark.parametrize(
    "segments",
    [[], [["PT_LOAD", 4, 0, 0, 2, 1, 4096]], [["PT_LOAD", 4, 0, 1 << 47, 0, 4096, 4096]]],
)
def test_an_image_that_cannot_be_executed_is_refused(engine: str, segments: list[Any]) -> None:
    with pytest.raises(OSError, match="PT_LOAD") as e:
        execute(start(engine), PROGRAM | {"segments": segments})
    assert e.value.errno == 8  # ENOEXEC


def test_the_image_of_a_file_is_that_of_its_program_headers() -> None:
    image = ElfImage.from_file("/proc/self/exe")
    assert image.type in ("ET_DYN", "ET_EXEC") and image.loads()
    with pytest.raises(OSError, match="not an ELF"):
        ElfImage.from_file(__file__)


RECORDINGS = ["t", "ls", "np", "sq", "gcc", "sort", "sh", "thr"]


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_areas_of_recorded_processes(shared: Path, name: str) -> None:
    """Program, loader and vdso as /proc/PID/maps had them when the process exited."""
    folder = shared / "recordings" / "maps"
    images = [ElfImage.from_json(b) for b in json.loads((folder / "elf.json").read_text()).values()]
    texts = json.loads(gzip.decompress((folder / f"{name}.maps.json.gz").read_bytes()))
    checked = 0
    for key, text in texts.items():
        if key.startswith("maps."):
            checked += compare_with_recording(images, parse(text))
    assert checked


def compare_with_recording(images: list[ElfImage], true: list[Area]) -> bool:
    by_path = {i.path: i for i in images}
    program = next((by_path[a[4]] for a in true if a[4] in by_path), None)
    if program is None or not program.interp:
        return False
    interp = next(by_path[a[4]] for a in true if a[4].endswith("/ld-linux-x86-64.so.2"))
    bases = Bases(
        program=first(true, program.path), interp=first(true, interp.path),
        start_brk=first(true, "[heap]"), stack_top=next(a[1] for a in true if a[4] == "[stack]"),
    )  # fmt: skip
    task = start("interpreted", "6.18")
    layout = exec_layout(task, program, interp, bases)
    for image, bias in ((program, layout.load_bias), (interp, layout.interp_bias)):
        relro = next((s for s in image.segments if s.type == "PT_GNU_RELRO"), None)
        if relro:  # what the loader itself does
            begin = (bias + relro.vaddr) // PAGE * PAGE
            length = (bias + relro.vaddr + relro.memsz) // PAGE * PAGE - begin
            task.machine.mprotect.do_mprotect(begin, length, PROT_READ)
    ranges = [extent(program, layout.load_bias), extent(interp, layout.interp_bias)]
    ranges.append((layout.vdso, layout.vdso + 8 * PAGE))
    assert within(areas(task), ranges) == within(true, ranges)
    return True


def first(true: list[Area], name: str) -> int:
    return next((a[0] for a in true if a[4] == name), 0)


def extent(image: ElfImage, bias: int) -> tuple[int, int]:
    low, high = image.extent()
    return bias + low, page_align(bias + high)


def within(some: list[Area], ranges: list[tuple[int, int]]) -> list[Area]:
    return [a for a in some if any(low <= a[0] and a[1] <= high for low, high in ranges)]
