"""memory.high: charged all the same, but the task reclaims, and sleeps, before it goes on.

    charge over `high` --> task.memcg_nr_pages_over_high += batch
    return to user     --> reclaim that much from each cgroup over its `high`; if still over by far,
                           sleep: overage squared, up to two seconds

Models mm/memcontrol.c: mem_cgroup_handle_over_high(), reclaim_high(), mem_find_max_overage(),
swap_find_max_overage(), calculate_high_delay(), high_work_func() (run at once).

Invariant: memcg_nr_pages_over_high is 0 for a task outside of a system call or fault.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import Clock
    from mmtwin.mm.gfp import GFP_DIRECT_RECLAIM_BIT, GFP_KERNEL
    from mmtwin.mm.memcg_stat import MEMCG_CHARGE_BATCH
    from mmtwin.mm.memcg_tree import MEMCG_HIGH, MEMCG_SWAP_HIGH, MemCgroups, MemcgTree
    from mmtwin.mm.memcontrol import MEMCG_MAX_RECLAIM_RETRIES
    from mmtwin.mm.page_counter import PageCounterRecords
    from mmtwin.mm.scan_control import MEMCG_RECLAIM_MAY_SWAP
    from mmtwin.mm.types import Currents, Tasks, i64, u32, u64
    from mmtwin.mm.uapi import PF_MEMALLOC

HZ_TICKS = cython.declare(cython.const[cython.ulonglong], 250)
NS_PER_JIFFY = cython.declare(cython.const[cython.ulonglong], 4000000)
MEMCG_MAX_HIGH_DELAY_JIFFIES = cython.declare(cython.const[cython.ulonglong], 500)
MEMCG_DELAY_PRECISION_SHIFT = cython.declare(cython.const[cython.int], 20)
MEMCG_DELAY_SCALING_SHIFT = cython.declare(cython.const[cython.int], 14)


@cython.final
@cython.cclass
class MemcgHigh:
    """What being over `high` costs."""

    memcgs: MemCgroups
    counters: PageCounterRecords
    tasks: Tasks
    current: Currents
    tree: MemcgTree
    clock: Clock
    psi = cython.declare("Psi")
    vmscan = cython.declare("Vmscan")

    def __init__(self, arena, config):
        self.memcgs, self.counters = arena.memcgs, arena.page_counters
        self.tasks, self.current = arena.tasks, arena.current

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.tree, self.clock, self.psi, self.vmscan = m.memcg_tree, m.clock, m.psi, m.vmscan

    @cython.cfunc
    @cython.nogil
    def check_high(self, memcg: u32, gfp: u32, batch: u32) -> cython.int:
        """A charge of `batch` pages has just been made: is it over `high` anywhere above?"""
        task: u32 = self.current[0].task
        while memcg:
            if self.over_high(self.tree.memory(memcg)) or self.over_swap_high(memcg):
                if task == 0:  # a kernel thread has no return to user: high_work_func()
                    return self.high_work(memcg)
                self.tasks[task].memcg_nr_pages_over_high += batch
                break
            memcg = self.memcgs[memcg].parent
        if task and gfp & GFP_DIRECT_RECLAIM_BIT and not self.tasks[task].flags & PF_MEMALLOC:
            if self.tasks[task].memcg_nr_pages_over_high > cython.cast(u32, MEMCG_CHARGE_BATCH):
                return self.mem_cgroup_handle_over_high(gfp)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def over_high(self, counter: u32) -> cython.bint:
        return self.counters[counter].usage > cython.cast(i64, self.counters[counter].high)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def over_swap_high(self, memcg: u32) -> cython.bint:
        return not self.tree.v1 and self.over_high(self.tree.swap(memcg))

    @cython.cfunc
    @cython.nogil
    def high_work(self, memcg: u32) -> cython.int:
        self.reclaim_high(memcg, MEMCG_CHARGE_BATCH, GFP_KERNEL)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def resume_user_mode(self) -> cython.int:
        """The current task goes back to its program."""
        if self.tasks[self.current[0].task].memcg_nr_pages_over_high:
            return self.mem_cgroup_handle_over_high(GFP_KERNEL)
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_handle_over_high(self, gfp: u32) -> cython.int:
        """Reclaim what the current task has charged over `high`, else sleep for it."""
        task: u32 = self.current[0].task
        memcg: u32 = self.tasks[task].memcg
        nr_pages: u32 = self.tasks[task].memcg_nr_pages_over_high
        retries: cython.int = MEMCG_MAX_RECLAIM_RETRIES
        in_retry: cython.bint = False
        reclaimed: u64
        penalty: u64
        since: u64
        if nr_pages == 0:
            return 0
        self.tasks[task].memcg_nr_pages_over_high = 0
        while True:
            reclaimed = self.reclaim_high(memcg, 32 if in_retry else nr_pages, gfp)
            penalty = self.calculate_high_delay(nr_pages, self.mem_find_max_overage(memcg))
            penalty += self.calculate_high_delay(nr_pages, self.swap_find_max_overage(memcg))
            if penalty > MEMCG_MAX_HIGH_DELAY_JIFFIES:
                penalty = MEMCG_MAX_HIGH_DELAY_JIFFIES
            if penalty <= HZ_TICKS // 100:
                return 0
            if not reclaimed and retries == 0:
                break
            if not reclaimed:
                retries -= 1
            in_retry = True
        since = self.psi.psi_memstall_enter()
        self.clock.sleep_until(self.clock.now() + penalty * NS_PER_JIFFY)
        return self.psi.psi_memstall_leave(since)

    @cython.cfunc
    @cython.nogil
    def reclaim_high(self, memcg: u32, nr_pages: u32, gfp: u32) -> u64:
        """From each cgroup, from here up, that is over its `high`: pages reclaimed."""
        reclaimed: u64 = 0
        since: u64
        while memcg:
            if self.over_high(self.tree.memory(memcg)):
                self.tree.memcg_memory_event(memcg, MEMCG_HIGH)
                since = self.psi.psi_memstall_enter()
                reclaimed += self.vmscan.try_to_free_mem_cgroup_pages(
                    memcg, nr_pages, gfp, MEMCG_RECLAIM_MAY_SWAP
                )
                self.psi.psi_memstall_leave(since)
            memcg = self.memcgs[memcg].parent
        return reclaimed

    @cython.cfunc
    @cython.nogil
    def calculate_overage(self, counter: u32) -> u64:
        """How far over `high`, in 2**-20 of it."""
        if not self.over_high(counter):
            return 0
        usage: u64 = cython.cast(u64, self.counters[counter].usage)
        high: u64 = self.counters[counter].high
        if high == 0:
            return (usage - 1) << MEMCG_DELAY_PRECISION_SHIFT
        return ((usage - high) << MEMCG_DELAY_PRECISION_SHIFT) // high

    @cython.cfunc
    @cython.nogil
    def mem_find_max_overage(self, memcg: u32) -> u64:
        """The worst from here up."""
        worst: u64 = 0
        overage: u64
        while memcg:
            overage = self.calculate_overage(self.tree.memory(memcg))
            if overage > worst:
                worst = overage
            memcg = self.memcgs[memcg].parent
        return worst

    @cython.cfunc
    @cython.nogil
    def swap_find_max_overage(self, memcg: u32) -> u64:
        """The worst of swap.high; each is told as an event."""
        worst: u64 = 0
        overage: u64
        while memcg and not self.tree.v1:
            overage = self.calculate_overage(self.tree.swap(memcg))
            if overage:
                self.tree.memcg_memory_event(memcg, MEMCG_SWAP_HIGH)
            if overage > worst:
                worst = overage
            memcg = self.memcgs[memcg].parent
        return worst

    @cython.cfunc
    @cython.nogil
    def calculate_high_delay(self, nr_pages: u32, max_overage: u64) -> u64:
        """Jiffies to sleep: the overage squared, for a batch of 64 pages."""
        if max_overage == 0:
            return 0
        penalty: u64 = max_overage * max_overage * HZ_TICKS
        penalty >>= MEMCG_DELAY_PRECISION_SHIFT
        penalty >>= MEMCG_DELAY_SCALING_SHIFT
        return penalty * nr_pages // MEMCG_CHARGE_BATCH
