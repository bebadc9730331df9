"""ELF layouts: what execve maps, which no recording of system calls shows.

Given as JSON (`--elf FILE`: program -> type, entry, interp, segments) or read from the program
itself where it stands on this host.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmtwin.trace.errors import TraceError

PAGE = 4096
PAGE_MASK = ~(PAGE - 1)
SEGMENT_FIELDS = ("type", "flags", "offset", "vaddr", "filesz", "memsz", "align")


@dataclass(frozen=True)
class Segment:
    """A program header; all but `flags` (PF_*) in bytes."""

    type: str
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


@dataclass(frozen=True)
class Elf:
    """A program or an interpreter."""

    path: str  # as it is executed
    realpath: str  # as /proc/PID/maps shows it
    type: str  # ET_EXEC or ET_DYN
    entry: int
    segments: tuple[Segment, ...]
    interp: str = ""
    size: int = 0  # of the file, 0 if not known

    def loads(self) -> list[Segment]:
        """The PT_LOAD segments, in order."""
        return [s for s in self.segments if s.type == "PT_LOAD"]

    def relro(self) -> tuple[int, int] | None:
        """(offset from the load bias, length) of what the loader makes read-only, in pages.

        Both ends round down, as glibc and musl do it.
        """
        for s in self.segments:
            if s.type == "PT_GNU_RELRO":
                start = s.vaddr & PAGE_MASK
                length = ((s.vaddr + s.memsz) & PAGE_MASK) - start
                return (start, length) if length > 0 else None
        return None

    def extent(self) -> tuple[int, int]:
        """First page and end (page aligned) of all PT_LOAD segments, from the load bias."""
        loads = self.loads()
        end = max((s.vaddr + s.memsz for s in loads), default=0)
        return min((s.vaddr & PAGE_MASK for s in loads), default=0), -(-end // PAGE) * PAGE

    def as_json(self) -> dict[str, Any]:
        """In the form that `ElfSet.from_json` reads."""
        body: dict[str, Any] = {"type": self.type, "entry": self.entry, "realpath": self.realpath}
        if self.interp:
            body["interp"] = self.interp
        if self.size:
            body["size"] = self.size
        body["segments"] = [[getattr(s, f) for f in SEGMENT_FIELDS] for s in self.segments]
        return body


@dataclass
class ElfSet(Mapping[str, Elf]):
    """Layouts by the path that is executed; `find` also looks on this host."""

    known: dict[str, Elf] = field(default_factory=dict)
    use_host: bool = False
    _missing: set[str] = field(default_factory=set)

    def __getitem__(self, path: str) -> Elf:
        return self.known[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)

    def find(self, path: str) -> Elf | None:
        """The layout of a program that was executed as `path`, or None.

        A relative path matches the one program that ends so; a #! script is the interpreter
        that its first line names, if the script stands on this host.
        """
        found = self.known.get(path) or self._by_realpath(path) or self._by_ending(path)
        if found is None and self.use_host and path not in self._missing:
            found = read_elf(path)
            if found is None:
                self._missing.add(path)
            else:
                self.known[path] = found
        return found

    def _by_realpath(self, path: str) -> Elf | None:
        return next((e for e in self.known.values() if e.realpath == path), None)

    def _by_ending(self, path: str) -> Elf | None:
        if path.startswith("/"):
            return None
        ending = "/" + posixpath.normpath(path).lstrip("./")
        matches = {e.realpath: e for p, e in self.known.items() if p.endswith(ending)}
        return next(iter(matches.values())) if len(matches) == 1 else None

    def to_json(self) -> str:
        """All known layouts."""
        return json.dumps({p: e.as_json() for p, e in sorted(self.known.items())})

    @classmethod
    def from_json(cls, text: str | bytes, source: str | Path = "elf") -> ElfSet:
        """Raises TraceError, naming the program and field that is wrong."""
        try:
            body = json.loads(text)
        except ValueError as e:
            line = getattr(e, "lineno", None)
            raise TraceError(source, line, f"is not JSON ({e})") from e
        if not isinstance(body, dict):
            raise TraceError(source, None, "must be an object of program path to ELF layout")
        return cls({path: _elf_from_json(source, path, value) for path, value in body.items()})

    @classmethod
    def load(cls, path: Path) -> ElfSet:
        """Read `--elf FILE`. Raises TraceError."""
        try:
            return cls.from_json(path.read_bytes(), path)
        except OSError as e:
            raise TraceError(path, None, f"cannot be read: {e.strerror}") from e


def _elf_from_json(source: str | Path, path: str, body: Any) -> Elf:
    try:
        segments = tuple(Segment(str(s[0]), *(_count(v) for v in s[1:])) for s in body["segments"])
        kind = body["type"]
        if kind not in ("ET_EXEC", "ET_DYN"):
            raise ValueError(f"type {kind!r} is neither ET_EXEC nor ET_DYN")
        return Elf(
            path, str(body.get("realpath", path)), kind, _count(body.get("entry", 0)), segments,
            str(body.get("interp", "") or ""), _count(body.get("size", 0) or 0),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as e:
        what = f"no {e}" if isinstance(e, KeyError) else str(e)
        raise TraceError(source, None, f"layout of {path!r} is wrong: {what}") from e


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 64:
        raise ValueError(f"{value!r} is no unsigned 64-bit number")
    return value


def read_elf(path: str) -> Elf | None:
    """The layout of a file of this host, following #! lines; None if it is no ELF program."""
    for _ in range(5):  # as deep as the kernel follows
        try:
            with open(path, "rb") as f:
                head = f.read(256)
                if head.startswith(b"\x7fELF"):
                    f.seek(0)
                    return _parse_elf(path, f)
        except (OSError, ValueError):
            return None
        if not head.startswith(b"#!"):
            return None
        words = head[2:].split(b"\n")[0].split()
        if not words:
            return None
        path = words[0].decode("utf-8", "surrogateescape")
    return None


def _parse_elf(path: str, f: Any) -> Elf | None:
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(f)
        segments, interp = [], ""
        for s in elf.iter_segments():
            h, kind = s.header, s.header["p_type"]
            if kind == "PT_INTERP":
                interp = s.get_interp_name()
            if kind in ("PT_LOAD", "PT_GNU_RELRO", "PT_GNU_STACK", "PT_TLS"):
                numbers = (h[f"p_{name}"] for name in SEGMENT_FIELDS[1:])
                segments.append(Segment(kind, *numbers))
        size = f.seek(0, 2)
        real = str(Path(path).resolve())
        return Elf(path, real, elf["e_type"], elf["e_entry"], tuple(segments), interp, size)
    except ELFError:
        return None
