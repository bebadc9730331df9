"""A recording read to its end before its first event is given out.

How long a file was is often shown only by a late read, but readahead needs to know it at the first
one. So the events go to a temporary file (compressed, column by column), and come back behind one
`stat` row for each file that was there before. Memory does not grow with the recording.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.trace.events import SCHEMA, Event, batches_of_events


def with_sizes(
    batches: Iterator[pa.RecordBatch], sizes: Callable[[], Mapping[str, int]]
) -> Iterator[pa.RecordBatch]:
    """The batches, after the sizes that are known once all have been read."""
    options = pa.ipc.IpcWriteOptions(compression="zstd", emit_dictionary_deltas=False)
    with tempfile.TemporaryFile() as spool:
        pid = 0
        with pa.ipc.new_stream(spool, SCHEMA, options=options) as writer:
            for batch in batches:
                pid = pid or int(batch.column("pid")[0].as_py())
                writer.write_batch(batch)
        yield from batches_of_events(
            Event(0, 0, pid, pid, "stat", file=path, length=size)
            for path, size in sorted(sizes().items())
        )
        spool.seek(0)
        yield from pa.ipc.open_stream(spool)
