"""System V segments, memfd and its seals, tmpfs and its limits."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import (
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    MAP_PRIVATE,
    MAP_SHARED,
    O_CREAT,
    O_RDWR,
    PROT_READ,
    PROT_WRITE,
)
from mmtwin.task import BusError, Task

PAGE = 4096
CREATE = 0o1600
RW = PROT_READ | PROT_WRITE
PUNCH = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE


def task(engine: str, **keywords: object) -> Task:
    return Machine(ram="64M", cpus=1, engine=engine, **keywords).spawn()


def shmem_kb(t: Task) -> int:
    t.machine.write("/proc/sys/vm/stat_refresh", "1")
    text = t.machine.read("/proc/meminfo")
    return int(next(line for line in text.splitlines() if line.startswith("Shmem:")).split()[1])


def fails(code: int, call: Callable[[], object]) -> None:
    with pytest.raises(OSError) as error:
        call()
    assert error.value.errno == code


def test_a_segment_outlives_who_made_it_until_it_is_removed(engine: str) -> None:
    t = task(engine)
    number = t.shmget(5, 8 * PAGE, CREATE)
    address = t.shmat(number)
    t.write(address, 8 * PAGE)
    t.shmdt(address)
    assert shmem_kb(t) == 32
    assert t.shmget(5, PAGE, 0) == number
    t.shm_rmid(number)
    assert shmem_kb(t) == 0
    fails(errno.ENOENT, lambda: t.shmget(5, PAGE, 0))
    t.machine.check()


def test_a_removed_segment_lives_as_long_as_it_is_attached(engine: str) -> None:
    t = task(engine)
    number = t.shmget(0, 8 * PAGE, CREATE)
    address = t.shmat(number)
    child = t.fork()
    child.write(address, 8 * PAGE)
    t.shm_rmid(number)
    t.shmdt(address)
    assert shmem_kb(t) == 32
    again = child.shmat(number)  # by its identifier it is still to be had
    child.shmdt(again)
    child.exit()
    assert shmem_kb(t) == 0
    fails(errno.EINVAL, lambda: t.shmat(number))
    t.machine.check()


def test_identifiers_count_on_when_an_index_is_used_again(engine: str) -> None:
    t = task(engine)
    first, second = (t.shmget(0, PAGE, CREATE) for _ in range(2))
    assert (first, second) == (0, 1)
    t.shm_rmid(first)
    assert t.shmget(0, PAGE, CREATE) == 1 << 15


def test_attaching_twice_maps_the_same_pages_apart(engine: str) -> None:
    t = task(engine)
    number = t.shmget(0, 4 * PAGE, CREATE)
    a, b = t.shmat(number), t.shmat(number)
    t.write(a, 4 * PAGE)
    before = t.min_flt
    t.read(b, 4 * PAGE)
    assert t.min_flt - before == 4  # shm_vm_ops has no map_pages(): no fault-around
    assert shmem_kb(t) == 16
    assert "/SYSV00000000 (deleted)" in t.machine.read(f"/proc/{t.pid}/maps")
    assert t.machine.read("/proc/sysvipc/shm").splitlines()[1].split()[6] == "2"
    t.machine.check()


def test_a_part_that_was_unmapped_is_not_looked_for_by_shmdt(engine: str) -> None:
    t = task(engine)
    number = t.shmget(0, 8 * PAGE, CREATE)
    address = t.shmat(number)
    t.munmap(address + 2 * PAGE, 2 * PAGE)
    t.shmdt(address)
    assert "SYSV" not in t.machine.read(f"/proc/{t.pid}/maps")
    fails(errno.EINVAL, lambda: t.shmdt(address))


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda t: t.shmget(0, 0, CREATE), errno.EINVAL),
        (lambda t: t.shmget(1, PAGE, 0), errno.ENOENT),
        (lambda t: t.shmget(7, PAGE, CREATE | 0o2000), errno.EEXIST),
        (lambda t: t.shmget(7, 9 * PAGE, 0), errno.EINVAL),
        (lambda t: t.shmget(0, 1 << 50, CREATE), errno.ENOMEM),
        (lambda t: t.shmat(99), errno.EINVAL),
        (lambda t: t.shmat(0, 0x10000001), errno.EINVAL),
        (lambda t: t.shmdt(0x10000000), errno.EINVAL),
        (lambda t: t.shm_rmid(99), errno.EINVAL),
    ],
)
def test_what_shm_calls_refuse(engine: str, call: Callable[[Task], object], code: int) -> None:
    t = task(engine)
    t.shmget(7, 8 * PAGE, CREATE)
    fails(code, lambda: call(t))


def test_the_limits_of_segments(engine: str) -> None:
    t = task(engine)
    for name, value in (("shmmax", 4 * PAGE), ("shmall", 8), ("shmmni", 3)):
        t.machine.write(f"/proc/sys/kernel/{name}", str(value))
    fails(errno.EINVAL, lambda: t.shmget(0, 5 * PAGE, CREATE))
    t.shmget(0, 4 * PAGE, CREATE)
    t.shmget(0, 3 * PAGE, CREATE)
    fails(errno.ENOSPC, lambda: t.shmget(0, 2 * PAGE, CREATE))
    t.shmget(0, 1, CREATE)
    t.machine.write("/proc/sys/kernel/shmall", "100")
    fails(errno.ENOSPC, lambda: t.shmget(0, 1, CREATE))
    t.machine.check()


def test_shmmax_is_16_mib_less_than_everything(engine: str) -> None:
    t = task(engine)
    assert t.machine.read("/proc/sys/kernel/shmmax") == "18446744073692774399\n"


def test_seals_refuse_what_they_say(engine: str) -> None:
    t = task(engine)
    fd = t.memfd_create("m", 2)
    t.ftruncate(fd, 4 * PAGE)
    t.add_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK)
    fails(errno.EPERM, lambda: t.ftruncate(fd, 5 * PAGE))
    fails(errno.EPERM, lambda: t.ftruncate(fd, PAGE))
    fails(errno.EPERM, lambda: t.pwrite(fd, PAGE, 4 * PAGE))
    fails(errno.EPERM, lambda: t.fallocate(fd, 0, 0, 5 * PAGE))
    address = t.mmap_fd(0, 4 * PAGE, RW, MAP_SHARED, fd)
    fails(errno.EBUSY, lambda: t.add_seals(fd, F_SEAL_WRITE))
    t.add_seals(fd, F_SEAL_FUTURE_WRITE)
    t.write(address, 4 * PAGE)  # what is mapped stays writable
    fails(errno.EPERM, lambda: t.pwrite(fd, 1, 0))
    fails(errno.EPERM, lambda: t.mmap_fd(0, PAGE, RW, MAP_SHARED, fd))
    fails(errno.EPERM, lambda: t.fallocate(fd, PUNCH, 0, PAGE))
    read_only = t.mmap_fd(0, PAGE, PROT_READ, MAP_SHARED, fd)
    fails(errno.EACCES, lambda: t.mprotect(read_only, PAGE, RW))
    t.mmap_fd(0, PAGE, RW, MAP_PRIVATE, fd)


def test_a_memfd_without_sealing_cannot_be_sealed(engine: str) -> None:
    t = task(engine)
    fd = t.memfd_create("m")
    fails(errno.EPERM, lambda: t.add_seals(fd, F_SEAL_GROW))
    fails(errno.EINVAL, lambda: t.memfd_create("n" * 250))
    assert t.get_seals(fd) == 1
    assert t.fd_path(fd) == "/memfd:m"


def test_secret_memory_is_off_before_6_5(engine: str) -> None:
    assert task(engine, kernel="6.12").memfd_secret() == 0
    fails(errno.ENOSYS, lambda: task(engine, kernel="6.1").memfd_secret())


def test_a_full_tmpfs_writes_what_fits_and_then_nothing(engine: str) -> None:
    t = task(engine)
    t.machine.namespace.make_directories("/small")
    t.machine.namespace.mount("/small", "tmpfs", size=4 * PAGE, nr_inodes=3)
    fd = t.open("/small/f", O_CREAT | O_RDWR)
    assert t.pwrite(fd, 6 * PAGE, PAGE // 2) == 4 * PAGE - PAGE // 2
    fails(errno.ENOSPC, lambda: t.pwrite(fd, PAGE, 4 * PAGE))
    assert t.pwrite(fd, PAGE, 0) == PAGE  # what is there can be written to
    t.ftruncate(fd, PAGE)
    assert t.pwrite(fd, 9 * PAGE, PAGE) == 3 * PAGE
    t.open("/small/g", O_CREAT)
    fails(errno.ENOSPC, lambda: t.open("/small/h", O_CREAT))
    t.machine.check()


def test_a_store_to_a_full_tmpfs_is_a_bus_error(engine: str) -> None:
    t = task(engine)
    t.machine.namespace.make_directories("/small")
    t.machine.namespace.mount("/small", "tmpfs", size=2 * PAGE)
    fd = t.open("/small/f", O_CREAT | O_RDWR)
    t.ftruncate(fd, 8 * PAGE)
    address = t.mmap_fd(0, 8 * PAGE, RW, MAP_SHARED, fd)
    with pytest.raises(BusError) as error:
        t.write(address, 8 * PAGE)
    assert error.value.done == 2
    t.machine.check()


def test_fallocate_of_memory_is_all_or_nothing(engine: str) -> None:
    t = task(engine)
    t.machine.namespace.make_directories("/small")
    t.machine.namespace.mount("/small", "tmpfs", size=8 * PAGE)
    fd, other = (t.open(f"/small/{name}", O_CREAT | O_RDWR) for name in "ab")
    t.pwrite(other, 2 * PAGE, 0)
    t.pwrite(fd, PAGE, PAGE)
    fails(errno.ENOSPC, lambda: t.fallocate(fd, 0, 0, 8 * PAGE))
    fails(errno.ENOSPC, lambda: t.fallocate(fd, 0, 0, 9 * PAGE))
    assert shmem_kb(t) == 12  # what it had made is gone, what was there is not
    t.fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 5 * PAGE)
    assert shmem_kb(t) == 28
    assert t.stat("/small/a") == 2 * PAGE
    t.machine.check()


def test_a_hole_takes_mapped_pages_and_leaves_private_copies(engine: str) -> None:
    t = task(engine)
    fd = t.memfd_create("m")
    t.ftruncate(fd, 16 * PAGE)
    shared = t.mmap_fd(0, 16 * PAGE, RW, MAP_SHARED, fd)
    private = t.mmap_fd(0, 16 * PAGE, RW, MAP_PRIVATE, fd)
    t.write(shared, 16 * PAGE)
    t.write(private, 2 * PAGE)
    t.fallocate(fd, PUNCH, PAGE // 2, 4 * PAGE)
    # the page that the hole begins in, and the one that it ends in, stay
    assert t.mincore(shared, 16 * PAGE) == bytes([1, 0, 0, 0] + [1] * 12)
    assert t.mincore(private, 5 * PAGE) == bytes([1, 1, 0, 0, 1])
    t.machine.check()


@pytest.mark.parametrize("seed", range(4))
def test_random_calls_leave_everything_accounted_for(engine: str, seed: int) -> None:
    t, rng = task(engine), random.Random(seed)
    t.machine.namespace.make_directories("/small")
    t.machine.namespace.mount("/small", "tmpfs", size=60 * PAGE)
    fds = [t.open(f"/small/{n}", O_CREAT | O_RDWR) for n in range(3)] + [t.memfd_create("m", 2)]
    maps: list[int] = []
    for _ in range(150):
        fd, at, n = rng.choice(fds), rng.randrange(200_000), rng.randrange(1, 60_000)
        calls: list[Callable[[], object]] = [
            lambda fd=fd, at=at, n=n: t.pwrite(fd, n, at),
            lambda fd=fd, at=at, n=n: t.pread(fd, n, at),
            lambda fd=fd, at=at: t.ftruncate(fd, at),
            lambda fd=fd, at=at, n=n: t.fallocate(fd, rng.choice([0, 1, 3]), at, n),
            lambda fd=fd: maps.append(t.mmap_fd(0, 10 * PAGE, RW, rng.choice([1, 2]), fd)),
            lambda: maps and t.write(rng.choice(maps), 10 * PAGE),
            lambda: maps and t.munmap(maps.pop(), 10 * PAGE),
        ]
        try:
            rng.choice(calls)()
        except OSError as error:
            assert error.errno in (errno.ENOSPC, errno.EPERM)
        except BusError:
            pass
    t.machine.check()
    t.exit()
    for n in range(3):
        t.machine.namespace.unlink(f"/small/{n}")
    assert shmem_kb(t) == 0
    t.machine.check()
