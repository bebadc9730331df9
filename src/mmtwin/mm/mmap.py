"""mmap, munmap, brk, stack growth.

Models mm/mmap.c.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Pages, Sysctls, Tasks, Vmas, i32, i64, u32, u64


@cython.final
@cython.cclass
class Mmap:
    """Address-space system calls of the current task."""

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
    def do_mmap(self, addr: u64, length: u64, prot: u64, flags: u64, file: u32, pgoff: u64) -> i64:
        """mmap(2) with the offset in pages: the address, or -errno."""
        return 0

    @cython.ccall
    def do_munmap(self, addr: u64, length: u64) -> cython.int:
        """munmap(2): 0 or -errno."""
        return 0

    @cython.ccall
    def do_brk(self, brk: u64) -> u64:
        """brk(2): the new break, or the old one when refused."""
        return 0

    @cython.ccall
    def expand_stack(self, vma: u32, address: u64) -> cython.int:
        """Grow a VM_GROWSDOWN vma down to address: 0 or -ENOMEM."""
        return 0
