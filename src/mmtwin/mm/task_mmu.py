"""What /proc/PID/smaps, pagemap, clear_refs and /proc/kpage* read out of page tables.

Models fs/proc/task_mmu.c: smaps_pte_range(), smaps_account(), pagemap_pmd_range(),
pte_to_pagemap_entry(), clear_refs_write(), clear_refs_pte_range(), clear_soft_dirty();
fs/proc/page.c: stable_page_flags(), kpagecount.
Not modelled: huge pages and hugetlb (there are none yet: SmapsStat has no such fields, and the
views print the kernel's 0 for them, as a kernel without any does).

Units: SmapsStat is in bytes, its pss fields in bytes << PSS_SHIFT, as in the kernel.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.page_flags import (
        PAGE_MAPPING_ANON, PG_active, PG_anon_exclusive, PG_arch_1, PG_buddy, PG_dirty, PG_head,
        PG_hwpoison, PG_idle, PG_ksm, PG_locked, PG_lru, PG_mlocked, PG_owner_2, PG_owner_priv_1,
        PG_private, PG_private_2, PG_reclaim, PG_referenced, PG_reserved, PG_slab, PG_swapbacked,
        PG_swapcache, PG_table, PG_uncached, PG_unevictable, PG_uptodate, PG_writeback, PG_young,
        PG_zero_page,
    )  # fmt: skip
    from mmtwin.mm.pgtable import ALL_ONES, PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_DIRTY, PAGE_PRESENT, PAGE_PROTNONE, PAGE_RW, PAGE_SHIFT, PAGE_SIZE,
        PAGE_SOFT_DIRTY, PAGE_SPECIAL, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.shmem_swap import ShmemSwap
    from mmtwin.mm.swap_entry import (
        PTE_SWP_SOFT_DIRTY, is_swap_pte, pte_to_swp_entry, swp_offset, swp_type,
    )  # fmt: skip
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.tlb import Tlb
    from mmtwin.mm.types import Files, Mms, Pages, Sysctls, U64s, Vmas, u32, u64
    from mmtwin.mm.uapi import EINVAL
    from mmtwin.mm.vm_flags import (
        VM_LOCKED, VM_PFNMAP, VM_SHARED, VM_SOFTDIRTY, VM_WRITE, VMOPS_SHMEM,
    )  # fmt: skip
    from mmtwin.mm.rss_stat import RssStat

PSS_SHIFT = cython.declare(cython.const[cython.int], 12)

KERNEL_KPF_KSM_BUG = cython.declare(cython.const[cython.int], 612)  # all anonymous pages as KSM

# Bits of a pagemap entry
PM_SOFT_DIRTY = cython.declare(cython.const[cython.ulonglong], 0x80000000000000)
PM_MMAP_EXCLUSIVE = cython.declare(cython.const[cython.ulonglong], 0x100000000000000)
PM_FILE = cython.declare(cython.const[cython.ulonglong], 0x2000000000000000)
PM_SWAP = cython.declare(cython.const[cython.ulonglong], 0x4000000000000000)
PM_PRESENT = cython.declare(cython.const[cython.ulonglong], 0x8000000000000000)

# /proc/PID/clear_refs
CLEAR_REFS_ALL = cython.declare(cython.const[cython.int], 1)
CLEAR_REFS_ANON = cython.declare(cython.const[cython.int], 2)
CLEAR_REFS_MAPPED = cython.declare(cython.const[cython.int], 3)
CLEAR_REFS_SOFT_DIRTY = cython.declare(cython.const[cython.int], 4)
CLEAR_REFS_MM_HIWATER_RSS = cython.declare(cython.const[cython.int], 5)

# struct mem_size_stats
SmapsStat = cython.struct(
    resident=u64,
    shared_clean=u64,
    shared_dirty=u64,
    private_clean=u64,
    private_dirty=u64,
    referenced=u64,
    anonymous=u64,
    lazyfree=u64,
    ksm=u64,
    pss=u64,
    pss_anon=u64,
    pss_file=u64,
    pss_shmem=u64,
    pss_dirty=u64,
    pss_locked=u64,
    swap=u64,
    pss_swap=u64,
)

if cython.compiled:
    SmapsStats = cython.typedef(SmapsStat[::1])
else:
    SmapsStats = object


@cython.final
@cython.cclass
class TaskMmu:
    """Walks that only look (and clear_refs, which forgets)."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    mms: Mms
    sysctl: Sysctls
    stat: SmapsStats  # scratch of one: the sum of smaps_gather_stats() calls since smaps_clear()
    page_tables: PageTables
    tlb: Tlb
    rss: RssStat
    vma_tree = cython.declare("VmaTree")
    files: Files
    swapfile: SwapFile
    shmem_swap: ShmemSwap

    def __init__(self, arena, config):
        self.pages, self.ptes, self.files = arena.pages, arena.ptes, arena.files
        self.vmas, self.mms, self.sysctl = arena.vmas, arena.mms, arena.sysctl
        self.stat = arena.array("smaps_stat", "task_mmu.SmapsStat", 1)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.tlb, self.rss = m.page_tables, m.tlb, m.rss_stat
        self.vma_tree, self.swapfile, self.shmem_swap = m.vma_tree, m.swapfile, m.shmem_swap

    # smaps

    def smap(self, vma):
        """What smaps says of one vma: {field of SmapsStat: bytes, pss fields in whole bytes}."""
        return self.smaps([vma])

    def smaps(self, vmas):
        """smap() of several vmas together: smaps_rollup."""
        self.smaps_clear()
        for vma in vmas:
            self.smap_gather_stats(vma)
        record: object = self.stat[0]
        names = _smaps_fields()
        found = {name: int(record[name]) for name in names}
        self.smaps_clear()
        return {n: v >> PSS_SHIFT if n.startswith("pss") else v for n, v in found.items()}

    @cython.ccall
    @cython.nogil
    def smaps_clear(self) -> cython.int:
        """Set the sums to 0."""
        self.stat[0].resident = 0
        self.stat[0].shared_clean = 0
        self.stat[0].shared_dirty = 0
        self.stat[0].private_clean = 0
        self.stat[0].private_dirty = 0
        self.stat[0].referenced = 0
        self.stat[0].anonymous = 0
        self.stat[0].lazyfree = 0
        self.stat[0].ksm = 0
        self.stat[0].pss = 0
        self.stat[0].pss_anon = 0
        self.stat[0].pss_file = 0
        self.stat[0].pss_shmem = 0
        self.stat[0].pss_dirty = 0
        self.stat[0].pss_locked = 0
        self.stat[0].swap = 0
        self.stat[0].pss_swap = 0
        return 0

    @cython.ccall
    @cython.nogil
    def smap_gather_stats(self, vma: u32) -> cython.int:
        """Add one vma's pages to the sums."""
        mm: u32 = self.vmas[vma].vm_mm
        locked: cython.bint = (self.vmas[vma].vm_flags & VM_LOCKED) != 0
        address: u64 = self.vmas[vma].vm_start
        end: u64 = self.vmas[vma].vm_end
        self.smap_shmem_swap(vma)
        while address < end:
            address = self.page_tables.next_pmd(mm, address, end)
            if address >= end:
                break
            stop: u64 = self.page_tables.pmd_addr_end(address, end)
            at: u64 = self.page_tables.pte_offset(mm, address)
            if at:
                for i in range(at, at + ((stop - address) >> PAGE_SHIFT)):
                    self.smaps_pte_entry(self.ptes[i], locked)
            address = stop
        return 0

    @cython.cfunc
    @cython.nogil
    def smap_shmem_swap(self, vma: u32) -> cython.int:
        """What the shmem file behind a vma has in swap. (A private writable mapping's own pages
        hide those of the file; the kernel then looks only where the vma has no pte.)"""
        if self.vmas[vma].vm_ops != VMOPS_SHMEM:
            return 0
        inode: u32 = self.files[self.vmas[vma].vm_file].f_inode
        first: u64 = self.vmas[vma].vm_pgoff
        pages: u64 = (self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> PAGE_SHIFT
        swapped: u64 = self.shmem_swap.shmem_partial_swap_usage(inode, first, first + pages - 1)
        if swapped and not self.vmas[vma].vm_flags & VM_SHARED:
            if self.vmas[vma].vm_flags & VM_WRITE:
                swapped -= self.hidden_swap(vma, inode)
        self.stat[0].swap += swapped << PAGE_SHIFT
        return 0

    @cython.cfunc
    @cython.nogil
    def hidden_swap(self, vma: u32, inode: u32) -> u64:
        """Pages of a file in swap where a private mapping of it has a pte."""
        hidden: u64 = 0
        address: u64 = self.vmas[vma].vm_start
        index: u64 = self.vmas[vma].vm_pgoff
        while address < self.vmas[vma].vm_end:
            at: u64 = self.page_tables.pte_offset(self.vmas[vma].vm_mm, address)
            if at and self.ptes[at]:
                hidden += self.shmem_swap.shmem_partial_swap_usage(inode, index, index)
            address += PAGE_SIZE
            index += 1
        return hidden

    @cython.cfunc
    @cython.nogil
    def smaps_pte_entry(self, pte: u64, locked: cython.bint) -> cython.int:
        """One pte: smaps_account()."""
        if is_swap_pte(pte):
            names: u64 = self.swapfile.swp_swapcount(pte_to_swp_entry(pte))
            self.stat[0].swap += PAGE_SIZE
            self.stat[0].pss_swap += (PAGE_SIZE << PSS_SHIFT) // (names if names > 1 else 1)
            return 0
        if not pte & (PAGE_PRESENT | PAGE_PROTNONE) or pte & PAGE_SPECIAL:
            return 0
        pfn: u64 = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
        flags: u64 = self.pages[pfn].flags
        dirty: cython.bint = (pte & PAGE_DIRTY) != 0 or (flags & PG_dirty) != 0
        anon: cython.bint = (self.pages[pfn].mapping & PAGE_MAPPING_ANON) != 0
        self.stat[0].resident += PAGE_SIZE
        if anon:
            self.stat[0].anonymous += PAGE_SIZE
            if not flags & PG_swapbacked and not dirty:
                self.stat[0].lazyfree += PAGE_SIZE
            if flags & PG_ksm:
                self.stat[0].ksm += PAGE_SIZE
        if pte & PAGE_ACCESSED or flags & (PG_young | PG_referenced):
            self.stat[0].referenced += PAGE_SIZE
        self.smaps_page_accumulate(pfn, anon, dirty, locked)
        return 0

    @cython.cfunc
    @cython.nogil
    def smaps_page_accumulate(
        self, pfn: u64, anon: cython.bint, dirty: cython.bint, locked: cython.bint
    ) -> cython.int:
        """The page's share, and which of the four classes it belongs to."""
        mapcount: u64 = cython.cast(u64, self.pages[pfn].mapcount)
        private: cython.bint = mapcount < 2
        pss: u64 = PAGE_SIZE << PSS_SHIFT
        if not private:
            pss //= mapcount
        self.stat[0].pss += pss
        if anon:
            self.stat[0].pss_anon += pss
        elif self.pages[pfn].flags & PG_swapbacked:
            self.stat[0].pss_shmem += pss
        else:
            self.stat[0].pss_file += pss
        if locked:
            self.stat[0].pss_locked += pss
        if dirty:
            self.stat[0].pss_dirty += pss
            if private:
                self.stat[0].private_dirty += PAGE_SIZE
            else:
                self.stat[0].shared_dirty += PAGE_SIZE
        elif private:
            self.stat[0].private_clean += PAGE_SIZE
        else:
            self.stat[0].shared_clean += PAGE_SIZE
        return 0

    # pagemap

    @cython.ccall
    @cython.nogil
    def pagemap_entry(self, mm: u32, address: u64) -> u64:
        """The entry of one page: 0 where nothing is mapped."""
        vma: u32 = self.vma_tree.find_vma(mm, address)
        if vma == 0 or self.vmas[vma].vm_start > address:
            return 0
        at: u64 = self.page_tables.pte_offset(mm, address)
        return self.pte_to_pagemap_entry(self.ptes[at] if at else 0, self.vmas[vma].vm_flags)

    @cython.ccall
    def pagemap_read(self, mm: u32, start: u64, entries: U64s) -> cython.int:
        """Fill `entries` with those of the pages from address start on."""
        for i in range(len(entries)):
            entries[i] = self.pagemap_entry(mm, start + i * PAGE_SIZE)
        return 0

    @cython.cfunc
    @cython.nogil
    def pte_to_pagemap_entry(self, pte: u64, vm_flags: u64) -> u64:
        """One entry; soft-dirty is also what the whole vma is, until clear_refs."""
        entry: u64 = PM_SOFT_DIRTY if vm_flags & VM_SOFTDIRTY else 0
        if is_swap_pte(pte):
            if pte & PTE_SWP_SOFT_DIRTY:
                entry |= PM_SOFT_DIRTY
            swap: u64 = pte_to_swp_entry(pte)
            return entry | PM_SWAP | swp_offset(swap) << 5 | swp_type(swap)
        if not pte & (PAGE_PRESENT | PAGE_PROTNONE):
            return entry
        pfn: u64 = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
        entry |= pfn | PM_PRESENT
        if pte & PAGE_SOFT_DIRTY:
            entry |= PM_SOFT_DIRTY
        if pte & PAGE_SPECIAL:
            return entry
        if not self.pages[pfn].mapping & PAGE_MAPPING_ANON:
            entry |= PM_FILE
        if self.pages[pfn].mapcount == 1:
            entry |= PM_MMAP_EXCLUSIVE
        return entry

    # clear_refs

    @cython.ccall
    @cython.nogil
    def clear_refs(self, mm: u32, kind: cython.int) -> cython.int:
        """Write `kind` (1 to 5) to clear_refs: 0, or -EINVAL."""
        if kind < CLEAR_REFS_ALL or kind > CLEAR_REFS_MM_HIWATER_RSS:
            return -EINVAL
        if kind == CLEAR_REFS_MM_HIWATER_RSS:
            self.mms[mm].hiwater_rss = cython.cast(u64, self.rss.get_mm_rss(mm))
            return 0
        vma: u32 = self.mms[mm].mmap
        while vma:
            if kind == CLEAR_REFS_SOFT_DIRTY:
                self.vmas[vma].vm_flags &= ~VM_SOFTDIRTY & ALL_ONES
            if not self.clear_refs_skips(vma, kind):
                self.clear_refs_vma(vma, kind)
            vma = self.vmas[vma].vm_next
        if kind == CLEAR_REFS_SOFT_DIRTY:
            self.tlb.flush_tlb_mm(mm)
        return 0

    @cython.cfunc
    @cython.nogil
    def clear_refs_skips(self, vma: u32, kind: cython.int) -> cython.bint:
        """clear_refs_test_walk()."""
        if self.vmas[vma].vm_flags & VM_PFNMAP:
            return True
        if kind == CLEAR_REFS_ANON:
            return self.vmas[vma].vm_file != 0
        return kind == CLEAR_REFS_MAPPED and self.vmas[vma].vm_file == 0

    @cython.cfunc
    @cython.nogil
    def clear_refs_vma(self, vma: u32, kind: cython.int) -> cython.int:
        """Walk the ptes of one vma."""
        mm: u32 = self.vmas[vma].vm_mm
        address: u64 = self.vmas[vma].vm_start
        end: u64 = self.vmas[vma].vm_end
        while address < end:
            address = self.page_tables.next_pmd(mm, address, end)
            if address >= end:
                break
            stop: u64 = self.page_tables.pmd_addr_end(address, end)
            at: u64 = self.page_tables.pte_offset(mm, address)
            if at:
                for i in range(at, at + ((stop - address) >> PAGE_SHIFT)):
                    self.clear_refs_pte(i, kind)
            address = stop
        return 0

    @cython.cfunc
    @cython.nogil
    def clear_refs_pte(self, at: u64, kind: cython.int) -> cython.int:
        """Forget one pte's (and its page's) traces of use. No flush for the accessed bit: x86
        lets a cached translation hide later accesses."""
        pte: u64 = self.ptes[at]
        if not pte & (PAGE_PRESENT | PAGE_PROTNONE):
            if kind == CLEAR_REFS_SOFT_DIRTY and pte:
                self.ptes[at] = pte & ~PTE_SWP_SOFT_DIRTY & ALL_ONES
            return 0
        if kind == CLEAR_REFS_SOFT_DIRTY:
            self.ptes[at] = pte & ~(PAGE_RW | PAGE_SOFT_DIRTY) & ALL_ONES
            return 0
        if pte & PAGE_SPECIAL:
            return 0
        self.ptes[at] = pte & ~PAGE_ACCESSED & ALL_ONES
        pfn: u64 = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
        self.pages[pfn].flags &= ~(PG_young | PG_referenced) & ALL_ONES
        return 0

    # /proc/kpageflags, /proc/kpagecount

    @cython.ccall
    @cython.nogil
    def kpagecount(self, pfn: u64) -> u64:
        """How often a page is mapped."""
        return cython.cast(u64, self.pages[pfn].mapcount)

    @cython.ccall
    @cython.nogil
    def kpageflags(self, pfn: u64) -> u64:
        """KPF_* bits of a page: stable_page_flags(). Bit numbers are the interface's."""
        flags: u64 = self.pages[pfn].flags
        u: u64 = self.kpage_class(pfn, flags)
        u |= self.kpf_copy(flags, PG_locked, 0) | self.kpf_copy(flags, PG_dirty, 4)
        u |= self.kpf_copy(flags, PG_uptodate, 3) | self.kpf_copy(flags, PG_writeback, 8)
        u |= self.kpf_copy(flags, PG_lru, 5) | self.kpf_copy(flags, PG_referenced, 2)
        u |= self.kpf_copy(flags, PG_active, 6) | self.kpf_copy(flags, PG_reclaim, 9)
        if flags & PG_swapbacked:
            u |= self.kpf_copy(flags, PG_swapcache, 13)
        u |= self.kpf_copy(flags, PG_swapbacked, 14) | self.kpf_copy(flags, PG_unevictable, 18)
        u |= self.kpf_copy(flags, PG_mlocked, 33) | self.kpf_copy(flags, PG_hwpoison, 19)
        u |= self.kpf_copy(flags, PG_reserved, 32) | self.kpf_copy(flags, PG_idle, 25)
        u |= self.kpf_copy(flags, PG_owner_2 | PG_anon_exclusive, 34)
        u |= self.kpf_copy(flags, PG_private, 35) | self.kpf_copy(flags, PG_private_2, 36)
        u |= self.kpf_copy(flags, PG_owner_priv_1, 37) | self.kpf_copy(flags, PG_arch_1, 38)
        return u | self.kpf_copy(flags, PG_uncached, 39)

    @cython.cfunc
    @cython.nogil
    def kpage_class(self, pfn: u64, flags: u64) -> u64:
        """What the page is: mapped, anonymous, free, a table, a head or tail."""
        one: u64 = 1
        u: u64 = 0
        if self.pages[pfn].mapcount > 0:
            u |= one << 11
        if self.pages[pfn].mapping & PAGE_MAPPING_ANON:
            u |= one << 12
            if flags & PG_ksm or self.sysctl[0].kernel >= KERNEL_KPF_KSM_BUG:
                u |= one << 21
        u |= self.kpf_copy(flags, PG_slab, 7) | self.kpf_copy(flags, PG_buddy, 10)
        u |= self.kpf_copy(flags, PG_head, 15) | self.kpf_copy(flags, PG_zero_page, 24)
        if self.pages[pfn].compound_head:
            u |= one << 16
        return u | self.kpf_copy(flags, PG_table, 26)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(check=False)
    def kpf_copy(self, flags: u64, mask: u64, bit: cython.int) -> u64:
        one: u64 = 1
        return one << bit if flags & mask else 0


def _smaps_fields():
    return (
        "resident", "shared_clean", "shared_dirty", "private_clean", "private_dirty", "referenced",
        "anonymous", "lazyfree", "ksm", "pss", "pss_anon", "pss_file", "pss_shmem", "pss_dirty",
        "pss_locked", "swap", "pss_swap",
    )  # fmt: skip
