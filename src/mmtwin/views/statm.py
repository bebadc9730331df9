"""/proc/PID/statm: models fs/proc/array.c: proc_pid_statm(), fs/proc/task_mmu.c: task_statm()."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmtwin.units import PAGE_SHIFT, PAGE_SIZE
from mmtwin.views import tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine


def show(machine: Machine, task: int) -> str:
    """Size, resident, shared, text, 0, data, 0: all in pages."""
    mm = tasks.mm_of(machine, task)
    if mm is None:
        return "0 0 0 0 0 0 0\n"
    shared = int(mm.rss_filepages) + int(mm.rss_shmempages)
    fields = (
        int(mm.total_vm),
        shared + int(mm.rss_anonpages),
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


def rss_pages(mm: Any) -> int:
    """get_mm_rss()."""
    return int(mm.rss_filepages) + int(mm.rss_anonpages) + int(mm.rss_shmempages)
