"""Cells of a server, as a program makes them and as a page shows them."""

from __future__ import annotations

from typing import Any

from playwright.async_api import FrameLocator, Locator, Page

from tests.browser.conftest import Site


async def call(site: Site, method: str, path: str = "", body: Any = None) -> Any:
    """The JSON answer of /values to a request."""
    async with site.http.request(method, f"{site.url}/values{path}", json=body) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json()


async def make(site: Site, name: str, pos: int | None = None, **fields: Any) -> str:
    """A cell of HTML unless *fields* say otherwise; its id."""
    body = {"name": name, "type": "html", "value": f"<p>in {name}</p>", "description": "", **fields}
    if pos is not None:
        body["pos"] = pos
    return (await call(site, "POST", "", body))["_id"]


async def patch(site: Site, id: str, **fields: Any) -> None:
    """Change *fields* of a cell."""
    await call(site, "PATCH", f"/{id}", fields)


def card(page: Page, id: str) -> Locator:
    """The card of a cell."""
    return page.locator(f'[data-cell="{id}"]')


def content(page: Page, id: str) -> FrameLocator:
    """The document in a cell of HTML; not the one that is drawn behind it, for later."""
    return card(page, id).frame_locator("iframe:not([aria-hidden])")


async def names(page: Page) -> list[str]:
    """The titles of the cells, in the order in which they are read."""
    return await page.locator(".cell-slot h3").all_inner_texts()


async def wait_for_names(page: Page, *wanted: str) -> None:
    """Until the cells are these, in this order."""
    await page.wait_for_function(
        """wanted => JSON.stringify([...document.querySelectorAll(".cell-slot h3")]
            .map((title) => title.textContent)) === JSON.stringify(wanted)""",
        arg=list(wanted),
    )


async def corners(page: Page) -> list[tuple[int, int]]:
    """Where each card lies: left and top, in whole pixels."""
    boxes = await page.locator(".cell-slot").evaluate_all(
        "slots => slots.map((slot) => slot.getBoundingClientRect()).map((b) => [b.left, b.top])"
    )
    return [(round(left), round(top)) for left, top in boxes]
