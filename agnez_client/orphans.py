"""Spools whose owner is dead, on this host."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from agnez_client.errors import SpoolError
from agnez_client.spool.budget import Budget
from agnez_client.spool.files import check_private_directory
from agnez_client.spool.header import SpoolHeader, read_header
from agnez_client.spool.lock import take_orphan
from agnez_client.spool.spool import Spool

UNBORN_AGE_S: Final = 3600.0

logger = logging.getLogger(__name__)


def spool_folders(place: Path) -> Iterator[tuple[Path, SpoolHeader]]:
    """The spools in *place* (a host's directory) and their headers; what is unreadable is left."""
    try:
        check_private_directory(place)
        folders = sorted(p for p in place.iterdir() if len(p.name) == 32 and p.name[0] != ".")
    except OSError:
        return
    for folder in folders:
        try:
            yield folder, read_header(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            logger.debug("%s is left alone: %s", folder, error)


def sweep(place: Path) -> None:
    """Remove what a kill left in the midst of making or removing a spool: nobody's points."""
    try:
        check_private_directory(place)
        for doomed in place.glob(".gone-*"):
            shutil.rmtree(doomed, ignore_errors=True)
        for unborn in place.glob(".new-*"):
            if time.time() - unborn.lstat().st_mtime < UNBORN_AGE_S:
                continue  # it may be in the making, in the moment before it is locked
            fd = take_orphan(unborn)
            if fd is not None:
                shutil.rmtree(unborn, ignore_errors=True)
                os.close(fd)
    except OSError as error:
        logger.debug("%s was not swept: %s", place, error)


def adopt(
    place: Path, wanted: Callable[[SpoolHeader], bool], budget: Budget, limit: int
) -> list[Spool]:
    """At most *limit* spools in *place* whose owner is dead and whose header is *wanted*."""
    found: list[Spool] = []
    for folder, header in spool_folders(place):
        if len(found) >= limit:
            break
        if not wanted(header):
            continue
        try:
            spool = Spool.adopt(folder, budget)
        except SpoolError as error:
            logger.debug("%s is left alone: %s", folder, error)
            continue
        if spool is not None:
            found.append(spool)
    return found
