"""A two-level TLB a CPU, tagged by PCID.

Models arch/x86/mm/tlb.c and the hardware of a Skylake server.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class Tlb:
    """Translations cached per CPU."""

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
    @cython.nogil
    def switch_mm(self, mm: u32) -> cython.int:
        """Load another address space on the current CPU: switch_mm_irqs_off()."""
        return 0

    @cython.ccall
    @cython.nogil
    def flush_tlb_range(self, mm: u32, start: u64, end: u64) -> cython.int:
        """flush_tlb_mm_range(): here and, by shootdown, on the other CPUs of mm_cpumask."""
        return 0

    @cython.ccall
    @cython.nogil
    def flush_tlb_page(self, mm: u32, address: u64) -> cython.int:
        """One page."""
        return 0

    @cython.ccall
    @cython.nogil
    def flush_tlb_mm(self, mm: u32) -> cython.int:
        """All of an address space."""
        return 0
