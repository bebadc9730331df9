"""Pressure stall information: who waits for memory, and for how long.

    psi_memstall_enter() ... psi_memstall_leave()   of the current task
        its time --> total of its cgroup, of all above it, and of the machine (group 0)
    every 2.004 s while there is some --> avg10, avg60, avg300; triggers are looked at more often

A task that reclaims or waits for its own pages is stalled: `some`. If nobody else in the group
could run meanwhile, the whole group is: `full`. Calls are carried out one after another here, so
another task runs meanwhile only where its clock says so.

Models kernel/sched/psi.c: psi_memstall_enter(), psi_memstall_leave(), update_averages(),
calc_avgs(), psi_avgs_work(), psi_show(), update_triggers(), window_update().
Not modelled: CPU, I/O and IRQ pressure; the weighing of CPUs by their idle time.

Invariant: full total <= some total; a child's totals are at most its parent's.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import KTHREAD_PSI, NEVER, Clock
    from mmtwin.mm.memcg_tree import MemCgroups
    from mmtwin.mm.types import Currents, Tasks, U64s, u32, u64
    from mmtwin.mm.uapi import PF_MEMSTALL

PSI_PERIOD_NS = cython.declare(cython.const[cython.ulonglong], 2004000000)  # 2 * HZ + 1 jiffies
FIXED_SHIFT = cython.declare(cython.const[cython.int], 11)
FIXED_1 = cython.declare(cython.const[cython.ulonglong], 2048)
EXP_10S = cython.declare(cython.const[cython.ulonglong], 1677)  # 1 / exp(2s / 10s)
EXP_60S = cython.declare(cython.const[cython.ulonglong], 1981)
EXP_300S = cython.declare(cython.const[cython.ulonglong], 2034)
UPDATES_PER_WINDOW = cython.declare(cython.const[cython.ulonglong], 10)
NR_PSI_TRIGGERS = cython.declare(cython.const[cython.uint], 256)

# Which of a group's two figures
PSI_MEM_SOME = cython.declare(cython.const[cython.uint], 0)
PSI_MEM_FULL = cython.declare(cython.const[cython.uint], 1)

PsiFigure = cython.struct(  # memcg * 2 + PSI_MEM_*
    total=u64,  # ns
    avg_total=u64,  # of it, what the averages know
    avg10=u64,  # per cent, in 1 / 2048
    avg60=u64,
    avg300=u64,
)
PsiGroup = cython.struct(
    avg_last_update=u64,  # ns
    avg_next_update=u64,  # 0: never looked at yet
    active_next=u32,  # 1 + the next group with a figure to be updated
    is_active=u32,
)
PsiTrigger = cython.struct(
    threshold=u64,  # ns of stall ...
    window=u64,  # ... within ns
    start_time=u64,
    start_value=u64,
    prev_growth=u64,
    last_event=u64,
    next_update=u64,
    events=u64,  # so far
    last_total=u64,  # when it was looked at last
    figure=u32,
    used=u32,
    pending=u32,  # the threshold was passed, but the last event is less than a window ago
    pad=u32,
)

# Cells of `psi_state`
PSI_KTHREAD = cython.declare(cython.const[cython.int], 0)
PSI_ACTIVE = cython.declare(cython.const[cython.int], 1)  # 1 + first group of the active list
PSI_OPEN_SINCE = cython.declare(cython.const[cython.int], 2)  # 1 + when the open stall was counted
PSI_OPEN_TASK = cython.declare(cython.const[cython.int], 3)
PSI_TRIGGERS = cython.declare(cython.const[cython.int], 4)  # in use
PSI_CELLS = cython.declare(cython.const[cython.int], 5)

if cython.compiled:
    PsiFigures = cython.typedef(PsiFigure[::1])
    PsiGroups = cython.typedef(PsiGroup[::1])
    PsiTriggers = cython.typedef(PsiTrigger[::1])
else:
    PsiFigures = PsiGroups = PsiTriggers = object


@cython.final
@cython.cclass
class Psi:
    """Stalls for memory."""

    arena: object
    current: Currents
    tasks: Tasks
    memcgs: MemCgroups
    figures: PsiFigures
    groups: PsiGroups
    triggers: PsiTriggers
    state: U64s
    clock: Clock

    def __init__(self, arena, config):
        self.arena = arena
        self.current, self.tasks, self.memcgs = arena.current, arena.tasks, arena.memcgs
        self.figures = arena.array("psi_figures", "psi.PsiFigure", 2 * len(arena.memcgs))
        self.groups = arena.array("psi_groups", "psi.PsiGroup", len(arena.memcgs))
        self.triggers = arena.array("psi_triggers", "psi.PsiTrigger", NR_PSI_TRIGGERS)
        self.state = arena.array("psi_state", "u64", PSI_CELLS)

    def wire(self, m):
        """Take the clock, from the machine's namespace `m`."""
        self.clock = m.clock

    def boot(self):
        """The machine's own group."""
        self.state[PSI_KTHREAD] = self.clock.new_kthread(KTHREAD_PSI, 0)
        self.group_init(0)

    @cython.ccall
    @cython.nogil
    def group_init(self, group: u32) -> cython.int:
        """A new group, whose first period begins now."""
        self.groups[group].avg_last_update = self.clock.now()
        self.groups[group].avg_next_update = self.clock.now() + PSI_PERIOD_NS
        return 0

    @cython.ccall
    @cython.nogil
    def group_free(self, group: u32) -> cython.int:
        """A cgroup is gone: its record is wiped."""
        kind: u32
        self.leave_active_list(group)
        for kind in range(2):
            self.figures[2 * group + kind].total = 0
            self.figures[2 * group + kind].avg_total = 0
            self.figures[2 * group + kind].avg10 = 0
            self.figures[2 * group + kind].avg60 = 0
            self.figures[2 * group + kind].avg300 = 0
        self.groups[group].avg_last_update = 0
        self.groups[group].avg_next_update = 0
        return 0

    # -- stalls

    @cython.ccall
    @cython.nogil
    def psi_memstall_enter(self) -> u64:
        """The current task begins to wait for memory; what to give to psi_memstall_leave(): 0 where
        it did so already. (A kernel thread's stalls within another's are not counted.)"""
        task: u32 = self.current[0].task
        if self.state[PSI_OPEN_SINCE] or (task and self.tasks[task].flags & PF_MEMSTALL):
            return 0
        if task:
            self.tasks[task].flags |= PF_MEMSTALL
        self.state[PSI_OPEN_SINCE] = self.clock.now() + 1
        self.state[PSI_OPEN_TASK] = task
        self.activate(self.tasks[task].memcg if task else 0)
        return self.clock.now() + 1

    @cython.ccall
    @cython.nogil
    def psi_memstall_leave(self, since: u64) -> cython.int:
        """The current task has waited since then."""
        task: u32 = cython.cast(u32, self.state[PSI_OPEN_TASK])
        if since == 0:
            return 0
        self.count_open_stall()
        self.state[PSI_OPEN_SINCE] = 0
        self.state[PSI_OPEN_TASK] = 0
        if task and self.tasks[task].flags & PF_MEMSTALL:
            self.tasks[task].flags ^= PF_MEMSTALL
        return 0

    @cython.cfunc
    @cython.nogil
    def count_open_stall(self) -> cython.int:
        """Add what has passed of the open stall to the totals, from the task's cgroup up."""
        task: u32 = cython.cast(u32, self.state[PSI_OPEN_TASK])
        since: u64 = self.state[PSI_OPEN_SINCE]
        now: u64 = self.clock.now()
        group: u32 = self.tasks[task].memcg if task else 0
        if since == 0 or now + 1 <= since:
            return 0
        while True:
            self.figures[2 * group + PSI_MEM_SOME].total += now + 1 - since
            self.figures[2 * group + PSI_MEM_FULL].total += now + 1 - since
            if group == 0:
                break
            group = self.memcgs[group].parent
        self.state[PSI_OPEN_SINCE] = now + 1
        return 0

    @cython.cfunc
    @cython.nogil
    def activate(self, group: u32) -> cython.int:
        """The averages of a group, and of all above it, are to be worked out again."""
        while True:
            if not self.groups[group].is_active:
                if self.groups[group].avg_next_update == 0:
                    self.group_init(group)
                self.groups[group].is_active = 1
                self.groups[group].active_next = cython.cast(u32, self.state[PSI_ACTIVE])
                self.state[PSI_ACTIVE] = group + 1
                self.wake(self.due(group))
            if group == 0:
                break
            group = self.memcgs[group].parent
        if self.state[PSI_TRIGGERS]:
            self.start_triggers()
        return 0

    @cython.cfunc
    @cython.nogil
    def due(self, group: u32) -> u64:
        """When its averages are due; after idle periods, at the end of one that has begun."""
        due: u64 = self.groups[group].avg_next_update
        if due <= self.clock.now():
            due = self.clock.now() + PSI_PERIOD_NS
        return due

    @cython.cfunc
    @cython.nogil
    def wake(self, at: u64) -> cython.int:
        return self.clock.wake_kthread(cython.cast(u32, self.state[PSI_KTHREAD]), at)

    # -- averages

    @cython.ccall
    @cython.nogil
    def psi_avgs_work(self, arg: u32) -> u64:
        """Update what is due of all groups and triggers: when next, or 0."""
        now: u64 = self.clock.now()
        following: u64 = NEVER
        group: u32 = cython.cast(u32, self.state[PSI_ACTIVE])
        after: u32
        self.count_open_stall()
        while group:
            after = self.groups[group - 1].active_next
            if self.groups[group - 1].avg_next_update <= now:
                if not self.update_averages(group - 1, now):
                    self.leave_active_list(group - 1)
            if self.groups[group - 1].is_active:
                if self.groups[group - 1].avg_next_update < following:
                    following = self.groups[group - 1].avg_next_update
            group = after
        after_triggers: u64 = self.update_triggers(now)
        if after_triggers < following:
            following = after_triggers
        return following if following != NEVER else 0

    @cython.cfunc
    @cython.nogil
    def leave_active_list(self, group: u32) -> cython.int:
        """Nothing happened in it for a whole period."""
        at: u32 = cython.cast(u32, self.state[PSI_ACTIVE])
        before: u32 = 0
        if not self.groups[group].is_active:
            return 0
        while at != group + 1:
            before = at
            at = self.groups[at - 1].active_next
        if before:
            self.groups[before - 1].active_next = self.groups[group].active_next
        else:
            self.state[PSI_ACTIVE] = self.groups[group].active_next
        self.groups[group].active_next = 0
        self.groups[group].is_active = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def update_averages(self, group: u32, now: u64) -> cython.bint:
        """One period, and those missed before it: whether there was any stall in it."""
        expires: u64 = self.groups[group].avg_next_update
        missed: u64 = 0
        period: u64
        sample: u64
        kind: u32
        busy: cython.bint = False
        if now - expires >= PSI_PERIOD_NS:
            missed = (now - expires) // PSI_PERIOD_NS
        self.groups[group].avg_next_update = expires + (1 + missed) * PSI_PERIOD_NS
        period = now - (self.groups[group].avg_last_update + missed * PSI_PERIOD_NS)
        self.groups[group].avg_last_update = now
        for kind in range(2 * group, 2 * group + 2):
            sample = self.figures[kind].total - self.figures[kind].avg_total
            if sample > period:
                sample = period
            if sample:
                busy = True
            self.figures[kind].avg_total += sample
            self.calc_avgs(kind, missed, sample, period)
        return busy

    @cython.cfunc
    @cython.nogil
    def calc_avgs(self, at: u32, missed: u64, time: u64, period: u64) -> cython.int:
        """The three running averages of one figure."""
        percent: u64 = time * 100 // period * FIXED_1 if period else 0
        self.figures[at].avg10 = self.decay(self.figures[at].avg10, EXP_10S, missed, percent)
        self.figures[at].avg60 = self.decay(self.figures[at].avg60, EXP_60S, missed, percent)
        self.figures[at].avg300 = self.decay(self.figures[at].avg300, EXP_300S, missed, percent)
        return 0

    @cython.cfunc
    @cython.nogil
    def decay(self, load: u64, exp: u64, missed: u64, active: u64) -> u64:
        if missed:
            load = self.calc_load(load, self.fixed_power_int(exp, missed), 0)
        return self.calc_load(load, exp, active)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def calc_load(self, load: u64, exp: u64, active: u64) -> u64:
        """A running average in fixed point; it rounds up while it grows."""
        newload: u64 = load * exp + active * (FIXED_1 - exp)
        if active >= load:
            newload += FIXED_1 - 1
        return newload >> FIXED_SHIFT

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fixed_power_int(self, x: u64, n: u64) -> u64:
        """x to the power n, rounded at each step as the kernel does."""
        result: u64 = FIXED_1
        half: u64 = FIXED_1 >> 1
        while n:
            if n & 1:
                result = (result * x + half) >> FIXED_SHIFT
            n >>= 1
            x = (x * x + half) >> FIXED_SHIFT
        return result

    @cython.ccall
    @cython.nogil
    def psi_show_update(self, group: u32) -> cython.int:
        """What a reader of the file sees is up to date: psi_show()."""
        self.count_open_stall()
        if self.groups[group].avg_next_update and (
            self.clock.now() >= self.groups[group].avg_next_update
        ):
            self.update_averages(group, self.clock.now())
        return 0

    # -- triggers

    @cython.ccall
    @cython.nogil
    def psi_trigger_create(self, group: u32, full: u32, threshold: u64, window: u64) -> u32:
        """Tell when a group stalls for `threshold` ns within `window` ns: 1 + number, or 0."""
        t: u32
        for t in range(NR_PSI_TRIGGERS):
            if not self.triggers[t].used:
                self.triggers[t].used = 1
                self.triggers[t].figure = 2 * group + full
                self.triggers[t].threshold = threshold
                self.triggers[t].window = window
                self.triggers[t].next_update = NEVER
                self.triggers[t].last_event = 0
                self.triggers[t].events = 0
                self.triggers[t].pending = 0
                self.window_reset(t, self.clock.now(), 0)
                self.triggers[t].last_total = self.triggers[t].start_value
                self.state[PSI_TRIGGERS] += 1
                return t + 1
        return 0

    @cython.ccall
    @cython.nogil
    def psi_trigger_destroy(self, number: u32) -> cython.int:
        """Its descriptor is closed."""
        self.triggers[number - 1].used = 0
        self.state[PSI_TRIGGERS] -= 1
        return 0

    @cython.cfunc
    @cython.nogil
    def window_reset(self, t: u32, now: u64, growth: u64) -> cython.int:
        self.triggers[t].start_time = now
        self.triggers[t].start_value = self.figures[self.triggers[t].figure].total
        self.triggers[t].prev_growth = growth
        return 0

    @cython.cfunc
    @cython.nogil
    def start_triggers(self) -> cython.int:
        """Something stalls: look at every trigger ten times in a window from now on."""
        t: u32
        for t in range(NR_PSI_TRIGGERS):
            if self.triggers[t].used and self.triggers[t].next_update == NEVER:
                self.window_reset(t, self.clock.now(), 0)
                self.triggers[t].next_update = (
                    self.clock.now() + self.triggers[t].window // UPDATES_PER_WINDOW
                )
                self.wake(self.triggers[t].next_update)
        return 0

    @cython.cfunc
    @cython.nogil
    def update_triggers(self, now: u64) -> u64:
        """When to look again, or NEVER."""
        following: u64 = NEVER
        t: u32
        if self.state[PSI_TRIGGERS] == 0:
            return NEVER
        for t in range(NR_PSI_TRIGGERS):
            if self.triggers[t].used and self.triggers[t].next_update != NEVER:
                if self.triggers[t].next_update <= now:
                    self.update_trigger(t, now)
                if self.triggers[t].next_update < following:
                    following = self.triggers[t].next_update
        return following

    @cython.cfunc
    @cython.nogil
    def update_trigger(self, t: u32, now: u64) -> cython.int:
        """An event, at most one a window, where the growth in the window passes the threshold; a
        trigger sleeps after a window without any stall."""
        total: u64 = self.figures[self.triggers[t].figure].total
        window: u64 = self.triggers[t].window
        self.triggers[t].next_update = now + window // UPDATES_PER_WINDOW
        if total != self.triggers[t].last_total:
            self.triggers[t].last_total = total
            if self.window_update(t, now, total) >= self.triggers[t].threshold:
                self.triggers[t].pending = 1
        elif now - self.triggers[t].start_time > window and not self.triggers[t].pending:
            self.triggers[t].next_update = NEVER
        if self.triggers[t].pending:
            if self.triggers[t].events == 0 or now >= self.triggers[t].last_event + window:
                self.triggers[t].events += 1
                self.triggers[t].last_event = now
                self.triggers[t].pending = 0
        return 0

    @cython.cfunc
    @cython.nogil
    def window_update(self, t: u32, now: u64, total: u64) -> u64:
        """Growth in a window that slides: of the last one, what overlaps it still."""
        elapsed: u64 = now - self.triggers[t].start_time
        growth: u64 = total - self.triggers[t].start_value
        window: u64 = self.triggers[t].window
        if elapsed > window:
            self.window_reset(t, now, growth)
            return growth
        return growth + self.triggers[t].prev_growth * (window - elapsed) // window

    def check(self):
        """Nobody is stalled for longer than time has passed; the active list is sound."""
        for memcg in [0, *self.arena.where("memcgs", "in_use")]:
            some, full = self.figures[2 * memcg].total, self.figures[2 * memcg + 1].total
            assert full <= some <= self.clock.now()
            if memcg:
                assert some <= self.figures[2 * self.memcgs[memcg].parent].total
        listed, at = set(), int(self.state[PSI_ACTIVE])
        while at:
            assert at not in listed and self.groups[at - 1].is_active
            listed.add(at)
            at = int(self.groups[at - 1].active_next)
        assert listed == {g + 1 for g in self.arena.where("psi_groups", "is_active")}
