"""What is done about a damaged write-ahead log before SQLite opens it, and what is said."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from agnez_server.store.acked import Acknowledged, Position
from agnez_server.store.copying import copy_file, sync
from agnez_server.store.mending import Mended, mend, write_mended
from agnez_server.store.schema import PAGE_SIZE
from agnez_server.store.wal import WalFile, read_wal

logger = logging.getLogger(__name__)

DAMAGED: Final = "damaged"
"""The folder of a data directory to which damaged files are copied before anything is done."""
_SIZE_AT: Final = 16
"""Where a database's header has the size of its pages."""


def look_at_wal(database: Path, acked: Acknowledged | None) -> str | None:
    """
    Mend the write-ahead log of *database*, which nobody has open, if it is damaged; a sentence on
    what was done, None if it is sound.

    Raises:
        OSError: If the log can't be copied aside or written anew (a full disk).
    """
    path = database.with_name(f"{database.name}-wal")
    wal = read_wal(path, page_size(database))
    if wal is None or not len(wal.heads):
        return None
    end = wanted(wal, acked)
    if end is None or (wal.is_headed and end.frames <= wal.taken):
        return None
    aside = set_aside(path)
    mended = _mend(path, aside, wal, end, database)
    kept, lost = wal.commits(mended.frames), end.frames - mended.frames
    told = f"all {kept} commits that it holds are kept"
    if lost > 0:
        told = f"{kept} commits of it are kept, {lost} pages that follow them are lost"
    sentence = f"the write-ahead log was damaged: {told}. As it was, it lies in {aside}"
    logger.error("%s: %s", database, sentence)
    return sentence


def wanted(wal: WalFile, acked: Acknowledged | None) -> Position | None:
    """
    How far a log has to reach; None if nothing speaks against what SQLite makes of it.

    What lies behind the noted end was not acknowledged, or is left over from longer commits that
    failed. Without a note, what is sound behind the first bad frame tells.
    """
    salts = wal.salts if wal.is_headed else wal.salts_of(0)
    if acked is not None and acked.end.salts == salts:
        return acked.end
    if wal.is_headed:
        return Position(salts, len(wal.heads)) if acked is None and wal.follows_damage() else None
    sound = ~wal.errors.any(1) & wal.same_salts(salts)
    return Position(salts, len(sound) if sound.all() else int(np.argmin(sound)))


def _mend(path: Path, aside: Path, wal: WalFile, end: Position, database: Path) -> Mended:
    mended = mend(aside, wal, end.frames)
    write_mended(aside, path, wal, end.salts, mended)
    if mended.unsure is not None and not _is_sound(database):
        mended = mend(aside, wal, mended.unsure)
        write_mended(aside, path, wal, end.salts, mended)
    return mended


def _is_sound(database: Path) -> bool:
    """Whether SQLite finds its pages in order; over a connection that changes nothing."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as con:
            found: str = con.execute("pragma quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    return found == "ok"


def what_is_missing(acked: Acknowledged | None, store: str, number: int) -> str | None:
    """What the store with this id, whose newest commit is *number*, lacks of what was noted."""
    if acked is None:
        return None
    if acked.store.hex() != store:
        return (
            f"another store, {acked.store.hex()}, was in this directory before: "
            "its documents and points are gone"
        )
    lost = acked.number - number
    if lost <= 0:
        return None
    return (
        f"{lost} acknowledged commits are missing"
        if lost > 1
        else ("1 acknowledged commit is missing")
    )


def page_size(database: Path) -> int:
    """The size of a database's pages by its header; ours where it can't be told."""
    try:
        with database.open("rb") as file:
            raw = file.read(_SIZE_AT + 2)[_SIZE_AT:]
    except FileNotFoundError:
        raw = b""
    size = int.from_bytes(raw, "big")
    return size if size >= 512 and size & (size - 1) == 0 else PAGE_SIZE


def set_aside(path: Path, start: bytes | None = None) -> Path:
    """Copy a damaged file, or only its *start*, to the folder of those; the copy."""
    folder = path.parent / DAMAGED
    folder.mkdir(mode=0o700, exist_ok=True)
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    copy = folder / f"{path.name}.{moment}.{time.time_ns() % 10**9:09d}"
    draft = copy.with_name(f"{copy.name}.part")
    draft.unlink(missing_ok=True)
    if start is None:
        copy_file(path, draft)
    else:
        _write(draft, start)
    draft.rename(copy)
    sync(folder)
    sync(path.parent)
    return copy


def _write(path: Path, raw: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
