"""Counters lag as a real machine's do, and print as a real machine's do."""

from __future__ import annotations

import gzip
import json

import pytest

from mmtwin.mm.vmstat_items import NR_ANON_MAPPED, NR_FILE_DIRTY, vmstat_layout

from .physical import DMA32_0, exact_machine, small_machine


@pytest.mark.parametrize(
    ("kernel", "golden"), [(601, "61_exact"), (612, "612_exact"), (618, "618_exact")]
)
def test_lines_and_their_order_are_those_of_the_real_kernel(kernel, golden, shared):
    with gzip.open(shared / "golden" / f"{golden}.jsonl.gz", "rt") as lines:
        dumps = (ck for line in lines for ck in json.loads(line)["ck"].items())
        real = next(v for k, v in dumps if k.endswith("|vmstat") and "_d" not in v)
    assert [name for name, _, _ in vmstat_layout(kernel, kernel < 618)] == list(real)


def test_a_counter_shows_nothing_until_a_cpu_passes_its_threshold(engine):
    machine = exact_machine(engine)
    vmstat = machine.vmstat
    threshold = machine.arena.node_stat_threshold[0]
    assert threshold == 2 * 1 * (1 + 3)  # one CPU, five 128 MiB units
    for i in range(threshold):
        vmstat.mod_node_page_state(0, NR_ANON_MAPPED, 1)
        assert vmstat.global_node_page_state(NR_ANON_MAPPED) == 0, i
    vmstat.mod_node_page_state(0, NR_ANON_MAPPED, 1)
    assert vmstat.global_node_page_state(NR_ANON_MAPPED) == threshold + 1
    vmstat.mod_node_page_state(0, NR_ANON_MAPPED, -2)
    assert vmstat.node_page_state(0, NR_ANON_MAPPED) == threshold + 1
    vmstat.refresh()
    assert vmstat.node_page_state(0, NR_ANON_MAPPED) == threshold - 1
    machine.check()


def test_increments_overstep_by_half_so_that_the_next_fold_is_later(engine):
    vmstat = small_machine(engine).vmstat
    machine_threshold = vmstat_threshold(vmstat)
    for _ in range(machine_threshold + 1):
        vmstat.inc_node_page_state(0, NR_FILE_DIRTY)
    assert vmstat.node_page_state(0, NR_FILE_DIRTY) == machine_threshold * 3 // 2 + 1
    vmstat.refresh()
    assert vmstat.node_page_state(0, NR_FILE_DIRTY) == machine_threshold + 1
    for _ in range(machine_threshold + 1):
        vmstat.dec_node_page_state(0, NR_FILE_DIRTY)
    vmstat.refresh()
    assert vmstat.node_page_state(0, NR_FILE_DIRTY) == 0


def vmstat_threshold(vmstat) -> int:
    """How many increments a node takes before it shows any."""
    for n in range(1, 200):
        vmstat.mod_node_page_state(0, NR_ANON_MAPPED, 1)
        if vmstat.node_page_state(0, NR_ANON_MAPPED):
            return n - 1
    raise AssertionError("never folded")


def test_cpus_hold_back_each_for_itself(engine):
    machine = small_machine(engine)
    for cpu in (0, 1):
        machine.arena.current[0].cpu = cpu
        machine.vmstat.mod_zone_page_state(DMA32_0, 8, 3)
    assert machine.vmstat.zone_page_state(DMA32_0, 8) == 0
    assert machine.vmstat.zone_page_state_snapshot(DMA32_0, 8) == 6
    machine.vmstat.refresh_cpu_vm_stats(1)
    assert machine.vmstat.zone_page_state(DMA32_0, 8) == 3
