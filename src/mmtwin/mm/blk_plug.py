"""Plugs: requests that a task collects before any of them goes to its device.

    blk_start_plug()   swap_writepage() ... swap_writepage()   blk_finish_plug()
                        [131120 + 248] [131368 + 248] ...  ->  dispatched, in order

Reclaim of a lruvec, madvise() and swap-in readahead are each done under a plug. So pages that
reclaim writes to swap are still under writeback when it puts them back on their list; their writes
end, and rotate them to the list's end, when the plug is flushed: when the outermost plug ends, when
its task sleeps, when there are 32 requests, or when one is followed that has 128 KiB.

Writes to swap are throttled as well (blk-wbt): with 16 requests under way the next one waits until
few are left, and so flushes the plug of a reclaim that writes much. While writes go on, the limit
rises to 31 and to three quarters of the queue.

A memory-backed device (null_blk) has no store of its own: the CPU that dispatches a request copies
it from or to pages of the machine's memory, which are allocated when they are first written to.

Models block/blk-core.c: blk_start_plug(), blk_finish_plug(); block/blk-mq.c: blk_add_rq_to_plug(),
blk_mq_flush_plug_list(); block/blk-merge.c: blk_attempt_plug_merge(); block/blk-wbt.c: wbt_wait(),
get_limit(), wbt_rqw_done(), wb_timer_fn(); drivers/block/null_blk/main.c: null_insert_page().
Not modelled: plugs of other I/O than swap; wbt's limits for file writeback, reads that are late for
it, and devices with a write cache, which wake waiters later; discard, which frees backing pages.
What is not swap on a memory-backed device is taken as written before.

Invariant: nothing is plugged outside of a system call.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.block import REQ_OP_READ, REQ_OP_WRITE, REQ_SWAP, Block, BlockDevices, Requests
    from mmtwin.mm.clock import (
        CLOCK_IN_KTHREAD, COST_SWAP_END_PAGE, JIFFY_NS, NR_KTHREADS, Clock,
    )  # fmt: skip
    from mmtwin.mm.gfp import GFP_KSWAPD_RECLAIM_BIT, GFP_MEMALLOC_BIT, GFP_NOWARN_BIT
    from mmtwin.mm.swap_entry import swp_offset
    from mmtwin.mm.types import Sysctls, U64s, u32, u64
    from mmtwin.mm.uapi import ENOSPC

BLK_MAX_REQUEST_COUNT = cython.declare(cython.const[cython.uint], 32)
BLK_PLUG_FLUSH_SECTORS = cython.declare(cython.const[cython.uint], 256)
RWB_DEF_DEPTH = cython.declare(cython.const[cython.uint], 16)
# A window of a tenth of a second, by a timer: the next tick but 25
RWB_WINDOW_JIFFIES = cython.declare(cython.const[cython.ulonglong], 26)
CLOSE_IO_NS = cython.declare(cython.const[cython.ulonglong], 100000000)
RWB_UNKNOWN_BUMP = cython.declare(cython.const[cython.uint], 5)
KERNEL_EEVDF = cython.declare(cython.const[cython.int], 606)
KERNEL_SWAP_MAX_DEPTH = cython.declare(cython.const[cython.int], 603)  # before, kswapd's only

# struct blk_plug
Plug = cython.struct(
    depth=u32,  # plugs within one another; the outermost counts
    nr=u32,
    first=u32,  # requests, in order, by Request.next
    last=u32,
)

if cython.compiled:
    Plugs = cython.typedef(Plug[::1])
else:
    Plugs = object


@cython.final
@cython.cclass
class BlkPlug:
    """The plugs: of the task that runs, and of each kernel thread."""

    arena: object
    disks = cython.declare(object)
    plugs: Plugs  # by number of the kernel thread; 0: the task
    backed: U64s  # device -> 1 + first index of its pages in `backing`; 0: has its own store
    backing: U64s  # pfn behind each page of memory-backed devices, 0 for none yet
    requests: Requests
    devices: BlockDevices
    sysctl: Sysctls
    clock: Clock
    block: Block
    page_alloc = cython.declare("PageAlloc")

    def __init__(self, arena, config):
        self.arena, self.disks = arena, config.disks
        self.requests, self.devices = arena.block_requests, arena.block_devices
        self.sysctl = arena.sysctl
        self.plugs = arena.array("plugs", "blk_plug.Plug", NR_KTHREADS)
        self.backed = arena.array("memory_backed", "u64", len(arena.block_devices))
        pages = sum(disk.size >> 12 for disk in self.disks if disk.memory_backed)
        self.backing = arena.array("memory_backing", "u64", pages + 1)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.block, self.page_alloc = m.clock, m.block, m.page_alloc

    def boot(self):
        """Where the pages of each memory-backed device are kept."""
        first = 1
        for number, disk in enumerate(self.disks, 1):
            if disk.memory_backed:
                self.backed[number] = first
                first += disk.size >> 12

    # -- plugs

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def blk_start_plug(self) -> cython.int:
        """Whoever runs now collects its requests."""
        self.plugs[self.clock.cells[CLOCK_IN_KTHREAD]].depth += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def blk_finish_plug(self) -> cython.int:
        """The outermost plug ends: what was collected is dispatched by the submitter."""
        plug: u64 = self.clock.cells[CLOCK_IN_KTHREAD]
        assert self.plugs[plug].depth
        self.plugs[plug].depth -= 1
        if self.plugs[plug].depth == 0 and self.plugs[plug].nr:
            self.flush_by_submitter(plug)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def is_plugged(self) -> cython.bint:
        """Whether whoever runs now has a plug."""
        return self.plugs[self.clock.cells[CLOCK_IN_KTHREAD]].depth != 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def before_sleep(self) -> cython.int:
        """Whoever runs now is going to sleep: blk_flush_plug(from_schedule)."""
        if self.plugs[self.clock.cells[CLOCK_IN_KTHREAD]].nr:
            self.flush(self.clock.cells[CLOCK_IN_KTHREAD])
        return 0

    @cython.cfunc
    @cython.nogil
    def attempt_plug_merge(self, device: u32, entry: u64, nr_pages: u32, op: u32) -> cython.bint:
        """Whether it became part of the request that was plugged last."""
        last: u32 = self.plugs[self.clock.cells[CLOCK_IN_KTHREAD]].last
        if last == 0 or self.requests[last].device != device or self.requests[last].op != op:
            return False
        if self.requests[last].index + self.requests[last].nr_pages != entry:
            return False
        if self.requests[last].nr_pages + nr_pages > self.devices[device].max_sectors_kb >> 2:
            return False
        self.requests[last].nr_pages += nr_pages
        self.requests[last].nr_sectors += nr_pages * 8
        if op == REQ_OP_READ:
            self.devices[device].reads_merged += 1
        else:
            self.devices[device].writes_merged += 1
        return True

    @cython.cfunc
    @cython.nogil
    def blk_add_rq_to_plug(self, number: u32) -> cython.int:
        """A new request, behind the others; a full plug is flushed first."""
        plug: u64 = self.clock.cells[CLOCK_IN_KTHREAD]
        last: u32 = self.plugs[plug].last
        if last:
            if (
                self.plugs[plug].nr >= BLK_MAX_REQUEST_COUNT
                or self.requests[last].nr_sectors >= BLK_PLUG_FLUSH_SECTORS
            ):
                self.flush_by_submitter(plug)
                last = 0
        if last:
            self.requests[last].next = number
        else:
            self.plugs[plug].first = number
        self.plugs[plug].last = number
        self.plugs[plug].nr += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def flush(self, plug: u64) -> cython.int:
        """To the devices, by the block layer's worker: blk_mq_flush_plug_list()."""
        number: u32 = self.plugs[plug].first
        following: u32
        self.plugs[plug].first = 0
        self.plugs[plug].last = 0
        self.plugs[plug].nr = 0
        while number:
            following = self.requests[number].next
            self.requests[number].next = 0
            self.block.schedule(number)
            self.fill_backing(number)
            number = following
        return 0

    @cython.cfunc
    @cython.nogil
    def flush_by_submitter(self, plug: u64) -> cython.int:
        """The same, and the time that copying takes is the submitter's."""
        device: u32 = self.requests[self.plugs[plug].last].device
        self.flush(plug)
        return self.copy(device)

    @cython.cfunc
    @cython.nogil
    def flush_all(self) -> cython.int:
        """Somebody waits for requests that may be anybody's."""
        i: u64
        for i in range(NR_KTHREADS):
            if self.plugs[i].nr:
                self.flush(i)
        return 0

    # -- writeback throttling

    @cython.cfunc
    @cython.nogil
    def wbt_wait(self, device: u32) -> cython.int:
        """Sleep while too many writes to swap are under way: until their number is well below
        wb_normal, half of the limit."""
        limit: u32
        low: u32
        done: u64
        self.wbt_windows(device)
        limit = self.get_limit(device)
        low = self.wb_normal(device) - self.wb_background(device) // 2
        if self.devices[device].nr_inflight_swap < limit:
            return 0
        self.flush_all()
        while self.devices[device].nr_inflight_swap > low:
            done = self.block.next_done_ns(device)
            if done == 0:
                break
            if done < self.worker_done(device):
                done = self.worker_done(device)
            self.block.io_schedule_until(done)
        self.devices[device].worker_lag = 1
        return 0

    @cython.cfunc
    @cython.nogil
    def worker_done(self, device: u32) -> u64:
        """Until when the worker that copies to memory keeps the CPU from whoever it wakes: until
        all is dispatched. EEVDF (6.6) lets the first one preempt it; what the worker then has to
        wait is lag to its credit the next times (place_entity())."""
        if self.backed[device] == 0:
            return 0
        if self.sysctl[0].kernel >= KERNEL_EEVDF and not self.devices[device].worker_lag:
            return 0
        return self.devices[device].bus_free_write_ns

    @cython.cfunc
    @cython.nogil
    def wbt_windows(self, device: u32) -> cython.int:
        """Every tenth of a second in which there were writes (reads are never late here) the limit
        is raised; after five without, it is lowered again: wb_timer_fn()."""
        while self.devices[device].wbt_window_ns:
            if self.clock.now() < self.devices[device].wbt_window_ns:
                break
            self.end_window(device)
        if self.devices[device].wbt_window_ns == 0:
            self.rwb_arm_timer(device, self.clock.now())
        self.devices[device].wbt_writes += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def end_window(self, device: u32) -> cython.int:
        """Judge one window, and open the next while there is something to watch."""
        step: u32 = self.devices[device].wbt_step
        if self.devices[device].wbt_writes:
            self.devices[device].wbt_unknown = 0
            if self.max_depth(device) < self.most(device):
                step += 1
        else:
            self.devices[device].wbt_unknown += 1
            if self.devices[device].wbt_unknown >= RWB_UNKNOWN_BUMP and step:
                self.devices[device].wbt_unknown = 0
                step -= 1
        self.devices[device].wbt_step = step
        self.devices[device].wbt_writes = 0
        self.rwb_arm_timer(device, self.devices[device].wbt_window_ns)
        if step == 0 and self.devices[device].nr_inflight_swap == 0:
            self.devices[device].wbt_window_ns = 0
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def rwb_arm_timer(self, device: u32, now: u64) -> cython.int:
        """The window that begins now ends on a tick, and not early."""
        self.devices[device].wbt_window_ns = (now // JIFFY_NS + RWB_WINDOW_JIFFIES) * JIFFY_NS
        return 0

    @cython.cfunc
    @cython.nogil
    def most(self, device: u32) -> u32:
        """What the limit is never raised above: three quarters of the queue."""
        return 3 * self.devices[device].nr_requests // 4

    @cython.cfunc
    @cython.nogil
    def max_depth(self, device: u32) -> u32:
        """rq_depth_calc_max_depth(): 16, 31, 61 ..."""
        depth: u32 = 1 + ((RWB_DEF_DEPTH - 1) << self.devices[device].wbt_step)
        return depth if depth < self.most(device) else self.most(device)

    @cython.cfunc
    @cython.nogil
    def wb_normal(self, device: u32) -> u32:
        """calc_wb_limits()."""
        return (self.max_depth(device) + 1) // 2

    @cython.cfunc
    @cython.nogil
    def wb_background(self, device: u32) -> u32:
        """calc_wb_limits()."""
        return (self.max_depth(device) + 3) // 4

    @cython.cfunc
    @cython.nogil
    def get_limit(self, device: u32) -> u32:
        """How many may be under way; before 6.3 half as many for all but kswapd, and a quarter
        within a tenth of a second of a read (close_io())."""
        last: u64 = self.devices[device].last_read_ns
        if self.sysctl[0].kernel >= KERNEL_SWAP_MAX_DEPTH or self.clock.in_kthread():
            return self.max_depth(device)
        if last and self.clock.now() < last + CLOSE_IO_NS:
            return self.wb_background(device)
        return self.wb_normal(device)

    # -- devices in memory

    @cython.cfunc
    @cython.nogil
    def copy(self, device: u32) -> cython.int:
        """Whoever dispatches to a memory-backed device copies, and is interrupted by the ends of
        what was copied before. Reads and writes are copied one after the other."""
        free: u64 = self.devices[device].bus_free_read_ns
        if self.backed[device] == 0:
            return 0
        if free < self.devices[device].bus_free_write_ns:
            free = self.devices[device].bus_free_write_ns
        if free > self.clock.now():
            self.clock.advance(free - self.clock.now())
        return self.clock.interrupts()

    @cython.cfunc
    @cython.nogil
    def copy_begins(self, number: u32) -> u64:
        """When a request's copying can begin: behind the last one's, whose end interrupts it."""
        device: u32 = self.requests[number].device
        free: u64 = self.devices[device].bus_free_write_ns
        if self.requests[number].kind != REQ_SWAP or self.requests[number].op != REQ_OP_WRITE:
            return self.clock.now()
        if free <= self.clock.now():
            return self.clock.now()
        return free + self.clock.costs[COST_SWAP_END_PAGE] * self.requests[number].nr_pages

    @cython.cfunc
    @cython.nogil
    def fill_backing(self, number: u32) -> cython.int:
        """Pages for what is written for the first time; reclaim may take them from the reserves.
        Where there are none, the request fails."""
        i: u64
        at: u64
        pfn: u64
        at = self.backed[self.requests[number].device]
        if at == 0 or self.requests[number].kind != REQ_SWAP:
            return 0
        if self.requests[number].op != REQ_OP_WRITE:
            return 0
        at += swp_offset(self.requests[number].index)
        for i in range(self.requests[number].nr_pages):
            if self.backing[at + i]:
                continue
            pfn = self.page_alloc.alloc_pages(
                GFP_KSWAPD_RECLAIM_BIT | GFP_MEMALLOC_BIT | GFP_NOWARN_BIT, 0, -1
            )
            if pfn == 0:
                self.requests[number].error = ENOSPC
            self.backing[at + i] = pfn
        return 0

    def check(self):
        """Nothing is plugged; every backing page is one that was allocated."""
        for plug in range(NR_KTHREADS):
            assert self.plugs[plug].depth == 0 and self.plugs[plug].nr == 0
        for at in self.arena.where_set("memory_backing"):
            assert self.arena.pages[int(self.backing[at])].refcount == 1
