"""Page faults, copying and tearing down page tables.

Models mm/memory.c, mm/gup.c, arch/x86/mm/fault.c.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class Memory:
    """The fault handlers and the walks over ranges of ptes."""

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
    def do_user_addr_fault(self, address: u64, write: cython.int, exec_: cython.int) -> cython.int:
        """A CPU fault of the current task: finds or grows the vma, handles it, counts min_flt or maj_flt. 0, or the signal (SIGSEGV, SIGBUS, SIGKILL for out of memory)."""
        return 0

    @cython.ccall
    @cython.nogil
    def copy_page_range(self, dst_vma: u32, src_vma: u32) -> cython.int:
        """fork(): share the pages, write-protecting private ones: 0 or -ENOMEM."""
        return 0

    @cython.ccall
    @cython.nogil
    def zap_page_range(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Unmap the pages of [start, end) inside one vma: zap_page_range_single(), unmap_vmas()."""
        return 0

    @cython.ccall
    @cython.nogil
    def change_protection(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Rewrite present ptes for the vma's new vm_flags (already set): change_protection()."""
        return 0

    @cython.ccall
    @cython.nogil
    def move_page_tables(self, vma: u32, old_addr: u64, new_vma: u32, new_addr: u64, length: u64) -> u64:
        """mremap: move ptes; bytes moved (less than length when out of memory)."""
        return 0

    @cython.ccall
    @cython.nogil
    def populate_range(self, vma: u32, start: u64, end: u64, write: cython.int) -> i64:
        """Fault in a part of a vma as gup does: pages, or -ENOMEM, -EFAULT. populate_vma_page_range(), faultin_page_range()."""
        return 0

    @cython.ccall
    @cython.nogil
    def madvise_ptes(self, vma: u32, start: u64, end: u64, advice: cython.int) -> cython.int:
        """The pte side of MADV_FREE, MADV_COLD (DONTNEED is zap_page_range())."""
        return 0
