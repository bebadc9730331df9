"""Files of processes that the engine itself has made, mapped and touched."""

from __future__ import annotations

import re
import struct

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import (
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
)

from .sample_process import sample

PAGE = 4096
RW = PROT_READ | PROT_WRITE
PID = 100


def machine_with_a_task(engine: str, kernel: str = "6.12") -> Machine:
    """One process with an empty address space, running on CPU 0."""
    machine = Machine(ram="256M", cpus=1, kernel=kernel, engine=engine)
    task = machine.processes.kernel_clone_init(PID, 0)
    machine.arena.names["comm"] = {task: "live"}
    return machine


def mapped(machine: Machine, pages: int, flags: int = MAP_PRIVATE | MAP_ANONYMOUS) -> int:
    """Address of a new mapping."""
    address = int(machine.mmap.do_mmap(0, pages * PAGE, RW, flags, 0, 0))
    assert address > 0
    return address


def touch(machine: Machine, address: int, pages: int, write: bool = True) -> None:
    machine.access.touch_range(address, pages * PAGE, PAGE, int(write))


def area(machine: Machine, address: int, pid: int = PID) -> dict[str, str]:
    """The lines of smaps for the area that begins at address."""
    text = machine.read(f"/proc/{pid}/smaps")
    body = re.search(rf"^{address:08x}-.*?VmFlags.*?$", text, re.M | re.S)
    assert body, text
    return dict(line.split(":", 1) for line in body[0].splitlines()[1:])


def kb(found: dict[str, str], *names: str) -> list[int]:
    return [int(found[name].split()[0]) for name in names]


def entry(machine: Machine, path: str, index: int) -> int:
    (value,) = struct.unpack("<Q", machine.read_bytes(path, index * 8, 8))
    return int(value)


def test_touched_memory_shows_in_every_file(engine: str) -> None:
    machine = machine_with_a_task(engine)
    address = mapped(machine, 16)
    touch(machine, address, 10)
    found = area(machine, address)
    assert kb(found, "Size", "Rss", "Pss", "Private_Dirty", "Anonymous") == [64, 40, 40, 40, 40]
    assert found["VmFlags"] == " rd wr mr mw me ac sd "
    status = machine.read(f"/proc/{PID}/status")
    assert "VmRSS:\t      40 kB\n" in status and "RssAnon:\t      40 kB\n" in status
    rollup = machine.read(f"/proc/{PID}/smaps_rollup")
    assert rollup.splitlines()[1:3] == [
        "Rss:                  40 kB",
        "Pss:                  40 kB",
    ]
    assert machine.read(f"/proc/{PID}/statm").split()[1] == "10"


def test_the_zero_page_is_mapped_but_not_resident(engine: str) -> None:
    machine = machine_with_a_task(engine)
    address = mapped(machine, 4)
    touch(machine, address, 1, write=False)
    assert kb(area(machine, address), "Rss", "Anonymous") == [0, 0]
    pagemap = entry(machine, f"/proc/{PID}/pagemap", address // PAGE)
    assert pagemap >> 55 == 1 << 8 | 1  # present, soft-dirty
    pfn = pagemap & (1 << 55) - 1
    assert entry(machine, "/proc/kpageflags", pfn) == 0x101000000
    assert entry(machine, "/proc/kpagecount", pfn) == 0


@pytest.mark.parametrize(
    ("kernel", "flags"), [("6.1", 0x400005828), ("6.12", 0x400205828), ("6.18", 0x400205828)]
)
def test_an_anonymous_page_has_the_flags_that_kernels_show(
    engine: str, kernel: str, flags: int
) -> None:
    machine = machine_with_a_task(engine, kernel)
    address = mapped(machine, 4)
    touch(machine, address, 1)
    machine.lru.lru_add_drain()
    pagemap = entry(machine, f"/proc/{PID}/pagemap", address // PAGE)
    assert pagemap >> 55 == 1 << 8 | 1 << 1 | 1  # present, exclusive, soft-dirty
    pfn = pagemap & (1 << 55) - 1
    assert entry(machine, "/proc/kpageflags", pfn) & ~0x10 == flags
    assert entry(machine, "/proc/kpagecount", pfn) == 1
    assert entry(machine, f"/proc/{PID}/pagemap", address // PAGE + 1) == 1 << 55  # not present


def test_a_fork_shares_its_pages_until_it_writes(engine: str) -> None:
    machine = machine_with_a_task(engine)
    address = mapped(machine, 8)
    touch(machine, address, 8)
    child = machine.processes.copy_process(0, PID + 1)
    machine.arena.names["comm"][child] = "child"
    found = area(machine, address)
    assert kb(found, "Rss", "Pss", "Shared_Dirty", "Private_Dirty") == [32, 16, 32, 0]
    assert kb(area(machine, address, PID + 1), "Rss", "Pss") == [32, 16]
    touch(machine, address, 2)
    assert kb(area(machine, address), "Pss", "Private_Dirty") == [20, 8]
    assert machine.read(f"/proc/{PID + 1}/status").splitlines()[6] == f"PPid:\t{PID}"


def test_shared_anonymous_memory_is_a_deleted_file(engine: str) -> None:
    machine = machine_with_a_task(engine)
    address = mapped(machine, 4, MAP_SHARED | MAP_ANONYMOUS)
    touch(machine, address, 4)
    line = next(x for x in machine.read(f"/proc/{PID}/maps").splitlines() if f"{address:x}" in x)
    assert re.fullmatch(
        rf"{address:x}-{address + 4 * PAGE:x} rw-s 00000000 00:01 \d+ +/dev/zero \(deleted\)", line
    )
    assert line.index("/") == 73
    assert "RssShmem:\t      16 kB\n" in machine.read(f"/proc/{PID}/status")


def test_clear_refs_forgets_soft_dirty_pages(engine: str) -> None:
    machine = machine_with_a_task(engine)
    address = mapped(machine, 2)
    touch(machine, address, 2)
    machine.write(f"/proc/{PID}/clear_refs", "4\n")
    index = address // PAGE
    assert not entry(machine, f"/proc/{PID}/pagemap", index) >> 55 & 1
    touch(machine, address, 1)
    assert entry(machine, f"/proc/{PID}/pagemap", index) >> 55 & 1
    assert not entry(machine, f"/proc/{PID}/pagemap", index + 1) >> 55 & 1
    with pytest.raises(OSError, match="it is 1 to 5"):
        machine.write(f"/proc/{PID}/clear_refs", "6")


def test_counters_agree_with_the_process_after_stat_refresh(engine: str) -> None:
    machine = machine_with_a_task(engine)
    touch(machine, mapped(machine, 100), 100)
    machine.write("/proc/sys/vm/stat_refresh", "1")
    assert "AnonPages:           400 kB\n" in machine.read("/proc/meminfo")
    assert "\nnr_anon_pages 100\n" in machine.read("/proc/vmstat")
    assert "KernelStack:          16 kB\n" in machine.read("/proc/meminfo")
    tables = int(re.search(r"PageTables: +(\d+)", machine.read("/proc/meminfo"))[1])  # type: ignore[index]
    assert tables > 0 and f"VmPTE:\t{tables:8} kB" in machine.read(f"/proc/{PID}/status")


def test_free_frames_and_frames_without_memory_are_told_apart(engine: str) -> None:
    machine = machine_with_a_task(engine)
    last = machine.config.nr_pfns
    free = entry(machine, "/proc/kpageflags", 0x8001)  # inside of a block never touched
    assert free == 1 << 10
    assert machine.read_bytes("/proc/kpageflags", last * 8, 8) == b""
    with pytest.raises(OSError, match="multiples of 8"):
        machine.read_bytes("/proc/kpageflags", 3, 8)


def test_limits_are_those_of_init(engine: str) -> None:
    text = machine_with_a_task(engine).read(f"/proc/{PID}/limits")
    assert f"Max stack size            8388608{'unlimited':>23}            bytes     \n" in text


def test_a_process_with_memory_survives_fork_and_save(engine: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    machine = machine_with_a_task(engine)
    touch(machine, mapped(machine, 50), 50)
    for copy in (machine.fork(), _saved(machine, tmp_path / "m.mmt", engine)):
        assert copy.state_hash() == machine.state_hash()
        copy.check()
        for name in ("maps", "smaps", "status", "stat"):
            path = f"/proc/{PID}/{name}"
            assert copy.read(path) == machine.read(path)
        touch(copy, mapped(copy, 5), 5)
        assert copy.state_hash() != machine.state_hash()
        copy.check()
    machine.check()


def _saved(machine: Machine, path, engine: str) -> Machine:  # type: ignore[no-untyped-def]
    machine.save(path)
    return Machine.load(path, engine=engine)


def test_the_areas_of_a_fresh_process_carry_the_flags_that_a_real_one_shows(engine: str) -> None:
    machine = Machine(ram="256M", kernel="6.18", engine=engine)
    pid = machine.spawn("fresh").pid
    flags = re.findall(r"(\[\w+\])\n(?:.*\n)*?VmFlags:(.*)", machine.read(f"/proc/{pid}/smaps"))
    # the sample's kernel was built without soft-dirty bits
    ours = {name: letters.replace(" sd", "").split() for name, letters in flags}
    theirs = re.findall(r"(\[\w+\])\n(?:.*\n)*?VmFlags:(.*)", sample("smaps"))
    assert ours == {name: letters.split() for name, letters in theirs if name != "[heap]"}


def test_a_process_of_another_user_has_no_capabilities(engine: str) -> None:
    machine = machine_with_a_task(engine)
    machine.arena.tasks[machine.tasks[PID].index].uid = 1000
    status = machine.read(f"/proc/{PID}/status")
    assert "Uid:\t1000\t1000\t1000\t1000\n" in status and "CapEff:\t0000000000000000\n" in status
