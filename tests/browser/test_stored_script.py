"""Script in every text that there is: none runs, nothing is asked for, pages keep their shape."""

from __future__ import annotations

import csv
import io

from playwright.async_api import Page

from agnez_client.protocol import CHANNEL_TYPES, EVENT_KINDS
from tests.browser.conftest import Site
from tests.browser.hostile_texts import COVERED, TEXTS, HostileRun, text_fields

SECTIONS = ("charts", "media", "system", "code", "artefacts", "console")


async def is_whole(page: Page) -> None:
    """No script ran, no element was made of text, nothing sticks out, the page can be seen."""
    assert await page.evaluate("() => window.pwned") is None
    assert await page.evaluate("() => ({}).polluted ?? null") is None
    made = "main [onerror], main script, main [onload], main a[href^='javascript:']"
    assert (
        await page.locator(made).evaluate_all(
            "found => found.map((e) => e.outerHTML.slice(0, 200))"
        )
        == []
    )
    styles = await page.locator("style").all_text_contents()
    assert not any(TEXTS[7] in style or "display:none!important" in style for style in styles)
    assert await page.locator("main").is_visible()
    wide = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} sticks out by {wide} pixels"


async def test_no_text_is_more_than_text(site: Site) -> None:
    """All fields of the API, all kinds of events and entries, on all pages and sections."""
    site.forgiven = ("status of 404", "DEMUXER", "media", "net::ERR")
    dialogs = list[str]()
    hostile = HostileRun(site)
    await hostile.fill()
    async with site.http.get(f"{site.url}/api/v1/openapi.json") as answer:
        fields = text_fields(await answer.json())
    assert fields <= COVERED, "put the new fields to use in hostile_texts.py"
    assert hostile.kinds == set(EVENT_KINDS)
    assert hostile.types == set(CHANNEL_TYPES)

    page = await site.open("/")
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await page.get_by_text(TEXTS[0]).first.wait_for()
    await is_whole(page)
    page = await site.open(f"/runs/{hostile.run}")
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    for section in SECTIONS:
        await page.goto(f"{site.url}/runs/{hostile.run}#{section}")
        await page.locator(f'[role=tab][aria-selected=true][href$="#{section}"]').wait_for()
        await page.mouse.move(600, 400)
        await page.mouse.wheel(0, 800)
        await page.mouse.move(620, 420)
        await page.wait_for_load_state("networkidle")
        await is_whole(page)
    await page.goto(f"{site.url}/runs/{hostile.run}#charts")
    for button in (await page.locator("main button[aria-haspopup]:visible").all())[:6]:
        await button.click()
        await is_whole(page)
        await page.keyboard.press("Escape")
    assert dialogs == []


async def test_downloads_have_plain_names_and_cells(site: Site) -> None:
    """A name in a header stays a name; no cell of a CSV is what a spreadsheet would reckon."""
    hostile = HostileRun(site)
    await hostile.fill()
    api = f"{site.url}/api/v1"
    async with site.http.get(f"{api}/runs/{hostile.run}/channels") as answer:
        channels = (await answer.json())["items"]
    for channel in channels:
        if channel["type"] == "NUMERIC":
            async with site.http.get(f"{api}/channels/{channel['id']}/raw?format=csv") as found:
                disposition = found.headers["Content-Disposition"]
                rows = list(csv.reader(io.StringIO(await found.text())))
            assert "%E2%80%AE" not in disposition  # would show exe.png for gnp.exe
            assert disposition.isascii() and disposition.count('"') == 2, disposition
            assert all(cell[:1] not in "=+@" for row in rows for cell in row if cell)
    async with site.http.get(f"{api}/metrics") as found:
        text = await found.text()
    assert not any(t in text for t in TEXTS if t not in ("constructor", "__proto__"))
