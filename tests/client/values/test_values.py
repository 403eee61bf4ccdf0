"""The client of `/values` against a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest

from agnez_client import AgnezError, TransportError, Values
from agnez_client.values.errors import (
    BadRequest,
    Conflict,
    NotFound,
    TooManyRequests,
    Unavailable,
    refusal,
)

HELLO = {"name": "hello", "type": "html", "value": "<b>1</b>", "pos": 0}


def test_a_document_comes_back(values: Values) -> None:
    """What `create` returns is what `get` finds, with an `_id` more than was sent."""
    made = values.create(HELLO)

    assert made == {**HELLO, "_id": made["_id"]}
    assert values.get(made["_id"]) == made


def test_several_are_made_in_order(values: Values) -> None:
    """A list gives a list."""
    made = values.create([{"n": 1}, {"n": 2}])

    assert [r["n"] for r in made] == [1, 2]
    assert values.create([]) == []


def test_patch_merges_and_update_replaces(values: Values) -> None:
    """A patch leaves other fields as they are, an update does not."""
    id = values.create(HELLO)["_id"]

    assert values.patch(id, {"value": "2"}) == {**HELLO, "value": "2", "_id": id}
    assert values.update(id, {"name": "bare"}) == {"name": "bare", "_id": id}


def test_find_takes_conditions(values: Values) -> None:
    """Operators and fields to be equal, together."""
    values.create([{"name": n, "pos": i} for i, n in enumerate("abca")])

    assert [r["pos"] for r in values.find({"$sort": {"pos": -1}}, name="a")] == [3, 0]
    assert [r["name"] for r in values.find({"pos": {"$in": [1, 2]}, "$sort": {"pos": 1}})] == [
        "b",
        "c",
    ]
    assert values.find({"name": {"$in": []}}) == []
    assert len(values.find()) == 4
    assert len(values.find({"$or": [{"name": "b"}, {"pos": {"$gt": 2}}]})) == 2


def test_a_query_that_fits_in_no_url_is_said(values: Values) -> None:
    """Some hundred ids do not fit; nothing is asked."""
    with pytest.raises(BadRequest, match="ask in parts"):
        values.find({"_id": {"$in": ["x" * 16] * 500}})


def test_get_chooses_fields(values: Values) -> None:
    """`$select` keeps the `_id` and what it names."""
    id = values.create(HELLO)["_id"]

    assert values.get(id, {"$select": ["pos"]}) == {"_id": id, "pos": 0}


def test_many_are_patched_and_removed_by_a_query(values: Values) -> None:
    """A query in the place of an id changes all that match, and nothing else."""
    values.create([{"name": "a", "n": 1}, {"name": "a", "n": 2}, {"name": "b", "n": 3}])

    assert len(values.patch({"name": "a"}, {"done": True})) == 2
    assert [r["name"] for r in values.find(done=True)] == ["a", "a"]
    assert values.remove({"n": {"$in": []}}) == []
    assert len(values.remove({"name": "a"})) == 2
    assert [r["n"] for r in values.find()] == [3]


@pytest.mark.parametrize("query", [None, {}, {"name": {"$nin": []}}])
def test_everything_has_to_be_said(values: Values, query: Any) -> None:
    """Without an id or a query nothing is removed or patched, unless it is said."""
    values.create(HELLO)

    with pytest.raises(BadRequest, match="everything=True"):
        values.remove(query)
    with pytest.raises(BadRequest, match="everything=True"):
        values.patch(query, {"a": 1})
    assert len(values.find()) == 1
    assert len(values.remove(everything=True)) == 1


def test_what_is_not_there_is_not_found(values: Values) -> None:
    """The error is named by what happened and carries the server's words."""
    with pytest.raises(NotFound, match="No record found") as caught:
        values.get("nobody")

    assert caught.value.code == 404
    assert isinstance(caught.value, AgnezError | LookupError)


def test_an_id_is_given_once(values: Values) -> None:
    """A second document with the same `_id` is refused."""
    values.create({"_id": "mine"})

    with pytest.raises(Conflict):
        values.create({"_id": "mine"})


@pytest.mark.parametrize("id", ["", ".", "..", None, 3])
def test_what_is_no_id_is_refused(values: Values, id: Any) -> None:
    """An id never becomes another path."""
    with pytest.raises(BadRequest, match="id"):
        values.get(id)


def test_an_id_with_odd_characters_stays_an_id(values: Values) -> None:
    """A slash or a question mark in an id is not a path or a query."""
    with pytest.raises((NotFound, BadRequest)):
        values.get("a/../b?c#d")


@pytest.mark.parametrize("data", [{"a": float("nan")}, {"a": object()}, {"a": {1, 2}}, "text", 3])
def test_what_is_no_json_is_refused_here(values: Values, data: Any) -> None:
    """Nothing is sent that the server could not keep as it is."""
    with pytest.raises(BadRequest, match="the document"):
        values.create(data)


def test_numbers_of_numpy_are_numbers(values: Values) -> None:
    """Scalars and arrays of numpy travel as JSON has them."""
    made = values.create({"n": np.float32(0.5), "list": np.arange(3)})

    assert (made["n"], made["list"]) == (0.5, [0, 1, 2])


def test_nobody_at_the_address_is_said() -> None:
    """An absent server is a TransportError that says so."""
    with pytest.raises(TransportError, match=r"does not answer.*agnez up") as caught:
        Values("http://127.0.0.1:1").find()

    assert caught.value.refused


def test_without_an_address_the_way_to_one_is_told() -> None:
    """No url, no AGNEZ_URL and no server of this user."""
    with pytest.raises(TransportError, match="agnez up"):
        Values()


class Moody(BaseHTTPRequestHandler):
    """Answers what its server's list says, a request each."""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server: Any = self.server
        server.asked.append(self.command)
        status = server.moods.pop(0)
        if status is None:
            self.close_connection = True
            self.connection.shutdown(2)
            return
        body = json.dumps({"ok": True}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def moody() -> Iterator[Any]:
    """A server whose list `moods` says what it answers; None hangs up."""
    server: Any = HTTPServer(("127.0.0.1", 0), Moody)
    server.moods, server.asked = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_may_be_done_twice_is_tried_again(moody: Any) -> None:
    """A patch whose answer got lost is sent again; so is any call that was put off."""
    values = Values(f"http://127.0.0.1:{moody.server_port}")
    moody.moods = [None, 503, 200, 429, 200]

    assert values.patch("a", {"b": 1}) == {"ok": True}
    assert values.create({"b": 1}) == {"ok": True}
    assert moody.asked == ["PATCH"] * 3 + ["POST"] * 2


def test_what_may_not_be_done_twice_is_not(moody: Any) -> None:
    """A create whose answer got lost may have happened."""
    values = Values(f"http://127.0.0.1:{moody.server_port}")
    moody.moods = [None, 200]

    with pytest.raises(TransportError):
        values.create({"b": 1})
    assert moody.asked == ["POST"]


def test_refusals_have_the_name_of_what_happened() -> None:
    """Feathers' errors and those of our API are read, and an answer of something else is said."""
    feathers = json.dumps({"name": "BadRequest", "message": "no", "errors": {"a": "b"}}).encode()
    ours = json.dumps({"error": {"code": "busy", "message": "later", "hint": "wait"}}).encode()

    assert refusal("http://x", 400, feathers).errors == {"a": "b"}
    assert str(refusal("http://x", 503, ours)) == "later: wait"
    assert isinstance(refusal("http://x", 503, ours), Unavailable)
    assert isinstance(refusal("http://x", 429, b"[]"), TooManyRequests)
    assert "is it an Agnez server?" in str(refusal("http://x", 418, b"<html>"))
