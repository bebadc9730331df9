"""Scenario files: what is read, and the one line that a bad one gives."""

from __future__ import annotations

import pytest

from mmtwin.scenario.errors import ScenarioError
from mmtwin.scenario.language import argument, parse, value

VALUES = [
    ("4K", 4096),
    ("64M", 64 << 20),
    ("1G", 1 << 30),
    ("12p", 12 * 4096),
    ("0x1000", 4096),
    ("100", 100),
    ("-1", -1),
    ("A", 0x7000),
    ("A+64K-1p", 0x7000 + 65536 - 4096),
    ("0x400500000", 0x400500000),
]

BAD = [
    ("frobnicate 1", "1: 'frobnicate' is no command"),
    ("mmpa A 0 4K rw priv,anon", "did you mean mmap"),
    ("mmap A 0 4K", "1: mmap: 3 arguments"),
    ("mmap A 0 4K rq priv,anon", "'q' is none of"),
    ("mmap A 0 4K rw priv,anno", "did you mean anon"),
    ("munmap B 4K", "'B': no earlier line sets B"),
    ("munmap 4Q 4K", "'4Q' is no value"),
    ("spawn p\nmadvise 0 4K dontneeded", "2: 'dontneeded' is none of"),
    ("q: ", "1: '' is no command"),
    ("ck s0", "1: ck: 1 arguments"),
    ("# nothing but a remark", "no commands"),
    ("scenario", "1: `scenario` wants one name"),
]


@pytest.mark.parametrize(("text", "number"), VALUES)
def test_a_value_is_a_sum_of_sizes_and_registers(text: str, number: int) -> None:
    assert value(text, {"A": 0x7000}) == number


def test_flags_are_named_or_numbers() -> None:
    assert argument("f", "priv,anon,0x4000", {}) == 0x4022
    assert argument("p", "rw", {}) == 3
    assert argument("A", "99", {}) == 99


def test_a_task_is_named_before_the_command() -> None:
    made = parse("scenario x\nspawn p # starts\n\nq: w 0x1000 4K\n")
    assert made.name == "x"
    assert [(c.line, c.task, c.text) for c in made.commands] == [
        (2, "p", "spawn p"),
        (4, "q", "w 0x1000 4K"),
    ]


@pytest.mark.parametrize(("text", "complaint"), BAD)
def test_a_bad_line_is_named_by_its_place(text: str, complaint: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse(text, "x.mms")
    message = str(error.value)
    assert message.startswith("x.mms:")
    assert complaint in message
    assert "\n" not in message
