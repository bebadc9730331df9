"""The resident set over time: a bounded number of samples, however long the replay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from mmtwin.mm.rss_stat import MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES

if TYPE_CHECKING:
    from mmtwin.trace.process import Process

MOST = 512  # samples kept; then every other one goes and the stride doubles
FIRST_STRIDE = 64  # rows


class Sample(NamedTuple):
    """All living processes together."""

    at: int  # time_ns of the event, or its row where the trace has no times
    rss_kb: int
    pagetables_kb: int
    processes: int


class Samples:
    """Taken every so many rows."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.samples: list[Sample] = []
        self.peak = Sample(0, 0, 0, 0)
        self.peak_pagetables_kb = 0
        self._stride = FIRST_STRIDE
        self._next = 0

    def due(self, row: int, time_ns: int) -> bool:
        """Is it time for a sample?"""
        return row >= self._next

    def take(self, at: int, processes: Iterable[Process], force: bool = False) -> None:
        """Look at every address space once (tasks may share one)."""
        mms = {p.mm_index for p in processes} - {0}
        pages = sum(rss_pages(self.machine, mm) for mm in mms)
        tables = sum(int(self.machine.arena.mms[mm].pgtables_bytes) for mm in mms) >> 10
        sample = Sample(at, pages << 2, tables, len(mms))
        self.peak = max(self.peak, sample, key=lambda s: s.rss_kb)
        self.peak_pagetables_kb = max(self.peak_pagetables_kb, tables)
        self.samples.append(sample)
        if len(self.samples) > MOST:
            del self.samples[1:-1:2]
            self._stride *= 2
        if not force:
            self._next += self._stride


def rss_pages(machine: Any, mm: int) -> int:
    """Resident pages of an address space, as VmRSS of status counts them."""
    count = machine.rss_stat.get_mm_counter_sum
    return sum(int(count(mm, kind)) for kind in (MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES))
