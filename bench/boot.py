"""Booting a machine of 1 TiB, in a fresh process: time of Machine(), and the process's memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from figures import Figure

BOOT = """
import resource, time
from mmtwin.machine import Machine
def rss():
    return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()
Machine(ram="64M", cpus=1, engine="compiled")
start = time.perf_counter()
machine = Machine(ram="1T", cpus=2, engine="compiled")
print(time.perf_counter() - start, rss())
"""


def figures(repeat: int) -> list[Figure]:
    times, sizes = [], []
    for _ in range(repeat):
        done = subprocess.run(
            [sys.executable, "-c", BOOT],
            env=dict(os.environ),
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, rss = done.stdout.split()
        times.append(float(seconds))
        sizes.append(int(rss))
    return [
        Figure("boot of a 1 TiB machine", statistics.median(times) * 1e3, "ms", 100),
        Figure("memory of the whole process then", statistics.median(sizes) / 1e6, "MB", 100),
    ]
