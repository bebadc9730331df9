"""What a replay found, as data with stable keys and as text for a person."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mmtwin.trace import counters
from mmtwin.trace.events import Event

if TYPE_CHECKING:
    from mmtwin.trace.replay import Replay

BARS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 60
SHOWN = 10  # rows of a list in the text; --json has all


@dataclass
class Failure:
    """Calls or accesses of one kind that the twin refused and the recording granted."""

    op: str
    reason: str
    first: str  # the first of them, spelled out
    line: int
    pid: int
    count: int = 1


@dataclass
class Failures:
    """By op and errno: a recording of millions of lines must not become a list of millions."""

    by_kind: dict[tuple[str, int | None], Failure] = field(default_factory=dict)

    def add(self, event: Event, error: OSError) -> None:
        """One more."""
        key = (event.op, error.errno)
        if key in self.by_kind:
            self.by_kind[key].count += 1
            return
        name = errno.errorcode.get(error.errno or 0, str(error.errno))
        reason = f"{name} ({error.strerror or error})"
        call = f"{event.op}({event.addr or event.result:#x}, {event.length})"
        self.by_kind[key] = Failure(event.op, reason, call, event.line, event.pid)

    def __len__(self) -> int:
        return sum(f.count for f in self.by_kind.values())


def summarize(replay: Replay) -> dict[str, Any]:
    """The whole result; every key is always there."""
    trace, machine, samples = replay.trace, replay.machine, replay.samples
    living = [p.remember() for p in replay.processes.values()]
    processes = [*(p.remembered for p in replay.ended), *living]
    last = samples.samples[-1]
    return {
        "trace": {
            "path": str(trace.path),
            "format": trace.format,
            "recorder": trace.host.recorder,
            "command": trace.host.command,
        },
        "machine": {
            "ram_kb": machine.config.ram_pages << 2,
            "cpus": machine.config.cpus,
            "kernel": machine.config.kernel_name,
        },
        "events": replay.rows,
        "calls": replay.calls,
        "accesses": replay.accesses,
        "processes": processes,
        "faults": {
            "minor": sum(p["min_flt"] for p in processes),
            "major": sum(p["maj_flt"] for p in processes),
        },
        "resident": {
            "peak_kb": samples.peak.rss_kb,
            "peak_at": samples.peak.at,
            "end_kb": last.rss_kb,
            "samples": [[s.at, s.rss_kb, s.pagetables_kb, s.processes] for s in samples.samples],
        },
        "page_tables": {"peak_kb": samples.peak_pagetables_kb, "end_kb": last.pagetables_kb},
        "tlb": tlb_counters(machine),
        **counters.of(machine),
        "failed": [
            {"op": f.op, "reason": f.reason, "first": f.first, "line": f.line, "pid": f.pid,
             "count": f.count}
            for f in replay.failures.by_kind.values()
        ],
        "unknown": unknowns(replay),
        "kernel_log": machine.dmesg().splitlines(),
    }  # fmt: skip


def tlb_counters(machine: Any) -> dict[str, Any]:
    """Counts of all CPUs, the miss rate, and the reach in kB."""
    names = ("l1_hits", "l2_hits", "misses", "walks", "walk_levels", "flushes_full",
             "flushes_page", "shootdowns_sent")  # fmt: skip
    cpus = [machine.arena.tlb_cpus[i] for i in range(machine.config.cpus)]
    counts: dict[str, Any] = {n: sum(int(getattr(c, n)) for c in cpus) for n in names}
    lookups = counts["l1_hits"] + counts["l2_hits"] + counts["misses"]
    config = machine.config.tlb
    return {
        **counts,
        "lookups": lookups,
        "miss_rate": counts["misses"] / lookups if lookups else None,
        "reach_4k_kb": (config.l1_entries + config.l2_entries) * 4,
        "reach_2m_kb": (config.l1_2m_entries + config.l2_entries) * 2048,
    }


def unknowns(replay: Replay) -> list[str]:
    """What the recording does not tell, in sentences."""
    found = []
    if replay.trace.host.recorder == "strace" and not replay.accesses:
        found.append(
            "memory accesses: strace records none, so pages are resident only where a call "
            "itself makes them so (MAP_POPULATE, mlock, execve)"
        )
    for path, line in replay.unknown_programs.items():
        found.append(f"the ELF layout of {path} (line {line}): give it with --elf")
    unplaced = [p.pid for p in (*replay.ended, *replay.processes.values()) if p.guessed]
    if unplaced:
        found.append(
            f"where execve put the programs of {len(unplaced)} processes, first {unplaced[0]}"
        )
    if replay.processes and replay.ended:
        found.append(f"how {len(replay.processes)} processes ended: the recording stops before")
    return [*found, *replay.trace.notes()]


def as_text(result: dict[str, Any]) -> str:
    """The summary for a person."""
    trace, machine = result["trace"], result["machine"]
    lines = [
        f"{trace['path']}: {trace['command'] or trace['recorder']}",
        f"on {size(machine['ram_kb'])} of memory, {machine['cpus']} CPUs, "
        f"Linux {machine['kernel']}: {result['calls']:,} calls, {result['accesses']:,} accesses",
        "",
        *_processes(result["processes"]),
        "",
        f"faults       {result['faults']['minor']:,} minor, {result['faults']['major']:,} major",
        *_resident(result["resident"]),
        f"page tables  {size(result['page_tables']['peak_kb'])} at most",
        *_tlb(result["tlb"]),
    ]
    kills = [line for line in result["kernel_log"] if "Killed process" in line or "panic" in line]
    lines += [f"{'log' if i == 0 else '':<12} {row}" for i, row in enumerate(kills)]
    for title, rows in (("failed", _failed(result["failed"])), ("not known", result["unknown"])):
        lines += [f"{title if i == 0 else '':<12} {row}" for i, row in enumerate(rows)]
    return "\n".join(lines) + "\n"


def _processes(processes: list[dict[str, Any]]) -> list[str]:
    head = f"{'pid':>8} {'name':<16} {'minor':>9} {'major':>7} {'peak VSZ':>9} {'peak RSS':>9}  end"
    biggest = sorted(processes, key=lambda p: -p["vm_hwm_kb"])[:SHOWN]
    shown = [p for p in processes if p in biggest]
    rows = [
        f"{p['pid']:>8} {p['name']:<16.16} {p['min_flt']:>9,} {p['maj_flt']:>7,} "
        f"{size(p['vm_peak_kb']):>9} {size(p['vm_hwm_kb']):>9}  {_end(p)}"
        for p in shown
    ]
    more = len(processes) - len(shown)
    return [head, *rows, *([f"{'':>8} and {more} more (--json has all)"] if more else [])]


def _end(p: dict[str, Any]) -> str:
    return {"": "alive", "exited": f"exit {p['code']}"}.get(p["how"], f"signal {p['code']}")


def _resident(resident: dict[str, Any]) -> list[str]:
    values = [row[1] for row in resident["samples"]]
    return [
        f"resident     {sparkline(values)}",
        f"             {size(resident['peak_kb'])} at most, {size(resident['end_kb'])} at the end",
    ]


def _tlb(tlb: dict[str, Any]) -> list[str]:
    reach = f"reach {size(tlb['reach_4k_kb'])} (4 KiB pages)"
    if not tlb["lookups"]:
        return [f"TLB          {reach}; not used: no accesses were replayed"]
    return [
        f"TLB          {tlb['miss_rate']:.2%} of {tlb['lookups']:,} lookups missed, "
        f"{tlb['walks']:,} walks, {reach}"
    ]


def _failed(failures: list[dict[str, Any]]) -> list[str]:
    rows = [
        f"line {f['line']}: {f['first']} of {f['pid']}: {f['reason']}"
        + (f", and {f['count'] - 1:,} more such" if f["count"] > 1 else "")
        for f in failures
    ]
    return rows or ["nothing that the recording was granted"]


def sparkline(values: list[int], width: int = SPARK_WIDTH) -> str:
    """The maximum of each of `width` equal stretches, as bars."""
    if not values or not max(values):
        return BARS[0] * min(width, max(1, len(values)))
    width = min(width, len(values))
    stretches = [
        values[i * len(values) // width : (i + 1) * len(values) // width] for i in range(width)
    ]
    top = max(values)
    return "".join(BARS[max(s) * (len(BARS) - 1) // top] for s in stretches)


def size(kb: int) -> str:
    """Kilobytes as people write them."""
    value = float(kb)
    for unit in ("kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "kB" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"
