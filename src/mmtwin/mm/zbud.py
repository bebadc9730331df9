"""zbud: two compressed pages to a page, one from each end, in chunks of 64 bytes.

A new object goes into the first page, of those with the least sufficient room, that holds one
already. It is 6.1's default under zswap.

Pages are also on an LRU, by when they last got an object: zswap_lru.py evicts from it.

Models mm/zbud.c: zbud_alloc(), zbud_free(), size_to_chunks(), num_free_chunks(), struct zbud_pool.

Invariants: a page on a list of `unbuddied` holds one object; nr_pages counts pages of both kinds;
every page is on the LRU.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import GFP_NOIO
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.types import Pages, U32s, U64s, u32, u64

ZBUD_CHUNKS = cython.declare(cython.const[cython.uint], 63)  # of a page, behind its header
ZBUD_CHUNK_SIZE = cython.declare(cython.const[cython.uint], 64)
NR_ZBUD_PAGES = 1 << 22

# struct zbud_header
ZbudPage = cython.struct(
    first=u32,  # chunks of each object, 0: none
    last=u32,
    pfn=u32,
    next=u32,  # neighbours on a list of pages with so many free chunks
    prev=u32,
    list=u32,  # free chunks, 0: on no list
    lru_next=u32,  # older
    lru_prev=u32,  # younger
    on_lru=u32,
    pad=u32,
    first_owner=u64,  # zswap's entry of each object, by slot index
    last_owner=u64,
)

if cython.compiled:
    ZbudPages = cython.typedef(ZbudPage[::1])
else:
    ZbudPages = object


@cython.final
@cython.cclass
class Zbud:
    """zswap's pool, where it is zbud."""

    arena: object
    pages: Pages
    zbud_pages: ZbudPages
    unbuddied: U32s  # by free chunks
    nr_pages: U64s
    lru: U32s  # [0] youngest, [1] oldest
    ids: IdPool
    page_alloc = cython.declare("PageAlloc")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages = arena.pages
        self.zbud_pages = arena.array("zbud_pages", "zbud.ZbudPage", NR_ZBUD_PAGES)
        self.unbuddied = arena.array("zbud_unbuddied", "u32", ZBUD_CHUNKS + 1)
        self.nr_pages = arena.array("zbud_nr_pages", "u64", 1)
        self.lru = arena.array("zbud_lru", "u32", 2)
        self.ids = IdPool(arena, "zbud_page", NR_ZBUD_PAGES)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_alloc = m.page_alloc

    def boot(self):
        self.ids.boot()

    @cython.ccall
    @cython.nogil
    def zbud_alloc(self, size: u32) -> u32:
        """Room for an object: a handle (page * 2, or + 1 for the end of the page); 0 if it is too
        large or there is no memory."""
        chunks: u32 = (size + ZBUD_CHUNK_SIZE - 1) // ZBUD_CHUNK_SIZE
        if chunks >= ZBUD_CHUNKS:
            return 0
        room: u32 = chunks
        while room <= ZBUD_CHUNKS and self.unbuddied[room] == 0:
            room += 1
        page: u32 = self.unbuddied[room] if room <= ZBUD_CHUNKS else self.new_page()
        if page == 0:
            return 0
        self.list_del(page)
        end: u32 = 1 if self.zbud_pages[page].first else 0
        if end:
            self.zbud_pages[page].last = chunks
        else:
            self.zbud_pages[page].first = chunks
        self.list_add(page)
        self.lru_del(page)
        self.lru_add(page)
        return page * 2 + end

    @cython.ccall
    @cython.nogil
    def set_owner(self, handle: u32, at: u64) -> cython.int:
        """Whose object it is: struct zswap_header."""
        if handle & 1:
            self.zbud_pages[handle // 2].last_owner = at
        else:
            self.zbud_pages[handle // 2].first_owner = at
        return 0

    @cython.ccall
    @cython.nogil
    def owner(self, handle: u32) -> u64:
        """Whose object it is; 0 if there is none."""
        if handle & 1:
            return self.zbud_pages[handle // 2].last_owner
        return self.zbud_pages[handle // 2].first_owner

    # -- the LRU

    @cython.ccall
    @cython.nogil
    def oldest(self) -> u32:
        """Take the oldest page off the LRU; 0 if there is none."""
        page: u32 = self.lru[1]
        if page:
            self.lru_del(page)
        return page

    @cython.ccall
    @cython.nogil
    def lru_add(self, page: u32) -> cython.int:
        """The youngest."""
        first: u32 = self.lru[0]
        self.zbud_pages[page].on_lru = 1
        self.zbud_pages[page].lru_next = first
        if first:
            self.zbud_pages[first].lru_prev = page
        else:
            self.lru[1] = page
        self.lru[0] = page
        return 0

    @cython.cfunc
    @cython.nogil
    def lru_del(self, page: u32) -> cython.int:
        after: u32 = self.zbud_pages[page].lru_next
        before: u32 = self.zbud_pages[page].lru_prev
        if not self.zbud_pages[page].on_lru:
            return 0
        if after:
            self.zbud_pages[after].lru_prev = before
        else:
            self.lru[1] = before
        if before:
            self.zbud_pages[before].lru_next = after
        else:
            self.lru[0] = after
        self.zbud_pages[page].on_lru = 0
        self.zbud_pages[page].lru_next = 0
        self.zbud_pages[page].lru_prev = 0
        return 0

    # -- freeing

    @cython.ccall
    @cython.nogil
    def zbud_free(self, handle: u32) -> cython.int:
        """An object goes, and its page if it was the only one."""
        page: u32 = handle // 2
        self.list_del(page)
        if handle & 1:
            self.zbud_pages[page].last = 0
            self.zbud_pages[page].last_owner = 0
        else:
            self.zbud_pages[page].first = 0
            self.zbud_pages[page].first_owner = 0
        if self.zbud_pages[page].first or self.zbud_pages[page].last:
            return self.list_add(page)
        self.lru_del(page)
        pfn: u64 = self.zbud_pages[page].pfn
        self.zbud_pages[page].pfn = 0
        self.pages[pfn].refcount = 0
        self.page_alloc.free_pages(pfn, 0)
        self.nr_pages[0] -= 1
        self.ids.free(page)
        return 0

    @cython.cfunc
    @cython.nogil
    def new_page(self) -> u32:
        """An empty page, on no list; 0 without memory."""
        page: u32 = self.ids.alloc()
        if page == 0:
            return 0
        pfn: u64 = self.page_alloc.alloc_pages(GFP_NOIO, 0, -1)
        if pfn == 0:
            self.ids.free(page)
            return 0
        self.zbud_pages[page].pfn = cython.cast(u32, pfn)
        self.nr_pages[0] += 1
        return page

    @cython.cfunc
    @cython.nogil
    def list_add(self, page: u32) -> cython.int:
        """On the list of its free chunks, if it holds one object."""
        if self.zbud_pages[page].first and self.zbud_pages[page].last:
            return 0
        room: u32 = ZBUD_CHUNKS - self.zbud_pages[page].first - self.zbud_pages[page].last
        head: u32 = self.unbuddied[room]
        self.zbud_pages[page].list = room
        self.zbud_pages[page].next = head
        if head:
            self.zbud_pages[head].prev = page
        self.unbuddied[room] = page
        return 0

    @cython.cfunc
    @cython.nogil
    def list_del(self, page: u32) -> cython.int:
        room: u32 = self.zbud_pages[page].list
        after: u32 = self.zbud_pages[page].next
        before: u32 = self.zbud_pages[page].prev
        if room == 0:
            return 0
        if after:
            self.zbud_pages[after].prev = before
        if before:
            self.zbud_pages[before].next = after
        else:
            self.unbuddied[room] = after
        self.zbud_pages[page].list = 0
        self.zbud_pages[page].next = 0
        self.zbud_pages[page].prev = 0
        return 0

    def check(self):
        """Pages are counted; each holds something."""
        self.ids.check()
        live = self.arena.where("zbud_pages", "pfn")
        assert len(live) == self.ids.used() == self.nr_pages[0]
        for page in live:
            record = self.arena.zbud_pages[page]
            assert int(record.first) or int(record.last)
            assert int(record.first) + int(record.last) <= ZBUD_CHUNKS
        page, before, found = int(self.lru[0]), 0, 0
        while page:
            assert int(self.arena.zbud_pages[page].lru_prev) == before
            before, page, found = page, int(self.arena.zbud_pages[page].lru_next), found + 1
        assert found == len(live) and self.lru[1] == before
