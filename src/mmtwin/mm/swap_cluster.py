"""Which slot of a swap area is taken next.

    solid state   clusters of 512 slots: each CPU fills one from its start, then takes the first
                  of the free list; with none left, 6.12 fills gaps of used clusters (nonfull, then
                  frag), 6.1 searches the whole area from where it took last
    rotating      until 6.13: runs of 512 free slots, found from the start of the area

Models mm/swapfile.c: scan_swap_map_slots(), scan_swap_map_try_ssd_cluster() (6.1),
cluster_alloc_swap_entry(), alloc_swap_scan_cluster() (6.12), swap_range_alloc(),
swap_range_free(), inc_cluster_info_page(), free_cluster().
Not modelled: discarding of freed clusters; the random place where a kernel's first search begins
(here at the start); stealing from clusters of larger orders (no large folio is swapped whole).

Invariants: a cluster's count is its used slots; one on the free list has none; inuse_pages counts
the used slots of an area.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.swap_entry import MAX_SWAPFILES, swp_entry
    from mmtwin.mm.swap_types import (
        CLUSTER_FRAG, CLUSTER_FREE, CLUSTER_NONE, CLUSTER_NONFULL, CLUSTER_SHIFT, CLUSTERS_SHIFT,
        NR_CLUSTER_LISTS, SLOT_SHIFT, SWAP_HAS_CACHE, SWAP_MAP_USED, SWAPFILE_CLUSTER,
        SWP_SOLIDSTATE, SwapClusters, SwapInfos, SwapSlotArray,
    )  # fmt: skip
    from mmtwin.mm.types import Currents, Sysctls, U32s, U64s, u32, u64

KERNEL_CLUSTER_LISTS = cython.declare(cython.const[cython.int], 612)  # nonfull and frag lists
KERNEL_CLUSTERS_ONLY = cython.declare(cython.const[cython.int], 613)  # rotating disks too


@cython.final
@cython.cclass
class SwapScan:
    """Finds free slots."""

    arena: object
    slots: SwapSlotArray
    si: SwapInfos
    clusters: SwapClusters
    lists: U32s  # (type * NR_CLUSTER_LISTS + list) * 2: first and last, as number + 1
    percpu_next: U64s  # type * nr_cpus + cpu: offset where the CPU goes on, 0: nowhere
    current: Currents
    sysctl: Sysctls
    nr_cpus: u32
    swapfile = cython.declare("SwapFile")
    swap_state = cython.declare("SwapState")

    def __init__(self, arena, config):
        self.arena = arena
        self.nr_cpus = config.cpus
        self.current, self.sysctl = arena.current, arena.sysctl
        self.slots = arena.array("swap_slots", "swap_types.SwapSlot", MAX_SWAPFILES << SLOT_SHIFT)
        self.si = arena.array("swap_info", "swap_types.SwapInfo", MAX_SWAPFILES)
        self.clusters = arena.array(
            "swap_clusters", "swap_types.SwapCluster", MAX_SWAPFILES << CLUSTERS_SHIFT
        )
        self.lists = arena.array("swap_cluster_lists", "u32", MAX_SWAPFILES * NR_CLUSTER_LISTS * 2)
        self.percpu_next = arena.array("swap_percpu_cluster", "u64", MAX_SWAPFILES * config.cpus)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.swapfile, self.swap_state = m.swapfile, m.swap_state

    # -- an area comes and goes

    def setup_clusters(self, type_):
        """The free list of a new area: its clusters in 32 columns, so that neighbours on the list
        lie in different 64 MiB: setup_swap_map_and_extents()."""
        last = int(self.si[type_].max)
        nr = -(-last // 512)
        self.si[type_].nr_clusters = nr
        for column in range(32):
            for cluster in range(column, nr, 32):
                used = (cluster == 0) + max(0, (cluster + 1) * 512 - last)
                self.clusters[(type_ << CLUSTERS_SHIFT) + cluster].count = used
                if used == 0:
                    self.list_add_tail(type_, CLUSTER_FREE, cluster)
                elif self.sysctl[0].kernel >= KERNEL_CLUSTER_LISTS:
                    self.list_add_tail(type_, CLUSTER_NONFULL, cluster)

    def clear_clusters(self, type_):
        """The area goes."""
        for cluster in range(int(self.si[type_].nr_clusters)):
            at = (type_ << CLUSTERS_SHIFT) + cluster
            self.clusters[at].count = 0
            self.clusters[at].next = 0
            self.clusters[at].prev = 0
            self.clusters[at].list = CLUSTER_NONE
        for i in range(NR_CLUSTER_LISTS * 2):
            self.lists[type_ * NR_CLUSTER_LISTS * 2 + i] = 0
        for cpu in range(self.nr_cpus):
            self.percpu_next[type_ * self.nr_cpus + cpu] = 0

    # -- taking a slot

    @cython.cfunc
    @cython.nogil
    def take_slot(self, type_: u32) -> u64:
        """Offset of a slot, now used (SWAP_HAS_CACHE), or 0: scan_swap_map_slots() for one."""
        offset: u64
        if self.si[type_].highest_bit == 0:
            return 0
        if self.has_clusters(type_):
            if self.sysctl[0].kernel < KERNEL_CLUSTER_LISTS:
                offset = self.try_ssd_cluster(type_)
            else:
                offset = self.cluster_alloc_swap_entry(type_)
        else:
            offset = self.rotating_slot(type_)
        if offset:
            self.swap_range_alloc(type_, offset)
        return offset

    @cython.cfunc
    @cython.nogil
    def has_clusters(self, type_: u32) -> cython.bint:
        """Whether an area is allocated by clusters."""
        if self.si[type_].flags & SWP_SOLIDSTATE:
            return True
        return self.sysctl[0].kernel >= KERNEL_CLUSTERS_ONLY

    @cython.cfunc
    @cython.nogil
    def try_ssd_cluster(self, type_: u32) -> u64:
        """6.1: this CPU's cluster, then free ones, then anything."""
        at: u32 = type_ * self.nr_cpus + self.current[0].cpu
        offset: u64 = self.percpu_next[at]
        found: u64 = 0
        while True:
            if offset == 0:
                first: u32 = self.first_cluster(type_, CLUSTER_FREE)
                if first == 0:
                    break
                offset = cython.cast(u64, first - 1) << CLUSTER_SHIFT
            found = self.scan_cluster(type_, offset)
            if found:
                self.si[type_].cluster_next = found + 1
                return found
            offset = 0
        return self.scan_area(type_)

    @cython.cfunc
    @cython.nogil
    def cluster_alloc_swap_entry(self, type_: u32) -> u64:
        """6.12: this CPU's cluster, then free ones, then gaps."""
        found: u64 = 0
        cluster: u32
        offset: u64 = self.percpu_next[type_ * self.nr_cpus + self.current[0].cpu]
        if offset:
            found = self.scan_cluster(type_, offset)
        if found == 0:
            cluster = self.first_cluster(type_, CLUSTER_FREE)
            if cluster:
                self.list_move_tail(type_, CLUSTER_NONFULL, cluster - 1)
                found = self.scan_cluster(type_, cython.cast(u64, cluster - 1) << CLUSTER_SHIFT)
        while found == 0:
            cluster = self.first_cluster(type_, CLUSTER_NONFULL)
            if cluster == 0:
                break
            self.list_move_tail(type_, CLUSTER_FRAG, cluster - 1)
            found = self.scan_cluster(type_, cython.cast(u64, cluster - 1) << CLUSTER_SHIFT)
        if found == 0:
            found = self.scan_fragments(type_)
        return found

    @cython.cfunc
    @cython.nogil
    def scan_fragments(self, type_: u32) -> u64:
        """Clusters in which nothing was found before, each once."""
        end: u32 = self.lists[(type_ * NR_CLUSTER_LISTS + CLUSTER_FRAG) * 2 + 1]
        cluster: u32 = self.first_cluster(type_, CLUSTER_FRAG)
        found: u64 = 0
        while cluster and found == 0:
            self.list_move_tail(type_, CLUSTER_FRAG, cluster - 1)
            found = self.scan_cluster(type_, cython.cast(u64, cluster - 1) << CLUSTER_SHIFT)
            if cluster == end:
                break
            cluster = self.first_cluster(type_, CLUSTER_FRAG)
        return found

    @cython.cfunc
    @cython.nogil
    def scan_cluster(self, type_: u32, offset: u64) -> u64:
        """The first free slot of a cluster from offset on, or 0; this CPU goes on behind it."""
        at: u32 = type_ * self.nr_cpus + self.current[0].cpu
        end: u64 = ((offset >> CLUSTER_SHIFT) + 1) << CLUSTER_SHIFT
        limit: u64 = end if end < self.si[type_].max else self.si[type_].max
        while offset < limit:
            if self.is_free(type_, offset):
                self.percpu_next[at] = offset + 1 if offset + 1 < limit else 0
                return offset
            offset += 1
        self.percpu_next[at] = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def is_free(self, type_: u32, offset: u64) -> cython.bint:
        """Whether a slot can be taken. Where swap is more than half full, one that only holds a
        cached page is freed first: __try_to_reclaim_swap(TTRS_ANYWAY)."""
        at: u64 = cython.cast(u64, type_) << SLOT_SHIFT | offset
        used: u32 = self.slots[at].map & SWAP_MAP_USED
        if used == 0:
            return True
        if used != SWAP_HAS_CACHE or not self.swapfile.vm_swap_full():
            return False
        self.swap_state.try_to_reclaim_swap(swp_entry(type_, offset), True)
        return (self.slots[at].map & SWAP_MAP_USED) == 0

    @cython.cfunc
    @cython.nogil
    def scan_area(self, type_: u32) -> u64:
        """Any free slot, from where the last one was taken, then from the start: 0 if none."""
        offset: u64 = self.si[type_].cluster_next
        base: u64 = offset
        while offset <= self.si[type_].highest_bit:
            if self.is_free(type_, offset):
                self.si[type_].cluster_next = offset + 1
                return offset
            offset += 1
        offset = self.si[type_].lowest_bit
        while offset < base:
            if self.is_free(type_, offset):
                self.si[type_].cluster_next = offset + 1
                return offset
            offset += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def rotating_slot(self, type_: u32) -> u64:
        """On a disk with an arm: go on in the run of free slots, or find the next."""
        if self.si[type_].cluster_nr == 0:
            self.find_empty_run(type_)
        self.si[type_].cluster_nr -= 1
        return self.scan_area(type_)

    @cython.cfunc
    @cython.nogil
    def find_empty_run(self, type_: u32) -> cython.int:
        """The first 512 free slots in a row, from the start of the area."""
        self.si[type_].cluster_nr = SWAPFILE_CLUSTER
        if self.si[type_].pages - self.si[type_].inuse_pages < SWAPFILE_CLUSTER:
            return 0
        offset: u64 = self.si[type_].lowest_bit
        last: u64 = offset + SWAPFILE_CLUSTER - 1
        while last <= self.si[type_].highest_bit:
            if self.slots[cython.cast(u64, type_) << SLOT_SHIFT | offset].map & SWAP_MAP_USED:
                last = offset + SWAPFILE_CLUSTER
            elif offset == last:
                self.si[type_].cluster_next = offset - (SWAPFILE_CLUSTER - 1)
                return 0
            offset += 1
        return 0

    # -- used and free again

    @cython.cfunc
    @cython.nogil
    def swap_range_alloc(self, type_: u32, offset: u64) -> cython.int:
        """A slot is used from now on."""
        self.slots[cython.cast(u64, type_) << SLOT_SHIFT | offset].map = SWAP_HAS_CACHE
        if offset == self.si[type_].lowest_bit:
            self.si[type_].lowest_bit += 1
        if offset == self.si[type_].highest_bit:
            self.si[type_].highest_bit -= 1
        self.si[type_].inuse_pages += 1
        if self.si[type_].inuse_pages == self.si[type_].pages:
            self.si[type_].lowest_bit = self.si[type_].max
            self.si[type_].highest_bit = 0
        if self.si[type_].nr_clusters:
            self.inc_cluster(type_, cython.cast(u32, offset >> CLUSTER_SHIFT))
        return 0

    @cython.cfunc
    @cython.nogil
    def inc_cluster(self, type_: u32, cluster: u32) -> cython.int:
        """One more slot of a cluster is used; a full one is on no list."""
        at: u32 = (type_ << CLUSTERS_SHIFT) + cluster
        self.clusters[at].count += 1
        if self.clusters[at].list == CLUSTER_FREE or self.clusters[at].count == SWAPFILE_CLUSTER:
            self.list_del(type_, cluster)
        return 0

    @cython.cfunc
    @cython.nogil
    def swap_range_free(self, type_: u32, offset: u64) -> cython.int:
        """A slot is free again."""
        self.slots[cython.cast(u64, type_) << SLOT_SHIFT | offset].map = 0
        if offset < self.si[type_].lowest_bit:
            self.si[type_].lowest_bit = offset
        if offset > self.si[type_].highest_bit:
            self.si[type_].highest_bit = offset
        self.si[type_].inuse_pages -= 1
        if self.si[type_].nr_clusters:
            self.dec_cluster(type_, cython.cast(u32, offset >> CLUSTER_SHIFT))
        return 0

    @cython.cfunc
    @cython.nogil
    def dec_cluster(self, type_: u32, cluster: u32) -> cython.int:
        """One slot of a cluster is free again; an empty cluster goes behind the other free ones."""
        at: u32 = (type_ << CLUSTERS_SHIFT) + cluster
        self.clusters[at].count -= 1
        if self.clusters[at].count == 0:
            return self.list_move_tail(type_, CLUSTER_FREE, cluster)
        if self.sysctl[0].kernel < KERNEL_CLUSTER_LISTS:
            return 0
        if self.clusters[at].list != CLUSTER_NONFULL:
            return self.list_move_tail(type_, CLUSTER_NONFULL, cluster)
        return 0

    # -- lists of clusters

    @cython.cfunc
    @cython.nogil
    def first_cluster(self, type_: u32, kind: u32) -> u32:
        """Number + 1 of the first cluster of a list, or 0."""
        return self.lists[(type_ * NR_CLUSTER_LISTS + kind) * 2]

    @cython.cfunc
    @cython.nogil
    def list_move_tail(self, type_: u32, kind: u32, cluster: u32) -> cython.int:
        self.list_del(type_, cluster)
        return self.list_add_tail(type_, kind, cluster)

    @cython.ccall
    @cython.nogil
    def list_add_tail(self, type_: u32, kind: u32, cluster: u32) -> cython.int:
        """Put a cluster that is on no list at the end of one."""
        base: u32 = type_ << CLUSTERS_SHIFT
        head: u32 = (type_ * NR_CLUSTER_LISTS + kind) * 2
        last: u32 = self.lists[head + 1]
        self.clusters[base + cluster].list = kind
        self.clusters[base + cluster].next = 0
        self.clusters[base + cluster].prev = last
        if last:
            self.clusters[base + last - 1].next = cluster + 1
        else:
            self.lists[head] = cluster + 1
        self.lists[head + 1] = cluster + 1
        return 0

    @cython.cfunc
    @cython.nogil
    def list_del(self, type_: u32, cluster: u32) -> cython.int:
        """Take a cluster off its list, if it is on one."""
        base: u32 = type_ << CLUSTERS_SHIFT
        kind: u32 = self.clusters[base + cluster].list
        if kind == CLUSTER_NONE:
            return 0
        head: u32 = (type_ * NR_CLUSTER_LISTS + kind) * 2
        after: u32 = self.clusters[base + cluster].next
        before: u32 = self.clusters[base + cluster].prev
        if after:
            self.clusters[base + after - 1].prev = before
        else:
            self.lists[head + 1] = before
        if before:
            self.clusters[base + before - 1].next = after
        else:
            self.lists[head] = after
        self.clusters[base + cluster].next = 0
        self.clusters[base + cluster].prev = 0
        self.clusters[base + cluster].list = CLUSTER_NONE
        return 0

    def check(self):
        """Recount used slots of areas and clusters."""
        used = {}
        for at in self.arena.where("swap_slots", "map"):
            type_, offset = at >> SLOT_SHIFT, at & (1 << SLOT_SHIFT) - 1
            assert self.slots[at].map & SWAP_MAP_USED, f"slot {at:#x}: free but for its zeromap bit"
            used.setdefault(type_, {}).setdefault(offset >> CLUSTER_SHIFT, []).append(offset)
        for type_ in range(MAX_SWAPFILES):
            if self.si[type_].max:
                self._check_area(type_, used.get(type_, {}))

    def _check_area(self, type_, used):
        last = int(self.si[type_].max)
        header = 1
        assert self.si[type_].inuse_pages == sum(map(len, used.values())) - header
        for cluster in range(int(self.si[type_].nr_clusters)):
            at = (type_ << CLUSTERS_SHIFT) + cluster
            beyond = max(0, (cluster + 1) * 512 - last)
            count = len(used.get(cluster, ())) + beyond
            assert self.clusters[at].count == count, f"area {type_}: cluster {cluster}"
            assert (self.clusters[at].list == CLUSTER_FREE) == (count == 0)
