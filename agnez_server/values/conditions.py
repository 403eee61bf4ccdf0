"""The conditions of a query as functions of a record; whatever nobody would look at is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from agnez_server.checks import shown
from agnez_server.errors import BadRequest
from agnez_server.values.comparing import MISSING, RANGES, AnyOf, InRange, is_number, values_at
from agnez_server.values.effort import Effort

Condition = Callable[[Mapping[str, Any]], bool]

MAX_CONDITIONS: Final = 100
MAX_DEPTH: Final = 16
"""Levels of $or, $and and $not."""
MAX_WANTED: Final = 10_000
"""Items of one $in or $nin."""
MAX_PATH: Final = 200
_FIELD_OPERATORS: Final = (*RANGES, "$in", "$nin", "$ne", "$exists", "$not")


class Conditions:
    """
    Makes conditions of one query, and counts them.

    Attributes:
        weight: How many values a look at a record with plain fields takes at most.
    """

    def __init__(self, *, text: bool, effort: Effort) -> None:
        self._text, self._effort = text, effort
        self._count = self.weight = 0

    def all_of(self, query: Mapping[str, Any], depth: int = 0) -> Condition:
        """What holds where every part of *query* does."""
        if depth > MAX_DEPTH:
            raise BadRequest(f"the query is nested deeper than {MAX_DEPTH} levels")
        parts = [self._part(key, value, depth) for key, value in query.items()]
        if len(parts) == 1:
            return parts[0]
        return lambda record: all(part(record) for part in parts)

    def _part(self, key: str, value: object, depth: int) -> Condition:
        if key in ("$or", "$and"):
            parts = self._branches(key, value, depth)
            if key == "$or":
                return lambda record: any(part(record) for part in parts)
            return lambda record: all(part(record) for part in parts)
        if key == "$not":
            inner = self.all_of(_object(value, key), depth + 1)
            return lambda record: not inner(record)
        if key.startswith("$"):
            raise _unknown(key)
        if len(key) > MAX_PATH:
            raise BadRequest(f"the field {shown(key)} has more than {MAX_PATH} characters")
        return self._field(key, value, depth)

    def _branches(self, key: str, value: object, depth: int) -> list[Condition]:
        if not isinstance(value, list) or not value:
            raise BadRequest(f"{key} must be a list of queries, found {shown(value)}", field=key)
        return [self.all_of(_object(one, key), depth + 1) for one in value]

    def _field(self, path: str, value: object, depth: int) -> Condition:
        operators = _operators(path, value)
        if operators is None:
            return self._where(path, AnyOf([value], text=self._text))
        parts = [self._operator(path, name, given, depth) for name, given in operators.items()]
        return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)

    def _operator(self, path: str, name: str, given: object, depth: int) -> Condition:
        if name == "$not":
            return self._negated(path, given, depth)
        if name == "$exists":
            wanted, spend = _flag(given, self._text), self._effort.spend
            self._note(1)
            return lambda record: (values_at(record, path, spend) != [MISSING]) == wanted
        if name in RANGES:
            return self._where(path, InRange(name, _bound(name, given), text=self._text))
        if name not in _FIELD_OPERATORS:
            raise _unknown(name)
        several = [given] if name == "$ne" else _several(name, given, self._text)
        found = self._where(path, AnyOf(several, text=self._text))
        return found if name == "$in" else lambda record: not found(record)

    def _negated(self, path: str, given: object, depth: int) -> Condition:
        if depth >= MAX_DEPTH:
            raise BadRequest(f"the query is nested deeper than {MAX_DEPTH} levels")
        if _operators(path, given) is None:
            raise BadRequest(f"$not of a field takes operators, found {shown(given)}", field=path)
        inner = self._field(path, given, depth + 1)
        return lambda record: not inner(record)

    def _where(self, path: str, test: AnyOf | InRange) -> Condition:
        self._note(test.weight)
        spend, weight = self._effort.spend, test.weight

        def holds(value: object) -> bool:
            spend(weight * (len(value) + 1) if isinstance(value, list) else weight)
            return test(value)

        if "." in path:
            return lambda record: any(map(holds, values_at(record, path, spend)))
        return lambda record: holds(record.get(path, MISSING))

    def _note(self, weight: int) -> None:
        self._count += 1
        self.weight += weight
        if self._count > MAX_CONDITIONS:
            raise BadRequest(
                f"the query has more than {MAX_CONDITIONS} conditions",
                hint="$in takes a list of values",
            )


def _operators(path: str, value: object) -> Mapping[str, Any] | None:
    """*value* where it consists of operators, None where it is a value to be found."""
    if not isinstance(value, dict) or not any(key.startswith("$") for key in value):
        return None
    plain = [key for key in value if not key.startswith("$")]
    if plain:
        raise BadRequest(
            f"{shown(path)} has operators and the field {shown(plain[0])}: only one of them goes",
            field=path[:60],
        )
    return value


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{what} takes queries, which are objects, found {shown(value)}")
    return value


def _several(name: str, given: object, text: bool) -> list[object]:
    """The items of $in; in a URL a single one stands for a list of one."""
    items = [given] if text and isinstance(given, str) else given
    if not isinstance(items, list):
        raise BadRequest(f"{name} takes a list, found {shown(given)}", field=name)
    if len(items) > MAX_WANTED:
        raise BadRequest(f"{name} has more than {MAX_WANTED} items", field=name)
    return items


def _bound(name: str, given: object) -> str | int | float:
    if isinstance(given, str) or is_number(given):
        return given
    raise BadRequest(f"{name} compares with a number or a text, found {shown(given)}", field=name)


def _flag(given: object, text: bool) -> bool:
    if isinstance(given, bool):
        return given
    if text and given in ("true", "false"):
        return given == "true"
    raise BadRequest(f"$exists is true or false, found {shown(given)}", field="$exists")


def _unknown(name: str) -> BadRequest:
    if name in ("$regex", "$where", "$text"):
        return BadRequest(
            f"{name} is not taken: one pattern could keep the server busy for hours",
            hint="find the records, and filter them where you are",
            field=name,
        )
    return BadRequest(
        f"Invalid query parameter {shown(name)}",
        hint="the operators of a field are "
        + ", ".join(_FIELD_OPERATORS)
        + "; around fields $or, $and, $not; for the answer $limit, $skip, $sort, $select",
        field=name[:60],
    )
