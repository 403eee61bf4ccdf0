"""Names and keys for those who don't see, or don't point."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.conftest import Site
from tests.browser.recorded import Recorded

NAMELESS = """() => [...document.querySelectorAll("button, a, input, select, textarea, [role=tab]")]
  .filter((one) => one.checkVisibility())
  .filter((one) => {
    const labels = [...(one.labels ?? [])].map((label) => label.textContent).join("");
    const svg = one.querySelector("svg [aria-label]")?.getAttribute("aria-label") ?? "";
    return !(one.getAttribute("aria-label") || labels.trim() || one.textContent.trim() || svg);
  })
  .map((one) => one.outerHTML.slice(0, 120))"""

TWICE = """() => { const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i); }"""

POINTS_NOWHERE = """() => ["aria-controls", "aria-labelledby", "for"].flatMap((name) =>
  [...document.querySelectorAll(`[${name}]`)].map((one) => one.getAttribute(name))
    .filter((id) => !document.getElementById(id)))"""


async def check(page: Page) -> None:
    """Every control in sight has a name, every id is one thing's."""
    assert await page.evaluate(NAMELESS) == []
    assert await page.evaluate(TWICE) == []
    assert await page.evaluate(POINTS_NOWHERE) == []
    assert await page.locator("main").count() == 1
    assert await page.locator("h1").count() == 1


@pytest.mark.parametrize("section", ["charts", "media", "console", "system", "code", "artefacts"])
async def test_every_control_of_a_section_has_a_name(site: Site, section: str) -> None:
    """With something in it; on a phone nothing needs to be scrolled sideways."""
    run = Recorded(site, "named", host="box")
    blob = await run.put(b"diff --git a/a b/a\n@@ -1 +1 @@\n-a\n+b\n")
    facts = {"git": {"commit": "abc" * 14, "diff": blob}, "packages": {"count": 1, "blob": blob}}
    await run.tell(
        {"kind": "fields", "stage": "TRAIN", "total_steps": 10, "notes": "n" * 300},
        {"kind": "about", "facts": facts, "blobs": [blob]},
    )
    await run.print(["a line as long as they are " * 20])
    await run.enter("a file", "ARTEFACT", 1, {**blob, "path": "x" * 200, "metadata": {"k": 1}})
    await run.enter("text", "TEXT", 1, {"text": "word " * 100, "format": "plain"})
    await run.enter("markers", "MARKER", 1, {"text": "m" * 200, "level": "info"})
    for channel in ("loss", "train/loss", "train/acc", "system/cpu"):
        await site.post("/points", {"run": run.run, "channel": channel, "x": 1, "y": 1.0})
    page = await site.open(f"/runs/{run.run}#{section}")
    await page.get_by_role("button", name="Change this run").wait_for()
    await check(page)

    await page.set_viewport_size({"width": 390, "height": 844})

    assert await page.evaluate("() => document.documentElement.scrollWidth") <= 390


async def test_every_control_of_the_list_has_a_name(site: Site) -> None:
    """The panel of the columns included."""
    await site.post("/points", {"run": "r", "channel": "loss", "y": 1.0})
    page = await site.open("/")
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_role("button", name="loss: best").wait_for()

    await check(page)


async def test_a_run_is_found_and_opened_without_a_pointer(site: Site) -> None:
    """ "/" leads to the search, Tab from there to the first run."""
    run = (await site.post("/points", {"run": "by keys", "channel": "loss", "y": 1.0}))["runs"][0]
    page = await site.open("/")
    await page.get_by_role("link", name="by keys").wait_for()

    await page.keyboard.press("/")
    await page.keyboard.type("by k")
    for _ in range(25):
        await page.keyboard.press("Tab")
        if await page.evaluate("() => document.activeElement.classList.contains('row-link')"):
            break
    await page.keyboard.press("Enter")

    await page.wait_for_url(f"**/runs/{run}")
