"""Random sequences: valid more often than not, and crowded, so that areas touch and overlap.

All addresses lie in three windows: a fixed one, the top of the mmap area, the heap. Half of the
sequences map a file too, a part changes limits. The generator notes roughly which pages are mapped,
and aims most commands at those.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from mmtwin.mm import uapi
from tests.fuzz.files import MEMFD, READ_ONLY, REGULAR, SIZE
from tests.fuzz.ops import ADVICE, LIMITS, PAGE, Op

FIXED = 0x300000000
TOP = 0x7FFFF7FE0000  # a few pages below the first place that the kernel gives out
PROTS = [3, 3, 3, 3, 1, 1, 0, 7, 5, 2, 4]
WINDOW = 40  # pages of each
ANON = uapi.MAP_ANONYMOUS
MREMAP_FIXED, MREMAP_DONTUNMAP = 2, 4
ADVICES = [
    "normal", "random", "sequential", "willneed", "dontneed", "free", "dontfork", "dofork",
    "dontdump", "dodump", "wipeonfork", "keeponfork", "cold", "populate_read",
    "populate_write", "dontneed_locked", "remove", "nohugepage",
]  # fmt: skip
WEIGHTS = {
    "mmap": 26, "munmap": 5, "mprotect": 14, "mremap": 9, "madvise": 13, "write": 16, "read": 8,
    "lock": 5, "brk": 4, "mincore": 2, "msync": 1, "fork": 2, "exit": 1, "rlimit": 6,
}  # fmt: skip


@dataclass(frozen=True)
class Abilities:
    """What a host lets be tried."""

    exec_only: bool = True  # PROT_EXEC alone can be read, as on the twin
    privileged: bool = False  # a task can become another user
    regular_files: bool = True


class Generator:
    """One sequence; the same seed gives the same one."""

    def __init__(self, seed: int, host: Abilities) -> None:
        self.rng = random.Random(seed)
        self.host = host
        self.prots = [p for p in PROTS if host.exec_only or p != uapi.PROT_EXEC]
        self.parents = {0: 0}  # of the tasks that live
        self.mapped: dict[int, set[int]] = {0: set()}  # pages that are, if every command succeeded
        self.nr_forked = 0
        self.locks = self.rng.random() < 0.3
        self.limits = self.rng.random() < 0.25
        self.files = self.rng.choice([(), (), (MEMFD,), (MEMFD, REGULAR, READ_ONLY)])
        if not host.regular_files:
            self.files = self.files[:1]
        self.heap = 0

    def sequence(self, nr_ops: int) -> list[Op]:
        """`nr_ops` commands; tasks that were forked are left alive at the end."""
        names, weights = list(WEIGHTS), list(WEIGHTS.values())
        ops: list[Op] = []
        while len(ops) < nr_ops:
            name = self.rng.choices(names, weights)[0]
            op = getattr(self, f"_{name}")(self._task())
            if op is not None:
                ops.append(op)
                self._note(op)
                if op.name == "exit":
                    ops.append(Op(self.parents.pop(op.task), "reap", (op.task,)))
        return ops

    def _note(self, op: Op) -> None:
        """What is mapped after a command."""
        pages, a = self.mapped[op.task], op.args
        if op.name == "mmap" and a[0]:
            pages |= _pages(a[0], a[1])
        elif op.name == "munmap":
            pages -= _pages(a[0], a[1])
        elif op.name == "mremap" and a[3] & MREMAP_FIXED:
            pages -= _pages(a[0], a[1]) if not a[3] & MREMAP_DONTUNMAP else set()
            pages |= _pages(a[4], a[2])
        elif op.name == "fork":
            self.mapped[a[0]] = set(pages)

    def _range(self, task: int) -> tuple[int, int]:
        """Address and length: mostly within what is mapped, else anywhere."""
        addr, length = self._addr(), self._len()
        pages = self.mapped[task]
        if not pages or self.rng.random() < 0.15:
            return addr, length
        addr = self.rng.choice(sorted(pages))
        if self.rng.random() < 0.85:
            length = next(n for n in range(PAGE, length + PAGE, PAGE)
                          if n == length or addr + n not in pages)  # fmt: skip
        return addr, length

    def _task(self) -> int:
        return self.rng.choice(list(self.parents))

    def _addr(self) -> int:
        base = self.rng.choices([FIXED, TOP - WINDOW * PAGE], [3, 1])[0]
        return base + self.rng.randrange(WINDOW) * PAGE

    def _len(self) -> int:
        return self.rng.choice([1, 1, 2, 3, 4, 8, self.rng.randrange(1, 24)]) * PAGE

    def _prot(self) -> int:
        return self.rng.choice(self.prots)

    def _mmap(self, task: int) -> Op:
        if self.files and self.rng.random() < 0.45:
            return self._mmap_file(task)
        r = self.rng
        flags = ANON | (uapi.MAP_SHARED if r.random() < 0.2 else uapi.MAP_PRIVATE)
        addr = 0
        if r.random() < 0.75:
            addr = self._addr()
            flags |= r.choice([uapi.MAP_FIXED, uapi.MAP_FIXED, uapi.MAP_FIXED_NOREPLACE, 0])
        for flag, chance in (
            (uapi.MAP_NORESERVE, 0.08), (uapi.MAP_POPULATE, 0.08), (uapi.MAP_GROWSDOWN, 0.03),
            (uapi.MAP_LOCKED, 0.1 if self.locks else 0), (uapi.MAP_STACK, 0.02),
        ):  # fmt: skip
            if r.random() < chance:
                flags |= flag
        return Op(task, "mmap", (addr, self._len(), self._prot(), flags))

    def _mmap_file(self, task: int) -> Op:
        """Part of a file, often across its end, in few places, so that parts adjoin."""
        r = self.rng
        flags = r.choice([uapi.MAP_SHARED, uapi.MAP_PRIVATE])
        addr = self._addr() if r.random() < 0.75 else 0
        flags |= uapi.MAP_FIXED if addr and r.random() < 0.8 else 0
        for flag, chance in (
            (uapi.MAP_NORESERVE, 0.08), (uapi.MAP_POPULATE, 0.08),
            (uapi.MAP_LOCKED, 0.1 if self.locks else 0),
        ):  # fmt: skip
            if r.random() < chance:
                flags |= flag
        offset = r.choice([0, 0, 1, 2, 4, SIZE // PAGE - 2, SIZE // PAGE + 2])
        file = r.choice(self.files)
        return Op(task, "mmap", (addr, self._len(), self._prot(), flags, file, offset))

    def _munmap(self, task: int) -> Op:
        return Op(task, "munmap", self._range(task))

    def _mprotect(self, task: int) -> Op:
        prot = self._prot() | (uapi.PROT_GROWSDOWN if self.rng.random() < 0.03 else 0)
        return Op(task, "mprotect", (*self._range(task), prot))

    def _mremap(self, task: int) -> Op:
        r = self.rng
        flags = r.choice([0, 1, 1, 1, 3, 3, 3, 5, 7, 2])
        addr, old_len = self._range(task)
        new_len = old_len if r.random() < 0.35 else self._len()
        old_len = 0 if r.random() < 0.06 else old_len
        new = self._addr() if flags & 2 or r.random() < 0.2 else 0
        return Op(task, "mremap", (addr, old_len, new_len, flags, new))

    def _madvise(self, task: int) -> Op | None:
        name = self.rng.choice(ADVICES)
        if name == "remove" and REGULAR in self.files:
            return None  # a hole on a disk is another matter than one in memory
        return Op(task, "madvise", (*self._range(task), ADVICE[name]))

    def _write(self, task: int) -> Op:
        return Op(task, "write", (*self._range(task), PAGE))

    def _read(self, task: int) -> Op:
        return Op(task, "read", (*self._range(task), PAGE))

    def _lock(self, task: int) -> Op | None:
        if not self.locks:
            return None
        name = self.rng.choice(["mlock", "mlock", "munlock", "mlock2", "munlockall", "mlockall"])
        if name == "munlockall":
            return Op(task, name)
        if name == "mlockall":
            return Op(task, name, (self.rng.choice([1, 2, 3, 4, 5, 6, 7]),))
        return Op(task, name, self._range(task))

    def _brk(self, task: int) -> Op:
        return Op(task, "brk", (self.rng.randrange(-4, 16) * PAGE + self.rng.choice([0, 100]),))

    def _mincore(self, task: int) -> Op:
        return Op(task, "mincore", self._range(task))

    def _msync(self, task: int) -> Op:
        # writing to a disk cleans pages, when it likes
        flags = self.rng.choice([1, 2, 5] if REGULAR in self.files else [1, 2, 4, 5, 6])
        return Op(task, "msync", (*self._range(task), flags))

    def _rlimit(self, task: int) -> Op | None:
        """A limit near what is in use, or none; sometimes the loss of root's rights."""
        r = self.rng
        if not self.limits:
            return None
        if self.host.privileged and r.random() < 0.15:
            return Op(task, "setuid", (65534,))
        pages = {
            "data": r.randrange(10, 120), "stack": r.randrange(1, 60),
            "memlock": r.choice([0, 1, 4, 16, 40]), "as": r.randrange(150, 400),
        }  # fmt: skip
        name = r.choice(list(pages))
        soft = uapi.RLIM_INFINITY if r.random() < 0.3 else pages[name] * PAGE
        return Op(task, "rlimit", (LIMITS[name], soft))

    def _fork(self, task: int) -> Op | None:
        if self.nr_forked >= 3:
            return None
        self.nr_forked += 1
        self.parents[self.nr_forked] = task
        return Op(task, "fork", (self.nr_forked,))

    def _exit(self, task: int) -> Op | None:
        if task == 0 or task in self.parents.values():
            return None  # a parent stays, for it is the one that can wait
        return Op(task, "exit", (self.rng.randrange(3),))


def _pages(addr: int, length: int) -> set[int]:
    return set(range(addr, addr + length, PAGE))
