"""`agnez console`."""

from __future__ import annotations

import threading
from collections.abc import Callable

import click

from agnez_client.cli.connection import connected
from agnez_client.cli.output import json_option, printable, write_json
from agnez_client.reader import Reader
from agnez_client.recordreader import ConsoleLine, RecordReader

FOLLOW_S = 1.0
"""How often the server is asked for more."""


@click.command()
@click.argument("run")
@click.option("--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--find", metavar="TEXT", help="Only lines that hold it, whatever the case.")
@click.option("--last", type=click.IntRange(1, 10_000), help="So many lines from the end.")
@click.option("--rank", type=click.IntRange(0), help="Of this process; the first one else.")
@click.option("--session", type=int, help="Of this session, µs UTC.")
@json_option
@connected
def command(
    reader: Reader,
    run: str,
    follow: bool,
    find: str | None,
    last: int | None,
    rank: int | None,
    session: int | None,
    as_json: bool,
) -> None:
    """Show what RUN has written to its console."""
    if follow and as_json:
        raise click.UsageError("--follow and --json exclude each other")
    records, found = RecordReader(reader.transport), reader.run(run)["id"]

    def read(first: int) -> list[ConsoleLine]:
        return list(records.lines(found, first=first, rank=rank, session=session, find=find))

    if last is not None and find:  # the server counts lines from the end before it looks at them
        start = read(0)[-last:]
    elif last is not None:
        start = list(records.lines(found, last=last, rank=rank, session=session))
    else:
        start = read(0)
    if as_json:
        write_json(start)
    elif not follow:
        _show(start)
    else:
        _follow(start, read, lambda: reader.run(found)["state"] == "running")


def _show(lines: list[ConsoleLine]) -> None:
    for line in lines:
        click.echo(printable(line["text"]), err=False)


def _follow(
    lines: list[ConsoleLine], read: Callable[[int], list[ConsoleLine]], goes_on: Callable[[], bool]
) -> None:
    """The last line may be a progress bar: it is shown when another one follows, or at the end."""
    pause = threading.Event()
    while True:
        is_on = goes_on()
        _show(lines[:-1] if is_on else lines)
        if not is_on:
            return
        first = lines[-1]["number"] if lines else 0
        pause.wait(FOLLOW_S)
        lines = read(first)
