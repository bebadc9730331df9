"""/sys/block/zramN: the files of compressed block devices.

Models drivers/block/zram/zram_drv.c: disksize_store(), comp_algorithm_show(), mm_stat_show(),
io_stat_show(), bd_stat_show(), debug_stat_show(), idle_store(), writeback_store(),
recompress_store(), reset_store(), backing_dev_store().
Not modelled: hot_add and hot_remove (there are eight devices from the start), use_dedup.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mmtwin.errors import NotModelledError
from mmtwin.mm.content import ALGORITHM_NAMES
from mmtwin.mm.zram import (
    NR_ZRAM_SLOTS,
    NR_ZRAMS,
    ZRAM_HUGE,
    ZRAM_IDLE,
    ZRAM_INCOMPRESSIBLE,
    ZRAM_SLOT_SHIFT,
)
from mmtwin.units import PAGE_SHIFT, PAGE_SIZE

if TYPE_CHECKING:
    from mmtwin.machine import Machine

ZRAM_PATH = re.compile(r"/sys/(?:class/)?block/zram([0-9]+)/([a-z_]+)")
# What Debian's kernels are built with, the default marked
COMPRESSORS = {601: "lzo [lzo-rle] lz4 lz4hc zstd", 612: "[lz4] lz4hc zstd deflate"}
FACTORS = {"K": 10, "M": 20, "G": 30, "T": 40}
SECOND = 10**9
NO_INVALID_IO = 612  # invalid_io is 0 from here on, and takes one column
NO_WRITESTALL = 618  # nobody counts them any more
RESET_ALGORITHM = 602  # before, the chosen one stays
TYPED = 618  # writeback takes `type=` and ranges too
RECOMPRESSION = ("recomp_algorithm", "recompress")


def error(number: int, path: str, why: str = "") -> OSError:
    return OSError(number, why or os.strerror(number), path)


def compressors(machine: Machine) -> list[str]:
    """Names of the kernel's algorithms, in its order."""
    kernel = 601 if machine.config.kernel < 612 else 612
    return COMPRESSORS[kernel].replace("[", "").replace("]", "").split()


def default_compressor(machine: Machine) -> str:
    kernel = 601 if machine.config.kernel < 612 else 612
    found = re.search(r"\[(.*)\]", COMPRESSORS[kernel])
    assert found
    return found[1]


def device(machine: Machine, number: int) -> Any:
    """The record of a device that has not been reset since boot gets its default algorithm."""
    record = machine.arena.zrams[number]
    names = machine.arena.names.setdefault("zram", {})
    if number not in names:
        names[number] = {"backing_dev": "none"}
        record.comp_algorithm = ALGORITHM_NAMES.index(default_compressor(machine))
    return record


def find(path: str) -> tuple[int, str] | None:
    """Device and name of a file, or None if it is none of a zram device's."""
    match = ZRAM_PATH.fullmatch(path)
    if not match or int(match[1]) >= NR_ZRAMS or match[2] not in {**READS, **WRITES}:
        return None
    return int(match[1]), match[2]


def read(machine: Machine, path: str) -> str:
    """A file's text."""
    number, name = find(path) or (0, "")
    _is_built_in(machine, name, path)
    if name not in READS:
        raise PermissionError(errno.EACCES, "write-only", path)
    return READS[name](machine, number)


def write(machine: Machine, path: str, text: str) -> None:
    """Write a file (OSError as the kernel's)."""
    number, name = find(path) or (0, "")
    _is_built_in(machine, name, path)
    if name not in WRITES:
        raise PermissionError(errno.EACCES, "read-only", path)
    WRITES[name](machine, number, text.strip(), path)


def _is_built_in(machine: Machine, name: str, path: str) -> None:
    """Debian's kernels cannot recompress (CONFIG_ZRAM_MULTI_COMP)."""
    if name in RECOMPRESSION and not machine.config.zram_multi_comp:
        raise error(errno.ENOENT, path, "not in Debian's kernels: set zram_multi_comp = true")


def size_of(text: str, path: str) -> int:
    """A number with an optional K, M, G, T: memparse()."""
    match = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+)([KMGT]?)", text, re.I)
    if not match:
        raise error(errno.EINVAL, path, f"{text!r} is no size")
    return int(match[1], 0 if match[1].lower().startswith("0x") else 10) << FACTORS.get(
        match[2].upper(), 0
    )


# Reading


def show_mm_stat(machine: Machine, number: int) -> str:
    z = device(machine, number)
    used = int(machine.zsmalloc.zs_get_total_pages(number + 1)) << PAGE_SHIFT
    fields = [
        int(z.pages_stored) << PAGE_SHIFT, int(z.compr_data_size), used,
        int(z.limit_pages) << PAGE_SHIFT, int(z.max_used_pages) << PAGE_SHIFT, int(z.same_pages),
        0, int(z.huge_pages), int(z.huge_pages_since),
    ]  # fmt: skip
    widths = [8, 8, 8, 8, 8, 8, 8, 8, 8]
    return " ".join(f"{n:{w}}" for n, w in zip(fields, widths, strict=True)) + "\n"


def show_io_stat(machine: Machine, number: int) -> str:
    z = device(machine, number)
    invalid = f"{0:8}" if machine.config.kernel < NO_INVALID_IO else "0"
    return f"{int(z.failed_reads):8} {int(z.failed_writes):8} {invalid} {int(z.notify_free):8}\n"


def show_bd_stat(machine: Machine, number: int) -> str:
    z = device(machine, number)
    return " ".join(f"{int(n):8}" for n in (z.bd_count, z.bd_reads, z.bd_writes)) + "\n"


def show_debug_stat(machine: Machine, number: int) -> str:
    z = device(machine, number)
    stalls = "0" if machine.config.kernel >= NO_WRITESTALL else f"{int(z.writestall):8}"
    return f"version: 1\n{stalls} {int(z.miss_free):8}\n"


def _algorithms(machine: Machine, chosen: int | None) -> str:
    names = compressors(machine)
    words = [f"[{n}]" if ALGORITHM_NAMES.index(n) == chosen else n for n in names]
    return "".join(f"{word} " for word in words) + "\n"


def show_backing_dev(machine: Machine, number: int) -> str:
    device(machine, number)
    names: dict[int, dict[str, str]] = machine.arena.names["zram"]
    return names[number]["backing_dev"] + "\n"


def show_comp_algorithm(machine: Machine, number: int) -> str:
    return _algorithms(machine, int(device(machine, number).comp_algorithm))


def show_recomp_algorithm(machine: Machine, number: int) -> str:
    z = device(machine, number)
    return "".join(
        f"#{prio}: {_algorithms(machine, int(getattr(z, f'recomp_algorithm_{prio}')) - 1)}"
        for prio in (1, 2, 3)
        if int(getattr(z, f"recomp_algorithm_{prio}"))
    )


# Writing


def _not_initialised(machine: Machine, number: int, path: str) -> Any:
    z = device(machine, number)
    if int(z.disksize):
        raise error(errno.EBUSY, path, "reset the device first")
    return z


def _initialised(machine: Machine, number: int, path: str) -> Any:
    z = device(machine, number)
    if not int(z.disksize):
        raise error(errno.EINVAL, path, "the device has no disksize yet")
    return z


def set_disksize(machine: Machine, number: int, text: str, path: str) -> None:
    size = size_of(text, path)
    z = _not_initialised(machine, number, path)
    size = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)
    if not size:
        raise error(errno.EINVAL, path)
    if size >> PAGE_SHIFT > NR_ZRAM_SLOTS:
        raise error(errno.EINVAL, path, "devices of more than 64 GiB are not modelled")
    z.disksize = size


def set_mem_limit(machine: Machine, number: int, text: str, path: str) -> None:
    pages = (size_of(text, path) + PAGE_SIZE - 1) >> PAGE_SHIFT
    device(machine, number).limit_pages = pages


def set_mem_used_max(machine: Machine, number: int, text: str, path: str) -> None:
    if text != "0":
        raise error(errno.EINVAL, path)
    pages = int(machine.zsmalloc.zs_get_total_pages(number + 1))
    device(machine, number).max_used_pages = pages


def _algorithm(machine: Machine, text: str, path: str) -> int:
    if text not in compressors(machine):
        raise error(errno.EINVAL, path, f"{text!r} is none of {', '.join(compressors(machine))}")
    return ALGORITHM_NAMES.index(text)


def set_comp_algorithm(machine: Machine, number: int, text: str, path: str) -> None:
    algorithm = _algorithm(machine, text, path)
    _not_initialised(machine, number, path).comp_algorithm = algorithm


def _arguments(text: str, path: str) -> dict[str, str]:
    found = {}
    for word in text.split():
        key, equals, value = word.partition("=")
        if not equals:
            raise error(errno.EINVAL, path, f"{word!r}: write KEY=VALUE")
        found[key] = value
    return found


def set_recomp_algorithm(machine: Machine, number: int, text: str, path: str) -> None:
    given = _arguments(text, path)
    algorithm = _algorithm(machine, given.get("algo", ""), path)
    prio = int(given.get("priority", "1"))
    if not 1 <= prio <= 3:
        raise error(errno.EINVAL, path, "priorities are 1 to 3")
    setattr(_not_initialised(machine, number, path), f"recomp_algorithm_{prio}", algorithm + 1)


def set_backing_dev(machine: Machine, number: int, text: str, path: str) -> None:
    z = _not_initialised(machine, number, path)
    for disk in machine.config.disks:
        if text == f"/dev/{disk.name}":
            z.backing_pages = disk.size >> PAGE_SHIFT
            machine.arena.names["zram"][number]["backing_dev"] = text
            return
    raise error(errno.ENOENT, path, f"{text}: no such disk")


def set_writeback_limit(machine: Machine, number: int, text: str, path: str) -> None:
    device(machine, number).bd_wb_limit = size_of(text, path)


def set_writeback_limit_enable(machine: Machine, number: int, text: str, path: str) -> None:
    device(machine, number).wb_limit_enable = int(size_of(text, path) != 0)


def mark_idle(machine: Machine, number: int, text: str, path: str) -> None:
    """`all`, or an age in seconds."""
    _initialised(machine, number, path)
    now = int(machine.clock.now())
    before = now if text == "all" else now - size_of(text, path) * SECOND
    for index in machine.zram.used(number) if before >= 0 else ():
        machine.zram.mark_idle(number, index, before)


def _flags(machine: Machine, number: int, index: int) -> int:
    slot = machine.arena.zram_slots[number << ZRAM_SLOT_SHIFT | index]
    return int(slot["flags"] if machine.arena.compiled else slot.flags)


# Which pages a mode of writeback or recompression wants
_MODES: dict[str, Callable[[int], int]] = {
    "idle": lambda flags: flags & ZRAM_IDLE,
    "huge": lambda flags: flags & ZRAM_HUGE,
    "huge_idle": lambda flags: flags & ZRAM_IDLE and flags & ZRAM_HUGE,
    "incompressible": lambda flags: flags & ZRAM_INCOMPRESSIBLE,
    "": lambda flags: 1,
}


def writeback(machine: Machine, number: int, text: str, path: str) -> None:
    """`idle`, `huge`, `huge_idle`, `incompressible`, or `page_index=N`; from 6.16 also `type=idle`
    and `page_indexes=LOW-HIGH`, several of a kind."""
    z = _initialised(machine, number, path)
    if not int(z.backing_pages):
        raise error(errno.ENODEV, path, "no backing device")
    for index in _wanted(machine, number, text, path):
        if machine.zram.write_back(number, index) < 0:
            raise error(errno.EIO if int(z.wb_limit_enable) else errno.ENOSPC, path)


def _wanted(machine: Machine, number: int, text: str, path: str) -> list[int]:
    """The pages that a write to `writeback` names."""
    nr_pages = int(device(machine, number).disksize) >> PAGE_SHIFT
    found: list[int] = []
    typed = machine.config.kernel >= TYPED
    for word in text.split() if typed else [text]:
        key, _, value = word.partition("=")
        low, dash, high = value.partition("-")
        if key == "page_index":
            found.append(size_of(value, path))
        elif key == "page_indexes" and dash and typed:
            found += range(size_of(low, path), size_of(high, path) + 1)
        else:
            mode = value if key == "type" and typed else word
            if mode not in _MODES or not mode:
                raise error(errno.EINVAL, path)
            used = machine.zram.used(number)
            found += [i for i in used if _MODES[mode](_flags(machine, number, i))]
    if any(index >= nr_pages for index in found):
        raise error(errno.EINVAL, path, f"the device has {nr_pages} pages")
    return found


def recompress(machine: Machine, number: int, text: str, path: str) -> None:
    """`type=idle|huge|huge_idle threshold=BYTES algo=NAME priority=N max_pages=N`."""
    z = _initialised(machine, number, path)
    given = _arguments(text, path)
    mode = given.get("type", "")
    if mode not in ("", "idle", "huge", "huge_idle"):
        raise error(errno.EINVAL, path)
    threshold = size_of(given.get("threshold", "0"), path)
    left = size_of(given.get("max_pages", str(NR_ZRAM_SLOTS)), path)
    chosen = {
        prio: int(getattr(z, f"recomp_algorithm_{prio}")) - 1
        for prio in (1, 2, 3)
        if int(getattr(z, f"recomp_algorithm_{prio}"))
    }
    everything = set(chosen)
    if "algo" in given:
        wanted = _algorithm(machine, given["algo"], path)
        chosen = {prio: algorithm for prio, algorithm in chosen.items() if algorithm == wanted}
    if "priority" in given:
        chosen = {p: a for p, a in chosen.items() if p == size_of(given["priority"], path)}
    if not chosen:
        raise error(errno.EINVAL, path, "no such algorithm for recompression")
    for index in machine.zram.used(number):
        if not left or not _MODES[mode](_flags(machine, number, index)):
            continue
        for prio, algorithm in sorted(chosen.items()):
            done = int(machine.zram.recompress_slot(number, index, threshold, algorithm, prio))
            if done < 0:
                raise error(-done, path)
            if done:
                left -= 1
                break
        else:
            if set(chosen) == everything and not threshold:
                machine.zram.set_incompressible(number, index)


def compact(machine: Machine, number: int, text: str, path: str) -> None:
    raise NotModelledError(path)


def reset(machine: Machine, number: int, text: str, path: str) -> None:
    """Forget everything (EBUSY while it is in use)."""
    if not size_of(text, path):
        raise error(errno.EINVAL, path)
    z = device(machine, number)
    if int(z.claimed):
        raise error(errno.EBUSY, path)
    for index in machine.zram.used(number) if int(z.disksize) else ():
        machine.zram.zram_free_page(number, index)
    kept = int(z.comp_algorithm)
    for name in machine.arena.numpy("zrams", 1).dtype.names:
        setattr(z, name, 0)
    del machine.arena.names["zram"][number]
    if machine.config.kernel < RESET_ALGORITHM:
        device(machine, number).comp_algorithm = kept
    machine.arena.names.get("swap", {}).get("headers", {}).pop(f"/dev/zram{number}", None)


def _shown(field: str, shift: int = 0) -> Callable[[Machine, int], str]:
    return lambda machine, number: f"{int(getattr(device(machine, number), field)) << shift}\n"


READS: dict[str, Callable[[Machine, int], str]] = {
    "disksize": _shown("disksize"),
    "initstate": lambda m, n: f"{int(bool(int(device(m, n).disksize)))}\n",
    "comp_algorithm": show_comp_algorithm,
    "recomp_algorithm": show_recomp_algorithm,
    "mm_stat": show_mm_stat,
    "io_stat": show_io_stat,
    "bd_stat": show_bd_stat,
    "debug_stat": show_debug_stat,
    "backing_dev": show_backing_dev,
    "writeback_limit": _shown("bd_wb_limit"),
    "writeback_limit_enable": _shown("wb_limit_enable"),
}
WRITES: dict[str, Callable[[Machine, int, str, str], None]] = {
    "disksize": set_disksize,
    "mem_limit": set_mem_limit,
    "mem_used_max": set_mem_used_max,
    "comp_algorithm": set_comp_algorithm,
    "recomp_algorithm": set_recomp_algorithm,
    "backing_dev": set_backing_dev,
    "writeback_limit": set_writeback_limit,
    "writeback_limit_enable": set_writeback_limit_enable,
    "idle": mark_idle,
    "writeback": writeback,
    "recompress": recompress,
    "compact": compact,
    "reset": reset,
}
