"""Who dies when memory runs out, beside what real kernels did (golden/oom)."""

from __future__ import annotations

import pytest

from mmtwin.scenario import golden, interpreter, language, program
from mmtwin.scenario.score import Difference, Result, score
from tests.scenario.real_kernels import GOLDEN

FOLDER = GOLDEN / "oom"


def tells_victims(difference: Difference) -> bool:
    """What the tasks answered, or a cgroup's oom_kill and oom_group_kill."""
    return difference.observable.kind == "results" or "_kill:" in str(difference)


def scored(kernel: str) -> list[Result]:
    return [
        score(language.load(FOLDER / f"{record['scenario']}.mms"), record)
        for record in golden.read(FOLDER / f"{kernel}.jsonl.gz")
    ]


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_the_victims_are_those_of_a_real_kernel_and_as_many(kernel: str) -> None:
    results = scored(kernel)
    wrong = [str(d) for result in results for d in result.differences if tells_victims(d)]
    assert len(results) == 59 and not wrong, wrong


def test_a_task_that_is_killed_in_its_command_is_reaped_with_it() -> None:
    text = (FOLDER / "o01_alone.mms").read_text()
    made = interpreter.run(language.parse(text), program.machine(program.EXACT_MODE, "6.12"))
    assert made["ops"][-1][1:] == ["p", "w P 64M", "KILLED 9"]


def test_a_task_that_is_killed_before_it_has_settled_is_no_task() -> None:
    text = "cg a\nsys /cg/a/memory.max 16K\nspawn p a\nreap p\nw 0 0\nspawn q\nreap q\n"
    made = interpreter.run(language.parse(text), program.machine(program.EXACT_MODE, "6.12"))
    answers = [(op[1], op[3]) for op in made["ops"][2:]]
    assert answers == [("p", "E 3"), ("p", "E 3"), ("q", "0"), ("q", "alive")]


def test_a_limit_of_next_to_nothing_kills_whoever_is_in_the_group() -> None:
    text = "cg a\nsys /cg/a/memory.max 8M\nspawn p a\nspawn q a\nq: mmap Q 0 8M rw priv,anon\n"
    text += "q: w Q 4M\nsys /cg/a/memory.max 16K\nreap p\nreap q\n"
    made = interpreter.run(language.parse(text), program.machine(program.EXACT_MODE, "6.12"))
    assert made["done"]
    assert [op[3] for op in made["ops"][-2:]] == ["signal 9", "signal 9"]
