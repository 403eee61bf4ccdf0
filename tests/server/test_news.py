"""What viewers hear of new entries and console output."""

from __future__ import annotations

from agnez_server.live.news import NEWS_INTERVAL_S, News
from tests.server.running import RunningServer
from tests.server.spools import Spool


def test_the_first_news_is_told_at_once() -> None:
    """A viewer who heard nothing yet does not wait."""
    news = News()
    news.note("run", [3])

    assert news.wait_s(100.0) == 0
    assert news.take(100.0) == [("run", [3], False)]
    assert news.wait_s(100.0) is None


def test_news_that_come_soon_after_are_one() -> None:
    """Twice a second at most, and what came meanwhile is merged by run."""
    news = News()
    news.note("a", [1])
    news.take(100.0)

    news.note("a", [2, 1])
    news.note("b", [], console=True)
    news.note("a", [9])

    assert news.wait_s(100.125) == NEWS_INTERVAL_S - 0.125
    assert news.wait_s(101.0) == 0
    assert news.take(101.0) == [("a", [1, 2, 9], False), ("b", [], True)]


def test_a_run_that_is_not_followed_any_more_has_no_news() -> None:
    """What waited to be told of it goes."""
    news = News()
    news.note("run", [1], console=True)

    news.forget("run")

    assert news.wait_s(0.0) is None


async def test_channels_of_entries_can_t_be_watched(server: RunningServer) -> None:
    """Frames hold numbers only; the refusal says where entries are told."""
    spool = Spool()
    spool.event("channel", n=1, name="notes", type="TEXT")
    spool.send(1.0)
    await server.taken(spool.batch())
    viewer = await server.viewer()

    error = await viewer.refused("watch", {"run": spool.run, "channels": {"1": {}}})

    assert error["code"] == "bad_request"
    assert "TEXT" in error["message"] and "news" in error["hint"]


# -- from the outside ------------------------------------------------------------------------


async def test_new_entries_and_lines_are_told_to_those_who_follow(server: RunningServer) -> None:
    """Channels by number, and whether there is console output; others hear nothing."""
    spool = Spool()
    spool.event("channel", n=1, name="notes", type="TEXT")
    await server.taken(spool.batch())
    follower, other = await server.viewer(), await server.viewer()
    await follower.watch(spool.run, {})
    at = len(spool.events)

    spool.event("entry", n=1, x=0, wall=spool.session, body={"text": "hi", "format": "plain"})
    await server.taken(spool.batch(first_event=at))
    assert await follower.news() == {"run": spool.run, "channels": [1], "console": False}

    spool.event("console", stream="stdout", first=0, lines=["begun"], walls=[spool.session])
    await server.taken(spool.batch(first_event=at + 1))
    assert await follower.news() == {"run": spool.run, "channels": [], "console": True}
    assert other.told.empty()
