"""A fixed set of random sequences agrees with the kernel that these tests run on.

Skipped only where the platform cannot run them: no Linux, no x86_64, no C compiler, a sandbox that
forbids personality(2). Anything else that keeps sequences from being compared is a failure.
"""

from __future__ import annotations

import os
import platform
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest

from mmtwin.config import KERNELS
from mmtwin.elf_image import ElfImage
from tests.fuzz import host, twin
from tests.fuzz.campaign import Tally, campaign
from tests.fuzz.compare import Difference, first_difference
from tests.fuzz.generate import Abilities
from tests.fuzz.ops import Answer, Op

SEEDS = range(1, 41)
NR_OPS = 50


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of child.c, or the platform's reason why there is none."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip(f"{platform.system()} {platform.machine()}: child.c is for Linux on x86_64")
    if shutil.which("gcc") is None:
        pytest.skip("no gcc to compile child.c with")
    built = host.build(tmp_path_factory.mktemp("fuzz"))
    try:
        host.check(built)
    except host.LayoutError as e:
        pytest.skip(str(e))
    return built


def test_random_sequences_agree_with_this_kernel(program: Path) -> None:
    kernel = host.nearest_kernel()
    abilities = host.abilities(program.parent)
    booted = twin.Booted(ElfImage.from_file(program), kernel, None)
    booted.as_on(host.limits(), host.locks_freely())
    skip = host.skipped_flags()

    def run(ops: Sequence[Op]) -> Difference | None:
        return first_difference(ops, lambda: host.Host(program), booted.start, skip)

    tally = Tally()
    found = list(campaign(run, SEEDS, NR_OPS, abilities, tally))
    assert tally.tried == len(SEEDS)
    if KERNELS[kernel] != host.kernel():
        warnings.warn(
            f"{platform.release()} has no profile; beside {kernel}: {tally}", stacklevel=1
        )
        return  # another kernel's answers are no measure of this profile
    assert tally.complete, f"{tally}\n{tally.deaths}\n" + "\n".join(
        f"seed {seed}: {d}\n" + "\n".join(op.scenario() for op in ops) for seed, ops, d in found
    )


def test_pipes_of_any_number_reach_the_program(program: Path) -> None:
    taken = [os.dup(0) for _ in range(100)]  # so that pipes get the numbers that are passed through
    try:
        run = host.Host(program)
        assert run.run(Op(0, "fork", (2,))).result == 0
        assert run.run(Op(2, "brk", (0,))).result > 0
        run.close()
    finally:
        for fd in taken:
            os.close(fd)


class Scripted:
    """A runner whose answers are given; it dies where there is none."""

    def __init__(self, *results: int) -> None:
        self.results = list(results)

    def run(self, op: Op) -> Answer:
        if not self.results:
            raise host.HostError("gone")
        return Answer(result=self.results.pop(0))

    def smaps(self, k: int) -> str:
        return ""

    def status(self, k: int) -> str:
        return ""

    def close(self) -> None:
        """Nothing runs."""


@pytest.mark.parametrize(
    ("kernels", "says"),
    [
        ([Scripted(0)], "1 of 1 sequences agree"),
        ([Scripted(), Scripted(0)], "1 of 1 sequences agree, 1 of them when asked again"),
        ([Scripted(), Scripted()], "0 of 1 sequences agree; 1 without an answer"),
        ([Scripted(5), Scripted(5)], "0 of 1 sequences agree"),
    ],
)
def test_a_host_that_dies_is_counted_apart(kernels: list[Scripted], says: str) -> None:
    left = [*kernels, *[Scripted(5) for _ in range(9)]]

    def run(ops: Sequence[Op]) -> Difference | None:
        return first_difference(ops[:1], lambda: left.pop(0), lambda: Scripted(0))

    tally = Tally()
    list(campaign(run, [1], 1, Abilities(), tally))
    assert str(tally).startswith(says)
    assert tally.complete == ("1 of 1" in says)
