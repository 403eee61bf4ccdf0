"""Figures of the server for Prometheus."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from agnez_server.api import schemas
from agnez_server.api.endpoint import Endpoint

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


async def get_metrics(request: web.Request) -> web.Response:
    from agnez_server.api.exposition import exposition

    return web.Response(body=exposition(request.app), headers={"Content-Type": CONTENT_TYPE})


ENDPOINTS: Final = [
    Endpoint(method="GET", path="/metrics", handler=get_metrics, scope="read", outside=True,
             summary="Figures of the server, for Prometheus",
             answers={200: schemas.TEXT}, answer_type="text/plain"),
]  # fmt: skip
