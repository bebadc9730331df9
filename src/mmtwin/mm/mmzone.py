"""Nodes, zones, watermarks, zonelists.

Models include/linux/mmzone.h, mm/mm_init.c.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class Zones:
    """The zones of the machine."""

    arena: object

    def __init__(self, arena, config):
        self.arena = arena

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""

    def boot(self):
        """Bring freshly zeroed arrays into the state of a booted machine."""

    def check(self):
        """Assert the invariants from scratch."""

    @cython.ccall
    def zone_of(self, pfn: u64) -> u32:
        """Index into `zones` of the zone that holds pfn: page_zone()."""
        return 0

    @cython.ccall
    def nid_of(self, pfn: u64) -> u32:
        """Node of a frame: page_to_nid()."""
        return 0
