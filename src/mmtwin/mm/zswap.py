"""zswap: compressed memory in front of the swap device.

    swap_writepage()  --zswap_store()-->  an entry of the pool, by slot     (or on to the device)
    swap_read_folio() <--zswap_load()---  from 6.12 the entry goes, the page is dirty again;
                                          6.1 keeps it
    pool full         --zswap_lru.py--->  old entries go to the device

A full pool takes nothing more until it has shrunk to accept_threshold_percent of its limit. What
does not get smaller than a page is refused, or, from 6.18, kept as it is where its cgroup may write
back (so that it leaves in its turn).

Models mm/zswap.c: zswap_store(), zswap_compress(), zswap_load(), zswap_invalidate(),
zswap_entry_free(), zswap_check_limits(), zswap_is_full(), zswap_can_accept(),
zswap_update_total_size().
Not modelled: z3fold; compressors of their own speed; that a store of 6.12 frees what the slot held
after it has got room for the new.

Invariants: stored_pages is the number of entries; every entry belongs to a used slot; what cgroups
are charged is the sum of their entries' lengths (memcg_swap.py).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import KTHREAD_ZSWAP, Clock
    from mmtwin.mm.content import ALG_LZO, Content
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.page_flags import PG_dirty, PG_swapcache, PG_uptodate
    from mmtwin.mm.pgtable_types import PAGE_SIZE
    from mmtwin.mm.swap_types import swap_slot_index
    from mmtwin.mm.types import I64s, Pages, Sysctls, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import ZSWPIN, ZSWPOUT
    from mmtwin.mm.zbud import Zbud
    from mmtwin.mm.zsmalloc import Zsmalloc
    from mmtwin.mm.zswap_types import (
        KERNEL_ZSWAP_EXCLUSIVE, KERNEL_ZSWAP_INCOMPRESSIBLE, NR_ZSWAP_CELLS, ZBUD_HEADER,
        ZPOOL_ZBUD, ZPOOL_ZSMALLOC, ZSWAP_ACCEPT_THRESHOLD_PERCENT, ZSWAP_COMPRESSOR,
        ZSWAP_DUPLICATE_ENTRY, ZSWAP_ENABLED, ZSWAP_KIND_SHIFT, ZSWAP_KTHREAD,
        ZSWAP_MAX_POOL_PERCENT, ZSWAP_NON_SAME_FILLED_ENABLED, ZSWAP_POOL, ZSWAP_POOL_LIMIT_HIT,
        ZSWAP_POOL_TOTAL_PAGES, ZSWAP_REACHED_FULL, ZSWAP_REFERENCED, ZSWAP_REJECT_ALLOC_FAIL,
        ZSWAP_REJECT_COMPRESS_FAIL, ZSWAP_REJECT_COMPRESS_POOR, ZSWAP_SAME_FILLED_ENABLED,
        ZSWAP_SAME_FILLED_PAGES, ZSWAP_STORED_INCOMPRESSIBLE_PAGES, ZSWAP_STORED_PAGES,
        ZSWAP_USED, ZSWAP_WORK_NS, ZSWAP_ZPOOL, ZswapEntries,
    )  # fmt: skip


@cython.final
@cython.cclass
class Zswap:
    """The pool, and what is in it."""

    arena: object
    pages: Pages
    sysctl: Sysctls
    entries: ZswapEntries
    cells: I64s
    clock: Clock
    content: Content
    memcontrol: MemControl
    overcommit = cython.declare("Overcommit")
    vmstat: VmStat
    zbud: Zbud
    zsmalloc: Zsmalloc
    lists = cython.declare("ZswapLru")
    tick_ns: u64

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.sysctl = arena.pages, arena.sysctl
        self.entries = arena.array("zswap_entries", "zswap_types.ZswapEntry", len(arena.swap_slots))
        self.cells = arena.array("zswap", "i64", NR_ZSWAP_CELLS)
        self.tick_ns = 1000000000 // config.hz

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.content, self.memcontrol = m.clock, m.content, m.memcontrol
        self.overcommit, self.vmstat = m.overcommit, m.vmstat
        self.zbud, self.zsmalloc, self.lists = m.zbud, m.zsmalloc, m.zswap_lru

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
    def zswap_check_limits(self) -> cython.bint:
        """Whether nothing is taken now."""
        pages: u64 = self.zswap_total_pages()
        if pages >= self.zswap_max_pages():
            self.cells[ZSWAP_POOL_LIMIT_HIT] += 1
            self.cells[ZSWAP_REACHED_FULL] = 1
        elif self.cells[ZSWAP_REACHED_FULL] and pages <= self.zswap_accept_thr_pages():
            self.cells[ZSWAP_REACHED_FULL] = 0
        return self.cells[ZSWAP_REACHED_FULL] != 0

    @cython.cfunc
    @cython.nogil
    def old_limits(self) -> cython.bint:
        """6.1: full is above the limit, and only that starts eviction; its figure of the pool is of
        the last store or free: zswap_is_full(), zswap_can_accept()."""
        pages: u64 = cython.cast(u64, self.cells[ZSWAP_POOL_TOTAL_PAGES])
        if pages > self.zswap_max_pages():
            self.cells[ZSWAP_POOL_LIMIT_HIT] += 1
            self.cells[ZSWAP_REACHED_FULL] = 1
            self.queue_work()
        elif self.cells[ZSWAP_REACHED_FULL] and pages < self.zswap_accept_thr_pages():
            self.cells[ZSWAP_REACHED_FULL] = 0
        return self.cells[ZSWAP_REACHED_FULL] != 0

    @cython.cfunc
    @cython.nogil
    def queue_work(self) -> cython.int:
        """Let shrink_worker() run when reclaim can next be preempted, at each page. 6.12's
        scheduler gives both half of the time, so that the task runs as long as the worker last did;
        6.18 preempts lazily: at the next tick, or when the task sleeps."""
        when: u64 = self.clock.now()
        if self.sysctl[0].kernel >= KERNEL_ZSWAP_INCOMPRESSIBLE:
            when = (when // self.tick_ns + 1) * self.tick_ns
        elif self.sysctl[0].kernel >= KERNEL_ZSWAP_EXCLUSIVE:
            when += cython.cast(u64, self.cells[ZSWAP_WORK_NS])
        self.clock.wake_kthread(cython.cast(u32, self.cells[ZSWAP_KTHREAD]), when)
        return self.clock.cond_resched()

    # -- storing

    @cython.ccall
    @cython.nogil
    def zswap_store(self, pfn: u64) -> cython.bint:
        """Take a page of the swap cache that reclaim writes: False leaves it to the device."""
        at: u64 = swap_slot_index(self.pages[pfn].private)
        old: cython.bint = self.sysctl[0].kernel < KERNEL_ZSWAP_EXCLUSIVE
        stored: cython.bint = False
        if self.entries[at].state:  # what it held is out of date
            self.cells[ZSWAP_DUPLICATE_ENTRY] += old
            self.zswap_entry_free(at)
        if not self.cells[ZSWAP_ENABLED]:
            return False
        if self.has_room(pfn, old):
            stored = self.zswap_store_page(pfn, at, old)
        if not stored and not old and self.cells[ZSWAP_REACHED_FULL]:
            self.queue_work()
        return stored

    @cython.cfunc
    @cython.nogil
    def has_room(self, pfn: u64, old: cython.bint) -> cython.bint:
        """Whether the page's cgroup and the pool take more; a cgroup at its limit gives up an old
        entry for the new one (from 6.8)."""
        if not self.memcontrol.obj_cgroup_may_zswap(pfn):
            if old or self.lists.shrink_memcg(self.memcontrol.folio_memcg(pfn)):
                return False
        if old:
            return not self.old_limits()
        return not self.zswap_check_limits()

    @cython.cfunc
    @cython.nogil
    def zswap_store_page(self, pfn: u64, at: u64, old: cython.bint) -> cython.bint:
        """Compress it; 6.1 keeps pages of one value apart."""
        content: u32 = self.pages[pfn].content
        length: u32 = 0
        handle: u32 = 0
        if old and self.cells[ZSWAP_SAME_FILLED_ENABLED] and self.content.same_filled(content):
            self.cells[ZSWAP_SAME_FILLED_PAGES] += 1
        else:
            if old and not self.cells[ZSWAP_NON_SAME_FILLED_ENABLED]:
                return False
            length = self.zswap_compress(pfn, content)
            handle = self.zpool_malloc(pfn, length) if length else 0
            if handle == 0:
                return False
        self.entries[at].handle = handle
        self.entries[at].length = length
        self.entries[at].state = (
            ZSWAP_USED
            | ZSWAP_REFERENCED
            | cython.cast(u32, self.cells[ZSWAP_ZPOOL]) << ZSWAP_KIND_SHIFT
        )
        self.entries[at].objcg = self.memcontrol.obj_cgroup_charge_zswap(pfn, length)
        if length and not old:
            self.lists.lru_add(at, self.pages[pfn].node)
        elif length and self.cells[ZSWAP_ZPOOL] == ZPOOL_ZBUD:
            self.zbud.set_owner(handle, at)
        self.cells[ZSWAP_STORED_PAGES] += 1
        if length == PAGE_SIZE:
            self.cells[ZSWAP_STORED_INCOMPRESSIBLE_PAGES] += 1
        self.zswap_update_total_size()
        self.vmstat.count_folio_events(pfn, ZSWPOUT, 1)
        return True

    @cython.cfunc
    @cython.nogil
    def zswap_update_total_size(self) -> cython.int:
        """What 6.1 knows of the pool's size."""
        self.cells[ZSWAP_POOL_TOTAL_PAGES] = cython.cast(cython.longlong, self.zswap_total_pages())
        return 0

    @cython.cfunc
    @cython.nogil
    def zswap_compress(self, pfn: u64, content: u32) -> u32:
        """Bytes to be stored, or 0 for a page that is refused."""
        length: u32 = self.content.compressed_size(
            content, cython.cast(cython.int, self.cells[ZSWAP_COMPRESSOR])
        )
        if self.sysctl[0].kernel < KERNEL_ZSWAP_INCOMPRESSIBLE:
            if length <= PAGE_SIZE:
                return length
        else:
            if length < PAGE_SIZE:
                return length
            if self.memcontrol.mem_cgroup_zswap_writeback_enabled(self.memcontrol.folio_memcg(pfn)):
                return PAGE_SIZE
        self.cells[ZSWAP_REJECT_COMPRESS_FAIL] += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def zpool_malloc(self, pfn: u64, length: u32) -> u32:
        """Room in the pool, or 0."""
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
                self.zswap_entry_free(at)
                self.pages[pfn].flags |= PG_dirty
        return True

    # -- forgetting

    @cython.ccall
    @cython.nogil
    def zswap_invalidate(self, entry: u64) -> cython.int:
        """The slot is free."""
        at: u64 = swap_slot_index(entry)
        if self.entries[at].state:
            self.zswap_entry_free(at)
        return 0

    @cython.cfunc
    @cython.nogil
    def zswap_entry_free(self, at: u64) -> cython.int:
        """An entry, its memory and its charge go."""
        if self.entries[at].length == 0:
            self.cells[ZSWAP_SAME_FILLED_PAGES] -= 1
        else:
            if self.sysctl[0].kernel >= KERNEL_ZSWAP_EXCLUSIVE:
                self.lists.lru_del(at)
            if self.entries[at].length == PAGE_SIZE:
                self.cells[ZSWAP_STORED_INCOMPRESSIBLE_PAGES] -= 1
            if (self.entries[at].state >> ZSWAP_KIND_SHIFT) & 1 == ZPOOL_ZBUD:
                self.zbud.zbud_free(self.entries[at].handle)
            else:
                self.zsmalloc.zs_free(self.entries[at].handle)
        self.memcontrol.obj_cgroup_uncharge_zswap(self.entries[at].objcg, self.entries[at].length)
        self.cells[ZSWAP_STORED_PAGES] -= 1
        self.entries[at].handle = 0
        self.entries[at].length = 0
        self.entries[at].objcg = 0
        self.entries[at].state = 0
        return self.zswap_update_total_size()

    def check(self):
        """Recount entries and their bytes."""
        stored = same = whole = 0
        for at in self.arena.where("zswap_entries", "state"):
            length = int(self.arena.zswap_entries[at].length)
            stored += 1
            same += not length
            whole += length == PAGE_SIZE
            assert int(self.arena.swap_slots[at].map) & 0x4FFFFFFF, f"slot {at:#x} is free"
        assert self.cells[ZSWAP_STORED_PAGES] == stored
        assert self.cells[ZSWAP_SAME_FILLED_PAGES] == same
        assert self.cells[ZSWAP_STORED_INCOMPRESSIBLE_PAGES] == whole
