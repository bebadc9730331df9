"""Swap-in with its neighbours.

    vma       (no rotating area)  neighbours by address: a window of ptes around the fault, in the
              direction of the faults; its size by the hits that the vma had since the last one
    cluster   (rotating, shmem)   neighbours by slot: an aligned group around the entry

Models mm/swap_state.c: swapin_readahead(), swap_vma_readahead(), swap_vma_ra_win(),
swap_cluster_readahead(), swapin_nr_pages(), __swapin_nr_pages(), __read_swap_cache_async(),
swap_cache_get_folio().
Not modelled: /sys/kernel/mm/swap/vma_ra_enabled = false; memory policies of the pages read.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.blk_plug import BlkPlug
    from mmtwin.mm.clock import COST_SWAP_IN_PAGE, Clock
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.page_flags import PG_swapbacked
    from mmtwin.mm.page_io import PageIo
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE, PMD_MASK, PMD_SIZE
    from mmtwin.mm.swap_entry import (
        is_swap_pte, pte_to_swp_entry, swp_entry, swp_offset, swp_type,
    )  # fmt: skip
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.swap_types import SwapInfos
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import Pages, Sysctls, U64s, Vmas, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import SWAP_RA, SWAP_RA_HIT

SWAP_RA_ORDER_CEILING = cython.declare(cython.const[cython.int], 5)
SWAP_RA_WIN_SHIFT = cython.declare(cython.const[cython.int], 6)
SWAP_RA_HITS_MASK = cython.declare(cython.const[cython.ulonglong], 0x3F)
SWAP_RA_HITS_MAX = cython.declare(cython.const[cython.int], 63)
SWAP_RA_HITS_START = cython.declare(cython.const[cython.int], 4)
PG_readahead = cython.declare(cython.const[cython.ulonglong], 0x10000)  # PG_reclaim's bit

# Cells of "swap_readahead", those of cluster readahead
RA_HITS = cython.declare(cython.const[cython.int], 0)
RA_PREV_OFFSET = cython.declare(cython.const[cython.int], 1)
RA_LAST_PAGES = cython.declare(cython.const[cython.int], 2)


@cython.final
@cython.cclass
class SwapReadahead:
    """Brings swapped-out pages back, with others that may be wanted soon."""

    pages: Pages
    vmas: Vmas
    sysctl: Sysctls
    si: SwapInfos
    cells: U64s
    ptes: U64s
    swapfile: SwapFile
    swap_state: SwapState
    page_io: PageIo
    memcontrol: MemControl
    vmstat: VmStat
    page_tables: PageTables
    page_alloc = cython.declare("PageAlloc")
    lru = cython.declare("Lru")
    workingset = cython.declare("Workingset")
    plug: BlkPlug
    clock: Clock

    def __init__(self, arena, config):
        self.pages, self.vmas, self.sysctl = arena.pages, arena.vmas, arena.sysctl
        self.si = arena.swap_info
        self.cells = arena.array("swap_readahead", "u64", 4)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.swapfile, self.swap_state, self.page_io = m.swapfile, m.swap_state, m.page_io
        self.memcontrol, self.vmstat, self.page_tables = m.memcontrol, m.vmstat, m.page_tables
        self.page_alloc, self.lru, self.workingset = m.page_alloc, m.lru, m.workingset
        self.ptes, self.plug, self.clock = m.arena.ptes, m.blk_plug, m.clock

    def boot(self):
        self.cells[RA_HITS] = SWAP_RA_HITS_START

    # -- a page that may be in the cache

    @cython.ccall
    @cython.nogil
    def swap_cache_get_folio(self, entry: u64, vma: u32, address: u64) -> u64:
        """The cached page of an entry, or 0; one that was read ahead counts as a hit, of the vma
        (0: of nobody) that asks for it."""
        pfn: u64 = self.swap_state.cached_page(entry)
        if pfn == 0:
            return 0
        ahead: cython.bint = (self.pages[pfn].flags & PG_readahead) != 0
        by_vma: cython.bint = vma != 0 and self.swapfile.swap_use_vma_readahead()
        if ahead:
            self.pages[pfn].flags ^= PG_readahead
            self.vmstat.count_vm_events(SWAP_RA_HIT, 1)
            if not by_vma:
                self.cells[RA_HITS] += 1
        if by_vma:
            hits: cython.int = self.ra_hits(vma) + (1 if ahead else 0)
            if hits > SWAP_RA_HITS_MAX:
                hits = SWAP_RA_HITS_MAX
            self.set_ra_val(vma, address, self.ra_win(vma), hits)
        return pfn

    @cython.cfunc
    @cython.nogil
    def ra_hits(self, vma: u32) -> cython.int:
        """Hits of a vma since its last window; 4 before the first."""
        value: u64 = self.vmas[vma].swap_readahead_info
        if value == 0:
            return SWAP_RA_HITS_START
        return cython.cast(cython.int, value & SWAP_RA_HITS_MASK)

    @cython.cfunc
    @cython.nogil
    def ra_win(self, vma: u32) -> cython.int:
        """Its last window, in pages."""
        value: u64 = self.vmas[vma].swap_readahead_info
        return cython.cast(cython.int, (value >> SWAP_RA_WIN_SHIFT) & SWAP_RA_HITS_MASK)

    @cython.cfunc
    @cython.nogil
    def set_ra_val(self, vma: u32, address: u64, win: cython.int, hits: cython.int) -> cython.int:
        """SWAP_RA_VAL()."""
        value: u64 = (address & PAGE_MASK) | cython.cast(u64, win) << SWAP_RA_WIN_SHIFT
        self.vmas[vma].swap_readahead_info = value | cython.cast(u64, hits)
        return 0

    @cython.ccall
    @cython.nogil
    def read_swap_cache_async(self, entry: u64, gfp: u32, mm: u32) -> u64:
        """The entry's page, its read begun if it was not cached; 0 when out of memory, or nobody
        needs the entry. `allocated` is in `new`. (No reference is taken.)"""
        pfn: u64 = self.swap_state.cached_page(entry)
        self.cells[3] = 0
        if pfn:
            return pfn
        if self.swapfile.swp_swapcount(entry) == 0:
            return 0
        pfn = self.new_cached_page(entry, gfp, mm)
        if pfn:
            self.cells[3] = 1
            self.page_io.swap_read_folio(pfn, entry)
        return pfn

    @cython.cfunc
    @cython.nogil
    def new_cached_page(self, entry: u64, gfp: u32, mm: u32) -> u64:
        """A new page becomes the cached page of an entry: pfn, or 0. (The cache's reference is the
        only one, but for an LRU batch's.)"""
        pfn: u64 = self.page_alloc.alloc_pages(gfp, 0, -1)
        if pfn == 0:
            return 0
        if self.swapfile.swapcache_prepare(entry):  # reclaim for this page has changed things
            self.lru.put_page(pfn)
            return 0
        self.clock.charge(COST_SWAP_IN_PAGE, 1)
        self.pages[pfn].flags |= PG_swapbacked
        if self.memcontrol.mem_cgroup_swapin_charge_folio(pfn, mm, gfp, entry):
            self.swapfile.put_swap_folio(entry)
            self.lru.put_page(pfn)
            return 0
        shadow: u64 = self.swap_state.add_to_swap_cache(pfn, entry)
        self.memcontrol.mem_cgroup_swapin_uncharge_swap(entry)
        if shadow:
            self.workingset.workingset_refault(pfn, shadow)
        self.lru.folio_add_lru(pfn)
        self.lru.put_page(pfn)  # the allocator's reference; the cache has its own
        return pfn

    # -- readahead

    @cython.ccall
    @cython.nogil
    def swapin_readahead(self, entry: u64, gfp: u32, vma: u32, address: u64, mm: u32) -> u64:
        """The entry's page in the cache, read with neighbours; 0 when out of memory."""
        if vma and self.swapfile.swap_use_vma_readahead():
            return self.swap_vma_readahead(entry, gfp, vma, address)
        return self.swap_cluster_readahead(entry, gfp, mm)

    @cython.cfunc
    @cython.nogil
    def swap_vma_readahead(self, entry: u64, gfp: u32, vma: u32, address: u64) -> u64:
        """Those of the window that are swapped out too."""
        mm: u32 = self.vmas[vma].vm_mm
        fault: u64 = address & PAGE_MASK
        prev: u64 = self.vmas[vma].swap_readahead_info & PAGE_MASK
        win: u64 = self.swap_vma_ra_win(vma, fault, prev)
        if win > 1:
            left: u64 = fault - ((win - 1) // 2 << PAGE_SHIFT)
            if fault == prev + PAGE_SIZE:
                left = fault
            elif prev == fault + PAGE_SIZE:
                left = fault - ((win - 1) << PAGE_SHIFT)
            self.plug.blk_start_plug()
            self.read_window(vma, fault, left, left + (win << PAGE_SHIFT), gfp)
            self.plug.blk_finish_plug()
            self.lru.lru_add_drain()
        return self.read_swap_cache_async(entry, gfp, mm)

    @cython.cfunc
    @cython.nogil
    def swap_vma_ra_win(self, vma: u32, fault: u64, prev: u64) -> u64:
        """How many pages, and remembers where."""
        order: cython.int = cython.cast(cython.int, self.sysctl[0].page_cluster)
        if order > SWAP_RA_ORDER_CEILING:
            order = SWAP_RA_ORDER_CEILING
        if order == 0:
            return 1
        win: cython.int = self.swapin_nr_pages_by(
            prev >> PAGE_SHIFT, fault >> PAGE_SHIFT, self.ra_hits(vma), 1 << order,
            self.ra_win(vma),
        )  # fmt: skip
        self.set_ra_val(vma, fault, win, 0)
        return cython.cast(u64, win)

    @cython.cfunc
    @cython.nogil
    def read_window(self, vma: u32, fault: u64, left: u64, right: u64, gfp: u32) -> cython.int:
        """Read what is swapped out in [left, right) of the vma, within the fault's 2 MiB."""
        mm: u32 = self.vmas[vma].vm_mm
        start: u64 = max(left, self.vmas[vma].vm_start, fault & PMD_MASK)
        end: u64 = min(right, self.vmas[vma].vm_end, (fault & PMD_MASK) + PMD_SIZE)
        at: u64 = self.page_tables.pte_offset(mm, start)
        while start < end:
            pte: u64 = self.ptes[at]
            if is_swap_pte(pte):
                pfn: u64 = self.read_swap_cache_async(pte_to_swp_entry(pte), gfp, mm)
                if self.cells[3] and start != fault:
                    self.pages[pfn].flags |= PG_readahead
                    self.vmstat.count_vm_events(SWAP_RA, 1)
            at += 1
            start += PAGE_SIZE
        return 0

    @cython.ccall
    @cython.nogil
    def swap_cluster_readahead(self, entry: u64, gfp: u32, mm: u32) -> u64:
        """The slots around the entry that are in use."""
        mask: u64 = self.swapin_nr_pages(swp_offset(entry)) - 1
        if mask:
            type_: u32 = swp_type(entry)
            offset: u64 = (swp_offset(entry) | mask) - mask
            last: u64 = swp_offset(entry) | mask
            if offset == 0:
                offset = 1
            if last >= self.si[type_].max:
                last = self.si[type_].max - 1
            self.plug.blk_start_plug()
            while offset <= last:
                pfn: u64 = self.read_swap_cache_async(swp_entry(type_, offset), gfp, mm)
                if self.cells[3] and offset != swp_offset(entry):
                    self.pages[pfn].flags |= PG_readahead
                    self.vmstat.count_vm_events(SWAP_RA, 1)
                offset += 1
            self.plug.blk_finish_plug()
            self.lru.lru_add_drain()
        return self.read_swap_cache_async(entry, gfp, mm)

    @cython.cfunc
    @cython.nogil
    def swapin_nr_pages(self, offset: u64) -> u64:
        """How many slots: by the hits since the last time, machine-wide."""
        if self.sysctl[0].page_cluster <= 0:
            return 1
        hits: cython.int = cython.cast(cython.int, self.cells[RA_HITS])
        self.cells[RA_HITS] = 0
        most: cython.int = 1 << cython.cast(cython.int, self.sysctl[0].page_cluster)
        n: cython.int = self.swapin_nr_pages_by(
            self.cells[RA_PREV_OFFSET], offset, hits, most,
            cython.cast(cython.int, self.cells[RA_LAST_PAGES]),
        )  # fmt: skip
        if hits == 0:
            self.cells[RA_PREV_OFFSET] = offset
        self.cells[RA_LAST_PAGES] = cython.cast(u64, n)
        return cython.cast(u64, n)

    @cython.cfunc
    @cython.nogil
    def swapin_nr_pages_by(
        self, prev: u64, offset: u64, hits: cython.int, most: cython.int, last: cython.int
    ) -> cython.int:
        """The next power of two above the hits and 2; without hits a pair, if this follows the
        last one; not less than half of the last time: __swapin_nr_pages()."""
        n: cython.int = 4
        if hits == 0:
            n = 2 if offset == prev + 1 or offset + 1 == prev else 1
        while hits and n < hits + 2:
            n <<= 1
        if n > most:
            n = most
        return n if n > last // 2 else last // 2
