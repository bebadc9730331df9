"""`mmtwin cat RUN PATH...`: kernel files of a saved run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mmtwin.cli import saved_run
from mmtwin.machine import Machine


@click.command(short_help="print kernel files of a saved run")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("paths", nargs=-1, required=True)
def cat(run: Path, paths: tuple[str, ...]) -> None:
    """Print kernel files (/proc/meminfo, /proc/PID/maps, ...) of a saved RUN.

    Those of a process that had exited are as they stood when it did.
    """
    machine, _, at_exit = saved_run.load(run)
    texts = [read(machine, path, at_exit) for path in paths]
    for text in texts:
        click.echo(text, nl=False)


def read(machine: Machine, path: str, at_exit: dict[str, str]) -> str:
    """A file as it stands, or as it stood when its process exited (then says so on stderr)."""
    if path not in at_exit:
        return machine.read(path)
    print(f"mmtwin: {path}: as it stood when the process exited", file=sys.stderr)
    return at_exit[path]
