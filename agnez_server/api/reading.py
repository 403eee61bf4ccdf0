"""What views and raw reads share: a thread to wait in, which series are meant, numbers for JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Query
from agnez_server.errors import BadRequest
from agnez_server.keys import CATALOG, READERS
from agnez_server.models import RunDoc
from agnez_server.store.base import Columns, Series

T = TypeVar("T")

SERIES_QUERY: Final = (
    Query("session", schemas.INT64, "only this session"),
    Query("rank", schemas.whole(0, 2**32 - 1), "only this rank"),
)


async def in_reader(request: web.Request, work: Callable[[], T]) -> T:
    """The result of *work*, which may wait for the disk, from a thread."""
    return await asyncio.get_running_loop().run_in_executor(request.app[READERS], work)


def chosen_series(request: web.Request, series: list[Series]) -> list[Series]:
    """Those of *series* that the query's session and rank leave."""
    session = parsing.integer(request, "session", None, -(2**63), 2**63 - 1)
    rank = parsing.integer(request, "rank", None, 0, 2**32 - 1)
    return [
        s
        for s in series
        if (session is None or s.session == session) and (rank is None or s.rank == rank)
    ]


def numeric_channel(request: web.Request) -> tuple[RunDoc, int]:
    """The run and the number of the channel that the path names; it holds points."""
    catalog = request.app[CATALOG]
    run, number = catalog.channel(request.match_info["channel"])
    type = catalog.layout(run["id"])["channels"][number]["type"]
    if type != "NUMERIC":
        raise BadRequest(
            f"the channel has the type {type} and holds entries, not points",
            hint="ask for its entries",
        )
    return run, number


def named_numbers(columns: Columns) -> list[float | str | None]:
    """y as JSON can hold it: NaN and infinity by name."""
    values: list[float | str | None] = columns.y.tolist()
    for i in np.flatnonzero(~np.isfinite(columns.y)).tolist():
        values[i] = parsing.named_number(float(columns.y[i]))
    return values
