"""Records as they come from clients: checked, and given an id where they have none."""

from __future__ import annotations

import math
import secrets
import string
from collections.abc import Mapping
from typing import Any, Final

import orjson

from agnez_server.checks import INT64, shown
from agnez_server.errors import BadRequest, NotFound, TooLarge

MAX_DEPTH: Final = 64
"""Levels of lists and objects in a record."""
MAX_VALUES: Final = 1_000_000
"""Numbers, texts, lists … of one body: nobody else is answered while they are looked at."""
MAX_ID_LENGTH: Final = 200
MAX_BULK: Final = 2000
"""Records of one change: nobody else is answered while it is made."""
MAX_BULK_BYTES: Final = 64 << 20
_ID_LENGTH: Final = 16
_LETTERS: Final = string.ascii_letters + string.digits


class RecordNotFound(NotFound):
    """There is no record with this id, or it does not match the query."""

    def __init__(self, id: object) -> None:
        super().__init__("record", id)
        self.message = f"No record found for id {shown(id)}"
        self.args = (self.message,)


def new_id() -> str:
    """An id that nobody can guess: 16 letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH))


def given_id(value: object, method: str) -> str:
    """
    *value* as the id that a client asks for; a number is its text.

    Raises:
        BadRequest: If it is no text: an object there would be a query, and find any record.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise BadRequest(f"id for {method!r} must be text, found {shown(value)}", field="id")
    return value


def own_id(value: object) -> str:
    """The ``_id`` that a new record brings along. Raises BadRequest where it can't be one."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID_LENGTH:
        raise BadRequest(
            f"_id must be text of 1 to {MAX_ID_LENGTH} characters, found {shown(value)}",
            hint="leave it out: the server makes one",
            field="_id",
        )
    if value in (".", "..") or not value.isprintable():
        raise BadRequest(
            f"_id {shown(value)} can't be named in a URL",
            hint="use letters and digits",
            field="_id",
        )
    return value


def checked_body(data: object) -> Mapping[str, Any]:
    """
    *data* as a record.

    Raises:
        BadRequest: If it is no object, is too deep, or holds a number that JSON or 64 bits can't.
        TooLarge: If it holds more than `MAX_VALUES` values.
    """
    return checked_bodies([data])[0]


def checked_bodies(data: list[Any]) -> list[Mapping[str, Any]]:
    """Each of *data* as a record; `MAX_VALUES` is for all together. Raises as `checked_body`."""
    for one in data:
        if not isinstance(one, dict):
            raise BadRequest(f"a record must be an object, found {shown(one)}")
    level, count = data, 0
    for _ in range(MAX_DEPTH):
        count += sum(map(len, level))
        if count > MAX_VALUES:
            raise TooLarge(
                f"more than {MAX_VALUES} values at a time",
                hint="send records in parts; long lists of numbers are for channels of a run",
                limit=MAX_VALUES,
            )
        below = [part for one in level if not _is_plain(one) for part in _parts(one)]
        level = [part for part in below if not _is_leaf(part)]
        if not level:
            return data
    raise BadRequest(f"the record is nested deeper than {MAX_DEPTH} levels")


def _is_plain(value: dict[Any, Any] | list[Any]) -> bool:
    """Whether *value* is a list of numbers that can be kept; quicker than one by one."""
    if not isinstance(value, list) or not value:
        return False
    kinds = set(map(type, value))
    if kinds == {float}:
        return all(map(math.isfinite, value))
    return kinds == {int} and min(value) in INT64 and max(value) in INT64


def _parts(value: dict[Any, Any] | list[Any]) -> list[Any]:
    if isinstance(value, list):
        return value
    for key in value:
        if not isinstance(key, str) or not _is_encodable(key):
            raise BadRequest(f"the record has a key that is no text: {shown(key)}")
    return list(value.values())


def _is_leaf(value: object) -> bool:
    """Whether *value* is neither list nor object. Raises BadRequest for what can't be kept."""
    if isinstance(value, (dict, list)):
        return False
    if isinstance(value, str):
        if not _is_encodable(value):
            raise BadRequest(f"the record holds half a character: {shown(value)}")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise BadRequest(
                "the record holds NaN or infinity, which JSON has not", hint="send it as text"
            )
    elif isinstance(value, int):
        if value not in INT64:
            raise BadRequest(
                f"the record holds an integer beyond 64 bits: {shown(value)}",
                hint="send it as text",
            )
    elif value is not None:
        raise BadRequest(f"the record holds what JSON has not: {shown(value)}")
    return True


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def size_of(record: Mapping[str, Any], limit: int) -> int:
    """Bytes of *record* as JSON. Raises TooLarge where they are more than *limit*."""
    size = len(orjson.dumps(record))
    if size > limit:
        raise TooLarge(
            f"the record takes {size} bytes, at most {limit} are kept",
            hint="upload what is large to api/v1/uploads, and keep its URL here",
            limit=limit,
        )
    return size
