"""Guesses at tokens, cookies and sessions, by every way in: counted, refused, soon forgotten."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
import socketio

from agnez_server.auth import MOST_CALLERS, TRIES_PER_MINUTE, Tries
from agnez_server.authfiles import AuthFiles
from agnez_server.keys import GATE
from agnez_server.live import door
from tests.server.running import RunningServer


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "bearer x", "BEARER\tx", "Basic YTpi", "Basic", "", "x", "Bearer x y",
     "Digest username=a", "Bearer " + "a" * 7000, "Bearer \xff", "Bearer agnez_, Bearer agnez_"],
    ids=lambda h: repr(h[:20]),
)  # fmt: skip
async def test_odd_authorizations(locked: RunningServer, header: str) -> None:
    """Whatever is no token of ours gets in nowhere, and never an error of the server's."""
    answer = await locked.refused("GET", "/runs", headers={"Authorization": header})

    assert answer[0] == 401


async def test_two_authorizations_are_one_wrong_one(
    locked: RunningServer, files: AuthFiles
) -> None:
    """A right token that stands behind a wrong one is not looked at."""
    _, secret = files.add_token("t", "read")
    headers = [("Authorization", "Bearer wrong"), ("Authorization", f"Bearer {secret}")]

    assert (await locked.refused("GET", "/runs", headers=headers))[0] == 401


async def test_guesses_over_sockets_count_too(locked: RunningServer, files: AuthFiles) -> None:
    """Those of viewers; afterwards requests have to wait, and a right token still gets in."""
    _, secret = files.add_token("t", "read")
    for n in range(TRIES_PER_MINUTE):
        with pytest.raises(socketio.exceptions.ConnectionError):
            await locked.viewer(token=f"agnez_{n}")

    status, error = await locked.refused(
        "GET", "/runs", headers={"Authorization": "Bearer agnez_guess"}
    )

    assert (status, error["code"]) == (429, "too_many_requests")
    viewer = await locked.viewer(token=secret)
    assert await viewer.ask("watch_runs") == {"ok": True}


async def test_guesses_of_clients_of_feathers_count_too(locked: RunningServer) -> None:
    """Those who connect to the namespace / are the same callers."""
    for n in range(TRIES_PER_MINUTE):
        client = socketio.AsyncClient(reconnection=False)
        with suppress(socketio.exceptions.ConnectionError):
            await client.connect(locked.root, auth={"token": f"agnez_{n}"}, namespaces=["/"],
                                 transports=["websocket"])  # fmt: skip
        await client.disconnect()

    assert locked.served.app[GATE].tries.wait_s("127.0.0.1") > 0


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP"]
)
async def test_nobody_says_himself_who_he_is(locked: RunningServer, name: str) -> None:
    """A header that names another address does not make him another caller."""
    found = []
    for n in range(TRIES_PER_MINUTE + 1):
        headers = {name: f"for=10.0.0.{n}" if name == "Forwarded" else f"10.0.0.{n}"}
        found.append((await locked.refused("POST", "/session", json={"password": "wrong!!!"},
                                           headers=headers))[0])  # fmt: skip

    assert found == [401] * TRIES_PER_MINUTE + [429]


def test_a_million_callers_take_little_memory() -> None:
    """Of those who tried only the latest are remembered; who tries on has to wait all the same."""
    tries = Tries(lambda: 0.0)
    for n in range(30_000):
        tries.note(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
        if n % 1000 == 0:
            tries.note("192.0.2.1")

    assert len(tries) == MOST_CALLERS
    assert tries.wait_s("192.0.2.1") == 60
    assert tries.wait_s("10.0.0.0") == 0


async def test_a_session_that_was_planted_is_not_taken_over(locked: RunningServer) -> None:
    """What a caller brings as a cookie is never what he is logged in with."""
    headers = {"Cookie": "agnez_session=planted"}
    async with locked.http.post(
        f"{locked.api}/session", json={"password": "wrong!!!"}, headers=headers
    ) as answer:
        assert answer.status == 401
        assert "Set-Cookie" not in answer.headers


async def test_those_who_never_join_leave_places_for_others(
    locked: RunningServer, files: AuthFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polling connections that are opened and left: some for each network, then 503."""
    monkeypatch.setattr(door, "MOST_STRANGERS", 3)
    _, secret = files.add_token("t", "read")
    viewer = await locked.viewer(token=secret)
    url, found = f"{locked.root}/socket.io/?EIO=4&transport=polling", []
    for _ in range(5):
        async with locked.http.get(url) as answer:
            found.append(answer.status)
            text = await answer.text()
    assert found == [200, 200, 200, 503, 503]
    assert json.loads(text)["error"]["code"] == "busy"
    assert await viewer.ask("watch_runs") == {"ok": True}
