"""
The composition root: settings -> store -> rooms -> routes, on one screen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from aiohttp import web

from agnez_server import keys
from agnez_server.api.router import add_api
from agnez_server.api.runjson import run_json
from agnez_server.auth import Gate
from agnez_server.authfiles import Scope
from agnez_server.bodies import Bodies
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.epochs import EpochPoster
from agnez_server.catalog.posting import Poster
from agnez_server.errors import AgnezServerError, Gone, NotFound
from agnez_server.headers import add_headers
from agnez_server.images import add_images
from agnez_server.live.condition import watch_condition
from agnez_server.live.feathers import Feathers, ScopeOf
from agnez_server.live.hub import Hub
from agnez_server.meter import RequestMeter
from agnez_server.middleware import (
    caller,
    errors_as_json,
    identify,
    scope_of,
    scope_of_token,
)
from agnez_server.pages import add_pages
from agnez_server.places import check_place
from agnez_server.presence import Presence
from agnez_server.retention import Retention
from agnez_server.settings import ServerSettings
from agnez_server.steadytime import SteadyTime
from agnez_server.store.base import Store
from agnez_server.trash import Trash
from agnez_server.values.service import Limits, Values

READER_THREADS: Final = 4
PARALLEL_LOGINS: Final = 2


def make_app(
    settings: ServerSettings,
    store: Store,
    gate: Gate,
    clock: Callable[[], float] = time.monotonic,
) -> web.Application:
    """The application on an open *store*, which stays the caller's to close."""
    meter = RequestMeter()
    app = web.Application(
        client_max_size=settings.max_body_bytes,
        middlewares=[meter.count, errors_as_json, check_place(settings), identify(gate)],
    )
    catalog = Catalog(store)
    values = Values(store, _limits(settings))
    presence = Presence(catalog, settings.lost_after_s, clock)
    hub = Hub(catalog, settings, _describer(catalog, presence), _authorizer(gate))
    values.listen(hub.tell_cell)
    app[keys.FEATHERS] = Feathers(hub.door, values, _scopes(gate))
    app[keys.SETTINGS], app[keys.STORE], app[keys.GATE] = settings, store, gate
    app[keys.CATALOG], app[keys.POSTER] = catalog, Poster(catalog)
    app[keys.EPOCH_POSTER] = EpochPoster(catalog)
    app[keys.PRESENCE], app[keys.WATCHED] = presence, hub.is_watched
    steady = SteadyTime()
    app[keys.TRASH] = trash = Trash(catalog, settings.trash_days, due=steady)
    app[keys.RETENTION] = Retention(catalog, trash, steady)
    app[keys.BODIES] = Bodies(settings.max_bodies_bytes)
    app[keys.METER], app[keys.VALUES] = meter, values
    app[keys.HUB], app[keys.LOGINS] = hub, asyncio.Semaphore(PARALLEL_LOGINS)

    add_headers(app)
    add_api(app, settings.base_path)
    add_pages(app, settings.base_path)
    add_images(app, settings.base_path, settings.static)
    hub.door.attach(app, f"{settings.base_path}/socket.io/")
    app.cleanup_ctx.append(_readers)
    app.cleanup_ctx.append(_watchdogs)
    app.on_shutdown.append(_close_hub)
    return app


def _limits(settings: ServerSettings) -> Limits:
    return Limits(settings.max_values, settings.max_values_bytes, settings.max_value_bytes)


def _describer(catalog: Catalog, presence: Presence) -> Callable[[str], Mapping[str, Any]]:
    def describe(run: str) -> Mapping[str, Any]:
        try:
            return run_json(catalog, presence, catalog.run(run))
        except (NotFound, Gone):
            return {"id": run, "deleted": True}

    return describe


def _authorizer(gate: Gate) -> Callable[[web.Request, object], bool]:
    scope = _scopes(gate)
    return lambda request, auth: scope(request, auth) is not None


def _scopes(gate: Gate) -> ScopeOf:
    def scope(request: web.Request, auth: object) -> Scope | None:
        try:
            if (found := scope_of(gate, request)) is not None:
                return found
            token = auth.get("token") if isinstance(auth, dict) else None
            if not isinstance(token, str):
                return None
            return scope_of_token(gate, token, caller(request))
        except AgnezServerError:
            return None

    return scope


async def _readers(app: web.Application) -> AsyncIterator[None]:
    app[keys.READERS] = pool = ThreadPoolExecutor(READER_THREADS, "agnez-reader")
    yield
    pool.shutdown(wait=True, cancel_futures=True)


async def _watchdogs(app: web.Application) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(app[keys.PRESENCE].watch(), name="presence"),
        asyncio.create_task(app[keys.TRASH].watch(), name="trash"),
        asyncio.create_task(app[keys.RETENTION].watch(), name="retention"),
        asyncio.create_task(app[keys.HUB].door.keep_order(), name="door"),
        asyncio.create_task(
            watch_condition(app[keys.STORE], app[keys.HUB].tell_store), name="condition"
        ),
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _close_hub(app: web.Application) -> None:
    app[keys.FEATHERS].close()
    app[keys.VALUES].close()
    await app[keys.HUB].close()
