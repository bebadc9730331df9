"""zram: block devices whose pages are compressed in memory.

    write   one value in every word? --> kept in the slot itself (ZRAM_SAME)
            else compressed; where that gains nothing a whole page is kept (ZRAM_HUGE)
    free    swap tells when a slot is free, and its memory goes

Pages that are marked idle, or that did not get smaller, can be written to a backing device (and are
read from there ever after), or compressed again by a second algorithm.

Models drivers/block/zram/zram_drv.c: zram_write_page(), zram_read_page(), zram_free_page(),
zram_slot_free_notify(), mark_idle(), writeback_store(), recompress_slot(), mm_stat_show().
The device's files are in mmtwin/zram_files.py.
Not modelled: use as anything but swap; the time that compression takes; partial I/O.

Invariants: a device's counters are those of its slots; its pool holds its compressed pages.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import Clock
    from mmtwin.mm.content import Content
    from mmtwin.mm.types import Sysctls, i64, u8, u16, u32, u64
    from mmtwin.mm.uapi import ENOMEM
    from mmtwin.mm.zsmalloc import Zsmalloc

NR_ZRAMS = cython.declare(cython.const[cython.uint], 8)
ZRAM_SLOT_SHIFT = cython.declare(cython.const[cython.int], 24)  # a device has at most 64 GiB
KERNEL_NO_RW_PAGE = cython.declare(cython.const[cython.int], 602)
NR_ZRAM_SLOTS = cython.declare(cython.const[cython.ulonglong], 0x1000000)

# ZramSlot.flags
ZRAM_USED = cython.declare(cython.const[cython.uint], 1)
ZRAM_SAME = cython.declare(cython.const[cython.uint], 2)  # one value in every word
ZRAM_WB = cython.declare(cython.const[cython.uint], 4)  # on the backing device
ZRAM_HUGE = cython.declare(cython.const[cython.uint], 8)  # incompressible
ZRAM_IDLE = cython.declare(cython.const[cython.uint], 16)
ZRAM_INCOMPRESSIBLE = cython.declare(cython.const[cython.uint], 32)  # no algorithm made it smaller

# struct zram_table_entry
ZramSlot = cython.struct(
    ac_time=u64,  # ns, last access
    handle=u32,  # zspage
    content=u32,
    size=u16,
    flags=u8,
    prio=u8,  # which algorithm: 0 the first, 1 to 3 those of recompression
    pad=u32,
)

# struct zram and zram_stats
ZramDevice = cython.struct(
    disksize=u64,  # bytes; 0: not initialised
    limit_pages=u64,
    max_used_pages=u64,
    compr_data_size=u64,
    pages_stored=u64,
    same_pages=u64,
    huge_pages=u64,
    huge_pages_since=u64,
    failed_reads=u64,
    failed_writes=u64,
    notify_free=u64,
    miss_free=u64,
    writestall=u64,
    bd_count=u64,
    bd_reads=u64,
    bd_writes=u64,
    bd_wb_limit=u64,  # pages, while wb_limit_enable
    backing_pages=u64,  # of the backing device; 0: none
    comp_algorithm=u32,  # ALG_*, of priority 0
    recomp_algorithm_1=u32,  # + 1; 0: none
    recomp_algorithm_2=u32,
    recomp_algorithm_3=u32,
    wb_limit_enable=u32,
    claimed=u32,  # swapped to
)

if cython.compiled:
    ZramSlots = cython.typedef(ZramSlot[::1])
    ZramDevices = cython.typedef(ZramDevice[::1])
else:
    ZramSlots = ZramDevices = object


@cython.final
@cython.cclass
class Zram:
    """The devices."""

    arena: object
    slots: ZramSlots
    devices: ZramDevices
    clock: Clock
    content: Content
    zsmalloc: Zsmalloc
    sysctl: Sysctls

    def __init__(self, arena, config):
        self.arena, self.sysctl = arena, arena.sysctl
        self.slots = arena.array("zram_slots", "zram.ZramSlot", NR_ZRAMS << ZRAM_SLOT_SHIFT)
        self.devices = arena.array("zrams", "zram.ZramDevice", NR_ZRAMS)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.content, self.zsmalloc = m.clock, m.content, m.zsmalloc

    @cython.ccall
    @cython.nogil
    def zram_write_page(self, device: u32, index: u64, content: u32) -> cython.int:
        """Keep a page: 0 or -ENOMEM (no memory, or the device's limit)."""
        at: u64 = cython.cast(u64, device) << ZRAM_SLOT_SHIFT | index
        flags: u32 = ZRAM_USED
        handle: u32 = 0
        size: u32 = 0
        if self.content.same_filled(content):
            flags |= ZRAM_SAME
        else:
            size = self.size_of(content, self.devices[device].comp_algorithm)
            if size >= 4096:
                flags |= ZRAM_HUGE
            handle = self.alloc(device, size)
            if handle == 0:
                self.devices[device].failed_writes += 1
                if self.sysctl[0].kernel < KERNEL_NO_RW_PAGE:  # and once more by a bio
                    self.devices[device].failed_writes += 1
                return -ENOMEM
        self.zram_free_page(device, index)
        self.slots[at].handle = handle
        self.slots[at].size = cython.cast(u16, size)
        self.slots[at].flags = cython.cast(u8, flags)
        self.slots[at].content = content
        self.slots[at].ac_time = self.clock.now()
        return self.count(device, at, 1)

    @cython.cfunc
    @cython.nogil
    def size_of(self, content: u32, algorithm: u32) -> u32:
        """Compressed, or a page where that gains nothing."""
        size: u32 = self.content.compressed_size(content, algorithm)
        return 4096 if size >= self.zsmalloc.zs_huge_class_size() else size

    @cython.cfunc
    @cython.nogil
    def alloc(self, device: u32, size: u32) -> u32:
        """Room in the device's pool, within its limit, or 0."""
        handle: u32 = self.zsmalloc.zs_malloc(device + 1, size)
        if handle == 0:
            return 0
        pages: u64 = self.zsmalloc.zs_get_total_pages(device + 1)
        if pages > self.devices[device].max_used_pages:
            self.devices[device].max_used_pages = pages
        if self.devices[device].limit_pages and pages > self.devices[device].limit_pages:
            self.zsmalloc.zs_free(handle)
            return 0
        return handle

    @cython.cfunc
    @cython.nogil
    def count(self, device: u32, at: u64, delta: i64) -> cython.int:
        """A slot's page comes (1) or goes (-1)."""
        flags: u32 = self.slots[at].flags
        one: u64 = cython.cast(u64, delta)
        self.devices[device].pages_stored += one
        if flags & ZRAM_SAME:
            self.devices[device].same_pages += one
        elif not flags & ZRAM_WB:
            self.devices[device].compr_data_size += one * self.slots[at].size
        if flags & ZRAM_HUGE:
            self.devices[device].huge_pages += one
            if delta > 0:
                self.devices[device].huge_pages_since += 1
        return 0

    @cython.ccall
    @cython.nogil
    def zram_read_page(self, device: u32, index: u64) -> cython.int:
        """A page is needed; it is idle no more: 1 if the backing device has it, which 6.1 only
        notices on its first try (->rw_page() fails, a bio follows)."""
        at: u64 = cython.cast(u64, device) << ZRAM_SLOT_SHIFT | index
        away: cython.int = 1 if self.slots[at].flags & ZRAM_WB else 0
        if away:
            self.devices[device].bd_reads += 1
            if self.sysctl[0].kernel < KERNEL_NO_RW_PAGE:
                self.devices[device].failed_reads += 1
        if self.slots[at].flags & ZRAM_IDLE:
            self.slots[at].flags ^= ZRAM_IDLE
        self.slots[at].ac_time = self.clock.now()
        return away

    @cython.ccall
    @cython.nogil
    def zram_slot_free_notify(self, device: u32, index: u64) -> cython.int:
        """Swap needs the page no more."""
        self.devices[device].notify_free += 1
        return self.zram_free_page(device, index)

    @cython.ccall
    @cython.nogil
    def zram_free_page(self, device: u32, index: u64) -> cython.int:
        """Forget a page."""
        at: u64 = cython.cast(u64, device) << ZRAM_SLOT_SHIFT | index
        flags: u32 = self.slots[at].flags
        if not flags & ZRAM_USED:
            return 0
        self.count(device, at, -1)
        if flags & ZRAM_WB:
            self.devices[device].bd_count -= 1
        elif not flags & ZRAM_SAME:
            self.zsmalloc.zs_free(self.slots[at].handle)
        self.slots[at].handle = 0
        self.slots[at].size = 0
        self.slots[at].flags = 0
        self.slots[at].prio = 0
        self.slots[at].content = 0
        self.slots[at].ac_time = 0
        return 0

    # -- what its files start

    def used(self, device):
        """Indices of the slots in use."""
        base = device << ZRAM_SLOT_SHIFT
        pages = int(self.arena.zrams[device].disksize) >> 12
        found = self.arena.where("zram_slots", "flags")
        return [at - base for at in found if base <= at < base + pages]

    @cython.ccall
    @cython.nogil
    def mark_idle(self, device: u32, index: u64, before: u64) -> cython.int:
        """Mark a page that was not used since `before` (ns)."""
        at: u64 = cython.cast(u64, device) << ZRAM_SLOT_SHIFT | index
        if self.slots[at].flags & ZRAM_USED and not self.slots[at].flags & ZRAM_WB:
            if self.slots[at].ac_time <= before:
                self.slots[at].flags |= ZRAM_IDLE
        return 0

    @cython.ccall
    @cython.nogil
    def write_back(self, device: u32, index: u64) -> cython.int:
        """Move a page to the backing device; its memory goes: 1 if it was there, -1 when the
        device is full or its limit reached."""
        at: u64 = cython.cast(u64, device) << ZRAM_SLOT_SHIFT | index
        flags: u32 = self.slots[at].flags
        if not flags & ZRAM_USED or flags & (ZRAM_SAME | ZRAM_WB):
            return 0
        if self.devices[device].bd_count + 1 >= self.devices[device].backing_pages:
            return -1  # its first block is never used
        if self.devices[device].wb_limit_enable:
            if self.devices[device].bd_wb_limit == 0:
                return -1
            self.devices[device].bd_wb_limit -= 1
        self.count(device, at, -1)
        self.zsmalloc.zs_free(self.slots[at].handle)
        self.slots[at].handle = 0
        self.slots[at].size = 0
        self.slots[at].flags = ZRAM_USED | ZRAM_WB
        self.devices[device].pages_stored += 1
        self.devices[device].bd_count += 1
        self.devices[device].bd_writes += 1
        return 1

    @cython.ccall
    @cython.nogil
    def recompress_slot(
        self, device: u32, index: u64, threshold: u32, algorithm: u32, prio: u32
    ) -> cython.int:
        """Compress a page again by another algorithm, if that puts it into a smaller class, and
        below the threshold if there is one: 1 if so; -ENOMEM."""
        at: u64 = cython.cast(u64, device) << ZRAM_SLOT_SHIFT | index
        flags: u32 = self.slots[at].flags
        if not flags & ZRAM_USED or flags & (ZRAM_SAME | ZRAM_WB | ZRAM_INCOMPRESSIBLE):
            return 0
        if self.slots[at].size < threshold or self.slots[at].prio >= prio:
            return 0
        size: u32 = self.size_of(self.slots[at].content, algorithm)
        old: u32 = self.zsmalloc.zs_lookup_class_index(self.slots[at].size)
        if self.zsmalloc.zs_lookup_class_index(size) >= old or (threshold and size >= threshold):
            return 0
        handle: u32 = self.alloc(device, size)
        if handle == 0:
            return -ENOMEM
        self.count(device, at, -1)
        self.zsmalloc.zs_free(self.slots[at].handle)
        self.slots[at].handle = handle
        self.slots[at].size = cython.cast(u16, size)
        self.slots[at].flags = ZRAM_USED
        self.slots[at].prio = cython.cast(u8, prio)
        return self.count(device, at, 1) + 1

    @cython.ccall
    @cython.nogil
    def set_incompressible(self, device: u32, index: u64) -> cython.int:
        """No algorithm made a huge page smaller: it is not tried again."""
        at: u64 = cython.cast(u64, device) << ZRAM_SLOT_SHIFT | index
        if self.slots[at].flags & ZRAM_HUGE:
            self.slots[at].flags |= ZRAM_INCOMPRESSIBLE
        return 0

    def check(self):
        """Recount every device's slots."""
        for device in range(NR_ZRAMS):
            record = self.arena.zrams[device]
            stored = same = huge = size = 0
            if int(record.disksize):
                for index in self.used(device):
                    slot = self.arena.zram_slots[device << ZRAM_SLOT_SHIFT | index]
                    flags = int(slot["flags"] if self.arena.compiled else slot.flags)
                    stored += 1
                    same += bool(flags & ZRAM_SAME)
                    huge += bool(flags & ZRAM_HUGE)
                    size += int(slot["size"] if self.arena.compiled else slot.size)
            found = [int(record.pages_stored), int(record.same_pages), int(record.huge_pages)]
            assert found == [stored, same, huge], f"zram{device}"
            assert int(record.compr_data_size) == size, f"zram{device}"
