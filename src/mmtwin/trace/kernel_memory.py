"""Memory that the kernel uses for a program and charges to its cgroup: slabs, stacks, tables.

A recording of page events knows how much there was, not what it was: single unmovable pages.
"""

from __future__ import annotations

import errno
from typing import Any

from mmtwin.mm.gfp import GFP_KERNEL_ACCOUNT


class KernelMemory:
    """Pages allocated and charged for the current task."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.pages: list[int] = []

    def resize(self, pages: int) -> None:
        """Hold so many (OSError ENOMEM)."""
        while len(self.pages) > pages:
            self._free(self.pages.pop())
        while len(self.pages) < pages:
            self.pages.append(self._allocate())

    def _allocate(self) -> int:
        pfn = int(self.machine.page_alloc.alloc_pages(GFP_KERNEL_ACCOUNT, 0, -1))
        if not pfn:
            raise OSError(errno.ENOMEM, "no page for the kernel")
        if self.machine.memcontrol.memcg_kmem_charge_page(pfn, GFP_KERNEL_ACCOUNT, 0):
            self.machine.lru.put_page(pfn)
            raise OSError(errno.ENOMEM, "the cgroup's limit leaves no page for the kernel")
        return pfn

    def _free(self, pfn: int) -> None:
        self.machine.memcontrol.memcg_kmem_uncharge_page(pfn, 0)
        self.machine.lru.put_page(pfn)
