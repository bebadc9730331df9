"""The vmas of an address space, in address order.

A balanced tree over vm_start, in which every node also knows the largest free gap that lies
directly below any vma of its subtree, so that a vma or a hole is found in O(log n):

            [ 2 ]                 gap of a vma: from the end of the vma below it up to its own
           /     \\                start, less the guard gap if it grows down
        [ 1 ]    [ 3 ]            rb_subtree_gap of [2]: max(gaps of 1, 2, 3)

    ....[ 1 ]......[ 2 ][ 3 ]..   vm_prev, vm_next link the neighbours

Models mm/mmap.c, mm/vma.c: find_vma(), find_vma_prev(), vma_link(), unmapped_area(),
unmapped_area_topdown(); include/linux/mm.h: vm_start_gap().
Not modelled: the maple tree's nodes (slab memory, locking). The kernel's results do not depend
on the shape of its tree, and neither do ours on that of the treap, whose priorities are a hash
of the record's index: the same calls give the same tree in every engine.

Invariants: an in-order walk, the vm_next chain and ascending addresses are the same sequence,
without overlap; a parent's priority is above its children's; rb_subtree_gap is exact; map_count
counts the vmas; highest_vm_end is the end of the last.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Mms, Sysctls, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import ENOMEM
    from mmtwin.mm.vm_flags import VM_GROWSDOWN

PRIORITY_FACTOR = cython.declare(cython.const[cython.ulonglong], 0x9E3779B1)  # odd: a bijection
PRIORITY_MASK = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFF)


@cython.final
@cython.cclass
class VmaTree:
    """Finds vmas and gaps in O(log n)."""

    vmas: Vmas
    mms: Mms
    sysctl: Sysctls

    def __init__(self, arena, config):
        self.vmas = arena.vmas
        self.mms = arena.mms
        self.sysctl = arena.sysctl

    # Looking up

    @cython.ccall
    @cython.nogil
    def find_vma(self, mm: u32, addr: u64) -> u32:
        """First vma with vm_end > addr, or 0. It may start above addr."""
        vma: u32 = self.mms[mm].vmacache
        if vma != 0 and self.vmas[vma].vm_start <= addr and addr < self.vmas[vma].vm_end:
            return vma
        vma = self.search(mm, addr)
        if vma != 0 and self.vmas[vma].vm_start <= addr:
            self.mms[mm].vmacache = vma
        return vma

    @cython.cfunc
    @cython.nogil
    def search(self, mm: u32, addr: u64) -> u32:
        """find_vma() without the cache."""
        node: u32 = self.mms[mm].mm_rb
        found: u32 = 0
        while node != 0:
            if self.vmas[node].vm_end > addr:
                found = node
                if self.vmas[node].vm_start <= addr:
                    break
                node = self.vmas[node].rb_left
            else:
                node = self.vmas[node].rb_right
        return found

    @cython.ccall
    @cython.nogil
    def find_vma_prev_of(self, mm: u32, addr: u64) -> u32:
        """Last vma with vm_start < addr, or 0."""
        node: u32 = self.mms[mm].mm_rb
        found: u32 = 0
        while node != 0:
            if self.vmas[node].vm_start < addr:
                found = node
                node = self.vmas[node].rb_right
            else:
                node = self.vmas[node].rb_left
        return found

    @cython.ccall
    @cython.nogil
    def vma_lookup(self, mm: u32, addr: u64) -> u32:
        """The vma that contains addr, or 0."""
        vma: u32 = self.find_vma(mm, addr)
        if vma != 0 and self.vmas[vma].vm_start <= addr:
            return vma
        return 0

    @cython.ccall
    @cython.nogil
    def find_vma_intersection(self, mm: u32, start: u64, end: u64) -> u32:
        """First vma that overlaps [start, end), or 0."""
        vma: u32 = self.find_vma(mm, start)
        if vma != 0 and self.vmas[vma].vm_start < end:
            return vma
        return 0

    # Changing

    @cython.ccall
    @cython.nogil
    def vma_link(self, mm: u32, vma: u32) -> cython.int:
        """Insert a vma that overlaps none, and count it."""
        parent: u32 = self.descend(mm, vma)
        prev: u32 = self.find_vma_prev_of(mm, self.vmas[vma].vm_start)
        self.link_list(mm, vma, prev)
        self.vmas[vma].rb_parent = parent
        self.vmas[vma].rb_left = 0
        self.vmas[vma].rb_right = 0
        self.vmas[vma].rb_priority = self.priority(vma)
        if parent == 0:
            self.mms[mm].mm_rb = vma
        elif self.vmas[vma].vm_start < self.vmas[parent].vm_start:
            self.vmas[parent].rb_left = vma
        else:
            self.vmas[parent].rb_right = vma
        self.vmas[vma].rb_subtree_gap = self.own_gap(vma)
        self.gap_changed(vma)
        self.rotate_up(mm, vma)
        if self.vmas[vma].vm_next != 0:
            self.gap_changed(self.vmas[vma].vm_next)
        self.mms[mm].map_count += 1
        return 0

    @cython.ccall
    @cython.nogil
    def vma_unlink(self, mm: u32, vma: u32) -> cython.int:
        """Remove a vma, and discount it."""
        next_vma: u32 = self.vmas[vma].vm_next
        self.rotate_to_leaf(mm, vma)
        parent: u32 = self.vmas[vma].rb_parent
        if parent == 0:
            self.mms[mm].mm_rb = 0
        elif self.vmas[parent].rb_left == vma:
            self.vmas[parent].rb_left = 0
        else:
            self.vmas[parent].rb_right = 0
        self.unlink_list(mm, vma)
        if parent != 0:
            self.gap_changed(parent)
        if next_vma != 0:
            self.gap_changed(next_vma)
        if self.mms[mm].vmacache == vma:
            self.mms[mm].vmacache = 0
        self.mms[mm].map_count -= 1
        return 0

    @cython.ccall
    @cython.nogil
    def set_range(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Move the ends of a linked vma without passing a neighbour: vma_set_range()."""
        mm: u32 = self.vmas[vma].vm_mm
        self.vmas[vma].vm_start = start
        self.vmas[vma].vm_end = end
        self.gap_changed(vma)
        if self.vmas[vma].vm_next != 0:
            self.gap_changed(self.vmas[vma].vm_next)
        else:
            self.mms[mm].highest_vm_end = end
        return 0

    @cython.ccall
    @cython.nogil
    def gap_changed(self, vma: u32) -> cython.int:
        """vm_start, VM_GROWSDOWN or the end below it changed: recompute gaps up to the root."""
        while vma != 0:
            gap: u64 = self.subtree_gap(vma)
            self.vmas[vma].rb_subtree_gap = gap
            vma = self.vmas[vma].rb_parent
        return 0

    # Gaps

    @cython.ccall
    @cython.nogil
    def vm_start_gap(self, vma: u32) -> u64:
        """Where the room that a vma claims begins: below its start if it grows down."""
        start: u64 = self.vmas[vma].vm_start
        if (self.vmas[vma].vm_flags & VM_GROWSDOWN) == 0:
            return start
        gap: u64 = cython.cast(u64, self.sysctl[0].stack_guard_gap) << 12
        if gap > start:
            return 0
        return start - gap

    @cython.cfunc
    @cython.nogil
    def end_below(self, vma: u32) -> u64:
        """Where the gap below a vma begins."""
        prev: u32 = self.vmas[vma].vm_prev
        if prev == 0:
            return 0
        return self.vmas[prev].vm_end

    @cython.cfunc
    @cython.nogil
    def own_gap(self, vma: u32) -> u64:
        """Bytes between a vma and the one below it; the guard gap is looked at when placing."""
        return self.vmas[vma].vm_start - self.end_below(vma)

    @cython.cfunc
    @cython.nogil
    def subtree_gap(self, vma: u32) -> u64:
        """What rb_subtree_gap must be, given the children's."""
        gap: u64 = self.own_gap(vma)
        child: u32 = self.vmas[vma].rb_left
        if child != 0 and self.vmas[child].rb_subtree_gap > gap:
            gap = self.vmas[child].rb_subtree_gap
        child = self.vmas[vma].rb_right
        if child != 0 and self.vmas[child].rb_subtree_gap > gap:
            gap = self.vmas[child].rb_subtree_gap
        return gap

    @cython.ccall
    @cython.nogil
    def unmapped_area_topdown(
        self, mm: u32, length: u64, low: u64, high: u64, align_mask: u64, align_offset: u64
    ) -> i64:
        """The highest hole of `length` bytes in [low, high), or -ENOMEM.

        The address is congruent to align_offset under align_mask; as in the kernel only holes
        with room for the worst alignment count.
        """
        need: u64 = length + align_mask
        if high < need or high - need < low:
            return -ENOMEM
        vma: u32 = self.search(mm, high - 1)
        if vma == 0 and self.fits(self.mms[mm].highest_vm_end, high, low, high, need):
            return self.align_down(high - length, align_mask, align_offset)
        if vma == 0:
            vma = self.last_with_gap(self.mms[mm].mm_rb, need)
        place: i64 = 0
        while vma != 0:
            end: u64 = self.vmas[vma].vm_start
            if self.fits(self.end_below(vma), end, low, high, need):
                if end > high:
                    end = high
                place = self.align_down(end - length, align_mask, align_offset)
                if cython.cast(u64, place) + length <= self.vm_start_gap(vma):
                    return place
                high = self.vm_start_gap(vma)  # nothing is placed in a stack's guard gap
                continue
            if self.vmas[vma].vm_start <= low:
                break
            vma = self.prev_with_gap(vma, need)
        return -ENOMEM

    @cython.ccall
    @cython.nogil
    def unmapped_area(
        self, mm: u32, length: u64, low: u64, high: u64, align_mask: u64, align_offset: u64
    ) -> i64:
        """The lowest hole of `length` bytes in [low, high), or -ENOMEM."""
        need: u64 = length + align_mask
        if high < need or high - need < low:
            return -ENOMEM
        start: u64 = 0
        place: i64 = 0
        vma: u32 = self.search(mm, low)
        while vma != 0:
            start = self.end_below(vma)
            if start >= high:
                return -ENOMEM
            if self.fits(start, self.vmas[vma].vm_start, low, high, need):
                place = self.align_up(start, low, align_mask, align_offset)
                if cython.cast(u64, place) + length <= self.vm_start_gap(vma):
                    return place
            vma = self.next_with_gap(vma, need)
        start = self.mms[mm].highest_vm_end
        if self.fits(start, high, low, high, need):
            return self.align_up(start, low, align_mask, align_offset)
        return -ENOMEM

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fits(self, start: u64, end: u64, low: u64, high: u64, need: u64) -> cython.bint:
        """Whether the part of a hole that lies in [low, high) has `need` bytes."""
        if start < low:
            start = low
        if end > high:
            end = high
        return end > start and end - start >= need

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def align_down(self, addr: u64, mask: u64, offset: u64) -> i64:
        return cython.cast(i64, addr - ((addr - offset) & mask))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def align_up(self, start: u64, low: u64, mask: u64, offset: u64) -> i64:
        if start < low:
            start = low
        return cython.cast(i64, start + ((offset - start) & mask))

    @cython.cfunc
    @cython.nogil
    def last_with_gap(self, node: u32, need: u64) -> u32:
        """The highest vma of a subtree with `need` free bytes below it, or 0."""
        if node == 0 or self.vmas[node].rb_subtree_gap < need:
            return 0
        while True:
            child: u32 = self.vmas[node].rb_right
            if child != 0 and self.vmas[child].rb_subtree_gap >= need:
                node = child
            elif self.own_gap(node) >= need:
                return node
            else:
                node = self.vmas[node].rb_left

    @cython.cfunc
    @cython.nogil
    def first_with_gap(self, node: u32, need: u64) -> u32:
        """The lowest vma of a subtree with `need` free bytes below it, or 0."""
        if node == 0 or self.vmas[node].rb_subtree_gap < need:
            return 0
        while True:
            child: u32 = self.vmas[node].rb_left
            if child != 0 and self.vmas[child].rb_subtree_gap >= need:
                node = child
            elif self.own_gap(node) >= need:
                return node
            else:
                node = self.vmas[node].rb_right

    @cython.cfunc
    @cython.nogil
    def prev_with_gap(self, vma: u32, need: u64) -> u32:
        """The highest vma below `vma` with `need` free bytes below it, or 0."""
        found: u32 = self.last_with_gap(self.vmas[vma].rb_left, need)
        while found == 0:
            child: u32 = vma
            vma = self.vmas[vma].rb_parent
            if vma == 0:
                return 0
            if self.vmas[vma].rb_right == child:
                if self.own_gap(vma) >= need:
                    return vma
                found = self.last_with_gap(self.vmas[vma].rb_left, need)
        return found

    @cython.cfunc
    @cython.nogil
    def next_with_gap(self, vma: u32, need: u64) -> u32:
        """The lowest vma above `vma` with `need` free bytes below it, or 0."""
        found: u32 = self.first_with_gap(self.vmas[vma].rb_right, need)
        while found == 0:
            child: u32 = vma
            vma = self.vmas[vma].rb_parent
            if vma == 0:
                return 0
            if self.vmas[vma].rb_left == child:
                if self.own_gap(vma) >= need:
                    return vma
                found = self.first_with_gap(self.vmas[vma].rb_right, need)
        return found

    # The treap

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def priority(self, vma: u32) -> u32:
        """A hash without collisions of the record's index."""
        x: u64 = (cython.cast(u64, vma) * PRIORITY_FACTOR) & PRIORITY_MASK
        return cython.cast(u32, x ^ (x >> 15))

    @cython.cfunc
    @cython.nogil
    def descend(self, mm: u32, vma: u32) -> u32:
        """The leaf-side parent for a new vma."""
        node: u32 = self.mms[mm].mm_rb
        parent: u32 = 0
        while node != 0:
            parent = node
            if self.vmas[vma].vm_start < self.vmas[node].vm_start:
                node = self.vmas[node].rb_left
            else:
                node = self.vmas[node].rb_right
        return parent

    @cython.cfunc
    @cython.nogil
    def link_list(self, mm: u32, vma: u32, prev: u32) -> cython.int:
        """Between prev and its successor."""
        following: u32 = self.mms[mm].mmap
        if prev != 0:
            following = self.vmas[prev].vm_next
            self.vmas[prev].vm_next = vma
        else:
            self.mms[mm].mmap = vma
        self.vmas[vma].vm_prev = prev
        self.vmas[vma].vm_next = following
        if following != 0:
            self.vmas[following].vm_prev = vma
        else:
            self.mms[mm].highest_vm_end = self.vmas[vma].vm_end
        return 0

    @cython.cfunc
    @cython.nogil
    def unlink_list(self, mm: u32, vma: u32) -> cython.int:
        prev: u32 = self.vmas[vma].vm_prev
        following: u32 = self.vmas[vma].vm_next
        if prev != 0:
            self.vmas[prev].vm_next = following
        else:
            self.mms[mm].mmap = following
        if following != 0:
            self.vmas[following].vm_prev = prev
        else:
            self.mms[mm].highest_vm_end = self.end_below(vma)
        return 0

    @cython.cfunc
    @cython.nogil
    def rotate_up(self, mm: u32, vma: u32) -> cython.int:
        """Restore the heap order of priorities above a new leaf."""
        parent: u32 = self.vmas[vma].rb_parent
        while parent != 0 and self.vmas[parent].rb_priority < self.vmas[vma].rb_priority:
            self.rotate(mm, vma)
            parent = self.vmas[vma].rb_parent
        return 0

    @cython.cfunc
    @cython.nogil
    def rotate_to_leaf(self, mm: u32, vma: u32) -> cython.int:
        """Turn the child of higher priority above vma until vma has none."""
        while True:
            left: u32 = self.vmas[vma].rb_left
            right: u32 = self.vmas[vma].rb_right
            if left == 0 and right == 0:
                return 0
            if right == 0 or (
                left != 0 and self.vmas[left].rb_priority > self.vmas[right].rb_priority
            ):
                self.rotate(mm, left)
            else:
                self.rotate(mm, right)

    @cython.cfunc
    @cython.nogil
    def rotate(self, mm: u32, child: u32) -> cython.int:
        """Swap a child with its parent, keeping the order."""
        parent: u32 = self.vmas[child].rb_parent
        above: u32 = self.vmas[parent].rb_parent
        moved: u32
        if self.vmas[parent].rb_left == child:
            moved = self.vmas[child].rb_right
            self.vmas[parent].rb_left = moved
            self.vmas[child].rb_right = parent
        else:
            moved = self.vmas[child].rb_left
            self.vmas[parent].rb_right = moved
            self.vmas[child].rb_left = parent
        if moved != 0:
            self.vmas[moved].rb_parent = parent
        self.vmas[parent].rb_parent = child
        self.vmas[child].rb_parent = above
        if above == 0:
            self.mms[mm].mm_rb = child
        elif self.vmas[above].rb_left == parent:
            self.vmas[above].rb_left = child
        else:
            self.vmas[above].rb_right = child
        self.vmas[parent].rb_subtree_gap = self.subtree_gap(parent)
        self.vmas[child].rb_subtree_gap = self.subtree_gap(child)
        return 0

    # Checks

    def check_mm(self, mm):
        """Order, links, heap, gaps and counts of one address space."""
        walked = self.in_order(self.mms[mm].mm_rb, 0)
        chain = []
        vma, prev = self.mms[mm].mmap, 0
        while vma:
            assert self.vmas[vma].vm_mm == mm and self.vmas[vma].vm_prev == prev
            assert self.vmas[vma].vm_start < self.vmas[vma].vm_end
            assert prev == 0 or self.vmas[prev].vm_end <= self.vmas[vma].vm_start
            assert self.vmas[vma].rb_subtree_gap == self.subtree_gap(vma), f"gap of vma {vma}"
            chain.append(vma)
            vma, prev = self.vmas[vma].vm_next, vma
        assert walked == chain, f"mm {mm}: tree {walked}, list {chain}"
        assert self.mms[mm].map_count == len(chain)
        assert self.mms[mm].highest_vm_end == (self.vmas[prev].vm_end if prev else 0)
        assert self.mms[mm].vmacache == 0 or self.mms[mm].vmacache in chain

    def in_order(self, node, parent):
        """The vmas of a subtree, checking parents and priorities."""
        if node == 0:
            return []
        assert self.vmas[node].rb_parent == parent
        assert parent == 0 or self.vmas[parent].rb_priority > self.vmas[node].rb_priority
        left = self.in_order(self.vmas[node].rb_left, node)
        return [*left, node, *self.in_order(self.vmas[node].rb_right, node)]
