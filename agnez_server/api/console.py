"""Console output of a run: by page, searched, as one text."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.api.reading import SERIES_QUERY, in_reader
from agnez_server.api.streaming import stream_text
from agnez_server.errors import BadRequest
from agnez_server.keys import CATALOG, STORE
from agnez_server.store.base import Line, Store

MOST: Final = 10_000
DEFAULT_LIMIT: Final = 1000
MAX_FIND: Final = 1000
TEXT_PAGE: Final = 5000

Writer = tuple[int, int, int]
"""Session, rank, how many lines."""


async def get_console(request: web.Request) -> web.StreamResponse:
    catalog, store = request.app[CATALOG], request.app[STORE]
    run = catalog.run(request.match_info["run"])
    form = parsing.choice(request, "format", ("json", "text"))
    find = request.query.get("find", "")
    if len(find) > MAX_FIND:
        raise BadRequest(f"find takes at most {MAX_FIND} characters", field="find")
    first = parsing.integer(request, "first", 0, 0, 2**62) or 0
    last = parsing.integer(request, "last", None, 1, MOST)
    limit = last or parsing.integer(request, "limit", DEFAULT_LIMIT, 1, MOST) or DEFAULT_LIMIT
    if last is not None and (find or "first" in request.query):
        raise BadRequest("last goes with neither first nor find", field="last")
    writers = await in_reader(request, partial(store.consoles, run["id"]))
    writer = _chosen(request, writers)
    if form == "text":
        return await stream_text(
            request, f"{run['name']} console.txt", _texts(request, run["id"], writer, find)
        )

    def read() -> dict[str, Any]:
        if last is None:
            lines = _lines(store, run["id"], writer, first, limit + 1, find)
        else:
            lines = _newest(store, run["id"], writer, last)
        return {
            "items": [asdict(line) for line in lines[:limit]],
            "next": lines[limit].number if len(lines) > limit else None,
            "total": 0 if writer is None else writer[2],
            "writers": [dict(zip(("session", "rank", "lines"), w, strict=True)) for w in writers],
        }

    return parsing.json_answer(await in_reader(request, read))


def _chosen(request: web.Request, writers: list[Writer]) -> Writer | None:
    """The first writer that the query's session and rank leave."""
    session = parsing.integer(request, "session", None, -(2**63), 2**63 - 1)
    rank = parsing.integer(request, "rank", None, 0, 2**32 - 1)
    fit = (w for w in writers if session in (None, w[0]) and rank in (None, w[1]))
    return next(fit, None)


def _lines(
    store: Store, run: str, writer: Writer | None, first: int, limit: int, find: str
) -> list[Line]:
    if writer is None:
        return []
    return store.lines(run, writer[0], writer[1], first, limit, find)


def _newest(store: Store, run: str, writer: Writer | None, count: int) -> list[Line]:
    """The last *count* lines. Where numbers are missing, the end is looked for."""
    first = 0 if writer is None else max(0, writer[2] - count)
    newest: deque[Line] = deque(maxlen=count)
    while page := _lines(store, run, writer, first, TEXT_PAGE, ""):
        newest += page
        first = page[-1].number + 1
    return list(newest)


async def _texts(
    request: web.Request, run: str, writer: Writer | None, find: str
) -> AsyncIterator[bytes]:
    first: int | None = 0
    while first is not None:
        read = partial(_lines, request.app[STORE], run, writer, first, TEXT_PAGE, find)
        lines = await in_reader(request, read)
        yield "".join(f"{line.text}\n" for line in lines).encode()
        first = lines[-1].number + 1 if len(lines) == TEXT_PAGE else None


_LINE: Final = schemas.obj(
    {
        "session": schemas.WHOLE,
        "rank": schemas.WHOLE,
        "number": schemas.WHOLE,
        "wall": schemas.WHOLE,
        "stream": {"enum": ["stdout", "stderr"]},
        "text": schemas.TEXT,
    }
)
_WRITER: Final = schemas.obj(
    {"session": schemas.WHOLE, "rank": schemas.WHOLE, "lines": schemas.WHOLE}
)
_CONSOLE: Final = schemas.obj(
    {
        "items": schemas.array(_LINE),
        "next": schemas.maybe(schemas.WHOLE),
        "total": schemas.WHOLE,
        "writers": schemas.array(_WRITER),
    }
)
_QUERY: Final = (
    *SERIES_QUERY,
    Query("first", schemas.whole(0, 2**62), "from this number on"),
    Query("limit", schemas.whole(1, MOST), "at most so many lines, 1,000 unless told"),
    Query("last", schemas.whole(1, MOST), "so many lines from the end, at most 10,000"),
    Query(
        "find",
        {"type": "string", "maxLength": MAX_FIND},
        "only lines that hold this, whatever the case",
    ),
    Query("format", {"enum": ["json", "text"]}, "json unless told; text is all of it as a file"),
)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/runs/{run}/console", handler=get_console, scope="read",
             summary="Console output", query=_QUERY, answers={200: _CONSOLE},
             media=("text/plain",)),
]  # fmt: skip
