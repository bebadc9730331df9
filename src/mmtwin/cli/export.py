"""`mmtwin export RUN DIR`: /proc of a saved run, for tools that read files."""

from __future__ import annotations

from pathlib import Path

import click

from mmtwin import export as tree
from mmtwin.cli import saved_run


@click.command(short_help="write /proc of a saved run as a directory")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("directory", type=click.Path(path_type=Path))
def export(run: Path, directory: Path) -> None:
    """Write /proc of a saved RUN to DIRECTORY (psutil.PROCFS_PATH = DIRECTORY)."""
    machine, _, _ = saved_run.load(run)
    tree.export(machine, directory)
