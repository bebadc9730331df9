"""A whole machine in one file.

    magic, version | header: length, JSON (config, names, array layout)
                   | zstd stream: per array, (block number, 4096 bytes)..., end mark
                   | SHA-256 of all before

Only blocks that are not all zero are kept, so a file's size follows what the machine has used,
not what it has. Every error is a SavedMachineError of one line that names the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from mmtwin.config import MachineConfig
from mmtwin.errors import SavedMachineError
from mmtwin.mm.arena import BLOCK, Arena

if TYPE_CHECKING:
    from mmtwin.machine import Machine

MAGIC = b"MMTWIN\x1a\n"
VERSION = 1
_START = struct.Struct("<8sII")  # magic, version, bytes of the JSON header
_NUMBER = struct.Struct("<Q")
_END = (1 << 64) - 1  # block number that ends an array
_DIGEST = 32
_CHUNK = 1 << 20


class _Hashing:
    """A file that hashes what is written to it; as pyarrow wants its sinks."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.hash, self.closed = file, hashlib.sha256(), False

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


def save(machine: Machine, path: str | os.PathLike[str]) -> None:
    """Write `machine` to a file beside `path`, then rename it."""
    beside = f"{os.fspath(path)}.{os.getpid()}.part"
    try:
        with open(beside, "wb") as file:
            sink = _Hashing(file)
            _write(machine, sink)
            file.write(sink.hash.digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _write(machine: Machine, sink: _Hashing) -> None:
    header = {
        "config": machine.config.to_json(),
        "names": encode(machine.arena.names),
        "layout": machine.arena.layout(),
    }
    text = json.dumps(header).encode()
    sink.write(_START.pack(MAGIC, VERSION, len(text)))
    sink.write(text)
    import pyarrow as pa  # type: ignore[import-untyped]

    with pa.CompressedOutputStream(pa.PythonFile(sink, "w"), "zstd") as stream:
        for name, _, _ in machine.arena.layout():
            for number, data in machine.arena.blocks(name):
                stream.write(_NUMBER.pack(number) + data)
            stream.write(_NUMBER.pack(_END))


class Reader:
    """A saved machine, checked whole when it is opened: `config`, then `fill(arena)`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        try:
            self.file: IO[bytes] = open(path, "rb")  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise SavedMachineError(f"{self.path}: {error.strerror}") from None
        try:
            self._open()
        except BaseException:
            self.file.close()
            raise

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.file.close()

    def _open(self) -> None:
        start = self.file.read(_START.size)
        if start[: len(MAGIC)] != MAGIC:
            raise SavedMachineError(f"{self.path}: not a saved machine")
        if len(start) < _START.size:
            raise self._broken()
        _, version, length = _START.unpack(start)
        if version != VERSION:
            raise SavedMachineError(
                f"{self.path}: a saved machine of version {version}; this mmtwin reads {VERSION}"
            )
        size = os.fstat(self.file.fileno()).st_size
        if size < _START.size + length + _DIGEST or not self._digest_is_right(size):
            raise self._broken()
        self.file.seek(_START.size)
        header = json.loads(self.file.read(length))
        self.config = MachineConfig.from_json(header["config"])
        self.names = decode(header["names"])
        self.layout = header["layout"]
        self._end = size - _DIGEST

    def _digest_is_right(self, size: int) -> bool:
        self.file.seek(0)
        h, left = hashlib.sha256(), size - _DIGEST
        while left:
            data = self.file.read(min(_CHUNK, left))
            if not data:
                return False
            h.update(data)
            left -= len(data)
        return self.file.read() == h.digest()

    def _broken(self) -> SavedMachineError:
        return SavedMachineError(f"{self.path}: broken or truncated; it cannot be opened")

    def fill(self, arena: Arena) -> None:
        """Put the arrays and names into the freshly built machine's arena."""
        if json.loads(json.dumps(arena.layout())) != self.layout:
            raise SavedMachineError(
                f"{self.path}: saved by another version of mmtwin, whose arrays differ"
            )
        import pyarrow as pa

        compressed = pa.py_buffer(self.file.read(self._end - self.file.tell()))
        with pa.CompressedInputStream(pa.BufferReader(compressed), "zstd") as stream:
            for name, _, _ in self.layout:
                arena.fill(name, self._blocks(stream))
        arena.names = self.names

    def _blocks(self, stream: Any) -> Iterator[tuple[int, bytes]]:
        while True:
            (number,) = _NUMBER.unpack(stream.read(_NUMBER.size))
            if number == _END:
                return
            yield number, stream.read(BLOCK)


def encode(value: Any) -> Any:
    """`arena.names` as JSON can hold it: mappings as lists of pairs, whose keys may be ints."""
    if isinstance(value, dict):
        return {"map": sorted(([k, encode(v)] for k, v in value.items()), key=_pair_key)}
    if isinstance(value, (list, tuple)):
        return {"list": [encode(v) for v in value]}
    return value


def _pair_key(pair: list[Any]) -> tuple[bool, Any]:
    return isinstance(pair[0], str), pair[0]


def decode(value: Any) -> Any:
    """What `encode()` was given."""
    if isinstance(value, dict):
        if "map" in value:
            return {k: decode(v) for k, v in value["map"]}
        return [decode(v) for v in value["list"]]
    return value
