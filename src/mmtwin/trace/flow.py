"""Rows that go to the engine as arrays: loads, stores, reads and writes.

A read or write with a descriptor goes through the process's open file, one without through a file
that the replay itself keeps open on that path. A recorded read of n bytes shows that the file was
at least so long, and makes it so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.mm.replay_batch import ROW_FD_PREAD, ROW_LOAD, ROW_PREAD, ROW_PWRITE
from mmtwin.trace.events import ACCESS_OPS, OP_CODE, OPS
from mmtwin.trace.files import Files, is_special
from mmtwin.trace.process import Process

PAGE_SIZE = 4096
LOAD, STORE, MODIFY, FETCH = range(len(ACCESS_OPS))
READS = ("read", "pread64", "readv", "preadv")
WRITES = ("write", "pwrite64", "writev", "pwritev")
_READS = np.array([op in READS for op in OPS])
_WRITES = np.array([op in WRITES for op in OPS])
FLOWS = _READS | _WRITES | (np.arange(len(OPS)) < len(ACCESS_OPS))  # by op code
assert OP_CODE["load"] == LOAD
Ints = np.ndarray[Any, Any]


class Flow(NamedTuple):
    """What the engine's ReplayBatch.run() takes, and the row of the batch that each came from."""

    op: Ints
    where: Ints
    length: Ints
    file: Ints
    time: Ints
    source: Ints


def flow_of(part: pa.RecordBatch, codes: Ints, files: Files, process: Process, start: int) -> Flow:
    """The rows of one process; `start` is the machine's time at the trace's time 0."""
    result = part.column("result").to_numpy()
    access = codes < len(ACCESS_OPS)
    length = part.column("length").to_numpy()
    writes = _WRITES[codes]
    rows = np.flatnonzero(access | (result >= 0) & ~(writes & (result == 0)))
    op = np.where(codes == STORE, ROW_LOAD + 1, ROW_LOAD)
    op[~access] = np.where(writes, ROW_PWRITE, ROW_PREAD)[~access]
    where = np.where(access, part.column("addr").to_numpy(), part.column("offset").to_numpy())
    length = np.where(writes, result, length)
    file = np.zeros(len(codes), np.uint32)
    if not access.all():
        usable = _open_files(part, ~access & (result >= 0), result, files, process, op, file)
        rows = rows[access[rows] | usable[rows]]
    time = part.column("time_ns").to_numpy()
    time = time + start if time.any() else np.zeros(len(codes), np.int64)
    if access.any():
        rows, op, where = _expanded(rows, codes, op, where, part.column("length").to_numpy())
    else:
        op, where = op[rows], where[rows]
    return Flow(
        op.astype(np.uint8), where.astype(np.uint64), length[rows].astype(np.uint64),
        file[rows], time[rows].astype(np.int64), rows,
    )  # fmt: skip


def _open_files(
    part: pa.RecordBatch,
    mask: Ints,
    result: Ints,
    files: Files,
    process: Process,
    op: Ints,
    file: Ints,
) -> Ints:
    """Fill in each transfer's open file or descriptor, grow files to what was read from them; which
    transfers the engine can make."""
    column = part.column("file")
    names = column.dictionary.to_pylist()
    code = column.indices.to_numpy()
    fd = part.column("fd").to_numpy()
    end = part.column("offset").to_numpy().astype(np.int64) + result
    reads = (op == ROW_PREAD) & mask
    usable = np.zeros(len(code), bool)
    for pair in np.unique((fd[mask].astype(np.int64) << 32) | code[mask]).tolist():
        number, name = pair >> 32, names[pair & 0xFFFFFFFF]
        if not name or is_special(name):
            continue
        these = mask & (fd == number) & (code == (pair & 0xFFFFFFFF))
        opened = files.kept_open(name) if number < 0 else files.of_fd(process, number, name)
        if (these & reads).any():
            files.grow_file(opened, int(end[these & reads].max()))
        usable |= these
        file[these] = opened if number < 0 else number
        if number >= 0:
            op[these] += ROW_FD_PREAD - ROW_PREAD
    return usable


def _expanded(
    rows: Ints, codes: Ints, op: Ints, where: Ints, length: Ints
) -> tuple[Ints, Ints, Ints]:
    """A modify is a load and a store, and what crosses into the next page touches that as well."""
    access = codes[rows] < len(ACCESS_OPS)
    crosses = access & ((where[rows] & np.uint64(PAGE_SIZE - 1)) + length[rows] > PAGE_SIZE)
    modifies = codes[rows] == MODIFY
    if not crosses.any() and not modifies.any():
        return rows, op[rows], where[rows]
    each = (1 + modifies.astype(np.int64)) * (1 + crosses.astype(np.int64))
    at = np.repeat(np.arange(len(rows)), each)
    nth = np.arange(len(at)) - np.repeat(np.cumsum(each) - each, each)
    source = rows[at]
    address = where[source]
    next_page = (address | np.uint64(PAGE_SIZE - 1)) + np.uint64(1)
    op = np.where(modifies[at] & (nth * 2 >= each[at]), ROW_LOAD + 1, op[source])
    return source, op, np.where(crosses[at] & (nth % 2 == 1), next_page, address)
