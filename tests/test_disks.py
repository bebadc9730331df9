"""Disks of a description: profiles, figures, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from mmtwin.config import MachineConfig, describe, with_settings
from mmtwin.errors import ConfigError


def test_without_tables_there_is_one_nvme_disk() -> None:
    (disk,) = describe().disks
    assert (disk.name, disk.profile, disk.dev >> 20) == ("nvme0n1", "nvme", 259)


def test_a_table_is_a_profile_with_figures_of_its_own() -> None:
    disk, other = describe(
        disk=[
            {"name": "sdb", "profile": "ssd", "read_bandwidth": "1M"},
            {"name": "vdc", "profile": "hdd"},
        ]
    ).disks
    assert (disk.read_bandwidth, disk.write_bandwidth) == (1 << 20, 520_000_000)
    assert (disk.dev >> 20, disk.dev & 0xFFFFF) == (8, 16)
    assert (other.rotational, other.channels) == (1, 1)


def test_a_setting_changes_or_adds_a_disk() -> None:
    config = with_settings(describe(), ["disk.nvme0n1.channels=2", "disk.sda.profile=hdd"])
    assert [(d.name, d.channels) for d in config.disks] == [("nvme0n1", 2), ("sda", 1)]
    assert MachineConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([{"profile": "ssd"}], "disk[0].name: missing"),
        ([{"name": "sda", "profile": "ssdd"}], "did you mean ssd"),
        ([{"name": "sda", "chanels": 3}], "did you mean channels"),
        ([{"name": "sda", "channels": 65}], "1 to 64"),
        ([{"name": "sda"}, {"name": "sda"}], "there already"),
        ([{"name": "s/a"}], "no name of a disk"),
        ([{"name": "sda", "size": "much"}], "is no number"),
        ({"name": "sda"}, "tables are wanted"),
    ],
)
def test_what_no_disk_has_is_refused(tables: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        describe(disk=tables)
    assert message in str(caught.value)
