"""Files of the whole machine: their layout against a real 6.18 kernel's, line by line."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.vmstat_items import vmstat_layout
from mmtwin.views import counters

from .sample_process import sample

SLAB = {"KReclaimable", "Slab", "SReclaimable", "SUnreclaim"}
LEFT_OUT = SLAB | {"VmallocUsed", "Percpu", "DirectMap4k", "DirectMap2M", "DirectMap1G"}
ZONEINFO_PAGE = re.compile(r"\d+")


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine(ram="6G", cpus=2, kernel="6.18", engine="interpreted")


def names(text: str) -> list[str]:
    return [line.split(":")[0] for line in text.splitlines()]


def widths(text: str) -> dict[str, tuple[int, int]]:
    """For each line: where its number ends, and the line's length."""
    found = {}
    for line in text.splitlines():
        match = re.search(r"\d+(?=( kB)?$)", line)
        assert match, line
        found[line.split(":")[0]] = (match.end(), len(line))
    return found


def test_meminfo_has_the_kernels_lines_and_columns(machine: Machine) -> None:
    ours, theirs = machine.read("/proc/meminfo"), sample("meminfo")
    # this sample's kernel was built without memory failure handling
    expected = [n for n in names(theirs) if n not in LEFT_OUT]
    extra = ["HardwareCorrupted", "Unaccepted"]
    assert [n for n in names(ours) if n not in extra] == expected
    theirs_at = widths(theirs)
    for name, at in widths(ours).items():
        if name not in extra:
            assert at == theirs_at[name], name


@pytest.mark.parametrize(("kernel", "golden"), [("6.1", "61_smp1"), ("6.12", "612_smp2"),
                                                ("6.18", "618_exact")])  # fmt: skip
def test_meminfo_and_vmstat_have_the_lines_of_debians_kernels(
    kernel: str, golden: str, shared: Path
) -> None:
    zswap = kernel != "6.18"  # that one's answers are a cloud flavour's
    machine = Machine(ram="1G", cpus=1, kernel=kernel, zswap=zswap, engine="interpreted")
    found = dumps(shared, golden)
    assert names(machine.read("/proc/meminfo")) == [
        n for n in found["meminfo"] if n not in LEFT_OUT
    ]
    ours = [line.split()[0] for line in machine.read("/proc/vmstat").splitlines()]
    assert ours == [n for n in found["vmstat"] if n not in counters.LEFT_OUT]


def dumps(shared: Path, golden: str) -> dict[str, list[str]]:
    """The names in the fullest dump of each file in a set of golden answers."""
    found: dict[str, list[str]] = {}
    text = gzip.decompress((shared / "golden" / f"{golden}.jsonl.gz").read_bytes()).decode()
    for line in text.splitlines():
        for key, values in json.loads(line).get("ck", {}).items():
            kind = key.split("|")[-1]
            if isinstance(values, dict) and len(values) > len(found.get(kind, ())):
                found[kind] = list(values)
    return found


def test_vmstat_prints_what_is_counted_and_nothing_else(machine: Machine) -> None:
    lines = dict(line.split(" ") for line in machine.read("/proc/vmstat").splitlines())
    assert set(lines) == {n for n, _, _ in vmstat_layout(618)} - counters.LEFT_OUT
    assert all(value.isdigit() for value in lines.values())


def test_a_nodes_meminfo_has_the_kernels_columns(machine: Machine) -> None:
    ours = machine.read("/sys/devices/system/node/node0/meminfo")
    theirs = sample("node_meminfo")
    left_out = {f"Node 0 {name}" for name in LEFT_OUT}
    expected = [n for n in names(theirs) if n not in left_out]
    assert [n for n in names(ours) if n != "Node 0 Unaccepted"] == expected
    theirs_at = widths(theirs)
    assert all(at == theirs_at[n] for n, at in widths(ours).items() if n in theirs_at)


@pytest.mark.parametrize("name", ["vmstat", "numastat"])
def test_a_nodes_counters_are_named_in_the_kernels_order(machine: Machine, name: str) -> None:
    ours = machine.read(f"/sys/devices/system/node/node0/{name}")
    theirs = [line.split()[0] for line in sample(f"node_{name}").splitlines()]
    named = [line.split()[0] for line in ours.splitlines()]
    assert [n for n in named if n not in UNPRINTED] == [
        n for n in theirs if n not in counters.LEFT_OUT
    ]


UNPRINTED = {"nr_unaccepted"}  # the sample's kernel was built without


def shape(line: str) -> str:
    """A line with its numbers told only by the column they end in, or as one digit."""
    return re.sub(r" +\d+(?= |$)", lambda m: f"<{len(m[0])}>", line)


def test_buddyinfo_and_pagetypeinfo_are_laid_out_as_the_kernels(machine: Machine) -> None:
    for name in ("buddyinfo", "pagetypeinfo"):
        ours, theirs = machine.read(f"/proc/{name}"), sample(name)
        assert [shape(x) for x in ours.splitlines()] == [shape(x) for x in theirs.splitlines()]


def test_zoneinfo_is_laid_out_as_the_kernels(machine: Machine) -> None:
    ours = [re.sub(r"\d+", "9", x) for x in machine.read("/proc/zoneinfo").splitlines()]
    theirs = [re.sub(r"\d+", "9", x) for x in sample("zoneinfo").splitlines()]
    left_out = tuple(f"      {name} " for name in (*counters.LEFT_OUT, *UNPRINTED))
    kept = [x for x in theirs if not x.startswith(left_out)]
    assert [x for x in ours if not x.startswith(left_out)] == kept


def test_free_memory_is_the_same_in_every_file(machine: Machine) -> None:
    free_kb = int(re.search(r"MemFree: +(\d+)", machine.read("/proc/meminfo"))[1])  # type: ignore[index]
    buddy = 0
    for line in machine.read("/proc/buddyinfo").splitlines():
        buddy += sum(int(n) << order for order, n in enumerate(line.split()[4:]))
    zones = re.findall(r"nr_free_pages (\d+)", machine.read("/proc/zoneinfo"))
    vmstat = re.search(r"nr_free_pages (\d+)", machine.read("/proc/vmstat"))
    assert free_kb == sum(map(int, zones)) * 4 == int(vmstat[1]) * 4  # type: ignore[index]
    assert buddy <= free_kb // 4


def test_pagetypeinfo_stops_counting_at_100000() -> None:
    from mmtwin.views import buddyinfo

    assert buddyinfo._counted(99_999) == " 99999 "
    assert buddyinfo._counted(100_000) == ">100000 "
    assert buddyinfo._counted(250_000) == ">100000 "


def test_nodes_and_cpus_are_listed_as_sysfs_lists_them() -> None:
    nodes = [
        {"ram": "512M", "cpus": [0, 2], "distance": [10, 21]},
        {"ram": "512M", "cpus": [1], "distance": [21, 10]},
    ]
    machine = Machine(node=nodes, engine="interpreted")
    tree = "/sys/devices/system"
    assert machine.read(f"{tree}/node/online") == "0-1\n"
    assert machine.read(f"{tree}/node/has_cpu") == "0-1\n"
    assert machine.read(f"{tree}/cpu/online") == "0-2\n"
    assert machine.read(f"{tree}/node/node0/cpulist") == "0,2\n"
    assert machine.read(f"{tree}/node/node0/cpumap") == "5\n"
    assert machine.read(f"{tree}/node/node1/distance") == "21 10\n"
    with pytest.raises(FileNotFoundError):
        machine.read(f"{tree}/node/node2/distance")
