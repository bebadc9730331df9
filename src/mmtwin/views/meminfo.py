"""/proc/meminfo and a node's meminfo.

Models fs/proc/meminfo.c: meminfo_proc_show(), mm/show_mem.c: si_mem_available(),
mm/hugetlb.c: hugetlb_report_meminfo(), drivers/base/node.c: node_read_meminfo().
Left out, because a real machine always has some and the model has none to count: KReclaimable,
Slab, SReclaimable, SUnreclaim, VmallocUsed, Percpu, DirectMap*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mmtwin import zswap_files
from mmtwin.mm import vmstat_items as items
from mmtwin.mm.zswap_types import ZSWAP_STORED_PAGES
from mmtwin.units import PAGE_SHIFT
from mmtwin.views import counters

if TYPE_CHECKING:
    from mmtwin.machine import Machine

HPAGE_PMD_NR = 512
VMALLOC_TOTAL_KB = {False: 34359738367, True: 13743895347199}  # by la57
Row = tuple[str, int]  # name, pages


def show(machine: Machine) -> str:
    """The file's text, as the machine's kernel lays it out."""
    return "".join(
        [
            *map(_row, _memory(machine)),
            *map(_row, _swap(machine)),
            *map(_row, _mapped(machine)),
            *map(_row, _kernel(machine)),
            *map(_row, _commit(machine)),
            *_vmalloc(machine),
            "HardwareCorrupted: " + f"{0:5} kB\n",
            *map(_row, _huge(machine)),
            *map(_row, _recent(machine)),
            *_hugetlb(),
        ]
    )


def _row(row: Row, prefix: str = "") -> str:
    """show_val_kb()."""
    name, pages = row
    return f"{prefix}{name + ':':16}{pages << (PAGE_SHIFT - 10):8} kB\n"


def _node_item(machine: Machine, item: int) -> int:
    return counters.global_node_page_state(machine, item)


def _memory(machine: Machine) -> Iterable[Row]:
    file_pages = _node_item(machine, items.NR_FILE_PAGES)
    swapcache = _node_item(machine, items.NR_SWAPCACHE)
    yield "MemTotal", int(machine.zones.totalram_pages())
    yield "MemFree", int(machine.vmstat.global_zone_page_state(items.NR_FREE_PAGES))
    yield "MemAvailable", int(machine.zones.si_mem_available())
    buffers = int(machine.buffers.nr_blockdev_pages())
    yield "Buffers", buffers
    yield "Cached", file_pages - swapcache - buffers
    yield "SwapCached", swapcache
    lru = [_node_item(machine, item) for item in _LRU_ITEMS]
    yield from _lru_rows(lru)
    yield "Mlocked", int(machine.vmstat.global_zone_page_state(items.NR_MLOCK))


_LRU_ITEMS = (
    items.NR_INACTIVE_ANON,
    items.NR_ACTIVE_ANON,
    items.NR_INACTIVE_FILE,
    items.NR_ACTIVE_FILE,
    items.NR_UNEVICTABLE,
)


def _lru_rows(lru: list[int]) -> Iterable[Row]:
    inactive_anon, active_anon, inactive_file, active_file, unevictable = lru
    yield "Active", active_anon + active_file
    yield "Inactive", inactive_anon + inactive_file
    yield "Active(anon)", active_anon
    yield "Inactive(anon)", inactive_anon
    yield "Active(file)", active_file
    yield "Inactive(file)", inactive_file
    yield "Unevictable", unevictable


def _swap(machine: Machine) -> Iterable[Row]:
    """Areas, and zswap where the kernel is built with it."""
    yield "SwapTotal", int(machine.swapfile.get_total_swap_pages())
    yield "SwapFree", int(machine.swapfile.get_nr_swap_pages())
    if machine.config.zswap:
        yield "Zswap", zswap_files.pool_pages(machine)
        yield "Zswapped", int(machine.arena.zswap[ZSWAP_STORED_PAGES])


def _mapped(machine: Machine) -> Iterable[Row]:
    yield "Dirty", _node_item(machine, items.NR_FILE_DIRTY)
    yield "Writeback", _node_item(machine, items.NR_WRITEBACK)
    yield "AnonPages", _node_item(machine, items.NR_ANON_MAPPED)
    yield "Mapped", _node_item(machine, items.NR_FILE_MAPPED)
    yield "Shmem", _node_item(machine, items.NR_SHMEM)


def _kernel(machine: Machine) -> Iterable[Row]:
    yield "KernelStack", _node_item(machine, items.NR_KERNEL_STACK_KB) >> (PAGE_SHIFT - 10)
    yield "PageTables", _node_item(machine, items.NR_PAGETABLE)
    yield "SecPageTables", _node_item(machine, items.NR_SECONDARY_PAGETABLE)
    yield "NFS_Unstable", 0
    yield "Bounce", 0
    yield "WritebackTmp", 0


def _commit(machine: Machine) -> Iterable[Row]:
    yield "CommitLimit", int(machine.overcommit.vm_commit_limit())
    yield "Committed_AS", int(machine.overcommit.vm_memory_committed())


def _vmalloc(machine: Machine) -> Iterable[str]:
    yield f"{'VmallocTotal:':16}{VMALLOC_TOTAL_KB[machine.config.la57]:8} kB\n"
    yield f"{'VmallocChunk:':16}{0:8} kB\n"  # 0 since 4.4


def _huge(machine: Machine) -> Iterable[Row]:
    return _huge_rows(lambda item: _node_item(machine, item))


def _huge_rows(count: counters.Count) -> Iterable[Row]:
    yield "AnonHugePages", count(items.NR_ANON_THPS) * HPAGE_PMD_NR
    yield "ShmemHugePages", count(items.NR_SHMEM_THPS) * HPAGE_PMD_NR
    yield "ShmemPmdMapped", count(items.NR_SHMEM_PMDMAPPED) * HPAGE_PMD_NR
    yield "FileHugePages", count(items.NR_FILE_THPS) * HPAGE_PMD_NR
    yield "FilePmdMapped", count(items.NR_FILE_PMDMAPPED) * HPAGE_PMD_NR


def _recent(machine: Machine) -> Iterable[Row]:
    """Lines that later kernels added."""
    if machine.config.kernel >= 612:
        yield "Unaccepted", int(machine.vmstat.global_zone_page_state(items.NR_UNACCEPTED))
    if machine.config.kernel >= 618:
        yield "Balloon", _node_item(machine, items.NR_BALLOON_PAGES)


def _hugetlb() -> Iterable[str]:
    """No huge page pool yet."""
    for name in ("Total", "Free", "Rsvd", "Surp"):
        yield f"HugePages_{name + ':':9}{0:5}\n"
    yield f"Hugepagesize:   {2048:8} kB\n"
    yield f"Hugetlb:        {0:8} kB\n"


def show_node(machine: Machine, node: int) -> str:
    """/sys/devices/system/node/nodeN/meminfo."""
    prefix = f"Node {node} "
    rows = [*_node_memory(machine, node), *_node_mapped(machine, node)]
    text = [_row(row, prefix) for row in rows]
    text += [f"{prefix}HugePages_{name + ':':7}{0:5}\n" for name in ("Total", "Free", "Surp")]
    return "".join(text)


def _node_memory(machine: Machine, node: int) -> Iterable[Row]:
    zones = counters.zones_of(node)
    total = sum(int(machine.arena.zones[zone].managed_pages) for zone in zones)
    free = counters.sum_zone_node_page_state(machine, node, items.NR_FREE_PAGES)
    yield "MemTotal", total
    yield "MemFree", free
    yield "MemUsed", total - free
    yield "SwapCached", counters.node_page_state(machine, node, items.NR_SWAPCACHE)
    yield from _lru_rows([counters.node_page_state(machine, node, item) for item in _LRU_ITEMS])
    yield "Mlocked", counters.sum_zone_node_page_state(machine, node, items.NR_MLOCK)


def _node_mapped(machine: Machine, node: int) -> Iterable[Row]:
    def count(item: int) -> int:
        return counters.node_page_state(machine, node, item)

    yield "Dirty", count(items.NR_FILE_DIRTY)
    yield "Writeback", count(items.NR_WRITEBACK)
    yield "FilePages", count(items.NR_FILE_PAGES)
    yield "Mapped", count(items.NR_FILE_MAPPED)
    yield "AnonPages", count(items.NR_ANON_MAPPED)
    yield "Shmem", count(items.NR_SHMEM)
    yield "KernelStack", count(items.NR_KERNEL_STACK_KB) >> (PAGE_SHIFT - 10)
    yield "PageTables", count(items.NR_PAGETABLE)
    yield "SecPageTables", count(items.NR_SECONDARY_PAGETABLE)
    yield "NFS_Unstable", 0
    yield "Bounce", 0
    yield "WritebackTmp", 0
    yield from _huge_rows(count)
    if machine.config.kernel >= 612:
        yield "Unaccepted", 0
