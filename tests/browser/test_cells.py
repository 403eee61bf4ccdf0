"""Cells on the first page and on a run's page, in a real browser."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page

from tests.browser.cells import call, card, content, corners, make, names, patch, wait_for_names
from tests.browser.conftest import Site

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
# From the request to the drawn content: seen by the page itself, with its own clock.
TIMED_PATCH = """async ([id, body]) => {
    const before = window.agnez.cells[id].shown;
    const began = performance.now();
    const answered = fetch(`/values/${id}`, {
        method: "PATCH", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
    });
    await new Promise((resolve) => {
        const isShown = () => window.agnez.cells[id].shown > before;
        const look = () => isShown() ? resolve() : requestAnimationFrame(look);
        look();
    });
    const took = performance.now() - began;
    await answered;
    return took;
}"""


async def test_cells_come_first_then_runs(site: Site) -> None:
    """Both on one page, each below its own heading."""
    await make(site, "a cell")
    await site.post("/points", {"run": "a run", "channel": "loss", "y": 1})
    page = await site.open("/")

    cells = await page.get_by_role("heading", name="Cells 1").bounding_box()
    runs = await page.get_by_role("heading", name="Runs", exact=True).bounding_box()

    assert cells is not None and runs is not None
    assert cells["y"] < runs["y"]
    await page.get_by_role("link", name="a run").wait_for()


async def test_cells_alone_have_the_page_until_a_run_comes(site: Site) -> None:
    """No welcome, no empty list: that comes with a run, the welcome where there is nothing."""
    page = await site.open("/")
    welcome = page.get_by_role("heading", name="Send the first number")
    await welcome.wait_for()

    id = await make(site, "alone")
    await card(page, id).wait_for()
    assert not await welcome.is_visible()
    assert not await page.get_by_role("heading", name="Runs", exact=True).is_visible()

    await call(site, "DELETE", f"/{id}")
    await welcome.wait_for()
    await site.post("/points", {"run": "a run", "channel": "loss", "y": 1})
    await page.get_by_role("link", name="a run").wait_for()
    assert not await page.get_by_role("heading", name="Cells").is_visible()


async def test_cells_stand_two_to_a_row_in_the_order_of_pos(site: Site) -> None:
    """Equal positions by age, none at the end; records without a type are no cells."""
    for name, pos in (("c", 5), ("a", 0), ("e", None), ("b", 0), ("d", 5)):
        await make(site, name, pos)
    await call(site, "POST", "", {"name": "no cell", "pos": 1})
    page = await site.open("/")
    await wait_for_names(page, "a", "b", "c", "d", "e")

    places = await corners(page)

    lefts = [left for left, _ in places]
    tops = [top for _, top in places]
    assert lefts[0] == lefts[2] == lefts[4] < lefts[1] == lefts[3]
    assert tops[0] == tops[1] < tops[2] == tops[3] < tops[4]


async def test_cells_follow_what_becomes_of_them(site: Site) -> None:
    """Created, patched, updated, removed: nothing is reloaded."""
    page = await site.open("/")
    first = await make(site, "first", 1)
    await content(page, first).get_by_text("in first").wait_for()
    await make(site, "second", 2)
    await wait_for_names(page, "first", "second")

    await patch(site, first, name="last", pos=3, value="<p>patched</p>", description="<b>text</b>")
    await wait_for_names(page, "second", "last")
    await content(page, first).get_by_text("patched").wait_for()
    await card(page, first).get_by_text("<b>text</b>").wait_for()

    await call(site, "PUT", f"/{first}", {"name": "put", "type": "img", "value": PIXEL, "pos": 0})
    await wait_for_names(page, "put", "second")
    await card(page, first).locator("img").wait_for()

    await call(site, "DELETE", f"/{first}")
    await wait_for_names(page, "second")


@pytest.mark.parametrize(("type", "value"), [("html", "<p>step {}</p>"), ("img", PIXEL)])
async def test_a_patch_is_seen_within_200_ms(site: Site, type: str, value: str) -> None:
    """From the request to what is drawn, at best: a busy machine is no fault of the page."""
    id = await make(site, "timed", type=type, value=value)
    page = await site.open("/")
    await card(page, id).locator("iframe, img").first.wait_for()

    took = sorted(
        [
            await page.evaluate(TIMED_PATCH, [id, {"name": f"{n}", "value": value.format(n)}])
            for n in range(7)
        ]
    )

    assert took[0] < 200, f"median {took[3]:.0f} ms, all {[round(ms) for ms in took]}"
    await wait_for_names(page, "6")


async def test_what_changes_quickly_ends_with_the_newest(site: Site) -> None:
    """A hundred changes in a row: asked for less often than they come, and the last one stays."""
    id = await make(site, "quick")
    page = await site.open("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    for n in range(100):
        await patch(site, id, name=f"change {n}", value=f"<p>value {n}</p>")

    await content(page, id).get_by_text("value 99", exact=True).wait_for()
    await wait_for_names(page, "change 99")
    assert sum(url.endswith(f"/values/{id}") for url in asked) < 80


async def test_scripts_in_names_and_descriptions_are_text(site: Site) -> None:
    """What looks like markup is shown letter by letter."""
    hostile = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
    id = await make(site, hostile, value="<p>tame</p>", description=hostile)
    page = await site.open("/")

    assert await names(page) == [hostile]
    await card(page, id).get_by_text(hostile).nth(1).wait_for()
    assert await page.evaluate("() => window.hit") is None


async def test_what_can_not_be_shown_says_so(site: Site) -> None:
    """Nothing yet, a type without a view, a value that is no text: words, and the page lives on."""
    await make(site, "empty", 0, value=[])
    await make(site, "strange", 1, type="plot3d", value="abc")
    await make(site, "wrong", 2, value={"a": 1})
    await make(site, "", 3)
    await make(site, "loud", 4, type="HTML")
    page = await site.open("/")

    await page.get_by_role("region", name="empty").get_by_text("Nothing yet").wait_for()
    strange = page.get_by_role("region", name="strange")
    await strange.get_by_text(
        "There is no view for cells of type “plot3d”. Expected html or img."
    ).wait_for()
    wrong = page.get_by_role("region", name="wrong")
    await wrong.get_by_text("This cell can't be shown.").wait_for()
    nameless = page.get_by_role("region", name="html cell 4")
    await nameless.frame_locator("iframe").get_by_text("in").wait_for()
    loud = page.get_by_role("region", name="loud")
    await loud.frame_locator("iframe").get_by_text("in loud").wait_for()


async def test_frames_far_out_of_sight_are_given_up(site: Site) -> None:
    """Their places stay as high as they were, and what was in them comes back with the reader."""
    tall = "<p style='height: 1500px'>tall {}</p>"
    ids = [await make(site, f"{n}", n, value=tall.format(n)) for n in range(10)]
    page = await site.open("/")
    top = content(page, ids[0]).get_by_text("tall 0")
    await top.wait_for()
    before = await corners(page)

    for number in range(1, 10):  # what was never in sight has no height yet
        await card(page, ids[number]).scroll_into_view_if_needed()
        await content(page, ids[number]).get_by_text(f"tall {number}").wait_for()

    await card(page, ids[0]).locator("iframe").wait_for(state="detached")
    await card(page, ids[0]).scroll_into_view_if_needed()
    await top.wait_for()
    after = await corners(page)
    assert after[2][1] - after[0][1] == before[2][1] - before[0][1]


async def test_what_was_shown_stays_when_the_newest_can_not_be(site: Site) -> None:
    """The old picture, and below it why the new one is not there."""
    id = await make(site, "picture", 0, type="img", value=PIXEL)
    page = await site.open("/")
    await card(page, id).locator("img").wait_for()

    await patch(site, id, value="javascript:alert(1)")

    await card(page, id).get_by_text("What came last can't be shown").wait_for()
    assert await card(page, id).locator("img").get_attribute("src") is not None


async def test_a_run_shows_its_cells(site: Site) -> None:
    """Those that name it by id or by name, and no others; first, where it has nothing else."""
    run = (await site.post("/runs", {"name": "tuned"}))["id"]
    await make(site, "by id", 1, run=run)
    await make(site, "by name", 2, run="tuned")
    await make(site, "of another", 0, run="tuned more")
    page = await site.open(f"/runs/{run}")
    await wait_for_names(page, "by id", "by name")
    tab = page.get_by_role("tab", name="Cells 2")
    assert await tab.get_attribute("aria-selected") == "true"

    id = await make(site, "third", 3, run=run)

    await wait_for_names(page, "by id", "by name", "third")
    await patch(site, id, run="elsewhere")
    await wait_for_names(page, "by id", "by name")


async def test_a_second_run_of_a_script_replaces_its_cells(site: Site) -> None:
    """The same run and place: one cell, which holds what came last."""
    run = (await site.post("/runs", {"name": "again"}))["id"]
    page = await site.open(f"/runs/{run}#cells")
    first = await make(site, "before", 0, run=run)
    await wait_for_names(page, "before")

    second = await make(site, "after", 0, run=run)

    assert second == first
    await wait_for_names(page, "after")
    await content(page, first).get_by_text("in after").wait_for()


async def test_a_deleted_cell_comes_back_with_its_id(site: Site) -> None:
    """Delete in the menu, Undo in the notice: the same record again, in its place."""
    ids = [await make(site, name, n) for n, name in enumerate(("one", "two", "three"))]
    before = await call(site, "GET", f"/{ids[1]}")
    page = await site.open("/")

    await page.get_by_role("button", name="More of two").click()
    await page.get_by_role("button", name="Delete").click()
    await wait_for_names(page, "one", "three")
    await page.get_by_role("button", name="Undo").click()

    await wait_for_names(page, "one", "two", "three")
    assert await call(site, "GET", f"/{ids[1]}") == before


async def test_a_hidden_page_asks_for_nothing_and_catches_up(site: Site) -> None:
    """While nobody looks no cell is fetched; who comes back sees the newest."""
    id = await make(site, "old")
    page = await site.page("/")
    told = asyncio.Event()
    page.on("websocket", lambda socket: socket.on("framereceived", lambda payload: (
        told.set() if "told afterwards" in str(payload) else None)))  # fmt: skip
    await page.goto(f"{site.url}/")
    await content(page, id).get_by_text("in old").wait_for()
    await _hide(page, hidden=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    await patch(site, id, name="new", value="<p>newest</p>")
    other = await make(site, "other")
    await site.post("/points", {"run": "told afterwards", "channel": "loss", "y": 1})
    await asyncio.wait_for(told.wait(), 30)
    await page.evaluate("() => new Promise(resolve => setTimeout(resolve))")
    assert [url for url in asked if "/values" in url] == []

    await _hide(page, hidden=False)
    await wait_for_names(page, "new", "other")
    await content(page, id).get_by_text("newest").wait_for()
    await card(page, other).wait_for()


async def _hide(page: Page, *, hidden: bool) -> None:
    """As if the reader had gone to another tab, or come back."""
    await page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


async def test_many_cells_cost_only_what_is_in_sight(site: Site) -> None:
    """Of 200 cells 60 have a card, and only those in sight are asked for."""
    cell = {"type": "html", "value": "<p>one</p>"}
    await call(site, "POST", "", [{**cell, "name": f"cell {n}", "pos": n} for n in range(200)])
    page = await site.page("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{site.url}/")
    await page.wait_for_function("() => window.agnez !== undefined")
    await page.evaluate("() => window.agnez.ready")

    assert len(await names(page)) == 60
    assert sum("/api/v1/values/" in url for url in asked) < 20
    await page.get_by_role("button", name="Show 60 more").click()
    await page.wait_for_function("() => document.querySelectorAll('.cell-slot').length === 120")
    await page.get_by_label("Find cells").fill("CELL 190")
    await wait_for_names(page, "cell 190")
