"""The command line: one file a subcommand."""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import os
import sys
from collections.abc import Sequence

import click

from mmtwin import __version__

# Each is in the file of its name, which is imported when it is asked for: a short replay would
# otherwise wait longer for imports than for itself. The other files keep what few runs need
# (rich, ssl by way of Parquet) to the functions that need it.
COMMANDS = ("run", "cat", "export", "convert", "info", "scenario", "calibrate")
GC_THRESHOLD = 100_000  # objects; the imports alone make so many, and none of them is garbage


class Commands(click.Group):
    """The subcommands, imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        leave_out_pandas()
        module = importlib.import_module(f"mmtwin.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


def leave_out_pandas() -> None:
    """pyarrow imports pandas, where it is installed, to see whether the first list it is given is
    pandas': a third of a short replay's time. Here none is; who imports pandas later gets it."""
    if "pandas" in sys.modules:
        return
    import pyarrow  # type: ignore[import-untyped]

    sys.meta_path.insert(0, NoPandas)
    try:
        pyarrow.array([0])
    finally:
        sys.meta_path.remove(NoPandas)


class NoPandas(importlib.abc.MetaPathFinder):
    """Finds that there is no pandas."""

    @classmethod
    def find_spec(cls, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ImportError("not looked for")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mmtwin")
def cli() -> None:
    """An executable model of Linux memory management."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; every error is one line on stderr and a non-zero exit code."""
    gc.set_threshold(GC_THRESHOLD)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's threads would spin for nothing
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
        from mmtwin.cli.errors import EXIT_INPUT, one_line

        line = one_line(e)
        if line is None:
            raise
        print(f"mmtwin: {line}", file=sys.stderr)
        sys.exit(EXIT_INPUT)
