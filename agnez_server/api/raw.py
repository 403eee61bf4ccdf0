"""Every point in the order sent: by page, or as one file."""

from __future__ import annotations

import csv
import io
from functools import partial
from typing import Any, Final

from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.api.reading import (
    SERIES_QUERY,
    chosen_series,
    in_reader,
    named_numbers,
    numeric_channel,
)
from agnez_server.api.streaming import attachment
from agnez_server.checks import shown
from agnez_server.errors import BadRequest
from agnez_server.keys import CATALOG, STORE
from agnez_server.store.base import Columns, Series, Store

DEFAULT_LIMIT: Final = 10_000
STREAM_PAGE: Final = 20_000
_FIELDS: Final = ("session", "rank", "ordinal", "x", "y", "wall")


async def get_raw(request: web.Request) -> web.StreamResponse:
    catalog, store = request.app[CATALOG], request.app[STORE]
    run, number = numeric_channel(request)
    form = parsing.choice(request, "format", ("json", "csv"))
    limit = parsing.integer(request, "limit", None, 1, 100_000)
    wanted = chosen_series(request, store.series(run["id"], number))
    place, after = _cursor(request, wanted)
    if form == "csv" and limit is None:
        name = f"{run['name']} {catalog.layout(run['id'])['channels'][number]['name']}"
        return await _stream_csv(request, wanted, place, after, name)
    count = limit or DEFAULT_LIMIT
    pages, following = await in_reader(
        request, lambda: _read_page(store, wanted, place, after, count)
    )
    if form == "json":
        return parsing.json_answer(
            {"items": await in_reader(request, lambda: _items(pages)), "next": following}
        )
    text = await in_reader(request, lambda: _csv(pages, header="cursor" not in request.query))
    answer = web.Response(text=text, content_type="text/csv")
    if following is not None:
        url = request.rel_url.update_query(cursor=following)
        answer.headers["Link"] = f'<{url}>; rel="next"'
    return answer


async def _stream_csv(
    request: web.Request, series: list[Series], place: int, after: int, name: str
) -> web.StreamResponse:
    """
    Everything from the cursor on, a page at a time, so that memory stays small. The first page is
    read before anything is answered: what it meets is refused with a status.
    """
    store = request.app[STORE]

    def page(place: int, after: int, header: bool) -> tuple[str, str | None]:
        pages, following = _read_page(store, series, place, after, STREAM_PAGE)
        return _csv(pages, header=header), following

    header = "cursor" not in request.query
    text, following = await in_reader(request, partial(page, place, after, header))
    answer = web.StreamResponse()
    answer.content_type, answer.charset = "text/csv", "utf-8"
    answer.headers["Content-Disposition"] = attachment(f"{name}.csv", "points.csv")
    await answer.prepare(request)
    await answer.write(text.encode())
    while following is not None:
        place, after = _place(following, series)
        text, following = await in_reader(request, partial(page, place, after, False))
        await answer.write(text.encode())
    await answer.write_eof()
    return answer


def _items(pages: list[tuple[Series, Columns]]) -> list[dict[str, Any]]:
    return [dict(zip(_FIELDS, row, strict=True)) for row in _rows(pages)]


def _cursor(request: web.Request, series: list[Series]) -> tuple[int, int]:
    """Where to go on: the place among *series*, and the ordinal."""
    raw = request.query.get("cursor")
    return (0, 0) if raw is None else _place(raw, series)


def _place(cursor: str, series: list[Series]) -> tuple[int, int]:
    id, _, ordinal = cursor.partition("-")
    places = [i for i, s in enumerate(series) if str(s.id) == id]
    if not places or not ordinal.isascii() or not ordinal.isdigit() or len(ordinal) > 18:
        raise BadRequest(
            f"{shown(cursor)} is no cursor", hint="take 'next' of the answer before", field="cursor"
        )
    return places[0], int(ordinal)


def _read_page(
    store: Store, series: list[Series], place: int, after: int, limit: int
) -> tuple[list[tuple[Series, Columns]], str | None]:
    pages: list[tuple[Series, Columns]] = []
    for one in series[place:]:
        if limit <= 0:
            return pages, f"{one.id}-0"
        columns = store.raw(one.id, after, limit)
        pages.append((one, columns))
        # Fewer than asked for: the last ones. What is missing then before `total` is damaged.
        is_full, limit = len(columns.x) == limit, limit - len(columns.x)
        if is_full and (end := int(columns.ordinal[-1]) + 1) < columns.total:
            return pages, f"{one.id}-{end}"
        after = 0
    return pages, None


def _rows(pages: list[tuple[Series, Columns]]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for series, c in pages:
        columns = (c.ordinal.tolist(), c.x.tolist(), named_numbers(c), c.wall.tolist())
        rows += [(series.session, series.rank, *row) for row in zip(*columns, strict=True)]
    return rows


def _csv(pages: list[tuple[Series, Columns]], *, header: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(_FIELDS)
    writer.writerows(_rows(pages))
    return out.getvalue()


_QUERY: Final = (
    Query("format", {"enum": ["json", "csv"]}, "json unless told"),
    Query(
        "limit",
        schemas.whole(1, 100_000),
        "10,000 unless told; CSV: all of them",
    ),
    Query(
        "cursor",
        {"type": "string", "pattern": "^[0-9]+-[0-9]{1,18}$"},
        "'next' of the answer before",
    ),
    *SERIES_QUERY,
)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/channels/{channel}/raw", handler=get_raw, scope="read",
             summary="Every point in the order sent, by page", query=_QUERY,
             answers={200: schemas.RAW}, media=("text/csv",)),
]  # fmt: skip
