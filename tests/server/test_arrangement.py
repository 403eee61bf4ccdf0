"""How the cells of a page are arranged: asked for, kept, refused."""

from __future__ import annotations

from typing import Any

import pytest

from agnez_server.api.arrangement import MOST_CELLS
from agnez_server.keys import STORE
from agnez_server.models import ARRANGEMENTS
from tests.server.logins import PASSWORD
from tests.server.running import RunningServer

PATH = "/cells/arrangement"
MADE = {
    "columns": 3,
    "order": ["b", "a"],
    "sizes": {"a": {"columns": 2, "height": 480}, "b": {"columns": 1, "height": None}},
}


def empty(place: str) -> dict[str, Any]:
    """The arrangement of a page whose cells nobody arranged."""
    return {"place": place, "columns": 2, "order": [], "sizes": {}}


async def test_a_page_begins_with_two_columns(server: RunningServer) -> None:
    """And with nothing in order: the cells come by their pos."""
    run = await server.new_run()

    assert await server.get(PATH) == empty("home")
    assert await server.get(PATH, place=run) == empty(run)


async def test_an_arrangement_is_kept(start: Any) -> None:
    """Over a restart, for its own place only."""
    async with start() as server:
        run = await server.new_run()
        status, answer = await server.call("PUT", f"{PATH}?place={run}", json=MADE)
        assert (status, answer) == (200, {"place": run, **MADE})
    async with start() as server:
        assert await server.get(PATH, place=run) == {"place": run, **MADE}
        assert await server.get(PATH) == empty("home")


async def test_an_arrangement_is_replaced_whole(server: RunningServer) -> None:
    """What the body leaves out is as in a page that nobody arranged."""
    await server.call("PUT", PATH, json=MADE)

    status, answer = await server.call("PUT", PATH, json={"place": "home", "order": ["c"]})

    assert (status, answer) == (200, {**empty("home"), "order": ["c"]})
    assert await server.get(PATH) == answer


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"colums": 2},
        {"columns": 0},
        {"columns": 7},
        {"columns": True},
        {"columns": 2.0},
        {"order": "ab"},
        {"order": [1]},
        {"order": ["a", "a"]},
        {"order": [""]},
        {"order": ["x" * 201]},
        {"order": ["\ud800"]},
        {"sizes": []},
        {"sizes": {"a": 2}},
        {"sizes": {"a": {"width": 2}}},
        {"sizes": {"a": {"columns": 9}}},
        {"sizes": {"a": {"height": -1}}},
        {"sizes": {"a": {"height": 1e9}}},
        {"sizes": {"x" * 201: {}}},
        {"place": "elsewhere"},
    ],
    ids=str,
)
async def test_what_is_no_arrangement_is_refused(shared: RunningServer, body: object) -> None:
    """With a 400 that names the field; what was kept stays."""
    status, _ = await shared.refused("PUT", PATH, json=body)

    assert status == 400
    assert await shared.get(PATH) == empty("home")


@pytest.mark.parametrize("field", ["order", "sizes"])
async def test_there_are_only_so_many_cells(shared: RunningServer, field: str) -> None:
    """One more than the limit is 413."""
    ids = {str(i): {} for i in range(MOST_CELLS + 1)}

    status, error = await shared.refused(
        "PUT", PATH, json={field: ids if field == "sizes" else list(ids)}
    )

    assert (status, error["limit"]) == (413, MOST_CELLS)


@pytest.mark.parametrize("place", ["../home", "01JD0000000000000000000000", ""])
async def test_a_place_is_home_or_a_run(shared: RunningServer, place: str) -> None:
    """Anything else is not found."""
    assert (await shared.refused("GET", PATH, params={"place": place}))[0] == 404
    assert (await shared.refused("PUT", PATH, params={"place": place}, json={}))[0] == 404


async def test_an_arrangement_goes_with_its_run(server: RunningServer) -> None:
    """A run that is deleted for good leaves none behind."""
    run = await server.new_run()
    await server.call("PUT", f"{PATH}?place={run}", json=MADE)

    await server.call("DELETE", f"/runs/{run}?purge=true")

    assert (await server.refused("GET", PATH, params={"place": run}))[0] == 410
    assert len(server.served.app[STORE].committed.table(ARRANGEMENTS)) == 0


async def test_arranging_needs_a_login(locked: RunningServer) -> None:
    """Where one is asked for: nobody sees or changes it without."""
    assert (await locked.refused("GET", PATH))[0] == 401
    assert (await locked.refused("PUT", PATH, json=MADE))[0] == 401

    await locked.call("POST", "/session", json={"password": PASSWORD})

    assert (await locked.call("PUT", PATH, json=MADE))[0] == 200
