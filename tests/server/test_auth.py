"""Tokens, the password, sessions: who gets in, with which scope, and who does not."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio

from agnez_server.auth import COOKIE, TRIES_PER_MINUTE, Gate, Tries
from agnez_server.authfiles import AuthFileDamaged, AuthFiles, Scope
from agnez_server.keys import HUB
from agnez_server.serve import NoLoginSet
from agnez_server.settings import ServerSettings
from tests.server.running import RunningServer
from tests.server.spools import Spool

Start = Callable[..., AbstractAsyncContextManager[RunningServer]]
PASSWORD = "correct horse battery"


@pytest.fixture
def files(tmp_path: Path) -> AuthFiles:
    """The files of the server's data directory."""
    return AuthFiles(tmp_path / "data")


@pytest.fixture(scope="module")
def password_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A password's file, made once: it is slow to make on purpose."""
    directory = tmp_path_factory.mktemp("password")
    AuthFiles(directory).set_password(PASSWORD)
    return directory / "password"


@pytest.fixture
async def locked(tmp_path: Path, password_file: Path, start: Start) -> AsyncIterator[RunningServer]:
    """A server that asks for a login, with a password."""
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copy(password_file, tmp_path / "data" / "password")
    async with start(login=True) as server:
        yield server


def bearer(secret: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {secret}"}


async def log_in(server: RunningServer, password: str = PASSWORD) -> tuple[int, Any]:
    """The answer to a login."""
    return await server.call("POST", "/session", json={"password": password})


# -- without a login -------------------------------------------------------------------------


async def test_loopback_is_open(server: RunningServer) -> None:
    """On loopback every caller may do everything, whatever token he shows."""
    session = await server.get("/session")

    assert session == {"login": False, "authenticated": True, "scope": "admin"}
    assert (await server.call("GET", "/runs", headers=bearer("agnez_wrong")))[0] == 200


# -- tokens ----------------------------------------------------------------------------------

CALLS: list[tuple[Scope, str, str]] = [
    ("read", "GET", "/runs"), ("read", "GET", "/projects"), ("read", "GET", "/version"),
    ("read", "GET", "/stats"), ("read", "GET", "/runs/{run}"), ("read", "GET", "/channels/{run}.0"),
    ("read", "GET", "/channels/{run}.0/points"), ("read", "GET", "/channels/{run}.0/raw"),
    ("read", "GET", "/runs/{run}/channels"), ("read", "GET", "/runs/{run}/charts"),
    ("write", "POST", "/runs"), ("write", "PATCH", "/runs/{run}"), ("write", "POST", "/points"),
    ("write", "POST", "/runs/{run}/charts"), ("write", "POST", "/ingest"),
    ("admin", "DELETE", "/runs/{run}"),
]  # fmt: skip


@pytest.mark.parametrize(("needed", "method", "path"), CALLS, ids=lambda v: str(v))
async def test_a_scope_allows_what_it_says(
    locked: RunningServer, files: AuthFiles, needed: Scope, method: str, path: str
) -> None:
    """Nobody gets 401; a token of a smaller scope 403, naming the scope; the right one gets in."""
    secrets = {s: files.add_token(s, s)[1] for s in ("read", "write", "admin")}  # type: ignore[arg-type]
    spool = Spool()
    path = path.format(run=spool.run)
    assert (await locked.call("POST", "/runs", json={"id": spool.run},
                              headers=bearer(secrets["admin"])))[0] == 201  # fmt: skip

    for scope, secret in (("none", None), *secrets.items()):
        headers = bearer(secret) if secret else {}
        status, answer = await locked.call(method, path, headers=headers, json={})
        if secret is None:
            assert (status, answer["error"]["code"]) == (401, "not_authenticated")
        elif list(secrets).index(scope) < list(secrets).index(needed):
            assert (status, answer["error"]["code"]) == (403, "forbidden")
            assert answer["error"]["scope"] == needed
        else:
            assert status not in (401, 403, 500)


async def test_what_is_open_to_all(locked: RunningServer) -> None:
    """Health, the state of the session and the API's description need no login."""
    for path in ("/health", "/session", "/openapi.json"):
        assert (await locked.call("GET", path))[0] == 200
    assert (await locked.get("/session"))["authenticated"] is False


@pytest.mark.parametrize(
    "header", ["Bearer agnez_wrong", "Bearer", "Bearer  ", "Basic YTpi", "agnez_wrong", "",
               "Bearer \xff", "bearer x y z"]
)  # fmt: skip
async def test_a_wrong_token_is_refused_everywhere(locked: RunningServer, header: str) -> None:
    """Whoever shows something wrong is told so, on open routes and with a session too."""
    await log_in(locked)

    status, error = await locked.refused("GET", "/health", headers={"Authorization": header})

    assert (status, error["code"]) == (401, "not_authenticated")
    assert "agnez token create" in error["hint"]


async def test_a_new_token_is_noticed(locked: RunningServer, files: AuthFiles) -> None:
    """A token that is made, or removed, while the server runs counts from the next request on."""
    token, secret = files.add_token("laptop", "read")
    assert (await locked.call("GET", "/runs", headers=bearer(secret)))[0] == 200

    assert files.remove_token(token.id)

    assert (await locked.call("GET", "/runs", headers=bearer(secret)))[0] == 401


async def test_tokens_are_not_kept(files: AuthFiles, tmp_path: Path) -> None:
    """The files hold hashes, and only their owner reads them."""
    _, secret = files.add_token("laptop", "admin")
    files.set_password(PASSWORD)

    for path in (tmp_path / "data").iterdir():
        assert secret not in path.read_text()
        assert PASSWORD not in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600


async def test_two_tokens_made_at_once_are_both_there(files: AuthFiles) -> None:
    """Two programs that make tokens at the same moment do not undo each other."""
    await asyncio.gather(*(asyncio.to_thread(files.add_token, f"t{i}", "read") for i in range(20)))

    assert sorted(t.name for t in files.tokens()) == sorted(f"t{i}" for i in range(20))


# -- the password ----------------------------------------------------------------------------


async def test_the_right_password_opens_a_session(locked: RunningServer) -> None:
    """After a login the cookie is enough, until the logout."""
    assert (await locked.call("GET", "/runs"))[0] == 401
    status, answer = await log_in(locked)
    assert (status, answer["scope"]) == (200, "admin")
    assert (await locked.call("GET", "/runs"))[0] == 200

    await locked.call("DELETE", "/session")

    assert (await locked.call("GET", "/runs"))[0] == 401


async def test_the_cookie_keeps_to_itself(locked: RunningServer) -> None:
    """No script reads it, no other site sends it; behind TLS it never goes without."""
    url, body = f"{locked.api}/session", {"password": PASSWORD}

    async with locked.http.post(url, json=body) as answer:
        plain = answer.cookies[COOKIE]
    async with locked.http.post(url, json=body, headers={"X-Forwarded-Proto": "https"}) as answer:
        secure = answer.cookies[COOKIE]

    assert plain["httponly"]
    assert plain["samesite"] == "Strict"
    assert (plain["path"], plain["domain"], plain["secure"]) == ("/", "", "")
    assert secure["secure"]
    assert 29 * 86_400 < int(plain["max-age"]) <= 30 * 86_400


async def test_the_cookie_stays_below_the_base_path(files: AuthFiles, start: Start) -> None:
    """Behind a proxy with other programs the cookie is sent to this one only."""
    files.set_password(PASSWORD)
    async with start(login=True, base_path="/lab/agnez") as server:
        async with server.http.post(f"{server.api}/session", json={"password": PASSWORD}) as answer:
            assert answer.cookies[COOKIE]["path"] == "/lab/agnez"
        assert (await server.call("GET", "/runs"))[0] == 200


async def test_wrong_tries_have_to_wait(locked: RunningServer) -> None:
    """After five wrong passwords the right one is not looked at either, for a while."""
    statuses = [(await log_in(locked, "wrong wrong"))[0] for _ in range(TRIES_PER_MINUTE)]

    status, error = await locked.refused("POST", "/session", json={"password": PASSWORD})

    assert statuses == [401] * TRIES_PER_MINUTE
    assert (status, error["code"]) == (429, "too_many_requests")
    assert 0 < error["retry_after_s"] <= 60


async def test_tries_at_the_same_moment_are_counted(locked: RunningServer) -> None:
    """A hundred guesses in one go are five."""
    answers = await asyncio.gather(*(log_in(locked, f"wrong {i:03}") for i in range(30)))

    assert sorted(status for status, _ in answers) == [401] * TRIES_PER_MINUTE + [429] * 25


async def test_a_right_password_forgives(locked: RunningServer) -> None:
    """Who remembers in time starts anew."""
    for _ in range(2):
        for _ in range(TRIES_PER_MINUTE - 1):
            await log_in(locked, "wrong wrong")
        assert (await log_in(locked))[0] == 200


async def test_wrong_tokens_have_to_wait(locked: RunningServer, files: AuthFiles) -> None:
    """Guessing tokens is slowed down too, a right token goes through."""
    _, secret = files.add_token("t", "read")
    statuses = [
        (await locked.call("GET", "/runs", headers=bearer(f"agnez_{i}")))[0] for i in range(7)
    ]

    assert statuses == [401] * 5 + [429] * 2
    assert (await locked.call("GET", "/runs", headers=bearer(secret)))[0] == 200


@pytest.mark.parametrize("body", [{}, {"password": 5}, {"password": None}, {"password": "x" * 1001},
                                  {"password": "a", "user": "b"}, [], "text"])  # fmt: skip
async def test_a_login_that_makes_no_sense(locked: RunningServer, body: object) -> None:
    """400, and it counts as no try."""
    for _ in range(TRIES_PER_MINUTE + 1):
        assert (await locked.refused("POST", "/session", json=body))[0] == 400


async def test_a_login_without_a_password(files: AuthFiles, start: Start) -> None:
    """Where only tokens were made the answer says how to set a password."""
    files.add_token("t", "admin")
    async with start(login=True) as server:
        status, answer = await log_in(server)
        assert status == 401
        assert "agnez password" in answer["error"]["hint"]


async def test_another_password_ends_all_sessions(locked: RunningServer, files: AuthFiles) -> None:
    """Cookies of the old password are worth nothing."""
    await log_in(locked)

    files.set_password("another password")

    assert (await locked.call("GET", "/runs"))[0] == 401


@pytest.mark.parametrize("cookie", ["", ".", "..", "a.b.c", "9999999999.00.00", "x" * 5000,
                                    "1e9.0.0", "é.é.é", "99999999999.abc"])  # fmt: skip
async def test_a_made_up_cookie_is_nobody(locked: RunningServer, cookie: str) -> None:
    """401, whatever stands in it."""
    headers = {"Cookie": f"{COOKIE}={cookie}"}

    assert (await locked.call("GET", "/runs", headers=headers))[0] == 401


def test_a_session_runs_out(files: AuthFiles) -> None:
    """After its days a cookie is worth nothing."""
    now = 1_000_000.0
    files.set_password(PASSWORD)
    gate = Gate(files, needs_login=True, session_days=2, clock=lambda: now)
    cookie, lasts_s = gate.open_session()

    assert gate.is_session(cookie)
    now += lasts_s - 1
    assert gate.is_session(cookie)
    now += 2
    assert not gate.is_session(cookie)


def test_a_password_has_eight_characters(files: AuthFiles) -> None:
    """A shorter one is refused."""
    with pytest.raises(ValueError, match="at least 8"):
        files.set_password("1234567")


# -- damage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"a": 1}',
        '[{"id": 1}]',
        "[5]",
        "\x00",
        '[{"id":"a","name":"b","scope":"god","sha256":"c","created":1}]',
    ],
)
async def test_a_damaged_file_lets_nobody_in(
    locked: RunningServer, files: AuthFiles, tmp_path: Path, text: str
) -> None:
    """Tokens that can't be read are none; a mended file counts at once."""
    _, secret = files.add_token("t", "read")
    path = tmp_path / "data" / "tokens.json"
    good = path.read_text()

    path.write_text(text)
    assert (await locked.call("GET", "/runs", headers=bearer(secret)))[0] == 401
    path.write_text(good + "\n")
    assert (await locked.call("GET", "/runs", headers=bearer(secret)))[0] == 200


async def test_a_server_does_not_start_on_damage(
    files: AuthFiles, start: Start, tmp_path: Path
) -> None:
    """The error names the file."""
    files.add_token("t", "read")
    (tmp_path / "data" / "tokens.json").write_text("{")

    with pytest.raises(AuthFileDamaged, match=r"tokens\.json"):
        async with start(login=True):
            pass


# -- other addresses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "needs"),
    [(None, False), ("127.0.0.1", False), ("127.9.9.9", False), ("::1", False), ("[::1]", False),
     ("localhost", False), ("0.0.0.0", True), ("::", True), ("192.168.1.5", True), ("", True),
     ("lab.example", True), ("::ffff:127.0.0.1", True)],
)  # fmt: skip
def test_addresses_that_others_reach_need_a_login(host: str | None, needs: bool) -> None:
    """Only loopback is open; what is not surely loopback is not."""
    assert ServerSettings(host=host).needs_login() is needs


async def test_no_start_for_others_without_a_login(start: Start) -> None:
    """`--host 0.0.0.0` without password and token refuses to start, and says what to do."""
    with pytest.raises(NoLoginSet, match="agnez token create"):
        async with start(host="0.0.0.0"):
            pass


# -- sockets ---------------------------------------------------------------------------------


async def test_a_viewer_needs_a_login(locked: RunningServer) -> None:
    """A socket without, or with a wrong token is refused."""
    for token in (None, "agnez_wrong", ""):
        with pytest.raises(socketio.exceptions.ConnectionError, match="live"):
            await locked.viewer(token=token)


async def test_a_viewer_shows_a_token_or_a_cookie(locked: RunningServer, files: AuthFiles) -> None:
    """The token goes with the connection or in its header; a browser sends its cookie."""
    _, secret = files.add_token("t", "read")
    await log_in(locked)
    cookies = locked.http.cookie_jar.filter_cookies(aiohttp.client.URL(locked.root))
    cookie = {"Cookie": f"{COOKIE}={cookies[COOKIE].value}"}

    for given in ({"token": secret}, {"headers": bearer(secret)}, {"headers": cookie}):
        viewer = await locked.viewer(**given)
        assert await viewer.ask("watch_runs") == {"ok": True}


async def test_a_token_that_is_taken_away_ends_its_sockets(
    locked: RunningServer, files: AuthFiles
) -> None:
    """Who may not read any more is not told any more, within a second or so."""
    token, secret = files.add_token("t", "read")
    _, kept = files.add_token("u", "read")
    viewer, other = await locked.viewer(token=secret), await locked.viewer(token=kept)

    files.remove_token(token.id)
    await locked.served.app[HUB].door.sweep()

    await asyncio.wait_for(viewer.gone.wait(), 10)
    assert await other.ask("watch_runs") == {"ok": True}


# -- counting tries --------------------------------------------------------------------------


def test_tries_are_forgotten_after_a_minute() -> None:
    """The oldest of five leaves room after sixty seconds."""
    now = 0.0
    tries = Tries(lambda: now)
    for _ in range(TRIES_PER_MINUTE):
        tries.note("a")
        now += 10

    assert now == 50.0
    assert tries.wait_s("a") == 10.0
    assert tries.wait_s("b") == 0.0
    now = 60.0
    assert tries.wait_s("a") == 0.0


def test_all_addresses_of_a_network_are_one_caller() -> None:
    """An IPv6 caller changes his address as he likes: his network is counted."""
    tries = Tries(lambda: 0.0)
    for i in range(TRIES_PER_MINUTE):
        tries.note(f"2001:db8::{i}")

    assert tries.wait_s("2001:db8::ffff") > 0
    assert tries.wait_s("2001:db8:0:1::1") == 0
    assert tries.wait_s("::ffff:10.0.0.1") == 0


def test_callers_do_not_pile_up() -> None:
    """Who tried long ago is forgotten."""
    now = 0.0
    tries = Tries(lambda: now)
    for i in range(25_000):
        now = float(i)
        tries.note(f"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}")

    assert len(tries._tries) <= 10_000
