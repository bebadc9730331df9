"""execve: a fresh address space for an ELF program.

    0x555555554000  program (ET_DYN; an ET_EXEC where it was linked)   ELF_ET_DYN_BASE
                    bss, heap upwards from start_brk
                    ...
                    later mmaps, top-down
                    vvar, vdso
                    interpreter                                        below mmap_base
    0x7ffffffde000  stack, 132 kB                                      up to stack_top

The order decides the places: stack, program, interpreter, vdso. Address-space randomisation is
not drawn here: without it every place follows, with it (a recording) the places are given as
`Bases`.

Models fs/binfmt_elf.c: load_elf_binary(), elf_load(), elf_map(), load_elf_interp();
fs/exec.c: exec_mmap(), setup_arg_pages();
arch/x86/entry/vdso/vma.c: map_vdso().
Not modelled: 32-bit programs, READ_IMPLIES_EXEC personalities (no 64-bit program of the last
fifteen years asks for one), overlapping PT_LOADs in files that no linker makes, close-on-exec.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmtwin.elf_image import (
    ET_DYN,
    PAGE_MASK,
    PAGE_SIZE,
    PF_R,
    PF_W,
    PF_X,
    ElfImage,
    Segment,
    page_align,
)
from mmtwin.mm.page_flags import INODE_REGULAR
from mmtwin.mm.pgtable_types import TASK_SIZE_MAX
from mmtwin.mm.uapi import (
    FMODE_READ,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_FIXED_NOREPLACE,
    MAP_PRIVATE,
    O_RDONLY,
    PROT_EXEC,
    PROT_READ,
    PROT_WRITE,
    RLIM_NLIMITS,
    RLIMIT_STACK,
    SIGBUS,
    SIGSEGV,
)
from mmtwin.mm.vm_flags import (
    NAME_VDSO,
    NAME_VVAR,
    NAME_VVAR_VCLOCK,
    VM_DONTDUMP,
    VM_EXEC,
    VM_IO,
    VM_MAYEXEC,
    VM_MAYREAD,
    VM_MAYWRITE,
    VM_PFNMAP,
    VM_READ,
    VM_STACK_FLAGS,
)
from mmtwin.units import PAGE_SHIFT
from mmtwin.vfs.paths import set_path

if TYPE_CHECKING:
    from mmtwin.machine import Machine

STACK_EXPAND = 128 << 10  # what setup_arg_pages() adds to the pages of the arguments
VVAR_FLAGS = VM_READ | VM_MAYREAD | VM_IO | VM_DONTDUMP | VM_PFNMAP
VDSO_FLAGS = VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
# (name, pages, flags), ascending; before 6.13 the virtual-clock pages were a part of [vvar]
VDSO_601 = ((NAME_VVAR, 4, VVAR_FLAGS), (NAME_VDSO, 2, VDSO_FLAGS))
VDSO_618 = (
    (NAME_VVAR, 4, VVAR_FLAGS),
    (NAME_VVAR_VCLOCK, 2, VVAR_FLAGS),
    (NAME_VDSO, 2, VDSO_FLAGS),
)


@dataclass(frozen=True)
class Bases:
    """Where a recorded kernel put things, in bytes; 0 is where a kernel without ASLR puts it."""

    program: int = 0  # load bias of an ET_DYN program
    interp: int = 0  # load bias of the interpreter
    start_brk: int = 0  # start of the heap
    stack_top: int = 0  # end of the stack area
    vdso: int = 0  # first page of [vvar]
    mmap_base: int = 0  # by default what `interp`, else RLIMIT_STACK, makes of it


@dataclass(frozen=True)
class ExecLayout:
    """Where execve put things: what `exec_layout()` found or was given."""

    load_bias: int
    interp_bias: int
    start_brk: int
    stack_top: int
    vdso: int


def exec_layout(
    task: Any,
    program: ElfImage,
    interp: ElfImage | None = None,
    bases: Bases | None = None,
    *,
    program_file: int = 0,
    interp_file: int = 0,
    arg_bytes: int = 0,
    copy_strings: Callable[[], None] | None = None,
) -> ExecLayout:
    """Replace the task's address space by that of `program`: execve() after its last failure point.

    `task` has `machine` and `index` (into `tasks`). `program_file` and `interp_file` are open
    files (indices into `files`); 0 makes an inode of its own for that image.
    `arg_bytes` is the room that arguments and environment take on the stack, `copy_strings` what
    fills it.
    Raises OSError: ENOEXEC for an image that cannot be executed, ENOMEM, EEXIST where `bases`
    put two things in one place.
    """
    check_image(program)
    if interp is not None:
        check_image(interp)
    loader = _Loader(task, bases or Bases())
    loader.exec_mmap(program, interp)
    loader.setup_arg_pages(program, arg_bytes)
    if copy_strings is not None:
        copy_strings()
    _checked(task.machine.processes.prepare_bprm_creds(), 0)
    with opened(task.machine, program, program_file) as file:
        loader.load_program(program, file, interp is not None)
    if interp is not None:
        with opened(task.machine, interp, interp_file) as file:
            loader.load_interp(interp, file)
    loader.vdso = map_vdso(task.machine, loader.mm_index, loader.bases.vdso)
    loader.set_marks()
    return loader.layout()


def check_image(image: ElfImage) -> None:
    """Raise ENOEXEC where the kernel refuses the program headers."""
    loads = image.loads()
    if not loads:
        raise OSError(errno.ENOEXEC, "no PT_LOAD segment", image.path)
    for s in loads:
        if s.filesz > s.memsz or s.memsz > TASK_SIZE_MAX or s.vaddr > TASK_SIZE_MAX - s.memsz:
            raise OSError(errno.ENOEXEC, "a PT_LOAD segment is longer in the file than in memory "
                          "or leaves the address space", image.path)  # fmt: skip


@contextmanager
def opened(machine: Machine, image: ElfImage, file: int) -> Iterator[int]:
    """`file`, or an open file made for the image, whose areas then hold it."""
    if file:
        yield file
        return
    size = image.size or max(s.offset + s.filesz for s in image.loads())
    number = len(machine.arena.names.get("path", {})) + 1
    inode = machine.page_cache.new_inode(INODE_REGULAR, size, number, 0)
    file = int(machine.page_cache.open_file(inode, O_RDONLY, FMODE_READ))
    machine.page_cache.iput(inode)
    set_path(machine, file, image.path)
    yield file
    machine.page_cache.fput(file)


def elf_prot(segment: Segment) -> int:
    """make_prot(): PROT_* of a segment."""
    return (
        (PROT_READ if segment.flags & PF_R else 0)
        | (PROT_WRITE if segment.flags & PF_W else 0)
        | (PROT_EXEC if segment.flags & PF_X else 0)
    )


def vdso_parts(machine: Machine) -> tuple[tuple[int, int, int], ...]:
    """(name, pages, flags) of vvar and vdso of the machine's kernel, ascending."""
    return VDSO_618 if machine.config.kernel >= 613 else VDSO_601


def vdso_size(machine: Machine) -> int:
    """Bytes of vvar and vdso of the machine's kernel."""
    return sum(pages for _, pages, _ in vdso_parts(machine)) << PAGE_SHIFT


def map_vdso(machine: Machine, mm: int, place: int = 0) -> int:
    """vvar and vdso as one block, at `place` or where the mmap area has room: its address.

    Before 6.10 a randomised kernel puts them above the stack; then `place` has to be given.
    """
    total = vdso_size(machine)
    first = at = place or _checked(machine.mmap.get_unmapped_area(0, 0, total, 0, 0), place)
    for name, pages, flags in vdso_parts(machine):
        size = pages << PAGE_SHIFT
        _checked(machine.special_mapping.install_special_mapping(mm, at, size, flags, name), at)
        at += size
    return first


class _Loader:
    """One execve."""

    def __init__(self, task: Any, bases: Bases) -> None:
        self.task = task
        self.machine: Machine = task.machine
        self.bases = bases
        self.load_bias = self.interp_bias = self.vdso = self.mm_index = 0
        self.stack_top = bases.stack_top or TASK_SIZE_MAX
        self.end_of_image = 0  # ELF_PAGEALIGN(elf_brk)

    def exec_mmap(self, program: ElfImage, interp: ElfImage | None) -> None:
        """A new mm, laid out by arch_pick_mmap_layout(); the old one is let go."""
        self.machine.processes.switch_to(self.task.index, self._cpu())
        _checked(self.machine.processes.exec_mmap(), 0)
        self.mm_index = int(self.machine.arena.tasks[self.task.index].mm)
        self.mm = self.machine.arena.mms[self.mm_index]
        self.machine.mmap_layout.arch_pick_mmap_layout(self.mm_index, self._rlimit_stack())
        self.mm.mmap_base = self._mmap_base(program, interp) or self.mm.mmap_base

    def _mmap_base(self, program: ElfImage, interp: ElfImage | None) -> int:
        """The first top-down mapping ends there: a given place of the loader tells it. Else 0."""
        if self.bases.mmap_base:
            return self.bases.mmap_base
        if interp is not None and self.bases.interp:
            return self.bases.interp + interp.extent()[1]
        if interp is None and program.type == ET_DYN and self.bases.program:
            return self.bases.program + program.extent()[1]
        return 0

    def setup_arg_pages(self, program: ElfImage, arg_bytes: int) -> None:
        """The stack area: the argument pages and 128 kB more, within RLIMIT_STACK."""
        flags = VM_STACK_FLAGS | int(self.mm.def_flags)  # mprotect_fixup() drops VM_SOFTDIRTY
        if any(s.type == "PT_GNU_STACK" and s.flags & PF_X for s in program.segments):
            flags |= VM_EXEC
        arg_pages = max(PAGE_SIZE, page_align(arg_bytes))
        size = max(arg_pages, min(self._rlimit_stack() & PAGE_MASK, arg_pages + STACK_EXPAND))
        insert = self.machine.special_mapping.insert_vm_struct
        start = self.stack_top - size
        _checked(insert(self.mm_index, start, self.stack_top, flags), start)
        self.mm.start_stack = self.mm.arg_start = self.stack_top - max(arg_bytes, 16) & ~15
        self.mm.arg_end = self.mm.env_start = self.mm.env_end = self.stack_top - 8

    def load_program(self, program: ElfImage, file: int, has_interp: bool) -> None:
        """Map the PT_LOADs and put the heap behind them."""
        self.program, self.has_interp = program, has_interp
        self.load_bias = self._load(program, file, self._program_bias(program))
        self.end_of_image = self.load_bias + program.extent()[1]
        self.mm.exe_file = file
        self.machine.page_cache.get_file(file)

    def _program_bias(self, program: ElfImage) -> int | None:
        """Load bias, or None where the mmap area decides (a loader or static-pie run by itself)."""
        if program.type != ET_DYN:
            return 0
        if self.bases.program:
            return self.bases.program
        if not self.has_interp:
            return None
        base = int(TASK_SIZE_MAX) // 3 * 2  # ELF_ET_DYN_BASE
        base &= -program.alignment()
        return (base - program.loads()[0].vaddr) & PAGE_MASK

    def load_interp(self, interp: ElfImage, file: int) -> None:
        """load_elf_interp(): the highest mapping of the mmap area."""
        self.interp_bias = self._load(interp, file, self.bases.interp or None)

    def _load(self, image: ElfImage, file: int, bias: int | None) -> int:
        """elf_load() of each PT_LOAD; the bias that was used."""
        if bias is None:
            bias = self._reserve(image)
        for s in image.loads():
            self._elf_load(s, file, bias)
        return bias

    def _reserve(self, image: ElfImage) -> int:
        """Where get_unmapped_area() has room for all of the image; the load bias of that place."""
        first, end = image.extent()
        align = image.alignment()
        room = end - first + (align - PAGE_SIZE if align > PAGE_SIZE else 0)
        place = self._get_unmapped_area(0, room)
        return (place + align - 1) // align * align - first

    def _elf_load(self, s: Segment, file: int, bias: int) -> None:
        """The file part, then the anonymous pages of what is longer in memory (bss)."""
        if s.filesz:
            start = bias + s.vaddr - s.page_offset
            size = page_align(s.filesz + s.page_offset)
            pgoff = (s.offset - s.page_offset) >> PAGE_SHIFT
            self._mmap(start, size, elf_prot(s), MAP_PRIVATE | MAP_FIXED_NOREPLACE, file, pgoff)
        if s.memsz > s.filesz:
            self._bss(s, bias)

    def _bss(self, s: Segment, bias: int) -> None:
        zero_start, zero_end = bias + s.vaddr + s.filesz, bias + s.vaddr + s.memsz
        if s.filesz and s.flags & PF_W and zero_start & ~PAGE_MASK:
            self._padzero(zero_start)
        start, end = page_align(zero_start), page_align(zero_end)
        if not s.filesz:
            start = zero_start & PAGE_MASK
        if end > start:  # vm_brk_flags(): readable and writable, whatever the segment says
            prot = PROT_READ | PROT_WRITE | (PROT_EXEC if s.flags & PF_X else 0)
            self._mmap(start, end - start, prot, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, 0, 0)

    def _padzero(self, address: int) -> None:
        """The rest of the last file page is cleared: its first write fault, taken in execve."""
        signal = self.machine.access.access(address, 1)
        if signal in (SIGSEGV, SIGBUS):
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT), self.program.path)

    def set_marks(self) -> None:
        """start_code ... brk of the mm, from the segments."""
        loads, bias, mm = self.program.loads(), self.load_bias, self.mm
        code = [s for s in loads if s.flags & PF_X]
        mm.start_code = bias + min((s.vaddr for s in code), default=0)
        mm.end_code = bias + max((s.vaddr + s.filesz for s in code), default=0)
        mm.start_data = bias + max(s.vaddr for s in loads)
        mm.end_data = bias + max(s.vaddr + s.filesz for s in loads)
        mm.start_brk = mm.brk = self._start_brk()

    def _start_brk(self) -> int:
        """Behind the bss; a loader or static-pie run by itself would leave it no room there.

        Since 6.16 the break moves away for them without randomisation too.
        """
        if self.bases.start_brk:
            return self.bases.start_brk
        direct = self.program.type == ET_DYN and not self.has_interp
        if direct and self.machine.config.kernel >= 616:
            return page_align(TASK_SIZE_MAX // 3 * 2)
        return self.end_of_image

    def layout(self) -> ExecLayout:
        return ExecLayout(
            self.load_bias, self.interp_bias, int(self.mm.start_brk), self.stack_top, self.vdso
        )

    def _mmap(self, addr: int, size: int, prot: int, flags: int, file: int, pgoff: int) -> None:
        _checked(self.machine.mmap.do_mmap(addr, size, prot, flags, file, pgoff), addr)

    def _get_unmapped_area(self, addr: int, size: int) -> int:
        found = self.machine.mmap.get_unmapped_area(0, addr, size, 0, 0)
        return _checked(found, addr)

    def _cpu(self) -> int:
        return int(self.machine.arena.tasks[self.task.index].cpu)

    def _rlimit_stack(self) -> int:
        first = self.task.index * 2 * RLIM_NLIMITS
        return int(self.machine.arena.rlimits[first + 2 * RLIMIT_STACK])


def _checked(result: int, addr: int) -> int:
    if result < 0:
        raise OSError(-result, os.strerror(-result), f"execve: {addr:#x}")
    return int(result)
