"""Four- or five-level page tables, in pages of the machine.

A table is a page: allocated, counted and freed like any other. Its 512 entries are not in the
page (the model has no page contents) but in a slot of the array `ptes`: Page.private of the table
page is its slot, table_pfn[slot] its page. Slots are handed out most recently freed first, so that
tables lie densely.

    mm.pgd -> slot    address bits 47..39  38..30  29..21  20..12
                                   pgd  ->  pud  ->  pmd  ->  pte  -> frame
    ptes[slot * 512 + index]   an x86 entry, with the bits of pgtable_types.py. A leaf holds a pfn;
                               an upper entry holds the child's slot in the place of its pfn (to
                               look that up at every level would double the time of a walk)

With la57 one more level stands above (bits 56..48); the level below it is the p4d.

Models arch/x86/mm/pgtable.c: pgd_alloc(), pgd_free(); mm/memory.c: __pte_alloc() and its like,
free_pgd_range().
Not modelled: the kernel half (it never faults here); page-table locks; the delay until an RCU
grace period before a freed table reaches the allocator, which cannot change any count at rest.

Invariants: a table's slot is all zero when it is freed; upper entries are 0 or _PAGE_TABLE with
the slot of a table in use (or a 2 MiB leaf, PAGE_PSE, in a pmd); mm.pgtables_bytes counts its pte,
pmd and pud tables, not the pgd (nor a p4d: the kernel has no counter for these).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import GFP_PGTABLE_USER
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.page_flags import PG_table
    from mmtwin.mm.pgtable_types import (
        PAGE_PRESENT, PAGE_PSE, PAGE_SHIFT, PGDIR_SHIFT_LA57, PMD_MASK, PMD_SHIFT, PMD_SIZE,
        PTE_PFN_MASK, PUD_SHIFT, P4D_SHIFT,
    )  # fmt: skip
    from mmtwin.mm.types import Mms, Pages, Sysctls, U32s, U64s, i64, u32, u64
    from mmtwin.mm.uapi import ENOMEM
    from mmtwin.mm.vmstat_items import NR_PAGETABLE

PAGE_TABLE = cython.declare(cython.const[cython.ulonglong], 0x67)  # _PAGE_TABLE: P, RW, USER, A, D
TABLE_BITS = cython.declare(cython.const[cython.int], 9)
TABLE_MASK = cython.declare(cython.const[cython.ulonglong], 511)
ALL_ONES = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFFFFF)
ALL_ONES_32 = cython.declare(cython.const[cython.uint], 0xFFFFFFFF)
KERNEL_PUD_CTOR = cython.declare(cython.const[cython.int], 608)  # puds count as NR_PAGETABLE
KERNEL_PTDESC_FREE = cython.declare(cython.const[cython.int], 618)  # tables are no folios
KERNEL_PGD_CTOR = cython.declare(cython.const[cython.int], 615)  # and p4ds, pgds


@cython.final
@cython.cclass
class PageTables:
    """The tables of all address spaces. Entry i of table slot s is `ptes[s * 512 + i]`."""

    ptes: U64s
    table_pfn: U32s  # the table page of a slot
    slots: IdPool
    mms: Mms
    pages: Pages
    sysctl: Sysctls
    page_alloc = cython.declare("PageAlloc")
    mmu_gather = cython.declare("MmuGather")
    vmstat = cython.declare("VmStat")
    memcontrol = cython.declare("MemControl")
    top_shift: cython.int  # address bits below an entry of the top level
    arena: object

    def __init__(self, arena, config):
        self.arena = arena
        self.ptes = arena.array("ptes", "u64", config.nr_pfns * 512, huge=True)
        self.table_pfn = arena.array("table_pfn", "u32", config.nr_pfns)
        self.slots = IdPool(arena, "table_slot", config.nr_pfns)
        self.mms = arena.mms
        self.pages = arena.pages
        self.sysctl = arena.sysctl
        self.top_shift = PGDIR_SHIFT_LA57 if config.la57 else P4D_SHIFT

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_alloc, self.mmu_gather = m.page_alloc, m.mmu_gather
        self.vmstat = m.vmstat
        self.memcontrol = m.memcontrol

    def boot(self):
        """Bring freshly zeroed arrays into the state of a booted machine."""
        self.slots.boot()

    # Lookup

    @cython.ccall
    @cython.nogil
    def pmd_offset(self, mm: u32, address: u64) -> u64:
        """Index into `ptes` of the pmd entry for address, or 0 where a table above is missing."""
        return self.entry_offset(mm, address, PMD_SHIFT)

    @cython.ccall
    @cython.nogil
    def pud_offset(self, mm: u32, address: u64) -> u64:
        """Index into `ptes` of the pud entry for address, or 0 where a table above is missing."""
        return self.entry_offset(mm, address, PUD_SHIFT)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def entry_offset(self, mm: u32, address: u64, level: cython.int) -> u64:
        """Index of the entry that covers 1 << level bytes at address, or 0."""
        slot: u64 = self.mms[mm].pgd
        shift: cython.int = self.top_shift
        while shift > level:
            entry: u64 = self.ptes[(slot << TABLE_BITS) + ((address >> shift) & TABLE_MASK)]
            if not entry & PAGE_PRESENT:
                return 0
            slot = (entry & PTE_PFN_MASK) >> PAGE_SHIFT
            shift -= TABLE_BITS
        return (slot << TABLE_BITS) + ((address >> level) & TABLE_MASK)

    @cython.ccall
    @cython.nogil
    def pte_offset(self, mm: u32, address: u64) -> u64:
        """Index into `ptes` of the pte for address, or 0 where a table is missing (or a 2 MiB
        leaf stands)."""
        pmd: u64 = self.pmd_offset(mm, address)
        if pmd == 0:
            return 0
        return self.pte_of_pmd(pmd, address)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def pte_of_pmd(self, pmd: u64, address: u64) -> u64:
        """Index of the pte below a pmd entry, or 0: pte_offset_map()."""
        entry: u64 = self.ptes[pmd]
        if not entry & PAGE_PRESENT or entry & PAGE_PSE:
            return 0
        slot: u64 = (entry & PTE_PFN_MASK) >> PAGE_SHIFT
        return (slot << TABLE_BITS) + ((address >> PAGE_SHIFT) & TABLE_MASK)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def pmd_addr_end(self, address: u64, end: u64) -> u64:
        """Where the pmd of `address` ends, or `end` if that comes first: pmd_addr_end()."""
        stop: u64 = (address & PMD_MASK) + PMD_SIZE
        return end if stop > end else stop

    @cython.ccall
    @cython.nogil
    def next_pmd(self, mm: u32, address: u64, end: u64) -> u64:
        """First address >= `address` whose pmd table exists, or `end`: skips holes as the walks
        over p4d, pud and pmd ranges do."""
        while address < end:
            slot: u64 = self.mms[mm].pgd
            shift: cython.int = self.top_shift
            while shift > PMD_SHIFT:
                entry: u64 = self.ptes[(slot << TABLE_BITS) + ((address >> shift) & TABLE_MASK)]
                if not entry & PAGE_PRESENT:
                    break
                slot = (entry & PTE_PFN_MASK) >> PAGE_SHIFT
                shift -= TABLE_BITS
            if shift == PMD_SHIFT:
                return address
            address = ((address >> shift) + 1) << shift
        return end

    # Allocation

    @cython.ccall
    @cython.nogil
    def pgd_alloc(self, mm: u32) -> cython.int:
        """Top-level table of a new mm: 0 or -ENOMEM."""
        slot: u64 = self.table_alloc(self.top_shift)
        if slot == 0:
            return -ENOMEM
        self.mms[mm].pgd = cython.cast(u32, slot)
        return 0

    @cython.ccall
    @cython.nogil
    def pgd_free(self, mm: u32) -> cython.int:
        """Free it; all other tables must be gone."""
        slot: u64 = self.mms[mm].pgd
        assert self.mms[mm].pgtables_bytes == 0
        self.mms[mm].pgd = 0
        return self.table_free(slot, self.top_shift)

    @cython.ccall
    @cython.nogil
    def pmd_alloc(self, mm: u32, address: u64) -> u64:
        """As pmd_offset(), making the missing tables above; 0 when out of memory."""
        return self.entry_alloc(mm, address, PMD_SHIFT)

    @cython.ccall
    @cython.nogil
    def pud_alloc(self, mm: u32, address: u64) -> u64:
        """As pud_offset(), making the missing tables above; 0 when out of memory."""
        return self.entry_alloc(mm, address, PUD_SHIFT)

    @cython.cfunc
    @cython.nogil
    def entry_alloc(self, mm: u32, address: u64, level: cython.int) -> u64:
        """Index of the entry that covers 1 << level bytes at address, or 0 when out of memory."""
        slot: u64 = self.mms[mm].pgd
        shift: cython.int = self.top_shift
        while shift > level:
            at: u64 = (slot << TABLE_BITS) + ((address >> shift) & TABLE_MASK)
            shift -= TABLE_BITS
            if self.ptes[at] & PAGE_PRESENT:
                slot = (self.ptes[at] & PTE_PFN_MASK) >> PAGE_SHIFT
                continue
            slot = self.populate(mm, at, shift)
            if slot == 0:
                return 0
        return (slot << TABLE_BITS) + ((address >> level) & TABLE_MASK)

    @cython.ccall
    @cython.nogil
    def pte_alloc(self, mm: u32, address: u64) -> u64:
        """As pte_offset(), making the missing tables; 0 when out of memory. No 2 MiB leaf may
        stand there."""
        pmd: u64 = self.pmd_alloc(mm, address)
        if pmd == 0:
            return 0
        if not self.ptes[pmd] & PAGE_PRESENT and self.populate(mm, pmd, PAGE_SHIFT) == 0:
            return 0
        return self.pte_of_pmd(pmd, address)

    @cython.cfunc
    @cython.nogil
    def populate(self, mm: u32, at: u64, shift: cython.int) -> u64:
        """Hang a new table, whose entries cover 1 << shift bytes, into entry `at`: slot, or 0."""
        slot: u64 = self.table_alloc(shift)
        if slot == 0:
            return 0
        self.ptes[at] = (slot << PAGE_SHIFT) | PAGE_TABLE
        if shift <= PUD_SHIFT:
            self.mms[mm].pgtables_bytes += 4096
        return slot

    @cython.cfunc
    @cython.nogil
    def table_alloc(self, shift: cython.int) -> u64:
        """A page for a table whose entries cover 1 << shift bytes: its slot, or 0."""
        pfn: u64 = self.page_alloc.alloc_pages(GFP_PGTABLE_USER, self.table_order(shift), -1)
        if pfn == 0:
            return 0
        if self.memcontrol.memcg_kmem_charge_page(pfn, GFP_PGTABLE_USER, self.table_order(shift)):
            self.pages[pfn].refcount = 0
            self.page_alloc.free_pages(pfn, self.table_order(shift))
            return 0
        slot: u32 = self.slots.alloc()
        self.pages[pfn].private = slot
        self.table_pfn[slot] = cython.cast(u32, pfn)
        if self.has_ctor(shift):
            self.pages[pfn].flags |= PG_table
            self.count_table(pfn, 1)
        return slot

    @cython.cfunc
    @cython.nogil
    def table_free(self, slot: u64, shift: cython.int) -> cython.int:
        """Give back a table that is all zero."""
        pfn: u64 = self.table_pfn[slot]
        if self.has_ctor(shift):
            self.pages[pfn].flags &= ~PG_table & ALL_ONES
            self.count_table(pfn, -1)
        self.pages[pfn].private = 0
        self.table_pfn[slot] = 0
        self.slots.free(cython.cast(u32, slot))
        if self.pages[pfn].memcg:
            self.uncharge(pfn, shift)
        self.pages[pfn].refcount = 0
        return self.mmu_gather.tlb_remove_table(pfn, self.table_order(shift))

    @cython.cfunc
    @cython.nogil
    def uncharge(self, pfn: u64, shift: cython.int) -> cython.int:
        """Tables that a mmu_gather frees are put as folios, which goes to the counters; a pgd, and
        from 6.18 on every table, is freed as pages, which goes to the CPU's stock."""
        if shift == self.top_shift or self.sysctl[0].kernel >= KERNEL_PTDESC_FREE:
            return self.memcontrol.memcg_kmem_uncharge_page(pfn, self.table_order(shift))
        return self.memcontrol.mem_cgroup_uncharge(pfn)

    @cython.cfunc
    @cython.nogil
    def count_table(self, pfn: u64, delta: i64) -> cython.int:
        """NR_PAGETABLE; from 6.18 on the cgroup's is not counted."""
        if self.sysctl[0].kernel >= KERNEL_PTDESC_FREE:
            return self.vmstat.mod_node_page_state(self.pages[pfn].node, NR_PAGETABLE, delta)
        return self.vmstat.mod_lruvec_page_state(pfn, NR_PAGETABLE, delta)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def has_ctor(self, shift: cython.int) -> cython.bint:
        """Which levels the kernel counts as NR_PAGETABLE: pagetable_pte_ctor() and its like."""
        if shift <= PMD_SHIFT:
            return True
        if shift == PUD_SHIFT:
            return self.sysctl[0].kernel >= KERNEL_PUD_CTOR
        return self.sysctl[0].kernel >= KERNEL_PGD_CTOR

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def table_order(self, shift: cython.int) -> cython.int:
        """PGD_ALLOCATION_ORDER: a kernel built with page-table isolation takes two pages for a
        pgd; from 6.15 only where isolation is on."""
        if shift == self.top_shift and self.sysctl[0].kernel < KERNEL_PGD_CTOR:
            return 1
        return 0

    # Teardown

    @cython.ccall
    @cython.nogil
    def pte_free(self, mm: u32, address: u64) -> cython.int:
        """Take out an empty pte table, and free it."""
        at: u64 = self.pmd_offset(mm, address)
        slot: u64 = (self.ptes[at] & PTE_PFN_MASK) >> PAGE_SHIFT
        return self.unpopulate(mm, at, slot, PAGE_SHIFT)

    @cython.ccall
    @cython.nogil
    def free_pgtables(self, mm: u32, start: u64, end: u64, floor: u64, ceiling: u64) -> cython.int:
        """Free the tables that only [start, end) used: free_pgd_range().

        `floor` is the end of the mapping below (0: none), `ceiling` the start of the one above
        (0: none); a table that also covers an address of theirs stays.
        """
        start &= PMD_MASK
        if start < floor:
            start += PMD_SIZE
        if ceiling:
            ceiling &= PMD_MASK
            if not ceiling:
                return 0
            if end > ceiling:
                end = (end - 1) & PMD_MASK
        if start >= end:
            return 0
        return self.free_range(mm, self.mms[mm].pgd, self.top_shift, start, end, floor, ceiling)

    @cython.cfunc
    @cython.nogil
    def free_range(
        self, mm: u32, slot: u64, shift: cython.int, start: u64, end: u64, floor: u64, ceiling: u64
    ) -> cython.int:
        """Free the tables below the entries of one table: free_p4d_range() ... free_pte_range()."""
        one: u64 = 1
        size: u64 = one << shift
        while start < end:
            stop: u64 = (start | (size - 1)) + 1
            if stop > end:
                stop = end
            at: u64 = (slot << TABLE_BITS) + ((start >> shift) & TABLE_MASK)
            entry: u64 = self.ptes[at]
            if entry & PAGE_PRESENT:
                child: u64 = (entry & PTE_PFN_MASK) >> PAGE_SHIFT
                if shift > PMD_SHIFT:
                    self.free_range(mm, child, shift - TABLE_BITS, start, stop, floor, ceiling)
                if shift == PMD_SHIFT or self.unused(start, stop, size, floor, ceiling):
                    self.unpopulate(mm, at, child, shift - TABLE_BITS)
            start = stop
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def unused(self, start: u64, end: u64, size: u64, floor: u64, ceiling: u64) -> cython.bint:
        """Nothing outside of [floor, ceiling) lies in the aligned block of `size` around start."""
        block: u64 = start & ~(size - 1) & ALL_ONES
        if block < floor:
            return False
        if ceiling == 0:
            return True
        ceiling &= ~(size - 1) & ALL_ONES
        return ceiling != 0 and end <= ceiling

    @cython.cfunc
    @cython.nogil
    def unpopulate(self, mm: u32, at: u64, slot: u64, shift: cython.int) -> cython.int:
        """Take a table out of entry `at` and free it."""
        self.ptes[at] = 0
        if shift <= PUD_SHIFT:
            self.mms[mm].pgtables_bytes -= 4096
        return self.table_free(slot, shift)

    # Invariants

    def pgd_pages(self):
        """{pfn: pages} of the top-level tables, which may take more than one page each."""
        order = self.table_order(self.top_shift)
        pgds = (int(self.mms[mm].pgd) for mm in self.arena.where("mms", "pgd"))
        return {int(self.table_pfn[slot]): 1 << order for slot in pgds}

    def walk(self, mm):
        """(address, index into `ptes`, entry) of every leaf entry that is not 0, ascending."""
        yield from self._walk_table(self.mms[mm].pgd, self.top_shift, 0)

    def _walk_table(self, slot, shift, base):
        for i in range(512):
            entry = self.ptes[slot * 512 + i]
            address = base + (i << shift)
            if entry == 0:
                continue
            if shift == 12 or entry & PAGE_PSE:
                yield address, slot * 512 + i, entry
            else:
                child = (entry & PTE_PFN_MASK) >> 12
                yield from self._walk_table(child, shift - 9, address)

    def tables(self, mm):
        """(slot, shift) of every table of an mm, the top one first."""
        yield from self._tables_below(self.mms[mm].pgd, self.top_shift)

    def _tables_below(self, slot, shift):
        yield slot, shift
        if shift == 12:
            return
        for i in range(512):
            entry = self.ptes[slot * 512 + i]
            if entry & PAGE_PRESENT and not entry & PAGE_PSE:
                child = (entry & PTE_PFN_MASK) >> 12
                assert self.table_pfn[child], "an entry leads to a free slot"
                yield from self._tables_below(child, shift - 9)

    def check(self):
        """Assert the invariants from scratch."""
        self.slots.check()
        seen = set()
        for mm in self.arena.where("mms", "pgd"):
            nr_bytes = 0
            for slot, shift in self.tables(mm):
                pfn = self.table_pfn[slot]
                assert slot not in seen, f"table slot {slot} is used twice"
                seen.add(slot)
                assert self.pages[pfn].private == slot and self.pages[pfn].refcount == 1
                assert bool(self.pages[pfn].flags & PG_table) == bool(self.has_ctor(shift))
                nr_bytes += 4096 if shift <= PUD_SHIFT else 0
            assert nr_bytes == self.mms[mm].pgtables_bytes, f"mm {mm}: pgtables_bytes"
        assert len(seen) == self.slots.used(), "tables that belong to no mm"
