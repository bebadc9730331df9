"""An address space to make calls on, and to look at as a drawing.

    Space(engine).map(0, 4).map(6, 2, PROT_READ).picture(8) == "wwww..rr"

One character a page: what it may be used for (w writable, r readable, x executable, s shared
and writable, - nothing, . not mapped); `|` where two areas meet.
"""

from __future__ import annotations

from mmtwin.machine import Machine
from mmtwin.mm.uapi import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
)
from mmtwin.mm.vm_flags import VM_EXEC, VM_READ, VM_SHARED, VM_WRITE

PAGE = 4096
BASE = 0x300000000
RW = PROT_READ | PROT_WRITE


class Space:
    """A task with an empty address space; pages are counted from BASE."""

    def __init__(self, engine: str, kernel: str = "6.12") -> None:
        self.machine = Machine(ram="64M", cpus=1, kernel=kernel, engine=engine)
        self.task = int(self.machine.processes.kernel_clone_init(1, 0))
        mm = self.machine.arena.tasks[self.task].mm
        self.machine.mmap_layout.arch_pick_mmap_layout(mm, 8 << 20)

    @property
    def mm(self):
        return self.machine.arena.mms[self.machine.arena.tasks[self.task].mm]

    def map(self, page, pages, prot=RW, flags=MAP_PRIVATE):
        """mmap() at a fixed place; the Space itself, so that calls can be chained."""
        flags |= MAP_ANONYMOUS | MAP_FIXED
        at = self.machine.mmap.do_mmap(self.at(page), pages * PAGE, prot, flags, 0, 0)
        assert at == self.at(page), at
        return self

    def share(self, page, pages, prot=RW):
        """map() of shared memory."""
        return self.map(page, pages, prot, MAP_SHARED)

    def at(self, page):
        """Address of a page."""
        return BASE + page * PAGE

    def write(self, page, pages=1):
        """Store into each page: the first signal, or 0."""
        return self.touch(page, pages, 1)

    def read(self, page, pages=1):
        """Load from each page: the first signal, or 0."""
        return self.touch(page, pages, 0)

    def touch(self, page, pages, write):
        for i in range(page, page + pages):
            signal = self.machine.access.access(self.at(i), write)
            if signal:
                return signal
        return 0

    def protect(self, page, pages, prot):
        return self.machine.mprotect.do_mprotect(self.at(page), pages * PAGE, prot)

    def unmap(self, page, pages):
        return self.machine.munmap.do_munmap(self.at(page), pages * PAGE)

    def advise(self, page, pages, advice):
        return self.machine.madvise.do_madvise(self.at(page), pages * PAGE, advice)

    def lock(self, page, pages, flags=0):
        return self.machine.mlock.do_mlock(self.at(page), pages * PAGE, flags)

    def unlock(self, page, pages):
        return self.machine.mlock.do_munlock(self.at(page), pages * PAGE)

    def remap(self, page, old, new, flags=0, to=0):
        """mremap() to page `to`: the page it ends up at, or -errno."""
        result = self.machine.mremap.do_mremap(
            self.at(page), old * PAGE, new * PAGE, flags, self.at(to) if to else 0
        )
        return result if result < 0 else (result - BASE) // PAGE

    def rlimit(self, resource, soft):
        """Set a soft limit, in bytes."""
        self.machine.arena.rlimits[self.task * 32 + 2 * resource] = soft

    def faults(self):
        """min_flt of the task."""
        return int(self.machine.arena.tasks[self.task].min_flt)

    def status(self, row):
        """A row of /proc/PID/status that counts kB, in pages."""
        text = self.machine.read("/proc/1/status")
        line = next(line for line in text.splitlines() if line.startswith(row + ":"))
        return int(line.split()[1]) * 1024 // PAGE

    def areas(self):
        """(first page, pages, vm_flags) of each area."""
        vmas, i = self.machine.arena.vmas, int(self.mm.mmap)
        while i:
            vma = vmas[i]
            start, end = int(vma.vm_start), int(vma.vm_end)
            yield (start - BASE) // PAGE, (end - start) // PAGE, int(vma.vm_flags)
            i = int(vma.vm_next)

    def flags(self, page):
        """vm_flags at a page."""
        return next(f for first, n, f in self.areas() if first <= page < first + n)

    def picture(self, pages):
        """What lies in [0, pages)."""
        text, end = "", 0
        for first, n, flags in self.areas():
            if not 0 <= first < pages:
                continue
            text += "." * (first - end) if first > end else "|" if first else ""
            text += letter(flags) * n
            end = first + n
        return text + "." * (pages - end)


def letter(flags):
    if flags & VM_WRITE:
        return "s" if flags & VM_SHARED else "w"
    return "x" if flags & VM_EXEC else "r" if flags & VM_READ else "-"
