"""How long a page gets when it is compressed by lz4, lzo or lzo-rle: the algorithms without their
output.

Both look for repeats through a hash of four bytes and take the last place where the hash was seen.
lz4 steps faster the longer it finds nothing, and extends a match backwards; lzo steps by the length
of the literals so far, and lzo-rle takes runs of zeros before it looks for matches.

Models lib/lz4/lz4_compress.c: LZ4_compress_fast() with acceleration 1 (a page: a table of 8192
16-bit places); lib/lzo/lzo1x_compress.c: lzo1x_1_do_compress(), bitstream version 0 and 1.
Not modelled: matches farther back than 16 KiB (a page has none).

Equal to liblz4 and liblzo2, byte for byte, on the pages of scenarios; on other data liblzo2, which
hashes otherwise, differs by less than 1 %.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import U8s, U16s, u32, u64

LZ_PAGE = cython.declare(cython.const[cython.uint], 4096)
LZ_HASH_SIZE = cython.declare(cython.const[cython.uint], 8192)
LZ_HASH_SHIFT = cython.declare(cython.const[cython.uint], 19)  # 32 - 13
LZ4_MULTIPLIER = cython.declare(cython.const[cython.ulonglong], 2654435761)
LZO_MULTIPLIER = cython.declare(cython.const[cython.ulonglong], 0x1824429D)
LZ4_MFLIMIT = cython.declare(cython.const[cython.uint], 12)  # no match begins in the last bytes
LZ4_LASTLITERALS = cython.declare(cython.const[cython.uint], 5)
LZO_TAIL = cython.declare(cython.const[cython.uint], 20)
LZO_MAX_ZERO_RUN = cython.declare(cython.const[cython.uint], 2051)
LOW_32 = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFF)


@cython.final
@cython.cclass
class LzSizes:
    """Sizes of compressed pages."""

    page: U8s  # what is compressed
    table: U16s  # hash -> place; all 0 between calls
    found: u32  # place of the match that lz4_search() found

    def __init__(self, arena, config):
        self.page = arena.array("lz_page", "u8", LZ_PAGE)
        self.found = 0
        self.table = arena.array("lz_table", "u16", LZ_HASH_SIZE)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def word(self, at: u32) -> u64:
        """Four bytes, little-endian."""
        low: u64 = self.page[at] | self.page[at + 1] << 8
        high: u64 = self.page[at + 2] | self.page[at + 3] << 8
        return low | high << 16

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def hash_of(self, word: u64, multiplier: u64) -> u32:
        """13 bits."""
        return cython.cast(u32, ((word * multiplier) & LOW_32) >> LZ_HASH_SHIFT)

    @cython.cfunc
    @cython.nogil
    def clear(self) -> cython.int:
        i: u32
        for i in range(LZ_HASH_SIZE):
            self.table[i] = 0
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def extra(self, length: u32, step: u32) -> u32:
        """Further bytes of a length of which `step` fit into the token."""
        return (length - step) // 255 + 1 if length >= step else 0

    # -- lz4

    @cython.cfunc
    @cython.nogil
    def lz4_size(self) -> u32:
        """LZ4_compress_default()."""
        size: u32 = 0
        anchor: u32 = 0
        at: u32 = 0
        match: u32 = 0
        length: u32
        self.table[self.hash_of(self.word(0), LZ4_MULTIPLIER)] = 0
        at = 1
        while True:
            at = self.lz4_search(at)
            if at == 0:
                break
            match = self.found
            while at > anchor and match > 0 and self.page[at - 1] == self.page[match - 1]:
                at -= 1
                match -= 1
            size += 1 + (at - anchor) + self.extra(at - anchor, 15)
            while True:
                length = self.lz4_count(at + 4, match + 4)
                size += 2 + self.extra(length, 15)
                at += 4 + length
                anchor = at
                if at > LZ_PAGE - LZ4_MFLIMIT:
                    break
                self.put(at - 2)
                match = self.put(at)
                if self.word(match) != self.word(at):
                    break
                size += 1  # a match at once: a token without literals
            if at > LZ_PAGE - LZ4_MFLIMIT:
                break
            at += 1
        length = LZ_PAGE - anchor
        self.clear()
        return size + 1 + length + self.extra(length, 15)

    @cython.cfunc
    @cython.nogil
    def lz4_search(self, at: u32) -> u32:
        """The first place from `at` on that repeats an earlier one, or 0; steps grow by one every
        64 tries."""
        tries: u32 = 64
        step: u32 = 1
        while True:
            if at + step > LZ_PAGE - LZ4_MFLIMIT:
                return 0
            self.found = self.put(at)
            if self.word(self.found) == self.word(at):
                return at
            at += step
            step = tries >> 6
            tries += 1

    @cython.cfunc
    @cython.nogil
    def put(self, at: u32) -> u32:
        """Enter a place into the table; the one that was there."""
        slot: u32 = self.hash_of(self.word(at), LZ4_MULTIPLIER)
        before: u32 = self.table[slot]
        self.table[slot] = at
        return before

    @cython.cfunc
    @cython.nogil
    def lz4_count(self, at: u32, match: u32) -> u32:
        """How many bytes more are equal, up to the last five."""
        length: u32 = 0
        while at + length < LZ_PAGE - LZ4_LASTLITERALS:
            if self.page[at + length] != self.page[match + length]:
                break
            length += 1
        return length

    # -- lzo

    @cython.cfunc
    @cython.nogil
    def lzo_size(self, rle: cython.bint) -> u32:
        """lzo1x_1_compress(), lzorle1x_1_compress()."""
        end: u32 = LZ_PAGE - LZO_TAIL
        size: u32 = 2 if rle else 0  # the version of the bit stream
        anchor: u32 = 0
        at: u32 = 5
        run: u32
        slot: u32
        match: u32 = 0
        word: u64
        while at < end:
            word = self.word(at)
            run = 0
            if word == 0 and rle:
                run = self.zero_run(at, end)
            else:
                slot = self.hash_of(word, LZO_MULTIPLIER)
                match = self.table[slot]
                self.table[slot] = at
                if self.word(match) != word:
                    at += 1 + ((at - anchor) >> 5)
                    continue
            size += self.lzo_literals(at - anchor)
            if run:
                size += 4
                at += run
            else:
                run = self.lzo_match(at, match, end)
                size += self.lzo_token(run, at - match)
                at += run
            anchor = at
        self.clear()
        if anchor == 0:
            return size + self.lzo_literals(LZ_PAGE) + 3
        return size + self.lzo_literals(LZ_PAGE - anchor) + 3

    @cython.cfunc
    @cython.nogil
    def zero_run(self, at: u32, end: u32) -> u32:
        """Zeros from `at` on, at most 2051."""
        limit: u32 = at + LZO_MAX_ZERO_RUN + 1
        if limit > end:
            limit = end
        stop: u32 = at + 4
        while stop < limit and self.page[stop] == 0:
            stop += 1
        return stop - at if stop - at < LZO_MAX_ZERO_RUN else LZO_MAX_ZERO_RUN

    @cython.cfunc
    @cython.nogil
    def lzo_match(self, at: u32, match: u32, end: u32) -> u32:
        """Length of a match, compared eight bytes at a time: it may pass the end a little."""
        length: u32 = 4
        same: u32 = self.same_bytes(at + 4, match + 4)
        while same == 8:
            length += 8
            if at + length >= end:
                return length
            same = self.same_bytes(at + length, match + length)
        return length + same

    @cython.cfunc
    @cython.nogil
    def same_bytes(self, at: u32, match: u32) -> u32:
        """Equal bytes of eight."""
        n: u32 = 0
        while n < 8 and self.page[at + n] == self.page[match + n]:
            n += 1
        return n

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def lzo_literals(self, length: u32) -> u32:
        """Bytes of a run of literals; up to three are told in the instruction before."""
        if length <= 3:
            return length
        if length <= 18:
            return length + 1
        return length + 2 + (length - 19) // 255

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def lzo_token(self, length: u32, offset: u32) -> u32:
        """Bytes of a match."""
        if length <= 8 and offset <= 0x800:
            return 2
        return 3 if length <= 33 else 4 + (length - 34) // 255
