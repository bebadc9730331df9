"""zram: what is stored, written back and compressed again; its files. The figures of the second and
third test are those of a real 6.12 that was asked the same."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mmtwin.machine import Machine
from mmtwin.task import Task

PAGE, MIB = 4096, 1 << 20
RW, ANON, PAGEOUT = 3, 0x22, 21
SYS = "/sys/block/zram0/"
DISKS = [
    {"name": "vda", "profile": "null_blk"},
    {"name": "vdb", "profile": "null_blk", "size": "64M"},
]


def machine(engine: str, kernel: str = "6.12", **keywords: Any) -> Any:
    return Machine(engine=engine, ram="64M", cpus=1, kernel=kernel, disk=DISKS, **keywords)


def swap_to(m: Any, **files: str) -> Task:
    """A task on a machine that swaps to zram0, set up by its files in that order."""
    for name, text in {**files, "disksize": "64M"}.items():
        m.write(SYS + name, text)
    m.mkswap("/dev/zram0")
    m.swapon("/dev/zram0", 10)
    task: Task = m.spawn()
    return task


def out(task: Task, *kinds: tuple[Any, ...], mib: int = 1) -> int:
    """A MiB of each kind, paged out: their address."""
    address = task.mmap(0, len(kinds) * mib * MIB, RW, ANON)
    for i, (kind, *args) in enumerate(kinds):
        task.fill(address + i * mib * MIB, mib * MIB, kind, *args)
    task.madvise(address, len(kinds) * mib * MIB, PAGEOUT)
    return address


def row(m: Any, name: str) -> list[int]:
    return [int(word) for word in m.read(SYS + name).split()]


def refused(number: int, m: Any, name: str, text: str) -> None:
    with pytest.raises(OSError) as caught:
        m.write(SYS + name, text)
    assert caught.value.errno == number, (name, text, caught.value)


KINDS = (("zero",), ("value", 0x55), ("partly", 7, 128), ("stream", 9))


def test_files_are_refused_in_the_wrong_order(engine: str) -> None:
    m = machine(engine)
    for name, text in (("writeback", "huge"), ("idle", "all")):
        refused(22, m, name, text)
    refused(22, m, "comp_algorithm", "lzo-rle")  # not in 6.12 as Debian builds it
    refused(2, m, "recomp_algorithm", "algo=zstd")
    swap_to(m)
    refused(16, m, "disksize", "64M")
    refused(16, m, "comp_algorithm", "lz4")
    refused(16, m, "backing_dev", "/dev/vdb")
    refused(19, m, "writeback", "huge")
    refused(16, m, "reset", "1")
    assert m.read(SYS + "initstate") == "1\n"


def test_pages_are_stored_by_what_they_hold(engine: str) -> None:
    for kernel, stored, same in (("6.12", 769, 256), ("6.1", 1025, 512)):  # zeros: swap's own
        m = machine(engine, kernel)
        out(swap_to(m, comp_algorithm="lz4"), *KINDS)
        found = row(m, "mm_stat")
        assert found[0] == stored * PAGE and found[5] == same
        assert found[7] == found[8] == 256 and found[2] == found[4] >= found[1]
        m.check()


def test_huge_pages_go_to_the_backing_device_as_far_as_the_limit_allows(engine: str) -> None:
    m = machine(engine)
    task = swap_to(m, backing_dev="/dev/vdb")
    assert m.read(SYS + "backing_dev") == "/dev/vdb\n"
    address = out(task, *KINDS)
    m.write(SYS + "writeback_limit_enable", "1")
    m.write(SYS + "writeback_limit", "100")
    refused(5, m, "writeback", "huge")
    assert row(m, "bd_stat") == [100, 0, 100] and row(m, "writeback_limit") == [0]
    assert row(m, "mm_stat")[7:] == [156, 256]
    m.write(SYS + "writeback_limit_enable", "0")
    m.write(SYS + "writeback", "huge")
    assert row(m, "bd_stat") == [256, 0, 256] and row(m, "mm_stat")[7] == 0
    task.read(address + 3 * MIB, MIB)
    assert row(m, "bd_stat")[1:] == [256, 256]
    m.write(SYS + "idle", "all")
    m.write(SYS + "writeback", "idle")
    assert row(m, "mm_stat")[1:3] == [0, 0]  # same-filled pages stay, in their slots
    assert row(m, "mm_stat")[5] == 256
    refused(22, m, "writeback", "nosuch")
    m.write(SYS + "writeback", "page_index=1")
    refused(22, m, "writeback", "page_index=16384")
    task.read(address, 4 * MIB)
    m.check()
    m.swapoff("/dev/zram0")
    m.write(SYS + "reset", "1")
    assert row(m, "mm_stat") == [0] * 9 and m.read(SYS + "backing_dev") == "none\n"
    m.check()


def test_6_1_reads_what_was_written_back_at_the_second_try(engine: str) -> None:
    m = machine(engine, "6.1")
    task = swap_to(m, backing_dev="/dev/vdb")
    address = out(task, ("stream", 9))
    m.write(SYS + "writeback", "huge")
    task.read(address, MIB)
    assert row(m, "io_stat")[0] == 256 and m.read(SYS + "io_stat").count(" 0 ") >= 1


def test_the_memory_limit_fails_writes_and_loses_nothing(engine: str) -> None:
    for kernel, tries in (("6.12", 1), ("6.1", 2)):
        m = machine(engine, kernel)
        task = swap_to(m, mem_limit="256K")
        address = out(task, ("partly", 7, 256))
        stat = row(m, "mm_stat")
        assert stat[3] == 256 * 1024 and stat[2] <= 256 * 1024 < stat[4]
        failed = row(m, "io_stat")[1]
        assert failed >= tries * (256 - stat[0] // PAGE) and failed % tries == 0
        task.read(address, MIB)
        m.check()


def test_pages_are_compressed_again_by_a_better_algorithm(engine: str) -> None:
    m = machine(engine, zram_multi_comp=True)
    task = swap_to(m, recomp_algorithm="algo=zstd priority=1")
    assert m.read(SYS + "recomp_algorithm").startswith("#1: lz4 lz4hc [zstd] deflate")
    out(task, ("text",), ("stream", 9))
    before = row(m, "mm_stat")
    refused(22, m, "recompress", "type=nosuch")
    refused(22, m, "recompress", "algo=deflate")
    m.write(SYS + "recompress", "type=idle")  # none is
    assert row(m, "mm_stat") == before
    m.write(SYS + "recompress", "type=huge")
    huge = m.arena.zram_slots
    marked = sum(bool(int(s["flags"] if m.arena.compiled else s.flags) & 32)
                 for s in (huge[i] for i in m.zram.used(0)))  # fmt: skip
    assert marked == 256 and row(m, "mm_stat")[7] == 256  # no algorithm helps
    m.write(SYS + "idle", "all")
    m.write(SYS + "recompress", "type=idle max_pages=10")
    ten = row(m, "mm_stat")[1]
    m.write(SYS + "recompress", "type=idle threshold=1")  # no result is so small
    assert row(m, "mm_stat")[1] == ten < before[1]
    m.write(SYS + "recompress", "type=idle")
    assert row(m, "mm_stat")[1] < ten
    m.check()


def test_from_6_16_on_several_pages_are_named_at_once(engine: str) -> None:
    m = machine(engine, "6.18")
    task = swap_to(m, backing_dev="/dev/vdb")
    out(task, ("stream", 9))
    used = m.zram.used(0)[1:]  # without the header's
    first, other = used[0], used[100]
    m.write(SYS + "writeback", f"page_indexes={first}-{first + 9} page_index={other}")
    assert row(m, "bd_stat") == [11, 0, 11]
    m.write(SYS + "writeback", "type=huge")
    assert row(m, "bd_stat")[0] == 256
    refused(22, machine(engine), "writeback", "type=huge")


def test_whatever_is_done_every_device_is_counted(engine: str) -> None:
    kinds = [("partly", 1, 256), ("stream", 3), ("zero",), ("text",), ("value", 5), ("heap",)]
    writes = [("idle", "all"), ("writeback", "huge"), ("writeback", "idle"), ("mem_used_max", "0"),
              ("recompress", "type=idle"), ("recompress", "type=huge")]  # fmt: skip
    rng = random.Random(4)
    m = machine(engine, zram_multi_comp=True)
    task = swap_to(m, comp_algorithm="lz4hc", recomp_algorithm="algo=zstd", backing_dev="/dev/vdb")
    address = task.mmap(0, MIB, RW, ANON)
    for step in range(60):
        at = address + rng.randrange(200) * PAGE
        what = rng.randrange(6)
        if what < 2:
            kind, *args = rng.choice(kinds)
            task.fill(at, 40 * PAGE, kind, *args)
        elif what < 4:
            task.madvise(at, 40 * PAGE, PAGEOUT)
        elif what == 4:
            task.read(at, 30 * PAGE)
        else:
            m.write(SYS + (chosen := rng.choice(writes))[0], chosen[1])
        if step % 6 == 5:
            m.check()
    m.swapoff("/dev/zram0")
    m.write(SYS + "reset", "1")
    assert row(m, "mm_stat") == [0] * 9
    m.check()
