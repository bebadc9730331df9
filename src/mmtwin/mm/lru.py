"""LRU lists, the per-CPU batches in front of them, and the last reference.

    new page --folio_add_lru()--> batch of this CPU --full, or drained--> inactive or active list

A page in the "add" batch is on no list yet: reclaim and the counters do not see it (FACTS: up to
15 or 31 pages lag). Moves between lists are batched too; there the page stays where it is until
the batch is full. Every page in a batch is held by a reference of the batch.
Unevictable pages are counted but linked into no list; their list fields hold mlock_count.

Models mm/swap.c: folio_add_lru(), folio_mark_accessed(), folio_batch_move_lru() and its move
functions, lru_add_drain(), __folio_put(), release_pages(); include/linux/mm_inline.h:
lruvec_add_folio(), folio_lru_list(); mm/vmscan.c: folio_isolate_lru(), folio_putback_lru().
An lruvec's index is memcg * nodes + node; the root cgroup (0) has those of the nodes.
With MGLRU (mglru.py) evictable pages are on its lists instead.

Invariants: a page with PG_lru is on the list that its flags name; LRU counters, with what CPUs hold
back, and the lruvecs' sizes by zone (lruvec.py), are the pages on the lists.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import MAX_NR_ZONES
    from mmtwin.mm.lruvec import Lruvecs
    from mmtwin.mm.mem_map import MemMap
    from mmtwin.mm.mglru import Mglru
    from mmtwin.mm.page_alloc import PageAlloc
    from mmtwin.mm.page_flags import (
        LRU_GEN_MASK,
        PAGE_MAPPING_ANON,
        PG_active,
        PG_dirty,
        PG_head,
        PG_idle,
        PG_locked,
        PG_lru,
        PG_mlocked,
        PG_reclaim,
        PG_referenced,
        PG_swapbacked,
        PG_unevictable,
        PG_writeback,
    )
    from mmtwin.mm.policy import HINT_ACTIVATE, HINT_COLD
    from mmtwin.mm.types import Currents, Pages, Sysctls, U32s, U64s, i64, u32, u64
    from mmtwin.mm.vm_flags import VM_LOCKED, VM_SPECIAL
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import (
        NR_INACTIVE_ANON,
        NR_ZONE_INACTIVE_ANON,
        PGACTIVATE,
        PGDEACTIVATE,
        PGLAZYFREE,
        PGROTATED,
        UNEVICTABLE_PGCULLED,
        UNEVICTABLE_PGRESCUED,
    )
    from mmtwin.mm.workingset import Workingset

# enum lru_list
LRU_INACTIVE_ANON = cython.declare(cython.const[cython.uint], 0)
LRU_ACTIVE_ANON = cython.declare(cython.const[cython.uint], 1)
LRU_INACTIVE_FILE = cython.declare(cython.const[cython.uint], 2)
LRU_ACTIVE_FILE = cython.declare(cython.const[cython.uint], 3)
LRU_UNEVICTABLE = cython.declare(cython.const[cython.uint], 4)

# struct cpu_fbatches, in the order in which lru_add_drain_cpu() empties them
FBATCH_LRU_ADD = cython.declare(cython.const[cython.uint], 0)
FBATCH_LRU_MOVE_TAIL = cython.declare(cython.const[cython.uint], 1)
FBATCH_LRU_DEACTIVATE_FILE = cython.declare(cython.const[cython.uint], 2)
FBATCH_LRU_DEACTIVATE = cython.declare(cython.const[cython.uint], 3)
FBATCH_LRU_LAZYFREE = cython.declare(cython.const[cython.uint], 4)
FBATCH_LRU_ACTIVATE = cython.declare(cython.const[cython.uint], 5)
FBATCH_MLOCK = cython.declare(cython.const[cython.uint], 6)  # mlock_batch.py
NR_FBATCHES = cython.declare(cython.const[cython.uint], 8)
FBATCH_CAPACITY = cython.declare(cython.const[cython.uint], 32)


@cython.final
@cython.cclass
class Lru:
    """Where pages wait to be judged."""

    pages: Pages
    current: Currents
    fbatch: U64s  # (cpu * NR_FBATCHES + batch) * FBATCH_CAPACITY + i
    fbatch_nr: U32s
    fbatch_size: u32  # PAGEVEC_SIZE: 15, from 6.9 on 31
    mem_map: MemMap
    page_alloc: PageAlloc
    vmstat: VmStat
    lruvecs: Lruvecs
    workingset: Workingset
    sysctl: Sysctls
    mglru: Mglru
    mlock_batch = cython.declare("MlockBatch")
    buffers = cython.declare("Buffers")
    memcontrol = cython.declare("MemControl")
    policy = cython.declare("ReclaimPolicy")
    nr_cpus: u32
    nr_nodes: u32

    def __init__(self, arena, config):
        self.nr_cpus = config.cpus
        self.nr_nodes = len(config.nodes)
        self.fbatch_size = 15 if config.kernel < 609 else 31
        self.pages = arena.pages
        self.current = arena.current
        self.sysctl = arena.sysctl
        batches = config.cpus * NR_FBATCHES
        self.fbatch = arena.array("cpu_fbatches", "u64", batches * FBATCH_CAPACITY)
        self.fbatch_nr = arena.array("cpu_fbatches_nr", "u32", batches)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.mem_map = m.mem_map
        self.page_alloc = m.page_alloc
        self.vmstat = m.vmstat
        self.lruvecs = m.lruvecs
        self.workingset = m.workingset
        self.mlock_batch = m.mlock_batch
        self.memcontrol = m.memcontrol
        self.policy = m.policy
        self.mglru, self.buffers = m.mglru, m.buffers

    # -- references

    @cython.ccall
    @cython.nogil
    def put_page(self, pfn: u64) -> cython.int:
        """Drop a reference; the last one takes the page off its lists and frees it: put_page(),
        __folio_put()."""
        if self.pages[pfn].compound_head:
            pfn = self.pages[pfn].compound_head
        assert self.pages[pfn].refcount > 0
        self.pages[pfn].refcount -= 1
        if self.pages[pfn].refcount == 0:
            return self.release(pfn)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def release(self, pfn: u64) -> cython.int:
        """Nobody refers to the page any more: page_cache_release(), free_unref_page()."""
        order: cython.int = 0
        if self.pages[pfn].flags & PG_lru:
            self.lruvec_del_folio(pfn)
        if self.pages[pfn].memcg:
            self.memcontrol.mem_cgroup_uncharge(pfn)
        if self.pages[pfn].flags & PG_head:
            order = self.pages[pfn].order
        return self.page_alloc.free_pages(pfn, order)

    # -- queueing

    @cython.ccall
    @cython.nogil
    def folio_add_lru(self, pfn: u64) -> cython.int:
        """Queue a new page for its list on the current CPU: folio_add_lru(). With MGLRU one that is
        faulted in counts as used."""
        if self.sysctl[0].lru_gen_enabled & 1 and self.in_lru_fault():
            if not self.pages[pfn].flags & PG_unevictable:
                self.pages[pfn].flags |= PG_active
        return self.folio_batch_add(pfn, FBATCH_LRU_ADD)

    @cython.ccall
    @cython.nogil
    def folio_add_lru_vma(self, pfn: u64, vm_flags: u64) -> cython.int:
        """folio_add_lru() for a page just mapped by a vma; a locked one makes it unevictable."""
        if (vm_flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED:
            return self.mlock_batch.mlock_new_folio(pfn)
        return self.folio_add_lru(pfn)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def in_lru_fault(self) -> cython.bint:
        """The current task handles a fault in a mapping whose uses tell of the future:
        lru_gen_in_fault()."""
        return self.mglru.in_fault[0] != 0 and self.current[0].task != 0

    @cython.ccall
    @cython.nogil
    def mark_page_accessed(self, pfn: u64) -> cython.int:
        """The second access activates: folio_mark_accessed()."""
        flags: u64 = self.pages[pfn].flags
        if self.policy.active:
            return self.tell_policy(pfn)
        if self.sysctl[0].lru_gen_enabled & 1:
            return self.mglru.folio_inc_refs(pfn)
        if not flags & PG_referenced:
            self.pages[pfn].flags |= PG_referenced
        elif not flags & (PG_unevictable | PG_active):
            if flags & PG_lru:
                self.folio_activate(pfn)
            else:
                self.lru_cache_activate_folio(pfn)
            self.pages[pfn].flags &= ~PG_referenced
            self.workingset.workingset_activation(pfn)
        self.pages[pfn].flags &= ~PG_idle
        return 0

    @cython.cfunc
    @cython.nogil
    def tell_policy(self, pfn: u64) -> cython.int:
        """An access while a policy of the user's own decides: nothing is activated."""
        self.pages[pfn].flags &= ~PG_idle
        if (self.pages[pfn].flags & (PG_lru | PG_unevictable)) == PG_lru:
            self.policy.access(pfn)
        return 0

    @cython.ccall
    @cython.nogil
    def folio_activate(self, pfn: u64) -> cython.int:
        """Queue for the active list."""
        if self.pages[pfn].flags & PG_lru:
            if not self.pages[pfn].flags & (PG_active | PG_unevictable):
                return self.folio_batch_add(pfn, FBATCH_LRU_ACTIVATE)
        return 0

    @cython.ccall
    @cython.nogil
    def folio_deactivate(self, pfn: u64) -> cython.int:
        """Queue for the inactive list (MADV_COLD): folio_deactivate()."""
        flags: u64 = self.pages[pfn].flags
        if flags & PG_lru and (flags & PG_active or self.sysctl[0].lru_gen_enabled & 1):
            if not self.pages[pfn].flags & PG_unevictable:
                return self.folio_batch_add(pfn, FBATCH_LRU_DEACTIVATE)
        return 0

    @cython.ccall
    @cython.nogil
    def folio_mark_lazyfree(self, pfn: u64) -> cython.int:
        """Queue a clean anonymous page to be dropped first (MADV_FREE): folio_mark_lazyfree()."""
        flags: u64 = self.pages[pfn].flags
        if flags & PG_lru and flags & PG_swapbacked and not flags & PG_unevictable:
            if self.pages[pfn].mapping & PAGE_MAPPING_ANON:
                return self.folio_batch_add(pfn, FBATCH_LRU_LAZYFREE)
        return 0

    @cython.ccall
    @cython.nogil
    def deactivate_file_folio(self, pfn: u64) -> cython.int:
        """Queue a file page to be reclaimed soon (invalidation failed): deactivate_file_folio()."""
        if self.pages[pfn].flags & PG_unevictable:
            return 0
        return self.folio_batch_add(pfn, FBATCH_LRU_DEACTIVATE_FILE)

    @cython.ccall
    @cython.nogil
    def folio_rotate_reclaimable(self, pfn: u64) -> cython.int:
        """Queue a page whose writeback ended, active or not, for the tail of the inactive list."""
        flags: u64 = self.pages[pfn].flags
        if flags & PG_lru and not flags & (PG_locked | PG_dirty | PG_unevictable):
            return self.folio_batch_add(pfn, FBATCH_LRU_MOVE_TAIL)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_batch_add(self, pfn: u64, batch: u32) -> cython.int:
        """Into a batch of the current CPU, with a reference; a full batch, or one with a large
        folio, is moved at once."""
        at: u32 = self.current[0].cpu * NR_FBATCHES + batch
        nr: u32 = self.fbatch_nr[at]
        self.pages[pfn].refcount += 1
        self.fbatch[at * FBATCH_CAPACITY + nr] = pfn
        self.fbatch_nr[at] = nr + 1
        if nr + 1 >= self.fbatch_size or self.pages[pfn].flags & PG_head:
            return self.folio_batch_move_lru(at, batch)
        return 0

    @cython.cfunc
    @cython.nogil
    def lru_cache_activate_folio(self, pfn: u64) -> cython.int:
        """A page still in this CPU's add batch gets its flag now: __lru_cache_activate_folio()."""
        at: u32 = self.current[0].cpu * NR_FBATCHES + FBATCH_LRU_ADD
        i: u32
        for i in range(self.fbatch_nr[at]):
            if self.fbatch[at * FBATCH_CAPACITY + i] == pfn:
                self.pages[pfn].flags |= PG_active
        return 0

    # -- draining

    @cython.ccall
    @cython.nogil
    def lru_add_drain(self) -> cython.int:
        """Empty the batches of the current CPU."""
        return self.lru_add_drain_cpu(self.current[0].cpu)

    @cython.ccall
    @cython.nogil
    def lru_add_drain_all(self) -> cython.int:
        """Empty the batches of every CPU."""
        cpu: u32
        for cpu in range(self.nr_cpus):
            self.lru_add_drain_cpu(cpu)
            self.buffers.invalidate_bh_lru(cpu)
        return 0

    @cython.ccall
    @cython.nogil
    def lru_add_drain_cpu(self, cpu: u32) -> cython.int:
        """Empty the batches of one CPU, in the kernel's order."""
        batch: u32
        for batch in range(FBATCH_MLOCK):
            if self.fbatch_nr[cpu * NR_FBATCHES + batch]:
                self.folio_batch_move_lru(cpu * NR_FBATCHES + batch, batch)
        return self.mlock_batch.mlock_drain(cpu)

    @cython.cfunc
    @cython.nogil
    def folio_batch_move_lru(self, at: u32, batch: u32) -> cython.int:
        """Move every page of a batch, then drop the batch's references."""
        nr: u32 = self.fbatch_nr[at]
        i: u32
        pfn: u64
        for i in range(nr):
            pfn = self.fbatch[at * FBATCH_CAPACITY + i]
            if batch == FBATCH_LRU_ADD:
                self.lru_add(pfn)
            elif self.pages[pfn].flags & PG_lru and not self.pages[pfn].flags & PG_unevictable:
                self.move_folio(pfn, batch)
        self.fbatch_nr[at] = 0
        for i in range(nr):
            pfn = self.fbatch[at * FBATCH_CAPACITY + i]
            self.fbatch[at * FBATCH_CAPACITY + i] = 0
            self.put_page(pfn)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def lru_add(self, pfn: u64) -> cython.int:
        """lru_add_fn(): to the list that its flags name."""
        nr: i64 = self.folio_nr_pages(pfn)
        flags: u64 = self.pages[pfn].flags
        self.pages[pfn].flags &= ~PG_unevictable
        if self.folio_evictable(pfn):
            if flags & PG_unevictable:
                self.vmstat.count_vm_events(UNEVICTABLE_PGRESCUED, nr)
        else:
            self.pages[pfn].flags &= ~PG_active
            self.pages[pfn].flags |= PG_unevictable
            if not flags & PG_unevictable:
                self.vmstat.count_vm_events(UNEVICTABLE_PGCULLED, nr)
        return self.lruvec_add_folio(pfn, False)

    @cython.cfunc
    @cython.nogil
    def move_folio(self, pfn: u64, batch: u32) -> cython.int:
        """The move function of a batch, for an evictable page that is on a list."""
        if self.policy.active and batch != FBATCH_LRU_LAZYFREE:
            self.policy.hint(pfn, HINT_ACTIVATE if batch == FBATCH_LRU_ACTIVATE else HINT_COLD)
            return 0
        if batch == FBATCH_LRU_ACTIVATE:
            if not self.pages[pfn].flags & PG_active:
                self.relist(pfn, 0, PG_active, False)
                self.vmstat.count_folio_events(pfn, PGACTIVATE, self.folio_nr_pages(pfn))
        elif batch == FBATCH_LRU_DEACTIVATE:
            if self.pages[pfn].flags & PG_active or self.sysctl[0].lru_gen_enabled & 1:
                self.relist(pfn, PG_active | PG_referenced, 0, False)
                self.vmstat.count_folio_events(pfn, PGDEACTIVATE, self.folio_nr_pages(pfn))
        elif batch == FBATCH_LRU_LAZYFREE:
            if self.pages[pfn].mapping & PAGE_MAPPING_ANON and (
                self.pages[pfn].flags & PG_swapbacked
            ):
                self.relist(pfn, PG_active | PG_referenced | PG_swapbacked, 0, False)
                self.vmstat.count_folio_events(pfn, PGLAZYFREE, self.folio_nr_pages(pfn))
        elif batch == FBATCH_LRU_MOVE_TAIL:
            self.relist(pfn, PG_active, 0, True)
            self.vmstat.count_vm_events(PGROTATED, self.folio_nr_pages(pfn))
        else:
            self.deactivate_file(pfn)
        return 0

    @cython.cfunc
    @cython.nogil
    def deactivate_file(self, pfn: u64) -> cython.int:
        """lru_deactivate_file_fn(): unmapped file pages go to the inactive list, clean ones to its
        tail."""
        flags: u64 = self.pages[pfn].flags
        if self.pages[pfn].mapcount:
            return 0
        if flags & (PG_writeback | PG_dirty):
            self.relist(pfn, PG_active | PG_referenced, PG_reclaim, False)
        else:
            self.relist(pfn, PG_active | PG_referenced, 0, True)
            self.vmstat.count_vm_events(PGROTATED, self.folio_nr_pages(pfn))
        if flags & PG_active:
            self.vmstat.count_folio_events(pfn, PGDEACTIVATE, self.folio_nr_pages(pfn))
        return 0

    @cython.cfunc
    @cython.nogil
    def relist(self, pfn: u64, clear: u64, add: u64, to_tail: cython.bint) -> cython.int:
        """Off its list, flags changed, onto the list that it now belongs to."""
        self.lruvec_del_folio(pfn)
        self.pages[pfn].flags &= ~clear
        self.pages[pfn].flags |= add
        return self.lruvec_add_folio(pfn, to_tail)

    # -- lists

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def lruvec_add_folio(self, pfn: u64, to_tail: cython.bint) -> cython.int:
        """Onto its list, counted; sets PG_lru."""
        lru: u32 = self.folio_lru_list(pfn)
        at: u32
        if self.sysctl[0].lru_gen_enabled & 1:
            if self.mglru.lru_gen_add_folio(pfn, self.folio_lruvec(pfn), to_tail):
                self.pages[pfn].flags |= PG_lru
                return 0
        self.update_lru_size(pfn, lru, self.folio_nr_pages(pfn))
        self.pages[pfn].flags |= PG_lru
        if lru == LRU_UNEVICTABLE:
            self.pages[pfn].lru_prev = 0  # mlock_count; mlock_batch.py knows better
            return 0
        at = self.mem_map.lru_list(self.folio_lruvec(pfn), lru)
        if to_tail:
            self.mem_map.list_add_tail(at, pfn)
        else:
            self.mem_map.list_add(at, pfn)
        if self.policy.active:
            self.policy.insert(pfn)
        return 0

    @cython.cfunc
    @cython.nogil
    def lruvec_del_folio(self, pfn: u64) -> cython.int:
        """Off its list, uncounted; clears PG_lru."""
        lru: u32 = self.folio_lru_list(pfn)
        if self.pages[pfn].flags & LRU_GEN_MASK:
            self.mglru.lru_gen_del_folio(pfn, self.folio_lruvec(pfn), False)
            self.pages[pfn].flags &= ~PG_lru
            return 0
        if lru != LRU_UNEVICTABLE:
            self.mem_map.list_del(self.mem_map.lru_list(self.folio_lruvec(pfn), lru), pfn)
            if self.policy.active:
                self.policy.remove(pfn)
        self.pages[pfn].lru_prev = 0
        self.pages[pfn].flags &= ~PG_lru
        return self.update_lru_size(pfn, lru, -self.folio_nr_pages(pfn))

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def update_lru_size(self, pfn: u64, lru: u32, nr: i64) -> cython.int:
        """The node's and the zone's counter of a list."""
        self.vmstat.mod_lruvec_page_state(pfn, NR_INACTIVE_ANON + lru, nr)
        self.lruvecs.add_zone_size(
            self.folio_lruvec(pfn), (self.pages[pfn].zone - 1) % MAX_NR_ZONES, lru, nr
        )
        return self.vmstat.mod_zone_page_state(
            self.pages[pfn].zone, NR_ZONE_INACTIVE_ANON + lru, nr
        )

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_lru_list(self, pfn: u64) -> u32:
        """Which list the flags of a page name."""
        flags: u64 = self.pages[pfn].flags
        lru: u32 = LRU_INACTIVE_FILE
        if flags & PG_unevictable:
            return LRU_UNEVICTABLE
        if flags & PG_swapbacked:
            lru = LRU_INACTIVE_ANON
        if flags & PG_active:
            lru += 1
        return lru

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_lruvec(self, pfn: u64) -> u32:
        """Index of the lruvec that a page belongs to."""
        return self.pages[pfn].memcg * self.nr_nodes + self.pages[pfn].node

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_nr_pages(self, pfn: u64) -> i64:
        """Pages of a folio."""
        if self.pages[pfn].flags & PG_head:
            return cython.cast(i64, 1) << self.pages[pfn].order
        return 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_evictable(self, pfn: u64) -> cython.bint:
        """Whether reclaim may look at it at all."""
        return not self.pages[pfn].flags & PG_mlocked

    # -- for those who take pages away for a while

    @cython.ccall
    @cython.nogil
    def folio_isolate_lru(self, pfn: u64) -> cython.bint:
        """Take a page off its list, with a reference; False if it is on none."""
        if not self.pages[pfn].flags & PG_lru:
            return False
        self.pages[pfn].refcount += 1
        self.lruvec_del_folio(pfn)
        return True

    @cython.ccall
    @cython.nogil
    def folio_putback_lru(self, pfn: u64) -> cython.int:
        """Give an isolated page back to its list, and drop its reference."""
        self.folio_add_lru(pfn)
        return self.put_page(pfn)

    # -- figures and invariants

    def lru_pages(self, lruvec, lru):
        """Pages on a list, recounted (not for LRU_UNEVICTABLE, which has no list)."""
        members = self.mem_map.members(self.mem_map.lru_list(lruvec, lru))
        return sum(self.folio_nr_pages(pfn) for pfn in members)

    def check(self):
        """Lists hold what their counters say; batches hold references."""
        memcgs = [0, *self.memcontrol.arena.where("memcgs", "in_use")]
        for node in range(self.nr_nodes):
            for lru in range(LRU_UNEVICTABLE):
                lruvecs = [m * self.nr_nodes + node for m in memcgs]
                pages = sum(self._check_list(lruvec, lru) for lruvec in lruvecs)
                pages += sum(self.mglru.classic_pages(lruvec, lru) for lruvec in lruvecs)
                counted = self.vmstat.node_page_state_snapshot(node, NR_INACTIVE_ANON + lru)
                assert pages == counted, (node, lru)
        for at in range(self.nr_cpus * NR_FBATCHES):
            assert self.fbatch_nr[at] < self.fbatch_size
            if at % NR_FBATCHES != FBATCH_MLOCK:
                for i in range(self.fbatch_nr[at]):
                    assert self.pages[self.fbatch[at * FBATCH_CAPACITY + i]].refcount > 0

    def _check_list(self, lruvec, lru):
        at = self.mem_map.lru_list(lruvec, lru)
        members = self.mem_map.members(at)
        assert len(members) == self.mem_map.lists[at].nr
        for pfn in members:
            assert self.pages[pfn].flags & PG_lru and self.pages[pfn].refcount > 0
            assert self.folio_lru_list(pfn) == lru and self.folio_lruvec(pfn) == lruvec
        return self.lru_pages(lruvec, lru)
