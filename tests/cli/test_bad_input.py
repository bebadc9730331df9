"""Bad input: one clear line that names the place, exit code 2, nothing half-written."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Result
from .test_run import LACKEY, SMALL

Run = Callable[..., Result]


def refused(r: Result, *words: object) -> None:
    assert r.code == 2, r
    assert r.out == ""
    assert r.err.startswith("mmtwin: ")
    assert r.err.count("\n") == 1
    for word in words:
        assert str(word) in r.err


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.strace"
    path.write_text(SMALL)
    return path


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["is empty"]),
        (bytes(range(256)) * 20, ["no recording"]),
        (b"\x7fELF" + bytes(5000), ["no recording"]),
        (SMALL.encode() + b"10 1.4 mmap(NULL, 81", [":5:", "cut short"]),
        (SMALL.encode() + b"what is this\n", [":5:", "not a line of strace"]),
        (SMALL.encode() + b"10 1.4 mmap(what) = 0x1\n", [":5:", "mmap(what)"]),
        (LACKEY.encode() + b" S ffff800000000000,8\n", [":6:", "47-bit"]),
        (LACKEY.encode() + b"hello\n", [":6:", "not a line of lackey"]),
        (LACKEY.encode() + b" S 0400", [":6:", "cut short"]),
        (gzip.compress(SMALL.encode())[:-9], ["cut short"]),
        (b"\x1f\x8b\x08\x00junkjunkjunk", ["damaged"]),
        (b"PAR1" + bytes(100), ["no whole Parquet"]),
    ],
)
@pytest.mark.parametrize("command", ["run", "info"])
def test_bad_recordings(
    mmtwin: Run, tmp_path: Path, data: bytes, words: list[str], command: str
) -> None:
    path = tmp_path / "bad"
    path.write_bytes(data)
    refused(mmtwin(command, path), path, *words)


def test_missing_and_unreadable_things(mmtwin: Run, good: Path, tmp_path: Path) -> None:
    refused(mmtwin("run", tmp_path / "no"), tmp_path / "no", "No such file")
    refused(mmtwin("run", tmp_path), tmp_path, "directory")
    refused(mmtwin("run", good, "--elf", tmp_path / "no"), tmp_path / "no")
    refused(mmtwin("run", good, "--machine", tmp_path / "no"), tmp_path / "no")
    refused(mmtwin("cat", tmp_path / "no", "/proc/meminfo"), tmp_path / "no")
    refused(mmtwin("cat", good, "/proc/meminfo"), good, "not a saved machine")
    refused(mmtwin("export", good, tmp_path / "out"), good)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ["not JSON"]),
        ("[]", ["object"]),
        ('{"/bin/x": {"type": "ET_DYN"}}', ["/bin/x", "segments"]),
        ('{"/bin/x": {"type": "ET_REL", "segments": []}}', ["/bin/x", "ET_REL"]),
        ('{"/bin/x": {"type": "ET_DYN", "segments": [["PT_LOAD", 1]]}}', ["/bin/x"]),
        (
            '{"/bin/x": {"type": "ET_DYN", "segments": [["PT_LOAD", 1, 0, -1, 0, 0, 0]]}}',
            ["/bin/x"],
        ),
    ],
)
def test_bad_elf_layouts(
    mmtwin: Run, good: Path, tmp_path: Path, text: str, words: list[str]
) -> None:
    path = tmp_path / "elf.json"
    path.write_text(text)
    refused(mmtwin("run", good, "--elf", path), path, *words)


def test_a_bad_machine(mmtwin: Run, good: Path, tmp_path: Path) -> None:
    toml = tmp_path / "m.toml"
    toml.write_text("ram = \n")
    refused(mmtwin("run", good, "--machine", toml), toml)
    toml.write_text('rum = "4G"\n')
    refused(mmtwin("run", good, "--machine", toml), toml, "rum")
    refused(mmtwin("run", good, "--set", "vm.swapiness=1"), "vm.swapiness")
    refused(mmtwin("run", good, "--set", "ram=1"), "ram")
    refused(mmtwin("run", good, "--set", "ram"), "KEY=VALUE")


def test_bad_usage(mmtwin: Run, good: Path) -> None:
    refused(mmtwin("run"), "Missing argument")
    refused(mmtwin("run", good, "--frob"), "--frob")
    refused(mmtwin("frob"), "frob")
    refused(mmtwin("run", good, "--format", "tsv"), "tsv")
    refused(mmtwin("run", good, "--limit", "-1"), "--limit")
    refused(mmtwin("run", good, "--cat", "/proc/nothing"), "/proc/nothing")
    refused(mmtwin("run", good, "--cat", "/proc/999/maps"), "/proc/999/maps")


def test_a_forced_format_that_is_not_the_files(mmtwin: Run, good: Path) -> None:
    refused(mmtwin("run", good, "--format", "lackey"), good, ":1:")
    refused(mmtwin("run", good, "--format", "parquet"), good)


def test_outputs_that_cannot_be_written(mmtwin: Run, good: Path, tmp_path: Path) -> None:
    refused(mmtwin("run", good, "--save", tmp_path / "no" / "r.mmr"), tmp_path / "no")
    refused(mmtwin("run", good, "--save", tmp_path), tmp_path, "directory")
    refused(mmtwin("run", good, "--at-exit", good), good, "no directory")
    refused(mmtwin("convert", good, tmp_path / "no" / "t.mmt"), tmp_path / "no")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").touch()
    mmtwin("run", good, "--save", tmp_path / "r.mmr", "-q")
    refused(mmtwin("export", tmp_path / "r.mmr", tmp_path / "used"), tmp_path / "used")


def test_a_recording_that_breaks_in_the_middle_writes_nothing(mmtwin: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.strace"
    exits = "10 1.4 exit_group(0) = ?\n10 1.5 +++ exited with 0 +++\n"
    bad.write_text(SMALL + exits + "junk\n")
    before = set(os.listdir(tmp_path))
    out = ["--at-exit", tmp_path / "exits", "--save", tmp_path / "r.mmr"]
    refused(mmtwin("run", bad, *out), f"{bad}:7:")
    refused(mmtwin("convert", bad, tmp_path / "t.mmt"), f"{bad}:7:")
    assert set(os.listdir(tmp_path)) == before


@given(data=st.data(), sample=st.sampled_from([SMALL, LACKEY]))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_recordings_never_trace_back(
    mmtwin: Run, tmp_path: Path, data: st.DataObject, sample: str
) -> None:
    bad = bytearray(sample.encode()[: data.draw(st.integers(0, len(sample)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if bad:
            bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "fuzzed"
    path.write_bytes(bytes(bad))
    r = mmtwin("info", path)
    assert r.code == 0 or (r.code, r.err.count("\n")) == (2, 1)
