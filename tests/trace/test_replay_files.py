"""What a replay does to files: pages, sizes, descriptors; in batches, and in its cgroup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmtwin import cgroups
from mmtwin.config import RUN_CGROUP, describe, with_run_cgroup, with_settings
from mmtwin.machine import Machine
from mmtwin.policy import PolicyError, use
from mmtwin.trace import counters, open_trace, page_events
from mmtwin.trace.future import NEVER, Future
from mmtwin.trace.replay import Replay


def replay(engine: str, path: Path, *settings: str, **more: Any) -> Replay:
    config = with_run_cgroup(with_settings(describe(ram="128M", cpus=1), settings))
    run = Replay(Machine(config, engine=engine), open_trace(path), **more)
    run.run()
    assert not run.failures.by_kind
    return run


def ev(path: Path, *records: tuple[int, int, int, int]) -> Path:
    np.array(list(records), page_events.RECORD).tofile(path)
    return path


def inode_of(run: Replay, path: str) -> Any:
    return run.machine.arena.inodes[run.files.known(path)]


def test_reads_and_writes_of_a_recording_fill_the_page_cache(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "t.strace"
    path.write_text(
        '10 open("/d/f", O_RDONLY) = 3\n'
        '10 pread64(3, "", 4096, 0) = 4096\n'
        '10 pread64(3, "", 4096, 1044480) = 4096\n'
        '10 open("/d/new", O_RDWR|O_CREAT|O_TRUNC, 0644) = 4\n'
        '10 write(4, "", 10000) = 10000\n'
        "10 dup2(4, 7) = 7\n"
        '10 write(7, "", 10000) = 10000\n'
        '10 write(1</dev/pts/0>, "", 10) = 10\n'
    )
    run = replay(engine, path)
    assert int(inode_of(run, "/d/f").i_size) == 1048576
    assert int(inode_of(run, "/d/new").i_size) == 20000
    assert int(inode_of(run, "/d/new").nrpages) == 5
    assert int(inode_of(run, "/d/f").nrpages) >= 5  # readahead knows how long the file is
    run.machine.check()


def test_holes_are_not_read_but_grown_files_are(engine: str, tmp_path: Path) -> None:
    run = replay(engine, ev(tmp_path / "a.ev", (0, 0, 4, 100), (0, 0, 4, 200)))
    assert counters.of(run.machine)["read_bytes"] >= 8 * 4096


def test_page_events_make_the_memory_that_they_tell_of(engine: str, tmp_path: Path) -> None:
    path = ev(
        tmp_path / "a.ev",
        (5, 0, 0, 64), (2, 0, 0, 30), (1, 0, 1, 3), (0, 0, 2, 40), (3, 1, 3, 0), (6, 0, 0, 9),
        (2, 0, 0, 20), (4, 1, 0, 1),
    )  # fmt: skip
    run = replay(engine, path)
    found = counters.of(run.machine)
    assert found["memory.stat.anon"] == 20 * 4096
    assert int(inode_of(run, "file:1").nrpages) == 1
    assert found["memory.stat.kernel"] == 9 * 4096
    assert 0 < len(run.kernel_memory.pages) < 9
    assert found["memory.current"] >= (20 + 9 + int(inode_of(run, "file:0").nrpages)) * 4096
    run.machine.check()


def test_what_page_events_lack_comes_from_the_unlimited_run_beside_them(tmp_path: Path) -> None:
    path = ev(tmp_path / "a.ev", (5, 0, 0, 64), (1, 0, 1, 3))
    (tmp_path / "real_a.json").write_text('[{"limit": 0, "peak_rss": 40960, "kmem": 8192}]')
    run = replay("interpreted", path)
    assert counters.of(run.machine)["memory.stat.anon"] == 40960
    assert counters.of(run.machine)["memory.stat.kernel"] >= 8192


def test_what_the_twin_charges_itself_is_part_of_the_recorded_kernel_memory(
    engine: str, tmp_path: Path
) -> None:
    touches = [(1, 0, 1, page) for page in range(0, 4096, 64)]
    path = ev(tmp_path / "a.ev", (6, 0, 0, 40), (5, 0, 0, 4096), *touches)
    run = replay(engine, path)
    assert counters.of(run.machine)["memory.stat.kernel"] == 40 * 4096
    assert len(run.kernel_memory.pages) < 30  # the rest are page tables and xarray nodes
    run.machine.check()


def test_a_monitor_flushes_statistics_that_reclaim_goes_by(engine: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    touches = [(1, 0, 1, int(page)) for page in rng.integers(0, 1000, 3000)]
    path = ev(tmp_path / "a.ev", (5, 0, 0, 1000), *touches)

    def activated(interval_ms: int) -> int:
        config = with_run_cgroup(with_settings(describe(ram="128M", cpus=1), ["memory.max=3M"]))
        machine = Machine(config, engine=engine)
        if interval_ms:
            group = cgroups.find(machine, RUN_CGROUP)
            machine.memcg_stat.monitor(group, interval_ms * 1_000_000)
        Replay(machine, open_trace(path)).run()
        machine.check()
        return int(counters.of(machine)["memory.stat.workingset_activate_file"])

    assert activated(0) == 0  # the first flush of the kernel's own comes after two seconds
    assert activated(1) > 100


def test_a_limit_is_kept_and_its_refaults_are_counted(engine: str, tmp_path: Path) -> None:
    scans = [(0, 0, 8, page) for _ in range(3) for page in range(0, 512, 8)]
    run = replay(engine, ev(tmp_path / "a.ev", (5, 0, 0, 512), *scans), "memory.max=1M")
    found = counters.of(run.machine)
    assert found["memory.peak"] <= 1 << 20
    assert found["memory.stat.workingset_refault_file"] > 500
    assert found["read_bytes"] > 2 * 512 * 4096
    run.machine.check()


def test_times_of_a_trace_are_waited_for(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text("time,op,offset,size\n1,W,0,4096\n61,R,8192,4096\n")
    run = replay(engine, path)
    assert int(run.machine.clock.now()) - run.start_ns >= 60 * 10**9


@pytest.mark.parametrize("name", ["fifo", "lru", "clock", "s3-fifo", "lhd"])
def test_a_policy_decides_what_is_reclaimed(engine: str, tmp_path: Path, name: str) -> None:
    scans = [(0, 0, 1, page) for _ in range(2) for page in [*range(300), *range(40)]]
    path = ev(tmp_path / "a.ev", (5, 0, 0, 512), *scans)
    config = with_run_cgroup(with_settings(describe(ram="128M", cpus=1), ["memory.max=800K"]))
    machine = Machine(config, engine=engine)
    use(machine, name, compiled=False)
    run = Replay(machine, open_trace(path))
    run.run()
    assert not run.failures.by_kind
    assert counters.of(machine)["memory.peak"] <= 800 << 10
    assert counters.of(machine)["memory.stat.workingset_refault_file"] > 100
    machine.check()


def test_opt_reads_least(engine: str, tmp_path: Path) -> None:
    order = [0, 1, 2, 3] + [p for _ in range(6) for p in range(250)]
    path = ev(tmp_path / "a.ev", (5, 0, 0, 512), *[(1, 0, 1, p) for p in order])
    read = {}
    for name in ("lru", "opt"):
        config = with_run_cgroup(with_settings(describe(ram="128M", cpus=1), ["memory.max=800K"]))
        machine = Machine(config, engine=engine)
        future = Future(open_trace(path)) if name == "opt" else None
        use(machine, name, future, compiled=False)
        Replay(machine, open_trace(path), future=future).run()
        read[name] = counters.of(machine)["read_bytes"]
    assert read["opt"] < read["lru"]


def test_the_future_knows_the_next_use(tmp_path: Path) -> None:
    path = ev(tmp_path / "a.ev", (5, 0, 0, 64), (0, 0, 3, 7), (1, 0, 1, 8), (0, 0, 1, 20))
    future = Future(open_trace(path))
    run = Replay(Machine(ram="64M", cpus=1, engine="interpreted"), open_trace(path), future=future)
    run.run()
    future.at(0, np.zeros(100, np.int64))  # before everything
    key = (run.files.known("file:0") << 1) << 40
    rows = [future.next_use(key | page) for page in (7, 8, 9, 20, 30)]
    assert rows[0] == rows[1] == rows[2] < rows[3] < NEVER == rows[4]


class Failing:
    def __init__(self, nr_pages: int) -> None: ...
    def insert(self, page: int, key: int) -> None:
        raise RuntimeError("boom")

    def access(self, page: int) -> None: ...
    def evict(self) -> int:
        return 0

    def remove(self, page: int) -> None: ...


def test_a_policy_that_raises_ends_the_run(engine: str, tmp_path: Path) -> None:
    from mmtwin import policy

    policy.register("failing", Failing)
    path = ev(tmp_path / "a.ev", (5, 0, 0, 512), *[(0, 0, 8, p) for p in range(0, 512, 8)])
    machine = Machine(ram="64M", cpus=1, engine=engine)
    use(machine, "failing")
    with pytest.raises(PolicyError, match="RuntimeError: boom"):
        Replay(machine, open_trace(path)).run()


def test_memory_that_no_limit_holds_kills_the_program(engine: str, tmp_path: Path) -> None:
    path = ev(tmp_path / "a.ev", (2, 0, 0, 400))
    config = with_run_cgroup(with_settings(describe(ram="128M", cpus=1), ["memory.max=1M"]))
    run = Replay(Machine(config, engine=engine), open_trace(path))
    run.run()
    assert counters.of(run.machine)["memory.events.oom_kill"] == 1
    assert [process.how for process in run.ended] == ["killed"]
    run.machine.check()
