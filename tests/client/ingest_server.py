"""
A small real server that takes batches as `docs/http-api.md` says, and misbehaves when told to.

Written from the contract alone: it shares nothing with the real server but the wire format.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from agnez_client.protocol import (
    MARK_FLOAT,
    MARK_INT,
    UNKNOWN_STORE,
    Batch,
    decode_batch,
)

Point = tuple[int | float, float]
Fault = Callable[["Handler"], bool]


@dataclass
class TakenSpool:
    """What one spool has delivered. ``points`` is what is new, in the order it was taken."""

    run: str
    session: int
    rank: int
    events: list[dict[str, Any]] = field(default_factory=list)
    mark_events: int = 0
    mark_points: int = 0
    gaps: int = 0
    points: list[tuple[int, int, int | float, float, int]] = field(default_factory=list)
    """Ordinal, channel number, x, y, wall time in ns."""

    def channel(self, name: str) -> list[Point]:
        """x and y of the points of one channel, in the order taken."""
        numbers = [e["n"] for e in self.events if e["kind"] == "channel" and e["name"] == name]
        return [(x, y) for _, number, x, y, _ in self.points if number in numbers]

    def entries(self, name: str) -> list[tuple[int | float, dict[str, Any]]]:
        """x and body of the entries of one channel, in the order taken."""
        numbers = [e["n"] for e in self.events if e["kind"] == "channel" and e["name"] == name]
        return [(e["x"], e["body"]) for e in self.of_kind("entry") if e["n"] in numbers]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return [e for e in self.events if e["kind"] == kind]


class IngestServer:
    """
    Listens on a free port of 127.0.0.1 until `close`.

    ``faults`` are taken one a request: each may answer instead (returns True).
    """

    def __init__(self, port: int = 0) -> None:
        self.changed = threading.Condition()
        self.store = os.urandom(16)
        self.spools: dict[bytes, TakenSpool] = {}
        self.batches: list[Batch] = []
        self.requests: list[dict[str, str]] = []
        self.blobs: dict[str, tuple[str, bytes]] = {}
        self.puts: list[str] = []
        self.put_faults: deque[Fault] = deque()
        self.deleted: set[str] = set()
        self.token: str | None = None
        self.refuses: Callable[[str, int, object], str | None] = lambda kind, ordinal, thing: None
        self.always: Fault | None = None
        self.faults: deque[Fault] = deque()
        self.next_in_ms = 0
        self._http = _Listener(("127.0.0.1", port), _handler_of(self))
        self._http.daemon_threads = True
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def wait_for(self, condition: Callable[[], object], timeout_s: float = 20.0) -> None:
        """Until *condition* is true; it is asked after each request."""
        with self.changed:
            assert self.changed.wait_for(lambda: bool(condition()), timeout_s), self.summary()

    def summary(self) -> str:
        """What was taken, for the message of a failed wait."""
        taken = [(s.run, s.mark_events, s.mark_points) for s in self.spools.values()]
        return f"after {len(self.batches)} batches: {taken}"

    def replace_store(self) -> None:
        """Become another, empty store at the same address."""
        with self.changed:
            self.store = os.urandom(16)
            self.spools = {}
            self.blobs = {}

    @property
    def only(self) -> TakenSpool:
        """The one spool that was taken; an empty one before there is one."""
        assert len(self.spools) <= 1, self.summary()
        return next(iter(self.spools.values()), TakenSpool("", 0, 0))

    def of_run(self, run: str) -> list[TakenSpool]:
        """The spools of one run."""
        return [s for s in self.spools.values() if s.run == run]

    def points(self) -> int:
        """How many points were taken in all."""
        return sum(len(s.points) for s in self.spools.values())

    # -- the contract ------------------------------------------------------------------------

    def take(self, batch: Batch) -> tuple[int, dict[str, Any]]:
        """Status and answer to *batch*."""
        if batch.run in self.deleted:
            return 410, _error("gone", "the run was deleted")
        spool = self.spools.get(batch.spool)
        marks = (spool.mark_events, spool.mark_points) if spool else (0, 0)
        place = {"store": self.store.hex(), "events": marks[0], "points": marks[1]}
        if batch.store not in (UNKNOWN_STORE, self.store):
            return 409, _error("store_changed", "another store", **place)
        late = len(batch.points) and batch.first_point > max(marks[1], batch.oldest_point)
        if (batch.events and batch.first_event > marks[0]) or late:
            return 409, _error("gap", "a gap", **place)
        if not batch.events and not len(batch.points):
            return 200, {**place, "refused": [], "next_in_ms": self.next_in_ms}
        missing = sorted(self._named(batch) - self.blobs.keys())
        if missing:
            return 409, _error("blobs_missing", "put them first", sha256=missing)
        if spool is None:
            spool = TakenSpool(batch.run, batch.session, batch.rank)
            self.spools[batch.spool] = spool
        refused = [*self._take_events(spool, batch), *self._take_points(spool, batch)]
        place |= {"events": spool.mark_events, "points": spool.mark_points}
        return 200, {**place, "refused": refused, "next_in_ms": self.next_in_ms}

    def _named(self, batch: Batch) -> set[str]:
        events = [json.loads(event) for event in batch.events]
        return {ref["sha256"] for event in events for ref in event.get("blobs") or ()}

    def put(self, sha256: str, mime: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and answer to a blob."""
        if hashlib.sha256(body).hexdigest() != sha256:
            return 400, _error("bad_request", "the hash is another")
        was_known = sha256 in self.blobs
        self.blobs[sha256] = mime, body
        return 200 if was_known else 201, {"sha256": sha256, "size": len(body), "mime": mime}

    def _take_events(self, spool: TakenSpool, batch: Batch) -> list[dict[str, Any]]:
        refused = []
        for ordinal, raw in enumerate(batch.events, batch.first_event):
            if ordinal < spool.mark_events:
                continue
            event = json.loads(raw)
            reason = self.refuses("event", ordinal, event)
            if reason is None:
                spool.events.append(event)
            else:
                refused.append({"event": ordinal, "reason": reason})
            spool.mark_events = ordinal + 1
        return refused

    def _take_points(self, spool: TakenSpool, batch: Batch) -> list[dict[str, Any]]:
        refused = []
        if batch.first_point > spool.mark_points and len(batch.points):
            spool.gaps += batch.first_point - spool.mark_points
            spool.mark_points = batch.first_point
        for ordinal, record in enumerate(batch.points, batch.first_point):
            if ordinal < spool.mark_points:
                continue
            spool.mark_points = ordinal + 1
            point = _point(ordinal, record)
            if point is None:
                continue
            reason = self.refuses("point", ordinal, point)
            if reason is None:
                spool.points.append(point)
            else:
                refused.append({"point": ordinal, "reason": reason})
        return refused


def _point(ordinal: int, record: np.void) -> tuple[int, int, int | float, float, int] | None:
    x: int | float = int(record["x"])
    if record["mark"] == MARK_FLOAT:
        (x,) = struct.unpack("<d", struct.pack("<q", x))
    elif record["mark"] != MARK_INT:
        return None
    return ordinal, int(record["channel"]), x, float(record["y"]), int(record["wall_ns"])


def _error(code: str, message: str, **details: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **details}}


class Handler(BaseHTTPRequestHandler):
    """One connection; ``ingest`` is the server's state."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    ingest: IngestServer
    body = b""

    def do_POST(self) -> None:
        """Take a batch, unless a fault answers."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        state = self.ingest
        with state.changed:
            fault = state.faults.popleft() if state.faults else state.always
        if fault is not None and fault(self):
            with state.changed:
                state.changed.notify_all()
            return
        status, answer = self.take()
        self.answer(status, answer)

    def do_PUT(self) -> None:
        """Take a blob, unless a fault answers."""
        state, sha256 = self.ingest, self.path.rpartition("/")[2]
        with state.changed:
            state.puts.append(sha256)
            fault = state.put_faults.popleft() if state.put_faults else None
            state.changed.notify_all()
        if fault is not None and fault(self):
            return
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with state.changed:
            answer = state.put(sha256, self.headers.get("Content-Type") or "", self.body)
            state.changed.notify_all()
        self.answer(*answer)

    def take(self) -> tuple[int, dict[str, Any]]:
        """Store the batch; the answer is still to be sent."""
        state = self.ingest
        with state.changed:
            state.requests.append({k.lower(): v for k, v in self.headers.items()})
            if state.token and self.headers.get("Authorization") != f"Bearer {state.token}":
                found = 401, _error("not_authenticated", "a wrong token", hint="show another")
            else:
                batch = decode_batch(self.body)
                state.batches.append(batch)
                found = state.take(batch)
            state.changed.notify_all()
            return found

    def answer(self, status: int, answer: object, **headers: str) -> None:
        """Send *answer* as JSON."""
        self.answer_bytes(status, json.dumps(answer).encode(), **headers)

    def answer_bytes(self, status: int, body: bytes, **headers: str) -> None:
        """Send *body* as it is."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        """Close the connection without a word."""
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Listener(ThreadingHTTPServer):
    """Says nothing about clients that were killed."""

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection broke: the client will come again, or never."""


def _handler_of(state: IngestServer) -> type[Handler]:
    return type("BoundHandler", (Handler,), {"ingest": state})


# -- faults ----------------------------------------------------------------------------------


def lose_ack(handler: Handler) -> bool:
    """Store the batch and let the answer get lost."""
    handler.take()
    handler.hang_up()
    return True


def drop(handler: Handler) -> bool:
    """Neither store nor answer."""
    handler.hang_up()
    return True


def status(code: int, **headers: str) -> Fault:
    """Answer with an error and store nothing."""

    def fault(handler: Handler) -> bool:
        handler.answer(code, _error("told", "told to"), **headers)
        return True

    return fault


def garbage(body: bytes, code: int = 200) -> Fault:
    """Answer with *body* and store nothing."""

    def fault(handler: Handler) -> bool:
        handler.answer_bytes(code, body)
        return True

    return fault


def hang(until: threading.Event) -> Fault:
    """Answer nothing before *until* is set."""

    def fault(handler: Handler) -> bool:
        until.wait(60)
        handler.hang_up()
        return True

    return fault
