"""msync(): the errors of the call, and with MS_SYNC the writing back of shared file mappings.

Models mm/msync.c.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.page_flags import INODE_REGULAR
    from mmtwin.mm.page_writeback import PageWriteback
    from mmtwin.mm.pgtable_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.types import Currents, Files, Inodes, Vmas, u32, u64
    from mmtwin.mm.uapi import EBUSY, EINVAL, ENOMEM, MS_ASYNC, MS_INVALIDATE, MS_SYNC
    from mmtwin.mm.vm_flags import VM_LOCKED, VM_SHARED
    from mmtwin.mm.vma import ALL_BITS
    from mmtwin.mm.vma_tree import VmaTree


@cython.final
@cython.cclass
class Msync:
    """msync(2) of the current task."""

    current: Currents
    vmas: Vmas
    files: Files
    inodes: Inodes
    vma_tree: VmaTree
    writeback: PageWriteback

    def __init__(self, arena, config):
        self.current, self.vmas = arena.current, arena.vmas
        self.files, self.inodes = arena.files, arena.inodes

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.vma_tree, self.writeback = m.vma_tree, m.page_writeback

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
            error: cython.int = self.sync_part(vma, start, end) if flags & MS_SYNC else 0
            if error:
                return error
            start = self.vmas[vma].vm_end
        return unmapped

    @cython.cfunc
    @cython.nogil
    def sync_part(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Write back what a shared mapping of a file shows in the range: vfs_fsync_range()."""
        file: u32 = self.vmas[vma].vm_file
        if file == 0 or not self.vmas[vma].vm_flags & VM_SHARED:
            return 0
        if self.inodes[self.files[file].f_inode].i_kind != INODE_REGULAR:
            return 0
        if start < self.vmas[vma].vm_start:
            start = self.vmas[vma].vm_start
        if end > self.vmas[vma].vm_end:
            end = self.vmas[vma].vm_end
        offset: u64 = self.vmas[vma].vm_pgoff << PAGE_SHIFT
        offset += start - self.vmas[vma].vm_start
        return self.writeback.vfs_fsync_range(file, offset, offset + (end - start) - 1, 1)
