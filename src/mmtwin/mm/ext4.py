"""Which blocks of a file are on its device: holes read as zeros, and writes may find no room.

    page   0 1 2 3 4 5 6 7 8 9                 page 0..3 and 8: written or reserved for a write
           [written] . . [unwr] [w] . .        page 6, 7: allocated, never written (fallocate)
                                               others: holes

A block is a page. A write to a hole takes a block at once (delayed allocation reserves it), so
that -ENOSPC meets the caller, as far as it can. Of holes and unwritten blocks nothing is read from
the device: their pages are zeroed.

Models fs/ext4/extents_status.c: ext4_es_insert_extent(), ext4_es_lookup_extent(),
ext4_es_remove_extent(); fs/ext4/inode.c: ext4_map_blocks(), ext4_da_map_blocks(); fs/ext4/balloc.c:
ext4_claim_free_clusters(), as far as memory sees them.
Not modelled: where blocks lie, extent tree blocks, reserved blocks of root, quotas, block sizes
below a page.

Invariants: an inode's extents are sorted, do not touch one of their own status, and are not empty;
`i_blocks` is their length; a file system's used_blocks is the sum over its inodes.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.page_flags import FS_EXT4
    from mmtwin.mm.types import Inodes, SuperBlocks, i64, u32, u64
    from mmtwin.mm.uapi import ENOMEM, ENOSPC

# ExtentStatus.status
EXTENT_HOLE = cython.declare(cython.const[cython.uint], 0)
EXTENT_UNWRITTEN = cython.declare(cython.const[cython.uint], 1)
EXTENT_WRITTEN = cython.declare(cython.const[cython.uint], 2)  # or delayed
NR_EXTENTS = 1 << 24
NR_EXT4_INODES = 1 << 22

# struct extent_status
ExtentStatus = cython.struct(
    es_lblk=u64,  # first page
    es_len=u64,
    next=u32,
    prev=u32,
    status=u32,
    pad=u32,
)

# struct ext4_inode_info, at its inode's index
Ext4Inode = cython.struct(
    i_blocks=u64,  # pages that it has on the device, reserved ones too
    first=u32,  # its extents
    recent=u32,  # the one that was looked at last
)

if cython.compiled:
    ExtentStatuses = cython.typedef(ExtentStatus[::1])
    Ext4Inodes = cython.typedef(Ext4Inode[::1])
else:
    ExtentStatuses = Ext4Inodes = object


@cython.final
@cython.cclass
class Ext4:
    """Blocks of the files on ext4. Inodes without such a file system have all of their blocks."""

    arena: object
    inodes: Inodes
    super_blocks: SuperBlocks
    info: Ext4Inodes
    extents: ExtentStatuses
    ids: IdPool

    def __init__(self, arena, config):
        self.arena = arena
        self.inodes, self.super_blocks = arena.inodes, arena.super_blocks
        self.info = arena.array("ext4_inodes", "ext4.Ext4Inode", NR_EXT4_INODES)
        self.extents = arena.array("extents", "ext4.ExtentStatus", NR_EXTENTS)
        self.ids = IdPool(arena, "extent", NR_EXTENTS)

    def boot(self):
        """No extents yet."""
        self.ids.boot()

    @cython.ccall
    @cython.nogil
    def has_extents(self, inode: u32) -> cython.bint:
        """Whether it lies on ext4, so that it may have holes."""
        return self.super_blocks[self.inodes[inode].i_sb].s_type == FS_EXT4

    @cython.ccall
    @cython.nogil
    def map_blocks(self, inode: u32, lblk: u64, most: u64) -> i64:
        """How many pages from lblk on (up to `most`) are all to be read from the device, or, below
        0, how many are all holes: ext4_map_blocks()."""
        if not self.has_extents(inode):
            return most
        extent: u32 = self.lookup(inode, lblk)
        end: u64 = lblk + most
        if extent and lblk < self.extents[extent].es_lblk + self.extents[extent].es_len:
            last: u64 = self.extents[extent].es_lblk + self.extents[extent].es_len
            length: i64 = cython.cast(i64, (last if last < end else end) - lblk)
            return length if self.extents[extent].status == EXTENT_WRITTEN else -length
        following: u32 = self.extents[extent].next if extent else self.info[inode].first
        if following and self.extents[following].es_lblk < end:
            end = self.extents[following].es_lblk
        return -cython.cast(i64, end - lblk)

    @cython.ccall
    @cython.nogil
    def status_of(self, inode: u32, lblk: u64) -> u32:
        """EXTENT_* of one page."""
        if not self.has_extents(inode):
            return EXTENT_WRITTEN
        extent: u32 = self.lookup(inode, lblk)
        if extent and lblk < self.extents[extent].es_lblk + self.extents[extent].es_len:
            return self.extents[extent].status
        return EXTENT_HOLE

    @cython.ccall
    @cython.nogil
    def get_block(self, inode: u32, lblk: u64) -> cython.int:
        """A page is about to be written to: 0, or -ENOSPC if it has no block and there is none."""
        if not self.has_extents(inode):
            return 0
        status: u32 = self.status_of(inode, lblk)
        if status == EXTENT_WRITTEN:
            return 0
        return self.set_status(inode, lblk, 1, EXTENT_WRITTEN)

    @cython.ccall
    @cython.nogil
    def fallocate(self, inode: u32, lblk: u64, length: u64) -> cython.int:
        """Blocks for the holes among these pages: 0, or -ENOSPC and what there was room for."""
        end: u64 = lblk + length
        error: cython.int = 0
        while lblk < end and error == 0 and self.has_extents(inode):
            run: i64 = self.map_blocks(inode, lblk, end - lblk)
            part: u64 = cython.cast(u64, run if run > 0 else -run)
            if self.status_of(inode, lblk) == EXTENT_HOLE:
                free: u64 = self.free_blocks(inode)
                if free < part:
                    part, error = free, -ENOSPC
                if part and self.set_status(inode, lblk, part, EXTENT_UNWRITTEN):
                    return -ENOMEM
            lblk += part
        return error

    @cython.ccall
    @cython.nogil
    def remove_blocks(self, inode: u32, lblk: u64, length: u64) -> cython.int:
        """These pages are a hole from now on: ext4_ext_remove_space()."""
        if self.info[inode].first == 0:
            return 0
        return self.set_status(inode, lblk, length, EXTENT_HOLE)

    @cython.ccall
    @cython.nogil
    def shift_blocks(self, inode: u32, lblk: u64, by: i64) -> cython.int:
        """All extents from lblk on move by so many pages: collapse, insert."""
        if self.cut(inode, lblk):
            return -ENOMEM
        before: u32 = self.lookup(inode, lblk - 1) if lblk else 0
        extent: u32 = self.extents[before].next if before else self.info[inode].first
        while extent:
            self.extents[extent].es_lblk = cython.cast(
                u64, cython.cast(i64, self.extents[extent].es_lblk) + by
            )
            extent = self.extents[extent].next
        if before:
            self.merge(inode, before)
        return 0

    @cython.cfunc
    @cython.nogil
    def free_blocks(self, inode: u32) -> u64:
        """Pages that the file system still has room for."""
        i_sb: u32 = self.inodes[inode].i_sb
        if self.super_blocks[i_sb].max_blocks == 0:
            return 0x7FFFFFFFFFFFFFFF
        return self.super_blocks[i_sb].max_blocks - self.super_blocks[i_sb].used_blocks

    @cython.cfunc
    @cython.nogil
    def lookup(self, inode: u32, lblk: u64) -> u32:
        """The last extent that begins at or before lblk, or 0. Looked for from the recent one."""
        extent: u32 = self.info[inode].recent
        if extent == 0:
            extent = self.info[inode].first
        while extent and self.extents[extent].es_lblk > lblk:
            extent = self.extents[extent].prev
        if extent == 0:
            return 0
        while self.extents[extent].next:
            if self.extents[self.extents[extent].next].es_lblk > lblk:
                break
            extent = self.extents[extent].next
        self.info[inode].recent = extent
        return extent

    @cython.ccall
    @cython.nogil
    def set_status(self, inode: u32, lblk: u64, length: u64, status: u32) -> cython.int:
        """Give a run of pages one status, counting blocks: 0, -ENOSPC, -ENOMEM."""
        had: u64 = self.blocks_in(inode, lblk, length)
        if status != EXTENT_HOLE and length - had > self.free_blocks(inode):
            return -ENOSPC
        if self.cut(inode, lblk) or self.cut(inode, lblk + length):
            return -ENOMEM
        before: u32 = self.lookup(inode, lblk - 1) if lblk else 0
        after: u32 = self.extents[before].next if before else self.info[inode].first
        while after and self.extents[after].es_lblk < lblk + length:
            after = self.drop(inode, after)
        self.count(inode, cython.cast(i64, (length if status else 0)) - cython.cast(i64, had))
        if status == EXTENT_HOLE:
            return 0
        if self.insert(inode, before, lblk, length, status) == 0:
            return -ENOMEM
        return 0

    @cython.cfunc
    @cython.nogil
    def blocks_in(self, inode: u32, lblk: u64, length: u64) -> u64:
        """How many pages of a range have blocks."""
        extent: u32 = self.lookup(inode, lblk)
        if extent == 0:
            extent = self.info[inode].first
        had: u64 = 0
        while extent and self.extents[extent].es_lblk < lblk + length:
            start: u64 = self.extents[extent].es_lblk
            end: u64 = start + self.extents[extent].es_len
            if start < lblk:
                start = lblk
            if end > lblk + length:
                end = lblk + length
            if end > start:
                had += end - start
            extent = self.extents[extent].next
        return had

    @cython.cfunc
    @cython.nogil
    def cut(self, inode: u32, lblk: u64) -> cython.int:
        """Let no extent reach over lblk: 0 or -ENOMEM."""
        extent: u32 = self.lookup(inode, lblk)
        if extent == 0 or self.extents[extent].es_lblk == lblk:
            return 0
        end: u64 = self.extents[extent].es_lblk + self.extents[extent].es_len
        if end <= lblk:
            return 0
        status: u32 = self.extents[extent].status
        if self.link(inode, extent, lblk, end - lblk, status) == 0:
            return -ENOMEM
        self.extents[extent].es_len = lblk - self.extents[extent].es_lblk
        return 0

    @cython.cfunc
    @cython.nogil
    def insert(self, inode: u32, before: u32, lblk: u64, length: u64, status: u32) -> u32:
        """An extent between `before` and what follows it, one with neighbours that it continues."""
        if before and self.extents[before].status == status:
            if self.extents[before].es_lblk + self.extents[before].es_len == lblk:
                self.extents[before].es_len += length
                return self.merge(inode, before)
        extent: u32 = self.link(inode, before, lblk, length, status)
        return self.merge(inode, extent) if extent else 0

    @cython.cfunc
    @cython.nogil
    def merge(self, inode: u32, extent: u32) -> u32:
        """Make one of an extent and the next, if that continues it: the extent."""
        following: u32 = self.extents[extent].next
        if following and self.extents[following].status == self.extents[extent].status:
            end: u64 = self.extents[extent].es_lblk + self.extents[extent].es_len
            if end == self.extents[following].es_lblk:
                self.extents[extent].es_len += self.extents[following].es_len
                self.drop(inode, following)
        return extent

    @cython.cfunc
    @cython.nogil
    def link(self, inode: u32, before: u32, lblk: u64, length: u64, status: u32) -> u32:
        """A new extent behind `before` (0: in front), or 0."""
        extent: u32 = self.ids.alloc()
        if extent == 0:
            return 0
        following: u32 = self.extents[before].next if before else self.info[inode].first
        self.extents[extent].es_lblk = lblk
        self.extents[extent].es_len = length
        self.extents[extent].status = status
        self.extents[extent].prev = before
        self.extents[extent].next = following
        if before:
            self.extents[before].next = extent
        else:
            self.info[inode].first = extent
        if following:
            self.extents[following].prev = extent
        return extent

    @cython.cfunc
    @cython.nogil
    def drop(self, inode: u32, extent: u32) -> u32:
        """Take an extent out: the next one."""
        before: u32 = self.extents[extent].prev
        following: u32 = self.extents[extent].next
        if before:
            self.extents[before].next = following
        else:
            self.info[inode].first = following
        if following:
            self.extents[following].prev = before
        if self.info[inode].recent == extent:
            self.info[inode].recent = before
        self.extents[extent].es_lblk = 0
        self.extents[extent].es_len = 0
        self.extents[extent].next = 0
        self.extents[extent].prev = 0
        self.extents[extent].status = 0
        self.ids.free(extent)
        return following

    @cython.cfunc
    @cython.nogil
    def count(self, inode: u32, delta: i64) -> cython.int:
        """Blocks taken or given back."""
        i_sb: u32 = self.inodes[inode].i_sb
        self.info[inode].i_blocks = cython.cast(
            u64, cython.cast(i64, self.info[inode].i_blocks) + delta
        )
        self.super_blocks[i_sb].used_blocks = cython.cast(
            u64, cython.cast(i64, self.super_blocks[i_sb].used_blocks) + delta
        )
        return 0

    @cython.ccall
    @cython.nogil
    def evict_inode(self, inode: u32) -> cython.int:
        """The file is gone: ext4_evict_inode()."""
        while self.info[inode].first:
            extent: u32 = self.info[inode].first
            self.count(inode, -cython.cast(i64, self.extents[extent].es_len))
            self.drop(inode, extent)
        self.info[inode].recent = 0
        return 0

    def extents_of(self, inode):
        """[(first page, length, EXTENT_*)] of an inode."""
        found = []
        extent = int(self.info[inode].first)
        while extent:
            found.append((int(self.extents[extent].es_lblk), int(self.extents[extent].es_len),
                          int(self.extents[extent].status)))  # fmt: skip
            extent = int(self.extents[extent].next)
        return found

    def check(self):
        """Recount extents and blocks."""
        self.ids.check()
        total, used = 0, {}
        for inode in self.arena.where("ext4_inodes", "first"):
            extents = self.extents_of(inode)
            total += len(extents)
            blocks, end, last = 0, -1, 0
            for lblk, length, status in extents:
                assert length > 0 and status and lblk >= end
                assert lblk > end or status != last
                blocks, end, last = blocks + length, lblk + length, status
            assert blocks == self.info[inode].i_blocks
            i_sb = int(self.inodes[inode].i_sb)
            used[i_sb] = used.get(i_sb, 0) + blocks
        assert total == self.ids.used()
        for i_sb, blocks in used.items():
            assert self.super_blocks[i_sb].used_blocks == blocks
