"""What reclaim knows of each lruvec, besides its lists: sizes by zone, costs, ages.

    lruvec = memcg * nodes + node
      anon_cost, file_cost      what reclaiming the one kind and the other cost lately; halved
                                when their sum passes a quarter of the lruvec, so that it fades
      nonresident_age           counts evictions and activations: the clock of shadow entries

A cost is charged to the lruvec's cgroup and to all above it, on the same node.

Models include/linux/mmzone.h: struct lruvec; mm/swap.c: lru_note_cost(); mm/vmscan.c:
lruvec_lru_size(), inactive_is_low(), snapshot_refaults(); mm/workingset.c:
workingset_age_nonresident().

Invariant: lru_zone_size is the number of pages of a zone on the list.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import MAX_NR_ZONES
    from mmtwin.mm.mem_map import MAX_LRUVECS, NR_LRU_LISTS
    from mmtwin.mm.memcontrol import MEMCG_NONE, MemControl
    from mmtwin.mm.types import I64s, Sysctls, i64, u32, u64
    from mmtwin.mm.vmstat_items import (
        NR_ACTIVE_ANON, NR_ACTIVE_FILE, NR_INACTIVE_ANON, NR_INACTIVE_FILE,
        WORKINGSET_ACTIVATE_ANON, WORKINGSET_ACTIVATE_FILE,
    )  # fmt: skip

Lruvec = cython.struct(
    anon_cost=u64,
    file_cost=u64,
    nonresident_age=u64,
    refaults_anon=i64,  # WORKINGSET_ACTIVATE_* when the last reclaim ended
    refaults_file=i64,
    shadow_nr=u64,  # nodes of page indices that hold nothing but shadows (workingset.py)
    shadow_deferred=u64,
    shadow_first=u32,
    shadow_last=u32,
    flags=u32,  # LRUVEC_*
    pad=u32,
)

if cython.compiled:
    LruvecArray = cython.typedef(Lruvec[::1])
else:
    LruvecArray = object

LRUVEC_CGROUP_CONGESTED = cython.declare(cython.const[cython.uint], 1)
LRUVEC_NODE_CONGESTED = cython.declare(cython.const[cython.uint], 2)
SWAP_CLUSTER = cython.declare(cython.const[cython.ulonglong], 32)  # SWAP_CLUSTER_MAX, unsigned
ROTATIONS_COST = cython.declare(cython.const[cython.int], 602)  # 6.2: rotations cost something


@cython.final
@cython.cclass
class Lruvecs:
    """The lruvecs of all cgroups and nodes."""

    lruvecs: LruvecArray
    zone_size: I64s  # (lruvec * MAX_NR_ZONES + zone type) * NR_LRU_LISTS + lru
    sysctl: Sysctls
    memcontrol: MemControl
    mglru = cython.declare("Mglru")
    nr_nodes: u32

    def __init__(self, arena, config):
        self.nr_nodes = len(config.nodes)
        self.sysctl = arena.sysctl
        self.lruvecs = arena.array("lruvecs", "lruvec.Lruvec", MAX_LRUVECS)
        length = MAX_LRUVECS * MAX_NR_ZONES * NR_LRU_LISTS
        self.zone_size = arena.array("lru_zone_size", "i64", length)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.memcontrol, self.mglru = m.memcontrol, m.mglru

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def add_zone_size(self, lruvec: u32, zone_type: u32, lru: u32, nr: i64) -> cython.int:
        """mem_cgroup_update_lru_size()."""
        self.zone_size[(lruvec * MAX_NR_ZONES + zone_type) * NR_LRU_LISTS + lru] += nr
        return 0

    @cython.ccall
    @cython.nogil
    def lruvec_lru_size(self, lruvec: u32, lru: u32, reclaim_idx: u32) -> u64:
        """Pages of a list in zones up to reclaim_idx: lruvec_lru_size()."""
        size: i64 = 0
        zone_type: u32
        for zone_type in range(reclaim_idx + 1):
            size += self.zone_size[(lruvec * MAX_NR_ZONES + zone_type) * NR_LRU_LISTS + lru]
        return cython.cast(u64, size)

    @cython.ccall
    @cython.nogil
    def release(self, memcg: u32) -> cython.int:
        """A cgroup without pages is freed; its number may come back as another's."""
        node: u32
        lruvec: u32
        for node in range(self.nr_nodes):
            lruvec = memcg * self.nr_nodes + node
            self.lruvecs[lruvec].anon_cost = 0
            self.lruvecs[lruvec].file_cost = 0
            self.lruvecs[lruvec].nonresident_age = 0
            self.lruvecs[lruvec].refaults_anon = 0
            self.lruvecs[lruvec].refaults_file = 0
            self.lruvecs[lruvec].shadow_deferred = 0
            self.lruvecs[lruvec].flags = 0
            self.mglru.release(lruvec)
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def lruvec_page_state(self, lruvec: u32, item: cython.int) -> i64:
        """A counter of a lruvec and all below it, as last flushed; never negative."""
        return self.memcontrol.lruvec_page_state(
            lruvec // self.nr_nodes, lruvec % self.nr_nodes, item
        )

    @cython.ccall
    @cython.nogil
    def parent_lruvec(self, lruvec: u32) -> u32:
        """The lruvec of the cgroup above on the same node, or MEMCG_NONE."""
        memcg: u32 = lruvec // self.nr_nodes
        if memcg == 0:
            return MEMCG_NONE
        memcg = self.memcontrol.parent_mem_cgroup(memcg)
        if memcg == MEMCG_NONE:
            return MEMCG_NONE
        return memcg * self.nr_nodes + lruvec % self.nr_nodes

    @cython.ccall
    @cython.nogil
    def inactive_is_low(self, lruvec: u32, file: cython.bint) -> cython.bint:
        """The inactive list is too short for its active one: 1 to 1 below 1 GiB, then as the
        square root of ten times the GiB."""
        item: cython.int = NR_INACTIVE_FILE if file else NR_INACTIVE_ANON
        inactive: u64 = cython.cast(u64, self.lruvec_page_state(lruvec, item))
        active: u64 = cython.cast(u64, self.lruvec_page_state(lruvec, item + 1))
        gb: u64 = (inactive + active) >> 18
        ratio: u64 = 1
        if gb:
            while (ratio + 1) * (ratio + 1) <= 10 * gb:
                ratio += 1
        return inactive * ratio < active

    @cython.ccall
    @cython.nogil
    def lru_note_cost(
        self, lruvec: u32, file: cython.bint, nr_io: u64, nr_rotated: u64
    ) -> cython.int:
        """Reclaiming anon or file pages cost I/O, or was in vain: lru_note_cost()."""
        cost: u64 = nr_io * SWAP_CLUSTER + nr_rotated
        size: u64
        if self.sysctl[0].kernel < ROTATIONS_COST:
            cost = nr_io
        while lruvec != MEMCG_NONE:
            if file:
                self.lruvecs[lruvec].file_cost += cost
            else:
                self.lruvecs[lruvec].anon_cost += cost
            size = cython.cast(u64, self.lruvec_page_state(lruvec, NR_INACTIVE_ANON))
            size += cython.cast(u64, self.lruvec_page_state(lruvec, NR_ACTIVE_ANON))
            size += cython.cast(u64, self.lruvec_page_state(lruvec, NR_INACTIVE_FILE))
            size += cython.cast(u64, self.lruvec_page_state(lruvec, NR_ACTIVE_FILE))
            if self.lruvecs[lruvec].file_cost + self.lruvecs[lruvec].anon_cost > size // 4:
                self.lruvecs[lruvec].file_cost //= 2
                self.lruvecs[lruvec].anon_cost //= 2
            lruvec = self.parent_lruvec(lruvec)
        return 0

    @cython.ccall
    @cython.nogil
    def workingset_age_nonresident(self, lruvec: u32, nr: u64) -> cython.int:
        """The clock of shadow entries goes on, in this lruvec and those above."""
        while lruvec != MEMCG_NONE:
            self.lruvecs[lruvec].nonresident_age += nr
            lruvec = self.parent_lruvec(lruvec)
        return 0

    @cython.ccall
    @cython.nogil
    def snapshot_refaults(self, lruvec: u32) -> cython.int:
        """Remember how many refaults were activated, to see next time whether more were."""
        self.lruvecs[lruvec].refaults_anon = self.lruvec_page_state(
            lruvec, WORKINGSET_ACTIVATE_ANON
        )
        self.lruvecs[lruvec].refaults_file = self.lruvec_page_state(
            lruvec, WORKINGSET_ACTIVATE_FILE
        )
        return 0
