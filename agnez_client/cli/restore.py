"""`agnez restore`."""

from __future__ import annotations

import click

from agnez_client.cli.connection import connection, connection_options
from agnez_client.cli.output import printable
from agnez_client.upkeep import Upkeep


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@connection_options
def command(runs: tuple[str, ...], url: str | None, token: str | None) -> None:
    """
    Bring each RUN back from the trash.

    RUN is an id, the beginning of one, or a name (of several, the newest). `agnez trash` lists
    them.
    """
    with connection(url, token) as transport:
        upkeep = Upkeep(transport)
        chosen = {run["id"]: run for run in map(upkeep.thrown_run, runs)}
        for run in chosen.values():
            upkeep.restore(run["id"])
            click.echo(f"{run['id']} ({printable(run['name'])}) is back")
