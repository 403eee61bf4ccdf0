"""Rules by which runs of a project go into the trash."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from agnez_server import checks
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.errors import BadRequest
from agnez_server.keys import CATALOG, RETENTION
from agnez_server.models import RunDoc, iso
from agnez_server.retention import Rule, ended, parse_rule


def _project(request: web.Request) -> str:
    return checks.name(request.match_info["project"], "project")


def _answer(project: str, rule: Rule | None) -> web.Response:
    return parsing.json_answer({"project": project, "rule": rule and rule.as_json()})


async def get_retention(request: web.Request) -> web.Response:
    project = _project(request)
    return _answer(project, request.app[RETENTION].rule(project))


async def put_retention(request: web.Request) -> web.Response:
    project, rule = _project(request), parse_rule(await parsing.read_object(request))
    await request.app[RETENTION].set_rule(project, rule)
    return _answer(project, rule)


async def delete_retention(request: web.Request) -> web.Response:
    await request.app[RETENTION].set_rule(_project(request), None)
    return web.Response(status=204)


async def apply_retention(request: web.Request) -> web.Response:
    retention, project = request.app[RETENTION], _project(request)
    dry = parsing.choice(request, "dry_run", ("false", "true")) == "true"
    given = await parsing.read_object(request) if request.can_read_body else None
    rule = retention.rule(project) if given is None else parse_rule(given)
    if rule is None:
        raise BadRequest(
            f"the project {project!r} has no rule", hint="PUT one, or send one to be tried"
        )
    runs = retention.doomed(project, rule) if dry else await retention.apply(project, rule)
    items = [_run_json(request, run) for run in runs]
    return parsing.json_answer(
        {
            "project": project,
            "rule": rule.as_json(),
            "dry_run": dry,
            "runs": items,
            "bytes": sum(item["bytes"] for item in items),
        }
    )


def _run_json(request: web.Request, run: RunDoc) -> dict[str, Any]:
    return {
        **{key: run[key] for key in ("id", "name", "state", "tags")},
        "created_at": iso(run["created"]),
        "ended_at": iso(ended(run)),
        "bytes": request.app[CATALOG].store.run_bytes(run["id"]),
    }


_RULE: Final = schemas.obj(
    {
        "keep_last": schemas.maybe(schemas.WHOLE),
        "max_age_days": schemas.maybe(schemas.NUMBER),
        "keep_tagged": schemas.FLAG,
        "keep_tags": schemas.array(schemas.TEXT),
    },
    required=(),
)
_NEW_RULE: Final = {
    **schemas.given(
        {
            "keep_last": schemas.maybe(schemas.whole(0, 10**9)),
            "max_age_days": schemas.maybe(
                {"type": "number", "exclusiveMinimum": 0, "maximum": 100_000}
            ),
            "keep_tagged": schemas.FLAG,
            "keep_tags": schemas.maybe(schemas.TAGS),
        }
    ),
    "anyOf": [
        {"required": ["keep_last"], "properties": {"keep_last": schemas.WHOLE}},
        {"required": ["max_age_days"], "properties": {"max_age_days": schemas.NUMBER}},
    ],
}
_RETENTION: Final = schemas.obj({"project": schemas.TEXT, "rule": schemas.maybe(_RULE)})
_DOOMED: Final = schemas.obj(
    {
        "id": schemas.ULID,
        "name": schemas.TEXT,
        "state": schemas.TEXT,
        "tags": schemas.array(schemas.TEXT),
        "created_at": schemas.TIME,
        "ended_at": schemas.TIME,
        "bytes": schemas.WHOLE,
    }
)
_APPLIED: Final = schemas.obj(
    {
        "project": schemas.TEXT,
        "rule": _RULE,
        "dry_run": schemas.FLAG,
        "runs": schemas.array(_DOOMED),
        "bytes": schemas.WHOLE,
    }
)

_PATH: Final = "/projects/{project}/retention"
ENDPOINTS: Final = [
    Endpoint(method="GET", path=_PATH, handler=get_retention, scope="read",
             summary="The rule by which runs of a project go", answers={200: _RETENTION}),
    Endpoint(method="PUT", path=_PATH, handler=put_retention, scope="admin", body=_NEW_RULE,
            
             summary="Set the rule of a project", answers={200: _RETENTION}),
    Endpoint(method="DELETE", path=_PATH, handler=delete_retention, scope="admin",
             summary="Take the rule of a project away", answers={204: None}),
    Endpoint(method="POST", path=f"{_PATH}/apply", handler=apply_retention, scope="admin",
             summary="Put what goes by the rule, or by the one that is sent, into the trash",
             query=(Query("dry_run", schemas.FLAG, "true: only say what would go"),),
             body=_NEW_RULE, bare=True, answers={200: _APPLIED}),
]  # fmt: skip
