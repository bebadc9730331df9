"""msync(): the errors of the call; what it writes back is a matter of the page cache.

Models mm/msync.c. Not modelled: vfs_fsync_range() for MS_SYNC of a shared file mapping, until
dirty pages are written back at all; no count of an address space depends on it.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.pgtable_types import PAGE_MASK, PAGE_SIZE
    from mmtwin.mm.types import Currents, Vmas, u32, u64
    from mmtwin.mm.uapi import EBUSY, EINVAL, ENOMEM, MS_ASYNC, MS_INVALIDATE, MS_SYNC
    from mmtwin.mm.vm_flags import VM_LOCKED
    from mmtwin.mm.vma import ALL_BITS
    from mmtwin.mm.vma_tree import VmaTree


@cython.final
@cython.cclass
class Msync:
    """msync(2) of the current task."""

    current: Currents
    vmas: Vmas
    vma_tree: VmaTree

    def __init__(self, arena, config):
        self.current, self.vmas = arena.current, arena.vmas

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.vma_tree = m.vma_tree

    @cython.ccall
    @cython.nogil
    def do_msync(self, start: u64, length: u64, flags: cython.int) -> cython.int:
        """msync(2): 0, -EINVAL, -ENOMEM (holes), -EBUSY (MS_INVALIDATE of locked memory)."""
        if flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) or start & (PAGE_SIZE - 1):
            return -EINVAL
        if flags & MS_ASYNC and flags & MS_SYNC:
            return -EINVAL
        end: u64 = (start + ((length + PAGE_SIZE - 1) & PAGE_MASK)) & ALL_BITS
        if end < start:
            return -ENOMEM
        return self.msync_range(start, end, flags)

    @cython.cfunc
    @cython.nogil
    def msync_range(self, start: u64, end: u64, flags: cython.int) -> cython.int:
        """Each vma of the range; holes are reported at the end, by MS_ASYNC alone at once."""
        unmapped: cython.int = 0
        while start < end:
            vma: u32 = self.vma_tree.find_vma(self.current[0].mm, start)
            if vma == 0:
                return -ENOMEM
            if self.vmas[vma].vm_start > start:
                if flags == MS_ASYNC or self.vmas[vma].vm_start >= end:
                    return -ENOMEM
                unmapped = -ENOMEM
            if flags & MS_INVALIDATE and self.vmas[vma].vm_flags & VM_LOCKED:
                return -EBUSY
            start = self.vmas[vma].vm_end
        return unmapped
