"""Eviction of MGLRU: which type and tiers, taking pages off the oldest generation, and what of them
goes back.

    isolate_folios()   the type whose first tier refaults less (weighted by swappiness), and the
         |             tiers of it that refault less than the other type's first
         |- scan_folios(): from the tail; sort_folio() moves pages that are not to be evicted
    evict_folios()     shrink_folio_list(), twice for pages that became clean meanwhile

Models mm/vmscan.c: read_ctrl_pos(), positive_ctrl_err(), get_tier_idx(), get_type_to_scan(),
sort_folio(), isolate_folio(), scan_folios(), isolate_folios(), evict_folios();
mm/workingset.c: lru_gen_eviction(), lru_gen_refault().
Not modelled: CMA.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_SORT_PAGE, Clock
    from mmtwin.mm.gfp import GFP_IO_BIT, MAX_NR_ZONES
    from mmtwin.mm.mem_map import MemMap
    from mmtwin.mm.memcontrol import MEMCG_NONE, MemControl
    from mmtwin.mm.mglru import (
        LRU_GEN_ANON, LRU_GEN_FILE, MAX_LRU_BATCH, MAX_NR_GENS, MAX_NR_TIERS, MIN_LRU_BATCH,
        Mglru,
    )  # fmt: skip
    from mmtwin.mm.mglru_age import MglruAge
    from mmtwin.mm.page_flags import (
        LRU_REFS_FLAGS, LRU_REFS_MASK, PAGE_MAPPING_ANON, PG_active, PG_dirty, PG_locked, PG_lru,
        PG_mlocked, PG_reclaim, PG_referenced, PG_swapcache, PG_unevictable,
        PG_workingset, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.pgtable import ALL_ONES
    from mmtwin.mm.scan_control import (
        LIST_CLEAN,
        LIST_RET,
        LIST_SKIPPED,
        LIST_TAKEN,
        ScanControls,
        ScanStack,
    )
    from mmtwin.mm.types import Currents, Pages, Sysctls, i64, u32, u64
    from mmtwin.mm.vmscan_folio import ShrinkFolios
    from mmtwin.mm.vmscan_lruvec import ShrinkLruvec
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        PGREFILL, PGSCAN_ANON, PGSCAN_KSWAPD, PGSKIP_DMA, PGSTEAL_ANON, PGSTEAL_KSWAPD,
        UNEVICTABLE_PGCULLED, WORKINGSET_ACTIVATE_ANON, WORKINGSET_REFAULT_ANON,
        WORKINGSET_RESTORE_ANON,
    )  # fmt: skip
    from mmtwin.mm.workingset import (
        SHADOW_AGE_MASK, SHADOW_AGE_SHIFT, SHADOW_ENTRY, SHADOW_MEMCG_MASK, SHADOW_MEMCG_SHIFT,
        SHADOW_NODE_MASK,
    )  # fmt: skip

LRU_REFS_WIDTH = cython.declare(cython.const[cython.int], 2)


@cython.final
@cython.cclass
class MglruEvict:
    """Takes pages of the oldest generations away."""

    pages: Pages
    current: Currents
    sysctl: Sysctls
    scs: ScanControls
    mem_map: MemMap
    vmstat: VmStat
    memcontrol: MemControl
    stack: ScanStack
    folios: ShrinkFolios
    shrink: ShrinkLruvec
    mglru: Mglru
    age: MglruAge
    clock: Clock
    lru = cython.declare("Lru")
    prefetch = cython.declare("Prefetch")
    nr_nodes: u32
    isolated = cython.declare(u64)  # by the last scan_folios()
    tier = cython.declare(cython.int)  # the last to be evicted; -1: not known yet
    scanned_type = cython.declare(u32)
    sorted = cython.declare(u64)

    def __init__(self, arena, config):
        self.nr_nodes = len(config.nodes)
        self.pages, self.current, self.sysctl = arena.pages, arena.current, arena.sysctl
        self.scs = arena.scan_controls

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.mem_map, self.vmstat, self.memcontrol = m.mem_map, m.vmstat, m.memcontrol
        self.stack, self.folios, self.shrink = m.scan_stack, m.folios, m.shrink
        self.mglru, self.age, self.lru = m.mglru, m.mglru_age, m.lru
        self.prefetch, self.clock = m.prefetch, m.clock

    # -- the controller

    @cython.cfunc
    @cython.nogil
    def ctrl_refaulted(self, lruvec: u32, type: u32, tier: u32) -> u64:
        """Refaults of a tier: read_ctrl_pos()."""
        at: u32 = (lruvec * 2 + type) * MAX_NR_TIERS + tier
        return self.age.avg_refaulted[at] + self.age.refaulted[at]

    @cython.cfunc
    @cython.nogil
    def ctrl_total(self, lruvec: u32, type: u32, tier: u32) -> u64:
        """Evictions of a tier, and pages that were protected from it."""
        at: u32 = (lruvec * 2 + type) * MAX_NR_TIERS + tier
        return self.age.avg_total[at] + self.age.evicted[at] + self.age.protected[at]

    @cython.cfunc
    @cython.nogil
    def positive_ctrl_err(
        self, lruvec: u32, sp_type: u32, sp_gain: u64, type: u32, tier: u32, gain: u64
    ) -> cython.bint:
        """Whether `tier` of `type` refaults little, or not more than the first tier of sp_type."""
        refaulted: u64 = self.ctrl_refaulted(lruvec, type, tier)
        sp_refaulted: u64 = self.ctrl_refaulted(lruvec, sp_type, 0)
        sp_total: u64 = self.ctrl_total(lruvec, sp_type, 0)
        if refaulted < MIN_LRU_BATCH:
            return True
        return (
            refaulted * (sp_total + MIN_LRU_BATCH) * sp_gain
            <= (sp_refaulted + 1) * self.ctrl_total(lruvec, type, tier) * gain
        )

    @cython.cfunc
    @cython.nogil
    def last_tier(
        self, lruvec: u32, sp_type: u32, sp_gain: u64, type: u32, gain: u64
    ) -> cython.int:
        """The last tier in a row from the first that is not worse than the set point."""
        tier: u32 = 1
        while tier < MAX_NR_TIERS:
            if not self.positive_ctrl_err(lruvec, sp_type, sp_gain, type, tier, gain):
                break
            tier += 1
        return cython.cast(cython.int, tier) - 1

    @cython.cfunc
    @cython.nogil
    def get_type_to_scan(self, lruvec: u32, swappiness: u64) -> u32:
        """Anon or file; sets `tier`."""
        anon_gain: u64 = swappiness
        file_gain: u64 = 200 - swappiness
        if self.positive_ctrl_err(lruvec, 0, anon_gain, 1, 0, file_gain):
            self.tier = self.last_tier(lruvec, 0, anon_gain, 1, file_gain)
            return LRU_GEN_FILE
        self.tier = self.last_tier(lruvec, 1, file_gain, 0, anon_gain)
        return LRU_GEN_ANON

    # -- isolation

    @cython.cfunc
    @cython.nogil
    def isolate_folios(self, sc: u32, lruvec: u32, swappiness: u64) -> u64:
        """Take a batch of the type that is due, or of the other; sets `scanned_type`. Pages looked
        at."""
        type: u32 = LRU_GEN_FILE
        scanned: u64 = 0
        anon_seq: u64 = self.mglru.min_seq[lruvec * 2]
        file_seq: u64 = self.mglru.min_seq[lruvec * 2 + 1]
        turns: cython.int = 2 if swappiness else 1
        self.tier = -1
        if swappiness == 0:
            type = LRU_GEN_FILE
        elif anon_seq < file_seq:
            type = LRU_GEN_ANON
        elif swappiness == 1:
            type = LRU_GEN_FILE
        elif swappiness == 200:
            type = LRU_GEN_ANON
        else:
            type = self.get_type_to_scan(lruvec, swappiness)
        while turns:
            if self.tier < 0:
                self.tier = self.last_tier(lruvec, type, 1, type, 2)
            scanned = self.scan_folios(sc, lruvec, type)
            if scanned:
                break
            type = 1 - type
            self.tier = -1
            turns -= 1
        self.scanned_type = type
        return scanned

    @cython.ccall
    @cython.nogil
    def scan_folios(self, sc: u32, lruvec: u32, type: u32) -> u64:
        """Up to 64 pages from the tails of the oldest generation's lists, those of reclaim_idx
        first: pages looked at, 0 if none of 4096 would do."""
        left: u64 = MAX_LRU_BATCH
        scanned: u64 = 0
        skipped: u64
        i: u32
        zone_type: u32
        gen: u32 = cython.cast(u32, self.mglru.min_seq[lruvec * 2 + type] % MAX_NR_GENS)
        self.isolated = 0
        self.sorted = 0
        if self.mglru.get_nr_gens(lruvec, type) == 2:
            return 0
        for i in range(MAX_NR_ZONES, 0, -1):
            zone_type = (self.scs[sc].reclaim_idx + i) % MAX_NR_ZONES
            skipped = 0
            at: u32 = self.mglru.gen_list(lruvec, gen, type, zone_type)
            while self.mem_map.lists[at].nr:
                pfn: u64 = self.mem_map.lists[at].last
                nr: u64 = cython.cast(u64, self.lru.folio_nr_pages(pfn))
                scanned += nr
                if self.sort_folio(sc, pfn, lruvec, type, zone_type):
                    self.sorted += nr
                elif self.isolate_folio(sc, pfn, lruvec):
                    self.isolated += nr
                else:
                    self.mem_map.list_del(at, pfn)
                    self.mem_map.list_add(self.mem_map.private_list(sc, LIST_SKIPPED), pfn)
                    skipped += nr
                left -= 1
                if left == 0 or self.isolated >= MIN_LRU_BATCH or skipped >= MIN_LRU_BATCH:
                    break
            if skipped:
                self.put_back_skipped(sc, at, zone_type, skipped)
            if left == 0 or self.isolated >= MIN_LRU_BATCH:
                break
        self.count_scan(sc, lruvec // self.nr_nodes, type)
        self.clock.charge(COST_SORT_PAGE, self.sorted)
        if type == LRU_GEN_FILE:
            self.scs[sc].nr_file_taken += self.isolated
        return scanned if self.isolated or left == 0 else 0

    @cython.cfunc
    @cython.nogil
    def put_back_skipped(self, sc: u32, at: u32, zone_type: u32, skipped: u64) -> cython.int:
        """What could not be isolated goes to the front of its list."""
        own: u32 = self.mem_map.private_list(sc, LIST_SKIPPED)
        pfn: u64
        while self.mem_map.lists[own].nr:
            pfn = self.mem_map.lists[own].last
            self.mem_map.list_del(own, pfn)
            self.mem_map.list_add(at, pfn)
        return self.vmstat.count_vm_events(PGSKIP_DMA + zone_type, cython.cast(i64, skipped))

    @cython.cfunc
    @cython.nogil
    def count_scan(self, sc: u32, memcg: u32, type: u32) -> cython.int:
        """Isolated pages count as scanned, sorted ones as refilled."""
        item: cython.int = PGSCAN_KSWAPD + cython.cast(cython.int, self.scs[sc].reclaimer)
        self.shrink.count_reclaim(sc, memcg, item, self.isolated)
        self.shrink.count_reclaim(sc, memcg, PGREFILL, self.sorted)
        return self.vmstat.count_vm_events(
            PGSCAN_ANON + cython.cast(cython.int, type), cython.cast(i64, self.isolated)
        )

    @cython.cfunc
    @cython.nogil
    def sort_folio(self, sc: u32, pfn: u64, lruvec: u32, type: u32, zone_type: u32) -> cython.bint:
        """Whether the page was moved to where it belongs, and is not to be evicted."""
        gen: u32 = cython.cast(u32, self.mglru.folio_lru_gen(pfn))
        refs: u32 = self.mglru.folio_lru_refs(pfn)
        tier: u32 = self.mglru.lru_tier_from_refs(refs)
        flags: u64 = self.pages[pfn].flags
        nr: u64 = cython.cast(u64, self.lru.folio_nr_pages(pfn))
        if flags & PG_mlocked:
            return self.cull(pfn, lruvec)
        if gen != cython.cast(u32, self.mglru.min_seq[lruvec * 2 + type] % MAX_NR_GENS):
            self.mglru.move_to_list(pfn, lruvec, gen, False)  # aging promoted it
            return True
        if cython.cast(cython.int, tier) > self.tier or refs == 4:
            self.age.protected[(lruvec * 2 + type) * MAX_NR_TIERS + tier] += nr
            gen = self.mglru.folio_inc_gen(pfn, lruvec, False)
            self.mglru.move_to_list(pfn, lruvec, gen, True)
            return True
        if zone_type > self.scs[sc].reclaim_idx:
            gen = self.mglru.folio_inc_gen(pfn, lruvec, False)
            self.mglru.move_to_list(pfn, lruvec, gen, True)
            return True
        if type == LRU_GEN_FILE and flags & PG_dirty:
            self.scs[sc].nr_file_taken += nr
            if not flags & PG_writeback:
                self.scs[sc].nr_unqueued_dirty += nr
        if flags & PG_writeback or (type == LRU_GEN_FILE and flags & PG_dirty):
            gen = self.mglru.folio_inc_gen(pfn, lruvec, True)
            self.mglru.move_to_list(pfn, lruvec, gen, False)
            return True
        return False

    @cython.cfunc
    @cython.nogil
    def cull(self, pfn: u64, lruvec: u32) -> cython.bint:
        """A locked page goes to the unevictable list."""
        self.mglru.lru_gen_del_folio(pfn, lruvec, True)
        self.pages[pfn].flags |= PG_unevictable
        self.lru.lruvec_add_folio(pfn, False)
        self.vmstat.count_vm_events(UNEVICTABLE_PGCULLED, self.lru.folio_nr_pages(pfn))
        return True

    @cython.cfunc
    @cython.nogil
    def isolate_folio(self, sc: u32, pfn: u64, lruvec: u32) -> cython.bint:
        """Take a page for shrink_folio_list(); its uses so far are what made its tier."""
        flags: u64 = self.pages[pfn].flags
        if not self.scs[sc].gfp_mask & GFP_IO_BIT:
            if flags & PG_dirty:
                return False
            if self.pages[pfn].mapping & PAGE_MAPPING_ANON and not flags & PG_swapcache:
                return False
        if not self.scs[sc].may_unmap and self.pages[pfn].mapcount:
            return False
        self.pages[pfn].refcount += 1
        if not flags & PG_referenced:
            flags &= ~(LRU_REFS_MASK | LRU_REFS_FLAGS) & ALL_ONES
        self.pages[pfn].flags = flags & ~(PG_lru | PG_reclaim | PG_referenced) & ALL_ONES
        self.mglru.lru_gen_del_folio(pfn, lruvec, True)
        self.mem_map.list_add(self.mem_map.private_list(sc, LIST_TAKEN), pfn)
        self.prefetch.folio(pfn)
        return True

    # -- eviction

    @cython.ccall
    @cython.nogil
    def evict_folios(self, sc: u32, lruvec: u32, swappiness: u64) -> u64:
        """Isolate a batch and reclaim it: pages looked at, 0 if there is no more to look at."""
        scanned: u64 = self.isolate_folios(sc, lruvec, swappiness)
        type: u32 = self.scanned_type
        taken: u32 = self.mem_map.private_list(sc, LIST_TAKEN)
        ret: u32 = self.mem_map.private_list(sc, LIST_RET)
        clean: u32 = self.mem_map.private_list(sc, LIST_CLEAN)
        retry: cython.bint = False
        reclaimed: u64
        if self.age.try_to_inc_min_seq(lruvec, swappiness != 0):
            scanned += 1
        if self.mglru.get_nr_gens(lruvec, 0 if swappiness else 1) == 2:
            scanned = 0
        while self.mem_map.lists[taken].nr:
            self.stack.reset_stat(sc)
            reclaimed = self.folios.shrink_folio_list(sc, False)
            self.scs[sc].nr_unqueued_dirty += self.scs[sc].stat_unqueued_dirty
            self.scs[sc].nr_reclaimed += reclaimed
            self.judge_rejected(sc, ret, clean, retry)
            self.folios.move_folios_to_lru(ret)
            self.count_steal(sc, lruvec // self.nr_nodes, type, reclaimed)
            while self.mem_map.lists[clean].nr:
                self.mem_map.list_move(clean, taken)
            retry = True
        return scanned

    @cython.cfunc
    @cython.nogil
    def count_steal(self, sc: u32, memcg: u32, type: u32, reclaimed: u64) -> cython.int:
        """pgsteal_*."""
        item: cython.int = PGSTEAL_KSWAPD + cython.cast(cython.int, self.scs[sc].reclaimer)
        self.shrink.count_reclaim(sc, memcg, item, reclaimed)
        return self.vmstat.count_vm_events(
            PGSTEAL_ANON + cython.cast(cython.int, type), cython.cast(i64, reclaimed)
        )

    @cython.cfunc
    @cython.nogil
    def judge_rejected(self, sc: u32, ret: u32, clean: u32, retried: cython.bint) -> cython.int:
        """What was not reclaimed: pages being written wait for that; pages in use go to the
        youngest generation; pages that are clean by now are tried once more."""
        pfn: u64 = self.mem_map.lists[ret].last
        before: u64
        flags: u64
        busy: u64 = PG_active | PG_referenced | PG_locked | PG_dirty | PG_writeback
        while pfn:
            before = self.pages[pfn].lru_prev
            flags = self.pages[pfn].flags
            if flags & PG_mlocked:
                pass  # move_folios_to_lru() puts it back
            elif flags & PG_reclaim and flags & (PG_dirty | PG_writeback):
                if flags & PG_workingset:
                    self.pages[pfn].flags |= PG_referenced
            elif retried or flags & busy or self.pages[pfn].mapcount:
                self.pages[pfn].flags = PG_active | (
                    flags & ~(LRU_REFS_MASK | LRU_REFS_FLAGS) & ALL_ONES
                )
            else:
                self.mem_map.list_del(ret, pfn)
                self.mem_map.list_add(clean, pfn)
            pfn = before
        return 0

    # -- shadows

    @cython.cfunc
    @cython.nogil
    def lru_gen_eviction(self, pfn: u64) -> u64:
        """The shadow entry: the oldest generation, and the page's uses."""
        type: u32 = self.mglru.folio_type(pfn)
        refs: u32 = self.mglru.folio_lru_refs(pfn)
        memcg: u64 = self.pages[pfn].memcg
        node: u64 = self.pages[pfn].node
        lruvec: u32 = self.lru.folio_lruvec(pfn)
        token: u64 = self.mglru.min_seq[lruvec * 2 + type] << LRU_REFS_WIDTH
        tier: u32 = self.mglru.lru_tier_from_refs(refs)
        if refs:
            token |= refs - 1
        self.age.evicted[(lruvec * 2 + type) * MAX_NR_TIERS + tier] += cython.cast(
            u64, self.lru.folio_nr_pages(pfn)
        )
        token = SHADOW_ENTRY | (token & SHADOW_AGE_MASK) << SHADOW_AGE_SHIFT
        token |= memcg << SHADOW_MEMCG_SHIFT | node << 1
        return token | 1 if refs else token

    @cython.cfunc
    @cython.nogil
    def lru_gen_refault(self, pfn: u64, shadow: u64) -> cython.int:
        """A page comes back: if its generation is still the oldest, its tier's eviction was a
        mistake."""
        type: u32 = self.mglru.folio_type(pfn)
        nr: i64 = self.lru.folio_nr_pages(pfn)
        memcg: u32 = self.memcontrol.mem_cgroup_from_id(
            cython.cast(u32, shadow >> SHADOW_MEMCG_SHIFT & SHADOW_MEMCG_MASK)
        )
        lruvec: u32 = self.lru.folio_lruvec(pfn)
        token: u64 = shadow >> SHADOW_AGE_SHIFT & SHADOW_AGE_MASK
        refs: u32 = cython.cast(u32, (token & 3) + (shadow & 1))
        item: cython.int = cython.cast(cython.int, type)
        if memcg == MEMCG_NONE:
            return 0
        if memcg * self.nr_nodes + cython.cast(u32, shadow >> 1 & SHADOW_NODE_MASK) != lruvec:
            return 0
        self.vmstat.mod_lruvec_page_state(pfn, WORKINGSET_REFAULT_ANON + item, nr)
        if token >> LRU_REFS_WIDTH != (
            self.mglru.min_seq[lruvec * 2 + type] & SHADOW_AGE_MASK >> LRU_REFS_WIDTH
        ):
            return 0
        self.age.refaulted[
            (lruvec * 2 + type) * MAX_NR_TIERS + self.mglru.lru_tier_from_refs(refs)
        ] += cython.cast(u64, nr)
        if self.lru.in_lru_fault():
            self.vmstat.mod_lruvec_page_state(pfn, WORKINGSET_ACTIVATE_ANON + item, nr)
        if self.lru.in_lru_fault() or refs >= 3:
            self.pages[pfn].flags |= LRU_REFS_MASK | PG_workingset
            self.vmstat.mod_lruvec_page_state(pfn, WORKINGSET_RESTORE_ANON + item, nr)
        return 0
