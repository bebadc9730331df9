"""What execve needs to know of an ELF file: its type and its PT_LOAD segments."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmtwin.units import PAGE_SHIFT

PAGE_SIZE = 1 << PAGE_SHIFT
PAGE_MASK = ~(PAGE_SIZE - 1)
ET_EXEC, ET_DYN = "ET_EXEC", "ET_DYN"
PF_X, PF_W, PF_R = 1, 2, 4
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

    @property
    def page_offset(self) -> int:
        """How far into its first page it starts: ELF_PAGEOFFSET(p_vaddr)."""
        return self.vaddr & ~PAGE_MASK


@dataclass(frozen=True)
class ElfImage:
    """A program or an interpreter, as execve sees it."""

    path: str  # as /proc/PID/maps shows it
    type: str  # ET_EXEC or ET_DYN
    entry: int
    segments: tuple[Segment, ...]
    interp: str = ""  # path of the interpreter that it asks for, "" for a static program
    size: int = 0  # bytes of the file, 0 if not known

    @classmethod
    def from_json(cls, body: Mapping[str, Any], path: str = "") -> ElfImage:
        """From an object with `type`, `entry`, `segments`, and maybe `realpath`, `interp`, `size`.

        A segment is [type, flags, offset, vaddr, filesz, memsz, align]. Raises ValueError.
        """
        try:
            segments = tuple(Segment(str(s[0]), *map(int, s[1:])) for s in body["segments"])
            image = cls(
                str(body.get("realpath", path)), str(body["type"]), int(body.get("entry", 0)),
                segments, str(body.get("interp") or ""), int(body.get("size") or 0),
            )  # fmt: skip
        except (KeyError, TypeError, IndexError) as e:
            raise ValueError(f"{path or 'ELF layout'}: wrong or missing field: {e}") from e
        if image.type not in (ET_EXEC, ET_DYN):
            raise ValueError(f"{path or 'ELF layout'}: type {image.type!r} cannot be executed")
        return image

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> ElfImage:
        """From the file itself. Raises OSError: ENOEXEC where it is no ELF program."""
        from elftools.common.exceptions import ELFError  # only needed here
        from elftools.elf.elffile import ELFFile

        with open(path, "rb") as f:
            try:
                elf = ELFFile(f)
                segments = tuple(_segments(elf))
                interps = [s for s in elf.iter_segments() if s.header["p_type"] == "PT_INTERP"]
            except ELFError as e:
                raise OSError(errno.ENOEXEC, f"not an ELF program ({e})", str(path)) from e
            interp = str(interps[0].get_interp_name()) if interps else ""  # type: ignore[attr-defined]
            return cls(
                os.path.realpath(path), elf["e_type"], elf["e_entry"], segments, interp,
                f.seek(0, os.SEEK_END),
            )  # fmt: skip

    def loads(self) -> list[Segment]:
        """The PT_LOAD segments, in order."""
        return [s for s in self.segments if s.type == "PT_LOAD"]

    def extent(self) -> tuple[int, int]:
        """First page and page-aligned end of all PT_LOADs, relative to the load bias."""
        loads = self.loads()
        end = max((s.vaddr + s.memsz for s in loads), default=0)
        return min((s.vaddr & PAGE_MASK for s in loads), default=0), page_align(end)

    def alignment(self) -> int:
        """maximum_alignment(): the largest power of two that a PT_LOAD asks for."""
        powers = (s.align for s in self.loads() if s.align and s.align & (s.align - 1) == 0)
        return max(PAGE_SIZE, max(powers, default=0))


def page_align(address: int) -> int:
    """Round up to a page."""
    return (address + PAGE_SIZE - 1) & PAGE_MASK


def _segments(elf: Any) -> Iterator[Segment]:
    for s in elf.iter_segments():
        numbers = (int(s.header[f"p_{name}"]) for name in SEGMENT_FIELDS[1:])
        yield Segment(str(s.header["p_type"]), *numbers)
