"""`mmtwin info TRACE`: what is in a recording, without replaying it."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import click
import numpy as np

from mmtwin.cli.inputs import COLUMNS_HELP, open_input
from mmtwin.trace.events import OPS, op_codes
from mmtwin.trace.open import FORMATS, Trace


@click.command(short_help="what is in a recording")
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--format", type=click.Choice(FORMATS), default="auto", show_default=True)
@click.option("--columns", default="", metavar="ROLE=COLUMN,...", help=COLUMNS_HELP)
@click.option("--json", "as_json", is_flag=True, help="print data, not text")
def info(trace: Path, format: str, columns: str, as_json: bool) -> None:
    """Say what is in a recording: its recorder, host, processes and operations."""
    result = describe(open_input(trace, format, (), False, columns))
    if as_json:
        click.echo(json.dumps(result, indent=1))
        return
    for key in ("format", "recorder", "options", "command", "kernel"):
        if result[key]:
            click.echo(f"{key:<10} {result[key]}")
    click.echo(f"{'events':<10} {result['events']:,} over {result['seconds']:.3f} s")
    click.echo(f"{'processes':<10} {result['processes']:,}")
    for op, count in result["ops"].items():
        click.echo(f"{op:<16} {count:>12,}")


def describe(trace: Trace) -> dict[str, Any]:
    """Counts over the whole trace."""
    ops: Counter[str] = Counter()
    pids: set[int] = set()
    last = rows = 0
    for batch in trace.batches:
        counts = np.bincount(op_codes(batch), minlength=len(OPS))
        ops.update({OPS[i]: int(counts[i]) for i in np.flatnonzero(counts)})
        pids.update(np.unique(batch.column("pid").to_numpy()).tolist())
        last = max(last, int(batch.column("time_ns").to_numpy().max(initial=0)))
        rows += batch.num_rows
    host = {k: v for k, v in dataclasses.asdict(trace.host).items() if k != "elf"}
    return {
        "path": str(trace.path), "format": trace.format, **host, "events": rows,
        "seconds": last / 1e9, "processes": len(pids), "programs": sorted(trace.elfs),
        "ops": dict(ops.most_common()),
    }  # fmt: skip
