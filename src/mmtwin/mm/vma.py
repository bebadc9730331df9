"""Vmas: made, split, merged, moved.

    split_vma() at addr                     vma_merge() of a new range with both neighbours

    [      vma       ]                      [ prev ][ new range ][ next ]
    [ vma ][  new    ]   new_below = 0      [           prev            ]
    [ new ][  vma    ]   new_below = 1

Two ranges become one vma if they touch, have the same flags (but for VM_SOFTDIRTY), the same
struct file at consecutive offsets, and anon_vmas that can be one: equal, or one of them absent
while the other was not inherited from a parent by fork.

Models mm/vma.c (mm/mmap.c up to 6.10): __split_vma(), split_vma(), vma_merge_new_range(),
vma_merge_existing_range(), vma_modify(), vma_expand(), copy_vma(); kernel/fork.c: vm_area_dup().
Not modelled: NUMA policies, userfaultfd contexts and anonymous names, which also keep vmas
apart where a program uses them.

Invariants: see vma_tree.py; a vma with a file is on its inode's i_mmap list; vm_pgoff follows
vm_start wherever a vma is cut or joined.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.anon_vma import AnonVmaChains
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.memcg_slab import SLAB_VMA, MemcgSlab
    from mmtwin.mm.rmap import Rmap
    from mmtwin.mm.types import Mms, Sysctls, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import EINVAL, ENOMEM
    from mmtwin.mm.vm_flags import VM_SOFTDIRTY, VM_SPECIAL, VMOPS_SHM, VMOPS_SPECIAL
    from mmtwin.mm.vma_tree import VmaTree

ALL_BITS = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFFFFF)
MERGE_FIXED_ANON = cython.declare(cython.const[cython.int], 616)  # faulted into unfaulted merges

# struct vma_merge_struct: what is to become part of a neighbour. One record in `vmg`.
VmaMerge = cython.struct(
    start=u64,  # the range
    end=u64,
    pgoff=u64,  # of start
    flags=u64,  # VM_* that the range will have
    mm=u32,
    prev=u32,  # vma that ends at or below start, 0 if none
    middle=u32,  # vma that the range lies in, 0 for a range not yet mapped
    next=u32,  # vma that starts at or above end
    file=u32,
    anon_vma=u32,
)

if cython.compiled:
    VmaMerges = cython.typedef(VmaMerge[::1])
else:
    VmaMerges = object


@cython.final
@cython.cclass
class VmaOps:
    """Changes the vmas of an address space, keeping tree, reverse maps and offsets right."""

    vmas: Vmas
    mms: Mms
    vmg: VmaMerges
    chains: AnonVmaChains
    sysctl: Sysctls
    pool: IdPool
    tree: VmaTree
    rmap: Rmap
    slab: MemcgSlab
    page_cache: PageCache

    def __init__(self, arena, config):
        self.vmas = arena.vmas
        self.mms = arena.mms
        self.sysctl = arena.sysctl
        self.chains = arena.anon_vma_chains
        self.vmg = arena.array("vmg", "vma.VmaMerge", 1)
        self.pool = IdPool(arena, "vmas", len(arena.vmas))

    def wire(self, m):
        """Take the mechanisms that vmas hang on."""
        self.tree = m.vma_tree
        self.rmap = m.rmap
        self.page_cache = m.page_cache
        self.slab = m.memcg_slab

    def boot(self):
        """No vma is in use."""
        self.pool.boot()

    # Records

    @cython.ccall
    @cython.nogil
    def vm_area_alloc(self, mm: u32) -> u32:
        """A zeroed record that belongs to mm, or 0."""
        vma: u32 = self.pool.alloc()
        if vma != 0:
            if self.slab.slab_alloc(SLAB_VMA, vma):
                self.pool.free(vma)
                return 0
            self.vmas[vma].vm_mm = mm
        return vma

    @cython.ccall
    @cython.nogil
    def vm_area_free(self, vma: u32) -> cython.int:
        """Give back a record that is neither linked nor holds references (see remove_vma())."""
        self.set_fields(vma, 0, 0, 0, 0)
        self.vmas[vma].rb_subtree_gap = 0
        self.vmas[vma].swap_readahead_info = 0
        self.vmas[vma].vm_mm = 0
        self.vmas[vma].vm_file = 0
        self.forget_links(vma)
        self.vmas[vma].vm_ops = 0
        self.vmas[vma].name = 0
        self.slab.slab_free(SLAB_VMA, vma)
        self.pool.free(vma)
        return 0

    @cython.ccall
    @cython.nogil
    def vm_area_dup(self, vma: u32) -> u32:
        """An unlinked copy with its own file reference and no anon_vma yet, or 0."""
        new: u32 = self.vm_area_alloc(self.vmas[vma].vm_mm)
        if new == 0:
            return 0
        self.set_fields(
            new,
            self.vmas[vma].vm_start,
            self.vmas[vma].vm_end,
            self.vmas[vma].vm_pgoff,
            self.vmas[vma].vm_flags,
        )
        self.vmas[new].swap_readahead_info = self.vmas[vma].swap_readahead_info
        self.vmas[new].vm_ops = self.vmas[vma].vm_ops
        self.vmas[new].name = self.vmas[vma].name
        self.vmas[new].vm_file = self.vmas[vma].vm_file
        if self.vmas[new].vm_file != 0:
            self.page_cache.get_file(self.vmas[new].vm_file)
        return new

    @cython.ccall
    @cython.nogil
    def set_fields(self, vma: u32, start: u64, end: u64, pgoff: u64, flags: u64) -> cython.int:
        """Range, offset and flags of a vma that is not linked."""
        self.vmas[vma].vm_start = start
        self.vmas[vma].vm_end = end
        self.vmas[vma].vm_pgoff = pgoff
        self.vmas[vma].vm_flags = flags
        return 0

    @cython.cfunc
    @cython.nogil
    def forget_links(self, vma: u32) -> cython.int:
        self.vmas[vma].vm_next = 0
        self.vmas[vma].vm_prev = 0
        self.vmas[vma].rb_parent = 0
        self.vmas[vma].rb_left = 0
        self.vmas[vma].rb_right = 0
        self.vmas[vma].rb_priority = 0
        self.vmas[vma].anon_vma = 0
        self.vmas[vma].anon_vma_chain = 0
        self.vmas[vma].i_mmap_next = 0
        self.vmas[vma].i_mmap_prev = 0
        return 0

    @cython.ccall
    @cython.nogil
    def link_vma(self, mm: u32, vma: u32) -> cython.int:
        """Into the tree and onto the file's i_mmap list: vma_link()."""
        self.tree.vma_link(mm, vma)
        if self.vmas[vma].vm_file != 0:
            self.rmap.vma_link_file(vma)
        return 0

    @cython.ccall
    @cython.nogil
    def link_copy(self, mm: u32, vma: u32, original: u32) -> cython.int:
        """link_vma() of a fork's copy, which stands behind its original on the list."""
        self.tree.vma_link(mm, vma)
        if self.vmas[vma].vm_file != 0:
            self.rmap.vma_link_file_after(vma, original)
        return 0

    @cython.ccall
    @cython.nogil
    def remove_vma(self, mm: u32, vma: u32) -> cython.int:
        """Unlink a vma whose pages are gone, drop what it holds, free the record."""
        file: u32 = self.vmas[vma].vm_file
        self.rmap.unlink_anon_vmas(vma)
        if file != 0:
            self.rmap.unlink_file_vma(vma)
        self.tree.vma_unlink(mm, vma)
        self.vm_area_free(vma)
        if file != 0:
            self.page_cache.fput(file)
        return 0

    @cython.cfunc
    @cython.nogil
    def drop_unlinked(self, vma: u32) -> cython.int:
        """Undo vm_area_dup()."""
        file: u32 = self.vmas[vma].vm_file
        self.vm_area_free(vma)
        if file != 0:
            self.page_cache.fput(file)
        return 0

    # Splitting

    @cython.ccall
    @cython.nogil
    def split_vma(self, vma: u32, addr: u64, new_below: cython.int) -> cython.int:
        """Cut at addr, within max_map_count: 0, -ENOMEM, or -EINVAL for vdso and vvar."""
        if self.mms[self.vmas[vma].vm_mm].map_count >= self.sysctl[0].max_map_count:
            return -ENOMEM
        return self.split_vma_unlimited(vma, addr, new_below)

    @cython.ccall
    @cython.nogil
    def split_vma_unlimited(self, vma: u32, addr: u64, new_below: cython.int) -> cython.int:
        """__split_vma(): `vma` keeps the upper part if new_below, else the lower."""
        if self.vmas[vma].vm_ops == VMOPS_SPECIAL:  # special_mapping_split()
            return -EINVAL
        new: u32 = self.vm_area_dup(vma)
        if new == 0:
            return -ENOMEM
        if self.clone_anon_vma(new, vma) != 0:
            self.drop_unlinked(new)
            return -ENOMEM
        start: u64 = self.vmas[vma].vm_start
        end: u64 = self.vmas[vma].vm_end
        upper_pgoff: u64 = self.vmas[vma].vm_pgoff + ((addr - start) >> 12)
        if new_below:
            self.vmas[new].vm_end = addr
            self.set_range(vma, addr, end, upper_pgoff)
        else:
            self.vmas[new].vm_start = addr
            self.vmas[new].vm_pgoff = upper_pgoff
            self.set_range(vma, start, addr, self.vmas[vma].vm_pgoff)
        return self.link_vma(self.vmas[vma].vm_mm, new)

    @cython.ccall
    @cython.nogil
    def set_range(self, vma: u32, start: u64, end: u64, pgoff: u64) -> cython.int:
        """Move the ends of a linked vma: vma_set_range() within vma_prepare(), vma_complete()."""
        self.vmas[vma].vm_pgoff = pgoff
        return self.tree.set_range(vma, start, end)

    # Merging: may they?

    @cython.ccall
    @cython.nogil
    def vmg_range(self, mm: u32, start: u64, end: u64, flags: u64, pgoff: u64) -> cython.int:
        """Fill `vmg` for an unmapped, anonymous range; prev and next are looked up."""
        self.vmg[0].mm = mm
        self.vmg[0].start = start
        self.vmg[0].end = end
        self.vmg[0].flags = flags
        self.vmg[0].pgoff = pgoff
        self.vmg[0].file = 0
        self.vmg[0].anon_vma = 0
        self.vmg[0].middle = 0
        self.vmg[0].prev = self.tree.find_vma_prev_of(mm, start)
        self.vmg[0].next = self.mms[mm].mmap
        if self.vmg[0].prev != 0:
            self.vmg[0].next = self.vmas[self.vmg[0].prev].vm_next
        return 0

    @cython.cfunc
    @cython.nogil
    def is_mergeable_vma(self, vma: u32) -> cython.bint:
        """Same flags and file as the range in `vmg`."""
        differ: u64 = self.vmas[vma].vm_flags ^ self.vmg[0].flags
        if (differ & (ALL_BITS ^ VM_SOFTDIRTY)) != 0:
            return False
        if self.vmas[vma].vm_ops == VMOPS_SHM:  # it has a close(): attachments are counted
            return False
        return self.vmas[vma].vm_file == self.vmg[0].file

    @cython.cfunc
    @cython.nogil
    def has_one_link(self, vma: u32) -> cython.bint:
        """Its anon_vma is its own: list_is_singular() of anon_vma_chain (no fork before)."""
        link: u32 = self.vmas[vma].anon_vma_chain
        return link != 0 and self.chains[link].same_vma_next == link

    @cython.cfunc
    @cython.nogil
    def is_mergeable_anon_vma(self, range_anon: u32, vma: u32) -> cython.bint:
        """Can pages of the range belong to vma? Inherited anon_vmas are kept apart."""
        own: u32 = self.vmas[vma].anon_vma
        if range_anon == own:
            return True
        if range_anon != 0 and own != 0:
            return False
        if own != 0:
            return self.has_one_link(vma)
        if self.sysctl[0].kernel < MERGE_FIXED_ANON:  # an empty chain counted as inherited
            return False
        return self.vmg[0].middle == 0 or self.has_one_link(self.vmg[0].middle)

    @cython.cfunc
    @cython.nogil
    def are_anon_vmas_compatible(self, a: u32, b: u32) -> cython.bint:
        """Could two neighbours share one anon_vma?"""
        first: u32 = self.vmas[a].anon_vma
        second: u32 = self.vmas[b].anon_vma
        return first == second or first == 0 or second == 0

    @cython.cfunc
    @cython.nogil
    def can_vma_merge_left(self) -> cython.bint:
        """The range can become the end of `prev`."""
        prev: u32 = self.vmg[0].prev
        if prev == 0 or self.vmas[prev].vm_end != self.vmg[0].start:
            return False
        if not self.is_mergeable_vma(prev):
            return False
        if not self.is_mergeable_anon_vma(self.vmg[0].anon_vma, prev):
            return False
        pages: u64 = (self.vmas[prev].vm_end - self.vmas[prev].vm_start) >> 12
        return self.vmas[prev].vm_pgoff + pages == self.vmg[0].pgoff

    @cython.cfunc
    @cython.nogil
    def can_vma_merge_right(self) -> cython.bint:
        """The range can become the beginning of `next`."""
        following: u32 = self.vmg[0].next
        if following == 0 or self.vmas[following].vm_start != self.vmg[0].end:
            return False
        if not self.is_mergeable_vma(following):
            return False
        if not self.is_mergeable_anon_vma(self.vmg[0].anon_vma, following):
            return False
        pages: u64 = (self.vmg[0].end - self.vmg[0].start) >> 12
        return self.vmas[following].vm_pgoff == self.vmg[0].pgoff + pages

    # Merging: a range that is not mapped yet

    @cython.ccall
    @cython.nogil
    def vma_merge(self) -> u32:
        """Join the range in `vmg` with its neighbours: the vma that now covers it, or 0."""
        if self.vmg[0].middle != 0:
            return self.vma_merge_existing_range()
        return self.vma_merge_new_range()

    @cython.ccall
    @cython.nogil
    def vma_merge_new_range(self) -> u32:
        """Grow prev, next or both over an unmapped range; the lower one wins."""
        if (self.vmg[0].flags & VM_SPECIAL) != 0:
            return 0
        left: cython.bint = self.can_vma_merge_left()
        right: cython.bint = self.can_vma_merge_right()
        if left and right:
            right = self.are_anon_vmas_compatible(self.vmg[0].prev, self.vmg[0].next)
        return self.expand_over_range(left, right)

    @cython.ccall
    @cython.nogil
    def vma_merge_mmap_region(self) -> u32:
        """As vma_merge_new_range() for mmap(2): 6.1 tries the upper neighbour first."""
        if self.sysctl[0].kernel >= 612:
            return self.vma_merge_new_range()
        if (self.vmg[0].flags & VM_SPECIAL) != 0:
            return 0
        right: cython.bint = self.can_vma_merge_right()
        if right:
            self.vmg[0].anon_vma = self.vmas[self.vmg[0].next].anon_vma
        left: cython.bint = self.can_vma_merge_left()
        return self.expand_over_range(left, right)

    @cython.cfunc
    @cython.nogil
    def expand_over_range(self, left: cython.bint, right: cython.bint) -> u32:
        """vma_expand() of prev, or else of next."""
        prev: u32 = self.vmg[0].prev
        following: u32 = self.vmg[0].next
        if left and right:
            if self.absorb(prev, following) != 0:
                return 0
            return prev
        if left:
            self.set_range(
                prev, self.vmas[prev].vm_start, self.vmg[0].end, self.vmas[prev].vm_pgoff
            )
            return prev
        if right:
            self.set_range(
                following, self.vmg[0].start, self.vmas[following].vm_end, self.vmg[0].pgoff
            )
            return following
        return 0

    @cython.cfunc
    @cython.nogil
    def absorb(self, vma: u32, gone: u32) -> cython.int:
        """Extend vma to the end of a higher one, which disappears: 0 or -ENOMEM."""
        end: u64 = self.vmas[gone].vm_end
        if self.dup_anon_vma(vma, gone) != 0:
            return -ENOMEM
        self.remove_vma(self.vmas[vma].vm_mm, gone)
        return self.set_range(vma, self.vmas[vma].vm_start, end, self.vmas[vma].vm_pgoff)

    @cython.cfunc
    @cython.nogil
    def dup_anon_vma(self, dst: u32, src: u32) -> cython.int:
        """Before dst takes over pages of src: it needs its anon_vma too."""
        if self.vmas[src].anon_vma == 0 or self.vmas[dst].anon_vma != 0:
            return 0
        return self.clone_anon_vma(dst, src)

    @cython.cfunc
    @cython.nogil
    def clone_anon_vma(self, dst: u32, src: u32) -> cython.int:
        """Let dst have the same anon_vma as src: 0 or -ENOMEM."""
        self.vmas[dst].anon_vma = self.vmas[src].anon_vma
        return self.rmap.anon_vma_clone(dst, src)

    # Merging: part of a vma whose flags are about to change

    @cython.ccall
    @cython.nogil
    def vma_merge_existing_range(self) -> u32:
        """Give [start, end) of `middle` to prev, to next, or join all three."""
        middle: u32 = self.vmg[0].middle
        at_start: cython.bint = self.vmg[0].start == self.vmas[middle].vm_start
        at_end: cython.bint = self.vmg[0].end == self.vmas[middle].vm_end
        if (self.vmg[0].flags & VM_SPECIAL) != 0 or not (at_start or at_end):
            return 0
        left: cython.bint = at_start and self.can_vma_merge_left()
        right: cython.bint = at_end and self.can_vma_merge_right()
        if left and right:
            right = self.are_anon_vmas_compatible(self.vmg[0].prev, self.vmg[0].next)
        if left and right:
            return self.join_three(middle)
        if left:
            return self.give_to_prev(middle, at_end)
        if right:
            return self.give_to_next(middle, at_start)
        return 0

    @cython.cfunc
    @cython.nogil
    def join_three(self, middle: u32) -> u32:
        prev: u32 = self.vmg[0].prev
        following: u32 = self.vmg[0].next
        source: u32 = middle
        if self.vmas[following].anon_vma != 0:
            source = following
        if self.dup_anon_vma(prev, source) != 0:
            return 0
        end: u64 = self.vmas[following].vm_end
        self.remove_vma(self.vmg[0].mm, middle)
        self.remove_vma(self.vmg[0].mm, following)
        self.set_range(prev, self.vmas[prev].vm_start, end, self.vmas[prev].vm_pgoff)
        return prev

    @cython.cfunc
    @cython.nogil
    def give_to_prev(self, middle: u32, whole: cython.bint) -> u32:
        """All of middle, or its lower part."""
        prev: u32 = self.vmg[0].prev
        if self.dup_anon_vma(prev, middle) != 0:
            return 0
        end: u64 = self.vmg[0].end
        if whole:
            self.remove_vma(self.vmg[0].mm, middle)
        else:
            pages: u64 = (end - self.vmas[middle].vm_start) >> 12
            self.set_range(
                middle, end, self.vmas[middle].vm_end, self.vmas[middle].vm_pgoff + pages
            )
        self.set_range(prev, self.vmas[prev].vm_start, end, self.vmas[prev].vm_pgoff)
        return prev

    @cython.cfunc
    @cython.nogil
    def give_to_next(self, middle: u32, whole: cython.bint) -> u32:
        """All of middle, or its upper part."""
        following: u32 = self.vmg[0].next
        if self.dup_anon_vma(following, middle) != 0:
            return 0
        start: u64 = self.vmg[0].start
        pages: u64 = (self.vmas[following].vm_start - start) >> 12
        if whole:
            self.remove_vma(self.vmg[0].mm, middle)
        else:
            self.set_range(middle, self.vmas[middle].vm_start, start, self.vmas[middle].vm_pgoff)
        self.set_range(
            following, start, self.vmas[following].vm_end, self.vmas[following].vm_pgoff - pages
        )
        return following

    @cython.ccall
    @cython.nogil
    def vma_modify_flags(self, vma: u32, start: u64, end: u64, new_flags: u64) -> i64:
        """The vma that now covers [start, end) of vma, for the caller to set its flags.

        Merged with a neighbour that has new_flags already (it then covers more), or cut out;
        -ENOMEM where the map count forbids that, -EINVAL for vdso and vvar.
        """
        self.vmg[0].mm = self.vmas[vma].vm_mm
        self.vmg[0].start = start
        self.vmg[0].end = end
        self.vmg[0].flags = new_flags
        self.vmg[0].pgoff = self.vmas[vma].vm_pgoff + ((start - self.vmas[vma].vm_start) >> 12)
        self.vmg[0].file = self.vmas[vma].vm_file
        self.vmg[0].anon_vma = self.vmas[vma].anon_vma
        self.vmg[0].prev = self.vmas[vma].vm_prev
        self.vmg[0].middle = vma
        self.vmg[0].next = self.vmas[vma].vm_next
        merged: u32 = self.vma_merge_existing_range()
        if merged != 0:
            return merged
        return self.isolate(vma, start, end)

    @cython.cfunc
    @cython.nogil
    def isolate(self, vma: u32, start: u64, end: u64) -> i64:
        """Split off what lies outside of [start, end)."""
        error: cython.int = 0
        if self.vmas[vma].vm_start < start:
            error = self.split_vma(vma, start, 1)
        if error == 0 and self.vmas[vma].vm_end > end:
            error = self.split_vma(vma, end, 0)
        if error != 0:
            return error
        return vma

    # mremap

    @cython.ccall
    @cython.nogil
    def copy_vma(self, vma: u32, addr: u64, length: u64, pgoff: u64) -> u32:
        """The vma that takes [addr, addr + length) over from vma, new or merged, or 0.

        The source may be merged into it (mremap next to itself): if `vma` is then no longer
        in use, the result covers its range too.
        """
        mm: u32 = self.vmas[vma].vm_mm
        if self.vmas[vma].vm_ops == 0 and self.vmas[vma].anon_vma == 0:
            pgoff = addr >> 12  # never faulted: it may count from its new place
        self.vmg_range(mm, addr, addr + length, self.vmas[vma].vm_flags, pgoff)
        self.vmg[0].file = self.vmas[vma].vm_file
        self.vmg[0].anon_vma = self.vmas[vma].anon_vma
        merged: u32 = self.vma_merge_new_range()
        if merged != 0:
            return merged
        new: u32 = self.vm_area_dup(vma)
        if new == 0:
            return 0
        if self.clone_anon_vma(new, vma) != 0:
            self.drop_unlinked(new)
            return 0
        self.set_fields(new, addr, addr + length, pgoff, self.vmas[vma].vm_flags)
        self.link_vma(mm, new)
        return new

    @cython.ccall
    @cython.nogil
    def vma_expandable(self, vma: u32, delta: u64) -> cython.bint:
        """Whether `delta` more bytes are free above vma, right up to a stack: vma_expandable()."""
        end: u64 = self.vmas[vma].vm_end + delta
        mm: u32 = self.vmas[vma].vm_mm
        if end < self.vmas[vma].vm_end or end > self.mms[mm].task_size:
            return False
        following: u32 = self.vmas[vma].vm_next
        return following == 0 or self.vmas[following].vm_start >= end

    @cython.ccall
    @cython.nogil
    def grow_vma(self, vma: u32, new_end: u64) -> u32:
        """Move vma's end up over free space: vma_merge_extend(). The vma, or 0 without memory.

        Where the added range meets a compatible vma above, the two become one.
        """
        end: u64 = self.vmas[vma].vm_end
        pages: u64 = (end - self.vmas[vma].vm_start) >> 12
        self.vmg_range(
            self.vmas[vma].vm_mm,
            end,
            new_end,
            self.vmas[vma].vm_flags,
            self.vmas[vma].vm_pgoff + pages,
        )
        self.vmg[0].file = self.vmas[vma].vm_file
        self.vmg[0].anon_vma = self.vmas[vma].anon_vma
        return self.vma_merge_new_range()
