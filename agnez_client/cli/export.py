"""`agnez export`."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from agnez_client.cli.connection import connected
from agnez_client.reader import Reader, RunInfo

_FIELDS = ("channel", "session", "rank", "ordinal", "x", "y", "wall")


@click.command()
@click.argument("run")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Else standard output."
)
@click.option(
    "--format", "kind", type=click.Choice(["csv", "json"]), default="csv", show_default=True
)
@connected
def command(reader: Reader, run: str, output: Path | None, kind: str) -> None:
    """
    Write every point of RUN, in the order sent.

    CSV holds the points; JSON the run, its charts and its channels as well.
    RUN is an id, the beginning of one, or a name (of several runs, the newest).
    """
    found = reader.run(run)
    with _opened(output) as out:
        (_write_csv if kind == "csv" else _write_json)(reader, found, out)


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file which appears under its name only when it is whole."""
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as out:
            yield out
        part.replace(path)
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from error
    finally:
        part.unlink(missing_ok=True)


def _write_csv(reader: Reader, run: RunInfo, out: TextIO) -> None:
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_FIELDS)
    for channel in reader.channels(run["id"]):
        for r in reader.rows(channel["id"]):
            place = (channel["name"], r["session"], r["rank"], r["ordinal"])
            rows.writerow((*place, r["x"], r["y"], r["wall"]))


def _write_json(reader: Reader, run: RunInfo, out: TextIO) -> None:
    """One object, written as the points come: a run may be larger than memory."""
    out.write(f'{{"run": {json.dumps(run)},\n"charts": {json.dumps(reader.charts(run["id"]))},\n')
    out.write('"channels": [')
    for i, channel in enumerate(reader.channels(run["id"])):
        out.write(",\n" if i else "\n")
        out.write(f'{json.dumps(channel)[:-1]}, "points": [')
        for j, row in enumerate(reader.rows(channel["id"])):
            out.write((",\n" if j else "\n") + json.dumps(row))
        out.write("]}")
    out.write("]}\n")
