"""Dirty pages are written by flushers, by whoever asks, and by nobody twice."""

from __future__ import annotations

import random

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.page_flags import PG_dirty, PG_writeback

from ..conftest import built_engines
from .writing import MS, PAGE, SECOND, WrittenFile, dirty, machine, wait, writeback


def vmstat(m: Machine, name: str) -> int:
    m.write("/proc/sys/vm/stat_refresh", "1")
    return int(dict(line.split() for line in m.read("/proc/vmstat").splitlines())[name])


def test_what_was_dirty_for_long_enough_is_written(engine: str) -> None:
    m = machine(engine)
    m.write("/proc/sys/vm/dirty_writeback_centisecs", "50")
    m.write("/proc/sys/vm/dirty_expire_centisecs", "200")
    m.dirty_throttle.count_written_before(1, 100)
    WrittenFile(m).write(0, 512)
    assert vmstat(m, "nr_dirty") == 512
    wait(m, 1 * SECOND)
    assert vmstat(m, "nr_dirty") == 512
    wait(m, 2 * SECOND)
    assert [vmstat(m, n) for n in ("nr_dirty", "nr_writeback", "nr_written")] == [0, 0, 512]
    assert vmstat(m, "pgpgout") == 2048
    m.check()


def test_after_idleness_the_first_turn_of_the_flusher_begins_to_write(engine: str) -> None:
    m = machine(engine, ram="128M")
    m.write("/proc/sys/vm/dirty_background_bytes", str(50 << 20))
    m.write("/proc/sys/vm/dirty_bytes", str(100 << 20))
    WrittenFile(m).write(0, 9_000)
    assert vmstat(m, "nr_dirty") == 9_000
    wait(m, 6 * SECOND)  # the device has no share yet: some is written, far below the threshold
    assert 0 < vmstat(m, "nr_written") < 9_000 or vmstat(m, "nr_dirty") == 0
    wait(m, 5 * SECOND)  # and the rest in the next periodic turn, though it is not old
    assert vmstat(m, "nr_dirty") == 0
    m.check()


def test_fsync_writes_one_file_and_waits(engine: str) -> None:
    m = machine(engine)
    file, other = WrittenFile(m), WrittenFile(m)
    file.write(0, 100)
    other.write(0, 10)
    start = int(m.clock.now())
    assert file.fsync() == 0
    assert int(m.clock.now()) - start >= 100 * 40_000
    assert (dirty(m), writeback(m)) == (10, 0)
    m.page_writeback.ksys_sync()
    assert (dirty(m), writeback(m)) == (0, 0)
    m.check()


def test_a_page_that_is_written_can_become_dirty_again(engine: str) -> None:
    m = machine(engine)
    file = WrittenFile(m)
    file.write(0, 4)
    m.page_writeback.filemap_flush(file.inode)
    assert file.flags(2) & PG_writeback and not file.flags(2) & PG_dirty
    file.write(2, 1)
    assert file.flags(2) & PG_writeback and file.flags(2) & PG_dirty
    m.check()
    assert file.fsync() == 0
    assert vmstat(m, "nr_written") == 5
    m.check()


def test_truncation_waits_for_pages_that_are_being_written(engine: str) -> None:
    m = machine(engine)
    file = WrittenFile(m)
    file.write(0, 8)
    m.page_writeback.filemap_flush(file.inode)
    file.write(8, 8)
    m.page_cache.truncate_setsize(file.inode, 0)
    assert (dirty(m), writeback(m)) == (0, 0)
    assert vmstat(m, "nr_written") == 8
    m.check()


def test_background_work_stops_at_its_threshold(engine: str) -> None:
    m = machine(engine)
    m.write("/proc/sys/vm/dirty_background_bytes", str(2048 * PAGE))
    m.write("/proc/sys/vm/dirty_bytes", str(4096 * PAGE))
    m.dirty_throttle.count_written_before(1, 100)
    file = WrittenFile(m)
    file.write(0, 2500)
    wait(m, 1 * SECOND)
    # a chunk is 1024 pages
    assert 1024 <= dirty(m) <= 2048
    m.check()


def test_a_failed_write_is_told_once_to_every_open_file(engine: str) -> None:
    m = machine(engine)
    file = WrittenFile(m)
    second = file.open()
    m.block.inject(1, file.inode, 0, 3, 1 << 1, -5, 1)
    file.write(0, 4)
    assert file.fsync() == -5
    assert file.fsync() == 0
    assert not file.flags(0) & (PG_dirty | PG_writeback)
    third = file.open()  # after somebody was told: not news
    assert [file.fsync(f) for f in (second, second, third)] == [-5, 0, 0]
    m.check()


def test_an_error_that_nobody_was_told_reaches_a_file_opened_later(engine: str) -> None:
    m = machine(engine)
    file = WrittenFile(m)
    m.block.inject(1, file.inode, 0, 3, 1 << 1, -28, 1)
    file.write(0, 4)
    m.page_writeback.filemap_flush(file.inode)
    wait(m, 10 * MS)
    late = file.open()
    assert [file.fsync(late), file.fsync(late)] == [-28, 0]


def test_a_write_to_a_shared_mapping_after_writeback_faults_again(engine: str) -> None:
    m = machine(engine)
    file = WrittenFile(m)
    file.write(0, 2)
    task = next(iter(m.tasks.values()))
    address = int(m.mmap.do_mmap(0, 2 * PAGE, 3, 1, file.file, 0))
    task.write(address)
    assert file.fsync() == 0
    faults = int(m.arena.tasks[task.index].min_flt)
    task.write(address)
    assert int(m.arena.tasks[task.index].min_flt) == faults + 1
    assert dirty(m) == 1
    m.check()


@pytest.mark.parametrize(
    ("first", "second"),
    [("dirty_ratio", "dirty_bytes"), ("dirty_background_bytes", "dirty_background_ratio")],
)
def test_ratio_and_bytes_exclude_each_other(engine: str, first: str, second: str) -> None:
    m = machine(engine)
    m.write(f"/proc/sys/vm/{first}", "30" if "ratio" in first else "1048576")
    m.write(f"/proc/sys/vm/{second}", "30" if "ratio" in second else "1048576")
    assert m.read(f"/proc/sys/vm/{first}") == "0\n"


def test_thresholds_are_parts_of_what_is_dirtyable(engine: str) -> None:
    m = machine(engine)
    dirtyable = int(m.dirty_throttle.global_dirtyable_memory())
    assert vmstat(m, "nr_dirty_threshold") == dirtyable * 819 // 4096
    assert vmstat(m, "nr_dirty_background_threshold") == dirtyable * 409 // 4096
    m.write("/proc/sys/vm/dirty_background_ratio", "50")
    assert vmstat(m, "nr_dirty_background_threshold") == vmstat(m, "nr_dirty_threshold") // 2


def test_a_writer_is_held_to_what_the_device_writes(engine: str) -> None:
    m = machine(engine)
    m.write("/proc/sys/vm/dirty_background_bytes", str(512 * PAGE))
    m.write("/proc/sys/vm/dirty_bytes", str(2048 * PAGE))
    file = WrittenFile(m)
    start, most = int(m.clock.now()), 0
    for first in range(0, 12_000, 8):
        file.write(first, 8)
        most = max(most, dirty(m) + writeback(m))
    seconds = (int(m.clock.now()) - start) / SECOND
    assert most <= 2048 + 64
    assert seconds == pytest.approx((12_000 - most) / 25_000, rel=0.3)
    m.check()


def test_random_work_keeps_every_count(engine: str) -> None:
    machines = [machine(engine, ram="64M") for _ in range(2)]
    for m in machines:
        rng = random.Random(11)
        m.write("/proc/sys/vm/dirty_background_bytes", str(256 * PAGE))
        m.write("/proc/sys/vm/dirty_bytes", str(1024 * PAGE))
        m.write("/proc/sys/vm/dirty_expire_centisecs", "20")
        m.write("/proc/sys/vm/dirty_writeback_centisecs", "10")
        files = [WrittenFile(m) for _ in range(3)]
        for step in range(120):
            file = rng.choice(files)
            what = rng.random()
            if what < 0.6:
                file.write(rng.randrange(300), rng.randrange(1, 80))
            elif what < 0.7:
                file.fsync()
            elif what < 0.75:
                m.page_cache.truncate_setsize(file.inode, rng.randrange(300) * PAGE)
            elif what < 0.8:
                m.page_writeback.sync_file_range(file.file, 10, 200, rng.randrange(8))
            else:
                wait(m, rng.randrange(100 * MS))
            if step % 20 == 0:
                m.check()
        m.check()
    assert machines[0].state_hash() == machines[1].state_hash()


def test_a_flusher_measures_the_device_but_changes_no_writers_rate(engine: str) -> None:
    m = machine(engine, ram="256M", write_bandwidth=20_480_000, nr_requests=4)
    m.write("/proc/sys/vm/dirty_background_bytes", str(16 << 20))
    m.write("/proc/sys/vm/dirty_bytes", str(120 << 20))
    before = int(m.dirty_throttle.dirty_limit())
    file = WrittenFile(m)
    for first in range(0, 60 * 256, 256):  # never beyond the middle of the two, 68 MiB
        file.write(first, 256)
        wait(m, 20 * MS)
    wait(m, 3 * SECOND)
    wb = m.arena.bdi_writebacks[1]
    assert int(wb["write_bandwidth"]) != 25600 and int(wb["dirty_ratelimit"]) == 25600
    assert int(m.dirty_throttle.dirty_limit()) == before
    m.write("/proc/sys/vm/dirty_bytes", str(32 << 20))
    file.write(60 * 256, 60 * 256)
    assert int(m.arena.bdi_writebacks[1]["dirty_ratelimit"]) != 25600
    m.check()


def test_a_fast_writer_owes_what_is_too_short_to_sleep_in_every_engine() -> None:
    took = {}
    for engine in built_engines():
        m = machine(engine, ram="256M", write_bandwidth=204_800_000, nr_requests=4)
        m.write("/proc/sys/vm/dirty_background_bytes", str(4 << 20))
        m.write("/proc/sys/vm/dirty_bytes", str(40 << 20))
        file = WrittenFile(m)
        start = int(m.clock.now())
        file.write(0, 60 * 256)
        settled = int(m.clock.now())
        file.write(60 * 256, 80 * 256)
        took[engine] = settled - start, int(m.clock.now()) - settled
    assert len(set(took.values())) == 1, took
    assert took["interpreted"][1] / SECOND == pytest.approx(80 * 256 / 50_000, rel=0.1)
