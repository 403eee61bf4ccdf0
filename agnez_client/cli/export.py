"""`agnez export`."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from agnez_client.cli.connection import connection_options, reading
from agnez_client.reader import Reader, RunInfo

_FILE = click.Path(dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_FIELDS = ("channel", "session", "rank", "ordinal", "x", "y", "wall")


@click.command()
@click.argument("run", required=False)
@click.option("-o", "--output", type=_FILE, help="Else standard output.")
@click.option(
    "--format", "kind", type=click.Choice(["csv", "json"]), default="csv", show_default=True
)
@click.option("--tinydb", type=_FILE, metavar="FILE", help="Write all documents, no points.")
@click.option("--data", type=_DIRECTORY, envvar="AGNEZ_DATA", help="Data directory for --tinydb.")
@connection_options
def command(
    run: str | None,
    output: Path | None,
    kind: str,
    tinydb: Path | None,
    data: Path | None,
    url: str | None,
    token: str | None,
) -> None:
    """
    Write every point of RUN, in the order sent.

    CSV holds the points; JSON the run, its charts and its channels as well.
    RUN is an id, the beginning of one, or a name (of several runs, the newest).

    With --tinydb instead: all documents of a data directory, as a file that plain TinyDB opens.
    No server may be using the directory then.
    """
    if (run is None) == (tinydb is None):
        raise click.UsageError("give either a RUN or --tinydb FILE")
    if tinydb is not None:
        _export_documents(data, tinydb)
        return
    with reading(url, token) as reader, _opened(output) as out:
        found = reader.run(run or "")
        (_write_csv if kind == "csv" else _write_json)(reader, found, out)


def _export_documents(data: Path | None, file: Path) -> None:
    from agnez_server.settings import default_data_directory
    from agnez_server.store import CannotOpenStore, SqliteStore
    from agnez_server.store.transfer import export_tinydb

    directory = (data or default_data_directory()).expanduser().resolve()

    async def export() -> int:
        store = await SqliteStore.open(directory)
        try:
            return await export_tinydb(store, file)
        finally:
            await store.close()

    if not (directory / "LOCK").is_file():
        raise click.ClickException(f"{directory} is no data directory: name one with --data")
    try:
        count = asyncio.run(export())
    except CannotOpenStore as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.FileError(str(file), error.strerror or str(error)) from error
    click.echo(f"{count} documents written to {file}")


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
