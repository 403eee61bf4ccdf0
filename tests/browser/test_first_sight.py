"""What is seen first of a run, in a real browser."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.recorded import Recorded


async def add_histograms(run: Recorded, first: int, end: int) -> None:
    """One point of each of the layers *first* up to *end*, which are in one group."""
    for n in range(first, end):
        bins = {"counts": [2, 5], "edges": [0, 1, 2], "total": 7, "nan": 0, "inf": 0}
        await run.enter(f"weights/layer{n}", "HISTOGRAM", 0, bins)


async def test_many_histograms_are_folded_until_they_are_wanted(site: Site) -> None:
    """Then they are open in every run; a dozen are not too many."""
    run = Recorded(site, "deep")
    await add_histograms(run, 0, 12)
    page = await site.open(f"/runs/{run.run}")
    head = page.get_by_role("button", name="weights")
    await expect(head).to_have_attribute("aria-expanded", "true")

    await add_histograms(run, 12, 13)
    await page.reload()
    await expect(head).to_have_attribute("aria-expanded", "false")
    await expect(page.get_by_role("heading", name="weights/layer0")).to_be_hidden()
    await head.click()
    await page.get_by_role("heading", name="weights/layer0").wait_for()
    await page.reload()

    await expect(head).to_have_attribute("aria-expanded", "true")


async def test_a_run_without_charts_begins_with_what_it_has(site: Site) -> None:
    """Its pictures and texts, or its cells before these; the address may say otherwise."""
    told = Recorded(site, "seen")
    await told.enter("note", "TEXT", 1, {"text": "all went well", "format": "plain"})
    run = told.run
    page = await site.open(f"/runs/{run}")
    await page.get_by_text("all went well").wait_for()

    await site.post("/values", {"type": "html", "name": "state", "run": run, "value": "<b>1</b>"})
    await page.reload()
    await page.get_by_role("heading", name="state").wait_for()

    await page.goto("about:blank")
    await page.goto(f"{site.url}/runs/{run}#charts")
    await page.get_by_role("heading", name="No numbers yet").wait_for()


async def test_the_last_step_is_all_of_them(site: Site) -> None:
    """Of two steps, counted from 0, the step 1 is the second."""
    run = Recorded(site, "counted")
    await run.tell({"kind": "fields", "total_steps": 2})
    await site.post("/points", {"run": run.run, "channel": "loss", "x": [0, 1], "y": [2, 1]})

    page = await site.open(f"/runs/{run.run}")

    await page.get_by_text("2 of 2 steps · 100%").wait_for()


async def test_parameters_stand_below_what_they_share(site: Site) -> None:
    """Nested ones, and those of the parts of a pipeline; one alone keeps its whole name."""
    params = {"opt": {"lr": 0.1, "decay": {"from": 5}}, "pca__whiten": True, "pca__n": 2, "a.b": 1}
    made = await site.post("/runs", {"name": "shared", "params": params})

    page = await site.open(f"/runs/{made['id']}")

    names = page.locator(".details section", has_text="Parameters").locator("dt")
    await expect(names).to_have_text(["opt", "lr", "decay.from", "pca", "whiten", "n", "a.b"])
    await expect(names.nth(2)).to_have_attribute("title", "opt.decay.from")
