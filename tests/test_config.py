"""A machine's description: keywords, TOML, settings; and everything that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmtwin.config import MachineConfig, describe, from_mapping, load, with_settings
from mmtwin.errors import ConfigError
from mmtwin.units import format_size, parse_size

MIB, GIB = 1 << 20, 1 << 30

EXAMPLE = """
kernel = "6.12"
cpus = 4
movablecore = "256M"

[[node]]
ram = "2G"
cpus = [0, 2]
distance = [10, 21]

[[node]]
ram = "4G"
cpus = [1, 3]
distance = [21, 10]

[tlb]
l2_entries = 2048
l2_ways = 16

[sysctl]
vm.overcommit_memory = 2
"vm.overcommit_ratio" = 80
"/proc/sys/vm/max_map_count" = 1000

[sysfs]
"/sys/kernel/mm/transparent_hugepage/enabled" = "never"
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "machine.toml"
    path.write_text(EXAMPLE)
    return path


@pytest.mark.parametrize(
    ("text", "size"),
    [("4G", 4 * GIB), ("512M", 512 * MIB), ("64K", 65536), ("64k", 65536), ("1T", 1 << 40),
     ("4096", 4096), ("0x1000", 4096), (4096, 4096), (" 1G ", GIB), ("010", 10)],
)  # fmt: skip
def test_sizes_take_the_kernels_suffixes(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "4X", "-1G", "1.5G", "4 GB", True, -4096, None])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError):
        parse_size(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 1, 4096, 65536, 512 * MIB, 3 * GIB, (1 << 40) + 1])
def test_a_size_is_printed_as_it_is_read(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("ram", "nodes", "ranges"),
    [
        # |0 ........ ram|
        ("1G", 1, [[(0, GIB)]]),
        # |0 ........................ ram| hole from 3.5 GiB up is not needed
        ("3G", 1, [[(0, 3 * GIB)]]),
        # |0 ... 3G| hole |4G ... |
        ("4G", 1, [[(0, 3 * GIB), (4 * GIB, 5 * GIB)]]),
        ("3584M", 1, [[(0, 3 * GIB), (4 * GIB, 4 * GIB + 512 * MIB)]]),
        ("1G", 2, [[(0, 512 * MIB)], [(512 * MIB, GIB)]]),
        # node 0 |0 .. 2G|, node 1 |2G .. 3G| hole |4G .. 5G|
        ("4G", 2, [[(0, 2 * GIB)], [(2 * GIB, 3 * GIB), (4 * GIB, 5 * GIB)]]),
        # node 1 begins above the hole
        ("6G", 2, [[(0, 3 * GIB)], [(4 * GIB, 7 * GIB)]]),
    ],
)
def test_memory_is_laid_out_around_the_hole_below_4g(
    ram: str, nodes: int, ranges: list[list[tuple[int, int]]]
) -> None:
    config = describe(ram=ram, nodes=nodes)
    in_bytes = [[(a << 12, b << 12) for a, b in node.ranges] for node in config.nodes]
    assert in_bytes == ranges
    assert config.ram_pages << 12 == parse_size(ram)


def test_a_file_describes_nodes_cpus_tlb_and_settings(toml: Path) -> None:
    config = load(toml)
    assert config.kernel == 612 and config.kernel_name == "6.12"
    assert [node.nr_pages << 12 for node in config.nodes] == [2 * GIB, 4 * GIB]
    assert config.cpu_node == (0, 1, 0, 1)
    assert config.distances == ((10, 21), (21, 10))
    assert config.movablecore << 12 == 256 * MIB
    assert (config.tlb.l2_entries, config.tlb.l2_ways, config.tlb.l1_entries) == (2048, 16, 64)
    assert config.settings == {
        "/proc/sys/vm/overcommit_memory": "2",
        "/proc/sys/vm/overcommit_ratio": "80",
        "/proc/sys/vm/max_map_count": "1000",
        "/sys/kernel/mm/transparent_hugepage/enabled": "never",
    }


def test_keywords_take_the_same_keys_as_a_file(toml: Path) -> None:
    config = describe(
        ram="6G", nodes=2, cpus=4, kernel=618, la57=True, sysctl={"vm.overcommit_memory": 1}
    )
    assert config.la57 and config.kernel == 618
    assert config.cpu_node == (0, 0, 1, 1)
    assert config.settings == {"/proc/sys/vm/overcommit_memory": "1"}


def test_nodes_by_keyword_are_spread_over_the_cpus() -> None:
    config = describe(node=[{"ram": "1G"}, {"ram": "2G"}], cpus=4)
    assert config.cpu_node == (0, 0, 1, 1)
    assert config.distances == ((10, 20), (20, 10))


def test_settings_change_a_description_the_last_one_winning() -> None:
    config = with_settings(
        describe(),
        ["ram=1G", "cpus=4", "vm.max_map_count=10", "vm.max_map_count=20", "tlb.l2_entries=768"],
    )
    assert config.ram_pages << 12 == GIB
    assert config.cpus == 4 and config.cpu_node == (0, 0, 0, 0)
    assert config.settings == {"/proc/sys/vm/max_map_count": "20"}
    assert config.tlb.l2_entries == 768


def test_a_description_survives_json(toml: Path) -> None:
    config = load(toml)
    assert MachineConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"ram": "1K"}, "ram: 1K is out of range; it is 64M to 8T"),
        ({"ram": "lots"}, "ram: 'lots' is no size"),
        ({"ram": 128 * MIB + 4096}, "multiple of 4M"),
        ({"cpus": 0}, "cpus: 0 is out of range; it is 1 to 32"),
        ({"cpus": "two"}, "cpus: 'two' is no number"),
        ({"cpus": 2.5}, "cpus: 2.5 is no number"),
        ({"kernel": "5.10"}, "kernel: '5.10' is not modelled; it is one of 6.1, 6.12, 6.18"),
        ({"la57": "maybe"}, "la57: 'maybe' is neither"),
        ({"rma": "1G"}, "rma: no such key; did you mean ram?"),
        ({"nodes": 3, "ram": "1G"}, "multiple of 4M"),
        ({"tlb": {"l2_entries": 1000}}, "tlb.l2_entries: 1000 entries of 12 ways"),
        ({"tlb": {"l3": 1}}, "tlb.l3: no such key"),
        ({"sysctl": {"vm.overcommit_memory": 3}}, "memory: 3 is out of range; it is 0 to 2"),
        ({"sysctl": {"vm.overcomit_memory": 1}}, "did you mean vm.overcommit_memory?"),
        ({"sysctl": {"vm.laptop_mode": 10}}, "vm.laptop_mode: not modelled yet"),
        ({"sysctl": {"vm.max_map_count": True}}, "vm.max_map_count: a number or a string"),
        ({"sysctl": {"vm.percpu_pagelist_high_fraction": 7}}, "it is 0, or 8 to 2147483647"),
        ({"sysfs": {"/sys/kernel/mm/transparent_hugepage/enabled": "sometimes"}}, "none of always"),
        ({"sysfs": {"/sys/kernel/mm/ksm/run": 1}}, "not modelled yet"),
        ({"cgroup": {"/web": {"cpu.max": "1"}}}, "only memory's files are modelled"),
        ({"cgroup": {"/web": "1G"}}, "cgroup./web: a table of the cgroup's files"),
        ({"ram": "1G", "node": [{"ram": "1G"}]}, "ram: each node has a ram of its own"),
        ({"cpus": 2, "node": [{"ram": "1G", "cpus": [0]}]}, "cpus: 2, but the nodes name 1 CPUs"),
    ],
)  # fmt: skip
def test_a_bad_key_is_refused_with_its_bounds(keywords: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(keywords)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([], "one to 16 tables"),
        ([{"cpus": [0]}], "node[0].ram: missing"),
        ([{"ram": "1G", "cpu": [0]}], "node[0].cpu: no such key; did you mean cpus?"),
        ([{"ram": "1G", "cpus": [0, 0]}], "CPU 0 is on node 0 too"),
        ([{"ram": "1G", "cpus": [1]}], "numbered from 0 without a gap"),
        ([{"ram": "1G", "distance": [10, 20]}], "1 numbers are wanted"),
        ([{"ram": "1G"}, {"ram": "1G", "distance": [10, 10]}], "only that"),
        ([{"ram": "1G"}, {"ram": "1G", "distance": [300, 10]}], "it is 10 to 255"),
        ([{"ram": "8T"}, {"ram": "8T"}], "at most 8T"),
    ],
)
def test_bad_nodes_are_refused(nodes: list[dict[str, object]], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping({"node": nodes})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("ram = ", "not TOML"), ("rma = 1", "rma: no such key"), ("ram = '1K'", "64M to 8T"),
     ("\x00", "not TOML"), ("[sysctl]\nvm.overcommit_memory = 9", "it is 0 to 2")],
)  # fmt: skip
def test_an_error_in_a_file_names_the_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(path) in str(caught.value) and words in str(caught.value)


def test_a_missing_file_and_a_binary_one_are_one_line_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not TOML"):
        load(tmp_path / "binary")


@pytest.mark.parametrize("setting", ["ram", "=1G", "cpu.max=1", "vm.laptop_mode=5", "ram=x"])
def test_a_bad_setting_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError):
        with_settings(describe(), [setting])


def test_the_documented_example_is_the_one_in_examples_and_loads() -> None:
    root = Path(__file__).resolve().parent.parent
    example = (root / "examples" / "two-nodes.toml").read_text()
    body = example.split("\n", 1)[1]
    assert body in (root / "docs" / "machine.md").read_text()
    assert load(root / "examples" / "two-nodes.toml").cpus == 4


def test_hz_is_one_that_kernels_are_built_with() -> None:
    assert describe(hz=1000).hz == 1000 and describe().hz == 250
    with pytest.raises(ConfigError, match="hz: 500; kernels are built with 100, 250, 300, 1000"):
        describe(hz=500)
