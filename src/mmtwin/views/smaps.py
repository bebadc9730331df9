"""/proc/PID/smaps and smaps_rollup: models fs/proc/task_mmu.c: show_smap(),
show_smaps_rollup(), show_smap_vma_flags().

The walk over the page tables is the engine's (task_mmu.py); here is how its sums are laid out.
ProtectionKey is left out: the machine's CPUs have no protection keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmtwin.mm import vm_flags as vm

if TYPE_CHECKING:
    pass

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
KSM_SINCE = 606
Sums = dict[str, int]  # bytes, by the line's name

_ROLLUP_KINDS = ("Pss_Anon", "Pss_File", "Pss_Shmem")
_LINES = (
    "Rss",
    "Pss",
    "Pss_Dirty",
    *_ROLLUP_KINDS,
    "Shared_Clean",
    "Shared_Dirty",
    "Private_Clean",
    "Private_Dirty",
    "Referenced",
    "Anonymous",
    "KSM",
    "LazyFree",
    "AnonHugePages",
    "ShmemPmdMapped",
    "FilePmdMapped",
    "Shared_Hugetlb",
    "Private_Hugetlb",
    "Swap",
    "SwapPss",
    "Locked",
)


def row(name: str, size: int) -> str:
    """SEQ_PUT_DEC(): bytes as kB, eight columns wide."""
    return f"{name + ':':16}{size >> 10:8} kB\n"


def rows(sums: Sums, kernel: int, rollup: bool) -> str:
    """The lines that areas and the roll-up have in common: __show_smap()."""
    names = [
        name
        for name in _LINES
        if (rollup or name not in _ROLLUP_KINDS) and (name != "KSM" or kernel >= KSM_SINCE)
    ]
    return "".join(row(name, sums.get(name, 0)) for name in names)


def flag_letters(flags: int) -> str:
    """The VmFlags line."""
    return "VmFlags: " + "".join(f"{letters} " for bit, letters in MNEMONICS if flags & bit) + "\n"


def area(header: str, size: int, sums: Sums, flags: int, kernel: int, thp_eligible: bool) -> str:
    """One area: its line of maps, sizes, sums, flags."""
    eligible = f"{int(thp_eligible):8}" if kernel >= 606 else f"{int(thp_eligible)}"
    sizes = [("Size", size), ("KernelPageSize", 4096), ("MMUPageSize", 4096)]
    return "".join(
        [
            header,
            *(row(*pair) for pair in sizes),
            rows(sums, kernel, rollup=False),
            f"THPeligible:    {eligible}\n",
            flag_letters(flags),
        ]
    )
