"""Entries on their way out: steps, pages, by ordinal, up to a step, spread over a series."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool

SECOND = 1_000_000


async def texts(
    server: RunningServer, xs: list[float], *, run: str | None = None, rank: int = 0,
    session: int = WALL_US,
) -> str:  # fmt: skip
    """The id of a TEXT channel with an entry a second at these x; the text is x."""
    spool = Spool(run, rank=rank, session=session, channels=())
    spool.event("channel", n=0, name="c", type="TEXT")
    for i, x in enumerate(xs):
        body = {"text": str(x), "format": "plain"}
        spool.event("entry", n=0, x=x, wall=session + (i + 1) * SECOND, body=body)
    await server.taken(spool.batch())
    return f"{spool.run}.0"


async def found(server: RunningServer, channel: str, **query: Any) -> list[str]:
    """The texts that a query finds."""
    items = (await server.get(f"/channels/{channel}/entries", **query))["items"]
    return [item["body"]["text"] for item in items]


async def test_steps_tell_where_entries_lie(server: RunningServer) -> None:
    """x and wall of every series; a session that was gone over again says from where on."""
    old = await texts(server, [0, 1, 2, 3])
    run = old.partition(".")[0]
    await texts(server, [2, 3.5], run=run, session=WALL_US + 100 * SECOND)

    steps = (await server.get(f"/channels/{old}/steps"))["series"]

    assert [(s["session"], s["rank"], s["superseded_from"]) for s in steps] == [
        (WALL_US, 0, 2), (WALL_US + 100 * SECOND, 0, None)
    ]  # fmt: skip
    assert [s["x"] for s in steps] == [[0, 1, 2, 3], [2, 3.5]]
    assert steps[0]["wall"] == [WALL_US + i * SECOND for i in (1, 2, 3, 4)]


async def test_entries_come_in_pages(server: RunningServer) -> None:
    """`next` leads through all of them once, and is null at the end."""
    channel, after, seen = await texts(server, list(range(250))), 0, list[str]()

    while after is not None:
        page = await server.get(f"/channels/{channel}/entries", after=after, limit=99)
        seen += [item["body"]["text"] for item in page["items"]]
        after = page["next"]

    assert seen == [str(x) for x in range(250)]
    assert len(await found(server, channel)) == 100


async def test_entries_by_their_ordinals(server: RunningServer) -> None:
    """Those that there are, in the order of the ordinals, each once."""
    channel = await texts(server, [10, 11, 12, 13])

    assert await found(server, channel, ordinals="3,0,3,99") == ["10", "13"]


@pytest.mark.parametrize(
    ("at", "text"),
    [(-1, []), (0, ["0"]), (4.9, ["0"]), (5, ["5"]), (7, ["again"]), (1e9, ["9"])],
)
async def test_the_entry_at_a_step(server: RunningServer, at: float, text: list[str]) -> None:
    """The one with the largest x up to it, the newest of equal ones; none before the first."""
    spool = Spool(channels=())
    spool.event("channel", n=0, name="c", type="TEXT")
    for x, words in ((0, "0"), (9, "9"), (5, "5"), (7, "7"), (7, "again")):
        body = {"text": words, "format": "plain"}
        spool.event("entry", n=0, x=x, wall=WALL_US, body=body)
    await server.taken(spool.batch())

    assert await found(server, f"{spool.run}.0", at=at) == text


async def test_each_series_has_its_entry_at_a_step(server: RunningServer) -> None:
    """Two ranks give two, which say whose they are."""
    channel = await texts(server, [0, 5])
    await texts(server, [1, 6], run=channel.partition(".")[0], rank=1)

    items = (await server.get(f"/channels/{channel}/entries", at=5))["items"]

    assert [(i["rank"], i["x"], i["ordinal"]) for i in items] == [(0, 5, 1), (1, 1, 0)]


@pytest.mark.parametrize(
    ("count", "px", "xs"),
    [(5, 10, [0, 1, 2, 3, 4]), (11, 3, [0, 5, 10]), (101, 5, [0, 25, 50, 75, 100]), (4, 1, [3]),
     (1, 5, [0])],
)  # fmt: skip
async def test_entries_spread_over_a_series(
    server: RunningServer, count: int, px: int, xs: list[int]
) -> None:
    """At most so many, evenly by place, with the first and the last."""
    channel = await texts(server, list(range(count)))

    assert await found(server, channel, px=px) == [str(x) for x in xs]


async def test_spread_entries_are_those_of_the_newest_sessions(server: RunningServer) -> None:
    """Of each rank, what an older session brought is left out."""
    channel = await texts(server, [0, 1])
    run = channel.partition(".")[0]
    await texts(server, [10], run=run, rank=1)
    await texts(server, [20, 21], run=run, session=WALL_US + 9 * SECOND)

    assert sorted(await found(server, channel, px=5)) == ["10", "20", "21"]


async def test_one_of_several_series_has_to_be_named(server: RunningServer) -> None:
    """By ordinal or page: 400 without a series; with one its entries alone."""
    channel = await texts(server, [0])
    await texts(server, [5], run=channel.partition(".")[0], rank=1)
    second = (await server.get(f"/channels/{channel}/steps"))["series"][1]["id"]
    path = f"/channels/{channel}/entries"

    assert (await server.refused("GET", path))[1]["field"] == "series"
    assert (await server.refused("GET", f"{path}?ordinals=0"))[1]["field"] == "series"
    assert (await server.refused("GET", f"{path}?series=99999"))[1]["field"] == "series"
    assert await found(server, channel, series=second) == ["5"]
    assert await found(server, channel, series=second, at=9) == ["5"]


@pytest.mark.parametrize(
    "query",
    ["ordinals=a", "ordinals=-1", "ordinals=1,,2", "ordinals=²", "ordinals=" + "1," * 1000 + "1",
     "at=NaN", "at=x", "px=0", "px=1001", "limit=0", "limit=1001", "after=-1", "px=2&at=1",
     "ordinals=1&px=2", "series=x", "colour=red"],
)  # fmt: skip
async def test_a_query_that_makes_no_sense_is_refused(server: RunningServer, query: str) -> None:
    """400 names what is wrong."""
    channel = await texts(server, [0])

    assert (await server.refused("GET", f"/channels/{channel}/entries?{query}"))[0] == 400


async def test_entries_of_numbers_and_points_of_texts(server: RunningServer) -> None:
    """400 on both sides, with where to ask instead."""
    text = await texts(server, [0])
    number = (await server.post({"run": "r", "channel": "c", "y": 1}))["channels"][0]

    for path in (f"{text}/points", f"{text}/raw", f"{number}/entries", f"{number}/steps"):
        status, error = await server.refused("GET", f"/channels/{path}")
        assert (path, status) == (path, 400)
        assert error["hint"].startswith("ask for its")


async def test_a_channel_without_entries(server: RunningServer) -> None:
    """Nothing is found in any form, and that is no error."""
    channel = await texts(server, [])

    for query in ({}, {"at": 1}, {"px": 5}, {"ordinals": "0"}):
        assert await found(server, channel, **query) == []
