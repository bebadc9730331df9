"""Where a mapping goes: the user half of the address space.

    0 .. mmap_min_addr .. program, heap ->   ...   <- mmap area | mmap_base .. gap .. stack | end
                                     placed top-down from mmap_base; the stack's rlimit (at least
                                     128 MiB) stays free above it

Models mm/mmap.c: get_unmapped_area(), round_hint_to_min(); arch/x86/mm/mmap.c: mmap_base(),
arch_pick_mmap_layout(); arch/x86/kernel/sys_x86_64.c: arch_get_unmapped_area_topdown(),
arch_get_unmapped_area(); mm/huge_memory.c: thp_get_unmapped_area().
Not modelled: address-space randomisation (a recorded address is given with MAP_FIXED), 32-bit
tasks, the alignment of file mappings on AMD's Bulldozer, shadow stacks.

Constants: with five levels only a hint above 47 bits opens the part above.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.page_flags import INODE_REGULAR
    from mmtwin.mm.pgtable_types import PMD_SIZE, TASK_SIZE_MAX, TASK_SIZE_MAX_LA57
    from mmtwin.mm.types import Currents, Files, Inodes, Mms, Sysctls, Tasks, i64, u32, u64
    from mmtwin.mm.uapi import (
        EINVAL, ENOMEM, EPERM, MAP_32BIT, MAP_FIXED, MAP_SHARED, MAP_TYPE,
    )  # fmt: skip
    from mmtwin.mm.vma_tree import VmaTree

MMF_OOM_VICTIM = cython.declare(cython.const[cython.ulonglong], 2)  # queued for the OOM reaper
MMF_TOPDOWN = cython.declare(cython.const[cython.ulonglong], 1)  # Mm.flags; legacy layout without
MIN_STACK_GAP = cython.declare(cython.const[cython.ulonglong], 0x8000000)  # 128 MiB
LOW_32BIT = cython.declare(cython.const[cython.ulonglong], 0x40000000)  # MAP_32BIT's window
HIGH_32BIT = cython.declare(cython.const[cython.ulonglong], 0x80000000)


@cython.final
@cython.cclass
class MmapLayout:
    """Chooses addresses."""

    mms: Mms
    files: Files
    inodes: Inodes
    tasks: Tasks
    sysctl: Sysctls
    current: Currents
    tree: VmaTree
    task_size_max: u64

    def __init__(self, arena, config):
        self.mms = arena.mms
        self.files = arena.files
        self.inodes = arena.inodes
        self.tasks = arena.tasks
        self.sysctl = arena.sysctl
        self.current = arena.current
        self.task_size_max = TASK_SIZE_MAX_LA57 if config.la57 else TASK_SIZE_MAX

    def wire(self, m):
        """Take the tree that knows the holes."""
        self.tree = m.vma_tree

    @cython.ccall
    @cython.nogil
    def arch_pick_mmap_layout(self, mm: u32, rlimit_stack: u64) -> cython.int:
        """Set task_size, the direction and mmap_base of a new mm."""
        self.mms[mm].task_size = self.task_size_max
        if self.sysctl[0].legacy_va_layout != 0:
            self.mms[mm].flags &= ~cython.cast(u64, MMF_TOPDOWN)
            self.mms[mm].mmap_base = self.legacy_base()
            return 0
        self.mms[mm].flags |= MMF_TOPDOWN
        gap: u64 = rlimit_stack
        pad: u64 = cython.cast(u64, self.sysctl[0].stack_guard_gap) << 12
        most: u64 = TASK_SIZE_MAX // 6 * 5
        if gap > most:
            gap = most
        else:
            gap += pad
        if gap < MIN_STACK_GAP:
            gap = MIN_STACK_GAP
        if gap > most:
            gap = most
        self.mms[mm].mmap_base = (TASK_SIZE_MAX - gap + 0xFFF) & ~cython.cast(u64, 0xFFF)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def legacy_base(self) -> u64:
        """TASK_UNMAPPED_BASE: a third of the address space, where bottom-up search begins."""
        return (TASK_SIZE_MAX // 3 + 0xFFF) & ~cython.cast(u64, 0xFFF)

    @cython.cfunc
    @cython.nogil
    def round_hint_to_min(self, hint: u64) -> u64:
        """A hint's page, not below mmap_min_addr."""
        hint &= ~cython.cast(u64, 0xFFF)
        lowest: u64 = self.sysctl[0].mmap_min_addr
        if hint != 0 and hint < lowest:
            return (lowest + 0xFFF) & ~cython.cast(u64, 0xFFF)
        return hint

    @cython.ccall
    @cython.nogil
    def get_unmapped_area(self, file: u32, addr: u64, length: u64, pgoff: u64, flags: u64) -> i64:
        """An address for `length` bytes in the current mm: where MAP_FIXED says, else the hint if
        free, else a hole; -ENOMEM, -EINVAL (unaligned), -EPERM (below mmap_min_addr, not root)."""
        mm: u32 = self.current[0].mm
        task_size: u64 = self.mms[mm].task_size
        if length > task_size:
            return -ENOMEM
        place: i64 = self.choose(mm, file, addr, length, pgoff, flags)
        if place < 0:
            return place
        addr = place
        if addr > task_size - length:
            return -ENOMEM
        if (addr & 0xFFF) != 0:
            return -EINVAL
        if addr < cython.cast(u64, self.sysctl[0].mmap_min_addr):
            if self.tasks[self.current[0].task].uid != 0:
                return -EPERM
        return place

    @cython.cfunc
    @cython.nogil
    def choose(self, mm: u32, file: u32, addr: u64, length: u64, pgoff: u64, flags: u64) -> i64:
        """With or without alignment for huge pages: __get_unmapped_area()."""
        if (flags & MAP_FIXED) != 0:
            if addr >> 63:
                return -ENOMEM
            return cython.cast(i64, addr)
        if file == 0:
            pgoff = 0
        place: i64
        if self.wants_huge_alignment(file, addr, length, flags):
            place = self.thp_get_unmapped_area(mm, addr, length, pgoff, flags)
            if place > 0:
                return place
        return self.mm_get_unmapped_area(mm, addr, length, flags)

    @cython.cfunc
    @cython.nogil
    def wants_huge_alignment(self, file: u32, addr: u64, length: u64, flags: u64) -> cython.bint:
        """Files on disk ask for it; private anonymous memory since 6.7, in whole huge pages.

        Of shared memory only where shmem may be huge, which it is not here.
        """
        if file != 0:
            return self.inodes[self.files[file].f_inode].i_kind == INODE_REGULAR
        if (flags & MAP_TYPE) == MAP_SHARED or self.sysctl[0].kernel < 607:
            return False
        return addr == 0 and (length & (PMD_SIZE - 1)) == 0

    @cython.cfunc
    @cython.nogil
    def thp_get_unmapped_area(self, mm: u32, addr: u64, length: u64, pgoff: u64, flags: u64) -> i64:
        """A place where huge pages of the mapping start at multiples of 2 MiB, or 0."""
        offset: u64 = pgoff << 12
        end: u64 = offset + length
        aligned: u64 = (offset + PMD_SIZE - 1) & ~cython.cast(u64, PMD_SIZE - 1)
        if end <= aligned or end - aligned < PMD_SIZE:
            return 0
        place: i64 = self.mm_get_unmapped_area(mm, addr, length + PMD_SIZE, flags)
        if place < 0:
            return 0
        if cython.cast(u64, place) == addr:
            return place
        shift: u64 = (offset - cython.cast(u64, place)) & (PMD_SIZE - 1)
        if shift == 0 and (self.mms[mm].flags & MMF_TOPDOWN) != 0 and self.sysctl[0].kernel >= 608:
            return place + cython.cast(i64, PMD_SIZE)
        return place + cython.cast(i64, shift)

    @cython.cfunc
    @cython.nogil
    def mm_get_unmapped_area(self, mm: u32, addr: u64, length: u64, flags: u64) -> i64:
        """By the layout of the mm."""
        if (self.mms[mm].flags & MMF_TOPDOWN) != 0:
            return self.arch_get_unmapped_area_topdown(mm, addr, length, flags)
        return self.arch_get_unmapped_area(mm, addr, length, flags)

    @cython.cfunc
    @cython.nogil
    def arch_get_unmapped_area_topdown(self, mm: u32, addr: u64, length: u64, flags: u64) -> i64:
        """The hint, else the highest hole below mmap_base, else bottom-up."""
        task_size: u64 = self.mms[mm].task_size
        if length > task_size:
            return -ENOMEM
        if (flags & MAP_32BIT) != 0:
            return self.arch_get_unmapped_area(mm, addr, length, flags)
        hint: u64 = addr & ~cython.cast(u64, 0xFFF)
        if hint != 0 and self.mmap_address_hint_valid(task_size, hint, length):
            if self.is_free(mm, hint, length):
                return cython.cast(i64, hint)
        high: u64 = self.mms[mm].mmap_base
        if hint > TASK_SIZE_MAX:
            high += task_size - TASK_SIZE_MAX
        low: u64 = self.lowest(0x1000)
        place: i64 = self.tree.unmapped_area_topdown(mm, length, low, high, 0, 0)
        if place >= 0:
            return place
        return self.arch_get_unmapped_area(mm, addr, length, flags)

    @cython.cfunc
    @cython.nogil
    def arch_get_unmapped_area(self, mm: u32, addr: u64, length: u64, flags: u64) -> i64:
        """The hint, else the lowest hole above a third of the address space."""
        low: u64 = self.legacy_base()
        end: u64 = TASK_SIZE_MAX
        if (flags & MAP_32BIT) != 0:
            low = LOW_32BIT
            end = HIGH_32BIT
        elif addr > TASK_SIZE_MAX:
            end = self.mms[mm].task_size
        if length > end:
            return -ENOMEM
        if addr != 0:
            hint: u64 = (addr + 0xFFF) & ~cython.cast(u64, 0xFFF)
            if end - length >= hint and self.is_free(mm, hint, length):
                return cython.cast(i64, hint)
        return self.tree.unmapped_area(mm, length, self.lowest(low), end, 0, 0)

    @cython.cfunc
    @cython.nogil
    def is_free(self, mm: u32, addr: u64, length: u64) -> cython.bint:
        """Nothing is mapped there, nor does a stack above claim it."""
        vma: u32 = self.tree.find_vma(mm, addr)
        return vma == 0 or addr + length <= self.tree.vm_start_gap(vma)

    @cython.cfunc
    @cython.nogil
    def lowest(self, limit: u64) -> u64:
        """A lower limit of a search, not below mmap_min_addr."""
        floor: u64 = self.sysctl[0].mmap_min_addr
        return floor if floor > limit else limit

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def mmap_address_hint_valid(self, task_size: u64, addr: u64, length: u64) -> cython.bint:
        """A hint may not leave the address space nor cross the 47-bit line."""
        if task_size - length < addr:
            return False
        return (addr > TASK_SIZE_MAX) == (addr + length > TASK_SIZE_MAX)
