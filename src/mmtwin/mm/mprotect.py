"""mprotect(): new rights for a range, area by area.

    |  vma 1  |   vma 2   |  vma 3  |
         [=======================)       three calls of mprotect_fixup(): a split at both ends,
                                         merges where the new flags are the neighbour's
                                         an error stops there; what was done before it stays

A private area that becomes writable is charged to Committed_AS, once (VM_ACCOUNT remembers).
Models mm/mprotect.c: do_mprotect_pkey(), mprotect_fixup().
Not modelled: protection keys, mseal(), and the check that an unprivileged task may not take
away all rights of a device mapping (there are no device mappings).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gup import Gup
    from mmtwin.mm.memory import Memory
    from mmtwin.mm.mmap import Mmap
    from mmtwin.mm.pgtable_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.types import Currents, Sysctls, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import (
        EACCES, EINVAL, ENOMEM, PROT_EXEC, PROT_GROWSDOWN, PROT_GROWSUP, PROT_READ, PROT_SEM,
        PROT_WRITE,
    )  # fmt: skip
    from mmtwin.mm.util import Overcommit
    from mmtwin.mm.vm_flags import (
        VM_ACCOUNT, VM_GROWSDOWN, VM_LOCKED, VM_NORESERVE, VM_SHARED, VM_WRITE, VMOPS_NONE,
    )  # fmt: skip
    from mmtwin.mm.vma import ALL_BITS, VmaOps
    from mmtwin.mm.vma_tree import VmaTree

VM_ACCESS_FLAGS = cython.declare(cython.const[cython.ulonglong], 7)  # VM_READ | VM_WRITE | VM_EXEC
VM_MAY_SHIFT = cython.declare(cython.const[cython.int], 4)  # from VM_READ to VM_MAYREAD ...
KERNEL_UNACCOUNT_UNFAULTED = cython.declare(cython.const[cython.int], 605)


@cython.final
@cython.cclass
class Mprotect:
    """mprotect(2) of the current task."""

    current: Currents
    sysctl: Sysctls
    vmas: Vmas
    memory: Memory
    vma_tree: VmaTree
    vma_ops: VmaOps
    mmap: Mmap
    overcommit: Overcommit
    gup: Gup

    def __init__(self, arena, config):
        self.current, self.sysctl, self.vmas = arena.current, arena.sysctl, arena.vmas

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.memory, self.vma_tree, self.vma_ops = m.memory, m.vma_tree, m.vma
        self.mmap, self.overcommit, self.gup = m.mmap, m.overcommit, m.gup

    @cython.ccall
    @cython.nogil
    def do_mprotect(self, start: u64, length: u64, prot: u64) -> cython.int:
        """mprotect(2): 0, -EINVAL, -ENOMEM (a hole, or no memory) or -EACCES."""
        grows: u64 = prot & (PROT_GROWSDOWN | PROT_GROWSUP)
        prot &= ~(PROT_GROWSDOWN | PROT_GROWSUP) & ALL_BITS
        if grows == (PROT_GROWSDOWN | PROT_GROWSUP) or start & (PAGE_SIZE - 1):
            return -EINVAL
        if length == 0:
            return 0
        end: u64 = (start + ((length + PAGE_SIZE - 1) & PAGE_MASK)) & ALL_BITS
        if end <= start:
            return -ENOMEM
        if prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM) & ALL_BITS:
            return -EINVAL
        vma: u32 = self.vma_tree.find_vma(self.current[0].mm, start)
        if vma == 0 or self.vmas[vma].vm_start >= end:
            return -ENOMEM
        if grows & PROT_GROWSDOWN:
            start = self.vmas[vma].vm_start
            if not self.vmas[vma].vm_flags & VM_GROWSDOWN:
                return -EINVAL
        elif self.vmas[vma].vm_start > start:
            return -ENOMEM
        elif grows:
            return -EINVAL  # no area of x86 grows up
        return self.mprotect_range(vma, start, end, prot & VM_ACCESS_FLAGS)

    @cython.cfunc
    @cython.nogil
    def mprotect_range(self, vma: u32, start: u64, end: u64, access: u64) -> cython.int:
        """Each area of [start, end), of which `vma` holds the start."""
        mm: u32 = self.current[0].mm
        while True:
            stop: u64 = self.vmas[vma].vm_end
            if stop > end:
                stop = end
            newflags: u64 = access | (self.vmas[vma].vm_flags & ~VM_ACCESS_FLAGS & ALL_BITS)
            if access & ~(newflags >> VM_MAY_SHIFT) & ALL_BITS:
                return -EACCES
            error: cython.int = self.mprotect_fixup(vma, start, stop, newflags)
            if error or stop >= end:
                return error
            start = stop
            vma = self.vma_tree.find_vma(mm, start)
            if vma == 0 or self.vmas[vma].vm_start > start:
                return -ENOMEM

    @cython.ccall
    @cython.nogil
    def mprotect_fixup(self, vma: u32, start: u64, end: u64, newflags: u64) -> cython.int:
        """New flags for a part of one vma: 0 or -ENOMEM."""
        mm: u32 = self.vmas[vma].vm_mm
        oldflags: u64 = self.vmas[vma].vm_flags
        nrpages: i64 = cython.cast(i64, (end - start) >> PAGE_SHIFT)
        if newflags == oldflags:
            return 0
        if newflags & VM_WRITE:
            if not self.mmap.may_expand_vm(mm, newflags, nrpages) and self.mmap.may_expand_vm(
                mm, oldflags, nrpages
            ):
                return -ENOMEM  # RLIMIT_DATA
        charged: i64 = 0
        if newflags & VM_WRITE and not oldflags & (
            VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE
        ):
            if self.overcommit.security_vm_enough_memory(mm, nrpages):
                return -ENOMEM
            charged = nrpages
            newflags |= VM_ACCOUNT
        elif not newflags & VM_WRITE and self.is_unfaulted(vma):
            newflags &= ~VM_ACCOUNT & ALL_BITS
        found: i64 = self.vma_ops.vma_modify_flags(vma, start, end, newflags)
        if found < 0:
            if charged:
                self.overcommit.vm_unacct_memory(charged)
            return cython.cast(cython.int, found)
        self.change(cython.cast(u32, found), start, end, oldflags, newflags)
        if oldflags & VM_ACCOUNT and not newflags & VM_ACCOUNT:
            self.overcommit.vm_unacct_memory(nrpages)
        return 0

    @cython.cfunc
    @cython.nogil
    def is_unfaulted(self, vma: u32) -> cython.bint:
        """Private memory that nothing was ever written to gives its charge back, since 6.5."""
        if self.sysctl[0].kernel < KERNEL_UNACCOUNT_UNFAULTED:
            return False
        return self.vmas[vma].vm_ops == VMOPS_NONE and self.vmas[vma].anon_vma == 0

    @cython.cfunc
    @cython.nogil
    def change(self, vma: u32, start: u64, end: u64, oldflags: u64, newflags: u64) -> cython.int:
        """Set the flags, bring the ptes and the counts of the mm in line."""
        mm: u32 = self.vmas[vma].vm_mm
        nrpages: i64 = cython.cast(i64, (end - start) >> PAGE_SHIFT)
        self.vmas[vma].vm_flags = newflags
        self.memory.change_protection(vma, start, end)
        locked_readonly: cython.bint = oldflags & (VM_WRITE | VM_SHARED | VM_LOCKED) == VM_LOCKED
        if locked_readonly and newflags & VM_WRITE:  # copies now, not at the first write
            self.gup.populate_vma_page_range(vma, start, end)
        self.mmap.vm_stat_account(mm, oldflags, -nrpages)
        self.mmap.vm_stat_account(mm, newflags, nrpages)
        return 0
