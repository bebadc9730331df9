"""Block devices: requests take the time that latency, channels and bandwidth make of them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mmtwin.config import describe
from mmtwin.machine import Machine
from mmtwin.mm.block import REQ_OP_FLUSH, REQ_OP_READ, REQ_OP_WRITE
from mmtwin.mm.gfp import GFP_KERNEL
from mmtwin.mm.page_flags import INODE_REGULAR, PG_locked, PG_uptodate
from mmtwin.mm.vmstat_items import PGPGIN

from .by_hand import PAGE

US, MS = 1000, 1_000_000


def machine(engine: str, **disk: Any) -> Machine:
    """A machine with one disk, /dev/sda."""
    return Machine(
        describe(ram="64M", cpus=1, disk=[{"name": "sda", "profile": "ssd", **disk}]), engine=engine
    )


def file_on_disk(m: Machine, pages: int = 64) -> int:
    inode = int(m.page_cache.new_inode(INODE_REGULAR, pages * PAGE, 12, 8 << 20 | 1))
    m.arena.inodes[inode].i_bdev = 1
    return inode


def lock_pages(m: Machine, inode: int, first: int, count: int) -> list[int]:
    """Pages in the cache as readahead leaves them: locked, not up to date."""
    pfns = []
    for index in range(first, first + count):
        pfn = int(m.page_alloc.alloc_pages(0x100CCA, 0, -1))
        assert m.page_cache.filemap_add_folio(inode, index, pfn, GFP_KERNEL) == 0
        record = m.arena.pages[pfn]
        record["flags"] = int(record["flags"]) | int(PG_locked)
        m.lru.put_page(pfn)
        pfns.append(pfn)
    return pfns


def flags(m: Machine, pfn: int) -> int:
    return int(m.arena.pages[pfn]["flags"])


def count(m: Machine, name: str) -> int:
    return int(dict(line.split() for line in m.read("/proc/vmstat").splitlines())[name])


def raw(m: Machine, op: int, index: int, sectors: int) -> int:
    return int(m.block.submit_raw(1, 0, index, sectors, op))


def test_pages_that_were_read_are_unlocked_when_their_request_is_done(engine: str) -> None:
    m = machine(engine, read_latency_ns=20 * US, read_bandwidth=0)
    inode = file_on_disk(m)
    pfns = lock_pages(m, inode, 3, 4)
    done = int(m.block.submit(inode, 3, 4, REQ_OP_READ))
    assert done == int(m.clock.now()) + 20 * US
    assert all(flags(m, pfn) & PG_locked and not flags(m, pfn) & PG_uptodate for pfn in pfns)
    m.block.folio_wait_locked(pfns[-1])
    assert int(m.clock.now()) == done
    assert all(flags(m, pfn) & PG_uptodate and not flags(m, pfn) & PG_locked for pfn in pfns)
    assert int(m.arena.vm_event_states[PGPGIN]) == 4 * 8
    m.check()


def test_without_a_device_a_read_is_done_at_once(engine: str) -> None:
    m = machine(engine)
    inode = file_on_disk(m)
    m.arena.inodes[inode].i_bdev = 0
    (pfn,) = lock_pages(m, inode, 0, 1)
    assert int(m.block.submit(inode, 0, 1, REQ_OP_READ)) == int(m.clock.now())
    assert flags(m, pfn) & PG_uptodate


def test_latencies_overlap_on_channels_and_bytes_queue_for_the_bus(engine: str) -> None:
    m = machine(engine, channels=2, read_latency_ns=100 * US, read_bandwidth=4_096_000_000)
    start = int(m.clock.now())
    # 4 KiB take 1 us of the bus; far apart, so that nothing is merged
    done = [raw(m, REQ_OP_READ, i * 1000, 8) - start for i in range(4)]
    # the third and fourth begin when the first and second channel are free again
    assert done == pytest.approx([101 * US, 102 * US, 201 * US, 202 * US], abs=1 * US)
    m.check()


def test_a_large_transfer_is_bound_by_bandwidth(engine: str) -> None:
    m = machine(engine, write_bandwidth=500_000_000)
    start = int(m.clock.now())
    done = start
    for i in range(100):
        done = raw(m, REQ_OP_WRITE, i * 256, 2048)
    seconds = (done - start) / 1e9
    assert seconds == pytest.approx(100 * (1 << 20) / 500e6, rel=0.01)


def test_reads_and_writes_share_the_bus(engine: str) -> None:
    alone = machine(engine, read_bandwidth=500_000_000, write_bandwidth=500_000_000)
    for i in range(8):
        last = raw(alone, REQ_OP_READ, i * 256, 2048)
    m = machine(engine, read_bandwidth=500_000_000, write_bandwidth=500_000_000)
    for i in range(8):
        write = raw(m, REQ_OP_WRITE, (1 << 20) + i * 256, 2048)
        read = raw(m, REQ_OP_READ, i * 256, 2048)
    assert max(read, write) == pytest.approx(2 * last, rel=0.05)


def test_a_disk_seeks_between_requests_that_do_not_follow_each_other(engine: str) -> None:
    m = machine(engine, profile="hdd", read_bandwidth=0)
    start = int(m.clock.now())
    first = raw(m, REQ_OP_READ, 100, 8)
    assert first - start == 12_700 * US
    m.clock.sleep_until(first)
    assert raw(m, REQ_OP_READ, 101, 8) == first  # goes on where the last one ended
    assert raw(m, REQ_OP_READ, 500, 8) == first + 12_700 * US


def test_a_waiting_request_grows_by_what_follows_it(engine: str) -> None:
    m = machine(engine, max_sectors_kb=16, channels=1, write_bandwidth=100_000_000)
    for index in range(9):
        raw(m, REQ_OP_WRITE, index, 8)
    m.clock.sleep_until(int(m.clock.now()) + 10 * MS)
    disk = m.arena.block_devices[1]
    assert (int(disk.writes), int(disk.writes_merged)) == (3, 6)  # 4 + 4 + 1 pages
    assert int(disk.write_sectors) == 72
    m.check()


def test_the_submitter_sleeps_when_all_requests_are_in_use(engine: str) -> None:
    m = machine(engine, nr_requests=4, channels=1, read_bandwidth=0)
    for i in range(4):
        raw(m, REQ_OP_READ, i * 100, 8)
    assert int(m.clock.now()) == 0
    raw(m, REQ_OP_READ, 900, 8)
    assert int(m.clock.now()) == 100 * US
    assert int(m.arena.block_devices[1].nr_inflight) == 4


def test_a_task_that_waits_is_charged_with_the_delay(engine: str) -> None:
    m = machine(engine)
    task = m.spawn()
    m.processes.switch_to(task.index, 0)
    done = raw(m, REQ_OP_READ, 0, 8)
    before = int(m.clock.now())
    m.block.io_schedule_until(done)
    assert int(m.arena.tasks[task.index].blkio_ns) == done - before > 0


def test_a_failing_read_leaves_its_pages_unlocked_and_not_up_to_date(engine: str) -> None:
    m = machine(engine)
    inode = file_on_disk(m)
    m.block.inject(1, inode, 1, 1, 1 << REQ_OP_READ, -5, 1)
    pfns = lock_pages(m, inode, 0, 3)
    m.block.submit(inode, 0, 3, REQ_OP_READ)
    m.block.folio_wait_locked(pfns[0])
    assert not any(flags(m, pfn) & (PG_uptodate | PG_locked) for pfn in pfns)
    assert int(m.block.error_of(1, inode, 1, 1, REQ_OP_READ)) == 0  # used up
    m.check()


def test_diskstats_and_sysfs_show_what_was_done(engine: str) -> None:
    m = machine(engine)
    m.clock.sleep_until(raw(m, REQ_OP_READ, 0, 16))
    m.clock.sleep_until(raw(m, REQ_OP_WRITE, 8, 8))
    m.clock.sleep_until(raw(m, REQ_OP_FLUSH, 0, 0))
    fields = m.read("/proc/diskstats").split()
    assert fields[:3] == ["8", "0", "sda"]
    assert [fields[i] for i in (3, 5, 7, 9, 18)] == ["1", "16", "1", "8", "1"]
    assert m.read("/sys/block/sda/stat").split() == fields[3:]
    assert (count(m, "pgpgin"), count(m, "pgpgout")) == (8, 4)  # KiB
    m.write("/sys/block/sda/queue/read_ahead_kb", "63")
    assert m.read("/sys/block/sda/queue/read_ahead_kb") == "60\n"
    with pytest.raises(OSError, match="nr_requests"):
        m.write("/sys/block/sda/queue/nr_requests", "1")
    with pytest.raises(OSError, match="sdb"):
        m.read("/sys/block/sdb/stat")


def test_random_requests_keep_the_queue_whole(engine: str) -> None:
    rng = random.Random(5)
    m = machine(engine, nr_requests=8, channels=3, max_sectors_kb=64)
    other = machine(engine, nr_requests=8, channels=3, max_sectors_kb=64)
    for _ in range(300):
        op = rng.choice((REQ_OP_READ, REQ_OP_WRITE, REQ_OP_FLUSH))
        index, sectors = rng.randrange(64), rng.randrange(1, 400) if op != REQ_OP_FLUSH else 0
        pause = rng.randrange(300 * US) if rng.random() < 0.3 else 0
        for one in (m, other):
            assert raw(one, op, index, sectors) >= int(one.clock.now())
            one.clock.sleep_until(int(one.clock.now()) + pause)
        m.block.check()
    assert m.state_hash() == other.state_hash()
    m.clock.sleep_until(int(m.clock.now()) + 10**9)
    assert int(m.arena.block_devices[1].nr_inflight) == 0
    m.check()
