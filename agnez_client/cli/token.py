"""`agnez token`: what programs show instead of a password."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agnez_client.cli.output import json_option, write_json, write_table

if TYPE_CHECKING:
    from agnez_server.authfiles import AuthFiles

_data = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), envvar="AGNEZ_DATA",
    help="Data directory of the server.",
)  # fmt: skip


def auth_files(data: Path | None) -> AuthFiles:
    """The files of the server whose data directory is *data* (the user's own by default)."""
    from agnez_server.authfiles import AuthFiles
    from agnez_server.settings import default_data_directory

    return AuthFiles((data or default_data_directory()).expanduser().resolve())


@click.group()
def command() -> None:
    """
    Create, list and revoke tokens. A running server notices at once.

    \b
    Example:
      export AGNEZ_TOKEN=$(agnez token create --scope write --name trainer)
    """


@command.command()
@click.option("--scope", type=click.Choice(["read", "write", "admin"]), default="write",
              show_default=True, help="What it allows; each includes the ones before.")  # fmt: skip
@click.option("--name", default="", help="A word to know it by.")
@_data
def create(scope: str, name: str, data: Path | None) -> None:
    """Make a token and print it; it is shown this once and not kept."""
    from agnez_server.authfiles import as_scope

    _, secret = auth_files(data).add_token(name, as_scope(scope))
    click.echo(secret)


@command.command("list")
@_data
@json_option
def list_(data: Path | None, as_json: bool) -> None:
    """List tokens by id; the tokens themselves are not known."""
    tokens = auth_files(data).tokens()
    rows = [
        {"id": t.id, "name": t.name, "scope": t.scope,
         "created_at": datetime.fromtimestamp(t.created, UTC).isoformat().replace("+00:00", "Z")}
        for t in tokens
    ]  # fmt: skip
    if as_json:
        write_json(rows)
    else:
        write_table(("id", "name", "scope", "created_at"), [tuple(r.values()) for r in rows])


@command.command()
@click.argument("id")
@_data
def revoke(id: str, data: Path | None) -> None:
    """Remove the token ID; who shows it is refused from now on."""
    if not auth_files(data).remove_token(id):
        raise click.ClickException(f"there is no token {id!r}; `agnez token list` shows them")
    click.echo(f"revoked {id}")
