"""Pressure stall information.

Stands in until it is modelled: nobody stalls.

Models kernel/sched/psi.c: psi_memstall_enter(), psi_memstall_leave(), psi_avgs_work().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, u32, u64


@cython.final
@cython.cclass
class Psi:
    """Who waits for memory, and for how long."""

    current: Currents

    def __init__(self, arena, config):
        self.current = arena.current

    @cython.ccall
    @cython.nogil
    def psi_memstall_enter(self) -> u64:
        """The current task begins to wait for memory; what to give to psi_memstall_leave()."""
        return 0

    @cython.ccall
    @cython.nogil
    def psi_memstall_leave(self, since: u64) -> cython.int:
        """The current task has waited since then."""
        return 0

    @cython.ccall
    @cython.nogil
    def psi_avgs_work(self, group: u32) -> u64:
        """Every two seconds while something happens: when next, or 0."""
        return 0
