"""`agnez import`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from agnez_client.cli.connection import connection_options, open_transport
from agnez_client.cli.progress import counting
from agnez_client.protocol import new_ulid

_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_EPILOG = """\b
Examples:
  agnez import digits-3/                # as it was, under its own id
  agnez import digits-3/ --new-id       # a copy beside the original
  agnez import digits-3/ --resume       # after one that was cut
  agnez import --tinydb documents.json --data new-directory
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", required=False, type=_DIRECTORY)
@click.option("--new-id", is_flag=True, help="Under a new id, as a copy.")
@click.option("--resume", is_flag=True, help="Go on with an import that was cut.")
@click.option("--tinydb", type=_FILE, metavar="FILE", help="Add the documents of a TinyDB file.")
@click.option("--data", type=_DIRECTORY, envvar="AGNEZ_DATA", help="Data directory for --tinydb.")
@connection_options
def command(
    folder: Path | None,
    new_id: bool,
    resume: bool,
    tinydb: Path | None,
    data: Path | None,
    url: str | None,
    token: str | None,
) -> None:
    """
    Read back a FOLDER which `agnez export --format dir` wrote: the run as it was, with its
    sessions and ranks, images and other files.

    With --tinydb instead: add the documents of a file that `agnez export --tinydb` or plain TinyDB
    wrote to a data directory. No server may be using it then, and points are not among them.
    """
    if (folder is None) == (tinydb is None):
        raise click.UsageError("give either a FOLDER or --tinydb FILE")
    if new_id and resume:
        raise click.UsageError("--new-id begins anew, --resume goes on: give one of them")
    if tinydb is not None:
        _import_documents(data, tinydb)
        return
    from agnez_client.transfer.deliver import deliver_run

    assert folder is not None
    transport = open_transport(url, token)
    try:
        id = new_ulid() if new_id else None
        with counting("importing") as progress:
            run = deliver_run(transport, folder, id=id, resume=resume, progress=progress)
        click.echo(f"{transport.url}/runs/{run}")
    finally:
        transport.close()


def _import_documents(data: Path | None, file: Path) -> None:
    from agnez_server.errors import AgnezServerError
    from agnez_server.settings import default_data_directory
    from agnez_server.store import CannotOpenStore, SqliteStore
    from agnez_server.store.transfer import import_tinydb

    directory = (data or default_data_directory()).expanduser().resolve()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def run() -> int:
        store = await SqliteStore.open(directory)
        try:
            return await import_tinydb(store, file)
        finally:
            await store.close()

    try:
        count = asyncio.run(run())
    except (CannotOpenStore, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except AgnezServerError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"{count} documents added to {directory}")
