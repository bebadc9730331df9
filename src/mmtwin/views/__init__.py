"""The machine in the kernel's own files, one module a file: machine -> text.

`FILES` are paths of the whole machine; `NODE_FILES` and `TASK_FILES` are the names inside a
node's and a process's directory. A view takes the machine (and the node, or the index of the
task) and returns what reading the file gives. docs/views.md says what each one leaves out.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from mmtwin import cgroups, sysctl, zram_files, zswap_files
from mmtwin.errors import NotModelledError, did_you_mean
from mmtwin.views import (
    block,
    buddyinfo,
    clear_refs,
    cmdline,
    cpu,
    kpage,
    limits,
    loadavg,
    lru_gen,
    maps,
    meminfo,
    oom_score,
    oom_score_adj,
    pagemap,
    pressure,
    smaps,
    stat,
    statm,
    status,
    swaps,
    tasks,
    topology,
    vmstat,
    zoneinfo,
)

if TYPE_CHECKING:
    from mmtwin.machine import Machine

_NODES, _CPUS = "/sys/devices/system/node", "/sys/devices/system/cpu"
_NODE_STATES = ("online", "possible", "has_memory")


def _show_segments(machine: Machine) -> str:
    return machine.shared_memory.show()


FILES: dict[str, Callable[[Machine], str]] = {
    "/proc/buddyinfo": buddyinfo.show,
    "/proc/cpuinfo": cpu.show_cpuinfo,
    "/proc/diskstats": block.show_diskstats,
    "/proc/loadavg": loadavg.show,
    lru_gen.PATH: lru_gen.show,
    "/proc/meminfo": meminfo.show,
    "/proc/pagetypeinfo": buddyinfo.show_pagetypes,
    "/proc/pressure/memory": pressure.show,
    "/proc/stat": cpu.show_stat,
    "/proc/swaps": swaps.show,
    "/proc/sysvipc/shm": _show_segments,
    "/proc/uptime": loadavg.show_uptime,
    "/proc/vmstat": vmstat.show,
    "/proc/zoneinfo": zoneinfo.show,
    **dict.fromkeys(
        [f"{_CPUS}/{n}" for n in ("online", "possible", "present")], topology.show_cpus
    ),
    **dict.fromkeys([f"{_NODES}/{n}" for n in _NODE_STATES], topology.show_nodes),
    f"{_NODES}/has_cpu": topology.show_nodes_with_cpus,
}
NODE_FILES: dict[str, Callable[[Machine, int], str]] = {
    "cpulist": topology.show_cpulist,
    "cpumap": topology.show_cpumap,
    "distance": topology.show_distance,
    "meminfo": meminfo.show_node,
    "numastat": vmstat.show_numastat,
    "vmstat": vmstat.show_node,
}
TASK_FILES: dict[str, Callable[[Machine, int], str]] = {
    "cmdline": cmdline.show,
    "comm": tasks.show_comm,
    "limits": limits.show,
    "maps": maps.show,
    "cgroup": oom_score.show_cgroup,
    "oom_adj": oom_score.show_adj,
    "oom_score": oom_score.show,
    "oom_score_adj": oom_score_adj.show,
    "smaps": smaps.show,
    "smaps_rollup": smaps.show_rollup,
    "stat": stat.show,
    "statm": statm.show,
    "status": status.show,
}
TASK_WRITES: dict[str, Callable[[Machine, int, str], None]] = {
    "clear_refs": clear_refs.write,
    "oom_adj": oom_score.write_adj,
    "oom_score_adj": oom_score_adj.write,
}
# (machine, offset, length) -> bytes of a file that is no text; length -1 reads to its end
BINARY_FILES: dict[str, Callable[[Machine, int, int], bytes]] = {
    "/proc/kpagecgroup": kpage.kpagecgroup,
    "/proc/kpagecount": kpage.kpagecount,
    "/proc/kpageflags": kpage.kpageflags,
}
TASK_BINARY_FILES: dict[str, Callable[[Machine, int, int, int], bytes]] = {
    "pagemap": pagemap.read,
}

# Files that do something when they are written to
ACTIONS: dict[str, Callable[[Machine, str], object]] = {
    lru_gen.PATH: lru_gen.write,
    "/proc/sys/vm/stat_refresh": lambda machine, text: machine.page_alloc.stat_refresh(),
    sysctl.DROP_CACHES: sysctl.drop_caches,
}

_TASK = re.compile(r"/proc/(self|[0-9]+)/(?:task/[0-9]+/)?([^/]+)")
_NODE = re.compile(_NODES + r"/node([0-9]+)/([^/]+)")
_BLOCK = re.compile(r"/sys/(?:class/)?block/([^/]+)/(.+)")

# Files of a real kernel that the model has nothing true to say about, yet.
NOT_MODELLED = frozenset(
    [
        *(f"/proc/{name}" for name in """
        interrupts iomem kallsyms locks modules mounts net pressure schedstat
        slabinfo softirqs vmallocinfo""".split()),  # noqa: SIM905
    ]
)  # fmt: skip
_NOT_MODELLED_OF_A_TASK = frozenset(
    """auxv coredump_filter environ exe fd fdinfo io ksm_merging_pages ksm_stat map_files mem
    mountinfo numa_maps sched schedstat stack syscall wchan""".split()  # noqa: SIM905
)

Text = Callable[[], str]
Bytes = Callable[[int, int], bytes]


def read(machine: Machine, path: str) -> str:
    """The text of a kernel file."""
    text = _text(machine, path)
    if text is None:
        if _binary(machine, path) is not None:
            raise OSError(errno.EINVAL, "a binary file: use read_bytes()", path)
        raise _absent(machine, path)
    return text()


def read_bytes(machine: Machine, path: str, offset: int, length: int) -> bytes:
    """`length` bytes from `offset` (-1: to the end) of a kernel file."""
    if offset < 0:
        raise OSError(errno.EINVAL, "negative offset", path)
    binary = _binary(machine, path)
    if binary is not None:
        return binary(offset, length)
    data = read(machine, path).encode()
    return data[offset:] if length < 0 else data[offset : offset + length]


def write(machine: Machine, path: str, text: str) -> None:
    """Write to a kernel file."""
    if path.startswith(cgroups.ROOT + "/"):
        cgroups.write(machine, path, text)
        return
    if zram_files.find(path):
        zram_files.write(machine, path, text)
        return
    if zswap_files.find(machine, path):
        zswap_files.write(machine, path, text)
        return
    match = _TASK.fullmatch(path)
    if match and match[2] in TASK_WRITES:
        TASK_WRITES[match[2]](machine, tasks.find(machine, match[1], path), text)
    elif path in ACTIONS:
        ACTIONS[path](machine, text)
    elif (found := _disk_file(machine, path)) and found[1] in block.WRITES:
        block.WRITES[found[1]](machine, found[0], text)
    elif path not in sysctl.SETTINGS and _exists(machine, path):
        raise PermissionError(errno.EACCES, "read-only", path)
    elif match or not path.startswith(("/proc/sys/", "/sys/")):
        raise _absent(machine, path)
    else:
        sysctl.find(path).write(machine, text)


def _exists(machine: Machine, path: str) -> bool:
    return _text(machine, path) is not None or _binary(machine, path) is not None


def _text(machine: Machine, path: str) -> Text | None:
    """What reads the file, or None if it is no text file of this machine."""
    if path.startswith(cgroups.ROOT + "/"):
        return partial(cgroups.read, machine, path)
    if zram_files.find(path):
        return partial(zram_files.read, machine, path)
    if zswap_files.find(machine, path):
        return partial(zswap_files.read, machine, path)
    if path in FILES:
        return partial(FILES[path], machine)
    if path in sysctl.SETTINGS:
        return partial(sysctl.SETTINGS[path].read, machine)
    if (match := _TASK.fullmatch(path)) and match[2] in TASK_FILES:
        return partial(TASK_FILES[match[2]], machine, tasks.find(machine, match[1], path))
    if (match := _NODE.fullmatch(path)) and match[2] in NODE_FILES:
        node = int(match[1])
        if node < len(machine.config.nodes):
            return partial(NODE_FILES[match[2]], machine, node)
    if found := _disk_file(machine, path):
        return partial(block.FILES[found[1]], machine, found[0])
    return None


def _disk_file(machine: Machine, path: str) -> tuple[int, str] | None:
    """(device, name) of a file in a disk's directory of /sys/block."""
    match = _BLOCK.fullmatch(path)
    if not match or match[2] not in block.FILES:
        return None
    device = block.find(machine, match[1])
    return (device, match[2]) if device else None


def _binary(machine: Machine, path: str) -> Bytes | None:
    if path in BINARY_FILES:
        return partial(BINARY_FILES[path], machine)
    if (match := _TASK.fullmatch(path)) and match[2] in TASK_BINARY_FILES:
        return partial(TASK_BINARY_FILES[match[2]], machine, tasks.find(machine, match[1], path))
    return None


def _absent(machine: Machine, path: str) -> OSError:
    """Why a path cannot be read: write-only, not modelled, or no such file."""
    if path == sysctl.DROP_CACHES:
        return PermissionError(errno.EACCES, "write-only", path)
    match = _TASK.fullmatch(path)
    if match:
        tasks.find(machine, match[1], path)
        if match[2] in _NOT_MODELLED_OF_A_TASK:
            return NotModelledError(path)
        known = [f"/proc/{match[1]}/{name}" for name in (*TASK_FILES, *TASK_BINARY_FILES)]
    else:
        if path in NOT_MODELLED or any(path.startswith(f"{tree}/") for tree in NOT_MODELLED):
            return NotModelledError(path)
        if path.startswith(("/proc/sys/", "/sys/")):
            try:
                sysctl.find(path)
            except OSError as error:
                return error
        known = [*FILES, *BINARY_FILES]
    return FileNotFoundError(errno.ENOENT, f"no such file{did_you_mean(path, known)}", path)
