"""The runner's reading of values and names, compiled for this host."""

import shutil
import subprocess

import pytest

from oracle.initramfs import SOURCES

HARNESS = r"""
#include <stdio.h>
#include <string.h>
#include "runner.h"

int main(int count, char **word)
{
	unsigned long value = 0;
	int bad;

	set_register("A", 0x7ffff7fe9000UL);
	set_register("A1", 16);
	bad = word[1][0] == 'v' ? parse_value(word[2], &value)
				: parse_named(word[1][0], word[2], &value);
	printf(bad ? "refused\n" : "%lx\n", value);
	return count != 3;
}
"""


@pytest.fixture(scope="module")
def parse(tmp_path_factory):
    if not shutil.which("gcc"):
        pytest.skip("no C compiler")
    here = tmp_path_factory.mktemp("harness")
    (here / "main.c").write_text(HARNESS)
    sources = [str(SOURCES / name) for name in ("value.c", "names.c")]
    command = ["gcc", "-I", str(SOURCES), "-o", str(here / "parse"), str(here / "main.c"), *sources]
    subprocess.run(command, check=True)

    def parsed(kind: str, text: str) -> str:
        words = [str(here / "parse"), kind, text]
        return subprocess.run(words, capture_output=True, text=True).stdout.strip()

    return parsed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4K", "1000"),
        ("64M", "4000000"),
        ("1G", "40000000"),
        ("12p", "c000"),
        ("100", "64"),
        ("0x1f", "1f"),
        ("A", "7ffff7fe9000"),
        ("A1", "10"),
        ("A+64K-1p", "7ffff7ff8000"),
        ("-1", "ffffffffffffffff"),
        ("-512K", "fffffffffff80000"),
        ("0", "0"),
        ("B", "refused"),
        ("A+", "refused"),
        ("4K4", "refused"),
        ("", "refused"),
        ("A*2", "refused"),
    ],
)
def test_a_value_is_read_as_the_language_has_it(parse, text: str, value: str) -> None:
    assert parse("v", text) == value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("p", "rw", "3"),
        ("p", "-", "0"),
        ("p", "rwx", "7"),
        ("p", "rg", "1000001"),
        ("p", "q", "refused"),
        ("f", "priv,anon", "22"),
        ("f", "priv,anon,fixed,noreplace", "100032"),
        ("f", "shared,anon,huge", "40021"),
        ("f", "priv,what", "refused"),
        ("f", "0x32", "32"),
        ("r", "maymove,mfixed", "3"),
        ("O", "rdwr,creat,trunc", "242"),
        ("A", "dontneed", "4"),
        ("A", "99", "63"),
        ("A", "nonsense", "refused"),
        ("P", "interleave", "3"),
        ("S", "0x380", "380"),
        ("F", "punch,keepsize", "3"),
        ("F", "0", "0"),
        ("L", "memlock", "8"),
        ("l", "future", "2"),
        ("b", "mpmove", "2"),
        ("Z", "x", "refused"),
    ],
)
def test_names_stand_for_the_kernels_numbers(parse, kind: str, text: str, value: str) -> None:
    assert parse(kind, text) == value
