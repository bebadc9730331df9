"""Random calls on files, by two tasks, on disks that fail now and then: everything adds up."""

from __future__ import annotations

import contextlib
import errno
import random
from collections.abc import Callable

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.block import REQ_OP_READ, REQ_OP_WRITE
from mmtwin.mm.uapi import (
    MAP_PRIVATE,
    MAP_SHARED,
    O_APPEND,
    O_CREAT,
    O_DIRECT,
    O_DSYNC,
    O_RDWR,
    O_TRUNC,
    PROT_READ,
    PROT_WRITE,
)
from mmtwin.task import BusError, Task

PAGE = 4096
RW = PROT_READ | PROT_WRITE
FLAGS = (0, 0, O_APPEND, O_DIRECT, O_DSYNC, O_TRUNC)
EXPECTED = {errno.EIO, errno.ENOSPC, errno.EINVAL, errno.ENOENT, errno.EBADF, errno.EOPNOTSUPP,
            errno.EXDEV, errno.EEXIST}  # fmt: skip
FALLOCATE_MODES = (0, 1, 3, 8, 16, 32)


class World:
    """Two tasks, a small ext4, a small tmpfs."""

    def __init__(self, engine: str, seed: int) -> None:
        self.rng = random.Random(seed)
        self.machine = Machine(ram="64M", cpus=2, engine=engine)
        namespace = self.machine.namespace
        for path, kind, device in (("/d", "ext4", 1), ("/t", "tmpfs", 0)):
            namespace.make_directories(path)
            namespace.mount(path, kind, device=device, size=200 * PAGE, nr_inodes=20)
        first = self.machine.spawn()
        self.tasks = [first, first.fork()]
        self.maps: dict[Task, list[int]] = {task: [] for task in self.tasks}

    def path(self) -> str:
        return f"/{self.rng.choice('dt')}/{self.rng.choice('abc')}"

    def fd(self, task: Task) -> int:
        return self.rng.choice(list(task.fds) or [99])

    def range(self) -> tuple[int, int]:
        unit = self.rng.choice([1, 512, PAGE])
        return self.rng.randrange(300_000) // unit * unit, self.rng.randrange(60_000) // unit * unit

    def step(self) -> None:
        rng, task = self.rng, self.rng.choice(self.tasks)
        at, n = self.range()
        fd, maps = self.fd(task), self.maps[task]
        calls: list[Callable[[], object]] = [
            lambda: task.open(self.path(), O_RDWR | O_CREAT | rng.choice(FLAGS)),
            lambda: task.close(fd),
            lambda: task.pread(fd, n, at),
            lambda: task.pwrite(fd, n, at),
            lambda: task.sys_write(fd, n),
            lambda: task.ftruncate(fd, at),
            lambda: task.fallocate(fd, rng.choice(FALLOCATE_MODES), at, n),
            lambda: task.unlink(self.path()),
            lambda: task.fsync(fd),
            lambda: task.sendfile(fd, self.fd(task), n),
            lambda: maps.append(task.mmap_fd(0, 9 * PAGE, RW, self.kind(), fd, at // PAGE * PAGE)),
            lambda: maps and task.write(rng.choice(maps), 9 * PAGE),
            lambda: maps and task.read(rng.choice(maps), 9 * PAGE),
            lambda: maps and task.munmap(maps.pop(), 9 * PAGE),
            lambda: maps and task.msync(rng.choice(maps), 9 * PAGE),
            self.machine_step,
        ]
        try:
            rng.choice(calls)()
        except OSError as error:
            if error.errno not in EXPECTED:
                raise
        except BusError:
            pass

    def kind(self) -> int:
        return self.rng.choice([MAP_SHARED, MAP_PRIVATE])

    def machine_step(self) -> None:
        machine, block = self.machine, self.machine.block
        ops = 1 << self.rng.choice([REQ_OP_READ, REQ_OP_WRITE])
        self.rng.choice(
            [
                lambda: machine.write("/proc/sys/vm/drop_caches", "3"),
                lambda: machine.clock.sleep_until(machine.clock.now() + 10**9),
                lambda: self.tasks[0].sync(),
                lambda: block.inject(1, 0, 0, 0, ops, -errno.EIO, 2),
                block.clear_errors,
            ]
        )()

    def end(self) -> None:
        """Everything is closed and removed: nothing is left."""
        self.machine.block.clear_errors()
        for task in self.tasks:
            task.exit()
        for name in "abc":
            for place in "dt":
                with contextlib.suppress(FileNotFoundError):
                    self.machine.namespace.unlink(f"/{place}/{name}")


@pytest.mark.parametrize("seed", range(6))
def test_random_calls_add_up(engine: str, seed: int) -> None:
    world = World(engine, seed)
    for step in range(250):
        world.step()
        if step % 50 == 0:
            world.machine.check()
    world.machine.check()
    world.end()
    world.machine.check()
    for path in ("/d", "/t"):
        record = world.machine.arena.super_blocks[world.machine.namespace.mounts[path]]
        assert (int(record.used_blocks), int(record.used_inodes)) == (0, 1)
