"""Allocation flags and what they mean: which zone, which mobility, how deep into the reserves.

Models include/linux/gfp_types.h, gfp.h: gfp_zone(), gfp_migratetype(); mm/internal.h: ALLOC_*;
mm/page_alloc.c: gfp_to_alloc_flags(). The kernel's `__GFP_X` is `GFP_X_BIT` here, for Python
mangles names with two leading underscores inside of classes.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import u32

# __GFP_* bits, with the kernel's values
GFP_DMA_BIT = cython.declare(cython.const[cython.uint], 0x1)  # zone modifiers
GFP_HIGHMEM_BIT = cython.declare(cython.const[cython.uint], 0x2)
GFP_DMA32_BIT = cython.declare(cython.const[cython.uint], 0x4)
GFP_MOVABLE_BIT = cython.declare(
    cython.const[cython.uint], 0x8
)  # may be moved or reclaimed; with HIGHMEM also: may come from ZONE_MOVABLE
GFP_RECLAIMABLE_BIT = cython.declare(cython.const[cython.uint], 0x10)  # freed by shrinkers
GFP_HIGH_BIT = cython.declare(cython.const[cython.uint], 0x20)  # may dip into the reserves
GFP_IO_BIT = cython.declare(cython.const[cython.uint], 0x40)
GFP_FS_BIT = cython.declare(cython.const[cython.uint], 0x80)
GFP_ZERO_BIT = cython.declare(cython.const[cython.uint], 0x100)
GFP_DIRECT_RECLAIM_BIT = cython.declare(
    cython.const[cython.uint], 0x400
)  # the caller may wait for reclaim
GFP_KSWAPD_RECLAIM_BIT = cython.declare(cython.const[cython.uint], 0x800)  # wake kswapd
GFP_WRITE_BIT = cython.declare(cython.const[cython.uint], 0x1000)  # will be dirtied
GFP_NOWARN_BIT = cython.declare(cython.const[cython.uint], 0x2000)
GFP_RETRY_MAYFAIL_BIT = cython.declare(cython.const[cython.uint], 0x4000)
GFP_NOFAIL_BIT = cython.declare(cython.const[cython.uint], 0x8000)
GFP_NORETRY_BIT = cython.declare(cython.const[cython.uint], 0x10000)
GFP_MEMALLOC_BIT = cython.declare(cython.const[cython.uint], 0x20000)  # no watermarks at all
GFP_COMP_BIT = cython.declare(cython.const[cython.uint], 0x40000)  # a compound page
GFP_NOMEMALLOC_BIT = cython.declare(cython.const[cython.uint], 0x80000)
GFP_HARDWALL_BIT = cython.declare(cython.const[cython.uint], 0x100000)
GFP_THISNODE_BIT = cython.declare(cython.const[cython.uint], 0x200000)  # this node or nothing
GFP_ACCOUNT_BIT = cython.declare(cython.const[cython.uint], 0x400000)  # charge to the memory cgroup

# What callers pass
GFP_ATOMIC = cython.declare(cython.const[cython.uint], 0x820)
GFP_KERNEL = cython.declare(cython.const[cython.uint], 0xCC0)
GFP_KERNEL_ACCOUNT = cython.declare(cython.const[cython.uint], 0x400CC0)
GFP_NOWAIT = cython.declare(cython.const[cython.uint], 0x2800)
GFP_NOIO = cython.declare(cython.const[cython.uint], 0xC00)
GFP_NOFS = cython.declare(cython.const[cython.uint], 0xC40)
GFP_USER = cython.declare(cython.const[cython.uint], 0x100CC0)
GFP_DMA = cython.declare(cython.const[cython.uint], 0x1)
GFP_DMA32 = cython.declare(cython.const[cython.uint], 0x4)
GFP_HIGHUSER = cython.declare(cython.const[cython.uint], 0x100CC2)
GFP_HIGHUSER_MOVABLE = cython.declare(
    cython.const[cython.uint], 0x100CCA
)  # anonymous pages and page cache
GFP_TRANSHUGE_LIGHT = cython.declare(cython.const[cython.uint], 0x1C20CA)
GFP_TRANSHUGE = cython.declare(cython.const[cython.uint], 0x1C24CA)
GFP_PGTABLE_USER = cython.declare(cython.const[cython.uint], 0x400DC0)  # page tables

# alloc_flags
ALLOC_WMARK_MIN = cython.declare(cython.const[cython.uint], 0x0)
ALLOC_WMARK_LOW = cython.declare(cython.const[cython.uint], 0x1)
ALLOC_WMARK_HIGH = cython.declare(cython.const[cython.uint], 0x2)
ALLOC_NO_WATERMARKS = cython.declare(cython.const[cython.uint], 0x4)
ALLOC_WMARK_MASK = cython.declare(cython.const[cython.uint], 0x3)
ALLOC_OOM = cython.declare(cython.const[cython.uint], 0x8)  # an OOM victim
ALLOC_NON_BLOCK = cython.declare(cython.const[cython.uint], 0x10)  # 6.1: ALLOC_HARDER
ALLOC_MIN_RESERVE = cython.declare(cython.const[cython.uint], 0x20)  # 6.1: ALLOC_HIGH
ALLOC_NOFRAGMENT = cython.declare(
    cython.const[cython.uint], 0x100
)  # no fallback between pageblocks of different mobility
ALLOC_HIGHATOMIC = cython.declare(
    cython.const[cython.uint], 0x200
)  # may use and reserve MIGRATE_HIGHATOMIC
ALLOC_SPREAD_DIRTY = cython.declare(  # alloc_context.spread_dirty_pages
    cython.const[cython.uint], 0x1000
)
ALLOC_KSWAPD = cython.declare(cython.const[cython.uint], 0x800)
ALLOC_RESERVES = cython.declare(cython.const[cython.uint], 0x238)  # any right to go below min

# enum migratetype, without the CMA that Debian leaves off
MIGRATE_UNMOVABLE = cython.declare(cython.const[cython.int], 0)
MIGRATE_MOVABLE = cython.declare(cython.const[cython.int], 1)
MIGRATE_RECLAIMABLE = cython.declare(cython.const[cython.int], 2)
MIGRATE_PCPTYPES = cython.declare(
    cython.const[cython.int], 3
)  # types that per-CPU lists and fallbacks know
MIGRATE_HIGHATOMIC = cython.declare(cython.const[cython.int], 3)
MIGRATE_ISOLATE = cython.declare(cython.const[cython.int], 4)
MIGRATE_TYPES = cython.declare(cython.const[cython.int], 5)

# enum zone_type
ZONE_DMA = cython.declare(cython.const[cython.int], 0)  # below 16 MiB
ZONE_DMA32 = cython.declare(cython.const[cython.int], 1)  # below 4 GiB
ZONE_NORMAL = cython.declare(cython.const[cython.int], 2)
ZONE_MOVABLE = cython.declare(cython.const[cython.int], 3)
MAX_NR_ZONES = cython.declare(cython.const[cython.int], 4)  # ZONE_DEVICE is always empty here

# Free lists: orders 0 .. MAX_PAGE_ORDER; a pageblock is one huge page
MAX_PAGE_ORDER = cython.declare(cython.const[cython.int], 10)
NR_PAGE_ORDERS = cython.declare(cython.const[cython.int], 11)
MAX_ORDER_NR_PAGES = cython.declare(cython.const[cython.int], 1024)
PAGEBLOCK_ORDER = cython.declare(cython.const[cython.int], 9)
PAGEBLOCK_NR_PAGES = cython.declare(cython.const[cython.int], 512)
PAGE_ALLOC_COSTLY_ORDER = cython.declare(cython.const[cython.int], 3)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def gfp_zone(gfp: u32) -> cython.int:
    """The highest zone type that the flags allow: gfp_zone()."""
    if gfp & GFP_DMA_BIT:
        return ZONE_DMA
    if gfp & GFP_DMA32_BIT:
        return ZONE_DMA32
    if (gfp & (GFP_HIGHMEM_BIT | GFP_MOVABLE_BIT)) == (GFP_HIGHMEM_BIT | GFP_MOVABLE_BIT):
        return ZONE_MOVABLE
    return ZONE_NORMAL


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def gfp_migratetype(gfp: u32) -> cython.int:
    """Mobility of what is allocated: gfp_migratetype()."""
    return (gfp & (GFP_MOVABLE_BIT | GFP_RECLAIMABLE_BIT)) >> 3


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def gfp_to_alloc_flags(gfp: u32, order: cython.int) -> u32:
    """Rights in the slow path: gfp_to_alloc_flags()."""
    flags: u32 = ALLOC_WMARK_MIN
    flags |= gfp & (GFP_HIGH_BIT | GFP_KSWAPD_RECLAIM_BIT)  # ALLOC_MIN_RESERVE, ALLOC_KSWAPD
    if not gfp & GFP_DIRECT_RECLAIM_BIT:
        if not gfp & GFP_NOMEMALLOC_BIT:
            flags |= ALLOC_NON_BLOCK
            if order > 0:
                flags |= ALLOC_HIGHATOMIC
    return flags
