"""The kernel's settings: one table that reading, writing, machine files and `--set` all use.

Each row is a file, the field of the engine's Sysctl record behind it, the bounds that the kernel
checks on a write, and what is computed anew afterwards.
Models the vm_table of kernel/sysctl.c, mm/util.c, mm/page_alloc.c and their handlers
(proc_dointvec_minmax(), proc_doulongvec_minmax()), and two sysfs and debugfs files.
Not modelled: the permission checks (every writer is root).
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmtwin.errors import NotModelledError, did_you_mean
from mmtwin.mm.gfp import MAX_NR_ZONES
from mmtwin.mm.vmstat_items import DROP_SLAB, NR_FREE_PAGES
from mmtwin.units import PAGE_SIZE

if TYPE_CHECKING:
    from mmtwin.machine import Machine

INT_MIN, INT_MAX, LONG_MAX = -(1 << 31), (1 << 31) - 1, (1 << 63) - 1
ULONG_MAX = (1 << 64) - 1
SHMMAX = -1 - (1 << 24)  # ULONG_MAX less 16 Mi, as a signed number
MIN_PERCPU_PAGELIST_HIGH_FRACTION = 8
MAX_USER_RESERVE_KB, MAX_ADMIN_RESERVE_KB = 1 << 17, 1 << 13
THP = "/sys/kernel/mm/transparent_hugepage/enabled"
DROP_CACHES = "/proc/sys/vm/drop_caches"
FAULT_AROUND = "/sys/kernel/debug/fault_around_bytes"
_NUMBER = re.compile(r"-?(0[xX][0-9a-fA-F]+|[0-9]+)")


def invalid(path: str, reason: str) -> OSError:
    """What write(2) fails with: EINVAL, and the bounds in words."""
    return OSError(errno.EINVAL, reason, path)


def number(path: str, text: str) -> int:
    """An integer as the kernel reads it: decimal, 0x hexadecimal or 0 octal."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise invalid(path, f"{text!r} is no number")
    digits = text.lstrip("-")
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" and digits != "0" else 10
    try:
        value = int(digits, base)
    except ValueError:
        raise invalid(path, f"{text!r} is no number") from None
    return -value if text[0] == "-" else value


@dataclass(frozen=True)
class Setting:
    """An integer in a file of its own."""

    path: str
    field: str
    default: int = 0  # of a machine that has just booted; -1: computed at boot
    minimum: int = 0
    maximum: int = INT_MAX
    changed: str = ""  # "mechanism.method" to call after a write
    clears: str = ""  # a field that a write sets to 0

    def parse(self, text: str) -> int:
        """The value of a written text (OSError EINVAL with the bounds)."""
        value = number(self.path, text)
        if not self.minimum <= value <= self.maximum:
            raise invalid(self.path, f"{value} is out of range; it is {self.bounds()}")
        return value

    def bounds(self) -> str:
        """The range in words."""
        return f"{self.minimum} to {self.maximum}"

    def show(self, value: int) -> str:
        """What reading the file gives."""
        return f"{value}\n"

    def read(self, machine: Machine) -> str:
        return self.show(int(getattr(machine.arena.sysctl[0], self.field)))

    def write(self, machine: Machine, text: str) -> None:
        setattr(machine.arena.sysctl[0], self.field, self.parse(text))
        if self.clears:
            setattr(machine.arena.sysctl[0], self.clears, 0)
        if self.changed:
            mechanism, method = self.changed.split(".")
            getattr(getattr(machine, mechanism), method)()


@dataclass(frozen=True)
class Choice(Setting):
    """One of several words; reading marks the chosen one with brackets."""

    words: tuple[str, ...] = ()  # in the order in which the file shows them
    values: tuple[int, ...] = ()
    modelled: tuple[str, ...] = ()

    def parse(self, text: str) -> int:
        word = text.strip()
        if word not in self.words:
            raise invalid(self.path, f"{word!r} is none of {', '.join(self.words)}")
        if word not in self.modelled:
            raise NotModelledError(
                self.path, f"{word!r} is not modelled yet, only {', '.join(self.modelled)}"
            )
        return self.values[self.words.index(word)]

    def show(self, value: int) -> str:
        chosen = self.values.index(value)
        return " ".join(f"[{w}]" if i == chosen else w for i, w in enumerate(self.words)) + "\n"


@dataclass(frozen=True)
class HighFraction(Setting):
    """percpu_pagelist_high_fraction: 0, or at least 8."""

    def parse(self, text: str) -> int:
        value = super().parse(text)
        if 0 < value < MIN_PERCPU_PAGELIST_HIGH_FRACTION:
            raise invalid(self.path, f"{value} is out of range; it is {self.bounds()}")
        return value

    def bounds(self) -> str:
        return f"0, or {MIN_PERCPU_PAGELIST_HIGH_FRACTION} to {INT_MAX}"


@dataclass(frozen=True)
class FaultAround(Setting):
    """fault_around_bytes: rounded down to a power of two, at least a page."""

    def parse(self, text: str) -> int:
        value = super().parse(text)
        return PAGE_SIZE if value < PAGE_SIZE else 1 << (value.bit_length() - 1)


@dataclass(frozen=True)
class LruGen(Setting):
    """lru_gen/enabled: bits of what is on, or y for all and n for none."""

    def parse(self, text: str) -> int:
        word = text.strip().lower()
        if word[:1] in ("y", "n"):
            return 7 if word[0] == "y" else 0
        return super().parse(text)

    def write(self, machine: Machine, text: str) -> None:
        machine.mglru.lru_gen_change_state(self.parse(text))

    def show(self, value: int) -> str:
        return f"0x{value:04x}\n"


@dataclass(frozen=True)
class Ratios(Setting):
    """lowmem_reserve_ratio: a number for each zone type, kept by the engine in an array.

    The last, for device memory, is always 0: there is none.
    """

    def parse(self, text: str) -> int:
        self.numbers(text)
        return 0

    def numbers(self, text: str) -> list[int]:
        """The written numbers, of which those below 1 mean 0; fewer than all leave the rest."""
        words = text.split()
        if not 1 <= len(words) <= MAX_NR_ZONES + 1:
            raise invalid(self.path, f"one to {MAX_NR_ZONES + 1} numbers are wanted")
        return [max(0, number(self.path, word)) for word in words]

    def read(self, machine: Machine) -> str:
        ratios = [int(machine.arena.lowmem_reserve_ratio[i]) for i in range(MAX_NR_ZONES)]
        return "\t".join(map(str, [*ratios, 0])) + "\n"

    def write(self, machine: Machine, text: str) -> None:
        for i, ratio in enumerate(self.numbers(text)[:MAX_NR_ZONES]):
            machine.arena.lowmem_reserve_ratio[i] = ratio
        machine.zones.setup_per_zone_lowmem_reserve()


@dataclass(frozen=True)
class Unsigned(Setting):
    """An unsigned long, which the engine keeps as its two's complement."""

    maximum: int = ULONG_MAX

    def parse(self, text: str) -> int:
        value = super().parse(text)
        return value - (ULONG_MAX + 1) if value > LONG_MAX else value

    def show(self, value: int) -> str:
        return f"{value & ULONG_MAX}\n"


def vm(name: str, default: int = 0, **others: int | str) -> Setting:
    """A row of vm_table whose field has its name."""
    return Setting(f"/proc/sys/vm/{name}", name, default, **others)  # type: ignore[arg-type]


_RATELIMIT = "dirty_throttle.writeback_set_ratelimit"
_WMARKS = "zones.setup_per_zone_wmarks"
_ROWS = (
    vm("overcommit_memory", 0, maximum=2),
    vm("overcommit_ratio", 50, minimum=INT_MIN, clears="overcommit_kbytes"),
    vm("overcommit_kbytes", 0, maximum=LONG_MAX, clears="overcommit_ratio"),
    vm("user_reserve_kbytes", -1, maximum=LONG_MAX),
    vm("admin_reserve_kbytes", -1, maximum=LONG_MAX),
    vm("max_map_count", 65530),
    Setting("/proc/sys/vm/page-cluster", "page_cluster", 3, maximum=31),
    vm("mmap_min_addr", 65536, maximum=LONG_MAX),
    vm("min_free_kbytes", -1, changed=_WMARKS),
    vm("watermark_scale_factor", 10, minimum=1, maximum=3000, changed=_WMARKS),
    vm("watermark_boost_factor", 15000),
    Ratios("/proc/sys/vm/lowmem_reserve_ratio", "", -1),
    vm("swappiness", 60, maximum=200),
    vm("legacy_va_layout", 0),
    vm("stat_interval", 1),
    vm("dirty_ratio", 20, maximum=100, clears="dirty_bytes", changed=_RATELIMIT),
    vm(
        "dirty_bytes",
        0,
        minimum=2 * PAGE_SIZE,
        maximum=LONG_MAX,
        clears="dirty_ratio",
        changed=_RATELIMIT,
    ),
    vm("dirty_background_ratio", 10, maximum=100, clears="dirty_background_bytes"),
    vm(
        "dirty_background_bytes",
        0,
        minimum=1,
        maximum=LONG_MAX,
        clears="dirty_background_ratio",
    ),
    vm(
        "dirty_writeback_centisecs",
        500,
        changed="fs_writeback.dirty_writeback_centisecs_changed",
    ),
    vm("dirty_expire_centisecs", 3000),
    vm("oom_dump_tasks", 1),
    vm("oom_kill_allocating_task", 0),
    vm("panic_on_oom", 0, maximum=2),
    HighFraction(
        "/proc/sys/vm/percpu_pagelist_high_fraction",
        "percpu_pagelist_high_fraction",
        changed="pcp.set_batches",
    ),
    LruGen("/sys/kernel/mm/lru_gen/enabled", "lru_gen_enabled", maximum=7),
    Setting("/sys/kernel/mm/lru_gen/min_ttl_ms", "lru_gen_min_ttl_ms"),
    FaultAround(FAULT_AROUND, "fault_around_bytes", 65536, maximum=512 * PAGE_SIZE),
    Unsigned("/proc/sys/kernel/shmmax", "shmmax", SHMMAX),
    Unsigned("/proc/sys/kernel/shmall", "shmall", SHMMAX),
    Setting("/proc/sys/kernel/shmmni", "shmmni", 4096, maximum=32768),
    Choice(
        THP,
        "thp_enabled",
        2,
        changed="zones.set_recommended_min_free_kbytes",
        words=("always", "madvise", "never"),
        values=(2, 1, 0),
        modelled=("never",),
    ),
)
SETTINGS: dict[str, Setting] = {row.path: row for row in _ROWS}

# Settings of a real kernel whose mechanism is not there: refused, never ignored.
NOT_MODELLED = frozenset(
    [
        *(f"/proc/sys/vm/{name}" for name in """
        compact_memory compact_unevictable_allowed compaction_proactiveness defrag_mode
        dirtytime_expire_seconds extfrag_threshold
        hugetlb_optimize_vmemmap hugetlb_shm_group laptop_mode memfd_noexec
        memory_failure_early_kill memory_failure_recovery min_slab_ratio min_unmapped_ratio
        mmap_rnd_bits mmap_rnd_compat_bits nr_hugepages nr_hugepages_mempolicy
        nr_overcommit_hugepages numa_stat numa_zonelist_order page_lock_unfairness
        stat_refresh unprivileged_userfaultfd vfs_cache_pressure vfs_cache_pressure_denom
        zone_reclaim_mode""".split()),  # noqa: SIM905
        "/proc/sys/kernel/randomize_va_space",
        "/proc/sys/kernel/numa_balancing",
        "/proc/sys/kernel/threads-max",
    ]
)  # fmt: skip
_NOT_MODELLED_TREES = (
    "/sys/kernel/mm/",
    "/sys/module/zswap/",
    "/sys/block/",
    "/sys/fs/cgroup/",
    "/proc/sys/fs/",
    "/proc/sys/net/",
)
_CGROUP_FILES = ("memory.", "cgroup.", "cpuset.", "io.", "pids.")


def names() -> list[str]:
    """Every setting as sysctl(8) and sysfs users spell it."""
    return [
        path.removeprefix("/proc/sys/").replace("/", ".") if path.startswith("/proc/sys/") else path
        for path in SETTINGS
    ]


def path_of(name: str) -> str:
    """The file of `vm.overcommit_memory`, `vm/overcommit_memory` or a path."""
    return name if name.startswith("/") else "/proc/sys/" + name.replace(".", "/")


def find(path: str) -> Setting:
    """The setting behind a file (FileNotFoundError, or NotModelledError for a kernel's other)."""
    if path in SETTINGS:
        return SETTINGS[path]
    name = path.removeprefix("/proc/sys/").replace("/", ".")
    if name.startswith(_CGROUP_FILES):
        raise NotModelledError(path, "a cgroup's file, not a setting of the machine")
    if path in NOT_MODELLED or path.startswith(_NOT_MODELLED_TREES):
        raise NotModelledError(path)
    known = [*SETTINGS, *NOT_MODELLED]
    near = did_you_mean(path, known).replace("/proc/sys/vm/", "vm.")
    raise FileNotFoundError(errno.ENOENT, f"no such setting{near}", path)


def drop_caches(machine: Machine, text: str) -> None:
    """What is written to drop_caches, 1 to 4. Bit 0 drops clean page cache; bit 1 forgets
    names and inodes; 4 keeps the kernel's log quiet."""
    value = number(DROP_CACHES, text)
    if not 1 <= value <= 4:
        raise invalid(DROP_CACHES, f"{value} is out of range; it is 1 to 4")
    if value & 1:
        machine.page_cache.drop_caches()
    if value & 2:
        machine.namespace.dcache.shrink()
        machine.vmstat.count_vm_events(DROP_SLAB, 1)


def set_defaults(machine: Machine) -> None:
    """The values of a kernel that has just started, before anything is computed from them."""
    record = machine.arena.sysctl[0]
    for row in SETTINGS.values():
        if row.default != -1:
            setattr(record, row.field, row.default)


def set_reserves(machine: Machine) -> None:
    """What depends on the memory that is free after boot: init_user_reserve(),
    init_admin_reserve()."""
    free_kb = int(machine.vmstat.global_zone_page_state(NR_FREE_PAGES)) * (PAGE_SIZE >> 10)
    record = machine.arena.sysctl[0]
    record.user_reserve_kbytes = min(free_kb // 32, MAX_USER_RESERVE_KB)
    record.admin_reserve_kbytes = min(free_kb // 32, MAX_ADMIN_RESERVE_KB)
