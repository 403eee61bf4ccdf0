"""Where the login's cookie is sent: the browser says where it sees this server."""

from __future__ import annotations

from pathlib import Path

import pytest

from agnez_server.authfiles import AuthFiles
from tests.server.test_places import Start


@pytest.mark.parametrize(
    ("path", "wanted"), [("/proxy/3000", "/proxy/3000"), ("/", "/"), (None, "/lab")]
)
async def test_the_cookie_stays_below_the_path_that_the_browser_sees(
    start: Start, tmp_path: Path, path: str | None, wanted: str
) -> None:
    """A shared host has neighbours below other paths, who must not get it."""
    AuthFiles(tmp_path / "data").set_password("right horse")
    given = {"password": "right horse", **({} if path is None else {"path": path})}
    async with (
        start(login=True, base_path="/lab") as server,
        server.http.post(f"{server.api}/session", json=given) as answer,
    ):
        assert answer.status == 200, await answer.text()
        assert f"Path={wanted};" in f"{answer.headers['Set-Cookie']};"


@pytest.mark.parametrize("path", ["x", "/a; Domain=evil.test", "/a\nb", "/" + "a" * 300, 3])
async def test_a_path_that_is_none_is_refused(start: Start, tmp_path: Path, path: object) -> None:
    """It becomes part of a header."""
    AuthFiles(tmp_path / "data").set_password("right horse")
    async with start(login=True) as server:
        given = {"password": "right horse", "path": path}
        async with server.http.post(f"{server.api}/session", json=given) as answer:
            assert answer.status == 400
            assert (await answer.json())["error"]["field"] == "path"
