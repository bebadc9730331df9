"""Swap areas, their slots and how often each is named.

    folio_alloc_swap()  ->  per-CPU cache of 64 slots (to 6.14)  ->  areas by priority, those of
                                                                     equal priority in turn
    last name gone      ->  per-CPU cache of 64 freed slots      ->  free in its area

A slot's count is that of the ptes and shmem files that name it; SWAP_HAS_CACHE stands for a page
in the swap cache, and for a slot that one of the caches above holds.

Models mm/swapfile.c: get_swap_pages(), swap_duplicate(), swap_free(), put_swap_folio(),
free_swap_and_cache_nr(), swap_entry_free(), add_swap_count_continuation(), swp_swapcount();
mm/swap_slots.c: folio_alloc_swap(), free_swap_slot(), check_cache_active().
swapon and swapoff are in swapon.py.
Not modelled: the memory that swap_map and cluster_info take; discard.

Invariants: a slot's count is the ptes and shmem entries that name it; nr_swap_pages is what the
areas have free, but for slots in the caches.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import GFP_ATOMIC
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.swap_cluster import SwapScan
    from mmtwin.mm.swap_entry import MAX_SWAPFILES, swp_entry, swp_offset, swp_type
    from mmtwin.mm.swap_types import (
        SLOT_SHIFT, SWAP_COUNT_MASK, SWAP_HAS_CACHE, SWAP_MAP_BAD, SWAP_MAP_MAX, SWAP_MAP_SHMEM,
        SWAP_MAP_USED, SWAPFILE_CLUSTER, SWP_WRITEOK, SwapInfos, SwapSlotArray, swap_slot_index,
    )  # fmt: skip
    from mmtwin.mm.types import Currents, I64s, Pages, Sysctls, U64s, i64, u32, u64
    from mmtwin.mm.uapi import EEXIST, ENOENT, ENOMEM

# Cells of "swap_totals"
NR_SWAP_PAGES = cython.declare(cython.const[cython.int], 0)
TOTAL_SWAP_PAGES = cython.declare(cython.const[cython.int], 1)
LEAST_PRIORITY = cython.declare(cython.const[cython.int], 2)
AVAIL_SEQ = cython.declare(cython.const[cython.int], 3)
SLOT_CACHE_ENABLED = cython.declare(cython.const[cython.int], 4)
SLOT_CACHE_ACTIVE = cython.declare(cython.const[cython.int], 5)
NR_ROTATE_SWAP = cython.declare(cython.const[cython.int], 6)
NR_SWAP_TOTALS = cython.declare(cython.const[cython.int], 8)

SWAP_SLOTS_CACHE_SIZE = cython.declare(cython.const[cython.uint], 64)
THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE = cython.declare(cython.const[cython.int], 320)  # a CPU
THRESHOLD_DEACTIVATE_SWAP_SLOTS_CACHE = cython.declare(cython.const[cython.int], 128)
KERNEL_NO_SLOT_CACHE = cython.declare(cython.const[cython.int], 615)
MAP_PAGE_SHIFT = cython.declare(cython.const[cython.int], 12)  # slots of a page of swap_map
CONTINUATION_MAX = cython.declare(cython.const[cython.uint], 8062)  # what one more page counts to

# struct swap_slots_cache
SlotsCache = cython.struct(cur=u32, nr=u32, n_ret=u32, area=u32)

if cython.compiled:
    SlotsCaches = cython.typedef(SlotsCache[::1])
else:
    SlotsCaches = object


@cython.final
@cython.cclass
class SwapFile:
    """The areas: slots and their use counts."""

    arena: object
    pages: Pages
    current: Currents
    sysctl: Sysctls
    slots: SwapSlotArray
    si: SwapInfos
    totals: I64s
    caches: SlotsCaches  # by CPU
    slots_cache: U64s  # cpu * 64 + i: entries to be handed out
    slots_ret: U64s  # cpu * 64 + i: entries to be freed
    continued: U64s  # slot index >> MAP_PAGE_SHIFT -> pfn of its continuation page
    scan: SwapScan
    memcontrol: MemControl
    swap_state = cython.declare("SwapState")
    page_io = cython.declare("PageIo")
    page_alloc = cython.declare("PageAlloc")
    nr_cpus: u32

    def __init__(self, arena, config):
        self.arena = arena
        self.nr_cpus = config.cpus
        self.pages, self.current, self.sysctl = arena.pages, arena.current, arena.sysctl
        self.totals = arena.array("swap_totals", "i64", NR_SWAP_TOTALS)
        self.caches = arena.array("swap_slots_caches", "swapfile.SlotsCache", config.cpus)
        cached = config.cpus * SWAP_SLOTS_CACHE_SIZE
        self.slots_cache = arena.array("swap_slots_cache", "u64", cached)
        self.slots_ret = arena.array("swap_slots_ret", "u64", cached)
        map_pages = MAX_SWAPFILES << (SLOT_SHIFT - MAP_PAGE_SHIFT)
        self.continued = arena.array("swap_continued", "u64", map_pages)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.scan, self.memcontrol, self.swap_state = m.swap_scan, m.memcontrol, m.swap_state
        self.page_io, self.page_alloc = m.page_io, m.page_alloc
        self.slots, self.si = m.arena.swap_slots, m.arena.swap_info

    def boot(self):
        self.totals[LEAST_PRIORITY] = -1

    # -- figures

    @cython.ccall
    @cython.nogil
    def get_nr_swap_pages(self) -> i64:
        """Free slots of all areas."""
        return self.totals[NR_SWAP_PAGES]

    @cython.ccall
    @cython.nogil
    def get_total_swap_pages(self) -> i64:
        """Slots of all areas."""
        return self.totals[TOTAL_SWAP_PAGES]

    @cython.ccall
    @cython.nogil
    def vm_swap_full(self) -> cython.bint:
        """More than half in use: slots of pages that are in memory are given up."""
        return self.totals[NR_SWAP_PAGES] * 2 < self.totals[TOTAL_SWAP_PAGES]

    @cython.cfunc
    @cython.nogil
    def swap_use_vma_readahead(self) -> cython.bint:
        """No area is on a rotating disk (vma_ra_enabled is on by default)."""
        return self.totals[NR_ROTATE_SWAP] == 0

    # -- handing out

    @cython.ccall
    @cython.nogil
    def folio_alloc_swap(self, pfn: u64) -> u64:
        """An entry for a page, charged to its cgroup, or 0."""
        entry: u64 = 0
        if self.check_cache_active():
            entry = self.from_cache(self.current[0].cpu)
        if entry == 0:
            entry = self.get_swap_page()
        if self.memcontrol.mem_cgroup_try_charge_swap(pfn, entry):
            self.put_swap_folio(entry)
            return 0
        return entry

    @cython.cfunc
    @cython.nogil
    def from_cache(self, cpu: u32) -> u64:
        """The next entry of this CPU's cache, refilled when it is empty; 0 if it stays so."""
        if self.caches[cpu].nr == 0:
            self.caches[cpu].cur = 0
            self.caches[cpu].nr = self.get_swap_pages(cpu * SWAP_SLOTS_CACHE_SIZE)
            if self.caches[cpu].nr == 0:
                return 0
        at: u32 = cpu * SWAP_SLOTS_CACHE_SIZE + self.caches[cpu].cur
        entry: u64 = self.slots_cache[at]
        self.slots_cache[at] = 0
        self.caches[cpu].cur += 1
        self.caches[cpu].nr -= 1
        return entry

    @cython.cfunc
    @cython.nogil
    def check_cache_active(self) -> cython.bint:
        """Whether slots are cached: not while few are left."""
        if not self.totals[SLOT_CACHE_ENABLED]:
            return False
        free: i64 = self.totals[NR_SWAP_PAGES]
        if not self.totals[SLOT_CACHE_ACTIVE]:
            if free > THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE * cython.cast(i64, self.nr_cpus):
                self.totals[SLOT_CACHE_ACTIVE] = 1
        elif free < THRESHOLD_DEACTIVATE_SWAP_SLOTS_CACHE * cython.cast(i64, self.nr_cpus):
            self.totals[SLOT_CACHE_ACTIVE] = 0
            self.drain_slots_caches()
        return self.totals[SLOT_CACHE_ACTIVE] != 0

    @cython.ccall
    @cython.nogil
    def drain_slots_caches(self) -> cython.int:
        """Give back what the CPUs' caches hold: __drain_swap_slots_cache()."""
        cpu: u32
        i: u32
        for cpu in range(self.nr_cpus):
            for i in range(SWAP_SLOTS_CACHE_SIZE):
                at: u32 = cpu * SWAP_SLOTS_CACHE_SIZE + i
                if self.slots_cache[at]:
                    self.swap_entry_free(self.slots_cache[at])
                    self.slots_cache[at] = 0
            self.caches[cpu].cur = 0
            self.caches[cpu].nr = 0
            self.flush_ret(cpu)
        return 0

    @cython.cfunc
    @cython.nogil
    def get_swap_pages(self, at: u32) -> u32:
        """Up to 64 slots of one area into `slots_cache` from `at` on: how many."""
        goal: u32 = SWAP_SLOTS_CACHE_SIZE
        if self.totals[NR_SWAP_PAGES] < goal:
            goal = cython.cast(u32, max(self.totals[NR_SWAP_PAGES], cython.cast(i64, 0)))
        tried: u64 = 0
        n: u32 = 0
        while n == 0 and goal:
            type_: u32 = self.next_area(tried)
            if type_ == MAX_SWAPFILES:
                break
            tried |= cython.cast(u64, 1) << type_
            while n < goal:
                offset: u64 = self.scan.take_slot(type_)
                if offset == 0:
                    break
                self.slots_cache[at + n] = swp_entry(type_, offset)
                n += 1
        self.totals[NR_SWAP_PAGES] -= n
        return n

    @cython.cfunc
    @cython.nogil
    def get_swap_page(self) -> u64:
        """One slot: of the area whose cluster this CPU fills (from 6.15), or the next area's."""
        cpu: u32 = self.current[0].cpu
        type_: u32
        offset: u64 = 0
        if self.totals[NR_SWAP_PAGES] <= 0:
            return 0
        if self.sysctl[0].kernel >= KERNEL_NO_SLOT_CACHE and self.caches[cpu].area:
            type_ = self.caches[cpu].area - 1
            if self.si[type_].flags & SWP_WRITEOK:
                if self.scan.percpu_next[type_ * self.nr_cpus + cpu]:
                    offset = self.scan.take_slot(type_)
        else:
            type_ = MAX_SWAPFILES
        tried: u64 = 0
        while offset == 0:
            type_ = self.next_area(tried)
            if type_ == MAX_SWAPFILES:
                return 0
            tried |= cython.cast(u64, 1) << type_
            offset = self.scan.take_slot(type_)
        if self.sysctl[0].kernel >= KERNEL_NO_SLOT_CACHE:
            self.caches[cpu].area = type_ + 1
        self.totals[NR_SWAP_PAGES] -= 1
        return swp_entry(type_, offset)

    @cython.cfunc
    @cython.nogil
    def next_area(self, tried: u64) -> u32:
        """The area to try next: the highest priority, of these the one that waited longest; it
        goes behind its equals. MAX_SWAPFILES when all were tried."""
        best: u32 = MAX_SWAPFILES
        type_: u32
        for type_ in range(MAX_SWAPFILES):
            if not self.si[type_].flags & SWP_WRITEOK or self.si[type_].highest_bit == 0:
                continue
            if tried & (cython.cast(u64, 1) << type_):
                continue
            if best == MAX_SWAPFILES or self.si[type_].prio > self.si[best].prio:
                best = type_
            elif self.si[type_].prio == self.si[best].prio:
                if self.si[type_].avail_seq < self.si[best].avail_seq:
                    best = type_
        if best != MAX_SWAPFILES:
            self.totals[AVAIL_SEQ] += 1
            self.si[best].avail_seq = cython.cast(u64, self.totals[AVAIL_SEQ])
        return best

    # -- counts

    @cython.ccall
    @cython.nogil
    def swap_duplicate(self, entry: u64) -> cython.int:
        """One more pte names the entry (fork, unmapping): 0 or -ENOMEM."""
        at: u64 = swap_slot_index(entry)
        count: u32 = self.slots[at].map & SWAP_COUNT_MASK
        if count >= SWAP_MAP_MAX and self.add_swap_count_continuation(at):
            return -ENOMEM
        assert count < CONTINUATION_MAX
        self.slots[at].map += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def add_swap_count_continuation(self, at: u64) -> cython.int:
        """A page for counts that do not fit into swap_map's byte, if its page of swap_map has none
        yet: 0 or -ENOMEM."""
        if self.continued[at >> MAP_PAGE_SHIFT]:
            return 0
        pfn: u64 = self.page_alloc.alloc_pages(GFP_ATOMIC, 0, -1)
        if pfn == 0:
            return -ENOMEM
        self.continued[at >> MAP_PAGE_SHIFT] = pfn
        return 0

    def free_swap_count_continuations(self, type_):
        """The area goes, and with it the pages of its large counts."""
        first = type_ << (SLOT_SHIFT - MAP_PAGE_SHIFT)
        for i in range(-(-int(self.si[type_].max) >> MAP_PAGE_SHIFT)):
            if self.continued[first + i]:
                self.pages[self.continued[first + i]].refcount = 0
                self.page_alloc.free_pages(self.continued[first + i], 0)
                self.continued[first + i] = 0

    @cython.ccall
    @cython.nogil
    def swap_shmem_alloc(self, entry: u64) -> cython.int:
        """A shmem file names the entry from now on."""
        self.slots[swap_slot_index(entry)].map += SWAP_MAP_SHMEM + 1
        return 0

    @cython.ccall
    @cython.nogil
    def swapcache_prepare(self, entry: u64) -> cython.int:
        """About to be read into a page: 0, -EEXIST if one holds it, -ENOENT if nobody needs it."""
        at: u64 = swap_slot_index(entry)
        if self.slots[at].map & SWAP_HAS_CACHE:
            return -EEXIST
        if not self.slots[at].map & SWAP_COUNT_MASK:
            return -ENOENT
        self.slots[at].map |= SWAP_HAS_CACHE
        return 0

    @cython.ccall
    @cython.nogil
    def swp_swapcount(self, entry: u64) -> u32:
        """How many ptes name the entry."""
        return self.slots[swap_slot_index(entry)].map & SWAP_COUNT_MASK

    @cython.ccall
    @cython.nogil
    def swap_free(self, entry: u64) -> cython.int:
        """A name of the entry is gone."""
        at: u64 = swap_slot_index(entry)
        assert self.slots[at].map & SWAP_COUNT_MASK
        if self.slots[at].map & SWAP_MAP_SHMEM:
            self.slots[at].map ^= SWAP_MAP_SHMEM
        self.slots[at].map -= 1
        if self.slots[at].map & (SWAP_COUNT_MASK | SWAP_HAS_CACHE):
            return 0
        self.slots[at].map |= SWAP_HAS_CACHE
        return self.free_swap_slot(entry)

    @cython.ccall
    @cython.nogil
    def put_swap_folio(self, entry: u64) -> cython.int:
        """No cached page, and none to come: swapcache_free()."""
        at: u64 = swap_slot_index(entry)
        assert self.slots[at].map & SWAP_HAS_CACHE
        if not self.slots[at].map & SWAP_COUNT_MASK:
            return self.free_swap_slot(entry)
        self.slots[at].map ^= SWAP_HAS_CACHE
        return 0

    @cython.cfunc
    @cython.nogil
    def free_swap_slot(self, entry: u64) -> cython.int:
        """An unused slot (still SWAP_HAS_CACHE) into this CPU's cache of such, or free."""
        cpu: u32 = self.current[0].cpu
        if not self.totals[SLOT_CACHE_ENABLED]:
            return self.swap_entry_free(entry)
        if self.caches[cpu].n_ret >= SWAP_SLOTS_CACHE_SIZE:
            self.flush_ret(cpu)
        self.slots_ret[cpu * SWAP_SLOTS_CACHE_SIZE + self.caches[cpu].n_ret] = entry
        self.caches[cpu].n_ret += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def flush_ret(self, cpu: u32) -> cython.int:
        """swapcache_free_entries()."""
        i: u32
        for i in range(self.caches[cpu].n_ret):
            at: u32 = cpu * SWAP_SLOTS_CACHE_SIZE + i
            self.swap_entry_free(self.slots_ret[at])
            self.slots_ret[at] = 0
        self.caches[cpu].n_ret = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def swap_entry_free(self, entry: u64) -> cython.int:
        """The slot is free: what it held, its shadow and its charge go."""
        self.memcontrol.mem_cgroup_uncharge_swap(entry, 1)
        self.page_io.slot_free_notify(entry)
        self.swap_state.clear_shadow(entry)
        self.slots[swap_slot_index(entry)].content = 0
        self.scan.swap_range_free(swp_type(entry), swp_offset(entry))
        if self.si[swp_type(entry)].flags & SWP_WRITEOK:
            self.totals[NR_SWAP_PAGES] += 1
        return 0

    # -- ptes that are zapped

    @cython.ccall
    @cython.nogil
    def free_swap_and_cache(self, entry: u64) -> cython.int:
        """A pte that named the entry is gone: drop its count, and its cached page if that was the
        last."""
        return self.free_swap_and_cache_nr(entry, 1)

    @cython.ccall
    @cython.nogil
    def free_swap_and_cache_nr(self, entry: u64, nr: u64) -> cython.int:
        """Ptes that named `nr` slots in a row are gone."""
        end: u64 = entry + nr
        if nr > 1 and self.is_last_map(entry, nr):
            self.free_last_names(entry, nr)
        else:
            i: u64 = entry
            while i < end:
                self.swap_free(i)
                i += 1
        while entry < end:
            if self.slots[swap_slot_index(entry)].map & SWAP_MAP_USED == SWAP_HAS_CACHE:
                self.swap_state.try_to_reclaim_swap(entry, False)
            entry += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def is_last_map(self, entry: u64, nr: u64) -> cython.bint:
        """Whether slots of one cluster have a last name each, and all or none a cached page: they
        are then freed together, past the cache of freed slots (swap_is_last_map())."""
        if nr > SWAPFILE_CLUSTER - (swp_offset(entry) & (SWAPFILE_CLUSTER - 1)):
            return False
        at: u64 = swap_slot_index(entry)
        first: u32 = self.slots[at].map & SWAP_MAP_USED
        if first != 1 and first != SWAP_HAS_CACHE + 1:
            return False
        i: u64 = 0
        while i < nr and self.slots[at + i].map & SWAP_MAP_USED == first:
            i += 1
        return i == nr

    @cython.cfunc
    @cython.nogil
    def free_last_names(self, entry: u64, nr: u64) -> cython.int:
        """The last names of slots in a row."""
        at: u64 = swap_slot_index(entry)
        cached: cython.bint = (self.slots[at].map & SWAP_HAS_CACHE) != 0
        i: u64
        for i in range(nr):
            self.slots[at + i].map = (self.slots[at + i].map - 1) | SWAP_HAS_CACHE
        if not cached:
            for i in range(nr):
                self.swap_entry_free(entry + i)
        return 0

    # -- invariants

    def check(self):
        """Totals, and what the caches hold. (Memory.check() recounts the names of slots.)"""
        free = total = 0
        for type_ in range(MAX_SWAPFILES):
            if self.si[type_].flags & SWP_WRITEOK:
                total += int(self.si[type_].pages)
                free += int(self.si[type_].pages) - int(self.si[type_].inuse_pages)
        assert self.totals[NR_SWAP_PAGES] == free, (self.totals[NR_SWAP_PAGES], free)
        assert self.totals[TOTAL_SWAP_PAGES] == total
        for entry in self.cached_entries():
            assert self.slots[swap_slot_index(entry)].map & SWAP_MAP_USED == SWAP_HAS_CACHE

    def cached_entries(self):
        """Entries that the CPUs' caches hold."""
        cached = self.nr_cpus * SWAP_SLOTS_CACHE_SIZE
        held = [int(self.slots_cache[i]) for i in range(cached)]
        held += [int(self.slots_ret[i]) for i in range(cached)]
        return [entry for entry in held if entry]

    def check_names(self, named):
        """`named`: how often ptes and shmem name each entry, recounted."""
        held = set(self.cached_entries())
        for at in self.arena.where("swap_slots", "map"):
            slot = int(self.slots[at].map)
            entry = (at >> SLOT_SHIFT) << 50 | at & (1 << SLOT_SHIFT) - 1
            if slot & SWAP_MAP_BAD:
                continue
            count = slot & SWAP_COUNT_MASK
            assert count == named.pop(entry, 0), f"entry {entry:#x}: counts {count} names"
            if slot & SWAP_HAS_CACHE:
                cached = self.swap_state.cached_page(entry)
                assert bool(cached) != (entry in held), f"entry {entry:#x}: no page holds it"
        assert not named, f"entries named but not in use: {named}"
