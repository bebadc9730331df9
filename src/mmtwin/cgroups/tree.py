"""Groups by their path: made, removed, found, and tasks moved between them.

Models kernel/cgroup/cgroup.c: cgroup_mkdir(), cgroup_rmdir(), cgroup_procs_write(),
cgroup_subtree_control_write().
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mmtwin.errors import NotModelledError
from mmtwin.mm.memcg_tree import MEMCG_ONLINE, MEMCG_SUBTREE_CONTROL

if TYPE_CHECKING:
    from mmtwin.machine import Machine

ROOT = "/sys/fs/cgroup"


def children(machine: Machine, memcg: int) -> dict[str, int]:
    """The groups below one, by name, in the order in which they were made."""
    names, memcgs = machine.arena.names.get("cgroup", {}), machine.arena.memcgs
    found = {}
    child = int(memcgs[memcg].first_child)
    while child:
        if int(memcgs[child]["flags"]) & MEMCG_ONLINE:
            found[names[child]] = child
        child = int(memcgs[child].next_sibling)
    return found


def find(machine: Machine, path: str) -> int:
    """The group of `a/x`, "" for the root (FileNotFoundError)."""
    memcg = 0
    for name in path.strip("/").split("/") if path.strip("/") else ():
        below = children(machine, memcg)
        if name not in below:
            raise FileNotFoundError(errno.ENOENT, "no such cgroup", f"{ROOT}/{path}")
        memcg = below[name]
    return memcg


def exists_group(machine: Machine, path: str) -> bool:
    """Whether there is such a group."""
    try:
        find(machine, path)
    except FileNotFoundError:
        return False
    return True


def parents(path: str) -> list[str]:
    """`a`, `a/x` of `a/x`: it and all above it but the root, from the top."""
    parts = path.strip("/").split("/")
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def path_of(machine: Machine, memcg: int) -> str:
    """`/a/x`, `/` for the root: as /proc/PID/cgroup shows it. A removed one is ` (deleted)`."""
    names, parts = machine.arena.names.get("cgroup", {}), []
    deleted = ""
    while memcg:
        if not int(machine.arena.memcgs[memcg]["flags"]) & MEMCG_ONLINE:
            deleted = " (deleted)"
        parts.append(names[memcg])
        memcg = int(machine.arena.memcgs[memcg].parent)
    return "/" + "/".join(reversed(parts)) + deleted


def delegates(machine: Machine, memcg: int) -> bool:
    """Whether its children have the memory controller."""
    if memcg == 0 or machine.config.cgroup_version == 1:
        return True
    return bool(int(machine.arena.memcgs[memcg]["flags"]) & MEMCG_SUBTREE_CONTROL)


def mkdir(machine: Machine, path: str) -> int:
    """A new group (FileExistsError, FileNotFoundError for its parent): its number."""
    parent_path, _, name = path.strip("/").rpartition("/")
    parent = find(machine, parent_path)
    if name in children(machine, parent):
        raise FileExistsError(errno.EEXIST, "it exists already", f"{ROOT}/{path}")
    if not name or name in (".", ".."):
        raise OSError(errno.EINVAL, "no name for a cgroup", f"{ROOT}/{path}")
    if not delegates(machine, parent):
        raise NotModelledError(
            f"{ROOT}/{path}",
            f"a cgroup without the memory controller: write +memory to /{parent_path}"
            "/cgroup.subtree_control first",
        )
    memcg = int(machine.memcontrol.css_create(parent))
    if not memcg:
        raise OSError(errno.ENOSPC, "no room for another cgroup", f"{ROOT}/{path}")
    machine.arena.names.setdefault("cgroup", {})[memcg] = name
    return memcg


def rmdir(machine: Machine, path: str) -> None:
    """Remove a group (OSError EBUSY while it has tasks or children)."""
    memcg = find(machine, path)
    error = int(machine.memcontrol.css_offline(memcg)) if memcg else -errno.EBUSY
    if error:
        raise OSError(-error, "it has tasks or children", f"{ROOT}/{path}")
    names, memcgs = machine.arena.names["cgroup"], machine.arena.memcgs
    for gone in [m for m in names if not int(memcgs[m].in_use)]:
        del names[gone]


def attach(machine: Machine, memcg: int, task: int) -> None:
    """Move a task (OSError EBUSY where a group that delegates memory may hold none)."""
    if memcg and machine.config.cgroup_version == 2 and delegates(machine, memcg):
        raise OSError(errno.EBUSY, "it delegates memory to its children", path_of(machine, memcg))
    machine.memcontrol.mem_cgroup_attach(task, memcg)


def tasks_of(machine: Machine, memcg: int) -> list[int]:
    """Indices of the tasks in a group, zombies not."""
    tasks = machine.arena.tasks
    members = [t for t in machine.arena.where("tasks", "mm") if int(tasks[t].memcg) == memcg]
    return sorted(members, key=lambda task: int(tasks[task].pid))


def populated(machine: Machine, memcg: int) -> bool:
    """Whether it or any below it has tasks."""
    return any(int(machine.arena.memcgs[m].nr_tasks) for m in machine.memcg_tree.subtree(memcg))
