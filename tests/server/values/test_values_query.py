"""The query language, by hand-worked cases and against a plain matcher written anew."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_server.errors import BadRequest
from agnez_server.values.query import parse_query
from agnez_server.values.service import Values

ANIMALS = [
    {"_id": "ant", "legs": 6, "name": "Ant", "tags": ["small", "red"], "home": {"kind": "hill"}},
    {"_id": "bee", "legs": 6, "name": "bee", "wings": True, "home": {"kind": "hive", "bees": 900}},
    {"_id": "cat", "legs": 4, "name": "Cat", "wings": None, "tags": [], "age": "10"},
    {"_id": "eel", "legs": 0, "name": "Eel", "wings": False, "age": 9.5,
     "home": [{"kind": "sea"}, {"kind": "river"}]},
]  # fmt: skip


def found(query: dict[str, Any], *, text: bool = False) -> str:
    """First letters of the ids of what *query* finds."""
    return "".join(r["_id"][0] for r in parse_query(query, text=text).pick(ANIMALS))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "abce"), ({"legs": 6}, "ab"), ({"legs": 6.0}, "ab"), ({"legs": "6"}, ""),
        ({"legs": 6, "name": "bee"}, "b"), ({"legs": {"$ne": 6}}, "ce"), ({"legs": True}, ""),
        ({"wings": None}, "ac"), ({"wings": True}, "b"), ({"wings": {"$ne": None}}, "be"),
        ({"wings": {"$exists": True}}, "bce"), ({"wings": {"$exists": False}}, "a"),
        ({"wings": False}, "e"), ({"wings": 0}, ""),
        ({"legs": {"$in": [0, 4, "x"]}}, "ce"), ({"legs": {"$nin": [0, 4]}}, "ab"),
        ({"legs": {"$in": []}}, ""), ({"legs": {"$nin": []}}, "abce"),
        ({"wings": {"$in": [None, True]}}, "abc"),
        ({"legs": {"$gt": 0, "$lt": 6}}, "c"), ({"legs": {"$gte": 4, "$lte": 4}}, "c"),
        ({"age": {"$lt": 100}}, "e"), ({"age": {"$lt": "2"}}, "c"), ({"wings": {"$lt": 5}}, ""),
        ({"name": {"$gt": "Cat"}}, "be"),
        ({"$or": [{"legs": 4}, {"name": "Ant"}]}, "ac"),
        ({"$and": [{"legs": 6}, {"wings": True}]}, "b"),
        ({"legs": 6, "$or": [{"wings": True}, {"legs": 0}]}, "b"),
        ({"$not": {"legs": 6}}, "ce"), ({"legs": {"$not": {"$gt": 3, "$lt": 5}}}, "abe"),
        ({"$not": {"$or": [{"legs": 6}, {"legs": 4}]}}, "e"),
        ({"tags": "red"}, "a"), ({"tags": ["small", "red"]}, "a"), ({"tags": []}, "c"),
        ({"tags": {"$ne": "red"}}, "bce"), ({"tags": {"$in": ["red", "blue"]}}, "a"),
        ({"tags.1": "red"}, "a"), ({"tags.5": None}, "abce"),
        ({"home.kind": "hill"}, "a"), ({"home.bees": {"$gt": 800}}, "b"),
        ({"home.kind": "river"}, "e"), ({"home.1.kind": "river"}, "e"), ({"home.0": "sea"}, ""),
        ({"home": {"kind": "hill"}}, "a"), ({"home.kind.x": {"$exists": True}}, ""),
        ({"_id": "bee"}, "b"), ({"_id": {"$in": ["bee", "eel", "yak"]}}, "be"),
        ({"$limit": 2}, "ab"), ({"$limit": 0}, ""), ({"$skip": 3}, "e"), ({"$skip": 9}, ""),
        ({"$skip": 1, "$limit": 2, "$sort": {"name": 1}}, "ce"),
        ({"$sort": {"legs": 1, "name": -1}}, "ecba"), ({"$sort": {"legs": -1}}, "abce"),
        ({"$sort": {"age": 1}}, "abec"), ({"$sort": {"wings": -1}}, "beca"),
        ({"$sort": {"home.bees": -1}}, "bace"),
    ],
    ids=str,
)  # fmt: skip
def test_typed_queries(query: dict[str, Any], expected: str) -> None:
    """Values from JSON are compared by type and value."""
    assert found(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"legs": "6"}, "ab"), ({"legs": "6.0"}, "ab"), ({"legs": "6e0"}, "ab"),
        ({"age": "10"}, "c"),
        ({"legs": "six"}, ""), ({"wings": "true"}, "b"), ({"wings": "null"}, "ac"),
        ({"wings": {"$ne": "false"}}, "abc"), ({"legs": {"$in": ["0", "4"]}}, "ce"),
        ({"legs": {"$in": "4"}}, "c"), ({"legs": {"$nin": ["6"]}}, "ce"),
        ({"legs": {"$lt": "10"}}, "abce"), ({"age": {"$gt": "9"}}, "e"),
        ({"age": {"$gte": "10"}}, "c"), ({"wings": {"$exists": "false"}}, "a"),
        ({"home": {"bees": "900", "kind": "hive"}}, "b"), ({"home.bees": {"$lte": "900"}}, "b"),
        ({"tags": ["small", "red"]}, "a"), ({"$or": [{"legs": "4"}, {"wings": "true"}]}, "bc"),
        ({"$limit": "1", "$skip": "1"}, "b"), ({"$sort": {"legs": "-1", "name": "-1"}}, "bace"),
        ({"legs": ""}, ""), ({"legs": " 6"}, ""), ({"legs": "٦"}, ""), ({"legs": "0x6"}, ""),
        ({"legs": {"$not": {"$gt": "4"}}}, "ce"),
    ],
    ids=str,
)  # fmt: skip
def test_queries_of_a_url(query: dict[str, Any], expected: str) -> None:
    """A text stands for the number, the truth value or the null that it reads as, too."""
    assert found(query, text=True) == expected


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize(
    "query",
    [{"$where": "1"}, {"a": {"$regex": "^x"}}, {"a": {"$foo": 1}}, {"$foo": 1}, {"$or": {}},
     {"$or": []}, {"$or": "x"}, {"$and": [1]}, {"$not": []}, {"a": {"$not": 1}},
     {"a": {"$lt": None}},
     {"a": {"$gt": []}}, {"a": {"$lt": {}}}, {"a": {"$in": {}}}, {"a": {"$in": None}},
     {"a": {"$lt": 1, "b": 2}}, {"a": {"$exists": "x"}}, {"a": {"$exists": 1}}, {"$limit": -1},
     {"$limit": "x"}, {"$limit": 1.5}, {"$limit": True}, {"$limit": ["1", "2"]},
     {"$limit": "9" * 99},
     {"$skip": "-1"}, {"$skip": {}}, {"$sort": "a"}, {"$sort": {"a": 2}}, {"$sort": {"a": "asc"}},
     {"$sort": {"a": {}}}, {"$sort": [1]}, {"$sort": {"a": True}}, {"$select": {}},
     {"$select": [1]}, {"$select": 5}, {"a": {"$in": [1], "$bad": 1}}, {"$nor": [{}]},
     {"a": {"b": 1, "$lt": 1}}, {"$": 1}, {"a": {"$": 1}}],
    ids=str,
)  # fmt: skip
def test_what_is_no_query(query: dict[str, Any], text: bool) -> None:
    """What is not known is refused by its name, not passed over: DELETE would take all."""
    with pytest.raises(BadRequest) as caught:
        parse_query(query, text=text)

    assert caught.value.message


@pytest.mark.parametrize("query", [[], "x", 5, None])
def test_a_query_is_an_object(query: Any) -> None:
    """Sockets may send anything."""
    with pytest.raises(BadRequest):
        parse_query(query)


def test_a_field_with_dots_in_its_name() -> None:
    """It is found by its name, before anything below."""
    query = parse_query({"a.b": 1})

    assert query.matches({"a.b": 1, "a": {"b": 2}})
    assert query.matches({"a": {"b": 1}})


async def test_the_index_finds_what_a_walk_finds(values: Values) -> None:
    """By id and by run, whatever type the run has."""
    runs: list[Any] = ["5", 5, ["x", "y"], "x", {"x": 1}]
    await values.create([{"_id": "abcde"[n], "run": run} for n, run in enumerate(runs)])
    await values.create({"_id": "f"})
    await values.patch("f", {"run": "x"})
    await values.patch("d", {"run": None})

    def ids(query: dict[str, Any], text: bool) -> str:
        return "".join(record["_id"] for record in values.find(query, text=text))

    assert ids({"run": "5"}, True) == "ab"
    assert ids({"run": "5"}, False) == "a"
    assert ids({"run": 5}, False) == "b"
    assert ids({"run": "x"}, False) == "cf"
    assert ids({"run": {"$in": ["x", "5"]}}, False) == "acf"
    assert ids({"_id": {"$in": ["f", "a", "f", "zz"]}}, True) == "af"
    assert ids({"_id": "d", "run": "x"}, True) == ""
    assert ids({"run": "null"}, True) == "d"


# -- against a matcher that does it the slow and plain way --------------------------------------

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0, -2.0]),
                    st.sampled_from(["", "a", "b", "1", "true", "null", "0.5"]))  # fmt: skip
FIELDS = st.sampled_from(["a", "b", "c"])
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(FIELDS, SCALARS, max_size=2)
)
RECORDS = st.dictionaries(FIELDS, VALUES, max_size=3)
BOUNDS = st.one_of(st.integers(-3, 3), st.sampled_from(["", "a", "1", 0.5]))
OPERATORS = st.one_of(
    st.tuples(st.sampled_from(["$lt", "$lte", "$gt", "$gte"]), BOUNDS),
    st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(VALUES, max_size=4)),
    st.tuples(st.just("$ne"), VALUES),
    st.tuples(st.just("$exists"), st.booleans()),
).map(lambda pair: {pair[0]: pair[1]})
LEAVES = st.dictionaries(FIELDS, st.one_of(VALUES, OPERATORS), max_size=2)
QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$or": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$and": parts}),
        inner.map(lambda part: {"$not": part}),
    ),
    max_leaves=6,
)


def plain(value: Any) -> Any:
    """*value* with whole floats as integers, so that its JSON is unique."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and value == int(value) else value


def canonical(value: object) -> str:
    """JSON in which equal values are equal texts."""
    return json.dumps(plain(value), sort_keys=True)


def equal(value: Any, wanted: Any) -> bool:
    """Whether a field's value is *wanted*, itself or as one of its items."""
    options = [value, *(value if isinstance(value, list) else [])]
    return canonical(wanted) in [canonical(option) for option in options]


def holds(record: dict[str, Any], query: dict[str, Any]) -> bool:
    """Whether *record* matches, straight from the definition."""
    for key, wanted in query.items():
        if key == "$or":
            ok = any(holds(record, part) for part in wanted)
        elif key == "$and":
            ok = all(holds(record, part) for part in wanted)
        elif key == "$not":
            ok = not holds(record, wanted)
        else:
            ok = field_holds(record, key, wanted)
        if not ok:
            return False
    return True


def field_holds(record: dict[str, Any], field: str, wanted: Any) -> bool:
    """One field's condition."""
    value = record.get(field)
    if not (isinstance(wanted, dict) and any(key.startswith("$") for key in wanted)):
        return equal(value, wanted)
    (name, given_value), = wanted.items()  # fmt: skip
    if name == "$exists":
        return (field in record) == given_value
    if name == "$ne":
        return not equal(value, given_value)
    if name in ("$in", "$nin"):
        return any(equal(value, one) for one in given_value) == (name == "$in")
    options = [value, *(value if isinstance(value, list) else [])]
    return any(compares(option, name, given_value) for option in options)


def compares(value: Any, name: str, bound: Any) -> bool:
    """Numbers with numbers, texts with texts."""
    if isinstance(value, bool) or isinstance(value, str) != isinstance(bound, str):
        return False
    if not isinstance(value, str | int | float):
        return False
    less, same = value < bound, value == bound
    return {"$lt": less, "$lte": less or same, "$gt": not less and not same,
            "$gte": not less}[name]  # fmt: skip


@given(st.lists(RECORDS, max_size=6), QUERIES)
def test_any_query_finds_what_a_plain_matcher_finds(
    records: list[dict[str, Any]], query: dict[str, Any]
) -> None:
    """Equality, ranges, lists, truth values beside 1 and 0, nulls beside what is missing."""
    assert parse_query(query).pick(records) == [r for r in records if holds(r, query)]


@given(st.lists(st.dictionaries(FIELDS, st.integers(-2, 2), max_size=3), max_size=8),
       st.lists(st.tuples(FIELDS, st.sampled_from([1, -1])), max_size=3, unique_by=lambda p: p[0]),
       st.integers(0, 4), st.integers(0, 4))  # fmt: skip
def test_sorting_by_several_fields(
    records: list[dict[str, int]], order: list[tuple[str, int]], skip: int, limit: int
) -> None:
    """As a tuple of the fields would sort; what is missing comes first, equals stay in order."""

    def key(record: dict[str, int]) -> list[float]:
        return [way * record.get(name, -100) for name, way in order]

    picked = parse_query({"$sort": dict(order), "$skip": skip, "$limit": limit}).pick(records)

    assert picked == sorted(records, key=key)[skip : skip + limit]
