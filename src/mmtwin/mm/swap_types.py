"""Structs of swap areas that several mechanisms read, and the bits of a slot's count.

Models include/linux/swap.h: struct swap_info_struct, SWP_*, SWAP_*; mm/swap.h:
struct swap_cluster_info.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.types import i32, u8, u32, u64

# Slots of area `type` stand from type << SLOT_SHIFT on; an area has at most 128 GiB.
SLOT_SHIFT = cython.declare(cython.const[cython.int], 25)
NR_SWAP_SLOTS = cython.declare(cython.const[cython.ulonglong], 0x2000000)  # of one area
SWAPFILE_CLUSTER = cython.declare(cython.const[cython.int], 512)  # slots, with THP_SWAP
CLUSTER_SHIFT = cython.declare(cython.const[cython.int], 9)
CLUSTERS_SHIFT = cython.declare(cython.const[cython.int], 16)  # SLOT_SHIFT - CLUSTER_SHIFT

# SwapSlot.map: how many ptes (or shmem) name the slot, and
SWAP_COUNT_MASK = cython.declare(cython.const[cython.uint], 0xFFFFFFF)
SWAP_ZEROMAP = cython.declare(cython.const[cython.uint], 0x10000000)  # si->zeromap: holds zeros
SWAP_MAP_SHMEM = cython.declare(cython.const[cython.uint], 0x20000000)  # shmem's: count stays 1
SWAP_HAS_CACHE = cython.declare(cython.const[cython.uint], 0x40000000)  # in the cache, or to be
SWAP_MAP_BAD = cython.declare(cython.const[cython.uint], 0x80000000)
SWAP_MAP_MAX = cython.declare(cython.const[cython.uint], 0x3E)  # of the kernel's byte
SWAP_MAP_USED = cython.declare(cython.const[cython.uint], 0xEFFFFFFF)  # all but SWAP_ZEROMAP

# SwapInfo.flags
SWP_USED = cython.declare(cython.const[cython.uint], 0x1)
SWP_WRITEOK = cython.declare(cython.const[cython.uint], 0x2)
SWP_SOLIDSTATE = cython.declare(cython.const[cython.uint], 0x10)
SWP_BLKDEV = cython.declare(cython.const[cython.uint], 0x40)
SWP_STABLE_WRITES = cython.declare(cython.const[cython.uint], 0x400)
SWP_SYNCHRONOUS_IO = cython.declare(cython.const[cython.uint], 0x800)

# SwapSlot: what the kernel keeps in swap_map, the swap cache's xarray and the area itself
SwapSlot = cython.struct(
    cache=u64,  # 0, the pfn of its page in the swap cache, or a shadow entry (XA_VALUE)
    map=u32,  # SWAP_COUNT_MASK, SWAP_*
    content=u32,  # what was written to it (Page.content)
)

# struct swap_info_struct
SwapInfo = cython.struct(
    max=u64,  # slots, the header's included
    pages=u64,  # slots that can be used
    inuse_pages=u64,
    lowest_bit=u64,  # no slot below is free
    highest_bit=u64,
    cluster_next=u64,  # of an area without clusters: where the next search begins
    cluster_nr=u64,  # slots that are still to be taken in a row there
    avail_seq=u64,  # place among areas of the same priority
    nr_clusters=u32,
    flags=u32,  # SWP_*
    prio=i32,
    bdev=u32,  # block device, index into `block_devices`; 0: done at once
    zram=u32,  # zram device number + 1, or 0
    inode=u32,  # of a swap file, or 0
)

# struct swap_cluster_info
SwapCluster = cython.struct(
    count=u32,  # used slots
    next=u32,  # neighbours on its list, as number + 1
    prev=u32,
    list=u32,  # CLUSTER_*
)
CLUSTER_NONE = cython.declare(cython.const[cython.uint], 0)  # full, or a CPU's
CLUSTER_FREE = cython.declare(cython.const[cython.uint], 1)
CLUSTER_NONFULL = cython.declare(cython.const[cython.uint], 2)
CLUSTER_FRAG = cython.declare(cython.const[cython.uint], 3)
NR_CLUSTER_LISTS = cython.declare(cython.const[cython.uint], 4)

# 64 slots that are neighbours: a leaf of the swap cache's xarray
SwapCacheNode = cython.struct(count=u8, nr_values=u8)

if cython.compiled:
    SwapSlotArray = cython.typedef(SwapSlot[::1])
    SwapInfos = cython.typedef(SwapInfo[::1])
    SwapClusters = cython.typedef(SwapCluster[::1])
    SwapCacheNodes = cython.typedef(SwapCacheNode[::1])
else:
    SwapSlotArray = SwapInfos = SwapClusters = SwapCacheNodes = object


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def swap_slot_index(entry: u64) -> u64:
    """Index into `swap_slots` of an entry: type << 50 becomes type << SLOT_SHIFT."""
    return (entry >> 50) << SLOT_SHIFT | entry & (NR_SWAP_SLOTS - 1)
