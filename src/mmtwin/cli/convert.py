"""`mmtwin convert IN OUT.mmt`: a text recording as Parquet."""

from __future__ import annotations

from pathlib import Path

import click

from mmtwin.cli.inputs import COLUMNS_HELP, check_output_file, open_input
from mmtwin.trace.events import write_parquet
from mmtwin.trace.open import FORMATS


@click.command(short_help="write a recording as Parquet")
@click.argument("trace", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--elf",
    multiple=True,
    type=click.Path(path_type=Path),
    help="ELF layouts of the programs (JSON); kept in the result",
)
@click.option("--host-elf", is_flag=True, help="read programs' ELF layouts from this host too")
@click.option("--format", type=click.Choice(FORMATS), default="auto", show_default=True)
@click.option("--columns", default="", metavar="ROLE=COLUMN,...", help=COLUMNS_HELP)
@click.option("--anon", default="", metavar="SIZE", help="page events: anonymous memory")
@click.option("--kernel-memory", default="", metavar="SIZE", help="page events: kernel memory")
@click.option("--kernel", default="", help="`uname -r` of the recording host, for the metadata")
@click.option("--cpus", default=0, help="its CPUs")
@click.option("--mem-total", default=0, help="its MemTotal in kB")
def convert(
    trace: Path,
    out: Path,
    elf: tuple[Path, ...],
    host_elf: bool,
    format: str,
    columns: str,
    anon: str,
    kernel_memory: str,
    kernel: str,
    cpus: int,
    mem_total: int,
) -> None:
    """Write a text recording TRACE as Parquet OUT, for pandas, Polars, DuckDB and later runs."""
    check_output_file(out)
    opened = open_input(trace, format, elf, host_elf, columns, anon, kernel_memory)
    host = opened.host
    host.kernel, host.cpus, host.mem_total_kb = kernel, cpus, mem_total
    rows = write_parquet(out, opened.batches, host, opened.elfs.to_json)
    click.echo(f"{out}: {rows:,} events")
