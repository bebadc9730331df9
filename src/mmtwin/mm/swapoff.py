"""An area comes into use, and goes again: everything that it holds comes back into memory first.

Models mm/swapfile.c: _enable_swap_info(), try_to_unuse(), unuse_mm(), unuse_pte_range(),
unuse_pte(), find_next_to_unuse(), SYSCALL_DEFINE1(swapoff).
Not modelled: the order in which address spaces are searched (by their number here).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE
    from mmtwin.mm.page_flags import PG_locked, PG_uptodate, PG_writeback
    from mmtwin.mm.page_io import PageIo
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_SHIFT, PAGE_SIZE, PAGE_SOFT_DIRTY,
    )  # fmt: skip
    from mmtwin.mm.shmem_swap import ShmemSwap
    from mmtwin.mm.swap_cluster import SwapScan
    from mmtwin.mm.swap_entry import (
        PTE_SWP_EXCLUSIVE, PTE_SWP_SOFT_DIRTY, is_swap_pte, pte_to_swp_entry, swp_entry, swp_type,
    )  # fmt: skip
    from mmtwin.mm.swap_fault import SwapFault
    from mmtwin.mm.swap_readahead import SwapReadahead
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.swap_types import (
        SLOT_SHIFT, SWAP_HAS_CACHE, SWAP_MAP_BAD, SWP_SOLIDSTATE,
        SWP_USED, SWP_WRITEOK, SwapInfos, SwapSlotArray,
    )  # fmt: skip
    from mmtwin.mm.swapfile import (
        KERNEL_NO_SLOT_CACHE, LEAST_PRIORITY, NR_ROTATE_SWAP, NR_SWAP_PAGES,
        SLOT_CACHE_ACTIVE, SLOT_CACHE_ENABLED, TOTAL_SWAP_PAGES, SwapFile,
    )  # fmt: skip
    from mmtwin.mm.types import Currents, I64s, Pages, Sysctls, U64s, Vmas, u32, u64
    from mmtwin.mm.uapi import ENOMEM
    from mmtwin.mm.vm_flags import VMOPS_NONE
    from mmtwin.mm.vma_prot import vm_page_prot


@cython.final
@cython.cclass
class SwapoffWalk:
    """swapon and swapoff, as far as slots and pages go."""

    arena: object
    pages: Pages
    vmas: Vmas
    ptes: U64s
    sysctl: Sysctls
    current: Currents
    slots: SwapSlotArray
    si: SwapInfos
    totals: I64s
    swapfile: SwapFile
    scan: SwapScan
    swap_state: SwapState
    readahead: SwapReadahead
    page_io: PageIo
    swap_fault: SwapFault
    shmem_swap: ShmemSwap
    page_tables: PageTables
    rss = cython.declare("RssStat")
    lru = cython.declare("Lru")
    overcommit = cython.declare("Overcommit")
    page_cache = cython.declare("PageCache")
    file_readahead = cython.declare("Readahead")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.vmas, self.sysctl = arena.pages, arena.vmas, arena.sysctl
        self.current = arena.current
        self.slots, self.si, self.totals = arena.swap_slots, arena.swap_info, arena.swap_totals

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.swapfile, self.scan, self.swap_state = m.swapfile, m.swap_scan, m.swap_state
        self.readahead, self.page_io, self.swap_fault = m.swap_readahead, m.page_io, m.swap_fault
        self.shmem_swap, self.page_tables, self.rss = m.shmem_swap, m.page_tables, m.rss_stat
        self.lru, self.overcommit = m.lru, m.overcommit
        self.page_cache, self.file_readahead = m.page_cache, m.readahead
        self.ptes = m.arena.ptes

    @cython.ccall
    @cython.nogil
    def read_swap_header(self, inode: u32) -> cython.int:
        """A file's first page comes into the page cache: 0 or -errno."""
        pfn: u64 = self.page_cache.find_get_page(inode, 0)
        if pfn == 0:
            pfn = self.page_cache.filemap_alloc_and_add(inode, 0, GFP_HIGHUSER_MOVABLE)
            if pfn == 0:
                return -ENOMEM
            self.file_readahead.read_pages(inode, 0, 1)
        return self.page_cache.folio_wait_locked(pfn)

    def enable(self, type_, pages, flags, prio):
        """An area of so many pages, its header among them, comes into use; prio -1: below all that
        got theirs like that."""
        if prio < 0:
            self.totals[LEAST_PRIORITY] -= 1
            prio = int(self.totals[LEAST_PRIORITY])
        self.si[type_].max = pages
        self.si[type_].pages = pages - 1
        self.si[type_].inuse_pages = 0
        self.si[type_].lowest_bit = 1
        self.si[type_].highest_bit = pages - 1
        self.si[type_].cluster_next = 1
        self.si[type_].cluster_nr = 0
        self.si[type_].prio = prio
        self.si[type_].avail_seq = 0
        self.si[type_].flags = flags | SWP_USED | SWP_WRITEOK
        self.slots[type_ << SLOT_SHIFT].map = SWAP_MAP_BAD
        if self.scan.has_clusters(type_):
            self.scan.setup_clusters(type_)
        if not flags & SWP_SOLIDSTATE:
            self.totals[NR_ROTATE_SWAP] += 1
        self.totals[NR_SWAP_PAGES] += pages - 1
        self.totals[TOTAL_SWAP_PAGES] += pages - 1
        self.overcommit.set_swap_pages(int(self.totals[TOTAL_SWAP_PAGES]))
        if self.sysctl[0].kernel < KERNEL_NO_SLOT_CACHE:
            self.totals[SLOT_CACHE_ENABLED] = 1

    def swapoff(self, type_):
        """Empty an area and give it up: 0 or -ENOMEM (it stays in use)."""
        pages = int(self.si[type_].pages)
        if self.overcommit.security_vm_enough_memory(self.current[0].mm, pages):
            return -ENOMEM
        self.overcommit.vm_unacct_memory(pages)
        free = pages - int(self.si[type_].inuse_pages)
        self.si[type_].flags ^= SWP_WRITEOK
        self.totals[NR_SWAP_PAGES] -= free
        self.totals[TOTAL_SWAP_PAGES] -= pages
        enabled = int(self.totals[SLOT_CACHE_ENABLED])
        self.totals[SLOT_CACHE_ENABLED] = 0
        self.totals[SLOT_CACHE_ACTIVE] = 0
        self.swapfile.drain_slots_caches()
        error = self.try_to_unuse(type_)
        if error:
            self.si[type_].flags |= SWP_WRITEOK
            self.totals[NR_SWAP_PAGES] += pages - int(self.si[type_].inuse_pages)
            self.totals[TOTAL_SWAP_PAGES] += pages
            self.totals[SLOT_CACHE_ENABLED] = enabled
            return error
        self.forget(type_)
        self.overcommit.set_swap_pages(int(self.totals[TOTAL_SWAP_PAGES]))
        if self.totals[TOTAL_SWAP_PAGES]:
            self.totals[SLOT_CACHE_ENABLED] = enabled
        return 0

    def forget(self, type_):
        """An empty area goes."""
        assert self.si[type_].inuse_pages == 0
        if not self.si[type_].flags & SWP_SOLIDSTATE:
            self.totals[NR_ROTATE_SWAP] -= 1
        self.slots[type_ << SLOT_SHIFT].map = 0
        self.scan.clear_clusters(type_)
        self.swapfile.free_swap_count_continuations(type_)
        for field in (
            "max", "pages", "lowest_bit", "highest_bit", "cluster_next", "cluster_nr", "avail_seq",
            "nr_clusters", "flags", "prio", "bdev", "zram", "inode",
        ):  # fmt: skip
            setattr(self.arena.swap_info[type_], field, 0)

    def try_to_unuse(self, type_):
        """Bring back what the area holds: 0 or -ENOMEM."""
        while self.si[type_].inuse_pages:
            if self.shmem_swap.shmem_unuse(type_):
                return -ENOMEM
            for mm in self.arena.where("mms", "pgd"):
                if self.rss.exact(mm, 2) and self.unuse_mm(mm, type_):
                    return -ENOMEM
            self.unuse_cache(type_)
        return 0

    @cython.ccall
    @cython.nogil
    def unuse_cache(self, type_: u32) -> cython.int:
        """Give back the slots that cached pages alone hold."""
        base: u64 = cython.cast(u64, type_) << SLOT_SHIFT
        offset: u64
        for offset in range(1, self.si[type_].max):
            if not self.slots[base | offset].map & SWAP_HAS_CACHE:
                continue
            pfn: u64 = self.swap_state.cached_page(swp_entry(type_, offset))
            if pfn:
                self.pages[pfn].refcount += 1
                self.page_io.wait(pfn, PG_locked)
                self.page_io.wait(pfn, PG_writeback)
                self.swap_state.folio_free_swap(pfn)
                self.lru.put_page(pfn)
        return 0

    def unuse_mm(self, mm, type_):
        """Every swap pte of an address space that names the area: 0 or -ENOMEM."""
        vma = int(self.arena.mms[mm].mmap)
        while vma:
            if int(self.vmas[vma].anon_vma) and self.unuse_vma(vma, type_):
                return -ENOMEM
            vma = int(self.vmas[vma].vm_next)
        return 0

    @cython.ccall
    @cython.nogil
    def unuse_vma(self, vma: u32, type_: u32) -> cython.int:
        """One vma: 0 or -ENOMEM."""
        mm: u32 = self.vmas[vma].vm_mm
        address: u64 = self.vmas[vma].vm_start
        end: u64 = self.vmas[vma].vm_end
        while address < end:
            address = self.page_tables.next_pmd(mm, address, end)
            if address >= end:
                break
            stop: u64 = self.page_tables.pmd_addr_end(address, end)
            at: u64 = self.page_tables.pte_offset(mm, address)
            while at and address < stop:
                if is_swap_pte(self.ptes[at]):
                    if swp_type(pte_to_swp_entry(self.ptes[at])) == type_:
                        if self.unuse_pte(vma, address, at):
                            return -ENOMEM
                at += 1
                address += PAGE_SIZE
            address = stop
        return 0

    @cython.cfunc
    @cython.nogil
    def unuse_pte(self, vma: u32, address: u64, at: u64) -> cython.int:
        """Bring one page back, unused as it was: 0 or -ENOMEM."""
        entry: u64 = pte_to_swp_entry(self.ptes[at])
        mm: u32 = self.vmas[vma].vm_mm
        pfn: u64 = self.readahead.swap_cache_get_folio(entry, vma, address)
        if pfn == 0:
            pfn = self.readahead.swapin_readahead(entry, GFP_HIGHUSER_MOVABLE, vma, address, mm)
        if pfn == 0:
            return -ENOMEM
        self.pages[pfn].refcount += 1
        self.page_io.wait(pfn, PG_locked)
        self.page_io.wait(pfn, PG_writeback)
        if self.pages[pfn].flags & PG_uptodate:
            self.map_old(vma, address, at, pfn)
            self.swapfile.swap_free(entry)
        self.swap_state.folio_free_swap(pfn)
        return self.lru.put_page(pfn)

    @cython.cfunc
    @cython.nogil
    def map_old(self, vma: u32, address: u64, at: u64, pfn: u64) -> cython.int:
        """The pte maps the page, not writable and not accessed."""
        old: u64 = self.ptes[at]
        mm: u32 = self.vmas[vma].vm_mm
        pte: u64 = (pfn << PAGE_SHIFT) | vm_page_prot(self.vmas[vma].vm_flags, VMOPS_NONE)
        if pte & PAGE_ACCESSED:
            pte ^= PAGE_ACCESSED
        if old & PTE_SWP_SOFT_DIRTY:
            pte |= PAGE_SOFT_DIRTY
        self.pages[pfn].refcount += 1
        self.rss.add_mm_counter(mm, 1, 1)
        self.rss.add_mm_counter(mm, 2, -1)
        self.swap_fault.add_anon_rmap(pfn, vma, address, (old & PTE_SWP_EXCLUSIVE) != 0)
        self.ptes[at] = pte
        return 0
