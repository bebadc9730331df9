"""The project's commands can be run, and know when an installation is still good."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

COMMANDS = [
    "scripts/demo",
    "scripts/test",
    "scripts/check",
    "scripts/bench",
    "scripts/fidelity",
    ".ci/run",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_executable_and_parses(command: str) -> None:
    assert os.access(ROOT / command, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / command], check=True)


def fingerprint(checkout: Path) -> str:
    """What make_venv compares to see whether anything changed."""
    script = f". scripts/venv.sh; fingerprint {sys.executable} test"
    done = subprocess.run(["bash", "-c", script], cwd=checkout, capture_output=True, check=True)
    return done.stdout.decode()


def test_only_a_change_of_what_was_installed_installs_again(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    engine = tmp_path / "src/mmtwin/mm"
    engine.mkdir(parents=True)
    (engine / "rmap.py").write_text("one")
    (engine.parent / "machine.py").write_text("one")
    before = fingerprint(tmp_path)
    (engine.parent / "machine.py").write_text("two")  # plain Python, installed editable
    assert fingerprint(tmp_path) == before
    (engine / "rmap.py").write_text("two")
    assert fingerprint(tmp_path) != before
