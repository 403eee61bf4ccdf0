"""A look at each file of one spool, for `agnez doctor`: opened for reading alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from agnez_client.errors import SpoolError
from agnez_client.finding import Finding
from agnez_client.protocol import MARK_VOID
from agnez_client.spool.blobs import BLOBS_NAME, blob_refs
from agnez_client.spool.cursor import CURSOR_NAME, Cursor, Marks
from agnez_client.spool.events import EVENTS_NAME
from agnez_client.spool.files import Folder, open_file, read_file
from agnez_client.spool.frames import Frames, read_frames
from agnez_client.spool.header import HEADER_NAME, SPARE_NAME, SpoolHeader, parse_header
from agnez_client.spool.points import is_filled, last_filled
from agnez_client.spool.rejected import REJECTED_NAME
from agnez_client.spool.segment import SEGMENT_PREFIX, Segment, base_of, open_segment
from agnez_client.spool.sums import mended, sums_of

_STEP: Final = 65_536
_TRIES: Final = 1000
KEEP: Final = "what is left is delivered, the files stay: keep a copy if you want to mend them"


@dataclass
class Counts:
    """What one spool holds. ``waiting`` points and events no server has."""

    segments: int = 0
    points: int = 0
    voids: int = 0
    holes: int = 0
    unsummed: int = 0
    events: int = 0
    blobs: int = 0
    waiting_points: int = 0
    waiting_events: int = 0
    marks: Marks = field(default_factory=Marks)


def check_headers(path: Path, header: SpoolHeader) -> Iterator[Finding]:
    """Both copies of *header*, which one of them has told."""
    for name in (HEADER_NAME, SPARE_NAME) if header.version >= 3 else (HEADER_NAME,):
        try:
            if parse_header(read_file(path / name)) == header:
                continue
            what = "is not the same as the other header"
        except OSError as error:
            what = f"can't be read: {error}"
        yield Finding("note", f"one of the two headers {what}", str(path / name), "")


def check_cursor(path: Path, counts: Counts) -> Iterator[Finding]:
    """How far the servers were; it can be done without."""
    try:
        counts.marks = Cursor.parse(read_file(path / CURSOR_NAME)).latest
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        yield Finding(
            "note",
            f"how far servers took this spool can't be read ({error}): they are asked again",
            str(path / CURSOR_NAME),
        )


def check_segments(
    path: Path, header: SpoolHeader, counts: Counts, *, alive: bool
) -> Iterator[Finding]:
    """The points, slot by slot."""
    folder, spool, end = Folder(path), bytes.fromhex(header.spool), None
    names = [name for name in folder.names() if name.startswith(SEGMENT_PREFIX)]
    for name, following in zip(names, [*names[1:], None], strict=True):
        try:
            base = base_of(path / following) if following else None
            segment = open_segment(folder, name, spool, base, os.O_RDONLY)
        except FileNotFoundError:  # its owner has removed it meanwhile
            continue
        except OSError as error:
            yield Finding("damage", f"a segment can't be read: {error}", str(path / name), KEEP)
            continue
        try:
            if end is not None and segment.base > end:
                lost = segment.base - end
                yield Finding("damage", f"{lost} points are not here", str(path / name), KEEP)
            end = segment.end
            counts.segments += 1
            yield from _check_segment(segment, path, counts, alive=alive)
        finally:
            segment.close()


def _check_segment(
    segment: Segment, path: Path, counts: Counts, *, alive: bool
) -> Iterator[Finding]:
    where = str(path / segment.name)
    if segment.is_damaged:
        yield Finding("damage", segment.state, where, KEEP)
    lost, repaired, behind = 0, 0, 0
    for first in range(segment.base, segment.base + segment.held, _STEP):
        records = segment.read(first, min(_STEP, segment.base + segment.held - first))
        known = segment.sums.read(first, len(records))
        filled = is_filled(records)
        differ = np.flatnonzero((known != 0) & (known != sums_of(first, records)))
        for n, i in enumerate(map(int, differ)):
            one = records[i : i + 1]
            is_sound = n < _TRIES and mended(first + i, one, int(known[i])) is not None
            repaired, lost = repaired + is_sound, lost + (not is_sound)
        used = max(last_filled(filled), last_filled(known != 0)) + 1
        voids = int(np.count_nonzero(records["mark"] == MARK_VOID))
        counts.voids += voids
        counts.points += int(np.count_nonzero(filled)) - voids
        counts.holes += int(np.count_nonzero(~filled[:used] & (known[:used] == 0)))
        counts.unsummed += int(np.count_nonzero(filled & (known == 0)))
        fresh = max(0, counts.marks.points - first)
        waiting = filled[fresh:] & (records["mark"][fresh:] != MARK_VOID)
        counts.waiting_points += int(np.count_nonzero(waiting))
        behind = max(behind, used)
    cut = last_filled(segment.sums.read(segment.base, segment.capacity) != 0) + 1 - segment.held
    if cut > 0:
        yield Finding("damage", f"{cut} points that lay behind the cut are lost", where, KEEP)
    if repaired:
        what = f"{repaired} points have one flipped bit each, which delivery mends"
        yield Finding("note", what, where)
    if lost:
        what = f"{lost} points are not what was written and can't be mended: they become a gap"
        yield Finding("damage", what, where, KEEP)


def check_events(
    path: Path, header: SpoolHeader, counts: Counts, *, alive: bool
) -> Iterator[Finding]:
    """The events, and the blobs that they name."""
    where = str(path / EVENTS_NAME)
    try:
        found = read_frames(read_file(path / EVENTS_NAME), header.version)
    except OSError as error:
        yield Finding("damage", f"the events can't be read: {error}", where, KEEP)
        return
    counts.events = len(found.found)
    counts.waiting_events = max(0, counts.events - counts.marks.events)
    yield from _told(found, where, alive=alive)
    yield from _check_blobs(path, found, counts, alive=alive)


def _told(found: Frames, where: str, *, alive: bool) -> Iterator[Finding]:
    if found.lost:
        what = f"{len(found.lost)} events are damaged and lost, of {len(found.found)}"
        yield Finding("damage", what, where, KEEP)
    if found.mended:
        what = f"{len(found.mended)} events have one flipped bit each, which delivery mends"
        yield Finding("note", what, where)
    if found.torn and not alive:
        what = f"the last event is torn, {found.torn} bytes: the process was killed, or it is cut"
        yield Finding("note", what, where)


def _check_blobs(path: Path, found: Frames, counts: Counts, *, alive: bool) -> Iterator[Finding]:
    for frame in found.found[counts.marks.events :]:
        for ref in blob_refs(frame.body or b""):
            file = path / BLOBS_NAME / ref["sha256"]
            counts.blobs += 1
            problem = _problem_of(file, ref["sha256"])
            if problem and not (alive and not file.exists()):
                yield Finding(
                    "damage", f"a blob {problem}: what names it is sent without it", str(file), KEEP
                )


def _problem_of(file: Path, sha256: str) -> str:
    try:
        with open(open_file(file, os.O_RDONLY), "rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return f"can't be read ({error.strerror or error})"
    return "" if digest == sha256 else "is not what was written"


def check_rejected(path: Path) -> Iterator[Finding]:
    """What servers refused."""
    file = path / REJECTED_NAME
    if not file.exists():
        return
    try:
        found = read_frames(read_file(file))
    except (OSError, SpoolError) as error:
        yield Finding("damage", f"what servers refused can't be read: {error}", str(file))
        return
    yield Finding("note", f"servers refused {len(found.found)} of its points and events", str(file))
    if found.lost:
        yield Finding("damage", f"{len(found.lost)} of those are damaged", str(file))
