"""JSON schemas of what goes in and out, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agnez_client.protocol import CHANNEL_TYPES, MAX_NAME_LENGTH, RUN_STATES
from agnez_server.checks import MAX_NOTES, MAX_PARAMS, MAX_TAGS

Schema = Mapping[str, Any]

TEXT: Final = {"type": "string"}
WHOLE: Final = {"type": "integer"}
NUMBER: Final = {"type": "number"}
FLAG: Final = {"type": "boolean"}
TIME: Final = {"type": "string", "format": "date-time"}
ULID: Final = {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"}
Y: Final = {"oneOf": [NUMBER, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
ANY_OBJECT: Final = {"type": "object"}
BYTES: Final = {"type": "string", "format": "binary"}
SHA256: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
FLOAT64: Final = {"type": "number", "minimum": -1.7976931348623157e308,
                  "maximum": 1.7976931348623157e308}  # fmt: skip
"""A number that comes in: beyond these it would be infinity, which has a name."""


def whole(lo: int, hi: int) -> Schema:
    """A whole number from *lo* to *hi*, both included."""
    return {"type": "integer", "minimum": lo, "maximum": hi}


INT64: Final = whole(-(2**63), 2**63 - 1)
X: Final = {"anyOf": [INT64, FLOAT64]}
NAME: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_NAME_LENGTH,
    "pattern": r"^[^\u0000-\u001f]*[^\s\u0000-\u001f][^\u0000-\u001f]*$",
}
"""One line of text; what `checks.name` takes."""
NOTES: Final = {"type": "string", "maxLength": MAX_NOTES,
                "pattern": r"^[^\u0000-\u0008\u000b-\u001f]*$"}  # fmt: skip
LABEL: Final = {"anyOf": [NAME, {"enum": ["", None]}]}
TAGS: Final = {"type": "array", "items": NAME, "maxItems": MAX_TAGS}


def maybe(schema: Schema) -> Schema:
    """*schema* or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def array(schema: Schema) -> Schema:
    """A list of *schema*."""
    return {"type": "array", "items": schema}


def obj(properties: Mapping[str, Schema], *, required: tuple[str, ...] | None = None) -> Schema:
    """An object; all of its properties are required unless *required* names some."""
    names = list(properties) if required is None else list(required)
    return {"type": "object", "properties": dict(properties), "required": names}


def given(properties: Mapping[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    """An object that comes in: another field than these is refused."""
    return {**obj(properties, required=required), "additionalProperties": False}


def listing(item: Schema) -> Schema:
    """A page of items."""
    return obj({"items": array(item), "total": WHOLE, "limit": WHOLE, "offset": WHOLE})


SESSION: Final = obj(
    {"spool": TEXT, "rank": WHOLE, "started": WHOLE, "started_at": TIME, "seen_at": maybe(TIME)}
)
DATASET: Final = obj(
    {
        "name": TEXT,
        "hash": maybe(TEXT),
        "size": maybe(WHOLE),
        "count": maybe(WHOLE),
        "source": maybe(TEXT),
        "about": ANY_OBJECT,
    }
)
DROPPED: Final = obj({"channel": maybe(TEXT), "reason": TEXT, "count": WHOLE})
RUN: Final = obj(
    {
        "id": ULID,
        "project": TEXT,
        "experiment": TEXT,
        "name": TEXT,
        "state": {"enum": list(RUN_STATES)},
        "reason": maybe(TEXT),
        "params": ANY_OBJECT,
        "tags": array(TEXT),
        "notes": TEXT,
        "created_at": TIME,
        "updated_at": TIME,
        "finished_at": maybe(TIME),
        "elapsed_s": NUMBER,
        "host": maybe(TEXT),
        "pid": maybe(WHOLE),
        "python": maybe(TEXT),
        "channels": WHOLE,
        "points": WHOLE,
        "bytes": WHOLE,
        "durable": FLAG,
        "dropped": WHOLE,
        "dropped_by": array(DROPPED),
        "gaps": WHOLE,
        "stage": maybe(TEXT),
        "step": maybe(NUMBER),
        "total_steps": maybe(WHOLE),
        "eta_s": maybe(NUMBER),
        "deleted_at": maybe(TIME),
        "datasets": array(DATASET),
        "sessions": array(SESSION),
    }
)
WHOLE_RUN: Final = obj({**RUN["properties"], "about": ANY_OBJECT})
PARAMS: Final = {**ANY_OBJECT, "maxProperties": MAX_PARAMS}
NEW_RUN: Final = given(
    {
        "id": maybe(ULID),
        "name": maybe(NAME),
        "project": maybe(NAME),
        "experiment": maybe(NAME),
        "params": maybe(PARAMS),
        "tags": maybe(TAGS),
        "notes": maybe(NOTES),
    }
)
RUN_PATCH: Final = given(
    {
        "name": maybe(NAME),
        "notes": maybe(NOTES),
        "tags": maybe(TAGS),
        "params": maybe(PARAMS),
        "state": {"enum": ["running", "finished", "failed", "stopped", None]},
        "stage": LABEL,
        "total_steps": maybe(whole(1, 2**53)),
    }
)
PROJECT: Final = obj({"name": TEXT, "runs": WHOLE, "running": WHOLE, "updated_at": TIME})
SERIES: Final = obj(
    {
        "id": WHOLE,
        "session": WHOLE,
        "rank": WHOLE,
        "count": WHOLE,
        "min_x": maybe(NUMBER),
        "max_x": maybe(NUMBER),
        "max_wall": maybe(WHOLE),
        "superseded_from": maybe(NUMBER),
    }
)
CHANNEL: Final = obj(
    {
        "id": TEXT,
        "run": ULID,
        "number": WHOLE,
        "name": TEXT,
        "type": {"enum": list(CHANNEL_TYPES)},
        "options": ANY_OBJECT,
        "count": WHOLE,
        "nan": WHOLE,
        "inf": WHOLE,
        "min": maybe(NUMBER),
        "max": maybe(NUMBER),
        "last": maybe(Y),
        "last_x": maybe(NUMBER),
        "series": array(SERIES),
    }
)
CHART: Final = obj(
    {
        "id": TEXT,
        "title": TEXT,
        "type": TEXT,
        "x": TEXT,
        "y": TEXT,
        "channels": array(TEXT),
        "auto": FLAG,
    }
)
NEW_CHART: Final = given(
    {
        "id": {"type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "title": LABEL,
        "channels": {"type": "array", "items": NAME, "minItems": 1, "maxItems": 1000},
        "x": LABEL,
        "y": LABEL,
    },
    required=("channels",),
)
SLICE: Final = obj(
    {
        "id": WHOLE,
        "session": WHOLE,
        "rank": WHOLE,
        "offset": WHOLE,
        "length": WHOLE,
        "total": WHOLE,
        "exact": FLAG,
        "superseded_from": maybe(NUMBER),
    }
)
POINTS: Final = obj(
    {
        "channel": TEXT,
        "name": TEXT,
        "axis": {"enum": ["x", "wall"]},
        "exact": FLAG,
        "x": array(NUMBER),
        "y": array(Y),
        "wall": array(WHOLE),
        "series": array(SLICE),
    }
)
RAW: Final = obj(
    {
        "items": array(
            obj(
                {
                    "session": WHOLE,
                    "rank": WHOLE,
                    "ordinal": WHOLE,
                    "x": NUMBER,
                    "y": Y,
                    "wall": WHOLE,
                }
            )
        ),
        "next": maybe(TEXT),
    }
)
_WALL: Final = whole(-(2**62), 2**62)


def _points(type: Schema, x: Schema, y: Schema, wall: Schema) -> Schema:
    where = {"run": NAME, "project": NAME, "experiment": maybe(NAME), "channel": NAME}
    own = {"type": type, "x": x, "y": y, "wall": wall}
    return given({**where, **own}, required=("run", "channel", "y"))


_NUMERIC: Final = {"enum": ["NUMERIC"]}
_OTHERS: Final = {"enum": [type for type in CHANNEL_TYPES if type != "NUMERIC"]}
_SENT_Y: Final = {"anyOf": [FLOAT64, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_XS: Final = array(maybe(X))
_WALLS: Final = array(maybe(_WALL))
_POINT: Final = {
    "anyOf": [
        _points(_NUMERIC, maybe(X), _SENT_Y, maybe(_WALL)),
        _points(_NUMERIC, _XS, array(_SENT_Y), _WALLS),
        {**_points(_OTHERS, maybe(X), ANY_OBJECT, maybe(_WALL)),
         "required": ["run", "channel", "type", "y"]},
        {**_points(_OTHERS, _XS, array(ANY_OBJECT), _WALLS),
         "required": ["run", "channel", "type", "y"]},
    ]
}  # fmt: skip
"""Lists are of one length."""
NEW_POINTS: Final = {"anyOf": [_POINT, array(_POINT)]}
ACCEPTED: Final = obj({"accepted": WHOLE, "runs": array(ULID), "channels": array(TEXT)})
RECEIPT: Final = obj(
    {
        "store": TEXT,
        "events": WHOLE,
        "points": WHOLE,
        "refused": array(
            obj({"event": WHOLE, "point": WHOLE, "reason": TEXT}, required=("reason",))
        ),
        "refused_count": WHOLE,
        "next_in_ms": WHOLE,
    }
)
ERROR: Final = obj(
    {"error": obj({"code": TEXT, "message": TEXT, "hint": TEXT}, required=("code", "message"))}
)
FEATHERS_ERROR: Final = obj(
    {"name": TEXT, "message": TEXT, "code": WHOLE, "className": TEXT, "data": ANY_OBJECT},
    required=("name", "message", "code", "className"),
)
"""What the routes of `/values` answer instead."""
