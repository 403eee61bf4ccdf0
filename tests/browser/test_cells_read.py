"""Cells for readers: on a phone, without rights, after a lost connection, by their addresses."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import Browser, Page

from agnez_server.auth import AuthFiles
from agnez_server.serve import serving
from agnez_server.settings import ServerSettings
from tests.browser.cells import card, content, make, names, patch, wait_for_names
from tests.browser.conftest import Site, visiting
from tests.browser.test_connection import GONE
from tests.browser.test_page_access import check

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


async def touch(page: Page, x: float, y: float, to: tuple[float, float]) -> None:
    """A finger comes down at (x, y), goes to another place, and leaves."""
    wire = await page.context.new_cdp_session(page)

    async def tell(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y} for x, y in points]
        await wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    await tell("touchStart", (x, y))
    for part in (0.2, 0.4, 0.6, 0.8, 1):
        await tell("touchMove", (x + (to[0] - x) * part, y + (to[1] - y) * part))
    await tell("touchEnd")


async def test_a_finger_moves_a_cell_by_its_grip(browser: Browser, tmp_path: Path) -> None:
    """On a phone, where a finger anywhere else scrolls."""
    async with serving(ServerSettings(port=0, data=tmp_path)) as served:
        context = await browser.new_context(**PHONE)
        async with visiting(browser, served.url) as site:
            site.context = context
            first, second = [await make(site, name, n, value=[]) for n, name in enumerate("ab")]
            page = await site.open("/")
            grip = await page.get_by_role("button", name="Move b").bounding_box()
            box = await card(page, first).bounding_box()
            assert grip is not None and box is not None
            assert min(grip["width"], grip["height"]) >= 44

            to = (box["x"] + 200, box["y"] + 60)
            await touch(page, grip["x"] + 22, grip["y"] + 22, to)

            await wait_for_names(page, "b", "a")
            assert await card(page, second).bounding_box() == {**box}
        await context.close()


async def test_a_phone_takes_an_arrangement_back(browser: Browser, tmp_path: Path) -> None:
    """It has one column to choose from; the button is there only while there is something."""
    async with serving(ServerSettings(port=0, data=tmp_path)) as served:
        context = await browser.new_context(**PHONE)
        async with visiting(browser, served.url) as site:
            site.context = context
            ids = [await make(site, name, n, value=[]) for n, name in enumerate("ab")]
            url = f"{site.url}/api/v1/cells/arrangement?place=home"
            async with site.http.put(url, json={"order": ids[::-1]}):
                pass
            page = await site.open("/")
            await wait_for_names(page, "b", "a")

            button = page.get_by_role("button", name="Arrangement", exact=True)
            await button.click()
            await page.get_by_role("button", name="Reset arrangement").click()

            await wait_for_names(page, "a", "b")
            assert not await button.is_visible()
        await context.close()


async def test_who_may_only_read_moves_and_deletes_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    """No grip, no corner, no columns, no Delete."""
    files = AuthFiles(tmp_path)
    _, writer = files.add_token("w", "write")
    _, reader = files.add_token("r", "read")
    async with (
        serving(ServerSettings(port=0, data=tmp_path, login=True)) as served,
        visiting(browser, served.url) as site,
    ):
        site.http.headers["Authorization"] = f"Bearer {writer}"
        await make(site, "seen", 0)
        await make(site, "too", 1)
        await site.context.set_extra_http_headers({"Authorization": f"Bearer {reader}"})
        page = await site.open("/")
        await wait_for_names(page, "seen", "too")

        await page.get_by_role("button", name="More of seen").click()

        await page.get_by_role("button", name="Download").wait_for()
        for name in ("Delete", "Move seen", "Size of seen", "2 columns"):
            assert not await page.get_by_role("button", name=name).is_visible()


async def test_after_a_lost_connection_cells_are_as_they_are_now(
    browser: Browser, tmp_path: Path
) -> None:
    """What changed, came and went meanwhile; until then what was there stays."""
    first = AsyncExitStack()
    settings = ServerSettings(port=0, data=tmp_path)
    served = await first.enter_async_context(serving(settings))
    async with first, visiting(browser, served.url) as site:
        site.forgiven = GONE
        id = await make(site, "old", 0)
        page = await site.open("/")
        await first.aclose()
        await page.get_by_text("The server can't be reached.").wait_for()
        await content(page, id).get_by_text("in old").wait_for()

        async with serving(ServerSettings(port=served.port, data=tmp_path)):
            await patch(site, id, name="new", value="<p>changed</p>")
            await make(site, "another", 1)

            await wait_for_names(page, "new", "another")
            await content(page, id).get_by_text("changed").wait_for()


async def test_an_address_leads_to_a_cell(site: Site) -> None:
    """Far down, and where cells are folded away, as the link in its menu says."""
    ids = [await make(site, f"cell {n}", n, value=[]) for n in range(30)]
    page = await site.open("/")
    await page.get_by_role("button", name="Cells 30").click()
    assert not await page.locator(".cells-grid").is_visible()
    await page.reload()
    await page.evaluate("() => window.agnez.ready")
    assert not await page.locator(".cells-grid").is_visible()

    await page.goto(f"{site.url}/#cell={ids[25]}")

    await page.wait_for_function(
        """id => {
            const box = document.querySelector(`[data-cell="${id}"]`).getBoundingClientRect();
            return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
        }""",
        arg=ids[25],
    )


async def test_every_control_of_a_cell_has_a_name(site: Site) -> None:
    """With a name or without one; ids of any letters."""
    await make(site, "named", 0)
    id = await make(site, "", 1, _id='a/b?c=%20#d "e" é', type="img", value=[])
    page = await site.open("/")
    await page.get_by_role("button", name="More of img cell 2").wait_for()

    await check(page)
    await page.get_by_role("button", name="2 columns").click()
    await check(page)
    await patch(site, quote(id, safe=""), type="html", value="<p>here</p>")
    shown = page.locator(".cell-slot").nth(1).frame_locator("iframe:not([aria-hidden])")
    await shown.get_by_text("here").wait_for()


async def test_a_project_shows_no_cells(site: Site) -> None:
    """Cells are of no project: they stand where all runs do."""
    await make(site, "a cell", 0, value=[])
    await site.post("/points", {"run": "r", "project": "p", "channel": "loss", "y": 1})
    page = await site.open("/")
    await page.get_by_role("heading", name="Cells").wait_for()

    await page.get_by_role("link", name="p 1 running").click()

    await page.get_by_role("heading", name="Cells").wait_for(state="hidden")
    await page.go_back()
    await page.get_by_role("heading", name="Cells").wait_for()


async def test_a_cell_is_enlarged_and_kept_as_a_file(site: Site, tmp_path: Path) -> None:
    """Over the whole window, the page behind stays where it is; a download of what is in it."""
    first, second = [await make(site, name, n) for n, name in enumerate(("a/b", "c"))]
    page = await site.open("/")
    before = await card(page, second).bounding_box()

    await card(page, first).get_by_role("button", name="Enlarge").click()

    large = await page.get_by_role("region", name="a/b").bounding_box()
    assert large is not None and large["width"] > 1200 and large["height"] > 700
    assert await card(page, second).bounding_box() == before
    await page.keyboard.press("Escape")
    async with page.expect_download() as kept:
        await page.get_by_role("button", name="More of a/b").click()
        await page.get_by_role("button", name="Download").click()
    file = await kept.value
    await file.save_as(tmp_path / "kept")
    assert file.suggested_filename == "a_b.html"
    assert (tmp_path / "kept").read_text() == "<p>in a/b</p>"
    assert await names(page) == ["a/b", "c"]
