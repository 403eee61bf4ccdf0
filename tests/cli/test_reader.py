"""Finding runs and channels by what people type, and taking long answers page by page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from agnez_client.reader import NotFoundError, Reader, StuckError
from agnez_client.transport import Response

FIRST, SECOND = "01K0000000000000000000000A", "01K1000000000000000000000B"


class FakeServer:
    """A server with some runs, the newest first, each with the same channels."""

    def __init__(self, *runs: tuple[str, str]) -> None:
        self.runs = [{"id": id, "name": name} for id, name in runs]
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.stuck = False

    url = "http://fake:3000"

    def request(self, method: str, path: str, *, query: Mapping[str, Any] | None) -> Response:
        """Answers as `docs/http-api.md` says."""
        self.asked.append((path, dict(query or {})))
        return Response(200, {}, json.dumps(self.answer(path, query or {})).encode())

    def answer(self, path: str, query: Mapping[str, Any]) -> Any:
        """The JSON for one question."""
        if path == "/runs":
            found = [r for r in self.runs if str(query.get("q", "")) in r["name"]]
            start = int(query["offset"])
            return {"items": found[start : start + int(query["limit"])]}
        if path.endswith("/channels"):
            run = path.split("/")[2]
            return {"items": [{"id": f"{run}.{i}", "name": n} for i, n in enumerate(["a", "b/c"])]}
        if path.endswith("/raw"):
            if self.stuck:
                return {"items": [], "next": "1-0"}
            start = int(query.get("cursor", 0))
            return {
                "items": [{"x": start}, {"x": start + 1}],
                "next": start + 2 if not start else None,
            }
        return next(r for r in self.runs if path == f"/runs/{r['id']}")


def test_a_name_means_its_newest_run() -> None:
    """Of two runs with one name the newer answers, and a longer name is another name."""
    reader = Reader(FakeServer((SECOND, "mine too"), (FIRST, "mine"), ("01J", "mine")))

    assert reader.run("mine")["id"] == FIRST


def test_an_id_is_asked_for_directly() -> None:
    """A whole id, in lower case too, costs one request."""
    door = FakeServer((FIRST, "mine"))

    assert Reader(door).run(FIRST.lower())["name"] == "mine"
    assert [path for path, _ in door.asked] == [f"/runs/{FIRST}"]


def test_the_beginning_of_an_id_is_enough() -> None:
    """An id may be cut as long as one run is meant."""
    reader = Reader(FakeServer((SECOND, "b"), (FIRST, "a")))

    assert reader.run("01k0")["id"] == FIRST


def test_an_ambiguous_beginning_names_the_candidates() -> None:
    """Where several runs are meant the error lists them."""
    reader = Reader(FakeServer((SECOND, "b"), (FIRST, "a")))

    with pytest.raises(NotFoundError, match=f"{SECOND}.*{FIRST}"):
        reader.run("01K")


@pytest.mark.parametrize("text", ["nobody", ""])
def test_an_unknown_run_is_an_error_that_says_how_to_find_one(text: str) -> None:
    """Nothing found is told, with the verb that lists what there is."""
    with pytest.raises(NotFoundError, match="agnez runs"):
        Reader(FakeServer((FIRST, "a"))).run(text)


def test_a_channel_is_named_by_run_and_name() -> None:
    """What stands behind the first slash is the channel's name, slashes in it included."""
    assert Reader(FakeServer((FIRST, "mine"))).channel("mine/b/c")["id"] == f"{FIRST}.1"


def test_an_unknown_channel_names_those_there_are() -> None:
    """The error lists the channels of the run."""
    with pytest.raises(NotFoundError, match="'a', 'b/c'"):
        Reader(FakeServer((FIRST, "mine"))).channel("mine/nothing")


def test_a_text_that_is_no_channel_is_refused_without_asking() -> None:
    """Without a slash and without an id's shape the server is not bothered."""
    door = FakeServer()

    with pytest.raises(NotFoundError, match="neither"):
        Reader(door).channel("loss")
    assert door.asked == []


def test_runs_are_taken_page_by_page() -> None:
    """More runs than one answer holds all come, each once, and the limit is kept."""
    door = FakeServer(*((f"{i:026}", "r") for i in range(2500)))
    reader = Reader(door)

    assert [r["id"] for r in reader.runs()] == [f"{i:026}" for i in range(2500)]
    assert len(list(reader.runs(limit=1001))) == 1001


def test_rows_follow_the_cursor() -> None:
    """Every page of raw points is asked for until there is none."""
    assert [r["x"] for r in Reader(FakeServer()).rows("c")] == [0, 1, 2, 3]


def test_a_page_that_leads_to_itself_is_an_error() -> None:
    """A cursor that doesn't move would be followed for ever; the message says what may help."""
    door = FakeServer()
    door.stuck = True

    with pytest.raises(StuckError, match="agnez doctor"):
        list(Reader(door).rows("c"))

    assert len(door.asked) == 2
