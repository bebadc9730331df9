"""MGLRU: generations instead of active and inactive lists.

    seq      max_seq - 3 .. max_seq      a generation is seq % 4; lists by generation, type, zone
    oldest   min_seq[type]               evicted from the tail (mglru_evict.py)
    youngest max_seq                     used since the last aging (mglru_age.py), or faulted in

A page's generation is in its flags. Aging moves a used page to the youngest generation by its flags
alone; it stays on the list where it is until eviction meets it there. Uses by file descriptors are
counted in the flags too (PG_referenced, PG_workingset, two bits more) and make its tier:
order_base_2(uses) of those beyond the first; tiers that refault more than the first are protected.

For the counters the two youngest generations are the active list.

Models mm/vmscan.c: lru_gen_change_state(), lru_gen_init_lruvec(); include/linux/mm_inline.h:
lru_gen_add_folio(), lru_gen_del_folio(), lru_gen_update_size(), folio_lru_refs(); mm/swap.c:
folio_inc_refs().
Not modelled: CONFIG_LRU_GEN_STATS.

Invariants: nr_pages of a generation is the number of pages whose flags name it; counters of the
active and inactive lists are those of the two youngest and the other generations;
min_seq <= max_seq - 1, and there are at most four generations.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import Clock
    from mmtwin.mm.gfp import MAX_NR_ZONES
    from mmtwin.mm.mem_map import MAX_LRUVECS, NR_LRU_GEN_LISTS, MemMap
    from mmtwin.mm.memcontrol import MEMCG_NONE, MemControl
    from mmtwin.mm.mmzone import Zones
    from mmtwin.mm.page_flags import (
        LRU_GEN_LIST_MASK, LRU_GEN_LIST_SHIFT, LRU_GEN_MASK, LRU_GEN_SHIFT, LRU_REFS_FLAGS,
        LRU_REFS_MASK, LRU_REFS_SHIFT, PG_active, PG_dirty, PG_reclaim, PG_referenced,
        PG_swapbacked, PG_swapcache, PG_unevictable, PG_workingset, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.pgtable import ALL_ONES
    from mmtwin.mm.types import Currents, I64s, Pages, Sysctls, U64s, i64, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_INACTIVE_ANON, NR_ZONE_INACTIVE_ANON

MIN_NR_GENS = cython.declare(cython.const[cython.ulonglong], 2)
MAX_NR_GENS = cython.declare(cython.const[cython.ulonglong], 4)
MAX_NR_TIERS = cython.declare(cython.const[cython.uint], 4)
MIN_LRU_BATCH = cython.declare(cython.const[cython.ulonglong], 64)
MAX_LRU_BATCH = cython.declare(cython.const[cython.ulonglong], 4096)
LRU_GEN_ANON = cython.declare(cython.const[cython.uint], 0)
LRU_GEN_FILE = cython.declare(cython.const[cython.uint], 1)

# Bits of /sys/kernel/mm/lru_gen/enabled
LRU_GEN_CORE = cython.declare(cython.const[cython.int], 1)
LRU_GEN_MM_WALK = cython.declare(cython.const[cython.int], 2)
LRU_GEN_NONLEAF_YOUNG = cython.declare(cython.const[cython.int], 4)

# struct lru_gen_folio and lru_gen_mm_state; more is in arrays beside it
LruGen = cython.struct(
    max_seq=u64,
    walk_seq=u64,  # the last generation for which page tables were walked, and one more
    initialised=u32,
    memcg_seg=u32,  # MEMCG_LRU_* when it was last moved
    memcg_next=u32,  # neighbours in the memcg LRU: 1 + lruvec
    memcg_prev=u32,
    memcg_gen=u32,  # its list there + 1; 0: on none
    pad=u32,
)

if cython.compiled:
    LruGens = cython.typedef(LruGen[::1])
else:
    LruGens = object


@cython.final
@cython.cclass
class Mglru:
    """The generations of all lruvecs."""

    pages: Pages
    current: Currents
    sysctl: Sysctls
    gens: LruGens
    min_seq: U64s  # lruvec * 2 + type
    timestamps: U64s  # lruvec * 4 + generation; ns
    nr_pages: I64s  # lruvec * 32 + (generation * 2 + type) * 4 + zone type
    in_fault: (
        U64s  # one cell: a fault whose pages count as used is under way: current->in_lru_fault
    )
    mem_map: MemMap
    vmstat: VmStat
    zones: Zones
    clock: Clock
    memcontrol: MemControl
    lru = cython.declare("Lru")
    nr_nodes: u32
    arena = cython.declare(object)

    def __init__(self, arena, config):
        self.arena = arena
        self.nr_nodes = len(config.nodes)
        self.pages, self.current, self.sysctl = arena.pages, arena.current, arena.sysctl
        self.gens = arena.array("lru_gens", "mglru.LruGen", MAX_LRUVECS)
        self.min_seq = arena.array("lru_gen_min_seq", "u64", MAX_LRUVECS * 2)
        self.timestamps = arena.array("lru_gen_timestamps", "u64", MAX_LRUVECS * 4)
        self.nr_pages = arena.array("lru_gen_nr_pages", "i64", MAX_LRUVECS * NR_LRU_GEN_LISTS)
        self.in_fault = arena.array("in_lru_fault", "u64", 1)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.mem_map, self.vmstat, self.zones, self.clock = m.mem_map, m.vmstat, m.zones, m.clock
        self.memcontrol, self.lru = m.memcontrol, m.lru

    # -- lruvecs

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def lru_gen_enabled(self) -> cython.bint:
        """Whether MGLRU is on."""
        return self.sysctl[0].lru_gen_enabled & LRU_GEN_CORE != 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def prepare(self, lruvec: u32) -> cython.int:
        """A lruvec met for the first time: lru_gen_init_lruvec()."""
        if not self.gens[lruvec].initialised:
            self.gens[lruvec].initialised = 1
            self.gens[lruvec].max_seq = MIN_NR_GENS + 1
            self.gens[lruvec].walk_seq = MIN_NR_GENS
            self.timestamps[lruvec * 4] = self.clock.now()
            self.timestamps[lruvec * 4 + 1] = self.clock.now()
            self.timestamps[lruvec * 4 + 2] = self.clock.now()
            self.timestamps[lruvec * 4 + 3] = self.clock.now()
        return 0

    @cython.ccall
    @cython.nogil
    def release(self, lruvec: u32) -> cython.int:
        """A cgroup is gone: its number may come back as another's."""
        self.gens[lruvec].initialised = 0
        self.gens[lruvec].max_seq = 0
        self.gens[lruvec].walk_seq = 0
        self.min_seq[lruvec * 2] = 0
        self.min_seq[lruvec * 2 + 1] = 0
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def get_nr_gens(self, lruvec: u32, type: u32) -> u64:
        """Generations that a type has."""
        return self.gens[lruvec].max_seq - self.min_seq[lruvec * 2 + type] + 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def gen_list(self, lruvec: u32, gen: u32, type: u32, zone_type: u32) -> u32:
        """Index of a generation's list."""
        first: u32 = self.mem_map.lru_gen_lists + lruvec * NR_LRU_GEN_LISTS
        return first + (gen * 2 + type) * MAX_NR_ZONES + zone_type

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def nr_index(self, lruvec: u32, gen: u32, type: u32, zone_type: u32) -> u32:
        """Index into nr_pages."""
        return lruvec * NR_LRU_GEN_LISTS + (gen * 2 + type) * MAX_NR_ZONES + zone_type

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def lru_gen_is_active(self, lruvec: u32, gen: u32) -> cython.bint:
        """Whether a generation is one of the two youngest."""
        max_seq: u64 = self.gens[lruvec].max_seq
        return gen == max_seq % MAX_NR_GENS or gen == (max_seq - 1) % MAX_NR_GENS

    # -- pages

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_type(self, pfn: u64) -> u32:
        """LRU_GEN_ANON or LRU_GEN_FILE: folio_is_file_lru()."""
        return LRU_GEN_ANON if self.pages[pfn].flags & PG_swapbacked else LRU_GEN_FILE

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_zone_type(self, pfn: u64) -> u32:
        """folio_zonenum()."""
        return (self.pages[pfn].zone - 1) % MAX_NR_ZONES

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_lru_gen(self, pfn: u64) -> cython.int:
        """The generation that its flags name, or -1."""
        return cython.cast(cython.int, (self.pages[pfn].flags & LRU_GEN_MASK) >> LRU_GEN_SHIFT) - 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def list_of(self, pfn: u64, lruvec: u32) -> u32:
        """Index of the list that holds it, perhaps another than its generation's."""
        gen: u32 = cython.cast(
            u32, (self.pages[pfn].flags & LRU_GEN_LIST_MASK) >> LRU_GEN_LIST_SHIFT
        )
        return self.gen_list(lruvec, gen, self.folio_type(pfn), self.folio_zone_type(pfn))

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def put_on_list(self, pfn: u64, lruvec: u32, gen: u32, to_tail: cython.bint) -> cython.int:
        """Onto a generation's list."""
        at: u32 = self.gen_list(lruvec, gen, self.folio_type(pfn), self.folio_zone_type(pfn))
        self.pages[pfn].flags = (self.pages[pfn].flags & ~LRU_GEN_LIST_MASK & ALL_ONES) | (
            cython.cast(u64, gen) << LRU_GEN_LIST_SHIFT
        )
        if to_tail:
            return self.mem_map.list_add_tail(at, pfn)
        return self.mem_map.list_add(at, pfn)

    @cython.cfunc
    @cython.nogil
    def move_to_list(self, pfn: u64, lruvec: u32, gen: u32, to_tail: cython.bint) -> cython.int:
        """From the list that holds it to a generation's."""
        self.mem_map.list_del(self.list_of(pfn, lruvec), pfn)
        return self.put_on_list(pfn, lruvec, gen, to_tail)

    @cython.cfunc
    @cython.nogil
    def lru_gen_add_folio(self, pfn: u64, lruvec: u32, reclaiming: cython.bint) -> cython.bint:
        """To the generation that suits it; False if it belongs on a classic list (unevictable)."""
        flags: u64 = self.pages[pfn].flags
        gen: u32
        if flags & PG_unevictable:
            return False
        self.prepare(lruvec)
        gen = cython.cast(u32, self.folio_seq(pfn, lruvec, reclaiming) % MAX_NR_GENS)
        flags = flags & ~(LRU_GEN_MASK | PG_active) & ALL_ONES
        self.pages[pfn].flags = flags | cython.cast(u64, gen + 1) << LRU_GEN_SHIFT
        self.add_size(pfn, lruvec, gen, 1)
        self.put_on_list(pfn, lruvec, gen, reclaiming)
        return True

    @cython.cfunc
    @cython.nogil
    def folio_seq(self, pfn: u64, lruvec: u32, reclaiming: cython.bint) -> u64:
        """Hot: the youngest. Not to be evicted at once (anonymous without a slot, dirty and marked
        by reclaim): the second youngest. To be evicted first: the oldest. Else the second oldest,
        unless that counts as active."""
        flags: u64 = self.pages[pfn].flags
        type: u32 = self.folio_type(pfn)
        max_seq: u64 = self.gens[lruvec].max_seq
        oldest: u64 = self.min_seq[lruvec * 2 + type]
        if flags & PG_active:
            return max_seq
        if type == LRU_GEN_ANON and not flags & PG_swapcache:
            return max_seq - 1
        if flags & PG_reclaim and flags & (PG_dirty | PG_writeback):
            return max_seq - 1
        if reclaiming or oldest + MIN_NR_GENS >= max_seq:
            return oldest
        return oldest + 1

    @cython.cfunc
    @cython.nogil
    def lru_gen_del_folio(self, pfn: u64, lruvec: u32, reclaiming: cython.bint) -> cython.bint:
        """Off its generation's list; it remembers whether it counted as active. False if it is on
        a classic list."""
        gen: cython.int = self.folio_lru_gen(pfn)
        active: u64 = 0
        if gen < 0:
            return False
        if not reclaiming and self.lru_gen_is_active(lruvec, gen):
            active = PG_active
        self.mem_map.list_del(self.list_of(pfn, lruvec), pfn)
        self.add_size(pfn, lruvec, gen, -1)
        self.pages[pfn].flags = active | (
            self.pages[pfn].flags & ~(LRU_GEN_MASK | LRU_GEN_LIST_MASK) & ALL_ONES
        )
        return True

    @cython.cfunc
    @cython.nogil
    def add_size(self, pfn: u64, lruvec: u32, gen: u32, sign: i64) -> cython.int:
        """It joins (1) or leaves (-1) a generation: lru_gen_update_size()."""
        type: u32 = self.folio_type(pfn)
        zone_type: u32 = self.folio_zone_type(pfn)
        nr: i64 = sign * self.lru.folio_nr_pages(pfn)
        self.nr_pages[self.nr_index(lruvec, gen, type, zone_type)] += nr
        return self.update_lru_size(
            lruvec, type * 2 + (1 if self.lru_gen_is_active(lruvec, gen) else 0), zone_type, nr
        )

    @cython.cfunc
    @cython.nogil
    def move_size(self, pfn: u64, lruvec: u32, old_gen: u32, new_gen: u32) -> cython.int:
        """It changes its generation. Only promotion changes the classic counters: demotion needs
        isolation."""
        type: u32 = self.folio_type(pfn)
        zone_type: u32 = self.folio_zone_type(pfn)
        nr: i64 = self.lru.folio_nr_pages(pfn)
        was: cython.bint = self.lru_gen_is_active(lruvec, old_gen)
        now: cython.bint = self.lru_gen_is_active(lruvec, new_gen)
        self.nr_pages[self.nr_index(lruvec, old_gen, type, zone_type)] -= nr
        self.nr_pages[self.nr_index(lruvec, new_gen, type, zone_type)] += nr
        if was != now:
            self.update_lru_size(lruvec, type * 2 + (1 if was else 0), zone_type, -nr)
            self.update_lru_size(lruvec, type * 2 + (1 if now else 0), zone_type, nr)
        return 0

    @cython.cfunc
    @cython.nogil
    def update_lru_size(self, lruvec: u32, lru: u32, zone_type: u32, nr: i64) -> cython.int:
        """Counters of a classic list: __update_lru_size()."""
        memcg: u32 = lruvec // self.nr_nodes
        node: u32 = lruvec % self.nr_nodes
        if memcg:
            self.memcontrol.mod_memcg_lruvec_state(memcg, node, NR_INACTIVE_ANON + lru, nr)
        self.vmstat.mod_node_page_state(node, NR_INACTIVE_ANON + lru, nr)
        return self.vmstat.mod_zone_page_state(
            self.zones.zone_index(node, zone_type), NR_ZONE_INACTIVE_ANON + lru, nr
        )

    # -- uses through file descriptors

    @cython.cfunc
    @cython.nogil
    def folio_inc_refs(self, pfn: u64) -> cython.int:
        """One more use: PG_referenced, then PG_workingset, then up to three are counted."""
        flags: u64 = self.pages[pfn].flags
        one: u64 = 1
        if flags & PG_unevictable:
            return 0
        if not flags & PG_referenced:
            self.pages[pfn].flags |= PG_referenced
        elif not flags & PG_workingset:
            self.pages[pfn].flags |= PG_workingset
        elif flags & LRU_REFS_MASK != LRU_REFS_MASK:
            self.pages[pfn].flags += one << LRU_REFS_SHIFT
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_lru_refs(self, pfn: u64) -> u32:
        """Uses beyond the first."""
        flags: u64 = self.pages[pfn].flags
        refs: u32 = cython.cast(u32, (flags & LRU_REFS_MASK) >> LRU_REFS_SHIFT)
        return refs + 1 if flags & PG_workingset else refs

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def lru_tier_from_refs(self, refs: u32) -> u32:
        """order_base_2(refs + 1): 0, 1, 2, 2, 3."""
        if refs < 2:
            return refs
        return 2 if refs < 4 else 3

    # -- generations of a page

    @cython.cfunc
    @cython.nogil
    def folio_update_gen(self, pfn: u64, gen: u32) -> cython.int:
        """Aging found it used: its old generation, or -1 if it is isolated (PG_referenced tells
        shrink_folio_list() then)."""
        old: cython.int = self.folio_lru_gen(pfn)
        flags: u64 = self.pages[pfn].flags
        if old < 0:
            self.pages[pfn].flags |= PG_referenced
            return -1
        flags = flags & ~(LRU_GEN_MASK | LRU_REFS_MASK | LRU_REFS_FLAGS) & ALL_ONES
        self.pages[pfn].flags = flags | cython.cast(u64, gen + 1) << LRU_GEN_SHIFT
        return old

    @cython.cfunc
    @cython.nogil
    def folio_inc_gen(self, pfn: u64, lruvec: u32, reclaiming: cython.bint) -> u32:
        """From the oldest generation to the next, unless aging has promoted it; its generation
        now."""
        old: u32 = cython.cast(u32, self.min_seq[lruvec * 2 + self.folio_type(pfn)] % MAX_NR_GENS)
        gen: u32 = cython.cast(u32, self.folio_lru_gen(pfn))
        flags: u64
        if gen != old:
            return gen
        gen = (old + 1) % cython.cast(u32, MAX_NR_GENS)
        flags = self.pages[pfn].flags
        flags = flags & ~(LRU_GEN_MASK | LRU_REFS_MASK | LRU_REFS_FLAGS) & ALL_ONES
        if reclaiming:
            flags |= PG_reclaim
        self.pages[pfn].flags = flags | cython.cast(u64, gen + 1) << LRU_GEN_SHIFT
        self.move_size(pfn, lruvec, old, gen)
        return gen

    # -- switching

    @cython.ccall
    @cython.nogil
    def lru_gen_change_state(self, caps: u32) -> cython.int:
        """Write lru_gen/enabled; core on or off moves every page to the other kind of lists."""
        enabled: cython.bint = caps & LRU_GEN_CORE != 0
        memcg: u32
        node: u32
        if enabled == self.lru_gen_enabled():
            self.sysctl[0].lru_gen_enabled = caps
            return 0
        self.sysctl[0].lru_gen_enabled = caps
        memcg = self.memcontrol.mem_cgroup_iter(0, MEMCG_NONE, 0, False)
        while memcg != MEMCG_NONE:
            for node in range(self.nr_nodes):
                if enabled:
                    self.fill_evictable(memcg * self.nr_nodes + node)
                else:
                    self.drain_evictable(memcg * self.nr_nodes + node)
            memcg = self.memcontrol.mem_cgroup_iter(0, memcg, 0, False)
        return 0

    @cython.cfunc
    @cython.nogil
    def fill_evictable(self, lruvec: u32) -> cython.int:
        """From the classic lists to generations, tails first."""
        lru: u32
        at: u32
        pfn: u64
        self.prepare(lruvec)
        for lru in range(4):
            at = self.mem_map.lru_list(lruvec, lru)
            while self.mem_map.lists[at].nr:
                pfn = self.mem_map.lists[at].last
                self.lru.lruvec_del_folio(pfn)
                self.lru.lruvec_add_folio(pfn, False)
        return 0

    @cython.cfunc
    @cython.nogil
    def drain_evictable(self, lruvec: u32) -> cython.int:
        """From generations to the classic lists, tails first."""
        i: u32
        at: u32
        pfn: u64
        for i in range(NR_LRU_GEN_LISTS):
            at = self.mem_map.lru_gen_lists + lruvec * NR_LRU_GEN_LISTS + i
            while self.mem_map.lists[at].nr:
                pfn = self.mem_map.lists[at].last
                self.lru.lruvec_del_folio(pfn)
                self.lru.lruvec_add_folio(pfn, False)
        return 0

    # -- figures and invariants

    def generations(self, lruvec):
        """[(seq, age in ns, {type: pages})] of a lruvec, oldest first: debugfs lru_gen."""
        self.prepare(lruvec)
        found = []
        now = self.clock.now()
        for seq in range(int(self.min_seq[lruvec * 2]), int(self.gens[lruvec].max_seq) + 1):
            gen = seq % 4
            sizes = [
                sum(
                    max(0, int(self.nr_pages[lruvec * 32 + (gen * 2 + type) * 4 + zone]))
                    for zone in range(4)
                )
                for type in range(2)
            ]
            found.append((seq, now - int(self.timestamps[lruvec * 4 + gen]), sizes))
        return found

    def classic_pages(self, lruvec, lru):
        """Pages of generations that count as on a classic list."""
        if not self.gens[lruvec].initialised:
            return 0
        return sum(
            int(self.nr_pages[self.nr_index(lruvec, gen, lru // 2, zone_type)])
            for gen in range(4)
            for zone_type in range(MAX_NR_ZONES)
            if self.lru_gen_is_active(lruvec, gen) == bool(lru % 2)
        )

    def check(self):
        """Generations are in order, and sizes those of the pages on the lists."""
        for lruvec in self.arena.where("lru_gens", "initialised"):
            for type in range(2):
                assert 2 <= self.get_nr_gens(lruvec, type) <= 4
            self.check_sizes(lruvec)

    def check_sizes(self, lruvec):
        """Count by flags what is on the lists of a lruvec."""
        counted = {}
        first = self.mem_map.lru_gen_lists + lruvec * NR_LRU_GEN_LISTS
        for i in range(NR_LRU_GEN_LISTS):
            for pfn in self.mem_map.members(first + i):
                assert self.list_of(pfn, lruvec) == first + i
                key = (self.folio_lru_gen(pfn) * 2 + self.folio_type(pfn)) * 4
                key += self.folio_zone_type(pfn)
                counted[key] = counted.get(key, 0) + self.lru.folio_nr_pages(pfn)
        for i in range(NR_LRU_GEN_LISTS):
            assert self.nr_pages[lruvec * NR_LRU_GEN_LISTS + i] == counted.get(i, 0)
