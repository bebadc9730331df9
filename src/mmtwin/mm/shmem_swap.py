"""Pages of shmem in swap: the file's index holds an entry (XA_VALUE | entry) in place of the page.

    written by reclaim    page cache --> swap cache, the entry into the index, then the write
    needed again          swap cache (or a cluster read) --> page cache, the slot given back

Models mm/shmem.c: shmem_writepage(), shmem_swapin_folio(), shmem_free_swap(), shmem_unuse(),
shmem_swap_usage(), shmem_partial_swap_usage().
Not modelled: large folios; the swaplist's order.

Invariant: ShmemInode.swapped is the number of values in the inode's index.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.page_flags import (
        INODE_SHMEM, PG_dirty, PG_locked, PG_uptodate, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.page_io import PageIo
    from mmtwin.mm.swap_entry import swp_type
    from mmtwin.mm.swap_readahead import SwapReadahead
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import Currents, Inodes, Pages, Vmas, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_FILE_PAGES, NR_SHMEM, PGMAJFAULT
    from mmtwin.mm.xarray import XA_VALUE, XArray


@cython.final
@cython.cclass
class ShmemSwap:
    """Moves pages of shmem to swap and back."""

    arena: object
    pages: Pages
    inodes: Inodes
    vmas: Vmas
    current: Currents
    page_cache: PageCache
    xarray: XArray
    swapfile: SwapFile
    swap_state: SwapState
    readahead: SwapReadahead
    page_io: PageIo
    vmstat: VmStat
    memcontrol: MemControl
    shmem = cython.declare("Shmem")
    lru = cython.declare("Lru")
    major = cython.declare(cython.int, visibility="readonly")  # whether the last swapin() read

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.inodes, self.vmas = arena.pages, arena.inodes, arena.vmas
        self.current = arena.current
        self.major = 0

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_cache, self.xarray, self.swapfile = m.page_cache, m.xarray, m.swapfile
        self.swap_state, self.readahead, self.page_io = m.swap_state, m.swap_readahead, m.page_io
        self.vmstat, self.memcontrol, self.shmem, self.lru = m.vmstat, m.memcontrol, m.shmem, m.lru

    @cython.ccall
    @cython.nogil
    def shmem_writepage(self, pfn: u64) -> cython.int:
        """A page that nobody maps moves to swap, and its write begins: 0, or -1 (it stays)."""
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        assert self.pages[pfn].mapcount == 0
        entry: u64 = self.swapfile.folio_alloc_swap(pfn)
        if entry == 0:
            return -1
        self.swap_state.add_to_swap_cache(pfn, entry)
        self.shmem.info[inode].swapped += 1
        self.swapfile.swap_shmem_alloc(entry)
        self.xarray.xa_store(inode, self.pages[pfn].index, XA_VALUE | entry)
        self.inodes[inode].nrpages -= 1
        self.pages[pfn].mapping = 0
        self.vmstat.mod_lruvec_page_state(pfn, NR_FILE_PAGES, -1)
        self.vmstat.mod_lruvec_page_state(pfn, NR_SHMEM, -1)
        self.lru.put_page(pfn)
        return self.page_io.swap_writepage(pfn)

    @cython.ccall
    @cython.nogil
    def swapin(self, inode: u32, index: u64, entry: u64) -> u64:
        """The page of an entry of the index, back in the page cache; 0 when out of memory, or its
        read failed. `major` tells whether it was read. (No reference is taken.)"""
        self.major = 0
        pfn: u64 = self.readahead.swap_cache_get_folio(entry, 0, 0)
        if pfn == 0:
            self.major = 1
            self.vmstat.count_vm_events(PGMAJFAULT, 1)
            if self.current[0].mm:
                self.memcontrol.count_memcg_event_mm(self.current[0].mm, PGMAJFAULT)
            pfn = self.readahead.swap_cluster_readahead(
                entry, GFP_HIGHUSER_MOVABLE, self.current[0].mm
            )
            if pfn == 0:
                return 0
        self.pages[pfn].refcount += 1
        self.page_io.wait(pfn, PG_locked)
        self.page_io.wait(pfn, PG_writeback)
        if not self.pages[pfn].flags & PG_uptodate:
            self.lru.put_page(pfn)
            return 0
        self.add_to_page_cache(inode, index, pfn)
        self.swap_state.delete_from_swap_cache(pfn)
        self.pages[pfn].flags |= PG_dirty
        self.swapfile.swap_free(entry)
        self.lru.put_page(pfn)
        return pfn

    @cython.ccall
    @cython.nogil
    def take_major(self) -> cython.int:
        """Whether a page was read since this was asked last."""
        major: cython.int = self.major
        self.major = 0
        return major

    @cython.cfunc
    @cython.nogil
    def add_to_page_cache(self, inode: u32, index: u64, pfn: u64) -> cython.int:
        """In place of its entry: shmem_add_to_page_cache()."""
        self.xarray.xa_store(inode, index, pfn)
        self.pages[pfn].refcount += 1
        self.pages[pfn].mapping = cython.cast(u64, inode) << 1
        self.pages[pfn].index = index
        self.inodes[inode].nrpages += 1
        self.shmem.info[inode].swapped -= 1
        self.vmstat.mod_lruvec_page_state(pfn, NR_FILE_PAGES, 1)
        return self.vmstat.mod_lruvec_page_state(pfn, NR_SHMEM, 1)

    @cython.ccall
    @cython.nogil
    def shmem_free_swap(self, inode: u32, index: u64, entry: u64) -> cython.int:
        """The file is cut: an entry of its index goes."""
        self.xarray.xa_erase(inode, index)
        self.shmem.info[inode].swapped -= 1
        self.swapfile.free_swap_and_cache(entry)
        return self.shmem.shmem_recalc_inode(inode)

    @cython.ccall
    @cython.nogil
    def shmem_partial_swap_usage(self, inode: u32, first: u64, last: u64) -> u64:
        """Swapped-out pages of first..last."""
        swapped: u64 = 0
        if self.shmem.info[inode].swapped == 0:
            return 0
        index: u64 = self.xarray.xa_find(inode, first, last)
        while index <= last:
            if self.xarray.xa_load(inode, index) & XA_VALUE:
                swapped += 1
            index = self.xarray.xa_find(inode, index + 1, last)
        return swapped

    def shmem_unuse(self, type_):
        """swapoff: every page of shmem in an area comes back: 0 or -ENOMEM."""
        for inode in self.arena.where("shmem_inodes", "swapped"):
            for index, entry in sorted(self.xarray.entries(inode).items()):
                if entry & XA_VALUE and swp_type(entry ^ XA_VALUE) == type_:
                    if not self.swapin(inode, index, entry ^ XA_VALUE):
                        return -12
        return 0

    def swap_entries(self):
        """Entries in the indices of all shmem files."""
        found = []
        for inode in self.arena.where("shmem_inodes", "swapped"):
            entries = self.xarray.entries(inode).values()
            values = [int(entry) ^ XA_VALUE for entry in entries if entry & XA_VALUE]
            assert self.inodes[inode].i_kind == INODE_SHMEM
            assert len(values) == self.shmem.info[inode].swapped
            found += values
        return found
