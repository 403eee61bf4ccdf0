"""Runs that were exported: the document and the layout; points and entries follow as batches."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from agnez_client.protocol import RUN_STATES
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint
from agnez_server.catalog.importing import import_run, parse_import
from agnez_server.keys import CATALOG
from agnez_server.models import now_us


async def create_import(request: web.Request) -> web.Response:
    run = parse_import(await parsing.read_object(request))
    await import_run(request.app[CATALOG], run, now_us())
    return parsing.json_answer({"run": run.id}, 201)


_BODY: Final = schemas.given(
    {
        "run": schemas.obj(
            {"id": schemas.ULID, "state": {"enum": list(RUN_STATES)}}, required=("id", "state")
        ),
        "channels": schemas.array(schemas.ANY_OBJECT),
        "charts": schemas.array(schemas.ANY_OBJECT),
    },
    required=("run",),
)

ENDPOINTS: Final = [
    Endpoint(method="POST", path="/imports", handler=create_import, scope="write", body=_BODY,
             summary="Make a run as it was where it was exported",
             errors=(409, 410), answers={201: schemas.obj({"run": schemas.TEXT})}),
]  # fmt: skip
