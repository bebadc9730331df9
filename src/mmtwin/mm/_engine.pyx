# The engine as one C unit. Order: types and constants, then mechanisms from the bottom up.
# Every class is declared first, so that mechanisms may hold each other in any direction:
# as `name: Class` if its file comes earlier, as `name = cython.declare("Class")` if later.
cimport cython

cdef extern from *:
    """
    #if defined(__GNUC__)
    /* The empty asm keeps gcc from taking a function that only prefetches for one without effects. */
    #define mmtwin_prefetch(p) do { __builtin_prefetch(p); __asm__ __volatile__(""); } while (0)
    #else
    #define mmtwin_prefetch(p) ((void)(p))
    #endif
    """
    void host_prefetch "mmtwin_prefetch"(const void *) noexcept nogil

cdef class IdPool
cdef class Clock
cdef class Block
cdef class BlkPlug
cdef class PageCounters
cdef class MemcgTree
cdef class MemcgStat
cdef class MemcgStockpile
cdef class MemControl
cdef class MemcgSlab
cdef class MemcgSwap
cdef class MemcgHigh
cdef class MemcgLimits
cdef class Workingset
cdef class LzSizes
cdef class Content
cdef class SwapScan
cdef class SwapFile
cdef class SwapState
cdef class PageIo
cdef class Zsmalloc
cdef class Zbud
cdef class Zswap
cdef class ZswapLru
cdef class Zram
cdef class SwapReadahead
cdef class SwapFault
cdef class ShmemSwap
cdef class SwapoffWalk
cdef class PageWriteback
cdef class FsWriteback
cdef class DirtyThrottle
cdef class NodeDirty
cdef class Readahead
cdef class Psi
cdef class RmapReferenced
cdef class RmapUnmap
cdef class Prefetch
cdef class MemMap
cdef class VmStat
cdef class Zones
cdef class Buddy
cdef class Fallback
cdef class PerCpuPages
cdef class Pgdats
cdef class ScanStack
cdef class Lruvecs
cdef class ShrinkFolios
cdef class ShrinkLruvec
cdef class Mglru
cdef class MglruAge
cdef class MglruEvict
cdef class MglruShrink
cdef class Vmscan
cdef class Kswapd
cdef class OomKill
cdef class PageAlloc
cdef class Lru
cdef class ReclaimPolicy
cdef class MlockBatch
cdef class XArray
cdef class PageCache
cdef class FilemapRead
cdef class FilemapWrite
cdef class Fadvise
cdef class Shmem
cdef class FileTable
cdef class Truncate
cdef class Splice
cdef class DirectIo
cdef class Ext4
cdef class Buffers
cdef class ReadWrite
cdef class PageTables
cdef class Tlb
cdef class AnonVmas
cdef class Rmap
cdef class RssStat
cdef class FileFault
cdef class Memory
cdef class Zap
cdef class CopyPte
cdef class MprotectPte
cdef class MremapPte
cdef class Gup
cdef class MadviseCold
cdef class MadvisePte
cdef class TaskMmu
cdef class VmaTree
cdef class Overcommit
cdef class VmaOps
cdef class MmapLayout
cdef class Munmap
cdef class Mmap
cdef class Brk
cdef class StackGrowth
cdef class SpecialMapping
cdef class Fork
cdef class Mprotect
cdef class Mlock
cdef class Mremap
cdef class Madvise
cdef class Mincore
cdef class Msync
cdef class Access
cdef class ReplayBatch

include "types.py"
include "uapi.py"
include "vm_flags.py"
include "page_flags.py"
include "pgtable_types.py"
include "gfp.py"
include "vmstat_items.py"
include "swap_entry.py"
include "swap_types.py"
include "idpool.py"
include "clock.py"
include "mem_map.py"
include "vmstat.py"
include "page_counter.py"
include "memcg_tree.py"
include "memcg_layout.py"
include "memcg_stat.py"
include "memcg_stock.py"
include "memcontrol.py"
include "memcg_slab.py"
include "memcg_swap.py"
include "memcg_high.py"
include "memcg_limits.py"
include "psi.py"
include "lruvec.py"
include "pgdat.py"
include "scan_control.py"
include "mmzone.py"
include "buddy.py"
include "fallback.py"
include "pcp.py"
include "workingset.py"
include "lz_sizes.py"
include "content.py"
include "swap_cluster.py"
include "swapfile.py"
include "swap_state.py"
include "block.py"
include "blk_plug.py"
include "page_io.py"
include "zsmalloc.py"
include "zbud.py"
include "zswap_types.py"
include "zswap.py"
include "zswap_lru.py"
include "zram.py"
include "page_writeback.py"
include "fs_writeback.py"
include "balance_dirty_pages.py"
include "node_dirty.py"
include "rmap_referenced.py"
include "rmap_unmap.py"
include "vmscan_folio.py"
include "vmscan_lruvec.py"
include "vmscan.py"
include "kswapd.py"
include "oom_kill.py"
include "page_alloc.py"
include "mglru.py"
include "lru.py"
include "policy_calls.pyx"
include "policy.py"
include "mlock_batch.py"
include "xarray.py"
include "readahead.py"
include "filemap.py"
include "filemap_read.py"
include "filemap_write.py"
include "fadvise.py"
include "shmem.py"
include "file_table.py"
include "read_write.py"
include "splice.py"
include "ext4.py"
include "truncate.py"
include "buffer.py"
include "direct_io.py"
include "pgtable.py"
include "swap_readahead.py"
include "shmem_swap.py"
include "prefetch.py"
include "tlb.py"
include "anon_vma.py"
include "rmap.py"
include "rss_stat.py"
include "mglru_age.py"
include "mglru_evict.py"
include "mglru_shrink.py"
include "vm_fault.py"
include "vma_prot.py"
include "swap_fault.py"
include "swapoff.py"
include "file_fault.py"
include "memory.py"
include "mmu_gather.py"
include "zap.py"
include "copy_pte.py"
include "mprotect_pte.py"
include "mremap_pte.py"
include "gup.py"
include "madvise_cold.py"
include "madvise_pte.py"
include "task_mmu.py"
include "vma_tree.py"
include "util.py"
include "vma.py"
include "mmap_layout.py"
include "munmap.py"
include "mmap.py"
include "brk.py"
include "stack.py"
include "special_mapping.py"
include "fork.py"
include "mprotect.py"
include "mlock.py"
include "mremap.py"
include "madvise.py"
include "mincore.py"
include "msync.py"
include "access.py"
include "replay_batch.py"
