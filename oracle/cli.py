"""The command line: scenario files in, golden lines out."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mmtwin.scenario.golden import Record, line
from oracle import OracleError, exact, golden, ordinary, qemu, stream
from oracle.events import default_events
from oracle.guest import Guest, prepare
from oracle.packages import Packages

WORK_SPACE = 6 << 30
SHARED_MEMORY = Path("/dev/shm")
EXACT_MIB, ORDINARY_MIB = 1536, 1024


def cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "mmtwin-oracle"


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="scripts/oracle",
        description="Run scenario files on a real Linux kernel (in QEMU, without KVM) and write"
        " golden JSON lines. What is missing is fetched from Debian's archive into a cache"
        " directory; nothing is installed on the host.",
    )
    p.add_argument("scenarios", nargs="+", metavar="SCENARIO.mms", type=Path)
    p.add_argument(
        "--kernel", default="6.12", help="6.1, 6.12, 6.18, or exactly: 6.12.107, 6.18.15-cloud"
    )
    mode = p.add_mutually_exclusive_group()
    mode.add_argument(
        "--exact", action="store_true", help="instruction-counted time, one CPU (default)"
    )
    mode.add_argument(
        "--smp", type=int, metavar="N", help="real time and N CPUs, all scenarios in one boot"
    )
    p.add_argument("--memory", type=int, metavar="MIB", help="1536 in exact mode, else 1024")
    p.add_argument("--nodes", type=int, default=2, metavar="N", help="NUMA nodes (2)")
    p.add_argument(
        "--append", default="", metavar="WORDS", help="more words for the kernel's command line"
    )
    p.add_argument("--out", type=Path, metavar="FILE.jsonl[.gz]", help="default: standard output")
    p.add_argument(
        "--ftrace",
        nargs="?",
        const="auto",
        metavar="EVENTS",
        help="store the kernel's event stream beside the answers (as OUT.trace.txt.gz):"
        " GROUP/EVENT,... or those that suit each scenario",
    )
    p.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="QEMUs at a time in exact mode (2)"
    )
    p.add_argument("--repeat", type=int, default=1, metavar="N", help="run each scenario N times")
    p.add_argument("--cache", type=Path, default=cache_directory(), metavar="DIR")
    p.add_argument("--mirror", metavar="URL", help="Debian archive (default: the host's)")
    return p


def read_scenarios(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Name and text of each. Raises OracleError for a file that is no scenario."""
    found = []
    for path in paths:
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise OracleError(
                f"{path}: {getattr(error, 'strerror', None) or 'not a text file'}"
            ) from error
        lines = [line.split("#")[0].split() for line in text.splitlines()]
        first = next((words for words in lines if words), [])
        if len(first) != 2 or first[0] != "scenario":
            raise OracleError(f"{path}: does not begin with `scenario NAME`")
        if "/" in first[1]:
            raise OracleError(f"{path}: a scenario's name has no slash")
        found.append((first[1], text))
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1:
            raise OracleError(f"two of the files are scenario {name}")
    return found


def say(text: str) -> None:
    print(f"oracle: {text}", file=sys.stderr, flush=True)


def work_directory() -> tempfile.TemporaryDirectory[str]:
    """On memory where there is enough: the disks of a running machine lie there."""
    roomy = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > WORK_SPACE
    return tempfile.TemporaryDirectory(prefix="oracle-", dir=SHARED_MEMORY if roomy else None)


def machine_of(options: argparse.Namespace, packages: Packages) -> qemu.Machine:
    is_exact = options.smp is None
    return qemu.Machine(
        exact=is_exact,
        cpus=1 if is_exact else options.smp,
        memory_mib=options.memory or (EXACT_MIB if is_exact else ORDINARY_MIB),
        nodes=options.nodes,
        append=options.append,
        qemu=tuple(packages.program("qemu-system-x86_64")),
        firmware=tuple(packages.tools / "usr/share" / name for name in ("qemu", "seabios")),
    )


Events = Callable[[str], str]


def run_exact(
    options: argparse.Namespace,
    machine: qemu.Machine,
    guest: Guest,
    packages: Packages,
    scenarios: list[tuple[str, str]],
    events: Events,
    work: Path,
) -> list[bytes]:
    say("the snapshot: booting, unless there is one")
    snapshot = exact.take_snapshot(machine, guest, packages, options.cache, work / "boot")
    say(f"{len(scenarios)} scenarios, {options.jobs} at a time")
    return exact.run_all(machine, guest, snapshot, scenarios, events, options.jobs, work)


def run_ordinary(
    machine: qemu.Machine,
    guest: Guest,
    scenarios: list[tuple[str, str]],
    events: Events,
    work: Path,
) -> list[bytes]:
    """One boot, and another for what is left where a scenario ended the machine."""
    found: list[bytes] = []
    left = list(scenarios)
    while left:
        say(f"booting for {len(left)} scenarios")
        data = ordinary.boot_once(machine, guest, left, events(left[0][0]), work)
        found.append(data)
        begun = [answers.name for answers in stream.parse(data)[1]]
        if not begun:
            raise OracleError(f"{left[0][0]}: the runner did not begin it")
        left = left[len(begun) :]
    return found


def run(options: argparse.Namespace) -> int:
    """Everything: 0, or 1 where a scenario did not come to its end."""
    scenarios = read_scenarios(options.scenarios)
    if options.jobs < 1 or options.repeat < 1:
        raise OracleError("--jobs and --repeat are 1 or more")
    if options.out and not options.out.absolute().parent.is_dir():
        raise OracleError(f"{options.out}: no such directory")
    start = time.monotonic()
    packages = Packages(options.cache, options.mirror)
    say(f"tools and kernel {options.kernel} in {options.cache}")
    machine = machine_of(options, packages)
    guest = prepare(packages, options.kernel, options.cache)
    say(f"{guest.release}, ready after {time.monotonic() - start:.0f} s")
    records, traces = [], []
    for repetition in range(1, options.repeat + 1):
        made, streams = one_repetition(options, machine, guest, packages, scenarios, repetition)
        records += made
        traces += streams
    deliver(options.out, records, traces)
    failed = [made["scenario"] for made in records if not made["done"]]
    if failed:
        say(f"did not come to their end: {', '.join(failed)}")
    say(f"{len(records)} records after {time.monotonic() - start:.0f} s")
    return 1 if failed else 0


def one_repetition(
    options: argparse.Namespace,
    machine: qemu.Machine,
    guest: Guest,
    packages: Packages,
    scenarios: list[tuple[str, str]],
    repetition: int,
) -> tuple[list[Record], list[tuple[str, str, str]]]:
    def events(name: str) -> str:
        return default_events(name) if options.ftrace == "auto" else options.ftrace or ""

    with work_directory() as directory:
        work = Path(directory)
        if machine.exact:
            data = run_exact(options, machine, guest, packages, scenarios, events, work)
        else:
            data = run_ordinary(machine, guest, scenarios, events, work)
    records, traces = [], []
    for release, found in map(stream.parse, data):
        for answers in found:
            shape = machine.describe()
            records.append(golden.record(answers, release, shape, repetition, guest.options))
            if answers.trace:
                traces.append((answers.name, events(answers.name), "".join(answers.trace)))
    return records, traces


def deliver(out: Path | None, records: list[Record], traces: list[tuple[str, str, str]]) -> None:
    if out:
        golden.write(out, records)
    else:
        sys.stdout.writelines(map(line, records))
    if traces:
        name = (out.name if out else "oracle.jsonl").removesuffix(".gz").removesuffix(".jsonl")
        path = (out.parent if out else Path()) / f"{name}.trace.txt.gz"
        golden.write_traces(path, traces)
        say(f"event streams in {path}")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 done, 1 a scenario did not end, 2 it cannot be done (one line says why)."""
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except OracleError as error:
        print(f"scripts/oracle: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("scripts/oracle: interrupted; the cache keeps what was done", file=sys.stderr)
        return 130
