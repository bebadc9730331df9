"""The command line: one file a subcommand."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from mmtwin import __version__
from mmtwin.cli.calibrate import calibrate
from mmtwin.cli.cat import cat
from mmtwin.cli.convert import convert
from mmtwin.cli.errors import EXIT_INPUT, one_line
from mmtwin.cli.export import export
from mmtwin.cli.info import info
from mmtwin.cli.run import run
from mmtwin.cli.scenario import scenario


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mmtwin")
def cli() -> None:
    """An executable model of Linux memory management."""


for _command in (run, cat, export, convert, info, scenario, calibrate):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; every error is one line on stderr and a non-zero exit code."""
    try:
        cli.main(arguments, prog_name="mmtwin", standalone_mode=False)
    except click.exceptions.Exit as e:
        sys.exit(e.exit_code)
    except click.exceptions.Abort:
        print("mmtwin: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # what read our output has enough
        sys.exit(141)
    except Exception as e:
        line = one_line(e)
        if line is None:
            raise
        print(f"mmtwin: {line}", file=sys.stderr)
        sys.exit(EXIT_INPUT)
