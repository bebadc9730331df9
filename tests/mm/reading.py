"""A file to read from, and what of it is cached, as runs: `+4 -12` is four pages in, twelve out."""

from __future__ import annotations

from mmtwin.machine import Machine
from mmtwin.mm.page_flags import INODE_REGULAR, PG_locked, PG_reclaim

PAGE = 4096
K, M = 1 << 10, 1 << 20


class ReadFile:
    """An open file on a machine."""

    def __init__(self, m: Machine, pages: int = 4096, size: int | None = None) -> None:
        self.m = m
        self.pages = pages
        size = pages * PAGE if size is None else size
        self.inode = int(m.page_cache.new_inode(INODE_REGULAR, size, 12, 8 << 20 | 1))
        self.file = int(m.page_cache.open_file(self.inode, 2, 3))

    def pread(self, offset: int, length: int, chunk: int = 64 * K, file: int = 0) -> int:
        done = 0
        while done < length:
            part = min(chunk, length - done)
            got = int(self.m.page_cache.generic_file_read(file or self.file, offset + done, part))
            if got < 0:
                return done or got
            done += got
            if got < part:
                break
        return done

    def pwrite(self, offset: int, length: int) -> int:
        return int(self.m.page_cache.generic_file_write(self.file, offset, length))

    def pfn(self, index: int) -> int:
        return int(self.m.page_cache.find_get_page(self.inode, index))

    def flags(self, index: int) -> int:
        return int(self.m.arena.pages[self.pfn(index)]["flags"])

    def resident(self, first: int = 0, last: int | None = None) -> str:
        return runs([bool(self.pfn(i)) for i in range(first, last or self.pages)])

    def markers(self) -> list[int]:
        """Pages that start the next window's read."""
        found = [i for i in range(self.pages) if self.pfn(i)]
        return [i for i in found if self.flags(i) & PG_reclaim]

    def locked(self) -> str:
        return runs([bool(self.pfn(i) and self.flags(i) & PG_locked) for i in range(self.pages)])


def runs(bits: list[bool]) -> str:
    found: list[tuple[bool, int]] = []
    for bit in bits:
        if found and found[-1][0] == bit:
            found[-1] = (bit, found[-1][1] + 1)
        else:
            found.append((bit, 1))
    return " ".join(("+" if bit else "-") + str(n) for bit, n in found)
