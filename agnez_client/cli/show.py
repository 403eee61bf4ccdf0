"""`agnez show`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import click

from agnez_client.cli.connection import connected
from agnez_client.cli.output import (
    json_option,
    moment,
    number,
    printable,
    seconds,
    size,
    write_json,
)
from agnez_client.reader import Reader
from agnez_client.recordreader import RecordReader

_TEXTS = {"packages": ("packages",), "diff": ("git", "diff"), "model": ("model",)}


@click.command()
@click.argument("run")
@click.option("--packages", "text", flag_value="packages", help="The list of packages instead.")
@click.option("--diff", "text", flag_value="diff", help="What differed from the commit instead.")
@click.option("--model", "text", flag_value="model", help="The summary of the model instead.")
@json_option
@connected
def command(reader: Reader, run: str, text: str | None, as_json: bool) -> None:
    """Show the record of RUN: what it is, with what, and where it runs."""
    found: Any = reader.run(reader.run(run)["id"])  # a list knows less of a run than its own page
    if text is not None:
        _show_text(reader, found, text)
    elif as_json:
        write_json(found)
    else:
        for name, value in _rows(found):
            lines = printable(value).splitlines() or [""]
            click.echo(f"{name:<11}{lines[0]}".rstrip())
            for line in lines[1:]:
                click.echo(f"{'':<11}{line}".rstrip())


def _show_text(reader: Reader, run: Mapping[str, Any], what: str) -> None:
    fact: Any = run.get("about") or {}
    for key in _TEXTS[what]:
        fact = fact.get(key) or {}
    blob = fact.get("blob", fact)
    if "sha256" not in blob:
        raise click.ClickException(f"the run has no record of its {what}")
    lines = RecordReader(reader.transport).text(blob["sha256"]).splitlines()
    click.echo("\n".join(map(printable, lines)))


def _rows(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "run", f"{run['name']}  ({run['id']})"
    yield "project", f"{run['project']} / {run['experiment']}"
    yield "state", _state(run)
    yield "began", f"{moment(run['created_at'])}, took {seconds(run['elapsed_s'])}"
    if run.get("step") is not None:
        yield "step", _progress(run)
    if run.get("tags"):
        yield "tags", ", ".join(run["tags"])
    yield "points", f"{run['points']} in {run['channels']} channels"
    if run.get("params"):
        yield "params", "\n".join(f"{k} = {v}" for k, v in _flat(run["params"]))
    yield from _about(run.get("about") or {})
    if run.get("host"):
        yield "host", f"{run['host']}, process {run.get('pid') or '-'}"
    for dataset in run.get("datasets") or ():
        yield "dataset", _dataset(dataset)
    if run.get("notes"):
        yield "notes", run["notes"]


def _state(run: Mapping[str, Any]) -> str:
    more = [run.get("stage"), run.get("reason")]
    return ", ".join([run["state"], *(str(x) for x in more if x)])


def _progress(run: Mapping[str, Any]) -> str:
    total = f" of {run['total_steps']}" if run.get("total_steps") else ""
    left = f", {seconds(run['eta_s'])} left" if run.get("eta_s") is not None else ""
    return f"{number(run['step'])}{total}{left}"


def _about(about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if about.get("command"):
        yield "command", shlex.join(map(str, about["command"]))
        yield "directory", str(about.get("directory"))
    if git := about.get("git"):
        state = ", with changes" if git.get("dirty") else ""
        yield "git", f"{git.get('commit')} ({git.get('branch') or 'no branch'}){state}"
        if git.get("remote"):
            yield "", git["remote"]
    if about.get("python"):
        memory = size(about["memory_bytes"]) if about.get("memory_bytes") else "-"
        machine = f"{about.get('cpus')} CPUs, {memory}"
        yield "python", f"{about['python']} on {about.get('platform')}, {machine}"
    for gpu in about.get("gpus") or ():
        yield "gpu", f"{gpu.get('name')}, {size(gpu.get('memory_bytes') or 0)}"
    if packages := about.get("packages"):
        yield "packages", f"{packages.get('count')} (--packages lists them)"
    if model := about.get("model"):
        count = model.get("parameters")
        yield "model", f"{model.get('name')}{'' if count is None else f', {count:,} parameters'}"


def _dataset(dataset: Mapping[str, Any]) -> str:
    known = [dataset["name"], dataset.get("source"), dataset.get("hash")]
    if dataset.get("count"):
        known.append(f"{dataset['count']} samples or files")
    return ", ".join(str(x) for x in known if x)


def _flat(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in params.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
