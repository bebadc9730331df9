"""Memory that the guest's own kernel holds before a scenario begins.

The kernel that answered has slabs, stacks, modules, a file system of its own; in exact mode its
disks are null_blk devices with memory_backed=1, and the whole image of the file disk was copied to
one of them: a page of memory for each of its blocks. None of this is any scenario's doing, but it
is memory that a scenario cannot have, and the first zones of the zonelist are fuller by it.

Measured by the oracle, in each kernel's zoneinfo at the first checkpoint of a scenario: managed
pages less free ones and those on per-CPU sets, less what the runner and its tasks use.
"""

from __future__ import annotations

from mmtwin.machine import Machine
from mmtwin.mm.gfp import GFP_DMA, GFP_KERNEL, GFP_THISNODE_BIT, MAX_PAGE_ORDER
from mmtwin.units import PAGE_SIZE

NULL_BLK = "null_blk"
FILE_DISK_BYTES = 176 << 20  # oracle/disk.py: SIZE_MIB

# The order of most free blocks of unmovable memory, in pagetypeinfo.
WRITTEN_ORDER = {601: 4, 612: 4, 618: 8}
# Pages of ZONE_DMA, of node 0, of node 1.
HELD_BY_KERNEL = {601: (64, 9215, 1430), 612: (64, 6430, 2119), 618: (64, 7840, 1925)}


def hold(machine: Machine, config: str) -> None:
    """Take it, as unmovable pages, for good."""
    dma, *nodes = HELD_BY_KERNEL[machine.config.kernel]
    _take(machine, GFP_DMA | GFP_THISNODE_BIT, 0, dma)
    for node, pages in enumerate(nodes[: len(machine.config.nodes)]):
        _take(machine, GFP_KERNEL | GFP_THISNODE_BIT, node, pages)
    if NULL_BLK in config:
        _copy_image(machine)


def _copy_image(machine: Machine) -> None:
    """What writing the file disk in whole leaves on node 0.

    It was written through the device's page cache, whose pages are unmovable as null_blk's are; the
    two were allocated in turn, a write of the flusher after so many pages of the cache. The cache
    was dropped: as much again as the disk holds is free, but in blocks of the unmovable type.
    """
    order = WRITTEN_ORDER[machine.config.kernel]
    cache = []
    for _ in range(FILE_DISK_BYTES // PAGE_SIZE >> order):
        cache.append(machine.page_alloc.alloc_pages(GFP_KERNEL | GFP_THISNODE_BIT, order, 0))
        machine.page_alloc.alloc_pages(GFP_KERNEL | GFP_THISNODE_BIT, order, 0)
    for pfn in cache:
        give_back(machine, pfn, order)


def give_back(machine: Machine, pfn: int, order: int) -> None:
    """Free a block as it was allocated: __free_pages()."""
    machine.arena.pages[pfn]["refcount"] = 0
    machine.page_alloc.free_pages(pfn, order)


def _take(machine: Machine, gfp: int, node: int, pages: int) -> None:
    """In the largest blocks: they were taken page by page, but nothing lies between them."""
    for order in range(int(MAX_PAGE_ORDER), -1, -1):
        while pages >> order:
            if not machine.page_alloc.alloc_pages(gfp, order, node):
                break
            pages -= 1 << order
