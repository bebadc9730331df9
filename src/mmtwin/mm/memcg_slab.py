"""Kernel objects that are charged to cgroups: what a mapping, a process or a file costs besides
its pages.

    vm_area_alloc() --> slab_alloc(SLAB_VMA, vma) --> 184 bytes of the current task's objcg, from
        this CPU's stock; the owner is noted in slab_objcg --> slab_free() gives them back

Sizes are those of Debian's kernels (s->size of /proc/slabinfo), plus 8 bytes for the pointer to the
owner. Each object is charged alone, as it is allocated; the slab pages themselves are not modelled.

Models mm/memcontrol.c: __memcg_slab_post_alloc_hook(), __memcg_slab_free_hook(),
pcpu_memcg_pre_alloc_hook(), mem_cgroup_css_alloc(); the caches with SLAB_ACCOUNT of mm/,
kernel/fork.c and fs/.
Not modelled: RCU, which frees some of them later; objects that live only inside one system call;
what the kernel allocates for sockets, pipes, timers and keys.

Invariant: object_bytes and obj_refs of a cgroup are the objects that name it in slab_objcg, and
the entries of zswap that do.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.gfp import GFP_KERNEL
    from mmtwin.mm.memcg_layout import MEMCG_PERCPU_B
    from mmtwin.mm.memcg_stat import MemcgStat
    from mmtwin.mm.memcg_stock import MemcgStockpile
    from mmtwin.mm.memcg_tree import MemCgroups, MemcgTree
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.types import Currents, I64s, U32s, U64s, i64, u32, u64
    from mmtwin.mm.uapi import ENOMEM
    from mmtwin.mm.vmstat_items import (
        NR_KERNEL_STACK_KB, NR_SLAB_RECLAIMABLE_B, NR_SLAB_UNRECLAIMABLE_B,
    )  # fmt: skip

# Kinds of objects; the index is that of the record that they stand for
SLAB_VMA = cython.declare(cython.const[cython.int], 0)  # and its lock, where it is one of its own
SLAB_ANON_VMA = cython.declare(cython.const[cython.int], 1)
SLAB_ANON_VMA_CHAIN = cython.declare(cython.const[cython.int], 2)
SLAB_XA_NODE = cython.declare(cython.const[cython.int], 3)
SLAB_MM = cython.declare(cython.const[cython.int], 4)  # and its per-CPU counters
SLAB_FILE = cython.declare(cython.const[cython.int], 5)
SLAB_TASK = cython.declare(cython.const[cython.int], 6)  # all that fork() makes but the mm
SLAB_EXEC = cython.declare(cython.const[cython.int], 7)  # by mm: the program's file
SLAB_INODE_SHMEM = cython.declare(cython.const[cython.int], 8)
SLAB_INODE_EXT4 = cython.declare(cython.const[cython.int], 9)
SLAB_DENTRY = cython.declare(cython.const[cython.int], 10)  # by inode: its name
SLAB_MEMCG = cython.declare(cython.const[cython.int], 11)  # statistics; its parent pays
SLAB_MEMCG_NODE = cython.declare(cython.const[cython.int], 12)  # by lruvec: those of a node
SLAB_BUFFER_HEAD = cython.declare(cython.const[cython.int], 13)  # by pfn: its page pays
SLAB_CRED = cython.declare(cython.const[cython.int], 14)  # by mm: its credentials
SLAB_KINDS = cython.declare(cython.const[cython.int], 15)
SLAB_PARTS = cython.declare(cython.const[cython.int], 16)  # objects of a kind, at most

# Cells of `slab_kinds`, for each kind
SLAB_BASE = cython.declare(cython.const[cython.int], 0)  # of its owners in slab_objcg
SLAB_BYTES = cython.declare(cython.const[cython.int], 1)  # of all its parts
SLAB_ITEM = cython.declare(cython.const[cython.int], 2)  # node_stat_item
SLAB_PERCPU = cython.declare(cython.const[cython.int], 3)  # bytes of per-CPU memory
SLAB_STACK_PAGES = cython.declare(cython.const[cython.int], 4)  # of a kernel stack
SLAB_CELLS = cython.declare(cython.const[cython.int], 8)

OBJCG_POINTER = 8
# s->size of the caches, by kernel (of three: 6.1, 6.12, 6.18)
SIZES = {
    "vm_area_struct": (152, 176, 192), "vma_lock": (0, 40, 0), "anon_vma": (104, 104, 104),
    "anon_vma_chain": (64, 64, 64), "radix_tree_node": (584, 584, 584),
    "mm_struct": (1152, 1408, 1536), "filp": (256, 192, 192), "task_struct": (6208, 6208, 6528),
    "signal_cache": (1152, 1152, 1152), "sighand_cache": (2112, 2112, 2112),
    "files_cache": (704, 704, 704), "pid": (128, 128, 192), "cred": (192, 192, 192),
    "fs_struct": (64, 64, 64), "cred_security": (16, 16, 16), "dentry": (192, 192, 192),
    "shmem_inode_cache": (784, 760, 744), "ext4_inode_cache": (1192, 1168, 1176),
    "buffer_head": (104, 104, 104), "memcg_vmstats": (0, 2048, 2064),
    "lruvec_stats": (0, 1024, 1024),
}  # fmt: skip
PARTS = (
    ("vm_area_struct", "vma_lock"), ("anon_vma",), ("anon_vma_chain",), ("radix_tree_node",),
    ("mm_struct",), ("filp",),
    ("task_struct", "cred", "cred_security", "files_cache", "fs_struct", "sighand_cache",
     "signal_cache", "pid"),
    ("filp",), ("shmem_inode_cache",), ("ext4_inode_cache",), ("dentry",),
    ("memcg_vmstats",), ("lruvec_stats",), ("buffer_head",),
    ("cred", "cred_security"),
)  # fmt: skip
RECLAIMABLE_KINDS = (SLAB_XA_NODE, SLAB_INODE_EXT4, SLAB_DENTRY, SLAB_BUFFER_HEAD)
STACK_PAGES_OF_A_TASK = 4
KERNEL_PERCPU_COUNTERS = 602
RSS_STAT_BYTES = 16  # per-CPU, as are these: struct memcg_vmstats_percpu, lruvec_stats_percpu;
VMSTATS_PERCPU = (1344, 1088, 1152)  # together with two nodes' they were measured: 2472, 2080, 2208
LRUVEC_STATS_PERCPU = (564, 496, 528)
PERCPU_MIN_ALLOC = 4  # bytes; each has a pointer to its owner


@cython.final
@cython.cclass
class MemcgSlab:
    """Who pays for which kernel object."""

    arena: object
    memcgs: MemCgroups
    current: Currents
    slab_objcg: U32s
    kinds: U64s  # kind * SLAB_CELLS + cell
    parts: U32s  # kind * SLAB_PARTS + i: bytes of each object, 0 after the last
    part_nodes: U32s  # 1 + the node that slab pages lie on, 0: that of the CPU
    charged: I64s  # [0]: records whose objects are charged
    tree: MemcgTree
    stat: MemcgStat
    stock: MemcgStockpile
    memcontrol: MemControl
    kernel: u32
    nr_cpus: u32
    lengths: object

    def __init__(self, arena, config):
        self.arena = arena
        self.memcgs, self.current = arena.memcgs, arena.current
        self.kernel, self.nr_cpus = config.kernel, config.cpus
        inodes, vmas = len(arena.inodes), len(arena.vmas)
        self.lengths = [
            vmas, vmas, 1 << 25, config.nr_pfns + (1 << 22), len(arena.mms), len(arena.files),
            len(arena.tasks), len(arena.mms), inodes, inodes, inodes,
            len(arena.memcgs), len(arena.memcgs) * len(config.nodes), config.nr_pfns,
            len(arena.mms),
        ]  # fmt: skip
        self.slab_objcg = arena.array("slab_objcg", "u32", sum(self.lengths))
        self.kinds = arena.array("slab_kinds", "u64", SLAB_KINDS * SLAB_CELLS)
        self.parts = arena.array("slab_parts", "u32", SLAB_KINDS * SLAB_PARTS)
        self.part_nodes = arena.array("slab_part_nodes", "u32", SLAB_KINDS * SLAB_PARTS)
        self.charged = arena.array("slab_charged", "i64", 1)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.tree, self.stat, self.stock = m.memcg_tree, m.memcg_stat, m.memcg_stock
        self.memcontrol = m.memcontrol

    def boot(self):
        """Sizes of this kernel's objects."""
        column, base = (601, 612, 618).index(self.kernel), 0
        for kind in range(SLAB_KINDS):
            at, total = kind * SLAB_CELLS, 0
            for i, name in enumerate(PARTS[kind]):
                size = SIZES[name][column]
                self.parts[kind * SLAB_PARTS + i] = size + OBJCG_POINTER if size else 0
                total += size + OBJCG_POINTER if size else 0
            self.kinds[at + SLAB_BASE] = base
            self.kinds[at + SLAB_BYTES] = total
            self.kinds[at + SLAB_ITEM] = (
                NR_SLAB_RECLAIMABLE_B if kind in RECLAIMABLE_KINDS else NR_SLAB_UNRECLAIMABLE_B
            )
            base += self.lengths[kind]
        if self.kernel >= KERNEL_PERCPU_COUNTERS:  # rss_stat: 4 counters
            self._percpu(SLAB_MM, RSS_STAT_BYTES)
        self._percpu(SLAB_MEMCG, VMSTATS_PERCPU[column])
        self._percpu(SLAB_MEMCG_NODE, LRUVEC_STATS_PERCPU[column])
        self.kinds[SLAB_TASK * SLAB_CELLS + SLAB_STACK_PAGES] = STACK_PAGES_OF_A_TASK

    def lies_on(self, kind, part, node):
        """A cache whose current slab page is of another node than its CPU, as a boot left it."""
        self.part_nodes[kind * SLAB_PARTS + part] = 1 + node

    def _percpu(self, kind, size):
        """pcpu_obj_full_size(): a copy for each CPU, and the pointers to its owners."""
        owners = size // PERCPU_MIN_ALLOC * OBJCG_POINTER
        self.kinds[kind * SLAB_CELLS + SLAB_PERCPU] = size * self.nr_cpus + owners

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def slab_alloc(self, kind: cython.int, index: u64) -> cython.int:
        """The objects of a record are allocated by the current task: 0 or -ENOMEM."""
        if self.memcontrol.current_memcg() == 0:
            return 0
        return self.charge(kind, index)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def slab_free(self, kind: cython.int, index: u64) -> cython.int:
        """They are freed."""
        if self.charged[0] == 0:
            return 0
        at: u64 = self.kinds[kind * SLAB_CELLS + SLAB_BASE] + index
        if self.slab_objcg[at] == 0:
            return 0
        return self.uncharge(kind, at)

    @cython.ccall
    @cython.nogil
    def charge(self, kind: cython.int, index: u64) -> cython.int:
        """The current task pays: 0 or -ENOMEM."""
        return self.charge_to(self.memcontrol.current_memcg(), kind, index)

    @cython.ccall
    @cython.nogil
    def charge_to(self, objcg: u32, kind: cython.int, index: u64) -> cython.int:
        """Charge each part; what was charged is taken back if one fails."""
        cell: u64 = cython.cast(u64, kind) * SLAB_CELLS
        at: u64 = self.kinds[cell + SLAB_BASE] + index
        stack: u32 = cython.cast(u32, self.kinds[cell + SLAB_STACK_PAGES])
        if objcg == 0:
            return 0
        assert self.slab_objcg[at] == 0
        if stack and self.memcontrol.obj_cgroup_charge_pages(objcg, GFP_KERNEL, stack):
            return -ENOMEM
        self.count_stack(objcg, stack)
        node: u32 = self.node_of(kind, index)
        done: cython.int = self.charge_parts(objcg, kind, node)
        if done == 0 and self.charge_percpu(objcg, cell, node):
            done = -ENOMEM
        if done:
            self.count_stack(objcg, -cython.cast(i64, stack))
            if stack:
                self.stock.obj_cgroup_uncharge_pages(objcg, stack)
            return done
        self.memcgs[objcg].obj_refs += 1
        self.memcgs[objcg].object_bytes += self.total_bytes(cell)
        self.slab_objcg[at] = objcg
        self.charged[0] += 1
        return 0

    @cython.ccall
    @cython.nogil
    def give_back(self, kind: cython.int, index: u64) -> cython.int:
        """slab_free(), for those who are no engine."""
        return self.slab_free(kind, index)

    @cython.ccall
    @cython.nogil
    def charge_css(self, memcg: u32, parent: u32) -> cython.int:
        """The statistics of a new cgroup are its parent's memory: 0 or -ENOMEM.
        mem_cgroup_css_alloc(), set_active_memcg()."""
        node: u32
        if parent == 0:
            return 0
        if self.charge_to(parent, SLAB_MEMCG, memcg):
            return -ENOMEM
        for node in range(self.stat.nr_nodes):
            if self.charge_to(parent, SLAB_MEMCG_NODE, memcg * self.stat.nr_nodes + node):
                self.uncharge_css(memcg)
                return -ENOMEM
        return 0

    @cython.ccall
    @cython.nogil
    def uncharge_css(self, memcg: u32) -> cython.int:
        """It is gone."""
        node: u32
        for node in range(self.stat.nr_nodes):
            self.slab_free(SLAB_MEMCG_NODE, memcg * self.stat.nr_nodes + node)
        return self.slab_free(SLAB_MEMCG, memcg)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def node_of(self, kind: cython.int, index: u64) -> u32:
        """Where an object lies: beside the CPU that allocates it, but for what is of a node."""
        if kind == SLAB_MEMCG_NODE:
            return cython.cast(u32, index % self.stat.nr_nodes)
        return self.stock.cpu_node[self.current[0].cpu]

    @cython.cfunc
    @cython.nogil
    def total_bytes(self, cell: u64) -> i64:
        return cython.cast(
            i64,
            self.kinds[cell + SLAB_BYTES]
            + self.kinds[cell + SLAB_PERCPU]
            + (self.kinds[cell + SLAB_STACK_PAGES] << 12),
        )

    @cython.cfunc
    @cython.nogil
    def charge_parts(self, objcg: u32, kind: cython.int, node: u32) -> cython.int:
        """Slab objects, one after another: 0 or -ENOMEM."""
        first: cython.int = kind * SLAB_PARTS
        i: cython.int = first
        item: cython.int = cython.cast(cython.int, self.kinds[kind * SLAB_CELLS + SLAB_ITEM])
        size: u32
        while self.parts[i]:
            size = self.parts[i]
            if self.memcontrol.obj_cgroup_charge(objcg, GFP_KERNEL, size):
                while i > first:
                    i -= 1
                    self.uncharge_part(objcg, item, node, i)
                return -ENOMEM
            self.stock.mod_objcg_state(
                objcg, self.node_of_part(i, node), item, cython.cast(cython.int, size)
            )
            i += 1
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def node_of_part(self, part: cython.int, node: u32) -> u32:
        return self.part_nodes[part] - 1 if self.part_nodes[part] else node

    @cython.cfunc
    @cython.nogil
    def charge_percpu(self, objcg: u32, cell: u64, node: u32) -> cython.int:
        """Per-CPU memory; it is in no slab's statistics. 0 or -ENOMEM, then no part is charged."""
        size: u32 = cython.cast(u32, self.kinds[cell + SLAB_PERCPU])
        if size == 0:
            return 0
        if self.memcontrol.obj_cgroup_charge(objcg, GFP_KERNEL, size):
            self.uncharge_parts(objcg, cython.cast(cython.int, cell // SLAB_CELLS), node)
            return -ENOMEM
        return self.stat.mod_memcg_state(self.tree.obj_cgroup_memcg(objcg), MEMCG_PERCPU_B, size)

    @cython.cfunc
    @cython.nogil
    def uncharge(self, kind: cython.int, at: u64) -> cython.int:
        """Give back what the record's objects were charged for."""
        objcg: u32 = self.slab_objcg[at]
        cell: u64 = cython.cast(u64, kind) * SLAB_CELLS
        percpu: u32 = cython.cast(u32, self.kinds[cell + SLAB_PERCPU])
        stack: u32 = cython.cast(u32, self.kinds[cell + SLAB_STACK_PAGES])
        self.slab_objcg[at] = 0
        self.charged[0] -= 1
        self.memcgs[objcg].object_bytes -= self.total_bytes(cell)
        self.uncharge_parts(objcg, kind, self.node_of(kind, at - self.kinds[cell + SLAB_BASE]))
        if percpu:
            self.memcontrol.obj_cgroup_uncharge(objcg, percpu)
            self.stat.mod_memcg_state(
                self.tree.obj_cgroup_memcg(objcg), MEMCG_PERCPU_B, -cython.cast(i64, percpu)
            )
        if stack:
            self.count_stack(objcg, -cython.cast(i64, stack))
            self.stock.obj_cgroup_uncharge_pages(objcg, stack)
        return self.memcontrol.obj_cgroup_put(objcg)

    @cython.cfunc
    @cython.nogil
    def uncharge_parts(self, objcg: u32, kind: cython.int, node: u32) -> cython.int:
        """The last that was made goes first."""
        first: cython.int = kind * SLAB_PARTS
        i: cython.int = first
        item: cython.int = cython.cast(cython.int, self.kinds[kind * SLAB_CELLS + SLAB_ITEM])
        while self.parts[i]:
            i += 1
        while i > first:
            i -= 1
            self.uncharge_part(objcg, item, node, i)
        return 0

    @cython.cfunc
    @cython.nogil
    def uncharge_part(
        self, objcg: u32, item: cython.int, node: u32, part: cython.int
    ) -> cython.int:
        size: u32 = self.parts[part]
        self.memcontrol.obj_cgroup_uncharge(objcg, size)
        return self.stock.mod_objcg_state(
            objcg, self.node_of_part(part, node), item, -cython.cast(cython.int, size)
        )

    @cython.cfunc
    @cython.nogil
    def count_stack(self, objcg: u32, pages: i64) -> cython.int:
        """NR_KERNEL_STACK_KB of the cgroup (the node's is not counted: the kernel's own tasks have
        stacks too, which are not modelled)."""
        if pages == 0:
            return 0
        node: u32 = self.stock.cpu_node[self.current[0].cpu]
        return self.stat.mod_memcg_lruvec_state(
            self.tree.obj_cgroup_memcg(objcg), node, NR_KERNEL_STACK_KB, 4 * pages
        )

    def check(self):
        """Owners, recounted."""
        refs, total = {}, {}
        base = 0
        for kind in range(SLAB_KINDS):
            for index in self._owned(base, self.lengths[kind]):
                objcg = int(self.slab_objcg[index])
                refs[objcg] = refs.get(objcg, 0) + 1
                total[objcg] = total.get(objcg, 0) + self.total_bytes(kind * SLAB_CELLS)
            base += self.lengths[kind]
        assert sum(refs.values()) == self.charged[0]
        for at in self.arena.where("zswap_entries", "objcg"):  # charged by bytes as well
            entry = self.arena.zswap_entries[at]
            objcg = int(entry.objcg)
            total[objcg] = total.get(objcg, 0) + int(entry.length)
        for objcg in self.arena.where("memcgs", "in_use"):
            assert self.memcgs[objcg].object_bytes == total.get(objcg, 0), objcg
            assert self.memcgs[objcg].obj_refs >= refs.get(objcg, 0)

    def _owned(self, first, length):
        """Indices of slab_objcg with an owner, in a part of it."""
        if self.charged[0] == 0:
            return []
        found = self.arena.where_set("slab_objcg")
        return [i for i in found if first <= i < first + length]
