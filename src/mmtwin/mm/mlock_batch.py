"""Pages of locked vmas: to the unevictable list and back, in batches.

How many vmas lock a page is kept in mlock_count while it is on the unevictable list; where a batch
lags the count can be too low, which the next munlock or reclaim puts right, as in the kernel.

Models mm/mlock.c: mlock_folio(), mlock_new_folio(), munlock_folio(), mlock_folio_batch(),
mlock_drain_local() (6.1: mlock_page() and so on).

Invariant: NR_MLOCK is the number of pages with PG_mlocked.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.lru import FBATCH_CAPACITY, FBATCH_MLOCK, NR_FBATCHES, Lru
    from mmtwin.mm.page_flags import PG_active, PG_head, PG_lru, PG_mlocked, PG_unevictable
    from mmtwin.mm.types import Currents, Pages, i64, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_MLOCK,
        UNEVICTABLE_PGCULLED,
        UNEVICTABLE_PGMLOCKED,
        UNEVICTABLE_PGMUNLOCKED,
        UNEVICTABLE_PGRESCUED,
        UNEVICTABLE_PGSTRANDED,
    )

# What is to be done with a page of the batch; entries are pfn << 2 | tag.
MLOCK_TAG_MUNLOCK = cython.declare(cython.const[cython.uint], 0)
MLOCK_TAG_LRU = cython.declare(cython.const[cython.uint], 1)
MLOCK_TAG_NEW = cython.declare(cython.const[cython.uint], 2)


@cython.final
@cython.cclass
class MlockBatch:
    """mlock and munlock of single pages."""

    pages: Pages
    current: Currents
    lru: Lru
    vmstat: VmStat

    def __init__(self, arena, config):
        self.pages = arena.pages
        self.current = arena.current

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.lru = m.lru
        self.vmstat = m.vmstat

    @cython.ccall
    @cython.nogil
    def mlock_folio(self, pfn: u64) -> cython.int:
        """A locked vma maps a page that is on the LRU."""
        nr: i64 = self.lru.folio_nr_pages(pfn)
        if not self.pages[pfn].flags & PG_mlocked:
            self.pages[pfn].flags |= PG_mlocked
            self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_MLOCK, nr)
            self.vmstat.count_vm_events(UNEVICTABLE_PGMLOCKED, nr)
        return self.batch_add(pfn, MLOCK_TAG_LRU)

    @cython.ccall
    @cython.nogil
    def mlock_new_folio(self, pfn: u64) -> cython.int:
        """A locked vma maps a page that is new."""
        nr: i64 = self.lru.folio_nr_pages(pfn)
        self.pages[pfn].flags |= PG_mlocked
        self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_MLOCK, nr)
        self.vmstat.count_vm_events(UNEVICTABLE_PGMLOCKED, nr)
        return self.batch_add(pfn, MLOCK_TAG_NEW)

    @cython.ccall
    @cython.nogil
    def munlock_folio(self, pfn: u64) -> cython.int:
        """A vma that maps the page is no longer locked, or no longer maps it."""
        return self.batch_add(pfn, MLOCK_TAG_MUNLOCK)

    @cython.cfunc
    @cython.nogil
    def batch_add(self, pfn: u64, tag: u32) -> cython.int:
        """As Lru.folio_batch_add()."""
        cpu: u32 = self.current[0].cpu
        at: u32 = cpu * NR_FBATCHES + FBATCH_MLOCK
        nr: u32 = self.lru.fbatch_nr[at]
        self.pages[pfn].refcount += 1
        self.lru.fbatch[at * FBATCH_CAPACITY + nr] = pfn << 2 | tag
        self.lru.fbatch_nr[at] = nr + 1
        if nr + 1 >= self.lru.fbatch_size or self.pages[pfn].flags & PG_head:
            return self.mlock_drain(cpu)
        return 0

    @cython.ccall
    @cython.nogil
    def mlock_drain(self, cpu: u32) -> cython.int:
        """Carry out a CPU's batch: mlock_folio_batch()."""
        at: u32 = cpu * NR_FBATCHES + FBATCH_MLOCK
        nr: u32 = self.lru.fbatch_nr[at]
        i: u32
        entry: u64
        for i in range(nr):
            entry = self.lru.fbatch[at * FBATCH_CAPACITY + i]
            if (entry & 3) == MLOCK_TAG_LRU:
                self.mlock_lru(entry >> 2)
            elif (entry & 3) == MLOCK_TAG_NEW:
                self.mlock_new(entry >> 2)
            else:
                self.munlock(entry >> 2)
        self.lru.fbatch_nr[at] = 0
        for i in range(nr):
            entry = self.lru.fbatch[at * FBATCH_CAPACITY + i]
            self.lru.fbatch[at * FBATCH_CAPACITY + i] = 0
            self.lru.put_page(entry >> 2)
        return 0

    @cython.cfunc
    @cython.nogil
    def mlock_lru(self, pfn: u64) -> cython.int:
        """__mlock_folio(): move it to the unevictable list, or count one more vma."""
        if not self.pages[pfn].flags & PG_lru:
            return 0
        if self.lru.folio_evictable(pfn):
            return self.rescue(pfn)
        if self.pages[pfn].flags & PG_unevictable:
            self.pages[pfn].lru_prev += 1
            return 0
        self.lru.relist(pfn, PG_active, PG_unevictable, False)
        self.pages[pfn].lru_prev = 1
        self.vmstat.count_vm_events(UNEVICTABLE_PGCULLED, self.lru.folio_nr_pages(pfn))
        return 0

    @cython.cfunc
    @cython.nogil
    def mlock_new(self, pfn: u64) -> cython.int:
        """__mlock_new_folio(): its first list is the unevictable one."""
        if self.lru.folio_evictable(pfn):
            return self.lru.lruvec_add_folio(pfn, False)
        self.pages[pfn].flags |= PG_unevictable
        self.vmstat.count_vm_events(UNEVICTABLE_PGCULLED, self.lru.folio_nr_pages(pfn))
        self.lru.lruvec_add_folio(pfn, False)
        self.pages[pfn].lru_prev = 1
        return 0

    @cython.cfunc
    @cython.nogil
    def munlock(self, pfn: u64) -> cython.int:
        """__munlock_folio(): the last locked vma makes it evictable again."""
        flags: u64 = self.pages[pfn].flags
        nr: i64 = self.lru.folio_nr_pages(pfn)
        if flags & PG_lru and flags & PG_unevictable:
            if self.pages[pfn].lru_prev:
                self.pages[pfn].lru_prev -= 1
            if self.pages[pfn].lru_prev:
                return 0
        if flags & PG_mlocked:
            self.pages[pfn].flags &= ~PG_mlocked
            self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_MLOCK, -nr)
            if flags & PG_lru or not flags & PG_unevictable:
                self.vmstat.count_vm_events(UNEVICTABLE_PGMUNLOCKED, nr)
            else:
                self.vmstat.count_vm_events(UNEVICTABLE_PGSTRANDED, nr)
        if flags & PG_lru and self.lru.folio_evictable(pfn):
            return self.rescue(pfn)
        return 0

    @cython.cfunc
    @cython.nogil
    def rescue(self, pfn: u64) -> cython.int:
        """Nothing holds it on the unevictable list: back to an ordinary one."""
        if self.pages[pfn].flags & PG_unevictable:
            self.lru.relist(pfn, PG_unevictable, 0, False)
            self.vmstat.count_vm_events(UNEVICTABLE_PGRESCUED, self.lru.folio_nr_pages(pfn))
        return 0
