"""The ELF layouts that a recording needs: what execve maps, which no system call shows.

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

from mmtwin.elf_image import PAGE_MASK, SEGMENT_FIELDS, ElfImage
from mmtwin.trace.errors import TraceError

BINFMT_SCRIPT_DEPTH = 5  # #! lines that the kernel follows


def relro(image: ElfImage) -> tuple[int, int] | None:
    """(offset from the load bias, length) of what the loader makes read-only, in bytes.

    Both ends round down to pages, as glibc and musl do it.
    """
    for s in image.segments:
        if s.type == "PT_GNU_RELRO":
            start = s.vaddr & PAGE_MASK
            length = ((s.vaddr + s.memsz) & PAGE_MASK) - start
            return (start, length) if length > 0 else None
    return None


def as_json(image: ElfImage) -> dict[str, Any]:
    """In the form that `ElfSet.from_json` reads."""
    kept = ("PT_LOAD", "PT_GNU_RELRO", "PT_GNU_STACK", "PT_TLS")
    body: dict[str, Any] = {"type": image.type, "entry": image.entry, "realpath": image.path}
    if image.interp:
        body["interp"] = image.interp
    if image.size:
        body["size"] = image.size
    segments = [s for s in image.segments if s.type in kept]
    body["segments"] = [[getattr(s, f) for f in SEGMENT_FIELDS] for s in segments]
    return body


@dataclass
class ElfSet(Mapping[str, ElfImage]):
    """Layouts by the path that is executed; `find` also looks on this host."""

    known: dict[str, ElfImage] = field(default_factory=dict)
    use_host: bool = False
    _missing: set[str] = field(default_factory=set)

    def __getitem__(self, path: str) -> ElfImage:
        return self.known[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)

    def find(self, path: str) -> ElfImage | None:
        """The layout of a program that was executed as `path`, or None.

        A relative path matches the one program that ends so; a #! script is the interpreter
        that its first line names, if the script stands on this host.
        """
        found = self.known.get(path) or self._by_realpath(path) or self._by_ending(path)
        if found is None and self.use_host and path not in self._missing:
            found = read_image(path)
            if found is None:
                self._missing.add(path)
            else:
                self.known[path] = found
        return found

    def _by_realpath(self, path: str) -> ElfImage | None:
        return next((e for e in self.known.values() if e.path == path), None)

    def _by_ending(self, path: str) -> ElfImage | None:
        if path.startswith("/"):
            return None
        ending = "/" + posixpath.normpath(path).lstrip("./")
        matches = {e.path: e for p, e in self.known.items() if p.endswith(ending)}
        return next(iter(matches.values())) if len(matches) == 1 else None

    def to_json(self) -> str:
        """All known layouts."""
        return json.dumps({p: as_json(e) for p, e in sorted(self.known.items())})

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
        return cls({path: _image_from_json(source, path, value) for path, value in body.items()})

    @classmethod
    def load(cls, path: Path) -> ElfSet:
        """Read `--elf FILE`. Raises TraceError."""
        try:
            return cls.from_json(path.read_bytes(), path)
        except OSError as e:
            raise TraceError(path, None, f"cannot be read: {e.strerror}") from e


def _image_from_json(source: str | Path, path: str, body: Any) -> ElfImage:
    try:
        image = ElfImage.from_json(body, path)
        for s in image.segments:
            numbers = [getattr(s, name) for name in SEGMENT_FIELDS[1:]]
            if not all(0 <= n < 1 << 64 for n in numbers):
                raise ValueError(f"{s.type} has a number that is not unsigned 64 bits")
        return image
    except (ValueError, TypeError, AttributeError) as e:
        raise TraceError(source, None, f"layout of {path!r} is wrong: {e}") from e


def read_image(path: str) -> ElfImage | None:
    """The layout of a file of this host, following #! lines; None if it is no ELF program."""
    for _ in range(BINFMT_SCRIPT_DEPTH):
        try:
            with open(path, "rb") as f:
                head = f.read(256)
            if not head.startswith(b"#!"):
                return ElfImage.from_file(path)
        except (OSError, ValueError):
            return None
        words = head[2:].split(b"\n")[0].split()
        if not words:
            return None
        path = words[0].decode("utf-8", "surrogateescape")
    return None
