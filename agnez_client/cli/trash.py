"""`agnez trash`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, cast

import click

from agnez_client.cli.connection import connection, connection_options
from agnez_client.cli.output import json_option, moment, size, write_json, write_table
from agnez_client.upkeep import Upkeep

_COLUMNS = ("id", "project", "name", "deleted", "points", "size")


@click.command()
@click.option("--empty", is_flag=True, help="Delete all of it for good, after asking.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@connection_options
def command(empty: bool, yes: bool, as_json: bool, url: str | None, token: str | None) -> None:
    """
    List the runs in the trash, or delete them for good.

    They go by themselves after the server's `trash_days`.
    """
    with connection(url, token) as transport:
        upkeep = Upkeep(transport)
        thrown = cast("list[dict[str, Any]]", upkeep.thrown())
        if as_json:
            write_json(thrown)
        elif not thrown:
            click.echo("the trash is empty")
        else:
            write_table(_COLUMNS, map(_cells, thrown), right="points size")
        if not (empty and thrown):
            return
        if not (yes or _agrees(thrown)):
            raise click.ClickException("nothing was deleted: say so with --yes")
        for run in thrown:
            upkeep.delete(run["id"], for_good=True)
    click.echo(f"{len(thrown)} runs were deleted for good", err=as_json)


def _agrees(thrown: Sequence[dict[str, Any]]) -> bool:
    if not sys.stdin.isatty():
        return False
    return click.confirm(f"Delete {len(thrown)} runs with all their points for good?")


def _cells(run: dict[str, Any]) -> tuple[str, ...]:
    deleted = moment(run.get("deleted_at"))
    return (
        run["id"], run["project"], run["name"], deleted, str(run["points"]), size(run["bytes"])
    )  # fmt: skip
