"""The machine's description: nodes, memory, CPUs, and sysctls as the kernel spells them.

A description is immutable and complete: two machines of the same description boot alike.
It comes from keywords (`describe(ram="4G", cpus=2)`), from a TOML file (`load(path)`), and
from `KEY=VALUE` settings on top of either (`with_settings(config, ["ram=1G"])`). All three take
the same keys; docs/machine.md lists them.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mmtwin import costs, disks, swap_areas, sysctl
from mmtwin.costs import CostConfig
from mmtwin.disks import DiskConfig
from mmtwin.errors import ConfigError, did_you_mean
from mmtwin.swap_areas import SwapConfig
from mmtwin.units import PAGE_SHIFT, format_size, parse_size

GIB = 1 << 30
MIB = 1 << 20
KERNELS = {"6.1": 601, "6.12": 612, "6.18": 618}
MIN_RAM, MAX_RAM = 64 * MIB, 8 << 40
KERNEL_HZ = 100, 250, 300, 1000
MAX_CPUS = 32  # bits of Mm.cpu_mask
MAX_NODES = 16
LOCAL_DISTANCE, REMOTE_DISTANCE, MAX_DISTANCE = 10, 20, 255

RUN_CGROUP = "run"  # which `memory.max=1G` and its like are settings of

# A PC keeps the addresses from 3 GiB to 4 GiB for devices: memory from 3.5 GiB up is split.
HOLE_FROM, HOLE_START, HOLE_END = 7 * GIB // 2, 3 * GIB, 4 * GIB


@dataclass(frozen=True)
class NodeConfig:
    """One NUMA node: `ranges` are its (first pfn, last pfn + 1) of RAM, ascending."""

    ranges: tuple[tuple[int, int], ...]

    @property
    def nr_pages(self) -> int:
        return sum(end - start for start, end in self.ranges)


@dataclass(frozen=True)
class TlbConfig:
    """One CPU's data TLB, a Skylake server's by default; sets (entries / ways) are powers of 2."""

    l1_entries: int = 64  # of 4 KiB
    l1_ways: int = 4
    l1_2m_entries: int = 32
    l1_2m_ways: int = 4
    l2_entries: int = 1536  # shared by both sizes
    l2_ways: int = 12
    pcid: bool = True

    def __post_init__(self) -> None:
        for bank in ("l1", "l1_2m", "l2"):
            entries, ways = getattr(self, f"{bank}_entries"), getattr(self, f"{bank}_ways")
            sets = entries // ways if 1 <= ways <= 16 else 0
            if sets * ways != entries or sets & (sets - 1) or sets == 0:
                raise ConfigError(
                    f"tlb.{bank}_entries: {entries} entries of {ways} ways: "
                    "1 to 16 ways in a power of two of sets"
                )


@dataclass(frozen=True)
class MachineConfig:
    """Everything that is decided before boot. Immutable; sysctls may change afterwards."""

    nodes: tuple[NodeConfig, ...]
    cpus: int = 2
    cpu_node: tuple[int, ...] = (0, 0)
    kernel: int = 612  # 601, 612 or 618
    la57: bool = False  # five-level page tables
    hz: int = 250  # CONFIG_HZ, as far as pauses of writers depend on it
    distances: tuple[tuple[int, ...], ...] = ((LOCAL_DISTANCE,),)
    kernelcore: int = 0  # pages that stay out of Movable; 0: no such limit
    movablecore: int = 0  # pages of Movable; 0: no such zone unless by kernelcore
    stack_guard_gap: int = 256  # pages
    zswap: bool = True  # CONFIG_ZSWAP, which cloud flavours lack
    zram_multi_comp: bool = False  # CONFIG_ZRAM_MULTI_COMP, which Debian's lack
    cgroup_version: int = 2  # which file system is mounted on /sys/fs/cgroup
    memory_recursiveprot: bool = False  # mounted with it (systemd does)
    tlb: TlbConfig = TlbConfig()
    disks: tuple[DiskConfig, ...] = (DiskConfig(),)
    swap: tuple[SwapConfig, ...] = ()
    cost: CostConfig = field(default_factory=CostConfig)
    # percent of zero, text, heap and database among pages whose contents nobody knows
    content: tuple[int, ...] = (0, 0, 100, 0)
    settings: dict[str, str] = field(default_factory=dict)  # file -> text written after boot
    # cgroup -> file -> text; RUN_CGROUP is made for the tasks of the run, if it has settings
    cgroups: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def nr_pfns(self) -> int:
        """One more than the highest pfn: the length of mem_map."""
        return max(end for node in self.nodes for _, end in node.ranges)

    @property
    def ram_pages(self) -> int:
        return sum(node.nr_pages for node in self.nodes)

    @property
    def kernel_name(self) -> str:
        """The version as it is spelt: "6.12"."""
        return f"{self.kernel // 100}.{self.kernel % 100}"

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json()` takes back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> MachineConfig:
        """The description that `to_json()` gave (TypeError, KeyError for anything else)."""
        plain = dict(values)
        ranges = [[tuple(r) for r in node["ranges"]] for node in plain.pop("nodes")]
        return cls(
            nodes=tuple(NodeConfig(tuple(r)) for r in ranges),
            cpu_node=tuple(plain.pop("cpu_node")),
            distances=tuple(tuple(row) for row in plain.pop("distances")),
            tlb=TlbConfig(**plain.pop("tlb")),
            cost=CostConfig(**plain.pop("cost")),
            content=tuple(plain.pop("content")),
            disks=tuple(DiskConfig(**disk) for disk in plain.pop("disks")),
            swap=tuple(SwapConfig(**area) for area in plain.pop("swap", ())),
            **plain,
        )


def layout(sizes: Iterable[int]) -> tuple[NodeConfig, ...]:
    """Nodes of these many bytes, one after another, around the hole below 4 GiB."""
    sizes = list(sizes)
    below = sum(sizes) if sum(sizes) < HOLE_FROM else HOLE_START
    nodes, at = [], 0
    for size in sizes:
        moved = HOLE_END - below  # how far memory above the hole is shifted up
        pieces = ((at, min(at + size, below)), (max(at, below) + moved, at + size + moved))
        ranges = [(a >> PAGE_SHIFT, b >> PAGE_SHIFT) for a, b in pieces if a < b]
        nodes.append(NodeConfig(tuple(ranges)))
        at += size
    return tuple(nodes)


def describe(
    ram: str | int | None = None, cpus: int | None = None, kernel: str | int = "6.12", **others: Any
) -> MachineConfig:
    """A machine from keywords, the keys of docs/machine.md (ConfigError for a bad one).

    By default 4 GiB, two CPUs, one node.
    """
    given = {"ram": ram, "cpus": cpus, "kernel": kernel, **others}
    return from_mapping({key: value for key, value in given.items() if value is not None})


def load(path: str | os.PathLike[str]) -> MachineConfig:
    """The machine of a TOML file (ConfigError naming the file, the key and its bounds)."""
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{name}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: not TOML: {error}") from None
    try:
        return from_mapping(values)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from None


def with_settings(config: MachineConfig, settings: Iterable[str]) -> MachineConfig:
    """`config` changed by `KEY=VALUE` texts, the last of equal keys winning."""
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"{text!r}: write a setting as KEY=VALUE")
        config = _apply(config, key.strip(), value.strip())
    return config


def from_mapping(values: Mapping[str, Any]) -> MachineConfig:
    """The machine of a TOML document's keys."""
    config = MachineConfig(layout([4 * GIB]))
    if "ram" in values and "node" in values:
        raise ConfigError("ram: each node has a ram of its own where there are node tables")
    # what shapes the machine comes first: settings may depend on the kernel, CPUs on nodes
    ordered = sorted(values, key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    for key in ordered:
        config = _apply(config, key, values[key])
    if "cpus" in values and config.cpus != int(values["cpus"]):
        raise ConfigError(f"cpus: {values['cpus']}, but the nodes name {config.cpus} CPUs")
    return config


def _apply(config: MachineConfig, key: str, value: Any) -> MachineConfig:
    """One key, wherever it was written."""
    if key in _KEYS:
        return _KEYS[key](config, value)
    if key.startswith("tlb."):
        return _tlb(config, {key.removeprefix("tlb."): value})
    if key.startswith("cost."):
        return _cost(config, {key.removeprefix("cost."): value})
    if key.startswith("disk.") and key.count(".") == 2:
        return _one_disk(config, key.split(".")[1], key.split(".")[2], value)
    if key.startswith("memory."):
        return _cgroup_files(config, RUN_CGROUP, {key: value})
    if key.startswith("cgroup."):
        return _cgroup(config, {key.removeprefix("cgroup."): value})
    if key.startswith("/") or "." in key:
        return _settings(config, {key: value})
    raise ConfigError(f"{key}: no such key{did_you_mean(key, [*_KEYS, *sysctl.names()])}")


def _ram(config: MachineConfig, value: Any) -> MachineConfig:
    size = _size("ram", value, MIN_RAM, MAX_RAM)
    sizes = {node.nr_pages for node in config.nodes}
    if len(sizes) > 1:
        raise ConfigError("ram: the nodes of this machine differ in size; set each node's own")
    each = size // len(config.nodes)
    _whole_pages("ram", each if each * len(config.nodes) == size else 1)
    return dataclasses.replace(config, nodes=layout([each] * len(config.nodes)))


def _cpus(config: MachineConfig, value: Any) -> MachineConfig:
    cpus = _integer("cpus", value, 1, MAX_CPUS)
    if config.cpu_node != _spread(config.cpus, len(config.nodes)):
        raise ConfigError("cpus: the nodes of this machine name their CPUs; change them there")
    return dataclasses.replace(config, cpus=cpus, cpu_node=_spread(cpus, len(config.nodes)))


def _nodes(config: MachineConfig, value: Any) -> MachineConfig:
    count = _integer("nodes", value, 1, MAX_NODES)
    size = config.ram_pages << PAGE_SHIFT
    _whole_pages("nodes", size // count if size % count == 0 else 1)
    return dataclasses.replace(
        config,
        nodes=layout([size // count] * count),
        cpu_node=_spread(config.cpus, count),
        distances=_distances(count),
    )


def _node(config: MachineConfig, value: Any) -> MachineConfig:
    """`[[node]]` tables: ram, cpus, distance."""
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= MAX_NODES:
        raise ConfigError(f"node: one to {MAX_NODES} tables are wanted")
    sizes, rows = [], []
    for number, table in enumerate(value):
        _known_keys(f"node[{number}]", table, ("ram", "cpus", "distance"))
        if "ram" not in table:
            raise ConfigError(f"node[{number}].ram: missing")
        sizes.append(_size(f"node[{number}].ram", table["ram"], MIN_RAM, MAX_RAM))
        _whole_pages(f"node[{number}].ram", sizes[-1])
        rows.append(_distance_row(number, len(value), table.get("distance")))
    if sum(sizes) > MAX_RAM:
        raise ConfigError(f"node: {format_size(sum(sizes))} of RAM; at most {format_size(MAX_RAM)}")
    cpu_node = _cpus_of_nodes([table.get("cpus") for table in value], config.cpus)
    return dataclasses.replace(
        config,
        nodes=layout(sizes),
        cpus=len(cpu_node),
        cpu_node=cpu_node,
        distances=tuple(rows),
    )


def _cpus_of_nodes(lists: list[Any], cpus: int) -> tuple[int, ...]:
    """Which node each CPU is on, from each node's list of CPUs (or none has one)."""
    if all(one is None for one in lists):
        return _spread(cpus, len(lists))
    owner: dict[int, int] = {}
    for node, one in enumerate(lists):
        for cpu in one if one is not None else ():
            number = _integer(f"node[{node}].cpus", cpu, 0, MAX_CPUS - 1)
            if number in owner:
                raise ConfigError(f"node[{node}].cpus: CPU {number} is on node {owner[number]} too")
            owner[number] = node
    if not owner or sorted(owner) != list(range(len(owner))):
        raise ConfigError(f"node.cpus: CPUs are numbered from 0 without a gap, not {sorted(owner)}")
    return tuple(owner[cpu] for cpu in range(len(owner)))


def _distance_row(node: int, count: int, row: Any) -> tuple[int, ...]:
    if row is None:
        return _distances(count)[node]
    key = f"node[{node}].distance"
    if not isinstance(row, (list, tuple)) or len(row) != count:
        raise ConfigError(f"{key}: {count} numbers are wanted, one a node")
    numbers = tuple(_integer(key, value, LOCAL_DISTANCE, MAX_DISTANCE) for value in row)
    if any((value == LOCAL_DISTANCE) != (other == node) for other, value in enumerate(numbers)):
        raise ConfigError(f"{key}: {LOCAL_DISTANCE} is a node's distance to itself, and only that")
    return numbers


def _kernel(config: MachineConfig, value: Any) -> MachineConfig:
    kernel = KERNELS.get(str(value), value if value in KERNELS.values() else None)
    if kernel is None:
        raise ConfigError(f"kernel: {value!r} is not modelled; it is one of {', '.join(KERNELS)}")
    return dataclasses.replace(config, kernel=kernel)


def _la57(config: MachineConfig, value: Any) -> MachineConfig:
    return dataclasses.replace(config, la57=_switch("la57", value))


def _zswap(config: MachineConfig, value: Any) -> MachineConfig:
    return dataclasses.replace(config, zswap=_switch("zswap", value))


def _zram_multi_comp(config: MachineConfig, value: Any) -> MachineConfig:
    return dataclasses.replace(config, zram_multi_comp=_switch("zram_multi_comp", value))


def _kernelcore(config: MachineConfig, value: Any) -> MachineConfig:
    return dataclasses.replace(config, kernelcore=_size("kernelcore", value, 0, MAX_RAM) >> 12)


def _movablecore(config: MachineConfig, value: Any) -> MachineConfig:
    return dataclasses.replace(config, movablecore=_size("movablecore", value, 0, MAX_RAM) >> 12)


def _hz(config: MachineConfig, value: Any) -> MachineConfig:
    hz = _integer("hz", value, min(KERNEL_HZ), max(KERNEL_HZ))
    if hz not in KERNEL_HZ:
        raise ConfigError(f"hz: {hz}; kernels are built with {', '.join(map(str, KERNEL_HZ))}")
    return dataclasses.replace(config, hz=hz)


def _stack_guard_gap(config: MachineConfig, value: Any) -> MachineConfig:
    gap = _integer("stack_guard_gap", value, 0, 1 << 24)
    return dataclasses.replace(config, stack_guard_gap=gap)


def _tlb(config: MachineConfig, value: Any) -> MachineConfig:
    _known_keys("tlb", value, [f.name for f in dataclasses.fields(TlbConfig)])
    given: dict[str, Any] = {}
    for name, text in value.items():
        key = f"tlb.{name}"
        given[name] = _switch(key, text) if name == "pcid" else _integer(key, text, 1, 1 << 20)
    return dataclasses.replace(config, tlb=dataclasses.replace(config.tlb, **given))


def _disk(config: MachineConfig, value: Any) -> MachineConfig:
    """`[[disk]]` tables: all disks of the machine."""
    return dataclasses.replace(config, disks=disks.disks(value))


def _swap(config: MachineConfig, value: Any) -> MachineConfig:
    """`[[swap]]` tables: the areas in use from boot on."""
    areas = swap_areas.areas(value)
    names = [disk.name for disk in config.disks]
    for number, area in enumerate(areas):
        disk = swap_areas.disk_of(area.path) or area.path.removeprefix("/dev/")
        if not area.path.startswith("/dev/") or re.fullmatch(r"zram[0-9]+|shm/.*", disk):
            continue
        if disk not in names:
            near = did_you_mean(disk, names)
            raise ConfigError(f"swap[{number}].path: {area.path}: no disk {disk}{near}")
        if area.path == f"/dev/{names[0]}":
            raise ConfigError(
                f"swap[{number}].path: {area.path} holds the root file system; "
                "name a partition of it, another disk or a file"
            )
    return dataclasses.replace(config, swap=areas)


CONTENTS = ("zero", "text", "heap", "database")


def _content(config: MachineConfig, value: Any) -> MachineConfig:
    """`[content]`: percent of each class, or the name of one."""
    if isinstance(value, str):
        value = {value: 100}
    _known_keys("content", value, CONTENTS)
    shares = tuple(_integer(f"content.{n}", value.get(n, 0), 0, 100) for n in CONTENTS)
    if sum(shares) != 100:
        raise ConfigError(f"content: {sum(shares)} percent in all; the classes make up 100")
    return dataclasses.replace(config, content=shares)


def _cost(config: MachineConfig, value: Any) -> MachineConfig:
    """`[cost]`: what work takes."""
    return dataclasses.replace(config, cost=costs.costs(value, config.cost))


def _cost_profile(config: MachineConfig, value: Any) -> MachineConfig:
    """A file that `mmtwin calibrate` wrote."""
    return dataclasses.replace(config, cost=costs.load(str(value), config.cost))


def _one_disk(config: MachineConfig, name: str, key: str, value: Any) -> MachineConfig:
    """`disk.NAME.KEY=VALUE`."""
    return dataclasses.replace(config, disks=disks.changed(config.disks, name, {key: value}))


def _settings(config: MachineConfig, value: Any) -> MachineConfig:
    """Kernel files by sysctl name or path, as a table or nested tables (`vm.swappiness = 10`)."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"sysctl: a table of names and values is wanted, not {value!r}")
    settings = dict(config.settings)
    for name, text in _flat("", value):
        path = sysctl.path_of(name)
        try:
            if not _COMPRESSED.fullmatch(path):  # whose files look at the whole machine: at boot
                setting = sysctl.find(path)
                setting.parse(str(text))
        except OSError as error:
            raise ConfigError(f"{name}: {error.strerror}") from None
        settings.pop(path, None)  # the last write comes last
        settings[path] = str(text)
    return dataclasses.replace(config, settings=settings)


_COMPRESSED = re.compile(r"/sys/(module/zswap/parameters|block/zram[0-9]+)/[a-z_]+")


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in table.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, Mapping):
            yield from _flat(name, value)
        elif isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ConfigError(f"{name}: a number or a string is wanted, not {value!r}")
        else:
            yield name, value


def with_run_cgroup(config: MachineConfig) -> MachineConfig:
    """With a cgroup for the tasks of a run, whether or not anything is set for it."""
    return dataclasses.replace(config, cgroups={RUN_CGROUP: {}, **config.cgroups})


def _cgroup(config: MachineConfig, value: Any) -> MachineConfig:
    """`[cgroup."/web"]` tables of cgroup files, `version` and `memory_recursiveprot`."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"cgroup: a table of cgroups is wanted, not {value!r}")
    for name, files in value.items():
        if name == "version":
            version = _integer("cgroup.version", files, 1, 2)
            config = dataclasses.replace(config, cgroup_version=version)
        elif name == "memory_recursiveprot":
            switch = _switch("cgroup.memory_recursiveprot", files)
            config = dataclasses.replace(config, memory_recursiveprot=switch)
        elif not isinstance(files, Mapping) or not name.strip("/"):
            raise ConfigError(f"cgroup.{name}: a table of the cgroup's files is wanted")
        else:
            config = _cgroup_files(config, name.strip("/"), files)
    return config


def _cgroup_files(config: MachineConfig, name: str, files: Mapping[str, Any]) -> MachineConfig:
    """Texts that are written to a cgroup's files when it is made."""
    cgroups = {group: dict(texts) for group, texts in config.cgroups.items()}
    texts = cgroups.setdefault(name, {})
    for file, text in _flat("", files):
        if not file.startswith(("memory.", "cgroup.")):
            raise ConfigError(f"cgroup.{name}.{file}: only memory's files are modelled")
        texts.pop(file, None)
        texts[file] = str(text)
    return dataclasses.replace(config, cgroups=cgroups)


_KEYS: dict[str, Callable[[MachineConfig, Any], MachineConfig]] = {
    "kernel": _kernel,
    "ram": _ram,
    "nodes": _nodes,
    "cpus": _cpus,
    "node": _node,
    "la57": _la57,
    "zswap": _zswap,
    "zram_multi_comp": _zram_multi_comp,
    "kernelcore": _kernelcore,
    "movablecore": _movablecore,
    "hz": _hz,
    "stack_guard_gap": _stack_guard_gap,
    "tlb": _tlb,
    "disk": _disk,
    "swap": _swap,
    "cost_profile": _cost_profile,
    "cost": _cost,
    "content": _content,
    "sysctl": _settings,
    "sysfs": _settings,
    "cgroup": _cgroup,
}
_ORDER = list(_KEYS)


def _spread(cpus: int, nodes: int) -> tuple[int, ...]:
    """CPUs over nodes in equal runs, as firmware numbers them."""
    return tuple(cpu * nodes // cpus for cpu in range(cpus))


def _distances(count: int) -> tuple[tuple[int, ...], ...]:
    return tuple(
        tuple(LOCAL_DISTANCE if a == b else REMOTE_DISTANCE for b in range(count))
        for a in range(count)
    )


def _known_keys(key: str, table: Any, known: Iterable[str]) -> None:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{key}: a table is wanted, not {table!r}")
    for name in table:
        if name not in set(known):
            raise ConfigError(f"{key}.{name}: no such key{did_you_mean(str(name), known)}")


def _size(key: str, value: Any, minimum: int, maximum: int) -> int:
    try:
        size = parse_size(value)
    except ValueError as error:
        raise ConfigError(f"{key}: {error}") from None
    if not minimum <= size <= maximum:
        bounds = f"{format_size(minimum)} to {format_size(maximum)}"
        raise ConfigError(f"{key}: {value} is out of range; it is {bounds}")
    return size


def _whole_pages(key: str, size: int) -> None:
    if size % (4 * MIB):
        raise ConfigError(f"{key}: each node's memory must be a multiple of 4M")


def _switch(key: str, value: Any) -> bool:
    switch = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if switch is None:
        raise ConfigError(f"{key}: {value!r} is neither true nor false")
    return switch


def _integer(key: str, value: Any, minimum: int, maximum: int) -> int:
    try:
        if isinstance(value, (bool, float)):
            raise ValueError
        number = int(value)
    except (TypeError, ValueError):
        raise ConfigError(f"{key}: {value!r} is no number") from None
    if not minimum <= number <= maximum:
        raise ConfigError(f"{key}: {number} is out of range; it is {minimum} to {maximum}")
    return number
