"""Whatever tasks do with files and memory, each mapped page is found from its record again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.machine import Machine
from mmtwin.mm.idpool import POOL_USED
from mmtwin.mm.page_flags import INODE_REGULAR
from mmtwin.mm.uapi import MAP_ANONYMOUS, MAP_FIXED, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED

from ..conftest import built_engines
from .by_hand import PAGE, machine

BASE = 0x10000000
POOLS = ("anon_vma", "anon_vma_chain", "inode", "file")
MAPPINGS = {
    "private": MAP_PRIVATE | MAP_ANONYMOUS,
    "shared": MAP_SHARED | MAP_ANONYMOUS,
    "noreserve": MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
    "private file": MAP_PRIVATE,
    "shared file": MAP_SHARED,
}
STEPS = st.tuples(
    st.sampled_from([*MAPPINGS, *["touch"] * 6, "unmap", "fork", "exit", "truncate"]),
    st.integers(0, 59),
    st.integers(1, 12),
)


class World:
    """Tasks that map one file and anonymous memory over each other in 60 pages."""

    def __init__(self, kind: str) -> None:
        self.m: Machine = machine(kind)
        self.at_first = self.used()
        self.inode = self.m.page_cache.new_inode(INODE_REGULAR, 40 * PAGE, 7, 1)
        self.file = self.m.page_cache.open_file(self.inode, 2, 3)
        self.tasks = [int(self.m.processes.kernel_clone_init(1, 0))]
        self.m.processes.switch_to(self.tasks[0], 0)

    def step(self, what: str, page: int, count: int) -> None:
        start, length = BASE + page * PAGE, count * PAGE
        if what in MAPPINGS:
            file, offset = (self.file, page // 3) if "file" in what else (0, 0)
            self.m.mmap.do_mmap(start, length, 3, MAPPINGS[what] | MAP_FIXED, file, offset)
        elif what == "touch":
            for i in range(count):
                self.m.access.access(start + i * PAGE, i & 1)
        elif what == "unmap":
            self.m.munmap.do_munmap(start, length)
        elif what == "truncate":
            self.m.page_cache.truncate_inode_pages(self.inode, page, page + count)
        elif what == "fork":
            self.fork(page)
        elif len(self.tasks) > 1:
            self.exit(page % len(self.tasks))

    def fork(self, pick: int) -> None:
        """Fork the current task and go on with any."""
        child = int(self.m.processes.copy_process(0, 100 + len(self.tasks)))
        assert child > 0
        self.tasks.append(child)
        self.m.processes.switch_to(self.tasks[pick % len(self.tasks)], 0)

    def exit(self, index: int) -> None:
        self.m.processes.switch_to(self.tasks.pop(index), 0)
        self.m.processes.do_exit(0)
        if self.tasks:
            self.m.processes.switch_to(self.tasks[0], 0)

    def check(self) -> None:
        for mechanism in (self.m.page_cache, self.m.shmem, self.m.rmap, self.m.xarray):
            mechanism.check()

    def end(self) -> None:
        """All tasks exit and the file goes: no object is left."""
        while self.tasks:
            self.exit(0)
        self.m.page_cache.fput(self.file)
        self.m.page_cache.unlink_inode(self.inode)
        self.m.page_cache.iput(self.inode)
        self.check()
        assert self.used() == self.at_first

    def used(self) -> dict[str, int]:
        """How many objects there are of each kind."""
        return {name: int(getattr(self.m.arena, f"{name}_pool")[POOL_USED]) for name in POOLS}


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(STEPS, max_size=40))
def test_every_mapped_page_is_found_and_nothing_is_left(steps: list[tuple[str, int, int]]) -> None:
    digests = set()
    for kind in built_engines():
        world = World(kind)
        for what, page, count in steps:
            world.step(what, page, count)
            world.check()
        world.end()
        digests.add(world.m.arena.digest())
    assert len(digests) == 1
