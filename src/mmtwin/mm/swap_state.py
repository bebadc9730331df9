"""The swap cache: pages that have a place in swap, by their entry.

    anonymous page --add_to_swap()--> cached, mapped --try_to_unmap()--> cached --written--> gone
                                                                            ^                  |
                                             faults find it there           +--- read again ---+

A page stays here from the moment that it gets a slot until it is dropped, or until its slot is
given up because the page is in use again. Page.private is its entry. Where a page was, reclaim
leaves a shadow entry, until the slot is free.

Models mm/swap_state.c: add_to_swap(), add_to_swap_cache(), delete_from_swap_cache(),
swap_cache_get_folio(), free_swap_cache(); mm/swapfile.c: folio_free_swap(),
__try_to_reclaim_swap(). Reading ahead is in swap_readahead.py, I/O in page_io.py.
Not modelled: the xarray's nodes as memory (6.12 counts those with shadows alone in
workingset_nodes, and so does this); large folios.

Invariants: a slot's cached page has PG_swapcache, names the slot in `private` and is referenced by
the cache; NR_SWAPCACHE counts these pages.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.page_flags import (
        PG_dirty, PG_locked, PG_mlocked, PG_swapbacked, PG_swapcache, PG_writeback,
    )  # fmt: skip
    from mmtwin.mm.swap_types import (
        NR_SWAP_SLOTS, SLOT_SHIFT, SWAP_HAS_CACHE, SwapCacheNodes, SwapSlotArray, swap_slot_index,
    )  # fmt: skip
    from mmtwin.mm.swapfile import SwapFile
    from mmtwin.mm.types import Currents, Pages, Sysctls, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_FILE_PAGES, NR_SWAPCACHE, WORKINGSET_NODES

SHADOW_BIT = cython.declare(cython.const[cython.ulonglong], 0x8000000000000000)  # XA_VALUE
NODE_SHIFT = cython.declare(cython.const[cython.int], 6)  # slots of a leaf of the xarray


@cython.final
@cython.cclass
class SwapState:
    """The swap cache and swap-in."""

    arena: object
    pages: Pages
    slots: SwapSlotArray
    nodes: SwapCacheNodes
    current: Currents
    sysctl: Sysctls
    swapfile: SwapFile
    vmstat: VmStat
    memcontrol: MemControl
    lru = cython.declare("Lru")
    page_io = cython.declare("PageIo")
    shmem_swap = cython.declare("ShmemSwap")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.current, self.sysctl = arena.pages, arena.current, arena.sysctl
        self.slots = arena.swap_slots
        self.nodes = arena.array(
            "swap_cache_nodes", "swap_types.SwapCacheNode", len(arena.swap_slots) >> NODE_SHIFT
        )

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.swapfile, self.vmstat, self.memcontrol = m.swapfile, m.vmstat, m.memcontrol
        self.lru, self.page_io = m.lru, m.page_io
        self.shmem_swap = m.shmem_swap

    # -- what reclaim calls

    @cython.ccall
    @cython.nogil
    def add_to_swap(self, pfn: u64) -> cython.bint:
        """Give an anonymous page a slot and put it into the swap cache, dirty: its ptes may not
        know that they are, as those of a page that MADV_FREE has spared."""
        entry: u64 = self.swapfile.folio_alloc_swap(pfn)
        if entry == 0:
            return False
        self.add_to_swap_cache(pfn, entry)
        self.pages[pfn].flags |= PG_dirty
        return True

    @cython.ccall
    @cython.nogil
    def swap_writepage(self, pfn: u64) -> cython.int:
        """Start writing a locked page of the swap cache to its slot (zswap first): 0, or -errno."""
        return self.page_io.swap_writepage(pfn)

    @cython.ccall
    @cython.nogil
    def shmem_writepage(self, pfn: u64) -> cython.int:
        """A page of shmem, mapped by nobody, moves to swap, and its write begins: 0, or -errno (it
        stays where it is)."""
        return self.shmem_swap.shmem_writepage(pfn)

    @cython.ccall
    @cython.nogil
    def remove_mapping(self, pfn: u64, shadow: u64) -> cython.int:
        """Reclaim takes a clean page out; a shadow (or 0) stays: __remove_mapping()."""
        entry: u64 = self.pages[pfn].private
        self.memcontrol.mem_cgroup_swapout(pfn, entry)
        self.remove_from_cache(pfn, shadow)
        return self.swapfile.put_swap_folio(entry)

    @cython.ccall
    @cython.nogil
    def free_swap_of_activated(self, pfn: u64) -> cython.int:
        """A page that reclaim found in use gives its slot back where swap is scarce, or it is
        locked in memory anyway."""
        if self.mem_cgroup_swap_full(pfn) or self.pages[pfn].flags & PG_mlocked:
            self.folio_free_swap(pfn)
        return 0

    @cython.ccall
    @cython.nogil
    def end_swap_bio(self, entry: u64, nr_pages: u32, op: u32, error: cython.int) -> cython.int:
        """A request to a swap device is done (REQ_OP_READ or REQ_OP_WRITE), or failed with
        -errno: end_swap_bio_read(), end_swap_bio_write()."""
        return self.page_io.end_swap_bio(entry, nr_pages, op, error)

    # -- in and out of the cache

    @cython.ccall
    @cython.nogil
    def cached_page(self, entry: u64) -> u64:
        """pfn of the page that the cache holds for an entry, or 0."""
        found: u64 = self.slots[swap_slot_index(entry)].cache
        return 0 if found & SHADOW_BIT else found

    @cython.ccall
    @cython.nogil
    def get_shadow_from_swap_cache(self, entry: u64) -> u64:
        """What reclaim left where the page was, or 0."""
        found: u64 = self.slots[swap_slot_index(entry)].cache
        return found if found & SHADOW_BIT else 0

    @cython.ccall
    @cython.nogil
    def add_to_swap_cache(self, pfn: u64, entry: u64) -> u64:
        """Put a page into the cache; the shadow that was there, or 0."""
        shadow: u64 = self.get_shadow_from_swap_cache(entry)
        self.pages[pfn].refcount += 1
        self.pages[pfn].flags |= PG_swapcache
        self.pages[pfn].private = entry
        self.store(entry, pfn)
        self.vmstat.mod_node_page_state(self.pages[pfn].node, NR_FILE_PAGES, 1)
        self.vmstat.mod_lruvec_page_state(pfn, NR_SWAPCACHE, 1)
        return shadow

    @cython.ccall
    @cython.nogil
    def remove_from_cache(self, pfn: u64, shadow: u64) -> cython.int:
        """Take a page out, and drop the cache's reference: __delete_from_swap_cache(). The slot
        stays as it is."""
        entry: u64 = self.pages[pfn].private
        assert self.pages[pfn].flags & PG_swapcache and self.cached_page(entry) == pfn
        self.store(entry, shadow)
        self.pages[pfn].flags ^= PG_swapcache
        self.pages[pfn].private = 0
        self.vmstat.mod_node_page_state(self.pages[pfn].node, NR_FILE_PAGES, -1)
        self.vmstat.mod_lruvec_page_state(pfn, NR_SWAPCACHE, -1)
        self.pages[pfn].refcount -= 1
        assert self.pages[pfn].refcount > 0  # the caller has one
        return 0

    @cython.ccall
    @cython.nogil
    def delete_from_swap_cache(self, pfn: u64) -> cython.int:
        """The page has no place in swap any more."""
        entry: u64 = self.pages[pfn].private
        self.remove_from_cache(pfn, 0)
        return self.swapfile.put_swap_folio(entry)

    @cython.cfunc
    @cython.nogil
    def store(self, entry: u64, value: u64) -> cython.int:
        """Replace what the cache has for an entry, and count nodes that hold shadows alone."""
        at: u64 = swap_slot_index(entry)
        node: u64 = at >> NODE_SHIFT
        old: u64 = self.slots[at].cache
        was: cython.int = self.is_shadow_node(node)
        self.slots[at].cache = value
        if old:
            self.nodes[node].count -= 1
        if old & SHADOW_BIT:
            self.nodes[node].nr_values -= 1
        if value:
            self.nodes[node].count += 1
        if value & SHADOW_BIT:
            self.nodes[node].nr_values += 1
        if self.counts_shadow_nodes() and self.is_shadow_node(node) != was:
            self.vmstat.mod_node_page_state(
                self.current[0].node, WORKINGSET_NODES, self.is_shadow_node(node) - was
            )
        return 0

    @cython.cfunc
    @cython.nogil
    def counts_shadow_nodes(self) -> cython.bint:
        """Whether WORKINGSET_NODES has the swap cache's leaves too, as the file cache's."""
        return 612 <= self.sysctl[0].kernel < 618

    @cython.cfunc
    @cython.nogil
    def is_shadow_node(self, node: u64) -> cython.int:
        """1 if a leaf is on workingset's list of nodes that could be freed."""
        count: cython.int = self.nodes[node].count
        return 1 if count and count == self.nodes[node].nr_values else 0

    @cython.ccall
    @cython.nogil
    def clear_shadow(self, entry: u64) -> cython.int:
        """The slot is free: clear_shadow_from_swap_cache()."""
        if self.slots[swap_slot_index(entry)].cache & SHADOW_BIT:
            self.store(entry, 0)
        return 0

    # -- giving slots back

    @cython.ccall
    @cython.nogil
    def mem_cgroup_swap_full(self, pfn: u64) -> cython.bint:
        """Whether swap is so scarce that pages in memory should not hold slots."""
        if self.swapfile.vm_swap_full():
            return True
        return self.memcontrol.mem_cgroup_swap_full(pfn)

    @cython.ccall
    @cython.nogil
    def folio_free_swap(self, pfn: u64) -> cython.bint:
        """Give a cached page's slot back if no pte names it: whether it was."""
        if not self.pages[pfn].flags & PG_swapcache or self.pages[pfn].flags & PG_writeback:
            return False
        if self.swapfile.swp_swapcount(self.pages[pfn].private):
            return False
        self.delete_from_swap_cache(pfn)
        self.pages[pfn].flags |= PG_dirty
        return True

    @cython.ccall
    @cython.nogil
    def free_swap_cache(self, pfn: u64) -> cython.int:
        """A pte that mapped the page is gone: with the last one goes its slot."""
        if self.pages[pfn].flags & PG_swapcache and self.pages[pfn].mapcount == 0:
            if not self.pages[pfn].flags & PG_locked:
                self.folio_free_swap(pfn)
        return 0

    @cython.ccall
    @cython.nogil
    def try_to_reclaim_swap(self, entry: u64, anyway: cython.bint) -> cython.bint:
        """Nothing but its cached page holds the slot: give it back if the page is not mapped, if
        swap is scarce, or `anyway`: whether it was."""
        pfn: u64 = self.cached_page(entry)
        if pfn == 0 or self.pages[pfn].flags & PG_locked:
            return False
        if not anyway and self.pages[pfn].mapcount and not self.mem_cgroup_swap_full(pfn):
            return False
        self.pages[pfn].refcount += 1
        freed: cython.bint = self.folio_free_swap(pfn)
        self.lru.put_page(pfn)
        return freed

    # -- invariants

    def shadow_nodes(self):
        """Leaves that WORKINGSET_NODES counts."""
        if not self.counts_shadow_nodes():
            return 0
        leaves = self.arena.where("swap_cache_nodes", "count")
        return sum(self.is_shadow_node(leaf) for leaf in leaves)

    def check(self):
        """The cached pages, their slots and their counters name each other."""
        count = {}
        for at in self.arena.where("swap_slots", "cache"):
            pfn = int(self.slots[at].cache)
            node = count.setdefault(at >> NODE_SHIFT, [0, 0])
            node[0] += 1
            if pfn & SHADOW_BIT:
                node[1] += 1
                continue
            entry = (at >> SLOT_SHIFT) << 50 | at & (NR_SWAP_SLOTS - 1)
            flags = self.pages[pfn].flags
            assert flags & PG_swapcache and flags & PG_swapbacked, f"pfn {pfn}: swap cache"
            assert self.pages[pfn].private == entry and self.pages[pfn].refcount > 0
            assert self.slots[at].map & SWAP_HAS_CACHE
        for node, (entries, values) in count.items():
            assert self.nodes[node].count == entries and self.nodes[node].nr_values == values
        cached = sum(entries - values for entries, values in count.values())
        nodes = range(self.vmstat.nr_nodes)
        counted = sum(self.vmstat.node_page_state_snapshot(n, NR_SWAPCACHE) for n in nodes)
        assert counted == cached, f"{counted} pages count as cached, {cached} are"
