"""Pictures and films for cells: taken for what they are, kept while a cell shows them."""

from __future__ import annotations

import asyncio
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from agnez_server.api.uploads import KINDS
from agnez_server.keys import STORE
from agnez_server.store.backup import backup
from agnez_server.store.restore import restore
from agnez_server.values.blobnames import named_blob
from tests.server.running import RunningServer, running

SVG = b'<?xml version="1.0"?>\n<!-- made -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'
SHA = "a" * 64


def picture(format: str) -> bytes:
    """A small picture, as Pillow writes it."""
    file = io.BytesIO()
    Image.new("RGB", (3, 2)).save(file, format)
    return file.getvalue()


BODIES = {
    **{f"image/{name}": picture(name) for name in ("png", "jpeg", "gif", "webp")},
    "image/svg+xml": SVG,
    "video/mp4": b"\x00\x00\x00\x20ftypisom" + bytes(50),
    "video/webm": b"\x1a\x45\xdf\xa3" + bytes(50),
}


async def upload(server: RunningServer, body: bytes, mime: str = "image/png") -> tuple[int, Any]:
    """Status and answer of an upload."""
    data = io.BytesIO(body)
    return await server.call("POST", "/uploads", data=data, headers={"Content-Type": mime})


async def new_cell(server: RunningServer, value: str) -> str:
    """The id of a cell with this value."""
    status, record = await server.call("POST", "/values", json={"type": "img", "value": value})
    assert status == 201, record
    return str(record["_id"])


async def is_kept(server: RunningServer, sha256: str) -> bool:
    """Whether the blob is there after all that nothing names was collected."""
    await server.served.app[STORE].collect_blobs(0)
    return server.served.app[STORE].blob(sha256) is not None


# -- taking ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mime", BODIES)
async def test_an_upload_is_found_at_its_address(shared: RunningServer, mime: str) -> None:
    """Byte for byte and of its type."""
    body = BODIES[mime]

    status, answer = await upload(shared, body, mime)

    sha256 = hashlib.sha256(body).hexdigest()
    url = f"api/v1/blobs/{sha256}"
    assert (status, answer) == (
        201,
        {"url": url, "sha256": sha256, "mime": mime, "size": len(body)},
    )
    async with shared.http.get(f"{shared.base}/{url}") as found:
        assert (await found.read(), found.content_type) == (body, mime)
        assert "sandbox" in found.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("mime", "body"),
    [
        ("image/png", BODIES["image/gif"]),
        ("image/png", b""),
        ("image/png", b"<html><script>alert(1)</script></html>"),
        ("image/svg+xml", b"<html><svg></svg></html>"),
        ("image/svg+xml", b"<!-- <svg> --><html>"),
        ("image/svg+xml", BODIES["image/png"]),
        ("video/mp4", BODIES["video/webm"]),
        ("text/html", b"<svg></svg>"),
        ("application/octet-stream", BODIES["image/png"]),
        ("image/x-icon", BODIES["image/png"]),
        ("", BODIES["image/png"]),
    ],
)
async def test_what_is_no_picture_is_refused(shared: RunningServer, mime: str, body: bytes) -> None:
    """By its first bytes, and by its type: 400, and nothing of it is kept."""
    status, answer = await upload(shared, body, mime)

    assert (status, answer["error"]["field"]) == (400, "Content-Type")
    if body not in BODIES.values():
        assert shared.served.app[STORE].blob(hashlib.sha256(body).hexdigest()) is None


async def test_too_much_is_refused(start: Any) -> None:
    """One byte more than the limit is 413."""
    png = BODIES["image/png"]
    async with start(max_body_bytes=len(png)) as server:
        assert (await upload(server, png))[0] == 201
        assert (await upload(server, png + b"\0"))[0] == 413


async def test_an_upload_is_what_its_caller_says(server: RunningServer) -> None:
    """Also where somebody put the same bytes as something else before."""
    png = BODIES["image/png"]
    sha256 = hashlib.sha256(png).hexdigest()
    head = {"Content-Type": "application/octet-stream"}
    await server.call("PUT", f"/blobs/{sha256}", data=io.BytesIO(png), headers=head)

    _, answer = await upload(server, png)

    async with server.http.get(f"{server.base}/{answer['url']}") as found:
        assert found.content_type == "image/png"
    await new_cell(server, answer["url"])
    assert await is_kept(server, sha256)


async def test_uploading_needs_the_scope_write(locked: RunningServer) -> None:
    """Nobody else fills the disk."""
    assert (await upload(locked, BODIES["image/png"]))[0] == 401


@given(head=st.binary(max_size=5000))
def test_bytes_are_at_most_one_kind(head: bytes) -> None:
    """And no bytes are an error."""
    assert sum(fits(head) for fits in KINDS.values()) <= 1


# -- keeping ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prefix", ["", "/", "./", "http://gpu-box:3000/", "https://lab.example/agnez/", "/agnez/"]
)
async def test_a_cell_keeps_what_it_shows(server: RunningServer, prefix: str) -> None:
    """Whatever stands before the address; what nobody names goes."""
    _, shown = await upload(server, BODIES["image/png"])
    _, loose = await upload(server, BODIES["image/gif"], "image/gif")

    await new_cell(server, prefix + shown["url"])

    assert await is_kept(server, shown["sha256"])
    assert not await is_kept(server, loose["sha256"])


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {"value": "images/other.png"}),
        ("PUT", {"type": "img", "value": ""}),
        ("DELETE", None),
    ],
)
async def test_a_cell_lets_go_of_what_it_showed(
    server: RunningServer, method: str, body: Any
) -> None:
    """Patched away, replaced or removed: then it goes, unless another cell shows it."""
    _, answer = await upload(server, BODIES["image/png"])
    first, second = [await new_cell(server, answer["url"]) for _ in range(2)]

    await server.call(method, f"/values/{first}", json=body)
    assert await is_kept(server, answer["sha256"])
    await server.call(method, f"/values/{second}", json=body)
    assert not await is_kept(server, answer["sha256"])


async def test_a_patch_of_another_field_keeps_the_picture(server: RunningServer) -> None:
    """As does one with the same address."""
    _, answer = await upload(server, BODIES["image/png"])
    cell = await new_cell(server, answer["url"])

    await server.call("PATCH", f"/values/{cell}", json={"name": "new"})
    await server.call("PATCH", f"/values/{cell}", json={"value": f"/{answer['url']}"})

    assert await is_kept(server, answer["sha256"])


async def test_a_cell_may_come_before_its_picture(server: RunningServer) -> None:
    """An address of nothing is taken; the picture is kept when it comes, as long as the cell."""
    sha256 = hashlib.sha256(BODIES["image/png"]).hexdigest()
    cell = await new_cell(server, f"api/v1/blobs/{sha256}")
    other = await new_cell(server, f"api/v1/blobs/{'0' * 64}")
    await server.call("DELETE", f"/values/{other}")
    await server.served.app[STORE].collect_blobs(0)

    await upload(server, BODIES["image/png"])

    assert await is_kept(server, sha256)
    await server.call("DELETE", f"/values/{cell}")
    assert not await is_kept(server, sha256)


async def test_a_restart_forgets_no_name(start: Any) -> None:
    """What a cell shows is there after it; and goes with the cell."""
    async with start() as server:
        _, answer = await upload(server, BODIES["image/png"])
        cell = await new_cell(server, answer["url"])
    async with start() as server:
        assert await is_kept(server, answer["sha256"])
        await server.call("DELETE", f"/values/{cell}")
        assert not await is_kept(server, answer["sha256"])


async def test_a_backup_holds_what_cells_show(server: RunningServer, tmp_path: Path) -> None:
    """And that they name it: where it is brought back, no collection takes it."""
    _, answer = await upload(server, BODIES["image/png"])
    await new_cell(server, answer["url"])

    await asyncio.to_thread(backup, server.served.directory, tmp_path / "backup")
    await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "again")

    async with running(tmp_path / "again") as again:
        assert await is_kept(again, answer["sha256"])


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (f"api/v1/blobs/{SHA}", SHA),
        (f" http://[::1]:3000/x/api/v1/blobs/{SHA}?mime=image/png ", SHA),
        (f"/api/v1/blobs/{SHA}#t", SHA),
        (f"api/v1/blobs/{SHA}a", None),
        (f"api/v1/blobs/{SHA[1:]}", None),
        (f"api/v1/blobs/{SHA.upper()}", None),
        (f"xapi/v1/blobs/{SHA}", None),
        (f"{'x' * 3000}/api/v1/blobs/{SHA}", None),
        ([f"api/v1/blobs/{SHA}"], None),
        (None, None),
    ],
)
def test_which_values_name_a_blob(value: object, named: str | None) -> None:
    """Addresses as a whole; what only looks like one names nothing."""
    assert named_blob({"_id": "a", "value": value}) == named
    assert named_blob({"_id": "a"}) is None
