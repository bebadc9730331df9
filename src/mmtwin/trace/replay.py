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
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.mm import uapi
from mmtwin.mm.fork import CLONE_VM
from mmtwin.mm.replay_batch import ROW_STORE
from mmtwin.policy.errors import PolicyError
from mmtwin.trace.calls import CALLS
from mmtwin.trace.events import ACCESS_OPS, Event, events_of_batch, op_codes
from mmtwin.trace.files import Files
from mmtwin.trace.flow import FLOWS, Flow, flow_of
from mmtwin.trace.future import Future
from mmtwin.trace.kernel_memory import KernelMemory
from mmtwin.trace.open import Trace
from mmtwin.trace.process import Process
from mmtwin.trace.samples import Samples
from mmtwin.trace.summary import Failures

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
        future: Future | None = None,
    ) -> None:
        self.machine, self.trace = machine, trace
        self.at_exit = at_exit or (lambda process: None)
        self.progress = progress or (lambda rows: None)
        self.limit = limit
        self.future = future
        if future is not None:
            future.follow(self)
        self.files = Files(machine)
        self.kernel_memory = KernelMemory(machine)
        self.failures = Failures()
        self.samples = Samples(machine)
        self.processes: dict[int, Process] = {}  # that live, by pid
        self.ended: list[Process] = []
        self.zombies: dict[int, Process] = {}  # that nobody has waited for, by pid
        self.shared_memory: dict[int, tuple[str, int]] = {}  # shmid -> (path, bytes)
        self.rows = self.accesses = self.calls = 0
        self.unknown_programs: dict[str, int] = {}  # path -> first line
        self.killed: set[int] = set()  # pids that the machine's OOM killer took
        self._dying: list[int] = []  # of these, those not yet buried
        machine.oom_report.listeners.append(self._chosen)
        self.start_ns = int(machine.clock.now())
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
        """What flows (loads, stores, reads, writes) goes to the engine as arrays, the other calls
        one by one."""
        codes = op_codes(batch)
        flows = FLOWS[codes]
        if not flows.any():
            self._calls(events_of_batch(batch))
            return
        edges = np.flatnonzero(np.diff(flows)) + 1
        bounds = [0, *edges.tolist(), len(codes)]
        for start, end in itertools.pairwise(bounds):
            part = batch.slice(start, end - start)
            if flows[start]:
                self._stretch(part, codes[start:end])
            else:
                self._calls(events_of_batch(part))
        self.kernel_memory.settle()

    # -- calls

    def _calls(self, events: Iterator[Event]) -> None:
        for e in events:
            self.rows += 1
            self.calls += 1
            handler = CALLS.get(e.op)
            if handler is None or e.result < 0 or e.pid in self.killed:
                continue
            try:
                handler(self, e)
            except OSError as error:
                self.failures.add(e, error)
            if self._dying:
                self._bury(e)
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

    # -- flows

    def _stretch(self, part: pa.RecordBatch, codes: Ints) -> None:
        """Rows in a row, cut where the process changes."""
        pids = part.column("pid").to_numpy()
        edges = np.flatnonzero(np.diff(pids)) + 1
        bounds = [0, *edges.tolist(), len(pids)]
        for start, end in itertools.pairwise(bounds):
            first = _event(part, start)
            if first.pid not in self.killed:
                process = self.process(first)
                piece = part.slice(start, end - start)
                rows = flow_of(piece, codes[start:end], self.files, process, self.start_ns)
                self._run(piece, rows, first, self.rows)
            self.rows += end - start
            # Also those that the machine has no part in, as a write to a terminal.
            self.calls += int(np.count_nonzero(codes[start:end] >= len(ACCESS_OPS)))
            if self.samples.due(self.rows, first.time_ns):
                self.samples.take(first.time_ns or self.rows, self.processes.values())
            self.progress(self.rows)

    def _run(self, part: pa.RecordBatch, flow: Flow, first: Event, row: int) -> None:
        """Rows of the current process; one that fails is reported and skipped, a deadly one ends
        the process."""
        engine = self.machine.replay_batch
        done, total = 0, len(flow.op)
        if self.future is not None:
            self.future.at(row, flow.source)
        while done < total:
            done = int(engine.run(*flow[:5], done, total))
            if done < total:
                event = _event(part, int(flow.source[done]))
                if self._is_killed(first.pid):
                    self._kill(event)
                    self._bury(event)
                    break
                error = self._failure(event)
                self.failures.add(event, error)
                done += 1
        if self._dying:
            self._bury(first)
        if (broken := self.machine.policy.taken_error()) is not None:
            raise PolicyError(f"the policy failed: {type(broken).__name__}: {broken}") from broken
        self.accesses += int(np.count_nonzero(flow.op[:done] <= ROW_STORE))

    def _failure(self, event: Event) -> OSError:
        engine = self.machine.replay_batch
        if int(engine.signal):
            return _signal_error(int(engine.signal), event.addr)
        number = -int(engine.error)
        return OSError(number, os.strerror(number))

    def _is_killed(self, pid: int) -> bool:
        """Whether the machine's OOM killer has chosen this process."""
        return bool(int(self.machine.replay_batch.signal) == uapi.SIGKILL)

    def _chosen(self, task: int) -> None:
        """The OOM killer has chosen a process, which still has its memory."""
        for process in self.processes.values():
            if process.index == task and process.pid not in self._dying:
                process.how, process.code = "killed", uapi.SIGKILL
                process.remember()
                self._dying.append(process.pid)

    def _bury(self, e: Event) -> None:
        """Processes that were killed while another one ran."""
        for pid in self._dying:
            process = self.processes.get(pid)
            if process is not None and not process.alive:
                process.ended_ns = e.time_ns
                process.remembered["ended_ns"] = e.time_ns
                self.killed.add(pid)
                del self.processes[pid]
                self.ended.append(process)
                self.zombies[pid] = process
        self._dying = [pid for pid in self._dying if pid in self.processes]

    def _kill(self, event: Event) -> None:
        """Out of memory: what the recording goes on to say of the process did not happen."""
        self.killed.add(event.pid)
        self.end(event, "killed", uapi.SIGKILL)


def _event(part: pa.RecordBatch, row: int) -> Event:
    return next(events_of_batch(part.slice(row, 1)))


def _signal_error(signal: int, address: int) -> OSError:
    names = {uapi.SIGSEGV: "SIGSEGV", uapi.SIGBUS: "SIGBUS", uapi.SIGKILL: "SIGKILL"}
    code = errno.ENOMEM if signal == uapi.SIGKILL else errno.EFAULT
    return OSError(code, f"{names.get(signal, signal)} at {address:#x}")
