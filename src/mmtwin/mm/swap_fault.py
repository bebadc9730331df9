"""A fault on a pte that names a swap entry.

    cached? --no--> synchronous device and one name only: a page of its own, no cache, no neighbours
       |            otherwise: into the cache, with neighbours (swap_readahead.py)
       v                                                   both are major faults
    wait until it is read; the entry loses a name; give the slot back where swap is scarce, or where
    a store would else have to copy; map it, writable if it is exclusive; a store may still copy

Models mm/memory.c: do_swap_page(), should_try_to_free_swap(), alloc_swap_folio();
mm/rmap.c: folio_add_anon_rmap_pte().
Not modelled: swapped-in large folios; KSM copies.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.page_flags import (
        PAGE_MAPPING_ANON, PG_anon_exclusive, PG_ksm, PG_locked, PG_lru, PG_mlocked, PG_swapbacked,
        PG_swapcache, PG_uptodate, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.page_io import PageIo
    from mmtwin.mm.pgtable_types import (
        PAGE_DIRTY, PAGE_RW, PAGE_SHIFT, PAGE_SOFT_DIRTY,
    )  # fmt: skip
    from mmtwin.mm.swap_entry import (
        PTE_SWP_EXCLUSIVE, PTE_SWP_SOFT_DIRTY, pte_to_swp_entry, swp_type,
    )  # fmt: skip
    from mmtwin.mm.swap_readahead import SwapReadahead
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.swap_types import (
        SWP_STABLE_WRITES, SWP_SYNCHRONOUS_IO, SwapInfos,
    )  # fmt: skip
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import Pages, Sysctls, U64s, Vmas, u32, u64
    from mmtwin.mm.vm_fault import (
        FAULT_FLAG_ALLOW_RETRY, FAULT_FLAG_TRIED, VM_FAULT_MAJOR, VM_FAULT_OOM, VM_FAULT_RETRY,
        VM_FAULT_SIGBUS,
    )  # fmt: skip
    from mmtwin.mm.vm_flags import VM_LOCKED, VM_SOFTDIRTY, VM_SPECIAL, VM_WRITE, VMOPS_NONE
    from mmtwin.mm.vma_prot import vm_page_prot
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_ANON_MAPPED, PGMAJFAULT

KERNEL_SWAPIN_WRITABLE = cython.declare(cython.const[cython.int], 612)  # loads map it writable too


@cython.final
@cython.cclass
class SwapFault:
    """The handler of swap ptes."""

    pages: Pages
    vmas: Vmas
    ptes: U64s
    sysctl: Sysctls
    si: SwapInfos
    swapfile: SwapFile
    swap_state: SwapState
    readahead: SwapReadahead
    page_io: PageIo
    memcontrol: MemControl
    vmstat: VmStat
    page_alloc = cython.declare("PageAlloc")
    lru = cython.declare("Lru")
    rmap = cython.declare("Rmap")
    rss = cython.declare("RssStat")
    memory = cython.declare("Memory")
    workingset = cython.declare("Workingset")
    mlock_batch = cython.declare("MlockBatch")
    major: cython.int  # VM_FAULT_MAJOR if the last get_page() had to read

    def __init__(self, arena, config):
        self.pages, self.vmas, self.sysctl = arena.pages, arena.vmas, arena.sysctl
        self.si = arena.swap_info
        self.major = 0

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.swapfile, self.swap_state, self.page_io = m.swapfile, m.swap_state, m.page_io
        self.readahead, self.memcontrol, self.vmstat = m.swap_readahead, m.memcontrol, m.vmstat
        self.page_alloc, self.lru, self.rmap = m.page_alloc, m.lru, m.rmap
        self.rss, self.memory, self.workingset = m.rss_stat, m.memory, m.workingset
        self.mlock_batch = m.mlock_batch
        self.ptes = m.arena.ptes

    @cython.ccall
    @cython.nogil
    def do_swap_page(
        self, vma: u32, address: u64, at: u64, write: cython.int, flags: cython.int
    ) -> cython.int:
        """Bring the page of `ptes[at]` back: VM_FAULT_* bits, VM_FAULT_RETRY after a wait with the
        lock dropped. `address` is page aligned."""
        entry: u64 = pte_to_swp_entry(self.ptes[at])
        pfn: u64 = self.get_page(vma, address, entry)
        major: cython.int = self.major
        if pfn == 0:
            return VM_FAULT_OOM
        self.pages[pfn].refcount += 1
        if self.pages[pfn].flags & PG_locked:
            self.page_io.wait(pfn, PG_locked)
            if flags & (FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_TRIED) == FAULT_FLAG_ALLOW_RETRY:
                self.lru.put_page(pfn)
                return VM_FAULT_RETRY | major  # folio_lock_or_retry()
        if not self.pages[pfn].flags & PG_uptodate:
            self.lru.put_page(pfn)
            return VM_FAULT_SIGBUS
        if write and self.pages[pfn].flags & PG_swapcache and not self.pages[pfn].flags & PG_lru:
            self.lru.lru_add_drain()
        writable: cython.bint = self.map_page(vma, address, at, pfn, write)
        if write and not writable:
            return self.memory.do_wp_page(vma, address, at) | major
        return major

    # -- finding or reading it

    @cython.cfunc
    @cython.nogil
    def get_page(self, vma: u32, address: u64, entry: u64) -> u64:
        """The page of an entry, perhaps under way; 0 when out of memory. Sets `major`."""
        mm: u32 = self.vmas[vma].vm_mm
        self.major = 0
        pfn: u64 = self.readahead.swap_cache_get_folio(entry, vma, address)
        if pfn:
            return pfn
        flags: u32 = self.si[swp_type(entry)].flags
        if flags & SWP_SYNCHRONOUS_IO and self.swapfile.swp_swapcount(entry) == 1:
            pfn = self.read_alone(vma, entry)
        else:
            pfn = self.readahead.swapin_readahead(entry, GFP_HIGHUSER_MOVABLE, vma, address, mm)
        if pfn == 0:
            return 0
        self.major = VM_FAULT_MAJOR
        self.vmstat.count_vm_events(PGMAJFAULT, 1)
        self.memcontrol.count_memcg_event_mm(mm, PGMAJFAULT)
        return pfn

    @cython.cfunc
    @cython.nogil
    def read_alone(self, vma: u32, entry: u64) -> u64:
        """From a synchronous device into a page that never enters the cache. Its one reference
        becomes the pte's, so that of the caller comes on top until map_page()."""
        mm: u32 = self.vmas[vma].vm_mm
        pfn: u64 = self.page_alloc.alloc_pages(GFP_HIGHUSER_MOVABLE, 0, -1)
        if pfn == 0:
            return 0
        if self.memcontrol.mem_cgroup_swapin_charge_folio(pfn, mm, GFP_HIGHUSER_MOVABLE, entry):
            self.lru.put_page(pfn)
            return 0
        self.memcontrol.mem_cgroup_swapin_uncharge_swap(entry)
        self.pages[pfn].flags |= PG_swapbacked
        shadow: u64 = self.swap_state.get_shadow_from_swap_cache(entry)
        if shadow:
            self.workingset.workingset_refault(pfn, shadow)
        self.lru.folio_add_lru(pfn)
        self.page_io.swap_read_folio(pfn, entry)
        self.pages[pfn].refcount -= 1
        return pfn

    # -- mapping it

    @cython.cfunc
    @cython.nogil
    def map_page(self, vma: u32, address: u64, at: u64, pfn: u64, write: cython.int) -> cython.bint:
        """Replace the swap pte, with the caller's reference: whether stores need no further
        fault."""
        old: u64 = self.ptes[at]
        mm: u32 = self.vmas[vma].vm_mm
        entry: u64 = pte_to_swp_entry(old)
        exclusive: cython.bint = self.is_exclusive(pfn, old, entry)
        self.swapfile.swap_free(entry)
        if self.should_try_to_free_swap(vma, pfn, write):
            self.swap_state.folio_free_swap(pfn)
        self.rss.add_mm_counter_fast(mm, 1, 1)
        self.rss.add_mm_counter_fast(mm, 2, -1)
        pte: u64 = (pfn << PAGE_SHIFT) | vm_page_prot(self.vmas[vma].vm_flags, VMOPS_NONE)
        if old & PTE_SWP_SOFT_DIRTY:
            pte |= PAGE_SOFT_DIRTY
        if not self.pages[pfn].flags & PG_ksm:
            if exclusive or self.pages[pfn].refcount == 1:
                exclusive = True
                pte |= self.write_bits(vma, pte, write)
        self.add_anon_rmap(pfn, vma, address, exclusive)
        self.ptes[at] = pte
        return (pte & PAGE_RW) != 0

    @cython.cfunc
    @cython.nogil
    def is_exclusive(self, pfn: u64, pte: u64, entry: u64) -> cython.bint:
        """Whether only this pte may name the page: it was so when it was unmapped, or the page is
        fresh. Not while a device that needs stable pages writes it."""
        if not self.pages[pfn].flags & PG_swapcache:
            return True
        if self.pages[pfn].flags & PG_writeback:
            if self.si[swp_type(entry)].flags & SWP_STABLE_WRITES:
                return False
        return (pte & PTE_SWP_EXCLUSIVE) != 0

    @cython.cfunc
    @cython.nogil
    def write_bits(self, vma: u32, pte: u64, write: cython.int) -> u64:
        """Bits that spare a later write fault; before 6.12 only a store gets them."""
        if not self.vmas[vma].vm_flags & VM_WRITE:
            return 0
        if self.sysctl[0].kernel >= KERNEL_SWAPIN_WRITABLE:
            if not self.vmas[vma].vm_flags & VM_SOFTDIRTY and not pte & PAGE_SOFT_DIRTY:
                return 0  # pte_needs_soft_dirty_wp()
            if not write:
                return PAGE_RW
        elif not write:
            return 0
        return PAGE_RW | PAGE_DIRTY | PAGE_SOFT_DIRTY

    @cython.cfunc
    @cython.nogil
    def should_try_to_free_swap(self, vma: u32, pfn: u64, write: cython.int) -> cython.bint:
        """Whether the slot is worth giving up now."""
        if not self.pages[pfn].flags & PG_swapcache:
            return False
        if self.vmas[vma].vm_flags & VM_LOCKED or self.pages[pfn].flags & PG_mlocked:
            return True
        if self.swap_state.mem_cgroup_swap_full(pfn):
            return True
        if not write or self.pages[pfn].flags & PG_ksm:
            return False
        return self.pages[pfn].refcount == 2

    @cython.ccall
    @cython.nogil
    def add_anon_rmap(self, pfn: u64, vma: u32, address: u64, exclusive: cython.bint) -> cython.int:
        """Map a page that comes from swap: folio_add_anon_rmap_pte(), or, for one that has not
        been anonymous yet, folio_add_new_anon_rmap()."""
        if not self.pages[pfn].mapping & PAGE_MAPPING_ANON:
            self.pages[pfn].mapping = self.rmap.anon_mapping(vma)
            if not exclusive:  # any sharer may outlive this one: the anon_vma of them all
                self.pages[pfn].mapping = self.rmap.root_anon_mapping(vma)
            self.pages[pfn].index = self.rmap.linear_page_index(vma, address)
        if exclusive:
            self.pages[pfn].flags |= PG_anon_exclusive
        if (self.vmas[vma].vm_flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED:
            self.mlock_batch.mlock_folio(pfn)
        self.pages[pfn].mapcount += 1
        if self.pages[pfn].mapcount == 1:
            self.vmstat.mod_lruvec_page_state(pfn, NR_ANON_MAPPED, 1)
        return 0
