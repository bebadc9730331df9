"""The OOM killer: who dies when memory cannot be had.

    allocation or charge fails --> out_of_memory() --> select_bad_process(): most pages, adjusted
        --> __oom_kill_process(): SIGKILL for it and for whoever shares its memory
        --> deliver_signals(): they end, as they would when they run next; their memory is free
    the victim is the current task --> it may use the reserves, and ends as its fault returns
    two seconds later the reaper lets go of it: till then its mm_struct, page directory and
        credentials remain

Models mm/oom_kill.c: out_of_memory(), oom_badness(), select_bad_process(), oom_evaluate_task(),
oom_kill_process(), __oom_kill_process(), queue_oom_reaper(), oom_reaper(),
task_will_free_mem(), check_panic_on_oom();
mm/memcontrol.c: mem_cgroup_out_of_memory(), mem_cgroup_get_oom_group(), mem_cgroup_scan_tasks().
Not modelled: that the reaper takes pages (a victim that is not the current task ends at once, so
there are none), that a victim for which nobody waits stays longer, cpusets and memory policies,
oom_adj of threads.
The report in the kernel's log is made by mmtwin.oom_report.

Invariant: outside of a call no task has PF_SIGKILL but the current one.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import KTHREAD_OOM_REAPER, Clock
    from mmtwin.mm.gfp import GFP_FS_BIT
    from mmtwin.mm.memcg_tree import (
        MEMCG_OOM_GROUP, MEMCG_OOM_GROUP_KILL, MEMCG_OOM_KILL, MemCgroups, MemcgTree,
    )  # fmt: skip
    from mmtwin.mm.memcontrol import MemControl
    from mmtwin.mm.mmap_layout import MMF_OOM_VICTIM
    from mmtwin.mm.page_counter import PageCounterRecords
    from mmtwin.mm.types import Currents, Mms, Sysctls, Tasks, I64s, U32s, U64s, i64, u32, u64
    from mmtwin.mm.uapi import PF_EXITING, PF_OOM_VICTIM, PF_SIGKILL, SIGKILL
    from mmtwin.mm.vmstat import VmStat
    from mmtwin.mm.vmstat_items import OOM_KILL

OOM_SCORE_ADJ_MIN = cython.declare(cython.const[cython.int], -1000)
LONG_MIN = cython.declare(cython.const[cython.longlong], -0x7FFFFFFFFFFFFFFF)

# Cells of `oom_state`
OOM_CHOSEN = cython.declare(cython.const[cython.int], 0)  # task; -1: one is dying already
OOM_CHOSEN_POINTS = cython.declare(cython.const[cython.int], 1)
OOM_TOTALPAGES = cython.declare(cython.const[cython.int], 2)
OOM_MEMCG = cython.declare(cython.const[cython.int], 3)  # whose limit it is; -1: the machine's
OOM_CHOSEN_SERIAL = cython.declare(cython.const[cython.int], 4)
OOM_PENDING = cython.declare(cython.const[cython.int], 5)  # tasks with PF_SIGKILL
OOM_PANIC = cython.declare(cython.const[cython.int], 6)  # PANIC_*: the machine has stopped
OOM_KILLS = cython.declare(cython.const[cython.int], 7)
OOM_REAPER = cython.declare(cython.const[cython.int], 8)  # number of the kernel thread
OOM_REAP_FIRST = cython.declare(cython.const[cython.int], 9)  # of those queued, counted up
OOM_REAP_END = cython.declare(cython.const[cython.int], 10)
OOM_CELLS = cython.declare(cython.const[cython.int], 11)
OOM_REAP_QUEUE = cython.declare(cython.const[cython.uint], 65536)  # victims of two seconds
OOM_REAPER_DELAY_NS = cython.declare(cython.const[cython.ulonglong], 2000000000)

PANIC_DEADLOCKED = cython.declare(cython.const[cython.int], 1)  # nobody is left to be killed
PANIC_ON_OOM = cython.declare(cython.const[cython.int], 2)  # vm.panic_on_oom

# What the log says
MESSAGE_GLOBAL = cython.declare(cython.const[cython.int], 0)
MESSAGE_MEMCG = cython.declare(cython.const[cython.int], 1)
MESSAGE_ALLOCATING = cython.declare(cython.const[cython.int], 2)
MESSAGE_GROUP = cython.declare(cython.const[cython.int], 3)


@cython.final
@cython.cclass
class OomKill:
    """Chooses who dies."""

    arena: object
    machine: object
    tasks: Tasks
    mms: Mms
    memcgs: MemCgroups
    counters: PageCounterRecords
    current: Currents
    sysctl: Sysctls
    state: I64s
    reap_mm: U32s  # [number % OOM_REAP_QUEUE]
    reap_at: U64s
    tree: MemcgTree
    memcontrol: MemControl
    vmstat: VmStat
    clock: Clock
    rss = cython.declare("RssStat")
    processes = cython.declare("Fork")
    overcommit = cython.declare("Overcommit")
    swapfile = cython.declare("SwapFile")

    def __init__(self, arena, config):
        self.arena = arena
        self.tasks, self.mms, self.memcgs = arena.tasks, arena.mms, arena.memcgs
        self.counters, self.current, self.sysctl = arena.page_counters, arena.current, arena.sysctl
        self.state = arena.array("oom_state", "i64", OOM_CELLS)
        self.reap_mm = arena.array("oom_reap_mm", "u32", OOM_REAP_QUEUE)
        self.reap_at = arena.array("oom_reap_at", "u64", OOM_REAP_QUEUE)

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.machine = m
        self.tree, self.memcontrol, self.vmstat = m.memcg_tree, m.memcontrol, m.vmstat
        self.clock, self.rss, self.processes = m.clock, m.rss_stat, m.processes
        self.overcommit, self.swapfile = m.overcommit, m.swapfile

    # -- entry points

    @cython.ccall
    @cython.nogil
    def out_of_memory(self, gfp: u32, order: cython.int) -> u64:
        """The machine is out of memory: 1 if some will come free, 0 if nobody can be killed."""
        task: u32 = self.current[0].task
        if self.task_will_free_mem(task):
            return self.mark_oom_victim(task)
        if not gfp & GFP_FS_BIT:
            return 1  # reclaim without the file system may have failed for that alone
        self.state[OOM_MEMCG] = -1
        self.state[OOM_TOTALPAGES] = self.totalpages()
        if self.sysctl[0].panic_on_oom:
            return self.panic(PANIC_ON_OOM, gfp, order)
        if self.sysctl[0].oom_kill_allocating_task and self.is_killable(task):
            self.state[OOM_CHOSEN] = task
            return self.oom_kill_process(gfp, order, MESSAGE_ALLOCATING)
        self.select_bad_process()
        if self.state[OOM_CHOSEN] == 0:
            return self.panic(PANIC_DEADLOCKED, gfp, order)
        if self.state[OOM_CHOSEN] < 0:
            return 1
        return self.oom_kill_process(gfp, order, MESSAGE_GLOBAL)

    @cython.ccall
    @cython.nogil
    def mem_cgroup_out_of_memory(self, memcg: u32, gfp: u32, order: cython.int) -> u64:
        """A cgroup is at its limit: 1 if memory will come free, 0 if there is nobody to kill."""
        one: u64 = 1
        if self.tree.mem_cgroup_margin(memcg) >= one << order or self.task_is_dying():
            return 1
        if self.task_will_free_mem(self.current[0].task):
            return self.mark_oom_victim(self.current[0].task)
        self.state[OOM_MEMCG] = memcg
        self.state[OOM_TOTALPAGES] = cython.cast(i64, self.mem_cgroup_get_max(memcg))
        if self.sysctl[0].panic_on_oom == 2:
            return self.panic(PANIC_ON_OOM, gfp, order)
        self.select_bad_process()
        if self.state[OOM_CHOSEN] == 0:
            self.report_nobody(gfp, order)
            return 0
        if self.state[OOM_CHOSEN] < 0:
            return 1
        return self.oom_kill_process(gfp, order, MESSAGE_MEMCG)

    @cython.ccall
    @cython.nogil
    def oom_reaper(self) -> u64:
        """Victims have ended; whose time has come is let go: when the next one's does."""
        now: u64 = self.clock.now()
        at: u64
        while self.state[OOM_REAP_FIRST] < self.state[OOM_REAP_END]:
            at = cython.cast(u64, self.state[OOM_REAP_FIRST]) % OOM_REAP_QUEUE
            if self.reap_at[at] > now:
                return self.reap_at[at]
            self.state[OOM_REAP_FIRST] += 1
            self.processes.put_oom_mm(self.reap_mm[at])
        return 0

    @cython.cfunc
    @cython.nogil
    def queue_oom_reaper(self, mm: u32) -> cython.int:
        """It is to be reaped in a while, unless it is already."""
        at: u64 = cython.cast(u64, self.state[OOM_REAP_END]) % OOM_REAP_QUEUE
        waiting: i64 = self.state[OOM_REAP_END] - self.state[OOM_REAP_FIRST]
        if mm == 0 or self.mms[mm].flags & MMF_OOM_VICTIM or waiting == OOM_REAP_QUEUE:
            return 0
        if self.state[OOM_REAPER] == 0:
            self.state[OOM_REAPER] = self.clock.new_kthread(KTHREAD_OOM_REAPER, 0)
        self.mms[mm].flags |= MMF_OOM_VICTIM
        self.reap_mm[at] = mm
        self.reap_at[at] = self.clock.now() + OOM_REAPER_DELAY_NS
        self.state[OOM_REAP_END] += 1
        if waiting == 0:
            self.clock.wake_kthread(cython.cast(u32, self.state[OOM_REAPER]), self.reap_at[at])
        return 0

    # -- the current task

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def fatal_signal_pending(self) -> cython.bint:
        """Whether the current task has been killed and has not ended yet."""
        return self.tasks[self.current[0].task].flags & PF_SIGKILL != 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def is_oom_victim(self) -> cython.bint:
        """Whether the current task may use the reserves: tsk_is_oom_victim()."""
        return self.tasks[self.current[0].task].flags & PF_OOM_VICTIM != 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def kills(self) -> i64:
        """How often somebody was killed since boot."""
        return self.state[OOM_KILLS]

    @cython.ccall
    @cython.nogil
    def task_is_dying(self) -> cython.bint:
        """The current task is about to end."""
        flags: u32 = self.tasks[self.current[0].task].flags
        return flags & (PF_SIGKILL | PF_EXITING | PF_OOM_VICTIM) != 0

    # -- badness

    @cython.ccall
    @cython.nogil
    def totalpages(self) -> i64:
        """RAM and swap, in pages."""
        return self.overcommit.totalram_pages() + self.swapfile.get_total_swap_pages()

    @cython.cfunc
    @cython.nogil
    def mem_cgroup_get_max(self, memcg: u32) -> u64:
        """The memory and swap that a cgroup may have, at least 1."""
        limit: u64 = self.counters[self.tree.memory(memcg)].max
        both: u64 = self.counters[self.tree.swap(memcg)].max
        swap: u64 = cython.cast(u64, self.swapfile.get_total_swap_pages())
        if self.tree.v1:
            if both - limit < swap:
                swap = both - limit
        elif both < swap:
            swap = both
        if self.memcontrol.mem_cgroup_swappiness(memcg):
            limit += swap
        return limit if limit else 1

    @cython.ccall
    @cython.nogil
    def oom_badness(self, task: u32, totalpages: i64) -> i64:
        """Pages that a task holds (resident, swapped, page tables), adjusted; LONG_MIN for one that
        may not be killed."""
        mm: u32 = self.tasks[task].mm
        adj: i64 = self.tasks[task].oom_score_adj
        points: i64
        if self.oom_unkillable_task(task) or mm == 0 or adj == OOM_SCORE_ADJ_MIN:
            return LONG_MIN
        points = self.rss.get_mm_rss(mm) + self.rss.get_mm_counter(mm, 2)  # MM_SWAPENTS
        points += self.mms[mm].pgtables_bytes >> 12
        return points + adj * (totalpages // 1000)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    def oom_unkillable_task(self, task: u32) -> cython.bint:
        """init."""
        return self.tasks[task].pid == 1

    @cython.cfunc
    @cython.nogil
    def is_killable(self, task: u32) -> cython.bint:
        """May be killed for its own allocation."""
        if task == 0 or self.tasks[task].mm == 0 or self.oom_unkillable_task(task):
            return False
        return self.tasks[task].oom_score_adj != OOM_SCORE_ADJ_MIN

    # -- the choice

    @cython.cfunc
    @cython.nogil
    def select_bad_process(self) -> cython.int:
        """The worst task of the machine, or of a cgroup and those below it. Of equals the last in
        the kernel's order: of creation, or of joining the cgroup."""
        memcg: u32
        root: u32
        self.state[OOM_CHOSEN] = 0
        self.state[OOM_CHOSEN_POINTS] = LONG_MIN
        if self.state[OOM_MEMCG] < 0:
            return self.scan_tasks(0, False)
        root = cython.cast(u32, self.state[OOM_MEMCG])
        memcg = root
        while True:
            if self.memcgs[memcg].nr_tasks:
                self.state[OOM_CHOSEN_SERIAL] = 0
                self.scan_tasks(memcg, True)
            memcg = self.tree.mem_cgroup_next(root, memcg)
            if memcg == 0 or self.state[OOM_CHOSEN] < 0:
                return 0

    @cython.cfunc
    @cython.nogil
    def scan_tasks(self, memcg: u32, in_memcg: cython.bint) -> cython.int:
        """oom_evaluate_task() for each task (of one cgroup)."""
        task: u32
        limit: u32 = self.processes.task_limit()
        self.state[OOM_CHOSEN_SERIAL] = 0
        for task in range(1, limit):
            if self.tasks[task].mm and (not in_memcg or self.tasks[task].memcg == memcg):
                self.oom_evaluate_task(task, in_memcg)
                if self.state[OOM_CHOSEN] < 0:
                    return 0
        return 0

    @cython.cfunc
    @cython.nogil
    def oom_evaluate_task(self, task: u32, in_memcg: cython.bint) -> cython.int:
        points: i64
        serial: i64
        if self.oom_unkillable_task(task):
            return 0
        if self.tasks[task].flags & PF_OOM_VICTIM:  # wait for it
            self.state[OOM_CHOSEN] = -1
            return 0
        points = self.oom_badness(task, self.state[OOM_TOTALPAGES])
        serial = cython.cast(i64, self.memcontrol.task_serial(task, in_memcg))
        if points == LONG_MIN or points < self.state[OOM_CHOSEN_POINTS]:
            return 0
        if points == self.state[OOM_CHOSEN_POINTS] and serial < self.state[OOM_CHOSEN_SERIAL]:
            return 0
        self.state[OOM_CHOSEN] = task
        self.state[OOM_CHOSEN_POINTS] = points
        self.state[OOM_CHOSEN_SERIAL] = serial
        return 0

    # -- the kill

    @cython.cfunc
    @cython.nogil
    def task_will_free_mem(self, task: u32) -> cython.bint:
        """It has been killed already, and so has everybody who shares its memory."""
        other: u32
        mm: u32 = self.tasks[task].mm
        if task == 0 or mm == 0 or not self.tasks[task].flags & (PF_SIGKILL | PF_EXITING):
            return False
        if self.mms[mm].mm_users <= 1:
            return True
        for other in range(1, self.processes.task_limit()):
            if self.tasks[other].mm == mm:
                if not self.tasks[other].flags & (PF_SIGKILL | PF_EXITING):
                    return False
        return True

    @cython.cfunc
    @cython.nogil
    def mark_oom_victim(self, task: u32) -> u64:
        """It may use the reserves from now on."""
        self.tasks[task].flags |= PF_OOM_VICTIM
        self.queue_oom_reaper(self.tasks[task].mm)
        return 1

    @cython.cfunc
    @cython.nogil
    def oom_kill_process(self, gfp: u32, order: cython.int, message: cython.int) -> u64:
        """Kill the chosen task, or with it a whole cgroup, and let them end: 1."""
        victim: u32 = cython.cast(u32, self.state[OOM_CHOSEN])
        group: u32
        if self.task_will_free_mem(victim):
            self.mark_oom_victim(victim)
            return self.deliver_signals()
        self.report_header(gfp, order, message)
        group = self.mem_cgroup_get_oom_group(victim)
        self.kill_one(victim, message)
        if group:
            self.tree.memcg_memory_event(group, MEMCG_OOM_GROUP_KILL)
            self.report_group(group)
            self.kill_group(group, victim)
        return self.deliver_signals()

    @cython.cfunc
    @cython.nogil
    def kill_one(self, victim: u32, message: cython.int) -> cython.int:
        """__oom_kill_process(): count it, kill it and whoever shares its memory."""
        other: u32
        mm: u32 = self.tasks[victim].mm
        if mm == 0:
            return 0
        self.vmstat.count_vm_events(OOM_KILL, 1)
        self.state[OOM_KILLS] += 1
        if self.mms[mm].memcg:
            self.tree.memcg_memory_event(self.mms[mm].memcg, MEMCG_OOM_KILL)
        self.send_sigkill(victim)
        self.mark_oom_victim(victim)
        self.report_kill(victim, message)
        if self.mms[mm].mm_users > 1:
            for other in range(1, self.processes.task_limit()):
                if self.tasks[other].mm == mm and other != victim:
                    if not self.oom_unkillable_task(other):
                        self.send_sigkill(other)
        return 0

    @cython.cfunc
    @cython.nogil
    def kill_group(self, root: u32, victim: u32) -> cython.int:
        """Every task of a cgroup and those below it, but those that may not be killed. The victim
        is killed, and counted, once more if it is met first; once somebody else was killed, it has
        had the CPU, and its mm is gone."""
        task: u32
        memcg: u32 = root
        others: cython.bint = False
        while True:
            if self.memcgs[memcg].nr_tasks:
                for task in range(1, self.processes.task_limit()):
                    if self.tasks[task].mm and self.tasks[task].memcg == memcg:
                        if self.is_killable(task) and not (others and task == victim):
                            self.kill_one(task, MESSAGE_GROUP)
                            others = others or task != victim
            memcg = self.tree.mem_cgroup_next(root, memcg)
            if memcg == 0:
                return 0

    @cython.cfunc
    @cython.nogil
    def send_sigkill(self, task: u32) -> cython.int:
        if not self.tasks[task].flags & PF_SIGKILL:
            self.tasks[task].flags |= PF_SIGKILL
            self.state[OOM_PENDING] += 1
        return 0

    @cython.cfunc
    @cython.nogil
    def mem_cgroup_get_oom_group(self, victim: u32) -> u32:
        """The topmost cgroup, from the victim's up to the limit's, that dies as one; or 0."""
        memcg: u32 = self.tasks[victim].memcg
        domain: u32 = 0
        group: u32 = 0
        if self.tree.v1:
            return 0
        if self.state[OOM_MEMCG] > 0:
            domain = cython.cast(u32, self.state[OOM_MEMCG])
        if not self.tree.mem_cgroup_is_descendant(memcg, domain):
            return 0
        while memcg:
            if self.memcgs[memcg].flags & MEMCG_OOM_GROUP:
                group = memcg
            if memcg == domain:
                break
            memcg = self.memcgs[memcg].parent
        return group

    @cython.cfunc
    @cython.nogil
    def deliver_signals(self) -> u64:
        """Killed tasks that are not the current one run next, and end."""
        task: u32
        for task in range(1, self.processes.task_limit()):
            if self.tasks[task].flags & PF_SIGKILL and task != self.current[0].task:
                if self.tasks[task].mm:
                    self.processes.kill_other(task, SIGKILL)
        return 1

    @cython.ccall
    @cython.nogil
    def exiting(self, task: u32) -> cython.int:
        """A task ends: its signals are gone."""
        if self.tasks[task].flags & PF_SIGKILL:
            self.state[OOM_PENDING] -= 1
        self.tasks[task].flags = (self.tasks[task].flags | PF_SIGKILL | PF_OOM_VICTIM) ^ (
            PF_SIGKILL | PF_OOM_VICTIM
        )
        return 0

    @cython.cfunc
    @cython.nogil
    def panic(self, reason: cython.int, gfp: u32, order: cython.int) -> u64:
        """The machine stops; the current task gets no further."""
        self.state[OOM_PANIC] = reason
        self.state[OOM_CHOSEN] = 0
        self.report_panic(gfp, order, reason)
        if self.current[0].task:
            self.send_sigkill(self.current[0].task)
        return 0

    # -- the kernel's log (mmtwin.oom_report)

    @cython.cfunc
    @cython.with_gil
    def report_header(self, gfp: u32, order: cython.int, message: cython.int) -> cython.int:
        self.machine.oom_report.dump_header(gfp, order, message)
        return 0

    @cython.cfunc
    @cython.with_gil
    def report_kill(self, victim: u32, message: cython.int) -> cython.int:
        self.machine.oom_report.killed(victim, message)
        return 0

    @cython.cfunc
    @cython.with_gil
    def report_group(self, group: u32) -> cython.int:
        self.machine.oom_report.group(group)
        return 0

    @cython.cfunc
    @cython.with_gil
    def report_nobody(self, gfp: u32, order: cython.int) -> cython.int:
        self.machine.oom_report.nobody(gfp, order)
        return 0

    @cython.cfunc
    @cython.with_gil
    def report_panic(self, gfp: u32, order: cython.int, reason: cython.int) -> cython.int:
        self.machine.oom_report.panic(gfp, order, reason)
        return 0

    def check(self):
        """Nobody but the current task waits to die."""
        for task in self.arena.where("tasks", "flags"):
            if int(self.tasks[task].flags) & PF_SIGKILL and self.tasks[task].mm:
                assert task == self.current[0].task
