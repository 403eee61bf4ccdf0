"""Which runs a query means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import orjson
from aiohttp import web

from agnez_client.protocol import RUN_STATES
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import PARAM_PREFIX, Query
from agnez_server.catalog.params import flattened, found_at
from agnez_server.models import RunDoc

FILTERS: Final = (
    Query("deleted", schemas.FLAG, "true: those in the trash, and only those"),
    Query("project", schemas.TEXT, "runs of this project"),
    Query("experiment", schemas.TEXT, "runs of this experiment"),
    Query("state", {"enum": list(RUN_STATES)}, "runs in this state"),
    Query("tag", schemas.array(schemas.TEXT), "runs with this tag; may be given again"),
    Query("q", schemas.TEXT,
          "words, each in name, experiment, a tag, the notes or a parameter as name=value"),
    Query(f"{PARAM_PREFIX}NAME", schemas.TEXT,
          "runs whose parameter NAME has this value; a dot leads into nested ones; repeatable"),
)  # fmt: skip


def run_filter(request: web.Request) -> Callable[[RunDoc], bool]:
    """Whether a run is one of those that the query means, the trash aside."""
    query = request.query
    if "state" in query:
        parsing.choice(request, "state", RUN_STATES)
    equal = {k: query[k] for k in ("project", "experiment", "state") if k in query}
    tags = query.getall("tag", [])
    words = set(query.get("q", "").casefold().split())
    params = [
        (k.removeprefix(PARAM_PREFIX), v) for k, v in query.items() if k.startswith(PARAM_PREFIX)
    ]

    def wanted(run: RunDoc) -> bool:
        return (
            all(run[k] == v for k, v in equal.items())  # type: ignore[literal-required]
            and all(t in run["tags"] for t in tags)
            and (not words or _holds(run, words))
            and all(_same(found_at(run["params"], k), v) for k, v in params)
        )

    return wanted


def _holds(run: RunDoc, words: set[str]) -> bool:
    texts = [text.casefold() for text in _searched(run)]
    return all(any(word in text for text in texts) for word in words)


def _searched(run: RunDoc) -> Iterator[str]:
    yield from (run["name"], run["experiment"], *run["tags"], run["notes"])
    for name, value in flattened(run["params"]):
        yield f"{name}={value if isinstance(value, str) else orjson.dumps(value).decode()}"


def _same(value: object, text: str) -> bool:
    """Whether a parameter equals what stands in the query: as text, or as a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(text) == value
        except ValueError:
            return False
    return str(value).casefold() == text.casefold() if value is not None else text == ""
