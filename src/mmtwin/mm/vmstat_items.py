"""Every counter of /proc/vmstat by its enum name, and the order in which a kernel prints them.

Models include/linux/mmzone.h: enum zone_stat_item, numa_stat_item, node_stat_item;
include/linux/vm_event_item.h; mm/vmstat.c: vmstat_text.
The numbers are one set for all reference versions; `vmstat_layout()` gives what a version prints,
in its order. Taken from the files of Debian's 6.1, 6.12 and 6.18 kernels (x86_64).
Not modelled: counters of options that Debian leaves off (CMA, DEBUG_VM); they are not printed.
"""

import cython

# enum zone_stat_item
NR_FREE_PAGES = cython.declare(cython.const[cython.int], 0)
NR_FREE_PAGES_BLOCKS = cython.declare(cython.const[cython.int], 1)
NR_ZONE_INACTIVE_ANON = cython.declare(cython.const[cython.int], 2)
NR_ZONE_ACTIVE_ANON = cython.declare(cython.const[cython.int], 3)
NR_ZONE_INACTIVE_FILE = cython.declare(cython.const[cython.int], 4)
NR_ZONE_ACTIVE_FILE = cython.declare(cython.const[cython.int], 5)
NR_ZONE_UNEVICTABLE = cython.declare(cython.const[cython.int], 6)
NR_ZONE_WRITE_PENDING = cython.declare(cython.const[cython.int], 7)
NR_MLOCK = cython.declare(cython.const[cython.int], 8)
NR_BOUNCE = cython.declare(cython.const[cython.int], 9)
NR_ZSPAGES = cython.declare(cython.const[cython.int], 10)
NR_FREE_CMA_PAGES = cython.declare(cython.const[cython.int], 11)
NR_UNACCEPTED = cython.declare(cython.const[cython.int], 12)
NR_VM_ZONE_STAT_ITEMS = cython.declare(cython.const[cython.int], 13)

# enum numa_stat_item
NUMA_HIT = cython.declare(cython.const[cython.int], 0)
NUMA_MISS = cython.declare(cython.const[cython.int], 1)
NUMA_FOREIGN = cython.declare(cython.const[cython.int], 2)
NUMA_INTERLEAVE_HIT = cython.declare(cython.const[cython.int], 3)
NUMA_LOCAL = cython.declare(cython.const[cython.int], 4)
NUMA_OTHER = cython.declare(cython.const[cython.int], 5)
NR_VM_NUMA_EVENT_ITEMS = cython.declare(cython.const[cython.int], 6)

# enum node_stat_item
NR_INACTIVE_ANON = cython.declare(cython.const[cython.int], 0)
NR_ACTIVE_ANON = cython.declare(cython.const[cython.int], 1)
NR_INACTIVE_FILE = cython.declare(cython.const[cython.int], 2)
NR_ACTIVE_FILE = cython.declare(cython.const[cython.int], 3)
NR_UNEVICTABLE = cython.declare(cython.const[cython.int], 4)
NR_SLAB_RECLAIMABLE_B = cython.declare(cython.const[cython.int], 5)
NR_SLAB_UNRECLAIMABLE_B = cython.declare(cython.const[cython.int], 6)
NR_ISOLATED_ANON = cython.declare(cython.const[cython.int], 7)
NR_ISOLATED_FILE = cython.declare(cython.const[cython.int], 8)
WORKINGSET_NODES = cython.declare(cython.const[cython.int], 9)
WORKINGSET_REFAULT_ANON = cython.declare(cython.const[cython.int], 10)
WORKINGSET_REFAULT_FILE = cython.declare(cython.const[cython.int], 11)
WORKINGSET_ACTIVATE_ANON = cython.declare(cython.const[cython.int], 12)
WORKINGSET_ACTIVATE_FILE = cython.declare(cython.const[cython.int], 13)
WORKINGSET_RESTORE_ANON = cython.declare(cython.const[cython.int], 14)
WORKINGSET_RESTORE_FILE = cython.declare(cython.const[cython.int], 15)
WORKINGSET_NODERECLAIM = cython.declare(cython.const[cython.int], 16)
NR_ANON_MAPPED = cython.declare(cython.const[cython.int], 17)
NR_FILE_MAPPED = cython.declare(cython.const[cython.int], 18)
NR_FILE_PAGES = cython.declare(cython.const[cython.int], 19)
NR_FILE_DIRTY = cython.declare(cython.const[cython.int], 20)
NR_WRITEBACK = cython.declare(cython.const[cython.int], 21)
NR_WRITEBACK_TEMP = cython.declare(cython.const[cython.int], 22)
NR_SHMEM = cython.declare(cython.const[cython.int], 23)
NR_SHMEM_THPS = cython.declare(cython.const[cython.int], 24)
NR_SHMEM_PMDMAPPED = cython.declare(cython.const[cython.int], 25)
NR_FILE_THPS = cython.declare(cython.const[cython.int], 26)
NR_FILE_PMDMAPPED = cython.declare(cython.const[cython.int], 27)
NR_ANON_THPS = cython.declare(cython.const[cython.int], 28)
NR_VMSCAN_WRITE = cython.declare(cython.const[cython.int], 29)
NR_VMSCAN_IMMEDIATE = cython.declare(cython.const[cython.int], 30)
NR_DIRTIED = cython.declare(cython.const[cython.int], 31)
NR_WRITTEN = cython.declare(cython.const[cython.int], 32)
NR_THROTTLED_WRITTEN = cython.declare(cython.const[cython.int], 33)
NR_KERNEL_MISC_RECLAIMABLE = cython.declare(cython.const[cython.int], 34)
NR_FOLL_PIN_ACQUIRED = cython.declare(cython.const[cython.int], 35)
NR_FOLL_PIN_RELEASED = cython.declare(cython.const[cython.int], 36)
NR_KERNEL_STACK_KB = cython.declare(cython.const[cython.int], 37)
NR_PAGETABLE = cython.declare(cython.const[cython.int], 38)
NR_SECONDARY_PAGETABLE = cython.declare(cython.const[cython.int], 39)
NR_IOMMU_PAGES = cython.declare(cython.const[cython.int], 40)
NR_SWAPCACHE = cython.declare(cython.const[cython.int], 41)
PGPROMOTE_SUCCESS = cython.declare(cython.const[cython.int], 42)
PGPROMOTE_CANDIDATE = cython.declare(cython.const[cython.int], 43)
PGPROMOTE_CANDIDATE_NRL = cython.declare(cython.const[cython.int], 44)
PGDEMOTE_KSWAPD = cython.declare(cython.const[cython.int], 45)
PGDEMOTE_DIRECT = cython.declare(cython.const[cython.int], 46)
PGDEMOTE_KHUGEPAGED = cython.declare(cython.const[cython.int], 47)
PGDEMOTE_PROACTIVE = cython.declare(cython.const[cython.int], 48)
NR_HUGETLB = cython.declare(cython.const[cython.int], 49)
NR_BALLOON_PAGES = cython.declare(cython.const[cython.int], 50)
NR_KERNEL_FILE_PAGES = cython.declare(cython.const[cython.int], 51)
NR_VM_NODE_STAT_ITEMS = cython.declare(cython.const[cython.int], 52)

# enum vm_event_item
PGPGIN = cython.declare(cython.const[cython.int], 0)
PGPGOUT = cython.declare(cython.const[cython.int], 1)
PSWPIN = cython.declare(cython.const[cython.int], 2)
PSWPOUT = cython.declare(cython.const[cython.int], 3)
PGALLOC_DMA = cython.declare(cython.const[cython.int], 4)
PGALLOC_DMA32 = cython.declare(cython.const[cython.int], 5)
PGALLOC_NORMAL = cython.declare(cython.const[cython.int], 6)
PGALLOC_MOVABLE = cython.declare(cython.const[cython.int], 7)
PGALLOC_DEVICE = cython.declare(cython.const[cython.int], 8)
ALLOCSTALL_DMA = cython.declare(cython.const[cython.int], 9)
ALLOCSTALL_DMA32 = cython.declare(cython.const[cython.int], 10)
ALLOCSTALL_NORMAL = cython.declare(cython.const[cython.int], 11)
ALLOCSTALL_MOVABLE = cython.declare(cython.const[cython.int], 12)
ALLOCSTALL_DEVICE = cython.declare(cython.const[cython.int], 13)
PGSKIP_DMA = cython.declare(cython.const[cython.int], 14)
PGSKIP_DMA32 = cython.declare(cython.const[cython.int], 15)
PGSKIP_NORMAL = cython.declare(cython.const[cython.int], 16)
PGSKIP_MOVABLE = cython.declare(cython.const[cython.int], 17)
PGSKIP_DEVICE = cython.declare(cython.const[cython.int], 18)
PGFREE = cython.declare(cython.const[cython.int], 19)
PGACTIVATE = cython.declare(cython.const[cython.int], 20)
PGDEACTIVATE = cython.declare(cython.const[cython.int], 21)
PGLAZYFREE = cython.declare(cython.const[cython.int], 22)
PGFAULT = cython.declare(cython.const[cython.int], 23)
PGMAJFAULT = cython.declare(cython.const[cython.int], 24)
PGLAZYFREED = cython.declare(cython.const[cython.int], 25)
PGREFILL = cython.declare(cython.const[cython.int], 26)
PGREUSE = cython.declare(cython.const[cython.int], 27)
PGSTEAL_KSWAPD = cython.declare(cython.const[cython.int], 28)
PGSTEAL_DIRECT = cython.declare(cython.const[cython.int], 29)
PGSTEAL_KHUGEPAGED = cython.declare(cython.const[cython.int], 30)
PGSTEAL_PROACTIVE = cython.declare(cython.const[cython.int], 31)
PGSCAN_KSWAPD = cython.declare(cython.const[cython.int], 32)
PGSCAN_DIRECT = cython.declare(cython.const[cython.int], 33)
PGSCAN_KHUGEPAGED = cython.declare(cython.const[cython.int], 34)
PGSCAN_PROACTIVE = cython.declare(cython.const[cython.int], 35)
PGSCAN_DIRECT_THROTTLE = cython.declare(cython.const[cython.int], 36)
PGSCAN_ANON = cython.declare(cython.const[cython.int], 37)
PGSCAN_FILE = cython.declare(cython.const[cython.int], 38)
PGSTEAL_ANON = cython.declare(cython.const[cython.int], 39)
PGSTEAL_FILE = cython.declare(cython.const[cython.int], 40)
PGSCAN_ZONE_RECLAIM_SUCCESS = cython.declare(cython.const[cython.int], 41)
PGSCAN_ZONE_RECLAIM_FAILED = cython.declare(cython.const[cython.int], 42)
PGINODESTEAL = cython.declare(cython.const[cython.int], 43)
SLABS_SCANNED = cython.declare(cython.const[cython.int], 44)
KSWAPD_INODESTEAL = cython.declare(cython.const[cython.int], 45)
KSWAPD_LOW_WMARK_HIT_QUICKLY = cython.declare(cython.const[cython.int], 46)
KSWAPD_HIGH_WMARK_HIT_QUICKLY = cython.declare(cython.const[cython.int], 47)
PAGEOUTRUN = cython.declare(cython.const[cython.int], 48)
PGROTATED = cython.declare(cython.const[cython.int], 49)
DROP_PAGECACHE = cython.declare(cython.const[cython.int], 50)
DROP_SLAB = cython.declare(cython.const[cython.int], 51)
OOM_KILL = cython.declare(cython.const[cython.int], 52)
NUMA_PTE_UPDATES = cython.declare(cython.const[cython.int], 53)
NUMA_HUGE_PTE_UPDATES = cython.declare(cython.const[cython.int], 54)
NUMA_HINT_FAULTS = cython.declare(cython.const[cython.int], 55)
NUMA_HINT_FAULTS_LOCAL = cython.declare(cython.const[cython.int], 56)
NUMA_PAGE_MIGRATE = cython.declare(cython.const[cython.int], 57)
PGMIGRATE_SUCCESS = cython.declare(cython.const[cython.int], 58)
PGMIGRATE_FAIL = cython.declare(cython.const[cython.int], 59)
THP_MIGRATION_SUCCESS = cython.declare(cython.const[cython.int], 60)
THP_MIGRATION_FAIL = cython.declare(cython.const[cython.int], 61)
THP_MIGRATION_SPLIT = cython.declare(cython.const[cython.int], 62)
COMPACTMIGRATE_SCANNED = cython.declare(cython.const[cython.int], 63)
COMPACTFREE_SCANNED = cython.declare(cython.const[cython.int], 64)
COMPACTISOLATED = cython.declare(cython.const[cython.int], 65)
COMPACTSTALL = cython.declare(cython.const[cython.int], 66)
COMPACTFAIL = cython.declare(cython.const[cython.int], 67)
COMPACTSUCCESS = cython.declare(cython.const[cython.int], 68)
KCOMPACTD_WAKE = cython.declare(cython.const[cython.int], 69)
KCOMPACTD_MIGRATE_SCANNED = cython.declare(cython.const[cython.int], 70)
KCOMPACTD_FREE_SCANNED = cython.declare(cython.const[cython.int], 71)
HTLB_BUDDY_PGALLOC = cython.declare(cython.const[cython.int], 72)
HTLB_BUDDY_PGALLOC_FAIL = cython.declare(cython.const[cython.int], 73)
UNEVICTABLE_PGCULLED = cython.declare(cython.const[cython.int], 74)
UNEVICTABLE_PGSCANNED = cython.declare(cython.const[cython.int], 75)
UNEVICTABLE_PGRESCUED = cython.declare(cython.const[cython.int], 76)
UNEVICTABLE_PGMLOCKED = cython.declare(cython.const[cython.int], 77)
UNEVICTABLE_PGMUNLOCKED = cython.declare(cython.const[cython.int], 78)
UNEVICTABLE_PGCLEARED = cython.declare(cython.const[cython.int], 79)
UNEVICTABLE_PGSTRANDED = cython.declare(cython.const[cython.int], 80)
THP_FAULT_ALLOC = cython.declare(cython.const[cython.int], 81)
THP_FAULT_FALLBACK = cython.declare(cython.const[cython.int], 82)
THP_FAULT_FALLBACK_CHARGE = cython.declare(cython.const[cython.int], 83)
THP_COLLAPSE_ALLOC = cython.declare(cython.const[cython.int], 84)
THP_COLLAPSE_ALLOC_FAILED = cython.declare(cython.const[cython.int], 85)
THP_FILE_ALLOC = cython.declare(cython.const[cython.int], 86)
THP_FILE_FALLBACK = cython.declare(cython.const[cython.int], 87)
THP_FILE_FALLBACK_CHARGE = cython.declare(cython.const[cython.int], 88)
THP_FILE_MAPPED = cython.declare(cython.const[cython.int], 89)
THP_SPLIT_PAGE = cython.declare(cython.const[cython.int], 90)
THP_SPLIT_PAGE_FAILED = cython.declare(cython.const[cython.int], 91)
THP_DEFERRED_SPLIT_PAGE = cython.declare(cython.const[cython.int], 92)
THP_UNDERUSED_SPLIT_PAGE = cython.declare(cython.const[cython.int], 93)
THP_SPLIT_PMD = cython.declare(cython.const[cython.int], 94)
THP_SCAN_EXCEED_NONE_PTE = cython.declare(cython.const[cython.int], 95)
THP_SCAN_EXCEED_SWAP_PTE = cython.declare(cython.const[cython.int], 96)
THP_SCAN_EXCEED_SHARE_PTE = cython.declare(cython.const[cython.int], 97)
THP_SPLIT_PUD = cython.declare(cython.const[cython.int], 98)
THP_ZERO_PAGE_ALLOC = cython.declare(cython.const[cython.int], 99)
THP_ZERO_PAGE_ALLOC_FAILED = cython.declare(cython.const[cython.int], 100)
THP_SWPOUT = cython.declare(cython.const[cython.int], 101)
THP_SWPOUT_FALLBACK = cython.declare(cython.const[cython.int], 102)
BALLOON_INFLATE = cython.declare(cython.const[cython.int], 103)
BALLOON_DEFLATE = cython.declare(cython.const[cython.int], 104)
BALLOON_MIGRATE = cython.declare(cython.const[cython.int], 105)
SWAP_RA = cython.declare(cython.const[cython.int], 106)
SWAP_RA_HIT = cython.declare(cython.const[cython.int], 107)
SWPIN_ZERO = cython.declare(cython.const[cython.int], 108)
SWPOUT_ZERO = cython.declare(cython.const[cython.int], 109)
KSM_SWPIN_COPY = cython.declare(cython.const[cython.int], 110)
COW_KSM = cython.declare(cython.const[cython.int], 111)
ZSWPIN = cython.declare(cython.const[cython.int], 112)
ZSWPOUT = cython.declare(cython.const[cython.int], 113)
ZSWPWB = cython.declare(cython.const[cython.int], 114)
DIRECT_MAP_LEVEL2_SPLIT = cython.declare(cython.const[cython.int], 115)
DIRECT_MAP_LEVEL3_SPLIT = cython.declare(cython.const[cython.int], 116)
DIRECT_MAP_LEVEL2_COLLAPSE = cython.declare(cython.const[cython.int], 117)
DIRECT_MAP_LEVEL3_COLLAPSE = cython.declare(cython.const[cython.int], 118)
NR_VM_EVENT_ITEMS = cython.declare(cython.const[cython.int], 119)


def _names(text):
    return tuple(text.split())


# What is printed, over all versions: the name at index i is item i's.
ZONE_STAT_NAMES = _names("""
nr_free_pages nr_free_pages_blocks nr_zone_inactive_anon nr_zone_active_anon
nr_zone_inactive_file nr_zone_active_file nr_zone_unevictable nr_zone_write_pending nr_mlock
nr_bounce nr_zspages nr_free_cma nr_unaccepted
""")
NUMA_STAT_NAMES = _names("""
numa_hit numa_miss numa_foreign numa_interleave numa_local numa_other
""")
NODE_STAT_NAMES = _names("""
nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file nr_unevictable
nr_slab_reclaimable nr_slab_unreclaimable nr_isolated_anon nr_isolated_file workingset_nodes
workingset_refault_anon workingset_refault_file workingset_activate_anon
workingset_activate_file workingset_restore_anon workingset_restore_file workingset_nodereclaim
nr_anon_pages nr_mapped nr_file_pages nr_dirty nr_writeback nr_writeback_temp nr_shmem
nr_shmem_hugepages nr_shmem_pmdmapped nr_file_hugepages nr_file_pmdmapped
nr_anon_transparent_hugepages nr_vmscan_write nr_vmscan_immediate_reclaim nr_dirtied nr_written
nr_throttled_written nr_kernel_misc_reclaimable nr_foll_pin_acquired nr_foll_pin_released
nr_kernel_stack nr_page_table_pages nr_sec_page_table_pages nr_iommu_pages nr_swapcached
pgpromote_success pgpromote_candidate pgpromote_candidate_nrl pgdemote_kswapd pgdemote_direct
pgdemote_khugepaged pgdemote_proactive nr_hugetlb nr_balloon_pages nr_kernel_file_pages
""")
# Global figures that no enum holds; mm/vmstat.c: enum vm_stat_item.
VM_STAT_NAMES = _names("""
nr_dirty_threshold nr_dirty_background_threshold nr_memmap_pages nr_memmap_boot_pages
""")
EVENT_NAMES = _names("""
pgpgin pgpgout pswpin pswpout pgalloc_dma pgalloc_dma32 pgalloc_normal pgalloc_movable
pgalloc_device allocstall_dma allocstall_dma32 allocstall_normal allocstall_movable
allocstall_device pgskip_dma pgskip_dma32 pgskip_normal pgskip_movable pgskip_device pgfree
pgactivate pgdeactivate pglazyfree pgfault pgmajfault pglazyfreed pgrefill pgreuse
pgsteal_kswapd pgsteal_direct pgsteal_khugepaged pgsteal_proactive pgscan_kswapd pgscan_direct
pgscan_khugepaged pgscan_proactive pgscan_direct_throttle pgscan_anon pgscan_file pgsteal_anon
pgsteal_file zone_reclaim_success zone_reclaim_failed pginodesteal slabs_scanned
kswapd_inodesteal kswapd_low_wmark_hit_quickly kswapd_high_wmark_hit_quickly pageoutrun
pgrotated drop_pagecache drop_slab oom_kill numa_pte_updates numa_huge_pte_updates
numa_hint_faults numa_hint_faults_local numa_pages_migrated pgmigrate_success pgmigrate_fail
thp_migration_success thp_migration_fail thp_migration_split compact_migrate_scanned
compact_free_scanned compact_isolated compact_stall compact_fail compact_success
compact_daemon_wake compact_daemon_migrate_scanned compact_daemon_free_scanned
htlb_buddy_alloc_success htlb_buddy_alloc_fail unevictable_pgs_culled unevictable_pgs_scanned
unevictable_pgs_rescued unevictable_pgs_mlocked unevictable_pgs_munlocked
unevictable_pgs_cleared unevictable_pgs_stranded thp_fault_alloc thp_fault_fallback
thp_fault_fallback_charge thp_collapse_alloc thp_collapse_alloc_failed thp_file_alloc
thp_file_fallback thp_file_fallback_charge thp_file_mapped thp_split_page thp_split_page_failed
thp_deferred_split_page thp_underused_split_page thp_split_pmd thp_scan_exceed_none_pte
thp_scan_exceed_swap_pte thp_scan_exceed_share_pte thp_split_pud thp_zero_page_alloc
thp_zero_page_alloc_failed thp_swpout thp_swpout_fallback balloon_inflate balloon_deflate
balloon_migrate swap_ra swap_ra_hit swpin_zero swpout_zero ksm_swpin_copy cow_ksm zswpin
zswpout zswpwb direct_map_level2_splits direct_map_level3_splits direct_map_level2_collapses
direct_map_level3_collapses
""")
# First and last version that print a name, where not all do.
SINCE_612 = _names("""
nr_unaccepted nr_iommu_pages pgdemote_khugepaged nr_memmap_pages nr_memmap_boot_pages
pgsteal_khugepaged pgscan_khugepaged zone_reclaim_success thp_underused_split_page swpin_zero
swpout_zero zswpwb
""")
SINCE_618 = _names("""
nr_free_pages_blocks pgpromote_candidate_nrl pgdemote_proactive nr_hugetlb nr_balloon_pages
nr_kernel_file_pages pgsteal_proactive pgscan_proactive direct_map_level2_collapses
direct_map_level3_collapses
""")
UNTIL_612 = _names("""
nr_bounce nr_writeback_temp
""")
# 6.1 counts demotions as events, printed behind this one; later kernels as node items.
DEMOTED_AS_EVENTS = ["pgdemote_kswapd", "pgdemote_direct"]


OF_ZSWAP = _names("zswpin zswpout zswpwb")


def vmstat_layout(kernel, zswap=True):
    """What /proc/vmstat of a version prints: (name, kind, item) for each line, in order.

    `kernel` is 601, 612 or 618, `zswap` whether it is built with that. kind is "zone", "numa",
    "node", "event" (an index into that enum), "global" (a name of VM_STAT_NAMES, item -1) or
    "zero" (a line that is always 0).
    """
    sections = [
        ("zone", ZONE_STAT_NAMES),
        ("numa", NUMA_STAT_NAMES),
        ("node", NODE_STAT_NAMES),
        ("global", VM_STAT_NAMES),
        ("event", EVENT_NAMES),
    ]
    lines = []
    for kind, names in sections:
        for item, name in enumerate(names):
            if printed_by(name, kernel) and (zswap or name not in OF_ZSWAP):
                lines.append((name, kind, -1 if kind == "global" else item))
    if kernel < 612:
        _move_demotions(lines)
    return [*lines, ("nr_unstable", "zero", -1)]


def printed_by(name, kernel):
    """Whether /proc/vmstat of that version has this line."""
    if name in SINCE_612 and kernel < 612:
        return False
    if name in SINCE_618 and kernel < 618:
        return False
    return name not in UNTIL_612 or kernel < 618


def _move_demotions(lines):
    moved = [line for line in lines if line[0] in DEMOTED_AS_EVENTS]
    for line in moved:
        lines.remove(line)
    after = [line[0] for line in lines].index("pgsteal_direct") + 1
    lines[after:after] = moved
