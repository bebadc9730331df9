"""Indices for records that come and go: the model's stand-in for a slab cache of one struct.

Freed indices are chained through `next`, most recently freed first; untouched ones are a range.
Index 0 is never handed out: it means "none".
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import U32s, U64s, u32

# Cells of the pool's own state array.
POOL_FREE = cython.declare(cython.const[cython.int], 0)  # head of the free chain, 0 if empty
POOL_END = cython.declare(cython.const[cython.int], 1)  # indices >= this were never handed out
POOL_USED = cython.declare(cython.const[cython.int], 2)
POOL_CELLS = cython.declare(cython.const[cython.int], 3)


@cython.final
@cython.cclass
class IdPool:
    """Hands out indices 1 .. length - 1 of some array."""

    next: U32s
    state: U64s
    length: cython.ulonglong

    def __init__(self, arena, name, length):
        self.next = arena.array(name + "_next", "u32", length)
        self.state = arena.array(name + "_pool", "u64", POOL_CELLS)
        self.length = length

    def boot(self):
        self.state[POOL_END] = 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def alloc(self) -> u32:
        """A free index, or 0 when all are in use."""
        free: u32 = cython.cast(u32, self.state[POOL_FREE])
        if free:
            self.state[POOL_FREE] = self.next[free]
        elif self.state[POOL_END] < self.length:
            free = cython.cast(u32, self.state[POOL_END])
            self.state[POOL_END] += 1
        else:
            return 0
        self.state[POOL_USED] += 1
        return free

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def free(self, index: u32) -> cython.void:
        """Give an index back; its record must have been zeroed by the caller."""
        self.next[index] = cython.cast(u32, self.state[POOL_FREE])
        self.state[POOL_FREE] = index
        self.state[POOL_USED] -= 1

    def used(self):
        """How many indices are handed out."""
        return self.state[POOL_USED]

    def limit(self):
        """One more than the highest index ever handed out."""
        return self.state[POOL_END]

    def check(self):
        """The free chain and the used count together make up all that was ever handed out."""
        seen = set()
        i = self.state[POOL_FREE]
        while i:
            assert 0 < i < self.state[POOL_END] and i not in seen
            seen.add(i)
            i = self.next[i]
        assert len(seen) + self.state[POOL_USED] == self.state[POOL_END] - 1
