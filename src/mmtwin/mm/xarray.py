"""The page index of an inode: a radix tree of 64-slot nodes, as tall as the highest index needs.

    Inode.i_pages                 head: nothing, an entry (index 0 alone), or the root node
          |
    [shift 6: 0 1 2 ... 63]       slot o of a node with shift s covers the indices whose bits
       |   |                      s .. s + 5 are o
    [shift 0]  [shift 0]          leaves: entries, a pfn or a value (XA_VALUE)

Node n has its 64 slots in `xa_slots`, from n * 64 on.

A value is a swap entry in an inode of shmem, a shadow entry (workingset.py) in any other.

Each slot has three marks (PAGECACHE_TAG_DIRTY, WRITEBACK, TOWRITE); a node's slot is marked if
anything below it is, so that what is marked is found without looking at the rest.

Models lib/xarray.c: xa_load(), xas_store(), xas_create(), xas_expand(), xas_shrink(),
xas_delete_node(), xa_find(), xa_set_mark(), xa_clear_mark(), xa_find() by mark.
Not modelled: locks and RCU (one thread runs); entries that span slots (large folios); the slab
memory of the nodes, which meminfo's SReclaimable will show once slabs are modelled.

The leaf where the last lookup ended is remembered (last_leaf), until it is freed.

Invariants: `count` of a node is its number of used slots and is never 0; a root never has only
slot 0 in use; a child's shift is its parent's less 6 and its `offset` is its slot there; a slot of
an inner node is marked if and only if its child has that mark; unused slots have no marks.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.page_flags import INODE_SHMEM
    from mmtwin.mm.memcg_slab import SLAB_XA_NODE, MemcgSlab
    from mmtwin.mm.types import Inodes, U64s, u8, u32, u64
    from mmtwin.mm.uapi import ENOMEM
    from mmtwin.mm.workingset import Workingset

XA_CHUNK_SHIFT = cython.declare(cython.const[cython.int], 6)
XA_CHUNK_SIZE = cython.declare(cython.const[cython.int], 64)
XA_CHUNK_MASK = cython.declare(cython.const[cython.int], 63)
NO_CHUNK = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFFFFF)

# What an entry is: a pfn as it stands, or one of these bits with a number below it.
XA_NODE = cython.declare(cython.const[cython.ulonglong], 0x4000000000000000)  # xa_is_node()
XA_VALUE = cython.declare(cython.const[cython.ulonglong], 0x8000000000000000)  # xa_is_value()
# Of values: a shadow entry (workingset.py), else a swap entry of shmem
XA_SHADOW = cython.declare(cython.const[cython.ulonglong], 0x2000000000000000)

# Marks: PAGECACHE_TAG_*
XA_DIRTY = cython.declare(cython.const[cython.int], 0)
XA_WRITEBACK = cython.declare(cython.const[cython.int], 1)
XA_TOWRITE = cython.declare(cython.const[cython.int], 2)
# The marks of an entry that is alone at index 0, without a node: bits XA_HEAD_SHIFT + mark of
# Inode.i_state
XA_HEAD_SHIFT = cython.declare(cython.const[cython.int], 29)

# struct xa_node
XaNode = cython.struct(
    mark_dirty=u64,  # bit o: something in slot o has PAGECACHE_TAG_DIRTY; the next two likewise
    mark_writeback=u64,
    mark_towrite=u64,
    parent=u32,  # 0 for a root
    shift=u8,
    offset=u8,  # slot in the parent
    count=u8,  # used slots
    nr_values=u8,  # of these, values
)

if cython.compiled:
    XaNodes = cython.typedef(XaNode[::1])
else:
    XaNodes = object


@cython.final
@cython.cclass
class XArray:
    """Maps (inode, page offset) to an entry."""

    arena: object
    ids: IdPool
    inodes: Inodes
    nodes: XaNodes
    slots: U64s
    workingset: Workingset
    slab: MemcgSlab
    # Where the last lookup ended: the leaf of a chunk of 64 indices. Most go on there.
    last_inode: u32
    last_chunk: u64
    last_leaf: u64

    def __init__(self, arena, config):
        self.last_inode = 0
        self.last_chunk = NO_CHUNK
        self.last_leaf = 0
        limit = max(config.nr_pfns, 1 << 16)
        self.arena = arena
        self.inodes = arena.inodes
        self.ids = IdPool(arena, "xa_node", limit)
        self.nodes = arena.array("xa_nodes", "xarray.XaNode", limit, huge=True)
        self.slots = arena.array("xa_slots", "u64", limit * 64, huge=True)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.workingset, self.slab = m.workingset, m.memcg_slab

    def boot(self):
        self.ids.boot()

    @cython.ccall
    @cython.nogil
    def xa_load(self, inode: u32, index: u64) -> u64:
        """The entry at index, or 0."""
        if self.is_last_leaf(inode, index):
            return self.slots[self.last_leaf * XA_CHUNK_SIZE + (index & XA_CHUNK_MASK)]
        entry: u64 = self.inodes[inode].i_pages
        if not entry & XA_NODE:
            return entry if index == 0 else 0
        node: u64 = self.find_leaf(inode, index)
        return self.slots[node * XA_CHUNK_SIZE + (index & XA_CHUNK_MASK)] if node else 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def is_last_leaf(self, inode: u32, index: u64) -> cython.bint:
        """Whether index lies where the last lookup ended."""
        return index >> XA_CHUNK_SHIFT == self.last_chunk and inode == self.last_inode

    @cython.ccall
    @cython.nogil
    def xa_store(self, inode: u32, index: u64, entry: u64) -> cython.int:
        """Put an entry (not 0), in place of what was there: 0 or -ENOMEM."""
        assert entry and not entry & XA_NODE
        if self.is_last_leaf(inode, index):
            return self.store_in_leaf(inode, self.last_leaf, index, entry)
        if index == 0 and not self.inodes[inode].i_pages & XA_NODE:
            self.inodes[inode].i_pages = entry
            if entry & XA_VALUE:
                self.put_head_marks(inode, 0)
            return 0
        node: u32 = self.xas_create(inode, index)
        if not node:
            return -ENOMEM
        self.last_inode = inode
        self.last_chunk = index >> XA_CHUNK_SHIFT
        self.last_leaf = node
        return self.store_in_leaf(inode, node, index, entry)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def store_in_leaf(self, inode: u32, node: u32, index: u64, entry: u64) -> cython.int:
        """xa_store(), the leaf being there."""
        slot: u64 = cython.cast(u64, node) * XA_CHUNK_SIZE + (index & XA_CHUNK_MASK)
        self.set_slot(node, slot, entry)
        return self.xas_update(inode, node)

    @cython.ccall
    @cython.nogil
    def xa_erase(self, inode: u32, index: u64) -> u64:
        """Remove and give the entry, or 0."""
        entry: u64 = self.inodes[inode].i_pages
        if not entry & XA_NODE:
            if index:
                return 0
            self.inodes[inode].i_pages = 0
            self.put_head_marks(inode, 0)
            return entry
        node: u32 = self.find_leaf(inode, index)
        if not node:
            return 0
        slot: u64 = cython.cast(u64, node) * XA_CHUNK_SIZE + (index & XA_CHUNK_MASK)
        entry = self.slots[slot]
        if entry:
            self.set_slot(node, slot, 0)
            if self.nodes[node].count:
                self.xas_update(inode, node)
            self.xas_delete_node(inode, node)
        return entry

    @cython.ccall
    @cython.nogil
    def xa_find(self, inode: u32, index: u64, last: u64) -> u64:
        """Index of the first entry in index..last (last < 2**63), or last + 1."""
        head: u64 = self.inodes[inode].i_pages
        if not head & XA_NODE:
            return 0 if head and index == 0 else last + 1
        node: u64 = head ^ XA_NODE
        top: cython.int = self.nodes[node].shift
        shift: cython.int = top
        while index <= last and (index >> top) < XA_CHUNK_SIZE:
            offset: cython.int = cython.cast(cython.int, (index >> shift) & XA_CHUNK_MASK)
            found: cython.int = self.next_used(node, offset)
            if found > offset:
                index = ((index >> shift) - offset + found) << shift
            if found == XA_CHUNK_SIZE:  # on to the next sibling, from the root
                node = head ^ XA_NODE
                shift = top
            elif shift == 0:
                return index if index <= last else last + 1
            else:
                node = self.slots[node * XA_CHUNK_SIZE + found] ^ XA_NODE
                shift -= XA_CHUNK_SHIFT
        return last + 1

    @cython.cfunc
    @cython.nogil
    def next_used(self, node: u64, offset: cython.int) -> cython.int:
        """First used slot of a node from offset on, or 64."""
        while offset < XA_CHUNK_SIZE and not self.slots[node * XA_CHUNK_SIZE + offset]:
            offset += 1
        return offset

    @cython.cfunc
    @cython.nogil
    def find_leaf(self, inode: u32, index: u64) -> u32:
        """The leaf node under which index lies, or 0; the head must be a node."""
        if self.is_last_leaf(inode, index):
            return cython.cast(u32, self.last_leaf)
        node: u64 = self.inodes[inode].i_pages ^ XA_NODE
        shift: cython.int = self.nodes[node].shift
        if (index >> shift) >= XA_CHUNK_SIZE:
            return 0
        while shift > 0 and node:
            node = self.slots[node * XA_CHUNK_SIZE + ((index >> shift) & XA_CHUNK_MASK)]
            node &= ~XA_NODE
            shift -= XA_CHUNK_SHIFT
        if node:
            self.last_inode = inode
            self.last_chunk = index >> XA_CHUNK_SHIFT
            self.last_leaf = node
        return cython.cast(u32, node)

    @cython.cfunc
    @cython.nogil
    def set_slot(self, node: u32, slot: u64, entry: u64) -> cython.int:
        """Replace what a slot holds, keeping the node's counts."""
        old: u64 = self.slots[slot]
        if entry and not old:
            self.nodes[node].count += 1
        elif old and not entry:
            self.nodes[node].count -= 1
        if entry & XA_VALUE:
            self.nodes[node].nr_values += 1
        if old & XA_VALUE:
            self.nodes[node].nr_values -= 1
        self.slots[slot] = entry
        if old and (entry == 0 or entry & XA_VALUE):
            self.init_marks(node, cython.cast(cython.int, slot & XA_CHUNK_MASK))
        return 0

    # -- marks

    @cython.ccall
    @cython.nogil
    def xa_set_mark(self, inode: u32, index: u64, mark: cython.int) -> cython.int:
        """Mark the entry at index, which is there."""
        if not self.inodes[inode].i_pages & XA_NODE:
            return self.put_head_marks(inode, self.head_marks(inode) | 1 << mark)
        node: u32 = self.find_leaf(inode, index)
        offset: cython.int = cython.cast(cython.int, index & XA_CHUNK_MASK)
        bit: u64
        while node:
            bit = cython.cast(u64, 1) << offset
            if self.marks(node, mark) & bit:
                return 0
            self.put_marks(node, mark, self.marks(node, mark) | bit)
            offset = self.nodes[node].offset
            node = self.nodes[node].parent
        return 0

    @cython.ccall
    @cython.nogil
    def xa_clear_mark(self, inode: u32, index: u64, mark: cython.int) -> cython.int:
        """Take a mark off the entry at index."""
        if not self.inodes[inode].i_pages & XA_NODE:
            return self.put_head_marks(inode, self.head_marks(inode) & ~(1 << mark))
        node: u32 = self.find_leaf(inode, index)
        if not node:
            return 0
        return self.clear_mark(node, cython.cast(cython.int, index & XA_CHUNK_MASK), mark)

    @cython.ccall
    @cython.nogil
    def xa_get_mark(self, inode: u32, index: u64, mark: cython.int) -> cython.bint:
        """Whether the entry at index has a mark."""
        if not self.inodes[inode].i_pages & XA_NODE:
            return index == 0 and (self.head_marks(inode) >> mark & 1) != 0
        node: u32 = self.find_leaf(inode, index)
        return node != 0 and (self.marks(node, mark) >> (index & XA_CHUNK_MASK) & 1) != 0

    @cython.ccall
    @cython.nogil
    def xa_marked(self, inode: u32, mark: cython.int) -> cython.bint:
        """Whether any entry of the inode has a mark: mapping_tagged()."""
        head: u64 = self.inodes[inode].i_pages
        if not head & XA_NODE:
            return (self.head_marks(inode) >> mark & 1) != 0
        return self.marks(cython.cast(u32, head ^ XA_NODE), mark) != 0

    @cython.ccall
    @cython.nogil
    def xa_find_marked(self, inode: u32, index: u64, last: u64, mark: cython.int) -> u64:
        """Index of the first marked entry in index..last (last < 2**63), or last + 1."""
        head: u64 = self.inodes[inode].i_pages
        if not head & XA_NODE:
            if index == 0 and self.head_marks(inode) >> mark & 1:
                return 0
            return last + 1
        node: u32 = cython.cast(u32, head ^ XA_NODE)
        top: cython.int = self.nodes[node].shift
        shift: cython.int = top
        while index <= last and (index >> top) < XA_CHUNK_SIZE:
            offset: cython.int = cython.cast(cython.int, (index >> shift) & XA_CHUNK_MASK)
            found: cython.int = self.next_bit(self.marks(node, mark), offset)
            if found > offset:
                index = ((index >> shift) - offset + found) << shift
            if found == XA_CHUNK_SIZE:  # on to the next sibling, from the root
                node = cython.cast(u32, head ^ XA_NODE)
                shift = top
            elif shift == 0:
                return index if index <= last else last + 1
            else:
                slot: u64 = cython.cast(u64, node) * XA_CHUNK_SIZE + found
                node = cython.cast(u32, self.slots[slot] ^ XA_NODE)
                shift -= XA_CHUNK_SHIFT
        return last + 1

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def next_bit(self, bits: u64, offset: cython.int) -> cython.int:
        """Number of the first set bit from offset on, or 64."""
        bits >>= offset
        if not bits:
            return XA_CHUNK_SIZE
        while not bits & 1:
            bits >>= 1
            offset += 1
        return offset

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def marks(self, node: u32, mark: cython.int) -> u64:
        """A node's 64 bits of one mark."""
        if mark == XA_DIRTY:
            return self.nodes[node].mark_dirty
        if mark == XA_WRITEBACK:
            return self.nodes[node].mark_writeback
        return self.nodes[node].mark_towrite

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def put_marks(self, node: u32, mark: cython.int, bits: u64) -> cython.int:
        """Set them."""
        if mark == XA_DIRTY:
            self.nodes[node].mark_dirty = bits
        elif mark == XA_WRITEBACK:
            self.nodes[node].mark_writeback = bits
        else:
            self.nodes[node].mark_towrite = bits
        return 0

    @cython.cfunc
    @cython.nogil
    def clear_mark(self, node: u32, offset: cython.int, mark: cython.int) -> cython.int:
        """Take a mark off a slot, and off the nodes above in which nothing has it any more."""
        bit: u64
        while node:
            bit = cython.cast(u64, 1) << offset
            if not self.marks(node, mark) & bit:
                return 0
            self.put_marks(node, mark, self.marks(node, mark) ^ bit)
            if self.marks(node, mark):
                return 0
            offset = self.nodes[node].offset
            node = self.nodes[node].parent
        return 0

    @cython.cfunc
    @cython.nogil
    def init_marks(self, node: u32, offset: cython.int) -> cython.int:
        """A slot's entry went: so do its marks."""
        mark: cython.int
        for mark in range(3):
            self.clear_mark(node, offset, mark)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def head_marks(self, inode: u32) -> u32:
        """The marks of a lone entry, bit by bit."""
        return self.inodes[inode].i_state >> XA_HEAD_SHIFT

    @cython.cfunc
    @cython.nogil
    def put_head_marks(self, inode: u32, bits: u32) -> cython.int:
        """Set them."""
        rest: u32 = self.inodes[inode].i_state & ((1 << XA_HEAD_SHIFT) - 1)
        self.inodes[inode].i_state = rest | bits << XA_HEAD_SHIFT
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def xas_update(self, inode: u32, node: u32) -> cython.int:
        """Reclaim wants to know of leaves that hold nothing but shadows; swap entries of shmem are
        none: workingset_update_node()."""
        only_values: cython.bint = (
            self.nodes[node].nr_values != 0
            and self.nodes[node].nr_values == self.nodes[node].count
            and self.inodes[inode].i_kind != INODE_SHMEM
        )
        return self.workingset.workingset_update_node(node, inode, only_values)

    @cython.ccall
    @cython.nogil
    def xa_delete_node(self, inode: u32, node: u32) -> cython.int:
        """Drop a leaf with all that it holds."""
        slot: u64 = cython.cast(u64, node) * XA_CHUNK_SIZE
        i: u64
        for i in range(XA_CHUNK_SIZE):
            self.slots[slot + i] = 0
        self.nodes[node].count = 0
        self.nodes[node].nr_values = 0
        return self.xas_delete_node(inode, node)

    def holds_only_values(self, node):
        """Whether a leaf has values and nothing else."""
        return 0 < self.nodes[node].count == self.nodes[node].nr_values

    @cython.cfunc
    @cython.nogil
    def new_node(self, shift: cython.int, parent: u32, offset: cython.int) -> u32:
        """An empty node, or 0 when there are no more: xas_alloc()."""
        node: u32 = self.ids.alloc()
        if node:
            if self.slab.slab_alloc(SLAB_XA_NODE, node):
                self.ids.free(node)
                return 0
            self.nodes[node].shift = cython.cast(u8, shift)
            self.nodes[node].parent = parent
            self.nodes[node].offset = cython.cast(u8, offset)
        return node

    @cython.cfunc
    @cython.nogil
    def free_node(self, node: u32) -> cython.int:
        """Give back a node whose slots are all 0."""
        self.workingset.workingset_update_node(node, 0, False)
        if node == self.last_leaf:
            self.last_chunk = NO_CHUNK
        self.nodes[node].mark_dirty = 0
        self.nodes[node].mark_writeback = 0
        self.nodes[node].mark_towrite = 0
        self.nodes[node].parent = 0
        self.nodes[node].shift = 0
        self.nodes[node].offset = 0
        self.nodes[node].count = 0
        self.nodes[node].nr_values = 0
        self.slab.slab_free(SLAB_XA_NODE, node)
        self.ids.free(node)
        return 0

    @cython.cfunc
    @cython.nogil
    def xas_create(self, inode: u32, index: u64) -> u32:
        """The leaf for index, making what is missing; 0 when out of nodes."""
        if not self.xas_expand(inode, index):
            return 0
        node: u32 = cython.cast(u32, self.inodes[inode].i_pages ^ XA_NODE)
        shift: cython.int = self.nodes[node].shift
        while shift > 0:
            offset: cython.int = cython.cast(cython.int, (index >> shift) & XA_CHUNK_MASK)
            slot: u64 = cython.cast(u64, node) * XA_CHUNK_SIZE + offset
            shift -= XA_CHUNK_SHIFT
            child: u32 = cython.cast(u32, self.slots[slot] & ~XA_NODE)
            if not child:
                child = self.new_node(shift, node, offset)
                if not child:
                    self.xas_delete_node(inode, node)
                    return 0
                self.set_slot(node, slot, child | XA_NODE)
            node = child
        return node

    @cython.cfunc
    @cython.nogil
    def xas_expand(self, inode: u32, index: u64) -> cython.bint:
        """Make the tree tall enough for index; false when out of nodes."""
        head: u64 = self.inodes[inode].i_pages
        shift: cython.int = 0
        if head == 0:
            while (index >> shift) >= XA_CHUNK_SIZE:
                shift += XA_CHUNK_SHIFT
            return self.put_root(inode, shift, 0)
        if head & XA_NODE:
            shift = self.nodes[head ^ XA_NODE].shift + XA_CHUNK_SHIFT
        while not self.covers(inode, index):
            head = self.inodes[inode].i_pages
            if not self.put_root(inode, shift, head):
                if head & XA_NODE:
                    self.xas_shrink(inode, cython.cast(u32, head ^ XA_NODE))
                return False
            shift += XA_CHUNK_SHIFT
        return True

    @cython.cfunc
    @cython.nogil
    def covers(self, inode: u32, index: u64) -> cython.bint:
        """Whether the tree is tall enough: index <= max_index()."""
        head: u64 = self.inodes[inode].i_pages
        if not head & XA_NODE:
            return False
        return (index >> self.nodes[head ^ XA_NODE].shift) < XA_CHUNK_SIZE

    @cython.cfunc
    @cython.nogil
    def put_root(self, inode: u32, shift: cython.int, below: u64) -> cython.bint:
        """A new root with `below` (the old head, or 0) in its slot 0."""
        node: u32 = self.new_node(shift, 0, 0)
        if not node:
            return False
        if below:
            self.set_slot(node, cython.cast(u64, node) * XA_CHUNK_SIZE, below)
        if below & XA_NODE:
            self.take_marks(node, cython.cast(u32, below ^ XA_NODE))
        elif below:
            self.nodes[node].mark_dirty = self.head_marks(inode) & 1
            self.nodes[node].mark_writeback = self.head_marks(inode) >> 1 & 1
            self.nodes[node].mark_towrite = self.head_marks(inode) >> 2 & 1
            self.put_head_marks(inode, 0)
        self.inodes[inode].i_pages = node | XA_NODE
        if below & XA_VALUE:
            self.xas_update(inode, node)
        return True

    @cython.cfunc
    @cython.nogil
    def take_marks(self, node: u32, child: u32) -> cython.int:
        """`child` is now in slot 0 of `node`, which is marked as anything below is."""
        self.nodes[child].parent = node
        self.nodes[node].mark_dirty = 1 if self.nodes[child].mark_dirty else 0
        self.nodes[node].mark_writeback = 1 if self.nodes[child].mark_writeback else 0
        self.nodes[node].mark_towrite = 1 if self.nodes[child].mark_towrite else 0
        return 0

    @cython.cfunc
    @cython.nogil
    def xas_delete_node(self, inode: u32, node: u32) -> cython.int:
        """A slot of `node` became empty: free what is now unused, up to the root."""
        while self.nodes[node].count == 0:
            parent: u32 = self.nodes[node].parent
            offset: u64 = self.nodes[node].offset
            self.free_node(node)
            if not parent:
                self.inodes[inode].i_pages = 0
                return 0
            self.set_slot(parent, cython.cast(u64, parent) * XA_CHUNK_SIZE + offset, 0)
            node = parent
        if self.nodes[node].parent == 0:
            self.xas_shrink(inode, node)
        return 0

    @cython.cfunc
    @cython.nogil
    def xas_shrink(self, inode: u32, node: u32) -> cython.int:
        """While the root's only used slot is slot 0, put that in its place."""
        while self.nodes[node].count == 1:
            slot: u64 = cython.cast(u64, node) * XA_CHUNK_SIZE
            entry: u64 = self.slots[slot]
            if not entry:
                return 0
            self.slots[slot] = 0
            if not entry & XA_NODE:
                self.keep_marks(inode, node)
            self.free_node(node)
            self.inodes[inode].i_pages = entry
            if not entry & XA_NODE:
                return 0
            node = cython.cast(u32, entry ^ XA_NODE)
            self.nodes[node].parent = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def keep_marks(self, inode: u32, node: u32) -> cython.int:
        """The entry in slot 0 of a leaf is about to be alone."""
        bits: u32 = 0
        mark: cython.int
        for mark in range(3):
            if self.marks(node, mark) & 1:
                bits |= 1 << mark
        return self.put_head_marks(inode, bits)

    def entries(self, inode):
        """{index: entry} of an inode, for tests and checks."""
        found = {}
        head = int(self.inodes[inode].i_pages)
        if head & XA_NODE:
            self.collect(head ^ XA_NODE, 0, found)
        elif head:
            found[0] = head
        return found

    def check_last_leaf(self):
        """What is remembered is what a lookup from the root finds."""
        chunk, leaf = int(self.last_chunk), int(self.last_leaf)
        self.last_chunk = NO_CHUNK
        if chunk != NO_CHUNK:
            assert self.find_leaf(self.last_inode, chunk << XA_CHUNK_SHIFT) == leaf

    def collect(self, node, base, found):
        """Add the entries below `node` to `found`, asserting the node's invariants; its size."""
        shift = int(self.nodes[node].shift)
        used = values = 0
        size = 1
        for offset in range(64):
            entry = int(self.slots[node * 64 + offset])
            if not entry:
                continue
            used += 1
            index = base + (offset << shift)
            if shift:
                size += self.collect_child(node, entry, offset, index, found)
            else:
                assert not entry & XA_NODE
                values += bool(entry & XA_VALUE)
                found[index] = entry
        for mark in range(3):
            self.check_marks(node, mark)
        assert used == self.nodes[node].count > 0
        assert values == self.nodes[node].nr_values
        return size

    def check_marks(self, node, mark):
        """A node's marks are on used slots, and an inner node's are its children's."""
        bits = int(self.marks(node, mark))
        for offset in range(64):
            entry = int(self.slots[node * 64 + offset])
            marked = bool(bits >> offset & 1)
            if entry & XA_NODE:
                assert marked == bool(self.marks(entry ^ XA_NODE, mark))
            else:
                assert not marked or (entry and not entry & XA_VALUE)

    def collect_child(self, node, entry, offset, index, found):
        """collect() of a child, which must know its place."""
        assert entry & XA_NODE
        child = entry ^ XA_NODE
        assert self.nodes[child].parent == node
        assert self.nodes[child].offset == offset
        assert self.nodes[child].shift + 6 == self.nodes[node].shift
        return self.collect(child, index, found)

    def check(self):
        """Walk every inode's tree; all nodes that are handed out are in one of them."""
        self.check_last_leaf()
        self.ids.check()
        nodes = 0
        for inode in self.arena.where("inodes", "i_pages"):
            head = int(self.inodes[inode].i_pages)
            if head & XA_NODE:
                root = head ^ XA_NODE
                assert self.nodes[root].parent == 0
                assert self.nodes[root].count > 1 or not self.slots[root * 64]
                nodes += self.collect(root, 0, {})
        assert nodes == self.ids.used()
