"""The sections of a run's page, in a real browser."""

from __future__ import annotations

import time

from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.recorded import Recorded

EVIL = "<img src=x onerror=document.title='broken'>"
DIFF = b"diff --git a/t.py b/t.py\n--- a/t.py\n+++ b/t.py\n@@ -1 +1 @@\n-lr = 1\n+lr = 0.1\n"


async def test_a_section_has_an_address_and_keys(site: Site) -> None:
    """Tabs are links with the section behind the #; arrows go on, Back goes back."""
    run = await site.fill("tabs", {"loss": [1.0], "system/cpu": [0.5]})
    page = await site.open(f"/runs/{run}#system")
    await expect(page.get_by_role("tab", name="System 1")).to_have_attribute(
        "aria-selected", "true"
    )
    await page.get_by_role("heading", name="system/cpu").wait_for()

    await page.get_by_role("tab", name="System").focus()
    await page.keyboard.press("ArrowRight")
    await page.wait_for_url("**#code")
    await page.get_by_role("heading", name="Nothing is known about the code").wait_for()
    await page.keyboard.press("Home")
    await page.wait_for_url("**#charts")
    await page.get_by_role("heading", name="loss").wait_for()
    await page.go_back()

    await page.wait_for_url("**#code")


async def test_figures_of_the_machine_are_drawn_over_time(site: Site) -> None:
    """Their x is seconds, so a marker at a step has its place by time; bytes tell their unit."""
    point = {"run": "machine", "channel": "system/memory_bytes", "x": 9000, "y": 5.6e8}
    run = (await site.post("/points", [point]))["runs"][0]
    page = await site.open(f"/runs/{run}#system")

    await page.get_by_text("560 MB", exact=True).wait_for()
    await expect(page.get_by_role("button", name="Steps")).to_have_count(0)
    await page.wait_for_function(
        "() => { const { range } = window.agnez.charts['channel.0'];"
        " return range && range.x[1] < 1000; }"
    )


async def test_charts_are_found_among_five_thousand(site: Site) -> None:
    """ "/" leads to the search; what it leaves is mounted, and groups say how many are left."""
    points = [{"run": "many", "channel": f"block{n % 10}/layer{n}", "y": 1.0} for n in range(5000)]
    for first in range(0, 5000, 1000):
        run = (await site.post("/points", points[first : first + 1000]))["runs"][0]
    page = await site.open(f"/runs/{run}")
    await page.get_by_role("tab", name="Charts 5,000").wait_for()

    await page.keyboard.press("/")
    await page.keyboard.type("/layer(4321|77)$/")

    await page.get_by_role("button", name="block1 1", exact=True).wait_for()
    await page.get_by_role("button", name="block7 1", exact=True).wait_for()
    await page.wait_for_function(
        "() => ['channel.77', 'channel.4321'].every((id) => window.agnez.charts[id]?.mounted)"
    )
    assert len(await page.evaluate("() => Object.keys(window.agnez.charts)")) < 60
    took = await page.evaluate(
        """() => { const field = document.activeElement; field.value = "layer49";
                   const began = performance.now();
                   field.dispatchEvent(new Event("input"));
                   document.body.offsetHeight;
                   return performance.now() - began; }"""
    )
    assert took < 400  # 30 ms on an idle machine; tests run beside others


async def test_a_group_stays_folded(site: Site) -> None:
    """What the reader folds away costs nothing and is folded after a reload."""
    run = await site.fill("fold", {"a/x": [1.0], "a/y": [1.0], "b": [1.0]})
    page = await site.open(f"/runs/{run}")
    await page.get_by_role("button", name="a 2").click()
    await page.get_by_role("heading", name="a/x").wait_for(state="hidden")

    await page.reload()

    await page.get_by_role("heading", name="b", exact=True).wait_for()
    assert await page.get_by_role("heading", name="a/x").is_hidden()


async def test_the_code_section_tells_what_ran(site: Site) -> None:
    """Commit, command, diff, packages with a search, model, data: as text, whatever they hold."""
    run = Recorded(site, "code", python="3.11.7")
    diff, packages = await run.put(DIFF), await run.put(f"numpy==1.26\n{EVIL}==2\n".encode())
    facts = {
        "git": {"commit": "c0ffee", "branch": EVIL, "dirty": True, "diff": diff},
        "command": ["python", "train.py", EVIL],
        "packages": {"count": 2, "blob": packages},
        "model": {"name": "Net", "parameters": 1234567},
        EVIL: {"k": EVIL},
    }
    await run.tell(
        {"kind": "about", "facts": facts, "blobs": [diff, packages]},
        {"kind": "dataset", "name": EVIL, "hash": "sha256:ab", "size": 10, "count": 2},
    )
    page = await site.open(f"/runs/{run.run}#code")

    await page.get_by_text("c0ffee").wait_for()
    await page.locator(".diff-added", has_text="lr = 0.1").wait_for()
    await page.locator(".diff-removed", has_text="lr = 1").wait_for()
    await page.get_by_text("1,234,567").wait_for()
    await page.get_by_label("Find packages").fill("NUM")
    await expect(page.locator(".packages li")).to_have_text(["numpy1.26"])
    assert await page.locator("img").count() == 0
    assert await page.title() != "broken"


async def test_artefacts_are_listed_with_versions_and_can_be_had(site: Site) -> None:
    """The newest version in front, older ones on demand; a path in a name leads nowhere."""
    run = Recorded(site, "files")
    name = f"../../{EVIL}/model.pt"
    for version in range(2):
        blob = await run.put(b"weights %d" % version, "application/octet-stream")
        body = {**blob, "path": EVIL, "kind": "checkpoint", "metadata": {"epoch": version}}
        await run.enter(name, "ARTEFACT", version * 100, body)
    page = await site.open(f"/runs/{run.run}#artefacts")
    await page.get_by_role("tab", name="Artefacts 1").wait_for()
    await page.get_by_role("cell", name="v2").wait_for()

    await page.get_by_role("button", name="1 older").click()
    await page.get_by_role("cell", name="v1").wait_for()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download: model.pt").last.click()

    assert (await download.value).suggested_filename == "model.pt"
    assert (await (await download.value).path()).read_bytes() == b"weights 0"
    assert await page.locator("img").count() == 0


async def test_markers_and_new_media_come_by_push(site: Site) -> None:
    """An entry that comes later appears in its section, a marker in the details."""
    run = Recorded(site, "later")
    await run.enter("note", "TEXT", 1, {"text": "first", "format": "plain"})
    page = await site.open(f"/runs/{run.run}#media")
    await page.get_by_role("tab", name="Media 1").wait_for()

    await run.enter("markers", "MARKER", 7, {"text": EVIL, "level": "warning"})
    await run.enter("other", "TEXT", 1, {"text": "second", "format": "plain"})

    await page.get_by_role("tab", name="Media 2").wait_for()
    await page.locator(".markers li", has_text="step 7").wait_for()
    assert await page.locator("img").count() == 0


async def test_the_head_tells_stage_and_progress(site: Site) -> None:
    """Steps of the total, and what the rest takes at this pace."""
    run = Recorded(site, "way")
    await run.tell({"kind": "fields", "stage": "VALIDATE", "total_steps": 200})
    wall = time.time_ns() // 1000
    await site.post(
        "/points",
        {
            "run": run.run,
            "channel": "loss",
            "x": [0, 50],
            "y": [1, 1],
            "wall": [wall, wall + 10**7],
        },
    )

    page = await site.open(f"/runs/{run.run}")

    await page.get_by_text("50 of 200 steps · 25%").wait_for()
    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "25")
    await page.get_by_text("VALIDATE").wait_for()
