"""What memory.stat and memory.numa_stat of a kernel version print, in its order.

Models mm/memcontrol.c: memory_stats[], memcg_vm_event_stat[], memory_stat_format().
Taken from the files of Debian's 6.1, 6.12 and 6.18 kernels (x86_64); `zswap`: built with it.
Not modelled: items of sockets' memory (there are none, it is always 0).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.vmstat_items import (
        EVENT_NAMES, NR_ACTIVE_ANON, NR_ACTIVE_FILE, NR_ANON_MAPPED, NR_ANON_THPS, NR_FILE_DIRTY,
        NR_FILE_MAPPED, NR_FILE_PAGES, NR_FILE_THPS, NR_HUGETLB, NR_INACTIVE_ANON,
        NR_INACTIVE_FILE, NR_KERNEL_STACK_KB, NR_PAGETABLE, NR_SECONDARY_PAGETABLE, NR_SHMEM,
        NR_SHMEM_THPS, NR_SLAB_RECLAIMABLE_B, NR_SLAB_UNRECLAIMABLE_B, NR_SWAPCACHE,
        NR_UNEVICTABLE, NR_WRITEBACK, PGDEMOTE_DIRECT, PGDEMOTE_KHUGEPAGED, PGDEMOTE_KSWAPD,
        PGDEMOTE_PROACTIVE, PGPROMOTE_SUCCESS, WORKINGSET_ACTIVATE_ANON, WORKINGSET_ACTIVATE_FILE,
        WORKINGSET_NODERECLAIM, WORKINGSET_REFAULT_ANON, WORKINGSET_REFAULT_FILE,
        WORKINGSET_RESTORE_ANON, WORKINGSET_RESTORE_FILE,
    )  # fmt: skip

# enum memcg_stat_item: what no node counts
MEMCG_SWAP = cython.declare(cython.const[cython.int], 0)
MEMCG_SOCK = cython.declare(cython.const[cython.int], 1)
MEMCG_PERCPU_B = cython.declare(cython.const[cython.int], 2)
MEMCG_VMALLOC = cython.declare(cython.const[cython.int], 3)
MEMCG_KMEM = cython.declare(cython.const[cython.int], 4)
MEMCG_ZSWAP_B = cython.declare(cython.const[cython.int], 5)
MEMCG_ZSWAPPED = cython.declare(cython.const[cython.int], 6)
MEMCG_EVENTS_FROM = cython.declare(cython.const[cython.int], 8)  # vm events follow
MEMCG_STAT_ITEMS = cython.declare(cython.const[cython.int], 128)


def memory_stats(kernel, zswap):
    """[(name, kind, item, unit)] of memory.stat up to `slab`'s place and from there on.

    kind is "node" or "memcg"; unit is what one counts for, in bytes.
    """
    page, old = 4096, kernel < 612
    rows = [
        ("anon", "node", NR_ANON_MAPPED, page),
        ("file", "node", NR_FILE_PAGES, page),
        ("kernel", "memcg", MEMCG_KMEM, page),
        ("kernel_stack", "node", NR_KERNEL_STACK_KB, 1024),
        ("pagetables", "node", NR_PAGETABLE, page),
        ("sec_pagetables", "node", NR_SECONDARY_PAGETABLE, page),
        ("percpu", "memcg", MEMCG_PERCPU_B, 1),
        ("sock", "memcg", MEMCG_SOCK, page),
        ("vmalloc", "memcg", MEMCG_VMALLOC, page),
        ("shmem", "node", NR_SHMEM, page),
        ("zswap", "memcg", MEMCG_ZSWAP_B, 1),
        ("zswapped", "memcg", MEMCG_ZSWAPPED, page),
        ("file_mapped", "node", NR_FILE_MAPPED, page),
        ("file_dirty", "node", NR_FILE_DIRTY, page),
        ("file_writeback", "node", NR_WRITEBACK, page),
        ("swapcached", "node", NR_SWAPCACHE, page),
        ("anon_thp", "node", NR_ANON_THPS, page),
        ("file_thp", "node", NR_FILE_THPS, page),
        ("shmem_thp", "node", NR_SHMEM_THPS, page),
        ("inactive_anon", "node", NR_INACTIVE_ANON, page),
        ("active_anon", "node", NR_ACTIVE_ANON, page),
        ("inactive_file", "node", NR_INACTIVE_FILE, page),
        ("active_file", "node", NR_ACTIVE_FILE, page),
        ("unevictable", "node", NR_UNEVICTABLE, page),
        ("slab_reclaimable", "node", NR_SLAB_RECLAIMABLE_B, 1),
        ("slab_unreclaimable", "node", NR_SLAB_UNRECLAIMABLE_B, 1),
        ("hugetlb", "node", NR_HUGETLB, page),
        ("workingset_refault_anon", "node", WORKINGSET_REFAULT_ANON, 1),
        ("workingset_refault_file", "node", WORKINGSET_REFAULT_FILE, 1),
        ("workingset_activate_anon", "node", WORKINGSET_ACTIVATE_ANON, 1),
        ("workingset_activate_file", "node", WORKINGSET_ACTIVATE_FILE, 1),
        ("workingset_restore_anon", "node", WORKINGSET_RESTORE_ANON, 1),
        ("workingset_restore_file", "node", WORKINGSET_RESTORE_FILE, 1),
        ("workingset_nodereclaim", "node", WORKINGSET_NODERECLAIM, 1),
    ]
    demoted = [
        ("pgdemote_kswapd", "node", PGDEMOTE_KSWAPD, 1),
        ("pgdemote_direct", "node", PGDEMOTE_DIRECT, 1),
        ("pgdemote_khugepaged", "node", PGDEMOTE_KHUGEPAGED, 1),
        ("pgdemote_proactive", "node", PGDEMOTE_PROACTIVE, 1),
        ("pgpromote_success", "node", PGPROMOTE_SUCCESS, 1),
    ]
    late = ("hugetlb", "pgdemote_proactive")
    gone = () if zswap else ("zswap", "zswapped")
    rows += [] if old else demoted
    return [row for row in rows if row[0] not in gone and (kernel >= 618 or row[0] not in late)]


def numa_stats(kernel, zswap):
    """The rows of memory.numa_stat: memory.stat's without those that no node counts."""
    return [row for row in memory_stats(kernel, zswap) if row[1] == "node"]


def stat_event_names(kernel, zswap):
    """The vm events at the end of memory.stat, in order."""
    old, new = kernel < 612, kernel >= 618
    names = []
    if new:
        names += ["pswpin", "pswpout"]
    for verb in ("pgscan", "pgsteal"):
        names += [f"{verb}_kswapd", f"{verb}_direct"]
        names += [] if old else [f"{verb}_khugepaged"]
        names += [f"{verb}_proactive"] if new else []
    names += ["pgfault", "pgmajfault", "pgrefill", "pgactivate", "pgdeactivate", "pglazyfree"]
    names += ["pglazyfreed"]
    names += [] if old else ["swpin_zero", "swpout_zero"]
    names += ["zswpin", "zswpout"] if zswap else []
    names += ["zswpwb"] if zswap and not old else []
    names += ["thp_fault_alloc", "thp_collapse_alloc"]
    if not old:
        names += ["thp_swpout", "thp_swpout_fallback", "numa_pages_migrated", "numa_pte_updates"]
        names += ["numa_hint_faults"]
    return names


def memcg_events_shown(kernel, zswap):
    """The vm events that memory.stat shows."""
    return {EVENT_NAMES.index(name) for name in stat_event_names(kernel, zswap)}
