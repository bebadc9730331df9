"""Memory that the kernel uses for a program and charges to its cgroup: slabs, stacks, tables.

    what was recorded:   |---------------- kmem ----------------|
    what the twin has:   |-- page tables, xarray nodes --| held |

A recording of page events knows how much there was, not what it was. What the twin's own
mechanisms charge is part of it; the rest is held as single unmovable pages.
"""

from __future__ import annotations

import errno
from typing import Any

from mmtwin import cgroups
from mmtwin.config import RUN_CGROUP
from mmtwin.mm.gfp import GFP_KERNEL_ACCOUNT
from mmtwin.mm.memcg_layout import MEMCG_KMEM


class KernelMemory:
    """Pages allocated and charged for the current task."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.pages: list[int] = []  # held
        self.wanted = 0  # pages in all

    def resize(self, pages: int) -> None:
        """From now on the cgroup has so many in all (OSError ENOMEM)."""
        self.wanted = pages
        self.settle()
        for _ in range(pages - self._charged()):
            self.pages.append(self._allocate())

    def settle(self) -> None:
        """Give back what the twin's own mechanisms account for by now."""
        if self.pages:
            excess = self._charged() - self.wanted
            for _ in range(min(excess, len(self.pages))):
                self._free(self.pages.pop())

    def _charged(self) -> int:
        """Pages of kernel memory in the run's cgroup, without flushing its statistics."""
        if not cgroups.exists_group(self.machine, RUN_CGROUP):
            return len(self.pages)
        memcg = cgroups.find(self.machine, RUN_CGROUP)
        return int(self.machine.memcg_stat.memcg_page_state_now(memcg, MEMCG_KMEM))

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
