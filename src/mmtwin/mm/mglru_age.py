"""Aging of MGLRU: a new youngest generation, and finding the used pages that belong to it.

    try_to_inc_max_seq()   walk the page tables of a cgroup's address spaces; each used page is
          |                promoted to max_seq by its flags, its pte's accessed bit cleared
          `- inc_max_seq() if there are four generations, empty the oldest first; then max_seq + 1

    lru_gen_look_around()  reclaim asks whether one page was used: look at 64 ptes around it

Walks skip address spaces that did not run since the last walk, or are small, and page tables that
had few used ptes (a Bloom filter of the last walk's tables; look-arounds add to it).

Models mm/vmscan.c: try_to_inc_max_seq(), inc_max_seq(), inc_min_seq(), iterate_mm_list(),
should_skip_mm(), walk_mm(), should_skip_vma(), walk_pte_range(), lru_gen_look_around(),
reset_ctrl_pos(), lru_gen_use_mm().
Not modelled: accessed bits of upper page-table entries (a table without used ptes is skipped
there, and found without effect here); huge pages; several walkers at once; the filter's false
positives (it holds the tables themselves).

Invariant: outside of a walk nothing is left in its batch (sizes change at once).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import Clock
    from mmtwin.mm.gfp import MAX_NR_ZONES
    from mmtwin.mm.mem_map import MAX_LRUVECS, MemMap
    from mmtwin.mm.mglru import (
        LRU_GEN_ANON, LRU_GEN_MM_WALK, MAX_NR_GENS, MAX_NR_TIERS, MIN_LRU_BATCH,
        LruGens, Mglru,
    )  # fmt: skip
    from mmtwin.mm.page_flags import (
        PAGE_MAPPING_ANON, PG_dirty, PG_referenced, PG_swapbacked, PG_swapcache,
    )  # fmt: skip
    from mmtwin.mm.pgtable import ALL_ONES, PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_DIRTY, PAGE_PRESENT, PAGE_SHIFT, PAGE_SIZE, PAGE_SPECIAL, PMD_MASK,
        PMD_SIZE, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.rss_stat import MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES, RssStat
    from mmtwin.mm.types import Mms, Pages, Sysctls, U32s, U64s, Vmas, u32, u64
    from mmtwin.mm.vm_flags import (
        VM_EXEC, VM_LOCKED, VM_RAND_READ, VM_READ, VM_SEQ_READ, VM_SPECIAL, VM_WRITE, VMOPS_NONE,
        VMOPS_SHMEM, VMOPS_SPECIAL,
    )  # fmt: skip

NR_MMS = cython.declare(cython.const[cython.int], 1048576)
BLOOM_BITS = cython.declare(cython.const[cython.ulonglong], 32768)
BLOOM_WORDS = cython.declare(cython.const[cython.uint], 512)
NR_BLOOM_LRUVECS = cython.declare(cython.const[cython.uint], 64)  # lruvecs share what is beyond


@cython.final
@cython.cclass
class MglruAge:
    """Makes generations."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    mms: Mms
    sysctl: Sysctls
    gens: LruGens
    mm_used: U64s  # by mm: bit n: node n's next walk looks at it: mm->lru_gen.bitmap
    mm_next: U32s  # by mm: neighbours on its cgroup's list, in the order in which they came
    mm_prev: U32s
    mm_first: U32s  # by cgroup
    mm_last: U32s
    bloom: U64s  # ((lruvec % NR_BLOOM_LRUVECS) * 2 + seq % 2) * BLOOM_WORDS + word
    bloom_made: U64s  # (lruvec % NR_BLOOM_LRUVECS) * 2 + seq % 2: whether the filter is there
    avg_refaulted: U64s  # (lruvec * 2 + type) * MAX_NR_TIERS + tier; the next four alike
    avg_total: U64s
    refaulted: U64s
    evicted: U64s
    protected: U64s  # [tier 0] is not used
    clock: Clock
    mem_map: MemMap
    mglru: Mglru
    page_tables: PageTables
    rss: RssStat
    lru = cython.declare("Lru")
    page_cache = cython.declare("PageCache")
    nr_nodes: u32
    # Whether a walk's buffer is there: promotions take effect at once, not through a batch
    has_walk = cython.declare(cython.bint)
    arena = cython.declare(object)

    def __init__(self, arena, config):
        self.arena = arena
        self.nr_nodes = len(config.nodes)
        self.pages, self.vmas, self.mms = arena.pages, arena.vmas, arena.mms
        self.sysctl, self.gens = arena.sysctl, arena.lru_gens
        self.mm_used = arena.array("lru_gen_mm_used", "u64", NR_MMS)
        self.mm_next = arena.array("lru_gen_mm_next", "u32", NR_MMS)
        self.mm_prev = arena.array("lru_gen_mm_prev", "u32", NR_MMS)
        self.mm_first = arena.array("lru_gen_mm_first", "u32", MAX_LRUVECS)
        self.mm_last = arena.array("lru_gen_mm_last", "u32", MAX_LRUVECS)
        self.bloom = arena.array("lru_gen_bloom", "u64", NR_BLOOM_LRUVECS * 2 * BLOOM_WORDS)
        self.bloom_made = arena.array("lru_gen_bloom_made", "u64", NR_BLOOM_LRUVECS * 2)
        cells = len(self.gens) * 2 * MAX_NR_TIERS
        self.avg_refaulted = arena.array("lru_gen_avg_refaulted", "u64", cells)
        self.avg_total = arena.array("lru_gen_avg_total", "u64", cells)
        self.refaulted = arena.array("lru_gen_refaulted", "u64", cells)
        self.evicted = arena.array("lru_gen_evicted", "u64", cells)
        self.protected = arena.array("lru_gen_protected", "u64", cells)
        self.has_walk = False

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.ptes = m.arena.ptes
        self.clock, self.mem_map, self.mglru = m.clock, m.mem_map, m.mglru
        self.page_tables, self.rss, self.lru = m.page_tables, m.rss_stat, m.lru
        self.page_cache = m.page_cache

    # -- generations

    @cython.ccall
    @cython.nogil
    def try_to_inc_max_seq(
        self, lruvec: u32, seq: u64, can_swap: cython.bint, force_scan: cython.bint
    ) -> cython.bint:
        """Walk for the generation `seq`, if nobody did, and begin the next."""
        if seq <= self.gens[lruvec].walk_seq:
            return False
        if self.sysctl[0].lru_gen_enabled & LRU_GEN_MM_WALK:
            self.has_walk = True
            self.reset_bloom_filter(lruvec, seq + 1)
            self.walk_mms(lruvec, seq, can_swap, force_scan)
        self.gens[lruvec].walk_seq = seq
        return self.inc_max_seq(lruvec, seq, can_swap)

    @cython.cfunc
    @cython.nogil
    def inc_max_seq(self, lruvec: u32, seq: u64, can_swap: cython.bint) -> cython.bint:
        """A new youngest generation; what is the third youngest now no longer counts as active."""
        type: cython.int
        kind: u32
        gen: u64
        if seq != self.gens[lruvec].max_seq:
            return False
        for type in range(1, -1, -1):
            kind = cython.cast(u32, type)
            while self.mglru.get_nr_gens(lruvec, kind) == MAX_NR_GENS:
                self.inc_min_seq(lruvec, kind, can_swap)
        self.update_active(lruvec)
        gen = (self.gens[lruvec].max_seq + 1) % MAX_NR_GENS
        self.mglru.timestamps[lruvec * 4 + cython.cast(u32, gen)] = self.clock.now()
        self.gens[lruvec].max_seq += 1
        return True

    @cython.cfunc
    @cython.nogil
    def update_active(self, lruvec: u32) -> cython.int:
        """The classic counters: pages of max_seq - 1 become inactive, any of max_seq + 1 active."""
        max_seq: u64 = self.gens[lruvec].max_seq
        prev: u32 = cython.cast(u32, (max_seq - 1) % MAX_NR_GENS)
        following: u32 = cython.cast(u32, (max_seq + 1) % MAX_NR_GENS)
        type: u32
        zone_type: u32
        for type in range(2):
            for zone_type in range(MAX_NR_ZONES):
                delta: cython.longlong = self.mglru.nr_pages[
                    self.mglru.nr_index(lruvec, prev, type, zone_type)
                ]
                delta -= self.mglru.nr_pages[
                    self.mglru.nr_index(lruvec, following, type, zone_type)
                ]
                if delta:
                    self.mglru.update_lru_size(lruvec, type * 2, zone_type, delta)
                    self.mglru.update_lru_size(lruvec, type * 2 + 1, zone_type, -delta)
        return 0

    @cython.cfunc
    @cython.nogil
    def inc_min_seq(self, lruvec: u32, type: u32, can_swap: cython.bint) -> cython.int:
        """Do away with the oldest generation: its pages go to the tails of the next."""
        old: u32 = cython.cast(u32, self.mglru.min_seq[lruvec * 2 + type] % MAX_NR_GENS)
        zone_type: u32
        at: u32
        pfn: u64
        if type != LRU_GEN_ANON or can_swap:
            for zone_type in range(MAX_NR_ZONES):
                at = self.mglru.gen_list(lruvec, old, type, zone_type)
                while self.mem_map.lists[at].nr:
                    pfn = self.mem_map.lists[at].last
                    self.mglru.move_to_list(
                        pfn, lruvec, self.mglru.folio_inc_gen(pfn, lruvec, False), True
                    )
        self.reset_ctrl_pos(lruvec, type)
        self.mglru.min_seq[lruvec * 2 + type] += 1
        return 0

    @cython.ccall
    @cython.nogil
    def try_to_inc_min_seq(self, lruvec: u32, can_swap: cython.bint) -> cython.bint:
        """Skip oldest generations that are empty; file's is never older than anon's."""
        anon: u64 = self.mglru.min_seq[lruvec * 2]
        file: u64 = self.oldest_populated(lruvec, 1)
        success: cython.bint = False
        if can_swap:
            anon = self.oldest_populated(lruvec, 0)
            if file < anon:
                anon = file
            file = self.mglru.min_seq[lruvec * 2 + 1]
            if anon > file:
                file = anon
            if anon != self.mglru.min_seq[lruvec * 2]:
                self.reset_ctrl_pos(lruvec, 0)
                self.mglru.min_seq[lruvec * 2] = anon
                success = True
        if file != self.mglru.min_seq[lruvec * 2 + 1]:
            self.reset_ctrl_pos(lruvec, 1)
            self.mglru.min_seq[lruvec * 2 + 1] = file
            success = True
        return success

    @cython.cfunc
    @cython.nogil
    def oldest_populated(self, lruvec: u32, type: u32) -> u64:
        """The oldest generation that has pages on its lists, or the second youngest."""
        seq: u64 = self.mglru.min_seq[lruvec * 2 + type]
        zone_type: u32
        gen: u32
        while seq + 2 <= self.gens[lruvec].max_seq:
            gen = cython.cast(u32, seq % MAX_NR_GENS)
            for zone_type in range(MAX_NR_ZONES):
                if self.mem_map.lists[self.mglru.gen_list(lruvec, gen, type, zone_type)].nr:
                    return seq
            seq += 1
        return seq

    @cython.cfunc
    @cython.nogil
    def reset_ctrl_pos(self, lruvec: u32, type: u32) -> cython.int:
        """A generation is over: what was refaulted and evicted in it counts half from now on."""
        at: u32
        tier: u32
        total: u64
        for tier in range(MAX_NR_TIERS):
            at = (lruvec * 2 + type) * MAX_NR_TIERS + tier
            self.avg_refaulted[at] = (self.avg_refaulted[at] + self.refaulted[at]) // 2
            total = self.avg_total[at] + self.evicted[at] + self.protected[at]
            self.avg_total[at] = total // 2
            self.refaulted[at] = 0
            self.evicted[at] = 0
            self.protected[at] = 0
        return 0

    # -- walks

    @cython.cfunc
    @cython.nogil
    def lru_gen_use_mm(self, mm: u32) -> cython.int:
        """An address space is about to be used by a CPU."""
        if mm:
            self.mm_used[mm] = ALL_ONES
        return 0

    @cython.cfunc
    @cython.nogil
    def walk_mms(
        self, lruvec: u32, seq: u64, can_swap: cython.bint, force_scan: cython.bint
    ) -> cython.int:
        """Every address space of the cgroup that may have used pages of this node."""
        memcg: u32 = lruvec // self.nr_nodes
        node: u32 = lruvec % self.nr_nodes
        mm: u32 = self.mm_first[memcg]
        while mm:
            if not self.should_skip_mm(mm, node, can_swap, force_scan):
                self.walk_mm(mm, lruvec, seq, can_swap, force_scan)
            mm = self.mm_next[mm]
        return 0

    @cython.ccall
    @cython.nogil
    def lru_gen_add_mm(self, mm: u32) -> cython.int:
        """A new address space is on its cgroup's list."""
        memcg: u32 = self.mms[mm].memcg
        last: u32 = self.mm_last[memcg]
        self.mm_prev[mm] = last
        self.mm_next[mm] = 0
        if last:
            self.mm_next[last] = mm
        else:
            self.mm_first[memcg] = mm
        self.mm_last[memcg] = mm
        return 0

    @cython.ccall
    @cython.nogil
    def lru_gen_del_mm(self, mm: u32) -> cython.int:
        """It goes, or leaves its cgroup."""
        memcg: u32 = self.mms[mm].memcg
        before: u32 = self.mm_prev[mm]
        after: u32 = self.mm_next[mm]
        if before:
            self.mm_next[before] = after
        else:
            self.mm_first[memcg] = after
        if after:
            self.mm_prev[after] = before
        else:
            self.mm_last[memcg] = before
        self.mm_next[mm] = 0
        self.mm_prev[mm] = 0
        self.mm_used[mm] = 0
        return 0

    @cython.ccall
    @cython.nogil
    def lru_gen_migrate_mm(self, mm: u32, memcg: u32) -> cython.int:
        """Its owner moves to another cgroup."""
        used: u64 = self.mm_used[mm]
        self.lru_gen_del_mm(mm)
        self.mms[mm].memcg = memcg
        self.mm_used[mm] = used
        return self.lru_gen_add_mm(mm)

    @cython.cfunc
    @cython.nogil
    def should_skip_mm(
        self, mm: u32, node: u32, can_swap: cython.bint, force_scan: cython.bint
    ) -> cython.bint:
        """Not used since the last walk, or too small to matter."""
        bit: u64 = 1
        size: cython.longlong
        bit <<= node
        if not force_scan and not self.mm_used[mm] & bit:
            return True
        if self.mm_used[mm] & bit:
            self.mm_used[mm] ^= bit
        size = self.rss.get_mm_counter(mm, MM_FILEPAGES)
        if can_swap:
            size += self.rss.get_mm_counter(mm, MM_ANONPAGES)
            size += self.rss.get_mm_counter(mm, MM_SHMEMPAGES)
        return size < cython.cast(cython.longlong, MIN_LRU_BATCH)

    @cython.cfunc
    @cython.nogil
    def walk_mm(
        self, mm: u32, lruvec: u32, seq: u64, can_swap: cython.bint, force_scan: cython.bint
    ) -> cython.int:
        """The page tables of each area that tells of uses; a table that two areas share counts as
        one, begun at the first."""
        vma: u32 = self.mms[mm].mmap
        start: u64
        done: u64 = 0  # up to where tables were looked at
        while vma:
            start = self.vmas[vma].vm_start
            if not self.should_skip_vma(vma, can_swap):
                if start < done:
                    start = done
                done = self.walk_vma(mm, vma, start, lruvec, seq, can_swap, force_scan)
            vma = self.vmas[vma].vm_next
        return 0

    @cython.cfunc
    @cython.nogil
    def should_skip_vma(self, vma: u32, can_swap: cython.bint) -> cython.bint:
        """Areas whose pages are not evictable, or whose uses say nothing."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        if not vm_flags & (VM_READ | VM_WRITE | VM_EXEC):
            return True
        if vm_flags & (VM_SEQ_READ | VM_RAND_READ | VM_LOCKED | VM_SPECIAL):
            return True
        if self.vmas[vma].vm_ops == VMOPS_SPECIAL:
            return True
        if self.vmas[vma].vm_ops == VMOPS_NONE or self.vmas[vma].vm_ops == VMOPS_SHMEM:
            return not can_swap
        return False

    @cython.cfunc
    @cython.nogil
    def walk_vma(
        self,
        mm: u32,
        vma: u32,
        start: u64,
        lruvec: u32,
        seq: u64,
        can_swap: cython.bint,
        force_scan: cython.bint,
    ) -> u64:
        """Tables of one area, and of the next ones in its last table: up to where."""
        end: u64 = self.vmas[vma].vm_end
        stop: u64
        pmd: u64
        while start < end:
            start = self.page_tables.next_pmd(mm, start, end)
            if start >= end:
                return end
            stop = (start & PMD_MASK) + PMD_SIZE
            pmd = self.page_tables.pmd_offset(mm, start)
            if self.page_tables.pte_of_pmd(pmd, start):
                if force_scan or self.test_bloom_filter(lruvec, seq, pmd):
                    if self.walk_pte_range(mm, vma, start, stop, lruvec, can_swap):
                        self.update_bloom_filter(lruvec, seq + 1, pmd)
            start = stop
        return start

    @cython.cfunc
    @cython.nogil
    def walk_pte_range(
        self, mm: u32, vma: u32, start: u64, stop: u64, lruvec: u32, can_swap: cython.bint
    ) -> cython.bint:
        """The ptes of one table, in all areas that it serves: whether many had been used."""
        total: u64 = 0
        young: u64 = 0
        end: u64
        at: u64
        gen: u32 = cython.cast(u32, self.gens[lruvec].max_seq % MAX_NR_GENS)
        while vma and start < stop:
            end = self.vmas[vma].vm_end if self.vmas[vma].vm_end < stop else stop
            at = self.page_tables.pte_offset(mm, start)
            while start < end:
                total += 1
                if self.promote_pte(vma, at, lruvec, gen, can_swap):
                    young += 1
                at += 1
                start += PAGE_SIZE
            vma = self.vmas[vma].vm_next
            while vma and self.vmas[vma].vm_start < stop and self.should_skip_vma(vma, can_swap):
                vma = self.vmas[vma].vm_next
            if vma:
                start = self.vmas[vma].vm_start
        return young * 8 >= total

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def promote_pte(
        self, vma: u32, at: u64, lruvec: u32, gen: u32, can_swap: cython.bint
    ) -> cython.bint:
        """If the pte was used and maps a page of this lruvec, promote the page."""
        old: cython.int
        pfn: u64
        if not self.is_young_of(at, lruvec, can_swap):
            return False
        pfn = (self.ptes[at] & PTE_PFN_MASK) >> PAGE_SHIFT
        self.clear_young(at, pfn)
        old = self.mglru.folio_update_gen(pfn, gen)
        if old >= 0 and cython.cast(u32, old) != gen:
            self.mglru.move_size(pfn, lruvec, cython.cast(u32, old), gen)
        return True

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def is_young_of(self, at: u64, lruvec: u32, can_swap: cython.bint) -> cython.bint:
        """A used pte of a page of this lruvec: get_pte_pfn(), get_pfn_folio()."""
        pte: u64 = self.ptes[at]
        pfn: u64
        if pte & (PAGE_PRESENT | PAGE_ACCESSED | PAGE_SPECIAL) != PAGE_PRESENT | PAGE_ACCESSED:
            return False
        pfn = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
        if self.lru.folio_lruvec(pfn) != lruvec:
            return False
        return can_swap or not self.pages[pfn].flags & PG_swapbacked

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def clear_young(self, at: u64, pfn: u64) -> cython.int:
        """ptep_clear_young_notify(); what else the pte knows goes to the page."""
        self.ptes[at] ^= PAGE_ACCESSED
        if self.ptes[at] & PAGE_DIRTY and not self.pages[pfn].flags & PG_dirty:
            if not self.pages[pfn].mapping & PAGE_MAPPING_ANON:
                return self.page_cache.folio_mark_dirty(pfn)
            if not self.pages[pfn].flags & PG_swapbacked or self.pages[pfn].flags & PG_swapcache:
                self.pages[pfn].flags |= PG_dirty
        return 0

    # -- looking around

    @cython.cfunc
    @cython.nogil
    def lru_gen_look_around(self, pfn: u64, vma: u32, address: u64, at: u64) -> cython.bint:
        """Whether the pte at `address` was used; if so, its neighbours' pages are promoted too
        (queued for it, if no walk is under way)."""
        start: u64 = address & PMD_MASK
        end: u64 = start + PMD_SIZE
        lruvec: u32 = self.lru.folio_lruvec(pfn)
        swapbacked: cython.bint = self.pages[pfn].flags & PG_swapbacked != 0
        young: u64 = 1
        if not self.ptes[at] & PAGE_ACCESSED:
            return False
        self.ptes[at] ^= PAGE_ACCESSED
        if self.vmas[vma].vm_flags & VM_SPECIAL:
            return True
        if start < self.vmas[vma].vm_start:
            start = self.vmas[vma].vm_start
        if end > self.vmas[vma].vm_end:
            end = self.vmas[vma].vm_end
        if end - start == PAGE_SIZE:
            return True
        if end - start > 64 * PAGE_SIZE:
            if address - start < 32 * PAGE_SIZE:
                end = start + 64 * PAGE_SIZE
            elif end - address < 32 * PAGE_SIZE:
                start = end - 64 * PAGE_SIZE
            else:
                start = address - 32 * PAGE_SIZE
                end = address + 32 * PAGE_SIZE
        at -= (address - start) >> PAGE_SHIFT
        young += self.look_at(at, at + ((end - start) >> PAGE_SHIFT), lruvec, swapbacked)
        if young * 8 >= (end - start) >> PAGE_SHIFT:
            self.update_bloom_filter(
                lruvec,
                self.gens[lruvec].max_seq,
                self.page_tables.pmd_offset(self.vmas[vma].vm_mm, address),
            )
        return True

    @cython.cfunc
    @cython.nogil
    def look_at(self, at: u64, end: u64, lruvec: u32, can_swap: cython.bint) -> u64:
        """Promote what the ptes at..end say was used: how many."""
        gen: u32 = cython.cast(u32, self.gens[lruvec].max_seq % MAX_NR_GENS)
        young: u64 = 0
        old: cython.int
        pfn: u64
        while at < end:
            if self.is_young_of(at, lruvec, can_swap):
                pfn = (self.ptes[at] & PTE_PFN_MASK) >> PAGE_SHIFT
                young += 1
                if self.has_walk:
                    self.promote_pte(0, at, lruvec, gen, can_swap)
                else:
                    self.clear_young(at, pfn)
                    old = self.mglru.folio_lru_gen(pfn)
                    if old < 0:
                        self.pages[pfn].flags |= PG_referenced
                    elif cython.cast(u32, old) != gen:
                        self.lru.folio_activate(pfn)
            at += 1
        return young

    # -- Bloom filters

    @cython.cfunc
    @cython.nogil
    def bloom_index(self, lruvec: u32, seq: u64) -> u32:
        """Which filter serves a lruvec's walk for `seq`."""
        return lruvec % NR_BLOOM_LRUVECS * 2 + cython.cast(u32, seq % 2)

    @cython.cfunc
    @cython.nogil
    def reset_bloom_filter(self, lruvec: u32, seq: u64) -> cython.int:
        """Empty the filter of a walk to come."""
        at: u32 = self.bloom_index(lruvec, seq)
        word: u32
        self.bloom_made[at] = 1
        for word in range(BLOOM_WORDS):
            if self.bloom[at * BLOOM_WORDS + word]:
                self.bloom[at * BLOOM_WORDS + word] = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def update_bloom_filter(self, lruvec: u32, seq: u64, pmd: u64) -> cython.int:
        """The walk for `seq` is to look at this table."""
        at: u32 = self.bloom_index(lruvec, seq)
        one: u64 = 1
        if self.bloom_made[at]:
            self.bloom[at * BLOOM_WORDS + cython.cast(u32, pmd % BLOOM_BITS // 64)] |= one << (
                pmd % 64
            )
        return 0

    @cython.cfunc
    @cython.nogil
    def test_bloom_filter(self, lruvec: u32, seq: u64, pmd: u64) -> cython.bint:
        """Whether the walk for `seq` looks at this table; all, if there is no filter yet."""
        at: u32 = self.bloom_index(lruvec, seq)
        one: u64 = 1
        if not self.bloom_made[at]:
            return True
        word: u64 = self.bloom[at * BLOOM_WORDS + cython.cast(u32, pmd % BLOOM_BITS // 64)]
        return word & one << (pmd % 64) != 0
