"""/proc/PID/maps: models fs/proc/task_mmu.c: show_map_vma(), get_vma_name()."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mmtwin.mm.page_flags import INODE_SHMEM
from mmtwin.mm.vm_flags import (
    NAME_VDSO,
    NAME_VVAR,
    NAME_VVAR_VCLOCK,
    VM_EXEC,
    VM_MAYSHARE,
    VM_READ,
    VM_WRITE,
)
from mmtwin.units import PAGE_SHIFT
from mmtwin.vfs.paths import path_of
from mmtwin.views import tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine

NAME_COLUMN = 72  # seq_setwidth(m, 25 + sizeof(void *) * 6 - 1)
SPECIAL = {NAME_VDSO: "[vdso]", NAME_VVAR: "[vvar]", NAME_VVAR_VCLOCK: "[vvar_vclock]"}
MINOR_BITS = 20
# The vsyscall page of every process, in execute-only mode as kernels configure it by default.
GATE_START, GATE_END, GATE_NAME = 0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000, "[vsyscall]"


def show(machine: Machine, task: int) -> str:
    """The file's text; empty for a zombie."""
    mm = tasks.mm_of(machine, task)
    if mm is None:
        return ""
    lines = [header(machine, mm, vma) for _, vma in vmas(machine, mm)]
    return "".join(lines) + gate_header()


def vmas(machine: Machine, mm: Any) -> Iterator[tuple[int, Any]]:
    """(index, record) of an address space's areas, ascending."""
    i = int(mm.mmap)
    while i:
        vma = machine.arena.vmas[i]
        yield i, vma
        i = int(vma.vm_next)


def header(machine: Machine, mm: Any, vma: Any) -> str:
    """One line of maps, which also heads an area in smaps."""
    flags = int(vma.vm_flags)
    rights = (
        ("r" if flags & VM_READ else "-")
        + ("w" if flags & VM_WRITE else "-")
        + ("x" if flags & VM_EXEC else "-")
        + ("s" if flags & VM_MAYSHARE else "p")
    )
    offset, device, inode = _backing(machine, vma)
    return line(int(vma.vm_start), int(vma.vm_end), rights, offset, device, inode,
                vma_name(machine, mm, vma))  # fmt: skip


def gate_header() -> str:
    """The vsyscall page's line, the last of each file."""
    return line(GATE_START, GATE_END, "--xp", 0, 0, 0, GATE_NAME)


def line(start: int, end: int, rights: str, offset: int, device: int, inode: int, name: str) -> str:
    """show_vma_header_prefix(), then the name at its column."""
    major, minor = device >> MINOR_BITS, device & ((1 << MINOR_BITS) - 1)
    prefix = f"{start:08x}-{end:08x} {rights} {offset:08x} {major:02x}:{minor:02x} {inode} "
    return f"{prefix:{NAME_COLUMN}} {name}\n" if name else f"{prefix}\n"


def _backing(machine: Machine, vma: Any) -> tuple[int, int, int]:
    """Offset in bytes, device, inode number; zeros for memory without a file."""
    file = int(vma.vm_file)
    if not file:
        return 0, 0, 0
    inode = machine.arena.inodes[int(machine.arena.files[file].f_inode)]
    return int(vma.vm_pgoff) << PAGE_SHIFT, int(inode.i_rdev), int(inode.i_ino)


def vma_name(machine: Machine, mm: Any, vma: Any) -> str:
    """The last column: a path, or the bracketed name of a special area."""
    if int(vma.vm_file):
        return file_name(machine, int(vma.vm_file))
    if int(vma.name):
        return SPECIAL[int(vma.name)]
    if _is_initial_heap(machine, mm, vma):
        return "[heap]"
    if int(vma.vm_start) <= int(mm.start_stack) <= int(vma.vm_end):
        return "[stack]"
    return ""


def file_name(machine: Machine, file: int) -> str:
    """seq_path(): the path, escaped, marked when its last name is gone."""
    inode = machine.arena.inodes[int(machine.arena.files[file].f_inode)]
    path = path_of(machine, file)
    if not path and int(inode.i_kind) == INODE_SHMEM:
        path = "/dev/zero"  # shmem_zero_setup() names it so
    deleted = " (deleted)" if not int(inode.i_nlink) else ""
    return path.replace("\n", "\\012") + deleted


def _is_initial_heap(machine: Machine, mm: Any, vma: Any) -> bool:
    """vma_is_initial_heap(); before 6.6 an area that only touched the break counted too."""
    start, end = int(vma.vm_start), int(vma.vm_end)
    start_brk, brk = int(mm.start_brk), int(mm.brk)
    if machine.config.kernel < 606:
        return start <= brk and end >= start_brk
    return start < brk and end > start_brk
