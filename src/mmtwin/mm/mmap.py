"""mmap(2): what may be mapped, where, and what it counts as.

    mmap  ->  get_unmapped_area (mmap_layout.py)  ->  mmap_region:
              make room | limits | charge | merge with a neighbour, or a new vma

Models mm/mmap.c, mm/vma.c: do_mmap(), mmap_region(), may_expand_vm(), vm_stat_account(),
accountable_mapping(), mlock_future_ok(). 6.1 unmaps what stands in the way of MAP_FIXED before it
checks limits, so that a refused mmap leaves a hole; 6.12 does not. Unmapping: munmap.py.
Not modelled: MAP_HUGETLB and files on hugetlbfs (-EOPNOTSUPP), MAP_DROPPABLE, mseal(), protection
keys, personalities, file systems mounted noexec.

Invariants: total_vm, data_vm, exec_vm and stack_vm are sums over the vmas by their flags;
locked_vm is that of VM_LOCKED ones.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.gup import Gup
    from mmtwin.mm.mmap_layout import MmapLayout
    from mmtwin.mm.page_flags import INODE_SHMEM, S_SWAPFILE
    from mmtwin.mm.shmem import Shmem
    from mmtwin.mm.munmap import Munmap, VmaMunmaps
    from mmtwin.mm.types import (
        Currents, Files, Inodes, Mms, Sysctls, Tasks, U64s, Vmas, i64, u32, u64,
    )  # fmt: skip
    from mmtwin.mm.uapi import (
        EACCES, EAGAIN, EBADF, EEXIST, EINVAL, ENOMEM, EOPNOTSUPP, EOVERFLOW, EPERM,
        ETXTBSY, FMODE_READ, FMODE_SHM, FMODE_WRITE, MAP_ANONYMOUS, MAP_FIXED,
        MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_HUGETLB, MAP_LOCKED, MAP_NONBLOCK, MAP_NORESERVE,
        MAP_POPULATE, MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_STACK, MAP_SYNC, MAP_TYPE,
        PROT_EXEC, PROT_READ, PROT_WRITE, RLIM_INFINITY, RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK,
    )  # fmt: skip
    from mmtwin.mm.util import OVERCOMMIT_NEVER, Overcommit
    from mmtwin.mm.vm_flags import (
        VM_ACCOUNT, VM_EXEC, VM_GROWSDOWN, VM_LOCKED, VM_LOCKED_MASK, VM_MAYEXEC,
        VM_MAYREAD, VM_MAYSHARE, VM_MAYWRITE, VM_NOHUGEPAGE, VM_NORESERVE, VM_READ, VM_SHARED,
        VM_SOFTDIRTY, VM_SPECIAL, VM_SYNC, VM_WRITE, VMOPS_FILE, VMOPS_SHM, VMOPS_SHMEM,
    )  # fmt: skip
    from mmtwin.mm.vma import VmaMerges, VmaOps
    from mmtwin.mm.vma_tree import VmaTree

# MAP_* bits that MAP_SHARED_VALIDATE knows, and MAP_SHARED and MAP_PRIVATE honour
LEGACY_MAP_MASK = cython.declare(cython.const[cython.ulonglong], 0x7C07F9F3)
MAX_LFS_PAGES = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFFFFFF)


@cython.final
@cython.cclass
class Mmap:
    """Address-space system calls of the current task."""

    vmas: Vmas
    mms: Mms
    tasks: Tasks
    files: Files
    inodes: Inodes
    rlimits: U64s
    sysctl: Sysctls
    current: Currents
    vms: VmaMunmaps
    vmg: VmaMerges
    tree: VmaTree
    ops: VmaOps
    layout: MmapLayout
    overcommit: Overcommit
    gup: Gup
    munmap: Munmap
    page_cache: PageCache
    shmem: Shmem
    brk = cython.declare("Brk")
    stack = cython.declare("StackGrowth")

    def __init__(self, arena, config):
        self.vmas = arena.vmas
        self.mms = arena.mms
        self.tasks = arena.tasks
        self.files = arena.files
        self.inodes = arena.inodes
        self.rlimits = arena.rlimits
        self.sysctl = arena.sysctl
        self.current = arena.current
        self.vms = arena.vms
        self.vmg = arena.vmg

    def wire(self, m):
        """Take the mechanisms that address spaces are made of."""
        self.tree = m.vma_tree
        self.ops = m.vma
        self.layout = m.mmap_layout
        self.overcommit = m.overcommit
        self.gup = m.gup
        self.munmap = m.munmap
        self.page_cache = m.page_cache
        self.shmem = m.shmem
        self.brk = m.brk
        self.stack = m.stack

    @cython.ccall
    @cython.nogil
    def do_brk(self, brk: u64) -> u64:
        """brk(2) of the current task: see brk.py."""
        return self.brk.do_brk(brk)

    @cython.ccall
    @cython.nogil
    def expand_stack(self, vma: u32, address: u64) -> cython.int:
        """Grow a VM_GROWSDOWN vma down to address, 0 or -errno: see stack.py."""
        return self.stack.expand_downwards(vma, address)

    # mmap

    @cython.ccall
    @cython.nogil
    def do_mmap(self, addr: u64, length: u64, prot: u64, flags: u64, file: u32, pgoff: u64) -> i64:
        """mmap(2) of the current task, the offset in pages: the address, or -errno.

        `file` 0 without MAP_ANONYMOUS is a bad descriptor.
        """
        if (flags & MAP_ANONYMOUS) != 0:
            file = 0
        elif file == 0:
            return -EBADF
        elif (flags & MAP_HUGETLB) != 0:
            return -EINVAL
        if (flags & MAP_HUGETLB) != 0:
            return -EOPNOTSUPP
        mapped: i64 = self.map_anywhere(addr, length, prot, flags, file, pgoff)
        if mapped >= 0 and self.wants_populate(flags):
            end: u64 = mapped + ((length + 0xFFF) & ~cython.cast(u64, 0xFFF))
            self.gup.mm_populate(mapped, end, True)
        return mapped

    @cython.cfunc
    @cython.nogil
    def wants_populate(self, flags: u64) -> cython.bint:
        """Whether do_mmap() asks for the pages at once."""
        if (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE:
            return True
        def_flags: u64 = self.mms[self.current[0].mm].def_flags
        return (def_flags & VM_LOCKED) != 0 or (flags & MAP_LOCKED) != 0

    @cython.cfunc
    @cython.nogil
    def map_anywhere(
        self, addr: u64, length: u64, prot: u64, flags: u64, file: u32, pgoff: u64
    ) -> i64:
        """The checks of do_mmap() that come before the kind of mapping is looked at."""
        mm: u32 = self.current[0].mm
        if length == 0:
            return -EINVAL
        if (flags & MAP_FIXED_NOREPLACE) != 0:
            flags |= MAP_FIXED
        if (flags & MAP_FIXED) == 0:
            addr = self.layout.round_hint_to_min(addr)
        if length > RLIM_INFINITY - 0xFFF:
            return -ENOMEM
        length = (length + 0xFFF) & ~cython.cast(u64, 0xFFF)
        if pgoff > RLIM_INFINITY - (length >> 12):
            return -EOVERFLOW
        if self.mms[mm].map_count > self.sysctl[0].max_map_count:
            return -ENOMEM
        place: i64 = self.layout.get_unmapped_area(file, addr, length, pgoff, flags)
        if place < 0:
            return place
        addr = place
        if (flags & MAP_FIXED_NOREPLACE) != 0:
            if self.tree.find_vma_intersection(mm, addr, addr + length) != 0:
                return -EEXIST
        return self.map_at(addr, length, prot, flags, file, pgoff)

    @cython.cfunc
    @cython.nogil
    def map_at(self, addr: u64, length: u64, prot: u64, flags: u64, file: u32, pgoff: u64) -> i64:
        """The rest of do_mmap(): flags of the vma, permissions."""
        mm: u32 = self.current[0].mm
        vm_flags: u64 = self.calc_vm_flags(prot, flags) | self.mms[mm].def_flags
        vm_flags |= VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
        if (flags & MAP_LOCKED) != 0 and not self.can_do_mlock():
            return -EPERM
        if not self.mlock_future_ok(mm, vm_flags, length):
            return -EAGAIN
        kind: u64 = flags & MAP_TYPE
        error: cython.int = 0
        if file != 0:
            error = self.file_mmap_ok(file, length, prot, flags, pgoff, vm_flags)
            if kind != MAP_PRIVATE:
                vm_flags = self.shared_file_flags(file, vm_flags)
        elif kind == MAP_SHARED:
            if (vm_flags & VM_GROWSDOWN) != 0:
                error = -EINVAL
            pgoff = 0
            vm_flags |= VM_SHARED | VM_MAYSHARE
        elif kind == MAP_PRIVATE:
            pgoff = addr >> 12
        else:
            error = -EINVAL
        if error != 0:
            return error
        if (flags & MAP_NORESERVE) != 0 and self.sysctl[0].overcommit_memory != OVERCOMMIT_NEVER:
            vm_flags |= VM_NORESERVE
        return self.mmap_region(file, addr, length, vm_flags, pgoff)

    @cython.cfunc
    @cython.nogil
    def calc_vm_flags(self, prot: u64, flags: u64) -> u64:
        """calc_vm_prot_bits() and calc_vm_flag_bits()."""
        vm_flags: u64 = 0
        if (prot & PROT_READ) != 0:
            vm_flags |= VM_READ
        if (prot & PROT_WRITE) != 0:
            vm_flags |= VM_WRITE
        if (prot & PROT_EXEC) != 0:
            vm_flags |= VM_EXEC
        if (flags & MAP_GROWSDOWN) != 0:
            vm_flags |= VM_GROWSDOWN
        if (flags & MAP_LOCKED) != 0:
            vm_flags |= VM_LOCKED
        if (flags & MAP_SYNC) != 0:
            vm_flags |= VM_SYNC
        if (flags & MAP_STACK) != 0 and self.sysctl[0].kernel >= 607:
            vm_flags |= VM_NOHUGEPAGE
        return vm_flags

    @cython.cfunc
    @cython.nogil
    def file_mmap_ok(
        self, file: u32, length: u64, prot: u64, flags: u64, pgoff: u64, vm_flags: u64
    ) -> cython.int:
        """Whether an open file allows such a mapping: 0 or -errno, in do_mmap()'s order."""
        kind: u64 = flags & MAP_TYPE
        mode: u32 = self.files[file].f_mode
        if pgoff > MAX_LFS_PAGES - (length >> 12):
            return -EOVERFLOW
        if kind == MAP_SHARED_VALIDATE and (flags & ~cython.cast(u64, LEGACY_MAP_MASK)) != 0:
            return -EOPNOTSUPP
        if kind != MAP_PRIVATE and kind != MAP_SHARED and kind != MAP_SHARED_VALIDATE:
            return -EINVAL
        if kind != MAP_PRIVATE:
            if (prot & PROT_WRITE) != 0 and (mode & FMODE_WRITE) == 0:
                return -EACCES
            if (prot & PROT_WRITE) and self.inodes[self.files[file].f_inode].i_state & S_SWAPFILE:
                return -ETXTBSY
        if (mode & FMODE_READ) == 0:
            return -EACCES
        if (vm_flags & VM_GROWSDOWN) != 0:
            return -EINVAL
        if kind != MAP_PRIVATE and (prot & PROT_WRITE) != 0:
            return self.shmem.may_write(self.files[file].f_inode)
        return 0

    @cython.cfunc
    @cython.nogil
    def shared_file_flags(self, file: u32, vm_flags: u64) -> u64:
        """A shared mapping of a file opened for reading can never become writable."""
        vm_flags |= VM_SHARED | VM_MAYSHARE
        if (self.files[file].f_mode & FMODE_WRITE) == 0:
            vm_flags &= ~cython.cast(u64, VM_MAYWRITE | VM_SHARED)
        if self.shmem.may_write(self.files[file].f_inode) != 0:
            vm_flags &= ~cython.cast(u64, VM_MAYWRITE)
        return vm_flags

    @cython.ccall
    @cython.nogil
    def mmap_region(self, file: u32, addr: u64, length: u64, vm_flags: u64, pgoff: u64) -> i64:
        """Map [addr, addr + length), replacing what is there: the address, or -errno."""
        mm: u32 = self.current[0].mm
        nr_pages: u64 = length >> 12
        error: cython.int
        accountable: cython.bint = (vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE
        if self.sysctl[0].kernel < 612:
            error = self.make_room_601(mm, addr, length, vm_flags, accountable)
        else:
            error = self.make_room(mm, addr, length, vm_flags, accountable)
        if error != 0:
            return error
        if accountable:
            vm_flags |= VM_ACCOUNT
        self.ops.vmg_range(mm, addr, addr + length, vm_flags, pgoff)
        self.vmg[0].file = file
        vma: u32 = self.ops.vma_merge_mmap_region()
        if vma == 0:
            vma = self.new_vma(mm, file, addr, length, vm_flags, pgoff)
            if vma == 0:
                if accountable:
                    self.overcommit.vm_unacct_memory(nr_pages)
                return -ENOMEM
        self.vm_stat_account(mm, vm_flags, nr_pages)
        if (vm_flags & VM_LOCKED) != 0:
            if (vm_flags & VM_SPECIAL) != 0:
                self.vmas[vma].vm_flags &= ~cython.cast(u64, VM_LOCKED_MASK)
            else:
                self.mms[mm].locked_vm += nr_pages
        self.vmas[vma].vm_flags |= VM_SOFTDIRTY
        return cython.cast(i64, addr)

    @cython.cfunc
    @cython.nogil
    def make_room(
        self, mm: u32, addr: u64, length: u64, vm_flags: u64, accountable: cython.bint
    ) -> cython.int:
        """Check limits and charge for what is new, then unmap: 0 or -errno, nothing lost."""
        nr_pages: i64 = length >> 12
        error: cython.int = self.munmap.gather_munmap(mm, addr, addr + length)
        if error != 0:
            return error
        if not self.may_expand_vm(mm, vm_flags, nr_pages - self.vms[0].nr_pages):
            return -ENOMEM
        if accountable:
            charge: i64 = nr_pages - self.vms[0].nr_accounted
            if charge != 0 and self.overcommit.security_vm_enough_memory(mm, charge) != 0:
                return -ENOMEM
            self.vms[0].nr_accounted = 0  # the old charge serves the new mapping
        return self.munmap.complete_munmap(mm)

    @cython.cfunc
    @cython.nogil
    def make_room_601(
        self, mm: u32, addr: u64, length: u64, vm_flags: u64, accountable: cython.bint
    ) -> cython.int:
        """As make_room(); where memory is refused, the old mapping is gone already."""
        nr_pages: i64 = length >> 12
        if not self.may_expand_vm(mm, vm_flags, nr_pages):
            mapped: i64 = self.count_vma_pages_range(mm, addr, addr + length)
            if not self.may_expand_vm(mm, vm_flags, nr_pages - mapped):
                return -ENOMEM
        if self.munmap.do_munmap(addr, length) != 0:
            return -ENOMEM
        if accountable and self.overcommit.security_vm_enough_memory(mm, nr_pages) != 0:
            return -ENOMEM
        return 0

    @cython.cfunc
    @cython.nogil
    def count_vma_pages_range(self, mm: u32, start: u64, end: u64) -> i64:
        """Pages of [start, end) that are mapped."""
        total: u64 = 0
        vma: u32 = self.tree.find_vma_intersection(mm, start, end)
        while vma != 0 and self.vmas[vma].vm_start < end:
            low: u64 = self.vmas[vma].vm_start
            high: u64 = self.vmas[vma].vm_end
            if low < start:
                low = start
            if high > end:
                high = end
            total += (high - low) >> 12
            vma = self.vmas[vma].vm_next
        return cython.cast(i64, total)

    @cython.cfunc
    @cython.nogil
    def new_vma(self, mm: u32, file: u32, addr: u64, length: u64, vm_flags: u64, pgoff: u64) -> u32:
        """A vma of its own, linked, or 0."""
        vma: u32 = self.ops.vm_area_alloc(mm)
        if vma == 0:
            return 0
        self.ops.set_fields(vma, addr, addr + length, pgoff, vm_flags)
        if file != 0:
            self.page_cache.get_file(file)
            self.vmas[vma].vm_ops = VMOPS_FILE
            if self.inodes[self.files[file].f_inode].i_kind == INODE_SHMEM:
                self.vmas[vma].vm_ops = VMOPS_SHMEM
            if self.files[file].f_mode & FMODE_SHM:
                self.vmas[vma].vm_ops = VMOPS_SHM
        elif (vm_flags & VM_SHARED) != 0:
            file = self.page_cache.shmem_file_setup(length, vm_flags)
            self.vmas[vma].vm_ops = VMOPS_SHMEM
            if file == 0:
                self.ops.vm_area_free(vma)
                return 0
        self.vmas[vma].vm_file = file
        self.ops.link_vma(mm, vma)
        return vma

    # Limits and totals

    @cython.ccall
    @cython.nogil
    def rlimit(self, resource: cython.int) -> u64:
        """Soft limit of the current task, in bytes (or whatever it counts)."""
        return self.rlimits[cython.cast(u64, self.current[0].task) * 32 + 2 * resource]

    @cython.ccall
    @cython.nogil
    def may_expand_vm(self, mm: u32, flags: u64, npages: i64) -> cython.bint:
        """Whether RLIMIT_AS and, for private writable memory, RLIMIT_DATA allow npages more."""
        if self.mms[mm].total_vm + npages > self.rlimit(RLIMIT_AS) >> 12:
            return False
        if not self.is_data_mapping(flags):
            return True
        data: u64 = self.mms[mm].data_vm + npages
        if data <= self.rlimit(RLIMIT_DATA) >> 12:
            return True
        if self.rlimit(RLIMIT_DATA) != 0:
            return False
        hard: u64 = self.rlimits[cython.cast(u64, self.current[0].task) * 32 + 2 * RLIMIT_DATA + 1]
        return data <= hard >> 12  # a soft limit of 0 leaves the hard one (for valgrind)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_data_mapping(self, flags: u64) -> cython.bint:
        return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE

    @cython.ccall
    @cython.nogil
    def vm_stat_account(self, mm: u32, flags: u64, npages: i64) -> cython.int:
        """Add pages (negative: take away) to total_vm and to the kind that flags say."""
        self.mms[mm].total_vm += npages
        if (flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN)) == VM_EXEC:
            self.mms[mm].exec_vm += npages
        elif (flags & VM_GROWSDOWN) != 0:
            self.mms[mm].stack_vm += npages
        elif self.is_data_mapping(flags):
            self.mms[mm].data_vm += npages
        return 0

    @cython.ccall
    @cython.nogil
    def can_do_mlock(self) -> cython.bint:
        """RLIMIT_MEMLOCK is not 0, or CAP_IPC_LOCK."""
        return self.rlimit(RLIMIT_MEMLOCK) != 0 or self.capable()

    @cython.ccall
    @cython.nogil
    def capable(self) -> cython.bint:
        """The current task is root."""
        return self.tasks[self.current[0].task].uid == 0

    @cython.ccall
    @cython.nogil
    def mlock_future_ok(self, mm: u32, flags: u64, nr_bytes: u64) -> cython.bint:
        """Whether a mapping with these flags stays within RLIMIT_MEMLOCK."""
        if (flags & VM_LOCKED) == 0 or self.capable():
            return True
        locked: u64 = self.mms[mm].locked_vm + (nr_bytes >> 12)
        return locked <= self.rlimit(RLIMIT_MEMLOCK) >> 12

    @cython.ccall
    @cython.nogil
    def get_unmapped_area(self, file: u32, addr: u64, length: u64, pgoff: u64, flags: u64) -> i64:
        """Where such a mapping would go, or -errno."""
        return self.layout.get_unmapped_area(file, addr, length, pgoff, flags)

    # Checks

    def check_mm(self, mm):
        """The totals of one address space, from its vmas."""
        total = {"total_vm": 0, "data_vm": 0, "exec_vm": 0, "stack_vm": 0, "locked_vm": 0}
        vma = self.mms[mm].mmap
        while vma:
            flags = self.vmas[vma].vm_flags
            pages = (self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> 12
            total["total_vm"] += pages
            if flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN) == VM_EXEC:
                total["exec_vm"] += pages
            elif flags & VM_GROWSDOWN:
                total["stack_vm"] += pages
            elif flags & (VM_WRITE | VM_SHARED) == VM_WRITE:
                total["data_vm"] += pages
            if flags & VM_LOCKED:
                total["locked_vm"] += pages
            assert self.vmas[vma].vm_start % 4096 == 0 and self.vmas[vma].vm_end % 4096 == 0
            vma = self.vmas[vma].vm_next
        counted = {
            "total_vm": self.mms[mm].total_vm,
            "data_vm": self.mms[mm].data_vm,
            "exec_vm": self.mms[mm].exec_vm,
            "stack_vm": self.mms[mm].stack_vm,
            # may exceed what its vmas sum up to: see mremap.py, DONTUNMAP
            "locked_vm": min(self.mms[mm].locked_vm, total["locked_vm"]),
        }
        assert counted == total, f"mm {mm}: {counted}, its vmas: {total}"
