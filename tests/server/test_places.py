"""Host and Origin, CORS, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
import socketio

from agnez_server.authfiles import AuthFiles
from agnez_server.settings import ServerSettings
from tests.server.running import RunningServer
from tests.server.sockets import raw_socket

Start = Callable[..., AbstractAsyncContextManager[RunningServer]]
FRIEND = "https://lab.example:8443"


async def with_host(server: RunningServer, host: str, method: str = "GET") -> tuple[int, Any]:
    """Status and JSON of a request that names *host*."""
    return await server.call(method, "/health", headers={"Host": host})


# -- Host ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:3000", "LocalHost", "127.0.0.1:1", "[::1]:3000", "10.0.0.1"]
)
async def test_our_own_names_are_answered(server: RunningServer, host: str) -> None:
    """localhost, the machine's name and every address are hosts of this server."""
    assert (await with_host(server, host))[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.nip.io",
             "xn--lcalhost-m4a", "0x7f.1"]
)  # fmt: skip
async def test_a_rebound_name_is_refused(server: RunningServer, host: str) -> None:
    """A foreign name that was made to point here still says its own name."""
    status, answer = await with_host(server, host)

    assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert "--allowed-host" in answer["error"]["hint"]


@pytest.mark.parametrize(
    "host", ["", " ", "[::1", "]", "a@b", "localhost:port", "localhost/x", "localhost:99999999",
             "[evil]", "localhost, evil.example", "http://localhost"]
)  # fmt: skip
async def test_a_malformed_host_is_refused(server: RunningServer, host: str) -> None:
    """400 or 403, in JSON, never a crash."""
    status, answer = await with_host(server, host)

    assert status in (400, 403)
    assert answer["error"]["message"]


async def test_another_name_can_be_allowed(start: Start) -> None:
    """--allowed-host names it."""
    async with start(allowed_hosts=("Lab.Example",)) as server:
        assert (await with_host(server, "lab.example:80"))[0] == 200
        assert (await with_host(server, "other.example"))[0] == 403


# -- Origin ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "", "http://[::1", "x",
               "http://127.0.0.1.evil.example", "file://"]
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "OPTIONS"])
async def test_another_site_can_t_write(server: RunningServer, origin: str, method: str) -> None:
    """A request that could change something is refused by its Origin, before anything is done."""
    id = await server.new_run()

    status, error = await server.refused(
        method, f"/runs/{id}", headers={"Origin": origin}, json={"name": "stolen"}
    )

    assert (status, error["code"]) == (403, "forbidden")
    assert (await server.get(f"/runs/{id}"))["name"] != "stolen"


async def test_a_simple_cross_site_post_is_refused(server: RunningServer) -> None:
    """A form's POST needs no preflight: the Origin gives it away."""
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}

    status, _ = await server.refused(
        "POST", "/points", headers=headers, data='{"run": "r", "channel": "c", "y": 1}'
    )

    assert status == 403
    assert (await server.get("/runs"))["total"] == 0


async def test_another_site_can_t_read(server: RunningServer) -> None:
    """A GET is answered, and no header lets the other page see the answer."""
    url, headers = f"{server.api}/runs", {"Origin": "https://evil.example"}

    async with server.http.get(url, headers=headers) as answer:
        assert answer.status == 200
        assert not [h for h in answer.headers if h.lower().startswith("access-control")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_our_own_pages_write(server: RunningServer) -> None:
    """The page's own Origin is that of the Host."""
    status, _ = await server.call("POST", "/runs", json={}, headers={"Origin": server.root})

    assert status == 201


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_another_site_can_t_watch(server: RunningServer, transport: str) -> None:
    """Browsers open sockets to any site: the Origin is looked at."""
    with pytest.raises(socketio.exceptions.ConnectionError):
        await server.viewer(transport=transport, headers={"Origin": "https://evil.example"})
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await raw_socket(server, origin="null")

    assert refused.value.status == 403
    assert await (await server.viewer(headers={"Origin": server.root})).ask("watch_runs")


# -- CORS ------------------------------------------------------------------------------------


async def test_a_named_origin_is_let_in(start: Start) -> None:
    """It may read and write, with its answers marked as its own; errors too."""
    async with start(cors_origins=(FRIEND,)) as server:
        for method, path, status in (("GET", "/runs", 200), ("POST", "/runs", 201),
                                     ("GET", "/nope", 404), ("PUT", "/runs", 405)):  # fmt: skip
            async with server.http.request(
                method, server.api + path, headers={"Origin": FRIEND}, json={}
            ) as answer:
                assert answer.status == status
                assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
                assert answer.headers["Access-Control-Allow-Credentials"] == "true"
                assert "Origin" in answer.headers["Vary"]
        assert await (await server.viewer(headers={"Origin": FRIEND})).ask("watch_runs")


async def test_a_preflight_is_answered(start: Start) -> None:
    """A browser asks before it writes; it shows no token and needs none."""
    headers = {"Origin": FRIEND, "Access-Control-Request-Method": "PATCH",
               "Access-Control-Request-Headers": "authorization,content-type"}  # fmt: skip
    async with (
        start(cors_origins=(FRIEND,)) as server,
        server.http.options(f"{server.api}/runs/x", headers=headers) as answer,
    ):
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
        assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin", ["https://lab.example", "http://lab.example:8443", "https://lab.example:8443.evil",
               "https://xlab.example:8443", "https://lab.example:8443/", "HTTPS://lab.example:8443"]
)  # fmt: skip
async def test_a_similar_origin_is_another(start: Start, origin: str) -> None:
    """Origins are compared whole."""
    async with start(cors_origins=(FRIEND,)) as server:
        assert (await server.refused("POST", "/runs", json={}, headers={"Origin": origin}))[
            0
        ] == 403


@pytest.mark.parametrize(
    "origin", ["*", "lab.example", "https://lab.example/", "https://", "null",
               "ftp://lab.example", "https://lab.example:8443/path"]
)  # fmt: skip
def test_an_origin_that_could_never_match_is_refused(origin: str) -> None:
    """A setting that would do nothing, or too much, is an error at the start."""
    with pytest.raises(ValueError, match="CORS origin"):
        ServerSettings(cors_origins=(origin,))


# -- headers ---------------------------------------------------------------------------------

ANSWERS = [
    ("GET", "/", "pages"), ("GET", "/runs/x", "pages"), ("GET", "/login", "pages"),
    ("GET", "/static/bokeh.min.js", "files"), ("GET", "/static/licences.txt", "files"),
    ("GET", "/static/nope.js", "errors"), ("GET", "/api/v1/runs", "JSON"),
    ("GET", "/api/v1/nope", "errors"), ("PUT", "/api/v1/runs", "errors"),
    ("GET", "/api/v1/runs?limit=x", "errors"), ("DELETE", "/api/v1/session", "empty"),
    ("GET", "/socket.io/?EIO=9", "errors"), ("GET", "/socket.io/?EIO=4&transport=polling", "poll"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "kind"), ANSWERS, ids=lambda v: str(v))
async def test_every_answer_has_the_safe_headers(
    server: RunningServer, method: str, path: str, kind: str
) -> None:
    """Pages, files, JSON, errors and polls alike."""
    async with server.http.request(method, server.root + path) as answer:
        headers, page = answer.headers, answer.content_type == "text/html"

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    # Files are the same for everybody; the sandboxed frame, which has no origin, loads them too.
    wanted = "cross-origin" if kind == "files" else "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == wanted
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Server"] == "agnez"
    assert page is (kind == "pages")
    if kind not in ("files",):
        assert headers["Cache-Control"] == "no-store"


async def test_a_page_may_load_only_what_is_ours(server: RunningServer) -> None:
    """No script, style, font or connection of another host; no inline script; no foreign frame."""
    async with server.http.get(server.root + "/") as answer:
        policy = dict(
            part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
        )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["font-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'self'"
    assert "unsafe-eval" not in str(policy)


async def test_the_frame_has_no_origin(server: RunningServer) -> None:
    """Scripts of a run run in it, without our cookies, and can ask nobody for anything."""
    async with server.http.get(server.root + "/frame") as answer:
        policy = dict(
            part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
        )

    assert policy["sandbox"] == "allow-scripts"
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert "connect-src" not in policy
    assert policy["frame-ancestors"] == "'self'"


async def test_what_never_changes_is_kept_by_browsers(server: RunningServer) -> None:
    """Files with a hash in their name stay; pages and API answers do not."""
    async with server.http.get(server.root + "/") as answer:
        html = await answer.text()
    script = next(
        part for part in html.split('"') if "/static/run" in part or "/static/app" in part
    )
    async with server.http.get(f"{server.root}/{script}") as answer:
        assert "immutable" in answer.headers["Cache-Control"]


# -- base path -------------------------------------------------------------------------------


BELOW = [("/lab/agnez/", 200), ("/lab/agnez/runs/x", 200), ("/", 404), ("/api/v1/runs", 404),
         ("/lab/agnez/static/bokeh.min.js", 200), ("/static/bokeh.min.js", 404),
         ("/socket.io/?EIO=4", 404)]  # fmt: skip


async def test_everything_lies_below_the_base_path(start: Start) -> None:
    """API, pages, files and sockets answer below it, and only there."""
    async with start(base_path="/lab/agnez") as server:
        assert server.served.url.endswith("/lab/agnez")
        assert (await server.get("/openapi.json"))["servers"] == [{"url": "/lab/agnez"}]
        for path, status in BELOW:
            async with server.http.get(server.root + path) as answer:
                assert (path, answer.status) == (path, status)
        async with server.http.get(server.root + "/lab/agnez", allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/lab/agnez/"
        assert await (await server.viewer()).ask("watch_runs") == {"ok": True}


async def test_pages_send_strangers_to_the_login(start: Start, tmp_path: Any) -> None:
    """Without a session a page leads to the login and back; its query stays whole."""
    AuthFiles(tmp_path / "data").add_token("t", "admin")
    async with start(login=True, base_path="/a") as server:
        for path, location in (
            ("/a/", "login?next=/"),
            ("/a/runs/x?tab=1&b=2", "../login?next=/runs/x?tab%3D1%26b%3D2"),
        ):
            async with server.http.get(server.root + path, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, location)
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("forwarded", "status"), [("agnez.test", 201), ("other.test", 403), (None, 403), ("", 403)]
)
async def test_a_page_behind_a_proxy_is_our_own(
    start: Start, forwarded: str | None, status: int
) -> None:
    """A proxy that names itself in Host says in X-Forwarded-Host what the browser asked for."""
    headers = {"Origin": "https://agnez.test"}
    if forwarded is not None:
        headers["X-Forwarded-Host"] = forwarded
    async with (
        start() as server,
        server.http.post(f"{server.api}/runs", json={}, headers=headers) as answer,
    ):
        assert answer.status == status
