"""A query of `/values`: which records, in which order, how many, which of their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from agnez_server.checks import shown
from agnez_server.errors import BadRequest
from agnez_server.values.comparing import WORDS, number_of, sort_key, values_at
from agnez_server.values.conditions import MAX_PATH, Condition, Conditions
from agnez_server.values.effort import MOST_LOOKS, Effort
from agnez_server.values.index import Record

_R = TypeVar("_R", bound=Record)

MAX_SORT: Final = 16
MAX_SELECT: Final = 256
MAX_COUNT: Final = 2**31


@dataclass(frozen=True, slots=True)
class Query:
    """
    A checked query.

    ``ids`` and ``run``: no other records than these can match; None says nothing. ``order`` has
    pairs of a path and whether the largest comes first. ``fields`` None: all of them. ``weight``:
    about how many values of a record are looked at.
    """

    matches: Condition
    ids: tuple[str, ...] | None = None
    run: str | None = None
    order: tuple[tuple[str, bool], ...] = ()
    fields: tuple[str, ...] | None = None
    skip: int = 0
    limit: int | None = None
    weight: int = 0

    def pick(self, records: Iterable[Record]) -> list[Record]:
        """Those of *records* that match, arranged."""
        return self.arranged(record for record in records if self.matches(record))

    def arranged(self, matching: Iterable[_R]) -> list[_R]:
        """*matching* records in order, from ``skip`` on, at most ``limit``."""
        found = list(matching)
        for path, is_descending in reversed(self.order):
            found.sort(key=_key_at(path), reverse=is_descending)
        end = None if self.limit is None else self.skip + self.limit
        return found[self.skip : end]

    def trimmed(self, record: Record) -> Record:
        """*record* with the fields that were asked for, ``_id`` always among them."""
        if self.fields is None:
            return record
        return {key: value for key, value in record.items() if key in self.fields}


def _key_at(path: str) -> Callable[[Record], tuple[Any, ...]]:
    return lambda record: sort_key(values_at(record, path)[0])


def parse_select(query: Mapping[str, Any]) -> Query:
    """Of *query* only what a new record answers to: ``$select``. Raises as `parse_query`."""
    return parse_query({"$select": query.get("$select")} if isinstance(query, Mapping) else query)


def parse_query(query: Mapping[str, Any], *, text: bool = False, looks: int = MOST_LOOKS) -> Query:
    """
    *query* as Feathers clients write it.

    Args:
        query: Nested mappings, lists and values.
        text: Its values are texts, from a URL: ``pos=2`` finds 2 and "2".
        looks: How many values it may look at; beyond, it raises BadRequest where it is used.

    Raises:
        BadRequest: For an operator that is not known, and for more than the limits above allow.
    """
    if not isinstance(query, Mapping):
        raise BadRequest(f"a query must be an object, found {shown(query)}")
    rest = {key: value for key, value in query.items() if key not in _ANSWER}
    limit, skip = query.get("$limit"), query.get("$skip")
    conditions, order = Conditions(text=text, effort=Effort(looks)), _order(query.get("$sort"))
    return Query(
        matches=conditions.all_of(rest),
        ids=_ids(rest.get("_id")),
        run=_run(rest.get("run"), text),
        order=order,
        fields=_fields(query.get("$select")),
        skip=0 if skip is None else _count(skip, "$skip"),
        limit=None if limit is None else _count(limit, "$limit"),
        weight=conditions.weight + len(order),
    )


_ANSWER: Final = ("$limit", "$skip", "$sort", "$select")


def _ids(wanted: object) -> tuple[str, ...] | None:
    if isinstance(wanted, str):
        return (wanted,)
    several = wanted.get("$in") if isinstance(wanted, dict) else None
    if isinstance(several, list) and all(isinstance(one, str) for one in several):
        return tuple(dict.fromkeys(several))
    return None


def _run(wanted: object, text: bool) -> str | None:
    if not isinstance(wanted, str):
        return None
    means_more = text and (wanted in WORDS or number_of(wanted) is not None)
    return None if means_more else wanted


def _count(value: object, name: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise BadRequest(f"{name} must be a whole number from 0, found {shown(value)}", field=name)
    return value


def _order(value: object) -> tuple[tuple[str, bool], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or len(value) > MAX_SORT:
        raise BadRequest(
            f"$sort must have 1 to {MAX_SORT} fields with 1 or -1 each, found {shown(value)}",
            field="$sort",
        )
    return tuple((_path(path), _is_descending(way)) for path, way in value.items())


def _is_descending(way: object) -> bool:
    if isinstance(way, bool) or way not in (1, -1, "1", "-1"):
        raise BadRequest(f"$sort takes 1 or -1, found {shown(way)}", field="$sort")
    return way in (-1, "-1")


def _path(path: str) -> str:
    if len(path) > MAX_PATH:
        raise BadRequest(f"the field {shown(path)} has more than {MAX_PATH} characters")
    return path


def _fields(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    names: Sequence[object] = [value] if isinstance(value, str) else value  # type: ignore[assignment]
    if (
        not isinstance(names, list)
        or len(names) > MAX_SELECT
        or not all(isinstance(n, str) for n in names)
    ):
        raise BadRequest(
            f"$select must be a list of at most {MAX_SELECT} fields, found {shown(value)}",
            field="$select",
        )
    return ("_id", *(str(name) for name in names))
