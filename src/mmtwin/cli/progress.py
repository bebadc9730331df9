"""A progress line on stderr while a long replay runs, if a person is looking."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmtwin.trace import Trace

EVERY = 0.2  # seconds


@contextmanager
def progress_of(trace: Trace, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A function to call with the number of events done."""
    if quiet or not sys.stderr.isatty():
        yield lambda rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(trace.path.name, total=trace.rows or None)
        shown = 0.0

        def show(rows: int) -> None:
            nonlocal shown
            if time.monotonic() - shown >= EVERY:
                shown = time.monotonic()
                bar.update(task, completed=rows)

        yield show
