"""Statistics of cgroups, and how late they are.

    update --> difference of (cgroup, CPU, item)          nobody reads these
      flush --> state of the cgroup, and `pending` of its parent --> the parent's, at its own flush

A reader flushes only when enough has changed: up to 64 updates for each CPU may be missing.
Every two seconds all is flushed. Reclaim decides by what was flushed last: how long the lists are
and whether refaults were activated (deactivation_due(), workingset_test_recent()). So a program
that somebody watches (`monitor()`) is reclaimed from differently.

Items of nodes are kept for each (cgroup, node), an lruvec; a cgroup's own is the sum over its
nodes. The root shows the machine's counters and has no stats.

Models mm/memcontrol.c: mod_memcg_state(), mod_memcg_lruvec_state(), count_memcg_events(),
memcg_rstat_updated(), mem_cgroup_css_rstat_flush(), mem_cgroup_flush_stats(),
flush_memcg_stats_dwork(); kernel/cgroup/rstat.c. Until 6.7 one threshold serves all cgroups, and
what an update counts for is its value, bytes too.

Invariant: what is charged to a cgroup, recounted, is state_local and the differences of all CPUs.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_FLUSH_STATS, KTHREAD_MONITOR
    from mmtwin.mm.memcg_layout import (
        MEMCG_EVENTS_FROM, MEMCG_PERCPU_B, MEMCG_STAT_ITEMS, MEMCG_ZSWAP_B, memcg_events_shown,
    )  # fmt: skip
    from mmtwin.mm.memcg_tree import MEMCG_STATS_UPDATED, MemCgroups
    from mmtwin.mm.types import Currents, I64s, U8s, U64s, i64, u32, u64
    from mmtwin.mm.vmstat_items import (
        NR_KERNEL_STACK_KB, NR_SLAB_RECLAIMABLE_B, NR_SLAB_UNRECLAIMABLE_B, NR_VM_EVENT_ITEMS,
        NR_VM_NODE_STAT_ITEMS,
    )  # fmt: skip

MEMCG_CHARGE_BATCH = cython.declare(cython.const[cython.int], 64)

KERNEL_OWN_THRESHOLD = cython.declare(cython.const[cython.int], 608)  # each cgroup has its own
FLUSH_TIME_NS = cython.declare(cython.const[cython.ulonglong], 2000000000)

# Cells of `memcg_flush`
FLUSH_THRESHOLD = cython.declare(cython.const[cython.int], 0)  # until 6.7: stats_flush_threshold
FLUSH_LAST_TIME = cython.declare(cython.const[cython.int], 1)
FLUSH_MONITOR_NS = cython.declare(cython.const[cython.int], 2)  # between two reads of a monitor
FLUSH_MONITOR = cython.declare(cython.const[cython.int], 3)  # its thread's number, 0 before
FLUSH_CELLS = cython.declare(cython.const[cython.int], 4)


@cython.final
@cython.cclass
class MemcgStat:
    """Items and events of every cgroup."""

    memcgs: MemCgroups
    current: Currents
    lruvec_diff: I64s  # (lruvec * nr_cpus + cpu) * NR_VM_NODE_STAT_ITEMS + item
    lruvec_stat: I64s  # lruvec * NR_VM_NODE_STAT_ITEMS + item, as flushed, with the children's
    lruvec_local: I64s  # without them
    lruvec_pending: I64s  # flushed by children, not yet taken over
    memcg_diff: I64s  # (memcg * nr_cpus + cpu) * MEMCG_STAT_ITEMS + item
    memcg_stat: I64s  # memcg * MEMCG_STAT_ITEMS + item
    memcg_local: I64s
    memcg_pending: I64s
    updates_cpu: I64s  # memcg * nr_cpus + cpu: not yet in `updates`; [cpu] alone until 6.7
    updates: I64s  # memcg: since its last flush
    flush: U64s
    event_is_counted: U8s  # event
    tree = cython.declare("MemcgTree")
    clock = cython.declare("Clock")
    nr_cpus: u32
    nr_nodes: u32
    kernel: u32
    zswap: cython.bint
    arena: object

    def __init__(self, arena, config):
        self.arena = arena
        self.memcgs, self.current = arena.memcgs, arena.current
        self.nr_cpus, self.nr_nodes, self.kernel = config.cpus, len(config.nodes), config.kernel
        self.zswap = config.zswap
        memcgs = len(arena.memcgs)
        wide = memcgs * self.nr_nodes * NR_VM_NODE_STAT_ITEMS
        self.lruvec_diff = arena.array("memcg_lruvec_diff", "i64", wide * config.cpus)
        self.lruvec_stat = arena.array("memcg_lruvec_stat", "i64", wide)
        self.lruvec_local = arena.array("memcg_lruvec_local", "i64", wide)
        self.lruvec_pending = arena.array("memcg_lruvec_pending", "i64", wide)
        items = memcgs * MEMCG_STAT_ITEMS
        self.memcg_diff = arena.array("memcg_stat_diff", "i64", items * config.cpus)
        self.memcg_stat = arena.array("memcg_stat", "i64", items)
        self.memcg_local = arena.array("memcg_stat_local", "i64", items)
        self.memcg_pending = arena.array("memcg_stat_pending", "i64", items)
        self.updates_cpu = arena.array("memcg_updates_cpu", "i64", memcgs * config.cpus)
        self.updates = arena.array("memcg_updates", "i64", memcgs)
        self.flush = arena.array("memcg_flush", "u64", FLUSH_CELLS)
        self.event_is_counted = arena.array("memcg_event_is_counted", "u8", NR_VM_EVENT_ITEMS)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.tree, self.clock = m.memcg_tree, m.clock

    def boot(self):
        """Until 6.7 every vm event is an update, later those that memory.stat shows."""
        shown = memcg_events_shown(self.kernel, self.zswap)
        for event in range(NR_VM_EVENT_ITEMS):
            own = self.kernel < KERNEL_OWN_THRESHOLD or event in shown
            self.event_is_counted[event] = 1 if own else 0

    # -- updates

    @cython.ccall
    @cython.nogil
    def mod_memcg_state(self, memcg: u32, item: cython.int, delta: i64) -> cython.int:
        """Add to a MEMCG_* item."""
        if memcg == 0:
            return 0
        at: u64 = cython.cast(u64, memcg) * self.nr_cpus + self.current[0].cpu
        self.memcg_diff[at * MEMCG_STAT_ITEMS + item] += delta
        if item == MEMCG_PERCPU_B or item == MEMCG_ZSWAP_B:
            delta = self.in_pages(delta)
        return self.memcg_rstat_updated(memcg, delta)

    @cython.ccall
    @cython.nogil
    def mod_memcg_lruvec_state(
        self, memcg: u32, node: u32, item: cython.int, delta: i64
    ) -> cython.int:
        """Add to a node item of a cgroup."""
        if memcg == 0:
            return 0
        at: u64 = cython.cast(u64, memcg) * self.nr_nodes + node
        at = at * self.nr_cpus + self.current[0].cpu
        self.lruvec_diff[at * NR_VM_NODE_STAT_ITEMS + item] += delta
        if item == NR_SLAB_RECLAIMABLE_B or item == NR_SLAB_UNRECLAIMABLE_B:
            delta = self.in_pages(delta)
        elif item == NR_KERNEL_STACK_KB:
            delta = self.in_pages(delta << 10) if self.kernel >= KERNEL_OWN_THRESHOLD else delta
        return self.memcg_rstat_updated(memcg, delta)

    @cython.ccall
    @cython.nogil
    def count_memcg_events(self, memcg: u32, event: cython.int, delta: i64) -> cython.int:
        """Add to a vm event, if memory.stat has it."""
        if memcg == 0 or not self.event_is_counted[event]:
            return 0
        at: u64 = cython.cast(u64, memcg) * self.nr_cpus + self.current[0].cpu
        self.memcg_diff[at * MEMCG_STAT_ITEMS + MEMCG_EVENTS_FROM + event] += delta
        return self.memcg_rstat_updated(memcg, delta)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def in_pages(self, delta: i64) -> i64:
        """What an update of so many bytes counts for: memcg_state_val_in_pages()."""
        if self.kernel < KERNEL_OWN_THRESHOLD or delta == 0:
            return delta
        size: i64 = delta if delta > 0 else -delta
        return 1 if size < 4096 else size >> 12

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def memcg_rstat_updated(self, memcg: u32, delta: i64) -> cython.int:
        """A cgroup's statistics have changed by that much."""
        size: i64 = delta if delta > 0 else -delta
        if not self.memcgs[memcg].flags & MEMCG_STATS_UPDATED:
            self.cgroup_rstat_updated(memcg)
        if self.kernel < KERNEL_OWN_THRESHOLD:
            return self.count_global(size)
        at: u64
        while True:
            if self.memcg_vmstats_needs_flush(memcg):
                return 0  # then so are all above
            at = cython.cast(u64, memcg) * self.nr_cpus + self.current[0].cpu
            self.updates_cpu[at] += size
            if self.updates_cpu[at] >= MEMCG_CHARGE_BATCH:
                self.updates[memcg] += self.updates_cpu[at]
                self.updates_cpu[at] = 0
            if memcg == 0:
                return 0
            memcg = self.memcgs[memcg].parent

    @cython.cfunc
    @cython.nogil
    def count_global(self, size: i64) -> cython.int:
        """6.1: one threshold for all cgroups together."""
        cpu: u32 = self.current[0].cpu
        self.updates_cpu[cpu] += size
        if self.updates_cpu[cpu] > MEMCG_CHARGE_BATCH:
            if self.flush[FLUSH_THRESHOLD] <= self.nr_cpus:
                self.flush[FLUSH_THRESHOLD] += cython.cast(
                    u64, self.updates_cpu[cpu] // MEMCG_CHARGE_BATCH
                )
            self.updates_cpu[cpu] = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def cgroup_rstat_updated(self, memcg: u32) -> cython.int:
        """Mark it and all above it as having something to flush."""
        while not self.memcgs[memcg].flags & MEMCG_STATS_UPDATED:
            self.memcgs[memcg].flags |= MEMCG_STATS_UPDATED
            if memcg == 0:
                break
            memcg = self.memcgs[memcg].parent
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def memcg_vmstats_needs_flush(self, memcg: u32) -> cython.bint:
        return self.updates[memcg] > MEMCG_CHARGE_BATCH * cython.cast(i64, self.nr_cpus)

    # -- flushing

    @cython.ccall
    @cython.nogil
    def mem_cgroup_flush_stats(self, memcg: u32) -> cython.int:
        """What a reader does first: flush if enough has changed. Until 6.7 the whole tree."""
        if self.kernel < KERNEL_OWN_THRESHOLD:
            if self.flush[FLUSH_THRESHOLD] <= self.nr_cpus:
                return 0
            return self.do_flush_stats(0)
        if not self.memcg_vmstats_needs_flush(memcg):
            return 0
        return self.do_flush_stats(memcg)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_flush_stats_ratelimited(self, memcg: u32) -> cython.int:
        """Only if the periodic flush is overdue."""
        if self.clock.now() > self.flush[FLUSH_LAST_TIME] + 2 * FLUSH_TIME_NS:
            return self.mem_cgroup_flush_stats(memcg)
        return 0

    @cython.ccall
    @cython.nogil
    def flush_before_scan(self, memcg: u32) -> cython.int:
        """Reclaim is about to judge lists by their sizes: up to 6.7 it flushes as readers do."""
        if self.kernel < KERNEL_OWN_THRESHOLD:
            return self.mem_cgroup_flush_stats(memcg)
        return self.mem_cgroup_flush_stats_ratelimited(memcg)

    @cython.ccall
    @cython.nogil
    def do_flush_stats(self, memcg: u32) -> cython.int:
        """Flush a subtree: cgroup_rstat_flush()."""
        self.clock.charge(COST_FLUSH_STATS, 1)
        if memcg == 0:
            self.flush[FLUSH_LAST_TIME] = self.clock.now()
            self.flush[FLUSH_THRESHOLD] = 0
        return self.flush_updated(memcg)

    @cython.ccall
    @cython.nogil
    def monitor(self, memcg: u32, interval_ns: u64) -> cython.int:
        """From now on a program outside reads the cgroup's memory.stat every so often."""
        if self.flush[FLUSH_MONITOR] == 0:
            self.flush[FLUSH_MONITOR] = self.clock.new_kthread(KTHREAD_MONITOR, memcg)
        self.flush[FLUSH_MONITOR_NS] = interval_ns
        return self.clock.wake_kthread(
            cython.cast(u32, self.flush[FLUSH_MONITOR]), self.clock.now() + interval_ns
        )

    @cython.ccall
    @cython.nogil
    def monitor_reads(self, memcg: u32) -> u64:
        """One read of it: when the next is."""
        self.mem_cgroup_flush_stats(memcg)
        return self.clock.now() + self.flush[FLUSH_MONITOR_NS]

    @cython.cfunc
    @cython.nogil
    def flush_updated(self, memcg: u32) -> cython.int:
        """Children first, then itself; only where there is something."""
        if not self.memcgs[memcg].flags & MEMCG_STATS_UPDATED:
            return 0
        child: u32 = self.memcgs[memcg].first_child
        while child:
            self.flush_updated(child)
            child = self.memcgs[child].next_sibling
        self.memcgs[memcg].flags ^= MEMCG_STATS_UPDATED
        return self.css_rstat_flush(memcg)

    @cython.cfunc
    @cython.nogil
    def css_rstat_flush(self, memcg: u32) -> cython.int:
        """Take over what CPUs and children hold, and hand it to the parent as pending."""
        node: u32
        for node in range(self.nr_nodes):
            self.flush_items(
                self.lruvec_diff, self.lruvec_stat, self.lruvec_local, self.lruvec_pending,
                memcg * self.nr_nodes + node, self.memcgs[memcg].parent * self.nr_nodes + node,
                NR_VM_NODE_STAT_ITEMS, memcg,
            )  # fmt: skip
        self.flush_items(
            self.memcg_diff, self.memcg_stat, self.memcg_local, self.memcg_pending,
            memcg, self.memcgs[memcg].parent, MEMCG_STAT_ITEMS, memcg,
        )  # fmt: skip
        self.updates[memcg] = 0
        cpu: u32
        if self.kernel >= KERNEL_OWN_THRESHOLD:
            for cpu in range(self.nr_cpus):
                self.updates_cpu[cython.cast(u64, memcg) * self.nr_cpus + cpu] = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def flush_items(
        self, diff: I64s, stat: I64s, local: I64s, pending: I64s, record: u64, parent: u64,
        items: cython.int, memcg: u32,
    ) -> cython.int:  # fmt: skip
        """One set of items of one record."""
        item: cython.int
        cpu: u32
        delta: i64
        own: i64
        at: u64
        for item in range(items):
            own = 0
            for cpu in range(self.nr_cpus):
                at = (record * self.nr_cpus + cpu) * items + item
                if diff[at]:
                    own += diff[at]
                    diff[at] = 0
            at = record * items + item
            delta = own + pending[at]
            if own:
                local[at] += own
            if delta or pending[at]:
                pending[at] = 0
                stat[at] += delta
                if memcg:
                    pending[parent * items + item] += delta
        return 0

    # -- reading

    @cython.ccall
    @cython.nogil
    def lruvec_page_state(self, lruvec: u32, item: cython.int) -> i64:
        """A node item as flushed, with the children's; never below 0."""
        value: i64 = self.lruvec_stat[cython.cast(u64, lruvec) * NR_VM_NODE_STAT_ITEMS + item]
        return value if value > 0 else 0

    @cython.ccall
    @cython.nogil
    def lruvec_page_state_local(self, lruvec: u32, item: cython.int) -> i64:
        """A node item of the cgroup itself, as flushed."""
        value: i64 = self.lruvec_local[cython.cast(u64, lruvec) * NR_VM_NODE_STAT_ITEMS + item]
        return value if value > 0 else 0

    @cython.ccall
    @cython.nogil
    def memcg_node_state(self, memcg: u32, item: cython.int) -> i64:
        """A node item over all nodes."""
        value: i64 = 0
        node: u32
        at: u64
        for node in range(self.nr_nodes):
            at = cython.cast(u64, memcg) * self.nr_nodes + node
            value += self.lruvec_stat[at * NR_VM_NODE_STAT_ITEMS + item]
        return value if value > 0 else 0

    @cython.ccall
    @cython.nogil
    def memcg_page_state(self, memcg: u32, item: cython.int) -> i64:
        """A MEMCG_* item as flushed."""
        value: i64 = self.memcg_stat[cython.cast(u64, memcg) * MEMCG_STAT_ITEMS + item]
        return value if value > 0 else 0

    @cython.ccall
    @cython.nogil
    def memcg_page_state_now(self, memcg: u32, item: cython.int) -> i64:
        """A MEMCG_* item of the cgroup itself with what is not flushed: no file shows it."""
        value: i64 = self.memcg_local[cython.cast(u64, memcg) * MEMCG_STAT_ITEMS + item]
        cpu: u32
        at: u64
        for cpu in range(self.nr_cpus):
            at = cython.cast(u64, memcg) * self.nr_cpus + cpu
            value += self.memcg_diff[at * MEMCG_STAT_ITEMS + item]
        return value

    @cython.ccall
    @cython.nogil
    def memcg_events(self, memcg: u32, event: cython.int) -> i64:
        """A vm event as flushed."""
        at: u64 = cython.cast(u64, memcg) * MEMCG_STAT_ITEMS + MEMCG_EVENTS_FROM + event
        return self.memcg_stat[at]

    # -- the end of a cgroup, and invariants

    @cython.ccall
    @cython.nogil
    def release(self, memcg: u32) -> cython.int:
        """Its statistics go to the parent, and its record is wiped."""
        self.memcgs[memcg].flags |= MEMCG_STATS_UPDATED
        self.flush_updated(memcg)
        i: u64
        first: u64 = cython.cast(u64, memcg) * self.nr_nodes * NR_VM_NODE_STAT_ITEMS
        for i in range(first, first + cython.cast(u64, self.nr_nodes) * NR_VM_NODE_STAT_ITEMS):
            self.lruvec_stat[i] = 0
            self.lruvec_local[i] = 0
        for i in range(
            cython.cast(u64, memcg) * MEMCG_STAT_ITEMS,
            (cython.cast(u64, memcg) + 1) * MEMCG_STAT_ITEMS,
        ):
            self.memcg_stat[i] = 0
            self.memcg_local[i] = 0
        return 0
