"""Errors that a user meets: one clear line each, never a traceback of the model's insides."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable


class ConfigError(ValueError):
    """A machine's description that cannot be built; the message names file, key and bounds."""


class SavedMachineError(ValueError):
    """A saved machine that cannot be opened: broken, truncated, foreign or of another version."""


class NotModelledError(OSError):
    """A file or setting that a real kernel has and this model does not, yet (EOPNOTSUPP)."""

    def __init__(self, path: str, what: str = "not modelled yet") -> None:
        super().__init__(errno.EOPNOTSUPP, what, path)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?` where a known name is near, else nothing."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""
