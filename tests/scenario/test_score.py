"""The twin as interpreter, and the score against answers of real kernels."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmtwin.scenario import fidelity, golden, interpreter, language, program
from mmtwin.scenario.expectations import load, regressions
from mmtwin.scenario.golden import Observable
from mmtwin.scenario.known import KNOWN, NOT_EXPLAINED
from mmtwin.scenario.score import (
    EXACT,
    NOT_MODELLED,
    OUTSIDE,
    Difference,
    ReclaimCounter,
    Result,
    compare,
)
from mmtwin.scenario.tolerance import is_reclaim_counter, tier, within
from tests.scenario.real_kernels import EXPECTATIONS, GIVEN, OWN, score_recorded

IN_EVERY_ENGINE = ("a01", "a04", "b02")
STANDING = ("a01", "a03", "a04", "a05", "a07", "a10", "b01", "b02", "b04", "b05")
WANTED = 0.99


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("start", IN_EVERY_ENGINE)
def test_scenarios_are_as_expected_in_every_engine(kind: str, start: str, engine: str) -> None:
    result = score_recorded(kind, start, engine)
    assert result.total(EXACT)
    assert not regressions(load(EXPECTATIONS), [result])


@pytest.mark.parametrize(
    ("kind", "name"), [(k, name) for k, names in load(EXPECTATIONS).items() for name in names]
)
def test_nothing_that_was_exact_no_longer_is(kind: str, name: str) -> None:
    result = score_recorded(kind, name)
    assert not regressions(load(EXPECTATIONS), [result])


@pytest.mark.parametrize("kind", [*OWN, *GIVEN])
def test_ninety_nine_of_a_hundred_observables_are_exact(kind: str) -> None:
    results = [score_recorded(kind, start) for start in STANDING]
    smp = {"61_exact": "61_smp1", "612_exact": "612_smp2"}.get(kind, kind if kind in OWN else "")
    results += [score_recorded(smp, "a08")] if smp else []
    exact = sum(result.total(EXACT) for result in results)
    assert exact >= WANTED * sum(result.compared for result in results)


def run(text: str) -> golden.Record:
    scenario = language.parse(text)
    return interpreter.run(scenario, program.machine(program.EXACT_MODE, "6.12"))


def test_what_follows_an_unmodelled_command_is_not_answered() -> None:
    made = run("spawn p\nsys /sys/kernel/mm/ksm/run 1\nmmap A 0 4K rw priv,anon\nck s0 maps\n")
    assert [op[2] for op in made["ops"]] == ["spawn"]
    assert made["not_modelled"]["line"] == 2
    assert not made["ck"]


def test_a_file_that_is_not_modelled_is_left_out_with_its_reason() -> None:
    made = run("spawn p\nck s0 numa_maps stat slabinfo\n")
    assert list(made["ck"]) == ["s0|p|stat"]
    assert sorted(made["missing"]) == ["s0|-|slabinfo", "s0|p|numa_maps"]


def test_unanswered_observables_are_not_modelled_and_wrong_ones_outside() -> None:
    text = "spawn p\nmmap A 0 4K rw priv,anon\nck s0 maps\nsys /sys/kernel/mm/ksm/run 1\nw A 4K\n"
    made = run(text)
    record = json.loads(json.dumps(made))
    record["ops"] += [[4, "-", "sys /sys/kernel/mm/ksm/run 1", "0"], [5, "p", "w A 4K", "1", 1, 0]]
    record["ck"]["s0|p|maps"]["maps"][0][2] = "r--p"
    result = compare(made, record, {}, "6.12")
    assert result.total(NOT_MODELLED) == 4
    assert result.total(OUTSIDE) == 1
    assert result.differences[0].observable == Observable("maps", "s0|p|maps.maps[0]")


def test_a_failed_mapping_leaves_its_error_in_the_register() -> None:
    made = run("spawn p\nmmap A 0 1000G rw priv,anon\nmunmap A 4K\n")
    assert [op[3] for op in made["ops"]] == ["0", "E 12", "E 22"]


def test_signals_tell_how_many_touches_came_before() -> None:
    made = run("spawn p\nmmap A 0x400000000 8K rw priv,anon\nw A 16K\n")
    assert made["ops"][-1][3:] == ["SIG 11 code 1 after 2", 2, 0]


@given(
    kind=st.sampled_from(["vmstat", "meminfo", "cg", "zoneinfo", "maps", "stat", "faults"]),
    ours=st.integers(-60, 60),
    theirs=st.integers(-20, 20),
    spread=st.lists(st.integers(-20, 20), min_size=2, max_size=4),
)
def test_no_tolerance_is_wider_than_three_times_the_spread(
    kind: str, ours: int, theirs: int, spread: list[int]
) -> None:
    seen = [theirs, *spread]
    if within(kind, ours, theirs, spread):
        assert abs(ours - theirs) <= 3 * (max(seen) - min(seen))
    if within(kind, ours, theirs, None):
        assert abs(ours - theirs) <= (0 if tier(kind) == "T0" else 4 if kind == "meminfo" else 1)


def test_a_difference_without_a_reason_is_shown_with_its_values() -> None:
    one = Difference("a01_x", Observable("maps", "s0|p|maps.maps[0]"), OUTSIDE, 1, 2, "basic/6.12")
    result = Result("a01_x", "6.12", "basic/6.12", Counter({("maps", OUTSIDE): 1}), [one])
    text = "\n".join(fidelity.differences([result]))
    assert text.startswith(f"- **{NOT_EXPLAINED}**")
    assert "`s0|p|maps.maps[0]`: 1 here, 2 on the kernel" in text
    assert next(r for r in fidelity.by_answers([result]) if "basic/6.12" in r).endswith("| 1 |")


def test_every_reason_is_about_something_narrow() -> None:
    for known in KNOWN:
        assert known.scenario and known.observable, known.reason


@pytest.mark.parametrize(
    ("kind", "name", "is_one"),
    [
        ("vmstat", "s1|-|vmstat.pgscan_direct", True),
        ("vmstat", "s1|-|vmstat.workingset_refault_file", True),
        ("cg", "s1|-|cg:a.memory.stat pgsteal", True),
        ("vmstat", "s1|-|vmstat.pgfault", False),
        ("meminfo", "s1|-|meminfo.SwapFree", False),
        ("results", "3 p: pgscan", False),
    ],
)
def test_reclaim_counters_are_told_by_their_names(kind: str, name: str, is_one: bool) -> None:
    assert is_reclaim_counter(Observable(kind, name)) == is_one


def test_reclaim_counters_have_an_error_of_their_own_beside_what_must_be_equal() -> None:
    result = Result("f09_pressure", "6.12", "basic/6.12")
    result.counts.update({("vmstat", EXACT): 9, ("vmstat", OUTSIDE): 1})
    result.reclaim = [
        ReclaimCounter(OUTSIDE, 110, 100), ReclaimCounter(EXACT, 5, 5), ReclaimCounter(EXACT, 0, 0),
        ReclaimCounter(EXACT, 7, 7),
    ]  # fmt: skip
    row = list(fidelity.by_reclaim([result]))[-1]
    assert row == "| f09 pressure | 6.12 | basic/6.12 | 6 | 100.00 % | 3 | 2 | 0.0 % | 10.0 % |"


def test_tolerance_is_the_kernels_own_range_or_one_page() -> None:
    assert within("vmstat", 12, 10, [10, 14])
    assert not within("vmstat", 15, 10, [10, 14])
    assert within("meminfo", 104, 100, None)
    assert not within("meminfo", 105, 100, None)
    assert not within("maps", 1, 2, None)
