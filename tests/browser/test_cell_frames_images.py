"""Pictures of cells: of this server, of others, in their address; as they are now."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Page

from agnez_client.protocol import new_ulid
from agnez_server.serve import serving
from agnez_server.settings import ServerSettings
from tests.browser.cells import card, make, patch
from tests.browser.conftest import Site, visiting
from tests.browser.recorder import recording


def picture(width: int, height: int, color: str = "red", format: str = "png") -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), color).save(file, format)
    return file.getvalue()


def data_url(body: bytes, mime: str = "image/png") -> str:
    """*body* as an address."""
    return f"data:{mime};base64,{base64.b64encode(body).decode()}"


@dataclass
class Gallery:
    """A site with a folder of pictures."""

    site: Site
    folder: Path


@pytest.fixture
async def gallery(browser: Browser, tmp_path: Path) -> AsyncIterator[Gallery]:
    """Below a path, as behind a proxy."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    settings = ServerSettings(port=0, data=tmp_path / "data", static=folder, base_path="/agnez")
    async with serving(settings) as served, visiting(browser, served.url) as site:
        yield Gallery(site, folder)


async def size_is(page: Page, id: str, width: int) -> None:
    """Wait until the picture of a cell is *width* pixels wide by itself."""
    await page.wait_for_function(
        """([id, width]) => {
            const image = document.querySelector(`[data-cell="${id}"] .cell-image img`);
            return image && image.complete && image.naturalWidth === width;
        }""",
        arg=[id, width],
    )


async def test_addresses_lead_to_the_same_picture_on_every_page(gallery: Gallery) -> None:
    """Relative ones lie below the top of the site, on a run's page too, and below a path."""
    site, run = gallery.site, (await gallery.site.post("/runs", {"id": new_ulid()}))["id"]
    (gallery.folder / "a b.png").write_bytes(picture(64, 48))
    host = site.url.removesuffix("/agnez").replace("localhost", "127.0.0.1")
    ids = [
        await make(site, address, type="img", value=address, run=run)
        for address in (
            "./images/a b.png", "images/a%20b.png", "/images/a b.png", "/agnez/images/a b.png",
            f"{site.url}/images/a%20b.png", f"{host}/agnez/images/a%20b.png",
            data_url(picture(64, 48)),
        )
    ]  # fmt: skip

    for path in ("/", f"/runs/{run}#cells"):
        page = await site.page()
        await page.set_viewport_size({"width": 1280, "height": 3000})
        await page.goto(site.url + path)
        for id in ids:
            await size_is(page, id, 64)


async def test_a_patch_shows_what_lies_there_now(gallery: Gallery) -> None:
    """At the same address: another file, and the old picture until it is there."""
    (gallery.folder / "a.gif").write_bytes(picture(100, 50, format="gif"))
    id = await make(gallery.site, "a", type="img", value="images/a.gif")
    page = await gallery.site.open("/")
    await size_is(page, id, 100)

    (gallery.folder / "a.gif").write_bytes(picture(200, 50, format="gif"))
    await patch(gallery.site, id, value="images/a.gif", description="step 2")

    await size_is(page, id, 200)


async def test_a_film_goes_on_when_it_is_patched_with_itself(gallery: Gallery) -> None:
    """What lies there is the same: a moving picture does not begin anew."""
    (gallery.folder / "a.gif").write_bytes(picture(100, 50, format="gif"))
    id = await make(gallery.site, "a", type="img", value="images/a.gif")
    page = await gallery.site.open("/")
    await size_is(page, id, 100)
    await page.evaluate("() => { document.querySelector('.cell-image img').mine = true; }")

    await patch(gallery.site, id, value="images/a.gif", description="step 2")
    await card(page, id).get_by_text("step 2").wait_for()
    await page.wait_for_function("id => window.agnez.cells[id].shown === 2", arg=id)

    assert await page.evaluate("() => document.querySelector('.cell-image img').mine") is True


async def test_small_pictures_are_enlarged_with_hard_pixels(site: Site) -> None:
    """A digit of 28 pixels can be seen; a large picture is at most as wide as its card."""
    small = await make(site, "small", type="img", value=data_url(picture(28, 28)))
    large = await make(site, "large", type="img", value=data_url(picture(4000, 1000)))
    page = await site.open("/")
    await size_is(page, small, 28)
    await size_is(page, large, 4000)

    image = card(page, small).locator("img")
    assert await image.evaluate("i => [i.clientWidth, i.clientHeight]") == [252, 252]
    assert await image.evaluate("i => getComputedStyle(i).imageRendering") == "pixelated"
    width, height = (
        await card(page, large).locator("img").evaluate("i => [i.clientWidth, i.clientHeight]")
    )
    assert width < 1280
    assert abs(height - width / 4) <= 1


@pytest.mark.parametrize(
    ("size", "drawn"),
    [((150, 100), (450, 300)), ((150, 400), (180, 480)), ((400, 300), (640, 480))],
)
async def test_pictures_grow_where_there_is_room(
    site: Site, size: tuple[int, int], drawn: tuple[int, int]
) -> None:
    """At most three times as large, 720 pixels wide and 480 high; smooth."""
    id = await make(site, "alone", type="img", value=data_url(picture(*size)))
    page = await site.open("/")
    await size_is(page, id, size[0])

    image = card(page, id).locator("img")
    assert await image.evaluate("i => [i.clientWidth, i.clientHeight]") == [*drawn]
    assert await image.evaluate("i => getComputedStyle(i).imageRendering") == "auto"


async def test_a_broken_picture_says_so(gallery: Gallery) -> None:
    """With its address; when there is one, the next patch shows it."""
    gallery.site.forgiven = ("404",)
    (gallery.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    site = gallery.site
    missing = await make(site, "missing", type="img", value="images/none.png")
    broken = await make(site, "broken", type="img", value="images/broken.png")
    other = await make(site, "other", type="img", value="api/v1/version")
    page = await site.open("/")

    await card(page, missing).get_by_text("nothing lies at images/none.png").wait_for()
    await card(page, broken).get_by_text("images/broken.png could not be read").wait_for()
    await card(page, other).get_by_text("application/json").wait_for()
    (gallery.folder / "none.png").write_bytes(picture(64, 48))
    await patch(site, missing, value="images/none.png")

    await size_is(page, missing, 64)


async def test_a_picture_of_another_server_is_asked_for_each_time(site: Site) -> None:
    """By its address as it is, signed or not; without saying who asks; in a frame of its size."""
    site.forgiven = ("ERR_FAILED", "500")
    async with recording() as other:
        other.body = picture(300, 100)
        url = f"http://{other.host}/a.png?signature=a%2Fb&x=1"
        id = await make(site, "foreign", type="img", value=url)
        page = await site.open("/")
        frame = card(page, id).locator("iframe.picture-frame:not(.picture-next)")
        await frame.wait_for()
        box = await frame.bounding_box()

        await patch(site, id, value=url, description="again")
        await page.wait_for_function("id => window.agnez.cells[id].shown === 2", arg=id)

    asked = [line for line in other.arrived if line.startswith("GET")]
    assert [line.split()[1] for line in asked] == ["/a.png?signature=a%2Fb&x=1"] * 2
    assert all("referer" not in line.lower() for line in asked)
    assert all("cookie" not in line.lower() for line in asked)
    assert box is not None
    assert (box["width"], box["height"]) == (720, 240)
    site.complaints.clear()  # it is what the cell is for: to ask another host


async def test_an_svg_is_only_a_picture(gallery: Gallery) -> None:
    """Its script does not run, wherever it lies."""
    svg = b"""<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48">
        <script>parent.pwned = 1; fetch("/agnez/values")</script><rect width="9" height="9"/>
        </svg>"""
    (gallery.folder / "a.svg").write_bytes(svg)
    site = gallery.site
    ids = [
        await make(site, "own", type="img", value="images/a.svg"),
        await make(site, "data", type="img", value=data_url(svg, "image/svg+xml")),
    ]
    page = await site.open("/")
    for id in ids:
        await size_is(page, id, 64)

    assert await page.evaluate("() => window.pwned") is None
