"""Stacks that grow: a fault below a VM_GROWSDOWN vma extends it.

    | mapping below |<- guard gap: 256 pages ->|   new   |  stack vma  |
                                               ^ address of the fault

Any distance is covered at once, as long as the limits hold and the guard gap to an accessible
mapping below stays free. (The gap above other mappings is kept by placement: vm_start_gap().)

Models mm/mmap.c (mm/vma.c since 6.16): expand_downwards(), acct_stack_growth(), expand_stack().
Not modelled: CONFIG_STACK_GROWSUP (no such machine here).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.mmap import Mmap
    from mmtwin.mm.rmap import Rmap
    from mmtwin.mm.types import Mms, Sysctls, Vmas, u32, u64
    from mmtwin.mm.uapi import EFAULT, ENOMEM, EPERM, RLIMIT_STACK
    from mmtwin.mm.util import Overcommit
    from mmtwin.mm.vm_flags import VM_EXEC, VM_GROWSDOWN, VM_LOCKED, VM_READ, VM_WRITE
    from mmtwin.mm.vma import VmaOps


@cython.final
@cython.cclass
class StackGrowth:
    """Extends stacks."""

    vmas: Vmas
    mms: Mms
    sysctl: Sysctls
    ops: VmaOps
    rmap: Rmap
    overcommit: Overcommit
    mmap: Mmap

    def __init__(self, arena, config):
        self.vmas = arena.vmas
        self.mms = arena.mms
        self.sysctl = arena.sysctl

    def wire(self, m):
        """Take the mechanisms that decide."""
        self.ops = m.vma
        self.rmap = m.rmap
        self.overcommit = m.overcommit
        self.mmap = m.mmap

    @cython.ccall
    @cython.nogil
    def expand_downwards(self, vma: u32, address: u64) -> cython.int:
        """Let a VM_GROWSDOWN vma start at the page of address: 0, or -ENOMEM, -EPERM, -EFAULT."""
        if (self.vmas[vma].vm_flags & VM_GROWSDOWN) == 0:
            return -EFAULT
        address &= ~cython.cast(u64, 0xFFF)
        if address < cython.cast(u64, self.sysctl[0].mmap_min_addr):
            return -EPERM
        if not self.keeps_guard_gap(vma, address):
            return -ENOMEM
        if self.vmas[vma].anon_vma == 0 and self.rmap.anon_vma_prepare(vma) != 0:
            return -ENOMEM
        if address >= self.vmas[vma].vm_start:
            return 0
        return self.grow(vma, address)

    @cython.cfunc
    @cython.nogil
    def keeps_guard_gap(self, vma: u32, address: u64) -> cython.bint:
        """The vma below does not matter if it is a stack too, or PROT_NONE."""
        prev: u32 = self.vmas[vma].vm_prev
        if prev == 0:
            return True
        flags: u64 = self.vmas[prev].vm_flags
        if (flags & VM_GROWSDOWN) != 0 or (flags & (VM_READ | VM_WRITE | VM_EXEC)) == 0:
            return True
        gap: u64 = cython.cast(u64, self.sysctl[0].stack_guard_gap) << 12
        return address - self.vmas[prev].vm_end >= gap

    @cython.cfunc
    @cython.nogil
    def grow(self, vma: u32, address: u64) -> cython.int:
        """Charge and extend."""
        mm: u32 = self.vmas[vma].vm_mm
        pages: u64 = (self.vmas[vma].vm_start - address) >> 12
        if pages > self.vmas[vma].vm_pgoff:
            return -ENOMEM
        if not self.acct_stack_growth(vma, self.vmas[vma].vm_end - address, pages):
            return -ENOMEM
        if (self.vmas[vma].vm_flags & VM_LOCKED) != 0:
            self.mms[mm].locked_vm += pages
        self.mmap.vm_stat_account(mm, self.vmas[vma].vm_flags, pages)
        return self.ops.set_range(
            vma, address, self.vmas[vma].vm_end, self.vmas[vma].vm_pgoff - pages
        )

    @cython.cfunc
    @cython.nogil
    def acct_stack_growth(self, vma: u32, size: u64, pages: u64) -> cython.bint:
        """RLIMIT_AS, RLIMIT_STACK, RLIMIT_MEMLOCK and overcommit, in this order."""
        mm: u32 = self.vmas[vma].vm_mm
        flags: u64 = self.vmas[vma].vm_flags
        if not self.mmap.may_expand_vm(mm, flags, pages):
            return False
        if size > self.mmap.rlimit(RLIMIT_STACK):
            return False
        if not self.mmap.mlock_future_ok(mm, flags, pages << 12):
            return False
        return self.overcommit.security_vm_enough_memory(mm, pages) == 0
