"""What the runner sends, and the golden records made of it."""

import gzip
import json

import pytest

from mmtwin.scenario.golden import read
from oracle import golden, stream
from oracle.compare import compare
from oracle.events import default_events


def frame(name: str, text: str) -> bytes:
    return f"F {len(text)} {name}\n{text}\n".encode()


HEAD = b"\nK 6.12.1 #1 SMP\nR\n"
BODY = (
    b"S a01\n"
    b"O 3\tp\tspawn\t0\n"
    b"O 4\tp\tmmap A 0 64K rw priv,anon\t0x7ffff7fe9000\t0\t0\n"
    + frame("s0|-|vmstat", "nr_free_pages 10\npgfault 5\n")
    + frame("s1|-|vmstat", "nr_free_pages 9\npgfault 5\n")
)


def test_a_scenario_that_ended_has_its_time() -> None:
    release, (answers,) = stream.parse(HEAD + BODY + b"E 12.50\nQ\n")
    made = golden.record(answers, release, "shape")
    assert (made["kernel"], made["done"], made["t"]) == ("6.12.1", True, 12.5)
    assert made["ops"][1] == [4, "p", "mmap A 0 64K rw priv,anon", "0x7ffff7fe9000", 0, 0]
    assert made["ops"][0] == [3, "p", "spawn", "0"]


def test_counters_come_in_full_once_and_then_by_what_changed() -> None:
    made = golden.record(stream.parse(HEAD + BODY + b"E 1.00\n")[1][0], "k", "c")
    assert made["ck"] == {
        "s0|-|vmstat": {"nr_free_pages": 10, "pgfault": 5},
        "s1|-|vmstat": {"nr_free_pages": 9, "_d": 1},
    }


@pytest.mark.parametrize("length", range(len(HEAD), len(HEAD + BODY), 7))
def test_answers_cut_off_anywhere_give_what_was_whole_and_are_not_done(length: int) -> None:
    _, found = stream.parse((HEAD + BODY)[:length])
    assert all(not golden.record(answers, "k", "c")["done"] for answers in found)


def test_a_file_that_could_not_be_read_is_an_errno() -> None:
    assert golden.checkpoints([("s|p|maps", "E 3")]) == {"s|p|maps": {"error": 3}}


def test_a_label_used_again_is_numbered() -> None:
    frames = [("show|-|/proc/vmstat", "a 1\nb 2\n"), ("show|-|/proc/vmstat", "a 1\nb 3\n")]
    assert golden.checkpoints(frames) == {
        "show|-|/proc/vmstat": {"a": 1, "b": 2},
        "show#2|-|/proc/vmstat": {"b": 3, "_d": 1},
    }


def test_records_are_written_whole_and_read_back(tmp_path) -> None:
    made = golden.record(stream.parse(HEAD + BODY)[1][0], "k", "c")
    for name in ("x.jsonl", "x.jsonl.gz"):
        golden.write(tmp_path / name, [made, made])
        assert read(tmp_path / name) == [made, made]
    assert json.loads((tmp_path / "x.jsonl").read_text().splitlines()[0]) == made


def test_event_streams_lose_what_differs_from_run_to_run(tmp_path) -> None:
    raw = (
        "# tracer: nop\n"
        "             exe-75      [000] .....    19.80: mm_vmscan_lru_isolate: classzone=4\n"
        "  kworker/0:0-8      [000] d..1.    19.81: mm_page_free: pfn=0x1\n"
    )
    golden.write_traces(tmp_path / "t.gz", [("f02", "vmscan/a,kmem/b", raw)])
    assert gzip.decompress((tmp_path / "t.gz").read_bytes()).decode() == (
        "TRACE f02 vmscan/a kmem/b\n"
        "exe mm_vmscan_lru_isolate: classzone=4\n"
        "kworker/0:0 mm_page_free: pfn=0x1\n"
        "#ENDTRACE\n"
    )


@pytest.mark.parametrize(
    ("scenario", "part"),
    [("a01_x", "mmap"), ("f05_memcg_oom", "oom/"), ("f02_swap", "vmscan/"), ("j02_c", "compact")],
)
def test_each_scenario_has_events_that_tell_about_it(scenario: str, part: str) -> None:
    assert part in default_events(scenario)


def test_comparison_is_by_changes_and_passes_over_preparation() -> None:
    mine = golden.record(stream.parse(HEAD + BODY)[1][0], "k", "c")
    other = json.loads(json.dumps(mine))
    other["ops"].insert(0, [2, "-", "mkswap", "4096"])
    other["ck"]["s0|-|vmstat"] = {"nr_free_pages": 110, "pgfault": 5}
    other["ck"]["s1|-|vmstat"] = {"nr_free_pages": 109, "_d": 1}
    assert all(a == b for rows in compare(mine, other).values() for _, a, b in rows)
    other["ops"][2][3] = "0x7ffff7fe8000"
    assert [row[0] for row in compare(mine, other)["results"] if row[1] != row[2]] == [
        "2 p: mmap A 0 64K rw priv,anon"
    ]


@pytest.mark.parametrize("name", ["612_exact", "61_exact", "618_exact"])
def test_the_given_golden_files_have_the_form_that_is_compared(shared, name: str) -> None:
    for made in read(shared / "golden" / f"{name}.jsonl.gz"):
        rows = [row for found in compare(made, made).values() for row in found]
        assert rows and all(a == b for _, a, b in rows)
