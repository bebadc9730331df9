"""/proc/kpageflags and /proc/kpagecount: eight bytes for each frame, read by offset.

Models fs/proc/page.c: kpage_read(), stable_page_flags(). The page's own flags are the engine's
(task_mmu.py); here is what depends on the frame's surroundings and on the kernel: frames without
memory, frames inside of a free block, and a defect of 6.12 and 6.18 (as of 6.12.107 and 6.18.15),
which show KPF_KSM on every anonymous page.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from mmtwin.mm.gfp import NR_PAGE_ORDERS
from mmtwin.mm.page_flags import PAGE_MAPPING_ANON, PG_buddy

if TYPE_CHECKING:
    from mmtwin.machine import Machine

ENTRY = 8
KPF_BUDDY, KPF_NOPAGE, KPF_KSM = 1 << 10, 1 << 20, 1 << 21
KSM_ON_ALL_ANON_SINCE = 612
SECTION_SHIFT = 15  # log2 of the frames of a memory section: 128 MiB


def kpageflags(machine: Machine, offset: int, length: int) -> bytes:
    """KPF_* of each frame from frame offset / 8 on."""
    return _read(machine, "/proc/kpageflags", offset, length, stable_page_flags)


def kpagecount(machine: Machine, offset: int, length: int) -> bytes:
    """How often each frame is mapped."""
    return _read(machine, "/proc/kpagecount", offset, length, _mapcount)


def entries(path: str, offset: int, length: int, end: int) -> range:
    """Numbers of the entries that a read wants, of `end` there are (EINVAL where it splits one)."""
    if length < 0:
        length = max(0, end * ENTRY - offset)
    if offset % ENTRY or length % ENTRY:
        raise OSError(errno.EINVAL, f"offset and length must be multiples of {ENTRY}", path)
    first = offset // ENTRY
    return range(first, max(first, min(first + length // ENTRY, end)))


def _read(
    machine: Machine, path: str, offset: int, length: int, value: Callable[[Machine, int], int]
) -> bytes:
    pfns = entries(path, offset, length, machine.config.nr_pfns)
    return struct.pack(f"<{len(pfns)}Q", *(value(machine, pfn) for pfn in pfns))


def _mapcount(machine: Machine, pfn: int) -> int:
    return int(machine.task_mmu.kpagecount(pfn)) if _online(machine, pfn) else 0


def _online(machine: Machine, pfn: int) -> bool:
    """pfn_to_online_page(): whole sections that hold any memory."""
    section = pfn >> SECTION_SHIFT
    return any(
        start >> SECTION_SHIFT <= section <= (end - 1) >> SECTION_SHIFT
        for node in machine.config.nodes
        for start, end in node.ranges
    )


def stable_page_flags(machine: Machine, pfn: int) -> int:
    """One frame's KPF_* bits."""
    if not _online(machine, pfn):
        return KPF_NOPAGE
    flags = int(machine.task_mmu.kpageflags(pfn))
    page = machine.arena.pages[pfn]
    anonymous = int(page.mapping) & PAGE_MAPPING_ANON
    if anonymous and machine.config.kernel >= KSM_ON_ALL_ANON_SINCE:
        flags |= KPF_KSM
    if not int(page.refcount) and _is_free_buddy_page(machine, pfn):
        flags |= KPF_BUDDY
    return flags


def _is_free_buddy_page(machine: Machine, pfn: int) -> bool:
    """Whether a frame lies anywhere inside of a free block, or was never touched."""
    pages = machine.arena.pages
    for order in range(NR_PAGE_ORDERS):
        head = pages[pfn >> order << order]
        if int(head.flags) & PG_buddy and int(head.order) >= order:
            return True
    ranges = machine.arena.deferred_ranges
    index = int(machine.arena.zones[machine.zones.zone_of(pfn)].deferred)
    while index:
        if int(ranges[index].start) <= pfn < int(ranges[index].end):
            return True
        index = int(ranges[index].next)
    return False
