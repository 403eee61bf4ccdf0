"""`agnez get`."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import click

from agnez_client.cli.connection import connected
from agnez_client.cli.output import (
    json_option,
    number,
    printable,
    sparkline,
    wall_time,
    write_json,
    write_table,
)
from agnez_client.reader import Axis, ChannelInfo, Number, Reader, Row, View

_ROW_FIELDS = ("session", "rank", "ordinal", "x", "y", "wall")
_LAST_SHOWN = 10
_LINE_WIDTH = 72


class _ViewRow(NamedTuple):
    session: int
    rank: int
    x: Number
    y: Number | str
    wall: Number


@click.command()
@click.argument("channel")
@click.option("--x0", type=float, help="From here on, inclusive.")
@click.option("--x1", type=float, help="Up to here, inclusive.")
@click.option(
    "--px",
    type=click.IntRange(1, 10_000),
    default=800,
    show_default=True,
    help="Width in columns: above four points a column, first, last, min and max of each.",
)
@click.option(
    "--axis",
    type=click.Choice(["x", "wall"]),
    default="x",
    show_default=True,
    help="What --x0 and --x1 mean; wall is µs UTC.",
)
@click.option("--raw", is_flag=True, help="Every point, in the order sent.")
@click.option("--csv", "as_csv", is_flag=True, help="Answer in CSV.")
@json_option
@connected
def command(
    reader: Reader,
    channel: str,
    x0: float | None,
    x1: float | None,
    px: int,
    axis: Axis,
    raw: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """
    Show the points of CHANNEL: its id, or RUN/NAME.

    RUN is an id, the beginning of one, or a name (of several runs, the newest).
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other")
    if raw and not (x0 is None and x1 is None):
        raise click.UsageError("--raw gives every point, it takes neither --x0 nor --x1")
    found = reader.channel(channel)
    if found["type"] != "NUMERIC":
        raise click.ClickException(
            f"{found['name']!r} is a channel of the type {found['type']}, get shows NUMERIC ones: "
            "look at the run's page, or use `agnez export --format dir`"
        )
    if raw:
        rows = reader.rows(found["id"])
        _write_json_rows(rows) if as_json else _write_csv(_ROW_FIELDS, _cells(rows))
        return
    view = reader.view(found["id"], px=px, x0=x0, x1=x1, axis=axis)
    if as_json:
        write_json(view)
    elif as_csv:
        _write_csv(_ViewRow._fields, _view_rows(view))
    else:
        _show(found, view)


def _write_csv(fields: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(fields)
    out.writerows(rows)


def _cells(rows: Iterable[Row]) -> Iterator[tuple[object, ...]]:
    return ((r["session"], r["rank"], r["ordinal"], r["x"], r["y"], r["wall"]) for r in rows)


def _view_rows(view: View) -> Iterator[_ViewRow]:
    for series in view["series"]:
        for i in range(series["offset"], series["offset"] + series["length"]):
            point = (view["x"][i], view["y"][i], view["wall"][i])
            yield _ViewRow(series["session"], series["rank"], *point)


def _write_json_rows(rows: Iterable[Row]) -> None:
    """A JSON list, a row a line, written as the rows come."""
    lead = "["
    for row in rows:
        click.echo(lead + json.dumps(row))
        lead = ","
    click.echo("]" if lead == "," else "[]")


def _show(channel: ChannelInfo, view: View) -> None:
    """A line of figures, a sparkline a series, and the last points."""
    figures = ", ".join(f"{key} {number(channel[key])}" for key in ("last", "min", "max"))
    click.echo(f"{printable(channel['name'])}: {channel['count']} points, {figures}")
    for series in view["series"]:
        ys = view["y"][series["offset"] : series["offset"] + series["length"]]
        click.echo(sparkline([float(y) for y in ys], _LINE_WIDTH))
    last = list(_view_rows(view))[-_LAST_SHOWN:]
    if last:
        click.echo(f"the last {len(last)}{'' if view['exact'] else ' of the view'}:")
        cells = ((number(r.x), number(r.y), wall_time(r.wall)) for r in last)
        write_table(("x", "y", "time"), cells, right="x y")
