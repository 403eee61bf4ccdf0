"""Console output of a run over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from agnez_client.protocol import MAX_LINE_LENGTH
from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool


def say(spool: Spool, first: int, *lines: str, stream: str = "stdout") -> None:
    """Write lines of output, numbered from *first* on."""
    walls = [WALL_US + first + i for i in range(len(lines))]
    spool.event("console", stream=stream, first=first, lines=list(lines), walls=walls)


async def console(server: RunningServer, run: str, **query: Any) -> list[str]:
    """The lines that a query finds."""
    items = (await server.get(f"/runs/{run}/console", **query))["items"]
    return [line["text"] for line in items]


async def talkative(server: RunningServer, count: int) -> str:
    """A run with so many lines, ``line 0`` and so on."""
    spool = Spool()
    say(spool, 0, *(f"line {i}" for i in range(count)))
    await server.taken(spool.batch())
    return spool.run


async def test_lines_come_back(server: RunningServer) -> None:
    """With number, time and stream; a line that is told again takes its place."""
    spool = Spool()
    say(spool, 0, "0 %", "done")
    say(spool, 2, "oops", stream="stderr")
    say(spool, 0, "100 %")
    await server.taken(spool.batch())

    answer = await server.get(f"/runs/{spool.run}/console")

    assert [(i["number"], i["stream"], i["text"]) for i in answer["items"]] == [
        (0, "stdout", "100 %"), (1, "stdout", "done"), (2, "stderr", "oops")
    ]  # fmt: skip
    assert answer["items"][1]["wall"] == WALL_US + 1
    assert (answer["next"], answer["total"]) == (None, 3)
    assert answer["writers"] == [{"session": WALL_US, "rank": 0, "lines": 3}]


async def test_lines_come_in_pages(server: RunningServer) -> None:
    """`next` leads on, and is null at the end."""
    run = await talkative(server, 25)
    first, seen = 0, list[str]()

    while first is not None:
        page = await server.get(f"/runs/{run}/console", first=first, limit=10)
        seen += [line["text"] for line in page["items"]]
        first = page["next"]

    assert seen == [f"line {i}" for i in range(25)]
    assert await console(server, run, last=3) == ["line 22", "line 23", "line 24"]
    assert len(await console(server, run, last=100)) == 25


async def test_the_end_is_found_where_numbers_are_missing(server: RunningServer) -> None:
    """Lines that never came leave a gap; the last ones are still the last ones."""
    spool = Spool()
    say(spool, 0, "a")
    say(spool, 50_000, "b", "c")
    await server.taken(spool.batch())

    assert await console(server, spool.run, last=2) == ["b", "c"]


async def test_lines_are_searched(server: RunningServer) -> None:
    """Whatever the case, by page; nothing in the words has a meaning of its own."""
    spool = Spool()
    say(spool, 0, "Loss 1", "acc", "LOSS 2", "100%", "loss 3")
    await server.taken(spool.batch())

    assert await console(server, spool.run, find="loss") == ["Loss 1", "LOSS 2", "loss 3"]
    page = await server.get(f"/runs/{spool.run}/console", find="loss", limit=2)
    assert page["next"] == 4
    assert await console(server, spool.run, find="0%") == ["100%"]
    assert await console(server, spool.run, find="l_ss") == []
    assert await console(server, spool.run, find="l_ss" * 9) == []


async def test_each_process_has_its_own_output(server: RunningServer) -> None:
    """The first writer's, unless session or rank is told."""
    first = Spool(session=100)
    second = Spool(first.run, session=200, rank=1)
    say(first, 0, "from 0")
    say(second, 0, "from 1")
    for spool in (first, second):
        await server.taken(spool.batch())

    assert await console(server, first.run) == ["from 0"]
    assert await console(server, first.run, rank=1) == ["from 1"]
    assert await console(server, first.run, session=200) == ["from 1"]
    assert await console(server, first.run, rank=7) == []


async def test_all_of_it_is_downloaded(server: RunningServer) -> None:
    """As a plain text that is saved, never shown as a page."""
    run = await talkative(server, 5001)

    async with server.http.get(f"{server.api}/runs/{run}/console?format=text") as answer:
        text = await answer.text()

    assert text.splitlines() == [f"line {i}" for i in range(5001)]
    assert answer.content_type == "text/plain"
    assert answer.headers["Content-Disposition"].startswith("attachment;")


async def test_a_run_without_output(server: RunningServer) -> None:
    """Empty in every form."""
    run = await server.new_run()

    answer = await server.get(f"/runs/{run}/console")

    assert answer == {"items": [], "next": None, "total": 0, "writers": []}
    assert await server.call("GET", f"/runs/{run}/console?format=text") == (200, None)
    assert await console(server, run, last=5) == []


async def test_a_long_line_is_cut(server: RunningServer) -> None:
    """At the limit of the protocol; whatever else stands in it stays."""
    spool = Spool()
    say(spool, 0, "x" * 10_000, "<script>\x1b[31m\x00\r")
    await server.taken(spool.batch())

    assert await console(server, spool.run) == ["x" * MAX_LINE_LENGTH, "<script>\x1b[31m\x00\r"]


@pytest.mark.parametrize(
    "fields",
    [{"stream": "stdin"}, {"first": -1}, {"first": 2**62}, {"lines": "x"}, {"lines": []},
     {"lines": [1]}, {"lines": ["a\nb"]}, {"walls": []}, {"walls": ["now"]}, {"walls": None},
     {"lines": ["x"] * 10_001, "walls": [1] * 10_001}],
)  # fmt: skip
async def test_output_that_makes_no_sense_is_refused(
    server: RunningServer, fields: dict[str, Any]
) -> None:
    """It is refused alone."""
    spool = Spool()
    good = {"stream": "stdout", "first": 0, "lines": ["x"], "walls": [WALL_US]}
    spool.event("console", **{**good, **fields})
    spool.event("console", **good)

    answer = await server.taken(spool.batch())

    assert [r["event"] for r in answer["refused"]] == [2]
    assert await console(server, spool.run) == ["x"]


@pytest.mark.parametrize(
    "query",
    ["last=0", "last=10001", "limit=0", "limit=10001", "first=-1", "rank=x", "format=html",
     "last=5&first=2", "last=5&find=x", "find=" + "x" * 1001],
)  # fmt: skip
async def test_a_query_that_makes_no_sense_is_refused(server: RunningServer, query: str) -> None:
    """400 names what is wrong."""
    run = await talkative(server, 1)

    assert (await server.refused("GET", f"/runs/{run}/console?{query}"))[0] == 400
