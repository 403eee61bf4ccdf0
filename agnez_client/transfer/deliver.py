"""
From a folder to a server: a run is made as it was, then its series are delivered as spools are.

Each series of a session belongs to a spool that is made up for the import: its id follows from the
run, the session and the rank, so what has arrived is known to the server, and an import that was
cut goes on where it stopped. Ids of the spools that the points once came through are not used: one
of those may still lie somewhere and have more to send.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_client.errors import AgnezError
from agnez_client.protocol import (
    MARK_FLOAT,
    MARK_INT,
    MAX_EVENT_BYTES,
    RECORD,
    Batch,
    RecordArray,
    encode_batch,
    join_buffers,
)
from agnez_client.reader import AnswerError
from agnez_client.transfer.collect import Progress, silent
from agnez_client.transfer.folder import FolderError, Json, RunFolder, SeriesKey, blobs_in
from agnez_client.transport import Transport

_POINTS: Final = 65_536
_LINES: Final = 500
_LAST_WALL: Final = (2**63 - 1) // 1000
"""µs; points travel with ns."""


class RunExists(AgnezError):
    """The run is on the server already."""

    def __init__(self, id: str) -> None:
        super().__init__(
            f"the run {id} is on the server already: --resume goes on with an import that was "
            "cut, --new-id makes a copy"
        )


def deliver_run(
    transport: Transport,
    path: Path,
    *,
    id: str | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> str:
    """
    Import the folder *path*; returns the id of the run, which is *id* where one is given.

    Raises:
        FolderError: If it is no exported run, or damaged.
        RunExists: If the run is there already and *resume* is not set.
    """
    folder = RunFolder(path)
    folder.check()
    run = folder.read_json("run.json")
    if id is not None:
        run["id"] = id
    return _Delivering(transport, folder, run, progress).deliver(resume=resume)


@dataclass(slots=True)
class _Spool:
    """The made-up spool of one session and rank, and how far it was told."""

    id: bytes
    session: int
    rank: int
    events: int = 0
    points: int = 0


class _Delivering:
    """One folder on its way to a server."""

    def __init__(
        self, transport: Transport, folder: RunFolder, run: Json, progress: Progress
    ) -> None:
        self._transport, self._folder, self._run = transport, folder, run
        self._progress = progress
        self._put: set[str] = set()
        self._channels: list[Json] = folder.read_json("channels.json")

    def deliver(self, *, resume: bool) -> str:
        """All of it; the run first, so that the rest has a place."""
        self._put_blobs(blobs_in(self._run))
        self._make_run(resume=resume)
        points, entries = (set(self._folder.series(kind)) for kind in ("points", "entries"))
        consoles = set(self._folder.consoles())
        for session, rank in sorted({(k.session, k.rank) for k in points | entries} | consoles):
            spool = _Spool(_spool_id(self._run["id"], session, rank), session, rank)
            self._deliver_session(spool, points, entries)
            if (session, rank) in consoles:
                self._deliver_console(spool)
        return str(self._run["id"])

    def _make_run(self, *, resume: bool) -> None:
        body = {"run": self._run, "channels": self._channels,
                "charts": self._folder.read_json("charts.json")}  # fmt: skip
        response = self._transport.request(
            "POST", "/imports", body=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        if response.status == 409:
            if resume:
                return
            raise RunExists(self._run["id"])
        if response.status != 201:
            raise AnswerError(self._transport.url, response)

    # -- one session -----------------------------------------------------------------------------

    def _deliver_session(
        self, spool: _Spool, points: Iterable[SeriesKey], entries: Iterable[SeriesKey]
    ) -> None:
        mine = (spool.session, spool.rank)
        for key in sorted(k for k in points if (k.session, k.rank) == mine):
            self._send(spool, [self._definition(key.channel)])
            array = self._folder.read_points(key)
            for start in range(0, len(array), _POINTS):
                records = _records(array[start : start + _POINTS], key.channel)
                self._send(spool, points=records)
                self._progress("points", len(records))
        for key in sorted(k for k in entries if (k.session, k.rank) == mine):
            self._send(spool, [self._definition(key.channel)])
            self._deliver_entries(spool, key)

    def _definition(self, number: int) -> Json:
        try:
            channel = self._channels[number]
        except IndexError:
            raise FolderError(f"channels.json has no channel {number}") from None
        return {"kind": "channel", "at": 0, "n": number, **channel}

    def _deliver_entries(self, spool: _Spool, key: SeriesKey) -> None:
        name = f"entries/{key.channel}/{key.session}-{key.rank}.jsonl"
        events = (self._entry(key.channel, item) for item in self._folder.read_lines(name))
        for batch in _batched(events):
            self._put_blobs(blob for event in batch for blob in event["blobs"])
            self._send(spool, batch)
            self._progress("entries", len(batch))

    @staticmethod
    def _entry(number: int, item: Json) -> Json:
        fields = {k: item[k] for k in ("x", "wall", "body")}
        blobs = list({b["sha256"]: b for b in blobs_in(item["body"])}.values())
        return {"kind": "entry", "at": item["wall"], "n": number, **fields, "blobs": blobs}

    def _deliver_console(self, spool: _Spool) -> None:
        lines = self._folder.read_lines(f"console/{spool.session}-{spool.rank}.jsonl")
        for some in _batched(_console_events(lines)):
            self._send(spool, some)
            self._progress("lines", sum(len(event["lines"]) for event in some))

    # -- sending ---------------------------------------------------------------------------------

    def _put_blobs(self, blobs: Iterable[Json]) -> None:
        for blob in blobs:
            if blob["sha256"] in self._put:
                continue
            path = self._folder.check_blob(blob["sha256"])
            with path.open("rb") as body:
                stream = _Sized(body, path.stat().st_size)
                mime = str(blob.get("mime") or "application/octet-stream")
                response = self._transport.put_blob(blob["sha256"], mime, stream)
            if response.status not in (200, 201):
                raise AnswerError(self._transport.url, response)
            self._put.add(blob["sha256"])
            self._progress("blobs", 1)

    def _send(
        self, spool: _Spool, events: list[Json] | None = None, points: RecordArray | None = None
    ) -> None:
        points = np.empty(0, RECORD) if points is None else points
        texts = [json.dumps(e, ensure_ascii=False).encode() for e in events or ()]
        batch = Batch(
            spool.id, self._run["id"], spool.session, spool.rank, first_event=spool.events,
            events=texts, first_point=spool.points, points=points,
        )  # fmt: skip
        response = self._transport.ingest(join_buffers(encode_batch(batch)))
        if response.status != 200:
            raise AnswerError(self._transport.url, response)
        refused = response.json().get("refused")
        if refused:
            raise AgnezError(f"the server refused a part of the run: {refused[0]['reason']}")
        spool.events += len(texts)
        spool.points += len(points)


class _Sized:
    """A file as a body whose length is known."""

    def __init__(self, file: Any, size: int) -> None:
        self._file, self._size = file, size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(1 << 20), b"")

    def read(self, size: int = -1) -> bytes:
        """The next piece; empty at the end."""
        piece: bytes = self._file.read(size)
        return piece


def _spool_id(run: str, session: int, rank: int) -> bytes:
    return hashlib.sha256(f"agnez import {run} {session} {rank}".encode()).digest()[:16]


def _records(points: npt.NDArray[np.void], channel: int) -> RecordArray:
    if len(points) and int(np.abs(points["wall"]).max()) > _LAST_WALL:
        raise FolderError(f"channel {channel} has a point after the year 2262: it can't be sent")
    records = np.zeros(len(points), RECORD)
    whole = points.dtype["x"].kind == "i"
    records["x"] = points["x"] if whole else points["x"].astype("<f8").view("<i8")
    records["y"], records["wall_ns"] = points["y"], points["wall"] * 1000
    records["channel"], records["mark"] = channel, MARK_INT if whole else MARK_FLOAT
    return records


def _batched(events: Iterator[Json]) -> Iterator[list[Json]]:
    """*events* in parts of about a MiB at most, in the same order."""
    batch, size = list[Json](), 0
    for event in events:
        length = len(json.dumps(event, ensure_ascii=False).encode())
        if batch and size + length > MAX_EVENT_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


def _console_events(lines: Iterator[Json]) -> Iterator[Json]:
    """Lines that follow each other in one stream are one event."""

    def place(pair: tuple[int, Json]) -> tuple[str, int]:
        index, line = pair
        return line["stream"], line["number"] - index

    for (stream, _), group in itertools.groupby(enumerate(lines), place):
        members = [line for _, line in group]
        for start in range(0, len(members), _LINES):
            some = members[start : start + _LINES]
            yield {"kind": "console", "at": some[0]["wall"], "stream": stream,
                   "first": some[0]["number"], "lines": [m["text"] for m in some],
                   "walls": [m["wall"] for m in some]}  # fmt: skip
