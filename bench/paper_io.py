"""Replays a real application's file I/O on a 268 GB server, and compares times and dirty data.

    python bench/paper_io.py --data DIR --size 20 --size 50 --size 100

Per operation (read, write, three times over; a fresh process each time): the real and the simulated
duration and dirty amount, then the mean errors. DIR is the folder of published measurements
(real/NNgb/timestamps.csv and atop_mem.log). The machine has the published bandwidths and settings
and else the defaults; the time between the operations is the application's own, taken from the
data.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mmtwin.machine import Machine
from mmtwin.mm.vmstat_items import NR_FILE_DIRTY
from mmtwin.task import Task

PAGE, GB = 4096, 10**9
RAM_PAGES = 65_572_099  # as the log says
MEMORY_READ, MEMORY_WRITE = 6860e6, 2764e6  # bytes a second
DISK_READ, DISK_WRITE = 510_000_000, 420_000_000
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


def server() -> Machine:
    """The machine of the measurements."""
    return Machine(
        ram=RAM_PAGES * PAGE >> 22 << 22,
        cpus=32,
        kernel="6.1",  # the oldest that is modelled; the server had 4.18
        disk=[
            {
                "name": "sda",
                "profile": "ssd",
                "read_bandwidth": DISK_READ,
                "write_bandwidth": DISK_WRITE,
                "size": "4T",
            }
        ],
        cost={
            "read_page_ns": PAGE / MEMORY_READ * 1e9,
            "write_page_ns": PAGE / MEMORY_WRITE * 1e9,
        },
        sysctl={"vm.dirty_ratio": 40, "vm.dirty_background_ratio": 10},
        engine="compiled",
    )


class Simulation:
    """The application on the machine."""

    def __init__(self, size: int, real: list[Operation]) -> None:
        self.size, self.real = size, real
        self.m = server()
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
        self.m.processes.switch_to(task.index, 0)
        buffer = int(task.mmap(0, self.size, PROT_RW, MAP_PRIVATE_ANON))
        yield self.timed("read", lambda: self.read(task, f"/data/file{step + 1}", buffer))
        task.write(buffer, self.size)  # every byte is incremented
        self.gap(2 * step + 1)
        yield self.timed("write", lambda: self.write(task, f"/data/file{step + 2}"))
        task.exit(0)

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the measurements")
    parser.add_argument("--size", type=int, action="append", help="GB; repeatable; default 20")
    options = parser.parse_args()
    times: list[float] = []
    dirts: list[float] = []
    print("size  operation     real s  simulated s  error   real GB  simulated GB dirty  error")
    for size in options.size or [20]:
        began = time.monotonic()
        real = real_operations(options.data / "real" / f"{size:02d}gb")
        simulation = Simulation(size * GB, real)
        for number, (a, b) in enumerate(zip(real, simulation.run(), strict=True)):
            times.append(error(b.end - b.start, a.end - a.start))
            row = f"{size:4}  {a.kind:5} {number // 2 + 1} {a.end - a.start:12.2f}"
            row += f" {b.end - b.start:12.2f} {times[-1]:6.1%} {a.dirty:9.2f} {b.dirty:13.2f}"
            if a.dirty >= LEAST_DIRTY_GB:
                dirts.append(error(b.dirty, a.dirty))
                row += f"       {dirts[-1]:6.1%}"
            print(row, flush=True)
        print(f"      took {time.monotonic() - began:.0f} s", flush=True)
    print(f"mean error of times {sum(times) / len(times):.1%}, of dirty data", end=" ")
    print(f"{sum(dirts) / len(dirts):.1%}" if dirts else "-")


if __name__ == "__main__":
    main()
