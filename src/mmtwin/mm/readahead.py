"""Readahead: what is read besides what was asked for.

    |<----------------- ra_size ---------------->|
    |            |<------- ra_async_size ------->|
    |============#===============================|==...  the next window begins here
    ra_start     PG_readahead on this page: whoever uses it starts the next window's read

A first miss, or one that goes on where the last read ended, opens a window of 2 or 4 times the
request; each marker that is met doubles it, up to ra_pages. A miss elsewhere looks whether the
pages before it are cached (another reader's stream, or a lost state): if so it opens a window,
else it reads what was asked for and nothing more. A fault reads around itself (file_fault.py).
Pages that are cached already are left out and end a request to the device.

Models mm/readahead.c: page_cache_sync_ra(), page_cache_async_ra() (to 6.10 ondemand_readahead()),
page_cache_ra_unbounded(), do_page_cache_ra(), force_page_cache_ra(), file_ra_state_init(),
get_init_ra_size(), get_next_ra_size(), count_history_pages(); mm/filemap.c:
page_cache_next_miss(), page_cache_prev_miss().
Not modelled: large folios (from 6.16, on ext4) as such: the windows are theirs, and a marker is on
each page of its folio, but pages stay single, so faults and LRU batches count more of them;
readahead of compressed or encrypted file systems, blk_cgroup_congested().

Invariant: the marker is PG_reclaim on a page that is not under writeback, as in the kernel.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.block import REQ_OP_READ, Block, BlockDevices
    from mmtwin.mm.gfp import (
        GFP_FS_BIT, GFP_HIGHUSER_MOVABLE, GFP_NORETRY_BIT, GFP_NOWARN_BIT,
    )  # fmt: skip
    from mmtwin.mm.page_flags import (
        PG_locked, PG_owner_2, PG_reclaim, PG_uptodate, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.pgtable_types import PAGE_SHIFT
    from mmtwin.mm.types import Files, Inodes, Pages, Sysctls, i64, u32, u64
    from mmtwin.mm.uapi import EIO, ENOMEM, FMODE_RANDOM

VM_READAHEAD_PAGES = cython.declare(cython.const[cython.uint], 32)  # of a device, unless set
FORCED_CHUNK = cython.declare(cython.const[cython.ulonglong], 512)  # 2 MiB
LARGE_FOLIOS = cython.declare(cython.const[cython.int], 616)  # ext4 reads into such from here on
NO_MARK = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFFFFF)


@cython.final
@cython.cclass
class Readahead:
    """The on-demand windows of open files."""

    pages: Pages
    inodes: Inodes
    files: Files
    sysctl: Sysctls
    devices: BlockDevices
    block: Block
    page_cache = cython.declare("PageCache")
    ext4 = cython.declare("Ext4")
    page_alloc = cython.declare("PageAlloc")
    lru = cython.declare("Lru")

    def __init__(self, arena, config):
        self.pages, self.inodes, self.files = arena.pages, arena.inodes, arena.files
        self.sysctl = arena.sysctl

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.block, self.page_cache = m.block, m.page_cache
        self.devices = m.arena.block_devices
        self.page_alloc, self.lru, self.ext4 = m.page_alloc, m.lru, m.ext4

    # -- the device's limits

    @cython.ccall
    @cython.nogil
    def bdi_ra_pages(self, inode: u32) -> u32:
        """Largest window of the inode's device (queue/read_ahead_kb)."""
        device: u32 = self.inodes[inode].i_bdev
        return self.devices[device].read_ahead_kb >> 2 if device else VM_READAHEAD_PAGES

    @cython.ccall
    @cython.nogil
    def bdi_io_pages(self, inode: u32) -> u32:
        """Pages of its largest request (queue/max_sectors_kb)."""
        device: u32 = self.inodes[inode].i_bdev
        return self.devices[device].max_sectors_kb >> 2 if device else VM_READAHEAD_PAGES

    @cython.ccall
    @cython.nogil
    def file_ra_state_init(self, file: u32) -> cython.int:
        """A file was opened: no window yet."""
        self.files[file].ra_pages = self.bdi_ra_pages(self.files[file].f_inode)
        self.files[file].ra_prev_pos = -1
        return 0

    @cython.ccall
    @cython.nogil
    def file_ra_state_clear(self, file: u32) -> cython.int:
        """A file was closed."""
        self.files[file].ra_start = 0
        self.files[file].ra_prev_pos = 0
        self.files[file].ra_size = 0
        self.files[file].ra_async_size = 0
        self.files[file].ra_pages = 0
        self.files[file].ra_mmap_miss = 0
        self.files[file].ra_order = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def ractl_max_pages(self, file: u32, req_count: u64) -> u64:
        """Largest window for a request: a large one may be as long as the device likes."""
        most: u64 = self.files[file].ra_pages
        io_pages: u64 = self.bdi_io_pages(self.files[file].f_inode)
        if req_count > most and io_pages > most:
            return req_count if req_count < io_pages else io_pages
        return most

    # -- entry points

    @cython.ccall
    @cython.nogil
    def page_cache_sync_ra(self, file: u32, index: u64, req_count: u64) -> cython.int:
        """The page at index is not cached, and `req_count` pages from there are wanted."""
        if self.files[file].ra_pages == 0:
            return self.force_page_cache_ra(file, index, 1)
        if self.files[file].f_mode & FMODE_RANDOM:
            return self.force_page_cache_ra(file, index, req_count)
        most: u64 = self.ractl_max_pages(file, req_count)
        if self.sysctl[0].kernel < 611 and index and self.is_expected(file, index, 1):
            return self.next_window(file, index, most)
        self.files[file].ra_order = 0
        if index == 0 or req_count > most or self.follows_last_read(file, index):
            self.files[file].ra_start = index
            self.files[file].ra_size = self.get_init_ra_size(req_count, most)
            if self.files[file].ra_size > req_count:
                self.files[file].ra_async_size = self.files[file].ra_size - req_count
            else:
                self.files[file].ra_async_size = self.files[file].ra_size
            return self.read_window(file, index, most)
        return self.try_context_readahead(file, index, req_count, most)

    @cython.ccall
    @cython.nogil
    def page_cache_async_ra(self, file: u32, pfn: u64, req_count: u64) -> cython.int:
        """A page marked PG_readahead (PG_reclaim on a clean page) is used: read the next window."""
        if self.files[file].ra_pages == 0 or self.pages[pfn].flags & PG_writeback:
            return 0
        most: u64 = self.ractl_max_pages(file, req_count)
        index: u64 = self.pages[pfn].index
        nr_pages: u64 = 1
        if self.sysctl[0].kernel < LARGE_FOLIOS:
            self.pages[pfn].flags &= ~PG_reclaim
        else:
            index = self.first_marked(self.files[file].f_inode, index)
            nr_pages = self.unmark(self.files[file].f_inode, index)
        if self.is_expected(file, index, nr_pages):
            return self.next_window(file, index, most)
        return self.foreign_marker(file, index, req_count, most)

    @cython.ccall
    @cython.nogil
    def force_page_cache_ra(self, file: u32, index: u64, nr_to_read: u64) -> cython.int:
        """Read these pages, 2 MiB at a time, and as many as one request or window may have; no
        marker: POSIX_FADV_RANDOM, POSIX_FADV_WILLNEED."""
        most: u64 = self.bdi_io_pages(self.files[file].f_inode)
        if most < self.files[file].ra_pages:
            most = self.files[file].ra_pages
        if nr_to_read > most:
            nr_to_read = most
        while nr_to_read:
            chunk: u64 = FORCED_CHUNK if nr_to_read > FORCED_CHUNK else nr_to_read
            self.do_page_cache_ra(file, index, chunk, 0)
            index += chunk
            nr_to_read -= chunk
        return 0

    # -- which window

    @cython.cfunc
    @cython.nogil
    def is_expected(self, file: u32, index: u64, nr_pages: u64) -> cython.bint:
        """Whether the folio at index is the marker of the file's own window (to 6.10, or the
        window's end)."""
        end: u64 = self.files[file].ra_start + self.files[file].ra_size
        if self.sysctl[0].kernel < 611 and index == end:
            return True
        return index == (end - self.files[file].ra_async_size) & ~(nr_pages - 1)

    @cython.cfunc
    @cython.nogil
    def follows_last_read(self, file: u32, index: u64) -> cython.bint:
        """Whether the last read ended on this page or the one before."""
        prev_pos: i64 = self.files[file].ra_prev_pos
        if prev_pos < 0:
            return False
        prev_index: u64 = cython.cast(u64, prev_pos) >> PAGE_SHIFT
        return index == prev_index or index == prev_index + 1

    @cython.cfunc
    @cython.nogil
    def next_window(self, file: u32, index: u64, most: u64) -> cython.int:
        """Push the window forward, and let it grow."""
        size: u32 = self.get_next_ra_size(file, most)
        self.files[file].ra_start += self.files[file].ra_size
        # a large request's window was larger than any: from 6.12 it stays so
        if size > self.files[file].ra_size or self.sysctl[0].kernel < 612:
            self.files[file].ra_size = size
        return self.read_ahead(file, index, most)

    @cython.cfunc
    @cython.nogil
    def foreign_marker(self, file: u32, index: u64, req_count: u64, most: u64) -> cython.int:
        """A marker that the file's state does not know of (another file's, interleaved streams):
        the window goes on behind the cached pages, whose number is what was read ahead."""
        start: u64 = self.page_cache_next_miss(self.files[file].f_inode, index + 1, most)
        if start == 0 or start - index > most:
            return 0
        self.files[file].ra_start = start
        self.files[file].ra_size = cython.cast(u32, start - index + req_count)
        self.files[file].ra_size = self.get_next_ra_size(file, most)
        return self.read_ahead(file, index, most)

    @cython.cfunc
    @cython.nogil
    def read_ahead(self, file: u32, index: u64, most: u64) -> cython.int:
        """Read a window that lies ahead. From 6.16 it is read into folios that are 4 times as large
        as the last one's, and ends on the boundary of one."""
        if self.sysctl[0].kernel >= LARGE_FOLIOS:
            self.files[file].ra_order += 2
            align: u64 = 1
            while align < (most & (~most + 1)) and align >> self.files[file].ra_order == 0:
                align <<= 1
            end: u64 = self.files[file].ra_start + self.files[file].ra_size
            aligned: u64 = end & ~(align - 1)
            if aligned > self.files[file].ra_start:
                self.files[file].ra_size -= cython.cast(u32, end - aligned)
        self.files[file].ra_async_size = self.files[file].ra_size
        return self.read_window(file, index, most)

    @cython.cfunc
    @cython.nogil
    def try_context_readahead(self, file: u32, index: u64, req_count: u64, most: u64) -> cython.int:
        """A miss somewhere: a stream if more pages before it are cached than it asks for, else a
        random read, which leaves the state as it is."""
        history: u64 = self.count_history_pages(self.files[file].f_inode, index, most)
        if history <= req_count:
            return self.do_page_cache_ra(file, index, req_count, 0)
        if history >= index:  # cached from the very beginning
            history *= 2
        self.files[file].ra_start = index
        self.files[file].ra_size = cython.cast(u32, min(history + req_count, most))
        self.files[file].ra_async_size = 1
        return self.read_window(file, index, most)

    @cython.cfunc
    @cython.nogil
    def read_window(self, file: u32, index: u64, most: u64) -> cython.int:
        """Read the window. A read that will meet the marker of its own window has the next one
        merged into it."""
        size: u64 = self.files[file].ra_size
        if self.files[file].ra_start == index and self.files[file].ra_async_size == size:
            add: u64 = self.get_next_ra_size(file, most)
            if size + add <= most:
                self.files[file].ra_async_size = cython.cast(u32, add)
                self.files[file].ra_size = cython.cast(u32, size + add)
            else:
                self.files[file].ra_size = cython.cast(u32, most)
                self.files[file].ra_async_size = cython.cast(u32, most >> 1)
        return self.page_cache_ra_order(file, self.files[file].ra_start)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def get_init_ra_size(self, size: u64, most: u64) -> u32:
        """First window: 4 or 2 times the request's power of two, or all."""
        rounded: u64 = 1
        while rounded < size:
            rounded <<= 1
        if rounded <= most // 32:
            return cython.cast(u32, rounded * 4)
        if rounded <= most // 4:
            return cython.cast(u32, rounded * 2)
        return cython.cast(u32, most)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def get_next_ra_size(self, file: u32, most: u64) -> u32:
        """Next window: 4 times a small one, 2 times one of up to half the largest, or the
        largest."""
        size: u64 = self.files[file].ra_size
        if size < most // 16:
            return cython.cast(u32, 4 * size)
        if size <= most // 2:
            return cython.cast(u32, 2 * size)
        return cython.cast(u32, most)

    # -- what is cached around

    @cython.cfunc
    @cython.nogil
    def page_cache_next_miss(self, inode: u32, index: u64, max_scan: u64) -> u64:
        """First page from index on that is not cached. Where `max_scan` pages are, the last of
        them (to 6.1), or the one behind them (mended in 6.17 and its stable kernels)."""
        end: u64 = index + max_scan
        while index < end and self.page_cache.find_get_page(inode, index):
            index += 1
        if index == end and self.sysctl[0].kernel < 612:
            return end - 1
        return index

    @cython.cfunc
    @cython.nogil
    def count_history_pages(self, inode: u32, index: u64, most: u64) -> u64:
        """Cached pages without a gap right before index, as far as a window reaches (there one
        less is counted: page_cache_prev_miss() gives the last page that it looked at)."""
        count: u64 = 0
        while count < most and count < index:
            if not self.page_cache.find_get_page(inode, index - 1 - count):
                return count
            count += 1
        return count - 1 if count == most else count

    # -- reading

    @cython.ccall
    @cython.nogil
    def page_cache_ra_order(self, file: u32, index: u64) -> cython.int:
        """Read ra_size pages from index on, the marker before the last ra_async_size of them."""
        size: u64 = self.files[file].ra_size
        order: u32 = self.files[file].ra_order
        done: u64 = 0
        if self.sysctl[0].kernel >= LARGE_FOLIOS and size >= 4:
            while order and size >> order == 0:
                order -= 1
            self.files[file].ra_order = order
            if order:
                done = self.read_folios(file, index, order)
        if done == size:
            return 0
        return self.do_page_cache_ra(
            file, index + done, size - done, self.files[file].ra_async_size
        )

    @cython.cfunc
    @cython.nogil
    def read_folios(self, file: u32, index: u64, most: u32) -> u64:
        """Read the window as naturally aligned folios of up to 2**most pages, none past the end of
        the file, until one would cover a page that is cached: pages done, or all of them."""
        inode: u32 = self.files[file].f_inode
        start: u64 = index
        end: u64 = index + self.files[file].ra_size
        mark: u64 = end - self.files[file].ra_async_size
        if end > self.page_cache.inode_pages(inode):
            end = self.page_cache.inode_pages(inode)
        while index < end:
            order: u32 = most
            while index & ((cython.cast(u64, 1) << order) - 1):
                order -= 1
            while index + (cython.cast(u64, 1) << order) > end:
                order -= 1
            if not self.add_folio(inode, index, order, mark):
                self.read_pages(inode, start, index - start)
                return index - start
            index += cython.cast(u64, 1) << order
        if index > start:
            self.read_pages(inode, start, index - start)
        return self.files[file].ra_size

    @cython.cfunc
    @cython.nogil
    def add_folio(self, inode: u32, index: u64, order: u32, mark: u64) -> cython.bint:
        """The pages of one folio, all marked if the marker lies in it; False if one is cached."""
        end: u64 = index + (cython.cast(u64, 1) << order)
        i: u64
        for i in range(index, end):
            if self.page_cache.find_get_page(inode, i):
                return False
        flags: u64 = PG_reclaim if mark >> order == index >> order else 0
        while index < end and self.add_page(inode, index, flags) == 0:
            index += 1
        return index == end

    @cython.cfunc
    @cython.nogil
    def first_marked(self, inode: u32, index: u64) -> u64:
        """Where the marked folio begins that this page belongs to."""
        while index and self.is_marked(inode, index - 1):
            index -= 1
        return index

    @cython.cfunc
    @cython.nogil
    def unmark(self, inode: u32, index: u64) -> u64:
        """Clear the marks of a folio's pages: how many it has."""
        nr_pages: u64 = 0
        while self.is_marked(inode, index + nr_pages):
            self.pages[self.page_cache.find_get_page(inode, index + nr_pages)].flags &= ~PG_reclaim
            nr_pages += 1
        return nr_pages

    @cython.cfunc
    @cython.nogil
    def is_marked(self, inode: u32, index: u64) -> cython.bint:
        """Whether a page is cached and has PG_readahead."""
        pfn: u64 = self.page_cache.find_get_page(inode, index)
        return pfn != 0 and self.pages[pfn].flags & (PG_reclaim | PG_writeback) == PG_reclaim

    @cython.cfunc
    @cython.nogil
    def do_page_cache_ra(
        self, file: u32, index: u64, nr_to_read: u64, lookahead_size: u64
    ) -> cython.int:
        """page_cache_ra_unbounded(), no further than the file's last page."""
        inode: u32 = self.files[file].f_inode
        size: u64 = self.page_cache.inode_pages(inode)
        if index >= size:
            return 0
        if nr_to_read > size - index:
            nr_to_read = size - index
        return self.page_cache_ra_unbounded(inode, index, nr_to_read, lookahead_size)

    @cython.cfunc
    @cython.nogil
    def page_cache_ra_unbounded(
        self, inode: u32, index: u64, nr_to_read: u64, lookahead_size: u64
    ) -> cython.int:
        """Add the pages that are missing, the marker's marked if it is one of them, and read each
        run of them; stops where memory does."""
        mark: u64 = NO_MARK
        start: u64 = index  # of the run that is not yet read
        end: u64 = index + nr_to_read
        if lookahead_size <= nr_to_read:
            mark = end - lookahead_size
        while index < end:
            if self.page_cache.find_get_page(inode, index):
                self.read_pages(inode, start, index - start)
                start = index + 1
            elif self.add_page(inode, index, PG_reclaim if index == mark else 0):
                break
            index += 1
        return self.read_pages(inode, start, index - start)

    @cython.cfunc
    @cython.nogil
    def add_page(self, inode: u32, index: u64, flags: u64) -> cython.int:
        """A locked page for what will be read: 0 or -ENOMEM. It is not tried hard for."""
        gfp: u32 = GFP_HIGHUSER_MOVABLE | GFP_NORETRY_BIT | GFP_NOWARN_BIT
        pfn: u64 = self.page_cache.filemap_alloc_and_add(inode, index, gfp & ~GFP_FS_BIT)
        if pfn == 0:
            return -ENOMEM
        self.pages[pfn].flags |= flags | PG_owner_2  # mappedtodisk
        return 0

    @cython.cfunc
    @cython.nogil
    def read_pages(self, inode: u32, index: u64, nr_pages: u64) -> cython.int:
        """Ask the device for a run of locked pages: a_ops->readahead(). Holes are zeroed instead:
        ext4_mpage_readpages()."""
        while nr_pages:
            run: i64 = self.ext4.map_blocks(inode, index, nr_pages)
            if run > 0:
                self.block.submit(inode, index, cython.cast(u32, run), REQ_OP_READ)
            else:
                run = -run
                self.zero_pages(inode, index, cython.cast(u64, run))
            index += cython.cast(u64, run)
            nr_pages -= cython.cast(u64, run)
        return 0

    @cython.cfunc
    @cython.nogil
    def zero_pages(self, inode: u32, index: u64, nr_pages: u64) -> cython.int:
        """A run of locked pages for which there is nothing to read."""
        end: u64 = index + nr_pages
        while index < end:
            pfn: u64 = self.page_cache.find_get_page(inode, index)
            self.pages[pfn].flags |= PG_uptodate
            self.pages[pfn].flags &= ~(PG_locked | PG_owner_2)
            index += 1
        return 0

    @cython.ccall
    @cython.nogil
    def filemap_read_folio(self, file: u32, pfn: u64) -> cython.int:
        """Read one cached page that is neither locked nor up to date, and wait for it: 0, or -EIO,
        after which the file's window shrinks."""
        self.pages[pfn].flags |= PG_locked | PG_owner_2
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        self.read_pages(inode, self.pages[pfn].index, 1)
        if self.page_cache.folio_wait_locked(pfn) == 0:
            return 0
        self.files[file].ra_pages //= 4  # shrink_readahead_size_eio()
        return -EIO
