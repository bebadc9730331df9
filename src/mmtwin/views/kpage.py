"""/proc/kpageflags and /proc/kpagecount: eight bytes for each frame, read by offset.

Models fs/proc/page.c: kpage_read(), stable_page_flags().
PG_anon_exclusive shares its bit with PG_mappedtodisk in the kernel and shows as that here too.
6.12 and 6.18 (as of 6.12.107 and 6.18.15) show KPF_KSM on every anonymous page: so does the twin.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mmtwin.mm import page_flags as pg

if TYPE_CHECKING:
    from mmtwin.machine import Machine

ENTRY = 8
# KPF_* of include/uapi/linux/kernel-page-flags.h and include/linux/kernel-page-flags.h
KPF_BUDDY, KPF_MMAP, KPF_ANON, KPF_SWAPBACKED = 10, 11, 12, 14
KPF_COMPOUND_HEAD, KPF_COMPOUND_TAIL, KPF_NOPAGE, KPF_KSM = 15, 16, 20, 21
KPF_THP, KPF_ZERO_PAGE, KPF_PGTABLE = 22, 24, 26
KPF_RESERVED, KPF_MAPPEDTODISK = 32, 34
KSM_ON_ALL_ANON_SINCE = 612

_BITS = (
    (pg.PG_locked, 0),
    (pg.PG_referenced, 2),
    (pg.PG_uptodate, 3),
    (pg.PG_dirty, 4),
    (pg.PG_lru, 5),
    (pg.PG_active, 6),
    (pg.PG_slab, 7),
    (pg.PG_writeback, 8),
    (pg.PG_reclaim, 9),
    (pg.PG_swapbacked, KPF_SWAPBACKED),
    (pg.PG_unevictable, 18),
    (pg.PG_hwpoison, 19),
    (pg.PG_ksm, KPF_KSM),
    (pg.PG_zero_page, KPF_ZERO_PAGE),
    (pg.PG_idle, 25),
    (pg.PG_table, KPF_PGTABLE),
    (pg.PG_reserved, KPF_RESERVED),
    (pg.PG_mlocked, 33),
    (pg.PG_anon_exclusive, KPF_MAPPEDTODISK),
    (pg.PG_owner_2, KPF_MAPPEDTODISK),
    (pg.PG_private, 35),
    (pg.PG_private_2, 36),
    (pg.PG_owner_priv_1, 37),
    (pg.PG_arch_1, 38),
    (pg.PG_uncached, 39),
    (pg.PG_arch_2, 41),
)


def kpageflags(machine: Machine, offset: int, length: int) -> bytes:
    """KPF_* of each frame from frame offset / 8 on."""
    return _read(machine, "/proc/kpageflags", offset, length, stable_page_flags)


def kpagecount(machine: Machine, offset: int, length: int) -> bytes:
    """How often each frame is mapped."""
    return _read(machine, "/proc/kpagecount", offset, length, _mapcount)


def _read(
    machine: Machine,
    path: str,
    offset: int,
    length: int,
    value: Callable[[Machine, int], int],
) -> bytes:
    nr_pfns = machine.config.nr_pfns
    if length < 0:
        length = max(0, nr_pfns * ENTRY - offset)
    if offset % ENTRY or length % ENTRY:
        raise OSError(errno.EINVAL, f"offset and length must be multiples of {ENTRY}", path)
    first = offset // ENTRY
    pfns = range(first, min(first + length // ENTRY, nr_pfns))
    return struct.pack(f"<{len(pfns)}Q", *(value(machine, pfn) for pfn in pfns))


def _mapcount(machine: Machine, pfn: int) -> int:
    if not _online(machine, pfn):
        return 0
    return max(0, int(machine.arena.pages[pfn].mapcount))


def _online(machine: Machine, pfn: int) -> bool:
    """pfn_to_online_page(): memory of the machine, by sections of 128 MiB."""
    section = pfn >> 15 << 15
    return any(
        start < section + (1 << 15) and end > section
        for node in machine.config.nodes
        for start, end in node.ranges
    )


def stable_page_flags(machine: Machine, pfn: int) -> int:
    """One frame's KPF_* bits."""
    if not _online(machine, pfn):
        return 1 << KPF_NOPAGE
    page = machine.arena.pages[pfn]
    flags = int(page.flags)
    result = 0
    for mask, bit in _BITS:
        if flags & mask:
            result |= 1 << bit
    if flags & pg.PG_zero_page:
        return result
    return result | _mapped_bits(machine, page) | _block_bits(machine, page, pfn)


def _mapped_bits(machine: Machine, page: Any) -> int:
    bits = 1 << KPF_MMAP if int(page.mapcount) > 0 else 0
    if int(page.mapping) & pg.PAGE_MAPPING_ANON:
        bits |= 1 << KPF_ANON
        if machine.config.kernel >= KSM_ON_ALL_ANON_SINCE:
            bits |= 1 << KPF_KSM
    return bits


def _block_bits(machine: Machine, page: Any, pfn: int) -> int:
    """Free blocks and compound pages."""
    if int(page.refcount) == 0 and machine.page_alloc.is_free_buddy_page(pfn):
        return 1 << KPF_BUDDY
    if int(page.compound_head):
        return 1 << KPF_COMPOUND_TAIL
    return 1 << KPF_COMPOUND_HEAD if int(page.flags) & pg.PG_head else 0
