"""The hierarchy of memory cgroups: who is whose child, walks over it, and events of each.

    0 the root --- a --- a/x       children in the order in which they were made
                |     +- a/y
                +- b

A cgroup that was removed (offline) stays in the tree as long as anything is charged to it or a
child is. Kernel memory of a removed cgroup belongs to the nearest ancestor that is online: its
objcg was given to the parent.

Models mm/memcontrol.c: struct mem_cgroup, mem_cgroup_iter(), memcg_memory_event(),
mem_cgroup_calculate_protection(), mem_cgroup_below_min(), mem_cgroup_below_low(),
memcg_reparent_objcgs(); kernel/cgroup/cgroup.c: css_next_descendant_pre().
Not modelled: hierarchies of other controllers; the root's own usage (it has no file for it).

Invariants: children form a doubly linked list below their parent; nr_tasks is the number of tasks
whose memcg it is.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.page_counter import (
        COUNTER_KMEM, COUNTER_MEMORY, COUNTER_SWAP, COUNTERS, PAGE_COUNTER_MAX, PageCounterRecords,
        PageCounters,
    )  # fmt: skip
    from mmtwin.mm.types import Tasks, U64s, i64, u32, u64

MAX_NR_LRUVECS = 65536  # mem_map.py: MAX_LRUVECS

# MemCgroup.flags
MEMCG_ONLINE = cython.declare(cython.const[cython.uint], 1)
MEMCG_OFFLINE = cython.declare(cython.const[cython.uint], 2)  # removed, but charged still
MEMCG_SUBTREE_CONTROL = cython.declare(cython.const[cython.uint], 4)  # "memory" is delegated
MEMCG_OOM_GROUP = cython.declare(cython.const[cython.uint], 8)
MEMCG_OOM_KILL_DISABLE = cython.declare(cython.const[cython.uint], 16)  # v1
MEMCG_STATS_UPDATED = cython.declare(cython.const[cython.uint], 32)  # memcg_stat.py
# nothing but objects is charged to it: for walks it is gone
MEMCG_RELEASED = cython.declare(cython.const[cython.uint], 128)
MEMCG_ZSWAP_WRITEBACK_OFF = cython.declare(cython.const[cython.uint], 64)

# Page.memcg: the rest is the number of the objcg's cgroup
MEMCG_DATA_KMEM = cython.declare(cython.const[cython.uint], 0x80000000)
MEMCG_ID_MASK = cython.declare(cython.const[cython.uint], 0x7FFFFFFF)

# enum memcg_memory_event
MEMCG_LOW = cython.declare(cython.const[cython.int], 0)
MEMCG_HIGH = cython.declare(cython.const[cython.int], 1)
MEMCG_MAX = cython.declare(cython.const[cython.int], 2)
MEMCG_OOM = cython.declare(cython.const[cython.int], 3)
MEMCG_OOM_KILL = cython.declare(cython.const[cython.int], 4)
MEMCG_OOM_GROUP_KILL = cython.declare(cython.const[cython.int], 5)
MEMCG_SWAP_HIGH = cython.declare(cython.const[cython.int], 6)
MEMCG_SWAP_MAX = cython.declare(cython.const[cython.int], 7)
MEMCG_SWAP_FAIL = cython.declare(cython.const[cython.int], 8)
NR_MEMCG_EVENTS = cython.declare(cython.const[cython.int], 9)

MemCgroup = cython.struct(
    zswap_max=u64,  # pages
    nr_charged_bytes=u64,  # of its objcg, on no CPU's stock
    object_bytes=i64,  # of the objects charged to its objcg
    refs=i64,  # folios and swap entries charged to it
    obj_refs=i64,  # kernel pages and objects charged to its objcg
    serial=u64,  # of all cgroups ever made: what /proc/kpagecgroup shows as its inode
    parent=u32,
    first_child=u32,
    last_child=u32,
    next_sibling=u32,
    prev_sibling=u32,
    flags=u32,  # MEMCG_*
    nr_tasks=u32,
    swappiness=u32,  # v1
    oom_lock=u32,  # under OOM: a kill is under way somewhere around it
    in_use=u32,
)

if cython.compiled:
    MemCgroups = cython.typedef(MemCgroup[::1])
else:
    MemCgroups = object


@cython.final
@cython.cclass
class MemcgTree:
    """Every cgroup; number 0 is the root."""

    arena: object
    memcgs: MemCgroups
    counters: PageCounterRecords
    events: U64s  # memcg * NR_MEMCG_EVENTS + event, with the children's
    events_local: U64s
    tasks: Tasks
    pool: IdPool
    page_counters: PageCounters
    state: U64s  # [0]: last serial
    v1: cython.bint

    def __init__(self, arena, config):
        self.arena = arena
        length = MAX_NR_LRUVECS // len(config.nodes)
        self.memcgs = arena.array("memcgs", "memcg_tree.MemCgroup", length)
        self.events = arena.array("memcg_events", "u64", length * NR_MEMCG_EVENTS)
        self.events_local = arena.array("memcg_events_local", "u64", length * NR_MEMCG_EVENTS)
        self.state = arena.array("memcg_state", "u64", 1)
        self.counters = arena.page_counters
        self.tasks = arena.tasks
        self.pool = IdPool(arena, "memcg", length)
        self.v1 = config.cgroup_version == 1

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_counters = m.page_counters

    def boot(self):
        """The root."""
        self.pool.boot()
        self.memcgs[0].flags = MEMCG_ONLINE
        self.state[0] = 1
        self.memcgs[0].serial = 1
        self.memcgs[0].swappiness = 60
        for kind in range(COUNTER_KMEM + 1):
            self.page_counters.page_counter_init(1 + kind, 0)

    # -- numbers

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def memory(self, memcg: u32) -> u32:
        """Its counter of memory."""
        return 1 + memcg * COUNTERS + COUNTER_MEMORY

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def swap(self, memcg: u32) -> u32:
        """Its counter of swap, or in v1 of memory and swap."""
        return 1 + memcg * COUNTERS + COUNTER_SWAP

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def mem_cgroup_from_counter(self, counter: u32) -> u32:
        """Whose counter it is."""
        return (counter - 1) // COUNTERS

    @cython.cfunc
    @cython.nogil
    def page_memcg(self, data: u32) -> u32:
        """The cgroup that Page.memcg stands for: folio_memcg()."""
        if data & MEMCG_DATA_KMEM:
            return self.obj_cgroup_memcg(data & MEMCG_ID_MASK)
        return data

    @cython.ccall
    @cython.nogil
    def obj_cgroup_memcg(self, objcg: u32) -> u32:
        """Where the objects charged to a cgroup's objcg belong: itself, or once it was removed the
        nearest ancestor that was not."""
        while objcg and self.memcgs[objcg].flags & MEMCG_OFFLINE:
            objcg = self.memcgs[objcg].parent
        return objcg

    @cython.ccall
    @cython.nogil
    def number_of(self, data: u32) -> u32:
        """page_memcg() for Python."""
        return self.page_memcg(data)

    # -- making and removing

    @cython.ccall
    @cython.nogil
    def link(self, parent: u32) -> u32:
        """A new child, or 0 if there is no room for one."""
        memcg: u32 = self.pool.alloc()
        last: u32 = self.memcgs[parent].last_child
        if memcg == 0:
            return 0
        self.state[0] += 1
        self.memcgs[memcg].serial = self.state[0]
        self.memcgs[memcg].parent = parent
        self.memcgs[memcg].prev_sibling = last
        self.memcgs[memcg].flags = MEMCG_ONLINE
        self.memcgs[memcg].in_use = 1
        self.memcgs[memcg].zswap_max = PAGE_COUNTER_MAX
        self.memcgs[memcg].swappiness = self.memcgs[parent].swappiness
        if last:
            self.memcgs[last].next_sibling = memcg
        else:
            self.memcgs[parent].first_child = memcg
        self.memcgs[parent].last_child = memcg
        kind: u32
        for kind in range(COUNTER_KMEM + 1):
            self.page_counters.page_counter_init(
                1 + memcg * COUNTERS + kind, 1 + parent * COUNTERS + kind
            )
        return memcg

    @cython.ccall
    @cython.nogil
    def unlink(self, memcg: u32) -> cython.int:
        """Free the record of a removed cgroup that nothing is charged to."""
        parent: u32 = self.memcgs[memcg].parent
        before: u32 = self.memcgs[memcg].prev_sibling
        after: u32 = self.memcgs[memcg].next_sibling
        if before:
            self.memcgs[before].next_sibling = after
        else:
            self.memcgs[parent].first_child = after
        if after:
            self.memcgs[after].prev_sibling = before
        else:
            self.memcgs[parent].last_child = before
        kind: u32
        for kind in range(COUNTER_KMEM + 1):
            self.page_counters.page_counter_free(1 + memcg * COUNTERS + kind)
        event: cython.int
        for event in range(NR_MEMCG_EVENTS):
            self.events[memcg * NR_MEMCG_EVENTS + event] = 0
            self.events_local[memcg * NR_MEMCG_EVENTS + event] = 0
        self.clear(memcg)
        self.pool.free(memcg)
        return 0

    @cython.cfunc
    @cython.nogil
    def clear(self, memcg: u32) -> cython.int:
        self.memcgs[memcg].zswap_max = 0
        self.memcgs[memcg].nr_charged_bytes = 0
        self.memcgs[memcg].object_bytes = 0
        self.memcgs[memcg].serial = 0
        self.memcgs[memcg].parent = 0
        self.memcgs[memcg].next_sibling = 0
        self.memcgs[memcg].prev_sibling = 0
        self.memcgs[memcg].flags = 0
        self.memcgs[memcg].swappiness = 0
        self.memcgs[memcg].oom_lock = 0
        self.memcgs[memcg].in_use = 0
        return 0

    # -- walks

    @cython.ccall
    @cython.nogil
    def mem_cgroup_next(self, root: u32, memcg: u32) -> u32:
        """After `memcg`, the next cgroup of root's subtree in pre-order, or 0 at the end:
        mem_cgroup_iter() without a cookie, which begins with root itself. Removed ones are in it
        while folios are charged to them."""
        while True:
            memcg = self.next_record(root, memcg)
            if not self.memcgs[memcg].flags & MEMCG_RELEASED:
                return memcg

    @cython.cfunc
    @cython.nogil
    def next_record(self, root: u32, memcg: u32) -> u32:
        """css_next_descendant_pre()"""
        if self.memcgs[memcg].first_child:
            return self.memcgs[memcg].first_child
        while memcg != root:
            if self.memcgs[memcg].next_sibling:
                return self.memcgs[memcg].next_sibling
            memcg = self.memcgs[memcg].parent
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def online(self, memcg: u32) -> cython.bint:
        """Not removed."""
        return (self.memcgs[memcg].flags & MEMCG_ONLINE) != 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_is_descendant(self, memcg: u32, root: u32) -> cython.bint:
        """Whether it is root or below it."""
        while memcg != root:
            if memcg == 0:
                return False
            memcg = self.memcgs[memcg].parent
        return True

    # -- limits and protection

    @cython.ccall
    @cython.nogil
    def mem_cgroup_margin(self, memcg: u32) -> u64:
        """Pages that can be charged before its own limit is met: mem_cgroup_margin()."""
        margin: u64 = self.room(self.memory(memcg))
        if self.v1:
            both: u64 = self.room(self.swap(memcg))
            if both < margin:
                margin = both
        return margin

    @cython.cfunc
    @cython.nogil
    def room(self, counter: u32) -> u64:
        usage: u64 = cython.cast(u64, self.counters[counter].usage)
        limit: u64 = self.counters[counter].max
        return limit - usage if usage < limit else 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_calculate_protection(self, root: u32, memcg: u32) -> cython.int:
        """Effective protection of a cgroup in a reclaim that began at root; top down."""
        return self.page_counters.page_counter_calculate_protection(
            self.memory(root), self.memory(memcg)
        )

    @cython.ccall
    @cython.nogil
    def mem_cgroup_below_min(self, target: u32, memcg: u32) -> cython.bint:
        """Reclaim for `target` must not touch it."""
        c: u32 = self.memory(memcg)
        if self.mem_cgroup_unprotected(target, memcg):
            return False
        return self.counters[c].emin >= cython.cast(u64, self.counters[c].usage)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_below_low(self, target: u32, memcg: u32) -> cython.bint:
        """Reclaim for `target` touches it only if nothing else can be had."""
        c: u32 = self.memory(memcg)
        if self.mem_cgroup_unprotected(target, memcg):
            return False
        return self.counters[c].elow >= cython.cast(u64, self.counters[c].usage)

    @cython.cfunc
    @cython.nogil
    def mem_cgroup_unprotected(self, target: u32, memcg: u32) -> cython.bint:
        """The root has no protection, nor has the cgroup that reclaims itself."""
        return memcg == 0 or memcg == target

    @cython.ccall
    @cython.nogil
    def mem_cgroup_protection(self, root: u32, memcg: u32, low: cython.bint) -> u64:
        """emin or elow, pages; 0 for the cgroup where reclaim began: mem_cgroup_protection()."""
        if memcg == root or memcg == 0:
            return 0
        if low:
            return self.counters[self.memory(memcg)].elow
        return self.counters[self.memory(memcg)].emin

    # -- events

    @cython.ccall
    @cython.nogil
    def memcg_memory_event(self, memcg: u32, event: cython.int) -> cython.int:
        """Count an event of a cgroup, and of all above it in v2: memcg_memory_event()."""
        self.events_local[memcg * NR_MEMCG_EVENTS + event] += 1
        while memcg:
            self.events[memcg * NR_MEMCG_EVENTS + event] += 1
            if self.v1:
                break
            memcg = self.memcgs[memcg].parent
        return 0

    # -- invariants

    def children(self, memcg):
        """Its children, removed ones too, in order."""
        found, child, before = [], int(self.memcgs[memcg].first_child), 0
        while child:
            assert self.memcgs[child].parent == memcg
            assert self.memcgs[child].prev_sibling == before
            found.append(child)
            before, child = child, int(self.memcgs[child].next_sibling)
        assert self.memcgs[memcg].last_child == before
        return found

    def subtree(self, memcg):
        """It and all below it, in pre-order."""
        found = [memcg]
        for child in self.children(memcg):
            found += self.subtree(child)
        return found

    def check(self):
        """The tree holds every cgroup once; tasks are counted."""
        assert sorted(self.subtree(0)[1:]) == self.arena.where("memcgs", "in_use")
        counted = {}
        for task in self.arena.where("tasks", "state"):
            if self.tasks[task].mm:
                memcg = int(self.tasks[task].memcg)
                counted[memcg] = counted.get(memcg, 0) + 1
        for memcg in self.subtree(0)[1:]:
            assert self.memcgs[memcg].nr_tasks == counted.get(memcg, 0), memcg
