"""Descriptors lead to files and offsets: open, dup, fork, CLONE_FILES, O_APPEND, seeks, copies."""

from __future__ import annotations

from pathlib import Path

from mmtwin.trace import open_trace
from mmtwin.trace.events import Event, events_of_batch

MOVES = ("read", "write", "pread64", "pwrite64", "readv", "writev")


def read(tmp_path: Path, text: str) -> list[Event]:
    path = tmp_path / "t.strace"
    path.write_text(text)
    return [e for b in open_trace(path).batches for e in events_of_batch(b)]


def moves(events: list[Event]) -> list[tuple[str, int, str, int, int]]:
    return [(e.op, e.pid, e.file, e.offset, e.result) for e in events if e.op in MOVES]


def test_reads_and_writes_move_the_position_that_dup_and_fork_share(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        '10 open("/d/f", O_RDWR) = 3\n'
        '10 read(3, "", 100) = 100\n'
        "10 dup(3) = 4\n"
        '10 read(4, "", 50) = 20\n'
        "10 clone(child_stack=NULL, flags=SIGCHLD) = 11\n"
        '11 write(4, "", 5) = 5\n'
        '10 read(3, "", 50) = 1\n'
        '10 pread64(3, "", 50, 4096) = 50\n'
        "10 lseek(3, 0, SEEK_SET) = 0\n"
        '11 read(3, "", 8) = 8\n',
    )
    assert moves(events) == [
        ("read", 10, "/d/f", 0, 100), ("read", 10, "/d/f", 100, 20), ("write", 11, "/d/f", 120, 5),
        ("read", 10, "/d/f", 125, 1), ("pread64", 10, "/d/f", 4096, 50), ("read", 11, "/d/f", 0, 8),
    ]  # fmt: skip
    assert [(e.fd, e.result) for e in events if e.op == "dup"] == [(3, 4)]


def test_a_file_opened_twice_has_two_positions_and_clone_files_shares_the_table(
    tmp_path: Path,
) -> None:
    events = read(
        tmp_path,
        '10 open("/f", O_RDONLY) = 3\n'
        '10 open("/f", O_RDONLY) = 4\n'
        '10 read(3, "", 100) = 100\n'
        "10 clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES) = 11\n"
        '11 open("/g", O_RDONLY) = 5\n'
        '10 read(5, "", 7) = 7\n'
        '10 read(4, "", 100) = 100\n',
    )
    assert [(m[2], m[3]) for m in moves(events)] == [("/f", 0), ("/g", 0), ("/f", 0)]


def test_appends_go_to_the_end_that_the_recording_shows(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        '10 open("/log", O_WRONLY|O_APPEND) = 3\n'
        "10 fstat(3, {st_mode=S_IFREG|0644, st_size=1000, ...}) = 0\n"
        '10 write(3, "", 10) = 10\n'
        '10 open("/log", O_RDWR) = 4\n'
        '10 pwrite64(4, "", 6, 2000) = 6\n'
        '10 write(3, "", 1) = 1\n'
        '10 open("/new", O_RDWR|O_CREAT|O_TRUNC|O_APPEND, 0644) = 5\n'
        '10 write(5, "", 3) = 3\n'
        '10 write(5, "", 3) = 3\n',
    )
    assert [(m[2], m[3]) for m in moves(events)] == [
        ("/log", 1000), ("/log", 2000), ("/log", 2006), ("/new", 0), ("/new", 3)
    ]  # fmt: skip


def test_sizes_that_late_reads_show_come_first(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        '10 open("/f", O_RDONLY) = 3\n'
        '10 read(3, "", 100) = 100\n'
        '10 pread64(3, "", 4096, 81920) = 4096\n'
        '10 open("/made", O_RDWR|O_CREAT|O_TRUNC, 0644) = 4\n'
        '10 write(4, "", 50) = 50\n'
        '10 pread64(4, "", 50, 0) = 50\n'
        '10 open("/s", O_RDONLY) = 5\n'
        "10 lseek(5, 0, SEEK_END) = 777\n",
    )
    assert [(e.file, e.length) for e in events if e.op == "stat"] == [("/f", 86016), ("/s", 777)]
    assert [e.op for e in events][:2] == ["stat", "stat"]


def test_sendfile_copy_file_range_and_splice_are_a_read_and_a_write(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        '10 open("/a", O_RDONLY) = 3\n'
        '10 open("/b", O_RDWR) = 4\n'
        "10 sendfile(4, 3, NULL, 1000) = 600\n"
        "10 sendfile(4, 3, [0] => [100], 1000) = 100\n"
        "10 copy_file_range(3, [4096], 4, NULL, 50, 0) = 50\n"
        "10 splice(3, NULL, 9<pipe:[77]>, NULL, 10, 0) = 10\n",
    )
    assert [(m[0], m[2], m[3], m[4]) for m in moves(events)] == [
        ("pread64", "/a", 0, 600), ("pwrite64", "/b", 0, 600),
        ("pread64", "/a", 0, 100), ("pwrite64", "/b", 600, 100),
        ("pread64", "/a", 4096, 50), ("pwrite64", "/b", 700, 50),
        ("pread64", "/a", 600, 10), ("pwrite64", "pipe:[77]", 0, 10),
    ]  # fmt: skip


def test_a_renamed_or_unlinked_file_keeps_its_position(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        '10 openat(AT_FDCWD</w>, "f", O_RDWR) = 3</w/f>\n'
        '10 read(3</w/f>, "", 10) = 10\n'
        '10 rename("/w/f", "/w/g") = 0\n'
        '10 read(3</w/g>, "", 10) = 10\n'
        '10 unlink("/w/g") = 0\n'
        '10 read(3</w/g>(deleted), "", 10) = 10\n',
    )
    assert [(m[2], m[3]) for m in moves(events)] == [("/w/f", 0), ("/w/g", 10), ("/w/g", 20)]


def test_close_range_closes_descriptors(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        '10 open("/f", O_RDONLY) = 3\n10 close_range(3, 4294967295, 0) = 0\n'
        '10 open("/g", O_RDONLY) = 3\n10 read(3, "", 4) = 4\n',
    )
    assert ("close_range", 3) in [(e.op, e.fd) for e in events]
    assert moves(events) == [("read", 10, "/g", 0, 4)]
