"""`mmtwin run TRACE`: replay a recording on a machine and say what happened."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from mmtwin import cgroups
from mmtwin import config as machine_config
from mmtwin import policy as policies
from mmtwin.cli import saved_run
from mmtwin.cli.cat import read
from mmtwin.cli.errors import UsageError
from mmtwin.cli.inputs import COLUMNS_HELP, check_output_file, open_input
from mmtwin.cli.progress import progress_of
from mmtwin.errors import NotModelledError
from mmtwin.machine import Machine
from mmtwin.policy import PolicyError
from mmtwin.trace.future import Future
from mmtwin.trace.open import FORMATS, Trace
from mmtwin.trace.process import Process
from mmtwin.trace.replay import Replay
from mmtwin.trace.summary import as_text, summarize

POLICY_HELP = (
    f"who decides what is reclaimed: {', '.join(policies.BUILT_IN)}, or a class of your own"
)
NS_PER_MS = 1_000_000
AT_EXIT = ("maps", "smaps", "status")
_TASK_PATH = re.compile(r"/proc/(\d+)/(.+)")


@click.command(short_help="replay a recording on a machine")
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--machine", type=click.Path(path_type=Path), help="the machine, as TOML")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="change the machine: ram=1G, cpus=4, vm.overcommit_memory=2, ...",
)
@click.option(
    "--elf",
    multiple=True,
    type=click.Path(path_type=Path),
    help="ELF layouts of the programs that the recording executes (JSON)",
)
@click.option("--host-elf", is_flag=True, help="read programs' ELF layouts from this host too")
@click.option("--format", type=click.Choice(FORMATS), default="auto", show_default=True)
@click.option("--columns", default="", metavar="ROLE=COLUMN,...", help=COLUMNS_HELP)
@click.option("--anon", default="", metavar="SIZE", help="page events: anonymous memory")
@click.option("--kernel-memory", default="", metavar="SIZE", help="page events: kernel memory")
@click.option("--policy", default="", metavar="NAME|FILE.py", help=POLICY_HELP)
@click.option(
    "--monitor",
    default=20,
    show_default=True,
    metavar="MS",
    help="memory.stat of the program's cgroup is read every so many ms of the machine's time, as by"
    " who measures it; that flushes the statistics which reclaim goes by. 0: by nobody",
)
@click.option("--limit", default=0, help="stop after so many events")
@click.option("--json", "as_json", is_flag=True, help="print the summary as data")
@click.option(
    "--cat",
    "cats",
    multiple=True,
    metavar="PATH",
    help="print a kernel file as it stands at the end, instead of the summary",
)
@click.option(
    "--at-exit",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="write PID.maps, PID.smaps, PID.status of each process as it exited",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="FILE.mmr",
    help="keep the machine for `mmtwin cat` and `mmtwin export`",
)
@click.option("--quiet", "-q", is_flag=True, help="no progress, no summary")
def run(
    trace: Path,
    machine: Path | None,
    settings: tuple[str, ...],
    elf: tuple[Path, ...],
    host_elf: bool,
    format: str,
    columns: str,
    anon: str,
    kernel_memory: str,
    policy: str,
    monitor: int,
    limit: int,
    as_json: bool,
    cats: tuple[str, ...],
    at_exit: Path | None,
    save: Path | None,
    quiet: bool,
) -> None:
    """Replay TRACE (strace -f text, lackey text or Parquet, gzipped or not) on a machine."""
    if monitor < 0:
        raise UsageError(f"--monitor {monitor}: milliseconds between two reads, or 0 for none")
    if limit < 0:
        raise UsageError(f"--limit {limit}: a number of events from 0 (all) up")
    if save is not None:
        check_output_file(save)
    if at_exit is not None:
        check_directory(at_exit)
    description = machine_config.load(machine) if machine else machine_config.describe()
    description = machine_config.with_settings(description, settings)
    description = machine_config.with_run_cgroup(description)
    opened = open_input(trace, format, elf, host_elf, columns, anon, kernel_memory)
    twin = Machine(description)
    if monitor:
        twin.memcg_stat.monitor(cgroups.find(twin, machine_config.RUN_CGROUP), monitor * NS_PER_MS)
    future = use_policy(twin, policy, lambda: reopened(opened, elf, host_elf, columns))
    kept = Kept(twin, cats, at_exit, everything=save is not None)
    with progress_of(opened, quiet) as progress:
        replay = Replay(twin, opened, kept.at_exit, progress, limit, future)
        replay.run()
    summary = summarize(replay)
    kept.forget(replay.processes)
    texts = [read(twin, path, kept.files) for path in cats]
    kept.write()
    if save is not None:
        saved_run.save(twin, save, summary, kept.files)
    for text in texts:
        click.echo(text, nl=False)
    if as_json:
        click.echo(json.dumps(summary))
    elif not cats and not quiet:
        click.echo(as_text(summary), nl=False)


def reopened(trace: Trace, elf: tuple[Path, ...], host_elf: bool, columns: str) -> Trace:
    """The same recording from its beginning."""
    given = columns if trace.format == "csv" else ""
    return open_input(trace.path, trace.format, elf, host_elf, given)


def use_policy(machine: Machine, name: str, reopen: Callable[[], Trace]) -> Future | None:
    """Let --policy decide; the trace's future if it needs that."""
    if not name:
        return None
    try:
        found = policies.find(name)
        future = Future(reopen()) if found.needs_future else None
        policies.use(machine, found, future)
    except PolicyError as e:
        raise UsageError(f"--policy {name}: {e}") from e
    return future


def check_directory(path: Path) -> None:
    """--at-exit DIR: may exist, must be writable."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path}: is no directory")
    place = path if path.exists() else path.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(f"{path}: cannot be written")


class Kept:
    """Files of processes that exit, kept because someone will ask for them."""

    def __init__(
        self, machine: Machine, cats: tuple[str, ...], directory: Path | None, everything: bool
    ) -> None:
        self.machine, self.directory = machine, directory
        self.files: dict[str, str] = {}
        self._wanted: dict[int, set[str]] = {}
        self._always = set(AT_EXIT) if everything else set()
        for m in filter(None, map(_TASK_PATH.fullmatch, cats)):
            self._wanted.setdefault(int(m[1]), set()).add(m[2])

    def at_exit(self, process: Process) -> None:
        """Read what is wanted of a process that is about to go."""
        names = self._always | self._wanted.get(process.pid, set())
        if self.directory is not None:
            names |= set(AT_EXIT)
        for name in sorted(names):
            path = f"/proc/{process.pid}/{name}"
            try:
                self.files[path] = self.machine.read(path)
            except (FileNotFoundError, NotModelledError):
                continue  # asked for again at the end, and refused there

    def forget(self, living: Iterable[int]) -> None:
        """A pid that lives again speaks for itself."""
        for pid in living:
            for path in [p for p in self.files if p.startswith(f"/proc/{pid}/")]:
                del self.files[path]

    def write(self) -> None:
        """PID.maps ... into the directory, each file whole or not at all."""
        if self.directory is None:
            return
        self.directory.mkdir(exist_ok=True)
        for path, text in self.files.items():
            m = _TASK_PATH.fullmatch(path)
            if m and m[2] in AT_EXIT:
                target = self.directory / f"{m[1]}.{m[2]}"
                beside = self.directory / f".{target.name}.{os.getpid()}.part"
                beside.write_text(text, errors="surrogateescape")
                os.replace(beside, target)
