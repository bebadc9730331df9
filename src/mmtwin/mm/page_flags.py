"""Bits of Page.flags: the kernel's PG_* names as masks, of include/linux/page-flags.h.

Bit positions are ours (the kernel's change with its configuration and version); what leaves the
machine is /proc/kpageflags, whose KPF_* positions are the kernel's.
"""

import cython


# Flags
PG_locked = cython.declare(cython.const[cython.ulonglong], 0x1)
PG_writeback = cython.declare(cython.const[cython.ulonglong], 0x2)
PG_referenced = cython.declare(cython.const[cython.ulonglong], 0x4)
PG_uptodate = cython.declare(cython.const[cython.ulonglong], 0x8)
PG_dirty = cython.declare(cython.const[cython.ulonglong], 0x10)
PG_lru = cython.declare(cython.const[cython.ulonglong], 0x20)
PG_head = cython.declare(cython.const[cython.ulonglong], 0x40)
PG_waiters = cython.declare(cython.const[cython.ulonglong], 0x80)
PG_active = cython.declare(cython.const[cython.ulonglong], 0x100)
PG_workingset = cython.declare(cython.const[cython.ulonglong], 0x200)
PG_owner_priv_1 = cython.declare(cython.const[cython.ulonglong], 0x400)
PG_swapcache = cython.declare(cython.const[cython.ulonglong], 0x400)  # with PG_swapbacked
PG_owner_2 = cython.declare(cython.const[cython.ulonglong], 0x800)
PG_mappedtodisk = cython.declare(cython.const[cython.ulonglong], 0x800)  # PG_owner_2
PG_arch_1 = cython.declare(cython.const[cython.ulonglong], 0x1000)
PG_reserved = cython.declare(cython.const[cython.ulonglong], 0x2000)
PG_private = cython.declare(cython.const[cython.ulonglong], 0x4000)
PG_private_2 = cython.declare(cython.const[cython.ulonglong], 0x8000)
PG_reclaim = cython.declare(cython.const[cython.ulonglong], 0x10000)
PG_swapbacked = cython.declare(cython.const[cython.ulonglong], 0x20000)
PG_unevictable = cython.declare(cython.const[cython.ulonglong], 0x40000)
PG_mlocked = cython.declare(cython.const[cython.ulonglong], 0x80000)
PG_uncached = cython.declare(cython.const[cython.ulonglong], 0x100000)
PG_hwpoison = cython.declare(cython.const[cython.ulonglong], 0x200000)
PG_young = cython.declare(cython.const[cython.ulonglong], 0x400000)
PG_idle = cython.declare(cython.const[cython.ulonglong], 0x800000)
PG_arch_2 = cython.declare(cython.const[cython.ulonglong], 0x1000000)
# page_type: heads a free block of the buddy allocator
PG_buddy = cython.declare(cython.const[cython.ulonglong], 0x10000000000)
PG_table = cython.declare(cython.const[cython.ulonglong], 0x20000000000)  # page_type: a page table
PG_slab = cython.declare(cython.const[cython.ulonglong], 0x40000000000)
PG_zero_page = cython.declare(cython.const[cython.ulonglong], 0x80000000000)  # the shared zero page
# PG_anon_exclusive: writable in place by its one owner
PG_anon_exclusive = cython.declare(cython.const[cython.ulonglong], 0x100000000000)
PG_pcp = cython.declare(cython.const[cython.ulonglong], 0x200000000000)  # on a per-CPU list
PG_ksm = cython.declare(cython.const[cython.ulonglong], 0x400000000000)

# MGLRU (mglru.py): generation + 1 (0: on no generation's list); uses beyond PG_workingset; and the
# generation whose list holds the page, for it is moved only when reclaim meets it
LRU_GEN_MASK = cython.declare(cython.const[cython.ulonglong], 0x7000000000000)
LRU_GEN_SHIFT = cython.declare(cython.const[cython.int], 48)
LRU_REFS_MASK = cython.declare(cython.const[cython.ulonglong], 0x18000000000000)
LRU_REFS_SHIFT = cython.declare(cython.const[cython.int], 51)
LRU_GEN_LIST_MASK = cython.declare(cython.const[cython.ulonglong], 0x60000000000000)
LRU_GEN_LIST_SHIFT = cython.declare(cython.const[cython.int], 53)
# PG_referenced | PG_workingset
LRU_REFS_FLAGS = cython.declare(cython.const[cython.ulonglong], 0x204)

# Page.mapping
PAGE_MAPPING_ANON = cython.declare(cython.const[cython.ulonglong], 1)

# Inode.i_kind
INODE_REGULAR = cython.declare(cython.const[cython.uint], 1)
# tmpfs, memfd, SysV and shared anonymous memory
INODE_SHMEM = cython.declare(cython.const[cython.uint], 2)
INODE_SPECIAL = cython.declare(cython.const[cython.uint], 3)  # devices
INODE_DIRECTORY = cython.declare(cython.const[cython.uint], 4)
INODE_FIFO = cython.declare(cython.const[cython.uint], 6)  # a pipe
INODE_BDEV = cython.declare(cython.const[cython.uint], 5)  # a block device: its own blocks

# Inode.i_state: a bit that I_* leave free, address_space's: SHM_LOCK
AS_UNEVICTABLE = cython.declare(cython.const[cython.uint], 0x80000000)
# and another one, of i_flags: a swap area lies in the file
S_SWAPFILE = cython.declare(cython.const[cython.uint], 0x100000)

# SuperBlock.s_type
FS_EXT4 = cython.declare(cython.const[cython.uint], 1)
FS_TMPFS = cython.declare(cython.const[cython.uint], 2)
