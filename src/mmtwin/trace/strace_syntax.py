"""How strace writes arguments: strings, flags, annotated descriptors, escapes."""

from __future__ import annotations

import re
from functools import lru_cache

from mmtwin.mm import uapi

_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"(?:\.\.\.)?'  # a string, perhaps cut off
    r"|/\*.*?\*/"
    r"|<<"
    r"|<(?:[^<>]|->|<[^<>]*>)*>"  # what -y and -yy add; < and > in paths are escaped
    r"|[\[{(]|[\]})]|,|=>|."
)
# one argument without brackets, for the many lines that have none
_ARGUMENT = re.compile(
    r' *((?:[^,"</]+|"(?:[^"\\]|\\.)*"(?:\.\.\.)?|/\*.*?\*/|<<|<(?:[^<>]|->|<[^<>]*>)*>|/)+)'
)
_BRACKET = re.compile(r"[\[{(]")
_COMMENT = re.compile(r"/\*.*?\*/")
_ANNOTATED = re.compile(
    r"^(-?\d+|0x[0-9a-f]+|AT_FDCWD)\s*(?:/\*.*?\*/)?\s*(?:<(.*)>)?(\(deleted\))?$"
)
_DEVICE = re.compile(r"<(?:char|block) \d+:\d+>$")  # -yy: /dev/null<char 1:3>
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)")
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f", "b": "\b", "a": "\a", "e": "\x1b"}

_NAMES = {
    name: value
    for name, value in vars(uapi).items()
    if name.startswith(("PROT_", "MAP_", "MREMAP_", "MADV_", "MLOCK_", "MCL_", "MS_", "O_"))
}
_NAMES |= {
    "MAP_FILE": 0, "MAP_ANON": 0x20, "MAP_HUGE_SHIFT": 26, "MAP_UNINITIALIZED": 0x4000000,
    "PROT_MTE": 0x20, "PROT_BTI": 0x10,
    "CLONE_VM": 0x100, "CLONE_FS": 0x200, "CLONE_FILES": 0x400, "CLONE_SIGHAND": 0x800,
    "CLONE_PIDFD": 0x1000, "CLONE_PTRACE": 0x2000, "CLONE_VFORK": 0x4000, "CLONE_PARENT": 0x8000,
    "CLONE_THREAD": 0x10000, "CLONE_NEWNS": 0x20000, "CLONE_SYSVSEM": 0x40000,
    "CLONE_SETTLS": 0x80000, "CLONE_PARENT_SETTID": 0x100000, "CLONE_CHILD_CLEARTID": 0x200000,
    "CLONE_DETACHED": 0x400000, "CLONE_UNTRACED": 0x800000, "CLONE_CHILD_SETTID": 0x1000000,
    "CLONE_NEWCGROUP": 0x2000000, "CLONE_NEWUTS": 0x4000000, "CLONE_NEWIPC": 0x8000000,
    "CLONE_NEWUSER": 0x10000000, "CLONE_NEWPID": 0x20000000, "CLONE_NEWNET": 0x40000000,
    "CLONE_IO": 0x80000000, "CLONE_CLEAR_SIGHAND": 0x100000000, "CLONE_INTO_CGROUP": 0x200000000,
    "SIGCHLD": 17,
    "O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": 2, "O_CREAT": 0x40, "O_EXCL": 0x80, "O_NOCTTY": 0x100,
    "O_TRUNC": 0x200, "O_APPEND": 0x400, "O_NONBLOCK": 0x800, "O_DSYNC": 0x1000,
    "O_ASYNC": 0x2000, "O_DIRECT": 0x4000, "O_LARGEFILE": 0x8000, "O_DIRECTORY": 0x10000,
    "O_NOFOLLOW": 0x20000, "O_NOATIME": 0x40000, "O_CLOEXEC": 0x80000, "O_SYNC": 0x101000,
    "O_PATH": 0x200000, "O_TMPFILE": 0x410000,
    "MFD_CLOEXEC": 1, "MFD_ALLOW_SEALING": 2, "MFD_HUGETLB": 4, "MFD_NOEXEC_SEAL": 8,
    "MFD_EXEC": 16, "MFD_HUGE_SHIFT": 26,
    "SHM_RDONLY": 0x1000, "SHM_RND": 0x2000, "SHM_REMAP": 0x4000, "SHM_EXEC": 0x8000,
    "IPC_CREAT": 0o1000, "IPC_EXCL": 0o2000, "IPC_RMID": 0, "IPC_SET": 1, "IPC_STAT": 2,
    "SHM_HUGETLB": 0o4000, "SHM_NORESERVE": 0o10000, "SHM_HUGE_SHIFT": 26,
    "F_DUPFD": 0, "F_DUPFD_CLOEXEC": 1030, "SEEK_SET": 0, "SEEK_CUR": 1, "SEEK_END": 2,
    "RLIMIT_CPU": 0, "RLIMIT_FSIZE": 1, "RLIMIT_DATA": 2, "RLIMIT_STACK": 3, "RLIMIT_CORE": 4,
    "RLIMIT_RSS": 5, "RLIMIT_NPROC": 6, "RLIMIT_NOFILE": 7, "RLIMIT_MEMLOCK": 8, "RLIMIT_AS": 9,
    "RLIM64_INFINITY": (1 << 64) - 1, "RLIM_INFINITY": (1 << 64) - 1,
    "AT_FDCWD": -100, "NULL": 0, "IPC_PRIVATE": 0,
    "PR_SET_VMA": 0x53564D41, "PR_SET_VMA_ANON_NAME": 0, "PR_SET_THP_DISABLE": 41,
    "PR_SET_NAME": 15, "PR_SET_MM": 35,
}  # fmt: skip


def split_arguments(text: str) -> list[str]:
    """Cut at the commas that separate arguments, not at those inside of one."""
    if not any(c in text for c in '"<[{('):
        return [part.strip() for part in text.split(",")] if text else []
    if not _BRACKET.search(text):
        return [part.rstrip() for part in _ARGUMENT.findall(text)]
    parts: list[str] = []
    depth, start = 0, 0
    for m in _TOKEN.finditer(text):
        token = m.group()
        if token in ("[", "{", "("):
            depth += 1
        elif token in ("]", "}", ")"):
            depth -= 1
        elif token == "," and depth == 0:
            parts.append(text[start : m.start()].strip())
            start = m.end()
    last = text[start:].strip()
    return [*parts, last] if last or parts else []


@lru_cache(maxsize=4096)
def number(text: str) -> int:
    """`0x3 /* PROT_READ|PROT_WRITE */`, `PROT_READ|0x4`, `21<<MAP_HUGE_SHIFT`, `8192*1024`.

    Raises ValueError for what is no number here.
    """
    text = _COMMENT.sub("", text).strip()
    value = 0
    for part in text.split("|"):
        value |= _term(part.strip())
    return value


def _term(text: str) -> int:
    if "<<" in text:
        left, right = text.split("<<", 1)
        return _term(left.strip()) << _term(right.strip())
    if "*" in text:
        left, right = text.split("*", 1)
        return _term(left.strip()) * _term(right.strip())
    if text[:1].isdigit() or text[:1] in "-~":
        if text.startswith("~"):
            return ~_term(text[1:]) & ((1 << 64) - 1)
        digits = text.lstrip("-")
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        return int(text, 8) if octal else int(text, 0)
    try:
        return int(_NAMES[text])
    except KeyError:
        raise ValueError(f"{text!r} is no number known here") from None


def unescape(text: str) -> str:
    r"""Undo strace's `\74`, `\x3c`, `\"`, `\n`; bytes that are not UTF-8 become `\\xNN`."""
    if "\\" not in text:
        return text
    raw = _ESCAPE.sub(_unescape_one, text)
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _unescape_one(m: re.Match[str]) -> str:
    what = m.group(1)
    if what[0] == "x" and len(what) == 3:
        return _byte(int(what[1:], 16))
    if what[0] in "01234567":
        return _byte(int(what, 8) & 0xFF)
    return _SIMPLE.get(what, what)


def _byte(value: int) -> str:
    return chr(value) if value < 0x80 else chr(0xDC00 + value)


def string(text: str) -> str | None:
    """The path in `"..."`, or None for NULL, a bare pointer or a string that was cut off."""
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        return unescape(text[1:-1])
    return None


@lru_cache(maxsize=4096)
def descriptor(text: str) -> tuple[int, str | None]:
    """(fd, path) of `3</etc/passwd>`, `4</memfd:x>(deleted)`, `-100 /* AT_FDCWD */</srv>`, `-1`."""
    m = _ANNOTATED.match(text)
    if not m:
        return number(text), None
    fd = number(m.group(1))
    if m.group(2) is None:
        return fd, None
    path = unescape(_DEVICE.sub("", m.group(2)))
    return fd, path + " (deleted)" if m.group(3) else path
