"""Console output in the page, in a real browser."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.recorded import Recorded

EVIL = "<img src=x onerror=document.title='broken'>"
MANY = 100_000


async def test_a_hundred_thousand_lines_scroll_and_are_searched(site: Site) -> None:
    """Few of them are elements; the search counts all, and goes to where they are."""
    run = Recorded(site, "long")
    await run.print([f"step {n} {'needle' if n % 40_000 == 123 else 'hay'}" for n in range(MANY)])
    page = await site.open(f"/runs/{run.run}#console")
    await page.get_by_text(f"step {MANY - 1} hay").wait_for()
    assert await page.locator(".console-line").count() < 120

    await page.keyboard.press("/")
    await page.keyboard.type("NEEDLE")
    await page.get_by_text("3 / 3").wait_for()
    await page.get_by_text("step 80123 needle").wait_for()
    await page.keyboard.press("Enter")

    await page.get_by_text("2 / 3").wait_for()
    await page.get_by_text("step 40123 needle").wait_for()
    await expect(page.locator(".console-line.current mark")).to_have_text("needle")
    assert await page.locator(".console-line").count() < 120


async def test_the_end_is_followed_until_the_reader_scrolls(site: Site) -> None:
    """New lines come into sight; whoever has scrolled up stays, until he asks for the newest."""
    run = Recorded(site, "live")
    await run.print([f"line {n}" for n in range(200)])
    page = await site.open(f"/runs/{run.run}#console")
    await page.get_by_text("line 199", exact=True).wait_for()

    await run.print(["came later"], first=200)
    await page.get_by_text("came later").wait_for()

    await page.locator(".console-port").hover()
    await page.mouse.wheel(0, -1500)
    await page.get_by_role("button", name="Newest").wait_for()
    await run.print(["came last"], first=201)
    await page.get_by_role("tab", name="Console 202").wait_for()
    assert await page.get_by_text("came last").count() == 0

    await page.get_by_role("button", name="Newest").click()

    await page.get_by_text("came last").wait_for()


async def test_lines_are_text_and_errors_are_marked(site: Site) -> None:
    """Markup and colours of terminals do nothing; a progress bar is one line that changes."""
    run = Recorded(site, "odd")
    await run.print([EVIL, "\x1b[31mred\x1b[0m", "10%"])
    await run.print(["Traceback"], stream="stderr", first=3)
    page = await site.open(f"/runs/{run.run}#console")
    await expect(page.locator(".console-text")).to_have_text([EVIL, "red", "10%", "Traceback"])
    await expect(page.locator(".console-line").nth(3)).to_have_attribute("data-stream", "stderr")
    assert await page.get_by_role("img", name="Error output").count() == 1

    await run.print(["100%"], first=2)

    await expect(page.locator(".console-text").nth(2)).to_have_text("100%")
    assert await page.locator("img").count() == 0


async def test_a_reader_chooses_whose_output_he_sees(site: Site) -> None:
    """Ranks are told apart; the file has all of the chosen one."""
    first = Recorded(site, "ranks")
    await first.print(["of rank 0"])
    second = Recorded(site, "ranks", rank=1, joined=True)
    second.join(first)
    await second.print(["of rank 1", "and more"])
    page = await site.open(f"/runs/{first.run}#console")
    await page.get_by_text("of rank 0").wait_for()

    await page.get_by_label("Process").select_option(label="rank 1 · 2 lines")

    await page.get_by_text("and more").wait_for()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download as a text file").click()
    assert (await (await download.value).path()).read_text() == "of rank 1\nand more\n"
