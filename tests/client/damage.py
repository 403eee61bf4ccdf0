"""Small spools whose files are cut and flipped, and what a reader then finds; in this process."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from agnez_client.delivery import Delivery, batch_body
from agnez_client.protocol import decode_batch
from agnez_client.spool import chain as chain_room
from agnez_client.spool import segment as segment_room
from agnez_client.spool.spool import Spool
from agnez_client.transport import Response
from tests.client.ingest_server import IngestServer, TakenSpool
from tests.client.spools import budget, new_spool, write

POINTS = 30
EVENTS = (
    {"kind": "channel", "n": 0, "name": "loss", "type": "NUMERIC"},
    {"kind": "params", "params": {"lr": 0.1, "{": "}"}},
    {"kind": "tags", "tags": ["a"]},
)


@contextlib.contextmanager
def small_segments(slots: int = 16) -> Iterator[None]:
    """Segments of so few *slots* that a few points fill several."""
    size = segment_room.RECORDS_AT + slots * segment_room.RECORD_SIZE
    ahead, chain_room.Chain.prepare = chain_room.Chain.prepare, lambda *args: True  # type: ignore[method-assign]
    rooms = [(room, room.FIRST_SIZE, room.LARGEST_SIZE) for room in (segment_room, chain_room)]
    for room, _, _ in rooms:
        room.FIRST_SIZE = room.LARGEST_SIZE = size  # type: ignore[misc]
    try:
        yield
    finally:
        chain_room.Chain.prepare = ahead  # type: ignore[method-assign]
        for room, first, largest in rooms:
            room.FIRST_SIZE, room.LARGEST_SIZE = first, largest  # type: ignore[misc]


def leave(place: Path, points: int = POINTS) -> Path:
    """A spool of a process that has ended without a server: sealed and summed."""
    with small_segments():
        spool, pen = new_spool(place, destination=None)
        run = {"kind": "run", "id": spool.header.run, "started": spool.header.session}
        for event in (run, *EVENTS):
            spool.events.append(event)
        write(pen, *range(points))
        spool.seal()
        spool.close()
    assert spool.folder.path is not None
    return spool.folder.path


def deliver(path: Path, server: IngestServer, *, is_last: bool = True) -> TakenSpool | None:
    """What *server* has of the spool in *path* after a sync; no socket stands between."""
    spool = Spool.adopt(path, budget(), is_last=is_last)
    assert spool is not None
    delivery = Delivery(spool)
    while (batch := delivery.next_batch()) is not None:
        status, answer = server.take(decode_batch(batch_body(batch)))
        assert status in (200, 409), answer
        delivery.answered(batch, Response(status, {}, json.dumps(answer).encode()))
    spool.close()
    return server.spools.get(spool.id)


def again(path: Path, copy: Path) -> Path:
    """The directory *path* as it was: its files are those of *copy*."""
    shutil.rmtree(path, ignore_errors=True)
    return Path(shutil.copytree(copy, path))


def xs(taken: TakenSpool | None) -> list[int]:
    """What arrived, by x; each y is x, or it is garbage."""
    points = taken.points if taken is not None else []
    assert all(y == x for _, _, x, y, _ in points)
    return [int(x) for _, _, x, _, _ in points]
