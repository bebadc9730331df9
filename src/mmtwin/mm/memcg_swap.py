"""Swap of cgroups: each slot is charged to the cgroup whose page it holds.

    page gets a slot --mem_cgroup_try_charge_swap()--> swap_cgroup[slot], counter of swap
    slot is read     --mem_cgroup_swapin_charge_folio()--> the page is charged to that cgroup again
    slot is free     --mem_cgroup_uncharge_swap()

Models mm/memcontrol.c: __mem_cgroup_try_charge_swap(), __mem_cgroup_uncharge_swap(),
mem_cgroup_swapin_charge_folio(), mem_cgroup_swapin_uncharge_swap(), mem_cgroup_swap_full(),
obj_cgroup_may_zswap(), obj_cgroup_charge_zswap(), obj_cgroup_uncharge_zswap();
mm/memcontrol-v1.c: mem_cgroup_swapout(); mm/swap_cgroup.c.

In version 1 memory and swap have one counter (memsw), so nothing is charged when a page gets a
slot: when the page goes, the slot takes over its share of that counter, and gives it up when it is
read.

Invariant: a cgroup's usage of swap is the slots charged to it and to those below it (v2); that of
memsw is what memory has and the slots that took over a charge (v1).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import GFP_KERNEL
    from mmtwin.mm.memcg_layout import MEMCG_SWAP, MEMCG_ZSWAP_B, MEMCG_ZSWAPPED
    from mmtwin.mm.memcg_stat import MemcgStat
    from mmtwin.mm.memcg_tree import (
        MEMCG_OFFLINE, MEMCG_SWAP_FAIL, MEMCG_SWAP_MAX, MemCgroups, MemcgTree,
    )  # fmt: skip
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.page_counter import PAGE_COUNTER_MAX, PageCounterRecords, PageCounters
    from mmtwin.mm.swap_entry import MAX_SWAPFILES
    from mmtwin.mm.swap_types import NR_SWAP_SLOTS, swap_slot_index
    from mmtwin.mm.types import Mms, Pages, U32s, i64, u32, u64
    from mmtwin.mm.uapi import ENOMEM


@cython.final
@cython.cclass
class MemcgSwap:
    """Who pays for which slot."""

    arena: object
    pages: Pages
    mms: Mms
    memcgs: MemCgroups
    counters: PageCounterRecords
    swap_cgroup: U32s  # swap_slot_index(entry): memcg
    tree: MemcgTree
    stat: MemcgStat
    page_counters: PageCounters
    memcontrol: MemControl
    swapfile = cython.declare("SwapFile")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.mms, self.memcgs = arena.pages, arena.mms, arena.memcgs
        self.counters = arena.page_counters
        self.swap_cgroup = arena.array("swap_cgroup", "u32", MAX_SWAPFILES * NR_SWAP_SLOTS)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.tree, self.stat, self.page_counters = m.memcg_tree, m.memcg_stat, m.page_counters
        self.memcontrol, self.swapfile = m.memcontrol, m.swapfile

    @cython.ccall
    @cython.nogil
    def try_charge_swap(self, pfn: u64, entry: u64) -> cython.int:
        """A page gets a slot (entry 0: there was none): 0, or -ENOMEM at swap.max."""
        memcg: u32 = self.tree.page_memcg(self.pages[pfn].memcg)
        if memcg == 0 or self.tree.v1:
            return 0
        if entry == 0:
            return self.tree.memcg_memory_event(memcg, MEMCG_SWAP_FAIL)
        while memcg and self.memcgs[memcg].flags & MEMCG_OFFLINE:
            memcg = self.memcgs[memcg].parent
        if memcg == 0:
            return 0
        if self.page_counters.page_counter_try_charge(self.tree.swap(memcg), 1):
            self.tree.memcg_memory_event(memcg, MEMCG_SWAP_MAX)
            self.tree.memcg_memory_event(memcg, MEMCG_SWAP_FAIL)
            return -ENOMEM
        self.swap_cgroup[swap_slot_index(entry)] = memcg
        self.memcgs[memcg].refs += 1
        return self.stat.mod_memcg_state(memcg, MEMCG_SWAP, 1)

    @cython.ccall
    @cython.nogil
    def uncharge_swap(self, entry: u64) -> cython.int:
        """A slot is free."""
        at: u64 = swap_slot_index(entry)
        memcg: u32 = self.swap_cgroup[at]
        if memcg == 0:
            return 0
        self.swap_cgroup[at] = 0
        self.page_counters.page_counter_uncharge(self.tree.swap(memcg), 1)
        self.stat.mod_memcg_state(memcg, MEMCG_SWAP, -1)
        return self.memcontrol.css_put(memcg)

    @cython.ccall
    @cython.nogil
    def swapout(self, pfn: u64, entry: u64) -> cython.int:
        """Version 1: a page leaves for its slot, which takes over what it is charged to memsw;
        what it is charged to memory goes."""
        data: u32 = self.pages[pfn].memcg
        if not self.tree.v1 or data == 0:
            return 0
        memcg: u32 = data
        while memcg and self.memcgs[memcg].flags & MEMCG_OFFLINE:
            memcg = self.memcgs[memcg].parent
        if memcg:
            self.swap_cgroup[swap_slot_index(entry)] = memcg
            self.memcgs[memcg].refs += 1
            self.stat.mod_memcg_state(memcg, MEMCG_SWAP, 1)
        self.pages[pfn].memcg = 0
        self.page_counters.page_counter_uncharge(self.tree.memory(data), 1)
        if memcg != data:  # the nearest that is not removed pays on
            if memcg:
                self.page_counters.page_counter_charge(self.tree.swap(memcg), 1)
            self.page_counters.page_counter_uncharge(self.tree.swap(data), 1)
        return self.memcontrol.css_put(data)

    @cython.ccall
    @cython.nogil
    def swapin_uncharge_swap(self, entry: u64) -> cython.int:
        """Version 1: the slot was read, and its page is charged again."""
        return self.uncharge_swap(entry) if self.tree.v1 else 0

    @cython.ccall
    @cython.nogil
    def swapin_charge_folio(self, pfn: u64, mm: u32, gfp: u32, entry: u64) -> cython.int:
        """Charge a page that is to be read from a slot to the slot's cgroup; to the mm's if that is
        removed."""
        memcg: u32 = self.swap_cgroup[swap_slot_index(entry)]
        if memcg == 0 or not self.tree.online(memcg):
            return self.memcontrol.mem_cgroup_charge(pfn, mm, gfp)
        return self.memcontrol.charge_memcg(pfn, memcg, gfp)

    @cython.ccall
    @cython.nogil
    def swap_full(self, pfn: u64) -> cython.bint:
        """Whether half of what its cgroup, or one above, may use of swap is used."""
        memcg: u32 = self.tree.page_memcg(self.pages[pfn].memcg)
        usage: u64
        c: u32
        while memcg and not self.tree.v1:
            c = self.tree.swap(memcg)
            usage = 2 * cython.cast(u64, self.counters[c].usage)
            if usage >= self.counters[c].high or usage >= self.counters[c].max:
                return True
            memcg = self.memcgs[memcg].parent
        return False

    # -- zswap

    @cython.ccall
    @cython.nogil
    def obj_cgroup_may_zswap(self, memcg: u32) -> cython.bint:
        """Whether a page of that cgroup may be compressed: memory.zswap.max of it and all above,
        with statistics of this moment."""
        limit: u64
        while memcg:
            limit = self.memcgs[memcg].zswap_max
            if limit == 0:
                return False
            if limit != PAGE_COUNTER_MAX:
                self.stat.do_flush_stats(memcg)
                stored: i64 = self.stat.memcg_page_state(memcg, MEMCG_ZSWAP_B)
                if cython.cast(u64, stored) >> 12 >= limit:
                    return False
            memcg = self.memcgs[memcg].parent
        return True

    @cython.ccall
    @cython.nogil
    def obj_cgroup_charge_zswap(self, memcg: u32, size: u32) -> cython.int:
        """So many compressed bytes are stored for a cgroup's page; reclaim's charges never fail."""
        if memcg == 0:
            return 0
        self.memcontrol.obj_cgroup_charge(memcg, GFP_KERNEL, size)
        self.memcgs[memcg].object_bytes += size
        self.memcgs[memcg].obj_refs += 1
        self.stat.mod_memcg_state(memcg, MEMCG_ZSWAP_B, size)
        return self.stat.mod_memcg_state(memcg, MEMCG_ZSWAPPED, 1)

    @cython.ccall
    @cython.nogil
    def obj_cgroup_uncharge_zswap(self, objcg: u32, size: u32) -> cython.int:
        """They are gone; `objcg` is the cgroup that they were charged to."""
        if objcg == 0:
            return 0
        memcg: u32 = self.tree.obj_cgroup_memcg(objcg)
        self.memcontrol.obj_cgroup_uncharge(objcg, size)
        self.memcgs[objcg].object_bytes -= size
        self.stat.mod_memcg_state(memcg, MEMCG_ZSWAP_B, -cython.cast(i64, size))
        self.stat.mod_memcg_state(memcg, MEMCG_ZSWAPPED, -1)
        return self.memcontrol.obj_cgroup_put(objcg)

    def check(self):
        """Usage of swap, recounted from the slots."""
        slots = {}
        for at in self.arena.where_set("swap_cgroup"):
            memcg = int(self.swap_cgroup[at])
            slots[memcg] = slots.get(memcg, 0) + 1
        for memcg in self.tree.subtree(0)[1:]:
            below = sum(slots.get(m, 0) for m in self.tree.subtree(memcg))
            if self.tree.v1 and self.tree.online(memcg):
                below += int(self.counters[self.tree.memory(memcg)].usage)
            if not self.tree.v1 or self.tree.online(memcg):
                assert self.counters[self.tree.swap(memcg)].usage == below, memcg
            assert self.memcgs[memcg].refs >= slots.get(memcg, 0)
