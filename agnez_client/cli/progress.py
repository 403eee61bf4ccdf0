"""Long work on a terminal: what was done so far, on standard error, gone when it is over."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(verb: str) -> Iterator[Callable[[str, int], None]]:
    """
    A function that counts: called with what there is more of, and how many.

    Where standard error is no terminal nothing is shown.
    """
    if not sys.stderr.isatty():
        yield lambda what, more: None
        return
    from rich.console import Console

    counts: Counter[str] = Counter()
    console = Console(stderr=True)
    with console.status(verb) as status:

        def count(what: str, more: int) -> None:
            counts[what] += more
            told = ", ".join(f"{n:,} {name}" for name, n in counts.items())
            status.update(f"{verb}: {told}")

        yield count


@contextmanager
def bytes_done(verb: str) -> Iterator[Callable[[int, int], None] | None]:
    """
    A function that is told how many bytes are done and how many there are, shown as a bar.

    None where standard error is no terminal.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn(verb), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(verb, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
