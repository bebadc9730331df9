"""What the kernel's log says when somebody is killed.

`OomReport` is what the engine calls; the lines are in `machine.arena.names["dmesg"]` as
[nanoseconds, text], and `machine.dmesg()` shows them as dmesg(1) does.
Models mm/oom_kill.c: dump_header(), dump_tasks(), dump_oom_victim(); mm/show_mem.c:
show_free_areas(); mm/memcontrol.c: mem_cgroup_print_oom_context(), mem_cgroup_print_oom_meminfo().
Not modelled: the stack trace and registers between the first line and Mem-Info, the slab table
("Unreclaimable slab info"), rate limiting. Figures of mechanisms that are not there are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mmtwin import cgroups
from mmtwin.mm import gfp as gfp_bits
from mmtwin.mm import vmstat_items as items
from mmtwin.mm.oom_kill import (
    MESSAGE_ALLOCATING,
    MESSAGE_GLOBAL,
    MESSAGE_GROUP,
    MESSAGE_MEMCG,
    OOM_MEMCG,
    PANIC_ON_OOM,
)
from mmtwin.mm.rss_stat import MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES, MM_SWAPENTS
from mmtwin.views import counters, tasks

if TYPE_CHECKING:
    from mmtwin.machine import Machine

MESSAGES = {
    MESSAGE_GLOBAL: "Out of memory",
    MESSAGE_MEMCG: "Memory cgroup out of memory",
    MESSAGE_ALLOCATING: "Out of memory (oom_kill_allocating_task)",
}
# Compound names first, as %pGg prints them; then single bits.
GFP_NAMES = (
    ("GFP_TRANSHUGE", gfp_bits.GFP_TRANSHUGE),
    ("GFP_TRANSHUGE_LIGHT", gfp_bits.GFP_TRANSHUGE_LIGHT),
    ("GFP_HIGHUSER_MOVABLE", gfp_bits.GFP_HIGHUSER_MOVABLE),
    ("GFP_HIGHUSER", gfp_bits.GFP_HIGHUSER),
    ("GFP_USER", gfp_bits.GFP_USER), ("GFP_KERNEL_ACCOUNT", gfp_bits.GFP_KERNEL_ACCOUNT),
    ("GFP_KERNEL", gfp_bits.GFP_KERNEL), ("GFP_NOFS", gfp_bits.GFP_NOFS),
    ("GFP_ATOMIC", gfp_bits.GFP_ATOMIC), ("GFP_NOIO", gfp_bits.GFP_NOIO),
    ("__GFP_HIGH", gfp_bits.GFP_HIGH_BIT), ("__GFP_IO", gfp_bits.GFP_IO_BIT),
    ("__GFP_FS", gfp_bits.GFP_FS_BIT), ("__GFP_ZERO", gfp_bits.GFP_ZERO_BIT),
    ("__GFP_NOFAIL", gfp_bits.GFP_NOFAIL_BIT), ("__GFP_NORETRY", gfp_bits.GFP_NORETRY_BIT),
    ("__GFP_COMP", gfp_bits.GFP_COMP_BIT), ("__GFP_HARDWALL", gfp_bits.GFP_HARDWALL_BIT),
    ("__GFP_MOVABLE", gfp_bits.GFP_MOVABLE_BIT), ("__GFP_ACCOUNT", gfp_bits.GFP_ACCOUNT_BIT),
    ("__GFP_WRITE", gfp_bits.GFP_WRITE_BIT),
)  # fmt: skip
MIGRATE_LETTERS = "UMEHI"  # of the types with free blocks of an order, in show_migration_types()


def gfp_text(gfp: int) -> str:
    """`0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)`."""
    left, names = gfp, []
    for name, bits in GFP_NAMES:
        if bits and left & bits == bits:
            names.append(name)
            left &= ~bits
    return f"{gfp:#x}({'|'.join(names)})" + (f" {left:#x}" if left else "")


def dmesg(machine: Machine) -> str:
    """The log, a line each, with seconds since boot."""
    lines = machine.arena.names.get("dmesg", [])
    return "".join(f"[{ns / 1e9:12.6f}] {text}\n" for ns, text in lines)


class OomReport:
    """Writes the report of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.listeners: list[Callable[[int], None]] = []  # told of each victim, while it lives

    def log(self, text: str) -> None:
        """One line."""
        lines = self.machine.arena.names.setdefault("dmesg", [])
        lines.append([int(self.machine.clock.now()), text])

    # -- what the engine calls

    def dump_header(self, gfp: int, order: int, message: int) -> None:
        """Who asked for what, and what there is."""
        current = int(self.machine.arena.current[0].task)
        name = tasks.comm(self.machine, current) if current else "swapper"
        adj = int(self.machine.arena.tasks[current].oom_score_adj)
        self.log(
            f"{name} invoked oom-killer: gfp_mask={gfp_text(gfp)}, order={order}, "
            f"oom_score_adj={adj}"
        )
        memcg = self.memcg()
        if memcg >= 0:
            self.memcg_meminfo(memcg)
        else:
            self.log("Mem-Info:")
            for line in free_areas(self.machine):
                self.log(line)
        if int(self.machine.arena.sysctl[0].oom_dump_tasks):
            self.dump_tasks(memcg)

    def killed(self, victim: int, message: int) -> None:
        """The constraint's line, but not for the members of a group, and the kill."""
        if message != MESSAGE_GROUP:
            self.log(self.constraint(victim, message))
            self.message = MESSAGES[message]
        self.log(f"{self.message}: {self.kill_text(victim)}")
        for listener in self.listeners:
            listener(victim)

    message = MESSAGES[MESSAGE_GLOBAL]

    def group(self, memcg: int) -> None:
        """memory.oom.group is about to take the rest."""
        path = cgroups.path_of(self.machine, memcg)
        self.log(f"Tasks in {path} are going to be killed due to memory.oom.group set")

    def nobody(self, gfp: int, order: int) -> None:
        """A cgroup in which nobody may be killed."""
        if self.told_nobody():
            return
        self.dump_header(gfp, order, MESSAGE_MEMCG)
        self.log("Out of memory and no killable processes...")

    def told_nobody(self) -> bool:
        """It is said once; the task goes on trying."""
        lines = self.machine.arena.names.get("dmesg", [])
        return bool(lines) and lines[-1][1].startswith("Out of memory and no killable")

    def panic(self, gfp: int, order: int, reason: int) -> None:
        """The last words."""
        self.dump_header(gfp, order, MESSAGE_GLOBAL)
        if reason == PANIC_ON_OOM:
            which = int(self.machine.arena.sysctl[0].panic_on_oom)
            kind = "compulsory" if which == 2 else "system-wide"
            self.log(f"Kernel panic - not syncing: Out of memory: {kind} panic_on_oom is enabled")
        else:
            self.log("Out of memory and no killable processes...")
            self.log("Kernel panic - not syncing: System is deadlocked on memory")

    # -- its parts

    def memcg(self) -> int:
        """The cgroup whose limit it is, or -1."""
        return int(self.machine.arena.oom_state[OOM_MEMCG])

    def constraint(self, victim: int, message: int) -> str:
        """`oom-kill:constraint=...`, which parsers look for."""
        machine, memcg = self.machine, self.memcg()
        nodes = len(machine.config.nodes)
        mems = "0" if nodes == 1 else f"0-{nodes - 1}"
        task = machine.arena.tasks[victim]
        where = cgroups.path_of(machine, int(task.memcg))
        parts = ["global_oom"] if memcg < 0 else [f"oom_memcg={cgroups.path_of(machine, memcg)}"]
        kind = "CONSTRAINT_NONE" if memcg < 0 else "CONSTRAINT_MEMCG"
        return (
            f"oom-kill:constraint={kind},nodemask=(null),cpuset=/,mems_allowed={mems},"
            f"{parts[0]},task_memcg={where},task={tasks.comm(machine, victim)},"
            f"pid={int(task.pid)},uid={int(task.uid)}"
        )

    def kill_text(self, victim: int) -> str:
        """`Killed process ...`"""
        machine = self.machine
        task = machine.arena.tasks[victim]
        mm = int(task.mm)
        anon, file, shmem = (
            int(machine.rss_stat.get_mm_counter(mm, kind)) << 2
            for kind in (MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES)
        )
        return (
            f"Killed process {int(task.pid)} ({tasks.comm(machine, victim)}) "
            f"total-vm:{int(machine.arena.mms[mm].total_vm) << 2}kB, anon-rss:{anon}kB, "
            f"file-rss:{file}kB, shmem-rss:{shmem}kB, UID:{int(task.uid)} "
            f"pgtables:{int(machine.arena.mms[mm].pgtables_bytes) >> 10}kB "
            f"oom_score_adj:{int(task.oom_score_adj)}"
        )

    def dump_tasks(self, memcg: int) -> None:
        """The table of tasks that could be killed."""
        machine = self.machine
        wide = machine.config.kernel >= 608  # kinds of resident pages have columns of their own
        kinds = " rss_anon rss_file rss_shmem" if wide else ""
        self.log("Tasks state (memory values in pages):")
        self.log(
            f"[  pid  ]   uid  tgid total_vm      rss{kinds} pgtables_bytes swapents oom_score_adj"
            " name"
        )
        for task in sorted(machine.arena.where("tasks", "mm")):
            inside = memcg < 0 or machine.memcg_tree.mem_cgroup_is_descendant(
                int(machine.arena.tasks[task].memcg), memcg
            )
            if inside and int(machine.arena.tasks[task].pid) != 1:
                self.log(task_row(machine, task, wide))

    def memcg_meminfo(self, memcg: int) -> None:
        """The cgroup's usage and limits, and its memory.stat."""
        machine = self.machine
        for name, kind in (("memory", 0), ("swap", 1)):
            record = machine.arena.page_counters[1 + 4 * memcg + kind]
            limit = min(int(record["max"]) << 2, (1 << 63) - 1 >> 10)
            self.log(
                f"{name}: usage {int(record['usage']) << 2}kB, limit {limit}kB, "
                f"failcnt {int(record['failcnt'])}"
            )
        self.log(f"Memory cgroup stats for {cgroups.path_of(machine, memcg)}:")
        for line in cgroups.memory_stat(machine, memcg).splitlines():
            self.log(line)


def task_row(machine: Machine, task: int, wide: bool) -> str:
    """One task of the table."""
    record = machine.arena.tasks[task]
    mm = int(record.mm)
    rss = machine.rss_stat
    parts = [int(rss.get_mm_counter(mm, k)) for k in (MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES)]
    kinds = f" {parts[0]:8d} {parts[1]:8d} {parts[2]:9d}" if wide else ""
    return (
        f"[{int(record.pid):7d}] {int(record.uid):5d} {int(record.pid):5d} "
        f"{int(machine.arena.mms[mm].total_vm):8d} {int(rss.get_mm_rss(mm)):8d}{kinds} "
        f"{int(machine.arena.mms[mm].pgtables_bytes):8d} "
        f"{int(rss.get_mm_counter(mm, MM_SWAPENTS)):8d}         "
        f"{int(record.oom_score_adj):5d} {tasks.comm(machine, task)}"
    )


# -- Mem-Info


def free_areas(machine: Machine) -> Iterator[str]:
    """show_free_areas(), show_swap_cache_info() and the pages of the machine."""
    yield from _summary(machine)
    for node in range(len(machine.config.nodes)):
        yield _node(machine, node)
    for node in range(len(machine.config.nodes)):
        for zone, name in zip(counters.zones_of(node), counters.ZONE_NAMES, strict=True):
            if counters.populated(machine, zone):
                yield _zone(machine, node, zone, name)
                reserves = [int(p) for p in machine.zones.protection(zone)]
                yield f"lowmem_reserve[]: {' '.join(map(str, [*reserves, reserves[-1]]))}"
    for node in range(len(machine.config.nodes)):
        for zone, name in zip(counters.zones_of(node), counters.ZONE_NAMES, strict=True):
            if counters.populated(machine, zone):
                yield _blocks(machine, node, zone, name)
    cached = counters.global_node_page_state(machine, items.NR_FILE_PAGES)
    yield f"{cached} total pagecache pages"
    swapcache = counters.global_node_page_state(machine, items.NR_SWAPCACHE)
    yield f"{swapcache} pages in swap cache"
    yield f"Free swap  = {int(machine.swapfile.get_nr_swap_pages()) << 2}kB"
    yield f"Total swap = {int(machine.swapfile.get_total_swap_pages()) << 2}kB"
    present = sum(int(z.present_pages) for z in _zones(machine))
    managed = sum(int(z.managed_pages) for z in _zones(machine))
    yield f"{present} pages RAM"
    yield "0 pages HighMem/MovableOnly"
    yield f"{present - managed} pages reserved"


def _zones(machine: Machine) -> Iterator[Any]:
    for zone in range(1, len(machine.arena.zones)):
        yield machine.arena.zones[zone]


def _summary(machine: Machine) -> Iterator[str]:
    def node(item: int) -> int:
        return counters.global_node_page_state(machine, item)

    def zone(item: int) -> int:
        return int(machine.vmstat.global_zone_page_state(item))

    yield (
        f"active_anon:{node(items.NR_ACTIVE_ANON)} inactive_anon:{node(items.NR_INACTIVE_ANON)} "
        f"isolated_anon:{node(items.NR_ISOLATED_ANON)}"
    )
    yield (
        f" active_file:{node(items.NR_ACTIVE_FILE)} inactive_file:{node(items.NR_INACTIVE_FILE)} "
        f"isolated_file:{node(items.NR_ISOLATED_FILE)}"
    )
    yield (
        f" unevictable:{node(items.NR_UNEVICTABLE)} dirty:{node(items.NR_FILE_DIRTY)} "
        f"writeback:{node(items.NR_WRITEBACK)}"
    )
    yield (
        f" mapped:{node(items.NR_FILE_MAPPED)} shmem:{node(items.NR_SHMEM)} "
        f"pagetables:{node(items.NR_PAGETABLE)}"
    )
    yield f" free:{zone(items.NR_FREE_PAGES)} free_pcp:{_pcp_pages(machine)} free_cma:0"


def _pcp_pages(machine: Machine) -> int:
    return sum(int(machine.pcp.nr_pcp_pages(z)) for z in range(1, len(machine.arena.zones)))


def _node(machine: Machine, node: int) -> str:
    def kb(item: int) -> int:
        return counters.node_page_state(machine, node, item) << 2

    return (
        f"Node {node} active_anon:{kb(items.NR_ACTIVE_ANON)}kB "
        f"inactive_anon:{kb(items.NR_INACTIVE_ANON)}kB active_file:{kb(items.NR_ACTIVE_FILE)}kB "
        f"inactive_file:{kb(items.NR_INACTIVE_FILE)}kB unevictable:{kb(items.NR_UNEVICTABLE)}kB "
        f"isolated(anon):{kb(items.NR_ISOLATED_ANON)}kB "
        f"isolated(file):{kb(items.NR_ISOLATED_FILE)}kB mapped:{kb(items.NR_FILE_MAPPED)}kB "
        f"dirty:{kb(items.NR_FILE_DIRTY)}kB writeback:{kb(items.NR_WRITEBACK)}kB "
        f"shmem:{kb(items.NR_SHMEM)}kB pagetables:{kb(items.NR_PAGETABLE)}kB "
        f"all_unreclaimable? no"
    )


def _zone(machine: Machine, node: int, zone: int, name: str) -> str:
    def kb(item: int) -> int:
        return counters.zone_page_state(machine, zone, item) << 2

    record = machine.arena.zones[zone]
    marks = {k: int(v) << 2 for k, v in machine.zones.watermarks(zone).items()}
    return (
        f"Node {node} {name} free:{kb(items.NR_FREE_PAGES)}kB boost:{marks.get('boost', 0)}kB "
        f"min:{marks['min']}kB low:{marks['low']}kB high:{marks['high']}kB "
        f"reserved_highatomic:{int(record.nr_reserved_highatomic) << 2}KB "
        f"active_anon:{kb(items.NR_ZONE_ACTIVE_ANON)}kB "
        f"inactive_anon:{kb(items.NR_ZONE_INACTIVE_ANON)}kB "
        f"active_file:{kb(items.NR_ZONE_ACTIVE_FILE)}kB "
        f"inactive_file:{kb(items.NR_ZONE_INACTIVE_FILE)}kB "
        f"unevictable:{kb(items.NR_ZONE_UNEVICTABLE)}kB "
        f"writepending:{kb(items.NR_ZONE_WRITE_PENDING)}kB "
        f"present:{int(record.present_pages) << 2}kB managed:{int(record.managed_pages) << 2}kB "
        f"mlocked:{kb(items.NR_MLOCK)}kB bounce:0kB "
        f"free_pcp:{int(machine.pcp.nr_pcp_pages(zone)) << 2}kB free_cma:0kB"
    )


def _blocks(machine: Machine, node: int, zone: int, name: str) -> str:
    """`Node 0 DMA: 0*4kB 1*8kB (U) ... = 1234kB`"""
    parts, total = [], 0
    for order, blocks in enumerate(machine.buddy.free_blocks(zone)):
        blocks = int(blocks)
        total += blocks << (order + 2)
        letters = "".join(
            letter
            for migratetype, letter in enumerate(MIGRATE_LETTERS)
            if blocks and int(machine.buddy.nr_free(zone, order, migratetype))
        )
        kind = f" ({letters})" if letters else ""
        parts.append(f"{blocks}*{4 << order}kB{kind}")
    return f"Node {node} {name}: {' '.join(parts)} = {total}kB"
