"""Points out: views for a plot, pages of every point, JSON, binary and CSV alike."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import Any

import numpy as np
import pytest

from tests.server.running import RunningServer
from tests.server.spools import Spool, records

N = 20_000


async def many(server: RunningServer, n: int = N, *, session: int = 1) -> str:
    """A channel with *n* noisy points and one spike in the middle."""
    spool = Spool(session=session)
    y = np.random.default_rng(7).normal(size=n)
    y[n // 2] = 1000.0
    spool.write(records(y.tolist()))
    await server.taken(spool.batch())
    return f"{spool.run}.0"


async def test_few_points_are_all_there(server: RunningServer) -> None:
    """A view of less than four points a pixel holds every point, in the order of x."""
    channel = (await server.post({"run": "r", "channel": "c", "x": [3, 1, 2], "y": [30, 10, 20]}))[
        "channels"
    ][0]

    view = await server.get(f"/channels/{channel}/points")

    assert view["exact"] is True
    assert (view["x"], view["y"]) == ([1, 2, 3], [10, 20, 30])
    (series,) = view["series"]
    assert (series["offset"], series["length"], series["total"], series["exact"]) == (0, 3, 3, True)
    assert (view["channel"], view["name"], view["axis"]) == (channel, "c", "x")


async def test_many_points_are_the_extremes_of_each_pixel(server: RunningServer) -> None:
    """More than four a pixel become first, last, min and max of each column: no spike lost."""
    channel = await many(server)

    view = await server.get(f"/channels/{channel}/points", px=100)

    assert view["exact"] is False
    assert 100 <= len(view["x"]) <= 400
    assert view["series"][0]["total"] == N
    assert max(view["y"]) == 1000.0
    assert (view["x"][0], view["x"][-1]) == (0, N - 1)


async def test_a_range_is_inclusive(server: RunningServer) -> None:
    """Both bounds belong to the range, and either may be missing."""
    channel = await many(server, 100)

    async def xs(**query: Any) -> list[float]:
        return list((await server.get(f"/channels/{channel}/points", **query))["x"])

    assert await xs(x0=10, x1=12) == [10, 11, 12]
    assert await xs(x0=98) == [98, 99]
    assert await xs(x1=1.5) == [0, 1]
    assert await xs(x0=1000) == []


async def test_a_zoomed_view_is_exact_again(server: RunningServer) -> None:
    """Inside a range with few points all of them come, the spike among them."""
    channel = await many(server)

    view = await server.get(f"/channels/{channel}/points", px=100, x0=N // 2 - 100, x1=N // 2 + 100)

    assert view["exact"] is True
    assert view["x"] == list(range(N // 2 - 100, N // 2 + 101))
    assert view["y"][100] == 1000.0


async def test_the_axis_may_be_wall_time(server: RunningServer) -> None:
    """With axis=wall the range and the order are those of the wall time."""
    body = {"run": "r", "channel": "c", "x": [1, 2, 3], "y": [1, 2, 3], "wall": [300, 100, 200]}
    channel = (await server.post(body))["channels"][0]

    view = await server.get(f"/channels/{channel}/points", axis="wall", x0=100, x1=200)

    assert (view["axis"], view["wall"], view["x"]) == ("wall", [100, 200], [2, 3])


async def test_binary_says_what_json_says(server: RunningServer) -> None:
    """The same view in both forms, decimated and not, NaN and infinity included."""
    channel = await many(server, 3000)
    await server.post({"run": channel[:26], "channel": "odd", "y": ["NaN", 1, "-Infinity"]})

    for id, px in ((channel, 100), (channel, 10_000), (f"{channel[:26]}.1", 100)):
        view = await server.get(f"/channels/{id}/points", px=px)
        (block,) = await server.blocks(id, px=px)

        assert block.x.tolist() == view["x"]
        np.testing.assert_array_equal(block.y, [float(y) for y in view["y"]])
        assert block.wall.tolist() == view["wall"]
        (series,) = view["series"]
        assert (block.series, block.end, block.exact) == (
            series["id"], series["total"], series["exact"]
        )  # fmt: skip


async def test_each_session_is_a_series(server: RunningServer) -> None:
    """Two sessions are two slices of the columns, and can be asked for alone."""
    first = Spool(session=100)
    first.send(1, 2)
    second = Spool(first.run, session=200, rank=1)
    second.send(3)
    await server.taken(first.batch())
    await server.taken(second.batch())
    channel = f"{first.run}.0"

    view = await server.get(f"/channels/{channel}/points")

    assert [(s["session"], s["rank"], s["offset"], s["length"]) for s in view["series"]] == [
        (100, 0, 0, 2), (200, 1, 2, 1)
    ]  # fmt: skip
    assert view["y"] == [1, 2, 3]
    assert (await server.get(f"/channels/{channel}/points", session=200))["y"] == [3]
    assert (await server.get(f"/channels/{channel}/points", rank=0))["y"] == [1, 2]
    assert (await server.get(f"/channels/{channel}/points", session=7))["y"] == []


@pytest.mark.parametrize(
    "query",
    ["x0=nan", "x1=inf", "x0=one", "x0=1_0", "x0=٣", "px=0", "px=10001", "px=1.5", "axis=z",
     "rank=-1", "session=x", "x0=2&x1=1", "x0=1e999"],
)  # fmt: skip
async def test_a_view_that_makes_no_sense_is_refused(server: RunningServer, query: str) -> None:
    """The parameter is named."""
    channel = await many(server, 10)

    status, error = await server.refused("GET", f"/channels/{channel}/points?{query}")

    assert (status, error["field"]) == (400, query.partition("=")[0])


async def test_a_huge_x_is_exact_on_the_way_out(server: RunningServer) -> None:
    """int64 beyond 2^53 keeps its last digit in JSON, and in the bounds of a range."""
    xs = [2**60, 2**60 + 1, 2**60 + 2, 2**63 - 1]
    channel = (await server.post({"run": "r", "channel": "c", "x": xs, "y": [0, 1, 2, 3]}))[
        "channels"
    ][0]

    assert (await server.get(f"/channels/{channel}/points"))["x"] == xs
    inside = await server.get(f"/channels/{channel}/points", x0=2**60 + 1, x1=2**60 + 2)
    assert inside["y"] == [1, 2]


async def test_raw_pages_hold_everything_once(server: RunningServer) -> None:
    """The cursor walks over every point of every session, in the order sent."""
    first = Spool(session=100)
    first.send(*range(10))
    second = Spool(first.run, session=200)
    second.send(*range(100, 105))
    for spool in (first, second):
        await server.taken(spool.batch())
    found, cursor = list[tuple[int, int, float]](), None

    for _ in range(100):
        query = {"limit": 4} if cursor is None else {"limit": 4, "cursor": cursor}
        page = await server.get(f"/channels/{first.run}.0/raw", **query)
        assert len(page["items"]) <= 4
        found += [(p["session"], p["ordinal"], p["y"]) for p in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert found == [(100, i, i) for i in range(10)] + [(200, i, 100 + i) for i in range(5)]


@pytest.mark.parametrize("limit", [1, 5, 10, 11, 100])
async def test_the_last_page_is_the_last(server: RunningServer, limit: int) -> None:
    """No page but the first of an empty channel is empty."""
    channel = await many(server, 10)
    cursor, sizes = None, list[int]()

    while True:
        query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        page = await server.get(f"/channels/{channel}/raw", **query)
        sizes.append(len(page["items"]))
        cursor = page["next"]
        if cursor is None:
            break

    assert sum(sizes) == 10
    assert 0 not in sizes


async def test_csv_pages_join_to_one_file(server: RunningServer) -> None:
    """The first page has the header; Link leads to the next; together they are every point."""
    channel = await many(server, 25)
    await server.post({"run": channel[:26], "channel": "loss", "x": 99, "y": "NaN"})
    url: str | None = f"{server.api}/channels/{channel}/raw?format=csv&limit=10"
    text = ""

    while url is not None:
        async with server.http.get(url) as answer:
            assert answer.content_type == "text/csv"
            text += await answer.text()
            link = answer.headers.get("Link")
            found = re.fullmatch(r'<(\S+)>; rel="next"', link) if link else None
            url = server.root + found.group(1) if found else None

    rows = list(csv.DictReader(io.StringIO(text)))
    items = (await server.get(f"/channels/{channel}/raw"))["items"]
    assert list(rows[0]) == ["session", "rank", "ordinal", "x", "y", "wall"]
    assert len(rows) == len(items) == 26
    for row, item in zip(rows, items, strict=True):
        assert int(row["wall"]) == item["wall"]
        assert float(row["y"]) == float(item["y"]) or math.isnan(float(row["y"]))


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "1", "-", "1-", "-1", "1--1", "999-0", "1-²", "1-9999999999999999999", "a-b"],
)
async def test_a_made_up_cursor_is_refused(server: RunningServer, cursor: str) -> None:
    """A cursor is what an answer gave."""
    channel = await many(server, 10)

    status, error = await server.refused("GET", f"/channels/{channel}/raw?cursor={cursor}")

    assert (status, error["field"]) == (400, "cursor")


@pytest.mark.parametrize("query", ["format=xml", "limit=0", "limit=100001", "limit=x"])
async def test_a_page_that_makes_no_sense_is_refused(server: RunningServer, query: str) -> None:
    """The parameter is named."""
    channel = await many(server, 10)

    status, error = await server.refused("GET", f"/channels/{channel}/raw?{query}")

    assert (status, error["field"]) == (400, query.partition("=")[0])


async def test_a_channel_without_points(server: RunningServer) -> None:
    """Empty columns are an answer, not an error."""
    spool = Spool()
    await server.taken(spool.batch())
    channel = f"{spool.run}.0"

    view = await server.get(f"/channels/{channel}/points")
    raw = await server.get(f"/channels/{channel}/raw")

    assert (view["x"], view["y"], view["exact"]) == ([], [], True)
    assert raw == {"items": [], "next": None}
    assert (await server.get(f"/channels/{channel}"))["last"] is None


async def test_csv_without_a_limit_is_the_whole_channel(server: RunningServer) -> None:
    """One file with every point, however many, under a name that a file system can bear."""
    channel = await many(server, 45_000)

    async with server.http.get(f"{server.api}/channels/{channel}/raw?format=csv") as answer:
        text = await answer.text()

    rows = text.splitlines()
    assert len(rows) == 45_001
    assert rows[0] == "session,rank,ordinal,x,y,wall"
    assert [row.split(",")[2] for row in rows[1:]] == [str(n) for n in range(45_000)]
    named = re.match(r'attachment; filename="[\w.-]+\.csv";', answer.headers["Content-Disposition"])
    assert named is not None


async def test_a_query_parameter_that_nobody_reads_is_refused(server: RunningServer) -> None:
    """A typing error is told, and does not answer everything."""
    channel = await many(server, 1)

    status, error = await server.refused("GET", f"/channels/{channel}/points?x_0=5")

    assert status == 400
    assert "'x_0'" in error["message"] and "x0" in error["hint"]
