"""Epochs in, from `keras.callbacks.RemoteMonitor` as it comes with Keras."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from agnez_server import checks
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.catalog.epochbody import parse_epoch
from agnez_server.catalog.epochs import Training
from agnez_server.keys import EPOCH_POSTER, PRESENCE
from agnez_server.models import now_us

DEFAULT_RUN: Final = "keras"
MAX_BYTES: Final = 1 << 20
"""The logs of one epoch are short, and nobody else is answered while they are read."""


async def post_epoch(request: web.Request) -> web.Response:
    """To the run of the default name: nobody has to say one."""
    return await _post(request, DEFAULT_RUN)


async def post_epoch_of_run(request: web.Request) -> web.Response:
    """To the run that the path names, by id or by name."""
    return await _post(request, request.match_info["run"])


async def _post(request: web.Request, run: str) -> web.Response:
    """`RemoteMonitor` reads no answer; this one is for those who write their own."""
    query = request.query
    training = Training(
        run=checks.name(run, "run"),
        project=checks.name(query.get("project", "default"), "project"),
        experiment=checks.name(query["experiment"], "experiment")
        if "experiment" in query
        else None,
    )
    body = await parsing.read_body(request)
    if len(body) > MAX_BYTES:
        raise parsing.too_large(MAX_BYTES)
    is_form = request.content_type == "application/x-www-form-urlencoded"
    epoch = parse_epoch(body, is_form=is_form)
    answer = await request.app[EPOCH_POSTER].post(training, epoch, now_us())
    request.app[PRESENCE].heard(answer["run"])
    return parsing.json_answer(answer)


_REASON: Final = schemas.obj({"name": schemas.TEXT, "reason": schemas.TEXT})
_ACCEPTED: Final = schemas.obj(
    {
        "accepted": schemas.WHOLE,
        "ignored": schemas.WHOLE,
        "reasons": schemas.array(_REASON),
        "run": schemas.ULID,
        "session": schemas.WHOLE,
        "epoch": schemas.NUMBER,
        "channels": schemas.array(schemas.TEXT),
    }
)
_BODY: Final = schemas.obj({"epoch": schemas.X}, required=("epoch",))
_FORM: Final = schemas.obj({"data": schemas.TEXT}, required=("data",))
"""Or `epoch` and the numbers, each as a field."""

ENDPOINTS: Final = [
    Endpoint(method="POST", path=path, handler=handler, scope="write", outside=True, slash=True,
             summary=f"Add the numbers of one epoch, as Keras' RemoteMonitor sends them, {whose}",
             query=(Query("project", schemas.NAME, "project of the run; default unless told"),
                    Query("experiment", schemas.NAME, "experiment of a run that is made")),
             body=_BODY, body_types={"application/x-www-form-urlencoded": _FORM},
             errors=(404, 409, 410), answers={200: _ACCEPTED})
    for path, handler, whose in (
        ("/publish/epoch/end", post_epoch, "to the run keras"),
        ("/publish/epoch/end/{run}", post_epoch_of_run, "to the run that is named"),
    )
]  # fmt: skip
