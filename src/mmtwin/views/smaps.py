"""/proc/PID/smaps and smaps_rollup: models fs/proc/task_mmu.c: show_smap(),
show_smaps_rollup(), show_smap_vma_flags().

The walk over the page tables is the engine's (task_mmu.py); here is how its sums are laid out.
ProtectionKey is left out: the machine's CPUs have no protection keys.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mmtwin.mm import vm_flags as vm
from mmtwin.units import PAGE_SIZE
from mmtwin.views import maps, tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine

# Two letters for each flag, in order of its bit, as the file lists them.
MNEMONICS = tuple(
    sorted(
        [
            (vm.VM_READ, "rd"),
            (vm.VM_WRITE, "wr"),
            (vm.VM_EXEC, "ex"),
            (vm.VM_SHARED, "sh"),
            (vm.VM_MAYREAD, "mr"),
            (vm.VM_MAYWRITE, "mw"),
            (vm.VM_MAYEXEC, "me"),
            (vm.VM_MAYSHARE, "ms"),
            (vm.VM_GROWSDOWN, "gd"),
            (vm.VM_UFFD_MISSING, "um"),
            (vm.VM_PFNMAP, "pf"),
            (vm.VM_UFFD_WP, "uw"),
            (vm.VM_LOCKED, "lo"),
            (vm.VM_IO, "io"),
            (vm.VM_SEQ_READ, "sr"),
            (vm.VM_RAND_READ, "rr"),
            (vm.VM_DONTCOPY, "dc"),
            (vm.VM_DONTEXPAND, "de"),
            (vm.VM_LOCKONFAULT, "lf"),
            (vm.VM_ACCOUNT, "ac"),
            (vm.VM_NORESERVE, "nr"),
            (vm.VM_HUGETLB, "ht"),
            (vm.VM_SYNC, "sf"),
            (vm.VM_ARCH_1, "ar"),
            (vm.VM_WIPEONFORK, "wf"),
            (vm.VM_DONTDUMP, "dd"),
            (vm.VM_SOFTDIRTY, "sd"),
            (vm.VM_MIXEDMAP, "mm"),
            (vm.VM_HUGEPAGE, "hg"),
            (vm.VM_NOHUGEPAGE, "nh"),
            (vm.VM_MERGEABLE, "mg"),
            (vm.VM_DROPPABLE, "dp"),
            (vm.VM_SEALED, "sl"),
        ]
    )
)
GATE_FLAGS = vm.VM_EXEC
KSM_SINCE, WIDE_THP_SINCE, LOCKONFAULT_SINCE = 606, 606, 602
Sums = dict[str, int]  # bytes, by the field of struct mem_size_stats

# The lines that areas and the roll-up have in common, and the field of each; "" where the model
# has truly none: no huge pages.
_LINES = (
    ("Rss", "resident"),
    ("Pss", "pss"),
    ("Pss_Dirty", "pss_dirty"),
    ("Pss_Anon", "pss_anon"),
    ("Pss_File", "pss_file"),
    ("Pss_Shmem", "pss_shmem"),
    ("Shared_Clean", "shared_clean"),
    ("Shared_Dirty", "shared_dirty"),
    ("Private_Clean", "private_clean"),
    ("Private_Dirty", "private_dirty"),
    ("Referenced", "referenced"),
    ("Anonymous", "anonymous"),
    ("KSM", "ksm"),
    ("LazyFree", "lazyfree"),
    ("AnonHugePages", ""),
    ("ShmemPmdMapped", ""),
    ("FilePmdMapped", ""),
    ("Shared_Hugetlb", ""),
    ("Private_Hugetlb", ""),
    ("Swap", "swap"),
    ("SwapPss", "pss_swap"),
    ("Locked", "pss_locked"),
)
_ONLY_ROLLUP = ("Pss_Anon", "Pss_File", "Pss_Shmem")


def show(machine: Machine, task: int) -> str:
    """Every area in turn, the vsyscall page last; empty for a zombie."""
    mm = tasks.mm_of(machine, task)
    if mm is None:
        return ""
    kernel = machine.config.kernel
    text = [
        area(
            maps.header(machine, mm, vma),
            int(vma.vm_end) - int(vma.vm_start),
            machine.task_mmu.smap(index),
            int(vma.vm_flags),
            kernel,
        )
        for index, vma in maps.vmas(machine, mm)
    ]
    gate = area(maps.gate_header(), maps.GATE_END - maps.GATE_START, {}, GATE_FLAGS, kernel)
    return "".join([*text, gate])


def show_rollup(machine: Machine, task: int) -> str:
    """All areas as one (ESRCH for a zombie)."""
    mm = tasks.mm_of(machine, task)
    if mm is None:
        path = f"/proc/{int(machine.arena.tasks[task].pid)}/smaps_rollup"
        raise ProcessLookupError(errno.ESRCH, "the process has exited", path)
    areas = list(maps.vmas(machine, mm))
    start, end = (int(areas[0][1].vm_start), int(areas[-1][1].vm_end)) if areas else (0, 0)
    header = maps.line(start, end, "---p", 0, 0, 0, "[rollup]")
    sums = machine.task_mmu.smaps([index for index, _ in areas])
    return header + rows(sums, machine.config.kernel, rollup=True)


def row(name: str, size: int) -> str:
    """SEQ_PUT_DEC(): bytes as kB, eight columns wide."""
    return f"{name + ':':16}{size >> 10:8} kB\n"


def rows(sums: Sums, kernel: int, rollup: bool) -> str:
    """The lines of sums: __show_smap()."""
    return "".join(
        row(name, sums.get(field, 0))
        for name, field in _LINES
        if (rollup or name not in _ONLY_ROLLUP) and (name != "KSM" or kernel >= KSM_SINCE)
    )


def flag_letters(flags: int, kernel: int) -> str:
    """The VmFlags line; 6.1 has no letters for VM_LOCKONFAULT."""
    known = dict(MNEMONICS)
    if kernel < LOCKONFAULT_SINCE:
        known[vm.VM_LOCKONFAULT] = "??"
    return "VmFlags: " + "".join(f"{word} " for bit, word in known.items() if flags & bit) + "\n"


def area(header: str, size: int, sums: Sums, flags: int, kernel: int) -> str:
    """One area: its line of maps, sizes, sums, flags. None is eligible for huge pages yet."""
    eligible = f"{0:{8 if kernel >= WIDE_THP_SINCE else 1}}"
    sizes = [("Size", size), ("KernelPageSize", PAGE_SIZE), ("MMUPageSize", PAGE_SIZE)]
    return "".join(
        [
            header,
            *(row(*pair) for pair in sizes),
            rows(sums, kernel, rollup=False),
            f"THPeligible:    {eligible}\n",
            flag_letters(flags, kernel),
        ]
    )
