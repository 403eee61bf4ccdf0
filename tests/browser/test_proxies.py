"""Behind proxies: below a path that they keep or take away, without websockets, behind TLS."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from agnez_server.authfiles import AuthFiles
from agnez_server.serve import serving
from agnez_server.settings import ServerSettings
from tests.browser.conftest import Site, ready, visiting
from tests.browser.test_run_page import drawn
from tests.support.nginx import nginx

PASS_ON = """
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;"""
SOCKETS = """
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";"""
NO_SOCKETS = ("WebSocket connection to", "Unexpected response code")


def location(path: str, target: str, more: str) -> str:
    """A location of nginx; *target* with a path takes *path* away, without one keeps it."""
    return f"        location {path} {{\n            proxy_pass {target};{more}\n        }}"


def transports(page: Page) -> list[str]:
    """Which ways the live connection of *page* really took, in order, as they come."""
    found: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda _: found.append("ws")))
    page.on("requestfinished", lambda r: found.append("poll") if "=polling" in r.url else None)
    return found


async def watch_a_run(site: Site, own: str, page: Page, path: str) -> None:
    """Points that are posted past the proxy arrive in a chart that is looked at through it."""
    points: dict[str, Any] = {"run": "r", "channel": "loss", "x": [0, 1], "y": [1.0, 0.5]}
    async with site.http.post(f"{own}/api/v1/points", json=points) as answer:
        run = (await answer.json())["runs"][0]
    await page.goto(f"{site.url}{path}/runs/{run}")
    await ready(page)
    await drawn(page, "channel.0", "raw:0", 2)
    async with site.http.post(f"{own}/api/v1/points", json={**points, "x": [2, 3]}) as answer:
        assert answer.status == 200
    await drawn(page, "channel.0", "raw:0", 4)
    await page.get_by_role("link", name="default").first.click()
    await page.wait_for_url(re.compile(re.escape(f"{path}/?project=default") + "$"))
    await page.locator(f"a[href$='/runs/{run}']").first.click()
    await page.wait_for_url(re.compile(f"{path}/runs/{run}$"))


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "taken-away"])
@pytest.mark.parametrize("sockets", [True, False], ids=["sockets", "polling"])
async def test_below_a_path_of_a_proxy(
    browser: Browser, tmp_path: Path, kept: bool, sockets: bool
) -> None:
    """Pages, scripts, calls and the live connection all stay below it, without any setting."""
    settings = ServerSettings(
        port=0, data=tmp_path / "data", base_path="/lab/agnez" if kept else ""
    )
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(settings))
        target = f"http://127.0.0.1:{served.port}{'' if kept else '/'}"
        more = PASS_ON + (SOCKETS if sockets else "")
        front = stack.enter_context(
            nginx(tmp_path / "nginx", location("/lab/agnez/", target, more))
        )
        site = await stack.enter_async_context(visiting(browser, front))
        site.forgiven = () if sockets else NO_SOCKETS
        page = await site.page()
        ways = transports(page)

        await watch_a_run(site, served.url, page, "/lab/agnez")

        assert ("ws" in ways) is sockets
        assert ("poll" in ways) is not sockets


async def test_behind_tls_that_ends_in_front(browser: Browser, tmp_path: Path) -> None:
    """Logging in works, the cookie is for TLS only and for this path only."""
    AuthFiles(tmp_path / "data").set_password("right horse")
    settings = ServerSettings(port=0, data=tmp_path / "data", login=True)
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(settings))
        where = location("/agnez/", f"http://127.0.0.1:{served.port}/", PASS_ON + SOCKETS)
        front = stack.enter_context(nginx(tmp_path / "nginx", where, tls=True))
        site = await stack.enter_async_context(visiting(browser, front, ignore_https_errors=True))
        page = await site.page()
        ways = transports(page)
        await page.goto(f"{front}/agnez/?project=p")
        await ready(page)
        await page.get_by_label("Password").fill("right horse")
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url(f"{front}/agnez/?project=p")
        await ready(page)
        await page.wait_for_function("() => window.agnez.connection === 'live'")

        (cookie,) = await site.context.cookies()
        assert (cookie["secure"], cookie["httpOnly"], cookie["path"]) == (True, True, "/agnez")
        assert "ws" in ways


async def test_behind_jupyter(browser: Browser, tmp_path: Path) -> None:
    """`/proxy/<port>/` of a Jupyter server shows the pages, live."""
    settings = ServerSettings(port=0, data=tmp_path / "data")
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(settings))
        jupyter = await stack.enter_async_context(_jupyter(tmp_path))
        site = await stack.enter_async_context(visiting(browser, jupyter))
        page = await site.page()
        await page.goto(f"{jupyter}/proxy/{served.port}/?token=sesame")
        await ready(page)

        await watch_a_run(site, served.url, page, f"/proxy/{served.port}")


@contextlib.asynccontextmanager
async def _jupyter(folder: Path) -> AsyncIterator[str]:
    """A Jupyter server with its proxy; yields its address."""
    home = folder / "jupyter"
    home.mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jupyter", "server", "--no-browser", "--ip=127.0.0.1", "--port=0",
        "--allow-root", "--IdentityProvider.token=sesame", f"--ServerApp.root_dir={home}",
        env={"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        async for line in process.stderr:
            if found := re.search(rb"http://(?:127\.0\.0\.1|localhost):(\d+)/", line):
                reading = asyncio.create_task(process.stderr.read())
                yield f"http://127.0.0.1:{int(found[1])}"
                reading.cancel()
                return
        raise AssertionError(f"the Jupyter server did not start, status {await process.wait()}")
    finally:
        process.terminate()
        await process.wait()
