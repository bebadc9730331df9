"""What leaves zswap for the device when it is full, when its cgroup is, or when memory is short.

    list of an lruvec    oldest ---------------------> youngest      a page that is stored
                         |  referenced? once more to the end (a second chance)
                         '--writeback--> swap cache --> device

    shrink_worker()      the pool is full: one entry of each cgroup in turn, until it has shrunk to
                         accept_threshold_percent, or 16 times nothing was written
    shrink_memcg()       memory.zswap.max is reached: an entry of each node goes for the new one
    the shrinker         reclaim under shrinker_enabled: a part of each lruvec's list, which is
                         smaller the better it compresses; as many entries are spared as pages had
                         to be read from the device lately

6.1 has no lists: zbud evicts the page that got an object the longest ago, both objects of it, and
one such page each time the pool is found full. (zsmalloc could not evict then.)

Models mm/zswap.c: shrink_worker(), shrink_memcg(), shrink_memcg_cb(), zswap_writeback_entry(),
zswap_shrinker_count(), zswap_shrinker_scan(), zswap_folio_swapin(),
zswap_memcg_offline_cleanup(); mm/list_lru.c: memcg_reparent_list_lrus(); mm/shrinker.c:
do_shrink_slab() for this shrinker; mm/zbud.c: zbud_reclaim_page().
Not modelled: what scanning takes (an entry costs what a page does in reclaim); when exactly the
worker gets the CPU (Zswap.queue_work()).

Invariants: an entry that is compressed is on the list of its cgroup's lruvec; lists are sound.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_RECLAIM_PAGE, Clock
    from mmtwin.mm.gfp import GFP_FS_BIT, GFP_IO_BIT, GFP_KERNEL
    from mmtwin.mm.mem_map import MAX_LRUVECS
    from mmtwin.mm.memcg_layout import MEMCG_ZSWAP_B, MEMCG_ZSWAPPED
    from mmtwin.mm.memcg_stat import MemcgStat
    from mmtwin.mm.memcg_tree import MemcgTree
    from mmtwin.mm.memcontrol import MEMCG_NONE, MemControl
    from mmtwin.mm.page_alloc import MAX_RECLAIM_RETRIES
    from mmtwin.mm.page_flags import PG_reclaim, PG_uptodate
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.swap_types import NR_SWAP_SLOTS, SLOT_SHIFT, SwapSlotArray
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import I64s, Pages, Sysctls, i64, u32, u64
    from mmtwin.mm.uapi import EAGAIN, EEXIST, EINVAL, ENOENT, ENOMEM
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import SLABS_SCANNED, ZSWPWB
    from mmtwin.mm.workingset import SHRINK_BATCH
    from mmtwin.mm.zbud import Zbud
    from mmtwin.mm.zswap import Zswap
    from mmtwin.mm.zswap_types import (
        KERNEL_ZSWAP_EXCLUSIVE, ZPOOL_ZBUD, ZSWAP_NEXT_SHRINK, ZSWAP_POOL_TOTAL_PAGES,
        ZSWAP_REFERENCED, ZSWAP_REJECT_RECLAIM_FAIL, ZSWAP_SHRINKER_ENABLED, ZSWAP_WORK_NS,
        ZSWAP_WRITTEN_BACK_PAGES, ZSWAP_ZPOOL, ZswapEntries, ZswapLruvecs,
    )  # fmt: skip

ZBUD_RETRIES = cython.declare(cython.const[cython.int], 8)
# What a list walk does with an entry: enum lru_status
LRU_REMOVED = cython.declare(cython.const[cython.int], 0)
LRU_ROTATE = cython.declare(cython.const[cython.int], 1)
LRU_RETRY = cython.declare(cython.const[cython.int], 2)
LRU_STOP = cython.declare(cython.const[cython.int], 3)


@cython.final
@cython.cclass
class ZswapLru:
    """The lists, and who takes entries off them."""

    arena: object
    pages: Pages
    sysctl: Sysctls
    slots: SwapSlotArray
    entries: ZswapEntries
    lruvecs: ZswapLruvecs
    cells: I64s
    clock: Clock
    memcontrol: MemControl
    tree: MemcgTree
    stat: MemcgStat
    swap_state: SwapState
    swapfile: SwapFile
    vmstat: VmStat
    zbud: Zbud
    zswap: Zswap
    readahead = cython.declare("SwapReadahead")
    page_io = cython.declare("PageIo")
    lru = cython.declare("Lru")
    nr_nodes: u32

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.sysctl, self.slots = arena.pages, arena.sysctl, arena.swap_slots
        self.entries, self.cells = arena.zswap_entries, arena.zswap
        self.lruvecs = arena.array("zswap_lruvecs", "zswap_types.ZswapLruvec", MAX_LRUVECS)
        self.nr_nodes = len(config.nodes)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.memcontrol, self.tree = m.clock, m.memcontrol, m.memcg_tree
        self.stat, self.swap_state, self.swapfile = m.memcg_stat, m.swap_state, m.swapfile
        self.vmstat, self.zbud, self.zswap = m.vmstat, m.zbud, m.zswap
        self.readahead, self.page_io, self.lru = m.swap_readahead, m.page_io, m.lru

    # -- the lists

    @cython.ccall
    @cython.nogil
    def lru_add(self, at: u64, node: u32) -> cython.int:
        """The youngest of its cgroup on a node."""
        memcg: u32 = self.tree.obj_cgroup_memcg(self.entries[at].objcg)
        return self.list_add_tail(at, memcg * self.nr_nodes + node)

    @cython.cfunc
    @cython.nogil
    def list_add_tail(self, at: u64, lruvec: u32) -> cython.int:
        last: u64 = self.lruvecs[lruvec].last
        self.entries[at].lruvec = lruvec
        self.entries[at].prev = last
        self.entries[at].next = 0
        if last:
            self.entries[last].next = at
        else:
            self.lruvecs[lruvec].first = at
        self.lruvecs[lruvec].last = at
        self.lruvecs[lruvec].nr += 1
        return 0

    @cython.ccall
    @cython.nogil
    def lru_del(self, at: u64) -> cython.int:
        """An entry goes."""
        lruvec: u32 = self.entries[at].lruvec
        after: u64 = self.entries[at].next
        before: u64 = self.entries[at].prev
        if after:
            self.entries[after].prev = before
        else:
            self.lruvecs[lruvec].last = before
        if before:
            self.entries[before].next = after
        else:
            self.lruvecs[lruvec].first = after
        self.lruvecs[lruvec].nr -= 1
        self.entries[at].next = 0
        self.entries[at].prev = 0
        self.entries[at].lruvec = 0
        return 0

    @cython.ccall
    @cython.nogil
    def memcg_offline(self, memcg: u32, parent: u32) -> cython.int:
        """A cgroup goes: its entries are its parent's, in front; the worker passes it over."""
        node: u32
        for node in range(self.nr_nodes):
            self.reparent(memcg * self.nr_nodes + node, parent * self.nr_nodes + node)
        if self.cells[ZSWAP_NEXT_SHRINK] == memcg + 1:
            self.next_shrink()
        return 0

    @cython.cfunc
    @cython.nogil
    def reparent(self, source: u32, target: u32) -> cython.int:
        """list_splice_init()"""
        at: u64 = self.lruvecs[source].first
        last: u64 = self.lruvecs[source].last
        first: u64 = self.lruvecs[target].first
        if at:
            self.entries[last].next = first
            if first:
                self.entries[first].prev = last
            else:
                self.lruvecs[target].last = last
            self.lruvecs[target].first = at
            self.lruvecs[target].nr += self.lruvecs[source].nr
        while at and at != first:
            self.entries[at].lruvec = target
            at = self.entries[at].next
        self.lruvecs[source].first = 0
        self.lruvecs[source].last = 0
        self.lruvecs[source].nr = 0
        self.lruvecs[source].nr_disk_swapins = 0
        self.lruvecs[source].nr_deferred = 0
        return 0

    # -- the pool is full

    @cython.ccall
    @cython.nogil
    def shrink_worker(self) -> u64:
        """Write old entries of all cgroups in turn until the pool takes pages again, or it does not
        get smaller. 0: the thread waits to be woken."""
        failures: cython.int = 0
        attempts: cython.int = 0
        start: u64 = self.clock.now()
        if self.sysctl[0].kernel < KERNEL_ZSWAP_EXCLUSIVE:
            return self.zpool_shrink()
        while True:
            memcg: u32 = self.next_shrink()
            error: cython.int = -ENOENT
            if memcg != MEMCG_NONE:
                error = self.shrink_memcg(memcg)
                self.clock.charge(COST_RECLAIM_PAGE, 1)
                attempts += error != -ENOENT
            elif attempts == 0:
                error = -EAGAIN  # nobody has anything
            if memcg == MEMCG_NONE:
                attempts = 0
            if error and error != -ENOENT:
                failures += 1
                if failures == MAX_RECLAIM_RETRIES:
                    break
            if self.zswap.zswap_total_pages() <= self.zswap.zswap_accept_thr_pages():
                break
        self.cells[ZSWAP_WORK_NS] = cython.cast(i64, self.clock.now() - start)
        return 0

    @cython.cfunc
    @cython.nogil
    def next_shrink(self) -> u32:
        """The cgroup whose turn it is, MEMCG_NONE after the last: zswap_next_shrink."""
        found: u32 = 0
        if self.cells[ZSWAP_NEXT_SHRINK]:
            found = cython.cast(u32, self.cells[ZSWAP_NEXT_SHRINK] - 1)
            found = self.tree.mem_cgroup_next(0, found)
            while found and not self.tree.online(found):
                found = self.tree.mem_cgroup_next(0, found)
            if found == 0:
                self.cells[ZSWAP_NEXT_SHRINK] = 0
                return MEMCG_NONE
        self.cells[ZSWAP_NEXT_SHRINK] = found + 1
        return found

    @cython.ccall
    @cython.nogil
    def shrink_memcg(self, memcg: u32) -> cython.int:
        """The oldest entry of a cgroup on each node: 0 if one was written, -EAGAIN if not, -ENOENT
        where there is none, or none may be."""
        node: u32
        scanned: cython.int = 0
        written: cython.int = 0
        if not self.memcontrol.mem_cgroup_zswap_writeback_enabled(memcg):
            return -ENOENT
        for node in range(self.nr_nodes):
            if self.lruvecs[memcg * self.nr_nodes + node].nr:
                scanned += 1
                written += self.take_oldest(memcg * self.nr_nodes + node) == LRU_REMOVED
        if scanned == 0:
            return -ENOENT
        return 0 if written else -EAGAIN

    @cython.cfunc
    @cython.nogil
    def take_oldest(self, lruvec: u32) -> cython.int:
        """Write a list's first entry, or give it its second chance: shrink_memcg_cb(); LRU_*."""
        at: u64 = self.lruvecs[lruvec].first
        referenced: cython.bint = (self.entries[at].state & ZSWAP_REFERENCED) != 0
        error: cython.int = 0
        if not referenced:
            error = self.zswap_writeback_entry(at)
            if error == 0:
                return LRU_REMOVED
        else:
            self.entries[at].state ^= ZSWAP_REFERENCED
        if self.entries[at].state:
            self.lru_del(at)
            self.list_add_tail(at, lruvec)
        if referenced:
            return LRU_ROTATE
        self.cells[ZSWAP_REJECT_RECLAIM_FAIL] += 1
        return LRU_STOP if error == -EEXIST else LRU_RETRY

    @cython.cfunc
    @cython.nogil
    def zswap_writeback_entry(self, at: u64) -> cython.int:
        """One entry goes to its slot on the device, through the swap cache: 0, -ENOMEM, or -EEXIST
        if its page is cached already."""
        entry: u64 = (at >> SLOT_SHIFT) << 50 | at & (NR_SWAP_SLOTS - 1)
        if self.swap_state.cached_page(entry):
            return -EEXIST
        if self.swapfile.swp_swapcount(entry) == 0:
            return -ENOMEM
        pfn: u64 = self.readahead.new_cached_page(entry, GFP_KERNEL, 0)
        if pfn == 0:
            return -ENOMEM
        self.pages[pfn].content = self.slots[at].content
        self.pages[pfn].flags |= PG_uptodate | PG_reclaim
        self.vmstat.count_folio_events(pfn, ZSWPWB, 1)
        self.cells[ZSWAP_WRITTEN_BACK_PAGES] += 1
        self.zswap.zswap_entry_free(at)
        self.page_io.swap_writepage_bdev(pfn)
        return 0

    # -- 6.1

    @cython.cfunc
    @cython.nogil
    def zpool_shrink(self) -> u64:
        """One page of zbud's, each time the pool is full."""
        error: cython.int = -EINVAL
        if self.cells[ZSWAP_ZPOOL] == ZPOOL_ZBUD:
            error = self.zbud_reclaim_page()
        if error:
            self.cells[ZSWAP_REJECT_RECLAIM_FAIL] += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def zbud_reclaim_page(self) -> cython.int:
        """Evict both objects of the page that got one the longest ago; where that fails it is the
        youngest, and the next one is tried. 0, -EINVAL (there is none) or -EAGAIN."""
        tries: cython.int = ZBUD_RETRIES
        end: u32
        at: u64
        while tries:
            tries -= 1
            page: u32 = self.zbud.oldest()
            if page == 0:
                return -EINVAL
            pages: u64 = self.zbud.nr_pages[0]
            for end in range(2):
                at = self.zbud.owner(page * 2 + end)
                if at and self.zswap_writeback_entry(at):
                    break
            if self.zbud.nr_pages[0] < pages:
                # what the store sees next is from before the page was free
                self.cells[ZSWAP_POOL_TOTAL_PAGES] = cython.cast(i64, pages)
                return 0
            self.zbud.lru_add(page)
        return -EAGAIN

    # -- the shrinker

    @cython.ccall
    @cython.nogil
    def zswap_folio_swapin(self, pfn: u64) -> cython.int:
        """A page has to be read from the device: had it only stayed."""
        self.lruvecs[self.lru.folio_lruvec(pfn)].nr_disk_swapins += 1
        return 0

    @cython.ccall
    @cython.nogil
    def shrink_slab(self, memcg: u32, node: u32, priority: cython.int, gfp: u32) -> u64:
        """Reclaim asks, of an lruvec: do_shrink_slab(). Entries that were written."""
        lruvec: u32 = memcg * self.nr_nodes + node
        if not self.cells[ZSWAP_SHRINKER_ENABLED] or self.lruvecs[lruvec].nr == 0:
            return 0
        if gfp & (GFP_FS_BIT | GFP_IO_BIT) != GFP_FS_BIT | GFP_IO_BIT:
            return 0
        freeable: u64 = self.zswap_shrinker_count(memcg, lruvec)
        if freeable == 0:
            return 0
        deferred: u64 = self.lruvecs[lruvec].nr_deferred
        delta: u64 = (freeable >> priority) * 4 // 2  # DEFAULT_SEEKS
        total: u64 = (deferred >> priority) + delta
        scanned: u64 = 0
        written: u64 = 0
        part: u64
        got: u64
        self.lruvecs[lruvec].nr_deferred = 0
        if total > 2 * freeable:
            total = 2 * freeable
        while total >= SHRINK_BATCH or total >= freeable:
            part = SHRINK_BATCH if total > SHRINK_BATCH else total
            got = self.zswap_shrinker_scan(lruvec, part)
            if got == 0:
                break
            written += got
            self.vmstat.count_vm_events(SLABS_SCANNED, cython.cast(i64, part))
            total -= part
            scanned += part
            self.clock.cond_resched()
        deferred = deferred + delta - scanned if deferred + delta > scanned else 0
        self.lruvecs[lruvec].nr_deferred += deferred if deferred < 2 * freeable else 2 * freeable
        return written

    @cython.cfunc
    @cython.nogil
    def zswap_shrinker_count(self, memcg: u32, lruvec: u32) -> u64:
        """Entries beyond those that are spared, as far as giving them up saves memory."""
        if not self.memcontrol.mem_cgroup_zswap_writeback_enabled(memcg):
            return 0
        self.stat.mem_cgroup_flush_stats(memcg)
        backing: i64 = self.charged(memcg, MEMCG_ZSWAP_B) >> 12
        stored: i64 = self.charged(memcg, MEMCG_ZSWAPPED)
        if stored <= 0 or backing <= 0:
            return 0
        freeable: u64 = self.lruvecs[lruvec].nr
        spared: u64 = self.lruvecs[lruvec].nr_disk_swapins
        if spared > freeable:
            spared = freeable
        self.lruvecs[lruvec].nr_disk_swapins -= spared
        freeable -= spared
        return freeable * cython.cast(u64, backing) // cython.cast(u64, stored)

    @cython.cfunc
    @cython.nogil
    def charged(self, memcg: u32, item: cython.int) -> i64:
        """What a cgroup and all below it have; the root itself is charged nothing."""
        total: i64 = 0
        if memcg:
            return self.stat.memcg_page_state(memcg, item)
        child: u32 = self.tree.memcgs[0].first_child
        while child:
            total += self.stat.memcg_page_state(child, item)
            child = self.tree.memcgs[child].next_sibling
        return total

    @cython.cfunc
    @cython.nogil
    def zswap_shrinker_scan(self, lruvec: u32, nr: u64) -> u64:
        """So many entries: how many were written; 0 also to leave the list alone now."""
        written: u64 = 0
        status: cython.int
        while nr and self.lruvecs[lruvec].first:
            status = self.take_oldest(lruvec)
            if status == LRU_STOP:
                return 0
            written += status == LRU_REMOVED
            nr -= 1
        return written

    def check(self):
        """Lists are sound and hold every compressed entry."""
        listed = set()
        for lruvec in self.arena.where("zswap_lruvecs", "nr"):
            record = self.arena.zswap_lruvecs[lruvec]
            before, at, nr = 0, int(record.first), int(record.nr)
            found = 0
            while at:
                entry = self.arena.zswap_entries[at]
                assert int(entry.prev) == before and int(entry.lruvec) == lruvec
                memcg = self.tree.obj_cgroup_memcg(int(entry.objcg))
                assert lruvec // self.nr_nodes == memcg, (lruvec, memcg)
                listed.add(at)
                before, at, found = at, int(entry.next), found + 1
            assert int(record.last) == before and found == nr
        if self.sysctl[0].kernel >= KERNEL_ZSWAP_EXCLUSIVE:
            assert listed == set(self.arena.where("zswap_entries", "length"))
