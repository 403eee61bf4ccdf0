"""`agnez password`: what people show in the browser."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agnez_client.cli.token import auth_files


@click.command()
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), envvar="AGNEZ_DATA",
              help="Data directory of the server.")  # fmt: skip
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it from standard input.")
def command(data: Path | None, from_stdin: bool) -> None:
    """
    Set the password of the browser login; open sessions end.

    \b
    Examples:
      agnez password
      pass show agnez | agnez password --stdin
    """
    if from_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        auth_files(data).set_password(password)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo("the password is set")
