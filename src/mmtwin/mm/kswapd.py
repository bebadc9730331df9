"""kswapd: a thread a node that keeps free pages between the low and the high watermark.

    asleep --wakeup_kswapd()--> balance_pgdat(): priority 12 .. 1, until a zone is above high
      ^                             |
      |        balanced             v
      +---- nap of 100 ms <---------+     woken in the nap, or no longer balanced after it: again

Boosted watermarks (an allocation had to mix kinds of pages in a pageblock) are reclaimed for as
well, but without writing or swapping.

Models mm/vmscan.c: kswapd(), kswapd_try_to_sleep(), prepare_kswapd_sleep(), balance_pgdat(),
pgdat_balanced(), kswapd_shrink_node(), kswapd_age_node(), wakeup_kswapd(),
pgdat_watermark_boosted().
Not modelled: kcompactd; freezing; pressure thresholds of the per-CPU counters (only zones whose
marks are closer than their drift have them).

Invariant: ZONE_RECLAIM_ACTIVE is set only while kswapd runs.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import JIFFY_NS, KTHREAD_KSWAPD, Clock
    from mmtwin.mm.gfp import GFP_KERNEL, MAX_NR_ZONES, ZONE_NORMAL
    from mmtwin.mm.lruvec import LRUVEC_CGROUP_CONGESTED, LRUVEC_NODE_CONGESTED, SWAP_CLUSTER
    from mmtwin.mm.memcontrol import MEMCG_NONE
    from mmtwin.mm.mmzone import ZONE_RECLAIM_ACTIVE, ZoneRecords, Zones
    from mmtwin.mm.pgdat import PGDAT_DIRTY, PGDAT_WRITEBACK, PgdatArray
    from mmtwin.mm.scan_control import DEF_PRIORITY, RECLAIMER_KSWAPD, ScanControls, ScanStack
    from mmtwin.mm.types import Sysctls, U64s, u32, u64
    from mmtwin.mm.vmscan import MAX_KSWAPD_FAILURES, TRIM_MODE_FAILS, Vmscan
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        KSWAPD_HIGH_WMARK_HIT_QUICKLY, KSWAPD_LOW_WMARK_HIT_QUICKLY, PAGEOUTRUN,
    )  # fmt: skip

# Pgdat.kswapd_state
KSWAPD_ASLEEP = cython.declare(cython.const[cython.uint], 0)
KSWAPD_AWAKE = cython.declare(cython.const[cython.uint], 1)  # woken, or at work
KSWAPD_NAPPING = cython.declare(cython.const[cython.uint], 2)

# What a round of balance_pgdat() leads to
BALANCE_ON = cython.declare(cython.const[cython.int], 0)
BALANCE_DONE = cython.declare(cython.const[cython.int], 1)
BALANCE_FAILED = cython.declare(cython.const[cython.int], 2)
BALANCE_RESTART = cython.declare(cython.const[cython.int], 3)

NAP_JIFFIES = cython.declare(cython.const[cython.ulonglong], 25)  # HZ / 10


@cython.final
@cython.cclass
class Kswapd:
    """The threads."""

    records: ZoneRecords
    pgdats: PgdatArray
    scs: ScanControls
    sysctl: Sysctls
    boosts: U64s  # node * MAX_NR_ZONES + type: boosts when a balance_pgdat() began
    zones: Zones
    vmstat: VmStat
    clock: Clock
    stack: ScanStack
    vmscan: Vmscan
    nr_nodes: u32

    def __init__(self, arena, config):
        self.nr_nodes = len(config.nodes)
        self.records, self.pgdats, self.scs = arena.zones, arena.pgdats, arena.scan_controls
        self.sysctl = arena.sysctl
        self.boosts = arena.array("kswapd_boosts", "u64", self.nr_nodes * MAX_NR_ZONES)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.zones, self.vmstat, self.clock = m.zones, m.vmstat, m.clock
        self.stack, self.vmscan = m.scan_stack, m.vmscan

    def boot(self):
        """A thread a node, asleep: kswapd_run()."""
        for node in range(self.nr_nodes):
            self.pgdats[node].kswapd_kthread = self.clock.new_kthread(KTHREAD_KSWAPD, node)
            self.pgdats[node].kswapd_highest_zoneidx = MAX_NR_ZONES
            self.pgdats[node].sleep_zoneidx = MAX_NR_ZONES - 1

    # -- waking

    @cython.ccall
    @cython.nogil
    def wakeup_kswapd(self, zone: u32, gfp: u32, order: cython.int, zone_type: u32) -> cython.int:
        """Unless it is at work, hopeless, or not needed after all."""
        node: u32 = self.records[zone].node
        highest: u32 = self.pgdats[node].kswapd_highest_zoneidx
        if self.records[zone].managed_pages == 0:
            return 0
        if highest == MAX_NR_ZONES or highest < zone_type:
            self.pgdats[node].kswapd_highest_zoneidx = zone_type
        if self.pgdats[node].kswapd_order < cython.cast(u32, order):
            self.pgdats[node].kswapd_order = order
        if self.pgdats[node].kswapd_state == KSWAPD_AWAKE:
            return 0
        if self.pgdats[node].kswapd_failures >= MAX_KSWAPD_FAILURES:
            return 0
        if self.pgdat_balanced(node, order, zone_type):
            if not self.pgdat_watermark_boosted(node, zone_type):
                return 0
        self.records[zone].kswapd_wakeups += 1
        return self.wake(node)

    @cython.cfunc
    @cython.nogil
    def wake(self, node: u32) -> cython.int:
        """wake_up_interruptible(); a nap is cut short."""
        return self.clock.wake_kthread(self.pgdats[node].kswapd_kthread, self.clock.now())

    @cython.ccall
    @cython.nogil
    def wake_for_reserves(self, node: u32) -> cython.int:
        """Direct reclaim waits for the reserves of zones up to Normal."""
        if self.pgdats[node].kswapd_state == KSWAPD_AWAKE:
            return 0
        if self.pgdats[node].kswapd_highest_zoneidx > ZONE_NORMAL:
            self.pgdats[node].kswapd_highest_zoneidx = ZONE_NORMAL
        return self.wake(node)

    # -- the thread

    @cython.ccall
    @cython.nogil
    def kswapd(self, node: u32) -> u64:
        """From a wake-up, or a nap's end, to the next sleep or nap."""
        remaining: cython.bint = self.clock.now() < self.pgdats[node].nap_ends
        if self.pgdats[node].kswapd_state == KSWAPD_NAPPING:
            if not self.end_nap(node, remaining):
                return 0
        self.pgdats[node].kswapd_state = KSWAPD_AWAKE
        while True:
            self.run(node)
            if self.prepare_kswapd_sleep(node):
                self.pgdats[node].kswapd_state = KSWAPD_NAPPING
                self.pgdats[node].nap_ends = self.clock.now() + NAP_JIFFIES * JIFFY_NS
                return self.pgdats[node].nap_ends
            self.vmstat.count_vm_events(KSWAPD_HIGH_WMARK_HIT_QUICKLY, 1)

    @cython.cfunc
    @cython.nogil
    def end_nap(self, node: u32, remaining: cython.bint) -> cython.bint:
        """Whether there is work: it was woken early, or the watermarks are no longer met. If not,
        it sleeps until it is woken."""
        if remaining:
            self.pgdats[node].kswapd_highest_zoneidx = self.highest_zoneidx(node)
            if self.pgdats[node].kswapd_order < self.pgdats[node].sleep_order:
                self.pgdats[node].kswapd_order = self.pgdats[node].sleep_order
            self.vmstat.count_vm_events(KSWAPD_LOW_WMARK_HIT_QUICKLY, 1)
            return True
        if self.prepare_kswapd_sleep(node):
            self.pgdats[node].kswapd_state = KSWAPD_ASLEEP
            return False
        self.vmstat.count_vm_events(KSWAPD_HIGH_WMARK_HIT_QUICKLY, 1)
        return True

    @cython.cfunc
    @cython.nogil
    def highest_zoneidx(self, node: u32) -> u32:
        """What was asked for, or else what it did last: kswapd_highest_zoneidx()."""
        asked: u32 = self.pgdats[node].kswapd_highest_zoneidx
        return self.pgdats[node].sleep_zoneidx if asked == MAX_NR_ZONES else asked

    @cython.cfunc
    @cython.nogil
    def run(self, node: u32) -> cython.int:
        """Take the order and zone type that were asked for, and balance; what is to be judged by
        when going to sleep is left in sleep_*."""
        order: u32 = self.pgdats[node].kswapd_order
        highest: u32 = self.highest_zoneidx(node)
        reached: u32
        self.pgdats[node].kswapd_order = 0
        self.pgdats[node].kswapd_highest_zoneidx = MAX_NR_ZONES
        reached = self.balance_pgdat(node, order, highest)
        self.pgdats[node].sleep_order = reached
        self.pgdats[node].sleep_alloc_order = order
        self.pgdats[node].sleep_zoneidx = highest
        if reached >= order:
            self.pgdats[node].sleep_order = self.pgdats[node].kswapd_order
            self.pgdats[node].sleep_zoneidx = self.highest_zoneidx(node)
        return 0

    @cython.cfunc
    @cython.nogil
    def prepare_kswapd_sleep(self, node: u32) -> cython.bint:
        """Whether the node is balanced, or hopeless."""
        lruvec: u32 = node
        flags: u32
        if self.pgdats[node].kswapd_failures >= MAX_KSWAPD_FAILURES:
            return True
        if not self.pgdat_balanced(
            node, self.pgdats[node].sleep_order, self.pgdats[node].sleep_zoneidx
        ):
            return False
        flags = self.pgdats[node].flags
        self.pgdats[node].flags = flags & (flags ^ (PGDAT_DIRTY | PGDAT_WRITEBACK))
        self.vmscan.clear_lruvec_flag(lruvec, LRUVEC_NODE_CONGESTED)
        self.vmscan.clear_lruvec_flag(lruvec, LRUVEC_CGROUP_CONGESTED)
        return True

    # -- balance

    @cython.ccall
    @cython.nogil
    def pgdat_balanced(self, node: u32, order: cython.int, highest_zoneidx: u32) -> cython.bint:
        """A zone up to that type is above its high watermark (or there is none)."""
        zone: u32
        zone_type: u32
        managed: cython.bint = False
        for zone_type in range(highest_zoneidx + 1):
            zone = self.zones.zone_index(node, zone_type)
            if self.records[zone].managed_pages == 0:
                continue
            managed = True
            if self.zones.zone_watermark_ok(
                zone, order, self.zones.high_wmark_pages(zone), highest_zoneidx, 0
            ):
                return True
        return not managed

    @cython.cfunc
    @cython.nogil
    def pgdat_watermark_boosted(self, node: u32, highest_zoneidx: u32) -> cython.bint:
        """Whether any zone's watermarks are raised against fragmentation."""
        zone_type: u32
        for zone_type in range(highest_zoneidx + 1):
            if self.records[self.zones.zone_index(node, zone_type)].watermark_boost:
                return True
        return False

    @cython.cfunc
    @cython.nogil
    def balance_pgdat(self, node: u32, order: u32, highest_zoneidx: u32) -> u32:
        """Reclaim until balanced, or priorities run out: the order that was reached."""
        sc: u32 = self.stack.begin()
        boost: u64
        boosted: cython.bint
        self.scs[sc].gfp_mask = GFP_KERNEL
        self.scs[sc].order = order
        self.scs[sc].reclaimer = RECLAIMER_KSWAPD
        self.scs[sc].reclaim_idx = highest_zoneidx
        self.vmstat.count_vm_events(PAGEOUTRUN, 1)
        boost = self.note_boosts(node, highest_zoneidx)
        boosted = boost != 0
        self.set_reclaim_active(node, highest_zoneidx, True)
        self.balance_rounds(sc, node, highest_zoneidx, boost)
        self.set_reclaim_active(node, highest_zoneidx, False)
        if boosted:
            self.lower_boosts(node, highest_zoneidx)
        self.vmscan.lruvecs.snapshot_refaults(node)
        order = self.scs[sc].order
        self.stack.end(sc)
        return order

    @cython.cfunc
    @cython.nogil
    def balance_rounds(self, sc: u32, node: u32, highest_zoneidx: u32, boost: u64) -> cython.int:
        """The priority loop, begun anew when the node turns out to be short of pages while only the
        boost was being reclaimed, or when sparing the active list got it nowhere."""
        outcome: cython.int = BALANCE_RESTART
        while outcome == BALANCE_RESTART:
            self.scs[sc].priority = DEF_PRIORITY
            self.boost_left = boost
            outcome = BALANCE_ON
            while outcome == BALANCE_ON:
                outcome = self.balance_round(sc, node, highest_zoneidx)
                if outcome == BALANCE_ON and self.scs[sc].priority < 1:
                    outcome = BALANCE_FAILED
            boost = self.boost_left
            if outcome == BALANCE_FAILED and self.trim_mode_failed(sc):
                self.scs[sc].no_cache_trim_mode = 1
                outcome = BALANCE_RESTART
        if outcome == BALANCE_FAILED and self.scs[sc].nr_reclaimed == 0:
            self.pgdats[node].kswapd_failures += 1
        return 0

    boost_left = cython.declare(u64)

    @cython.cfunc
    @cython.nogil
    def trim_mode_failed(self, sc: u32) -> cython.bint:
        """Nothing was reclaimed while the active file list was spared (from 6.10)."""
        return (
            self.sysctl[0].kernel >= TRIM_MODE_FAILS
            and self.scs[sc].nr_reclaimed == 0
            and self.scs[sc].priority < 1
            and not self.scs[sc].no_cache_trim_mode
            and self.scs[sc].cache_trim_mode_failed != 0
        )

    @cython.cfunc
    @cython.nogil
    def balance_round(self, sc: u32, node: u32, highest_zoneidx: u32) -> cython.int:
        """One priority: BALANCE_*."""
        before: u64 = self.scs[sc].nr_reclaimed
        raise_priority: cython.bint = True
        balanced: cython.bint = self.pgdat_balanced(node, self.scs[sc].order, highest_zoneidx)
        if not balanced and self.boost_left:
            self.boost_left = 0
            return BALANCE_RESTART
        if balanced and not self.boost_left:
            return BALANCE_DONE
        if self.boost_left and self.scs[sc].priority == DEF_PRIORITY - 2:
            raise_priority = False
        self.scs[sc].may_writepage = not self.sysctl[0].laptop_mode and not self.boost_left
        self.scs[sc].may_swap = not self.boost_left
        self.kswapd_age_node(sc, node)
        if self.scs[sc].priority < DEF_PRIORITY - 2:
            self.scs[sc].may_writepage = 1
        self.scs[sc].nr_scanned = 0
        if self.kswapd_shrink_node(sc, node):
            raise_priority = False
        before = self.scs[sc].nr_reclaimed - before
        self.boost_left = self.boost_left - before if self.boost_left > before else 0
        if self.boost_left and before == 0:
            return BALANCE_FAILED
        if raise_priority or before == 0:
            self.scs[sc].priority -= 1
        return BALANCE_ON

    @cython.cfunc
    @cython.nogil
    def kswapd_shrink_node(self, sc: u32, node: u32) -> cython.bint:
        """Reclaim up to what the high watermarks are; whether so much was scanned."""
        zone: u32
        zone_type: u32
        mark: u64
        self.scs[sc].nr_to_reclaim = 0
        for zone_type in range(self.scs[sc].reclaim_idx + 1):
            zone = self.zones.zone_index(node, zone_type)
            if self.records[zone].managed_pages:
                mark = cython.cast(u64, self.zones.high_wmark_pages(zone))
                self.scs[sc].nr_to_reclaim += mark if mark > SWAP_CLUSTER else SWAP_CLUSTER
        self.vmscan.shrink_node(sc, node)
        if self.scs[sc].order and self.scs[sc].nr_reclaimed >= cython.cast(
            u64, 2 << self.scs[sc].order
        ):
            self.scs[sc].order = 0
        return self.scs[sc].nr_scanned >= self.scs[sc].nr_to_reclaim

    @cython.cfunc
    @cython.nogil
    def kswapd_age_node(self, sc: u32, node: u32) -> cython.int:
        """A little of each active anonymous list, where the inactive ones are low."""
        memcg: u32
        if self.sysctl[0].lru_gen_enabled & 1:
            return self.vmscan.mglru_shrink.lru_gen_age_node(sc, node)
        if not self.vmscan.can_age_anon_pages():
            return 0
        if not self.vmscan.lruvecs.inactive_is_low(node, False):
            return 0
        memcg = self.vmscan.memcontrol.mem_cgroup_iter(0, MEMCG_NONE, node, False)
        while memcg != MEMCG_NONE:
            self.vmscan.shrink.shrink_active_list(sc, memcg * self.nr_nodes + node, 1, SWAP_CLUSTER)
            memcg = self.vmscan.memcontrol.mem_cgroup_iter(0, memcg, node, False)
        return 0

    # -- boosts and flags

    @cython.cfunc
    @cython.nogil
    def note_boosts(self, node: u32, highest_zoneidx: u32) -> u64:
        """Remember the zones' boosts: their sum."""
        zone_type: u32
        boost: u64
        total: u64 = 0
        for zone_type in range(highest_zoneidx + 1):
            boost = self.records[self.zones.zone_index(node, zone_type)].watermark_boost
            self.boosts[node * MAX_NR_ZONES + zone_type] = boost
            total += boost
        return total

    @cython.cfunc
    @cython.nogil
    def lower_boosts(self, node: u32, highest_zoneidx: u32) -> cython.int:
        """What was reclaimed for is no longer asked."""
        zone_type: u32
        zone: u32
        boost: u64
        for zone_type in range(highest_zoneidx + 1):
            zone = self.zones.zone_index(node, zone_type)
            boost = self.boosts[node * MAX_NR_ZONES + zone_type]
            if boost > self.records[zone].watermark_boost:
                boost = self.records[zone].watermark_boost
            self.records[zone].watermark_boost -= boost
        return 0

    @cython.cfunc
    @cython.nogil
    def set_reclaim_active(
        self, node: u32, highest_zoneidx: u32, active: cython.bint
    ) -> cython.int:
        """Per-CPU page sets of these zones are kept short meanwhile."""
        zone_type: u32
        zone: u32
        for zone_type in range(highest_zoneidx + 1):
            zone = self.zones.zone_index(node, zone_type)
            if self.records[zone].managed_pages == 0:
                continue
            if active:
                self.records[zone].flags |= ZONE_RECLAIM_ACTIVE
            elif self.records[zone].flags & ZONE_RECLAIM_ACTIVE:
                self.records[zone].flags ^= ZONE_RECLAIM_ACTIVE
        return 0

    def check(self):
        """Nobody is at work."""
        for zone in range(1, len(self.records)):
            assert not self.records[zone].flags & ZONE_RECLAIM_ACTIVE
        for node in range(self.nr_nodes):
            assert self.pgdats[node].kswapd_highest_zoneidx <= MAX_NR_ZONES
