"""The step slider of charts of entries: it follows, it stays, it knows sessions and other runs."""

from __future__ import annotations

from tests.browser.conftest import Site
from tests.browser.entries import Entries, card, stands_at
from tests.server.spools import WALL_US, Spool


async def text(entries: Entries, x: float, words: str) -> None:
    """A text at *x*."""
    await entries.send("note", "TEXT", x, {"text": words, "format": "plain"})


async def test_the_newest_entry_is_followed_until_the_reader_moves(site: Site) -> None:
    """What is sent appears; at an older step the reader stays there; Newest goes on."""
    entries = Entries(site)
    await text(entries, 1, "one")
    await text(entries, 2, "two")
    page = await entries.open()
    note = card(page, "note")
    await note.get_by_text("two").wait_for()

    await text(entries, 3, "three")
    await note.get_by_text("three").wait_for()
    await note.get_by_role("slider").press("Home")
    await note.get_by_text("one", exact=True).wait_for()
    await text(entries, 4, "four")
    await stands_at(page, "note", 1, places=4)

    await note.get_by_role("button", name="Newest").click()
    await note.get_by_text("four").wait_for()


async def test_playing_shows_one_step_after_the_other(site: Site) -> None:
    """From the first to the last, where it ends and stays."""
    entries = Entries(site)
    for x in range(3):
        await text(entries, x, f"text {x}")
    page = await entries.open()
    note = card(page, "note")
    await note.get_by_text("text 2").wait_for()
    await page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => window.seen.push(
            document.querySelector(".text-view").textContent)).observe(
            document.querySelector(".text-view"), { childList: true }); }"""
    )

    await note.get_by_role("button", name="Play the steps").click()

    await page.wait_for_function("() => window.seen.join() === 'text 0,text 1,text 2'")
    await note.get_by_role("button", name="Play the steps").wait_for()


async def test_what_a_resumed_run_superseded_can_be_reached(site: Site) -> None:
    """Its own places on the slider, once asked for, and marked."""
    old = Spool(channels=())
    old.event("channel", n=0, name="note", type="TEXT")
    new = Spool(old.run, session=WALL_US + 10**9, channels=())
    new.event("channel", n=0, name="note", type="TEXT")
    for spool, xs, name in ((old, (0, 10, 20), "old"), (new, (10, 20), "new")):
        for i, x in enumerate(xs):
            wall = spool.session + i * 10**6
            body = {"text": f"{name} {x}", "format": "plain"}
            spool.event("entry", n=0, x=x, wall=wall, body=body)
        await site.ingest(spool.batch())
    page = await site.open(f"/runs/{old.run}#media")
    note = card(page, "note")
    await note.get_by_text("new 20").wait_for()
    await stands_at(page, "note", 20, places=3)

    await note.get_by_role("button", name="Earlier sessions").click()
    await stands_at(page, "note", 20, places=5)
    await note.get_by_role("slider").press("ArrowLeft")

    await note.get_by_text("old 20").wait_for()
    await note.get_by_text("superseded").wait_for()


async def test_ranks_and_runs_stand_side_by_side(site: Site) -> None:
    """One slider for all; another run joins by `?with=`."""
    other = Entries(site, "other run")
    await other.send("picture", "IMAGE", 1, {"items": [await other.image(200, caption="theirs")]})
    spool = Spool(channels=())
    for rank in (0, 1):
        told = spool if rank == 0 else Spool(spool.run, rank=1, channels=())
        told.event("channel", n=0, name="picture", type="IMAGE")
        item = await other.image(40 + rank, caption=f"of rank {rank}")
        blob = {key: item[key] for key in ("sha256", "mime", "size")}
        told.event("entry", n=0, x=1, wall=WALL_US, body={"items": [item]}, blobs=[blob])
        await site.ingest(told.batch())

    page = await site.open(f"/runs/{spool.run}?with={other.run}#media")

    picture = card(page, "picture")
    for caption in ("of rank 0", "of rank 1", "theirs"):
        await picture.locator("figcaption", has_text=caption).wait_for()
    await picture.locator(".pane-label", has_text="other run").wait_for()
    assert await picture.get_by_role("slider").count() == 0  # one step: nothing to slide


async def test_selected_runs_are_looked_at_side_by_side(site: Site) -> None:
    """From the list of runs: the media of all that are selected, under one slider."""
    for name in ("one", "two"):
        run = Entries(site, name)
        item = await run.image(60, caption=f"of {name}")
        await run.send("picture", "IMAGE", 1, {"items": [item]})
    page = await site.open("/")
    for name in ("one", "two"):
        await page.get_by_label(f"Select {name}").check()

    await page.get_by_role("link", name="Media side by side").click()

    for name in ("one", "two"):
        await card(page, "picture").locator("figcaption", has_text=f"of {name}").wait_for()
