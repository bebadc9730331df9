"""How much may be dirty, and how writers are held back.

     0          background        freerun         setpoint              limit
     |--------------|----------------|----------------|--------------------|
      free           free, flusher    a pause every     as fast as the       stopped until
                     works            so many pages     device writes        it is less

Between freerun, (background + limit) / 2, and the limit a writer sleeps now and then, so long that
it keeps to its task_ratelimit = dirty_ratelimit x pos_ratio. pos_ratio is 1 at the setpoint, in the
middle, 2 at freerun and 0 at the limit (a cubic), and likewise within the device's share. What one
writer may do at the setpoint, dirty_ratelimit, is adapted every 200 ms, so that all writers
together dirty as many pages as the device writes. A device's share of the limits is its part of
the pages written of late (halved every 3 s).

Models mm/page-writeback.c: global_dirtyable_memory(), domain_dirty_limits(), balance_dirty_pages(),
balance_dirty_pages_ratelimited(), wb_position_ratio(), pos_ratio_polynom(), wb_dirty_limits(),
wb_update_bandwidth(), wb_update_write_bandwidth(), wb_update_dirty_ratelimit(),
domain_update_dirty_limit(), wb_min_pause(), wb_max_pause(), writeback_set_ratelimit(),
wb_over_bg_thresh(); lib/flex_proportions.c.
Not modelled: strictlimit, min_ratio and max_ratio of a device, cgroup writeback, real-time tasks.

Invariant: no writer passes the limit by more than what it dirties between two looks.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.block import Block, BlockDevices
    from mmtwin.mm.clock import Clock
    from mmtwin.mm.mmzone import Zones
    from mmtwin.mm.page_writeback import NR_WBS, Wbs
    from mmtwin.mm.pgtable_types import PAGE_SIZE
    from mmtwin.mm.types import Currents, I64s, Sysctls, Tasks, U64s, i64, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_ACTIVE_FILE, NR_FILE_DIRTY, NR_FREE_PAGES, NR_INACTIVE_FILE, NR_WRITEBACK,
    )  # fmt: skip

BANDWIDTH_INTERVAL_NS = cython.declare(cython.const[cython.int], 200000000)
COMPLETIONS_PERIOD_NS = cython.declare(cython.const[cython.longlong], 3000000000)
INIT_BW = cython.declare(cython.const[cython.int], 25600)  # pages a second: 100 MB/s
RATELIMIT_CALC_SHIFT = cython.declare(cython.const[cython.int], 10)
DIRTY_POLL_THRESH = cython.declare(cython.const[cython.int], 32)

# Cells of "wb_domain", the global_wb_domain
DOM_DIRTY_LIMIT = cython.declare(cython.const[cython.int], 0)  # follows the threshold down slowly
DOM_LIMIT_STAMP = cython.declare(cython.const[cython.int], 1)
DOM_PERIOD_STAMP = cython.declare(cython.const[cython.int], 2)
DOM_COMPLETIONS = cython.declare(cython.const[cython.int], 3)
DOM_RATELIMIT_PAGES = cython.declare(cython.const[cython.int], 4)
DOM_CELLS = cython.declare(cython.const[cython.int], 8)


@cython.final
@cython.cclass
class DirtyThrottle:
    """Limits of dirty memory, and the pauses of writers."""

    sysctl: Sysctls
    current: Currents
    tasks: Tasks
    wbs: Wbs
    domain: I64s
    bdp_ratelimits: I64s
    paused_when: U64s  # task -> ns
    devices: BlockDevices
    nr_cpus: cython.int
    hz: i64
    hz_rounded: i64  # roundup_pow_of_two(HZ)
    eighth_rounded: i64  # roundup_pow_of_two(1 + HZ / 8)
    bw_period: i64  # jiffies: 3 s, rounded up likewise
    jiffy_ns: u64
    clock: Clock
    block: Block
    vmstat: VmStat
    zones: Zones
    fs_writeback = cython.declare("FsWriteback")
    # what the last domain_dirty_limits() found, in pages
    dirty: i64
    thresh: i64
    bg_thresh: i64
    wb_thresh: i64
    wb_bg_thresh: i64
    next_pause_pages: cython.int  # what wb_min_pause() found: pages until the next pause

    def __init__(self, arena, config):
        self.sysctl, self.current, self.tasks = arena.sysctl, arena.current, arena.tasks
        self.wbs, self.bdp_ratelimits = arena.bdi_writebacks, arena.bdp_ratelimits
        self.devices = arena.block_devices
        self.domain = arena.array("wb_domain", "i64", DOM_CELLS)
        self.paused_when = arena.array("task_dirty_paused_when", "u64", 1 << 22)
        self.nr_cpus = config.cpus
        self.hz = config.hz
        self.jiffy_ns = 1000000000 // config.hz
        self.hz_rounded = 1 << (config.hz - 1).bit_length()
        self.eighth_rounded = 1 << (config.hz // 8).bit_length()
        self.bw_period = 1 << (3 * config.hz - 1).bit_length()
        self.dirty = self.thresh = self.bg_thresh = self.wb_thresh = self.wb_bg_thresh = 0
        self.next_pause_pages = 0

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.block, self.vmstat, self.zones = m.clock, m.block, m.vmstat, m.zones
        self.fs_writeback = m.fs_writeback

    def boot(self):
        """Nothing is known of any device yet: 100 MB/s."""
        for device in range(NR_WBS):
            self.wbs[device].write_bandwidth = INIT_BW
            self.wbs[device].avg_write_bandwidth = INIT_BW
            self.wbs[device].dirty_ratelimit = INIT_BW
            self.wbs[device].balanced_dirty_ratelimit = INIT_BW
        self.writeback_set_ratelimit()
        self.domain[DOM_DIRTY_LIMIT] = self.thresh

    # -- limits

    @cython.ccall
    @cython.nogil
    def global_dirtyable_memory(self) -> i64:
        """Pages that may be dirty at all: free ones, less the reserves, and the page cache."""
        free: i64 = self.vmstat.global_zone_page_state(NR_FREE_PAGES)
        reserve: i64 = self.zones.totalreserve[0]
        free -= reserve if reserve < free else free
        free += self.vmstat.global_node_page_state(NR_INACTIVE_FILE)
        return free + self.vmstat.global_node_page_state(NR_ACTIVE_FILE) + 1

    @cython.ccall
    @cython.nogil
    def domain_dirty_limits(self) -> cython.int:
        """Compute thresh and bg_thresh from the sysctls and what is dirtyable now."""
        available: i64 = self.global_dirtyable_memory()
        ratio: i64 = self.sysctl[0].dirty_ratio * PAGE_SIZE // 100
        bg_ratio: i64 = self.sysctl[0].dirty_background_ratio * PAGE_SIZE // 100
        self.thresh = ratio * available // PAGE_SIZE
        self.bg_thresh = bg_ratio * available // PAGE_SIZE
        if self.sysctl[0].dirty_bytes:
            self.thresh = (self.sysctl[0].dirty_bytes + PAGE_SIZE - 1) // PAGE_SIZE
        if self.sysctl[0].dirty_background_bytes:
            self.bg_thresh = (self.sysctl[0].dirty_background_bytes + PAGE_SIZE - 1) // PAGE_SIZE
        if self.bg_thresh >= self.thresh:
            self.bg_thresh = self.thresh >> 1
        return 0

    @cython.ccall
    @cython.nogil
    def threshold(self) -> i64:
        """nr_dirty_threshold of /proc/vmstat."""
        self.domain_dirty_limits()
        return self.thresh

    @cython.ccall
    @cython.nogil
    def background_threshold(self) -> i64:
        """nr_dirty_background_threshold of /proc/vmstat."""
        self.domain_dirty_limits()
        return self.bg_thresh

    @cython.cfunc
    @cython.nogil
    def hard_dirty_limit(self) -> i64:
        """The limit that holds: it follows a falling threshold only slowly."""
        limit: i64 = self.domain[DOM_DIRTY_LIMIT]
        return limit if limit > self.thresh else self.thresh

    @cython.ccall
    @cython.nogil
    def dirty_limit(self) -> i64:
        """global_wb_domain.dirty_limit."""
        return self.domain[DOM_DIRTY_LIMIT]

    @cython.ccall
    @cython.nogil
    def writeback_set_ratelimit(self) -> cython.int:
        """After boot and after a change of the dirty sysctls: how many pages a CPU may dirty
        between two looks at the limits."""
        self.domain_dirty_limits()
        self.domain[DOM_DIRTY_LIMIT] = self.thresh
        pages: i64 = self.thresh // (self.nr_cpus * 32)
        self.domain[DOM_RATELIMIT_PAGES] = pages if pages > 16 else 16
        return 0

    @cython.cfunc
    @cython.nogil
    def count_dirty(self) -> i64:
        """Pages that are dirty or being written, machine-wide."""
        return self.vmstat.global_node_page_state(NR_FILE_DIRTY) + (
            self.vmstat.global_node_page_state(NR_WRITEBACK)
        )

    # -- a device's share

    @cython.cfunc
    @cython.nogil
    def wb_domain_writeout_add(self, device: u32) -> cython.int:
        """A page of the device is written."""
        self.fprop_new_period()
        self.wbs[device].completions += 1
        self.domain[DOM_COMPLETIONS] += 1
        return 0

    @cython.ccall
    @cython.nogil
    def count_written_before(self, device: u32, nr_pages: u64) -> cython.int:
        """So many pages were written to the device shortly before the story begins."""
        self.wbs[device].completions += nr_pages
        self.domain[DOM_COMPLETIONS] += nr_pages
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def fprop_new_period(self) -> cython.int:
        """Halve what counts as "of late", once for every 3 s that passed."""
        passed: i64 = cython.cast(i64, self.clock.now()) - self.domain[DOM_PERIOD_STAMP]
        if passed < COMPLETIONS_PERIOD_NS:
            return 0
        return self.age_completions(passed // COMPLETIONS_PERIOD_NS)

    @cython.cfunc
    @cython.nogil
    def age_completions(self, periods: i64) -> cython.int:
        """So many periods passed."""
        self.domain[DOM_PERIOD_STAMP] += periods * COMPLETIONS_PERIOD_NS
        self.domain[DOM_COMPLETIONS] = 0
        device: cython.int
        for device in range(NR_WBS):
            if periods < 63:
                self.wbs[device].completions >>= cython.cast(cython.int, periods)
            else:
                self.wbs[device].completions = 0
            self.domain[DOM_COMPLETIONS] += self.wbs[device].completions
        return 0

    @cython.cfunc
    @cython.nogil
    def wb_dirty_limits(self, device: u32) -> cython.int:
        """Compute the device's part of the limits: none, while nothing was written of late. (So a
        flusher that wakes for its first dirty data in minutes writes some of it at once, which
        puts the inode on b_more_io, and the next periodic turn writes the rest, old or not.)"""
        self.fprop_new_period()
        self.wb_thresh = 0
        total: i64 = self.domain[DOM_COMPLETIONS]
        if total:
            mine: i64 = cython.cast(i64, self.wbs[device].completions)
            self.wb_thresh = self.thresh * mine // total
        self.wb_bg_thresh = 0
        if self.thresh:
            self.wb_bg_thresh = self.wb_thresh * self.bg_thresh // self.thresh
        return 0

    @cython.cfunc
    @cython.nogil
    def wb_over_bg_thresh(self, device: u32) -> cython.bint:
        """Whether the flusher is to go on with background work."""
        self.domain_dirty_limits()
        if self.vmstat.global_node_page_state(NR_FILE_DIRTY) > self.bg_thresh:
            return True
        self.wb_dirty_limits(device)
        return self.wbs[device].nr_reclaimable > self.wb_bg_thresh

    @cython.cfunc
    @cython.nogil
    def max_request_pages(self, device: u32) -> u64:
        """The largest request that writeback makes."""
        return self.devices[device].max_sectors_kb >> 2 if device else 256

    # -- writers

    @cython.cfunc
    @cython.nogil
    def balance_dirty_pages_ratelimited(self, device: u32) -> cython.int:
        """Look at the limits if the task, or its CPU, dirtied enough pages since the last look."""
        task: u32 = self.current[0].task
        cpu: u32 = self.current[0].cpu
        ratelimit: i64 = self.tasks[task].nr_dirtied_pause
        if ratelimit == 0:
            ratelimit = DIRTY_POLL_THRESH  # of a new task
        if self.wbs[device].dirty_exceeded and ratelimit > 8:
            ratelimit = 8
        if self.tasks[task].nr_dirtied >= ratelimit:
            self.bdp_ratelimits[cpu] = 0
        elif self.bdp_ratelimits[cpu] >= self.domain[DOM_RATELIMIT_PAGES]:
            self.bdp_ratelimits[cpu] = 0
        else:
            return 0
        return self.balance_dirty_pages(device, task)

    @cython.cfunc
    @cython.nogil
    def balance_dirty_pages(self, device: u32, task: u32) -> cython.int:
        """Let a writer go on, or sleep first."""
        while True:
            self.clock.cond_resched()
            self.domain_dirty_limits()
            self.dirty = self.count_dirty()
            self.start_flusher(device)
            if self.dirty <= (self.thresh + self.bg_thresh) // 2:
                self.wbs[device].dirty_exceeded = 0
                return self.free_run(task)
            self.wb_dirty_limits(device)
            self.note_exceeded(device)
            self.update_bandwidth(device, True)
            if self.pause(device, task):
                return 0

    @cython.cfunc
    @cython.nogil
    def start_flusher(self, device: u32) -> cython.int:
        """More than the background threshold is dirty, and nobody writes."""
        if self.fs_writeback.writeback_in_progress(device):
            return 0
        if self.vmstat.global_node_page_state(NR_FILE_DIRTY) > self.bg_thresh:
            return self.fs_writeback.wb_start_background_writeback(device)
        return 0

    @cython.cfunc
    @cython.nogil
    def free_run(self, task: u32) -> cython.int:
        """No reason to wait; the nearer the limit, the sooner to look again."""
        self.paused_when[task] = self.clock.now()
        self.tasks[task].nr_dirtied = 0
        interval: i64 = 1
        if self.thresh > self.dirty:
            interval = 1 << (self.ilog2(self.thresh - self.dirty) >> 1)
        self.tasks[task].nr_dirtied_pause = cython.cast(cython.int, interval)
        return 0

    @cython.cfunc
    @cython.nogil
    def note_exceeded(self, device: u32) -> cython.int:
        """Beyond the limits, writers look after every few pages."""
        exceeded: cython.bint = self.dirty > self.thresh and (
            self.wbs[device].nr_reclaimable + self.wbs[device].nr_writeback > self.wb_thresh
        )
        self.wbs[device].dirty_exceeded = 1 if exceeded else 0
        return 0

    @cython.cfunc
    @cython.nogil
    def pause(self, device: u32, task: u32) -> cython.bint:
        """Sleep for what was dirtied since the last pause; false to look again afterwards."""
        now: u64 = self.clock.now()
        rate: i64 = cython.cast(i64, self.wbs[device].dirty_ratelimit)
        task_ratelimit: i64 = rate * self.wb_position_ratio(device) >> RATELIMIT_CALC_SHIFT
        max_pause: i64 = self.wb_max_pause(device)
        min_pause: i64 = self.wb_min_pause(device, max_pause, task_ratelimit)
        pages: i64 = self.tasks[task].nr_dirtied
        period: i64 = max_pause
        pause: i64 = max_pause
        if task_ratelimit:
            period = self.hz * pages // task_ratelimit
            pause = period
            if self.paused_when[task]:
                pause -= self.jiffies(now) - self.jiffies(self.paused_when[task])
            if pause < min_pause:
                return self.skip_pause(task, now, pause, period)
            if pause > max_pause:
                pause = max_pause
        until: u64 = now + cython.cast(u64, pause) * self.jiffy_ns
        self.block.io_schedule_until(until)
        self.paused_when[task] = until
        self.tasks[task].nr_dirtied = 0
        self.tasks[task].nr_dirtied_pause = self.next_pause_pages
        return task_ratelimit != 0

    @cython.cfunc
    @cython.nogil
    def skip_pause(self, task: u32, now: u64, pause: i64, period: i64) -> cython.bint:
        """Too short to sleep: the time is owed, unless the writer was slow for a second anyway."""
        if pause < -self.hz:
            self.paused_when[task] = now
            self.tasks[task].nr_dirtied = 0
        elif period:
            self.paused_when[task] += cython.cast(u64, period) * self.jiffy_ns
            self.tasks[task].nr_dirtied = 0
        elif self.tasks[task].nr_dirtied_pause <= self.tasks[task].nr_dirtied:
            self.tasks[task].nr_dirtied_pause += self.tasks[task].nr_dirtied
        return True

    # -- how long

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def jiffies(self, ns: u64) -> i64:
        """Whole ticks (signed: what a task owes lies in the future)."""
        return cython.cast(i64, ns // self.jiffy_ns)

    @cython.cfunc
    @cython.nogil
    def wb_max_pause(self, device: u32) -> i64:
        """Jiffies: short enough that a device with little dirty does not run dry."""
        wb_dirty: i64 = self.wbs[device].nr_reclaimable + self.wbs[device].nr_writeback
        bw: i64 = cython.cast(i64, self.wbs[device].avg_write_bandwidth)
        t: i64 = wb_dirty // (1 + bw // self.eighth_rounded) + 1
        return t if t < self.hz // 5 else self.hz // 5

    @cython.cfunc
    @cython.nogil
    def wb_min_pause(self, device: u32, max_pause: i64, task_ratelimit: i64) -> i64:
        """Jiffies below which a pause is put off: about 10 ms, more with many writers."""
        rate: i64 = cython.cast(i64, self.wbs[device].dirty_ratelimit)
        more: i64 = self.ilog2(cython.cast(i64, self.wbs[device].avg_write_bandwidth))
        more -= self.ilog2(rate)
        t: i64 = self.hz // 100
        if more > 0:
            t += more * (10 * self.hz) // 1024
        if t > 1 + max_pause // 2:
            t = 1 + max_pause // 2
        pages: i64 = rate * t // self.hz_rounded
        if pages < DIRTY_POLL_THRESH:
            t = max_pause
            pages = rate * t // self.hz_rounded
            if pages > DIRTY_POLL_THRESH:
                pages = DIRTY_POLL_THRESH
                t = self.hz * DIRTY_POLL_THRESH // rate
        if self.hz * pages // (task_ratelimit + 1) > max_pause:
            t = max_pause
            pages = task_ratelimit * t // self.hz_rounded
        self.next_pause_pages = cython.cast(cython.int, pages)
        return 1 + t // 2 if pages >= DIRTY_POLL_THRESH else t

    @cython.cfunc
    @cython.nogil
    def ilog2(self, value: i64) -> i64:
        """Number of the highest set bit."""
        bits: i64 = 0
        while value > 1:
            value >>= 1
            bits += 1
        return bits

    @cython.cfunc
    @cython.nogil
    def wb_position_ratio(self, device: u32) -> i64:
        """How fast a writer may be, against dirty_ratelimit, in 1024ths."""
        freerun: i64 = (self.thresh + self.bg_thresh) // 2
        limit: i64 = self.hard_dirty_limit()
        if self.dirty >= limit:
            return 0
        setpoint: i64 = (freerun + limit) // 2
        pos_ratio: i64 = self.pos_ratio_polynom(setpoint, limit)
        return self.wb_share_ratio(device, pos_ratio, setpoint, limit)

    @cython.cfunc
    @cython.nogil
    def pos_ratio_polynom(self, setpoint: i64, limit: i64) -> i64:
        """1 + x**3, with x 1 at freerun, 0 at the setpoint and -1 at the limit."""
        one: i64 = 1 << RATELIMIT_CALC_SHIFT
        x: i64 = self.divide((setpoint - self.dirty) * one, limit - setpoint + 1)
        ratio: i64 = x * x >> RATELIMIT_CALC_SHIFT
        ratio = (ratio * x >> RATELIMIT_CALC_SHIFT) + one
        if ratio < 0:
            return 0
        return ratio if ratio < 2 * one else 2 * one

    @cython.cfunc
    @cython.nogil
    def divide(self, a: i64, b: i64) -> i64:
        """a / b as the kernel does it, towards 0."""
        if a < 0:
            return -(-a // b)
        return a // b

    @cython.cfunc
    @cython.nogil
    def wb_share_ratio(self, device: u32, pos_ratio: i64, setpoint: i64, limit: i64) -> i64:
        """pos_ratio, changed by how much of its own share the device has dirty: a line that is 1
        at its setpoint and falls to a quarter, and a boost where there is little."""
        wb_dirty: i64 = self.wbs[device].nr_reclaimable + self.wbs[device].nr_writeback
        wb_thresh: i64 = self.wb_thresh
        if wb_thresh > self.thresh:
            wb_thresh = self.thresh
        if wb_thresh < (limit - self.dirty) // 8:
            wb_thresh = (limit - self.dirty) // 8
        x: i64 = (wb_thresh << 16) // (self.thresh + 1)
        wb_setpoint: i64 = setpoint * x >> 16
        bw: i64 = cython.cast(i64, self.wbs[device].avg_write_bandwidth)
        span: i64 = (self.thresh - wb_thresh + 8 * bw) * x >> 16
        intercept: i64 = wb_setpoint + span
        if wb_dirty < intercept - span // 4:
            pos_ratio = pos_ratio * (intercept - wb_dirty) // ((intercept - wb_setpoint) | 1)
        else:
            pos_ratio //= 4
        half: i64 = wb_thresh // 2
        if wb_dirty < half:
            if wb_dirty > half // 8:
                pos_ratio = pos_ratio * half // wb_dirty
            else:
                pos_ratio *= 8
        return pos_ratio

    # -- bandwidth

    @cython.ccall
    @cython.nogil
    def wb_update_bandwidth(self, device: u32) -> cython.int:
        """The flusher wrote a chunk: what the device writes. What writers may dirty is changed by
        writers only, while they are held back."""
        return self.update_bandwidth(device, False)

    @cython.cfunc
    @cython.nogil
    def update_bandwidth(self, device: u32, update_ratelimit: cython.bint) -> cython.int:
        """Every 200 ms: what the device writes; and the limit, what its writers dirty and what
        they may: __wb_update_bandwidth()."""
        now: u64 = self.clock.now()
        elapsed: u64 = now - self.wbs[device].bw_time_stamp
        if elapsed < BANDWIDTH_INTERVAL_NS:
            return 0
        jiffies: i64 = self.jiffies(elapsed)
        dirtied: i64 = cython.cast(
            i64, self.wbs[device].nr_dirtied - self.wbs[device].dirtied_stamp
        )
        if update_ratelimit:
            self.domain_update_dirty_limit(now)
            self.wb_update_dirty_ratelimit(device, dirtied, jiffies)
        self.wb_update_write_bandwidth(device, jiffies)
        return self.stamp(device)

    @cython.cfunc
    @cython.nogil
    def stamp(self, device: u32) -> cython.int:
        """Count from here."""
        self.wbs[device].dirtied_stamp = self.wbs[device].nr_dirtied
        self.wbs[device].written_stamp = self.wbs[device].nr_written
        self.wbs[device].bw_time_stamp = self.clock.now()
        return 0

    @cython.ccall
    @cython.nogil
    def wb_bandwidth_estimate_start(self, device: u32) -> cython.int:
        """The flusher begins after a time of idleness, which says nothing of the device."""
        elapsed: u64 = self.clock.now() - self.wbs[device].bw_time_stamp
        if elapsed > BANDWIDTH_INTERVAL_NS:
            return self.stamp(device)
        return 0

    @cython.cfunc
    @cython.nogil
    def domain_update_dirty_limit(self, now: u64) -> cython.int:
        """Follow the threshold: up at once, down by a 32nd of the way."""
        if now - cython.cast(u64, self.domain[DOM_LIMIT_STAMP]) < BANDWIDTH_INTERVAL_NS:
            return 0
        self.domain[DOM_LIMIT_STAMP] = cython.cast(i64, now)
        target: i64 = self.thresh
        if self.domain[DOM_DIRTY_LIMIT] < target:
            self.domain[DOM_DIRTY_LIMIT] = target
            return 0
        if target < self.dirty:
            target = self.dirty
        if self.domain[DOM_DIRTY_LIMIT] > target:
            self.domain[DOM_DIRTY_LIMIT] -= (self.domain[DOM_DIRTY_LIMIT] - target) >> 5
        return 0

    @cython.cfunc
    @cython.nogil
    def wb_update_write_bandwidth(self, device: u32, jiffies: i64) -> cython.int:
        """A mean over 3 s, and a smoother one that follows it."""
        written: i64 = cython.cast(
            i64, self.wbs[device].nr_written - self.wbs[device].written_stamp
        )
        avg: i64 = cython.cast(i64, self.wbs[device].avg_write_bandwidth)
        old: i64 = cython.cast(i64, self.wbs[device].write_bandwidth)
        bw: i64 = written * self.hz
        if jiffies > self.bw_period:
            bw //= jiffies
            avg = bw
        else:
            bw = (bw + old * (self.bw_period - jiffies)) // self.bw_period
            if avg > old and old >= bw:
                avg -= (avg - old) >> 3
            if avg < old and old <= bw:
                avg += (old - avg) >> 3
        self.wbs[device].write_bandwidth = cython.cast(u64, bw)
        self.wbs[device].avg_write_bandwidth = cython.cast(u64, avg) if avg > 1 else 1
        return 0

    @cython.cfunc
    @cython.nogil
    def wb_update_dirty_ratelimit(self, device: u32, dirtied: i64, jiffies: i64) -> cython.int:
        """What one writer may dirty a second, so that all together match the device."""
        rate: i64 = cython.cast(i64, self.wbs[device].dirty_ratelimit)
        write_bw: i64 = cython.cast(i64, self.wbs[device].avg_write_bandwidth)
        task_ratelimit: i64 = (rate * self.wb_position_ratio(device) >> RATELIMIT_CALC_SHIFT) + 1
        dirty_rate: i64 = dirtied * self.hz // jiffies
        balanced: i64 = task_ratelimit * write_bw // (dirty_rate | 1)
        if balanced > write_bw:
            balanced = write_bw
        step: i64 = self.ratelimit_step(device, rate, balanced, task_ratelimit)
        rate = rate + step if rate < balanced else rate - step
        self.wbs[device].dirty_ratelimit = cython.cast(u64, rate) if rate > 1 else 1
        self.wbs[device].balanced_dirty_ratelimit = cython.cast(u64, balanced)
        return 0

    @cython.cfunc
    @cython.nogil
    def ratelimit_step(self, device: u32, rate: i64, balanced: i64, task_ratelimit: i64) -> i64:
        """How far to go: only if position and balance agree on the direction, and by less, the
        smaller the difference."""
        last: i64 = cython.cast(i64, self.wbs[device].balanced_dirty_ratelimit)
        setpoint: i64 = ((self.thresh + self.bg_thresh) // 2 + self.hard_dirty_limit()) // 2
        step: i64 = 0
        if self.dirty < setpoint:
            low: i64 = min(last, min(balanced, task_ratelimit))
            if rate < low:
                step = low - rate
        else:
            high: i64 = max(last, max(balanced, task_ratelimit))
            if rate > high:
                step = rate - high
        shift: i64 = rate // (2 * step + 1)
        if shift >= 63:
            return 0
        return ((step >> shift) + 7) // 8

    def check(self):
        """The shares' parts make up the whole."""
        assert self.domain[DOM_COMPLETIONS] == sum(
            int(self.wbs[device].completions) for device in range(NR_WBS)
        )
