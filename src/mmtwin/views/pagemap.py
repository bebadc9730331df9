"""/proc/PID/pagemap: eight bytes for each page of the address space, read by offset.

Models fs/proc/task_mmu.c: pagemap_read(); each entry is the engine's (task_mmu.py).
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import numpy as np

from mmtwin.units import PAGE_SHIFT
from mmtwin.views import kpage

if TYPE_CHECKING:
    from mmtwin.machine import Machine


def read(machine: Machine, task: int, offset: int, length: int) -> bytes:
    """Entries from page offset / 8 on; none for a zombie.

    A length is wanted (EINVAL without one): the whole file is 256 GiB of mostly zeros.
    """
    mm = int(machine.arena.tasks[task].mm)
    if not mm:
        return b""
    path = f"/proc/{int(machine.arena.tasks[task].pid)}/pagemap"
    if length < 0:
        raise OSError(errno.EINVAL, "give a length: the file covers the address space", path)
    end = int(machine.arena.mms[mm].task_size) >> PAGE_SHIFT
    pages = kpage.entries(path, offset, length, end)
    entry = machine.task_mmu.pagemap_entry
    found = np.fromiter((entry(mm, page << PAGE_SHIFT) for page in pages), "<u8", len(pages))
    return found.tobytes()
