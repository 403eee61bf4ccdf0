"""The list of runs, in a real browser."""

from __future__ import annotations

from tests.browser.conftest import Site


async def test_an_empty_server_shows_how_to_begin(site: Site) -> None:
    """Code to copy, with this server's own address in it."""
    page = await site.open("/")

    await page.get_by_role("heading", name="Send the first number").wait_for()
    assert site.url.rpartition(":")[2] in await page.locator("body").inner_text()


async def test_a_new_run_appears_and_changes_its_state_by_push(site: Site) -> None:
    """No reload: the run comes, gets points, ends."""
    page = await site.open("/")

    answer = await site.post("/points", {"run": "first light", "channel": "loss", "y": 0.25})
    row = page.get_by_role("link", name="first light")
    await row.wait_for()
    run = answer["runs"][0]
    async with site.http.patch(f"{site.url}/api/v1/runs/{run}", json={"state": "failed"}):
        pass

    await page.get_by_text("Failed", exact=True).nth(1).wait_for()


async def test_a_project_says_how_many_runs_are_running(site: Site) -> None:
    """A dot for those that run, with their number in words; none when all have ended."""
    answer = await site.post("/points", {"run": "r", "project": "p", "channel": "c", "y": 1})
    page = await site.open("/")
    dot = page.get_by_role("link", name="p 1 running").get_by_role("img", name="1 running")
    await dot.wait_for()

    run = f"{site.url}/api/v1/runs/{answer['runs'][0]}"
    async with site.http.patch(run, json={"state": "finished"}):
        pass

    await dot.wait_for(state="detached")


async def test_runs_are_found_by_name(site: Site) -> None:
    """The search narrows the list to what fits."""
    for name in ("baseline", "wide-net", "deep-net"):
        await site.post("/runs", {"name": name})
    page = await site.open("/")
    await page.get_by_role("link", name="baseline").wait_for()

    await page.get_by_label("Find runs by name").fill("net")

    await page.get_by_role("link", name="baseline").wait_for(state="detached")
    await page.get_by_role("link", name="deep-net").wait_for()


async def test_a_run_opens_from_the_list(site: Site) -> None:
    """A click on a run leads to its page."""
    answer = await site.post("/points", {"run": "go there", "channel": "loss", "y": 1.0})
    page = await site.open("/")

    await page.get_by_role("link", name="go there").click()

    await page.wait_for_url(f"**/runs/{answer['runs'][0]}")
    await page.get_by_role("heading", name="go there").wait_for()


async def test_a_phone_needs_no_sideways_scroll_in_the_list(site: Site) -> None:
    """At 390 pixels the list is as wide as the screen."""
    await site.post(
        "/points", {"run": "a run with a rather long name " * 3, "channel": "c", "y": 1}
    )
    page = await site.open("/")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_role("link", name="a run with").wait_for()

    assert await page.evaluate("() => document.documentElement.scrollWidth") <= 390


async def test_a_thousand_runs_are_listed(site: Site) -> None:
    """Scrolling on brings more, down to the last one; only those in sight are on the page."""
    for n in range(0, 1000, 200):
        points = [{"run": f"run-{k:04}", "channel": "loss", "y": 1.0} for k in range(n, n + 200)]
        await site.post("/points", points)
    page = await site.open("/?sort=name")
    await page.get_by_role("link", name="run-0000").wait_for()

    await page.wait_for_function(
        """() => { scrollTo(0, document.body.scrollHeight);
                   return document.body.textContent.includes("run-0999"); }"""
    )

    assert await page.locator(".row").count() < 60
    await page.evaluate("() => scrollTo(0, 0)")
    await page.get_by_role("link", name="run-0000").wait_for()


async def test_back_leads_to_the_list_as_it_was(site: Site) -> None:
    """A search is one step in the history, however many letters it has."""
    for name in ("baseline", "wide-net"):
        await site.post("/runs", {"name": name})
    page = await site.open("/")
    baseline = page.get_by_role("link", name="baseline")
    await baseline.wait_for()
    search = page.get_by_role("searchbox")
    await search.fill("wi")
    await page.wait_for_url("**/?q=wi")
    await search.fill("wide")
    await page.wait_for_url("**/?q=wide")
    await baseline.wait_for(state="detached")

    await page.go_back()

    await baseline.wait_for()
    assert await search.input_value() == ""
