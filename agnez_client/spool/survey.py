"""What lies in spools, read without touching them: for `agnez spool ls` and `agnez sync`."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agnez_client.errors import SpoolError
from agnez_client.protocol import MARK_VOID
from agnez_client.spool.budget import folder_size
from agnez_client.spool.chain import Chain
from agnez_client.spool.cursor import Cursor, Marks
from agnez_client.spool.events import EventLog
from agnez_client.spool.files import Folder
from agnez_client.spool.header import SpoolHeader, read_header
from agnez_client.spool.lock import take_orphan
from agnez_client.spool.points import is_filled
from agnez_client.spool.rejected import Rejected


@dataclass(frozen=True, slots=True)
class SpoolInfo:
    """
    ``points`` and ``events`` are those that the store heard last has not taken; ``size`` is bytes
    on the disk. ``alive``: its owner lives and sends it itself.
    """

    path: Path
    header: SpoolHeader
    alive: bool
    points: int
    events: int
    rejected: int
    size: int


def survey(path: Path) -> SpoolInfo:
    """
    What the spool in the directory *path* holds.

    Raises:
        SpoolError: If there is none, or it can't be read.
    """
    folder = Folder(path)
    try:
        header = read_header(path)
        marks = Cursor.load(folder).latest
        return SpoolInfo(
            path=path,
            header=header,
            alive=_is_alive(path),
            points=_count_points(folder, header, marks),
            events=_count_events(folder, header, marks),
            rejected=Rejected(folder).count,
            size=folder_size(path),
        )
    except FileNotFoundError as error:
        raise SpoolError(f"there is no spool in {path}") from error
    except OSError as error:
        raise SpoolError(f"the spool {path} can't be read: {error}") from error


def _is_alive(path: Path) -> bool:
    fd = take_orphan(path)
    if fd is None:
        return True
    os.close(fd)
    return False


def _count_points(folder: Folder, header: SpoolHeader, marks: Marks) -> int:
    chain = Chain.open(folder, bytes.fromhex(header.spool))
    total = 0
    with contextlib.closing(chain):
        for segment in chain:
            first = max(segment.base, marks.points)
            if first < segment.end:
                records = segment.read(first, segment.end - first)
                voids = int(np.count_nonzero(records["mark"] == MARK_VOID))
                total += int(np.count_nonzero(is_filled(records))) - voids
    return total


def _count_events(folder: Folder, header: SpoolHeader, marks: Marks) -> int:
    with contextlib.closing(EventLog.open(folder, header.version)) as events:
        return max(0, len(events) - marks.events)
