"""Faults on file, shared-memory and special mappings.

    load             fault-around: map up to 16 cached pages around the address, else read it
    store, private   read it, copy it: the pte gets an anonymous page
    store, shared    read it, let the file system know (page_mkwrite), map it writable, dirty

A fault that has to read, or to wait, or that asks for the next window, drops the lock and is then
handled once more (VM_FAULT_RETRY): a load maps by fault-around what came meanwhile.

    not cached           major; reads around itself [-16, +16), the marker 8 before the end;
                         MADV_SEQUENTIAL: a window ahead; MADV_RANDOM, or many misses: it alone
    cached, marked       the next window is asked for
    cached, being read   waits

`ra_mmap_miss` counts misses against hits of a file; more than 100 of them stop reading around.
The aligned 64 KiB window of fault-around is cut to the vma and to one page table (the vma's start
moves its end along).

Models mm/memory.c: do_fault(), do_read_fault(), do_cow_fault(), do_shared_fault(),
do_fault_around(), finish_fault(), fault_dirty_shared_page(); mm/filemap.c: filemap_fault(),
do_sync_mmap_readahead(), do_async_mmap_readahead(), lock_folio_maybe_drop_mmap(),
filemap_map_pages(), next_uptodate_folio(); fs/ext4/inode.c: ext4_page_mkwrite().
Not modelled: huge pages of files, file systems whose faults are not filemap_fault().

Invariant: a fault that fails, or is to be retried, leaves no empty page table behind that it made.
(One behind the end of its file can still map pages before it.)
"""

import cython

if not cython.compiled:
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE
    from mmtwin.mm.page_flags import (
        INODE_SHMEM, PG_locked, PG_reclaim, PG_reserved, PG_uptodate, PG_workingset,
    )  # fmt: skip
    from mmtwin.mm.page_writeback import PageWriteback
    from mmtwin.mm.pgtable import ALL_ONES, PageTables
    from mmtwin.mm.pgtable_types import (
        PAGE_DIRTY, PAGE_RW, PAGE_SHIFT, PAGE_SIZE, PAGE_SOFT_DIRTY, PAGE_SPECIAL,
    )  # fmt: skip
    from mmtwin.mm.readahead import Readahead
    from mmtwin.mm.rss_stat import MM_ANONPAGES, RssStat
    from mmtwin.mm.types import Files, Inodes, Pages, Sysctls, U64s, Vmas, u32, u64
    from mmtwin.mm.vm_fault import (
        FAULT_FLAG_ALLOW_RETRY, FAULT_FLAG_TRIED, VM_FAULT_ERROR, VM_FAULT_MAJOR,
        VM_FAULT_NOPAGE, VM_FAULT_OOM, VM_FAULT_RETRY, VM_FAULT_SIGBUS,
    )  # fmt: skip
    from mmtwin.mm.vm_flags import (
        NAME_VDSO, VM_EXEC, VM_HUGEPAGE, VM_RAND_READ, VM_SEQ_READ, VM_SHARED, VM_WRITE,
        VMOPS_FILE, VMOPS_SHM, VMOPS_SPECIAL,
    )  # fmt: skip
    from mmtwin.mm.vma_prot import vm_page_prot
    from mmtwin.mm.vmstat_items import PGMAJFAULT

# With an error: a table that was made for this fault is in use all the same.
NEIGHBOURS_MAPPED = cython.declare(cython.const[cython.int], 1 << 30)
NO_TABLE_FOR_LAST = cython.declare(cython.const[cython.int], 612)
VDSO_IMAGE = cython.declare(cython.const[cython.ulonglong], 0x1001)  # pfn, in the kernel's image
VDSO_PAGES = cython.declare(cython.const[cython.int], 2)
MMAP_LOTSAMISS = cython.declare(cython.const[cython.int], 100)
HPAGE_PMD_NR = cython.declare(cython.const[cython.uint], 512)


@cython.final
@cython.cclass
class FileFault:
    """The faults of vmas with vm_ops."""

    pages: Pages
    ptes: U64s
    vmas: Vmas
    files: Files
    inodes: Inodes
    sysctl: Sysctls
    vdso: U64s  # pfns of the vdso's image, and of vvar behind them
    page_tables: PageTables
    rss: RssStat
    page_cache: PageCache
    lru = cython.declare("Lru")
    rmap = cython.declare("Rmap")
    vmstat = cython.declare("VmStat")
    readahead: Readahead
    writeback: PageWriteback
    memcontrol = cython.declare("MemControl")
    memory = cython.declare("Memory")
    arena: object

    def __init__(self, arena, config):
        self.arena = arena
        self.pages, self.ptes, self.vmas = arena.pages, arena.ptes, arena.vmas
        self.files, self.inodes, self.sysctl = arena.files, arena.inodes, arena.sysctl
        self.vdso = arena.array("vdso_pages", "u64", VDSO_PAGES + 1)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.page_tables, self.rss, self.page_cache = m.page_tables, m.rss_stat, m.page_cache
        self.lru, self.rmap, self.vmstat = m.lru, m.rmap, m.vmstat
        self.memory, self.readahead, self.writeback = m.memory, m.readahead, m.page_writeback
        self.memcontrol = m.memcontrol

    def boot(self):
        """The pages of vdso and vvar lie in the kernel's image."""
        for i in range(VDSO_PAGES + 1):
            pfn = VDSO_IMAGE + i
            self.vdso[i] = pfn
            self.pages[pfn].flags = PG_reserved
            self.pages[pfn].refcount = 1

    @cython.cfunc
    @cython.nogil
    def do_fault(
        self, vma: u32, address: u64, at: u64, write: cython.int, flags: cython.int
    ) -> cython.int:
        """First touch of a page of a mapping with vm_ops. `at` is the pte's index, 0 where its
        table is missing."""
        if self.vmas[vma].vm_ops == VMOPS_SPECIAL:
            return self.special_mapping_fault(vma, address)
        mm: u32 = self.vmas[vma].vm_mm
        table_missing: cython.bint = at == 0
        if table_missing:
            at = self.page_tables.pte_alloc(mm, address)
        if at == 0:
            return VM_FAULT_OOM
        fault: cython.int = 0
        if not write:
            fault = self.do_read_fault(vma, address, at, table_missing, flags)
        elif self.vmas[vma].vm_flags & VM_SHARED:
            fault = self.do_shared_fault(vma, address, at, flags)
        else:
            fault = self.do_cow_fault(vma, address, at, flags)
        unused: cython.bint = table_missing and not fault & NEIGHBOURS_MAPPED
        if fault & (VM_FAULT_ERROR | VM_FAULT_RETRY) and unused:
            self.page_tables.pte_free(mm, address)
        return fault & ~NEIGHBOURS_MAPPED

    @cython.cfunc
    @cython.nogil
    def do_read_fault(
        self, vma: u32, address: u64, at: u64, table_missing: cython.bint, flags: cython.int
    ) -> cython.int:
        """A load: cached pages around it are mapped too."""
        around: cython.int = 0
        has_map_pages: cython.bint = self.vmas[vma].vm_ops != VMOPS_SHM
        if has_map_pages and self.sysctl[0].fault_around_bytes >> PAGE_SHIFT > 1:
            around = self.do_fault_around(vma, address, at, table_missing)
            if self.ptes[at]:
                return VM_FAULT_NOPAGE
        fault: cython.int = self.vm_ops_fault(vma, address, flags)
        if fault & (VM_FAULT_ERROR | VM_FAULT_RETRY):
            return fault | around
        pfn: u64 = self.page_cache.find_get_page(self.inode_of(vma), self.pgoff(vma, address))
        self.set_pte_range(vma, at, pfn, 0)
        return fault

    @cython.cfunc
    @cython.nogil
    def do_cow_fault(self, vma: u32, address: u64, at: u64, flags: cython.int) -> cython.int:
        """A store to a private mapping: an anonymous copy."""
        copy: u64 = self.memory.alloc_anon(vma, GFP_HIGHUSER_MOVABLE)
        if copy == 0:
            return VM_FAULT_OOM
        fault: cython.int = self.vm_ops_fault(vma, address, flags)
        if fault & (VM_FAULT_ERROR | VM_FAULT_RETRY):
            self.lru.put_page(copy)
            return fault
        self.rss.add_mm_counter_fast(self.vmas[vma].vm_mm, MM_ANONPAGES, 1)
        self.memory.set_anon_pte(vma, address, at, copy)
        return fault

    @cython.cfunc
    @cython.nogil
    def do_shared_fault(self, vma: u32, address: u64, at: u64, flags: cython.int) -> cython.int:
        """A store to a shared mapping: the page itself, writable and dirty."""
        fault: cython.int = self.vm_ops_fault(vma, address, flags)
        if fault & (VM_FAULT_ERROR | VM_FAULT_RETRY):
            return fault
        pfn: u64 = self.page_cache.find_get_page(self.inode_of(vma), self.pgoff(vma, address))
        if self.page_mkwrite(vma, pfn):
            return VM_FAULT_SIGBUS
        self.set_pte_range(vma, at, pfn, 1)
        return fault

    @cython.cfunc
    @cython.nogil
    def page_mkwrite(self, vma: u32, pfn: u64) -> cython.int:
        """A store is about to reach a shared page: the file system's page_mkwrite(), which gives it
        buffers and a block, then fault_dirty_shared_page(): 0, or VM_FAULT_SIGBUS where the device
        is full."""
        inode: u32 = self.inode_of(vma)
        if self.vmas[vma].vm_ops == VMOPS_FILE:
            self.page_cache.buffers.create_empty_buffers(pfn)
            if self.page_cache.ext4.get_block(inode, self.pages[pfn].index):
                return VM_FAULT_SIGBUS
        self.page_cache.folio_mark_dirty(pfn)
        if self.vmas[vma].vm_ops != VMOPS_FILE:
            return 0
        return self.writeback.balance_dirty_pages_ratelimited(inode, 1)

    @cython.cfunc
    @cython.nogil
    def vm_ops_fault(self, vma: u32, address: u64, flags: cython.int) -> cython.int:
        """vm_ops->fault(): with the page in the cache and up to date, 0 or VM_FAULT_MAJOR; else
        VM_FAULT_RETRY, with VM_FAULT_MAJOR or not, or an error; SIGBUS past the file's end."""
        inode: u32 = self.inode_of(vma)
        index: u64 = self.pgoff(vma, address)
        if index >= self.page_cache.inode_pages(inode):
            return VM_FAULT_SIGBUS
        if self.vmas[vma].vm_ops == VMOPS_FILE:
            return self.filemap_fault(vma, inode, index, flags)
        if self.page_cache.filemap_get_or_read(inode, index) == 0:
            return VM_FAULT_SIGBUS if self.page_cache.is_full(inode) else VM_FAULT_OOM
        if not self.page_cache.major:
            return 0
        self.vmstat.count_vm_events(PGMAJFAULT, 1)
        self.memcontrol.count_memcg_event_mm(self.vmas[vma].vm_mm, PGMAJFAULT)
        return VM_FAULT_MAJOR

    @cython.cfunc
    @cython.nogil
    def filemap_fault(self, vma: u32, inode: u32, index: u64, flags: cython.int) -> cython.int:
        """vm_ops_fault() of a file on a device."""
        fault: cython.int = 0
        dropped: cython.bint = False  # the lock
        pfn: u64 = self.page_cache.find_get_page(inode, index)
        if pfn:
            self.pages[pfn].refcount += 1  # readahead may reclaim
            if not flags & FAULT_FLAG_TRIED:
                dropped = self.do_async_mmap_readahead(vma, pfn, flags)
        else:
            self.vmstat.count_vm_events(PGMAJFAULT, 1)
            self.memcontrol.count_memcg_event_mm(self.vmas[vma].vm_mm, PGMAJFAULT)
            fault = VM_FAULT_MAJOR
            dropped = self.do_sync_mmap_readahead(vma, index, flags)
            pfn = self.page_cache.find_get_page(inode, index)
            if pfn == 0:
                pfn = self.page_cache.filemap_alloc_and_add(inode, index, GFP_HIGHUSER_MOVABLE)
                if pfn == 0:
                    return VM_FAULT_RETRY | fault if dropped else VM_FAULT_OOM
                self.pages[pfn].flags ^= PG_locked
            self.pages[pfn].refcount += 1
        fault |= self.wait_for_page(vma, pfn, dropped, flags)
        self.lru.put_page(pfn)
        return fault

    @cython.cfunc
    @cython.nogil
    def wait_for_page(
        self, vma: u32, pfn: u64, dropped: cython.bint, flags: cython.int
    ) -> cython.int:
        """The rest of filemap_fault(), for a page that is held: until it can be read."""
        if self.pages[pfn].flags & PG_locked:
            dropped = dropped or self.maybe_unlock_mmap_for_io(flags)
            self.page_cache.folio_wait_locked(pfn)
        if not self.pages[pfn].flags & PG_uptodate:
            dropped = dropped or self.maybe_unlock_mmap_for_io(flags)
            if self.readahead.filemap_read_folio(self.vmas[vma].vm_file, pfn) and not dropped:
                return VM_FAULT_SIGBUS
        return VM_FAULT_RETRY if dropped else 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def maybe_unlock_mmap_for_io(self, flags: cython.int) -> cython.bint:
        """Whether the lock is dropped before waiting, so that the fault has to be handled again."""
        return flags & (FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_TRIED) == FAULT_FLAG_ALLOW_RETRY

    @cython.cfunc
    @cython.nogil
    def do_sync_mmap_readahead(self, vma: u32, index: u64, flags: cython.int) -> cython.bint:
        """The page is not cached: read around it, or as MADV_* asks. Whether the lock was
        dropped."""
        file: u32 = self.vmas[vma].vm_file
        vm_flags: u64 = self.vmas[vma].vm_flags
        size: u32 = self.files[file].ra_pages
        if vm_flags & VM_HUGEPAGE:
            return self.read_huge_window(file, index, vm_flags, flags)
        if vm_flags & VM_RAND_READ or size == 0:
            return False
        if vm_flags & VM_SEQ_READ:
            self.readahead.page_cache_sync_ra(file, index, size)
            return self.maybe_unlock_mmap_for_io(flags)
        if self.files[file].ra_mmap_miss < MMAP_LOTSAMISS * 10:
            self.files[file].ra_mmap_miss += 1
        if self.files[file].ra_mmap_miss > MMAP_LOTSAMISS:
            return False
        if vm_flags & VM_EXEC and self.sysctl[0].kernel >= 616:
            self.exec_window(vma, file, index)
        else:
            self.files[file].ra_start = index - size // 2 if index > size // 2 else 0
            self.files[file].ra_size = size
            self.files[file].ra_async_size = size // 4
        self.files[file].ra_order = 0
        self.readahead.page_cache_ra_order(file, self.files[file].ra_start)
        return self.maybe_unlock_mmap_for_io(flags)

    @cython.cfunc
    @cython.nogil
    def exec_window(self, vma: u32, file: u32, index: u64) -> cython.int:
        """From 6.16 code is read ahead of the fault only, within its vma."""
        end: u64 = self.vmas[vma].vm_pgoff
        end += (self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> PAGE_SHIFT
        stop: u64 = min(index + self.files[file].ra_pages, end)
        self.files[file].ra_start = index
        self.files[file].ra_size = cython.cast(u32, stop - index)
        self.files[file].ra_async_size = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def read_huge_window(
        self, file: u32, index: u64, vm_flags: u64, flags: cython.int
    ) -> cython.bint:
        """MADV_HUGEPAGE: aligned 2 MiB, and the next."""
        start: u64 = index - (index & (HPAGE_PMD_NR - 1))
        self.files[file].ra_size = HPAGE_PMD_NR
        if not vm_flags & VM_RAND_READ:
            self.files[file].ra_size = HPAGE_PMD_NR * 2
        self.files[file].ra_async_size = HPAGE_PMD_NR
        self.readahead.page_cache_ra_order(file, start)
        return self.maybe_unlock_mmap_for_io(flags)

    @cython.cfunc
    @cython.nogil
    def do_async_mmap_readahead(self, vma: u32, pfn: u64, flags: cython.int) -> cython.bint:
        """The page is cached: a hit, and the next window if it is marked. Whether the lock was
        dropped."""
        file: u32 = self.vmas[vma].vm_file
        if self.vmas[vma].vm_flags & VM_RAND_READ or self.files[file].ra_pages == 0:
            return False
        if self.files[file].ra_mmap_miss:
            if self.sysctl[0].kernel < 618 or not self.pages[pfn].flags & PG_locked:
                self.files[file].ra_mmap_miss -= 1
        if not self.pages[pfn].flags & PG_reclaim:
            return False
        self.readahead.page_cache_async_ra(file, pfn, self.files[file].ra_pages)
        return self.maybe_unlock_mmap_for_io(flags)

    @cython.cfunc
    @cython.nogil
    def do_fault_around(
        self, vma: u32, address: u64, at: u64, table_missing: cython.bint
    ) -> cython.int:
        """Map what is cached in the window around address: filemap_map_pages(). The resident set
        grows by all of it at once, which shows where percpu counters are read late.
        NEIGHBOURS_MAPPED if there was anything.

        Where there is no page table yet, one is installed as a huge mapping would be, which since
        6.12 is not done for the last page of a file (the check of i_size is for huge pages), unless
        it is in tmpfs: then nothing is mapped."""
        window: u64 = cython.cast(u64, self.sysctl[0].fault_around_bytes)
        start: u64 = address & ~(window - 1) & ALL_ONES
        if start < self.vmas[vma].vm_start:
            start = self.vmas[vma].vm_start
        end: u64 = self.page_tables.pmd_addr_end(address, start + window)
        if end > self.vmas[vma].vm_end:
            end = self.vmas[vma].vm_end
        inode: u32 = self.inode_of(vma)
        size: u64 = self.page_cache.inode_pages(inode)
        to: u64 = at - ((address - start) >> PAGE_SHIFT)
        mapped: cython.int = 0
        member: cython.int = 0
        hits: u32 = 0
        while start < end and self.pgoff(vma, start) < size:
            pfn: u64 = self.page_cache.find_get_page(inode, self.pgoff(vma, start))
            if pfn and self.may_map(pfn):
                if table_missing and not mapped and self.is_last_page(inode, pfn):
                    return 0
                hits += self.is_mmap_hit(pfn)
                if self.ptes[to] == 0:
                    self.map_page(vma, to, pfn, 0)
                    member = self.memory.mm_counter_file(pfn)
                    mapped += 1
            start += PAGE_SIZE
            to += 1
        if mapped:
            self.rss.add_mm_counter_fast(self.vmas[vma].vm_mm, member, mapped)
        self.count_mmap_hits(self.vmas[vma].vm_file, hits)
        return NEIGHBOURS_MAPPED if mapped else 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def is_mmap_hit(self, pfn: u64) -> u32:
        """1 for a page that speaks for reading around, mapped already or not; one that had to come
        back does not (from 6.10)."""
        if self.pages[pfn].flags & PG_workingset and self.sysctl[0].kernel >= 610:
            return 0
        return 1

    @cython.cfunc
    @cython.nogil
    def count_mmap_hits(self, file: u32, hits: u32) -> cython.int:
        """Hits make up for misses."""
        misses: u32 = self.files[file].ra_mmap_miss
        self.files[file].ra_mmap_miss = misses - hits if hits < misses else 0
        return 0

    @cython.cfunc
    @cython.nogil
    def is_last_page(self, inode: u32, pfn: u64) -> cython.bint:
        """Whether filemap_map_pages() does not install a page table for it."""
        if self.sysctl[0].kernel < NO_TABLE_FOR_LAST or self.inodes[inode].i_kind == INODE_SHMEM:
            return False
        return self.pages[pfn].index + 1 >= self.page_cache.inode_pages(inode)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def may_map(self, pfn: u64) -> cython.bint:
        """Whether fault-around takes a cached page: next_uptodate_folio(). PG_reclaim on a clean
        page marks where readahead starts its next read (PG_readahead)."""
        return self.pages[pfn].flags & (PG_uptodate | PG_locked | PG_reclaim) == PG_uptodate

    @cython.cfunc
    @cython.nogil
    def set_pte_range(self, vma: u32, at: u64, pfn: u64, write: cython.int) -> cython.int:
        """Map a page of the cache and count it into the resident set."""
        self.rss.add_mm_counter_fast(self.vmas[vma].vm_mm, self.memory.mm_counter_file(pfn), 1)
        return self.map_page(vma, at, pfn, write)

    @cython.cfunc
    @cython.nogil
    def map_page(self, vma: u32, at: u64, pfn: u64, write: cython.int) -> cython.int:
        """A pte for a page of the cache: one reference, one mapcount."""
        vm_flags: u64 = self.vmas[vma].vm_flags
        pte: u64 = (pfn << PAGE_SHIFT) | vm_page_prot(vm_flags, self.vmas[vma].vm_ops)
        if write:
            pte |= PAGE_DIRTY | PAGE_SOFT_DIRTY
            if vm_flags & VM_WRITE:
                pte |= PAGE_RW
        self.pages[pfn].refcount += 1
        self.rmap.add_file_rmap(pfn)
        self.ptes[at] = pte
        return 0

    @cython.cfunc
    @cython.nogil
    def special_mapping_fault(self, vma: u32, address: u64) -> cython.int:
        """vdso: pages of the kernel's image, mapped as file pages; vvar: frames without one."""
        at: u64 = self.page_tables.pte_alloc(self.vmas[vma].vm_mm, address)
        if at == 0:
            return VM_FAULT_OOM
        index: u64 = (address - self.vmas[vma].vm_start) >> PAGE_SHIFT
        if self.vmas[vma].name == NAME_VDSO:
            if index >= cython.cast(u64, VDSO_PAGES):
                return VM_FAULT_SIGBUS
            return self.set_pte_range(vma, at, self.vdso[index], 0)
        prot: u64 = vm_page_prot(self.vmas[vma].vm_flags, VMOPS_SPECIAL)
        self.ptes[at] = (self.vdso[VDSO_PAGES] << PAGE_SHIFT) | prot | PAGE_SPECIAL
        return VM_FAULT_NOPAGE

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def inode_of(self, vma: u32) -> u32:
        return self.files[self.vmas[vma].vm_file].f_inode

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def pgoff(self, vma: u32, address: u64) -> u64:
        """linear_page_index()."""
        return self.vmas[vma].vm_pgoff + ((address - self.vmas[vma].vm_start) >> PAGE_SHIFT)
