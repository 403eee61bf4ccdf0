"""Projects and runs."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from agnez_client.protocol import new_ulid
from agnez_server import checks
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query, page_query
from agnez_server.api.ranking import HELP as SORTS
from agnez_server.api.ranking import SORT_SCHEMA, ranked
from agnez_server.api.runfilter import FILTERS, run_filter
from agnez_server.api.runjson import run_json, whole_run_json
from agnez_server.catalog.drafts import RunDraft
from agnez_server.catalog.recordchecks import changed_fields
from agnez_server.errors import BadRequest, Conflict
from agnez_server.keys import CATALOG, PRESENCE, STORE, TRASH
from agnez_server.models import RunDoc, iso, now_us
from agnez_server.store.base import Change


def _answer(request: web.Request, run: RunDoc, status: int = 200) -> web.Response:
    body = whole_run_json(request.app[CATALOG], request.app[PRESENCE], run)
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
    wanted = run_filter(request)
    deleted = parsing.choice(request, "deleted", ("false", "true")) == "true"
    fitting = (run for run in catalog.runs(deleted=deleted) if wanted(run))
    runs = ranked(catalog, fitting, request.query.get("sort", "-created_at"))
    items = [run_json(catalog, presence, r) for r in runs[offset : offset + limit]]
    return parsing.json_answer(
        {"items": items, "total": len(runs), "limit": limit, "offset": offset}
    )


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
    checks.known_fields(given, _CHANGED, "a run")
    fields = changed_fields(given)
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
        for key in fields.keys() - {"params"}:
            draft.set(key, fields[key])
        if state is not None:
            draft.set_state(state, None, now)
        draft.save(now)

    if state == "running":
        request.app[PRESENCE].heard(id)
    await request.app[STORE].change(work)
    return _answer(request, catalog.run(id))


async def delete_run(request: web.Request) -> web.Response:
    run = request.match_info["run"]
    if parsing.choice(request, "purge", ("false", "true")) == "true":
        await request.app[CATALOG].delete(run)
    else:
        await request.app[TRASH].put(run)
    return web.Response(status=204)


async def restore_run(request: web.Request) -> web.Response:
    run = request.match_info["run"]
    await request.app[TRASH].restore(run)
    return _answer(request, request.app[CATALOG].run(run))


_CHANGED: Final = {"name", "notes", "tags", "params", "state", "stage", "total_steps"}
_LIST_QUERY: Final = (*FILTERS, Query("sort", SORT_SCHEMA, SORTS), *page_query(50, 1000))

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/projects", handler=list_projects, scope="read",
             summary="Projects, last changed first",
             answers={200: schemas.listing(schemas.PROJECT)}),
    Endpoint(method="GET", path="/runs", handler=list_runs, scope="read", query=_LIST_QUERY,
             summary="Runs, filtered, sorted, by page",
             answers={200: schemas.listing(schemas.RUN)}),
    Endpoint(method="POST", path="/runs", handler=create_run, scope="write", body=schemas.NEW_RUN,
             errors=(409, 410), summary="Make a run", answers={201: schemas.WHOLE_RUN}),
    Endpoint(method="GET", path="/runs/{run}", handler=get_run, scope="read",
             summary="One run", answers={200: schemas.WHOLE_RUN}),
    Endpoint(method="PATCH", path="/runs/{run}", handler=patch_run, scope="write",
             body=schemas.RUN_PATCH, summary="Change a run", answers={200: schemas.WHOLE_RUN}),
    Endpoint(method="DELETE", path="/runs/{run}", handler=delete_run, scope="admin",
             query=(Query("purge", schemas.FLAG, "true: for good, at once"),),
             summary="Put a run into the trash", answers={204: None}),
    Endpoint(method="POST", path="/runs/{run}/restore", handler=restore_run, scope="admin",
             summary="Bring a run back from the trash", answers={200: schemas.WHOLE_RUN}),
]  # fmt: skip
