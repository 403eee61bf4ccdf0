"""
A query as the text of a URL, in the bracket syntax of npm's `qs` which Feathers' servers read.

>>> as_query_string({"pos": {"$lt": 2}, "name": {"$in": ["a", "b"]}, "$limit": 5})
'pos%5B%24lt%5D=2&name%5B%24in%5D%5B0%5D=a&name%5B%24in%5D%5B1%5D=b&%24limit=5'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from agnez_client.shown import shown
from agnez_client.values.errors import BadRequest

Query = Mapping[str, Any]

_DEEPEST: Final = 10


def as_query_string(query: Query) -> str:
    """
    *query* as `name[inner][0]=text&…`, percent-encoded; "" for none.

    Raises:
        BadRequest: If it holds what a URL can't say: an empty list or mapping, or a value that is
            no text, number, boolean or None.
    """
    pairs = (pair for name, value in query.items() for pair in _pairs(str(name), value, 0))
    return "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in pairs)


def matches_none(query: Query) -> bool:
    """Whether *query* asks for one of no values: then nobody has to be asked."""
    return any(isinstance(v, Mapping) and _is_empty(v.get("$in")) for v in query.values())


def without_idle_parts(query: Query) -> dict[str, Any]:
    """*query* without `$nin` of no values, which every document matches."""
    found = {}
    for name, value in query.items():
        if isinstance(value, Mapping) and _is_empty(value.get("$nin")):
            value = {k: v for k, v in value.items() if k != "$nin"}
            if not value:
                continue
        found[name] = value
    return found


def _is_empty(values: Any) -> bool:
    return isinstance(values, list | tuple | set | frozenset) and not values


def _pairs(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        inner = [(str(key), v) for key, v in value.items()]
    elif isinstance(value, list | tuple | set | frozenset):
        inner = [(str(i), v) for i, v in enumerate(value)]
    else:
        yield name, _text(name, value)
        return
    if not inner:
        raise BadRequest(f"the query's {name} is empty, which a URL can't say: leave it out")
    if depth == _DEEPEST:
        raise BadRequest(f"the query is nested more than {_DEEPEST} deep at {name:.100}")
    for key, v in inner:
        yield from _pairs(f"{name}[{key}]", v, depth + 1)


def _text(name: str, value: Any) -> str:
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()  # a scalar of numpy
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise BadRequest(
        f"the query's {name} is {shown(value)}, expected a text, a number, a boolean or None"
    )
