"""`agnez download`."""

from __future__ import annotations

from pathlib import Path

import click

from agnez_client.cli.connection import connected
from agnez_client.cli.output import size
from agnez_client.naming import as_text
from agnez_client.reader import Reader
from agnez_client.recordreader import RecordReader


@click.command()
@click.argument("run")
@click.argument("name")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File or directory; else here."
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@connected
def command(reader: Reader, run: str, name: str, output: Path | None, force: bool) -> None:
    """
    Download the artefact NAME of RUN: its newest version, or NAME:VERSION.

    The file is there when it is whole and its hash was checked; a download that was broken off is
    gone on with.
    """
    records = RecordReader(reader.transport)
    found = records.artefact(reader.run(run)["id"], name)
    if "sha256" not in found:
        raise click.ClickException(
            f"{name} was only noted, its file is not on the server; it was {as_text(found['path'])}"
        )
    target = _target(found["name"], output)
    if target.exists() and not force:
        raise click.ClickException(f"{target} is there: name another with -o, or say --force")
    try:
        with click.progressbar(length=found["size"], label=as_text(target.name)) as bar:
            records.download(
                found["sha256"], found["size"], target, lambda done: bar.update(done - bar.pos)
            )
    except OSError as error:
        raise click.FileError(str(target), error.strerror or str(error)) from error
    click.echo(f"{target}: {size(found['size'])}, version {found['version']}")


def _target(name: str, output: Path | None) -> Path:
    """What others call a file is never a path here."""
    if output is not None and not output.is_dir():
        return output
    safe = as_text(name).replace("\\", "/").rpartition("/")[2].strip()
    if safe in ("", ".", ".."):
        raise click.ClickException(f"{name!r} is no name for a file: name one with -o")
    return (output or Path()) / safe
