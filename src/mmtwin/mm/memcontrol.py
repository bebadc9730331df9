"""Memory cgroups: charging pages to them, and their life.

    new page --mem_cgroup_charge()--> try_charge(): stock of this CPU, else 64 pages of the counters
        over a limit: reclaim, drain the stocks, reclaim again (16 times), then the OOM killer
        over `high`: charged all the same; the task reclaims and sleeps before it returns
    last reference --mem_cgroup_uncharge()--> counters

Page.memcg is the cgroup that a page is charged to, 0 for the root, which is never charged; with
MEMCG_DATA_KMEM it is kernel memory, whose owner changes when its cgroup is removed.

Models mm/memcontrol.c: try_charge_memcg(), charge_memcg(), mem_cgroup_uncharge(),
__memcg_kmem_charge_page(), obj_cgroup_charge(), mem_cgroup_css_online(), _offline(), _free(),
mem_cgroup_attach(), mem_cgroup_oom(). Parts have files of their own: page_counter.py,
memcg_tree.py (hierarchy, events), memcg_stat.py, memcg_stock.py, memcg_high.py, memcg_swap.py.
Not modelled: moving charges (v1's move_charge_at_immigrate), soft limits, tcpmem.

Invariant: a cgroup's usage is the pages charged to it and to its children, whole pages of charged
bytes, and stocks; its statistics are its pages, recounted.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import KTHREAD_MEMCG_STATS, Clock
    from mmtwin.mm.gfp import (
        GFP_DIRECT_RECLAIM_BIT, GFP_HIGH_BIT, GFP_NOFAIL_BIT, GFP_NORETRY_BIT,
        GFP_RETRY_MAYFAIL_BIT, PAGE_ALLOC_COSTLY_ORDER,
    )  # fmt: skip
    from mmtwin.mm.memcg_stat import FLUSH_TIME_NS, MEMCG_CHARGE_BATCH, MemcgStat
    from mmtwin.mm.memcg_stock import MemcgStockpile
    from mmtwin.mm.memcg_tree import (
        MEMCG_DATA_KMEM, MEMCG_ID_MASK, MEMCG_LOW, MEMCG_MAX, MEMCG_OFFLINE, MEMCG_ONLINE,
        MEMCG_OOM, MEMCG_OOM_KILL_DISABLE, MEMCG_RELEASED, MEMCG_SUBTREE_CONTROL,
        MEMCG_ZSWAP_WRITEBACK_OFF, MemCgroups, MemcgTree,
    )  # fmt: skip
    from mmtwin.mm.page_counter import PageCounters
    from mmtwin.mm.page_flags import PG_head
    from mmtwin.mm.scan_control import MEMCG_RECLAIM_MAY_SWAP
    from mmtwin.mm.types import (
        Currents, I64s, Mms, Pages, Sysctls, Tasks, U32s, U64s, i64, u32, u64,
    )  # fmt: skip
    from mmtwin.mm.zswap_types import ZSWAP_ENABLED
    from mmtwin.mm.uapi import EBUSY, ENOMEM, PF_MEMALLOC

# No cgroup, where 0 (the root) would be one: before the first and after the last of a walk.
MEMCG_NONE = cython.declare(cython.const[cython.uint], 0xFFFFFFFF)
MEMCG_MAX_RECLAIM_RETRIES = cython.declare(cython.const[cython.int], 16)

# Cells of `memcontrol`
MEMCG_FLUSHER = cython.declare(cython.const[cython.int], 0)  # number of the kernel thread
# 1 + the swappiness that memory.reclaim was given, 0: none
SWAPPINESS_OVERRIDE = cython.declare(cython.const[cython.int], 1)
# of tasks as they are made or join a cgroup: the order in which the kernel walks them
LAST_SERIAL = cython.declare(cython.const[cython.int], 2)
MEMCONTROL_CELLS = cython.declare(cython.const[cython.int], 3)


@cython.final
@cython.cclass
class MemControl:
    """Charging, and cgroups as they come and go."""

    arena: object
    pages: Pages
    mms: Mms
    tasks: Tasks
    memcgs: MemCgroups
    current: Currents
    sysctl: Sysctls
    cells: U64s
    serials: U64s  # task * 2: as it was made; + 1: as it joined its cgroup
    iter_position: U32s  # (root, node): 1 + where a partial walk stopped, 0 at the end
    clock: Clock
    tree: MemcgTree
    stat: MemcgStat
    stock: MemcgStockpile
    page_counters: PageCounters
    high = cython.declare("MemcgHigh")
    swap = cython.declare("MemcgSwap")
    vmstat = cython.declare("VmStat")
    page_tables = cython.declare("PageTables")
    swapfile = cython.declare("SwapFile")
    slab = cython.declare("MemcgSlab")
    vmscan = cython.declare("Vmscan")
    oom_kill = cython.declare("OomKill")
    lruvecs = cython.declare("Lruvecs")
    workingset = cython.declare("Workingset")
    zswap_lru = cython.declare("ZswapLru")
    zswap_cells: I64s
    mglru_age = cython.declare("MglruAge")
    psi = cython.declare("Psi")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.mms, self.tasks = arena.pages, arena.mms, arena.tasks
        self.memcgs, self.current = arena.memcgs, arena.current
        self.sysctl = arena.sysctl
        self.iter_position = arena.array(
            "memcg_iter_position", "u32", len(arena.memcgs) * len(config.nodes)
        )
        self.serials = arena.array("task_serials", "u64", 2 * len(arena.tasks))
        self.cells = arena.array("memcontrol", "u64", MEMCONTROL_CELLS)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.tree = m.clock, m.memcg_tree
        self.stat, self.stock = m.memcg_stat, m.memcg_stock
        self.page_counters, self.high, self.swap = m.page_counters, m.memcg_high, m.memcg_swap
        self.vmstat, self.swapfile, self.page_tables = m.vmstat, m.swapfile, m.page_tables
        self.vmscan, self.oom_kill, self.psi = m.vmscan, m.oom_kill, m.psi
        self.slab = m.memcg_slab
        self.lruvecs, self.workingset, self.mglru_age = m.lruvecs, m.workingset, m.mglru_age
        self.zswap_lru, self.zswap_cells = m.zswap_lru, m.arena.zswap

    def boot(self):
        """The thread that flushes statistics sleeps until there is a cgroup."""
        self.cells[MEMCG_FLUSHER] = self.clock.new_kthread(KTHREAD_MEMCG_STATS, 0)

    # -- folios

    @cython.ccall
    @cython.nogil
    def mem_cgroup_charge(self, pfn: u64, mm: u32, gfp: u32) -> cython.int:
        """Charge a new folio to an mm's cgroup (mm 0: the current task's): 0 or -ENOMEM."""
        memcg: u32 = self.mms[mm].memcg if mm else self.current_memcg()
        if memcg == 0:
            return 0
        return self.charge_memcg(pfn, memcg, gfp)

    @cython.ccall
    @cython.nogil
    def charge_memcg(self, pfn: u64, memcg: u32, gfp: u32) -> cython.int:
        """Charge a folio to a given cgroup: 0 or -ENOMEM."""
        if memcg == 0:
            return 0
        error: cython.int = self.try_charge(memcg, gfp, self.folio_nr_pages(pfn))
        if error:
            return error
        self.pages[pfn].memcg = memcg
        self.memcgs[memcg].refs += 1
        return 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def folio_nr_pages(self, pfn: u64) -> u32:
        if self.pages[pfn].flags & PG_head:
            return cython.cast(u32, 1) << self.pages[pfn].order
        return 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def current_memcg(self) -> u32:
        """Of the task that runs; kernel threads belong to the root."""
        return self.tasks[self.current[0].task].memcg if self.current[0].task else 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_uncharge(self, pfn: u64) -> cython.int:
        """A charged folio (Page.memcg is not 0) is about to be freed, or a table page."""
        data: u32 = self.pages[pfn].memcg
        memcg: u32 = self.tree.page_memcg(data)
        nr_pages: u32 = self.folio_nr_pages(pfn)
        self.pages[pfn].memcg = 0
        if memcg:
            if data & MEMCG_DATA_KMEM:
                self.stock.account_kmem(memcg, -cython.cast(i64, nr_pages))
            self.stock.memcg_uncharge(memcg, nr_pages)
        if data & MEMCG_DATA_KMEM:
            return self.obj_cgroup_put(data & MEMCG_ID_MASK)
        return self.css_put(memcg)

    # -- kernel memory

    @cython.ccall
    @cython.nogil
    def memcg_kmem_charge_page(self, pfn: u64, gfp: u32, order: cython.int) -> cython.int:
        """Charge pages that the kernel allocated for itself with __GFP_ACCOUNT: 0 or -ENOMEM."""
        memcg: u32 = self.current_memcg()
        if memcg == 0:
            return 0
        error: cython.int = self.obj_cgroup_charge_pages(memcg, gfp, cython.cast(u32, 1) << order)
        if error == 0:
            self.pages[pfn].memcg = memcg | MEMCG_DATA_KMEM
            self.memcgs[memcg].obj_refs += 1
        return error

    @cython.ccall
    @cython.nogil
    def memcg_kmem_uncharge_page(self, pfn: u64, order: cython.int) -> cython.int:
        """Such pages are freed by free_pages(): their charge goes to the stock."""
        objcg: u32 = self.pages[pfn].memcg & MEMCG_ID_MASK
        if objcg == 0:
            return 0
        self.pages[pfn].memcg = 0
        self.stock.obj_cgroup_uncharge_pages(objcg, cython.cast(u32, 1) << order)
        return self.obj_cgroup_put(objcg)

    @cython.cfunc
    @cython.nogil
    def obj_cgroup_charge_pages(self, objcg: u32, gfp: u32, nr_pages: u32) -> cython.int:
        memcg: u32 = self.tree.obj_cgroup_memcg(objcg)
        error: cython.int = self.try_charge(memcg, gfp, nr_pages)
        if error == 0:
            self.stock.account_kmem(memcg, nr_pages)
        return error

    @cython.ccall
    @cython.nogil
    def obj_cgroup_charge(self, objcg: u32, gfp: u32, size: u32) -> cython.int:
        """Charge bytes: from this CPU's stock, else whole pages, the rest to the stock."""
        if objcg == 0 or self.stock.consume_obj_stock(objcg, size):
            return 0
        nr_pages: u32 = size >> 12
        nr_bytes: u32 = size & 4095
        if nr_bytes:
            nr_pages += 1
        error: cython.int = self.obj_cgroup_charge_pages(objcg, gfp, nr_pages)
        if error == 0 and nr_bytes:
            self.stock.refill_obj_stock(objcg, 4096 - nr_bytes, False)
        return error

    @cython.ccall
    @cython.nogil
    def obj_cgroup_uncharge(self, objcg: u32, size: u32) -> cython.int:
        """Give bytes back, by way of this CPU's stock."""
        if objcg == 0:
            return 0
        self.stock.refill_obj_stock(objcg, size, True)
        return 0

    # -- try_charge

    @cython.ccall
    @cython.nogil
    def try_charge(self, memcg: u32, gfp: u32, nr_pages: u32) -> cython.int:
        """Charge pages to a cgroup and all above it: 0 or -ENOMEM."""
        if memcg == 0 or self.stock.consume_stock(memcg, nr_pages):
            return 0
        batch: u32 = MEMCG_CHARGE_BATCH
        if nr_pages > batch:
            batch = nr_pages
        if self.charge_counters(memcg, batch) == 0:
            return self.charged(memcg, gfp, nr_pages, batch)
        return self.try_charge_slow(memcg, gfp, nr_pages)

    @cython.cfunc
    @cython.nogil
    def charge_counters(self, memcg: u32, nr_pages: u32) -> u32:
        """0, or the counter that refuses; v1 charges memory and swap together first."""
        limit: u32 = 0
        if self.tree.v1:
            limit = self.page_counters.page_counter_try_charge(self.tree.swap(memcg), nr_pages)
            if limit:
                return limit
        limit = self.page_counters.page_counter_try_charge(self.tree.memory(memcg), nr_pages)
        if limit and self.tree.v1:
            self.page_counters.page_counter_uncharge(self.tree.swap(memcg), nr_pages)
        return limit

    @cython.cfunc
    @cython.nogil
    def charged(self, memcg: u32, gfp: u32, nr_pages: u32, batch: u32) -> cython.int:
        """What is more than wanted goes to the stock; being over `high` has a price."""
        if batch > nr_pages:
            self.stock.refill_stock(memcg, batch - nr_pages)
        return self.high.check_high(memcg, gfp, batch)

    @cython.cfunc
    @cython.nogil
    def try_charge_slow(self, memcg: u32, gfp: u32, nr_pages: u32) -> cython.int:
        """At a limit: reclaim until there is room, or somebody is killed, or it fails."""
        retries: cython.int = MEMCG_MAX_RECLAIM_RETRIES
        drained: cython.bint = False
        passed_oom: cython.bint = False
        raised: cython.bint = False
        batch: u32 = nr_pages
        limit: u32
        over: u32
        reclaimed: u64
        options: u32
        kills: i64
        while True:
            if self.stock.consume_stock(memcg, nr_pages):
                return 0
            limit = self.charge_counters(memcg, batch)
            if limit == 0:
                return self.charged(memcg, gfp, nr_pages, batch)
            over = self.tree.mem_cgroup_from_counter(limit)
            options = MEMCG_RECLAIM_MAY_SWAP
            if self.tree.v1 and limit == self.tree.swap(over):
                options = 0
            if self.tasks[self.current[0].task].flags & PF_MEMALLOC:
                return self.force_charge(memcg, over, nr_pages, raised)
            if not gfp & GFP_DIRECT_RECLAIM_BIT:
                break
            self.tree.memcg_memory_event(over, MEMCG_MAX)
            raised = True
            reclaimed = self.reclaim_for(over, nr_pages, gfp, options)
            if self.tree.mem_cgroup_margin(over) >= nr_pages:
                batch = self.batch_of(nr_pages)
                if self.charge_counters(memcg, batch) == 0:
                    return self.charged(memcg, gfp, nr_pages, batch)
                batch = nr_pages
                continue
            if not drained:
                self.stock.drain_all_stock(over)
                drained = True
                continue
            if gfp & GFP_NORETRY_BIT:
                break
            if reclaimed and nr_pages <= cython.cast(u32, 1) << PAGE_ALLOC_COSTLY_ORDER:
                continue
            if retries:
                retries -= 1
                continue
            if gfp & GFP_RETRY_MAYFAIL_BIT:
                break
            if passed_oom and self.oom_kill.task_is_dying():
                break
            kills = self.oom_kill.kills()
            if not self.mem_cgroup_oom(over, gfp, nr_pages):
                break
            if self.oom_kill.kills() != kills and not self.oom_kill.task_is_dying():
                # the victim gets the CPU when reclaim lets it go: by then this has failed again
                self.tree.memcg_memory_event(over, MEMCG_MAX)
            passed_oom = True
            retries = MEMCG_MAX_RECLAIM_RETRIES
        if not gfp & (GFP_NOFAIL_BIT | GFP_HIGH_BIT):
            return -ENOMEM
        return self.force_charge(memcg, over, nr_pages, raised)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def batch_of(self, nr_pages: u32) -> u32:
        if nr_pages > cython.cast(u32, MEMCG_CHARGE_BATCH):
            return nr_pages
        return MEMCG_CHARGE_BATCH

    @cython.cfunc
    @cython.nogil
    def reclaim_for(self, memcg: u32, nr_pages: u32, gfp: u32, options: u32) -> u64:
        """Reclaim on behalf of a charge; the task stalls meanwhile."""
        since: u64 = self.psi.psi_memstall_enter()
        reclaimed: u64 = self.vmscan.try_to_free_mem_cgroup_pages(memcg, nr_pages, gfp, options)
        self.psi.psi_memstall_leave(since)
        return reclaimed

    @cython.cfunc
    @cython.nogil
    def force_charge(self, memcg: u32, over: u32, nr_pages: u32, raised: cython.bint) -> cython.int:
        """Charged beyond the limit: it must not fail."""
        if not raised:
            self.tree.memcg_memory_event(over, MEMCG_MAX)
        self.page_counters.page_counter_charge(self.tree.memory(memcg), nr_pages)
        if self.tree.v1:
            self.page_counters.page_counter_charge(self.tree.swap(memcg), nr_pages)
        return 0

    @cython.cfunc
    @cython.nogil
    def mem_cgroup_oom(self, memcg: u32, gfp: u32, nr_pages: u32) -> cython.bint:
        """Whether the OOM killer has made, or will make, room."""
        if nr_pages > cython.cast(u32, 1) << PAGE_ALLOC_COSTLY_ORDER:
            return False
        self.tree.memcg_memory_event(memcg, MEMCG_OOM)
        if self.memcgs[memcg].flags & MEMCG_OOM_KILL_DISABLE:
            return False
        return self.oom_kill.mem_cgroup_out_of_memory(memcg, gfp, 0) != 0

    # -- hooks of the counters (vmstat.py)

    @cython.ccall
    @cython.nogil
    def mod_memcg_lruvec_state(
        self, memcg: u32, node: u32, item: cython.int, delta: i64
    ) -> cython.int:
        """A node item of a page; `memcg` is its Page.memcg."""
        return self.stat.mod_memcg_lruvec_state(self.tree.page_memcg(memcg), node, item, delta)

    @cython.ccall
    @cython.nogil
    def count_memcg_events(self, memcg: u32, item: cython.int, delta: i64) -> cython.int:
        """A vm event of a cgroup; the root's are the machine's."""
        return self.stat.count_memcg_events(self.tree.page_memcg(memcg), item, delta)

    @cython.ccall
    @cython.nogil
    def count_memcg_event_mm(self, mm: u32, item: cython.int) -> cython.int:
        """A vm event of the cgroup that an mm's owner is in."""
        if self.mms[mm].memcg:
            return self.stat.count_memcg_events(self.mms[mm].memcg, item, 1)
        return 0

    @cython.ccall
    @cython.nogil
    def flush_memcg_stats_dwork(self) -> u64:
        """Every two seconds: when next, or 0 where no cgroup is left."""
        self.stat.do_flush_stats(0)
        return self.clock.now() + FLUSH_TIME_NS if self.memcgs[0].first_child else 0

    # -- what reclaim asks

    @cython.ccall
    @cython.nogil
    def parent_mem_cgroup(self, memcg: u32) -> u32:
        """The cgroup above, or MEMCG_NONE for the root."""
        return self.memcgs[memcg].parent if memcg else MEMCG_NONE

    @cython.ccall
    @cython.nogil
    def mem_cgroup_is_descendant(self, memcg: u32, root: u32) -> cython.bint:
        """Whether `memcg` is `root` or below it."""
        return root == 0 or memcg == root

    @cython.ccall
    @cython.nogil
    def mem_cgroup_iter(self, root: u32, prev: u32, node: u32, partial: cython.bint) -> u32:
        """The next cgroup at or below `root` after `prev` in pre-order (MEMCG_NONE: before the
        first, after the last). A partial walk goes on where the last one on this node stopped."""
        at: u32 = root * self.stat.nr_nodes + node
        position: u32 = prev
        if partial:
            position = self.iter_position[at] - 1 if self.iter_position[at] else MEMCG_NONE
        found: u32 = self.next_or_none(root, position)
        if found == MEMCG_NONE and partial and prev == MEMCG_NONE:
            found = root  # the last walk had come to the end
        if partial:
            self.iter_position[at] = 0 if found == MEMCG_NONE else found + 1
        return found

    @cython.cfunc
    @cython.nogil
    def next_or_none(self, root: u32, position: u32) -> u32:
        if position == MEMCG_NONE:
            return root
        found: u32 = self.tree.mem_cgroup_next(root, position)
        return found if found else MEMCG_NONE

    @cython.ccall
    @cython.nogil
    def mem_cgroup_iter_break(self, root: u32, prev: u32) -> cython.int:
        """A walk ends early, at `prev`; a partial one has noted where."""
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_online(self, memcg: u32) -> cython.bint:
        """Not removed yet."""
        return self.tree.online(memcg)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_from_id(self, memcgid: u32) -> u32:
        """The cgroup that a shadow entry names, or MEMCG_NONE if it is gone."""
        if memcgid and not self.memcgs[memcgid].in_use:
            return MEMCG_NONE
        return memcgid

    @cython.ccall
    @cython.nogil
    def mem_cgroup_flush_stats(self, memcg: u32) -> cython.int:
        """Flush statistics if enough has changed."""
        return self.stat.mem_cgroup_flush_stats(memcg)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_flush_stats_ratelimited(self, memcg: u32) -> cython.int:
        """Flush statistics if the periodic flush is late."""
        return self.stat.mem_cgroup_flush_stats_ratelimited(memcg)

    @cython.ccall
    @cython.nogil
    def flush_stats_before_scan(self, memcg: u32) -> cython.int:
        """Flush statistics for prepare_scan_control(); MGLRU has no use for them."""
        if self.sysctl[0].lru_gen_enabled & 1:
            return 0
        return self.stat.flush_before_scan(memcg)

    @cython.ccall
    @cython.nogil
    def lruvec_page_state(self, memcg: u32, node: u32, item: cython.int) -> i64:
        """A node item of a cgroup and all below it, as of the last flush."""
        if memcg == 0:
            return self.vmstat.node_page_state(node, item)
        return self.stat.lruvec_page_state(memcg * self.stat.nr_nodes + node, item)

    @cython.ccall
    @cython.nogil
    def lruvec_page_state_local(self, memcg: u32, node: u32, item: cython.int) -> i64:
        """A node item of a cgroup alone, as of the last flush."""
        if memcg == 0:
            return self.vmstat.node_page_state(node, item)
        return self.stat.lruvec_page_state_local(memcg * self.stat.nr_nodes + node, item)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_swappiness(self, memcg: u32) -> i64:
        """vm.swappiness (v2), or the v1 cgroup's own."""
        if self.cells[SWAPPINESS_OVERRIDE]:
            return cython.cast(i64, self.cells[SWAPPINESS_OVERRIDE] - 1)
        if self.tree.v1 and memcg:
            return self.memcgs[memcg].swappiness
        return self.sysctl[0].swappiness

    @cython.ccall
    @cython.nogil
    def mem_cgroup_get_nr_swap_pages(self, memcg: u32) -> i64:
        """Free swap that the cgroup may still use, in pages."""
        nr: i64 = self.swapfile.get_nr_swap_pages()
        room: i64
        while memcg and not self.tree.v1:
            room = cython.cast(i64, self.tree.room(self.tree.swap(memcg)))
            if room < nr:
                nr = room
            memcg = self.memcgs[memcg].parent
        return nr

    @cython.ccall
    @cython.nogil
    def mem_cgroup_size(self, memcg: u32) -> u64:
        """Pages charged."""
        return cython.cast(u64, self.page_counters.counters[self.tree.memory(memcg)].usage)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_calculate_protection(self, root: u32, memcg: u32) -> cython.int:
        """Effective memory.min and memory.low of `memcg` for reclaim from `root`."""
        return self.tree.mem_cgroup_calculate_protection(root, memcg)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_below_min(self, target: u32, memcg: u32) -> cython.bint:
        """Protected from reclaim whatever happens."""
        return self.tree.mem_cgroup_below_min(target, memcg)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_below_low(self, target: u32, memcg: u32) -> cython.bint:
        """Protected unless nothing else is left."""
        return self.tree.mem_cgroup_below_low(target, memcg)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_protection_min(self, root: u32, memcg: u32) -> u64:
        """Pages of memory.min that count for reclaim from `root`: mem_cgroup_protection()."""
        return self.tree.mem_cgroup_protection(root, memcg, False)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_protection_low(self, root: u32, memcg: u32) -> u64:
        """Pages of memory.low that count for reclaim from `root`: mem_cgroup_protection()."""
        return self.tree.mem_cgroup_protection(root, memcg, True)

    @cython.ccall
    @cython.nogil
    def memcg_memory_event_low(self, memcg: u32) -> cython.int:
        """Reclaimed in spite of memory.low: MEMCG_LOW."""
        return self.tree.memcg_memory_event(memcg, MEMCG_LOW)

    # -- life

    @cython.ccall
    @cython.nogil
    def css_create(self, parent: u32) -> u32:
        """mkdir: a new child, or 0."""
        memcg: u32 = self.tree.link(parent)
        if memcg and self.slab.charge_css(memcg, parent):
            self.tree.unlink(memcg)
            return 0
        if memcg:  # the flusher has run every two seconds since boot, only with nothing to do
            self.clock.wake_kthread(
                cython.cast(u32, self.cells[MEMCG_FLUSHER]),
                (self.clock.now() // FLUSH_TIME_NS + 1) * FLUSH_TIME_NS,
            )
            self.psi.group_init(memcg)
        return memcg

    @cython.ccall
    @cython.nogil
    def css_offline(self, memcg: u32) -> cython.int:
        """rmdir: 0, or -EBUSY while it has tasks or children that are not removed."""
        if self.memcgs[memcg].nr_tasks or self.has_online_child(memcg):
            return -EBUSY
        self.page_counters.page_counter_set_min(self.tree.memory(memcg), 0)
        self.page_counters.page_counter_set_low(self.tree.memory(memcg), 0)
        self.workingset.reparent_shadow_nodes(memcg, self.memcgs[memcg].parent)
        self.zswap_lru.memcg_offline(memcg, self.memcgs[memcg].parent)
        self.stock.drain_all_stock(memcg)
        self.memcgs[memcg].flags ^= MEMCG_ONLINE | MEMCG_OFFLINE
        if self.memcgs[memcg].flags & MEMCG_SUBTREE_CONTROL:
            self.memcgs[memcg].flags ^= MEMCG_SUBTREE_CONTROL
        return self.css_free(memcg)

    @cython.cfunc
    @cython.nogil
    def has_online_child(self, memcg: u32) -> cython.bint:
        child: u32 = self.memcgs[memcg].first_child
        while child:
            if self.tree.online(child):
                return True
            child = self.memcgs[child].next_sibling
        return False

    @cython.ccall
    @cython.nogil
    def css_put(self, memcg: u32) -> cython.int:
        """A folio or swap entry less is charged to it."""
        self.memcgs[memcg].refs -= 1
        if self.memcgs[memcg].flags & MEMCG_OFFLINE:
            return self.css_free(memcg)
        return 0

    @cython.ccall
    @cython.nogil
    def obj_cgroup_put(self, objcg: u32) -> cython.int:
        """A kernel page or object less is charged to its objcg."""
        self.memcgs[objcg].obj_refs -= 1
        if self.memcgs[objcg].flags & MEMCG_OFFLINE:
            return self.css_free(objcg)
        return 0

    @cython.cfunc
    @cython.nogil
    def css_free(self, memcg: u32) -> cython.int:
        """Free a removed cgroup once nothing is charged to it and no child is left; then perhaps
        its parent too. The record stays while objects are charged to its objcg, which the kernel
        gives to the parent; walks do not see it then."""
        parent: u32
        while self.memcgs[memcg].flags & MEMCG_OFFLINE and not self.memcgs[memcg].first_child:
            if self.memcgs[memcg].refs:
                return 0
            if not self.memcgs[memcg].flags & MEMCG_RELEASED:
                self.memcgs[memcg].flags |= MEMCG_RELEASED
                self.slab.uncharge_css(memcg)
                self.stat.release(memcg)
                self.lruvecs.release(memcg)
            if self.memcgs[memcg].obj_refs:
                return 0
            self.stock.drain_all_stock(memcg)
            self.stock.forget_objcg(memcg)
            parent = self.memcgs[memcg].parent
            self.invalidate_reclaim_iterators(memcg)
            self.psi.group_free(memcg)
            self.tree.unlink(memcg)
            memcg = parent
        return 0

    @cython.cfunc
    @cython.nogil
    def invalidate_reclaim_iterators(self, dead: u32) -> cython.int:
        """No walk may go on from a cgroup that is gone."""
        root: u32 = dead
        node: u32
        while True:
            for node in range(self.stat.nr_nodes):
                if root == dead or self.iter_position[root * self.stat.nr_nodes + node] == dead + 1:
                    self.iter_position[root * self.stat.nr_nodes + node] = 0
            if root == 0:
                return 0
            root = self.memcgs[root].parent

    # -- tasks

    @cython.ccall
    @cython.nogil
    def mem_cgroup_attach(self, task: u32, memcg: u32) -> cython.int:
        """Move a task; what is charged already stays where it is."""
        self.memcgs[self.tasks[task].memcg].nr_tasks -= 1
        self.memcgs[memcg].nr_tasks += 1
        self.tasks[task].memcg = memcg
        self.serials[2 * cython.cast(u64, task) + 1] = self.next_serial()
        if self.tasks[task].mm:
            self.mglru_age.lru_gen_migrate_mm(self.tasks[task].mm, memcg)
        return 0

    @cython.ccall
    @cython.nogil
    def cgroup_fork(self, task: u32, parent: u32) -> cython.int:
        """A new task is in its parent's cgroup (parent 0: in the root)."""
        self.tasks[task].memcg = self.tasks[parent].memcg if parent else 0
        self.memcgs[self.tasks[task].memcg].nr_tasks += 1
        self.serials[2 * cython.cast(u64, task)] = self.next_serial()
        self.serials[2 * cython.cast(u64, task) + 1] = self.cells[LAST_SERIAL]
        return 0

    @cython.cfunc
    @cython.nogil
    def next_serial(self) -> u64:
        self.cells[LAST_SERIAL] += 1
        return self.cells[LAST_SERIAL]

    @cython.cfunc
    @cython.nogil
    def task_serial(self, task: u32, in_memcg: cython.bint) -> u64:
        """Its place in for_each_process(), or among the tasks of its cgroup."""
        return self.serials[2 * cython.cast(u64, task) + (1 if in_memcg else 0)]

    @cython.ccall
    @cython.nogil
    def cgroup_exit(self, task: u32) -> cython.int:
        """A task has ended; it is still said to be where it was."""
        self.memcgs[self.tasks[task].memcg].nr_tasks -= 1
        return 0

    # -- swap (memcg_swap.py)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_try_charge_swap(self, pfn: u64, entry: u64) -> cython.int:
        """A page gets a slot (0: there is none), which is charged to its cgroup: 0 or -ENOMEM."""
        if self.pages[pfn].memcg == 0:
            return 0
        return self.swap.try_charge_swap(pfn, entry)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_swapout(self, pfn: u64, entry: u64) -> cython.int:
        """A page is taken out of the swap cache by reclaim (it matters to version 1)."""
        return self.swap.swapout(pfn, entry)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_swapin_uncharge_swap(self, entry: u64) -> cython.int:
        """A slot's page is charged again (it matters to version 1)."""
        return self.swap.swapin_uncharge_swap(entry)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_uncharge_swap(self, entry: u64, nr_pages: u64) -> cython.int:
        """Slots from `entry` on are free."""
        i: u64
        for i in range(nr_pages):
            self.swap.uncharge_swap(entry + i)
        return 0

    @cython.ccall
    @cython.nogil
    def mem_cgroup_swapin_charge_folio(self, pfn: u64, mm: u32, gfp: u32, entry: u64) -> cython.int:
        """Charge a page to the cgroup that its slot is charged to, or, if that is offline, to an
        mm's: 0 or -ENOMEM."""
        return self.swap.swapin_charge_folio(pfn, mm, gfp, entry)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_swap_full(self, pfn: u64) -> cython.bint:
        """Whether a page's cgroup has used half of the swap that it may use."""
        return self.pages[pfn].memcg != 0 and self.swap.swap_full(pfn)

    # -- zswap

    @cython.ccall
    @cython.nogil
    def obj_cgroup_may_zswap(self, pfn: u64) -> cython.bint:
        """Whether a page's cgroup may have more in zswap."""
        return self.swap.obj_cgroup_may_zswap(self.tree.page_memcg(self.pages[pfn].memcg))

    @cython.ccall
    @cython.nogil
    def obj_cgroup_charge_zswap(self, pfn: u64, size: u32) -> u32:
        """Charge compressed bytes of a page to its cgroup: the objcg, for the uncharge."""
        memcg: u32 = self.tree.page_memcg(self.pages[pfn].memcg)
        self.swap.obj_cgroup_charge_zswap(memcg, size)
        return memcg

    @cython.ccall
    @cython.nogil
    def obj_cgroup_uncharge_zswap(self, objcg: u32, size: u32) -> cython.int:
        """An entry of zswap goes."""
        return self.swap.obj_cgroup_uncharge_zswap(objcg, size)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_zswap_writeback_enabled(self, memcg: u32) -> cython.bint:
        """Whether what zswap refuses, and what it gives up, may go to the device: it is so if
        zswap is off, else if memory.zswap.writeback of the cgroup and all above says so."""
        if not self.zswap_cells[ZSWAP_ENABLED]:
            return True
        while memcg:
            if self.memcgs[memcg].flags & MEMCG_ZSWAP_WRITEBACK_OFF:
                return False
            memcg = self.memcgs[memcg].parent
        return not self.memcgs[0].flags & MEMCG_ZSWAP_WRITEBACK_OFF

    @cython.ccall
    @cython.nogil
    def folio_memcg(self, pfn: u64) -> u32:
        """The cgroup that a page is charged to."""
        return self.tree.page_memcg(self.pages[pfn].memcg)

    # -- invariants

    def check(self):
        """Usage and statistics of every cgroup, recounted from its pages."""
        charged, refs, obj_refs = {}, {}, {}
        pgds = self.page_tables.pgd_pages()
        for pfn in self.arena.where("pages", "memcg"):
            data = int(self.pages[pfn].memcg)
            memcg = self.tree.page_memcg(data)
            number = data & MEMCG_ID_MASK
            pages = pgds.get(pfn, self.folio_nr_pages(pfn))
            charged[memcg] = charged.get(memcg, 0) + pages
            held = obj_refs if data & MEMCG_DATA_KMEM else refs
            held[number] = held.get(number, 0) + 1
        for memcg in self.tree.subtree(0)[1:]:
            self._check_usage(memcg, charged)
            assert self.memcgs[memcg].refs >= refs.get(memcg, 0)
            assert self.memcgs[memcg].obj_refs >= obj_refs.get(memcg, 0)

    def _check_usage(self, memcg, charged):
        """What is charged to an online cgroup and to those below it, and what stocks hold. Bytes
        of objects take less than a page more than their pages each."""
        if not self.tree.online(memcg):
            return
        usage = int(self.page_counters.counters[self.tree.memory(memcg)].usage)
        own = sum(charged.get(m, 0) + self.stock.held(m) for m in self.tree.subtree(memcg))
        objects = sum(self.stock.object_pages(m) for m in self.tree.subtree(memcg))
        assert usage == own + objects, f"cgroup {memcg}: {usage} != {own} + {objects}"
