"""`agnez runs`."""

from __future__ import annotations

import click

from agnez_client.cli.connection import connected
from agnez_client.cli.output import json_option, moment, seconds, write_json, write_table
from agnez_client.protocol import RUN_STATES
from agnez_client.reader import Reader, RunInfo

_COLUMNS = ("id", "project", "name", "state", "created", "elapsed", "channels", "points")
_SORTS = [sign + key for key in ("created_at", "updated_at", "name", "state") for sign in ("", "-")]


@click.command()
@click.option("--project", help="Only runs of this project.")
@click.option("--experiment", help="Only runs of this experiment.")
@click.option("--state", type=click.Choice(RUN_STATES), help="Only runs in this state.")
@click.option("--tag", help="Only runs with this tag.")
@click.option(
    "--sort",
    type=click.Choice(_SORTS),
    default="-created_at",
    show_default=True,
    metavar="KEY",
    help="created_at, updated_at, name or state; -KEY is descending.",
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most.")
@json_option
@connected
def command(
    reader: Reader,
    project: str | None,
    experiment: str | None,
    state: str | None,
    tag: str | None,
    sort: str,
    limit: int,
    as_json: bool,
) -> None:
    """List runs, the newest first unless --sort says otherwise."""
    filters = {"project": project, "experiment": experiment, "state": state, "tag": tag}
    found = list(reader.runs(limit=limit, sort=sort, **filters))
    if as_json:
        write_json(found)
    elif found:
        write_table(_COLUMNS, map(_cells, found), right="channels points elapsed")
    else:
        click.echo("no runs")


def _cells(run: RunInfo) -> tuple[str, ...]:
    return (
        run["id"],
        run["project"],
        run["name"],
        run["state"],
        moment(run["created_at"]),
        seconds(run["elapsed_s"]),
        str(run["channels"]),
        str(run["points"]),
    )
