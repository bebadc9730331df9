"""Sizes as the kernel's command line spells them."""

from __future__ import annotations

import re

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
_SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
_SIZE = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgGtT]?)")


def parse_size(value: str | int) -> int:
    """Bytes of `4G`, `512M`, `64K` or a plain number (ValueError for anything else): memparse()."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"{value!r} is no size: write it as 4G, 512M, 64K or bytes")
    if isinstance(value, int):
        if value < 0:
            raise ValueError(f"{value} is negative")
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is no size: write it as 4G, 512M, 64K or bytes")
    return int(match[1], 0 if match[1][:2] in ("0x", "0X") else 10) << _SHIFTS[match[2].upper()]


def format_size(size: int) -> str:
    """The shortest spelling that `parse_size()` reads back as `size`."""
    for suffix in "TGMK":
        if size and size % (1 << _SHIFTS[suffix]) == 0:
            return f"{size >> _SHIFTS[suffix]}{suffix}"
    return str(size)
