"""Memory that is a file without a disk: shared anonymous mappings, memfd, System V, tmpfs.

Its pages are in the page cache of their inode, but reclaim treats them as anonymous (PG_swapbacked,
the anon LRU), for their only other home is swap. What is promised is accounted in one of two ways:
as a whole when the file is made or resized, or (VM_NORESERVE) page by page as pages come to be.

Models mm/shmem.c: shmem_file_setup(), shmem_get_folio_gfp(), shmem_acct_size(),
shmem_reacct_size(), shmem_acct_blocks(), shmem_recalc_inode(), shmem_evict_inode().
Pages in swap are shmem_swap.py's.
Not modelled: huge pages in shmem (shmem_enabled is `never` by default), the limits of tmpfs
mounts (the internal mount behind all of these has none), fallocate().

Invariants: Committed_AS holds PAGE_ALIGN(i_size) for each inode without VM_NORESERVE, and for each
with it its `alloced` pages; alloced is nrpages and the pages in swap.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL
    from mmtwin.mm.page_flags import INODE_SHMEM, PG_referenced, PG_swapbacked, PG_uptodate
    from mmtwin.mm.pgtable_types import PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.types import Currents, Files, Inodes, Pages, SuperBlocks, i64, u32, u64
    from mmtwin.mm.uapi import (
        EBUSY, EINTR, EINVAL, ENOMEM, ENOSPC, EPERM, F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SEAL,
        F_SEAL_SHRINK, F_SEAL_WRITE, FMODE_READ, FMODE_WRITE, O_RDWR,
    )  # fmt: skip
    from mmtwin.mm.vm_flags import VM_NORESERVE
    from mmtwin.mm.xarray import XA_VALUE, XArray

SHM_MNT_DEV = cython.declare(cython.const[cython.uint], 1)  # st_dev 00:01, the internal mount
F_ALL_SEALS = cython.declare(cython.const[cython.int], 0x3F)
NR_SHMEM_INODES = 1 << 22

# struct shmem_inode_info, at its inode's index
ShmemInode = cython.struct(
    flags=u64,  # VM_NORESERVE or 0
    alloced=u64,  # pages allocated to the file
    swapped=u64,  # of these, in swap
    seals=u64,  # F_SEAL_* of a memfd
)

if cython.compiled:
    ShmemInodes = cython.typedef(ShmemInode[::1])
else:
    ShmemInodes = object


@cython.final
@cython.cclass
class Shmem:
    """The inodes that live in memory alone."""

    arena: object
    pages: Pages
    inodes: Inodes
    files: Files
    super_blocks: SuperBlocks
    current: Currents
    info: ShmemInodes
    page_cache: PageCache
    page_alloc = cython.declare("PageAlloc")
    lru = cython.declare("Lru")
    overcommit = cython.declare("Overcommit")
    xarray: XArray
    shmem_swap = cython.declare("ShmemSwap")
    oom_kill = cython.declare("OomKill")
    failed = cython.declare(cython.int, visibility="readonly")  # why there is no page

    def __init__(self, arena, config):
        self.arena = arena
        self.pages = arena.pages
        self.inodes = arena.inodes
        self.current = arena.current
        self.info = arena.array("shmem_inodes", "shmem.ShmemInode", NR_SHMEM_INODES)
        self.files, self.super_blocks = arena.files, arena.super_blocks
        self.failed = 0

    def wire(self, m):
        self.page_cache = m.page_cache
        self.page_alloc = m.page_alloc
        self.lru = m.lru
        self.overcommit = m.overcommit
        self.xarray, self.shmem_swap, self.oom_kill = m.xarray, m.shmem_swap, m.oom_kill

    @cython.ccall
    @cython.nogil
    def shmem_file_setup(self, size: u64, vm_flags: u64) -> u32:
        """A file (f_count 1) of `size` bytes on a new, nameless shmem inode; 0 when refused.

        Accounted at once, unless vm_flags has VM_NORESERVE. maps shows it as "/dev/zero (deleted)"
        where it was made for MAP_SHARED | MAP_ANONYMOUS: shmem_zero_setup().
        """
        noreserve: u64 = vm_flags & VM_NORESERVE
        if not noreserve and self.acct(self.acct_pages(size)):
            return 0
        inode: u32 = self.shmem_get_inode(0, noreserve)
        if not inode:
            self.unacct_size(noreserve, size)
            return 0
        self.inodes[inode].i_size = size
        self.inodes[inode].i_nlink = 0
        file: u32 = self.page_cache.open_file(inode, O_RDWR, FMODE_READ | FMODE_WRITE)
        self.page_cache.iput(inode)  # the file keeps it
        return file

    @cython.ccall
    @cython.nogil
    def shmem_get_inode(self, i_sb: u32, vm_flags: u64) -> u32:
        """A new, empty inode with one link and one reference of a tmpfs mount, or (0) of the
        kernel's own; 0 when out of memory or of the mount's inodes."""
        if self.super_blocks[i_sb].max_inodes:
            if self.super_blocks[i_sb].used_inodes >= self.super_blocks[i_sb].max_inodes:
                return 0
        if self.super_blocks[i_sb].next_ino == 0:
            self.super_blocks[i_sb].next_ino = 1
        dev: u32 = self.super_blocks[i_sb].s_dev if i_sb else SHM_MNT_DEV
        ino: u64 = self.super_blocks[i_sb].next_ino
        inode: u32 = self.page_cache.new_inode(INODE_SHMEM, 0, ino, dev)
        if inode:
            self.super_blocks[i_sb].next_ino += 1
            if i_sb:
                self.super_blocks[i_sb].used_inodes += 1
            self.inodes[inode].i_sb = i_sb
            self.info[inode].flags = vm_flags & VM_NORESERVE
            self.info[inode].seals = F_SEAL_SEAL
        return inode

    @cython.ccall
    @cython.nogil
    def shmem_setattr_size(self, inode: u32, size: u64) -> cython.int:
        """The file is about to be `size` bytes: 0, -EPERM by a seal, -ENOMEM. shmem_setattr()."""
        seals: u64 = self.info[inode].seals
        if size < self.inodes[inode].i_size and seals & F_SEAL_SHRINK:
            return -EPERM
        if size > self.inodes[inode].i_size and seals & F_SEAL_GROW:
            return -EPERM
        return self.shmem_reacct_size(inode, size)

    @cython.ccall
    @cython.nogil
    def may_write(self, inode: u32) -> cython.int:
        """Whether it is not sealed against writes, holes, writable mappings: 0 or -EPERM."""
        return -EPERM if self.info[inode].seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) else 0

    @cython.ccall
    @cython.nogil
    def may_grow(self, inode: u32, size: u64, keep_size: cython.int) -> cython.int:
        """Whether fallocate() may make pages up to `size` bytes: 0, -EPERM, -ENOSPC."""
        if self.info[inode].seals & F_SEAL_GROW and size > self.inodes[inode].i_size:
            if not keep_size:
                return -EPERM
        most: u64 = self.super_blocks[self.inodes[inode].i_sb].max_blocks
        if most and (size + PAGE_SIZE - 1) >> PAGE_SHIFT > most:
            return -ENOSPC
        return 0

    @cython.ccall
    @cython.nogil
    def memfd_add_seals(self, file: u32, seals: u64) -> cython.int:
        """fcntl(F_ADD_SEALS): 0, -EPERM, -EINVAL, or -EBUSY while it is mapped writable."""
        inode: u32 = self.files[file].f_inode
        if self.inodes[inode].i_kind != INODE_SHMEM or seals & ~cython.cast(u64, F_ALL_SEALS):
            return -EINVAL
        if not self.files[file].f_mode & FMODE_WRITE or self.info[inode].seals & F_SEAL_SEAL:
            return -EPERM
        if seals & F_SEAL_WRITE and not self.info[inode].seals & F_SEAL_WRITE:
            if self.inodes[inode].i_mmap_writable:
                return -EBUSY
        self.info[inode].seals |= seals
        return 0

    @cython.ccall
    @cython.nogil
    def shmem_file_read(self, file: u32, pos: u64, length: u64) -> i64:
        """read(2), up to the end of the file; a hole reads as zeros and stays one: bytes or
        -errno. shmem_file_read_iter()."""
        inode: u32 = self.files[file].f_inode
        if pos >= self.inodes[inode].i_size:
            return 0
        if length > self.inodes[inode].i_size - pos:
            length = self.inodes[inode].i_size - pos
        index: u64 = pos >> PAGE_SHIFT
        while index <= (pos + length - 1) >> PAGE_SHIFT:
            pfn: u64 = self.page_cache.find_get_page(inode, index)
            entry: u64 = self.xarray.xa_load(inode, index)
            if entry & XA_VALUE:
                pfn = self.shmem_swap.swapin(inode, index, entry ^ XA_VALUE)
            # only where its first byte is read
            if pfn and index << PAGE_SHIFT >= pos:
                self.lru.mark_page_accessed(pfn)
            index += 1
        return length

    @cython.ccall
    @cython.nogil
    def shmem_file_write(self, file: u32, pos: u64, length: u64) -> i64:
        """write(2), which makes the file longer if need be: bytes, those before a failure, or
        -errno: shmem_file_write_iter()."""
        inode: u32 = self.files[file].f_inode
        if self.may_write(inode):
            return -EPERM
        if self.info[inode].seals & F_SEAL_GROW and pos + length > self.inodes[inode].i_size:
            return -EPERM
        done: u64 = 0
        while done < length:
            index: u64 = (pos + done) >> PAGE_SHIFT
            part: u64 = ((index + 1) << PAGE_SHIFT) - (pos + done)
            if part > length - done:
                part = length - done
            if self.oom_kill.fatal_signal_pending():
                return done if done else -EINTR
            if not self.shmem_write_page(inode, index):
                return done if done else self.failed
            done += part
            if pos + done > self.inodes[inode].i_size:
                self.inodes[inode].i_size = pos + done
        return done

    @cython.cfunc
    @cython.nogil
    def shmem_write_page(self, inode: u32, index: u64) -> u64:
        """The page to write to, dirty from now on, or 0. One that was there is accessed, a new one
        starts as referenced: shmem_write_begin(), shmem_write_end()."""
        pfn: u64 = self.page_cache.find_get_page(inode, index)
        if pfn:
            self.lru.mark_page_accessed(pfn)
        else:
            pfn = self.shmem_alloc_and_add(inode, index)
            if not pfn:
                return 0
            self.pages[pfn].flags |= PG_referenced
        self.page_cache.folio_mark_dirty(pfn)
        return pfn

    @cython.ccall
    @cython.nogil
    def shmem_alloc_and_add(self, inode: u32, index: u64) -> u64:
        """A zeroed page for a hole of the file, cached, or the page that is in swap; 0 when out of
        memory or not granted, and `failed` says why: -ENOSPC for a mount's limit, and for what
        overcommit refuses."""
        entry: u64 = self.xarray.xa_load(inode, index)
        if entry & XA_VALUE:
            self.failed = -ENOMEM
            return self.shmem_swap.swapin(inode, index, entry ^ XA_VALUE)
        self.failed = self.acct_block(inode)
        if self.failed:
            return 0
        self.failed = -ENOMEM
        pfn: u64 = self.page_alloc.alloc_pages(GFP_HIGHUSER_MOVABLE, 0, -1)
        if pfn:
            self.pages[pfn].flags |= PG_swapbacked
            if not self.page_cache.filemap_add_folio(inode, index, pfn, GFP_KERNEL):
                self.pages[pfn].flags |= PG_uptodate
                self.info[inode].alloced += 1
                self.lru.put_page(pfn)
                return pfn
            self.lru.put_page(pfn)
        self.unacct_blocks(inode, 1)
        return 0

    @cython.ccall
    @cython.nogil
    def shmem_recalc_inode(self, inode: u32) -> cython.int:
        """Pages left the cache for good: give back what was accounted for them."""
        held: u64 = self.inodes[inode].nrpages + self.info[inode].swapped
        freed: u64 = self.info[inode].alloced - held
        self.info[inode].alloced = held
        return self.unacct_blocks(inode, freed)

    @cython.ccall
    @cython.nogil
    def shmem_reacct_size(self, inode: u32, size: u64) -> cython.int:
        """The file is about to be `size` bytes: account the difference. 0 or -ENOMEM."""
        if self.info[inode].flags & VM_NORESERVE:
            return 0
        old: i64 = self.acct_pages(self.inodes[inode].i_size)
        new: i64 = self.acct_pages(size)
        if new > old:
            return self.acct(new - old)
        return self.overcommit.vm_unacct_memory(old - new)

    @cython.ccall
    @cython.nogil
    def shmem_evict_inode(self, inode: u32) -> cython.int:
        """The inode, emptied already, goes: give back what its size had accounted."""
        self.unacct_size(self.info[inode].flags, self.inodes[inode].i_size)
        self.info[inode].flags = 0
        self.info[inode].seals = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def acct(self, nr_pages: i64) -> cython.int:
        """Charge pages to Committed_AS for the current task: 0 or -ENOMEM."""
        return self.overcommit.security_vm_enough_memory(self.current[0].mm, nr_pages)

    @cython.cfunc
    @cython.nogil
    def acct_pages(self, size: u64) -> i64:
        """VM_ACCT(): pages of a size in bytes."""
        return cython.cast(i64, (size + PAGE_SIZE - 1) >> PAGE_SHIFT)

    @cython.cfunc
    @cython.nogil
    def unacct_size(self, flags: u64, size: u64) -> cython.int:
        """Undo the charge for a whole file, if there was one: shmem_unacct_size()."""
        if flags & VM_NORESERVE:
            return 0
        return self.overcommit.vm_unacct_memory(self.acct_pages(size))

    @cython.cfunc
    @cython.nogil
    def acct_block(self, inode: u32) -> cython.int:
        """One more page, of the mount's limit and of Committed_AS: 0 or -ENOSPC:
        shmem_inode_acct_blocks()."""
        i_sb: u32 = self.inodes[inode].i_sb
        if self.super_blocks[i_sb].max_blocks:
            if self.super_blocks[i_sb].used_blocks >= self.super_blocks[i_sb].max_blocks:
                return -ENOSPC
        if self.info[inode].flags & VM_NORESERVE and self.acct(1):
            return -ENOSPC
        if i_sb:
            self.super_blocks[i_sb].used_blocks += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def unacct_blocks(self, inode: u32, nr_pages: i64) -> cython.int:
        """Undo the charge for single pages: shmem_inode_unacct_blocks()."""
        if self.inodes[inode].i_sb:
            self.super_blocks[self.inodes[inode].i_sb].used_blocks -= nr_pages
        if not nr_pages or not self.info[inode].flags & VM_NORESERVE:
            return 0
        return self.overcommit.vm_unacct_memory(nr_pages)

    def committed(self):
        """Pages of Committed_AS that shmem accounts for, recounted."""
        total = 0
        for inode in self.arena.where("inodes", "i_kind"):
            if self.inodes[inode].i_kind == INODE_SHMEM:
                reserved = self.acct_pages(self.inodes[inode].i_size)
                noreserve = self.info[inode].flags & VM_NORESERVE
                total += int(self.info[inode].alloced) if noreserve else int(reserved)
        return total

    def check(self):
        """What was allocated is cached or in swap; other inodes have no record."""
        for inode in self.arena.where("shmem_inodes", "alloced"):
            assert self.inodes[inode].i_kind == INODE_SHMEM
            held = self.inodes[inode].nrpages + self.info[inode].swapped
            assert self.info[inode].alloced == held
