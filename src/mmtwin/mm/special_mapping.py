"""Vmas that the kernel itself puts into an address space: the stack of a new program, vdso, vvar.

Models mm/mmap.c (mm/vma_exec.c, mm/vma.c since 6.16): insert_vm_struct(),
_install_special_mapping().
Not modelled: the contents; a fault there finds pages of the kernel's image (vdso.py of faults).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.mmap import Mmap
    from mmtwin.mm.types import Vmas, i64, u32, u64
    from mmtwin.mm.uapi import ENOMEM
    from mmtwin.mm.util import Overcommit
    from mmtwin.mm.vm_flags import VM_ACCOUNT, VM_DONTEXPAND, VM_SOFTDIRTY, VMOPS_SPECIAL
    from mmtwin.mm.vma import VmaOps
    from mmtwin.mm.vma_tree import VmaTree


@cython.final
@cython.cclass
class SpecialMapping:
    """Inserts vmas that no system call asked for."""

    vmas: Vmas
    tree: VmaTree
    ops: VmaOps
    overcommit: Overcommit
    mmap: Mmap

    def __init__(self, arena, config):
        self.vmas = arena.vmas

    def wire(self, m):
        """Take the mechanisms that vmas are made of."""
        self.tree = m.vma_tree
        self.ops = m.vma
        self.overcommit = m.overcommit
        self.mmap = m.mmap

    @cython.ccall
    @cython.nogil
    def insert_vm_struct(self, mm: u32, start: u64, end: u64, flags: u64) -> i64:
        """An anonymous vma over a free range, charged if VM_ACCOUNT: the vma, or -ENOMEM."""
        pages: i64 = (end - start) >> 12
        if self.tree.find_vma_intersection(mm, start, end) != 0:
            return -ENOMEM
        charge: i64 = pages if (flags & VM_ACCOUNT) != 0 else 0
        if charge != 0 and self.overcommit.security_vm_enough_memory(mm, charge) != 0:
            return -ENOMEM
        vma: u32 = self.ops.vm_area_alloc(mm)
        if vma == 0:
            self.overcommit.vm_unacct_memory(charge)
            return -ENOMEM
        self.ops.set_fields(vma, start, end, start >> 12, flags)
        self.ops.link_vma(mm, vma)
        self.mmap.vm_stat_account(mm, flags, pages)
        return vma

    @cython.ccall
    @cython.nogil
    def install_special_mapping(
        self, mm: u32, start: u64, nr_bytes: u64, flags: u64, name: u32
    ) -> i64:
        """A vma of pages that the kernel provides (NAME_*): the vma, or -ENOMEM."""
        flags |= VM_DONTEXPAND | VM_SOFTDIRTY
        vma: i64 = self.insert_vm_struct(mm, start, start + nr_bytes, flags)
        if vma > 0:
            self.vmas[vma].vm_pgoff = 0
            self.vmas[vma].vm_ops = VMOPS_SPECIAL
            self.vmas[vma].name = name
        return vma
