"""Block devices: when a request is done, and what its completion does to pages.

    submit()  ->  [ nr_requests ]  ->  channels: latency or seek  ->  bus: bandwidth  ->  done_ns
                  the submitter        each serves one request         one request         |
                  sleeps if full       at a time                       at a time      complete()

A device is `channels` servers, each of which spends the latency of a request (on a disk, the seek,
if it does not go on where the last request ended), and one bus that then moves its bytes. Reads and
writes queue apart, and share the bus: each takes from the other what it uses. So a queue of depth 1
is bound by latency, a deep one by channels or bandwidth. A request that still waits for a channel
grows by one that follows it in its file, up to max_sectors_kb. When a request is done is known when
it is submitted; requests under way are kept in the order of their ends, and end in the device's
KTHREAD_BLOCK thread.

A request names pages of an inode's cache, slots of a swap area, or only sectors (direct I/O).

Models block/blk-mq.c, blk-merge.c, genhd.c: submit_bio(), blk_mq_get_tag(), bio_endio(),
diskstats_show(); mm/filemap.c: folio_wait_locked(), folio_wait_writeback().
Not modelled: I/O schedulers other than first come first served, partitions, discard; where on the
device a file lies (what follows in the file follows on the device); cgroup I/O control; writeback
throttling by latency (wbt).

Invariants: a device's requests are linked in the order of done_ns; nr_inflight is their number, as
is each direction's; every request in use is on one device's list.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_SCHEDULE, KTHREAD_BLOCK, Clock
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.page_flags import (
        PG_locked, PG_mappedtodisk, PG_uptodate, PG_workingset, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.psi import Psi
    from mmtwin.mm.types import Currents, Inodes, Pages, Tasks, U64s, i32, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import PGPGIN, PGPGOUT

NR_BLOCK_DEVICES = cython.declare(cython.const[cython.int], 64)
NR_BLOCK_REQUESTS = 1 << 17
MAX_CHANNELS = cython.declare(cython.const[cython.int], 64)  # of a device
NR_BLOCK_ERRORS = cython.declare(cython.const[cython.int], 256)

# Request.op
REQ_OP_READ = cython.declare(cython.const[cython.uint], 0)
REQ_OP_WRITE = cython.declare(cython.const[cython.uint], 1)
REQ_OP_FLUSH = cython.declare(cython.const[cython.uint], 2)
# Request.kind: what its index means
REQ_PAGES = cython.declare(cython.const[cython.uint], 0)  # pages of an inode's cache
REQ_SWAP = cython.declare(cython.const[cython.uint], 1)  # a swap entry
REQ_RAW = cython.declare(cython.const[cython.uint], 2)  # no page: only time and counts

# struct gendisk, request_queue and disk_stats
BlockDevice = cython.struct(
    capacity=u64,  # bytes
    latency_read_ns=u64,
    latency_write_ns=u64,
    seek_ns=u64,  # in place of the latency, where a request does not follow the last one; 0: no arm
    read_ps=u64,  # picoseconds a byte; 0: no limit
    write_ps=u64,
    bus_free_read_ns=u64,  # when the last request of a direction will have passed the bus
    bus_free_write_ns=u64,
    next_index=u64,  # where the last request ended
    busy_since_ns=u64,  # while nr_inflight
    reads=u64,  # /proc/diskstats: requests done, merged, sectors, time
    reads_merged=u64,
    read_sectors=u64,
    read_ns=u64,
    writes=u64,
    writes_merged=u64,
    write_sectors=u64,
    write_ns=u64,
    flushes=u64,
    flush_ns=u64,
    io_ns=u64,  # during which something was under way
    next_inode=u32,  # of the file of next_index
    channels=u32,
    nr_requests=u32,  # how many may be under way (queue/nr_requests)
    max_sectors_kb=u32,
    read_ahead_kb=u32,
    rotational=u32,
    dev=u32,  # major << 20 | minor
    nr_inflight=u32,
    nr_inflight_write=u32,
    nr_inflight_swap=u32,  # writes to swap, plugged ones too
    first=u32,  # requests in the order of their ends
    last=u32,
    last_read=u32,  # the one submitted last, of a direction: what a new one may be merged with
    last_write=u32,
    kthread=u32,
    wbt_unknown=u32,  # windows in a row that show nothing
    wbt_step=u32,  # how often the limit of writes was raised: 0, 1, 2
    wbt_writes=u32,  # in this window
    worker_lag=u32,  # its worker was made to wait, and goes first from now on
    pad=u32,
    wbt_window_ns=u64,  # when it ends; 0: none is open
    last_read_ns=u64,  # when a read was submitted last
)

# struct request
Request = cython.struct(
    submit_ns=u64,
    start_ns=u64,  # when it gets its channel; until then others may be merged with it
    done_ns=u64,
    index=u64,  # by `kind`
    inode=u32,
    nr_pages=u32,
    nr_sectors=u32,
    device=u32,
    op=u32,  # REQ_OP_*
    kind=u32,  # REQ_*
    channel=u32,
    next=u32,  # neighbours on the device's list, or in a plug
    prev=u32,
    error=u32,  # errno that the device found when it began
)

# A fault that requests run into: what fail_make_request and bad sectors do
BlockError = cython.struct(
    first=u64,  # pages of the inode (or, inode 0, anything on the device)
    last=u64,
    inode=u32,
    device=u32,  # 0: a free record
    ops=u32,  # 1 << REQ_OP_*
    error=i32,  # -EIO, -ENOSPC
    times=i32,  # how many requests still fail; below 0: all
    pad=u32,
)

if cython.compiled:
    BlockDevices = cython.typedef(BlockDevice[::1])
    Requests = cython.typedef(Request[::1])
    BlockErrors = cython.typedef(BlockError[::1])
else:
    BlockDevices = Requests = BlockErrors = object


@cython.final
@cython.cclass
class Block:
    """The devices and what is under way on them."""

    arena: object
    disks = cython.declare(object)
    devices: BlockDevices
    requests: Requests
    channel_free: U64s  # device * MAX_CHANNELS + channel -> when it is free
    errors: BlockErrors
    nr_errors: U64s
    ids: IdPool
    pages: Pages
    inodes: Inodes
    tasks: Tasks
    current: Currents
    clock: Clock
    psi: Psi
    vmstat: VmStat
    page_cache = cython.declare("PageCache")
    writeback = cython.declare("PageWriteback")
    swap_state = cython.declare("SwapState")
    plug = cython.declare("BlkPlug")

    def __init__(self, arena, config):
        self.arena = arena
        self.disks = config.disks
        self.devices = arena.array("block_devices", "block.BlockDevice", NR_BLOCK_DEVICES)
        self.requests = arena.array("block_requests", "block.Request", NR_BLOCK_REQUESTS)
        self.channel_free = arena.array(
            "block_channel_free", "u64", NR_BLOCK_DEVICES * MAX_CHANNELS
        )
        self.errors = arena.array("block_errors", "block.BlockError", NR_BLOCK_ERRORS)
        self.nr_errors = arena.array("block_nr_errors", "u64", 1)
        self.ids = IdPool(arena, "block_request", NR_BLOCK_REQUESTS)
        self.pages, self.inodes, self.tasks = arena.pages, arena.inodes, arena.tasks
        self.current = arena.current

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.vmstat, self.psi = m.clock, m.vmstat, m.psi
        self.page_cache, self.writeback, self.swap_state = (
            m.page_cache,
            m.page_writeback,
            m.swap_state,
        )
        self.plug = m.blk_plug

    def boot(self):
        """The machine's disks, numbered from 1 in the order of its description."""
        self.ids.boot()
        for number, disk in enumerate(self.disks, 1):
            self.add_disk(number, disk)

    def add_disk(self, number, disk):
        """Fill in a device's record from its description, and start its thread."""
        self.devices[number].capacity = disk.size
        self.devices[number].latency_read_ns = disk.read_latency_ns
        self.devices[number].latency_write_ns = disk.write_latency_ns
        self.devices[number].seek_ns = disk.seek_ns
        self.devices[number].read_ps = disk.read_ps
        self.devices[number].write_ps = disk.write_ps
        self.devices[number].channels = disk.channels
        self.devices[number].nr_requests = disk.nr_requests
        self.devices[number].max_sectors_kb = disk.max_sectors_kb
        self.devices[number].read_ahead_kb = disk.read_ahead_kb
        self.devices[number].rotational = disk.rotational
        self.devices[number].dev = disk.dev
        self.devices[number].kthread = self.clock.new_kthread(KTHREAD_BLOCK, number)

    # -- submitting

    @cython.ccall
    @cython.nogil
    def submit(self, inode: u32, index: u64, nr_pages: u32, op: u32) -> u64:
        """Read pages that are in the cache, locked and not up to date, or write such that are
        under writeback; of an inode without a device at once. When the last of them is done."""
        device: u32 = self.inodes[inode].i_bdev
        if device == 0:
            self.vmstat.count_vm_events(PGPGIN if op == REQ_OP_READ else PGPGOUT, nr_pages * 8)
            self.end_pages(inode, index, nr_pages, op, 0)
            return self.clock.now()
        done: u64 = 0
        most: u32 = self.devices[device].max_sectors_kb >> 2
        while nr_pages:
            part: u32 = nr_pages if nr_pages < most else most
            done = self.submit_bio(device, REQ_PAGES, inode, index, part, part * 8, op)
            index += part
            nr_pages -= part
        return done

    @cython.ccall
    @cython.nogil
    def submit_swap(self, device: u32, entry: u64, nr_pages: u32, op: u32) -> u64:
        """Read or write slots of a swap area, from `entry` on; swap_state.end_swap_bio() ends it.
        When it is done."""
        if device == 0:
            self.vmstat.count_vm_events(PGPGIN if op == REQ_OP_READ else PGPGOUT, nr_pages * 8)
            self.swap_state.end_swap_bio(entry, nr_pages, op, 0)
            return self.clock.now()
        return self.submit_bio(device, REQ_SWAP, 0, entry, nr_pages, nr_pages * 8, op)

    @cython.ccall
    @cython.nogil
    def submit_raw(self, device: u32, inode: u32, index: u64, nr_sectors: u32, op: u32) -> u64:
        """Move sectors that are no pages of the cache (direct I/O, a journal) or flush; whoever
        wants to wait sleeps until the time that this gives: io_schedule_until(). The index, in
        pages, says only what follows what."""
        done: u64 = self.clock.now()
        if device == 0:
            self.vmstat.count_vm_events(PGPGIN if op == REQ_OP_READ else PGPGOUT, nr_sectors)
            return done
        most: u32 = self.devices[device].max_sectors_kb << 1
        while True:
            part: u32 = nr_sectors if nr_sectors < most else most
            done = self.submit_bio(device, REQ_RAW, inode, index, (part + 7) >> 3, part, op)
            index += (part + 7) >> 3
            nr_sectors -= part
            if nr_sectors == 0:
                return done

    @cython.cfunc
    @cython.nogil
    def submit_bio(
        self,
        device: u32,
        kind: u32,
        inode: u32,
        index: u64,
        nr_pages: u32,
        nr_sectors: u32,
        op: u32,
    ) -> u64:
        """One request, or more of the last one: when it is done; 0 if it is plugged."""
        if op != REQ_OP_FLUSH:
            self.vmstat.count_vm_events(PGPGIN if op == REQ_OP_READ else PGPGOUT, nr_sectors)
        plugged: cython.bint = kind == REQ_SWAP and self.plug.is_plugged()
        number: u32 = 0
        if op == REQ_OP_READ:
            self.devices[device].last_read_ns = self.clock.now()
        if plugged and self.plug.attempt_plug_merge(device, index, nr_pages, op):
            return 0
        if not plugged:
            number = self.attempt_merge(device, kind, inode, index, nr_pages, op)
        if number:
            return self.grow(number, nr_pages, nr_sectors)
        if kind == REQ_SWAP and op == REQ_OP_WRITE:
            self.plug.wbt_wait(device)
        self.blk_mq_get_tag(device, op)
        number = self.ids.alloc()
        assert number
        self.requests[number].submit_ns = self.clock.now()
        self.requests[number].index = index
        self.requests[number].inode = inode
        self.requests[number].nr_pages = nr_pages
        self.requests[number].nr_sectors = nr_sectors
        self.requests[number].device = device
        self.requests[number].op = op
        self.requests[number].kind = kind
        self.account_start(device, op, number)
        if plugged:
            self.plug.blk_add_rq_to_plug(number)
            return 0
        self.schedule(number)
        self.plug.fill_backing(number)
        done: u64 = self.requests[number].done_ns
        self.plug.copy(device)
        return done

    @cython.cfunc
    @cython.nogil
    def attempt_merge(
        self, device: u32, kind: u32, inode: u32, index: u64, nr_pages: u32, op: u32
    ) -> u32:
        """The last request of this direction, if it still waits and ends where this one begins."""
        number: u32 = self.devices[device].last_read
        if op == REQ_OP_WRITE:
            number = self.devices[device].last_write
        if number == 0 or op == REQ_OP_FLUSH or self.requests[number].start_ns <= self.clock.now():
            return 0
        if self.requests[number].kind != kind or self.requests[number].inode != inode:
            return 0
        if self.requests[number].index + self.requests[number].nr_pages != index:
            return 0
        if self.requests[number].nr_pages + nr_pages > self.devices[device].max_sectors_kb >> 2:
            return 0
        return number

    @cython.cfunc
    @cython.nogil
    def grow(self, number: u32, nr_pages: u32, nr_sectors: u32) -> u64:
        """Add to the end of a waiting request: bio_attempt_back_merge()."""
        device: u32 = self.requests[number].device
        self.requests[number].nr_pages += nr_pages
        self.requests[number].nr_sectors += nr_sectors
        if self.requests[number].op == REQ_OP_READ:
            self.devices[device].reads_merged += 1
        else:
            self.devices[device].writes_merged += 1
        done: u64 = self.take_bus(device, self.requests[number].op, 0, nr_sectors)
        self.unlink(number)
        self.requests[number].done_ns = done
        channel: u64 = cython.cast(u64, device) * MAX_CHANNELS + self.requests[number].channel
        if self.channel_free[channel] < done:
            self.channel_free[channel] = done
        self.devices[device].next_index = self.requests[number].index
        self.devices[device].next_index += self.requests[number].nr_pages
        self.insert(number)
        return done

    @cython.cfunc
    @cython.nogil
    def blk_mq_get_tag(self, device: u32, op: u32) -> cython.int:
        """Sleep until one more request may be under way."""
        while not self.has_room(device, op):
            self.plug.flush_all()
            self.io_schedule_until(self.requests[self.devices[device].first].done_ns)
        return 0

    @cython.ccall
    @cython.nogil
    def has_room(self, device: u32, op: u32) -> cython.bint:
        """Whether a request can be submitted without waiting; writes leave a quarter to reads."""
        if device == 0:
            return True
        most: u32 = self.devices[device].nr_requests
        if self.devices[device].nr_inflight >= most:
            return False
        return op != REQ_OP_WRITE or self.devices[device].nr_inflight_write < most - (most >> 2)

    @cython.ccall
    @cython.nogil
    def next_done_ns(self, device: u32) -> u64:
        """When the first of a device's requests will be done; 0 if none is under way."""
        first: u32 = self.devices[device].first
        return self.requests[first].done_ns if first else 0

    # -- when it is done

    @cython.cfunc
    @cython.nogil
    def schedule(self, number: u32) -> cython.int:
        """Give a new request its channel and its place on the bus."""
        device: u32 = self.requests[number].device
        channel: u64 = self.free_channel(device)
        start: u64 = self.clock.now()
        if start < self.channel_free[channel]:
            start = self.channel_free[channel]
        ready: u64 = start + self.latency(number)
        if self.plug.backed[device]:  # copied, then a timer
            ready = self.plug.copy_begins(number)
        done: u64 = self.take_bus(
            device, self.requests[number].op, ready, self.requests[number].nr_sectors
        )
        if self.plug.backed[device]:
            done += self.latency(number)
        self.requests[number].start_ns = start
        self.requests[number].done_ns = done
        self.requests[number].channel = cython.cast(u32, channel % MAX_CHANNELS)
        self.channel_free[channel] = done
        self.devices[device].next_inode = self.requests[number].inode
        self.devices[device].next_index = self.requests[number].index
        self.devices[device].next_index += self.requests[number].nr_pages
        return self.insert(number)

    @cython.cfunc
    @cython.nogil
    def free_channel(self, device: u32) -> u64:
        """The channel that is free first."""
        first: u64 = cython.cast(u64, device) * MAX_CHANNELS
        best: u64 = first
        lowest: u64 = self.channel_free[first]
        i: u64
        for i in range(first + 1, first + self.devices[device].channels):
            if self.channel_free[i] < lowest:
                lowest = self.channel_free[i]
                best = i
        return best

    @cython.cfunc
    @cython.nogil
    def latency(self, number: u32) -> u64:
        """What a request takes before its bytes move."""
        device: u32 = self.requests[number].device
        if self.devices[device].seek_ns and self.requests[number].op != REQ_OP_FLUSH:
            if (
                self.requests[number].inode == self.devices[device].next_inode
                and self.requests[number].index == self.devices[device].next_index
            ):
                return 0
            return self.devices[device].seek_ns
        if self.requests[number].op == REQ_OP_READ:
            return self.devices[device].latency_read_ns
        return self.devices[device].latency_write_ns

    @cython.cfunc
    @cython.nogil
    def transfer_ns(self, device: u32, op: u32, nr_sectors: u32) -> u64:
        """What moving so many bytes takes on an idle bus."""
        ps: u64 = self.devices[device].read_ps
        if op != REQ_OP_READ:
            ps = self.devices[device].write_ps
        return cython.cast(u64, nr_sectors) * 512 * ps // 1000

    @cython.cfunc
    @cython.nogil
    def take_bus(self, device: u32, op: u32, ready: u64, nr_sectors: u32) -> u64:
        """Move bytes behind the last of the same direction, as soon as `ready`: until when.

        While the other direction has the bus too, each goes at half its speed."""
        mine: u64 = self.devices[device].bus_free_read_ns
        other: u64 = self.devices[device].bus_free_write_ns
        if op != REQ_OP_READ:
            mine = self.devices[device].bus_free_write_ns
            other = self.devices[device].bus_free_read_ns
        need: u64 = self.transfer_ns(device, op, nr_sectors)
        start: u64 = ready if ready > mine else mine
        shared: u64 = 0
        if other > start:
            shared = other - start if other - start < need else need
        mine = start + need + shared
        if other:
            other += shared
        if op == REQ_OP_READ:
            self.devices[device].bus_free_read_ns = mine
            self.devices[device].bus_free_write_ns = other
        else:
            self.devices[device].bus_free_write_ns = mine
            self.devices[device].bus_free_read_ns = other
        return mine

    @cython.cfunc
    @cython.nogil
    def insert(self, number: u32) -> cython.int:
        """Link a request where its end belongs, and let the thread run then."""
        device: u32 = self.requests[number].device
        before: u32 = self.devices[device].last
        while before and self.requests[before].done_ns > self.requests[number].done_ns:
            before = self.requests[before].prev
        after: u32 = self.requests[before].next if before else self.devices[device].first
        self.requests[number].prev = before
        self.requests[number].next = after
        if before:
            self.requests[before].next = number
        else:
            self.devices[device].first = number
        if after:
            self.requests[after].prev = number
        else:
            self.devices[device].last = number
        return self.clock.wake_kthread(
            self.devices[device].kthread, self.requests[self.devices[device].first].done_ns
        )

    @cython.cfunc
    @cython.nogil
    def unlink(self, number: u32) -> cython.int:
        """Take a request off its device's list."""
        device: u32 = self.requests[number].device
        before: u32 = self.requests[number].prev
        after: u32 = self.requests[number].next
        if before:
            self.requests[before].next = after
        else:
            self.devices[device].first = after
        if after:
            self.requests[after].prev = before
        else:
            self.devices[device].last = before
        return 0

    # -- the end of requests

    @cython.ccall
    @cython.nogil
    def complete(self, device: u32) -> u64:
        """End the requests of a device that are done by now: when the next one will be, or 0."""
        now: u64 = self.clock.now()
        while True:
            number: u32 = self.devices[device].first
            if number == 0:
                return 0
            if self.requests[number].done_ns > now:
                return self.requests[number].done_ns
            self.end_request(number)

    @cython.cfunc
    @cython.nogil
    def end_request(self, number: u32) -> cython.int:
        """blk_mq_end_request(): counts, then what the request was for."""
        device: u32 = self.requests[number].device
        kind: u32 = self.requests[number].kind
        inode: u32 = self.requests[number].inode
        index: u64 = self.requests[number].index
        nr_pages: u32 = self.requests[number].nr_pages
        op: u32 = self.requests[number].op
        failed: cython.int = -cython.cast(cython.int, self.requests[number].error)
        self.unlink(number)
        self.account_done(device, op, number)
        self.free(number)
        if kind == REQ_RAW:  # its submitter asks error_of() itself
            return 0
        error: cython.int = self.error_of(device, inode, index, nr_pages, op)
        if error == 0:
            error = failed
        if kind == REQ_PAGES:
            return self.end_pages(inode, index, nr_pages, op, error)
        if kind == REQ_SWAP:
            return self.swap_state.end_swap_bio(index, nr_pages, op, error)
        return 0

    @cython.cfunc
    @cython.nogil
    def free(self, number: u32) -> cython.int:
        """Zero a request's record and give it back."""
        self.requests[number].submit_ns = 0
        self.requests[number].start_ns = 0
        self.requests[number].done_ns = 0
        self.requests[number].index = 0
        self.requests[number].inode = 0
        self.requests[number].nr_pages = 0
        self.requests[number].nr_sectors = 0
        self.requests[number].device = 0
        self.requests[number].op = 0
        self.requests[number].kind = 0
        self.requests[number].channel = 0
        self.requests[number].next = 0
        self.requests[number].prev = 0
        self.requests[number].error = 0
        self.ids.free(number)
        return 0

    @cython.cfunc
    @cython.nogil
    def end_pages(
        self, inode: u32, index: u64, nr_pages: u32, op: u32, error: cython.int
    ) -> cython.int:
        """Unlock what was read (up to date, unless it failed), end the writeback of what was
        written. A page that failed to be read is left as it is: whoever needs it reads it alone."""
        last: u64 = index + nr_pages
        while index < last:
            pfn: u64 = self.page_cache.find_get_page(inode, index)
            if pfn:
                if op == REQ_OP_WRITE:
                    self.writeback.end_page_writeback(pfn, error)
                elif self.pages[pfn].flags & PG_locked:
                    self.pages[pfn].flags ^= PG_locked
                    if error == 0:
                        self.pages[pfn].flags |= PG_uptodate | PG_mappedtodisk
            index += 1
        return 0

    # -- waiting

    @cython.ccall
    @cython.nogil
    def io_schedule_until(self, ns: u64) -> cython.int:
        """Whoever runs now waits for a device until then."""
        start: u64 = self.clock.now()
        self.clock.sleep_until(ns)
        if ns > start:
            self.clock.charge(COST_SCHEDULE, 1)
            self.clock.interrupts()
        task: u32 = self.current[0].task
        if task:
            self.tasks[task].blkio_ns += self.clock.now() - start
        return 0

    @cython.ccall
    @cython.nogil
    def folio_wait_locked(self, pfn: u64) -> cython.int:
        """Sleep until a page that is being read is unlocked; one that was reclaimed too early
        stalls for memory."""
        since: u64 = 0
        if self.pages[pfn].flags & (PG_uptodate | PG_workingset) == PG_workingset:
            since = self.psi.psi_memstall_enter()
        self.folio_wait_bit(pfn, PG_locked)
        return self.psi.psi_memstall_leave(since)

    @cython.ccall
    @cython.nogil
    def folio_wait_writeback(self, pfn: u64) -> cython.int:
        """Sleep until a page that is being written has been."""
        return self.folio_wait_bit(pfn, PG_writeback)

    @cython.cfunc
    @cython.nogil
    def folio_wait_bit(self, pfn: u64, bit: u64) -> cython.int:
        """Sleep through its device's completions until the page's bit is clear."""
        while self.pages[pfn].flags & bit:
            device: u32 = self.inodes[cython.cast(u32, self.pages[pfn].mapping >> 1)].i_bdev
            done: u64 = self.next_done_ns(device)
            assert done  # the page belongs to a request under way
            if not done:
                return 0
            self.io_schedule_until(done)
        return 0

    # -- failures

    @cython.ccall
    @cython.nogil
    def inject(
        self, device: u32, inode: u32, first: u64, last: u64, ops: u32, error: i32, times: i32
    ) -> cython.int:
        """Let the next `times` requests (below 0: all) fail that touch pages first..last of an
        inode (0: anything on the device); `ops` is bits 1 << REQ_OP_*. 0, or -1 if it is full."""
        i: cython.int
        for i in range(NR_BLOCK_ERRORS):
            if self.errors[i].device == 0:
                self.errors[i].first = first
                self.errors[i].last = last
                self.errors[i].inode = inode
                self.errors[i].device = device
                self.errors[i].ops = ops
                self.errors[i].error = error
                self.errors[i].times = times
                self.nr_errors[0] += 1
                return 0
        return -1

    @cython.ccall
    @cython.nogil
    def clear_errors(self) -> cython.int:
        """The devices work again."""
        i: cython.int
        for i in range(NR_BLOCK_ERRORS):
            self.drop_error(i)
        return 0

    @cython.cfunc
    @cython.nogil
    def drop_error(self, i: cython.int) -> cython.int:
        """Forget a fault."""
        if self.errors[i].device:
            self.nr_errors[0] -= 1
        self.errors[i].first = 0
        self.errors[i].last = 0
        self.errors[i].inode = 0
        self.errors[i].device = 0
        self.errors[i].ops = 0
        self.errors[i].error = 0
        self.errors[i].times = 0
        return 0

    @cython.ccall
    @cython.nogil
    def error_of(self, device: u32, inode: u32, index: u64, nr_pages: u32, op: u32) -> cython.int:
        """-errno of a request that runs into a fault, which is used up by it; else 0."""
        if self.nr_errors[0] == 0:
            return 0
        i: cython.int
        for i in range(NR_BLOCK_ERRORS):
            if self.errors[i].device == device and self.errors[i].ops & (1 << op):
                if self.errors[i].inode == 0 or (
                    self.errors[i].inode == inode
                    and self.errors[i].first < index + nr_pages
                    and index <= self.errors[i].last
                ):
                    return self.use_error(i)
        return 0

    @cython.cfunc
    @cython.nogil
    def use_error(self, i: cython.int) -> cython.int:
        """One request fails by a fault."""
        error: cython.int = self.errors[i].error
        if self.errors[i].times > 0:
            self.errors[i].times -= 1
            if self.errors[i].times == 0:
                self.drop_error(i)
        return error

    # -- /proc/diskstats

    @cython.cfunc
    @cython.nogil
    def account_start(self, device: u32, op: u32, number: u32) -> cython.int:
        """A request is under way: blk_account_io_start()."""
        if self.devices[device].nr_inflight == 0:
            self.devices[device].busy_since_ns = self.clock.now()
        self.devices[device].nr_inflight += 1
        if op == REQ_OP_READ:
            self.devices[device].last_read = number
        elif op == REQ_OP_WRITE:
            self.devices[device].nr_inflight_write += 1
            self.devices[device].last_write = number
            if self.requests[number].kind == REQ_SWAP:
                self.devices[device].nr_inflight_swap += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def account_done(self, device: u32, op: u32, number: u32) -> cython.int:
        """A request is done: blk_account_io_done()."""
        took: u64 = self.requests[number].done_ns - self.requests[number].submit_ns
        self.devices[device].nr_inflight -= 1
        if op == REQ_OP_READ:
            self.devices[device].reads += 1
            self.devices[device].read_sectors += self.requests[number].nr_sectors
            self.devices[device].read_ns += took
        elif op == REQ_OP_WRITE:
            self.devices[device].nr_inflight_write -= 1
            if self.requests[number].kind == REQ_SWAP:
                self.devices[device].nr_inflight_swap -= 1
            self.devices[device].writes += 1
            self.devices[device].write_sectors += self.requests[number].nr_sectors
            self.devices[device].write_ns += took
        else:
            self.devices[device].flushes += 1
            self.devices[device].flush_ns += took
        if self.devices[device].last_read == number:
            self.devices[device].last_read = 0
        if self.devices[device].last_write == number:
            self.devices[device].last_write = 0
        if self.devices[device].nr_inflight == 0:
            self.devices[device].io_ns += (
                self.requests[number].done_ns - self.devices[device].busy_since_ns
            )
        return 0

    def check(self):
        """Recount every device's requests."""
        self.ids.check()
        total = 0
        for device in self.arena.where("block_devices", "dev"):
            total += self.check_device(device)
        assert total == self.ids.used()
        assert len(self.arena.where("block_errors", "device")) == self.nr_errors[0]

    def check_device(self, device):
        """Its requests in order, linked both ways, counted: how many."""
        number = int(self.devices[device].first)
        before, done, count, writes = 0, 0, 0, 0
        while number:
            assert self.requests[number].prev == before
            assert self.requests[number].device == device
            assert done <= self.requests[number].done_ns
            count += 1
            writes += self.requests[number].op == REQ_OP_WRITE
            before, done = number, int(self.requests[number].done_ns)
            number = int(self.requests[number].next)
        assert self.devices[device].last == before
        assert self.devices[device].nr_inflight == count
        assert self.devices[device].nr_inflight_write == writes
        return count
