"""The page cache: which page of which file is in which frame. Inodes and open files.

    task -> File (f_pos, f_mode) -> Inode (i_size, i_pages) -> xarray -> pfn
    vma  -> File                      ^                                   |
                                      +---- Page.mapping = inode << 1 ----+

A File holds a reference to its inode, whoever uses a File holds one to it. An inode with links
keeps its pages when nobody has it open (that is what a cache is for); one without (unlinked,
or shared anonymous memory) goes with its last reference, and its pages with it.

Models mm/filemap.c: filemap_get_entry(), filemap_add_folio(), filemap_remove_folio(),
filemap_fault(); mm/truncate.c: truncate_inode_pages_range(); mm/memory.c: unmap_mapping_pages();
mm/page-writeback.c: folio_mark_dirty(), folio_account_dirtied(); fs/drop_caches.c:
drop_pagecache_sb(); fs/inode.c: ihold(), iput(), evict(); fs/file_table.c: alloc_file(), fput().
Not modelled yet: readahead, and writeback (what is dirty stays so). Each page is read alone when
it is first touched, so major faults and I/O are those of a machine whose readahead is off.
Contents are not modelled at all. The inode cache never shrinks (no slab pressure).

Invariants: nrpages is the number of the inode's entries in the index; a cached page's mapping and
index lead back to its entry, and the cache holds one reference to it; i_count is at least the
number of open Files; a shmem page is PG_swapbacked and counted in NR_SHMEM as well.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.block import Block
    from mmtwin.mm.clock import COST_CACHE_PAGE, Clock
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_WRITE_BIT
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.memcg_slab import (
        SLAB_DENTRY, SLAB_FILE, SLAB_INODE_EXT4, SLAB_INODE_SHMEM, MemcgSlab,
    )  # fmt: skip
    from mmtwin.mm.page_flags import (
        INODE_BDEV, INODE_REGULAR, INODE_SHMEM, INODE_SPECIAL, PG_dirty, PG_locked, PG_private,
        PG_swapbacked, PG_uptodate, PG_workingset, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.pgtable_types import PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.psi import Psi
    from mmtwin.mm.types import Files, Inodes, Pages, SuperBlocks, Sysctls, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import EIO, ENOSPC
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        DROP_PAGECACHE, NR_FILE_PAGES, NR_SHMEM, PGPGIN,
    )  # fmt: skip
    from mmtwin.mm.workingset import Workingset
    from mmtwin.mm.xarray import XA_SHADOW, XA_VALUE, XArray

SECTORS_PER_PAGE = cython.declare(cython.const[cython.int], 8)
DROP_CACHES_DRAINS = cython.declare(cython.const[cython.int], 603)
NR_INODES = 1 << 22
NR_FILES = 1 << 22


@cython.final
@cython.cclass
class PageCache:
    """The page cache."""

    arena: object
    pages: Pages
    vmas: Vmas
    inodes: Inodes
    files: Files
    super_blocks: SuperBlocks
    inode_ids: IdPool
    file_ids: IdPool
    xarray: XArray
    vmstat: VmStat
    workingset: Workingset
    page_alloc = cython.declare("PageAlloc")
    lru = cython.declare("Lru")
    memory = cython.declare("Memory")
    shmem = cython.declare("Shmem")
    block: Block
    clock: Clock
    psi: Psi
    truncate = cython.declare("Truncate")
    fadvise = cython.declare("Fadvise")
    buffers = cython.declare("Buffers")
    sysctl: Sysctls
    ext4 = cython.declare("Ext4")
    readahead = cython.declare("Readahead")
    filemap_read = cython.declare("FilemapRead")
    filemap_write = cython.declare("FilemapWrite")
    memcontrol = cython.declare("MemControl")
    slab: MemcgSlab
    shmem_swap = cython.declare("ShmemSwap")
    writeback = cython.declare("PageWriteback")
    fs_writeback = cython.declare("FsWriteback")
    # Whether the last filemap_get_or_read() had to read its page.
    major = cython.declare(cython.int, visibility="readonly")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages = arena.pages
        self.vmas = arena.vmas
        self.inodes = arena.inodes
        self.files = arena.files
        self.super_blocks, self.sysctl = arena.super_blocks, arena.sysctl
        self.inode_ids = IdPool(arena, "inode", NR_INODES)
        self.file_ids = IdPool(arena, "file", NR_FILES)
        self.major = 0

    def wire(self, m):
        self.xarray = m.xarray
        self.vmstat = m.vmstat
        self.workingset = m.workingset
        self.page_alloc = m.page_alloc
        self.lru = m.lru
        self.memory = m.memory
        self.readahead, self.psi = m.readahead, m.psi
        self.block, self.writeback = m.block, m.page_writeback
        self.fs_writeback = m.fs_writeback
        self.truncate, self.fadvise, self.buffers = m.truncate, m.fadvise, m.buffers
        self.ext4, self.clock = m.ext4, m.clock
        self.filemap_read, self.filemap_write = m.filemap_read, m.filemap_write
        self.memcontrol, self.slab = m.memcontrol, m.memcg_slab
        self.shmem, self.shmem_swap = m.shmem, m.shmem_swap

    def boot(self):
        self.inode_ids.boot()
        self.file_ids.boot()

    @cython.ccall
    @cython.nogil
    def filemap_get_or_read(self, inode: u32, index: u64) -> u64:
        """pfn of the page, read from its device (or, of shmem, zeroed) if it is not cached.

        No reference is taken for the caller. 0 when out of memory. `major` tells whether it was
        read. The caller has made sure that the page lies in the file: index < inode_pages().
        """
        pfn: u64 = self.find_get_page(inode, index)
        self.major = 0
        if pfn:
            return pfn
        if self.inodes[inode].i_kind == INODE_SHMEM:
            pfn = self.shmem.shmem_alloc_and_add(inode, index)
            self.major = self.shmem_swap.take_major()
            return pfn
        pfn = self.page_alloc.alloc_pages(GFP_HIGHUSER_MOVABLE, 0, -1)
        if not pfn:
            return 0
        if self.filemap_add_folio(inode, index, pfn, GFP_KERNEL):
            self.lru.put_page(pfn)
            return 0
        self.read_page(pfn)
        self.lru.put_page(pfn)  # the allocator's reference; the cache has its own
        return pfn

    @cython.ccall
    @cython.nogil
    def generic_file_read(self, file: u32, pos: u64, length: u64) -> i64:
        """read(2) of a file on a device: bytes or -errno. See filemap_read.py."""
        return self.filemap_read.generic_file_read(file, pos, length)

    @cython.ccall
    @cython.nogil
    def generic_file_write(self, file: u32, pos: u64, length: u64) -> i64:
        """write(2) of a file on a device: bytes or -errno. See filemap_write.py."""
        return self.filemap_write.generic_file_write(file, pos, length)

    @cython.cfunc
    @cython.nogil
    def filemap_alloc_and_add(self, inode: u32, index: u64, gfp: u32) -> u64:
        """A new page, cached, locked and not up to date, or 0. The only reference is the cache's
        (and an LRU batch's). One to be written to is no refault."""
        pfn: u64 = self.page_alloc.alloc_pages(gfp, 0, -1)
        if not pfn:
            return 0
        if gfp & GFP_WRITE_BIT and self.xarray.xa_load(inode, index) & XA_VALUE:
            self.xarray.xa_erase(inode, index)
        if not gfp & GFP_WRITE_BIT:
            self.clock.charge(COST_CACHE_PAGE, 1)
        self.pages[pfn].flags |= PG_locked
        if self.filemap_add_folio(inode, index, pfn, gfp):
            self.pages[pfn].flags &= ~PG_locked
            self.lru.put_page(pfn)
            return 0
        self.lru.put_page(pfn)
        return pfn

    @cython.ccall
    @cython.nogil
    def folio_wait_locked(self, pfn: u64) -> cython.int:
        """Sleep while a page is being read: 0, or -EIO if it is not up to date then."""
        flags: u64 = self.pages[pfn].flags
        if flags & PG_locked:
            if flags & PG_workingset and not flags & PG_uptodate:  # it was here not long ago
                since: u64 = self.psi.psi_memstall_enter()
                self.block.folio_wait_locked(pfn)
                self.psi.psi_memstall_leave(since)
            else:
                self.block.folio_wait_locked(pfn)
        return 0 if self.pages[pfn].flags & PG_uptodate else -EIO

    @cython.ccall
    @cython.nogil
    def find_get_page(self, inode: u32, index: u64) -> u64:
        """Cached pfn (no reference taken), or 0: filemap_get_entry()."""
        entry: u64 = self.xarray.xa_load(inode, index)
        return 0 if entry & XA_VALUE else entry

    @cython.ccall
    @cython.nogil
    def inode_pages(self, inode: u32) -> u64:
        """Pages that the file has; a mapping's page at or past it is a SIGBUS."""
        return (self.inodes[inode].i_size + PAGE_SIZE - 1) >> PAGE_SHIFT

    @cython.cfunc
    @cython.nogil
    def read_page(self, pfn: u64) -> cython.int:
        """filemap_read_folio(): from the device, which is counted in sectors."""
        self.pages[pfn].flags |= PG_uptodate
        self.vmstat.count_vm_events(PGPGIN, SECTORS_PER_PAGE)
        self.major = 1
        return 0

    @cython.ccall
    @cython.nogil
    def filemap_add_folio(self, inode: u32, index: u64, pfn: u64, gfp: u32) -> cython.int:
        """Put a fresh page into the cache and on the LRU: 0 or -ENOMEM.

        The cache takes a reference of its own. A page already marked PG_swapbacked is shmem's.
        """
        shadow: u64 = self.xarray.xa_load(inode, index)
        error: cython.int = self.memcontrol.mem_cgroup_charge(pfn, 0, gfp)
        if error:
            return error
        error = self.xarray.xa_store(inode, index, pfn)
        if error:
            return error
        self.pages[pfn].refcount += 1
        self.pages[pfn].mapping = cython.cast(u64, inode) << 1
        self.pages[pfn].index = index
        self.inodes[inode].nrpages += 1
        self.count_cached(pfn, 1)
        if shadow & XA_SHADOW:
            self.workingset.workingset_refault(pfn, shadow)
        return self.lru.folio_add_lru(pfn)

    @cython.ccall
    @cython.nogil
    def remove_mapping(self, pfn: u64, shadow: u64) -> cython.int:
        """Reclaim takes a clean page that nobody maps out of the cache, leaving `shadow` (0: none)
        in its place, and drops the cache's reference: __remove_mapping()."""
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        assert self.pages[pfn].mapcount == 0 and not self.pages[pfn].flags & PG_dirty
        if shadow == 0 or self.xarray.xa_store(inode, self.pages[pfn].index, shadow):
            self.xarray.xa_erase(inode, self.pages[pfn].index)
        self.inodes[inode].nrpages -= 1
        self.count_cached(pfn, -1)
        self.pages[pfn].mapping = 0
        self.pages[pfn].refcount -= 1
        return 0

    @cython.ccall
    @cython.nogil
    def filemap_remove_folio(self, pfn: u64) -> cython.int:
        """Take a page that nobody maps out of the cache and drop the cache's reference."""
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        assert self.pages[pfn].mapcount == 0
        assert not self.pages[pfn].flags & PG_writeback
        if self.pages[pfn].flags & PG_dirty:  # its contents go unwritten: folio_cancel_dirty()
            self.pages[pfn].flags ^= PG_dirty
            self.writeback.folio_account_cleaned(pfn)
        if self.pages[pfn].flags & PG_private:
            self.buffers.free_buffer_heads(pfn)
        self.xarray.xa_erase(inode, self.pages[pfn].index)
        self.inodes[inode].nrpages -= 1
        self.count_cached(pfn, -1)
        if self.inodes[inode].i_kind == INODE_SHMEM:
            self.shmem.shmem_recalc_inode(inode)
        self.pages[pfn].mapping = 0
        return self.lru.put_page(pfn)

    @cython.ccall
    @cython.nogil
    def folio_mark_dirty(self, pfn: u64) -> cython.int:
        """A cached page was written to; of a file on a device, that is counted."""
        if self.pages[pfn].flags & PG_dirty:
            return 0
        self.pages[pfn].flags |= PG_dirty
        return self.writeback.folio_account_dirtied(pfn)

    @cython.cfunc
    @cython.nogil
    def count_cached(self, pfn: u64, delta: i64) -> cython.int:
        """Count a page that enters or leaves the cache."""
        self.vmstat.mod_lruvec_page_state(pfn, NR_FILE_PAGES, delta)
        if self.pages[pfn].flags & PG_swapbacked:
            self.vmstat.mod_lruvec_page_state(pfn, NR_SHMEM, delta)
        return 0

    @cython.ccall
    @cython.nogil
    def truncate_inode_pages(self, inode: u32, first: u64, last: u64) -> cython.int:
        """Unmap the pages first..last (last < 2**63), private copies of them too, and drop them."""
        self.unmap_mapping_pages(inode, first, last, True)
        return self.remove_inode_pages(inode, first, last)

    @cython.ccall
    @cython.nogil
    def truncate_pagecache_range(self, inode: u32, first: u64, last: u64) -> cython.int:
        """A hole is punched: the pages first..last go, private copies of them stay."""
        self.unmap_mapping_pages(inode, first, last, False)
        return self.remove_inode_pages(inode, first, last)

    @cython.cfunc
    @cython.nogil
    def remove_inode_pages(self, inode: u32, first: u64, last: u64) -> cython.int:
        """Drop the pages first..last, dirty or not, and shadow entries. The first batch of folios
        that is put empties this CPU's LRU batches: __folio_batch_release()."""
        index: u64 = self.xarray.xa_find(inode, first, last)
        drained: cython.bint = False
        while index <= last:
            entry: u64 = self.xarray.xa_load(inode, index)
            if not drained and not entry & XA_VALUE:
                self.lru.lru_add_drain()  # so begins what puts a batch of folios first
                drained = True
            if entry & XA_VALUE and self.inodes[inode].i_kind == INODE_SHMEM:
                self.shmem_swap.shmem_free_swap(inode, index, entry ^ XA_VALUE)
            elif entry & XA_VALUE:
                self.xarray.xa_erase(inode, index)
            else:
                self.wait_for_io(entry)
                self.filemap_remove_folio(entry)
            index = self.xarray.xa_find(inode, index + 1, last)
        return 0

    @cython.cfunc
    @cython.nogil
    def wait_for_io(self, pfn: u64) -> cython.int:
        """A page is to go: not before its device is done with it."""
        if self.pages[pfn].flags & PG_swapbacked:
            return 0
        self.block.folio_wait_locked(pfn)
        return self.block.folio_wait_writeback(pfn)

    @cython.ccall
    @cython.nogil
    def unmap_mapping_pages(
        self, inode: u32, first: u64, last: u64, even_cows: cython.bint
    ) -> cython.int:
        """Zap what any vma maps of the pages first..last, or also its private copies of them."""
        vma: u32 = self.inodes[inode].i_mmap
        while vma:
            pgoff: u64 = self.vmas[vma].vm_pgoff
            start: u64 = self.vmas[vma].vm_start
            pages: u64 = (self.vmas[vma].vm_end - start) >> PAGE_SHIFT
            if pgoff <= last and first < pgoff + pages:
                low: u64 = first - pgoff if first > pgoff else 0
                high: u64 = last + 1 - pgoff if last < pgoff + pages else pages
                low, high = start + (low << PAGE_SHIFT), start + (high << PAGE_SHIFT)
                if even_cows:
                    self.memory.zap_page_range(vma, low, high)
                else:
                    self.memory.zap_cached_pages(vma, low, high)
            vma = self.vmas[vma].i_mmap_next
        return 0

    @cython.ccall
    @cython.nogil
    def truncate_setsize(self, inode: u32, i_size: u64) -> cython.int:
        """Truncate.do_truncate(), for mechanisms that know the page cache."""
        return self.truncate.do_truncate(inode, i_size)

    @cython.ccall
    @cython.nogil
    def drop_pagecache(self, inode: u32) -> i64:
        """Drop an inode's clean pages that nobody uses: invalidate_mapping_pages()."""
        last: u64 = 0x7FFFFFFFFFFFFFFE
        return self.fadvise.mapping_try_invalidate(inode, 0, last)

    @cython.cfunc
    @cython.nogil
    def mapping_evictable(self, entry: u64) -> cython.bint:
        """Whether a cached page may go: clean, and referenced by the cache alone."""
        if entry & XA_VALUE:
            return False
        if self.pages[entry].flags & (PG_dirty | PG_locked | PG_writeback | PG_swapbacked):
            return False
        if self.pages[entry].refcount != 1:
            return False
        if self.pages[entry].flags & PG_private:
            return self.buffers.try_to_free_buffers(entry)
        return True

    def drop_caches(self):
        """Drop all clean page cache that is not mapped: /proc/sys/vm/drop_caches bit 0. Up to 6.2
        what waits in LRU batches, or a CPU's last buffers, stays."""
        if self.sysctl[0].kernel >= DROP_CACHES_DRAINS:
            self.lru.lru_add_drain_all()
        for inode in self.arena.where("inodes", "nrpages"):
            self.drop_pagecache(inode)
        self.vmstat.count_vm_events(DROP_PAGECACHE, 1)

    @cython.ccall
    @cython.nogil
    def new_inode(self, kind: u32, i_size: u64, i_ino: u64, i_rdev: u32) -> u32:
        """A new inode with one link and i_count 1 (the caller's), or 0."""
        inode: u32 = self.inode_ids.alloc()
        if inode and self.slab.slab_alloc(self.slab_kind(kind), inode):
            self.inode_ids.free(inode)
            return 0
        if inode:
            self.inodes[inode].i_kind = kind
            self.inodes[inode].i_size = i_size
            self.inodes[inode].i_ino = i_ino
            self.inodes[inode].i_rdev = i_rdev
            self.inodes[inode].i_nlink = 1
            self.inodes[inode].i_count = 1
        return inode

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def slab_kind(self, kind: u32) -> cython.int:
        """What an inode of that kind is made of (files on devices: ext4's)."""
        return SLAB_INODE_SHMEM if kind == INODE_SHMEM else SLAB_INODE_EXT4

    @cython.ccall
    @cython.nogil
    def is_full(self, inode: u32) -> cython.bint:
        """Whether the last page that there was not was refused by a limit of tmpfs."""
        return self.inodes[inode].i_kind == INODE_SHMEM and self.shmem.failed == -ENOSPC

    @cython.ccall
    @cython.nogil
    def iget(self, inode: u32) -> cython.int:
        """Take a reference: ihold()."""
        self.inodes[inode].i_count += 1
        return 0

    @cython.ccall
    @cython.nogil
    def iput(self, inode: u32) -> cython.int:
        """Drop one; the last of an inode without links frees its pages and the inode."""
        assert self.inodes[inode].i_count > 0
        self.inodes[inode].i_count -= 1
        return self.evict_unused(inode)

    @cython.ccall
    @cython.nogil
    def unlink_inode(self, inode: u32) -> cython.int:
        """One name less; without names, it lives as long as it is referenced: vfs_unlink()."""
        assert self.inodes[inode].i_nlink > 0
        self.inodes[inode].i_nlink -= 1
        return self.evict_unused(inode)

    @cython.cfunc
    @cython.nogil
    def evict_unused(self, inode: u32) -> cython.int:
        """evict() an inode that has neither references nor links."""
        if self.inodes[inode].i_count or self.inodes[inode].i_nlink:
            return 0
        last: u64 = 0x7FFFFFFFFFFFFFFE
        self.truncate_inode_pages(inode, 0, last)
        if self.inodes[inode].i_kind == INODE_SHMEM:
            self.shmem.shmem_evict_inode(inode)
        self.ext4.evict_inode(inode)
        assert not self.inodes[inode].nrpages and not self.inodes[inode].i_mmap
        self.fs_writeback.forget_inode(inode)
        self.inodes[inode].i_size = 0
        self.inodes[inode].i_ino = 0
        self.inodes[inode].i_rdev = 0
        self.inodes[inode].i_bdev = 0
        self.inodes[inode].wb_err = 0
        self.inodes[inode].writeback_index = 0
        self.inodes[inode].dirtied_when = 0
        self.inodes[inode].i_state = 0
        if self.inodes[inode].i_sb:
            self.super_blocks[self.inodes[inode].i_sb].used_inodes -= 1
            self.inodes[inode].i_sb = 0
        self.inodes[inode].i_kind = 0
        self.slab.slab_free(SLAB_INODE_SHMEM, inode)
        self.slab.slab_free(SLAB_INODE_EXT4, inode)
        self.slab.slab_free(SLAB_DENTRY, inode)
        self.inode_ids.free(inode)
        return 0

    @cython.ccall
    @cython.nogil
    def open_file(self, inode: u32, f_flags: u32, f_mode: u32) -> u32:
        """A new struct file with f_count 1 (takes an inode reference), or 0: alloc_file()."""
        file: u32 = self.file_ids.alloc()
        if file and self.slab.slab_alloc(SLAB_FILE, file):
            self.file_ids.free(file)
            return 0
        if file:
            self.files[file].f_inode = inode
            self.files[file].f_flags = f_flags
            self.files[file].f_mode = f_mode
            self.files[file].f_count = 1
            self.files[file].f_wb_err = self.writeback.filemap_sample_wb_err(inode)
            self.inodes[inode].i_count += 1
            self.readahead.file_ra_state_init(file)
        return file

    @cython.ccall
    @cython.nogil
    def get_file(self, file: u32) -> cython.int:
        """Take a reference."""
        assert self.files[file].f_count > 0
        self.files[file].f_count += 1
        return 0

    @cython.ccall
    @cython.nogil
    def fput(self, file: u32) -> cython.int:
        """Drop one; the last closes the file."""
        assert self.files[file].f_count > 0
        self.files[file].f_count -= 1
        if self.files[file].f_count:
            return 0
        inode: u32 = self.files[file].f_inode
        self.files[file].f_pos = 0
        self.files[file].f_inode = 0
        self.files[file].f_flags = 0
        self.files[file].f_mode = 0
        self.files[file].f_wb_err = 0
        self.readahead.file_ra_state_clear(file)
        self.files[file].f_path = 0
        self.slab.slab_free(SLAB_FILE, file)
        self.file_ids.free(file)
        return self.iput(inode)

    @cython.ccall
    @cython.nogil
    def shmem_file_setup(self, size: u64, vm_flags: u64) -> u32:
        """A file on a new shmem inode, accounted unless VM_NORESERVE; 0 if refused (ENOMEM)."""
        return self.shmem.shmem_file_setup(size, vm_flags)

    def check(self):
        """Recount the cached pages and the references to inodes and files."""
        self.inode_ids.check()
        self.file_ids.check()
        for inode in self.arena.where("inodes", "nrpages"):
            self.check_pages(inode)
        opened = {}
        live = self.arena.where("files", "f_count")
        for file in live:
            inode = int(self.files[file].f_inode)
            opened[inode] = opened.get(inode, 0) + 1
        for inode, count in opened.items():
            assert self.inodes[inode].i_kind and self.inodes[inode].i_count >= count
        assert len(live) == self.file_ids.used()
        assert len(self.arena.where("inodes", "i_kind")) == self.inode_ids.used()

    def check_pages(self, inode):
        """Entries and pages of one inode name each other."""
        kind = int(self.inodes[inode].i_kind)
        assert kind in (INODE_REGULAR, INODE_SHMEM, INODE_SPECIAL, INODE_BDEV)
        entries = {i: e for i, e in self.xarray.entries(inode).items() if not e & XA_VALUE}
        assert len(entries) == self.inodes[inode].nrpages
        for index, pfn in entries.items():
            assert self.pages[pfn].mapping == inode << 1
            assert self.pages[pfn].index == index
            assert self.pages[pfn].refcount >= 1 + self.pages[pfn].mapcount
            swapbacked = bool(self.pages[pfn].flags & PG_swapbacked)
            assert swapbacked == (kind == INODE_SHMEM)
