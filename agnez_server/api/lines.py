"""Points in, as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from agnez_server import checks
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.api.reading import in_reader
from agnez_server.keys import POSTER, PRESENCE, SETTINGS
from agnez_server.models import now_us

if TYPE_CHECKING:
    from agnez_server.catalog.textlines import TextPoints

MAX_TEXT_BYTES: Final = 4 << 20
"""Reading lines takes longer than reading JSON."""


async def post_lines(request: web.Request) -> web.Response:
    """Whatever content type it says, the body is text: `curl -d` calls it a form."""
    query = request.query
    run = checks.name(request.match_info["run"], "run")
    project = checks.name(query.get("project", "default"), "project")
    experiment = checks.name(query["experiment"], "experiment") if "experiment" in query else None
    limit = request.app[SETTINGS].max_points_per_request
    body = await parsing.read_body(request)
    if len(body) > MAX_TEXT_BYTES:
        raise parsing.too_large(MAX_TEXT_BYTES)
    text = body.decode(errors="replace")

    def parse() -> TextPoints:
        # Its patterns take longer to be made than those of all other rooms: not at the start.
        from agnez_server.catalog.textlines import parse_lines

        return parse_lines(text, run, project, experiment, limit)

    found = await in_reader(request, parse)
    answer = await request.app[POSTER].post(found.points, now_us())
    for id in answer["runs"]:
        request.app[PRESENCE].heard(id)
    more = {} if found.first_ignored is None else {"first_ignored": found.first_ignored}
    return parsing.json_answer({**answer, "ignored": found.ignored, **more})


_FIRST_IGNORED: Final = schemas.obj({"line": schemas.WHOLE, "text": schemas.TEXT})
_ACCEPTED: Final = schemas.obj(
    {
        "accepted": schemas.WHOLE,
        "ignored": schemas.WHOLE,
        "runs": schemas.array(schemas.ULID),
        "channels": schemas.array(schemas.TEXT),
        "first_ignored": _FIRST_IGNORED,
    },
    required=("accepted", "ignored", "runs", "channels"),
)

ENDPOINTS: Final = [
    Endpoint(method="POST", path="/in/{run}", handler=post_lines, scope="write", outside=True,
             summary="Add points as lines of text: name value [x], or what a trainer prints",
             query=(Query("project", schemas.NAME, "project of the run; default unless told"),
                    Query("experiment", schemas.NAME, "experiment of a run that is made")),
             body=schemas.TEXT, body_type="text/plain", errors=(409,), answers={200: _ACCEPTED}),
]  # fmt: skip
