"""What is wrong with an input file, and where."""

from __future__ import annotations

from pathlib import Path


class TraceError(Exception):
    """An input that cannot be used: `FILE:LINE: what, what to do` in one line."""

    def __init__(self, path: str | Path, line: int | None, what: str) -> None:
        self.path, self.line, self.what = str(path), line, what
        super().__init__(str(self))

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return " ".join(f"{place}: {self.what}".split())
