"""Mapped accesses: TLB hits alone, and a Zipf trace beside libCacheSim's LRU on the same trace."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from figures import BASE, PAGE, Figure, machine_with_mapping, median_seconds, zipf_trace

OBJECTS, ACCESSES = 1_000_000, 10_000_000
HIT_PAGES = 48  # of an L1 of 64


def figures(repeat: int) -> list[Figure]:
    trace = zipf_trace(OBJECTS, ACCESSES)
    hits = np.random.default_rng(1).integers(0, HIT_PAGES, ACCESSES)
    machine = machine_with_mapping(OBJECTS)
    machine.access.touch_range(BASE, OBJECTS * PAGE, PAGE, 1)
    rates = {}
    for name, pages in (("hit", hits), ("zipf", trace)):
        batch = pages.astype(np.uint64) * np.uint64(PAGE) + np.uint64(BASE)
        machine.access.access_batch(batch)  # warm up
        seconds = median_seconds(lambda b=batch: machine.access.access_batch(b), repeat, int)
        rates[name] = ACCESSES / seconds / 1e6
    peer = {size: peer_rate(trace, size, repeat) for size in (OBJECTS, 100_000)}
    return [
        Figure("accesses that hit the L1 TLB", rates["hit"], "M/s", 50, at_least=True),
        Figure("Zipf accesses, misses and walks included", rates["zipf"], "M/s"),
        Figure("libCacheSim LRU, same trace, all objects fit", peer[OBJECTS], "M/s"),
        Figure("libCacheSim LRU, same trace, 100,000 objects", peer[100_000], "M/s"),
        Figure("Zipf: mmtwin / libCacheSim", rates["zipf"] / peer[OBJECTS], "x", 5, at_least=True),
    ]


def peer_rate(trace: npt.NDArray[np.int64], size: int, repeat: int) -> float:
    """M requests a second of libCacheSim's LRU with room for `size` objects."""
    import libcachesim as lcs

    path = write_oracle_general(trace)
    times = []
    for _ in range(repeat):
        reader = lcs.TraceReader(path, lcs.TraceType.ORACLE_GENERAL_TRACE)
        cache = lcs.LRU(size)
        times.append(median_seconds(lambda r=reader, c=cache: c.process_trace(r), 1, int))
    return len(trace) / sorted(times)[len(times) // 2] / 1e6


def write_oracle_general(trace: npt.NDArray[np.int64]) -> str:
    """The trace in libCacheSim's fastest format, objects of size 1, in a file under build/."""
    from pathlib import Path

    path = Path(__file__).resolve().parent.parent / "build" / "zipf.oracleGeneral.bin"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        record = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
        table = np.zeros(len(trace), record)
        table["time"] = np.arange(len(trace)) // 1000
        table["id"] = trace + 1
        table["size"] = 1
        table["next"] = -1
        table.tofile(path)
    return str(path)
