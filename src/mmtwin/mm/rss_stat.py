"""The resident set of an mm by kind of page, as exact or as late as the kernel's own counters.

From 6.2 each is a percpu counter: a CPU adds to its share and moves it to the central count when
it reaches the batch. `status` sums the shares; `stat`, `statm` and the high-water mark read the
central count alone, and so lag. Before 6.2 the faults of a task are counted in the task, and moved
to the mm after every 64 faults; nothing can see the rest.

Models kernel side: include/linux/mm.h: add_mm_counter(), get_mm_counter(), get_mm_rss(),
update_hiwater_rss(); lib/percpu_counter.c; mm/memory.c (6.1): add_mm_counter_fast(),
check_sync_rss_stat().
Not modelled: threads (a task's cache of 6.1 is kept for its mm: one record a thread group).

Invariant: central count + shares = ptes that map a page of that kind (Memory.check()).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import Currents, Mms, Sysctls, i32, i64, u32, u64

# enum: members of mm->rss_stat
MM_FILEPAGES = cython.declare(cython.const[cython.int], 0)
MM_ANONPAGES = cython.declare(cython.const[cython.int], 1)
MM_SWAPENTS = cython.declare(cython.const[cython.int], 2)
MM_SHMEMPAGES = cython.declare(cython.const[cython.int], 3)
NR_MM_COUNTERS = cython.declare(cython.const[cython.int], 4)
TASK_RSS_EVENTS_THRESH = cython.declare(cython.const[cython.int], 64)
KERNEL_PERCPU_RSS = cython.declare(cython.const[cython.int], 602)

# What has not reached the central counts yet; `events` is 6.1's count of faults.
RssShare = cython.struct(file=i32, anon=i32, swap=i32, shmem=i32, events=u32)

if cython.compiled:
    RssShares = cython.typedef(RssShare[::1])
else:
    RssShares = object


@cython.final
@cython.cclass
class RssStat:
    """Counters of Mm: rss_filepages, rss_anonpages, rss_swapents, rss_shmempages."""

    mms: Mms
    shares: RssShares
    current: Currents
    sysctl: Sysctls
    nr_cpus: u32
    batch: i32

    def __init__(self, arena, config):
        self.mms = arena.mms
        self.current = arena.current
        self.sysctl = arena.sysctl
        self.nr_cpus = config.cpus
        self.batch = max(32, 2 * config.cpus)  # percpu_counter_batch
        self.shares = arena.array("rss_shares", "rss_stat.RssShare", len(arena.mms) * config.cpus)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def add_mm_counter(self, mm: u32, member: cython.int, value: i32) -> cython.int:
        """Add pages to a counter outside of a fault."""
        if self.sysctl[0].kernel < KERNEL_PERCPU_RSS:
            return self.add_central(mm, member, value)
        return self.add_share(mm, member, value, self.batch)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def add_mm_counter_fast(self, mm: u32, member: cython.int, value: i32) -> cython.int:
        """Add pages during a fault: 6.1 keeps them in the task, if it is the mm's own."""
        if self.sysctl[0].kernel < KERNEL_PERCPU_RSS and self.current[0].mm == mm:
            return self.add_share(mm, member, value, 0x7FFFFFFF)
        return self.add_mm_counter(mm, member, value)

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def add_share(self, mm: u32, member: cython.int, value: i32, batch: i32) -> cython.int:
        """percpu_counter_add_batch()."""
        at: u64 = self.share_of(mm)
        if member == MM_ANONPAGES:
            value += self.shares[at].anon
            self.shares[at].anon = 0 if value >= batch or value <= -batch else value
        elif member == MM_FILEPAGES:
            value += self.shares[at].file
            self.shares[at].file = 0 if value >= batch or value <= -batch else value
        elif member == MM_SHMEMPAGES:
            value += self.shares[at].shmem
            self.shares[at].shmem = 0 if value >= batch or value <= -batch else value
        else:
            value += self.shares[at].swap
            self.shares[at].swap = 0 if value >= batch or value <= -batch else value
        if value >= batch or value <= -batch:
            return self.add_central(mm, member, value)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def share_of(self, mm: u32) -> u64:
        """The current CPU's share; 6.1's cache of the task is kept in the first."""
        if self.sysctl[0].kernel < KERNEL_PERCPU_RSS:
            return cython.cast(u64, mm) * self.nr_cpus
        return cython.cast(u64, mm) * self.nr_cpus + self.current[0].cpu

    @cython.cfunc
    @cython.nogil
    def add_central(self, mm: u32, member: cython.int, value: i64) -> cython.int:
        if member == MM_ANONPAGES:
            self.mms[mm].rss_anonpages += value
        elif member == MM_FILEPAGES:
            self.mms[mm].rss_filepages += value
        elif member == MM_SHMEMPAGES:
            self.mms[mm].rss_shmempages += value
        else:
            self.mms[mm].rss_swapents += value
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def check_sync_rss_stat(self, mm: u32) -> cython.int:
        """6.1: after 64 faults the task's cache goes to the mm. Runs at the start of each fault."""
        if self.sysctl[0].kernel >= KERNEL_PERCPU_RSS:
            return 0
        at: u64 = self.share_of(mm)
        self.shares[at].events += 1
        if self.shares[at].events > cython.cast(u32, TASK_RSS_EVENTS_THRESH) + 1:
            self.shares[at].events = 0
            self.sync_mm_rss(mm)
        return 0

    @cython.cfunc
    @cython.nogil
    def sync_current(self, mm: u32) -> cython.int:
        """6.1 empties the task's cache before a walk over its own mm counts what it took."""
        if self.sysctl[0].kernel < KERNEL_PERCPU_RSS and self.current[0].mm == mm:
            self.shares[self.share_of(mm)].events = 0
            self.sync_mm_rss(mm)
        return 0

    @cython.ccall
    @cython.nogil
    def sync_mm_rss(self, mm: u32) -> cython.int:
        """Move every share to the central counts (6.1: the task's cache, at fork and exit)."""
        for i in range(
            mm * cython.cast(u64, self.nr_cpus), (mm + 1) * cython.cast(u64, self.nr_cpus)
        ):
            self.mms[mm].rss_filepages += self.shares[i].file
            self.mms[mm].rss_anonpages += self.shares[i].anon
            self.mms[mm].rss_swapents += self.shares[i].swap
            self.mms[mm].rss_shmempages += self.shares[i].shmem
            self.shares[i].file = 0
            self.shares[i].anon = 0
            self.shares[i].swap = 0
            self.shares[i].shmem = 0
        return 0

    @cython.ccall
    @cython.nogil
    def destroy(self, mm: u32) -> cython.int:
        """The mm goes, and nothing is resident any more: check_mm()."""
        self.sync_mm_rss(mm)
        assert self.mms[mm].rss_filepages == 0 and self.mms[mm].rss_anonpages == 0
        assert self.mms[mm].rss_shmempages == 0 and self.mms[mm].rss_swapents == 0
        self.shares[cython.cast(u64, mm) * self.nr_cpus].events = 0
        return 0

    @cython.ccall
    @cython.nogil
    def get_mm_counter(self, mm: u32, member: cython.int) -> i64:
        """The central count, never below 0: what `stat` and `statm` are made of."""
        value: i64 = self.mms[mm].rss_swapents
        if member == MM_ANONPAGES:
            value = self.mms[mm].rss_anonpages
        elif member == MM_FILEPAGES:
            value = self.mms[mm].rss_filepages
        elif member == MM_SHMEMPAGES:
            value = self.mms[mm].rss_shmempages
        return value if value > 0 else 0

    @cython.ccall
    @cython.nogil
    def get_mm_counter_sum(self, mm: u32, member: cython.int) -> i64:
        """What `status` shows: exact from 6.2, the central count before."""
        if self.sysctl[0].kernel < KERNEL_PERCPU_RSS:
            return self.get_mm_counter(mm, member)
        return self.exact(mm, member)

    @cython.ccall
    @cython.nogil
    def exact(self, mm: u32, member: cython.int) -> i64:
        """Central count and all shares."""
        value: i64 = self.mms[mm].rss_swapents
        if member == MM_ANONPAGES:
            value = self.mms[mm].rss_anonpages
        elif member == MM_FILEPAGES:
            value = self.mms[mm].rss_filepages
        elif member == MM_SHMEMPAGES:
            value = self.mms[mm].rss_shmempages
        for i in range(
            mm * cython.cast(u64, self.nr_cpus), (mm + 1) * cython.cast(u64, self.nr_cpus)
        ):
            if member == MM_ANONPAGES:
                value += self.shares[i].anon
            elif member == MM_FILEPAGES:
                value += self.shares[i].file
            elif member == MM_SHMEMPAGES:
                value += self.shares[i].shmem
            else:
                value += self.shares[i].swap
        return value

    @cython.ccall
    @cython.nogil
    def get_mm_rss(self, mm: u32) -> i64:
        """Pages resident by the central counts: `stat`, and the high-water mark."""
        return (
            self.get_mm_counter(mm, MM_FILEPAGES)
            + self.get_mm_counter(mm, MM_ANONPAGES)
            + self.get_mm_counter(mm, MM_SHMEMPAGES)
        )

    @cython.ccall
    @cython.nogil
    def update_hiwater_rss(self, mm: u32) -> cython.int:
        """Note the resident set before it shrinks."""
        rss: u64 = cython.cast(u64, self.get_mm_rss(mm))
        if self.mms[mm].hiwater_rss < rss:
            self.mms[mm].hiwater_rss = rss
        return 0
