"""Kernel files as dictionaries, one function a file; keys are the kernel's own words."""

import re
from collections.abc import Callable, Iterator
from typing import Any

View = dict[str, Any]
PAGE = 4096
# The task program's own text, data and control area, and what the kernel maps for it.
OWN_RANGES = ((0x400000, 0x40D000), (0x10000000, 0x10080000))
OWN_NAMES = ("[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]")
ALWAYS_SHOWN = ("Size", "THPeligible")
ZRAM = ("orig", "compr", "mem_used", "limit", "max", "same", "compacted", "huge", "huge_since")
MAPS_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ \d+ *(.*)")


def number(text: str) -> int | str:
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _own(start: int, name: str = "") -> bool:
    return name in OWN_NAMES or any(low <= start < high for low, high in OWN_RANGES)


def maps(text: str) -> View:
    found = []
    for line in text.splitlines():
        if (m := MAPS_LINE.match(line)) and not _own(int(m[1], 16), m[5]):
            found.append([m[1], m[2], m[3], int(m[4], 16) // PAGE, m[5]])
    return {"maps": found}


def smaps(text: str) -> View:
    view: View = {}
    area = None
    for line in text.splitlines():
        if m := MAPS_LINE.match(line):
            area = None if _own(int(m[1], 16), m[5]) else f"{m[1]}-{m[2]}"
        elif area:
            key, _, value = line.partition(":")
            if key == "VmFlags":
                view[f"{area}.{key}"] = value.strip()
            elif not key.endswith("PageSize"):
                amount = int(value.split()[0])
                if amount or key in ALWAYS_SHOWN:
                    view[f"{area}.{key}"] = amount
    return view


def colon_numbers(text: str) -> View:
    """`Key: 12 kB`, as in meminfo."""
    found = re.findall(r"^\s*([^:\n]+):\s+(-?\d+)(?: kB)?$", text, re.M)
    return {key: int(value) for key, value in found}


def smaps_rollup(text: str) -> View:
    return colon_numbers(text.split("\n", 1)[1] if "\n" in text else "")


def status(text: str) -> View:
    kept = ("Vm", "Rss", "Hugetlb")
    return {k: v for k, v in colon_numbers(text).items() if k.startswith(kept)}


def stat(text: str) -> View:
    field = text[text.rindex(")") + 1 :].split()
    names = {"minflt": 7, "majflt": 9, "vsize": 20, "rss": 21}
    return {name: int(field[place]) for name, place in names.items()}


def statm(text: str) -> View:
    return {"statm": text.strip()}


def numa_maps(text: str) -> View:
    view: View = {}
    for line in text.splitlines():
        address, _, rest = line.partition(" ")
        if not _own(int(address, 16)):
            view[address] = re.sub(r" kernelpagesize_kB=\d+", "", rest).strip()
    return view


def pairs(text: str) -> View:
    """`key value`, as in vmstat."""
    return {k: number(v) for k, v in re.findall(r"^(\S+)\s+(\S+)$", text, re.M)}


def one_number(name: str) -> Callable[[str], View]:
    return lambda text: {name: number(text.strip())}


def buddyinfo(text: str) -> View:
    view: View = {}
    for node, zone, counts in re.findall(r"^Node (\d+), zone\s+(\S+)\s+(.*)$", text, re.M):
        view |= {f"N{node}.{zone}.o{i}": int(n) for i, n in enumerate(counts.split())}
    return view


def pagetypeinfo(text: str) -> View:
    view: View = {}
    form = r"^Node\s+(\d+), zone\s+(\S+), type\s+(\S+)\s+([\d\s>]+?)\s*$"
    for node, zone, kind, counts in re.findall(form, text, re.M):
        view |= {f"N{node}.{zone}.{kind}.o{i}": number(n) for i, n in enumerate(counts.split())}
    head = re.search(r"^Number of blocks type\s+(.*)$", text, re.M)
    if head:
        kinds, blocks = head[1].split(), text[head.end() :]
        for node, zone, counts in re.findall(r"^Node (\d+), zone\s+(\S+)\s+(.*)$", blocks, re.M):
            found = zip(kinds, counts.split(), strict=False)
            view |= {f"N{node}.{zone}.{kind}.blocks": int(n) for kind, n in found}
    return view


ZONE_KEYS = ("boost", "min", "low", "high", "promo", "spanned", "present", "managed")


def zoneinfo(text: str) -> View:
    view: View = {}
    for chunk in re.split(r"^(?=Node \d+, zone)", text, flags=re.M)[1:]:
        node, zone = re.findall(r"Node (\d+), zone\s+(\S+)", chunk)[0]
        place = f"N{node}.{zone}."
        view |= {place + k: v for k, v in _zone(chunk)}
    return view


def _zone(chunk: str) -> Iterator[tuple[str, int]]:
    head, _, sets = chunk.partition("  pagesets")
    yield "free", int(re.findall(r"pages free\s+(\d+)", head)[0])
    for key in ZONE_KEYS:
        if found := re.findall(rf"^\s+{key}\s+(\d+)$", head, re.M):
            yield key, int(found[0])
    for cpu in re.split(r"\s+cpu: ", sets)[1:]:
        name = cpu.split()[0]
        for key in ("count", "high", "batch"):
            if found := re.findall(rf"^\s+{key}:\s+(\d+)$", cpu, re.M):
                yield f"pcp{name}.{key}", int(found[0])


def slabinfo(text: str) -> View:
    view: View = {}
    form = r"^(\S+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+) : tunables.*slabdata\s+\d+\s+(\d+)"
    for name, active, total, size, objects, pages, slabs in re.findall(form, text, re.M):
        view |= {f"{name}.active": int(active), f"{name}.total": int(total)}
        view |= {f"{name}.slabs": int(slabs), f"{name}.geom": f"{size}/{objects}/{pages}"}
    return view


def swaps(text: str) -> View:
    return {line.split()[0]: int(line.split()[3]) for line in text.splitlines()[1:]}


def node_meminfo(text: str) -> View:
    return colon_numbers(re.sub(r"^Node \d+ ", "", text, flags=re.M))


def psi(text: str) -> View:
    view: View = {}
    for line in text.splitlines():
        kind, *values = line.split()
        for value in values:
            key, _, amount = value.partition("=")
            view[f"{kind}.{key}"] = int(amount) if key == "total" else float(amount)
    return view


def lru_gen(text: str) -> View:
    view: View = {}
    group = node = ""
    order = 0
    for line in text.splitlines():
        word = line.split()
        if word[:1] == ["memcg"]:
            group = word[2] if len(word) > 2 else "/"
        elif word[:1] == ["node"]:
            node, order = word[1], 0
        elif len(word) >= 4:
            view[f"{group}|n{node}|g{order}"] = f"{word[2]}/{word[3]}"
            order += 1
    return view


def zram(text: str) -> View:
    return dict(zip(ZRAM, (int(word) for word in text.split()), strict=False))


def pages(text: str) -> View:
    lines = text.splitlines()
    segments = [int(word) for word in lines[-1].split()[1:]] if lines else []
    return {"runs": lines[:-1], "segs": segments}


def vmallocinfo(text: str) -> View:
    """Sizes by who asked for them: addresses are not the same on any two boots."""
    view: View = {}
    for size, caller in re.findall(r"^\S+\s+(\d+)\s+([^+\s]+)", text, re.M):
        view[caller] = view.get(caller, 0) + int(size)
    return view


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The files of one answer, by name."""
    found = re.split(r"^== (\S+)\n", text, flags=re.M)
    return zip(found[1::2], found[2::2], strict=True)


def numbers(text: str) -> View:
    return {name: number(body.strip()) for name, body in sections(text)}


def extfrag(text: str) -> View:
    view: View = {}
    for name, body in sections(text):
        for node, zone, values in re.findall(r"^Node (\d+), zone\s+(\S+)\s+(.*)$", body, re.M):
            place = f"{name}.N{node}.{zone}"
            view |= {f"{place}.o{i}": v for i, v in enumerate(values.split())}
    return view


def group(text: str) -> View:
    view: View = {}
    for name, body in sections(text):
        short = name.removeprefix("memory.")
        if short in ("stat", "events", "swap.events"):
            prefix = "S" if short == "stat" else short
            view |= {f"{prefix}.{k}": v for k, v in pairs(body).items()}
        elif short == "numa_stat":
            for line in body.splitlines():
                key, _, rest = line.partition(" ")
                view[f"numa_stat.{key}"] = rest
        else:
            view[short] = number(body.strip())
    return view


VIEWS: dict[str, Callable[[str], View]] = {
    "maps": maps, "smaps": smaps, "smaps_rollup": smaps_rollup, "status": status, "stat": stat,
    "statm": statm, "numa_maps": numa_maps, "oom_score": one_number("oom_score"),
    "oom_score_adj": one_number("oom_score_adj"), "ksm_stat": pairs, "meminfo": colon_numbers,
    "vmstat": pairs, "buddyinfo": buddyinfo, "zoneinfo": zoneinfo, "slabinfo": slabinfo,
    "pagetypeinfo": pagetypeinfo, "swaps": swaps, "lru_gen": lru_gen, "extfrag": extfrag,
    "zram": zram, "vmallocinfo": vmallocinfo, "node0": pairs, "node1": pairs,
    "n0mem": node_meminfo, "psi": psi, "ksm": numbers, "zswap": numbers, "hugetlb": numbers,
    "cg": group, "pm": pages,
}  # fmt: skip


def plain_lines(text: str) -> View:
    return {"text": text.splitlines()}


def shown_path(text: str) -> View:
    """Any kernel file: counters where every line is one, else its lines."""
    lines = text.splitlines()
    if len(lines) > 1 and all(re.fullmatch(r"\S+\s+-?\d+", line) for line in lines):
        return pairs(text)
    return plain_lines(text)


def view(kind: str, text: str) -> View:
    """One kernel file as a dictionary; `{"error": N}` for one that could not be read."""
    if refused := re.fullmatch(r"E (\d+)", text):
        return {"error": int(refused[1])}
    if kind.startswith("/"):
        return shown_path(text)
    return VIEWS.get(kind.split(":")[0], plain_lines)(text)
