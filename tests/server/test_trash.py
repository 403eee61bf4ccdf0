"""Deleted runs: out of the lists, brought back, gone for good when their time is over."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from agnez_server.keys import CATALOG, STORE
from agnez_server.models import now_us
from agnez_server.trash import CERTAIN_S, Trash
from tests.server.bodies import PNG, put, ref, sha256
from tests.server.running import RunningServer
from tests.server.spools import Spool

DAY_US = 86_400_000_000


async def names(server: RunningServer, **query: Any) -> list[str]:
    """The names of the runs that a query finds."""
    return [run["name"] for run in (await server.get("/runs", **query))["items"]]


async def throw(server: RunningServer, run: str) -> None:
    """Put a run into the trash."""
    assert await server.call("DELETE", f"/runs/{run}") == (204, None)


async def test_a_run_in_the_trash_is_out_of_the_lists(server: RunningServer) -> None:
    """Runs and projects leave it out; deleted=true lists it, and it says since when."""
    id = await server.new_run(name="old", project="p")
    await server.new_run(name="new", project="q")

    await throw(server, id)

    assert await names(server) == ["new"]
    assert await names(server, deleted="true") == ["old"]
    assert await names(server, deleted="true", project="q") == []
    assert [p["name"] for p in (await server.get("/projects"))["items"]] == ["q"]
    assert (await server.get(f"/runs/{id}"))["deleted_at"] is not None


async def test_a_run_comes_back(server: RunningServer) -> None:
    """Restored, it is as it was, its points included."""
    id = (await server.post({"run": "r", "channel": "loss", "y": [1, 2]}))["runs"][0]
    await throw(server, id)

    status, run = await server.call("POST", f"/runs/{id}/restore")

    assert (status, run["deleted_at"], run["points"]) == (200, None, 2)
    assert await names(server) == ["r"]
    assert await server.ys(f"{id}.0") == [1, 2]


async def test_to_throw_and_to_restore_twice_is_harmless(server: RunningServer) -> None:
    """The first time counts; a run outside the trash stays where it is."""
    id = await server.new_run()
    await throw(server, id)
    since = (await server.get(f"/runs/{id}"))["deleted_at"]
    await throw(server, id)
    assert (await server.get(f"/runs/{id}"))["deleted_at"] == since

    for _ in range(2):
        assert (await server.call("POST", f"/runs/{id}/restore"))[0] == 200


async def test_what_still_comes_is_kept(server: RunningServer) -> None:
    """A run that goes on while it lies in the trash loses nothing."""
    spool = Spool(name="r")
    spool.send(1)
    await server.taken(spool.batch())
    await throw(server, spool.run)
    spool.send(2)

    await server.taken(spool.batch())

    assert await server.ys(f"{spool.run}.0") == [1, 2]
    assert await names(server, deleted="true") == ["r"]


async def test_the_name_of_a_run_in_the_trash_is_free(server: RunningServer) -> None:
    """Points by name make a new run; nobody would find them in the trash."""
    old = (await server.post({"run": "mine", "channel": "c", "y": 1}))["runs"][0]
    await throw(server, old)

    new = (await server.post({"run": "mine", "channel": "c", "y": 2}))["runs"][0]

    assert new != old
    assert await server.ys(f"{old}.0") == [1]


async def test_what_is_purged_is_gone(server: RunningServer) -> None:
    """?purge=true deletes for good, from the trash or from the list; there is no way back."""
    id = await server.new_run()
    await throw(server, id)

    await server.call("DELETE", f"/runs/{id}?purge=true")

    assert (await server.refused("POST", f"/runs/{id}/restore"))[0] == 410
    assert await names(server, deleted="true") == []


async def test_what_is_purged_takes_its_blobs_along(server: RunningServer) -> None:
    """A blob goes with the last run that names it, not before; one in the trash names it."""
    await put(server, PNG, "image/png")
    store, body = server.served.app[STORE], {**ref(PNG, "image/png"), "path": "a.png"}
    point = {"channel": "a.png", "type": "ARTEFACT", "y": body}
    first, second = [
        (await server.post({**point, "run": name}))["runs"][0] for name in ("one", "two")
    ]

    await server.call("DELETE", f"/runs/{first}?purge=true")
    await throw(server, second)
    await store.collect_blobs(0)
    assert (await server.call("GET", f"/blobs/{sha256(PNG)}"))[0] == 200

    await server.call("DELETE", f"/runs/{second}?purge=true")
    async with asyncio.timeout(20):
        while not await store.collect_blobs(0):  # what the run named is swept by and by
            await store.seal()
    assert (await server.refused("GET", f"/blobs/{sha256(PNG)}"))[0] == 404


async def test_the_trash_is_emptied_by_age(server: RunningServer) -> None:
    """A run goes when its days are over and were an hour ago, not before; others stay."""
    catalog = server.served.app[CATALOG]
    id, kept = await server.new_run(), await server.new_run(name="kept")
    await throw(server, id)
    thrown_us = catalog.run(id)["deleted"] or 0

    days, steady_s = 7 * DAY_US - 1, 0.0
    trash = Trash(catalog, 7, lambda: thrown_us + days, steady=lambda: steady_s)
    assert await trash.empty() == []
    days = 7 * DAY_US
    assert await trash.empty() == []
    steady_s = CERTAIN_S - 1
    assert await trash.empty() == []
    steady_s = CERTAIN_S

    assert await trash.empty() == [id]

    assert (await server.refused("GET", f"/runs/{id}"))[0] == 410
    assert (await server.get(f"/runs/{kept}"))["name"] == "kept"


async def test_a_clock_that_was_wrong_at_the_start_empties_nothing(server: RunningServer) -> None:
    """A year ahead, then set right: what looked overdue was not, and counts anew when it is."""
    catalog = server.served.app[CATALOG]
    id = await server.new_run()
    await throw(server, id)
    thrown_us, days, steady_s = catalog.run(id)["deleted"] or 0, 365, 0.0
    trash = Trash(catalog, 7, lambda: thrown_us + days * DAY_US, steady=lambda: steady_s)
    assert await trash.empty() == []
    days, steady_s = 1, CERTAIN_S / 2
    assert await trash.empty() == []
    days, steady_s = 7, CERTAIN_S

    assert await trash.empty() == []
    assert (await server.call("POST", f"/runs/{id}/restore"))[0] == 200


async def test_the_trash_survives_a_restart(
    start: Callable[..., AbstractAsyncContextManager[RunningServer]],
) -> None:
    """What lies in it is there after the server began anew, unless its time is over by then."""
    async with start() as server:
        id = await server.new_run(name="old")
        await throw(server, id)
    async with start() as server:
        assert await names(server, deleted="true") == ["old"]
        assert server.served.app[CATALOG].run(id)["deleted"] <= now_us()


@pytest.mark.parametrize("path", ["/runs/{}?purge=maybe", "/runs/{}?purg=true"])
async def test_a_wrong_purge_deletes_nothing(server: RunningServer, path: str) -> None:
    """A typing error is refused, it does not choose."""
    id = await server.new_run()

    assert (await server.refused("DELETE", path.format(id)))[0] == 400
    assert (await server.get(f"/runs/{id}"))["deleted_at"] is None


async def test_a_run_that_goes_while_it_is_read(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is what was read until then, or that it is gone; no mistake."""
    run = (await server.post({"run": "r", "channel": "loss", "y": [1, 2]}))["runs"][0]
    store, begun, gone = server.served.app[STORE], asyncio.Event(), threading.Event()
    loop, view = asyncio.get_running_loop(), store.view

    def late(*args: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        assert gone.wait(10)
        return view(*args)

    monkeypatch.setattr(store, "view", late)
    reading = asyncio.create_task(server.call("GET", f"/channels/{run}.0/points"))
    await asyncio.wait_for(begun.wait(), 10)
    assert (await server.call("DELETE", f"/runs/{run}", params={"purge": "true"}))[0] == 204
    gone.set()

    status, body = await reading

    assert status in (200, 410), body
