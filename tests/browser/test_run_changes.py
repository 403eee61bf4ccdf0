"""What a reader may change of a run, in its page."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from agnez_server.auth import AuthFiles
from agnez_server.serve import serving
from agnez_server.settings import ServerSettings
from tests.browser.conftest import Site, visiting

EVIL = "<img src=x onerror=document.title='broken'>"


async def test_name_tags_and_notes_are_edited_in_place(site: Site) -> None:
    """They are kept by the server; names and tags are shown as text, notes as Markdown."""
    run = (await site.post("/runs", {"name": "before", "tags": ["old"]}))["id"]
    page = await site.open(f"/runs/{run}")
    await page.get_by_role("button", name="Change this run").click()
    await page.get_by_role("button", name="Rename").click()
    await page.get_by_label("New name").fill(EVIL)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name=EVIL).wait_for()

    await page.get_by_label("Add a tag").fill(EVIL)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name=f"Remove the tag {EVIL}").wait_for()
    await page.get_by_role("button", name="Remove the tag old").click()
    await page.get_by_role("button", name="Add notes").click()
    await page.get_by_label("Notes").fill(f"**one**\n{EVIL}")
    await page.keyboard.press("Control+Enter")
    await page.locator(".notes strong", has_text="one").wait_for()

    async with site.http.get(f"{site.url}/api/v1/runs/{run}") as answer:
        kept = await answer.json()
    assert [kept["name"], kept["tags"], kept["notes"]] == [EVIL, [EVIL], f"**one**\n{EVIL}"]
    assert await page.locator("img").count() == 0
    assert await page.title() != "broken"


async def test_a_run_goes_to_the_trash_and_is_restored(site: Site) -> None:
    """The page says where the run is and brings it back."""
    run = (await site.post("/runs", {"name": "gone"}))["id"]
    page = await site.open(f"/runs/{run}")
    await page.get_by_role("button", name="Change this run").click()
    await page.get_by_role("button", name="Move to the trash").click()
    await page.get_by_role("button", name="Undo").wait_for()
    await page.get_by_text("This run is in the trash.").wait_for()

    await page.get_by_role("button", name="Restore").click()

    await page.get_by_text("This run is in the trash.").wait_for(state="hidden")
    async with site.http.get(f"{site.url}/api/v1/runs") as answer:
        assert [item["id"] for item in (await answer.json())["items"]] == [run]


async def test_a_run_is_marked_as_finished(site: Site) -> None:
    """For runs that nobody ends: those of plain HTTP."""
    run = (await site.post("/runs", {"name": "open"}))["id"]
    page = await site.open(f"/runs/{run}")

    await page.get_by_role("button", name="Change this run").click()
    await page.get_by_role("button", name="Mark as finished").click()

    await expect(page.locator(".head-state")).to_have_text("Finished")


async def test_who_may_only_read_is_offered_no_changes(browser: Browser, tmp_path: Path) -> None:
    """With a token for reading there is no menu, no field, and no box that leads to the trash."""
    files = AuthFiles(tmp_path)
    _, writer = files.add_token("w", "write")
    _, reader = files.add_token("r", "read")
    async with (
        serving(ServerSettings(port=0, data=tmp_path, login=True)) as served,
        visiting(browser, served.url) as site,
    ):
        site.http.headers["Authorization"] = f"Bearer {writer}"
        run = (await site.post("/runs", {"name": "read only", "tags": ["t"]}))["id"]
        await site.context.set_extra_http_headers({"Authorization": f"Bearer {reader}"})
        page = await site.open(f"/runs/{run}")
        await page.get_by_role("heading", name="read only").wait_for()
        await page.locator(".connection[data-state=live]").wait_for()

        assert await page.get_by_role("button", name="Change this run").count() == 0
        assert await page.get_by_label("Add a tag").count() == 0
