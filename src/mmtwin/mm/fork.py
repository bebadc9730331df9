"""Tasks and address spaces: made, copied, torn down.

Models kernel/fork.c, kernel/exit.c, mm/mmap.c: exit_mmap().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class Fork:
    """Life and death of Mm and Task records."""

    arena: object

    def __init__(self, arena, config):
        self.arena = arena

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""

    def boot(self):
        """Bring freshly zeroed arrays into the state of a booted machine."""

    def check(self):
        """Assert the invariants from scratch."""

    @cython.ccall
    def mm_alloc(self) -> u32:
        """A new, empty mm, or 0."""
        return 0

    @cython.ccall
    def dup_mm(self, oldmm: u32) -> u32:
        """fork()'s copy of an address space, or 0 when out of memory."""
        return 0

    @cython.ccall
    def mmput(self, mm: u32) -> cython.int:
        """Drop a user; the last one runs exit_mmap()."""
        return 0

    @cython.ccall
    def copy_process(self, flags: u64, pid: u32) -> i64:
        """fork()/clone() of the current task: the child's index in `tasks`, or -errno."""
        return 0

    @cython.ccall
    def do_exit(self, code: cython.int) -> cython.int:
        """The current task ends."""
        return 0

    @cython.ccall
    def switch_to(self, task: u32, cpu: u32) -> cython.int:
        """Make a task `current` on a CPU."""
        return 0
