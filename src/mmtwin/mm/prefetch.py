"""Lets the host's memory fetch what the model is about to look at. No state of the machine changes.

Where a workload is larger than the host's caches, a fault or a reclaimed page mostly waits for five
lines of the model's own arrays: the page's record, its pte, the leaf of the page index (the node,
the slot, and the node's place on the list of nodes with shadow entries). Reclaim and batches of
accesses know beforehand which these are.

    isolate_lru_folios()  each page's leaf and pte, which judging will need
    shrink_folio_list()   with each page, the record of one page more of the list that will be
                          isolated from next
    access_batch()        at access i: the pte of access i + 12, and the leaf of access i + 6 if
                          that will fault
    ReplayBatch.run()     the same of its loads and stores; of reads and writes at row i the leaf
                          of row i + 6, the record of row i + 3

Interpreted, nothing is done.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.page_flags import PAGE_MAPPING_ANON
    from mmtwin.mm.pgtable import TABLE_BITS, TABLE_MASK
    from mmtwin.mm.pgtable_types import PAGE_PRESENT, PAGE_PSE, PAGE_SHIFT, PTE_PFN_MASK
    from mmtwin.mm.types import Files, Inodes, Mms, Pages, U64s, Vmas, u32, u64
    from mmtwin.mm.workingset import ShadowLinks
    from mmtwin.mm.xarray import (
        XA_CHUNK_MASK,
        XA_CHUNK_SHIFT,
        XA_CHUNK_SIZE,
        XA_NODE,
        XA_VALUE,
        XaNodes,
    )


@cython.final
@cython.cclass
class Prefetch:
    """Reads what is cheap to read, and asks the host for the rest."""

    pages: Pages
    inodes: Inodes
    files: Files
    vmas: Vmas
    mms: Mms
    ptes: U64s
    nodes: XaNodes
    slots: U64s
    links: ShadowLinks
    top_shift: cython.int
    scout: u64  # a page of the list that is isolated from next, or 0

    def __init__(self, arena, config):
        self.pages, self.inodes, self.files = arena.pages, arena.inodes, arena.files
        self.vmas, self.mms = arena.vmas, arena.mms
        self.ptes, self.nodes, self.slots = arena.ptes, arena.xa_nodes, arena.xa_slots
        self.links = arena.shadow_links
        self.top_shift = 48 if config.la57 else 39
        self.scout = 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def pte_index(self, mm: u32, address: u64) -> u64:
        """Index in `ptes` of the pte for address, or 0 where a table is missing."""
        slot: u64 = self.mms[mm].pgd
        shift: cython.int = self.top_shift
        while shift > PAGE_SHIFT:
            entry: u64 = self.ptes[(slot << TABLE_BITS) + ((address >> shift) & TABLE_MASK)]
            if (entry & (PAGE_PRESENT | PAGE_PSE)) != PAGE_PRESENT:
                return 0
            slot = (entry & PTE_PFN_MASK) >> PAGE_SHIFT
            shift -= TABLE_BITS
        return (slot << TABLE_BITS) + ((address >> PAGE_SHIFT) & TABLE_MASK)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def pte(self, mm: u32, address: u64) -> cython.int:
        """An access is soon to come."""
        if cython.compiled:
            at: u64 = self.pte_index(mm, address)
            host_prefetch(cython.address(self.ptes[at]))  # type: ignore[name-defined]  # noqa: F821
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def fault(self, mm: u32, address: u64) -> cython.int:
        """The same access a little later: its pte is here; if it is empty, the leaf is needed."""
        if cython.compiled:
            at: u64 = self.pte_index(mm, address)
            vma: u32 = self.mms[mm].vmacache
            if at == 0 or self.ptes[at] or vma == 0 or not self.vmas[vma].vm_file:
                return 0
            if address < self.vmas[vma].vm_start or address >= self.vmas[vma].vm_end:
                return 0
            index: u64 = (address - self.vmas[vma].vm_start) >> PAGE_SHIFT
            inode: u32 = self.files[self.vmas[vma].vm_file].f_inode
            self.leaf(inode, index + self.vmas[vma].vm_pgoff)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def slot(self, inode: u32, index: u64) -> u64:
        """Number in `slots` of the leaf's slot for an index, as XArray.find_leaf() comes to it; 0
        where there is no leaf."""
        entry: u64 = self.inodes[inode].i_pages
        if not entry & XA_NODE:
            return 0
        node: u64 = entry ^ XA_NODE
        shift: cython.int = self.nodes[node].shift
        if (index >> shift) >= XA_CHUNK_SIZE:
            return 0
        while shift > 0 and node:
            node = self.slots[node * XA_CHUNK_SIZE + ((index >> shift) & XA_CHUNK_MASK)]
            node &= ~XA_NODE
            shift -= XA_CHUNK_SHIFT
        return node * XA_CHUNK_SIZE + (index & XA_CHUNK_MASK) if node else 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def leaf(self, inode: u32, index: u64) -> cython.int:
        """A page of a file will be looked up."""
        if cython.compiled:
            at: u64 = self.slot(inode, index)
            node: u64 = at >> XA_CHUNK_SHIFT
            host_prefetch(cython.address(self.nodes[node]))  # type: ignore[name-defined]  # noqa: F821
            host_prefetch(cython.address(self.slots[at]))  # type: ignore[name-defined]  # noqa: F821
            host_prefetch(cython.address(self.links[node]))  # type: ignore[name-defined]  # noqa: F821
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def cached(self, inode: u32, index: u64) -> cython.int:
        """The same page a little later: its slot is here; if it is cached, its record is needed."""
        if cython.compiled:
            entry: u64 = self.slots[self.slot(inode, index)]
            if entry and not entry & (XA_NODE | XA_VALUE):
                host_prefetch(cython.address(self.pages[entry]))  # type: ignore[name-defined]  # noqa: F821
        return 0

    @cython.cfunc
    @cython.nogil
    def folio(self, pfn: u64) -> cython.int:
        """A file page that is about to be judged, whose record is in the cache."""
        if cython.compiled:
            mapping: u64 = self.pages[pfn].mapping
            if mapping == 0 or mapping & PAGE_MAPPING_ANON:
                return 0
            inode: u32 = cython.cast(u32, mapping >> 1)
            self.leaf(inode, self.pages[pfn].index)
            vma: u32 = self.inodes[inode].i_mmap
            if self.pages[pfn].mapcount == 0 or vma == 0:
                return 0
            offset: u64 = self.pages[pfn].index - self.vmas[vma].vm_pgoff
            address: u64 = self.vmas[vma].vm_start + (offset << PAGE_SHIFT)
            if self.vmas[vma].vm_start <= address < self.vmas[vma].vm_end:
                self.pte(self.vmas[vma].vm_mm, address)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def record(self) -> cython.int:
        """One page further down the list that is isolated from next."""
        if cython.compiled:
            if self.scout:
                self.scout = self.pages[self.scout].lru_prev
                host_prefetch(cython.address(self.pages[self.scout]))  # type: ignore[name-defined]  # noqa: F821
        return 0
