"""
How values of records compare with those of a query.

A query from a URL has texts only; there a text stands for the number, the truth value or the null
that it reads as, too. A list matches what one of its items matches, as in MongoDB and NeDB.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeGuard

import orjson

MISSING: Final = object()
"""The value of a field that a record has not."""
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
WORDS: Final[Mapping[str, object]] = {"true": True, "false": False, "null": None}
_EXACT_DIGITS: Final = 19
RANGES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$lt": operator.lt,
    "$lte": operator.le,
    "$gt": operator.gt,
    "$gte": operator.ge,
}


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether *value* is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_of(text: str) -> int | float | None:
    """The number that *text* reads as, None where it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    digits = text.removeprefix("-")
    if digits.isdigit() and len(digits) <= _EXACT_DIGITS:
        return int(text)
    return float(text)


def same(value: object, wanted: object, *, text: bool) -> bool:
    """Whether two JSON values are the same: true is not 1, and 1 is 1.0."""
    if isinstance(value, dict):
        return (
            isinstance(wanted, dict)
            and value.keys() == wanted.keys()
            and all(same(value[key], wanted[key], text=text) for key in value)
        )
    if isinstance(value, list):
        return (
            isinstance(wanted, list)
            and len(value) == len(wanted)
            and all(same(v, w, text=text) for v, w in zip(value, wanted, strict=True))
        )
    return AnyOf([wanted], text=text).has(value)


class AnyOf:
    """Whether a value is one of *wanted*, in time that does not grow with them."""

    def __init__(self, wanted: Iterable[object], *, text: bool) -> None:
        self._text, self._null = text, False
        self._texts, self._numbers, self._flags = set[str](), set[int | float](), set[bool]()
        self._others: list[object] = []
        self.weight = 1
        """How many values a look at one value takes at most."""
        for one in wanted:
            self._take(one)
            if text and isinstance(one, str):
                number = number_of(one)
                self._take(WORDS.get(one, one) if number is None else number)

    def _take(self, wanted: object) -> None:
        if isinstance(wanted, str):
            self._texts.add(wanted)
        elif wanted is None:
            self._null = True
        elif isinstance(wanted, bool):
            self._flags.add(wanted)
        elif isinstance(wanted, int | float):
            self._numbers.add(wanted)
        else:
            self._others.append(wanted)
            self.weight += _leaves(wanted)

    def __call__(self, value: object) -> bool:
        return self.has(value) or (isinstance(value, list) and any(map(self.has, value)))

    def has(self, value: object) -> bool:
        """The same without looking into a list."""
        if isinstance(value, str):
            return value in self._texts
        if value is None or value is MISSING:
            return self._null
        if isinstance(value, bool):
            return value in self._flags
        if isinstance(value, int | float):
            return value in self._numbers
        return any(same(value, wanted, text=self._text) for wanted in self._others)


def _leaves(value: object) -> int:
    """How many values *value* consists of, itself among them."""
    count, level = 1, list[Any]([value])
    while level:
        parts = [v for one in level for v in (one.values() if isinstance(one, dict) else one)]
        count += len(parts)
        level = [part for part in parts if isinstance(part, dict | list)]
    return count


class InRange:
    """Whether a value lies on one side of *bound*: numbers among numbers, texts among texts."""

    weight: Final = 1

    def __init__(self, name: str, bound: str | int | float, *, text: bool) -> None:
        self._compare = RANGES[name]
        self._text_bound = bound if isinstance(bound, str) else None
        self._bound: int | float | None = None if isinstance(bound, str) else bound
        if text and isinstance(bound, str):
            self._bound = number_of(bound)

    def __call__(self, value: object) -> bool:
        return self._has(value) or (isinstance(value, list) and any(map(self._has, value)))

    def _has(self, value: object) -> bool:
        if isinstance(value, str):
            return self._text_bound is not None and self._compare(value, self._text_bound)
        return is_number(value) and self._bound is not None and self._compare(value, self._bound)


def sort_key(value: object) -> tuple[Any, ...]:
    """
    Where *value* stands among values of all types: what is missing first, then null, numbers,
    texts, truth values, lists, objects.
    """
    if value is MISSING:
        return (0,)
    if value is None:
        return (1,)
    if isinstance(value, bool):
        return (4, value)
    if isinstance(value, int | float):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    return (5 if isinstance(value, list) else 6, orjson.dumps(value))


def values_at(
    record: Mapping[str, Any], path: str, spend: Callable[[int], None] | None = None
) -> list[Any]:
    """
    What *record* has at *path*, several where it leads through a list; `MISSING` alone for nothing.

    A field whose own name has the dots wins. *spend* is told how many values were passed.
    """
    if path in record:
        return [record[path]]
    if "." not in path:
        return [MISSING]
    found: list[Any] = [record]
    for step in path.split("."):
        if spend is not None:
            spend(sum(len(one) for one in found if isinstance(one, list)) + len(found))
        found = [below for one in found for below in _below(one, step)]
    return found or [MISSING]


def _below(value: object, step: str) -> list[Any]:
    if isinstance(value, dict):
        return [value[step]] if step in value else []
    if not isinstance(value, list):
        return []
    if step.isascii() and step.isdigit():
        return [value[int(step)]] if len(step) < 10 and int(step) < len(value) else []
    return [item[step] for item in value if isinstance(item, dict) and step in item]
