"""Unmodified psutil reads an exported machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mmtwin.export import MARK, export
from mmtwin.machine import Machine

from .views.test_live import PID, machine_with_a_task, mapped, touch


@pytest.fixture(scope="module")
def machine() -> Machine:
    """Two processes: a parent with 64 pages touched, and its child."""
    machine = machine_with_a_task("interpreted")
    address = mapped(machine, 100)
    touch(machine, address, 64)
    child = machine.processes.copy_process(0, PID + 1)
    machine.arena.names["comm"][child] = "child"
    machine.write("/proc/sys/vm/stat_refresh", "1")
    return machine


@pytest.fixture
def proc(machine: Machine, tmp_path: Path) -> Iterator[Path]:
    """The exported directory, which psutil takes for /proc."""
    export(machine, tmp_path / "proc")
    before = psutil.PROCFS_PATH
    psutil.PROCFS_PATH = str(tmp_path / "proc")
    yield tmp_path / "proc"
    psutil.PROCFS_PATH = before


def test_processes_are_listed(proc: Path) -> None:
    assert psutil.pids() == [PID, PID + 1]


def test_memory_of_the_machine(proc: Path, machine: Machine) -> None:
    memory = psutil.virtual_memory()
    meminfo = dict(line.split(":") for line in machine.read("/proc/meminfo").splitlines())
    assert memory.total == int(meminfo["MemTotal"].split()[0]) << 10
    assert memory.available == int(meminfo["MemAvailable"].split()[0]) << 10
    assert psutil.swap_memory().total == 0
    assert len(psutil.cpu_times(percpu=True)) == machine.config.cpus


def test_a_process_and_its_memory(proc: Path) -> None:
    process = psutil.Process(PID)
    assert process.name() == "live"
    assert process.status() == psutil.STATUS_RUNNING
    assert process.num_threads() == 1
    memory = process.memory_info()
    assert memory.rss == 64 << 12 and memory.vms >= 100 << 12
    full = process.memory_full_info()
    assert full.pss == 32 << 12 and full.uss == 0 and full.swap == 0


def test_a_childs_parent_and_mappings(proc: Path) -> None:
    child = psutil.Process(PID + 1)
    assert (child.ppid(), child.name()) == (PID, "child")
    (area,) = [m for m in child.memory_maps(grouped=False) if m.rss == 64 << 12]
    assert area.path == "[anon]" and area.pss == 32 << 12 and area.shared_dirty == 64 << 12


def test_an_export_appears_whole_and_replaces_only_its_like(
    machine: Machine, tmp_path: Path
) -> None:
    export(machine, tmp_path / "proc")
    (tmp_path / "proc" / "old").touch()
    export(machine, tmp_path / "proc")
    assert not (tmp_path / "proc" / "old").exists()
    assert (tmp_path / "proc" / str(PID) / "maps").read_text() == machine.read(f"/proc/{PID}/maps")
    assert [p.name for p in tmp_path.iterdir()] == ["proc"]
    own = tmp_path / "own"
    own.mkdir()
    (own / "precious").touch()
    with pytest.raises(FileExistsError, match="no earlier export"):
        export(machine, own)
    assert os.listdir(own) == ["precious"]
    assert (tmp_path / "proc" / MARK).exists()


def test_an_export_that_fails_leaves_nothing(machine: Machine, tmp_path: Path) -> None:
    broken = machine.fork()
    broken.arena.current[0].task = 99_999_999
    broken.arena.tasks[1].mm = 1 << 30  # beyond the array
    with pytest.raises(IndexError):
        export(broken, tmp_path / "proc")
    assert list(tmp_path.iterdir()) == []
