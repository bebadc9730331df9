"""Random reads, writes, faults and advice on files: the invariants hold, and engines agree."""

from __future__ import annotations

import random

import pytest

from mmtwin.mm.page_flags import PG_locked, PG_uptodate
from mmtwin.mm.uapi import MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL

from ..conftest import built_engines
from .reading import PAGE, runs
from .test_mmap_readahead import AT, PRIVATE, SHARED, Mapped

PAGES = 600


def anything(f: Mapped, rng: random.Random) -> None:
    """One random operation."""
    m = f.task.run()
    offset, length = rng.randrange(PAGES * PAGE), rng.choice([1, 100, PAGE, 5 * PAGE, 90 * PAGE])
    kind = rng.randrange(9)
    if kind < 3:
        assert f.pread(offset, length) >= 0
    elif kind == 3:
        assert f.pwrite(offset, length) == length
    elif kind == 4:
        m.fadvise.generic_fadvise(f.file, offset, length, rng.randrange(6))
    elif kind == 5:
        m.page_cache.drop_caches()
    elif kind == 6:
        m.clock.sleep_until(m.clock.now() + rng.randrange(40_000))
    elif kind == 7:
        advice = rng.choice([MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL])
        m.madvise.do_madvise(AT + rng.choice([0, 16 << 20]), PAGES * PAGE, advice)
    else:
        at = AT + rng.choice([0, 16 << 20]) + offset
        f.task.touch(at, min(length, PAGES * PAGE - offset), write=rng.randrange(2))


def played(engine: str, kernel: str, seed: int) -> Mapped:
    rng = random.Random(seed)
    f = Mapped(engine, kernel, PAGES)
    f.mmap(PAGES * PAGE, "rw", PRIVATE)
    f.mmap(PAGES * PAGE, "rw", SHARED, at=AT + (16 << 20))
    for _ in range(120):
        anything(f, rng)
    f.m.check()
    return f


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "6.18"])
@pytest.mark.parametrize("seed", range(4))
def test_random_use_of_a_file_keeps_every_invariant(engine: str, kernel: str, seed: int) -> None:
    f = played(engine, kernel, seed)
    f.m.clock.sleep_until(f.m.clock.now() + 10**9)
    for i in range(f.pages):
        if f.pfn(i):  # all that was under way has come
            assert f.flags(i) & (PG_locked | PG_uptodate) == PG_uptodate
    f.m.check()


@pytest.mark.parametrize("seed", range(2))
def test_engines_agree_on_every_page_of_a_file(seed: int) -> None:
    found = {played(engine, "6.12", seed).m.arena.digest() for engine in built_engines()}
    assert len(found) == 1


def test_runs_are_drawn_as_the_answers_of_real_kernels_are() -> None:
    assert runs([True, True, False]) == "+2 -1"
