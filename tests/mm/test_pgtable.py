"""Page tables: what VmPTE counts, what an unmap frees, what fork and mremap do to tables."""

from __future__ import annotations

import pytest

from .paging import GIB, KIB, MIB, PAGE, boot

FAR = 0x4000000000


def test_vm_pte_after_each_step_is_the_kernels(engine: str) -> None:
    """Scenario a10 on 6.12: kB of page tables beyond those of the task's own mappings."""
    p = boot(engine)
    p.mmap(PAGE, addr=0x400000)  # text, control area and stack of the scenario's task
    p.mmap(PAGE, addr=0x10000000)
    p.mmap(PAGE, addr=0x7FFFFFFDE000)
    for own in (0x400000, 0x10000000, 0x7FFFFFFDE000):
        p.w(own, PAGE)
    assert p.vm_pte_kb == 28
    area = p.mmap(64 * GIB, flags="priv,anon,noreserve", addr=FAR)
    steps = [(p.w, 0, PAGE, 36), (p.w, PAGE, PAGE, 36), (p.w, 2 * MIB, PAGE, 40)]
    steps += [(p.w, GIB, PAGE, 48), (p.w, 8 * GIB, 64 * MIB, 180), (p.r, 16 * GIB, 64 * MIB, 312)]
    for touch, offset, length, vm_pte_kb in steps:
        touch(area + offset, length, 2 * MIB)
        assert p.vm_pte_kb == vm_pte_kb
    p.zap(area + 8 * GIB, 64 * MIB)
    assert p.vm_pte_kb == 312  # MADV_DONTNEED keeps tables up to 6.12
    assert p.munmap(area + 8 * GIB, 64 * MIB) == 0
    assert p.vm_pte_kb == 184
    assert p.munmap(area, 64 * GIB) == 0
    assert p.vm_pte_kb == 28
    p.machine.check()


def test_a_table_shared_with_a_neighbour_stays(engine: str) -> None:
    #  |<------------- 2 MiB: one pte table ------------->|
    #  | a (munmapped) |   | b |
    p = boot(engine)
    a = p.mmap(64 * KIB, addr=FAR)
    b = p.mmap(64 * KIB, addr=FAR + 128 * KIB)
    p.w(a, 64 * KIB)
    p.w(b, 64 * KIB)
    tables = p.vm_pte_kb
    p.munmap(a, 64 * KIB)
    assert p.vm_pte_kb == tables
    p.munmap(b, 64 * KIB)
    assert p.vm_pte_kb == 0
    p.machine.check()


@pytest.mark.parametrize(("la57", "levels"), [(False, 4), (True, 5)])
def test_a_walk_reads_one_entry_a_level(engine: str, la57: bool, levels: int) -> None:
    p = boot(engine, la57=la57)
    a = p.mmap(PAGE)
    p.w(a, PAGE)
    cpu = p.machine.arena.tlb_cpus[0]
    p.machine.tlb.flush_tlb_mm(p.mm)
    before = int(cpu.walk_levels)
    p.r(a, PAGE)
    assert int(cpu.walk_levels) - before == levels
    p.machine.check()


def test_exit_gives_every_table_back(engine: str) -> None:
    p = boot(engine)
    area = p.mmap(4 * GIB, flags="priv,anon,noreserve", addr=FAR)
    p.w(area, 4 * GIB, 512 * MIB)
    child = p.fork()
    assert child.vm_pte_kb == p.vm_pte_kb
    child.exit()
    p.exit()
    assert int(p.machine.arena.table_slot_pool[2]) == 0  # POOL_USED
    p.machine.check()
