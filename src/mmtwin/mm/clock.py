"""Virtual time: one clock, kernel threads that run when they are due, and waiting.

    a call of a task   advance(cost) ... sleep_until(t) ... advance(cost)
                                             |
                                     kernel threads due up to t run, each at its own time

Time is in nanoseconds since boot. `now_ns` is the time of whoever runs now. A kernel thread is a
function that does a bounded piece of work and says when it wants to run again (0: when woken); the
earliest runs first, ties in the order of their numbers, so that runs repeat bit for bit.
Counts are the truth; times are an estimate.

Models kernel/time/timer.c and kernel/sched: schedule_timeout(), io_schedule(), wake_up_process(),
as far as the order of events goes.
Not modelled: tasks that contend for a CPU (each call runs as if on a CPU of its own).

Invariant: next_event_ns is the earliest wake_ns of any kernel thread (NEVER if none waits).
"""

import dataclasses

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, U64s, u32, u64

NEVER = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFFFFF)
NSEC_PER_SEC = cython.declare(cython.const[cython.ulonglong], 1000000000)
JIFFY_NS = cython.declare(cython.const[cython.ulonglong], 4000000)  # CONFIG_HZ=250
NR_KTHREADS = cython.declare(cython.const[cython.int], 256)

# What a kernel thread runs: Clock.run_kthread()
KTHREAD_NONE = cython.declare(cython.const[cython.int], 0)
KTHREAD_BLOCK = cython.declare(cython.const[cython.int], 1)  # completions of block device `arg`
KTHREAD_FLUSHER = cython.declare(cython.const[cython.int], 2)  # wb_workfn() of block device `arg`
KTHREAD_KSWAPD = cython.declare(cython.const[cython.int], 3)  # of node `arg`
KTHREAD_VMSTAT = cython.declare(cython.const[cython.int], 4)  # vmstat_update() of CPU `arg`
KTHREAD_MEMCG_STATS = cython.declare(cython.const[cython.int], 5)  # flush_memcg_stats_dwork()
KTHREAD_PSI = cython.declare(cython.const[cython.int], 6)  # psi_avgs_work()
KTHREAD_OOM_REAPER = cython.declare(cython.const[cython.int], 7)
KTHREAD_ZSWAP = cython.declare(cython.const[cython.int], 8)  # shrink_worker()
KTHREAD_MONITOR = cython.declare(cython.const[cython.int], 9)  # reads memcg `arg`'s stat

# Cells of the array "clock"
CLOCK_NOW = cython.declare(cython.const[cython.int], 0)  # ns
CLOCK_NEXT_EVENT = cython.declare(cython.const[cython.int], 1)  # earliest wake_ns of a kthread
CLOCK_NR_KTHREADS = cython.declare(cython.const[cython.int], 2)  # numbers 1 .. n - 1 are in use
CLOCK_IN_KTHREAD = cython.declare(cython.const[cython.int], 3)  # number of the one that runs, or 0
CLOCK_CELLS = cython.declare(cython.const[cython.int], 8)

# Cells of the array "costs": what work takes, in ns (costs.py says what each is)
COST_SYSCALL = cython.declare(cython.const[cython.int], 0)
COST_FAULT = cython.declare(cython.const[cython.int], 1)
COST_ZERO_PAGE = cython.declare(cython.const[cython.int], 2)
COST_READ_PAGE = cython.declare(cython.const[cython.int], 3)
COST_WRITE_PAGE = cython.declare(cython.const[cython.int], 4)
COST_FREE_PAGE = cython.declare(cython.const[cython.int], 5)
COST_RECLAIM_PAGE = cython.declare(cython.const[cython.int], 6)
COST_WRITEBACK_PAGE = cython.declare(cython.const[cython.int], 7)
COST_REMOTE_PAGE = cython.declare(cython.const[cython.int], 8)
COST_TLB_MISS = cython.declare(cython.const[cython.int], 9)
COST_SWAP_OUT_PAGE = cython.declare(cython.const[cython.int], 10)
COST_SORT_PAGE = cython.declare(cython.const[cython.int], 11)
COST_CACHE_PAGE = cython.declare(cython.const[cython.int], 12)
COST_SWAP_IN_PAGE = cython.declare(cython.const[cython.int], 13)
COST_UNMAP_PAGE = cython.declare(cython.const[cython.int], 14)
COST_RECLAIM_ROUND = cython.declare(cython.const[cython.int], 15)
COST_SCHEDULE = cython.declare(cython.const[cython.int], 16)
COST_SWAP_END_PAGE = cython.declare(cython.const[cython.int], 17)
COST_FLUSH_STATS = cython.declare(cython.const[cython.int], 18)
COST_VMPRESSURE = cython.declare(cython.const[cython.int], 19)
COST_CELLS = cython.declare(cython.const[cython.int], 24)

KThread = cython.struct(
    wake_ns=u64,  # when it wants to run; NEVER while it waits to be woken
    busy_ns=u64,  # until when it was busy last
    kind=u32,  # KTHREAD_*
    arg=u32,
)

if cython.compiled:
    KThreads = cython.typedef(KThread[::1])
else:
    KThreads = object


@cython.final
@cython.cclass
class Clock:
    """Time, and who runs next."""

    cells: U64s
    costs: U64s
    profile = cython.declare(object)
    kthreads: KThreads
    current: Currents
    block = cython.declare("Block")
    blk_plug = cython.declare("BlkPlug")
    writeback = cython.declare("PageWriteback")
    vmscan = cython.declare("Vmscan")
    page_alloc = cython.declare("PageAlloc")
    memcontrol = cython.declare("MemControl")
    memcg_stat = cython.declare("MemcgStat")
    psi = cython.declare("Psi")
    oom_kill = cython.declare("OomKill")
    zswap_lru = cython.declare("ZswapLru")

    def __init__(self, arena, config):
        self.cells = arena.array("clock", "u64", CLOCK_CELLS)
        self.costs = arena.array("costs", "u64", COST_CELLS)
        self.profile = config.cost
        self.kthreads = arena.array("kthreads", "clock.KThread", NR_KTHREADS)
        self.current = arena.current

    def wire(self, m):
        """Take the mechanisms that have kernel threads."""
        self.blk_plug = m.blk_plug
        self.block, self.writeback, self.vmscan = m.block, m.page_writeback, m.vmscan
        self.page_alloc, self.memcontrol = m.page_alloc, m.memcontrol
        self.memcg_stat = m.memcg_stat
        self.psi, self.oom_kill, self.zswap_lru = m.psi, m.oom_kill, m.zswap_lru

    def boot(self):
        """No kernel thread yet."""
        self.cells[CLOCK_NEXT_EVENT] = NEVER
        self.cells[CLOCK_NR_KTHREADS] = 1
        for cell, field in enumerate(dataclasses.fields(self.profile)):
            self.costs[cell] = getattr(self.profile, field.name)

    @cython.ccall
    @cython.nogil
    def new_kthread(self, kind: u32, arg: u32) -> u32:
        """A kernel thread that waits to be woken: its number."""
        number: u32 = cython.cast(u32, self.cells[CLOCK_NR_KTHREADS])
        assert number < cython.cast(u32, NR_KTHREADS)
        self.cells[CLOCK_NR_KTHREADS] += 1
        self.kthreads[number].kind = kind
        self.kthreads[number].arg = arg
        self.kthreads[number].wake_ns = NEVER
        return number

    @cython.ccall
    @cython.nogil
    def now(self) -> u64:
        """ns since boot, for whoever runs now."""
        return self.cells[CLOCK_NOW]

    @cython.ccall
    @cython.nogil
    def in_kthread(self) -> cython.bint:
        """Whether a kernel thread runs now."""
        return self.cells[CLOCK_IN_KTHREAD] != 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def advance(self, ns: u64) -> cython.void:
        """Whoever runs now is busy for so long."""
        self.cells[CLOCK_NOW] += ns

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def charge(self, cost: cython.int, times: u64) -> cython.void:
        """Whoever runs now does something (COST_*) so often."""
        self.cells[CLOCK_NOW] += self.costs[cost] * times

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def charge_bytes(self, cost: cython.int, nr_bytes: u64) -> cython.void:
        """The same, with a cost that is a page's."""
        self.cells[CLOCK_NOW] += self.costs[cost] * nr_bytes >> 12

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def charge_distance(self, node: u32) -> cython.void:
        """A page of that node's memory is copied or zeroed: more, if it is another's."""
        if node != self.current[0].node:
            self.cells[CLOCK_NOW] += self.costs[COST_REMOTE_PAGE]

    @cython.ccall
    @cython.nogil
    def wake_kthread(self, number: u32, at_ns: u64) -> cython.int:
        """Let a kernel thread run at that time, or earlier if it wants to anyway."""
        if at_ns < self.kthreads[number].wake_ns:
            self.kthreads[number].wake_ns = at_ns
            if at_ns < self.cells[CLOCK_NEXT_EVENT]:
                self.cells[CLOCK_NEXT_EVENT] = at_ns
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def cond_resched(self) -> cython.int:
        """Let kernel threads that are due run; cheap when none is."""
        if self.cells[CLOCK_NOW] >= self.cells[CLOCK_NEXT_EVENT]:
            return self.run_until(self.cells[CLOCK_NOW])
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def interrupts(self) -> cython.int:
        """Let the ends of requests that are due interrupt whoever runs now."""
        if self.cells[CLOCK_NOW] >= self.cells[CLOCK_NEXT_EVENT]:
            return self.run_interrupts()
        return 0

    @cython.cfunc
    @cython.nogil
    def run_interrupts(self) -> cython.int:
        """Only block completions, as within a kernel thread."""
        saved: u64 = self.cells[CLOCK_IN_KTHREAD]
        if saved == 0:
            self.cells[CLOCK_IN_KTHREAD] = NR_KTHREADS - 1
        self.run_until(self.cells[CLOCK_NOW])
        self.cells[CLOCK_IN_KTHREAD] = saved
        self.earliest()
        return 0

    @cython.ccall
    @cython.nogil
    def sleep_until(self, ns: u64) -> cython.int:
        """Whoever runs now sleeps (not at all, if that time has passed); others run meanwhile."""
        if ns <= self.cells[CLOCK_NOW]:
            return self.cond_resched()
        self.blk_plug.before_sleep()
        self.run_until(ns)
        self.cells[CLOCK_NOW] = ns
        return 0

    @cython.ccall
    @cython.nogil
    def run_until(self, ns: u64) -> cython.int:
        """Run the kernel threads that are due up to a time; `now` stays. Within a kernel thread
        only block completions run: the others have to wait until it sleeps."""
        number: u32
        while self.cells[CLOCK_NEXT_EVENT] <= ns:
            number = self.earliest()
            if number == 0:
                break
            if self.kthreads[number].wake_ns > ns:
                break
            self.run_kthread(number)
        return 0

    @cython.cfunc
    @cython.nogil
    def earliest(self) -> u32:
        """The kernel thread that is due first, and next_event_ns recomputed; 0 if none."""
        found: u32 = 0
        best: u64 = NEVER
        i: u32
        for i in range(1, cython.cast(u32, self.cells[CLOCK_NR_KTHREADS])):
            if self.kthreads[i].wake_ns < best:
                if not self.cells[CLOCK_IN_KTHREAD] or self.kthreads[i].kind == KTHREAD_BLOCK:
                    best = self.kthreads[i].wake_ns
                    found = i
        self.cells[CLOCK_NEXT_EVENT] = best
        return found

    @cython.cfunc
    @cython.nogil
    def run_kthread(self, number: u32) -> cython.int:
        """Run it once, in its own context and time."""
        saved_now: u64 = self.cells[CLOCK_NOW]
        saved_in: u64 = self.cells[CLOCK_IN_KTHREAD]
        task: u32 = self.current[0].task
        mm: u32 = self.current[0].mm
        start: u64 = self.kthreads[number].wake_ns
        wake: u64
        if start < self.kthreads[number].busy_ns:
            start = self.kthreads[number].busy_ns
        self.kthreads[number].wake_ns = NEVER
        self.cells[CLOCK_NOW] = start
        self.cells[CLOCK_IN_KTHREAD] = number
        self.current[0].task = 0
        self.current[0].mm = 0
        wake = self.call(self.kthreads[number].kind, self.kthreads[number].arg)
        self.kthreads[number].busy_ns = self.cells[CLOCK_NOW]
        if self.kthreads[number].kind == KTHREAD_BLOCK:  # an interrupt, in somebody's time
            saved_now += self.cells[CLOCK_NOW] - start
        self.current[0].task = task
        self.current[0].mm = mm
        self.cells[CLOCK_NOW] = saved_now
        self.cells[CLOCK_IN_KTHREAD] = saved_in
        if wake and wake < self.kthreads[number].wake_ns:
            self.kthreads[number].wake_ns = wake
        self.earliest()
        return 0

    @cython.cfunc
    @cython.nogil
    def call(self, kind: u32, arg: u32) -> u64:
        """The function of a kind: when it wants to run again, 0 for when it is woken."""
        if kind == KTHREAD_BLOCK:
            return self.block.complete(arg)
        if kind == KTHREAD_FLUSHER:
            return self.writeback.wb_workfn(arg)
        if kind == KTHREAD_KSWAPD:
            return self.vmscan.kswapd(arg)
        if kind == KTHREAD_VMSTAT:
            return self.page_alloc.vmstat_update(arg)
        if kind == KTHREAD_MEMCG_STATS:
            return self.memcontrol.flush_memcg_stats_dwork()
        if kind == KTHREAD_PSI:
            return self.psi.psi_avgs_work(arg)
        if kind == KTHREAD_ZSWAP:
            return self.zswap_lru.shrink_worker()
        if kind == KTHREAD_OOM_REAPER:
            return self.oom_kill.oom_reaper()
        if kind == KTHREAD_MONITOR:
            return self.memcg_stat.monitor_reads(arg)
        return 0

    def check(self):
        """next_event_ns is the earliest wake-up."""
        used = range(1, int(self.cells[CLOCK_NR_KTHREADS]))
        wakes = [int(self.kthreads[i].wake_ns) for i in used]
        assert min(wakes, default=int(NEVER)) == self.cells[CLOCK_NEXT_EVENT]
