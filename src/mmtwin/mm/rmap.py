"""Reverse maps: from a page to the page-table entries that map it.

An anonymous page names its anon_vma (anon_vma.py), whose links give the vmas to search; a file or
shmem page names its inode, whose i_mmap list gives them. In each vma the page can stand at one
address only, which its offset (Page.index) gives. A walk is three calls, without any state:

    link = rmap.rmap_walk_first(pfn)
    while link:
        vma = rmap.rmap_walk_vma(pfn, link)      # it covers the page: vma_address(pfn, vma)
        link = rmap.rmap_walk_next(pfn, link)

Whether a pte there does map the page is what page_vma_mapped_walk() tells.

Models mm/rmap.c: folio_add_new_anon_rmap(), folio_dup_anon_rmap_pte(), folio_add_file_rmap_pte(),
folio_remove_rmap_pte(), folio_move_anon_rmap(), rmap_walk(), page_vma_mapped_walk();
mm/vma.c: vma_link_file(), unlink_file_vma().
Not modelled: locks; the i_mmap interval tree, which is a list here (see anon_vma.py: the same
vmas are found); huge mappings.

Invariants: mapcount is the number of ptes that map the page, and the walk finds each of them;
NR_ANON_MAPPED and NR_FILE_MAPPED count the pages whose mapcount is not 0, node by node.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.anon_vma import AnonVmaArray, AnonVmaChains, AnonVmas
    from mmtwin.mm.page_flags import PAGE_MAPPING_ANON, PG_anon_exclusive, PG_swapbacked
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import PAGE_PRESENT, PAGE_PROTNONE, PAGE_SHIFT, PTE_PFN_MASK
    from mmtwin.mm.types import Files, Inodes, Pages, U64s, Vmas, u32, u64
    from mmtwin.mm.vm_flags import VM_DROPPABLE, VM_MAYWRITE, VM_SHARED
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_ANON_MAPPED, NR_FILE_MAPPED


@cython.final
@cython.cclass
class Rmap:
    """The mappings of pages, counted and found."""

    arena: object
    pages: Pages
    vmas: Vmas
    inodes: Inodes
    files: Files
    ptes: U64s
    anon_vma_links: AnonVmas
    anon_vmas: AnonVmaArray
    chains: AnonVmaChains
    vmstat: VmStat
    page_tables: PageTables

    def __init__(self, arena, config):
        self.arena = arena
        self.pages = arena.pages
        self.vmas = arena.vmas
        self.inodes = arena.inodes
        self.files = arena.files
        self.anon_vma_links = AnonVmas(arena, config)
        self.anon_vmas = arena.anon_vmas
        self.chains = arena.anon_vma_chains

    def wire(self, m):
        self.anon_vma_links.wire(m)
        self.vmstat = m.vmstat
        self.page_tables = m.page_tables
        self.ptes = m.arena.ptes

    def boot(self):
        self.anon_vma_links.boot()

    @cython.ccall
    @cython.nogil
    def anon_vma_prepare(self, vma: u32) -> cython.int:
        """Make sure that vma has an anon_vma (a neighbour's if mergeable): 0 or -ENOMEM."""
        if self.vmas[vma].anon_vma:
            return 0
        return self.anon_vma_links.anon_vma_prepare(vma)

    @cython.ccall
    @cython.nogil
    def anon_vma_clone(self, dst: u32, src: u32) -> cython.int:
        """Attach dst to all anon_vmas of src: 0 or -ENOMEM.

        dst's `anon_vma_chain` must be 0 or its own, its `anon_vma` src's (split, merge, move).
        """
        return self.anon_vma_links.anon_vma_clone(dst, src)

    @cython.ccall
    @cython.nogil
    def anon_vma_fork(self, vma: u32, pvma: u32) -> cython.int:
        """For a child's vma (`anon_vma_chain` 0): clone, then one of its own. 0 or -ENOMEM."""
        return self.anon_vma_links.anon_vma_fork(vma, pvma)

    @cython.ccall
    @cython.nogil
    def unlink_anon_vmas(self, vma: u32) -> cython.int:
        """Detach; empty anon_vmas are freed."""
        return self.anon_vma_links.unlink_anon_vmas(vma)

    @cython.ccall
    @cython.nogil
    def vma_link_file(self, vma: u32) -> cython.int:
        """Put a file vma on its inode's i_mmap list, last: vma_interval_tree_insert()."""
        inode: u32 = self.files[self.vmas[vma].vm_file].f_inode
        head: u32 = self.inodes[inode].i_mmap
        if head:
            return self.vma_link_file_after(vma, self.vmas[head].i_mmap_prev)
        self.inodes[inode].i_mmap = vma
        self.vmas[vma].i_mmap_prev = vma
        if self.is_shared_maywrite(vma):
            self.inodes[inode].i_mmap_writable += 1
        return 0

    @cython.ccall
    @cython.nogil
    def vma_link_file_after(self, vma: u32, before: u32) -> cython.int:
        """Behind another vma of the inode: vma_interval_tree_insert_after()."""
        inode: u32 = self.files[self.vmas[vma].vm_file].f_inode
        after: u32 = self.vmas[before].i_mmap_next
        self.vmas[vma].i_mmap_next = after
        self.vmas[vma].i_mmap_prev = before
        self.vmas[before].i_mmap_next = vma
        self.vmas[after if after else self.inodes[inode].i_mmap].i_mmap_prev = vma
        if self.is_shared_maywrite(vma):
            self.inodes[inode].i_mmap_writable += 1
        return 0

    @cython.ccall
    @cython.nogil
    def unlink_file_vma(self, vma: u32) -> cython.int:
        """Take it off."""
        inode: u32 = self.files[self.vmas[vma].vm_file].f_inode
        after: u32 = self.vmas[vma].i_mmap_next
        before: u32 = self.vmas[vma].i_mmap_prev
        head: u32 = self.inodes[inode].i_mmap
        if vma == head:
            self.inodes[inode].i_mmap = after
        else:
            self.vmas[before].i_mmap_next = after
        if after:
            self.vmas[after].i_mmap_prev = before
        elif vma != head:
            self.vmas[head].i_mmap_prev = before
        self.vmas[vma].i_mmap_next = 0
        self.vmas[vma].i_mmap_prev = 0
        if self.is_shared_maywrite(vma):
            self.inodes[inode].i_mmap_writable -= 1
        return 0

    @cython.cfunc
    @cython.nogil
    def is_shared_maywrite(self, vma: u32) -> cython.bint:
        """Whether its pages can be dirtied through it: is_shared_maywrite(), since 6.7."""
        both: u64 = VM_SHARED | VM_MAYWRITE
        return (self.vmas[vma].vm_flags & both) == both

    @cython.ccall
    @cython.nogil
    def add_new_anon_rmap(self, pfn: u64, vma: u32, address: u64) -> cython.int:
        """Map a fresh anonymous page, exclusively: folio_add_new_anon_rmap()."""
        exclusive: u64 = PG_anon_exclusive | PG_swapbacked
        if self.vmas[vma].vm_flags & VM_DROPPABLE:
            exclusive = PG_anon_exclusive
        self.pages[pfn].flags |= exclusive
        self.pages[pfn].mapping = self.anon_mapping(vma)
        self.pages[pfn].index = self.linear_page_index(vma, address)
        self.pages[pfn].mapcount = 1
        return self.vmstat.mod_lruvec_page_state(pfn, NR_ANON_MAPPED, 1)

    @cython.ccall
    @cython.nogil
    def add_anon_rmap(self, pfn: u64) -> cython.int:
        """Another pte maps an anonymous page, now shared: folio_try_dup_anon_rmap_pte()."""
        if self.pages[pfn].flags & PG_anon_exclusive:
            self.pages[pfn].flags ^= PG_anon_exclusive
        self.pages[pfn].mapcount += 1
        if self.pages[pfn].mapcount == 1:
            self.vmstat.mod_lruvec_page_state(pfn, NR_ANON_MAPPED, 1)
        return 0

    @cython.ccall
    @cython.nogil
    def folio_move_anon_rmap(self, pfn: u64, vma: u32) -> cython.int:
        """The page has only this vma left: put it under the vma's own anon_vma, exclusive again.

        With SetPageAnonExclusive(), as wp_can_reuse_anon_folio() and its caller do.
        """
        self.pages[pfn].mapping = self.anon_mapping(vma)
        self.pages[pfn].flags |= PG_anon_exclusive
        return 0

    @cython.ccall
    @cython.nogil
    def add_file_rmap(self, pfn: u64) -> cython.int:
        """A pte maps a file or shmem page; the first one counts NR_FILE_MAPPED."""
        self.pages[pfn].mapcount += 1
        if self.pages[pfn].mapcount == 1:
            self.vmstat.mod_lruvec_page_state(pfn, NR_FILE_MAPPED, 1)
        return 0

    @cython.ccall
    @cython.nogil
    def remove_rmap(self, pfn: u64) -> cython.int:
        """A pte no longer maps it; the last one is counted: folio_remove_rmap_pte()."""
        assert self.pages[pfn].mapcount > 0
        self.pages[pfn].mapcount -= 1
        if self.pages[pfn].mapcount:
            return 0
        if self.pages[pfn].mapping & PAGE_MAPPING_ANON:
            return self.vmstat.mod_lruvec_page_state(pfn, NR_ANON_MAPPED, -1)
        return self.vmstat.mod_lruvec_page_state(pfn, NR_FILE_MAPPED, -1)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def anon_mapping(self, vma: u32) -> u64:
        """What Page.mapping is for an anonymous page first mapped through vma."""
        return cython.cast(u64, self.vmas[vma].anon_vma) << 1 | PAGE_MAPPING_ANON

    @cython.cfunc
    @cython.nogil
    def root_anon_mapping(self, vma: u32) -> u64:
        """Page.mapping for a page that may be shared with whoever vma was forked from."""
        root: u32 = self.anon_vmas[self.vmas[vma].anon_vma].root
        return cython.cast(u64, root) << 1 | PAGE_MAPPING_ANON

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def linear_page_index(self, vma: u32, address: u64) -> u64:
        """The offset, in pages, of an address in what vma maps."""
        inside: u64 = (address - self.vmas[vma].vm_start) >> PAGE_SHIFT
        return inside + self.vmas[vma].vm_pgoff

    @cython.ccall
    @cython.nogil
    def rmap_walk_first(self, pfn: u64) -> u32:
        """The first link of a page to a vma that covers its offset, or 0: rmap_walk()."""
        mapping: u64 = self.pages[pfn].mapping
        link: u32 = 0
        if mapping & PAGE_MAPPING_ANON:
            link = self.anon_vmas[mapping >> 1].rb_root
        elif mapping:
            link = self.inodes[mapping >> 1].i_mmap
        if not link or self.covers(pfn, self.rmap_walk_vma(pfn, link)):
            return link
        return self.rmap_walk_next(pfn, link)

    @cython.ccall
    @cython.nogil
    def rmap_walk_next(self, pfn: u64, link: u32) -> u32:
        """The next link after one that a walk gave, or 0."""
        mapping: u64 = self.pages[pfn].mapping
        while True:
            if not mapping & PAGE_MAPPING_ANON:
                link = self.vmas[link].i_mmap_next
            else:
                link = self.chains[link].rb_next
                if link == self.anon_vmas[mapping >> 1].rb_root:
                    link = 0
            if not link or self.covers(pfn, self.rmap_walk_vma(pfn, link)):
                return link

    @cython.ccall
    @cython.nogil
    def rmap_walk_vma(self, pfn: u64, link: u32) -> u32:
        """The vma that a link of a walk over this page stands for."""
        if self.pages[pfn].mapping & PAGE_MAPPING_ANON:
            return self.chains[link].vma
        return link

    @cython.cfunc
    @cython.nogil
    def covers(self, pfn: u64, vma: u32) -> cython.bint:
        """Whether a page of this offset has an address in vma."""
        index: u64 = self.pages[pfn].index
        pages: u64 = (self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> PAGE_SHIFT
        return self.vmas[vma].vm_pgoff <= index < self.vmas[vma].vm_pgoff + pages

    @cython.ccall
    @cython.nogil
    def vma_address(self, pfn: u64, vma: u32) -> u64:
        """Where in vma, which covers it, the page stands if it is mapped there."""
        offset: u64 = self.pages[pfn].index - self.vmas[vma].vm_pgoff
        return self.vmas[vma].vm_start + (offset << PAGE_SHIFT)

    @cython.ccall
    @cython.nogil
    def page_vma_mapped_walk(self, pfn: u64, vma: u32) -> u64:
        """Index into `ptes` of the pte by which vma maps the page, or 0."""
        address: u64 = self.vma_address(pfn, vma)
        pte: u64 = self.page_tables.pte_offset(self.vmas[vma].vm_mm, address)
        if not pte or not self.ptes[pte] & (PAGE_PRESENT | PAGE_PROTNONE):
            return 0
        return pte if (self.ptes[pte] & PTE_PFN_MASK) >> PAGE_SHIFT == pfn else 0

    def mappings(self, pfn):
        """[(vma, address)] of every pte that maps the page, as the walk finds them."""
        found = []
        link = self.rmap_walk_first(pfn)
        while link:
            vma = self.rmap_walk_vma(pfn, link)
            if self.page_vma_mapped_walk(pfn, vma):
                found.append((vma, self.vma_address(pfn, vma)))
            link = self.rmap_walk_next(pfn, link)
        return found

    def check(self):
        """Every mapped page is found by its walk, as often as it is mapped."""
        self.anon_vma_links.check()
        for pfn in self.arena.where("pages", "mapcount"):
            assert len(self.mappings(pfn)) == self.pages[pfn].mapcount
        for inode in self.arena.where("inodes", "i_mmap"):
            self.check_i_mmap(inode)

    def check_i_mmap(self, inode):
        """The list is sound, holds vmas of this inode only, and i_mmap_writable counts them."""
        before, writable = 0, 0
        vma = head = int(self.inodes[inode].i_mmap)
        while vma:
            assert vma == head or self.vmas[vma].i_mmap_prev == before
            assert self.files[self.vmas[vma].vm_file].f_inode == inode
            writable += self.is_shared_maywrite(vma)
            before, vma = vma, int(self.vmas[vma].i_mmap_next)
        assert self.vmas[head].i_mmap_prev == before
        assert writable == self.inodes[inode].i_mmap_writable
