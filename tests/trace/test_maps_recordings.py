"""The main proof: address spaces rebuilt from strace equal the true /proc/PID/maps at exit."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import ROOT
from .maps_compare import score

BUNDLED = ROOT / "examples" / "recordings"


def assert_exact(recording: Path, elf: Path, truth: Path, kernel: str) -> None:
    run, result = score(recording, elf, truth, kernel=kernel)
    assert result.pages_right == result.pages > 0
    assert result.areas_right == result.areas > 0, "\n".join(result.wrong)
    assert not run.failures.by_kind
    assert not run.processes, "all have exited"
    run.machine.check()


@pytest.mark.parametrize("kernel", ["6.12", "6.18"])
@pytest.mark.parametrize("name", ["pipeline", "threads"])
def test_a_bundled_recording_is_rebuilt_exactly(name: str, kernel: str) -> None:
    base = BUNDLED / name
    assert_exact(
        base.with_suffix(".strace.gz"), base.with_suffix(".elf.json"),
        base.with_suffix(".maps.json.gz"), kernel,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["t", "ls", "np", "sq", "gcc", "sort", "sh", "thr"])
def test_a_shared_recording_is_rebuilt_exactly(shared: Path, name: str) -> None:
    folder = shared / "recordings" / "maps"
    assert_exact(
        folder / f"{name}.strace.gz", folder / "elf.json", folder / f"{name}.maps.json.gz", "6.18"
    )
