"""Random sequences: valid more often than not, and crowded, so that areas touch and overlap.

All addresses lie in three windows: a fixed one, the top of the mmap area, the heap.
"""

from __future__ import annotations

import random

from mmtwin.mm import uapi
from tests.fuzz.ops import ADVICE, PAGE, Op

FIXED = 0x300000000
TOP = 0x7FFFF7FE0000  # a few pages below the first place that the kernel gives out
PROTS = [3, 3, 3, 3, 1, 1, 0, 7, 5, 2, 4]
WINDOW = 40  # pages of each
ANON = uapi.MAP_ANONYMOUS
ADVICES = [
    "normal", "random", "sequential", "willneed", "dontneed", "free", "dontfork", "dofork",
    "dontdump", "dodump", "wipeonfork", "keeponfork", "cold", "populate_read",
    "populate_write", "dontneed_locked", "remove", "nohugepage",
]  # fmt: skip
WEIGHTS = {
    "mmap": 26, "munmap": 8, "mprotect": 14, "mremap": 9, "madvise": 13, "write": 16, "read": 8,
    "lock": 5, "brk": 4, "mincore": 2, "msync": 1, "fork": 2, "exit": 1,
}  # fmt: skip


class Generator:
    """One sequence; the same seed gives the same one."""

    def __init__(self, seed: int, exec_only: bool = True) -> None:
        self.rng = random.Random(seed)
        self.prots = [p for p in PROTS if exec_only or p != uapi.PROT_EXEC]
        self.parents = {0: 0}  # of the tasks that live
        self.nr_forked = 0
        self.locks = self.rng.random() < 0.3
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
                if op.name == "exit":
                    ops.append(Op(self.parents.pop(op.task), "reap", (op.task,)))
        return ops

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

    def _munmap(self, task: int) -> Op:
        return Op(task, "munmap", (self._addr(), self._len()))

    def _mprotect(self, task: int) -> Op:
        prot = self._prot() | (uapi.PROT_GROWSDOWN if self.rng.random() < 0.03 else 0)
        return Op(task, "mprotect", (self._addr(), self._len(), prot))

    def _mremap(self, task: int) -> Op:
        r = self.rng
        flags = r.choice([0, 1, 1, 1, 3, 3, 3, 5, 7, 2])
        old_len = 0 if r.random() < 0.06 else self._len()
        new_len = old_len if r.random() < 0.35 else self._len()
        new = self._addr() if flags & 2 or r.random() < 0.2 else 0
        return Op(task, "mremap", (self._addr(), old_len, new_len, flags, new))

    def _madvise(self, task: int) -> Op:
        advice = ADVICE[self.rng.choice(ADVICES)]
        return Op(task, "madvise", (self._addr(), self._len(), advice))

    def _write(self, task: int) -> Op:
        return Op(task, "write", (self._addr(), self._len(), PAGE))

    def _read(self, task: int) -> Op:
        return Op(task, "read", (self._addr(), self._len(), PAGE))

    def _lock(self, task: int) -> Op | None:
        if not self.locks:
            return None
        name = self.rng.choice(["mlock", "mlock", "munlock", "mlock2", "munlockall", "mlockall"])
        if name == "munlockall":
            return Op(task, name)
        if name == "mlockall":
            return Op(task, name, (self.rng.choice([1, 2, 3, 4, 5, 6, 7]),))
        return Op(task, name, (self._addr(), self._len()))

    def _brk(self, task: int) -> Op:
        return Op(task, "brk", (self.rng.randrange(-4, 16) * PAGE + self.rng.choice([0, 100]),))

    def _mincore(self, task: int) -> Op:
        return Op(task, "mincore", (self._addr(), self._len()))

    def _msync(self, task: int) -> Op:
        flags = self.rng.choice([1, 2, 4, 5, 6])
        return Op(task, "msync", (self._addr(), self._len(), flags))

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
