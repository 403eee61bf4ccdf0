"""What viewers are told of the store itself: that it takes no writes, that it was found broken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from agnez_server.store.base import Store

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5

Told = Mapping[str, str | None]


def condition(store: Store) -> Told:
    """Why nothing can be written now, and what was found broken; None where there is nothing."""
    stats = store.store_stats()
    return {"read_only": stats.read_only, "damage": stats.damage}


async def watch_condition(store: Store, tell: Callable[[Told], None]) -> None:
    """Call *tell* whenever the condition of *store* has changed, until cancelled."""
    last: Told = {"read_only": None, "damage": None}
    while True:
        try:
            now = condition(store)
            if now != last:
                tell(now)
            last = now
        except Exception:  # the edge of a task, which must not end
            logger.exception("viewers could not be told of the store")
        await asyncio.sleep(LOOK_EVERY_S)
