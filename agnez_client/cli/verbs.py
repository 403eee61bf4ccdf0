"""
The table of verbs, and the group that loads a verb's module only when it is called.

Help texts stand here, so `agnez --help` imports none of the rooms behind the verbs.
"""

from __future__ import annotations

import importlib
import keyword
from collections.abc import Sequence
from typing import Any, Final

import click

from agnez_client.errors import AgnezError

VERBS: Final[dict[str, str]] = {
    "up": "Start the server and its pages.",
    "token": "Create, list and revoke tokens.",
    "password": "Set the password of the browser login.",
    "new-run": "Print a new run id, for AGNEZ_RUN on several hosts.",
    "pipe": "Make a run of what a program prints.",
    "sync": "Send what waits in spools to a server.",
    "spool": "Show or remove what waits to be sent.",
    "runs": "List runs.",
    "channels": "List the channels of a run.",
    "get": "Show the points of a channel.",
    "show": "Show the record of a run.",
    "console": "Show what a run has written to its console.",
    "artefacts": "List the files that a run has kept.",
    "download": "Download a file that a run has kept.",
    "cells": "List, make, save and remove cells of the dashboard.",
    "export": "Write a run, or all documents, to a file.",
    "backup": "Copy a data directory while its server runs; bring one back.",
    "doctor": "Look for damage in a data directory or in spools.",
    "import": "Read back a run, or documents, that were exported.",
    "rm": "Put runs into the trash.",
    "restore": "Bring runs back from the trash.",
    "trash": "List the trash, or empty it.",
    "retention": "Say which runs of a project stay.",
    "version": "Show the version.",
}
"""
Verb to short help. Verb `v` is the click command `command` of module `agnez_client.cli.v`; a verb
that is a word of Python's has an underscore behind it there, a dash is an underscore.
"""


class VerbGroup(click.Group):
    """A group whose commands are the modules of `VERBS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of *cmd_name*, its module loaded now; None if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        name = cmd_name.replace("-", "_")
        module = f"{name}_" if keyword.iskeyword(name) else name
        command: click.Command = importlib.import_module(f"agnez_client.cli.{module}").command
        command.short_help = VERBS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; what our own rooms raise becomes one line and exit status 1."""
        try:
            return super().invoke(ctx)
        except AgnezError as error:
            from agnez_client.cli.output import printable

            raise click.ClickException(printable(str(error))) from error


@click.group(cls=VerbGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="agnez", prog_name="agnez")
def group() -> None:
    """Every number of a training run, live, at full resolution, and nothing lost."""


def main(args: Sequence[str] | None = None) -> None:
    """Run `agnez` with *args*, the process's own by default; ends the process."""
    group.main(args=None if args is None else list(args), prog_name="agnez")
