"""`mmtwin calibrate`: measure this host, write a cost profile."""

from __future__ import annotations

from pathlib import Path

import click

from mmtwin import calibrate as measuring


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(exists=True, file_okay=False, writable=True),
    default=".",
    help="A directory on the device to measure (64 MiB are written there and removed).",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the profile here.")
@click.option("--repeat", type=click.IntRange(3, 1000), default=7, help="Runs of each measurement.")
def calibrate(directory: str, output: str | None, repeat: int) -> None:
    """Measure faults, copies, memory, the TLB and a disk; write them as TOML.

    The file is a machine's `cost_profile`, or (its disk too) a machine file for `--machine`.
    """
    try:
        text = measuring.profile(measuring.measure(directory, repeat), directory)
    except OSError as error:
        raise click.ClickException(f"{error.filename or directory}: {error.strerror}") from None
    if output:
        Path(output).write_text(text)
        click.echo(output)
    else:
        click.echo(text, nl=False)
