"""What work costs, in nanoseconds: the profile that the engine's clock charges.

The default is not a measurement: round figures of the order that published microbenchmarks give for
x86 servers of the years around 2020. `mmtwin calibrate` measures the machine that it runs on.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmtwin.errors import ConfigError, did_you_mean

LARGEST_NS = 10**9


@dataclass(frozen=True)
class CostConfig:
    """Nanoseconds, in the order of the COST_* cells of clock.py."""

    syscall_ns: int = 150  # entering and leaving the kernel
    fault_ns: int = 500  # a minor fault, less zeroing
    zero_page_ns: int = 100
    read_page_ns: int = 450  # read(2) of a cached page into memory that is there
    write_page_ns: int = 1200  # write(2) of a page that is not cached yet
    free_page_ns: int = 100  # unmapping and freeing a page
    reclaim_page_ns: int = 250  # looking at a page, and freeing it
    writeback_page_ns: int = 100  # a flusher's work for a page, less the device's
    remote_page_ns: int = 0  # added where a page of another node's memory is copied or zeroed
    tlb_miss_ns: int = 20  # of an access that misses the TLBs; derived from counts, not charged
    swap_out_page_ns: int = 1000  # submitting a page to swap, less unmapping and the device's
    sort_page_ns: int = 100  # a page that MGLRU moves to another generation instead of judging it
    cache_page_ns: int = 0  # a page of the cache made to be read into
    swap_in_page_ns: int = 0  # the same for the swap cache, with submitting its read
    unmap_page_ns: int = 0  # reclaim unmaps a page
    reclaim_round_ns: int = 250  # a lruvec at one priority, or up to 32 pages of it, less the pages
    schedule_ns: int = 0  # going to sleep for a device, and being woken
    swap_end_page_ns: int = 0  # the end of a page's write to swap, for whoever is interrupted
    flush_stats_ns: int = 0  # a flush of cgroups' statistics
    vmpressure_ns: int = 0  # the worker that hears of 512 pages scanned, or of priority 3


def costs(value: Any, base: CostConfig) -> CostConfig:
    """`base` changed by a `[cost]` table."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"cost: a table is wanted, not {value!r}")
    names = [field.name for field in dataclasses.fields(CostConfig)]
    given: dict[str, int] = {}
    for name, text in value.items():
        if name not in names:
            raise ConfigError(f"cost.{name}: no such key{did_you_mean(str(name), names)}")
        try:
            if isinstance(text, bool):
                raise ValueError
            given[name] = round(float(text))
        except (TypeError, ValueError):
            raise ConfigError(f"cost.{name}: {text!r} is no number") from None
        if not 0 <= given[name] <= LARGEST_NS:
            raise ConfigError(f"cost.{name}: {text} is out of range; it is 0 to {LARGEST_NS}")
    return dataclasses.replace(base, **given)


def load(path: str, base: CostConfig) -> CostConfig:
    """The `[cost]` table of a file that `mmtwin calibrate` wrote."""
    try:
        with open(path, "rb") as file:
            return costs(tomllib.load(file).get("cost", {}), base)
    except OSError as error:
        raise ConfigError(f"cost_profile: {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"cost_profile: {path}: not TOML: {error}") from None
