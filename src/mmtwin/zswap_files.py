"""zswap's parameters (/sys/module/zswap/parameters) and its counters (/sys/kernel/debug/zswap).

Models mm/zswap.c: zswap_enabled_param_set(), __zswap_param_set(), zswap_debugfs_init().
Not modelled: zpools other than zbud and zsmalloc. 6.18 has no zpools any more: it is zsmalloc.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from mmtwin.errors import NotModelledError
from mmtwin.mm import zswap_types
from mmtwin.mm.content import ALGORITHM_NAMES
from mmtwin.sysctl import number
from mmtwin.units import PAGE_SIZE

if TYPE_CHECKING:
    from mmtwin.machine import Machine

z: Any = zswap_types
PARAMETERS = "/sys/module/zswap/parameters/"
DEBUGFS = "/sys/kernel/debug/zswap/"
OLD, NO_ZPOOLS = 612, 618
ZPOOLS = {"zbud": z.ZPOOL_ZBUD, "zsmalloc": z.ZPOOL_ZSMALLOC}
UINT_MAX = (1 << 32) - 1
_SWITCHES = {
    "enabled": z.ZSWAP_ENABLED,
    "same_filled_pages_enabled": z.ZSWAP_SAME_FILLED_ENABLED,
    "non_same_filled_pages_enabled": z.ZSWAP_NON_SAME_FILLED_ENABLED,
    "shrinker_enabled": z.ZSWAP_SHRINKER_ENABLED,
}
_PERCENTS = {
    "max_pool_percent": z.ZSWAP_MAX_POOL_PERCENT,
    "accept_threshold_percent": z.ZSWAP_ACCEPT_THRESHOLD_PERCENT,
}
_COUNTERS = {
    "stored_pages": z.ZSWAP_STORED_PAGES,
    "same_filled_pages": z.ZSWAP_SAME_FILLED_PAGES,
    "stored_incompressible_pages": z.ZSWAP_STORED_INCOMPRESSIBLE_PAGES,
    "written_back_pages": z.ZSWAP_WRITTEN_BACK_PAGES,
    "reject_reclaim_fail": z.ZSWAP_REJECT_RECLAIM_FAIL,
    "reject_alloc_fail": z.ZSWAP_REJECT_ALLOC_FAIL,
    "reject_compress_fail": z.ZSWAP_REJECT_COMPRESS_FAIL,
    "reject_compress_poor": z.ZSWAP_REJECT_COMPRESS_POOR,
    "reject_kmemcache_fail": z.ZSWAP_REJECT_KMEMCACHE_FAIL,
    "pool_limit_hit": z.ZSWAP_POOL_LIMIT_HIT,
    "duplicate_entry": z.ZSWAP_DUPLICATE_ENTRY,
}
# Which kernels have a file, where not all do: the first, and the first that has not
_SINCE = {"shrinker_enabled": OLD, "reject_compress_fail": OLD, "stored_incompressible_pages": 618,
          "decompress_fail": 618}  # fmt: skip
_UNTIL = {"same_filled_pages_enabled": OLD, "non_same_filled_pages_enabled": OLD,
          "same_filled_pages": OLD, "duplicate_entry": OLD, "zpool": NO_ZPOOLS}  # fmt: skip


def names(machine: Machine, directory: str) -> list[str]:
    """The files that this kernel has in one of the two directories."""
    if not machine.config.zswap:
        return []
    found = ["pool_total_size", "decompress_fail", *_COUNTERS]
    if directory == PARAMETERS:
        found = [*_SWITCHES, *_PERCENTS, "compressor", "zpool"]
    kernel = machine.config.kernel
    return [n for n in found if _SINCE.get(n, 0) <= kernel < _UNTIL.get(n, kernel + 1)]


def has(machine: Machine, path: str) -> bool:
    """Whether a path is one of them."""
    directory, _, name = path.rpartition("/")
    directory += "/"
    return directory in (PARAMETERS, DEBUGFS) and name in names(machine, directory)


def find(machine: Machine, path: str) -> bool:
    """The same (FileNotFoundError for what only other kernels have there)."""
    if not path.startswith((PARAMETERS, DEBUGFS)):
        return False
    if not has(machine, path):
        kernel = machine.config.kernel_name + ("" if machine.config.zswap else ", without zswap,")
        raise FileNotFoundError(errno.ENOENT, f"{kernel} has no such file", path)
    return True


def read(machine: Machine, path: str) -> str:
    """A file's text."""
    name = path.rpartition("/")[2]
    cells = machine.arena.zswap
    if name in _SWITCHES:
        return "Y\n" if int(cells[_SWITCHES[name]]) else "N\n"
    if name == "compressor":
        return ALGORITHM_NAMES[int(cells[z.ZSWAP_COMPRESSOR])] + "\n"
    if name == "zpool":
        return {value: word for word, value in ZPOOLS.items()}[int(cells[z.ZSWAP_ZPOOL])] + "\n"
    if name == "pool_total_size":
        return f"{pool_pages(machine) * PAGE_SIZE}\n"
    if name == "decompress_fail":
        return "0\n"  # what was stored is whole
    return f"{int(cells[{**_PERCENTS, **_COUNTERS}[name]])}\n"


def pool_pages(machine: Machine) -> int:
    """The pool's size; 6.1 shows what it was when it last looked."""
    if machine.config.kernel < OLD:
        return int(machine.arena.zswap[z.ZSWAP_POOL_TOTAL_PAGES])
    return int(machine.zswap.zswap_total_pages())


def write(machine: Machine, path: str, text: str) -> None:
    """Set a parameter (OSError as the kernel's)."""
    name, word = path.rpartition("/")[2], text.strip()
    cells = machine.arena.zswap
    if path.startswith(DEBUGFS):
        raise PermissionError(errno.EACCES, "read-only", path)
    if name in _SWITCHES:
        on = {"Y": 1, "y": 1, "1": 1, "N": 0, "n": 0, "0": 0}.get(word[:1])
        if on is None:
            raise OSError(errno.EINVAL, f"{word!r} is neither Y nor N", path)
        cells[_SWITCHES[name]] = on
    elif name in _PERCENTS:
        value = number(path, text)
        if not 0 <= value <= UINT_MAX:
            raise OSError(errno.ERANGE, f"{value} is out of range; it is 0 to {UINT_MAX}", path)
        cells[_PERCENTS[name]] = value
    elif name == "compressor":
        if word not in ALGORITHM_NAMES:
            raise OSError(errno.ENOENT, f"{word!r} is none of {', '.join(ALGORITHM_NAMES)}", path)
        cells[z.ZSWAP_COMPRESSOR] = ALGORITHM_NAMES.index(word)
    elif word not in ZPOOLS:
        raise NotModelledError(path, f"{word!r} is not modelled, only {', '.join(ZPOOLS)}")
    else:
        cells[z.ZSWAP_ZPOOL] = ZPOOLS[word]
