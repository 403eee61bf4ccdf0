"""Who gets in: tokens and their scopes, other addresses, sockets, damaged files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import socketio
from yarl import URL

from agnez_server.auth import COOKIE
from agnez_server.authfiles import AuthFileDamaged, AuthFiles, Scope
from agnez_server.keys import HUB
from agnez_server.serve import NoLoginSet
from agnez_server.settings import ServerSettings
from tests.server.logins import PASSWORD, bearer, log_in
from tests.server.running import RunningServer
from tests.server.spools import Spool

Start = Callable[..., AbstractAsyncContextManager[RunningServer]]


async def test_loopback_is_open(server: RunningServer) -> None:
    """On loopback every caller may do everything, whatever token he shows."""
    session = await server.get("/session")

    assert session == {"login": False, "authenticated": True, "scope": "admin"}
    assert (await server.call("GET", "/runs", headers=bearer("agnez_wrong")))[0] == 200


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
    secrets = {s: files.add_token(s, s)[1] for s in ("read", "write", "admin")}
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


async def test_a_viewer_needs_a_login(locked: RunningServer) -> None:
    """A socket without, or with a wrong token is refused."""
    for token in (None, "agnez_wrong", ""):
        with pytest.raises(socketio.exceptions.ConnectionError, match="live"):
            await locked.viewer(token=token)


async def test_a_viewer_shows_a_token_or_a_cookie(locked: RunningServer, files: AuthFiles) -> None:
    """The token goes with the connection or in its header; a browser sends its cookie."""
    _, secret = files.add_token("t", "read")
    await log_in(locked)
    cookies = locked.http.cookie_jar.filter_cookies(URL(locked.root))
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
