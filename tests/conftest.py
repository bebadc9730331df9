"""Fixtures shared by all tests: engines that were built, and the optional ../shared folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def built_engines() -> list[str]:
    """The engines that can be loaded here; interpreted always can."""
    found = ["interpreted"]
    for kind, module in (("compiled", "_engine"), ("debug", "_engine_debug")):
        if importlib.util.find_spec(f"mmtwin.mm.{module}"):
            found.append(kind)
    return found


@pytest.fixture(params=built_engines())
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)


@pytest.fixture
def shared() -> Path:
    """The folder of recordings and golden files beside the project, or skip."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not there: recordings and golden answers cannot be compared")
    return SHARED
