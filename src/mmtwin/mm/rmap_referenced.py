"""Whether a page was used since somebody last asked.

Each pte that maps the page is looked at through the reverse map, and its accessed bit cleared. The
translation is not flushed from the TLB for that: x86 only learns of uses after the next flush.
Mappings that say nothing about the future (MADV_SEQUENTIAL, MADV_RANDOM) do not count, nor, when
a cgroup is reclaimed, those of tasks outside of it.

Models mm/rmap.c: folio_referenced(), folio_referenced_one(), invalid_folio_referenced_vma();
arch/x86/mm/pgtable.c: ptep_clear_flush_young().
Not modelled: contended locks; POSIX_FADV_NOREUSE files; PG_young of page idle tracking.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.page_flags import PG_idle
    from mmtwin.mm.pgtable import ALL_ONES
    from mmtwin.mm.pgtable_types import PAGE_ACCESSED
    from mmtwin.mm.types import Mms, Pages, Sysctls, U64s, Vmas, u32, u64
    from mmtwin.mm.vm_flags import VM_LOCKED, VM_RAND_READ, VM_SEQ_READ

RECENCY = cython.declare(cython.const[cython.int], 603)  # 6.3: VM_RAND_READ has none either


@cython.final
@cython.cclass
class RmapReferenced:
    """Reads and clears accessed bits through the reverse map."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    mms: Mms
    sysctl: Sysctls
    memcontrol: MemControl
    rmap = cython.declare("Rmap")
    mlock_batch = cython.declare("MlockBatch")
    mglru_age = cython.declare("MglruAge")
    # Flags of the mappings that used the page, or VM_LOCKED, as of the last folio_referenced()
    vm_flags = cython.declare(u64, visibility="readonly")

    def __init__(self, arena, config):
        self.pages, self.vmas, self.mms = arena.pages, arena.vmas, arena.mms
        self.sysctl = arena.sysctl
        self.vm_flags = 0

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.ptes = m.arena.ptes
        self.mglru_age = m.mglru_age
        self.memcontrol, self.rmap, self.mlock_batch = m.memcontrol, m.rmap, m.mlock_batch

    @cython.ccall
    @cython.nogil
    def folio_referenced(self, pfn: u64, memcg: u32) -> cython.int:
        """How many ptes had used the page (of tasks in `memcg`, 0: all); their accessed bits are
        cleared. A locked mapping ends the walk."""
        left: cython.int = self.pages[pfn].mapcount
        referenced: cython.int = 0
        link: u32
        at: u64
        vma: u32
        self.vm_flags = 0
        if left == 0:
            return 0
        link = self.rmap.rmap_walk_first(pfn)
        while link and left:
            vma = self.rmap.rmap_walk_vma(pfn, link)
            at = 0
            if self.counts(vma, memcg):
                at = self.rmap.page_vma_mapped_walk(pfn, vma)
            if at:
                if self.vmas[vma].vm_flags & VM_LOCKED:
                    self.mlock_batch.mlock_folio(pfn)
                    self.vm_flags |= VM_LOCKED
                    return referenced
                referenced += self.test_and_clear_young(pfn, vma, at)
                left -= 1
            link = self.rmap.rmap_walk_next(pfn, link)
        if referenced:
            self.pages[pfn].flags &= ~PG_idle & ALL_ONES
        return referenced

    @cython.cfunc
    @cython.nogil
    def counts(self, vma: u32, memcg: u32) -> cython.bint:
        """Whether the uses of a mapping are of interest."""
        if self.sysctl[0].kernel >= RECENCY:
            if self.vmas[vma].vm_flags & (VM_SEQ_READ | VM_RAND_READ):
                return False
        if memcg == 0:
            return True
        return self.memcontrol.mem_cgroup_is_descendant(self.mms[self.vmas[vma].vm_mm].memcg, memcg)

    @cython.cfunc
    @cython.nogil
    def test_and_clear_young(self, pfn: u64, vma: u32, at: u64) -> cython.int:
        """1 if the pte had been used."""
        if self.sysctl[0].lru_gen_enabled & 1:
            if not self.mglru_age.lru_gen_look_around(
                pfn, vma, self.rmap.vma_address(pfn, vma), at
            ):
                return 0
            self.vm_flags |= self.vmas[vma].vm_flags
            return 1
        if not self.ptes[at] & PAGE_ACCESSED:
            return 0
        self.ptes[at] &= ~PAGE_ACCESSED & ALL_ONES
        if self.sysctl[0].kernel < RECENCY and self.vmas[vma].vm_flags & VM_SEQ_READ:
            return 0
        self.vm_flags |= self.vmas[vma].vm_flags
        return 1
