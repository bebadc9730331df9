"""What a fuzzed sequence is made of, and how it is written as a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mmtwin.mm import uapi

PAGE = 4096
# system-call numbers of x86_64
NR = {
    "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "mremap": 25, "msync": 26, "mincore": 27,
    "madvise": 28, "mlock": 149, "munlock": 150, "mlockall": 151, "munlockall": 152,
    "mlock2": 325, "setuid": 105,
}  # fmt: skip
ADVICE = {
    name[5:].lower(): getattr(uapi, name)
    for name in dir(uapi)
    if name.startswith("MADV_")
}  # fmt: skip
_MAP_NAMES = {
    "priv": uapi.MAP_PRIVATE, "shared": uapi.MAP_SHARED, "anon": uapi.MAP_ANONYMOUS,
    "fixed": uapi.MAP_FIXED, "noreplace": uapi.MAP_FIXED_NOREPLACE,
    "populate": uapi.MAP_POPULATE, "noreserve": uapi.MAP_NORESERVE,
    "growsdown": uapi.MAP_GROWSDOWN, "locked": uapi.MAP_LOCKED, "stack": uapi.MAP_STACK,
    "32bit": uapi.MAP_32BIT,
}  # fmt: skip
LIMITS = {
    "data": uapi.RLIMIT_DATA, "stack": uapi.RLIMIT_STACK, "memlock": uapi.RLIMIT_MEMLOCK,
    "as": uapi.RLIMIT_AS,
}  # fmt: skip
_MREMAP_NAMES = {"maymove": 1, "mfixed": 2, "dontunmap": 4}
_MLOCKALL_NAMES = {"current": 1, "future": 2, "onfault": 4}


@dataclass(frozen=True)
class Op:
    """One command to one task. `args` are numbers.

    A "read" or "write" has (addr, len, stride), an "mmap" of a file the file's number (files.py)
    and the offset in pages last, an "rlimit" (resource, soft limit).
    """

    task: int
    name: str
    args: tuple[int, ...] = ()

    def scenario(self) -> str:
        """As a line of the scenario language."""
        prefix = "" if self.task == 0 else f"t{self.task}: "
        return prefix + _TEXT.get(self.name, _plain)(self)


@dataclass
class Answer:
    """What a command did, comparable between kernel and twin."""

    result: int = 0
    signal: int = 0
    code: int = 0
    touched: int = 0
    minflt: int = 0
    majflt: int = 0
    maps: Any = field(default=None)

    def __str__(self) -> str:
        text = f"{self.result:#x}" if self.result >= 0 else f"E {-self.result}"
        if self.signal:
            text = f"SIG {self.signal} code {self.code} after {self.touched}"
        return f"{text} minflt {self.minflt} majflt {self.majflt}"


def prot_text(prot: int) -> str:
    """PROT_* as letters."""
    text = "".join(c for c, bit in (("r", 1), ("w", 2), ("x", 4)) if prot & bit)
    return (text or "-") + ("g" if prot & uapi.PROT_GROWSDOWN else "")


def _names(value: int, names: dict[str, int]) -> str:
    return ",".join(n for n, bit in names.items() if value & bit) or "0"


def size_text(n: int) -> str:
    """Bytes, in pages where they are whole."""
    return f"{n // PAGE}p" if n and n % PAGE == 0 else str(n)


def _mmap(op: Op) -> str:
    addr, length, prot, flags = op.args[:4]
    text = f"mmap M {addr:#x} {size_text(length)} {prot_text(prot)} {_names(flags, _MAP_NAMES)}"
    return text + (f" F{op.args[4]} {op.args[5]}p" if len(op.args) > 4 else "")


def _mremap(op: Op) -> str:
    old, old_len, new_len, flags, new = op.args
    text = f"mremap M {old:#x} {size_text(old_len)} {size_text(new_len)}"
    return f"{text} {_names(flags, _MREMAP_NAMES)} {new:#x}"


def _madvise(op: Op) -> str:
    advice = {v: k for k, v in ADVICE.items()}.get(op.args[2], str(op.args[2]))
    return f"madvise {op.args[0]:#x} {size_text(op.args[1])} {advice}"


def _rlimit(op: Op) -> str:
    name = {v: k for k, v in LIMITS.items()}[op.args[0]]
    return f"rlimit {name} {size_text(op.args[1])} -1"


def _touch(op: Op) -> str:
    return f"{op.name[0]} {op.args[0]:#x} {size_text(op.args[1])} {size_text(op.args[2])}"


def _plain(op: Op) -> str:
    words = [hex(a) if a >= 1 << 20 else size_text(a) for a in op.args]
    return " ".join([op.name, *words])


_TEXT = {
    "mmap": _mmap,
    "mremap": _mremap,
    "madvise": _madvise,
    "mprotect": lambda op: (
        f"mprotect {op.args[0]:#x} {size_text(op.args[1])} {prot_text(op.args[2])}"
    ),
    "read": _touch,
    "write": _touch,
    "brk": lambda op: f"brk H {op.args[0]}",
    "mlock2": lambda op: f"mlock2 {op.args[0]:#x} {size_text(op.args[1])} lockonfault",
    "mlockall": lambda op: f"mlockall {_names(op.args[0], _MLOCKALL_NAMES)}",
    "rlimit": _rlimit,
    "setuid": lambda op: f"setuid {op.args[0]}",
    "fork": lambda op: f"fork t{op.args[0]}",
    "exit": lambda op: f"exit {op.args[0]}",
    "reap": lambda op: f"reap t{op.args[0]}",
}
