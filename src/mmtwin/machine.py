"""Builds and wires the mechanisms; the public Python API."""

from __future__ import annotations

from typing import Any

from mmtwin.config import MachineConfig, describe
from mmtwin.mm import load
from mmtwin.mm.arena import Arena

# attribute of Machine -> engine class, from the bottom up; boot() runs in this order too
MECHANISMS = {
    "mem_map": "MemMap",
    "vmstat": "VmStat",
    "zones": "Zones",
    "page_alloc": "PageAlloc",
    "lru": "Lru",
    "xarray": "XArray",
    "page_cache": "PageCache",
    "page_tables": "PageTables",
    "tlb": "Tlb",
    "rmap": "Rmap",
    "memory": "Memory",
    "vma_tree": "VmaTree",
    "overcommit": "Overcommit",
    "mmap": "Mmap",
    "fork": "Fork",
    "access": "Access",
}


class Machine:
    """A running machine. `machine.arena` holds its whole state as arrays."""

    def __init__(self, config: MachineConfig | None = None, engine: str | None = None) -> None:
        self.config = config or describe()
        namespace: Any = load(engine)
        self.arena = Arena(compiled=not namespace.__name__.endswith("_interpreted"))
        self.arena.array("sysctl", "Sysctl", 1)
        self.arena.array("current", "Current", 1)
        self.arena.array("mms", "Mm", 1 << 20)
        self.arena.array("tasks", "Task", 1 << 22)
        self.arena.array("vmas", "Vma", 1 << 24)
        self.arena.array("inodes", "Inode", 1 << 22)
        self.arena.array("files", "File", 1 << 22)
        for attribute, cls in MECHANISMS.items():
            setattr(self, attribute, getattr(namespace, cls)(self.arena, self.config))
        self.wire()
        self.boot()

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
        for attribute in MECHANISMS:
            mechanism = getattr(self, attribute)
            if hasattr(mechanism, "boot"):
                mechanism.boot()

    def check(self) -> None:
        """Recount every mechanism's invariants from scratch (AssertionError where one fails)."""
        for attribute in MECHANISMS:
            mechanism = getattr(self, attribute)
            if hasattr(mechanism, "check"):
                mechanism.check()
