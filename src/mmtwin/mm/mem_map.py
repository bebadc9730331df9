"""struct page for every frame of the machine, and the lists that pages are linked into.

A page is on at most one list, through lru_next and lru_prev, as in the kernel. The heads of all
lists stand in one array: free lists, per-CPU lists, reclaim's private lists, LRU lists:

    page_lists  | (zone, order, type) | (zone, cpu, pindex) | (sc, list) | (lruvec, lru) | MGLRU's

Models include/linux/mm_types.h: struct page; include/linux/list.h; include/linux/page_ref.h.
Not modelled: the memory that mem_map itself takes (boot_memory.py reserves it).

Invariants: a page with refcount 0 is on a free list, on a per-CPU list, or was never touched;
frames outside of every zone stay all zero; a list's `nr` is its length (for the largest movable
blocks: with those in deferred ranges).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import MAX_NR_ZONES, MIGRATE_TYPES, NR_PAGE_ORDERS
    from mmtwin.mm.types import Pages, i64, u32, u64

PageList = cython.struct(
    nr=i64,  # entries: blocks on a free list, pages or folios elsewhere
    first=u32,  # pfn, 0 when empty
    last=u32,
)

if cython.compiled:
    PageLists = cython.typedef(PageList[::1])
else:
    PageLists = object

NR_PCP_LISTS = cython.declare(cython.const[cython.int], 14)  # 4 orders x 3 types, 2 for huge pages
NR_LRU_LISTS = cython.declare(cython.const[cython.int], 5)
NR_SCAN_CONTROLS = cython.declare(cython.const[cython.int], 16)  # reclaims that nest
NR_PRIVATE_LISTS = cython.declare(cython.const[cython.int], 8)  # of each (scan_control.py)
NR_LRU_GEN_LISTS = cython.declare(cython.const[cython.int], 32)  # generations, types, zone types
MAX_LRUVECS = cython.declare(cython.const[cython.int], 65536)  # (cgroup, node)


@cython.final
@cython.cclass
class MemMap:
    """The page records and their lists."""

    pages: Pages
    lists: PageLists
    nr_pfns: u64
    nr_cpus: u32
    pcp_lists: u32  # index of the first per-CPU list
    private_lists: u32  # index of the first list of pages isolated by reclaim
    lru_lists: u32  # index of the first LRU list
    lru_gen_lists: u32  # index of the first list of MGLRU

    def __init__(self, arena, config):
        zones = 1 + MAX_NR_ZONES * len(config.nodes)
        self.nr_cpus = config.cpus
        self.nr_pfns = config.nr_pfns
        self.pcp_lists = zones * NR_PAGE_ORDERS * MIGRATE_TYPES
        self.private_lists = self.pcp_lists + zones * config.cpus * NR_PCP_LISTS
        self.lru_lists = self.private_lists + NR_SCAN_CONTROLS * NR_PRIVATE_LISTS
        self.pages = arena.array("pages", "Page", config.nr_pfns, huge=True)
        self.lru_gen_lists = self.lru_lists + MAX_LRUVECS * NR_LRU_LISTS
        length = self.lru_gen_lists + MAX_LRUVECS * NR_LRU_GEN_LISTS
        self.lists = arena.array("page_lists", "mem_map.PageList", length)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def get_page(self, pfn: u64) -> cython.void:
        """Take a reference: get_page()."""
        self.pages[pfn].refcount += 1

    # -- which list

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def free_list(self, zone: u32, order: cython.int, migratetype: cython.int) -> u32:
        """Index of zone->free_area[order].free_list[migratetype]."""
        return (zone * NR_PAGE_ORDERS + order) * MIGRATE_TYPES + migratetype

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def nr_blocks(self, zone: u32, order: cython.int, migratetype: cython.int) -> i64:
        """Free blocks of an order and type, deferred ranges included."""
        return self.lists[self.free_list(zone, order, migratetype)].nr

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def pcp_list(self, zone: u32, cpu: u32, pindex: cython.int) -> u32:
        """Index of a per-CPU list."""
        return self.pcp_lists + (zone * self.nr_cpus + cpu) * NR_PCP_LISTS + pindex

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def lru_list(self, lruvec: u32, lru: u32) -> u32:
        """Index of an LRU list."""
        return self.lru_lists + lruvec * NR_LRU_LISTS + lru

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def private_list(self, sc: u32, which: u32) -> u32:
        """Index of a list of a reclaim that is going on."""
        return self.private_lists + sc * NR_PRIVATE_LISTS + which

    # -- list_head

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def list_add(self, at: u32, pfn: u64) -> cython.int:
        """Put a page in front of a list."""
        first: u32 = self.lists[at].first
        self.pages[pfn].lru_next = first
        self.pages[pfn].lru_prev = 0
        if first:
            self.pages[first].lru_prev = cython.cast(u32, pfn)
        else:
            self.lists[at].last = cython.cast(u32, pfn)
        self.lists[at].first = cython.cast(u32, pfn)
        self.lists[at].nr += 1
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def list_add_tail(self, at: u32, pfn: u64) -> cython.int:
        """Put a page at the end of a list."""
        last: u32 = self.lists[at].last
        self.pages[pfn].lru_prev = last
        self.pages[pfn].lru_next = 0
        if last:
            self.pages[last].lru_next = cython.cast(u32, pfn)
        else:
            self.lists[at].first = cython.cast(u32, pfn)
        self.lists[at].last = cython.cast(u32, pfn)
        self.lists[at].nr += 1
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def list_del(self, at: u32, pfn: u64) -> cython.int:
        """Take a page off the list that it is on."""
        before: u32 = self.pages[pfn].lru_prev
        after: u32 = self.pages[pfn].lru_next
        if before:
            self.pages[before].lru_next = after
        else:
            self.lists[at].first = after
        if after:
            self.pages[after].lru_prev = before
        else:
            self.lists[at].last = before
        self.pages[pfn].lru_next = 0
        self.pages[pfn].lru_prev = 0
        self.lists[at].nr -= 1
        return 0

    @cython.cfunc
    @cython.nogil
    def list_move(self, src: u32, dst: u32) -> cython.int:
        """The last page of a list goes to the front of another."""
        pfn: u64 = self.lists[src].last
        self.list_del(src, pfn)
        return self.list_add(dst, pfn)

    def members(self, at):
        """The pfns of a list, first to last; asserts its links."""
        found = []
        before, pfn = 0, self.lists[at].first
        while pfn:
            assert self.pages[pfn].lru_prev == before
            found.append(pfn)
            before, pfn = pfn, self.pages[pfn].lru_next
        assert self.lists[at].last == before
        return found
