"""mremap(): an area shrinks, grows where it is, or moves.

    shrink   [   vma   | cut ]            munmap of the end
    grow     [   vma   ]+++++             if nothing is mapped there, and it is the vma's end
    move     [...vma...]   ->   [ copy ]  a new vma, its page tables moved, the old range unmapped

Models mm/mremap.c: mremap(), mremap_to(), vma_to_resize(), move_vma() of 6.1 and 6.12; of 6.18:
check_mremap_params(), check_prep_vma(), mremap_at(), mremap_to(), remap_move(), which moves
several areas at once (since 6.17).
Not modelled: hugetlb pages, userfaultfd, mseal(); files whose own get_unmapped_area() could
refuse a batched move.

A mapping that is moved keeps its charge: VM_ACCOUNT is hidden from the munmap of the old range.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.memory import Memory
    from mmtwin.mm.gup import Gup
    from mmtwin.mm.mmap import Mmap
    from mmtwin.mm.munmap import Munmap
    from mmtwin.mm.pgtable_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
    from mmtwin.mm.rmap import Rmap
    from mmtwin.mm.types import Currents, Mms, Sysctls, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import (
        EAGAIN, EFAULT, EINVAL, ENOMEM, MAP_FIXED, MAP_SHARED, MREMAP_DONTUNMAP, MREMAP_FIXED,
        MREMAP_MAYMOVE,
    )  # fmt: skip
    from mmtwin.mm.util import Overcommit
    from mmtwin.mm.vm_flags import (
        VM_ACCOUNT, VM_DONTEXPAND, VM_LOCKED, VM_LOCKED_MASK, VM_MAYSHARE, VM_PFNMAP, VM_SHARED,
    )  # fmt: skip
    from mmtwin.mm.vma import ALL_BITS, VmaOps
    from mmtwin.mm.vma_tree import VmaTree

KERNEL_MREMAP_BATCH = cython.declare(cython.const[cython.int], 617)
MREMAP_SPARE_MAPS = cython.declare(cython.const[cython.int], 3)  # move_vma() keeps them free

# struct vma_remap_struct: one call. One record in `vrm`.
VmaRemap = cython.struct(
    addr=u64,
    old_len=u64,
    new_len=u64,
    new_addr=u64,
    flags=u32,  # MREMAP_*
    populate=u32,  # 1 if a locked area grew
)

if cython.compiled:
    VmaRemaps = cython.typedef(VmaRemap[::1])
else:
    VmaRemaps = object


@cython.final
@cython.cclass
class Mremap:
    """mremap(2) of the current task."""

    current: Currents
    sysctl: Sysctls
    mms: Mms
    vmas: Vmas
    vrm: VmaRemaps
    memory: Memory
    rmap: Rmap
    vma_tree: VmaTree
    vma_ops: VmaOps
    mmap: Mmap
    gup: Gup
    munmap: Munmap
    overcommit: Overcommit

    def __init__(self, arena, config):
        self.current, self.sysctl = arena.current, arena.sysctl
        self.mms, self.vmas = arena.mms, arena.vmas
        self.vrm = arena.array("vrm", "mremap.VmaRemap", 1)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.memory, self.rmap, self.vma_tree = m.memory, m.rmap, m.vma_tree
        self.vma_ops, self.mmap = m.vma, m.mmap
        self.gup, self.munmap, self.overcommit = m.gup, m.munmap, m.overcommit

    @cython.ccall
    @cython.nogil
    def do_mremap(
        self, addr: u64, old_len: u64, new_len: u64, flags: cython.int, new_addr: u64
    ) -> i64:
        """mremap(2): the address, or -errno.

        -EFAULT: not one mapping from addr to addr + old_len; -ENOMEM: no room, no memory or no
        MAYMOVE; -EAGAIN: over RLIMIT_MEMLOCK; -EINVAL.
        """
        self.vrm[0].addr, self.vrm[0].new_addr = addr, new_addr
        self.vrm[0].old_len = (old_len + PAGE_SIZE - 1) & PAGE_MASK
        self.vrm[0].new_len = (new_len + PAGE_SIZE - 1) & PAGE_MASK
        self.vrm[0].flags, self.vrm[0].populate = cython.cast(u32, flags), 0
        error: cython.int = self.check_mremap_params()
        if error:
            return error
        grown_from: u64 = self.vrm[0].old_len
        result: i64 = self.remap()
        if result >= 0 and self.vrm[0].populate:
            start: u64 = cython.cast(u64, result) + grown_from
            self.gup.mm_populate(start, cython.cast(u64, result) + self.vrm[0].new_len, False)
        return result

    @cython.cfunc
    @cython.nogil
    def remap(self) -> i64:
        """mremap_to(), mremap_at() or, from 6.17, remap_move()."""
        batch: cython.bint = self.sysctl[0].kernel >= KERNEL_MREMAP_BATCH
        if (
            batch
            and self.vrm[0].flags & MREMAP_FIXED
            and self.vrm[0].old_len == self.vrm[0].new_len
        ):
            return self.remap_move()
        vma: u32 = self.vma_tree.vma_lookup(self.current[0].mm, self.vrm[0].addr)
        if vma == 0:
            return -EFAULT
        if self.vrm[0].flags & (MREMAP_FIXED | MREMAP_DONTUNMAP):
            return self.mremap_to(batch)
        return self.mremap_at(vma)

    # Arguments

    @cython.cfunc
    @cython.nogil
    def check_mremap_params(self) -> cython.int:
        """What is refused without a look at the address space: 0, -EINVAL or -ENOMEM."""
        flags: u32 = self.vrm[0].flags
        if flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP):
            return -EINVAL
        moves: u32 = flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)
        if moves and not flags & MREMAP_MAYMOVE:
            return -EINVAL
        if flags & MREMAP_DONTUNMAP and self.vrm[0].old_len != self.vrm[0].new_len:
            return -EINVAL
        if self.vrm[0].addr & (PAGE_SIZE - 1) or self.vrm[0].new_len == 0:
            return -EINVAL
        if self.sysctl[0].kernel < KERNEL_MREMAP_BATCH:
            return 0  # the rest is looked at when a vma was found
        task_size: u64 = self.mms[self.current[0].mm].task_size
        if self.vrm[0].new_len > task_size:
            return -EINVAL
        return self.check_new_addr() if moves else 0

    @cython.cfunc
    @cython.nogil
    def check_new_addr(self) -> cython.int:
        """For a move to a given address: 0, -EINVAL or -ENOMEM.

        Before it unmaps anything, move_vma() wants to be sure that it will not run out of maps.
        """
        mm: u32 = self.current[0].mm
        new_addr: u64 = self.vrm[0].new_addr
        task_size: u64 = self.mms[mm].task_size
        if new_addr & (PAGE_SIZE - 1) or self.vrm[0].new_len > task_size:
            return -EINVAL
        if new_addr > task_size - self.vrm[0].new_len:
            return -EINVAL
        if self.vrm[0].addr + self.vrm[0].old_len > new_addr:
            if new_addr + self.vrm[0].new_len > self.vrm[0].addr:
                return -EINVAL  # they overlap
        if self.mms[mm].map_count + 2 >= self.sysctl[0].max_map_count - MREMAP_SPARE_MAPS:
            return -ENOMEM
        return 0

    @cython.cfunc
    @cython.nogil
    def check_prep_vma(self, vma: u32) -> cython.int:
        """Whether `vma` may grow or move so: 0 or -errno. vma_to_resize() up to 6.14."""
        addr: u64 = self.vrm[0].addr
        old_len: u64 = self.vrm[0].old_len
        vm_flags: u64 = self.vmas[vma].vm_flags
        if old_len == 0 and not vm_flags & (VM_SHARED | VM_MAYSHARE):
            return -EINVAL
        if self.vrm[0].flags & MREMAP_DONTUNMAP and vm_flags & (VM_DONTEXPAND | VM_PFNMAP):
            return -EINVAL
        if min(old_len, self.vrm[0].new_len) > self.vmas[vma].vm_end - addr:
            return -EFAULT  # what a shrinking move cuts off may lie anywhere
        if self.vrm[0].new_len <= old_len:
            return 0
        return self.check_growth(vma, self.vrm[0].new_len - old_len)

    @cython.cfunc
    @cython.nogil
    def check_growth(self, vma: u32, delta: u64) -> cython.int:
        """The limits of a mapping that becomes delta bytes longer."""
        mm: u32 = self.current[0].mm
        vm_flags: u64 = self.vmas[vma].vm_flags
        if vm_flags & VM_LOCKED:
            self.vrm[0].populate = 1
        pgoff: u64 = self.pgoff_of(vma)
        if (pgoff + (self.vrm[0].new_len >> PAGE_SHIFT)) & ALL_BITS < pgoff:
            return -EINVAL
        if vm_flags & (VM_DONTEXPAND | VM_PFNMAP):
            return -EFAULT
        if not self.mmap.mlock_future_ok(mm, vm_flags, delta):
            return -EAGAIN
        if not self.mmap.may_expand_vm(mm, vm_flags, cython.cast(i64, delta >> PAGE_SHIFT)):
            return -ENOMEM
        return 0

    @cython.cfunc
    @cython.nogil
    def pgoff_of(self, vma: u32) -> u64:
        """Page offset of vrm.addr in its mapping."""
        into: u64 = (self.vrm[0].addr - self.vmas[vma].vm_start) >> PAGE_SHIFT
        return self.vmas[vma].vm_pgoff + into

    # Ways

    @cython.cfunc
    @cython.nogil
    def mremap_at(self, vma: u32) -> i64:
        """No new address was asked for: shrink, grow in place, or move where there is room."""
        addr: u64 = self.vrm[0].addr
        if self.vrm[0].new_len == self.vrm[0].old_len:
            return cython.cast(i64, addr)
        error: i64
        if self.vrm[0].new_len < self.vrm[0].old_len:
            error = self.shrink()
            return error if error else cython.cast(i64, addr)
        error = self.check_prep_vma(vma)
        if error:
            return error
        delta: u64 = self.vrm[0].new_len - self.vrm[0].old_len
        at_end: cython.bint = self.vrm[0].old_len == self.vmas[vma].vm_end - addr
        if at_end and self.vma_ops.vma_expandable(vma, delta):
            error = self.expand_vma_in_place(vma, delta)
            return error if error else cython.cast(i64, addr)
        if not self.vrm[0].flags & MREMAP_MAYMOVE:
            return -ENOMEM
        self.vrm[0].new_addr = 0
        return self.place_and_move(vma, 0)

    @cython.cfunc
    @cython.nogil
    def shrink(self) -> i64:
        """Unmap what is beyond the new length, whatever vmas it is in."""
        start: u64 = self.vrm[0].addr + self.vrm[0].new_len
        return self.munmap.do_munmap(start, self.vrm[0].old_len - self.vrm[0].new_len)

    @cython.cfunc
    @cython.nogil
    def expand_vma_in_place(self, vma: u32, delta: u64) -> i64:
        """The vma takes the free range behind it, and may then merge with the next one."""
        mm: u32 = self.vmas[vma].vm_mm
        pages: i64 = cython.cast(i64, delta >> PAGE_SHIFT)
        vm_flags: u64 = self.vmas[vma].vm_flags
        accounted: cython.bint = vm_flags & VM_ACCOUNT != 0
        if accounted and self.overcommit.security_vm_enough_memory(mm, pages):
            return -ENOMEM
        if self.vma_ops.grow_vma(vma, self.vmas[vma].vm_end + delta) == 0:
            if accounted:
                self.overcommit.vm_unacct_memory(pages)
            return -ENOMEM
        self.mmap.vm_stat_account(mm, vm_flags, pages)
        if vm_flags & VM_LOCKED:
            self.mms[mm].locked_vm += delta >> PAGE_SHIFT
        return 0

    @cython.cfunc
    @cython.nogil
    def mremap_to(self, checked: cython.bint) -> i64:
        """A move to new_addr (or, DONTUNMAP alone, near it). `checked` as 6.17 does it: the source
        is judged before anything is unmapped; earlier kernels judge what is left of it after."""
        error: i64 = self.check_source() if checked else self.check_new_addr()
        if error:
            return error
        mm: u32 = self.current[0].mm
        if self.vrm[0].flags & MREMAP_FIXED:
            error = self.munmap.do_munmap(self.vrm[0].new_addr, self.vrm[0].new_len)
            if error:
                return error
        if self.vrm[0].old_len > self.vrm[0].new_len:
            error = self.shrink()
            if error:
                return error
            self.vrm[0].old_len = self.vrm[0].new_len
        vma: u32 = self.vma_tree.vma_lookup(mm, self.vrm[0].addr)
        if vma == 0:
            return -EFAULT
        if not checked:
            error = self.check_prep_vma(vma)
            if error:
                return error
        if self.vrm[0].flags & MREMAP_DONTUNMAP:
            pages: i64 = cython.cast(i64, self.vrm[0].old_len >> PAGE_SHIFT)
            if not self.mmap.may_expand_vm(mm, self.vmas[vma].vm_flags, pages):
                return -ENOMEM
        return self.place_and_move(vma, MAP_FIXED if self.vrm[0].flags & MREMAP_FIXED else 0)

    @cython.cfunc
    @cython.nogil
    def check_source(self) -> cython.int:
        """check_prep_vma() of the vma at addr."""
        vma: u32 = self.vma_tree.vma_lookup(self.current[0].mm, self.vrm[0].addr)
        return self.check_prep_vma(vma) if vma else -EFAULT

    @cython.cfunc
    @cython.nogil
    def remap_move(self) -> i64:
        """Move every vma of the range by the same distance, gaps kept, since 6.17.

        An error leaves those moved that came before.
        """
        mm: u32 = self.current[0].mm
        start: u64 = self.vrm[0].addr
        end: u64 = start + self.vrm[0].old_len
        target: u64 = self.vrm[0].new_addr
        result: i64 = -EFAULT
        at: u64 = start
        vma: u32 = self.vma_tree.find_vma(mm, at)
        if vma == 0 or self.vmas[vma].vm_start > start:
            return -EFAULT
        while vma and self.vmas[vma].vm_start < end:
            at = max(start, self.vmas[vma].vm_start)
            self.vrm[0].addr = at
            self.vrm[0].old_len = min(end, self.vmas[vma].vm_end) - at
            self.vrm[0].new_len = self.vrm[0].old_len
            self.vrm[0].new_addr = target + (at - start)
            stop: u64 = at + self.vrm[0].old_len
            moved: i64 = self.mremap_to(True)
            if moved < 0:
                return moved
            if at == start:
                result = moved
            vma = self.vma_tree.find_vma(mm, stop) if stop < end else 0
        return result

    # The move

    @cython.cfunc
    @cython.nogil
    def place_and_move(self, vma: u32, map_flags: u64) -> i64:
        """Find the new address and move there: it, or -errno."""
        if self.vmas[vma].vm_flags & VM_MAYSHARE:
            map_flags |= MAP_SHARED
        place: i64 = self.mmap.get_unmapped_area(
            self.vmas[vma].vm_file, self.vrm[0].new_addr, self.vrm[0].new_len, self.pgoff_of(vma),
            map_flags,
        )  # fmt: skip
        if place < 0:
            return place
        if not map_flags & MAP_FIXED:
            self.vrm[0].new_addr = cython.cast(u64, place)
        return self.move_vma(vma)

    @cython.cfunc
    @cython.nogil
    def move_vma(self, vma: u32) -> i64:
        """A copy of the vma with its pages at new_addr, the old range unmapped: new_addr or
        -ENOMEM."""
        mm: u32 = self.current[0].mm
        if self.mms[mm].map_count >= self.sysctl[0].max_map_count - MREMAP_SPARE_MAPS:
            return -ENOMEM
        charged: i64 = self.calc_charge(vma)
        if charged and self.overcommit.security_vm_enough_memory(mm, charged):
            return -ENOMEM
        new: u32 = self.vma_ops.copy_vma(
            vma, self.vrm[0].new_addr, self.vrm[0].new_len, self.pgoff_of(vma)
        )
        if new == 0:
            self.overcommit.vm_unacct_memory(charged)
            return -ENOMEM
        vma = self.vma_tree.vma_lookup(mm, self.vrm[0].addr)  # it may have merged with the copy
        return self.move_pages(vma, new)

    @cython.cfunc
    @cython.nogil
    def calc_charge(self, vma: u32) -> i64:
        """Pages that Committed_AS grows by: all of them if the old mapping stays."""
        if not self.vmas[vma].vm_flags & VM_ACCOUNT:
            return 0
        length: u64 = self.vrm[0].new_len
        if not self.vrm[0].flags & MREMAP_DONTUNMAP:
            length -= self.vrm[0].old_len
        return cython.cast(i64, length >> PAGE_SHIFT)

    @cython.cfunc
    @cython.nogil
    def move_pages(self, vma: u32, new: u32) -> i64:
        """Move the page tables; if that fails, move them back and unmap the copy instead."""
        mm: u32 = self.current[0].mm
        old_addr: u64 = self.vrm[0].addr
        old_len: u64 = self.vrm[0].old_len
        new_addr: u64 = self.vrm[0].new_addr
        vm_flags: u64 = self.vmas[vma].vm_flags
        moved: u64 = self.memory.move_page_tables(vma, old_addr, new, new_addr, old_len)
        failed: cython.bint = moved < old_len
        hiwater_vm: u64 = self.mms[mm].hiwater_vm
        self.stat_account(vm_flags)
        if failed:
            self.memory.move_page_tables(new, new_addr, vma, old_addr, moved)
            self.unmap_source_vma(new, new_addr, self.vrm[0].new_len)
        elif self.vrm[0].flags & MREMAP_DONTUNMAP:
            self.dontunmap_complete(vma, new)
        else:
            self.unmap_source_vma(vma, old_addr, old_len)
        self.mms[mm].hiwater_vm = hiwater_vm
        return -ENOMEM if failed else cython.cast(i64, new_addr)

    @cython.cfunc
    @cython.nogil
    def stat_account(self, vm_flags: u64) -> cython.int:
        """Count the copy: vrm_stat_account(). Up to 6.14 a DONTUNMAP left locked_vm alone."""
        mm: u32 = self.current[0].mm
        pages: u64 = self.vrm[0].new_len >> PAGE_SHIFT
        self.mmap.vm_stat_account(mm, vm_flags, cython.cast(i64, pages))
        if vm_flags & VM_LOCKED:
            if self.sysctl[0].kernel >= KERNEL_MREMAP_BATCH:
                self.mms[mm].locked_vm += pages
            elif not self.vrm[0].flags & MREMAP_DONTUNMAP:
                self.mms[mm].locked_vm += pages
        return 0

    @cython.cfunc
    @cython.nogil
    def dontunmap_complete(self, vma: u32, new: u32) -> cython.int:
        """The old vma stays, empty and unlocked, and forgets its anon_vma if it moved whole.

        The kernel takes VM_LOCKED from all of it and nothing from locked_vm, which is from then
        on more than what is locked.
        """
        self.vmas[vma].vm_flags &= ~VM_LOCKED_MASK & ALL_BITS
        whole: cython.bint = self.vmas[vma].vm_start == self.vrm[0].addr
        if new != vma and whole:
            if self.vmas[vma].vm_end == self.vrm[0].addr + self.vrm[0].old_len:
                self.rmap.unlink_anon_vmas(vma)
        return 0

    @cython.cfunc
    @cython.nogil
    def unmap_source_vma(self, vma: u32, start: u64, length: u64) -> cython.int:
        """Unmap a range of one vma without giving its charge back: the other copy has it now.

        Parts of the vma that stay are accounted as before. An munmap that fails (too many maps)
        leaves two copies, of which both are charged.
        """
        mm: u32 = self.current[0].mm
        end: u64 = start + length
        below: cython.bint = self.vmas[vma].vm_start < start
        above: cython.bint = self.vmas[vma].vm_end > end
        accounted: cython.bint = self.vmas[vma].vm_flags & VM_ACCOUNT != 0
        if accounted:
            self.vmas[vma].vm_flags &= ~VM_ACCOUNT & ALL_BITS
        error: cython.int = self.munmap.do_munmap(start, length) if length else 0
        if not accounted:
            return error
        if error:
            self.overcommit.vm_acct_memory(cython.cast(i64, length >> PAGE_SHIFT))
            self.vmas[vma].vm_flags |= VM_ACCOUNT
            return error
        if below:
            self.vmas[self.vma_tree.vma_lookup(mm, start - 1)].vm_flags |= VM_ACCOUNT
        if above:
            self.vmas[self.vma_tree.vma_lookup(mm, end)].vm_flags |= VM_ACCOUNT
        return 0
