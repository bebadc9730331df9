"""zsmalloc and zbud: how compressed pages share pages."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mmtwin.machine import Machine

POOL = 3  # nobody else's


def machine(engine: str, kernel: str = "6.12") -> Any:
    return Machine(engine=engine, ram="64M", cpus=1, kernel=kernel)


def pages(m: Any) -> int:
    return int(m.zsmalloc.zs_get_total_pages(POOL))


def test_objects_of_a_class_fill_a_zspage_before_the_next_is_made(engine: str) -> None:
    for kernel in ("6.12", "6.1"):
        m = machine(engine, kernel)
        first = int(m.zsmalloc.zs_malloc(POOL, 2155))
        kind = m.arena.zs_classes[int(m.arena.zspages[first].class_)]
        objects = int(kind["objects"] if m.arena.compiled else kind.objects)
        chain = int(kind["chain"] if m.arena.compiled else kind.chain)
        assert pages(m) == chain
        rest = {int(m.zsmalloc.zs_malloc(POOL, 2155)) for _ in range(objects - 1)}
        assert rest <= {first} and pages(m) == chain
        assert int(m.zsmalloc.zs_malloc(POOL, 2155)) != first and pages(m) == 2 * chain
        m.check()


def test_chains_are_longer_from_6_3_on_and_waste_less(engine: str) -> None:
    used = {}
    for kernel in ("6.1", "6.12"):
        m = machine(engine, kernel)
        for _ in range(600):
            m.zsmalloc.zs_malloc(POOL, 3300)  # 6 in 5 pages, but 4 in 4
        used[kernel] = pages(m)
    assert used["6.12"] < used["6.1"]


def test_an_object_of_a_whole_page_has_one_of_its_own(engine: str) -> None:
    m = machine(engine)
    huge = int(m.zsmalloc.zs_huge_class_size())
    assert 3000 < huge < 4096
    handle = int(m.zsmalloc.zs_malloc(POOL, huge))
    assert pages(m) == 1
    m.zsmalloc.zs_free(handle)
    assert pages(m) == 0


def test_an_empty_zspage_gives_its_pages_back_at_once(engine: str) -> None:
    m = machine(engine)
    handles = [int(m.zsmalloc.zs_malloc(POOL, 700)) for _ in range(100)]
    assert pages(m) > 0
    for handle in handles:
        m.zsmalloc.zs_free(handle)
    assert pages(m) == 0
    m.check()


def test_zbud_pairs_two_objects_and_evicts_by_the_last_to_get_one(engine: str) -> None:
    m = machine(engine, "6.1")
    a, b = (int(m.zbud.zbud_alloc(1900)) for _ in range(2))
    c, d = (int(m.zbud.zbud_alloc(3000)) for _ in range(2))
    assert a // 2 == b // 2 and len({a // 2, c // 2, d // 2}) == 3
    small = int(m.zbud.zbud_alloc(800))  # into the fullest page with room
    assert small // 2 in (c // 2, d // 2)
    assert int(m.zbud.zbud_alloc(4000)) == 0
    assert int(m.zbud.oldest()) == a // 2
    m.zbud.lru_add(a // 2)
    for handle in (a, b, c, d, small):
        m.zbud.zbud_free(handle)
    assert int(m.arena.zbud_nr_pages[0]) == 0
    m.check()


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_whatever_is_stored_and_freed_pools_are_counted(engine: str, kernel: str) -> None:
    for seed in range(2):
        rng, m = random.Random(seed), machine(engine, kernel)
        zs: list[int] = []
        buds: list[int] = []
        for step in range(400):
            if rng.random() < 0.6:
                zs.append(int(m.zsmalloc.zs_malloc(rng.choice([POOL, 7]), rng.randrange(1, 4097))))
                bud = int(m.zbud.zbud_alloc(rng.randrange(1, 3900)))
                buds += [bud] if bud else []
            elif zs and buds:
                m.zsmalloc.zs_free(zs.pop(rng.randrange(len(zs))))
                m.zbud.zbud_free(buds.pop(rng.randrange(len(buds))))
            if step % 100 == 99:
                m.check()
        for handle in zs:
            m.zsmalloc.zs_free(handle)
        for handle in buds:
            m.zbud.zbud_free(handle)
        assert pages(m) == 0 and int(m.arena.zbud_nr_pages[0]) == 0
        m.check()
