"""The names of open files, as /proc/PID/maps shows them.

A File has a key, `f_path`, into `arena.names["path"]`; equal names have equal keys, so there are
as many as different names were ever used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmtwin.machine import Machine


def key_of(machine: Machine, path: str) -> int:
    """The key of a name, made at its first use."""
    names: dict[int, str] = machine.arena.names.setdefault("path", {})
    keys: dict[str, int] = machine.arena.names.setdefault("path_key", {})
    if path not in keys:
        keys[path] = len(keys) + 1
        names[keys[path]] = path
    return keys[path]


def set_path(machine: Machine, file: int, path: str) -> None:
    """Name an open file."""
    machine.arena.files[file].f_path = key_of(machine, path)


def path_of(machine: Machine, file: int) -> str:
    """The name of an open file, "" for one without."""
    names: dict[int, str] = machine.arena.names.get("path", {})
    return names.get(int(machine.arena.files[file].f_path), "")
