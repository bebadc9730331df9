"""Drives a machine with the events of a trace.

Each recorded call that succeeded is made again by the twin's task of the same pid, and made to
come out where the recording says: an mmap at its recorded address, a brk at its recorded end.
A call that failed in the recording is left out. A call that the twin refuses although the
recording granted it is reported with its line, and the replay goes on.

Not known from system calls alone: which pages were touched. Memory is resident only where a call
itself makes it so. Whether memory was written before a fork decides which areas merge in the
child; `Replay.fork` assumes it of all private memory that was writable (docs/traces.md).
"""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.mm import uapi
from mmtwin.mm.fork import CLONE_VM
from mmtwin.trace.calls import CALLS
from mmtwin.trace.events import ACCESS_OPS, Event, events_of_batch, op_codes
from mmtwin.trace.files import Files
from mmtwin.trace.open import Trace
from mmtwin.trace.process import Process
from mmtwin.trace.samples import Samples
from mmtwin.trace.summary import Failures

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
NR_ACCESS_OPS = len(ACCESS_OPS)
LOAD, STORE, MODIFY, FETCH = range(NR_ACCESS_OPS)
Ints = np.ndarray[Any, Any]


class Replay:
    """One run of one trace on one machine.

    `at_exit(process)` is called while a process still stands as it did when it exited;
    `progress(rows)` after each stretch of events.
    """

    def __init__(
        self,
        machine: Any,
        trace: Trace,
        at_exit: Callable[[Process], None] | None = None,
        progress: Callable[[int], None] | None = None,
        limit: int = 0,
    ) -> None:
        self.machine, self.trace = machine, trace
        self.at_exit = at_exit or (lambda process: None)
        self.progress = progress or (lambda rows: None)
        self.limit = limit
        self.files = Files(machine)
        self.failures = Failures()
        self.samples = Samples(machine)
        self.processes: dict[int, Process] = {}  # that live, by pid
        self.ended: list[Process] = []
        self.zombies: dict[int, Process] = {}  # that nobody has waited for, by pid
        self.shared_memory: dict[int, tuple[str, int]] = {}  # shmid -> (path, bytes)
        self.rows = self.accesses = self.calls = 0
        self.unknown_programs: dict[str, int] = {}  # path -> first line
        self._current = 0
        self._next_cpu = 0

    def run(self) -> None:
        """Replay it all. Raises TraceError where the trace cannot be read."""
        for batch in self.trace.batches:
            if self.limit and self.rows + batch.num_rows > self.limit:
                batch = batch.slice(0, self.limit - self.rows)
            self._batch(batch)
            if self.limit and self.rows >= self.limit:
                break
        self.samples.take(self.rows, self.processes.values(), force=True)

    def _batch(self, batch: pa.RecordBatch) -> None:
        """Stretches of accesses go to the engine as arrays, calls one by one."""
        codes = op_codes(batch)
        is_access = codes < NR_ACCESS_OPS
        if not is_access.any():
            self._calls(events_of_batch(batch))
            return
        edges = np.flatnonzero(np.diff(is_access)) + 1
        bounds = [0, *edges.tolist(), len(codes)]
        for start, end in itertools.pairwise(bounds):
            part = batch.slice(start, end - start)
            if is_access[start]:
                self._access_stretch(part, codes[start:end])
            else:
                self._calls(events_of_batch(part))

    # -- calls

    def _calls(self, events: Iterator[Event]) -> None:
        for e in events:
            self.rows += 1
            self.calls += 1
            handler = CALLS.get(e.op)
            if handler is None or e.result < 0:
                continue
            try:
                handler(self, e)
            except OSError as error:
                self.failures.add(e, error)
            if self.samples.due(self.rows, e.time_ns):
                self.samples.take(e.time_ns or self.rows, self.processes.values())
                self.progress(self.rows)

    def process(self, e: Event) -> Process:
        """The event's process, made current; one that the recording does not show starting is
        made with an empty address space."""
        process = self.processes.get(e.pid)
        if process is None:
            process = self._adopt(e)
        if self._current != e.pid:
            process.switch_to()
            self._current = e.pid
        return process

    def _adopt(self, e: Event) -> Process:
        process = Process.spawn(self.machine, e.pid, self._cpu())
        process.started_ns = e.time_ns
        words = self.trace.host.command.split()
        if words and not self.processes and not self.ended:
            process.exec_name(words[0])
        self.processes[e.pid] = process
        return process

    def _cpu(self) -> int:
        """CPUs are given out in turn: a recording seldom tells where a task ran."""
        cpu = self._next_cpu
        self._next_cpu = (cpu + 1) % self.machine.config.cpus
        return cpu

    def fork(self, e: Event) -> None:
        """fork, vfork, clone of a process."""
        parent = self.process(e)
        if not e.flags & CLONE_VM:
            parent.prepare_anon_vmas()
        child = parent.child(e.flags, e.result, self._cpu())
        child.started_ns = e.time_ns
        self.processes[e.result] = child
        self.files.forked(e.pid, e.result)
        self._current = 0

    def end(self, e: Event, how: str, code: int) -> None:
        """A process ends; at_exit sees it before its memory goes."""
        process = self.processes.get(e.pid)
        if process is None:
            return
        self.process(e)
        self.samples.take(e.time_ns or self.rows, self.processes.values(), force=True)
        process.ended_ns, process.how, process.code = e.time_ns, how, code
        process.remember()
        self.at_exit(process)
        process.end()
        self.files.exited(e.pid)
        del self.processes[e.pid]
        self.ended.append(process)
        self.zombies[e.pid] = process
        orphans = [p for p in self.zombies.values() if p.ppid not in self.processes]
        for orphan in orphans:  # init waits for them
            self.reap(orphan, None)
        self._current = 0

    def reap(self, process: Process, parent: Process | None) -> None:
        """Somebody has waited for a process that has ended."""
        process.waited_for(parent)
        del self.zombies[process.pid]

    # -- accesses

    def _access_stretch(self, part: pa.RecordBatch, codes: Ints) -> None:
        """Accesses in a row, cut where the process changes."""
        pids = part.column("pid").to_numpy()
        edges = np.flatnonzero(np.diff(pids)) + 1
        bounds = [0, *edges.tolist(), len(pids)]
        addr = part.column("addr").to_numpy()
        length = part.column("length").to_numpy()
        for start, end in itertools.pairwise(bounds):
            first = _event(part, start)
            self.process(first)
            self._accesses(
                part, start, *expand(addr[start:end], length[start:end], codes[start:end])
            )
            self.rows += end - start
            if self.samples.due(self.rows, first.time_ns):
                self.samples.take(first.time_ns or self.rows, self.processes.values())
            self.progress(self.rows)

    def _accesses(
        self, part: pa.RecordBatch, start: int, addresses: Ints, writes: Ints, source: Ints
    ) -> None:
        """Accesses of the current process; one that ends in a signal is reported and skipped."""
        access = self.machine.access
        done = 0
        while done < len(addresses):
            done += int(access.access_batch(addresses[done:], writes[done:]))
            if done < len(addresses):
                event = _event(part, start + int(source[done]))
                self.failures.add(event, _signal_error(int(access.signal), int(addresses[done])))
                done += 1
        self.accesses += len(addresses)


def _event(part: pa.RecordBatch, row: int) -> Event:
    return next(events_of_batch(part.slice(row, 1)))


def expand(addr: Ints, length: Ints, codes: Ints) -> tuple[Ints, Ints, Ints]:
    """(address, store?, row) of the machine's accesses: a modify is a load and a store, and what
    crosses into the next page touches that as well."""
    crosses = (addr & np.uint64(PAGE_SIZE - 1)) + length > PAGE_SIZE
    modifies = codes == MODIFY
    writes = (codes == STORE).astype(np.uint8)
    rows = np.arange(len(addr))
    if not crosses.any() and not modifies.any():
        return np.array(addr), writes, rows  # the engine takes no read-only buffer, as Arrow's are
    each = (1 + modifies.astype(np.int64)) * (1 + crosses.astype(np.int64))
    source = np.repeat(rows, each)
    nth = np.arange(len(source)) - np.repeat(np.cumsum(each) - each, each)
    second_page = crosses[source] & (nth % 2 == 1)
    address = addr[source]
    next_page = (address | np.uint64(PAGE_SIZE - 1)) + np.uint64(1)
    stores = writes[source] | (modifies[source] & (nth * 2 >= each[source])).astype(np.uint8)
    return np.where(second_page, next_page, address), stores, source


def _signal_error(signal: int, address: int) -> OSError:
    names = {uapi.SIGSEGV: "SIGSEGV", uapi.SIGBUS: "SIGBUS", uapi.SIGKILL: "SIGKILL"}
    code = errno.ENOMEM if signal == uapi.SIGKILL else errno.EFAULT
    return OSError(code, f"{names.get(signal, signal)} at {address:#x}")
