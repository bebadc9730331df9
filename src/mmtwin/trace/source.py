"""Opens a recording, gzipped or not, and tells by its content what it is."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from mmtwin.trace import csv_trace, oracle_general, page_events
from mmtwin.trace.errors import TraceError

PARQUET_MAGIC = b"PAR1"
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
CHUNK = 1 << 20  # bytes read at once
HEAD = 1 << 16  # bytes looked at to tell the format
LONGEST_LINE = 1 << 22  # bytes; more is no text recording

_LACKEY = re.compile(rb"^(?:I  | [LSM] )[0-9a-fA-F]+,\d+\s*$", re.M)
_STRACE = re.compile(
    rb"^(?:\[pid +\d+\] +|\d+ +)?(?:[\d:]+(?:\.\d+)? +)?"
    rb"(?:[a-z_][a-z0-9_]*\(|<\.\.\. [a-z0-9_]+ resumed>|\+\+\+ |--- )",
    re.M,
)


def raw(path: Path) -> Any:
    """The file's bytes, decompressed if it is gzipped or zstd. Raises TraceError."""
    try:
        plain = open(path, "rb")  # noqa: SIM115 - handed to the caller
        magic = plain.peek(4)[:4]
        if magic == ZSTD_MAGIC:
            plain.close()
            return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    except OSError as e:
        raise TraceError(path, None, f"cannot be read: {e.strerror}") from e
    gzipped = magic[:2] == GZIP_MAGIC
    return io.BufferedReader(gzip.GzipFile(fileobj=plain), CHUNK) if gzipped else plain


def chunks(path: Path, size: int = CHUNK) -> Iterator[bytes]:
    """The decompressed content, `size` bytes at a time."""
    with raw(path) as f:
        while True:
            try:
                data = f.read(size)
            except (OSError, EOFError, zlib.error) as e:
                raise TraceError(
                    path, None, f"is damaged or cut short ({e}), copy or record it again"
                ) from e
            if not data:
                return
            yield data


def line_blocks(path: Path) -> Iterator[bytes]:
    """The content in blocks that end at the end of a line, except perhaps the last one."""
    rest = b""
    for data in chunks(path):
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest += data
            if len(rest) > LONGEST_LINE:
                raise TraceError(path, None, "is not a text recording: a line of over 4 MiB")
            continue
        yield rest + data[:cut]
        rest = data[cut:]
    if rest:
        yield rest


def head_of(path: Path) -> bytes:
    """The first bytes, decompressed. Raises TraceError for a directory or an empty file."""
    if path.is_dir():
        raise TraceError(path, None, "is a directory, give one recording")
    head = next(chunks(path, HEAD), b"")
    if not head:
        raise TraceError(path, None, "is empty")
    return head


def detect(path: Path) -> str:
    """The name of the format, by content. Raises TraceError for anything else."""
    head = head_of(path)
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    if _LACKEY.search(head):
        return "lackey"
    if csv_trace.is_msr(head):
        return "msr"
    if _STRACE.search(head) and b"\0" not in head:
        return "strace"
    if csv_trace.has_known_header(head):
        return "csv"
    if page_events.looks_like(head):
        return "ev"
    if oracle_general.looks_like(head):
        return "oracleGeneral"
    raise TraceError(
        path,
        None,
        "is no recording that is known here (strace -f, valgrind --tool=lackey, Parquet, CSV with "
        "a header, MSR, oracleGeneral, page events); --format says what it is",
    )
