"""`agnez new-run`."""

from __future__ import annotations

import click

from agnez_client.protocol import new_ulid


@click.command()
def command() -> None:
    """
    Print the id of a new run, for AGNEZ_RUN on several hosts; no server is asked.

    Make one, and give it to all hosts: their processes write to one run, which the one of rank 0
    begins.

    \b
    export AGNEZ_RUN=$(agnez new-run)
    srun --export=ALL torchrun --nnodes=2 --nproc-per-node=8 … train.py
    """
    click.echo(new_ulid())
