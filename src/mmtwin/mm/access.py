"""Loads and stores: TLB hit, page walk, or fault. The hot path of a replay.

    L1 hit -> done
    L2 hit -> fill L1
    walk   -> sets accessed (and dirty), fills L1 and L2
    fault  -> Memory.do_user_addr_fault(), then the walk again

A store through an entry that is not known dirty walks again to set the dirty bit; a store to a
read-only entry faults. No Python object is made for an access.

Models what the MMU of x86 does (Intel SDM volume 3, 4.8 and 4.10).
Not modelled: instruction fetches as accesses of their own; accesses that cross a page (give both).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.pgtable import TABLE_BITS, TABLE_MASK
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_DIRTY, PAGE_PRESENT, PAGE_PSE, PAGE_RW, PAGE_SHIFT, PMD_SHIFT,
        PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.tlb import TLB_TAG_SHIFT, TLB_WRITE
    from mmtwin.mm.types import Currents, Mms, U8s, U64s, i64, u32, u64

PREFETCH_AHEAD = cython.declare(cython.const[cython.int], 12)  # accesses; host memory is slow
VPN_LIMIT = cython.declare(cython.const[cython.ulonglong], 0x100000000000)  # 44 bits: user half


@cython.final
@cython.cclass
class Access:
    """One load or store after another, of the current task."""

    ptes: U64s
    mms: Mms
    current: Currents
    tlb = cython.declare("Tlb")
    memory = cython.declare("Memory")
    prefetch = cython.declare("Prefetch")
    top_shift: cython.int
    walk_at: u64  # where the last walk ended: index in `ptes`, the level's shift, levels read
    walk_shift: cython.int
    walk_levels: u64
    seen_misses: u64  # when is_cold() last looked
    cold: cython.int  # accesses yet to prefetch for
    signal = cython.declare(cython.int, visibility="public")  # that ended the last batch, or 0

    def __init__(self, arena, config):
        self.ptes = arena.ptes
        self.mms = arena.mms
        self.current = arena.current
        self.top_shift = 48 if config.la57 else 39
        self.signal = 0
        self.walk_at = self.walk_levels = 0
        self.walk_shift = self.cold = 0
        self.seen_misses = 0

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.tlb = m.tlb
        self.memory = m.memory
        self.prefetch = m.prefetch

    @cython.ccall
    @cython.nogil
    def access(self, address: u64, write: cython.int) -> cython.int:
        """One load or store of the current task: 0 or the signal."""
        return self.load_or_store(self.current[0].cpu, address, write)

    def access_batch(self, addresses, writes=None):
        """Loads and stores at `addresses` (u64), stores where `writes` (u8) is not 0.

        Stops at the first signal (`self.signal`); how many were done. Runs without the GIL.
        """
        n: i64 = len(addresses)
        if writes is None:
            return self.loads(addresses, n) if n else 0
        if len(writes) != n:
            raise ValueError(f"{n} addresses but {len(writes)} writes")
        return self.loads_and_stores(addresses, writes, n) if n else 0

    @cython.ccall
    def loads(self, addresses: U64s, n: i64) -> i64:
        """access_batch() without stores."""
        done: i64 = 0
        with cython.nogil:
            cpu: u32 = self.current[0].cpu
            self.signal = 0
            while done < n:
                self.look_ahead(cpu, addresses, done, n)
                self.signal = self.load_or_store(cpu, cython.cast(u64, addresses[done]), 0)
                if self.signal:
                    break
                done += 1
        return done

    @cython.ccall
    def loads_and_stores(self, addresses: U64s, writes: U8s, n: i64) -> i64:
        """access_batch() with stores."""
        done: i64 = 0
        with cython.nogil:
            cpu: u32 = self.current[0].cpu
            self.signal = 0
            while done < n:
                self.look_ahead(cpu, addresses, done, n)
                self.signal = self.load_or_store(
                    cpu, cython.cast(u64, addresses[done]), cython.cast(cython.int, writes[done])
                )
                if self.signal:
                    break
                done += 1
        return done

    @cython.ccall
    @cython.exceptval(-1, check=True)
    def touch_range(self, address: u64, length: u64, stride: u64, write: cython.int) -> i64:
        """One byte every `stride` bytes of [address, address + length), ascending: how many were
        touched before a signal (`self.signal`), if any."""
        if stride == 0:
            raise ValueError("a stride of 0 bytes")
        done: i64 = 0
        with cython.nogil:
            cpu: u32 = self.current[0].cpu
            at: u64 = 0
            self.signal = 0
            while at < length:
                self.signal = self.load_or_store(cpu, address + at, write)
                if self.signal:
                    break
                at += stride
                done += 1
        return done

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def is_cold(self, cpu: u32) -> cython.bint:
        """Whether one of the last accesses missed the TLB: where all hit, a prefetch is wasted."""
        misses: u64 = self.tlb.tlb_cpus[cpu].misses
        if misses != self.seen_misses:
            self.seen_misses = misses
            self.cold = PREFETCH_AHEAD
        if self.cold == 0:
            return False
        self.cold -= 1
        return True

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def look_ahead(self, cpu: u32, addresses: U64s, done: i64, n: i64) -> cython.int:
        """Let the host fetch what accesses soon to come may need."""
        mm: u32 = self.current[0].mm
        if not self.is_cold(cpu) or done + PREFETCH_AHEAD >= n:
            return 0
        self.prefetch.pte(mm, cython.cast(u64, addresses[done + PREFETCH_AHEAD]))
        return self.prefetch.fault(mm, cython.cast(u64, addresses[done + PREFETCH_AHEAD // 2]))

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def load_or_store(self, cpu: u32, address: u64, write: cython.int) -> cython.int:
        """One access: 0 or the signal."""
        vpn: u64 = address >> PAGE_SHIFT
        tag: u64 = (vpn << TLB_TAG_SHIFT) | self.tlb.tlb_cpus[cpu].generation
        if vpn < VPN_LIMIT and self.tlb.hit_l1(cpu, vpn, tag, write) == 1:
            self.tlb.tlb_cpus[cpu].l1_hits += 1
            return 0
        return self.missed_l1(cpu, address, write)

    @cython.cfunc
    @cython.nogil
    def missed_l1(self, cpu: u32, address: u64, write: cython.int) -> cython.int:
        """The rest of an access: L2, then walk, then fault."""
        vpn: u64 = address >> PAGE_SHIFT
        if vpn >= VPN_LIMIT:
            return self.memory.do_user_addr_fault(address, write, 0)
        tag: u64 = (vpn << TLB_TAG_SHIFT) | self.tlb.tlb_cpus[cpu].generation
        level: cython.int = self.tlb.hit_below(cpu, vpn, tag, write)
        if level == 1:
            self.tlb.tlb_cpus[cpu].l1_hits += 1
            return 0
        if level == 2:
            self.tlb.tlb_cpus[cpu].l2_hits += 1
            return 0
        self.tlb.tlb_cpus[cpu].misses += 1
        done: cython.bint = self.walk(cpu, address, write)
        while not done:
            signal: cython.int = self.memory.do_user_addr_fault(address, write, 0)
            if signal:
                return signal
            done = self.walk_again(cpu, address, write)
        return 0

    @cython.cfunc
    @cython.nogil
    def walk(self, cpu: u32, address: u64, write: cython.int) -> cython.bint:
        """The hardware's page walk: fills the TLBs, or False for a page fault."""
        slot: u64 = self.mms[self.current[0].mm].pgd
        shift: cython.int = self.top_shift
        levels: u64 = 1
        at: u64 = (slot << TABLE_BITS) + ((address >> shift) & TABLE_MASK)
        entry: u64 = self.ptes[at]
        while shift > PAGE_SHIFT and (entry & (PAGE_PRESENT | PAGE_PSE)) == PAGE_PRESENT:
            slot = (entry & PTE_PFN_MASK) >> PAGE_SHIFT
            shift -= TABLE_BITS
            at = (slot << TABLE_BITS) + ((address >> shift) & TABLE_MASK)
            entry = self.ptes[at]
            levels += 1
        self.walk_at, self.walk_shift, self.walk_levels = at, shift, levels
        return self.finish_walk(cpu, address, write)

    @cython.cfunc
    @cython.nogil
    def walk_again(self, cpu: u32, address: u64, write: cython.int) -> cython.bint:
        """The walk after a fault: where the last one came to a pte, that pte still stands there."""
        if self.walk_shift != PAGE_SHIFT:
            return self.walk(cpu, address, write)
        return self.finish_walk(cpu, address, write)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def finish_walk(self, cpu: u32, address: u64, write: cython.int) -> cython.bint:
        """Use the entry that the walk ended at, or False for a page fault."""
        at: u64 = self.walk_at
        entry: u64 = self.ptes[at]
        self.tlb.tlb_cpus[cpu].walks += 1
        self.tlb.tlb_cpus[cpu].walk_levels += self.walk_levels
        if not entry & PAGE_PRESENT or (write and not entry & PAGE_RW):
            return False
        used: u64 = PAGE_ACCESSED | PAGE_DIRTY if write else PAGE_ACCESSED
        if (entry & used) != used:
            self.ptes[at] = entry | used
        value: u64 = entry & PTE_PFN_MASK
        if entry & PAGE_RW and (write or entry & PAGE_DIRTY):
            value |= TLB_WRITE
        if self.walk_shift == PMD_SHIFT:
            self.tlb.fill_2m(cpu, address >> PAGE_SHIFT, value)
        else:
            self.tlb.fill(cpu, address >> PAGE_SHIFT, value)
        return True
