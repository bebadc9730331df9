"""The cgroup file system at /sys/fs/cgroup: groups by path, and the files in each.

    CGROUP/a/x/memory.max --> find(machine, "a/x") --> V2_FILES["memory.max"]

Version 2 is mounted unless the machine's description says `cgroup_version = 1`. The memory
controller is on for the root's children; below them it is on where cgroup.subtree_control says so.
Groups without the controller are not modelled: `mkdir` there is refused.
"""

from mmtwin.cgroups.files import exists, read, write
from mmtwin.cgroups.stat import show as memory_stat
from mmtwin.cgroups.tree import (
    ROOT,
    attach,
    exists_group,
    find,
    mkdir,
    parents,
    path_of,
    rmdir,
)

__all__ = [
    "ROOT", "attach", "exists", "exists_group", "find", "memory_stat", "mkdir", "parents",
    "path_of", "read", "rmdir", "write",
]  # fmt: skip
