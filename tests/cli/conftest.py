"""Runs the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mmtwin.cli import main


@dataclass
class Result:
    code: int
    out: str
    err: str


@pytest.fixture
def mmtwin(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """mmtwin("run", path): exit code, stdout and stderr."""

    def call(*arguments: object) -> Result:
        code = 0
        try:
            main([str(a) for a in arguments])
        except SystemExit as e:
            code = int(e.code or 0)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
