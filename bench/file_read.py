"""How long a sequential read of a file takes that is many times larger than memory."""

from __future__ import annotations

import time

from figures import Figure

from mmtwin.machine import Machine

GB = 10**9
FILE, CHUNK = 100 * GB, 1 << 20
TARGET_SECONDS = 120


def figures(repeat: int) -> list[Figure]:
    """One run, whatever `repeat` says: it is long."""
    machine = Machine(ram="16G", cpus=1, engine="compiled")
    machine.namespace.make_directories("/data")
    machine.namespace.mount("/data", "ext4", device=1)
    machine.namespace.create_on_disk("/data/file", FILE)
    task = machine.spawn("cat")
    fd = task.open("/data/file")
    start = time.thread_time()
    for offset in range(0, FILE, CHUNK):
        if not task.pread(fd, CHUNK, offset):
            raise OSError(f"nothing read at {offset}")
    seconds = time.thread_time() - start
    return [Figure("read 100 GB through a 16 GiB machine", seconds, "s", TARGET_SECONDS)]
