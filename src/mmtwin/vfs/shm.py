"""System V shared memory: segments by key and identifier.

    shmget() -> id -> segment -> inode of shmem <- each attachment's own struct file <- vma

A segment keeps its memory until it is removed and nothing is attached any more. Removed with
attachments, it can still be attached to by its identifier.

Models ipc/shm.c: newseg(), do_shmat(), ksys_shmdt(), shmctl_down(), shm_destroy(),
shmctl_do_lock(), sysvipc_shm_proc_show(); ipc/util.c: ipc_addid().
Not modelled: permissions (every caller is root), SHM_HUGETLB, SHM_STAT, times and pids of segments,
namespaces.

`arena.names["shm"]` maps an index to the fields of a Segment. A removed segment holds its inode
no longer; its attachments do.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mmtwin.errors import NotModelledError
from mmtwin.mm.page_flags import AS_UNEVICTABLE, INODE_SHMEM
from mmtwin.mm.uapi import FMODE_SHM, O_RDONLY, O_RDWR
from mmtwin.mm.vm_flags import VM_NORESERVE
from mmtwin.task_handle import os_error
from mmtwin.units import PAGE_SIZE
from mmtwin.vfs.paths import set_path

if TYPE_CHECKING:
    from mmtwin.machine import Machine

IPC_CREAT, IPC_EXCL, IPC_PRIVATE = 0o1000, 0o2000, 0
SHM_HUGETLB, SHM_NORESERVE = 0o4000, 0o10000
SHM_RDONLY = 0o10000
SEQ_SHIFT = 15  # id = sequence number << 15 | index
OVERCOMMIT_NEVER = 2


class Segment(NamedTuple):
    """struct shmid_kernel."""

    id: int
    key: int
    inode: int
    size: int
    mode: int
    ino: int  # of its inode, whose record may be another's once the segment is gone
    removed: int = 0  # SHM_DEST
    locked: int = 0

    @property
    def pages(self) -> int:
        return -(-self.size // PAGE_SIZE)

    @property
    def path(self) -> str:
        """As maps shows it, before ` (deleted)`."""
        return f"/SYSV{self.key & 0xFFFFFFFF:08x}"


class SharedMemory:
    """All segments of a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    @property
    def _table(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = self.machine.arena.names.setdefault("shm", {})
        return found

    @property
    def _ids(self) -> dict[str, int]:
        """struct ipc_ids: the last index given, and the sequence number."""
        found: dict[str, int] = self.machine.arena.names.setdefault("ipc_ids", {})
        return found

    def segments(self) -> Iterator[Segment]:
        """Every segment by its index; removed ones as long as they are attached."""
        for index, fields in sorted(self._table.items()):
            segment = Segment(*fields)
            if segment.removed and not self.nattch(segment):
                del self._table[index]
            else:
                yield segment

    def find(self, number: int) -> Segment:
        """The segment of an identifier (EINVAL)."""
        for segment in self.segments():
            if segment.id == number:
                return segment
        raise os_error(errno.EINVAL, "shm")

    def nattch(self, segment: Segment) -> int:
        """How many mappings there are of it, in all address spaces."""
        inode = self.machine.arena.inodes[segment.inode]
        if int(inode.i_ino) != segment.ino or int(inode.i_kind) != INODE_SHMEM:
            return 0
        vma, count = int(inode.i_mmap), 0
        while vma:
            count, vma = count + 1, int(self.machine.arena.vmas[vma].i_mmap_next)
        return count

    def shm_tot(self) -> int:
        """Pages of all segments."""
        return sum(segment.pages for segment in self.segments())

    def get(self, key: int, size: int, flags: int) -> int:
        """shmget(2): an identifier."""
        if flags & SHM_HUGETLB:
            raise NotModelledError("shmget", "SHM_HUGETLB is not modelled yet")
        if key == IPC_PRIVATE:
            return self._new(key, size, flags)
        for segment in self.segments():
            if segment.key == key and not segment.removed:
                if flags & IPC_CREAT and flags & IPC_EXCL:
                    raise os_error(errno.EEXIST, "shmget")
                if size > segment.size:
                    raise os_error(errno.EINVAL, "shmget")
                return segment.id
        if not flags & IPC_CREAT:
            raise os_error(errno.ENOENT, "shmget")
        return self._new(key, size, flags)

    def _new(self, key: int, size: int, flags: int) -> int:
        """newseg()."""
        limits = self.machine.arena.sysctl[0]
        pages = -(-size // PAGE_SIZE)
        if size < 1 or size > int(limits.shmmax) & ((1 << 64) - 1):
            raise os_error(errno.EINVAL, "shmget")
        if self.shm_tot() + pages > int(limits.shmall) & ((1 << 64) - 1):
            raise os_error(errno.ENOSPC, "shmget")
        number_of = sum(1 for _ in self.segments())
        vm_flags = 0
        if flags & SHM_NORESERVE and int(limits.overcommit_memory) != OVERCOMMIT_NEVER:
            vm_flags = VM_NORESERVE
        file = int(self.machine.shmem.shmem_file_setup(size, vm_flags))
        if not file:
            raise os_error(errno.ENOMEM, "shmget")
        inode = int(self.machine.arena.files[file].f_inode)
        self.machine.page_cache.iget(inode)  # the segment's reference, in place of its file's
        self.machine.page_cache.fput(file)
        if number_of >= int(limits.shmmni):
            self.machine.page_cache.iput(inode)
            raise os_error(errno.ENOSPC, "shmget")
        ino = int(self.machine.arena.inodes[inode].i_ino)
        index, number = self._add_id()
        self._table[index] = list(Segment(number, key, inode, size, flags & 0o777, ino))
        return number

    def _add_id(self) -> tuple[int, int]:
        """The lowest free index, and the identifier that it makes: ipc_idr_alloc()."""
        index, ids = 0, self._ids
        while index in self._table:
            index += 1
        if index <= ids.get("last_idx", -1):
            ids["seq"] = ids.get("seq", 0) + 1
        ids["last_idx"] = index
        return index, ids.get("seq", 0) << SEQ_SHIFT | index

    def open(self, segment: Segment, flags: int) -> int:
        """A struct file for an attachment: do_shmat()."""
        mode, f_flags = (1, O_RDONLY) if flags & SHM_RDONLY else (3, O_RDWR)
        file = int(self.machine.page_cache.open_file(segment.inode, f_flags, mode | FMODE_SHM))
        if not file:
            raise os_error(errno.ENFILE, "shmat")
        set_path(self.machine, file, segment.path)
        return file

    def remove(self, number: int) -> None:
        """shmctl(IPC_RMID): its key is free at once, its memory when nothing is attached."""
        segment = self.find(number)
        if not segment.removed:
            self._change(segment, key=IPC_PRIVATE, removed=1)
            self.machine.page_cache.iput(segment.inode)

    def lock(self, number: int, locked: bool) -> None:
        """shmctl(SHM_LOCK), or SHM_UNLOCK: reclaim leaves its pages alone."""
        segment = self.find(number)
        inode = self.machine.arena.inodes[segment.inode]
        state = int(inode.i_state) & ~int(AS_UNEVICTABLE)
        inode.i_state = state | int(AS_UNEVICTABLE) if locked else state
        self._change(segment, locked=int(locked))

    def _change(self, segment: Segment, **fields: int) -> None:
        index = segment.id & ((1 << SEQ_SHIFT) - 1)
        self._table[index] = list(segment._replace(**fields))

    def show(self) -> str:
        """/proc/sysvipc/shm."""
        lines = [HEAD]
        for segment in self.segments():
            inode = self.machine.arena.inodes[segment.inode]
            mode = segment.mode | (0o1000 if segment.removed else 0)
            mode |= 0o2000 if segment.locked else 0
            lines.append(
                f"{segment.key:10d} {segment.id:10d}  {mode:4o} {segment.size:21d} {0:5d} {0:5d}  "
                f"{self.nattch(segment):5d} {0:5d} {0:5d} {0:5d} {0:5d} {0:10d} {0:10d} {0:10d} "
                f"{int(inode.nrpages) * PAGE_SIZE:21d} {0:21d}\n"
            )
        return "".join(lines)


HEAD = (
    "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid "
    "     atime      dtime      ctime                   rss                  swap\n"
)
