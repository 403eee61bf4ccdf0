"""`agnez channels`."""

from __future__ import annotations

import click

from agnez_client.cli.connection import connected
from agnez_client.cli.output import json_option, number, write_json, write_table
from agnez_client.reader import ChannelInfo, Reader

_COLUMNS = ("id", "name", "type", "count", "last", "min", "max")


@click.command()
@click.argument("run")
@json_option
@connected
def command(reader: Reader, run: str, as_json: bool) -> None:
    """
    List the channels of RUN.

    RUN is an id, the beginning of one, or a name (of several runs, the newest).
    """
    found = reader.channels(reader.run(run)["id"])
    if as_json:
        write_json(found)
    elif found:
        write_table(_COLUMNS, map(_cells, found), right="count last min max")
    else:
        click.echo("no channels")


def _cells(channel: ChannelInfo) -> tuple[str, ...]:
    figures = (number(channel["last"]), number(channel["min"]), number(channel["max"]))
    return (channel["id"], channel["name"], channel["type"], str(channel["count"]), *figures)
