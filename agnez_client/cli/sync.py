"""`agnez sync`: send what waits in spools."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agnez_client.address import read_address
from agnez_client.cli.output import json_option, printable, write_json
from agnez_client.settings import Settings, load_settings
from agnez_client.spool.header import HEADER_NAME, read_header
from agnez_client.spool.place import host_name, known_roots
from agnez_client.spool.survey import SpoolInfo, survey

if TYPE_CHECKING:
    from agnez_client.syncing import Synced

_EXAMPLES = """
\b
Examples:
  agnez sync                                # to your server, what is meant for it
  agnez sync --to http://other:3000         # all of it, to another server
  agnez sync --all                          # each spool to the server it was recorded for
  agnez sync copied/3f2a…                   # a spool's directory that was copied here
"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A spool, where it goes, and with which token."""

    info: SpoolInfo
    url: str
    token: str | None


@click.command(epilog=_EXAMPLES)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--to", "to", metavar="URL", help="Send everything to this server.")
@click.option("--all", "every", is_flag=True, help="Send each spool where it was recorded for.")
@click.option("--last-copy", is_flag=True, help="The spools that these are copies of are gone.")
@click.option("--token", help="Token with the scope write.  [default: AGNEZ_TOKEN]")
@json_option
def command(
    paths: tuple[Path, ...],
    to: str | None,
    every: bool,
    last_copy: bool,
    token: str | None,
    as_json: bool,
) -> None:
    """
    Send what waits in spools of processes that are gone.

    Without PATHS: the spools of this user on this machine which were recorded for the server in
    use, or for none. A spool is removed when the server has all of it; what was sent before is not
    sent again. A run that still goes on sends its own spool.
    """
    if to and every:
        raise click.UsageError("--to and --all contradict each other")
    settings = load_settings(token=token)
    found = [survey(path) for path in (paths or local_spools(settings))]
    alive = [info for info in found if info.alive]
    parcels = choose([i for i in found if not i.alive], settings, to, every, bool(paths))
    results = _send(parcels, quiet=as_json, is_last=last_copy)
    if as_json:
        write_json([_as_json(parcel, done) for parcel, done in results])
    else:
        _tell(results, alive, left=len(found) - len(alive) - len(parcels))
    if any(done.problem for _, done in results):
        raise SystemExit(1)


def local_spools(settings: Settings) -> list[Path]:
    """The directories of this user's spools on this machine; unreadable ones are left out."""
    found = []
    for root in known_roots(settings):
        for header in sorted((root / host_name()).glob(f"[!.]*/{HEADER_NAME}")):
            try:
                read_header(header.parent)
            except OSError as error:
                click.echo(f"{header.parent} is left out: {error}", err=True)
                continue
            found.append(header.parent)
    return found


def choose(
    waiting: list[SpoolInfo], settings: Settings, to: str | None, every: bool, named: bool
) -> list[Parcel]:
    """
    Which of *waiting* are sent, and where.

    The token is shown to the server in use and to the one of ``--to``, never to another one that a
    spool names.

    Raises:
        click.ClickException: If there is something to send and no server is known.
    """
    from agnez_client.transport import normal_url

    address = read_address()
    url = to or settings.url or (address.url if address is not None else None)
    own = normal_url(url) if url else None
    parcels = []
    for info in waiting:
        recorded = info.header.destination
        target = own if to or not recorded else recorded
        if named and not every:
            target = own or recorded
        if target and (to or every or named or target == own):
            parcels.append(Parcel(info, target, settings.token if target == own else None))
    if waiting and own is None and not every and not parcels:
        raise click.ClickException(
            "no server is known: start one with `agnez up`, set AGNEZ_URL, or give --to URL"
        )
    return parcels


def _send(parcels: list[Parcel], *, quiet: bool, is_last: bool) -> list[tuple[Parcel, Synced]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from agnez_client.syncing import sync_spool
    from agnez_client.transport import Transport

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    results = []
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bars:
        for parcel in parcels:
            total = parcel.info.points + parcel.info.events
            bar = bars.add_task(f"run {parcel.info.header.run}", total=total)
            transport = Transport(parcel.url, parcel.token)
            advance = partial(bars.advance, bar)
            done = sync_spool(parcel.info.path, transport, advance, is_last=is_last)
            transport.close()
            results.append((parcel, done))
    return results


def _as_json(parcel: Parcel, done: Synced) -> dict[str, object]:
    header = parcel.info.header
    return {
        "spool": header.spool,
        "run": header.run,
        "to": parcel.url,
        "points": done.points,
        "events": done.events,
        "entries": done.entries,
        "blobs": done.blobs,
        "rejected": done.rejected,
        "problem": done.problem,
    }


def _counted(done: Synced) -> str:
    """What was sent, in words; events that define the run are not worth one beside others."""
    counts = {"points": done.points, "entries": done.entries, "blobs": done.blobs}
    if not any(counts.values()):
        counts = {"points": 0, "events": done.events}
    return ", ".join(f"{n} {what}" for what, n in counts.items() if n or what == "points")


def _tell(results: list[tuple[Parcel, Synced]], alive: list[SpoolInfo], left: int) -> None:
    for parcel, done in results:
        run = parcel.info.header.run
        if done.problem:
            click.echo(
                f"run {run}: not all was sent to {parcel.url}: {printable(done.problem)}", err=True
            )
        else:
            click.echo(f"run {run}: {_counted(done)} sent to {parcel.url}")
        if done.rejected:
            click.echo(f"run {run}: the server refused {done.rejected}, see `agnez spool ls`")
    if not results:
        click.echo("nothing waits to be sent")
    if alive:
        click.echo(f"{len(alive)} spools belong to processes that run and send them themselves")
    if left:
        click.echo(f"{left} spools are for other servers: `agnez sync --all`, or --to URL")
