"""Counters: zone, node and event items.

A zone or node counter is kept three times: a difference for each CPU, the counter of the zone
or node, and the sum over the machine. Additions go to the CPU's difference; only when that
passes the CPU's threshold is it folded into the other two. So what is read lags by up to
threshold x CPUs until `refresh()` (vm/stat_refresh), as on a real machine. Events are exact:
the kernel adds up all CPUs when it prints them, and one sum holds the same here.

Models mm/vmstat.c: __mod_zone_page_state(), __inc_zone_state(), refresh_cpu_vm_stats(),
refresh_zone_stat_thresholds(), calculate_normal_threshold(), zone_statistics()'s counters.
Not modelled: the thresholds under memory pressure (kswapd comes with reclaim).

Invariants: the global counter is the sum of the zones' or nodes'; no difference exceeds its
threshold.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import MAX_NR_ZONES
    from mmtwin.mm.types import Currents, I64s, Pages, U64s, i64, u32, u64
    from mmtwin.mm.vmstat_items import (
        NR_VM_EVENT_ITEMS,
        NR_VM_NODE_STAT_ITEMS,
        NR_VM_NUMA_EVENT_ITEMS,
        NR_VM_ZONE_STAT_ITEMS,
    )

MAX_STAT_THRESHOLD = cython.declare(cython.const[cython.int], 125)


@cython.final
@cython.cclass
class VmStat:
    """Every counter of /proc/vmstat, by its enum name."""

    current: Currents
    pages: Pages
    memcontrol = cython.declare("MemControl")
    zone_stat: I64s  # zone * NR_VM_ZONE_STAT_ITEMS + item
    node_stat: I64s  # node * NR_VM_NODE_STAT_ITEMS + item
    numa_event: U64s  # zone * NR_VM_NUMA_EVENT_ITEMS + item
    zone_global: I64s  # item
    node_global: I64s
    event: U64s
    zone_diff: I64s  # (zone * nr_cpus + cpu) * NR_VM_ZONE_STAT_ITEMS + item
    node_diff: I64s
    zone_threshold: I64s  # zone; the same on every CPU
    node_threshold: I64s
    nr_cpus: u32
    nr_zones: u32  # one more than the highest zone index
    nr_nodes: u32

    def __init__(self, arena, config):
        self.nr_cpus = config.cpus
        self.nr_nodes = len(config.nodes)
        self.nr_zones = 1 + MAX_NR_ZONES * self.nr_nodes
        self.current = arena.current
        zone_items = self.nr_zones * NR_VM_ZONE_STAT_ITEMS
        node_items = self.nr_nodes * NR_VM_NODE_STAT_ITEMS
        self.zone_stat = arena.array("vm_zone_stat", "i64", zone_items)
        self.node_stat = arena.array("vm_node_stat", "i64", node_items)
        numa_items = self.nr_zones * NR_VM_NUMA_EVENT_ITEMS
        self.numa_event = arena.array("vm_numa_event", "u64", numa_items)
        self.zone_global = arena.array("vm_zone_global", "i64", NR_VM_ZONE_STAT_ITEMS)
        self.node_global = arena.array("vm_node_global", "i64", NR_VM_NODE_STAT_ITEMS)
        self.event = arena.array("vm_event_states", "u64", NR_VM_EVENT_ITEMS)
        self.zone_diff = arena.array("vm_zone_stat_diff", "i64", zone_items * self.nr_cpus)
        self.node_diff = arena.array("vm_node_stat_diff", "i64", node_items * self.nr_cpus)
        self.zone_threshold = arena.array("zone_stat_threshold", "i64", self.nr_zones)
        self.node_threshold = arena.array("node_stat_threshold", "i64", self.nr_nodes)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.pages = m.arena.pages
        self.memcontrol = m.memcontrol

    # -- adding: the current CPU's difference first

    @cython.ccall
    @cython.inline
    @cython.nogil
    def mod_zone_page_state(self, zone: u32, item: cython.int, delta: i64) -> cython.int:
        """Add to a zone_stat_item of zones[zone]."""
        at: u32 = (zone * self.nr_cpus + self.current[0].cpu) * NR_VM_ZONE_STAT_ITEMS + item
        value: i64 = self.zone_diff[at] + delta
        if value > self.zone_threshold[zone] or -value > self.zone_threshold[zone]:
            self.zone_page_state_add(zone, item, value)
            value = 0
        self.zone_diff[at] = value
        return 0

    @cython.ccall
    @cython.inline
    @cython.nogil
    def mod_node_page_state(self, node: u32, item: cython.int, delta: i64) -> cython.int:
        """Add to a node_stat_item, through the per-CPU difference."""
        at: u32 = (node * self.nr_cpus + self.current[0].cpu) * NR_VM_NODE_STAT_ITEMS + item
        value: i64 = self.node_diff[at] + delta
        if value > self.node_threshold[node] or -value > self.node_threshold[node]:
            self.node_page_state_add(node, item, value)
            value = 0
        self.node_diff[at] = value
        return 0

    @cython.ccall
    @cython.nogil
    def inc_zone_page_state(self, zone: u32, item: cython.int) -> cython.int:
        """Add 1; a fold oversteps by half the threshold, so that the next comes later."""
        at: u32 = (zone * self.nr_cpus + self.current[0].cpu) * NR_VM_ZONE_STAT_ITEMS + item
        value: i64 = self.zone_diff[at] + 1
        overstep: i64 = self.zone_threshold[zone] >> 1
        if value > self.zone_threshold[zone]:
            self.zone_page_state_add(zone, item, value + overstep)
            value = -overstep
        self.zone_diff[at] = value
        return 0

    @cython.ccall
    @cython.nogil
    def dec_zone_page_state(self, zone: u32, item: cython.int) -> cython.int:
        """Subtract 1, overstepping as inc_zone_page_state()."""
        at: u32 = (zone * self.nr_cpus + self.current[0].cpu) * NR_VM_ZONE_STAT_ITEMS + item
        value: i64 = self.zone_diff[at] - 1
        overstep: i64 = self.zone_threshold[zone] >> 1
        if -value > self.zone_threshold[zone]:
            self.zone_page_state_add(zone, item, value - overstep)
            value = overstep
        self.zone_diff[at] = value
        return 0

    @cython.ccall
    @cython.nogil
    def inc_node_page_state(self, node: u32, item: cython.int) -> cython.int:
        """Add 1, overstepping as inc_zone_page_state()."""
        at: u32 = (node * self.nr_cpus + self.current[0].cpu) * NR_VM_NODE_STAT_ITEMS + item
        value: i64 = self.node_diff[at] + 1
        overstep: i64 = self.node_threshold[node] >> 1
        if value > self.node_threshold[node]:
            self.node_page_state_add(node, item, value + overstep)
            value = -overstep
        self.node_diff[at] = value
        return 0

    @cython.ccall
    @cython.nogil
    def dec_node_page_state(self, node: u32, item: cython.int) -> cython.int:
        """Subtract 1, overstepping as inc_zone_page_state()."""
        at: u32 = (node * self.nr_cpus + self.current[0].cpu) * NR_VM_NODE_STAT_ITEMS + item
        value: i64 = self.node_diff[at] - 1
        overstep: i64 = self.node_threshold[node] >> 1
        if -value > self.node_threshold[node]:
            self.node_page_state_add(node, item, value - overstep)
            value = overstep
        self.node_diff[at] = value
        return 0

    @cython.ccall
    @cython.nogil
    def count_vm_events(self, item: cython.int, delta: i64) -> cython.int:
        """Add to a vm_event_item."""
        self.event[item] += delta
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def mod_lruvec_page_state(self, pfn: u64, item: cython.int, delta: i64) -> cython.int:
        """Add to a node item of a folio's node and of the cgroup that it is charged to:
        __lruvec_stat_mod_folio()."""
        if self.pages[pfn].memcg:
            self.memcontrol.mod_memcg_lruvec_state(
                self.pages[pfn].memcg, self.pages[pfn].node, item, delta
            )
        return self.mod_node_page_state(self.pages[pfn].node, item, delta)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def count_folio_events(self, pfn: u64, item: cython.int, delta: i64) -> cython.int:
        """Add to a vm_event_item, and to the same of the folio's cgroup."""
        if self.pages[pfn].memcg:
            self.memcontrol.count_memcg_events(self.pages[pfn].memcg, item, delta)
        self.event[item] += delta
        return 0

    @cython.ccall
    @cython.nogil
    def count_numa_events(self, zone: u32, item: cython.int, delta: i64) -> cython.int:
        """Add to a numa_stat_item of a zone: __count_numa_events()."""
        self.numa_event[zone * NR_VM_NUMA_EVENT_ITEMS + item] += delta
        return 0

    # -- straight to the shared counters

    @cython.cfunc
    @cython.nogil
    def zone_page_state_add(self, zone: u32, item: cython.int, delta: i64) -> cython.int:
        self.zone_stat[zone * NR_VM_ZONE_STAT_ITEMS + item] += delta
        self.zone_global[item] += delta
        return 0

    @cython.cfunc
    @cython.nogil
    def node_page_state_add(self, node: u32, item: cython.int, delta: i64) -> cython.int:
        self.node_stat[node * NR_VM_NODE_STAT_ITEMS + item] += delta
        self.node_global[item] += delta
        return 0

    # -- reading

    @cython.ccall
    @cython.nogil
    def zone_page_state(self, zone: u32, item: cython.int) -> i64:
        """A zone's counter as /proc/zoneinfo shows it, without what CPUs hold back."""
        value: i64 = self.zone_stat[zone * NR_VM_ZONE_STAT_ITEMS + item]
        if value < 0:
            return 0
        return value

    @cython.ccall
    @cython.nogil
    def zone_page_state_snapshot(self, zone: u32, item: cython.int) -> i64:
        """A zone's counter with what every CPU holds back."""
        value: i64 = self.zone_stat[zone * NR_VM_ZONE_STAT_ITEMS + item]
        cpu: u32
        for cpu in range(self.nr_cpus):
            value += self.zone_diff[(zone * self.nr_cpus + cpu) * NR_VM_ZONE_STAT_ITEMS + item]
        if value < 0:
            return 0
        return value

    @cython.ccall
    @cython.nogil
    def node_page_state_snapshot(self, node: u32, item: cython.int) -> i64:
        """A node's counter with what every CPU holds back."""
        value: i64 = self.node_stat[node * NR_VM_NODE_STAT_ITEMS + item]
        cpu: u32
        for cpu in range(self.nr_cpus):
            value += self.node_diff[(node * self.nr_cpus + cpu) * NR_VM_NODE_STAT_ITEMS + item]
        return value

    @cython.ccall
    @cython.nogil
    def node_page_state(self, node: u32, item: cython.int) -> i64:
        """A node's counter as /sys/devices/system/node shows it."""
        value: i64 = self.node_stat[node * NR_VM_NODE_STAT_ITEMS + item]
        if value < 0:
            return 0
        return value

    @cython.ccall
    @cython.nogil
    def global_zone_page_state(self, item: cython.int) -> i64:
        """The machine's sum of a zone item, as /proc/vmstat and meminfo show it."""
        value: i64 = self.zone_global[item]
        if value < 0:
            return 0
        return value

    @cython.ccall
    @cython.nogil
    def global_node_page_state(self, item: cython.int) -> i64:
        """The machine's sum of a node item, as /proc/vmstat and meminfo show it."""
        value: i64 = self.node_global[item]
        if value < 0:
            return 0
        return value

    @cython.ccall
    @cython.nogil
    def vm_event(self, item: cython.int) -> u64:
        """Events of all CPUs: all_vm_events()."""
        return self.event[item]

    @cython.ccall
    @cython.nogil
    def zone_numa_event_state(self, zone: u32, item: cython.int) -> u64:
        """Allocations of a zone by NUMA outcome."""
        return self.numa_event[zone * NR_VM_NUMA_EVENT_ITEMS + item]

    def global_numa_event_state(self, item):
        """The machine's sum of a numa_stat_item."""
        return sum(self.zone_numa_event_state(zone, item) for zone in range(1, self.nr_zones))

    # -- folding

    @cython.ccall
    @cython.nogil
    def refresh_cpu_vm_stats(self, cpu: u32) -> cython.int:
        """Fold all that one CPU holds back: refresh_cpu_vm_stats()."""
        zone: u32
        node: u32
        item: cython.int
        at: u32
        for zone in range(1, self.nr_zones):
            for item in range(NR_VM_ZONE_STAT_ITEMS):
                at = (zone * self.nr_cpus + cpu) * NR_VM_ZONE_STAT_ITEMS + item
                if self.zone_diff[at]:
                    self.zone_page_state_add(zone, item, self.zone_diff[at])
                    self.zone_diff[at] = 0
        for node in range(self.nr_nodes):
            for item in range(NR_VM_NODE_STAT_ITEMS):
                at = (node * self.nr_cpus + cpu) * NR_VM_NODE_STAT_ITEMS + item
                if self.node_diff[at]:
                    self.node_page_state_add(node, item, self.node_diff[at])
                    self.node_diff[at] = 0
        return 0

    @cython.ccall
    @cython.nogil
    def need_update(self, cpu: u32) -> cython.bint:
        """Whether a CPU holds anything back."""
        zone: u32
        node: u32
        item: cython.int
        for zone in range(1, self.nr_zones):
            for item in range(NR_VM_ZONE_STAT_ITEMS):
                if self.zone_diff[(zone * self.nr_cpus + cpu) * NR_VM_ZONE_STAT_ITEMS + item]:
                    return True
        for node in range(self.nr_nodes):
            for item in range(NR_VM_NODE_STAT_ITEMS):
                if self.node_diff[(node * self.nr_cpus + cpu) * NR_VM_NODE_STAT_ITEMS + item]:
                    return True
        return False

    def refresh(self):
        """Make every counter exact: a write to vm/stat_refresh."""
        for cpu in range(self.nr_cpus):
            self.refresh_cpu_vm_stats(cpu)

    def set_zone_threshold(self, zone, managed_pages):
        """How much a CPU may hold back for a zone of that size: calculate_normal_threshold()."""
        mem = managed_pages >> 15  # units of 128 MiB
        normal = 2 * int(self.nr_cpus).bit_length() * (1 + int(mem).bit_length())
        threshold = min(MAX_STAT_THRESHOLD, normal) if managed_pages else 0
        node = (zone - 1) // MAX_NR_ZONES
        self.zone_threshold[zone] = threshold
        self.node_threshold[node] = max(self.node_threshold[node], threshold)

    def check(self):
        """Sums agree, and no CPU holds back more than it may."""
        for item in range(NR_VM_ZONE_STAT_ITEMS):
            zones = range(1, self.nr_zones)
            stat = sum(self.zone_stat[z * NR_VM_ZONE_STAT_ITEMS + item] for z in zones)
            assert stat == self.zone_global[item], item
        for item in range(NR_VM_NODE_STAT_ITEMS):
            nodes = range(self.nr_nodes)
            stat = sum(self.node_stat[n * NR_VM_NODE_STAT_ITEMS + item] for n in nodes)
            assert stat == self.node_global[item], item
        for at in range(self.nr_zones * self.nr_cpus * NR_VM_ZONE_STAT_ITEMS):
            threshold = self.zone_threshold[at // (self.nr_cpus * NR_VM_ZONE_STAT_ITEMS)]
            assert abs(self.zone_diff[at]) <= threshold
        for at in range(self.nr_nodes * self.nr_cpus * NR_VM_NODE_STAT_ITEMS):
            threshold = self.node_threshold[at // (self.nr_cpus * NR_VM_NODE_STAT_ITEMS)]
            assert abs(self.node_diff[at]) <= threshold
