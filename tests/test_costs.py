"""What work costs: profiles, and what the clock charges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmtwin import calibrate
from mmtwin.config import MachineConfig, describe, with_settings
from mmtwin.errors import ConfigError
from mmtwin.machine import Machine
from mmtwin.task import FILL_KINDS

PAGE = 4096


def test_a_profile_is_the_default_with_figures_of_its_own(tmp_path: Path) -> None:
    config = with_settings(describe(cost={"fault_ns": 321}), ["cost.syscall_ns=7"])
    assert (config.cost.fault_ns, config.cost.syscall_ns) == (321, 7)
    assert MachineConfig.from_json(config.to_json()) == config
    profile = tmp_path / "host.toml"
    profile.write_text("[cost]\nzero_page_ns = 55.4\n")
    assert describe(cost_profile=str(profile)).cost.zero_page_ns == 55


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"cost": {"fault": 1}}, "did you mean fault_ns"),
        ({"cost": {"fault_ns": "slow"}}, "is no number"),
        ({"cost": {"fault_ns": -1}}, "out of range"),
        ({"cost": 5}, "a table is wanted"),
        ({"cost_profile": "/nowhere/x.toml"}, "No such file"),
    ],
)
def test_a_bad_cost_is_refused(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        describe(**keywords)
    assert message in str(caught.value)


def test_a_first_store_costs_a_fault_and_a_zeroed_page(engine: str) -> None:
    cost = {"fault_ns": 1000, "zero_page_ns": 10}
    m = Machine(ram="64M", cpus=1, cost=cost, engine=engine)
    task = m.spawn()
    address = task.mmap(0, 64 * PAGE, 3, 0x22)
    start = int(m.clock.now())
    task.write(address, 10 * PAGE)
    assert int(m.clock.now()) - start == 10 * 1010
    task.write(address, 10 * PAGE)  # what is there costs nothing
    assert int(m.clock.now()) - start == 10 * 1010


def test_reading_from_the_cache_costs_a_copy(engine: str) -> None:
    cost = {"syscall_ns": 5, "read_page_ns": 400}
    m = Machine(ram="64M", cpus=1, cost=cost, engine=engine)
    m.namespace.make_directories("/data")
    m.namespace.mount("/data", "ext4", device=1)
    m.namespace.create_on_disk("/data/f", 8 * PAGE)
    task = m.spawn()
    fd = task.open("/data/f")
    task.pread(fd, 8 * PAGE, 0)
    start = int(m.clock.now())
    assert task.pread(fd, 8 * PAGE, 0) == 8 * PAGE
    assert int(m.clock.now()) - start == 5 + 8 * 400


def test_filling_a_page_takes_the_programs_own_time(engine: str) -> None:
    m: Any = Machine(ram="64M", cpus=1, cost={"fault_ns": 0, "zero_page_ns": 0}, engine=engine)
    task = m.spawn()
    address = task.mmap(0, 64 * PAGE, 3, 0x22)
    m.arena.fill_ns[FILL_KINDS["stream"]] = 700
    start = int(m.clock.now())
    task.fill(address, 5 * PAGE, "stream", 1)
    task.fill(address, 5 * PAGE, "zero")
    assert int(m.clock.now()) - start == 5 * 700


def test_a_page_made_for_the_cache_takes_its_time(engine: str) -> None:
    took = []
    for cost in 0, 1000:
        m = Machine(ram="64M", cpus=1, cost={"cache_page_ns": cost}, engine=engine)
        m.namespace.make_directories("/data")
        m.namespace.mount("/data", "ext4", device=1)
        m.namespace.create_on_disk("/data/f", 8 * PAGE)
        task = m.spawn()
        fd = task.open("/data/f")
        start = int(m.clock.now())
        task.pread(fd, PAGE, 0)
        took.append(int(m.clock.now()) - start)
    assert took[1] > took[0]


def test_calibrate_measures_every_figure_of_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrate, "PAGES", 256)
    text = calibrate.profile(calibrate.measure(tmp_path, repeat=3), tmp_path)
    path = tmp_path / "host.toml"
    path.write_text(text)
    assert describe(cost_profile=str(path)).cost.fault_ns >= 0
    assert list(tmp_path.iterdir()) == [path]  # the measured files are gone
    assert "read_bandwidth" in text and "+-" in text
