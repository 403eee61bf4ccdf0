"""
The rank of a process: its number among those of its run, which no other living process has.

A launcher's number is taken if it is free on this host. Without one it is the lowest that is free:
so a process that comes back in the place of a dead one has its number again. A forked child, and
any other process that finds its told number taken (it has inherited the variable), counts on from
it in steps of the world's size, so that its number is no other process's on any host.

Choosing and making the spool happen under one lock, that of the directory, so that processes which
begin at once get different numbers. Alive is who holds the lock of a spool's events: those who
adopt the spool of a dead process lock the spool, not these.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

from agnez_client.launchers import Told
from agnez_client.spool.events import EVENTS_NAME
from agnez_client.spool.files import open_file
from agnez_client.spool.header import SpoolHeader, read_header
from agnez_client.spool.lock import take, take_shared

PATIENCE_S: Final = 30.0
"""How long a process waits for others which are choosing; then it chooses without the lock."""
_POLL_S: Final = 0.002
_SLOWEST_POLL_S: Final = 0.05

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def chosen_rank(place: Path | None, run: str, told: Told | None, forks: int = 0) -> Iterator[int]:
    """
    The rank of this process; make its spool inside the block.

    Args:
        place: Where the spools of this host lie. None (memory): nobody can be asked, and the rank
            is what was told, else *forks*.
        told: What the launcher says.
        forks: 0 in a process that was not forked from one of the run; else a number that is this
            child's alone among its parent's.
    """
    if place is None:
        yield (told.rank + forks * told.world) if told else forks
        return
    with _choosing(place):
        taken = living_ranks(place, run)
        yield next(rank for rank in _wanted(told, is_forked=forks > 0) if rank not in taken)


def _wanted(told: Told | None, *, is_forked: bool) -> Iterator[int]:
    if told is None:
        return count()
    return count(told.rank + (told.world if is_forked else 0), told.world)


def living_ranks(place: Path, run: str) -> set[int]:
    """The ranks of the living processes of *run* whose spools lie in *place*."""
    return {header.rank for header in living(place, run)}


def living(place: Path, run: str) -> Iterator[SpoolHeader]:
    """The headers of the spools of *run* in *place* whose owners live."""
    for folder in place.iterdir():
        if folder.name[0] == ".":
            continue
        try:
            header = read_header(folder)
            if header.run == run and _is_alive(folder):
                yield header
        except OSError:  # it went away, or is none of ours
            continue


def _is_alive(folder: Path) -> bool:
    fd = open_file(folder / EVENTS_NAME)
    try:
        return not take_shared(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _choosing(place: Path) -> Iterator[None]:
    fd = os.open(place, os.O_RDONLY)
    deadline = time.monotonic() + PATIENCE_S
    wait = _POLL_S
    try:
        while not take(fd):
            if time.monotonic() > deadline:
                logger.warning("the lock of %s can't be had: two processes may share a rank", place)
                break
            time.sleep(wait * random.random())  # many that ask at once would take each other's time
            wait = min(2 * wait, _SLOWEST_POLL_S)
        yield
    finally:
        os.close(fd)
