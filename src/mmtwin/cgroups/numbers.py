"""Amounts as cgroup files spell them: bytes, or `max`."""

from __future__ import annotations

import errno
import re

from mmtwin.mm.page_counter import PAGE_COUNTER_MAX

_AMOUNT = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgGtTpPeE]?)")
_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}


def memparse(path: str, text: str) -> int:
    """Bytes of `64M` (OSError EINVAL)."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise OSError(errno.EINVAL, f"{text.strip()!r} is no amount: 64M, or bytes", path)
    digits = match[1]
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" and digits != "0" else 10
    try:
        return int(digits, base) << _SHIFT[match[2].lower()]
    except ValueError:
        raise OSError(errno.EINVAL, f"{text.strip()!r} is no amount", path) from None


def pages(path: str, text: str, unlimited: str = "max") -> int:
    """Pages of an amount, or of `max`: page_counter_memparse()."""
    if text.strip() == unlimited:
        return int(PAGE_COUNTER_MAX)
    return min(memparse(path, text) >> 12, int(PAGE_COUNTER_MAX))


def limit(value: int) -> str:
    """A limit in pages as its file shows it."""
    return "max\n" if value >= PAGE_COUNTER_MAX else f"{value << 12}\n"
