"""Servers that go away and come back, ask for a password, or live below a path."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Browser

from agnez_server.auth import AuthFiles
from agnez_server.serve import serving
from agnez_server.settings import ServerSettings
from tests.browser.conftest import visiting
from tests.browser.test_run_page import column, drawn

GONE = ("ERR_CONNECTION_REFUSED", "WebSocket connection to", "ERR_CONNECTION_RESET")


async def test_after_a_restart_nothing_is_missing_or_double(
    browser: Browser, tmp_path: Path
) -> None:
    """The page says that the server is away, comes back by itself, and shows every point once."""
    data = tmp_path / "data"
    first = AsyncExitStack()
    served = await first.enter_async_context(serving(ServerSettings(port=0, data=data)))
    async with first, visiting(browser, served.url) as site:
        site.forgiven = GONE
        points = {"run": "r", "channel": "loss", "x": list(range(50)), "y": [1.0] * 50}
        run = (await site.post("/points", points))["runs"][0]
        page = await site.open(f"/runs/{run}")
        await drawn(page, "channel.0", "raw:0", 50)

        await first.aclose()
        await page.get_by_text("The server can't be reached.").wait_for()
        assert len(await column(page, "channel.0", "raw:0")) == 50

        async with serving(ServerSettings(port=served.port, data=data)):
            more = {"run": "r", "channel": "loss", "x": list(range(50, 80)), "y": [0.5] * 30}
            await site.post("/points", more)
            await drawn(page, "channel.0", "raw:0", 80)
            await page.get_by_text("The server can't be reached.").wait_for(state="hidden")
            assert await column(page, "channel.0", "raw:0") == [
                (x, 1.0 if x < 50 else 0.5) for x in range(80)
            ]


async def test_a_chart_that_failed_comes_with_the_connection(
    browser: Browser, tmp_path: Path
) -> None:
    """A figure that could not be fetched is asked for again once the server is back."""
    data = tmp_path / "data"
    first = AsyncExitStack()
    served = await first.enter_async_context(serving(ServerSettings(port=0, data=data)))
    async with first, visiting(browser, served.url) as site:
        site.forgiven = (*GONE, "ERR_FAILED")
        answer = await site.post("/points", {"run": "r", "channel": "loss", "y": [1.0, 2.0]})
        await site.context.route("**/charts/*/figure", lambda route: route.abort())
        page = await site.open(f"/runs/{answer['runs'][0]}")
        await page.get_by_text("This chart could not be loaded.").wait_for()

        await first.aclose()
        await page.get_by_text("What you see is the last that came.").wait_for()
        await site.context.unroute("**/charts/*/figure")

        async with serving(ServerSettings(port=served.port, data=data)):
            await drawn(page, "channel.0", "raw:0", 2)


async def test_a_login_is_asked_for_and_leads_back(browser: Browser, tmp_path: Path) -> None:
    """Without a session a run's page leads to the login, and from there to the run."""
    files = AuthFiles(tmp_path)
    files.set_password("correct horse")
    _, token = files.add_token("test", "write")
    async with (
        serving(ServerSettings(port=0, data=tmp_path, login=True)) as served,
        visiting(browser, served.url) as site,
    ):
        site.forgiven = ("401",)
        site.http.headers["Authorization"] = f"Bearer {token}"
        answer = await site.post("/points", {"run": "secret", "channel": "loss", "y": 1.0})
        page = await site.open(f"/runs/{answer['runs'][0]}")

        await page.get_by_label("Password").fill("wrong horse")
        await page.get_by_role("button", name="Log in").click()
        await page.get_by_role("alert").filter(has_text="That is not the password.").wait_for()
        await page.get_by_label("Password").fill("correct horse")
        await page.get_by_role("button", name="Log in").click()

        await page.get_by_role("heading", name="secret").wait_for()
        await drawn(page, "channel.0", "raw:0", 1)


async def test_pages_work_below_a_path(browser: Browser, tmp_path: Path) -> None:
    """With --base-path every address of the page, and its socket, lies below the path."""
    async with (
        serving(ServerSettings(port=0, data=tmp_path, base_path="/team/agnez")) as served,
        visiting(browser, served.url) as site,
    ):
        answer = await site.post("/points", {"run": "below", "channel": "loss", "x": 0, "y": 1.0})
        page = await site.open("/")
        await page.get_by_role("link", name="below").click()
        await drawn(page, "channel.0", "raw:0", 1)

        await site.post("/points", {"run": answer["runs"][0], "channel": "loss", "x": 1, "y": 2.0})

        await drawn(page, "channel.0", "raw:0", 2)
