"""The folder of pictures below /images/: what is in it for a caller, and what is not."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from argon2 import PasswordHasher
from yarl import URL

from agnez_server.headers import SHOWN_POLICY
from tests.server.logins import PASSWORD
from tests.server.running import RunningServer
from tests.support.agnez_up import agnez_up

GIF = b"GIF89a" + bytes(range(200))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
Start = Callable[..., AbstractAsyncContextManager[RunningServer]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures, and what else may lie about."""
    folder = tmp_path / "pictures"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / ".git").mkdir()
    (tmp_path / "secret.gif").write_bytes(GIF)
    for name in (
        "main_img.gif", "a b.PNG", "deep/er/x.webp", ".hidden.gif", ".git/x.gif", "notes.txt",
        "page.html", "run.js", "no_ending",
    ):  # fmt: skip
        (folder / name).write_bytes(GIF)
    (folder / "drawn.svg").write_bytes(SVG)
    (folder / "out.gif").symlink_to(tmp_path / "secret.gif")
    (folder / "away").symlink_to(tmp_path)
    (folder / "again.gif").symlink_to("main_img.gif")
    (folder / "text.gif").symlink_to("notes.txt")
    (folder / "packed.svg").write_bytes(SVG)
    (folder / "packed.svg.gz").symlink_to(tmp_path / "secret.gif")
    os.mkfifo(folder / "pipe.gif")
    return folder


@pytest.fixture
async def pictures(start: Start, folder: Path) -> AsyncIterator[RunningServer]:
    """A server of that folder."""
    async with start(static=folder) as server:
        yield server


async def fetch(
    server: RunningServer, path: str, method: str = "GET", **given: Any
) -> tuple[int, bytes, aiohttp.ClientResponse]:
    """Status, body and answer of a path that is sent as it stands."""
    url = URL(f"{server.base}{path}", encoded=True)
    async with server.http.request(method, url, **given) as answer:
        return answer.status, await answer.read(), answer


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("main_img.gif", "image/gif"),
        ("a%20b.PNG", "image/png"),
        ("deep/er/x.webp", "image/webp"),
        ("again.gif", "image/gif"),
    ],
)
async def test_a_picture_comes_as_it_lies_there(
    pictures: RunningServer, path: str, type: str
) -> None:
    """With the type of its ending, which is not to be guessed, and asked for anew each time."""
    status, body, answer = await fetch(pictures, f"/images/{path}")

    assert (status, body, answer.content_type) == (200, GIF, type)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Security-Policy"] == SHOWN_POLICY


async def test_an_unchanged_picture_is_not_sent_again(
    pictures: RunningServer, folder: Path
) -> None:
    """By its tag or its time; a changed one is."""
    _, _, first = await fetch(pictures, "/images/main_img.gif")
    tag = {"If-None-Match": first.headers["ETag"]}
    since = {"If-Modified-Since": first.headers["Last-Modified"]}

    assert (await fetch(pictures, "/images/main_img.gif", headers=tag))[0] == 304
    assert (await fetch(pictures, "/images/main_img.gif", headers=since))[0] == 304
    (folder / "main_img.gif").write_bytes(b"another")
    assert (await fetch(pictures, "/images/main_img.gif", headers=tag))[:2] == (200, b"another")


async def test_a_part_of_a_film(pictures: RunningServer, folder: Path) -> None:
    """Players ask for ranges; HEAD tells the size."""
    (folder / "film.mp4").write_bytes(bytes(range(250)))

    status, body, answer = await fetch(
        pictures, "/images/film.mp4", headers={"Range": "bytes=10-19"}
    )

    assert (status, body, answer.content_type) == (206, bytes(range(10, 20)), "video/mp4")
    assert answer.headers["Content-Range"] == "bytes 10-19/250"
    status, body, answer = await fetch(pictures, "/images/film.mp4", "HEAD")
    assert (status, body, answer.headers["Content-Length"]) == (200, b"", "250")


@pytest.mark.parametrize(
    "path",
    [
        *("", "deep", "deep/", "deep//er/x.webp", "main_img.gif/", "none.gif", "n" * 2000 + ".gif"),
        *(".hidden.gif", ".git/x.gif", "notes.txt", "page.html", "run.js", "no_ending"),
        *("out.gif", "away/secret.gif", "text.gif", "pipe.gif", "packed.svg", "packed.svg.gz"),
        *("../secret.gif", "%2e%2e/secret.gif", "..%2fsecret.gif", "deep/../../secret.gif"),
        *("%2fetc/x.gif", "..%5csecret.gif", "main_img.gif%00.gif", "%00", "deep/%2e%2e/out.gif"),
        *("%ff.gif", "main_img.gif%0a", "./main_img.gif%2f.."),
    ],
)
async def test_nothing_else_is_there(pictures: RunningServer, path: str) -> None:
    """No listing, no hidden file, no other kind, no way out of the folder: 404, and no mistake."""
    status, body, _ = await fetch(pictures, f"/images/{path}")

    assert status == 404
    assert GIF not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_picture_is_only_read(pictures: RunningServer, folder: Path, method: str) -> None:
    """405, and it stays."""
    status, _, answer = await fetch(pictures, "/images/main_img.gif", method, data=b"x")

    assert (status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert (folder / "main_img.gif").read_bytes() == GIF


async def test_a_server_without_a_folder_has_no_pictures(server: RunningServer) -> None:
    """404 for each."""
    assert (await fetch(server, "/images/main_img.gif"))[0] == 404


async def test_pictures_need_a_login_where_one_is_asked_for(start: Start, folder: Path) -> None:
    """Whether there is such a picture is not told either."""
    data = folder.parent / "data"
    data.mkdir(mode=0o700)
    (data / "password").write_text(PasswordHasher(1, 8, 1).hash(PASSWORD))
    async with start(static=folder, login=True) as server:
        for name in ("main_img.gif", "none.gif"):
            assert (await fetch(server, f"/images/{name}"))[0] == 401
        await server.call("POST", "/session", json={"password": PASSWORD})
        assert (await fetch(server, "/images/main_img.gif"))[0] == 200


def test_a_folder_called_images_is_served_unless_told_otherwise(tmp_path: Path) -> None:
    """`agnez up` finds it where it is started, and says so; --static names another one."""
    for name in ("images", "others"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.gif").write_bytes(GIF)
    with agnez_up(tmp_path / "home", cwd=tmp_path) as server:
        assert requests.get(f"{server.url}/images/images.gif", timeout=30).content == GIF
        assert server.process.stdout is not None
        lines = [server.process.stdout.readline() for _ in range(2)]
        assert f"images {tmp_path / 'images'} at {server.url}/images/" in lines[1]
    with agnez_up(tmp_path / "home", "--static", "others", cwd=tmp_path) as server:
        assert requests.get(f"{server.url}/images/others.gif", timeout=30).content == GIF
        assert requests.get(f"{server.url}/images/images.gif", timeout=30).status_code == 404
