"""The model's engine: one file a kernel mechanism, compiled as one unit or run as plain Python.

`load(kind)` gives the namespace that holds every engine class: "compiled", "debug" (compiled
with bounds checks, and every exception handed up) or "interpreted". "auto" takes the compiled
one, or says in one line that there is none and interprets.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

ENGINES = ("auto", "compiled", "debug", "interpreted")
_MODULES = {
    "compiled": "mmtwin.mm._engine",
    "debug": "mmtwin.mm._engine_debug",
    "interpreted": "mmtwin.mm._interpreted",
}
_told = False


def load(kind: str | None = None) -> ModuleType:
    """The engine `kind`, by default what MMTWIN_ENGINE says, else "auto".

    Raises ImportError if that engine was not built, ValueError for an unknown kind.
    """
    kind = kind or os.environ.get("MMTWIN_ENGINE") or "auto"
    if kind not in ENGINES:
        raise ValueError(f"unknown engine {kind!r}: one of {', '.join(ENGINES)}")
    if kind != "auto":
        return importlib.import_module(_MODULES[kind])
    try:
        return importlib.import_module(_MODULES["compiled"])
    except ImportError:
        _tell_once()
        return importlib.import_module(_MODULES["interpreted"])


def _tell_once() -> None:
    global _told
    if not _told:
        print(
            "mmtwin: no compiled engine here (no C compiler at install?): "
            "running interpreted, about 100 times slower",
            file=sys.stderr,
        )
    _told = True
