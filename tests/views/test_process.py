"""A real process, rebuilt record by record, shows byte for byte what the kernel showed."""

from __future__ import annotations

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import TASK_ZOMBIE

from .sample_process import build, sample

# Lines that tell of things which are no part of the model, or of that one machine.
APART = {"FDSize", "NSpgid", "NSsid", "SigQ", "CapPrm", "CapEff", "CapBnd"}
PID = int(sample("stat").split()[0])


@pytest.fixture(scope="module")
def machine() -> Machine:
    return build()


def test_maps_is_the_kernels(machine: Machine) -> None:
    assert machine.read(f"/proc/{PID}/maps") == sample("maps")


def test_statm_is_the_kernels(machine: Machine) -> None:
    assert machine.read(f"/proc/{PID}/statm") == sample("statm")


def test_stat_is_the_kernels_but_for_flags_group_and_session(machine: Machine) -> None:
    ours, theirs = machine.read(f"/proc/{PID}/stat").split(" "), sample("stat").split(" ")
    differ = {i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b}
    assert differ <= {4, 5, 8}
    assert ours[-1].endswith("\n")


def test_status_is_the_kernels(machine: Machine) -> None:
    ours = machine.read(f"/proc/{PID}/status").splitlines()
    theirs = sample("status").splitlines()
    assert [line.split(":")[0] for line in ours] == [line.split(":")[0] for line in theirs]
    for a, b in zip(ours, theirs, strict=True):
        if a.split(":")[0] not in APART and "ctxt_switches" not in a:
            assert a == b


@pytest.mark.parametrize(
    ("kernel", "absent", "present"),
    [("6.1", {"Kthread", "untag_mask"}, set()), ("6.12", set(), {"Kthread", "untag_mask"})],
)
def test_status_has_the_lines_of_its_kernel(
    kernel: str, absent: set[str], present: set[str]
) -> None:
    names = {x.split(":")[0] for x in build(kernel).read(f"/proc/{PID}/status").splitlines()}
    assert not names & absent and present <= names


def test_a_zombie_has_no_memory_to_show() -> None:
    machine = build()
    machine.arena.tasks[1].state, machine.arena.tasks[1].mm = TASK_ZOMBIE, 0
    assert machine.read(f"/proc/{PID}/maps") == ""
    assert machine.read(f"/proc/{PID}/statm") == "0 0 0 0 0 0 0\n"
    status = machine.read(f"/proc/{PID}/status")
    assert "State:\tZ (zombie)\n" in status and "VmRSS" not in status


def test_deleted_files_and_shared_anonymous_memory_are_named_as_the_kernel_names_them() -> None:
    machine = build()
    machine.arena.inodes[1].i_nlink = 0
    assert "/usr/bin/sleep (deleted)\n" in machine.read(f"/proc/{PID}/maps")


def test_the_oom_adjustment_is_written_within_bounds() -> None:
    machine = build()
    path = f"/proc/{PID}/oom_score_adj"
    machine.write(path, "-1000\n")
    assert machine.read(path) == "-1000\n"
    with pytest.raises(OSError, match="it is -1000 to 1000"):
        machine.write(path, "1001")
    with pytest.raises(PermissionError):
        machine.write(f"/proc/{PID}/maps", "x")


def test_self_is_the_running_task() -> None:
    machine = build()
    machine.arena.current[0].task = 1
    assert machine.read("/proc/self/comm") == "sleep\n"
    assert machine.read("/proc/self/status").splitlines()[2] == "State:\tR (running)"
    assert machine.read_bytes("/proc/self/cmdline", 1, 3) == b"lee"


def test_a_name_is_cut_to_fifteen_bytes() -> None:
    machine = build()
    machine.arena.names["comm"][1] = "a-very-long-name-indeed"
    assert machine.read(f"/proc/{PID}/comm") == "a-very-long-nam\n"
