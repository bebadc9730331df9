"""Page counters: a hierarchy of limits, and how much protection each part of it gets.

    try_charge(counter, n)    usage += n here and in every ancestor, or nowhere
    children_low_usage        of the children, how much of what they use is protected by `low`
    elow                      effective protection, worked out during reclaim, top down

A counter's number is 1 + memcg * 4 + kind, and 0 is none, so that a counter finds its parent
without looking at the cgroup.

Models mm/page_counter.c: page_counter_try_charge(), page_counter_charge(),
page_counter_uncharge(), propagate_protected_usage(), page_counter_set_max(),
effective_protection(), page_counter_calculate_protection().
Not modelled: counters that overstep their limit for a moment on another CPU.

Invariants: children_min_usage and
children_low_usage are the sums of the children's min_usage and low_usage; usage <= watermark.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import i64, u32, u64

PAGE_COUNTER_MAX = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFFFFFF)  # pages: "max"

# Which counter of a cgroup
COUNTER_MEMORY = cython.declare(cython.const[cython.uint], 0)
COUNTER_SWAP = cython.declare(cython.const[cython.uint], 1)  # v1: memory and swap together
COUNTER_KMEM = cython.declare(cython.const[cython.uint], 2)  # v1 only
COUNTERS = cython.declare(cython.const[cython.uint], 4)  # a cgroup

PageCounter = cython.struct(
    usage=i64,  # pages, as are all but failcnt
    watermark=i64,  # highest usage so far
    local_watermark=i64,  # since somebody reset it through a file descriptor
    failcnt=u64,  # charges that this limit refused
    min=u64,
    low=u64,
    high=u64,
    max=u64,
    emin=u64,  # effective protection, as reclaim worked it out last
    elow=u64,
    min_usage=u64,  # of the usage, what `min` protects
    low_usage=u64,
    children_min_usage=u64,
    children_low_usage=u64,
    parent=u32,  # number of the counter above, or 0
    pad=u32,
)

if cython.compiled:
    PageCounterRecords = cython.typedef(PageCounter[::1])
else:
    PageCounterRecords = object


@cython.final
@cython.cclass
class PageCounters:
    """Usage and limits of every cgroup."""

    arena: object
    counters: PageCounterRecords
    recursive_protection: cython.bint  # cgroup2 mounted with memory_recursiveprot

    def __init__(self, arena, config):
        self.arena = arena
        length = 1 + COUNTERS * (65536 // len(config.nodes))
        self.counters = arena.array("page_counters", "page_counter.PageCounter", length)
        self.recursive_protection = config.memory_recursiveprot

    @cython.ccall
    @cython.nogil
    def page_counter_init(self, counter: u32, parent: u32) -> cython.int:
        """A new counter without limits or protection."""
        self.counters[counter].usage = 0
        self.counters[counter].watermark = 0
        self.counters[counter].local_watermark = 0
        self.counters[counter].failcnt = 0
        self.counters[counter].min = 0
        self.counters[counter].low = 0
        self.counters[counter].emin = 0
        self.counters[counter].elow = 0
        self.counters[counter].min_usage = 0
        self.counters[counter].low_usage = 0
        self.counters[counter].children_min_usage = 0
        self.counters[counter].children_low_usage = 0
        self.counters[counter].high = PAGE_COUNTER_MAX
        self.counters[counter].max = PAGE_COUNTER_MAX
        self.counters[counter].parent = parent
        return 0

    @cython.ccall
    @cython.nogil
    def page_counter_free(self, counter: u32) -> cython.int:
        """Nobody charges it any more: its record is zeroed. (Kernel memory that the parent took
        over was uncharged there, so the usage need not be 0.)"""
        self.page_counter_init(counter, 0)
        self.counters[counter].high = 0
        self.counters[counter].max = 0
        return 0

    @cython.ccall
    @cython.nogil
    def page_counter_try_charge(self, counter: u32, nr_pages: i64) -> u32:
        """Charge it and all above it: 0, or the counter whose limit refuses (nothing charged)."""
        c: u32 = counter
        usage: i64
        while c:
            usage = self.counters[c].usage + nr_pages
            if usage > cython.cast(i64, self.counters[c].max):
                self.counters[c].failcnt += 1
                self.cancel_below(counter, c, nr_pages)
                return c
            self.counters[c].usage = usage
            self.propagate_protected_usage(c)
            self.note_watermark(c)
            c = self.counters[c].parent
        return 0

    @cython.cfunc
    @cython.nogil
    def cancel_below(self, counter: u32, stop: u32, nr_pages: i64) -> cython.int:
        """Take back what a refused charge has added so far."""
        while counter != stop:
            self.page_counter_cancel(counter, nr_pages)
            counter = self.counters[counter].parent
        return 0

    @cython.ccall
    @cython.nogil
    def page_counter_charge(self, counter: u32, nr_pages: i64) -> cython.int:
        """Charge it and all above it, whatever the limits."""
        while counter:
            self.counters[counter].usage += nr_pages
            self.propagate_protected_usage(counter)
            self.note_watermark(counter)
            counter = self.counters[counter].parent
        return 0

    @cython.ccall
    @cython.nogil
    def page_counter_uncharge(self, counter: u32, nr_pages: i64) -> cython.int:
        """Give pages back, here and above."""
        while counter:
            self.page_counter_cancel(counter, nr_pages)
            counter = self.counters[counter].parent
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def page_counter_cancel(self, counter: u32, nr_pages: i64) -> cython.int:
        """Take pages from one counter only."""
        assert self.counters[counter].usage >= nr_pages
        self.counters[counter].usage -= nr_pages
        return self.propagate_protected_usage(counter)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def note_watermark(self, counter: u32) -> cython.int:
        usage: i64 = self.counters[counter].usage
        if usage > self.counters[counter].local_watermark:
            self.counters[counter].local_watermark = usage
            if usage > self.counters[counter].watermark:
                self.counters[counter].watermark = usage
        return 0

    # -- protection

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def propagate_protected_usage(self, c: u32) -> cython.int:
        """Tell the parent how much of its children's usage is protected now."""
        parent: u32 = self.counters[c].parent
        if parent == 0:
            return 0
        if self.counters[c].min or self.counters[c].min_usage:
            protected: u64 = self.protected_usage(c, self.counters[c].min)
            self.counters[parent].children_min_usage += protected
            self.counters[parent].children_min_usage -= self.counters[c].min_usage
            self.counters[c].min_usage = protected
        if self.counters[c].low or self.counters[c].low_usage:
            wanted: u64 = self.protected_usage(c, self.counters[c].low)
            self.counters[parent].children_low_usage += wanted
            self.counters[parent].children_low_usage -= self.counters[c].low_usage
            self.counters[c].low_usage = wanted
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def protected_usage(self, c: u32, setting: u64) -> u64:
        usage: u64 = cython.cast(u64, self.counters[c].usage)
        return usage if usage < setting else setting

    @cython.ccall
    @cython.nogil
    def page_counter_set_min(self, counter: u32, nr_pages: u64) -> cython.int:
        """memory.min"""
        self.counters[counter].min = nr_pages
        return self.propagate_up(counter)

    @cython.ccall
    @cython.nogil
    def page_counter_set_low(self, counter: u32, nr_pages: u64) -> cython.int:
        """memory.low"""
        self.counters[counter].low = nr_pages
        return self.propagate_up(counter)

    @cython.cfunc
    @cython.nogil
    def propagate_up(self, counter: u32) -> cython.int:
        while counter:
            self.propagate_protected_usage(counter)
            counter = self.counters[counter].parent
        return 0

    @cython.ccall
    @cython.nogil
    def page_counter_calculate_protection(self, root: u32, counter: u32) -> cython.int:
        """Work out emin and elow of a counter below `root`, where reclaim starts: its parent's
        must be known. The root's own protection does not count there."""
        if counter == root or self.counters[counter].usage == 0:
            return 0
        parent: u32 = self.counters[counter].parent
        if parent == root:
            self.counters[counter].emin = self.counters[counter].min
            self.counters[counter].elow = self.counters[counter].low
            return 0
        self.counters[counter].emin = self.effective_protection(
            counter, self.counters[counter].min, self.counters[parent].emin,
            self.counters[parent].children_min_usage,
        )  # fmt: skip
        self.counters[counter].elow = self.effective_protection(
            counter, self.counters[counter].low, self.counters[parent].elow,
            self.counters[parent].children_low_usage,
        )  # fmt: skip
        return 0

    @cython.cfunc
    @cython.nogil
    def effective_protection(
        self, counter: u32, setting: u64, parent_effective: u64, siblings_protected: u64
    ) -> u64:
        """A child's share of what its parent may protect.

        Where the children claim more than there is, it is divided by what each uses of its own
        claim. What no child claims is divided by what each uses beyond it, if the file system
        was mounted so.
        """
        usage: u64 = cython.cast(u64, self.counters[counter].usage)
        parent_usage: u64 = cython.cast(u64, self.counters[self.counters[counter].parent].usage)
        protected: u64 = usage if usage < setting else setting
        if siblings_protected > parent_effective:
            return protected * parent_effective // siblings_protected
        if not self.recursive_protection:
            return protected
        if parent_effective <= siblings_protected or parent_usage <= siblings_protected:
            return protected
        if usage <= protected:
            return protected
        unclaimed: u64 = parent_effective - siblings_protected
        return protected + unclaimed * (usage - protected) // (parent_usage - siblings_protected)

    # -- invariants

    def check(self):
        """Parents hold at least what their children do; protected usage adds up."""
        children = {}
        for c in self.arena.where("page_counters", "parent"):
            children.setdefault(int(self.counters[c].parent), []).append(c)
            assert 0 <= self.counters[c].usage <= self.counters[c].watermark
        for parent, own in children.items():
            low = sum(self.counters[c].low_usage for c in own)
            assert self.counters[parent].children_low_usage == low
            least = sum(self.counters[c].min_usage for c in own)
            assert self.counters[parent].children_min_usage == least
