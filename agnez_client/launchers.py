"""
What the launcher of a distributed training tells a process: its number and how many there are.

Asked in this order; the first that is set wins. mpirun stands before Slurm, inside which it may
run, and LOCAL_RANK, which begins at 0 on each host, comes last.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agnez_client.errors import SettingsError
from agnez_client.protocol import new_ulid

_VARIABLES: Final = (
    ("RANK", "WORLD_SIZE"),  # torchrun, accelerate, DeepSpeed
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),  # Open MPI
    ("PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),  # srun
    ("LOCAL_RANK", "LOCAL_WORLD_SIZE"),
)
_LOCAL: Final = (
    "LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"
)  # fmt: skip
_TOP: Final = 1 << 32
_TORCHRUN: Final = "TORCHELASTIC_RUN_ID"
_asked = itertools.count()


@dataclass(frozen=True, slots=True)
class Told:
    """``rank`` from 0; ``world`` is how many processes there are, at least rank + 1."""

    rank: int
    world: int


def told_rank(environ: Mapping[str, str] | None = None) -> Told | None:
    """
    The number of this process in *environ*, that of the process by default; None if none is told.

    SLURM_PROCID counts in a step of several tasks only: a batch script has it as well, and so has
    every process that the script starts.

    Raises:
        SettingsError: If a variable is set and is no number.
    """
    env = os.environ if environ is None else environ
    for name, size_name in _VARIABLES:
        rank, size = _number(env, name), _number(env, size_name)
        if rank is None or (name == "SLURM_PROCID" and (size or 0) < 2):
            continue
        return Told(rank, max(size or 0, rank + 1))
    return None


def is_first_of_host(environ: Mapping[str, str] | None = None) -> bool:
    """Whether no launcher says that this process is the second or a later one of its host."""
    env = os.environ if environ is None else environ
    return all(env.get(name, "").strip() in ("", "0") for name in _LOCAL)


def spans_hosts(environ: Mapping[str, str] | None = None) -> bool:
    """Whether torchrun has started processes on other hosts too."""
    env = os.environ if environ is None else environ
    return _TORCHRUN in env and _number(env, "WORLD_SIZE") != _number(env, "LOCAL_WORLD_SIZE")


def shared_run(environ: Mapping[str, str] | None = None) -> str | None:
    """
    The id of the run that processes share which one torchrun started on this host; None where it
    started one only, or others on other hosts, which this process knows nothing of.

    It is made of the launcher's number and start, so that all of them find it by themselves, and
    again after torchrun has restarted them. The n-th call in each finds the n-th run.
    """
    env = os.environ if environ is None else environ
    world = _number(env, "WORLD_SIZE")
    if _TORCHRUN not in env or (world or 0) < 2 or spans_hosts(env):
        return None
    import psutil

    try:
        launcher: Any = psutil.Process(os.getppid())
        began = round(launcher.create_time() * 1000)
        if _TORCHRUN in launcher.environ():  # one of its processes, which started this one
            return None
    except (psutil.Error, OSError):
        return None
    told = f"{socket.gethostname()} {launcher.pid} {began} {next(_asked)}"
    return new_ulid(began, hashlib.sha256(told.encode()).digest()[:10])


def _number(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) >= _TOP:
        raise SettingsError(name, text, "a number from 0 up")
    return int(text)
