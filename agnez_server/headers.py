"""
Headers that every answer carries: pages, files, JSON, errors, sockets alike.

They are set when an answer is prepared, so none can be made that lacks them; a policy of its own
is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web

# Bokeh's shadow roots bring their style sheets inline; everything else is our own files.
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src-elem 'self' 'unsafe-inline'; "
    "style-src-attr 'none'; font-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' data:; frame-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
NOTHING_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
"""For what is no page: should a browser show it as one, it can do nothing."""
FRAME_POLICY: Final = (
    "sandbox allow-scripts; default-src 'none'; "
    "script-src 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "style-src 'unsafe-inline' data: blob:; img-src data: blob:; font-src data:; "
    "media-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""
For the page in which what was sent may run its own script: it has no origin, so no cookie, no
storage and nothing of the page around it, and it can ask no server for anything, this one included.
"""
PICTURE_POLICY: Final = (
    "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src http: https:; media-src http: https:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""For the page that shows one picture of another server; its script is ours alone."""

SHOWN_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; "
    "media-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""For a blob that a browser shows by itself: no script runs, nothing is fetched."""
PLAYED_POLICY: Final = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""For a blob of HTML: its own script runs, without an origin, and nothing is fetched."""

SAFE_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "agnez",
}
"""The last one says no more than it has to: not which versions of which libraries."""

_CHOSEN: Final = ("Cross-Origin-Resource-Policy", "Cache-Control", "Content-Security-Policy")
"""Of these, what an answer's handler chose stays."""


def _every(policy: str) -> dict[str, str]:
    """Headers of an answer with *policy*."""
    more = {"Cache-Control": "no-store", "Content-Security-Policy": policy}
    return {**SAFE_HEADERS, **more}


_OF_PAGES: Final = _every(CONTENT_POLICY)
_OF_OTHERS: Final = _every(NOTHING_POLICY)

ALLOWED_ORIGIN: Final = web.RequestKey("allowed_origin", str)
"""The request's Origin, where it is one that the settings name."""


def add_headers(app: web.Application) -> None:
    """Give every answer of *app* its headers."""
    app.on_response_prepare.append(_on_prepare)


async def _on_prepare(request: web.Request, answer: web.StreamResponse) -> None:
    is_page = answer.headers.get(hdrs.CONTENT_TYPE, "").startswith("text/html")
    chosen = [(name, answer.headers[name]) for name in _CHOSEN if name in answer.headers]
    answer.headers.update(_OF_PAGES if is_page else _OF_OTHERS)
    answer.headers.update(chosen)
    origin = request.get(ALLOWED_ORIGIN)
    if origin is not None:
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Credentials"] = "true"
        answer.headers["Access-Control-Expose-Headers"] = "Link, Retry-After"
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        answer.headers.add("Vary", "Origin")
