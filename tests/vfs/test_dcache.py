"""Names that are looked up: what is read for them, and that it is Buffers."""

from __future__ import annotations

import pytest

from mmtwin.machine import Machine
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
