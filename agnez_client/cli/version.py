"""`agnez version`."""

from __future__ import annotations

import platform
from importlib.metadata import version

import click

from agnez_client.cli.output import json_option, write_json
from agnez_client.protocol import OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Show the version of this installation, of its wire protocol and of Python."""
    own = version("agnez")
    protocol = {"oldest": OLDEST_PROTOCOL_VERSION, "newest": PROTOCOL_VERSION}
    python = platform.python_version()
    if as_json:
        write_json({"version": own, "protocol": protocol, "python": python})
    else:
        click.echo(f"agnez {own} (protocol {PROTOCOL_VERSION}, Python {python})")
