"""Each file's layout, byte for byte, against samples that a real 6.18 kernel printed."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from mmtwin.views import limits, maps, smaps, topology

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> str:
    return (SAMPLES / f"6.18_{name}.txt").read_text()


_LINE = re.compile(r"(\S+)-(\S+) (\S{4}) (\S+) (\S+):(\S+) (\d+) (?: *(.+))?")


def rebuilt(line: str) -> str:
    """A line of maps taken apart and laid out again."""
    match = _LINE.fullmatch(line)
    assert match, line
    start, end, offset, major, minor = (int(match[i], 16) for i in (1, 2, 4, 5, 6))
    device = major << maps.MINOR_BITS | minor
    name = (match[8] or "").strip()
    return maps.line(start, end, match[3], offset, device, int(match[7]), name)


def test_a_line_of_maps_is_the_kernels() -> None:
    for line in sample("maps").splitlines():
        assert rebuilt(line) == line + "\n"


def test_long_device_and_inode_numbers_push_the_name_right() -> None:
    assert maps.line(0x400000, 0x401000, "r-xp", 0, 259 << 20 | 17, 123456789012345678901, "/") == (
        "00400000-00401000 r-xp 00000000 103:11 123456789012345678901             /\n"
    )


def test_lines_of_every_recorded_process_are_rebuilt(shared: Path) -> None:
    count = 0
    for recording in sorted((shared / "recordings" / "maps").glob("*.maps.json.gz")):
        for name, text in json.loads(gzip.decompress(recording.read_bytes())).items():
            if name.startswith("maps."):
                assert "".join(map(rebuilt, text.splitlines())) == text
                count += 1
    assert count > 50


def shape(text: str) -> list[str]:
    """A file's lines with every number's digits alike, so that only the layout is left."""
    return [re.sub(r"\d", "9", line) for line in text.splitlines()]


def sums_of(lines: list[str]) -> dict[str, int]:
    """The sums that lines of smaps tell, by the field that each line shows."""
    found = {m[1]: int(m[2]) << 10 for m in (re.match(r"(\w+): +(\d+) kB", x) for x in lines) if m}
    return {field: found[name] for name, field in smaps._LINES if name in found and field}


def test_an_area_of_smaps_is_laid_out_as_the_kernel_does() -> None:
    areas = sample("smaps").split("VmFlags:")
    first = areas[0] + "VmFlags: rd mr mw me \n"
    header, *lines = first.splitlines(keepends=True)
    size = int(lines[0].split()[1]) << 10
    ours = smaps.area(header, size, sums_of(lines), 0x71, 618)
    assert ours == "".join(x for x in first.splitlines(keepends=True) if "Protection" not in x)


def test_the_rollup_has_its_three_lines_more() -> None:
    _, *lines = sample("smaps_rollup").splitlines(keepends=True)
    assert smaps.rows(sums_of(lines), 618, rollup=True) == "".join(lines)
    assert "KSM" not in smaps.rows(sums_of(lines), 601, rollup=True)


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (0x8100073, "rd wr mr mw me ac sd"),
        (0x8000071, "rd mr mw me sd"),
        (0x80000FB, "rd wr sh mr mw me ms sd"),
        (0x100173, "rd wr mr mw me gd ac"),
        (0x8182073, "rd wr mr mw me lo lf ac sd"),
        (0x8200073, "rd wr mr mw me nr sd"),
        (0x4, "ex"),
    ],
)
def test_flags_are_two_letters_each_in_order_of_their_bits(flags: int, text: str) -> None:
    assert smaps.flag_letters(flags, 612) == f"VmFlags: {text} \n"


def test_bitmaps_are_hexadecimal_in_groups() -> None:
    assert topology.bitmap(0b11, 2) == "3"
    assert topology.bitmap(0xFFF, 12) == "fff"
    assert topology.bitmap((1 << 32) - 1, 32) == "ffffffff"
    assert topology.bitmap(1, 1024) == ",".join(["00000000"] * 31 + ["00000001"])
    assert topology.bitlist([0]) == "0"
    assert topology.bitlist([0, 1, 2, 5, 7, 8]) == "0-2,5,7-8"
    assert topology.bitlist([]) == ""


def test_a_line_of_limits_is_the_kernels() -> None:
    for text in sample("limits").splitlines(keepends=True):
        name, *rest = re.split(r"\s{2,}", text.strip())
        soft, hard, unit = [*rest, ""][:3]
        assert limits.line(name, soft, hard, unit) == text
