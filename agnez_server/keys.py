"""Typed keys of what the application holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from aiohttp import web

from agnez_server.auth import Gate
from agnez_server.bodies import Bodies
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.epochs import EpochPoster
from agnez_server.catalog.posting import Poster
from agnez_server.live.feathers import Feathers
from agnez_server.live.hub import Hub
from agnez_server.meter import RequestMeter
from agnez_server.presence import Presence
from agnez_server.retention import Retention
from agnez_server.settings import ServerSettings
from agnez_server.store.base import Store
from agnez_server.trash import Trash
from agnez_server.values.service import Values

SETTINGS: Final = web.AppKey("settings", ServerSettings)
STORE: Final = web.AppKey("store", Store)
BODIES: Final = web.AppKey("bodies", Bodies)
CATALOG: Final = web.AppKey("catalog", Catalog)
POSTER: Final = web.AppKey("poster", Poster)
VALUES: Final = web.AppKey("values", Values)
EPOCH_POSTER: Final = web.AppKey("epoch_poster", EpochPoster)
PRESENCE: Final = web.AppKey("presence", Presence)
TRASH: Final = web.AppKey("trash", Trash)
RETENTION: Final = web.AppKey("retention", Retention)
METER: Final = web.AppKey("meter", RequestMeter)
GATE: Final = web.AppKey("gate", Gate)
LOGINS: Final = web.AppKey("logins", asyncio.Semaphore)
"""How many passwords are looked at in parallel."""
HUB: Final = web.AppKey("hub", Hub)
FEATHERS: Final = web.AppKey("feathers", Feathers)
WATCHED: Final[web.AppKey[Callable[[str], bool]]] = web.AppKey("watched")
"""Whether somebody looks at a run at present."""
READERS: Final = web.AppKey("readers", Executor)
"""Threads for views and raw reads, which may wait for the disk."""
