"""Page faults: from an address to a pte that translates it.

    do_user_addr_fault        find or grow the vma, check its rights
      handle_mm_fault         make the tables
        pte none     anonymous: zero page (read), zeroed page (write);  file: file_fault.py
        read-only    do_wp_page: reuse a page that is ours alone, else copy it
        otherwise    spurious: set accessed (and dirty)

Models arch/x86/mm/fault.c: do_user_addr_fault(); mm/memory.c: handle_mm_fault(),
handle_pte_fault(), do_anonymous_page(), do_wp_page(), wp_page_copy(), wp_can_reuse_anon_folio().
Swapped-out ptes are swap_fault.py's.
Not modelled: NUMA hinting (no balancing yet); transparent huge pages; userfaultfd; per-VMA locks,
but for what they change in the counting of retried faults.

Invariants: a present pte without PAGE_SPECIAL holds one reference and one mapcount of its page and
one page of its mm's resident set; the zero page is mapped PAGE_SPECIAL, and in none of them;
a private pte with PAGE_RW maps an anonymous page with PG_anon_exclusive.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import COST_FAULT, COST_ZERO_PAGE, Clock
    from mmtwin.mm.file_fault import FileFault
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_ZERO_BIT
    from mmtwin.mm.page_flags import (
        PAGE_MAPPING_ANON, PG_anon_exclusive, PG_ksm, PG_locked, PG_lru, PG_reserved, PG_swapbacked,
        PG_swapcache, PG_uptodate, PG_zero_page,
    )  # fmt: skip
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_ACCESSED, PAGE_DIRTY, PAGE_MASK, PAGE_PRESENT, PAGE_PROTNONE, PAGE_RW, PAGE_SHIFT,
        PAGE_SOFT_DIRTY, PAGE_SPECIAL, PTE_PFN_MASK,
    )  # fmt: skip
    from mmtwin.mm.rss_stat import MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES, MM_SWAPENTS, RssStat
    from mmtwin.mm.swap_entry import is_swap_pte, pte_to_swp_entry
    from mmtwin.mm.tlb import Tlb
    from mmtwin.mm.types import Currents, Mms, Pages, Sysctls, Tasks, U64s, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import SIGBUS, SIGKILL, SIGSEGV, SIG_LIVELOCK
    from mmtwin.mm.vm_fault import (
        FAULT_FLAG_ALLOW_RETRY, FAULT_FLAG_TRIED, FAULT_FLAG_VMA_LOCK, VM_FAULT_ERROR,
        VM_FAULT_MAJOR, VM_FAULT_OOM, VM_FAULT_RETRY, VM_FAULT_SIGBUS,
    )  # fmt: skip
    from mmtwin.mm.vm_flags import (
        VM_EXEC, VM_GROWSDOWN, VM_MAYSHARE, VM_RAND_READ, VM_SEQ_READ, VM_SHARED, VM_WRITE,
        VMOPS_NONE,
    )  # fmt: skip
    from mmtwin.mm.vma_prot import vm_page_prot, vma_is_accessible
    from mmtwin.mm.vmstat_items import PGFAULT, PGREUSE

# siginfo.si_code
SEGV_MAPERR = cython.declare(cython.const[cython.int], 1)
SEGV_ACCERR = cython.declare(cython.const[cython.int], 2)
BUS_ADRERR = cython.declare(cython.const[cython.int], 2)

EMPTY_ZERO_PAGE = cython.declare(cython.const[cython.ulonglong], 0x1000)  # pfn: 16 MiB

# The signal that the last failed fault raised.
SigInfo = cython.struct(si_addr=u64, si_signo=u32, si_code=u32)

if cython.compiled:
    SigInfos = cython.typedef(SigInfo[::1])
else:
    SigInfos = object


LIVELOCK_FAULTS = cython.declare(cython.const[cython.int], 100)
NS_PER_TICK = cython.declare(cython.const[cython.ulonglong], 4000000)


@cython.final
@cython.cclass
class Memory:
    """The fault handlers."""

    arena: object
    pages: Pages
    ptes: U64s
    vmas: Vmas
    mms: Mms
    tasks: Tasks
    current: Currents
    sysctl: Sysctls
    siginfo: SigInfos
    zero_page: U64s  # [0]: pfn of the shared zero page
    page_tables: PageTables
    tlb: Tlb
    rss: RssStat
    file_fault: FileFault
    clock: Clock
    mglru = cython.declare("Mglru")
    page_alloc = cython.declare("PageAlloc")
    lru = cython.declare("Lru")
    rmap = cython.declare("Rmap")
    vmstat = cython.declare("VmStat")
    memcontrol = cython.declare("MemControl")
    memcg_high = cython.declare("MemcgHigh")
    oom_kill = cython.declare("OomKill")
    vma_tree = cython.declare("VmaTree")
    mmap = cython.declare("Mmap")
    copy = cython.declare("CopyPte")
    zap = cython.declare("Zap")
    mprotect = cython.declare("MprotectPte")
    mremap = cython.declare("MremapPte")
    gup = cython.declare("Gup")
    madvise = cython.declare("MadvisePte")
    swap_fault = cython.declare("SwapFault")
    swap_state = cython.declare("SwapState")
    swapfile = cython.declare("SwapFile")
    shmem_swap = cython.declare("ShmemSwap")

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.ptes = arena.pages, arena.ptes
        self.vmas, self.mms, self.tasks = arena.vmas, arena.mms, arena.tasks
        self.current, self.sysctl = arena.current, arena.sysctl
        self.siginfo = arena.array("siginfo", "memory.SigInfo", 1)
        self.zero_page = arena.array("zero_page", "u64", 1)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.tlb, self.rss = m.page_tables, m.tlb, m.rss_stat
        self.file_fault = m.file_fault
        self.mglru = m.mglru
        self.page_alloc, self.lru, self.rmap, self.vmstat = m.page_alloc, m.lru, m.rmap, m.vmstat
        self.vma_tree, self.mmap = m.vma_tree, m.mmap
        self.memcontrol, self.memcg_high = m.memcontrol, m.memcg_high
        self.oom_kill, self.clock = m.oom_kill, m.clock
        self.copy, self.zap, self.mprotect = m.copy_pte, m.zap, m.mprotect_pte
        self.mremap, self.gup, self.madvise = m.mremap_pte, m.gup, m.madvise_pte
        self.swap_fault, self.swap_state = m.swap_fault, m.swap_state
        self.swapfile, self.shmem_swap = m.swapfile, m.shmem_swap

    def boot(self):
        """The zero page lies in the kernel's image (empty_zero_page)."""
        self.zero_page[0] = EMPTY_ZERO_PAGE
        self.pages[EMPTY_ZERO_PAGE].flags = PG_reserved | PG_zero_page
        self.pages[EMPTY_ZERO_PAGE].refcount = 1

    # Entry points

    @cython.ccall
    @cython.nogil
    def do_user_addr_fault(self, address: u64, write: cython.int, exec_: cython.int) -> cython.int:
        """A CPU fault of the current task: finds or grows the vma, handles it, counts min_flt or
        maj_flt. 0, or the signal (SIGSEGV, SIGBUS; SIGKILL for out of memory), see `siginfo`."""
        self.clock.charge(COST_FAULT, 1)
        self.clock.cond_resched()  # what was due by then: reads may be complete
        vma: u32 = self.lock_mm_and_find_vma(self.current[0].mm, address)
        if vma == 0:
            return self.force_sig(SIGSEGV, SEGV_MAPERR, address)
        vm_flags: u64 = self.vmas[vma].vm_flags
        if not vm_flags & VM_WRITE if write else not vma_is_accessible(vm_flags):
            return self.force_sig(SIGSEGV, SEGV_ACCERR, address)
        fault: cython.int = self.handle_mm_fault(vma, address, write)
        if fault & VM_FAULT_OOM:
            fault = self.pagefault_out_of_memory(vma, address, write)
        if self.oom_kill.fatal_signal_pending():
            return self.force_sig(SIGKILL, 0, address)
        if fault & VM_FAULT_ERROR:
            return self.mm_fault_error(fault, address)
        self.memcg_high.resume_user_mode()
        if exec_ and not vm_flags & VM_EXEC:  # the retried fetch meets the NX bit
            return self.force_sig(SIGSEGV, SEGV_ACCERR, address)
        return 0

    @cython.cfunc
    @cython.nogil
    def lock_mm_and_find_vma(self, mm: u32, address: u64) -> u32:
        """The vma that holds address, a stack grown to it if need be, or 0."""
        vma: u32 = self.mms[mm].vmacache
        if vma and self.vmas[vma].vm_start <= address < self.vmas[vma].vm_end:
            return vma
        vma = self.vma_tree.find_vma(mm, address)
        if vma == 0 or self.vmas[vma].vm_start <= address:
            return vma
        if not self.vmas[vma].vm_flags & VM_GROWSDOWN:
            return 0
        return vma if self.mmap.expand_stack(vma, address & PAGE_MASK) == 0 else 0

    @cython.cfunc
    @cython.nogil
    def pagefault_out_of_memory(self, vma: u32, address: u64, write: cython.int) -> cython.int:
        """A task that was killed ends; any other takes the fault again, for ever, if nobody may be
        killed: after LIVELOCK_FAULTS of them the model gives up."""
        fault: cython.int = VM_FAULT_OOM
        tries: cython.int = 0
        while fault & VM_FAULT_OOM and tries < LIVELOCK_FAULTS:
            if self.oom_kill.task_is_dying():
                break
            self.clock.sleep_until(self.clock.now() + NS_PER_TICK)
            fault = self.handle_mm_fault(vma, address, write)
            tries += 1
        return fault

    @cython.cfunc
    @cython.nogil
    def mm_fault_error(self, fault: cython.int, address: u64) -> cython.int:
        """The signal for a fault that could not be handled."""
        if fault & VM_FAULT_OOM:
            return self.force_sig(SIG_LIVELOCK, 0, address)
        if fault & VM_FAULT_SIGBUS:
            return self.force_sig(SIGBUS, BUS_ADRERR, address)
        return self.force_sig(SIGSEGV, SEGV_MAPERR, address)

    @cython.cfunc
    @cython.nogil
    def force_sig(self, signo: cython.int, code: cython.int, address: u64) -> cython.int:
        self.siginfo[0].si_signo = signo
        self.siginfo[0].si_code = code
        self.siginfo[0].si_addr = address
        return signo

    @cython.ccall
    @cython.nogil
    def handle_mm_fault(self, vma: u32, address: u64, write: cython.int) -> cython.int:
        """Make the page at address present, and writable for a store: VM_FAULT_* bits.

        As often as that takes: who has waited for a device with the lock dropped starts again. A
        retry makes it a major fault; from 6.6 the first attempt is under the vma's lock, and only
        one that had to read tells the second (do_user_addr_fault()).
        """
        flags: cython.int = FAULT_FLAG_ALLOW_RETRY
        if self.sysctl[0].kernel >= 606:
            flags |= FAULT_FLAG_VMA_LOCK
        fault: cython.int = self.handle_mm_fault_once(vma, address, write, flags)
        while fault & VM_FAULT_RETRY:
            if fault & VM_FAULT_MAJOR or not flags & FAULT_FLAG_VMA_LOCK:
                flags |= FAULT_FLAG_TRIED
            flags &= ~FAULT_FLAG_VMA_LOCK
            fault = self.handle_mm_fault_once(vma, address, write, flags)
        return fault

    @cython.ccall
    @cython.nogil
    def handle_mm_fault_once(
        self, vma: u32, address: u64, write: cython.int, flags: cython.int
    ) -> cython.int:
        """One attempt, told by FAULT_FLAG_* bits: VM_FAULT_* bits.

        Counts PGFAULT, and min_flt or maj_flt of the current task unless it failed
        (mm_account_fault()); one that has to be retried counts PGFAULT to 6.3 only.
        """
        self.rss.check_sync_rss_stat(self.current[0].mm)
        recency: cython.bint = not self.vmas[vma].vm_flags & (VM_SEQ_READ | VM_RAND_READ)
        self.mglru.in_fault[0] = 1 if recency else 0
        fault: cython.int = self.handle_pte_fault(vma, address & PAGE_MASK, write, flags)
        self.mglru.in_fault[0] = 0
        if fault & VM_FAULT_RETRY:
            if self.sysctl[0].kernel < 604:
                self.vmstat.count_vm_events(PGFAULT, 1)
            return fault
        self.vmstat.count_vm_events(PGFAULT, 1)
        self.memcontrol.count_memcg_event_mm(self.vmas[vma].vm_mm, PGFAULT)
        if fault & VM_FAULT_ERROR:
            return fault
        task: u32 = self.current[0].task
        if fault & VM_FAULT_MAJOR or flags & FAULT_FLAG_TRIED:
            self.tasks[task].maj_flt += 1
        else:
            self.tasks[task].min_flt += 1
        return fault

    @cython.cfunc
    @cython.nogil
    def handle_pte_fault(
        self, vma: u32, address: u64, write: cython.int, flags: cython.int
    ) -> cython.int:
        """Which kind of fault it is. `address` is page aligned."""
        mm: u32 = self.vmas[vma].vm_mm
        at: u64 = self.page_tables.pte_offset(mm, address)
        pte: u64 = self.ptes[at] if at else 0
        if pte == 0:
            if self.vmas[vma].vm_ops == VMOPS_NONE:
                return self.do_anonymous_page(vma, address, at, write)
            return self.file_fault.do_fault(vma, address, at, write, flags)
        if not pte & (PAGE_PRESENT | PAGE_PROTNONE):
            return self.swap_fault.do_swap_page(vma, address, at, write, flags)
        if write and not pte & PAGE_RW:
            return self.do_wp_page(vma, address, at)
        self.ptes[at] = pte | (
            PAGE_ACCESSED | PAGE_DIRTY | PAGE_SOFT_DIRTY if write else PAGE_ACCESSED
        )
        return 0

    # Anonymous memory

    @cython.cfunc
    @cython.nogil
    def do_anonymous_page(self, vma: u32, address: u64, at: u64, write: cython.int) -> cython.int:
        """First touch: the zero page for a load, a page of its own for a store. `at` is the pte's
        index, 0 where its table is missing."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        if vm_flags & VM_SHARED:
            return VM_FAULT_SIGBUS
        mm: u32 = self.vmas[vma].vm_mm
        if at == 0:
            at = self.page_tables.pte_alloc(mm, address)
            if at == 0:
                return VM_FAULT_OOM
        if not write:
            prot: u64 = vm_page_prot(vm_flags, VMOPS_NONE)
            self.ptes[at] = (self.zero_page[0] << PAGE_SHIFT) | prot | PAGE_SPECIAL
            return 0
        pfn: u64 = self.alloc_anon(vma, GFP_HIGHUSER_MOVABLE | GFP_ZERO_BIT)
        if pfn == 0:
            return VM_FAULT_OOM
        self.rss.add_mm_counter_fast(mm, MM_ANONPAGES, 1)
        self.set_anon_pte(vma, address, at, pfn)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def alloc_anon(self, vma: u32, gfp: u32) -> u64:
        """A page to become an anonymous page of vma, or 0: vmf_anon_prepare(), folio_prealloc()."""
        if self.vmas[vma].anon_vma == 0 and self.rmap.anon_vma_prepare(vma):
            return 0
        pfn: u64 = self.page_alloc.alloc_pages(gfp, 0, -1)
        if pfn:
            if self.memcontrol.mem_cgroup_charge(pfn, self.vmas[vma].vm_mm, GFP_KERNEL):
                self.lru.put_page(pfn)
                return 0
            self.pages[pfn].flags |= PG_uptodate
            self.clock.charge(COST_ZERO_PAGE, 1)
            self.clock.charge_distance(self.pages[pfn].node)
        return pfn

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def set_anon_pte(self, vma: u32, address: u64, at: u64, pfn: u64) -> cython.int:
        """Map a new anonymous page for a store, and queue it for the LRU."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        pte: u64 = (pfn << PAGE_SHIFT) | vm_page_prot(vm_flags, VMOPS_NONE)
        pte |= PAGE_DIRTY | PAGE_SOFT_DIRTY
        if vm_flags & VM_WRITE:
            pte |= PAGE_RW
        self.rmap.add_new_anon_rmap(pfn, vma, address)
        self.lru.folio_add_lru_vma(pfn, vm_flags)
        self.ptes[at] = pte
        return 0

    # Stores to read-only ptes

    @cython.cfunc
    @cython.nogil
    def do_wp_page(self, vma: u32, address: u64, at: u64) -> cython.int:
        """A store through a read-only pte of a writable vma."""
        pte: u64 = self.ptes[at]
        pfn: u64 = 0 if pte & PAGE_SPECIAL else (pte & PTE_PFN_MASK) >> PAGE_SHIFT
        if self.vmas[vma].vm_flags & (VM_SHARED | VM_MAYSHARE):
            if pfn and self.file_fault.page_mkwrite(vma, pfn):
                return VM_FAULT_SIGBUS
            return self.wp_page_reuse(vma, at)
        if pfn and self.pages[pfn].mapping & PAGE_MAPPING_ANON and self.wp_can_reuse(vma, pfn):
            return self.wp_page_reuse(vma, at)
        return self.wp_page_copy(vma, address, at, pfn)

    @cython.cfunc
    @cython.nogil
    def wp_can_reuse(self, vma: u32, pfn: u64) -> cython.bint:
        """Whether an anonymous page belongs to this pte alone: PageAnonExclusive(), else
        wp_can_reuse_anon_folio(), which counts references."""
        if self.pages[pfn].flags & PG_anon_exclusive:
            return True
        if self.pages[pfn].flags & PG_ksm or self.pages[pfn].refcount > 3:
            return False
        if not self.pages[pfn].flags & PG_lru:
            self.lru.lru_add_drain()  # a batch of this CPU may hold a reference
        if self.pages[pfn].refcount > 1 + (1 if self.pages[pfn].flags & PG_swapcache else 0):
            return False
        if self.pages[pfn].flags & PG_locked:
            return False
        self.swap_state.folio_free_swap(pfn)
        if self.pages[pfn].refcount != 1:
            return False
        self.rmap.folio_move_anon_rmap(pfn, vma)
        return True

    @cython.cfunc
    @cython.nogil
    def wp_page_reuse(self, vma: u32, at: u64) -> cython.int:
        """Make the pte writable as it stands."""
        self.ptes[at] |= PAGE_ACCESSED | PAGE_DIRTY | PAGE_SOFT_DIRTY | PAGE_RW
        self.vmstat.count_vm_events(PGREUSE, 1)
        return 0

    @cython.cfunc
    @cython.nogil
    def wp_page_copy(self, vma: u32, address: u64, at: u64, old: u64) -> cython.int:
        """Break the sharing: a copy of page `old` (0: of the zero page)."""
        gfp: u32 = GFP_HIGHUSER_MOVABLE
        pfn: u64 = self.alloc_anon(vma, gfp if old else gfp | GFP_ZERO_BIT)
        if pfn == 0:
            return VM_FAULT_OOM
        mm: u32 = self.vmas[vma].vm_mm
        if old == 0 or not self.pages[old].mapping & PAGE_MAPPING_ANON:
            if old:
                self.rss.add_mm_counter_fast(mm, self.mm_counter_file(old), -1)
            self.rss.add_mm_counter_fast(mm, MM_ANONPAGES, 1)
        self.ptes[at] = 0
        self.tlb.flush_tlb_page(mm, address)
        self.set_anon_pte(vma, address, at, pfn)
        if old:
            self.pages[pfn].content = self.pages[old].content
            self.rmap.remove_rmap(old)
            self.swap_state.free_swap_cache(old)
            self.lru.put_page(old)
        return 0

    # Helpers of the other pte walks

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def mm_counter_file(self, pfn: u64) -> cython.int:
        """The member of rss_stat for a page that is not anonymous."""
        return MM_SHMEMPAGES if self.pages[pfn].flags & PG_swapbacked else MM_FILEPAGES

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def mm_counter(self, pfn: u64) -> cython.int:
        """The member of rss_stat for a page."""
        if self.pages[pfn].mapping & PAGE_MAPPING_ANON:
            return MM_ANONPAGES
        return self.mm_counter_file(pfn)

    # Walks over ranges, by their kernel names (each in its own file)

    @cython.ccall
    @cython.nogil
    def copy_page_range(self, dst_vma: u32, src_vma: u32) -> cython.int:
        """fork(): share the pages, write-protecting private ones: 0 or -ENOMEM."""
        return self.copy.copy_page_range(dst_vma, src_vma)

    @cython.ccall
    @cython.nogil
    def zap_page_range(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Unmap the pages of [start, end) inside one vma: zap_page_range_single(), unmap_vmas()."""
        return self.zap.zap_page_range(vma, start, end)

    @cython.ccall
    @cython.nogil
    def zap_cached_pages(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Zap.zap_cached_pages(), for mechanisms that know Memory."""
        return self.zap.zap_cached_pages(vma, start, end)

    @cython.ccall
    @cython.nogil
    def zap_and_reclaim(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Unmap for MADV_DONTNEED, with the tables that fall empty where the kernel does so."""
        return self.zap.zap_and_reclaim(vma, start, end)

    @cython.ccall
    @cython.nogil
    def change_protection(self, vma: u32, start: u64, end: u64) -> cython.int:
        """Rewrite present ptes for the vma's new vm_flags (already set): change_protection()."""
        return self.mprotect.change_protection(vma, start, end)

    @cython.ccall
    @cython.nogil
    def move_page_tables(
        self, vma: u32, old_addr: u64, new_vma: u32, new_addr: u64, length: u64
    ) -> u64:
        """mremap: move ptes; bytes moved (less than length when out of memory)."""
        return self.mremap.move_page_tables(vma, old_addr, new_vma, new_addr, length)

    @cython.ccall
    @cython.nogil
    def populate_range(self, vma: u32, start: u64, end: u64, write: cython.int) -> i64:
        """Fault in a part of a vma as gup does: pages, or -ENOMEM, -EFAULT.
        populate_vma_page_range(), faultin_page_range()."""
        return self.gup.populate_range(vma, start, end, write)

    @cython.ccall
    @cython.nogil
    def madvise_ptes(self, vma: u32, start: u64, end: u64, advice: cython.int) -> cython.int:
        """The pte side of MADV_FREE, MADV_COLD (DONTNEED is zap_page_range())."""
        return self.madvise.madvise_ptes(vma, start, end, advice)

    # Invariants

    def check(self):
        """Recount references, mapcounts and resident sets over all page tables."""
        mapcount, named = {}, {}
        for mm in self.arena.where("mms", "pgd"):
            rss = [0, 0, 0, 0]
            for address, _, pte in self.page_tables.walk(mm):
                if is_swap_pte(pte):
                    entry = pte_to_swp_entry(pte)
                    named[entry] = named.get(entry, 0) + 1
                    rss[MM_SWAPENTS] += 1
                    continue
                pfn = self._check_pte(mm, address, pte)
                if pfn:
                    mapcount[pfn] = mapcount.get(pfn, 0) + 1
                    rss[self.mm_counter(pfn)] += 1
            for member in range(4):
                exact = self.rss.exact(mm, member)
                assert exact == rss[member], f"mm {mm}: rss {member}: {exact} != {rss[member]}"
        for pfn, count in mapcount.items():
            assert self.pages[pfn].mapcount == count, f"pfn {pfn}: mapcount"
            assert self.pages[pfn].refcount >= count, f"pfn {pfn}: refcount"
        self._check_no_others_mapped(mapcount)
        for entry in self.shmem_swap.swap_entries():
            named[entry] = named.get(entry, 0) + 1
        self.swapfile.check_names(named)

    def _check_pte(self, mm, address, pte):
        """pfn of the page that a pte counts as mapping, or 0."""
        vma = self.vma_tree.find_vma(mm, address)
        assert vma and self.vmas[vma].vm_start <= address, f"mm {mm}: {address:#x} has no vma"
        pfn = (pte & PTE_PFN_MASK) >> 12
        if pte & PAGE_SPECIAL:
            return 0
        assert pfn != self.zero_page[0], f"{address:#x}: the zero page counts as resident"
        assert self.pages[pfn].refcount > 0, f"{address:#x}: maps a free page"
        if pte & PAGE_RW:
            assert self.vmas[vma].vm_flags & VM_WRITE, f"{address:#x}: writable pte"
            if not self.vmas[vma].vm_flags & VM_SHARED:
                assert self.pages[pfn].mapping & PAGE_MAPPING_ANON
                assert self.pages[pfn].flags & PG_anon_exclusive
        return pfn

    def _check_no_others_mapped(self, mapcount):
        for pfn in self.arena.where("pages", "mapcount"):
            assert pfn in mapcount, f"pfn {pfn}: counts mappings that no pte holds"
