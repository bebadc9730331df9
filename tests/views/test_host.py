"""The running host's own files, where its kernel is one that the twin models."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from mmtwin.machine import Machine
from mmtwin.views import counters

from .test_layout import rebuilt
from .test_machine_files import LEFT_OUT, widths

HOST = ".".join(platform.release().split(".")[:2])
# Lines that depend on how a kernel was configured, not on its version
BY_CONFIGURATION = {
    *("Zswap", "Zswapped", "HardwareCorrupted", "Unaccepted", "CmaTotal", "CmaFree", "Balloon"),
    *("nr_unaccepted", "nr_free_cma", "nr_zspages", "zswpin", "zswpout", "zswpwb"),
}


@pytest.fixture(scope="module")
def machine() -> Machine:
    if HOST not in ("6.1", "6.12", "6.18") or platform.machine() != "x86_64":
        pytest.skip(f"the host runs {platform.release()}: not a modelled kernel")
    return Machine(ram="6G", kernel=HOST, engine="interpreted")


def test_meminfo_is_laid_out_as_the_hosts(machine: Machine) -> None:
    theirs = widths(Path("/proc/meminfo").read_text())
    ours = widths(machine.read("/proc/meminfo"))
    known = [n for n in theirs if n not in LEFT_OUT | BY_CONFIGURATION]
    assert [n for n in ours if n not in BY_CONFIGURATION] == known
    assert all(ours[n] == theirs[n] for n in known)


def test_vmstat_has_the_hosts_lines(machine: Machine) -> None:
    theirs = [x.split()[0] for x in Path("/proc/vmstat").read_text().splitlines()]
    ours = [x.split()[0] for x in machine.read("/proc/vmstat").splitlines()]
    apart = counters.LEFT_OUT | BY_CONFIGURATION
    assert [n for n in ours if n not in apart] == [n for n in theirs if n not in apart]


def test_the_lines_of_this_very_process_are_laid_out_as_maps_does(machine: Machine) -> None:
    text = Path("/proc/self/maps").read_text()
    assert "".join(map(rebuilt, text.splitlines())) == text
