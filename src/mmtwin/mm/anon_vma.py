"""anon_vmas: which vmas may map the anonymous pages that were first faulted in through one of them.

    vma --anon_vma--> AV            a vma puts its new pages under one anon_vma (Page.mapping),
     |                ^             and can also map pages of every ancestor it was forked from
     +--chain-- AVC --+-- list --> AVCs of all vmas that may hold a page of AV

A link (AnonVmaChain) is on two circular lists: of its vma, newest first, and of its anon_vma.
A page's mapping gives the anon_vma; its links give the vmas to search.

Models mm/rmap.c: anon_vma_prepare(), anon_vma_clone(), anon_vma_fork(), unlink_anon_vmas(),
and mm/vma.c: find_mergeable_anon_vma(), reusable_anon_vma(), anon_vma_compatible().
Not modelled: locks and RCU; the interval tree of an anon_vma's links, which is a list here: a
walk looks at every link instead of those in range. It cannot change which are found; only a walk
over a parent with thousands of living children takes longer. Memory policies (one for all).

Invariants: refcount of an anon_vma is 1 while it has links, and one more for each other anon_vma
whose root it is; num_children counts those whose parent it is (a root is its own child);
num_active_vmas counts the vmas whose `anon_vma` it is.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.pgtable_types import PAGE_SHIFT
    from mmtwin.mm.memcg_slab import SLAB_ANON_VMA, SLAB_ANON_VMA_CHAIN, MemcgSlab
    from mmtwin.mm.types import Vmas, i32, u32, u64
    from mmtwin.mm.uapi import ENOMEM
    from mmtwin.mm.vm_flags import VM_EXEC, VM_READ, VM_SOFTDIRTY, VM_WRITE

# struct anon_vma
AnonVma = cython.struct(
    root=u32,  # itself for a root
    parent=u32,
    refcount=i32,
    num_children=u32,
    num_active_vmas=u32,
    rb_root=u32,  # one of its links (the last added), 0 if none
)

# struct anon_vma_chain
AnonVmaChain = cython.struct(
    vma=u32,
    anon_vma=u32,
    same_vma_next=u32,  # circular; the vma's `anon_vma_chain` is the newest
    same_vma_prev=u32,
    rb_next=u32,  # circular; the anon_vma's `rb_root` is the newest
    rb_prev=u32,
)

if cython.compiled:
    AnonVmaArray = cython.typedef(AnonVma[::1])
    AnonVmaChains = cython.typedef(AnonVmaChain[::1])
else:
    AnonVmaArray = AnonVmaChains = object

NR_ANON_VMAS = 1 << 24
NR_ANON_VMA_CHAINS = 1 << 26


@cython.final
@cython.cclass
class AnonVmas:
    """The anon_vmas of the machine and their links to vmas."""

    arena: object
    vmas: Vmas
    anon_vmas: AnonVmaArray
    chains: AnonVmaChains
    ids: IdPool
    chain_ids: IdPool
    slab: MemcgSlab

    def __init__(self, arena, config):
        self.arena = arena
        self.vmas = arena.vmas
        self.anon_vmas = arena.array("anon_vmas", "anon_vma.AnonVma", NR_ANON_VMAS)
        self.chains = arena.array("anon_vma_chains", "anon_vma.AnonVmaChain", NR_ANON_VMA_CHAINS)
        self.ids = IdPool(arena, "anon_vma", NR_ANON_VMAS)
        self.chain_ids = IdPool(arena, "anon_vma_chain", NR_ANON_VMA_CHAINS)

    def wire(self, m):
        """Take who pays for the objects, from the machine's namespace `m`."""
        self.slab = m.memcg_slab

    def boot(self):
        self.ids.boot()
        self.chain_ids.boot()

    @cython.ccall
    @cython.nogil
    def anon_vma_prepare(self, vma: u32) -> cython.int:
        """Give a vma that has none an anon_vma, a neighbour's where the two could merge.

        0 or -ENOMEM.
        """
        link: u32 = self.anon_vma_chain_alloc()
        if not link:
            return -ENOMEM
        anon_vma: u32 = self.find_mergeable_anon_vma(vma)
        if not anon_vma:
            anon_vma = self.anon_vma_alloc()
            if not anon_vma:
                self.slab.slab_free(SLAB_ANON_VMA_CHAIN, link)
                self.chain_ids.free(link)
                return -ENOMEM
            self.anon_vmas[anon_vma].num_children += 1  # a root is its own child
        self.hang(link, vma, anon_vma)
        self.vmas[vma].anon_vma = anon_vma
        self.anon_vmas[anon_vma].num_active_vmas += 1
        return 0

    @cython.ccall
    @cython.nogil
    def anon_vma_clone(self, dst: u32, src: u32) -> cython.int:
        """Link dst to all anon_vmas of src: 0 or -ENOMEM.

        A split or merge has set dst's `anon_vma` to src's; fork() has cleared it, and then an
        anon_vma left without a vma of its own and with at most one child is taken over, so that
        chains of forks stay short.
        """
        newest: u32 = self.vmas[src].anon_vma_chain
        if newest:
            oldest: u32 = self.chains[newest].same_vma_prev
            link: u32 = oldest
            while True:  # oldest first: the new chain comes out in the same order
                anon_vma: u32 = self.chains[link].anon_vma
                if not self.anon_vma_chain_link(dst, anon_vma):
                    self.vmas[dst].anon_vma = 0
                    self.unlink_anon_vmas(dst)
                    return -ENOMEM
                if not self.vmas[dst].anon_vma and self.reusable_by_fork(src, anon_vma):
                    self.vmas[dst].anon_vma = anon_vma
                link = self.chains[link].same_vma_prev
                if link == oldest:
                    break
        if self.vmas[dst].anon_vma:
            self.anon_vmas[self.vmas[dst].anon_vma].num_active_vmas += 1
        return 0

    @cython.ccall
    @cython.nogil
    def anon_vma_fork(self, vma: u32, pvma: u32) -> cython.int:
        """Attach a child's vma to its parent's anon_vmas and to one of its own: 0 or -ENOMEM."""
        parent: u32 = self.vmas[pvma].anon_vma
        if not parent:
            return 0
        self.vmas[vma].anon_vma = 0
        error: cython.int = self.anon_vma_clone(vma, pvma)
        if error or self.vmas[vma].anon_vma:
            return error
        anon_vma: u32 = self.anon_vma_alloc()
        if not anon_vma or not self.anon_vma_chain_link(vma, anon_vma):
            if anon_vma:
                self.put_anon_vma(anon_vma)
            self.unlink_anon_vmas(vma)
            return -ENOMEM
        self.adopt(anon_vma, parent)
        self.vmas[vma].anon_vma = anon_vma
        self.anon_vmas[anon_vma].num_active_vmas += 1
        return 0

    @cython.ccall
    @cython.nogil
    def unlink_anon_vmas(self, vma: u32) -> cython.int:
        """Detach a vma from all its anon_vmas; those that nobody uses any more are freed."""
        newest: u32 = self.vmas[vma].anon_vma_chain
        if newest:
            link: u32 = newest
            while True:  # newest first: the root goes last
                self.unlink_from_anon_vma(link)
                link = self.chains[link].same_vma_next
                if link == newest:
                    break
        anon_vma: u32 = self.vmas[vma].anon_vma
        if anon_vma:
            self.anon_vmas[anon_vma].num_active_vmas -= 1
            self.vmas[vma].anon_vma = 0
        while self.vmas[vma].anon_vma_chain:
            link = self.vmas[vma].anon_vma_chain
            anon_vma = self.chains[link].anon_vma
            self.anon_vma_chain_free(vma, link)
            if not self.anon_vmas[anon_vma].rb_root:
                self.put_anon_vma(anon_vma)
        return 0

    @cython.cfunc
    @cython.nogil
    def find_mergeable_anon_vma(self, vma: u32) -> u32:
        """The anon_vma of the next, or else the previous, vma that vma could merge with; or 0."""
        after: u32 = self.vmas[vma].vm_next
        if after and self.anon_vma_compatible(vma, after) and self.has_one_link(after):
            return self.vmas[after].anon_vma
        before: u32 = self.vmas[vma].vm_prev
        if before and self.anon_vma_compatible(before, vma) and self.has_one_link(before):
            return self.vmas[before].anon_vma
        return 0

    @cython.cfunc
    @cython.nogil
    def has_one_link(self, vma: u32) -> cython.bint:
        """Only an anon_vma of a vma that was never forked is shared: reusable_anon_vma()."""
        link: u32 = self.vmas[vma].anon_vma_chain
        return self.vmas[vma].anon_vma != 0 and self.chains[link].same_vma_next == link

    @cython.cfunc
    @cython.nogil
    def anon_vma_compatible(self, a: u32, b: u32) -> cython.bint:
        """Whether mprotect() could make two neighbours one vma."""
        changed: u64 = self.vmas[a].vm_flags ^ self.vmas[b].vm_flags
        pages: u64 = (self.vmas[b].vm_start - self.vmas[a].vm_start) >> PAGE_SHIFT
        return (
            self.vmas[a].vm_end == self.vmas[b].vm_start
            and self.vmas[a].vm_file == self.vmas[b].vm_file
            and not (changed & ~(VM_READ | VM_WRITE | VM_EXEC | VM_SOFTDIRTY))
            and self.vmas[b].vm_pgoff == self.vmas[a].vm_pgoff + pages
        )

    @cython.cfunc
    @cython.nogil
    def reusable_by_fork(self, src: u32, anon_vma: u32) -> cython.bint:
        """anon_vma_clone()'s rule; a root is never taken over, having itself as a child."""
        return (
            self.vmas[src].anon_vma != 0
            and self.anon_vmas[anon_vma].num_children < 2
            and self.anon_vmas[anon_vma].num_active_vmas == 0
        )

    @cython.cfunc
    @cython.nogil
    def anon_vma_alloc(self) -> u32:
        """A new anon_vma, root and parent of itself, or 0."""
        anon_vma: u32 = self.ids.alloc()
        if anon_vma:
            if self.slab.slab_alloc(SLAB_ANON_VMA, anon_vma):
                self.ids.free(anon_vma)
                return 0
            self.anon_vmas[anon_vma].refcount = 1
            self.anon_vmas[anon_vma].root = anon_vma
            self.anon_vmas[anon_vma].parent = anon_vma
        return anon_vma

    @cython.cfunc
    @cython.nogil
    def adopt(self, anon_vma: u32, parent: u32) -> cython.int:
        """Place a new anon_vma under that of the parent process."""
        root: u32 = self.anon_vmas[parent].root
        self.anon_vmas[anon_vma].root = root
        self.anon_vmas[anon_vma].parent = parent
        self.anon_vmas[root].refcount += 1
        self.anon_vmas[parent].num_children += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def put_anon_vma(self, anon_vma: u32) -> cython.int:
        """Drop a reference; the last one frees it and drops its root's."""
        self.anon_vmas[anon_vma].refcount -= 1
        if self.anon_vmas[anon_vma].refcount:
            return 0
        root: u32 = self.anon_vmas[anon_vma].root
        self.anon_vma_free(anon_vma)
        if root != anon_vma:
            self.anon_vmas[root].refcount -= 1
            if not self.anon_vmas[root].refcount:
                self.anon_vma_free(root)
        return 0

    @cython.cfunc
    @cython.nogil
    def anon_vma_free(self, anon_vma: u32) -> cython.int:
        """Zero the record and give its index back."""
        assert not self.anon_vmas[anon_vma].rb_root
        self.anon_vmas[anon_vma].root = 0
        self.anon_vmas[anon_vma].parent = 0
        self.anon_vmas[anon_vma].num_children = 0
        self.anon_vmas[anon_vma].num_active_vmas = 0
        self.anon_vmas[anon_vma].refcount = 0
        self.slab.slab_free(SLAB_ANON_VMA, anon_vma)
        self.ids.free(anon_vma)
        return 0

    @cython.cfunc
    @cython.nogil
    def anon_vma_chain_link(self, vma: u32, anon_vma: u32) -> u32:
        """A new link between the two, newest on both lists; 0 when there are no more."""
        link: u32 = self.anon_vma_chain_alloc()
        return self.hang(link, vma, anon_vma) if link else 0

    @cython.cfunc
    @cython.nogil
    def anon_vma_chain_alloc(self) -> u32:
        """A link that hangs nowhere yet, or 0."""
        link: u32 = self.chain_ids.alloc()
        if link and self.slab.slab_alloc(SLAB_ANON_VMA_CHAIN, link):
            self.chain_ids.free(link)
            return 0
        return link

    @cython.cfunc
    @cython.nogil
    def hang(self, link: u32, vma: u32, anon_vma: u32) -> u32:
        """Put a link on both lists: the link."""
        self.chains[link].vma = vma
        self.chains[link].anon_vma = anon_vma
        head: u32 = self.vmas[vma].anon_vma_chain
        tail: u32 = self.chains[head].same_vma_prev if head else link
        self.chains[link].same_vma_next = head if head else link
        self.chains[link].same_vma_prev = tail
        self.chains[self.chains[link].same_vma_next].same_vma_prev = link
        self.chains[tail].same_vma_next = link
        self.vmas[vma].anon_vma_chain = link
        self.link_to_anon_vma(link, anon_vma)
        return link

    @cython.cfunc
    @cython.nogil
    def link_to_anon_vma(self, link: u32, anon_vma: u32) -> cython.int:
        """Put a link on the list of its anon_vma: anon_vma_interval_tree_insert()."""
        head: u32 = self.anon_vmas[anon_vma].rb_root
        tail: u32 = self.chains[head].rb_prev if head else link
        self.chains[link].rb_next = head if head else link
        self.chains[link].rb_prev = tail
        self.chains[self.chains[link].rb_next].rb_prev = link
        self.chains[tail].rb_next = link
        self.anon_vmas[anon_vma].rb_root = link
        return 0

    @cython.cfunc
    @cython.nogil
    def unlink_from_anon_vma(self, link: u32) -> cython.int:
        """Take a link off its anon_vma's list; an emptied one is no child any more."""
        anon_vma: u32 = self.chains[link].anon_vma
        after: u32 = self.chains[link].rb_next
        before: u32 = self.chains[link].rb_prev
        if after == link:
            self.anon_vmas[anon_vma].rb_root = 0
            self.anon_vmas[self.anon_vmas[anon_vma].parent].num_children -= 1
            return 0
        self.chains[before].rb_next = after
        self.chains[after].rb_prev = before
        if self.anon_vmas[anon_vma].rb_root == link:
            self.anon_vmas[anon_vma].rb_root = after
        return 0

    @cython.cfunc
    @cython.nogil
    def anon_vma_chain_free(self, vma: u32, link: u32) -> cython.int:
        """Take a vma's newest link, already off its anon_vma's list, off the vma's and free it."""
        after: u32 = self.chains[link].same_vma_next
        before: u32 = self.chains[link].same_vma_prev
        self.chains[before].same_vma_next = after
        self.chains[after].same_vma_prev = before
        self.vmas[vma].anon_vma_chain = after if after != link else 0
        self.chains[link].vma = 0
        self.chains[link].anon_vma = 0
        self.chains[link].same_vma_next = 0
        self.chains[link].same_vma_prev = 0
        self.chains[link].rb_next = 0
        self.chains[link].rb_prev = 0
        self.slab.slab_free(SLAB_ANON_VMA_CHAIN, link)
        self.chain_ids.free(link)
        return 0

    def links(self, anon_vma):
        """The links of an anon_vma, newest first."""
        found = []
        link = int(self.anon_vmas[anon_vma].rb_root)
        while link and link not in found[:1]:
            found.append(link)
            link = int(self.chains[link].rb_next)
        return found

    def check(self):
        """Recount references, children, users and links of every anon_vma."""
        self.ids.check()
        self.chain_ids.check()
        live = self.arena.where("anon_vmas", "refcount")
        refcount = dict.fromkeys(live, 1)
        children = dict.fromkeys(live, 0)
        links = 0
        for anon_vma in live:
            root = int(self.anon_vmas[anon_vma].root)
            refcount[root] += root != anon_vma
            children[int(self.anon_vmas[anon_vma].parent)] += 1
            links += self.check_links(anon_vma)
        for anon_vma in live:
            assert self.anon_vmas[anon_vma].refcount == refcount[anon_vma]
            assert self.anon_vmas[anon_vma].num_children == children[anon_vma]
        assert len(live) == self.ids.used()
        assert links == self.chain_ids.used()

    def check_links(self, anon_vma):
        """Each link is also on the list of its vma, once; returns how many there are."""
        links = self.links(anon_vma)
        vmas = [int(self.chains[link].vma) for link in links]
        assert links and len(set(vmas)) == len(vmas)
        active = sum(int(self.vmas[vma].anon_vma) == anon_vma for vma in vmas)
        assert active == self.anon_vmas[anon_vma].num_active_vmas
        for link, vma in zip(links, vmas, strict=True):
            assert self.chains[link].anon_vma == anon_vma
            assert self.chains[self.chains[link].same_vma_next].same_vma_prev == link
            assert self.chains[self.chains[link].same_vma_next].vma == vma
            assert self.vmas[vma].vm_mm or self.vmas[vma].vm_end
        return len(links)
