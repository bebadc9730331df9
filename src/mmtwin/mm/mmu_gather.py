"""What an operation unmaps is given up at its end: translations flushed first, then pages freed.

    tlb_gather_mmu
      zap, free_pgtables   each page (and page table) goes into the gather
    tlb_finish_mmu         flush the translations, free the pages

    local bundle    [8 pages]  full ->  [510]  full ->  [510] ...    pages of their own, up to 19

So an unmap of eight pages or more allocates memory itself, and hands the pages back in one go. It
is flushed early where a dirty page of a file was met (at the end of that page table), and where
there is no room for more.

Models mm/mmu_gather.c: tlb_gather_mmu(), __tlb_remove_page_size(), tlb_next_batch(),
tlb_flush_mmu(), tlb_batch_list_free(), tlb_finish_mmu(); mm/swap_state.c:
free_pages_and_swap_cache(); the native pte_free_tlb() and its like, which gather tables as pages.
Not modelled: tables freed by RCU some time later (always so from 6.14 on; here they go at once).

Invariant: nothing is gathered, and no batch is held, while no gather is open.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import GFP_NOWAIT
    from mmtwin.mm.page_flags import PG_swapcache
    from mmtwin.mm.pgtable_types import PAGE_SIZE
    from mmtwin.mm.tlb import Tlb
    from mmtwin.mm.types import Pages, Sysctls, U64s, u32, u64

MMU_GATHER_BUNDLE = cython.declare(cython.const[cython.int], 8)  # pages in struct mmu_gather
MAX_GATHER_BATCH = cython.declare(cython.const[cython.int], 510)  # in a page of its own
MAX_GATHER_BATCH_COUNT = cython.declare(cython.const[cython.int], 19)
MAX_GATHERED = 8 + 19 * 510
GATHERED_PFN = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFFF)
GATHERED_TABLE = cython.declare(cython.const[cython.ulonglong], 0x8000000000000000)
# Until 6.14 what unmaps (munmap, exit, MADV_DONTNEED) emptied this CPU's LRU batches, both before
# it began and before it freed pages.
NO_DRAIN_IN_UNMAP = cython.declare(cython.const[cython.int], 614)
TLB_DELAY_RMAP = cython.declare(cython.const[cython.int], 602)
FOLIOS_PUT = cython.declare(cython.const[cython.int], 609)  # before, a batch was freed backwards
GATHER_RCU_TABLES = cython.declare(cython.const[cython.int], 614)  # tables never gathered as pages

# struct mmu_gather
GatherState = cython.struct(
    start=u64,  # what is to be flushed
    end=u64,
    mm=u32,
    depth=u32,  # how many are open
    nr=u32,  # pages gathered
    batch_count=u32,  # batches behind the bundle
    force_flush=u32,
    delayed_rmap=u32,
)

if cython.compiled:
    GatherStates = cython.typedef(GatherState[::1])
else:
    GatherStates = object


@cython.final
@cython.cclass
class MmuGather:
    """The gather of the operation that runs now."""

    pages: Pages
    sysctl: Sysctls
    gather: GatherStates
    gathered: U64s  # pfns, and tables with their order, in the order in which they came
    batches: U64s  # pfns of the batches' own pages
    tlb: Tlb
    lru = cython.declare("Lru")
    page_alloc = cython.declare("PageAlloc")
    swap_state = cython.declare("SwapState")

    def __init__(self, arena, config):
        self.pages, self.sysctl = arena.pages, arena.sysctl
        self.gather = arena.array("mmu_gather", "mmu_gather.GatherState", 1)
        self.gathered = arena.array("mmu_gathered", "u64", MAX_GATHERED)
        self.batches = arena.array("mmu_gather_batches", "u64", MAX_GATHER_BATCH_COUNT)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.tlb, self.lru = m.tlb, m.lru
        self.page_alloc, self.swap_state = m.page_alloc, m.swap_state

    @cython.ccall
    @cython.nogil
    def tlb_gather_mmu(self, mm: u32) -> cython.int:
        """Collect what follows, until tlb_finish_mmu()."""
        if self.gather[0].depth == 0:
            self.gather[0].mm = mm
            self.gather[0].start = 0
            self.gather[0].end = 0
        assert self.gather[0].mm == mm
        self.gather[0].depth += 1
        return 0

    @cython.ccall
    @cython.nogil
    def tlb_finish_mmu(self) -> cython.int:
        """Flush and free what was collected, and the batches."""
        self.gather[0].depth -= 1
        if self.gather[0].depth:
            return 0
        self.tlb_flush_mmu()
        for i in range(self.gather[0].batch_count):
            pfn: u64 = self.batches[i]
            self.batches[i] = 0
            self.pages[pfn].refcount = 0
            self.page_alloc.free_pages(pfn, 0)
        self.gather[0].batch_count = 0
        return 0

    @cython.ccall
    @cython.inline
    @cython.nogil
    def note_flush(self, address: u64) -> cython.int:
        """A page's translation was taken away: tlb_remove_tlb_entry()."""
        if self.gather[0].end == 0 or address < self.gather[0].start:
            self.gather[0].start = address
        if address + PAGE_SIZE > self.gather[0].end:
            self.gather[0].end = address + PAGE_SIZE
        return 0

    @cython.ccall
    @cython.nogil
    def tlb_remove_page(self, pfn: u64) -> cython.bint:
        """A reference that is dropped at the flush: whether there has to be one now, for there is
        no room for more."""
        self.gathered[self.gather[0].nr] = pfn
        return self.advance()

    @cython.ccall
    @cython.nogil
    def tlb_remove_table(self, pfn: u64, order: cython.int) -> cython.int:
        """A page table that nothing refers to any more, to be freed at the flush."""
        if self.gather[0].depth == 0 or self.sysctl[0].kernel >= GATHER_RCU_TABLES:
            return self.page_alloc.free_pages(pfn, order)
        self.gathered[self.gather[0].nr] = pfn | GATHERED_TABLE | cython.cast(u64, order) << 56
        return self.tlb_flush_mmu() if self.advance() else 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def advance(self) -> cython.bint:
        """One more is gathered; a full batch needs the next: __tlb_remove_page_size()."""
        self.gather[0].nr += 1
        nr: u32 = self.gather[0].nr
        if nr < cython.cast(u32, MMU_GATHER_BUNDLE):
            return False
        if (nr - MMU_GATHER_BUNDLE) % cython.cast(u32, MAX_GATHER_BATCH):
            return False
        return not self.tlb_next_batch((nr - MMU_GATHER_BUNDLE) // MAX_GATHER_BATCH)

    @cython.cfunc
    @cython.nogil
    def tlb_next_batch(self, active: u32) -> cython.bint:
        """Whether there is a batch behind number `active` (0: the bundle)."""
        if self.gather[0].delayed_rmap and active:
            return False
        if active < self.gather[0].batch_count:
            return True
        if self.gather[0].batch_count == MAX_GATHER_BATCH_COUNT:
            return False
        pfn: u64 = self.page_alloc.alloc_pages(GFP_NOWAIT, 0, -1)
        if pfn == 0:
            return False
        self.batches[self.gather[0].batch_count] = pfn
        self.gather[0].batch_count += 1
        return True

    @cython.ccall
    @cython.nogil
    def met_dirty_page(self) -> cython.int:
        """A dirty page of a file loses a pte: others must not write to it through a stale
        translation once it can be cleaned."""
        self.gather[0].force_flush = 1
        if self.sysctl[0].kernel >= TLB_DELAY_RMAP:
            self.gather[0].delayed_rmap = 1
        return 0

    @cython.ccall
    @cython.inline
    @cython.nogil
    def flush_if_forced(self) -> cython.int:
        """The end of a page table."""
        return self.tlb_flush_mmu() if self.gather[0].force_flush else 0

    @cython.ccall
    @cython.nogil
    def tlb_flush_mmu(self) -> cython.int:
        """Flush the translations, then free the pages, batch by batch."""
        self.gather[0].force_flush = 0
        self.gather[0].delayed_rmap = 0
        if self.gather[0].end:
            start: u64 = self.gather[0].start
            end: u64 = self.gather[0].end
            self.gather[0].end = 0
            self.tlb.flush_tlb_range(self.gather[0].mm, start, end)
        nr: u32 = self.gather[0].nr
        self.gather[0].nr = 0
        first: u32 = 0
        most: u32 = MMU_GATHER_BUNDLE
        while first < nr:
            if most > nr - first:
                most = nr - first
            self.free_pages_and_swap_cache(first, most)
            first += most
            most = MAX_GATHER_BATCH
        return 0

    @cython.cfunc
    @cython.nogil
    def free_pages_and_swap_cache(self, first: u32, nr: u32) -> cython.int:
        """Free one batch."""
        i: u32
        if self.sysctl[0].kernel < NO_DRAIN_IN_UNMAP:
            self.lru.lru_add_drain()
        for i in range(first, first + nr):
            entry: u64 = self.gathered[i]
            if not entry & GATHERED_TABLE and self.pages[entry].flags & PG_swapcache:
                self.swap_state.free_swap_cache(entry)
        backwards: cython.bint = self.sysctl[0].kernel < FOLIOS_PUT
        for i in range(nr):
            self.free_gathered(first + nr - 1 - i if backwards else first + i)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def free_gathered(self, at: u32) -> cython.int:
        """Drop what one entry holds."""
        entry: u64 = self.gathered[at]
        self.gathered[at] = 0
        if entry & GATHERED_TABLE:
            order: cython.int = cython.cast(cython.int, (entry >> 56) & 0x7F)
            return self.page_alloc.free_pages(entry & GATHERED_PFN, order)
        return self.lru.put_page(entry)

    def check(self):
        """No operation is under way, so nothing is held."""
        assert self.gather[0].depth == 0 and self.gather[0].nr == 0
        assert self.gather[0].batch_count == 0
