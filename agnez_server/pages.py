"""The pages, their scripts and styles, and Bokeh's own script: all from this machine."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from aiohttp import web

from agnez_dashboards import (
    BOKEH_SCRIPTS,
    PagesNotBuiltError,
    bokeh_js,
    bokeh_js_gzip,
    page_html,
    static_dir,
)
from agnez_server.drawing import figures_loading
from agnez_server.errors import NotFound
from agnez_server.headers import FRAME_POLICY, PICTURE_POLICY
from agnez_server.keys import SETTINGS
from agnez_server.middleware import SCOPE

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_UNHASHED: Final = "no-cache"
_FOR_FRAMES: Final = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""Files are the same for everybody, and the frame, which has no origin, needs them too."""
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def add_pages(app: web.Application, base_path: str) -> None:
    """
    Route the pages and ``/static/``.

    Raises:
        PagesNotBuiltError: In a checkout whose front end was not built.
    """
    if not static_dir().is_dir():
        raise PagesNotBuiltError(static_dir())
    app.router.add_get(f"{base_path}/", _page("index"))
    app.router.add_get(f"{base_path}/runs/{{run}}", _page("run"))
    app.router.add_get(f"{base_path}/login", _page("login"))
    app.router.add_get(f"{base_path}/frame", _inner_page("frame", FRAME_POLICY))
    app.router.add_get(f"{base_path}/pictureframe", _inner_page("pictureframe", PICTURE_POLICY))
    for name in BOKEH_SCRIPTS:
        app.router.add_get(f"{base_path}/static/{name}.min.js", _bokeh_script(name))
    app.router.add_get(f"{base_path}/static/{{name}}", get_file)
    if base_path:
        app.router.add_get(base_path, _to_index)


def _page(name: str):  # type: ignore[no-untyped-def]
    async def get_page(request: web.Request) -> web.Response:
        if request.get(SCOPE) is None and name != "login":
            base = request.app[SETTINGS].base_path
            # Relative, and `next` without the base: a proxy may have taken a part of the path away.
            up = "../" if name == "run" else ""
            here = quote(request.path_qs.removeprefix(base))
            raise web.HTTPSeeOther(f"{up}login?next={here}")
        if name != "login":
            figures_loading(request.app)
        return web.Response(text=page_html(name), content_type="text/html")

    return get_page


def _inner_page(name: str, policy: str):  # type: ignore[no-untyped-def]
    async def get_page(request: web.Request) -> web.Response:
        """An empty page without an origin, in which a page shows what was sent."""
        headers = {
            "Content-Security-Policy": policy,
            # Named by the hash of its script, it never changes; without one it is asked for anew.
            "Cache-Control": _FOR_EVER if request.query_string else _UNHASHED,
            "X-DNS-Prefetch-Control": "off",
        }
        return web.Response(text=page_html(name), content_type="text/html", headers=headers)

    return get_page


async def _to_index(request: web.Request) -> web.Response:
    raise web.HTTPMovedPermanently(f"{request.app[SETTINGS].base_path}/")


async def get_file(request: web.Request) -> web.StreamResponse:
    """
    A file of the pages: by its plain name, all of them lie in one folder. A name with a hash in it
    never changes its content.
    """
    name = request.match_info["name"]
    path = static_dir() / name
    if not _PLAIN_NAME.fullmatch(name) or not path.is_file():
        raise NotFound("file", name)
    cache = _FOR_EVER if "-" in name else _UNHASHED
    return web.FileResponse(path, headers={**_FOR_FRAMES, "Cache-Control": cache})


def _bokeh_script(name: str):  # type: ignore[no-untyped-def]
    async def get_script(request: web.Request) -> web.StreamResponse:
        """A script of Bokeh as it lies in the installed package."""
        headers = {**_FOR_FRAMES, "Cache-Control": _FOR_EVER if request.query_string else _UNHASHED}
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.FileResponse(bokeh_js(name), headers=headers)
        return web.Response(
            body=bokeh_js_gzip(name),
            content_type="text/javascript",
            charset="utf-8",
            headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding", **headers},
        )

    return get_script
