"""munmap(2): cut, zap, give back.

    munmap of [a, b):   [  vma 1  ][ vma 2 ][  vma 3  ]
                             a^                ^b           split, split, detach, zap, free tables
                        [ 1 ]                  [  3   ]

mmap() with MAP_FIXED gathers what is in its way, checks its own limits, and only then completes.

Models mm/vma.c: do_vmi_munmap(), do_vmi_align_munmap(), vms_gather_munmap_vmas(),
vms_complete_munmap_vmas().
Not modelled: hugetlb's larger units, sealing, userfaultfd's event.

Invariant: between gathering and completing, `vms` counts the vmas of [start, end) and nothing is
unmapped yet.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.memory import Memory
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.types import Currents, Mms, Sysctls, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import EINVAL, ENOMEM
    from mmtwin.mm.util import Overcommit
    from mmtwin.mm.vm_flags import VM_ACCOUNT, VM_LOCKED
    from mmtwin.mm.vma import VmaOps
    from mmtwin.mm.vma_tree import VmaTree

# What an munmap in progress has found: the kernel's vma_munmap_struct. One record in `vms`.
VmaMunmap = cython.struct(
    start=u64,
    end=u64,
    nr_pages=u64,
    nr_accounted=u64,  # pages of VM_ACCOUNT vmas
    first=u32,  # vma; 0: nothing is mapped there
    pad=u32,
)

if cython.compiled:
    VmaMunmaps = cython.typedef(VmaMunmap[::1])
else:
    VmaMunmaps = object


@cython.final
@cython.cclass
class Munmap:
    """Takes ranges out of the current task's address space."""

    vmas: Vmas
    mms: Mms
    sysctl: Sysctls
    current: Currents
    vms: VmaMunmaps
    tree: VmaTree
    ops: VmaOps
    overcommit: Overcommit
    memory: Memory
    page_tables: PageTables
    mmap = cython.declare("Mmap")
    mmu_gather = cython.declare("MmuGather")
    zap = cython.declare("Zap")
    rss = cython.declare("RssStat")

    def __init__(self, arena, config):
        self.vmas = arena.vmas
        self.mms = arena.mms
        self.sysctl = arena.sysctl
        self.current = arena.current
        self.vms = arena.array("vms", "munmap.VmaMunmap", 1)

    def wire(self, m):
        """Take the mechanisms that mappings are made of."""
        self.tree = m.vma_tree
        self.ops = m.vma
        self.overcommit = m.overcommit
        self.memory = m.memory
        self.page_tables = m.page_tables
        self.mmap, self.mmu_gather = m.mmap, m.mmu_gather
        self.zap, self.rss = m.zap, m.rss_stat

    @cython.ccall
    @cython.nogil
    def do_munmap(self, addr: u64, length: u64) -> cython.int:
        """munmap(2) of the current task: 0 or -errno."""
        mm: u32 = self.current[0].mm
        task_size: u64 = self.mms[mm].task_size
        if (addr & 0xFFF) != 0 or addr > task_size or length > task_size - addr:
            return -EINVAL
        length = (length + 0xFFF) & ~cython.cast(u64, 0xFFF)
        if length == 0:
            return -EINVAL
        return self.unmap_range(mm, addr, addr + length)

    @cython.ccall
    @cython.nogil
    def unmap_range(self, mm: u32, start: u64, end: u64) -> cython.int:
        """do_vmi_align_munmap(): arguments are checked already. 0 or -ENOMEM, -EINVAL."""
        error: cython.int = self.gather_munmap(mm, start, end)
        if error != 0:
            return error
        return self.complete_munmap(mm)

    @cython.ccall
    @cython.nogil
    def gather_munmap(self, mm: u32, start: u64, end: u64) -> cython.int:
        """Cut at both ends and count what lies between: vms_gather_munmap_vmas()."""
        self.vms[0].start = start
        self.vms[0].end = end
        self.vms[0].nr_pages = 0
        self.vms[0].nr_accounted = 0
        vma: u32 = self.tree.find_vma_intersection(mm, start, end)
        self.vms[0].first = vma
        if vma == 0:
            return 0
        error: cython.int = 0
        if start > self.vmas[vma].vm_start:
            if end < self.vmas[vma].vm_end:
                if self.mms[mm].map_count >= self.sysctl[0].max_map_count:
                    return -ENOMEM
            error = self.ops.split_vma_unlimited(vma, start, 1)
            if error != 0:
                return error
        while vma != 0 and self.vmas[vma].vm_start < end:
            if self.vmas[vma].vm_end > end:
                error = self.ops.split_vma_unlimited(vma, end, 0)
                if error != 0:
                    return error
            self.vms[0].nr_pages += (self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> 12
            if (self.vmas[vma].vm_flags & VM_ACCOUNT) != 0:
                pages: u64 = (self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> 12
                self.vms[0].nr_accounted += pages
            vma = self.vmas[vma].vm_next
        return 0

    @cython.ccall
    @cython.nogil
    def complete_munmap(self, mm: u32) -> cython.int:
        """Zap, free the page tables and remove the gathered vmas."""
        vma: u32 = self.vms[0].first
        end: u64 = self.vms[0].end
        if vma == 0:
            return 0
        floor: u64 = 0
        if self.vmas[vma].vm_prev != 0:
            floor = self.vmas[self.vmas[vma].vm_prev].vm_end
        self.update_hiwater_vm(mm)
        following: u32 = vma
        self.zap.drain_before()
        self.rss.update_hiwater_rss(mm)
        self.mmu_gather.tlb_gather_mmu(mm)
        while following != 0 and self.vmas[following].vm_start < end:
            self.zap.unmap_page_range(
                following, self.vmas[following].vm_start, self.vmas[following].vm_end
            )
            following = self.vmas[following].vm_next
        while vma != following:
            self.free_vma_tables(mm, vma, floor, self.vmas[vma].vm_next)
            vma = self.vmas[vma].vm_next
        self.mmu_gather.tlb_finish_mmu()
        vma = self.vms[0].first
        while vma != following:
            above: u32 = self.vmas[vma].vm_next
            self.unaccount(mm, vma)
            self.ops.remove_vma(mm, vma)
            vma = above
        self.overcommit.vm_unacct_memory(self.vms[0].nr_accounted)
        return 0

    @cython.cfunc
    @cython.nogil
    def free_vma_tables(self, mm: u32, vma: u32, floor: u64, above: u32) -> cython.int:
        """Tables that no vma below `floor` or above `vma` still needs."""
        ceiling: u64 = 0
        if above != 0:
            ceiling = self.vmas[above].vm_start
        return self.page_tables.free_pgtables(
            mm, self.vmas[vma].vm_start, self.vmas[vma].vm_end, floor, ceiling
        )

    @cython.cfunc
    @cython.nogil
    def unaccount(self, mm: u32, vma: u32) -> cython.int:
        """Take a vma out of the mm's totals."""
        pages: i64 = (self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> 12
        if (self.vmas[vma].vm_flags & VM_LOCKED) != 0:
            self.mms[mm].locked_vm -= pages
        return self.mmap.vm_stat_account(mm, self.vmas[vma].vm_flags, -pages)

    @cython.ccall
    @cython.nogil
    def update_hiwater_vm(self, mm: u32) -> cython.int:
        """Note total_vm before it shrinks."""
        if self.mms[mm].total_vm > self.mms[mm].hiwater_vm:
            self.mms[mm].hiwater_vm = self.mms[mm].total_vm
        return 0
