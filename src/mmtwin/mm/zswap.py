"""zswap: compressed memory in front of the swap device.

    swap_writepage()  --zswap_store()-->  an entry of the pool, by slot     (or on to the device)
    swap_read_folio() <--zswap_load()---  from 6.12 the entry goes, the page is dirty again;
                                          6.1 keeps it
    pool full         --shrink_worker()-> the oldest entries go to the device

A full pool takes nothing more until it has shrunk to accept_threshold_percent of its limit.

Models mm/zswap.c: zswap_store(), zswap_load(), zswap_invalidate(), zswap_check_limits(),
zswap_is_full(), shrink_worker(), zswap_writeback_entry().
Not modelled: the shrinker under memory pressure (shrinker_enabled), z3fold; an LRU for each cgroup
and node (one list: the oldest entry of all goes first); the second chance of an entry (6.12).

Invariants: stored_pages is the number of entries; every entry belongs to a used slot.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import KTHREAD_ZSWAP, Clock
    from mmtwin.mm.content import ALG_LZO, Content
    from mmtwin.mm.gfp import GFP_KERNEL
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.page_flags import PG_dirty, PG_reclaim, PG_swapcache, PG_uptodate
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.swap_types import (
        NR_SWAP_SLOTS, SLOT_SHIFT, SwapSlotArray, swap_slot_index,
    )  # fmt: skip
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import I64s, Pages, Sysctls, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import ZSWPIN, ZSWPOUT, ZSWPWB
    from mmtwin.mm.zbud import Zbud
    from mmtwin.mm.zsmalloc import Zsmalloc

ZSWAP_POOL = cython.declare(cython.const[cython.uint], 0)  # its zsmalloc pool
KERNEL_ZSWAP_EXCLUSIVE = cython.declare(cython.const[cython.int], 612)
ZBUD_HEADER = cython.declare(cython.const[cython.uint], 8)  # struct zswap_header
ZSWAP_MAX_FAILURES = cython.declare(cython.const[cython.int], 14)

# Cells of "zswap": parameters, then what debugfs shows
ZSWAP_ENABLED = cython.declare(cython.const[cython.int], 0)
ZSWAP_COMPRESSOR = cython.declare(cython.const[cython.int], 1)  # ALG_*
ZSWAP_ZPOOL = cython.declare(cython.const[cython.int], 2)  # ZPOOL_*
ZSWAP_MAX_POOL_PERCENT = cython.declare(cython.const[cython.int], 3)
ZSWAP_ACCEPT_THRESHOLD_PERCENT = cython.declare(cython.const[cython.int], 4)
ZSWAP_SAME_FILLED_ENABLED = cython.declare(cython.const[cython.int], 5)
ZSWAP_NON_SAME_FILLED_ENABLED = cython.declare(cython.const[cython.int], 6)
ZSWAP_REACHED_FULL = cython.declare(cython.const[cython.int], 7)
ZSWAP_STORED_PAGES = cython.declare(cython.const[cython.int], 8)
ZSWAP_SAME_FILLED_PAGES = cython.declare(cython.const[cython.int], 9)
ZSWAP_POOL_LIMIT_HIT = cython.declare(cython.const[cython.int], 10)
ZSWAP_WRITTEN_BACK_PAGES = cython.declare(cython.const[cython.int], 11)
ZSWAP_REJECT_RECLAIM_FAIL = cython.declare(cython.const[cython.int], 12)
ZSWAP_REJECT_COMPRESS_FAIL = cython.declare(cython.const[cython.int], 13)
ZSWAP_REJECT_COMPRESS_POOR = cython.declare(cython.const[cython.int], 14)
ZSWAP_REJECT_ALLOC_FAIL = cython.declare(cython.const[cython.int], 15)
ZSWAP_REJECT_KMEMCACHE_FAIL = cython.declare(cython.const[cython.int], 16)
ZSWAP_DUPLICATE_ENTRY = cython.declare(cython.const[cython.int], 17)
ZSWAP_LRU_FIRST = cython.declare(cython.const[cython.int], 18)  # oldest entry: slot index, 0 none
ZSWAP_LRU_LAST = cython.declare(cython.const[cython.int], 19)
ZSWAP_KTHREAD = cython.declare(cython.const[cython.int], 20)
NR_ZSWAP_CELLS = cython.declare(cython.const[cython.int], 24)
ZPOOL_ZBUD = cython.declare(cython.const[cython.uint], 0)
ZPOOL_ZSMALLOC = cython.declare(cython.const[cython.uint], 1)

# struct zswap_entry, at its slot's index
ZswapEntry = cython.struct(
    next=u64,  # neighbours on the LRU, by slot index; 0: none
    prev=u64,
    handle=u32,  # of the pool
    length=u32,  # compressed; 0 of a same-filled page
    objcg=u32,  # that it is charged to, as memcontrol knows it
    state=u32,  # 1: in use, with ZPOOL_* << 1
)

if cython.compiled:
    ZswapEntries = cython.typedef(ZswapEntry[::1])
else:
    ZswapEntries = object


@cython.final
@cython.cclass
class Zswap:
    """The pool, and what is in it."""

    arena: object
    pages: Pages
    sysctl: Sysctls
    slots: SwapSlotArray
    entries: ZswapEntries
    cells: I64s
    clock: Clock
    content: Content
    memcontrol: MemControl
    overcommit = cython.declare("Overcommit")
    swap_state: SwapState
    swapfile: SwapFile
    vmstat: VmStat
    zbud: Zbud
    zsmalloc: Zsmalloc
    readahead = cython.declare("SwapReadahead")
    page_io = cython.declare("PageIo")
    lru = cython.declare("Lru")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.sysctl = arena.pages, arena.sysctl
        self.slots = arena.swap_slots
        self.entries = arena.array("zswap_entries", "zswap.ZswapEntry", len(arena.swap_slots))
        self.cells = arena.array("zswap", "i64", NR_ZSWAP_CELLS)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.content, self.memcontrol = m.clock, m.content, m.memcontrol
        self.overcommit = m.overcommit
        self.swap_state, self.swapfile, self.vmstat = m.swap_state, m.swapfile, m.vmstat
        self.zbud, self.zsmalloc, self.readahead = m.zbud, m.zsmalloc, m.swap_readahead
        self.page_io, self.lru = m.page_io, m.lru

    def boot(self):
        """Off, with the defaults of Debian's kernels."""
        self.cells[ZSWAP_COMPRESSOR] = ALG_LZO
        if self.sysctl[0].kernel >= KERNEL_ZSWAP_EXCLUSIVE:
            self.cells[ZSWAP_ZPOOL] = ZPOOL_ZSMALLOC
        self.cells[ZSWAP_MAX_POOL_PERCENT] = 20
        self.cells[ZSWAP_ACCEPT_THRESHOLD_PERCENT] = 90
        self.cells[ZSWAP_SAME_FILLED_ENABLED] = 1
        self.cells[ZSWAP_NON_SAME_FILLED_ENABLED] = 1
        self.cells[ZSWAP_KTHREAD] = self.clock.new_kthread(KTHREAD_ZSWAP, 0)

    # -- figures

    @cython.ccall
    @cython.nogil
    def zswap_total_pages(self) -> u64:
        """Pages of the pool (of both kinds, after the kind was changed)."""
        return self.zsmalloc.zs_get_total_pages(ZSWAP_POOL) + self.zbud.nr_pages[0]

    @cython.cfunc
    @cython.nogil
    def zswap_max_pages(self) -> u64:
        """The limit."""
        percent: u64 = cython.cast(u64, self.cells[ZSWAP_MAX_POOL_PERCENT])
        return self.overcommit.totalram_pages() * percent // 100

    @cython.cfunc
    @cython.nogil
    def zswap_accept_thr_pages(self) -> u64:
        """To what a full pool must shrink."""
        percent: u64 = cython.cast(u64, self.cells[ZSWAP_ACCEPT_THRESHOLD_PERCENT])
        return self.zswap_max_pages() * percent // 100

    @cython.cfunc
    @cython.nogil
    def is_full(self) -> cython.bint:
        """Whether nothing is taken now: zswap_check_limits(). (6.1 calls the pool full a page
        later: when it is above its limit.)"""
        pages: u64 = self.zswap_total_pages()
        limit: u64 = self.zswap_max_pages()
        if self.sysctl[0].kernel < KERNEL_ZSWAP_EXCLUSIVE:
            limit += 1
        if pages >= limit:
            self.cells[ZSWAP_POOL_LIMIT_HIT] += 1
            self.cells[ZSWAP_REACHED_FULL] = 1
        elif self.cells[ZSWAP_REACHED_FULL] and pages <= self.zswap_accept_thr_pages():
            self.cells[ZSWAP_REACHED_FULL] = 0
        return self.cells[ZSWAP_REACHED_FULL] != 0

    # -- storing

    @cython.ccall
    @cython.nogil
    def zswap_store(self, pfn: u64) -> cython.bint:
        """Take a page of the swap cache that reclaim writes: False leaves it to the device."""
        entry: u64 = self.pages[pfn].private
        at: u64 = swap_slot_index(entry)
        if self.entries[at].state and self.sysctl[0].kernel < KERNEL_ZSWAP_EXCLUSIVE:
            self.cells[ZSWAP_DUPLICATE_ENTRY] += 1
        if self.entries[at].state:
            self.free_entry(at)  # what it held is out of date
        if not self.cells[ZSWAP_ENABLED]:
            return False
        if not self.memcontrol.obj_cgroup_may_zswap(pfn):
            return False
        if self.is_full():
            self.clock.wake_kthread(
                cython.cast(u32, self.cells[ZSWAP_KTHREAD]), self.clock.now() + 1
            )
            return False
        return self.store(pfn, at)

    @cython.cfunc
    @cython.nogil
    def store(self, pfn: u64, at: u64) -> cython.bint:
        """Compress it; 6.1 keeps pages of one value apart."""
        content: u32 = self.pages[pfn].content
        old: cython.bint = self.sysctl[0].kernel < KERNEL_ZSWAP_EXCLUSIVE
        length: u32 = 0
        handle: u32 = 0
        if old and self.cells[ZSWAP_SAME_FILLED_ENABLED] and self.content.same_filled(content):
            self.cells[ZSWAP_SAME_FILLED_PAGES] += 1
        else:
            if old and not self.cells[ZSWAP_NON_SAME_FILLED_ENABLED]:
                return False
            length = self.content.compressed_size(
                content, cython.cast(cython.int, self.cells[ZSWAP_COMPRESSOR])
            )
            handle = self.zpool_malloc(length)
            if handle == 0:
                return False
        self.entries[at].handle = handle
        self.entries[at].length = length
        self.entries[at].state = 1 | cython.cast(u32, self.cells[ZSWAP_ZPOOL]) << 1
        self.entries[at].objcg = self.memcontrol.obj_cgroup_charge_zswap(pfn, length)
        if length:
            self.lru_add(at)
        self.cells[ZSWAP_STORED_PAGES] += 1
        self.vmstat.count_folio_events(pfn, ZSWPOUT, 1)
        return True

    @cython.cfunc
    @cython.nogil
    def zpool_malloc(self, length: u32) -> u32:
        """Room in the pool, or 0: for what did not get smaller than a page the compressor fails."""
        if length > 4096:
            self.cells[ZSWAP_REJECT_COMPRESS_FAIL] += 1
            return 0
        handle: u32
        if self.cells[ZSWAP_ZPOOL] == ZPOOL_ZBUD:
            handle = self.zbud.zbud_alloc(length + ZBUD_HEADER)
            if handle == 0:
                self.cells[ZSWAP_REJECT_COMPRESS_POOR] += 1
            return handle
        handle = self.zsmalloc.zs_malloc(ZSWAP_POOL, length)
        if handle == 0:
            self.cells[ZSWAP_REJECT_ALLOC_FAIL] += 1
        return handle

    # -- loading

    @cython.ccall
    @cython.nogil
    def zswap_load(self, pfn: u64, entry: u64) -> cython.bint:
        """Fill a page from the pool: False if the slot is not there."""
        at: u64 = swap_slot_index(entry)
        if not self.entries[at].state:
            return False
        self.vmstat.count_folio_events(pfn, ZSWPIN, 1)
        self.pages[pfn].flags |= PG_uptodate
        if self.sysctl[0].kernel >= KERNEL_ZSWAP_EXCLUSIVE:
            if self.pages[pfn].flags & PG_swapcache:
                self.free_entry(at)
                self.pages[pfn].flags |= PG_dirty
        elif self.entries[at].length:
            self.lru_del(at)
            self.lru_add(at)
        return True

    # -- forgetting

    @cython.ccall
    @cython.nogil
    def zswap_invalidate(self, entry: u64) -> cython.int:
        """The slot is free."""
        at: u64 = swap_slot_index(entry)
        if self.entries[at].state:
            self.free_entry(at)
        return 0

    @cython.cfunc
    @cython.nogil
    def free_entry(self, at: u64) -> cython.int:
        """An entry, its memory and its charge go: zswap_entry_free()."""
        if self.entries[at].length == 0:
            self.cells[ZSWAP_SAME_FILLED_PAGES] -= 1
        else:
            self.lru_del(at)
            if self.entries[at].state >> 1 == ZPOOL_ZBUD:
                self.zbud.zbud_free(self.entries[at].handle)
            else:
                self.zsmalloc.zs_free(self.entries[at].handle)
        self.memcontrol.obj_cgroup_uncharge_zswap(self.entries[at].objcg, self.entries[at].length)
        self.cells[ZSWAP_STORED_PAGES] -= 1
        self.entries[at].handle = 0
        self.entries[at].length = 0
        self.entries[at].objcg = 0
        self.entries[at].state = 0
        return 0

    # -- the LRU

    @cython.cfunc
    @cython.nogil
    def lru_add(self, at: u64) -> cython.int:
        """The youngest."""
        last: u64 = cython.cast(u64, self.cells[ZSWAP_LRU_LAST])
        self.entries[at].prev = last
        self.entries[at].next = 0
        if last:
            self.entries[last].next = at
        else:
            self.cells[ZSWAP_LRU_FIRST] = at
        self.cells[ZSWAP_LRU_LAST] = at
        return 0

    @cython.cfunc
    @cython.nogil
    def lru_del(self, at: u64) -> cython.int:
        after: u64 = self.entries[at].next
        before: u64 = self.entries[at].prev
        if after:
            self.entries[after].prev = before
        else:
            self.cells[ZSWAP_LRU_LAST] = before
        if before:
            self.entries[before].next = after
        else:
            self.cells[ZSWAP_LRU_FIRST] = after
        self.entries[at].next = 0
        self.entries[at].prev = 0
        return 0

    # -- shrinking

    @cython.ccall
    @cython.nogil
    def shrink_worker(self) -> u64:
        """Write the oldest entries to the device until the pool takes pages again. 0: the thread
        waits to be woken."""
        failures: cython.int = 0
        while self.zswap_total_pages() > self.zswap_accept_thr_pages():
            at: u64 = cython.cast(u64, self.cells[ZSWAP_LRU_FIRST])
            if at == 0:
                break
            if self.writeback_entry(at):
                self.cells[ZSWAP_REJECT_RECLAIM_FAIL] += 1
                failures += 1
                if failures == ZSWAP_MAX_FAILURES:
                    break
                if self.entries[at].state:  # another one first, next time
                    self.lru_del(at)
                    self.lru_add(at)
        return 0

    @cython.cfunc
    @cython.nogil
    def writeback_entry(self, at: u64) -> cython.int:
        """One entry goes to its slot on the device, through the swap cache: 0, or -1 if there is
        no memory or its page is cached already."""
        entry: u64 = (at >> SLOT_SHIFT) << 50 | at & (NR_SWAP_SLOTS - 1)
        if self.swap_state.cached_page(entry) or self.swapfile.swp_swapcount(entry) == 0:
            return -1
        pfn: u64 = self.readahead.new_cached_page(entry, GFP_KERNEL, 0)
        if pfn == 0:
            return -1
        self.pages[pfn].content = self.slots[at].content
        self.pages[pfn].flags |= PG_uptodate | PG_reclaim
        self.vmstat.count_folio_events(pfn, ZSWPWB, 1)
        self.cells[ZSWAP_WRITTEN_BACK_PAGES] += 1
        self.free_entry(at)
        self.page_io.swap_writepage_bdev(pfn)
        return 0

    def check(self):
        """Recount entries and their bytes."""
        stored = same = 0
        for at in self.arena.where("zswap_entries", "state"):
            stored += 1
            same += not int(self.arena.zswap_entries[at].length)
            assert int(self.arena.swap_slots[at].map) & 0x4FFFFFFF, f"slot {at:#x} is free"
        assert self.cells[ZSWAP_STORED_PAGES] == stored
        assert self.cells[ZSWAP_SAME_FILLED_PAGES] == same
