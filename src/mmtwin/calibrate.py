"""Measures what the engine's clock charges, on the host that this runs on.

Each figure is the median of several runs; its spread is the distance between the quartiles, as a
part of the median. What the host's kernel does besides (huge pages, a busy neighbour) is in them:
a profile is good to the spread that it states, not better.
"""

from __future__ import annotations

import mmap
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
PAGE = 4096
PAGES = 16384  # of a run: 64 MiB
LINES = 4096  # that the TLB run touches
MADV_NOHUGEPAGE = 15


@dataclass(frozen=True)
class Measured:
    """One figure: its median and its spread (a fraction)."""

    value: float
    spread: float

    @classmethod
    def of(cls, samples: list[float]) -> Measured:
        middle = statistics.median(samples)
        low, _, high = statistics.quantiles(samples, n=4)
        return cls(middle, (high - low) / middle if middle else 0.0)

    def less(self, other: float) -> Measured:
        """The rest of it, never below 0."""
        return Measured(max(0.0, self.value - other), self.spread)


def measure(directory: str | os.PathLike[str], repeat: int = 7) -> dict[str, Measured]:
    """Every figure, ns or bytes a second; files are made in `directory` and removed again."""
    found: dict[str, Measured] = {}
    found["syscall_ns"] = _timed(repeat, _syscalls, 20_000)
    zero = _timed(repeat, _zero, PAGES)
    fault = _timed(repeat, _faults, PAGES)
    found["fault_ns"], found["zero_page_ns"] = fault.less(zero.value), zero
    found["free_page_ns"] = _timed(repeat, _frees, PAGES)
    found["tlb_miss_ns"] = _tlb(repeat)
    found["memory_read_bandwidth"] = _rate(_timed(repeat, _load, PAGES))
    found["memory_write_bandwidth"] = _rate(zero)
    with tempfile.TemporaryDirectory(dir=directory, prefix="mmtwin-calibrate-") as folder:
        found |= _files(Path(folder) / "file", repeat)
    return found


def profile(found: dict[str, Measured], directory: str | os.PathLike[str]) -> str:
    """The figures as a TOML file: `cost_profile` and `--machine` take it."""
    costs = ["syscall_ns", "fault_ns", "zero_page_ns", "read_page_ns", "write_page_ns"]
    costs += ["free_page_ns", "tlb_miss_ns"]
    text = ["# Written by mmtwin calibrate; after each figure its spread (quartiles / median).\n"]
    text.append("[cost]\n")
    text += [f"{name} = {found[name].value:.0f}  {_spread(found[name])}\n" for name in costs]
    text.append(f"\n[[disk]]  # the device of {os.fspath(directory)}\n")
    text.append('name = "sda"\nprofile = "ssd"\n')
    disk = ("read_latency_ns", "write_latency_ns", "read_bandwidth", "write_bandwidth")
    text += [f"{name} = {found[name].value:.0f}  {_spread(found[name])}\n" for name in disk]
    rates = ("memory_read_bandwidth", "memory_write_bandwidth")
    text.append("\n# Bytes a second, which no key takes:\n")
    text += [f"# {name} {found[name].value:.0f}  {_spread(found[name])}\n" for name in rates]
    return "".join(text)


def _spread(figure: Measured) -> str:
    return f"# +- {figure.spread:.0%}"


def _timed(repeat: int, run: Callable[[], float], times: int) -> Measured:
    """ns of one of the `times` things that `run` does in the seconds that it gives."""
    run()
    return Measured.of([run() * 1e9 / times for _ in range(repeat)])


def _rate(page: Measured) -> Measured:
    """Bytes a second, from ns a page."""
    return Measured(PAGE * 1e9 / page.value, page.spread)


@contextmanager
def _stopwatch() -> Iterator[list[float]]:
    seconds = [0.0]
    start = time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - start


def _memory(pages: int = PAGES) -> tuple[mmap.mmap, Bytes]:
    """Anonymous memory of small pages that was never touched, and it as an array; it goes with
    the last reference."""
    area = mmap.mmap(-1, pages * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.madvise(MADV_NOHUGEPAGE)
    return area, np.frombuffer(area, np.uint8)


def _syscalls() -> float:
    read = os.getppid
    with _stopwatch() as loop:
        for _ in range(20_000):
            pass
    with _stopwatch() as calls:
        for _ in range(20_000):
            read()
    return max(calls[0] - loop[0], 1e-9)


def _faults() -> float:
    _, array = _memory()
    with _stopwatch() as seconds:
        array[::PAGE] = 1
    return seconds[0]


def _frees() -> float:
    area, array = _memory()
    array[::PAGE] = 1
    with _stopwatch() as seconds:
        area.madvise(mmap.MADV_DONTNEED)
    return seconds[0]


def _zero() -> float:
    _, array = _memory()
    array[::PAGE] = 1
    with _stopwatch() as seconds:
        array[:] = 0
    return seconds[0]


def _load() -> float:
    _, array = _memory()
    array[:] = 1
    words = array.view(np.uint64)
    with _stopwatch() as seconds:
        words.sum()
    return seconds[0]


def _tlb(repeat: int) -> Measured:
    """A line of each of many pages, less as many lines of few pages, in random order: both fit the
    second cache, only the latter the TLBs."""
    order = np.random.default_rng(1).permutation(LINES)
    _, array = _memory(LINES)
    array[:] = 1
    far = order * PAGE + order % 64 * 64
    near = order * 64
    samples = [_gather(array, far) - _gather(array, near) for _ in range(repeat)]
    return Measured.of([max(0.1, sample * 1e9 / LINES) for sample in samples])


def _gather(array: Bytes, at: npt.NDArray[np.int64]) -> float:
    array.take(at)
    with _stopwatch() as seconds:
        array.take(at)
    return seconds[0]


def _files(path: Path, repeat: int) -> dict[str, Measured]:
    """Reads and writes of a file, cached and not."""
    data = bytes(PAGES * PAGE)
    cached, fresh, synced, small = [], [], [], []
    for _ in range(repeat):
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            with _stopwatch() as write:
                os.write(fd, data)
            with _stopwatch() as sync:
                os.fsync(fd)
            fresh.append(write[0] * 1e9 / PAGES)
            synced.append(len(data) / sync[0])
            small.append(_small_write(fd))
            cached.append(_cached_read(fd, len(data)))
        finally:
            os.close(fd)
    return {
        "read_page_ns": Measured.of(cached),
        "write_page_ns": Measured.of(fresh),
        "write_bandwidth": Measured.of(synced),
        "write_latency_ns": Measured.of(small),
        **_cold_reads(path, repeat, len(data)),
    }


def _small_write(fd: int) -> float:
    with _stopwatch() as seconds:
        os.pwrite(fd, bytes(PAGE), 0)
        os.fdatasync(fd)
    return seconds[0] * 1e9


def _cached_read(fd: int, length: int) -> float:
    buffer = bytearray(1 << 17)
    os.preadv(fd, [buffer], 0)
    with _stopwatch() as seconds:
        for offset in range(0, length, len(buffer)):
            os.preadv(fd, [buffer], offset)
    return seconds[0] * 1e9 * PAGE / length


def _cold_reads(path: Path, repeat: int, length: int) -> dict[str, Measured]:
    """Of a file whose cached pages were dropped."""
    whole, single = [], []
    buffer = bytearray(1 << 20)
    page = bytearray(PAGE)
    for _ in range(repeat):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            with _stopwatch() as seconds:
                os.preadv(fd, [page], length // 2)
            single.append(seconds[0] * 1e9)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            with _stopwatch() as seconds:
                for offset in range(0, length, len(buffer)):
                    os.preadv(fd, [buffer], offset)
            whole.append(length / seconds[0])
        finally:
            os.close(fd)
    return {"read_bandwidth": Measured.of(whole), "read_latency_ns": Measured.of(single)}
