"""The OOM killer.

Stands in until it is modelled: it kills nobody, so the allocation fails and the faulting task
gets the signal itself.

Models mm/oom_kill.c: the entry point out_of_memory().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import u32, u64


@cython.final
@cython.cclass
class OomKill:
    """Chooses who dies."""

    arena: object

    def __init__(self, arena, config):
        self.arena = arena

    @cython.ccall
    @cython.nogil
    def out_of_memory(self, gfp: u32, order: cython.int) -> u64:
        """Kill a task: 1 if memory will come free, 0 if there is nobody to kill."""
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_out_of_memory(self, memcg: u32, gfp: u32, order: cython.int) -> u64:
        """Kill a task of a cgroup at its limit: 1 if memory will come free, 0 if there is none."""
        return 0

    @cython.ccall
    @cython.nogil
    def task_is_dying(self) -> cython.bint:
        """The current task is about to end."""
        return False

    @cython.ccall
    @cython.nogil
    def oom_reaper(self) -> u64:
        """Tear down the memory of victims: when to run again, or 0."""
        return 0
