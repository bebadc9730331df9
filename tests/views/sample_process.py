"""A process put together record by record from a real kernel's files, to be shown again."""

from __future__ import annotations

import re
from pathlib import Path

from mmtwin.machine import Machine
from mmtwin.mm import vm_flags as vm
from mmtwin.mm.page_flags import INODE_REGULAR
from mmtwin.mm.uapi import TASK_RUNNING
from mmtwin.vfs.paths import set_path
from mmtwin.views import maps

SAMPLES = Path(__file__).parent / "samples"
SPECIAL = {text: number for number, text in maps.SPECIAL.items()}
_LINE = re.compile(r"(\S+)-(\S+) (\S{4}) (\S+) (\S+):(\S+) (\d+) *(.*)")


PLACES = (
    *("start_code", "end_code", "start_stack", "start_data", "end_data"),
    *("start_brk", "arg_start", "arg_end", "env_start", "env_end"),
)
HELD_BACK = 27  # anonymous pages that `status` and `statm` show and `stat` does not yet


def sample(name: str) -> str:
    """What a real 6.18 kernel printed."""
    return (SAMPLES / f"6.18_{name}.txt").read_text()


def status_kb(name: str) -> int:
    """A field of the sample's status file."""
    match = re.search(rf"^{name}:\t *(\d+)", sample("status"), re.M)
    assert match
    return int(match[1])


def build(kernel: str = "6.18") -> Machine:
    """A machine whose task 1 is the process of the samples."""
    machine = Machine(ram="1G", cpus=2, kernel=kernel, engine="interpreted")
    arena = machine.arena
    columns = sample("stat").split()
    task, mm = arena.tasks[1], arena.mms[1]
    task.pid, task.ppid, task.mm = int(columns[0]), int(columns[3]), 1
    task.state, task.nr_threads, task.cpu = TASK_RUNNING, 1, int(columns[38])
    task.min_flt, task.maj_flt = int(columns[9]), int(columns[11])
    task.cmin_flt, task.cmaj_flt = int(columns[10]), int(columns[12])
    task.start_time_ns = int(columns[21]) * 10_000_000
    for name, value in zip(PLACES, [*columns[25:28], *columns[44:51]], strict=True):
        setattr(mm, name, int(value))
    _fill_mm(mm)
    arena.rss_shares[machine.config.cpus].anon = HELD_BACK  # CPU 0's share of mm 1
    arena.names["comm"] = {1: "sleep"}
    _map_all(machine)
    return machine


def _fill_mm(mm: object) -> None:
    pages = {
        "total_vm": "VmSize",
        "hiwater_vm": "VmPeak",
        "hiwater_rss": "VmHWM",
        "rss_anonpages": "RssAnon",
        "rss_filepages": "RssFile",
        "rss_shmempages": "RssShmem",
        "data_vm": "VmData",
        "stack_vm": "VmStk",
        "locked_vm": "VmLck",
    }
    for field, name in pages.items():
        setattr(mm, field, status_kb(name) // 4)
    mm.rss_anonpages -= HELD_BACK  # type: ignore[attr-defined]
    mm.exec_vm = (status_kb("VmExe") + status_kb("VmLib")) // 4  # type: ignore[attr-defined]
    mm.pgtables_bytes = status_kb("VmPTE") << 10  # type: ignore[attr-defined]


def _map_all(machine: Machine) -> None:
    arena, files = machine.arena, {}
    previous = 0
    for line in sample("maps").splitlines()[:-1]:  # the vsyscall page is no vma
        match = _LINE.fullmatch(line)
        assert match
        index = previous + 1
        vma = arena.vmas[index]
        vma.vm_start, vma.vm_end = int(match[1], 16), int(match[2], 16)
        vma.vm_flags = _flags(match[3])
        vma.vm_mm, vma.vm_prev = 1, previous
        if previous:
            arena.vmas[previous].vm_next = index
        else:
            arena.mms[1].mmap = index
        if int(match[7]):
            vma.vm_pgoff = int(match[4], 16) >> 12
            vma.vm_file = files.setdefault(match[8], len(files) + 1)
            _file(machine, vma.vm_file, match)
        vma.name = SPECIAL.get(match[8], 0)
        if match[8] == "[heap]":
            arena.mms[1].brk = vma.vm_end
        previous = index


def _flags(rights: str) -> int:
    bits = zip("rwxs", (vm.VM_READ, vm.VM_WRITE, vm.VM_EXEC, vm.VM_SHARED), strict=True)
    flags = sum(bit for (letter, bit), r in zip(bits, rights, strict=True) if r == letter)
    return flags | (vm.VM_MAYSHARE if rights[3] == "s" else 0)


def _file(machine: Machine, file: int, match: re.Match[str]) -> None:
    inode = machine.arena.inodes[file]
    machine.arena.files[file].f_inode = file
    inode.i_rdev = int(match[5], 16) << 20 | int(match[6], 16)
    inode.i_ino, inode.i_kind, inode.i_nlink = int(match[7]), INODE_REGULAR, 1
    set_path(machine, file, match[8])
