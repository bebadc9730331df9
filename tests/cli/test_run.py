"""mmtwin run, cat, export, convert, info on small recordings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ..conftest import ROOT
from .conftest import Result

Run = Callable[..., Result]
RECORDINGS = ROOT / "examples" / "recordings"
PIPELINE = RECORDINGS / "pipeline.strace.gz"
PIPELINE_ELF = RECORDINGS / "pipeline.elf.json"

SMALL = (
    '10 1.0 execve("/bin/x", [...], 0x7ffd8cb580b8 /* 39 vars */) = 0 <0.1>\n'
    "10 1.1 brk(NULL) = 0x555500000000\n10 1.2 brk(0x555500021000) = 0x555500021000\n"
    "10 1.3 mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0)"
    " = 0x7f0000000000\n"
)
LACKEY = "==77== Command: ./p\n L 04000000,8\n S 04000ffc,8\n M 05000000,4\nI  04000010,3\n"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.strace"
    path.write_text(SMALL)
    return path


def test_the_summary_names_what_a_person_wants_to_know(mmtwin: Run) -> None:
    r = mmtwin("run", PIPELINE, "--elf", PIPELINE_ELF)
    assert (r.code, r.err) == (0, "")
    for word in (
        "faults",
        "resident",
        "page tables",
        "TLB",
        "failed",
        "not known",
        "sort",
        "exit 0",
    ):
        assert word in r.out


def test_json_has_stable_keys(mmtwin: Run, small: Path) -> None:
    result = json.loads(mmtwin("run", small, "--json").out)
    counters = {key for key in result if key.startswith(("memory.", "vmstat."))}
    assert {"memory.current", "memory.peak", "memory.stat.file", "memory.events.max"} <= counters
    assert "vmstat.workingset_refault_file" in counters
    assert set(result) - counters == {
        "read_bytes", "write_bytes", "trace", "machine", "events", "calls", "accesses", "processes",
        "faults", "kernel_log", "resident",
        "page_tables", "tlb", "failed", "unknown",
    }  # fmt: skip
    [process] = result["processes"]
    assert (process["pid"], process["name"], process["vm_rss_kb"]) == (10, "x", 16)
    assert result["failed"] == []
    assert any("/bin/x" in line for line in result["unknown"])


def test_cat_prints_files_as_they_stand_at_the_end(mmtwin: Run, small: Path) -> None:
    r = mmtwin("run", small, "--cat", "/proc/10/maps", "--cat", "/proc/meminfo")
    assert r.out.startswith("555500000000-555500021000 rw-p 00000000 00:00 0 ")
    assert "7f0000000000-7f0000004000 rw-p" in r.out
    assert "\nMemFree:" in r.out


def test_cat_of_a_process_that_has_exited_shows_its_last_state(mmtwin: Run, small: Path) -> None:
    small.write_text(SMALL + "10 1.4 exit_group(3) = ?\n10 1.5 +++ exited with 3 +++\n")
    r = mmtwin("run", small, "--cat", "/proc/10/maps")
    assert "[heap]" in r.out
    assert r.err == "mmtwin: /proc/10/maps: as it stood when the process exited\n"


def test_at_exit_writes_three_files_a_process(mmtwin: Run, tmp_path: Path) -> None:
    out = tmp_path / "exits"
    r = mmtwin("run", PIPELINE, "--elf", PIPELINE_ELF, "--at-exit", out, "--quiet")
    assert (r.code, r.out) == (0, "")
    names = sorted(os.listdir(out))
    assert len(names) == 21
    assert {n.split(".")[1] for n in names} == {"maps", "smaps", "status"}


def test_a_saved_run_is_opened_by_later_commands(
    mmtwin: Run, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "r.mmr"
    whole = mmtwin("run", small, "--save", run, "--cat", "/proc/10/smaps").out
    assert mmtwin("cat", run, "/proc/10/smaps").out == whole
    assert mmtwin("export", run, tmp_path / "proc").code == 0
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path / "proc"))
    assert psutil.Process(10).memory_info().rss == 16384


def test_settings_change_the_machine(mmtwin: Run, small: Path, tmp_path: Path) -> None:
    toml = tmp_path / "m.toml"
    toml.write_text('ram = "1G"\n')
    machine = json.loads(mmtwin("run", small, "--machine", toml, "--set", "cpus=4", "--json").out)
    assert machine["machine"] == {"ram_kb": 1 << 20, "cpus": 4, "kernel": "6.12"}


def test_lackey_accesses_are_counted_and_resident(mmtwin: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.lackey"
    path.write_text(LACKEY)
    result = json.loads(mmtwin("run", path, "--json").out)
    assert result["accesses"] == 6  # a modify is two, a store over a page's end too
    assert result["tlb"]["lookups"] == 6
    # two of the three pages are read first: the zero page, then a page of their own
    assert result["faults"] == {"minor": 5, "major": 0}
    assert result["resident"]["end_kb"] == 12


def test_a_stretch_of_plain_loads_replays_too(mmtwin: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.lackey"
    path.write_text("".join(f" L 0400{i:04x},1\n" for i in range(0, 0x10000, 64)))
    assert json.loads(mmtwin("run", path, "--json").out)["faults"] == {"minor": 16, "major": 0}


def test_a_converted_trace_replays_alike(mmtwin: Run, tmp_path: Path) -> None:
    trace = tmp_path / "p.mmt"
    assert mmtwin("convert", PIPELINE, trace, "--elf", PIPELINE_ELF, "--kernel", "6.18.1").code == 0
    text = json.loads(mmtwin("run", PIPELINE, "--elf", PIPELINE_ELF, "--json").out)
    parquet = json.loads(mmtwin("run", trace, "--json").out)
    assert parquet["processes"] == text["processes"]
    assert json.loads(mmtwin("info", trace, "--json").out)["kernel"] == "6.18.1"


def test_limit_stops_in_the_middle(mmtwin: Run) -> None:
    result = json.loads(
        mmtwin("run", PIPELINE, "--elf", PIPELINE_ELF, "--limit", 100, "--json").out
    )
    assert result["events"] == 100


def test_every_call_of_the_recording_is_counted(mmtwin: Run) -> None:
    result = json.loads(mmtwin("run", PIPELINE, "--elf", PIPELINE_ELF, "--json").out)
    assert result["accesses"] == 0
    assert result["calls"] == result["events"] == 731  # reads and writes of pipes among them


def test_info_counts_operations(mmtwin: Run) -> None:
    r = mmtwin("info", PIPELINE)
    assert r.code == 0
    assert "mmap" in r.out


def test_python_m_mmtwin_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mmtwin", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("mmtwin, version")


def test_a_short_replay_does_not_wait_for_imports_of_other_commands(small: Path) -> None:
    code = (
        "import sys\nfrom mmtwin.cli import main\n"
        "sys.argv = ['mmtwin', 'run', sys.argv[1], '--quiet']\n"
        "try:\n    main()\nfinally:\n"
        "    print(*sorted({'rich', 'ssl', 'pandas', 'pyarrow.parquet', 'pyarrow.csv',\n"
        "        'mmtwin.calibrate', 'mmtwin.scenario.program'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(small)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
