"""`agnez export`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from agnez_client.cli.connection import connection_options, open_transport, reading
from agnez_client.cli.progress import counting
from agnez_client.transfer.collect import sync_tree
from agnez_client.transfer.source import RunSource

_FILE = click.Path(dir_okay=False, path_type=Path)
_ANY = click.Path(path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_KINDS = ("csv", "json", "parquet", "dir")
_EPILOG = """\b
Examples:
  agnez export digits-3 > points.csv
  agnez export digits-3 --format parquet -o points.parquet
  agnez export digits-3 --format dir -o digits-3/     # all of it; `agnez import` reads it back
  agnez export --tinydb documents.json
"""


@click.command(epilog=_EPILOG)
@click.argument("run", required=False)
@click.option("-o", "--output", type=_ANY, help="File, or folder for dir; else standard output.")
@click.option("--format", "kind", type=click.Choice(_KINDS), default="csv", show_default=True)
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
    Write every point of RUN, in the order sent, with its session and rank.

    CSV and Parquet are a table of points and entries; JSON has the run, its charts and channels
    as well; dir is a folder with all of it, images and other files too, which `agnez import` reads
    back as it was. RUN is an id, the beginning of one, or a name (of several runs, the newest).

    With --tinydb instead: all documents of a data directory, as a file that plain TinyDB opens.
    No server may be using the directory then.
    """
    if (run is None) == (tinydb is None):
        raise click.UsageError("give either a RUN or --tinydb FILE")
    if tinydb is not None:
        _export_documents(data, tinydb)
    elif kind in ("dir", "parquet") and output is None:
        raise click.UsageError(f"--format {kind} needs --output")
    else:
        with reading(url, token) as reader:
            id = reader.run(run or "")["id"]
            source = RunSource(open_transport(url, token), id)
            _WRITERS[kind](source, output)


def _export_table(source: RunSource, output: Path | None) -> None:
    from agnez_client.transfer.tables import write_csv

    with _opened(output) as out:
        write_csv(source, out)


def _export_json(source: RunSource, output: Path | None) -> None:
    from agnez_client.transfer.tables import write_json

    with _opened(output) as out:
        write_json(source, out)


def _export_parquet(source: RunSource, output: Path | None) -> None:
    from agnez_client.transfer.tables import write_parquet

    assert output is not None
    with _part(output) as part:
        count = write_parquet(source, part)
    click.echo(f"{count:,} rows written to {output}", err=True)


def _export_folder(source: RunSource, output: Path | None) -> None:
    from agnez_client.transfer.collect import collect_run

    assert output is not None
    try:
        with counting("exporting") as progress:
            counts = collect_run(source, output, progress)
    except OSError as error:
        raise click.FileError(str(output), error.strerror or str(error)) from error
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    click.echo(f"{told} written to {output}", err=True)


_WRITERS: dict[str, Callable[[RunSource, Path | None], None]] = {
    "csv": _export_table,
    "json": _export_json,
    "parquet": _export_parquet,
    "dir": _export_folder,
}


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
    with _part(path) as part, part.open("w", encoding="utf-8", newline="") as out:
        yield out


@contextmanager
def _part(path: Path) -> Iterator[Path]:
    """A name to write under; what lies there gets the name *path* when all went well."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        sync_tree(part)
        part.replace(path)
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from error
    finally:
        part.unlink(missing_ok=True)
