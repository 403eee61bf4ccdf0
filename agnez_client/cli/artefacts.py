"""`agnez artefacts`."""

from __future__ import annotations

import click

from agnez_client.cli.connection import connected
from agnez_client.cli.output import (
    json_option,
    moment,
    number,
    size,
    wall_time,
    write_json,
    write_table,
)
from agnez_client.naming import as_text
from agnez_client.reader import Reader
from agnez_client.recordreader import ArtefactInfo, RecordReader

_COLUMNS = ("name", "version", "kind", "x", "size", "saved", "hash")


@click.command()
@click.argument("run")
@click.option("--name", help="Only versions of this one.")
@json_option
@connected
def command(reader: Reader, run: str, name: str | None, as_json: bool) -> None:
    """List the files that RUN has kept, every version, the newest first."""
    found = RecordReader(reader.transport).artefacts(reader.run(run)["id"])
    found = [one for one in found if name in (None, one["name"])]
    if as_json:
        write_json(found)
    elif found:
        write_table(_COLUMNS, map(_cells, found), right="version x size")
    else:
        click.echo("no artefacts")


def _cells(one: ArtefactInfo) -> tuple[str, ...]:
    sha256 = one.get("sha256")
    kept = sha256[:12] if sha256 else f"{as_text(one.get('hash', '')).removeprefix('sha256:')[:12]}"
    return (
        as_text(one["name"]),
        str(one["version"]),
        one.get("kind", "file"),
        number(one["x"]),
        size(one["size"]),
        moment(wall_time(one["wall"])),
        kept if sha256 else f"{kept} (only noted)",
    )
