"""Refault distances: shadow entries that remember when a page was evicted.

    evicted   shadow = (cgroup, node, nonresident_age, was it active once)   in the page's place
    refault   distance = nonresident_age now - then: how many pages would have had to fit more
              distance <= size of the active (and the other kind's) lists: activate at once

nonresident_age of a lruvec counts evictions and activations.

    63 value | 61 shadow | 60..25 age | 24..9 cgroup | 8..1 node | 0 workingset

Nodes of page indices that hold nothing but shadows stand on a list of their lruvec, oldest first;
a shrinker takes them away when they are too many for the lruvec's pages, so that what is
remembered of a file does not grow with it.

Models mm/workingset.c: workingset_eviction(), workingset_refault(), workingset_test_recent(),
workingset_activation(), workingset_update_node(), count_shadow_nodes(), scan_shadow_nodes();
mm/shrinker.c: do_shrink_slab() for this shrinker.
Not modelled: slab pages in the size of a lruvec; other shrinkers (dentries and inodes cost no
memory here).

Invariants: a node with values alone is on one list, others on none; WORKINGSET_NODES counts them,
and the like of the swap cache (swap_state.py).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.lruvec import Lruvecs
    from mmtwin.mm.memcontrol import MEMCG_NONE, MemControl
    from mmtwin.mm.page_flags import PG_active, PG_swapbacked, PG_workingset
    from mmtwin.mm.types import Currents, Pages, Sysctls, Tasks, U32s, i64, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_ACTIVE_ANON, NR_ACTIVE_FILE, NR_INACTIVE_ANON, NR_INACTIVE_FILE, SLABS_SCANNED,
        WORKINGSET_ACTIVATE_ANON, WORKINGSET_NODERECLAIM, WORKINGSET_NODES,
        WORKINGSET_REFAULT_ANON, WORKINGSET_RESTORE_ANON,
    )  # fmt: skip

# Entries of page indices that are neither a page nor a node; the same as in xarray.py
SHADOW_ENTRY = cython.declare(cython.const[cython.ulonglong], 0xA000000000000000)
SHADOW_AGE_MASK = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFF)
SHADOW_AGE_SHIFT = cython.declare(cython.const[cython.int], 25)
SHADOW_MEMCG_SHIFT = cython.declare(cython.const[cython.int], 9)
SHADOW_MEMCG_MASK = cython.declare(cython.const[cython.ulonglong], 0xFFFF)
SHADOW_NODE_MASK = cython.declare(cython.const[cython.ulonglong], 0xFF)
SHRINK_BATCH = cython.declare(cython.const[cython.ulonglong], 128)
SHADOW_PAGES_PER_NODE_SHIFT = cython.declare(cython.const[cython.int], 3)

ShadowLink = cython.struct(
    next=u32,  # xa_nodes of one lruvec
    prev=u32,
    lruvec=u32,  # 1 + its number; 0: on no list
    inode=u32,
)

if cython.compiled:
    ShadowLinks = cython.typedef(ShadowLink[::1])
else:
    ShadowLinks = object


@cython.final
@cython.cclass
class Workingset:
    """Shadow entries, made and judged."""

    pages: Pages
    tasks: Tasks
    current: Currents
    cpu_node: U32s
    sysctl: Sysctls
    links: ShadowLinks  # by xa_node
    lruvecs: Lruvecs
    memcontrol: MemControl
    vmstat: VmStat
    xarray = cython.declare("XArray")
    lru = cython.declare("Lru")
    mglru_evict = cython.declare("MglruEvict")
    swap_state = cython.declare("SwapState")
    nr_nodes: u32
    arena = cython.declare(object)

    def __init__(self, arena, config):
        self.arena = arena
        self.nr_nodes = len(config.nodes)
        self.pages, self.tasks, self.current = arena.pages, arena.tasks, arena.current
        self.sysctl = arena.sysctl
        self.links = arena.array(
            "shadow_links", "workingset.ShadowLink", max(config.nr_pfns, 1 << 16), huge=True
        )

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.lruvecs, self.memcontrol, self.vmstat = m.lruvecs, m.memcontrol, m.vmstat
        self.mglru_evict, self.swap_state = m.mglru_evict, m.swap_state
        self.xarray, self.lru, self.cpu_node = m.xarray, m.lru, m.arena.cpu_to_node

    # -- shadows

    @cython.ccall
    @cython.nogil
    def workingset_eviction(self, pfn: u64, target_memcg: u32) -> u64:
        """The shadow entry for a page that reclaim of `target_memcg` takes out of its cache."""
        if self.sysctl[0].lru_gen_enabled & 1:
            return self.mglru_evict.lru_gen_eviction(pfn)
        node: u64 = self.pages[pfn].node
        lruvec: u32 = target_memcg * self.nr_nodes + cython.cast(u32, node)
        age: u64 = self.lruvecs.lruvecs[lruvec].nonresident_age & SHADOW_AGE_MASK
        shadow: u64 = SHADOW_ENTRY | age << SHADOW_AGE_SHIFT | node << 1
        shadow |= cython.cast(u64, target_memcg) << SHADOW_MEMCG_SHIFT
        if self.pages[pfn].flags & PG_workingset:
            shadow |= 1
        self.lruvecs.workingset_age_nonresident(
            lruvec, cython.cast(u64, self.lru.folio_nr_pages(pfn))
        )
        return shadow

    @cython.ccall
    @cython.nogil
    def workingset_refault(self, pfn: u64, shadow: u64) -> cython.int:
        """A page comes back where a shadow entry was: count it, activate it if it was missed
        early."""
        if self.sysctl[0].lru_gen_enabled & 1:
            return self.mglru_evict.lru_gen_refault(pfn, shadow)
        nr: i64 = self.lru.folio_nr_pages(pfn)
        file: cython.int = 0 if self.pages[pfn].flags & PG_swapbacked else 1
        lruvec: u32 = self.lru.folio_lruvec(pfn)
        self.vmstat.mod_lruvec_page_state(pfn, WORKINGSET_REFAULT_ANON + file, nr)
        if not self.workingset_test_recent(shadow, file != 0):
            return 0
        self.pages[pfn].flags |= PG_active
        self.lruvecs.workingset_age_nonresident(lruvec, cython.cast(u64, nr))
        self.vmstat.mod_lruvec_page_state(pfn, WORKINGSET_ACTIVATE_ANON + file, nr)
        if shadow & 1:
            self.pages[pfn].flags |= PG_workingset
            self.lruvecs.lru_note_cost(lruvec, file != 0, cython.cast(u64, nr), 0)
            self.vmstat.mod_lruvec_page_state(pfn, WORKINGSET_RESTORE_ANON + file, nr)
        return 0

    @cython.ccall
    @cython.nogil
    def workingset_test_recent(self, shadow: u64, file: cython.bint) -> cython.bint:
        """Whether the page would have stayed had it been on the active list."""
        memcgid: u32 = cython.cast(u32, shadow >> SHADOW_MEMCG_SHIFT & SHADOW_MEMCG_MASK)
        node: u32 = cython.cast(u32, shadow >> 1 & SHADOW_NODE_MASK)
        memcg: u32 = self.memcontrol.mem_cgroup_from_id(memcgid)
        lruvec: u32
        distance: u64
        size: i64
        if memcg == MEMCG_NONE:
            return False
        self.memcontrol.mem_cgroup_flush_stats_ratelimited(memcg)
        lruvec = memcg * self.nr_nodes + node
        distance = self.lruvecs.lruvecs[lruvec].nonresident_age - (shadow >> SHADOW_AGE_SHIFT)
        distance &= SHADOW_AGE_MASK
        size = self.lruvecs.lruvec_page_state(lruvec, NR_ACTIVE_FILE)
        if not file:
            size += self.lruvecs.lruvec_page_state(lruvec, NR_INACTIVE_FILE)
        if self.memcontrol.mem_cgroup_get_nr_swap_pages(memcg) > 0:
            size += self.lruvecs.lruvec_page_state(lruvec, NR_ACTIVE_ANON)
            if file:
                size += self.lruvecs.lruvec_page_state(lruvec, NR_INACTIVE_ANON)
        return distance <= cython.cast(u64, size)

    @cython.ccall
    @cython.nogil
    def workingset_activation(self, pfn: u64) -> cython.int:
        """A page is activated by its second access."""
        return self.lruvecs.workingset_age_nonresident(
            self.lru.folio_lruvec(pfn), cython.cast(u64, self.lru.folio_nr_pages(pfn))
        )

    # -- nodes that hold nothing but shadows

    @cython.cfunc
    @cython.nogil
    def workingset_update_node(self, node: u32, inode: u32, only_values: cython.bint) -> cython.int:
        """A slot of an index node changed: on or off its list."""
        if only_values == (self.links[node].lruvec != 0):
            return 0
        if only_values:
            return self.add_node(node, inode)
        return self.del_node(node)

    @cython.cfunc
    @cython.nogil
    def add_node(self, node: u32, inode: u32) -> cython.int:
        """To the end of the list of the cgroup and node that it was allocated by (taken to be
        those of the task that now acts)."""
        memcg: u32 = 0
        lruvec: u32
        if self.current[0].task:
            memcg = self.tasks[self.current[0].task].memcg
        lruvec = memcg * self.nr_nodes + self.cpu_node[self.current[0].cpu]
        return self.append(node, inode, lruvec)

    @cython.cfunc
    @cython.nogil
    def append(self, node: u32, inode: u32, lruvec: u32) -> cython.int:
        """list_lru_add()."""
        last: u32 = self.lruvecs.lruvecs[lruvec].shadow_last
        self.links[node].prev = last
        self.links[node].next = 0
        self.links[node].lruvec = lruvec + 1
        self.links[node].inode = inode
        if last:
            self.links[last].next = node
        else:
            self.lruvecs.lruvecs[lruvec].shadow_first = node
        self.lruvecs.lruvecs[lruvec].shadow_last = node
        self.lruvecs.lruvecs[lruvec].shadow_nr += 1
        return self.count_node(lruvec, WORKINGSET_NODES, 1)

    @cython.cfunc
    @cython.nogil
    def del_node(self, node: u32) -> cython.int:
        """Off its list."""
        lruvec: u32 = self.links[node].lruvec - 1
        before: u32 = self.links[node].prev
        after: u32 = self.links[node].next
        if before:
            self.links[before].next = after
        else:
            self.lruvecs.lruvecs[lruvec].shadow_first = after
        if after:
            self.links[after].prev = before
        else:
            self.lruvecs.lruvecs[lruvec].shadow_last = before
        self.links[node].next = 0
        self.links[node].prev = 0
        self.links[node].lruvec = 0
        self.links[node].inode = 0
        self.lruvecs.lruvecs[lruvec].shadow_nr -= 1
        return self.count_node(lruvec, WORKINGSET_NODES, -1)

    @cython.cfunc
    @cython.nogil
    def count_node(self, lruvec: u32, item: cython.int, nr: i64) -> cython.int:
        """__mod_lruvec_kmem_state()."""
        memcg: u32 = lruvec // self.nr_nodes
        node: u32 = lruvec % self.nr_nodes
        if memcg:
            self.memcontrol.mod_memcg_lruvec_state(memcg, node, item, nr)
        return self.vmstat.mod_node_page_state(node, item, nr)

    @cython.ccall
    @cython.nogil
    def reparent_shadow_nodes(self, memcg: u32, parent: u32) -> cython.int:
        """A cgroup goes: its lists are its parent's now: memcg_reparent_list_lrus()."""
        node: u32
        lruvec: u32
        first: u32
        inode: u32
        for node in range(self.nr_nodes):
            lruvec = memcg * self.nr_nodes + node
            while self.lruvecs.lruvecs[lruvec].shadow_first:
                first = self.lruvecs.lruvecs[lruvec].shadow_first
                inode = self.links[first].inode
                self.del_node(first)
                self.append(first, inode, parent * self.nr_nodes + node)
        return 0

    # -- the shrinker

    @cython.cfunc
    @cython.nogil
    def count_shadow_nodes(self, lruvec: u32) -> u64:
        """Nodes beyond an eighth of the lruvec's pages: what could be remembered of twice as many
        pages as it has, if only an eighth of each node's slots were in use."""
        nodes: u64 = self.lruvecs.lruvecs[lruvec].shadow_nr
        memcg: u32 = lruvec // self.nr_nodes
        pages: i64 = 0
        limit: u64
        i: cython.int
        if nodes == 0:
            return 0
        for i in range(5):
            pages += self.memcontrol.lruvec_page_state_local(
                memcg, lruvec % self.nr_nodes, NR_INACTIVE_ANON + i
            )
        limit = cython.cast(u64, pages) >> SHADOW_PAGES_PER_NODE_SHIFT
        return nodes - limit if nodes > limit else 0

    @cython.ccall
    @cython.nogil
    def shrink_shadow_nodes(self, lruvec: u32, priority: cython.int) -> u64:
        """Half of what is too much, in batches of 128; what is short of a batch counts next time:
        do_shrink_slab(). Nodes freed."""
        freeable: u64 = self.count_shadow_nodes(lruvec)
        deferred: u64 = self.lruvecs.lruvecs[lruvec].shadow_deferred
        delta: u64 = freeable // 2
        total: u64 = (deferred >> priority) + delta
        scanned: u64 = 0
        nr: u64
        if freeable == 0:
            return 0
        if total > 2 * freeable:
            total = 2 * freeable
        while total >= SHRINK_BATCH or (total >= freeable and total > 0):
            nr = SHRINK_BATCH if total > SHRINK_BATCH else total
            nr = self.scan_shadow_nodes(lruvec, nr)
            if nr == 0:
                break
            total -= nr
            scanned += nr
        deferred += delta
        deferred = deferred - scanned if deferred > scanned else 0
        self.lruvecs.lruvecs[lruvec].shadow_deferred = (
            deferred if deferred < 2 * freeable else 2 * freeable
        )
        return scanned

    @cython.cfunc
    @cython.nogil
    def scan_shadow_nodes(self, lruvec: u32, nr: u64) -> u64:
        """Take away the oldest nodes."""
        freed: u64 = 0
        node: u32
        inode: u32
        while freed < nr and self.lruvecs.lruvecs[lruvec].shadow_first:
            node = self.lruvecs.lruvecs[lruvec].shadow_first
            inode = self.links[node].inode
            self.del_node(node)
            self.xarray.xa_delete_node(inode, node)
            self.count_node(lruvec, WORKINGSET_NODERECLAIM, 1)
            freed += 1
        self.vmstat.count_vm_events(SLABS_SCANNED, cython.cast(i64, freed))
        return freed

    def check(self):
        """Lists are sound, and hold the nodes with nothing but values."""
        total = 0
        for lruvec in self.arena.where("lruvecs", "shadow_nr"):
            before, node, nr = 0, int(self.lruvecs.lruvecs[lruvec].shadow_first), 0
            while node:
                assert self.links[node].prev == before
                assert self.links[node].lruvec == lruvec + 1
                assert self.xarray.holds_only_values(node)
                before, node, nr = node, int(self.links[node].next), nr + 1
            assert self.lruvecs.lruvecs[lruvec].shadow_last == before
            assert self.lruvecs.lruvecs[lruvec].shadow_nr == nr
            total += nr
        counted = sum(
            self.vmstat.node_page_state_snapshot(node, WORKINGSET_NODES)
            for node in range(self.nr_nodes)
        )
        assert counted == total + self.swap_state.shadow_nodes()
