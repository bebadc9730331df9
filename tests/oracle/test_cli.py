"""What the command line refuses, each with one line; nothing is downloaded for it."""

import pytest

from oracle import cli


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "a.mms"
    path.write_text("# first\nscenario a\nspawn p\n")
    return path


def refused(capsys, *arguments: object) -> str:
    assert cli.main([str(word) for word in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("scripts/oracle: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_missing_file_is_named(capsys, tmp_path) -> None:
    assert "none.mms: No such file" in refused(capsys, tmp_path / "none.mms")


@pytest.mark.parametrize("text", ["", "spawn p\n", "scenario\n", "scenario a b\n", "# only\n"])
def test_a_file_that_is_no_scenario_is_named(capsys, tmp_path, text: str) -> None:
    path = tmp_path / "x.mms"
    path.write_text(text)
    assert "does not begin with" in refused(capsys, path)


def test_a_binary_file_is_named(capsys, tmp_path) -> None:
    path = tmp_path / "x.mms"
    path.write_bytes(b"\xff\xfe\0\1")
    assert "not a text file" in refused(capsys, path)


def test_a_scenario_given_twice_is_refused(capsys, scenario) -> None:
    assert "two of the files" in refused(capsys, scenario, scenario)


def test_an_output_directory_that_is_not_there_is_refused(capsys, scenario, tmp_path) -> None:
    assert "no such directory" in refused(capsys, scenario, "--out", tmp_path / "no" / "x.jsonl")


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--repeat", "0"]])
def test_numbers_of_none_are_refused(capsys, scenario, words) -> None:
    assert "1 or more" in refused(capsys, scenario, *words)


@pytest.mark.parametrize("words", [[], ["--smp", "x", "f"], ["--exact", "--smp", "2", "f"]])
def test_wrong_usage_ends_with_2(words, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_cache_follows_the_users_setting(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cli.cache_directory() == tmp_path / "mmtwin-oracle"


def test_scenarios_are_named_by_their_first_line(scenario) -> None:
    assert cli.read_scenarios([scenario]) == [("a", scenario.read_text())]
