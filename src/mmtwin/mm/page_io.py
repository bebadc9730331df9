"""Pages to and from swap: zeros, then compressed memory, then the area's device.

    write   zeros? (6.12) --> a bit of the slot      read   the bit set? --> zeros
            zswap takes it? --> compressed memory           zswap has it? --> uncompressed
            the device                                      the device

A write makes the page PG_writeback and unlocks it; a read into the cache makes it PG_locked and not
PG_uptodate until the device is done. Areas with SWP_SYNCHRONOUS_IO (zram) are done at once.

Models mm/page_io.c: swap_writepage(), swap_read_folio(), swap_zeromap_folio_set(),
end_swap_bio_write(), end_swap_bio_read(), count_swpout_vm_event(); mm/filemap.c:
folio_end_writeback() for swap.
Not modelled: requests of more than one page made by one call (neighbours are merged by the
device).

Invariant: a slot in use that has been written holds its page's content, in SwapSlot.content.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.block import Block
    from mmtwin.mm.clock import COST_SWAP_END_PAGE, COST_SWAP_OUT_PAGE
    from mmtwin.mm.content import Content
    from mmtwin.mm.filemap import SECTORS_PER_PAGE
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.page_flags import (
        PG_dirty, PG_locked, PG_reclaim, PG_swapcache, PG_uptodate, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.swap_entry import swp_offset, swp_type
    from mmtwin.mm.swap_state import SwapState
    from mmtwin.mm.swap_types import (
        SWAP_ZEROMAP, SWP_SYNCHRONOUS_IO, SwapInfos, SwapSlotArray, swap_slot_index,
    )  # fmt: skip
    from mmtwin.mm.types import Pages, Sysctls, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_WRITEBACK, NR_WRITTEN, NR_ZONE_WRITE_PENDING, PGPGIN, PGPGOUT, PSWPIN, PSWPOUT,
        SWPIN_ZERO, SWPOUT_ZERO,
    )  # fmt: skip

KERNEL_ZRAM_BIO = cython.declare(cython.const[cython.int], 602)  # until then ->rw_page()
KERNEL_ZEROMAP = cython.declare(cython.const[cython.int], 612)
PAGE_IO_BITS = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFFFFF)


@cython.final
@cython.cclass
class PageIo:
    """Reads and writes of swap."""

    pages: Pages
    sysctl: Sysctls
    slots: SwapSlotArray
    si: SwapInfos
    vmstat: VmStat
    memcontrol: MemControl
    swap_state: SwapState
    block: Block
    lru = cython.declare("Lru")
    content: Content
    zswap = cython.declare("Zswap")
    zswap_lru = cython.declare("ZswapLru")
    zram = cython.declare("Zram")

    def __init__(self, arena, config):
        self.pages, self.sysctl = arena.pages, arena.sysctl
        self.slots, self.si = arena.swap_slots, arena.swap_info

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.vmstat, self.memcontrol, self.swap_state = m.vmstat, m.memcontrol, m.swap_state
        self.block, self.lru, self.content = m.block, m.lru, m.content
        self.zswap, self.zswap_lru, self.zram = m.zswap, m.zswap_lru, m.zram

    # -- writing

    @cython.ccall
    @cython.nogil
    def swap_writepage(self, pfn: u64) -> cython.int:
        """Write a page of the swap cache that reclaim holds: 0 if that began, is done or is not
        needed any more, or -errno."""
        if self.swap_state.folio_free_swap(pfn):
            return 0  # nobody needs what is in the slot; reclaim finds the page dirty again
        at: u64 = swap_slot_index(self.pages[pfn].private)
        self.slots[at].content = self.content.settle(pfn)
        if self.sysctl[0].kernel >= KERNEL_ZEROMAP:
            if self.content.is_zero(self.pages[pfn].content):
                self.slots[at].map |= SWAP_ZEROMAP
                return self.vmstat.count_folio_events(pfn, SWPOUT_ZERO, 1)
            if self.slots[at].map & SWAP_ZEROMAP:
                self.slots[at].map ^= SWAP_ZEROMAP
        if self.zswap.zswap_store(pfn):
            return 0
        if not self.memcontrol.mem_cgroup_zswap_writeback_enabled(self.memcontrol.folio_memcg(pfn)):
            return -1  # AOP_WRITEPAGE_ACTIVATE
        return self.swap_writepage_bdev(pfn)

    @cython.cfunc
    @cython.nogil
    def swap_writepage_bdev(self, pfn: u64) -> cython.int:
        """To the device."""
        entry: u64 = self.pages[pfn].private
        type_: u32 = swp_type(entry)
        self.vmstat.count_folio_events(pfn, PSWPOUT, 1)
        self.folio_start_writeback(pfn)
        if self.si[type_].flags & SWP_SYNCHRONOUS_IO:
            return self.write_sync(pfn, entry)
        self.block.clock.charge(COST_SWAP_OUT_PAGE, 1)
        self.block.submit_swap(self.si[type_].bdev, entry, 1, 1)
        return 0

    @cython.cfunc
    @cython.nogil
    def write_sync(self, pfn: u64, entry: u64) -> cython.int:
        """To a zram device, done at once; since 6.2 by a bio, whose sectors are counted."""
        zram: u32 = self.si[swp_type(entry)].zram
        if self.sysctl[0].kernel >= KERNEL_ZRAM_BIO:
            self.vmstat.count_vm_events(PGPGOUT, SECTORS_PER_PAGE)
        error: cython.int = self.zram.zram_write_page(
            zram - 1, swp_offset(entry), self.pages[pfn].content
        )
        return self.end_swap_bio_write(pfn, error)

    @cython.cfunc
    @cython.nogil
    def read_sync(self, pfn: u64, entry: u64) -> cython.int:
        """From a zram device."""
        zram: u32 = self.si[swp_type(entry)].zram
        if self.sysctl[0].kernel >= KERNEL_ZRAM_BIO:
            self.vmstat.count_vm_events(PGPGIN, SECTORS_PER_PAGE)
        away: cython.int = self.zram.zram_read_page(zram - 1, swp_offset(entry))
        if away and self.sysctl[0].kernel < KERNEL_ZRAM_BIO:
            self.vmstat.count_vm_events(PGPGIN, SECTORS_PER_PAGE)
        self.pages[pfn].flags |= PG_uptodate
        return 0

    @cython.cfunc
    @cython.nogil
    def folio_start_writeback(self, pfn: u64) -> cython.int:
        """Under writeback from now on; no longer dirty."""
        self.pages[pfn].flags = self.pages[pfn].flags & ~PG_dirty & PAGE_IO_BITS | PG_writeback
        self.vmstat.mod_lruvec_page_state(pfn, NR_WRITEBACK, 1)
        return self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_ZONE_WRITE_PENDING, 1)

    @cython.cfunc
    @cython.nogil
    def end_swap_bio_write(self, pfn: u64, error: cython.int) -> cython.int:
        """A page's write is done; after an error it is dirty again, and not to be reclaimed soon.
        One that reclaim waits for goes to the end of its list: folio_end_writeback()."""
        assert self.pages[pfn].flags & PG_writeback
        rotate: cython.bint = (self.pages[pfn].flags & PG_reclaim) != 0 and error == 0
        self.pages[pfn].flags &= ~(PG_reclaim | PG_writeback) & PAGE_IO_BITS
        if error:
            self.pages[pfn].flags |= PG_dirty
        self.vmstat.mod_lruvec_page_state(pfn, NR_WRITEBACK, -1)
        self.vmstat.mod_zone_page_state(self.pages[pfn].zone, NR_ZONE_WRITE_PENDING, -1)
        self.vmstat.mod_node_page_state(self.pages[pfn].node, NR_WRITTEN, 1)
        if rotate:
            self.lru.folio_rotate_reclaimable(pfn)
        return 0

    # -- reading

    @cython.ccall
    @cython.nogil
    def swap_read_folio(self, pfn: u64, entry: u64) -> cython.int:
        """Read a slot into a page; one in the swap cache is locked until the device is done."""
        at: u64 = swap_slot_index(entry)
        self.pages[pfn].content = self.slots[at].content
        if self.slots[at].map & SWAP_ZEROMAP:
            self.pages[pfn].flags |= PG_uptodate
            return self.vmstat.count_folio_events(pfn, SWPIN_ZERO, 1)
        if self.zswap.zswap_load(pfn, entry):
            return 0
        self.zswap_lru.zswap_folio_swapin(pfn)
        type_: u32 = swp_type(entry)
        self.vmstat.count_vm_events(PSWPIN, 1)
        if self.si[type_].flags & SWP_SYNCHRONOUS_IO:
            return self.read_sync(pfn, entry)
        self.pages[pfn].flags |= PG_locked
        self.block.submit_swap(self.si[type_].bdev, entry, 1, 0)
        return 0

    # -- the device is done

    @cython.ccall
    @cython.nogil
    def end_swap_bio(self, entry: u64, nr_pages: u32, op: u32, error: cython.int) -> cython.int:
        """A request is done, or failed with -errno; op 1 is a write."""
        i: u64
        for i in range(nr_pages):
            pfn: u64 = self.swap_state.cached_page(entry + i)
            if pfn == 0:
                continue
            if op:
                self.block.clock.charge(COST_SWAP_END_PAGE, 1)
                self.end_swap_bio_write(pfn, error)
            else:
                self.pages[pfn].flags &= ~PG_locked & PAGE_IO_BITS
                if error == 0:
                    self.pages[pfn].flags |= PG_uptodate
        return 0

    @cython.ccall
    @cython.nogil
    def wait(self, pfn: u64, bit: u64) -> cython.int:
        """Sleep until a page of the swap cache is read (PG_locked) or written (PG_writeback)."""
        while self.pages[pfn].flags & bit and self.pages[pfn].flags & PG_swapcache:
            if not self.wait_for_device(self.si[swp_type(self.pages[pfn].private)].bdev):
                break
        return 0

    @cython.cfunc
    @cython.nogil
    def wait_for_device(self, bdev: u32) -> cython.bint:
        """Sleep until the device's next request is done; False if none is under way."""
        done: u64 = self.block.next_done_ns(bdev) if bdev else 0
        if done == 0:
            return False
        self.block.io_schedule_until(done)
        return True

    @cython.ccall
    @cython.nogil
    def slot_free_notify(self, entry: u64) -> cython.int:
        """A slot is free: whoever stores its content forgets it."""
        self.zswap.zswap_invalidate(entry)
        zram: u32 = self.si[swp_type(entry)].zram
        if zram:
            self.zram.zram_slot_free_notify(zram - 1, swp_offset(entry))
        return 0
