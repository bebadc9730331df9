"""/proc/kpageflags and /proc/kpagecount: eight bytes for each frame, read by offset.

Models fs/proc/page.c: kpage_read(), stable_page_flags(). The page's own flags are the engine's
(task_mmu.py); here is what depends on the frame's surroundings: frames without memory, and frames
inside of a free block.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from mmtwin.mm.gfp import NR_PAGE_ORDERS

if TYPE_CHECKING:
    from mmtwin.machine import Machine

ENTRY = 8
KPF_BUDDY, KPF_NOPAGE = 1 << 10, 1 << 20
SECTION_SHIFT = 15  # log2 of the frames of a memory section: 128 MiB


def kpageflags(machine: Machine, offset: int, length: int) -> bytes:
    """KPF_* of each frame from frame offset / 8 on."""
    return _read(machine, "/proc/kpageflags", offset, length, stable_page_flags)


def kpagecount(machine: Machine, offset: int, length: int) -> bytes:
    """How often each frame is mapped."""
    return _read(machine, "/proc/kpagecount", offset, length, _mapcount)


def kpagecgroup(machine: Machine, offset: int, length: int) -> bytes:
    """The inode of the cgroup that each frame is charged to: its serial number, the root's is 1."""
    return _read(machine, "/proc/kpagecgroup", offset, length, _cgroup)


def _cgroup(machine: Machine, pfn: int) -> int:
    memcg = int(machine.memcg_tree.number_of(int(machine.arena.pages[pfn].memcg)))
    allocated = int(machine.arena.pages[pfn].refcount) > 0
    return int(machine.arena.memcgs[memcg].serial) if allocated and memcg else 0


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
    if not int(machine.arena.pages[pfn].refcount) and _is_free_buddy_page(machine, pfn):
        flags |= KPF_BUDDY
    return flags


def _is_free_buddy_page(machine: Machine, pfn: int) -> bool:
    """Whether a frame lies anywhere inside of a free block, or was never touched."""
    for order in range(NR_PAGE_ORDERS):
        head = pfn >> order << order
        free = int(machine.task_mmu.kpageflags(head)) & KPF_BUDDY
        if free and int(machine.arena.pages[head].order) >= order:
            return True
    ranges = machine.arena.deferred_ranges
    index = int(machine.arena.zones[machine.zones.zone_of(pfn)].deferred)
    while index:
        if int(ranges[index].start) <= pfn < int(ranges[index].end):
            return True
        index = int(ranges[index].next)
    return False
