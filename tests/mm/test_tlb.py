"""The TLB: reach, replacement, ASIDs, flushes, shootdowns."""

from __future__ import annotations

import dataclasses

import pytest

from mmtwin.config import TlbConfig, describe
from mmtwin.machine import Machine

from .paging import MIB, PAGE, Task, boot


def counters(p: Task, cpu: int = 0) -> dict[str, int]:
    record = p.machine.arena.tlb_cpus[cpu]
    names = (
        "l1_hits", "l2_hits", "misses", "flushes_full", "flushes_page", "shootdowns_sent",
        "shootdowns_received", "switches",
    )  # fmt: skip
    return {name: int(getattr(record, name)) for name in names}


def change(p: Task, before: dict[str, int], cpu: int = 0) -> dict[str, int]:
    after = counters(p, cpu)
    return {k: after[k] - before[k] for k in after if after[k] != before[k]}


@pytest.mark.parametrize(
    ("pages", "level"), [(64, "l1_hits"), (65, None), (1536, "l2_hits"), (4096, "misses")]
)
def test_a_loop_hits_the_level_that_holds_it(engine: str, pages: int, level: str | None) -> None:
    p = boot(engine)
    a = p.mmap(pages * PAGE, addr=0x40000000)
    p.w(a, pages * PAGE)
    before = counters(p)
    p.r(a, pages * PAGE)
    found = change(p, before)
    assert found == {level: pages} if level else found["l2_hits"] > 0
    p.machine.check()


def test_a_store_walks_once_to_set_the_dirty_bit(engine: str) -> None:
    p = boot(engine)
    s = p.mmap(PAGE, flags="shared,anon")
    p.r(s, PAGE)  # the pte is writable but clean
    before = counters(p)
    assert p.w(s, PAGE) == 0
    assert change(p, before) == {"misses": 1}
    p.w(s, PAGE)
    assert change(p, before) == {"misses": 1, "l1_hits": 1}
    p.machine.check()


@pytest.mark.parametrize(("pages", "kind"), [(33, "flushes_page"), (34, "flushes_full")])
def test_more_than_33_pages_are_flushed_all_at_once(engine: str, pages: int, kind: str) -> None:
    p = boot(engine)
    a = p.mmap(MIB)
    p.w(a, MIB)
    before = counters(p)
    p.zap(a, pages * PAGE)
    assert change(p, before) == {kind: pages if kind == "flushes_page" else 1}
    p.machine.check()


def test_six_address_spaces_keep_their_translations_and_a_seventh_evicts_one(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(PAGE)
    tasks = [p] + [p.fork() for _ in range(6)]
    for task in tasks[:6]:
        task.w(a, PAGE)
    before = counters(p)
    for task in tasks[:6]:
        task.r(a, PAGE)
    assert change(p, before).get("misses", 0) == 0
    tasks[6].w(a, PAGE)
    before = counters(p)
    p.r(a, PAGE)
    assert change(p, before)["misses"] == 1
    p.machine.check()


def test_without_pcid_every_switch_flushes(engine: str) -> None:
    p = _boot_without_pcid(engine)
    a = p.mmap(PAGE)
    c = p.fork()
    p.w(a, PAGE)
    c.w(a, PAGE)
    before = counters(p)
    p.r(a, PAGE)
    assert change(p, before) == {"flushes_full": 1, "misses": 1, "switches": 1}
    p.machine.check()


def _boot_without_pcid(engine: str) -> Task:
    config = dataclasses.replace(describe(ram="256M", cpus=1), tlb=TlbConfig(pcid=False))
    machine = Machine(config, engine=engine)
    return Task(machine, int(machine.processes.kernel_clone_init(1, 0)))


def test_clearing_a_translation_by_hand_is_found_by_check(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(PAGE)
    p.w(a, PAGE)
    at = p.machine.page_tables.pte_offset(p.mm, a)
    p.machine.arena.ptes[at] = 0
    with pytest.raises(AssertionError):
        p.machine.tlb.check()
