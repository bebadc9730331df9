"""MGLRU under reclaim: how much of which lruvec, when to age, and the LRU of cgroups.

    memcg reclaim    lru_gen_shrink_lruvec() for each cgroup of the tree (vmscan.py walks it)
    global reclaim   lru_gen_shrink_node(): cgroups of the node's oldest memcg generation, in turns

    get_nr_to_scan()   (pages of the lruvec) >> priority; if it is low on cold pages, age instead,
                       but not at the first priority

A node's cgroups stand on lists: head, then those reclaimed lately (young), older ones (old) and
those met first (tail); a turn ends when the old list is empty.

Models mm/vmscan.c: lru_gen_shrink_lruvec(), lru_gen_shrink_node(), shrink_many(), shrink_one(),
try_to_shrink_lruvec(), should_abort_scan(), get_nr_to_scan(), should_run_aging(),
get_swappiness(), set_initial_priority(), lru_gen_age_node(), lru_gen_rotate_memcg(),
lru_gen_soft_reclaim(); the debugfs commands.
Not modelled: the random bins of a memcg generation (here it is one list, in order); v1's soft
limits; kswapd's ageing before 6.3 (done by whoever reclaims, as later).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.blk_plug import BlkPlug
    from mmtwin.mm.gfp import GFP_IO_BIT
    from mmtwin.mm.memcontrol import MEMCG_NONE, MemControl
    from mmtwin.mm.mglru import MAX_NR_GENS, MIN_LRU_BATCH, MIN_NR_GENS, LruGens, Mglru
    from mmtwin.mm.mglru_age import MglruAge
    from mmtwin.mm.mglru_evict import MglruEvict
    from mmtwin.mm.mmzone import ZoneRecords, Zones
    from mmtwin.mm.page_writeback import WB_REASON_VMSCAN
    from mmtwin.mm.pgdat import PgdatArray
    from mmtwin.mm.scan_control import DEF_PRIORITY, RECLAIMER_KSWAPD, ScanControls, ScanStack
    from mmtwin.mm.types import Sysctls, U64s, i64, u32, u64
    from mmtwin.mm.vmscan import Vmscan
    from mmtwin.mm.vmscan_lruvec import ShrinkLruvec
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_INACTIVE_ANON, NR_INACTIVE_FILE

# What shrink_one() asks for: a move in the memcg LRU
MEMCG_LRU_NOP = cython.declare(cython.const[cython.int], 0)
MEMCG_LRU_HEAD = cython.declare(cython.const[cython.int], 1)
MEMCG_LRU_TAIL = cython.declare(cython.const[cython.int], 2)
MEMCG_LRU_OLD = cython.declare(cython.const[cython.int], 3)
MEMCG_LRU_YOUNG = cython.declare(cython.const[cython.int], 4)
KERNEL_WAKES_FLUSHERS = cython.declare(cython.const[cython.int], 612)
MEMCG_LRU = cython.declare(cython.const[cython.int], 603)  # before, each walk meets every cgroup


@cython.final
@cython.cclass
class MglruShrink:
    """Decides."""

    records: ZoneRecords
    pgdats: PgdatArray
    scs: ScanControls
    sysctl: Sysctls
    gens: LruGens
    memcg_seq: U64s  # node: the memcg generation that is being reclaimed
    turn: U64s  # 1 + lruvec: the turn in which a cgroup was last reclaimed
    zones: Zones
    vmstat: VmStat
    memcontrol: MemControl
    stack: ScanStack
    vmscan: Vmscan
    shrink: ShrinkLruvec
    mglru: Mglru
    age: MglruAge
    evict: MglruEvict
    clock = cython.declare("Clock")
    plug: BlkPlug
    lru = cython.declare("Lru")
    oom_kill = cython.declare("OomKill")
    writeback = cython.declare("PageWriteback")
    nr_nodes: u32

    def __init__(self, arena, config):
        self.nr_nodes = len(config.nodes)
        self.records, self.pgdats, self.scs = arena.zones, arena.pgdats, arena.scan_controls
        self.sysctl, self.gens = arena.sysctl, arena.lru_gens
        self.memcg_seq = arena.array("lru_gen_memcg_seq", "u64", self.nr_nodes)
        self.turn = arena.array("lru_gen_memcg_turn", "u64", len(self.gens))

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.zones, self.vmstat, self.memcontrol = m.zones, m.vmstat, m.memcontrol
        self.stack, self.vmscan, self.shrink = m.scan_stack, m.vmscan, m.shrink
        self.mglru, self.age, self.evict = m.mglru, m.mglru_age, m.mglru_evict
        self.clock, self.lru, self.oom_kill = m.clock, m.lru, m.oom_kill
        self.writeback = m.page_writeback
        self.plug = m.blk_plug

    # -- how much

    @cython.cfunc
    @cython.nogil
    def get_swappiness(self, sc: u32, lruvec: u32) -> u64:
        """0 where nothing may be swapped, or less than a batch could."""
        memcg: u32 = lruvec // self.nr_nodes
        if not self.scs[sc].may_swap:
            return 0
        if self.memcontrol.mem_cgroup_get_nr_swap_pages(memcg) < cython.cast(i64, MIN_LRU_BATCH):
            return 0
        return cython.cast(u64, self.shrink.sc_swappiness(sc, memcg))

    @cython.cfunc
    @cython.nogil
    def should_run_aging(self, lruvec: u32, can_swap: cython.bint) -> cython.bint:
        """Whether cold pages are few, or hot ones many; sets nr_total."""
        type: u32
        gen: u32
        seq: u64
        size: u64
        old: u64 = 0
        young: u64 = 0
        first: u32 = 0 if can_swap else 1
        max_seq: u64 = self.gens[lruvec].max_seq
        oldest: u64 = self.mglru.min_seq[lruvec * 2 + first]
        self.nr_total = 0
        if oldest + MIN_NR_GENS > max_seq:
            return True
        for type in range(first, 2):
            seq = self.mglru.min_seq[lruvec * 2 + type]
            while seq <= max_seq:
                gen = cython.cast(u32, seq % MAX_NR_GENS)
                size = self.size_of(lruvec, gen, type)
                self.nr_total += size
                if seq == max_seq:
                    young += size
                elif seq + MIN_NR_GENS == max_seq:
                    old += size
                seq += 1
        if oldest + MIN_NR_GENS < max_seq:
            return False
        if young * MIN_NR_GENS > self.nr_total:
            return True
        return old * (MIN_NR_GENS + 2) < self.nr_total

    nr_total = cython.declare(u64)

    @cython.cfunc
    @cython.nogil
    def size_of(self, lruvec: u32, gen: u32, type: u32) -> u64:
        """Pages of a generation."""
        zone_type: u32
        nr: i64
        size: u64 = 0
        for zone_type in range(4):
            nr = self.mglru.nr_pages[self.mglru.nr_index(lruvec, gen, type, zone_type)]
            if nr > 0:
                size += cython.cast(u64, nr)
        return size

    @cython.cfunc
    @cython.nogil
    def get_nr_to_scan(self, sc: u32, lruvec: u32, can_swap: cython.bint) -> i64:
        """Pages to look at; 0: none; -1: the lruvec's turn is over (protected, or it was aged)."""
        memcg: u32 = lruvec // self.nr_nodes
        max_seq: u64 = self.gens[lruvec].max_seq
        aging: cython.bint
        if self.memcontrol.mem_cgroup_below_min(self.scs[sc].target_mem_cgroup, memcg):
            return -1
        aging = self.should_run_aging(lruvec, can_swap)
        if self.nr_total and not self.memcontrol.mem_cgroup_online(memcg):
            return cython.cast(i64, self.nr_total)
        if not aging or self.scs[sc].priority == DEF_PRIORITY:
            return cython.cast(i64, self.nr_total >> self.scs[sc].priority)
        return -1 if self.age.try_to_inc_max_seq(lruvec, max_seq, can_swap, False) else 0

    # -- a lruvec

    @cython.cfunc
    @cython.nogil
    def try_to_shrink_lruvec(self, sc: u32, lruvec: u32) -> cython.bint:
        """Batch after batch, up to its share; whether the cgroup is to be rotated. Where all files
        of the oldest generation were dirty, the flushers are woken (6.13, and 6.12 by backport)."""
        swappiness: u64 = self.get_swappiness(sc, lruvec)
        nr_to_scan: i64
        scanned: u64 = 0
        delta: u64
        self.mglru.prepare(lruvec)
        if swappiness and not self.scs[sc].gfp_mask & GFP_IO_BIT:
            swappiness = 1
        while True:
            nr_to_scan = self.get_nr_to_scan(sc, lruvec, swappiness != 0)
            if nr_to_scan <= 0:
                break
            delta = self.evict.evict_folios(sc, lruvec, swappiness)
            if delta == 0:
                break
            scanned += delta
            if scanned >= cython.cast(u64, nr_to_scan) or self.should_abort_scan(sc, lruvec):
                break
            self.clock.cond_resched()
        if self.sysctl[0].kernel >= KERNEL_WAKES_FLUSHERS and self.scs[sc].nr_unqueued_dirty:
            if self.scs[sc].nr_unqueued_dirty == self.scs[sc].nr_file_taken:
                self.writeback.wakeup_flusher_threads(WB_REASON_VMSCAN)
        return nr_to_scan < 0

    @cython.cfunc
    @cython.nogil
    def should_abort_scan(self, sc: u32, lruvec: u32) -> cython.bint:
        """Global reclaim has enough; kswapd, if its zones are above high and a little more."""
        node: u32 = lruvec % self.nr_nodes
        zone: u32
        zone_type: u32
        order: cython.int = self.scs[sc].order
        enough: u64 = cython.cast(u64, 2 << order) if order else 0
        if not self.stack.root_reclaim(sc):
            return False
        if enough < self.scs[sc].nr_to_reclaim:
            enough = self.scs[sc].nr_to_reclaim
        if self.scs[sc].nr_reclaimed >= enough:
            return True
        if self.scs[sc].reclaimer != RECLAIMER_KSWAPD or order:
            return False
        for zone_type in range(self.scs[sc].reclaim_idx + 1):
            zone = self.zones.zone_index(node, zone_type)
            if self.records[zone].managed_pages and not self.zones.zone_watermark_ok(
                zone,
                0,
                self.zones.high_wmark_pages(zone) + cython.cast(i64, MIN_LRU_BATCH),
                self.scs[sc].reclaim_idx,
                0,
            ):
                return False
        return True

    @cython.ccall
    @cython.nogil
    def lru_gen_shrink_lruvec(self, sc: u32, lruvec: u32) -> cython.int:
        """Reclaim of a cgroup."""
        self.lru.lru_add_drain()
        self.plug.blk_start_plug()
        self.age.has_walk = self.scs[sc].proactive != 0
        self.try_to_shrink_lruvec(sc, lruvec)
        self.age.has_walk = False
        self.plug.blk_finish_plug()
        return 0

    # -- a node

    @cython.ccall
    @cython.nogil
    def lru_gen_shrink_node(self, sc: u32, node: u32) -> cython.int:
        """Global reclaim from a node; not for those who may neither write nor unmap."""
        kswapd: cython.bint = self.scs[sc].reclaimer == RECLAIMER_KSWAPD
        before: u64 = self.scs[sc].nr_reclaimed
        if self.scs[sc].may_writepage and self.scs[sc].may_unmap:
            self.lru.lru_add_drain()
            self.age.has_walk = kswapd or self.scs[sc].proactive
            self.set_initial_priority(sc, node)
            if kswapd:
                self.scs[sc].nr_reclaimed = 0
            self.plug.blk_start_plug()
            self.shrink_many(sc, node)
            self.plug.blk_finish_plug()
            if kswapd:
                self.scs[sc].nr_reclaimed += before
            self.age.has_walk = False
        if self.scs[sc].nr_reclaimed > before:
            self.pgdats[node].kswapd_failures = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def set_initial_priority(self, sc: u32, node: u32) -> cython.int:
        """Begin where a generation's share of what is inactive would be enough."""
        pages: i64 = self.vmstat.node_page_state(node, NR_INACTIVE_FILE)
        priority: cython.int
        if self.scs[sc].priority != DEF_PRIORITY or self.scs[sc].nr_to_reclaim < MIN_LRU_BATCH:
            return 0
        if self.shrink.can_reclaim_anon_pages(0):
            pages += self.vmstat.node_page_state(node, NR_INACTIVE_ANON)
        priority = self.fls(cython.cast(u64, pages)) - 1
        priority -= self.fls(self.scs[sc].nr_to_reclaim - 1)
        if priority < DEF_PRIORITY // 2:
            priority = DEF_PRIORITY // 2
        if priority > DEF_PRIORITY:
            priority = DEF_PRIORITY
        self.scs[sc].priority = priority
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fls(self, value: u64) -> cython.int:
        """Number of the highest set bit, from 1; 0 for none: fls_long()."""
        found: cython.int = 0
        while value:
            found += 1
            value >>= 1
        return found

    @cython.cfunc
    @cython.nogil
    def shrink_many(self, sc: u32, node: u32) -> cython.int:
        """The cgroups that have not had their turn yet, in the tree's order, until there is enough;
        when all have had it, a new turn begins."""
        memcg: u32 = self.memcontrol.mem_cgroup_iter(0, MEMCG_NONE, node, False)
        lruvec: u32
        left: cython.bint = False
        while memcg != MEMCG_NONE:
            lruvec = memcg * self.nr_nodes + node
            if self.turn[lruvec] <= self.memcg_seq[node]:
                if self.shrink_one(sc, lruvec) != MEMCG_LRU_NOP:
                    self.turn[lruvec] = self.memcg_seq[node] + 1
                if self.should_abort_scan(sc, lruvec):
                    left = True
                    break
            memcg = self.memcontrol.mem_cgroup_iter(0, memcg, node, False)
        if memcg != MEMCG_NONE:
            self.memcontrol.mem_cgroup_iter_break(0, memcg)
        if not left:
            self.memcg_seq[node] += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def shrink_one(self, sc: u32, lruvec: u32) -> cython.int:
        """One cgroup in global reclaim: MEMCG_LRU_*."""
        memcg: u32 = lruvec // self.nr_nodes
        node: u32 = lruvec % self.nr_nodes
        success: cython.bint
        self.memcontrol.mem_cgroup_calculate_protection(0, memcg)
        if self.memcontrol.mem_cgroup_below_min(0, memcg):
            return MEMCG_LRU_YOUNG
        if self.memcontrol.mem_cgroup_below_low(0, memcg):
            if self.gens[lruvec].memcg_seg != MEMCG_LRU_TAIL:
                self.gens[lruvec].memcg_seg = MEMCG_LRU_TAIL
                return MEMCG_LRU_NOP
            self.memcontrol.memcg_memory_event_low(memcg)
        success = self.try_to_shrink_lruvec(sc, lruvec)
        self.vmscan.shrink_slab(sc, memcg, node)
        self.gens[lruvec].memcg_seg = MEMCG_LRU_YOUNG
        return MEMCG_LRU_YOUNG if success else MEMCG_LRU_NOP

    # -- kswapd

    @cython.ccall
    @cython.nogil
    def lru_gen_age_node(self, sc: u32, node: u32) -> cython.int:
        """Before kswapd reclaims: if all generations of all cgroups are younger than min_ttl_ms,
        the working set does not fit, and somebody has to go."""
        min_ttl: u64 = cython.cast(u64, self.sysctl[0].lru_gen_min_ttl_ms) * 1000000
        memcg: u32
        reclaimable: cython.bint = min_ttl == 0
        self.set_initial_priority(sc, node)
        memcg = self.memcontrol.mem_cgroup_iter(0, MEMCG_NONE, node, False)
        while memcg != MEMCG_NONE:
            self.memcontrol.mem_cgroup_calculate_protection(0, memcg)
            if not reclaimable:
                reclaimable = self.lruvec_is_reclaimable(sc, memcg * self.nr_nodes + node, min_ttl)
            memcg = self.memcontrol.mem_cgroup_iter(0, memcg, node, False)
        if not reclaimable:
            self.oom_kill.out_of_memory(self.scs[sc].gfp_mask, 0)
        return 0

    @cython.cfunc
    @cython.nogil
    def lruvec_is_reclaimable(self, sc: u32, lruvec: u32, min_ttl: u64) -> cython.bint:
        """Large enough, and its oldest generation old enough."""
        memcg: u32 = lruvec // self.nr_nodes
        can_swap: cython.bint = self.get_swappiness(sc, lruvec) != 0
        seq: u64
        gen: u32
        self.mglru.prepare(lruvec)
        if self.memcontrol.mem_cgroup_below_min(0, memcg):
            return False
        self.should_run_aging(lruvec, can_swap)
        if not (
            self.nr_total >> self.scs[sc].priority
            if self.memcontrol.mem_cgroup_online(memcg)
            else self.nr_total
        ):
            return False
        seq = self.mglru.min_seq[lruvec * 2 + (0 if can_swap else 1)]
        gen = cython.cast(u32, seq % MAX_NR_GENS)
        return self.clock.now() >= self.mglru.timestamps[lruvec * 4 + gen] + min_ttl

    # -- debugfs commands

    @cython.ccall
    @cython.nogil
    def run_aging(
        self, memcg: u32, node: u32, seq: u64, can_swap: cython.bint, force: cython.bint
    ) -> cython.int:
        """ "+ memcg node seq": 0, or -EINVAL (22), -ERANGE (34) for a wrong generation."""
        lruvec: u32 = memcg * self.nr_nodes + node
        self.mglru.prepare(lruvec)
        if seq < self.gens[lruvec].max_seq:
            return 0
        if seq > self.gens[lruvec].max_seq:
            return -22
        if not force and self.mglru.min_seq[lruvec * 2 + (0 if can_swap else 1)] + 3 <= seq:
            return -34
        self.age.try_to_inc_max_seq(lruvec, seq, can_swap, force)
        return 0

    @cython.ccall
    @cython.nogil
    def run_eviction(self, memcg: u32, node: u32, seq: u64, swappiness: u64, nr: u64) -> cython.int:
        """ "- memcg node seq swappiness nr": evict generations up to seq: 0 or -EINVAL."""
        lruvec: u32 = memcg * self.nr_nodes + node
        first: u32 = 0 if swappiness else 1
        sc: u32
        self.mglru.prepare(lruvec)
        if seq + MIN_NR_GENS > self.gens[lruvec].max_seq:
            return -22
        sc = self.stack.begin()
        self.scs[sc].may_writepage = 1
        self.scs[sc].may_swap = 1
        self.scs[sc].reclaim_idx = 3
        self.scs[sc].gfp_mask = 0xCC0
        self.scs[sc].proactive = 1
        self.age.has_walk = True
        while self.mglru.min_seq[lruvec * 2 + first] <= seq and self.scs[sc].nr_reclaimed < nr:
            if self.evict.evict_folios(sc, lruvec, swappiness) == 0:
                break
        self.age.has_walk = False
        self.stack.end(sc)
        return 0
