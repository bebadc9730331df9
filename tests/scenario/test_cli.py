"""`mmtwin scenario run` and `score`, as a user calls them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from mmtwin.cli import main
from mmtwin.scenario import golden
from tests.scenario.real_kernels import BASIC, EXPECTATIONS

STACK, ANSWERS = BASIC / "a04_stack.mms", BASIC / "6.12.jsonl.gz"


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, output, messages."""
    code = 0
    try:
        main(["scenario", *map(str, arguments)])
    except SystemExit as e:
        code = int(e.code or 0)
    return code, *capsys.readouterr()


def test_run_prints_a_golden_record(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "run", STACK, "--json")
    assert code == 0
    made = json.loads(out)
    (real,) = (r for r in golden.read(ANSWERS) if r["scenario"] == "a04_stack")
    assert [op[1:] for op in made["ops"]] == [op[1:] for op in real["ops"]]
    assert made["ck"] == real["ck"]


def test_run_prints_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "run", STACK, "--kernel", "6.1")
    assert code == 0
    assert "p: w S-2045K 4K = SIG 11 code 1 after 0" in out


def test_a_lost_expectation_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.jsonl"
    right = gzip.decompress(ANSWERS.read_bytes()).decode()
    wrong.write_text(right.replace("SIG 11 code 1", "SIG 11 code 2"))
    expected = EXPECTATIONS
    assert call(capsys, "score", STACK, "--golden", ANSWERS, "--expectations", expected)[0] == 0
    code, out, err = call(
        capsys, "score", STACK, "--golden", wrong, "--expectations", expected, "-v"
    )
    assert code == 1
    assert "results is no longer exact" in err
    assert "SIG 11 code 1 after 0 here, SIG 11 code 2 after 0 on the kernel (outside)" in out


def test_a_page_for_people_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "score", STACK, "--golden", ANSWERS, "--markdown")
    assert code == 0
    assert "| a04 stack | 6.12 | basic/6.12 | 112 | 112 | 0 | 0 | 100.00 % | 0 |" in out


BAD = {
    "bad.mms": ("spawn p\nfrob\n", "bad.mms:2: 'frob' is no command"),
    "empty.mms": ("", "empty.mms: no commands"),
    "absent.mms": (None, "No such file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_scenario_gets_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    text, complaint = BAD[name]
    if text is not None:
        (tmp_path / name).write_text(text)
    code, out, err = call(capsys, "run", tmp_path / name)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1


BAD_ANSWERS = [
    ("{\n", "x.jsonl:1: not JSON"),
    ("[1]\n", "x.jsonl:1: no golden record"),
    ('{"scenario": "a04_stack"}\n', "x.jsonl:1: no golden record"),
    (
        '{"scenario": "a04_stack", "kernel": "7.3.1", "config": "", "ops": [], "ck": {}}',
        "7.3.1' is not modelled",
    ),
    (
        '{"scenario": "other", "kernel": "6.12.1", "config": "", "ops": [], "ck": {}}',
        "no golden record is about",
    ),
    (
        '{"scenario": "a04_stack", "kernel": "6.12.1", "config": "?", "ops": [], "ck": {}}',
        "the machine '?' is not described",
    ),
]


@pytest.mark.parametrize(("text", "complaint"), BAD_ANSWERS)
def test_bad_answers_get_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    code, _, err = call(capsys, "score", STACK, "--golden", path)
    assert code == 2
    assert complaint in err
    assert err.count("\n") == 1
