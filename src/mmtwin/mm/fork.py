"""Tasks and address spaces: made, copied, torn down.

    copy_process(): task --mm--> mm          do_exit(): zap all, free tables and vmas, zombie;
        a copy of the vmas and their ptes,              the record stays until reap()
        or (CLONE_VM) one more user of the same mm

Models kernel/fork.c: mm_alloc(), dup_mm(), dup_mmap(), copy_process(), mmput(); kernel/exit.c:
do_exit(), wait_task_zombie(); mm/mmap.c: exit_mmap(); fs/exec.c: exec_mmap(), bprm_execve();
switch_to().
Not modelled: reparenting (an orphan is reaped by whoever asks), threads as tasks of their own
(CLONE_THREAD counts them in one record), signal handlers.

Invariants: mm_users counts the tasks that hold an mm; an mm's totals and tree are exact (mmap.py,
vma_tree.py); Committed_AS is the sum of all accounted vmas and of shmem.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.file_table import FileTable
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.idpool import POOL_END, IdPool
    from mmtwin.mm.memcg_slab import SLAB_CRED, SLAB_EXEC, SLAB_MM, SLAB_TASK, MemcgSlab
    from mmtwin.mm.memory import Memory
    from mmtwin.mm.mmap import Mmap
    from mmtwin.mm.mmap_layout import MMF_OOM_VICTIM, MmapLayout
    from mmtwin.mm.munmap import Munmap
    from mmtwin.mm.pgtable import PageTables
    from mmtwin.mm.rmap import Rmap
    from mmtwin.mm.rss_stat import RssStat
    from mmtwin.mm.tlb import Tlb
    from mmtwin.mm.types import Currents, Mms, Tasks, U32s, U64s, Vmas, i64, u32, u64
    from mmtwin.mm.uapi import (
        EAGAIN, EINVAL, ENOMEM, RLIM_INFINITY, RLIMIT_MEMLOCK, RLIMIT_NOFILE, RLIMIT_STACK,
        SIGKILL, TASK_NONE, TASK_RUNNING, TASK_ZOMBIE,
    )  # fmt: skip
    from mmtwin.mm.util import Overcommit
    from mmtwin.mm.vm_flags import (
        VM_ACCOUNT, VM_DONTCOPY, VM_LOCKED_MASK, VM_NOHUGEPAGE, VM_WIPEONFORK,
    )  # fmt: skip
    from mmtwin.mm.vma import VmaOps
    from mmtwin.mm.vma_tree import VmaTree

# clone(2)
CLONE_VM = cython.declare(cython.const[cython.ulonglong], 0x100)
CLONE_VFORK = cython.declare(cython.const[cython.ulonglong], 0x4000)
CLONE_THREAD = cython.declare(cython.const[cython.ulonglong], 0x10000)

# The kernel that opens a program before it makes the new address space.
EXEC_OPENS_FIRST = cython.declare(cython.const[cython.int], 608)

# Cells of `fork_state`
LAST_CTX_ID = cython.declare(cython.const[cython.int], 0)
LAST_PID = cython.declare(cython.const[cython.int], 1)
FORK_CELLS = cython.declare(cython.const[cython.int], 2)

RLIMIT_CELLS = cython.declare(cython.const[cython.int], 32)  # soft and hard of each resource


@cython.final
@cython.cclass
class Fork:
    """Life and death of Mm and Task records."""

    mms: Mms
    vmas: Vmas
    tasks: Tasks
    rlimits: U64s
    state: U64s
    cpu_node: U32s
    current: Currents
    mm_pool: IdPool
    task_pool: IdPool
    tree: VmaTree
    ops: VmaOps
    mmap: Mmap
    munmap: Munmap
    layout: MmapLayout
    memory: Memory
    page_tables: PageTables
    tlb: Tlb
    rss: RssStat
    rmap: Rmap
    overcommit: Overcommit
    page_cache: PageCache
    file_table: FileTable
    memcontrol = cython.declare("MemControl")
    oom_kill = cython.declare("OomKill")
    memcg_high = cython.declare("MemcgHigh")
    slab: MemcgSlab
    executes: cython.bint  # mm_alloc() is for execve()
    opens_first: cython.bint  # execve() opens the program before anything else
    mglru_age = cython.declare("MglruAge")
    mmu_gather = cython.declare("MmuGather")
    zap = cython.declare("Zap")
    shmem: object

    def __init__(self, arena, config):
        self.executes, self.opens_first = False, config.kernel >= EXEC_OPENS_FIRST
        self.mms = arena.mms
        self.vmas = arena.vmas
        self.tasks = arena.tasks
        self.current = arena.current
        self.rlimits = arena.rlimits
        self.state = arena.array("fork_state", "u64", FORK_CELLS)
        self.cpu_node = arena.cpu_to_node
        self.mm_pool = IdPool(arena, "mms", len(arena.mms))
        self.task_pool = IdPool(arena, "tasks", len(arena.tasks))

    def wire(self, m):
        """Take the mechanisms that an address space is made of."""
        self.tree = m.vma_tree
        self.ops = m.vma
        self.mmap = m.mmap
        self.munmap, self.mmu_gather, self.zap = m.munmap, m.mmu_gather, m.zap
        self.layout = m.mmap_layout
        self.memory = m.memory
        self.page_tables = m.page_tables
        self.tlb = m.tlb
        self.rss = m.rss_stat
        self.rmap = m.rmap
        self.overcommit = m.overcommit
        self.page_cache = m.page_cache
        self.file_table = m.file_table
        self.memcontrol, self.oom_kill, self.slab = m.memcontrol, m.oom_kill, m.memcg_slab
        self.memcg_high = m.memcg_high
        self.mglru_age = m.mglru_age
        self.shmem = m.shmem

    def boot(self):
        """No task yet."""
        self.mm_pool.boot()
        self.task_pool.boot()
        self.state[LAST_PID] = 1  # init, which is no task of the model unless somebody spawns it

    # Address spaces

    @cython.ccall
    @cython.nogil
    def mm_alloc(self) -> u32:
        """A new, empty mm with one user, or 0. Its layout is that of the current task."""
        mm: u32 = self.mm_pool.alloc()
        if mm == 0:
            return 0
        self.state[LAST_CTX_ID] += 1
        self.mms[mm].ctx_id = self.state[LAST_CTX_ID]
        self.mms[mm].mm_users = 1
        self.mms[mm].memcg = self.tasks[self.current[0].task].memcg
        self.mglru_age.lru_gen_add_mm(mm)
        if self.executes and self.opens_first and self.slab.slab_alloc(SLAB_EXEC, mm):
            self.mm_free(mm)
            return 0
        if self.slab.slab_alloc(SLAB_MM, mm):
            self.mm_free(mm)
            return 0
        if self.page_tables.pgd_alloc(mm) != 0:
            self.mm_free(mm)
            return 0
        self.layout.arch_pick_mmap_layout(mm, self.mmap.rlimit(RLIMIT_STACK))
        return mm

    @cython.ccall
    @cython.nogil
    def mmget(self, mm: u32) -> cython.int:
        """One more user."""
        self.mms[mm].mm_users += 1
        return 0

    @cython.ccall
    @cython.nogil
    def mmput(self, mm: u32) -> cython.int:
        """Drop a user; the last one runs exit_mmap()."""
        self.mms[mm].mm_users -= 1
        if self.mms[mm].mm_users > 0:
            return 0
        self.exit_mmap(mm)
        if self.mms[mm].exe_file != 0:
            self.page_cache.fput(self.mms[mm].exe_file)
            self.mms[mm].exe_file = 0
        self.slab.slab_free(SLAB_EXEC, mm)
        if self.mms[mm].flags & MMF_OOM_VICTIM:  # of its signal->oom_mm, until it is reaped
            self.mglru_age.lru_gen_del_mm(mm)
            self.mms[mm].memcg = 0
            return 0
        return self.mmdrop(mm)

    @cython.cfunc
    @cython.nogil
    def mmdrop(self, mm: u32) -> cython.int:
        """Nothing refers to it any more."""
        self.page_tables.pgd_free(mm)
        return self.mm_free(mm)

    @cython.ccall
    @cython.nogil
    def put_oom_mm(self, mm: u32) -> cython.int:
        """The OOM reaper is done with a victim, which has ended meanwhile, or ends normally."""
        if self.mms[mm].mm_users == 0:
            return self.mmdrop(mm)
        self.mms[mm].flags ^= MMF_OOM_VICTIM
        return 0

    @cython.cfunc
    @cython.nogil
    def exit_mmap(self, mm: u32) -> cython.int:
        """Unmap everything, free all tables and vmas, give back what was committed."""
        vma: u32 = self.mms[mm].mmap
        self.zap.drain_before()
        self.mmu_gather.tlb_gather_mmu(mm)
        while vma != 0:
            self.zap.unmap_page_range(vma, self.vmas[vma].vm_start, self.vmas[vma].vm_end)
            vma = self.vmas[vma].vm_next
        vma = self.mms[mm].mmap
        while vma != 0:
            self.munmap.free_vma_tables(mm, vma, 0, self.vmas[vma].vm_next)
            vma = self.vmas[vma].vm_next
        self.mmu_gather.tlb_finish_mmu()
        nr_accounted: i64 = 0
        vma = self.mms[mm].mmap
        while vma != 0:
            following: u32 = self.vmas[vma].vm_next
            if (self.vmas[vma].vm_flags & VM_ACCOUNT) != 0:
                nr_accounted += (self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> 12
            self.munmap.unaccount(mm, vma)
            self.ops.remove_vma(mm, vma)
            vma = following
        self.overcommit.vm_unacct_memory(nr_accounted)
        return 0

    @cython.cfunc
    @cython.nogil
    def mm_free(self, mm: u32) -> cython.int:
        """Zero the record and give it back."""
        if not self.mms[mm].flags & MMF_OOM_VICTIM:
            self.mglru_age.lru_gen_del_mm(mm)
        self.set_marks(mm, 0)
        self.mms[mm].mmap_base = 0
        self.mms[mm].task_size = 0
        self.set_totals(mm, 0)
        self.mms[mm].locked_vm = 0
        self.mms[mm].pinned_vm = 0
        self.mms[mm].def_flags = 0
        self.rss.destroy(mm)
        self.mms[mm].pgtables_bytes = 0
        self.mms[mm].hiwater_rss = 0
        self.mms[mm].hiwater_vm = 0
        self.mms[mm].ctx_id = 0
        self.mms[mm].tlb_gen = 0
        self.mms[mm].pgd = 0
        self.mms[mm].mm_users = 0
        self.mms[mm].exe_file = 0
        self.mms[mm].cpu_mask = 0
        self.mms[mm].flags = 0
        self.mms[mm].memcg = 0
        self.slab.slab_free(SLAB_EXEC, mm)
        self.slab.slab_free(SLAB_MM, mm)
        self.slab.slab_free(SLAB_CRED, mm)
        self.mm_pool.free(mm)
        return 0

    @cython.cfunc
    @cython.nogil
    def set_marks(self, mm: u32, old: u32) -> cython.int:
        """start_code ... env_end as in `old` (mms[0] is all zero)."""
        self.mms[mm].start_code = self.mms[old].start_code
        self.mms[mm].end_code = self.mms[old].end_code
        self.mms[mm].start_data = self.mms[old].start_data
        self.mms[mm].end_data = self.mms[old].end_data
        self.mms[mm].start_brk = self.mms[old].start_brk
        self.mms[mm].brk = self.mms[old].brk
        self.mms[mm].start_stack = self.mms[old].start_stack
        self.mms[mm].arg_start = self.mms[old].arg_start
        self.mms[mm].arg_end = self.mms[old].arg_end
        self.mms[mm].env_start = self.mms[old].env_start
        self.mms[mm].env_end = self.mms[old].env_end
        return 0

    @cython.cfunc
    @cython.nogil
    def set_totals(self, mm: u32, old: u32) -> cython.int:
        """total_vm, data_vm, exec_vm, stack_vm as in `old`."""
        self.mms[mm].total_vm = self.mms[old].total_vm
        self.mms[mm].data_vm = self.mms[old].data_vm
        self.mms[mm].exec_vm = self.mms[old].exec_vm
        self.mms[mm].stack_vm = self.mms[old].stack_vm
        return 0

    # fork

    @cython.ccall
    @cython.nogil
    def dup_mm(self, oldmm: u32) -> u32:
        """fork()'s copy of an address space, or 0 when out of memory."""
        mm: u32 = self.mm_alloc()
        if mm == 0:
            return 0
        self.set_marks(mm, oldmm)
        self.mms[mm].mmap_base = self.mms[oldmm].mmap_base
        self.mms[mm].task_size = self.mms[oldmm].task_size
        self.mms[mm].flags = (self.mms[oldmm].flags | MMF_OOM_VICTIM) ^ MMF_OOM_VICTIM
        self.mms[mm].def_flags = self.mms[oldmm].def_flags & VM_NOHUGEPAGE
        self.mms[mm].exe_file = self.mms[oldmm].exe_file
        if self.mms[mm].exe_file != 0:
            self.page_cache.get_file(self.mms[mm].exe_file)
        error: cython.int = self.dup_mmap(mm, oldmm)
        self.tlb.flush_tlb_mm(oldmm)
        if error != 0:
            self.mmput(mm)
            return 0
        self.rss.update_hiwater_rss(mm)
        self.munmap.update_hiwater_vm(mm)
        return mm

    @cython.cfunc
    @cython.nogil
    def dup_mmap(self, mm: u32, oldmm: u32) -> cython.int:
        """Copy the vmas, each with its pages: 0 or -ENOMEM, with what was copied so far."""
        vma: u32 = self.mms[oldmm].mmap
        while vma != 0:
            if (self.vmas[vma].vm_flags & VM_DONTCOPY) == 0:
                if self.dup_vma(mm, oldmm, vma) != 0:
                    return -ENOMEM
            vma = self.vmas[vma].vm_next
        return 0

    @cython.cfunc
    @cython.nogil
    def dup_vma(self, mm: u32, oldmm: u32, vma: u32) -> cython.int:
        """One vma of dup_mmap()."""
        pages: i64 = (self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> 12
        charge: i64 = 0
        if (self.vmas[vma].vm_flags & VM_ACCOUNT) != 0:
            charge = pages
            if self.overcommit.security_vm_enough_memory(oldmm, charge) != 0:
                return -ENOMEM
        copy: u32 = self.ops.vm_area_dup(vma)
        if copy == 0:
            self.overcommit.vm_unacct_memory(charge)
            return -ENOMEM
        wipe: cython.bint = (self.vmas[vma].vm_flags & VM_WIPEONFORK) != 0
        self.vmas[copy].vm_mm = mm
        self.vmas[copy].vm_flags &= ~cython.cast(u64, VM_LOCKED_MASK)
        if not wipe and self.rmap.anon_vma_fork(copy, vma) != 0:
            self.ops.drop_unlinked(copy)
            self.overcommit.vm_unacct_memory(charge)
            return -ENOMEM
        self.ops.link_copy(mm, copy, vma)
        self.mmap.vm_stat_account(mm, self.vmas[copy].vm_flags, pages)
        if wipe:
            return 0
        return self.memory.copy_page_range(copy, vma)

    @cython.ccall
    @cython.nogil
    def copy_process(self, flags: u64, pid: u32) -> i64:
        """fork() or clone() of the current task: the child's index in `tasks`, or -errno.

        CLONE_THREAD counts one more thread in the current task and returns its index.
        """
        parent: u32 = self.current[0].task
        if (flags & CLONE_THREAD) != 0:
            if (flags & CLONE_VM) == 0:
                return -EINVAL
            self.tasks[parent].nr_threads += 1
            return parent
        task: u32 = self.task_alloc(pid)
        if task == 0:
            return -EAGAIN
        if self.slab.slab_alloc(SLAB_TASK, task):
            self.task_free(task)
            return -ENOMEM
        if self.file_table.dup_fd(task, parent) != 0:
            self.task_free(task)
            return -ENOMEM
        mm: u32 = self.tasks[parent].mm
        if (flags & CLONE_VM) != 0:
            self.mmget(mm)
        else:
            mm = self.dup_mm(mm)
        if mm == 0:
            self.file_table.exit_files(task)
            self.task_free(task)
            return -ENOMEM
        self.tasks[task].mm = mm
        self.inherit(task, parent)
        return task

    @cython.cfunc
    @cython.nogil
    def inherit(self, task: u32, parent: u32) -> cython.int:
        """Credentials, limits, CPU, cgroup."""
        self.memcontrol.cgroup_fork(task, parent)
        self.tasks[task].ppid = self.tasks[parent].pid
        self.tasks[task].cpu = self.tasks[parent].cpu
        self.tasks[task].uid = self.tasks[parent].uid
        self.tasks[task].oom_score_adj = self.tasks[parent].oom_score_adj
        self.tasks[task].start_time_ns = self.tasks[parent].start_time_ns
        i: cython.int
        for i in range(RLIMIT_CELLS):
            self.rlimits[cython.cast(u64, task) * RLIMIT_CELLS + i] = self.rlimits[
                cython.cast(u64, parent) * RLIMIT_CELLS + i
            ]
        return 0

    # Tasks

    @cython.ccall
    @cython.nogil
    def alloc_pid(self) -> u32:
        """One more than the last that it gave, as alloc_pid() does; for callers that name none."""
        self.state[LAST_PID] += 1
        return cython.cast(u32, self.state[LAST_PID])

    @cython.ccall
    @cython.nogil
    def task_alloc(self, pid: u32) -> u32:
        """A running task without an mm, or 0."""
        task: u32 = self.task_pool.alloc()
        if task != 0:
            self.tasks[task].pid = pid
            self.tasks[task].state = TASK_RUNNING
            self.tasks[task].nr_threads = 1
        return task

    @cython.ccall
    @cython.nogil
    def kernel_clone_init(self, pid: u32, cpu: u32) -> u32:
        """A task without a parent, with a fresh mm and the limits of init, made current; or 0."""
        task: u32 = self.task_alloc(pid)
        if task == 0:
            return 0
        self.default_rlimits(task)
        self.tasks[task].cpu = cpu
        self.switch_to(task, cpu)
        self.tasks[task].mm = self.mm_alloc()
        if self.tasks[task].mm == 0:
            self.task_free(task)
            return 0
        self.memcontrol.cgroup_fork(task, 0)
        self.switch_to(task, cpu)
        return task

    @cython.cfunc
    @cython.nogil
    def default_rlimits(self, task: u32) -> cython.int:
        """INIT_RLIMITS."""
        base: u64 = cython.cast(u64, task) * RLIMIT_CELLS
        i: cython.int
        for i in range(RLIMIT_CELLS):
            self.rlimits[base + i] = RLIM_INFINITY
        self.rlimits[base + 2 * RLIMIT_STACK] = 8 << 20
        self.rlimits[base + 2 * RLIMIT_NOFILE] = 1024
        self.rlimits[base + 2 * RLIMIT_NOFILE + 1] = 4096
        self.rlimits[base + 2 * RLIMIT_MEMLOCK] = 8 << 20
        self.rlimits[base + 2 * RLIMIT_MEMLOCK + 1] = 8 << 20
        return 0

    @cython.ccall
    @cython.nogil
    def exec_mmap(self) -> cython.int:
        """Give the current task a fresh, empty mm: 0 or -ENOMEM."""
        task: u32 = self.current[0].task
        old: u32 = self.tasks[task].mm
        self.executes = True
        mm: u32 = self.mm_alloc()
        self.executes = False
        if mm == 0:
            return -ENOMEM
        self.tasks[task].mm = mm
        self.tasks[task].nr_threads = 1
        self.switch_to(task, self.current[0].cpu)
        if old != 0:
            self.mmput(old)
        self.file_table.do_close_on_exec(task)
        return 0

    @cython.ccall
    @cython.nogil
    def prepare_bprm_creds(self) -> cython.int:
        """Once its arguments are copied, credentials of the program's own; up to 6.7 it is opened
        only now: 0 or -ENOMEM. bprm_execve()."""
        mm: u32 = self.tasks[self.current[0].task].mm
        if self.slab.slab_alloc(SLAB_CRED, mm):
            return -ENOMEM
        if not self.opens_first:
            return self.slab.slab_alloc(SLAB_EXEC, mm)
        return 0

    @cython.ccall
    @cython.nogil
    def do_exit(self, code: cython.int) -> cython.int:
        """The current task ends; `code` as wait() reports it (exit status << 8 | signal)."""
        task: u32 = self.current[0].task
        mm: u32 = self.tasks[task].mm
        self.tasks[task].exit_code = code
        self.tasks[task].state = TASK_ZOMBIE
        self.tasks[task].nr_threads = 0
        self.tasks[task].mm = 0
        if mm != 0:
            self.mmput(mm)
        self.file_table.exit_files(task)
        self.memcontrol.cgroup_exit(task)
        self.oom_kill.exiting(task)
        self.current[0].task = 0
        self.current[0].mm = 0
        return 0

    @cython.ccall
    @cython.nogil
    def exit_to_user_mode(self) -> cython.int:
        """A system call of the current task returns: SIGKILL if it was killed meanwhile, else 0,
        and what it has charged over memory.high is reclaimed: exit_to_user_mode_loop()."""
        if self.current[0].task == 0:
            return 0
        if self.oom_kill.fatal_signal_pending():
            return SIGKILL
        self.memcg_high.resume_user_mode()
        return 0

    @cython.ccall
    @cython.nogil
    def kill_other(self, task: u32, signal: cython.int) -> cython.int:
        """Another task is killed, and ends before the current one goes on."""
        current: u32 = self.current[0].task
        mm: u32 = self.current[0].mm
        cpu: u32 = self.current[0].cpu
        self.switch_to(task, self.tasks[task].cpu)
        self.do_exit(signal)
        self.current[0].cpu = cpu
        self.current[0].node = self.cpu_node[cpu]
        if current:
            self.switch_to(current, cpu)
        self.current[0].mm = mm
        return 0

    @cython.ccall
    @cython.nogil
    def task_limit(self) -> u32:
        """One more than the highest index of a task."""
        return cython.cast(u32, self.task_pool.state[POOL_END])

    @cython.ccall
    @cython.nogil
    def release_task(self, task: u32, reaper: u32) -> cython.int:
        """wait() for a zombie: its faults go to `reaper` (0: to nobody), its record is free.

        The exit code, or -EINVAL for one that has not exited.
        """
        if self.tasks[task].state != TASK_ZOMBIE:
            return -EINVAL
        code: cython.int = self.tasks[task].exit_code
        if reaper != 0:
            self.tasks[reaper].cmin_flt += self.tasks[task].min_flt + self.tasks[task].cmin_flt
            self.tasks[reaper].cmaj_flt += self.tasks[task].maj_flt + self.tasks[task].cmaj_flt
        self.task_free(task)
        return code

    @cython.cfunc
    @cython.nogil
    def task_free(self, task: u32) -> cython.int:
        """Zero the record and its limits, and give it back."""
        self.tasks[task].min_flt = 0
        self.tasks[task].maj_flt = 0
        self.tasks[task].cmin_flt = 0
        self.tasks[task].cmaj_flt = 0
        self.tasks[task].start_time_ns = 0
        self.tasks[task].pid = 0
        self.tasks[task].ppid = 0
        self.tasks[task].mm = 0
        self.tasks[task].cpu = 0
        self.tasks[task].state = TASK_NONE
        self.tasks[task].exit_code = 0
        self.tasks[task].nr_threads = 0
        self.tasks[task].oom_score_adj = 0
        self.tasks[task].uid = 0
        self.tasks[task].files = 0
        self.tasks[task].memcg = 0
        self.tasks[task].memcg_nr_pages_over_high = 0
        self.tasks[task].flags = 0
        i: cython.int
        for i in range(RLIMIT_CELLS):
            self.rlimits[cython.cast(u64, task) * RLIMIT_CELLS + i] = 0
        if self.current[0].task == task:
            self.current[0].task = 0
            self.current[0].mm = 0
        self.slab.slab_free(SLAB_TASK, task)
        self.task_pool.free(task)
        return 0

    @cython.ccall
    @cython.nogil
    def switch_to(self, task: u32, cpu: u32) -> cython.int:
        """Make a task `current` on a CPU, loading its address space there."""
        mm: u32 = self.tasks[task].mm
        if self.current[0].task == task and self.current[0].cpu == cpu:
            if self.current[0].mm == mm:
                return 0
        self.mglru_age.lru_gen_use_mm(mm)
        self.current[0].task = task
        self.current[0].mm = mm
        self.current[0].cpu = cpu
        self.current[0].node = self.cpu_node[cpu]
        self.tasks[task].cpu = cpu
        if mm != 0:
            self.tlb.switch_mm(mm)
        return 0

    # Checks

    def live_mms(self):
        """Indices of all address spaces."""
        return [mm for mm in range(1, int(self.mm_pool.limit())) if self.mms[mm].ctx_id]

    def check(self):
        """Users, trees, totals and Committed_AS, recounted."""
        self.mm_pool.check()
        self.task_pool.check()
        users = {}
        for task in range(1, int(self.task_pool.limit())):
            mm = self.tasks[task].mm
            users[mm] = users.get(mm, 0) + 1
        accounted = self.shmem.committed()
        nr_vmas = 0
        for mm in self.live_mms():
            assert self.mms[mm].mm_users == users.get(mm, 0), f"users of mm {mm}"
            self.tree.check_mm(mm)
            self.mmap.check_mm(mm)
            accounted += self.accounted(mm)
            nr_vmas += self.mms[mm].map_count
        assert self.ops.pool.used() == nr_vmas, "a vma record leaked"
        committed = self.overcommit.vm_memory_committed()
        assert committed == accounted, f"Committed_AS {committed}, recounted {accounted} pages"

    def accounted(self, mm):
        """Pages of the VM_ACCOUNT vmas of an address space."""
        pages, vma = 0, self.mms[mm].mmap
        while vma:
            if self.vmas[vma].vm_flags & VM_ACCOUNT:
                pages += int(self.vmas[vma].vm_end - self.vmas[vma].vm_start) >> 12
            vma = self.vmas[vma].vm_next
        return pages
