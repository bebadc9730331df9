"""Committed memory: what every accounted mapping may yet come to need.

    mode 0  a single request may not exceed all of RAM and swap; the sum is not limited
    mode 1  everything is granted
    mode 2  the sum stays below CommitLimit, less the reserves

Models mm/util.c: __vm_enough_memory(), vm_commit_limit(), vm_acct_memory();
mm/mm_init.c: mm_compute_batch(); lib/percpu_counter.c.
Not modelled: hugetlb pages, which lower CommitLimit (there are none yet).

Committed_AS is a percpu counter: in mode 2 the kernel compares its central part only, which
lags by up to a batch a CPU. The file /proc/meminfo shows the exact sum.

Invariant: the sum is the pages of all VM_ACCOUNT vmas plus what shmem holds.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.mmzone import Zones
    from mmtwin.mm.types import Currents, I64s, Mms, Sysctls, i64, u32, u64
    from mmtwin.mm.uapi import ENOMEM

OVERCOMMIT_GUESS = cython.declare(cython.const[cython.int], 0)
OVERCOMMIT_ALWAYS = cython.declare(cython.const[cython.int], 1)
OVERCOMMIT_NEVER = cython.declare(cython.const[cython.int], 2)

# Cells of `committed`; the CPUs' parts follow from COMMITTED_CPU on.
COMMITTED_CENTRAL = cython.declare(cython.const[cython.int], 0)
COMMITTED_MODE = cython.declare(cython.const[cython.int], 1)  # mode as of the last change
COMMITTED_TOTALRAM = cython.declare(cython.const[cython.int], 2)  # pages: totalram_pages()
COMMITTED_SWAP = cython.declare(cython.const[cython.int], 3)  # pages: total_swap_pages
COMMITTED_CPU = cython.declare(cython.const[cython.int], 4)


@cython.final
@cython.cclass
class Overcommit:
    """Committed_AS and the three overcommit modes."""

    committed: I64s
    mms: Mms
    sysctl: Sysctls
    current: Currents
    nr_cpus: cython.int
    zones: Zones

    def __init__(self, arena, config):
        self.nr_cpus = config.cpus
        self.committed = arena.array("committed", "i64", COMMITTED_CPU + config.cpus)
        self.mms = arena.mms
        self.sysctl = arena.sysctl
        self.current = arena.current

    def wire(self, m):
        """Take the mechanism that knows the size of memory."""
        self.zones = m.zones

    def boot(self):
        """Learn the size of memory; nothing is committed."""
        self.committed[COMMITTED_TOTALRAM] = self.zones.totalram_pages()
        self.committed[COMMITTED_MODE] = self.sysctl[0].overcommit_memory

    @cython.ccall
    @cython.nogil
    def set_swap_pages(self, nr_pages: i64) -> cython.int:
        """total_swap_pages has changed."""
        self.committed[COMMITTED_SWAP] = nr_pages
        return 0

    @cython.ccall
    @cython.nogil
    def security_vm_enough_memory(self, mm: u32, nr_pages: i64) -> cython.int:
        """Charge pages, or -ENOMEM: security_vm_enough_memory_mm(), for root."""
        return self.vm_enough_memory(mm, nr_pages, True)

    @cython.ccall
    @cython.nogil
    def vm_enough_memory(self, mm: u32, nr_pages: i64, cap_sys_admin: cython.bint) -> cython.int:
        """Charge pages, or -ENOMEM: __vm_enough_memory(). `mm` 0 asks for the kernel itself."""
        self.vm_acct_memory(nr_pages)
        if self.granted(mm, nr_pages, cap_sys_admin):
            return 0
        self.vm_unacct_memory(nr_pages)
        return -ENOMEM

    @cython.cfunc
    @cython.nogil
    def granted(self, mm: u32, nr_pages: i64, cap_sys_admin: cython.bint) -> cython.bint:
        """The decision, with the request already in the counter."""
        mode: i64 = self.sysctl[0].overcommit_memory
        if mode == OVERCOMMIT_ALWAYS:
            return True
        if mode == OVERCOMMIT_GUESS:
            return nr_pages <= self.totalram_pages() + self.committed[COMMITTED_SWAP]
        allowed: i64 = cython.cast(i64, self.vm_commit_limit())
        if not cap_sys_admin:
            allowed -= self.sysctl[0].admin_reserve_kbytes >> 2
        if mm != 0:
            reserve: i64 = self.sysctl[0].user_reserve_kbytes >> 2
            share: i64 = cython.cast(i64, self.mms[mm].total_vm >> 5)
            allowed -= share if share < reserve else reserve
        central: i64 = self.committed[COMMITTED_CENTRAL]
        if central < 0:
            central = 0
        return central < allowed

    @cython.ccall
    @cython.nogil
    def vm_unacct_memory(self, nr_pages: i64) -> cython.int:
        """Give pages back."""
        return self.vm_acct_memory(-nr_pages)

    @cython.ccall
    @cython.nogil
    def vm_acct_memory(self, nr_pages: i64) -> cython.int:
        """Charge pages without asking: percpu_counter_add_batch()."""
        if self.committed[COMMITTED_MODE] != self.sysctl[0].overcommit_memory:
            self.overcommit_policy_changed()
        cell: u32 = COMMITTED_CPU + self.current[0].cpu
        part: i64 = self.committed[cell] + nr_pages
        batch: i64 = self.batch()
        if part >= batch or -part >= batch:
            self.committed[COMMITTED_CENTRAL] += part
            part = 0
        self.committed[cell] = part
        return 0

    @cython.cfunc
    @cython.nogil
    def overcommit_policy_changed(self) -> cython.int:
        """On a change to mode 2 the CPUs' parts are collected: sync_overcommit_as()."""
        self.committed[COMMITTED_MODE] = self.sysctl[0].overcommit_memory
        if self.committed[COMMITTED_MODE] != OVERCOMMIT_NEVER:
            return 0
        cpu: cython.int
        for cpu in range(self.nr_cpus):
            self.committed[COMMITTED_CENTRAL] += self.committed[COMMITTED_CPU + cpu]
            self.committed[COMMITTED_CPU + cpu] = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def batch(self) -> i64:
        """How far a CPU's part may grow: mm_compute_batch()."""
        share: i64 = self.committed[COMMITTED_TOTALRAM] // self.nr_cpus
        batch: i64 = 32
        if 2 * self.nr_cpus > batch:
            batch = 2 * self.nr_cpus
        if self.sysctl[0].overcommit_memory == OVERCOMMIT_NEVER:
            share >>= 8
        else:
            share >>= 2
        return share if share > batch else batch

    @cython.ccall
    @cython.nogil
    def vm_commit_limit(self) -> u64:
        """Pages: CommitLimit."""
        pages: i64
        if self.sysctl[0].overcommit_kbytes != 0:
            pages = self.sysctl[0].overcommit_kbytes >> 2
        else:
            pages = self.totalram_pages() * self.sysctl[0].overcommit_ratio // 100
        return cython.cast(u64, pages + self.committed[COMMITTED_SWAP])

    @cython.ccall
    @cython.nogil
    def vm_memory_committed(self) -> i64:
        """Pages, exact: Committed_AS."""
        total: i64 = self.committed[COMMITTED_CENTRAL]
        cpu: cython.int
        for cpu in range(self.nr_cpus):
            total += self.committed[COMMITTED_CPU + cpu]
        return total if total > 0 else 0

    @cython.ccall
    @cython.nogil
    def totalram_pages(self) -> i64:
        """Pages that the allocator manages."""
        return self.committed[COMMITTED_TOTALRAM]
