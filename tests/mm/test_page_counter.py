"""Page counters: limits along a path, and the arithmetic of protection."""

from __future__ import annotations

from typing import Any

import pytest

from mmtwin.machine import Machine

M = 256  # pages of 1 MiB


def machine(engine: str, recursive: bool = False) -> Any:
    return Machine(ram="64M", cpus=1, engine=engine, cgroup={"memory_recursiveprot": recursive})


def tree(m: Any, settings: dict[str, dict[str, int]]) -> dict[str, int]:
    """Groups by name with min, low, max and usage in pages; a parent's name is before the slash."""
    numbers: dict[str, int] = {}
    for name, fields in settings.items():
        parent = numbers.get(name.rpartition("/")[0], 0)
        numbers[name] = memcg = int(m.memcontrol.css_create(parent))
        counter = int(1 + 4 * memcg)
        m.page_counters.page_counter_set_min(counter, fields.get("min", 0))
        m.page_counters.page_counter_set_low(counter, fields.get("low", 0))
    for name, fields in settings.items():
        own = fields.get("usage", 0)
        m.page_counters.page_counter_charge(1 + 4 * numbers[name], own)
    return numbers


def effective(m: Any, root: int, path: list[int]) -> int:
    """elow of the last group of a path from the reclaim root down."""
    for memcg in path:
        m.memcontrol.mem_cgroup_calculate_protection(root, memcg)
    return int(m.memcontrol.mem_cgroup_protection_low(root, path[-1]))


def test_a_refused_charge_leaves_the_usage_as_it_was(engine: str) -> None:
    m = machine(engine)
    numbers = tree(m, {"a": {}, "a/x": {}})
    top, child = 1 + 4 * numbers["a"], 1 + 4 * numbers["a/x"]
    made = int(m.arena.page_counters[top].usage)  # the child's own statistics
    m.arena.page_counters[top].max = made + 100
    assert m.page_counters.page_counter_try_charge(child, 100) == 0
    assert m.page_counters.page_counter_try_charge(child, 1) == top
    assert [int(m.arena.page_counters[c].usage) for c in (child, top)] == [100, made + 100]
    assert [int(m.arena.page_counters[c].failcnt) for c in (child, top)] == [0, 1]
    m.page_counters.page_counter_uncharge(child, 60)
    # as the kernel's, a watermark below the refusing limit has seen the attempt
    assert [int(m.arena.page_counters[c].watermark) for c in (child, top)] == [101, made + 100]
    m.page_counters.page_counter_uncharge(child, 40)
    m.page_counters.check()


@pytest.mark.parametrize(
    ("recursive", "low_x", "low_y", "use_x", "use_y", "expected"),
    [
        # parent: low 32M. What the children claim fits: each has its own
        (False, 16, 0, 16, 48, (16, 0)),
        (False, 16, 16, 48, 48, (16, 16)),
        # they claim more than the parent has: in proportion to what each uses of its claim
        (False, 32, 32, 48, 48, (16, 16)),
        (False, 48, 16, 48, 48, (24, 8)),
        (False, 48, 16, 8, 48, (8, 16)),
        # what nobody claims goes to those that use more than they claim
        (True, 16, 0, 16, 48, (16, 16)),
        (True, 0, 0, 16, 48, (8, 24)),
        (True, 16, 0, 32, 32, (21.3, 10.6)),
    ],
)
def test_children_share_what_their_parent_may_protect(
    engine: str, recursive: bool, low_x: int, low_y: int, use_x: int, use_y: int,
    expected: tuple[float, float],
) -> None:  # fmt: skip
    m = machine(engine, recursive)
    numbers = tree(m, {
        "a": {"low": 32 * M}, "a/x": {"low": low_x * M, "usage": use_x * M},
        "a/y": {"low": low_y * M, "usage": use_y * M},
    })  # fmt: skip
    found = [effective(m, 0, [numbers["a"], numbers[c]]) / M for c in ("a/x", "a/y")]
    assert found == pytest.approx(expected, abs=0.1)
    m.page_counters.check()


def test_the_group_that_reclaims_itself_has_no_protection(engine: str) -> None:
    m = machine(engine)
    numbers = tree(m, {"a": {"low": 32 * M}, "a/x": {"low": 16 * M, "usage": 8 * M}})
    a, x = numbers["a"], numbers["a/x"]
    m.memcontrol.mem_cgroup_calculate_protection(a, x)
    assert m.memcontrol.mem_cgroup_below_low(a, x)
    assert not m.memcontrol.mem_cgroup_below_low(x, x)
    assert not m.memcontrol.mem_cgroup_below_min(a, x)
    m.page_counters.page_counter_charge(1 + 4 * x, 16 * M)
    m.memcontrol.mem_cgroup_calculate_protection(a, x)
    assert not m.memcontrol.mem_cgroup_below_low(a, x)
    assert m.memcontrol.mem_cgroup_protection_low(a, x) == 16 * M
