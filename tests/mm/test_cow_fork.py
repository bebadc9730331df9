"""Copy on write over chains of forks: scenario b02 of the golden set."""

from __future__ import annotations

from .paging import KIB, MIB, PAGE, boot

K16 = 16 * KIB


def test_faults_and_sharing_are_those_of_scenario_b02(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(256 * KIB)
    p.w(a, 256 * KIB)
    p.machine.lru.lru_add_drain()
    c = p.fork()
    for task in (p, c):
        assert task.pm(a, 256 * KIB) == ["0+64:Pd:205828:2"]
    assert c.smap(a) == {
        "resident": 256, "shared_dirty": 256, "anonymous": 256, "pss": 128, "pss_anon": 128,
        "pss_dirty": 128,
    }  # fmt: skip
    assert c.r(a, 256 * KIB) == 0
    assert c.w(a, 64 * KIB) == 16
    assert p.w(a + 32 * KIB, 64 * KIB) == 16
    d = c.fork()
    assert d.w(a, K16) == 4
    assert c.w(a + 128 * KIB, K16) == 4
    p.machine.lru.lru_add_drain()
    assert p.pm(a, 256 * KIB) == [
        "0+8:Pxd:205828:1", "8+16:Pxd:400205828:1", "24+8:Pd:205828:3", "32+4:Pd:205828:2",
        "36+28:Pd:205828:3",
    ]  # fmt: skip
    assert c.pm(a, 256 * KIB) == [
        "0+4:Pxd:205828:1", "4+20:Pd:205828:2", "24+8:Pd:205828:3", "32+4:Pxd:400205828:1",
        "36+28:Pd:205828:3",
    ]  # fmt: skip
    p.machine.check()
    d.exit()
    c.exit()
    assert p.w(a, 256 * KIB) == 48  # 16 are its own; the rest is reused, none copied
    assert p.pm(a, 256 * KIB)[0].startswith("0+64:Pxd:4002058")
    p.machine.check()


def test_shared_memory_is_faulted_again_by_the_child(engine: str) -> None:
    p = boot(engine)
    s = p.mmap(64 * KIB, flags="shared,anon")
    assert p.w(s, 32 * KIB) == 8
    e = p.fork()
    assert e.vm_pte_kb == 0
    assert e.w(s, 64 * KIB) == 16
    assert p.w(s, 64 * KIB) == 8
    for task in (p, e):
        assert task.pm(s, 64 * KIB) == ["0+16:Pfd:4818:2"]
    p.machine.check()


def test_a_load_in_the_child_maps_sixteen_shared_pages_a_fault(engine: str) -> None:
    p = boot(engine)
    s = p.mmap(MIB, flags="shared,anon", addr=0x10000000)
    p.w(s, MIB)
    assert p.fork().r(s, MIB) == 16
    p.machine.check()


def test_a_store_after_fork_is_seen_through_no_stale_translation(engine: str) -> None:
    p = boot(engine, cpus=2)
    a = p.mmap(PAGE)
    p.w(a, PAGE)
    c = p.fork()
    assert p.w(a, PAGE) == 1
    assert c.w(a, PAGE) == 1
    p.machine.check()


def test_the_last_owner_reuses_the_page_and_others_copy(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(PAGE)
    p.w(a, PAGE)
    c = p.fork()
    frame = int(p.machine.task_mmu.pagemap_entry(p.mm, a)) & (1 << 55) - 1
    assert c.w(a, PAGE) == 1
    assert p.w(a, PAGE) == 1
    assert int(p.machine.task_mmu.pagemap_entry(p.mm, a)) & (1 << 55) - 1 == frame
    assert int(c.machine.task_mmu.pagemap_entry(c.mm, a)) & (1 << 55) - 1 != frame
    p.machine.check()
