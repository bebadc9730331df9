"""zswap's parameters (/sys/module/zswap/parameters) and its counters (/sys/kernel/debug/zswap).

Models mm/zswap.c: zswap_enabled_param_set(), __zswap_param_set(), zswap_debugfs_init().
Not modelled: zpools other than zbud (6.1) and zsmalloc; the shrinker, which cannot be switched on.
Debian's 6.18 is built without zswap.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mmtwin.errors import NotModelledError
from mmtwin.mm import zswap as z
from mmtwin.mm.content import ALGORITHM_NAMES
from mmtwin.sysctl import number
from mmtwin.units import PAGE_SIZE

if TYPE_CHECKING:
    from mmtwin.machine import Machine

PARAMETERS = "/sys/module/zswap/parameters/"
DEBUGFS = "/sys/kernel/debug/zswap/"
NO_ZSWAP_SINCE, SHRINKER_SINCE = 618, 608
ZPOOLS = {"zbud": z.ZPOOL_ZBUD, "zsmalloc": z.ZPOOL_ZSMALLOC}
_SWITCHES = {
    "enabled": z.ZSWAP_ENABLED,
    "same_filled_pages_enabled": z.ZSWAP_SAME_FILLED_ENABLED,
    "non_same_filled_pages_enabled": z.ZSWAP_NON_SAME_FILLED_ENABLED,
}
_PERCENTS = {
    "max_pool_percent": z.ZSWAP_MAX_POOL_PERCENT,
    "accept_threshold_percent": z.ZSWAP_ACCEPT_THRESHOLD_PERCENT,
}
_COUNTERS = {
    "stored_pages": z.ZSWAP_STORED_PAGES,
    "same_filled_pages": z.ZSWAP_SAME_FILLED_PAGES,
    "written_back_pages": z.ZSWAP_WRITTEN_BACK_PAGES,
    "reject_reclaim_fail": z.ZSWAP_REJECT_RECLAIM_FAIL,
    "reject_alloc_fail": z.ZSWAP_REJECT_ALLOC_FAIL,
    "reject_compress_fail": z.ZSWAP_REJECT_COMPRESS_FAIL,
    "reject_compress_poor": z.ZSWAP_REJECT_COMPRESS_POOR,
    "reject_kmemcache_fail": z.ZSWAP_REJECT_KMEMCACHE_FAIL,
    "pool_limit_hit": z.ZSWAP_POOL_LIMIT_HIT,
    "duplicate_entry": z.ZSWAP_DUPLICATE_ENTRY,
}
_ONLY_OLD = ("same_filled_pages_enabled", "non_same_filled_pages_enabled", "same_filled_pages",
             "duplicate_entry")  # fmt: skip
_ONLY_NEW = ("shrinker_enabled", "reject_compress_fail")


def _is_old(machine: Machine) -> bool:
    return bool(machine.config.kernel < z.KERNEL_ZSWAP_EXCLUSIVE)


def names(machine: Machine, directory: str) -> list[str]:
    """The files that this kernel has in one of the two directories."""
    if machine.config.kernel >= NO_ZSWAP_SINCE:
        return []
    found = ["pool_total_size", *_COUNTERS]
    if directory == PARAMETERS:
        found = [*_SWITCHES, *_PERCENTS, "compressor", "zpool", "shrinker_enabled"]
    absent = _ONLY_NEW if _is_old(machine) else _ONLY_OLD
    return [name for name in found if name not in absent]


def has(machine: Machine, path: str) -> bool:
    """Whether a path is one of them."""
    directory, _, name = path.rpartition("/")
    directory += "/"
    return directory in (PARAMETERS, DEBUGFS) and name in names(machine, directory)


def read(machine: Machine, path: str) -> str:
    """A file's text."""
    name = path.rpartition("/")[2]
    cells = machine.arena.zswap
    if name in _SWITCHES:
        return "Y\n" if int(cells[_SWITCHES[name]]) else "N\n"
    if name == "shrinker_enabled":
        return "N\n"
    if name == "compressor":
        return ALGORITHM_NAMES[int(cells[z.ZSWAP_COMPRESSOR])] + "\n"
    if name == "zpool":
        return {value: word for word, value in ZPOOLS.items()}[int(cells[z.ZSWAP_ZPOOL])] + "\n"
    if name == "pool_total_size":
        return f"{int(machine.zswap.zswap_total_pages()) * PAGE_SIZE}\n"
    return f"{int(cells[{**_PERCENTS, **_COUNTERS}[name]])}\n"


def write(machine: Machine, path: str, text: str) -> None:
    """Set a parameter (OSError as the kernel's)."""
    name, word = path.rpartition("/")[2], text.strip()
    cells = machine.arena.zswap
    if path.startswith(DEBUGFS):
        raise PermissionError(errno.EACCES, "read-only", path)
    if name in _SWITCHES or name == "shrinker_enabled":
        on = {"Y": 1, "y": 1, "1": 1, "N": 0, "n": 0, "0": 0}.get(word[:1])
        if on is None:
            raise OSError(errno.EINVAL, f"{word!r} is neither Y nor N", path)
        if name == "shrinker_enabled":
            if on:
                raise NotModelledError(path)
            return
        cells[_SWITCHES[name]] = on
    elif name in _PERCENTS:
        cells[_PERCENTS[name]] = number(path, text)
    elif name == "compressor":
        if word not in ALGORITHM_NAMES:
            raise OSError(errno.ENOENT, f"{word!r} is none of {', '.join(ALGORITHM_NAMES)}", path)
        cells[z.ZSWAP_COMPRESSOR] = ALGORITHM_NAMES.index(word)
    elif word not in ZPOOLS:
        raise NotModelledError(path, f"{word!r} is not modelled, only {', '.join(ZPOOLS)}")
    else:
        cells[z.ZSWAP_ZPOOL] = ZPOOLS[word]
