"""What viewers hear of cells: which changed, not what they are."""

from __future__ import annotations

from typing import Any

from agnez_server.live.cellnews import MOST_CELLS, CellNews
from tests.server.running import RunningServer
from tests.server.watching import Watcher


def nothing() -> dict[str, Any]:
    """A message that tells nothing."""
    return {"changed": [], "removed": [], "arranged": []}


async def put(server: RunningServer, **record: Any) -> None:
    """A record, made or patched."""
    method, path = ("PATCH", f"/values/{record['_id']}")
    status, _ = await server.call(method, path, json=record)
    if status == 404:
        status, _ = await server.call("POST", "/values", json=record)
    assert status in (200, 201)


async def take_away(server: RunningServer, id: str) -> None:
    """Remove the record *id*."""
    assert (await server.call("DELETE", f"/values/{id}"))[0] == 200


async def watcher(server: RunningServer) -> Watcher:
    """A viewer who watches cells."""
    viewer = await server.viewer()
    assert await viewer.ask("watch_cells", {}) == {"ok": True}
    return viewer


# -- what is gathered ------------------------------------------------------------------------


def test_the_last_word_on_a_cell_counts() -> None:
    """Changed and removed is removed; removed and made again is changed, with its last run."""
    news = CellNews(0.05)
    news.note_changed("a", None)
    news.note_removed("a")
    news.note_removed("b")
    news.note_changed("b", "r")

    assert news.take(1.0) == {**nothing(), "changed": [{"id": "b", "run": "r"}], "removed": ["a"]}
    assert news.wait_s(9.0) is None


def test_cells_are_told_at_the_interval() -> None:
    """The first at once, what comes soon after when the interval is over, as one."""
    news = CellNews(0.5)
    news.note_arranged("home")
    assert news.wait_s(100.0) == 0
    news.take(100.0)

    news.note_changed("a", None)
    news.note_changed("a", None)
    news.note_arranged("home")

    assert news.wait_s(100.125) == 0.375
    assert news.wait_s(100.5) == 0
    told = {**nothing(), "changed": [{"id": "a", "run": None}], "arranged": ["home"]}
    assert news.take(100.5) == told


def test_a_viewer_who_does_not_read_costs_little() -> None:
    """Beyond so many cells it is only told that all may have changed."""
    news = CellNews(0.05)
    for i in range(MOST_CELLS + 5):
        news.note_changed(str(i), None)
    news.note_removed("0")

    assert news.take(1.0) == {**nothing(), "all": True}
    news.note_changed("1", None)
    assert news.take(2.0) == {**nothing(), "changed": [{"id": "1", "run": None}]}


# -- from the outside ------------------------------------------------------------------------


async def test_cells_are_told_to_those_who_watch(server: RunningServer) -> None:
    """Made, changed, removed, with the run that a record names; others hear nothing."""
    viewer, other = await watcher(server), await server.viewer()

    await put(server, _id="a", value="1", run="r")
    assert await viewer.cell_news() == {**nothing(), "changed": [{"id": "a", "run": "r"}]}
    await put(server, _id="a", value="1", run="r")  # what its address names may have changed
    assert await viewer.cell_news() == {**nothing(), "changed": [{"id": "a", "run": "r"}]}
    await put(server, _id="a", value="2", run=["no", "run"])
    assert await viewer.cell_news() == {**nothing(), "changed": [{"id": "a", "run": None}]}
    await take_away(server, "a")
    assert await viewer.cell_news() == {**nothing(), "removed": ["a"]}
    assert other.cells.empty()


async def test_an_arrangement_is_told(server: RunningServer) -> None:
    """By its place; the viewer who made it hears it too."""
    viewer = await watcher(server)

    await server.call("PUT", "/cells/arrangement", json={"columns": 3})

    assert await viewer.cell_news() == {**nothing(), "arranged": ["home"]}


async def test_many_changes_come_as_few_messages(start: Any) -> None:
    """A hundred changes within an interval are one message with the cells that changed."""
    async with start(frame_interval_s=1.0) as server:
        viewer = await watcher(server)
        await put(server, _id="first")
        await viewer.cell_news()

        for i in range(100):
            await put(server, _id=f"cell {i % 3}", step=i)

        told = await viewer.cell_news()
        assert [cell["id"] for cell in told["changed"]] == ["cell 0", "cell 1", "cell 2"]
        assert viewer.cells.empty()
