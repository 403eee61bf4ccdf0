"""`agnez up`: the server and its pages."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agnez_client.cli.launch import launching, load_sockets
from agnez_client.cli.output import printable

if TYPE_CHECKING:
    from agnez_server.serve import Served
    from agnez_server.settings import ServerSettings

_EXAMPLES = """
\b
Examples:
  agnez up                                  # http://localhost:3000, data kept
  agnez up --port 0 --ephemeral             # a free port, nothing kept
  agnez up --host 0.0.0.0                   # for others too; asks for a login
  agnez up --base-path /agnez               # behind a proxy
  agnez up --static plots                   # its pictures at /images/
"""


class OneLine(logging.Formatter):
    """A record is one line: names in it make up no further ones. Tracebacks stay below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """The line."""
        return printable(super().formatMessage(record).replace("\n", "\\n"))


@click.command(epilog=_EXAMPLES)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1 and ::1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 picks one.  [default: 3000]")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data directory.")
@click.option(
    "--static",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of pictures, at /images/.  [default: ./images, where it is there]",
)
@click.option("--ephemeral", is_flag=True, default=None, help="Keep nothing after the end.")
@click.option("--login", is_flag=True, default=None, help="Ask for a login on loopback too.")
@click.option("--base-path", help="Path prefix behind a proxy, as /agnez.")
@click.option("--cors-origin", "cors_origins", multiple=True, help="An origin that may call.")
@click.option("--allowed-host", "allowed_hosts", multiple=True, help="A host name of this server.")
@click.option("--max-connections", type=click.IntRange(1), help="Most at a time.  [default: 10000]")
@click.option("--verbose", "-v", is_flag=True, help="Log more.")
def command(verbose: bool, **given: Any) -> None:
    """
    Start the server and its pages, until Ctrl-C.

    Trainings of this user find it by themselves. It listens to this machine only unless --host
    says more; then it asks for a login (`agnez password`, `agnez token create`).
    """
    with launching() as launched:
        _serve(verbose, given, launched)


def _serve(verbose: bool, given: dict[str, Any], launched: Callable[[], None]) -> None:
    load_sockets()
    from agnez_dashboards import PagesNotBuiltError
    from agnez_server.authfiles import AuthFileDamaged
    from agnez_server.ports import PortTaken
    from agnez_server.serve import NoLoginSet, serve
    from agnez_server.store import CannotOpenStore

    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])
    settings = _settings(given)

    def started(served: Served) -> None:
        launched()
        _started(settings, served)

    try:
        asyncio.run(serve(settings, started))
    except (PortTaken, NoLoginSet, CannotOpenStore, AuthFileDamaged, PagesNotBuiltError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"can't serve: {_told(settings, error)}") from error
    finally:
        _forget()


def _told(settings: ServerSettings, error: OSError) -> str:
    """*error* with the address or the file that it is about."""
    reason = error.strerror or str(error)
    if error.filename:
        return f"{error.filename}: {reason}"
    return f"{settings.host or 'localhost'} port {settings.port}: {reason}"


def _settings(given: dict[str, Any]) -> ServerSettings:
    from agnez_server.settings import from_environment

    if given["base_path"] is not None:
        given["base_path"] = _base_path(given["base_path"])
    if given["ephemeral"] and given["data"]:
        raise click.UsageError(
            "--ephemeral keeps nothing, --data says where to keep it: choose one"
        )
    try:
        settings = from_environment(**{k: v for k, v in given.items() if v not in (None, ())})
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    return replace(settings, static=_pictures(settings.static))


def _pictures(chosen: Path | None) -> Path | None:
    """The folder of pictures, made absolute: a process may change its directory."""
    if chosen is not None and not chosen.is_dir():
        raise click.ClickException(f"AGNEZ_STATIC is {chosen}, which is no folder")
    found = chosen or Path("images")
    return found.absolute() if found.is_dir() else None


def _base_path(text: str) -> str:
    path = "/" + text.strip("/")
    if path == "/":
        return ""
    if not all(part and part.replace("-", "").replace("_", "").replace(".", "").isalnum()
               and part.strip(".") for part in path[1:].split("/")):  # fmt: skip
        raise click.BadParameter(
            f"{text!r} is no path prefix like /agnez", param_hint="--base-path"
        )
    return path


def _started(settings: ServerSettings, served: Served) -> None:
    from agnez_client.address import write_address

    write_address(served.url)
    click.echo(f"agnez is up: {served.url}")
    click.echo(f"  data   {'nothing is kept' if settings.ephemeral else served.directory}")
    if settings.static is not None:
        click.echo(f"  images {settings.static} at {served.url}/images/")
    if served.connections.most < settings.max_connections:
        click.echo(
            f"  limits at most {served.connections.most} connections: this process may not open "
            "more files (ulimit -n)"
        )
    if settings.needs_login():
        click.echo("  login  asked for (agnez password, agnez token create)")
    else:
        click.echo("  login  none: every user of this machine can read and write (--login asks)")
    click.echo("  end    Ctrl-C")


def _forget() -> None:
    from agnez_client.address import remove_address

    remove_address(os.getpid())
