"""Flags, advice and limits by the names of the scenario language.

The table of a letter is what a command's argument of that kind may be made of (language.SPECS).
"""

from __future__ import annotations

from mmtwin.mm import uapi

MAP = {
    "shared": uapi.MAP_SHARED, "priv": uapi.MAP_PRIVATE, "anon": uapi.MAP_ANONYMOUS,
    "fixed": uapi.MAP_FIXED, "noreplace": uapi.MAP_FIXED_NOREPLACE, "populate": uapi.MAP_POPULATE,
    "noreserve": uapi.MAP_NORESERVE, "growsdown": uapi.MAP_GROWSDOWN, "locked": uapi.MAP_LOCKED,
    "huge": uapi.MAP_HUGETLB, "huge2m": uapi.MAP_HUGETLB | 21 << 26,
    "huge1g": uapi.MAP_HUGETLB | 30 << 26, "stack": uapi.MAP_STACK, "32bit": uapi.MAP_32BIT,
    "nonblock": uapi.MAP_NONBLOCK,
}  # fmt: skip
MREMAP = {
    "maymove": uapi.MREMAP_MAYMOVE,
    "mfixed": uapi.MREMAP_FIXED,
    "dontunmap": uapi.MREMAP_DONTUNMAP,
}
LOCK = {
    "current": uapi.MCL_CURRENT, "future": uapi.MCL_FUTURE, "onfault": uapi.MCL_ONFAULT,
    "lockonfault": uapi.MLOCK_ONFAULT,
}  # fmt: skip
OPEN = {
    "rdonly": 0, "wronly": 1, "rdwr": 2, "creat": 0o100, "excl": 0o200, "trunc": 0o1000,
    "append": 0o2000, "direct": 0o40000, "sync": 0o4010000, "noatime": 0o1000000,
}  # fmt: skip
MBIND = {"mpstrict": 1, "mpmove": 2, "mpmoveall": 4}
MEMFD = {"cloexec": 1, "sealing": 2, "mfdhuge": 4}
SHM = {
    "shmcreat": 0o1600, "hugetlb": 0o4000, "shmnoreserve": 0o10000, "rdonly": 0o10000,
    "remap": 0o40000,
}  # fmt: skip
FALLOCATE = {"keepsize": 1, "punch": 3, "collapserange": 8, "zerorange": 16, "insertrange": 32}
MADVISE = {
    name.removeprefix("MADV_").lower(): int(value)
    for name, value in vars(uapi).items()
    if name.startswith("MADV_")
}
FADVISE = {"normal": 0, "random": 1, "sequential": 2, "willneed": 3, "dontneed": 4, "noreuse": 5}
POLICY = {
    "default": 0, "preferred": 1, "bind": 2, "interleave": 3, "local": 4, "preferred_many": 5,
    "weighted": 6,
}  # fmt: skip
RLIMIT = {
    "data": uapi.RLIMIT_DATA, "stack": uapi.RLIMIT_STACK, "memlock": uapi.RLIMIT_MEMLOCK,
    "as": uapi.RLIMIT_AS, "nofile": uapi.RLIMIT_NOFILE,
}  # fmt: skip
PROTECTION = {
    "r": uapi.PROT_READ, "w": uapi.PROT_WRITE, "x": uapi.PROT_EXEC, "g": uapi.PROT_GROWSDOWN,
    "-": 0,
}  # fmt: skip

TABLES: dict[str, dict[str, int]] = {
    "f": MAP, "r": MREMAP, "l": LOCK, "O": OPEN, "b": MBIND, "M": MEMFD, "S": SHM, "F": FALLOCATE,
    "A": MADVISE, "D": FADVISE, "P": POLICY, "L": RLIMIT,
}  # fmt: skip
