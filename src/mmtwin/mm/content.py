"""What a page holds, as far as compression can tell: Page.content, SwapSlot.content.

    kind << 28 | payload
        0  unknown: when it is first swapped out it becomes one of the classes, as often as the
           machine's description says (`content`; heap if it says nothing)
        1  zeros
        2  zeros but for one byte (what a program leaves that touches pages)
        3  a recipe (payload: its number): one value in every word, or words of a generator
        7  a swap header (payload: last_page)
        4  text, 5 heap, 6 database: classes that were measured (payload: number of a sample)

A page gets its content where it is filled (fill()), keeps it in swap, and passes it on when it is
copied; a store of the program by itself changes nothing here, for stores are not looked at: what a
page was filled with last is what it holds. A new page of a replay is unknown: no format of
recordings tells contents.
Pages of recipes are made again and compressed, by the algorithms of lz_sizes.py, when somebody
wants to know their size; for zstd, deflate and lz4hc, and for the classes, sizes are looked up in
what real libraries made of such pages (compress_table.py, made by scripts/compress_table).

Models the contents that mm/zswap.c, mm/page_io.c and drivers/block/zram/zram_drv.c look at:
page_same_filled(), is_folio_zero_filled(), crypto_comp_compress().
Not modelled: contents of files (unknown); KSM's comparison.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import Clock
    from mmtwin.mm.lz_sizes import LzSizes
    from mmtwin.mm.pgtable_types import PAGE_PRESENT, PAGE_SHIFT, PAGE_SPECIAL, PTE_PFN_MASK
    from mmtwin.mm.types import Currents, Pages, U8s, U16s, U64s, i64, u16, u32, u64

CONTENT_SHIFT = cython.declare(cython.const[cython.int], 28)
CONTENT_PAYLOAD = cython.declare(cython.const[cython.uint], 0xFFFFFFF)
CONTENT_UNKNOWN = cython.declare(cython.const[cython.uint], 0)
CONTENT_ZERO = cython.declare(cython.const[cython.uint], 1)
CONTENT_TOUCHED = cython.declare(cython.const[cython.uint], 2)
CONTENT_RECIPE = cython.declare(cython.const[cython.uint], 3)
CONTENT_TEXT = cython.declare(cython.const[cython.uint], 4)
CONTENT_HEAP = cython.declare(cython.const[cython.uint], 5)
CONTENT_DATABASE = cython.declare(cython.const[cython.uint], 6)
CONTENT_SWAP_HEADER = cython.declare(cython.const[cython.uint], 7)
NR_RECIPES = cython.declare(cython.const[cython.uint], 0x1000000)

# What fill() writes: the scenario language's kinds, and the classes
FILL_ZERO = cython.declare(cython.const[cython.uint], 0)
FILL_VALUE = cython.declare(cython.const[cython.uint], 1)
FILL_STREAM = cython.declare(cython.const[cython.uint], 2)
FILL_PARTLY = cython.declare(cython.const[cython.uint], 3)
FILL_TOUCHED = cython.declare(cython.const[cython.uint], 4)
FILL_TEXT = cython.declare(cython.const[cython.uint], 5)
FILL_HEAP = cython.declare(cython.const[cython.uint], 6)
FILL_DATABASE = cython.declare(cython.const[cython.uint], 7)
NR_FILL_KINDS = 8
WORDS = cython.declare(cython.const[cython.uint], 512)  # of a page
FILL_MULTIPLIER = cython.declare(cython.const[cython.ulonglong], 2654435761)
FILL_OFFSET = cython.declare(cython.const[cython.ulonglong], 88172645463325252)
CONTENT_BITS = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFFFFF)

# Algorithms, by the kernel's names
ALG_LZ4 = cython.declare(cython.const[cython.int], 0)
ALG_LZO = cython.declare(cython.const[cython.int], 1)
ALG_LZO_RLE = cython.declare(cython.const[cython.int], 2)
ALG_ZSTD = cython.declare(cython.const[cython.int], 3)
ALG_LZ4HC = cython.declare(cython.const[cython.int], 4)
ALG_DEFLATE = cython.declare(cython.const[cython.int], 5)
NR_ALGS = cython.declare(cython.const[cython.int], 6)
NR_SAMPLES = cython.declare(cython.const[cython.uint], 128)  # of a class
ALGORITHM_NAMES = ("lz4", "lzo", "lzo-rle", "zstd", "lz4hc", "deflate")

# How a page was made
Recipe = cython.struct(
    state=u64,  # the value, or the generator's state before the page's first word
    words=u32,  # of the generator; the rest is zeros. 0: `state` in every word
    size_lz4=u16,  # compressed, once somebody asked
    size_lzo=u16,
    size_lzo_rle=u16,
    pad=u16,
    pad2=u32,
)

if cython.compiled:
    Recipes = cython.typedef(Recipe[::1])
else:
    Recipes = object


@cython.final
@cython.cclass
class Content:
    """Contents of pages, and their compressed sizes."""

    pages: Pages
    current: Currents
    recipes: Recipes
    cells: U64s  # [0]: recipes so far, [1]: class of unknown pages, [2]: samples handed out
    page: U8s  # scratch: the page of a recipe; zeros in between
    samples: U16s  # (class * NR_SAMPLES + sample) * NR_ALGS + algorithm
    partial: U16s  # random words / 8 * NR_ALGS + algorithm
    fill_ns: U64s  # kind of fill() -> the program's own time for a page
    lz: LzSizes
    shares = cython.declare(object)
    clock: Clock
    page_tables = cython.declare("PageTables")
    access = cython.declare("Access")
    ptes: U64s

    def __init__(self, arena, config):
        self.pages, self.current = arena.pages, arena.current
        self.recipes = arena.array("content_recipes", "content.Recipe", NR_RECIPES)
        self.cells = arena.array("content", "u64", 8)
        self.shares = config.content[:3]
        self.samples = arena.array("content_samples", "u16", 3 * NR_SAMPLES * NR_ALGS)
        self.partial = arena.array("content_partial", "u16", 65 * NR_ALGS)
        self.fill_ns = arena.array("fill_ns", "u64", NR_FILL_KINDS)
        self.lz = LzSizes(arena, config)
        self.page = self.lz.page

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.access, self.ptes = m.page_tables, m.access, m.arena.ptes
        self.clock = m.clock

    def boot(self):
        """The tables; what unknown pages turn out to be."""
        from mmtwin.mm.compress_table import partial_sizes, sample_sizes

        self.cells[0] = 1
        self.cells[1] = CONTENT_HEAP
        for i, percent in enumerate(self.shares):  # of zeros, text, heap; the rest is database
            self.cells[4 + i] = percent + (self.cells[3 + i] if i else 0)
        for i, size in enumerate(sample_sizes()):
            self.samples[i] = size
        for i, size in enumerate(partial_sizes()):
            self.partial[i] = size

    # -- filling

    @cython.ccall
    @cython.exceptval(-1, check=True)
    def fill(self, address: u64, length: u64, kind: u32, seed: u64, words: u32) -> i64:
        """The current task writes whole pages, ascending: pages done before a signal
        (`access.signal`), if any."""
        state: u64 = (seed * FILL_MULTIPLIER + FILL_OFFSET) & CONTENT_BITS
        done: i64 = 0
        content: u32
        if kind == FILL_STREAM:
            words = WORDS
        with cython.nogil:
            self.access.signal = 0
            while (done << PAGE_SHIFT) < cython.cast(i64, length):
                self.access.signal = self.access.access(address + (done << PAGE_SHIFT), 1)
                if self.access.signal:
                    break
                self.clock.advance(self.fill_ns[kind])
                if kind == FILL_TOUCHED:
                    self.touched(address + (done << PAGE_SHIFT))
                else:
                    content = self.new_content(kind, seed, state, words)
                    self.set_mapped(address + (done << PAGE_SHIFT), content)
                if kind == FILL_STREAM or kind == FILL_PARTLY:
                    state = self.skip(state, words)
                done += 1
        return done

    @cython.cfunc
    @cython.nogil
    def new_content(self, kind: u32, seed: u64, state: u64, words: u32) -> u32:
        """The content of the next page of a fill()."""
        if kind == FILL_VALUE:
            return self.recipe(seed, 0)
        if kind == FILL_STREAM or kind == FILL_PARTLY:
            return self.recipe(state, words)
        if kind >= FILL_TEXT:
            return self.of_class(kind - FILL_TEXT + CONTENT_TEXT)
        return CONTENT_ZERO << CONTENT_SHIFT

    @cython.ccall
    @cython.nogil
    def set_mapped(self, address: u64, content: u32) -> cython.int:
        """The page that the current task maps at an address holds something else now."""
        at: u64 = self.page_tables.pte_offset(self.current[0].mm, address)
        if at and self.ptes[at] & PAGE_PRESENT and not self.ptes[at] & PAGE_SPECIAL:
            self.pages[(self.ptes[at] & PTE_PFN_MASK) >> PAGE_SHIFT].content = content
        return 0

    @cython.ccall
    @cython.nogil
    def touched(self, address: u64) -> cython.int:
        """One byte of a page was written: zeros are not that any more."""
        at: u64 = self.page_tables.pte_offset(self.current[0].mm, address)
        if not at or not self.ptes[at] & PAGE_PRESENT or self.ptes[at] & PAGE_SPECIAL:
            return 0
        pfn: u64 = (self.ptes[at] & PTE_PFN_MASK) >> PAGE_SHIFT
        if self.pages[pfn].content >> CONTENT_SHIFT <= CONTENT_ZERO:
            self.pages[pfn].content = CONTENT_TOUCHED << CONTENT_SHIFT
        return 0

    @cython.ccall
    @cython.nogil
    def recipe(self, state: u64, words: u32) -> u32:
        """The content of a page that is made so. Numbers are never given back; once there are no
        more, pages count as unknown."""
        last: u32 = cython.cast(u32, self.cells[0]) - 1
        if words == 0 and state == 0:
            return CONTENT_ZERO << CONTENT_SHIFT
        if last and self.recipes[last].state == state and self.recipes[last].words == words:
            return CONTENT_RECIPE << CONTENT_SHIFT | last
        if last + 1 >= NR_RECIPES:
            return 0
        self.cells[0] += 1
        self.recipes[last + 1].state = state
        self.recipes[last + 1].words = words
        return CONTENT_RECIPE << CONTENT_SHIFT | (last + 1)

    @cython.ccall
    @cython.nogil
    def of_class(self, kind: u32) -> u32:
        """The content of a page of a measured class, one sample after another."""
        sample: u32 = cython.cast(u32, self.cells[2] % NR_SAMPLES)
        self.cells[2] += 1
        return kind << CONTENT_SHIFT | sample

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def next_word(self, state: u64) -> u64:
        """xorshift64 (13, 7, 17), the language's generator."""
        state ^= (state << 13) & CONTENT_BITS
        state ^= state >> 7
        return state ^ ((state << 17) & CONTENT_BITS)

    @cython.cfunc
    @cython.nogil
    def skip(self, state: u64, words: u32) -> u64:
        """The generator's state after so many words."""
        while words:
            state = self.next_word(state)
            words -= 1
        return state

    @cython.ccall
    @cython.nogil
    def settle(self, pfn: u64) -> u32:
        """What a page holds; one that nobody knows of becomes a page of a class, in every hundred
        as many of each as the description says, mixed."""
        if self.pages[pfn].content >> CONTENT_SHIFT == CONTENT_UNKNOWN:
            at: u64 = self.cells[3] * 61 % 100
            self.cells[3] += 1
            if at < self.cells[4]:
                self.pages[pfn].content = CONTENT_ZERO << CONTENT_SHIFT
            elif at < self.cells[5]:
                self.pages[pfn].content = self.of_class(CONTENT_TEXT)
            elif at < self.cells[6]:
                self.pages[pfn].content = self.of_class(CONTENT_HEAP)
            else:
                self.pages[pfn].content = self.of_class(CONTENT_DATABASE)
        return self.pages[pfn].content

    # -- asking

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_zero(self, content: u32) -> cython.bint:
        """All zeros: is_folio_zero_filled()."""
        return content >> CONTENT_SHIFT == CONTENT_ZERO

    @cython.cfunc
    @cython.nogil
    def same_filled(self, content: u32) -> cython.bint:
        """One value in every word: page_same_filled()."""
        if content >> CONTENT_SHIFT == CONTENT_ZERO:
            return True
        if content >> CONTENT_SHIFT != CONTENT_RECIPE:
            return False
        return self.recipes[content & CONTENT_PAYLOAD].words == 0

    @cython.ccall
    @cython.nogil
    def compressed_size(self, content: u32, algorithm: cython.int) -> u32:
        """Bytes that an algorithm makes of the page; more than a page where it cannot."""
        kind: u32 = content >> CONTENT_SHIFT
        payload: u32 = content & CONTENT_PAYLOAD
        if kind == CONTENT_UNKNOWN:
            kind = cython.cast(u32, self.cells[1])
            payload = cython.cast(u32, self.cells[2] % NR_SAMPLES)
            self.cells[2] += 1
        if kind == CONTENT_SWAP_HEADER:
            if algorithm > ALG_LZO_RLE:
                return self.partial[NR_ALGS + algorithm]  # as good as eight words
            self.make_swap_header(payload)
            return self.measure(algorithm)
        if kind >= CONTENT_TEXT:
            payload += (kind - CONTENT_TEXT) * NR_SAMPLES
            return self.samples[payload * NR_ALGS + algorithm]
        if algorithm > ALG_LZO_RLE:
            return self.partial_size(kind, payload, algorithm)
        if kind == CONTENT_RECIPE:
            return self.recipe_size(payload, algorithm)
        if kind == CONTENT_TOUCHED:
            self.page[0] = 1
        return self.measure(algorithm)

    @cython.cfunc
    @cython.nogil
    def partial_size(self, kind: u32, payload: u32, algorithm: cython.int) -> u32:
        """From the table: so many random words and zeros, straight between its lines."""
        words: u32 = 1 if kind == CONTENT_TOUCHED else 0
        if kind == CONTENT_RECIPE:
            words = self.recipes[payload].words
            if words == 0:
                words = 1
        low: u32 = words >> 3
        below: u32 = self.partial[low * NR_ALGS + algorithm]
        if low == 64:
            return below
        above: u32 = self.partial[(low + 1) * NR_ALGS + algorithm]
        return below + (above - below) * (words & 7) // 8

    @cython.cfunc
    @cython.nogil
    def recipe_size(self, number: u32, algorithm: cython.int) -> u32:
        """Of a page made again, measured once."""
        size: u32 = self.recipes[number].size_lz4
        if algorithm == ALG_LZO:
            size = self.recipes[number].size_lzo
        elif algorithm == ALG_LZO_RLE:
            size = self.recipes[number].size_lzo_rle
        if size:
            return size
        self.make(number)
        size = self.measure(algorithm)
        if algorithm == ALG_LZ4:
            self.recipes[number].size_lz4 = cython.cast(u16, size)
        elif algorithm == ALG_LZO:
            self.recipes[number].size_lzo = cython.cast(u16, size)
        else:
            self.recipes[number].size_lzo_rle = cython.cast(u16, size)
        return size

    @cython.cfunc
    @cython.nogil
    def make(self, number: u32) -> cython.int:
        """Write a recipe's page to `page`."""
        state: u64 = self.recipes[number].state
        words: u32 = self.recipes[number].words
        word: u32
        byte: u32
        for word in range(words if words else WORDS):
            if words:
                state = self.next_word(state)
            for byte in range(8):
                self.page[word * 8 + byte] = (state >> (byte * 8)) & 0xFF
        return 0

    @cython.ccall
    @cython.nogil
    def swap_header(self, last_page: u32) -> u32:
        """What mkswap writes to the first page of an area."""
        return CONTENT_SWAP_HEADER << CONTENT_SHIFT | last_page & CONTENT_PAYLOAD

    @cython.cfunc
    @cython.nogil
    def make_swap_header(self, last_page: u32) -> cython.int:
        """Version 1, last_page; SWAPSPACE2 at the end. Without bad pages, UUID and label."""
        byte: u32
        self.page[1024] = 1
        for byte in range(4):
            self.page[1028 + byte] = (last_page >> (byte * 8)) & 0xFF
        self.page[4086] = 0x53
        self.page[4087] = 0x57
        self.page[4088] = 0x41
        self.page[4089] = 0x50
        self.page[4090] = 0x53
        self.page[4091] = 0x50
        self.page[4092] = 0x41
        self.page[4093] = 0x43
        self.page[4094] = 0x45
        self.page[4095] = 0x32
        return 0

    @cython.cfunc
    @cython.nogil
    def measure(self, algorithm: cython.int) -> u32:
        """Compress `page`, which is zeros again afterwards."""
        i: u32
        size: u32
        if algorithm == ALG_LZ4:
            size = self.lz.lz4_size()
        else:
            size = self.lz.lzo_size(algorithm == ALG_LZO_RLE)
        for i in range(4096):
            self.page[i] = 0
        return size
