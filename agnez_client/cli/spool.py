"""`agnez spool`: look at what waits to be sent, or remove it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from agnez_client.cli.output import json_option, moment, printable, write_json, write_table
from agnez_client.errors import SpoolError
from agnez_client.settings import load_settings
from agnez_client.spool.header import HEADER_NAME
from agnez_client.spool.lock import take_orphan
from agnez_client.spool.place import known_roots
from agnez_client.spool.survey import SpoolInfo, survey

_EXAMPLES = """
\b
Examples:
  agnez spool ls                            # what waits, of all hosts that share this home
  agnez spool rm 3f2a                       # show it, ask, remove it
  agnez spool rm --all --yes                # everything that no process owns
"""


@click.group(epilog=_EXAMPLES)
def command() -> None:
    """Look at what waits to be sent, or remove it."""


@command.command("ls")
@json_option
def list_spools(as_json: bool) -> None:
    """List spools: how much of each no server has taken yet, and who owns it."""
    found = all_spools()
    if as_json:
        write_json([_as_json(info) for info in found])
    elif not found:
        click.echo("nothing waits to be sent")
    else:
        _write(found)


@command.command("rm", epilog=_EXAMPLES)
@click.argument("spools", nargs=-1, metavar="SPOOL...")
@click.option("--all", "every", is_flag=True, help="Every spool whose process is gone.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@json_option
def remove_spools(spools: tuple[str, ...], every: bool, yes: bool, as_json: bool) -> None:
    """
    Remove spools, named by the beginnings of their ids or runs.

    Shows what would go and asks; without a terminal to ask nothing is removed unless --yes is
    given. What was not sent is lost. A spool whose process runs is left alone.
    """
    if not spools and not every:
        raise click.UsageError("name spools, or give --all")
    chosen = choose(all_spools(), spools)
    doomed = [info for info in chosen if not info.alive]
    if not as_json:
        _show(doomed, [info for info in chosen if info.alive])
    removed = doomed if doomed and (yes or _agrees(doomed)) else []
    for info in removed:
        remove(info)
    if as_json:
        write_json([_as_json(info) for info in removed])
    elif removed:
        click.echo(f"{len(removed)} spools were removed")
    elif doomed:
        raise click.ClickException("nothing was removed: say so with --yes")


def all_spools() -> list[SpoolInfo]:
    """The spools of this user, of every host; unreadable ones are named and left out."""
    found = []
    for root in known_roots(load_settings()):
        for header in sorted(root.glob(f"*/[!.]*/{HEADER_NAME}")):
            try:
                found.append(survey(header.parent))
            except SpoolError as error:
                click.echo(printable(str(error)), err=True)
    return found


def choose(found: list[SpoolInfo], names: Sequence[str]) -> list[SpoolInfo]:
    """
    Those of *found* whose id or run begins with one of *names*; all without names.

    Raises:
        click.ClickException: If a name fits none, or an id's beginning several.
    """
    if not names:
        return found
    chosen: list[SpoolInfo] = []
    for name in names:
        fitting = [i for i in found if i.header.spool.startswith(name) or i.header.run == name]
        if not fitting:
            raise click.ClickException(f"there is no spool {name!r}: see `agnez spool ls`")
        if len({i.header.run for i in fitting}) > 1:
            raise click.ClickException(f"{name!r} is the beginning of several: write more of it")
        chosen += [i for i in fitting if i not in chosen]
    return chosen


def remove(info: SpoolInfo) -> None:
    """Remove the directory of *info*, unless a process has taken it over meanwhile."""
    fd = take_orphan(info.path)
    if fd is None:
        raise click.ClickException(f"{info.path} is in use now and stays")
    with open(fd):
        doomed = info.path.rename(info.path.with_name(f".gone-{info.path.name}"))
        shutil.rmtree(doomed)


def _agrees(doomed: Sequence[SpoolInfo]) -> bool:
    if not sys.stdin.isatty():
        return False
    points = sum(info.points for info in doomed)
    return click.confirm(f"Remove {len(doomed)} spools with {points} points that were not sent?")


def _show(doomed: list[SpoolInfo], alive: list[SpoolInfo]) -> None:
    for info in alive:
        click.echo(f"{info.header.spool[:8]} belongs to process {info.header.pid}, which runs")
    if doomed:
        _write(doomed)
    else:
        click.echo("there is nothing to remove")


def _write(found: Sequence[SpoolInfo]) -> None:
    columns = ["spool", "run", "owner", "points", "events", "refused", "MiB", "started", "for"]
    rows = [
        [
            info.header.spool[:8],
            info.header.run,
            f"process {info.header.pid}" if info.alive else "gone",
            str(info.points),
            str(info.events),
            str(info.rejected),
            f"{info.size / (1 << 20):.1f}",
            moment(_started(info)),
            info.header.destination or "no server",
        ]
        for info in found
    ]
    write_table(columns, rows, right="points events refused MiB")
    for folder in sorted({info.path.parent for info in found}):
        click.echo(f"in {folder}")


def _as_json(info: SpoolInfo) -> dict[str, object]:
    header = info.header
    return {
        "spool": header.spool,
        "run": header.run,
        "host": header.host,
        "rank": header.rank,
        "pid": header.pid,
        "alive": info.alive,
        "destination": header.destination,
        "started_at": _started(info),
        "points": info.points,
        "events": info.events,
        "rejected": info.rejected,
        "bytes": info.size,
        "path": str(Path(info.path)),
    }


def _started(info: SpoolInfo) -> str:
    started = datetime.fromtimestamp(info.header.session / 1e6, UTC)
    return started.isoformat(timespec="microseconds").replace("+00:00", "Z")
