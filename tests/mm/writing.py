"""A file on a disk to write to, and the dirty pages of a machine."""

from __future__ import annotations

from typing import Any

from mmtwin.machine import Machine
from mmtwin.mm.page_flags import INODE_REGULAR
from mmtwin.mm.vmstat_items import NR_FILE_DIRTY, NR_WRITEBACK

from .by_hand import node_count

PAGE = 4096
MS, SECOND = 1_000_000, 1_000_000_000


def machine(engine: str, ram: str = "64M", **disk: Any) -> Machine:
    """A machine with one CPU, one task that runs, and one disk of a page in 40 us."""
    table = {"name": "sda", "profile": "ssd", "write_bandwidth": 102_400_000, **disk}
    m = Machine(ram=ram, cpus=1, disk=[table], engine=engine)
    m.processes.switch_to(m.spawn().index, 0)
    return m


class WrittenFile:
    """An open file, empty at first."""

    def __init__(self, m: Machine) -> None:
        self.m = m
        self.inode = int(m.page_cache.new_inode(INODE_REGULAR, 0, 12, 8 << 20 | 1))
        m.arena.inodes[self.inode].i_bdev = 1
        self.file = self.open()

    def open(self) -> int:
        return int(self.m.page_cache.open_file(self.inode, 2, 3))

    def write(self, first: int, pages: int) -> None:
        wrote = self.m.page_cache.generic_file_write(self.file, first * PAGE, pages * PAGE)
        assert wrote == pages * PAGE

    def fsync(self, file: int = 0) -> int:
        return int(self.m.page_writeback.vfs_fsync_range(file or self.file, 0, (1 << 62), 0))

    def flags(self, index: int) -> int:
        pfn = int(self.m.page_cache.find_get_page(self.inode, index))
        return int(self.m.arena.pages[pfn]["flags"])


def dirty(m: Machine) -> int:
    return node_count(m, NR_FILE_DIRTY)


def writeback(m: Machine) -> int:
    return node_count(m, NR_WRITEBACK)


def wait(m: Machine, ns: int) -> None:
    m.clock.sleep_until(int(m.clock.now()) + ns)
