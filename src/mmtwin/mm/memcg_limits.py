"""Changing limits of a cgroup, and reclaim on request.

Models mm/memcontrol.c: memory_max_write(), memory_high_write(), memory_reclaim();
mm/memcontrol-v1.c: mem_cgroup_resize_max(), mem_cgroup_force_empty(). Each reclaims until usage
fits, or gives up.
Not modelled: signals that interrupt the writer.

Invariant: after memory.max was written, usage exceeds it only if nothing can be reclaimed or
killed.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_FREE_PAGE, JIFFY_NS, Clock
    from mmtwin.mm.gfp import GFP_KERNEL
    from mmtwin.mm.memcg_stock import MemcgStockpile
    from mmtwin.mm.memcg_tree import MEMCG_OOM, MemcgTree
    from mmtwin.mm.memcontrol import (
        MEMCG_MAX_RECLAIM_RETRIES, SWAPPINESS_OVERRIDE, MemControl,
    )  # fmt: skip
    from mmtwin.mm.page_counter import PageCounterRecords, PageCounters
    from mmtwin.mm.scan_control import MEMCG_RECLAIM_MAY_SWAP, MEMCG_RECLAIM_PROACTIVE
    from mmtwin.mm.types import i64, u32, u64
    from mmtwin.mm.uapi import EAGAIN, EBUSY, EINVAL

KERNEL_RECLAIM_QUARTERS = cython.declare(cython.const[cython.int], 608)


@cython.final
@cython.cclass
class MemcgLimits:
    """What writing a limit does."""

    counters: PageCounterRecords
    tree: MemcgTree
    stock: MemcgStockpile
    memcontrol: MemControl
    page_counters: PageCounters
    clock: Clock
    vmscan = cython.declare("Vmscan")
    oom_kill = cython.declare("OomKill")
    lru = cython.declare("Lru")
    kernel: u32

    def __init__(self, arena, config):
        self.counters = arena.page_counters
        self.kernel = config.kernel

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.tree, self.stock, self.memcontrol = m.memcg_tree, m.memcg_stock, m.memcontrol
        self.vmscan, self.oom_kill, self.lru = m.vmscan, m.oom_kill, m.lru
        self.page_counters, self.clock = m.page_counters, m.clock

    @cython.ccall
    @cython.nogil
    def memory_max_write(self, memcg: u32, limit: u64) -> cython.int:
        """memory.max: reclaim what is above it, else kill."""
        counter: u32 = self.tree.memory(memcg)
        retries: cython.int = MEMCG_MAX_RECLAIM_RETRIES
        drained: cython.bint = False
        killed: cython.bint = True
        gathered: u64 = 0
        before: i64
        self.counters[counter].max = limit
        while killed and self.counters[counter].usage > cython.cast(i64, limit):
            if not drained:
                self.stock.drain_all_stock(memcg)
                drained = True
            elif retries:
                if self.reclaim(memcg, self.above(counter, limit), MEMCG_RECLAIM_MAY_SWAP) == 0:
                    retries -= 1
            else:
                self.tree.memcg_memory_event(memcg, MEMCG_OOM)
                before = self.counters[counter].usage
                killed = self.oom_kill.mem_cgroup_out_of_memory(memcg, GFP_KERNEL, 0) != 0
                before -= self.counters[counter].usage
                self.page_counters.page_counter_uncharge(counter, gathered)
                gathered = self.gathered_pages(cython.cast(u64, before)) if before > 0 else 0
                self.page_counters.page_counter_charge(counter, gathered)
        self.page_counters.page_counter_uncharge(counter, gathered)
        return 0

    @cython.cfunc
    @cython.nogil
    def gathered_pages(self, nr_pages: u64) -> u64:
        """How many of a victim's pages are still charged when the writer, which shares the CPU with
        it by ticks, finds that it needs no waiting for any more (MMF_OOM_SKIP): exit_mmap() unmaps
        all of them before it frees the first, and each may take as long."""
        cost: u64 = self.clock.costs[COST_FREE_PAGE]
        rest: u64 = nr_pages * cost % JIFFY_NS
        freed: u64 = (JIFFY_NS - rest) // cost if cost else nr_pages
        return nr_pages - freed if freed < nr_pages else 0

    @cython.ccall
    @cython.nogil
    def memory_high_write(self, memcg: u32, limit: u64) -> cython.int:
        """memory.high: reclaim what is above it, as far as that goes."""
        counter: u32 = self.tree.memory(memcg)
        retries: cython.int = MEMCG_MAX_RECLAIM_RETRIES
        drained: cython.bint = False
        self.counters[counter].high = limit
        while self.counters[counter].usage > cython.cast(i64, limit):
            if not drained:
                self.stock.drain_all_stock(memcg)
                drained = True
                continue
            if self.reclaim(memcg, self.above(counter, limit), MEMCG_RECLAIM_MAY_SWAP) == 0:
                if retries == 0:
                    break
                retries -= 1
        return 0

    @cython.cfunc
    @cython.nogil
    def above(self, counter: u32, limit: u64) -> u64:
        return cython.cast(u64, self.counters[counter].usage) - limit

    @cython.cfunc
    @cython.nogil
    def reclaim(self, memcg: u32, nr_pages: u64, options: u32) -> u64:
        return self.vmscan.try_to_free_mem_cgroup_pages(memcg, nr_pages, GFP_KERNEL, options)

    @cython.ccall
    @cython.nogil
    def memory_reclaim(self, memcg: u32, nr_to_reclaim: u64, swappiness: cython.int) -> cython.int:
        """memory.reclaim: 0, or -EAGAIN if it cannot be had. swappiness -1: as it is set."""
        retries: cython.int = MEMCG_MAX_RECLAIM_RETRIES
        options: u32 = MEMCG_RECLAIM_MAY_SWAP | MEMCG_RECLAIM_PROACTIVE
        reclaimed: u64 = 0
        step: u64
        found: u64
        while reclaimed < nr_to_reclaim:
            step = nr_to_reclaim - reclaimed
            if self.kernel >= KERNEL_RECLAIM_QUARTERS:
                step >>= 2
            if retries == 0:
                self.lru.lru_add_drain_all()
            self.memcontrol.cells[SWAPPINESS_OVERRIDE] = cython.cast(u64, swappiness + 1)
            found = self.reclaim(memcg, step, options)
            self.memcontrol.cells[SWAPPINESS_OVERRIDE] = 0
            if found == 0:
                if retries == 0:
                    return -EAGAIN
                retries -= 1
            reclaimed += found
        return 0

    # -- v1

    @cython.ccall
    @cython.nogil
    def mem_cgroup_resize_max(self, memcg: u32, limit: u64, memsw: cython.bint) -> cython.int:
        """limit_in_bytes and memsw.limit_in_bytes: 0, -EINVAL (the latter may not be below the
        former) or -EBUSY."""
        counter: u32 = self.tree.swap(memcg) if memsw else self.tree.memory(memcg)
        options: u32 = 0 if memsw else MEMCG_RECLAIM_MAY_SWAP
        drained: cython.bint = False
        if memsw and limit < self.counters[self.tree.memory(memcg)].max:
            return -EINVAL
        if not memsw and limit > self.counters[self.tree.swap(memcg)].max:
            return -EINVAL
        while self.counters[counter].usage > cython.cast(i64, limit):
            if not drained:
                self.stock.drain_all_stock(memcg)
                drained = True
            elif self.reclaim(memcg, 1, options) == 0:
                return -EBUSY
        self.counters[counter].max = limit
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_force_empty(self, memcg: u32) -> cython.int:
        """Reclaim all that can be reclaimed."""
        retries: cython.int = MEMCG_MAX_RECLAIM_RETRIES
        self.lru.lru_add_drain_all()
        self.stock.drain_all_stock(memcg)
        while retries and self.counters[self.tree.memory(memcg)].usage:
            if self.reclaim(memcg, 1, MEMCG_RECLAIM_MAY_SWAP) == 0:
                retries -= 1
        return 0
