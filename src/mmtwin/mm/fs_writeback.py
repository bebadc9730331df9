"""Flusher threads: which dirty inodes are written when.

                 oldest first                      taken from the end
    b_dirty  ------------------->  b_io  ------------------------->  written
       ^      queue_io(): expired,   ^                                  |
       |      or all                 |  b_more_io: its chunk was used up, more is dirty
       +-----------------------------+----------------------------------+

Each device has a thread. It wakes dirty_writeback_centisecs after an inode became dirty, and then
as often, and writes inodes that have been dirty for dirty_expire_centisecs; when woken by a writer
(more is dirty than the background threshold), what is oldest until there is less; and everything,
when reclaim or somebody else asks. It works in chunks of an inode, so that every inode gets its
turn, and stops in the middle of one while the device's queue is full.

Models fs/fs-writeback.c: __mark_inode_dirty(), wb_workfn(), wb_do_writeback(), wb_writeback(),
queue_io(), writeback_sb_inodes(), writeback_chunk_size(), requeue_inode(), redirty_tail_locked(),
wakeup_flusher_threads(), wb_start_background_writeback(); mm/backing-dev.c: wb_wakeup_delayed();
fs/sync.c: ksys_sync(); ext4_writepages() as far as it begins a file anew (range_cyclic).
Not modelled: what is written for an inode itself (its block and the journal), inodes dirty only in
their times (dirtytime), several file systems on a device, cgroup writeback.

Invariants: an inode with dirty pages is on exactly one list of its device; the lists are linked
both ways; b_dirty is in the order of dirtied_when, the latest first.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import KTHREAD_FLUSHER, Clock
    from mmtwin.mm.block import Block
    from mmtwin.mm.page_writeback import (
        ALL_PAGES, WB_LAST_INDEX, NR_WBS, NSEC_PER_CENTISEC, PageWriteback, Wbs,
    )  # fmt: skip
    from mmtwin.mm.page_flags import INODE_SHMEM
    from mmtwin.mm.types import Inodes, Sysctls, U32s, U64s, i64, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_FILE_DIRTY
    from mmtwin.mm.xarray import XA_DIRTY

# Inode.i_state
I_DIRTY_SYNC = cython.declare(cython.const[cython.uint], 1)
I_DIRTY_DATASYNC = cython.declare(cython.const[cython.uint], 2)
I_DIRTY_PAGES = cython.declare(cython.const[cython.uint], 4)
I_DIRTY = cython.declare(cython.const[cython.uint], 7)
I_LIST_SHIFT = cython.declare(cython.const[cython.uint], 16)  # which list it is on, LIST_*
I_LIST_MASK = cython.declare(cython.const[cython.uint], 0x30000)

LIST_NONE = cython.declare(cython.const[cython.uint], 0)
LIST_B_DIRTY = cython.declare(cython.const[cython.uint], 1)
LIST_B_IO = cython.declare(cython.const[cython.uint], 2)
LIST_B_MORE_IO = cython.declare(cython.const[cython.uint], 3)
LIST_COUNT = cython.declare(cython.const[cython.uint], 4)

# Wb.work
WORK_NONE = cython.declare(cython.const[cython.uint], 0)
WORK_ALL = cython.declare(cython.const[cython.uint], 1)  # wakeup_flusher_threads()
WORK_KUPDATE = cython.declare(cython.const[cython.uint], 2)
WORK_BACKGROUND = cython.declare(cython.const[cython.uint], 3)

MIN_WRITEBACK_PAGES = cython.declare(cython.const[cython.int], 1024)  # 4 MiB


@cython.final
@cython.cclass
class FsWriteback:
    """The lists of dirty inodes, and the threads that write them."""

    arena: object
    inodes: Inodes
    sysctl: Sysctls
    wbs: Wbs
    heads: U32s  # device * LIST_COUNT + list -> first inode
    tails: U32s
    interval_seen: U64s  # one cell: dirty_writeback_centisecs as last written
    nr_wbs: cython.int
    clock: Clock
    block: Block
    vmstat: VmStat
    page_writeback: PageWriteback
    throttle = cython.declare("DirtyThrottle")
    xarray = cython.declare("XArray")

    def __init__(self, arena, config):
        self.arena = arena
        self.inodes, self.sysctl, self.wbs = arena.inodes, arena.sysctl, arena.bdi_writebacks
        self.heads = arena.array("wb_list_heads", "u32", NR_WBS * LIST_COUNT)
        self.tails = arena.array("wb_list_tails", "u32", NR_WBS * LIST_COUNT)
        self.interval_seen = arena.array("wb_interval_seen", "u64", 1)
        self.nr_wbs = len(config.disks) + 1

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.block, self.vmstat = m.clock, m.block, m.vmstat
        self.page_writeback, self.throttle, self.xarray = (
            m.page_writeback,
            m.dirty_throttle,
            m.xarray,
        )

    def boot(self):
        """A thread for each device, and one for files that have none described."""
        self.interval_seen[0] = self.sysctl[0].dirty_writeback_centisecs
        for device in range(self.nr_wbs):
            self.wbs[device].kthread = self.clock.new_kthread(KTHREAD_FLUSHER, device)

    # -- dirty inodes

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def mark_inode_dirty_pages(self, inode: u32) -> cython.int:
        """A page of the inode became dirty; cheap when others are already."""
        if self.inodes[inode].i_state & I_DIRTY_PAGES:
            return 0
        return self.mark_inode_dirty(inode, I_DIRTY_PAGES)

    @cython.ccall
    @cython.nogil
    def mark_inode_dirty(self, inode: u32, flags: u32) -> cython.int:
        """Something of an inode is dirty (I_DIRTY_*): __mark_inode_dirty()."""
        state: u32 = self.inodes[inode].i_state
        if self.inodes[inode].i_kind == INODE_SHMEM or (state & flags) == flags:
            return 0
        self.inodes[inode].i_state |= flags
        if state & I_DIRTY or state & I_LIST_MASK:
            return 0
        device: u32 = self.inodes[inode].i_bdev
        first: cython.bint = not self.wb_has_dirty_io(device)
        self.inodes[inode].dirtied_when = self.clock.now()
        self.push(inode, LIST_B_DIRTY)
        if first:
            self.wb_wakeup_delayed(device)
        return 0

    @cython.ccall
    @cython.nogil
    def inode_was_written(self, inode: u32) -> cython.int:
        """All or part of an inode was written by others than its flusher: off the lists, if it is
        clean now. The inode's own block is not modelled: it is clean too."""
        if self.xarray.xa_marked(inode, XA_DIRTY):
            return 0
        return self.inode_is_clean(inode)

    @cython.ccall
    @cython.nogil
    def inode_is_clean(self, inode: u32) -> cython.int:
        """Nothing of an inode is dirty any more (or it goes away)."""
        self.unlink(inode)
        self.inodes[inode].i_state &= ~I_DIRTY
        self.inodes[inode].dirtied_when = 0
        return 0

    @cython.ccall
    @cython.nogil
    def forget_inode(self, inode: u32) -> cython.int:
        """The inode is evicted: its flusher is not to look at it again."""
        device: u32 = self.inodes[inode].i_bdev
        if self.wbs[device].inode == inode:
            self.wbs[device].inode = 0
        self.inodes[inode].writeback_index = 0
        self.inodes[inode].wb_err = 0
        return self.inode_is_clean(inode)

    @cython.cfunc
    @cython.nogil
    def wb_has_dirty_io(self, device: u32) -> cython.bint:
        """Whether the device has dirty inodes."""
        at: u32 = device * LIST_COUNT
        return (
            self.heads[at + LIST_B_DIRTY] != 0
            or self.heads[at + LIST_B_IO] != 0
            or self.heads[at + LIST_B_MORE_IO] != 0
        )

    # -- lists

    @cython.cfunc
    @cython.nogil
    def push(self, inode: u32, where: u32) -> cython.int:
        """Put an inode first on a list of its device, off the one that it is on."""
        self.unlink(inode)
        at: u32 = self.inodes[inode].i_bdev * LIST_COUNT + where
        first: u32 = self.heads[at]
        self.inodes[inode].i_wb_next = first
        if first:
            self.inodes[first].i_wb_prev = inode
        else:
            self.tails[at] = inode
        self.heads[at] = inode
        self.inodes[inode].i_state |= where << I_LIST_SHIFT
        return 0

    @cython.cfunc
    @cython.nogil
    def unlink(self, inode: u32) -> cython.int:
        """Take an inode off its list, if it is on one."""
        where: u32 = (self.inodes[inode].i_state & I_LIST_MASK) >> I_LIST_SHIFT
        if not where:
            return 0
        at: u32 = self.inodes[inode].i_bdev * LIST_COUNT + where
        following: u32 = self.inodes[inode].i_wb_next
        before: u32 = self.inodes[inode].i_wb_prev
        if before:
            self.inodes[before].i_wb_next = following
        else:
            self.heads[at] = following
        if following:
            self.inodes[following].i_wb_prev = before
        else:
            self.tails[at] = before
        self.inodes[inode].i_wb_next = 0
        self.inodes[inode].i_wb_prev = 0
        self.inodes[inode].i_state &= ~I_LIST_MASK
        return 0

    @cython.cfunc
    @cython.nogil
    def queue_io(self, device: u32) -> cython.int:
        """Line up what is to be written: what was put off before goes first, then what is dirty
        for long enough (of periodic work: dirty_expire_centisecs), eldest first."""
        at: u32 = device * LIST_COUNT
        inode: u32 = self.tails[at + LIST_B_MORE_IO]
        while inode:
            self.push(inode, LIST_B_IO)
            inode = self.tails[at + LIST_B_MORE_IO]
        now: u64 = self.clock.now()
        age: u64 = 0
        if self.wbs[device].work == WORK_KUPDATE:
            age = self.sysctl[0].dirty_expire_centisecs * NSEC_PER_CENTISEC
        inode = self.tails[at + LIST_B_DIRTY]
        while inode and self.inodes[inode].dirtied_when + age <= now:
            self.push(inode, LIST_B_IO)
            inode = self.tails[at + LIST_B_DIRTY]
        return 0

    @cython.cfunc
    @cython.nogil
    def redirty_tail(self, inode: u32) -> cython.int:
        """Back to b_dirty, as the latest: it is not to be tried again at once."""
        latest: u32 = self.heads[self.inodes[inode].i_bdev * LIST_COUNT + LIST_B_DIRTY]
        if latest and self.inodes[inode].dirtied_when < self.inodes[latest].dirtied_when:
            self.inodes[inode].dirtied_when = self.clock.now()
        return self.push(inode, LIST_B_DIRTY)

    # -- waking

    @cython.cfunc
    @cython.nogil
    def wb_wakeup_delayed(self, device: u32) -> cython.int:
        """Let the flusher run in dirty_writeback_centisecs (0: never by itself)."""
        interval: u64 = self.sysctl[0].dirty_writeback_centisecs * NSEC_PER_CENTISEC
        if interval:
            self.clock.wake_kthread(self.wbs[device].kthread, self.clock.now() + interval)
        return 0

    @cython.ccall
    @cython.nogil
    def wb_start_background_writeback(self, device: u32) -> cython.int:
        """A writer sees more dirty than the background threshold: write, until it is less."""
        return self.clock.wake_kthread(self.wbs[device].kthread, self.clock.now())

    @cython.ccall
    @cython.nogil
    def wakeup_flusher_threads(self) -> cython.int:
        """Let every flusher write all that is dirty now."""
        device: u32
        for device in range(self.nr_wbs):
            if self.wb_has_dirty_io(device) and not self.wbs[device].start_all:
                self.wbs[device].start_all = 1
                self.clock.wake_kthread(self.wbs[device].kthread, self.clock.now())
        return 0

    @cython.ccall
    @cython.nogil
    def writeback_in_progress(self, device: u32) -> cython.bint:
        """Whether the flusher is at work."""
        return self.wbs[device].work != WORK_NONE

    def dirty_writeback_centisecs_changed(self):
        """An interval was written: if it is a new one, flushers write all that is dirty now."""
        interval = int(self.sysctl[0].dirty_writeback_centisecs)
        if interval and interval != self.interval_seen[0]:
            self.wakeup_flusher_threads()
        self.interval_seen[0] = interval

    # -- the thread

    @cython.ccall
    @cython.nogil
    def wb_workfn(self, device: u32) -> u64:
        """Work until there is nothing to do, or the device's queue is full: when to go on."""
        while True:
            if self.wbs[device].work == WORK_NONE and not self.next_work(device):
                break
            if not self.wb_writeback(device):
                return self.block.next_done_ns(device)
            self.wbs[device].work = WORK_NONE
        interval: u64 = self.sysctl[0].dirty_writeback_centisecs * NSEC_PER_CENTISEC
        if interval and self.wb_has_dirty_io(device):
            return self.clock.now() + interval
        return 0

    @cython.cfunc
    @cython.nogil
    def next_work(self, device: u32) -> cython.bint:
        """What there is to do, in the order of wb_do_writeback(); false if nothing."""
        work: u32 = WORK_NONE
        left: i64 = ALL_PAGES
        if self.wbs[device].start_all:
            self.wbs[device].start_all = 0
            work = WORK_ALL
            left = self.nr_dirty_pages()
        elif self.old_data_flush_due(device):
            self.wbs[device].last_old_flush = self.clock.now()
            work = WORK_KUPDATE
            left = self.nr_dirty_pages()
        if left <= 0:
            work = WORK_NONE
        if work == WORK_NONE and self.wb_over_bg_thresh(device):
            work = WORK_BACKGROUND
            left = ALL_PAGES
        self.wbs[device].work = work
        self.wbs[device].work_left = left
        self.wbs[device].turn_ns = 0
        self.wbs[device].progress = 0
        self.throttle.wb_bandwidth_estimate_start(device)
        return work != WORK_NONE

    @cython.cfunc
    @cython.nogil
    def old_data_flush_due(self, device: u32) -> cython.bint:
        """Whether the interval has passed since the last look for old data."""
        interval: u64 = self.sysctl[0].dirty_writeback_centisecs * NSEC_PER_CENTISEC
        return interval != 0 and self.clock.now() >= self.wbs[device].last_old_flush + interval

    @cython.cfunc
    @cython.nogil
    def nr_dirty_pages(self) -> i64:
        """get_nr_dirty_pages(): the whole machine's."""
        return self.vmstat.global_node_page_state(NR_FILE_DIRTY)

    @cython.cfunc
    @cython.nogil
    def wb_over_bg_thresh(self, device: u32) -> cython.bint:
        """Whether background work has something to do here."""
        return self.wb_has_dirty_io(device) and self.throttle.wb_over_bg_thresh(device)

    @cython.cfunc
    @cython.nogil
    def wb_writeback(self, device: u32) -> cython.bint:
        """Go on with the work under way: true when it is done, false if the queue is full."""
        while True:
            if not self.wbs[device].inode:
                if self.work_is_done(device):
                    return True
                if not self.next_inode(device):
                    if not self.next_turn(device):
                        return True
                    continue
            if not self.write_chunk(device):
                return False

    @cython.cfunc
    @cython.nogil
    def work_is_done(self, device: u32) -> cython.bint:
        """Whether the work under way has written enough, or gives way to other work."""
        work: u32 = self.wbs[device].work
        if self.wbs[device].work_left <= 0:
            return True
        if work != WORK_ALL and self.wbs[device].start_all:
            return True
        return work == WORK_BACKGROUND and not self.throttle.wb_over_bg_thresh(device)

    @cython.cfunc
    @cython.nogil
    def next_turn(self, device: u32) -> cython.bint:
        """b_io is empty: line up more; false if there is none, or the last turn wrote nothing."""
        self.throttle.wb_update_bandwidth(device)
        at: u32 = device * LIST_COUNT
        again: cython.bint = self.wbs[device].progress != 0
        self.wbs[device].progress = 0
        if self.wbs[device].turn_ns and not again:
            self.wbs[device].turn_ns = 0
            return False
        self.wbs[device].turn_ns = self.clock.now() + 1
        self.queue_io(device)
        if self.heads[at + LIST_B_IO]:
            return True
        self.wbs[device].turn_ns = 0
        return False

    @cython.cfunc
    @cython.nogil
    def next_inode(self, device: u32) -> cython.bint:
        """Take the last of b_io, with a chunk to write; false if there is none."""
        inode: u32 = self.tails[device * LIST_COUNT + LIST_B_IO]
        if not inode:
            return False
        self.wbs[device].inode = inode
        self.wbs[device].chunk = self.writeback_chunk_size(device)
        self.wbs[device].index = self.inodes[inode].writeback_index
        self.wbs[device].last = WB_LAST_INDEX
        self.wbs[device].wrapped = 0 if self.inodes[inode].writeback_index else 1
        return True

    @cython.cfunc
    @cython.nogil
    def writeback_chunk_size(self, device: u32) -> i64:
        """Half a second's worth of the device, in steps of 4 MiB, as far as the work goes."""
        pages: i64 = cython.cast(i64, self.wbs[device].avg_write_bandwidth >> 1)
        scope: i64 = cython.cast(i64, self.throttle.dirty_limit() >> 3)
        if pages > scope:
            pages = scope
        if pages > self.wbs[device].work_left:
            pages = self.wbs[device].work_left
        return (pages + MIN_WRITEBACK_PAGES) & ~(MIN_WRITEBACK_PAGES - 1)

    @cython.cfunc
    @cython.nogil
    def write_chunk(self, device: u32) -> cython.bint:
        """Write of the present inode what its chunk allows; false if the queue is full."""
        inode: u32 = self.wbs[device].inode
        before: i64 = self.wbs[device].chunk
        index: u64 = self.page_writeback.write_cache_pages(
            inode, self.wbs[device].index, self.wbs[device].last, before, XA_DIRTY, 0
        )
        wrote: i64 = before - self.page_writeback.left
        self.wbs[device].index = index
        self.wbs[device].chunk -= wrote
        self.wbs[device].work_left -= wrote
        if wrote:
            self.wbs[device].progress = 1
        if self.page_writeback.blocked:
            return False
        if self.wbs[device].chunk > 0 and not self.wbs[device].wrapped:
            self.wbs[device].wrapped = 1  # from the file's start, up to where it began
            self.wbs[device].index = 0
            self.wbs[device].last = self.inodes[inode].writeback_index - 1
            return self.write_chunk(device)
        self.inodes[inode].writeback_index = index if index <= self.wbs[device].last else 0
        self.wbs[device].inode = 0
        self.requeue_inode(device, inode)
        self.throttle.wb_update_bandwidth(device)
        return True

    @cython.cfunc
    @cython.nogil
    def requeue_inode(self, device: u32, inode: u32) -> cython.int:
        """A chunk is written: where the inode goes."""
        if not self.xarray.xa_marked(inode, XA_DIRTY):
            return self.inode_is_clean(inode)
        if self.wbs[device].chunk <= 0:
            return self.push(inode, LIST_B_MORE_IO)
        return self.redirty_tail(inode)

    # -- sync

    @cython.ccall
    @cython.nogil
    def sync_inodes(self) -> cython.int:
        """Write and wait for everything that is dirty: sync(2)."""
        device: u32
        for device in range(self.nr_wbs):
            self.sync_list(device, LIST_B_IO)
            self.sync_list(device, LIST_B_MORE_IO)
            self.sync_list(device, LIST_B_DIRTY)
        return 0

    @cython.cfunc
    @cython.nogil
    def sync_list(self, device: u32, where: u32) -> cython.int:
        """Write the inodes of a list, eldest first, then wait for them."""
        at: u32 = device * LIST_COUNT + where
        inode: u32 = self.tails[at]
        last: u32 = 0
        while inode and inode != last:
            self.page_writeback.filemap_fdatawrite_range(inode, 0, WB_LAST_INDEX)
            self.inode_was_written(inode)
            last = inode
            inode = self.tails[at]
        while self.wbs[device].nr_writeback > 0 and self.block.next_done_ns(device):
            self.block.io_schedule_until(self.block.next_done_ns(device))
        return 0

    def check(self):
        """The lists are whole, and hold the inodes that have dirty pages."""
        listed = set()
        for device in range(self.nr_wbs):
            for where in (LIST_B_DIRTY, LIST_B_IO, LIST_B_MORE_IO):
                listed |= self.check_list(device, where)
        for inode in self.arena.where("inodes", "nrpages"):
            if self.inodes[inode].i_kind != INODE_SHMEM and self.xarray.xa_marked(inode, XA_DIRTY):
                assert inode in listed and self.inodes[inode].i_state & I_DIRTY_PAGES

    def check_list(self, device, where):
        """The inodes of one list, which know that they are on it."""
        found, before = [], 0
        inode = int(self.heads[device * LIST_COUNT + where])
        while inode:
            assert self.inodes[inode].i_wb_prev == before
            assert self.inodes[inode].i_bdev == device
            assert (self.inodes[inode].i_state & I_LIST_MASK) >> I_LIST_SHIFT == where
            found.append(inode)
            before, inode = inode, int(self.inodes[inode].i_wb_next)
        assert self.tails[device * LIST_COUNT + where] == before
        if where == LIST_B_DIRTY:
            times = [int(self.inodes[i].dirtied_when) for i in found]
            assert times == sorted(times, reverse=True)
        return set(found)
