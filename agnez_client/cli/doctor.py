"""`agnez doctor`: what is broken in a data directory or a spool, found without changing a byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from agnez_client.cli.output import json_option, printable, write_json
from agnez_client.finding import Finding

_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_COLOURS: Final = {"ok": "green", "note": "yellow", "damage": "red"}
_NOTHING: Final = 2
Told = Callable[[str], None]


@click.command()
@click.argument("path", type=_DIRECTORY, required=False)
@click.option("--full", is_flag=True, help="Read every page, index and blob as well; takes long.")
@click.option(
    "--salvage", type=_DIRECTORY, metavar="NEW_DIRECTORY",
    help="Save what can be read of a data directory to a new one.",
)  # fmt: skip
@json_option
def command(path: Path | None, full: bool, salvage: Path | None, as_json: bool) -> None:
    """
    Look at a data directory, or at spools, and say what is damaged. Nothing is changed, and a
    server or a training may be using it.

    Without PATH: your own data directory and the spools of your trainings. The exit status is 0
    if all is sound, 1 if something is damaged, 2 if there is nothing to look at.

    \b
    Examples:
      agnez doctor
      agnez doctor /srv/agnez --full
      agnez doctor /srv/agnez --salvage /srv/agnez-saved
    """
    if salvage is not None:
        _salvage(path or _own_directory(), salvage)
        return
    with _status(as_json) as tell:
        found = list(_look(path, full=full, tell=tell))
    if as_json:
        write_json([asdict(finding) for finding in found])
    else:
        _write(found)
    raise SystemExit(int(any(finding.level == "damage" for finding in found)))


def _look(path: Path | None, *, full: bool, tell: Told) -> Iterator[Finding]:
    from agnez_client.spool.examine import examine as examine_spools
    from agnez_client.spool.examine import spools_below

    directory = path or _own_directory()
    roots = [root for root in ([path] if path else _own_spools()) if spools_below(root)]
    is_data = (directory / "agnez.db").is_file()
    if not is_data and not roots:
        told = f"Error: there is no data directory and no spool at {directory}"
        click.echo(printable(told), err=True)
        raise SystemExit(_NOTHING)
    if is_data:
        from agnez_server.doctor import examine

        yield from examine(directory.resolve(), full=full, progress=tell)
    for root in roots:
        tell("spools")
        yield from examine_spools(root.resolve())


def _own_directory() -> Path:
    from agnez_server.settings import default_data_directory

    return default_data_directory()


def _own_spools() -> list[Path]:
    from agnez_client.settings import load_settings
    from agnez_client.spool.place import known_roots

    return known_roots(load_settings())


def _salvage(source: Path, target: Path) -> None:
    import sqlite3

    from agnez_server.doctor import NoDataDirectory, salvage
    from agnez_server.store.directory import DirectoryInUse

    try:
        saved = salvage(source.resolve(), target.resolve())
    except DirectoryInUse as error:
        by = f"process {error.pid}" if error.pid else "a server"
        told = f"{source} is in use by {by}: stop the server first, then save"
        raise click.ClickException(printable(told)) from error
    except (NoDataDirectory, OSError, sqlite3.Error) as error:
        raise click.ClickException(printable(str(error))) from error
    told = ", ".join(f"{count:,} {table}" for table, count in saved.rows.items() if count)
    click.echo(printable(f"saved to {target}: {told or 'nothing'}"))
    click.echo(printable(f"look at it: agnez doctor {target}; use it: agnez up --data {target}"))
    if saved.broken:
        missing = ", ".join(
            f"{table} ({'nobody knows how many' if count is None else f'{count:,}'} missing)"
            for table, count in sorted(saved.broken.items())
        )
        click.echo(f"not all rows could be read of: {missing}", err=True)
        raise SystemExit(1)


@contextmanager
def _status(as_json: bool) -> Iterator[Told]:
    """What is looked at, on a terminal's standard error."""
    import sys

    if as_json or not sys.stderr.isatty():
        yield lambda what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("looking at {task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("it", total=None)
        yield lambda what: progress.update(task, description=what)


def _write(found: Iterable[Finding]) -> None:
    """Findings by where they are, with what to do."""
    from rich.console import Console
    from rich.text import Text

    console, places = Console(highlight=False, soft_wrap=True), dict[str, list[Finding]]()
    for finding in found:
        places.setdefault(finding.where, []).append(finding)
    for place, findings in places.items():
        console.print(Text(printable(place), style="bold"))
        for finding in findings:
            sign = Text(f"  {finding.level:<8}", style=_COLOURS[finding.level])
            console.print(sign + Text(printable(finding.what)))
            if finding.hint:
                console.print(Text(f"          {printable(finding.hint)}", style="dim"))
    levels = Counter(finding.level for findings in places.values() for finding in findings)
    count = levels["damage"]
    told = f"damaged: {count} finding{'s' * (count > 1)}" if count else "sound"
    console.print(Text(f"{told}, {levels['note']} to note" if levels["note"] else told, "bold"))
