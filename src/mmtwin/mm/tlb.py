"""A two-level data TLB a CPU, tagged by PCID; address-space switches, flushes and shootdowns.

    access -> L1, 4 KiB: 16 sets x 4     L1, 2 MiB: 8 sets x 4
                   | miss
                   v
              L2, both sizes: 128 sets x 12     -> miss: page walk, which fills L1 and L2

An entry is a tag (virtual page, size, generation) and a value (frame, writable-and-dirty). The
kernel gives a CPU six address-space ids and recycles them in turn; here each id carries the
generation under which its entries were filled. A full flush takes a new generation, which costs
nothing; a set drops its dead entries when it is next filled. Replacement is bit-PLRU: a mask a set
of the ways used since all were; the victim is the lowest way not in it. (What hardware does is not
documented; published measurements fit tree-PLRU and bit-PLRU alike.)

Models arch/x86/mm/tlb.c: switch_mm_irqs_off(), choose_new_asid(), flush_tlb_mm_range(),
flush_tlb_func(); the hardware of a Skylake server.
Not modelled: the instruction TLB and the paging-structure caches (so a walk touches every level:
`walk_levels` is an upper bound); lazy TLB mode (no kernel threads run here: a CPU keeps the mm of
its last task, and is interrupted by shootdowns where an idle CPU would be spared).

Invariants: a tag is in one way of its set at most; every live entry agrees with the page tables
(`check()`); ctxs hold each ctx_id once a CPU.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.pgtable import ALL_ONES, ALL_ONES_32
    from mmtwin.mm.pgtable_types import (
        PAGE_DIRTY, PAGE_PRESENT, PAGE_RW, PAGE_SHIFT, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.types import Currents, Mms, U64s, u32, u64

TLB_NR_DYN_ASIDS = cython.declare(cython.const[cython.int], 6)
TLB_SINGLE_PAGE_FLUSH_CEILING = cython.declare(cython.const[cython.int], 33)  # pages
TLB_GENERATION_BITS = cython.declare(cython.const[cython.int], 19)
TLB_GENERATION_MASK = cython.declare(cython.const[cython.ulonglong], 0x7FFFF)
TLB_TAG_2M = cython.declare(cython.const[cython.ulonglong], 0x80000)
TLB_TAG_SHIFT = cython.declare(cython.const[cython.int], 20)
NO_WAY = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFFFFFFFFF)
TLB_WRITE = cython.declare(cython.const[cython.ulonglong], 1)  # in a value: stores need no walk

# One CPU: what it has loaded, and its counters.
TlbCpu = cython.struct(
    generation=u64,  # of the loaded address space
    last_generation=u64,  # handed out
    epoch=u64,  # counts full flushes; a set with an older one may hold dead entries
    l1_hits=u64,
    l2_hits=u64,
    misses=u64,  # lookups = l1_hits + l2_hits + misses
    walks=u64,
    walk_levels=u64,  # table entries read by walks
    flushes_full=u64,  # NR_TLB_LOCAL_FLUSH_ALL
    flushes_page=u64,  # pages flushed one by one: NR_TLB_LOCAL_FLUSH_ONE
    shootdowns_sent=u64,  # NR_TLB_REMOTE_FLUSH
    shootdowns_received=u64,  # NR_TLB_REMOTE_FLUSH_RECEIVED
    switches=u64,  # of address space
    loaded_mm=u32,
    loaded_mm_asid=u32,
    next_asid=u32,
    nr_2m=u32,  # 2 MiB entries were filled since the last full clear
)

# struct tlb_context, and the generation of its entries.
TlbCtx = cython.struct(ctx_id=u64, tlb_gen=u64, generation=u64)

TlbSet = cython.struct(plru=u32, epoch=u32)

if cython.compiled:
    TlbCpus = cython.typedef(TlbCpu[::1])
    TlbCtxs = cython.typedef(TlbCtx[::1])
    TlbSets = cython.typedef(TlbSet[::1])
else:
    TlbCpus = TlbCtxs = TlbSets = object


@cython.final
@cython.cclass
class Tlb:
    """Translations cached per CPU. Way w of set s stands at `tags[s * ways + w]`; sets of one
    bank follow each other, banks of one CPU too, CPUs last."""

    tags: U64s
    values: U64s
    sets: TlbSets
    tlb_cpus: TlbCpus
    ctxs: TlbCtxs
    mms: Mms
    current: Currents
    page_tables = cython.declare("PageTables")
    arena: object
    nr_cpus: u32
    pcid: cython.bint
    l1_sets: u64  # of the 4 KiB bank
    l1_2m_sets: u64
    l2_sets: u64
    l1_ways: u32
    l1_2m_ways: u32
    l2_ways: u32
    cpu_sets: u64  # sets and ways of one CPU
    cpu_ways: u64

    def __init__(self, arena, config):
        self.arena = arena
        geometry = config.tlb
        self.nr_cpus = config.cpus
        self.pcid = geometry.pcid
        self.l1_ways, self.l1_2m_ways = geometry.l1_ways, geometry.l1_2m_ways
        self.l2_ways = geometry.l2_ways
        self.l1_sets = geometry.l1_entries // geometry.l1_ways
        self.l1_2m_sets = geometry.l1_2m_entries // geometry.l1_2m_ways
        self.l2_sets = geometry.l2_entries // geometry.l2_ways
        self.cpu_sets = self.l1_sets + self.l1_2m_sets + self.l2_sets
        self.cpu_ways = geometry.l1_entries + geometry.l1_2m_entries + geometry.l2_entries
        self.tags = arena.array("tlb_tags", "u64", self.cpu_ways * config.cpus)
        self.values = arena.array("tlb_values", "u64", self.cpu_ways * config.cpus)
        self.sets = arena.array("tlb_sets", "tlb.TlbSet", self.cpu_sets * config.cpus)
        self.tlb_cpus = arena.array("tlb_cpus", "tlb.TlbCpu", config.cpus)
        self.ctxs = arena.array("tlb_ctxs", "tlb.TlbCtx", config.cpus * TLB_NR_DYN_ASIDS)
        self.mms = arena.mms
        self.current = arena.current

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables = m.page_tables

    # The hardware: lookup and fill

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def find_way(self, at: u64, ways: u32, tag: u64) -> u64:
        """Index in `tags` of `tag` among the ways that begin at `at`, or NO_WAY.

        Looks at all ways: a branch for each would be mispredicted more often than not.
        """
        found: u64 = NO_WAY
        for i in range(at, at + ways):
            found = i if self.tags[i] == tag else found
        return found

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def touch(self, at: u64, ways: u32, way: u64) -> cython.int:
        """Note in set `at` that a way was used."""
        one: u32 = 1
        mask: u32 = self.sets[at].plru | (one << way)
        self.sets[at].plru = mask if mask != (one << ways) - 1 else one << way
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def hit_l1(self, cpu: u32, vpn: u64, tag: u64, write: cython.int) -> cython.int:
        """Whether the L1 of 4 KiB pages translates vpn for this access: 0 no, 1 yes; 2 for a store
        to a page that it does not know to be dirty (the entry is dropped)."""
        s: u64 = vpn & (self.l1_sets - 1)
        first: u64 = cpu * self.cpu_ways + s * self.l1_ways
        i: u64 = self.find_way(first, self.l1_ways, tag)
        if i == NO_WAY:
            return 0
        if write and not self.values[i] & TLB_WRITE:
            self.tags[i] = 0
            self.values[i] = 0
            return 2
        self.touch(cpu * self.cpu_sets + s, self.l1_ways, i - first)
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def hit_below(self, cpu: u32, vpn: u64, tag: u64, write: cython.int) -> cython.int:
        """After a miss in the L1 of 4 KiB pages: 1 for a hit in that of 2 MiB pages, 2 for one in
        the L2 (which fills an L1), 0 for none."""
        value: u64 = self.hit_l2(cpu, vpn, tag)
        if value and (value & TLB_WRITE or not write):
            self.fill_l1(cpu, vpn, tag, value)
            return 2
        if value:
            self.drop(cpu, vpn)  # known clean: the walk enters the page anew
        if self.tlb_cpus[cpu].nr_2m:
            return self.hit_2m(cpu, vpn, write)
        return 0

    @cython.cfunc
    @cython.nogil
    def hit_2m(self, cpu: u32, vpn: u64, write: cython.int) -> cython.int:
        """hit_below() for a 2 MiB page."""
        tag: u64 = self.tag_2m(cpu, vpn)
        if self.hit_l1_2m(cpu, vpn >> 9, tag, write):
            return 1
        value: u64 = self.hit_l2(cpu, vpn >> 9, tag)
        if value and (value & TLB_WRITE or not write):
            self.fill_l1_2m(cpu, vpn >> 9, tag, value)
            return 2
        if write:
            self.drop_2m(cpu, vpn)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def hit_l2(self, cpu: u32, number: u64, tag: u64) -> u64:
        """The value of a page in the L2, or 0. `number` is the page's, in pages of its size."""
        s: u64 = number & (self.l2_sets - 1)
        first: u64 = self.l2_first(cpu) + s * self.l2_ways
        i: u64 = self.find_way(first, self.l2_ways, tag)
        if i == NO_WAY:
            return 0
        self.touch(self.l2_first_set(cpu) + s, self.l2_ways, i - first)
        return self.values[i]

    @cython.cfunc
    @cython.nogil
    def hit_l1_2m(self, cpu: u32, number: u64, tag: u64, write: cython.int) -> cython.bint:
        """Whether the L1 of 2 MiB pages translates it."""
        s: u64 = number & (self.l1_2m_sets - 1)
        first: u64 = self.l1_2m_first(cpu) + s * self.l1_2m_ways
        i: u64 = self.find_way(first, self.l1_2m_ways, tag)
        if i == NO_WAY or (write and not self.values[i] & TLB_WRITE):
            return False
        self.touch(self.l1_2m_first_set(cpu) + s, self.l1_2m_ways, i - first)
        return True

    @cython.cfunc
    @cython.nogil
    def fill(self, cpu: u32, vpn: u64, value: u64) -> cython.int:
        """Enter a translation of a 4 KiB page that a walk found."""
        tag: u64 = (vpn << TLB_TAG_SHIFT) | self.tlb_cpus[cpu].generation
        self.fill_l1(cpu, vpn, tag, value)
        s: u64 = vpn & (self.l2_sets - 1)
        self.fill_set(
            cpu, self.l2_first_set(cpu) + s, self.l2_first(cpu) + s * self.l2_ways, self.l2_ways,
            tag, value,
        )  # fmt: skip
        return 0

    @cython.cfunc
    @cython.nogil
    def fill_2m(self, cpu: u32, vpn: u64, value: u64) -> cython.int:
        """Enter a translation of a 2 MiB page."""
        self.tlb_cpus[cpu].nr_2m += 1
        tag: u64 = self.tag_2m(cpu, vpn)
        self.fill_l1_2m(cpu, vpn >> 9, tag, value)
        s: u64 = (vpn >> 9) & (self.l2_sets - 1)
        self.fill_set(
            cpu, self.l2_first_set(cpu) + s, self.l2_first(cpu) + s * self.l2_ways, self.l2_ways,
            tag, value,
        )  # fmt: skip
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def fill_l1(self, cpu: u32, vpn: u64, tag: u64, value: u64) -> cython.int:
        s: u64 = vpn & (self.l1_sets - 1)
        first: u64 = cpu * self.cpu_ways + s * self.l1_ways
        return self.fill_set(cpu, cpu * self.cpu_sets + s, first, self.l1_ways, tag, value)

    @cython.cfunc
    @cython.nogil
    def fill_l1_2m(self, cpu: u32, number: u64, tag: u64, value: u64) -> cython.int:
        s: u64 = number & (self.l1_2m_sets - 1)
        first: u64 = self.l1_2m_first(cpu) + s * self.l1_2m_ways
        at: u64 = self.l1_2m_first_set(cpu) + s
        return self.fill_set(cpu, at, first, self.l1_2m_ways, tag, value)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def fill_set(
        self, cpu: u32, at: u64, first: u64, ways: u32, tag: u64, value: u64
    ) -> cython.int:
        """Replace the victim of set `at`, whose ways begin at `first`."""
        if self.sets[at].epoch != self.tlb_cpus[cpu].epoch:
            self.purge(cpu, at, first, ways)
        way: u64 = self.victim(self.sets[at].plru, ways)
        self.tags[first + way] = tag
        self.values[first + way] = value
        return self.touch(at, ways, way)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(check=False)
    def victim(self, plru: u32, ways: u32) -> u64:
        """The lowest way whose bit is clear."""
        free: u32 = ~plru & ALL_ONES_32
        way: u64 = 0
        if not free & 0xFF:
            free >>= 8
            way = 8
        if not free & 0xF:
            free >>= 4
            way += 4
        if not free & 0x3:
            free >>= 2
            way += 2
        return way + (not free & 1)

    @cython.cfunc
    @cython.nogil
    def purge(self, cpu: u32, at: u64, first: u64, ways: u32) -> cython.int:
        """Drop the entries of a set that full flushes have killed since it was last filled."""
        one: u32 = 1
        live: u64 = self.tlb_cpus[cpu].generation  # the generations of most entries: the current
        dead: u64 = 0  # one, and the one before the last flush
        generation: u64
        for way in range(ways):
            generation = self.tags[first + way] & TLB_GENERATION_MASK
            if generation == live:
                continue
            if generation == dead or not self.is_live(cpu, generation):
                dead = generation
                self.tags[first + way] = 0
                self.values[first + way] = 0
                self.sets[at].plru &= ~(one << way) & ALL_ONES_32
        self.sets[at].epoch = cython.cast(u32, self.tlb_cpus[cpu].epoch)
        return 0

    @cython.cfunc
    @cython.nogil
    def is_live(self, cpu: u32, generation: u64) -> cython.bint:
        """Whether entries of a generation may still be used by one of the CPU's ASIDs."""
        for asid in range(TLB_NR_DYN_ASIDS):
            if self.ctxs[cpu * TLB_NR_DYN_ASIDS + asid].generation == generation:
                return generation != 0
        return False

    # Dropping single pages

    @cython.cfunc
    @cython.nogil
    def drop(self, cpu: u32, vpn: u64) -> cython.int:
        """INVLPG: the 4 KiB entries of one page."""
        tag: u64 = (vpn << TLB_TAG_SHIFT) | self.tlb_cpus[cpu].generation
        s: u64 = vpn & (self.l1_sets - 1)
        first: u64 = cpu * self.cpu_ways + s * self.l1_ways
        self.drop_way(cpu * self.cpu_sets + s, first, self.l1_ways, tag)
        s = vpn & (self.l2_sets - 1)
        first = self.l2_first(cpu) + s * self.l2_ways
        return self.drop_way(self.l2_first_set(cpu) + s, first, self.l2_ways, tag)

    @cython.cfunc
    @cython.nogil
    def drop_2m(self, cpu: u32, vpn: u64) -> cython.int:
        """INVLPG: the 2 MiB entries of one page."""
        tag: u64 = self.tag_2m(cpu, vpn)
        s: u64 = (vpn >> 9) & (self.l1_2m_sets - 1)
        first: u64 = self.l1_2m_first(cpu) + s * self.l1_2m_ways
        self.drop_way(self.l1_2m_first_set(cpu) + s, first, self.l1_2m_ways, tag)
        s = (vpn >> 9) & (self.l2_sets - 1)
        first = self.l2_first(cpu) + s * self.l2_ways
        return self.drop_way(self.l2_first_set(cpu) + s, first, self.l2_ways, tag)

    @cython.cfunc
    @cython.nogil
    def drop_way(self, at: u64, first: u64, ways: u32, tag: u64) -> cython.int:
        i: u64 = self.find_way(first, ways, tag)
        if i == NO_WAY:
            return 0
        one: u32 = 1
        self.tags[i] = 0
        self.values[i] = 0
        self.sets[at].plru &= ~(one << (i - first)) & ALL_ONES_32
        return 1

    # Where banks begin

    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(check=False)
    def l1_2m_first(self, cpu: u32) -> u64:
        return cpu * self.cpu_ways + self.l1_sets * self.l1_ways

    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(check=False)
    def l1_2m_first_set(self, cpu: u32) -> u64:
        return cpu * self.cpu_sets + self.l1_sets

    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(check=False)
    def l2_first(self, cpu: u32) -> u64:
        return (cpu + 1) * self.cpu_ways - self.l2_sets * self.l2_ways

    @cython.cfunc
    @cython.nogil
    @cython.inline
    @cython.exceptval(check=False)
    def l2_first_set(self, cpu: u32) -> u64:
        return (cpu + 1) * self.cpu_sets - self.l2_sets

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def tag_2m(self, cpu: u32, vpn: u64) -> u64:
        return ((vpn >> 9) << TLB_TAG_SHIFT) | TLB_TAG_2M | self.tlb_cpus[cpu].generation

    # The kernel: address-space switches

    @cython.ccall
    @cython.nogil
    def switch_mm(self, mm: u32) -> cython.int:
        """Load another address space on the current CPU: switch_mm_irqs_off()."""
        cpu: u32 = self.current[0].cpu
        prev: u32 = self.tlb_cpus[cpu].loaded_mm
        if mm == 0 or (mm == prev and self.is_loaded(cpu, mm)):
            return 0  # a task without an mm borrows the last one
        one: u32 = 1
        if prev:
            self.mms[prev].cpu_mask &= ~(one << cpu) & ALL_ONES_32
        self.mms[mm].cpu_mask |= one << cpu
        asid: u32 = self.choose_new_asid(cpu, mm)
        self.tlb_cpus[cpu].loaded_mm = mm
        self.tlb_cpus[cpu].loaded_mm_asid = asid
        self.tlb_cpus[cpu].generation = self.ctxs[cpu * TLB_NR_DYN_ASIDS + asid].generation
        self.tlb_cpus[cpu].switches += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def is_loaded(self, cpu: u32, mm: u32) -> cython.bint:
        """Whether the loaded mm is this one, and not an older owner of the same record."""
        at: u32 = cpu * TLB_NR_DYN_ASIDS + self.tlb_cpus[cpu].loaded_mm_asid
        return self.ctxs[at].ctx_id == self.mms[mm].ctx_id

    @cython.cfunc
    @cython.nogil
    def choose_new_asid(self, cpu: u32, mm: u32) -> u32:
        """The ASID whose entries are of this mm, or the next in turn, flushed."""
        first: u32 = cpu * TLB_NR_DYN_ASIDS
        asid: u32 = 0
        if self.pcid:
            while asid < cython.cast(u32, TLB_NR_DYN_ASIDS):
                if self.ctxs[first + asid].ctx_id == self.mms[mm].ctx_id:
                    if self.ctxs[first + asid].tlb_gen < self.mms[mm].tlb_gen:
                        self.flush_asid(cpu, asid, self.mms[mm].tlb_gen)
                    return asid
                asid += 1
            asid = self.tlb_cpus[cpu].next_asid
            if asid >= cython.cast(u32, TLB_NR_DYN_ASIDS):
                asid = 0
            self.tlb_cpus[cpu].next_asid = asid + 1
        self.ctxs[first + asid].ctx_id = self.mms[mm].ctx_id
        self.flush_asid(cpu, asid, self.mms[mm].tlb_gen)
        return asid

    @cython.cfunc
    @cython.nogil
    def flush_asid(self, cpu: u32, asid: u32, tlb_gen: u64) -> cython.int:
        """Forget all of an ASID's entries and bring it up to tlb_gen."""
        at: u32 = cpu * TLB_NR_DYN_ASIDS + asid
        if self.tlb_cpus[cpu].last_generation >= TLB_GENERATION_MASK:
            self.renumber(cpu)
        self.tlb_cpus[cpu].last_generation += 1
        self.tlb_cpus[cpu].epoch = (self.tlb_cpus[cpu].epoch + 1) & ALL_ONES_32
        self.tlb_cpus[cpu].flushes_full += 1
        self.ctxs[at].generation = self.tlb_cpus[cpu].last_generation
        self.ctxs[at].tlb_gen = tlb_gen
        if self.tlb_cpus[cpu].loaded_mm and self.tlb_cpus[cpu].loaded_mm_asid == asid:
            self.tlb_cpus[cpu].generation = self.ctxs[at].generation
        return 0

    @cython.cfunc
    @cython.nogil
    def renumber(self, cpu: u32) -> cython.int:
        """Generations have run out: begin again, empty (once in 524,281 full flushes)."""
        for i in range(cpu * self.cpu_ways, (cpu + 1) * self.cpu_ways):
            self.tags[i] = 0
            self.values[i] = 0
        for asid in range(TLB_NR_DYN_ASIDS):
            self.ctxs[cpu * TLB_NR_DYN_ASIDS + asid].generation = asid + 1
        asid_now: u32 = self.tlb_cpus[cpu].loaded_mm_asid
        self.tlb_cpus[cpu].generation = asid_now + 1
        self.tlb_cpus[cpu].last_generation = TLB_NR_DYN_ASIDS
        self.tlb_cpus[cpu].nr_2m = 0
        return 0

    # The kernel: flushes

    @cython.ccall
    @cython.nogil
    def flush_tlb_page(self, mm: u32, address: u64) -> cython.int:
        """One page."""
        return self.flush_tlb_range(mm, address, address + 4096)

    @cython.ccall
    @cython.nogil
    def flush_tlb_mm(self, mm: u32) -> cython.int:
        """All of an address space."""
        return self.flush_tlb_range(mm, 0, ALL_ONES)

    @cython.ccall
    @cython.nogil
    def flush_tlb_range(self, mm: u32, start: u64, end: u64) -> cython.int:
        """flush_tlb_mm_range(): here and, by shootdown, on the other CPUs of mm_cpumask. More
        than 33 pages are flushed by dropping everything of the mm."""
        self.mms[mm].tlb_gen += 1
        cpu: u32 = self.current[0].cpu
        one: u32 = 1
        others: u32 = self.mms[mm].cpu_mask & ~(one << cpu) & ALL_ONES_32
        if others:
            self.tlb_cpus[cpu].shootdowns_sent += 1
            for other in range(self.nr_cpus):
                if others & (one << other):
                    self.tlb_cpus[other].shootdowns_received += 1
                    self.flush_tlb_func(other, mm, start, end)
        if self.mms[mm].cpu_mask & (one << cpu):
            self.flush_tlb_func(cpu, mm, start, end)
        return 0

    @cython.ccall
    @cython.nogil
    def arch_tlbbatch_flush(self, cpus: u32) -> cython.int:
        """Flush all that those CPUs hold of the mm that they have loaded: reclaim has unmapped
        pages of several mms, each of whose tlb_gen it raised."""
        cpu: u32
        one: u32 = 1
        mm: u32
        for cpu in range(self.nr_cpus):
            mm = self.tlb_cpus[cpu].loaded_mm
            if cpus & (one << cpu) and mm:
                if cpu != self.current[0].cpu:
                    self.tlb_cpus[self.current[0].cpu].shootdowns_sent += 1
                    self.tlb_cpus[cpu].shootdowns_received += 1
                self.flush_asid(cpu, self.tlb_cpus[cpu].loaded_mm_asid, self.mms[mm].tlb_gen)
        return 0

    @cython.cfunc
    @cython.nogil
    def flush_tlb_func(self, cpu: u32, mm: u32, start: u64, end: u64) -> cython.int:
        """One CPU's part of a flush: page by page if it is up to date but for this flush."""
        if self.tlb_cpus[cpu].loaded_mm != mm:
            return 0
        asid: u32 = self.tlb_cpus[cpu].loaded_mm_asid
        at: u32 = cpu * TLB_NR_DYN_ASIDS + asid
        pages: u64 = (end - start) >> PAGE_SHIFT
        late: cython.bint = self.ctxs[at].tlb_gen + 1 != self.mms[mm].tlb_gen
        if late or pages > cython.cast(u64, TLB_SINGLE_PAGE_FLUSH_CEILING):
            return self.flush_asid(cpu, asid, self.mms[mm].tlb_gen)
        self.tlb_cpus[cpu].flushes_page += pages
        self.ctxs[at].tlb_gen = self.mms[mm].tlb_gen
        vpn: u64 = start >> PAGE_SHIFT
        while vpn << PAGE_SHIFT < end:
            self.drop(cpu, vpn)
            if self.tlb_cpus[cpu].nr_2m:
                self.drop_2m(cpu, vpn)
            vpn += 1
        return 0

    # Invariants

    def check(self):
        """Assert the invariants from scratch."""
        mm_of = {self.mms[mm].ctx_id: mm for mm in self.arena.where("mms", "pgd")}
        for cpu in range(self.nr_cpus):
            ctxs = [self.ctxs[cpu * TLB_NR_DYN_ASIDS + a] for a in range(TLB_NR_DYN_ASIDS)]
            ids = [int(c["ctx_id"] if self.arena.compiled else c.ctx_id) for c in ctxs]
            used = [i for i in ids if i]
            assert len(used) == len(set(used)), f"cpu {cpu}: a ctx_id has two ASIDs"
            for asid, ctx_id in enumerate(ids):
                if ctx_id in mm_of:
                    self._check_asid(cpu, asid, mm_of[ctx_id])

    def _check_asid(self, cpu, asid, mm):
        at = cpu * TLB_NR_DYN_ASIDS + asid
        if self.ctxs[at].tlb_gen != self.mms[mm].tlb_gen:
            assert self.tlb_cpus[cpu].loaded_mm != mm, "a loaded ASID missed a flush"
            return  # flushed before it is used again
        seen = {}
        for i in range(cpu * self.cpu_ways, (cpu + 1) * self.cpu_ways):
            tag = self.tags[i]
            if tag and tag & TLB_GENERATION_MASK == self.ctxs[at].generation:
                self._check_entry(mm, tag, self.values[i])
                place = (
                    tag,
                    i - cpu * self.cpu_ways >= self.cpu_ways - self.l2_sets * self.l2_ways,
                )
                assert place not in seen, "one page twice in a level"
                seen[place] = i

    def _check_entry(self, mm, tag, value):
        address = (tag >> TLB_TAG_SHIFT) << (21 if tag & TLB_TAG_2M else 12)
        if tag & TLB_TAG_2M:
            index = self.page_tables.pmd_offset(mm, address)
        else:
            index = self.page_tables.pte_offset(mm, address)
        assert index, f"stale translation of {address:#x}: no table"
        entry = self.page_tables.ptes[index]
        assert entry & PAGE_PRESENT, f"stale translation of {address:#x}"
        assert entry & PTE_PFN_MASK == value & PTE_PFN_MASK, f"{address:#x} moved"
        if value & TLB_WRITE:
            assert entry & PAGE_RW and entry & PAGE_DIRTY, f"{address:#x} is no longer writable"
