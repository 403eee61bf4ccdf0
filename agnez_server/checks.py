"""
Checks of what comes from outside: names, parameters, tags, whole run and channel definitions.

Each takes untyped JSON and returns the typed value, or raises BadRequest that names the field,
what was found and what is expected.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

from agnez_client.protocol import CHANNEL_TYPES, MAX_NAME_LENGTH, is_ulid
from agnez_server.errors import BadRequest

MAX_DEPTH: Final = 24
MAX_PARAMS: Final = 10_000
MAX_PARAMS_BYTES: Final = 1 << 20
MAX_TAGS: Final = 100
MAX_NOTES: Final = 100_000
INT64: Final = range(-(2**63), 2**63)


_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxlong, _BRIEF.maxother = 2, 57, 40, 57
_BRIEF.maxdict = _BRIEF.maxlist = 3


def shown(value: object) -> str:
    """*value* as it may stand in a message: short, on one line, however large or deep it is."""
    text = _BRIEF.repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """*value* as an object with text keys."""
    if not isinstance(value, dict) or not all(isinstance(k, str) for k in value):
        raise BadRequest(f"{what} must be an object, found {shown(value)}", field=what)
    return value


def known_fields(given: Mapping[str, Any], allowed: set[str], what: str) -> None:
    """Refuse a field that nobody would read: a typing error should not pass silently."""
    unknown = sorted(set(given) - allowed)
    if unknown:
        raise BadRequest(
            f"{what} has no field {shown(unknown[0])}",
            hint=f"the fields are {', '.join(sorted(allowed))}",
            field=unknown[0][:60],
        )


def text(value: object, what: str, *, limit: int = MAX_NAME_LENGTH, empty: bool = False) -> str:
    """*value* as text of at most *limit* characters without control characters."""
    if not isinstance(value, str):
        raise BadRequest(f"{what} must be text, found {shown(value)}", field=what)
    if not (value or empty) or len(value) > limit:
        raise BadRequest(
            f"{what} must have 1 to {limit} characters, found {len(value)}", field=what
        )
    if any(ord(c) < 32 and c not in "\n\t" for c in value) or not _encodable(value):
        raise BadRequest(f"{what} holds control or broken characters: {shown(value)}", field=what)
    return value


def _encodable(value: str) -> bool:
    return not any(0xD800 <= ord(c) <= 0xDFFF for c in value)


def name(value: object, what: str) -> str:
    """A name of a run, project, experiment, channel: one line of text."""
    found = text(value, what).strip()
    if not found or "\n" in found or "\t" in found:
        raise BadRequest(f"{what} must be one line of text, found {shown(value)}", field=what)
    return found


def tags(value: object) -> list[str]:
    """A list of names, doubles removed, order kept."""
    if not isinstance(value, list) or len(value) > MAX_TAGS:
        raise BadRequest(f"tags must be a list of at most {MAX_TAGS} texts", field="tags")
    return list(dict.fromkeys(name(v, "tags") for v in value))


def params(value: object) -> dict[str, Any]:
    """Parameters: a JSON object, at most 10,000 values, 24 levels deep, 1 MiB as JSON."""
    found = dict(mapping(value, "params"))
    count, level = 0, list[Any]([found])
    for _ in range(MAX_DEPTH):
        below = list[Any]()
        for item in level:
            below += item.values() if isinstance(item, dict) else item
        count += len(below)
        if count > MAX_PARAMS:
            raise BadRequest(f"params hold more than {MAX_PARAMS} values", field="params")
        for item in below:
            _check_number(item)
        level = [item for item in below if isinstance(item, (dict, list))]
        if not level:
            return _of_fair_size(found)
    raise BadRequest(f"params are nested deeper than {MAX_DEPTH} levels", field="params")


def _check_number(item: object) -> None:
    if isinstance(item, int) and item not in INT64:
        raise BadRequest("params hold an integer beyond 64 bits", field="params")
    if isinstance(item, float) and not math.isfinite(item):
        raise BadRequest("params hold NaN or infinity: send it as text", field="params")


def _of_fair_size(found: dict[str, Any]) -> dict[str, Any]:
    size = len(orjson.dumps(found))
    if size > MAX_PARAMS_BYTES:
        raise BadRequest(
            f"params take {size} bytes as JSON, at most {MAX_PARAMS_BYTES} are kept",
            field="params",
        )
    return found


def integer(value: object, what: str, lo: int, hi: int) -> int:
    """*value* as a whole number with ``lo <= value <= hi``; True and 1.0 are not one."""
    if isinstance(value, bool) or not isinstance(value, int) or not lo <= value <= hi:
        raise BadRequest(
            f"{what} must be a whole number from {lo} to {hi}, found {shown(value)}", field=what
        )
    return value


def position(value: object, what: str = "x") -> int | float:
    """*value* as an x: a finite number; a whole one fits 64 bits."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value in INT64:
            return value
    elif isinstance(value, float) and math.isfinite(value):
        return value
    raise BadRequest(
        f"{what} must be a finite number (whole ones of 64 bits), found {shown(value)}", field=what
    )


def depth(value: object, what: str) -> None:
    """Refuse what is nested deeper than `MAX_DEPTH` levels: no answer could hold it."""
    level = [value]
    for _ in range(MAX_DEPTH):
        below = [c for c in level if isinstance(c, (dict, list))]
        level = [v for c in below for v in (c.values() if isinstance(c, dict) else c)]
        if not level:
            return
    raise BadRequest(f"{what} is nested deeper than {MAX_DEPTH} levels", field=what)


def run_id(value: object) -> str:
    """*value* as a ULID in its canonical spelling."""
    if not isinstance(value, str) or not is_ulid(value):
        raise BadRequest(
            f"id must be a ULID (26 characters, upper case), found {shown(value)}", field="id"
        )
    return value


def channel_type(value: object) -> str:
    """*value* as one of the channel types."""
    if value not in CHANNEL_TYPES:
        raise BadRequest(
            f"there is no channel type {shown(value)}",
            hint=f"the types are {', '.join(CHANNEL_TYPES)}",
            field="type",
        )
    return str(value)


RUN_FIELDS: Final = {"id", "name", "project", "experiment", "params", "tags", "notes"}
_ORIGIN_FIELDS: Final = {"host", "pid", "python", "started"}


def run_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a new run that are there, each checked; host, pid and start included."""
    found: dict[str, Any] = {}
    for key in ("name", "project", "experiment"):
        if given.get(key) is not None:
            found[key] = name(given[key], key)
    if given.get("params") is not None:
        found["params"] = params(given["params"])
    if given.get("tags") is not None:
        found["tags"] = tags(given["tags"])
    if given.get("notes") is not None:
        found["notes"] = text(given["notes"], "notes", limit=MAX_NOTES, empty=True)
    for key in ("host", "python"):
        if given.get(key) is not None:
            found[key] = text(given[key], key)
    for key in ("pid", "started"):
        if given.get(key) is not None:
            found[key] = integer(given[key], key, 0, 2**62)
    return found
