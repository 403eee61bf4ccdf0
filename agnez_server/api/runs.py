"""Projects and runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from aiohttp import web

from agnez_client.protocol import RUN_STATES, new_ulid
from agnez_server import checks
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import PARAM_PREFIX, Endpoint, Query, page_query
from agnez_server.api.ranking import HELP as SORTS
from agnez_server.api.ranking import ranked
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import RunDraft
from agnez_server.errors import BadRequest, Conflict
from agnez_server.keys import CATALOG, PRESENCE, STORE
from agnez_server.models import RunDoc, SessionDoc, iso, now_us
from agnez_server.presence import Presence
from agnez_server.store.base import Change


def run_json(catalog: Catalog, presence: Presence, run: RunDoc) -> dict[str, Any]:
    """A run as the API shows it."""
    heard = presence.heard_at(run["id"]) or 0
    return {
        **{key: run[key] for key in _PLAIN},
        "created_at": iso(run["created"]),
        "updated_at": iso(max(run["updated"], heard)),
        "finished_at": iso(run["finished"]),
        "elapsed_s": max(0, _end(catalog, run, heard) - run["created"]) / 1e6,
        "channels": len(catalog.layout(run["id"])["channels"]),
        "points": catalog.points(run["id"]),
        "bytes": catalog.store.run_bytes(run["id"]),
        "sessions": [_session_json(presence, run["id"], session) for session in run["sessions"]],
    }


def _end(catalog: Catalog, run: RunDoc, heard: int) -> int:
    """Up to when *run* lasted, µs UTC; a lost one up to the last that is known of it."""
    if run["state"] != "lost":
        return run["finished"] or now_us()
    return heard or catalog.newest_wall(run["id"]) or run["updated"]


def _session_json(presence: Presence, run: str, session: SessionDoc) -> dict[str, Any]:
    return {
        **session,
        "started_at": iso(session["started"]),
        "seen_at": iso(presence.seen_at(run, session["spool"])),
    }


_PLAIN: Final = (
    "id", "project", "experiment", "name", "state", "reason", "params", "tags", "notes",
    "host", "pid", "python", "durable", "dropped", "gaps",
)  # fmt: skip


def _answer(request: web.Request, run: RunDoc, status: int = 200) -> web.Response:
    body = run_json(request.app[CATALOG], request.app[PRESENCE], run)
    return parsing.json_answer(body, status)


async def list_projects(request: web.Request) -> web.Response:
    found: dict[str, dict[str, Any]] = {}
    for run in request.app[CATALOG].runs():
        entry = found.setdefault(run["project"], {"runs": 0, "running": 0, "updated": 0})
        entry["runs"] += 1
        entry["running"] += run["state"] == "running"
        entry["updated"] = max(entry["updated"], run["updated"])
    items = [
        {"name": name, "runs": e["runs"], "running": e["running"], "updated_at": iso(e["updated"])}
        for name, e in sorted(found.items(), key=lambda pair: -pair[1]["updated"])
    ]
    return parsing.json_answer(
        {"items": items, "total": len(items), "limit": len(items), "offset": 0}
    )


async def list_runs(request: web.Request) -> web.Response:
    catalog, presence = request.app[CATALOG], request.app[PRESENCE]
    limit, offset = parsing.page(request, 50, 1000)
    wanted = _filter(request)
    fitting = (run for run in catalog.runs() if wanted(run))
    runs = ranked(catalog, fitting, request.query.get("sort", "-created_at"))
    items = [run_json(catalog, presence, r) for r in runs[offset : offset + limit]]
    return parsing.json_answer(
        {"items": items, "total": len(runs), "limit": limit, "offset": offset}
    )


def _filter(request: web.Request) -> Callable[[RunDoc], bool]:
    query = request.query
    if "state" in query:
        parsing.choice(request, "state", RUN_STATES)
    equal = {k: query[k] for k in ("project", "experiment", "state") if k in query}
    tags = query.getall("tag", [])
    part = query.get("q", "").casefold()
    params = {
        k.removeprefix(PARAM_PREFIX): v for k, v in query.items() if k.startswith(PARAM_PREFIX)
    }

    def wanted(run: RunDoc) -> bool:
        return (
            all(run[k] == v for k, v in equal.items())  # type: ignore[literal-required]
            and all(t in run["tags"] for t in tags)
            and any(part in text.casefold() for text in _searched(run))
            and all(_same(run["params"].get(k), v) for k, v in params.items())
        )

    return wanted


def _searched(run: RunDoc) -> Iterator[str]:
    yield from (run["name"], run["experiment"], *run["tags"])


def _same(value: object, text: str) -> bool:
    """Whether a parameter equals what stands in the query: as text, or as a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(text) == value
        except ValueError:
            return False
    return str(value).casefold() == text.casefold() if value is not None else text == ""


async def create_run(request: web.Request) -> web.Response:
    catalog = request.app[CATALOG]
    given = await parsing.read_object(request)
    checks.known_fields(given, checks.RUN_FIELDS, "a run")
    fields = checks.run_fields(given)
    id = checks.run_id(given["id"]) if given.get("id") is not None else new_ulid()

    def work(change: Change) -> None:
        draft, now = RunDraft(catalog, change, id), now_us()
        if draft.exists:
            raise Conflict(f"there is a run {id} already", hint="leave the id out, or PATCH it")
        draft.create(fields, now)
        draft.save(now)

    await request.app[STORE].change(work)
    return _answer(request, catalog.run(id), 201)


async def get_run(request: web.Request) -> web.Response:
    return _answer(request, request.app[CATALOG].run(request.match_info["run"]))


async def patch_run(request: web.Request) -> web.Response:
    catalog, id = request.app[CATALOG], request.match_info["run"]
    given = await parsing.read_object(request)
    checks.known_fields(given, {"name", "notes", "tags", "params", "state"}, "a run")
    fields = checks.run_fields({k: v for k, v in given.items() if k != "state"})
    state = given.get("state")
    if state is not None and state not in ("running", "finished", "failed", "stopped"):
        raise BadRequest(f"a run can't be set to the state {checks.shown(state)}", field="state")
    catalog.run(id)

    def work(change: Change) -> None:
        draft, now = RunDraft(catalog, change, id), now_us()
        if not draft.exists:
            raise catalog.missing(id)
        if "params" in fields:
            draft.merge_params(fields["params"])
            draft.check_params()
        for key in ("name", "notes", "tags"):
            if key in fields:
                draft.set(key, fields[key])
        if state is not None:
            draft.set_state(state, None, now)
        draft.save(now)

    if state == "running":
        request.app[PRESENCE].heard(id)
    await request.app[STORE].change(work)
    return _answer(request, catalog.run(id))


async def delete_run(request: web.Request) -> web.Response:
    await request.app[CATALOG].delete(request.match_info["run"])
    return web.Response(status=204)


_FILTERS: Final = (
    Query("project", schemas.TEXT, "runs of this project"),
    Query("experiment", schemas.TEXT, "runs of this experiment"),
    Query("state", {"enum": list(RUN_STATES)}, "runs in this state"),
    Query("tag", schemas.TEXT, "runs with this tag; may be given again"),
    Query("q", schemas.TEXT, "text in the name, the experiment or a tag"),
    Query("sort", schemas.TEXT, SORTS),
    Query(
        f"{PARAM_PREFIX}NAME", schemas.TEXT, "runs whose parameter NAME has this value; repeatable"
    ),
    *page_query(50, 1000),
)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/projects", handler=list_projects, scope="read",
             summary="Projects, last changed first",
             answers={200: schemas.listing(schemas.PROJECT)}),
    Endpoint(method="GET", path="/runs", handler=list_runs, scope="read", query=_FILTERS,
             summary="Runs, filtered, sorted, by page",
             answers={200: schemas.listing(schemas.RUN)}),
    Endpoint(method="POST", path="/runs", handler=create_run, scope="write", body=schemas.NEW_RUN,
             summary="Make a run", answers={201: schemas.RUN}),
    Endpoint(method="GET", path="/runs/{run}", handler=get_run, scope="read",
             summary="One run", answers={200: schemas.RUN}),
    Endpoint(method="PATCH", path="/runs/{run}", handler=patch_run, scope="write",
             body=schemas.RUN_PATCH, summary="Change a run", answers={200: schemas.RUN}),
    Endpoint(method="DELETE", path="/runs/{run}", handler=delete_run, scope="admin",
             summary="Delete a run with all its points", answers={204: None}),
]  # fmt: skip
