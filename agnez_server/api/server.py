"""The server itself: health, version, figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from aiohttp import web

from agnez_client.protocol import OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint
from agnez_server.keys import STORE, TRASH


async def get_health(request: web.Request) -> web.Response:
    stats = request.app[STORE].store_stats()
    return parsing.json_answer(
        {
            "status": "read_only" if stats.read_only else "ok",
            "reason": stats.read_only,
            "damage": stats.damage,
        }
    )


async def get_version(request: web.Request) -> web.Response:
    from importlib.metadata import version

    return parsing.json_answer(
        {
            "version": version("agnez"),
            "api": "v1",
            "protocol": {"oldest": OLDEST_PROTOCOL_VERSION, "newest": PROTOCOL_VERSION},
            "store": request.app[STORE].id,
        }
    )


async def get_stats(request: web.Request) -> web.Response:
    return parsing.json_answer(
        {**asdict(request.app[STORE].store_stats()), "trash_days": request.app[TRASH].days}
    )


_HEALTH: Final = schemas.obj(
    {
        "status": {"enum": ["ok", "read_only"]},
        "reason": schemas.maybe(schemas.TEXT),
        "damage": schemas.maybe(schemas.TEXT),
    }
)
_PROTOCOL: Final = schemas.obj({"oldest": schemas.WHOLE, "newest": schemas.WHOLE})
_VERSION: Final = schemas.obj(
    {"version": schemas.TEXT, "api": schemas.TEXT, "protocol": _PROTOCOL, "store": schemas.TEXT}
)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/health", handler=get_health, scope=None, outside=True,
             summary="Whether the server takes writes", answers={200: _HEALTH}),
    Endpoint(method="GET", path="/version", handler=get_version, scope="read",
             summary="Versions, and the id of the store", answers={200: _VERSION}),
    Endpoint(method="GET", path="/stats", handler=get_stats, scope="read",
             summary="Figures of the store, days that the trash keeps runs",
             answers={200: schemas.ANY_OBJECT}),
]  # fmt: skip
