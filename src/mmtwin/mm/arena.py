"""Where a machine's state lives: named arrays of C structs in sparse memory.

Not part of the compiled unit: this is the one module that decides how arrays are allocated.
Compiled engines get NumPy arrays over memory that the host fills on first touch
(host_memory.py), so an array may be declared as large as the machine allows. Interpreted engines
get sparse lists of plain records that behave the same (NumPy's scalars do not: `uint32 &= ~1`
raises there).

Invariant: everything that a machine is, but its configuration and the names in `names`, is in
these arrays. So fork, save, load and the hash need to know nothing about the mechanisms.
"""

from __future__ import annotations

import builtins
import ctypes
import hashlib
import importlib
import mmap
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from mmtwin.mm import host_memory

BLOCK = 4096  # bytes; the grain at which untouched memory is skipped
_INTEGERS = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "long": "i8",
    "ulong": "u8",
    "longlong": "i8",
    "ulonglong": "u8",
}
_SPELLED = {
    "unsigned char": "u1",
    "unsigned short": "u2",
    "unsigned int": "u4",
    "unsigned long long": "u8",
    "long long": "i8",
}


def scalar_dtype(ctype: Any) -> np.dtype[Any]:
    """The NumPy type of a Cython integer type or a typedef of one."""
    while True:
        name = getattr(ctype, "name", None) or repr(ctype)
        if name in _INTEGERS:
            return np.dtype(_INTEGERS[name])
        if name in _SPELLED:
            return np.dtype(_SPELLED[name])
        inner = getattr(ctype, "_basetype", None)
        if inner is None or inner is ctype:
            raise TypeError(f"no array element type for {ctype!r}")
        ctype = inner


def struct_dtype(struct: Any) -> np.dtype[Any]:
    """The NumPy layout of a `cython.struct`; refuses one with implicit padding."""
    members = getattr(struct, "_members", None)
    if members is None:
        return scalar_dtype(struct)
    dtype = np.dtype([(name, scalar_dtype(t)) for name, t in members.items()], align=True)
    if dtype.itemsize != sum(dtype[name].itemsize for name in dtype.names or ()):
        raise TypeError(f"struct has implicit padding: {list(members)}")
    return dtype


def find_type(name: str) -> Any:
    """The Cython type `NAME` of types.py, or `FILE.NAME` of another engine file."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(f"mmtwin.mm.{module or 'types'}"), attribute)


class SparseInts(dict):  # type: ignore[type-arg]
    """An interpreted array of integers: absent means 0."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def __missing__(self, i: int) -> int:
        if not 0 <= i < self.length:
            raise IndexError(f"index {i} outside of an array of {self.length}")
        return 0

    def __len__(self) -> int:
        return self.length


class SparseRecords(dict):  # type: ignore[type-arg]
    """An interpreted array of structs: a record comes to be, all zero, when it is looked at."""

    def __init__(self, length: int, names: tuple[str, ...]) -> None:
        super().__init__()
        self.length = length
        self.record = _record_class(names)

    def __missing__(self, i: int) -> Any:
        if not 0 <= i < self.length:
            raise IndexError(f"index {i} outside of an array of {self.length}")
        fresh = self[i] = self.record()
        return fresh

    def __len__(self) -> int:
        return self.length


def _record_class(names: tuple[str, ...]) -> type:
    body: dict[str, Any] = {"__slots__": names}
    exec(  # a class whose constructor is one assignment chain: there are millions of records
        "def __init__(self):\n    " + " = ".join(f"self.{n}" for n in names) + " = 0", {}, body
    )
    # By name in brackets, as NumPy's records: theirs need it for `flags`, an attribute of arrays.
    body["__getitem__"] = lambda self, name: getattr(self, name)
    body["__setitem__"] = lambda self, name, value: setattr(self, name, value)
    return type("Record", (), body)


class Arena:
    """The arrays of one machine, by name.

    `arena.NAME` is the array as the engine takes it; `arena.numpy(NAME)` is it as NumPy
    (a view when compiled, a copy of the touched part when interpreted).
    """

    def __init__(self, compiled: bool) -> None:
        self.compiled = compiled
        self.names: dict[str, Any] = {}  # strings that belong to records: paths, task names
        self._dtypes: dict[str, np.dtype[Any]] = {}
        self._lengths: dict[str, int] = {}
        self._offsets: dict[str, int] = {}
        self._arrays: dict[str, Any] = {}
        self._end = 0
        self._fd = host_memory.memory_file() if compiled else -1
        self._huge: dict[str, int] = {}  # address of each array that is not in the file

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_arrays"][name]
        except KeyError:
            raise AttributeError(f"no array named {name!r}") from None

    def __del__(self) -> None:
        if self.__dict__.get("_fd", -1) >= 0:
            os.close(self._fd)

    def array(self, name: str, struct: str, length: int, huge: bool = False) -> Any:
        """Allocate `length` zeroed elements of the struct or integer type named `struct`.

        A plain name is one of types.py; "tlb.TlbEntry" is one of tlb.py. `huge` asks for huge
        pages of the host: for arrays that are large and used at random (host_memory.py).
        """
        if name in self._arrays:
            raise ValueError(f"array {name!r} exists already")
        dtype = struct_dtype(find_type(struct))
        self._dtypes[name], self._lengths[name] = dtype, length
        self._offsets[name] = self._end
        self._end += _round_up(max(1, length) * dtype.itemsize)
        if self.compiled:
            area = self._map(name, huge)
            self._arrays[name] = area if dtype.names is None else area.view(np.recarray)
        elif dtype.names is None:
            self._arrays[name] = SparseInts(length)
        else:
            self._arrays[name] = SparseRecords(length, dtype.names)
        return self._arrays[name]

    def _map(self, name: str, huge: bool) -> np.ndarray[Any, Any]:
        dtype, length = self._dtypes[name], self._lengths[name]
        size = _round_up(max(1, length) * dtype.itemsize)
        if self._fd < 0:  # a host without memfd_create
            return np.zeros(length, dtype)
        os.ftruncate(self._fd, self._end)
        area = host_memory.map_huge(size) if huge else None
        if area is not None:
            self._huge[name] = ctypes.addressof(area)
        else:
            area = host_memory.map_file(self._fd, self._offsets[name], size)
        return np.frombuffer(area, dtype, length)

    def bytes(self, name: str) -> np.ndarray[Any, Any]:
        """The memory of a compiled engine's array, as bytes."""
        return np.asarray(self._arrays[name]).view(np.uint8)

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def layout(self) -> list[tuple[str, int, Any]]:
        """(name, length, dtype description) of every array, in order of allocation."""
        return [(n, self._lengths[n], self._dtypes[n].descr) for n in self._arrays]

    def numpy(self, name: str, stop: int | None = None) -> np.ndarray[Any, Any]:
        """The array as NumPy, up to element `stop`. Interpreted: a copy, so give a `stop`."""
        array, dtype = self._arrays[name], self._dtypes[name]
        stop = self._lengths[name] if stop is None else stop
        if self.compiled:
            view: np.ndarray[Any, Any] = np.asarray(array[:stop])
            return view
        copy = np.zeros(stop, dtype)
        for i, value in array.items():
            if i < stop:
                copy[i] = _as_tuple(value, dtype)
        return copy

    def where(self, name: str, field: str) -> list[int]:
        """Indices of the records whose `field` is not 0; untouched memory stays untouched."""
        array, dtype = self._arrays[name], self._dtypes[name]
        if not self.compiled:
            return sorted(i for i, record in array.items() if getattr(record, field))
        found: list[int] = []
        for start, end in self._extents(name, self._lengths[name] * dtype.itemsize):
            first, last = start // dtype.itemsize, -(-end // dtype.itemsize)
            if found and found[-1] >= first:
                first = found[-1] + 1
            found += (np.flatnonzero(array[first:last][field]) + first).tolist()
        return found

    def where_set(self, name: str) -> list[int]:
        """`where()` of an array of integers."""
        array, dtype = self._arrays[name], self._dtypes[name]
        if not self.compiled:
            return sorted(i for i, value in array.items() if value)
        found: set[int] = set()
        for start, end in self._extents(name, self._lengths[name] * dtype.itemsize):
            first, last = start // dtype.itemsize, -(-end // dtype.itemsize)
            found.update((np.flatnonzero(array[first:last]) + first).tolist())
        return sorted(found)

    def blocks(self, name: str) -> Iterator[tuple[int, builtins.bytes]]:
        """(block number, bytes) of each block of the array that is not all zero, ascending."""
        found = self._file_blocks(name) if self.compiled else self._record_blocks(name)
        zero = bytes(BLOCK)
        return ((i, data) for i, data in found if data != zero)

    def _file_blocks(self, name: str) -> Iterator[tuple[int, builtins.bytes]]:
        size = self._lengths[name] * self._dtypes[name].itemsize
        data = self.bytes(name)
        for start, end in self._extents(name, size):
            for at in range(start, min(end, size), BLOCK):
                yield at // BLOCK, data[at : at + BLOCK].tobytes().ljust(BLOCK, b"\0")

    def _extents(self, name: str, size: int) -> Iterator[tuple[int, int]]:
        if self._fd < 0:
            yield 0, size
        elif name in self._huge:
            yield from host_memory.memory_extents(self._huge[name], size)
        else:
            yield from host_memory.file_extents(self._fd, self._offsets[name], size)

    def _record_blocks(self, name: str) -> Iterator[tuple[int, builtins.bytes]]:
        array, dtype = self._arrays[name], self._dtypes[name]
        per_block = BLOCK // dtype.itemsize if BLOCK % dtype.itemsize == 0 else 0
        if not per_block:
            yield from _unaligned_blocks(array, dtype)
            return
        touched: dict[int, list[int]] = {}
        for i in array:
            touched.setdefault(i // per_block, []).append(i)
        for number in sorted(touched):
            block = np.zeros(per_block, dtype)
            for i in touched[number]:
                block[i % per_block] = _as_tuple(array[i], dtype)
            yield number, block.tobytes()

    def fill(self, name: str, blocks: Iterator[tuple[int, builtins.bytes]]) -> None:
        """Write blocks as `blocks()` gives them into a freshly allocated array."""
        if self.compiled:
            self._fill_file(name, blocks)
        else:
            self._fill_records(name, blocks)

    def _fill_file(self, name: str, blocks: Iterator[tuple[int, builtins.bytes]]) -> None:
        data = self.bytes(name)
        for number, block in blocks:
            part = np.frombuffer(block, np.uint8)[: len(data) - number * BLOCK]
            data[number * BLOCK : number * BLOCK + len(part)] = part

    def _fill_records(self, name: str, blocks: Iterator[tuple[int, builtins.bytes]]) -> None:
        dtype, length = self._dtypes[name], self._lengths[name]
        image: dict[int, bytearray] = {}
        for number, block in blocks:
            for i in range(
                number * BLOCK // dtype.itemsize, (number + 1) * BLOCK // dtype.itemsize + 1
            ):
                _splice(image, i, dtype.itemsize, number, block)
        array = self._arrays[name]
        for i, raw in image.items():
            if i < length and any(raw):
                _store(array, i, np.frombuffer(bytes(raw), dtype)[0], dtype)

    def digest(self) -> str:
        """A SHA-256 over all arrays, the same for every engine that is in the same state."""
        h = hashlib.sha256()
        for name in sorted(self._arrays):
            h.update(name.encode())
            for number, data in self.blocks(name):
                h.update(number.to_bytes(8, "little"))
                h.update(data)
        return h.hexdigest()

    def digests(self) -> dict[str, str]:
        """`digest()` array by array, to see where two machines differ."""
        result = {}
        for name in sorted(self._arrays):
            h = hashlib.sha256()
            for number, data in self.blocks(name):
                h.update(number.to_bytes(8, "little"))
                h.update(data)
            result[name] = h.hexdigest()
        return result

    def copy_from(self, other: Arena) -> None:
        """Take over the contents of a machine with the same layout (its arrays, its names)."""
        if self.layout() != other.layout():
            raise ValueError("machines of different layout")
        for name in self._arrays:
            if self.compiled and other.compiled:
                self._copy_touched(name, other)
            else:
                self.fill(name, other.blocks(name))
        self.names = {k: _copy(v) for k, v in other.names.items()}

    def _copy_touched(self, name: str, other: Arena) -> None:
        """Copy what `other` has ever touched of an array, in as few pieces as there are."""
        ours, theirs = self.bytes(name), other.bytes(name)
        for start, end in other._extents(name, len(theirs)):
            ours[start:end] = theirs[start:end]


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, (dict, list)) else value


def _as_tuple(value: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.names is None:
        return value
    return tuple(getattr(value, n) for n in dtype.names)


def _store(array: Any, i: int, value: Any, dtype: np.dtype[Any]) -> None:
    if dtype.names is None:
        array[i] = int(value)
        return
    record = array[i]
    for n in dtype.names:
        setattr(record, n, int(value[n]))


def _splice(image: dict[int, bytearray], i: int, size: int, number: int, block: bytes) -> None:
    """Copy the part of record `i` (of `size` bytes) that lies in block `number` into `image`."""
    start, end = i * size, (i + 1) * size
    low, high = max(start, number * BLOCK), min(end, (number + 1) * BLOCK)
    if low < high:
        raw = image.setdefault(i, bytearray(size))
        raw[low - start : high - start] = block[low - number * BLOCK : high - number * BLOCK]


def _unaligned_blocks(array: Any, dtype: np.dtype[Any]) -> Iterator[tuple[int, builtins.bytes]]:
    touched: dict[int, bytearray] = {}
    size = dtype.itemsize
    for i in array:
        raw = np.array([_as_tuple(array[i], dtype)], dtype).tobytes()
        for number in range(i * size // BLOCK, ((i + 1) * size - 1) // BLOCK + 1):
            low, high = max(i * size, number * BLOCK), min((i + 1) * size, (number + 1) * BLOCK)
            block = touched.setdefault(number, bytearray(BLOCK))
            block[low - number * BLOCK : high - number * BLOCK] = raw[
                low - i * size : high - i * size
            ]
    for number in sorted(touched):
        yield number, bytes(touched[number])


def _round_up(size: int) -> int:
    return -(-size // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
