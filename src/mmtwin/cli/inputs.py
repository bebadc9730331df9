"""What commands share: opening a trace with its ELF layouts, looking at paths before the work."""

from __future__ import annotations

import os
from pathlib import Path

from mmtwin.cli.errors import UsageError
from mmtwin.trace import Trace, open_trace
from mmtwin.trace.elf import ElfSet
from mmtwin.trace.page_events import ANON, KERNEL
from mmtwin.units import PAGE_SIZE, parse_size

COLUMNS_HELP = "CSV: which column is what, by name or number: time=1ms,op=2,offset=3*512,length=4"


def load_elfs(files: tuple[Path, ...], use_host: bool) -> ElfSet:
    """All --elf files together; programs that they lack are looked up here if `use_host`."""
    elfs = ElfSet(use_host=use_host)
    for file in files:
        elfs.known.update(ElfSet.load(file).known)
    return elfs


def open_input(
    path: Path,
    format: str,
    elf: tuple[Path, ...],
    use_host: bool,
    columns: str = "",
    anon: str = "",
    kernel_memory: str = "",
) -> Trace:
    """The trace; its batches are not read yet."""
    given = {ANON: anon, KERNEL: kernel_memory}
    known = {kind: _pages(text) for kind, text in given.items() if text}
    return open_trace(path, format, load_elfs(elf, use_host), columns, known)


def _pages(size: str) -> int:
    """Of a size as people write it."""
    try:
        return -(-parse_size(size) // PAGE_SIZE)
    except ValueError as e:
        raise UsageError(f"{size}: {e}") from e


def check_output_file(path: Path) -> None:
    """Refuse before hours of replay what could not be written after them."""
    parent = path.parent
    if path.is_dir():
        raise UsageError(f"{path}: is a directory, name a file")
    if not parent.is_dir():
        raise UsageError(f"{parent}: no such directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise UsageError(f"{parent}: cannot be written to")
