"""Swap areas of a description, on disks, partitions and files, and swapon(2) on files."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from mmtwin.errors import ConfigError
from mmtwin.machine import Machine
from mmtwin.mm.uapi import FALLOC_FL_KEEP_SIZE, MAP_SHARED, O_CREAT, O_RDWR
from mmtwin.task import Task

PAGE, MIB = 4096, 1 << 20
DISKS = [
    {"name": "vda", "profile": "null_blk"},
    {"name": "vdb", "profile": "null_blk", "size": "64M"},
]


def machine(engine: str, *areas: dict[str, Any], **keywords: Any) -> Machine:
    return Machine(
        engine=engine, cpus=1, **{"ram": "64M", "disk": DISKS, "swap": list(areas), **keywords}
    )


def refused(number: int, call: Any, *args: Any) -> None:
    with pytest.raises(OSError) as caught:
        call(*args)
    assert caught.value.errno == number, errno.errorcode[caught.value.errno]


def swaps(made: Machine) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in made.read("/proc/swaps").splitlines()[1:]}


def file_of(task: Task, path: str, size: int) -> int:
    fd = task.open(path, O_RDWR | O_CREAT)
    task.fallocate(fd, 0, 0, size)
    return fd


def swap_out(task: Task, nr: int) -> int:
    """Fill pages and page them out: their address."""
    address = task.mmap(0, nr * PAGE, 3, 0x22)
    task.fill(address, nr * PAGE, "stream", 5)
    task.madvise(address, nr * PAGE, 21)
    return address


def test_areas_of_a_description_are_in_use_from_boot_on(engine: str) -> None:
    made = machine(
        engine,
        {"path": "/swapfile", "size": "16M", "priority": 7},
        {"path": "/dev/vdb"},
        {"path": "/dev/vda2", "size": "8M", "discard": "once"},
        {"path": "/dev/zram0", "size": "4M", "priority": 100},
    )
    assert swaps(made) == {
        "/swapfile": ["file", "16380", "0", "7"],
        "/dev/vdb": ["partition", "65532", "0", "-2"],
        "/dev/vda2": ["partition", "8188", "0", "-3"],
        "/dev/zram0": ["partition", "4092", "0", "100"],
    }
    made.check()


def test_pages_go_to_a_file_and_come_back(engine: str) -> None:
    made = machine(engine, {"path": "/swapfile", "size": "16M"})
    task = made.spawn()
    address = swap_out(task, 200)
    assert swaps(made)["/swapfile"][2] == "1024"  # 64 slots at a time go to the CPU
    task.read(address, 200 * PAGE)
    made.check()
    made.swapoff("/swapfile")
    assert not swaps(made)
    made.check()


def test_files_of_equal_priority_are_striped(engine: str) -> None:
    made = machine(
        engine,
        {"path": "/a", "size": "8M", "priority": 5},
        {"path": "/b", "size": "8M", "priority": 5},
        {"path": "/c", "size": "8M", "priority": 4},
    )
    swap_out(made.spawn(), 256)
    used = {path: int(row[2]) for path, row in swaps(made).items()}
    assert used == {"/a": 512, "/b": 512, "/c": 0}


def test_a_file_in_use_cannot_be_changed(engine: str) -> None:
    """Errors of 6.12, asked on a real one."""
    made = machine(engine)
    task = made.spawn()
    fd = file_of(task, "/swap1", 16 * MIB)
    assert made.mkswap("/swap1") == PAGE
    made.swapon("/swap1", 5)
    refused(errno.ETXTBSY, task.pwrite, fd, PAGE, 0)
    refused(errno.ETXTBSY, task.ftruncate, fd, MIB)
    task.ftruncate(fd, 32 * MIB)  # growing is allowed, and means nothing to the area
    assert swaps(made)["/swap1"] == ["file", "16380", "0", "5"]
    refused(errno.ETXTBSY, task.fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, PAGE)
    refused(errno.EPERM, task.unlink, "/swap1")
    refused(errno.EPERM, task.rename, "/swap1", "/swap2")
    refused(errno.EBUSY, made.swapon, "/swap1")
    refused(errno.ETXTBSY, task.mmap_fd, 0, MIB, 3, MAP_SHARED, fd)
    made.swapoff("/swap1")
    refused(errno.EINVAL, made.swapoff, "/swap1")
    assert task.pwrite(fd, PAGE, 0) == PAGE
    task.unlink("/swap1")
    refused(errno.ENOENT, made.swapoff, "/swap1")
    task.close(fd)
    made.check()


def test_what_cannot_be_swapped_to_is_refused(engine: str) -> None:
    made = machine(engine)
    task = made.spawn()
    holes = task.open("/holes", O_RDWR | O_CREAT)
    task.ftruncate(holes, 16 * MIB)
    made.mkswap("/holes")
    refused(errno.EINVAL, made.swapon, "/holes")
    task.fallocate(holes, 0, 0, 16 * MIB)
    made.swapon("/holes")
    fd = file_of(task, "/short", 4 * MIB)
    refused(errno.EINVAL, made.swapon, "/short")  # no header
    made.mkswap("/short")
    task.ftruncate(fd, 2 * MIB)
    refused(errno.EINVAL, made.swapon, "/short")
    file_of(task, "/tmp/x", MIB)
    refused(errno.EINVAL, made.swapon, "/tmp/x")
    refused(errno.EISDIR, made.swapon, "/tmp")
    refused(errno.ENOENT, made.swapon, "/nosuch")
    made.check()


def test_discarding_is_refused_where_it_would_do_something(engine: str) -> None:
    made = machine(engine, disk=[DISKS[0], {"name": "sdb", "profile": "ssd", "size": "1G"}])
    made.mkswap("/dev/sdb")
    refused(errno.EOPNOTSUPP, made.swapon, "/dev/sdb", -1, "once")
    made.swapon("/dev/sdb")


def test_a_saved_machine_knows_its_areas(engine: str, tmp_path: Any) -> None:
    made = machine(engine, {"path": "/swapfile", "size": "16M"})
    address = swap_out(made.spawn(), 50)
    made.save(tmp_path / "m.mmr")
    again = Machine.load(tmp_path / "m.mmr", engine=engine)
    assert swaps(again) == swaps(made)
    task = next(iter(again.tasks.values()))
    task.read(address, 50 * PAGE)
    again.swapoff("/swapfile")
    again.check()


@pytest.mark.parametrize(
    ("areas", "said"),
    [
        ([{"path": "/dev/vdx"}], "swap[0].path: /dev/vdx: no disk vdx"),
        ([{"path": "/x"}], "swap[0].size: missing"),
        ([{"path": "/x", "size": "1K"}], "swap[0].size: 1K is out of range; it is 40K to 128G"),
        ([{"path": "/dev/vda"}], "holds the root file system"),
        ([{"path": "/x", "size": "4M", "prio": 1}], "swap[0].prio: no such key; did you mean"),
        ([{"path": "/x", "size": "4M", "priority": 40000}], "swap[0].priority: 40000 is out of"),
        ([{"path": "/x", "size": "4M", "discard": "all"}], "none of once, pages, both"),
        ([{"path": "/tmp/x", "size": "4M"}], "swap[0]: /tmp/x: its file system has no swap files"),
        ([{"path": "/x/y", "size": "4M"}], "swap[0]: /x/y: No such file or directory"),
        ([{"path": "/dev/vdb", "size": "4M"}], "is a disk, whose own size counts"),
        ([{"path": "/dev/vdb"}] * 2, "swap[1].path: /dev/vdb is there already"),
        ([{"path": "/dev/vdb1", "size": "65M"}], "vdb is too small for its partitions"),
        ("lots", "swap[0].size: 'lots' is no size"),
        ([3], "swap[0]: a table is wanted"),
    ],
)
def test_bad_areas_are_refused_in_one_line(areas: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Machine(engine="interpreted", ram="64M", disk=DISKS, swap=areas)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_compressed_memory_is_described_by_its_files(engine: str) -> None:
    files = {
        "/sys/module/zswap/parameters/enabled": "Y",
        "/sys/module/zswap/parameters/compressor": "zstd",
        "/sys/block/zram1/comp_algorithm": "zstd",
    }
    made = machine(engine, {"path": "/dev/zram1", "size": "8M"}, sysfs=files)
    assert made.read("/sys/module/zswap/parameters/enabled") == "Y\n"
    assert "[zstd]" in made.read("/sys/block/zram1/comp_algorithm")
    with pytest.raises(ConfigError, match="compressor"):
        machine(engine, sysfs={"/sys/module/zswap/parameters/compressor": "nosuch"})
