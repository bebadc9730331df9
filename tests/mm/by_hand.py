"""Records made by hand, for tests of mechanisms without an address space around them."""

from __future__ import annotations

from mmtwin.config import describe
from mmtwin.machine import Machine


def machine(engine: str) -> Machine:
    """A small machine with one CPU."""
    return Machine(describe(ram="64M", cpus=1), engine=engine)
