"""anon_vmas: shared by neighbours that may merge, chained through forks, freed with their users."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.mm.vm_flags import VM_READ, VM_SOFTDIRTY

from .by_hand import RW, Vmas


@pytest.mark.parametrize(
    ("flags", "gap", "file", "shared"),
    [
        (RW, 0, 0, True),
        (VM_READ, 0, 0, True),  # mprotect() may make them equal again
        (RW | VM_SOFTDIRTY, 0, 0, True),
        (RW, 1, 0, False),
        (RW, 0, 7, False),
        (RW | 1 << 17, 0, 0, False),  # VM_DONTCOPY
    ],
)
def test_a_neighbour_that_could_merge_shares_its_anon_vma(
    engine: str, flags: int, gap: int, file: int, shared: bool
) -> None:
    v = Vmas(engine)
    low, high = v.new(0, 10), v.new(10 + gap, 20, flags, file)
    v.chain(low, high)
    assert (v.fault(low) == v.fault(high)) is shared
    assert v.used() == ((1, 2) if shared else (2, 2))


def test_the_next_neighbour_is_asked_before_the_previous(engine: str) -> None:
    v = Vmas(engine)
    low, mid, high = v.new(0, 10), v.new(10, 20), v.new(20, 30)
    v.fault(low)
    upper = v.fault(high)
    v.chain(low, mid, high)
    assert v.fault(mid) == upper


def test_a_neighbour_that_was_forked_does_not_share(engine: str) -> None:
    v = Vmas(engine)
    parent = v.new(0, 10)
    v.fault(parent)
    child, beside = v.fork(parent), v.new(10, 20)
    v.chain(child, beside)
    assert v.fault(beside) != v[child].anon_vma


def test_a_child_gets_an_anon_vma_of_its_own_below_its_parents(engine: str) -> None:
    v = Vmas(engine)
    parent = v.new(0, 10)
    root = v.fault(parent)
    child = v.fork(parent)
    grandchild = v.fork(child)
    mine = v.m.arena.anon_vmas[v[grandchild].anon_vma]
    assert (mine.root, mine.parent) == (root, v[child].anon_vma)
    assert v.used() == (3, 1 + 2 + 3)


def test_a_vma_never_faulted_in_is_forked_without_anon_vma(engine: str) -> None:
    v = Vmas(engine)
    child = v.fork(v.new(0, 10))
    assert v[child].anon_vma == 0
    assert v.used() == (0, 0)


def test_a_chain_of_forks_whose_parents_exit_takes_over_their_anon_vmas(engine: str) -> None:
    v = Vmas(engine)
    vma = v.new(0, 10)
    v.fault(vma)
    for _ in range(20):
        child = v.fork(vma)
        v.close(vma)
        vma = child
    anon_vmas, links = v.used()
    assert anon_vmas <= 3 and links <= 3
    v.close(vma)
    assert v.used() == (0, 0)


def test_the_root_outlives_its_own_vma_while_a_child_is_there(engine: str) -> None:
    v = Vmas(engine)
    parent = v.new(0, 10)
    root = v.fault(parent)
    child = v.fork(parent)
    v.close(parent)
    assert v.m.arena.anon_vmas[root].num_active_vmas == 0
    assert v.used() == (2, 2)
    v.close(child)
    assert v.used() == (0, 0)


def test_a_split_shares_every_anon_vma(engine: str) -> None:
    v = Vmas(engine)
    parent = v.new(0, 10)
    v.fault(parent)
    child = v.fork(parent)
    half = v.split(child)
    assert v[half].anon_vma == v[child].anon_vma
    assert v.m.arena.anon_vmas[v[half].anon_vma].num_active_vmas == 2
    v.close(child)
    assert v[child].anon_vma == 0
    assert v.used() == (2, 3)


@settings(max_examples=50, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from("nfskk"), st.integers(0, 99)), max_size=40))
def test_any_sequence_of_forks_splits_and_exits_frees_everything(
    steps: list[tuple[str, int]],
) -> None:
    v = Vmas("interpreted")
    living: list[int] = []
    for what, pick in steps:
        if what == "n" or not living:
            living.append(v.new(pick, pick + 5))
            v.fault(living[-1])
        elif what == "k":
            v.close(living.pop(pick % len(living)))
        else:
            make = v.fork if what == "f" else v.split
            living.append(make(living[pick % len(living)]))
        v.used()
    for vma in living:
        v.close(vma)
    assert v.used() == (0, 0)
