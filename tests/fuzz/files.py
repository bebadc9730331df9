"""The files that a sequence maps, alike on the kernel and on the twin.

    1  memfd    in tmpfs: the first PRESENT pages are there, the others are holes
    2  regular  on a disk, every page cached and clean
    3  the same, opened for reading

Both end within a page. The regular file is written a page at a time, so that no two of its pages
are in one folio, and each sequence gets a new one: nothing of it is old enough for the host to
write back or to reclaim.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mmtwin.machine import Machine
from mmtwin.mm.page_flags import INODE_REGULAR
from mmtwin.mm.uapi import FMODE_READ, FMODE_WRITE
from mmtwin.mm.vm_flags import VM_NORESERVE
from mmtwin.vfs.paths import set_path
from tests.fuzz.ops import PAGE

MEMFD, REGULAR, READ_ONLY = 1, 2, 3
SIZE, PRESENT = 10 * PAGE + PAGE // 2, 6
FIRST_FD = 26  # of the program, for file 1
NAME = "fuzzed"
DEVICE, NUMBER = (8 << 20) | 1, 12
# How the scenario language makes them.
SCENARIO = {
    MEMFD: ("memfd F1 fuzzed 0", f"ftruncate F1 {SIZE}", f"pwrite F1 0 {PRESENT}p 1p"),
    REGULAR: ("open F2 /mnt/fuzzed rdwr,creat,trunc 0666", f"pwrite F2 0 {SIZE} 1p", "fsync F2"),
    READ_ONLY: ("open F3 /mnt/fuzzed rdonly",),
}


def is_on_memory(directory: Path) -> bool:
    """Whether files there are in tmpfs, and so no regular ones."""
    rows = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    device = f"{os.major(directory.stat().st_dev)}:{os.minor(directory.stat().st_dev)}"
    return any(row[2] == device and row[row.index("-") + 1] == "tmpfs" for row in rows)


def open_all(directory: Path) -> list[int]:
    """New files of this host, as descriptors in the order of their numbers."""
    memory = os.memfd_create(NAME)
    os.ftruncate(memory, SIZE)
    _write(memory, PRESENT * PAGE)
    with tempfile.TemporaryDirectory(dir=directory) as place:
        path = Path(place) / NAME
        regular = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        os.fchmod(regular, 0o666)  # whoever may write it is told by mincore what is cached
        _write(regular, SIZE)
        os.fsync(regular)
        read_only = os.open(path, os.O_RDONLY)
    return [memory, regular, read_only]


def _write(fd: int, size: int) -> None:
    for at in range(0, size, PAGE):
        os.pwrite(fd, b"x" * min(PAGE, size - at), at)


def make_all(machine: Machine) -> dict[int, int]:
    """The same on the twin: number -> index into `files`."""
    cache = machine.page_cache
    memory = int(machine.shmem.shmem_file_setup(SIZE, VM_NORESERVE))
    inode = int(machine.arena.files[memory].f_inode)
    for index in range(PRESENT):
        cache.folio_mark_dirty(cache.filemap_get_or_read(inode, index))
    set_path(machine, memory, f"/memfd:{NAME}")
    inode = int(cache.new_inode(INODE_REGULAR, SIZE, NUMBER, DEVICE))
    for index in range(-(-SIZE // PAGE)):
        cache.filemap_get_or_read(inode, index)
    regular = int(cache.open_file(inode, os.O_RDWR, FMODE_READ | FMODE_WRITE))
    read_only = int(cache.open_file(inode, os.O_RDONLY, FMODE_READ))
    cache.unlink_inode(inode)
    cache.iput(inode)
    for file in (regular, read_only):
        set_path(machine, file, f"/{NAME}")
    machine.lru.lru_add_drain_all()
    return {MEMFD: memory, REGULAR: regular, READ_ONLY: read_only}
