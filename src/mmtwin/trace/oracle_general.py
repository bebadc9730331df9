"""Reader of libCacheSim's oracleGeneral traces: key traces in binary, plain, gzip or zstd.

Records of 24 bytes, little-endian: time u32 (seconds), object u64, size u32 (bytes), the request
number at which the object comes next i64 (-1 or the largest: never).
Each request reads the object's pages (objects.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.trace.errors import TraceError
from mmtwin.trace.events import Event, batch_of_events
from mmtwin.trace.objects import PAGE_SHIFT, Objects, pages_of
from mmtwin.trace.page_rows import MAX_OFFSET, PID, READ, batch_of_page_rows

RECORD = np.dtype([("time", "<u4"), ("object", "<u8"), ("size", "<u4"), ("next", "<i8")])
BATCH = 1 << 17  # records
SECOND = 10**9
NEVER = (-1, (1 << 63) - 1)
POSIX_FADV_RANDOM = 1


def looks_like(head: bytes) -> bool:
    """Whether the first bytes are such records: times do not fall, and an object comes next
    later than now or never. There is no magic number to go by."""
    records = np.frombuffer(head[: len(head) // RECORD.itemsize * RECORD.itemsize], RECORD)
    if not len(records) or not records["object"].any():
        return False
    following = records["next"]
    later = np.isin(following, NEVER) | (following > np.arange(len(records)))
    return bool(later.all() and (np.diff(records["time"].astype(np.int64)) >= 0).all())


def fadvise_random(file: str) -> pa.RecordBatch:
    """What a key trace begins with."""
    return batch_of_events([Event(0, 0, PID, PID, "fadvise64", file=file, flags=POSIX_FADV_RANDOM)])


def batches(path: Path, file: str, chunks: Callable[[int], Iterator[bytes]]) -> Iterator[
    pa.RecordBatch
]:  # fmt: skip
    """The requests. `chunks(size)` gives the decompressed bytes. Raises TraceError."""
    objects = Objects()
    done, start, rest = 0, 0, b""
    yield fadvise_random(file)
    for data in chunks(BATCH * RECORD.itemsize):
        data = rest + data
        whole = len(data) // RECORD.itemsize * RECORD.itemsize
        records, rest = np.frombuffer(data[:whole], RECORD), data[whole:]
        if not len(records):
            continue
        start = start if done else int(records["time"][0])
        offset = objects.first_pages(records["object"], records["size"]) << np.uint64(PAGE_SHIFT)
        if int(offset.max()) > MAX_OFFSET:
            raise TraceError(path, None, "has more than 16 TiB of objects, use a sample of it")
        yield batch_of_page_rows(
            np.full(len(records), READ), np.zeros(len(records)), [file], offset,
            pages_of(records["size"]) << np.uint64(PAGE_SHIFT),
            np.arange(done + 1, done + len(records) + 1),
            (records["time"].astype(np.int64) - start) * SECOND,
        )  # fmt: skip
        done += len(records)
    if rest:
        raise TraceError(
            path, done + 1,
            f"the last record has {len(rest)} of {RECORD.itemsize} bytes: the file was cut short, "
            "copy it again",
        )  # fmt: skip
