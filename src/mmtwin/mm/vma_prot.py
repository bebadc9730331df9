"""From a vma's flags to the bits of its ptes.

Models arch/x86/mm/pgprot.c: protection_map; mm/mmap.c: vma_wants_writenotify(),
vma_set_page_prot(). The kernel keeps the result in vma->vm_page_prot; here it is computed, so it
cannot go stale.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED,
        PAGE_NX,
        PAGE_PRESENT,
        PAGE_PROTNONE,
        PAGE_RW,
        PAGE_USER,
    )
    from mmtwin.mm.types import u32, u64
    from mmtwin.mm.vm_flags import (
        VM_EXEC, VM_MAYWRITE, VM_READ, VM_SHARED, VM_SOFTDIRTY, VM_WRITE, VMOPS_FILE,
    )  # fmt: skip


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_cow_mapping(vm_flags: u64) -> cython.bint:
    """Private, and writable now or by mprotect()."""
    return (vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def vma_is_accessible(vm_flags: u64) -> cython.bint:
    """Not PROT_NONE."""
    return (vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) != 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def vma_wants_writenotify(vm_flags: u64, vm_ops: u32) -> cython.bint:
    """Whether the first store to a shared writable page must fault: file systems have
    page_mkwrite(), and soft-dirty is being tracked once VM_SOFTDIRTY is cleared."""
    if (vm_flags & (VM_WRITE | VM_SHARED)) != (VM_WRITE | VM_SHARED):
        return False
    if vm_ops == VMOPS_FILE:
        return True
    return not vm_flags & VM_SOFTDIRTY


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def vm_page_prot(vm_flags: u64, vm_ops: u32) -> u64:
    """The bits of a new, clean pte. Private mappings never get PAGE_RW here: that is what the
    write fault adds."""
    prot: u64 = PAGE_ACCESSED
    if not vma_is_accessible(vm_flags):
        return prot | PAGE_PROTNONE
    prot |= PAGE_PRESENT | PAGE_USER
    if not vm_flags & VM_EXEC:
        prot |= PAGE_NX
    if (vm_flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE):
        if not vma_wants_writenotify(vm_flags, vm_ops):
            prot |= PAGE_RW
    return prot
