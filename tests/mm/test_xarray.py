"""The page index of an inode is a map from offsets to entries, as tall as it needs to be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.machine import Machine
from mmtwin.mm.idpool import POOL_END, POOL_USED
from mmtwin.mm.xarray import XA_NODE, XA_VALUE

from ..conftest import built_engines
from .by_hand import machine

INODE = 1
LAST = (1 << 50) - 1
# Clustered, so that neighbours share leaves, and far apart, so that trees grow and shrink.
INDICES = st.one_of(
    st.integers(0, 200), st.sampled_from([4095, 4096, 1 << 18, (1 << 24) - 1, 1 << 36, LAST])
)
STEPS = st.lists(st.tuples(st.sampled_from(["store", "value", "erase", "find"]), INDICES))


def head_of(m: Machine) -> int:
    return int(m.arena.inodes[INODE].i_pages)


def store(m: Machine, *indices: int) -> None:
    for index in indices:
        assert m.xarray.xa_store(INODE, index, 1000 + index % 1000) == 0


def nodes(m: Machine) -> int:
    return int(m.arena.xa_node_pool[POOL_USED])


def height(m: Machine) -> int:
    """Levels of nodes: 0 while the head is an entry itself."""
    head = head_of(m)
    return int(m.arena.xa_nodes[head ^ XA_NODE].shift) // 6 + 1 if head & XA_NODE else 0


def test_a_page_at_offset_0_alone_needs_no_node(engine: str) -> None:
    m = machine(engine)
    store(m, 0)
    assert head_of(m) == 1000
    assert m.xarray.xa_load(INODE, 0) == 1000
    assert m.xarray.xa_load(INODE, 1) == 0
    assert nodes(m) == 0


@pytest.mark.parametrize(
    ("index", "levels"), [(1, 1), (63, 1), (64, 2), (4095, 2), (4096, 3), (LAST, 9)]
)
def test_the_tree_is_as_tall_as_its_highest_index_needs(
    engine: str, index: int, levels: int
) -> None:
    m = machine(engine)
    store(m, index)
    assert height(m) == levels
    store(m, 0)
    assert (m.xarray.xa_load(INODE, 0), m.xarray.xa_load(INODE, index)) == (
        1000,
        1000 + index % 1000,
    )


def test_erasing_shrinks_the_tree_again_and_frees_its_nodes(engine: str) -> None:
    m = machine(engine)
    store(m, 0, 5, 70, 1 << 20)
    assert height(m) == 4
    m.xarray.xa_erase(INODE, 1 << 20)
    assert height(m) == 2
    m.xarray.xa_erase(INODE, 70)
    assert height(m) == 1
    m.xarray.xa_erase(INODE, 5)
    assert head_of(m) == 1000
    m.xarray.xa_erase(INODE, 0)
    assert head_of(m) == 0
    assert nodes(m) == 0


def test_a_tree_that_only_holds_a_high_index_keeps_its_height(engine: str) -> None:
    m = machine(engine)
    store(m, 64)
    assert height(m) == 2
    m.xarray.check()


def test_when_nodes_run_out_a_store_fails_and_leaves_nothing_behind(engine: str) -> None:
    m = machine(engine)
    store(m, 0)
    m.arena.xa_node_pool[POOL_END] = (1 << 16) - 1  # one node is left
    assert m.xarray.xa_store(INODE, 4096, 7) == -12
    assert head_of(m) == 1000


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_it_behaves_as_a_dict(steps: list[tuple[str, int]]) -> None:
    m = machine("interpreted")
    model: dict[int, int] = {}
    for number, (what, index) in enumerate(steps):
        step(m, model, what, index, number + 1)
    assert m.xarray.entries(INODE) == model
    m.xarray.check()
    for index in list(model):
        m.xarray.xa_erase(INODE, index)
    assert nodes(m) == 0


def step(m: Any, model: dict[int, int], what: str, index: int, number: int) -> None:
    """One operation on both, with equal results."""
    if what == "erase":
        assert m.xarray.xa_erase(INODE, index) == model.pop(index, 0)
    elif what == "find":
        expected = min((i for i in model if i >= index), default=LAST + 1)
        assert m.xarray.xa_find(INODE, index, LAST) == expected
    else:
        model[index] = number | (XA_VALUE if what == "value" else 0)
        assert m.xarray.xa_store(INODE, index, model[index]) == 0
    assert m.xarray.xa_load(INODE, index) == model.get(index, 0)


def test_every_engine_builds_the_same_tree() -> None:
    digests = set()
    for kind in built_engines():
        m = machine(kind)
        store(m, *range(0, 300, 3), 1 << 30)
        for index in range(0, 150, 6):
            m.xarray.xa_erase(INODE, index)
        m.xarray.check()
        digests.add(m.arena.digest())
    assert len(digests) == 1


MARK_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["store", "value", "erase", "set", "set", "clear"]),
        INDICES,
        st.integers(0, 2),
    )
)


@settings(max_examples=60, deadline=None)
@given(steps=MARK_STEPS, engine=st.sampled_from(built_engines()))
def test_marks_go_with_their_entries(engine: str, steps: list[tuple[str, int, int]]) -> None:
    m = machine(engine)
    entries: dict[int, int] = {}
    marked: list[set[int]] = [set(), set(), set()]
    for what, index, mark in steps:
        if what in ("store", "value"):
            entry = 1000 + index % 1000 if what == "store" else XA_VALUE | 5
            assert m.xarray.xa_store(INODE, index, entry) == 0
            entries[index] = entry
        elif what == "erase":
            m.xarray.xa_erase(INODE, index)
            entries.pop(index, None)
        elif entries.get(index, XA_VALUE) & XA_VALUE:
            continue  # only pages are ever marked
        elif what == "set":
            m.xarray.xa_set_mark(INODE, index, mark)
            marked[mark].add(index)
        else:
            m.xarray.xa_clear_mark(INODE, index, mark)
            marked[mark].discard(index)
        for one in marked:
            one &= {i for i, e in entries.items() if not e & XA_VALUE}
        for number, one in enumerate(marked):
            assert found_marked(m, number) == sorted(one)
            assert bool(m.xarray.xa_marked(INODE, number)) == bool(one)
            assert bool(m.xarray.xa_get_mark(INODE, index, number)) == (index in one)
    m.xarray.check()


def found_marked(m: Machine, mark: int) -> list[int]:
    found, index = [], 0
    while (index := int(m.xarray.xa_find_marked(INODE, index, LAST, mark))) <= LAST:
        found.append(index)
        index += 1
    return found
