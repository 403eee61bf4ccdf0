"""
The wire between a trainer and a server, which is also what the spool holds.

A *batch* is one body of ``POST /api/v1/ingest``: a header, then events, then point records.
Both are shipped exactly as they lie in the spool, so sending live, resending after a doubt and
syncing an orphan are one operation: copy a byte range.

Events are JSON objects (a run, a channel, a chart, a state ...), framed by length and CRC-32.
Points are fixed 32-byte records. Both are numbered from 0 within their spool; a batch says the
ordinal of its first event and of its first point, and the server keeps one mark for each, so a
batch that is cut anew, or comes twice, is stored once.

Only the standard library and numpy: the server reads this module too.
"""

from __future__ import annotations

import json
import os
import struct
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

PROTOCOL_VERSION: Final = 2
OLDEST_PROTOCOL_VERSION: Final = 1
CONTENT_TYPE: Final = "application/x-agnez-frames"

DRAWN_TYPES: Final = (
    "NUMERIC", "HISTOGRAM", "IMAGE", "TEXT", "TABLE", "AUDIO", "VIDEO", "HTML", "FIGURE",
    "PR_CURVE", "ROC_CURVE", "CONFUSION_MATRIX",
)  # fmt: skip
"""Types of channels that stand in charts. Points of NUMERIC are records, of all others entries."""
RECORD_TYPES: Final = ("MARKER", "ARTEFACT")
"""Types of channels that belong to the record of a run and stand in no chart."""
CHANNEL_TYPES: Final = (*DRAWN_TYPES, *RECORD_TYPES)
RUN_STATES: Final = ("running", "finished", "failed", "stopped", "lost")
EVENT_KINDS: Final = (
    "run", "channel", "chart", "params", "tags", "state", "dropped", "durable",
    "entry", "about", "fields", "dataset", "console",
)  # fmt: skip

MAX_BATCH_BYTES: Final = 8 << 20
MAX_EVENT_BYTES: Final = 1 << 20
MAX_NAME_LENGTH: Final = 256
MAX_CHANNELS_PER_SPOOL: Final = 100_000
MAX_ENTRY_BYTES: Final = 256 << 10
"""Most bytes of the JSON of an entry's body; what is larger is a blob."""
MAX_REASON: Final = 300
"""Characters of why something was dropped; the rest is cut."""
MAX_LINE_LENGTH: Final = 4000
"""Characters of one line of console output; the rest of a longer line is cut."""

# -- points ----------------------------------------------------------------------------------

RECORD_SIZE: Final = 32
RECORD: Final = np.dtype(
    [("x", "<i8"), ("y", "<f8"), ("wall_ns", "<i8"), ("channel", "<u4"), ("mark", "<u4")]
)
"""A point: x (int64, or the bits of a float64), y, wall time in ns UTC, channel number, mark."""

RECORD_INT: Final = struct.Struct("<qdqII")
RECORD_FLOAT: Final = struct.Struct("<ddqII")
HOLE: Final = 0
MARK_INT: Final = 0xA67E0001
MARK_FLOAT: Final = 0xA67E0002
MARK_VOID: Final = 0xA67E0003
"""Values of ``mark``, the last field written: 0 is a slot claimed but not (yet) filled; x is an
int64; x is a float64; a slot that was given up, which uses its ordinal and holds no point."""

RecordArray = npt.NDArray[np.void]

# -- events ----------------------------------------------------------------------------------
#
# Every event has "kind" and "at" (µs UTC), and by kind:
#   run      id (ULID), started (µs); project, experiment, name, params, tags, host, pid, python;
#            the first event of every spool. Where the run exists, nothing of it is changed,
#            unless it was made known by a process that joined it (joined: true)
#   channel  n (this spool's number for it, used in point records), name, type; options
#   chart    id (1 to 64 letters, digits, - or _), title, type, channels [names]; x, y (axes)
#   params   params, merged into the run's
#   tags     tags, added to the run's
#   state    state ("running", "finished", "failed", "stopped"); reason
#   dropped  count, reason; n (the channel): points that were refused before they had an ordinal
#   durable  value (bool): whether what `send()` takes survives the process
#   entry    n (the channel), x, wall (µs UTC), body (an object; what it holds is its type's
#            affair); blobs [{sha256, size, mime}]: every blob that the body names. The server has
#            them before it gets the event, else the event is refused for now (409 `blobs_missing`)
#   about    facts: an object merged into what is known about the run, key by key of the first
#            level (git, packages, host, command, model, environment); blobs as in entry
#   fields   any of notes, stage, total_steps, name: set on the run
#   dataset  name, hash, size (bytes), count (samples or files), source, about; by name, last wins
#   console  stream ("stdout" or "stderr"), first (number of the first line in this process's
#            output of both streams), lines [text], walls [µs UTC]. A line that is told again is
#            replaced: so a progress bar is one line that changes

_EVENT_HEAD: Final = struct.Struct("<II")


class ProtocolError(ValueError):
    """A body that is not a batch; the message names the first thing that is wrong with it."""


class ProtocolVersionError(ProtocolError):
    """A batch of a version which this side does not speak; ``version`` is the one it carries."""

    def __init__(self, version: int) -> None:
        self.version = version
        side = "the server" if version > PROTOCOL_VERSION else "the client (pip install -U agnez)"
        super().__init__(
            f"protocol version {version} is not supported here, expected "
            f"{OLDEST_PROTOCOL_VERSION} to {PROTOCOL_VERSION}: upgrade {side}"
        )


def encode_event(event: Mapping[str, Any]) -> bytes:
    """
    One event as length, CRC-32 and JSON, as it lies in the spool's events file.

    What is no Unicode in it (Python's surrogates, for bytes in the names of files) becomes "?".

    Raises:
        ValueError: If *event* holds NaN or infinity, or is larger than ``MAX_EVENT_BYTES``.
    """
    text = json.dumps(event, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    body = text.encode(errors="replace")
    if len(body) > MAX_EVENT_BYTES:
        raise ValueError(f"event of {len(body)} bytes, at most {MAX_EVENT_BYTES} are allowed")
    return frame_event(body)


def frame_event(body: bytes) -> bytes:
    """The JSON text *body* of an event as it lies in the spool's events file."""
    return _EVENT_HEAD.pack(len(body), zlib.crc32(body)) + body


def split_events(data: bytes | memoryview) -> tuple[list[bytes], int]:
    """
    The whole, intact events at the start of *data*, and how many bytes they take.

    Stops without an error at a torn tail or at the first CRC that does not fit, so that a reader
    of a growing file takes what is there and comes back for the rest.
    """
    view, at, found = memoryview(data), 0, list[bytes]()
    while at + _EVENT_HEAD.size <= len(view):
        size, crc = _EVENT_HEAD.unpack_from(view, at)
        start, end = at + _EVENT_HEAD.size, at + _EVENT_HEAD.size + size
        if end > len(view) or size > MAX_EVENT_BYTES or zlib.crc32(view[start:end]) != crc:
            break
        found.append(bytes(view[start:end]))
        at = end
    return found, at


# -- batches ---------------------------------------------------------------------------------

_MAGIC: Final = b"AGNZ"
_HEADER: Final = struct.Struct("<4sBBHI16s16s26s2xIqQIIQQI8x")
HEADER_SIZE: Final = _HEADER.size
UNKNOWN_STORE: Final = bytes(16)


@dataclass(frozen=True, slots=True)
class Batch:
    """
    One delivery from one spool: events first, then points.

    ``events`` are JSON texts, the first has the ordinal ``first_event``. ``points`` is a
    ``RECORD`` array, the first has the ordinal ``first_point``. ``oldest_point`` is the first
    ordinal that this spool still holds: a server that wants an older one learns that it is gone.
    ``store`` is the id of the store that the sender believes it talks to, zeros if it knows none.
    ``session`` is the start of the sending process in µs UTC. A batch with neither events nor
    points is a heartbeat, and asks for the marks.
    """

    spool: bytes
    run: str
    session: int
    rank: int = 0
    store: bytes = UNKNOWN_STORE
    first_event: int = 0
    events: Sequence[bytes] = ()
    oldest_point: int = 0
    first_point: int = 0
    points: RecordArray = field(default_factory=lambda: np.empty(0, RECORD))


def encode_batch(batch: Batch) -> list[bytes | memoryview]:
    """The body of *batch* as buffers to be joined or written one after the other."""
    events = b"".join(map(frame_event, batch.events))
    head = _HEADER.pack(
        _MAGIC,
        PROTOCOL_VERSION,
        0,
        HEADER_SIZE,
        batch.rank,
        batch.spool,
        batch.store,
        batch.run.encode("ascii"),
        0,
        batch.session,
        batch.first_event,
        len(batch.events),
        len(events),
        batch.oldest_point,
        batch.first_point,
        len(batch.points),
    )
    points = np.ascontiguousarray(batch.points)
    return [head, events, points.view(np.uint8).data]


def decode_batch(body: bytes) -> Batch:
    """
    The batch in *body*; its points are a view of *body*, nothing is copied.

    Raises:
        ProtocolVersionError: If the version is not one of ours.
        ProtocolError: If *body* is not a whole, well-formed batch. Single events and points are
            not looked into here: a bad one is refused alone, by its ordinal.
    """
    if len(body) < 8 or body[:4] != _MAGIC:
        raise ProtocolError("the body does not begin with the magic bytes 'AGNZ'")
    if not OLDEST_PROTOCOL_VERSION <= body[4] <= PROTOCOL_VERSION:
        raise ProtocolVersionError(body[4])
    if len(body) < HEADER_SIZE:
        raise ProtocolError(f"the header is cut: {len(body)} bytes, expected {HEADER_SIZE}")
    (_, _, _, size, rank, spool, store, run, _, session, first_event, n_events, event_bytes,
     oldest_point, first_point, n_points) = _HEADER.unpack_from(body)  # fmt: skip
    if size != HEADER_SIZE or len(body) != HEADER_SIZE + event_bytes + n_points * RECORD_SIZE:
        raise ProtocolError(
            f"the body has {len(body)} bytes, its header announces {HEADER_SIZE} + {event_bytes} "
            f"of events + {n_points} points of {RECORD_SIZE}"
        )
    if max(first_event, first_point, oldest_point) >= 1 << 62:
        raise ProtocolError("an ordinal is larger than 2^62")
    events, used = split_events(memoryview(body)[HEADER_SIZE : HEADER_SIZE + event_bytes])
    if used != event_bytes or len(events) != n_events:
        raise ProtocolError(
            f"{n_events} events in {event_bytes} bytes were announced, {len(events)} in {used} "
            "bytes are intact"
        )
    points = np.frombuffer(body, RECORD, n_points, HEADER_SIZE + event_bytes)
    return Batch(spool, _run_id(run), session, rank, store, first_event, events,
                 oldest_point, first_point, points)  # fmt: skip


def _run_id(raw: bytes) -> str:
    text = raw.decode("ascii", "replace")
    if not is_ulid(text):
        raise ProtocolError(f"the run id {text!r} is not a ULID (26 characters of Crockford's 32)")
    return text


# -- run ids ---------------------------------------------------------------------------------

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS: Final = frozenset(_CROCKFORD)


def new_ulid(now_ms: int | None = None, chance: bytes | None = None) -> str:
    """
    A new ULID: 48 bits of time in ms, then 80 random bits (10 bytes, or *chance*), 26 characters,
    sorts by time.

    Source: https://github.com/ulid/spec
    """
    stamp = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    number = (stamp << 80) | int.from_bytes(chance or os.urandom(10), "big")
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def ulid_time(text: str) -> float:
    """When the ULID *text* was made, s since 1970, if it was made by `new_ulid`."""
    number = 0
    for c in text[:10]:
        number = number * 32 + _CROCKFORD.index(c)
    return number / 1000


def is_ulid(text: str) -> bool:
    """Whether *text* is a ULID in its canonical, upper-case spelling."""
    return len(text) == 26 and text[0] <= "7" and _LETTERS.issuperset(text)


def join_buffers(buffers: Iterable[bytes | memoryview]) -> bytes:
    """*buffers* as one body."""
    return b"".join(buffers)
