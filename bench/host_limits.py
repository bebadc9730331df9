"""A page-event recording in less memory: on this host's kernel, and in the twin.

    bench/host_limits.py RECORDING.ev[.gz] --on DIR [--at 0.9,0.8,0.6,0.4] [--monitor 20]

The events are played by a C program (play_events.c) on a file in DIR, which should lie on a quick
device with `read_ahead_kb` 128 (a file system on zram or a loop device), in a memory cgroup whose
memory.stat is read every --monitor ms. Needs root, a C compiler and the memory controller. Only
file 0 is played, kinds 0 to 3. Each limit is run twice, so that the kernel's own spread is seen.
"""

from __future__ import annotations

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import limits
import numpy as np

from mmtwin.trace.page_events import RECORD, SIZE

PAGE = 4096
CGROUPS = Path("/sys/fs/cgroup")
V1 = CGROUPS / "memory"
QUICK_DISK = ["disk.nvme0n1.read_latency_ns=5000"]  # as that of a file system in memory


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--on", type=Path, required=True)
    parser.add_argument("--at", default="0.9,0.8,0.6,0.4")
    parser.add_argument("--anon", type=int, default=0, help="pages from the start on")
    parser.add_argument("--monitor", type=int, default=20, help="ms between reads; 0: none")
    options = parser.parse_args()
    unlimited = twin(options.recording, options.anon, options.monitor, 0)
    with player(options.recording, options.on) as play:
        for at in [float(text) for text in options.at.split(",")]:
            limit = int(unlimited["memory.peak"] * at) // PAGE * PAGE
            real = [play(options.anon, limit, options.monitor) for _ in range(2)]
            found = twin(options.recording, options.anon, options.monitor, limit)
            print(row(at, real, found), flush=True)
    return 0


def row(at: float, real: list[tuple[int, int]], found: dict[str, int]) -> str:
    mean = sum(pages for _, pages in real) / len(real)
    pages = found["read_bytes"] // PAGE
    hosts = "  ".join(f"{majors:>7} {read:>9}" for majors, read in real)
    off = 100.0 * (pages - mean) / mean if mean else 0.0
    return (
        f"{at:4.2f}  host majflt, pages read {hosts}   twin {found['major']:>7} {pages:>9}  "
        f"{off:+.1f} %"
    )


def twin(recording: Path, anon: int, monitor: int, limit: int) -> dict[str, int]:
    """`mmtwin run` of it: counters, and `major` faults."""
    given = ("--monitor", str(monitor), *(("--anon", str(anon * PAGE)) if anon else ()))
    found = limits.run(recording, limit, QUICK_DISK, given)
    return {**found, "major": found["faults"]["major"]}


@contextmanager
def player(recording: Path, on: Path) -> Iterator[Callable[[int, int, int], tuple[int, int]]]:
    """A function of (anonymous pages, limit, monitor ms): major faults and pages read."""
    raw = recording.read_bytes()
    data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    records = np.frombuffer(data, RECORD)
    sizes = records["page"][records["kind"] == SIZE]
    pages = int(sizes.max()) if len(sizes) else int(records["page"].max()) + 1
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory(dir=on) as place:
        program, events = Path(scratch, "play"), Path(scratch, "events")
        source = Path(__file__).with_name("play_events.c")
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
        events.write_bytes(data)
        file = Path(place, "file")
        file.write_bytes(os.urandom(PAGE) * pages)
        os.sync()

        def play(anon: int, limit: int, monitor: int) -> tuple[int, int]:
            with cgroup(limit, monitor) as procs:
                done = subprocess.run([program, events, file, str(anon), procs],
                                      capture_output=True, text=True, check=True)  # fmt: skip
            majors, read = done.stdout.split()
            return int(majors), int(read)

        yield play


@contextmanager
def cgroup(limit: int, monitor: int) -> Iterator[Path]:
    """A group with that limit, its memory.stat read every so many ms: its cgroup.procs."""
    group = (V1 if V1.is_dir() else CGROUPS) / f"host_limits_{os.getpid()}"
    group.mkdir()
    done = threading.Event()
    reader = threading.Thread(target=_read, args=(group / "memory.stat", monitor, done))
    try:
        name = "memory.limit_in_bytes" if V1.is_dir() else "memory.max"
        (group / name).write_text(str(limit))
        if monitor:
            reader.start()
        yield group / "cgroup.procs"
    finally:
        done.set()
        if monitor:
            reader.join()
        time.sleep(0.2)  # the last task leaves
        group.rmdir()


def _read(path: Path, monitor: int, done: threading.Event) -> None:
    while not done.wait(monitor / 1000):
        path.read_text()


if __name__ == "__main__":
    sys.exit(main())
