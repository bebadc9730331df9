"""Builds and wires the mechanisms; the public Python API."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from mmtwin import cgroups, saved, swapon, sysctl, views
from mmtwin.config import RUN_CGROUP, MachineConfig, describe, load
from mmtwin.errors import ConfigError
from mmtwin.mm import load as load_engine
from mmtwin.mm.arena import Arena
from mmtwin.oom_report import OomReport, dmesg
from mmtwin.task import Task
from mmtwin.vfs.namespace import Namespace
from mmtwin.vfs.shm import SharedMemory

# attribute of Machine -> engine class, from the bottom up; boot() runs in this order too
MECHANISMS = {
    "clock": "Clock",
    "mem_map": "MemMap",
    "vmstat": "VmStat",
    "page_counters": "PageCounters",
    "memcg_tree": "MemcgTree",
    "memcg_stat": "MemcgStat",
    "memcg_stock": "MemcgStockpile",
    "memcontrol": "MemControl",
    "memcg_slab": "MemcgSlab",
    "memcg_swap": "MemcgSwap",
    "memcg_high": "MemcgHigh",
    "memcg_limits": "MemcgLimits",
    "psi": "Psi",
    "lruvecs": "Lruvecs",
    "pgdats": "Pgdats",
    "scan_stack": "ScanStack",
    "zones": "Zones",
    "buddy": "Buddy",
    "fallback": "Fallback",
    "pcp": "PerCpuPages",
    "workingset": "Workingset",
    "content": "Content",
    "swap_scan": "SwapScan",
    "swapfile": "SwapFile",
    "swap_state": "SwapState",
    "block": "Block",
    "blk_plug": "BlkPlug",
    "page_io": "PageIo",
    "zsmalloc": "Zsmalloc",
    "zbud": "Zbud",
    "zswap": "Zswap",
    "zswap_lru": "ZswapLru",
    "zram": "Zram",
    "swap_readahead": "SwapReadahead",
    "swap_fault": "SwapFault",
    "page_writeback": "PageWriteback",
    "fs_writeback": "FsWriteback",
    "dirty_throttle": "DirtyThrottle",
    "node_dirty": "NodeDirty",
    "rmap_referenced": "RmapReferenced",
    "rmap_unmap": "RmapUnmap",
    "mglru": "Mglru",
    "mglru_age": "MglruAge",
    "folios": "ShrinkFolios",
    "shrink": "ShrinkLruvec",
    "vmscan": "Vmscan",
    "kswapds": "Kswapd",
    "mglru_evict": "MglruEvict",
    "mglru_shrink": "MglruShrink",
    "oom_kill": "OomKill",
    "page_alloc": "PageAlloc",
    "lru": "Lru",
    "policy": "ReclaimPolicy",
    "mlock_batch": "MlockBatch",
    "xarray": "XArray",
    "readahead": "Readahead",
    "page_cache": "PageCache",
    "filemap_read": "FilemapRead",
    "filemap_write": "FilemapWrite",
    "fadvise": "Fadvise",
    "shmem": "Shmem",
    "file_table": "FileTable",
    "read_write": "ReadWrite",
    "shmem_swap": "ShmemSwap",
    "splice": "Splice",
    "ext4": "Ext4",
    "truncate": "Truncate",
    "buffers": "Buffers",
    "direct_io": "DirectIo",
    "page_tables": "PageTables",
    "tlb": "Tlb",
    "rmap": "Rmap",
    "rss_stat": "RssStat",
    "file_fault": "FileFault",
    "memory": "Memory",
    "mmu_gather": "MmuGather",
    "zap": "Zap",
    "swapoff_walk": "SwapoffWalk",
    "copy_pte": "CopyPte",
    "mprotect_pte": "MprotectPte",
    "mremap_pte": "MremapPte",
    "gup": "Gup",
    "madvise_cold": "MadviseCold",
    "madvise_pte": "MadvisePte",
    "task_mmu": "TaskMmu",
    "vma_tree": "VmaTree",
    "overcommit": "Overcommit",
    "vma": "VmaOps",
    "mmap_layout": "MmapLayout",
    "munmap": "Munmap",
    "mmap": "Mmap",
    "brk": "Brk",
    "stack": "StackGrowth",
    "special_mapping": "SpecialMapping",
    "processes": "Fork",  # not "fork": Machine.fork() copies the machine
    "mprotect": "Mprotect",
    "mlock": "Mlock",
    "mremap": "Mremap",
    "madvise": "Madvise",
    "mincore": "Mincore",
    "msync": "Msync",
    "prefetch": "Prefetch",
    "access": "Access",
    "replay_batch": "ReplayBatch",
}


class Machine:
    """A running machine. `machine.arena` holds its whole state as arrays.

    Described by a MachineConfig, or by keywords as `mmtwin.config.describe()` takes them:
    `Machine(ram="4G", cpus=2)`. `engine` is "compiled", "debug" or "interpreted"; by default
    the fastest that is built.
    """

    def __init__(
        self, config: MachineConfig | None = None, *, engine: str | None = None, **keywords: Any
    ) -> None:
        if config is not None and keywords:
            raise ConfigError(f"{next(iter(keywords))}: give a config or keywords, not both")
        self._build(config or describe(**keywords), engine)
        self.boot()

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, engine: str | None = None) -> Machine:
        """A machine that a TOML file describes (ConfigError naming file, key and bounds)."""
        return cls(load(path), engine=engine)

    def _build(self, config: MachineConfig, engine: str | None) -> None:
        """Allocate and wire everything, all zero."""
        self.config = config
        self.engine = engine
        namespace: Any = load_engine(engine)
        self.arena = Arena(compiled=not namespace.__name__.endswith("_interpreted"))
        self.namespace = Namespace(self)
        self.shared_memory = SharedMemory(self)
        self.arena.array("sysctl", "Sysctl", 1)
        self.arena.array("current", "Current", 1)
        self.arena.array("mms", "Mm", 1 << 20)
        self.arena.array("tasks", "Task", 1 << 22)
        self.arena.array("rlimits", "u64", 1 << 27)  # soft, hard of 16 resources a task
        self.arena.array("vmas", "Vma", 1 << 24)
        self.arena.array("inodes", "Inode", 1 << 22)
        self.arena.array("files", "File", 1 << 22)
        self.arena.array("super_blocks", "SuperBlock", 1 << 10)
        self.oom_report = OomReport(self)
        for attribute, cls in MECHANISMS.items():
            setattr(self, attribute, getattr(namespace, cls)(self.arena, self.config))
        self.wire()

    def __getattr__(self, name: str) -> Any:
        # the mechanisms, set in _build(): typed as Any, for they are compiled classes
        raise AttributeError(f"a machine has no {name!r}")

    def wire(self) -> None:
        """Give every mechanism the others that it calls."""
        for attribute in MECHANISMS:
            mechanism = getattr(self, attribute)
            if hasattr(mechanism, "wire"):
                mechanism.wire(self)

    def boot(self) -> None:
        """From zeroed arrays to a machine with its first task not yet started."""
        record = self.arena.sysctl[0]
        record.kernel = self.config.kernel
        record.stack_guard_gap = self.config.stack_guard_gap
        sysctl.set_defaults(self)
        for attribute in MECHANISMS:
            mechanism = getattr(self, attribute)
            if hasattr(mechanism, "boot"):
                mechanism.boot()
        sysctl.set_reserves(self)
        self.namespace.boot()
        # The kernels boot with huge pages on; until they are modelled, someone switches them off.
        for path, text in {sysctl.THP: "never", **self.config.settings}.items():
            try:
                self.write(path, text)
            except OSError as error:
                raise ConfigError(f"{path}: {error.strerror}") from None
        self._make_cgroups()
        swapon.boot(self)

    def _make_cgroups(self) -> None:
        """The cgroups of the description, parents first; ConfigError names a bad file."""
        for name in sorted(self.config.cgroups):
            for parent in cgroups.parents(name):
                if not cgroups.exists_group(self, parent):
                    cgroups.mkdir(self, parent)
                if parent != name:
                    self.write(f"{cgroups.ROOT}/{parent}/cgroup.subtree_control", "+memory")
            for file, text in self.config.cgroups[name].items():
                try:
                    self.write(f"{cgroups.ROOT}/{name}/{file}", text)
                except OSError as error:
                    raise ConfigError(f"{file}: {error.strerror}") from None

    def check(self) -> None:
        """Recount every mechanism's invariants from scratch (AssertionError where one fails)."""
        for attribute in MECHANISMS:
            mechanism = getattr(self, attribute)
            if hasattr(mechanism, "check"):
                mechanism.check()

    def read(self, path: str) -> str:
        """A kernel file as it stands (FileNotFoundError; NotModelledError for a real one that the
        model lacks). Binary files: `read_bytes()`."""
        return views.read(self, path)

    def read_bytes(self, path: str, offset: int = 0, length: int = -1) -> bytes:
        """Part of a kernel file as pread(2) gives it: also pagemap, kpageflags, kpagecount."""
        return views.read_bytes(self, path, offset, length)

    def write(self, path: str, text: str) -> None:
        """Write a kernel file (OSError: EINVAL with the bounds, EACCES where it is read-only)."""
        views.write(self, path, text)

    def mkswap(self, path: str) -> int:
        """Write a swap header to a disk (or file): mkswap(8)'s bytes."""
        return swapon.mkswap(self, path)

    def swapon(self, path: str, priority: int = -1, discard: str = "") -> None:
        """Swap to a disk or file that has a header from now on; priority -1: below those there
        are; discard "once", "pages" or "both" (OSError as swapon(2))."""
        swapon.swapon(self, path, priority, discard)

    def swapoff(self, path: str) -> None:
        """Swap there no longer; what it holds comes back first (OSError as swapoff(2))."""
        swapon.swapoff(self, path)

    def dmesg(self) -> str:
        """The kernel's log: what the OOM killer has said."""
        return dmesg(self)

    def spawn(self, name: str = "init", pid: int | None = None, cpu: int = 0) -> Task:
        """A task with a fresh address space that holds a stack, vvar and vdso only."""
        number = int(self.processes.alloc_pid()) if pid is None else pid
        index = int(self.processes.kernel_clone_init(number, cpu))
        if not index:
            raise MemoryError("no room for another task")
        self.arena.names.setdefault("comm", {})[index] = name
        task = Task(self, index, number)
        if RUN_CGROUP in self.config.cgroups:
            cgroups.attach(self, cgroups.find(self, RUN_CGROUP), index)
        task.map_stack_and_vdso()
        return task

    @property
    def tasks(self) -> dict[int, Task]:
        """Every process by its pid, zombies too."""
        pids = {i: int(self.arena.tasks[i].pid) for i in views.tasks.indices(self)}
        return {pid: Task(self, index, pid) for index, pid in pids.items()}

    def fork(self) -> Machine:
        """A copy that from now on lives its own life."""
        copy = type(self).__new__(type(self))
        copy._build(self.config, self.engine)
        copy.arena.copy_from(self.arena)
        return copy

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole machine to one file, beside it first and then renamed."""
        saved.save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, engine: str | None = None) -> Machine:
        """The machine of a file that `save()` wrote (SavedMachineError for any other)."""
        with saved.Reader(path) as reader:
            machine = cls.__new__(cls)  # not booted
            machine._build(reader.config, engine)
            reader.fill(machine.arena)
        return machine

    def state_hash(self) -> str:
        """SHA-256 over everything that the machine is; equal in every engine."""
        names = json.dumps(saved.encode(self.arena.names), sort_keys=True)
        config = json.dumps(self.config.to_json(), sort_keys=True)
        text = "\n".join([config, names, self.arena.digest()])
        return hashlib.sha256(text.encode()).hexdigest()
