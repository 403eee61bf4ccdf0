"""The options by which a verb finds its server, and the reader that it gets."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from agnez_client.address import read_address
from agnez_client.errors import TransportError
from agnez_client.reader import Reader
from agnez_client.settings import load_settings
from agnez_client.transport import Transport


def connected(verb: Callable[..., None]) -> Callable[..., None]:
    """Add `--url` and `--token` to *verb*, and give it a `Reader` as its first argument."""

    @connection_options
    @functools.wraps(verb)
    def command(url: str | None, token: str | None, **given: Any) -> None:
        with reading(url, token) as reader:
            verb(reader, **given)

    return command


def connection_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Add `--url` and `--token` to *verb*."""
    url = click.option("--url", metavar="URL", help="Address of the server; else AGNEZ_URL.")
    token = click.option(
        "--token", metavar="TOKEN", help="Where it asks for one; else AGNEZ_TOKEN."
    )
    return url(token(verb))


@contextmanager
def reading(url: str | None, token: str | None) -> Iterator[Reader]:
    """A `Reader` of the server that these options name; an absent one is said in one line."""
    with connection(url, token) as transport:
        yield Reader(transport)


@contextmanager
def connection(url: str | None, token: str | None) -> Iterator[Transport]:
    """The way to the server that these options name; an absent one is said in one line."""
    transport = open_transport(url, token)
    try:
        yield transport
    except TransportError as error:
        if not error.refused:
            raise
        raise click.ClickException(
            f"nobody listens at {transport.url}: start a server with `agnez up`, or name another "
            "with --url"
        ) from error
    finally:
        transport.close()


def open_transport(url: str | None, token: str | None) -> Transport:
    """
    The way to the server at *url*, else at AGNEZ_URL, else to the one that this user started.

    Raises:
        click.ClickException: If there is none of these.
    """
    settings = load_settings(url=url, token=token)
    own = read_address() if settings.url is None else None
    found = settings.url or (own and own.url)
    if not found:
        raise click.ClickException(
            "no server is known: start one with `agnez up`, or name one with --url or AGNEZ_URL"
        )
    return Transport(found, settings.token)
