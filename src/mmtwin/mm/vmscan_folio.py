"""Judging pages that were taken off the LRU: keep, activate, write, or reclaim.

    taken off -> locked? -> writeback? -> referenced? -> swap slot -> unmap -> dirty? -> free
                    |           |             |              |          |         |
                   keep     activate    activate, keep   activate   activate   activate (file),
                                                                               write (swap)

Dirty file pages are not written by reclaim: they are marked PG_reclaim and activated, so that
they come to the tail again when the flusher has written them (folio_rotate_reclaimable()).

Models mm/vmscan.c: shrink_folio_list(), folio_check_references(), pageout(), __remove_mapping(),
folio_check_dirty_writeback(), move_folios_to_lru().
Not modelled: demotion to slower nodes; splitting of large folios (they are reclaimed as they
are); buffer_heads_over_limit; kswapd writing file pages itself (no file system has had
->writepage() since 6.3: such pages are activated, on older kernels too).

Invariant: a page leaves with its isolation's reference gone: freed, or back on a list.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_RECLAIM_PAGE, COST_UNMAP_PAGE, Clock
    from mmtwin.mm.lruvec import Lruvecs
    from mmtwin.mm.mem_map import MemMap
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.gfp import GFP_FS_BIT, GFP_IO_BIT
    from mmtwin.mm.page_flags import (
        PAGE_MAPPING_ANON, PG_active, PG_dirty, PG_locked, PG_lru, PG_mlocked, PG_private,
        PG_reclaim, PG_referenced, PG_swapbacked, PG_swapcache, PG_unevictable, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.page_writeback import PageWriteback
    from mmtwin.mm.pgdat import PGDAT_DIRTY, PGDAT_WRITEBACK, Pgdats
    from mmtwin.mm.pgtable import ALL_ONES
    from mmtwin.mm.rmap_referenced import RmapReferenced
    from mmtwin.mm.rmap_unmap import RmapUnmap
    from mmtwin.mm.scan_control import (
        LIST_FREE, LIST_RET, LIST_TAKEN, RECLAIMER_KSWAPD, ScanControls,
    )  # fmt: skip
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.types import Inodes, Pages, Sysctls, i64, u32, u64
    from mmtwin.mm.vm_flags import VM_EXEC, VM_LOCKED
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_VMSCAN_IMMEDIATE, NR_VMSCAN_WRITE, PGACTIVATE, PGLAZYFREED,
    )  # fmt: skip
    from mmtwin.mm.workingset import Workingset

# What becomes of a page
VERDICT_KEEP = cython.declare(cython.const[cython.int], 0)
VERDICT_ACTIVATE = cython.declare(cython.const[cython.int], 1)
VERDICT_RECLAIM = cython.declare(cython.const[cython.int], 2)  # so far: go on
VERDICT_RECLAIM_CLEAN = cython.declare(cython.const[cython.int], 3)  # but do not write it
VERDICT_FREE = cython.declare(cython.const[cython.int], 4)

FREE_BATCHES = cython.declare(cython.const[cython.int], 610)  # 6.10: freed by folio batches of 31
FREE_BATCH_SIZE = cython.declare(cython.const[cython.int], 31)


@cython.final
@cython.cclass
class ShrinkFolios:
    """The judge."""

    pages: Pages
    inodes: Inodes
    sysctl: Sysctls
    scs: ScanControls
    clock: Clock
    mem_map: MemMap
    vmstat: VmStat
    lruvecs: Lruvecs
    pgdats: Pgdats
    memcontrol: MemControl
    workingset: Workingset
    rmap_referenced: RmapReferenced
    rmap_unmap: RmapUnmap
    swap_state: SwapState
    page_writeback: PageWriteback
    lru = cython.declare("Lru")
    buffers = cython.declare("Buffers")
    page_alloc = cython.declare("PageAlloc")
    page_cache = cython.declare("PageCache")
    prefetch = cython.declare("Prefetch")

    def __init__(self, arena, config):
        self.pages, self.inodes, self.sysctl = arena.pages, arena.inodes, arena.sysctl
        self.scs = arena.scan_controls

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock = m.clock
        self.mem_map, self.vmstat, self.lruvecs = m.mem_map, m.vmstat, m.lruvecs
        self.pgdats, self.memcontrol, self.workingset = m.pgdats, m.memcontrol, m.workingset
        self.rmap_referenced, self.rmap_unmap = m.rmap_referenced, m.rmap_unmap
        self.swap_state, self.page_writeback = m.swap_state, m.page_writeback
        self.buffers, self.prefetch = m.buffers, m.prefetch
        self.lru, self.page_alloc, self.page_cache = m.lru, m.page_alloc, m.page_cache

    @cython.ccall
    @cython.nogil
    def shrink_folio_list(self, sc: u32, ignore_references: cython.bint) -> u64:
        """Judge what is on the list "taken", oldest first; what stays ends on the list "ret", in
        the same order. Pages reclaimed."""
        taken: u32 = self.mem_map.private_list(sc, LIST_TAKEN)
        ret: u32 = self.mem_map.private_list(sc, LIST_RET)
        reclaimed: u64 = 0
        nr: u64
        pfn: u64
        verdict: cython.int
        while self.mem_map.lists[taken].nr:
            pfn = self.mem_map.lists[taken].last
            self.prefetch.record()
            self.mem_map.list_del(taken, pfn)
            nr = cython.cast(u64, self.lru.folio_nr_pages(pfn))
            self.clock.charge(COST_RECLAIM_PAGE, nr)
            self.clock.interrupts()
            verdict = self.shrink_one(sc, pfn, nr, ignore_references)
            if verdict == VERDICT_FREE:
                reclaimed += nr
                self.queue_free(sc, pfn)
            else:
                self.mem_map.list_add(ret, pfn)
        self.rmap_unmap.try_to_unmap_flush()
        self.free_queued(sc)
        return reclaimed

    @cython.cfunc
    @cython.nogil
    def shrink_one(self, sc: u32, pfn: u64, nr: u64, ignore_references: cython.bint) -> cython.int:
        """One page: VERDICT_FREE, or it goes back (active, if that was decided)."""
        verdict: cython.int
        if self.pages[pfn].flags & PG_locked:
            return VERDICT_KEEP
        self.pages[pfn].flags |= PG_locked
        verdict = self.judge(sc, pfn, nr, ignore_references)
        self.pages[pfn].flags &= ~PG_locked & ALL_ONES
        if verdict == VERDICT_ACTIVATE:
            self.activate(sc, pfn, nr)
        return verdict

    @cython.cfunc
    @cython.nogil
    def activate(self, sc: u32, pfn: u64, nr: u64) -> cython.int:
        """Back to the active list; no candidate for swapping, so its slot may be had by others."""
        if self.pages[pfn].flags & PG_swapcache:
            self.swap_state.free_swap_of_activated(pfn)
        if self.pages[pfn].flags & PG_mlocked:
            return 0
        if self.pages[pfn].flags & PG_swapbacked:
            self.scs[sc].stat_activate_anon += nr
        else:
            self.scs[sc].stat_activate_file += nr
        self.pages[pfn].flags |= PG_active
        return self.vmstat.count_folio_events(pfn, PGACTIVATE, cython.cast(i64, nr))

    @cython.cfunc
    @cython.nogil
    def judge(self, sc: u32, pfn: u64, nr: u64, ignore_references: cython.bint) -> cython.int:
        """The way of a locked page."""
        verdict: cython.int = VERDICT_RECLAIM
        self.scs[sc].nr_scanned += nr
        if self.pages[pfn].flags & PG_mlocked:
            return VERDICT_ACTIVATE
        if not self.scs[sc].may_unmap and self.pages[pfn].mapcount:
            return VERDICT_KEEP
        if not ignore_references and self.sysctl[0].lru_gen_enabled & 1:
            if self.pages[pfn].mapcount and self.pages[pfn].flags & PG_referenced:
                return VERDICT_KEEP  # aging has found it used
        if self.pages[pfn].flags & (PG_dirty | PG_writeback):
            self.count_dirty(sc, pfn, nr)
            if self.pages[pfn].flags & PG_writeback:
                return self.under_writeback(sc, pfn, nr)
        if not ignore_references:
            verdict = self.folio_check_references(sc, pfn)
            if verdict == VERDICT_KEEP:
                self.scs[sc].stat_ref_keep += nr
            if verdict <= VERDICT_ACTIVATE:
                return verdict
        return self.take_away(sc, pfn, nr, verdict)

    @cython.cfunc
    @cython.nogil
    def take_away(self, sc: u32, pfn: u64, nr: u64, verdict: cython.int) -> cython.int:
        """Nobody needs it: slot, unmapping, writing, removal."""
        outcome: cython.int
        if self.pages[pfn].mapping & PAGE_MAPPING_ANON and self.pages[pfn].flags & PG_swapbacked:
            if not self.pages[pfn].flags & PG_swapcache:
                if not self.scs[sc].gfp_mask & GFP_IO_BIT:
                    return VERDICT_KEEP
                if not self.swap_state.add_to_swap(pfn):
                    return VERDICT_ACTIVATE
        if self.pages[pfn].mapcount and not self.unmap(sc, pfn, nr):
            return VERDICT_ACTIVATE
        if self.pages[pfn].flags & PG_dirty:
            outcome = self.write_dirty(sc, pfn, nr, verdict)
            if outcome != VERDICT_FREE:
                return outcome
        if self.pages[pfn].flags & PG_private and not self.buffers.try_to_free_buffers(pfn):
            return VERDICT_ACTIVATE
        return self.remove(sc, pfn, nr)

    @cython.cfunc
    @cython.nogil
    def count_dirty(self, sc: u32, pfn: u64, nr: u64) -> cython.int:
        """Signs that the devices cannot keep up; only file pages count as dirty here:
        folio_check_dirty_writeback()."""
        flags: u64 = self.pages[pfn].flags
        if flags & PG_swapbacked or self.pages[pfn].mapping & PAGE_MAPPING_ANON:
            return 0
        self.scs[sc].stat_dirty += nr
        if not flags & PG_writeback:
            self.scs[sc].stat_unqueued_dirty += nr
        elif flags & PG_reclaim:
            self.scs[sc].stat_congested += nr
        return 0

    @cython.cfunc
    @cython.nogil
    def under_writeback(self, sc: u32, pfn: u64, nr: u64) -> cython.int:
        """Not yet: marked, so that it is reclaimed soon after its write has ended."""
        if self.scs[sc].reclaimer == RECLAIMER_KSWAPD and self.pages[pfn].flags & PG_reclaim:
            if self.pgdats.pgdats[self.pages[pfn].node].flags & PGDAT_WRITEBACK:
                self.scs[sc].stat_immediate += nr
                return VERDICT_ACTIVATE
        self.pages[pfn].flags |= PG_reclaim
        self.scs[sc].stat_writeback += nr
        return VERDICT_ACTIVATE

    @cython.cfunc
    @cython.nogil
    def folio_check_references(self, sc: u32, pfn: u64) -> cython.int:
        """Used since the last look? A page that one pte used once gets another round."""
        referenced: cython.int = 0
        vm_flags: u64 = 0
        flags: u64
        if self.pages[pfn].mapcount:
            referenced = self.rmap_referenced.folio_referenced(pfn, self.scs[sc].target_mem_cgroup)
            vm_flags = self.rmap_referenced.vm_flags
        flags = self.pages[pfn].flags
        self.pages[pfn].flags = flags & ~PG_referenced & ALL_ONES
        if vm_flags & VM_LOCKED:
            return VERDICT_ACTIVATE
        if referenced:
            self.pages[pfn].flags |= PG_referenced
            if flags & PG_referenced or referenced > 1:
                return VERDICT_ACTIVATE
            if vm_flags & VM_EXEC and not flags & PG_swapbacked:
                return VERDICT_ACTIVATE
            return VERDICT_KEEP
        if flags & PG_referenced and not flags & PG_swapbacked:
            return VERDICT_RECLAIM_CLEAN
        return VERDICT_RECLAIM

    @cython.cfunc
    @cython.nogil
    def unmap(self, sc: u32, pfn: u64, nr: u64) -> cython.bint:
        """Whether no pte maps it any more."""
        swapbacked: u64 = self.pages[pfn].flags & PG_swapbacked
        self.clock.charge(COST_UNMAP_PAGE, nr)
        if self.rmap_unmap.try_to_unmap(pfn, False):
            return True
        self.scs[sc].stat_unmap_fail += nr
        if not swapbacked and self.pages[pfn].flags & PG_swapbacked:
            self.scs[sc].stat_lazyfree_fail += nr
        return False

    @cython.cfunc
    @cython.nogil
    def write_dirty(self, sc: u32, pfn: u64, nr: u64, verdict: cython.int) -> cython.int:
        """VERDICT_FREE if it is clean now (written at once), else where it goes meanwhile."""
        if not self.pages[pfn].flags & PG_swapbacked:
            if not self.pages[pfn].mapping & PAGE_MAPPING_ANON and not self.kswapd_writes(sc, pfn):
                self.vmstat.mod_lruvec_page_state(pfn, NR_VMSCAN_IMMEDIATE, cython.cast(i64, nr))
                self.pages[pfn].flags |= PG_reclaim
                return VERDICT_ACTIVATE
        if verdict == VERDICT_RECLAIM_CLEAN or not self.scs[sc].may_writepage:
            return VERDICT_KEEP
        if not self.scs[sc].gfp_mask & (GFP_FS_BIT | GFP_IO_BIT):
            return VERDICT_KEEP
        if not self.scs[sc].gfp_mask & GFP_FS_BIT and not self.pages[pfn].flags & PG_swapcache:
            return VERDICT_KEEP
        self.rmap_unmap.try_to_unmap_flush()
        return self.pageout(sc, pfn, nr)

    @cython.cfunc
    @cython.nogil
    def kswapd_writes(self, sc: u32, pfn: u64) -> cython.bint:
        """kswapd has met this dirty page twice on a node full of such."""
        if self.scs[sc].reclaimer != RECLAIMER_KSWAPD:
            return False
        if not self.pages[pfn].flags & PG_reclaim:
            return False
        return self.pgdats.pgdats[self.pages[pfn].node].flags & PGDAT_DIRTY != 0

    @cython.cfunc
    @cython.nogil
    def pageout(self, sc: u32, pfn: u64, nr: u64) -> cython.int:
        """Begin to write an unmapped page to swap."""
        error: cython.int
        if self.pages[pfn].refcount != 2:  # is_page_cache_freeable()
            return VERDICT_KEEP
        if not self.pages[pfn].flags & PG_swapbacked:
            return VERDICT_ACTIVATE
        self.pages[pfn].flags = (self.pages[pfn].flags & ~PG_dirty & ALL_ONES) | PG_reclaim
        if self.pages[pfn].flags & PG_swapcache:
            error = self.swap_state.swap_writepage(pfn)
        else:
            error = self.swap_state.shmem_writepage(pfn)
        if error:
            self.pages[pfn].flags = (self.pages[pfn].flags & ~PG_reclaim & ALL_ONES) | PG_dirty
            return VERDICT_ACTIVATE
        if not self.pages[pfn].flags & PG_writeback:
            self.pages[pfn].flags &= ~PG_reclaim & ALL_ONES
        self.vmstat.mod_lruvec_page_state(pfn, NR_VMSCAN_WRITE, cython.cast(i64, nr))
        self.scs[sc].stat_pageout += nr
        if self.pages[pfn].flags & (PG_writeback | PG_dirty):
            return VERDICT_KEEP
        return VERDICT_FREE

    @cython.cfunc
    @cython.nogil
    def remove(self, sc: u32, pfn: u64, nr: u64) -> cython.int:
        """Out of its cache, if only the cache and we hold it; a lazily freed page has none."""
        shadow: u64 = 0
        mapping: u64 = self.pages[pfn].mapping
        flags: u64 = self.pages[pfn].flags
        if mapping & PAGE_MAPPING_ANON and not flags & PG_swapbacked:
            if self.pages[pfn].refcount != 1:
                return VERDICT_KEEP
            self.vmstat.count_folio_events(pfn, PGLAZYFREED, cython.cast(i64, nr))
            self.pages[pfn].refcount = 0
            return VERDICT_FREE
        if mapping == 0 and not flags & PG_swapcache:  # a page of shmem that went to swap has none
            return VERDICT_KEEP
        if self.pages[pfn].refcount != 2 or flags & PG_dirty:
            return VERDICT_KEEP
        if flags & PG_swapcache:
            shadow = self.workingset.workingset_eviction(pfn, self.scs[sc].target_mem_cgroup)
            self.swap_state.remove_mapping(pfn, shadow)
        else:
            if not flags & PG_swapbacked:
                shadow = self.workingset.workingset_eviction(pfn, self.scs[sc].target_mem_cgroup)
            self.page_cache.remove_mapping(pfn, shadow)
        assert self.pages[pfn].refcount == 1
        self.pages[pfn].refcount = 0
        return VERDICT_FREE

    # -- freeing

    @cython.cfunc
    @cython.nogil
    def queue_free(self, sc: u32, pfn: u64) -> cython.int:
        """Freed in batches: from 6.10 of 31, in order; before, all at the end, last one first."""
        at: u32 = self.mem_map.private_list(sc, LIST_FREE)
        if self.sysctl[0].kernel < FREE_BATCHES:
            return self.mem_map.list_add(at, pfn)
        self.mem_map.list_add_tail(at, pfn)
        if self.mem_map.lists[at].nr >= FREE_BATCH_SIZE:
            self.rmap_unmap.try_to_unmap_flush()
            return self.free_queued(sc)
        return 0

    @cython.cfunc
    @cython.nogil
    def free_queued(self, sc: u32) -> cython.int:
        """mem_cgroup_uncharge_folios(), free_unref_folios()."""
        at: u32 = self.mem_map.private_list(sc, LIST_FREE)
        pfn: u64
        while self.mem_map.lists[at].nr:
            pfn = self.mem_map.lists[at].first
            self.mem_map.list_del(at, pfn)
            self.lru.release(pfn)
        return 0

    # -- going back

    @cython.ccall
    @cython.nogil
    def move_folios_to_lru(self, at: u32) -> u64:
        """Put isolated pages back to the lists that their flags name, oldest first: pages that are
        on a list now."""
        moved: u64 = 0
        nr: i64
        pfn: u64
        while self.mem_map.lists[at].nr:
            pfn = self.mem_map.lists[at].last
            self.mem_map.list_del(at, pfn)
            if self.pages[pfn].flags & PG_mlocked:
                self.lru.folio_putback_lru(pfn)
                continue
            self.pages[pfn].refcount -= 1
            if self.pages[pfn].refcount == 0:
                self.pages[pfn].flags &= ~(PG_active | PG_unevictable) & ALL_ONES
                self.lru.release(pfn)
                continue
            self.lru.lruvec_add_folio(pfn, False)
            nr = self.lru.folio_nr_pages(pfn)
            moved += cython.cast(u64, nr)
            if self.pages[pfn].flags & PG_active:
                self.lruvecs.workingset_age_nonresident(
                    self.lru.folio_lruvec(pfn), cython.cast(u64, nr)
                )
        return moved

    def check(self):
        """No page is being judged."""
        for pfn in self.mem_map.members(self.mem_map.private_list(1, LIST_TAKEN)):
            assert not self.pages[pfn].flags & PG_lru, pfn
