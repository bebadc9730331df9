"""Reclaim policies of the user's own: which page of a lruvec goes next, decided outside the engine.

    page comes to a list --insert--> +--------+
    read(2), write(2), accessed bit --access--> policy | --evict--> the page to reclaim next
    freed, truncated, isolated --remove--> +--------+

A policy is an object for each lruvec with five methods; `key` names what a page holds, also after
the page has gone. The kernel's lists stay as they are and are counted; while a policy is active,
nothing is moved between them, and reclaim asks the policy instead of their tails.
evict() only chooses. If the page was used through a mapping since, access() is called and the
policy asked again, else it is isolated, which calls remove(), and reclaimed as usual; what cannot
be reclaimed comes back with insert().

A compiled policy gives the addresses of C functions, a plain Python object is called with the GIL.
An exception in a policy ends its rule at once; `error` keeps it for whoever runs the machine.

Not modelled: swap readahead's and MGLRU's own ideas of age (MGLRU is off while a policy is active).

Invariant: an instance has been told of every page on its lruvec's evictable lists.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.mem_map import NR_LRU_LISTS
    from mmtwin.mm.page_flags import PG_lru, PG_swapbacked, PG_unevictable
    from mmtwin.mm.types import Pages, U64s, u32, u64

NR_POLICY_LRUVECS = cython.declare(cython.const[cython.uint], 65536)
# Columns of a lruvec's row in `table`
POLICY_SELF = cython.declare(cython.const[cython.uint], 0)
POLICY_INSERT = cython.declare(cython.const[cython.uint], 1)
POLICY_ACCESS = cython.declare(cython.const[cython.uint], 2)
POLICY_EVICT = cython.declare(cython.const[cython.uint], 3)
POLICY_REMOVE = cython.declare(cython.const[cython.uint], 4)
POLICY_HINT = cython.declare(cython.const[cython.uint], 5)
POLICY_ROW = cython.declare(cython.const[cython.uint], 8)
POLICY_METHODS = ("insert", "access", "evict", "remove", "hint")

# What hint() is told
HINT_COLD = cython.declare(cython.const[cython.uint], 1)  # MADV_COLD, fadvise, end of writeback
HINT_ACTIVATE = cython.declare(cython.const[cython.uint], 2)  # the kernel would activate it
POLICY_INDEX_BITS = cython.declare(cython.const[cython.int], 40)


@cython.final
@cython.cclass
class ReclaimPolicy:
    """The policy in force, if any."""

    arena: object
    pages: Pages
    table: U64s
    instances = cython.declare(object)  # lruvec -> policy object
    factory = cython.declare(object)
    error = cython.declare(object)
    active = cython.declare(cython.int, visibility="readonly")
    anon: cython.bint  # it also decides about memory that only swap can take
    swapfile = cython.declare("SwapFile")
    lru = cython.declare("Lru")
    mem_map = cython.declare("MemMap")
    rmap_referenced = cython.declare("RmapReferenced")

    def __init__(self, arena, config):
        import numpy as np

        self.arena, self.pages = arena, arena.pages
        self.table = np.zeros(NR_POLICY_LRUVECS * POLICY_ROW, np.uint64)  # type: ignore[assignment]
        self.instances, self.factory, self.error = {}, None, None
        self.active = 0
        self.anon = False

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.lru, self.mem_map, self.rmap_referenced = m.lru, m.mem_map, m.rmap_referenced
        self.swapfile = m.swapfile

    def use(self, factory):
        """From now on: `factory(lruvec)` makes each lruvec's policy. Pages that are on lists
        already are told to it, oldest first. None: the kernel's own lists again."""
        self.lru.lru_add_drain_all()
        for lruvec in self.instances:
            self.table[lruvec * POLICY_ROW] = 0
        self.instances, self.factory, self.error = {}, factory, None
        self.active = 1 if factory is not None else 0
        self.anon = self.swapfile.get_nr_swap_pages() > 0
        if self.active:
            self.tell_all()

    def tell_all(self):
        """Insert what is on the lists, the inactive ones first."""
        first = self.mem_map.lru_list(0, 0)
        filled = [int(at) - first for at in self.arena.where("page_lists", "nr") if at >= first]
        for lru in (0, 2, 1, 3):
            for at in filled:
                if at % NR_LRU_LISTS == lru:
                    for pfn in reversed(self.mem_map.members(first + at)):
                        self.insert(pfn)

    def instance(self, lruvec):
        """The policy object of a lruvec."""
        return self.instances.get(lruvec)

    def reporter(self):
        """What a compiled policy calls with an exception of its own."""
        return report_policy_error if cython.compiled else None  # type: ignore[name-defined]  # noqa: F821

    def taken_error(self):
        """The exception that ended the policy's rule, once; or None."""
        error = self.error
        self.error = None
        return error

    @cython.cfunc
    @cython.nogil
    def new_instance(self, lruvec: u32) -> cython.int:
        """The first page of a lruvec: make its policy."""
        if cython.compiled:
            with cython.gil:
                self.make(lruvec)
        else:
            self.make(lruvec)
        return 0

    @cython.cfunc
    def make(self, lruvec: u32):
        try:
            policy = self.factory(lruvec)
            self.instances[lruvec] = policy[0] if isinstance(policy, tuple) else policy
            if cython.compiled:
                row = policy_row(policy)  # type: ignore[name-defined]  # noqa: F821
                for i in range(len(row)):
                    self.table[lruvec * POLICY_ROW + i] = row[i]
            else:
                self.table[lruvec * POLICY_ROW] = 1
        except Exception as e:
            self.fail(e)

    def fail(self, error):
        """The policy raised: its rule ends."""
        self.error = error
        self.active = 0

    @cython.cfunc
    @cython.nogil
    def call(self, lruvec: u32, method: u32, page: u64, argument: u64) -> u64:
        """One of a lruvec's policy's methods."""
        if lruvec >= NR_POLICY_LRUVECS:
            return 0
        row: u64 = cython.cast(u64, lruvec) * POLICY_ROW
        if self.table[row] == 0:
            self.new_instance(lruvec)
            if self.table[row] == 0:
                return 0
        if cython.compiled:
            found: u64 = policy_call(  # type: ignore[name-defined]  # noqa: F821
                self.table[row + method], self.table[row], page, argument
            )
            if policy_failed():  # type: ignore[name-defined]  # noqa: F821
                with cython.gil:
                    self.fail(policy_error())  # type: ignore[name-defined]  # noqa: F821
            return found
        return self.call_interpreted(lruvec, method, page, argument)

    def call_interpreted(self, lruvec, method, page, argument):
        """The same without C."""
        name = POLICY_METHODS[method - 1]
        arguments = {"access": (page,), "evict": (), "remove": (page,)}
        try:
            bound = getattr(self.instances[lruvec], name, None)
            if bound is None:
                return 0
            return bound(*arguments.get(name, (page, argument))) or 0
        except Exception as e:
            self.fail(e)
            return 0

    # -- what the engine tells

    @cython.cfunc
    @cython.nogil
    def key_of(self, pfn: u64) -> u64:
        """A number for what a page holds: its mapping and its place there."""
        mask: u64 = 0xFFFFFFFFFF
        mapping: u64 = self.pages[pfn].mapping & 0xFFFFFF
        return (mapping << POLICY_INDEX_BITS) | (self.pages[pfn].index & mask)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def governs(self, pfn: u64) -> cython.bint:
        """Without swap, memory without a file cannot be evicted: the policy does not see it."""
        return self.anon or not self.pages[pfn].flags & PG_swapbacked

    @cython.ccall
    @cython.nogil
    def insert(self, pfn: u64) -> cython.int:
        """A page came to a list."""
        if not self.governs(pfn):
            return 0
        self.call(self.lru.folio_lruvec(pfn), POLICY_INSERT, pfn, self.key_of(pfn))
        return 0

    @cython.cfunc
    @cython.nogil
    def remove(self, pfn: u64) -> cython.int:
        """A page left its list."""
        if not self.governs(pfn):
            return 0
        self.call(self.lru.folio_lruvec(pfn), POLICY_REMOVE, pfn, 0)
        return 0

    @cython.cfunc
    @cython.nogil
    def access(self, pfn: u64) -> cython.int:
        """A page on a list was used."""
        if not self.governs(pfn):
            return 0
        self.call(self.lru.folio_lruvec(pfn), POLICY_ACCESS, pfn, 0)
        return 0

    @cython.cfunc
    @cython.nogil
    def hint(self, pfn: u64, advice: u32) -> cython.int:
        """Somebody knows something about a page."""
        if not self.governs(pfn):
            return 0
        self.call(self.lru.folio_lruvec(pfn), POLICY_HINT, pfn, advice)
        return 0

    # -- what reclaim asks

    @cython.ccall
    @cython.nogil
    def isolate(self, lruvec: u32, memcg: u32) -> u64:
        """The page to reclaim next, off its list and with a reference; 0 if there is none."""
        pfn: u64 = self.call(lruvec, POLICY_EVICT, 0, 0)
        while self.active and pfn:
            if not self.is_page_of(pfn, lruvec):
                self.refuse(pfn)
                return 0
            if not self.used_since(pfn, memcg):
                self.lru.folio_isolate_lru(pfn)
                return pfn
            self.access(pfn)
            pfn = self.call(lruvec, POLICY_EVICT, 0, 0)
        return 0

    @cython.cfunc
    @cython.nogil
    def is_page_of(self, pfn: u64, lruvec: u32) -> cython.bint:
        """Whether a page stands on one of a lruvec's evictable lists."""
        if pfn >= self.mem_map.nr_pfns:
            return False
        if (self.pages[pfn].flags & (PG_lru | PG_unevictable)) != PG_lru:
            return False
        return self.lru.folio_lruvec(pfn) == lruvec

    @cython.cfunc
    @cython.nogil
    def used_since(self, pfn: u64, memcg: u32) -> cython.bint:
        """Whether a mapping's accessed bit was set; they are clear afterwards."""
        return (
            self.pages[pfn].mapcount > 0 and self.rmap_referenced.folio_referenced(pfn, memcg) > 0
        )

    @cython.cfunc
    @cython.nogil
    def refuse(self, pfn: u64) -> cython.int:
        """evict() named a page that is not its lruvec's."""
        if cython.compiled:
            with cython.gil:
                self.fail(ValueError(f"evict() gave {pfn}, which is no page of its lruvec"))
        else:
            self.fail(ValueError(f"evict() gave {pfn}, which is no page of its lruvec"))
        return 0

    def check(self):
        """Nothing here can be recounted: the state is the policy's own."""
        assert self.active == 0 or self.factory is not None
