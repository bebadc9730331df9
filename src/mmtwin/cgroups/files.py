"""Reading and writing paths below /sys/fs/cgroup."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from mmtwin.cgroups import tree, v1, v2
from mmtwin.errors import NotModelledError, did_you_mean

if TYPE_CHECKING:
    from mmtwin.machine import Machine

# Files of a real kernel's groups that the model has nothing to say about.
NOT_MODELLED = (
    "cgroup.freeze", "cgroup.max.", "cgroup.pressure", "cpu.", "cpuset.", "io.", "pids.", "misc.",
    "hugetlb.", "rdma.", "irq.pressure", "dmem.",
)  # fmt: skip


def version_of(machine: Machine) -> Any:
    """The module with the files of the version that is mounted."""
    return v1 if machine.config.cgroup_version == 1 else v2


def split(machine: Machine, path: str) -> tuple[int, str]:
    """The group and the name of a file."""
    inside = path.removeprefix(tree.ROOT + "/")
    if machine.config.cgroup_version == 1:
        inside = inside.removeprefix("memory/")
    group, _, name = inside.rpartition("/")
    return tree.find(machine, group), name


def exists(machine: Machine, memcg: int, name: str) -> bool:
    """Whether the machine's kernel has such a file in such a group."""
    version = version_of(machine)
    return bool(version.exists(name, machine, memcg))


def read(machine: Machine, path: str) -> str:
    """The text of a file (FileNotFoundError, NotModelledError, PermissionError)."""
    memcg, name = split(machine, path)
    version = version_of(machine)
    if not version.exists(name, machine, memcg):
        raise absent(machine, path, name)
    if name not in version.READS:
        raise PermissionError(errno.EACCES, "write-only", path)
    return str(version.READS[name](machine, memcg))


def write(machine: Machine, path: str, text: str) -> None:
    """Write to a file (OSError with the kernel's errno)."""
    memcg, name = split(machine, path)
    version = version_of(machine)
    if not version.exists(name, machine, memcg):
        raise absent(machine, path, name)
    if name not in version.WRITES:
        raise PermissionError(errno.EACCES, "read-only", path)
    version.WRITES[name](machine, memcg, text)


def absent(machine: Machine, path: str, name: str) -> OSError:
    """Why there is no such file."""
    if name.startswith(NOT_MODELLED):
        return NotModelledError(path)
    version = version_of(machine)
    known = [*version.READS, *version.WRITES]
    return FileNotFoundError(errno.ENOENT, f"no such file{did_you_mean(name, known)}", path)
