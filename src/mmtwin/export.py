"""The machine's /proc as a directory that unmodified tools read.

`psutil.PROCFS_PATH = DIR`, or `cat DIR/meminfo`. Text files only: pagemap and kpageflags are as
long as the address space and the memory, and are read through `Machine.read_bytes()`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from mmtwin import sysctl, views
from mmtwin.views import tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine

MARK = ".mmtwin-export"  # tells a directory that may be replaced from one of the user's own
PROC = "/proc/"


def export(machine: Machine, directory: str | os.PathLike[str]) -> None:
    """Write every text file of /proc below `directory`, which appears whole or not at all.

    An earlier export there is replaced; any other directory with something in it is refused
    (FileExistsError).
    """
    target = Path(directory)
    _refuse_if_in_use(target)
    beside = target.parent / f"{target.name}.{os.getpid()}.part"
    try:
        beside.mkdir()
        for path in paths(machine):
            with contextlib.suppress(ProcessLookupError):  # a zombie's smaps_rollup
                _write(beside / path.removeprefix(PROC), machine.read(path))
        (beside / MARK).touch()
        _replace(beside, target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def paths(machine: Machine) -> list[str]:
    """The text files of /proc that this machine has."""
    found = [path for path in (*views.FILES, *sysctl.SETTINGS) if path.startswith(PROC)]
    for task in tasks.indices(machine):
        pid = int(machine.arena.tasks[task].pid)
        found += [f"{PROC}{pid}/{name}" for name in views.TASK_FILES]
    return found


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(errors="surrogateescape"))


def _refuse_if_in_use(target: Path) -> None:
    if (
        target.exists()
        and not (target / MARK).exists()
        and (not target.is_dir() or any(target.iterdir()))
    ):
        reason = "exists, and is no earlier export"
        raise FileExistsError(errno.EEXIST, reason, os.fspath(target))


def _replace(beside: Path, target: Path) -> None:
    """Put the finished directory in place; rename(2) needs an empty one there, or none."""
    old = target.parent / f"{target.name}.{os.getpid()}.old"
    moved = target.exists() and any(target.iterdir())
    if moved:
        target.rename(old)
    try:
        beside.rename(target)
    except OSError:
        if moved:
            with contextlib.suppress(OSError):
                old.rename(target)
        raise
    if moved:
        shutil.rmtree(old)
