"""Cells moved, sized and set in columns: kept by the server, seen by every viewer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from playwright.async_api import Locator, Page

from tests.browser.cells import call, card, content, corners, make, names, patch, wait_for_names
from tests.browser.conftest import Site, ready


async def four(site: Site) -> list[str]:
    """Cells a, b, c, with nothing in them, and d; their ids."""
    empty = [await make(site, name, n, value=[]) for n, name in enumerate("abc")]
    return [*empty, await make(site, "d", 3)]


async def arrangement(site: Site, place: str = "home") -> Any:
    """What the server keeps."""
    url = f"{site.url}/api/v1/cells/arrangement?place={place}"
    async with site.http.get(url) as answer:
        return await answer.json()


async def drag(page: Page, what: Locator, x: float, y: float) -> None:
    """Press the mouse on *what*, move it in steps to a place in the window, let it go."""
    box = await what.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(x, y, steps=12)
    await page.mouse.up()


async def test_a_cell_is_dragged_to_another_place(site: Site) -> None:
    """The others make room; it is so for other viewers, and after a reload."""
    ids = await four(site)
    other, page = await site.open("/"), await site.open("/")
    inside = content(page, ids[3]).locator("body")
    await inside.evaluate("() => (window.isTheSame = true)")
    box = await card(page, ids[0]).bounding_box()
    assert box is not None

    await drag(page, card(page, ids[3]).get_by_role("heading"), box["x"] + 40, box["y"] + 40)

    await wait_for_names(page, "d", "a", "b", "c")
    await wait_for_names(other, "d", "a", "b", "c")
    assert (await arrangement(site))["order"] == [ids[3], ids[0], ids[1], ids[2]]
    assert await inside.evaluate("() => window.isTheSame")  # it was moved, not begun anew
    await page.reload()
    await ready(page)
    assert await names(page) == ["d", "a", "b", "c"]


async def test_a_cell_that_changes_stays_in_the_hand(site: Site) -> None:
    """What comes meanwhile is shown, and does not end the drag."""
    ids = await four(site)
    page = await site.open("/")
    box = await card(page, ids[0]).bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 80, box["y"] + 20)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] + 200, box["y"] + 40, steps=12)

    await patch(site, ids[0], name="renamed")
    await page.get_by_role("heading", name="renamed").wait_for()
    await page.mouse.up()

    await wait_for_names(page, "b", "renamed", "c", "d")


async def test_escape_puts_a_held_cell_back(site: Site) -> None:
    """Nothing is kept of a drag that was given up."""
    ids = await four(site)
    page = await site.open("/")
    before = await corners(page)
    box = await card(page, ids[0]).bounding_box()
    assert box is not None

    await page.mouse.move(box["x"] + 80, box["y"] + 20)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] + 200, box["y"] + 40, steps=12)
    assert sorted(await corners(page)) == sorted(before) != await corners(page)
    await page.keyboard.press("Escape")
    await page.mouse.up()

    assert await corners(page) == before
    assert (await arrangement(site))["order"] == []


async def test_arrow_keys_move_a_cell(site: Site) -> None:
    """By one place, or by a row; the focus stays on it and the place is said."""
    ids = await four(site)
    page = await site.open("/")
    await page.get_by_role("button", name="Move a").focus()

    await page.keyboard.press("ArrowRight")
    await wait_for_names(page, "b", "a", "c", "d")
    await page.keyboard.press("ArrowDown")

    await wait_for_names(page, "b", "c", "d", "a")
    await page.get_by_text("a: place 4 of 4").wait_for(state="attached")
    assert await page.evaluate("() => document.activeElement.ariaLabel") == "Move a"
    other = await site.open("/")
    await wait_for_names(other, "b", "c", "d", "a")
    assert (await arrangement(site))["order"] == [ids[1], ids[2], ids[3], ids[0]]


async def test_columns_are_chosen_and_set_back(site: Site) -> None:
    """Three to a row for everybody; Reset leads back, and Undo forth again."""
    await four(site)
    other, page = await site.open("/"), await site.open("/")

    await page.get_by_role("button", name="2 columns").click()
    await page.get_by_role("button", name="3 columns").click()
    three = "() => document.querySelector('.cells-grid').dataset.columns === '3'"
    await other.wait_for_function(three)
    tops = [top for _, top in await corners(other)]
    assert tops[0] == tops[1] == tops[2] < tops[3]

    await page.get_by_role("button", name="Reset arrangement").click()
    two = "() => document.querySelector('.cells-grid').dataset.columns === '2'"
    await other.wait_for_function(two)
    await page.get_by_role("button", name="Undo").click()
    await other.wait_for_function(three)


async def test_the_corner_makes_a_cell_wider_and_higher(site: Site) -> None:
    """By the mouse and by keys; a double click takes it back."""
    ids = await four(site)
    page = await site.open("/")
    before = await card(page, ids[0]).bounding_box()
    assert before is not None
    corner = page.get_by_role("button", name="Size of a")

    await drag(page, corner, before["x"] + 2 * before["width"], before["y"] + 400)

    await page.wait_for_function(
        "([id, width]) => document.querySelector(`[data-cell='${id}']`).clientWidth > width",
        arg=[ids[0], before["width"] * 1.9],
    )
    await corner.focus()
    await page.keyboard.press("ArrowLeft")
    await page.get_by_text("a: 1 column wide").wait_for(state="attached")
    await sizes_kept(site, lambda sizes: sizes.get(ids[0], {}).get("columns") == 1)
    assert (await arrangement(site))["sizes"][ids[0]]["height"] > 250
    await corner.dblclick()
    await sizes_kept(site, lambda sizes: sizes == {})


async def sizes_kept(site: Site, wanted: Callable[[Any], bool]) -> None:
    """Wait until the server has such sizes: a page tells them after a while."""
    async with asyncio.timeout(30):
        while not wanted((await arrangement(site))["sizes"]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_deleted_cell_comes_back_to_where_it_was_put(site: Site) -> None:
    """The arrangement remembers places of cells that are gone."""
    ids = await four(site)
    url = f"{site.url}/api/v1/cells/arrangement?place=home"
    async with site.http.put(url, json={"order": [ids[2], ids[3], ids[1], ids[0]]}):
        pass
    page = await site.open("/")
    await wait_for_names(page, "c", "d", "b", "a")
    record = await call(site, "DELETE", f"/{ids[3]}")
    await wait_for_names(page, "c", "b", "a")

    await page.get_by_role("button", name="Move a").press("ArrowLeft")
    await wait_for_names(page, "c", "a", "b")
    await call(site, "POST", "", record)

    await wait_for_names(page, "c", "d", "a", "b")


async def test_a_run_is_arranged_by_itself(site: Site) -> None:
    """The order on a run's page is another one than that on the first page."""
    run = (await site.post("/runs", {"name": "r"}))["id"]
    for n, name in enumerate("ab"):
        await make(site, name, n, run=run)
    page = await site.open(f"/runs/{run}")

    await page.get_by_role("button", name="Move b").press("Home")

    await wait_for_names(page, "b", "a")
    home = await site.open("/")
    assert await names(home) == ["a", "b"]


async def test_a_narrow_window_has_fewer_columns(site: Site) -> None:
    """One on a phone, and nothing to scroll sideways."""
    for n in range(6):
        await make(site, f"a cell with a rather long name {n} " * 3, n, value=[])
    url = f"{site.url}/api/v1/cells/arrangement?place=home"
    async with site.http.put(url, json={"columns": 6}):
        pass
    page = await site.open("/")

    for width, columns in ((820, 5), (390, 1)):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.wait_for_function(
            "columns => document.querySelector('.cells-grid').dataset.columns === String(columns)",
            arg=columns,
        )
        assert await page.evaluate("() => document.documentElement.scrollWidth") <= width
