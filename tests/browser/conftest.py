"""
One Chromium for all browser tests, a fresh profile and a real server for each.

A page that throws, logs an error, breaks its own content policy or asks another host for anything
fails its test.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from agnez_client.protocol import (
    CONTENT_TYPE,
    MARK_INT,
    RECORD,
    Batch,
    encode_batch,
    join_buffers,
    new_ulid,
)
from agnez_server.serve import serving
from agnez_server.settings import ServerSettings

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@dataclass
class Site:
    """A server and a browser profile that looks at it."""

    url: str
    context: BrowserContext
    http: aiohttp.ClientSession
    complaints: list[str] = field(default_factory=list)
    forgiven: tuple[str, ...] = ()
    """What a browser logs as an error by itself, where a test brings it about."""

    async def page(self, name: str = "") -> Page:
        """An empty page whose complaints are heard."""
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{name}: {error}"))
        page.on("console", lambda message: self._heard(name, message))
        page.on("request", lambda request: self._asked(request.url))
        return page

    async def open(self, path: str) -> Page:
        """A page of the server, once its own script says that it is ready."""
        page = await self.page(path)
        await page.goto(self.url + path)
        await ready(page)
        return page

    async def post(self, path: str, body: Any) -> Any:
        """The JSON answer to a POST of *body*."""
        async with self.http.post(f"{self.url}/api/v1{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def fill(self, name: str, columns: dict[str, Any]) -> str:
        """A run with a channel for each of *columns*, x counted from 0; its id."""
        run, spool, first = new_ulid(), os.urandom(16), 0
        at = time.time_ns()
        events = [{"kind": "run", "id": run, "started": at // 1000, "name": name}]
        for n, channel in enumerate(columns):
            events.append({"kind": "channel", "n": n, "name": channel, "type": "NUMERIC"})
        texts = [json.dumps({**event, "at": at // 1000}).encode() for event in events]
        await self.ingest(Batch(spool, run, at // 1000, events=texts))
        for n, y in enumerate(columns.values()):
            for part in np.array_split(np.arange(len(y)), len(y) // 30_000 + 1):
                points = np.zeros(len(part), RECORD)
                points["x"], points["y"] = part, np.asarray(y)[part]
                points["wall_ns"], points["channel"] = at + part * 1000, n
                points["mark"] = MARK_INT
                batch = Batch(
                    spool, run, at // 1000, first_event=len(texts), first_point=first, points=points
                )
                await self.ingest(batch)
                first += len(part)
        return run

    async def ingest(self, batch: Batch) -> None:
        """One delivery of a spool."""
        body = join_buffers(encode_batch(batch))
        url = f"{self.url}/api/v1/ingest"
        async with self.http.post(url, data=body, headers={"Content-Type": CONTENT_TYPE}) as answer:
            assert answer.status == 200, await answer.text()

    def _heard(self, path: str, message: Any) -> None:
        if message.type == "error" and not any(part in message.text for part in self.forgiven):
            self.complaints.append(f"{path}: {message.text}")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc not in self.url:
            self.complaints.append(f"asked another host: {url}")


async def ready(page: Page) -> None:
    """Wait until the page is drawn."""
    await page.wait_for_function("() => window.agnez !== undefined")
    await page.evaluate("() => window.agnez.ready")


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, headless."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def visiting(browser: Browser, url: str, **options: Any) -> AsyncIterator[Site]:
    """A profile of its own that looks at the server at *url*; complaints fail the test."""
    async with aiohttp.ClientSession() as http:
        context = await browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        context.set_default_timeout(60_000)  # a page waits for its turn on a busy machine
        site = Site(url, context, http)
        try:
            yield site
        finally:
            await context.close()
    assert site.complaints == []


@pytest_asyncio.fixture
async def site(browser: Browser, tmp_path: Path) -> AsyncIterator[Site]:
    """A server with an empty store, looked at by a fresh profile."""
    async with (
        serving(ServerSettings(port=0, data=tmp_path / "data")) as served,
        visiting(browser, served.url) as site,
    ):
        yield site
