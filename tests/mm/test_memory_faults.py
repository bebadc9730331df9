"""Faults of one task: scenario b01 of the golden set, signals, file mappings, populate."""

from __future__ import annotations

import pytest

from mmtwin.mm.page_flags import INODE_REGULAR, PG_referenced
from mmtwin.mm.uapi import (
    FMODE_READ,
    FMODE_WRITE,
    MADV_DONTNEED,
    MADV_NORMAL,
    MADV_RANDOM,
    MADV_SEQUENTIAL,
    MAP_FIXED,
    O_RDWR,
    SIGBUS,
    SIGSEGV,
)

from .paging import KIB, MIB, PAGE, Task, boot
from .space import Space


def test_anonymous_touches_fault_as_in_scenario_b01(engine: str) -> None:
    p = boot(engine)
    a = p.mmap(MIB)
    assert p.r(a, 512 * KIB) == 128
    assert (p.rss_kb, p.pm(a, MIB)) == (0, ["0+128:Pd:101000000:0", "128+128:-d"])
    assert p.w(a, 256 * KIB) == 64
    assert p.w(a, 256 * KIB) == 0
    assert p.r(a, MIB) == 128
    assert p.rss_kb == 256
    assert p.smap(a) == {
        "resident": 256, "private_dirty": 256, "referenced": 256, "anonymous": 256, "pss": 256,
        "pss_anon": 256, "pss_dirty": 256,
    }  # fmt: skip
    p.zap(a, 128 * KIB)
    assert p.r(a, 64 * KIB) == 16
    assert p.rss_kb == 128
    p.machine.check()


def test_populate_marks_what_it_brings_in_as_accessed(engine: str) -> None:
    p = boot(engine)
    before = p.min_flt
    b = p.mmap(MIB, flags="priv,anon,populate")
    assert p.min_flt - before == 256
    p.machine.lru.lru_add_drain()
    assert p.pm(b, MIB) == ["0+256:Pxd:40020582c:1"]
    c = p.mmap(MIB, "r", "priv,anon,populate")
    assert p.pm(c, MIB) == ["0+256:Pd:101000000:0"]
    d = p.mmap(MIB, "", "priv,anon,populate")
    assert p.min_flt - before == 512
    assert p.touch(d, PAGE) == 0
    assert p.machine.access.signal == SIGSEGV
    p.machine.check()


@pytest.mark.parametrize(
    ("prot", "write", "code"), [("", 0, 2), ("", 1, 2), ("r", 1, 2), (None, 0, 1), (None, 1, 1)]
)
def test_a_bad_access_is_sigsegv_with_the_kernels_code(
    engine: str, prot: str | None, write: int, code: int
) -> None:
    p = boot(engine)
    a = 0x1000 if prot is None else p.mmap(PAGE, prot)
    assert p.touch(a, PAGE, PAGE, write) == 0
    info = p.machine.arena.siginfo[0]
    assert (int(info.si_signo), int(info.si_code), int(info.si_addr)) == (SIGSEGV, code, a)
    assert p.min_flt == 0


@pytest.mark.parametrize("high", [1 << 47, 1 << 56, 1 << 63, 0xFFFF << 48])
def test_an_address_beyond_the_user_half_aliases_no_translation(engine: str, high: int) -> None:
    p = boot(engine)
    a = p.mmap(PAGE, addr=0x10000)
    p.w(a, PAGE)
    assert p.touch(high + a, PAGE) == 0
    assert p.machine.access.signal == SIGSEGV


def _file(p: Task, pages: int, prot: str, flags: str) -> int:
    cache = p.machine.page_cache
    inode = cache.new_inode(INODE_REGULAR, pages * PAGE, 100, 1)
    file = cache.open_file(inode, O_RDWR, FMODE_READ | FMODE_WRITE)
    bits = ("r" in prot) | ("w" in prot) << 1
    kind = 1 if flags == "shared" else 2
    return int(p.run().mmap.do_mmap(0x10000000, 64 * PAGE, bits, kind | MAP_FIXED, file, 0))


def test_a_first_touch_of_a_file_reads_and_the_second_maps_what_is_cached(engine: str) -> None:
    p = boot(engine)
    a = _file(p, 32, "r", "private")
    p.touch(a, 32 * PAGE)
    assert (int(p.record.maj_flt), p.min_flt) == (1, 2)  # the marker is a fault of its own
    b = _file_again(p, a)
    assert p.r(b, 32 * PAGE) == 2  # fault-around: 16 pages a fault
    p.machine.check()


def _file_again(p: Task, a: int) -> int:
    file = int(p.machine.arena.vmas[p.vma(a)].vm_file)
    return int(p.run().mmap.do_mmap(0x20000000, 64 * PAGE, 1, 2 | MAP_FIXED, file, 0))


def test_past_the_end_of_a_file_is_sigbus_and_leaves_no_table(engine: str) -> None:
    p = boot(engine)
    a = _file(p, 0, "r", "private")
    assert p.touch(a, PAGE) == 0
    assert p.machine.access.signal == SIGBUS
    assert p.vm_pte_kb == 8  # pud and pmd, as the kernel's preallocated pte table is given back
    p.machine.check()


def test_a_private_store_copies_and_a_shared_one_dirties(engine: str) -> None:
    p = boot(engine)
    a = _file(p, 4, "rw", "private")
    p.touch(a, 4 * PAGE, write=1)
    assert (p.counter(0), p.counter(1)) == (0, 4)
    b = _file(p, 4, "rw", "shared")
    p.touch(b, PAGE)
    assert p.w(b, PAGE) == 1  # page_mkwrite()
    assert p.smap(b)["private_dirty"] == 4
    p.machine.check()


def test_6_1_shows_the_pages_of_65_faults_at_the_66th(engine: str) -> None:
    """The task's own count goes to the mm at the start of the fault after them."""
    space = Space(engine, "6.1").map(0, 80)
    space.write(0, 65)
    assert space.status("RssAnon") == 0
    space.write(65)
    assert space.status("RssAnon") == 65


@pytest.mark.parametrize(
    ("advice", "referenced"), [(MADV_NORMAL, 4), (MADV_RANDOM, 0), (MADV_SEQUENTIAL, 0)]
)
def test_unmapping_passes_the_accessed_bit_on_where_recency_matters(
    engine: str, advice: int, referenced: int
) -> None:
    space = Space(engine).share(0, 4)
    space.advise(0, 4, advice)
    space.write(0, 4)
    pages = space.machine.arena.where("pages", "mapcount")
    assert len(pages) == 4
    space.advise(0, 4, MADV_DONTNEED)
    flags = [int(space.machine.arena.pages[pfn]["flags"]) for pfn in pages]
    assert sum(f & PG_referenced != 0 for f in flags) == referenced
    space.machine.check()
