"""Names that are looked up: what is read for them, and that it is Buffers."""

from __future__ import annotations

import pytest

from mmtwin import cgroups
from mmtwin.machine import Machine
from mmtwin.mm.uapi import O_RDWR
from mmtwin.task import Task

PAGE = 4096
PINNED_KB = 12


def task(engine: str) -> Task:
    machine = Machine(ram="64M", cpus=1, engine=engine)
    machine.namespace.make_directories("/d")
    machine.namespace.mount("/d", "ext4", device=1)
    for path in ("/d/a", "/d/b"):
        machine.namespace.create_on_disk(path, PAGE)
    machine.write("/proc/sys/vm/drop_caches", "3")
    return machine.spawn()


def meminfo(t: Task, name: str) -> int:
    t.machine.write("/proc/sys/vm/stat_refresh", "1")
    rows = dict(line.split(":") for line in t.machine.read("/proc/meminfo").splitlines())
    return int(rows[name].split()[0])


def test_the_first_look_at_a_name_reads_its_directory_and_its_inode(engine: str) -> None:
    t = task(engine)
    assert meminfo(t, "Buffers") == PINNED_KB
    cached, active = meminfo(t, "Cached"), meminfo(t, "Active(file)")
    fd = t.open("/d/a")
    t.machine.lru.lru_add_drain_all()
    assert meminfo(t, "Buffers") == PINNED_KB + 8
    assert meminfo(t, "Cached") == cached
    assert meminfo(t, "Active(file)") == active + 8
    t.open("/d/b")  # its inode lies in the same block
    assert meminfo(t, "Buffers") == PINNED_KB + 8
    t.close(fd)
    t.machine.check()


@pytest.mark.parametrize(("what", "kept"), [("1", True), ("2", False), ("3", False)])
def test_drop_caches_forgets_names_that_are_not_in_use(engine: str, what: str, kept: bool) -> None:
    t = task(engine)
    t.open("/d/a")
    t.stat("/d/b")
    t.machine.write("/proc/sys/vm/drop_caches", what)
    assert "/d/a" in t.machine.namespace.dcache.names
    assert ("/d/b" in t.machine.namespace.dcache.names) == kept


def test_a_name_that_is_not_there_is_looked_for_once(engine: str) -> None:
    t = task(engine)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            t.stat("/d/none")
        assert meminfo(t, "Buffers") == PINNED_KB + 4


def charged(t: Task) -> int:
    """Bytes of kernel objects that the group owes for."""
    return int(t.machine.arena.memcgs[cgroups.find(t.machine, "a")].object_bytes)


# Seen in a kernel's kmem_cache_alloc events: a file 192, a dentry 192, ext4's inode 1168, and a
# buffer head of 104 for each block that is read; each with 8 bytes for its owner.
def test_who_looks_a_name_up_first_pays_for_it(engine: str) -> None:
    t = task(engine)
    cgroups.mkdir(t.machine, "a")
    cgroups.attach(t.machine, cgroups.find(t.machine, "a"), t.index)
    before = charged(t)
    a = t.open("/d/a")
    assert charged(t) - before == 200 + 200 + 1176 + 2 * 112
    b = t.open("/d/b")  # both blocks are in memory
    assert charged(t) - before == 2 * (200 + 200 + 1176) + 2 * 112
    t.close(a)
    t.close(b)
    t.open("/d/a")
    t.machine.write("/proc/sys/vm/drop_caches", "3")
    assert charged(t) - before == 200 + 200 + 1176
    t.machine.check()


def test_a_written_page_has_a_buffer_head_that_goes_with_it(engine: str) -> None:
    t = task(engine)
    cgroups.mkdir(t.machine, "a")
    cgroups.attach(t.machine, cgroups.find(t.machine, "a"), t.index)
    fd = t.open("/d/a", O_RDWR)
    before = charged(t)
    t.pwrite(fd, 3 * PAGE, 0)
    node = 584 + 8
    assert charged(t) - before == 3 * 112 + node
    t.ftruncate(fd, 0)
    assert charged(t) == before
    t.machine.check()
