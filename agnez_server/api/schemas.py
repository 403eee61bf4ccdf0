"""JSON schemas of what goes in and out, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agnez_client.protocol import CHANNEL_TYPES, RUN_STATES

Schema = Mapping[str, Any]

TEXT: Final = {"type": "string"}
WHOLE: Final = {"type": "integer"}
NUMBER: Final = {"type": "number"}
FLAG: Final = {"type": "boolean"}
TIME: Final = {"type": "string", "format": "date-time"}
ULID: Final = {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"}
Y: Final = {"oneOf": [NUMBER, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
ANY_OBJECT: Final = {"type": "object"}


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
NEW_RUN: Final = obj(
    {
        "id": ULID,
        "name": TEXT,
        "project": TEXT,
        "experiment": TEXT,
        "params": ANY_OBJECT,
        "tags": array(TEXT),
        "notes": TEXT,
    },
    required=(),
)
RUN_PATCH: Final = obj(
    {
        "name": TEXT,
        "notes": TEXT,
        "tags": array(TEXT),
        "params": ANY_OBJECT,
        "state": {"enum": ["running", "finished", "failed", "stopped"]},
        "stage": maybe(TEXT),
        "total_steps": maybe(WHOLE),
    },
    required=(),
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
NEW_CHART: Final = obj(
    {"id": TEXT, "title": TEXT, "channels": array(TEXT), "x": TEXT, "y": TEXT},
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
_POINT: Final = obj(
    {
        "run": TEXT,
        "project": TEXT,
        "experiment": TEXT,
        "channel": TEXT,
        "type": {"enum": list(CHANNEL_TYPES)},
        "x": {"oneOf": [NUMBER, array(maybe(NUMBER))]},
        "y": {"oneOf": [Y, array(Y)]},
        "wall": {"oneOf": [WHOLE, array(maybe(WHOLE))]},
    },
    required=("run", "channel", "y"),
)
NEW_POINTS: Final = {"oneOf": [_POINT, array(_POINT)]}
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
