"""Metadata of file systems: blocks read through the page cache of their device.

    directory block, inode table block  --sb_bread()-->  page of the device's own inode

The buffers that a CPU looked up last (16) are held by it, so that reclaim cannot have their pages.
Its pages are meminfo's Buffers. Whoever reads a block looks for its buffer, fails, makes a page and
looks again, each time with mark_page_accessed(): a page of metadata is active from its first use.
A block that was changed is held by the journal until its transaction is committed and the block is
written where it belongs: neither reclaim nor drop_caches has its page so long.

Models fs/buffer.c: __bread_gfp(), __getblk_slow(), grow_dev_folio(), touch_buffer(),
bh_lru_install(), invalidate_bh_lrus_cpu(), folio_alloc_buffers(), try_to_free_buffers();
block/bdev.c: nr_blockdev_pages(); fs/ext4: what ext4_fill_super(), ext4_find_entry() and
__ext4_get_inode_loc() read.
Blocks lie where mke2fs puts them in a file system of 8192 inodes: super block, descriptors,
bitmaps, inode tables, the root directory, the journal. Other directories' blocks follow from the
first free one on; each has one, and inodes have 256 bytes.
Not modelled: other sizes of file systems, extent and block bitmap blocks, the journal but for its
first block and for how long it holds others, metadata that is written.

Invariant: nr_blockdev_pages() is the number of pages in the caches of devices' inodes.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import Clock
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE
    from mmtwin.mm.memcg_slab import SLAB_BUFFER_HEAD, MemcgSlab
    from mmtwin.mm.page_flags import FS_EXT4, INODE_BDEV, PG_private
    from mmtwin.mm.pgtable import ALL_ONES
    from mmtwin.mm.readahead import Readahead
    from mmtwin.mm.types import Currents, Inodes, Pages, SuperBlocks, Sysctls, U32s, i64, u32, u64
    from mmtwin.mm.uapi import EIO, ENOMEM

INODES_PER_BLOCK = cython.declare(cython.const[cython.int], 16)
BH_LRU_SIZE = cython.declare(cython.const[cython.uint], 16)
SUPER_BLOCK = cython.declare(cython.const[cython.int], 0)  # block numbers
GROUP_DESCRIPTORS = cython.declare(cython.const[cython.int], 1)
INODE_BITMAP = cython.declare(cython.const[cython.int], 25)
INODE_TABLE = cython.declare(cython.const[cython.int], 27)
ROOT_DIRECTORY = cython.declare(cython.const[cython.int], 539)
JOURNAL = cython.declare(cython.const[cython.int], 545)
FIRST_FREE = cython.declare(cython.const[cython.int], 1569)
ROOT_INODE = cython.declare(cython.const[cython.int], 2)
COMMIT_NS = cython.declare(cython.const[cython.ulonglong], 5000000000)  # j_commit_interval
CENTISEC_NS = cython.declare(cython.const[cython.ulonglong], 10000000)


@cython.final
@cython.cclass
class Buffers:
    """Blocks of devices."""

    arena: object
    pages: Pages
    inodes: Inodes
    super_blocks: SuperBlocks
    page_cache: PageCache
    readahead: Readahead
    slab: MemcgSlab
    lru = cython.declare("Lru")
    clock: Clock
    sysctl: Sysctls
    current: Currents
    bh_lru: U32s  # cpu * BH_LRU_SIZE + i: pfns, 0 for none
    nr_cpus: u32

    def __init__(self, arena, config):
        self.arena = arena
        self.nr_cpus, self.current, self.sysctl = config.cpus, arena.current, arena.sysctl
        self.bh_lru = arena.array("bh_lrus", "u32", config.cpus * BH_LRU_SIZE)
        self.pages, self.inodes, self.super_blocks = arena.pages, arena.inodes, arena.super_blocks

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_cache, self.readahead, self.lru = m.page_cache, m.readahead, m.lru
        self.slab, self.clock = m.memcg_slab, m.clock

    @cython.ccall
    @cython.nogil
    def sb_bread(self, i_sb: u32, block: u64) -> i64:
        """Read a block: the pfn of its page, -EIO, -ENOMEM."""
        inode: u32 = self.super_blocks[i_sb].s_bd_inode
        pfn: u64 = self.page_cache.find_get_page(inode, block)
        if pfn == 0:
            pfn = self.grow_dev_folio(inode, block)
            if pfn == 0:
                return -ENOMEM
            if self.page_cache.folio_wait_locked(pfn):
                return -EIO
        self.lru.mark_page_accessed(pfn)  # touch_buffer()
        self.bh_lru_install(pfn)
        return pfn

    # -- the buffers that each CPU looked up last

    @cython.cfunc
    @cython.nogil
    def bh_lru_install(self, pfn: u64) -> cython.int:
        """To the front of this CPU's 16; each of them is held."""
        first: u32 = self.current[0].cpu * BH_LRU_SIZE
        i: u32 = 0
        while i < BH_LRU_SIZE - 1 and self.bh_lru[first + i] != pfn:
            i += 1
        while i:
            self.bh_lru[first + i] = self.bh_lru[first + i - 1]
            i -= 1
        self.bh_lru[first] = cython.cast(u32, pfn)
        return 0

    @cython.ccall
    @cython.nogil
    def invalidate_bh_lru(self, cpu: u32) -> cython.int:
        """A CPU lets go of its buffers: invalidate_bh_lrus_cpu()."""
        i: u32
        for i in range(BH_LRU_SIZE):
            self.bh_lru[cpu * BH_LRU_SIZE + i] = 0
        return 0

    @cython.ccall
    @cython.nogil
    def try_to_free_buffers(self, pfn: u64) -> cython.bint:
        """Whether reclaim may have a page of buffers: not while a CPU or the file system holds
        them (its references are beyond those of the cache and of isolation)."""
        i: u32
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        if self.inodes[inode].i_kind == INODE_BDEV:
            if self.pages[pfn].refcount > 2 or self.clock.now() < self.pages[pfn].private:
                return False
            self.pages[pfn].private = 0
        for i in range(self.nr_cpus * BH_LRU_SIZE):
            if self.bh_lru[i] == pfn:
                return False
        self.free_buffer_heads(pfn)
        return True

    # -- buffer heads: a page has one, of its own size

    @cython.ccall
    @cython.nogil
    def create_empty_buffers(self, pfn: u64) -> cython.int:
        """Give a page its buffer head, unless it has one; whoever the page is charged to pays:
        folio_alloc_buffers(). It does not fail."""
        if self.pages[pfn].flags & PG_private:
            return 0
        if self.pages[pfn].memcg:  # this may reclaim: the page is to have a head only then
            self.slab.charge_to(self.pages[pfn].memcg, SLAB_BUFFER_HEAD, pfn)
        self.pages[pfn].flags |= PG_private
        return 0

    @cython.ccall
    @cython.nogil
    def free_buffer_heads(self, pfn: u64) -> cython.int:
        """drop_buffers()."""
        self.pages[pfn].flags &= ~PG_private & ALL_ONES
        return self.slab.slab_free(SLAB_BUFFER_HEAD, pfn)

    @cython.cfunc
    @cython.nogil
    def grow_dev_folio(self, inode: u32, block: u64) -> u64:
        """A page for a block that no buffer has, being read; or 0."""
        pfn: u64 = self.page_cache.filemap_alloc_and_add(inode, block, GFP_HIGHUSER_MOVABLE)
        if pfn:
            self.lru.mark_page_accessed(pfn)  # FGP_ACCESSED
            self.create_empty_buffers(pfn)
            self.readahead.read_pages(inode, block, 1)
        return pfn

    @cython.cfunc
    @cython.nogil
    def dirty_metadata(self, pfn: i64) -> i64:
        """A block is changed (the page that sb_bread() gave): committed within five seconds, then
        written like other dirty pages: ext4_handle_dirty_metadata()."""
        expire: u64 = self.sysctl[0].dirty_expire_centisecs
        if pfn >= 0:
            self.pages[pfn].private = self.clock.now() + COMMIT_NS + expire * CENTISEC_NS
        return pfn

    @cython.ccall
    @cython.nogil
    def read_inode(self, i_sb: u32, i_ino: u64) -> i64:
        """The block of the inode table that holds an inode: __ext4_get_inode_loc()."""
        return self.sb_bread(i_sb, INODE_TABLE + (i_ino - 1) // INODES_PER_BLOCK)

    @cython.ccall
    @cython.nogil
    def new_inode(self, i_sb: u32, i_ino: u64) -> i64:
        """What a new inode's number is found in, and the inode's own block, dirty with its extent
        tree and then as a whole: __ext4_new_inode()."""
        pfn: i64 = self.dirty_metadata(self.sb_bread(i_sb, INODE_BITMAP))
        if pfn < 0:
            return pfn
        self.write_inode(i_sb, i_ino)
        return self.write_inode(i_sb, i_ino)

    @cython.ccall
    @cython.nogil
    def write_inode(self, i_sb: u32, i_ino: u64) -> i64:
        """An inode's block is read and changed."""
        return self.dirty_metadata(self.read_inode(i_sb, i_ino))

    @cython.ccall
    @cython.nogil
    def mark_inode_dirty(self, inode: u32) -> cython.int:
        """A file's size or times changed: its block of the inode table is used:
        ext4_mark_inode_dirty()."""
        i_sb: u32 = self.inodes[inode].i_sb
        if self.super_blocks[i_sb].s_type == FS_EXT4 and self.super_blocks[i_sb].s_bd_inode:
            self.write_inode(i_sb, self.inodes[inode].i_ino)
        return 0

    @cython.ccall
    @cython.nogil
    def read_directory(self, i_sb: u32, i_ino: u64) -> i64:
        """A directory's block: ext4_find_entry()."""
        if i_ino == ROOT_INODE:
            return self.sb_bread(i_sb, ROOT_DIRECTORY)
        return self.sb_bread(i_sb, FIRST_FREE + i_ino)

    @cython.ccall
    @cython.nogil
    def write_directory(self, i_sb: u32, i_ino: u64) -> i64:
        """A name is added to a directory: ext4_add_entry()."""
        return self.dirty_metadata(self.read_directory(i_sb, i_ino))

    @cython.ccall
    @cython.nogil
    def fill_super(self, i_sb: u32) -> cython.int:
        """What a mounted file system keeps in memory: its super block and the like."""
        self.hold_block(i_sb, SUPER_BLOCK)
        self.hold_block(i_sb, GROUP_DESCRIPTORS)
        return self.hold_block(i_sb, JOURNAL)

    @cython.cfunc
    @cython.nogil
    def hold_block(self, i_sb: u32, block: u64) -> cython.int:
        """Read a block and keep a reference: 0 or -errno."""
        pfn: i64 = self.sb_bread(i_sb, block)
        if pfn < 0:
            return cython.cast(cython.int, pfn)
        self.pages[pfn].refcount += 1
        return 0

    def nr_blockdev_pages(self):
        """Buffers of meminfo, in pages."""
        total = 0
        for i in self.arena.where("super_blocks", "s_bd_inode"):
            total += int(self.inodes[int(self.super_blocks[i].s_bd_inode)].nrpages)
        return total

    def check(self):
        """A mounted device's inode is one, and only such are."""
        for i in self.arena.where("super_blocks", "s_bd_inode"):
            assert self.inodes[int(self.super_blocks[i].s_bd_inode)].i_kind == INODE_BDEV
