"""/proc/PID/status: models fs/proc/array.c: proc_pid_status(), fs/proc/task_mmu.c: task_mem().

What the model has no notion of (signals, capabilities, seccomp, speculation, context switches)
shows as in a plain process that root started and that has not changed any of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmtwin.mm.rss_stat import MM_SWAPENTS
from mmtwin.units import PAGE_SHIFT
from mmtwin.views import stat, statm, tasks, topology

if TYPE_CHECKING:
    from mmtwin.machine import Machine

STATES = {"R": "R (running)", "S": "S (sleeping)", "Z": "Z (zombie)"}
MAX_NUMNODES = 1024
NR_OPEN_DEFAULT = 64
FULL_CAPABILITIES = "000001ffffffffff"
KTHREAD_SINCE, UNTAG_SINCE = 611, 604


def show(machine: Machine, task: int) -> str:
    """The file's text."""
    mm = tasks.mm_of(machine, task)
    rows = [*_identity(machine, task)]
    if mm is not None:
        rows += [*_memory(machine, task, mm), *_mm_switches(machine)]
    rows += [("Threads", int(machine.arena.tasks[task].nr_threads)), *_rights(machine, task)]
    rows += [*_allowed(machine)]
    return "".join(f"{name}:\t{value}\n" for name, value in rows)


def _identity(machine: Machine, task: int) -> list[tuple[str, Any]]:
    t = machine.arena.tasks[task]
    pid, leader = int(t.pid), tasks.leader(machine, task)
    rows: list[tuple[str, Any]] = [
        ("Name", tasks.comm(machine, task)),
        ("Umask", "0022"),
        ("State", STATES[stat.state(machine, task)]),
        ("Tgid", pid),
        ("Ngid", 0),
        ("Pid", pid),
        ("PPid", int(t.ppid)),
        ("TracerPid", 0),
        ("Uid", "\t".join([str(int(t.uid))] * 4)),
        ("Gid", "0\t0\t0\t0"),
        ("FDSize", NR_OPEN_DEFAULT if int(t.mm) else 0),
        ("Groups", " "),
        ("NStgid", pid),
        ("NSpid", pid),
        ("NSpgid", leader),
        ("NSsid", leader),
    ]
    if machine.config.kernel >= KTHREAD_SINCE:
        rows.append(("Kthread", 0))
    return rows


def _memory(machine: Machine, task: int, mm: Any) -> list[tuple[str, str]]:
    """task_mem(): sizes in kB, eight columns wide."""
    text = min(statm.text_bytes(mm), int(mm.exec_vm) << PAGE_SHIFT) >> 10
    file, anon, shmem = statm.resident(machine, task)
    swap = int(machine.rss_stat.get_mm_counter_sum(int(machine.arena.tasks[task].mm), MM_SWAPENTS))
    rss, total = file + anon + shmem, int(mm.total_vm)
    pages = [
        ("VmPeak", max(int(mm.hiwater_vm), total)),
        ("VmSize", total),
        ("VmLck", int(mm.locked_vm)),
        ("VmPin", int(mm.pinned_vm)),
        ("VmHWM", max(int(mm.hiwater_rss), rss)),
        ("VmRSS", rss),
        ("RssAnon", anon),
        ("RssFile", file),
        ("RssShmem", shmem),
        ("VmData", int(mm.data_vm)),
        ("VmStk", int(mm.stack_vm)),
    ]
    sizes = [(name, value << (PAGE_SHIFT - 10)) for name, value in pages]
    sizes += [
        ("VmExe", text),
        ("VmLib", (int(mm.exec_vm) << (PAGE_SHIFT - 10)) - text),
        ("VmPTE", int(mm.pgtables_bytes) >> 10),
        ("VmSwap", swap << (PAGE_SHIFT - 10)),
        ("HugetlbPages", 0),
    ]
    return [(name, f"{value:8} kB") for name, value in sizes]


def _mm_switches(machine: Machine) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = [("CoreDumping", 0), ("THP_enabled", 1)]
    if machine.config.kernel >= UNTAG_SINCE:
        rows.append(("untag_mask", "0xffffffffffffffff"))
    return rows


def _rights(machine: Machine, task: int) -> list[tuple[str, Any]]:
    """Signals, capabilities, seccomp, speculation: those of an untouched process, root's or not."""
    none = "0" * 16
    held = none if int(machine.arena.tasks[task].uid) else FULL_CAPABILITIES
    return [
        ("SigQ", f"0/{max_pending_signals(machine)}"),
        *((name, none) for name in ("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "CapInh")),
        ("CapPrm", held),
        ("CapEff", held),
        ("CapBnd", FULL_CAPABILITIES),
        ("CapAmb", none),
        ("NoNewPrivs", 0),
        ("Seccomp", 0),
        ("Seccomp_filters", 0),
        ("Speculation_Store_Bypass", "thread vulnerable"),
        ("SpeculationIndirectBranch", "conditional enabled"),
    ]


def max_pending_signals(machine: Machine) -> int:
    """RLIMIT_SIGPENDING of init: half of the threads that set_max_threads() allows."""
    thread_pages = 8 * 4  # eight times a 16 KiB stack
    return machine.config.ram_pages // thread_pages // 2


def _allowed(machine: Machine) -> list[tuple[str, Any]]:
    cpus, nodes = machine.config.cpus, len(machine.config.nodes)
    return [
        ("Cpus_allowed", topology.bitmap((1 << cpus) - 1, cpus)),
        ("Cpus_allowed_list", topology.bitlist(range(cpus))),
        ("Mems_allowed", topology.bitmap((1 << nodes) - 1, MAX_NUMNODES)),
        ("Mems_allowed_list", topology.bitlist(range(nodes))),
        ("voluntary_ctxt_switches", 0),
        ("nonvoluntary_ctxt_switches", 0),
    ]
