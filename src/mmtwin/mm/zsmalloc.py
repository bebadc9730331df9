"""zsmalloc: objects of any size up to a page, packed into chains of pages.

    class    objects of sizes that are rounded up to one, 16 bytes apart; neighbours that pack alike
             are one class
    zspage   1 to 8 pages (to 6.2: 4) that hold objects of a class, as many as waste the least

An object goes into the fullest zspage that has room, more or less: into the first of its class's
list of nearly full ones, else of the others. An empty zspage goes at once.

Models mm/zsmalloc.c: zs_create_pool(), calculate_zspage_chain_size(), zs_malloc(), zs_free(),
find_get_zspage(), fix_fullness_group(), zs_huge_class_size().
Not modelled: compaction (zs_compact(): only memory shortage asks for it), migration; where in a
zspage an object lies; fullness groups of 10 % each (6.12: two here, as before).

Invariants: a zspage's objects are counted in `inuse`; a pool's pages are those of its zspages, and
all pools' are NR_ZSPAGES.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import GFP_NOIO
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.pgtable_types import PAGE_SIZE
    from mmtwin.mm.types import Pages, U32s, U64s, u32, u64
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import NR_ZSPAGES

NR_ZS_POOLS = cython.declare(cython.const[cython.uint], 16)  # zswap's is 0, zram N's N + 1
ZS_CLASSES = cython.declare(cython.const[cython.uint], 255)
ZS_MIN_SIZE = cython.declare(cython.const[cython.uint], 32)
ZS_DELTA = cython.declare(cython.const[cython.uint], 16)
ZS_HANDLE_SIZE = cython.declare(cython.const[cython.uint], 8)
ZS_MAX_CHAIN = cython.declare(cython.const[cython.uint], 8)
ZS_FULLNESS_LISTS = cython.declare(cython.const[cython.uint], 2)  # almost full, almost empty
NR_ZSPAGES_MAX = 1 << 22
KERNEL_LONG_CHAINS = 603  # 6.3: CONFIG_ZSMALLOC_CHAIN_SIZE

# struct size_class: what its sizes pack into
ZsClass = cython.struct(
    index=u32,  # of the class that stands for it
    chain=u32,  # pages of a zspage
    objects=u32,  # of a zspage
    pad=u32,
)
# struct zspage
ZsPage = cython.struct(
    pool=u32,
    class_=u32,
    inuse=u32,
    list=u32,  # 0: none (full), 1 almost full, 2 almost empty
    next=u32,
    prev=u32,
)

if cython.compiled:
    ZsClasses = cython.typedef(ZsClass[::1])
    ZsPageArray = cython.typedef(ZsPage[::1])
else:
    ZsClasses = ZsPageArray = object


@cython.final
@cython.cclass
class Zsmalloc:
    """The pools."""

    arena: object
    pages: Pages
    classes: ZsClasses
    zspages: ZsPageArray
    page_of: U32s  # zspage * ZS_MAX_CHAIN + i -> pfn
    heads: U32s  # (pool * ZS_CLASSES + class) * ZS_FULLNESS_LISTS + list - 1
    pool_pages: U64s
    ids: IdPool
    huge: U32s  # [0]: objects from this size on take a page of their own
    vmstat: VmStat
    page_alloc = cython.declare("PageAlloc")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages = arena.pages
        self.classes = arena.array("zs_classes", "zsmalloc.ZsClass", ZS_CLASSES)
        self.zspages = arena.array("zspages", "zsmalloc.ZsPage", NR_ZSPAGES_MAX)
        self.page_of = arena.array("zs_page_of", "u32", NR_ZSPAGES_MAX * ZS_MAX_CHAIN)
        lists = NR_ZS_POOLS * ZS_CLASSES * ZS_FULLNESS_LISTS
        self.heads = arena.array("zs_heads", "u32", lists)
        self.pool_pages = arena.array("zs_pool_pages", "u64", NR_ZS_POOLS)
        self.huge = arena.array("zs_huge_class_size", "u32", 1)
        self.ids = IdPool(arena, "zspage", NR_ZSPAGES_MAX)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.vmstat, self.page_alloc = m.vmstat, m.page_alloc

    def boot(self):
        """The size classes, from the largest down."""
        self.ids.boot()
        kernel = self.arena.sysctl[0].kernel
        for i in range(ZS_CLASSES - 1, -1, -1):
            size = min(ZS_MIN_SIZE + i * ZS_DELTA, 4096)
            chain = best_chain(size, kernel)
            objects = chain * 4096 // size
            self.classes[i].chain = chain
            self.classes[i].objects = objects
            self.classes[i].index = i
            if chain != 1 and objects != 1 and not self.huge[0]:
                self.huge[0] = size - (ZS_HANDLE_SIZE - 1)
            if i + 1 < ZS_CLASSES:
                above = int(self.classes[i + 1].index)
                if self.classes[above].chain == chain and self.classes[above].objects == objects:
                    self.classes[i].index = above

    @cython.ccall
    @cython.nogil
    def zs_huge_class_size(self) -> u32:
        """Objects of so many bytes or more gain nothing."""
        return self.huge[0]

    @cython.ccall
    @cython.nogil
    def zs_get_total_pages(self, pool: u32) -> u64:
        """Pages of a pool."""
        return self.pool_pages[pool]

    @cython.ccall
    @cython.nogil
    def zs_lookup_class_index(self, size: u32) -> u32:
        """The class that an object of up to a page belongs to."""
        assert 0 < size <= PAGE_SIZE
        class_: u32 = 0
        size += ZS_HANDLE_SIZE
        if size > ZS_MIN_SIZE:
            class_ = (size - ZS_MIN_SIZE + ZS_DELTA - 1) // ZS_DELTA
        if class_ >= ZS_CLASSES:
            class_ = ZS_CLASSES - 1
        return self.classes[class_].index

    @cython.ccall
    @cython.nogil
    def zs_malloc(self, pool: u32, size: u32) -> u32:
        """Room for an object of up to a page: the zspage that it is in, or 0 without memory."""
        class_: u32 = self.zs_lookup_class_index(size)
        head: u32 = (pool * ZS_CLASSES + class_) * ZS_FULLNESS_LISTS
        zspage: u32 = self.heads[head]
        if zspage == 0:
            zspage = self.heads[head + 1]
        if zspage == 0:
            zspage = self.alloc_zspage(pool, class_)
            if zspage == 0:
                return 0
        self.zspages[zspage].inuse += 1
        self.fix_fullness_group(zspage)
        return zspage

    @cython.ccall
    @cython.nogil
    def zs_free(self, zspage: u32) -> cython.int:
        """An object goes; an empty zspage with it."""
        assert self.zspages[zspage].inuse > 0
        self.zspages[zspage].inuse -= 1
        if self.zspages[zspage].inuse:
            return self.fix_fullness_group(zspage)
        return self.free_zspage(zspage)

    @cython.cfunc
    @cython.nogil
    def alloc_zspage(self, pool: u32, class_: u32) -> u32:
        """An empty zspage, on no list; 0 without memory."""
        zspage: u32 = self.ids.alloc()
        if zspage == 0:
            return 0
        self.zspages[zspage].pool = pool
        self.zspages[zspage].class_ = class_
        i: u32
        for i in range(self.classes[class_].chain):
            pfn: u64 = self.page_alloc.alloc_pages(GFP_NOIO, 0, -1)
            if pfn == 0:
                self.free_pages_of(zspage, i)
                return 0
            self.page_of[zspage * ZS_MAX_CHAIN + i] = cython.cast(u32, pfn)
            self.pool_pages[pool] += 1
            self.vmstat.inc_zone_page_state(self.pages[pfn].zone, NR_ZSPAGES)
        return zspage

    @cython.cfunc
    @cython.nogil
    def free_zspage(self, zspage: u32) -> cython.int:
        self.list_del(zspage)
        return self.free_pages_of(zspage, self.classes[self.zspages[zspage].class_].chain)

    @cython.cfunc
    @cython.nogil
    def free_pages_of(self, zspage: u32, nr: u32) -> cython.int:
        """Give back its first nr pages and the record."""
        i: u32
        for i in range(nr):
            at: u32 = zspage * ZS_MAX_CHAIN + i
            pfn: u64 = self.page_of[at]
            self.page_of[at] = 0
            self.vmstat.dec_zone_page_state(self.pages[pfn].zone, NR_ZSPAGES)
            self.pages[pfn].refcount = 0
            self.page_alloc.free_pages(pfn, 0)
        self.pool_pages[self.zspages[zspage].pool] -= nr
        self.zspages[zspage].pool = 0
        self.zspages[zspage].class_ = 0
        self.ids.free(zspage)
        return 0

    # -- fullness

    @cython.cfunc
    @cython.nogil
    def fix_fullness_group(self, zspage: u32) -> cython.int:
        """Put a zspage on the list that it belongs to now, in front."""
        objects: u32 = self.classes[self.zspages[zspage].class_].objects
        inuse: u32 = self.zspages[zspage].inuse
        wanted: u32 = 1
        if inuse == objects:
            wanted = 0
        elif inuse <= 3 * objects // 4:
            wanted = 2
        if self.zspages[zspage].list == wanted:
            return 0
        self.list_del(zspage)
        if wanted:
            self.list_add(zspage, wanted)
        return 0

    @cython.cfunc
    @cython.nogil
    def head_of(self, zspage: u32, which: u32) -> u32:
        """Index of the head of one of its class's lists."""
        base: u32 = self.zspages[zspage].pool * ZS_CLASSES + self.zspages[zspage].class_
        return base * ZS_FULLNESS_LISTS + which - 1

    @cython.cfunc
    @cython.nogil
    def list_add(self, zspage: u32, which: u32) -> cython.int:
        head: u32 = self.head_of(zspage, which)
        first: u32 = self.heads[head]
        self.zspages[zspage].list = which
        self.zspages[zspage].next = first
        if first:
            self.zspages[first].prev = zspage
        self.heads[head] = zspage
        return 0

    @cython.cfunc
    @cython.nogil
    def list_del(self, zspage: u32) -> cython.int:
        which: u32 = self.zspages[zspage].list
        after: u32 = self.zspages[zspage].next
        before: u32 = self.zspages[zspage].prev
        if which == 0:
            return 0
        if after:
            self.zspages[after].prev = before
        if before:
            self.zspages[before].next = after
        else:
            self.heads[self.head_of(zspage, which)] = after
        self.zspages[zspage].list = 0
        self.zspages[zspage].next = 0
        self.zspages[zspage].prev = 0
        return 0

    def check(self):
        """Recount pools and zones."""
        self.ids.check()
        pages = [0] * NR_ZS_POOLS
        live = self.arena.where("zspages", "inuse")
        for zspage in live:
            record = self.arena.zspages[zspage]
            kind = self.classes[int(record.class_)]
            pages[int(record.pool)] += int(kind["chain"] if self.arena.compiled else kind.chain)
        assert len(live) == self.ids.used()
        assert pages == [int(self.pool_pages[pool]) for pool in range(NR_ZS_POOLS)]
        zones = range(1, self.vmstat.nr_zones)
        counted = sum(self.vmstat.zone_page_state_snapshot(z, NR_ZSPAGES) for z in zones)
        assert counted == sum(pages), f"nr_zspages {counted}, recounted {sum(pages)}"


def best_chain(size, kernel):
    """Pages of a zspage for objects of a size: those that waste the least."""
    if kernel >= KERNEL_LONG_CHAINS:
        return min(range(1, 9), key=lambda chain: (chain * 4096 % size, chain))
    used = {c: (c * 4096 - c * 4096 % size) * 100 // (c * 4096) for c in range(1, 5)}
    return max(used, key=lambda chain: (used[chain], -chain))
