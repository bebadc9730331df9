"""Which of the kernel's trace events tell what a scenario does."""

import re

ADDRESS_SPACE = "mmap"
FAULTS = "exceptions/page_fault_user,pagemap/mm_lru_insertion"
HUGE_PAGES = (
    "huge_memory/mm_collapse_huge_page,huge_memory/mm_khugepaged_scan_pmd,"
    "huge_memory/mm_collapse_huge_page_isolate"
)
FILES = (
    "filemap/mm_filemap_add_to_page_cache,filemap/mm_filemap_delete_from_page_cache,"
    "filemap/mm_filemap_fault,filemap/mm_filemap_map_pages"
)
RECLAIM = (
    "vmscan/mm_vmscan_lru_isolate,vmscan/mm_vmscan_lru_shrink_inactive,"
    "vmscan/mm_vmscan_lru_shrink_active,vmscan/mm_vmscan_memcg_reclaim_begin,"
    "vmscan/mm_vmscan_memcg_reclaim_end,vmscan/mm_vmscan_kswapd_wake,"
    "vmscan/mm_vmscan_wakeup_kswapd,vmscan/mm_vmscan_direct_reclaim_begin,"
    "vmscan/mm_vmscan_direct_reclaim_end"
)
BUDDY = (
    "kmem/mm_page_alloc,kmem/mm_page_free,kmem/mm_page_free_batched,"
    "kmem/mm_page_alloc_zone_locked,kmem/mm_page_pcpu_drain,kmem/mm_page_alloc_extfrag"
)
OOM = (
    "oom/mark_victim,oom/start_task_reaping,oom/finish_task_reaping,oom/wake_reaper,"
    "oom/skip_task_reaping"
)
COMPACTION = "compaction"

# The first form that a scenario's name matches decides.
BY_NAME = (
    (r".*oom", OOM), (r"a", ADDRESS_SPACE), (r"b", FAULTS), (r"[cd]", HUGE_PAGES),
    (r"e", FILES), (r"j02", COMPACTION), (r"j", BUDDY), (r"", RECLAIM),
)  # fmt: skip


def default_events(scenario: str) -> str:
    return next(events for form, events in BY_NAME if re.match(form, scenario))
