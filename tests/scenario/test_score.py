"""The twin as interpreter, and the score against answers of real kernels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmtwin.scenario import golden, interpreter, language, program
from mmtwin.scenario.expectations import load, regressions
from mmtwin.scenario.golden import Observable
from mmtwin.scenario.score import EXACT, NOT_MODELLED, OUTSIDE, compare, score
from mmtwin.scenario.tolerance import within
from tests.scenario.real_kernels import score_shared

HERE = Path(__file__).resolve().parent.parent / "golden"
BUNDLED = [
    (path, record["scenario"])
    for path in sorted(HERE.glob("*.jsonl"))
    for record in golden.read(path)
]
SETS = ("61_exact", "612_exact", "618_exact")
STANDING = ("a01", "a03", "a04", "a05", "a07", "a10", "b01", "b02", "b04", "b05")
WANTED = 0.99


def of(path: Path, name: str) -> golden.Record:
    (record,) = (r for r in golden.read(path) if r["scenario"] == name)
    return record


@pytest.mark.parametrize(("path", "name"), BUNDLED)
def test_bundled_scenarios_are_as_expected(path: Path, name: str, engine: str) -> None:
    result = score(language.load(HERE / f"{name}.mms"), of(path, name), engine=engine)
    assert result.total(EXACT)
    assert not regressions(load(HERE / "expectations.json"), [result])


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("start", STANDING)
def test_standing_mechanisms_answer_as_real_kernels(shared: Path, kind: str, start: str) -> None:
    result = score_shared(shared, kind, start)
    assert not regressions(load(HERE / "expectations.json"), [result])


@pytest.mark.parametrize("kind", SETS)
def test_ninety_nine_of_a_hundred_observables_are_exact(shared: Path, kind: str) -> None:
    results = [score_shared(shared, kind, start) for start in STANDING]
    smp = {"61_exact": "61_smp1", "612_exact": "612_smp2"}.get(kind)
    results += [score_shared(shared, smp, "a08")] if smp else []
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


def test_tolerance_is_the_kernels_own_range_or_one_page() -> None:
    assert within("vmstat", 12, 10, [10, 14])
    assert not within("vmstat", 15, 10, [10, 14])
    assert within("meminfo", 104, 100, None)
    assert not within("meminfo", 105, 100, None)
    assert not within("maps", 1, 2, None)
