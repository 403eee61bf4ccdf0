"""The list of runs as a table: columns, order, selection, the trash."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.browser.conftest import Site

EVIL = "<img src=x onerror=document.title='broken'>"


async def three(site: Site) -> dict[str, str]:
    """Runs a, b and c with losses, accuracies and learning rates of their own; ids by name."""
    ids = {}
    for name, loss, acc, lr in (("a", 0.5, 0.7, 0.1), ("b", 0.25, 0.9, 0.01), ("c", 1.0, 0.8, 1)):
        run = await site.post("/runs", {"name": name, "params": {"opt": {"lr": lr}, EVIL: EVIL}})
        both = [{"run": run["id"], "channel": "val/loss", "x": [0, 1], "y": [loss, loss * 2]},
                {"run": run["id"], "channel": "acc", "x": [0, 1], "y": [acc, acc / 2]}]  # fmt: skip
        await site.post("/points", both)
        ids[name] = run["id"]
    return ids


async def names(page: Page, *wanted: str) -> None:
    """Wait until the list shows these runs in this order."""
    await expect(page.locator(".row-name")).to_have_text(list(wanted))


async def choose(page: Page, *choices: str) -> None:
    """Turn on columns in the panel."""
    await page.get_by_role("button", name="Columns").click()
    for choice in choices:
        await page.get_by_role("button", name=choice, exact=True).click()
    await page.keyboard.press("Escape")


def cell(page: Page, column: str, row: int) -> Any:
    """What a column shows for the run at *row*."""
    return page.locator(f'[data-column="{column}"]').nth(row)


async def test_columns_show_the_best_and_the_last_of_any_channel(site: Site) -> None:
    """A loss is best at its least, an accuracy at its largest; a click turns that round."""
    await three(site)
    page = await site.open("/?sort=name")
    await choose(page, "val/loss: best", "acc: best", "acc: last", "opt.lr: show")

    await expect(cell(page, "min:val/loss", 0)).to_have_text("0.5000")
    await expect(cell(page, "max:acc", 1)).to_have_text("0.9000")
    await expect(cell(page, "last:acc", 1)).to_have_text("0.4500")
    await expect(cell(page, "param:opt.lr", 2)).to_have_text("1")

    await page.get_by_role("button", name="Columns").click()
    await page.get_by_role("button", name="min val/loss: the other end").click()
    await expect(cell(page, "max:val/loss", 0)).to_have_text("1")
    assert await page.locator("img").count() == 0


async def test_chosen_columns_and_their_order_are_kept(site: Site) -> None:
    """A click on a column sorts, a second one the other way; both survive a reload."""
    await three(site)
    page = await site.open("/")
    await choose(page, "val/loss: best", "opt.lr: show")

    await page.get_by_role("button", name="min val/loss", exact=True).click()
    await names(page, "b", "a", "c")
    await page.get_by_role("button", name="min val/loss", exact=True).click()
    await names(page, "c", "a", "b")
    await page.get_by_role("button", name="opt.lr", exact=True).click()
    await names(page, "b", "a", "c")
    await page.reload()

    await names(page, "b", "a", "c")
    heading = page.get_by_role("columnheader", name="opt.lr")
    await expect(heading).to_have_attribute("aria-sort", "ascending")


async def test_figures_follow_the_run(site: Site) -> None:
    """A new best appears in its column without a reload."""
    ids = await three(site)
    page = await site.open("/?sort=name")
    await choose(page, "val/loss: best")
    await expect(cell(page, "min:val/loss", 0)).to_have_text("0.5000")

    await site.post("/points", {"run": ids["a"], "channel": "val/loss", "x": 2, "y": 0.125})

    await expect(cell(page, "min:val/loss", 0)).to_have_text("0.1250", timeout=15_000)


async def test_hundreds_of_rows_need_few_requests(site: Site) -> None:
    """Figures and curves of all rows in sight come in one answer."""
    points = [{"run": f"run-{n:03}", "channel": "loss", "y": 1.0} for n in range(300)]
    for half in (points[:150], points[150:]):
        await site.post("/points", half)
    page = await site.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(site.url)
    await expect(page.locator(".row-spark svg").first).to_be_visible()

    assert len([url for url in asked if "/figures" in url]) <= 2
    assert not [url for url in asked if "/channels" in url or "/points" in url]


async def test_a_search_finds_parameters_and_notes(site: Site) -> None:
    """As name=value, or any word of the notes."""
    ids = await three(site)
    patch = f"{site.url}/api/v1/runs/{ids['c']}"
    async with site.http.patch(patch, json={"notes": "the warm-up was too short"}):
        pass
    page = await site.open("/")

    await page.keyboard.press("/")
    await page.keyboard.type("opt.lr=0.01")
    await names(page, "b")
    await page.get_by_role("searchbox").first.fill("warm-up")

    await names(page, "c")


async def test_selected_runs_go_to_the_trash_and_come_back(site: Site) -> None:
    """A mistake is undone at once; the trash restores, or deletes for good after a question."""
    await three(site)
    page = await site.open("/?sort=name")
    await page.get_by_label("Select a", exact=True).check()
    await page.get_by_label("Select c").click(modifiers=["Shift"])
    await page.get_by_text("3 selected").wait_for()
    await page.get_by_label("Select b").uncheck()

    await page.get_by_role("button", name="Move to the trash").click()
    await names(page, "b")
    await page.get_by_role("button", name="Undo").click()
    await names(page, "a", "b", "c")

    await page.get_by_label("Select b").check()
    await page.get_by_role("button", name="Move to the trash").click()
    await names(page, "a", "c")
    await page.get_by_role("link", name="Trash").click()
    await names(page, "b")
    await page.get_by_label("Select b").check()
    await page.get_by_role("button", name="Delete for good").click()
    await page.keyboard.press("Escape")
    await names(page, "b")
    await page.get_by_role("button", name="Delete for good").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()

    await page.get_by_text("Nothing is in the trash.").wait_for()


async def test_the_trash_tells_for_how_long_and_is_emptied_at_once(site: Site) -> None:
    """Seven days by default; a search narrows the list, and still all of it goes."""
    runs = await three(site)
    for run in (runs["a"], runs["b"]):
        async with site.http.delete(f"{site.url}/api/v1/runs/{run}") as answer:
            assert answer.status == 204
    page = await site.open("/?deleted=true&sort=name&q=lr%3D0.1")
    await names(page, "a")
    await expect(page.locator("[data-column=days_left]")).to_have_text("6 days")
    await page.get_by_text("goes for good 7 days after").wait_for()

    await page.get_by_role("button", name="Empty the trash").click()
    await page.get_by_text("2 runs with all points").wait_for()
    await page.get_by_role("dialog").get_by_role("button", name="Empty the trash").click()

    await page.get_by_text("No run fits.").wait_for()
    async with site.http.get(f"{site.url}/api/v1/runs?deleted=true") as answer:
        assert (await answer.json())["total"] == 0
