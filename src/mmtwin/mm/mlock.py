"""mlock() and its relatives: areas whose pages stay resident.

VM_LOCKED is a flag of the area; locked_vm counts its pages, resident or not, against
RLIMIT_MEMLOCK. Locking faults every page in, unless VM_LOCKONFAULT puts that off. A resident
page that a locked area maps is PG_mlocked and unevictable (mlock_batch.py).

    mlock:    flags of the whole range first, area by area, then all its pages are faulted in
    munlock:  the same with the flag taken away
    mlockall: every area; MCL_FUTURE puts the flag into def_flags for later ones

Models mm/mlock.c: do_mlock(), apply_vma_lock_flags(), mlock_fixup(), mlock_vma_pages_range(),
apply_mlockall_flags(), count_mm_mlocked_page_nr(), can_do_mlock().
Not modelled: hugetlb, DAX and secret memory (which are never locked this way); SHM_LOCK.

Invariant: a live mm's locked_vm is the pages of its VM_LOCKED areas (Mmap.check() recounts it).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gup import Gup
    from mmtwin.mm.lru import Lru
    from mmtwin.mm.mlock_batch import MlockBatch
    from mmtwin.mm.mmap import Mmap
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_MASK, PAGE_PRESENT, PAGE_PROTNONE, PAGE_SHIFT, PAGE_SIZE, PAGE_SPECIAL, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.types import Currents, Mms, U64s, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import (
        EAGAIN, EFAULT, EINVAL, ENOMEM, EPERM, MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT,
        MLOCK_ONFAULT, RLIMIT_MEMLOCK,
    )  # fmt: skip
    from mmtwin.mm.vm_flags import (
        VM_DROPPABLE, VM_LOCKED, VM_LOCKED_MASK, VM_LOCKONFAULT, VM_SPECIAL,
    )  # fmt: skip
    from mmtwin.mm.vma import ALL_BITS, VmaOps
    from mmtwin.mm.vma_tree import VmaTree


@cython.final
@cython.cclass
class Mlock:
    """mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2) of the current task."""

    current: Currents
    mms: Mms
    vmas: Vmas
    ptes: U64s
    mmap: Mmap
    page_tables: PageTables
    gup: Gup
    lru: Lru
    mlock_batch: MlockBatch
    vma_tree: VmaTree
    vma_ops: VmaOps

    def __init__(self, arena, config):
        self.current, self.mms = arena.current, arena.mms
        self.vmas, self.ptes = arena.vmas, arena.ptes

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.gup, self.lru = m.page_tables, m.gup, m.lru
        self.mlock_batch, self.vma_tree, self.vma_ops = m.mlock_batch, m.vma_tree, m.vma
        self.mmap = m.mmap

    # Entry points

    @cython.ccall
    @cython.nogil
    def do_mlock(self, start: u64, length: u64, mlock2_flags: cython.int) -> cython.int:
        """mlock(2), or mlock2(2) with MLOCK_ONFAULT: 0 or -errno.

        -ENOMEM: over RLIMIT_MEMLOCK, or the range has holes (what lies before the first is
        locked); -EAGAIN: pages could not be had; -EPERM: no right to lock anything.
        """
        if mlock2_flags & ~MLOCK_ONFAULT:
            return -EINVAL
        if not self.mmap.can_do_mlock():
            return -EPERM
        vm_flags: u64 = VM_LOCKED | VM_LOCKONFAULT if mlock2_flags else VM_LOCKED
        end: u64 = (start + length + PAGE_SIZE - 1) & PAGE_MASK
        start &= PAGE_MASK
        if not self.within_limit(start, end):
            return -ENOMEM
        error: cython.int = self.apply_vma_lock_flags(start, end, vm_flags)
        if error:
            return error
        return self.posix_error(self.gup.mm_populate(start, end, False))

    @cython.ccall
    @cython.nogil
    def do_munlock(self, start: u64, length: u64) -> cython.int:
        """munlock(2): 0, -EINVAL or -ENOMEM where there is a hole."""
        end: u64 = (start + length + PAGE_SIZE - 1) & PAGE_MASK
        return self.apply_vma_lock_flags(start & PAGE_MASK, end, 0)

    @cython.ccall
    @cython.nogil
    def do_mlockall(self, flags: cython.int) -> cython.int:
        """mlockall(2): 0, -EINVAL, -EPERM, or -ENOMEM over RLIMIT_MEMLOCK."""
        if flags == 0 or flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) or flags == MCL_ONFAULT:
            return -EINVAL
        if not self.mmap.can_do_mlock():
            return -EPERM
        mm: u32 = self.current[0].mm
        if flags & MCL_CURRENT and not self.mmap.capable():
            if self.mms[mm].total_vm > self.mmap.rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT:
                return -ENOMEM
        self.apply_mlockall_flags(flags)
        if flags & MCL_CURRENT:
            self.gup.mm_populate(0, self.mms[mm].task_size, True)
        return 0

    @cython.ccall
    @cython.nogil
    def do_munlockall(self) -> cython.int:
        """munlockall(2)."""
        return self.apply_mlockall_flags(0)

    # Limits

    @cython.cfunc
    @cython.nogil
    def within_limit(self, start: u64, end: u64) -> cython.bint:
        """What is locked in the range already counts once."""
        if self.mmap.capable():
            return True
        locked: u64 = self.mms[self.current[0].mm].locked_vm
        locked += ((end - start) & ALL_BITS) >> PAGE_SHIFT
        limit: u64 = self.mmap.rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT
        if locked > limit:
            locked -= self.count_mm_mlocked_page_nr(start, end)
        return locked <= limit

    @cython.cfunc
    @cython.nogil
    def count_mm_mlocked_page_nr(self, start: u64, end: u64) -> u64:
        """Pages of [start, end) that are locked."""
        count: u64 = 0
        vma: u32 = self.vma_tree.find_vma(self.current[0].mm, start)
        while vma and self.vmas[vma].vm_start < end:
            if self.vmas[vma].vm_flags & VM_LOCKED:
                low: u64 = max(start, self.vmas[vma].vm_start)
                high: u64 = min(end, self.vmas[vma].vm_end)
                count += (high - low) >> PAGE_SHIFT
            vma = self.vmas[vma].vm_next
        return count

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def posix_error(self, error: cython.int) -> cython.int:
        """mlock_posix_error_return()."""
        if error == -EFAULT:
            return -ENOMEM
        return -EAGAIN if error == -ENOMEM else error

    # Flags of ranges

    @cython.cfunc
    @cython.nogil
    def apply_vma_lock_flags(self, start: u64, end: u64, lock_flags: u64) -> cython.int:
        """Replace VM_LOCKED_MASK of every vma in [start, end), up to the first hole."""
        if end < start:
            return -EINVAL
        mm: u32 = self.current[0].mm
        while start < end:
            vma: u32 = self.vma_tree.find_vma(mm, start)
            if vma == 0 or self.vmas[vma].vm_start > start:
                return -ENOMEM
            stop: u64 = min(end, self.vmas[vma].vm_end)
            newflags: u64 = (self.vmas[vma].vm_flags & ~VM_LOCKED_MASK & ALL_BITS) | lock_flags
            error: cython.int = self.mlock_fixup(vma, start, stop, newflags)
            if error:
                return error
            start = stop
        return 0

    @cython.cfunc
    @cython.nogil
    def apply_mlockall_flags(self, flags: cython.int) -> cython.int:
        """def_flags for MCL_FUTURE (or not), and every vma for MCL_CURRENT or munlockall()."""
        mm: u32 = self.current[0].mm
        lock_flags: u64 = VM_LOCKED | VM_LOCKONFAULT if flags & MCL_ONFAULT else VM_LOCKED
        self.mms[mm].def_flags &= ~VM_LOCKED_MASK & ALL_BITS
        if flags & MCL_FUTURE:
            self.mms[mm].def_flags |= lock_flags
            if not flags & MCL_CURRENT:
                return 0
        if not flags & MCL_CURRENT:
            lock_flags = 0
        at: u64 = 0
        vma: u32 = self.vma_tree.find_vma(mm, at)
        while vma:
            at = self.vmas[vma].vm_end
            newflags: u64 = (self.vmas[vma].vm_flags & ~VM_LOCKED_MASK & ALL_BITS) | lock_flags
            self.mlock_fixup(vma, self.vmas[vma].vm_start, at, newflags)  # errors are ignored
            vma = self.vma_tree.find_vma(mm, at)
        return 0

    @cython.cfunc
    @cython.nogil
    def mlock_fixup(self, vma: u32, start: u64, end: u64, newflags: u64) -> cython.int:
        """New lock flags for a part of one vma: 0 or -ENOMEM. Special mappings are left alone."""
        oldflags: u64 = self.vmas[vma].vm_flags
        if newflags == oldflags or oldflags & (VM_SPECIAL | VM_DROPPABLE):
            return 0
        found: i64 = self.vma_ops.vma_modify_flags(vma, start, end, newflags)
        if found < 0:
            return cython.cast(cython.int, found)
        vma = cython.cast(u32, found)
        self.vmas[vma].vm_flags = newflags
        if (oldflags ^ newflags) & VM_LOCKED == 0:
            return 0
        mm: u32 = self.vmas[vma].vm_mm
        if newflags & VM_LOCKED:
            self.mms[mm].locked_vm += (end - start) >> PAGE_SHIFT
        else:
            self.mms[mm].locked_vm -= (end - start) >> PAGE_SHIFT
        return self.mlock_vma_pages_range(vma, start, end)

    @cython.cfunc
    @cython.nogil
    def mlock_vma_pages_range(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Mark the resident pages of [start, end), or unmark them, as the vma's flags now say."""
        mm: u32 = self.vmas[vma].vm_mm
        self.lru.lru_add_drain()
        while start < end:
            start = self.page_tables.next_pmd(mm, start, end)
            if start >= end:
                break
            stop: u64 = self.page_tables.pmd_addr_end(start, end)
            at: u64 = self.page_tables.pte_offset(mm, start)
            if at:
                lock: cython.bint = self.vmas[vma].vm_flags & VM_LOCKED != 0
                self.mlock_pte_range(at, at + ((stop - start) >> PAGE_SHIFT), lock)
            start = stop
        return self.lru.lru_add_drain()

    @cython.cfunc
    @cython.nogil
    def mlock_pte_range(self, at: u64, end: u64, lock: cython.bint) -> cython.int:
        """The ptes at..end of one table."""
        while at < end:
            pte: u64 = self.ptes[at]
            if pte & (PAGE_PRESENT | PAGE_PROTNONE) and not pte & PAGE_SPECIAL:
                pfn: u64 = (pte & PTE_PFN_MASK) >> PAGE_SHIFT
                if lock:
                    self.mlock_batch.mlock_folio(pfn)
                else:
                    self.mlock_batch.munlock_folio(pfn)
            at += 1
        return 0
