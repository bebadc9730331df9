"""Whatever tasks do to their address spaces: every count holds, and nothing is left of them."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmtwin.machine import Machine
from tests.fuzz.generate import Abilities, Generator
from tests.fuzz.twin import Twin

ANONYMOUS = Abilities(regular_files=False)  # and no memfd is opened: those maps fail


def pages_in_use(machine: Machine) -> int:
    """Frames that somebody holds a reference to, when no batch holds any."""
    machine.lru.lru_add_drain()
    if machine.arena.compiled:
        return int(np.count_nonzero(np.asarray(machine.arena.pages)["refcount"]))
    return sum(1 for page in machine.arena.pages.values() if page.refcount)


@settings(
    max_examples=25, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(seed=st.integers(0, 1 << 32), kernel=st.sampled_from(["6.1", "6.12", "6.18"]))
def test_every_count_holds_and_no_page_leaks(engine: str, seed: int, kernel: str) -> None:
    """Random mmap, munmap, mprotect, mremap, madvise, mlock, brk, fork, touch, exit."""
    machine = Machine(ram="64M", cpus=1, kernel=kernel, engine=engine)
    before = pages_in_use(machine)
    committed = machine.overcommit.vm_memory_committed()
    task = int(machine.processes.kernel_clone_init(1, 0))
    machine.mmap_layout.arch_pick_mmap_layout(machine.arena.tasks[task].mm, 8 << 20)
    twin = Twin(machine, task, {})
    for op in Generator(seed, ANONYMOUS).sequence(40):
        twin.run(op)
    machine.check()
    twin.close()
    machine.check()
    assert pages_in_use(machine) == before
    assert machine.overcommit.vm_memory_committed() == committed
