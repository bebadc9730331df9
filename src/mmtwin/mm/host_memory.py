"""Memory of the host under the arrays: sparse, and told apart where it was ever touched.

Two kinds. A part of one sparse memory file: what was never touched is a hole (SEEK_DATA), also of
an array that is as long as the machine allows. And private memory in huge pages of the host, for
the arrays that a replay goes through at random (struct pages, page tables, the page index): with
small pages every access there misses the host's TLB too, which cost a third of the speed. What of
it was touched is in /proc/self/pagemap.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

HUGE = 2 << 20  # bytes
_PAGE = mmap.PAGESIZE
_PAGEMAP = "/proc/self/pagemap"
_PRESENT_OR_SWAPPED = np.uint64(3 << 62)
_PAGEMAP_STEP = 1 << 17  # entries read at a time
_MADV_HUGEPAGE, _MADV_NOHUGEPAGE = 14, 15
_MAP_NORESERVE = 0x4000
_MAP_FAILED = (1 << 64) - 1


def memory_file() -> int:
    """A descriptor, or -1 on a host that has no memfd_create."""
    return os.memfd_create("mmtwin") if hasattr(os, "memfd_create") else -1


def map_file(fd: int, offset: int, size: int) -> Any:
    """A shared mapping of a part of the file, as a ctypes array that unmaps itself.

    Not Python's mmap, which keeps a descriptor open for each: hundreds for one machine.
    """
    address = _mmap(size, mmap.MAP_SHARED, fd, offset)
    if address == _MAP_FAILED:
        raise MemoryError(f"no room in the address space for an array of {size} bytes")
    # Huge pages of the host would make each first touch zero 2 MiB.
    _libc().madvise(address, size, _MADV_NOHUGEPAGE)
    return _owned(address, size, address, size)


def map_huge(size: int) -> Any:
    """Private memory in huge pages where the host has them, or None where the host does not say
    later what of it was touched, or refuses to overcommit."""
    if not os.access(_PAGEMAP, os.R_OK):
        return None
    whole = -(-size // HUGE) * HUGE
    start = _mmap(whole + HUGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE, -1, 0)
    if start == _MAP_FAILED:
        return None
    address = -(-start // HUGE) * HUGE
    _libc().madvise(address, whole, _MADV_HUGEPAGE)
    return _owned(address, size, start, whole + HUGE)


def file_extents(fd: int, base: int, size: int) -> Iterator[tuple[int, int]]:
    """(start, end) from base on of what was ever touched in [base, base + size) of the file."""
    at = base
    while at < base + size:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            return
        if at >= base + size:
            return
        end = min(os.lseek(fd, at, os.SEEK_HOLE), base + size)
        yield at - base, end - base
        at = end


def memory_extents(address: int, size: int) -> Iterator[tuple[int, int]]:
    """(start, end) of what was ever touched in private memory, as file_extents()."""
    pages = -(-size // _PAGE)
    with open(_PAGEMAP, "rb", buffering=0) as pagemap:
        for first in range(0, pages, _PAGEMAP_STEP):
            pagemap.seek((address // _PAGE + first) * 8)
            entries = pagemap.read(min(_PAGEMAP_STEP, pages - first) * 8)
            touched = (np.frombuffer(entries, np.uint64) & _PRESENT_OR_SWAPPED) != 0
            for start, end in _runs(touched):
                yield (first + start) * _PAGE, min((first + end) * _PAGE, size)


def _runs(touched: np.ndarray[Any, Any]) -> list[tuple[int, int]]:
    """[start, end) of each run of True."""
    if not touched.any():
        return []
    edges = np.flatnonzero(np.diff(touched, prepend=False, append=False))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _mmap(size: int, flags: int, fd: int, offset: int) -> int:
    address: int = _libc().mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, fd, offset)
    return address


def _owned(address: int, size: int, start: int, mapped: int) -> Any:
    """`size` bytes at `address` as a ctypes array; when it goes, `mapped` from `start` on is
    unmapped."""
    area = (ctypes.c_char * size).from_address(address)
    weakref.finalize(area, _libc().munmap, start, mapped).atexit = False
    return area


@cache
def _libc() -> Any:
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64,
    ]  # fmt: skip
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return libc
