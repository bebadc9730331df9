"""Dirty pages of files: how they are counted, written, and clean again.

    folio_mark_dirty()  ->  PG_dirty, mark DIRTY      NR_FILE_DIRTY, WB_RECLAIMABLE
    write_cache_pages() ->  folio_clear_dirty_for_io(): ptes that map it are write-protected
                            PG_writeback, mark WRITEBACK   NR_WRITEBACK, WB_WRITEBACK
    block.complete()    ->  end_page_writeback(): clean   NR_WRITTEN

Whoever must not miss a page (fsync, sync, msync) tags what is dirty at its start (mark TOWRITE) and
writes just that. A failed write leaves its page clean and tells the inode, in wb_err: every open
file that looks afterwards is told once (errseq_t).

Models mm/page-writeback.c: folio_account_dirtied(), folio_account_cleaned(), write_cache_pages(),
tag_pages_for_writeback(), folio_clear_dirty_for_io(), __folio_start_writeback(),
__folio_end_writeback(); mm/filemap.c: filemap_fdatawrite_range(), filemap_fdatawait_range(),
file_check_and_advance_wb_err(); lib/errseq.c; mm/rmap.c: folio_mkclean(); fs/sync.c:
sync_file_range().
Not modelled: the blocks behind the pages (delayed allocation never fails unless it is told to),
stable pages, writeback by cgroup.

Invariants: a page is marked DIRTY in the index exactly if it is PG_dirty, WRITEBACK exactly if it
is PG_writeback; nr_reclaimable and nr_writeback of a device are the numbers of these.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.block import REQ_OP_WRITE, Block
    from mmtwin.mm.clock import COST_WRITEBACK_PAGE, Clock
    from mmtwin.mm.page_flags import (
        INODE_SHMEM, PG_dirty, PG_locked, PG_reclaim, PG_swapbacked, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.pgtable_types import PAGE_DIRTY, PAGE_RW, PAGE_SHIFT
    from mmtwin.mm.types import (
        Currents, Files, I64s, Inodes, Pages, Sysctls, Tasks, U64s, Vmas, i32, i64, u32, u64,
    )  # fmt: skip
    from mmtwin.mm.uapi import EIO
    from mmtwin.mm.vm_flags import VM_SHARED
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_DIRTIED, NR_FILE_DIRTY, NR_WRITEBACK, NR_WRITTEN, NR_ZONE_WRITE_PENDING,
    )  # fmt: skip
    from mmtwin.mm.xarray import XA_DIRTY, XA_TOWRITE, XA_WRITEBACK

NR_WBS = cython.declare(cython.const[cython.int], 64)  # one a block device; 0: none behind it
WB_LAST_INDEX = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFFFFFFFFE)
ALL_PAGES = cython.declare(cython.const[cython.longlong], 0x7FFFFFFFFFFFFFFF)  # nr_to_write
NSEC_PER_CENTISEC = cython.declare(cython.const[cython.longlong], 10000000)

# errseq_t
ERRSEQ_ERRNO = cython.declare(cython.const[cython.uint], 0xFFF)
ERRSEQ_SEEN = cython.declare(cython.const[cython.uint], 0x1000)
ERRSEQ_CTR_INC = cython.declare(cython.const[cython.uint], 0x2000)

# sync_file_range(2)
SYNC_FILE_RANGE_WAIT_BEFORE = cython.declare(cython.const[cython.uint], 1)
SYNC_FILE_RANGE_WRITE = cython.declare(cython.const[cython.uint], 2)
SYNC_FILE_RANGE_WAIT_AFTER = cython.declare(cython.const[cython.uint], 4)

# struct bdi_writeback, of the block device with its number
Wb = cython.struct(
    nr_reclaimable=i64,  # WB_RECLAIMABLE: dirty pages
    nr_writeback=i64,
    nr_dirtied=u64,  # ever
    nr_written=u64,
    completions=u64,  # of late: what the device's share of the limits is made of
    # bandwidths and rates in pages a second: wb_update_bandwidth()
    bw_time_stamp=u64,
    dirtied_stamp=u64,
    written_stamp=u64,
    write_bandwidth=u64,
    avg_write_bandwidth=u64,
    dirty_ratelimit=u64,
    balanced_dirty_ratelimit=u64,
    # the flusher: fs_writeback.py
    last_old_flush=u64,  # ns
    work_left=i64,  # pages that the work under way may still write
    turn_ns=u64,  # when the present turn over the inodes began
    index=u64,  # where the present inode goes on, and how far
    last=u64,
    chunk=i64,  # pages left of its chunk
    work=u32,  # WORK_* under way
    inode=u32,  # being written
    start_all=u32,  # wakeup_flusher_threads() wants all of it written
    wrapped=u32,  # cyclic writeback has come to the file's end and began anew
    progress=u32,  # something was written in this turn
    dirty_exceeded=u32,
    kthread=u32,
    pad=u32,
)

if cython.compiled:
    Wbs = cython.typedef(Wb[::1])
else:
    Wbs = object


# enum wb_reason: why the flushers are woken
WB_REASON_VMSCAN = cython.declare(cython.const[cython.uint], 1)


@cython.final
@cython.cclass
class PageWriteback:
    """The state of dirty pages, and writing them."""

    arena: object
    pages: Pages
    inodes: Inodes
    files: Files
    vmas: Vmas
    tasks: Tasks
    sysctl: Sysctls
    current: Currents
    ptes: U64s
    wbs: Wbs
    bdp_ratelimits: I64s  # cpu -> pages dirtied since a balance_dirty_pages() was due
    blocked: cython.int  # write_cache_pages() stopped because the device has no room
    left: i64  # pages that it was still allowed to write
    clock: Clock
    block: Block
    vmstat: VmStat
    xarray = cython.declare("XArray")
    rmap = cython.declare("Rmap")
    lru = cython.declare("Lru")
    tlb = cython.declare("Tlb")
    page_cache = cython.declare("PageCache")
    fs_writeback = cython.declare("FsWriteback")
    throttle = cython.declare("DirtyThrottle")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.inodes, self.files = arena.pages, arena.inodes, arena.files
        self.vmas, self.tasks = arena.vmas, arena.tasks
        self.sysctl, self.current = arena.sysctl, arena.current
        self.wbs = arena.array("bdi_writebacks", "page_writeback.Wb", NR_WBS)
        self.bdp_ratelimits = arena.array("bdp_ratelimits", "i64", config.cpus)
        self.blocked = 0
        self.left = 0

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.block, self.vmstat = m.clock, m.block, m.vmstat
        self.xarray, self.rmap, self.lru, self.tlb = m.xarray, m.rmap, m.lru, m.tlb
        self.page_cache, self.fs_writeback = m.page_cache, m.fs_writeback
        self.throttle = m.dirty_throttle
        self.ptes = m.arena.ptes

    # -- entry points of other mechanisms

    @cython.ccall
    @cython.nogil
    def balance_dirty_pages_ratelimited(self, inode: u32, nr_dirtied: u32) -> cython.int:
        """The current task dirtied pages of a file: write or wait if there are too many. (They are
        counted where they became dirty, whatever `nr_dirtied` says.)"""
        if not self.mapping_can_writeback(inode):
            return 0
        return self.throttle.balance_dirty_pages_ratelimited(self.inodes[inode].i_bdev)

    @cython.ccall
    @cython.nogil
    def wb_workfn(self, device: u32) -> u64:
        """One turn of a device's flusher: when it wants to run again, or 0."""
        return self.fs_writeback.wb_workfn(device)

    @cython.ccall
    @cython.nogil
    def wakeup_flusher_threads(self, reason: u32) -> cython.int:
        """Let every flusher write what it can (reclaim found dirty pages)."""
        return self.fs_writeback.wakeup_flusher_threads()

    @cython.ccall
    @cython.nogil
    def pageout(self, pfn: u64) -> cython.int:
        """Reclaim wants a dirty, unmapped, locked page of a file written: 0 if writing began (it
        is unlocked), -errno if not."""
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        if not self.mapping_can_writeback(inode):
            return -EIO
        if not self.folio_clear_dirty_for_io(pfn):
            return -EIO
        self.pages[pfn].flags |= PG_reclaim
        self.folio_start_writeback(pfn)
        self.pages[pfn].flags &= ~PG_locked
        self.block.submit(inode, self.pages[pfn].index, 1, REQ_OP_WRITE)
        return 0

    # -- dirty

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def mapping_can_writeback(self, inode: u32) -> cython.bint:
        """Whether dirty pages of an inode are to be written anywhere but to swap."""
        return self.inodes[inode].i_kind != INODE_SHMEM

    @cython.ccall
    @cython.nogil
    def folio_account_dirtied(self, pfn: u64) -> cython.int:
        """A page of a file was just marked PG_dirty: filemap_dirty_folio()."""
        if self.pages[pfn].flags & PG_swapbacked:
            return 0
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        device: u32 = self.inodes[inode].i_bdev
        self.vmstat.mod_lruvec_page_state(pfn, NR_FILE_DIRTY, 1)
        self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_ZONE_WRITE_PENDING, 1)
        self.vmstat.mod_node_page_state(self.pages[pfn].node, NR_DIRTIED, 1)
        self.wbs[device].nr_reclaimable += 1
        self.wbs[device].nr_dirtied += 1
        if self.current[0].task:
            self.tasks[self.current[0].task].nr_dirtied += 1
        self.bdp_ratelimits[self.current[0].cpu] += 1
        self.xarray.xa_set_mark(inode, self.pages[pfn].index, XA_DIRTY)
        return self.fs_writeback.mark_inode_dirty_pages(inode)

    @cython.ccall
    @cython.nogil
    def folio_account_cleaned(self, pfn: u64) -> cython.int:
        """A dirty page will not be written (it is truncated); PG_dirty is the caller's."""
        if self.pages[pfn].flags & PG_swapbacked:
            return 0
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        self.xarray.xa_clear_mark(inode, self.pages[pfn].index, XA_DIRTY)
        return self.count_clean(inode, pfn)

    @cython.cfunc
    @cython.nogil
    def count_clean(self, inode: u32, pfn: u64) -> cython.int:
        """One dirty page less."""
        self.vmstat.mod_lruvec_page_state(pfn, NR_FILE_DIRTY, -1)
        self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_ZONE_WRITE_PENDING, -1)
        self.wbs[self.inodes[inode].i_bdev].nr_reclaimable -= 1
        return 0

    @cython.ccall
    @cython.nogil
    def folio_clear_dirty_for_io(self, pfn: u64) -> cython.bint:
        """Make a page clean, in the ptes that map it too: whether it was dirty."""
        if self.pages[pfn].mapcount > 0:
            self.folio_mkclean(pfn)
        if not self.pages[pfn].flags & PG_dirty:
            return False
        self.pages[pfn].flags ^= PG_dirty
        self.count_clean(cython.cast(u32, self.pages[pfn].mapping >> 1), pfn)
        return True

    @cython.cfunc
    @cython.nogil
    def folio_mkclean(self, pfn: u64) -> cython.int:
        """Write-protect a page in every shared mapping, so that the next store is a fault; what a
        pte knows of a store goes to the page."""
        link: u32 = self.rmap.rmap_walk_first(pfn)
        while link:
            vma: u32 = self.rmap.rmap_walk_vma(pfn, link)
            if self.vmas[vma].vm_flags & VM_SHARED:
                at: u64 = self.rmap.page_vma_mapped_walk(pfn, vma)
                if at and self.ptes[at] & (PAGE_RW | PAGE_DIRTY):
                    if self.ptes[at] & PAGE_DIRTY:
                        self.page_cache.folio_mark_dirty(pfn)
                    self.ptes[at] &= ~(PAGE_RW | PAGE_DIRTY)
                    self.tlb.flush_tlb_page(self.vmas[vma].vm_mm, self.rmap.vma_address(pfn, vma))
            link = self.rmap.rmap_walk_next(pfn, link)
        return 0

    # -- under writeback

    @cython.ccall
    @cython.nogil
    def folio_start_writeback(self, pfn: u64) -> cython.int:
        """A clean page of a file is about to be submitted."""
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        index: u64 = self.pages[pfn].index
        self.pages[pfn].flags |= PG_writeback
        self.xarray.xa_clear_mark(inode, index, XA_DIRTY)
        self.xarray.xa_clear_mark(inode, index, XA_TOWRITE)
        self.xarray.xa_set_mark(inode, index, XA_WRITEBACK)
        self.vmstat.mod_lruvec_page_state(pfn, NR_WRITEBACK, 1)
        self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_ZONE_WRITE_PENDING, 1)
        self.wbs[self.inodes[inode].i_bdev].nr_writeback += 1
        return 0

    @cython.ccall
    @cython.nogil
    def end_page_writeback(self, pfn: u64, error: cython.int) -> cython.int:
        """A page's write is done, or failed with -errno: folio_end_writeback()."""
        if not self.pages[pfn].flags & PG_writeback:
            return 0
        inode: u32 = cython.cast(u32, self.pages[pfn].mapping >> 1)
        device: u32 = self.inodes[inode].i_bdev
        if error:
            self.mapping_set_error(inode, error)
        self.pages[pfn].flags ^= PG_writeback
        self.xarray.xa_clear_mark(inode, self.pages[pfn].index, XA_WRITEBACK)
        self.vmstat.mod_lruvec_page_state(pfn, NR_WRITEBACK, -1)
        self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_ZONE_WRITE_PENDING, -1)
        self.vmstat.mod_node_page_state(self.pages[pfn].node, NR_WRITTEN, 1)
        self.wbs[device].nr_writeback -= 1
        self.wbs[device].nr_written += 1
        self.throttle.wb_domain_writeout_add(device)
        if self.pages[pfn].flags & PG_reclaim:
            self.pages[pfn].flags ^= PG_reclaim
            self.lru.folio_rotate_reclaimable(pfn)
        return 0

    # -- writing pages of an inode

    @cython.ccall
    @cython.nogil
    def write_cache_pages(
        self,
        inode: u32,
        index: u64,
        last: u64,
        nr_to_write: i64,
        mark: cython.int,
        wait: cython.int,
    ) -> u64:
        """Start writing the marked pages of index..last, at most nr_to_write: where to go on
        (last + 1 if none is left); `left` is how many more it might have written.

        With `wait`, sleep until the device takes them, and for pages that are being written
        already; without, stop there (`blocked`), and pass these over."""
        self.blocked = 0
        device: u32 = self.inodes[inode].i_bdev
        nr: u64
        self.lru.lru_add_drain()  # as the first batch of folios that is put does
        while nr_to_write > 0:
            index = self.xarray.xa_find_marked(inode, index, last, mark)
            if index > last:
                break
            if not wait and not self.block.has_room(device, REQ_OP_WRITE):
                self.blocked = 1
                break
            nr = self.write_run(inode, index, last, nr_to_write, mark, wait)
            nr_to_write -= nr
            index += nr if nr else 1
        self.left = nr_to_write
        return index

    @cython.cfunc
    @cython.nogil
    def write_run(
        self,
        inode: u32,
        index: u64,
        last: u64,
        nr_to_write: i64,
        mark: cython.int,
        wait: cython.int,
    ) -> u64:
        """Submit marked pages that follow one another from index on, of one request at most: how
        many."""
        nr: u64 = 0
        most: u64 = self.throttle.max_request_pages(self.inodes[inode].i_bdev)
        if most > cython.cast(u64, nr_to_write):
            most = cython.cast(u64, nr_to_write)
        while nr < most and index + nr <= last:
            if not self.xarray.xa_get_mark(inode, index + nr, mark):
                break
            pfn: u64 = self.page_cache.find_get_page(inode, index + nr)
            if self.pages[pfn].flags & PG_writeback:
                if not wait or nr:
                    break
                self.block.folio_wait_writeback(pfn)
            if not self.folio_clear_dirty_for_io(pfn):
                self.xarray.xa_clear_mark(inode, index + nr, mark)
                break
            self.folio_start_writeback(pfn)
            nr += 1
        if nr:
            self.clock.charge(COST_WRITEBACK_PAGE, nr)
            self.block.submit(inode, index, cython.cast(u32, nr), REQ_OP_WRITE)
        return nr

    @cython.ccall
    @cython.nogil
    def filemap_fdatawrite_range(self, inode: u32, first: u64, last: u64) -> cython.int:
        """Start writing all that is dirty now of pages first..last, for somebody who waits."""
        if not self.mapping_can_writeback(inode) or not self.xarray.xa_marked(inode, XA_DIRTY):
            return 0
        self.tag_pages_for_writeback(inode, first, last)
        self.write_cache_pages(inode, first, last, ALL_PAGES, XA_TOWRITE, 1)
        return self.fs_writeback.inode_was_written(inode)

    @cython.ccall
    @cython.nogil
    def filemap_flush(self, inode: u32) -> cython.int:
        """Start writing all that is dirty, waiting for nothing but the device's queue."""
        if not self.mapping_can_writeback(inode) or not self.xarray.xa_marked(inode, XA_DIRTY):
            return 0
        index: u64 = 0
        while index <= WB_LAST_INDEX:
            index = self.write_cache_pages(inode, index, WB_LAST_INDEX, ALL_PAGES, XA_DIRTY, 0)
            if not self.blocked:
                break
            self.block.io_schedule_until(self.block.next_done_ns(self.inodes[inode].i_bdev))
        return self.fs_writeback.inode_was_written(inode)

    @cython.cfunc
    @cython.nogil
    def tag_pages_for_writeback(self, inode: u32, first: u64, last: u64) -> cython.int:
        """Mark what is dirty now, so that pages dirtied meanwhile cannot hold up the writer."""
        index: u64 = self.xarray.xa_find_marked(inode, first, last, XA_DIRTY)
        while index <= last:
            self.xarray.xa_set_mark(inode, index, XA_TOWRITE)
            index = self.xarray.xa_find_marked(inode, index + 1, last, XA_DIRTY)
        return 0

    @cython.ccall
    @cython.nogil
    def filemap_fdatawait_range(self, inode: u32, first: u64, last: u64) -> cython.int:
        """Sleep until none of pages first..last is being written."""
        index: u64 = self.xarray.xa_find_marked(inode, first, last, XA_WRITEBACK)
        while index <= last:
            self.block.folio_wait_writeback(self.page_cache.find_get_page(inode, index))
            index = self.xarray.xa_find_marked(inode, index + 1, last, XA_WRITEBACK)
        return 0

    @cython.ccall
    @cython.nogil
    def file_write_and_wait_range(self, file: u32, first: u64, last: u64) -> cython.int:
        """Write and wait for pages of an open file: 0, or an error of writeback not yet told."""
        inode: u32 = self.files[file].f_inode
        self.filemap_fdatawrite_range(inode, first, last)
        self.filemap_fdatawait_range(inode, first, last)
        return self.file_check_and_advance_wb_err(file)

    @cython.ccall
    @cython.nogil
    def sync_file_range(self, file: u32, first: u64, last: u64, flags: u32) -> cython.int:
        """sync_file_range(2), of pages: 0, or an error of writeback not yet told."""
        inode: u32 = self.files[file].f_inode
        error: cython.int = 0
        if flags & SYNC_FILE_RANGE_WAIT_BEFORE:
            self.filemap_fdatawait_range(inode, first, last)
            error = self.file_check_and_advance_wb_err(file)
            if error:
                return error
        if flags & SYNC_FILE_RANGE_WRITE:
            if flags & SYNC_FILE_RANGE_WAIT_BEFORE and flags & SYNC_FILE_RANGE_WAIT_AFTER:
                self.filemap_fdatawrite_range(inode, first, last)
            else:
                self.write_cache_pages(inode, first, last, ALL_PAGES, XA_DIRTY, 1)
                self.fs_writeback.inode_was_written(inode)
        if flags & SYNC_FILE_RANGE_WAIT_AFTER:
            self.filemap_fdatawait_range(inode, first, last)
            error = self.file_check_and_advance_wb_err(file)
        return error

    @cython.ccall
    @cython.nogil
    def vfs_fsync_range(self, file: u32, start: u64, end: u64, datasync: cython.int) -> cython.int:
        """fsync(2), fdatasync(2) of bytes start..end: 0, or an error of writeback not yet told."""
        error: cython.int = self.file_write_and_wait_range(
            file, start >> PAGE_SHIFT, min(end >> PAGE_SHIFT, WB_LAST_INDEX)
        )
        return error

    @cython.ccall
    @cython.nogil
    def ksys_sync(self) -> cython.int:
        """sync(2)."""
        return self.fs_writeback.sync_inodes()

    # -- errors

    @cython.ccall
    @cython.nogil
    def mapping_set_error(self, inode: u32, error: i32) -> cython.int:
        """Writeback failed with -errno: errseq_set()."""
        old: u32 = self.inodes[inode].wb_err
        new: u32 = old & ~(ERRSEQ_ERRNO | ERRSEQ_SEEN) | cython.cast(u32, -error)
        if old & ERRSEQ_SEEN:
            new += ERRSEQ_CTR_INC
        self.inodes[inode].wb_err = new
        return 0

    @cython.ccall
    @cython.nogil
    def filemap_sample_wb_err(self, inode: u32) -> u32:
        """What a newly opened file takes as seen; an error that nobody was told yet is not."""
        old: u32 = self.inodes[inode].wb_err
        return old if old & ERRSEQ_SEEN else 0

    @cython.ccall
    @cython.nogil
    def file_check_and_advance_wb_err(self, file: u32) -> cython.int:
        """-errno of a failed writeback that this open file was not told yet, and now is; or 0."""
        inode: u32 = self.files[file].f_inode
        if self.inodes[inode].wb_err == self.files[file].f_wb_err:
            return 0
        self.inodes[inode].wb_err |= ERRSEQ_SEEN
        self.files[file].f_wb_err = self.inodes[inode].wb_err
        return -cython.cast(cython.int, self.inodes[inode].wb_err & ERRSEQ_ERRNO)

    def check(self):
        """Recount the dirty pages and those under writeback, inode by inode."""
        dirty, writeback = {}, {}
        for inode in self.arena.where("inodes", "nrpages"):
            device = int(self.inodes[inode].i_bdev)
            marked = self.check_inode(inode)
            dirty[device] = dirty.get(device, 0) + marked[0]
            writeback[device] = writeback.get(device, 0) + marked[1]
        for device in range(NR_WBS):
            assert self.wbs[device].nr_reclaimable == dirty.get(device, 0), device
            assert self.wbs[device].nr_writeback == writeback.get(device, 0), device

    def check_inode(self, inode):
        """(dirty pages, pages under writeback) of an inode, whose marks are the pages' flags."""
        found = [0, 0]
        shmem = self.inodes[inode].i_kind == INODE_SHMEM
        for index, pfn in self.xarray.entries(inode).items():
            if pfn >> 62:  # a value
                continue
            for n, mark, flag in ((0, XA_DIRTY, PG_dirty), (1, XA_WRITEBACK, PG_writeback)):
                is_set = bool(self.pages[pfn].flags & flag)
                assert shmem or is_set == bool(self.xarray.xa_get_mark(inode, index, mark))
                found[n] += is_set and not shmem
        return found
