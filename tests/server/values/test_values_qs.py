"""Queries as texts: by hand-worked cases, and against the npm package that Feathers uses."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnez_server.errors import BadRequest
from agnez_server.values.qs import MAX_DEPTH, MAX_PARAMETERS, parse_qs


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", {}), ("&&", {}), ("a=1", {"a": "1"}), ("a", {"a": ""}), ("a=", {"a": ""}),
        ("a=1=2", {"a": "1=2"}), ("a=x&a=y", {"a": ["x", "y"]}), ("a[]=x", {"a": ["x"]}),
        ("a[]=x&a[]=y", {"a": ["x", "y"]}),
        ("a[0]=x&a[1]=y", {"a": ["x", "y"]}), ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
        ("a[7]=x&a[900]=y", {"a": ["x", "y"]}), ("a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        ("a[$in][0]=x", {"a": {"$in": ["x"]}}), ("a[$in][]=x", {"a": {"$in": ["x"]}}),
        ("a[$in]=x&a[$in]=y", {"a": {"$in": ["x", "y"]}}),
        ("%24sort%5Bpos%5D=-1", {"$sort": {"pos": "-1"}}), ("$limit=0", {"$limit": "0"}),
        ("$or[0][a]=1&$or[1][b][$lt]=2", {"$or": [{"a": "1"}, {"b": {"$lt": "2"}}]}),
        ("a+b=c+d", {"a b": "c d"}), ("a%2Bb=c%2Bd", {"a+b": "c+d"}),
        ("%C3%A9=%F0%9F%8D%8A", {"é": "🍊"}),
        ("a.b=1", {"a.b": "1"}), ("a[b.c]=1", {"a": {"b.c": "1"}}),
        ("a[b=c]=d", {"a": {"b=c": "d"}}),
        ("[a]=1", {"a": "1"}), ("0=x", {"0": "x"}), ("a[01]=x", {"a": {"01": "x"}}),
        ("a[-1]=x", {"a": {"-1": "x"}}), ("a[0]=x&a[b]=y", {"a": {"0": "x", "b": "y"}}),
        ("a]=1", {"a]": "1"}), ("a[b=1", {"a[b": "1"}), ("100%25=50%", {"100%": "50%"}),
        ("a=%26%3D%5B", {"a": "&=["}), ("a%00b=%00", {"a\0b": "\0"}),
    ],
    ids=repr,
)  # fmt: skip
def test_queries_as_texts(raw: str, expected: dict[str, Any]) -> None:
    """Brackets, lists, percent-encoding."""
    assert parse_qs(raw) == expected


def test_long_lists() -> None:
    """The package would make an object of a list beyond its 20th item."""
    raw = "&".join(f"a[$in][{n}]={n}" for n in reversed(range(500)))

    assert parse_qs(raw) == {"a": {"$in": [str(n) for n in range(500)]}}


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__class__"]
)
def test_names_that_mean_something_elsewhere(name: str) -> None:
    """They are names like others; the package drops some, and a query without them finds all."""
    assert parse_qs(f"{name}=x&a[{name}]=y&{name}[b]=z".rpartition("&")[0]) == {
        name: "x",
        "a": {name: "y"},
    }
    assert parse_qs(f"{name}[{name}][{name}]=1") == {name: {name: {name: "1"}}}


@pytest.mark.parametrize(
    "raw",
    ["=x", "a=1&=2", "a=x&a[]=y", "a=x&a[b]=y", "a[b]=y&a=x", "a[]=x&a[b]=y", "a[0]=x&a[]=y",
     "$or[][a]=1",
     "a[b]c=1", "a[b]c[d]=1", "a=%FF", "%C3=1", "a[b]]=1", "&".join(["a=1"] * (MAX_PARAMETERS + 1)),
     "a" + "[b]" * (MAX_DEPTH + 1) + "=1", "a" + "[b]" * 100_000 + "=1"],
    ids=lambda raw: raw[:20],
)  # fmt: skip
def test_what_could_mean_two_things(raw: str) -> None:
    """Refused, with words; nothing is dropped in silence."""
    with pytest.raises(BadRequest) as caught:
        parse_qs(raw)

    assert len(caught.value.message) < 300


# -- the package itself ----------------------------------------------------------------------

PACKAGES = Path(__file__).resolve().parents[2] / "feathers" / "package.json"
Ask = Callable[[str, object], Any]


@pytest.fixture(scope="module")
def qs() -> Iterator[Ask]:
    """Asks the package, which Feathers' own clients and servers use."""
    if shutil.which("node") is None or not (PACKAGES.parent / "node_modules" / "qs").is_dir():
        pytest.skip("the npm packages of tests/feathers are not installed")
    script = str(Path(__file__).with_name("qs.mjs"))
    with subprocess.Popen(
        ["node", script, str(PACKAGES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as node:
        assert node.stdin is not None and node.stdout is not None
        stdin, stdout = node.stdin, node.stdout

        def ask(what: str, given: object) -> Any:
            stdin.write(json.dumps([what, given]).encode() + b"\n")
            stdin.flush()
            return json.loads(stdout.readline())

        yield ask
        stdin.close()


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
NAMES = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="[]"), min_size=1, max_size=5
).filter(lambda name: not name.isdigit())
LEAVES = st.one_of(TEXTS, st.lists(TEXTS, min_size=1, max_size=30))
QUERIES = st.dictionaries(
    NAMES,
    st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.dictionaries(NAMES, inner, min_size=1, max_size=3),
            st.lists(st.dictionaries(NAMES, inner, min_size=1, max_size=2), min_size=1, max_size=3),
        ),
        max_leaves=5,
    ),
    max_size=3,
)


@given(query=QUERIES)
def test_what_the_package_writes_is_read(qs: Ask, query: dict[str, Any]) -> None:
    """A query as Feathers' clients write it comes back as it was."""
    assert parse_qs(qs("stringify", query)) == query


PIECES = st.sampled_from(["a", "b", "$in", "0", "1", "25", "é", "a.b", "x y", "01"])
KEYS = st.tuples(PIECES, st.lists(st.one_of(PIECES, st.just("")), max_size=3)).map(
    lambda key: key[0] + "".join(f"[{part}]" for part in key[1])
)
PAIRS = st.lists(st.tuples(KEYS, TEXTS), max_size=6)


@settings(max_examples=300)
@given(pairs=PAIRS, encoded=st.booleans())
def test_what_is_read_is_what_the_package_reads(
    qs: Ask, pairs: list[tuple[str, str]], encoded: bool
) -> None:
    """Whatever is not refused means the same there and here."""
    safe = "" if encoded else "[]$"
    raw = "&".join(f"{quote(key, safe=safe)}={quote(value, safe='')}" for key, value in pairs)
    try:
        found = parse_qs(raw)
    except BadRequest:
        return

    assert found == qs("parse", raw)
