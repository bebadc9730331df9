"""Integer types and the structs that more than one mechanism reads.

A struct that only one mechanism touches stands in that mechanism's file instead.
Every record is addressed by its index in one array; index 0 means "none" wherever a field
names another record, so freshly zeroed memory is a valid, empty state.
Structs carry no implicit padding (fields are in descending size, `pad*` closes the gap), so
that a hash over the arrays is the same interpreted and compiled.
"""

import cython

u8 = cython.typedef(cython.uchar)
u16 = cython.typedef(cython.ushort)
u32 = cython.typedef(cython.uint)
u64 = cython.typedef(cython.ulonglong)
i32 = cython.typedef(cython.int)
i64 = cython.typedef(cython.longlong)

if cython.compiled:
    U8s = cython.typedef(u8[::1])
    U16s = cython.typedef(u16[::1])
    U32s = cython.typedef(u32[::1])
    U64s = cython.typedef(u64[::1])
    I64s = cython.typedef(i64[::1])
else:
    U8s = U16s = U32s = U64s = I64s = object

# struct page: 64 bytes, indexed by pfn. All zero: a page never yet touched by the allocator.
Page = cython.struct(
    flags=u64,  # PG_* bits (page_flags.py)
    mapping=u64,  # 0, or anon_vma << 1 | PAGE_MAPPING_ANON, or inode << 1
    index=u64,  # page offset in the mapping (anon: vm_pgoff based, as linear_page_index())
    private=u64,  # page table: slot of its 512 entries in `ptes`; else 0
    lru_next=u32,  # pfn links of whichever list holds the page (buddy, pcp, lru)
    lru_prev=u32,
    refcount=i32,  # 0: free
    mapcount=i32,  # number of page-table entries (or pmd entries) that map it; the kernel's + 1
    order=u8,  # of the block while it is a head (free, compound), else 0
    migratetype=u8,  # of the free list or pcp list it is on
    node=u8,
    zone=u8,  # index into `zones`
    compound_head=u32,  # pfn of the head, for a tail page; else 0
    memcg=u32,  # that it is charged to, index into `memcgs`; 0: the root
    content=u32,  # what it holds, as far as compression can tell (content.py); 0: not known
)

# struct vm_area_struct. Linked in address order per mm, and in a tree (vma_tree.py).
Vma = cython.struct(
    vm_start=u64,  # bytes, page aligned
    vm_end=u64,  # first byte after; vm_start < vm_end
    vm_flags=u64,  # VM_* (vm_flags.py)
    vm_pgoff=u64,  # pages; for private anonymous memory vm_start >> 12 when it was mapped
    rb_subtree_gap=u64,  # largest gap before any vma of this subtree, bytes
    swap_readahead_info=u64,  # SWAP_RA_VAL(): address, window and hits of the last swap-in; 0: none
    vm_mm=u32,  # owner, index into `mms`
    vm_file=u32,  # index into `files`, 0 for anonymous
    vm_next=u32,  # neighbours in address order
    vm_prev=u32,
    rb_parent=u32,
    rb_left=u32,
    rb_right=u32,
    rb_priority=u32,
    anon_vma=u32,  # index into `anon_vmas`, 0 until the first anonymous fault
    anon_vma_chain=u32,  # first of this vma's links (rmap.py: AnonVmaChain.next_same_vma)
    i_mmap_next=u32,  # the other vmas that map the same inode
    i_mmap_prev=u32,
    vm_ops=u32,  # VMOPS_*: what stands behind vm_ops (none, file, shmem, special)
    name=u32,  # NAME_*: the bracketed name of a special mapping ([vdso], [vvar]), 0 if none
)

# struct mm_struct.
Mm = cython.struct(
    mmap_base=u64,  # where top-down placement starts
    task_size=u64,
    total_vm=u64,  # pages, as are the next five
    locked_vm=u64,
    pinned_vm=u64,
    data_vm=u64,
    exec_vm=u64,
    stack_vm=u64,
    def_flags=u64,  # flags that every new vma gets (mlockall(MCL_FUTURE))
    start_code=u64,
    end_code=u64,
    start_data=u64,
    end_data=u64,
    start_brk=u64,
    brk=u64,
    start_stack=u64,
    arg_start=u64,
    arg_end=u64,
    env_start=u64,
    env_end=u64,
    rss_filepages=i64,  # MM_FILEPAGES ...: pages mapped, by kind
    rss_anonpages=i64,
    rss_swapents=i64,
    rss_shmempages=i64,
    pgtables_bytes=i64,
    hiwater_rss=u64,  # pages; a maximum as of its last update (update_hiwater_rss())
    hiwater_vm=u64,
    ctx_id=u64,  # unique over the machine's life; 0: record is free
    tlb_gen=u64,
    pgd=u32,  # slot of the top-level table in `ptes`
    mmap=u32,  # lowest vma
    mm_rb=u32,  # root of the tree
    vmacache=u32,  # the vma that find_vma() returned last
    map_count=i32,
    mm_users=i32,
    exe_file=u32,
    cpu_mask=u32,  # CPUs that may hold its translations, bit n for CPU n (mm_cpumask)
    highest_vm_end=u64,
    flags=u64,  # MMF_* (fork.py)
    memcg=u32,  # of its owner: get_mem_cgroup_from_mm()
    pad=u32,
)

# struct task_struct and signal_struct, as far as memory sees them. One record a thread group.
Task = cython.struct(
    min_flt=u64,
    maj_flt=u64,
    cmin_flt=u64,  # of waited-for children
    cmaj_flt=u64,
    start_time_ns=u64,
    pid=u32,
    ppid=u32,
    mm=u32,  # index into `mms`; 0 once exited
    cpu=u32,
    state=i32,  # TASK_*
    exit_code=i32,  # as wait() reports it: code << 8 | signal
    nr_threads=i32,
    oom_score_adj=i32,
    uid=u32,  # 0 has every capability
    memcg=u32,  # index into `memcgs`
    clock_ns=u64,  # until when its own calls have kept it busy (clock.py)
    blkio_ns=u64,  # waited for devices, of that
    nr_dirtied=i32,  # pages dirtied since the last balance_dirty_pages()
    nr_dirtied_pause=i32,
    memcg_nr_pages_over_high=u32,
    flags=u32,  # PF_*
    files=u32,  # its descriptors, index into `files_structs`; 0 without any (file_table.py)
    pad=u32,
)

# struct inode with its address_space.
Inode = cython.struct(
    i_size=u64,  # bytes
    i_ino=u64,
    nrpages=u64,  # pages in the cache
    i_pages=u64,  # head of the page index (xarray.py), 0 if empty
    i_mmap=u32,  # first vma that maps it
    i_rdev=u32,  # st_dev of its file system, major << 20 | minor
    i_kind=u32,  # INODE_*
    i_nlink=u32,
    i_count=i32,  # references: open files and mappings
    i_mmap_writable=i32,
    writeback_index=u64,  # where cyclic writeback goes on
    dirtied_when=u64,  # ns; when its oldest dirty page was dirtied
    i_state=u32,  # I_*
    i_bdev=u32,  # block device that holds it, index into `block_devices`; 0: none
    i_wb_next=u32,  # neighbours on its device's list of dirty inodes
    i_wb_prev=u32,
    wb_err=u32,  # errseq_t: writeback errors not yet told
    i_sb=u32,  # its file system, index into `super_blocks`; 0: the kernel's own, without limits
)

# struct file: an open file description.
File = cython.struct(
    f_pos=u64,
    f_inode=u32,
    f_flags=u32,  # O_* of open()
    f_mode=u32,  # FMODE_*
    f_count=i32,
    # struct file_ra_state
    ra_start=u64,  # where the current window starts, pages
    ra_prev_pos=i64,  # last byte read
    ra_size=u32,  # pages of the window
    ra_async_size=u32,  # start the next one when so many are left
    ra_pages=u32,  # largest window
    ra_mmap_miss=u32,
    f_wb_err=u32,  # errseq_t last seen
    f_path=u32,  # key of its name in arena.names["path"]; 0: nameless
    ra_order=u32,  # of the folios that the window is read into (from 6.16)
    pad=u32,
)

# struct super_block: a mounted file system.
SuperBlock = cython.struct(
    max_blocks=u64,  # pages that its files may have in all; 0: no limit (tmpfs)
    used_blocks=u64,
    max_inodes=u64,  # 0: no limit
    used_inodes=u64,
    next_ino=u64,
    s_type=u32,  # FS_*
    s_dev=u32,  # st_dev, major << 20 | minor
    s_bdev=u32,  # index into `block_devices`; 0: none
    s_bd_inode=u32,  # the device's own inode: metadata is in its cache (buffer.py)
)

# The sysctls that the engine reads, one record in `sysctl`; names are the kernel's, without
# their directory. Values are checked where they are written (config.py), never here.
Sysctl = cython.struct(
    kernel=i64,  # reference version, major * 100 + minor: 601, 612 or 618
    overcommit_memory=i64,
    overcommit_ratio=i64,
    overcommit_kbytes=i64,
    user_reserve_kbytes=i64,
    admin_reserve_kbytes=i64,
    max_map_count=i64,
    mmap_min_addr=i64,  # bytes
    stack_guard_gap=i64,  # pages (a boot parameter)
    min_free_kbytes=i64,
    watermark_scale_factor=i64,
    watermark_boost_factor=i64,
    percpu_pagelist_high_fraction=i64,
    page_lock_unfairness=i64,
    legacy_va_layout=i64,
    swappiness=i64,
    fault_around_bytes=i64,
    page_cluster=i64,
    vfs_cache_pressure=i64,
    zone_reclaim_mode=i64,
    dirty_background_ratio=i64,
    dirty_background_bytes=i64,
    dirty_ratio=i64,
    dirty_bytes=i64,
    dirty_writeback_centisecs=i64,
    dirty_expire_centisecs=i64,
    laptop_mode=i64,
    oom_kill_allocating_task=i64,
    oom_dump_tasks=i64,
    panic_on_oom=i64,
    stat_interval=i64,
    lru_gen_enabled=i64,  # bits of /sys/kernel/mm/lru_gen/enabled
    lru_gen_min_ttl_ms=i64,
    shmmax=i64,  # bytes, unsigned
    shmall=i64,  # pages, unsigned
    shmmni=i64,
    thp_enabled=i64,  # 0 never, 1 madvise, 2 always
)

# What runs now: the kernel's `current` and smp_processor_id(), one record in `current`.
Current = cython.struct(
    task=u32,  # index into `tasks`; 0 while the machine itself acts
    mm=u32,
    cpu=u32,
    node=u32,
)

if cython.compiled:
    Sysctls = cython.typedef(Sysctl[::1])
    Currents = cython.typedef(Current[::1])
    Pages = cython.typedef(Page[::1])
    Vmas = cython.typedef(Vma[::1])
    Mms = cython.typedef(Mm[::1])
    Tasks = cython.typedef(Task[::1])
    Inodes = cython.typedef(Inode[::1])
    Files = cython.typedef(File[::1])
    SuperBlocks = cython.typedef(SuperBlock[::1])
else:
    Sysctls = Currents = object
    Pages = Vmas = Mms = Tasks = Inodes = Files = SuperBlocks = object
