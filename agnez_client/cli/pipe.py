"""`agnez pipe`: a run out of what a program prints."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from agnez_client.cli.connection import connection_options

if TYPE_CHECKING:
    from agnez_client.context import Context

_EXAMPLES = """
\b
Examples:
  agnez pipe -- python train.py --lr 0.1
  agnez pipe --project digits --param lr=0.1 --tag baseline -- ./train.sh
  ssh box python train.py | agnez pipe --name "on box"
  agnez pipe --quiet < old-training.log
"""


@click.command(
    epilog=_EXAMPLES,
    context_settings={"allow_interspersed_args": False},
)
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="[--] [COMMAND ARGUMENT...]")
@click.option("--project", help="Project of the run; else AGNEZ_PROJECT.")
@click.option("--experiment", help="Experiment of the run; else AGNEZ_EXPERIMENT.")
@click.option("--name", help="Name of the run.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Repeatable.")
@click.option("--tag", "tags", multiple=True, help="Repeatable.")
@click.option("--quiet", is_flag=True, help="Say nothing about the run.")
@connection_options
def command(
    program: tuple[str, ...],
    project: str | None,
    experiment: str | None,
    name: str | None,
    params: tuple[str, ...],
    tags: tuple[str, ...],
    quiet: bool,
    url: str | None,
    token: str | None,
) -> None:
    """
    Run COMMAND, and make a run of what it prints.

    Its output passes through unchanged and at once, signals reach it, and its exit status is ours
    (128 and the number of the signal that has ended it). Numbers in its lines become channels:
    `Train step=10 loss=0.8`, progress bars of Keras and tqdm, dictionaries; docs/from-logs.md
    lists the forms. Its whole output is kept as the run's console.

    It finds the id of the run in AGNEZ_RUN: if it uses the SDK itself, it joins.

    Without COMMAND, lines are read from standard input and passed on.
    """
    given = {"project": project, "experiment": experiment, "name": name}
    about = {**given, "params": _params(params), "tags": tags, "url": url, "token": token}
    if not program and sys.stdin.isatty():
        raise click.UsageError("give a COMMAND, or pipe the output of one into this")
    if program and shutil.which(program[0]) is None:
        click.echo(f"agnez pipe: {program[0]}: no such program", err=True)
        sys.exit(127)
    if quiet:
        logging.getLogger("agnez_client").setLevel(logging.ERROR)
    sys.exit(_run(program, about) if program else _read_input(about))


def _params(given: Sequence[str]) -> dict[str, Any]:
    """``name=value`` each; a value that is JSON (a number, true, a list) is that, else text."""
    found: dict[str, Any] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not name or not sign:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--param")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _run(program: Sequence[str], about: dict[str, Any]) -> int:
    from agnez_client.context import Context
    from agnez_client.piping.listener import OutputListener
    from agnez_client.piping.program import ending_of_status, exit_status, run_program

    context = Context(**about)
    listeners = {name: OutputListener(context.job, name) for name in ("stdout", "stderr")}
    try:
        status = run_program(
            program, _environment(context, about), {n: o.hear for n, o in listeners.items()}
        )
    except OSError as error:
        context.finish("failed", reason=f"{program[0]}: {error.strerror}")
        click.echo(f"agnez pipe: {program[0]}: {error.strerror}", err=True)
        return 126
    for listener in listeners.values():
        listener.hear(b"", end=True)
    state, reason = ending_of_status(status)
    context.finish(state, reason=reason)
    return exit_status(status)


def _environment(context: Context, about: dict[str, Any]) -> dict[str, str]:
    """
    That of the program: it joins our run, tells no console of its own, and a Python program does
    not keep its output back.
    """
    own = {"AGNEZ_RUN": context.job.run, "AGNEZ_CONSOLE": "0"}
    server = {"AGNEZ_URL": about["url"], "AGNEZ_TOKEN": about["token"]}
    told = {name: value for name, value in server.items() if value}
    return {"PYTHONUNBUFFERED": "1", **os.environ, **told, **own}


def _read_input(about: dict[str, Any]) -> int:
    from agnez_client.context import Context
    from agnez_client.piping.listener import OutputListener
    from agnez_client.piping.passage import Passage

    context = Context(**about)
    listener = OutputListener(context.job, "stdout")
    passage = Passage(0, 1, listener.hear)
    with context, _whole_lines(listener):
        while passage.carry():
            pass
    return 0


@contextlib.contextmanager
def _whole_lines(listener: Any) -> Iterator[None]:
    try:
        yield
    finally:
        listener.hear(b"", end=True)
