"""Loads and stores: TLB hit, page walk, or fault.

Models what the MMU does.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class Access:
    """The hot path of a replay."""

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
    def access(self, address: u64, write: cython.int) -> cython.int:
        """One load or store of the current task: 0 or the signal."""
        return 0
