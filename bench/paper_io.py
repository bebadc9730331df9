"""Replays a real application's file I/O on a 268 GB server, and compares times and dirty data.

    python bench/paper_io.py --data DIR --size 20 --size 50 --size 100

Per operation (read, write, three times over; a fresh process each time): the real and the simulated
duration and dirty amount, then the mean errors of each size and of all. DIR is the folder of
published measurements (real/NNgb/timestamps.csv and atop_mem.log). The time between the operations
is the application's own, taken from the data.

The machine has the published bandwidths and settings, two sockets of 16 cores with half of the
memory each, and else the defaults. What follows from the published figures:

- A pass over a page of memory (copying it from the cache, zeroing it) takes as long as its 4096
  bytes do at the published memory read bandwidth; of the other node's memory twice as long (ACPI's
  distance of 20 to 10 for a node's own).
- A first touch of anonymous memory is a pass to zero the page. The distribution has transparent
  huge pages on, so that a fault serves 512 pages: its price is divided by that.
- The published disk write bandwidth is that of a file written and synced, which takes the copy into
  the cache and then the device's time. --raw-disk-write takes it for the device's own instead.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmtwin.config import LOCAL_DISTANCE, REMOTE_DISTANCE
from mmtwin.costs import CostConfig
from mmtwin.machine import Machine
from mmtwin.mm.vmstat_items import NR_FILE_DIRTY
from mmtwin.task import Task

PAGE, GB = 4096, 10**9
RAM_PAGES = 65_572_099  # as the log says
NODES, CPUS = 2, 32
MEMORY_READ, MEMORY_WRITE = 6860e6, 2764e6  # bytes a second
DISK_READ, DISK_WRITE = 510e6, 420e6
PASS_NS = PAGE / MEMORY_READ * 1e9
HUGE_PAGE = 512
O_RDONLY, O_WRONLY_CREAT = 0, 0o101
PROT_RW, MAP_PRIVATE_ANON = 3, 0x22
CHUNK = 1 << 17  # how much is copied before the pages of the buffer that it goes to are touched
LEAST_DIRTY_GB = 0.1


@dataclass
class Operation:
    """One read or write: seconds, and GB dirty at its end."""

    kind: str
    start: float
    end: float
    dirty: float


def real_operations(folder: Path) -> list[Operation]:
    """The published operations, with the dirty data of the log."""
    times, dirty = [], []
    for line in (folder / "atop_mem.log").read_text().splitlines():
        fields = line.split()
        if fields and fields[0] == "MEM":
            times.append(float(fields[2]))
            dirty.append(int(fields[12]) * PAGE / GB)
    with open(folder / "timestamps.csv", newline="") as file:
        rows = [(row[0].strip(), float(row[1]), float(row[2])) for row in csv.reader(file) if row]
    return [Operation(k, a, b, interpolate(times, dirty, b)) for k, a, b in rows]


def interpolate(xs: list[float], ys: list[float], x: float) -> float:
    """The value at x between the log's seconds."""
    for i in range(len(xs) - 1):
        if xs[i] <= x <= xs[i + 1]:
            return ys[i] + (ys[i + 1] - ys[i]) * (x - xs[i]) / (xs[i + 1] - xs[i])
    return ys[-1]


def server(device_write: float) -> Machine:
    """The machine of the measurements."""
    return Machine(
        ram=RAM_PAGES * PAGE // (NODES << 22) * (NODES << 22),
        nodes=NODES,
        cpus=CPUS,
        hz=1000,
        kernel="6.1",  # the oldest that is modelled; the server had 4.18
        disk=[
            {
                "name": "sda",
                "profile": "ssd",
                "read_bandwidth": int(DISK_READ),
                "write_bandwidth": int(device_write),
                "size": "4T",
            }
        ],
        cost={
            "fault_ns": CostConfig.fault_ns / HUGE_PAGE,
            "zero_page_ns": PASS_NS,
            "read_page_ns": PASS_NS,
            "write_page_ns": PAGE / MEMORY_WRITE * 1e9,
            "remote_page_ns": PASS_NS * (REMOTE_DISTANCE - LOCAL_DISTANCE) / LOCAL_DISTANCE,
        },
        sysctl={"vm.dirty_ratio": 40, "vm.dirty_background_ratio": 10},
        engine="compiled",
    )


def device_behind(synced: float) -> float:
    """The device's own rate, if that of writing a file and syncing it is `synced`."""
    return 1 / (1 / synced - 1 / MEMORY_WRITE)


class Simulation:
    """The application on the machine."""

    def __init__(self, size: int, real: list[Operation], device_write: float) -> None:
        self.size, self.real = size, real
        self.m = server(device_write)
        self.node = 0
        self.m.namespace.make_directories("/data")
        self.m.namespace.mount("/data", "ext4", device=1)
        self.m.namespace.create_on_disk("/data/file1", size)
        self.done: list[Operation] = []

    def run(self) -> Iterator[Operation]:
        """Each operation when it is done."""
        for step in range(len(self.real) // 2):
            yield from self.step(step)

    def step(self, step: int) -> Iterator[Operation]:
        """One process: read file N, compute, write file N + 1, exit."""
        self.gap(2 * step)
        task = self.m.spawn(f"step{step + 1}")
        self.m.processes.switch_to(task.index, self.place())
        buffer = int(task.mmap(0, self.size, PROT_RW, MAP_PRIVATE_ANON))
        yield self.timed("read", lambda: self.read(task, f"/data/file{step + 1}", buffer))
        task.write(buffer, self.size)  # every byte is incremented
        self.gap(2 * step + 1)
        yield self.timed("write", lambda: self.write(task, f"/data/file{step + 2}"))
        task.exit(0)

    def place(self) -> int:
        """The CPU of a new process. The scheduler is not modelled: it is the last one's node while
        the buffer and the new file fit there, else the node with the most free memory."""
        free = [self.free_bytes(node) for node in range(NODES)]
        if free[self.node] < 2 * self.size:
            self.node = free.index(max(free))
        return self.node * CPUS // NODES

    def free_bytes(self, node: int) -> int:
        text = self.m.read(f"/sys/devices/system/node/node{node}/meminfo")
        return int(text.partition("MemFree:")[2].split()[0]) << 10

    def gap(self, number: int) -> None:
        """Whatever else the application does before an operation, as long as it really took."""
        if number:
            pause = self.real[number].start - self.real[number - 1].end
            end = self.done[number - 1].end + pause
            self.m.clock.sleep_until(int(end * 1e9))

    def timed(self, kind: str, work: Callable[[], None]) -> Operation:
        start = int(self.m.clock.now()) / 1e9
        work()
        end = int(self.m.clock.now()) / 1e9
        dirty = int(self.m.vmstat.global_node_page_state(NR_FILE_DIRTY)) * PAGE / GB
        self.done.append(Operation(kind, start, end, dirty))
        return self.done[-1]

    def read(self, task: Task, path: str, buffer: int) -> None:
        """read() of the whole file; the copy faults the buffer in as it goes."""
        fd = task.open(path, O_RDONLY)
        for offset in range(0, self.size, CHUNK):
            part = min(CHUNK, self.size - offset)
            if task.pread(fd, part, offset) != part:
                raise OSError(f"{path}: short read at {offset}")
            task.write(buffer + offset, part)
        task.close(fd)

    def write(self, task: Task, path: str) -> None:
        fd = task.open(path, O_WRONLY_CREAT)
        for offset in range(0, self.size, 8 * CHUNK):
            part = min(8 * CHUNK, self.size - offset)
            if task.pwrite(fd, part, offset) != part:
                raise OSError(f"{path}: short write at {offset}")
        task.close(fd)


def error(simulated: float, real: float) -> float:
    return abs(simulated - real) / real


@dataclass
class Errors:
    """Of the operations of a size, or of all."""

    times: list[float] = field(default_factory=list)
    dirty: list[float] = field(default_factory=list)

    def add(self, real: Operation, simulated: Operation) -> str:
        """Note an operation; it as a line."""
        took = real.end - real.start, simulated.end - simulated.start
        self.times.append(error(took[1], took[0]))
        row = f"{took[0]:12.2f} {took[1]:12.2f} {self.times[-1]:6.1%}"
        row += f" {real.dirty:9.2f} {simulated.dirty:13.2f}"
        if real.dirty >= LEAST_DIRTY_GB:
            self.dirty.append(error(simulated.dirty, real.dirty))
            row += f"       {self.dirty[-1]:6.1%}"
        return row

    def __str__(self) -> str:
        dirty = f"{sum(self.dirty) / len(self.dirty):.1%}" if self.dirty else "-"
        return f"mean error of times {sum(self.times) / len(self.times):.1%}, of dirty data {dirty}"


def replay(size: int, folder: Path, device_write: float) -> Errors:
    """One size, printed as it goes."""
    began, errors = time.monotonic(), Errors()
    real = real_operations(folder)
    simulation = Simulation(size * GB, real, device_write)
    for number, (a, b) in enumerate(zip(real, simulation.run(), strict=True)):
        print(f"{size:4}  {a.kind:5} {number // 2 + 1} {errors.add(a, b)}", flush=True)
    print(f"      {errors}; took {time.monotonic() - began:.0f} s", flush=True)
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the measurements")
    parser.add_argument("--size", type=int, action="append", help="GB; repeatable; default 20")
    parser.add_argument(
        "--raw-disk-write",
        action="store_const",
        const=DISK_WRITE,
        default=device_behind(DISK_WRITE),
        help="the published disk write bandwidth is the device's own, not that of a synced write",
    )
    options = parser.parse_args()
    total = Errors()
    print("size  operation     real s  simulated s  error   real GB  simulated GB dirty  error")
    for size in options.size or [20]:
        errors = replay(size, options.data / "real" / f"{size:02d}gb", options.raw_disk_write)
        total.times += errors.times
        total.dirty += errors.dirty
    print(f"all: {total}")


if __name__ == "__main__":
    main()
