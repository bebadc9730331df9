"""drop_caches: what goes, what stays and where it stands then; a file system's own blocks."""

from __future__ import annotations

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.buffer import INODE_TABLE
from mmtwin.mm.page_flags import PG_active, PG_reclaim, PG_referenced
from mmtwin.mm.uapi import O_CREAT, O_RDWR
from mmtwin.mm.vmstat_items import DROP_PAGECACHE, DROP_SLAB

PAGE = 4096
DROP = "/proc/sys/vm/drop_caches"


def boot(engine: str, kernel: str = "6.12") -> Machine:
    machine = Machine(
        ram="128M", kernel=kernel, engine=engine,
        disk=[{"name": "vda", "profile": "null_blk", "size": "64M"}],
    )  # fmt: skip
    machine.namespace.make_directories("/mnt")
    machine.namespace.mount("/mnt", "ext4", device=1)
    machine.namespace.make_directories("/tmp")
    machine.namespace.mount("/tmp", "tmpfs")
    return machine


def flags_of(machine: Machine, path: str) -> int:
    """Of a file's first page."""
    pfn = int(machine.page_cache.find_get_page(machine.namespace.dentries[path], 0))
    return int(machine.arena.pages[pfn]["flags"])


def blocks(machine: Machine) -> int:
    return int(machine.buffers.nr_blockdev_pages())


def test_pages_of_tmpfs_stay_and_are_the_first_to_be_reclaimed(engine: str) -> None:
    machine = boot(engine)
    p = machine.spawn("p")
    p.pwrite(p.open("/tmp/x", O_RDWR | O_CREAT), PAGE, 0)
    assert not flags_of(machine, "/tmp/x") & PG_reclaim
    machine.write(DROP, "1")
    assert flags_of(machine, "/tmp/x") & PG_reclaim
    assert not flags_of(machine, "/tmp/x") & (PG_active | PG_referenced)
    machine.check()


def test_what_was_dropped_is_counted(engine: str) -> None:
    machine = boot(engine)
    machine.write(DROP, "3")
    machine.write(DROP, "1")
    events = machine.vmstat.vm_event
    assert (events(DROP_PAGECACHE), events(DROP_SLAB)) == (2, 1)


# Measured: creating a file after drop_caches adds one block of the device to the cache on 6.1
# (the inode bitmap) and three on 6.12, which takes a CPU's last buffers from it first.
@pytest.mark.parametrize(("kernel", "added"), [("6.1", 1), ("6.12", 3)])
def test_a_cpus_last_buffers_outlive_drop_caches_up_to_6_2(
    engine: str, kernel: str, added: int
) -> None:
    machine = boot(engine, kernel)
    machine.namespace.dcache.listed("/mnt")
    machine.write(DROP, "3")
    before = blocks(machine)
    machine.spawn("p").open("/mnt/x", O_RDWR | O_CREAT)
    assert blocks(machine) - before == added
    machine.check()


def test_blocks_that_were_changed_stay_until_the_journal_has_let_them_go(engine: str) -> None:
    machine = boot(engine)
    machine.namespace.dcache.listed("/mnt")
    machine.write(DROP, "3")
    before = blocks(machine)
    p = machine.spawn("p")
    p.close(p.open("/mnt/x", O_RDWR | O_CREAT))
    machine.write(DROP, "3")
    assert blocks(machine) - before == 3
    machine.clock.sleep_until(machine.clock.now() + 36 * 10**9)
    machine.write(DROP, "3")
    assert blocks(machine) == before
    machine.check()


def test_each_page_that_a_file_grows_by_uses_its_inodes_block(engine: str) -> None:
    machine = boot(engine, "6.1")
    p = machine.spawn("p")
    fd = p.open("/mnt/x", O_RDWR | O_CREAT)
    machine.write(DROP, "3")  # keeps the block, on the inactive list
    super_block = machine.arena.super_blocks[machine.namespace.super_block("/mnt/x")]
    number = int(machine.arena.inodes[machine.namespace.dentries["/mnt/x"]].i_ino)
    at = INODE_TABLE + (number - 1) // 16
    block = int(machine.page_cache.find_get_page(int(super_block.s_bd_inode), at))
    assert not int(machine.arena.pages[block]["flags"]) & PG_active
    p.pwrite(fd, 30 * PAGE, 0)  # each second use asks for its activation, and 15 are done at once
    assert int(machine.arena.pages[block]["flags"]) & PG_active
    machine.check()
