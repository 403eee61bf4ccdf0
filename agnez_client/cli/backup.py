"""`agnez backup`: a data directory, copied while its server runs, and brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from agnez_client.cli.output import size
from agnez_client.cli.progress import bytes_done

_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_data: Callable[[Any], Any] = click.option(
    "--data", type=_DIRECTORY, envvar="AGNEZ_DATA",
    help="Data directory of the server; else the user's own.",
)  # fmt: skip


@click.group()
def command() -> None:
    """
    Copy the data directory of a server, while it runs, and bring such a copy back.

    \b
    Examples:
      agnez backup make /backups/agnez-$(date +%F)
      agnez backup check /backups/agnez-2026-11-21
      agnez backup restore /backups/agnez-2026-11-21 --data /srv/agnez
    """


@command.command()
@click.argument("target", type=_DIRECTORY)
@_data
def make(target: Path, data: Path | None) -> None:
    """
    Copy all of a data directory to the new directory TARGET.

    The server may be running: the copy is of one moment, and nothing that it acknowledged before
    is missing. TARGET appears when it is whole.
    """
    from agnez_server.store.backup import backup

    with _told(), bytes_done("copying") as progress:
        made = backup(_directory(data), target, progress)
    click.echo(f"{size(made.bytes)} written to {target}")
    if made.missing:
        click.echo(f"{len(made.missing)} blobs were missing already: {made.missing[0]} …", err=True)


@command.command()
@click.argument("source", type=_DIRECTORY)
def check(source: Path) -> None:
    """Read all of the backup SOURCE and say whether it is whole."""
    from agnez_server.store.backup import read_manifest
    from agnez_server.store.restore import verify

    with _told(), bytes_done("reading") as progress:
        made = read_manifest(source)
        verify(source, progress)
    moment = datetime.fromtimestamp(made.made_at / 1e6, UTC)
    click.echo(f"whole: {size(made.bytes)} of {moment:%Y-%m-%d %H:%M:%S} UTC")


@command.command()
@click.argument("source", type=_DIRECTORY)
@_data
def restore(source: Path, data: Path | None) -> None:
    """
    Bring the backup SOURCE back as a data directory, which has to be new or empty.

    All of the backup is checked first, so that nothing is put in the place of what is damaged.
    """
    from agnez_server.store.restore import restore as bring_back

    directory = _directory(data)
    with _told(), bytes_done("reading") as progress:
        made = bring_back(source, directory, progress)
    click.echo(f"{size(made.bytes)} restored: agnez up --data {directory}")


def _directory(data: Path | None) -> Path:
    from agnez_server.settings import default_data_directory

    return (data or default_data_directory()).expanduser().resolve()


@contextmanager
def _told() -> Iterator[None]:
    """What the store says is wrong, in one line."""
    import sqlite3

    from agnez_server.store import CannotOpenStore
    from agnez_server.store.backup import CannotBackUp

    try:
        yield
    except (CannotBackUp, CannotOpenStore, OSError, sqlite3.Error) as error:
        raise click.ClickException(str(error)) from error
