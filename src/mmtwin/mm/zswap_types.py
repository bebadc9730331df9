"""What zswap keeps: its parameters and counters, an entry for each slot, a list for each lruvec.

Models mm/zswap.c: struct zswap_entry, struct zswap_lruvec_state, the counters of debugfs.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import u32, u64

ZSWAP_POOL = cython.declare(cython.const[cython.uint], 0)  # its zsmalloc pool
# 6.12: entries leave when they are loaded; a list for each lruvec; the shrinker
KERNEL_ZSWAP_EXCLUSIVE = cython.declare(cython.const[cython.int], 612)
KERNEL_ZSWAP_INCOMPRESSIBLE = cython.declare(cython.const[cython.int], 618)  # kept as they are
ZBUD_HEADER = cython.declare(cython.const[cython.uint], 8)  # struct zswap_header

# Cells of "zswap": parameters, then what debugfs shows
ZSWAP_ENABLED = cython.declare(cython.const[cython.int], 0)
ZSWAP_COMPRESSOR = cython.declare(cython.const[cython.int], 1)  # ALG_*
ZSWAP_ZPOOL = cython.declare(cython.const[cython.int], 2)  # ZPOOL_*
ZSWAP_MAX_POOL_PERCENT = cython.declare(cython.const[cython.int], 3)
ZSWAP_ACCEPT_THRESHOLD_PERCENT = cython.declare(cython.const[cython.int], 4)
ZSWAP_SAME_FILLED_ENABLED = cython.declare(cython.const[cython.int], 5)
ZSWAP_NON_SAME_FILLED_ENABLED = cython.declare(cython.const[cython.int], 6)
ZSWAP_REACHED_FULL = cython.declare(cython.const[cython.int], 7)
ZSWAP_STORED_PAGES = cython.declare(cython.const[cython.int], 8)
ZSWAP_SAME_FILLED_PAGES = cython.declare(cython.const[cython.int], 9)
ZSWAP_POOL_LIMIT_HIT = cython.declare(cython.const[cython.int], 10)
ZSWAP_WRITTEN_BACK_PAGES = cython.declare(cython.const[cython.int], 11)
ZSWAP_REJECT_RECLAIM_FAIL = cython.declare(cython.const[cython.int], 12)
ZSWAP_REJECT_COMPRESS_FAIL = cython.declare(cython.const[cython.int], 13)
ZSWAP_REJECT_COMPRESS_POOR = cython.declare(cython.const[cython.int], 14)
ZSWAP_REJECT_ALLOC_FAIL = cython.declare(cython.const[cython.int], 15)
ZSWAP_REJECT_KMEMCACHE_FAIL = cython.declare(cython.const[cython.int], 16)
ZSWAP_DUPLICATE_ENTRY = cython.declare(cython.const[cython.int], 17)
ZSWAP_STORED_INCOMPRESSIBLE_PAGES = cython.declare(cython.const[cython.int], 18)
ZSWAP_SHRINKER_ENABLED = cython.declare(cython.const[cython.int], 19)
ZSWAP_KTHREAD = cython.declare(cython.const[cython.int], 20)
ZSWAP_NEXT_SHRINK = cython.declare(cython.const[cython.int], 21)  # memcg + 1; 0: from the root
ZSWAP_POOL_TOTAL_PAGES = cython.declare(cython.const[cython.int], 22)  # 6.1: as last looked at
ZSWAP_WORK_NS = cython.declare(cython.const[cython.int], 23)  # of the worker's last run
NR_ZSWAP_CELLS = cython.declare(cython.const[cython.int], 24)
ZPOOL_ZBUD = cython.declare(cython.const[cython.uint], 0)
ZPOOL_ZSMALLOC = cython.declare(cython.const[cython.uint], 1)

# ZswapEntry.state
ZSWAP_USED = cython.declare(cython.const[cython.uint], 1)
ZSWAP_KIND_SHIFT = cython.declare(cython.const[cython.int], 1)  # ZPOOL_*, one bit
ZSWAP_REFERENCED = cython.declare(cython.const[cython.uint], 4)  # has a second chance

# struct zswap_entry, at its slot's index
ZswapEntry = cython.struct(
    next=u64,  # neighbours on the LRU, by slot index; 0: none
    prev=u64,
    handle=u32,  # of the pool
    length=u32,  # compressed; 0 of a same-filled page, a page where it is kept as it is
    objcg=u32,  # that it is charged to, as memcontrol knows it
    state=u32,  # ZSWAP_*
    lruvec=u32,  # whose list it is on
    pad=u32,
)

# What zswap knows of an lruvec: its list_lru, struct zswap_lruvec_state, nr_deferred
ZswapLruvec = cython.struct(
    first=u64,  # oldest entry: slot index; 0: none
    last=u64,
    nr=u64,
    nr_disk_swapins=u64,  # pages that had to come from the device: so many entries are spared
    nr_deferred=u64,
)

if cython.compiled:
    ZswapEntries = cython.typedef(ZswapEntry[::1])
    ZswapLruvecs = cython.typedef(ZswapLruvec[::1])
else:
    ZswapEntries = ZswapLruvecs = object
