"""The swap areas of a machine's description: `[[swap]]` tables.

[[swap]]
path = "/dev/sdb"            a whole disk of the description
[[swap]]
path = "/dev/nvme0n1p2"      a partition of one, of `size` bytes
size = "8G"
[[swap]]
path = "/swapfile"           anything else: a file that is made on the file system of its path
size = "4G"
priority = 5
[[swap]]
path = "/dev/zram0"          compressed memory; `size` becomes its disksize
size = "2G"
priority = 100
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmtwin.errors import ConfigError, did_you_mean
from mmtwin.units import PAGE_SIZE, format_size, parse_size

MAX_AREAS = 23  # MAX_SWAPFILES, of which the kernel keeps some for migration and the like
MAX_PRIORITY = 32767
MIN_SIZE = 10 * PAGE_SIZE  # what mkswap accepts
MAX_SIZE = 128 << 30  # NR_SWAP_SLOTS
DISCARDS = ("", "once", "pages", "both")
KEYS = ("path", "size", "priority", "discard")
PARTITION = re.compile(
    r"/dev/((?:[sv]d[a-z])(?=[0-9])|(?:nvme|nullb|nbd)[0-9]+(?:n1)?(?=p))p?([0-9]+)"
)


@dataclass(frozen=True)
class SwapConfig:
    """One area, in use from boot on."""

    path: str
    size: int = 0  # bytes; 0: the whole device
    priority: int = -1  # below all that got theirs like that
    discard: str = ""


def disk_of(path: str) -> str | None:
    """The disk that a partition's path names, or None if it is no partition's."""
    match = PARTITION.fullmatch(path)
    return match[1] if match else None


def areas(value: Any) -> tuple[SwapConfig, ...]:
    """The `[[swap]]` tables of a description (ConfigError)."""
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, str):
        value = [_of_text(value)] if value != "none" else []
    if not isinstance(value, (list, tuple)) or len(value) > MAX_AREAS:
        raise ConfigError(f"swap: at most {MAX_AREAS} tables are wanted")
    found: list[SwapConfig] = []
    for number, table in enumerate(value):
        area = _area(f"swap[{number}]", table)
        if area.path in [other.path for other in found]:
            raise ConfigError(f"swap[{number}].path: {area.path} is there already")
        found.append(area)
    return tuple(found)


def _of_text(text: str) -> dict[str, Any]:
    """`--set swap=4G` is a file of that size, `--set swap=/dev/sdb` a device."""
    if text.startswith("/"):
        return {"path": text}
    return {"path": "/swapfile", "size": text}


def _area(key: str, table: Any) -> SwapConfig:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{key}: a table is wanted, not {table!r}")
    for name in table:
        if name not in KEYS:
            raise ConfigError(f"{key}.{name}: no such key{did_you_mean(str(name), KEYS)}")
    path = table.get("path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise ConfigError(f"{key}.path: the path of a device or a file is wanted, not {path!r}")
    discard = table.get("discard", "")
    if discard not in DISCARDS:
        raise ConfigError(f"{key}.discard: {discard!r} is none of once, pages, both")
    return SwapConfig(path, _size(key, path, table), _priority(key, table), discard)


def _size(key: str, path: str, table: Mapping[str, Any]) -> int:
    whole = path.startswith("/dev/") and disk_of(path) is None
    if "size" not in table:
        if whole and not path.startswith("/dev/zram"):
            return 0
        raise ConfigError(f"{key}.size: missing: how large is {path}?")
    if whole and not path.startswith("/dev/zram"):
        raise ConfigError(f"{key}.size: {path} is a disk, whose own size counts")
    try:
        size = parse_size(table["size"])
    except ValueError as error:
        raise ConfigError(f"{key}.size: {error}") from None
    if not MIN_SIZE <= size <= MAX_SIZE:
        bounds = f"{format_size(MIN_SIZE)} to {format_size(MAX_SIZE)}"
        raise ConfigError(f"{key}.size: {table['size']} is out of range; it is {bounds}")
    return int(size)


def _priority(key: str, table: Mapping[str, Any]) -> int:
    value = table.get("priority", -1)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{key}.priority: {value!r} is no number")
    if not -1 <= value <= MAX_PRIORITY:
        raise ConfigError(
            f"{key}.priority: {value} is out of range; it is 0 to {MAX_PRIORITY}, "
            "or -1 for below the others"
        )
    return value
