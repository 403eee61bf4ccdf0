"""Batches of the SDK."""

from __future__ import annotations

from functools import partial
from typing import Final

from aiohttp import web

from agnez_client.protocol import (
    CONTENT_TYPE,
    MAX_BATCH_BYTES,
    OLDEST_PROTOCOL_VERSION,
    PROTOCOL_VERSION,
    Batch,
    ProtocolError,
    ProtocolVersionError,
    decode_batch,
)
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.delivery import take_batch
from agnez_server.catalog.receipt import Receipt
from agnez_server.catalog.slices import joined, slices
from agnez_server.errors import BadRequest, TooLarge, UpgradeNeeded
from agnez_server.keys import CATALOG, METER, PRESENCE, STORE, WATCHED
from agnez_server.models import now_us
from agnez_server.store.base import Change

MAX_EVENTS: Final = 200_000
IDLE_NEXT_MS: Final = 250
WATCHED_NEXT_MS: Final = 40


async def post_batch(request: web.Request) -> web.Response:
    if request.content_type != CONTENT_TYPE:
        raise BadRequest(
            f"the content type must be {CONTENT_TYPE}, found {request.content_type}",
            hint="send JSON to /api/v1/points",
        )
    body = await parsing.read_body(request)
    if len(body) > 2 * MAX_BATCH_BYTES:
        raise TooLarge(f"a batch has at most {2 * MAX_BATCH_BYTES} bytes, this one {len(body)}")
    try:
        batch = decode_batch(body)
    except ProtocolVersionError as error:
        raise UpgradeNeeded(
            str(error), oldest=OLDEST_PROTOCOL_VERSION, newest=PROTOCOL_VERSION
        ) from None
    except ProtocolError as error:
        raise BadRequest(str(error)) from None
    if len(batch.events) > MAX_EVENTS:
        raise TooLarge(f"a batch has at most {MAX_EVENTS} events, this one {len(batch.events)}")
    catalog, store, now = request.app[CATALOG], request.app[STORE], now_us()
    waits = parsing.choice(request, "missing", ("wait", "refuse")) == "wait"
    try:
        parts = [
            await store.change(partial(_take, catalog, part, now, waits)) for part in slices(batch)
        ]
    finally:  # what is refused was heard as well
        request.app[PRESENCE].heard(batch.run, batch.spool.hex())
    receipt = joined(parts)
    request.app[METER].refused += receipt.refused_count
    return parsing.json_answer(
        {
            "store": store.id,
            "events": receipt.events,
            "points": receipt.points,
            "refused": receipt.refused,
            "refused_count": receipt.refused_count,
            "next_in_ms": WATCHED_NEXT_MS if request.app[WATCHED](batch.run) else IDLE_NEXT_MS,
        }
    )


def _take(catalog: Catalog, batch: Batch, now: int, waits: bool, change: Change) -> Receipt:
    return take_batch(catalog, change, batch, now, wait_for_blobs=waits)


_QUERY: Final = (
    Query("missing", {"enum": ["wait", "refuse"]}, "what becomes of events whose blobs are not "
          "here: wait (409 for the whole batch), or refuse these events alone"),
)  # fmt: skip
ENDPOINTS: Final = [
    Endpoint(method="POST", path="/ingest", handler=post_batch, scope="write",
             summary="Take a batch of a spool", body=schemas.BYTES, body_type=CONTENT_TYPE,
             query=_QUERY, errors=(409, 410, 426), answers={200: schemas.RECEIPT}),
]  # fmt: skip
