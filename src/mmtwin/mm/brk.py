"""The heap: brk(2).

    start_brk              brk (bytes)
        |=== heap vma ======|---]            the vma ends at the page boundary above brk
                            ^ grows by joining the vma below, never one above

Models mm/mmap.c: SYSCALL brk, do_brk_flags(), check_brk_limits(); include/linux/mm.h:
check_data_rlimit().
Not modelled: compat_brk (CONFIG_COMPAT_BRK is off in distributions).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gup import Gup
    from mmtwin.mm.mmap import Mmap
    from mmtwin.mm.mmap_layout import MmapLayout
    from mmtwin.mm.munmap import Munmap
    from mmtwin.mm.types import Currents, Mms, Sysctls, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import EAGAIN, ENOMEM, MAP_FIXED, RLIM_INFINITY, RLIMIT_DATA
    from mmtwin.mm.util import Overcommit
    from mmtwin.mm.vm_flags import VM_ACCOUNT, VM_LOCKED, VM_SOFTDIRTY
    from mmtwin.mm.vma import VmaMerges, VmaOps
    from mmtwin.mm.vma_tree import VmaTree

# rw, and all that mprotect may add
VM_DATA_FLAGS = cython.declare(cython.const[cython.ulonglong], 0x73)


@cython.final
@cython.cclass
class Brk:
    """Moves the end of the heap."""

    vmas: Vmas
    mms: Mms
    sysctl: Sysctls
    current: Currents
    vmg: VmaMerges
    tree: VmaTree
    ops: VmaOps
    layout: MmapLayout
    overcommit: Overcommit
    mmap: Mmap
    munmap: Munmap
    gup: Gup

    def __init__(self, arena, config):
        self.vmas = arena.vmas
        self.mms = arena.mms
        self.sysctl = arena.sysctl
        self.current = arena.current
        self.vmg = arena.vmg

    def wire(self, m):
        """Take the mechanisms that mappings are made of."""
        self.tree = m.vma_tree
        self.ops = m.vma
        self.layout = m.mmap_layout
        self.overcommit = m.overcommit
        self.mmap = m.mmap
        self.munmap = m.munmap
        self.gup = m.gup

    @cython.ccall
    @cython.nogil
    def do_brk(self, brk: u64) -> u64:
        """brk(2) of the current task: the new break in bytes, or the old one when refused."""
        mm: u32 = self.current[0].mm
        old: u64 = self.mms[mm].brk
        if brk < self.mms[mm].start_brk or not self.within_data_rlimit(mm, brk):
            return old
        old_end: u64 = (old + 0xFFF) & ~cython.cast(u64, 0xFFF)
        new_end: u64 = (brk + 0xFFF) & ~cython.cast(u64, 0xFFF)
        if new_end == old_end:
            self.mms[mm].brk = brk
            return brk
        error: cython.int
        if brk <= old:
            error = self.shrink(mm, new_end, old_end)
        else:
            error = self.grow(mm, old_end, new_end)
        if error != 0:
            return old
        self.mms[mm].brk = brk
        if new_end > old_end and (self.mms[mm].def_flags & VM_LOCKED) != 0:
            self.gup.mm_populate(old_end, new_end, True)
        return brk

    @cython.cfunc
    @cython.nogil
    def within_data_rlimit(self, mm: u32, brk: u64) -> cython.bint:
        """check_data_rlimit(): heap and initialised data together."""
        limit: u64 = self.mmap.rlimit(RLIMIT_DATA)
        if limit == RLIM_INFINITY:
            return True
        data: u64 = self.mms[mm].end_data - self.mms[mm].start_data
        return brk - self.mms[mm].start_brk + data <= limit

    @cython.cfunc
    @cython.nogil
    def shrink(self, mm: u32, new_end: u64, old_end: u64) -> cython.int:
        if self.tree.find_vma_intersection(mm, new_end, old_end) == 0:
            return -ENOMEM
        return self.munmap.unmap_range(mm, new_end, old_end)

    @cython.cfunc
    @cython.nogil
    def grow(self, mm: u32, old_end: u64, new_end: u64) -> cython.int:
        """Checks of the limits and of the room, then do_brk_flags()."""
        length: u64 = new_end - old_end
        place: i64 = self.layout.get_unmapped_area(0, old_end, length, 0, MAP_FIXED)
        if place < 0:
            return cython.cast(cython.int, place)
        if not self.mmap.mlock_future_ok(mm, self.mms[mm].def_flags, length):
            return -EAGAIN
        above: u32 = self.tree.find_vma(mm, old_end)
        if above != 0 and new_end + 0x1000 > self.tree.vm_start_gap(above):
            return -ENOMEM
        return self.do_brk_flags(mm, old_end, length)

    @cython.cfunc
    @cython.nogil
    def do_brk_flags(self, mm: u32, addr: u64, length: u64) -> cython.int:
        """Map zeroed memory there: more of the heap's vma, or one of its own."""
        pages: i64 = length >> 12
        flags: u64 = VM_DATA_FLAGS | VM_ACCOUNT | self.mms[mm].def_flags
        if not self.mmap.may_expand_vm(mm, flags, pages):
            return -ENOMEM
        if self.mms[mm].map_count > self.sysctl[0].max_map_count:
            return -ENOMEM
        if self.overcommit.security_vm_enough_memory(mm, pages) != 0:
            return -ENOMEM
        vma: u32 = self.extend_or_insert(mm, addr, length, flags)
        if vma == 0:
            self.overcommit.vm_unacct_memory(pages)
            return -ENOMEM
        self.mms[mm].total_vm += pages
        self.mms[mm].data_vm += pages
        if (flags & VM_LOCKED) != 0:
            self.mms[mm].locked_vm += pages
        self.vmas[vma].vm_flags |= VM_SOFTDIRTY
        return 0

    @cython.cfunc
    @cython.nogil
    def extend_or_insert(self, mm: u32, addr: u64, length: u64, flags: u64) -> u32:
        """The vma that now holds the range, or 0. Below start_brk nothing is joined."""
        self.ops.vmg_range(mm, addr, addr + length, flags, addr >> 12)
        self.vmg[0].next = 0
        prev: u32 = self.vmg[0].prev
        if prev != 0 and self.vmas[prev].vm_end <= self.mms[mm].start_brk:
            self.vmg[0].prev = 0
        vma: u32 = self.ops.vma_merge_new_range()
        if vma != 0:
            return vma
        vma = self.ops.vm_area_alloc(mm)
        if vma != 0:
            self.ops.set_fields(vma, addr, addr + length, addr >> 12, flags)
            self.ops.link_vma(mm, vma)
        return vma
