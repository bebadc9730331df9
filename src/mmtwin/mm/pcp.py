"""Per-CPU page sets: small stocks of free pages in front of each zone's free lists.

A CPU takes and gives back single pages (and small or huge blocks) at its own lists; only when a
list is empty, or the set too full, does a batch move from or to the buddy lists. Pages here do not
count as free. From 6.7 on both the batch and the mark at which a set is too full ("high") tune
themselves between high_min (the zone's low watermark) and high_max (an eighth of the zone), both
shared by the CPUs of the node.

Models mm/page_alloc.c: rmqueue_pcplist(), nr_pcp_alloc(), nr_pcp_free(), nr_pcp_high(),
free_unref_page_commit(), free_pcppages_bulk(), rmqueue_bulk(), zone_batchsize(),
zone_highsize(), decay_pcp_high(), drain_pages_zone(); mm/vmstat.c: refresh_cpu_vm_stats().
Not modelled: locking (a contended set is bypassed on a real machine); cache-size dependent
batches (pcp->free_high on CPUs that share little cache): only how long a set keeps blocks.

Invariant: count is the number of pages on the set's lists.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.buddy import Buddy
    from mmtwin.mm.fallback import Fallback
    from mmtwin.mm.gfp import (
        MAX_NR_ZONES,
        MIGRATE_MOVABLE,
        MIGRATE_PCPTYPES,
        PAGE_ALLOC_COSTLY_ORDER,
        ZONE_MOVABLE,
    )
    from mmtwin.mm.mem_map import NR_PCP_LISTS, MemMap
    from mmtwin.mm.mmzone import ZONE_BELOW_HIGH, ZONE_RECLAIM_ACTIVE, ZoneRecords, Zones
    from mmtwin.mm.page_flags import PG_pcp
    from mmtwin.mm.types import Currents, Pages, Sysctls, i32, i64, u8, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_FREE_PAGES

# struct per_cpu_pages: index zone * nr_cpus + cpu
Pcp = cython.struct(
    count=i32,  # pages
    high=i32,  # more than this are given back
    high_min=i32,
    high_max=i32,
    batch=i32,
    alloc_factor=i32,  # doublings of the batch taken, by allocations in a row
    free_count=i32,  # from 6.7: pages freed in a row; before: doublings of the batch given back
    flags=u32,
    expire=i32,  # refreshes until a remote node's set is drained
    pad=u32,
)

if cython.compiled:
    Pcps = cython.typedef(Pcp[::1])
else:
    Pcps = object

PCPF_PREV_FREE_HIGH_ORDER = cython.declare(cython.const[cython.uint], 1)
PCP_BATCH_SCALE_MAX = cython.declare(cython.const[cython.int], 5)  # CONFIG_PCP_BATCH_SCALE_MAX
NR_LOWORDER_PCP_LISTS = cython.declare(cython.const[cython.int], 12)
MAX_BATCH_PAGES = cython.declare(cython.const[cython.int], 64)  # 256 KiB
MIN_PCP_HIGH_FRACTION = cython.declare(cython.const[cython.int], 8)
REMOTE_EXPIRE = cython.declare(cython.const[cython.int], 3)


@cython.final
@cython.cclass
class PerCpuPages:
    """The sets of all zones and CPUs."""

    pages: Pages
    pcps: Pcps
    records: ZoneRecords
    sysctl: Sysctls
    current: Currents
    mem_map: MemMap
    zones: Zones
    buddy: Buddy
    fallback: Fallback
    vmstat: VmStat
    nr_cpus: u32
    autotune: cython.bint  # 6.7 and later
    config: object

    def __init__(self, arena, config):
        self.config = config
        self.nr_cpus = config.cpus
        self.autotune = config.kernel >= 607
        self.pages = arena.pages
        self.records = arena.zones
        self.sysctl = arena.sysctl
        self.current = arena.current
        nr_zones = 1 + MAX_NR_ZONES * len(config.nodes)
        self.pcps = arena.array("per_cpu_pages", "pcp.Pcp", nr_zones * config.cpus)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.mem_map = m.mem_map
        self.zones = m.zones
        self.buddy = m.buddy
        self.fallback = m.fallback
        self.vmstat = m.vmstat

    # -- allocation

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def take_page(self, zone: u32, migratetype: cython.int) -> u64:
        """A single page from the current CPU's set; 0, and nothing done, if its list is empty."""
        cpu: u32 = self.current[0].cpu
        where: u32 = self.mem_map.pcp_list(zone, cpu, migratetype)
        pfn: u64 = self.mem_map.lists[where].first
        if pfn:
            self.mem_map.list_del(where, pfn)
            self.pcps[zone * self.nr_cpus + cpu].count -= 1
            self.pcps[zone * self.nr_cpus + cpu].free_count >>= 1
        return pfn

    @cython.cfunc
    @cython.nogil
    def rmqueue_pcplist(
        self, zone: u32, order: cython.int, migratetype: cython.int, alloc_flags: u32
    ) -> u64:
        """A block from the current CPU's set, refilled if its list is empty; or 0."""
        cpu: u32 = self.current[0].cpu
        at: u32 = zone * self.nr_cpus + cpu
        where: u32 = self.mem_map.pcp_list(zone, cpu, self.order_to_pindex(migratetype, order))
        pfn: u64
        self.pcps[at].free_count >>= 1
        if self.mem_map.lists[where].first == 0:
            self.refill(zone, at, where, order, migratetype, alloc_flags)
        pfn = self.mem_map.lists[where].first
        if pfn:
            self.mem_map.list_del(where, pfn)
            self.pcps[at].count -= 1 << order
        return pfn

    @cython.cfunc
    @cython.nogil
    def refill(
        self,
        zone: u32,
        at: u32,
        where: u32,
        order: cython.int,
        migratetype: cython.int,
        alloc_flags: u32,
    ) -> cython.int:
        """Move a batch from the buddy lists to an empty list: rmqueue_bulk()."""
        count: cython.int
        taken: cython.int = 0
        pages: cython.int
        pfn: u64
        if self.autotune:
            count = self.nr_pcp_alloc(zone, at, order)
        else:
            count = self.scaled(self.pcps[at].batch, order)
        while taken < count:
            if order == 0:
                pages = self.buddy.take_pages(zone, migratetype, count - taken, where)
                taken += pages
                if pages:
                    continue
            pfn = self.fallback.rmqueue(zone, order, migratetype, alloc_flags)
            if pfn == 0:
                break
            self.set_pcp(pfn, order, migratetype)
            self.mem_map.list_add_tail(where, pfn)
            taken += 1
        self.pcps[at].count += taken << order
        if self.sysctl[0].kernel < 610:
            self.vmstat.mod_zone_page_state(
                zone, NR_FREE_PAGES, -(cython.cast(i64, taken) << order)
            )
        return 0

    @cython.cfunc
    @cython.nogil
    def nr_pcp_alloc(self, zone: u32, at: u32, order: cython.int) -> cython.int:
        """How many blocks to take: doubled at each refill without a free between."""
        base: cython.int = self.pcps[at].batch
        batch: cython.int = base
        high: cython.int = self.clamped(self.pcps[at].high, at)
        most: cython.int
        self.pcps[at].high = high
        if high < base:
            return 1
        if order == 0:
            batch = base << self.pcps[at].alloc_factor
        if self.pcps[at].high_min != self.pcps[at].high_max:
            if not self.records[zone].flags & ZONE_BELOW_HIGH:
                high = min(high + batch, self.pcps[at].high_max)
                self.pcps[at].high = high
        if order == 0:
            most = max(high - self.pcps[at].count - base, base)
            if batch <= most and self.pcps[at].alloc_factor < PCP_BATCH_SCALE_MAX:
                self.pcps[at].alloc_factor += 1
            batch = min(batch, most)
        return self.scaled(batch, order)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def scaled(self, batch: cython.int, order: cython.int) -> cython.int:
        """Fewer of larger blocks, but at least two where free pages may be kept at all."""
        if batch > 1:
            return max(batch >> order, 2)
        return batch

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def clamped(self, high: cython.int, at: u32) -> cython.int:
        """`high` between high_min and high_max."""
        if high < self.pcps[at].high_min:
            return self.pcps[at].high_min
        if high > self.pcps[at].high_max:
            return self.pcps[at].high_max
        return high

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def set_pcp(self, pfn: u64, order: cython.int, migratetype: cython.int) -> cython.int:
        self.pages[pfn].flags = PG_pcp
        self.pages[pfn].order = cython.cast(u8, order)
        self.pages[pfn].migratetype = cython.cast(u8, migratetype)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def order_to_pindex(self, migratetype: cython.int, order: cython.int) -> cython.int:
        """Which of a set's lists; from 6.10 on movable huge pages have one of their own."""
        if order <= PAGE_ALLOC_COSTLY_ORDER:
            return order * MIGRATE_PCPTYPES + migratetype
        if self.autotune and migratetype == MIGRATE_MOVABLE:
            return NR_LOWORDER_PCP_LISTS + 1
        return NR_LOWORDER_PCP_LISTS

    # -- giving back

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def free_unref_page_commit(
        self, pfn: u64, zone: u32, order: cython.int, migratetype: cython.int
    ) -> cython.int:
        """Put a block on the current CPU's set, which gives some back when it is too full."""
        cpu: u32 = self.current[0].cpu
        at: u32 = zone * self.nr_cpus + cpu
        pindex: cython.int = self.order_to_pindex(migratetype, order)
        self.set_pcp(pfn, order, migratetype)
        self.mem_map.list_add(self.mem_map.pcp_list(zone, cpu, pindex), pfn)
        self.pcps[at].count += 1 << order
        if self.autotune:
            return self.commit_tuned(zone, at, cpu, order, pindex)
        return self.commit_untuned(zone, at, cpu, order, pindex)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def commit_tuned(
        self, zone: u32, at: u32, cpu: u32, order: cython.int, pindex: cython.int
    ) -> cython.int:
        """The rules of 6.7 and later."""
        batch: cython.int = self.pcps[at].batch
        high: cython.int = self.clamped(self.pcps[at].high, at)
        free_high: cython.bint = False
        self.pcps[at].high = high
        self.pcps[at].alloc_factor >>= 1
        if order > 0 and order <= PAGE_ALLOC_COSTLY_ORDER:
            free_high = self.pcps[at].free_count >= batch + self.pcps[at].high_min // 2 and (
                self.pcps[at].flags & PCPF_PREV_FREE_HIGH_ORDER
            )
            self.pcps[at].flags = PCPF_PREV_FREE_HIGH_ORDER
        else:
            self.pcps[at].flags = 0
        if self.pcps[at].free_count < batch << PCP_BATCH_SCALE_MAX:
            self.pcps[at].free_count += 1 << order
        if self.pcps[at].count < high and not free_high and not self.records[zone].flags:
            return 0
        return self.settle(zone, at, cpu, pindex, free_high)

    @cython.cfunc
    @cython.nogil
    def settle(
        self, zone: u32, at: u32, cpu: u32, pindex: cython.int, free_high: cython.bint
    ) -> cython.int:
        """A set that may be too full: retune its high, give back what is above."""
        batch: cython.int = self.pcps[at].batch
        high: cython.int = self.nr_pcp_high(zone, at, batch, free_high)
        if self.pcps[at].count >= high:
            self.free_pcppages_bulk(zone, cpu, self.nr_pcp_free(at, batch, high, free_high), pindex)
            if self.records[zone].flags & ZONE_BELOW_HIGH:
                if self.zones.zone_watermark_ok(
                    zone, 0, self.zones.high_wmark_pages(zone), ZONE_MOVABLE, 0
                ):
                    self.records[zone].flags ^= ZONE_BELOW_HIGH
        return 0

    @cython.cfunc
    @cython.nogil
    def nr_pcp_high(
        self, zone: u32, at: u32, batch: cython.int, free_high: cython.bint
    ) -> cython.int:
        """At how many pages the set is too full now; tunes its high."""
        low: cython.int = self.pcps[at].high_min
        high: cython.int = self.pcps[at].high
        freed: cython.int = max(self.pcps[at].free_count, batch)
        if high == 0:
            return 0
        if free_high:
            self.pcps[at].high = max(high - (batch << PCP_BATCH_SCALE_MAX), low)
            return 0
        if self.records[zone].flags & ZONE_RECLAIM_ACTIVE:
            self.pcps[at].high = max(high - freed, low)
            return min(batch << 2, self.pcps[at].high)
        if low == self.pcps[at].high_max:
            return high
        if self.records[zone].flags & ZONE_BELOW_HIGH:
            self.pcps[at].high = max(high - freed, low)
            return max(self.pcps[at].count, low)
        if self.pcps[at].count >= high and high < self.pcps[at].free_count + batch:
            self.pcps[at].high = self.clamped(self.pcps[at].free_count + batch, at)
        return high

    @cython.cfunc
    @cython.nogil
    def nr_pcp_free(
        self, at: u32, batch: cython.int, high: cython.int, free_high: cython.bint
    ) -> cython.int:
        """How many pages to give back: as many as were freed in a row, but one batch stays."""
        if free_high:
            return min(self.pcps[at].count, batch << PCP_BATCH_SCALE_MAX)
        if high < batch:
            return 1
        return max(batch, min(self.pcps[at].free_count, high - batch))

    @cython.cfunc
    @cython.nogil
    def commit_untuned(
        self, zone: u32, at: u32, cpu: u32, order: cython.int, pindex: cython.int
    ) -> cython.int:
        """The rules up to 6.6: a fixed high; batches given back double in a row of frees."""
        batch: cython.int = self.pcps[at].batch
        high: cython.int = self.pcps[at].high
        free_high: cython.bint = False
        if order > 0 and order <= PAGE_ALLOC_COSTLY_ORDER:
            free_high = self.pcps[at].free_count > 0
        if high == 0 or free_high:
            high = 0
        elif self.records[zone].flags & ZONE_RECLAIM_ACTIVE:
            high = min(batch << 2, high)
        if self.pcps[at].count >= high:
            batch = self.nr_pcp_free_doubling(at, batch, high, free_high)
            self.free_pcppages_bulk(zone, cpu, batch, pindex)
        return 0

    @cython.cfunc
    @cython.nogil
    def nr_pcp_free_doubling(
        self, at: u32, batch: cython.int, high: cython.int, free_high: cython.bint
    ) -> cython.int:
        """nr_pcp_free() up to 6.6; free_count is its free_factor."""
        least: cython.int = batch
        if free_high:
            return self.pcps[at].count
        if high < batch:
            return 1
        batch <<= self.pcps[at].free_count
        if batch < high - least:
            self.pcps[at].free_count += 1
        return max(least, min(batch, high - least))

    @cython.cfunc
    @cython.nogil
    def free_pcppages_bulk(
        self, zone: u32, cpu: u32, count: cython.int, pindex: cython.int
    ) -> cython.int:
        """Give back at least `count` pages, oldest first, one list after another."""
        at: u32 = zone * self.nr_cpus + cpu
        where: u32
        order: cython.int
        pfn: u64
        count = min(count, self.pcps[at].count)
        where = self.mem_map.pcp_list(zone, cpu, pindex)
        while count > 0:
            while self.mem_map.lists[where].first == 0:
                pindex = (pindex + 1) % NR_PCP_LISTS
                where = self.mem_map.pcp_list(zone, cpu, pindex)
            pfn = self.mem_map.lists[where].last
            order = self.pages[pfn].order
            self.mem_map.list_del(where, pfn)
            self.pages[pfn].flags = 0
            self.pages[pfn].order = 0
            self.pcps[at].count -= 1 << order
            count -= 1 << order
            self.buddy.free_one_page(pfn, zone, order, False)
        return 0

    # -- draining

    @cython.ccall
    @cython.nogil
    def drain_pages_zone(self, zone: u32, cpu: u32) -> cython.int:
        """Empty one CPU's set of a zone."""
        at: u32 = zone * self.nr_cpus + cpu
        while self.pcps[at].count > 0:
            self.free_pcppages_bulk(zone, cpu, self.pcps[at].count, 0)
        return 0

    @cython.ccall
    @cython.nogil
    def drain_all_pages(self) -> cython.int:
        """Empty every set of the machine: drain_all_pages(NULL)."""
        zone: u32
        cpu: u32
        for cpu in range(self.nr_cpus):
            for zone in range(1, self.zones.nr_zones):
                self.drain_pages_zone(zone, cpu)
        return 0

    @cython.ccall
    @cython.nogil
    def decay_pcp_high(self, zone: u32, cpu: u32) -> cython.int:
        """At each refresh the high mark falls by an eighth and the set gives back what is above."""
        at: u32 = zone * self.nr_cpus + cpu
        batch: cython.int = self.pcps[at].batch
        fallen: cython.int
        excess: cython.int
        if self.pcps[at].high > self.pcps[at].high_min:
            fallen = max(self.pcps[at].count - (batch << PCP_BATCH_SCALE_MAX), 0)
            fallen = max(fallen, self.pcps[at].high - (self.pcps[at].high >> 3))
            self.pcps[at].high = max(fallen, self.pcps[at].high_min)
        excess = self.pcps[at].count - self.pcps[at].high
        if excess > 0:
            self.free_pcppages_bulk(zone, cpu, excess, 0)
        return 0

    # -- sizes

    def set_batches(self):
        """Batch and high of every set; to be called after watermarks or
        percpu_pagelist_high_fraction change: zone_set_pageset_high_and_batch()."""
        for zone in range(1, self.zones.nr_zones):
            managed = self.records[zone].managed_pages
            if not managed:
                continue
            batch = self.zone_batchsize(managed)
            fraction = self.sysctl[0].percpu_pagelist_high_fraction
            high_min = self.zone_highsize(zone, batch, fraction)
            high_max = high_min
            if self.autotune and not fraction:
                high_max = self.zone_highsize(zone, batch, MIN_PCP_HIGH_FRACTION)
            for cpu in range(self.nr_cpus):
                self._set_batch(zone * self.nr_cpus + cpu, batch, high_min, high_max)

    def _set_batch(self, at, batch, high_min, high_max):
        self.pcps[at].batch = batch
        self.pcps[at].high_min = high_min
        self.pcps[at].high_max = high_max
        if not self.autotune:
            self.pcps[at].high = high_min

    def zone_batchsize(self, managed):
        """Pages moved at once: a quarter of a thousandth of the zone, at most 256 KiB, one less
        than a power of two."""
        batch = min(managed >> 12, MAX_BATCH_PAGES)
        if batch <= 1:
            return 1
        return (1 << (batch + batch // 2).bit_length() - 1) - 1

    def zone_highsize(self, zone, batch, fraction):
        """A CPU's share of the low watermark, or of a fraction of the zone."""
        total = (
            self.records[zone].managed_pages // fraction
            if fraction
            else (self.zones.watermarks(zone)["low"])
        )
        cpus = self.config.cpu_node.count(self.records[zone].node) or self.nr_cpus
        return max(total // cpus, batch << 2)

    # -- figures for the views

    def pageset(self, zone, cpu):
        """{"count", "high", "batch", "high_min", "high_max"} of a set, as zoneinfo shows them."""
        at = zone * self.nr_cpus + cpu
        return {
            "count": self.pcps[at].count,
            "high": self.pcps[at].high,
            "batch": self.pcps[at].batch,
            "high_min": self.pcps[at].high_min,
            "high_max": self.pcps[at].high_max,
        }

    def nr_pcp_pages(self, zone):
        """Pages on all sets of a zone."""
        return sum(self.pcps[zone * self.nr_cpus + cpu].count for cpu in range(self.nr_cpus))

    def check(self):
        """Recount every set."""
        for zone in range(1, self.zones.nr_zones):
            for cpu in range(self.nr_cpus):
                lists = range(NR_PCP_LISTS)
                pages = sum(self._check_list(zone, cpu, pindex) for pindex in lists)
                assert pages == self.pcps[zone * self.nr_cpus + cpu].count, (zone, cpu)

    def _check_list(self, zone, cpu, pindex):
        at = self.mem_map.pcp_list(zone, cpu, pindex)
        pfns = self.mem_map.members(at)
        assert len(pfns) == self.mem_map.lists[at].nr
        for pfn in pfns:
            assert self.pages[pfn].refcount == 0 and self.pages[pfn].flags == PG_pcp
            assert self.pages[pfn].zone == zone
            order = self.pages[pfn].order
            assert self.order_to_pindex(self.pages[pfn].migratetype, order) == pindex
        return sum(1 << self.pages[pfn].order for pfn in pfns)
