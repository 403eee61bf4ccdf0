"""
The client of `/values`: documents that a dashboard shows as cells, and whatever else they hold.

`AsyncValues` loads aiohttp, and `listen` socketio, when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agnez_client.values.cell import Cell
from agnez_client.values.client import Values

if TYPE_CHECKING:
    from agnez_client.values.asynchronous import AsyncValues

__all__ = ["AsyncValues", "Cell", "Values"]


def __getattr__(name: str) -> Any:
    if name == "AsyncValues":
        from agnez_client.values.asynchronous import AsyncValues

        return AsyncValues
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
