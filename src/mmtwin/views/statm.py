"""/proc/PID/statm: models fs/proc/array.c: proc_pid_statm(), fs/proc/task_mmu.c: task_statm()."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmtwin.mm.rss_stat import MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES
from mmtwin.units import PAGE_SHIFT, PAGE_SIZE
from mmtwin.views import tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine


def show(machine: Machine, task: int) -> str:
    """Size, resident, shared, text, 0, data, 0: all in pages."""
    mm = tasks.mm_of(machine, task)
    if mm is None:
        return "0 0 0 0 0 0 0\n"
    file, anon, shmem = resident(machine, task)
    shared = file + shmem
    fields = (
        int(mm.total_vm),
        shared + anon,
        shared,
        text_bytes(mm) >> PAGE_SHIFT,
        0,
        int(mm.data_vm) + int(mm.stack_vm),
        0,
    )
    return " ".join(map(str, fields)) + "\n"


def text_bytes(mm: Any) -> int:
    """The program's own code, in whole pages."""
    end = -(-int(mm.end_code) // PAGE_SIZE) * PAGE_SIZE
    return end - int(mm.start_code) // PAGE_SIZE * PAGE_SIZE


def resident(machine: Machine, task: int) -> tuple[int, int, int]:
    """Pages of files, anonymous and shared memory by get_mm_counter_sum(): exact from 6.2 on."""
    mm, rss = int(machine.arena.tasks[task].mm), machine.rss_stat
    kinds = (MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES)
    file, anon, shmem = (int(rss.get_mm_counter_sum(mm, kind)) for kind in kinds)
    return file, anon, shmem
