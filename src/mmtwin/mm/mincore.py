"""mincore(): which pages of a range are in memory.

A page counts if its pte is present, or if the file behind the mapping has it in its cache; a
swapped-out one if the swap cache has it.
Models mm/mincore.c: do_mincore(), mincore_pte_range(), __mincore_unmapped_range().
Not modelled: the refusal to tell about files that the caller neither owns nor may write (all
callers are root).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.gfp import GFP_USER
    from mmtwin.mm.lru import Lru
    from mmtwin.mm.page_alloc import PageAlloc
    from mmtwin.mm.page_flags import INODE_SHMEM, PG_uptodate
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_MASK, PAGE_PRESENT, PAGE_PROTNONE, PAGE_SHIFT, PAGE_SIZE,
    )  # fmt: skip
    from mmtwin.mm.swap_entry import pte_to_swp_entry
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, U8s, U64s, Vmas, u32, u64
    from mmtwin.mm.uapi import EAGAIN, EINVAL, ENOMEM
    from mmtwin.mm.vm_flags import VMOPS_SPECIAL
    from mmtwin.mm.vma_tree import VmaTree
    from mmtwin.mm.xarray import XA_VALUE, XArray


@cython.final
@cython.cclass
class Mincore:
    """mincore(2) of the current task."""

    current: Currents
    mms: Mms
    vmas: Vmas
    files: Files
    ptes: U64s
    page_tables: PageTables
    page_cache: PageCache
    vma_tree: VmaTree
    pages: Pages
    inodes: Inodes
    xarray: XArray
    swap_state: SwapState
    page_alloc: PageAlloc
    lru: Lru

    def __init__(self, arena, config):
        self.current, self.mms, self.vmas = arena.current, arena.mms, arena.vmas
        self.files, self.ptes = arena.files, arena.ptes
        self.pages, self.inodes = arena.pages, arena.inodes

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.page_cache, self.vma_tree = m.page_tables, m.page_cache, m.vma_tree
        self.xarray, self.swap_state = m.xarray, m.swap_state
        self.page_alloc, self.lru = m.page_alloc, m.lru

    @cython.ccall
    def do_mincore(self, start: u64, length: u64, vec: U8s) -> cython.int:
        """mincore(2): 1 or 0 for each page into `vec`; 0, -EINVAL, or -ENOMEM at the first hole."""
        mm: u32 = self.current[0].mm
        if start & (PAGE_SIZE - 1):
            return -EINVAL
        if start > self.mms[mm].task_size or length > self.mms[mm].task_size - start:
            return -ENOMEM
        buffer: u64 = self.page_alloc.alloc_pages(GFP_USER, 0, -1)  # what user space gets a copy of
        if buffer == 0:
            return -EAGAIN
        error: cython.int = self.mincore_range(mm, start, length, vec)
        self.lru.put_page(buffer)
        return error

    @cython.cfunc
    def mincore_range(self, mm: u32, start: u64, length: u64, vec: U8s) -> cython.int:
        """Fill `vec`: 0, or -ENOMEM at the first hole."""
        end: u64 = start + ((length + PAGE_SIZE - 1) & PAGE_MASK)
        address: u64 = start
        while address < end:
            vma: u32 = self.vma_tree.vma_lookup(mm, address)
            if vma == 0:
                return -ENOMEM
            vec[(address - start) >> PAGE_SHIFT] = self.mincore_page(vma, address)
            address += PAGE_SIZE
        return 0

    @cython.cfunc
    @cython.nogil
    def mincore_page(self, vma: u32, address: u64) -> cython.int:
        """1 if the page at address is resident."""
        if self.vmas[vma].vm_ops == VMOPS_SPECIAL:
            return 1  # can_do_mincore() may not look: it reports all as resident
        at: u64 = self.page_tables.pte_offset(self.vmas[vma].vm_mm, address)
        if at and self.ptes[at] & (PAGE_PRESENT | PAGE_PROTNONE):
            return 1
        if at and self.ptes[at]:
            return self.mincore_swap(pte_to_swp_entry(self.ptes[at]))
        if self.vmas[vma].vm_file == 0:
            return 0
        index: u64 = self.vmas[vma].vm_pgoff + ((address - self.vmas[vma].vm_start) >> PAGE_SHIFT)
        inode: u32 = self.files[self.vmas[vma].vm_file].f_inode
        entry: u64 = self.xarray.xa_load(inode, index)
        if entry & XA_VALUE:
            if self.inodes[inode].i_kind == INODE_SHMEM:
                return self.mincore_swap(entry ^ XA_VALUE)
            return 0
        return 1 if entry and self.pages[entry].flags & PG_uptodate else 0

    @cython.cfunc
    @cython.nogil
    def mincore_swap(self, entry: u64) -> cython.int:
        """1 if the swap cache has read the entry's page."""
        pfn: u64 = self.swap_state.cached_page(entry)
        return 1 if pfn and self.pages[pfn].flags & PG_uptodate else 0
