"""The public API: read, write, fork, save, load; and files that are no saved machine."""

from __future__ import annotations

import errno
import itertools
import re
from pathlib import Path

import pytest

from mmtwin.config import MachineConfig, describe, layout
from mmtwin.errors import ConfigError, NotModelledError, SavedMachineError
from mmtwin.machine import Machine
from mmtwin.sysctl import SETTINGS, THP

from .conftest import built_engines

OVERCOMMIT = "/proc/sys/vm/overcommit_memory"


def small(engine: str) -> Machine:
    """A machine with something in it that a copy must carry."""
    machine = Machine(ram="256M", cpus=1, engine=engine, sysctl={"vm.overcommit_memory": 1})
    machine.arena.names["path"] = {7: "/usr/bin/cat", 9: "/tmp/a\nb"}
    return machine


def test_a_machine_is_described_by_a_config_or_by_keywords_but_not_both(engine: str) -> None:
    assert Machine(describe(ram="256M"), engine=engine).config == describe(ram="256M")
    with pytest.raises(ConfigError, match="not both"):
        Machine(describe(), cpus=3)


def test_a_machine_from_a_file(tmp_path: Path, engine: str) -> None:
    (tmp_path / "m.toml").write_text('ram = "256M"\n[sysctl]\nvm.overcommit_memory = 2\n')
    machine = Machine.from_file(tmp_path / "m.toml", engine=engine)
    assert machine.read(OVERCOMMIT) == "2\n"


def test_settings_are_written_and_read_back(engine: str) -> None:
    machine = small(engine)
    assert machine.read(OVERCOMMIT) == "1\n"
    machine.write(OVERCOMMIT, "0\n")
    assert machine.read(OVERCOMMIT) == "0\n"
    assert machine.read("/sys/kernel/mm/transparent_hugepage/enabled") == "always madvise [never]\n"


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        (OVERCOMMIT, "3", errno.EINVAL),
        (OVERCOMMIT, "-1", errno.EINVAL),
        (OVERCOMMIT, "", errno.EINVAL),
        (OVERCOMMIT, "1 2", errno.EINVAL),
        ("/proc/sys/vm/max_map_count", "2147483648", errno.EINVAL),
        ("/proc/sys/vm/watermark_scale_factor", "0", errno.EINVAL),
        ("/proc/sys/vm/swappiness", "201", errno.EINVAL),
        ("/proc/sys/vm/no_such_thing", "10", errno.ENOENT),
        ("/sys/fs/cgroup/a", "10", errno.ENOENT),
        ("/proc/loadavg", "10", errno.EACCES),
        ("/proc/nonsense", "10", errno.ENOENT),
        ("/proc/1/maps", "", errno.ENOENT),
    ],
)
def test_a_write_fails_as_the_kernels_does(path: str, text: str, code: int) -> None:
    machine = Machine(ram="256M", engine="interpreted")
    before = machine.state_hash()
    with pytest.raises(OSError) as caught:
        machine.write(path, text)
    assert caught.value.errno == code
    assert caught.value.filename == path
    assert machine.state_hash() == before


def test_unknown_and_unmodelled_files_differ() -> None:
    machine = Machine(ram="256M", engine="interpreted")
    with pytest.raises(FileNotFoundError):
        machine.read("/proc/memminfo")
    with pytest.raises(NotModelledError):
        machine.read("/proc/slabinfo")
    with pytest.raises(FileNotFoundError):
        machine.read("/proc/4711/maps")


def test_hexadecimal_and_octal_numbers_are_numbers() -> None:
    machine = Machine(ram="256M", engine="interpreted")
    for text, value in (("0x10", 16), ("010", 8), (" 12 \n", 12)):
        machine.write("/proc/sys/vm/max_map_count", text)
        assert machine.read("/proc/sys/vm/max_map_count") == f"{value}\n"


def test_ratio_and_kbytes_of_overcommit_replace_each_other() -> None:
    machine = Machine(ram="256M", engine="interpreted")
    machine.write("/proc/sys/vm/overcommit_kbytes", "1000")
    assert machine.read("/proc/sys/vm/overcommit_ratio") == "0\n"
    machine.write("/proc/sys/vm/overcommit_ratio", "60")
    assert machine.read("/proc/sys/vm/overcommit_kbytes") == "0\n"


def test_a_fork_is_equal_and_then_lives_its_own_life(engine: str) -> None:
    machine = small(engine)
    copy = machine.fork()
    assert copy.state_hash() == machine.state_hash()
    copy.write(OVERCOMMIT, "2")
    copy.arena.names["path"][7] = "/other"
    assert machine.read(OVERCOMMIT) == "1\n"
    assert machine.arena.names["path"][7] == "/usr/bin/cat"
    assert copy.state_hash() != machine.state_hash()


@pytest.mark.parametrize(
    ("saver", "loader"), list(itertools.product(built_engines(), built_engines()))
)
def test_a_saved_machine_opens_in_every_engine(saver: str, loader: str, tmp_path: Path) -> None:
    machine = small(saver)
    machine.save(tmp_path / "m.mmt")
    loaded = Machine.load(tmp_path / "m.mmt", engine=loader)
    assert loaded.state_hash() == machine.state_hash()
    assert loaded.config == machine.config
    assert loaded.arena.names == machine.arena.names
    loaded.check()


def test_saving_leaves_one_file_or_none(tmp_path: Path) -> None:
    machine = small("interpreted")
    machine.save(tmp_path / "m.mmt")
    assert [p.name for p in tmp_path.iterdir()] == ["m.mmt"]
    machine.arena.names["path"][8] = object()  # cannot be written
    with pytest.raises(TypeError):
        machine.save(tmp_path / "n.mmt")
    assert [p.name for p in tmp_path.iterdir()] == ["m.mmt"]


def test_a_broken_saved_machine_is_one_clear_error(tmp_path: Path) -> None:
    small("interpreted").save(tmp_path / "m.mmt")
    whole = (tmp_path / "m.mmt").read_bytes()
    size = len(whole)
    bad = tmp_path / "bad.mmt"
    for cut in (9, 12, 100, size // 2, size - 1):
        bad.write_bytes(whole[:cut])
        with pytest.raises(SavedMachineError, match="broken or truncated") as caught:
            Machine.load(bad, engine="interpreted")
        assert str(bad) in str(caught.value)
    for place in (20, size // 2, size - 40, size - 1):
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(SavedMachineError, match="broken or truncated"):
            Machine.load(bad, engine="interpreted")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 something else", b"MMTWIN"])
def test_a_foreign_file_is_no_saved_machine(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(SavedMachineError, match="not a saved machine"):
        Machine.load(tmp_path / "x", engine="interpreted")


def test_a_missing_file_and_another_version_are_named(tmp_path: Path) -> None:
    with pytest.raises(SavedMachineError, match="No such file"):
        Machine.load(tmp_path / "none")
    (tmp_path / "new").write_bytes(b"MMTWIN\x1a\n" + (99).to_bytes(4, "little") + bytes(64))
    with pytest.raises(SavedMachineError, match="version 99"):
        Machine.load(tmp_path / "new")


def test_a_machine_too_small_for_its_kernel_is_refused() -> None:
    with pytest.raises(ConfigError, match="do not hold a"):
        Machine(MachineConfig(layout([32 << 20])), engine="interpreted")


def watermarks(machine: Machine) -> list[int]:
    """The min watermark of each zone."""
    return [int(x) for x in re.findall(r"\n        min      (\d+)", machine.read("/proc/zoneinfo"))]


@pytest.mark.parametrize("path", [p for p in SETTINGS if p != THP])
def test_every_setting_takes_what_it_shows(path: str, engine: str) -> None:
    machine = Machine(ram="1G", engine=engine)
    if path.endswith(("overcommit_ratio", "overcommit_kbytes", "dirty_bytes", "ground_bytes")):
        machine.write(path, "16384")  # each clears the other
    machine.write(path, machine.read(path))  # reserves were computed before init memory was freed
    before = machine.state_hash()
    machine.write(path, machine.read(path))
    assert machine.state_hash() == before


def test_min_free_kbytes_moves_the_watermarks(engine: str) -> None:
    machine = Machine(ram="1G", engine=engine)
    before = watermarks(machine)
    machine.write("/proc/sys/vm/min_free_kbytes", "20000")
    after = watermarks(machine)
    assert sum(after) > 4 * sum(before)
    assert abs(sum(after[:2]) - 5000) <= 2
    assert after[3] == before[3] == 32  # Movable keeps its own


def test_lowmem_reserve_ratio_is_a_row_of_numbers(engine: str) -> None:
    machine = Machine(ram="6G", engine=engine)
    path = "/proc/sys/vm/lowmem_reserve_ratio"
    assert machine.read(path) == "256\t256\t32\t0\t0\n"
    machine.write(path, "128 -1")
    assert machine.read(path) == "128\t0\t32\t0\t0\n"
    dma, dma32, *_ = re.findall(r"protection: \((.*)\)", machine.read("/proc/zoneinfo"))
    assert dma32 == "0, 0, 0, 0, 0"
    assert int(dma.split(", ")[1]) > 2 * 2500
    with pytest.raises(OSError, match="one to 5 numbers"):
        machine.write(path, "1 2 3 4 5 6")


def test_reserves_follow_the_size_of_memory(engine: str) -> None:
    small, large = Machine(ram="128M", engine=engine), Machine(ram="16G", engine=engine)
    assert int(small.read("/proc/sys/vm/admin_reserve_kbytes")) < 4096
    assert large.read("/proc/sys/vm/admin_reserve_kbytes") == "8192\n"
    assert large.read("/proc/sys/vm/user_reserve_kbytes") == "131072\n"


def test_settings_of_the_description_are_in_force_after_boot(engine: str) -> None:
    settings = {"vm.min_free_kbytes": 30000, "/proc/sys/vm/overcommit_memory": 2}
    machine = Machine(ram="1G", engine=engine, sysctl=settings)
    assert machine.read("/proc/sys/vm/min_free_kbytes") == "30000\n"
    assert abs(sum(watermarks(machine)[:2]) - 7500) <= 2
    machine.check()


def test_tasks_are_listed_by_pid(engine: str) -> None:
    machine = Machine(ram="256M", engine=engine)
    assert machine.tasks == {}
    init = machine.spawn("init")
    other = machine.spawn("other", pid=40)
    assert machine.tasks == {init.pid: init, 40: other}
    assert machine.read("/proc/40/comm") == "other\n"
    assert machine.read("/proc/loadavg").split()[-1] == "40"
