"""Reclaim: where memory comes from once free pages run out.

Stands in until reclaim is modelled: it frees nothing, so a machine that runs out of free pages
fails the allocation (or OOM-kills) where a real one would first reclaim its page cache.

Models mm/vmscan.c: the entry points try_to_free_pages(), wakeup_kswapd(), and their counters.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.mmzone import ZoneRecords
    from mmtwin.mm.types import u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import ALLOCSTALL_DMA


@cython.final
@cython.cclass
class Vmscan:
    """Direct reclaim and kswapd."""

    records: ZoneRecords
    vmstat: VmStat

    def __init__(self, arena, config):
        self.records = arena.zones

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.vmstat = m.vmstat

    @cython.ccall
    @cython.nogil
    def try_to_free_pages(self, gfp: u32, order: cython.int, preferred: u32, zone_type: u32) -> u64:
        """Direct reclaim for an allocation from position `preferred` of the zonelists on, up to
        zone_type: pages freed."""
        self.vmstat.count_vm_events(ALLOCSTALL_DMA + zone_type, 1)
        return 0

    @cython.ccall
    @cython.nogil
    def try_to_free_mem_cgroup_pages(
        self, memcg: u32, nr_pages: u64, gfp: u32, reclaim_options: u32
    ) -> u64:
        """Reclaim from a cgroup and its children: pages freed."""
        return 0

    @cython.ccall
    @cython.nogil
    def kswapd(self, node: u32) -> u64:
        """One turn of a node's kswapd: when it wants to run again, or 0 for when it is woken."""
        return 0

    @cython.ccall
    @cython.nogil
    def wakeup_kswapd(self, zone: u32) -> cython.int:
        """Wake the kswapd of a zone's node; so far only counted."""
        self.records[zone].kswapd_wakeups += 1
        return 0
