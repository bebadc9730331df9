"""Per-CPU stocks of charges: most charges touch no counter.

    try_charge(1 page)  --> 64 pages are charged, 63 go to this CPU's stock of that cgroup
    the next 63         --> from the stock
    kernel pages freed  --> to the stock; above 64, all of it goes back to the counter

So memory.current is up to 64 pages per CPU too high. A CPU has a stock for one cgroup (for seven
from 6.16 on), and another for bytes of slab objects, which are charged page by page.

Models mm/memcontrol.c: consume_stock(), refill_stock(), drain_stock(), drain_all_stock(),
consume_obj_stock(), refill_obj_stock(), drain_obj_stock(), obj_cgroup_charge(),
obj_cgroup_uncharge(), mod_objcg_state().
Not modelled: nodes of slab pages (most objects count for the CPU's own node).

Invariant: usage = charged pages + whole pages of charged bytes + stocks (MemControl.check()).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.memcg_layout import MEMCG_KMEM
    from mmtwin.mm.memcg_stat import MEMCG_CHARGE_BATCH, MemcgStat
    from mmtwin.mm.memcg_tree import MemCgroups, MemcgTree
    from mmtwin.mm.page_counter import COUNTER_KMEM, COUNTERS, PageCounters
    from mmtwin.mm.types import Currents, U32s, i32, i64, u32
    from mmtwin.mm.vmstat_items import NR_SLAB_RECLAIMABLE_B, NR_SLAB_UNRECLAIMABLE_B

NR_MEMCG_STOCK = cython.declare(cython.const[cython.uint], 7)
KERNEL_MANY_STOCKS = cython.declare(cython.const[cython.int], 616)

MemcgStock = cython.struct(  # struct memcg_stock_pcp: one slot
    cached=u32,  # memcg, 0: none
    nr_pages=u32,
)
ObjStock = cython.struct(
    cached_objcg=u32,
    nr_bytes=u32,
    nr_slab_reclaimable_b=i32,  # statistics not yet in the cgroup
    nr_slab_unreclaimable_b=i32,
    node=u32,
    pad=u32,
)

if cython.compiled:
    MemcgStocks = cython.typedef(MemcgStock[::1])
    ObjStocks = cython.typedef(ObjStock[::1])
else:
    MemcgStocks = ObjStocks = object


@cython.final
@cython.cclass
class MemcgStockpile:
    """The stocks of all CPUs."""

    arena: object
    memcgs: MemCgroups
    stocks: MemcgStocks  # cpu * NR_MEMCG_STOCK + slot
    obj_stocks: ObjStocks  # cpu
    current: Currents
    cpu_node: U32s
    tree: MemcgTree
    stat: MemcgStat
    page_counters: PageCounters
    nr_cpus: u32
    nr_slots: u32

    def __init__(self, arena, config):
        self.arena = arena
        self.memcgs, self.current = arena.memcgs, arena.current
        self.nr_cpus = config.cpus
        self.nr_slots = NR_MEMCG_STOCK if config.kernel >= KERNEL_MANY_STOCKS else 1
        self.stocks = arena.array(
            "memcg_stocks", "memcg_stock.MemcgStock", config.cpus * NR_MEMCG_STOCK
        )
        self.obj_stocks = arena.array("memcg_obj_stocks", "memcg_stock.ObjStock", config.cpus)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.tree, self.stat, self.page_counters = m.memcg_tree, m.memcg_stat, m.page_counters
        self.cpu_node = m.arena.cpu_to_node

    # -- pages

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def consume_stock(self, memcg: u32, nr_pages: u32) -> cython.bint:
        """Take pages from this CPU's stock, if it has enough of that cgroup."""
        at: u32 = self.current[0].cpu * NR_MEMCG_STOCK
        slot: u32
        for slot in range(self.nr_slots):
            if self.stocks[at + slot].cached == memcg:
                if self.stocks[at + slot].nr_pages < nr_pages:
                    return False
                self.stocks[at + slot].nr_pages -= nr_pages
                return True
        return False

    @cython.cfunc
    @cython.nogil
    def refill_stock(self, memcg: u32, nr_pages: u32) -> cython.int:
        """Put charged pages into this CPU's stock; above the batch, all of it goes back. Where
        every slot is taken, another cgroup's is emptied."""
        if memcg == 0:
            return 0
        at: u32 = self.current[0].cpu * NR_MEMCG_STOCK
        slot: u32 = self.slot_for(at, memcg)
        if self.stocks[at + slot].cached != memcg:
            self.drain_stock(at + slot)
            self.stocks[at + slot].cached = memcg
        self.stocks[at + slot].nr_pages += nr_pages
        if self.stocks[at + slot].nr_pages > cython.cast(u32, MEMCG_CHARGE_BATCH):
            self.drain_stock(at + slot)
        return 0

    @cython.cfunc
    @cython.nogil
    def slot_for(self, at: u32, memcg: u32) -> u32:
        """The slot of a cgroup, else an empty one, else one to be emptied (the kernel takes any;
        here, in turn by the cgroup's number)."""
        empty: u32 = self.nr_slots
        slot: u32
        for slot in range(self.nr_slots):
            if self.stocks[at + slot].cached == memcg:
                return slot
            if self.stocks[at + slot].cached == 0 and empty == self.nr_slots:
                empty = slot
        return empty if empty < self.nr_slots else memcg % self.nr_slots

    @cython.cfunc
    @cython.nogil
    def drain_stock(self, at: u32) -> cython.int:
        """Give a stock's pages back to the counters."""
        memcg: u32 = self.stocks[at].cached
        nr_pages: u32 = self.stocks[at].nr_pages
        self.stocks[at].cached = 0
        self.stocks[at].nr_pages = 0
        if nr_pages:
            self.memcg_uncharge(memcg, nr_pages)
        return 0

    @cython.ccall
    @cython.nogil
    def memcg_uncharge(self, memcg: u32, nr_pages: i64) -> cython.int:
        """Off the counters: of memory, and in v1 of both."""
        self.page_counters.page_counter_uncharge(self.tree.memory(memcg), nr_pages)
        if self.tree.v1:
            self.page_counters.page_counter_uncharge(self.tree.swap(memcg), nr_pages)
        return 0

    @cython.ccall
    @cython.nogil
    def drain_all_stock(self, root: u32) -> cython.int:
        """Empty every CPU's stock of the cgroups of a subtree."""
        cpu: u32
        at: u32
        slot: u32
        objcg: u32
        for cpu in range(self.nr_cpus):
            objcg = self.obj_stocks[cpu].cached_objcg
            at = cpu * NR_MEMCG_STOCK
            if objcg and self.tree.mem_cgroup_is_descendant(
                self.tree.obj_cgroup_memcg(objcg), root
            ):
                self.drain_obj_stock(cpu)
            for slot in range(self.nr_slots):
                if self.stocks[at + slot].cached:
                    if self.tree.mem_cgroup_is_descendant(self.stocks[at + slot].cached, root):
                        self.drain_stock(at + slot)
        return 0

    # -- bytes of slab objects

    @cython.cfunc
    @cython.nogil
    def consume_obj_stock(self, objcg: u32, nr_bytes: u32) -> cython.bint:
        """Take bytes from this CPU's stock, if it has enough of that objcg."""
        cpu: u32 = self.current[0].cpu
        if self.obj_stocks[cpu].cached_objcg != objcg:
            return False
        if self.obj_stocks[cpu].nr_bytes < nr_bytes:
            return False
        self.obj_stocks[cpu].nr_bytes -= nr_bytes
        return True

    @cython.cfunc
    @cython.nogil
    def refill_obj_stock(
        self, objcg: u32, nr_bytes: u32, allow_uncharge: cython.bint
    ) -> cython.int:
        """Put charged bytes into this CPU's stock; whole pages too many go back."""
        cpu: u32 = self.current[0].cpu
        nr_pages: u32
        if self.obj_stocks[cpu].cached_objcg != objcg:
            self.drain_obj_stock(cpu)
            self.obj_stocks[cpu].cached_objcg = objcg
            self.obj_stocks[cpu].nr_bytes = cython.cast(u32, self.memcgs[objcg].nr_charged_bytes)
            self.memcgs[objcg].nr_charged_bytes = 0
            allow_uncharge = True
        self.obj_stocks[cpu].nr_bytes += nr_bytes
        if allow_uncharge and self.obj_stocks[cpu].nr_bytes > 4096:
            nr_pages = self.obj_stocks[cpu].nr_bytes >> 12
            self.obj_stocks[cpu].nr_bytes &= 4095
            self.obj_cgroup_uncharge_pages(objcg, nr_pages)
        return 0

    @cython.cfunc
    @cython.nogil
    def drain_obj_stock(self, cpu: u32) -> cython.int:
        """Whole pages go back, the rest of the bytes to the objcg; statistics are told."""
        objcg: u32 = self.obj_stocks[cpu].cached_objcg
        nr_bytes: u32 = self.obj_stocks[cpu].nr_bytes
        if objcg == 0:
            return 0
        if nr_bytes >> 12:
            self.obj_cgroup_uncharge_pages(objcg, nr_bytes >> 12)
        self.memcgs[objcg].nr_charged_bytes += nr_bytes & 4095
        self.obj_stocks[cpu].nr_bytes = 0
        self.flush_cached_state(cpu)
        self.obj_stocks[cpu].cached_objcg = 0
        return 0

    @cython.ccall
    @cython.nogil
    def obj_cgroup_uncharge_pages(self, objcg: u32, nr_pages: u32) -> cython.int:
        """Kernel pages go back, by way of the stock."""
        memcg: u32 = self.tree.obj_cgroup_memcg(objcg)
        self.account_kmem(memcg, -cython.cast(i64, nr_pages))
        return self.refill_stock(memcg, nr_pages)

    @cython.cfunc
    @cython.nogil
    def account_kmem(self, memcg: u32, nr_pages: i64) -> cython.int:
        """Pages of kernel memory: memory.stat's `kernel`, and v1's own counter."""
        if memcg == 0:
            return 0
        self.stat.mod_memcg_state(memcg, MEMCG_KMEM, nr_pages)
        if self.tree.v1 and nr_pages > 0:
            self.page_counters.page_counter_charge(1 + memcg * COUNTERS + COUNTER_KMEM, nr_pages)
        elif self.tree.v1:
            self.page_counters.page_counter_uncharge(1 + memcg * COUNTERS + COUNTER_KMEM, -nr_pages)
        return 0

    @cython.ccall
    @cython.nogil
    def mod_objcg_state(self, objcg: u32, node: u32, item: cython.int, nr_bytes: i32) -> cython.int:
        """Count bytes of slab objects; the stock holds back up to a page of each kind."""
        cpu: u32 = self.current[0].cpu
        held: i32
        if self.obj_stocks[cpu].cached_objcg != objcg:
            self.drain_obj_stock(cpu)
            self.obj_stocks[cpu].cached_objcg = objcg
            self.obj_stocks[cpu].nr_bytes = cython.cast(u32, self.memcgs[objcg].nr_charged_bytes)
            self.memcgs[objcg].nr_charged_bytes = 0
            self.obj_stocks[cpu].node = node
        elif self.obj_stocks[cpu].node != node:
            self.flush_cached_state(cpu)
            self.obj_stocks[cpu].node = node
        if item == NR_SLAB_RECLAIMABLE_B:
            held = self.obj_stocks[cpu].nr_slab_reclaimable_b
        else:
            held = self.obj_stocks[cpu].nr_slab_unreclaimable_b
        if held == 0:
            held = nr_bytes  # even if it is more than a page: there is nothing to add it to
            nr_bytes = 0
        else:
            held += nr_bytes
            nr_bytes = 0
            if held > 4096 or held < -4096:
                nr_bytes = held
                held = 0
        if item == NR_SLAB_RECLAIMABLE_B:
            self.obj_stocks[cpu].nr_slab_reclaimable_b = held
        else:
            self.obj_stocks[cpu].nr_slab_unreclaimable_b = held
        return self.mod_objcg_mlstate(objcg, node, item, nr_bytes)

    @cython.cfunc
    @cython.nogil
    def flush_cached_state(self, cpu: u32) -> cython.int:
        """Tell the cgroup what the stock holds back of its statistics."""
        objcg: u32 = self.obj_stocks[cpu].cached_objcg
        node: u32 = self.obj_stocks[cpu].node
        self.mod_objcg_mlstate(
            objcg, node, NR_SLAB_RECLAIMABLE_B, self.obj_stocks[cpu].nr_slab_reclaimable_b
        )
        self.mod_objcg_mlstate(
            objcg, node, NR_SLAB_UNRECLAIMABLE_B, self.obj_stocks[cpu].nr_slab_unreclaimable_b
        )
        self.obj_stocks[cpu].nr_slab_reclaimable_b = 0
        self.obj_stocks[cpu].nr_slab_unreclaimable_b = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def mod_objcg_mlstate(
        self, objcg: u32, node: u32, item: cython.int, nr_bytes: i64
    ) -> cython.int:
        if nr_bytes == 0:
            return 0
        memcg: u32 = self.tree.obj_cgroup_memcg(objcg)
        return self.stat.mod_memcg_lruvec_state(memcg, node, item, nr_bytes)

    @cython.ccall
    @cython.nogil
    def forget_objcg(self, objcg: u32) -> cython.int:
        """No stock may name an objcg that goes; bytes that make no page are lost with it."""
        cpu: u32
        for cpu in range(self.nr_cpus):
            if self.obj_stocks[cpu].cached_objcg == objcg:
                self.drain_obj_stock(cpu)
        return 0

    # -- for check()

    def object_pages(self, memcg):
        """Whole pages charged for the objects of a cgroup and of those whose objcg it took over."""
        return sum(
            self.own_object_pages(m)
            for m in self.arena.where("memcgs", "in_use")
            if self.tree.obj_cgroup_memcg(m) == memcg
        )

    def own_object_pages(self, objcg):
        """Objects, and what of their pages is left in stocks."""
        total = int(self.memcgs[objcg].object_bytes) + int(self.memcgs[objcg].nr_charged_bytes)
        for cpu in range(self.nr_cpus):
            if self.obj_stocks[cpu].cached_objcg == objcg:
                total += int(self.obj_stocks[cpu].nr_bytes)
        assert total % 4096 == 0, f"objcg {objcg}: {total} bytes are no whole pages"
        return total // 4096

    def held(self, memcg):
        """Pages of a cgroup in stocks of pages."""
        total = 0
        for i in range(self.nr_cpus * NR_MEMCG_STOCK):
            if self.stocks[i].cached == memcg:
                total += int(self.stocks[i].nr_pages)
        return total

    def check(self):
        """No stock holds more than a batch, or pages of nobody."""
        for i in range(self.nr_cpus * NR_MEMCG_STOCK):
            assert self.stocks[i].nr_pages <= cython.cast(u32, MEMCG_CHARGE_BATCH)
            assert self.stocks[i].cached or not self.stocks[i].nr_pages
