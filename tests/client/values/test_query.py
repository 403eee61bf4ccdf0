"""Queries as text: expected values are those of npm's `qs.stringify`, and of its own parser."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from agnez_client.values.errors import BadRequest
from agnez_client.values.query import as_query_string, matches_none, without_idle_parts


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, ""),
        ({"name": "a b&c=d"}, "name=a b&c=d"),
        ({"pos": {"$gt": 1, "$lte": 2.5}}, "pos[$gt]=1&pos[$lte]=2.5"),
        ({"name": {"$in": ["a", "b"]}}, "name[$in][0]=a&name[$in][1]=b"),
        ({"$or": [{"a": 1}, {"b": {"$ne": 2}}]}, "$or[0][a]=1&$or[1][b][$ne]=2"),
        ({"$sort": {"pos": -1, "name": 1}}, "$sort[pos]=-1&$sort[name]=1"),
        ({"on": True, "off": False}, "on=true&off=false"),
        ({"n": np.float64(0.1), "i": np.int64(3)}, "n=0.1&i=3"),
        ({"$select": ("name",)}, "$select[0]=name"),
    ],
)
def test_a_query_becomes_brackets(query: dict[str, Any], text: str) -> None:
    """What is in a mapping or a list stands in brackets behind its name."""
    assert unquote(as_query_string(query)) == text


def test_everything_is_percent_encoded() -> None:
    """No character of a name or a value is read as syntax."""
    assert as_query_string({"a&b": "ü=1 +"}) == "a%26b=%C3%BC%3D1%20%2B"


@pytest.mark.parametrize("query", [{"a": {}}, {"$or": []}, {"a": object()}, {"a": {"$or": [{}]}}])
def test_what_a_url_can_not_say_is_refused(query: dict[str, Any]) -> None:
    """A condition that got lost on its way would match too much."""
    with pytest.raises(BadRequest, match="the query's"):
        as_query_string(query)


def test_a_query_without_end_is_refused() -> None:
    """A mapping that holds itself is no endless loop."""
    query: dict[str, Any] = {}
    query["a"] = query

    with pytest.raises(BadRequest, match="deep"):
        as_query_string(query)


def test_one_of_no_values_matches_none() -> None:
    """`$in` of nothing finds nothing, `$nin` of nothing everything."""
    assert matches_none({"name": {"$in": []}})
    assert not matches_none({"name": {"$in": ["a"]}})
    assert without_idle_parts({"a": {"$nin": []}, "b": {"$nin": (), "$gt": 1}}) == {"b": {"$gt": 1}}
