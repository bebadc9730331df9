"""madvise(): advice about a range, area by area; holes are reported after the rest was done.

    flags      NORMAL, RANDOM, SEQUENTIAL, DONTFORK, DOFORK, WIPEONFORK, KEEPONFORK, DONTDUMP,
               DODUMP, HUGEPAGE, NOHUGEPAGE: bits of vm_flags, so areas split and merge
    pages      DONTNEED, DONTNEED_LOCKED, FREE, COLD, PAGEOUT, REMOVE: the page tables of the range
    faults     POPULATE_READ, POPULATE_WRITE: stop at the first hole
    hint       WILLNEED

Models mm/madvise.c: do_madvise(), madvise_walk_vmas(), madvise_vma_behavior(),
madvise_update_vma(), madvise_dontneed_free(), madvise_remove(), madvise_populate().
Not modelled: advice that needs a mechanism not there yet (COLLAPSE, MERGEABLE,
UNMERGEABLE, HWPOISON, SOFT_OFFLINE, GUARD_INSTALL, GUARD_REMOVE) is -EINVAL here, as of a kernel
built without it, and refused by Task.madvise().
"""

import cython

if not cython.compiled:
    from mmtwin.mm.blk_plug import BlkPlug
    from mmtwin.mm.fadvise import Fadvise
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.memory import Memory
    from mmtwin.mm.pgtable_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.types import Currents, Files, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import (
        EACCES, EAGAIN, EFAULT, EINVAL, ENOMEM, FADV_WILLNEED, MADV_COLD, MADV_DODUMP, MADV_DOFORK,
        MADV_DONTDUMP, MADV_DONTFORK, MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE,
        MADV_HUGEPAGE, MADV_KEEPONFORK, MADV_NOHUGEPAGE, MADV_NORMAL, MADV_PAGEOUT,
        MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_RANDOM, MADV_REMOVE, MADV_SEQUENTIAL,
        MADV_WILLNEED, MADV_WIPEONFORK,
    )  # fmt: skip
    from mmtwin.mm.vm_flags import (
        VM_DONTCOPY, VM_DONTDUMP, VM_DROPPABLE, VM_HUGEPAGE, VM_IO, VM_LOCKED, VM_MAYWRITE,
        VM_NOHUGEPAGE, VM_PFNMAP, VM_RAND_READ, VM_READ, VM_SEQ_READ, VM_SHARED, VM_SPECIAL,
        VM_WIPEONFORK, VM_WRITE, VMOPS_NONE, VMOPS_SHMEM,
    )  # fmt: skip
    from mmtwin.mm.vma import ALL_BITS, VmaOps
    from mmtwin.mm.vma_tree import VmaTree


@cython.final
@cython.cclass
class Madvise:
    """madvise(2) of the current task."""

    current: Currents
    vmas: Vmas
    files: Files
    memory: Memory
    page_cache: PageCache
    fadvise: Fadvise
    vma_tree: VmaTree
    vma_ops: VmaOps
    plug: BlkPlug

    def __init__(self, arena, config):
        self.current, self.vmas, self.files = arena.current, arena.vmas, arena.files

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.memory, self.page_cache, self.fadvise = m.memory, m.page_cache, m.fadvise
        self.vma_tree, self.vma_ops, self.plug = m.vma_tree, m.vma, m.blk_plug

    # Entry point

    @cython.ccall
    @cython.nogil
    def do_madvise(self, start: u64, length: u64, advice: cython.int) -> cython.int:
        """madvise(2): 0 or -errno.

        -ENOMEM: the range has holes (the advice took effect beside them); -EAGAIN: too many
        mappings; -EACCES, -EFAULT: see madvise(2); -EINVAL: not for such a mapping, or unknown.
        """
        if not self.madvise_behavior_valid(advice) or start & (PAGE_SIZE - 1):
            return -EINVAL
        rounded: u64 = (length + PAGE_SIZE - 1) & PAGE_MASK
        if length and not rounded:
            return -EINVAL
        end: u64 = (start + rounded) & ALL_BITS
        if end < start:
            return -EINVAL
        if end == start:
            return 0
        if advice == MADV_POPULATE_READ or advice == MADV_POPULATE_WRITE:
            return self.madvise_populate(start, end, advice)
        self.plug.blk_start_plug()
        error: cython.int = self.madvise_walk_vmas(start, end, advice)
        self.plug.blk_finish_plug()
        return error

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def madvise_behavior_valid(self, advice: cython.int) -> cython.bint:
        if MADV_NORMAL <= advice <= MADV_DONTNEED or advice == MADV_FREE:
            return True
        if self.is_flag_advice(advice) or advice == MADV_REMOVE:
            return True
        if advice == MADV_COLD or advice == MADV_PAGEOUT:
            return True
        return MADV_POPULATE_READ <= advice <= MADV_DONTNEED_LOCKED

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_flag_advice(self, advice: cython.int) -> cython.bint:
        """Whether it is a matter of vm_flags only."""
        if MADV_NORMAL <= advice <= MADV_SEQUENTIAL:
            return True
        if advice == MADV_DONTFORK or advice == MADV_DOFORK:
            return True
        return MADV_HUGEPAGE <= advice <= MADV_KEEPONFORK

    @cython.cfunc
    @cython.nogil
    def madvise_walk_vmas(self, start: u64, end: u64, advice: cython.int) -> cython.int:
        """Each mapped part of [start, end): the first error, else -ENOMEM if there were holes."""
        mm: u32 = self.current[0].mm
        unmapped: cython.int = 0
        while start < end:
            vma: u32 = self.vma_tree.find_vma(mm, start)
            if vma == 0:
                return -ENOMEM
            if self.vmas[vma].vm_start > start:
                unmapped = -ENOMEM
                start = self.vmas[vma].vm_start
                if start >= end:
                    break
            stop: u64 = min(end, self.vmas[vma].vm_end)
            error: cython.int = self.madvise_vma_behavior(vma, start, stop, advice)
            if error:
                return error
            start = stop
        return unmapped

    @cython.cfunc
    @cython.nogil
    def madvise_vma_behavior(
        self, vma: u32, start: u64, end: u64, advice: cython.int
    ) -> cython.int:
        """One vma's part."""
        if self.is_flag_advice(advice):
            return self.madvise_flags(vma, start, end, advice)
        if advice == MADV_WILLNEED:
            return self.madvise_willneed(vma, start, end)
        if advice == MADV_REMOVE:
            return self.madvise_remove(vma, start, end)
        if advice == MADV_COLD or advice == MADV_PAGEOUT:
            if self.vmas[vma].vm_flags & (VM_LOCKED | VM_PFNMAP):
                return -EINVAL
            return self.memory.madvise_ptes(vma, start, end, advice)
        return self.madvise_dontneed_free(vma, start, end, advice)

    # Flags

    @cython.cfunc
    @cython.nogil
    def madvise_flags(self, vma: u32, start: u64, end: u64, advice: cython.int) -> cython.int:
        """0, -EINVAL, or -EAGAIN where the vma cannot be split: madvise_update_vma()."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        error: cython.int = self.check_flag_advice(vma, advice)
        if error:
            return error
        new_flags: u64 = self.advised_flags(vm_flags, advice)
        if new_flags == vm_flags:
            return 0
        found: i64 = self.vma_ops.vma_modify_flags(vma, start, end, new_flags)
        if found < 0:
            return -EAGAIN if found == -ENOMEM else cython.cast(cython.int, found)
        self.vmas[cython.cast(u32, found)].vm_flags = new_flags
        return 0

    @cython.cfunc
    @cython.nogil
    def check_flag_advice(self, vma: u32, advice: cython.int) -> cython.int:
        """-EINVAL where this vma does not take it."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        if advice == MADV_DOFORK and vm_flags & VM_IO:
            return -EINVAL
        if advice == MADV_WIPEONFORK and (self.vmas[vma].vm_file or vm_flags & VM_SHARED):
            return -EINVAL
        if advice == MADV_KEEPONFORK and vm_flags & VM_DROPPABLE:
            return -EINVAL
        if advice == MADV_DODUMP and vm_flags & (VM_SPECIAL | VM_DROPPABLE):
            return -EINVAL
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def advised_flags(self, vm_flags: u64, advice: cython.int) -> u64:
        """vm_flags as the advice wants them."""
        if advice == MADV_NORMAL:
            return vm_flags & ~(VM_RAND_READ | VM_SEQ_READ) & ALL_BITS
        if advice == MADV_SEQUENTIAL:
            return (vm_flags & ~VM_RAND_READ & ALL_BITS) | VM_SEQ_READ
        if advice == MADV_RANDOM:
            return (vm_flags & ~VM_SEQ_READ & ALL_BITS) | VM_RAND_READ
        if advice == MADV_DONTFORK:
            return vm_flags | VM_DONTCOPY
        if advice == MADV_DOFORK:
            return vm_flags & ~VM_DONTCOPY & ALL_BITS
        if advice == MADV_WIPEONFORK:
            return vm_flags | VM_WIPEONFORK
        if advice == MADV_KEEPONFORK:
            return vm_flags & ~VM_WIPEONFORK & ALL_BITS
        if advice == MADV_DONTDUMP:
            return vm_flags | VM_DONTDUMP
        if advice == MADV_HUGEPAGE:
            return (vm_flags & ~VM_NOHUGEPAGE & ALL_BITS) | VM_HUGEPAGE
        if advice == MADV_NOHUGEPAGE:
            return (vm_flags & ~VM_HUGEPAGE & ALL_BITS) | VM_NOHUGEPAGE
        return vm_flags & ~VM_DONTDUMP & ALL_BITS  # MADV_DODUMP

    # Pages

    @cython.cfunc
    @cython.nogil
    def madvise_dontneed_free(
        self, vma: u32, start: u64, end: u64, advice: cython.int
    ) -> cython.int:
        """MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE: 0 or -EINVAL."""
        forbidden: u64 = VM_PFNMAP if advice == MADV_DONTNEED_LOCKED else VM_PFNMAP | VM_LOCKED
        if self.vmas[vma].vm_flags & forbidden:
            return -EINVAL
        if advice != MADV_FREE:
            return self.memory.zap_and_reclaim(vma, start, end)
        if self.vmas[vma].vm_ops != VMOPS_NONE:
            return -EINVAL
        return self.memory.madvise_ptes(vma, start, end, advice)

    @cython.cfunc
    @cython.nogil
    def madvise_willneed(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Begin to read what is in swap, or what the file behind the mapping has there."""
        if self.vmas[vma].vm_file == 0:
            return self.memory.madvise.swapin_range(vma, start, end)
        if self.vmas[vma].vm_ops == VMOPS_SHMEM:
            first: u64 = self.vmas[vma].vm_pgoff + ((start - self.vmas[vma].vm_start) >> PAGE_SHIFT)
            last: u64 = first + ((end - start) >> PAGE_SHIFT) - 1
            inode: u32 = self.files[self.vmas[vma].vm_file].f_inode
            return self.memory.madvise.shmem_swapin_range(inode, first, last)
        offset: u64 = (self.vmas[vma].vm_pgoff << PAGE_SHIFT) + start - self.vmas[vma].vm_start
        length: i64 = cython.cast(i64, end - start)
        return self.fadvise.generic_fadvise(
            self.vmas[vma].vm_file, cython.cast(i64, offset), length, FADV_WILLNEED
        )

    @cython.cfunc
    @cython.nogil
    def madvise_remove(self, vma: u32, start: u64, end: u64) -> cython.int:
        """MADV_REMOVE punches a hole into the file behind a shared mapping: 0, -EINVAL, -EACCES."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        if vm_flags & VM_LOCKED or self.vmas[vma].vm_file == 0:
            return -EINVAL
        if vm_flags & (VM_SHARED | VM_MAYWRITE) != VM_SHARED | VM_MAYWRITE:
            return -EACCES
        first: u64 = self.vmas[vma].vm_pgoff + ((start - self.vmas[vma].vm_start) >> PAGE_SHIFT)
        last: u64 = first + ((end - start) >> PAGE_SHIFT) - 1
        inode: u32 = self.files[self.vmas[vma].vm_file].f_inode
        return self.page_cache.truncate_pagecache_range(inode, first, last)

    # Faults

    @cython.cfunc
    @cython.nogil
    def madvise_populate(self, start: u64, end: u64, advice: cython.int) -> cython.int:
        """MADV_POPULATE_*: 0, -ENOMEM (hole, no memory), -EINVAL (no such right), -EFAULT."""
        write: cython.int = 1 if advice == MADV_POPULATE_WRITE else 0
        needed: u64 = VM_WRITE if write else VM_READ
        while start < end:
            vma: u32 = self.vma_tree.vma_lookup(self.current[0].mm, start)
            if vma == 0:
                return -ENOMEM
            vm_flags: u64 = self.vmas[vma].vm_flags
            if vm_flags & (VM_IO | VM_PFNMAP) or not vm_flags & needed:
                return -EINVAL
            stop: u64 = min(end, self.vmas[vma].vm_end)
            done: i64 = self.memory.populate_range(vma, start, stop, write)
            if done <= 0:
                return -EFAULT if done == -EFAULT else -ENOMEM
            start += cython.cast(u64, done) << PAGE_SHIFT
        return 0
