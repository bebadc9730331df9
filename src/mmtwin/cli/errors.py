"""Which exceptions are the user's to mend, and the one line that each becomes."""

from __future__ import annotations

import os

import click

from mmtwin.errors import ConfigError, NotModelledError, SavedMachineError
from mmtwin.policy.errors import PolicyError
from mmtwin.scenario.errors import ScenarioError
from mmtwin.trace.errors import TraceError

EXIT_INPUT = 2  # usage or input


class UsageError(Exception):
    """Arguments that do not fit."""


OF_THE_USER = (
    TraceError, ConfigError, SavedMachineError, ScenarioError, PolicyError, UsageError
)  # fmt: skip


def one_line(e: Exception) -> str | None:
    """The message, or None for an error of mmtwin itself."""
    if isinstance(e, click.ClickException):
        hint = getattr(e, "ctx", None)
        more = f" (see mmtwin {hint.info_name} --help)" if hint and hint.parent else ""
        text = e.format_message() + more
    elif isinstance(e, OF_THE_USER):
        text = str(e)
    elif isinstance(e, NotModelledError):
        text = f"{e.filename}: {e.strerror}"
    elif isinstance(e, OSError) and e.filename is not None:
        text = f"{os.fsdecode(e.filename)}: {e.strerror}"
    else:
        return None
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """Junk from a file must not reach the terminal as control characters."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
