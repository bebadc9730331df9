"""strace text becomes events: every way in which strace prints, and the order of effect."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin.trace.errors import TraceError
from mmtwin.trace.events import Event
from mmtwin.trace.strace import StraceReader
from mmtwin.trace.strace_syntax import descriptor, number, split_arguments, string


def read(tmp_path: Path, text: str) -> list[Event]:
    path = tmp_path / "t.strace"
    path.write_text(text)
    return list(StraceReader(path).events())


MAPPED = (0x7F0000000000, 8192, 3, 0x22)


@pytest.mark.parametrize(
    "line",
    [
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000",
        "100 mmap(NULL, 8192, 0x3, 0x22, -1, 0) = 0x7f0000000000",
        "100   mmap(NULL, 8192, 0x3 /* PROT_READ|PROT_WRITE */, 0x22 /* MAP_PRIVATE */, -1,"
        " 0)   = 0x7f0000000000 <0.000012>",
        "[pid   100] mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
        " = 0x7f0000000000",
        "100 1795344919.165895 mmap(NULL, 8192, 0x3, 0x22, -1, 0) = 0x7f0000000000",
        "100 10:11:12.165895 mmap(NULL, 8192, 0x3, 0x22, -1, 0) = 0x7f0000000000",
        "10:11:12 mmap(NULL, 8192, 0x3, 0x22, -1, 0) = 0x7f0000000000",
        "     0.000123 mmap(NULL, 8192, 0x3, 0x22, -1, 0) = 0x7f0000000000",
        "100 [00007f1122334455] mmap(NULL, 8192, 0x3, 0x22, -1, 0) = 0x7f0000000000",
        "100 [   9] mmap(NULL, 8192, 0x3, 0x22, -1, 0) = 0x7f0000000000",
    ],
)
def test_one_mmap_however_strace_prints_it(tmp_path: Path, line: str) -> None:
    [e] = read(tmp_path, line + "\n")
    assert (e.op, e.addr, e.file, e.fd) == ("mmap", 0, "", -1)
    assert (e.result, e.length, e.prot, e.flags) == MAPPED


@pytest.mark.parametrize(
    ("text", "fd", "path"),
    [
        ("3", 3, None),
        ("-1", -1, None),
        ("3</etc/ld.so.cache>", 3, "/etc/ld.so.cache"),
        ("3</a b, c>", 3, "/a b, c"),
        (r"3</x\74y\76z\"q>", 3, '/x<y>z"q'),
        (r"3</caf\303\251>", 3, "/café"),
        ("4</memfd:jit>(deleted)", 4, "/memfd:jit (deleted)"),
        ("0</dev/null<char 1:3>>", 0, "/dev/null"),
        ("5<TCP:[127.0.0.1:1->127.0.0.1:2]>", 5, "TCP:[127.0.0.1:1->127.0.0.1:2]"),
        ("-100 /* AT_FDCWD */</srv/w>", -100, "/srv/w"),
        ("AT_FDCWD", -100, None),
    ],
)
def test_descriptors(text: str, fd: int, path: str | None) -> None:
    assert descriptor(text) == (fd, path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("0x22 /* MAP_PRIVATE|MAP_ANONYMOUS */", 0x22), ("MAP_PRIVATE|0x20", 0x22),
        ("MAP_PRIVATE|MAP_HUGETLB|21<<MAP_HUGE_SHIFT", 0x2 | 0x40000 | 21 << 26),
        ("0x1200000 /* CLONE_CHILD_CLEARTID */|17 /* SIGCHLD */", 0x1200011),
        ("8192*1024", 8192 * 1024), ("0600", 0o600), ("~0", (1 << 64) - 1), ("-1", -1),
    ],
)  # fmt: skip
def test_numbers(text: str, value: int) -> None:
    assert number(text) == value


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="MAP_FROBNICATE"):
        number("MAP_FROBNICATE")


def test_commas_inside_of_strings_paths_and_structs_do_not_separate() -> None:
    text = r'3</a,b>, "c,\"d", [{a=1, b=2}], f(x, y), 0x3 /* A,B */'
    assert split_arguments(text) == [
        "3</a,b>",
        r'"c,\"d"',
        "[{a=1, b=2}]",
        "f(x, y)",
        "0x3 /* A,B */",
    ]


def test_a_string_that_was_cut_off_is_no_path() -> None:
    assert string('"/usr/lib"') == "/usr/lib"
    assert string('""...') is None
    assert string("NULL") is None


def ops(events: list[Event]) -> list[tuple[int, str, int]]:
    return [(e.tid, e.op, e.line) for e in events]


def test_munmap_counts_at_its_start_and_mmap_at_its_end(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        "1 munmap(0x7f0000000000, 4096 <unfinished ...>\n"
        "2 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>\n"
        "3 brk(NULL) = 0x1000\n"
        "2 <... mmap resumed>) = 0x7f0000000000 <0.1>\n"
        "1 <... munmap resumed>) = 0\n",
    )
    assert ops(events) == [(1, "munmap", 1), (3, "brk", 3), (2, "mmap", 4)]


@pytest.mark.parametrize(
    ("begin", "end", "flags"),
    [
        ("vfork( <unfinished ...>", "<... vfork resumed>) = 2", 0x4100),
        ("vfork(", "<... vfork resumed>) = 2", None),
        ("clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>",
         "<... clone resumed>, child_tidptr=0x7f5ba2fb6a10) = 2", 0x1000011),
        ("clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x7000, stack_size=0x800} <unfinished ...>",
         "<... clone3 resumed> => {parent_tid=[2]}, 88) = 2", 0x10100),
    ],
)  # fmt: skip
def test_a_child_is_born_before_its_first_line(
    tmp_path: Path, begin: str, end: str, flags: int | None
) -> None:
    text = f"1 {begin}\n2 brk(NULL) = 0x1000\n1 {end}\n"
    if flags is None:
        with pytest.raises(TraceError, match=r"t\.strace:1: not a line of strace"):
            read(tmp_path, text)
        return
    birth, brk = read(tmp_path, text)
    assert (birth.result, birth.flags, birth.line) == (2, flags, 1)
    assert brk.pid == (1 if flags & 0x10000 else 2)


def test_threads_belong_to_their_process_and_share_its_descriptors(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        '1 openat(AT_FDCWD, "/etc/a", O_RDONLY) = 3\n'
        "1 clone(child_stack=0x7000, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 2\n"
        '2 openat(AT_FDCWD, "/etc/b", O_RDONLY) = 4\n'
        "1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 4, 0) = 0x7f0000000000\n"
        "1 fork() = 5\n"
        "1 close(3) = 0\n"
        "5 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f0000001000\n",
    )
    assert [(e.pid, e.file) for e in events if e.op == "mmap"] == [(1, "/etc/b"), (5, "/etc/a")]


@pytest.mark.parametrize(
    ("copy", "fd"),
    [
        ("dup(3) = 7", 7), ("dup2(3, 8) = 8", 8), ("dup3(3, 9, O_CLOEXEC) = 9", 9),
        ("fcntl(3, F_DUPFD, 10) = 10", 10), ("fcntl(3, F_DUPFD_CLOEXEC, 11) = 11", 11),
        ("fcntl(3, 0x406 /* F_DUPFD_CLOEXEC */, 11) = 11", 11),
    ],
)  # fmt: skip
def test_duplicated_descriptors_are_followed_without_y(tmp_path: Path, copy: str, fd: int) -> None:
    events = read(
        tmp_path,
        f'1 openat(AT_FDCWD, "/etc/a", O_RDONLY) = 3\n1 {copy}\n1 close(3) = 0\n'
        f"1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, {fd}, 0x2000) = 0x7f0000000000\n",
    )
    assert (events[-1].file, events[-1].offset) == ("/etc/a", 0x2000)


def test_relative_paths_follow_the_working_directory(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        '1 chdir("/srv/x") = 0\n1 openat(AT_FDCWD, "../y", O_RDONLY) = 3\n'
        '1 unlinkat(AT_FDCWD</srv/z>, "w", 0) = 0\n1 rename("w", "/v") = 0\n',
    )
    assert [e.file for e in events] == ["/srv/y", "/srv/z/w", "/srv/z/w\n/v"]


def test_calls_that_failed_keep_their_errno(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        "1 mmap(NULL, 1<<40, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (Cannot)\n"
        '1 execve("/bin/x", ["x"], 0x7ffd /* 3 vars */) = -1 ENOENT (No such file or directory)\n'
        "1 munmap(0x1, 4096) = -1 EINVAL (Invalid argument) <0.1>\n",
    )
    assert [(e.op, e.result) for e in events] == [("mmap", -12), ("munmap", -22)]


def test_the_ends_of_processes(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        "1 exit_group(3) = ?\n1 +++ exited with 3 +++\n"
        "2 munmap(0x1000, 4096 <unfinished ...>\n2 +++ killed by SIGKILL +++\n"
        "3 --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---\n"
        "3 +++ killed by SIGSEGV (core dumped) +++\n",
    )
    assert [(e.pid, e.op, e.result) for e in events] == [
        (1, "exit_group", 0), (1, "exited", 3), (2, "munmap", 0), (2, "killed", 9),
        (3, "killed", 11),
    ]  # fmt: skip


def test_execve_by_a_thread_goes_on_under_the_leaders_pid(tmp_path: Path) -> None:
    events = read(
        tmp_path,
        "1 clone(child_stack=0x7000, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 2\n"
        '2 execve("/bin/x", ["x"], 0x7ffd /* 3 vars */ <unfinished ...>\n'
        "1 +++ superseded by execve in pid 2 +++\n1 <... execve resumed>) = 0\n",
    )
    assert [(e.tid, e.op, e.file) for e in events][1:] == [(1, "execve", "/bin/x")]


def test_times_are_since_the_first_line_and_pass_midnight(tmp_path: Path) -> None:
    events = read(tmp_path, "1 23:59:59.5 brk(NULL) = 0x1000\n1 00:00:01.0 brk(NULL) = 0x1000\n")
    assert [e.time_ns for e in events] == [0, 1_500_000_000]
    events = read(tmp_path, "1 1.5 brk(NULL) = 0x1000\n1 0.25 brk(NULL) = 0x1000\n")
    assert [e.time_ns for e in events] == [1_500_000_000, 1_750_000_000]


def test_without_pids_the_process_is_what_set_tid_address_returned(tmp_path: Path) -> None:
    events = read(tmp_path, "brk(NULL) = 0x1000\nset_tid_address(0x7f0) = 4711\n")
    assert [e.pid for e in events] == [4711]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("1 brk(NULL) = 0x1000\n1 mmap(NULL, 8192, 0x3", 2, "cut short"),
        ("1 brk(NULL) = 0x1000\n\x00\x01junk\n", 2, "not a line of strace"),
        ("1 brk(NULL) = 0x1000\n1 mmap(NULL) = 0x1000\n", 2, "cannot be understood"),
        ("1 mmap(NULL, 1, PROT_FROB, 0, -1, 0) = 0x1000\n", 1, "PROT_FROB"),
        ("1 brk(NULL) = what\n", 1, "result"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(TraceError, match=what) as caught:
        read(tmp_path, text)
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


SAMPLE = (
    b'10 1795344919.165118 execve("/srv/w/t", [...], 0x7ffd8cb580b8 /* 39 vars */) = 0 <0.000126>\n'
    b"10 1795344919.165356 brk(NULL)       = 0x55fa5f686000 <0.000003>\n"
    b"10 1795344919.165895 mmap(NULL, 8192, 0x3 /* PROT_READ */, 0x22, -1, 0) = 0x7f441c83f000\n"
    b'10 1795344919.165934 openat(-100 /* AT_FDCWD */</srv>, "/lib/c.so", 0x80000) = 3</lib/c.so>\n'
    b"10 1795344919.166596 clone(child_stack=NULL, flags=0x1200000|17 <unfinished ...>\n"
    b"11 1795344919.166610 munmap(0x7f441c83f000, 8192) = 0\n"
    b"10 1795344919.166700 <... clone resumed>, child_tidptr=0x7f5ba2fb6a10) = 11 <0.000268>\n"
    b"10 1795344919.184919 exit_group(0)   = ?\n10 1795344919.485645 +++ exited with 0 +++\n"
)


@given(
    st.integers(0, len(SAMPLE)),
    st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), max_size=3),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_a_damaged_recording_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flips: list[tuple[int, int]], packed: bool
) -> None:
    data = bytearray(SAMPLE)
    for at, value in flips:
        data[at] = value
    path = tmp_path_factory.getbasetemp() / "fuzzed.strace"
    path.write_bytes(gzip.compress(bytes(data))[: cut + 40] if packed else bytes(data[:cut]))
    try:
        list(StraceReader(path).events())
    except TraceError as e:
        assert "\n" not in str(e)
