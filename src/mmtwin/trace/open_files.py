"""Open file descriptions of a recording: what read(2) and write(2) without an offset mean.

    (process, descriptor) -> OpenFile: path, position, O_APPEND

dup, fork and CLONE_FILES share the OpenFile and so its position. How long a file is comes from
what the recording shows of it: reads, writes, seeks from its end, stat, truncation. `initial` are
the lengths of files that had content before the recording touched them.
"""

from __future__ import annotations

from dataclasses import dataclass

O_APPEND, O_TRUNC = 0x400, 0x200


@dataclass(slots=True)
class OpenFile:
    """struct file."""

    path: str
    append: bool = False
    pos: int = 0


class FdTable:
    """files_struct: what a process's descriptors refer to."""

    def __init__(self) -> None:
        self.open: dict[int, OpenFile] = {}
        self.cloexec: set[int] = set()

    def copy(self) -> FdTable:
        """fork() without CLONE_FILES: the same open files."""
        table = FdTable()
        table.open, table.cloexec = dict(self.open), set(self.cloexec)
        return table

    def path(self, fd: int) -> str:
        """The path of a descriptor, "" if it is not known."""
        found = self.open.get(fd)
        return found.path if found else ""

    def set(self, fd: int, file: OpenFile, cloexec: bool) -> None:
        """Make fd refer to an open file."""
        self.open[fd] = file
        (self.cloexec.add if cloexec else self.cloexec.discard)(fd)

    def exec(self) -> None:
        """execve() closes what is marked so."""
        for fd in self.cloexec:
            self.open.pop(fd, None)
        self.cloexec.clear()


class FileSizes:
    """How long files are, as far as a recording shows."""

    def __init__(self) -> None:
        self.now: dict[str, int] = {}
        self.initial: dict[str, int] = {}
        self._changed: set[str] = set()  # whose first content is gone or was grown over

    def shown(self, path: str, size: int) -> None:
        """The file has at least so many bytes, none of them written since."""
        if size > self.now.get(path, 0):
            self.now[path] = size
            if path not in self._changed:
                self.initial[path] = size

    def written(self, path: str, end: int) -> None:
        """Bytes up to there exist now."""
        if end > self.now.get(path, 0):
            self.now[path] = end
            self._changed.add(path)

    def cut(self, path: str, size: int) -> None:
        """It was truncated, or removed: what is read later is not what was there at first."""
        self.now[path] = size
        self._changed.add(path)

    def renamed(self, old: str, new: str) -> None:
        """The length goes with the name."""
        self.cut(new, self.now.get(old, 0))
        self.cut(old, 0)
