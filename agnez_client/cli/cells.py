"""`agnez cells`: what stands on the dashboard beside the runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from agnez_client.cli.connection import connection_options
from agnez_client.cli.documents import (
    content_of,
    find_cell,
    find_cells,
    open_values,
    remove_one,
)
from agnez_client.cli.output import json_option, size, write_json, write_table
from agnez_client.naming import as_text

_EXAMPLES = """
\b
Examples:
  agnez cells list                                     # all of them, in order
  agnez cells put --name Loss --html loss.html         # a page, or a piece of one
  agnez cells put --name Samples --image samples.png --pos 1 --run digits
  echo '<b>done</b>' | agnez cells put --name State --html -
  agnez cells save Loss -o loss.html                   # its content, back as a file
  agnez cells clear --run digits                       # what would go; --yes removes it
"""
_COLUMNS: Final = ("id", "pos", "type", "name", "run", "description")


@click.group(epilog=_EXAMPLES)
def command() -> None:
    """
    List, make, save and remove cells of the dashboard.

    A CELL is an id, the beginning of one, or a name, if only one cell has it.
    """


@command.command("list")
@click.option("--run", help="Only those of this run.")
@json_option
@connection_options
def list_(run: str | None, as_json: bool, url: str | None, token: str | None) -> None:
    """List cells in their order."""
    with open_values(url, token) as values:
        found = find_cells(values, run)
    if as_json:
        write_json(found)
    elif found:
        _write(found)
    else:
        click.echo("no cells")


@command.command()
@click.argument("cell")
@json_option
@connection_options
def show(cell: str, as_json: bool, url: str | None, token: str | None) -> None:
    """Show the fields of CELL; with --json its content too."""
    with open_values(url, token) as values:
        record = values.get(find_cell(values, cell)["_id"])
    if as_json:
        write_json(record)
        return
    for name, value in record.items():
        text = as_text(str(value))
        short = text if len(text) <= 200 else f"{size(len(text.encode()))}, see `agnez cells save`"
        click.echo(f"{name}: {short}")


@command.command()
@click.option("--name", required=True, help="What stands above it.")
@click.option("--html", metavar="FILE", help="A file of HTML; - is standard input.")
@click.option("--image", metavar="FILE", help="A picture or film, sent to the server.")
@click.option("--link", metavar="URL", help="The address of a picture.")
@click.option("--pos", type=click.IntRange(0), default=0, show_default=True, help="Its place.")
@click.option("--run", help="A run, on whose page it stands too.")
@click.option("--description", default="", help="What stands below the name.")
@json_option
@connection_options
def put(
    name: str,
    html: str | None,
    image: str | None,
    link: str | None,
    pos: int,
    run: str | None,
    description: str,
    as_json: bool,
    url: str | None,
    token: str | None,
) -> None:
    """Show something in the cell of this name and place: a new one, or the one that is there."""
    if sum(given is not None for given in (html, image, link)) != 1:
        raise click.UsageError("give one of --html, --image and --link")
    content = _content(html, image)
    with open_values(url, token) as values:
        values.strict = True
        owner = None if run is None else values.run_id(run)
        cell = values.cell(name, pos=pos, run=owner, description=description)
        try:
            cell.show(content, url=link)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        if as_json:
            write_json(values.get(cell.id))
        else:
            click.echo(cell.id)


def _content(html: str | None, image: str | None) -> Any:
    if html is None:
        return None if image is None else Path(image)
    try:
        return sys.stdin.read() if html == "-" else Path(html).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{html} can't be read as text: {error}") from error


@command.command()
@click.argument("cell")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Else standard output."
)
@connection_options
def save(cell: str, output: Path | None, url: str | None, token: str | None) -> None:
    """Write the content of CELL to a file: its HTML, or its picture."""
    with open_values(url, token) as values:
        content = content_of(values, values.get(find_cell(values, cell)["_id"]))
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{output} can't be written: {error.strerror}") from error
    click.echo(f"{output}: {size(len(content))}")


@command.command()
@click.argument("cells", nargs=-1, required=True, metavar="CELL...")
@connection_options
def rm(cells: Sequence[str], url: str | None, token: str | None) -> None:
    """Remove each CELL, for good."""
    with open_values(url, token) as values:
        chosen = {r["_id"]: r for r in (find_cell(values, cell) for cell in cells)}
        for id, record in chosen.items():
            values.remove(id)
            click.echo(f"{id} ({as_text(str(record.get('name', '')))}) is removed")


@command.command()
@click.option("--run", help="Only those of this run.")
@click.option("--yes", is_flag=True, help="Remove them; else they are only shown.")
@connection_options
def clear(run: str | None, yes: bool, url: str | None, token: str | None) -> None:
    """Remove all cells, or those of a run. Documents of other types stay."""
    with open_values(url, token) as values:
        found = find_cells(values, run)
        if not found:
            click.echo("no cells")
            return
        _write(found)
        if not yes:
            click.echo(f"{len(found)} cells would be removed: --yes does it")
            return
        gone = sum(remove_one(values, record["_id"]) for record in found)
        click.echo(f"{gone} cells are removed")


def _write(found: Sequence[dict[str, Any]]) -> None:
    write_table(_COLUMNS, map(_cells, found), right="pos")


def _cells(record: dict[str, Any]) -> tuple[str, ...]:
    names = ("_id", "pos", "type", "name", "run", "description")
    return tuple(as_text(str(record.get(name, "")))[:200] for name in names)
