"""Rows of traces that know nothing of calls: pages of files read and written, one after another.

    (op, file, offset, length, time) arrays  ->  pread64, pwrite64, ... rows with fd -1

A row with a file and no descriptor is made on that path. It succeeded, so its file was at least
so long: the replay makes files grow to what was read from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.trace.events import OP_CODE, batch_of_rows

READ, WRITE, PUNCH = (OP_CODE[op] for op in ("pread64", "pwrite64", "fallocate"))
PUNCH_HOLE_KEEP_SIZE = 3  # FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
PID = 1000  # whose calls they are: such traces name no process (and init would never be killed)
PAGE_SIZE = 4096
MAX_OFFSET = (1 << 44) - PAGE_SIZE  # bytes; ext4's longest file is 16 TiB
Ints = np.ndarray[Any, Any]


def batch_of_page_rows(
    op: Ints, file: Ints, names: Sequence[str], offset: Ints, length: Ints, line: Ints, time: Ints
) -> pa.RecordBatch:
    """`op` is READ, WRITE or PUNCH, a row."""
    punches = op == PUNCH
    return batch_of_rows(
        op, PID, names,
        file=file, offset=offset, length=length, line=line, time_ns=time,
        result=np.where(punches, 0, length).astype(np.int64),
        flags=np.where(punches, PUNCH_HOLE_KEEP_SIZE, 0),
    )  # fmt: skip
