"""What a page says of the server's disk, in a real browser: full, with room again, damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, expect

from agnez_server.app import make_app
from agnez_server.auth import Gate
from agnez_server.authfiles import AuthFiles
from agnez_server.listening import JsonRunner
from agnez_server.settings import ServerSettings
from agnez_server.store import SqliteStore, StoreOptions, StoreStats
from agnez_server.store.committer import Committer
from tests.browser.conftest import Site, visiting


class Disk:
    """A disk that is full while ``full`` is set: for a commit, and for who looks for room."""

    full = False

    def before_commit(self, con: sqlite3.Connection) -> None:
        """Refuse the commit, as a full disk does."""
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
async def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk of the server."""
    disk, probe = Disk(), Committer.probe

    def try_to_write(committer: Committer) -> None:
        if disk.full:
            raise sqlite3.OperationalError("database or disk is full")
        probe(committer)

    monkeypatch.setattr(Committer, "probe", try_to_write)
    return disk


@pytest.fixture
async def small_site(browser: Browser, tmp_path: Path, disk: Disk) -> AsyncIterator[Site]:
    """A server on that disk, which looks for room every 20 ms."""
    options = StoreOptions(before_commit=disk.before_commit, probe_interval_s=0.02)
    store = await SqliteStore.open(tmp_path / "data", options=options)
    settings = ServerSettings(host="127.0.0.1", port=0)
    app = make_app(settings, store, Gate(AuthFiles(tmp_path / "data"), needs_login=False))
    runner = JsonRunner(app, settings, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with visiting(browser, f"http://127.0.0.1:{runner.addresses[0][1]}") as site:
        yield site
    await runner.cleanup()


async def test_a_full_disk_is_told_on_every_page_until_there_is_room(
    small_site: Site, disk: Disk
) -> None:
    """By itself, and not as if the server were away."""
    answer = await small_site.post("/points", {"run": "r", "channel": "loss", "y": 1})
    pages = [await small_site.open(path) for path in ("/", f"/runs/{answer['runs'][0]}")]
    point = {"run": "r", "channel": "loss", "y": 2}

    disk.full = True
    async with small_site.http.post(f"{small_site.url}/api/v1/points", json=point) as refused:
        assert refused.status == 507
    pages.append(await small_site.open("/"))
    for page in pages:
        await expect(page.get_by_role("status").get_by_text("disk is full")).to_be_visible()
        await expect(page.get_by_text("can't be reached")).to_have_count(0)

    disk.full = False
    for page in pages:
        await expect(page.get_by_text("disk is full")).to_have_count(0)


async def test_damage_is_told_on_every_page(
    small_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of the store, as text, beside what the pages show otherwise."""
    sound = SqliteStore.store_stats

    def damaged(store: SqliteStore) -> StoreStats:
        return replace(sound(store), damage="3 chunks of <b>loss</b> can't be read")

    monkeypatch.setattr(SqliteStore, "store_stats", damaged)
    answer = await small_site.post("/points", {"run": "r", "channel": "loss", "y": 1})
    for path in ("/", f"/runs/{answer['runs'][0]}"):
        page = await small_site.open(path)
        told = page.get_by_role("status").get_by_text("3 chunks of <b>loss</b> can't be read")
        await expect(told).to_be_visible()
