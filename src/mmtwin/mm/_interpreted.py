"""The engine's namespace when it runs as plain Python: the same names as in `_engine`."""

from mmtwin.mm.access import Access
from mmtwin.mm.buddy import Buddy
from mmtwin.mm.fallback import Fallback
from mmtwin.mm.pcp import PerCpuPages
from mmtwin.mm.vmscan import Vmscan
from mmtwin.mm.oom_kill import OomKill
from mmtwin.mm.mlock_batch import MlockBatch
from mmtwin.mm.filemap import PageCache
from mmtwin.mm.fork import Fork
from mmtwin.mm.idpool import IdPool
from mmtwin.mm.lru import Lru
from mmtwin.mm.mem_map import MemMap
from mmtwin.mm.memory import Memory
from mmtwin.mm.mmap import Mmap
from mmtwin.mm.mmzone import Zones
from mmtwin.mm.page_alloc import PageAlloc
from mmtwin.mm.pgtable import PageTables
from mmtwin.mm.rmap import Rmap
from mmtwin.mm.tlb import Tlb
from mmtwin.mm.util import Overcommit
from mmtwin.mm.vma_tree import VmaTree
from mmtwin.mm.vmstat import VmStat
from mmtwin.mm.xarray import XArray

__all__ = [
    "Access",
    "Buddy",
    "Fallback",
    "Fork",
    "IdPool",
    "Lru",
    "MemMap",
    "Memory",
    "MlockBatch",
    "Mmap",
    "OomKill",
    "Overcommit",
    "PageAlloc",
    "PageCache",
    "PageTables",
    "PerCpuPages",
    "Rmap",
    "Tlb",
    "VmStat",
    "VmaTree",
    "Vmscan",
    "XArray",
    "Zones",
]  # fmt: skip
