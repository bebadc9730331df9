"""Accounting of committed memory.

Models mm/util.c: __vm_enough_memory(), vm_commit_limit().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class Overcommit:
    """Committed_AS and the three overcommit modes."""

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
    @cython.nogil
    def security_vm_enough_memory(self, mm: u32, nr_pages: i64) -> cython.int:
        """Charge pages, or -ENOMEM."""
        return 0

    @cython.ccall
    @cython.nogil
    def vm_unacct_memory(self, nr_pages: i64) -> cython.int:
        """Give pages back."""
        return 0

    @cython.ccall
    def vm_commit_limit(self) -> u64:
        """Pages: CommitLimit."""
        return 0
