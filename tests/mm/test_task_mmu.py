"""clear_refs, soft-dirty and the accessed bit: scenario b05 of the golden set."""

from __future__ import annotations

from .paging import KIB, boot


def test_soft_dirty_is_per_page_once_it_was_cleared(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(128 * KIB)
    p.w(a, 128 * KIB)
    p.machine.lru.lru_add_drain()
    assert p.pm(a, 128 * KIB) == ["0+32:Pxd:400205828:1"]
    assert p.machine.task_mmu.clear_refs(p.mm, 4) == 0
    assert p.pm(a, 128 * KIB) == ["0+32:Px:400205828:1"]
    assert p.w(a, 32 * KIB) == 8
    assert p.r(a + 32 * KIB, 32 * KIB) == 0
    assert p.pm(a, 128 * KIB) == ["0+8:Pxd:400205828:1", "8+24:Px:400205828:1"]
    p.machine.check()


def test_referenced_is_what_was_touched_since_it_was_cleared(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(128 * KIB)
    p.w(a, 128 * KIB)
    assert p.machine.task_mmu.clear_refs(p.mm, 1) == 0
    assert "referenced" not in p.smap(a)
    p.machine.tlb.flush_tlb_mm(p.mm)  # as a task switch without PCID does
    p.r(a, 16 * KIB)
    p.w(a + 16 * KIB, 16 * KIB)
    assert p.smap(a)["referenced"] == 32
    p.machine.check()


def test_a_cached_translation_hides_accesses_from_the_accessed_bit(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(16 * KIB)
    p.w(a, 16 * KIB)
    p.machine.task_mmu.clear_refs(p.mm, 1)
    p.r(a, 16 * KIB)
    assert "referenced" not in p.smap(a)


def test_smaps_share_is_divided_among_the_mappers(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(12 * KIB)
    p.w(a, 12 * KIB)
    c = p.fork()
    c.fork()
    assert p.smap(a)["pss"] == 3  # three times a third of 4 kB, rounded down
    assert p.smap(a)["shared_dirty"] == 12


def test_an_unknown_kind_of_clear_refs_is_einval(engine: str) -> None:
    p = boot(engine)
    assert [p.machine.task_mmu.clear_refs(p.mm, kind) for kind in (0, 6, -1)] == [-22] * 3
